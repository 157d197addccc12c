"""The engine against an honest little switch, in random interleavings: what callers and operators live through.

The rules of the machine are what people, phones, Redirects, links and processes may do at any moment. What must hold is
judged from the switch's truth. At the end everybody does his best for a while: then nobody may be left waiting, no
operator may be stuck, and each call must have the one outcome that is true.
"""

from collections import Counter
from collections.abc import Sequence
from typing import TypeVar

import hypothesis.strategies as st
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from acd.model import facts as f
from acd.model.events import CallAnswered, OutcomeCounted
from acd.model.facts import CallWhereabouts as W
from acd.model.facts import OfferFailure
from acd.model.ids import LineId, OperatorId
from acd.model.operator import OperatorState
from acd.model.outcome import Outcome
from acd.model.policy import OverflowTo
from tests.engine.house import line, operator, policy
from tests.engine.switch_model import PICKS_UP, Caller, Fate, Link, ModelSwitch

CITY = policy(
    [
        line("info", wrap_up=5.0),
        line("sport", priority=3, overflow_after=40.0, wrap_up=0.0),
        line("night", when_unstaffed=OverflowTo.REFUSE, when_full=OverflowTo.REFUSE, capacity=2, wrap_up=5.0),
    ],
    [
        operator("anna", "1001", info=1),
        operator("bram", "1002", info=2, sport=1),
        operator("cato", "1003", sport=1, night=1),
    ],
)
LINES = [LineId(n) for n in ("info", "info", "sport", "night")]
OPERATORS = [OperatorId(o) for o in CITY.operators]
ANYONE = st.integers(0, 11)
FOR_A_WHILE = st.sampled_from([0.5, 5.0, 60.0])

T = TypeVar("T")


def pick(among: Sequence[T], number: int) -> T:
    return among[number % len(among)]


