"""In the level-A world, in the engine's place: whatever the city, nobody is lost and nobody is rung twice."""

import multiprocessing
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from acd.engine.core import Engine
from acd.model.events import (
    CallAnswered,
    CallDeflected,
    CallEnteredLine,
    CallOffered,
    CallStarted,
    Event,
    OfferEnded,
    OutcomeCounted,
    TalkFinished,
)
from acd.model.ids import Device, LineId, OperatorId
from acd.model.outcome import Outcome
from acd.model.policy import Announcements, Line, Operator, OverflowTo, Policy
from sim.app_queue import AppQueue, Settings, Strategy
from sim.model.draws import NEVER, Constant, Draw, Exponential, Lognormal
from sim.model.replications import RouterOf, replicate
from sim.model.setup import Behaviour, Demand, LineDemand, Setup, Shift, Staff
from sim.model.world import World
from tests.sim_model.full_switch import FullSwitch
from tests.sim_model.test_switch import city as two_line_city
from tests.sim_model.test_switch import renumbered

LINES = ("a", "b", "c")

lines = st.builds(
    Line,
    id=st.just(LineId("?")),
    names=st.just({"nl": "?"}),
    priority=st.integers(0, 2),
    wrap_up=st.sampled_from((0.0, 5.0, 20.0, 12.6)),
    ring_time=st.sampled_from((4.0, 11.5)),
    capacity=st.integers(1, 20),
    when_full=st.sampled_from(OverflowTo),
    when_unstaffed=st.sampled_from(OverflowTo),
    overflow_after=st.sampled_from((0.0, 45.0)),
    announcements=st.sampled_from((Announcements(first=0), Announcements())),
)
skills = st.dictionaries(st.sampled_from(LINES), st.integers(1, 3), min_size=1)
queue_settings = st.builds(
    Settings,
    strategy=st.sampled_from(Strategy),
    retry=st.sampled_from((0, 1, 3)),
    autofill=st.booleans(),
    shared_lastcall=st.booleans(),
    autopause=st.booleans(),
    leave_when_empty=st.booleans(),
)


@st.composite
def cities(draw: st.DrawFn) -> Setup:
    """Up to three lines and five operators, two busy hours."""
    known = {LineId(id): msgspec.structs.replace(draw(lines), id=LineId(id)) for id in LINES}
    people = [
        Operator(OperatorId(f"o{n}"), "", Device(f"d{n}"), {LineId(id): level for id, level in has.items()})
        for n, has in enumerate(draw(st.lists(skills, min_size=1, max_size=5)))
    ]
    policy = Policy(known, {operator.id: operator for operator in people})
    patience: Draw = Exponential(60.0) if draw(st.booleans()) else NEVER
    demand = LineDemand(
        calls_per_day=draw(st.integers(5, 40)),
        profile=(0.0,) * 20 + (1.0,) * 4 + (0.0,) * 24,
        talk=Lognormal(90.0, 0.8),
        patience=patience,
        menu=Exponential(5.0),
    )
    return Setup(
        policy=policy,
        demand=Demand(lines=dict.fromkeys(known, demand), redial=draw(st.sampled_from((0.0, 0.5)))),
        staff=Staff(
            shifts=(Shift(operators=tuple(policy.operators), start=9.9 * 3600, end=12.2 * 3600),),
            pauses_per_hour=draw(st.sampled_from((0.0, 3.0))),
            stays=draw(st.sampled_from((0.0, 7200.0))),
        ),
        behaviour=Behaviour(answer=Exponential(3.0), no_answer=draw(st.sampled_from((0.0, 0.3))), partner_answers=0.7),
    )


def events_of(setup: Setup, router: RouterOf, seed: int = 1) -> list[Event]:
    events: list[Event] = []
    World(setup, seed, events.extend, router=router).run()
    return events


class Floor:
    """Watches who is with whom, and fails at the first thing that cannot be."""

    def __init__(self) -> None:
        self.rung: dict[OperatorId, str] = {}
        self.talking: dict[OperatorId, str] = {}
        self.waiting: set[str] = set()

    def watch(self, events: Sequence[Event]) -> None:
        for event in events:
            match event:
                case CallEnteredLine():
                    self.waiting.add(event.call)
                case CallOffered():
                    assert event.operator not in self.rung and event.operator not in self.talking
                    assert event.call in self.waiting and event.call not in self.rung.values()
                    assert event.why.line_rule == "app_queue" and event.why.candidates > 0
                    self.rung[event.operator] = event.call
                case OfferEnded():
                    assert self.rung.pop(event.operator) == event.call
                case CallAnswered():
                    assert event.operator is not None and self.rung.pop(event.operator) == event.call
                    self.waiting.remove(event.call)
                    self.talking[event.operator] = event.call
                case TalkFinished():
                    assert event.operator is not None and self.talking.pop(event.operator) == event.call
                case CallDeflected():
                    assert event.call in self.waiting and event.call not in self.rung.values()
                case _:
                    pass


