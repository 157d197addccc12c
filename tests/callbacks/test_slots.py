"""Which moments are promised, and that they never pile up."""

import random
from collections import Counter
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acd.callbacks.days import part_of
from acd.callbacks.deadline import deadline
from acd.callbacks.moments import may_call
from acd.callbacks.slots import LEAD, Planner, spread_load
from acd.config import CallbackTerms, City, Interval, Shift
from acd.model.callback import Window
from acd.model.history import HALF_HOUR, History
from acd.model.ids import LineId, OperatorId
from tests.callbacks.places import GENT, GENTINFO, INFO, OFFICE, SPORT, at, shown, small_city
from tests.callbacks.test_deadline import moments, weeks

NOW = at("2027-03-01 10:03")
MONDAY = date(2027, 3, 1)
UNTIL = at("2027-03-03 17:00")
QUIET = {INFO: 1e-9, SPORT: 1e-9}


def starts(slots: tuple[Window, ...]) -> list[str]:
    assert all(slot.end - slot.start == HALF_HOUR for slot in slots)
    return [shown(slot.start) for slot in slots]


def slots(city: City, now: float = NOW, until: float = UNTIL, taken: dict[float, int] | None = None) -> list[str]:
    return starts(Planner(city, History(), now).slots(INFO, now, until, taken or {}))


def test_the_earliest_then_other_parts_of_the_day() -> None:
    assert slots(small_city(calls=QUIET)) == ["2027-03-01 10:30", "2027-03-01 12:00", "2027-03-02 09:00"]


def test_few_parts_of_the_day_are_no_reason_for_few_moments() -> None:
    assert slots(small_city(calls=QUIET), until=at("2027-03-01 12:00")) == [
        "2027-03-01 10:30",
        "2027-03-01 11:00",
        "2027-03-01 11:30",
    ]


def test_nothing_in_the_next_minutes() -> None:
    city = small_city(calls=QUIET)
    assert slots(city, at("2027-03-01 10:15"))[0] == "2027-03-01 10:30"
    assert slots(city, at("2027-03-01 10:16"))[0] == "2027-03-01 11:00"


def test_the_half_hour_before_closing_is_not_promised() -> None:
    assert slots(small_city(calls=QUIET), at("2027-03-01 15:50"), at("2027-03-01 17:00")) == []
    assert slots(small_city(calls=QUIET), at("2027-03-01 15:40"), at("2027-03-01 17:00")) == ["2027-03-01 16:00"]


def test_a_last_moment_is_promised_beside_earlier_ones_only() -> None:
    """In the afternoon of the last day, who does not pick up cannot be tried again in another part of the day."""
    city = small_city(calls=QUIET)
    full = {at(f"2027-03-0{day} {h:02}:{m}"): 99 for day in (1, 2, 3) for h in range(9, 17) for m in ("00", "30")}
    free = at("2027-03-03 14:00")
    assert slots(city, taken={start: n for start, n in full.items() if start != free}) == []
    both = {start: n for start, n in full.items() if start not in (free, at("2027-03-02 10:00"))}
    assert slots(city, taken=both) == ["2027-03-02 10:00", "2027-03-03 14:00"]
    assert slots(city, at("2027-03-03 12:10"), taken={}) != []


def test_a_line_that_never_defers_has_no_moments() -> None:
    planner = Planner(GENT, History(), NOW)
    assert planner.slots(LineId("nachtopvang"), NOW, UNTIL, {}) == ()
    assert len(planner.slots(GENTINFO, NOW, UNTIL, {})) == 3
    with pytest.raises(KeyError):
        planner.slots(LineId("nowhere"), NOW, UNTIL, {})


def test_where_nobody_works_nothing_is_promised() -> None:
    assert slots(small_city(calls=QUIET, shifts=[], skills={"an": (INFO,)})) == []
    assert slots(small_city(calls=QUIET, skills={"an": (SPORT,)})) == []


def plan(city: City, line: LineId = INFO, day: date = MONDAY) -> dict[str, int]:
    """Capacity by time of the day."""
    return {shown(half.start)[11:]: half.capacity for half in Planner(city, History(), NOW).day(day)[line]}


def test_capacity_is_half_the_idle_time_over_the_handle_time() -> None:
    """One operator, no calls: 1800 s x 0.5 / 240 s = 3.75 a half-hour; the quarters are carried on."""
    capacity = plan(small_city(calls=QUIET))
    assert list(capacity.values()) == [3, 4, 4, 4] * 3 + [3, 4, 4, 0]
    assert sum(plan(small_city(calls=QUIET, terms=CallbackTerms(share=0.1))).values()) == 11


