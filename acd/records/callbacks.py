"""The promises to call back, in the database: one transaction a step (:class:`acd.ports.PromiseStore`).

On SQLite a transaction that writes has the database for itself. On PostgreSQL each holds the row that it changes, and a
lock on the name of the call or attempt that it is about: whoever asks for the same thing again, because a commit had no
answer, waits until that commit is over. A server ends by itself what a vanished machine has left open.
"""

import uuid
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import msgspec
from sqlalchemy import RowMapping, Select, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from acd.model import promise as steps
from acd.model.callback import CALLBACK_MOVES, OWED, AttemptResult, AttemptStage, CallbackMove, CallbackState
from acd.model.history import HALF_HOUR
from acd.model.hook import NewsKind, callback_kind
from acd.model.ids import CallbackId, CallId, LineId, OfferId, OperatorId
from acd.model.promise import (
    BOOK,
    CALLER,
    SYSTEM,
    WITHDRAW,
    Attempt,
    Change,
    Claimed,
    Decide,
    Note,
    Promise,
    Rung,
    Step,
)
from acd.ports import StoreAway
from acd.records import tables
from acd.records.database import connect, said
from acd.records.writing import blames_data

LOCK_PATIENCE: Final = "4s"
"""How long PostgreSQL waits for a row or a name that somebody else holds."""
LONGEST_STEP: Final = "15s"
"""After so long without a word PostgreSQL takes back what a transaction holds: its machine is gone."""

FOR_EVER: Final = float("inf")

_callback, _attempt = tables.callback.c, tables.attempt.c
_PROMISE: Final = [column for column in tables.callback.c if column is not _callback.number]
_OWED: Final = _callback.state.in_([state.value for state in OWED])
_CLAIMABLE: Final = [state.value for state, made in CALLBACK_MOVES if made is CallbackMove.CLAIM]


