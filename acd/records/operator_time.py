"""Operators' time by state: how many seconds of their states lie in which period.

What lies in one day, or one half-hour, is summed by the database in the order of an index; what lies in two pieces that
follow each other is cut by it, too; the rest is cut here.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, and_, case, func, literal, or_, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from acd.figures.folding import of_time
from acd.figures.periods import DAYS, HALF_HOUR, Grain, bucket, date_of, midnight, numbers, pieces, raw
from acd.figures.report import Dimension, Query, Ref
from acd.figures.states import Interval
from acd.records import tables
from acd.records.figure_sql import Column, cell_of, first_columns, piece
from acd.records.floor import floor
from acd.records.tallies import Counts

_state = tables.operator_state.c

Spent = list[tuple[int, tuple[Any, ...], float]]
"""Period, values of the columns that tell apart, seconds."""
Conditions = Sequence[ColumnElement[bool]]


async def occupied(connection: AsyncConnection, query: Query, refs: Sequence[Ref]) -> Counts:
    """Figures of operators' time."""
    by_operator = Dimension.OPERATOR in query.by
    names = ("operator", "state") if by_operator else ("state",)
    spent: dict[tuple[int, str | None], dict[str, float]] = defaultdict(lambda: defaultdict(float))
    counted = {state.value for ref in refs for part in ref.figure.states for state in part}
    for number, values, seconds in await time_spent(connection, query, names, counted):
        spent[number, values[0] if by_operator else None][values[-1]] += seconds
    counts: Counts = {}
    for (number, operator), states in spent.items():
        found = {ref: of_time(ref.figure, states) for ref in refs}
        if any(value.of for value in found.values()):
            counts[number, None, operator] = {ref: (value.part, value.of) for ref, value in found.items()}
    return counts


async def time_spent(
    connection: AsyncConnection, query: Query, names: Sequence[str], states: Iterable[str] = ()
) -> Spent:
    """Seconds of operators' states, told apart by these columns; the same ones may come several times.

    Args:
        names: of ``operator``, ``state`` and ``reason``.
        states: only these; empty = all.
    """
    of = _of_states(query, states)
    if query.grain in DAYS:
        return await _by_day(connection, query, names, of)
    if query.grain is Grain.MINUTES_15:
        return await _by_cell(connection, query, names, of, _near(query))
    return await _by_half_hour(connection, query, names, of)


async def intervals(
    connection: AsyncConnection, query: Query, states: Iterable[str], skip: int, most: int
) -> tuple[list[Interval], int]:
    """The times in these states that lie in the time asked for, or reach into it, the earliest first; and how many they
    are. ``skip`` are left out at the begin, and no more than ``most`` are told."""
    overlapping = (
        _state.began_at < query.until,
        func.coalesce(_state.ended_at, query.now) > query.since,
        func.coalesce(_state.ended_at, query.now) > _state.began_at,
    )
    # In one of these days, or over a midnight.
    near = or_(_near(query), _state.day.is_(None))
    where = [near, *overlapping, *_of_states(query, states)]
    of = await connection.scalar(select(func.count()).where(*where))
    wanted = select(*(_state[name] for name in Interval.__struct_fields__)).where(*where)
    found = await connection.execute(wanted.order_by(_state.began_at, _state.seq).offset(skip).limit(most))
    return [msgspec.convert(row, Interval) for row in found.mappings()], of or 0


async def _by_day(connection: AsyncConnection, query: Query, names: Sequence[str], of: Conditions) -> Spent:
    """Of states that lie in one day, and of days that are asked for as a whole, nothing needs to be cut."""
    first, last = raw(Grain.DAY, query.since), raw(Grain.DAY, query.until)
    if midnight(date_of(first)) < query.since:
        first += 1
    order = ("day", "operator", "state", *(["reason"] if "reason" in names else []))
    days = _summed(order, [_state.day.between(first, last - 1), *of])
    spent = await _put_together(connection, query, names, days, _piece_of_day(query, days.c.day))
    edges = sorted({day for day in (first - 1, last) if not first <= day < last})
    return spent + await _cut(connection, query, names, _overlapping(query, [_state.day.in_(edges)], of))