def test_a_busy_half_hour_is_not_promised_nor_the_one_before_it() -> None:
    """Everybody but one operator has a break from 11:00 to 11:30, when the line needs more than he can do."""
    pause = Shift(tuple(map(OperatorId, "abc")), (0,), (OFFICE,), (Interval(660, 690),))
    stays = Shift((OperatorId("d"),), (0,), (OFFICE,))
    city = small_city(calls={INFO: 110, SPORT: 0.001}, skills=dict.fromkeys("abcd", (INFO,)), shifts=[pause, stays])
    day = {shown(half.start)[11:]: half for half in Planner(city, History(), NOW).day(MONDAY)[INFO]}
    assert day["11:00"].occupancy == 1.0 and day["11:00"].operators == 1.0
    assert [day[clock].calm for clock in ("10:00", "10:30", "11:00", "11:30")] == [True, False, False, True]
    assert [bool(day[clock].capacity) for clock in ("10:00", "10:30", "11:00", "11:30")] == [True, False, False, True]


def test_the_occupancy_is_calls_times_handle_time_over_the_operators_time() -> None:
    city = small_city(calls={INFO: 48, SPORT: 0.001}, skills=dict.fromkeys("ab", (INFO,)))
    half = Planner(city, History(), NOW).day(MONDAY)[INFO][0]
    assert half.occupancy == pytest.approx(half.calls * 240 / 3600, rel=1e-3)
    assert half.calls == pytest.approx(48 * 1.2 * 1.15 / (16 * 1.03125), rel=1e-3)


def test_talk_that_was_measured_counts_more_than_what_was_expected() -> None:
    city = small_city(calls=QUIET)
    measured = Planner(city, History(talk={INFO: 870.0}), NOW).day(MONDAY)[INFO]
    assert sum(half.capacity for half in measured) == 15, "870 s + 30 s of wrap-up: one call in each half-hour"


def test_what_is_promised_goes_off_until_nothing_is_left() -> None:
    city = small_city(calls=QUIET, terms=CallbackTerms(share=2 / 15))
    taken = {at("2027-03-01 10:30"): 1}
    assert plan(city)["10:30"] == 1
    assert slots(city, taken=taken)[0] == "2027-03-01 11:00"
    # Promises that begin within the half-hour, such as a further attempt, count too.
    assert slots(city, taken={at("2027-03-01 10:40"): 1, at("2027-03-01 11:05"): 1})[0] == "2027-03-01 11:30"


def test_an_operator_of_two_lines_has_his_time_once() -> None:
    alone = sum(plan(small_city(calls={INFO: 10, SPORT: 0.001})).values())
    shared = small_city(calls={INFO: 10, SPORT: 10}, skills={"an": (INFO, SPORT)})
    parts = [sum(plan(shared, line).values()) for line in (INFO, SPORT)]
    assert alone - sum(parts) == pytest.approx(10 * 1.2 / 2, abs=2), "less for the calls of the second line"
    assert abs(parts[0] - parts[1]) <= 1


def test_a_small_line_gets_its_moments_too() -> None:
    """Its part of the operators' time is never a whole call in one half-hour: it is carried to the next."""
    shared = small_city(calls={INFO: 45, SPORT: 1.5}, skills={"an": (INFO, SPORT)}, handle_time=120)
    assert set(plan(shared, SPORT).values()) == {0, 1}
    assert Planner(shared, History(), NOW).slots(SPORT, NOW, UNTIL, {})


# --- Load -------------------------------------------------------------------------------------------------------------


def test_load_is_laid_where_there_is_time() -> None:
    """a serves both lines, b only info: he leaves info to b."""
    a, b = OperatorId("a"), OperatorId("b")
    busy = spread_load({a: 1.0, b: 1.0}, {a: (INFO, SPORT), b: (INFO,)}, {INFO: 600.0, SPORT: 500.0})
    assert sum(busy.values()) == pytest.approx(1100)
    assert busy == {a: pytest.approx(550, rel=0.001), b: pytest.approx(550, rel=0.001)}


def test_three_lines_in_a_chain_even_out_along_it() -> None:
    """a: x; b: x y; c: y z; d: z. Much is to do on z: so c leaves y to b, and b leaves x to a."""
    x, y, z = LineId("x"), LineId("y"), LineId("z")
    lines = {OperatorId("a"): (x,), OperatorId("b"): (x, y), OperatorId("c"): (y, z), OperatorId("d"): (z,)}
    present = dict.fromkeys(lines, 1.0)
    busy = spread_load(present, lines, {x: 400.0, y: 800.0, z: 1000.0})
    assert sum(busy.values()) == pytest.approx(2200)
    assert list(busy.values()) == [pytest.approx(even, rel=0.02) for even in (400, 600, 600, 600)]


def test_nobody_gets_what_he_cannot_do() -> None:
    a, b = OperatorId("a"), OperatorId("b")
    busy = spread_load({a: 1.0, b: 0.5}, {a: (SPORT,), b: (INFO,)}, {INFO: 600.0, SPORT: 0.0})
    assert busy == {a: 0.0, b: pytest.approx(600)}
    assert spread_load({}, {}, {INFO: 600.0}) == {}


