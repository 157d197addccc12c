"""A whole house to walk into: figures, accounts in a real database, promises in memory."""

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from fastapi import FastAPI

from acd.bootstrap.reports import ReportViews
from acd.engine.tally import Tally
from acd.figures.limits import Limits
from acd.model.account import Account, AuditAction, AuditEntry, Role
from acd.model.ids import OperatorId
from acd.model.operator import OperatorState
from acd.records import AccountStore, FigureBook, upgrade
from acd.web import passwords
from acd.web.app import create_app
from acd.web.door import Door
from acd.web.hub import Hub
from acd.web.reports_api import Reports
from acd.web.snapshot import Snapshot, snapshot
from tests.web.city import NAMES, board, line, operator
from tests.web.promises import Promises

PASSWORD = "vier paarden op de Korenmarkt"
DIGEST = passwords.hash_now(PASSWORD)
LINK = "the-link-of-the-screen-in-the-hall"
WHO = {Role.OPERATOR: "olga", Role.SUPERVISOR: "sven", Role.ADMIN: "ada"}
NOW = 1_700_564_400.0
"""A Tuesday, 12:00 in Gent."""


class House:
    """Time stands still until a test moves it."""

    def __init__(self, url: str, store: AccountStore, promises: Promises | None, names: Sequence[str]) -> None:
        self.url = url
        self.store = store
        self.promises = promises
        self.now = NOW
        self.door = Door(store, secret="a secret of the test", secure=False, clock=lambda: self.now)
        self.hub = Hub(self.look)
        self.book = FigureBook(url)
        reports = Reports(self.book, ReportViews(url), Limits)
        self.app: FastAPI = create_app(self.hub, hosts=names, door=self.door, worklist=promises, reports=reports)

    def look(self) -> Snapshot:
        people = [operator("an", OperatorState.AVAILABLE, name="An Peeters")]
        return snapshot(board([line(key) for key in NAMES], people, at=self.now), Tally())

    def browser(self, host: str = "localhost", address: str = "127.0.0.1") -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.app, client=(address, 50_000), raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url=f"http://{host}", headers={"Accept": "text/html"})

    async def audit(self) -> list[tuple[str, str, str]]:
        """Who did what about what, the latest first."""
        return [(one.who, one.action.value, one.about) for one in await self.store.log(before=1e12, limit=500)]


@asynccontextmanager
async def opened(
    folder: Path, promises: Promises | None = None, *, names: Sequence[str] = ("localhost", "acd.stad.example")
) -> AsyncIterator[House]:
    url = f"sqlite:///{folder}/acd.db"
    await upgrade(url)
    store = AccountStore(url)
    for role, name in WHO.items():
        who = OperatorId("an") if role is Role.OPERATOR else None
        await store.add(Account(name, role, NOW, who), DIGEST, None, added(name))
    await store.add(Account("hall", Role.WALLBOARD, NOW), None, passwords.digest(LINK), added("hall"))
    try:
        house = House(url, store, promises, names)
        yield house
        await house.book.close()
    finally:
        await store.close()


def added(name: str) -> AuditEntry:
    return AuditEntry(NOW, "cli:test", "", AuditAction.ACCOUNT_ADDED, name)


def csrf_in(html: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', html)
    assert found, "there is no form in this page"
    return found[1]


async def post(browser: httpx.AsyncClient, form_at: str, to: str, /, **fields: str) -> httpx.Response:
    """As a browser does: load the page, fill in its form, send it."""
    csrf = csrf_in((await browser.get(form_at)).text)
    return await browser.post(to, data={"csrf": csrf, **fields})


async def sign_in(browser: httpx.AsyncClient, name: str, password: str = PASSWORD, **more: str) -> httpx.Response:
    return await post(browser, "/login", "/login", name=name, password=password, **more)


@asynccontextmanager
async def signed_in(house: House, role: Role, host: str = "localhost") -> AsyncIterator[httpx.AsyncClient]:
    async with house.browser(host) as browser:
        if role is Role.WALLBOARD:
            assert (await browser.get(f"/kiosk/{LINK}")).status_code == 303
        else:
            assert (await sign_in(browser, WHO[role])).status_code == 303
        yield browser
