"""The web application: pages, push and API over one hub."""

from collections.abc import Callable, Sequence
from typing import Annotated, Final

from fastapi import Depends, FastAPI, HTTPException, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.datastructures import MutableHeaders
from starlette.middleware.sessions import SessionMiddleware
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from acd.engine.board import BoardDesk
from acd.figures.report import Report, StateTime
from acd.model.account import Account, AuditAction, AuditEntry
from acd.model.calls import CallBook
from acd.model.citizen import Erasure, Held
from acd.model.contact import Contact
from acd.model.contact import Request as ColleagueRequest
from acd.model.ids import LineId
from acd.model.menu import Menus
from acd.model.worklist import Dossier
from acd.web.access import CHIEFS, VisitorOf, check_guarded, csrf_token, guard
from acd.web.accounts import add_accounts
from acd.web.answers import answer, describe, described
from acd.web.audit import add_audit
from acd.web.callbacks import Wanted, WorkPage, add_callbacks
from acd.web.calls import CallsPage, CallStory, add_calls
from acd.web.curve import Curve, CurveOf
from acd.web.desk import Office, RequestBook, add_desk
from acd.web.desk.requests import Question, RequestDeed, RequestDossier
from acd.web.desk.routes import MyDesk, Said, Typed
from acd.web.door import Door, Visitor
from acd.web.entrance import Me, add_entrance, add_me, add_password
from acd.web.floor import Floor, Told, add_floor
from acd.web.floor_deeds import DEEDS
from acd.web.floor_view import FloorView
from acd.web.health import Alive, Checks, Health, HostCheck, add_health, no_checks
from acd.web.hub import Hub, HubFull
from acd.web.openness import Openness, add_openness
from acd.web.pages import STATIC, Guest, Order, Pages, Theme, View
from acd.web.phone import Card, PhoneDesk, PhoneView, Reached, Sent, Telephony, TransferNotes, add_phone
from acd.web.privacy import CitizenAsked, CitizenForgotten, Citizens, add_privacy
from acd.web.promise_figures import add_promise_figures
from acd.web.recordings import Recordings, add_recordings
from acd.web.reports import add_report_pages
from acd.web.reports_api import Definitions, Reports, Waits, add_reports
from acd.web.shell import Shell, add_faults, pages_for
from acd.web.snapshot import Snapshot, without_people
from acd.web.stream import EventStream, while_signed_in
from acd.web.texts import Lang
from acd.web.worklist import Worklist

LOOPBACK: Final = ("localhost", "127.0.0.1", "[::1]")
LARGEST_BODY: Final = 32 * 1024
"""Bytes of one request."""
MOST_LINES: Final = 100
"""In an address."""


Exposition = Callable[[str], tuple[bytes, str]]


def no_figures(accept: str) -> tuple[bytes, str]:
    """What Prometheus reads where nothing is measured."""
    return b"", "text/plain; charset=utf-8"


