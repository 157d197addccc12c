"""The worklist of the promises to call back: as pages for people, as API for programs.

Lists show the last digits of a number. Whoever opens one promise and may see its number is written down before it is
shown; a list that refreshes itself is written down once.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

import msgspec
from fastapi import FastAPI, HTTPException, Query, Request
from fastapi.responses import HTMLResponse, Response

from acd.model.account import AuditAction
from acd.model.callback import AttemptResult
from acd.model.ids import CallbackId, LineId
from acd.model.promise import CALLER, SYSTEM, Because, CallbackCounts
from acd.model.worklist import LONGEST_NOTE, Act, Deed, Dossier, Kind, Recorded, WorkChanged, WorkRow, WrongMoment
from acd.web.access import PEOPLE, FormOf, VisitorOf
from acd.web.answers import answer, described
from acd.web.bodies import decoded
from acd.web.door import Door, Visitor
from acd.web.hub import Hub
from acd.web.shell import Shell, see_other, tell
from acd.web.snapshot import callback_level
from acd.web.when import moment_of
from acd.web.worklist import ACTABLE, AUDITED, Worklist, level, masked, readable

MOST: Final = 200
"""Rows of a list: beyond, nobody reads; the counts tell of the rest."""
FURTHEST: Final = 60 * 86_400.0
"""Seconds to which a promise can be moved."""
SOONEST: Final = 900.0
"""Seconds from now that the form to move a promise proposes."""

ORDER: Final = (
    Act.CALL_NOW,
    Act.DONE,
    Act.NO_ANSWER,
    Act.WRONG_NUMBER,
    Act.MOVE,
    Act.HAND_OVER,
    Act.CANCEL,
)
"""Of the buttons: what ends it badly comes last."""
STEPS: Final = {act.value: f"act_{act}" for act in Act} | {step.value: f"step_{step}" for step in Recorded}
REASONS: Final = {
    **{why.value: f"why_{why}" for why in Because},
    **{result.value: f"result_{result}" for result in AttemptResult},
    CALLER: "why_caller",
    Act.CANCEL.value: "why_cancel",
}
"""What the rules write as the reason of a promise's state."""
BYS: Final = {by: f"by_{by}" for by in (CALLER, SYSTEM)}

KindOf = Annotated[Kind, Query(alias="kind")]
LineOf = Annotated[str, Query(alias="line", max_length=100)]


class WorkPage(msgspec.Struct, frozen=True):
    """The promises of one kind, with masked numbers, and how many there are of each."""

    rows: tuple[WorkRow, ...]
    counts: Mapping[LineId, CallbackCounts]


class Wanted(msgspec.Struct, frozen=True):
    """What somebody wants to do about a promise that he saw at ``version``."""

    act: Act
    version: int
    moment: float | None = None
    """With ``move``: seconds since the epoch."""
    to: str = ""
    """With ``hand_over``: name of an account."""
    note: str = ""


