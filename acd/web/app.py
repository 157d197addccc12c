"""The web application: pages, push and API over one hub."""

import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing, suppress
from functools import partial
from typing import Annotated, Final, Literal

import msgspec
from fastapi import Depends, FastAPI, HTTPException, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.datastructures import MutableHeaders
from starlette.middleware.sessions import SessionMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from acd.figures.report import Report, StateTime
from acd.model.account import Account, AuditEntry
from acd.model.mendable import Mendable
from acd.model.worklist import Dossier
from acd.web.access import PEOPLE, check_guarded, guard
from acd.web.accounts import add_accounts
from acd.web.answers import answer, describe, described
from acd.web.audit import add_audit
from acd.web.callbacks import Wanted, WorkPage, add_callbacks
from acd.web.door import Door, Visitor
from acd.web.entrance import Me, add_entrance, add_password
from acd.web.hub import Hub, HubFull
from acd.web.pages import STATIC, Order, Pages, Theme, View
from acd.web.reports_api import Definitions, Reports, Waits, add_reports
from acd.web.shell import Shell, add_faults
from acd.web.snapshot import Snapshot, without_people
from acd.web.texts import Lang
from acd.web.worklist import Worklist

LOOPBACK: Final = ("localhost", "127.0.0.1", "[::1]")
LARGEST_BODY: Final = 32 * 1024
"""Bytes of one request."""
SESSION_CHECK: Final = 15.0
"""Seconds between two looks at whether the session of an open page still counts."""
LEDGER_LIMIT: Final = 1000
"""Events not yet on disk beyond which the service calls itself degraded."""


class Health(msgspec.Struct, frozen=True):
    """How the service is, for a monitor."""

    status: Literal["ok", "starting", "degraded"]
    linked: bool
    """The link to the switch is up."""
    link_lost_at: float | None
    ledger_behind: int
    """Events that are not yet on disk."""
    at: float | None
    """Moment of the newest snapshot, seconds since the epoch."""
    pages: int
    """Pages that are being kept up to date."""


def create_app(
    hub: Hub,
    *,
    hosts: Sequence[str] = LOOPBACK,
    ledger_behind: Callable[[], int] = lambda: 0,
    timezone: str = "Europe/Brussels",
    door: Door | None = None,
    worklist: Worklist | None = None,
    reports: Reports | None = None,
) -> FastAPI:
    """The web application that shows what ``hub`` knows.

    ``hosts`` are the names under which people may reach it (``Host`` header; ``*.city.example`` allowed): a page from
    elsewhere cannot talk to it by pointing its own name at this address. ``ledger_behind`` counts the events that are
    not yet on disk. ``timezone`` is the IANA name in which times are shown. Without a ``door`` nobody can sign in, and
    there are only the figures, on this very machine.

    Raises:
        RouteWithoutAccess: a route is not in the table of who may do what.
    """
    pages = Pages(timezone)
    # Interactive documentation would load its scripts from a CDN; the description itself is at /openapi.json.
    app = FastAPI(title="acd", docs_url=None, redoc_url=None, openapi_url=None, dependencies=[Depends(guard)])
    app.state.door = door
    if door is not None:
        # For as long as the browser is open: how long a session counts is the database's to say.
        cookie = "__Host-acd" if door.secure else "acd"
        app.add_middleware(
            SessionMiddleware,
            secret_key=door.secret,
            session_cookie=cookie,
            max_age=None,
            same_site="lax",
            https_only=door.secure,
        )
    app.add_middleware(BodyLimit)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(hosts), www_redirect=False)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    shell = Shell(pages, door, timezone) if door else None
    add_faults(app, shell)
    _add_pages(app, hub, pages)
    _add_api(app, hub, ledger_behind)
    if door is not None and shell is not None:
        add_entrance(app, door, shell)
        add_password(app, door, shell)
        add_accounts(app, door, shell)
        add_audit(app, door, shell)
        add_callbacks(app, hub, door, shell, worklist)
        add_reports(app, door, reports)
    kinds = [Snapshot, Health, Me, Account, AuditEntry, WorkPage, Dossier, Wanted]
    describe(app, [*kinds, Report, Definitions, StateTime, Waits])
    check_guarded(app)
    return app


