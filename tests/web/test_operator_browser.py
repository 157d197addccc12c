"""The operator's desk in Debian's Chromium: with the keyboard, for everybody, and nothing typed is ever lost."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, Route, expect

from acd.model import facts as f
from acd.model.account import Account, Role
from acd.model.commands import Command, EndCallBack, HangUpTalk, PauseRecording
from acd.model.contact import Contact, ContactId, Draft
from acd.model.ids import CallId, Device, LineId, OperatorId
from acd.model.mendable import Mendable
from acd.model.operator import OperatorState
from acd.web.server import WebServer
from tests.web.earlier import history
from tests.web.exchange import CITY, MARIE
from tests.web.house import DIGEST, PASSWORD, House, added, opened
from tests.web.promises import busy_day
from tests.web.test_desk_browser import check_accessible, check_fits

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

AN, BO = OperatorId("an"), OperatorId("bo")


class Site:
    """The house behind a real socket, in real time."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.exchange = house.exchange
        self.port = 0
        self.ahead = 0.0
        """Seconds of which a test said that they had passed."""

    async def start(self) -> None:
        self.server = WebServer(self.house.app, self.house.hub, port=self.port)
        await self.server.start()
        self.url = self.server.url
        self.port = int(self.url.rpartition(":")[2])

    async def restart(self) -> None:
        """A new web part on the same address, with nothing in mind."""
        self.house.open()
        await self.start()

    async def live(self) -> None:
        while True:
            self.passes(0.0)
            await asyncio.sleep(0.05)

    def passes(self, seconds: float) -> None:
        """So much later; all that is due by then is done."""
        self.ahead += seconds
        self.house.now = time.time() + self.ahead
        self.exchange.tick()

    async def until_open(self, pages: int) -> None:
        """The server knows of so many open desks."""
        async with asyncio.timeout(30):
            while self.house.office.pages != pages:  # noqa: ASYNC110 - the office sets no event of ours
                await asyncio.sleep(0.05)

    async def kept(self, contact: str, operator: OperatorId = AN) -> Draft | None:
        found = await self.house.contacts.contact(ContactId(contact), operator)
        return None if found is None else found.draft

    async def until_kept(self, contact: str, note: str, operator: OperatorId = AN) -> Draft:
        async with asyncio.timeout(15):
            while True:
                draft = await self.kept(contact, operator)
                if draft is not None and draft.note == note:
                    return draft
                await asyncio.sleep(0.05)

    async def until_sent(self, kind: type[Command]) -> Command:
        """The first command of this kind to the switch."""
        async with asyncio.timeout(10):
            while True:
                for command in self.exchange.commands:
                    if isinstance(command, kind):
                        return command
                await asyncio.sleep(0.05)

    def state(self, operator: OperatorId) -> OperatorState:
        desk = self.exchange.desk(operator)
        assert desk is not None
        return desk.state


@pytest_asyncio.fixture(loop_scope="module")
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with opened(tmp_path, busy_day(time.time()), names=("localhost", "127.0.0.1")) as house:
        house.now = time.time()
        await house.store.add(Account("otto", Role.OPERATOR, house.now, BO), DIGEST, None, added("otto"))
        await history(house.contacts, MARIE, house.now)
        house.exchange.link()
        site = Site(house)
        await site.start()
        clock = asyncio.create_task(site.live())
        yield site
        clock.cancel()
        await site.server.stop()


async def enter(page: Page, site: Site, name: str = "olga", query: str = "") -> None:
    await page.goto(f"{site.url}/login{query}")
    await page.locator("#name").fill(name)
    await page.locator("#password").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/desk")


async def phase(page: Page, wanted: str) -> None:
    await expect(page.locator("#bar")).to_have_attribute("data-phase", wanted, timeout=15_000)


async def focused(page: Page) -> str:
    return str(await page.evaluate("document.activeElement.id"))


async def in_call(page: Page, site: Site, call: str = "17.1") -> None:
    """At work, and on the phone with the cursor in the note."""
    if site.state(AN) is OperatorState.LOGGED_OUT:
        site.exchange.on_duty("an")
        await phase(page, "available")
    site.exchange.rings_and_is_answered(call, waited=74.0)
    await phase(page, "talking")
    await expect(page.locator("#contact")).to_have_attribute("data-contact", f"{call}~an")
    await expect(page.locator("#note")).to_be_focused()


