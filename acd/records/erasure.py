"""Numbers of citizens are erased by the clock, what operators wrote of them by a longer one, and by the longest that by
which a citizen who calls again is known. Nothing else goes: figures, ledger and logs hold none."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final

import msgspec
from sqlalchemy import ColumnElement, Delete, Update, and_, delete, or_, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from acd.model.ids import LineId
from acd.model.promise import CALLER, SYSTEM
from acd.records import tables
from acd.records.database import DatabaseUnusable, connect

BATCH: Final = 500
"""Rows of one transaction: who must write a promise down meanwhile does not wait long."""

_caller, _callback, _citizen = tables.caller.c, tables.callback.c, tables.citizen.c
_call, _passed = tables.call.c, tables.transfer_note.c
_contact, _request, _log = tables.contact.c, tables.request.c, tables.request_log.c


class Erased(msgspec.Struct, frozen=True):
    """How many are gone."""

    callers: int
    callbacks: int
    contacts: int = 0
    """Numbers beside what an operator wrote."""
    requests: int = 0
    """Numbers of citizens whom a colleague was to call."""


class NotesErased(msgspec.Struct, frozen=True):
    """How many of each have lost what was written."""

    contacts: int
    requests: int
    passed: int = 0
    """What went along with callers who were passed on."""


class Before(msgspec.Struct, frozen=True):
    """What is older goes. Seconds since the epoch."""

    all: float
    lines: Mapping[LineId, float] = {}
    """Of lines with a term of their own, longer or shorter."""

    def over(self, at: ColumnElement[float], line: ColumnElement[str]) -> ColumnElement[bool]:
        """Whether this moment is long enough ago for this line; NULL: of none."""
        if not self.lines:
            return at < self.all
        others = or_(line.is_(None), line.not_in(list(self.lines)))
        return or_(and_(others, at < self.all), *(and_(line == id, at < before) for id, before in self.lines.items()))


async def erase_numbers(url: str, before: Before) -> Erased:
    """Erase the numbers of those who called before then, and of the promises and requests that were closed before then.
    Who is still owed a call keeps his.

    Raises:
        DatabaseUnusable: it cannot be written; what is erased already stays so.
    """
    of_call = tables.caller.outerjoin(tables.call, _call.call == _caller.call)
    old = select(_caller.call).select_from(of_call).where(before.over(_caller.at, _call.line)).limit(BATCH)
    over = _callback.closed_at.is_not(None), before.over(_callback.closed_at, _callback.line)
    closed = select(_callback.callback).where(*over, _callback.number.is_not(None)).limit(BATCH)
    begun = before.over(_contact.began_at, _contact.line)
    told = select(_contact.contact).where(begun, _contact.number.is_not(None)).limit(BATCH)
    done = before.over(_request.closed_at, _request.line)
    asked = select(_request.request).where(done, _request.number != "").limit(BATCH)
    async with _writing(url) as engine:
        return Erased(
            await _all(engine, delete(tables.caller).where(_caller.call.in_(old))),
            await _all(engine, update(tables.callback).where(_callback.callback.in_(closed)).values(number=None)),
            await _all(engine, update(tables.contact).where(_contact.contact.in_(told)).values(number=None)),
            await _all(engine, update(tables.request).where(_request.request.in_(asked)).values(number="")),
        )


async def erase_names(url: str, before: Before) -> NotesErased:
    """Erase the names beside notes of contacts that began before then, and of requests that were closed before then.

    Raises:
        DatabaseUnusable: it cannot be written; what is erased already stays so.
    """
    begun, done = before.over(_contact.began_at, _contact.line), before.over(_request.closed_at, _request.line)
    old = select(_contact.contact).where(begun, _contact.name != "").limit(BATCH)
    closed = select(_request.request).where(done, _request.name != "").limit(BATCH)
    async with _writing(url) as engine:
        return NotesErased(
            await _all(engine, update(tables.contact).where(_contact.contact.in_(old)).values(name="")),
            await _all(engine, update(tables.request).where(_request.request.in_(closed)).values(name="")),
        )


async def erase_notes(url: str, before: Before) -> NotesErased:
    """Erase notes and names of contacts that began before then, and what was sent along with callers before then;
    questions, names and notes of requests, and what people wrote of promises, that were closed before then. Subjects
    and settled stay: they are counted.

    Raises:
        DatabaseUnusable: it cannot be written; what is erased already stays so.
    """
    written = or_(_contact.note != "", _contact.name != "")
    begun, done = before.over(_contact.began_at, _contact.line), before.over(_request.closed_at, _request.line)
    old = select(_contact.contact).where(begun, written).limit(BATCH)
    asked = or_(_request.question != "", _request.name != "")
    closed = select(_request.request).where(done, asked).limit(BATCH)
    gone = select(_request.request).where(done)
    noted = select(_log.request).where(_log.note != "", _log.request.in_(gone)).limit(BATCH)
    step = tables.callback_log.c
    over = select(_callback.callback).where(before.over(_callback.closed_at, _callback.line))
    why = and_(by_a_person(), step.callback.in_(over))
    told = select(step.callback).where(why).limit(BATCH)
    of_call = tables.transfer_note.outerjoin(tables.call, _call.call == _passed.call)
    along = select(_passed.call).select_from(of_call).where(before.over(_passed.at, _call.line)).limit(BATCH)
    async with _writing(url) as engine:
        # The history first: whose question is gone is not looked at again.
        await _all(engine, update(tables.request_log).where(_log.request.in_(noted)).values(note=""))
        await _all(engine, update(tables.callback_log).where(by_a_person(), step.callback.in_(told)).values(why=None))
        return NotesErased(
            await _all(engine, update(tables.contact).where(_contact.contact.in_(old)).values(note="", name="")),
            await _all(engine, update(tables.request).where(_request.request.in_(closed)).values(question="", name="")),
            await _all(engine, delete(tables.transfer_note).where(_passed.call.in_(along))),
        )


async def erase_citizens(url: str, before: Before) -> int:
    """Erase the keyed hashes by which a citizen who calls again is known, of calls before then. Figures of citizens and
    of repeat callers then leave these calls out; all others stay.

    Returns:
        How many.

    Raises:
        DatabaseUnusable: it cannot be written; what is erased already stays so.
    """
    of_call = tables.citizen.outerjoin(tables.call, _call.call == _citizen.call)
    old = select(_citizen.call).select_from(of_call).where(before.over(_citizen.at, _call.line)).limit(BATCH)
    async with _writing(url) as engine:
        return await _all(engine, delete(tables.citizen).where(_citizen.call.in_(old)))


def by_a_person() -> ColumnElement[bool]:
    """Lines of the promises' log in which somebody wrote why; what the rules write is one of their own words."""
    log = tables.callback_log.c
    return and_(log.why.is_not(None), log.by.not_in((CALLER, SYSTEM)))


@asynccontextmanager
async def _writing(url: str) -> AsyncIterator[AsyncEngine]:
    engine = connect(url)
    try:
        yield engine
    except (SQLAlchemyError, OSError) as error:
        raise DatabaseUnusable(str(engine.url), str(getattr(error, "orig", error))) from error
    finally:
        await engine.dispose()


async def _all(engine: AsyncEngine, some: Delete | Update) -> int:
    """Again and again, until there are none left."""
    erased, found = 0, 1
    while found:
        async with engine.begin() as connection:
            found = (await connection.execute(some)).rowcount
        erased += found
    return erased
