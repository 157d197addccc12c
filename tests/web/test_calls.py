"""The calls behind the figures: every figure opens exactly the calls that it counts."""

import re
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path

import httpx
import msgspec
import pytest
import pytest_asyncio

from acd.model.account import AuditAction, Role
from acd.model.ids import LineId
from acd.records import day_bounds, day_of
from acd.web.calls import PAGE, CallsPage, CallStory
from acd.web.pages import calls_href
from tests.web.house import LINK, NOW, House, busy_house, opened, signed_in

pytestmark = pytest.mark.asyncio(loop_scope="module")

AFTERNOON = NOW + 2 * 3600 + 600


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async with busy_house(tmp_path_factory.mktemp("house"), AFTERNOON) as house:
        yield house


@pytest_asyncio.fixture(loop_scope="module")
async def sven(house: House) -> AsyncIterator[httpx.AsyncClient]:
    async with signed_in(house, Role.SUPERVISOR) as browser:
        yield browser


async def page_of(browser: httpx.AsyncClient, href: str) -> CallsPage:
    answer = await browser.get(f"/api{href}")
    assert answer.status_code == 200, answer.text
    return msgspec.json.decode(answer.content, type=CallsPage)


async def all_calls(browser: httpx.AsyncClient, href: str) -> list[str]:
    """The list page by page, as one reads it."""
    found: list[str] = []
    while True:
        page = (await browser.get(f"{href}&skip={len(found)}")).text
        calls = re.findall(r'<tr id="call-([^"]+)"', page)
        found += calls
        if 'rel="next"' not in page:
            return found
        assert len(calls) == PAGE


def figures_of(html: str) -> list[tuple[str, int]]:
    """Each figure that can be opened: its address, and how many calls it says that it counts. A percentage says so by
    what it divides by; the longest wait counts all who wait on its line."""
    found = []
    for cell in re.findall(r"<(?:td|li)[ >].*?</(?:td|li)>", html, re.DOTALL):
        for href, shown in re.findall(
            r'<a class="opens" href="(/calls[^"]+)">(.*?)<span class="sr"> –', cell, re.DOTALL
        ):
            text = re.sub(r"<[^>]*>", "", shown).strip()
            fraction = re.search(r'class="fraction">\d+ / (\d+)', cell)
            if "%" in text and fraction:
                found.append((unescape(href), int(fraction[1])))
            elif text.isdecimal():
                found.append((unescape(href), int(text)))
    return found


@pytest.mark.parametrize("lines", ["", "gentinfo", "sportlijn,bjb,toerisme"])
async def test_every_figure_opens_exactly_the_calls_that_it_counts(
    house: House, sven: httpx.AsyncClient, lines: str
) -> None:
    figures = figures_of((await sven.get(f"/?lines={lines}")).text)
    kinds = {re.findall(r"what=(\w+)", href)[0] for href, _ in figures}
    assert {"waiting", "answered", "reachability", "service_level", "joined"} <= kinds
    assert len(figures) > 20
    for href, n in figures:
        calls = await all_calls(sven, href)
        assert len(calls) == len(set(calls)) == n == (await page_of(sven, href)).of, href


async def test_the_numerator_of_a_percentage_opens_too(house: House, sven: httpx.AsyncClient) -> None:
    totals = house.look().totals
    for what, above, share in (
        ("reachability", "answered", totals.reachability),
        ("service_level", "in_target", totals.service_level),
    ):
        page = await page_of(sven, calls_href(what))
        assert (page.part, page.of, page.formula) == (share.part, share.of, share.formula)
        assert len(await all_calls(sven, calls_href(above))) == share.part
        html = (await sven.get(calls_href(what))).text
        assert f"{share.part} / {share.of} = " in html


async def test_a_longer_day_than_one_page_is_read_to_its_end(house: House, sven: httpx.AsyncClient) -> None:
    answered = house.look().totals.answered
    assert answered > PAGE
    assert len(await all_calls(sven, calls_href("answered"))) == answered


async def test_the_half_hours_of_the_curve_add_up_to_the_day(house: House, sven: httpx.AsyncClient) -> None:
    curve = (await sven.get("/api/curve")).json()
    assert sum(point["answered"] or 0 for point in curve["points"]) == house.look().totals.answered
    ahead = [point for point in curve["points"] if point["start"] > AFTERNOON]
    assert ahead and all(point["joined"] is None for point in ahead)
    assert all(point["expected"] > 0 and point["usual"] > 0 for point in curve["points"])


async def test_yesterday_is_another_list(house: House, sven: httpx.AsyncClient) -> None:
    today, yesterday = day_of(AFTERNOON), day_of(day_bounds(day_of(AFTERNOON))[0] - 1)
    assert (await page_of(sven, f"{calls_href('answered')}&day={today}")).of == house.look().totals.answered
    assert (await page_of(sven, f"{calls_href('answered')}&day={yesterday}")).of == 0
    page = (await sven.get(f"{calls_href('answered')}&day={yesterday}")).text
    assert "Geen enkele oproep" in page
    assert f'value="{yesterday}"' in page


@pytest.mark.parametrize(
    "query",
    [
        "day=never",
        "day=9999-99-99",
        "half=x",
        "half=999999999999",
        "line=%00",
        "line=a%00b&what=answered",
        "line=nowhere",
        "line=",
        "what=all&day=0001-01-01",
    ],
)
async def test_nonsense_in_the_address_is_no_fault(sven: httpx.AsyncClient, query: str) -> None:
    assert (await sven.get(f"/calls?{query}")).status_code == 200


