"""Requests for colleagues ("terugbelvragen"): who could not be reached calls the citizen himself.

An operator registers the question with the number, for a colleague or a team and before a moment. It stays in the list
until somebody has taken it and done it; each step is in its history and in the audit log, so that none is lost.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

import msgspec
from fastapi import FastAPI, HTTPException, Query
from fastapi import Request as Asked
from fastapi.responses import HTMLResponse, Response

from acd.model.account import AuditAction
from acd.model.contact import (
    LONGEST_NAME,
    LONGEST_QUESTION,
    OPEN_REQUESTS,
    ContactId,
    Request,
    RequestAct,
    RequestChanged,
    RequestId,
    RequestKind,
    RequestState,
    RequestStep,
)
from acd.model.ids import LineId
from acd.model.worklist import LONGEST_NOTE
from acd.web.access import PEOPLE, FormOf, VisitorOf
from acd.web.answers import answer, described
from acd.web.bodies import body_of, decoded
from acd.web.desk.books import RequestBook
from acd.web.desk.office import Office
from acd.web.door import Door, Visitor
from acd.web.shell import Shell, see_other, tell
from acd.web.snapshot import Level
from acd.web.when import moment_of
from acd.web.worklist import masked, readable

MOST: Final = 200
"""Rows of a list."""
FURTHEST: Final = 60 * 86_400.0
"""Seconds to which a deadline may be set."""
SOON: Final = 3600.0
"""Seconds before the deadline at which a request asks for attention."""

_ID: Final = re.compile(r"[0-9a-f-]{36}")
_NUMBER: Final = re.compile(r"\+?[0-9]{3,19}")
_ZERO: Final = re.compile(r"^((?:\+|00)32)0")
"""In ``+32 (0)9 210 10 10`` it is no part of the number, and the citizen would not be found by it."""

AUDITED: Final[Mapping[RequestAct, AuditAction]] = {
    RequestAct.TAKE: AuditAction.REQUEST_TAKEN,
    RequestAct.HAND_OVER: AuditAction.REQUEST_HANDED_OVER,
    RequestAct.DONE: AuditAction.REQUEST_DONE,
    RequestAct.CANCEL: AuditAction.REQUEST_CANCELLED,
}

KindOf = Annotated[RequestKind, Query(alias="kind")]
LineOf = Annotated[str, Query(alias="line", max_length=100)]


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A request to register. ``id`` is the sender's: sent again, it is the same one."""

    id: str
    to: str
    """A colleague or a team."""
    question: str
    deadline: str
    """``2027-03-01T17:00``, on the city's clock."""
    number: str = ""
    """Empty = the number of ``contact``."""
    name: str = ""
    contact: str = ""
    """One's own contact in which the citizen asked."""
    line: str = ""
    """Of a request without a contact."""


class RequestDeed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What somebody does about a request that he saw at ``version``."""

    act: RequestAct
    version: int
    to: str = ""
    """With ``hand_over``: a colleague or a team."""
    note: str = ""


class RequestDossier(msgspec.Struct, frozen=True):
    """One request with its history, the latest first."""

    request: Request
    history: tuple[RequestStep, ...]


class RequestRefused(Exception):
    """It cannot be so; ``text`` is the key of the text that says why."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


def level(request: Request, now: float) -> Level:
    """How much attention it asks for."""
    if request.state not in OPEN_REQUESTS:
        return Level.OK
    if request.deadline <= now:
        return Level.ALARM
    return Level.WARN if request.deadline - now <= SOON else Level.OK


