"""Promises to call back in virtual time: what the keeper of the simulator must never do, and an example by hand."""

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import date

import pytest

from acd.callbacks.days import part_of, terms
from acd.callbacks.moments import may_call, second_chance
from acd.engine.attempts import needed
from acd.engine.core import Engine, Step
from acd.model.callback import AttemptResult, CallbackState
from acd.model.events import AttemptFinished, AttemptStarted, CallbackOffered, CitizenReached, Event, OutcomeCounted
from acd.model.facts import CallbackBooked, Fact
from acd.model.history import HALF_HOUR
from acd.model.ids import CallbackId
from acd.model.outcome import Outcome
from acd.model.policy import Policy
from sim.changes import changed
from sim.model.draws import Constant
from sim.model.figures import LineFigures, Promises
from sim.model.keeper import LOOK
from sim.model.replications import replicate
from sim.model.setup import Deferral, Demand, LineDemand, Recorded, Setup, Shift, Staff, midnight
from sim.model.world import World
from sim.scenario import find, read
from tests.callbacks.places import INFO, small_city

RUNG = frozenset(AttemptResult) - {AttemptResult.OPERATOR}


class Watched:
    """The production engine, with somebody who looks who waits whenever an attempt begins."""

    def __init__(self, policy: Policy) -> None:
        self.engine = Engine(policy)
        self.due = self.engine.due
        self.took_from_callers: list[AttemptStarted] = []

    def handle(self, fact: Fact, now: float) -> Step:
        step, state = self.engine.handle(fact, now), self.engine._state
        for event in step.events:
            if isinstance(event, AttemptStarted) and needed(state, state.desks[event.operator]):
                self.took_from_callers.append(event)
        return step