async def _by_half_hour(connection: AsyncConnection, query: Query, names: Sequence[str], of: Conditions) -> Spent:
    """The same of half-hours; whoever is in one state for longer is mostly so in two of them."""
    first, last = -int(-query.since // HALF_HOUR), int(query.until // HALF_HOUR)
    order = ["half_hour", "day", "state", *(name for name in ("operator", "reason") if name in names)]
    if "reason" in names and "operator" not in names:
        order.insert(3, "operator")
    halves = _summed(order, [_state.half_hour.between(first, last - 1), *of])
    began_at = halves.c.half_hour * literal(float(HALF_HOUR))
    number = piece(query.grain, began_at, query.since, query.until)
    spent = await _put_together(connection, query, names, halves, number)
    several = and_(_state.half_hour.is_(None), _near(query))
    spent += await _by_cell(connection, query, names, of, several)
    edges = sorted({half for half in (first - 1, last) if not first <= half < last})
    return spent + await _cut(
        connection, query, names, _overlapping(query, [_state.half_hour.in_(edges)], of, lasting=False)
    )


async def _by_cell(
    connection: AsyncConnection, query: Query, names: Sequence[str], of: Conditions, near: ColumnElement[bool]
) -> Spent:
    """What lies in one cell of time, or in two that follow each other; and all that is cut here."""
    length = cell_of(query.grain)
    cell = floor(_state.began_at / length)
    edge = (cell + 1) * length
    within = _state.began_at >= query.since, _state.ended_at <= query.until, _state.ended_at <= edge + length
    short = and_(*within)
    columns = [_state[name] for name in names]
    later = case((_state.ended_at > edge, _state.ended_at - edge), else_=0.0)
    sums = func.sum(_state.ended_at - _state.began_at - later), func.sum(later)
    found = select(cell.label("cell"), *columns, *sums).where(near, short, *of)
    spent: Spent = []
    for row in await connection.execute(found.group_by(*first_columns(1 + len(columns)))):
        # A cell is never longer than a piece, and no piece begins within one.
        begin, values = int(row[0]) * length, tuple(row[1:-2])
        for at, seconds in ((begin, row[-2]), (begin + length, row[-1])):
            if seconds:
                spent.append((bucket(query.grain, raw(query.grain, at)), values, seconds))
    return spent + await _cut(connection, query, names, _overlapping(query, [near, ~short], of))


# --- Parts of statements -------------------------------------------------------------------------------------------


def _summed(order: Sequence[str], where: Conditions) -> Any:
    """Seconds by these columns, which are the first of an index: they come in its order."""
    columns = [_state[name] for name in order]
    seconds = func.sum(_state.ended_at - _state.began_at).label("seconds")
    return select(*columns, seconds).where(*where).group_by(*columns).subquery()


async def _put_together(
    connection: AsyncConnection, query: Query, names: Sequence[str], summed: Any, number: Column
) -> Spent:
    columns = [number.label("number"), *(summed.c[name].label(name) for name in names)]
    found = select(*columns, func.sum(summed.c.seconds)).group_by(*first_columns(len(columns)))
    return [(int(row[0]), tuple(row[1:-1]), row[-1]) for row in await connection.execute(found)]


def _piece_of_day(query: Query, day: Column) -> Column:
    """What :func:`acd.figures.periods.of_day` gives."""
    weekday = (day + 3) % 7
    match query.grain:
        case Grain.TOTAL:
            return literal(0)
        case Grain.WEEKDAY:
            return weekday
        case Grain.WEEK:
            return day - weekday
        case Grain.MONTH:
            months = numbers(Grain.MONTH, query.since, query.until)
            later = [(day < end, begin) for begin, end in pairwise(months)]
            return case(*later, else_=months[-1]) if later else literal(months[0])
        case _:
            return day


async def _cut(connection: AsyncConnection, query: Query, names: Sequence[str], states: Any) -> Spent:
    spent: Spent = []
    columns = [states.c[name] for name in names]
    if query.grain is Grain.TOTAL:
        # In one piece there is nothing to cut but the ends.
        seconds = func.sum(_least(states.c.ended_at, query.until) - _most(states.c.began_at, query.since))
        whole = await connection.execute(select(*columns, seconds).group_by(*columns))
        return [(0, tuple(row[:-1]), row[-1]) for row in whole]
    wanted: Select[Any] = select(*columns, states.c.began_at, states.c.ended_at)
    for row in await connection.execute(wanted):
        began, ended = max(row[-2], query.since), min(row[-1], query.until)
        spent += [(number, tuple(row[:-2]), seconds) for number, seconds in pieces(query.grain, began, ended)]
    return spent


def _least(at: Column, end: float) -> Column:
    return case((at > end, end), else_=at)


def _most(at: Column, begin: float) -> Column:
    return case((at < begin, begin), else_=at)


def _near(query: Query) -> ColumnElement[bool]:
    return _state.day.between(raw(Grain.DAY, query.since), raw(Grain.DAY, query.until))


def _overlapping(query: Query, named: Conditions, of: Conditions, *, lasting: bool = True) -> Any:
    """The states that overlap the time asked for: those of one day that are named, and with ``lasting`` all that last
    over midnight; one that lasts still ends now."""
    ended_at = func.coalesce(_state.ended_at, query.now)
    found = [
        select(_state.operator, _state.state, _state.reason, _state.began_at, ended_at.label("ended_at")).where(
            *some,
            _state.began_at < query.until,
            ended_at > query.since,
            ended_at > _state.began_at,
            *of,
        )
        for some in (named, *([(_state.day.is_(None),)] if lasting else []))
    ]
    return union_all(*found).subquery("state")


def _of_states(query: Query, states: Iterable[str]) -> list[ColumnElement[bool]]:
    """Which states count: of these operators, and of these kinds."""
    of: list[ColumnElement[bool]] = [_state.operator.in_(query.operators)] if query.operators else []
    kinds = sorted(states)
    return [*of, _state.state.in_(kinds)] if kinds else of
