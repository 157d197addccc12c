"""The offer to be called back, as a caller lives through it."""

from typing import Any

import pytest

from acd.model import facts as f
from acd.model.call import CallState
from acd.model.callback import CallbackPlan, Window
from acd.model.commands import (
    BOOKING_PATIENCE,
    Announce,
    AnswerBooking,
    AskCall,
    BookCallback,
    CancelCallback,
    Command,
    Deflect,
    DropPlan,
    OfferCallback,
    PlanCallback,
)
from acd.model.events import (
    CallAnswered,
    CallbackImpossible,
    CallbackOffered,
    CallbackPromised,
    CallbackTurnedDown,
    CallEnded,
    OutcomeCounted,
)
from acd.model.facts import CallWhereabouts as W
from acd.model.ids import CallbackId, CallId, Device, LineId, OfferId, OperatorId
from acd.model.operator import OperatorState
from acd.model.outcome import Outcome
from acd.model.policy import CallbackRule, Policy
from tests.engine.house import T0, House, line, operator, policy
from tests.engine.test_restart import seen

SLOT = Window(T0 + 86_400, T0 + 88_200)
DEADLINE = T0 + 2 * 86_400
PLAN = CallbackPlan("+3291234567", (SLOT,), DEADLINE)
OWED = CallbackPlan("+3291234567", (SLOT,), DEADLINE, existing=SLOT)
A = CallId("a")
LATE = CallbackRule(early_when=0.0)
"""Never early."""


def city(rule: CallbackRule | None = LATE, **settings: object) -> Policy:
    return policy(
        [line("info", callback=rule, **settings), line("night")],
        [operator("anna", "1001", info=1, night=1), operator("bram", "1002", info=1)],
    )


class Caller(House):
    """One caller on a line that offers to call back; one operator is on duty and busy elsewhere."""

    def __init__(self, rule: CallbackRule | None = LATE, *, busy: bool = True, **settings: object) -> None:
        super().__init__(city(rule, **settings))
        self.on_duty("anna")
        if busy:
            self.phone("1001", f.PhoneState.BUSY)
        self.call("a")

    def answer_plans(self, plan: CallbackPlan | None = PLAN, delay: float = 0.2) -> None:
        self.wait(delay)
        self.tell(f.CallbackPlanned(A, plan))

    def hear(self, *, begun: bool = True) -> None:
        """Wait for the offer and let the dialogue begin at the next turn of the waiting loop."""
        while not self.sent(PlanCallback):
            self.wait(1.0)
        self.answer_plans()
        while not self.sent(OfferCallback):
            self.wait(0.5)
        self.wait(1.5)
        if begun:
            self.tell(f.CallbackHeard(A, self.now))

    def accept(self) -> None:
        self.hear()
        self.wait(12)
        self.tell(f.CallbackWanted(A, 1))

    def booked(self) -> None:
        self.tell(f.CallbackBooked(A, CallbackId("a"), SLOT, DEADLINE))

    def offered_at(self) -> list[float]:
        """Seconds after joining at which the plan was put on his channel, by looking at each moment."""
        return [at - T0 for at, command in self.log if isinstance(command, OfferCallback)]

    def tell(self, fact: f.Fact):  # type: ignore[no-untyped-def]
        step = super().tell(fact)
        if not hasattr(self, "log"):
            self.log: list[tuple[float, object]] = []
        self.log += [(self.now, command) for command in step.commands]
        return step


# --- When he hears it ----------------------------------------------------------------------------------------------


def test_after_150_seconds_he_hears_the_offer_and_not_a_moment_earlier() -> None:
    house = Caller()
    house.hear()
    [asked] = house.sent(PlanCallback)
    assert (asked.line, asked.number, asked.language) == ("info", "+3291234567", "nl")
    assert house.offered_at() == [150.0]
    [heard] = house.of(CallbackOffered)
    assert 150 <= heard.waited <= 155
    assert not heard.early


