"""Pages and API of the desk. Everybody has his own desk and no other: who he is, his account says."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import partial
from typing import Annotated, Final

import msgspec
import structlog
from fastapi import FastAPI, HTTPException, Query, Request
from fastapi.responses import HTMLResponse, Response, StreamingResponse

from acd.engine.board import BoardDesk
from acd.model import facts
from acd.model.account import AuditAction
from acd.model.contact import (
    LONGEST_NAME,
    LONGEST_NOTE,
    MOST_SUBJECTS,
    Contact,
    ContactChanged,
    ContactId,
    Draft,
    NoSuchContact,
)
from acd.model.ids import OperatorId
from acd.model.mendable import Mendable
from acd.model.operator import OperatorState
from acd.web.access import VisitorOf
from acd.web.answers import answer, described
from acd.web.bodies import body_of, decoded
from acd.web.desk.books import RequestBook
from acd.web.desk.office import Office
from acd.web.desk.panels import Panels, Seat
from acd.web.desk.pop import Popper
from acd.web.desk.requests import add_requests
from acd.web.door import Door, Visitor
from acd.web.phone import PhoneDesk
from acd.web.shell import Shell
from acd.web.stream import EventStream, while_signed_in
from acd.web.worklist import masked

log = structlog.get_logger(__name__)

ContactOf = Annotated[str, Query(alias="contact", max_length=200)]


class Doing(StrEnum):
    """What an operator does about his own state."""

    LOGIN = "login"
    LOGOUT = "logout"
    READY = "ready"
    """During a call: ready after it. During wrap-up: now."""
    NOT_READY = "not_ready"
    """During work: not ready after it."""
    EXTEND = "extend"
    """More time for notes."""
    FINISH = "finish"
    """The notes are done."""
    PAUSE_RECORDING = "pause_recording"
    """What is said is not kept from now on."""
    RESUME_RECORDING = "resume_recording"


class Said(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an operator does, and with ``not_ready`` why."""

    do: Doing
    reason: str = ""


class Typed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was typed over the draft with that ``version``."""

    version: int
    draft: Draft


class MyDesk(msgspec.Struct, frozen=True):
    """One's own desk at this moment."""

    desk: BoardDesk
    contact: Contact | None
    """On which one writes."""


class DeskAway(Exception):
    """This account is no operator, or one whom the settings do not name."""


_ACTIONS: Final[Mapping[Doing, Callable[[OperatorId, str], facts.OperatorAction]]] = {
    Doing.LOGIN: facts.OperatorLoggedIn,
    Doing.LOGOUT: facts.OperatorLoggedOut,
    Doing.READY: facts.OperatorReady,
    Doing.EXTEND: facts.WrapUpExtended,
    Doing.FINISH: facts.WrapUpFinished,
    Doing.PAUSE_RECORDING: partial(facts.OperatorPausesRecording, on=True),
    Doing.RESUME_RECORDING: partial(facts.OperatorPausesRecording, on=False),
}
_RECORDING: Final[Mapping[Doing, AuditAction]] = {
    Doing.PAUSE_RECORDING: AuditAction.RECORDING_PAUSED,
    Doing.RESUME_RECORDING: AuditAction.RECORDING_RESUMED,
}


class MyWork:
    """What operators do at their desks, and the trace of it."""

    def __init__(self, office: Office, door: Door) -> None:
        self._office = office
        self._door = door

    def desk(self, visitor: Visitor) -> BoardDesk:
        """
        Raises:
            DeskAway: he has none.
        """
        operator = visitor.account.operator if visitor.account else None
        desk = self._office.floor.desk(operator) if operator is not None else None
        if desk is None:
            raise DeskAway
        # Whether he is told who hears him, the settings say.
        return desk if self._office.city().supervision.visible else msgspec.structs.replace(desk, spies=())

    async def say(self, visitor: Visitor, said: Said) -> BoardDesk:
        """Tell the engine, then write it down: who wants a break has it, also when the records are away. The ledger
        has it in any case.

        Raises:
            HTTPException: it cannot be.
        """
        before = self.desk(visitor)
        operator = before.operator
        if said.do is Doing.NOT_READY:
            if said.reason not in self._office.city().reasons:
                raise HTTPException(422, "no such reason")
            self._office.floor.tell(facts.OperatorNotReady(operator, visitor.name, said.reason))
        else:
            self._office.floor.tell(_ACTIONS[said.do](operator, visitor.name))
        about, detail = str(operator), f"{said.do} {said.reason}".strip()
        action = _RECORDING.get(said.do, AuditAction.DESK_STATE)
        if said.do in _RECORDING:
            about, detail = _in_hand(before), ""
        try:
            await self._door.book.write(visitor.entry(self._door.clock(), action, about, detail))
        except Mendable as error:
            log.error("audit.not_written", action=action, why=str(error))
        return self.desk(visitor)

    async def save(self, visitor: Visitor, contact: ContactId, typed: Typed) -> Contact:
        """Keep what was typed.

        Raises:
            HTTPException: 422, it is too long or names an unknown subject.
            NoSuchContact, ContactChanged: as of the book.
        """
        operator = self.desk(visitor).operator
        self._check(typed.draft)
        entry = None
        if typed.version == 0 or not self._at_work_on(operator, contact):
            entry = visitor.entry(self._door.clock(), AuditAction.CONTACT_WRITTEN, contact)
        return await self._office.save(contact, operator, typed.draft, typed.version, entry)

    def _at_work_on(self, operator: OperatorId, contact: ContactId) -> bool:
        """He types during the conversation, or right after it: that is one deed, however often it is saved."""
        going = self._office.in_hand(operator)
        if going is not None:
            return going.contact == contact
        desk = self._office.floor.desk(operator)
        return desk is not None and desk.state is OperatorState.WRAP_UP

    def _check(self, draft: Draft) -> None:
        if len(draft.note) > LONGEST_NOTE or len(draft.name) > LONGEST_NAME:
            raise HTTPException(422, "too long")
        city = self._office.city()
        known = city.subjects.keys() | {id for line in city.lines.values() for id in line.subjects}
        if len(draft.subjects) > MOST_SUBJECTS or not known >= set(draft.subjects):
            raise HTTPException(422, "no such subject")