@pytest.mark.parametrize("query", ["what=everything", "skip=-1", "skip=x"])
async def test_what_cannot_be_meant_is_refused(sven: httpx.AsyncClient, query: str) -> None:
    assert (await sven.get(f"/api/calls?{query}")).status_code == 422


async def test_lists_show_last_digits_and_each_look_is_written_down(house: House, sven: httpx.AsyncClient) -> None:
    page = await page_of(sven, calls_href("answered", [LineId("gentinfo")]))
    assert all(re.fullmatch(r"(••• \d{3})?", row.number or "") for row in page.rows)
    entry, *_ = await house.store.log(before=1e12, limit=1, action=AuditAction.CALLS_SEEN)
    assert (entry.who, entry.detail) == ("sven", "answered gentinfo")


async def test_a_supervisor_sees_the_number_of_one_call_and_an_administrator_does_not(house: House) -> None:
    call = next(event.call for event in house.events if getattr(event, "number", None))  # type: ignore[attr-defined]
    number = next(event.number for event in house.events if getattr(event, "number", None))  # type: ignore[attr-defined]
    for role, action in ((Role.SUPERVISOR, "call_number_seen"), (Role.ADMIN, "call_seen")):
        async with signed_in(house, role) as browser:
            page, api = (await browser.get(f"/calls/{call}")).text, (await browser.get(f"/api/calls/{call}")).text
        digits = number[-4:-2] + " " + number[-2:]
        assert (digits in page) is (number in api) is (role is Role.SUPERVISOR)
        assert (await house.audit())[0][1:] == (action, call)


async def test_the_story_says_why_the_call_went_where_it_went(house: House, sven: httpx.AsyncClient) -> None:
    missed = next(event for event in house.events if type(event).__name__ == "OfferEnded")
    page = (await sven.get(f"/calls/{missed.call}")).text  # type: ignore[attr-defined]
    words = re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", page)))
    name = missed.operator.title()  # type: ignore[attr-defined]
    assert ": nam niet op" in words and name in words
    assert words.count("Waarom deze oproep Deze lijn had het meest wachtenden boven haar deel.") == 2
    assert "3 wachtten op deze lijn, 60 % van allen; haar deel is 55 %" in words.replace(
        "\N{NARROW NO-BREAK SPACE}", " "
    )
    assert words.index("nam niet op") < words.index("neemt op na") < words.index("Geteld als: beantwoord")
    api = msgspec.json.decode((await sven.get(f"/api/calls/{missed.call}")).content, type=CallStory)  # type: ignore[attr-defined]
    assert [type(event) for event in api.events][:2] == [
        type(event) for event in house.events if getattr(event, "call", "") == api.call.call
    ][:2]


@pytest.mark.parametrize("lang", ["nl", "en", "fr"])
async def test_every_story_is_told_in_words(house: House, sven: httpx.AsyncClient, lang: str) -> None:
    seen = set()
    for event in house.events:
        kind = type(event).__name__
        if kind not in seen:
            seen.add(kind)
            page = (await sven.get(f"/calls/{event.call}?lang={lang}")).text  # type: ignore[attr-defined]
            steps = re.findall(r"<div><b>(.*?)</b>", page)
            assert steps and not any(re.fullmatch("[a-z_]+", step) for step in steps)
    assert len(seen) >= 9


@pytest.mark.parametrize("path", ["/calls/nowhere", "/api/calls/nowhere", "/calls/%00", "/calls/a%27%3B--"])
async def test_a_call_that_is_none(sven: httpx.AsyncClient, path: str) -> None:
    assert (await sven.get(path)).status_code == 404


async def test_without_records_the_page_says_so(tmp_path: Path) -> None:
    async with opened(tmp_path) as house, signed_in(house, Role.SUPERVISOR) as browser:
        assert "Er worden geen oproepen bewaard" in (await browser.get("/calls")).text
        assert (await browser.get("/calls/1.2")).status_code == 404
        assert (await browser.get("/api/calls")).status_code == 404


# --- Who sees persons on the wallboard -------------------------------------------------------------------------------


@pytest.mark.parametrize("role", list(Role))
async def test_operators_and_links_are_for_supervisors_alone(house: House, role: Role) -> None:
    before = await looks(house)
    async with signed_in(house, role) as browser:
        page = (await browser.get("/")).text
    chief = role in (Role.SUPERVISOR, Role.ADMIN)
    assert ("Elif Yilmaz" in page) is chief
    assert ('class="opens"' in page) is chief
    assert await looks(house) - before == chief


async def looks(house: House) -> int:
    return len(await house.store.log(before=1e12, limit=500, action=AuditAction.OPERATORS_SEEN))


async def test_nobody_without_an_account_sees_persons_or_single_calls(house: House) -> None:
    async with house.browser() as browser:
        page, figures = (await browser.get("/")).text, (await browser.get("/api/snapshot")).text
    for text in (page, figures):
        assert "Yilmaz" not in text and "opleiding" not in text
        assert not any(call.call in text for call in house.look().calls)


async def test_operators_of_some_lines_alone(house: House, sven: httpx.AsyncClient) -> None:
    page = (await sven.get("/?lines=sportlijn")).text
    assert set(re.findall(r'<tr id="operator-(\w+)"', page)) == {"karen", "ilse"}
    assert re.findall(r'<tr id="line-(\w+)"', page) == ["sportlijn"]
    assert "/events?lines=sportlijn" in page


async def test_the_screen_in_the_hall_keeps_what_its_link_asks_for(house: House) -> None:
    async with house.browser() as browser:
        answer = await browser.get(f"/kiosk/{LINK}?lines=bjb&theme=dark")
    assert answer.headers["location"] == "/?lines=bjb&theme=dark"