def test_the_150_seconds_count_from_joining_the_line() -> None:
    house = House(city(), linked=False)
    house.link(seen("a", W.WAIT, entered_at=T0 - 140))
    house.wait(5.0)
    house.tell(f.CallbackPlanned(A, PLAN))
    house.wait(4.9)
    assert house.sent(OfferCallback) == []
    house.wait(0.2)
    assert house.sent(OfferCallback) == [OfferCallback(A, PLAN)]


def test_a_late_plan_is_offered_at_once() -> None:
    house = Caller()
    house.wait(153)
    house.tell(f.CallbackPlanned(A, PLAN))
    assert house.offered_at() == [153.0]


def test_a_plan_is_asked_for_once_at_a_time_and_a_silent_keeper_costs_nothing() -> None:
    house = Caller(CallbackRule())
    house.wait(3600)
    assert len(house.sent(PlanCallback)) == 1
    assert house.sent(OfferCallback) == []
    assert house.call_state("a") is CallState.WAITING
    house.phone("1001", f.PhoneState.IDLE)
    assert house.offers() == [("a", "anna")]


def test_when_nothing_can_be_promised_the_keeper_is_asked_again_a_minute_later() -> None:
    house = Caller()
    house.wait(147)
    house.tell(f.CallbackPlanned(A, None))
    house.wait(59)
    assert len(house.sent(PlanCallback)) == 1
    house.wait(2)
    assert len(house.sent(PlanCallback)) == 2


@pytest.mark.parametrize(("handle_time", "early"), [(85.0, False), (95.0, True)])
def test_who_must_wait_long_hears_it_early(handle_time: float, early: bool) -> None:
    house = Caller(CallbackRule(), handle_time=handle_time)
    house.wait(9.9)
    assert bool(house.sent(PlanCallback)) is early
    house.answer_plans(delay=0.0)
    house.wait(0.2)
    assert house.offered_at() == ([10.0] if early else [])


def test_the_expected_wait_counts_from_joining() -> None:
    house = Caller(CallbackRule(), handle_time=70.0)
    house.wait(15)
    assert house.sent(PlanCallback) == []
    house.wait(15)
    # After half a minute still 70 s: a hundred in all.
    house.wait(10)
    assert len(house.sent(PlanCallback)) == 1


def test_with_nobody_on_duty_it_is_offered_early() -> None:
    house = House(city(CallbackRule()))
    house.call("a")
    house.wait(8)
    house.tell(f.CallbackPlanned(A, PLAN))
    house.wait(3)
    assert len(house.sent(OfferCallback)) == 1


def test_before_the_line_closes_it_offers_what_today_cannot_serve() -> None:
    house = Caller(handle_time=600.0)
    house.call("b")
    house.wait(30)
    assert house.sent(PlanCallback) == []
    house.tell(f.LineClosing(LineId("info"), house.now + 900))
    assert [c.call for c in house.sent(PlanCallback)] == ["b"], "the first is served before 900 s are over"
    house.tell(f.LineClosing(LineId("info"), None))
    house.call("c")
    house.wait(20)
    assert len(house.sent(PlanCallback)) == 1


def test_a_line_without_a_rule_never_offers() -> None:
    house = Caller(None)
    house.tell(f.LineClosing(LineId("info"), house.now + 10))
    house.wait(1000)
    house.tell(f.CallbackPlanned(A, OWED))
    house.wait(1000)
    assert not house.sent(PlanCallback)
    assert not house.sent(OfferCallback)
    assert house.sent(DropPlan) == [DropPlan(A)]


def test_the_rule_is_that_of_the_moment_at_which_he_joined() -> None:
    house = Caller()
    house.tell(f.PolicyChanged(city(None)))
    house.hear()
    assert house.offered_at() == [150.0]


def test_who_is_owed_a_call_already_hears_so_at_once() -> None:
    house = Caller()
    house.wait(1)
    house.tell(f.CallbackPlanned(A, OWED))
    assert house.sent(OfferCallback) == [OfferCallback(A, OWED)]


