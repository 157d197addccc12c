"""Deliveries to the city's programs in the database, made of what the records hold anyway.

The ledger is numbered without a hole, so a number a hook is all that must be remembered: what came after it is still to
be told, whatever was restarted meanwhile. Writing the ledger costs nothing more. Steps of promises wait in
``callback_news``, where they were put by the very transaction that took them.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import RowMapping, and_, case, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from acd.model import events as ev
from acd.model.events import Event
from acd.model.hook import PERSONAL, Delivery, Hook, HookState, News, NewsKind
from acd.model.ids import CallbackId, CallId, LineId
from acd.records import tables
from acd.records.entries import unseal
from acd.records.store import Store
from acd.records.writing import insert_new

AT_ONCE: Final = 500
"""Ledger rows of one transaction."""

_event, _hook, _delivery, _news = tables.event.c, tables.hook.c, tables.delivery.c, tables.callback_news.c

TOLD: Final[Mapping[type[Event], NewsKind]] = {
    ev.CallOffered: NewsKind.CALL_OFFERED,
    ev.CallAnswered: NewsKind.CALL_ANSWERED,
    ev.CallEnded: NewsKind.CALL_ENDED,
    ev.OperatorChanged: NewsKind.OPERATOR_CHANGED,
}
_TYPES: Final = [kind.__name__ for kind in TOLD]


class HookStore(Store):
    """All methods raise :class:`~acd.records.database.DatabaseUnusable` when the database does not do it."""

    # --- Making deliveries --------------------------------------------------------------------------------------------

    async def begin(self, hooks: Collection[str], at: float) -> None:
        """A hook that is new hears of what happens from now on; what one that is gone still had to hear is dropped."""
        async with self._writing() as connection:
            known = set(await connection.scalars(select(_hook.hook)))
            last = await connection.scalar(select(func.coalesce(func.max(_event.seq), 0)))
            fresh = [{"hook": name, "seq": last, "since": at} for name in hooks if name not in known]
            if fresh:
                await connection.execute(insert(tables.hook), fresh)
            if gone := known - set(hooks):
                await connection.execute(delete(tables.hook).where(_hook.hook.in_(gone)))
                await connection.execute(delete(tables.delivery).where(_delivery.hook.in_(gone)))

    async def gather(self, hooks: Mapping[str, Hook]) -> bool:
        """Make deliveries of what has happened since; a part of it. True: there was something."""
        if not await self._anything():
            return False
        async with self._writing() as connection:
            found = await self._from_ledger(connection, hooks)
            return await self._from_promises(connection, hooks) or found

    async def _anything(self) -> bool:
        last, behind = select(func.max(_event.seq)).scalar_subquery(), select(func.min(_hook.seq)).scalar_subquery()
        steps = select(func.count()).select_from(tables.callback_news).scalar_subquery()
        async with self._reading() as connection:
            newest, reached, waiting = (await connection.execute(select(last, behind, steps))).one()
        return bool(waiting) or (reached is not None and (newest or 0) > reached)

    async def _from_ledger(self, connection: AsyncConnection, hooks: Mapping[str, Hook]) -> bool:
        cursors = {row.hook: row.seq for row in await connection.execute(select(tables.hook)) if row.hook in hooks}
        last = await connection.scalar(select(func.coalesce(func.max(_event.seq), 0)))
        if not cursors or last <= min(cursors.values()):
            return False
        columns = (_event.seq, _event.data)
        part = select(*columns).where(_event.seq > min(cursors.values()), _event.type.in_(_TYPES))
        rows = (await connection.execute(part.order_by(_event.seq).limit(AT_ONCE))).all()
        reached = rows[-1].seq if len(rows) == AT_ONCE else last
        found = [(row.seq, event) for row in rows if (event := unseal(row.data)) is not None]
        ends = await _ends(connection, [event.call for _, event in found if isinstance(event, ev.CallEnded)])
        for seq, event in found:
            news = _told(seq, event, ends)
            await _deliver(connection, news, [hooks[name] for name, cursor in cursors.items() if cursor < seq])
        behind = (_hook.hook.in_(cursors), _hook.seq < reached)
        await connection.execute(update(tables.hook).where(*behind).values(seq=reached))
        return True

    async def _from_promises(self, connection: AsyncConnection, hooks: Mapping[str, Hook]) -> bool:
        since = {row.hook: row.since for row in await connection.execute(select(tables.hook)) if row.hook in hooks}
        part = select(tables.callback_news).order_by(_news.at, _news.callback, _news.step).limit(AT_ONCE)
        rows = (await connection.execute(part)).mappings().all()
        for row in rows:
            listening = [hooks[name] for name, from_then in since.items() if from_then <= row["at"]]
            await _deliver(connection, _step(row), listening)
            mine = and_(_news.callback == row["callback"], _news.step == row["step"])
            await connection.execute(delete(tables.callback_news).where(mine))
        return bool(rows)

    # --- Sending them -------------------------------------------------------------------------------------------------

    async def due(self, hook: str, now: float, limit: int) -> list[Delivery]:
        """Those that are to be sent by now, in the order in which it happened."""
        waits = select(tables.delivery).where(_delivery.hook == hook, _delivery.next_at <= now)
        return await self._deliveries(waits.order_by(_delivery.at, _delivery.news).limit(limit))

    async def next_at(self, hook: str) -> float | None:
        """When the next one is to be sent; None = none waits."""
        async with self._reading() as connection:
            soonest: float | None = await connection.scalar(
                select(func.min(_delivery.next_at)).where(_delivery.hook == hook)
            )
            return soonest

    async def number(self, delivery: Delivery) -> str | None:
        """The citizen's number, if it is known and not erased."""
        async with self._reading() as connection:
            found = None
            if delivery.callback is not None:
                his = select(tables.callback.c.number).where(tables.callback.c.callback == delivery.callback)
                found = await connection.scalar(his)
            if found is None and delivery.call is not None:
                found = await connection.scalar(
                    select(tables.caller.c.number).where(tables.caller.c.call == delivery.call)
                )
            return found

    async def taken(self, delivery: Delivery, at: float, status: int) -> None:
        """The receiver has it."""
        await self._set(
            delivery, attempts=delivery.attempts + 1, next_at=None, delivered_at=at, status=status, error=None
        )

    async def failed(
        self, delivery: Delivery, at: float, again_at: float | None, status: int | None, error: str
    ) -> None:
        """It was not taken; ``again_at`` None: it is given up."""
        dead_at = at if again_at is None else None
        await self._set(
            delivery,
            attempts=delivery.attempts + 1,
            next_at=again_at,
            dead_at=dead_at,
            status=status,
            error=error,
        )

    async def _set(self, delivery: Delivery, **values: Any) -> None:
        mine = and_(_delivery.hook == delivery.hook, _delivery.news == delivery.news)
        async with self._writing() as connection:
            await connection.execute(update(tables.delivery).where(mine).values(values))

    # --- Looking after them -------------------------------------------------------------------------------------------

    async def redeliver(self, hook: str, news: str | None, at: float) -> int:
        """Send once more what was given up; or one of them, also one that was taken. How many."""
        which = _delivery.dead_at.is_not(None) if news is None else _delivery.news == news
        again = {"attempts": 0, "next_at": at, "dead_at": None, "delivered_at": None, "error": None}
        async with self._writing() as connection:
            done = await connection.execute(update(tables.delivery).where(_delivery.hook == hook, which).values(again))
            return done.rowcount

    async def states(self) -> dict[str, HookState]:
        """By hook; one for which there was never anything is missing."""
        waits, dead = _delivery.next_at.is_not(None), _delivery.dead_at.is_not(None)
        query = select(
            _delivery.hook,
            func.sum(case((waits, 1), else_=0)).label("pending"),
            func.sum(case((dead, 1), else_=0)).label("dead"),
            func.max(_delivery.delivered_at).label("delivered_at"),
        ).group_by(_delivery.hook)
        async with self._reading() as connection:
            rows = (await connection.execute(query)).all()
            wrong = select(_delivery.hook, _delivery.error).where(or_(waits, dead), _delivery.error.is_not(None))
            errors = {row.hook: row.error for row in await connection.execute(wrong.order_by(_delivery.at))}
        return {
            row.hook: HookState(int(row.pending), int(row.dead), row.delivered_at, errors.get(row.hook)) for row in rows
        }

    async def dead(self, limit: int) -> list[Delivery]:
        """Those that were given up, the latest first."""
        over = select(tables.delivery).where(_delivery.dead_at.is_not(None))
        return await self._deliveries(over.order_by(_delivery.at.desc(), _delivery.news).limit(limit))

    async def forget(self, taken_before: float, any_before: float) -> int:
        """Delete deliveries of what happened so long ago: those that were taken, and all others. How many."""
        old = or_(and_(_delivery.at < taken_before, _delivery.delivered_at.is_not(None)), _delivery.at < any_before)
        async with self._writing() as connection:
            return (await connection.execute(delete(tables.delivery).where(old))).rowcount

    async def _deliveries(self, query: Any) -> list[Delivery]:
        async with self._reading() as connection:
            return [msgspec.convert(row, Delivery) for row in (await connection.execute(query)).mappings()]


