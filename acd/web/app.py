"""The web application: pages, push and API over one hub."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from functools import partial
from typing import Annotated, Any, Final, Literal

import msgspec
from fastapi import FastAPI, HTTPException, Query
from fastapi.responses import HTMLResponse, Response, StreamingResponse
from starlette.datastructures import MutableHeaders
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from acd.web.hub import Hub, HubFull
from acd.web.pages import STATIC, Order, Pages, Theme, View
from acd.web.snapshot import Snapshot, without_people
from acd.web.texts import Lang

LOOPBACK: Final = ("localhost", "127.0.0.1", "[::1]")
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
) -> FastAPI:
    """The web application that shows what ``hub`` knows.

    ``hosts`` are the names under which people may reach it (``Host`` header; ``*.city.example`` allowed): a page from
    elsewhere cannot talk to it by pointing its own name at this address. ``ledger_behind`` counts the events that are
    not yet on disk. ``timezone`` is the IANA name in which times are shown.
    """
    pages = Pages(timezone)
    # Interactive documentation would load its scripts from a CDN; the description itself is at /openapi.json.
    app = FastAPI(title="acd", docs_url=None, redoc_url=None, openapi_url="/openapi.json")
    app.add_middleware(SecurityHeaders)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(hosts), www_redirect=False)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    _add_pages(app, hub, pages)
    _add_api(app, hub, ledger_behind)
    _describe(app)
    return app


LangOf = Annotated[Lang, Query(alias="lang")]
OrderOf = Annotated[Order, Query(alias="order")]
ThemeOf = Annotated[Theme, Query(alias="theme")]


def _add_pages(app: FastAPI, hub: Hub, pages: Pages) -> None:
    @app.get("/", response_class=HTMLResponse, tags=["pages"])
    async def wallboard(lang: LangOf = Lang.NL, order: OrderOf = Order.FIXED, theme: ThemeOf = Theme.AUTO) -> str:
        """The wallboard."""
        return pages.wallboard(hub.snapshot(), View(lang, order), theme)

    @app.get("/events", response_class=StreamingResponse, tags=["pages"])
    async def events(lang: LangOf = Lang.NL, order: OrderOf = Order.FIXED) -> Response:
        """The wallboard's figures as they change: HTML in Server-Sent Events."""
        view = View(lang, order)
        try:
            return EventStream(hub.stream(view, partial(pages.board, view=view)))
        except HubFull as full:
            raise HTTPException(503, str(full), {"Retry-After": "10"}) from None


def _add_api(app: FastAPI, hub: Hub, ledger_behind: Callable[[], int]) -> None:
    @app.get("/api/snapshot", tags=["api"], responses=_json(Snapshot, "The figures of this moment", 503))
    async def snapshot() -> Response:
        """The figures of this moment, without anything about persons."""
        now = hub.snapshot()
        if now is None:
            raise HTTPException(503, "the engine is starting", {"Retry-After": "1"})
        return _answer(without_people(now))

    @app.get("/healthz", tags=["api"], responses=_json(Health, "In order", 503))
    async def healthz() -> Response:
        """How the service is: 200 when in order, 503 while starting, without a link or with the ledger far behind."""
        health = _health(hub, ledger_behind())
        return _answer(health, 200 if health.status == "ok" else 503)


def _health(hub: Hub, behind: int) -> Health:
    now = hub.snapshot()
    if now is None:
        return Health("starting", False, None, behind, None, hub.clients)
    in_order = now.linked and behind <= LEDGER_LIMIT
    return Health("ok" if in_order else "degraded", now.linked, now.link_lost_at, behind, now.at, hub.clients)


def _answer(content: msgspec.Struct, status: int = 200) -> Response:
    return Response(msgspec.json.encode(content), status, media_type="application/json")


def _json(kind: type[msgspec.Struct], description: str, *others: int) -> dict[int | str, dict[str, Any]]:
    """OpenAPI's description of an answer made by msgspec."""
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{kind.__name__}"}}}
    described: dict[int | str, dict[str, Any]] = {n: {"description": "Not now"} for n in others}
    return described | {200: {"description": description, "content": content}}


def _describe(app: FastAPI) -> None:
    """Add the answers that msgspec makes to FastAPI's description."""
    _, schemas = msgspec.json.schema_components([Snapshot, Health], ref_template="#/components/schemas/{name}")
    app.openapi().setdefault("components", {}).setdefault("schemas", {}).update(schemas)


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
