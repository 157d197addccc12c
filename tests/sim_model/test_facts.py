"""In simulated time no fact is lost or reordered on its way from the switch to the engine."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acd.engine.core import Engine, Step
from acd.model import facts as f
from acd.model.events import Event, OutcomeCounted
from acd.model.facts import Fact
from acd.model.ids import CallId
from acd.model.policy import Policy
from sim.kernel import Kernel
from sim.model.draws import Constant, Exponential
from sim.model.setup import Setup
from sim.model.switch import LeanSwitch, Lost, Switch, Tell
from sim.model.world import World
from tests.sim_model.full_switch import FullSwitch
from tests.sim_model.test_switch import city

Heard = list[tuple[float, Fact]]


class Listening:
    """The production engine, with somebody who writes down what it is told, and when."""

    def __init__(self, policy: Policy, heard: Heard) -> None:
        self._engine = Engine(policy)
        self._heard = heard

    def handle(self, fact: Fact, now: float) -> Step:
        self._heard.append((now, fact))
        return self._engine.handle(fact, now)

    def due(self) -> float | None:
        return self._engine.due()


def day(
    setup: Setup, seed: int, switch_of: type[LeanSwitch] | type[FullSwitch]
) -> tuple[list[Fact], Heard, list[Event]]:
    """What the switch told, what the engine heard, and what it made of it."""
    told: list[Fact] = []
    heard: Heard = []
    events: list[Event] = []

    def wired(kernel: Kernel, setup: Setup, seed: int, tell: Tell, lost: Lost) -> Switch:
        def tapped(fact: Fact) -> None:
            told.append(fact)
            tell(fact)

        return switch_of(kernel, setup, seed, tapped, lost)

    World(setup, seed, events.extend, router=lambda policy: Listening(policy, heard), switch_of=wired).run()
    return told, heard, events


def of_the_switch(heard: Heard) -> list[Fact]:
    """Without what the world says itself: the first look, the clock, and operators' buttons."""
    own = (f.SwitchSeen, f.Tick, f.OperatorLoggedIn, f.OperatorLoggedOut, f.OperatorReady, f.OperatorNotReady)
    return [fact for _, fact in heard if not isinstance(fact, own)]


def check_lives(facts: Sequence[Fact], calls: int) -> None:
    """Each call arrives first and is gone last, once; each offer is dialled, rings, and ends at most once."""
    lives: dict[CallId, list[Fact]] = defaultdict(list)
    for fact in facts:
        call = getattr(fact, "call", None)
        if call is not None:
            lives[call].append(fact)
    assert len(lives) == calls
    for life in lives.values():
        kinds = [type(fact) for fact in life]
        assert kinds[0] is f.CallArrived
        assert kinds.count(f.CallArrived) == kinds.count(f.CallGone) == 1
        assert set(kinds[kinds.index(f.CallGone) + 1 :]) <= {f.TalkEnded}
        check_offers(life)


def check_offers(life: Sequence[Fact]) -> None:
    stages: dict[int, list[type[Fact]]] = defaultdict(list)
    for fact in life:
        if isinstance(fact, f.OfferDialled | f.OfferRinging | f.OfferAnswered | f.OfferFailed):
            stages[fact.offer].append(type(fact))
    for stage in stages.values():
        assert stage[:2] == [f.OfferDialled, f.OfferRinging]
        assert len(stage) <= 3
    assert list(stages) == sorted(stages)


settings_of_people = st.fixed_dictionaries(
    {
        "answer": st.sampled_from([Constant(0.0), Constant(12.0), Exponential(5.0)]),
        "no_answer": st.sampled_from([0.0, 0.3]),
        "partner_answers": st.sampled_from([0.0, 0.5, 1.0]),
    }
)


@given(st.integers(0, 10**6), settings_of_people)
@settings(max_examples=12)
def test_no_fact_is_lost_or_reordered(seed: int, people: dict[str, Any]) -> None:
    setup = city()
    lines = {id: replace(line, calls_per_day=60.0) for id, line in setup.demand.lines.items()}
    setup = replace(setup, demand=replace(setup.demand, lines=lines), behaviour=replace(setup.behaviour, **people))
    told, heard, events = day(setup, seed, LeanSwitch)
    assert of_the_switch(heard) == told
    moments = [now for now, _ in heard]
    assert moments == sorted(moments)
    counted = [event.call for event in events if isinstance(event, OutcomeCounted)]
    assert len(counted) == len(set(counted))
    check_lives(told, len(counted))


@pytest.mark.parametrize("seed", range(2))
def test_nor_with_the_full_switch(seed: int) -> None:
    told, heard, events = day(city(), seed, FullSwitch)
    assert of_the_switch(heard) == told
    moments = [now for now, _ in heard]
    assert moments == sorted(moments)
    check_lives(told, sum(isinstance(event, OutcomeCounted) for event in events))
