"""Rows counted in the database: calls, talks and promises for any figures, and citizens."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import cache, partial
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    case,
    cast,
    func,
    literal,
    literal_column,
    null,
    select,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from acd.figures.periods import DAYS, Grain, bucket, of_day, raw
from acd.figures.report import Dimension, Query, Ref
from acd.figures.rows import Population
from acd.figures.terms import any_of, fields
from acd.records.figure_sql import (
    IN_ORDER,
    KNOWN,
    NOTED,
    Column,
    Source,
    Translation,
    again_in_order,
    calls,
    cell_of,
    citizens,
    first_columns,
    noted_calls,
    piece,
    promises,
    talks,
)
from acd.records.floor import floor
from acd.records.tallies import Counts, Key, Tallies


def can_tell(ref: Ref, query: Query) -> bool:
    """An idle operator is idle for all his lines, and a promise is nobody's in particular."""
    match ref.figure.population:
        case Population.TIME:
            return Dimension.LINE not in query.by and not query.lines
        case Population.PROMISES:
            return Dimension.OPERATOR not in query.by and not query.operators
        case _:
            return True


async def count_rows(
    connection: AsyncConnection, queries: Sequence[Query], population: Population, counted: Sequence[Counts]
) -> None:
    """Figures of single rows, by as few statements as it takes: what is cut into days, or into what days make up, is
    counted by day and line, and put together for each query."""
    asked: dict[tuple[frozenset[str], Any], list[tuple[int, Query, Ref]]] = defaultdict(list)
    for place, query in enumerate(queries):
        for ref in query.figures:
            if ref.figure.population is population and can_tell(ref, query):
                cut = None if _in_days(query, population) else (query.grain, query.by)
                asked[_joined(ref), cut].append((place, query, ref))
    postgresql = connection.dialect.name == "postgresql"
    for (joined, cut), some in asked.items():
        refs = [ref for _, _, ref in some]
        source = _source(some[0][1], population, refs, postgresql=postgresql)
        # What is joined is not read by day. PostgreSQL keeps the sums of all days at hand, and reads it once for
        # several cuts; SQLite would sort it, which takes longer than reading it again.
        again = len({(query.grain, query.by) for _, query, _ in some}) > 1
        if cut is None and source.day is not None and (not joined or (postgresql and again)):
            await _count_days(connection, source, population, some, counted)
        else:
            cuts: dict[Any, Some] = defaultdict(list)
            for one in some:
                cuts[one[1].grain, one[1].by].append(one)
            for alike in cuts.values():
                await _count_pieces(connection, source, alike, counted)
    _fill(queries, population, counted)


def _joined(ref: Ref) -> frozenset[str]:
    """What a figure needs of tables that few figures need: those are asked by themselves, for the rows that count."""
    return frozenset(_fields(ref)) & (KNOWN | NOTED)


def _fields(ref: Ref) -> set[str]:
    used = {name for term in (ref.part, ref.of) for name in fields(term)}
    return used | {ref.figure.value} if ref.figure.value else used


_LONG: Final = 60 * 86_400.0
"""Seconds of a time in which who called again is better read in the order of citizens than of days."""

Some = list[tuple[int, Query, Ref]]
"""Figures of several queries, with the places of these."""


async def _count_days(
    connection: AsyncConnection, source: Source, population: Population, some: Some, counted: Sequence[Counts]
) -> None:
    """Day by day, line by line and outcome by outcome the rows are read as they are kept, and need not be sorted. What
    was summed so is summed once more to what the queries tell apart: a year's days and lines are many."""
    query = some[0][1]
    assert source.day is not None
    tells = population is Population.CALLS
    tallies = Tallies(source, query, [ref for *_, ref in some], told=tells)
    by = [source.day.label("day"), source.columns["line"].label("line")]
    by += [source.columns["outcome"].label("outcome")] if tells else []
    days = _summed(source, by, tallies, some).cte("days")
    shapes: dict[Shape, Some] = defaultdict(list)
    for one in some:
        shapes[one[1].grain is not Grain.TOTAL, Dimension.LINE in one[1].by].append(one)
    parts = []
    for number, ((in_days, in_lines), alike) in enumerate(shapes.items()):
        keys = [
            literal_column(str(number)),
            days.c.day if in_days else literal_column("0"),
            days.c.line if in_lines else cast(null(), Text),
            tallies.alike(days.c.line) if tells else literal_column("0"),
            days.c.outcome if tells else cast(null(), Text),
        ]
        labelled = [key.label(f"key{place}") for place, key in enumerate(keys)]
        part = select(*labelled, *tallies.summed(days, {ref for *_, ref in alike}))
        parts.append(part.group_by(*first_columns(len(keys))))
    rows = (await connection.execute(union_all(*parts))).all()
    # Of a year told apart by day and line that takes as long as the database did: calls under way do not wait for it.
    await asyncio.to_thread(_put_together, rows, tallies, list(shapes.values()), counted, tells=tells)


