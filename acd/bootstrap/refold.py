"""After an upgrade with new rules: the records are folded anew beside the calls, by a process of its own that takes the
processor only when nobody else wants it."""

import asyncio
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from acd.bootstrap import background
from acd.bootstrap.settings import Settings
from acd.records.refolding import fold_beside, is_folded
from acd.web.health import Check, CheckState

AGAIN: Final = 60.0
"""Seconds after a try that came to nothing."""

log = structlog.get_logger()


async def fold_here(settings: Settings) -> int:
    """In this process, which does nothing else. Returns how many events were folded.

    Raises:
        Superseded: another version works on the database now.
        DatabaseUnusable: the address is wrong.
    """
    background.give_way(background.LEAST)
    return await fold_beside(settings.database_url, settings.state)


class Refold:
    """Sees to it that the records are of today's rules.

    Args:
        url: the database.
    """

    def __init__(self, settings: Settings, url: str) -> None:
        self._settings = settings
        self._url = url
        self._needed = False

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            if await self._done():
                await asyncio.Event().wait()
            await asyncio.sleep(AGAIN)

    @property
    def needed(self) -> bool:
        """There may be rows of other rules."""
        return self._needed

    def check(self) -> Check:
        """For who asks after the service's health."""
        if not self.needed:
            return Check("records")
        return Check("records", CheckState.WARNING, "they are being folded by new rules: figures are of old and new")

    async def _done(self) -> bool:
        try:
            self._needed = not await is_folded(self._url)
            if self._needed:
                log.info("records.folding")
                await self._fold()
                self._needed = not await is_folded(self._url)
        except (SQLAlchemyError, OSError) as error:
            log.warning("records.not_folded", why=str(getattr(error, "orig", error)))
            return False
        return not self._needed

    async def _fold(self) -> None:
        settings = {"ACD_DATABASE": self._settings.database_url, "ACD_STATE": str(self._settings.state)}
        try:
            await background.run("-m", "acd", "records", "rebuild", "--beside", settings=settings)
        except background.Failed as error:
            log.error("records.not_folded", why=str(error))
        else:
            log.info("records.folded")
