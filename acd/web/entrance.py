"""Pages on the way in and out: signing in and out, a screen's link, and the own password."""

import msgspec
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, Response

from acd.model.account import Role
from acd.model.ids import OperatorId
from acd.web import passwords
from acd.web.access import FormOf, VisitorOf, csrf_token
from acd.web.answers import answer, described
from acd.web.door import Door, PasswordRefused, SignInRefused, TooManyAttempts
from acd.web.oidc import CAME_FROM, Oidc
from acd.web.shell import Shell, home, inside, see_other, tell


class Me(msgspec.Struct, frozen=True):
    """Who is signed in, and the token that every POST must carry in ``X-CSRF-Token``."""

    name: str
    role: Role
    operator: OperatorId | None
    csrf: str


def add_entrance(app: FastAPI, door: Door, shell: Shell, oidc: Oidc | None) -> None:
    _add_kiosk(app, door, shell)

    @app.get("/login", response_class=HTMLResponse, tags=["pages"])
    async def login_page(request: Request, next: str = "") -> Response:
        """The form to sign in."""
        return shell.page(request, "login.html", next=next, end_session=request.session.pop("end_session", ""))

    @app.post("/login", response_class=HTMLResponse, tags=["pages"])
    async def login(request: Request, visitor: VisitorOf, form: FormOf) -> Response:
        """Sign in."""
        name, next = form.get("name", "").strip(), form.get("next", "")
        try:
            token = await door.sign_in(name, form.get("password", ""), visitor.address)
        except SignInRefused:
            return shell.page(request, "login.html", 401, next=next, name=name, fault="sign_in_refused")
        except TooManyAttempts as error:
            return _too_many(shell.page(request, "login.html", 429, next=next, name=name, fault="too_many"), error)
        begin(request, token)
        return see_other(inside(next) if next else await _first_page(door, token))

    @app.post("/logout", response_class=HTMLResponse, tags=["pages"])
    async def logout(request: Request, visitor: VisitorOf) -> Response:
        """Sign out."""
        await door.sign_out(visitor)
        there = await _way_out(request, oidc)
        _keep_look(request)
        if there:
            # Not sent there: a form may lead to pages of ours only. He finds the way on the next page.
            request.session["end_session"] = there
        tell(request, "signed_out")
        return see_other("/login")


async def _way_out(request: Request, oidc: Oidc | None) -> str | None:
    """Where he signs out of the city's provider too, if he came from there."""
    if oidc is None or not request.session.get(CAME_FROM):
        return None
    return await oidc.end_session(f"{request.base_url}login")


def _add_kiosk(app: FastAPI, door: Door, shell: Shell) -> None:
    @app.get("/kiosk/{link}", response_class=HTMLResponse, tags=["pages"])
    async def kiosk(request: Request, visitor: VisitorOf, link: str) -> Response:
        """The link of a screen on the wall: it opens the wallboard, and nothing else."""
        try:
            token = await door.enter_by_link(link, visitor.address)
        except SignInRefused:
            return shell.fault(request, 404)
        except TooManyAttempts as error:
            return _too_many(shell.page(request, "login.html", 429, next="", fault="too_many"), error)
        begin(request, token)
        return see_other(f"/{_look(request)}")


def _look(request: Request) -> str:
    """What the address says of what the screen shows, and how: lines, order, language, theme."""
    return f"?{request.url.query}" if request.url.query else ""


async def _first_page(door: Door, token: str) -> str:
    session = await door.session(token, person=False)
    return inside("") if session is None else home(session.account)


def begin(request: Request, token: str) -> None:
    """A new session, with nothing of the old one: what somebody planted in this browser before is worth nothing."""
    _keep_look(request)
    request.session["token"] = token


def _keep_look(request: Request) -> None:
    look: dict[str, str] = {key: request.session[key] for key in ("lang", "theme") if key in request.session}
    request.session.clear()
    request.session.update(look)


def _too_many(page: HTMLResponse, error: TooManyAttempts) -> HTMLResponse:
    page.headers["Retry-After"] = f"{error.wait:.0f}"
    return page


def add_me(app: FastAPI) -> None:
    @app.get("/api/me", tags=["api"], responses=described(Me, "Who is signed in"))
    async def me(request: Request, visitor: VisitorOf) -> Response:
        """Who is signed in, and the token that every POST must carry in the header ``X-CSRF-Token``."""
        assert visitor.account is not None
        account = visitor.account
        return answer(Me(account.name, account.role, account.operator, csrf_token(request)))


def add_password(app: FastAPI, door: Door, shell: Shell) -> None:
    @app.get("/password", response_class=HTMLResponse, tags=["pages"])
    async def password_page(request: Request) -> Response:
        """The form to change one's own password."""
        return shell.page(request, "password.html", shortest=passwords.SHORTEST)

    @app.post("/password", response_class=HTMLResponse, tags=["pages"])
    async def password(request: Request, visitor: VisitorOf, form: FormOf) -> Response:
        """Change one's own password."""
        fields = (form.get(field, "") for field in ("current", "new", "again"))
        try:
            await door.change_password(visitor, *fields)
        except SignInRefused:
            fault, status = "password_wrong", 422
        except TooManyAttempts:
            fault, status = "too_many", 429
        except PasswordRefused as refused:
            fault, status = refused.text, 422
        else:
            tell(request, "password_changed")
            assert visitor.account is not None
            return see_other(home(visitor.account))
        return shell.page(request, "password.html", status, shortest=passwords.SHORTEST, fault=fault)
