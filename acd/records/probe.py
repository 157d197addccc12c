"""Whether the database takes what is written to it, asked by writing."""

import asyncio
from enum import StrEnum
from typing import Final

from sqlalchemy import update
from sqlalchemy.exc import SQLAlchemyError

from acd.records import tables
from acd.records.database import connect, writing

PATIENCE: Final = 2.0
"""Seconds that a healthy database needs at most, somebody else's transaction included."""


class DatabaseState(StrEnum):
    WRITABLE = "writable"
    LOCKED = "locked"
    """Somebody else writes, and does not come to an end."""
    FULL = "full"
    READ_ONLY = "read_only"
    UNPREPARED = "unprepared"
    """Our tables are not there."""
    DAMAGED = "damaged"
    AWAY = "away"
    """Not to be reached, or in any other trouble."""


class Probe:
    """One connection that is kept for the question.

    Raises:
        DatabaseUnusable: the address is wrong.
    """

    def __init__(self, url: str) -> None:
        self._engine = connect(url, busy=PATIENCE / 2)

    async def state(self) -> DatabaseState:
        """Write something that changes nothing, and keep it."""
        same = update(tables.version).values(value=tables.version.c.value)
        try:
            async with asyncio.timeout(PATIENCE), writing(self._engine) as connection:
                await connection.execute(same)
        except TimeoutError:
            return DatabaseState.LOCKED
        except (SQLAlchemyError, OSError) as error:
            return _state(str(getattr(error, "orig", error)).lower())
        return DatabaseState.WRITABLE

    async def close(self) -> None:
        await self._engine.dispose()


_SIGNS: Final = {
    "is locked": DatabaseState.LOCKED,
    "is full": DatabaseState.FULL,
    "no space left": DatabaseState.FULL,
    "readonly": DatabaseState.READ_ONLY,
    "read-only": DatabaseState.READ_ONLY,
    "no such table": DatabaseState.UNPREPARED,
    "does not exist": DatabaseState.UNPREPARED,
    "malformed": DatabaseState.DAMAGED,
    "not a database": DatabaseState.DAMAGED,
}
"""How SQLite and PostgreSQL put it; there are no numbers that both have."""


def _state(words: str) -> DatabaseState:
    return next((state for sign, state in _SIGNS.items() if sign in words), DatabaseState.AWAY)
