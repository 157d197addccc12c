"""The life of a call as a caller and an operator would tell it."""

import pytest

from acd.model import facts as f
from acd.model.call import CallState
from acd.model.commands import Announce, AskCall, Deflect, Withdraw
from acd.model.events import CallAnswered, CallOffered, OfferEnded, OutcomeCounted
from acd.model.ids import CallId, LineId, OfferId, OperatorId
from acd.model.operator import OperatorState
from acd.model.outcome import Outcome
from acd.model.policy import Announcements, OverflowTo
from tests.engine.house import House, line, operator, policy, small_city


def test_a_call_is_put_through_and_the_operator_wraps_up() -> None:
    house = House()
    house.on_duty("anna")
    house.call("a")
    offer = house.last_offer()
    assert (offer.call, offer.operator, offer.device) == ("a", "anna", "1001")
    house.ring(offer)
    assert house.state_of("anna") is OperatorState.RINGING
    house.wait(4)
    house.answer(offer)
    assert house.outcome("a") == "answered"
    [answered] = house.of(CallAnswered)
    assert answered.waited == 4
    house.wait(60)
    house.phone("1001", f.PhoneState.IDLE)
    house.operator_hangs_up("a")
    assert house.state_of("anna") is OperatorState.WRAP_UP
    house.wait(29.9)
    assert house.state_of("anna") is OperatorState.WRAP_UP
    house.wait(0.2)
    assert house.state_of("anna") is OperatorState.AVAILABLE


def test_the_oldest_caller_is_first_and_keeps_his_place_after_a_failed_offer() -> None:
    house = House()
    house.call("old")
    house.wait(5)
    house.call("young")
    house.on_duty("anna")
    first = house.last_offer()
    assert first.call == "old"
    house.ring(first)
    house.wait(15)
    house.fail(first, f.OfferFailure.RING_NO_ANSWER)
    house.on_duty("bram")
    assert house.offers()[-1] == ("old", "bram")


@pytest.mark.parametrize(
    ("how", "state", "comes_back_after"),
    [
        (f.OfferFailure.RING_NO_ANSWER, OperatorState.NOT_READY, 10),
        (f.OfferFailure.BUSY, OperatorState.NOT_READY, 15),
        (f.OfferFailure.FAULT, OperatorState.NOT_READY, 30),
        (f.OfferFailure.REJECTED, OperatorState.NOT_READY, None),
        (f.OfferFailure.UNREACHABLE, OperatorState.UNREACHABLE, None),
        (f.OfferFailure.DEAD, OperatorState.UNREACHABLE, None),
    ],
)
def test_each_way_of_not_answering_has_its_own_rule(
    how: f.OfferFailure, state: OperatorState, comes_back_after: float | None
) -> None:
    house = House()
    house.on_duty("anna")
    house.call("a")
    offer = house.last_offer()
    house.ring(offer)
    house.tell(f.OfferFailed(offer.call, offer.offer, how))
    assert house.state_of("anna") is state
    assert house.call_state("a") is CallState.WAITING
    if how not in (f.OfferFailure.UNREACHABLE, f.OfferFailure.DEAD):
        house.phone("1001", f.PhoneState.IDLE)
    if comes_back_after is None:
        house.wait(3600)
        assert house.state_of("anna") is state
    else:
        house.wait(comes_back_after - 0.1)
        assert house.state_of("anna") is state
        house.wait(0.2)
        assert house.offers()[-1] == ("a", "anna")
    assert [e.how for e in house.of(OfferEnded)] == [how]


def test_a_second_missed_ring_in_a_row_leaves_the_operator_not_ready_until_he_says_otherwise() -> None:
    house = House()
    house.on_duty("anna")
    house.call("a")
    for _ in range(2):
        offer = house.last_offer()
        house.ring(offer)
        house.fail(offer, f.OfferFailure.RING_NO_ANSWER)
        house.wait(11)
    assert len(house.offers()) == 2
    assert house.state_of("anna") is OperatorState.NOT_READY
    house.tell(f.OperatorReady(OperatorId("anna"), "anna"))
    assert len(house.offers()) == 3


def test_a_phone_that_comes_back_brings_its_operator_back() -> None:
    house = House()
    house.on_duty("anna")
    house.phone("1001", f.PhoneState.UNREACHABLE)
    house.call("a")
    assert house.offers() == []
    house.phone("1001", f.PhoneState.IDLE)
    assert house.offers() == [("a", "anna")]