class Counter:
    """Where requests are made, taken and done, and the trace of it."""

    def __init__(self, book: RequestBook, office: Office, door: Door, shell: Shell) -> None:
        self.book: Final = book
        self._office = office
        self._door = door
        self._shell = shell

    async def looked(self, visitor: Visitor, kind: RequestKind) -> None:
        """Somebody has opened a list."""
        entry = visitor.entry(self._door.clock(), AuditAction.REQUESTS_SEEN, detail=kind)
        await self._door.book.write(entry)

    async def list(self, visitor: Visitor, kind: RequestKind, line: str) -> list[Request]:
        """With masked numbers, and without question and name: they are shown to who opens one."""
        now = self._door.clock()
        found = await self.book.requests(kind, visitor.name, LineId(line) if line else None, now, MOST)
        return [msgspec.structs.replace(one, number=masked(one.number), question="", name="") for one in found]

    async def look(self, visitor: Visitor, request: str) -> RequestDossier | None:
        """Written down first: no trace, no number."""
        found = await self.book.request(RequestId(request))
        if found is None:
            return None
        entry = visitor.entry(self._door.clock(), AuditAction.REQUEST_SEEN, request)
        await self._door.book.write(entry)
        one, history = found
        if not visitor.sees_numbers:
            one = msgspec.structs.replace(one, number=masked(one.number))
        return RequestDossier(one, tuple(history))

    async def make(self, visitor: Visitor, asked: Question) -> Request:
        """
        Raises:
            RequestRefused: something is missing or wrong.
            RequestChanged: under this id there is another one.
        """
        now = self._door.clock()
        deadline = moment_of(asked.deadline, self._shell.zone)
        if deadline is None or not now < deadline < now + FURTHEST:
            raise RequestRefused("request_moment_wrong")
        question, to, name = asked.question.strip(), asked.to.strip(), asked.name.strip()
        if not question or not to or _ID.fullmatch(asked.id) is None:
            raise RequestRefused("request_missing")
        if len(question) > LONGEST_QUESTION or max(len(to), len(name)) > LONGEST_NAME:
            raise RequestRefused("request_long")
        line, number, contact = await self._citizen(visitor, asked)
        entry = visitor.entry(now, AuditAction.REQUEST_MADE, asked.id, to)
        request = Request(
            request=RequestId(asked.id),
            version=1,
            state=RequestState.OPEN,
            made_at=now,
            by=visitor.name,
            line=line,
            to=to,
            question=question,
            number=number,
            deadline=deadline,
            name=name,
            contact=contact,
        )
        return await self.book.make(request, entry)

    async def _citizen(self, visitor: Visitor, asked: Question) -> tuple[LineId, str, ContactId | None]:
        """On which line, and under which number he can be called."""
        typed = re.sub(r"[\s./()-]", "", asked.number)
        if typed and _NUMBER.fullmatch(typed) is None:
            raise RequestRefused("request_number_wrong")
        typed = _ZERO.sub(r"\1", typed)
        operator = visitor.account.operator if visitor.account else None
        contact = None
        if asked.contact and operator is not None:
            contact = await self._office.one(ContactId(asked.contact), operator)
        number = typed or (contact.number if contact is not None and contact.number else "")
        if not number:
            raise RequestRefused("request_number_missing")
        if contact is not None:
            return contact.line, number, contact.contact
        if asked.line not in self._office.city().lines:
            raise RequestRefused("request_line_missing")
        return LineId(asked.line), number, None

    async def act(self, visitor: Visitor, request: str, deed: RequestDeed) -> Request:
        """
        Raises:
            RequestRefused: something is missing or wrong.
            RequestChanged: somebody was first.
        """
        note, to = deed.note.strip(), deed.to.strip()
        if len(note) > LONGEST_NOTE or len(to) > LONGEST_NAME:
            raise RequestRefused("request_long")
        if deed.act is RequestAct.HAND_OVER and not to:
            raise RequestRefused("request_missing")
        if deed.act is RequestAct.CANCEL and not note:
            raise RequestRefused("note_missing")
        entry = visitor.entry(self._door.clock(), AUDITED[deed.act], request, to)
        return await self.book.act(RequestId(request), deed.version, deed.act, to=to, note=note, entry=entry)

    async def colleagues(self) -> Sequence[str]:
        """Who may be meant by a name; a team is typed as it is called."""
        accounts = await self._door.book.accounts()
        return [one.name for one in accounts if one.role in PEOPLE and one.disabled_at is None]


def add_requests(app: FastAPI, door: Door, shell: Shell, office: Office, book: RequestBook) -> None:
    counter = Counter(book, office, door, shell)
    _add_pages(app, shell, RequestPages(counter, office, door, shell), counter)
    _add_api(app, counter)


# --- Pages -----------------------------------------------------------------------------------------------------------


class RequestPages:
    def __init__(self, counter: Counter, office: Office, door: Door, shell: Shell) -> None:
        self._counter = counter
        self._office = office
        self._door = door
        self._shell = shell

    async def list(self, asked: Asked, visitor: Visitor, template: str, kind: RequestKind) -> HTMLResponse:
        now = self._door.clock()
        return self._shell.page(
            asked,
            template,
            rows=[(one, level(one, now)) for one in await self._counter.list(visitor, kind, "")],
            kind=kind,
            kinds=list(RequestKind),
            counts=await self._counter.book.request_counts(visitor.name, now),
            lines=self._lines(),
        )

    async def one(self, asked: Asked, visitor: Visitor, request: str, status: int = 200, fault: str = "") -> Response:
        dossier = await self._counter.look(visitor, request)
        if dossier is None:
            return self._shell.fault(asked, 404)
        one = dossier.request
        return self._shell.page(
            asked,
            "request.html",
            status,
            one=one,
            history=dossier.history,
            number=readable(one.number) if visitor.sees_numbers else one.number,
            level=level(one, self._door.clock()),
            acts=_acts(one, visitor.name),
            colleagues=await self._counter.colleagues(),
            lines=self._lines(),
            longest_note=LONGEST_NOTE,
            longest_name=LONGEST_NAME,
            fault=fault,
        )

    def _lines(self) -> Mapping[LineId, Mapping[str, str]]:
        return {id: line.names for id, line in self._office.city().policy.lines.items()}


