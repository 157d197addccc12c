"""The wallboard of a supervisor and the calls behind it, in Debian's Chromium."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]
from playwright.async_api import Browser, Page, expect

from acd.model.account import AuditAction, AuditEntry, Role
from acd.web.server import WebServer
from tests.web.house import NOW, House, busy_house
from tests.web.screenshots import enter, interesting
from tests.web.test_desk_browser import check_fits

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

RULES = {"target-size": {"enabled": True}, "region": {"enabled": True}}


class Site:
    """The busy house behind a real socket; its clock runs from ten past two on."""

    def __init__(self, house: House, url: str) -> None:
        self.house = house
        self.url = url


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with busy_house(tmp_path_factory.mktemp("house"), NOW + 7800, names=("localhost", "127.0.0.1")) as house:
        server = WebServer(house.app, house.hub, port=0)
        await server.start()
        clock = asyncio.create_task(_run_on(house))
        yield Site(house, server.url)
        clock.cancel()
        with suppress(asyncio.CancelledError):
            await clock
        await server.stop()


async def _run_on(house: House) -> None:
    while True:
        await asyncio.sleep(0.2)
        house.now += 0.2


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Browser, site: Site) -> AsyncIterator[Page]:
    context = await browser.new_context(viewport={"width": 1366, "height": 768})
    page = await context.new_page()
    await enter(page, site.url, Role.SUPERVISOR)
    yield page
    await context.close()


async def live(page: Page, url: str) -> None:
    await page.goto(url)
    await expect(page.locator("body")).to_have_attribute("data-state", "live")
    await expect(page.locator("#curve-plot canvas")).to_have_count(1)


@pytest.mark.parametrize(("lang", "theme"), [("nl", "light"), ("fr", "dark"), ("en", "dark")])
async def test_accessible_and_fitting(page: Page, site: Site, lang: str, theme: str) -> None:
    look = f"lang={lang}&theme={theme}"
    call = interesting(site.house)
    for path in ("/?", "/?lines=sportlijn&", "/calls?what=reachability&line=gentinfo&", "/calls?what=waiting&",
                 "/calls?what=joined&half=1700571600&line=bjb&line=sportlijn&", "/calls?what=refused&",
                 f"/calls/{call}?"):  # fmt: skip
        await page.goto(f"{site.url}{path}{look}")
        if path.startswith("/?"):
            await expect(page.locator("body")).to_have_attribute("data-state", "live")
            for summary in await page.locator("summary").all():
                await summary.click()
        found = await Axe().run(page, options={"resultTypes": ["violations"], "rules": RULES})
        assert found.violations_count == 0, (path, json.dumps(found.response["violations"], indent=1))
        await check_fits(page, path)


async def test_from_a_figure_to_its_calls_to_one_story_and_back_with_the_keyboard(page: Page, site: Site) -> None:
    await live(page, site.url)
    tile = page.locator("#tile-reachability")
    of = re.findall(r"\d+ / (\d+)", await tile.inner_text())[0]
    await tile.locator("a").focus()
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/calls?what=reachability")
    await expect(page.locator("#count")).to_have_text(f"{of} oproepen")
    await page.locator("#calls a").first.focus()
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/calls/*")
    await expect(page.locator("h2").first).to_have_text("Wat er gebeurde en waarom")
    await expect(page.locator(".facts")).to_contain_text("Dat je dit nummer ziet, staat in het logboek.")
    await page.go_back()
    await page.go_back()
    await expect(page.locator("body")).to_have_attribute("data-state", "live")


async def test_operators_and_their_seconds_run_on(page: Page, site: Site) -> None:
    await live(page, site.url)
    row = page.locator("#operator-jan")
    await expect(row).to_contain_text("lunch")
    shown = await row.locator(".ticks").inner_text()
    await expect(row.locator(".ticks")).not_to_have_text(shown, timeout=3000)
    await expect(page.locator("#operators-title .n")).to_have_text("12")


async def test_who_may_no_longer_see_persons_does_not_go_on_seeing_them(page: Page, site: Site) -> None:
    """The session ends: the page knows within the time between two looks, and shows the figures alone."""
    await live(page, site.url)
    await expect(page.locator("#operators")).to_be_visible()
    entry = AuditEntry(site.house.now, "ada", "", AuditAction.ACCOUNT_DISABLED, "sven")
    await site.house.store.set_disabled("sven", site.house.now, entry)
    try:
        await expect(page.locator("#operators")).to_have_count(0, timeout=20_000)
        await expect(page.locator("#line-gentinfo")).to_be_visible()
        await expect(page.locator("a.opens")).to_have_count(0)
    finally:
        entry = AuditEntry(site.house.now, "ada", "", AuditAction.ACCOUNT_ENABLED, "sven")
        await site.house.store.set_disabled("sven", None, entry)


async def test_nothing_is_wrong_in_the_console_and_nothing_leaves_the_house(page: Page, site: Site) -> None:
    complaints: list[str] = []
    requests: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type != "log" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    await live(page, site.url)
    await page.goto(f"{site.url}/calls?what=answered")
    await page.goto(f"{site.url}/calls/{interesting(site.house)}")
    assert complaints == []
    assert [url for url in requests if not url.startswith(site.url)] == []