class Life(RuleBasedStateMachine):
    """What may happen, at any moment."""

    def __init__(self) -> None:
        super().__init__()
        self.switch = ModelSwitch(CITY)

    @property
    def up(self) -> bool:
        return self.switch.link is Link.UP

    def at(self, *places: W) -> list[Caller]:
        return self.switch.at_place(*places)

    @initialize(on_duty=st.sets(st.sampled_from(OPERATORS), min_size=1))
    def the_day_begins(self, on_duty: set[OperatorId]) -> None:
        for id in sorted(on_duty):
            self.switch.step(f.OperatorLoggedIn(id, "x"))
            self.switch.step(f.OperatorReady(id, "x"))

    # --- Time ---------------------------------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([0.1, 0.2, 0.3, 1.05, 1.5, 3.0, 6.0, 15.0, 45.0]))
    def time_passes(self, seconds: float) -> None:
        self.switch.advance(seconds)

    @precondition(lambda self: self.up and self.switch.now >= self.switch.stalled_until)
    @rule(seconds=st.sampled_from([0.05, 0.4]))
    def the_wire_is_slow(self, seconds: float) -> None:
        self.switch.stalled_until = self.switch.now + seconds

    @rule(fates=st.lists(st.sampled_from(list(Fate)), min_size=1, max_size=3))
    def redirects_will_go_wrong(self, fates: list[Fate]) -> None:
        self.switch.fates.extend(fates)

    # --- Callers ------------------------------------------------------------------------------------------------

    @rule(on=st.sampled_from(LINES), together=st.integers(1, 3))
    def callers_join(self, on: LineId, together: int) -> None:
        for caller in [self.switch.arrive() for _ in range(together)]:
            self.switch.choose(caller, on)

    @rule()
    def a_caller_arrives(self) -> None:
        self.switch.arrive()

    @precondition(lambda self: self.at(W.MENU))
    @rule(n=ANYONE, on=st.sampled_from(LINES))
    def he_chooses(self, n: int, on: LineId) -> None:
        self.switch.choose(pick(self.at(W.MENU), n), on)

    @precondition(lambda self: self.at(W.MENU))
    @rule(n=ANYONE, on=st.sampled_from(LINES))
    def the_line_is_closed(self, n: int, on: LineId) -> None:
        self.switch.closed(pick(self.at(W.MENU), n), on)

    @precondition(lambda self: self.switch.callers)
    @rule(n=ANYONE)
    def he_hangs_up(self, n: int) -> None:
        self.switch.hang_up(pick(list(self.switch.callers.values()), n))

    # --- Operators ----------------------------------------------------------------------------------------------

    @precondition(lambda self: self.switch.ringing())
    @rule(n=ANYONE)
    def an_operator_picks_up(self, n: int) -> None:
        leg = pick(self.switch.ringing(), n)
        self.switch.ring(leg)
        if leg.rings:
            self.switch.answer(leg)

    @precondition(lambda self: self.at(W.RING))
    @rule(n=ANYONE, how=st.sampled_from([OfferFailure.BUSY, OfferFailure.REJECTED, OfferFailure.FAULT]))
    def a_phone_says_no(self, n: int, how: OfferFailure) -> None:
        self.switch.fail(pick(self.at(W.RING), n), how)

    @precondition(lambda self: self.at(W.TALK))
    @rule(n=ANYONE)
    def an_operator_hangs_up(self, n: int) -> None:
        caller = pick(self.at(W.TALK), n)
        assert caller.leg is not None
        self.switch.operator_hangs_up(caller, caller.leg)

    @precondition(lambda self: self.at(W.TALK))
    @rule(n=ANYONE, to=st.sampled_from(LINES))
    def an_operator_sends_him_on(self, n: int, to: LineId) -> None:
        self.switch.transfer(pick(self.at(W.TALK), n), to)

    @rule(
        who=st.sampled_from(OPERATORS),
        what=st.sampled_from([f.OperatorLoggedIn, f.OperatorReady, f.OperatorReady, f.OperatorLoggedOut]),
    )
    def an_operator_clicks(self, who: OperatorId, what: type[f.OperatorAction]) -> None:
        self.switch.step(what(who, "x"))

    @rule(who=st.sampled_from(OPERATORS))
    def an_operator_has_lunch(self, who: OperatorId) -> None:
        self.switch.step(f.OperatorNotReady(who, "x", "lunch"))

    # --- Phones -------------------------------------------------------------------------------------------------

    @rule(n=ANYONE, seconds=FOR_A_WHILE)
    def a_phone_is_away(self, n: int, seconds: float) -> None:
        self.for_a_while(n, seconds, "registered", False, True)

    @rule(n=ANYONE, seconds=FOR_A_WHILE)
    def a_phone_does_not_ring(self, n: int, seconds: float) -> None:
        self.for_a_while(n, seconds, "dead", True, False)

    @rule(n=ANYONE, seconds=FOR_A_WHILE)
    def a_phone_is_used_for_something_else(self, n: int, seconds: float) -> None:
        self.for_a_while(n, seconds, "in_use", True, False)

    @rule(n=ANYONE, seconds=FOR_A_WHILE, after=st.sampled_from([None, 0.1, 14.85]))
    def a_phone_is_picked_up_otherwise(self, n: int, seconds: float, after: float | None) -> None:
        self.for_a_while(n, seconds, "picked_up_after", after, PICKS_UP)

    def for_a_while(self, n: int, seconds: float, trait: str, so: object, otherwise: object) -> None:
        phone = pick(list(self.switch.phones.values()), n)

        def put(value: object) -> None:
            setattr(phone, trait, value)
            self.switch.show(phone)

        put(so)
        self.switch.at(seconds, lambda: put(otherwise))

    # --- The partner --------------------------------------------------------------------------------------------

    @precondition(lambda self: self.at(W.OVERFLOW))
    @rule(n=ANYONE, yes=st.booleans())
    def the_partner(self, n: int, yes: bool) -> None:
        caller = pick(self.at(W.OVERFLOW), n)
        (self.switch.partner_answers if yes else self.switch.partner_fails)(caller)

    # --- Links and processes ------------------------------------------------------------------------------------

    @precondition(lambda self: self.up)
    @rule(seconds=st.sampled_from([0.5, 2.5]))
    def the_link_breaks_shortly(self, seconds: float) -> None:
        self.switch.close()
        self.switch.advance(seconds)
        self.switch.relink()

    @precondition(lambda self: self.up)
    @rule()
    def the_link_breaks(self) -> None:
        self.switch.close()

    @precondition(lambda self: self.up)
    @rule()
    def the_link_is_cut(self) -> None:
        self.switch.cut()

    @rule(seconds=st.sampled_from([0.5, 3.0]))
    def the_engine_is_killed(self, seconds: float) -> None:
        self.switch.kill()
        self.switch.advance(seconds)
        self.switch.relink()

    @precondition(lambda self: not self.up)
    @rule()
    def the_link_is_back(self) -> None:
        self.switch.advance(0.5)
        self.switch.relink()

    @precondition(lambda self: len(self.switch.callers) > 3)
    @rule()
    def the_switch_reboots(self) -> None:
        self.switch.reboot()
        self.switch.advance(1.0)
        self.switch.relink(rebooted=True)

    @precondition(lambda self: self.at(W.FALLBACK))
    @rule(n=ANYONE, m=ANYONE, picks_up=st.booleans())
    def the_queue_rings(self, n: int, m: int, picks_up: bool) -> None:
        caller = pick(self.at(W.FALLBACK), n)
        free = list(self.switch.free_members(caller))
        if free and caller.leg is None and not self.up:
            phone = pick(free, m)
            self.switch.queue_rings(caller, phone)
            if picks_up and phone.leg is not None and phone.leg.rings:
                self.switch.answer(phone.leg)

    # --- The end ------------------------------------------------------------------------------------------------

    def teardown(self) -> None:
        self.everybody_does_his_best()
        self.nobody_was_forgotten()
        self.every_call_has_its_true_outcome()

    def everybody_does_his_best(self) -> None:
        switch = self.switch
        switch.fates.clear()
        switch.stalled_until = switch.now
        for caller in self.at(W.MENU, W.CLOSED, W.PARTNER):
            switch.hang_up(caller)
        if not self.up:
            switch.advance(1.0)
            switch.relink()
        switch.advance(2.0)
        for phone in switch.phones.values():
            phone.registered, phone.dead, phone.in_use, phone.picked_up_after = True, False, False, PICKS_UP
            switch.show(phone)
        for leg in switch.ringing():
            switch.ring(leg)
            switch.answer(leg)
        for caller in self.at(W.TALK):
            if caller.leg is not None:
                switch.operator_hangs_up(caller, caller.leg)
        for _ in range(20):
            for id in OPERATORS:
                switch.step(f.OperatorLoggedIn(id, "x"))
                switch.step(f.OperatorReady(id, "x"))
            switch.advance(30.0)

    def nobody_was_forgotten(self) -> None:
        left = {caller.id: caller.where for caller in self.switch.callers.values()}
        assert not left, f"still there: {left}"
        board = self.switch.engine.board(self.switch.now)
        assert board.calls == ()
        stuck = {o.operator: o.state for o in board.operators if o.state is not OperatorState.AVAILABLE}
        assert not stuck

    def every_call_has_its_true_outcome(self) -> None:
        counted = [event for event in self.switch.journal if isinstance(event, OutcomeCounted)]
        assert max(Counter(event.call for event in counted).values(), default=1) == 1
        outcomes = {event.call: event for event in counted}
        answered = {event.call: event for event in reversed(self.switch.journal) if isinstance(event, CallAnswered)}
        assert self.switch.callers == {}
        for caller in self.switch.past:
            if caller.unknowable:
                continue
            assert caller.truth is not None
            outcome, waited = caller.truth
            told = outcomes[caller.id]
            if caller.id in self.switch.turned_away and told.outcome is Outcome.REFUSED:
                continue
            assert told.outcome is outcome, caller.id
            if outcome is Outcome.ANSWERED:
                assert answered[caller.id].waited == told.waited
            if outcome is not Outcome.SWITCH_FAILURE:
                assert (told.waited is None) == (waited is None)
                assert waited is None or told.waited is None or abs(told.waited - waited) < 0.001


Life.TestCase.settings = settings(
    max_examples=150,
    stateful_step_count=50,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
TestLife = Life.TestCase
