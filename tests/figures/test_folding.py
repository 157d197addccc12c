"""Days put together say what the records say of weeks, months and weekdays."""

import pytest

from acd.figures.folding import folded
from acd.figures.periods import Grain
from acd.figures.report import Dimension
from acd.model.outcome import Outcome
from tests.figures.ledger import at, call, reported, write
from tests.records.places import Place

KEYS = ["offered", "answered", "reachability", "service_level@20", "asa", "longest_wait"]
TIME = (at("2027-02-22T00:00"), at("2027-04-05T00:00"))


async def history(place: Place) -> None:
    days = ["02-24", "02-28", "03-01", "03-03", "03-10", "03-27", "03-28", "03-31", "04-01"]
    for n, day in enumerate(days):
        begin = at(f"2027-{day}T10:00")
        for k in range(n + 1):
            outcome = Outcome.ABANDONED if k % 3 == 2 else Outcome.ANSWERED
            line = "sportlijn" if k % 2 else "gentinfo"
            await write(place, call(outcome, 11.0 + 7 * k, begin + 600 * k, line))


@pytest.mark.parametrize("grain", [Grain.DAY, Grain.WEEK, Grain.MONTH, Grain.WEEKDAY])
@pytest.mark.parametrize("by", [(), (Dimension.LINE,)])
async def test_folding_gives_what_the_records_give(sqlite: Place, grain: Grain, by: tuple[Dimension, ...]) -> None:
    await history(sqlite)
    days = await reported(sqlite, KEYS, *TIME, grain=Grain.DAY, by=by)
    whole = await reported(sqlite, KEYS, *TIME, grain=grain, by=by)
    told = [(row.period, row.line, row.values) for row in folded(days, grain)]
    assert told == [(row.period, row.line, row.values) for row in whole.rows]


async def test_what_cannot_be_added_up_is_refused(sqlite: Place) -> None:
    citizens = await reported(sqlite, ["citizen_reachability"], *TIME, grain=Grain.DAY)
    with pytest.raises(ValueError, match="citizens"):
        folded(citizens, Grain.WEEK)
    weeks = await reported(sqlite, ["offered"], *TIME, grain=Grain.WEEK)
    with pytest.raises(ValueError, match="only days"):
        folded(weeks, Grain.MONTH)
