"""What conversations were about, and who called again, counted in the database."""

from collections.abc import AsyncGenerator
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from acd.figures.periods import Grain, raw
from acd.figures.report import Query
from acd.figures.subjects import ContactFact, Conversations, SubjectReport, subject_rows
from acd.model.ids import LineId
from acd.records import tables
from acd.records.figure_sql import LINE

_contact, _call, _citizen = tables.contact.c, tables.call.c, tables.citizen.c
_PAGE: Final = 1000
"""Rows fetched at once."""


async def subject_report(connection: AsyncConnection, query: Query) -> SubjectReport:
    """Of the conversations that began in the time asked for, on its lines."""
    # There are few sets of subjects, so the database groups by the list as it is written.
    kind = (_contact.line, _contact.subjects, _contact.settled)
    found = await connection.execute(select(*kind, func.count()).where(*_within(query)).group_by(*kind))
    counted = [
        Conversations(LineId(line), tuple(msgspec.json.decode(subjects, type=list[str])), settled, count)
        for line, subjects, settled, count in found
    ]
    rows, conversations = subject_rows(counted)
    return SubjectReport(since=query.since, until=query.until, rows=rows, conversations=conversations)


async def about(connection: AsyncConnection, query: Query, subject: str | None) -> AsyncGenerator[ContactFact, None]:
    """The conversations about that subject, the earliest first; None = those without one."""
    wanted = [_contact[name].label(name) for name in ContactFact.__struct_fields__]
    rows = select(*wanted, _contact.subjects).where(*_within(query)).order_by(_contact.began_at, _contact.contact)
    async for row in (await connection.stream(rows.execution_options(yield_per=_PAGE))).mappings():
        marked = msgspec.json.decode(row["subjects"], type=list[str])
        if subject in marked if subject is not None else not marked:
            yield msgspec.convert(row, ContactFact)


def _within(query: Query) -> list[ColumnElement[bool]]:
    within: list[ColumnElement[bool]] = [_contact.began_at >= query.since, _contact.began_at < query.until]
    return [*within, _contact.line.in_(query.lines)] if query.lines else within


async def how_often(connection: AsyncConnection, query: Query) -> tuple[dict[int, int], int]:
    """Calls -> citizens who called so often in the time asked for, on its lines; and the calls of nobody known."""
    each = (
        select(func.count().label("calls")).where(*_called(query, _citizen, _citizen.line)).group_by(_citizen.citizen)
    ).subquery()
    found = await connection.execute(select(each.c.calls, func.count()).group_by(each.c.calls))
    often = {row[0]: row[1] for row in found}
    day = _call.day.between(raw(Grain.DAY, query.since), raw(Grain.DAY, query.until))
    calls = await connection.scalar(select(func.count()).where(day, *_called(query, _call, LINE)))
    return often, (calls or 0) - sum(calls * citizens for calls, citizens in often.items())


def _called(query: Query, call: Any, line: ColumnElement[Any]) -> list[ColumnElement[bool]]:
    within: list[ColumnElement[bool]] = [call.arrived_at >= query.since, call.arrived_at < query.until]
    return [*within, line.in_(query.lines)] if query.lines else within
