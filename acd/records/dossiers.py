"""What is kept about one citizen: found by his number, or by its keyed hash where the number is gone; told; erased.

Erasing takes away who he was, and nothing that is counted: his calls, conversations, scores and kept promises stay as
they were, without number, name or a word of what was written. The keyed hash becomes a mark drawn at random, the same
for all his calls: figures of repeat callers stay true, and nobody can find out any more whose calls they were, nor that
his next call is his. The ledger never held any of it, so a rebuild brings nothing back.
"""

import asyncio
import hashlib
import secrets
import sqlite3
from collections.abc import Callable, Collection, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import msgspec
from sqlalchemy import RowMapping, Select, and_, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from acd.model.account import AuditAction, AuditEntry
from acd.model.callback import OWED, CallbackState
from acd.model.citizen import (
    ON_REQUEST,
    CitizenFile,
    Erasure,
    FiledCall,
    FiledContact,
    FiledDelivery,
    FiledLook,
    FiledNote,
    FiledPromise,
    FiledRequest,
    FiledScore,
    Held,
)
from acd.model.contact import OPEN_REQUESTS, RequestAct, RequestState, RequestStep
from acd.model.promise import Note, Promise, cancelled
from acd.model.worklist import Act
from acd.records import tables
from acd.records.accounts import append_audit
from acd.records.callbacks import write_step
from acd.records.database import BUSY_TIMEOUT, sqlite_path
from acd.records.erasure import by_a_person
from acd.records.ledger import citizen_of
from acd.records.store import Store

WRAP_UP: Final = 600.0
"""Seconds after a conversation in which its note may still be written."""
AT_ONCE: Final = 500
"""Ids of one question to the database."""

_call, _caller, _citizen = tables.call.c, tables.caller.c, tables.citizen.c
_callback, _contact, _request = tables.callback.c, tables.contact.c, tables.request.c
_passed, _score, _delivery = tables.transfer_note.c, tables.survey_answer.c, tables.delivery.c
_PROMISE: Final = [column for column in tables.callback.c if column is not _callback.number]
_OPEN_REQUESTS: Final = [state.value for state in OPEN_REQUESTS]


class _Marks(msgspec.Struct, frozen=True):
    """By what rows of his are known. Ids of rows, all of them his."""

    forms: tuple[str, ...]
    calls: frozenset[str]
    callbacks: frozenset[str]
    contacts: frozenset[str]
    requests: frozenset[str]
    passed: frozenset[str]
    attempts: frozenset[str]
    """Channels by which he was called back: names of recordings and answers of surveys begin so."""

    @property
    def all(self) -> frozenset[str]:
        return self.calls | self.callbacks | self.contacts | self.requests


