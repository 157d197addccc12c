"""Each whole period is due once, at its moment on the clock of Brussels, whenever one looks."""

from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.mail.schedule import MOST, due_at, last_day, latest, missing
from acd.model.mailing import Cadence, Mailing
from acd.model.zone import ZONE


def mailing(when: Cadence, at: int = 7 * 3600) -> Mailing:
    return Mailing("m", when, at, ("a@b.example",))


def clock(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp()


@pytest.mark.parametrize(
    ("when", "first", "last", "due"),
    [
        (Cadence.DAILY, "2027-03-27", "2027-03-27", "2027-03-28T07:00"),  # the night in which summer begins
        (Cadence.DAILY, "2027-10-30", "2027-10-30", "2027-10-31T07:00"),
        (Cadence.WEEKLY, "2027-03-01", "2027-03-07", "2027-03-08T07:00"),
        (Cadence.MONTHLY, "2028-02-01", "2028-02-29", "2028-03-01T07:00"),
        (Cadence.MONTHLY, "2027-12-01", "2027-12-31", "2028-01-01T07:00"),
    ],
)
def test_a_period_is_due_when_it_is_over(when: Cadence, first: str, last: str, due: str) -> None:
    one, day = mailing(when), date.fromisoformat(first)
    assert last_day(when, day) == date.fromisoformat(last)
    assert due_at(one, day) == clock(due)
    assert latest(one, clock(due)) == day
    assert latest(one, clock(due) - 1) < day


@given(
    st.sampled_from(Cadence),
    st.integers(0, 1439).map(lambda minute: minute * 60),
    st.floats(clock("2027-01-01"), clock("2029-01-01")),
    st.lists(st.floats(60.0, 20 * 86_400.0), min_size=1, max_size=12),
)
def test_whenever_one_looks_no_period_is_left_out_and_none_comes_twice(
    when: Cadence, at: int, begin: float, pauses: list[float]
) -> None:
    one, now = mailing(when, at), begin
    known = first = latest(one, now)
    sent: list[date] = []
    for pause in pauses:
        now += pause
        for period in missing(one, known, now):
            assert due_at(one, period) <= now
            sent.append(period)
            known = period
    days = [first, *sent]
    for before, after in pairwise(days):
        assert after == last_day(when, before) + timedelta(1)
    assert days[-1] == latest(one, now)


def test_after_a_long_time_away_only_the_last_month_of_days_is_sent() -> None:
    one = mailing(Cadence.DAILY)
    found = list(missing(one, date(2027, 1, 1), clock("2027-06-01T08:00")))
    assert (len(found), found[-1]) == (MOST, date(2027, 5, 31))
