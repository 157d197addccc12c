"""The terms of the figures as SQL, and the rows that they look at."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Double,
    FromClause,
    Subquery,
    and_,
    case,
    cast,
    false,
    func,
    literal,
    not_,
    null,
    or_,
    select,
    true,
)

from acd.figures import terms as tm
from acd.figures.limits import DEFAULTS, Limits
from acd.figures.periods import MINUTES, Grain, clock_changes
from acd.figures.table import REPEAT
from acd.records import tables
from acd.records.behind import LONGEST_CALL

Column = ColumnElement[Any]

_call, _promise, _contact = tables.call.c, tables.callback.c, tables.contact.c
LINE: Final = _call.counted_line

CALL: Final[Mapping[str, Column]] = {
    "call": _call.call,
    "arrived_at": _call.arrived_at,
    "line": LINE,
    "operator": _call.operator,
    "entered_at": _call.entered_at,
    "answered_at": _call.answered_at,
    "ended_at": _call.ended_at,
    "transferred_at": _call.transferred_at,
    "outcome": _call.outcome,
    "outcome_at": _call.outcome_at,
    "waited": _call.waited,
    "callback_heard_at": _call.callback_heard_at,
    "callback_waited": _call.callback_waited,
    "promise_reached_at": _promise.reached_at,
    "promise_deadline": _promise.deadline,
}

_talk = tables.talk.c


def _no_less(seconds: Column) -> Column:
    """A clock that was set back takes nobody's time away."""
    return case((seconds < 0, 0.0), else_=seconds)


_SECONDS: Final = _no_less(_talk.ended_at - _talk.began_at)
_WRAP_UP: Final = func.coalesce(_no_less(_talk.wrapped_up_at - _talk.wrap_up_at), 0.0)

TALK: Final[Mapping[str, Column]] = {
    "talk": _talk.seq,
    "began_at": _talk.began_at,
    "call": _talk.call,
    "callback": _talk.callback,
    "line": _talk.line,
    "operator": _talk.operator,
    "ended_at": _talk.ended_at,
    "seconds": _SECONDS,
    "held": _talk.held,
    "wrap_up": _WRAP_UP,
    "handled": _SECONDS + _WRAP_UP,
}

PROMISE: Final[Mapping[str, Column]] = {
    name: _promise[name] for name in ("callback", "call", "line", "promised_at", "deadline", "reached_at")
}


class Source:
    """Where the rows of one population come from: the tables joined that the fields at hand need."""

    def __init__(self, columns: Mapping[str, Column], table: FromClause, at: Column, day: Column | None = None) -> None:
        self.columns = columns
        self.table = table
        self.at = at
        """By which moment a row belongs to a period."""
        self.day = day
        """Number of the day of that moment, in whose order the rows can be read; None = no column holds it."""


def calls(fields: Iterable[str], since: float, until: float) -> Source:
    """Calls, with these fields."""
    needed, columns = {*fields, "call", "arrived_at", "line", "operator"}, dict(CALL)
    table: FromClause = tables.call
    if needed & {"promise_reached_at", "promise_deadline"}:
        table = table.outerjoin(tables.callback, _promise.callback == _call.callback)
    if needed & {"citizen", "next_at"}:
        table = table.outerjoin(tables.citizen, tables.citizen.c.call == _call.call)
        columns["citizen"] = tables.citizen.c.citizen
    if "settled" in needed:
        noted = _noted(since, until)
        table = table.outerjoin(noted, noted.c.call == _call.call)
        columns["settled"] = noted.c.settled
    if "next_at" not in needed:
        return Source(columns, table, _call.arrived_at, _call.day)
    named = [columns[name].label(name) for name in sorted({*needed, "citizen"} - {"next_at"})]
    named.append(_call.day.label("day"))
    # A citizen's next call may come after the time asked for.
    later = _call.arrived_at >= since, _call.arrived_at <= until + REPEAT
    again = select(*named, _next_at()).select_from(table).where(*later).subquery("again")
    return Source({column.name: column for column in again.c}, again, again.c.arrived_at, again.c.day)


