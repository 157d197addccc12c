"""The figures, counted in the database by the definitions of :mod:`acd.figures.table`."""

import asyncio
import math
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

import msgspec
from sqlalchemy import (
    ColumnElement,
    func,
    select,
    text,
)
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from acd.figures import repeats
from acd.figures.periods import Grain, days_of, label
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
    unseen,
)
from acd.figures.rows import CallFact, Population, PromiseFact, TalkFact
from acd.figures.states import Interval
from acd.figures.subjects import ContactFact, SubjectReport
from acd.figures.survey import AnswerFact, SurveyReport
from acd.figures.table import Kind
from acd.figures.terms import both, fields, holds
from acd.records.citizens import about, how_often, subject_report
from acd.records.counts import can_tell, count_citizens, count_rows, source_of, where_of
from acd.records.database import DatabaseUnusable, snapshots
from acd.records.figure_sql import Source, Translation, calls, first_columns, piece
from acd.records.floor import floor
from acd.records.gaps import gaps_of
from acd.records.operator_time import intervals, occupied, time_spent
from acd.records.survey import answers, survey_report
from acd.records.tallies import Counts, Key

AT_ONCE: Final = 2
"""Questions that are counted at the same time: the database works on them beside us, and the others wait their turn,
so that the calls under way are not kept from a processor."""
_CACHE: Final = 65_536
"""Kilobytes: of the database, that SQLite keeps in memory while it counts; for one sort, on PostgreSQL."""
_POSTGRESQL: Final = (
    f"SELECT set_config('jit', 'off', true), set_config('work_mem', '{_CACHE}kB', true), "
    "set_config('max_parallel_workers_per_gather', '0', true)"
)
"""For a transaction that counts. Compiling these statements takes longer than it saves, and with several processors for
each there would be none left for the calls."""
_PAGE: Final = 1000
"""Rows fetched at once when many are read."""


