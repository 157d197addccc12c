"""What a supervisor does from his page, through the whole product: engine, records, Asterisk, and into the ear."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from acd.config import City
from acd.model.account import Account, Role
from acd.model.ids import OperatorId
from acd.records import AccountStore
from sim.lab import Call, Habit, Lab, Phone
from sim.lab.service import LabService
from sim.lab.sound import carried, steady
from tests.e2e.conftest import QUEUES, SPEAKS, records, until
from tests.web.house import DIGEST, PASSWORD, added, csrf_in

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(180)]
ANSWERS = Habit(after=0.1)
CITIZEN, OPERATOR, SUPERVISOR = 400, 700, 1000
"""What each of them says, Hz."""
SPORTLIJN, LEZ = "3292101011", "3292101012"
CLOCKS = 0.5
"""Seconds by which the engine may take the clock of Asterisk for another than its own."""
EXPECTED = ("acd/", "invalid URI", "create outgoing session")
"""No prompts are rendered here, and not every phone is registered."""


@pytest.fixture(scope="module")
def lab(city: City, menus: str) -> Iterator[Lab]:
    with Lab(city.policy, dialplan=menus) as lab:
        yield lab
        assert lab.complaints(EXPECTED) == []


@pytest.fixture
async def service(lab: Lab, tmp_path: Path) -> AsyncIterator[LabService]:
    async with LabService(lab, QUEUES, tmp_path / "state") as service:
        yield service
    await until(lambda: lab.channels() == [], 15, "no channel is left")


@pytest.fixture
async def sven(service: LabService) -> AsyncIterator["Sven"]:
    """A supervisor whose own phone is that of cato."""
    store = AccountStore(service.database)
    account = Account("sven", Role.SUPERVISOR, time.time(), OperatorId("cato"))
    await store.add(account, DIGEST, None, added("sven"))
    sven = Sven(service, store)
    yield sven
    await sven.leaves()
    await store.close()


class Sven:
    """Signed in, and works through the API."""

    def __init__(self, service: LabService, store: AccountStore) -> None:
        self._service = service
        self._store = store
        self._browser: httpx.AsyncClient | None = None
        self._csrf = ""

    async def _signed_in(self) -> httpx.AsyncClient:
        if self._browser is None:
            url = (await self._service.ask("status"))["web"]
            browser = httpx.AsyncClient(base_url=url, headers={"Accept": "text/html"})
            csrf = csrf_in((await browser.get("/login")).text)
            answer = await browser.post("/login", data={"csrf": csrf, "name": "sven", "password": PASSWORD})
            assert answer.status_code == 303
            self._browser, self._csrf = browser, (await browser.get("/api/me")).json()["csrf"]
        return self._browser

    async def leaves(self) -> None:
        """Also to come again: a new service listens elsewhere."""
        if self._browser is not None:
            await self._browser.aclose()
            self._browser = None

    async def does(self, deed: str, **body: Any) -> httpx.Response:
        browser = await self._signed_in()
        return await browser.post(f"/api/floor/{deed}?lang=nl", json=body, headers={"X-CSRF-Token": self._csrf})

    async def sees(self) -> dict[str, Any]:
        seen: dict[str, Any] = (await (await self._signed_in()).get("/api/floor")).json()
        return seen

    async def sees_waiting(self) -> dict[str, Any]:
        """The one caller on the floor, once he is there."""
        found: list[dict[str, Any]] = []

        async def there() -> bool:
            found[:] = (await self.sees())["calls"]
            return bool(found)

        await until(there, 15, "he is on the floor")
        [row] = found
        return row

    async def log(self) -> list[tuple[str, str, str]]:
        """What the audit log has of listening in, in order."""
        entries = await self._store.log(who="sven", before=time.time() + 60, limit=100)
        return [(e.action.value, e.about, e.detail) for e in entries[::-1] if e.action.startswith("spy")]


class Ear:
    """What a phone hears from now on."""

    def __init__(self, phone: Phone) -> None:
        self._packets = phone.sound.packets
        self._from = len(self._packets)

    def hears(self, *voices: int) -> bool:
        """Each of these voices and no other, in most of the last second."""
        last = [packet for _, packet in self._packets[self._from :]][-50:]
        share = 0.6 / max(1, len(voices))
        told = {hertz for hertz in (CITIZEN, OPERATOR, SUPERVISOR) if carried(last, hertz, share) > 0.8}
        silent = {hertz for hertz in (CITIZEN, OPERATOR, SUPERVISOR) if carried(last, hertz, 0.05) < 0.1}
        return len(last) == 50 and told == set(voices) and silent == {CITIZEN, OPERATOR, SUPERVISOR} - told


async def in_call(service: LabService, citizen: Phone, operator: Phone) -> Call:
    """Bram speaks with a citizen; both say something all the time."""
    await service.operator("bram", "login", "ready")
    call = citizen.call(SPORTLIJN)
    await until(lambda: operator.calls != [] and operator.calls[-1].answered_at is not None, 15, "they are connected")
    citizen.speak(call, steady(CITIZEN), 120)
    operator.speak(operator.calls[-1], steady(OPERATOR), 120)
    return call


async def listens(sven: Sven, cato: Phone, mode: str) -> Call:
    """Sven's phone rings, he picks up, and speaks all the time."""
    before = len(cato.calls)
    answer = await sven.does("listen", operator="bram", mode=mode)
    assert answer.status_code == 200, answer.text
    assert "1003" in answer.json()["said"]
    await until(lambda: len(cato.calls) > before and cato.calls[-1].answered_at is not None, 15, "his phone rings")
    cato.speak(cato.calls[-1], steady(SUPERVISOR), 60)
    return cato.calls[-1]