LangOf = Annotated[Lang, Query(alias="lang")]
OrderOf = Annotated[Order, Query(alias="order")]
ThemeOf = Annotated[Theme, Query(alias="theme")]


def _add_pages(app: FastAPI, hub: Hub, pages: Pages) -> None:
    @app.get("/", response_class=HTMLResponse, tags=["pages"])
    async def wallboard(
        request: Request, lang: LangOf = Lang.NL, order: OrderOf = Order.FIXED, theme: ThemeOf = Theme.AUTO
    ) -> str:
        """The wallboard."""
        visitor: Visitor = request.state.visitor
        people = app.state.door is not None and (visitor.account is None or visitor.account.role in PEOPLE)
        return pages.wallboard(hub.snapshot(), View(lang, order), theme, people=people)

    @app.get("/events", response_class=StreamingResponse, tags=["pages"])
    async def events(request: Request, lang: LangOf = Lang.NL, order: OrderOf = Order.FIXED) -> Response:
        """The wallboard's figures as they change: HTML in Server-Sent Events."""
        view = View(lang, order)
        try:
            messages = hub.stream(view, partial(pages.board, view=view))
            return EventStream(
                messages if request.state.visitor.account is None else _while_signed_in(request, messages)
            )
        except HubFull as full:
            raise HTTPException(503, str(full), {"Retry-After": "10"}) from None


async def _while_signed_in(request: Request, messages: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """The stream, until the session ends. A database that is away for a while ends nothing."""
    async with aclosing(messages):
        looked = time.monotonic()
        async for message in messages:
            yield message
            if time.monotonic() - looked < SESSION_CHECK:
                continue
            looked = time.monotonic()
            with suppress(Mendable):
                if await request.app.state.door.session(request.session["token"], person=False) is None:
                    return


def _add_api(app: FastAPI, hub: Hub, ledger_behind: Callable[[], int]) -> None:
    @app.get("/api/snapshot", tags=["api"], responses=described(Snapshot, "The figures of this moment", 503))
    async def snapshot() -> Response:
        """The figures of this moment, without anything about persons."""
        now = hub.snapshot()
        if now is None:
            raise HTTPException(503, "the engine is starting", {"Retry-After": "1"})
        return answer(without_people(now))

    @app.get("/openapi.json", tags=["api"])
    async def openapi() -> JSONResponse:
        """The description of this API."""
        return JSONResponse(app.openapi())

    @app.get("/healthz", tags=["api"], responses=described(Health, "In order", 503))
    async def healthz() -> Response:
        """How the service is: 200 when in order, 503 while starting, without a link or with the ledger far behind."""
        health = _health(hub, ledger_behind())
        return answer(health, 200 if health.status == "ok" else 503)


def _health(hub: Hub, behind: int) -> Health:
    now = hub.snapshot()
    if now is None:
        return Health("starting", False, None, behind, None, hub.clients)
    in_order = now.linked and behind <= LEDGER_LIMIT
    return Health("ok" if in_order else "degraded", now.linked, now.link_lost_at, behind, now.at, hub.clients)


class EventStream(StreamingResponse):
    """A stream whose generator ends together with the connection, not when the garbage is collected."""

    media_type = "text/event-stream"

    def __init__(self, messages: AsyncGenerator[bytes, None]) -> None:
        # The header keeps a proxy in front from collecting pictures.
        super().__init__(messages, headers={"X-Accel-Buffering": "no"})
        self._messages = messages

    async def stream_response(self, send: Send) -> None:
        async with aclosing(self._messages):
            await super().stream_response(send)


class BodyLimit:
    """No form of ours is large: a request that is has no business here."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        taken = 0

        async def receive_some() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > LARGEST_BODY:
                raise HTTPException(413, "too large")
            return message

        await self.app(scope, receive_some, send)


_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class SecurityHeaders:
    """What a browser may do with our answers: run and load nothing but our own files, and be framed by nobody."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(_HEADERS)
                headers["Cache-Control"] = _cache_control(scope)
            await send(message)

        await self.app(scope, receive, send_with_headers if scope["type"] == "http" else send)


def _cache_control(scope: Scope) -> str:
    """Built files carry the hash of their content in the address; all else is of this moment."""
    fixed = scope["path"].startswith("/static/") and b"v=" in scope["query_string"]
    return "public, max-age=31536000, immutable" if fixed else "no-store"
