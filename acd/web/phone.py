"""The operator's telephone in a page: his card to register with, what he can do with a call, and who may get it.

With the phone in the browser the page itself speaks SIP, over ``/sip``: it answers, holds and transfers without us, and
goes on when we are gone. With any other phone the engine hangs up and sends on for him; the rest he does on the phone.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Final, Protocol

import msgspec
import structlog
from fastapi import FastAPI, HTTPException, Request, WebSocket
from fastapi.responses import HTMLResponse, Response

from acd.engine.board import BoardDesk
from acd.model.account import AuditAction
from acd.model.callback import AttemptStage
from acd.model.contact import OUTSIDE, How, TransferNote
from acd.model.facts import OperatorAction, OperatorHangsUp, OperatorSendsOn, OperatorSendsToSurvey, PhoneState
from acd.model.ids import CallbackId, CallId, Device, LineId, OperatorId
from acd.model.mendable import Mendable
from acd.model.operator import OperatorState
from acd.model.phones import PhoneAccess
from acd.model.policy import SURVEY, Operator, PhoneKind
from acd.web.access import VisitorOf, visitor_of
from acd.web.answers import answer, described
from acd.web.bodies import decoded
from acd.web.door import Door, Visitor
from acd.web.shell import Shell
from acd.web.sip_proxy import SipProxy

log = structlog.get_logger(__name__)

REALM: Final = "asterisk"
"""Asterisk's own name for where its passwords count."""
LONGEST_NOTE: Final = 500
ON_ITS_WAY: Final = 60.0
"""Seconds within which a caller who is sent to a colleague rings there."""


class TransferNotes(Protocol):
    """Where they are kept. All methods raise ``Mendable`` when that cannot be read or written."""

    async def leave(self, note: TransferNote) -> None: ...

    async def of(self, call: CallId) -> TransferNote | None: ...

    async def sent_to(self, to: str, since: float) -> TransferNote | None:
        """The newest note for this number, left since then: his phone rings with a caller whom nobody told of yet."""


class Colleague(msgspec.Struct, frozen=True):
    operator: OperatorId
    name: str
    number: Device
    state: OperatorState


class Targets(msgspec.Struct, frozen=True):
    """To whom he can send his caller."""

    lines: Mapping[LineId, Mapping[str, str]]
    """Names by language."""
    colleagues: tuple[Colleague, ...]
    outside: tuple[str, ...]
    """Prefixes of numbers outside; empty = none may be called."""


class Talk(msgspec.Struct, frozen=True):
    """The call that he has in hand."""

    call: CallId | None
    """None = he calls a citizen back: with him he can speak and hang up."""
    line: LineId | None
    ringing: bool
    since: float
    held_since: float | None
    note: TransferNote | None = None
    """Sent along by the operator before him."""
    survey: bool = False
    """His line asks its callers how it was: he may send this one there."""
    back: CallbackId | None = None
    """The promise that he keeps by calling."""
    calling: bool = False
    """The citizen's phone rings."""


class PhoneView(msgspec.Struct, frozen=True):
    """An operator's phone, his call, and to whom he can send it."""

    device: Device
    kind: PhoneKind
    reachable: bool
    state: OperatorState
    talk: Talk | None
    targets: Targets
    coming: TransferNote | None = None
    """Of a caller who has just been sent to him."""


class Card(msgspec.Struct, frozen=True):
    """With this the page registers its phone. The password itself stays here: this is its digest for one realm."""

    device: Device
    realm: str
    ha1: str


class Sent(msgspec.Struct, frozen=True):
    """To whom a caller is to be sent."""

    to: str
    note: str = ""
    how: How = How.BLIND


class Reached(msgspec.Struct, frozen=True):
    """As the switch wants it dialled."""

    to: str
    by: PhoneKind
    """``browser``: now the page itself sends him on. ``sip``: that is done."""


class Telephony(Protocol):
    """What the pages need of the engine and the switch."""

    def operator(self, id: OperatorId) -> Operator | None: ...

    def access(self) -> PhoneAccess:
        """Read anew whenever it was written anew."""

    def desk(self, id: OperatorId) -> BoardDesk | None:
        """What the engine says of him, his phone and his call."""

    def targets(self) -> Targets: ...

    def tell(self, action: OperatorAction) -> None: ...


def reach(to: str, lines: Mapping[LineId, object], access: PhoneAccess) -> str | None:
    """What an operator typed, as the switch wants it: a line, an internal number, or an E.164 number that may be had.
    None = he may not send anybody there. The dialplan looks again."""
    text = to.strip()
    if text in lines or re.fullmatch(r"[0-9]{3,5}", text, re.ASCII):
        return text
    digits = re.sub(r"[ ./()-]", "", text)
    if digits.startswith("00"):
        digits = f"+{digits[2:]}"
    elif digits.startswith("0"):
        digits = f"+{access.country}{digits[1:]}"
    if not re.fullmatch(r"\+[1-9][0-9]{7,14}", digits, re.ASCII):
        return None
    return digits if _longest(digits, access.transfer) > _longest(digits, access.refused) else None


