"""Who calls when, and who works when."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from acd.config import ZONE, load
from acd.model.events import CallEnteredLine, CallStarted, Event, OperatorChanged, OutcomeCounted
from acd.model.ids import LineId
from acd.model.operator import OperatorState
from acd.model.outcome import Outcome
from sim.model.demand import Caller, Callers, arrivals, expected_calls
from sim.model.draws import Constant, Draw, Empirical, Exponential, Lognormal, Weibull, stream
from sim.model.setup import Break, Recorded, Setup, Shift, Staff, midnight
from sim.model.staffing import Do, moves
from sim.model.world import World
from tests.sim_model.house import HOUR, callers, line, operators, policy, world
from tests.sim_model.test_switch import city

MONDAY = date(2026, 10, 5)


@pytest.mark.parametrize(
    "draw", [Constant(60), Exponential(60), Lognormal(60, 0.8), Weibull(60, 0.7), Empirical((30.0, 60.0, 90.0))]
)
def test_draws_have_their_mean(draw: Draw) -> None:
    sample = draw.sampler(stream("test", draw))
    assert sum(sample() for _ in range(20_000)) / 20_000 == pytest.approx(60, rel=0.04)
    assert draw.mean == pytest.approx(60)


def test_arrivals_keep_to_their_half_hours() -> None:
    found = [at for day in range(200) for at in arrivals(stream("a", day), [0.0] * 18 + [10.0, 0.5] + [0.0] * 28)]
    early, late = (sum(start <= at < start + 1800 for at in found) for start in (9 * HOUR, 9.5 * HOUR))
    assert early + late == len(found)
    assert early / 200 == pytest.approx(10, abs=0.7)
    assert late / 200 == pytest.approx(0.5, abs=0.16)


def of_day(setup: Setup, seed: int = 1, number: int = 0) -> list[Caller]:
    day = setup.dates[number]
    return list(Callers(setup, seed).of_day(number, day, midnight(day)))


def needs(found: list[Caller]) -> list[tuple[object, ...]]:
    return [(c.line, c.arrives_at, c.menu, c.patience, c.talk, c.luck, c.answer) for c in found]


def test_other_settings_meet_the_same_callers() -> None:
    """A line that gets busier, a roster that changes, a day more: the others do not notice."""
    setup = city()
    busier = {**setup.demand.lines, LineId("b"): replace(setup.demand.lines[LineId("b")], calls_per_day=900)}
    other = replace(setup, days=2, staff=Staff(shifts=()), demand=replace(setup.demand, lines=busier))
    mine, theirs = ([n for n in needs(of_day(s)) if n[0] == "a"] for s in (setup, other))
    assert mine == theirs
    assert len(of_day(other)) > len(of_day(setup))


def test_a_recorded_day_is_replayed() -> None:
    setup = city()
    calls = (Recorded(0, 10 * HOUR, LineId("b"), 77.0), Recorded(0, 9.5 * HOUR, LineId("a"), patience=5.0))
    setup = replace(setup, demand=replace(setup.demand, recorded=calls, redial=0.0))
    first, second = of_day(setup)
    assert (first.line, first.patience, second.line, second.talk) == ("a", 5.0, "b", 77.0)
    assert first.arrives_at == midnight(setup.first_day) + 9.5 * HOUR
    assert needs(of_day(setup)) == needs(of_day(setup))
    assert expected_calls(setup) == 2


def test_gent_calls_in_opening_hours_only() -> None:
    gent = load("queues.yaml")
    demand = {str(id): callers(20, 180, 120, 24) for id in gent.lines}
    setup = replace(world(gent.policy, demand), city=gent, first_day=MONDAY, days=7)
    hours = {(c.line, (c.arrives_at - midnight(day)) // 3600, day.weekday())
             for n, day in enumerate(setup.dates) for c in of_day(setup, number=n)}  # fmt: skip
    assert {hour for name, hour, _ in hours if name == "gentinfo"} == set(range(9, 17))
    assert {day for name, _, day in hours if name == "gentinfo"} == set(range(5))
    assert {hour for name, hour, day in hours if name == "nachtopvang" and day == 6} == set(range(13, 22))
    assert {c.line for c in of_day(replace(setup, first_day=date(2026, 12, 25)))} == {"nachtopvang"}


def test_nine_is_nine_on_the_days_on_which_the_clock_changes() -> None:
    for day in (date(2026, 3, 29), date(2026, 10, 25)):
        assert datetime.fromtimestamp(midnight(day) + 9 * HOUR, ZONE).strftime("%H:%M") == "09:00"


def test_who_comes_after_closing_hears_so_and_who_waits_is_served() -> None:
    """The menu takes a minute: the one who chose at 17:00:30 is closed out, the one before him is still served."""
    gent = load("queues.yaml")
    last = {LineId("gentinfo"): replace(callers(1, 1, None, 24), menu=Constant(60), talk=Constant(120))}
    setup = replace(world(gent.policy, {}), city=gent, first_day=MONDAY)
    calls = tuple(Recorded(0, 16 * HOUR + minutes * 60, LineId("gentinfo")) for minutes in (58, 58.5, 59.5))
    demand = replace(setup.demand, lines=last, recorded=calls)
    one = Staff(shifts=(Shift(operators=(next(iter(gent.policy.operators)),), end=17 * HOUR),), stays=900)
    events = events_of(replace(setup, demand=demand, staff=one))
    outcomes = [event.outcome for event in events if isinstance(event, OutcomeCounted)]
    assert sorted(outcomes) == [Outcome.ANSWERED, Outcome.ANSWERED, Outcome.CLOSED]
    left = [
        event.at for event in events if isinstance(event, OperatorChanged) and event.state is OperatorState.LOGGED_OUT
    ]
    assert left and left[-1] > midnight(MONDAY) + 17 * HOUR + 60


def events_of(setup: Setup, seed: int = 1) -> list[Event]:
    events: list[Event] = []
    World(setup, seed, events.extend).run()
    return events


def test_roster_with_breaks() -> None:
    one = policy([line("a")], operators(1, {"a": 1}))
    shift = Shift(operators=tuple(one.operators), weekdays=(0,), start=9 * HOUR, end=17 * HOUR,
                  breaks=(Break(12 * HOUR, 1800, "lunch"), Break(12.2 * HOUR, 60)))  # fmt: skip
    setup = replace(world(one, {"a": callers(1, 1, None, 1)}), staff=Staff(shifts=(shift,)))
    found = [(move.at / HOUR, move.do, move.reason) for move in moves(setup, 1, 0, MONDAY)]
    assert found == [(9, Do.COME, ""), (12, Do.PAUSE, "lunch"), (12.5, Do.RETURN, ""), (17, Do.LEAVE, "")]
    assert moves(setup, 1, 1, MONDAY + timedelta(1)) == []


def test_a_third_is_ill_each_day_another_third() -> None:
    twelve = policy([line("a")], operators(12, {"a": 1}))
    staff = Staff(shifts=(Shift(operators=tuple(twelve.operators)),), ill=1 / 3)
    setup = replace(world(twelve, {"a": callers(1, 1, None, 1)}), staff=staff)
    days = [{move.operator for move in moves(setup, 1, number, MONDAY)} for number in range(5)]
    assert [len(day) for day in days] == [8] * 5
    assert len({frozenset(day) for day in days}) > 1


def test_no_shows_and_pauses_are_as_frequent_as_they_should_be() -> None:
    fifty = policy([line("a")], operators(50, {"a": 1}))
    shift = Shift(operators=tuple(fifty.operators), start=9 * HOUR, end=17 * HOUR)
    staff = Staff(shifts=(shift,), no_show=0.1, pauses_per_hour=0.5, pause=Constant(60))
    setup = replace(world(fifty, {"a": callers(1, 1, None, 1)}), staff=staff)
    found = [move for number in range(40) for move in moves(setup, 1, number, MONDAY)]
    come = sum(move.do is Do.COME for move in found)
    assert come / 2000 == pytest.approx(0.9, abs=0.03)
    assert sum(move.do is Do.PAUSE for move in found) / come == pytest.approx(4, abs=0.2)


def test_who_does_not_come_does_not_come_all_day() -> None:
    """Two shifts of one day are one decision; and on most days he does come."""
    one = policy([line("a")], operators(1, {"a": 1}))
    ids = tuple(one.operators)
    shifts = (Shift(operators=ids, start=9 * HOUR, end=12 * HOUR), Shift(operators=ids, start=13 * HOUR, end=17 * HOUR))
    setup = replace(world(one, {"a": callers(1, 1, None, 1)}), staff=Staff(shifts=shifts, no_show=0.3))
    comes = [sum(move.do is Do.COME for move in moves(setup, 1, number, MONDAY)) for number in range(200)]
    assert set(comes) == {0, 2}
    assert comes.count(0) / 200 == pytest.approx(0.3, abs=0.1)


def test_a_break_within_a_pause_is_taken_to_its_end() -> None:
    one = policy([line("a")], operators(1, {"a": 1}))
    coffee, lunch = Break(11.9 * HOUR, 900.0, "pauze"), Break(12 * HOUR, 1800.0, "lunch")
    shift = Shift(operators=tuple(one.operators), start=9 * HOUR, end=17 * HOUR, breaks=(lunch, coffee))
    setup = replace(world(one, {"a": callers(1, 1, None, 1)}), staff=Staff(shifts=(shift,)))
    away = [(move.at / HOUR, move.do) for move in moves(setup, 1, 0, MONDAY)][1:-1]
    assert away == [(11.9, Do.PAUSE), (12.5, Do.RETURN)]


def test_second_tries_are_not_invented_beside_recorded_calls() -> None:
    nobody = world(policy([line("a")], operators(1, {"a": 1})), {"a": callers(1, 60, 30, 8)})
    calls = tuple(Recorded(0, HOUR + n, LineId("a")) for n in range(50))
    setup = replace(nobody, staff=Staff(shifts=()), demand=replace(nobody.demand, redial=1.0, recorded=calls))
    assert sum(isinstance(event, CallStarted) for event in events_of(setup)) == 50


def test_who_gave_up_calls_again() -> None:
    """Nobody works: everybody hangs up, and half of them try again, at most three times."""
    nobody = world(policy([line("a")], operators(1, {"a": 1})), {"a": callers(100, 60, 30, 8)})
    setup = replace(nobody, staff=Staff(shifts=()), demand=replace(nobody.demand, redial=0.5))
    events = events_of(setup)
    calls = sum(isinstance(event, CallStarted) for event in events)
    first = len(of_day(setup))
    assert calls / first == pytest.approx(1 + 0.5 + 0.25 + 0.125, rel=0.06)
    assert sum(isinstance(event, CallEnteredLine) for event in events) == calls
