"""The wallboard in Debian's Chromium."""

import asyncio
import json
import os
import re
import signal
import sys
import time
from collections.abc import AsyncIterator, Sequence
from itertools import pairwise

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]
from playwright.async_api import Browser, BrowserContext, Page, Route, expect

from acd.engine.board import BoardLine
from acd.engine.half_hours import HalfHours, half_hour
from acd.engine.tally import Tally
from acd.model.events import CallEnteredLine
from acd.model.history import HALF_HOUR, Outlook
from acd.model.ids import CallId, LineId
from acd.model.promise import CallbackCounts
from acd.web.app import create_app
from acd.web.curve import Curve, curve
from acd.web.hub import BEAT, Hub
from acd.web.server import WebServer
from acd.web.snapshot import Snapshot, snapshot
from tests.web.city import NAMES, board, caller, line, tally
from tests.web.conftest import within

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

COUNTS = {
    "gentinfo": (447, 381, 9, 3),
    "sportlijn": (72, 66, 0, 0),
    "bjb": (9, 7, 1, 0),
    "toerisme": (50, 10, 30, 0),
    "toeleiders": (3, 3, 0, 0),
}


OWED = {LineId("gentinfo"): CallbackCounts(14, 3, 2), LineId("bjb"): CallbackCounts(11, 2, 0, 10, 1)}


class City:
    """A city of which the test says what happens."""

    def __init__(self) -> None:
        self.since: dict[str, float] = {}
        self.counts = dict(COUNTS)
        self.linked = True
        self.empty = False
        self.ready = True
        self.crisis: str | None = None
        self.callbacks: dict[LineId, CallbackCounts] = {}
        self.stopped_at: float | None = None
        self.half_hours = HalfHours()
        self.counted = 0
        self.begun = time.time()
        """The curve's moment: a half-hour that ends in the middle of a test would move its rows."""

    def look(self) -> Snapshot | None:
        now = self.stopped_at or time.time()
        keys = [] if self.empty else list(NAMES)
        lines = [self._line(key, now) for key in keys]
        calls = [caller(key, key, now - since, now=now) for key, since in self.since.items()]
        state = board(lines, calls=calls, at=now, linked=self.linked, crisis=self.crisis)
        counts = tally(self.counts) if keys else Tally()
        return snapshot(state, counts, link_lost_at=now - 61, callbacks=self.callbacks) if self.ready else None

    def join(self, key: str) -> None:
        """Somebody joins the line and is counted in the curve."""
        self.counted += 1
        self.since[key] = time.time()
        call = CallId(f"c{self.counted}")
        self.half_hours.apply(CallEnteredLine(self.begun, call, LineId(key), self.begun, "nl", ""))

    def curve(self, lines: Sequence[LineId]) -> Curve | None:
        """A day of sixteen half-hours around this one."""
        first = half_hour(self.begun) - 7 * HALF_HOUR
        starts = range(first, first + 16 * HALF_HOUR, HALF_HOUR)
        hump = {start: 3.0 + n * (15 - n) / 4 for n, start in enumerate(starts)}
        usual = {start: 0.9 * calls for start, calls in hump.items()}
        every = [LineId(key) for key in NAMES]
        return curve(self.half_hours, dict.fromkeys(every, Outlook(hump, usual, 8)), lines or every, self.begun, first)

    def _line(self, key: str, now: float) -> BoardLine:
        since = self.since.get(key)
        waits = None if since is None else now - since
        free = 0 if key == "sportlijn" else 2
        return line(key, waiting=int(waits is not None), longest_wait=waits, available=free, logged_in=2)


class Site:
    """A web server that can die and come back at the same address."""

    def __init__(self, city: City, beat: float = BEAT) -> None:
        self.city = city
        self.beat = beat
        self.port = 0

    async def start(self) -> None:
        self.hub = Hub(self.city.look, beat=self.beat)
        self.server = WebServer(create_app(self.hub, curve_of=self.city.curve), self.hub, port=self.port)
        await self.server.start()
        self.url = self.server.url
        self.port = int(self.url.rpartition(":")[2])


