"""A citizen asks what is kept about him, or to be forgotten: found by his number, given to him as a file, erased.

His number never stands in an address, where logs and histories would keep it. The page tells how much there is, not
what: what was said and written is in the file alone, which is for him. Every step is written down before it is done.
"""

from collections.abc import AsyncIterator, Mapping
from tempfile import SpooledTemporaryFile
from typing import IO, Final, Protocol

import msgspec
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse, Response, StreamingResponse

from acd.model.account import AuditAction, AuditEntry
from acd.model.citizen import Erasure, Held, NotANumber, StillBusy, StillOwed
from acd.model.recording import NotErased
from acd.web.access import FormOf, VisitorOf
from acd.web.answers import answer, described
from acd.web.bodies import body_of, decoded
from acd.web.door import Door, Visitor
from acd.web.shell import Shell
from acd.web.texts import Lang
from acd.web.worklist import readable

IN_MEMORY: Final = 4 * 1024 * 1024
"""Bytes of a citizen's file; a larger one waits on the disk."""
PIECE: Final = 64 * 1024
LONGEST: Final = 30
"""Characters of a number."""


class Citizens(Protocol):
    """Looks up citizens by what somebody typed. All raise ``NotANumber`` when it is none, and ``Mendable`` when the
    records cannot be reached. Each writes ``entry`` to the audit log, with a keyed hash instead of the number."""

    def number(self, typed: str) -> str:
        """E.164."""

    async def held(self, typed: str, entry: AuditEntry) -> Held: ...
    async def export(self, typed: str, entry: AuditEntry, lang: Lang, to: IO[bytes]) -> None:
        """Write the citizen's file, a zip, to ``to``."""

    async def erase(self, typed: str, entry: AuditEntry, *, cancel: bool) -> Erasure:
        """
        Raises:
            StillBusy, StillOwed: as :meth:`acd.records.CitizenBook.erase`.
            NotErased: his recordings cannot be deleted; nothing is.
        """


class CitizenAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of whom: his number, as it is typed."""

    number: str


class CitizenForgotten(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom to erase."""

    number: str
    cancel: bool = False
    """Cancel also the calls that he is still owed."""


def add_privacy(app: FastAPI, door: Door, shell: Shell, citizens: Citizens | None) -> None:
    _add_page(app, door, shell, citizens)
    _add_api(app, door, shell, citizens)


def _entry(door: Door, visitor: Visitor, action: AuditAction) -> AuditEntry:
    return visitor.entry(door.clock(), action)


def _add_page(app: FastAPI, door: Door, shell: Shell, citizens: Citizens | None) -> None:
    page = _Page(door, shell, citizens)

    @app.get("/privacy", response_class=HTMLResponse, tags=["pages"])
    async def privacy(request: Request) -> Response:
        """Where a citizen is looked up."""
        return shell.page(request, "privacy.html", typed="")

    @app.post("/privacy", response_class=HTMLResponse, tags=["pages"])
    async def find(request: Request, visitor: VisitorOf, form: FormOf) -> Response:
        """How much is kept about a citizen."""
        return await page.found(request, visitor, form.get("number", "")[:LONGEST])

    @app.post("/privacy/export", response_class=HTMLResponse, tags=["pages"])
    async def export(request: Request, visitor: VisitorOf, form: FormOf) -> Response:
        """All that is kept about a citizen, as a file for him."""
        try:
            return await _file(door, visitor, citizens, form.get("number", "")[:LONGEST], shell.lang(request))
        except NotANumber:
            return shell.page(request, "privacy.html", 422, typed="", fault="citizen_number_wrong")

    @app.post("/privacy/erase", response_class=HTMLResponse, tags=["pages"])
    async def erase(request: Request, visitor: VisitorOf, form: FormOf) -> Response:
        """Erase a citizen; his number is typed once more."""
        return await page.erase(request, visitor, form)


