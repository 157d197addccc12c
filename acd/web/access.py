"""Who may do what: one table of all routes, and the guard that stands before each of them.

A route that is not in the table answers nobody, and the application refuses to start with it: nothing is open because
somebody forgot to close it. Every POST must carry the token of the session's own form, so that a page from elsewhere
cannot act in somebody's name.
"""

import ipaddress
import secrets
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Annotated, Final, cast
from urllib.parse import parse_qsl, urlsplit

import msgspec
from fastapi import Depends, FastAPI, HTTPException, Request, WebSocketException
from fastapi.routing import APIRoute, APIWebSocketRoute
from starlette.requests import HTTPConnection

from acd.model.account import Role, Scope
from acd.model.mendable import Mendable
from acd.web import passwords
from acd.web.bodies import NUL
from acd.web.door import Door, KeyRefused, Visitor

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
MOST_FIELDS: Final = 40
"""Of one form."""


class Access(msgspec.Struct, frozen=True):
    """Whom a route answers."""

    roles: frozenset[Role] = frozenset()
    local: bool = False
    """Also those who sit at this very machine, without an account."""
    anyone: bool = False
    by_person: bool = True
    """False: pages ask for it by themselves, which keeps nobody signed in."""
    early: bool = False
    """Also for who must change his password first."""
    scope: Scope | None = None
    """Also for a program whose key has it; None = for no key."""
    operator: bool = False
    """Only for accounts of somebody who takes calls."""


PEOPLE: Final = frozenset({Role.OPERATOR, Role.SUPERVISOR, Role.ADMIN})
CHIEFS: Final = frozenset({Role.SUPERVISOR, Role.ADMIN})
"""Who may see what a single operator does, and single calls."""
_ANYONE = Access(anyone=True, by_person=False)
_FIGURES = Access(frozenset(Role), local=True, by_person=False)
_API_FIGURES = Access(frozenset(Role), local=True, by_person=False, scope=Scope.FIGURES)
_PEOPLE = Access(PEOPLE)
_API_CALLBACKS = Access(PEOPLE, scope=Scope.CALLBACKS)
_API_CATALOGUE = Access(PEOPLE, scope=Scope.REPORTS)
_QUIET = Access(PEOPLE, by_person=False)
_OWN = Access(PEOPLE, early=True)
_CHIEFS = Access(CHIEFS)
_API_REPORTS = Access(CHIEFS, scope=Scope.REPORTS)
_QUIET_CHIEFS = Access(CHIEFS, by_person=False)
_SUPERVISORS = Access(frozenset({Role.SUPERVISOR}))
"""Whoever keeps the accounts has no business in a citizen's conversation."""
_ADMINS = Access(frozenset({Role.ADMIN}))
_PHONE = Access(PEOPLE, operator=True)

SOCKET: Final = "WEBSOCKET"
"""Stands in the table where others have a method."""

