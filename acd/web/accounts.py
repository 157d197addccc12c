"""The page of the accounts: whom there is, new ones, new passwords and links, other roles, closed and opened again."""

from collections.abc import Mapping
from typing import Final

import msgspec
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse, Response

from acd.model.account import Account, AccountError, AuditAction, Role
from acd.model.ids import OperatorId
from acd.web import passwords
from acd.web.access import FormOf, VisitorOf
from acd.web.answers import answer, described
from acd.web.door import Door, Visitor
from acd.web.shell import Shell, see_other, tell

LONGEST_NAME: Final = 40


class Refused(Exception):
    """It cannot be done so; ``text`` is the key of the text that says why, ``status`` that of HTTP."""

    def __init__(self, text: str, status: int = 422) -> None:
        super().__init__(text)
        self.text = text
        self.status = status


class Secret(msgspec.Struct, frozen=True):
    """A password or link that is shown this once."""

    account: Account
    shown: str


class Registry:
    """What an admin does with accounts. Each change is written down by the book itself."""

    def __init__(self, door: Door) -> None:
        self._door = door

    async def all(self) -> list[Account]:
        return await self._door.book.accounts()

    async def named(self, name: str) -> Account:
        """
        Raises:
            HTTPException: 404, there is none of that name.
        """
        for account in await self.all():
            if account.name == name:
                return account
        raise HTTPException(404, "there is no such account")

    async def add(self, visitor: Visitor, form: Mapping[str, str]) -> Secret:
        """A new account.

        Raises:
            Refused: no such name or role can be, or there is one of that name.
        """
        name, role, now = form.get("name", "").strip().lower(), _role(form), self._door.clock()
        if not is_name(name):
            raise Refused("account_name")
        screen = role is Role.WALLBOARD
        account = Account(name, role, now, None if screen else _operator(form), must_change=not screen)
        shown, password, link = await self._secret(role)
        entry = visitor.entry(now, AuditAction.ACCOUNT_ADDED, name, role)
        try:
            await self._door.book.add(account, password, link, entry)
        except AccountError:
            raise Refused("account_exists", 409) from None
        return Secret(account, shown)

    async def renew(self, visitor: Visitor, account: Account) -> Secret:
        """A new one-time password, or a new link; what was before opens nothing any more."""
        shown, password, link = await self._secret(account.role)
        entry = visitor.entry(self._door.clock(), AuditAction.ACCOUNT_PASSWORD, account.name)
        await self._door.book.set_password(account.name, password, link, entry)
        return Secret(account, shown)

    async def change(self, visitor: Visitor, account: Account, form: Mapping[str, str]) -> None:
        """Another role, closed, or opened.

        Raises:
            Refused: there is no such change, or it would leave nobody who can undo it.
        """
        try:
            await self._change(visitor, account.name, form)
        except AccountError:
            raise Refused("account_refused", 409) from None

    async def _change(self, visitor: Visitor, name: str, form: Mapping[str, str]) -> None:
        now, book = self._door.clock(), self._door.book
        match form.get("do"):
            case "role":
                role, operator = _role(form), _operator(form)
                detail = f"{role} {operator or ''}".strip()
                await book.set_role(name, role, operator, visitor.entry(now, AuditAction.ACCOUNT_ROLE, name, detail))
            case "disable":
                await book.set_disabled(name, now, visitor.entry(now, AuditAction.ACCOUNT_DISABLED, name))
            case "enable":
                await book.set_disabled(name, None, visitor.entry(now, AuditAction.ACCOUNT_ENABLED, name))
            case _:
                raise Refused("account_name")

    async def _secret(self, role: Role) -> tuple[str, str | None, str | None]:
        """What to show, and of it the digest as a password or as a link."""
        if role is Role.WALLBOARD:
            link = passwords.token()
            return link, None, passwords.digest(link)
        password = passwords.one_time()
        return password, await self._door.hash(password), None


def add_accounts(app: FastAPI, door: Door, shell: Shell) -> None:
    registry = Registry(door)

    async def accounts_page(request: Request, status: int = 200, **names: object) -> Response:
        return shell.page(request, "accounts.html", status, accounts=await registry.all(), Role=Role, **names)

    async def shown_once(request: Request, secret: Secret) -> Response:
        link = secret.account.role is Role.WALLBOARD
        shown = f"{request.base_url}kiosk/{secret.shown}" if link else secret.shown
        return await accounts_page(request, made=secret.account, secret=shown, is_link=link)

    @app.get("/accounts", response_class=HTMLResponse, tags=["pages"])
    async def accounts(request: Request) -> Response:
        """All accounts."""
        return await accounts_page(request)

    @app.post("/accounts", response_class=HTMLResponse, tags=["pages"])
    async def add(request: Request, visitor: VisitorOf, form: FormOf) -> Response:
        """A new account; its one-time password, or its link, is shown this once."""
        try:
            return await shown_once(request, await registry.add(visitor, form))
        except Refused as refused:
            return await accounts_page(request, refused.status, fault=refused.text, form=form)

    @app.post("/accounts/{name}", response_class=HTMLResponse, tags=["pages"])
    async def change(request: Request, visitor: VisitorOf, form: FormOf, name: str) -> Response:
        """A new password or link, another role, closed or opened."""
        try:
            account = await registry.named(name)
            if form.get("do") == "password":
                return await shown_once(request, await registry.renew(visitor, account))
            await registry.change(visitor, account, form)
        except Refused as refused:
            return await accounts_page(request, refused.status, fault=refused.text)
        tell(request, "account_saved")
        return see_other("/accounts")

    @app.get("/api/accounts", tags=["api"], responses=described(list[Account], "All accounts"))
    async def api_accounts() -> Response:
        """All accounts, without their passwords."""
        return answer(await registry.all())


def _role(form: Mapping[str, str]) -> Role:
    try:
        return Role(form.get("role", ""))
    except ValueError:
        raise Refused("account_name") from None


def _operator(form: Mapping[str, str]) -> OperatorId | None:
    return OperatorId(form.get("operator", "").strip()[:100]) or None


def is_name(name: str) -> bool:
    """Whether an account can have this name."""
    return 0 < len(name) <= LONGEST_NAME and all(letter.isalnum() or letter in "._-@" for letter in name)