def test_a_phone_in_use_for_something_else_is_never_rung() -> None:
    house = House()
    house.on_duty("anna")
    house.phone("1001", f.PhoneState.BUSY)
    house.call("a")
    assert house.state_of("anna") is OperatorState.ON_OTHER_CALL
    assert house.offers() == []


def test_a_dead_phone_is_found_after_three_seconds_and_the_caller_is_fetched_back() -> None:
    house = House()
    house.on_duty("anna")
    house.call("a")
    dead = house.last_offer()
    house.tell(f.OfferDialled(dead.call, dead.offer))
    house.wait(3.1)
    assert house.state_of("anna") is OperatorState.UNREACHABLE
    assert Withdraw(dead.call, dead.offer) in house.commands
    house.on_duty("bram")
    assert len(house.offers()) == 1, "nobody else rings before the switch has the caller back"
    house.wait(0.3)
    house.tell(f.CallFound(dead.call, f.CallWhereabouts.WAIT))
    assert house.offers()[-1] == ("a", "bram")


def test_an_offer_without_any_word_is_asked_after_and_then_given_up() -> None:
    house = House()
    house.on_duty("anna", "bram")
    house.call("a")
    silent = house.last_offer()
    house.wait(1.1)
    assert AskCall(silent.call) in house.commands
    house.tell(f.CallFound(silent.call, f.CallWhereabouts.WAIT))
    assert len(house.offers()) == 1, "an overloaded switch may still carry it out"
    house.wait(1.1)
    house.tell(f.CallFound(silent.call, f.CallWhereabouts.WAIT))
    assert len(house.offers()) == 2


def test_a_lost_offer_that_comes_true_after_all_never_rings_two_operators() -> None:
    house = House(policy([line("info")], [operator("anna", "1001", info=1)]))
    house.on_duty("anna")
    house.call("a")
    lost = house.last_offer()
    for _ in range(2):
        house.wait(1.1)
        house.phone("1001", f.PhoneState.BUSY)
        house.tell(f.CallFound(lost.call, f.CallWhereabouts.WAIT))
    assert house.call_state("a") is CallState.WAITING
    house.tell(f.OfferRinging(lost.call, lost.offer))
    assert house.call_state("a") is CallState.RINGING
    house.answer(lost)
    assert house.outcome("a") == "answered"
    assert house.state_of("anna") is OperatorState.IN_CALL


def test_a_refused_redirect_frees_the_operator_at_once() -> None:
    house = House()
    house.on_duty("anna")
    house.call("a")
    offer = house.last_offer()
    house.call("b")
    house.tell(f.OfferNotSent(offer.call, offer.offer))
    assert house.offers()[-1] == ("b", "anna")
    house.hang_up("a")
    assert house.outcome("a") == "abandoned_short"


@pytest.mark.parametrize(("after", "outcome"), [(9.9, "abandoned_short"), (10.0, "abandoned"), (200.0, "abandoned")])
def test_who_hangs_up_while_waiting_has_abandoned(after: float, outcome: str) -> None:
    house = House()
    house.call("a")
    house.wait(after)
    house.hang_up("a")
    assert house.outcome("a") == outcome
    [counted] = house.of(OutcomeCounted)
    assert counted.waited == pytest.approx(after)


def test_who_hangs_up_while_it_rings_frees_the_operator() -> None:
    house = House()
    house.on_duty("anna")
    house.call("a")
    house.ring(house.last_offer())
    house.wait(12)
    house.hang_up("a")
    assert house.outcome("a") == "abandoned"
    assert house.state_of("anna") is OperatorState.ON_OTHER_CALL, "his phone has not said that it is free"
    house.phone("1001", f.PhoneState.IDLE)
    assert house.state_of("anna") is OperatorState.AVAILABLE


def test_who_hangs_up_in_the_menu_and_who_calls_when_it_is_closed() -> None:
    house = House()
    house.tell(f.CallArrived(CallId("menu"), house.now, "3292101010", None))
    house.hang_up("menu")
    house.tell(f.CallArrived(CallId("night"), house.now, "3292101010", None))
    house.tell(f.MenuEnded(CallId("night"), Outcome.CLOSED))
    assert house.outcome("night") == "closed", "counted at the moment it happens, not at hang-up"
    house.hang_up("night")
    assert (house.outcome("menu"), house.outcome("night")) == ("left_menu", "closed")