ACCESS: Final[Mapping[tuple[str, str], Access]] = MappingProxyType(
    {
        # Figures without persons.
        ("GET", "/"): _FIGURES,
        ("GET", "/events"): _FIGURES,
        ("GET", "/api/snapshot"): _API_FIGURES,
        ("GET", "/api/curve"): _API_FIGURES,
        ("GET", "/metrics"): _API_FIGURES,
        ("GET", "/openapi.json"): _API_FIGURES,
        ("GET", "/livez"): _ANYONE,
        ("GET", "/readyz"): _ANYONE,
        ("GET", "/healthz"): _ANYONE,
        # The calls behind the figures.
        ("GET", "/calls"): _CHIEFS,
        ("GET", "/calls/{call}"): _CHIEFS,
        ("GET", "/api/calls"): _CHIEFS,
        ("GET", "/api/calls/{call}"): _CHIEFS,
        ("POST", "/calls/{call}/listen"): _SUPERVISORS,
        ("GET", "/recordings/{recording}"): _SUPERVISORS,
        # In and out.
        ("GET", "/login"): _ANYONE,
        ("POST", "/login"): _ANYONE,
        ("GET", "/kiosk/{link}"): _ANYONE,
        ("POST", "/logout"): _OWN,
        ("GET", "/password"): _OWN,
        ("POST", "/password"): _OWN,
        ("GET", "/api/me"): _OWN,
        # The promises to call back.
        ("GET", "/callbacks"): _PEOPLE,
        ("GET", "/callbacks/rows"): _QUIET,
        ("GET", "/callbacks/figures"): _PEOPLE,
        ("GET", "/callbacks/{callback}"): _PEOPLE,
        ("POST", "/callbacks/{callback}"): _PEOPLE,
        ("GET", "/api/callbacks"): _API_CALLBACKS,
        ("GET", "/api/callbacks/{callback}"): _API_CALLBACKS,
        ("POST", "/api/callbacks/{callback}"): _PEOPLE,
        # The floor: what supervisors see and do.
        ("GET", "/floor"): _CHIEFS,
        ("GET", "/floor/events"): _QUIET_CHIEFS,
        ("GET", "/api/floor"): _CHIEFS,
        ("POST", "/api/floor/state"): _CHIEFS,
        ("POST", "/api/floor/lines"): _CHIEFS,
        ("POST", "/api/floor/move"): _CHIEFS,
        ("POST", "/api/floor/line"): _CHIEFS,
        ("POST", "/api/floor/crisis"): _CHIEFS,
        ("POST", "/api/floor/listen"): _SUPERVISORS,
        ("POST", "/api/floor/stop"): _SUPERVISORS,
        # The operator's desk, everybody's own; and the requests for colleagues.
        ("GET", "/desk"): _PEOPLE,
        ("GET", "/desk/events"): _QUIET,
        ("GET", "/desk/form"): _QUIET,
        ("GET", "/desk/side"): _QUIET,
        ("GET", "/api/desk"): _PEOPLE,
        ("POST", "/api/desk/state"): _PEOPLE,
        ("GET", "/api/desk/contacts/{contact}"): _PEOPLE,
        ("POST", "/api/desk/contacts/{contact}"): _PEOPLE,
        ("GET", "/requests"): _PEOPLE,
        ("GET", "/requests/rows"): _QUIET,
        ("GET", "/requests/{request}"): _PEOPLE,
        ("POST", "/requests/{request}"): _PEOPLE,
        ("GET", "/api/desk/requests"): _PEOPLE,
        ("POST", "/api/desk/requests"): _PEOPLE,
        ("GET", "/api/desk/requests/{request}"): _PEOPLE,
        ("POST", "/api/desk/requests/{request}"): _PEOPLE,
        # Who did and saw what.
        ("GET", "/audit"): _CHIEFS,
        ("GET", "/api/audit"): _CHIEFS,
        # A citizen's own data, told to him or erased.
        ("GET", "/privacy"): _ADMINS,
        ("POST", "/privacy"): _ADMINS,
        ("POST", "/privacy/export"): _ADMINS,
        ("POST", "/privacy/erase"): _ADMINS,
        ("POST", "/api/citizens/held"): _ADMINS,
        ("POST", "/api/citizens/export"): _ADMINS,
        ("POST", "/api/citizens/erase"): _ADMINS,
        # Figures: reports, and what is behind them.
        ("GET", "/api/reports/figures"): _API_CATALOGUE,
        ("GET", "/api/reports"): _API_REPORTS,
        ("GET", "/api/reports.csv"): _API_REPORTS,
        ("GET", "/api/reports.xlsx"): _API_REPORTS,
        ("GET", "/api/reports/states"): _API_REPORTS,
        ("GET", "/api/reports/waits"): _API_REPORTS,
        ("GET", "/api/reports/survey"): _API_REPORTS,
        ("GET", "/api/reports/subjects"): _API_REPORTS,
        ("GET", "/api/reports/repeats"): _API_REPORTS,
        ("GET", "/api/reports/{about}.csv"): _API_REPORTS,
        ("GET", "/api/reports/{about}.xlsx"): _API_REPORTS,
        ("GET", "/api/reports/behind"): _API_REPORTS,
        ("GET", "/api/reports/rows/{view}"): _API_REPORTS,
        # The reports, and the calls behind each figure.
        ("GET", "/reports"): _CHIEFS,
        ("GET", "/reports/operators"): _CHIEFS,
        ("GET", "/reports/citizens"): _CHIEFS,
        ("GET", "/reports/conversations"): _CHIEFS,
        ("GET", "/reports/answers"): _CHIEFS,
        ("GET", "/reports/states"): _CHIEFS,
        ("GET", "/reports/calls"): _CHIEFS,
        # Accounts.
        ("GET", "/accounts"): _ADMINS,
        ("POST", "/accounts"): _ADMINS,
        ("POST", "/accounts/{name}"): _ADMINS,
        ("GET", "/api/accounts"): _ADMINS,
        # Other programs of the city: their keys, what they are told, how they ask. Signing in at its provider.
        ("GET", "/keys"): _ADMINS,
        ("POST", "/keys"): _ADMINS,
        ("POST", "/keys/{name}"): _ADMINS,
        ("GET", "/webhooks"): _ADMINS,
        ("POST", "/webhooks/{name}"): _ADMINS,
        ("GET", "/docs"): _PEOPLE,
        ("GET", "/login/city"): _ANYONE,
        ("GET", "/login/city/back"): _ANYONE,
        # The operator's phone.
        ("GET", "/desk/phone"): _PHONE,
        ("GET", "/api/phone"): Access(PEOPLE, operator=True, by_person=False),
        ("POST", "/api/phone/card"): Access(PEOPLE, operator=True, by_person=False),
        ("POST", "/api/phone/hangup"): _PHONE,
        ("POST", "/api/phone/transfer"): _PHONE,
        ("POST", "/api/phone/survey"): _PHONE,
        (SOCKET, "/sip"): Access(PEOPLE, operator=True, by_person=False),
    }
)


