"""A day's worth in one call: two desks with a telephone in them, a supervisor and a wallboard, on the real Asterisk.

Each step must be on every page that shows it within a second of the moment at which the engine had it.
"""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import pytest
from playwright.async_api import Browser, Page, expect

from acd.config import City, load
from acd.model.events import OperatorChanged
from acd.model.ids import OperatorId
from acd.model.operator import OperatorState
from acd.records import Archive, ContactStore
from sim.lab import Lab
from sim.lab.service import LabService
from sim.lab.stalls import Stalls
from tests.e2e.conftest import all_ended, until
from tests.e2e.desk_page import PASSWORD, accounts, chromium
from tests.e2e.test_browser_phone import GENTINFO, HEARD, QUEUES, Listener
from tests.web.test_desk_browser import check_accessible

pytestmark = [pytest.mark.alone, pytest.mark.asterisk, pytest.mark.browser, pytest.mark.timeout(240)]

SHOWN: Final = 1.0
"""Seconds from a deed to all other pages."""
SET_UP: Final = 30.0
"""Seconds that anything else may take on a busy machine."""
STEPS: Final = (OperatorState.RINGING, OperatorState.IN_CALL, OperatorState.WRAP_UP)
MARIE: Final = "+32470123456"
_NOTE_CHANGES: Final = """
window.seen = [];
const last = {};
const note = (who, what) => { if (last[who] !== what) window.seen.push([who, last[who] = what, Date.now() / 1000]); };
const look = () => {
  for (const row of document.querySelectorAll("[id^=operator-][data-doing]")) note(row.id.slice(9), row.dataset.doing);
};
document.addEventListener("DOMContentLoaded", () => {
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true });
  look();
});
window.frozen = [];
let turn = Date.now();
setInterval(() => {
  const now = Date.now();
  if (now - turn > 100) window.frozen.push([turn / 1000, now / 1000]);
  turn = now;
}, 50);
"""
"""Each change of an operator's state, and when this page had it; and from when to when the page had no turn."""
Noted = tuple[Sequence[tuple[str, str, float]], Sequence[tuple[float, float]]]
"""What a page noted: operator, state, moment; and when it stood still."""


