"""Pictures of the pages for the README: ``scripts/screenshots``, or ``python -m tests.web.screenshots FOLDER NAME...``

Each picture is a :class:`Shot`; whoever has a page adds one to :data:`SHOTS`. They are taken in Debian's Chromium of a
house with an invented city in it, on a Tuesday at 14:10.
"""

import asyncio
import re
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
from playwright.async_api import Browser, Page, async_playwright

from acd.model.account import Role
from acd.model.contact import Draft
from acd.model.ids import OperatorId
from acd.web.server import WebServer
from tests.web.earlier import history
from tests.web.exchange import MARIE
from tests.web.house import LINK, PASSWORD, WHO, House, busy_house
from tests.web.weeks import write_weeks

CHROMIUM = "/usr/bin/chromium"
FOLDER = Path(__file__).parents[2] / "docs" / "images"
NOW = datetime(2026, 11, 24, 14, 10, tzinfo=ZoneInfo("Europe/Brussels")).timestamp()
REPORT = "/reports?from=2026-11-02&to=2026-11-20&base_from=2026-10-12&base_to=2026-10-30"
WALL, TV, DESK, A4 = (1920, 1080), (3840, 2160), (1366, 768), (794, 1123)
LARGEST = 300_000
"""Bytes of one picture."""


class Shot(msgspec.Struct, frozen=True):
    name: str
    path: str
    role: Role = Role.SUPERVISOR
    theme: str = "light"
    size: tuple[int, int] = DESK
    shown: str = "main"
    """Selector of what must be there before the picture is taken."""
    paper: bool = False
    """As it is printed."""


SHOTS = [
    Shot("wallboard-wall", "/", Role.WALLBOARD, "dark", WALL, "body[data-state=live] #curve-plot canvas"),
    Shot("wallboard-desk", "/", shown="body[data-state=live] #curve-plot canvas"),
    Shot("calls", "/calls?what=reachability&line=sportlijn", shown="#calls"),
    Shot("call", "/calls/{call}", shown=".history"),
    Shot("reports", REPORT, size=(1366, 1180), shown="#per-day"),
    Shot("reports-citizens", REPORT.replace("?", "/citizens?"), size=(1366, 1180), shown="#survey"),
    Shot("reports-print", REPORT, size=A4, shown="#per-day", paper=True),
    Shot("desk-call", "/desk", Role.OPERATOR, shown="#phone[data-state=talking] [data-part=talking]"),
]


async def take(browser: Browser, url: str, house: House, shot: Shot, folder: Path) -> Path:
    context = await browser.new_context(viewport={"width": shot.size[0], "height": shot.size[1]}, locale="nl-BE")
    page = await context.new_page()
    await enter(page, url, shot.role)
    address = shot.path.format(call=interesting(house))
    await page.goto(f"{url}{address}{'&' if '?' in address else '?'}theme={shot.theme}")
    await page.locator(shot.shown).first.wait_for()
    if shot.paper:
        await page.emulate_media(media="print")
    await page.evaluate("document.fonts.ready")
    file = folder / f"{shot.name}.png"
    await page.screenshot(path=file)
    await context.close()
    assert file.stat().st_size < LARGEST, file
    return file


async def enter(page: Page, url: str, role: Role) -> None:
    if role is Role.WALLBOARD:
        await page.goto(f"{url}/kiosk/{LINK}")
        return
    await page.goto(f"{url}/login")
    await page.locator("#name").fill(WHO[role])
    await page.locator("#password").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url(re.compile("/(callbacks|desk)$"))


async def talks(house: House) -> None:
    """Olga is on the phone with somebody who has called before, and writes."""
    exchange = house.exchange
    await history(house.contacts, MARIE, house.now)
    exchange.link()
    exchange.on_duty("an")
    house.now -= 96
    exchange.rings_and_is_answered("17.1", waited=74.0)
    house.now += 96
    draft = Draft("Marie De Wilde", "Rijbewijs ligt klaar aan loket Zuid; ze kreeg geen sms.", ("rijbewijs",))
    contact = house.office.in_hand(OperatorId("an"))
    assert contact is not None
    await house.office.save(contact.contact, contact.operator, draft, 0, None)


def interesting(house: House) -> str:
    """A call with an offer that was not answered, and one that was."""
    missed = [event.call for event in house.events if type(event).__name__ == "OfferEnded"]  # type: ignore[attr-defined]
    return str(missed[-1])


async def main(folder: Path, names: list[str]) -> None:
    with tempfile.TemporaryDirectory() as records:
        async with busy_house(Path(records), NOW, names=("localhost", "127.0.0.1")) as house:
            await write_weeks(Path(records), NOW, 45)
            await talks(house)
            server = WebServer(house.app, house.hub, port=0)
            await server.start()
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(
                    executable_path=CHROMIUM, args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
                )
                for shot in SHOTS:
                    if not names or shot.name in names:
                        print(await take(browser, server.url, house, shot, folder))  # noqa: T201
                await browser.close()
            await server.stop()


if __name__ == "__main__":
    to = Path(sys.argv[1]) if sys.argv[1:] else FOLDER
    to.mkdir(parents=True, exist_ok=True)
    asyncio.run(main(to, sys.argv[2:]))