# --- For everybody ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lang", "theme"),
    [("nl", "light"), ("nl", "dark"), ("en", "light"), ("en", "dark"), ("fr", "light"), ("fr", "dark")],
)
async def test_accessible_and_fitting_in_each_state(page: Page, site: Site, lang: str, theme: str) -> None:
    await page.emulate_media(reduced_motion="reduce")
    await enter(page, site, query=f"?lang={lang}&theme={theme}")
    await check_accessible(page, "not at work")
    await page.keyboard.press("F2")
    await phase(page, "not_ready")
    await check_accessible(page, "just begun")
    await page.keyboard.press("F2")
    await phase(page, "available")
    await check_accessible(page, "ready")
    await check_fits(page, "ready")
    site.exchange.call("17.1", waited=74.0, language="fr" if lang == "nl" else "nl")
    offer = site.exchange.ring()
    await phase(page, "ringing")
    await expect(page.locator(".past li")).to_have_count(3)
    await check_accessible(page, "ringing")
    site.exchange.answer(offer)
    await expect(page.locator("#note")).to_be_focused()
    await page.keyboard.type("Vraagt of het rijbewijs klaarligt.")
    await page.locator(".chip").nth(1).click()
    await check_accessible(page, "in a call")
    await check_fits(page, "in a call")
    for key, dialog in (("Shift+F4", "#ask"), ("F4", "#reasons")):
        await page.keyboard.press(key)
        await expect(page.locator(dialog)).to_be_visible()
        await check_accessible(page, dialog)
        await page.keyboard.press("Escape")
    await page.locator("#do-ready").focus()
    await page.keyboard.press("?")
    await check_accessible(page, "keys")
    await page.keyboard.press("Escape")
    site.exchange.tell(f.LinkLost("test"))
    await expect(page.locator("#warnings .banner")).to_be_visible()
    await check_accessible(page, "without a switch")
    site.exchange.link()
    await phase(page, "wrap_up")
    await check_accessible(page, "wrap-up")
    await page.keyboard.press("F9")
    await phase(page, "available")
    site.exchange.tell(f.PhoneChanged(Device("1001"), f.PhoneState.UNREACHABLE))
    await phase(page, "unreachable")
    await check_accessible(page, "phone gone")


async def test_the_lists_of_requests_are_accessible_and_fit(page: Page, site: Site) -> None:
    await enter(page, site)
    await page.goto(f"{site.url}/requests")
    await check_accessible(page, "none")
    await page.goto(f"{site.url}/desk")
    await in_call(page, site)
    await page.keyboard.press("Shift+F4")
    await page.keyboard.type("Dienst Wegen")
    await page.keyboard.press("Tab")
    await page.keyboard.type("Wanneer wordt de put gevuld?")
    await page.locator("#question button.main").click()
    await expect(page.locator("#told")).to_have_text("Geregistreerd: Dienst Wegen belt terug.")
    await page.goto(f"{site.url}/requests")
    await check_accessible(page, "one")
    await check_fits(page, "one")
    await page.locator("a.button").click()
    await expect(page.locator(".big")).to_have_text("+32 470 12 34 56")
    await check_accessible(page, "request")
    await check_fits(page, "request")
    await page.locator("[data-opens=do-hand_over]").click()
    await check_accessible(page, "hand over")
    await page.keyboard.press("Escape")
    await page.locator("[data-opens=do-take]").click()
    await page.locator("#do-take button.main").click()
    await expect(page.locator(".banner.good")).to_be_visible()
    await expect(page.locator("dd b").first).to_have_text("in handen")


@pytest.mark.parametrize("height", [768, 640])
async def test_a_call_needs_no_scrolling(page: Page, site: Site, height: int) -> None:
    """768 is the whole screen; 640 what a browser leaves of it."""
    await page.set_viewport_size({"width": 1366, "height": height})
    await enter(page, site)
    await in_call(page, site)
    for seen in ("#bar", "#call .big", "#note", ".chips", "[name=settled]", "#name", "[data-opens=ask]"):
        box = await page.locator(seen).first.bounding_box()
        assert box is not None and box["y"] >= 0 and box["y"] + box["height"] <= height, seen
    assert await page.evaluate("document.documentElement.scrollHeight") <= height
    writing = await page.evaluate("(w => [w.scrollHeight, w.clientHeight])(document.getElementById('writing'))")
    assert writing[0] <= writing[1], "all that he fills in is in sight at once"


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_the_telephone_alone_is_accessible_and_hangs_up(page: Page, site: Site, theme: str) -> None:
    await enter(page, site, query=f"?theme={theme}")
    await in_call(page, site)
    await page.goto(f"{site.url}/desk/phone")
    await expect(page.locator("#phone")).to_have_attribute("data-state", "talking")
    await check_accessible(page, "talking")
    await page.keyboard.press("d")
    await expect(page.locator("#phone-to")).to_be_focused()
    await check_accessible(page, "transfer")
    await check_fits(page, "transfer")
    await page.keyboard.press("Escape")
    await page.keyboard.press("x")
    await site.until_sent(HangUpTalk)