@pytest.fixture
def city() -> City:
    return City()


@pytest_asyncio.fixture(loop_scope="module")
async def site(city: City) -> AsyncIterator[Site]:
    site = Site(city)
    await site.start()
    yield site
    await site.server.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    context = await browser.new_context(viewport={"width": 1366, "height": 768})
    yield context
    await context.close()


class Watch:
    """What a page said and asked for."""

    def __init__(self, page: Page) -> None:
        self.complaints: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda said: self.complaints.append(said.text) if said.type != "log" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))


async def opened(context: BrowserContext, url: str, state: str = "live") -> Page:
    page = await context.new_page()
    await page.goto(url)
    await expect(page.locator("body")).to_have_attribute("data-state", state)
    return page


async def test_a_change_is_on_screen_within_a_second_without_a_reload(
    context: BrowserContext, site: Site, city: City
) -> None:
    page = await opened(context, site.url)
    await page.evaluate("window.marked = document.querySelector('#line-bjb')")
    for key in ("bjb", "lez_lijn", "toerisme"):
        city.since[key] = time.time()
        site.hub.changed()
        cell = page.locator(f"#line-{key} td").first
        await within(1.0, expect(cell).to_have_text, "1")
    await expect(page.locator("#tile-waiting .number")).to_have_text("3")
    # The same row as before, morphed: focus, selection and scrolling survive.
    assert await page.evaluate("window.marked === document.querySelector('#line-bjb')")


async def test_seconds_run_on_between_two_pictures(context: BrowserContext, city: City) -> None:
    # Between two seconds of the server, at whose begin the page counts: on the border a millisecond would be a second.
    city.since["bjb"] = int(time.time()) - 49.5
    site = Site(city, beat=3600.0)  # no picture but the first
    await site.start()
    await context.clock.install()
    page = await opened(context, site.url)
    # Where the page's clock has not come yet, however long a busy machine takes for the word.
    await context.clock.pause_at(time.time() + 60.0)
    # After such a silence the page asks its server again; so it does after five seconds more.
    await context.clock.run_for(1000)
    await expect(page.locator("body")).to_have_attribute("data-state", "live")
    shown: list[int] = []
    heights: set[float] = set()
    for _ in range(5):
        await context.clock.run_for(1000)
        text, height = await page.evaluate(SECONDS)
        minute, second = (int(part) for part in text.split(":"))
        shown.append(60 * minute + second)
        heights.add(height)
    assert [later - sooner for sooner, later in pairwise(shown)] == [1, 1, 1, 1]
    assert len(heights) == 1
    await site.server.stop()


SECONDS = """() => {
  const cell = document.querySelector("#line-bjb .ticks");
  return [cell.textContent, cell.closest("tr").getBoundingClientRect().height];
}"""


@pytest.mark.parametrize("lang", ["nl", "en", "fr"])
async def test_an_alarm_moves_nothing(context: BrowserContext, site: Site, city: City, lang: str) -> None:
    page = await opened(context, f"{site.url}/?lang={lang}")
    calm = await page.evaluate(PLACES)
    city.since = {"sportlijn": time.time() - 599, "bjb": time.time() - 40}
    city.counts["gentinfo"] = (100, 10, 400, 0)
    city.callbacks = OWED
    site.hub.changed()
    await expect(page.locator("#tile-reachability")).to_have_attribute("data-level", "alarm")
    await expect(page.locator("#tile-longest_wait")).to_have_attribute("data-level", "alarm")
    assert await page.evaluate(PLACES) == calm


PLACES = """[...document.querySelectorAll('.tile, #lines tbody tr, #curve-plot')]
  .map((one) => one.getBoundingClientRect().top)"""


