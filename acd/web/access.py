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
from urllib.parse import parse_qsl

import msgspec
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.routing import APIRoute

from acd.model.account import Role
from acd.web import passwords
from acd.web.door import Door, Visitor

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


PEOPLE: Final = frozenset({Role.OPERATOR, Role.SUPERVISOR, Role.ADMIN})
_ANYONE = Access(anyone=True, by_person=False)
_FIGURES = Access(frozenset(Role), local=True, by_person=False)
_PEOPLE = Access(PEOPLE)
_QUIET = Access(PEOPLE, by_person=False)
_OWN = Access(PEOPLE, early=True)
_CHIEFS = Access(frozenset({Role.SUPERVISOR, Role.ADMIN}))
_ADMINS = Access(frozenset({Role.ADMIN}))

ACCESS: Final[Mapping[tuple[str, str], Access]] = MappingProxyType(
    {
        # Figures without persons.
        ("GET", "/"): _FIGURES,
        ("GET", "/events"): _FIGURES,
        ("GET", "/api/snapshot"): _FIGURES,
        ("GET", "/openapi.json"): _FIGURES,
        ("GET", "/healthz"): _ANYONE,
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
        ("GET", "/callbacks/{callback}"): _PEOPLE,
        ("POST", "/callbacks/{callback}"): _PEOPLE,
        ("GET", "/api/callbacks"): _PEOPLE,
        ("GET", "/api/callbacks/{callback}"): _PEOPLE,
        ("POST", "/api/callbacks/{callback}"): _PEOPLE,
        # Who did and saw what.
        ("GET", "/audit"): _CHIEFS,
        ("GET", "/api/audit"): _CHIEFS,
        # Figures: reports, and what is behind them.
        ("GET", "/api/reports/figures"): _PEOPLE,
        ("GET", "/api/reports"): _CHIEFS,
        ("GET", "/api/reports.csv"): _CHIEFS,
        ("GET", "/api/reports.xlsx"): _CHIEFS,
        ("GET", "/api/reports/states"): _CHIEFS,
        ("GET", "/api/reports/waits"): _CHIEFS,
        ("GET", "/api/reports/behind"): _CHIEFS,
        ("GET", "/api/reports/rows/{view}"): _CHIEFS,
        # Accounts.
        ("GET", "/accounts"): _ADMINS,
        ("POST", "/accounts"): _ADMINS,
        ("POST", "/accounts/{name}"): _ADMINS,
        ("GET", "/api/accounts"): _ADMINS,
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
        elif getattr(route, "path", "") != "/static":
            yield "ANY", getattr(route, "path", repr(route))


def check_guarded(app: FastAPI) -> None:
    """
    Raises:
        RouteWithoutAccess: somebody forgot to say whom a route answers.
    """
    if open_ones := [f"{method} {path}" for method, path in routes(app) if (method, path) not in ACCESS]:
        raise RouteWithoutAccess(", ".join(open_ones))


async def guard(request: Request) -> None:
    """Lets this request through, or not; who asks is then in ``request.state.visitor``.

    Raises:
        SignInNeeded, NotAllowed, PasswordMustChange: not this visitor.
        HTTPException: 403, the form is not from a page of ours.
    """
    route = cast("APIRoute", request.scope["route"])
    access = ACCESS[request.method, route.path]
    visitor = request.state.visitor = await _visitor(request, access)
    _admit(visitor, access)
    if request.method not in SAFE:
        await _check_form(request)


def visitor_of(request: Request) -> Visitor:
    return cast("Visitor", request.state.visitor)


VisitorOf = Annotated[Visitor, Depends(visitor_of)]


def _admit(visitor: Visitor, access: Access) -> None:
    if access.anyone or (access.local and visitor.local):
        return
    if visitor.account is None:
        raise SignInNeeded
    if visitor.account.must_change and not access.early:
        raise PasswordMustChange
    if visitor.account.role not in access.roles:
        raise NotAllowed


async def _visitor(request: Request, access: Access) -> Visitor:
    address = request.client.host if request.client else ""
    local = is_local(request)
    if access.local and local:
        # The figures do not wait for a database.
        return Visitor(None, address, local)
    door: Door | None = request.app.state.door
    token = request.session.get("token") if door else None
    session = await door.session(token, person=access.by_person) if door and isinstance(token, str) else None
    if session is None or not isinstance(token, str):
        return Visitor(None, address, local)
    return Visitor(session.account, address, local, passwords.digest(token))


def is_local(request: Request) -> bool:
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
    try:
        return dict(parse_qsl((await request.body()).decode("utf-8", "replace"), max_num_fields=MOST_FIELDS))
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