class FigureBook:
    """Read access to the figures. All methods raise :class:`~acd.records.database.DatabaseUnusable` when the database
    cannot be read."""

    def __init__(self, url: str) -> None:
        # One look for all statements of a report.
        self._engine = snapshots(url)
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def close(self) -> None:
        await self._engine.dispose()

    async def report(self, query: Query) -> Report:
        """All figures of ``query``, by what it asks, and their total. One transaction: the figures agree."""
        [made] = await self.reports([query])
        return made

    async def reports(self, queries: Sequence[Query]) -> list[Report]:
        """Several reports about the same calls, cut and told apart in their own ways: in one transaction, and what
        they have in common is counted once.

        Raises:
            ValueError: they are of different times, lines, operators or limits.
        """
        same = [msgspec.structs.replace(query, figures=(), grain=Grain.TOTAL, by=()) for query in queries]
        if any(query != same[0] for query in same):
            raise ValueError("these reports are not about the same calls")
        async with self._counting() as connection:
            values = await _values(connection, queries)
            totals = [await _total(connection, *one) for one in zip(queries, values, strict=True)]
            gaps = await gaps_of(connection, queries[0])
        return [_report(*one, gaps) for one in zip(queries, values, totals, strict=True)]

    async def behind(
        self,
        query: Query,
        ref: Ref,
        *,
        number: int | None = None,
        only_part: bool = False,
        skip: int = 0,
        most: int | None = None,
    ) -> AsyncGenerator[Behind, None]:
        """The rows behind a figure, in their order: exactly as many as stand below its line, or above it.

        Args:
            query: gives time, lines, operators and limits; also the grain of ``number``.
            number: only this period, as :attr:`acd.figures.report.Row.number` has it.
            only_part: those above the line.
            skip: with ``most``: so many are left out at the begin.
            most: no more than these are told, some hundreds; None = all.

        Raises:
            CountsNoRows: it counts time, or citizens.
        """
        population = ref.figure.population
        kind = _FACTS.get(population)
        if kind is None:
            raise CountsNoRows(ref.key)
        term = both(ref.of, ref.part) if only_part else ref.of
        names = kind.__struct_fields__
        source = source_of(query, population, names if most is None else {names[0], "line", *fields(term)})
        where = [*where_of(query, source), Translation(source.columns, query.limits, query.now).condition(term)]
        if number is not None:
            where.append(_in_piece(query, source, number))
        async with self._reading() as connection:
            if most is not None:
                # Which they are is asked first: what else is told of them is looked up for these alone.
                which = select(source.columns[names[0]], source.at).select_from(source.table).where(*where)
                page = which.order_by(source.at, source.columns[names[0]]).offset(skip).limit(most)
                found = (await connection.execute(page)).all()
                if not found:
                    return
                near = msgspec.structs.replace(query, since=found[0][1], until=math.nextafter(found[-1][1], math.inf))
                source = source_of(near, population, names)
                where = [*where_of(near, source), source.columns[names[0]].in_([row[0] for row in found])]
            columns = [source.columns[name].label(name) for name in names]
            rows = select(*columns).select_from(source.table).where(*where)
            wanted = rows.order_by(source.at, source.columns[names[0]]).execution_options(yield_per=_PAGE)
            async for row in (await connection.stream(wanted)).mappings():
                fact = msgspec.convert(row, kind)
                yield Behind(fact, holds(ref.part, fact, query.limits, query.now))

    async def states(self, query: Query) -> list[StateTime]:
        """Operators' time by state, in order of period, operator and state."""
        async with self._counting() as connection:
            spent = await time_spent(connection, query, ("operator", "state", "reason"))
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
        source = calls(["outcome", "waited", "line", "operator"])
        waited, outcome = source.columns["waited"], source.columns["outcome"]
        step = floor(waited / width)
        counted = (
            select(step.label("step"), outcome.label("outcome"), func.count().label("n"))
            .select_from(source.table)
            .where(*where_of(query, source), waited.is_not(None))
            .group_by(*first_columns(2))
        )
        async with self._counting() as connection:
            return {(int(step), outcome): n for step, outcome, n in await connection.execute(counted)}

    async def gaps(self, query: Query) -> list[Gap]:
        """Times without sight that overlap."""
        async with self._counting() as connection:
            return await gaps_of(connection, query)

    async def survey(self, query: Query) -> SurveyReport:
        """What callers answered whose survey began in a time, on its lines."""
        async with self._counting() as connection:
            report = await survey_report(connection, query.since, query.until, query.lines)
            return _marked(report, await gaps_of(connection, query), query)

    async def answers(
        self, query: Query, question: str, *, given: bool, score: int | None, skip: int, most: int
    ) -> tuple[list[AnswerFact], int]:
        """Some of those who were asked, with their scores for that question, and how many there are; see
        :func:`acd.records.survey.answers`."""
        async with self._counting() as connection:
            return await answers(connection, query, question, given=given, score=score, skip=skip, most=most)

    async def intervals(
        self, query: Query, states: Sequence[str], *, skip: int, most: int
    ) -> tuple[list[Interval], int]:
        """Some of the times of operators in these states, and how many there are; see
        :func:`acd.records.operator_time.intervals`."""
        async with self._counting() as connection:
            return await intervals(connection, query, states, skip, most)

    async def subjects(self, query: Query) -> SubjectReport:
        """What the conversations of a time were about."""
        async with self._counting() as connection:
            return _marked(await subject_report(connection, query), await gaps_of(connection, query), query)

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
        return repeats.repeat_report(await self.report(again), *await self.how_often(query))

    async def how_often(self, query: Query) -> tuple[dict[int, int], int]:
        """Calls -> citizens who called so often; and the calls of nobody known. ``query`` gives time and lines."""
        async with self._counting() as connection:
            return await how_often(connection, query)

    @asynccontextmanager
    async def _counting(self) -> AsyncIterator[AsyncConnection]:
        """In its turn. Lists are read without one: whoever fetches them may be slow."""
        async with self._turns, self._reading() as connection:
            postgresql = connection.dialect.name == "postgresql"
            # SQLite reads pages again and again.
            await connection.execute(text(_POSTGRESQL if postgresql else f"PRAGMA cache_size = -{_CACHE}"))
            yield connection
            if not postgresql:
                await connection.execute(text("PRAGMA shrink_memory"))

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[AsyncConnection]:
        try:
            async with self._engine.connect() as connection:
                yield connection
        except (SQLAlchemyError, OSError) as error:
            raise DatabaseUnusable(str(self._engine.url), str(getattr(error, "orig", error))) from error