async def test_the_moment_of_lateness_is_seen_without_any_event(
    context: BrowserContext, site: Site, city: City
) -> None:
    city.since["sportlijn"] = time.time() - 59
    page = await opened(context, site.url)
    late = page.locator("#line-sportlijn .state")
    await within(3.0, expect(late).to_contain_text, "wacht ≥ 60")


async def test_a_broken_promise_is_an_alarm_on_the_wall(context: BrowserContext, site: Site, city: City) -> None:
    page = await opened(context, site.url)
    await expect(page.locator("#tile-callbacks")).to_contain_text("geen enkele te laat")
    city.callbacks = OWED
    site.hub.changed()
    number = page.locator("#tile-callbacks .number")
    await within(1.0, expect(number).to_have_text, "25open")
    await expect(page.locator("#tile-callbacks")).to_contain_text("10 te laat · 2 dringend")
    await expect(page.locator("#line-bjb .state")).to_contain_text("belofte gebroken")
    await expect(page.locator("#line-gentinfo .state")).to_contain_text("bel dringend terug")


async def test_when_the_server_dies_the_page_says_so_and_recovers(
    context: BrowserContext, site: Site, city: City
) -> None:
    page = await opened(context, site.url)
    await site.server.stop()
    pill = page.locator("#live")
    await expect(pill).to_have_text("Herverbinden")
    await expect(pill).to_have_text(re.compile(r"Verouderd sinds \d\d:\d\d:\d\d"), timeout=20_000)
    await expect(page.locator("#stale")).to_contain_text("Deze cijfers zijn van")
    # The last figures stay readable.
    await expect(page.locator("#line-gentinfo")).to_contain_text("447")
    city.since["bjb"] = time.time()
    await site.start()
    await expect(pill).to_have_text("Live")
    await expect(page.locator("#stale")).to_be_hidden()
    await expect(page.locator("#line-bjb td").first).to_have_text("1")


async def test_a_page_opened_just_before_the_server_dies_recovers(context: BrowserContext, site: Site) -> None:
    page = await context.new_page()
    failed = asyncio.Event()

    async def refuse(route: Route) -> None:
        failed.set()
        await route.fulfill(status=503, body="<h1>busy</h1>")

    await page.route("**/events*", refuse)
    await page.goto(site.url)
    await asyncio.wait_for(failed.wait(), 15)
    await expect(page.locator("h1")).to_have_text("Wallboard")
    await expect(page.locator("#line-gentinfo")).to_contain_text("447")
    await page.unroute("**/events*")
    await expect(page.locator("#live")).to_have_text("Live")


async def test_a_frozen_server_is_noticed(context: BrowserContext) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.web.demo_server", "--port", "0", stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout
        url = (await asyncio.wait_for(process.stdout.readline(), 20)).decode().strip()
        page = await opened(context, url)
        os.kill(process.pid, signal.SIGSTOP)
        await expect(page.locator("#live")).to_have_text("Herverbinden")
        await expect(page.locator("#live")).to_contain_text("Verouderd sinds")
        os.kill(process.pid, signal.SIGCONT)
        await expect(page.locator("#live")).to_have_text("Live")
    finally:
        process.kill()
        await process.wait()


async def test_a_standing_engine_is_noticed_though_the_server_lives(
    context: BrowserContext, site: Site, city: City
) -> None:
    page = await opened(context, site.url)
    city.stopped_at = time.time()
    await expect(page.locator("#live")).to_contain_text("Verouderd sinds", timeout=20_000)
    city.stopped_at = None
    await expect(page.locator("#live")).to_have_text("Live")


async def test_a_lost_exchange_is_stale_since_the_loss(context: BrowserContext, site: Site, city: City) -> None:
    page = await opened(context, site.url)
    city.linked = False
    site.hub.changed()
    live = page.locator("#live")
    await within(1.0, expect(live).to_contain_text, "Verouderd sinds")
    await expect(page.locator("#link-lost")).to_contain_text("Geen verbinding met de telefooncentrale")
    await expect(page.locator("#stale")).to_be_hidden()
    city.linked = True
    site.hub.changed()
    await within(1.0, expect(live).to_have_text, "Live")