@pytest.mark.parametrize(("settings", "what"), [({}, Announce), ({"overflow_after": 19.0}, Deflect)])
def test_announcements_and_the_overflow_wait_until_the_dialogue_is_over(
    settings: dict[str, Any], what: type[Command]
) -> None:
    house = Caller(CallbackRule(after=18.0, early_when=0.0), **settings)
    house.hear()
    house.wait(25)
    assert house.sent(what) == []
    house.tell(f.CallbackDeclined(A))
    house.wait(2)
    assert len(house.sent(what)) == 1


# --- The offer costs nothing ---------------------------------------------------------------------------------------


def test_an_operator_who_comes_free_takes_him_out_of_the_dialogue() -> None:
    house = Caller()
    house.hear()
    house.wait(7)
    house.phone("1001", f.PhoneState.IDLE)
    offer = house.last_offer()
    house.ring(offer)
    house.answer(offer)
    assert house.outcome("a") == "answered"
    assert house.sent(DropPlan) == [DropPlan(A)]


def test_a_plan_for_somebody_who_is_served_meanwhile_is_given_back() -> None:
    house = Caller()
    house.wait(146)
    house.phone("1001", f.PhoneState.IDLE)
    house.tell(f.CallbackPlanned(A, PLAN))
    assert house.sent(DropPlan) == [DropPlan(A)]
    assert house.sent(OfferCallback) == []


@pytest.mark.parametrize("begun", [True, False])
def test_after_an_offer_that_failed_he_hears_it_again_when_he_is_back_with_the_music(begun: bool) -> None:
    """Also who had not begun to hear it: what is dialled for him takes it back."""
    house = Caller()
    house.hear(begun=begun)
    house.phone("1001", f.PhoneState.IDLE)
    offer = house.last_offer()
    house.ring(offer)
    house.wait(15)
    house.fail(offer, f.OfferFailure.RING_NO_ANSWER)
    assert len(house.sent(OfferCallback)) == 2
    assert house.sent(DropPlan) == [], "the plan is his until he has chosen"


def test_a_redirect_that_never_came_leaves_him_in_the_dialogue() -> None:
    house = Caller()
    house.hear()
    house.phone("1001", f.PhoneState.IDLE)
    offer = house.last_offer()
    house.tell(f.OfferNotSent(A, offer.offer))
    house.phone("1001", f.PhoneState.BUSY)
    house.tell(f.CallFound(A, W.OFFER))
    assert house.call_state("a") is CallState.WAITING
    assert len(house.sent(OfferCallback)) == 1


def test_who_says_no_waits_on_and_is_not_asked_again_before_the_set_time() -> None:
    house = Caller()
    house.hear()
    house.wait(20)
    house.tell(f.CallbackDeclined(A))
    said_no = house.now
    assert house.call_state("a") is CallState.WAITING
    assert len(house.of(CallbackTurnedDown)) == 1
    assert house.sent(DropPlan) == [DropPlan(A)]
    house.wait(296)
    house.tell(f.CallbackPlanned(A, PLAN))
    house.wait(10)
    assert house.offered_at() == [150.0, said_no - T0 + 300]


def test_never_again_when_the_line_says_so() -> None:
    house = Caller(CallbackRule(early_when=0.0, again_after=0.0))
    house.hear()
    house.tell(f.CallbackDeclined(A))
    house.wait(7200)
    assert len(house.sent(PlanCallback)) == 1


# --- He accepts ----------------------------------------------------------------------------------------------------


def test_who_accepts_is_told_only_when_the_promise_is_in_the_database() -> None:
    house = Caller()
    house.accept()
    assert house.call_state("a") is CallState.BOOKING
    assert house.sent(BookCallback) == [BookCallback(A, LineId("info"), 1, None)]
    assert house.outcome("a") is None
    house.phone("1001", f.PhoneState.IDLE)
    assert house.offers() == [], "he is not torn away from his promise"
    house.booked()
    assert house.outcome("a") == "callback_accepted"
    assert house.sent(AnswerBooking) == [AnswerBooking(A, SLOT, DEADLINE)]
    [promised] = house.of(CallbackPromised)
    assert (promised.start, promised.end, promised.deadline) == (SLOT.start, SLOT.end, DEADLINE)
    house.wait(10)
    house.hang_up("a")
    assert [e.outcome for e in house.of(OutcomeCounted)] == [Outcome.CALLBACK_ACCEPTED]