Shape = tuple[bool, bool]
"""Whether days are told apart, and whether lines are."""


def _put_together(
    rows: Sequence[Any], tallies: Tallies, shapes: Sequence[Some], counted: Sequence[Counts], *, tells: bool
) -> None:
    """Days, limits and outcomes added up to what each query asks."""
    of_shape: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        of_shape[row[0]].append(row)
    for number, some in enumerate(shapes):
        by_query: dict[int, tuple[Query, list[Ref]]] = {place: (asked, []) for place, asked, _ in some}
        for place, _, ref in some:
            by_query[place][1].append(ref)
        for place, (asked, refs) in by_query.items():
            piece_of = cache(partial(of_day, asked.grain))

            def key(row: Any, piece_of: Callable[[int], int] = piece_of) -> Any:
                return piece_of(row[1]), row[2], tallies.told(row[4], row[3]) if tells else None

            kinds: dict[Key, dict[Any, Any]] = defaultdict(dict)
            for (piece_, line, kind), numbers in tallies.gathered(of_shape[number], key, 5).items():
                kinds[piece_, line, None][kind] = numbers
            for of, found in kinds.items():
                counted[place].setdefault(of, {}).update({ref: tallies.figure(ref, found) for ref in refs})


async def _count_pieces(connection: AsyncConnection, source: Source, some: Some, counted: Sequence[Counts]) -> None:
    """Whatever else time is cut into, and by operator."""
    query = some[0][1]
    tallies = Tallies(source, query, [ref for *_, ref in some], told=False)
    number = Number(query, source)
    keys = [number.column, *(source.columns[by.value] for by in query.by)]
    labelled = [key.label(f"key{place}") for place, key in enumerate(keys)]
    rows = (await connection.execute(_summed(source, labelled, tallies, some))).all()
    for of, numbers in tallies.gathered(rows, partial(_key, query, number), len(keys)).items():
        for place, _, ref in some:
            counted[place].setdefault(of, {})[ref] = tallies.figure(ref, {None: numbers})


def _summed(source: Source, keys: Sequence[Column], tallies: Tallies, some: Some) -> Select[Any]:
    """The rows that count, added up by these keys."""
    statement = select(*keys, *tallies.columns).select_from(source.table)
    return statement.where(*where_of(some[0][1], source), *_only(source, some)).group_by(*first_columns(len(keys)))


def _only(source: Source, some: Some) -> list[ColumnElement[bool]]:
    """Of what is joined for few figures: the rows that these count."""
    if not any(_joined(ref) for *_, ref in some):
        return []
    query = some[0][1]
    below = any_of(*(ref.of for *_, ref in some))
    return [Translation(source.columns, query.limits, query.now).condition(below)]


def _fill(queries: Sequence[Query], population: Population, counted: Sequence[Counts]) -> None:
    """Where other figures of the same rows were counted, nothing is a count, too."""
    for query, counts in zip(queries, counted, strict=True):
        refs = [ref for ref in query.figures if ref.figure.population is population and can_tell(ref, query)]
        for found in counts.values():
            if any(ref in found for ref in refs):
                found |= {ref: (0, 0) for ref in refs if ref not in found}


