"""Keys of programs: a page on which an admin makes and revokes them. Each is shown once; we keep only its digest."""

from collections.abc import Mapping
from typing import Final

import msgspec
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse, Response

from acd.model.account import AccountError, ApiKey, AuditAction, Scope
from acd.web import passwords
from acd.web.access import FormOf, VisitorOf
from acd.web.accounts import Refused, is_name
from acd.web.door import Door, KeyBook, Visitor
from acd.web.shell import Shell, see_other, tell

PREFIX: Final = "acd_"
"""So that a key that lies where it should not is found by whoever searches for such."""
LONGEST: Final = 3650
"""Days."""
DAY: Final = 86_400.0


class Made(msgspec.Struct, frozen=True):
    """A key that is shown this once."""

    key: ApiKey
    shown: str


def new_key(name: str, scopes: frozenset[Scope], days: int | None, *, by: str, now: float) -> tuple[ApiKey, str]:
    """A key, and what its program shows.

    Raises:
        Refused: no such key can be.
    """
    name = name.strip().lower()
    lonely = Scope.NUMBERS in scopes and Scope.CALLBACKS not in scopes
    if not is_name(name) or not scopes or lonely or (days is not None and not 1 <= days <= LONGEST):
        raise Refused("key_wrong")
    key = ApiKey(name, scopes, now, by, None if days is None else now + days * DAY)
    return key, PREFIX + passwords.token()


class Keyring:
    """What an admin does with keys. Each change is written down by the book itself."""

    def __init__(self, door: Door, book: KeyBook) -> None:
        self._door = door
        self._book = book

    async def all(self) -> list[ApiKey]:
        return await self._book.keys()

    async def add(self, visitor: Visitor, form: Mapping[str, str]) -> Made:
        """
        Raises:
            Refused: no such key can be, or there is one of that name.
        """
        now, days = self._door.clock(), form.get("days", "").strip()
        if days and not (days.isascii() and days.isdigit() and len(days) < 6):
            raise Refused("key_wrong")
        scopes = frozenset(scope for scope in Scope if form.get(f"scope_{scope}"))
        key, shown = new_key(form.get("name", ""), scopes, int(days) if days else None, by=visitor.name, now=now)
        entry = visitor.entry(now, AuditAction.KEY_ADDED, key.name, " ".join(sorted(scopes)))
        try:
            await self._book.add(key, passwords.digest(shown), entry)
        except AccountError:
            raise Refused("key_exists", 409) from None
        return Made(key, shown)

    async def revoke(self, visitor: Visitor, name: str) -> None:
        """
        Raises:
            Refused: there is no such key, or it opens nothing already.
        """
        now = self._door.clock()
        try:
            await self._book.revoke(name, now, visitor.entry(now, AuditAction.KEY_REVOKED, name))
        except AccountError:
            raise Refused("key_unknown", 404) from None


def add_keys(app: FastAPI, door: Door, shell: Shell) -> None:
    def ring() -> Keyring:
        if door.keys is None:
            raise HTTPException(404, "there are no keys here")
        return Keyring(door, door.keys)

    async def page(request: Request, status: int = 200, **names: object) -> Response:
        keys, now = await ring().all(), door.clock()
        return shell.page(request, "keys.html", status, keys=keys, now=now, scopes=list(Scope), **names)

    @app.get("/keys", response_class=HTMLResponse, tags=["pages"])
    async def keys(request: Request) -> Response:
        """All keys of programs."""
        return await page(request)

    @app.post("/keys", response_class=HTMLResponse, tags=["pages"])
    async def add(request: Request, visitor: VisitorOf, form: FormOf) -> Response:
        """A new key, which is shown this once."""
        try:
            return await page(request, made=await ring().add(visitor, form))
        except Refused as refused:
            return await page(request, refused.status, fault=refused.text, form=form)

    @app.post("/keys/{name}", response_class=HTMLResponse, tags=["pages"])
    async def revoke(request: Request, visitor: VisitorOf, name: str) -> Response:
        """Revoke a key: it opens nothing any more, at once and for good."""
        try:
            await ring().revoke(visitor, name)
        except Refused as refused:
            return await page(request, refused.status, fault=refused.text)
        tell(request, "key_gone")
        return see_other("/keys")