def _acts(request: Request, who: str) -> tuple[RequestAct, ...]:
    """What can be done about it; nobody takes what is his already."""
    if request.state not in OPEN_REQUESTS:
        return ()
    return tuple(act for act in RequestAct if act is not RequestAct.TAKE or request.owner != who)


def _add_pages(app: FastAPI, shell: Shell, pages: RequestPages, counter: Counter) -> None:
    @app.get("/requests", response_class=HTMLResponse, tags=["pages"])
    async def requests(asked: Asked, visitor: VisitorOf, kind: KindOf = RequestKind.OPEN) -> Response:
        """Requests for colleagues."""
        await counter.looked(visitor, kind)
        return await pages.list(asked, visitor, "requests.html", kind)

    @app.get("/requests/rows", response_class=HTMLResponse, tags=["pages"])
    async def rows(asked: Asked, visitor: VisitorOf, kind: KindOf = RequestKind.OPEN) -> Response:
        """What an open list asks for by itself, again and again."""
        return await pages.list(asked, visitor, "request_rows.html", kind)

    @app.get("/requests/{request}", response_class=HTMLResponse, tags=["pages"])
    async def request_page(asked: Asked, visitor: VisitorOf, request: str) -> Response:
        """One request, and what can be done about it."""
        return await pages.one(asked, visitor, request)

    @app.post("/requests/{request}", response_class=HTMLResponse, tags=["pages"])
    async def act(asked: Asked, visitor: VisitorOf, form: FormOf, request: str) -> Response:
        """Do something about a request."""
        deed = _deed(form)
        if deed is None:
            return shell.fault(asked, 422)
        try:
            await counter.act(visitor, request, deed)
        except RequestRefused as refused:
            return await pages.one(asked, visitor, request, 422, refused.text)
        except RequestChanged:
            return await pages.one(asked, visitor, request, 409, "work_changed")
        tell(asked, f"told_request_{deed.act}")
        return see_other("/requests" if deed.act is not RequestAct.TAKE else f"/requests/{request}")


def _deed(form: Mapping[str, str]) -> RequestDeed | None:
    """What the form says; None = nothing that a page of ours would send."""
    act, version = form.get("act", ""), form.get("version", "")
    if act not in list(RequestAct) or not version.isdecimal():
        return None
    return RequestDeed(RequestAct(act), int(version[:18]), form.get("to", ""), form.get("note", ""))


# --- API -------------------------------------------------------------------------------------------------------------


def _add_api(app: FastAPI, counter: Counter) -> None:
    @app.get("/api/desk/requests", tags=["api"], responses=described(list[Request], "The most urgent first"))
    async def api_list(visitor: VisitorOf, kind: KindOf = RequestKind.OPEN, line: LineOf = "") -> Response:
        """Requests for colleagues, the most urgent first, with masked numbers, and without question and name."""
        await counter.looked(visitor, kind)
        return answer(await counter.list(visitor, kind, line))

    @app.post("/api/desk/requests", tags=["api"], status_code=201,
              responses=created("It is registered", 409), openapi_extra=body_of("Question"))  # fmt: skip
    async def api_make(asked: Asked, visitor: VisitorOf) -> Response:
        """Register a request. Sent again under the same id, it is there once; 409 when that id is another one's."""
        try:
            made = await counter.make(visitor, await decoded(asked, Question))
        except RequestRefused as refused:
            raise HTTPException(422, refused.text) from None
        except RequestChanged:
            raise HTTPException(409, "this id is another request's") from None
        return answer(msgspec.structs.replace(made, number=masked(made.number)), 201)

    @app.get("/api/desk/requests/{request}", tags=["api"], responses=described(RequestDossier, "The request", 404))
    async def api_one(visitor: VisitorOf, request: str) -> Response:
        """One request with its history. Who may see the number is written down."""
        dossier = await counter.look(visitor, request)
        if dossier is None:
            raise HTTPException(404, "there is no such request")
        return answer(dossier)

    @app.post("/api/desk/requests/{request}", tags=["api"], responses=described(Request, "Done", 409, 422),
              openapi_extra=body_of("RequestDeed"))  # fmt: skip
    async def api_act(asked: Asked, visitor: VisitorOf, request: str) -> Response:
        """Do something about a request; 409 when it is no longer at that version, or over, or not there."""
        try:
            done = await counter.act(visitor, request, await decoded(asked, RequestDeed))
        except RequestRefused as refused:
            raise HTTPException(422, refused.text) from None
        except RequestChanged:
            raise HTTPException(409, "somebody was first: load it again") from None
        return answer(msgspec.structs.replace(done, number=masked(done.number)))


def created(description: str, *faults: int) -> dict[int | str, dict[str, Any]]:
    told = described(Request, description, *faults, 422)
    told[201] = told.pop(200)
    return told
