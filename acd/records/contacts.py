"""What operators write of their conversations, and their requests for colleagues, in the database.

A draft is kept only on top of the one that it was typed over: who typed elsewhere meanwhile is told what is there now,
and nothing is overwritten. Every step of a request is written together with its line in the audit log.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import RowMapping, Select, and_, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from acd.model.account import AuditEntry
from acd.model.contact import (
    OPEN_REQUESTS,
    REQUEST_MOVES,
    Contact,
    ContactChanged,
    ContactId,
    Draft,
    NoSuchContact,
    Request,
    RequestAct,
    RequestChanged,
    RequestId,
    RequestKind,
    RequestState,
    RequestStep,
    TransferNote,
)
from acd.model.ids import CallId, LineId, OperatorId
from acd.records import tables
from acd.records.accounts import append_audit
from acd.records.store import Store

MADE: Final = "made"
"""First step of a request."""

_contact, _request, _log = tables.contact.c, tables.request.c, tables.request_log.c
_passed = tables.transfer_note.c
_OPEN: Final = _request.state.in_([state.value for state in OPEN_REQUESTS])


class ContactStore(Store):
    """All methods raise :class:`~acd.records.database.DatabaseUnusable` when the database cannot be read or written."""

    # --- Contacts -----------------------------------------------------------------------------------------------------

    async def begin(self, contact: Contact) -> None:
        """The operator has picked up. Told again of the same contact, its end is forgotten and all else stays."""
        async with self._writing() as connection:
            his = _contact.contact == contact.contact
            again = await connection.execute(update(tables.contact).where(his).values(ended_at=None))
            if not again.rowcount:
                await connection.execute(insert(tables.contact), [_row(contact)])

    async def end(self, contact: ContactId, at: float) -> None:
        async with self._writing() as connection:
            await connection.execute(update(tables.contact).where(_contact.contact == contact).values(ended_at=at))

    async def save(
        self, contact: ContactId, operator: OperatorId, draft: Draft, version: int, entry: AuditEntry | None
    ) -> Contact:
        """Keep what was typed over the draft with that version, with its line in the audit log if it has one.

        Raises:
            NoSuchContact: there is none of that operator.
            ContactChanged: the kept draft has another version, and is another.
        """
        async with self._writing() as connection:
            row = (await connection.execute(_of(contact, operator).with_for_update())).mappings().first()
            if row is None:
                raise NoSuchContact
            now = _contact_of(row)
            if now.draft == draft:
                return now  # Sent again, because the answer was lost.
            if now.version != version:
                raise ContactChanged(now)
            new = msgspec.structs.replace(now, draft=draft, version=version + 1)
            await connection.execute(update(tables.contact).where(_contact.contact == contact).values(_row(new)))
            if entry is not None:
                await append_audit(connection, entry)
            return new

    async def contact(self, contact: ContactId, operator: OperatorId) -> Contact | None:
        found = await self._read(_of(contact, operator))
        return _contact_of(found[0]) if found else None

    async def latest(self, operator: OperatorId, since: float, limit: int) -> list[Contact]:
        """His own, the latest first."""
        his = select(tables.contact).where(_contact.operator == operator, _contact.began_at >= since)
        rows = await self._read(his.order_by(_contact.began_at.desc(), _contact.contact).limit(limit))
        return [_contact_of(row) for row in rows]

    async def earlier(self, number: str, before: float, limit: int) -> list[Contact]:
        """Contacts with this citizen that began before then, the latest first, whoever spoke with him."""
        his = select(tables.contact).where(_contact.number == number, _contact.began_at < before)
        rows = await self._read(his.order_by(_contact.began_at.desc(), _contact.contact).limit(limit))
        return [_contact_of(row) for row in rows]

    async def settled(self, operator: OperatorId, since: float) -> tuple[int, int]:
        """Of his contacts since then: how many are settled, and of how many he has said whether they are."""
        said = and_(_contact.operator == operator, _contact.began_at >= since, _contact.settled.is_not(None))
        counts = await self._read(
            select(_contact.settled, func.count().label("n")).where(said).group_by(_contact.settled)
        )
        by = {bool(row["settled"]): row["n"] for row in counts}
        return by.get(True, 0), sum(by.values())

    # --- What goes along with a caller --------------------------------------------------------------------------------

    async def leave(self, note: TransferNote) -> None:
        """Of a call that was passed on before, the last note stays."""
        row = msgspec.to_builtins(note)
        async with self._writing() as connection:
            again = await connection.execute(update(tables.transfer_note).where(_passed.call == note.call).values(row))
            if not again.rowcount:
                await connection.execute(insert(tables.transfer_note), [row])

    async def of(self, call: CallId) -> TransferNote | None:
        found = await self._read(select(tables.transfer_note).where(_passed.call == call))
        return msgspec.convert(found[0], TransferNote) if found else None

    async def sent_to(self, to: str, since: float) -> TransferNote | None:
        """The newest note for this number, left since then."""
        his = select(tables.transfer_note).where(_passed.to == to, _passed.at >= since)
        found = await self._read(his.order_by(_passed.at.desc()).limit(1))
        return msgspec.convert(found[0], TransferNote) if found else None

    # --- Requests -----------------------------------------------------------------------------------------------------

    async def make(self, request: Request, entry: AuditEntry) -> Request:
        """Register it. Sent again under the same id, it is there once.

        Raises:
            RequestChanged: under this id there is one of somebody else, or with another question.
        """
        async with self._writing() as connection:
            before = await _held(connection, request.request)
            if before is not None:
                if (before.by, before.question) != (request.by, request.question):
                    raise RequestChanged
                return before
            await connection.execute(insert(tables.request), [msgspec.to_builtins(request)])
            await _note(connection, request, RequestStep(request.made_at, request.by, MADE, request.to))
            await append_audit(connection, entry)
            return request

    async def act(
        self, request: RequestId, version: int, act: RequestAct, *, to: str, note: str, entry: AuditEntry
    ) -> Request:
        """Do it, in the name and at the moment of ``entry``.

        Raises:
            RequestChanged: it is no longer at ``version``, or over, or not there.
        """
        async with self._writing() as connection:
            now = await _held(connection, request)
            if now is None or now.version != version or now.state not in OPEN_REQUESTS:
                raise RequestChanged
            state = REQUEST_MOVES[act]
            over = state not in OPEN_REQUESTS
            new = msgspec.structs.replace(
                now,
                version=version + 1,
                state=state,
                to=to if act is RequestAct.HAND_OVER else now.to,
                owner=entry.who if state is RequestState.TAKEN else "" if state is RequestState.OPEN else now.owner,
                closed_at=entry.at if over else None,
            )
            row = msgspec.to_builtins(new)
            await connection.execute(update(tables.request).where(_request.request == request).values(row))
            step = RequestStep(entry.at, entry.who, act, to if act is RequestAct.HAND_OVER else "", note)
            await _note(connection, new, step)
            await append_audit(connection, entry)
            return new

    async def requests(self, kind: RequestKind, who: str, line: LineId | None, now: float, limit: int) -> list[Request]:
        """The most urgent first; of those that are over the latest first."""
        closed = kind is RequestKind.CLOSED
        wanted = select(tables.request).where(_kind(kind, who, now))
        if line is not None:
            wanted = wanted.where(_request.line == line)
        order = _request.closed_at.desc() if closed else _request.deadline
        rows = await self._read(wanted.order_by(order, _request.request).limit(limit))
        return [msgspec.convert(row, Request) for row in rows]

    async def request_counts(self, who: str, now: float) -> dict[RequestKind, int]:
        kinds = [kind for kind in RequestKind if kind is not RequestKind.CLOSED]
        sums: list[Any] = [func.count().filter(_kind(kind, who, now)).label(kind.value) for kind in kinds]
        [row] = await self._read(select(*sums).select_from(tables.request).where(_OPEN))
        return {kind: row[kind.value] for kind in kinds}

    async def request(self, request: RequestId) -> tuple[Request, list[RequestStep]] | None:
        """It, and its history, the latest first."""
        found = await self._read(select(tables.request).where(_request.request == request))
        if not found:
            return None
        columns = [_log.at, _log.by, _log.what, _log.to, _log.note]
        steps = await self._read(select(*columns).where(_log.request == request).order_by(_log.step.desc()))
        return msgspec.convert(found[0], Request), [msgspec.convert(row, RequestStep) for row in steps]

    # --- The database -------------------------------------------------------------------------------------------------

    async def _read(self, query: Select[Any]) -> Sequence[RowMapping]:
        async with self._reading() as connection:
            rows: Sequence[RowMapping] = (await connection.execute(query)).mappings().all()
            return rows


def _kind(kind: RequestKind, who: str, now: float) -> Any:
    match kind:
        case RequestKind.OPEN:
            return _OPEN
        case RequestKind.MINE:
            return and_(_OPEN, or_(_request.owner == who, _request.to == who, _request.by == who))
        case RequestKind.OVERDUE:
            return and_(_OPEN, _request.deadline <= now)
        case RequestKind.CLOSED:
            return _request.closed_at.is_not(None)


def _of(contact: ContactId, operator: OperatorId) -> Select[Any]:
    return select(tables.contact).where(_contact.contact == contact, _contact.operator == operator)


def _row(contact: Contact) -> dict[str, Any]:
    row: dict[str, Any] = msgspec.to_builtins(contact)
    draft: dict[str, Any] = row.pop("draft")
    return row | draft | {"subjects": msgspec.json.encode(draft["subjects"]).decode()}


def _contact_of(row: RowMapping) -> Contact:
    values: dict[str, Any] = {str(name): value for name, value in row.items()}
    draft = {name: values.pop(name) for name in ("name", "note", "settled")}
    draft["subjects"] = msgspec.json.decode(values.pop("subjects"))
    return msgspec.convert(values | {"draft": draft}, Contact)


async def _held(connection: AsyncConnection, request: RequestId) -> Request | None:
    query = select(tables.request).where(_request.request == request).with_for_update()
    row = (await connection.execute(query)).mappings().first()
    return None if row is None else msgspec.convert(row, Request)


async def _note(connection: AsyncConnection, request: Request, step: RequestStep) -> None:
    row = {"request": request.request, "step": request.version} | msgspec.to_builtins(step)
    await connection.execute(insert(tables.request_log), [row])
