"""The figures, counted in the database by the definitions of :mod:`acd.figures.table`."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import msgspec
from sqlalchemy import (
    ColumnElement,
    RowMapping,
    Select,
    and_,
    case,
    func,
    literal,
    literal_column,
    or_,
    select,
    union_all,
)
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from acd.figures import repeats
from acd.figures.periods import DAYS, Grain, bucket, date_of, days_of, label, midnight, of_day, pieces, raw
from acd.figures.report import (
    Behind,
    CountsNoRows,
    Dimension,
    Gap,
    Meaning,
    Query,
    Ref,
    Report,
    Row,
    StateTime,
    Value,
    read_refs,
    total_row,
)
from acd.figures.rows import CallFact, Population, PromiseFact, TalkFact
from acd.figures.subjects import ContactFact, SubjectReport
from acd.figures.survey import SurveyReport
from acd.figures.table import Kind
from acd.figures.terms import Term, both, fields, holds
from acd.records import tables
from acd.records.citizens import about, how_often, subject_report
from acd.records.database import DatabaseUnusable, connect
from acd.records.figure_sql import Source, Translation, calls, piece, promises, talks
from acd.records.repair import MARGIN
from acd.records.survey import survey_report

AT_ONCE: Final = 2
"""Questions that are counted at the same time: the database works on them beside us, and the others wait their turn,
so that the calls under way are not kept from a processor."""
_PAGE: Final = 1000
"""Rows fetched at once when many are read."""

Key = tuple[int, str | None, str | None]
"""Period, line, operator."""

_state = tables.operator_state.c


class FigureBook:
    """Read access to the figures. All methods raise :class:`~acd.records.database.DatabaseUnusable` when the database
    cannot be read."""

    def __init__(self, url: str) -> None:
        engine = connect(url, readonly=True)
        if engine.dialect.name == "postgresql":
            # One look for all statements of a report; SQLite does so anyway.
            engine = engine.execution_options(isolation_level="REPEATABLE READ")
        self._engine = engine
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def close(self) -> None:
        await self._engine.dispose()

    async def report(self, query: Query) -> Report:
        """All figures of ``query``, by what it asks, and their total. One transaction: the figures agree."""
        async with self._counting() as connection:
            values = await _values(connection, query)
            total = await _total(connection, query, values)
            gaps = await _gaps(connection, query)
        unseen = _unseen(gaps, query, query.grain)
        rows = [
            Row(
                number=number,
                period=label(query.grain, number),
                line=line,
                operator=operator,
                values=found,
                gap=unseen.get(number, 0.0),
            )
            for (number, line, operator), found in sorted(values.items(), key=_order)
        ]
        return Report(
            since=query.since,
            until=query.until,
            made_at=query.now,
            grain=query.grain,
            figures=tuple(map(Meaning.of, query.figures)),
            limits=query.limits.lines,
            rows=tuple(rows),
            total=total_row(total, _unseen(gaps, query, Grain.TOTAL).get(0, 0.0)),
            gaps=tuple(gaps),
        )

    async def behind(
        self, query: Query, ref: Ref, *, number: int | None = None, only_part: bool = False
    ) -> AsyncGenerator[Behind, None]:
        """The rows behind a figure, in their order: exactly as many as stand below its line, or above it.

        Args:
            query: gives time, lines, operators and limits; also the grain of ``number``.
            number: only this period, as :attr:`acd.figures.report.Row.number` has it.
            only_part: those above the line.

        Raises:
            CountsNoRows: it counts time, or citizens.
        """
        figure = ref.figure
        kind = _FACTS.get(figure.population)
        if kind is None:
            raise CountsNoRows(ref.key)
        term = both(ref.of, ref.part) if only_part else ref.of
        source = _source(query, figure.population, kind.__struct_fields__)
        columns = [source.columns[name].label(name) for name in kind.__struct_fields__]
        where = [*_where(query, source), Translation(source.columns, query.limits, query.now).condition(term)]
        if number is not None:
            where.append(_in_piece(query, source, number))
        key = next(iter(kind.__struct_fields__))
        wanted = (
            select(*columns).select_from(source.table).where(*where).order_by(source.at, source.columns[key])
        ).execution_options(yield_per=_PAGE)
        async with self._reading() as connection:
            async for row in (await connection.stream(wanted)).mappings():
                fact = msgspec.convert(row, kind)
                yield Behind(fact, holds(ref.part, fact, query.limits, query.now))

    async def states(self, query: Query) -> list[StateTime]:
        """Operators' time by state, in order of period, operator and state."""
        async with self._counting() as connection:
            spent = await _time(connection, query, ("operator", "state", "reason"))
        found: dict[tuple[int, str, str, str | None], float] = defaultdict(float)
        for number, (operator, state, reason), seconds in spent:
            found[number, operator, state, reason] += seconds
        return [
            StateTime(
                number=number,
                period=label(query.grain, number),
                operator=operator,
                state=state,
                reason=reason,
                seconds=seconds,
            )
            for (number, operator, state, reason), seconds in sorted(
                found.items(), key=lambda item: (*item[0][:3], item[0][3] or "")
            )
        ]

    async def waits(self, query: Query, width: float = 10.0) -> dict[tuple[int, str], int]:
        """How long callers waited: the number of calls by piece of ``width`` seconds (its number, from 0 on) and
        outcome. What became of those who waited so long, and how many hung up by then, follow from it."""
        source = calls(["outcome", "waited", "line", "operator"], query.since, query.until)
        waited, outcome = source.columns["waited"], source.columns["outcome"]
        step = func.floor(waited / width)
        counted = (
            select(step.label("step"), outcome.label("outcome"), func.count().label("n"))
            .select_from(source.table)
            .where(*_where(query, source), waited.is_not(None))
            .group_by(step, outcome)
        )
        async with self._counting() as connection:
            rows = (await connection.execute(counted)).mappings().all()
        return {(int(row["step"]), row["outcome"]): row["n"] for row in rows}

    async def gaps(self, query: Query) -> list[Gap]:
        """Times without sight that overlap."""
        async with self._counting() as connection:
            return await _gaps(connection, query)

    async def survey(self, since: float, until: float, lines: Sequence[str] = ()) -> SurveyReport:
        """What callers answered whose survey began from ``since`` to before ``until``; ``lines`` empty = of all."""
        async with self._counting() as connection:
            return await survey_report(connection, since, until, lines)

    async def subjects(self, query: Query) -> SubjectReport:
        """What the conversations of a time were about."""
        async with self._counting() as connection:
            return await subject_report(connection, query)

    async def about(self, query: Query, subject: str | None) -> AsyncGenerator[ContactFact, None]:
        """The conversations about a subject, the earliest first; None = those without one."""
        async with self._reading() as connection:
            async for fact in about(connection, query, subject):
                yield fact

    async def repeats(self, query: Query) -> repeats.RepeatReport:
        """Who called again. ``query`` gives time, lines and limits."""
        again = msgspec.structs.replace(
            query, figures=read_refs([repeats.FIGURE]), grain=Grain.TOTAL, by=(Dimension.LINE,), operators=()
        )
        report = await self.report(again)
        async with self._counting() as connection:
            often, unknown = await how_often(connection, query)
        return repeats.repeat_report(report, often, unknown)

    @asynccontextmanager
    async def _counting(self) -> AsyncIterator[AsyncConnection]:
        """In its turn. Lists are read without one: whoever fetches them may be slow."""
        async with self._turns, self._reading() as connection:
            yield connection

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[AsyncConnection]:
        try:
            async with self._engine.connect() as connection:
                yield connection
        except (SQLAlchemyError, OSError) as error:
            raise DatabaseUnusable(str(self._engine.url), str(getattr(error, "orig", error))) from error


