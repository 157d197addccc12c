"""The report pages: right, addressed, written down where they tell of persons, and refused with a reason."""

import re
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path

import pytest

from acd.figures.table import FIGURES
from acd.model import events as ev
from acd.model.account import Role
from acd.model.ids import OperatorId
from acd.model.operator import OperatorState
from acd.model.outcome import Outcome
from tests.figures.ledger import at, call
from tests.records.places import Place
from tests.web.house import House, opened, signed_in

WEEK = "from=2027-03-01&to=2027-03-07"
A, B = Outcome.ANSWERED, Outcome.ABANDONED


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """In the week before 10 calls, half of them answered; in this one 24 of 30, of which 4 on another line."""
    async with opened(tmp_path) as house:
        place = Place(house.url, tmp_path / "spill")
        before = [call(o, 20.0, at("2027-02-24T09:00") + 60 * n) for n, o in enumerate([A] * 5 + [B] * 5)]
        monday = [call(o, 20.0, at("2027-03-01T09:00") + 60 * n) for n, o in enumerate([A] * 16 + [B] * 4)]
        friday = [call(o, 35.0, at("2027-03-05T14:10") + 60 * n) for n, o in enumerate([A] * 4 + [B] * 2)]
        other = [call(A, 5.0, at("2027-03-05T14:10") + 60 * n, "sportlijn") for n in range(4)]
        await place.write([event for calls in (before, monday, friday, other) for one in calls for event in one])
        house.now = at("2027-03-08T12:00")
        yield house


async def text(house: House, address: str, status: int = 200, role: Role = Role.SUPERVISOR) -> str:
    """The page, its narrow spaces made usual ones."""
    async with signed_in(house, role) as browser:
        answer = await browser.get(address)
    assert answer.status_code == status
    return answer.text.replace("\N{NARROW NO-BREAK SPACE}", " ").replace("\N{NO-BREAK SPACE}", " ")


def row(page: str, id: str) -> str:
    """The words of a row or tile."""
    found = re.search(rf'id="{id}".*?</(?:tr|div)>', page, re.S)
    assert found, id
    return " ".join(re.sub(r"<[^>]*>", " ", found[0].partition(">")[2]).split())


async def test_a_figure_stands_there_with_what_it_is_of_its_formula_and_version(house: House) -> None:
    page = await text(house, f"/reports?{WEEK}")
    told = row(page, "figure-reachability")
    assert "80,0 %" in told and "24 / 30" in told
    assert "A / (A + B); terugbelafspraken in geen van beide" in told and told.endswith("1")
    assert "Stad Gent" in page and "1 maart 2027 – 7 maart 2027" in page and "8 maart 2027, 12:00" in page
    assert FIGURES["reachability"].formula in row(await text(house, f"/reports?{WEEK}&lang=en"), "figure-reachability")