@pytest.fixture(scope="module")
def queues(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Operators who are looked at for long while it rings, and while they write: nothing of that ends by itself."""
    text = QUEUES.read_text()
    for short, long in (("ring_time: 10s", "ring_time: 60s"), ("wrap_up: 5s", "wrap_up: 60s")):
        assert short in text
        text = text.replace(short, long)
    file = tmp_path_factory.mktemp("patient") / "city.yaml"
    file.write_text(text)
    return file


@pytest.fixture(scope="module")
def small_city(queues: Path) -> City:
    return load(queues)


@pytest.fixture(scope="module")
def lab(small_city: City) -> Iterator[Lab]:
    with Lab(small_city.policy, qualify=2) as lab:
        yield lab


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


@pytest.fixture
async def service(lab: Lab, queues: Path, tmp_path: Path) -> AsyncIterator[LabService]:
    # It comes back at the same address.
    port = {"ACD_WEB_PORT": str(lab.slot.next_port())}
    async with LabService(lab, queues, tmp_path / "state", port) as service:
        await accounts(service, "anna", "dina", supervisor="sven")
        yield service
    await until(lambda: lab.channels() == [], 15, "no channel is left")


async def opened(browser: Browser, url: str, name: str, path: str) -> Page:
    """A page of its own browser, as it is before the first call."""
    context = await browser.new_context(viewport={"width": 1366, "height": 768})
    page = await context.new_page()
    await page.add_init_script(_NOTE_CHANGES)
    await page.goto(f"{url}/login?next={path}")
    await page.fill("#name", name)
    await page.fill("#password", PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**{path}")
    return page


HURRY = 1000
"""Milliseconds (phone.js)."""


class Desk:
    """One operator's desk, with his telephone in it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.faults: list[str] = []
        page.on("pageerror", lambda error: self.faults.append(str(error)))

    async def phase(self, phase: str) -> None:
        await expect(self.page.locator("#bar")).to_have_attribute("data-phase", phase, timeout=SET_UP * 1000)

    async def phone(self, state: str) -> None:
        await expect(self.page.locator("#phone")).to_have_attribute("data-state", state, timeout=SET_UP * 1000)

    async def begins(self) -> None:
        """At work and ready, with the keyboard; the phone is registered."""
        await expect(self.page.locator("#phone [data-part=status]")).to_have_text("Klaar", timeout=SET_UP * 1000)
        await self.page.keyboard.press("F2")
        await self.phase("not_ready")
        await self.page.keyboard.press("F2")
        await self.phase("available")

    async def answers(self) -> None:
        await self.phase("ringing")
        await self.phone("ringing")
        await self.page.keyboard.press("F8")
        await self.phone("talking")
        await self.phase("talking")
        await expect(self.page.locator("#note")).to_be_focused()

    async def fits(self, what: str) -> None:
        """All of it is in sight on a screen of 1366x768, and accessible."""
        height = await self.page.evaluate("document.documentElement.scrollHeight")
        assert height <= 768, (what, height)
        hidden = await self.page.evaluate(_OUT_OF_SIGHT)
        assert hidden == [], what
        for scheme in ("light", "dark"):
            await self.page.emulate_media(color_scheme=scheme)
            await check_accessible(self.page, f"{what}, {scheme}")
        await self.page.emulate_media(color_scheme="light")


_OUT_OF_SIGHT: Final = """() => [
    ...document.querySelectorAll("#phone button, #phone input, #call .big, #note, #contact button"),
  ]
  .filter((one) => one.offsetParent !== null)
  .filter((one) => {
    const box = one.getBoundingClientRect();
    return box.top < 0 || box.bottom > innerHeight || box.left < 0 || box.right > innerWidth;
  })
  .map((one) => one.id || one.dataset.part || one.dataset.do || one.textContent)"""


async def test_a_whole_call_at_two_desks_under_the_eyes_of_a_supervisor(
    lab: Lab, service: LabService, browser: Browser, tmp_path: Path
) -> None:
    url = str((await service.ask("status"))["web"])
    async with AsyncExitStack() as stack:
        anna, dina = [Desk(await opened(browser, url, name, "/desk")) for name in ("anna", "dina")]
        floor, board = [await opened(browser, url, "sven", path) for path in ("/floor", "/")]
        stalls = stack.enter_context(Stalls())
        await expect(floor.locator("#live span")).to_have_text("Live", timeout=SET_UP * 1000)
        await expect(board.locator("body")).to_have_attribute("data-state", "live", timeout=SET_UP * 1000)
        him = await stack.enter_async_context(Listener(lab, MARIE))
        await anna.begins()
        call = him.call(GENTINFO)
        await anna.phase("ringing")
        await expect(anna.page.locator("#call .big")).to_have_text("+32 470 12 34 56")
        await anna.fits("ringing")
        await anna.page.screenshot(path=tmp_path / "ringing.png")
        await anna.answers()
        await anna.page.keyboard.type("Vraagt wanneer het zwembad opent? hmkdx")
        await anna.phone("talking")
        await anna.fits("talking")
        await anna.page.screenshot(path=tmp_path / "talking.png")

        await anna.page.keyboard.press("F6")
        await anna.phone("held")
        await anna.page.keyboard.press("F6")
        await anna.phone("talking")

        # The service dies, while they talk and while she writes.
        heard = len(him.sound.packets)
        service.kill()
        await anna.page.keyboard.type(" En dit zonder server.")
        await expect(anna.page.locator("#lost")).to_be_visible(timeout=SET_UP * 1000)
        await him.hears(4 * HEARD)
        await service.start()
        await expect(anna.page.locator("#lost")).to_be_hidden(timeout=SET_UP * 1000)
        await expect(anna.page.locator("#phone [data-part=status]")).to_have_text("Klaar", timeout=SET_UP * 1000)
        await him.hears(2 * HEARD)
        assert not call.ended.is_set()
        assert him.silence(heard, stalls) < 0.5, "the caller heard her all the time"
        text = "Vraagt wanneer het zwembad opent? hmkdx En dit zonder server."
        await expect(anna.page.locator("#note")).to_have_value(text)
        await expect(anna.page.locator("#note")).to_be_focused()
        await anna.phase("talking")

        await dina.begins()
        await anna.page.keyboard.press("Shift+F8")
        await expect(anna.page.locator("#phone-to")).to_be_focused()
        await anna.page.keyboard.type("Sport")
        await anna.page.keyboard.press("ArrowDown")
        await anna.page.keyboard.press("Tab")
        await anna.page.keyboard.type("Wil de uren van Rozebroeken")
        await anna.fits("transfer")
        await anna.page.screenshot(path=tmp_path / "transfer.png")
        await anna.page.keyboard.press("Tab")
        await anna.page.keyboard.press("Enter")
        await anna.phase("wrap_up")
        await dina.phase("ringing")
        await expect(dina.page.locator("#call .passed")).to_contain_text("Wil de uren van Rozebroeken")
        await expect(dina.page.locator("#call .passed cite")).to_have_text("Anna Peeters geeft mee:")
        await anna.fits("wrap-up")
        await anna.page.locator(".chip", has_text="Zwembad").click()
        await anna.page.locator(".chip", has_text="Ja").click()
        await expect(anna.page.locator("#kept")).to_contain_text("Bewaard om", timeout=SET_UP * 1000)
        await dina.answers()
        await dina.page.screenshot(path=tmp_path / "passed.png")
        await dina.page.keyboard.type("Uren gegeven.")
        await anna.page.keyboard.press("F9")
        await anna.phase("available")
        await shown(OperatorState.IN_CALL, floor, board)
        # The key that answers does not hang up at once: a hurried second press changes nothing.
        await dina.page.wait_for_timeout(HURRY)
        await dina.page.keyboard.press("F8")
        await dina.phase("wrap_up")
        await shown(OperatorState.WRAP_UP, floor, board)
        await until(call.ended.is_set, SET_UP, "the citizen's call is over")
        await dina.page.keyboard.press("F9")
        await dina.phase("available")
        await all_ended(service, 1)
        pages: dict[str, Noted] = {
            "floor": await floor.evaluate("[window.seen, window.frozen]"),
            "wallboard": await board.evaluate("[window.seen, window.frozen]"),
        }
        assert anna.faults + dina.faults == []
        store = ContactStore(service.database)
        try:
            [hers] = await store.latest(OperatorId("anna"), 0.0, 5)
            [next_one] = await store.latest(OperatorId("dina"), 0.0, 5)
        finally:
            await store.close()
    assert hers.draft.note == text
    assert (hers.draft.subjects, hers.draft.settled) == (("zwembad",), True)
    assert next_one.draft.note == "Uren gegeven."
    delays = [delay async for delay in shown_after(service, pages, stalls)]
    assert len(delays) >= 12
    late = [delay for delay in delays if delay[-1] > SHOWN]
    assert late == [], "every page shows every step within a second"


async def shown(state: OperatorState, *pages: Page) -> None:
    """Dina's step lasts until each page has it: pages take what changes in between together."""
    for page in pages:
        await expect(page.locator("#operator-dina")).to_have_attribute("data-doing", state, timeout=SET_UP * 1000)


async def shown_after(
    service: LabService, pages: Mapping[str, Noted], stalls: Stalls
) -> AsyncIterator[tuple[str, str, str, float]]:
    """Page, operator, state, and the seconds from the moment of each step until the page showed it, without those in
    which the machine or the page had no turn."""
    archive = Archive(service.database)
    try:
        steps = [event async for event in archive.events_since(0.0) if isinstance(event, OperatorChanged)]
    finally:
        await archive.close()
    for page, (seen, frozen) in pages.items():
        for step in steps:
            if step.state in STEPS and step.by == "engine":
                at = since_when(seen, step)
                still = stalls.between(step.at, at)
                for since, till in frozen:
                    begin, end = max(since, step.at), min(till, at)
                    still += max(0.0, end - begin - stalls.between(begin, end))
                yield page, step.operator, step.state, at - step.at - still


def since_when(seen: Sequence[tuple[str, str, float]], step: OperatorChanged) -> float:
    """From when on the page showed it. An engine that has just started tells again what the page shows already."""
    his = [(what, at) for who, what, at in seen if who == step.operator]
    before = [what for what, at in his if at < step.at]
    if before[-1:] == [step.state]:
        return step.at
    return min((at for what, at in his if what == step.state and at >= step.at), default=float("inf"))