_FACTS: Final[dict[Population, type[Any]]] = {
    Population.CALLS: CallFact,
    Population.TALKS: TalkFact,
    Population.PROMISES: PromiseFact,
}


def _order(item: tuple[Key, Any]) -> tuple[int, str, str]:
    number, line, operator = item[0]
    return number, line or "", operator or ""


# --- Counting ------------------------------------------------------------------------------------------------------


async def _values(connection: AsyncConnection, query: Query) -> dict[Key, dict[str, Value]]:
    values: dict[Key, dict[str, Value]] = defaultdict(dict)
    for population in Population:
        refs = [ref for ref in query.figures if ref.figure.population is population and _can_tell(ref, query)]
        if not refs:
            continue
        match population:
            case Population.TIME:
                found = await _occupied(connection, query, refs)
            case Population.CITIZENS:
                found = await _citizens(connection, query, refs)
            case _:
                found = await _counted(connection, query, population, refs)
        for key, by_ref in found.items():
            for ref, (part, of) in by_ref.items():
                values[key][ref.key] = Value.made(ref.figure, part, of)
    return values


async def _total(
    connection: AsyncConnection, query: Query, values: Mapping[Key, Mapping[str, Value]]
) -> dict[str, Value]:
    """Of all rows together. Citizens must be counted again: one may be in several rows."""
    whole = msgspec.structs.replace(query, grain=Grain.TOTAL, by=())
    again = [ref for ref in query.figures if ref.figure.population is Population.CITIZENS or not _can_tell(ref, query)]
    recounted = (
        values if query == whole else await _values(connection, msgspec.structs.replace(whole, figures=tuple(again)))
    )
    total = {}
    for ref in query.figures:
        found = [row[ref.key] for row in values.values() if ref.key in row]
        if ref in again:
            found = [row[ref.key] for row in recounted.values() if ref.key in row]
        if _can_tell(ref, whole):
            parts = [value.part for value in found]
            part = max(parts, default=0.0) if ref.figure.kind is Kind.LONGEST else sum(parts)
            total[ref.key] = Value.made(ref.figure, part, sum(value.of for value in found))
    return total