def _report(
    query: Query, values: Mapping[Key, Mapping[str, Value]], total: Mapping[str, Value], gaps: Sequence[Gap]
) -> Report:
    seconds = unseen(gaps, query, query.grain)
    rows = [
        Row(
            number=number,
            period=label(query.grain, number),
            line=line,
            operator=operator,
            values=found,
            gap=seconds.get(number, 0.0),
        )
        for (number, line, operator), found in sorted(values.items(), key=_order)
    ]
    return Report(
        since=query.since,
        until=query.until,
        made_at=query.now,
        grain=query.grain,
        figures=tuple(map(Meaning.of, query.figures)),
        untold=tuple(ref.key for ref in query.figures if not can_tell(ref, query)),
        limits=query.limits.lines,
        rows=tuple(rows),
        total=total_row(total, unseen(gaps, query).get(0, 0.0)),
        gaps=tuple(gaps),
    )


_FACTS: Final[dict[Population, type[Any]]] = {
    Population.CALLS: CallFact,
    Population.TALKS: TalkFact,
    Population.PROMISES: PromiseFact,
}


def _order(item: tuple[Key, Any]) -> tuple[int, str, str]:
    number, line, operator = item[0]
    return number, line or "", operator or ""


# --- Values ----------------------------------------------------------------------------------------------------------


async def _values(connection: AsyncConnection, queries: Sequence[Query]) -> list[dict[Key, dict[str, Value]]]:
    """Of each query."""
    values: list[dict[Key, dict[str, Value]]] = [defaultdict(dict) for _ in queries]
    counted: list[Counts] = [{} for _ in queries]
    for population in (Population.CALLS, Population.TALKS, Population.PROMISES):
        await count_rows(connection, queries, population, counted)
    for place, query in enumerate(queries):
        for count, population in ((occupied, Population.TIME), (count_citizens, Population.CITIZENS)):
            refs = [ref for ref in query.figures if ref.figure.population is population and can_tell(ref, query)]
            if refs:
                for key, found in (await count(connection, query, refs)).items():
                    counted[place].setdefault(key, {}).update(found)
        for key, by_ref in counted[place].items():
            for ref, (part, of) in by_ref.items():
                values[place][key][ref.key] = Value.made(ref.figure, part, of)
    return values


async def _total(
    connection: AsyncConnection, query: Query, values: Mapping[Key, Mapping[str, Value]]
) -> dict[str, Value]:
    """Of all rows together. Citizens must be counted again: one may be in several rows."""
    whole = msgspec.structs.replace(query, grain=Grain.TOTAL, by=())
    again = [ref for ref in query.figures if ref.figure.population is Population.CITIZENS or not can_tell(ref, query)]
    recounted: Mapping[Key, Mapping[str, Value]] = values
    if query != whole and again:
        [recounted] = await _values(connection, [msgspec.structs.replace(whole, figures=tuple(again))])
    total = {}
    for ref in query.figures:
        found = [row[ref.key] for row in values.values() if ref.key in row]
        if ref in again:
            found = [row[ref.key] for row in recounted.values() if ref.key in row]
        if can_tell(ref, whole):
            parts = [value.part for value in found]
            part = max(parts, default=0.0) if ref.figure.kind is Kind.LONGEST else sum(parts)
            total[ref.key] = Value.made(ref.figure, part, sum(value.of for value in found))
    return total


def _in_piece(query: Query, source: Source, number: int) -> ColumnElement[bool]:
    at = piece(query.grain, source.at, query.since, query.until)
    if query.grain in (Grain.WEEK, Grain.MONTH):
        first, last = days_of(query.grain, number)
        return at.between(first, last)
    return at == number


# --- Gaps ----------------------------------------------------------------------------------------------------------


Marked = TypeVar("Marked", SubjectReport, SurveyReport)


def _marked(report: Marked, gaps: Sequence[Gap], query: Query) -> Marked:
    """With what could not be seen of its time."""
    return msgspec.structs.replace(report, gap=unseen(gaps, query).get(0, 0.0), gaps=tuple(gaps))
