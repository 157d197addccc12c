"""After a gap: the calls that only Asterisk has seen are read in its own record and written into the ledger.

By itself as soon as the link is back, and by ``acd repair``. Nothing is asked over AMI: Asterisk writes a file, and we
need no more than to read it.
"""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec
import structlog

from acd.asterisk.cel import read_told
from acd.config import City
from acd.model.events import CallRepaired
from acd.model.mendable import Mendable
from acd.model.told import BadLine
from acd.records.repair import Blind, Desks, RepairBook, overlapping, repaired

LOOK_BACK: Final = 86_400.0
"""Seconds: of which gaps a start makes sure that they are repaired."""

LONGEST_CALL: Final = 4 * 3600.0
"""Seconds before a gap that are read as well: who was on the line when it began came in before it."""

SETTLING: Final = 1.0
"""Seconds after which Asterisk has written down what it told us, and we what we were told."""

log = structlog.get_logger()


class NoRecord(Mendable):
    """There is no record of Asterisk's own to repair from: {why}."""

    def __init__(self, why: str) -> None:
        super().__init__(f"there is no record of Asterisk's own to repair from: {why}")


class Repair(msgspec.Struct, frozen=True):
    """What is to be written, and what could not be read."""

    events: tuple[CallRepaired, ...] = ()
    gaps: int = 0
    """Gaps in that time."""
    bad: tuple[BadLine, ...] = ()


class Repairer:
    """Finds what the ledger lacks of the calls in its gaps.

    Args:
        url: of the database.
        cel: the file that Asterisk's ``cel_custom`` writes; None = there is none.
        city: whose phones and lines they are.
        clock: ours.
    """

    def __init__(self, url: str, cel: Path | None, city: Callable[[], City], clock: Callable[[], float]) -> None:
        self._book = RepairBook(url)
        self._cel, self._city, self._clock = cel, city, clock

    async def close(self) -> None:
        await self._book.close()

    @property
    def wanted(self) -> bool:
        return self._cel is not None

    async def find(self, since: float, until: float) -> Repair:
        """What is to be written of the gaps that ended in that time (seconds since the epoch, our clock). All that the
        engine has told must be in the database.

        Raises:
            NoRecord: nobody said where Asterisk's own record is, it is not there, or it cannot be read.
            DatabaseUnusable: the database cannot be read.
        """
        if self._cel is None:
            raise NoRecord("ACD_CEL does not name the file")
        gaps = await self._book.gaps(since, until)
        events: dict[str, CallRepaired] = {}
        bad: set[BadLine] = set()
        for gap in gaps:
            found, damaged = await self._find(self._cel, gap)
            events |= {event.call: event for event in found if event.call not in events}
            bad |= set(damaged)
        return Repair(tuple(events.values()), len(gaps), tuple(sorted(bad, key=lambda line: (line.file, line.number))))

    async def _find(self, cel: Path, gap: Blind) -> tuple[list[CallRepaired], Sequence[BadLine]]:
        offset = await self._book.offset(gap.ended_at)
        began_at = gap.ended_at - LOOK_BACK if gap.began_at is None else gap.began_at
        since = min(began_at, gap.ended_at) - LONGEST_CALL - offset
        try:
            told = await asyncio.to_thread(read_told, cel, since)
        except OSError as error:
            raise NoRecord(f"{error.filename}: {error.strerror}") from None
        if not told.files:
            raise NoRecord(f"{cel} is not there, or nothing was written since")
        calls = overlapping(told.calls.values(), gap, offset)
        known = await self._book.known([one.call for one in calls])
        desks = desks_of(self._city())
        found = [repaired(one, known.get(one.call), desks, offset, self._clock()) for one in calls]
        return [event for event in found if event is not None], told.bad


def desks_of(city: City) -> Desks:
    policy = city.policy
    return Desks(
        {operator.device: operator.id for operator in policy.operators.values()},
        {line.id: line.short_abandon for line in policy.lines.values()},
    )


def tell_damaged(bad: Sequence[BadLine]) -> None:
    """Each by its place, in the log."""
    for line in bad:
        log.error("repair.damaged_line", file=str(line.file), line=line.number, why=line.why)
