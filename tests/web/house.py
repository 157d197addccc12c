"""A whole house to walk into: figures, accounts in a real database, promises in memory."""

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import msgspec
from fastapi import FastAPI

from acd.bootstrap.phones import EnginePhones
from acd.bootstrap.privacy import PrivacyDesk
from acd.bootstrap.recordings import Recordings
from acd.bootstrap.reports import ReportViews, names_of
from acd.config import City
from acd.engine.tally import Tally
from acd.figures.limits import Limits
from acd.model.account import Account, AuditAction, AuditEntry, Role, Scope
from acd.model.events import Event
from acd.model.history import Outlook
from acd.model.ids import CallId, LineId, OperatorId
from acd.model.menu import Menus
from acd.model.operator import OperatorState
from acd.model.phones import PhoneAccess
from acd.model.promise import CallbackCounts
from acd.records import (
    AccountStore,
    Archive,
    CitizenBook,
    ContactStore,
    FigureBook,
    KeyStore,
    Ledger,
    day_bounds,
    day_of,
    upgrade,
)
from acd.records.recordings import RecordingBook
from acd.web import passwords
from acd.web.app import create_app
from acd.web.curve import Curve, curve
from acd.web.desk import Office
from acd.web.door import Door
from acd.web.hub import Hub
from acd.web.keys import new_key
from acd.web.openness import Openness
from acd.web.reports_api import CityNames, Reports
from acd.web.snapshot import Snapshot, snapshot
from tests.web.city import NAMES, board, line, operator
from tests.web.day import Day, board_of
from tests.web.exchange import Exchange
from tests.web.floors import Floors
from tests.web.promises import Promises, busy_day

PASSWORD = "vier paarden op de Korenmarkt"
DIGEST = passwords.hash_now(PASSWORD)
LINK = "the-link-of-the-screen-in-the-hall"
WHO = {Role.OPERATOR: "olga", Role.SUPERVISOR: "sven", Role.ADMIN: "ada"}
NOW = 1_700_564_400.0
"""A Tuesday, 12:00 in Gent."""


def crm(line: LineId, call: CallId, number: str | None, language: str) -> str | None:
    return f"https://crm.example/?n={number}&l={language}" if line == "sportlijn" else None