def test_without_a_promise_he_waits_on_at_his_place() -> None:
    house = Caller()
    house.call("b")
    house.accept()
    house.tell(f.CallbackNotBooked(A, "number"))
    assert house.sent(AnswerBooking)[-1].window is None
    assert [e.why for e in house.of(CallbackImpossible)] == ["number"]
    house.phone("1001", f.PhoneState.IDLE)
    assert house.offers() == [("a", "anna")]


@pytest.mark.parametrize("state", ["offered", "ringing", "talking"])
def test_a_redirect_that_is_under_way_wins(state: str) -> None:
    house = Caller()
    house.hear()
    house.phone("1001", f.PhoneState.IDLE)
    offer = house.last_offer()
    if state != "offered":
        house.ring(offer)
    if state == "talking":
        house.answer(offer)
    house.tell(f.CallbackWanted(A, 1))
    assert house.sent(BookCallback) == []
    assert house.call_state("a").value == state


def test_a_redirect_that_never_came_does_not_cost_him_his_choice() -> None:
    house = Caller()
    house.hear()
    house.phone("1001", f.PhoneState.IDLE)
    offer = house.last_offer()
    house.tell(f.CallbackWanted(A, 1))
    house.tell(f.OfferNotSent(A, offer.offer))
    house.tell(f.CallFound(A, W.BOOK))
    assert house.call_state("a") is CallState.BOOKING
    assert len(house.sent(BookCallback)) == 1


@pytest.mark.parametrize("promise", [True, False])
def test_when_he_hangs_up_meanwhile_the_answer_decides(promise: bool) -> None:
    house = Caller()
    house.accept()
    house.wait(1)
    house.hang_up("a")
    left_at = house.now
    assert house.of(OutcomeCounted) == []
    house.wait(2)
    if promise:
        house.booked()
    else:
        house.tell(f.CallbackNotBooked(A, "database"))
    [counted] = house.of(OutcomeCounted)
    assert counted.outcome is (Outcome.CALLBACK_ACCEPTED if promise else Outcome.ABANDONED)
    assert counted.waited == left_at - T0
    assert [e.gone_at for e in house.of(CallEnded)] == [left_at]
    assert len(house.of(CallbackPromised)) == promise


def test_a_keeper_that_never_answers_does_not_hold_him() -> None:
    house = Caller()
    house.accept()
    house.wait(BOOKING_PATIENCE + 1.1)
    assert house.call_state("a") is CallState.WAITING
    assert house.sent(AnswerBooking)[-1].window is None


def test_a_promise_that_comes_late_is_told_to_him_after_all() -> None:
    house = Caller()
    house.accept()
    house.wait(20)
    house.booked()
    assert len(house.of(CallbackPromised)) == 1
    assert len(house.sent(PlanCallback)) == 2
    house.answer_plans(OWED)
    assert house.sent(OfferCallback)[-1].plan is OWED
    house.hang_up("a")
    assert house.outcome("a") == "callback_accepted", "it stands"


def test_a_promise_that_comes_when_he_already_talks_is_withdrawn() -> None:
    house = Caller()
    house.accept()
    house.wait(7)
    house.phone("1001", f.PhoneState.IDLE)
    offer = house.last_offer()
    house.ring(offer)
    house.answer(offer)
    house.booked()
    assert house.sent(CancelCallback) == [CancelCallback(A, LineId("info"))]
    assert [e.outcome for e in house.of(OutcomeCounted)] == [Outcome.ANSWERED]


def test_a_promise_that_comes_after_he_has_left_is_known() -> None:
    house = Caller()
    house.accept()
    house.hang_up("a")
    house.wait(10)
    assert house.outcome("a") == "abandoned"
    house.booked()
    assert [(e.call, e.line) for e in house.of(CallbackPromised)] == [("a", "info")]
    assert len(house.of(OutcomeCounted)) == 1