def test_a_full_line_says_so() -> None:
    house = House(policy([line("info", capacity=1)], [operator("anna", "1001", info=1)]))
    house.call("a")
    house.call("b")
    assert house.outcome("b") == "refused"
    assert Deflect(CallId("b"), line("info").id, OverflowTo.REFUSE) in house.commands
    assert house.outcome("a") is None


def test_a_refusal_that_the_switch_lost_is_given_again() -> None:
    house = House(policy([line("info", capacity=0)], [operator("anna", "1001", info=1)]))
    house.call("a")
    house.wait(1.1)
    house.tell(f.CallFound(CallId("a"), f.CallWhereabouts.WAIT))
    assert len([c for c in house.commands if isinstance(c, Deflect)]) == 2
    house.wait(1.1)
    house.tell(f.CallFound(CallId("a"), f.CallWhereabouts.REFUSED))
    house.wait(60)
    assert len([c for c in house.commands if isinstance(c, Deflect)]) == 2


def test_the_partner_answers_or_gives_the_caller_back_at_his_old_place() -> None:
    busy = policy([line("info", overflow_after=30.0, short_abandon=0.0)], [operator("anna", "1001", info=1)])
    house = House(busy)
    house.call("a")
    house.wait(10)
    house.call("b")
    house.wait(20)
    assert house.call_state("a") is CallState.OVERFLOWING
    house.tell(f.OverflowFailed(CallId("a")))
    house.wait(10)
    house.tell(f.OverflowAnswered(CallId("b"), house.now))
    assert house.outcome("b") == "overflow_answered"
    house.wait(120)
    assert house.call_state("a") is CallState.WAITING, "nobody is sent away twice"
    house.on_duty("anna")
    assert house.offers() == [("a", "anna")]


def test_who_hangs_up_at_the_partners_is_lost() -> None:
    house = House(policy([line("info", when_unstaffed=OverflowTo.PARTNER)], [operator("anna", "1001", info=1)]))
    house.call("a")
    house.wait(20)
    house.hang_up("a", overflowing=True)
    assert house.outcome("a") == "overflow_lost"


def test_a_transferred_caller_stays_one_call() -> None:
    house = House()
    house.on_duty("anna", "bram")
    house.call("a")
    offer = house.last_offer()
    house.ring(offer)
    house.answer(offer)
    house.tell(f.CallQueued(CallId("a"), line("sport").id, house.now))
    assert house.offers()[-1] == ("a", "bram")
    second = house.last_offer()
    house.ring(second)
    house.answer(second)
    house.hang_up("a")
    assert len(house.of(OutcomeCounted)) == 1


def test_announcements_never_rise() -> None:
    talkative = line("info", announcements=Announcements(first=20.0, every=30.0))
    house = House(policy([talkative], [operator("anna", "1001", info=1), operator("bram", "1002", info=1)]))
    house.on_duty("anna", "bram")
    for name in ("x", "y"):
        house.call(name)
        offer = house.last_offer()
        house.ring(offer)
        house.answer(offer)
    house.call("a", entered_at=house.now)
    house.call("b", entered_at=house.now + 1)
    house.wait(21)
    # Somebody with an older entry time (a restart found him) now stands before both.
    house.tell(f.CallQueued(CallId("z"), talkative.id, house.now - 500))
    house.wait(200)
    said: list[Announce] = [c for c in house.commands if isinstance(c, Announce) and c.call == "b"]
    assert len(said) >= 5
    assert [s.position for s in said] == sorted((s.position for s in said if s.position), reverse=True)
    lows = [s.wait[0] for s in said if s.wait]
    assert lows == sorted(lows, reverse=True)
    assert not [c for c in house.commands if isinstance(c, Announce) and c.call == "z" and c.position != 1]


def test_why_a_call_went_where_it_went_is_kept() -> None:
    house = House()
    house.on_duty("anna", "bram")
    house.wait(7)
    house.call("a")
    [offered] = house.of(CallOffered)
    assert offered.operator == "anna", "anna serves one line, bram two: he is kept for the other"
    assert offered.why.operator_rule == "least_skilled"
    assert (offered.why.candidates, offered.why.skills, offered.why.idle) == (2, 1, 7)
    assert offered.why.line_rule == "only_line"