class _Page:
    def __init__(self, door: Door, shell: Shell, citizens: Citizens | None) -> None:
        self._door = door
        self._shell = shell
        self._citizens = citizens

    async def found(self, request: Request, visitor: Visitor, typed: str, fault: str = "") -> Response:
        """What is kept, and what was wrong with what was asked before."""
        if self._citizens is None:
            return self._shell.fault(request, 404)
        try:
            number = self._citizens.number(typed)
        except NotANumber:
            return self._shell.page(request, "privacy.html", 422, typed=typed, fault="citizen_number_wrong")
        held = await self._citizens.held(number, _entry(self._door, visitor, AuditAction.CITIZEN_SEEN))
        names = {"typed": number, "number": readable(number), "held": held}
        return self._shell.page(request, "privacy.html", 409 if fault else 200, **names, fault=fault)

    async def erase(self, request: Request, visitor: Visitor, form: Mapping[str, str]) -> Response:
        typed, again = (form.get(name, "")[:LONGEST] for name in ("number", "again"))
        if self._citizens is None:
            return self._shell.fault(request, 404)
        entry = _entry(self._door, visitor, AuditAction.CITIZEN_ERASED)
        try:
            if self._citizens.number(again) != self._citizens.number(typed):
                return await self.found(request, visitor, typed, "citizen_numbers_differ")
            done = await self._citizens.erase(typed, entry, cancel=form.get("cancel") == "1")
        except (NotANumber, StillBusy, StillOwed, NotErased) as refused:
            return await self.found(request, visitor, typed, _FAULTS[type(refused)])
        return self._shell.page(request, "privacy.html", typed="", done=done)


_FAULTS: Final[Mapping[type[Exception], str]] = {
    NotANumber: "citizen_numbers_differ",
    StillBusy: "citizen_busy",
    StillOwed: "citizen_owed",
    NotErased: "citizen_recordings_stay",
}


async def _file(door: Door, visitor: Visitor, citizens: Citizens | None, typed: str, lang: Lang) -> Response:
    """
    Raises:
        NotANumber: it is none.
        HTTPException: 404, nobody can be looked up here.
    """
    if citizens is None:
        raise HTTPException(404, "no citizens are known here")
    file = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - closed when it is sent
    try:
        await citizens.export(typed, _entry(door, visitor, AuditAction.CITIZEN_EXPORTED), lang, file)
    except BaseException:
        file.close()
        raise
    length = file.tell()
    file.seek(0)
    headers = {"Content-Disposition": 'attachment; filename="citizen.zip"', "Content-Length": str(length)}
    return StreamingResponse(_pieces(file), media_type="application/zip", headers=headers)


async def _pieces(file: IO[bytes]) -> AsyncIterator[bytes]:
    with file:
        while piece := file.read(PIECE):
            yield piece


def _add_api(app: FastAPI, door: Door, shell: Shell, citizens: Citizens | None) -> None:
    def known() -> Citizens:
        if citizens is None:
            raise HTTPException(404, "no citizens are known here")
        return citizens

    asked, forgotten = body_of("CitizenAsked"), body_of("CitizenForgotten")

    @app.post(
        "/api/citizens/held",
        tags=["api"],
        responses=described(Held, "How much is kept about him", 404, 422),
        openapi_extra=asked,
    )
    async def held(request: Request, visitor: VisitorOf) -> Response:
        """How much is kept about a citizen."""
        wanted = await decoded(request, CitizenAsked)
        try:
            return answer(await known().held(wanted.number, _entry(door, visitor, AuditAction.CITIZEN_SEEN)))
        except NotANumber as error:
            raise HTTPException(422, str(error)) from None

    @app.post(
        "/api/citizens/export",
        tags=["api"],
        responses={
            200: {"description": "A zip for him: JSON, a page, recordings", "content": {"application/zip": {}}},
            404: {"description": "There is none"},
            422: {"description": "Something is missing or wrong"},
        },
        openapi_extra=asked,
    )
    async def export(request: Request, visitor: VisitorOf) -> Response:
        """All that is kept about a citizen, as a file for him."""
        wanted = await decoded(request, CitizenAsked)
        try:
            return await _file(door, visitor, known(), wanted.number, shell.lang(request))
        except NotANumber as error:
            raise HTTPException(422, str(error)) from None

    @app.post(
        "/api/citizens/erase",
        tags=["api"],
        responses=described(Erasure, "What was erased", 404, 409, 422),
        openapi_extra=forgotten,
    )
    async def erase(request: Request, visitor: VisitorOf) -> Response:
        """Erase who a citizen was; figures stay as they are. 409: he is on the line, is still owed a call, or his
        recordings cannot be deleted."""
        wanted = await decoded(request, CitizenForgotten)
        entry = _entry(door, visitor, AuditAction.CITIZEN_ERASED)
        try:
            return answer(await known().erase(wanted.number, entry, cancel=wanted.cancel))
        except NotANumber as error:
            raise HTTPException(422, str(error)) from None
        except (StillBusy, StillOwed, NotErased) as error:
            raise HTTPException(409, str(error)) from None