def _can_tell(ref: Ref, query: Query) -> bool:
    """An idle operator is idle for all his lines, and a promise is nobody's in particular."""
    match ref.figure.population:
        case Population.TIME:
            return Dimension.LINE not in query.by and not query.lines
        case Population.PROMISES:
            return Dimension.OPERATOR not in query.by and not query.operators
        case _:
            return True


Counts = dict[Key, dict[Ref, tuple[float, float]]]


async def _counted(connection: AsyncConnection, query: Query, population: Population, refs: Sequence[Ref]) -> Counts:
    used = {name for ref in refs for term in (ref.part, ref.of) for name in fields(term)}
    source = _source(query, population, used | {ref.figure.value for ref in refs if ref.figure.value})
    sums = _Sums(source, query)
    asked = {ref: sums.of(ref) for ref in refs}
    keys = _keys(query, source)
    statement = (
        select(*keys, *sums.columns)
        .select_from(source.table)
        .where(*_where(query, source))
        .group_by(*_first(len(keys)))
    )
    counts: dict[Key, list[float]] = {}
    for row in (await connection.execute(statement)).mappings():
        sums.add(counts.setdefault(_key(query, source, row), sums.nothing()), row)
    return {key: {ref: (found[part], found[of]) for ref, (part, of) in asked.items()} for key, found in counts.items()}


