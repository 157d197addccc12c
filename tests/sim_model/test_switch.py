"""The lean switch tells the engine what the full one tells it: the same events, in the same order, at the same time."""

from dataclasses import replace
from datetime import date

import msgspec
import pytest

from acd.model.events import CallStarted, Event, OfferEnded, OutcomeCounted
from acd.model.ids import LineId
from acd.model.outcome import Outcome
from acd.model.policy import Announcements, Line, OverflowTo, Policy
from sim.model.draws import Constant, Exponential, Lognormal
from sim.model.setup import Behaviour, Break, Demand, LineDemand, Setup, Shift, Staff, midnight
from sim.model.world import World
from sim.scenario import find, read
from tests.sim_model.full_switch import FullSwitch
from tests.sim_model.house import HOUR, operators


def busy_line(id: str, **settings: object) -> Line:
    usual = {"wrap_up": 20.0, "ring_time": 12.0, "announcements": Announcements(first=20.0)}
    return msgspec.structs.replace(Line(LineId(id), {"nl": id}), **(usual | settings))


def city() -> Setup:
    """Two lines that share operators: one small enough to refuse, one that sends callers to a partner."""
    a = busy_line("a", capacity=3, when_full=OverflowTo.REFUSE)
    b = busy_line("b", overflow_after=45.0, when_unstaffed=OverflowTo.PARTNER, wrap_up=0.0)
    staff = [*operators(2, {"a": 1}, "a"), *operators(2, {"a": 2, "b": 1}, "b")]
    policy = Policy({a.id: a, b.id: b}, {operator.id: operator for operator in staff})
    hours = (0.0,) * 18 + (1.0,) * 16 + (0.0,) * 14
    callers = LineDemand(
        calls_per_day=300, profile=hours, talk=Lognormal(150, 0.8), patience=Exponential(90), menu=Exponential(15)
    )
    shift = Shift(operators=tuple(policy.operators), start=9 * HOUR, end=17 * HOUR, breaks=(Break(12 * HOUR, 1800),))
    return Setup(
        policy=policy,
        demand=Demand(lines={a.id: callers, b.id: replace(callers, calls_per_day=200)}, redial=0.5),
        staff=Staff(shifts=(shift,), pauses_per_hour=1.0),
        behaviour=Behaviour(answer=Exponential(5), no_answer=0.05, partner_answers=0.7, partner_answer=Constant(8)),
        first_day=date(2026, 10, 5),
    )


def events_of(setup: Setup, seed: int, full: bool = False) -> list[Event]:
    events: list[Event] = []
    if full:
        World(setup, seed, events.extend, switch_of=FullSwitch).run()
    else:
        World(setup, seed, events.extend).run()
    return renumbered(events)


def renumbered(events: list[Event]) -> list[Event]:
    """Channel numbers count legs too in the one and not in the other: calls are named by order of arrival instead."""
    names: dict[str, str] = {}
    found = []
    for event in events:
        call = getattr(event, "call", None)
        if call is None:
            found.append(event)
            continue
        if isinstance(event, CallStarted):
            names[call] = f"call {len(names)}"
        found.append(msgspec.structs.replace(event, call=names[call]))
    return found


@pytest.mark.parametrize("seed", range(3))
def test_lean_and_full_switch_agree(seed: int) -> None:
    lean, full = events_of(city(), seed), events_of(city(), seed, full=True)
    for mine, theirs in zip(lean, full, strict=False):
        assert mine == theirs
    assert len(lean) == len(full)


def test_lean_and_full_switch_agree_on_a_day_of_gent() -> None:
    """Opening hours, lunches, no-shows, missed rings, closing time."""
    setup = read(find("normal_day")).setup
    late = {id: replace(line, menu=Constant(90)) for id, line in setup.demand.lines.items()}
    setup = replace(setup, demand=replace(setup.demand, lines=late))
    lean, full = events_of(setup, 2), events_of(setup, 2, full=True)
    for mine, theirs in zip(lean, full, strict=False):
        assert mine == theirs
    assert len(lean) == len(full)
    assert any(isinstance(event, OutcomeCounted) and event.outcome is Outcome.CLOSED for event in lean)


def test_the_small_city_sees_everything() -> None:
    """What the comparison is worth: every way in which a call can end in it does happen."""
    events = [event for seed in range(3) for event in events_of(city(), seed)]
    outcomes = {event.outcome for event in events if isinstance(event, OutcomeCounted)}
    assert outcomes >= {
        Outcome.ANSWERED,
        Outcome.ABANDONED,
        Outcome.ABANDONED_SHORT,
        Outcome.REFUSED,
        Outcome.OVERFLOW_ANSWERED,
        Outcome.OVERFLOW_LOST,
    }
    assert any(isinstance(event, OfferEnded) and event.how is None for event in events)


def test_the_same_seed_gives_the_same_events() -> None:
    assert events_of(city(), 5) == events_of(city(), 5)
    assert events_of(city(), 5) != events_of(city(), 6)


def test_each_call_is_counted_once() -> None:
    events = events_of(city(), 1)
    started = [event.call for event in events if isinstance(event, CallStarted)]
    counted = [event.call for event in events if isinstance(event, OutcomeCounted)]
    assert len(started) > 400
    assert sorted(started) == sorted(counted)


def test_who_comes_back_at_midnight_is_not_sent_home_an_hour_later() -> None:
    """Round the clock: the shift of one day ends where that of the next begins, while callers wait."""
    setup = replace(city(), days=2)
    round_the_clock = Staff(shifts=(Shift(operators=tuple(setup.policy.operators)),), stays=HOUR)
    always = {id: replace(line, profile=(1.0,) * 48) for id, line in setup.demand.lines.items()}
    events = events_of(replace(setup, staff=round_the_clock, demand=replace(setup.demand, lines=always)), 1)
    answered = [event.at for event in events if isinstance(event, OutcomeCounted) and event.outcome is Outcome.ANSWERED]
    second_day = midnight(setup.first_day) + 86400
    by_hour = [sum(second_day + n * HOUR <= at < second_day + (n + 1) * HOUR for at in answered) for n in range(23)]
    assert min(by_hour) > 0