def _in_hand(desk: BoardDesk) -> str:
    """The call, or the promise to call back."""
    if desk.call is not None:
        return desk.call.call
    return "" if desk.attempt is None else desk.attempt.callback


def add_desk(
    app: FastAPI, door: Door, shell: Shell, office: Office, requests: RequestBook, *, phones: PhoneDesk | None
) -> None:
    work = MyWork(office, door)
    panels = Panels(office, requests, door, shell, phones)
    popper = Popper(office, door, phones)

    async def no_desk(request: Request, _: Exception) -> Response:
        if request.url.path.startswith("/api/"):
            return answer({"detail": "this account has no desk"}, 409)
        return shell.page(request, "no_desk.html", 409)

    app.add_exception_handler(DeskAway, no_desk)
    _add_pages(app, office, work, panels, popper)
    _add_api(app, office, work)
    add_requests(app, door, shell, office, requests)


def _add_pages(app: FastAPI, office: Office, work: MyWork, panels: Panels, popper: Popper) -> None:
    @app.get("/desk", response_class=HTMLResponse, tags=["pages"])
    async def desk_page(request: Request, visitor: VisitorOf) -> Response:
        """The operator's desk."""
        desk = work.desk(visitor)
        return await panels.page(request, desk, await popper.look_up(visitor, desk))

    @app.get("/desk/events", response_class=StreamingResponse, tags=["pages"])
    async def desk_events(request: Request, visitor: VisitorOf) -> Response:
        """The operator's desk as it changes: HTML in Server-Sent Events."""
        operator = work.desk(visitor).operator
        seat = Seat(popper, office, visitor)

        async def render() -> str:
            desk = work.desk(visitor)
            page = await panels.live(request, desk, await seat.pop(desk))
            return bytes(page.body).decode()

        return EventStream(while_signed_in(request, office.stream(operator, render, doubtful=seat.doubtful)))

    @app.get("/desk/form", response_class=HTMLResponse, tags=["pages"])
    async def desk_form(request: Request, visitor: VisitorOf, contact: ContactOf = "") -> Response:
        """Where the operator writes: about this contact of his, or about the one in hand."""
        return await panels.form(request, work.desk(visitor).operator, ContactId(contact) if contact else None)

    @app.get("/desk/side", response_class=HTMLResponse, tags=["pages"])
    async def desk_side(request: Request, visitor: VisitorOf) -> Response:
        """Beside the desk: promises to keep, requests, and his own figures of today."""
        return await panels.side(request, work.desk(visitor).operator)


def _add_api(app: FastAPI, office: Office, work: MyWork) -> None:
    @app.get("/api/desk", tags=["api"], responses=described(MyDesk, "One's own desk", 409))
    async def api_desk(visitor: VisitorOf) -> Response:
        """One's own desk at this moment. Numbers are masked: the page shows them, and writes down that it did."""
        desk = work.desk(visitor)
        return answer(MyDesk(_masked_desk(desk), _masked(await office.contact(desk.operator))))

    @app.post("/api/desk/state", tags=["api"], responses=described(BoardDesk, "As it is now", 409, 422),
              openapi_extra=body_of("Said"))  # fmt: skip
    async def api_state(request: Request, visitor: VisitorOf) -> Response:
        """Log in to work or out, be ready or not, prolong the time for notes or end it, pause the recording of the
        conversation in hand or let it go on: whether the switch did so, the desk shows."""
        said = await decoded(request, Said)
        return answer(_masked_desk(await work.say(visitor, said)))

    @app.get("/api/desk/contacts/{contact}", tags=["api"], responses=described(Contact, "The contact", 404, 409))
    async def api_contact(visitor: VisitorOf, contact: str) -> Response:
        """One's own contact, with what was written of it and a masked number."""
        found = await office.one(ContactId(contact), work.desk(visitor).operator)
        if found is None:
            raise HTTPException(404, "there is no such contact")
        return answer(_masked(found))

    @app.post("/api/desk/contacts/{contact}", tags=["api"], responses=described(Contact, "Kept", 404, 409, 422),
              openapi_extra=body_of("Typed"))  # fmt: skip
    async def api_save(request: Request, visitor: VisitorOf, contact: str) -> Response:
        """Keep what was typed over the draft with that version. 409: another was kept meanwhile, and is told."""
        try:
            kept = await work.save(visitor, ContactId(contact), await decoded(request, Typed))
        except NoSuchContact:
            raise HTTPException(404, "there is no such contact") from None
        except ContactChanged as changed:
            return answer(_masked(changed.now), 409)
        return answer(_masked(kept))


def _masked(contact: Contact | None) -> Contact | None:
    if contact is None or contact.number is None:
        return contact
    return msgspec.structs.replace(contact, number=masked(contact.number))


def _masked_desk(desk: BoardDesk) -> BoardDesk:
    if desk.call is None or desk.call.number is None:
        return desk
    return msgspec.structs.replace(desk, call=msgspec.structs.replace(desk.call, number=masked(desk.call.number)))
