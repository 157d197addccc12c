"""Whether the ledger is whole, and what an auditor writes down of it to see later that its past was not changed.

Numbers are given one after the other, in the transaction that stores (:mod:`acd.records.writing`), so a number that is
missing was taken out. How many events each run of the engine has stored is known from its receipt: that shows what was
taken out at the end. What was changed in place shows by the digest alone: SHA-256 over the lines of all events from
the first on, each the JSON of its row and a newline. The database vouches for nothing by itself: who may change it may
change all of it, so digests are kept somewhere else.

Promises to call back, and the attempts to keep them, are not made from the ledger. Each is laid beside its own log
(:mod:`acd.records.retold`).
"""

import hashlib
from collections.abc import Sequence
from datetime import date
from typing import Final

import msgspec
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from acd.model.mendable import Mendable
from acd.records import tables
from acd.records.database import DatabaseUnusable, snapshots
from acd.records.days import day_of
from acd.records.retold import attempts_there, promises_there, same, told

_PAGE: Final = 5000
MOST_NAMED: Final = 10
"""Holes, and promises, told at most."""

_event = tables.event.c
_ROW: Final = (
    *(_event.seq, _event.at, _event.type, _event.call, _event.line, _event.operator, _event.data),
    _event.switch_at,
)
"""What of an event goes into the digest, in this order: all of it."""

Hole = tuple[int, int]
"""The first and the last of numbers that are missing."""


class LedgerIncomplete(Mendable):
    """Events are missing from the ledger: {numbers}."""

    def __init__(self, holes: Sequence[Hole]) -> None:
        super().__init__(f"events are missing from the ledger: {numbers(holes)}; nothing was changed")


class Stretch(msgspec.Struct, frozen=True):
    """Events of one day that follow each other: a day has several only where the clock was set back over midnight."""

    day: date
    first: int
    last: int
    events: int
    digest: str
    """Of the whole ledger up to its last event, in hexadecimal."""


class Checked(msgspec.Struct, frozen=True):
    stretches: tuple[Stretch, ...]
    holes: tuple[Hole, ...]
    cut_off: int
    """How many more were stored than there are numbers: they were the last once, or a spill file lost some."""
    promises: tuple[str, ...] = ()
    """Those that are not what their log says, or whose log is not whole."""

    @property
    def sound(self) -> bool:
        return not (self.holes or self.cut_off or self.promises)


def numbers(holes: Sequence[Hole]) -> str:
    """``3-5, 17``."""
    told = [str(first) if first == last else f"{first}-{last}" for first, last in holes[:MOST_NAMED]]
    return ", ".join(told) + (f" and {len(holes) - MOST_NAMED} more" if len(holes) > MOST_NAMED else "")


async def holes_in(connection: AsyncConnection) -> list[Hole]:
    """Numbers that are missing below the last one."""
    last, count = (await connection.execute(select(func.max(_event.seq), func.count()))).one()
    if not count or last == count:
        return []
    before = func.lag(_event.seq, 1, 0).over(order_by=_event.seq).label("before")
    each = select(_event.seq, before).subquery().c
    found = select(each.before + 1, each.seq - 1).where(each.seq > each.before + 1).order_by(each.seq)
    return [(first, last) for first, last in await connection.execute(found)]


async def check(url: str) -> Checked:
    """Read the whole ledger.

    Raises:
        DatabaseUnusable: it cannot be read.
    """
    engine = snapshots(url)
    try:
        async with engine.connect() as connection:
            holes = await holes_in(connection)
            last = await connection.scalar(select(func.coalesce(func.max(_event.seq), 0)))
            stored = await connection.scalar(select(func.coalesce(func.sum(tables.receipt.c.position), 0)))
            cut_off = max(0, int(stored or 0) - int(last or 0))
            return Checked(await _stretches(connection), tuple(holes), cut_off, await _altered(connection))
    except (SQLAlchemyError, OSError) as error:
        raise DatabaseUnusable(str(engine.url), str(getattr(error, "orig", error))) from error
    finally:
        await engine.dispose()


async def _stretches(connection: AsyncConnection) -> tuple[Stretch, ...]:
    found: list[Stretch] = []
    digest, encode = hashlib.sha256(), msgspec.json.Encoder().encode
    rows = await connection.stream(select(*_ROW).order_by(_event.seq).execution_options(yield_per=_PAGE))
    day: date | None = None
    first = last = events = 0

    def end() -> None:
        if day is not None:
            found.append(Stretch(day, first, last, events, digest.hexdigest()))

    async for page in rows.partitions():
        for row in page:
            seq, at = row[:2]
            if (of := day_of(at)) != day:
                end()
                day, first, events = of, seq, 0
            digest.update(encode(tuple(row)) + b"\n")
            last, events = seq, events + 1
    end()
    return tuple(found)


async def _altered(connection: AsyncConnection) -> tuple[str, ...]:
    """The promises that are not what their log has made of them, or an attempt of which is not, or of which only the
    ledger still knows."""
    log, there, tried = await told(connection), await promises_there(connection), await attempts_there(connection)
    log.beside(there)
    given = tables.call.c.callback
    known = await connection.scalars(select(given).distinct().where(given.is_not(None)))
    wrong = log.broken | (set(known) - log.promises.keys())
    wrong |= {of for of in there.keys() | log.promises.keys() if not same(there.get(of), log.promises.get(of))}
    wrong |= {row["callback"] for of, row in log.attempts.items() if row and not same(tried.get(of), row)}
    wrong |= {row["callback"] for of, row in tried.items() if of not in log.attempts}
    return tuple(sorted(wrong))