def _longest(number: str, prefixes: tuple[str, ...]) -> int:
    return max((len(prefix) for prefix in prefixes if number.startswith(prefix)), default=0)


def talk_of(desk: BoardDesk | None) -> Talk | None:
    if desk is None or desk.call is None:
        return None if desk is None else _talk_back(desk)
    call = desk.call
    return Talk(call.call, call.line, call.answered_at is None, desk.since, call.held_since, survey=call.survey)


def _talk_back(desk: BoardDesk) -> Talk | None:
    """Once he has picked up for it."""
    attempt = desk.attempt
    if attempt is None or desk.state is not OperatorState.IN_CALL:
        return None
    calling = attempt.stage is not AttemptStage.TALKING
    return Talk(None, attempt.line, False, desk.since, None, back=attempt.callback, calling=calling)


class PhoneDesk:
    """What an operator does with his phone, and the trace of it.

    Args:
        told: hears which operators have been sent a note.
    """

    def __init__(
        self,
        telephony: Telephony,
        door: Door,
        notes: TransferNotes,
        told: Callable[[OperatorId], None] = lambda operator: None,
    ) -> None:
        self.telephony: Final = telephony
        self._door = door
        self._notes = notes
        self._told = told

    def of(self, visitor: Visitor) -> Operator | None:
        """None = he takes no calls, or not any more."""
        id = visitor.account.operator if visitor.account else None
        return None if id is None else self.telephony.operator(id)

    def owner(self, visitor: Visitor) -> Operator:
        """
        Raises:
            HTTPException: 404, nobody of this name takes calls any more.
        """
        operator = self.of(visitor)
        if operator is None:
            raise HTTPException(404, "there is no such operator")
        return operator

    async def view(self, visitor: Visitor) -> PhoneView:
        who = self.owner(visitor)
        return await self._view(who, self.telephony.targets())

    async def pushed(self, who: Operator) -> PhoneView:
        """What his page need not ask for: all but to whom he can send his caller, for that is of the whole floor."""
        return await self._view(who, Targets({}, (), ()))

    async def _view(self, who: Operator, targets: Targets) -> PhoneView:
        desk = self.telephony.desk(who.id)
        talk, coming = talk_of(desk), None
        try:
            if talk is not None and talk.call is not None:
                talk = msgspec.structs.replace(talk, note=await self.passed(talk.call, who.id))
            coming = await self._notes.sent_to(who.device, self._door.clock() - ON_ITS_WAY)
        except Mendable as error:
            log.warning("phone.note_not_read", why=str(error))
        reachable = desk is not None and desk.phone is not PhoneState.UNREACHABLE
        state = OperatorState.LOGGED_OUT if desk is None else desk.state
        return PhoneView(who.device, who.phone, reachable, state, talk, targets, coming)

    async def passed(self, call: CallId, to: OperatorId) -> TransferNote | None:
        """What came along with this call for him who has it now."""
        note = await self._notes.of(call)
        return note if note is not None and note.by != to else None

    async def card(self, visitor: Visitor) -> Card:
        """
        Raises:
            HTTPException: 404, he has another phone; 503, Asterisk was not set up for this one.
        """
        who = self.owner(visitor)
        if who.phone is not PhoneKind.BROWSER:
            raise HTTPException(404, "this operator's phone is not in the browser")
        secret = self.telephony.access().secrets.get(who.device)
        if secret is None:
            raise HTTPException(503, "this phone has no password: run 'acd dialplan build'", {"Retry-After": "60"})
        await self._door.book.write(visitor.entry(self._door.clock(), AuditAction.PHONE_OPENED, who.device))
        ha1 = hashlib.md5(f"{who.device}:{REALM}:{secret}".encode(), usedforsecurity=False).hexdigest()
        return Card(who.device, REALM, ha1)

    async def hang_up(self, visitor: Visitor) -> None:
        """
        Raises:
            HTTPException: 409, he has nobody on the line.
        """
        who, talk = self._in_talk(visitor)
        about = talk.call or talk.back or ""
        await self._door.book.write(visitor.entry(self._door.clock(), AuditAction.CALL_HUNG_UP, about))
        self.telephony.tell(OperatorHangsUp(who.id, visitor.name))

    async def send_on(self, visitor: Visitor, sent: Sent) -> Reached:
        """Keep the note; and unless his page does it itself, send the caller on.

        Raises:
            HTTPException: 409, he has nobody on the line; 422, he may not send anybody there.
        """
        who, _talk, call = self._with_caller(visitor)
        to = reach(sent.to, self.telephony.targets().lines, self.telephony.access())
        if to is None or to == who.device:
            raise HTTPException(422, "phone_not_there")
        if len(sent.note) > LONGEST_NOTE:
            raise HTTPException(422, "note_long")
        now = self._door.clock()
        told = OUTSIDE if to.startswith(OUTSIDE) else to
        await self._door.book.write(visitor.entry(now, AuditAction.CALL_SENT_ON, call, told))
        await self._notes.leave(TransferNote(call, who.id, to, sent.how, sent.note.strip(), now))
        for colleague in self.telephony.targets().colleagues:
            if colleague.number == to:
                self._told(colleague.operator)
        if who.phone is not PhoneKind.BROWSER:
            if sent.how is How.CONSULT:
                raise HTTPException(422, "phone_consult_there")
            self.telephony.tell(OperatorSendsOn(who.id, visitor.name, to))
        return Reached(to, who.phone)

    async def to_survey(self, visitor: Visitor) -> None:
        """
        Raises:
            HTTPException: 409, he has nobody on the line, or the line asks nobody.
        """
        who, talk, call = self._with_caller(visitor)
        if not talk.survey:
            raise HTTPException(409, "phone_no_survey")
        await self._door.book.write(visitor.entry(self._door.clock(), AuditAction.CALL_SENT_ON, call, SURVEY))
        self.telephony.tell(OperatorSendsToSurvey(who.id, visitor.name))

    def _with_caller(self, visitor: Visitor) -> tuple[Operator, Talk, CallId]:
        who, talk = self._in_talk(visitor)
        if talk.call is None:
            raise HTTPException(409, "phone_nobody")
        return who, talk, talk.call

    def _in_talk(self, visitor: Visitor) -> tuple[Operator, Talk]:
        who = self.owner(visitor)
        talk = talk_of(self.telephony.desk(who.id))
        if talk is None or talk.ringing:
            raise HTTPException(409, "phone_nobody")
        return who, talk