def test_who_gave_up_waiting_for_the_word_is_found_again() -> None:
    house = Caller()
    house.accept()
    house.wait(5.9)
    house.booked()
    house.wait(3.1)
    assert house.sent(AskCall) == [AskCall(A)]
    house.tell(f.CallFound(A, W.WAIT))
    assert house.call_state("a") is CallState.WAITING
    house.phone("1001", f.PhoneState.IDLE)
    assert house.offers() == [("a", "anna")]


def test_he_withdraws_the_promise_that_he_had_and_waits_on() -> None:
    house = Caller()
    house.tell(f.CallbackPlanned(A, OWED))
    house.tell(f.CallbackHeard(A, house.now))
    house.tell(f.CallbackCancelled(A))
    assert house.sent(CancelCallback) == [CancelCallback(A, LineId("info"))]
    assert house.call_state("a") is CallState.WAITING
    house.wait(200)
    assert len(house.sent(OfferCallback)) == 1


# --- Restart and broken links --------------------------------------------------------------------------------------


def again(*calls: f.CallSeen, missed: tuple[f.CallMissed, ...] = ()) -> House:
    """A new engine that finds these."""
    house = House(city(), linked=False)
    house.tell(f.Restored((), tuple(f.CallStored(c.call, T0 - 300, LineId("info"), T0 - 200, None) for c in calls)))
    house.link(*calls, missed=missed)
    return house


def test_who_is_in_the_dialogue_waits_and_may_be_taken_out_of_it() -> None:
    house = again(seen("a", W.OFFER, entered_at=T0 - 155))
    assert house.call_state("a") is CallState.WAITING
    assert house.engine.board(house.now).lines[0].in_dialogue == 1
    house.on_duty("anna")
    assert house.offers() == [("a", "anna")]


def test_who_waited_for_the_word_gets_it_if_the_promise_stands() -> None:
    house = again(seen("a", W.BOOK))
    assert house.call_state("a") is CallState.BOOKING
    house.tell(f.CallbackPlanned(A, OWED))
    assert house.sent(AnswerBooking) == [AnswerBooking(A, SLOT, DEADLINE)]
    assert house.outcome("a") == "callback_accepted"


@pytest.mark.parametrize("answer", [None, PLAN])
def test_who_waited_for_the_word_waits_on_if_there_is_no_promise(answer: CallbackPlan | None) -> None:
    house = again(seen("a", W.BOOK))
    house.tell(f.CallbackPlanned(A, answer))
    assert house.sent(AnswerBooking)[-1].window is None
    assert house.call_state("a") is CallState.WAITING
    assert len(house.sent(OfferCallback)) == (answer is not None)


def test_who_heard_that_it_is_confirmed_counts() -> None:
    house = again(seen("a", W.BOOKED))
    assert house.outcome("a") == "callback_accepted"
    assert house.call_state("a") is CallState.AFTER


@pytest.mark.parametrize(("where", "outcome"), [(W.OFFER, "abandoned"), (W.BOOKED, "callback_accepted")])
def test_the_note_of_a_missed_call_gives_its_outcome(where: W, outcome: str) -> None:
    house = again(missed=(f.CallMissed(seen("a", where), T0 - 5),))
    assert house.outcome("a") == outcome


@pytest.mark.parametrize(("plan", "outcome"), [(OWED, "callback_accepted"), (None, "abandoned")])
def test_the_keeper_knows_of_one_who_left_while_it_was_written(plan: CallbackPlan | None, outcome: str) -> None:
    house = again(missed=(f.CallMissed(seen("a", W.BOOK), T0 - 5),))
    assert house.outcome("a") is None
    house.tell(f.CallbackPlanned(A, plan))
    assert house.outcome("a") == outcome
    assert len(house.of(CallEnded)) == 1


STANDS = f.CallbackBooked(A, CallbackId("a"), SLOT, DEADLINE)