class Refused(Exception):
    """It cannot be done so; ``text`` is the key of the text that says why."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class Desk:
    """What people do with the worklist, and the trace of it."""

    def __init__(self, worklist: Worklist, door: Door) -> None:
        self._worklist = worklist
        self._door = door

    async def list(self, kind: Kind, line: str) -> WorkPage:
        now = self._door.clock()
        rows = await self._worklist.rows(kind, LineId(line) if line else None, now, MOST)
        counts = await self._worklist.counts(now)
        return WorkPage(tuple(_masked(row) for row in rows), counts)

    async def looked(self, visitor: Visitor, kind: Kind, line: str) -> None:
        """Somebody has opened a list."""
        entry = visitor.entry(self._door.clock(), AuditAction.CALLBACKS_SEEN, detail=f"{kind} {line}".strip())
        await self._door.book.write(entry)

    async def look(self, visitor: Visitor, callback: str) -> Dossier | None:
        """One promise, with its number for those who may see it. Written down first: no trace, no number."""
        dossier = await self._worklist.one(CallbackId(callback))
        if dossier is None:
            return None
        action = AuditAction.NUMBER_SEEN if visitor.sees_numbers else AuditAction.CALLBACK_SEEN
        await self._door.book.write(visitor.entry(self._door.clock(), action, callback))
        return dossier if visitor.sees_numbers else msgspec.structs.replace(dossier, row=_masked(dossier.row))

    async def colleagues(self) -> Sequence[str]:
        """To whom a promise can be handed over."""
        accounts = await self._door.book.accounts()
        return [one.name for one in accounts if one.role in PEOPLE and one.disabled_at is None]

    async def act(self, visitor: Visitor, callback: str, wanted: Wanted) -> None:
        """Do it.

        Raises:
            Refused: something is missing or wrong.
            WorkChanged: the promise is no longer as it was seen.
        """
        now = self._door.clock()
        await self._check(wanted, now)
        account = visitor.account
        deed = Deed(
            wanted.act,
            visitor.name,
            now,
            operator=account.operator if account else None,
            moment=wanted.moment if wanted.act is Act.MOVE else None,
            to=wanted.to if wanted.act is Act.HAND_OVER else "",
            note=wanted.note.strip(),
        )
        try:
            await self._worklist.act(CallbackId(callback), wanted.version, deed)
        except WrongMoment:
            raise Refused("not_called_then") from None
        await self._door.book.write(visitor.entry(now, AUDITED[wanted.act], callback, deed.to))

    async def _check(self, wanted: Wanted, now: float) -> None:
        if len(wanted.note) > LONGEST_NOTE:
            raise Refused("note_long")
        if wanted.act in (Act.CANCEL, Act.HAND_OVER) and not wanted.note.strip():
            raise Refused("note_missing")
        if wanted.act is Act.MOVE and (wanted.moment is None or not now < wanted.moment < now + FURTHEST):
            raise Refused("moment_wrong")
        if wanted.act is Act.HAND_OVER and wanted.to not in await self.colleagues():
            raise Refused("colleague_unknown")


def _masked(row: WorkRow) -> WorkRow:
    return msgspec.structs.replace(row, number=masked(row.number))


def add_callbacks(app: FastAPI, hub: Hub, door: Door, shell: Shell, worklist: Worklist | None) -> None:
    desk = Desk(worklist, door) if worklist is not None else None
    _add_pages(app, shell, DeskPages(hub, door, shell, desk), desk)
    _add_api(app, desk)


# --- Pages -----------------------------------------------------------------------------------------------------------


class DeskPages:
    """The worklist as HTML. Without a ``desk`` no line promises to call back, and the page says so."""

    def __init__(self, hub: Hub, door: Door, shell: Shell, desk: Desk | None) -> None:
        self._hub = hub
        self._door = door
        self._shell = shell
        self._desk = desk

    async def list(self, request: Request, template: str, kind: Kind, line: str) -> HTMLResponse:
        page = await self._desk.list(kind, line) if self._desk else WorkPage((), {})
        counts, names = page.counts, self._line_names()
        every = [*names, *(id for id in counts if id not in names)]
        return self._shell.page(
            request,
            template,
            set_up=self._desk is not None,
            rows=page.rows,
            full=len(page.rows) == MOST,
            kind=kind,
            kinds=list(Kind),
            line=line,
            lines=[id for id in every if id == line or counts.get(id, _NONE).open],
            counts=counts,
            total=sum((one for id, one in counts.items() if line in ("", id)), _NONE),
            all_lines=sum(counts.values(), _NONE),
            level=lambda row: level(row, self._door.clock()),
            callback_level=callback_level,
            reasons=REASONS,
            **self._names(),
        )

    async def one(
        self, request: Request, visitor: Visitor, callback: str, status: int = 200, fault: str = ""
    ) -> Response:
        dossier = await self._desk.look(visitor, callback) if self._desk else None
        if self._desk is None or dossier is None:
            return self._shell.fault(request, 404)
        row = dossier.row
        return self._shell.page(
            request,
            "callback.html",
            status,
            fault=fault,
            dossier=dossier,
            row=row,
            number=readable(row.number),
            level=level(row, self._door.clock()),
            acts=ORDER if row.state in ACTABLE else (),
            colleagues=await self._desk.colleagues(),
            soonest=self._door.clock() + SOONEST,
            longest_note=LONGEST_NOTE,
            reasons=REASONS,
            steps=STEPS,
            bys=BYS,
            **self._names(),
        )

    def _line_names(self) -> dict[LineId, Mapping[str, str]]:
        now = self._hub.snapshot()
        return {} if now is None else {row.line: row.names for row in now.lines}

    def _names(self) -> dict[str, Any]:
        now = self._hub.snapshot()
        people = {} if now is None else {row.operator: row.name for row in now.operators}
        return {"line_names": self._line_names(), "people": people}


def _add_pages(app: FastAPI, shell: Shell, pages: DeskPages, desk: Desk | None) -> None:
    @app.get("/callbacks", response_class=HTMLResponse, tags=["pages"])
    async def callbacks(request: Request, visitor: VisitorOf, kind: KindOf = Kind.OPEN, line: LineOf = "") -> Response:
        """The worklist."""
        if desk:
            await desk.looked(visitor, kind, line)
        return await pages.list(request, "callbacks.html", kind, line)

    @app.get("/callbacks/rows", response_class=HTMLResponse, tags=["pages"])
    async def rows(request: Request, kind: KindOf = Kind.OPEN, line: LineOf = "") -> Response:
        """What a page with the worklist asks for by itself, again and again."""
        return await pages.list(request, "callback_rows.html", kind, line)

    @app.get("/callbacks/{callback}", response_class=HTMLResponse, tags=["pages"])
    async def callback(request: Request, visitor: VisitorOf, callback: str) -> Response:
        """One promise, and what can be done about it."""
        return await pages.one(request, visitor, callback)

    @app.post("/callbacks/{callback}", response_class=HTMLResponse, tags=["pages"])
    async def act(request: Request, visitor: VisitorOf, form: FormOf, callback: str) -> Response:
        """Do something about a promise."""
        wanted = _wanted(form, shell)
        if desk is None or wanted is None:
            return shell.fault(request, 422)
        try:
            await desk.act(visitor, callback, wanted)
        except Refused as refused:
            return await pages.one(request, visitor, callback, 422, refused.text)
        except WorkChanged:
            return await pages.one(request, visitor, callback, 409, "work_changed")
        tell(request, f"told_{wanted.act}")
        return see_other("/callbacks")


_NONE: Final = CallbackCounts()


def _wanted(form: Mapping[str, str], shell: Shell) -> Wanted | None:
    """What the form says; None = nothing that a page of ours would send."""
    act, version = form.get("act", ""), form.get("version", "")
    if act not in list(Act) or not version.isdecimal():
        return None
    moment = moment_of(form.get("moment", ""), shell.zone)
    return Wanted(Act(act), int(version[:18]), moment, form.get("to", ""), form.get("note", ""))


# --- API -------------------------------------------------------------------------------------------------------------


def _add_api(app: FastAPI, desk: Desk | None) -> None:
    def set_up() -> Desk:
        if desk is None:
            raise HTTPException(404, "no line promises to call back")
        return desk

    @app.get("/api/callbacks", tags=["api"], responses=described(WorkPage, "The most urgent first", 404))
    async def api_list(visitor: VisitorOf, kind: KindOf = Kind.OPEN, line: LineOf = "") -> Response:
        """Promises to call back, the most urgent first, with masked numbers; and how many there are of each kind."""
        await set_up().looked(visitor, kind, line)
        return answer(await set_up().list(kind, line))

    @app.get("/api/callbacks/{callback}", tags=["api"], responses=described(Dossier, "The promise", 404))
    async def api_one(visitor: VisitorOf, callback: str) -> Response:
        """One promise with its attempts and history. Who may see the number is written down."""
        dossier = await set_up().look(visitor, callback)
        if dossier is None:
            raise HTTPException(404, "there is no such promise")
        return answer(dossier)

    body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Wanted"}}}, "required": True}

    @app.post(
        "/api/callbacks/{callback}",
        tags=["api"],
        status_code=204,
        response_class=Response,
        responses={404: {"description": "There is none"}, 409: {"description": "Somebody was first"}},
        openapi_extra={"requestBody": body},
    )
    async def api_act(request: Request, visitor: VisitorOf, callback: str) -> Response:
        """Do something about a promise: 204 when it is done, 409 when it is no longer at that version."""
        wanted = await decoded(request, Wanted)
        try:
            await set_up().act(visitor, callback, wanted)
        except Refused as refused:
            raise HTTPException(422, refused.text) from None
        except WorkChanged:
            raise HTTPException(409, "somebody was first: load it again") from None
        return Response(status_code=204)