@settings(max_examples=60)
@given(cities(), queue_settings, st.integers(0, 5))
def test_one_ring_an_operator_one_operator_a_caller_one_outcome_a_call(
    setup: Setup, queue: Settings, seed: int
) -> None:
    events = events_of(setup, partial(AppQueue, settings=queue), seed)
    floor = Floor()
    floor.watch(events)
    assert not floor.talking
    started = [event.call for event in events if isinstance(event, CallStarted)]
    counted = [event.call for event in events if isinstance(event, OutcomeCounted)]
    assert len(set(counted)) == len(counted) and set(counted) <= set(started)
    # Whoever has endless patience may wait for ever where nobody works any more.
    assert set(started) - set(counted) <= floor.waiting
    if setup.demand.lines[LineId("a")].patience is not NEVER:
        assert sorted(started) == sorted(counted)


@settings(max_examples=20)
@given(cities(), queue_settings, st.integers(0, 5))
def test_the_same_seed_gives_the_same_events(setup: Setup, queue: Settings, seed: int) -> None:
    router = partial(AppQueue, settings=queue)
    assert events_of(setup, router, seed) == events_of(setup, router, seed)


@settings(max_examples=30)
@given(cities(), st.sampled_from(Strategy), st.integers(0, 5))
def test_a_caller_and_an_operator_miss_each_other_for_less_than_a_second(
    setup: Setup, strategy: Strategy, seed: int
) -> None:
    """Where every phone is answered at once, nothing weighs, and nobody wraps up or gives up, only the polling keeps
    them apart. (Who gives up in his turn has kept the one behind him from his: that one looks again a second later.)"""
    plain = {
        id: Line(id, line.names, wrap_up=0.0, announcements=Announcements(first=0))
        for id, line in setup.policy.lines.items()
    }
    patient = {id: replace(line, patience=NEVER) for id, line in setup.demand.lines.items()}
    at_once = replace(
        setup,
        policy=Policy(plain, setup.policy.operators),
        demand=replace(setup.demand, lines=patient),
        behaviour=Behaviour(answer=Constant(0.0)),
        staff=replace(setup.staff, pauses_per_hour=0.0, stays=7200.0),
    )
    offers = [
        event.why
        for event in events_of(at_once, partial(AppQueue, settings=Settings(strategy=strategy)), seed)
        if isinstance(event, CallOffered)
    ]
    assert all(min(why.idle, why.waited) < 1.002 for why in offers)
    engine = [event.why for event in events_of(at_once, Engine, seed) if isinstance(event, CallOffered)]
    # Moments of entry are whole milliseconds.
    assert all(min(why.idle, why.waited) < 0.002 for why in engine)


def test_the_full_switch_gives_the_same_events() -> None:
    """With channels, legs and contacts it is the same drop-in for the engine as in the lean world."""
    lean: list[Event] = []
    full: list[Event] = []
    World(two_line_city(), 1, lean.extend, router=AppQueue).run()
    World(two_line_city(), 1, full.extend, router=AppQueue, switch_of=FullSwitch).run()
    assert renumbered(lean) == renumbered(full)
    assert len(lean) > 1000


def test_outcomes_of_all_kinds_occur() -> None:
    """What the properties are worth."""
    names = ("a", "b")
    settled = {
        "a": Line(LineId("a"), {"nl": "a"}, capacity=3, when_full=OverflowTo.REFUSE),
        "b": Line(LineId("b"), {"nl": "b"}, overflow_after=45.0, when_unstaffed=OverflowTo.PARTNER),
    }
    people = [Operator(OperatorId(f"o{n}"), "", Device(f"d{n}"), {LineId(i): 1 for i in names}) for n in range(3)]
    policy = Policy({line.id: line for line in settled.values()}, {operator.id: operator for operator in people})
    profile = (0.0,) * 20 + (1.0,) * 8 + (0.0,) * 20
    demand = LineDemand(calls_per_day=200, profile=profile, talk=Lognormal(90, 0.8), patience=Exponential(60))
    setup = Setup(
        policy=policy,
        demand=Demand(lines=dict.fromkeys(policy.lines, demand)),
        staff=Staff(shifts=(Shift(operators=tuple(policy.operators), start=10.1 * 3600, end=14 * 3600),)),
        behaviour=Behaviour(answer=Exponential(3), no_answer=0.1, partner_answers=0.6),
    )
    events = events_of(setup, AppQueue)
    found = {event.outcome for event in events if isinstance(event, OutcomeCounted)}
    assert found == {
        Outcome.ANSWERED,
        Outcome.ABANDONED,
        Outcome.ABANDONED_SHORT,
        Outcome.REFUSED,
        Outcome.OVERFLOW_ANSWERED,
        Outcome.OVERFLOW_LOST,
    }
    assert {event.how is None for event in events if isinstance(event, OfferEnded)} == {True, False}


def test_other_processes_can_run_it() -> None:
    """The worlds of a comparison run on all cores: the router and its settings travel with the job."""
    setup = Setup(
        policy=Policy(
            {LineId("a"): Line(LineId("a"), {"nl": "a"})},
            {OperatorId("o"): Operator(OperatorId("o"), "", Device("o"), {LineId("a"): 1})},
        ),
        demand=Demand(lines={LineId("a"): LineDemand(calls_per_day=50)}),
        staff=Staff(shifts=(Shift(operators=(OperatorId("o"),)),)),
    )
    router = partial(AppQueue, settings=Settings(strategy=Strategy.LINEAR))
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        elsewhere = pool.apply(replicate, (setup, 3, router))
    assert elsewhere == replicate(setup, 3, router)