@pytest.mark.parametrize("page", ["", "/operators", "/citizens"])
async def test_a_page_is_of_one_moment_though_time_goes_on(
    house: House, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = count()
    monkeypatch.setattr(house.door, "clock", lambda: house.now + 1e-6 * next(looks))
    assert "24" in await text(house, f"/reports{page}?{WEEK}&base_from=2027-02-22&base_to=2027-02-28")


async def test_pieces_that_would_be_too_many_become_days(house: House) -> None:
    page = await text(house, "/reports?from=2027-03-05&to=2027-03-05&grain=15min")
    assert "from=2027-03-01&amp;to=2027-03-07&amp;grain=day" in page and "grain=15min" in page


async def test_few_calls_are_marked_and_nothing_is_no_percentage(house: House) -> None:
    page = await text(house, f"/reports?{WEEK}&line=sportlijn")
    assert "100,0 % – toon deze oproepen * (weinig oproepen)" in row(page, "figure-reachability")
    assert "–" in row(page, "figure-kept_promise") and "%" not in row(page, "figure-kept_promise")


async def test_only_who_promised_a_share_has_a_target_to_meet(house: House) -> None:
    page = " ".join(re.sub(r"<[^>]*>", " ", await text(house, f"/reports?{WEEK}")).split())
    assert re.search(r"Gent, wallboard – 80,0 % – toon deze oproepen 24 / 30 – A / ", page)
    assert re.search(r"Asterisk SL, 30 s – 83,3 % .*? 20 / 24 – A", page)
    assert re.search(r"Groningen: 95 % beantwoord 95,0 % 80,0 % .*? 24 / 30 ✗ nee", page)


async def test_two_periods_side_by_side(house: House) -> None:
    page = await text(house, f"/reports?{WEEK}&base_from=2027-02-22&base_to=2027-02-28")
    told = row(page, "figure-reachability")
    assert "80,0 %" in told and "50,0 %" in told and "5 / 10" in told and "+30,0 %-punt" in told
    assert "+200,0 %" in row(page, "figure-offered")


async def test_every_percentage_opens_as_many_calls_as_it_says(house: House) -> None:
    """Each link of the page: the numbers beside it are those of the page that it opens."""
    async with signed_in(house, Role.SUPERVISOR) as browser:
        page = (await browser.get(f"/reports?{WEEK}&base_from=2027-02-22&base_to=2027-02-28")).text
        cells = re.findall(r'<td class="num"><a href="(/reports/calls[^"]*)">[^<]*%.*?<small>(\d+) / (\d+)', page)
        assert len(cells) > 30
        for href, part, of in dict.fromkeys(cells):
            address = href.replace("&amp;", "&")
            opened = (await browser.get(address)).text
            above = (await browser.get(f"{address}&part=true")).text
            assert (opened.count('class="end"'), above.count('class="end"')) == (int(of), int(part)), address
    assert ("sven", "report_calls_seen", "") in await house.audit()


async def test_calls_are_put_together_by_what_is_chosen(house: House) -> None:
    def periods(page: str, id: str) -> list[str]:
        part = page.partition(f'id="per-{id}"')[2].partition("</section>")[0]
        return re.findall(r'<th scope="row">([^<]*)', part)

    page = await text(house, f"/reports?{WEEK}")
    assert periods(page, "day") == ["ma 1/3/2027", "vr 5/3/2027"]
    assert periods(page, "weekday") == ["maandag", "vrijdag"]
    assert periods(await text(house, f"/reports?{WEEK}&grain=week"), "week") == ["week 9 van 2027"]
    assert periods(await text(house, "/reports?from=2027-02-01&to=2027-03-07&grain=month"), "month") == [
        "februari 2027",
        "maart 2027",
    ]
    assert periods(await text(house, f"/reports?{WEEK}&grain=hour"), "hour") == ["9 u", "14 u"]
    assert periods(await text(house, f"/reports?{WEEK}&grain=30min"), "minutes_30") == [
        "ma 1/3/2027 09:00",
        "vr 5/3/2027 14:00",
    ]
    assert periods(await text(house, f"/reports?{WEEK}&grain=60min"), "minutes_60") == [
        "ma 1/3/2027 09:00",
        "vr 5/3/2027 14:00",
    ]
    monday = await text(house, "/reports?from=2027-03-01&to=2027-03-01&grain=15min")
    assert periods(monday, "minutes_15") == ["ma 1/3/2027 09:00", "ma 1/3/2027 09:15"]


async def test_the_heat_map_says_when_it_is_busy(house: House) -> None:
    page = await text(house, f"/reports?{WEEK}")
    assert "Het meest: ma 9:00: 20." in page
    assert re.search(r"<rect[^>]*k-tone-5[^>]*><title>ma 9:00: 20</title>", page)


async def test_files_of_the_same_selection(house: House) -> None:
    async with signed_in(house, Role.SUPERVISOR) as browser:
        page = (await browser.get(f"/reports?{WEEK}&line=sportlijn&line=gentinfo")).text
        href = re.findall(r'href="(/api/reports\.csv[^"]*)"', page)[0].replace("&amp;", "&")
        file = (await browser.get(href)).text
        book = await browser.get(href.replace(".csv", ".xlsx"))
    head, first, *_ = file.splitlines()
    assert dict(zip(head.split(","), first.split(","), strict=True))["reachability_of"] == "20"
    assert book.status_code == 200


async def test_figures_of_single_operators_are_written_down_and_others_are_not(house: House) -> None:
    page = await text(house, f"/reports?{WEEK}")
    assert "An Peeters" not in page
    assert "report_operators_seen" not in [action for _, action, _ in await house.audit()]
    page = await text(house, f"/reports/operators?{WEEK}", role=Role.ADMIN)
    assert "An Peeters" in page and "24 / 24" in page
    assert ("ada", "report_operators_seen", "") in await house.audit()


async def test_a_gap_is_marked_and_listed(house: House, tmp_path: Path) -> None:
    gone, back = at("2027-03-05T15:00"), at("2027-03-05T15:40")
    place = Place(house.url, tmp_path / "spill")
    was, now = OperatorState.NOT_READY, OperatorState.AVAILABLE
    await place.write([ev.OperatorChanged(gone - 3600, OperatorId("an_peeters"), was, now, None, "an")])
    await place.write([ev.LinkWentDown(gone, "closed")])
    await place.write([ev.LinkCameUp(back, 0, 0)])
    page = await text(house, f"/reports?{WEEK}")
    assert "Tijdens 40 min van deze periode kon niets gezien worden" in page
    assert page.count("40 min niet gezien") >= 2
    assert "2027-03-05 15:00:00 – 2027-03-05 15:40:00" in page
    later = "from=2027-03-03&to=2027-03-03&base_from=2027-03-05&base_to=2027-03-05"
    page = await text(house, f"/reports?{later}")
    assert "Tijdens 40 min van de nulmeting kon niets gezien worden" in page and "van deze periode kon" not in page
    page = await text(house, f"/reports/operators?{WEEK}", role=Role.ADMIN)
    assert "2027-03-05 15:00:00 – 2027-03-05 15:40:00" in page
    assert "telt de toestand van ervoor door" in page.partition('id="states"')[2]


async def test_time_opens_the_times_behind_it_and_that_is_written_down(house: House, tmp_path: Path) -> None:
    place = Place(house.url, tmp_path / "spill")
    morning, an, s = at("2027-03-03T09:00"), OperatorId("an"), OperatorState
    steps = (s.NOT_READY, "koffie"), (s.AVAILABLE, None), (s.RESERVED, None), (s.RINGING, None), (s.IN_CALL, None)
    before = s.LOGGED_OUT
    for minutes, (state, reason) in enumerate((*steps, (s.LOGGED_OUT, None))):
        await place.write([ev.OperatorChanged(morning + 60 * minutes, an, before, state, reason, "an")])
        before = state
    page = await text(house, f"/reports?{WEEK}")
    # 3 of 4 minutes: reserved, ringing and in a call; available is below the line alone, a pause nowhere.
    assert "75,0 % – toon deze tijden" in row(page, "figure-occupancy")
    [occupancy] = set(re.findall(r'href="(/reports/states[^"]*of=occupancy)"', page))
    opened = await text(house, occupancy.replace("&amp;", "&"))
    assert 'id="count">4<' in opened and opened.count("✓ ja") == 3 and opened.count("✗ nee") == 1
    [ringing] = set(re.findall(r'href="(/reports/states[^"]*state=ringing)"', page))
    assert 'id="count">2<' in await text(house, ringing.replace("&amp;", "&"))
    operators = await text(house, f"/reports/operators?{WEEK}")
    [paused] = set(re.findall(r'href="(/reports/states[^"]*state=not_ready[^"]*operator=an)"', operators))
    opened = await text(house, paused.replace("&amp;", "&"))
    assert "An Peeters" in opened and "1:00" in opened and "koffie" in opened.lower()
    assert ("sven", "report_operators_seen", "") in await house.audit()
    await text(house, f"/reports/states?{WEEK}&of=reachability", 422)
    await text(house, f"/reports/states?{WEEK}&state=bored", 422)
    assert 'id="nothing"' in await text(house, f"/reports/states?{WEEK}&operator=nobody")


async def test_the_language_can_be_changed_without_losing_a_line(house: House) -> None:
    page = await text(house, f"/reports?{WEEK}&line=sportlijn&line=gentinfo")
    assert f'href="/reports?{WEEK}&amp;line=sportlijn&amp;line=gentinfo&amp;lang=fr"'.replace("&amp;", "&") in (
        page.replace("&amp;", "&")
    )


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("/reports?from=2027-03-07&to=2027-03-01", "Kies een eerste en een laatste dag"),
        ("/reports?from=yesterday", "Kies een eerste en een laatste dag"),
        ("/reports?from=2019-01-01", "Kies een eerste en een laatste dag"),
        ("/reports?to=0001-01-01", "Kies een eerste en een laatste dag"),
        ("/reports?from=2027-02-20&to=2027-02-27&grain=30min", "Stukken van 30 minuten gaan tot 7 dagen"),
        ("/reports?from=2027-02-20&to=2027-02-23&grain=15min", "Stukken van 15 minuten gaan tot 3 dagen"),
        (f"/reports/operators?{WEEK}&base_from=no", "Kies een eerste en een laatste dag"),
    ],
)
async def test_what_cannot_be_is_told_beside_the_form(house: House, address: str, told: str) -> None:
    page = await text(house, address, 422)
    assert told in page and "<form" in page and 'id="all"' not in page


async def test_nothing_in_a_period_says_so(house: House) -> None:
    page = await text(house, "/reports?from=2026-03-01&to=2026-03-02")
    assert "Geen oproepen in deze periode" in page and 'id="all"' not in page
    page = await text(house, "/reports/calls?from=2026-03-01&to=2026-03-02&of=reachability")
    assert 'id="nothing"' in page


async def test_what_counts_no_rows_opens_none(house: House) -> None:
    await text(house, f"/reports/calls?{WEEK}&of=occupancy", 422)
    await text(house, f"/reports/calls?{WEEK}&of=luck", 422)


async def test_records_that_cannot_be_read_are_a_page_that_says_so(house: House, tmp_path: Path) -> None:
    await Place(house.url, tmp_path / "spill").execute('DROP TABLE "call"')
    page = await text(house, f"/reports?{WEEK}", 503)
    assert "<main" in page and 'id="all"' not in page