def create_app(
    hub: Hub,
    *,
    hosts: Sequence[str] = LOOPBACK,
    ledger_behind: Callable[[], int] = lambda: 0,
    checks: Checks = no_checks,
    timezone: str = "Europe/Brussels",
    door: Door | None = None,
    worklist: Worklist | None = None,
    exposition: Exposition = no_figures,
    calls: CallBook | None = None,
    curve_of: CurveOf = lambda lines: None,
    floor: Floor | None = None,
    openness: Openness | None = None,
    office: Office | None = None,
    requests: RequestBook | None = None,
    telephony: Telephony | None = None,
    notes: TransferNotes | None = None,
    reports: Reports | None = None,
    citizens: Citizens | None = None,
    recordings: Recordings | None = None,
    menus: Callable[[], Menus] = Menus,
) -> FastAPI:
    """The web application that shows what ``hub`` knows.

    ``hosts`` are the names under which people may reach it (``Host`` header; ``*.city.example`` allowed): a page from
    elsewhere cannot talk to it by pointing its own name at this address. ``ledger_behind`` counts the events that are
    not yet on disk, ``checks`` are what else it needs to be ready. ``timezone`` is the IANA name in which times are
    shown. Without a ``door`` nobody can sign in, and there are only the figures, on this very machine. ``exposition``
    makes what Prometheus reads, and its content type, from the Accept header. ``calls`` is where the calls behind the
    figures are looked up, ``curve_of`` draws the curve of the day. ``openness``: what it is to other programs of the
    city. Operators have a desk when there is an ``office`` behind it, and a book for their ``requests``; and a phone
    when there is ``telephony``, and a place for the ``notes`` that go along with a caller. ``citizens`` looks up
    what is kept about one of them, and ``recordings`` has the conversations that were recorded. ``menus``: what
    the nodes of today's menus are called.

    Raises:
        RouteWithoutAccess: a route is not in the table of who may do what.
    """
    pages, openness = Pages(timezone), openness or Openness()
    # FastAPI's own pages about it would load their scripts from a CDN: ours is /docs.
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
    app.add_middleware(HostCheck, allowed_hosts=list(hosts), www_redirect=False)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    city = openness.oidc.label if openness.oidc else ""
    shell = Shell(pages, door, timezone, city=city, menus=menus) if door else None
    add_faults(app, shell)
    looks = Looks(hub, curve_of)
    _add_pages(app, pages, hub, looks)
    _add_api(app, hub, looks)
    add_health(app, hub, ledger_behind, checks)
    _add_metrics(app, exposition)
    if door is not None and shell is not None:
        add_entrance(app, door, shell, openness.oidc)
        add_me(app)
        add_password(app, door, shell)
        add_accounts(app, door, shell)
        add_audit(app, door, shell)
        add_privacy(app, door, shell, citizens)
        # Before the pages of single promises: their address would take it for one.
        add_promise_figures(app, hub, door, shell, reports)
        add_callbacks(app, hub, door, shell, worklist)
        add_calls(app, hub, door, shell, calls, recordings=recordings)
        add_recordings(app, door, shell, recordings)
        add_floor(app, hub, door, shell, floor)
        add_openness(app, door, shell, openness)
        add_reports(app, door, reports)
        add_report_pages(app, hub, door, shell, reports)
        phones = None
        if telephony is not None and notes is not None:
            phones = PhoneDesk(telephony, door, notes, office.changed if office is not None else lambda operator: None)
        add_phone(app, door, shell, phones)
        if office is not None and requests is not None:
            add_desk(app, door, shell, office, requests, phones=phones)
            hub.when_closed(office.close)
    describe(
        app, [Snapshot, Curve, Health, Alive, Me, Account, AuditEntry, WorkPage, Dossier, Wanted, CallsPage, CallStory]
    )
    describe(app, [FloorView, Told, *DEEDS.values(), PhoneView, Card, Sent, Reached])
    describe(app, [Report, Definitions, StateTime, Waits])
    describe(app, [Held, Erasure, CitizenAsked, CitizenForgotten])
    if office is not None:
        describe(
            app, [MyDesk, Said, Typed, BoardDesk, Contact, ColleagueRequest, Question, RequestDeed, RequestDossier]
        )
    check_guarded(app)
    return app


def _add_metrics(app: FastAPI, exposition: Exposition) -> None:
    @app.get("/metrics", tags=["api"], response_class=PlainTextResponse)
    async def metrics(request: Request) -> Response:
        """Figures for Prometheus, without anything about persons."""
        text, content_type = exposition(request.headers.get("accept", ""))
        return Response(text, headers={"content-type": content_type})


LangOf = Annotated[Lang, Query(alias="lang")]
OrderOf = Annotated[Order, Query(alias="order")]
ThemeOf = Annotated[Theme, Query(alias="theme")]


LinesOf = Annotated[str, Query(alias="lines", max_length=2000)]


