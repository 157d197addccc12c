"""Days begin and end at midnight in Brussels, also when the clock is changed."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.records import day_bounds, day_of


@pytest.mark.parametrize(
    ("day", "begins", "hours"),
    [
        (date(2025, 1, 15), "2025-01-14T23:00:00", 24),
        (date(2025, 7, 15), "2025-07-14T22:00:00", 24),
        (date(2025, 3, 30), "2025-03-29T23:00:00", 23),
        (date(2025, 10, 26), "2025-10-25T22:00:00", 25),
    ],
)
def test_a_day_lasts_23_to_25_hours(day: date, begins: str, hours: int) -> None:
    since, until = day_bounds(day)
    assert since == datetime.fromisoformat(begins).replace(tzinfo=UTC).timestamp()
    assert until - since == hours * 3600


def test_a_week() -> None:
    since, until = day_bounds(date(2025, 10, 20), date(2025, 10, 26))
    assert until - since == (7 * 24 + 1) * 3600
    assert since == day_bounds(date(2025, 10, 20))[0]


@given(at=st.floats(min_value=0, max_value=4e9))
def test_every_moment_lies_in_exactly_one_day(at: float) -> None:
    day = day_of(at)
    since, until = day_bounds(day)
    assert since <= at < until
    assert day_bounds(day + timedelta(days=1))[0] == until
