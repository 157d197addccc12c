"""What a day was to be expected to bring, beside what its weekday brought before."""

from datetime import date

import pytest

from acd.callbacks.forecast import Forecast, half_hour, slot_of
from acd.callbacks.outlook import outlook
from acd.callbacks.slots import Planner
from acd.config import Interval
from acd.model.history import History
from tests.callbacks.places import INFO, SPORT, at, small_city
from tests.callbacks.test_forecast import NOW, TODAY, arrivals

TEN = half_hour(at(f"{TODAY} 10:00"))


def test_the_same_weekday_is_the_mean_of_the_past_weeks() -> None:
    city = small_city()
    past = {
        INFO: arrivals(lambda day, slot: (20 if day.isocalendar().week % 2 else 30) + slot if day.weekday() == 0 else 1)
    }
    found = outlook(city, Forecast(city, History(arrivals=past), NOW), past, TODAY)[INFO]
    assert found.weeks == 8
    assert found.usual[TEN] == pytest.approx(25 + slot_of(TEN))
    assert found.usual[half_hour(at(f"{TODAY} 06:00"))] == 0


def test_what_is_expected_is_the_forecast_in_the_opening_hours() -> None:
    city = small_city()
    past = {INFO: arrivals(lambda day, slot: slot)}
    forecast = Forecast(city, History(arrivals=past), NOW)
    found = outlook(city, forecast, past, TODAY)[INFO]
    assert min(found.expected) == half_hour(at(f"{TODAY} 09:00"))
    assert max(found.expected) == half_hour(at(f"{TODAY} 16:30"))
    assert found.expected[TEN] == forecast.calls(INFO, TODAY, slot_of(TEN)) > 0


def test_without_records_there_is_a_forecast_and_no_weekday() -> None:
    found = Planner(small_city(), History(), NOW).outlook(NOW)
    assert found[INFO].expected[TEN] > 0
    assert (found[INFO].usual, found[INFO].weeks) == ({}, 0)


def test_a_line_without_calls_on_recorded_days_had_none() -> None:
    past = {INFO: arrivals(lambda day, slot: 5)}
    found = Planner(small_city(), History(arrivals=past), NOW).outlook(NOW)
    assert found[SPORT].weeks == 8 and found[SPORT].usual[TEN] == 0


@pytest.mark.parametrize(("day", "half_hours"), [("2027-03-28", 46), ("2027-10-31", 50), ("2027-06-01", 48)])
def test_a_day_has_the_half_hours_that_the_clock_gives_it(day: str, half_hours: int) -> None:
    city = small_city(((Interval(9 * 60, 17 * 60),),) * 7)
    now = at(f"{day} 12:00")
    past = {INFO: {half_hour(now - 7 * 86_400): 3, half_hour(now - 20 * 86_400): 1}}
    found = outlook(city, Forecast(city, History(arrivals=past), now), past, date.fromisoformat(day))
    assert len(found[INFO].usual) == half_hours