class Looks:
    """What one visitor gets to see of the figures."""

    def __init__(self, hub: Hub, curve_of: CurveOf) -> None:
        self._hub = hub
        self._curve_of = curve_of

    def view(self, visitor: Visitor, lang: Lang, order: Order, lines: str) -> View:
        account = visitor.account
        people = account is not None and account.role in CHIEFS and not account.must_change
        return View(lang, order, self.lines(lines), people)

    def lines(self, wanted: str) -> tuple[LineId, ...]:
        """Those lines of the address that there are, in their own order."""
        names = [LineId(name) for name in dict.fromkeys(wanted.split(",")) if name][:MOST_LINES]
        now = self._hub.snapshot()
        # Before the first snapshot nobody knows which there are.
        return tuple(names) if now is None else tuple(row.line for row in now.lines if row.line in names)

    def curve(self, lines: Sequence[LineId]) -> Curve | None:
        return self._curve_of(lines)


def _add_pages(app: FastAPI, pages: Pages, hub: Hub, looks: Looks) -> None:
    def view_of(visitor: VisitorOf, lang: LangOf = Lang.NL, order: OrderOf = Order.FIXED, lines: LinesOf = "") -> View:
        return looks.view(visitor, lang, order, lines)

    ViewOf = Annotated[View, Depends(view_of)]  # noqa: N806 - a type

    @app.get("/", response_class=HTMLResponse, tags=["pages"])
    async def wallboard(request: Request, visitor: VisitorOf, view: ViewOf, theme: ThemeOf = Theme.AUTO) -> str:
        """The wallboard. ``lines`` are the ids of those to show, separated by commas; without it all."""
        door: Door | None = app.state.door
        if view.people and door is not None:
            await door.book.write(visitor.entry(door.clock(), AuditAction.OPERATORS_SEEN, detail=",".join(view.lines)))
        account = visitor.account
        guest = Guest(
            visitor.name,
            account.role if account else "",
            tuple(pages_for(visitor)),
            may_sign_in=door is not None and account is None,
            csrf=csrf_token(request) if account else "",
        )
        return pages.wallboard(hub.snapshot(), view, theme, curve=looks.curve(view.lines), guest=guest)

    @app.get("/events", response_class=StreamingResponse, tags=["pages"])
    async def events(request: Request, visitor: VisitorOf, view: ViewOf) -> Response:
        """The wallboard's figures as they change: HTML in Server-Sent Events."""
        try:
            messages = hub.stream(view, lambda now: pages.board(now, view, looks.curve(view.lines)))
            return EventStream(messages if visitor.account is None else while_signed_in(request, messages))
        except HubFull as full:
            raise HTTPException(503, str(full), {"Retry-After": "10"}) from None


def _add_api(app: FastAPI, hub: Hub, looks: Looks) -> None:
    @app.get("/api/snapshot", tags=["api"], responses=described(Snapshot, "The figures of this moment", 503))
    async def snapshot() -> Response:
        """The figures of this moment, without anything about persons."""
        now = hub.snapshot()
        if now is None:
            raise HTTPException(503, "the engine is starting", {"Retry-After": "1"})
        return answer(without_people(now))

    @app.get("/api/curve", tags=["api"], responses=described(Curve, "Half-hour by half-hour", 503))
    async def curve(lines: LinesOf = "") -> Response:
        """Today's callers by half-hour, against the forecast and the same weekday of the past weeks. ``lines`` are ids
        of lines, separated by commas; without it all lines together."""
        found = looks.curve(looks.lines(lines))
        if found is None:
            raise HTTPException(503, "there is no curve yet", {"Retry-After": "1"})
        return answer(found)

    @app.get("/openapi.json", tags=["api"])
    async def openapi() -> JSONResponse:
        """The description of this API."""
        return JSONResponse(app.openapi())


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
    "font-src 'self'; media-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


_WITH_MICROPHONE: Final = "camera=(), geolocation=(), microphone=(self)"


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
                if scope["path"].startswith("/desk"):
                    # There an operator telephones.
                    headers["Permissions-Policy"] = _WITH_MICROPHONE
            await send(message)

        await self.app(scope, receive, send_with_headers if scope["type"] == "http" else send)


def _cache_control(scope: Scope) -> str:
    """Built files carry the hash of their content in the address; all else is of this moment."""
    fixed = scope["path"].startswith("/static/") and b"v=" in scope["query_string"]
    return "public, max-age=31536000, immutable" if fixed else "no-store"