async def count_citizens(connection: AsyncConnection, query: Query, refs: Sequence[Ref]) -> Counts:
    """Every citizen once a day, in each period and on each line that is told apart."""
    source = citizens({name for ref in refs for name in fields(ref.part)} | _operator(query))
    translation = Translation(source.columns, query.limits, query.now)
    number = Number(query, source)
    assert source.day is not None
    by = [source.columns[one.value] for one in query.by]
    # In the order in which they are kept: by day and citizen.
    apart = [source.day, source.columns["citizen"], *([] if query.grain in DAYS else [number.column]), *by]
    columns = [column.label(f"key{place}") for place, column in enumerate(apart)]
    helped = [
        func.max(case((translation.condition(ref.part), 1), else_=0)).label(f"n{n}") for n, ref in enumerate(refs)
    ]
    once = (
        select(*columns, *helped)
        .select_from(source.table)
        .where(*where_of(query, source))
        .group_by(*first_columns(len(columns)))
        .subquery()
    )
    # The whole time needs no day.
    keys = [once.c[column.name] for column in columns[2:]]
    keys = [once.c.key0, *keys] if query.grain in DAYS and query.grain is not Grain.TOTAL else keys
    parts = [func.coalesce(func.sum(once.c[f"n{n}"]), 0) for n in range(len(refs))]
    counts: Counts = defaultdict(dict)
    for row in await connection.execute(select(*keys, func.count(), *parts).group_by(*keys)):
        whole = () if query.grain is not Grain.TOTAL else (None,)
        found = counts[_key(query, number, (*whole, *row))]
        of = row[len(keys)]
        for ref, part in zip(refs, row[len(keys) + 1 :], strict=True):
            before = found.get(ref, (0, 0))
            found[ref] = before[0] + part, before[1] + of
    return {key: found for key, found in counts.items() if any(of for _, of in found.values())}


def _key(query: Query, number: "Number", row: Sequence[Any]) -> Key:
    """Of a row that begins with its number and what it is told apart by."""
    by = dict(zip(query.by, row[1:], strict=False))
    return number.of(row[0]), by.get(Dimension.LINE), by.get(Dimension.OPERATOR)


# --- Parts of statements -------------------------------------------------------------------------------------------


def source_of(query: Query, population: Population, names: Iterable[str]) -> Source:
    match population:
        case Population.TALKS:
            return talks()
        case Population.PROMISES:
            return promises()
        case _:
            return calls(names)


def _source(query: Query, population: Population, refs: Iterable[Ref], *, postgresql: bool) -> Source:
    """Who must be known is looked for among those who are."""
    names = {name for ref in refs for name in _fields(ref)}
    if names & NOTED:
        where = where_of(query, calls(()))
        return noted_calls(names | _operator(query), where, query.since, query.until, postgresql=postgresql)
    if not names & KNOWN:
        return source_of(query, population, names)
    if query.until - query.since >= _LONG and "next_at" in names and names | _operator(query) <= IN_ORDER:
        return again_in_order(query.since, query.until, postgresql=postgresql)
    ahead = (query.since, query.until) if postgresql and "next_at" in names else None
    return citizens(names | _operator(query), ahead)


def _operator(query: Query) -> set[str]:
    return {"operator"} if query.operators or Dimension.OPERATOR in query.by else set()


def where_of(query: Query, source: Source) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = [source.at >= query.since, source.at < query.until, *source.where]
    if source.day is not None:
        where.append(source.day.between(raw(Grain.DAY, query.since), raw(Grain.DAY, query.until)))
    if query.lines:
        where.append(source.columns["line"].in_(query.lines))
    if query.operators and "operator" in source.columns:
        where.append(source.columns["operator"].in_(query.operators))
    return where


def _in_days(query: Query, population: Population) -> bool:
    """Whether it can be put together of days and lines. By operator that would be more sums than it spares."""
    return population is not Population.PROMISES and query.grain in DAYS and Dimension.OPERATOR not in query.by


def _whole(_: Any) -> int:
    return 0


class Number:
    """By what the database groups the moments of a source, and to which period that belongs."""

    def __init__(self, query: Query, source: Source) -> None:
        grain = query.grain
        self.of: Callable[[Any], int]
        if grain not in DAYS:
            length = cell_of(grain)
            self.column: Column = floor(source.at / length)
            self.of = cache(lambda cell: bucket(grain, raw(grain, int(cell) * length)))
        elif query.by and grain is Grain.TOTAL:
            self.column, self.of = literal(0), _whole
        elif source.day is not None:
            self.column, self.of = source.day, cache(lambda day: of_day(grain, day))
        else:
            self.column = piece(grain, source.at, query.since, query.until)
            self.of = cache(lambda number: bucket(grain, int(number)))
