"""The page about citizens: the numbers of the records, with their n, and each opens what it counts."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from acd.model import events as ev
from acd.model.account import Role
from acd.model.ids import CallId, LineId, OfferId
from tests.records.places import Place
from tests.records.test_citizens import answered, converse
from tests.records.test_survey import asked
from tests.web.house import House, opened, signed_in

DAY = 86_400.0
FIRST = 1_805_000_000.0
"""A morning in March 2027."""
WEEK = "from=2027-03-01&to=2027-03-31"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with opened(tmp_path) as house:
        place = Place(house.url, tmp_path / "spill")
        numbers = ["+32470000001", "+32470000001", "+32470000002", None]
        calls = [answered(f"9.{n}", FIRST + n * DAY, number) for n, number in enumerate(numbers)]
        surveys = [asked(f"9.{n}", FIRST + n * DAY, courtesy=6 + n) for n in range(3)]
        await place.write([event for some in (*calls, *surveys) for event in some], key=b"key")
        await converse(
            place,
            ("9.0", FIRST, "gentinfo", ("afval", "klacht"), False),
            ("9.1", FIRST + DAY, "gentinfo", ("afval",), True),
            ("9.2", FIRST + 2 * DAY, "gentinfo", ("gone",), None),
        )
        house.now = FIRST + 20 * DAY
        yield house


async def get(house: House, address: str, role: Role = Role.SUPERVISOR, status: int = 200) -> str:
    async with signed_in(house, role) as browser:
        answer = await browser.get(address)
    assert answer.status_code == status
    return answer.text.replace("\N{NARROW NO-BREAK SPACE}", " ").replace("&amp;", "&")


def section(page: str, id: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", page.partition(f'id="{id}"')[2].partition("</section>")[0]).split())


async def test_subjects_repeat_callers_and_scores_stand_there_with_their_numbers(house: House) -> None:
    page = await get(house, f"/reports/citizens?{WEEK}")
    subjects = section(page, "subjects")
    assert "Afval 2 – toon deze oproepen 66,7 % – toon deze oproepen * (weinig oproepen) 2 / 3 50,0 %" in subjects
    assert "1 / 2" in subjects
    # A subject that the city has no more goes by its id.
    assert "gone 1" in subjects
    repeats = section(page, "repeats")
    assert "33,3 %" in repeats and "1 / 3" in repeats and "(verborgen of gewist nummer): 1." in repeats
    survey = section(page, "survey")
    assert "Vriendelijkheid 7,0" in survey and "n = 3" in survey and "3 / 3" in survey


async def test_two_times_side_by_side(house: House) -> None:
    page = await get(house, f"/reports/citizens?{WEEK}&base_from=2027-02-01&base_to=2027-02-20")
    assert "Nulmeting" in section(page, "subjects") and "–" in section(page, "survey")


async def test_a_subject_opens_its_conversations_and_that_is_written_down(house: House) -> None:
    page = await get(house, f"/reports/citizens?{WEEK}")
    [link] = set(re.findall(r'href="(/reports/conversations[^"]*subject=afval)"', page))
    opened = await get(house, link)
    assert re.findall(r'href="/calls/([\d.]+)"', opened) == ["9.0", "9.1"]
    assert "secret" not in opened and "Marie" not in opened
    assert ("sven", "report_calls_seen", "") in await house.audit()
    none = await get(house, "/reports/conversations?from=2027-03-01&to=2027-03-31&line=sportlijn")
    assert 'id="nothing"' in none


async def test_the_same_as_files_and_for_programs(house: House) -> None:
    async with signed_in(house, Role.SUPERVISOR) as browser:
        for about, first in {
            "subjects": "gentinfo,afval,2,3,",
            "repeats": "gentinfo,3,1,0.333",
            "survey": "gentinfo,courtesy,3,7.0,3,1.0,",
        }.items():
            lines = (await browser.get(f"/api/reports/{about}.csv?{WEEK}")).text.splitlines()
            assert lines[1].startswith(first), lines
            book = await browser.get(f"/api/reports/{about}.xlsx?{WEEK}")
            assert book.content[:2] == b"PK"
            assert (await browser.get(f"/api/reports/{about}?{WEEK}")).status_code == 200
        other = (await browser.get(f"/api/reports/survey?{WEEK}&line=sportlijn")).json()
        assert other["results"] == []


async def test_a_settled_share_opens_the_conversations_of_which_it_was_noted(house: House) -> None:
    page = await get(house, f"/reports/citizens?{WEEK}")
    found = [href.replace("&amp;", "&") for href in re.findall(r'href="(/reports/conversations[^"]*noted=true)"', page)]
    of_both = next(href for href in found if "subject=afval" in href)
    assert 'id="count">2<' in await get(house, of_both)
    # Of the third conversation nothing was noted: a share of nothing is no percentage, and opens nothing.
    assert not [href for href in found if "subject=gone" in href]
    assert 'id="count">1<' in await get(house, f"/reports/conversations?{WEEK}&line=gentinfo&subject=gone")
    assert 'id="nothing"' in await get(house, f"/reports/conversations?{WEEK}&line=gentinfo&subject=gone&noted=true")


async def test_a_mean_a_response_and_a_score_open_the_answers_and_that_is_written_down(house: House) -> None:
    page = await get(house, f"/reports/citizens?{WEEK}")
    given, response, *scores = re.findall(r'href="(/reports/answers[^"]*)"', page)
    opened = await get(house, given)
    assert 'id="count">3<' in opened and "Vriendelijkheid" in opened and "steekproef" in opened
    assert re.findall(r'href="/calls/([\d.]+)"', opened) == ["9.0", "9.1", "9.2"]
    assert 'id="count">3<' in await get(house, response)
    found = [await get(house, href) for href in scores]
    assert [re.findall(r'href="/calls/([\d.]+)"', one) for one in found] == [["9.0"], ["9.1"], ["9.2"]]
    assert ("sven", "report_calls_seen", "") in await house.audit()
    assert 'id="nothing"' in await get(house, f"{given}&score=1")
    await get(house, f"{given}&score=11", status=422)
    await get(house, f"/reports/answers?{WEEK}&question=%00", status=422)
    for word in ("subject", "line", "operator"):
        await get(house, f"/reports/conversations?{WEEK}&{word}=%00", status=422)


async def test_who_gave_no_score_stands_among_those_who_were_asked(house: House, tmp_path: Path) -> None:
    place = Place(house.url, tmp_path / "spill")
    back = CallId("acd-cb-7")
    begun = ev.SurveyStarted(FIRST, back, LineId("gentinfo"), None, FIRST, True, OfferId(7))
    await place.write([*asked("9.3", FIRST + 3 * DAY), begun])
    address = f"/reports/answers?{WEEK}&line=gentinfo&question=courtesy"
    opened = await get(house, address)
    assert 'id="count">5<' in opened and "teruggebeld" in opened and "door de operator gestuurd" in opened
    assert opened.count(">geen<") == 2
    assert 'id="count">3<' in await get(house, f"{address}&given=true")


async def test_what_could_not_be_seen_is_marked_on_the_page_in_files_and_for_programs(
    house: House, tmp_path: Path
) -> None:
    gone = FIRST + 2 * DAY
    lost: list[ev.Event] = [ev.LinkWentDown(gone, "closed"), ev.LinkCameUp(gone + 1800, 0, 0)]
    await Place(house.url, tmp_path / "spill").write(lost)
    page = await get(house, f"/reports/citizens?{WEEK}")
    assert "Tijdens 30\xa0min van deze periode kon niets gezien worden" in page and "Niet gezien</h3>" in page
    for about in ("subjects", "repeats", "survey"):
        assert msgspec.json.decode(await get(house, f"/api/reports/{about}?{WEEK}"))["gap"] == 1800.0
        file = await get(house, f"/api/reports/{about}.csv?{WEEK}")
        head, first, *_ = file.splitlines()
        assert dict(zip(head.split(","), first.split(","), strict=True))["gap_seconds"] == "1800.0"
        assert "gap: counts are a lower bound,2027-03-" in file


async def test_a_time_in_which_nobody_called(house: House) -> None:
    page = await get(house, "/reports/citizens?from=2026-03-01&to=2026-03-02")
    assert "Geen oproepen in deze periode" in page and 'id="subjects"' not in page