async def test_a_phone_beside_the_page_is_shown_in_it_as_it_changes(page: Page, site: Site) -> None:
    await enter(page, site)
    await in_call(page, site)
    shown = page.locator("#phone")
    await expect(shown).to_have_attribute("data-state", "talking")
    site.exchange.tell(f.TalkHeld(CallId("17.1"), time.time()))
    await expect(shown).to_have_attribute("data-state", "held")
    site.exchange.tell(f.TalkResumed(CallId("17.1"), time.time()))
    await expect(shown).to_have_attribute("data-state", "talking")
    await page.keyboard.type("x is een letter")
    await page.keyboard.press("Shift+F8")
    await page.keyboard.type("Bo")
    await page.keyboard.press("Escape")
    assert await focused(page) == "note", "back to what he was at"
    await page.keyboard.press("F8")
    await site.until_sent(HangUpTalk)
    site.exchange.hang_up("17.1")
    await expect(shown).to_have_attribute("data-state", "idle")
    await site.until_kept("17.1~an", "x is een letter")


async def test_an_answer_that_comes_late_does_not_hide_a_call_that_began_meanwhile(page: Page, site: Site) -> None:
    looked, told = asyncio.Event(), asyncio.Event()

    async def late(route: Route) -> None:
        answer = await route.fetch()
        looked.set()
        await told.wait()
        await route.fulfill(response=answer)

    await page.route("**/api/phone", late, times=1)
    async with page.expect_response("**/api/phone") as answer:
        await enter(page, site)
        await looked.wait()
        await in_call(page, site)
        await expect(page.locator("#phone")).to_have_attribute("data-state", "talking")
        told.set()
    await (await answer.value).finished()
    await page.evaluate("new Promise(done => setTimeout(done, 200))")
    await expect(page.locator("#phone")).to_have_attribute("data-state", "talking", timeout=1)


async def test_he_hangs_up_on_whom_he_calls_back(page: Page, site: Site) -> None:
    await enter(page, site)
    site.exchange.on_duty("an")
    attempt = site.exchange.call_back("9.1")
    site.exchange.tell(f.AttemptTaken(attempt, time.time()))
    shown = page.locator("#phone")
    await expect(shown).to_have_attribute("data-state", "calling")
    await expect(page.locator('[data-part="transfer-button"]')).to_be_hidden()
    site.exchange.tell(f.CitizenDialled(attempt))
    site.exchange.tell(f.CitizenAnswered(attempt, time.time()))
    await expect(shown).to_have_attribute("data-state", "talking")
    await page.keyboard.press("F8")
    assert await site.until_sent(EndCallBack) == EndCallBack(attempt, by_operator=True)


async def test_a_key_pauses_the_recording_while_he_types(page: Page, site: Site) -> None:
    await enter(page, site)
    await in_call(page, site)
    tape, call = "17.1-17.2", CallId("17.1")
    await expect(page.locator("#do-tape")).to_have_count(0)
    site.exchange.tell(f.RecordingBegan(tape, call, None, LineId("gentinfo"), time.time()))
    await expect(page.locator(".tape")).to_have_attribute("data-tape", "runs")
    await page.keyboard.type("Kaart: ")
    await page.keyboard.press("Shift+F6")
    assert await site.until_sent(PauseRecording) == PauseRecording(tape, call, None, on=True)
    site.exchange.tell(f.RecordingUnchanged(tape, call, None))
    await expect(page.locator("#call [role=alert]")).to_contain_text("niet gepauzeerd")
    await check_accessible(page, "a recording")
    site.exchange.tell(f.RecordingPaused(tape, call, None, time.time()))
    await expect(page.locator(".tape")).to_have_attribute("data-tape", "paused")
    await check_accessible(page, "a recording")
    await check_fits(page, "a recording")
    assert await focused(page) == "note"
    site.exchange.commands.clear()
    await page.keyboard.press("Shift+F6")
    assert await site.until_sent(PauseRecording) == PauseRecording(tape, call, None, on=False)


# --- With a caller in the ear ----------------------------------------------------------------------------------------