class House:
    """Time stands still until a test moves it."""

    def __init__(
        self,
        url: str,
        promises: Promises | None = None,
        names: Sequence[str] = ("localhost", "acd.stad.example"),
        *,
        calls: bool = False,
        floor: Floors | None = None,
    ) -> None:
        self.url = url
        self.store = AccountStore(url)
        self.contacts = ContactStore(url)
        self.keys = KeyStore(url)
        self.archive = Archive(url)
        self.book = FigureBook(url)
        self.citizens = CitizenBook(url, b"key", lambda: ["crm"])
        self.now = NOW
        self.tapes = RecordingBook(url)
        self.recordings = Recordings(
            self.tapes, Path(url.removeprefix("sqlite:///")).parent / "recordings", self.city_now, lambda: self.now
        )
        self.names = names
        self.promises = promises
        self.calls = self.archive if calls else None
        self.floor = floor
        self.door = Door(
            self.store, secret="a secret of the test", secure=False, clock=lambda: self.now, keys=self.keys
        )
        self.exchange = Exchange(lambda: self.now)
        self.phones = PhoneAccess(transfer=("+32",))
        self.menus = Menus()
        self.open()

    def city_now(self) -> City:
        return self.exchange.city

    async def close(self) -> None:
        await self.office.finish()
        for store in (self.store, self.contacts, self.keys, self.archive, self.book, self.citizens, self.tapes):
            await store.close()

    def open(self) -> None:
        """The web part, from its start; again = it was restarted."""
        self.hub = Hub(self.look)
        self.tally = Tally()
        self.events: list[Event] = []
        """What happened today; none = a quiet city with one operator."""
        self.owed: dict[LineId, CallbackCounts] = {}
        self.outlooks: dict[LineId, Outlook] = {}
        self.office = self.exchange.office = Office(
            self.exchange,
            self.contacts,
            lambda: self.exchange.city,
            clock=lambda: self.now,
            worklist=self.promises,
            screen_pop=crm,
        )
        self.open_to(Openness())

    def open_to(self, openness: Openness) -> None:
        """The application as it is to these programs."""
        self.app: FastAPI = create_app(
            self.hub,
            hosts=self.names,
            door=self.door,
            worklist=self.promises,
            calls=self.calls,
            curve_of=self.curve,
            floor=self.floor,
            office=self.office,
            requests=self.contacts,
            openness=openness,
            telephony=EnginePhones(
                lambda: self.exchange.engine.policy,
                self.exchange.desk,
                lambda: self.exchange.engine.board(self.now),
                self.exchange.tell,
                lambda: self.phones,
            ),
            notes=self.contacts,
            citizens=PrivacyDesk(
                self.citizens, lambda: self.exchange.city, lambda: self.now, self.recordings, lambda: self.menus
            ),
            recordings=self.recordings,
            menus=lambda: self.menus,
            reports=Reports(self.book, ReportViews(self.url), Limits, "Stad Gent", self._names),
        )

    def _names(self) -> CityNames:
        """The lines are called as on the wallboard, also those that the exchange does not have."""
        names = names_of(self.exchange.city)
        return msgspec.structs.replace(names, lines=NAMES | dict(names.lines))

    async def key(self, name: str, *scopes: Scope, days: int | None = None) -> str:
        """A new key, as its program shows it."""
        key, shown = new_key(name, frozenset(scopes), days, by="ada", now=self.now)
        await self.keys.add(key, passwords.digest(shown), AuditEntry(self.now, "ada", "", AuditAction.KEY_ADDED, name))
        return shown

    def look(self) -> Snapshot:
        if self.events:
            return snapshot(board_of(self.events, self.now), self.tally, callbacks=self.owed)
        people = [operator("an", OperatorState.AVAILABLE, name="An Peeters")]
        return snapshot(board([line(key) for key in NAMES], people, at=self.now), self.tally)

    def curve(self, lines: Sequence[LineId]) -> Curve:
        midnight = day_bounds(day_of(self.now))[0]
        every = tuple(LineId(key) for key in NAMES)
        return curve(self.tally.half_hours, self.outlooks, lines or every, self.now, midnight)

    def browser(self, host: str = "localhost", address: str = "127.0.0.1") -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.app, client=(address, 50_000), raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url=f"http://{host}", headers={"Accept": "text/html"})

    async def audit(self) -> list[tuple[str, str, str]]:
        """Who did what about what, the latest first."""
        return [(one.who, one.action.value, one.about) for one in await self.store.log(before=1e12, limit=500)]


@asynccontextmanager
async def opened(
    folder: Path,
    promises: Promises | None = None,
    *,
    names: Sequence[str] = ("localhost", "acd.stad.example"),
    calls: bool = False,
    floor: Floors | None = None,
) -> AsyncIterator[House]:
    url = f"sqlite:///{folder}/acd.db"
    await upgrade(url)
    house = House(url, promises, names, calls=calls, floor=floor)
    for role, name in WHO.items():
        who = OperatorId("an") if role is Role.OPERATOR else None
        await house.store.add(Account(name, role, NOW, who), DIGEST, None, added(name))
    await house.store.add(Account("hall", Role.WALLBOARD, NOW), None, passwords.digest(LINK), added("hall"))
    try:
        yield house
    finally:
        await house.close()


@asynccontextmanager
async def busy_house(folder: Path, now: float, *, names: Sequence[str] = ("localhost",)) -> AsyncIterator[House]:
    """A house after a day of calls until ``now``, in its records as on its wallboard."""
    nine = day_bounds(day_of(now))[0] + 9 * 3600
    day = Day(nine, now)
    async with opened(folder, busy_day(now), names=names, calls=True) as house:
        house.now, house.events, house.outlooks = now, day.events(), day.outlooks()
        house.tally.apply(house.events)
        async with Ledger(f"sqlite:///{folder}/acd.db") as ledger:
            ledger.write(house.events)
            await ledger.flush()
        assert house.promises is not None
        house.owed = dict(await house.promises.counts(now))
        yield house


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
