"""What the log tells of each promise to call back and of each attempt, and both tables made anew from it.

Each step was written in the transaction that took it (:mod:`acd.records.callbacks`), so a row must be what its steps,
one after the other, have made of it. Of attempts the log of older versions says too little: such a one is not known
here, and stays as it is. The citizen's number is in no log: a promise whose row is lost comes back without one.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from sqlalchemy import Table, delete, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from acd.model.promise import Attempt, Promise
from acd.records import tables
from acd.records.database import connect, writing

Row = dict[str, Any]

_PAGE: Final = 5000
_OF_PROMISE: Final = frozenset(Promise.__struct_fields__)
_OF_ATTEMPT: Final = frozenset(Attempt.__struct_fields__)


class Told(msgspec.Struct):
    """By the log alone."""

    promises: dict[str, Row | None] = msgspec.field(default_factory=dict)
    """What is told of each; None = withdrawn."""
    attempts: dict[int, Row | None] = msgspec.field(default_factory=dict)
    """None = not all of it is told."""
    broken: set[str] = msgspec.field(default_factory=set)
    """Promises whose log has a hole, or cannot be read."""

    def take(self, callback: str, step: int, attempt: int | None, new: str | None, tried: str | None) -> None:
        """The next entry of a promise."""
        try:
            changed = None if new is None else msgspec.json.decode(new, type=Row)
            whole = None if tried is None else msgspec.json.decode(tried, type=Row)
        except msgspec.DecodeError:
            self.broken.add(callback)
            return
        if not (changed or {}).keys() <= _OF_PROMISE or not (whole or {}).keys() <= _OF_ATTEMPT:
            self.broken.add(callback)
        before = self.promises.get(callback) or {}
        self.promises[callback] = None if changed is None else before | changed | {"step": step}
        if attempt is not None:
            self.attempts[attempt] = whole


async def told(connection: AsyncConnection) -> Told:
    """Read the whole log."""
    found, last = Told(), dict[str, int]()
    log = tables.callback_log.c
    entries = select(log.callback, log.step, log.attempt, log.new, log.tried).order_by(log.callback, log.step)
    rows = await connection.stream(entries.execution_options(yield_per=_PAGE))
    async for callback, step, attempt, new, tried in rows:
        last[callback] = last.get(callback, 0) + 1
        if step != last[callback]:
            found.broken.add(callback)
        found.take(callback, step, attempt, new, tried)
    return found


async def promises_there(connection: AsyncConnection) -> dict[str, Row]:
    columns = [tables.callback.c[name] for name in Promise.__struct_fields__]
    return {row["callback"]: dict(row) for row in (await connection.execute(select(*columns))).mappings()}


async def attempts_there(connection: AsyncConnection) -> dict[int, Row]:
    return {row["attempt"]: dict(row) for row in (await connection.execute(select(tables.attempt))).mappings()}


def same(row: Row | None, said: Row | None) -> bool:
    """Whether a row is what is told of it. What is not told may be anything."""
    if row is None or said is None:
        return row is said
    return all(name in row and row[name] == value for name, value in said.items())


async def retell(url: str) -> int:
    """Make promises and attempts what their log says, in one transaction in which nobody else writes. A promise whose
    log is not whole stays as it is, and so do its attempts.

    Returns:
        How many rows were another thing before.

    Raises:
        DatabaseUnusable: the address is wrong.
        SQLAlchemyError, OSError: the database did not take it; all is as before.
    """
    engine: AsyncEngine = connect(url)
    try:
        async with writing(engine) as connection:
            if connection.dialect.name == "postgresql":
                # Every step begins with the row of its promise: none is under way in part when this is granted.
                await connection.execute(text("LOCK TABLE callback, attempt IN EXCLUSIVE MODE"))
            return await _retell(connection)
    finally:
        await engine.dispose()


async def _retell(connection: AsyncConnection) -> int:
    log = await told(connection)
    promises = {callback: row for callback, row in log.promises.items() if callback not in log.broken}
    attempts = {of: row for of, row in log.attempts.items() if row is not None and row["callback"] in promises}
    return await _mend(connection, tables.callback, await promises_there(connection), promises, Promise) + await _mend(
        connection, tables.attempt, await attempts_there(connection), attempts, Attempt
    )


async def _mend(
    connection: AsyncConnection,
    table: Table,
    there: Mapping[Any, Row],
    wanted: Mapping[Any, Row | None],
    kind: type[Promise | Attempt],
) -> int:
    [key] = table.primary_key
    mended = 0
    for of, row in wanted.items():
        if same(there.get(of), row):
            continue
        mended += 1
        if row is None:
            await connection.execute(delete(table).where(key == of))
        elif of in there:
            await connection.execute(update(table).where(key == of).values(**row))
        else:
            # With what a log of an older version does not name yet.
            whole = msgspec.to_builtins(msgspec.convert(row, kind))
            await connection.execute(insert(table).values(**whole))
    return mended
