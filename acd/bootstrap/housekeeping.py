"""What is done once a day, in the quiet of the night, by whoever leads."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from operator import attrgetter
from pathlib import Path
from typing import Final

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from acd.asterisk import erase_recordings
from acd.bootstrap.recordings import Recordings
from acd.model.ids import LineId
from acd.model.policy import Terms
from acd.model.zone import ZONE
from acd.ports import Clock
from acd.records import Before, DatabaseUnusable, erase_citizens, erase_damaged, erase_names, erase_notes, erase_numbers

DAY: Final = 86_400.0
AT: Final = {"hour": 3, "minute": 30}

log = structlog.get_logger()


class Housekeeping:
    """Erases citizens' numbers and names, and what was written of them, when their time is over: at the start, for a
    service that is not up at night, and then every night.

    Args:
        url: of the database.
        keep: how many days each is kept.
        spill: where events go while the database is away.
        record: folder of the recordings of AMI sessions.
        recordings: conversations that were recorded.
        terms: of each line, in place of the days above where it has its own.
    """

    def __init__(
        self,
        url: str,
        clock: Clock,
        *,
        keep: Terms,
        spill: Path,
        record: Path | None = None,
        recordings: Recordings | None = None,
        terms: Callable[[], Mapping[LineId, Terms]] = dict,
    ) -> None:
        self._url = url
        self._spill = spill
        self._record = record
        self._recordings = recordings
        self._terms = terms
        self._keep = keep
        self._clock = clock
        self._nights = AsyncIOScheduler(timezone=ZONE)
        self._work: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._nights.add_job(
            self._night, "cron", **AT, next_run_time=datetime.now(ZONE), coalesce=True, misfire_grace_time=None
        )
        self._nights.start()

    async def stop(self) -> None:
        """What is under way is finished: a statement given up half-way may get its lock on the database when nobody is
        there any more to let go of it, and then the ledger could not bring its last events to safety."""
        self._nights.shutdown(wait=False)
        if self._work is not None:
            await asyncio.wait([self._work])

    async def _night(self) -> None:
        # Not awaited here: the scheduler gives its jobs up when it ends.
        self._work = asyncio.create_task(self.erase(), name="housekeeping")

    async def erase(self) -> None:
        """Erase what is old enough. A database that is away, or a file that cannot be deleted, is tried again the next
        night."""
        before = self._before(attrgetter("numbers"), {}).all
        await self._erase_rows()
        await self._erase_conversations()
        try:
            files = await asyncio.to_thread(self._erase_files, before)
        except OSError as error:
            log.error("numbers.files_not_erased", why=str(error))
        else:
            log.info("numbers.files_erased", files=files, days=self._keep.numbers)

    def _erase_files(self, before: float) -> int:
        """What else holds numbers: recordings, and what of the spill nobody could read. The spill file itself goes into
        the database, and is erased there."""
        recordings = 0 if self._record is None else erase_recordings(self._record, before)
        return recordings + erase_damaged(self._spill, before)

    async def _erase_conversations(self) -> None:
        if self._recordings is None:
            return
        try:
            deleted = await self._recordings.expire()
            found = await self._recordings.reconcile()
        except (DatabaseUnusable, OSError) as error:
            log.error("recordings.not_expired", why=str(error))
            return
        log.info("recordings.expired", files=deleted, whole=found.whole)
        if not found.in_order:
            log.warning("recordings.differ", missing=found.missing, stray=found.stray)

    def _before(self, of: Callable[[Terms], int | None], terms: Mapping[LineId, Terms]) -> Before:
        now, usual = self._clock(), of(self._keep)
        assert usual is not None
        own = {line: kept for line, its in terms.items() if (kept := of(its)) is not None}
        return Before(now - usual * DAY, {line: now - kept * DAY for line, kept in own.items()})

    async def _erase_rows(self) -> None:
        try:
            terms = self._terms()
            erased = await erase_numbers(self._url, self._before(attrgetter("numbers"), terms))
            names = await erase_names(self._url, self._before(_names, terms))
            written = await erase_notes(self._url, self._before(attrgetter("notes"), terms))
            citizens = await erase_citizens(self._url, self._before(attrgetter("citizens"), terms))
        except DatabaseUnusable as error:
            log.error("numbers.not_erased", why=str(error))
        else:
            log.info(
                "numbers.erased",
                callers=erased.callers,
                callbacks=erased.callbacks,
                contacts=erased.contacts,
                requests=erased.requests,
                days=self._keep.numbers,
            )
            log.info(
                "notes.erased",
                contacts=written.contacts,
                requests=written.requests,
                passed=written.passed,
                days=self._keep.notes,
            )
            log.info("names.erased", contacts=names.contacts, requests=names.requests, days=_names(self._keep))
            log.info("citizens.erased", calls=citizens, days=self._keep.citizens)


def _names(terms: Terms) -> int | None:
    """Without a term of their own they go with the notes."""
    return terms.notes if terms.names is None else terms.names
