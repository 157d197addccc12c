"""A recorded conversation, heard from the page of its call in Debian's Chromium by a supervisor who says why."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]
from playwright.async_api import Browser, Page, expect

from acd.model import events as ev
from acd.model.account import Role
from acd.model.ids import CallId, LineId, OperatorId
from acd.records import Ledger
from acd.web.server import WebServer
from sim.lab.sound import tone
from tests.records.histories import NUMBER, answered
from tests.web.house import NOW, House, opened
from tests.web.screenshots import enter
from tests.web.test_calls_browser import RULES, Site
from tests.web.test_desk_browser import check_fits

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

CALL, RECORDING = "17.1", "17.1-17.2"
LASTS = 2.0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    folder = tmp_path_factory.mktemp("house")
    async with opened(folder, names=("localhost", "127.0.0.1"), calls=True) as house:
        await recorded(house, folder / "recordings")
        server = WebServer(house.app, house.hub, port=0)
        await server.start()
        yield Site(house, server.url)
        await server.stop()


async def recorded(house: House, folder: Path) -> None:
    """A call of yesterday with one recording whose file is there, and one whose file is not."""
    at, line = NOW - 86_400, LineId("sportlijn")
    tone(folder / f"{RECORDING}.wav", 400, LASTS)
    async with Ledger(house.url, key=b"key") as ledger:
        for step in answered(CALL, at, line=line):
            ledger.write(step)
        for name, begun in ((RECORDING, at + 20), ("17.1-17.3", at + 60)):
            ledger.write([ev.RecordingStarted(begun, name, CallId(CALL), None, line, OperatorId("an"), begun)])
            ledger.write([ev.RecordingFinished(begun + LASTS, name, CallId(CALL), None, begun + LASTS)])
        await ledger.caught_up()


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Browser, site: Site) -> AsyncIterator[Page]:
    context = await browser.new_context(viewport={"width": 1366, "height": 768})
    yield await context.new_page()
    await context.close()


async def fine(page: Page, path: str) -> None:
    found = await Axe().run(page, options={"resultTypes": ["violations"], "rules": RULES})
    assert found.violations_count == 0, (path, json.dumps(found.response["violations"], indent=1))
    await check_fits(page, path)


async def test_heard_after_saying_why_and_written_down(page: Page, site: Site) -> None:
    await enter(page, site.url, Role.SUPERVISOR)
    await page.goto(f"{site.url}/calls/{CALL}")
    there = page.locator("#recordings")
    await expect(there).to_contain_text("Het bestand van deze opname ontbreekt.")
    await expect(page.locator("audio")).to_have_count(0)
    before = await page.request.get(f"{site.url}/recordings/{RECORDING}")
    assert before.status == 403
    await fine(page, "before")
    await there.locator("select").select_option("complaint")
    await there.locator("button").click()
    player = page.locator("audio")
    await expect(player).to_have_count(1)
    await fine(page, "after")
    seconds = await player.evaluate("""async sound => {
        await new Promise((done, failed) => {
            sound.onended = done; sound.onerror = failed; sound.muted = true; sound.playbackRate = 4; sound.play();
        });
        return sound.currentTime;
    }""")
    assert seconds == pytest.approx(LASTS, abs=0.1)
    who, what, about = next(entry for entry in await site.house.audit() if "heard" in entry[1])
    assert (who, what) == ("sven", "recording_heard")
    assert CALL in about


async def test_who_keeps_the_accounts_hears_nothing(page: Page, site: Site) -> None:
    await enter(page, site.url, Role.ADMIN)
    await page.goto(f"{site.url}/calls/{CALL}")
    await expect(page.locator("h2").first).to_be_visible()
    await expect(page.locator("#recordings")).to_have_count(0)
    assert (await page.request.get(f"{site.url}/recordings/{RECORDING}")).status == 403


async def test_the_citizens_page_counts_files(page: Page, site: Site) -> None:
    await enter(page, site.url, Role.ADMIN)
    await page.goto(f"{site.url}/privacy")
    await page.locator("main input[name=number]").first.fill(NUMBER)
    await page.keyboard.press("Enter")
    await expect(page.locator("dl > div", has_text="Opnames").locator("b")).to_have_text("1")
    await fine(page, "/privacy")
