"""What surrounds every page for people: language and theme, who is signed in, what just happened, what went wrong."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from http import HTTPStatus
from typing import Any, Final, TypeVar
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

import structlog
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException

from acd.model.account import Account, Role
from acd.model.mendable import Mendable
from acd.model.menu import Menus
from acd.web.access import ACCESS, NotAllowed, PasswordMustChange, SignInNeeded, csrf_token
from acd.web.door import Door, KeyRefused, Visitor
from acd.web.pages import Pages, Theme
from acd.web.texts import KEYS, Lang, raw
from acd.web.when import When

NAV: Final = (
    "/desk",
    "/callbacks",
    "/requests",
    "/floor",
    "/calls",
    "/reports",
    "/audit",
    "/privacy",
    "/accounts",
    "/keys",
    "/webhooks",
    "/docs",
)
DESK: Final = "/desk"
FIRST: Final = "/callbacks"
"""Of those who have no desk."""
LONGEST_QUERY: Final = 200

log = structlog.get_logger(__name__)

E = TypeVar("E", bound=StrEnum)


class Shell:
    """Renders pages for people. ``timezone`` is an IANA name; ``city`` what people call the provider at which they can
    sign in, if there is one; ``menus`` are those of this moment, by which the way of a call is told."""

    def __init__(
        self,
        pages: Pages,
        door: Door,
        timezone: str,
        *,
        city: str = "",
        menus: Callable[[], Menus] = Menus,
    ) -> None:
        self._pages = pages
        self._door = door
        self._city = city
        self._menus = menus
        self.zone: Final = ZoneInfo(timezone)

    def page(self, request: Request, template: str, status: int = 200, **names: Any) -> HTMLResponse:
        """A whole page, or a part of one."""
        visitor: Visitor = request.state.visitor
        lang, theme = _chosen(request, "lang", Lang.NL), _chosen(request, "theme", Theme.AUTO)
        usual: dict[str, Any] = {
            "theme": theme,
            "visitor": visitor,
            "when": When(lang, self.zone, self._door.clock()),
            "csrf": csrf_token(request),
            "city": self._city,
            "told": request.session.pop("told", None),
            "path": request.url.path,
            "here": lambda **other: _here(request, other),
            "nav": pages_for(visitor),
            "way": lambda did, path: " › ".join(self._menus().steps(did, path, lang)),
        }
        return HTMLResponse(self._pages.page(template, lang, **usual | names), status)

    def part(self, template: str, lang: Lang, **names: Any) -> str:
        """A part of a page that is pushed: the same for all who read this language."""
        return self._pages.page(template, lang, when=When(lang, self.zone, self._door.clock()), **names)

    def lang(self, request: Request) -> Lang:
        return _chosen(request, "lang", Lang.NL)

    def texts(self, request: Request, beginning: str) -> Callable[[], dict[str, str]]:
        """The texts of a script, in the language of its page; those with values in them as they are."""
        lang = _chosen(request, "lang", Lang.NL)
        return lambda: {key: raw(lang, key) for key in sorted(KEYS) if key.startswith(beginning)}

    def fault(self, request: Request, status: int, headers: Mapping[str, str] | None = None) -> Response:
        """What went wrong, as a page that says what to do now."""
        if not hasattr(request.state, "visitor"):
            request.state.visitor = Visitor(None, "", False)
        kind = {403: "forbidden", 404: "not_found", 503: "unavailable"}.get(status, "other")
        answer = self.page(request, "fault.html", status, kind=kind)
        answer.headers.update(headers or {})
        return answer


def pages_for(visitor: Visitor) -> list[str]:
    """The pages that open for him; a desk has who is an operator."""
    account = visitor.account
    if account is None:
        return []
    allowed = [path for path in NAV if ("GET", path) in ACCESS and account.role in ACCESS["GET", path].roles]
    return [path for path in allowed if path != DESK or account.operator is not None]


def tell(request: Request, key: str) -> None:
    """Say this at the top of the next page; ``key`` is one of a text."""
    request.session["told"] = key


def see_other(path: str) -> RedirectResponse:
    return RedirectResponse(path, HTTPStatus.SEE_OTHER)


def inside(path: str) -> str:
    """``path`` if it leads to a page of ours, else the first page: nobody is sent elsewhere from here."""
    ours = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if ours else FIRST


def _chosen(request: Request, name: str, usual: E) -> E:
    """What the address asks for; it is kept for the next pages. Nonsense counts for nothing."""
    kind = type(usual)
    for source in (request.query_params.get(name), request.session.get(name)):
        if source in list(kind):
            if request.session.get(name) != source:
                request.session[name] = str(source)
            return kind(source)
    return usual


def _here(request: Request, other: Mapping[str, object]) -> str:
    """This address with some of its values set otherwise; None takes one away."""
    query = [*((key, value) for key, value in request.query_params.multi_items() if key not in other), *other.items()]
    kept = [(key, str(value)) for key, value in query if value not in (None, "")]
    return f"{request.url.path}?{urlencode(kept)}" if kept else request.url.path


# --- What goes wrong -------------------------------------------------------------------------------------------------


def add_faults(app: FastAPI, shell: Shell | None) -> None:
    """Faults as a page for people, and as JSON for programs."""
    faults = Faults(shell)
    for kind, handler in (
        (SignInNeeded, faults.sign_in_needed),
        (PasswordMustChange, faults.must_change),
        (NotAllowed, faults.not_allowed),
        (KeyRefused, faults.key_refused),
        (Mendable, faults.unavailable),
        (HTTPException, faults.other),
    ):
        app.add_exception_handler(kind, handler)


class Faults:
    """One handler for each kind."""

    def __init__(self, shell: Shell | None) -> None:
        self._shell = shell

    async def sign_in_needed(self, request: Request, _: Exception) -> Response:
        if self._shell is None or not _wants_page(request):
            return JSONResponse({"detail": "sign in first"}, 401)
        if request.method != "GET" or request.url.path == "/":
            return see_other("/login")
        wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return see_other(f"/login?next={quote(wanted[:LONGEST_QUERY], safe='/')}")

    async def must_change(self, request: Request, _: Exception) -> Response:
        if _wants_page(request):
            return see_other("/password")
        return self._answer(request, 403, "change the password first")

    async def key_refused(self, request: Request, _: Exception) -> Response:
        return JSONResponse({"detail": "this key opens nothing"}, 401, {"WWW-Authenticate": "Bearer"})

    async def not_allowed(self, request: Request, _: Exception) -> Response:
        return self._answer(request, 403, "this account may not do this")

    async def unavailable(self, request: Request, error: Exception) -> Response:
        log.error("page_unavailable", path=request.url.path, error=str(error))
        return self._answer(request, 503, "the records cannot be reached", {"Retry-After": "5"})

    async def other(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return self._answer(request, error.status_code, error.detail, error.headers)

    def _answer(self, request: Request, status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
        if self._shell is not None and _wants_page(request):
            return self._shell.fault(request, status, headers)
        return JSONResponse({"detail": detail}, status, headers)


def _wants_page(request: Request) -> bool:
    accepts = "text/html" in request.headers.get("accept", "")
    return accepts and "hx-request" not in request.headers and not request.url.path.startswith(("/api/", "/events"))


def home(account: Account) -> str:
    """Where somebody begins."""
    if account.role is Role.WALLBOARD:
        return "/"
    return DESK if account.operator is not None else FIRST