class CallbackStore:
    """Implements :class:`acd.ports.PromiseStore`.

    Args:
        url: as of the :class:`~acd.records.ledger.Ledger`, of a database that is there.

    Raises:
        DatabaseUnusable: the address is wrong.
    """

    def __init__(self, url: str) -> None:
        self._engine = connect(url)
        self._reader = connect(url, readonly=True)
        self._source = uuid.uuid4().hex

    async def close(self) -> None:
        await self._engine.dispose()
        await self._reader.dispose()

    # --- The caller's part --------------------------------------------------------------------------------------------

    async def book(self, promise: Promise, number: str) -> Promise:
        try:
            async with self._writing(f"call {promise.call}") as connection:
                return await self._book(connection, promise, number)
        except IntegrityError:
            # Asked again, his other promise is seen.
            raise StoreAway("the same citizen has booked in another call at this very moment") from None

    async def _book(self, connection: AsyncConnection, promise: Promise, number: str) -> Promise:
        told = or_(_callback.call == promise.call, _callback.callback == promise.callback)
        if before := await _one(connection, _promises().where(told)):
            return before
        his = _promises().where(_callback.number == number, _callback.line == promise.line, _OWED)
        note = Note(promise.promised_at, CALLER, BOOK)
        if owed := await _one(connection, his.with_for_update()):
            return await write_step(connection, owed, steps.rebooked(owed, promise), note)
        next_number = select(func.coalesce(func.max(tables.callback_log.c.step), 0) + 1)
        step = await connection.scalar(next_number.where(tables.callback_log.c.callback == promise.callback))
        promise = msgspec.structs.replace(promise, step=step)
        await connection.execute(insert(tables.callback).values(**msgspec.to_builtins(promise), number=number))
        await _log(connection, steps.change(None, promise, note), promise)
        return promise

    async def withdraw(self, call: CallId, since: float, at: float) -> None:
        async with self._writing(f"call {call}") as connection:
            promise = await _one(connection, _promises().where(_callback.call == call).with_for_update())
            if promise is None:
                return
            last = _change((await connection.execute(_log_of(promise.callback))).mappings().all()[-1])
            before, note = steps.unbooked(promise, last, since), Note(at, SYSTEM, WITHDRAW, "nobody was told of it")
            if before is None:
                await connection.execute(delete(tables.callback).where(_callback.callback == promise.callback))
                await _log(connection, steps.change(promise, None, note), promise)
            elif before != promise:
                await write_step(connection, promise, before, note)

    # --- Attempts -----------------------------------------------------------------------------------------------------

    async def claim(self, callback: CallbackId, attempt: OfferId, operator: OperatorId, at: float) -> Claimed | None:
        try:
            async with self._writing(f"attempt {attempt}") as connection:
                return await self._claim(connection, callback, attempt, operator, at)
        except IntegrityError:
            # Another engine has given an attempt of its own the same number.
            return None

    async def _claim(
        self, connection: AsyncConnection, callback: CallbackId, number: OfferId, operator: OperatorId, at: float
    ) -> Claimed | None:
        """One statement, whose condition only one can fulfil; who holds the row at that moment has it."""
        due = (_callback.callback == callback, _callback.state.in_(_CLAIMABLE), _callback.start_at <= at)
        mine = select(_callback.callback).where(*due).with_for_update(skip_locked=True).scalar_subquery()
        claim = (
            update(tables.callback)
            .where(_callback.callback == mine, *due, _callback.number.is_not(None))
            .values(state=CallbackState.CLAIMED.value, attempt=number, step=_callback.step + 1)
            .returning(*tables.callback.c)
        )
        row = (await connection.execute(claim)).mappings().one_or_none()
        if row is None:
            return await self._claimed_before(connection, callback, number)
        promise = msgspec.convert(row, Promise)
        before = msgspec.structs.replace(promise, state=CallbackState.OPEN, attempt=None, step=promise.step - 1)
        attempt = Attempt(
            attempt=number,
            callback=callback,
            line=promise.line,
            operator=operator,
            source=self._source,
            claimed_at=at,
        )
        await connection.execute(insert(tables.attempt).values(**msgspec.to_builtins(attempt)))
        note = Note(at, SYSTEM, CallbackMove.CLAIM, attempt=number)
        await _log(connection, steps.change(before, promise, note), promise, attempt)
        return Claimed(promise, row["number"])

    async def _claimed_before(
        self, connection: AsyncConnection, callback: CallbackId, number: OfferId
    ) -> Claimed | None:
        """It may be ours already: a commit of which we had no answer."""
        attempt = await _find_attempt(connection, number)
        if attempt is None or attempt.source != self._source or attempt.callback != callback:
            return None
        his = select(tables.callback).where(_callback.callback == callback, _callback.attempt == number)
        row = (await connection.execute(his)).mappings().one_or_none()
        return None if row is None else Claimed(msgspec.convert(row, Promise), row["number"])

    async def release(self, attempt: OfferId, at: float) -> None:
        async with self._writing(f"attempt {attempt}") as connection:
            found = await _find_attempt(connection, attempt)
            if found is not None and found.source == self._source:
                await self._end(connection, found, AttemptResult.OPERATOR, at, steps.at_once)

    async def note_attempt(self, attempt: OfferId, stage: AttemptStage, at: float) -> None:
        async with self._writing(f"attempt {attempt}") as connection:
            found = await _find_attempt(connection, attempt)
            if found is None:
                return
            old = await _held(connection, found.callback)
            found = await _find_attempt(connection, attempt) or found  # as it is now that nobody else is at it
            new, after = steps.noted(old, found, stage, at)
            if after != found:
                await _keep(connection, after)
                await write_step(connection, old, new, Note(at, SYSTEM, stage, attempt=attempt), after)

    async def end_attempt(self, attempt: OfferId, result: AttemptResult, at: float, decide: Decide) -> Promise | None:
        async with self._writing(f"attempt {attempt}") as connection:
            found = await _find_attempt(connection, attempt)
            return None if found is None else await self._end(connection, found, result, at, decide)

    async def _end(
        self, connection: AsyncConnection, attempt: Attempt, result: AttemptResult, at: float, decide: Decide
    ) -> Promise | None:
        old = await _held(connection, attempt.callback)
        attempt = await _find_attempt(connection, attempt.attempt) or attempt  # as it is now that nobody else is at it
        if attempt.ended_at is not None:
            return None
        new, after = steps.ended(old, attempt, result, at, decide)
        await _keep(connection, after)
        return await write_step(connection, old, new, Note(at, SYSTEM, "ended", result, attempt.attempt), after)

    # --- Whoever else changes it --------------------------------------------------------------------------------------

    async def change(self, callback: CallbackId, step: Step, note: Note) -> Promise:
        async with self._writing() as connection:
            old = await _held(connection, callback)
            return await write_step(connection, old, step(old), note)

    # --- Reads --------------------------------------------------------------------------------------------------------

    async def owed_to(self, number: str, line: LineId) -> Promise | None:
        found = await self._read(_promises().where(_callback.number == number, _callback.line == line, _OWED))
        return msgspec.convert(found[0], Promise) if found else None

    async def booked_by(self, call: CallId) -> Promise | None:
        found = await self._read(_promises().where(or_(_callback.call == call, _callback.callback == call)))
        return msgspec.convert(found[0], Promise) if found else None

    async def owed(self) -> list[Promise]:
        rows = await self._read(_promises().where(_OWED).order_by(_callback.deadline, _callback.callback))
        return [msgspec.convert(row, Promise) for row in rows]

    async def taken(self, line: LineId) -> dict[float, int]:
        rows = await self._read(
            select(_callback.start_at, func.count().label("promises"))
            .where(_callback.line == line, _callback.state == CallbackState.OPEN.value, _OWED)
            .group_by(_callback.start_at)
        )
        taken: dict[float, int] = {}
        for row in rows:
            half_hour = row["start_at"] // HALF_HOUR * HALF_HOUR
            taken[half_hour] = taken.get(half_hour, 0) + row["promises"]
        return taken

    async def promises(self, *, since: float = 0.0, until: float = FOR_EVER, limit: int = 1000) -> list[Promise]:
        given = _promises().where(_callback.promised_at >= since, _callback.promised_at < until)
        rows = await self._read(given.order_by(_callback.promised_at.desc(), _callback.callback.desc()).limit(limit))
        return [msgspec.convert(row, Promise) for row in rows]

    async def promise(self, callback: CallbackId) -> Promise | None:
        found = await self._read(_promises().where(_callback.callback == callback))
        return msgspec.convert(found[0], Promise) if found else None

    async def attempts(self, callback: CallbackId) -> list[Attempt]:
        his = select(tables.attempt).where(_attempt.callback == callback)
        rows = await self._read(his.order_by(_attempt.claimed_at, _attempt.attempt))
        return [msgspec.convert(row, Attempt) for row in rows]

    async def rung(self, since: float, number: str | None = None) -> Rung:
        talked = func.coalesce(func.sum(_attempt.ended_at - _attempt.answered_at), 0.0)
        which = select(func.count().label("calls"), talked.label("seconds")).where(_attempt.dialled_at >= since)
        if number is not None:
            his = select(_callback.callback).where(_callback.number == number)
            which = which.where(_attempt.callback.in_(his))
        (row,) = await self._read(which)
        return Rung(row["calls"], row["seconds"])

    async def changes(self, callback: CallbackId) -> list[Change]:
        return [_change(row) for row in await self._read(_log_of(callback))]

    async def closed(self, line: LineId | None, limit: int) -> list[Promise]:
        over = _promises().where(_callback.closed_at.is_not(None))
        if line is not None:
            over = over.where(_callback.line == line)
        rows = await self._read(over.order_by(_callback.closed_at.desc(), _callback.callback.desc()).limit(limit))
        return [msgspec.convert(row, Promise) for row in rows]

    async def numbers(self, callbacks: Collection[CallbackId]) -> dict[CallbackId, str]:
        known = select(_callback.callback, _callback.number).where(_callback.number.is_not(None))
        rows = await self._read(known.where(_callback.callback.in_(callbacks)))
        return {row["callback"]: row["number"] for row in rows}

    # --- Transactions -------------------------------------------------------------------------------------------------

    async def _read(self, query: Select[Any]) -> Sequence[RowMapping]:
        try:
            async with self._reader.connect() as connection:
                rows: Sequence[RowMapping] = (await connection.execute(query)).mappings().all()
                return rows
        except (SQLAlchemyError, OSError) as error:
            raise StoreAway(said(error)) from error

    @asynccontextmanager
    async def _writing(self, name: str | None = None) -> AsyncIterator[AsyncConnection]:
        """A transaction: all of it, or nothing. On PostgreSQL nobody else is at work on ``name`` meanwhile.

        Raises:
            StoreAway: the database did not do it, or did not say so.
            IntegrityError: somebody else was first.
            ValueError: no database can hold that. The text holds none of it.
        """
        try:
            async with self._engine.begin() as connection:
                if connection.dialect.name == "postgresql":
                    await connection.execute(_TERMS)
                    if name is not None:
                        await connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))
                yield connection
        except IntegrityError:
            raise
        except (SQLAlchemyError, OSError) as error:
            if blames_data(error):
                raise ValueError(f"refused by the database: {type(error).__name__}") from None
            raise StoreAway(said(error)) from error