class _Sums:
    """What one statement adds up: each term once, whatever figures share it."""

    def __init__(self, source: Source, query: Query) -> None:
        self._source = source
        self._translation = Translation(source.columns, query.limits, query.now)
        self._places: dict[tuple[Term, str, bool], int] = {}
        self._longest: list[bool] = []
        self.columns: list[ColumnElement[Any]] = []

    def of(self, ref: Ref) -> tuple[int, int]:
        """The places of what stands above the line of a figure and below it."""
        figure = ref.figure
        below = self._place(ref.of, "", longest=False)
        match figure.kind:
            case Kind.COUNT:
                return below, below
            case Kind.SHARE:
                return self._place(both(ref.of, ref.part), "", longest=False), below
            case Kind.MEAN | Kind.LONGEST:
                return self._place(ref.of, figure.value, longest=figure.kind is Kind.LONGEST), below

    def _place(self, term: Term, value: str, *, longest: bool) -> int:
        key = term, value, longest
        if key not in self._places:
            condition = self._translation.condition(term)
            counted = case((condition, self._source.columns[value] if value else literal(1)))
            total = func.max(counted) if longest else func.sum(counted) if value else func.count(counted)
            self._places[key] = len(self.columns)
            self.columns.append(total.label(f"n{len(self.columns)}"))
            self._longest.append(longest)
        return self._places[key]

    def nothing(self) -> list[float]:
        return [0.0 if longest else 0 for longest in self._longest]

    def add(self, found: list[float], row: RowMapping) -> None:
        for place, longest in enumerate(self._longest):
            value = row[f"n{place}"] or 0
            found[place] = max(found[place], value) if longest else found[place] + value


async def _citizens(connection: AsyncConnection, query: Query, refs: Sequence[Ref]) -> Counts:
    """Every citizen once a day, in each period and on each line that is told apart."""
    used = {name for ref in refs for name in fields(ref.part)}
    source = _source(query, Population.CALLS, used | {"citizen"})
    translation = Translation(source.columns, query.limits, query.now)
    citizen = source.columns["citizen"]
    assert source.day is not None
    day = source.day.label("day")
    keys = _keys(query, source)
    helped = [
        func.max(case((translation.condition(ref.part), 1), else_=0)).label(f"n{n}") for n, ref in enumerate(refs)
    ]
    once = (
        select(*keys, day, citizen.label("citizen"), *helped)
        .select_from(source.table)
        .where(*_where(query, source), citizen.is_not(None))
        .group_by(*_first(len(keys) + 2))
        .subquery()
    )
    names = [once.c[key.name] for key in keys]
    parts = [func.sum(once.c[f"n{n}"]).label(f"n{n}") for n in range(len(refs))]
    statement = select(*names, *parts, func.count().label("of")).group_by(*names)
    counts: Counts = defaultdict(dict)
    for row in (await connection.execute(statement)).mappings():
        found = counts[_key(query, source, row)]
        for n, ref in enumerate(refs):
            part, of = found.get(ref, (0, 0))
            found[ref] = part + row[f"n{n}"], of + row["of"]
    return counts


async def _occupied(connection: AsyncConnection, query: Query, refs: Sequence[Ref]) -> Counts:
    by_operator = Dimension.OPERATOR in query.by
    names = ("operator", "state") if by_operator else ("state",)
    spent: dict[tuple[int, str | None], dict[str, float]] = defaultdict(lambda: defaultdict(float))
    counted = {state.value for ref in refs for part in ref.figure.states for state in part}
    for number, values, seconds in await _time(connection, query, names, counted):
        spent[number, values[0] if by_operator else None][values[-1]] += seconds
    counts: Counts = {}
    for (number, operator), states in spent.items():
        found = {ref: tuple(sum(states.get(s, 0.0) for s in part) for part in ref.figure.states) for ref in refs}
        if any(of for _, of in found.values()):
            counts[number, None, operator] = {ref: (part, of) for ref, (part, of) in found.items()}
    return counts


# --- Operators' time -----------------------------------------------------------------------------------------------

Spent = list[tuple[int, tuple[Any, ...], float]]
"""Period, values of the columns that tell apart, seconds."""


