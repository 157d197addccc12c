"""What the ledger costs beside the engine: calls at a steady rate written down as they happen; a ledger folded anew.

    python -m bench.ledger sqlite:////tmp/ledger.db
    python -m bench.ledger postgresql://acd@127.0.0.1/ledger
    python -m bench.ledger sqlite:////tmp/month.db --rebuild 27000

Of an empty database. The events are those of answered calls, as the engine tells them: 7 steps and 13 events a call.
The share is of one processor, of this process; what a PostgreSQL server works comes on top of it.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from acd.model import events as ev
from acd.model.events import Event, Why
from acd.model.ids import CallId, LineId, OfferId, OperatorId
from acd.model.operator import OperatorState
from acd.model.outcome import Outcome
from acd.records import Ledger, rebuild, upgrade
from acd.records.database import connect
from acd.records.entries import seal
from acd.records.writing import Batch, store

YEAR: Final = 325_600
"""Calls of Groningen's 14 050 in a year."""
OPERATORS: Final = 6000
"""Who take 20 calls/s of 240 s."""
LINES: Final = 12
_STORED: Final = 200
"""Entries of one transaction when a ledger is filled: as many as the engine's own at most."""
_WHY: Final = Why("longest_waiting", 20.0, 20.0, 3, 0.5, 0.5, "longest_idle", 1, 3, 90.0, 2)
_S = OperatorState


def story(n: int, at: float) -> list[list[Event]]:
    """One call from its arrival to the operator's next; the steps of the engine."""
    call, line = CallId(f"{int(at)}.{n}"), LineId(f"line{n % LINES:02}")
    who, offer = OperatorId(f"operator{n % OPERATORS:02}"), OfferId(n + 1)

    def turn(when: float, before: OperatorState, state: OperatorState) -> Event:
        return ev.OperatorChanged(when, who, before, state, None, "engine", line)

    entered, rang, up, over = at + 12, at + 33, at + 38, at + 238
    return [
        [ev.CallStarted(at, call, "14050", f"+3250{n:07}", at)],
        [ev.CallEnteredLine(entered, call, line, entered, "nl", "welkom>taal")],
        [ev.CallOffered(rang - 1, call, line, who, offer, _WHY), turn(rang - 1, _S.AVAILABLE, _S.RESERVED)],
        [ev.OperatorRang(rang, call, who, offer), turn(rang, _S.RESERVED, _S.RINGING)],
        [
            ev.CallAnswered(up, call, line, who, up, up - entered),
            ev.OutcomeCounted(up, call, line, Outcome.ANSWERED, up - entered),
            turn(up, _S.RINGING, _S.IN_CALL),
        ],
        [
            ev.TalkFinished(over, call, who, over),
            turn(over, _S.IN_CALL, _S.WRAP_UP),
            ev.CallEnded(over, call, over),
        ],
        [turn(over + 30, _S.WRAP_UP, _S.AVAILABLE)],
    ]


def steps(calls: int, rate: float, begin: float) -> Iterator[tuple[float, list[Event]]]:
    """The steps of so many calls, with their moments, in order."""
    found = [(step[0].at, n, step) for n in range(calls) for step in story(n, begin + n / rate)]
    for at, _, step in sorted(found, key=lambda item: item[:2]):
        yield at, step


async def write(url: str, rate: float, seconds: float) -> None:
    """Steps at the rate of a day's full stream, one after the other on the clock, as the engine hands them over."""
    whole = list(steps(int(rate * (seconds + 300)), rate, 0.0))
    steady = [step for at, step in whole if 270 <= at < 270 + seconds]
    events = sum(map(len, steady))
    with tempfile.TemporaryDirectory() as folder:
        async with Ledger(url, Path(folder) / "spill", key=b"bench") as ledger:
            begin, busy = time.monotonic(), time.process_time()
            for nth, step in enumerate(steady):
                due = begin + seconds * nth / len(steady)
                if (wait := due - time.monotonic()) > 0:
                    await asyncio.sleep(wait)
                ledger.write(step)
            await ledger.caught_up()
            took, spent = time.monotonic() - begin, time.process_time() - busy
    print(
        f"{rate:g} calls/s: {events} events in {took:.1f} s, {events / took:.0f}/s; {spent:.1f} s of this process, "
        f"{spent / took:.1%} of one processor, {1e6 * spent / events:.0f} us an event",
        flush=True,
    )


async def fold(url: str, calls: int) -> None:
    """A ledger of so many calls, at 1,300 a day, and all its projections made anew."""
    engine, position = connect(url), 0
    entries = [seal(event) for _, step in steps(calls, 1300 / 32_400, 1.8e9) for event in step]
    began, busy = time.monotonic(), time.process_time()
    try:
        for start in range(0, len(entries), _STORED):
            part = entries[start : start + _STORED]
            position += len(part)
            await store(engine, Batch("bench", position, part))
    finally:
        await engine.dispose()
    print(f"{time.monotonic() - began:.1f} s ({time.process_time() - busy:.1f} of this process) to write {position}")
    began, busy = time.monotonic(), time.process_time()
    count = await rebuild(url)
    took, spent = time.monotonic() - began, time.process_time() - busy
    year = YEAR / calls / 60
    print(
        f"{calls} calls, {count} events made anew in {took:.1f} s ({spent:.1f} of this process), {count / took:.0f}/s; "
        f"at that rate a year's {YEAR} in {took * year:.1f} minutes ({spent * year:.1f} of this process)"
    )


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", help="of an empty database")
    parser.add_argument("--rate", type=float, default=20.0, help="calls a second")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--rebuild", type=int, default=0, metavar="CALLS", help="fold a ledger of so many anew")
    asked = parser.parse_args()
    await upgrade(asked.url)
    if asked.rebuild:
        await fold(asked.url, asked.rebuild)
    else:
        await write(asked.url, asked.rate, asked.seconds)


if __name__ == "__main__":
    asyncio.run(main())