_TERMS: Final = select(
    func.set_config("lock_timeout", LOCK_PATIENCE, True),
    func.set_config("idle_in_transaction_session_timeout", LONGEST_STEP, True),
)


def _promises() -> Select[Any]:
    return select(*_PROMISE)


def _log_of(callback: CallbackId) -> Select[Any]:
    entries = tables.callback_log
    return select(entries).where(entries.c.callback == callback).order_by(entries.c.step)


def _change(row: RowMapping) -> Change:
    values = {str(name): value for name, value in row.items()}
    for name in ("old", "new"):
        values[name] = None if values[name] is None else msgspec.json.decode(values[name])
    return msgspec.convert(values, Change)


async def _one(connection: AsyncConnection, query: Select[Any]) -> Promise | None:
    row = (await connection.execute(query)).mappings().first()
    return None if row is None else msgspec.convert(row, Promise)


async def _held(connection: AsyncConnection, callback: CallbackId) -> Promise:
    """The promise as it is, and as it stays until we have changed it."""
    promise = await _one(connection, _promises().where(_callback.callback == callback).with_for_update())
    if promise is None:
        raise steps.NoSuchCallback(callback)
    return promise


async def _find_attempt(connection: AsyncConnection, attempt: OfferId) -> Attempt | None:
    row = (await connection.execute(select(tables.attempt).where(_attempt.attempt == attempt))).mappings().first()
    return None if row is None else msgspec.convert(row, Attempt)


