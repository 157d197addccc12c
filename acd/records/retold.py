"""What the log tells of each promise to call back and of each attempt, and both tables made anew from it.

Each step was written in the transaction that took it (:mod:`acd.records.callbacks`), so a row must be what its steps,
one after the other, have made of it. Of attempts the log of older versions says too little: such a one is not known
here, and stays as it is. The citizen's number is in no log: a promise whose row is lost comes back with that of his
call, while it is kept.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from sqlalchemy import Table, delete, insert, select, text, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from acd.model.promise import Attempt, Promise
from acd.records import tables
from acd.records.database import DatabaseUnusable, connect, said, writing

Row = dict[str, Any]

_PAGE: Final = 5000
_OF_PROMISE: Final = frozenset(Promise.__struct_fields__)


class Told(msgspec.Struct):
    """By the log alone."""

    promises: dict[str, Row | None] = msgspec.field(default_factory=dict)
    """What is told of each; None = withdrawn."""
    attempts: dict[int, Row | None] = msgspec.field(default_factory=dict)
    """None = not all of it is told."""
    broken: set[str] = msgspec.field(default_factory=set)
    """Promises whose log has a hole, or cannot be read."""
    steps: dict[str, int] = msgspec.field(default_factory=dict)
    """The last one of each."""

    def take(self, callback: str, step: int, attempt: int | None, new: str | None, tried: str | None) -> None:
        """The next entry of a promise."""
        self.steps[callback] = self.steps.get(callback, 0) + 1
        if step != self.steps[callback]:
            self.broken.add(callback)
        try:
            changed = None if new is None else msgspec.json.decode(new, type=Row)
            whole = None if tried is None else msgspec.json.decode(tried, type=Attempt)
        except msgspec.MsgspecError:
            self.broken.add(callback)
            return
        if not (changed or {}).keys() <= _OF_PROMISE or (
            whole and (whole.callback, whole.attempt) != (callback, attempt)
        ):
            self.broken.add(callback)
            return
        before = self.promises.get(callback) or {}
        self.promises[callback] = None if changed is None else before | changed | {"step": step}
        if attempt is not None:
            self.attempts[attempt] = None if whole is None else msgspec.to_builtins(whole)

    def beside(self, there: Mapping[str, Row]) -> None:
        """A promise that has taken a step more than its log tells has lost the end of it, as a hole in its midst would
        be one."""
        self.broken |= {of for of, row in there.items() if row["step"] > self.steps.get(of, row["step"])}


async def told(connection: AsyncConnection) -> Told:
    """Read the whole log."""
    found = Told()
    log = tables.callback_log.c
    entries = select(log.callback, log.step, log.attempt, log.new, log.tried).order_by(log.callback, log.step)
    rows = await connection.stream(entries.execution_options(yield_per=_PAGE))
    async for callback, step, attempt, new, tried in rows:
        found.take(callback, step, attempt, new, tried)
    return found


async def promises_there(connection: AsyncConnection) -> dict[str, Row]:
    columns = [tables.callback.c[name] for name in Promise.__struct_fields__]
    return {row["callback"]: dict(row) for row in (await connection.execute(select(*columns))).mappings()}


async def attempts_there(connection: AsyncConnection) -> dict[int, Row]:
    return {row["attempt"]: dict(row) for row in (await connection.execute(select(tables.attempt))).mappings()}


def same(row: Row | None, log: Row | None) -> bool:
    """Whether a row is what is told of it. What is not told may be anything."""
    if row is None or log is None:
        return row is log
    return all(name in row and row[name] == value for name, value in log.items())


async def retell(url: str) -> int:
    """Make promises and attempts what their log says, in one transaction in which nobody else writes. A promise whose
    log is not whole stays as it is, and so do its attempts; so does a row that may not stand beside the others, as the
    second promise that a citizen would be owed on a line.

    Returns:
        How many rows were another thing before.

    Raises:
        DatabaseUnusable: the address is wrong, or the database did not take it; all is as before.
    """
    engine: AsyncEngine = connect(url)
    try:
        async with writing(engine) as connection:
            if connection.dialect.name == "postgresql":
                # Every step begins with the row of its promise: none is under way in part when this is granted.
                await connection.execute(text("LOCK TABLE callback, attempt IN EXCLUSIVE MODE"))
            return await _retell(connection)
    except (SQLAlchemyError, OSError) as error:
        raise DatabaseUnusable(str(engine.url), said(error)) from None
    finally:
        await engine.dispose()


async def _retell(connection: AsyncConnection) -> int:
    log, there = await told(connection), await promises_there(connection)
    log.beside(there)
    promises = {callback: row for callback, row in log.promises.items() if callback not in log.broken}
    attempts = {of: row for of, row in log.attempts.items() if row is not None and row["callback"] in promises}
    mended = await _mend(connection, tables.callback, there, promises)
    return mended + await _mend(connection, tables.attempt, await attempts_there(connection), attempts)


async def _mend(
    connection: AsyncConnection, table: Table, there: Mapping[Any, Row], wanted: Mapping[Any, Row | None]
) -> int:
    mended = 0
    for of, row in wanted.items():
        if same(there.get(of), row):
            continue
        try:
            async with connection.begin_nested():
                await _set_right(connection, table, of, row, is_there=of in there)
        except IntegrityError:
            continue
        mended += 1
    return mended


async def _set_right(connection: AsyncConnection, table: Table, of: Any, row: Row | None, *, is_there: bool) -> None:
    [key] = table.primary_key
    if row is None:
        await connection.execute(delete(table).where(key == of))
    elif is_there:
        await connection.execute(update(table).where(key == of).values(**row))
    elif table is tables.attempt:
        await connection.execute(insert(table).values(**row))
    else:
        # With what a log of an older version does not name, and the number of the call in which it was given, if kept.
        whole = msgspec.to_builtins(msgspec.convert(row, Promise))
        caller = tables.caller.c
        number = await connection.scalar(select(caller.number).where(caller.call.in_((whole["call"], of))).limit(1))
        await connection.execute(insert(table).values(**whole, number=number))