def add_phone(app: FastAPI, door: Door, shell: Shell, desk: PhoneDesk | None) -> None:
    _add_page(app, shell, desk)
    _add_api(app, desk)
    _add_socket(app, door, None if desk is None else desk.telephony)


def _set_up(desk: PhoneDesk | None) -> PhoneDesk:
    if desk is None:
        raise HTTPException(404, "there is no switch")
    return desk


def _add_page(app: FastAPI, shell: Shell, desk: PhoneDesk | None) -> None:
    @app.get("/desk/phone", response_class=HTMLResponse, tags=["pages"])
    async def phone(request: Request, visitor: VisitorOf) -> Response:
        """The telephone alone: for a window of its own beside another program."""
        view = await _set_up(desk).view(visitor)
        return shell.page(request, "phone.html", phone=view, phone_texts=shell.texts(request, "phone_"))


def _add_api(app: FastAPI, desk: PhoneDesk | None) -> None:
    @app.get("/api/phone", tags=["api"], responses=described(PhoneView, "The phone", 404))
    async def view(visitor: VisitorOf) -> Response:
        """One's own phone, the call in hand, and to whom it can be sent."""
        return answer(await _set_up(desk).view(visitor))

    @app.post("/api/phone/card", tags=["api"], responses=described(Card, "The card", 404, 503))
    async def card(visitor: VisitorOf) -> Response:
        """With what one's own page registers its phone."""
        return answer(await _set_up(desk).card(visitor))

    @app.post("/api/phone/hangup", tags=["api"], status_code=204, response_class=Response)
    async def hangup(visitor: VisitorOf) -> Response:
        """Hang up on the caller: 204, or 409 when there is none."""
        await _set_up(desk).hang_up(visitor)
        return Response(status_code=204)

    @app.post("/api/phone/survey", tags=["api"], status_code=204, response_class=Response)
    async def survey(visitor: VisitorOf) -> Response:
        """Send the caller on to the survey: 204, or 409 when there is none, or his line asks nobody."""
        await _set_up(desk).to_survey(visitor)
        return Response(status_code=204)

    body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Sent"}}}, "required": True}

    @app.post(
        "/api/phone/transfer",
        tags=["api"],
        responses=described(Reached, "Whom it goes to", 404, 409, 422),
        openapi_extra={"requestBody": body},
    )
    async def transfer(request: Request, visitor: VisitorOf) -> Response:
        """Send the caller on with a note; with the phone in the browser only the note is kept, and the page does the
        rest."""
        sent = await decoded(request, Sent)
        return answer(await _set_up(desk).send_on(visitor, sent))


def _add_socket(app: FastAPI, door: Door, telephony: Telephony | None) -> None:
    proxy = SipProxy()

    @app.websocket("/sip")
    async def sip(browser: WebSocket) -> None:
        account = visitor_of(browser).account
        operator = None if telephony is None or account is None or account.operator is None else account.operator
        who = telephony.operator(operator) if telephony is not None and operator is not None else None
        url = telephony.access().websocket if telephony is not None else ""
        if who is None or who.phone is not PhoneKind.BROWSER or not url:
            await browser.close(1008)
            return
        token = browser.session["token"]

        async def counts(touched: bool) -> bool:
            session = await door.session(token, person=touched)
            return session is not None and session.account.operator == who.id

        await proxy.serve(browser, who.id, url, counts)
