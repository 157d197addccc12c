"""What the records are asked: by the engine at its start, by the command line and by the pages. Reads only."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final

import msgspec
import structlog
from sqlalchemy import ColumnElement, RowMapping, Select, and_, false, func, or_, select
from sqlalchemy.exc import SQLAlchemyError

from acd.model.callback import OWED, Window
from acd.model.calls import CallRow, CallsWanted
from acd.model.events import CallStarted, Event
from acd.model.facts import AttemptStored, CallbackBooked, CallStored, OperatorStored, Restored
from acd.model.history import History
from acd.model.ids import CallId, LineId, OperatorId
from acd.model.operator import Wish
from acd.model.outcome import Outcome
from acd.model.supervision import LinesStored, LineStored, SpyStored
from acd.records import tables
from acd.records.behind import behind
from acd.records.database import DatabaseUnusable, connect
from acd.records.entries import unseal
from acd.records.history import read_history
from acd.records.projection import CRISIS, DRAINING, PAGE

log = structlog.get_logger()

_PAGE: Final = 1000
"""Ledger rows read at once: no long transaction, no large list."""


class OutcomeCounts(msgspec.Struct, frozen=True):
    """How the calls that arrived in some time ended: ``offered == sum of outcomes + undecided``, always."""

    offered: int
    undecided: int
    """Without an outcome yet."""
    outcomes: dict[Outcome, int]


_call, _outcome = tables.call.c, tables.outcome.c
_line = func.coalesce(_outcome.line, _call.line)
_CALLS: Final = tables.call.outerjoin(tables.outcome, _outcome.call == _call.call)


class Archive:
    """Read access, in a process of its own or beside the :class:`~acd.records.ledger.Ledger`.

    All methods raise :class:`~acd.records.database.DatabaseUnusable` when the database cannot be read.
    """

    def __init__(self, url: str) -> None:
        self._engine = connect(url, readonly=True)

    async def close(self) -> None:
        await self._engine.dispose()

    # --- For the start of the engine ----------------------------------------------------------------------------------

    async def restored(self) -> Restored:
        """Each operator's own choice, the calls still open, the attempts to call back without an end, the crisis
        message, whether new callers are refused, and what supervisors have decided for now.

        What counts of an operator is his wish, whatever kept him busy or away from his phone.
        """
        setting = tables.setting.c
        operators = await self._rows(select(tables.operator_wish).order_by(tables.operator_wish.c.operator))
        open_calls = await self._rows(
            select(
                _call.call,
                _call.arrived_at,
                _call.line,
                _call.entered_at,
                _outcome.outcome,
                _call.operator,
                _call.answered_at,
            )
            .select_from(_CALLS)
            .where(_call.ended_at.is_(None))
            .order_by(_call.arrived_at, _call.call)
        )
        promises = await self._standing()
        attempt = tables.attempt
        attempts = await self._rows(select(attempt).where(attempt.c.ended_at.is_(None)).order_by(attempt.c.attempt))
        line, lines, spy = tables.line_switched, tables.operator_lines, tables.spy
        opened = await self._rows(select(line).where(line.c.open.is_not(None)).order_by(line.c.line))
        lent = await self._rows(select(lines).where(lines.c.lines.is_not(None)).order_by(lines.c.operator))
        listening = await self._rows(select(spy).where(spy.c.ended_at.is_(None)).order_by(spy.c.spy))
        switched = {row["name"]: row["value"] for row in await self._rows(select(setting.name, setting.value))}
        return Restored(
            operators=tuple(_stored(row) for row in operators),
            calls=tuple(_open(row, promises) for row in open_calls),
            crisis=switched.get(CRISIS),
            draining=switched.get(DRAINING) is not None,
            attempts=tuple(msgspec.convert(row, AttemptStored) for row in attempts),
            lines=tuple(_lent(row) for row in lent),
            switched=tuple(msgspec.convert(row, LineStored) for row in opened),
            spies=tuple(msgspec.convert(row, SpyStored) for row in listening),
            pages=tuple(
                OperatorId(name.removeprefix(PAGE)) for name, open in switched.items() if open and name.startswith(PAGE)
            ),
        )

    async def _standing(self) -> "_Standing":
        """What was promised, or moved, in calls that are still open and have no outcome."""
        promise = tables.callback.c
        undecided = _outcome.outcome.is_(None), _call.ended_at.is_(None)
        found = await self._rows(
            select(
                promise.call,
                promise.line,
                promise.callback,
                promise.start_at,
                promise.end_at,
                promise.deadline,
                func.coalesce(_call.callback == promise.callback, false()).label("in_ledger"),
            )
            .select_from(tables.callback.join(_CALLS, _call.call == promise.call))
            .where(promise.state.in_([state.value for state in OWED]), *undecided)
        )
        return {
            (row["call"], row["line"]): (
                CallbackBooked(row["call"], row["callback"], Window(row["start_at"], row["end_at"]), row["deadline"]),
                bool(row["in_ledger"]),
            )
            for row in found
        }

    async def highest_offer(self) -> int:
        """The highest number of an offer, of an attempt to call back or of somebody's listening in; 0 = none. One that
        was given out just before a kill may be missing."""
        highest = 0
        for number in (tables.offer.c.offer, tables.attempt.c.attempt, tables.spy.c.spy):
            rows = await self._rows(select(func.coalesce(func.max(number), 0).label("highest")))
            highest = max(highest, rows[0]["highest"])
        return highest

    async def open_callers(self) -> dict[CallId, str]:
        """The numbers of those who are still on the line."""
        known = select(_call.call, tables.caller.c.number).join(tables.caller, tables.caller.c.call == _call.call)
        return {row["call"]: row["number"] for row in await self._rows(known.where(_call.ended_at.is_(None)))}

    async def newest(self) -> int:
        """Number of the last event of the ledger; 0: there is none."""
        rows = await self._rows(select(func.max(tables.event.c.seq).label("seq")))
        return rows[0]["seq"] or 0

    async def events_since(self, at: float, until: int | None = None) -> AsyncIterator[Event]:
        """The events from ``at`` (seconds since the epoch) on, in the order in which they happened; up to the one with
        that number."""
        event = tables.event.c
        there = [event.at >= at] if until is None else [event.at >= at, event.seq <= until]
        first = await self._rows(select(func.min(event.seq).label("seq")).where(*there))
        done = (first[0]["seq"] or 0) - 1
        while done >= 0:
            page = await self._rows(_ledger().where(event.seq > done, *there).limit(_PAGE))
            for found in _events(page):
                yield found
            done = page[-1]["seq"] if page else -1

    async def gaps_since(self, at: float) -> list[tuple[float | None, float | None]]:
        """When nothing could be seen, from ``at`` (seconds since the epoch) on: from, None = nothing was seen before;
        until, None = it lasts. In their order."""
        gap = tables.gap.c
        late = select(gap.began_at, gap.ended_at).where(or_(gap.ended_at.is_(None), gap.ended_at > at))
        return [(row["began_at"], row["ended_at"]) for row in await self._rows(late.order_by(gap.seq))]

    # --- For people ---------------------------------------------------------------------------------------------------

    async def calls(
        self,
        *,
        line: str | None = None,
        outcome: Outcome | None = None,
        operator: str | None = None,
        since: float | None = None,
        until: float | None = None,
        open: bool | None = None,
        limit: int = 100,
    ) -> list[CallRow]:
        """The latest calls first.

        Args:
            line: of the outcome; without one the line joined last.
            operator: one who spoke with the caller.
            since: arrived then or later, seconds since the epoch.
            until: arrived before.
            open: True = the caller is still on the line, False = he is gone.
        """
        conditions = _arrived(line, since, until)
        if outcome is not None:
            conditions.append(_outcome.outcome == outcome.value)
        if operator is not None:
            conditions.append(_spoke_with(operator))
        if open is not None:
            conditions.append(_call.ended_at.is_(None) if open else _call.ended_at.is_not(None))
        query = _call_rows().where(*conditions).limit(limit)
        return [msgspec.convert(row, CallRow) for row in await self._rows(query)]

    async def listed(self, wanted: CallsWanted, *, limit: int, skip: int = 0) -> list[CallRow]:
        """The calls behind a figure, the latest first."""
        query = _call_rows().where(*behind(wanted)).limit(limit).offset(skip)
        return [msgspec.convert(row, CallRow) for row in await self._rows(query)]

    async def counted(self, wanted: CallsWanted) -> dict[Outcome | None, int]:
        """How many calls :meth:`listed` has in all, by outcome; None = no outcome yet."""
        calls = func.count().label("calls")
        query = select(_outcome.outcome, calls).select_from(_CALLS).where(*behind(wanted)).group_by(_outcome.outcome)
        return {row["outcome"] and Outcome(row["outcome"]): row["calls"] for row in await self._rows(query)}

    async def call_story(self, call: str) -> list[Event]:
        """All events of one call in their order: why it went where it went."""
        return _events(await self._rows(_ledger().where(tables.event.c.call == call)))

    async def outcomes(
        self, *, line: str | None = None, since: float | None = None, until: float | None = None
    ) -> OutcomeCounts:
        """How the calls ended that :meth:`calls` lists with the same arguments."""
        query = (
            select(_outcome.outcome, func.count().label("calls"))
            .select_from(_CALLS)
            .where(*_arrived(line, since, until))
            .group_by(_outcome.outcome)
        )
        counts = Counter({row["outcome"]: row["calls"] for row in await self._rows(query)})
        undecided = counts.pop(None, 0)
        outcomes = {outcome: counts[outcome.value] for outcome in Outcome}
        return OutcomeCounts(undecided + counts.total(), undecided, outcomes)

    # --- For planning -------------------------------------------------------------------------------------------------

    async def history(self, since: float, until: float) -> History:
        """Arrivals, logged-in operators and talk by half-hour, between two moments (seconds since the epoch)."""
        return await read_history(self._rows, since, until)

    async def _rows(self, query: Select[Any]) -> Sequence[RowMapping]:
        try:
            async with self._engine.connect() as connection:
                rows: Sequence[RowMapping] = (await connection.execute(query)).mappings().all()
                return rows
        except (SQLAlchemyError, OSError) as error:
            raise DatabaseUnusable(str(self._engine.url), str(getattr(error, "orig", error))) from error


_Standing = Mapping[tuple[CallId, LineId], tuple[CallbackBooked, bool]]
"""Promises by call and line, and whether the ledger has each."""


def _open(row: RowMapping, promises: _Standing) -> CallStored:
    promise, in_ledger = promises.get((row["call"], row["line"]), (None, False))
    call = msgspec.convert(row, CallStored)
    return msgspec.structs.replace(call, promise=promise, promise_in_ledger=in_ledger)


_BESIDE: Final = ("line", "outcome", "outcome_at", "waited")
"""Columns of a call that are read elsewhere here, under the same name: two of one name would be none."""


def _call_rows() -> Select[Any]:
    return (
        select(
            *(column for column in _call if column.name not in _BESIDE),
            _line.label("line"),
            tables.caller.c.number,
            _outcome.outcome,
            _outcome.at.label("outcome_at"),
            _outcome.waited,
            _outcome.seen,
        )
        .select_from(_CALLS.outerjoin(tables.caller, tables.caller.c.call == _call.call))
        .order_by(_call.arrived_at.desc(), _call.call.desc())
    )


def _stored(row: RowMapping) -> OperatorStored:
    """A not-ready operator without a reason has the reason ``""``; None would say that he is ready."""
    reason = (row["reason"] or "") if row["wish"] == Wish.NOT_READY else None
    return OperatorStored(row["operator"], row["wish"] != Wish.OUT, reason, row["since"], row["by"])


def _lent(row: RowMapping) -> LinesStored:
    lines = tuple(map(LineId, row["lines"].split(",")))
    return LinesStored(row["operator"], lines, row["until"], row["at"], row["by"])


def _arrived(line: str | None, since: float | None, until: float | None) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if line is not None:
        conditions.append(_line == line)
    if since is not None:
        conditions.append(_call.arrived_at >= since)
    if until is not None:
        conditions.append(_call.arrived_at < until)
    return conditions


def _spoke_with(operator: str) -> ColumnElement[bool]:
    talk = tables.talk.c
    return _call.call.in_(select(talk.call).where(talk.operator == operator, talk.call.is_not(None)))


def _ledger() -> Select[Any]:
    event, caller = tables.event, tables.caller
    known = and_(caller.c.call == event.c.call, event.c.type == CallStarted.__name__)
    return (
        select(event.c.seq, event.c.data, caller.c.number)
        .select_from(event.outerjoin(caller, known))
        .order_by(event.c.seq)
    )


def _events(rows: Sequence[RowMapping]) -> list[Event]:
    """The events in these rows; what is no event is told to the log and left out."""
    events = []
    for row in rows:
        event = unseal(row["data"], row["number"])
        if event is None:
            log.warning("records.unreadable", seq=row["seq"])
        else:
            events.append(event)
    return events
