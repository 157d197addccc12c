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
from acd.model.ids import Device, LineId, OperatorId
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
OTHER_CITY = policy(
    [line("info", wrap_up=0.0), line("sport", wrap_up=5.0), line("new")],
    [
        operator("anna", "1004", info=1, sport=2),
        operator("cato", "1003", sport=1, new=1),
        operator("dirk", "1002", info=1, new=1),
    ],
)
"""No line night, no bram; another desk for anna, and bram's desk for dirk."""

DEVICES = [Device(d) for d in ("1001", "1002", "1003", "1004")]
LINES = st.sampled_from([LineId(n) for n in ("info", "info", "info", "sport", "sport", "night", "new")])
OPERATORS = [OperatorId(o) for o in ("anna", "bram", "cato", "dirk")]
ANYONE = st.integers(0, 11)
TROUBLES = {
    "away": ("registered", False, True),
    "silent": ("dead", True, False),
    "in use": ("in_use", True, False),
    "picked up never": ("picked_up_after", None, PICKS_UP),
    "picked up at once": ("picked_up_after", 0.05, PICKS_UP),
    "picked up at the last moment": ("picked_up_after", 14.85, PICKS_UP),
}

T = TypeVar("T")


def pick(among: Sequence[T], number: int) -> T:
    return among[number % len(among)]


