"""The promise to call back against the honest switch and an honest keeper, in random interleavings.

What may happen to callers, phones, Redirects, links and processes happens here too (``test_model``); beside it citizens
accept, decline, answer or do not, and the keeper's database is slow, late or away. What must hold at every step is
judged where it happens (``switch_model``, ``promise_switch``), the rest at the end.
"""

import hypothesis.strategies as st
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import initialize, precondition, rule

from acd.model import facts as f
from acd.model.callback import CallbackState
from acd.model.events import CallbackPromised, CitizenReached, OutcomeCounted
from acd.model.facts import OfferFailure
from acd.model.ids import CallbackId, LineId
from acd.model.outcome import Outcome
from acd.model.policy import CallbackRule
from tests.engine.house import line, operator, policy
from tests.engine.keeper_model import Mode
from tests.engine.promise_switch import Habit, Try
from tests.engine.switch_model import Caller, Fate
from tests.engine.test_model import ANYONE, LINES, OPERATORS, Life, pick

SOON = CallbackRule(after=5.0, early_after=1.0, early_when=8.0, again_after=20.0, reserve=0, ring_citizen=12.0)
CITIZEN_FIRST = CallbackRule(
    after=9.0, early_when=0.0, again_after=0.0, reserve=1, operator_first=False, ring_citizen=12.0
)
CITY = policy(
    [
        line("info", wrap_up=5.0, callback=SOON),
        line("sport", priority=3, overflow_after=40.0, wrap_up=0.0, callback=CITIZEN_FIRST),
        line("night", capacity=2, wrap_up=5.0),
    ],
    [
        operator("anna", "1001", info=1),
        operator("bram", "1002", info=2, sport=1),
        operator("cato", "1003", sport=1, night=1),
    ],
)
OTHER_CITY = policy(
    [line("info", wrap_up=0.0), line("sport", wrap_up=5.0, callback=SOON), line("new", callback=SOON)],
    [
        operator("anna", "1004", info=1, sport=2),
        operator("cato", "1003", sport=1, new=1),
        operator("dirk", "1002", info=1, new=1),
    ],
)
NUMBERS = st.sampled_from([None, "+3291", "+3292", "+3293", "+3294", "+3295", "+3296"])
ON = st.sampled_from([LineId("info"), LineId("info"), LineId("sport")])
_S = CallbackState