class CitizenBook(Store):
    """All methods raise :class:`~acd.records.database.DatabaseUnusable` when the database cannot be read or written.

    Args:
        url: of the database.
        key: what the hash of a citizen's number is made with.
        personal: names of the city's programs that get citizens' numbers.
    """

    def __init__(self, url: str, key: bytes, personal: Callable[[], Collection[str]] = tuple) -> None:
        super().__init__(url)
        self._key = key
        self._personal = personal

    def mark(self, number: str) -> str:
        """What stands for this number in the audit log: the same each time, and no way back without the key."""
        return f"citizen {hashlib.blake2b(number.encode(), key=self._key, digest_size=8, person=b'audit').hexdigest()}"

    async def note(self, forms: Sequence[str], entry: AuditEntry) -> None:
        """Write down that somebody looks him up."""
        async with self._writing() as connection:
            await append_audit(connection, msgspec.structs.replace(entry, about=self.mark(forms[0])))

    async def held(self, forms: Sequence[str], now: float) -> Held:
        """How much is kept about whoever has this number, written in any of these forms."""
        async with self._reading() as connection:
            marks = await self._marks(connection, forms)
            return await _held(connection, marks, now, self._personal())

    async def file(self, forms: Sequence[str]) -> CitizenFile:
        """All that is kept about him, the oldest first."""
        async with self._reading() as connection:
            return await _file(connection, await self._marks(connection, forms), self._personal())

    async def calls(self, forms: Sequence[str]) -> frozenset[str]:
        """Ids of his calls and of the attempts to call him back: recordings are named by them."""
        async with self._reading() as connection:
            marks = await self._marks(connection, forms)
            return marks.calls | marks.attempts

    async def erase(self, forms: Sequence[str], entry: AuditEntry, *, cancel: bool) -> Erasure:
        """Erase who he was, in one transaction with its line in the audit log.

        Args:
            forms: his number in every form, E.164 first.
            entry: who does it, and when; what was done is filled in.
            cancel: cancel also what he is still owed.

        Raises:
            StillBusy, StillOwed: as :meth:`acd.model.citizen.Held.check_erasure`.
        """
        async with self._writing() as connection:
            marks = await self._marks(connection, forms)
            held = await _held(connection, marks, entry.at, self._personal())
            held.check_erasure(cancel=cancel)
            await _cancel(connection, marks, entry)
            done = await _erase(connection, marks)
            done = msgspec.structs.replace(done, cancelled=held.owed_promises + held.owed_requests, told=held.told)
            detail = " ".join(f"{name}={value}" for name, value in msgspec.structs.asdict(done).items() if value)
            line = msgspec.structs.replace(entry, action=AuditAction.CITIZEN_ERASED, about=self.mark(forms[0]))
            await append_audit(connection, msgspec.structs.replace(line, detail=detail))
        await self._overwrite()
        return done

    async def _overwrite(self) -> None:
        """SQLite keeps old pages in its write-ahead log until they are overwritten: now. A reader may hold this up; the
        next write does it then."""
        path = sqlite_path(self._engine.url)
        if path is not None:
            await asyncio.to_thread(_checkpoint, path)

    async def _marks(self, connection: AsyncConnection, forms: Sequence[str]) -> _Marks:
        hashes = [citizen_of(form, self._key) for form in forms]
        calls = set(await connection.scalars(select(_caller.call).where(_caller.number.in_(forms))))
        calls |= set(await connection.scalars(select(_citizen.call).where(_citizen.citizen.in_(hashes))))
        callbacks = set(await connection.scalars(select(_callback.callback).where(_callback.number.in_(forms))))
        for given_in in (_callback.call, _callback.callback):
            callbacks |= await _ids(connection, _callback.callback, given_in, calls)
        contacts = set(await connection.scalars(select(_contact.contact).where(_contact.number.in_(forms))))
        contacts |= await _ids(connection, _contact.contact, _contact.call, calls)
        contacts |= await _ids(connection, _contact.contact, _contact.callback, callbacks)
        requests = set(await connection.scalars(select(_request.request).where(_request.number.in_(forms))))
        requests |= await _ids(connection, _request.request, _request.contact, contacts)
        passed = set(await connection.scalars(select(_passed.call).where(_passed.to.in_(forms))))
        passed |= await _ids(connection, _passed.call, _passed.call, calls)
        attempt = tables.attempt.c
        tried = await _ids(connection, attempt.attempt, attempt.callback, callbacks)
        parts = (calls, callbacks, contacts, requests, passed, {f"acd-cb-{number}" for number in tried})
        return _Marks(tuple(forms), *(frozenset(part) for part in parts))


def _checkpoint(path: Path) -> None:
    with closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


# --- Looking ---------------------------------------------------------------------------------------------------------


async def _ids(connection: AsyncConnection, wanted: Any, among: Any, ids: Collection[str]) -> set[Any]:
    found: set[Any] = set()
    for part in _parts(ids):
        found |= set(await connection.scalars(select(wanted).where(among.in_(part))))
    return found


async def _rows(connection: AsyncConnection, query: Select[Any], among: Any, ids: Collection[str]) -> list[RowMapping]:
    rows: list[RowMapping] = []
    for part in _parts(ids):
        rows += (await connection.execute(query.where(among.in_(part)))).mappings().all()
    return rows


def _parts(ids: Collection[str]) -> list[list[str]]:
    """No database takes any number of values at once."""
    every = sorted(ids)
    return [every[begin : begin + AT_ONCE] for begin in range(0, len(every), AT_ONCE)]


