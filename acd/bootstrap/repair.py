"""After a gap: the calls that only Asterisk has seen are read in its own record and written into the ledger.

By itself as soon as the link is back, and by ``acd repair``. Nothing is asked over AMI: Asterisk writes a file, and we
need no more than to read it.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import msgspec
import structlog

from acd.bootstrap import background
from acd.bootstrap.settings import Settings
from acd.bootstrap.told import decoded
from acd.config import City, load
from acd.model.events import CallRepaired, Event
from acd.model.ids import CallId
from acd.model.mendable import Mendable
from acd.model.told import BadLine, Told
from acd.records import DatabaseUnusable, Ledger, upgrade
from acd.records.repair import (
    MARGIN,
    Blind,
    Desks,
    KnownCall,
    Measured,
    RepairBook,
    by_this_clock,
    overlapping,
    repaired,
)
from acd.runtime.control import Answer, ControlError, Handler

LOOK_BACK: Final = 86_400.0
"""Seconds: of which gaps a start makes sure that they are repaired."""

LONGEST_CALL: Final = 4 * 3600.0
"""Seconds before a gap that are read as well: who was on the line when it began came in before it."""

AGAIN: Final = 600.0
"""Seconds between two looks at the gaps of the last day."""

SOON: Final = 10.0
"""Seconds until the next look when the database was away."""

READING: Final = 60.0
"""Seconds that the reading of one record may take: it may lie on another machine, perhaps the one that has died."""

OVER: Final = 60.0
"""Seconds after the end of a gap from which on nothing new is written of those who had hung up by then."""

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
    unread: tuple[str, ...] = ()
    """The records of servers that could not be read, and why: what they tell is lacking still."""
    done: tuple[Blind, ...] = ()
    """Gaps of which nothing is left to tell, nor will be: everybody who was in them has gone, and is in the records."""

    @property
    def calls(self) -> int:
        return len({event.call for event in self.events})


async def read_beside(cel: Path, since: float) -> Told:
    """:func:`~acd.asterisk.cel.read_told` by a process of its own.

    Raises:
        OSError: a file cannot be read.
        Failed: the process came to nothing.
    """
    return decoded(await background.run("-m", "acd.bootstrap.told", str(cel), repr(since)))


class Repairer:
    """Finds what the ledger lacks of the calls in its gaps.

    Args:
        url: of the database.
        cel: the files that the ``cel_custom`` of each Asterisk writes. Their clocks must agree.
        city: whose phones and lines they are.
        clock: ours.
    """

    def __init__(self, url: str, cel: Sequence[Path], city: Callable[[], City], clock: Callable[[], float]) -> None:
        self._book = RepairBook(url)
        self._cel, self._city, self._clock = cel, city, clock
        self._offsets: dict[Blind, float] = {}

    async def close(self) -> None:
        await self._book.close()

    @property
    def wanted(self) -> bool:
        return bool(self._cel)

    async def find(self, since: float, until: float, leave_out: Collection[Blind] = ()) -> Repair:
        """What is to be written of the gaps that ended in that time (seconds since the epoch, our clock). All that the
        engine has told must be in the database.

        Args:
            leave_out: these gaps are not looked into.

        Raises:
            NoRecord: nobody said where Asterisk's own record is, it is not there, or it cannot be read. Of several
                servers: none is or can.
            DatabaseUnusable: the database cannot be read.
        """
        if not self._cel:
            raise NoRecord("ACD_CEL does not name the file")
        wider = await self._book.gaps(since - LOOK_BACK, until + LOOK_BACK)
        around = [(gap, await self._offset(gap)) for gap in wider]
        self._offsets = {gap: offset for gap, offset in around if gap in self._offsets}
        gaps = [(gap, offset) for gap, offset in around if since <= gap.ended_at <= until and gap not in leave_out]
        if not gaps:
            return Repair()
        told, unread = await self._read(min(_concerned(gap) - offset for gap, offset in gaps))
        events: dict[CallId, list[CallRepaired]] = {}
        open_still = {gap for gap, _ in gaps if self._clock() - gap.ended_at < OVER}
        # A call that lies in one gap is not another one's, just because that began soon after.
        for margin in (0.0, MARGIN):
            for gap, offset in gaps:
                found, over = await self._of((gap, offset), told, margin, around)
                if found or not over:
                    open_still.add(gap)
                # One call may reach over several gaps.
                events |= {call: happened for call, happened in found.items() if call not in events}
        done = () if unread else tuple(gap for gap, _ in gaps if gap not in open_still)
        found_events = tuple(event for happened in events.values() for event in happened)
        return Repair(found_events, len(gaps), told.bad, unread, done)

    async def _offset(self, gap: Blind) -> float:
        """How far the clocks were apart after it. Once measured that stays."""
        if gap not in self._offsets:
            offset = await self._book.offset(gap.ended_at)
            if self._clock() - gap.ended_at < OVER:
                return offset
            self._offsets[gap] = offset
        return self._offsets[gap]

    async def _read(self, since: float) -> tuple[Told, tuple[str, ...]]:
        """Once for all gaps: a record of a long day beside many gaps would keep the processor from those who call. What
        was read, and what could not be."""
        read: list[Told] = []
        unread: list[str] = []
        for cel in self._cel:
            try:
                async with asyncio.timeout(READING):
                    told = await read_beside(cel, since)
            except TimeoutError:
                unread.append(f"{cel} could not be read within {READING:g} s")
            except (background.Failed, OSError) as error:
                unread.append(str(error))
            else:
                if told.files:
                    read.append(told)
                else:
                    unread.append(f"{cel} is not there, or nothing was written since")
        if not read:
            raise NoRecord("; ".join(unread))
        calls = {call: one for told in read for call, one in told.calls.items()}
        bad = tuple(line for told in read for line in told.bad)
        return Told(calls, bad, sum(told.files for told in read)), tuple(unread)

    async def _of(
        self, one_gap: Measured, told: Told, margin: float, around: Collection[Measured]
    ) -> tuple[dict[CallId, list[CallRepaired]], bool]:
        """What the ledger lacks of its calls, and whether all of them are over.

        Args:
            around: this gap and others.
        """
        gap, offset = one_gap
        since = _concerned(gap) - offset
        calls = overlapping((one for one in told.calls.values() if one.last_at >= since), gap, offset, margin)
        known = await self._book.known([one.call for one in calls])
        desks = desks_of(self._city())
        found = {
            one.call: repaired(one, known.get(one.call), desks, offset, self._clock())
            for one in calls
            if by_this_clock(one, known.get(one.call), offset, around)
        }
        over = all(one.gone_at is not None and _has_ended(known.get(one.call)) for one in calls)
        return {call: events for call, events in found.items() if events}, over


def _has_ended(known: KnownCall | None) -> bool:
    return known is not None and known.ended_at is not None


def _concerned(gap: Blind) -> float:
    """Our moment from which on Asterisk's record concerns this gap."""
    began_at = gap.ended_at - LOOK_BACK if gap.began_at is None else gap.began_at
    return min(began_at, gap.ended_at) - LONGEST_CALL