class SignInNeeded(Exception):
    """Nobody has signed in, or the session is over."""


class NotAllowed(Exception):
    """This account may not do this."""


class PasswordMustChange(Exception):
    """The password was given out by somebody else: only the page that changes it opens."""


class RouteWithoutAccess(Exception):
    """{route} is not in the table of who may do what."""


def routes(app: FastAPI) -> Iterable[tuple[str, str]]:
    """Method and path of everything that ``app`` answers, the built files apart."""
    for route in app.routes:
        if isinstance(route, APIRoute):
            yield from ((method, route.path) for method in route.methods or ())
        elif isinstance(route, APIWebSocketRoute):
            yield SOCKET, route.path
        elif getattr(route, "path", "") != "/static":
            yield "ANY", getattr(route, "path", repr(route))


def check_guarded(app: FastAPI) -> None:
    """
    Raises:
        RouteWithoutAccess: somebody forgot to say whom a route answers.
    """
    if open_ones := [f"{method} {path}" for method, path in routes(app) if (method, path) not in ACCESS]:
        raise RouteWithoutAccess(", ".join(open_ones))


async def guard(asked: HTTPConnection) -> None:
    """Lets this request through, or not; who asks is then in ``request.state.visitor``.

    Raises:
        SignInNeeded, NotAllowed, PasswordMustChange: not this visitor.
        HTTPException: 404, a NUL in the path; 403, the form is not from a page of ours.
        WebSocketException: a WebSocket for which any of these holds; the browser sees a refusal.
    """
    route = cast("APIRoute | APIWebSocketRoute", asked.scope["route"])
    if not isinstance(asked, Request):
        await _guard_socket(asked, ACCESS[SOCKET, route.path])
        return
    access = ACCESS[asked.method, route.path]
    if "\0" in asked.scope["path"]:
        raise HTTPException(404, NUL)
    visitor = asked.state.visitor = await _visitor(asked, access)
    _admit(visitor, access)
    if asked.method not in SAFE and visitor.key is None:
        # A browser never shows a key by itself.
        await _check_form(asked)


