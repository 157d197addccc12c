"""Pages of signing in at the city's provider: out to it, back from it, and to the account here.

An account belongs to the provider's own mark for a person, never to a name: who has the name of a local account there
does not get that account here. Roles follow the provider at every sign-in; who is closed here stays out whatever it
says.
"""

from typing import Final

import msgspec
import structlog
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, Response

from acd.model.account import AccountError, AuditAction, AuditEntry
from acd.model.mendable import Mendable
from acd.web.access import VisitorOf
from acd.web.accounts import is_name
from acd.web.door import Door
from acd.web.entrance import begin
from acd.web.oidc import CAME_FROM, NoRole, NotProven, Oidc, Pending
from acd.web.shell import Shell, inside, see_other

PENDING: Final = "city"
"""Where the browser's signed cookie carries what it left with."""

log = structlog.get_logger(__name__)


class CitySignIn:
    """The way out to the provider and back."""

    def __init__(self, door: Door, shell: Shell, oidc: Oidc) -> None:
        self._door = door
        self._shell = shell
        self._oidc = oidc

    async def leave(self, request: Request, next: str) -> Response:
        try:
            url, pending = await self._oidc.begin(_back(request), inside(next))
        except Mendable as error:
            return self._away(request, error)
        request.session[PENDING] = msgspec.to_builtins(pending)
        return see_other(url)

    async def come_back(self, request: Request, address: str) -> Response:
        try:
            # Once: what came back with it cannot come again.
            pending = msgspec.convert(request.session.pop(PENDING, None), Pending)
        except msgspec.ValidationError:
            return self._refused(request, "city_again", 400)
        try:
            token = await self._token(request, pending, address)
        except (NotProven, NoRole, AccountError) as error:
            return await self._failed(request, address, error)
        except Mendable as error:
            return self._away(request, error)
        begin(request, token)
        request.session[CAME_FROM] = True
        return see_other(pending.next)

    async def _token(self, request: Request, pending: Pending, address: str) -> str:
        """Of a new session."""
        identity = await self._oidc.finish(pending, _back(request), request.query_params)
        if not is_name(identity.name):
            raise NotProven(f"{self._oidc.settings.name_claim} is no name for an account")
        account = await self._door.book.admit(identity, self._door.clock(), address)
        return await self._door.enter_as(account, address)

    async def _failed(self, request: Request, address: str, error: Exception) -> Response:
        why = str(error) or "no role"
        log.warning("sign_in.refused", why=why)
        entry = AuditEntry(self._door.clock(), "?", address, AuditAction.SIGN_IN_FAILED, "?", why[:200])
        await self._door.book.write(entry)
        faults = {NoRole: "city_no_role", AccountError: "city_no_account"}
        return self._refused(request, faults.get(type(error), "city_refused"), 403)

    def _away(self, request: Request, error: Exception) -> Response:
        log.warning("sign_in.provider_away", why=str(error))
        return self._refused(request, "city_away", 503)

    def _refused(self, request: Request, fault: str, status: int) -> Response:
        return self._shell.page(request, "login.html", status, next="", fault=fault)


def _back(request: Request) -> str:
    return f"{request.base_url}login/city/back"


def add_city_sign_in(app: FastAPI, door: Door, shell: Shell, oidc: Oidc | None) -> None:
    way = CitySignIn(door, shell, oidc) if oidc else None

    @app.get("/login/city", response_class=HTMLResponse, tags=["pages"])
    async def leave(request: Request, next: str = "") -> Response:
        """Go to the city's provider to sign in there."""
        return await way.leave(request, next) if way else shell.fault(request, 404)

    @app.get("/login/city/back", response_class=HTMLResponse, tags=["pages"])
    async def come_back(request: Request, visitor: VisitorOf) -> Response:
        """Back from the city's provider."""
        return await way.come_back(request, visitor.address) if way else shell.fault(request, 404)