def promised_before(*calls: f.CallSeen, missed: tuple[f.CallMissed, ...] = ()) -> House:
    """A new engine; the one before died between the promise and its word."""
    house = House(city(), linked=False)
    house.tell(f.Restored((), (f.CallStored(A, T0 - 300, LineId("info"), T0 - 200, None, promise=STANDS),)))
    house.link(*calls, missed=missed)
    return house


@pytest.mark.parametrize("in_ledger", [False, True])
def test_a_promise_of_the_one_before_us_is_in_the_ledger_once(in_ledger: bool) -> None:
    house = House(city(), linked=False)
    stored = f.CallStored(A, T0 - 300, LineId("info"), T0 - 200, None, promise=STANDS, promise_in_ledger=in_ledger)
    house.tell(f.Restored((), (stored,)))
    house.link(seen("a", W.BOOK, entered_at=T0 - 200))
    told = [(event.call, event.callback, event.start, event.deadline) for event in house.of(CallbackPromised)]
    assert told == ([] if in_ledger else [("a", "a", SLOT.start, DEADLINE)])


@pytest.mark.parametrize("missed", [(), (f.CallMissed(seen("a", W.WAIT, entered_at=T0 - 200), T0 - 5),)])
def test_who_left_with_a_promise_has_not_abandoned(missed: tuple[f.CallMissed, ...]) -> None:
    house = promised_before(missed=missed)
    [counted] = house.of(OutcomeCounted)
    assert (counted.outcome, counted.seen) == ("callback_accepted", False)


def test_who_still_waits_for_the_word_is_told_at_once() -> None:
    house = promised_before(seen("a", W.BOOK, entered_at=T0 - 200))
    assert house.sent(AnswerBooking) == [AnswerBooking(A, SLOT, DEADLINE)]
    assert house.outcome("a") == "callback_accepted"


def test_who_was_told_that_it_did_not_work_hears_that_it_did() -> None:
    house = promised_before(seen("a", W.WAIT, entered_at=T0 - 200))
    assert [command.call for command in house.sent(PlanCallback)] == [A]
    house.tell(f.CallbackPlanned(A, OWED))
    assert house.sent(OfferCallback) == [OfferCallback(A, OWED)]


def test_a_plan_that_a_broken_link_swallowed_is_sent_again() -> None:
    house = Caller()
    house.wait(149)
    house.tell(f.CallbackPlanned(A, PLAN))
    house.wait(1)
    house.tell(f.LinkLost("cut"))
    house.wait(3)
    house.tell(f.OperatorLoggedOut(OperatorId("anna"), "x"))
    house.link(seen("a", W.WAIT, entered_at=T0))
    assert len(house.sent(OfferCallback)) == 2


def test_a_dialogue_that_ended_unseen_is_not_played_again_at_once() -> None:
    house = Caller()
    house.hear()
    house.tell(f.LinkLost("cut"))
    house.tell(f.OperatorLoggedOut(OperatorId("anna"), "x"))
    house.wait(60)
    house.link(seen("a", W.WAIT, entered_at=T0))
    house.wait(290)
    assert len(house.sent(OfferCallback)) == 1


def test_an_answer_that_the_link_swallowed_is_given_again() -> None:
    house = Caller()
    house.accept()
    house.tell(f.LinkLost("cut"))
    house.booked()
    house.link(seen("a", W.BOOK, entered_at=T0))
    assert [c.window for c in house.sent(AnswerBooking)] == [SLOT, SLOT]
    assert len(house.of(OutcomeCounted)) == 1


def test_a_late_redirect_may_still_tear_him_away_and_the_promise_is_known_all_the_same() -> None:
    house = Caller()
    house.hear()
    house.phone("1001", f.PhoneState.IDLE)
    offer = house.last_offer()
    for _ in range(2):
        house.wait(1.0)
        house.tell(f.CallFound(A, W.OFFER))
    house.phone("1001", f.PhoneState.BUSY)
    house.tell(f.CallbackWanted(A, 1))
    house.phone("1001", f.PhoneState.IDLE)
    house.tell(f.OfferRinging(A, OfferId(offer.offer)))
    house.booked()
    assert len(house.of(CallbackPromised)) == 1
    house.tell(f.OfferAnswered(A, offer.offer, house.now))
    assert house.state_of("anna") is OperatorState.IN_CALL
    assert len(house.of(CallAnswered)) == 1
    assert house.outcome("a") == "answered"


