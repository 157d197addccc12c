"""What this engine had seen and could not write before it was deposed is brought into the records: while it stands by,
or when it leads again, whichever is first."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import structlog

from acd.bootstrap.settings import Settings
from acd.config import City, ConfigError
from acd.records import DatabaseUnusable, deliver

EVERY: Final = 5.0
"""Seconds between two looks."""
SETTLED: Final = 15.0
"""Seconds for which whoever leads must have had Asterisk: by then he has told in the ledger whom he found there, has
given up a server that stays away, and has read in Asterisk's own record what happened in the gap."""

log = structlog.get_logger()


def set_foreign_aside(settings: Settings, term: int) -> None:
    """What the database did not take of our last term stays where it is, to be stored in its order, if nobody has led
    since; if somebody has, it is too late for that, and goes into a file beside to be told late.

    Args:
        term: the last one of which is known, but for one that we have just begun.
    """
    mark, spill = settings.state / "led", settings.spill
    last = int(mark.read_text("ascii")) if mark.exists() else term
    if last != term and spill.exists() and spill.stat().st_size:
        aside = spill.with_name(f"{spill.name}.{last}")
        spill.replace(aside)
        log.warning("records.to_be_told_late", file=str(aside), term=last)


def note_term(settings: Settings, term: int) -> None:
    """We lead in this one."""
    (settings.state / "led").write_text(f"{term}\n", "ascii")


def late_files(settings: Settings) -> list[Path]:
    """What was set aside and is not in the database yet."""
    beside = settings.spill.parent.glob(f"{settings.spill.name}.*")
    return sorted(file for file in beside if set_aside(settings, file.name))


def set_aside(settings: Settings, name: str) -> bool:
    """Whether a file of that name is one of them."""
    spill, _, term = name.rpartition(".")
    return spill == settings.spill.name and term.isdecimal()


class LateWord:
    """Brings what was set aside into the database.

    Args:
        url: of the database.
        city: for the lines' short waits.
        sees: whether whoever leads has Asterisk now.
    """

    def __init__(self, settings: Settings, url: str, city: Callable[[], City], sees: Callable[[], bool]) -> None:
        self._settings, self._url, self._city, self._sees = settings, url, city, sees
        self._seen_since: float | None = None

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(EVERY)
            await self.look(asyncio.get_running_loop().time())

    async def look(self, now: float) -> None:
        """See whether it can be told. ``now``: seconds on a clock that nobody sets."""
        if not self._sees():
            self._seen_since = None
            return
        if self._seen_since is None:
            self._seen_since = now
        if now - self._seen_since >= SETTLED:
            for file in late_files(self._settings):
                await self._tell(file)

    async def _tell(self, file: Path) -> None:
        try:
            short = {line.id: line.short_abandon for line in self._city().policy.lines.values()}
            told = await deliver(self._url, file, short, time.time())
        except (ConfigError, DatabaseUnusable, OSError) as error:
            log.warning("records.not_told_yet", file=str(file), why=str(error))
        except Exception:
            # It looks back: whatever is wrong with it, the lead is watched, and those who call now are served.
            log.exception("records.not_told_yet", alarm=True, file=str(file))
        else:
            if told is not None:
                log.warning("records.told_late", file=str(file), events=told.events, calls=told.repaired)
