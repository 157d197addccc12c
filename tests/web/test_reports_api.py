"""The figures for programs: right, streamed, refused with a reason, and written down where they tell of persons."""

import csv
import io
import json
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from acd.figures.table import FIGURES
from acd.model.account import Role
from acd.model.outcome import Outcome
from tests.figures.ledger import at, call
from tests.records.places import Place
from tests.web.house import House, opened, signed_in

DAY = "from=2027-03-01&to=2027-03-01"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with opened(tmp_path) as house:
        place, begin = Place(house.url, tmp_path / "spill"), at("2027-03-01T09:00")
        outcomes = [Outcome.ANSWERED] * 9 + [Outcome.ABANDONED] * 3
        await place.write([e for n, o in enumerate(outcomes) for e in call(o, 20.0, begin + 600 * n)])
        house.now = at("2027-03-02T00:00")
        yield house


async def test_a_report_tells_its_figures_with_formula_and_numbers(house: House) -> None:
    async with signed_in(house, Role.SUPERVISOR) as browser:
        answer = (
            await browser.get(f"/api/reports?{DAY}&grain=60min&by=line&figure=reachability&figure=offered")
        ).json()
    assert [(row["period"][11:16], row["line"], row["values"]["offered"]["value"]) for row in answer["rows"]] == [
        ("09:00", "gentinfo", 6),
        ("10:00", "gentinfo", 6),
    ]
    assert answer["total"]["values"]["reachability"] == {"part": 9, "of": 12, "value": 0.75, "weak": False}
    assert answer["figures"][0]["formula"] == FIGURES["reachability"].formula
    assert answer["figures"][0]["version"] == 1


async def test_every_percentage_opens_its_calls(house: House) -> None:
    async with signed_in(house, Role.SUPERVISOR) as browser:
        below = await browser.get(f"/api/reports/behind?{DAY}&of=reachability")
        above = await browser.get(f"/api/reports/behind?{DAY}&of=reachability&part=true")
        hour = await browser.get(
            f"/api/reports/behind?{DAY}&of=reachability&grain=60min&period=2027-03-01T10:00%2B01:00"
        )
    rows = [json.loads(row) for row in below.text.splitlines()]
    assert (len(rows), sum(row["counts"] for row in rows)) == (12, 9)
    assert (len(above.text.splitlines()), len(hour.text.splitlines())) == (9, 6)
    assert ("sven", "report_calls_seen", "") in await house.audit()


async def test_figures_by_operator_are_written_down_and_others_are_not(house: House) -> None:
    async with signed_in(house, Role.SUPERVISOR) as browser:
        await browser.get(f"/api/reports?{DAY}&figure=offered")
        before = await house.audit()
        rows = (await browser.get(f"/api/reports?{DAY}&figure=handled&by=operator")).json()["rows"]
    assert [(row["operator"], row["values"]["handled"]["value"]) for row in rows] == [("an", 9)]
    assert "report_operators_seen" not in [action for _, action, _ in before]
    assert "report_operators_seen" in [action for _, action, _ in await house.audit()]


async def test_the_same_as_csv_and_as_a_workbook(house: House) -> None:
    async with signed_in(house, Role.SUPERVISOR) as browser:
        text = (await browser.get(f"/api/reports.csv?{DAY}&figure=reachability")).text
        book = (await browser.get(f"/api/reports.xlsx?{DAY}&figure=reachability")).content
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0][4:] == ["reachability", "reachability_part", "reachability_of"]
    assert rows[2][4:] == ["0.75", "9", "12"]
    assert any(FIGURES["reachability"].formula in row for row in rows)
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        assert b"<v>0.75</v>" in archive.read("xl/worksheets/sheet1.xml")


async def test_the_rows_of_a_view_are_streamed(house: House) -> None:
    async with signed_in(house, Role.ADMIN) as browser:
        lines = (await browser.get(f"/api/reports/rows/call?{DAY}")).text.splitlines()
        text = (await browser.get(f"/api/reports/rows/call?{DAY}&format=csv")).text
    rows = [json.loads(line) for line in lines]
    assert [row["outcome"] for row in rows].count("answered") == 9
    assert rows[0]["day"] == "2027-03-01" and rows[0]["arrived"] == "2027-03-01 09:00:00"
    assert [row["call"] for row in csv.DictReader(io.StringIO(text))] == [row["call"] for row in rows]


async def test_the_distribution_of_waits(house: House) -> None:
    async with signed_in(house, Role.SUPERVISOR) as browser:
        waits = (await browser.get(f"/api/reports/waits?{DAY}&width=10")).json()
    assert waits == [
        {"from_seconds": 20.0, "width": 10.0, "outcome": "abandoned", "calls": 3},
        {"from_seconds": 20.0, "width": 10.0, "outcome": "answered", "calls": 9},
    ]


async def test_the_definitions_tell_every_figure(house: House) -> None:
    async with signed_in(house, Role.OPERATOR) as browser:
        told = (await browser.get("/api/reports/figures")).json()
    assert [one["meaning"]["key"] for one in told["figures"]] == list(FIGURES)
    assert "groningen" in [norm["id"] for norm in told["norms"]]


@pytest.mark.parametrize(
    ("address", "status", "told"),
    [
        ("/api/reports?from=yesterday", 422, "is no period"),
        ("/api/reports?from=2027-03-02&to=2027-03-01", 422, "ends before it begins"),
        ("/api/reports?figure=luck", 422, "there is no figure 'luck'"),
        ("/api/reports?figure=reachability@20", 422, "there is no figure"),
        ("/api/reports?from=2001-01-01&to=2027-01-01&grain=15min", 422, "too long"),
        ("/api/reports?grain=fortnight", 422, "grain"),
        ("/api/reports/behind?of=occupancy", 422, "no single rows"),
        ("/api/reports/behind?of=offered&grain=day&period=2027-02-30", 422, "is no period"),
        ("/api/reports/rows/account", 404, "no such view"),
    ],
)
async def test_what_cannot_be_is_told(house: House, address: str, status: int, told: str) -> None:
    async with signed_in(house, Role.SUPERVISOR) as browser:
        answer = await browser.get(address, headers={"Accept": "application/json"})
    assert answer.status_code == status
    assert told in answer.text
