"""The pages for people in Debian's Chromium: with the keyboard, for everybody, and never stale without saying so."""

import json
import re
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]
from playwright.async_api import Browser, BrowserContext, Page, expect

from acd.model.account import AuditAction, AuditEntry, Scope
from acd.model.ids import CallbackId
from acd.web.server import WebServer
from tests.web.house import DIGEST, LINK, PASSWORD, House, opened
from tests.web.promises import busy_day, dossier

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

RULES = {"target-size": {"enabled": True}, "region": {"enabled": True}}


class Site:
    """The house behind a real socket, in real time."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.port = 0
        assert house.promises is not None
        self.promises = house.promises

    async def start(self) -> None:
        self.server = WebServer(self.house.app, self.house.hub, port=self.port)
        await self.server.start()
        self.url = self.server.url
        self.port = int(self.url.rpartition(":")[2])


@pytest_asyncio.fixture(loop_scope="module")
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with opened(tmp_path, busy_day(time.time()), names=("localhost", "127.0.0.1")) as house:
        house.now = time.time()
        site = Site(house)
        await site.start()
        yield site
        await site.server.stop()


async def enter(page: Page, site: Site, name: str, query: str = "") -> None:
    await page.goto(f"{site.url}/login{query}")
    # The browser sets the focus when it draws the page.
    await expect(page.locator("#name")).to_be_focused()
    await page.keyboard.type(name)
    await page.keyboard.press("Tab")
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url(re.compile("/(callbacks|desk)$"))
    await page.goto(f"{site.url}/callbacks")


async def check_accessible(page: Page, what: str) -> None:
    found = await Axe().run(page, options={"resultTypes": ["violations"], "rules": RULES})
    assert found.violations_count == 0, (what, json.dumps(found.response["violations"], indent=1))


async def check_fits(page: Page, what: str) -> None:
    for width, height in [(1366, 768), (1920, 1080), (3840, 2160), (768, 1024), (390, 844), (320, 640)]:
        await page.set_viewport_size({"width": width, "height": height})
        assert await page.evaluate("document.documentElement.scrollWidth") <= width, (what, width)
    await page.set_viewport_size({"width": 1366, "height": 768})


@pytest.mark.parametrize(("lang", "theme"), [("nl", "light"), ("en", "dark"), ("fr", "light"), ("nl", "dark")])
async def test_accessible_and_fitting(page: Page, site: Site, lang: str, theme: str) -> None:
    look = f"?lang={lang}&theme={theme}"
    await page.goto(f"{site.url}/login{look}")
    await check_accessible(page, "login")
    await page.locator("#name").fill("ada")
    await page.locator("#password").fill("wrong")
    await page.locator("button.main").click()
    await expect(page.locator(".banner.alarm")).to_be_visible()
    await check_accessible(page, "login refused")
    await enter(page, site, "ada", look)
    for path in ("callbacks", "callbacks?kind=closed", "callbacks?kind=broken&line=bjb", "callbacks/handed",
                 "callbacks/claimed", "audit", "audit?who=nobody", "accounts", "password", "nowhere"):  # fmt: skip
        await page.goto(f"{site.url}/{path}")
        await check_accessible(page, path)
        await check_fits(page, path)
    await page.goto(f"{site.url}/callbacks/handed")
    for act in ("call_now", "move", "hand_over", "cancel"):
        await page.locator(f"[data-opens=do-{act}]").click()
        await check_accessible(page, act)
        await page.keyboard.press("Escape")
    await page.goto(f"{site.url}/accounts")
    await page.locator("[data-opens=edit-1]").click()
    await check_accessible(page, "edit an account")
    await page.keyboard.press("Escape")
    await page.locator("#new-name").fill("marie")
    await page.locator("form .fields button.main").click()
    await expect(page.locator(".secret")).to_be_visible()
    await check_accessible(page, "one-time password")


@pytest.mark.parametrize(("lang", "theme"), [("nl", "light"), ("fr", "dark")])
async def test_pages_about_other_programs_are_accessible(page: Page, site: Site, lang: str, theme: str) -> None:
    await site.house.key("rapport-bi", Scope.FIGURES)
    await enter(page, site, "ada", f"?lang={lang}&theme={theme}")
    for path in ("keys", "webhooks", "docs"):
        await page.goto(f"{site.url}/{path}")
        await check_accessible(page, path)
        await check_fits(page, path)
    await page.goto(f"{site.url}/keys")
    await page.keyboard.press("Tab")
    await page.locator("#key-name").focus()
    for key in ("n", "i", "e", "u", "w", "Tab", "Tab", "Space", "Enter"):
        await page.keyboard.press(key)
    await expect(page.locator(".secret")).to_be_visible()
    await check_accessible(page, "a new key")


@pytest.mark.parametrize("situation", ["empty", "away", "stale"])
async def test_accessible_when_there_is_little_to_show(page: Page, site: Site, situation: str) -> None:
    await enter(page, site, "sven")
    if situation == "empty":
        site.promises.dossiers.clear()
        await page.reload()
    site.promises.away = situation != "empty"
    if situation == "away":
        await page.reload()
    if situation == "stale":
        await expect(page.locator("#stale")).to_be_visible(timeout=20_000)
    await check_accessible(page, situation)
    await check_fits(page, situation)


async def test_a_supervisor_works_with_the_keyboard_alone(page: Page, site: Site) -> None:
    await enter(page, site, "sven")
    await page.locator("#open-handed").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator(".big")).to_have_text("+32 9 210 10 12")
    stops = []
    for _ in range(20):
        await page.keyboard.press("Tab")
        stops.append(await page.evaluate("document.activeElement.textContent.trim()"))
    assert [one for one in stops if one in ("Nu bellen", "Gesproken", "Overdragen", "Annuleren")] == [
        "Nu bellen", "Gesproken", "Overdragen", "Annuleren",
    ]  # fmt: skip
    await page.locator("[data-opens=do-hand_over]").focus()
    await page.keyboard.press("Enter")
    assert await page.evaluate("document.activeElement.id") == "to"
    await page.keyboard.type("olga")
    await page.keyboard.press("Tab")
    # Without a reason nothing is sent.
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.locator("#do-hand_over")).to_be_visible()
    await page.keyboard.press("Escape")
    assert await page.evaluate("document.activeElement.dataset.opens") == "do-hand_over"
    await page.keyboard.press("Enter")
    await page.locator("#note-hand_over").fill("kent het dossier")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.locator(".banner.good")).to_have_text("De belofte is overgedragen.")
    [(callback, deed)] = site.promises.deeds
    assert (callback, deed.by, deed.to, deed.note) == ("handed", "sven", "olga", "kent het dossier")


async def test_a_change_comes_into_the_list_and_leaves_the_focus_where_it_is(page: Page, site: Site) -> None:
    await enter(page, site, "sven")
    await page.locator("#open-soon").focus()
    added = dossier("added", time.time(), line="nachtopvang", number="+32470999111", deadline=-3)
    site.promises.dossiers[CallbackId("added")] = added
    await expect(page.locator("#callback-added")).to_be_visible()
    await expect(page.locator("#broken")).to_contain_text("2 beloften gebroken")
    assert await page.evaluate("document.activeElement.id") == "open-soon"


async def test_when_the_server_dies_the_list_says_so_and_recovers(page: Page, site: Site) -> None:
    await enter(page, site, "sven")
    await site.server.stop()
    await expect(page.locator("#stale")).to_contain_text("ververst niet meer sinds", timeout=20_000)
    await expect(page.locator("#callback-broken")).to_be_visible()
    site.house.hub = type(site.house.hub)(site.house.look)
    await site.start()
    await expect(page.locator("#stale")).to_be_hidden()


async def test_who_is_signed_out_meanwhile_sees_the_form_not_an_old_list(page: Page, site: Site) -> None:
    await enter(page, site, "sven")
    entry = AuditEntry(site.house.now, "ada", "", AuditAction.ACCOUNT_DISABLED, "sven")
    await site.house.store.set_disabled("sven", site.house.now, entry)
    await page.wait_for_url("**/login?next=/callbacks")


async def test_a_one_time_password_leads_to_a_password_of_ones_own(page: Page, site: Site) -> None:
    entry = AuditEntry(site.house.now, "ada", "", AuditAction.ACCOUNT_PASSWORD, "olga")
    await site.house.store.set_password("olga", DIGEST, None, entry)
    await page.goto(f"{site.url}/login")
    await page.locator("#name").fill("olga")
    await page.locator("#password").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/password")
    await check_accessible(page, "must change")
    for field, text in (("current", PASSWORD), ("new", "zes zwanen op de Leie"), ("again", "zes zwanen op de Leie")):
        await page.locator(f"#{field}").fill(text)
    await page.keyboard.press("Enter")
    await expect(page.locator(".banner.good")).to_have_text("Je wachtwoord is gewijzigd.")


async def test_one_press_is_one_deed(page: Page, site: Site) -> None:
    await enter(page, site, "olga")
    await page.goto(f"{site.url}/callbacks/due")
    await page.locator("[data-opens=do-done]").click()
    await page.locator("#do-done button.main").dblclick()
    await expect(page.locator(".banner.good")).to_be_visible()
    assert len(site.promises.deeds) == 1


async def test_the_screen_in_the_hall(page: Page, site: Site) -> None:
    await page.goto(f"{site.url}/kiosk/{LINK}")
    await expect(page.locator("body")).to_have_attribute("data-state", "live")
    assert page.url == f"{site.url}/"


async def test_nothing_is_wrong_in_the_console_and_nothing_leaves_the_house(browser: Browser, site: Site) -> None:
    context: BrowserContext = await browser.new_context()
    page = await context.new_page()
    complaints: list[str] = []
    requests: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type != "log" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    await enter(page, site, "ada")
    for path in ("callbacks", "callbacks/due", "audit", "accounts", "password"):
        await page.goto(f"{site.url}/{path}")
    await page.goto(f"{site.url}/callbacks")
    async with page.expect_response(re.compile("/callbacks/rows")):
        pass
    await context.close()
    assert complaints == []
    assert [url for url in requests if not url.startswith(site.url)] == []