def test_the_operator_chooses_during_a_call_what_he_does_after_it() -> None:
    house = House()
    house.on_duty("anna")
    house.call("a")
    offer = house.last_offer()
    house.ring(offer)
    house.answer(offer)
    house.tell(f.OperatorNotReady(OperatorId("anna"), "anna", "lunch"))
    assert house.state_of("anna") is OperatorState.IN_CALL
    house.phone("1001", f.PhoneState.IDLE)
    house.hang_up("a")
    house.wait(31)
    assert house.state_of("anna") is OperatorState.NOT_READY


def test_ready_ends_a_wrap_up() -> None:
    house = House()
    house.on_duty("anna")
    house.call("a")
    offer = house.last_offer()
    house.ring(offer)
    house.answer(offer)
    house.hang_up("a")
    house.phone("1001", f.PhoneState.IDLE)
    house.tell(f.OperatorReady(OperatorId("anna"), "anna"))
    assert house.state_of("anna") is OperatorState.AVAILABLE


def test_a_reload_leaves_a_waiting_call_the_policy_it_entered_with() -> None:
    house = House(policy([line("info", short_abandon=60.0)], [operator("anna", "1001", info=1)]))
    house.call("a")
    new = policy(
        [line("info", short_abandon=5.0)], [operator("anna", "1001", info=1), operator("dirk", "1004", info=1)]
    )
    house.tell(f.PolicyChanged(new))
    house.call("b")
    house.wait(30)
    house.hang_up("a")
    house.hang_up("b")
    assert (house.outcome("a"), house.outcome("b")) == ("abandoned_short", "abandoned")


def test_nothing_is_offered_while_the_link_is_down() -> None:
    house = House()
    house.call("a")
    house.tell(f.LinkLost("test"))
    house.on_duty("anna")
    assert house.offers() == []
    house.link(f.CallSeen(CallId("a"), f.CallWhereabouts.WAIT, house.now))
    assert house.offers() == [("a", "anna")]


def test_stale_words_about_an_earlier_offer_change_nothing() -> None:
    house = House(small_city())
    house.on_duty("anna")
    house.call("a")
    offer = house.last_offer()
    stale = OfferId(offer.offer + 1000)
    house.tell(f.OfferAnswered(offer.call, stale, house.now))
    house.tell(f.OfferFailed(offer.call, stale, f.OfferFailure.BUSY))
    assert house.call_state("a") is CallState.OFFERED
    assert house.state_of("anna") is OperatorState.RESERVED


@pytest.mark.parametrize("told", ["talk over first", "nothing else"])
def test_a_phone_that_takes_its_answer_back_costs_nobody_his_place_and_gets_no_more(told: str) -> None:
    house = House()
    house.on_duty("anna")
    house.call("old")
    house.wait(5)
    house.call("young")
    offer = house.last_offer()
    house.ring(offer)
    house.answer(offer)
    if told == "talk over first":
        house.operator_hangs_up("old")
    house.tell(f.OfferFailed(offer.call, offer.offer, f.OfferFailure.FAULT))
    house.tell(f.CallQueued(CallId("old"), LineId("info"), 0.0))
    house.phone("1001", f.PhoneState.IDLE)
    assert house.state_of("anna") is not OperatorState.AVAILABLE
    house.on_duty("bram")
    assert house.offers()[-1] == ("old", "bram")
    house.wait(90)
    assert house.state_of("anna") is OperatorState.AVAILABLE or house.offers()[-1][1] == "anna"


# --- An id that Asterisk gives twice ---------------------------------------------------------------------------------


def test_whoever_gets_the_id_of_an_earlier_call_is_served_like_anybody() -> None:
    """Its clock was set back, and it was started again (seen: ``docs/faults.md``)."""
    house = House()
    house.on_duty("anna")
    house.call("a")
    house.hang_up("a")
    house.wait(180)
    house.tell(f.CallArrived(CallId("a"), house.now, "3292101010", "+32470000009"))
    house.call("a")
    offer = house.last_offer()
    assert (offer.call, offer.operator) == ("a", "anna")
    house.ring(offer)
    house.answer(offer)
    house.operator_hangs_up("a")
    house.hang_up("a")
    assert [counted.call for counted in house.of(OutcomeCounted)] == ["a"]


def test_what_is_said_late_of_a_call_that_is_over_begins_none() -> None:
    house = House()
    house.call("a")
    joined = house.now
    house.hang_up("a")
    house.on_duty("anna")
    house.tell(f.CallArrived(CallId("a"), joined, "3292101010", None))
    house.tell(f.CallQueued(CallId("a"), LineId("info"), joined))
    assert house.offers() == []
