"""The product beside Asterisk's own ``Queue()``: same machine, same run, same SIPp callers and operators.

Every phase starts an Asterisk of its own, so no side leaves anything behind for the other; the sides take turns
(acd, Queue(), acd, Queue(), ...), so that a slow quarter of an hour of the machine hits both.

    python -m bench.queue_vs_acd            about 15 minutes
    python -m bench.queue_vs_acd --quick    about 3 minutes

Needs root, Asterisk (``scripts/install-asterisk``), SIPp and iproute2.
"""

import argparse
import os
import platform
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from bench.phase import SIDES, Load, Result, Spoilt, run
from bench.report import Pair, line, show, summary
from bench.service import ServiceError
from sim.lab.asterisk import LabError, cache_folder
from sim.lab.sipp import SippFailed

IDLE: Final = tuple(
    Load(operators=operators, rate=rate, talk=talk, warm_up=3.0, steady=30.0 if rate == 5 else 15.0)
    for operators, talk in ((50, 0.4), (200, 2.0))
    for rate in (5, 20, 40)
)
"""Operators idle: even at 40 calls a second more than half of them are."""
OVERLOAD: Final = (Load(operators=50, rate=30, talk=2.0, warm_up=6.0, steady=20.0),)
"""Callers waiting: the operators can carry 22.7 calls a second, 30 come."""

QUICK_IDLE: Final = (
    Load(operators=50, rate=20, talk=0.4, warm_up=3.0, steady=10.0),
    Load(operators=200, rate=40, talk=2.0, warm_up=3.0, steady=10.0),
)
QUICK_OVERLOAD: Final = (Load(operators=50, rate=30, talk=2.0, warm_up=6.0, steady=12.0),)


def measure(loads: Sequence[Load], rounds: int, strategy: str, sides: Sequence[str]) -> tuple[list[Pair], list[str]]:
    """Run every load on both sides in turn, ``rounds`` times over. A spoilt phase is run once more, and named."""
    results: dict[tuple[Load, str], list[Result]] = {}
    spoilt: list[str] = []
    phases = [(load, side) for _ in range(rounds) for load in loads for side in sides]
    for count, (load, side) in enumerate(phases, 1):
        try:
            result = run(side, load, strategy)
        except (Spoilt, SippFailed, ServiceError) as error:
            spoilt.append(f"{side}, {load.operators} operators, {load.rate} calls/s: {error}")
            result = run(side, load, strategy)
        results.setdefault((load, side), []).append(result)
        print(f"[{count}/{len(phases)}] {line(result)}", file=sys.stderr)
    return [(load, {side: summary(results[load, side]) for side in sides}) for load in loads], spoilt


def surroundings(options: argparse.Namespace) -> dict[str, Any]:
    """Where and how it was measured."""
    rows = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((row.partition(": ")[2] for row in rows if row.startswith("model name")), "?")
    return {
        "at": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "asterisk": (cache_folder() / "asterisk-22/.complete").read_text().strip(),
        "python": platform.python_version(),
        "cpu": f"{os.cpu_count()} x {model}",
        "strategy": options.strategy,
        "rounds": options.rounds,
        "nice": options.nice,
    }


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--quick", action="store_true", help="three loads, one short round")
    parser.add_argument("--part", choices=("idle", "overload", "all"), default="all")
    parser.add_argument("--side", choices=SIDES, action="append", help="one side alone, to look into it")
    parser.add_argument("--rounds", type=int, help="how often each side has its turn (2; quick: 1)")
    parser.add_argument("--strategy", default="rrmemory", help="of Queue(): rrmemory (the quickest), leastrecent, ...")
    parser.add_argument("--nice", type=int, default=0, help="priority of both sides against the rest of the machine")
    parser.add_argument("--json", type=Path, default=Path("var/bench/queue_vs_acd.json"), help="where figures go")
    options = parser.parse_args()
    options.rounds = options.rounds or (1 if options.quick else 2)
    return options


def main() -> None:
    options = arguments()
    # Whoever ends us early must not leave Asterisk and SIPp behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    os.nice(options.nice)
    idle, overload = (QUICK_IDLE, QUICK_OVERLOAD) if options.quick else (IDLE, OVERLOAD)
    loads = {"idle": idle, "overload": overload, "all": idle + overload}[options.part]
    try:
        pairs, spoilt = measure(loads, options.rounds, options.strategy, options.side or SIDES)
    except LabError as error:
        raise SystemExit(str(error)) from None
    about = surroundings(options)
    print("\n".join(f"{key}: {value}" for key, value in about.items()), show(pairs), sep="\n\n")
    for note in spoilt:
        print(f"run again: {note}")
    figures = [{"load": load, "limit": load.limit, "sides": sides} for load, sides in pairs]
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_bytes(
        msgspec.json.format(msgspec.json.encode({"about": about, "spoilt": spoilt, "figures": figures})) + b"\n"
    )


if __name__ == "__main__":
    main()
