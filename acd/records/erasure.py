"""Numbers of citizens are erased by the clock. Nothing else goes: figures, ledger and logs hold none."""

from typing import Final

import msgspec
from sqlalchemy import Delete, Update, delete, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from acd.records import tables
from acd.records.database import DatabaseUnusable, connect

BATCH: Final = 500
"""Rows of one transaction: who must write a promise down meanwhile does not wait long."""

_caller, _callback = tables.caller.c, tables.callback.c


class Erased(msgspec.Struct, frozen=True):
    """How many numbers are gone."""

    callers: int
    callbacks: int


async def erase_numbers(url: str, before: float) -> Erased:
    """Erase the numbers of those who called before then, and of the promises that were closed before then. Who is still
    owed a call keeps his.

    Args:
        before: seconds since the epoch.

    Raises:
        DatabaseUnusable: it cannot be written; what is erased already stays so.
    """
    old = select(_caller.call).where(_caller.at < before).limit(BATCH)
    over = _callback.closed_at.is_not(None), _callback.closed_at < before, _callback.number.is_not(None)
    closed = select(_callback.callback).where(*over).limit(BATCH)
    engine = connect(url)
    try:
        callers = await _all(engine, delete(tables.caller).where(_caller.call.in_(old)))
        callbacks = await _all(
            engine, update(tables.callback).where(_callback.callback.in_(closed)).values(number=None)
        )
    except (SQLAlchemyError, OSError) as error:
        raise DatabaseUnusable(str(engine.url), str(getattr(error, "orig", error))) from error
    finally:
        await engine.dispose()
    return Erased(callers, callbacks)


async def _all(engine: AsyncEngine, some: Delete | Update) -> int:
    """Again and again, until there are none left."""
    erased, found = 0, BATCH
    while found == BATCH:
        async with engine.begin() as connection:
            found = (await connection.execute(some)).rowcount
        erased += found
    return erased