class Lived:
    """A run, and what was seen in it."""

    def __init__(self, setup: Setup, seed: int = 1) -> None:
        self.setup, self.events = setup, list[Event]()
        self.over_capacity: list[CallbackBooked] = []
        self.slots = 0
        self.world = World(setup, seed, self.events.extend, router=Watched)
        assert self.world.keeper is not None
        self.keeper = self.world.keeper
        tell = self.keeper._tell

        def tapped(fact: Fact) -> None:
            if isinstance(fact, CallbackBooked):
                self._booked(fact)
            tell(fact)

        self.keeper._tell = tapped
        self.world.run()

    def _booked(self, fact: CallbackBooked) -> None:
        """A moment that was chosen, not "as soon as it is calm": there is room for all that are promised then."""
        keeper, promise = self.keeper, self.keeper.promises[fact.callback]
        if promise.end_at - promise.start_at != HALF_HOUR:
            return
        self.slots += 1
        alike = (p for p in keeper.promises.values() if p.line == promise.line and p.state is CallbackState.OPEN)
        there = sum(p.start_at // HALF_HOUR == promise.start_at // HALF_HOUR for p in alike)
        if there > keeper._planner.capacity(promise.line, promise.start_at):
            self.over_capacity.append(fact)

    @property
    def attempts(self) -> dict[CallbackId, list[AttemptStarted | AttemptFinished]]:
        found: dict[CallbackId, list[AttemptStarted | AttemptFinished]] = defaultdict(list)
        for event in self.events:
            if isinstance(event, AttemptStarted | AttemptFinished):
                found[event.callback].append(event)
        return found


def double() -> Setup:
    """The day of double volume and the days on which its promises fall due; citizens pick up less than usual."""
    setup = read(find("callback_double_day")).setup
    assert setup.deferral is not None
    return replace(setup, days=4, cool_down=3, deferral=replace(setup.deferral, picks_up=0.5))


@pytest.fixture(scope="module")
def lived() -> Lived:
    return Lived(double())


def test_there_is_something_to_keep(lived: Lived) -> None:
    assert len(lived.keeper.closed) > 80 and lived.slots > 50
    states = {promise.state for promise in lived.keeper.closed}
    assert states == {CallbackState.REACHED, CallbackState.HANDED_OVER}


def test_no_promise_is_broken_silently(lived: Lived) -> None:
    """Reached, or with a person and a reason, or still to come: every promise that was confirmed is one of these."""
    booked = sum(isinstance(e, OutcomeCounted) and e.outcome is Outcome.CALLBACK_ACCEPTED for e in lived.events)
    promises = [*lived.keeper.closed, *lived.keeper.promises.values()]
    assert len(promises) == booked
    for promise in lived.keeper.closed:
        if promise.state is CallbackState.HANDED_OVER:
            assert promise.why in ("attempts", "no_moment")
        else:
            assert promise.reached_at is not None
    assert not [p for p in lived.keeper.promises.values() if p.deadline <= midnight(lived.setup.dates[-1])]


def test_never_two_attempts_at_once_nor_more_than_the_line_allows(lived: Lived) -> None:
    for story in lived.attempts.values():
        assert [type(event) for event in story] == [AttemptStarted, AttemptFinished] * (len(story) // 2)
        starts, ends = story[::2], story[1::2]
        assert all(one.attempt == other.attempt for one, other in zip(starts, ends, strict=True))
        rung = [end for end in ends if isinstance(end, AttemptFinished) and end.result in RUNG]
        assert len(rung) <= 3


def test_again_later_and_in_another_part_of_the_day_or_on_another_day_if_there_is_one(lived: Lived) -> None:
    again, deadlines = 0, {p.callback: p.deadline for p in (*lived.keeper.closed, *lived.keeper.promises.values())}
    for callback, story in lived.attempts.items():
        for end, start in zip(story[1::2], story[2::2], strict=False):
            assert isinstance(end, AttemptFinished) and lived.setup.city is not None
            if end.result in RUNG:
                again += 1
                assert start.at - end.ended_at >= terms(lived.setup.city, end.line).gap
                elsewhen = part_of(start.at) is not part_of(end.ended_at) or start.at - end.ended_at > 12 * 3600
                chance = second_chance(lived.setup.city, end.line, end.ended_at, deadlines[callback])
                assert elsewhen or chance is None
    assert again > 30


def test_only_within_calling_hours(lived: Lived) -> None:
    assert lived.setup.city is not None
    for story in lived.attempts.values():
        assert all(may_call(lived.setup.city, event.line, event.at) for event in story[::2])


def test_never_while_somebody_waits_whom_that_operator_could_serve(lived: Lived) -> None:
    router = lived.world.router
    assert isinstance(router, Watched) and not router.took_from_callers


def test_capacity_is_never_exceeded(lived: Lived) -> None:
    assert not lived.over_capacity


def test_who_has_been_reached_is_not_called_again(lived: Lived) -> None:
    reached = Counter(event.callback for event in lived.events if isinstance(event, CitizenReached))
    assert reached and set(reached.values()) == {1}
    for id, story in lived.attempts.items():
        assert id not in reached or story[-1].result is AttemptResult.CONNECTED  # type: ignore[union-attr]


def test_nobody_picks_up() -> None:
    """Then every promise ends with a person: rung as often as the line allows, or as the time until then allowed."""
    setup = double()
    assert setup.deferral is not None
    found = replicate(replace(setup, deferral=replace(setup.deferral, picks_up=0.0)), 2).all_lines.promises
    assert found.accepted > 50 and found.kept == found.reached == 0
    assert found.unanswered + found.broken == found.fallen_due == found.accepted


def test_the_same_seed_gives_the_same_figures() -> None:
    setup = replace(read(find("callback_week")).setup, days=3, cool_down=2)
    assert replicate(setup, 3) == replicate(setup, 3)


def test_never_late_and_early_differ_on_the_same_callers() -> None:
    setup = replace(double(), days=3, cool_down=2)
    never, late, early = (replicate(changed(setup, f"callback {when}"), 1) for when in ("never", "late", "early"))
    accepted = [figures.all_lines.promises.accepted for figures in (never, late, early)]
    assert accepted[0] == 0 < accepted[1] < accepted[2]
    assert never.all_lines.spoken == never.all_lines.total.answered


def test_days_that_are_not_counted_leave_no_trace_in_the_figures() -> None:
    setup = read(find("callback_week")).setup
    setup, until = replace(setup, days=2, cool_down=1), midnight(setup.dates[1])
    counted = [event for event in Lived(setup).events if isinstance(event, OutcomeCounted) and event.line is not None]
    entered = sum(event.waited is not None and event.at - event.waited < until for event in counted)
    assert len(counted) > 1.5 * entered
    assert replicate(setup, 1).all_lines.total.entered == entered > 300


# --- By hand --------------------------------------------------------------------------------------------------------


def test_reached_by_hand() -> None:
    """80 answered and 10 hung up; of 12 who accepted 10 fell due: 8 kept, 1 never picked up, 1 broken; 1 of the other
    two was reached already."""
    found = LineFigures.empty()
    found.slots[0].answered, found.slots[0].abandoned = 80, 10
    found.promises = Promises(accepted=12, reached=9, in_time=9, fallen_due=10, kept=8, unanswered=1)
    assert found.spoken == 89
    assert found.reached == pytest.approx(89 / 102)
    assert found.total.reachability == pytest.approx(80 / 90)
    assert found.promises.kept_share == pytest.approx(0.8)
    assert found.promises.broken == 1


def test_a_morning_by_hand() -> None:
    """One operator. The first citizen talks from 9:00 to 9:10; the second joins at 9:01, hears the offer 150 s later,
    needs half a minute to accept, and is called when the first has gone: that takes the keeper's next look at most."""
    city, nine = small_city(), 9 * 3600.0
    calls = (Recorded(0, nine, INFO, talk=600.0), Recorded(0, nine + 60, INFO, talk=120.0))
    setup = Setup(
        policy=city.policy,
        demand=Demand(lines={id: LineDemand(calls_per_day=1) for id in city.lines}, recorded=calls),
        staff=Staff(shifts=(Shift(operators=tuple(city.policy.operators), start=nine, end=17 * 3600),)),
        deferral=Deferral(accept=1.0, soon=1.0, dialogue=30.0, picks_up=1.0, engaged=0.0, rings=Constant(5.0)),
        city=city,
        first_day=date(2026, 10, 5),
    )
    setup = changed(setup, "callback late")
    lived = Lived(setup)
    begin = midnight(setup.first_day) + nine
    (offered,) = [event for event in lived.events if isinstance(event, CallbackOffered)]
    (reached,) = [event for event in lived.events if isinstance(event, CitizenReached)]
    assert offered.heard_at - begin == pytest.approx(60 + 150, abs=2)
    free_again = 600 + city.policy.lines[INFO].wrap_up
    assert free_again <= reached.answered_at - begin <= free_again + LOOK + 5 + 1
    figures = replicate(setup, 1).all_lines
    assert (figures.total.answered, figures.promises.accepted, figures.promises.in_time) == (1, 1, 1)
    assert figures.reached == 1.0
