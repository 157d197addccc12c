"""How many calls of each gap were repaired: the same as asked gap by gap, without asking gap by gap."""

import random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, text

from acd.figures.report import Gap
from acd.records import tables
from acd.records.database import connect
from acd.records.gaps import count_repaired
from acd.records.repair import MARGIN
from acd.records.views import VIEWS
from tests.figures.ledger import reported
from tests.records.places import Place

MOMENTS = st.integers(0, 60).map(float)
GAPS = st.builds(Gap, st.none() | MOMENTS, st.none() | MOMENTS, st.just("EOF"))
CALLS = st.lists(st.tuples(MOMENTS, MOMENTS)).map(sorted)
"""Also of a clock that was set back: ended before they began."""


@given(st.lists(GAPS), CALLS)
def test_each_gap_has_the_repaired_calls_that_overlap_it(gaps: list[Gap], calls: list[tuple[float, float]]) -> None:
    def naive(gap: Gap) -> int:
        begin = (gap.began_at or 0.0) - MARGIN
        return sum(gap.ended_at is not None and came < gap.ended_at and went > begin for came, went in calls)

    assert [gap.repaired for gap in count_repaired(gaps, calls)] == [naive(gap) for gap in gaps]


async def a_week_of_gaps(place: Place) -> None:
    chance, week = random.Random(4), 7 * 86_400.0
    base = {"offers": 0, "fallback": False}
    calls: list[dict[str, Any]] = []
    for n in range(300):
        came = chance.uniform(0, week)
        went, repaired = came + chance.expovariate(1 / 300), came + 4000 if chance.random() < 0.3 else None
        calls.append(base | {"call": f"17.{n}", "arrived_at": came, "ended_at": went, "repaired_at": repaired})
    calls.append(base | {"call": "17.x", "arrived_at": week, "ended_at": None, "repaired_at": week + 1})
    gaps: list[dict[str, Any]] = [{"seq": 1, "began_at": None, "ended_at": 50.0, "reason": "silent"}]
    for n in range(40):
        began = chance.uniform(0, week)
        gaps.append({"seq": n + 2, "began_at": began, "ended_at": began + 3600, "reason": "silent"})
    gaps.append({"seq": 90, "began_at": week, "ended_at": None, "reason": "silent"})
    engine = connect(place.url)
    try:
        async with engine.begin() as connection:
            await connection.execute(insert(tables.call), calls)
            await connection.execute(insert(tables.gap), gaps)
    finally:
        await engine.dispose()


async def test_the_report_and_the_view_say_the_same_of_each_gap(place: Place) -> None:
    await a_week_of_gaps(place)
    told = [gap.repaired for gap in (await reported(place, ["offered"], 0.0, 8 * 86_400.0)).gaps]
    engine = connect(place.url, readonly=True)
    try:
        async with engine.connect() as connection:
            viewed = await connection.execute(text("SELECT repaired_calls FROM report_gap ORDER BY gap"))
            assert told == list(viewed.scalars())
    finally:
        await engine.dispose()
    assert len(told) == 42 and sum(told) > 10 and told[-1] == 0


async def test_sqlite_does_not_read_every_call_for_each_gap(sqlite: Place) -> None:
    """Without statistics, which nobody makes for it."""
    await a_week_of_gaps(sqlite)
    [view] = [view for view in VIEWS if view.name == "report_gap"]
    engine = connect(sqlite.url, readonly=True)
    try:
        async with engine.connect() as connection:
            plan = await connection.execute(text(f"EXPLAIN QUERY PLAN SELECT * FROM {view.name}"))
            told = [row[3] for row in plan if " c " in f"{row[3]} "]
    finally:
        await engine.dispose()
    assert told == ["SEARCH c USING INDEX ix_call_repaired (arrived_at<?)"]