async def test_a_whole_call_with_the_keyboard_alone(page: Page, site: Site) -> None:
    await enter(page, site)
    await page.keyboard.press("F2")
    await phase(page, "not_ready")
    await page.keyboard.press("F2")
    await phase(page, "available")
    site.exchange.call("17.1", waited=74.0)
    offer = site.exchange.ring()
    await phase(page, "ringing")
    await expect(page.locator("#call .big")).to_have_text("+32 470 12 34 56")
    await expect(page.locator("#call .citizen")).to_contain_text("Marie De Wilde")
    site.exchange.answer(offer)
    await expect(page.locator("#note")).to_be_focused()
    await page.keyboard.type("Rijbewijs? Ja: loket Zuid.")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Space")
    await page.keyboard.press("F4")
    await page.keyboard.press("Digit2")
    await expect(page.locator("#bar .hint")).to_have_text("Hierna: Lunch")
    site.exchange.hang_up("17.1")
    await phase(page, "wrap_up")
    await page.keyboard.press("Shift+F9")
    await expect(page.locator("#do-extend")).to_have_count(0)
    await page.keyboard.press("Shift+F2")
    assert await focused(page) == "note"
    await page.keyboard.type(" Sms opnieuw verstuurd.")
    await page.keyboard.press("F9")
    await phase(page, "not_ready")
    draft = await site.until_kept("17.1~an", "Rijbewijs? Ja: loket Zuid. Sms opnieuw verstuurd.")
    assert draft.subjects == ("rijbewijs",)
    assert "?" in draft.note, "a question mark in the note is a question mark"


async def test_what_is_pushed_moves_neither_cursor_nor_text(page: Page, site: Site) -> None:
    await enter(page, site)
    await in_call(page, site)
    await page.keyboard.type("De burger vraagt naar zijn dossier")
    for _ in range(12):
        await page.keyboard.press("ArrowLeft")
    for n in range(8):
        say = f.OperatorNotReady(AN, "sven", "lunch") if n % 2 else f.OperatorReady(AN, "sven")
        site.exchange.tell(say)
        await page.keyboard.type(str(n))
        await asyncio.sleep(0.12)
    await expect(page.locator("#bar .hint")).to_have_text("Hierna: Lunch")
    assert await focused(page) == "note"
    await expect(page.locator("#note")).to_have_value(
        "De burger vraagt naar 01234567zijn dossier"[:22] + "01234567zijn dossier"
    )
    assert await page.evaluate("document.activeElement.selectionStart") == 30


async def test_the_next_call_takes_the_cursor_and_leaves_the_text(page: Page, site: Site) -> None:
    """He still types about the first when the second is answered."""
    await enter(page, site)
    await in_call(page, site, "17.1")
    site.exchange.hang_up("17.1")
    site.exchange.tell(f.WrapUpFinished(AN, "an"))
    await page.keyboard.type("over de eerste")
    site.exchange.call("17.2", number="+3292101010")
    offer = site.exchange.ring()
    await phase(page, "ringing")
    await page.keyboard.type(", terwijl het rinkelt")
    assert await focused(page) == "note"
    site.exchange.answer(offer)
    await expect(page.locator("#contact")).to_have_attribute("data-contact", "17.2~an")
    await expect(page.locator("#note")).to_have_value("")
    await expect(page.locator("#note")).to_be_focused()
    await page.keyboard.type("over de tweede")
    await site.until_kept("17.1~an", "over de eerste, terwijl het rinkelt")
    await site.until_kept("17.2~an", "over de tweede")


async def test_two_operators_at_once_each_with_his_own_call(browser: Browser, page: Page, site: Site) -> None:
    context = await browser.new_context(viewport={"width": 1366, "height": 768})
    other = await context.new_page()
    await enter(page, site)
    await enter(other, site, "otto")
    site.exchange.on_duty("an")
    site.exchange.rings_and_is_answered("17.1")
    site.exchange.on_duty("bo")
    site.exchange.rings_and_is_answered("17.2", number="+3292101010")
    await expect(page.locator("#note")).to_be_focused()
    await expect(other.locator("#note")).to_be_focused()
    await asyncio.gather(page.keyboard.type("van An", delay=20), other.keyboard.type("van Bo", delay=20))
    await expect(page.locator("#call .big")).to_have_text("+32 470 12 34 56")
    await expect(other.locator("#call .big")).to_have_text("+32 9 210 10 10")
    await site.until_kept("17.1~an", "van An")
    await site.until_kept("17.2~bo", "van Bo", BO)
    site.exchange.hang_up("17.1")
    await phase(page, "wrap_up")
    await phase(other, "talking")
    await context.close()


# --- Whatever breaks -------------------------------------------------------------------------------------------------