class Life(RuleBasedStateMachine):
    """What may happen, at any moment."""

    city, other_city = CITY, OTHER_CITY

    def __init__(self) -> None:
        super().__init__()
        self.switch = ModelSwitch(self.city, DEVICES)

    @property
    def up(self) -> bool:
        return self.switch.link is Link.UP

    def at(self, *places: W) -> list[Caller]:
        return self.switch.at_place(*places)

    @initialize(off_duty=st.sets(st.sampled_from(OPERATORS), max_size=2), together=st.integers(0, 4), on=LINES)
    def the_day_begins(self, off_duty: set[OperatorId], together: int, on: LineId) -> None:
        for id in OPERATORS:
            if id not in off_duty:
                self.ready(id)
        self.callers_join(on, together)

    def ready(self, id: OperatorId) -> None:
        self.switch.step(f.OperatorLoggedIn(id, "x"))
        self.switch.step(f.OperatorReady(id, "x"))

    # --- Time ---------------------------------------------------------------------------------------------------

    def time_passes(self, seconds: float) -> None:
        self.switch.advance(seconds)

    an_instant = rule(seconds=st.sampled_from([0.1, 0.2, 0.3]))(time_passes)
    a_moment = rule(seconds=st.sampled_from([1.05, 1.5, 3.0]))(time_passes)
    a_while = rule(seconds=st.sampled_from([6.0, 15.0, 45.0]))(time_passes)

    # --- Callers ------------------------------------------------------------------------------------------------

    @rule(on=LINES, together=st.integers(1, 3))
    def callers_join(self, on: LineId, together: int) -> None:
        for caller in [self.switch.arrive() for _ in range(together)]:
            self.switch.choose(caller, on)

    @rule(on=LINES, closed=st.booleans())
    def a_caller_in_the_menu(self, on: LineId, closed: bool) -> None:
        for caller in self.at(W.MENU)[:1]:
            (self.switch.closed if closed else self.switch.choose)(caller, on)
        self.switch.arrive()

    @precondition(lambda self: self.switch.callers)
    @rule(n=ANYONE)
    def he_hangs_up(self, n: int) -> None:
        self.switch.hang_up(pick(list(self.switch.callers.values()), n))

    # --- Operators and their phones -----------------------------------------------------------------------------

    @precondition(lambda self: self.switch.ringing())
    @rule(n=ANYONE, how=st.sampled_from([None, None, OfferFailure.BUSY, OfferFailure.REJECTED, OfferFailure.FAULT]))
    def a_ringing_phone(self, n: int, how: OfferFailure | None) -> None:
        leg = pick(self.switch.ringing(), n)
        if how is None:
            self.switch.ring(leg)
            if leg.rings:
                self.switch.answer(leg)
        elif leg.offer is not None:
            self.switch.fail(leg.caller, how)

    @precondition(lambda self: self.at(W.TALK))
    @rule(n=ANYONE, to=st.none() | LINES)
    def an_operator_is_done_with_him_or_sends_him_on(self, n: int, to: LineId | None) -> None:
        caller = pick(self.at(W.TALK), n)
        assert caller.leg is not None
        if to is None:
            self.switch.operator_hangs_up(caller, caller.leg)
        else:
            self.switch.transfer(caller, to)

    @rule(who=st.sampled_from(OPERATORS), what=st.sampled_from(["ready", "ready", "lunch", "out"]))
    def an_operator_clicks(self, who: OperatorId, what: str) -> None:
        if what == "ready":
            self.ready(who)
        elif what == "lunch":
            self.switch.step(f.OperatorNotReady(who, "x", "lunch"))
        else:
            self.switch.step(f.OperatorLoggedOut(who, "x"))

    @rule(n=ANYONE, trouble=st.sampled_from(sorted(TROUBLES)), seconds=st.sampled_from([0.5, 5.0, 60.0]))
    def a_phone_makes_trouble(self, n: int, trouble: str, seconds: float) -> None:
        phone = pick(list(self.switch.phones.values()), n)
        trait, so, otherwise = TROUBLES[trouble]

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

    # --- Redirects, links, processes ------------------------------------------------------------------------------

    @rule(fates=st.lists(st.sampled_from(list(Fate)), min_size=1, max_size=4))
    def redirects_will_go_wrong(self, fates: list[Fate]) -> None:
        self.switch.fates.extend(fates)

    @precondition(lambda self: self.up and self.switch.now >= self.switch.stalled_until)
    @rule(seconds=st.sampled_from([0.05, 0.4]))
    def the_wire_is_slow(self, seconds: float) -> None:
        self.switch.stalled_until, self.switch.paused = self.switch.now + seconds, False

    @precondition(lambda self: self.up and self.switch.now >= self.switch.stalled_until)
    @rule(seconds=st.sampled_from([0.4, 1.9]))
    def the_engine_is_paused(self, seconds: float) -> None:
        self.switch.stalled_until, self.switch.paused = self.switch.now + seconds, True

    @precondition(lambda self: self.up)
    @rule(noticed=st.booleans(), seconds=st.sampled_from([None, 0.5, 2.5, 10.0]))
    def the_link_breaks(self, noticed: bool, seconds: float | None) -> None:
        (self.switch.close if noticed else self.switch.cut)()
        if seconds is not None:
            self.switch.advance(seconds)
            self.switch.relink()

    @precondition(lambda self: not self.up)
    @rule()
    def the_link_is_back(self) -> None:
        self.switch.advance(0.5)
        self.switch.relink()

    @precondition(lambda self: len(self.switch.callers) > 1)
    @rule(seconds=st.sampled_from([0.5, 3.0, 20.0]))
    def the_engine_is_killed(self, seconds: float) -> None:
        self.the_engine_dies(seconds)

    def the_engine_dies(self, seconds: float) -> None:
        self.switch.kill()
        self.switch.advance(seconds)
        self.switch.relink()

    @precondition(lambda self: len(self.switch.callers) > 4)
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

    @rule(other=st.booleans())
    def the_settings_are_loaded_again(self, other: bool) -> None:
        self.switch.reload(self.other_city if other else self.city)

    # --- The end ------------------------------------------------------------------------------------------------

    def teardown(self) -> None:
        self.everybody_does_his_best()
        self.nobody_was_forgotten()
        self.every_call_has_its_true_outcome()

    def everybody_does_his_best(self) -> None:
        switch = self.switch
        switch.fates.clear()
        switch.stalled_until = switch.now
        switch.deliver()
        switch.reload(self.city)
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
        for _ in range(10 + len(switch.callers)):
            for id in OPERATORS:
                self.ready(id)
            switch.advance(30.0)
        for caller in self.at(W.WAIT, W.FALLBACK):
            if caller.line not in self.city.lines:
                switch.hang_up(caller)

    def nobody_was_forgotten(self) -> None:
        left = {caller.id: caller.where for caller in self.switch.callers.values()}
        assert not left, f"still there: {left}"
        board = self.switch.engine.board(self.switch.now)
        assert board.calls == ()
        states = {o.operator: o.state for o in board.operators if o.operator in self.city.operators}
        stuck = {id: state for id, state in states.items() if state is not OperatorState.AVAILABLE}
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
            told = outcomes[caller.id]
            assert self.judge(caller, told), f"{caller.id}: {caller.truth}, and told was {told}"
            if told.outcome is Outcome.ANSWERED:
                assert answered[caller.id].waited == told.waited

    def judge(self, caller: Caller, told: OutcomeCounted) -> bool:
        """What was counted is the truth."""
        assert caller.truth is not None
        outcome, waited = caller.truth
        if caller.id in self.switch.turned_away and told.outcome is Outcome.REFUSED:
            return True
        if told.outcome is not outcome or outcome is Outcome.SWITCH_FAILURE:
            return told.outcome is outcome
        if waited is None or told.waited is None:
            return told.waited is waited
        return abs(told.waited - waited) < 0.001


Life.TestCase.settings = settings(
    max_examples=150,
    stateful_step_count=50,
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
TestLife = Life.TestCase