class LifeWithPromises(Life):
    city, other_city = CITY, OTHER_CITY

    @initialize(on=st.lists(ON, max_size=4), due_in=st.sampled_from([0.0, 20.0]))
    def promises_are_owed(self, on: list[LineId], due_in: float) -> None:
        for n, id in enumerate(on):
            self.switch.book.owe(CallbackId(f"p{n}"), id, f"+3290{n}", self.switch.now + due_in)

    # Each rule is as likely as any other; promises take their time.
    another_moment = rule(seconds=st.sampled_from([0.5, 1.05, 3.0]))(Life.time_passes)
    another_while = rule(seconds=st.sampled_from([3.0, 6.0, 15.0]))(Life.time_passes)
    the_time_of_a_dialogue = rule(seconds=st.sampled_from([4.0, 8.0, 12.0]))(Life.time_passes)

    @rule()
    def everybody_is_ready(self) -> None:
        for id in OPERATORS:
            self.ready(id)

    # --- The dialogue -------------------------------------------------------------------------------------------------

    @rule(on=ON, numbers=st.lists(NUMBERS, min_size=1, max_size=4), willing=st.booleans())
    def citizens_join(self, on: LineId, numbers: list[str | None], willing: bool) -> None:
        for caller in [self.switch.arrive(number) for number in numbers]:
            caller.willing = willing
            self.switch.choose(caller, on)

    @precondition(lambda self: self.switch.dialogue.speaking_to())
    @rule(n=ANYONE, keyed=st.booleans(), choice=st.integers(0, 1))
    def he_accepts(self, n: int, keyed: bool, choice: int) -> None:
        self.switch.dialogue.accepts(pick(self.switch.dialogue.speaking_to(), n), choice, keyed=keyed)

    @precondition(lambda self: self.switch.dialogue.speaking_to())
    @rule(n=ANYONE)
    def he_stays(self, n: int) -> None:
        self.switch.dialogue.declines(pick(self.switch.dialogue.speaking_to(), n))

    @precondition(lambda self: self.owed())
    @rule(n=ANYONE)
    def he_wants_no_call_any_more(self, n: int) -> None:
        self.switch.dialogue.cancels(pick(self.owed(), n))

    def owed(self) -> list[Caller]:
        return [c for c in self.switch.dialogue.speaking_to() if c.heard is not None and c.heard.existing is not None]

    # --- The call back ------------------------------------------------------------------------------------------------

    @rule(habits=st.lists(st.sampled_from(list(Habit)), min_size=1, max_size=3))
    def citizens_will(self, habits: list[Habit]) -> None:
        self.switch.calling.habits.extend(habits)

    @rule(fates=st.lists(st.sampled_from(list(Fate)), min_size=1, max_size=3))
    def originates_will_go_wrong(self, fates: list[Fate]) -> None:
        self.switch.calling.fates.extend(fates)

    def ringing(self) -> list[Try]:
        return [t for t in self.switch.calling.alive.values() if t.phone.attempt is t and not t.up]

    @precondition(lambda self: self.ringing())
    @rule(n=ANYONE, how=st.sampled_from([None, OfferFailure.BUSY, OfferFailure.REJECTED, OfferFailure.FAULT]))
    def a_phone_rings_for_a_promise(self, n: int, how: OfferFailure | None) -> None:
        tried = pick(self.ringing(), n)
        if how is None:
            self.switch.calling.ring(tried)
            self.switch.calling.pick_up(tried)
        else:
            self.switch.calling.reject(tried, how)

    @precondition(lambda self: self.switch.calling.alive)
    @rule(n=ANYONE, citizen=st.booleans())
    def somebody_hangs_up(self, n: int, citizen: bool) -> None:
        self.switch.calling.hang_up(pick(list(self.switch.calling.alive.values()), n), citizen=citizen)

    # --- The keeper ---------------------------------------------------------------------------------------------------

    @rule(mode=st.sampled_from(list(Mode)))
    def the_keeper_is(self, mode: Mode) -> None:
        self.switch.keeper.mode = mode

    @rule(on=LINES, closes_in=st.none() | st.sampled_from([5.0, 60.0]))
    def a_line_closes(self, on: LineId, closes_in: float | None) -> None:
        self.switch.hear(f.LineClosing(on, None if closes_in is None else self.switch.now + closes_in))

    @precondition(lambda self: self.switch.book.promises)
    @rule(seconds=st.sampled_from([0.5, 3.0]))
    def the_engine_dies_with_promises_in_its_book(self, seconds: float) -> None:
        self.the_engine_dies(seconds)

    # --- The end ------------------------------------------------------------------------------------------------------

    def everybody_does_his_best(self) -> None:
        self.switch.keeper.mode = Mode.QUICK
        self.switch.calling.fates.clear()
        self.switch.calling.habits.clear()
        super().everybody_does_his_best()

    def nobody_was_forgotten(self) -> None:
        super().nobody_was_forgotten()
        switch, state = self.switch, self.switch.engine._state
        assert not switch.calling.alive and not state.attempts and not state.bookings
        open_attempts = [a.id for a in switch.book.attempts.values() if a.result is None]
        assert not open_attempts
        undone = {p.id: p.state for p in switch.book.promises.values() if p.line in self.city.lines}
        assert not {id: state for id, state in undone.items() if state in (_S.OPEN, _S.CLAIMED)}

    def every_call_has_its_true_outcome(self) -> None:
        super().every_call_has_its_true_outcome()
        switch = self.switch
        told = {event.call for event in switch.journal if isinstance(event, CallbackPromised)}
        reached = [event.attempt for event in switch.journal if isinstance(event, CitizenReached)]
        if switch.killed_at < 0:
            assert len(reached) == len(set(reached))
        for caller in switch.past:
            if caller.confirmed and not caller.unknowable:
                assert caller.id in told, f"{caller.id} heard that a promise stands of which no event tells"

    def judge(self, caller: Caller, told: OutcomeCounted) -> bool:
        """Who accepted is either promised a call, or counts like anybody else."""
        if caller.accepted_at is None:
            return super().judge(caller, told)
        promised = caller.id in self.switch.book.promised_to
        if told.outcome is Outcome.CALLBACK_ACCEPTED:
            assert promised or caller.reminded, f"{caller.id} counts as promised a call, and nobody has written it down"
            return True
        assert not caller.confirmed or told.outcome is Outcome.ANSWERED, f"{caller.id} was told that a promise stands"
        lost = told.outcome in (Outcome.ABANDONED, Outcome.ABANDONED_SHORT)
        if lost and promised and caller.accepted_at > self.switch.killed_at:
            raise AssertionError(f"{caller.id} is owed a call, and counts as lost")
        return super().judge(caller, told)


LifeWithPromises.TestCase.settings = settings(
    max_examples=60,
    stateful_step_count=60,
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
TestLifeWithPromises = LifeWithPromises.TestCase