def test_who_talks_is_left_alone() -> None:
    house = again(seen("a", W.TALK, device=Device("1001"), offer=OfferId(3), answered_at=T0 - 5))
    house.tell(f.CallbackPlanned(A, OWED))
    assert house.sent(OfferCallback) == []


def test_whoever_waits_through_a_restart_hears_the_offer_in_his_language() -> None:
    house = House(city(), linked=False)
    house.tell(f.Restored((), (f.CallStored(A, T0 - 200, LineId("info"), T0 - 160, None),)))
    house.link(seen("a", W.WAIT, number="+3291234567", language="fr", entered_at=T0 - 160))
    assert house.sent(PlanCallback) == [PlanCallback(A, LineId("info"), "+3291234567", "fr")]
    house.tell(f.CallbackPlanned(A, OWED))
    assert house.sent(OfferCallback) == [OfferCallback(A, OWED)], "and what he is owed already"


@pytest.mark.parametrize(("again_after", "declined", "again"), [(100.0, 60.0, 40.0), (100.0, 130.0, 0.0)])
def test_who_declined_before_a_restart_hears_the_offer_again_when_he_would_have_without_it(
    again_after: float, declined: float, again: float
) -> None:
    house = House(city(CallbackRule(early_when=0.0, again_after=again_after)), linked=False)
    house.tell(f.Restored((), (f.CallStored(A, T0 - 400, LineId("info"), T0 - 400, None),)))
    house.link(seen("a", W.WAIT, entered_at=T0 - 400, declined_at=T0 - declined))
    if again:
        house.wait(again - 5.1)
        assert house.sent(PlanCallback) == []
        house.wait(0.2)
    assert len(house.sent(PlanCallback)) == 1
    house.tell(f.CallbackPlanned(A, PLAN))
    if again:
        assert house.sent(OfferCallback) == []
        house.wait(5.0)
    assert house.sent(OfferCallback) == [OfferCallback(A, PLAN)]


def test_who_declined_before_a_restart_on_a_line_that_offers_once_never_hears_it_again() -> None:
    house = House(city(CallbackRule(early_when=0.0, again_after=0.0)), linked=False)
    house.tell(f.Restored((), (f.CallStored(A, T0 - 400, LineId("info"), T0 - 400, None),)))
    house.link(seen("a", W.WAIT, entered_at=T0 - 400, declined_at=T0 - 200))
    house.wait(3600)
    assert house.sent(PlanCallback) == []


def test_a_broken_link_does_not_move_the_moment_at_which_he_hears_it_again() -> None:
    house = Caller(CallbackRule(early_when=0.0, again_after=100.0))
    house.hear()
    house.tell(f.CallbackDeclined(A))
    declined = house.now
    house.tell(f.OperatorLoggedOut(OperatorId("anna"), "test"))
    house.wait(30)
    house.tell(f.LinkLost("cut"))
    house.link(seen("a", W.WAIT, entered_at=T0, declined_at=declined - 0.01))
    house.wait(64.8)
    assert len(house.sent(PlanCallback)) == 1
    house.wait(0.4)
    assert len(house.sent(PlanCallback)) == 2


def test_what_is_owed_already_is_told_also_to_who_declined() -> None:
    stored = f.CallStored(A, T0 - 300, LineId("info"), T0 - 200, None, promise=STANDS)
    house = House(city(), linked=False)
    house.tell(f.Restored((), (stored,)))
    house.link(seen("a", W.WAIT, entered_at=T0 - 200, declined_at=T0 - 1))
    assert len(house.sent(PlanCallback)) == 1