def desks_of(city: City) -> Desks:
    policy = city.policy
    return Desks(
        {operator.device: operator.id for operator in policy.operators.values()},
        {line.id: line.short_abandon for line in policy.lines.values()},
    )


class GapRepair:
    """Repairs by itself what is repaired each time that the link comes up, and when somebody asks for it.

    Args:
        repairer: finds what is to be written.
        ledger: takes it.
        told: is shown what was written.
    """

    def __init__(
        self, repairer: Repairer, ledger: Ledger, clock: Callable[[], float], told: Callable[[Sequence[Event]], None]
    ) -> None:
        self._repairer, self._ledger, self._clock, self._told = repairer, ledger, clock, told
        self._done: set[Blind] = set()
        """Of a day of many gaps those that need no look any more: each would take the processor for a moment."""
        self._look = asyncio.Event()
        self._one_at_a_time = asyncio.Lock()

    def look(self) -> None:
        """A gap is over."""
        self._look.set()

    async def run(self) -> None:
        """Until cancelled. Who was on the line at the end of a gap is looked at again when he is gone."""
        again = AGAIN
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(again):
                    await self._look.wait()
            self._look.clear()
            if self._repairer.wanted:
                await asyncio.sleep(SETTLING)
                again = await self._by_itself()

    async def _by_itself(self) -> float:
        """Seconds until the next look."""
        now = self._clock()
        try:
            found = await self.repair(now - LOOK_BACK, now, leave_out=self._done)
        except DatabaseUnusable as error:
            log.warning("repair.not_now", why=str(error))
            return SOON
        except NoRecord as error:
            log.warning("repair.not_now", why=str(error))
            return AGAIN
        except Exception:
            # It looks back: whatever is wrong with it, those who call now are served.
            log.exception("gaps were not repaired")
            return AGAIN
        for why in found.unread:
            log.warning("repair.not_now", why=why)
        for line in found.bad:
            log.error("repair.damaged_line", file=str(line.file), line=line.number, why=line.why)
        self._done = {gap for gap in self._done if gap.ended_at > now - LOOK_BACK} | set(found.done)
        log.info("repair.done", gaps=found.gaps, calls=found.calls)
        return AGAIN

    async def repair(self, since: float, until: float, leave_out: Collection[Blind] = ()) -> Repair:
        """Write what is missing of the gaps that ended in that time, but for those ``leave_out``; it is in the database
        afterwards.

        Raises:
            NoRecord, DatabaseUnusable: as :meth:`Repairer.find` does; nothing was written.
        """
        async with self._one_at_a_time:
            await self._ledger.caught_up()
            found = await self._repairer.find(since, until, leave_out)
            self._ledger.write(found.events)
            self._told(found.events)
            await self._ledger.caught_up()
        return found

    def handlers(self) -> dict[str, Handler]:
        return {"repair": self._asked}

    async def _asked(self, request: Mapping[str, Any]) -> Answer:
        since, until = request.get("since"), request.get("until")
        if not isinstance(since, int | float) or not isinstance(until, int | float):
            raise ControlError("'since' and 'until' are seconds since the epoch")
        return answer_of(await self.repair(since, until))


def answer_of(found: Repair) -> Answer:
    bad = [str(line) for line in found.bad]
    return {"gaps": found.gaps, "calls": found.calls, "bad": bad, "unread": list(found.unread)}


async def repair_alone(settings: Settings, since: float, until: float) -> Answer:
    """:meth:`GapRepair.repair` while no service runs.

    Raises:
        NoRecord, DatabaseUnusable: nothing was written.
        ConfigError: ``queues.yaml`` has faults.
    """
    city, url = load(settings.queues), settings.database_url
    await upgrade(url)
    repairer = Repairer(url, settings.cel, lambda: city, time.time)
    try:
        async with Ledger(url, settings.spill) as ledger:
            return answer_of(await GapRepair(repairer, ledger, time.time, lambda _: None).repair(since, until))
    finally:
        await repairer.close()