async def stops(sven: Sven, mode: str, call: Call) -> None:
    """He sees himself on the floor, and ends it there."""
    [row] = [row for row in (await sven.sees())["operators"] if row["operator"] == "bram"]
    [spy] = row["spies"]
    assert (spy["mode"], spy["by"], spy["device"]) == (mode, "sven", "1003")
    assert (await sven.does("listen", operator="bram", mode="listen")).status_code == 409, "his phone is taken"
    assert (await sven.does("stop", spy=spy["spy"])).status_code == 200
    await until(call.ended.is_set, 15, "his phone is hung up")


async def is_heard(phone: Phone, *voices: int) -> None:
    ear = Ear(phone)
    await until(lambda: ear.hears(*voices), 10, f"{phone.user} hears {voices} Hz and nothing else")


async def test_listening_whispering_and_joining_in_as_they_are_heard(lab: Lab, service: LabService, sven: Sven) -> None:
    async with AsyncExitStack() as stack:
        bram, cato = [await stack.enter_async_context(lab.phone(device, ANSWERS)) for device in ("1002", "1003")]
        citizen = await stack.enter_async_context(lab.citizen("+3291120001"))
        call = await in_call(service, citizen, bram)
        for mode, to_operator, to_citizen in (
            ("listen", (CITIZEN,), (OPERATOR,)),
            ("whisper", (CITIZEN, SUPERVISOR), (OPERATOR,)),
            ("barge", (CITIZEN, SUPERVISOR), (OPERATOR, SUPERVISOR)),
        ):
            his = await listens(sven, cato, mode)
            await is_heard(cato, CITIZEN, OPERATOR)
            await is_heard(bram, *to_operator)
            await is_heard(citizen, *to_citizen)
            await stops(sven, mode, his)
            await is_heard(bram, CITIZEN)
            await is_heard(citizen, OPERATOR)
        assert not call.ended.is_set(), "the citizen and bram speak on"
        await call.hang_up()

        async def all_written() -> bool:
            return len(await sven.log()) == 15

        await until(all_written, 15, "the audit log has all of it")
    for n, mode in enumerate(("listen", "whisper", "barge")):
        asked, started, refused, stopped, ended = (await sven.log())[5 * n : 5 * n + 5]
        assert asked == ("spy_asked", "bram", f"{mode} 1003")
        assert started == ("spy_started", "bram", f"{mode} 1003")
        assert refused == ("spy_asked", "bram", "listen 1003"), "whoever only tried is written down too"
        assert {stopped[0], ended[0]} == {"spy_stopped", "spy_ended"}


async def test_a_conversation_that_ends_takes_the_listener_along(lab: Lab, service: LabService, sven: Sven) -> None:
    async with AsyncExitStack() as stack:
        bram, cato = [await stack.enter_async_context(lab.phone(device, ANSWERS)) for device in ("1002", "1003")]
        citizen = await stack.enter_async_context(lab.citizen("+3291120002"))
        call = await in_call(service, citizen, bram)
        await sven.does("listen", operator="bram", mode="whisper")
        await until(lambda: cato.calls != [] and cato.calls[-1].answered_at is not None, 15, "he listens")

        async def listening() -> bool:
            return "spy_started" in [entry[0] for entry in await sven.log()]

        await until(listening, 15, "he listens")
        await call.hang_up()
        await until(cato.calls[-1].ended.is_set, 15, "his phone is hung up as well")

        async def told() -> bool:
            return [entry[0] for entry in await sven.log()] == ["spy_asked", "spy_started", "spy_ended"]

        await until(told, 15, "the audit log has begin and end")
        assert (await sven.log())[-1] == ("spy_ended", "bram", "whisper over")


