"""Calls that we could not see, told by Asterisk's own record afterwards: what the ledger lacks of them, and no more.

Only gaps are repaired: what was seen stands as it was seen. An outcome that was inferred (the caller was simply gone
when we came back) may turn out to be another one; what was counted as it happened never does. Once a call is told as
Asterisk tells it there is no difference left, so a second repair finds nothing to do.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec.structs import replace
from sqlalchemy import RowMapping, Select, select
from sqlalchemy.exc import SQLAlchemyError

from acd.model.events import CallRepaired
from acd.model.facts import CallWhereabouts
from acd.model.ids import CallId, Device, LineId, OperatorId
from acd.model.outcome import Outcome
from acd.model.told import CallTold, TalkTold
from acd.records import tables
from acd.records.database import DatabaseUnusable, connect

MARGIN: Final = 10.0
"""Seconds around a gap that are looked at as well: a link that has fallen silent is given up only after some."""

SAME_MOMENT: Final = 1.0
"""Seconds. Moments of both clocks that differ by less are the same."""

_CHUNK: Final = 500
"""Calls asked for at once: below the number of parameters that every SQLite takes."""

_W = CallWhereabouts
_SETTLED: Final[Mapping[CallWhereabouts, Outcome]] = {
    _W.CLOSED: Outcome.CLOSED,
    _W.INFORMED: Outcome.INFORMED,
    _W.REFUSED: Outcome.REFUSED,
    _W.OVERFLOW: Outcome.OVERFLOW_LOST,
    _W.BOOKED: Outcome.CALLBACK_ACCEPTED,
}
_STANDS: Final = (Outcome.CALLBACK_ACCEPTED,)
"""Inferred or not: a promise is in the database, or it is none."""


Rows = Callable[[Select[Any]], Awaitable[Sequence[RowMapping]]]
"""Answers a query."""


class Blind(msgspec.Struct, frozen=True):
    """A gap that is over. Seconds since the epoch, on our clock."""

    began_at: float | None
    """None = nothing was seen before."""
    ended_at: float


class KnownCall(msgspec.Struct, frozen=True):
    """What the records have of a call."""

    call: CallId
    arrived_at: float
    ended_at: float | None
    outcome: Outcome | None
    seen: bool | None
    """False: its outcome was inferred."""
    waited: float | None
    talks: tuple[float, ...] = ()
    """When operators began to speak with him."""


class Desks(msgspec.Struct, frozen=True):
    """What of the city's settings is needed."""

    operators: Mapping[Device, OperatorId]
    short_abandon: Mapping[LineId, float]
    """Seconds."""


class RepairBook:
    """What the records say of gaps and of the calls in them. Reads only.

    All methods raise :class:`~acd.records.database.DatabaseUnusable` when the database cannot be read.
    """

    def __init__(self, url: str) -> None:
        self._engine = connect(url, readonly=True)

    async def close(self) -> None:
        await self._engine.dispose()

    async def gaps(self, since: float, until: float) -> list[Blind]:
        """The gaps that ended in that time."""
        gap = tables.gap.c
        wanted = select(gap.began_at, gap.ended_at).where(gap.ended_at >= since, gap.ended_at <= until)
        return [msgspec.convert(row, Blind) for row in await self._rows(wanted.order_by(gap.ended_at))]

    async def offset(self, at: float) -> float:
        """Seconds to add to Asterisk's clock to get ours, as measured first from that moment on; 0 = never since."""
        event = tables.event.c
        known = select(event.at, event.switch_at).where(event.at >= at, event.switch_at.is_not(None))
        rows = await self._rows(known.order_by(event.at).limit(1))
        return rows[0]["at"] - rows[0]["switch_at"] if rows else 0.0

    async def known(self, calls: Sequence[CallId]) -> dict[CallId, KnownCall]:
        return await known_calls(self._rows, calls)

    async def _rows(self, query: Select[Any]) -> Sequence[RowMapping]:
        try:
            async with self._engine.connect() as connection:
                rows: Sequence[RowMapping] = (await connection.execute(query)).mappings().all()
                return rows
        except (SQLAlchemyError, OSError) as error:
            raise DatabaseUnusable(str(self._engine.url), str(getattr(error, "orig", error))) from error


async def known_calls(rows: Rows, calls: Sequence[CallId]) -> dict[CallId, KnownCall]:
    """What the records have of these calls; those that they do not know are left out."""
    found: dict[CallId, KnownCall] = {}
    call, outcome, talk = tables.call.c, tables.outcome.c, tables.talk.c
    both = tables.call.outerjoin(tables.outcome, outcome.call == call.call)
    columns = (call.call, call.arrived_at, call.ended_at)
    wanted = select(*columns, outcome.outcome, outcome.seen, outcome.waited).select_from(both)
    for start in range(0, len(calls), _CHUNK):
        chunk = calls[start : start + _CHUNK]
        talks: dict[str, list[float]] = defaultdict(list)
        for row in await rows(select(talk.call, talk.began_at).where(talk.call.in_(chunk))):
            talks[row["call"]].append(row["began_at"])
        for row in await rows(wanted.where(call.call.in_(chunk))):
            known = msgspec.convert(row, KnownCall, strict=False)
            found[row["call"]] = replace(known, talks=tuple(talks[row["call"]]))
    return found


