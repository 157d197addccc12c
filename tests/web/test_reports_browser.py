"""The reports in Debian's Chromium: for everybody, with the keyboard, without a script, and on paper."""

import asyncio
import json
import re
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]
from playwright.async_api import Browser, Page, expect

from acd.model.account import Role
from acd.web.server import WebServer
from tests.web.house import busy_house
from tests.web.screenshots import NOW, enter
from tests.web.test_desk_browser import check_fits
from tests.web.weeks import write_weeks

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

RULES = {"target-size": {"enabled": True}, "region": {"enabled": True}}
WEEK = "from=2026-11-16&to=2026-11-20"
TILES = ("offered", "reachability", "service_level", "reached")
BASE = "base_from=2026-11-11&base_to=2026-11-13"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    folder = tmp_path_factory.mktemp("house")
    async with busy_house(folder, NOW, names=("localhost", "127.0.0.1")) as house:
        await write_weeks(folder, NOW, 13)
        server = WebServer(house.app, house.hub, port=0)
        await server.start()
        yield server.url
        await server.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Browser, url: str) -> AsyncIterator[Page]:
    context = await browser.new_context(viewport={"width": 1366, "height": 768})
    page = await context.new_page()
    await enter(page, url, Role.SUPERVISOR)
    yield page
    await context.close()


@pytest.mark.parametrize(("lang", "theme"), [("nl", "light"), ("en", "dark"), ("fr", "light")])
async def test_accessible_and_fitting(page: Page, url: str, lang: str, theme: str) -> None:
    for path in (f"/reports?{WEEK}&{BASE}", f"/reports?{WEEK}&grain=30min&line=sportlijn", f"/reports/operators?{WEEK}",
                 f"/reports/citizens?{WEEK}&{BASE}", f"/reports/conversations?{WEEK}&line=gentinfo&subject=afval",
                 f"/reports/answers?{WEEK}&line=gentinfo&question=courtesy", f"/reports/states?{WEEK}&of=occupancy",
                 f"/reports/calls?{WEEK}&of=service_level&line=gentinfo", f"/reports/calls?{WEEK}&of=kept_promise",
                 "/reports?from=2027-01-01", "/reports?from=2026-01-01&to=2026-01-02"):  # fmt: skip
        await page.goto(f"{url}{path}&lang={lang}&theme={theme}")
        for summary in await page.locator("summary").all():
            await summary.click()
        found = await Axe().run(page, options={"resultTypes": ["violations"], "rules": RULES})
        assert found.violations_count == 0, (path, json.dumps(found.response["violations"], indent=1))
        await check_fits(page, path)


async def test_from_the_choice_to_a_percentage_to_a_call_with_the_keyboard(page: Page, url: str) -> None:
    await page.goto(f"{url}/reports?{WEEK}")
    await page.locator("#grain").focus()
    await page.keyboard.type("week v")
    await page.keyboard.press("Tab")
    await page.locator("button.main").focus()
    await page.keyboard.press("Enter")
    await page.wait_for_url("**grain=week**")
    assert "base_from" not in page.url
    link = page.locator("#per-week td a").first
    of = re.findall(r"/ ([\d\s]+)$", await page.locator("#per-week td small").first.inner_text())[0]
    await link.focus()
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/reports/calls?**")
    await expect(page.locator("#count")).to_have_text(of)
    await page.locator("#rows a").first.focus()
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/calls/*")
    await expect(page.locator("h2").first).to_have_text("Wat er gebeurde en waarom")


async def test_it_is_whole_without_a_script(browser: Browser, url: str) -> None:
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    await enter(page, url, Role.ADMIN)
    await page.goto(f"{url}/reports?{WEEK}&{BASE}")
    await expect(page.locator("svg[role=img]")).to_have_count(7)
    await expect(page.locator(".banner")).to_have_count(0)
    await expect(page.locator("[data-prints]")).to_be_hidden()
    await page.locator("summary").first.click()
    await page.get_by_role("checkbox", name="Sportlijn", exact=True).check()
    await page.locator("button.main").click()
    await page.wait_for_url("**line=sportlijn**")
    await expect(page.locator(".letterhead")).to_contain_text("Sportlijn")
    await context.close()


async def test_every_chart_has_a_name_and_says_what_is_most(page: Page, url: str) -> None:
    await page.goto(f"{url}/reports?{WEEK}")
    for chart in await page.get_by_role("img").all():
        assert await chart.get_attribute("aria-labelledby")
        assert re.search(r"Het meest: \S+.*\d", await chart.locator("desc").text_content() or "")


async def test_nothing_is_wrong_in_the_console(page: Page, url: str) -> None:
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(f"{url}/reports?{WEEK}&{BASE}")
    await page.goto(f"{url}/reports/operators?{WEEK}")
    await page.goto(f"{url}/reports/calls?{WEEK}&of=aht")
    assert complaints == []


async def test_on_paper_there_is_all_that_counts_and_nothing_to_press(page: Page, url: str) -> None:
    await page.goto(f"{url}/reports?{WEEK}&{BASE}&theme=dark")
    await page.emulate_media(media="print")
    for gone in (".top", ".report-form", ".tabs", ".outs", "footer"):
        await expect(page.locator(gone)).to_be_hidden()
    for there in (
        ".letterhead",
        "#tile-reachability",
        "#per-day svg[role=img]",
        "#heat svg[role=img]",
        "#norms",
        "#all",
    ):
        await expect(page.locator(there)).to_be_visible()
    ground = await page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == "rgb(255, 255, 255)"
    # As wide as the text on A4: no table is cut off.
    await page.set_viewport_size({"width": 695, "height": 1000})
    wide = await page.evaluate(
        "[...document.querySelectorAll('table')].filter((one) => one.checkVisibility()"
        " && one.getBoundingClientRect().right > 696).map((one) => one.closest('section').id)"
    )
    assert wide == []


async def test_the_pdf_has_pages_of_a4_with_the_figures_in_them(page: Page, url: str, tmp_path: Path) -> None:
    read = shutil.which("pdftotext")
    assert read, "pdftotext is needed to read what was printed: apt-get install poppler-utils"
    await page.goto(f"{url}/reports?{WEEK}&{BASE}")
    shown = [await page.locator(f"#tile-{key} .big a").evaluate("a => a.firstChild.textContent") for key in TILES]
    paper = await page.pdf(prefer_css_page_size=True, path=tmp_path / "report.pdf")
    boxes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", paper)
    assert 2 <= len(boxes) <= 8
    assert {(round(float(width)), round(float(height))) for width, height in boxes} <= {(595, 842), (596, 842)}
    printed = plain(await asyncio.to_thread(words_of, read, tmp_path / "report.pdf"))
    told = [
        *("Stad Gent", "16 november 2026 – 20 november 2026", "gemaakt op 24 november 2026, 14:10"),
        *("formules versie 1", "A / (A + B)", *map(plain, shown)),
    ]
    assert [words for words in told if words not in printed] == []


def words_of(read: str, paper: Path) -> str:
    return subprocess.run([read, "-layout", paper, "-"], check=True, capture_output=True, timeout=30).stdout.decode()


def plain(text: str) -> str:
    return " ".join(text.split())