async def test_a_new_version_is_fetched_by_the_page_itself(context: BrowserContext, site: Site) -> None:
    page = await context.new_page()
    served = []

    async def yesterday(route: Route) -> None:
        today = await (await route.fetch()).text()
        old = re.sub('data-build="[^"]*"', 'data-build="yesterday"', today).replace("<h1>Wallboard", "<h1>Yesterday")
        served.append(old)
        await route.fulfill(body=old, content_type="text/html")

    await page.route(f"{site.url}/", yesterday, times=1)
    await page.goto(site.url)
    await expect(page.locator("h1")).to_have_text("Wallboard")
    assert "<h1>Yesterday" in served[0]


@pytest.mark.parametrize("lang", ["nl", "en", "fr"])
async def test_nothing_is_wrong_in_the_console_and_nothing_leaves_the_house(
    context: BrowserContext, site: Site, city: City, lang: str
) -> None:
    page = await context.new_page()
    watch = Watch(page)
    await page.goto(f"{site.url}/?lang={lang}")
    await expect(page.locator("body")).to_have_attribute("data-state", "live")
    city.since["bjb"] = time.time() - 160
    site.hub.changed()
    await expect(page.locator("#line-bjb")).to_have_attribute("data-level", "alarm")
    assert watch.complaints == []
    assert [url for url in watch.requests if not url.startswith(site.url)] == []
    assert any("inter-latin" in url for url in watch.requests)


EVERY = [(lang, theme) for lang in ("nl", "en", "fr") for theme in ("light", "dark")]
BOTH = [("nl", "light"), ("fr", "dark")]
STALE = "document.body.dataset.state = 'stale'; document.getElementById('stale').hidden = false"
RULES = {"target-size": {"enabled": True}, "region": {"enabled": True}}


@pytest.mark.parametrize(
    ("situation", "views"),
    [("calm", EVERY), ("alarm", EVERY), ("stale", BOTH), ("unlinked", BOTH), ("loading", BOTH), ("empty", BOTH)],
)
async def test_accessible(
    context: BrowserContext, site: Site, city: City, situation: str, views: list[tuple[str, str]]
) -> None:
    city.empty, city.ready, city.linked = situation == "empty", situation != "loading", situation != "unlinked"
    if situation in ("alarm", "stale"):
        city.crisis = "storm"
        city.callbacks = OWED
        city.since = {"sportlijn": time.time() - 170, "bjb": time.time() - 70, "gentinfo": time.time() - 3}
    state = {"unlinked": "stale", "loading": "connecting"}.get(situation, "live")
    for lang, theme in views:
        page = await opened(context, f"{site.url}/?lang={lang}&theme={theme}", state)
        if situation == "stale":
            await page.evaluate(STALE)
        for summary in await page.locator("summary").all():
            await summary.click()
        found = await Axe().run(page, options={"resultTypes": ["violations"], "rules": RULES})
        assert found.violations_count == 0, (lang, theme, json.dumps(found.response["violations"], indent=1))
        await page.close()


SIZES = [(1366, 768), (1280, 720), (1920, 1080), (3840, 2160), (768, 1024), (390, 844), (320, 640)]


@pytest.mark.parametrize("lang", ["nl", "en", "fr"])
async def test_no_sideways_scrolling(context: BrowserContext, site: Site, city: City, lang: str) -> None:
    city.since = {"sportlijn": time.time() - 3700, "bjb": time.time() - 40}
    city.callbacks = OWED
    page = await opened(context, f"{site.url}/?lang={lang}")
    for width, height in SIZES:
        await page.set_viewport_size({"width": width, "height": height})
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        if width >= 1280:
            assert await page.locator("#lines").evaluate("box => box.scrollWidth <= box.clientWidth"), width
        if width >= 1366:
            assert await page.evaluate("document.documentElement.scrollHeight") <= height