async def _time(connection: AsyncConnection, query: Query, names: Sequence[str], states: Iterable[str] = ()) -> Spent:
    """Seconds of operators' states, told apart by these columns. What lies in one piece, or in two that follow each
    other, is summed by the database; the rest is cut here.

    Args:
        states: only these; empty = all.
    """
    of = _of_states(query, states)
    if query.grain in DAYS:
        return await _time_of_days(connection, query, names, of)
    length = _cell(query)
    cell = func.floor(_state.began_at / length)
    edge = (cell + 1) * length
    near, short = (
        _near(query),
        and_(_state.began_at >= query.since, _state.ended_at <= query.until, _state.ended_at <= edge + length),
    )
    columns = [_state[name] for name in names]
    later = case((_state.ended_at > edge, _state.ended_at - edge), else_=0.0)
    sums = func.sum(_state.ended_at - _state.began_at - later).label("here"), func.sum(later).label("next")
    within = select(cell.label("cell"), *columns, *sums).where(near, short, *of).group_by(*_first(1 + len(columns)))
    spent: Spent = []
    for row in await connection.execute(within):
        # A cell is never longer than a piece, and no piece begins within one.
        begin, values = int(row[0]) * length, tuple(row[1:-2])
        for at, seconds in ((begin, row[-2]), (begin + length, row[-1])):
            if seconds:
                spent.append((bucket(query.grain, raw(query.grain, at)), values, seconds))
    rest = _overlapping(query, and_(near, ~short), of)
    columns = [rest[name] for name in names]
    return spent + await _cut(connection, query, names, select(*columns, rest.began_at, rest.ended_at))


async def _time_of_days(
    connection: AsyncConnection, query: Query, names: Sequence[str], of: Sequence[ColumnElement[bool]]
) -> Spent:
    """Of states that lie in one day, and of days that are asked for as a whole, nothing needs to be cut."""
    first, last = raw(Grain.DAY, query.since), raw(Grain.DAY, query.until)
    if midnight(date_of(first)) < query.since:
        first += 1
    whole = _state.day.between(first, last - 1)
    order = ("day", "operator", "state", *(["reason"] if "reason" in names else []))
    columns = [_state[name] for name in order]
    seconds = func.sum(_state.ended_at - _state.began_at).label("seconds")
    within = select(*columns, seconds).where(whole, *of).group_by(*columns)
    spent: Spent = []
    places, numbers = [order.index(name) for name in names], {}
    for row in await connection.execute(within):
        if row[0] not in numbers:
            numbers[row[0]] = of_day(query.grain, row[0])
        spent.append((numbers[row[0]], tuple(row[place] for place in places), row[-1]))
    edges = sorted({day for day in (first - 1, last) if not first <= day < last})
    state = _overlapping(query, _state.day.in_(edges), of)
    columns = [state[name] for name in names]
    return spent + await _cut(connection, query, names, select(*columns, state.began_at, state.ended_at))


async def _cut(connection: AsyncConnection, query: Query, names: Sequence[str], states: Select[Any]) -> Spent:
    spent: Spent = []
    for row in (await connection.execute(states)).mappings():
        values = tuple(row[name] for name in names)
        began, ended = max(row["began_at"], query.since), min(row["ended_at"], query.until)
        spent += [(number, values, seconds) for number, seconds in pieces(query.grain, began, ended)]
    return spent


def _near(query: Query) -> ColumnElement[bool]:
    return _state.day.between(raw(Grain.DAY, query.since), raw(Grain.DAY, query.until))


def _overlapping(query: Query, of_one_day: ColumnElement[bool], of: Sequence[ColumnElement[bool]]) -> Any:
    """The states that overlap the time asked for: those of one day that are named, and all that last over midnight; one
    that lasts still ends now."""
    ended_at = func.coalesce(_state.ended_at, query.now)
    found = [
        select(_state.operator, _state.state, _state.reason, _state.began_at, ended_at.label("ended_at")).where(
            some,
            _state.began_at < query.until,
            or_(_state.ended_at.is_(None), _state.ended_at > query.since),
            ended_at > _state.began_at,
            *of,
        )
        for some in (of_one_day, _state.day.is_(None))
    ]
    return union_all(*found).subquery("state").c


def _of_states(query: Query, states: Iterable[str]) -> list[ColumnElement[bool]]:
    """Which states count: of these operators, and of these kinds."""
    of: list[ColumnElement[bool]] = [_state.operator.in_(query.operators)] if query.operators else []
    kinds = sorted(states)
    return [*of, _state.state.in_(kinds)] if kinds else of