def overlapping(calls: Iterable[CallTold], gap: Blind, offset: float, margin: float = MARGIN) -> list[CallTold]:
    """Those of which something happened in the gap, or ``margin`` seconds before it. Who was on the line at its end and
    has no end was found there."""
    found = []
    for told in calls:
        first = (told.last_at if told.arrived_at is None else told.arrived_at) + offset
        last = (told.last_at if told.gone_at is None else told.gone_at) + offset
        if first <= gap.ended_at and (gap.began_at is None or last >= gap.began_at - margin):
            found.append(told)
    return found


Measured = tuple[Blind, float]
"""A gap, and how far the clocks were apart after it."""


def by_this_clock(told: CallTold, known: KnownCall | None, offset: float, gaps: Iterable[Measured]) -> bool:
    """Whether this is how far the clocks were apart when he called: it fits better than that of another gap in which he
    would have called. A clock that is set between two gaps makes a call of the one look like one of the other."""
    if known is None or told.arrived_at is None:
        return True
    apart = known.arrived_at - told.arrived_at
    return all(
        abs(apart - offset) <= abs(apart - other) + SAME_MOMENT or not overlapping([told], gap, other)
        for gap, other in gaps
    )


def repaired(told: CallTold, known: KnownCall | None, desks: Desks, offset: float, now: float) -> list[CallRepaired]:
    """What the ledger lacks of this call; empty = nothing."""
    if known is not None and known.ended_at is None:
        return []  # He is on the line: the engine has found him there.
    first = told.talks[0] if told.talks else None
    outcome, outcome_at = _outcome(told, desks)
    entered_at = told.entered_at if first is None else first.entered_at
    waited = None if entered_at is None else max(0.0, outcome_at - entered_at)
    if told.counted is not None:
        waited = told.counted.waited
    if known is not None and known.outcome is not None and (known.seen or known.outcome in _STANDS):
        outcome, waited = known.outcome, known.waited
    if known is not None and known.outcome is outcome and waited is None:
        # What was known is not lost because it is not told again.
        waited = known.waited
    gone_at = told.last_at if told.gone_at is None else told.gone_at
    counts = known is None or _differs(known, outcome, waited, told, offset)
    lacking = _lacking(told, known, offset)
    plain = CallRepaired(
        at=now,
        call=told.call,
        known=known is not None,
        counts=counts,
        did=told.did,
        arrived_at=(told.arrived_at or told.entered_at or gone_at) + offset,
        language=told.language,
        path=told.path,
        line=told.line if first is None else first.line,
        entered_at=None if entered_at is None else entered_at + offset,
        operator=None,
        answered_at=None,
        talk_ended_at=None,
        fallback=False,
        gone_at=gone_at + offset,
        outcome=outcome,
        before=None if known is None else known.outcome,
        waited=waited,
        switch_gone_at=gone_at,
    )
    events = [] if not counts or (first is not None and first in lacking) else [plain]
    for talk in lacking:
        of_talk = _of_talk(plain, talk, desks, offset)
        again = bool(events)
        events.append(replace(of_talk, known=of_talk.known or again, counts=counts and talk is first))
    return events


def _lacking(told: CallTold, known: KnownCall | None, offset: float) -> list[TalkTold]:
    """The conversations with operators that the records do not have."""
    mine = () if known is None else known.talks
    return [
        talk
        for talk in told.talks
        if not talk.partner and not any(_same(began, talk.answered_at + offset) for began in mine)
    ]


def _of_talk(plain: CallRepaired, talk: TalkTold, desks: Desks, offset: float) -> CallRepaired:
    return replace(
        plain,
        line=talk.line,
        entered_at=None if talk.entered_at is None else talk.entered_at + offset,
        operator=desks.operators.get(talk.device) if talk.device is not None else talk.operator,
        answered_at=talk.answered_at + offset,
        talk_ended_at=plain.gone_at if talk.ended_at is None else talk.ended_at + offset,
        fallback=talk.fallback,
        before=plain.before if plain.counts else plain.outcome,
    )


def _outcome(told: CallTold, desks: Desks) -> tuple[Outcome, float]:
    """The one outcome of this call as it is told, and when it came about (the clock of what is told)."""
    if told.counted is not None:
        return told.counted.outcome, told.counted.at
    if told.talks:
        first = told.talks[0]
        return Outcome.OVERFLOW_ANSWERED if first.partner else Outcome.ANSWERED, first.answered_at
    if told.gone_at is None:
        return Outcome.SWITCH_FAILURE, told.last_at
    if told.where in _SETTLED:
        return _SETTLED[told.where], told.gone_at
    if told.line is None or told.entered_at is None:
        return Outcome.LEFT_MENU, told.gone_at
    short = told.gone_at - told.entered_at < desks.short_abandon.get(told.line, 0.0)
    return Outcome.ABANDONED_SHORT if short else Outcome.ABANDONED, told.gone_at


def _differs(known: KnownCall, outcome: Outcome, waited: float | None, told: CallTold, offset: float) -> bool:
    if known.outcome is not outcome or not _same(known.waited, waited):
        return True
    return told.gone_at is not None and not _same(known.ended_at, told.gone_at + offset)


def _same(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) < SAME_MOMENT
