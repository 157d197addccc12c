"""Who is at work: the planner's word first, then the shifts, then habit."""

from datetime import date, timedelta

import msgspec
import pytest

from acd.callbacks.forecast import half_hour
from acd.callbacks.roster import Roster
from acd.config import City, Duty, Interval, Shift
from acd.config.city import FrozenDict
from acd.model.history import History
from acd.model.ids import OperatorId
from tests.callbacks.places import INFO, OFFICE, SPORT, at, small_city

AN, BART = OperatorId("an"), OperatorId("bart")
SKILLS = {"an": (INFO, SPORT), "bart": (INFO,)}
NOW, MONDAY = at("2027-03-01 10:00"), date(2027, 3, 1)
NOON = 24
"""Half-hour of the day."""


def shift(*operators: OperatorId, breaks: tuple[Interval, ...] = ()) -> Shift:
    return Shift(operators, (0, 1, 2, 3, 4), (OFFICE,), breaks)


def roster(*shifts: Shift, history: History | None = None, duties: tuple[Duty, ...] = ()) -> Roster:
    city: City = small_city(skills=SKILLS, shifts=shifts)
    by_day = {duty.day: tuple(d for d in duties if d.day == duty.day) for duty in duties}
    return Roster(msgspec.structs.replace(city, roster=FrozenDict(by_day)), history or History(), NOW)


def test_shifts_say_who_is_on_duty_for_a_line() -> None:
    of = roster(shift(AN, BART))
    assert of.on_duty(INFO, MONDAY, NOON) == {AN: 1.0, BART: 1.0}
    assert of.on_duty(SPORT, MONDAY, NOON) == {AN: 1.0}
    assert of.on_duty(INFO, MONDAY, 17) == of.on_duty(INFO, MONDAY, 34) == {}
    assert of.on_duty(INFO, date(2027, 3, 6), NOON) == {}, "Saturday"
    assert of.on_duty(INFO, date(2027, 3, 29), NOON) == {}, "Easter Monday"


def test_a_break_takes_its_part_of_the_half_hour() -> None:
    of = roster(shift(AN, breaks=(Interval(12 * 60, 12 * 60 + 45),)))
    assert of.on_duty(INFO, MONDAY, NOON) == {}
    assert of.on_duty(INFO, MONDAY, NOON + 1) == {AN: 0.5}


def test_the_planners_file_is_the_whole_truth_of_its_dates() -> None:
    of = roster(shift(AN, BART), duties=(Duty(MONDAY, AN, Interval(9 * 60, 12 * 60 + 15)),))
    assert of.on_duty(INFO, MONDAY, NOON) == {AN: 0.5}
    assert of.on_duty(INFO, MONDAY + timedelta(1), NOON) == {AN: 1.0, BART: 1.0}


def test_two_parts_of_a_day_add_up_and_nobody_is_there_twice() -> None:
    parts = (Interval(9 * 60, 12 * 60 + 10), Interval(12 * 60 + 20, 17 * 60))
    of = roster(duties=tuple(Duty(MONDAY, AN, part) for part in parts))
    assert of.on_duty(INFO, MONDAY, NOON) == {AN: pytest.approx(2 / 3)}
    assert roster(shift(AN), shift(AN)).on_duty(INFO, MONDAY, NOON) == {AN: 1.0}


def logged_in(*days: tuple[date, float]) -> dict[int, float]:
    return {half_hour(at(f"{day} 12:00")): part for day, part in days}


def test_without_shifts_those_count_who_were_there_in_the_past_weeks() -> None:
    an = logged_in(*((MONDAY - timedelta(7 * n), 1.0) for n in (1, 2, 3, 4)))
    bart = logged_in((MONDAY - timedelta(7), 0.5), (MONDAY - timedelta(14), 0.5))
    of = roster(history=History(logged_in={AN: an, BART: bart, OperatorId("gone"): an}))
    assert of.on_duty(INFO, MONDAY, NOON) == {AN: 1.0, BART: 0.25}
    assert of.on_duty(INFO, MONDAY + timedelta(1), NOON) == {}


def test_habit_is_four_weeks_old_at_most_and_knows_no_holidays() -> None:
    old = logged_in((MONDAY - timedelta(35), 1.0), (MONDAY, 1.0))
    assert roster(history=History(logged_in={AN: old})).on_duty(INFO, MONDAY, NOON) == {}
    weeks = logged_in(*((date(2027, 4, 5) - timedelta(7 * n), 1.0) for n in (2, 3, 4)), (date(2027, 3, 29), 0.1))
    city = small_city(skills=SKILLS, shifts=())
    habit = Roster(city, History(logged_in={AN: weeks}), at("2027-04-05 09:00"))
    assert habit.on_duty(INFO, date(2027, 4, 5), NOON) == {AN: 1.0}


def test_with_shifts_habit_does_not_count() -> None:
    an = logged_in((MONDAY - timedelta(7), 1.0))
    assert roster(shift(BART), history=History(logged_in={AN: an})).on_duty(INFO, MONDAY, NOON) == {BART: 1.0}
