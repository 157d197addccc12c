"""Periods as the clocks of Brussels cut them."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.figures.periods import (
    BadPeriod,
    Grain,
    ahead,
    bucket,
    clock_changes,
    days_of,
    label,
    moment,
    number_of,
    numbers,
    pieces,
    raw,
)
from acd.model.zone import ZONE
from tests.figures.naive import named

moments = st.integers(int(datetime(2020, 1, 1).timestamp()) * 4, int(datetime(2040, 1, 1).timestamp()) * 4).map(
    lambda quarter: quarter / 4
)


@given(at=moments, grain=st.sampled_from(Grain))
def test_a_period_is_called_as_the_calendar_calls_it_and_is_found_again_by_its_name(at: float, grain: Grain) -> None:
    number = bucket(grain, raw(grain, at))
    assert label(grain, number) == named(grain.value, at)
    assert number_of(grain, label(grain, number)) == number


@given(began=moments, seconds=st.integers(0, 40 * 86_400), grain=st.sampled_from(Grain))
def test_the_pieces_of_a_span_are_the_whole_span(began: float, seconds: int, grain: Grain) -> None:
    cut = list(pieces(grain, began, began + seconds))
    assert sum(part for _, part in cut) == pytest.approx(seconds)
    assert {number for number, _ in cut} <= set(numbers(grain, began, began + seconds))


@given(since=moments, days=st.integers(0, 800))
def test_the_changes_of_the_clock_tell_how_far_ahead_it_is(since: float, days: int) -> None:
    until = since + days * 86_400
    changes = clock_changes(since, until)
    for at in (since, (since + until) / 2, until):
        known = [seconds for begin, seconds in changes if begin <= at]
        if at < until or not days:
            assert known[-1] == ahead(at)


@given(at=moments, grain=st.sampled_from([Grain.WEEK, Grain.MONTH]))
def test_a_week_and_a_month_know_their_days(at: float, grain: Grain) -> None:
    first, last = days_of(grain, bucket(grain, raw(grain, at)))
    assert {bucket(grain, day) for day in range(first, last + 1)} == {first}
    assert bucket(grain, last + 1) == last + 1


def test_days_and_moments_are_read_on_the_clock_of_brussels() -> None:
    assert moment("2027-03-28", end=True) - moment("2027-03-28") == 23 * 3600
    assert moment("2027-10-31", end=True) - moment("2027-10-31") == 25 * 3600
    assert moment("2027-03-01T09:30") == datetime(2027, 3, 1, 9, 30, tzinfo=ZONE).timestamp()
    assert moment("2027-03-01T09:30+00:00") == moment("2027-03-01T10:30")


@pytest.mark.parametrize("text", ["", "yesterday", "2027-13-01", "01/03/2027", "2027-03-01T25:00", "0001-01-01T00:00"])
def test_what_is_no_period_is_told(text: str) -> None:
    with pytest.raises(BadPeriod, match="a day looks like 2027-03-01"):
        moment(text)


@pytest.mark.parametrize(("grain", "text"), [(Grain.DAY, "2027-02-30"), (Grain.WEEK, "2027-W54"), (Grain.SLOT, "x"),
    (Grain.MINUTES_15, "0001-01-01T00:00+14:00")])  # fmt: skip
def test_a_period_that_is_not_there_is_told(grain: Grain, text: str) -> None:
    with pytest.raises(BadPeriod):
        number_of(grain, text)
