"""The desk as HTML: the part that is pushed, the note, and what stands beside it while nobody calls."""

import asyncio
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import msgspec
from fastapi import Request
from fastapi.responses import HTMLResponse

from acd.config.city import City, Names
from acd.engine.board import BoardDesk
from acd.model.callback import AttemptStage
from acd.model.contact import LONGEST_NAME, LONGEST_NOTE, LONGEST_QUESTION, Contact, ContactId
from acd.model.facts import OfferFailure
from acd.model.ids import LineId, OperatorId
from acd.model.operator import AT_WORK, OperatorState
from acd.model.policy import PhoneKind
from acd.model.worklist import Kind
from acd.web.desk.books import RequestBook
from acd.web.desk.office import Office
from acd.web.desk.pop import Pop, Popper, blank
from acd.web.door import Door, Visitor
from acd.web.phone import PhoneDesk, PhoneView
from acd.web.shell import Shell
from acd.web.worklist import level, masked, readable

PATIENCE: Final = 0.2
"""Seconds that the page waits for the records before it shows the call without them."""
PROMISES: Final = 6
"""The most urgent of his lines, beside the desk."""
LOOKED_AT: Final = 100
"""Promises among which his are looked for."""
END_OF_DAY: Final = 17
"""Hour before which a colleague is asked to call, on the next working day."""

_SYSTEM_REASONS: Final = frozenset({*OfferFailure, "login", "page_lost", "phone_lost"})


class Phase(StrEnum):
    """What the big word at the top says."""

    OUT = "out"
    NOT_READY = "not_ready"
    AVAILABLE = "available"
    OTHER_CALL = "other_call"
    UNREACHABLE = "unreachable"
    COMING = "coming"
    """A call is his; his phone has not said that it rings."""
    RINGING = "ringing"
    TALKING = "talking"
    CALLING = "calling"
    """He has picked up to call back; the citizen has not answered."""
    WRAP_UP = "wrap_up"


_PHASES: Final[Mapping[OperatorState, Phase]] = {
    OperatorState.LOGGED_OUT: Phase.OUT,
    OperatorState.NOT_READY: Phase.NOT_READY,
    OperatorState.AVAILABLE: Phase.AVAILABLE,
    OperatorState.RESERVED: Phase.COMING,
    OperatorState.RINGING: Phase.RINGING,
    OperatorState.IN_CALL: Phase.TALKING,
    OperatorState.WRAP_UP: Phase.WRAP_UP,
    OperatorState.ON_OTHER_CALL: Phase.OTHER_CALL,
    OperatorState.UNREACHABLE: Phase.UNREACHABLE,
}


def phase_of(desk: BoardDesk) -> Phase:
    if desk.state is OperatorState.IN_CALL and desk.attempt is not None:
        return Phase.TALKING if desk.attempt.stage is AttemptStage.TALKING else Phase.CALLING
    return _PHASES[desk.state]


class Seat:
    """One open page: what it knows of the call that it shows. The records are asked once a call, in the background."""

    def __init__(self, popper: Popper, office: Office, visitor: Visitor) -> None:
        self._popper = popper
        self._office = office
        self._visitor = visitor
        self._pop: Pop | None = None
        self._task: asyncio.Task[Pop | None] | None = None
        self._asked: ContactId | None = None

    def doubtful(self) -> bool:
        """The records could not be read: they are asked again."""
        return self._pop is not None and self._pop.failed

    async def pop(self, desk: BoardDesk) -> Pop | None:
        """What is known by now; when the rest comes, the page is told."""
        known = blank(self._office, desk)
        if known is None:
            return None
        if self._asked != known.contact or (self.doubtful() and self._task is None):
            self._asked, self._pop = known.contact, None
            self._task = asyncio.create_task(self._popper.look_up(self._visitor, desk))
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=PATIENCE)
            if not self._task.done():
                self._task.add_done_callback(lambda _: self._office.changed(desk.operator))
                return known
            self._pop, self._task = self._task.result(), None
        return self._pop


