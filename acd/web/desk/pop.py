"""What an operator sees of the citizen on his line: number, name, the promise that is being kept, earlier contacts.

Written down first, then shown: while the records are away there is no number and no history, and the page says so. The
call itself does not wait for any of it.
"""

from collections import OrderedDict
from typing import Final

import msgspec

from acd.engine.board import BoardDesk
from acd.model.account import AuditAction
from acd.model.contact import Contact, ContactId, contact_of_attempt, contact_of_call
from acd.model.mendable import Mendable
from acd.model.worklist import Dossier
from acd.web.desk.office import Office
from acd.web.door import Door, Visitor
from acd.web.worklist import masked

MOST_EARLIER: Final = 8
"""Earlier contacts that the page shows."""
SHOWN_REMEMBERED: Final = 20_000
"""Calls of which the page need not write down again that they were shown."""


class Pop(msgspec.Struct, frozen=True):
    contact: ContactId
    number: str = ""
    """E.164, or the last digits for those who may not see it; empty = withheld, or not known yet."""
    name: str = ""
    """As it was noted in an earlier contact."""
    named_at: float = 0.0
    earlier: tuple[Contact, ...] = ()
    dossier: Dossier | None = None
    """Of the promise that is being kept."""
    failed: bool = False
    """The records could not be read, or not written to."""


def key_of(desk: BoardDesk) -> ContactId | None:
    """The contact that this call, ringing or answered, is or will be."""
    if desk.call is not None:
        return contact_of_call(desk.call.call, desk.operator)
    if desk.attempt is not None and desk.attempt.stage is not None:
        return contact_of_attempt(desk.attempt.attempt, desk.operator)
    return None


class Popper:
    """Looks up who calls, and leaves the trace of it."""

    def __init__(self, office: Office, door: Door) -> None:
        self._office = office
        self._door = door
        self._shown: OrderedDict[tuple[str, ContactId], None] = OrderedDict()

    async def look_up(self, visitor: Visitor, desk: BoardDesk) -> Pop | None:
        """None = there is no call. Without the records the pop says so."""
        key = key_of(desk)
        if key is None:
            return None
        try:
            return await self._look_up(visitor, desk, key)
        except Mendable:
            return Pop(key, failed=True)

    async def _look_up(self, visitor: Visitor, desk: BoardDesk, key: ContactId) -> Pop:
        dossier, number = None, desk.call.number if desk.call is not None else None
        if desk.attempt is not None and self._office.worklist is not None:
            dossier = await self._office.worklist.one(desk.attempt.callback)
            number = dossier.row.number if dossier is not None else None
        earlier = await self._earlier(number, key)
        named = next((one for one in earlier if one.draft.name), None)
        await self._write(visitor, desk, key, len(earlier))
        return Pop(
            key,
            number=(number or "") if visitor.sees_numbers else masked(number or ""),
            name=named.draft.name if named else "",
            named_at=named.began_at if named else 0.0,
            earlier=earlier,
            dossier=dossier,
        )

    async def _earlier(self, number: str | None, key: ContactId) -> tuple[Contact, ...]:
        if not number:
            return ()
        found = await self._office.book.earlier(number, self._door.clock() + 1, MOST_EARLIER + 1)
        return tuple(one for one in found if one.contact != key)[:MOST_EARLIER]

    async def _write(self, visitor: Visitor, desk: BoardDesk, key: ContactId, earlier: int) -> None:
        """Once for each call and account: a page that loads again shows the same."""
        if (visitor.name, key) in self._shown:
            return
        about = desk.call.call if desk.call is not None else desk.attempt.callback if desk.attempt is not None else ""
        entry = visitor.entry(self._door.clock(), AuditAction.CALL_SHOWN, about, f"earlier={earlier}")
        await self._door.book.write(entry)
        self._shown[visitor.name, key] = None
        if len(self._shown) > SHOWN_REMEMBERED:
            self._shown.popitem(last=False)