async def _ends(connection: AsyncConnection, calls: Sequence[CallId]) -> dict[str, RowMapping]:
    """What became of the calls that have ended, by call."""
    if not calls:
        return {}
    call, outcome = tables.call.c, tables.outcome.c
    query = (
        select(call.arrived_at, call.answered_at, call.talk_ended_at, call.operator, call.language, call.path)
        .add_columns(call.call, outcome.outcome, outcome.waited, func.coalesce(outcome.line, call.line).label("line"))
        .join(tables.outcome, outcome.call == call.call, isouter=True)
        .where(call.call.in_(calls))
    )
    return {row["call"]: row for row in (await connection.execute(query)).mappings()}


def _told(seq: int, event: Event, ends: Mapping[str, RowMapping]) -> News:
    """What a ledger row says to other programs."""
    kind, line = TOLD[type(event)], getattr(event, "line", None)
    match event:
        case ev.CallOffered():
            data = {"operator": event.operator, "offer": event.offer, "waited": event.why.waited}
        case ev.CallAnswered():
            data = {"operator": event.operator, "answered": event.answered_at, "waited": event.waited}
        case ev.CallEnded():
            end: Mapping[Any, Any] = ends.get(event.call) or {}
            line = end.get("line")
            data = {"ended": event.gone_at, **{name: end.get(column) for name, column in _END.items()}}
        case ev.OperatorChanged():
            data = {"operator": event.operator, "state": event.state, "reason": event.reason, "by": event.by}
        case _:
            raise AssertionError(f"nobody is told of a {type(event).__name__}")
    call = getattr(event, "call", None)
    if call is not None:
        data = {"call": call, **data}
    return News(f"e{seq}", kind, event.at, line, {"line": line, **data}, call)


_END: Final = {
    "arrived": "arrived_at",
    "answered": "answered_at",
    "talk_ended": "talk_ended_at",
    "outcome": "outcome",
    "waited": "waited",
    "operator": "operator",
    "language": "language",
    "path": "path",
}


def _step(row: RowMapping) -> News:
    callback, call = CallbackId(row["callback"]), CallId(row["call"])
    data = msgspec.json.decode(row["data"])
    id = f"c{callback}.{row['step']}"
    return News(id, NewsKind(row["kind"]), row["at"], LineId(row["line"]), data, call, callback)


async def _deliver(connection: AsyncConnection, news: News, hooks: Iterable[Hook]) -> None:
    rows = [_row(news, hook) for hook in hooks if hook.wants(news)]
    if rows:
        await connection.execute(insert_new(tables.delivery, connection.dialect.name), rows)


def _row(news: News, hook: Hook) -> dict[str, Any]:
    data = {key: value for key, value in news.data.items() if hook.personal or key not in PERSONAL}
    row = Delivery(
        hook.name,
        news.id,
        news.kind,
        news.at,
        msgspec.json.encode(data).decode(),
        news.call,
        news.callback,
        next_at=news.at,
    )
    return msgspec.to_builtins(row)  # type: ignore[no-any-return]