async def _guard_socket(asked: HTTPConnection, access: Access) -> None:
    """A browser opens WebSockets to anywhere, cookie included, and says from which page: it must be one of ours."""
    if not from_own_page(asked):
        raise WebSocketException(1008, "this page is from another site")
    visitor = asked.state.visitor = await _visitor(asked, access)
    try:
        _admit(visitor, access)
    except (SignInNeeded, NotAllowed, PasswordMustChange) as refused:
        raise WebSocketException(1008, type(refused).__name__) from None


def from_own_page(asked: HTTPConnection) -> bool:
    origin, host = asked.headers.get("origin", ""), asked.headers.get("host", "")
    try:
        return bool(host) and urlsplit(origin).netloc.lower() == host.lower()
    except ValueError:
        return False  # "http://[", say


def visitor_of(request: HTTPConnection) -> Visitor:
    return cast("Visitor", request.state.visitor)


VisitorOf = Annotated[Visitor, Depends(visitor_of)]


def _admit(visitor: Visitor, access: Access) -> None:
    if visitor.key is not None:
        if not access.anyone and access.scope not in visitor.key.scopes:
            raise NotAllowed
        return
    if access.anyone or (access.local and visitor.local):
        return
    if visitor.account is None:
        raise SignInNeeded
    if visitor.account.must_change and not access.early:
        raise PasswordMustChange
    if visitor.account.role not in access.roles or (access.operator and visitor.account.operator is None):
        raise NotAllowed


async def _visitor(request: HTTPConnection, access: Access) -> Visitor:
    address = request.client.host if request.client else ""
    local = is_local(request)
    scheme, _, shown = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return await _program(request, shown.strip(), address)
    door: Door | None = request.app.state.door
    token = request.session.get("token") if door else None
    try:
        session = await door.session(token, person=access.by_person) if door and isinstance(token, str) else None
    except Mendable:
        if not (access.local and local):
            raise
        # Who sits here has the figures also while the database is away.
        session = None
    if session is None or not isinstance(token, str):
        return Visitor(None, address, local)
    return Visitor(session.account, address, local, passwords.digest(token))


async def _program(request: HTTPConnection, shown: str, address: str) -> Visitor:
    """Who shows a key is nobody else, whatever session his client carries or wherever he sits.

    Raises:
        KeyRefused: it opens nothing.
    """
    door: Door | None = request.app.state.door
    if door is None:
        raise KeyRefused
    return Visitor(None, address, False, key=await door.enter_by_key(shown))


def is_local(request: HTTPConnection) -> bool:
    """Whether the browser runs on this very machine. A proxy does so too: what came through one is not local, and a
    proxy passes on the name under which it was reached, or says for whom it asks."""
    if request.client is None or any(name in request.headers for name in ("x-forwarded-for", "forwarded", "via")):
        return False
    host = request.url.hostname or ""
    return is_loopback(request.client.host) and (host == "localhost" or is_loopback(host))


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


# --- Forms -----------------------------------------------------------------------------------------------------------


async def form_of(request: Request) -> dict[str, str]:
    """The fields of a form; of a repeated one the last. Empty when it is no form."""
    if request.headers.get("content-type", "").split(";")[0].strip() != "application/x-www-form-urlencoded":
        return {}
    body = (await request.body()).decode("utf-8", "replace")
    if "%00" in body or "\0" in body:
        raise HTTPException(400, NUL)
    try:
        return dict(parse_qsl(body, max_num_fields=MOST_FIELDS))
    except ValueError:
        raise HTTPException(400, "too many fields") from None


FormOf = Annotated[dict[str, str], Depends(form_of)]


def csrf_token(request: Request) -> str:
    """What this browser's forms must carry. It is in the signed cookie, which no other site can read or make."""
    token = request.session.get("csrf")
    if not isinstance(token, str):
        token = request.session["csrf"] = secrets.token_urlsafe(24)
    return token


async def _check_form(request: Request) -> None:
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise HTTPException(403, "this form is from another site")
    sent = request.headers.get("x-csrf-token") or (await form_of(request)).get("csrf", "")
    expected = request.session.get("csrf")
    if not isinstance(expected, str) or not secrets.compare_digest(sent.encode(), expected.encode()):
        raise HTTPException(403, "this form is out of date: load the page again")