async def test_all_can_be_reached_with_the_keyboard(context: BrowserContext, site: Site) -> None:
    page = await opened(context, site.url)
    stops = []
    for _ in range(18):
        await page.keyboard.press("Tab")
        stops.append(await page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()"))
    assert stops[:5] == ["Naar de cijfers", "Alle lijnen", "sound", "lines", "Toon als tabel"]
    assert {"Vast", "Slechtste eerst", "Licht", "Donker", "English", "Français", "Zo wordt geteld"} <= set(stops)
    await page.locator("a", has_text="Slechtste eerst").focus()
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/?order=worst")


async def test_focus_stays_where_it_is_when_a_picture_comes(context: BrowserContext, site: Site, city: City) -> None:
    page = await opened(context, site.url)
    await page.locator("#lines").focus()
    city.since["bjb"] = time.time()
    site.hub.changed()
    await expect(page.locator("#line-bjb td").first).to_have_text("1")
    assert await page.evaluate("document.activeElement.id") == "lines"


async def test_seconds_are_not_read_aloud(context: BrowserContext, site: Site, city: City) -> None:
    city.since["bjb"] = time.time() - 160
    page = await opened(context, site.url)
    loud = page.locator("[aria-live], [role=status], [role=alert]")
    assert await loud.evaluate_all("all => all.filter(one => one.querySelector('.ticks, time')).length") == 0
    await expect(page.locator("#board [role=status]")).to_contain_text("Alarm: BoekJeBezoeklijn")


async def test_themes(browser: Browser, site: Site) -> None:
    async def ground(scheme: str, query: str) -> str:
        context = await browser.new_context(color_scheme=scheme)  # type: ignore[arg-type]
        page = await opened(context, site.url + query)
        colour: str = await page.evaluate("getComputedStyle(document.body).backgroundColor")
        await context.close()
        return colour

    light, dark = await ground("light", "/"), await ground("dark", "/")
    assert light != dark
    assert await ground("dark", "/?theme=light") == light
    assert await ground("light", "/?theme=dark") == dark


async def test_nothing_moves_for_who_wants_no_motion(browser: Browser, site: Site, city: City) -> None:
    city.ready = False
    for motion, moving in (("no-preference", True), ("reduce", False)):
        context = await browser.new_context(reduced_motion=motion)  # type: ignore[arg-type]
        page = await opened(context, site.url, "connecting")
        assert await page.evaluate("document.getAnimations().length > 0") is moving
        await context.close()


async def test_the_tab_in_the_background_goes_on(context: BrowserContext, site: Site, city: City) -> None:
    page = await opened(context, site.url)
    front = await context.new_page()
    await front.goto("about:blank")
    await front.bring_to_front()
    city.since["bjb"] = time.time()
    site.hub.changed()
    cell = page.locator("#line-bjb td").first
    await within(2.0, expect(cell).to_have_text, "1")


async def test_hostile_names_stay_text_when_they_are_pushed(context: BrowserContext, site: Site, city: City) -> None:
    page = await context.new_page()
    watch = Watch(page)
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    await page.goto(site.url)
    await expect(page.locator("body")).to_have_attribute("data-state", "live")
    city.crisis = "<img src=/x onerror=alert(1)><hx-partial hx-target=body>x</hx-partial><title>y</title>"
    site.hub.changed()
    await expect(page.locator("#crisis")).to_contain_text(city.crisis)
    assert await page.title() == "Wallboard"
    assert (dialogs, watch.complaints) == ([], [])


# --- The curve, the sound and the lines ------------------------------------------------------------------------------


async def test_who_joins_is_in_the_curve_within_a_second_and_drawn_from_the_table(
    context: BrowserContext, site: Site, city: City
) -> None:
    page = await opened(context, site.url)
    await expect(page.locator("#curve-plot canvas")).to_have_count(1)
    await page.locator("#curve-table summary").click()
    now = page.locator("#curve-data tbody tr").nth(7).locator("td").first
    await expect(now).to_have_text("0")
    before = await page.evaluate(PIXELS)
    for n in range(1, 4):
        city.join("bjb")
        site.hub.changed()
        await within(1.0, expect(now).to_have_text, str(n))
    assert await page.evaluate(PIXELS) != before
    # A picture that comes does not close what somebody has opened.
    await expect(page.locator("#curve-table")).to_have_attribute("open", "")
    await expect(page.locator("#curve")).to_contain_text("over 8 weken")


PIXELS = "document.querySelector('#curve-plot canvas').toDataURL()"
COUNT_TONES = """window.tones = 0;
  const start = OscillatorNode.prototype.start;
  OscillatorNode.prototype.start = function (...at) { window.tones++; return start.apply(this, at); };"""


async def test_it_chimes_once_when_something_enters_red_and_not_when_muted(
    context: BrowserContext, site: Site, city: City
) -> None:
    await context.add_init_script(COUNT_TONES)
    city.since["bjb"] = time.time() - 200
    page = await opened(context, site.url)
    sound = page.locator("#sound")
    await expect(sound).to_have_text("Geluid: klik hier")
    await sound.click()
    await expect(sound).to_have_text("Geluid aan")
    await expect(sound).to_have_attribute("aria-pressed", "true")
    heard = await page.evaluate("tones")

    async def red(key: str) -> None:
        city.since[key] = time.time() - 200
        site.hub.changed()
        await expect(page.locator(f"#line-{key}")).to_have_attribute("data-level", "alarm")

    await red("toerisme")
    await page.wait_for_function(f"tones === {heard + 2}")  # two notes
    # What stays red says nothing more.
    city.since["gentinfo"] = time.time()
    site.hub.changed()
    await expect(page.locator("#line-gentinfo td").first).to_have_text("1")
    assert await page.evaluate("tones") == heard + 2
    await sound.press("Enter")
    await expect(sound).to_have_text("Geluid uit")
    await red("lez_lijn")
    assert await page.evaluate("tones") == heard + 2
    # The choice is kept.
    await page.reload()
    await expect(sound).to_have_text("Geluid uit")


async def test_lines_are_chosen_in_the_address_and_with_the_keyboard(
    context: BrowserContext, site: Site, city: City
) -> None:
    page = await opened(context, site.url)
    await page.locator(".filter summary").focus()
    await page.keyboard.press("Enter")
    await page.locator(".filter a", has_text="Sportlijn").focus()
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/?lines=sportlijn")
    await expect(page.locator("#lines tbody tr")).to_have_count(1)
    await expect(page.locator(".filter summary")).to_have_text("1 van 8 lijnen")
    await page.locator(".filter summary").click()
    await page.locator(".filter a", has_text="Toerismelijn").click()
    await page.wait_for_url("**/?lines=sportlijn,toerisme")
    await expect(page.locator("body")).to_have_attribute("data-state", "live")
    # What is pushed is of these lines alone, too.
    city.since = {"bjb": time.time(), "toerisme": time.time()}
    site.hub.changed()
    await expect(page.locator("#tile-waiting .number")).to_have_text("1")
    await expect(page.locator("#lines tbody tr")).to_have_count(2)


async def test_the_curve_is_drawn_in_the_colours_of_the_theme(browser: Browser, site: Site) -> None:
    drawn = set()
    for scheme in ("light", "dark"):
        context = await browser.new_context(color_scheme=scheme)
        page = await opened(context, site.url)
        await expect(page.locator("#curve-plot canvas")).to_have_count(1)
        drawn.add(await page.evaluate(PIXELS))
        await page.emulate_media(color_scheme="light")
        await page.wait_for_timeout(300)
        drawn.add(await page.evaluate(PIXELS))
        await context.close()
    assert len(drawn) == 2
