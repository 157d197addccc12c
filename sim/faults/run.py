"""One run: callers at a steady rate, faults one after the other at random moments, and the judge's verdict."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Final

import msgspec

from acd.runtime.control import ControlError
from sim.faults.evidence import Evidence, Incident
from sim.faults.judge import Broken, Judge, Promise
from sim.faults.kinds import FAULTS, faults_of
from sim.faults.laboratory import Laboratory
from sim.lab.asterisk import LabError
from sim.lab.call import SipFailure
from sim.lab.service import ServiceFailed

WARM_UP: Final = 6.0
"""Seconds of calls before the first fault."""
PATIENCE: Final = 300.0
"""Seconds for those who are still there at the end."""
SETTLED: Final = 30.0
"""Seconds after which a new engine has loaded what it needs."""
WEIGHED_EVERY: Final = 10
"""Looks at the processors."""
LOOK_EVERY: Final = 1.0
"""Seconds."""
_KEPT: Final = "verdict.msgpack"
MOST_STUMBLES: Final = 10
"""After so many faults that did not go as they should, the rest would show nothing."""


@dataclass(frozen=True)
class Verdict:
    """What a run has shown."""

    seconds: float
    evidence: Evidence
    broken: list[Broken]
    longest: dict[str, float]
    """Longest wait beside a free operator, by what was broken at the time; seconds."""
    memory: list[tuple[float, int, int]]
    ends: list[str]
    """Of the engine by itself: code and last words."""
    stumbles: list[str]
    """Faults that did not go as they should, or what came after them: the run went on."""
    stolen: float = 0.0
    """Processors that the host of this machine gave to others, at most, over one look."""

    @property
    def answered(self) -> int:
        return len({ring.number for ring in self.evidence.rings if ring.answered is not None})

    @property
    def quarters(self) -> list[float]:
        """Megabytes that the engine which led last held, at the ends of the quarters of its time."""
        of_last = [(at, resident) for at, pid, resident in self.memory if pid == self.memory[-1][1]]
        # A process that has just begun has not loaded what it needs.
        lived = [resident for at, resident in of_last if at - of_last[0][0] >= SETTLED] or [of_last[-1][1]]
        return [lived[number * (len(lived) - 1) // 4] / 1024 for number in range(5)]

    @property
    def faults(self) -> Counter[str]:
        return Counter(incident.kind for incident in self.evidence.incidents)


def plan(names: Sequence[str], seconds: float | None, chance: random.Random) -> list[str]:
    """Which faults, in which order.

    Args:
        seconds: None: each of them once. Otherwise enough for so long; the engine is killed or replaced in the first
            half only, so that its memory can be watched over the second.
    """
    if seconds is None:
        return chance.sample(list(names), len(names))
    planned: list[str] = []
    rounds = int(seconds / len(names) / 12) + 2
    for number in range(rounds):
        these = [name for name in names if name not in ("kill", "take-over") or number < rounds / 2]
        planned += chance.sample(these, len(these))
    return planned


async def run(
    names: Sequence[str] = (),
    *,
    database: str = "postgresql",
    minutes: float | None = None,
    seed: int = 1,
    rate: float = 1.0,
    gap: tuple[float, float] = (4.0, 7.0),
    into: Path | None = None,
    tell: Callable[[str], None] = lambda words: None,
) -> Verdict:
    """Break each of these things in turn.

    Args:
        names: keys of :data:`FAULTS`; none = all that can befall it.
        database: one of :data:`~sim.faults.database.DATABASES`.
        minutes: how long; None = each fault once.
        seed: of the order, the moments and the lengths.
        rate: times the usual callers.
        gap: seconds between the end of one fault and the next, from and to.
        into: a folder for logs and ledger.
        tell: hears what happens.
    """
    chance = random.Random(seed)
    seconds = None if minutes is None else minutes * 60
    stumbles: list[str] = []
    began = time.time()
    async with Laboratory(rate, into, database) as lab:
        lab.open_lines()
        weigher = asyncio.create_task(_weigh(lab))
        await asyncio.sleep(WARM_UP)
        for name in plan(names or faults_of(database), seconds, chance):
            if seconds is not None and time.time() - began > seconds:
                break
            try:
                await FAULTS[name](lab, chance)
                await lab.linked()
                await lab.everybody_ready()
            except (ControlError, LabError, ServiceFailed, SipFailure, TimeoutError, OSError) as error:
                stumbles.append(f"{name} at {time.time() - began:.1f} s: {error!r}")
                tell(stumbles[-1])
                if len(stumbles) == MOST_STUMBLES:
                    break
            else:
                last: Incident = lab.incidents[-1]
                tell(f"{last.began - began:7.1f} s  {last.kind}, {last.over - last.began:.1f} s")
            await asyncio.sleep(chance.uniform(*gap))
        if seconds is not None:
            await asyncio.sleep(max(0.0, began + seconds - time.time()))
        await lab.close_lines(PATIENCE)
        weigher.cancel()
        with suppress(asyncio.CancelledError):
            await weigher
        lab.weigh()
        try:
            await lab.end_engine()
        except ServiceFailed as error:
            stumbles.append(f"at the end: {error!r}")
        ended = time.time()
        evidence = lab.evidence(ended)
    judge = Judge(evidence)
    stolen = max((shares.stolen for shares in lab.shares), default=0.0)
    verdict = Verdict(
        *(ended - began, evidence, judge.judge(), dict(judge.longest)), lab.memory, lab.ends, stumbles, stolen
    )
    if into is not None:
        keep(verdict, into)
    return verdict


def keep(verdict: Verdict, folder: Path) -> None:
    """Write down all of it: to be read, and to be judged again."""
    (folder / "verdict.txt").write_text("\n".join(_in_full(verdict)) + "\n")
    (folder / _KEPT).write_bytes(msgspec.msgpack.encode(verdict))


def judged_again(kept: Path) -> Verdict:
    """Of a run that was kept in this folder, by the judge of today.

    Raises:
        OSError: there is none.
        msgspec.DecodeError: it was kept by another version.
    """
    verdict = msgspec.msgpack.decode((kept / _KEPT).read_bytes(), type=Verdict)
    judge = Judge(verdict.evidence)
    return replace(verdict, broken=judge.judge(), longest=dict(judge.longest))


def _in_full(verdict: Verdict) -> Iterator[str]:
    yield report(verdict)
    for incident in verdict.evidence.incidents:
        yield f"{incident.began:.3f} to {incident.over:.3f}: {incident.kind}"
    yield from (f"the engine ended by itself: {words}" for words in verdict.ends)
    yield from (f"stumbled: {words}" for words in verdict.stumbles)
    for broken in verdict.broken:
        yield f"broken: {broken.promise}: {broken.what}"
    for ring in sorted(verdict.evidence.rings, key=lambda ring: ring.invited):
        yield f"ring: {ring}"


async def _weigh(lab: Laboratory) -> None:
    for number in count():
        if number % WEIGHED_EVERY == 0:
            lab.weigh()
        await asyncio.sleep(LOOK_EVERY)
        lab.look_at_processors()


def report(verdict: Verdict) -> str:
    """The table of a run."""
    evidence = verdict.evidence
    rows = [
        ("length", f"{verdict.seconds / 60:.1f} min"),
        ("calls placed", str(len(evidence.callers))),
        ("answered by an operator", str(verdict.answered)),
        ("refused, the line being full", str(sum(row.outcome == "refused" for row in evidence.calls))),
        ("promised a call back", str(len(evidence.promises))),
        ("calls back", str(sum(row.dialled_at is not None for row in evidence.attempts))),
        ("faults injected", str(sum(verdict.faults.values()))),
        *((f"- {kind}", str(count)) for kind, count in sorted(verdict.faults.items())),
        ("promises broken", str(len(verdict.broken))),
        *((f"- {promise}", str(sum(b.promise is promise for b in verdict.broken))) for promise in Promise),
        ("the engine ended by itself", str(len(verdict.ends))),
        ("faults that did not go as they should", str(len(verdict.stumbles))),
        ("memory of the last engine by quarters of its time, MB", ", ".join(f"{one:.1f}" for one in verdict.quarters)),
        ("processors that the host gave to others, at most over a second", f"{verdict.stolen:.2f}"),
        *((f"longest wait beside a free operator {when}", f"{s:.2f} s") for when, s in sorted(verdict.longest.items())),
    ]
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)])
