"""Working days, over whole years, with holidays, closing days, weekends, both changes of the clock and 29 February."""

from datetime import date, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.callbacks.deadline import deadline
from acd.config import CallbackTerms, City, ClosingDays, Interval
from acd.config.calendar import is_open, next_opening
from acd.config.city import FrozenDict
from acd.model.zone import ZONE
from tests.callbacks.places import GENT, GENTINFO, INFO, at, shown, small_city, utc


@pytest.mark.parametrize(
    ("promised", "until"),
    [
        # An ordinary week.
        ("2027-03-01 10:00", "2027-03-03 17:00"),
        ("2027-03-05 16:00", "2027-03-09 17:00"),
        ("2027-03-05 16:59", "2027-03-09 17:00"),
        # The day of the promise does not count, at whatever hour.
        ("2027-03-01 00:00", "2027-03-03 17:00"),
        ("2027-03-01 08:59", "2027-03-03 17:00"),
        ("2027-03-01 23:59", "2027-03-03 17:00"),
        ("2027-03-02 00:00", "2027-03-04 17:00"),
        # Promised at the weekend.
        ("2027-03-06 11:00", "2027-03-09 17:00"),
        ("2027-03-07 23:59", "2027-03-09 17:00"),
        # Easter, and the clock goes forward in between.
        ("2027-03-25 10:00", "2027-03-30 17:00"),
        ("2027-03-26 16:00", "2027-03-31 17:00"),
        ("2027-03-29 10:00", "2027-03-31 17:00"),
        # 1 May on a Saturday, Ascension with the city's bridge day, Whit Monday.
        ("2027-04-30 10:00", "2027-05-04 17:00"),
        ("2027-05-05 10:00", "2027-05-11 17:00"),
        ("2027-05-07 10:00", "2027-05-11 17:00"),
        ("2027-05-14 10:00", "2027-05-19 17:00"),
        # 11 July of 2028 and 21 July of 2027 lie in the week.
        ("2028-07-10 10:00", "2028-07-13 17:00"),
        ("2027-07-20 10:00", "2027-07-23 17:00"),
        # The clock goes back, then All Saints and All Souls.
        ("2027-10-28 10:00", "2027-11-03 17:00"),
        ("2027-10-29 16:00", "2027-11-04 17:00"),
        ("2027-11-10 10:00", "2027-11-16 17:00"),
        # The turn of the year.
        ("2027-12-24 10:00", "2027-12-28 17:00"),
        ("2027-12-30 10:00", "2028-01-03 17:00"),
        ("2027-12-31 10:00", "2028-01-04 17:00"),
        ("2028-12-22 10:00", "2028-12-28 17:00"),
        ("2028-12-29 10:00", "2029-01-03 17:00"),
        # 29 February.
        ("2028-02-25 16:00", "2028-02-29 17:00"),
        ("2028-02-28 10:00", "2028-03-01 17:00"),
        ("2028-02-29 10:00", "2028-03-02 17:00"),
        ("2027-02-26 10:00", "2027-03-02 17:00"),
    ],
)
def test_two_working_days_in_gent(promised: str, until: str) -> None:
    assert shown(deadline(GENT, GENTINFO, at(promised))) == until


@pytest.mark.parametrize(
    ("promised", "until"),
    [("2027-03-26 16:00", "2027-03-31 15:00"), ("2027-10-29 16:00", "2027-11-04 16:00")],
)
def test_five_oclock_is_five_oclock_in_summer_and_in_winter(promised: str, until: str) -> None:
    assert deadline(GENT, GENTINFO, at(promised)) == utc(until)


CLOSED = {
    2027: "01-01 03-29 05-01 05-06 05-07 05-17 07-11 07-21 08-15 11-01 11-02 11-11 11-15 12-25 12-26",
    2028: "01-01 04-17 05-01 05-25 06-05 07-11 07-21 08-15 11-01 11-02 11-11 11-15 12-25 12-26",
    2029: "01-01",
}
"""Written down from the city's calendar, not computed."""