async def _keep(connection: AsyncConnection, attempt: Attempt) -> None:
    row = msgspec.to_builtins(attempt)
    await connection.execute(update(tables.attempt).where(_attempt.attempt == attempt.attempt).values(**row))


async def write_step(
    connection: AsyncConnection, old: Promise, new: Promise, note: Note, tried: Attempt | None = None
) -> Promise:
    """``tried``: the attempt that the step is about, as it is now."""
    new = steps.next_step(old, new)
    row = msgspec.to_builtins(new)
    await connection.execute(update(tables.callback).where(_callback.callback == new.callback).values(**row))
    await _log(connection, steps.change(old, new, note), new, tried)
    return new


async def _log(connection: AsyncConnection, entry: Change, promise: Promise, tried: Attempt | None = None) -> None:
    """``promise``: as it is now, or was last."""
    row = msgspec.to_builtins(entry)
    for name in ("old", "new"):
        row[name] = None if row[name] is None else msgspec.json.encode(row[name]).decode()
    row["tried"] = None if tried is None else msgspec.json.encode(tried).decode()
    await connection.execute(insert(tables.callback_log).values(**row))
    if kind := callback_kind(entry):
        await connection.execute(insert(tables.callback_news).values(**_news(entry, promise, kind)))


def _news(entry: Change, promise: Promise, kind: NewsKind) -> dict[str, Any]:
    """What other programs are told of this step."""
    data = {
        "callback": promise.callback,
        "call": promise.call,
        "line": promise.line,
        "start": promise.start_at,
        "end": promise.end_at,
        "deadline": promise.deadline,
        "attempts": promise.attempts,
        "why": promise.why,
    }
    return {
        "callback": entry.callback,
        "step": entry.step,
        "at": entry.at,
        "kind": kind.value,
        "line": promise.line,
        "call": promise.call,
        "data": msgspec.json.encode(data).decode(),
    }
