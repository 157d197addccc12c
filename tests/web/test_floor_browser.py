"""The floor in Debian's Chromium: with the keyboard, for everybody, and each deed with its result in words."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from acd.model import facts as f
from acd.model.ids import OperatorId
from acd.web.server import WebServer
from tests.web.conftest import within
from tests.web.floors import Floors, busy_floor
from tests.web.house import PASSWORD, House, opened
from tests.web.test_desk_browser import check_accessible, check_fits

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


class Site:
    """The floor behind a real socket, in real time."""

    def __init__(self, house: House, floor: Floors) -> None:
        self.house = house
        self.floor = floor

    async def start(self) -> None:
        self.server = WebServer(self.house.app, self.house.hub, port=0)
        await self.server.start()
        self.url = self.server.url


@pytest_asyncio.fixture(loop_scope="module")
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    floor = busy_floor(time.time())
    async with opened(tmp_path, names=("localhost", "127.0.0.1"), floor=floor) as house:
        house.now = time.time()
        site = Site(house, floor)
        await site.start()
        yield site
        await site.server.stop()


async def enter(page: Page, site: Site, query: str = "") -> None:
    await page.goto(f"{site.url}/login{query}")
    await page.locator("#name").fill("sven")
    await page.locator("#password").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/callbacks")
    await page.goto(f"{site.url}/floor")
    await expect(page.locator("body")).to_have_attribute("data-state", "live")


@pytest.mark.parametrize(("lang", "theme"), [("nl", "light"), ("en", "dark"), ("fr", "light")])
async def test_accessible_and_fitting(page: Page, site: Site, lang: str, theme: str) -> None:
    await enter(page, site, f"?lang={lang}&theme={theme}")
    await check_accessible(page, "floor")
    await check_fits(page, "floor")
    for button in ("[data-do=move]", "#state-an_peeters", "#lines-karel_smet", "#line-lez button", "#crisis-button",
                   "#listen-an_peeters"):  # fmt: skip
        await page.locator(button).first.click()
        await check_accessible(page, button)
        await page.keyboard.press("Escape")


async def test_an_operator_is_set_with_the_keyboard_alone_and_the_result_is_said(page: Page, site: Site) -> None:
    await enter(page, site)
    await page.locator("#state-geert_willems").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("#do-state")).to_be_visible()
    await expect(page.locator("#do-state .about")).to_have_text("Geert Willems")
    await page.locator("#do-state input[value=ready]").focus()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Tab")
    await page.keyboard.type("ov")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.locator("#said .banner")).to_have_text("Geert Willems is nu niet klaar: Overleg.")
    await expect(page.locator("#state-geert_willems")).to_be_focused()
    await expect(page.locator("#operator-geert_willems")).to_contain_text("Niet klaar: Overleg")
    await expect(page.locator("#operator-geert_willems")).to_contain_text("door sven")


async def test_what_cannot_be_done_is_said_in_the_dialog_which_stays(page: Page, site: Site) -> None:
    await enter(page, site)
    await page.locator("[id='move-1700564310.0']").click()
    await expect(page.locator("#do-move input[value=gentinfo]")).to_be_disabled()
    site.floor.hang_up("1700564310.0")
    await page.locator("#do-move input[value=lez]").check()
    await page.locator("#do-move button.main").click()
    await expect(page.locator("#do-move .fault")).to_contain_text("Deze beller is er niet meer.")
    await expect(page.locator("#do-move")).to_be_visible()


async def test_it_is_live_and_a_dialog_stays_open_while_the_floor_moves_on(page: Page, site: Site) -> None:
    await enter(page, site)
    await page.locator("#lines-karel_smet").click()
    await page.locator("#do-lines input[value=lez]").check()
    site.floor.fact(f.OperatorNotReady(OperatorId("geert_willems"), "geert_willems", "opleiding"))
    site.house.hub.changed()
    row = page.locator("#operator-geert_willems")
    await within(3.0, expect(row).to_contain_text, "Opleiding")
    await expect(page.locator("#do-lines input[value=lez]")).to_be_checked()
    await page.locator("#do-lines button.main").click()
    await expect(page.locator("#said .banner")).to_contain_text("Karel Smet neemt tot middernacht oproepen van:")
    await page.locator("#lines-karel_smet").click()
    await page.get_by_role("button", name="Gewone lijnen terugzetten").click()
    await expect(page.locator("#said .banner")).to_have_text("Karel Smet heeft weer de gewone lijnen.")


async def test_a_line_a_crisis_and_an_ear(page: Page, site: Site) -> None:
    await enter(page, site)
    await page.locator("#line-toerisme button").click()
    await expect(page.locator("#do-line input[value=false]")).to_be_checked()
    await page.locator("#do-line input[value=null]").check()
    await page.locator("#do-line button.main").click()
    await expect(page.locator("#said .banner")).to_contain_text("Toerismelijn volgt weer de openingsuren")
    await page.locator("#crisis-button").click()
    await page.locator("#do-crisis input[value=crisis-flood]").check()
    await page.locator("#do-crisis button.main").click()
    await expect(page.locator("#crisis")).to_contain_text("crisis-flood")
    await page.locator("#listen-an_peeters").click()
    await page.locator("#do-listen select").select_option("1012")
    await page.locator("#do-listen button.main").click()
    await expect(page.locator("#said .banner")).to_have_text("Toestel 1012 gaat over. Neem op om An Peeters te horen.")
    await expect(page.locator("#operator-an_peeters")).to_contain_text("toestel van sven gaat over")


async def test_a_server_that_is_gone_is_said_and_nothing_is_taken_for_done(page: Page, site: Site) -> None:
    await enter(page, site)
    await page.locator("#state-geert_willems").click()
    await site.server.stop()
    await page.locator("#do-state input[value=ready]").check()
    await page.locator("#do-state button.main").click()
    await expect(page.locator("#do-state .fault")).to_contain_text("de server antwoordt niet")
    await page.keyboard.press("Escape")
    await expect(page.locator("body")).to_have_attribute("data-state", "stale", timeout=20_000)
    await site.start()