@pytest.mark.parametrize("year", [2027, 2028])
@pytest.mark.parametrize("working_days", [1, 2, 3])
@pytest.mark.parametrize("hour", [0, 10, 20])
def test_every_day_of_the_year(year: int, working_days: int, hour: int) -> None:
    closed = {date.fromisoformat(f"{year}-{day}") for year, days in CLOSED.items() for day in days.split()}
    line = msgspec.structs.replace(GENT.lines[GENTINFO], callback=CallbackTerms(working_days=working_days))
    city = msgspec.structs.replace(GENT, lines=FrozenDict({GENTINFO: line}))
    day, tested = date(year, 1, 1), 0
    while day.year == year:
        expected, left = day, working_days
        while left:
            expected += timedelta(1)
            left -= expected.weekday() < 5 and expected not in closed
        assert shown(deadline(city, GENTINFO, at(f"{day} {hour:02}:00"))) == f"{expected} 17:00"
        day, tested = day + timedelta(1), tested + 1
    assert tested == (366 if year == 2028 else 365)


def test_the_charter_means_the_next_working_day() -> None:
    city = small_city(terms=CallbackTerms(working_days=1))
    assert shown(deadline(city, INFO, at("2027-03-05 16:00"))) == "2027-03-08 17:00"


def test_a_line_keeps_its_promise_within_its_own_hours() -> None:
    early = (Interval(8 * 60, 12 * 60), Interval(13 * 60, 15 * 60 + 30))
    city = small_city((early, (), early, (), (), (Interval(9 * 60, 12 * 60),), ()))
    assert shown(deadline(city, INFO, at("2027-03-01 10:00"))) == "2027-03-06 12:00"
    assert shown(deadline(city, INFO, at("2027-03-06 10:00"))) == "2027-03-10 15:30"


def test_a_line_that_is_never_open_can_promise_nothing() -> None:
    with pytest.raises(LookupError, match="line info has no 2 working days within 400 days"):
        deadline(small_city(((),) * 7), INFO, at("2027-03-01 10:00"))


# --- Any hours, any day ---------------------------------------------------------------------------------------------

quarters = st.integers(0, 95)


@st.composite
def day_hours(draw: st.DrawFn) -> tuple[Interval, ...]:
    edges = sorted(draw(st.sets(st.integers(0, 96), max_size=4)))
    return tuple(Interval(15 * a, 15 * b) for a, b in zip(edges[::2], edges[1::2], strict=False))


weeks = st.tuples(*[day_hours()] * 7).filter(any)
moments = st.floats(at("2026-01-01 00:00"), at("2029-01-01 00:00"), allow_nan=False)


@st.composite
def cities(draw: st.DrawFn) -> City:
    terms = CallbackTerms(working_days=draw(st.integers(1, 4)))
    first = draw(st.dates(date(2026, 1, 1), date(2028, 12, 31)))
    closed = ClosingDays(FrozenDict({"nl": "x"}), first, first + timedelta(draw(st.integers(0, 10))))
    return msgspec.structs.replace(small_city(draw(weeks), terms=terms), closing_days=(closed,))


def moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, ZONE)


@given(cities(), moments)
def test_a_deadline_is_the_end_of_hours_of_the_line(city: City, promised: float) -> None:
    until = deadline(city, INFO, promised)
    assert is_open(city, INFO, moment(until - 1))
    after = moment(until)
    assert not is_open(city, INFO, after) or (after.hour, after.minute) == (0, 0)


@given(cities(), moments, moments)
def test_who_is_promised_later_is_not_called_sooner(city: City, one: float, other: float) -> None:
    assert deadline(city, INFO, min(one, other)) <= deadline(city, INFO, max(one, other))


@given(cities(), moments)
def test_as_many_working_days_lie_between_as_were_promised(city: City, promised: float) -> None:
    until = deadline(city, INFO, promised)
    tomorrow = moment(promised).date() + timedelta(1)
    opens = next_opening(city, INFO, datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=ZONE))
    assert opens is not None and until > opens.timestamp(), "not before the next working day has begun"
    terms = city.lines[INFO].callback
    assert terms is not None
    days = [tomorrow + timedelta(n) for n in range((moment(until - 1).date() - tomorrow).days + 1)]
    assert sum(open_at_all(city, day) for day in days) == terms.working_days


def open_at_all(city: City, day: date) -> bool:
    """Looked up on the clock, quarter by quarter."""
    starts = (at(f"{day} 00:00") + 900 * n for n in range(100))
    return any(moment(start).date() == day and is_open(city, INFO, moment(start)) for start in starts)
