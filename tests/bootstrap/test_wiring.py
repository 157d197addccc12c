"""What the service puts together: promises on the wallboard and in the list, plans made anew, numbers erased."""

import asyncio
import os
import re
import shutil
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import msgspec
import pytest
from structlog.testing import capture_logs

from acd.bootstrap.service import Service
from acd.model import facts as f
from acd.model.account import Account, Role
from acd.model.ids import CallbackId, CallId, LineId
from acd.model.promise import CallbackCounts, Note, settled
from acd.records import CallbackStore
from acd.web.passwords import hash_now
from tests.bootstrap.test_failures import NoSwitch, settings, started
from tests.callbacks.promises import AN, BO, LINE, promise
from tests.web.house import added, csrf_in, sign_in

DAY = 86_400.0
PASSWORD = "vier paarden op de Korenmarkt"


class Switch(NoSwitch):
    """One that is there, with nobody on the line."""

    def begin(self) -> None:
        self.inbox(f.SwitchSeen((), (), {}))


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    queues = tmp_path / "queues.yaml"
    shutil.copy(settings(tmp_path).queues, queues)
    switch = Switch()
    service = Service(settings(tmp_path / "state", queues=queues), pbx=switch)
    task = await started(service)
    while not hasattr(switch, "inbox"):  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    switch.begin()
    yield service
    service.stop()
    await asyncio.wait_for(task, 10)


async def test_a_line_opens_the_citys_own_page_about_a_caller(service: Service) -> None:
    id, line = next(iter(service.city.lines.items()))
    lines = dict(service.city.lines)
    lines[id] = msgspec.structs.replace(line, screen_pop="https://crm.example/?n={number}&c={call}&l={language}")
    service.city = msgspec.structs.replace(service.city, lines=lines)
    pop = service.office.screen_pop
    assert pop(id, CallId("17.1"), "+32470123456", "fr") == "https://crm.example/?n=%2B32470123456&c=17.1&l=fr"
    assert pop(id, CallId("17.1"), None, "nl") == "https://crm.example/?n=&c=17.1&l=nl"
    assert pop(LineId("gone"), CallId("17.1"), None, "nl") is None


async def promised(service: Service, call: str, number: str, deadline: float) -> None:
    """Another engine has promised somebody a call."""
    now = time.time()
    store = CallbackStore(service.settings.database_url)
    moment = {"promised_at": now, "start_at": now + 2 * DAY, "end_at": now + 2 * DAY + 1800}
    await store.book(msgspec.structs.replace(promise(call), **moment, deadline=now + deadline), number)
    await store.close()
    service.keeper.look()


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_the_wallboard_shows_at_once_how_the_promises_of_a_line_stand(service: Service) -> None:
    await promised(service, "17.1", AN, 3 * DAY)
    await promised(service, "17.2", BO, -60.0)
    await until(lambda: service.keeper.counts.get(LINE, CallbackCounts()).open == 2)
    async with httpx.AsyncClient(base_url=service.web_url) as client:
        shown = (await client.get("/api/snapshot")).json()
    [row] = [row for row in shown["lines"] if row["line"] == LINE]
    assert (row["callbacks"]["open"], row["callbacks"]["overdue"], row["callback_level"]) == (2, 1, "alarm")
    assert shown["totals"]["callbacks"]["open"] == 2


async def test_a_supervisor_works_through_the_list_and_the_log_knows_it(service: Service, tmp_path: Path) -> None:
    await promised(service, "17.1", AN, 3 * DAY)
    await service.accounts.add(Account("sven", Role.SUPERVISOR, 0.0), hash_now(PASSWORD), None, added("sven"))
    async with httpx.AsyncClient(base_url=service.web_url, headers={"Accept": "text/html"}) as browser:
        assert (await sign_in(browser, "sven", PASSWORD)).status_code == 303
        assert f"••• {AN[-3:]}" in (await browser.get("/callbacks")).text
        page = (await browser.get("/callbacks/17.1")).text
        assert f"tel:{AN}" in page
        version = re.search(r'name="version" value="([0-9]+)"', page)
        assert version
        form = {"csrf": csrf_in(page), "version": version[1], "act": "done", "note": "alles uitgelegd"}
        assert (await browser.post("/callbacks/17.1", data=form)).status_code == 303
        assert (await browser.post("/callbacks/17.1", data=form)).status_code == 409
        assert "alles uitgelegd" in (await browser.get("/callbacks/17.1")).text
        # One promise given, of which nothing is due yet.
        figures = (await browser.get("/callbacks/figures")).text
        told = re.sub(r"<[^>]*>|\s+", " ", figures.partition('id="figures-together"')[2].partition("</tr>")[0])
        assert told.split()[1:7] == ["Alle", "lijnen", "1", "–", "0", "/"]
        # The database goes away under his hands.
        for file in (tmp_path / "state").glob("acd.db*"):
            file.write_bytes(b"no database")
        answer = await browser.get("/callbacks")
        assert answer.status_code == 503
        assert "De gegevens zijn even onbereikbaar" in answer.text


async def test_a_reload_plans_anew_at_once_and_tells_the_engine_whom_to_expect(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    planner = service.keeper.planner
    queues = service.settings.queues
    text = queues.read_text()
    queues.write_text(text.replace("calls_per_day: 300", "calls_per_day: 3000"))
    assert queues.read_text() != text
    heard: list[f.Fact] = []
    tell = service.driver.tell

    def overheard(fact: f.Fact) -> None:
        heard.append(fact)
        tell(fact)

    monkeypatch.setattr(service.driver, "tell", overheard)
    service.reload()
    await until(lambda: service.keeper.planner is not planner)
    await until(lambda: any(isinstance(fact, f.LoadForecast) for fact in heard))
    [forecast] = [fact for fact in heard if isinstance(fact, f.LoadForecast)]
    assert set(forecast.calls) == set(service.city.lines)


async def test_old_numbers_are_erased_at_the_start_and_none_is_in_the_log(tmp_path: Path) -> None:
    first = Service(settings(tmp_path), pbx=NoSwitch())
    task = await started(first)
    now = time.time()
    await promised(first, "17.1", AN, 3 * DAY)
    store = CallbackStore(first.settings.database_url)
    first.stop()
    await asyncio.wait_for(task, 10)
    try:
        long_ago = now - 31 * DAY
        await store.change(CallbackId("17.1"), lambda p: settled(p, long_ago, "test"), Note(long_ago, "x", "done"))
        record = tmp_path / "ami"
        record.mkdir()
        for name, age in (("ami-old.recv", 31), ("ami-new.recv", 29)):
            (record / name).write_bytes(AN.encode())
            os.utime(record / name, (now - age * DAY, now - age * DAY))
        with capture_logs() as log:
            again = Service(settings(tmp_path, keep_numbers=30, record=record), pbx=NoSwitch())
            task = await started(again)
            await until(lambda: any(entry["event"] == "numbers.files_erased" for entry in log))
            again.stop()
            await asyncio.wait_for(task, 10)
        [told] = [entry for entry in log if entry["event"] == "numbers.erased"]
        assert (told["callers"], told["callbacks"], told["days"]) == (0, 1, 30)
        assert AN not in repr(log)
        assert [file.name for file in record.iterdir()] == ["ami-new.recv"]
        assert await store.numbers([CallbackId("17.1")]) == {}
    finally:
        await store.close()