def _noted(since: float, until: float) -> Subquery:
    """By call, whether the operator noted its question as settled; of several who did, the one who spoke last."""
    order = (_contact.began_at.desc(), _contact.contact.desc())
    place = func.row_number().over(partition_by=_contact.call, order_by=order).label("place")
    near = _contact.began_at.between(since - LONGEST_CALL, until + LONGEST_CALL)
    said = select(_contact.call, _contact.settled, place).where(
        near, _contact.call.is_not(None), _contact.settled.is_not(None)
    )
    each = said.subquery("said").c
    word = case((each.settled, "yes"), else_="no").label("settled")
    return select(each.call, word).where(each.place == 1).subquery("noted")


def _next_at() -> Column:
    """Arrival of the same citizen's next call on the same line."""
    citizen, order = tables.citizen.c.citizen, (_call.arrived_at, _call.call)
    following = func.lead(_call.arrived_at).over(partition_by=(citizen, LINE), order_by=order)
    return case((citizen.is_not(None), following)).label("next_at")


def talks() -> Source:
    return Source(TALK, tables.talk, _talk.began_at)


def promises() -> Source:
    return Source(PROMISE, tables.callback, _promise.promised_at)


# --- Terms ---------------------------------------------------------------------------------------------------------


class Translation:
    """Terms over the columns of one source."""

    def __init__(self, columns: Mapping[str, Column], limits: Limits, now: float) -> None:
        self._columns = columns
        self._limits = limits
        self._now = now

    def condition(self, term: tm.Term) -> ColumnElement[bool]:  # noqa: PLR0911 - one for each
        """True for the rows that count; for all others false or unknown."""
        match term:
            case tm.Always():
                return true()
            case tm.Among(field, values):
                return self._columns[field].in_(values)
            case tm.Known(field):
                return self._columns[field].is_not(None)
            case tm.Compare(left, how, right):
                return tm.COMPARISONS[how](self._operand(left), self._operand(right))  # type: ignore[no-any-return]
            case tm.Not(inner):
                # Unknown is not true, so its opposite holds.
                return not_(func.coalesce(self.condition(inner), false()))
            case tm.All(terms):
                return and_(true(), *map(self.condition, terms))
            case tm.Either(terms):
                return or_(false(), *map(self.condition, terms))

    def _operand(self, operand: tm.Operand) -> Column:
        match operand:
            case tm.Field(name, plus):
                return self._columns[name] + plus if plus else self._columns[name]
            case tm.Since(name):
                return literal(self._now) - self._columns[name]
            case tm.Limit(name, plus):
                return self._limit(name, plus)
            case tm.Number(value):
                return literal(value)
            case tm.Now():
                return literal(self._now)

    def _limit(self, name: str, plus: float) -> Column:
        def seconds(value: float | None) -> float | None:
            return None if value is None else value + plus

        default = seconds(DEFAULTS[name])
        lines: dict[float | None, list[str]] = {}
        for line, value in self._limits.lines.get(name, {}).items():
            if value != DEFAULTS[name]:
                lines.setdefault(seconds(value), []).append(line)
        if not lines:
            # Not a bare NULL: that would be no side of a comparison.
            return cast(null(), Double) if default is None else literal(default)
        return case(*((self._columns["line"].in_(some), value) for value, some in lines.items()), else_=default)


# --- Periods -------------------------------------------------------------------------------------------------------


def piece(grain: Grain, at: Column, since: float, until: float) -> Column:
    """What :func:`acd.figures.periods.raw` gives for a moment between ``since`` and ``until``."""
    if grain is Grain.TOTAL:
        return literal(0)
    if grain in MINUTES:
        return func.floor(at / MINUTES[grain]) * MINUTES[grain]
    local = at + _ahead(at, since, until)
    day = func.floor(local / 86_400)
    weekday = (day + 3) - 7 * func.floor((day + 3) / 7)
    match grain:
        case Grain.HOUR:
            return func.floor(local / 3600) - 24 * day
        case Grain.WEEKDAY:
            return weekday
        case Grain.SLOT:
            return weekday * 48 + func.floor(local / 1800) - 48 * day
        case _:
            return day


def _ahead(at: Column, since: float, until: float) -> Column:
    changes = clock_changes(since, until)
    if len(changes) == 1:
        return literal(float(changes[0][1]))
    later = changes[1:]
    cases = [(at < begin, float(ahead)) for (begin, _), (_, ahead) in zip(later, changes, strict=False)]
    return case(*cases, else_=float(changes[-1][1]))
