"""The terms of the figures as SQL, and the rows that they look at."""

from collections.abc import Iterable, Mapping, Sequence
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
    literal_column,
    not_,
    null,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import distinct_on

from acd.figures import terms as tm
from acd.figures.limits import DEFAULTS, Limits
from acd.figures.periods import MINUTES, Grain, clock_changes, raw
from acd.figures.table import REPEAT
from acd.records import tables
from acd.records.behind import LONGEST_CALL
from acd.records.floor import floor

Column = ColumnElement[Any]

_call, _promise, _contact, _request = tables.call.c, tables.callback.c, tables.contact.c, tables.request.c
LINE: Final = _call.counted_line

CALL: Final[Mapping[str, Column]] = {
    "call": _call.call,
    "arrived_at": _call.arrived_at,
    "line": LINE,
    "operator": _call.answered_by,
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

_KNOWN_BY: Final = {"seconds": _talk.ended_at}
"""By what it is known whether a field is, where that is easier to say."""

PROMISE: Final[Mapping[str, Column]] = {
    name: _promise[name] for name in ("callback", "call", "line", "promised_at", "deadline", "reached_at")
}


class Source:
    """Where the rows of one population come from: the tables joined that the fields at hand need."""

    def __init__(
        self,
        columns: Mapping[str, Column],
        table: FromClause,
        at: Column,
        day: Column | None = None,
        where: Sequence[ColumnElement[bool]] = (),
    ) -> None:
        self.columns = columns
        self.table = table
        self.at = at
        """By which moment a row belongs to a period."""
        self.day = day
        """Number of the day of that moment, in whose order the rows can be read; None = no column holds it."""
        self.where = where
        """What holds of every row, and tells the database in which order to read them."""


def calls(fields: Iterable[str]) -> Source:
    """Calls, with these fields."""
    needed, columns = set(fields), dict(CALL)
    table: FromClause = tables.call
    if needed & PROMISED:
        table = table.outerjoin(tables.callback, _promise.callback == _call.callback)
    if needed & REQUESTED:
        asked = _requests()
        table = table.outerjoin(asked, asked.c.call == _call.call)
        columns["requested_at"] = asked.c.requested_at
    if needed & KNOWN:
        table = table.outerjoin(tables.citizen, tables.citizen.c.call == _call.call)
        columns |= {"citizen": tables.citizen.c.citizen, "next_at": _next_at()}
    if needed & NOTED:
        columns["settled"] = _settled()
    return Source(columns, table, _call.arrived_at, _call.day)


def again_in_order(since: float, until: float, *, postgresql: bool) -> Source:
    """Calls of known citizens and which comes next, each beside the other in the narrowest index that has all that is
    asked: for a long time much faster than a look for each, but the calls of all times are read."""
    table: FromClause = _in_order(since, until, with_day=False) if postgresql else tables.citizen
    columns = _of_citizens(table, table.c.next_at if postgresql else _next_at())
    # SQLite takes another index that has all of it, too, unless it is asked for a part of this one.
    return Source(columns, table, table.c.arrived_at, where=() if postgresql else (table.c.citizen > "",))


IN_ORDER: Final = frozenset({"call", "arrived_at", "outcome", "citizen", "line", "next_at"})
"""What that index can tell."""


def noted_calls(
    fields: Iterable[str], where: Sequence[ColumnElement[bool]], since: float, until: float, *, postgresql: bool
) -> Source:
    """The calls ``where``, with what was noted of them: PostgreSQL puts the notes in order, SQLite looks each up."""
    if postgresql:
        noted = _notes_in_order(since, until)
        table = tables.call.outerjoin(noted, noted.c.call == _call.call)
        return Source({**CALL, "settled": noted.c.settled}, table, _call.arrived_at, _call.day)
    needed = {"call", "arrived_at", "line", "outcome", *fields} & CALL.keys()
    columns: dict[str, Column] = {name: column for name, column in CALL.items() if name in needed}
    columns |= {"day": _call.day, "settled": _settled()}
    # With an offset it is a statement of its own to the database: not taken apart, and the look not repeated.
    looked_up = select(*(column.label(name) for name, column in columns.items())).where(*where).offset(0)
    known = looked_up.subquery("noted")
    return Source(dict(known.c.items()), known, known.c.arrived_at, known.c.day)


PROMISED: Final = frozenset({"promise_reached_at", "promise_deadline"})
KNOWN: Final = frozenset({"citizen", "next_at"})
NOTED: Final = frozenset({"settled"})
REQUESTED: Final = frozenset({"requested_at"})
"""Fields of calls that another table holds."""


def citizens(fields: Iterable[str], ahead: tuple[float, float] | None = None) -> Source:
    """Calls of known citizens, with these fields: what most figures ask of them stands beside the citizen.

    Args:
        ahead: between these moments the calls are put in order to see which comes next; None = each is looked up.
    """
    needed = set(fields)
    table: FromClause = tables.citizen if ahead is None else _in_order(*ahead)
    known = table.c
    columns = _of_citizens(table, _next_at() if ahead is None else known.next_at)
    columns |= {"operator": CALL["operator"]}
    columns |= {name: _of_promise(_promise[name.removeprefix("promise_")], known.call, table) for name in PROMISED}
    if "operator" in needed:
        table = table.join(tables.call, _call.call == known.call)
    return Source(columns, table, known.arrived_at, known.day)


def _of_citizens(table: FromClause, next_at: Column) -> dict[str, Column]:
    columns: dict[str, Column] = {name: table.c[name] for name in ("call", "arrived_at", "outcome", "citizen")}
    return columns | {"line": func.nullif(table.c.line, ""), "next_at": next_at}


def _of_promise(column: Column, call: Column, table: FromClause) -> Column:
    """Of the promise that was given in a call. Few have one: it is looked up when the outcome says so."""
    given = tables.call.alias("given").c
    found = select(column).where(given.call == call, given.callback == _promise.callback)
    return found.correlate(table).scalar_subquery()


def _requests() -> Subquery:
    """Calls in which operators noted that a colleague is to call back. They are few."""
    made = select(_contact.call, func.min(_request.made_at).label("requested_at"))
    of_calls = made.join(tables.contact, _contact.contact == _request.contact).where(_contact.call.is_not(None))
    return of_calls.group_by(_contact.call).subquery("requested")


def _settled() -> Column:
    """Whether an operator noted the call's question as settled; of several who did, the one who spoke last."""
    said = _contact.call == _call.call, _contact.settled.is_not(None)
    word = select(case((_contact.settled, "yes"), else_="no")).where(*said)
    last = word.order_by(_contact.began_at.desc(), _contact.contact.desc()).limit(1)
    return last.correlate(tables.call).scalar_subquery()


def _next_at() -> Column:
    """Arrival of the same citizen's next call on the same line: one look into an index."""
    this, other = tables.citizen.c, tables.citizen.alias("later").c
    # Not as a pair: SQLite would find its place in the index by the first of it alone, and more slowly.
    later = other.arrived_at >= this.arrived_at, or_(other.arrived_at > this.arrived_at, other.call > this.call)
    following = select(other.arrived_at).where(other.citizen == this.citizen, other.line == this.line, *later)
    return following.order_by(other.arrived_at, other.call).limit(1).correlate(tables.citizen).scalar_subquery()


def _in_order(since: float, until: float, *, with_day: bool = True) -> Subquery:
    """The same for all at once, which PostgreSQL does in a third of the time. The next may come after ``until``."""
    this, last = tables.citizen.c, until + REPEAT
    following = func.lead(this.arrived_at).over(
        partition_by=(this.citizen, this.line), order_by=(this.arrived_at, this.call)
    )
    where = [this.arrived_at >= since, this.arrived_at <= last]
    columns: list[Column] = [this.citizen, this.line, this.arrived_at, this.call, this.outcome]
    if with_day:
        columns.append(this.day)
        where.append(this.day.between(raw(Grain.DAY, since), raw(Grain.DAY, last)))
    return select(*columns, following.label("next_at")).where(*where).subquery("known")


def _notes_in_order(since: float, until: float) -> Subquery:
    """By call what :func:`_settled` says."""
    near = _contact.began_at.between(since - LONGEST_CALL, until + LONGEST_CALL)
    said = _contact.call.is_not(None), _contact.settled.is_not(None)
    word = case((_contact.settled, "yes"), else_="no").label("settled")
    last = _contact.call.desc(), _contact.began_at.desc(), _contact.contact.desc()
    each = select(_contact.call, word).ext(distinct_on(_contact.call))
    return each.where(near, *said).order_by(*last).subquery("noted")


def talks() -> Source:
    return Source(TALK, tables.talk, _talk.began_at, _talk.day)


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
                return _KNOWN_BY.get(field, self._columns[field]).is_not(None)
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
        return floor(at / MINUTES[grain]) * MINUTES[grain]
    local = at + _ahead(at, since, until)
    day = floor(local / 86_400)
    weekday = (day + 3) - 7 * floor((day + 3) / 7)
    match grain:
        case Grain.HOUR:
            return floor(local / 3600) - 24 * day
        case Grain.WEEKDAY:
            return weekday
        case Grain.SLOT:
            return weekday * 48 + floor(local / 1800) - 48 * day
        case _:
            return day


def _ahead(at: Column, since: float, until: float) -> Column:
    changes = clock_changes(since, until)
    if len(changes) == 1:
        return literal(float(changes[0][1]))
    later = changes[1:]
    cases = [(at < begin, float(ahead)) for (begin, _), (_, ahead) in zip(later, changes, strict=False)]
    return case(*cases, else_=float(changes[-1][1]))


def cell_of(grain: Grain) -> int:
    """Seconds of the smallest pieces into which time is cut: the clocks of Brussels are whole hours ahead."""
    return {Grain.MINUTES_15: 900, Grain.MINUTES_30: 1800, Grain.SLOT: 1800}.get(grain, 3600)


def first_columns(n: int) -> list[Column]:
    """The first columns of a statement, to group by: written out again they would have parameters of their own, and
    PostgreSQL would take them for something else."""
    return [literal_column(str(place)) for place in range(1, n + 1)]