async def _held(connection: AsyncConnection, marks: _Marks, now: float, personal: Collection[str]) -> Held:
    calls = await _rows(connection, select(_call.call, _call.arrived_at, _call.ended_at), _call.call, marks.calls)
    promises = await _rows(connection, select(tables.callback), _callback.callback, marks.callbacks)
    contacts = await _rows(connection, select(_contact.began_at, _contact.ended_at), _contact.contact, marks.contacts)
    requests = await _rows(connection, select(_request.state, _request.made_at), _request.request, marks.requests)
    moments = [row["arrived_at"] for row in calls] + [row["promised_at"] for row in promises]
    moments += [row["began_at"] for row in contacts] + [row["made_at"] for row in requests]
    writing = (row["ended_at"] is None or row["ended_at"] > now - WRAP_UP for row in contacts)
    called = (row["state"] == CallbackState.CLAIMED for row in promises)
    owed = [state.value for state in OWED]
    return Held(
        calls=len(marks.calls),
        numbers=len(await _ids(connection, _caller.call, _caller.call, marks.calls)),
        contacts=len(marks.contacts),
        promises=len(marks.callbacks),
        requests=len(marks.requests),
        passed=len(marks.passed),
        scores=len(await _ids(connection, _score.seq, _score.call, marks.calls | marks.attempts)),
        told=tuple(sorted({row["hook"] for row in await _deliveries(connection, marks, personal)})),
        owed_promises=sum(row["state"] in owed for row in promises),
        owed_requests=sum(row["state"] in _OPEN_REQUESTS for row in requests),
        busy=any(row["ended_at"] is None for row in calls) or any(called) or any(writing),
        first_at=min(moments, default=None),
        last_at=max(moments, default=None),
    )


async def _deliveries(connection: AsyncConnection, marks: _Marks, personal: Collection[str]) -> list[RowMapping]:
    """What programs that get citizens' numbers have taken."""
    taken = _delivery.delivered_at.is_not(None), _delivery.hook.in_(list(personal))
    query = select(_delivery.hook, _delivery.at, _delivery.kind, _delivery.news).where(*taken)
    found = await _rows(connection, query, _delivery.call, marks.calls)
    found += await _rows(connection, query, _delivery.callback, marks.callbacks)
    # A step of a promise is told with the call in which the promise was given: it is found both ways.
    return list({(row["hook"], row["news"]): row for row in found}.values())


async def _file(connection: AsyncConnection, marks: _Marks, personal: Collection[str]) -> CitizenFile:
    outcome, look = tables.outcome.c, tables.audit.c
    query = (
        select(*(_call[name] for name in FiledCall.__struct_fields__ if name in _call), _caller.number)
        .add_columns(outcome.outcome, outcome.waited)
        .select_from(
            tables.call.outerjoin(tables.caller, _caller.call == _call.call).outerjoin(
                tables.outcome, outcome.call == _call.call
            )
        )
    )
    calls = await _rows(connection, query, _call.call, marks.calls)
    scores = select(_score.at, _score.line, _score.question, _score.score)
    looks = await _rows(connection, select(look.at, look.action), look.about, marks.all)
    return CitizenFile(
        calls=_filed(FiledCall, calls, "arrived_at"),
        contacts=_filed(
            FiledContact,
            [
                {**row, "subjects": msgspec.json.decode(row["subjects"])}
                for row in await _rows(connection, select(tables.contact), _contact.contact, marks.contacts)
            ],
            "began_at",
        ),
        promises=_filed(FiledPromise, await _with_notes(connection, marks), "promised_at"),
        requests=_filed(FiledRequest, await _with_steps(connection, marks), "made_at"),
        notes=_filed(
            FiledNote,
            await _rows(
                connection, select(_passed.at, _passed.note).where(_passed.note != ""), _passed.call, marks.passed
            ),
            "at",
        ),
        scores=_filed(FiledScore, await _rows(connection, scores, _score.call, marks.calls | marks.attempts), "at"),
        deliveries=_filed(
            FiledDelivery,
            [{**row, "program": row["hook"]} for row in await _deliveries(connection, marks, personal)],
            "at",
        ),
        looks=_filed(FiledLook, looks, "at"),
    )