# --- Whatever the city ------------------------------------------------------------------------------------------------


@st.composite
def busy_cities(draw: st.DrawFn) -> City:
    names = "abcdef"[: draw(st.integers(0, 6))]
    skills = {name: draw(st.sampled_from([(INFO,), (SPORT,), (INFO, SPORT)])) for name in names}
    shifts = [
        Shift((OperatorId(name),), (0, 1, 2, 3, 4, 5, 6), (Interval(start, start + 6 * 60),))
        for name in names
        for start in [draw(st.integers(6, 30)) * 30]
    ]
    terms = CallbackTerms(
        working_days=draw(st.integers(1, 2)),
        calling_hours=draw(st.none() | weeks),
        occupancy=draw(st.floats(0.3, 1.0)),
        share=draw(st.floats(0.1, 1.0)),
    )
    volumes = {line: draw(st.floats(1, 200)) for line in (INFO, SPORT)}
    handle = draw(st.floats(30, 900))
    return small_city(draw(weeks), terms=terms, calls=volumes, skills=skills, shifts=shifts, handle_time=handle)


@settings(max_examples=60)
@given(busy_cities(), moments, st.randoms(use_true_random=False))
def test_promises_never_exceed_what_operators_have_time_for(city: City, now: float, chance: random.Random) -> None:
    """Callers come one after the other and choose at random, until no moment is left for either line."""
    planner = Planner(city, History(), now)
    taken: dict[LineId, Counter[float]] = {INFO: Counter(), SPORT: Counter()}
    until = {line: deadline(city, line, now) for line in taken}
    open_lines = [INFO, SPORT]
    while open_lines:
        line = chance.choice(open_lines)
        offered = planner.slots(line, now, until[line], taken[line])
        check(city, line, now, until[line], offered)
        if not offered:
            open_lines.remove(line)
            continue
        taken[line][chance.choice(offered).start] += 1
    for line, promises in taken.items():
        assert all(promises[start] <= planner.capacity(line, start) for start in promises)
    within_the_operators_time(city, planner, taken)


def check(city: City, line: LineId, now: float, until: float, offered: tuple[Window, ...]) -> None:
    assert len(offered) <= 3
    assert [slot.start for slot in offered] == sorted({slot.start for slot in offered})
    for slot in offered:
        assert now + LEAD <= slot.start < slot.end <= until
        assert may_call(city, line, slot.start) and may_call(city, line, slot.end - 1)


def within_the_operators_time(city: City, planner: Planner, taken: dict[LineId, Counter[float]]) -> None:
    """Day by day, the promises of both lines together are at most their share of the time that operators are there."""
    by_day: Counter[str] = Counter()
    for line, promises in taken.items():
        for start, count in promises.items():
            by_day[shown(start)[:10]] += count * round(1000 * city.policy.lines[line].handle_time)
    terms = city.lines[INFO].callback
    assert terms is not None
    there = sum(len(shift.operators) * 6 * 3600 for shift in city.shifts)
    for milliseconds in by_day.values():
        assert milliseconds / 1000 <= terms.share * there + 0.01


@settings(max_examples=30)
@given(busy_cities(), moments)
def test_promises_and_expected_calls_fit_into_the_day_together(city: City, now: float) -> None:
    """In the half-hours of a day, with the whole idle time promised away (share 1), operators are not asked for more
    than they have."""
    day = date.fromisoformat(shown(now)[:10])
    plans = Planner(city, History(), now).day(day)
    handle = city.policy.lines[INFO].handle_time
    terms = city.lines[INFO].callback
    assert terms is not None
    idle: dict[float, float] = {}
    for halves in plans.values():
        for half in halves:
            lines_idle = (1 - half.occupancy) * half.operators * HALF_HOUR
            idle[half.start] = idle.get(half.start, 0.0) + lines_idle
    promised = sum(half.capacity * handle for halves in plans.values() for half in halves)
    assert promised <= terms.share * sum(idle.values()) + 0.01


def test_moments_of_three_offered_lie_in_different_parts_of_days_where_they_can() -> None:
    found = Planner(GENT, History(), NOW).slots(GENTINFO, NOW, UNTIL, {})
    assert len({(shown(slot.start)[:10], part_of(slot.start)) for slot in found}) == 3


@pytest.mark.parametrize("day", ["2027-03-26", "2027-10-29", "2027-12-30", "2028-02-28"])
def test_the_clock_change_the_turn_of_the_year_and_29_february_are_days_like_others(day: str) -> None:
    now = at(f"{day} 16:45")
    until = deadline(GENT, GENTINFO, now)
    found = starts(Planner(GENT, History(), now).slots(GENTINFO, now, until, {}))
    assert [start[11:] for start in found] == ["09:00", "12:00", "09:00"]
