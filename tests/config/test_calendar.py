"""Opening hours, holidays and closing days, on the wall clock of Brussels."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from acd.config import ZONE, City, load
from acd.config.calendar import Because, closed_dates, is_open, next_opening, opening, public_holidays
from acd.model.ids import LineId
from tests.config.samples import SHIPPED, with_line

GENT = load(SHIPPED)
GENTINFO, NIGHT, INFO = LineId("gentinfo"), LineId("nachtopvang"), LineId("info")


def at(text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE, fold=fold)


def utc(moment: datetime | None) -> datetime | None:
    """Moments are compared in UTC: in Brussels time, Python takes the two halves of a repeated hour for the same."""
    return moment and moment.astimezone(UTC)


def with_hours(hours: str) -> City:
    return with_line(f"hours: {hours}")


@pytest.mark.parametrize(
    ("moment", "open"),
    [
        ("2026-11-23 08:59:59.999999", False),
        ("2026-11-23 09:00:00", True),
        ("2026-11-23 16:59:59.999999", True),
        ("2026-11-23 17:00:00", False),
        ("2026-11-21 12:00", False),
    ],
)
def test_opening_hours_begin_on_the_second_and_end_before_it(moment: str, open: bool) -> None:
    assert is_open(GENT, GENTINFO, at(moment)) is open


@pytest.mark.parametrize(
    ("moment", "because", "name"),
    [
        ("2026-11-23 10:00", Because.OPEN, None),
        ("2026-11-23 20:00", Because.HOURS, None),
        ("2027-03-29 10:00", Because.HOLIDAY, "Paasmaandag"),
        ("2027-05-06 10:00", Because.HOLIDAY, "O. L. H. Hemelvaart"),
        ("2027-05-07 10:00", Because.CLOSING_DAY, "Brugdag na Hemelvaart"),
        ("2028-07-11 10:00", Because.CLOSING_DAY, "Feest van de Vlaamse Gemeenschap"),
        ("2027-11-02 10:00", Because.CLOSING_DAY, "Allerzielen"),
        ("2027-11-15 10:00", Because.CLOSING_DAY, "Koningsdag"),
        ("2028-12-26 10:00", Because.CLOSING_DAY, "Tweede kerstdag"),
        ("2026-12-25 10:00", Because.HOLIDAY, "Kerstmis"),
        # On a holiday that is the reason, also when nobody works at that hour anyhow.
        ("2026-12-25 20:00", Because.HOLIDAY, "Kerstmis"),
    ],
)
def test_the_reason_is_given(moment: str, because: Because, name: str | None) -> None:
    found = opening(GENT, GENTINFO, at(moment))

    assert found.because is because
    assert found.open is (because is Because.OPEN)
    assert found.names.get("nl") == name


def test_holidays_have_names_in_the_three_languages() -> None:
    assert public_holidays(2027)[date(2027, 7, 21)] == {
        "nl": "Nationale feestdag",
        "en": "National Day",
        "fr": "Fête nationale",
    }
    assert len(public_holidays(2027)) >= 10


def test_a_line_may_stay_open_on_holidays_and_closing_days() -> None:
    assert is_open(GENT, NIGHT, at("2026-12-25 14:00"))
    assert is_open(GENT, NIGHT, at("2026-12-26 14:00"))
    assert closed_dates(GENT, NIGHT, date(2026, 1, 1), date(2028, 12, 31)) == ()


def test_a_line_has_closing_days_of_its_own() -> None:
    city = with_line("closing_days: [{first: 2026-12-28, last: 2027-01-01, names: {nl: Kerstverlof}}]")

    closed = closed_dates(city, INFO, date(2026, 12, 25), date(2027, 1, 2))

    assert [(day.day.day, day.because, day.names["nl"]) for day in closed] == [
        (25, Because.HOLIDAY, "Kerstmis"),
        *((day, Because.CLOSING_DAY, "Kerstverlof") for day in (28, 29, 30, 31, 1)),
    ]
    assert not closed_dates(city, LineId("sport"), date(2026, 12, 26), date(2026, 12, 31))


def test_closed_dates_of_a_year_are_the_belgian_holidays_and_the_citys_own_days() -> None:
    closed = {day.day for day in closed_dates(GENT, GENTINFO, date(2027, 1, 1), date(2027, 12, 31))}

    own = {date(2027, 7, 11), date(2027, 11, 2), date(2027, 11, 15), date(2027, 12, 26), date(2027, 5, 7)}
    ten = "01-01 03-29 05-01 05-06 05-17 07-21 08-15 11-01 11-11 12-25"
    assert own | {date.fromisoformat(f"2027-{day}") for day in ten.split()} <= closed
    assert closed == own | set(public_holidays(2027))


def test_a_yearly_29_february_comes_in_leap_years() -> None:
    city = with_line("closing_days: [{yearly: 29 februari, names: {nl: Schrikkeldag}}]")
    assert [day.day for day in closed_dates(city, INFO, date(2027, 2, 20), date(2028, 3, 2))][-1] == date(2028, 2, 29)


def test_several_intervals_a_day_and_days_around_the_clock() -> None:
    city = with_hours("{mon: '09:00-12:00, 13:00-17:00', tue: 24h, wed: [22:00-24:00], thu: 00:00-02:00}")

    assert not is_open(city, INFO, at("2026-11-23 12:30"))
    assert is_open(city, INFO, at("2026-11-23 13:00"))
    assert not is_open(city, INFO, at("2026-11-23 23:59:59"))
    assert is_open(city, INFO, at("2026-11-24 00:00"))
    assert is_open(city, INFO, at("2026-11-24 23:59:59.999999"))
    assert not is_open(city, INFO, at("2026-11-25 00:00"))
    assert is_open(city, INFO, at("2026-11-25 23:59:59"))
    assert is_open(city, INFO, at("2026-11-26 01:59"))
    assert not is_open(city, INFO, at("2026-11-26 02:00"))


def test_a_moment_in_another_zone_is_the_same_moment() -> None:
    assert is_open(GENT, GENTINFO, datetime(2026, 11, 23, 8, 0, tzinfo=UTC))
    assert not is_open(GENT, GENTINFO, datetime(2026, 7, 20, 15, 0, tzinfo=UTC))
    assert is_open(GENT, GENTINFO, datetime(2026, 7, 20, 14, 59, tzinfo=UTC))


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        is_open(GENT, GENTINFO, datetime(2026, 11, 23, 10))
    with pytest.raises(KeyError):
        is_open(GENT, LineId("nowhere"), at("2026-11-23 10:00"))


@pytest.mark.parametrize(
    ("now", "next"),
    [
        ("2026-11-23 10:00", "2026-11-23 10:00"),
        ("2026-11-23 08:00", "2026-11-23 09:00"),
        ("2026-11-23 17:00", "2026-11-24 09:00"),
        ("2026-11-20 18:00", "2026-11-23 09:00"),
        # Good Friday evening: over the weekend and Easter Monday.
        ("2027-03-26 18:00", "2027-03-30 09:00"),
        # Wednesday before Ascension, bridge day and weekend.
        ("2027-05-05 17:00", "2027-05-10 09:00"),
        # Christmas on a Friday, 26 December on a Saturday.
        ("2026-12-24 18:00", "2026-12-28 09:00"),
        ("2026-12-31 18:00", "2027-01-04 09:00"),
    ],
)
def test_the_next_opening(now: str, next: str) -> None:
    assert next_opening(GENT, GENTINFO, at(now)) == at(next)


def test_a_line_that_never_opens_has_no_next_opening() -> None:
    assert next_opening(with_hours("{mon-sun: closed}"), INFO, at("2026-11-23 10:00")) is None


# On Sunday 28 March 2027 the clock goes from 02:00 to 03:00, on Sunday 31 October 2027 from 03:00 back to 02:00.
# Both are checked on a line that takes no holidays: 28 March 2027 is Easter.


def night(hours: str) -> City:
    return with_line(f"hours: {{sun: {hours}}}\npublic_holidays: false")


def test_when_the_clock_goes_forward_the_hour_that_is_not_there_is_left_out() -> None:
    city = night("02:30-04:00")

    first = next_opening(city, INFO, at("2027-03-28 00:00"))
    assert utc(first) == datetime(2027, 3, 28, 1, 0, tzinfo=UTC)
    assert str(first) == "2027-03-28 03:00:00+02:00"
    assert is_open(city, INFO, at("2027-03-28 03:59:59"))
    assert not is_open(city, INFO, at("2027-03-28 04:00"))

    assert next_opening(night("02:15-02:45"), INFO, at("2027-03-28 00:00")) == at("2027-04-04 02:15")


def test_when_the_clock_goes_back_the_hour_comes_twice() -> None:
    city = night("02:15-02:45")

    for fold in (0, 1):
        assert not is_open(city, INFO, at("2027-10-31 02:14:59", fold))
        assert is_open(city, INFO, at("2027-10-31 02:15", fold))
        assert not is_open(city, INFO, at("2027-10-31 02:45", fold))
    again = next_opening(city, INFO, at("2027-10-31 02:50", fold=0))
    assert utc(again) == datetime(2027, 10, 31, 1, 15, tzinfo=UTC)

    # The wall clock counts: the second 02:00 is before 02:30 again.
    late = next_opening(night("02:30-05:00"), INFO, at("2027-10-31 02:00", fold=1))
    assert utc(late) == utc(at("2027-10-31 02:30", fold=1))
    early = next_opening(night("01:00-02:30"), INFO, at("2027-10-31 02:40", fold=0))
    assert utc(early) == utc(at("2027-10-31 02:00", fold=1))


def test_office_hours_are_office_hours_around_both_changes() -> None:
    city = with_line("hours: {mon-sun: 09:00-17:00}\npublic_holidays: false")
    for day in ("2027-03-27", "2027-03-28", "2027-03-29", "2027-10-30", "2027-10-31", "2027-11-01"):
        assert next_opening(city, INFO, at(f"{day} 00:00")) == at(f"{day} 09:00")
        assert is_open(city, INFO, at(f"{day} 16:59:59"))
        assert not is_open(city, INFO, at(f"{day} 17:00"))


CITIES = [GENT, with_hours("{mon-sun: [00:30-02:15, 02:45-04:00, 23:00-24:00]}"), with_hours("{sun: 02:10-02:20}")]


@settings(max_examples=25)
@given(st.integers(0, 2), st.integers(0, 60 * 24 * 800))
@example(1, 60 * 24 * 127)
@example(2, 60 * 24 * 344)
def test_the_next_opening_is_the_first_open_minute(which: int, minutes: int) -> None:
    """Against the plainest search there is: minute by minute."""
    city = CITIES[which]
    line = next(iter(city.lines))
    start = datetime(2026, 11, 20, tzinfo=UTC) + timedelta(minutes=minutes)
    found = next_opening(city, line, start)
    search = (start + timedelta(minutes=ahead) for ahead in range(60 * 24 * 16))
    assert utc(found) == next(filter(lambda moment: is_open(city, line, moment), search))
