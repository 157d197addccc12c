"""What is expected of the days to come."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta

import pytest

from acd.callbacks.forecast import DAY_SLOTS, Forecast, half_hour, slot_of, usual_profile
from acd.config import Interval
from acd.model.history import History
from acd.model.ids import LineId
from tests.callbacks.places import GENT, INFO, OFFICE_WEEK, SPORT, at, small_city

NOW = at("2027-03-01 10:00")
"""A Monday."""
TODAY = date(2027, 3, 1)
HOLIDAY = date(2027, 3, 29)

Counts = Callable[[date, int], int]


def arrivals(counts: Counts, weeks: int = 8, until: date = TODAY) -> dict[int, int]:
    """Calls by half-hour over the past weeks, during office hours; ``counts(date, slot)`` says how many. They begin on
    a Friday, which does not count because it is the first day."""
    found = {}
    for ahead in range(-7 * weeks - 3, (until - TODAY).days):
        day = TODAY + timedelta(ahead)
        for slot in range(18, 34):
            start = half_hour(at(f"{day} {slot // 2:02}:{slot % 2 * 30:02}"))
            if day.weekday() < 5 and (calls := counts(day, slot)):
                found[start] = calls
    return found


def forecast(counts: Mapping[LineId, dict[int, int]], now: float = NOW, **given: float) -> Forecast:
    volumes = {INFO: given.get("info", 40.0), SPORT: given.get("sport", 40.0)}
    return Forecast(small_city(calls=volumes), History(arrivals=counts), now)


def day_total(of: Forecast, line: LineId, day: date) -> float:
    return sum(of.calls(line, day, slot) for slot in range(DAY_SLOTS))


def test_without_records_the_given_volume_counts_with_mondays_and_ten_oclock_as_peaks() -> None:
    week = [day_total(forecast({}, info=300), INFO, TODAY + timedelta(n)) for n in range(7)]
    assert sum(week) / 5 == pytest.approx(300)
    assert week[0] == max(week) and week[5:] == [0, 0]
    day = [forecast({}, info=300).calls(INFO, TODAY, slot) for slot in range(DAY_SLOTS)]
    assert max(day) == day[20] and day[17] == day[34] == 0


def test_a_usual_week_of_any_hours_brings_the_volume_on_the_mean_of_its_open_days() -> None:
    hours = ((Interval(13 * 60, 22 * 60 + 15),),) * 7
    assert sum(map(sum, usual_profile(hours, 18.0))) == pytest.approx(7 * 18)
    assert sum(map(sum, usual_profile(((),) * 7, 18.0))) == 0


def test_weeks_that_are_all_alike_are_expected_to_go_on() -> None:
    """Whatever volume was given: four weeks of records are enough."""
    of = forecast({INFO: arrivals(lambda day, slot: 10 + day.weekday() + slot)}, info=5000)
    for ahead in range(5):
        for slot in range(18, 34):
            assert of.calls(INFO, TODAY + timedelta(ahead), slot) == pytest.approx(10 + ahead + slot)
    assert of.level(INFO) == pytest.approx(1.0)


def test_the_profile_is_the_mean_of_the_weeks() -> None:
    of = forecast({INFO: arrivals(lambda day, slot: 20 if day.isocalendar().week % 2 else 30)})
    assert of.calls(INFO, TODAY, 20) / of.level(INFO) == pytest.approx(25)


def test_the_level_follows_the_last_days() -> None:
    """Every half-hour 10, then 20 on the last three working days: the profile of their weekdays rises a little, the
    level of all days much more."""
    loud = {date(2027, 2, 24), date(2027, 2, 25), date(2027, 2, 26)}
    of = forecast({INFO: arrivals(lambda day, slot: 20 if day in loud else 10)})
    ratio = 20 / 11.25
    expected = 1.0
    for actual in (1.0, 1.0, *[10 / 11.25] * 3) * 7 + (1.0, 1.0, ratio, ratio, ratio):
        expected += 0.4 * (actual - expected)
    assert of.level(INFO) == pytest.approx(expected)
    assert 13 < of.calls(INFO, TODAY, 20) < 17


@pytest.mark.parametrize("weeks", [1, 2, 3])
def test_until_there_are_four_weeks_a_usual_profile_of_that_volume_stands_in_for_those_that_are_missing(
    weeks: int,
) -> None:
    of = forecast({INFO: arrivals(lambda day, slot: 10, weeks)}, info=5000)
    given = usual_profile(OFFICE_WEEK, 160)[0][20]
    assert of.calls(INFO, TODAY, 20) / of.level(INFO) == pytest.approx((weeks * 10 + (4 - weeks) * given) / 4)


def test_a_wrong_volume_is_mended_after_a_week() -> None:
    """calls_per_day was never set: 1 instead of 320."""
    of = forecast({INFO: arrivals(lambda day, slot: 20, weeks=1)}, info=1)
    assert 320 <= day_total(of, INFO, TODAY) < 1.3 * 320


def test_holidays_get_nothing_and_teach_nothing() -> None:
    now = at("2027-04-05 10:00")
    of = Forecast(
        small_city(),
        History(arrivals={INFO: arrivals(lambda day, slot: 0 if day == HOLIDAY else 12, 8, date(2027, 4, 5))}),
        now,
    )
    assert of.calls(INFO, date(2027, 4, 5), 20) == pytest.approx(12), "Easter Monday is no Monday"
    assert of.level(INFO) == pytest.approx(1.0)
    assert day_total(of, INFO, date(2027, 5, 17)) == 0, "nor is Whit Monday"


def test_days_without_any_records_teach_nothing() -> None:
    away = {date(2027, 2, 22), date(2027, 2, 23)}
    of = forecast({INFO: arrivals(lambda day, slot: 0 if day in away else 12)})
    assert of.calls(INFO, TODAY, 20) == pytest.approx(12)


def test_today_and_the_first_day_of_the_records_are_half_days_that_teach_nothing() -> None:
    counts = arrivals(lambda day, slot: 12) | {half_hour(NOW): 500, half_hour(at("2027-01-03 23:30")): 9}
    assert forecast({INFO: counts}).calls(INFO, TODAY, 20) == pytest.approx(12)


def test_a_small_line_is_its_share_of_all_at_that_part_of_the_day() -> None:
    """Sport: one call each morning, at no fixed time; its expectation has the shape of the large line's morning."""
    large = arrivals(lambda day, slot: 40 if slot < 20 else 10)
    small = arrivals(lambda day, slot: 1 if slot == 18 + day.day % 6 else 0)
    of = forecast({INFO: large, SPORT: small})
    morning = [of.calls(SPORT, TODAY, slot) for slot in range(18, 24)]
    assert sum(morning) == pytest.approx(1.0, rel=0.02)
    assert morning[0] / morning[2] == pytest.approx(4, rel=0.15)
    assert all(of.calls(SPORT, TODAY, slot) == 0 for slot in range(24, 34)), "nobody called in the afternoon"


def test_a_small_line_that_is_open_alone_is_its_own_share() -> None:
    """The night shelter on a Saturday evening, when all other lines are closed."""
    night = LineId("nachtopvang")
    counts = {half_hour(at(f"{TODAY + timedelta(n)} {hour}:00")): 2 for n in range(-57, 0) for hour in range(13, 22)}
    of = Forecast(GENT, History(arrivals={night: counts}), NOW)
    assert day_total(of, night, date(2027, 3, 6)) == pytest.approx(18)


def test_half_hours_are_those_of_the_clock_in_summer_too() -> None:
    assert [slot_of(at(text)) for text in ("2027-03-01 10:00", "2027-07-01 10:00", "2027-07-01 10:59")] == [20, 20, 21]
    assert half_hour(at("2027-07-01 10:59")) == at("2027-07-01 10:30")


def test_a_line_that_is_not_there_is_told() -> None:
    with pytest.raises(KeyError):
        forecast({}).calls(LineId("nowhere"), TODAY, 20)
