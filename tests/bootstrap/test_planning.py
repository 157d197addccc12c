"""The planner that a service has: from the city's settings and its records."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from acd.bootstrap.planning import make_planner
from acd.config import load
from acd.model import events as ev
from acd.model.ids import CallId, LineId
from acd.model.outcome import Outcome
from acd.model.zone import ZONE
from acd.records import Archive, upgrade
from tests.records.places import Place

GENT = load(Path(__file__).parents[2] / "queues.yaml")
GENTINFO = LineId("gentinfo")
NOW = datetime(2027, 3, 1, 10, 3, tzinfo=ZONE)


@pytest.fixture
async def place(tmp_path: Path) -> Place:
    await upgrade(f"sqlite:///{tmp_path}/acd.db")
    return Place(f"sqlite:///{tmp_path}/acd.db", tmp_path / "spill.jsonl")


async def test_a_first_day_is_planned_by_the_settings_and_later_ones_by_the_records(place: Place) -> None:
    archive = Archive(place.url)
    try:
        first = (await make_planner(GENT, archive, NOW.timestamp())).expected_calls(NOW.timestamp())
        await place.write(*busy_weeks())
        later = (await make_planner(GENT, archive, NOW.timestamp())).expected_calls(NOW.timestamp())
    finally:
        await archive.close()
    assert 20 < first[GENTINFO] < 35, "300 calls a day, and Monday at ten is the peak"
    assert later[GENTINFO] == pytest.approx(2.0), "two calls in each half-hour of the past eight weeks"


def busy_weeks() -> list[list[ev.Event]]:
    steps: list[list[ev.Event]] = []
    begin = NOW.replace(hour=9, minute=0)
    for ahead in range(-59, 0):
        for n in range(32):
            at = (begin + timedelta(ahead, minutes=15 * n + 1)).timestamp()
            call = CallId(f"{ahead}.{n}")
            if (begin + timedelta(ahead)).weekday() < 5:
                steps.append(
                    [
                        ev.CallStarted(at, call, "3292101010", None, at),
                        ev.CallEnteredLine(at, call, GENTINFO, at, "nl", ""),
                        ev.OutcomeCounted(at, call, GENTINFO, Outcome.ABANDONED, 0.0),
                        ev.CallEnded(at, call, at),
                    ]
                )
    return steps


async def test_without_a_database_moments_are_promised_all_the_same(place: Place, tmp_path: Path) -> None:
    archive = Archive(place.url)
    (tmp_path / "acd.db").write_bytes(b"no database")
    try:
        planner = await make_planner(GENT, archive, NOW.timestamp())
    finally:
        await archive.close()
    assert planner.slots(GENTINFO, NOW.timestamp(), NOW.timestamp() + 86_400, {})