def _filed(kind: type[Any], rows: Sequence[Any], by: str) -> tuple[Any, ...]:
    names = kind.__struct_fields__
    told = [msgspec.convert({name: row[name] for name in names}, kind) for row in rows]
    return tuple(sorted(told, key=lambda one: getattr(one, by)))


async def _with_notes(connection: AsyncConnection, marks: _Marks) -> list[dict[str, Any]]:
    log = tables.callback_log.c
    query = select(log.callback, log.why).where(by_a_person()).order_by(log.step)
    written = await _rows(connection, query, log.callback, marks.callbacks)
    promises = await _rows(connection, select(tables.callback), _callback.callback, marks.callbacks)
    return [{**row, "notes": [one["why"] for one in written if one["callback"] == row["callback"]]} for row in promises]


async def _with_steps(connection: AsyncConnection, marks: _Marks) -> list[dict[str, Any]]:
    log = tables.request_log.c
    query = select(log.request, log.note).where(log.note != "").order_by(log.step)
    written = await _rows(connection, query, log.request, marks.requests)
    requests = await _rows(connection, select(tables.request), _request.request, marks.requests)
    return [{**row, "notes": [one["note"] for one in written if one["request"] == row["request"]]} for row in requests]


# --- Erasing ---------------------------------------------------------------------------------------------------------


async def _cancel(connection: AsyncConnection, marks: _Marks, entry: AuditEntry) -> None:
    """What he is still owed."""
    owed = select(*_PROMISE).where(_callback.state.in_([state.value for state in OWED]))
    note = Note(entry.at, entry.who, Act.CANCEL)
    for row in await _rows(connection, owed, _callback.callback, marks.callbacks):
        old = msgspec.convert(row, Promise)
        await write_step(connection, old, cancelled(old, entry.at, ON_REQUEST, owner=entry.who), note)
    asked = select(_request.request, _request.version).where(_request.state.in_(_OPEN_REQUESTS))
    for row in await _rows(connection, asked, _request.request, marks.requests):
        his, step = row["request"], row["version"] + 1
        over = {"state": RequestState.CANCELLED.value, "closed_at": entry.at, "owner": entry.who, "version": step}
        await connection.execute(update(tables.request).where(_request.request == his).values(over))
        log = RequestStep(entry.at, entry.who, RequestAct.CANCEL, "")
        await connection.execute(
            insert(tables.request_log), [{"request": his, "step": step} | msgspec.to_builtins(log)]
        )


async def _erase(connection: AsyncConnection, marks: _Marks) -> Erasure:
    request_log, callback_log = tables.request_log.c, tables.callback_log.c
    numbers, calls = 0, 0
    # One for all his calls: who calls twice within a week is still counted as one who did.
    stranger = secrets.token_hex(16)
    for part in _parts(marks.calls):
        numbers += (await connection.execute(delete(tables.caller).where(_caller.call.in_(part)))).rowcount
        known = update(tables.citizen).where(_citizen.call.in_(part)).values(citizen=stranger)
        calls += (await connection.execute(known)).rowcount
    for part in _parts(marks.passed):
        await connection.execute(delete(tables.transfer_note).where(_passed.call.in_(part)))
    for part in _parts(marks.callbacks):
        await connection.execute(update(tables.callback).where(_callback.callback.in_(part)).values(number=None))
        wrote = and_(callback_log.callback.in_(part), by_a_person())
        await connection.execute(update(tables.callback_log).where(wrote).values(why=None))
    for part in _parts(marks.contacts):
        # With another version: a page that still has the note open does not write it back.
        gone = {"number": None, "name": "", "note": "", "version": _contact.version + 1}
        await connection.execute(update(tables.contact).where(_contact.contact.in_(part)).values(gone))
    for part in _parts(marks.requests):
        gone = {"number": "", "name": "", "question": "", "version": _request.version + 1}
        await connection.execute(update(tables.request).where(_request.request.in_(part)).values(gone))
        await connection.execute(update(tables.request_log).where(request_log.request.in_(part)).values(note=""))
    return Erasure(numbers, len(marks.contacts), len(marks.requests), len(marks.callbacks), len(marks.passed), calls)