def _cell(query: Query) -> int:
    """Seconds of the smallest pieces into which time is cut: the clocks of Brussels are whole hours ahead."""
    return {Grain.MINUTES_15: 900, Grain.MINUTES_30: 1800, Grain.SLOT: 1800}.get(query.grain, 3600)


# --- Parts of statements -------------------------------------------------------------------------------------------


def _source(query: Query, population: Population, names: Iterable[str]) -> Source:
    match population:
        case Population.TALKS:
            return talks()
        case Population.PROMISES:
            return promises()
        case _:
            return calls(names, query.since, query.until)


def _where(query: Query, source: Source) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = [source.at >= query.since, source.at < query.until]
    if source.day is not None:
        where.append(source.day.between(raw(Grain.DAY, query.since), raw(Grain.DAY, query.until)))
    if query.lines:
        where.append(source.columns["line"].in_(query.lines))
    if query.operators and "operator" in source.columns:
        where.append(source.columns["operator"].in_(query.operators))
    return where


def _keys(query: Query, source: Source) -> list[Any]:
    number = piece(query.grain, source.at, query.since, query.until)
    if source.day is not None and _in_days(query, source):
        number = source.day
    return [number.label("number"), *(source.columns[by.value].label(by.value) for by in query.by)]


def _in_days(query: Query, source: Source) -> bool:
    """Day by day the rows come as they are kept, and need not be sorted; :func:`_key` puts the days together. By
    operator that would be more sums than it spares."""
    return source.day is not None and query.grain in DAYS and Dimension.OPERATOR not in query.by


def _first(n: int) -> list[ColumnElement[Any]]:
    """The first columns of a statement, to group by: written out again they would have parameters of their own, and
    PostgreSQL would take them for something else."""
    return [literal_column(str(place)) for place in range(1, n + 1)]


def _key(query: Query, source: Source, row: RowMapping) -> Key:
    line = row["line"] if Dimension.LINE in query.by else None
    operator = row["operator"] if Dimension.OPERATOR in query.by else None
    number = int(row["number"])
    return of_day(query.grain, number) if _in_days(query, source) else bucket(query.grain, number), line, operator


def _in_piece(query: Query, source: Source, number: int) -> ColumnElement[bool]:
    at = piece(query.grain, source.at, query.since, query.until)
    if query.grain in (Grain.WEEK, Grain.MONTH):
        first, last = days_of(query.grain, number)
        return at.between(first, last)
    return at == number


# --- Gaps ----------------------------------------------------------------------------------------------------------


async def _gaps(connection: AsyncConnection, query: Query) -> list[Gap]:
    gap = tables.gap.c
    overlap = (
        or_(gap.began_at.is_(None), gap.began_at < query.until),
        or_(gap.ended_at.is_(None), gap.ended_at > query.since),
    )
    call = tables.call.c
    # A link that has fallen silent is given up only after some seconds: the gap began a little before.
    of_gap = (call.ended_at > func.coalesce(gap.began_at, 0.0) - MARGIN, call.arrived_at < gap.ended_at)
    repaired = select(func.count()).select_from(tables.call).where(call.repaired_at.is_not(None), *of_gap)
    columns = (gap.began_at, gap.ended_at, gap.reason, repaired.scalar_subquery().label("repaired"))
    found = await connection.execute(select(*columns).where(*overlap).order_by(gap.seq))
    return [msgspec.convert(row, Gap) for row in found.mappings()]


def _unseen(gaps: Iterable[Gap], query: Query, grain: Grain) -> dict[int, float]:
    """Seconds without sight by period."""
    unseen: dict[int, float] = defaultdict(float)
    for gap in gaps:
        began = query.since if gap.began_at is None else max(gap.began_at, query.since)
        ended = min(query.now if gap.ended_at is None else gap.ended_at, query.until)
        for number, seconds in pieces(grain, began, ended):
            unseen[number] += seconds
    return unseen
