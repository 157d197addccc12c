"""The floor: what a supervisor sees of callers, operators and lines, and what he does about it. As page and as API.

The page does everything through the API, so there is one way for people and programs. The answer to a deed says in
words what has come of it, or why it cannot be done now.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any, Final, Protocol

import msgspec
from fastapi import FastAPI, HTTPException, Query, Request
from fastapi.responses import HTMLResponse, Response, StreamingResponse

from acd.config.city import City
from acd.engine.board import Board
from acd.model.account import AuditAction
from acd.model.facts import Fact
from acd.model.ids import Device, LineId
from acd.model.supervision import Objection, SpyMode
from acd.web.access import ACCESS, VisitorOf
from acd.web.answers import answer, described
from acd.web.bodies import decoded
from acd.web.door import Door, Visitor
from acd.web.floor_deeds import DEEDS, Deed, Listen, Names, SwitchCrisis, Wanted
from acd.web.floor_view import FloorView, floor_view
from acd.web.hub import Hub, HubFull
from acd.web.shell import Shell
from acd.web.stream import EventStream, while_signed_in
from acd.web.texts import Lang, reason_name, text

LangOf = Annotated[Lang, Query(alias="lang")]


class Floor(Protocol):
    """The running service, as the floor needs it."""

    def board(self) -> Board: ...

    def city(self) -> City: ...

    def tell(self, fact: Fact) -> Objection | None:
        """Tell the engine; or say why not, and then it is told nothing."""

    async def written(self) -> None:
        """Return when what was told is safe on disk: who is told that it is done, finds it done after any death."""

    async def crisis_messages(self) -> Mapping[str, Mapping[str, str]]:
        """Messages that are there in every language: id -> language -> what is said."""


class Told(msgspec.Struct, frozen=True):
    """What has come of a deed, in words."""

    said: str


class FloorDesk:
    """What supervisors do, and the trace of it."""

    def __init__(self, floor: Floor, door: Door) -> None:
        self._floor = floor
        self._door = door

    def view(self) -> FloorView:
        return floor_view(self._floor.board(), self._floor.city())

    def names(self, lang: Lang) -> Names:
        city = self._floor.city()
        operators = {id: operator.name for id, operator in city.policy.operators.items()}
        return Names(partial(line_name, city, lang), operators, partial(reason_name, city.reasons, lang))

    def city(self) -> City:
        return self._floor.city()

    async def crisis_messages(self) -> Mapping[str, Mapping[str, str]]:
        return await self._floor.crisis_messages()

    async def looked(self, visitor: Visitor) -> None:
        """Somebody has opened the floor."""
        await self._door.book.write(visitor.entry(self._door.clock(), AuditAction.FLOOR_SEEN))

    def own_phone(self, visitor: Visitor) -> Device:
        """The device of the operator that this account is; empty = it is none."""
        id = None if visitor.account is None else visitor.account.operator
        operator = None if id is None else self._floor.city().policy.operators.get(id)
        return Device("") if operator is None else operator.device

    async def do(self, visitor: Visitor, deed: Deed, lang: Lang) -> str:
        """Do it, and say what has come of it.

        Raises:
            HTTPException: 409 it cannot be done now, 422 it can never be done so; both say why.
        """
        if isinstance(deed, Listen) and not deed.device:
            deed = msgspec.structs.replace(deed, device=self.own_phone(visitor))
        if isinstance(deed, SwitchCrisis) and deed.message is not None:
            messages = await self._floor.crisis_messages()
            if deed.message not in messages:
                raise HTTPException(422, text(lang, "refused_no_message", known=", ".join(messages) or "-"))
        if isinstance(deed, Listen):
            # No trace, no ear.
            await self._write(visitor, deed)
        why = self._floor.tell(deed.fact(visitor.name))
        if why is not None:
            raise HTTPException(422 if why in NEVER else 409, text(lang, f"refused_{why}"))
        said, values = deed.told(self.view(), self.names(lang))
        await self._floor.written()
        if not isinstance(deed, Listen):
            await self._write(visitor, deed)
        return text(lang, said, **values)

    async def _write(self, visitor: Visitor, deed: Deed) -> None:
        await self._door.book.write(visitor.entry(self._door.clock(), *deed.audit()))


NEVER: Final = frozenset(
    {
        Objection.NO_LINE,
        Objection.NO_OPERATOR,
        Objection.NO_REASON,
        Objection.NO_LINES,
        Objection.NO_PHONE,
        Objection.SAME_PHONE,
    }
)
"""Objections that no waiting would remove."""


def may_listen(visitor: Visitor) -> bool:
    return visitor.account is not None and visitor.account.role in ACCESS["POST", "/api/floor/listen"].roles


def line_name(city: City, lang: Lang, id: LineId) -> str:
    line = city.policy.lines.get(id)
    names: Mapping[str, str] = {} if line is None else line.names
    return names.get(lang) or names.get(Lang.NL) or id


def add_floor(app: FastAPI, hub: Hub, door: Door, shell: Shell, floor: Floor | None) -> None:
    """The page and the API. Without a ``floor`` they answer that there is none."""
    desk = None if floor is None else FloorDesk(floor, door)
    _add_pages(app, hub, shell, desk)
    _add_api(app, desk)


# --- Pages -----------------------------------------------------------------------------------------------------------


def _names(desk: FloorDesk, lang: Lang) -> dict[str, Any]:
    names = desk.names(lang)
    return {"view": desk.view(), "names": names, "wants": list(Wanted), "modes": list(SpyMode)}


def _add_pages(app: FastAPI, hub: Hub, shell: Shell, desk: FloorDesk | None) -> None:
    @app.get("/floor", response_class=HTMLResponse, tags=["pages"])
    async def floor(request: Request, visitor: VisitorOf) -> Response:
        """Callers who wait, operators and lines, and what can be done about them."""
        if desk is None or hub.snapshot() is None:
            return shell.page(request, "floor.html", view=None)
        await desk.looked(visitor)
        lang = shell.lang(request)
        city = desk.city()
        return shell.page(
            request,
            "floor.html",
            own_phone=desk.own_phone(visitor),
            messages=await desk.crisis_messages(),
            reasons=list(city.reasons),
            listens=may_listen(visitor),
            **_names(desk, lang),
        )

    @app.get("/floor/events", response_class=StreamingResponse, tags=["pages"])
    async def events(request: Request, visitor: VisitorOf, lang: LangOf = Lang.NL) -> Response:
        """The floor as it changes: HTML in Server-Sent Events."""
        listens = may_listen(visitor)

        def render(snapshot: object) -> str:
            if desk is None or snapshot is None:
                return shell.part("floor_rows.html", lang, view=None)
            return shell.part("floor_rows.html", lang, listens=listens, **_names(desk, lang))

        try:
            return EventStream(while_signed_in(request, hub.stream(("floor", lang, listens), render)))
        except HubFull as full:
            raise HTTPException(503, str(full), {"Retry-After": "10"}) from None


# --- API -------------------------------------------------------------------------------------------------------------


def _add_api(app: FastAPI, desk: FloorDesk | None) -> None:
    def there() -> FloorDesk:
        if desk is None:
            raise HTTPException(503, "there is no engine behind these pages")
        return desk

    @app.get("/api/floor", tags=["api"], responses=described(FloorView, "The floor of this moment", 503))
    async def api_floor(visitor: VisitorOf) -> Response:
        """Callers who wait (with the last digits of their numbers), operators and lines at this moment."""
        await there().looked(visitor)
        return answer(there().view())

    for name, kind in DEEDS.items():
        _add_deed(app, there, name, kind)


def _add_deed(app: FastAPI, there: Callable[[], FloorDesk], name: str, kind: type[Deed]) -> None:
    schema = {"$ref": f"#/components/schemas/{kind.__name__}"}
    body = {"content": {"application/json": {"schema": schema}}, "required": True}

    @app.post(
        f"/api/floor/{name}",
        tags=["api"],
        name=f"floor {name}",
        description=f"{kind.__doc__}\n\nThe answer says in words, in the language asked for, what has come of it.",
        responses={
            **described(Told, "Done", 422),
            409: {"description": "It cannot be done now; ``detail`` says why"},
        },
        openapi_extra={"requestBody": body},
    )
    async def deed(request: Request, visitor: VisitorOf, lang: LangOf = Lang.EN) -> Response:
        wanted = await decoded(request, kind)
        return answer(Told(await there().do(visitor, wanted, lang)))
