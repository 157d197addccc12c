"""The highest rate at which service stays right, beside Asterisk's own ``Queue()``: same machine, run and callers.

Both sides take the same steps in turn, each on an Asterisk of its own, until one of them is no longer right; the other
goes on alone. Service is right when every caller of the steady part gets an operator, 99 of 100 within a second, no
caller is served by the fallback, and the calls connected keep up with those that come.

    python -m bench.load                    about 10 minutes
    python -m bench.load --rates 20,40,60 --steady 8

Needs root, Asterisk (``scripts/install-asterisk``), SIPp and iproute2.
"""

import argparse
import os
import signal
import sys
from typing import Final

from bench import machine
from bench.phase import OURS, THEIRS, Load, Result, Spoilt, run
from bench.service import ServiceError
from sim.lab.asterisk import LabError
from sim.lab.sipp import SippFailed

RATES: Final = (20, 30, 40, 50, 60, 70, 80, 90)
OPERATORS: Final = 200
TALK: Final = 2.0
KEEPS_UP: Final = 0.97
"""Part of the calls that came that must have been connected: those at the edges of the steady part may not be yet."""
WITHIN: Final = 1000.0
"""Milliseconds from the caller's ACK to the operator's INVITE, for 99 of 100."""


def p99(values: list[float]) -> float:
    return sorted(values)[min(len(values) - 1, int(0.99 * len(values)))]


def why_not_right(result: Result) -> str:
    """Empty: service was right."""
    if result.connected < KEEPS_UP * result.offered:
        return f"{result.connected} of {result.offered} calls were connected"
    if result.without_operator:
        return f"{result.without_operator} callers got no operator"
    late = p99(result.entry_to_invite)
    return f"99 of 100 waited up to {late:.0f} ms" if late > WITHIN else ""


def step(side: str, rate: int, steady: float) -> str:
    """One step of one side, as a row; the reason when it was not right."""
    load = Load(operators=OPERATORS, rate=rate, talk=TALK, warm_up=3.0, steady=steady)
    try:
        result = run(side, load, "rrmemory")
    except (Spoilt, SippFailed, ServiceError) as error:
        print(f"| {rate} | {side} | | | | {' '.join(str(error).split())[:120]} |", flush=True)
        return str(error)
    late, cpu = p99(result.entry_to_invite), result.asterisk_cpu + (result.engine_cpu or 0.0)
    why = why_not_right(result)
    words = f"| {rate} | {side} | {result.connected / result.seconds:.1f} | {late:.0f} | {cpu:.1f} | {why or 'right'} |"
    print(words, f"(others used {result.others:.1f} processors)", flush=True)
    return why


def highest(rates: list[int], steady: float) -> dict[str, int]:
    """The last rate of each side at which it was right, 0 = none."""
    best, left = dict.fromkeys((OURS, THEIRS), 0), [OURS, THEIRS]
    for rate in rates:
        for side in tuple(left):
            if step(side, rate, steady):
                left.remove(side)
            else:
                best[side] = rate
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--rates", default=",".join(map(str, RATES)), help="calls a second, rising")
    parser.add_argument("--steady", type=float, default=15.0, help="seconds of each step that count")
    parser.add_argument("--nice", type=int, default=0)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    os.nice(options.nice)
    print(f"load average {machine.load():.1f}; {OPERATORS} operators, calls of {TALK:g} s\n")
    print("| calls/s | side | connected/s | p99 ms | ms of CPU a call | |\n|---|---|---|---|---|---|")
    try:
        best = highest([int(rate) for rate in options.rates.split(",")], options.steady)
    except LabError as error:
        raise SystemExit(str(error)) from None
    print(f"\nhighest rate: {OURS} {best[OURS]}/s, {THEIRS} {best[THEIRS]}/s", end="")
    print(f", ratio {best[OURS] / best[THEIRS]:.2f}" if best[THEIRS] else "")


if __name__ == "__main__":
    main()