async def test_a_moved_caller_keeps_his_time_through_the_death_of_the_engine(
    lab: Lab, service: LabService, sven: Sven
) -> None:
    async with lab.phone("1003", ANSWERS) as cato, lab.citizen("+3291120003") as citizen:
        call = citizen.call(SPORTLIJN)
        row = await sven.sees_waiting()
        seen_at = time.time()
        answer = await sven.does("move", call=row["call"], line="lez")
        assert answer.json() == {"said": "De beller wacht nu op LEZ-lijn, op plaats 1."}
        again = await sven.does("move", call=row["call"], line="lez")
        assert (again.status_code, again.json()["detail"]) == (409, "De beller wacht al op deze lijn.")
        service.kill()
        await service.start()
        await sven.leaves()
        [row] = (await sven.sees())["calls"]
        assert row["line"] == "lez"
        await service.operator("cato", "login", "ready")
        await until(lambda: cato.calls != [] and cato.calls[0].answered_at is not None, 15, "cato serves the LEZ-lijn")
        await asyncio.sleep(SPEAKS)
        await call.hang_up()

        async def ended() -> bool:
            return [row.ended_at is not None for row in await records(service)] == [True]

        await until(ended, 15, "it is recorded")
        [record] = await records(service)
    assert (record.outcome, record.line, record.operator) == ("answered", "lez", "cato")
    assert record.entered_at is not None and record.answered_at is not None
    assert call.invited_at - CLOCKS <= record.entered_at <= seen_at + CLOCKS
    assert record.waited == pytest.approx(record.answered_at - record.entered_at, abs=0.01)


async def test_a_line_closed_by_hand_stays_closed_whoever_dies_and_those_inside_are_served(
    lab: Lab, service: LabService, sven: Sven
) -> None:
    async with AsyncExitStack() as stack:
        inside, late, later = [await stack.enter_async_context(lab.citizen(f"+329112001{n}")) for n in range(3)]
        dirk = await stack.enter_async_context(lab.phone("1004", ANSWERS))
        waiting = inside.call(SPORTLIJN)
        await sven.sees_waiting()
        answer = await sven.does("line", line="sportlijn", open=False)
        assert answer.json()["said"] == "Sportlijn neemt geen nieuwe bellers meer. Wie al wacht (1), blijft wachten."
        service.kill()
        # The dialplan alone says so, while nobody is there to ask.
        refused = late.call(SPORTLIJN)
        await asyncio.wait_for(refused.ended.wait(), 20)
        await service.start()
        await sven.leaves()
        await service.operator("dirk", "login", "ready")
        await until(lambda: dirk.calls != [] and dirk.calls[0].answered_at is not None, 15, "who was inside is served")
        await asyncio.sleep(SPEAKS)
        await waiting.hang_up()
        await until(lambda: lab.channels() == [], 15, "all have gone")
        await asyncio.to_thread(lab.restart)

        async def told_anew() -> bool:
            return await asyncio.to_thread(lambda: lab.globals().get("ACD_OPEN_sportlijn")) == "closed"

        await until(told_anew, 30, "a fresh Asterisk is told")
        refused = later.call(SPORTLIJN)
        await asyncio.wait_for(refused.ended.wait(), 20)
        [line] = [row for row in (await sven.sees())["lines"] if row["line"] == "sportlijn"]
        assert (line["switched"]["open"], line["switched"]["by"]) == (False, "sven")
        assert (await sven.does("line", line="sportlijn", open=None)).json()["said"].startswith("Sportlijn volgt weer")
        assert (await sven.does("line", line="closed", open=True)).status_code == 200
        expected = {"+3291120010": "answered", "+3291120011": "closed", "+3291120012": "closed"}
        outcomes: dict[str | None, str | None] = {}

        async def told_apart() -> bool:
            outcomes.update({row.number: row.outcome for row in await records(service)})
            return None not in outcomes.values() and len(outcomes) == len(expected)

        await until(told_apart, 15, "the outcome of each is recorded")
    assert outcomes == expected


async def test_a_line_opened_by_hand_takes_callers_outside_its_hours(lab: Lab, service: LabService, sven: Sven) -> None:
    async with lab.phone("1001", ANSWERS), lab.citizen("+3291120020") as citizen:
        await sven.does("line", line="closed", open=True)
        call = citizen.call("3292101019")
        assert (await sven.sees_waiting())["line"] == "closed"
        # Nobody has that line by the settings: he serves it for now, also after the engine's death.
        await sven.does("lines", operator="anna", lines=["closed", "gentinfo"])
        service.kill()
        await service.start()
        await sven.leaves()
        await sven.does("state", operator="anna", state="login")
        said = await sven.does("state", operator="anna", state="ready")
        assert said.json()["said"].startswith("Anna is na dit gesprek klaar") or "Anna is nu klaar" in said.text

        async def talks() -> bool:
            return any(row["state"] == "in_call" for row in (await sven.sees())["operators"])

        await until(talks, 15, "anna serves him")
        await call.hang_up()
        await sven.does("line", line="closed", open=None)
        assert (await sven.does("lines", operator="anna", lines=None)).json()["said"].startswith("Anna heeft weer")