async def test_the_server_dies_and_comes_back_in_the_middle_of_a_call(page: Page, site: Site) -> None:
    await enter(page, site)
    await in_call(page, site)
    await page.keyboard.type("voor de storing")
    await site.until_kept("17.1~an", "voor de storing")
    await site.server.stop()
    await page.keyboard.type(", tijdens de storing")
    await expect(page.locator("#kept")).to_contain_text("op dit toestel", timeout=10_000)
    await expect(page.locator("#lost")).to_be_visible(timeout=20_000)
    await check_accessible(page, "without a server")
    await site.restart()
    await expect(page.locator("#lost")).to_be_hidden(timeout=20_000)
    await page.keyboard.type(", na de storing")
    await site.until_kept("17.1~an", "voor de storing, tijdens de storing, na de storing")
    assert await focused(page) == "note"
    assert site.state(AN) is OperatorState.IN_CALL


async def test_what_never_reached_the_records_is_there_after_a_reload(
    page: Page, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    await enter(page, site)
    await in_call(page, site)

    async def away(*_: object) -> Contact:
        raise Mendable("the database is away")

    with monkeypatch.context() as broken:
        broken.setattr(site.house.contacts, "save", away)
        await page.keyboard.type("nog niet bewaard")
        await page.locator(".chip").nth(0).click()
        await expect(page.locator("#kept")).to_contain_text("op dit toestel")
        await page.reload()
        await expect(page.locator("#note")).to_have_value("nog niet bewaard")
        assert await site.kept("17.1~an") == Draft()
    draft = await site.until_kept("17.1~an", "nog niet bewaard")
    assert draft.subjects == ("rijbewijs",)
    await expect(page.locator("#kept")).to_contain_text("Bewaard om")
    assert await page.evaluate("Object.keys(localStorage).filter(key => key.startsWith('acd.note')).length") == 0


async def test_of_two_pages_both_texts_are_kept(browser: Browser, page: Page, site: Site) -> None:
    await enter(page, site)
    await in_call(page, site)
    other = await page.context.new_page()
    await other.goto(f"{site.url}/desk")
    await page.locator("#note").fill("in het ene venster")
    await site.until_kept("17.1~an", "in het ene venster")
    await other.locator("#note").fill("in het andere")
    await other.locator("#name").fill("Marie")
    draft = await site.until_kept("17.1~an", "in het andere\n\nin het ene venster")
    assert draft.name == "Marie"
    await expect(other.locator("#kept")).to_contain_text("Bewaard om")


async def test_a_question_half_typed_survives_a_reload_and_is_asked_once(page: Page, site: Site) -> None:
    await enter(page, site)
    await in_call(page, site)
    await page.keyboard.press("Shift+F4")
    await page.keyboard.type("Dienst Wegen")
    await page.locator("#ask-question").fill("Wanneer wordt de put gevuld?")
    await page.reload()
    await page.keyboard.press("Shift+F4")
    await expect(page.locator("#ask-to")).to_have_value("Dienst Wegen")
    await expect(page.locator("#ask-question")).to_have_value("Wanneer wordt de put gevuld?")
    await page.locator("#question button.main").dblclick()
    await expect(page.locator("#told")).to_be_visible()
    counts = await site.house.contacts.request_counts("olga", time.time())
    assert counts["open"] == 1  # type: ignore[index]


async def test_a_closed_page_makes_him_not_ready_and_says_so_when_he_is_back(page: Page, site: Site) -> None:
    grace = CITY.policy.desk.grace
    await enter(page, site)
    site.exchange.on_duty("an")
    await phase(page, "available")
    async with page.expect_response(re.compile("/desk/events")):
        await page.reload()
    await site.until_open(1)
    site.passes(grace + 1)
    assert site.state(AN) is OperatorState.AVAILABLE, "a reload is no absence"
    await page.goto("about:blank")
    await site.until_open(0)
    assert site.state(AN) is OperatorState.AVAILABLE, "he may be back in a moment"
    site.passes(grace + 1)
    assert site.state(AN) is OperatorState.NOT_READY
    await page.goto(f"{site.url}/desk")
    await expect(page.locator("#warnings")).to_contain_text("Je pagina was te lang weg")
    await check_accessible(page, "page was lost")
    await page.keyboard.press("F2")
    await phase(page, "available")


async def test_nothing_is_wrong_in_the_console_and_nothing_leaves_the_house(page: Page, site: Site) -> None:
    complaints: list[str] = []
    requests: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type != "log" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    await enter(page, site)
    await in_call(page, site)
    await page.keyboard.type("x")
    await site.until_kept("17.1~an", "x")
    site.exchange.hang_up("17.1")
    await phase(page, "wrap_up")
    await page.goto(f"{site.url}/requests")
    async with page.expect_response(re.compile("/requests/rows")):
        pass
    assert complaints == []
    assert [url for url in requests if not url.startswith(site.url)] == []
