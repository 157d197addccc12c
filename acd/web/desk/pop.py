"""What an operator sees of the citizen on his line: number, name, the promise that is being kept, earlier contacts.

Written down first, then shown: while the records are away there is no number and no history, and the page says so. The
call itself does not wait for any of it.
"""

from collections import OrderedDict
from typing import Final

import msgspec

from acd.engine.board import BoardDesk
from acd.model.account import AuditAction
from acd.model.contact import Contact, ContactId, TransferNote, contact_of_attempt, contact_of_call
from acd.model.ids import CallId, LineId
from acd.model.mendable import Mendable
from acd.model.operator import OperatorState
from acd.model.worklist import Dossier
from acd.web.desk.office import Office
from acd.web.door import Door, Visitor
from acd.web.phone import PhoneDesk
from acd.web.worklist import masked

MOST_EARLIER: Final = 8
"""Earlier contacts that the page shows."""
SHOWN_REMEMBERED: Final = 20_000
"""Calls of which the page need not write down again that they were shown."""


class Pop(msgspec.Struct, frozen=True):
    contact: ContactId
    line: LineId
    language: str = ""
    """Of a call that came in."""
    withheld: bool = False
    """There is no number, and none will come."""
    call: CallId | None = None
    """None = a call back."""
    number: str = ""
    """E.164, or the last digits for those who may not see it; empty = withheld, or not known yet."""
    hidden: bool = False
    """Of the number only the last digits are here."""
    name: str = ""
    """As it was noted in an earlier contact."""
    named_at: float = 0.0
    earlier: tuple[Contact, ...] = ()
    dossier: Dossier | None = None
    """Of the promise that is being kept."""
    passed: TransferNote | None = None
    """From the operator who had this call before."""
    failed: bool = False
    """The records could not be read, or not written to."""


def blank(office: Office, desk: BoardDesk) -> Pop | None:
    """What is known without the records: of the call that rings or goes on, or of which he writes his notes. None =
    there is none."""
    if desk.call is not None:
        call = desk.call
        key = contact_of_call(call.call, desk.operator)
        return Pop(key, call.line, call.language, withheld=call.number is None, call=call.call)
    if desk.attempt is not None and desk.attempt.stage is not None:
        return Pop(contact_of_attempt(desk.attempt.attempt, desk.operator), desk.attempt.line)
    last = office.last(desk.operator)
    if desk.state is OperatorState.WRAP_UP and last is not None:
        language = last.language if last.call is not None else ""
        withheld = last.call is not None and last.number is None
        return Pop(last.contact, last.line, language, withheld=withheld, call=last.call)
    return None


class Popper:
    """Looks up who calls, and leaves the trace of it."""

    def __init__(self, office: Office, door: Door, phones: PhoneDesk | None) -> None:
        self._phones = phones
        self._office = office
        self._door = door
        self._shown: OrderedDict[tuple[str, ContactId], None] = OrderedDict()

    async def look_up(self, visitor: Visitor, desk: BoardDesk) -> Pop | None:
        """None = there is no call. Without the records the pop says so."""
        pop = blank(self._office, desk)
        if pop is None:
            return None
        try:
            return await self._look_up(visitor, desk, pop)
        except Mendable:
            return msgspec.structs.replace(pop, failed=True)

    async def _look_up(self, visitor: Visitor, desk: BoardDesk, pop: Pop) -> Pop:
        last = self._office.last(desk.operator)
        known = last if last is not None and last.contact == pop.contact else None
        number = desk.call.number if desk.call is not None else known.number if known is not None else None
        callback = desk.attempt.callback if desk.attempt is not None else known.callback if known is not None else None
        dossier = None
        if callback is not None and self._office.worklist is not None:
            dossier = await self._office.worklist.one(callback)
            number = number or (dossier.row.number if dossier is not None else None)
        earlier = await self._earlier(number, pop.contact)
        named = next((one for one in earlier if one.draft.name), None)
        await self._write(visitor, pop.contact, pop.call or callback or "", len(earlier))
        passed = None
        if self._phones is not None and pop.call is not None:
            passed = await self._phones.passed(pop.call, desk.operator)
        return msgspec.structs.replace(
            pop,
            number=(number or "") if visitor.sees_numbers else masked(number or ""),
            hidden=not visitor.sees_numbers,
            name=named.draft.name if named else "",
            named_at=named.began_at if named else 0.0,
            earlier=earlier,
            dossier=dossier,
            passed=passed,
        )

    async def _earlier(self, number: str | None, key: ContactId) -> tuple[Contact, ...]:
        if not number:
            return ()
        found = await self._office.book.earlier(number, self._door.clock() + 1, MOST_EARLIER + 1)
        return tuple(one for one in found if one.contact != key)[:MOST_EARLIER]

    async def _write(self, visitor: Visitor, key: ContactId, about: str, earlier: int) -> None:
        """Once for each call and account: a page that loads again shows the same."""
        if (visitor.name, key) in self._shown:
            return
        entry = visitor.entry(self._door.clock(), AuditAction.CALL_SHOWN, about, f"earlier={earlier}")
        await self._door.book.write(entry)
        self._shown[visitor.name, key] = None
        if len(self._shown) > SHOWN_REMEMBERED:
            self._shown.popitem(last=False)