class Panels:
    def __init__(
        self, office: Office, requests: RequestBook, door: Door, shell: Shell, phones: PhoneDesk | None
    ) -> None:
        self._phones = phones
        self._office = office
        self._requests = requests
        self._door = door
        self._shell = shell

    async def live(self, request: Request, desk: BoardDesk, pop: Pop | None) -> HTMLResponse:
        """What is pushed."""
        phone = await self._phone(request)
        return self._shell.page(request, "desk_live.html", **self._live(desk, pop), **_pushed(phone))

    async def _phone(self, request: Request) -> PhoneView | None:
        who = None if self._phones is None else self._phones.of(request.state.visitor)
        return None if self._phones is None or who is None else await self._phones.pushed(who)

    async def page(self, request: Request, desk: BoardDesk, pop: Pop | None) -> HTMLResponse:
        contact = await self._office.contact(desk.operator)
        names = self._live(desk, pop) | self._form(contact) | await self._side(request, desk.operator)
        names |= _pushed(await self._phone(request)) | {"phone_texts": self._shell.texts(request, "phone_")}
        names["records"] = any(line.recording for line in self._office.city().policy.lines.values())
        return self._shell.page(request, "desk.html", **names)

    async def form(self, request: Request, operator: OperatorId, contact: ContactId | None) -> HTMLResponse:
        known = await self._office.one(contact, operator) if contact else await self._office.contact(operator)
        return self._shell.page(request, "desk_form.html", **self._form(known))

    async def side(self, request: Request, operator: OperatorId) -> HTMLResponse:
        return self._shell.page(request, "desk_side.html", **await self._side(request, operator))

    def _live(self, desk: BoardDesk, pop: Pop | None) -> dict[str, Any]:
        city = self._office.city()
        crm = None
        if pop is not None and pop.call is not None and not pop.failed:
            number = None if pop.hidden else pop.number or None
            crm = self._office.screen_pop(pop.line, pop.call, number, pop.language)
        return {
            **self._names(city),
            "desk": desk,
            "phase": phase_of(desk),
            "busy": desk.state in AT_WORK,
            "pop": pop,
            "shown": pop and (pop.number if pop.hidden else readable(pop.number)),
            "in_hand": self._office.in_hand(desk.operator),
            "last": self._office.last(desk.operator),
            "crm": crm,
            "reasons": city.reasons,
            "system_reasons": _SYSTEM_REASONS,
            "extension": city.policy.desk.wrap_up_extension,
        }

    def _form(self, contact: Contact | None) -> dict[str, Any]:
        city = self._office.city()
        return {
            **self._names(city),
            "contact": contact,
            "subjects": _subjects(city, contact),
            "fresh": str(uuid.uuid4()),
            "due": self._next_working_day(),
            "longest": {"note": LONGEST_NOTE, "name": LONGEST_NAME, "question": LONGEST_QUESTION},
        }

    async def _side(self, request: Request, operator: OperatorId) -> dict[str, Any]:
        now, visitor = self._door.clock(), request.state.visitor
        figures = self._office.today.of(operator)
        midnight = datetime.fromtimestamp(now, self._shell.zone).replace(hour=0, minute=0, second=0, microsecond=0)
        settled, said = await self._office.book.settled(operator, midnight.timestamp())
        promises = []
        if self._office.worklist is not None:
            desk = self._office.floor.desk(operator)
            lines = desk.lines if desk is not None else ()
            rows = await self._office.worklist.rows(Kind.OPEN, None, now, LOOKED_AT)
            mine = [row for row in rows if row.line in lines][:PROMISES]
            promises = [(row, level(row, now), masked(row.number)) for row in mine]
        return {
            **self._names(self._office.city()),
            "figures": figures,
            "settled": settled,
            "said": said,
            "promises": promises,
            "asked": await self._requests.request_counts(visitor.name, now),
        }

    def _names(self, city: City) -> dict[str, Any]:
        people = {id: one.name for id, one in city.policy.operators.items()}
        lines = {id: line.names for id, line in city.policy.lines.items()}

        def line_name(id: LineId, lang: str) -> str:
            names: Names = lines.get(id, {})
            return names.get(lang) or names.get("nl") or id

        every = dict(city.subjects)
        for line in city.lines.values():
            every |= dict(line.subjects)
        return {"people": people, "line_name": line_name, "all_subjects": every}

    def _next_working_day(self) -> str:
        """As a field of a form has it."""
        day = datetime.fromtimestamp(self._door.clock(), self._shell.zone) + timedelta(days=1)
        while day.weekday() >= 5:
            day += timedelta(days=1)
        return f"{day:%Y-%m-%d}T{END_OF_DAY}:00"


def _pushed(phone: PhoneView | None) -> dict[str, Any]:
    """A phone in the page knows by itself how it is; any other one is told."""
    told = phone is not None and phone.kind is PhoneKind.SIP
    return {"phone": phone, "phone_view": msgspec.json.encode(phone).decode() if told else ""}


def _subjects(city: City, contact: Contact | None) -> Mapping[str, Names]:
    """The line's first: they say more."""
    if contact is None:
        return {}
    line = city.lines.get(contact.line)
    return {**(line.subjects if line else {}), **city.subjects}
