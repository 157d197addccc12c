"""What is done once a day, in the quiet of the night, by whoever leads."""

from datetime import datetime
from typing import Final

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from acd.model.zone import ZONE
from acd.ports import Clock
from acd.records import DatabaseUnusable, erase_notes, erase_numbers

DAY: Final = 86_400.0
AT: Final = {"hour": 3, "minute": 30}

log = structlog.get_logger()


class Housekeeping:
    """Erases citizens' numbers, and what was written of them, when their time is over: at the start, for a service
    that is not up at night, and then every night.

    Args:
        url: of the database.
        keep_numbers: days.
        keep_notes: days that what operators wrote of a contact is kept.
    """

    def __init__(self, url: str, keep_numbers: int, keep_notes: int, clock: Clock) -> None:
        self._url = url
        self._keep_numbers = keep_numbers
        self._keep_notes = keep_notes
        self._clock = clock
        self._nights = AsyncIOScheduler(timezone=ZONE)

    def start(self) -> None:
        self._nights.add_job(
            self.erase, "cron", **AT, next_run_time=datetime.now(ZONE), coalesce=True, misfire_grace_time=None
        )
        self._nights.start()

    def stop(self) -> None:
        self._nights.shutdown(wait=False)

    async def erase(self) -> None:
        """Erase what is old enough. A database that is away is tried again the next night."""
        try:
            erased = await erase_numbers(self._url, self._clock() - self._keep_numbers * DAY)
            written = await erase_notes(self._url, self._clock() - self._keep_notes * DAY)
        except DatabaseUnusable as error:
            log.error("numbers.not_erased", why=str(error))
        else:
            log.info(
                "numbers.erased",
                callers=erased.callers,
                callbacks=erased.callbacks,
                contacts=erased.contacts,
                requests=erased.requests,
                days=self._keep_numbers,
            )
            log.info("notes.erased", contacts=written.contacts, requests=written.requests, days=self._keep_notes)
