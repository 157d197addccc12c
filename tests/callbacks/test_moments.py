"""When a citizen may be called, at first and again."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.callbacks.days import local, part_of
from acd.callbacks.deadline import deadline
from acd.callbacks.moments import as_soon_as_calm, may_call, retry, second_chance
from acd.config import CallbackTerms, City, Interval
from acd.config.calendar import is_open
from acd.config.city import FrozenDict
from acd.model.callback import Window
from acd.model.ids import LineId
from tests.callbacks.places import GENT, GENTINFO, INFO, OFFICE_WEEK, at, shown, small_city
from tests.callbacks.test_deadline import cities, moment, moments, weeks

EVENINGS = CallbackTerms(calling_hours=((Interval(10 * 60, 20 * 60),),) * 5 + ((), ()))


@pytest.mark.parametrize(
    ("now", "may"),
    [
        ("2027-03-01 08:59", False),
        ("2027-03-01 09:00", True),
        ("2027-03-01 16:59", True),
        ("2027-03-01 17:00", False),
        ("2027-03-06 11:00", False),
        ("2027-03-29 11:00", False),
        ("2027-05-07 11:00", False),
    ],
)
def test_without_calling_hours_the_hours_of_the_line_count(now: str, may: bool) -> None:
    assert may_call(GENT, GENTINFO, at(now)) is may


@pytest.mark.parametrize(
    ("now", "may"),
    [("2027-03-01 09:30", False), ("2027-03-01 19:30", True), ("2027-03-29 19:30", False), ("2027-03-06 11:00", False)],
)
def test_calling_hours_may_differ_but_not_on_closed_days(now: str, may: bool) -> None:
    assert may_call(small_city(terms=EVENINGS), INFO, at(now)) is may


def test_a_line_that_stopped_deferring_keeps_what_it_promised() -> None:
    lines = {id: msgspec.structs.replace(line, callback=None) for id, line in GENT.lines.items()}
    city = msgspec.structs.replace(GENT, lines=FrozenDict(lines))
    assert may_call(city, GENTINFO, at("2027-03-01 10:00"))
    assert retry(city, GENTINFO, at("2027-03-01 10:00"), at("2027-03-03 17:00"))


@pytest.mark.parametrize(
    ("now", "start"),
    [
        ("2027-03-01 10:07", "2027-03-01 10:07"),
        ("2027-03-01 07:00", "2027-03-01 09:00"),
        ("2027-03-01 17:30", "2027-03-02 09:00"),
        ("2027-03-26 17:30", "2027-03-30 09:00"),
    ],
)
def test_as_soon_as_it_is_calm_begins_when_calling_may_begin(now: str, start: str) -> None:
    until = deadline(GENT, GENTINFO, at(now))
    window = as_soon_as_calm(GENT, GENTINFO, at(now), until)
    assert (shown(window.start), window.end) == (start, until)


def test_as_soon_as_it_is_calm_without_any_hours_left_ends_at_the_deadline() -> None:
    until = at("2027-03-03 17:00")
    for now in (until - 3600, until, until + 3600):
        city = small_city(terms=CallbackTerms(calling_hours=((),) * 6 + ((Interval(0, 60),),)))
        window = as_soon_as_calm(city, INFO, now, until)
        assert (window.start, window.end) == (min(now, until), until)


@pytest.mark.parametrize(
    ("ended", "window"),
    [
        # 2 h after a morning's attempt it is afternoon, or it becomes so.
        ("2027-03-01 09:30", "2027-03-01 12:00 to 2027-03-01 17:00"),
        ("2027-03-01 11:30", "2027-03-01 13:30 to 2027-03-01 17:00"),
        # After an afternoon's, the next morning; over the weekend, over a holiday.
        ("2027-03-01 12:00", "2027-03-02 09:00 to 2027-03-02 12:00"),
        ("2027-03-01 16:30", "2027-03-02 09:00 to 2027-03-02 12:00"),
        ("2027-03-05 14:00", "2027-03-08 09:00 to 2027-03-08 12:00"),
        ("2027-03-26 14:00", "2027-03-30 09:00 to 2027-03-30 12:00"),
        # The last morning before the deadline, the rest of the last afternoon, and no moment any more.
        ("2027-03-31 11:00", "2027-03-31 13:00 to 2027-03-31 17:00"),
        ("2027-03-31 13:00", "2027-03-31 15:00 to 2027-03-31 17:00"),
        ("2027-03-31 14:50", None),
    ],
)
def test_who_does_not_pick_up_is_tried_in_another_part_of_the_day(ended: str, window: str | None) -> None:
    found = retry(GENT, GENTINFO, at(ended), max(at("2027-03-31 17:00"), at(ended)))
    assert (f"{shown(found.start)} to {shown(found.end)}" if found else None) == window


def test_with_evening_hours_the_evening_is_tried() -> None:
    window = retry(small_city(terms=EVENINGS), INFO, at("2027-03-01 14:00"), at("2027-03-03 17:00"))
    assert window and (shown(window.start), shown(window.end)) == ("2027-03-01 18:00", "2027-03-01 20:00")


def test_a_rest_of_some_minutes_is_no_second_chance() -> None:
    assert retry(GENT, GENTINFO, at("2027-03-01 11:30"), at("2027-03-01 13:44")) is None
    assert retry(GENT, GENTINFO, at("2027-03-01 11:30"), at("2027-03-01 13:45")) is not None


@st.composite
def calling_cities(draw: st.DrawFn) -> City:
    city = draw(cities())
    terms = city.lines[INFO].callback
    assert terms is not None
    terms = msgspec.structs.replace(
        terms, calling_hours=draw(st.none() | weeks), gap=draw(st.floats(60, 86_400, allow_nan=False))
    )
    line = msgspec.structs.replace(city.lines[INFO], callback=terms)
    return msgspec.structs.replace(city, lines=FrozenDict({**city.lines, INFO: line}))


@given(calling_cities(), moments, st.floats(0, 10 * 86_400, allow_nan=False))
def test_every_further_attempt_keeps_the_rules(city: City, ended: float, left: float) -> None:
    until = ended + left
    window = retry(city, INFO, ended, until)
    if window is None:
        return
    terms = city.lines[INFO].callback
    assert terms is not None
    assert ended + terms.gap <= window.start < window.end <= until
    last = window.end - 0.001
    assert may_call(city, INFO, window.start) and may_call(city, INFO, last)
    assert part_of(window.start) == part_of(last)


@given(calling_cities(), moments, st.floats(0, 3 * 86_400, allow_nan=False))
def test_another_part_of_the_day_comes_first_then_another_day_and_never_none_at_all(
    city: City, ended: float, left: float
) -> None:
    """Against every quarter of an hour of the time that is left in which he may be called for as long."""
    until = ended + left
    window = retry(city, INFO, ended, until)
    terms = city.lines[INFO].callback
    assert terms is not None
    quarters = [at for n in range(int(left / 900)) if (at := ended + terms.gap + 900.0 * n) + 900 <= until]
    may = [
        at
        for at in quarters
        if all(may_call(city, INFO, at + s) for s in (0, 300, 600, 899)) and part_of(at) is part_of(at + 899)
    ]
    assert window is not None or not may
    chance = second_chance(city, INFO, ended, until)
    assert chance is None or chance == window
    if any(part_of(at) is not part_of(ended) for at in may):
        assert window is not None and part_of(window.start) is not part_of(ended)
    elif any(local(at).date() != local(ended).date() for at in may):
        assert window is not None and (
            part_of(window.start) is not part_of(ended) or local(window.start).date() != local(ended).date()
        )


MORNINGS = CallbackTerms(calling_hours=((Interval(9 * 60, 12 * 60),),) * 5 + ((), ()))


def test_a_line_that_calls_in_the_morning_only_gives_a_promise_all_its_attempts() -> None:
    """Promised on Monday at 9:00, until Wednesday noon: Monday, Tuesday, Wednesday."""
    city, until, tried = small_city(terms=MORNINGS), at("2027-03-03 12:00"), ["2027-03-01 09:10"]
    while window := retry(city, INFO, at(tried[-1]), until):
        tried.append(shown(window.start))
        if len(tried) == MORNINGS.attempts:
            break
    assert tried == ["2027-03-01 09:10", "2027-03-02 09:00", "2027-03-03 09:00"]
    assert retry(city, INFO, at("2027-03-03 09:10"), until) == Window(at("2027-03-03 11:10"), until)
    assert retry(city, INFO, at("2027-03-03 09:50"), until) is None


@given(calling_cities(), moments)
def test_as_soon_as_calm_ends_at_the_deadline_and_begins_when_calling_may(city: City, now: float) -> None:
    until = deadline(city, INFO, now)
    window = as_soon_as_calm(city, INFO, now, until)
    assert now <= window.start <= window.end == until
    if window.start > now:
        assert may_call(city, INFO, window.start)
        assert not may_call(city, INFO, now)


@given(cities(), moments)
def test_without_calling_hours_calling_is_being_open(city: City, now: float) -> None:
    """Two ways to read the same hours: the span of the day, and the clock."""
    whole = round(now)
    assert may_call(city, INFO, whole) == is_open(city, INFO, moment(whole))


def test_an_unknown_line_is_told() -> None:
    for ask in (may_call, deadline):
        with pytest.raises(KeyError):
            ask(small_city(OFFICE_WEEK), LineId("nowhere"), at("2027-03-01 10:00"))
