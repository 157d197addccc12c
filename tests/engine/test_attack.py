"""What callers and operators of other systems complain about, and the races behind it, each tried on purpose."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.engine.callers import next_moment
from acd.engine.core import Engine
from acd.engine.tally import Tally
from acd.model import facts as f
from acd.model.call import CallState
from acd.model.callback import AttemptResult as Result
from acd.model.callback import AttemptStage as Stage
from acd.model.callback import CallbackPlan, Window
from acd.model.commands import Announce, AskCall, ClaimCallback, Deflect, EndCallBack, SetAllowed, Withdraw
from acd.model.events import (
    CallAnswered,
    CallbackPromised,
    CallDeflected,
    OfferEnded,
    OperatorChanged,
    OperatorRang,
    OperatorWished,
    OutcomeCounted,
    TalkFinished,
)
from acd.model.facts import CallWhereabouts as W
from acd.model.ids import CallbackId, CallId, Device, LineId, OfferId, OperatorId
from acd.model.operator import OperatorState, Wish
from acd.model.outcome import Outcome
from acd.model.policy import Announcements, OverflowTo
from tests.engine.house import T0, House, line, operator, policy
from tests.engine.test_attempts import Centre, begun, due
from tests.engine.test_callbacks import again

ONE = policy([line("info", wrap_up=5.0)], [operator("anna", "1001", info=1)])
TWO = policy([line("info", wrap_up=5.0)], [operator("anna", "1001", info=1), operator("bram", "1002", info=2)])
A, B = CallId("a"), CallId("b")


def seen(id: str, where: W, **details: object) -> f.CallSeen:
    known: dict[str, object] = {"arrived_at": T0 - 10, "line": LineId("info"), "entered_at": T0} | details
    return f.CallSeen(CallId(id), where, **known)  # type: ignore[arg-type]


def given_up(house: House, id: str) -> None:
    """Two times the switch says that he still waits: the offer under way is given up."""
    for _ in range(2):
        house.wait(1.05)
        house.tell(f.CallFound(CallId(id), W.WAIT))


# --- Offers that were given up and come true all the same -------------------------------------------------------------


def test_the_answer_to_an_offer_before_the_last_is_believed() -> None:
    house = House(TWO)
    house.on_duty("anna", "bram")
    house.call("a")
    first = house.last_offer()
    given_up(house, "a")
    second = house.last_offer()
    assert second.offer != first.offer
    house.tell(f.OfferNotSent(A, second.offer))  # the first Redirect holds him at last
    house.answer(first)
    assert house.outcome("a") == "answered"
    assert house.state_of("anna") is OperatorState.IN_CALL, "and his wrap-up will be kept"


def test_a_late_redirect_that_takes_a_caller_out_of_his_talk_is_followed() -> None:
    house = House(TWO)
    house.on_duty("anna", "bram")
    house.call("a")
    first = house.last_offer()
    house.phone("1001", f.PhoneState.BUSY)
    given_up(house, "a")
    second = house.last_offer()
    assert (first.operator, second.operator) == ("anna", "bram")
    house.answer(first)
    house.operator_hangs_up("a")  # the second Redirect broke the talk
    house.tell(f.OfferDialled(A, second.offer))
    house.tell(f.OfferRinging(A, second.offer))
    house.tell(f.OfferFailed(A, second.offer, f.OfferFailure.RING_NO_ANSWER))
    assert house.call_state("a") in (CallState.WAITING, CallState.OFFERED), "he hears music: he is not forgotten"


def test_a_revived_offer_rings_as_long_as_any_other() -> None:
    house = House(ONE)
    house.on_duty("anna")
    house.call("a")
    lost = house.last_offer()
    for _ in range(2):
        house.wait(1.05)
        house.phone("1001", f.PhoneState.BUSY)
        house.tell(f.CallFound(A, W.WAIT))
    house.tell(f.OfferDialled(A, lost.offer))
    house.tell(f.OfferRinging(A, lost.offer))
    house.wait(14.0)
    assert Withdraw(A, lost.offer) not in house.commands
    assert [e.offer for e in house.of(OperatorRang)] == [lost.offer]


def test_who_was_sent_to_the_partner_and_reached_an_operator_counts_as_answered() -> None:
    city = policy([line("info", overflow_after=3.0)], [operator("anna", "1001", info=1)])
    house = House(city)
    house.on_duty("anna")
    house.call("a")
    lost = house.last_offer()
    for _ in range(2):
        house.wait(1.05)
        house.phone("1001", f.PhoneState.BUSY)
        house.tell(f.CallFound(A, W.WAIT))
    house.wait(1.0)
    assert house.call_state("a") is CallState.OVERFLOWING
    house.answer(lost)
    assert house.outcome("a") == "answered"
    house.hang_up("a")
    assert len(house.of(OutcomeCounted)) == 1


def test_an_operator_who_answers_another_than_he_was_given_keeps_the_one_he_speaks_with() -> None:
    house = House(ONE)
    house.on_duty("anna")
    house.call("a")
    lost = house.last_offer()
    house.call("b", entered_at=T0 - 100)
    given_up(house, "a")
    other = house.last_offer()
    assert other.call == "b", "who has waited longer is next"
    house.answer(lost)
    assert house.state_of("anna") is OperatorState.IN_CALL
    [answered] = house.of(CallAnswered)
    assert (answered.call, answered.operator) == ("a", "anna")
    assert Withdraw(B, other.offer) in house.commands, "his phone must not ring for b while he talks"


# --- A slow switch ---------------------------------------------------------------------------------------------------


def test_three_seconds_of_grace_begin_when_the_phone_is_dialled() -> None:
    house = House(ONE)
    house.on_duty("anna")
    house.call("a")
    offer = house.last_offer()
    house.wait(2.9)
    house.tell(f.OfferDialled(A, offer.offer))
    house.wait(1.0)
    assert house.state_of("anna") is OperatorState.RESERVED, "dialled a second ago: not dead yet"
    house.wait(2.1)
    assert house.state_of("anna") is OperatorState.UNREACHABLE


def test_a_phone_dialled_late_is_found_dead_all_the_same() -> None:
    house = House(ONE)
    house.on_duty("anna")
    house.call("a")
    offer = house.last_offer()
    house.wait(3.5)
    house.tell(f.OfferDialled(A, offer.offer))
    house.wait(3.1)
    assert house.state_of("anna") is OperatorState.UNREACHABLE


def test_a_redirect_lost_on_the_way_out_of_the_fallback_queue_is_noticed() -> None:
    house = House(ONE)
    house.link(seen("a", W.FALLBACK))
    house.on_duty("anna")
    for _ in range(2):
        house.wait(1.05)
        house.tell(f.CallFound(A, W.FALLBACK))
    assert len(house.offers()) == 2


def test_a_deflection_lost_on_the_way_out_of_the_fallback_queue_is_given_again() -> None:
    city = policy([line("info", overflow_after=30.0)], [operator("anna", "1001", info=1)])
    house = House(city)
    house.link(seen("a", W.FALLBACK, entered_at=T0 - 60))
    house.wait(1.1)
    house.tell(f.CallFound(A, W.FALLBACK))
    assert len([c for c in house.commands if isinstance(c, Deflect)]) == 2


# --- Callers sent away -----------------------------------------------------------------------------------------------


def partner_city() -> House:
    return House(policy([line("info", overflow_after=30.0)], [operator("anna", "1001", info=1)]))


def test_who_hangs_up_before_the_switch_sent_him_to_the_partner_has_abandoned() -> None:
    house = partner_city()
    house.call("a")
    house.wait(30.0)
    assert house.call_state("a") is CallState.OVERFLOWING
    house.tell(f.CallGone(A, house.now, overflowing=False))
    assert house.outcome("a") == "abandoned"


def test_who_hangs_up_at_the_partners_although_we_had_taken_him_back_is_lost_there() -> None:
    house = partner_city()
    house.call("a")
    house.wait(30.0)
    house.tell(f.OverflowFailed(A))
    house.tell(f.CallGone(A, house.now, overflowing=True))
    assert house.outcome("a") == "overflow_lost"


def test_nobody_is_sent_away_over_a_link_that_is_down() -> None:
    house = partner_city()
    house.call("a")
    house.tell(f.LinkLost("cut"))
    house.wait(120)
    assert house.of(CallDeflected) == []
    house.link(missed=(f.CallMissed(seen("a", W.FALLBACK), house.now - 10),))
    assert house.outcome("a") == "abandoned", "he hung up in Asterisk's own queue"


def test_who_has_waited_too_long_when_the_link_is_back_is_sent_on_then() -> None:
    house = partner_city()
    house.call("a")
    house.tell(f.LinkLost("cut"))
    house.wait(120)
    house.link(seen("a", W.WAIT))
    house.wait(0.1)
    assert house.call_state("a") is CallState.OVERFLOWING


def test_a_caller_who_waited_through_a_broken_link_hears_announcements_again() -> None:
    house = House(policy([line("info", announcements=Announcements(20.0, 60.0))], [operator("anna", "1001", info=1)]))
    house.call("a")
    house.tell(f.LinkLost("cut"))
    house.wait(100)
    assert not [c for c in house.commands if isinstance(c, Announce)], "nobody hears it"
    house.link(seen("a", W.WAIT))
    house.wait(200)
    said = [c for c in house.commands if isinstance(c, Announce)]
    assert len(said) == 3, "at 140, 200 and 260 s: once at each moment"


def test_a_refusal_cut_off_by_a_broken_link_is_given_again() -> None:
    house = House(policy([line("info", capacity=0)], [operator("anna", "1001", info=1)]))
    house.call("a")
    house.tell(f.LinkLost("cut"))
    house.wait(10)
    house.link(seen("a", W.WAIT))
    house.wait(0.5)
    assert AskCall(A) in house.commands
    house.tell(f.CallFound(A, W.WAIT))
    assert len([c for c in house.commands if isinstance(c, Deflect)]) == 2
    house.on_duty("anna")
    assert house.offers() == [], "he counts as refused: he is not put through as well"


FULL = policy([line("info", capacity=0)], [operator("anna", "1001", info=1)])


def test_whoever_comes_over_a_link_that_is_read_late_is_refused_when_it_is_back() -> None:
    house = House(FULL)
    house.tell(f.LinkLost("events arrive late"))
    house.call("a")
    assert (house.of(CallDeflected), house.outcome("a")) == ([], None), "nothing can be done about him"
    house.link(seen("a", W.WAIT))
    assert house.outcome("a") == "refused"
    assert len([c for c in house.commands if isinstance(c, Deflect)]) == 1


def test_of_those_who_came_meanwhile_the_first_have_the_places() -> None:
    house = House(policy([line("info", capacity=2)], [operator("anna", "1001", info=1)]))
    house.call("w")
    house.tell(f.LinkLost("events arrive late"))
    for id in ("a", "b", "c"):
        house.wait(0.1)
        house.call(id)
    at = {id: house.engine._state.calls[CallId(id)].entered_at for id in ("w", "a", "b", "c")}
    # The switch shows them in an order of its own.
    house.link(*(seen(id, W.WAIT, entered_at=at[id]) for id in ("c", "b", "w", "a")))
    assert [house.outcome(id) for id in ("w", "a", "b", "c")] == [None, None, "refused", "refused"]


def test_whoever_asterisks_own_queue_has_taken_in_meanwhile_is_not_refused_any_more() -> None:
    house = House(FULL)
    house.tell(f.LinkLost("events arrive late"))
    house.call("a")
    house.link(seen("a", W.FALLBACK))
    assert (house.of(CallDeflected), house.outcome("a")) == ([], None)
    house.tell(f.LinkLost("cut"))
    house.link(seen("a", W.WAIT))
    assert house.of(CallDeflected) == [], "nor later: he has waited since"


def test_whoever_asterisk_served_meanwhile_was_not_refused() -> None:
    house = House(FULL)
    house.tell(f.LinkLost("events arrive late"))
    house.call("a")
    house.wait(3)
    house.link(seen("a", W.TALK, device=Device("1001"), answered_at=house.now - 1))
    assert (house.of(CallDeflected), house.outcome("a")) == ([], "answered")


def test_who_was_served_and_is_sent_on_to_a_full_line_is_not_turned_away() -> None:
    city = policy(
        [line("info"), line("sport", capacity=0)],
        [operator("anna", "1001", info=1), operator("bram", "1002", sport=1)],
    )
    house = House(city)
    house.on_duty("anna")
    house.call("a")
    house.answer(house.last_offer())
    house.tell(f.CallQueued(A, LineId("sport"), house.now))
    assert house.call_state("a") is CallState.WAITING, "his one outcome is counted: a refusal would be on no list"


# --- A broken link ---------------------------------------------------------------------------------------------------


def test_a_phone_that_began_to_ring_unseen_is_not_taken_for_dead() -> None:
    house = House(ONE)
    house.on_duty("anna")
    house.call("a")
    offer = house.last_offer()
    house.wait(0.2)
    house.tell(f.LinkLost("cut"))
    house.wait(0.5)
    house.link(seen("a", W.RING, offer=offer.offer, device=Device("1001"), dialled=True))
    house.wait(10)
    assert house.state_of("anna") is OperatorState.RINGING
    assert Withdraw(A, offer.offer) not in house.commands


def test_a_ring_that_outlived_a_long_break_is_still_watched() -> None:
    house = House(ONE)
    house.on_duty("anna")
    house.call("a")
    offer = house.last_offer()
    house.ring(offer)
    house.tell(f.LinkLost("cut"))
    house.wait(30)
    house.link(seen("a", W.RING, offer=offer.offer, device=Device("1001"), dialled=True))
    house.wait(19)
    assert Withdraw(A, offer.offer) in house.commands, "no word of its end: it is fetched back"


def test_who_was_sent_to_another_line_unseen_waits_there_and_from_then() -> None:
    city = policy(
        [line("info", wrap_up=0.0), line("sport")],
        [operator("anna", "1001", info=1), operator("bram", "1002", sport=1)],
    )
    house = House(city)
    house.on_duty("anna", "bram")
    house.call("a")
    house.answer(house.last_offer())
    house.tell(f.LinkLost("cut"))
    house.wait(20)
    house.link(seen("a", W.WAIT, line=LineId("sport"), entered_at=house.now - 3))
    assert house.offers()[-1] == ("a", "bram")
    house.wait(2)
    house.answer(house.last_offer())
    assert house.of(CallAnswered)[-1].waited == 5


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_operators_and_callers_that_changed_partners_unseen(order: tuple[int, int]) -> None:
    house = House(TWO)
    house.on_duty("anna")
    house.call("a")
    house.ring(house.last_offer())
    house.answer(house.last_offer())
    house.tell(f.LinkLost("cut"))
    house.wait(30)
    now = (
        seen("a", W.FALLBACK, entered_at=T0 + 5),
        seen("b", W.TALK, device=Device("1001"), answered_at=T0 + 12, entered_at=T0 + 1),
    )
    house.link(*(now[i] for i in order))
    assert house.state_of("anna") is OperatorState.IN_CALL
    [answer] = [e for e in house.of(CallAnswered) if e.call == "b"]
    assert (answer.operator, answer.fallback, answer.waited) == ("anna", True, 11)
    assert [e.call for e in house.of(TalkFinished)] == ["a"]


def test_an_operator_reserved_for_one_whom_the_fallback_gave_another() -> None:
    house = House(ONE)
    house.on_duty("anna")
    house.call("a")
    house.tell(f.LinkLost("cut"))
    house.wait(30)
    house.link(seen("b", W.TALK, device=Device("1001"), answered_at=T0 + 12), seen("a", W.FALLBACK))
    assert house.state_of("anna") is OperatorState.IN_CALL
    house.wait(0.3)
    house.tell(f.CallFound(A, W.FALLBACK))
    assert house.call_state("a") is CallState.WAITING


def test_the_partners_answer_that_nobody_saw_is_no_answer_of_ours() -> None:
    house = House(ONE, linked=False)
    note = f.CallMissed(seen("a", W.PARTNER, answered_at=T0 + 40), T0 + 90)
    house.link(missed=(note,))
    assert house.outcome("a") == "overflow_answered"
    assert house.of(CallAnswered) == []


def test_who_hung_up_at_the_partners_unseen_was_lost_there() -> None:
    house = House(ONE, linked=False)
    house.link(missed=(f.CallMissed(seen("a", W.OVERFLOW), T0 + 40),))
    assert house.outcome("a") == "overflow_lost"


def test_an_offer_that_was_answered_and_over_before_anybody_saw_ends_once() -> None:
    house = House(ONE)
    house.on_duty("anna")
    house.call("a")
    offer = house.last_offer()
    house.ring(offer)
    house.tell(f.LinkLost("cut"))
    house.wait(100)
    note = seen("a", W.TALK, offer=offer.offer, device=Device("1001"), answered_at=T0 + 5)
    house.link(missed=(f.CallMissed(note, T0 + 60),))
    assert house.outcome("a") == "answered"
    assert [e.how for e in house.of(OfferEnded)] == [f.OfferFailure.LOST], "and the answer corrects it in the records"
    assert house.state_of("anna") is OperatorState.AVAILABLE


def test_a_talk_of_before_the_restart_is_not_answered_twice_but_a_new_one_is() -> None:
    stored = f.CallStored(A, T0 - 100, LineId("info"), T0 - 60, Outcome.ANSWERED, OperatorId("anna"), T0 - 50)
    for answered_at, answers in ((T0 - 50, 0), (T0 - 5, 1)):
        house = House(TWO, linked=False)
        house.tell(f.Restored((), (stored,)))
        house.link(seen("a", W.TALK, device=Device("1002"), answered_at=answered_at, entered_at=T0 - 60))
        assert len(house.of(CallAnswered)) == answers
        assert house.of(OutcomeCounted) == []
        assert house.state_of("bram") is OperatorState.IN_CALL


# --- Operators -------------------------------------------------------------------------------------------------------


def test_a_dead_phone_is_tried_again_when_the_switch_says_that_it_is_there() -> None:
    house = House(ONE)
    house.on_duty("anna")
    house.call("a")
    offer = house.last_offer()
    house.tell(f.OfferDialled(A, offer.offer))
    house.wait(3.5)
    house.tell(f.CallFound(A, W.WAIT))
    assert house.state_of("anna") is OperatorState.UNREACHABLE
    house.phone("1001", f.PhoneState.IDLE)
    assert house.offers() == [("a", "anna")] * 2


def test_ready_ends_a_wrap_up_also_after_lunch_was_chosen() -> None:
    house = House(ONE)
    house.on_duty("anna")
    house.call("a")
    house.answer(house.last_offer())
    house.tell(f.OperatorNotReady(OperatorId("anna"), "anna", "lunch"))
    house.hang_up("a")
    house.tell(f.OperatorReady(OperatorId("anna"), "anna"))
    assert house.state_of("anna") is OperatorState.AVAILABLE


# --- Settings loaded again -------------------------------------------------------------------------------------------


def test_an_operator_with_another_phone_is_not_rung_before_that_phone_has_spoken() -> None:
    house = House(ONE)
    house.on_duty("anna")
    house.tell(f.PolicyChanged(policy([line("info")], [operator("anna", "1009", info=1)])))
    house.call("a")
    assert house.offers() == []
    assert house.state_of("anna") is OperatorState.UNREACHABLE
    house.phone("1001", f.PhoneState.IDLE)
    assert house.offers() == [], "that is his old phone"
    house.phone("1009", f.PhoneState.IDLE)
    assert house.last_offer().device == "1009"


def test_an_operator_who_is_removed_leaves_by_the_door() -> None:
    house = House(TWO)
    house.on_duty("anna", "bram")
    house.tell(f.PolicyChanged(ONE))
    last = house.of(OperatorChanged)[-1]
    assert (last.operator, last.state) == ("bram", OperatorState.LOGGED_OUT)
    assert house.of(OperatorWished)[-1].wish is Wish.OUT, "a restart does not bring him back"
    assert SetAllowed(Device("1002"), (LineId("info"),), False) in house.commands
    assert [o.operator for o in house.engine.board(house.now).operators] == ["anna"]


def test_who_takes_over_the_phone_of_a_removed_colleague_hears_of_it() -> None:
    both = policy([line("info")], [operator("anna", "1001", info=1), operator("bram", "1002", info=1)])
    house = House(both)
    house.on_duty("anna", "bram")
    for id in ("a", "b"):
        house.call(id)
        house.answer(house.last_offer())
    # bram is removed in mid-talk, and anna moves to his desk.
    house.tell(f.PolicyChanged(policy([line("info")], [operator("anna", "1002", info=1)])))
    house.hang_up("a")
    house.hang_up("b")
    house.wait(31)
    house.phone("1002", f.PhoneState.IDLE)
    assert house.state_of("anna") is OperatorState.AVAILABLE


def test_callers_of_a_removed_line_are_still_served_by_those_who_served_it() -> None:
    old = policy([line("info"), line("old")], [operator("anna", "1001", info=1, old=1)])
    house = House(old)
    house.call("a", "old")
    house.tell(f.PolicyChanged(ONE))
    house.on_duty("anna")
    assert house.offers() == [("a", "anna")]
    house.answer(house.last_offer())
    assert house.outcome("a") == "answered"


def test_a_caller_on_a_line_that_the_settings_do_not_know_is_not_lost() -> None:
    house = House(ONE)
    house.on_duty("anna")
    house.call("a", "new")
    house.wait(60)
    assert [(n.line, n.waiting) for n in house.engine.board(house.now).lines if n.waiting] == [("new", 1)]
    both = policy([line("info"), line("new")], [operator("anna", "1001", info=1, new=1)])
    house.tell(f.PolicyChanged(both))
    assert house.offers() == [("a", "anna")]
    house.hang_up("a")
    assert house.outcome("a") == "abandoned"


# --- Figures ---------------------------------------------------------------------------------------------------------


def test_a_closed_call_counts_for_the_line_that_was_closed() -> None:
    house = House(ONE)
    house.tell(f.CallArrived(A, house.now, "32921", None))
    house.tell(f.MenuEnded(A, Outcome.CLOSED, LineId("info")))
    house.link(missed=(f.CallMissed(seen("b", W.CLOSED, entered_at=None), T0),))
    assert [(e.line, e.waited) for e in house.of(OutcomeCounted)] == [("info", None)] * 2


def test_a_caller_who_was_sent_on_is_answered_in_time_once() -> None:
    house = House(TWO)
    house.on_duty("anna", "bram")
    house.call("a")
    house.answer(house.last_offer())
    house.tell(f.CallQueued(A, LineId("info"), house.now))
    house.answer(house.last_offer())
    tally = Tally()
    tally.apply(house.events)
    assert tally.of(LineId("info")).service_level == 1.0


# --- Time and size ---------------------------------------------------------------------------------------------------


@given(st.floats(1.7e9, 2.0e9), st.floats(0, 3600), st.floats(0.001, 3600), st.integers(0, 100))
def test_the_next_announcement_is_always_later_than_this_one(start: float, first: float, every: float, k: int) -> None:
    now = start + first
    for _ in range(k % 10):
        now = now + every
    later = next_moment(start, first, every, now)
    assert later is not None and later > now
    assert next_moment(start, first, every, later) != later


def test_a_thousand_callers_hear_their_position_at_once() -> None:
    spoken = [line(f"l{n}", capacity=1000, announcements=Announcements(20.0, 30.0)) for n in range(8)]
    skills = {f"l{n}": 1 for n in range(8)}
    house = House(policy(spoken, [operator(f"o{n}", str(2000 + n), **skills) for n in range(500)]), linked=False)
    waiting = tuple(seen(f"c{n}", W.WAIT, line=LineId(f"l{n % 8}")) for n in range(1000))
    house.engine.handle(f.SwitchSeen(waiting, (), {}), T0)
    step = house.engine.handle(f.Tick(), T0 + 21)
    assert len([c for c in step.commands if isinstance(c, Announce)]) == 1000


def test_what_is_over_is_forgotten() -> None:
    """Three simulated days of a busy city: neither timers nor calls pile up."""
    house = House(policy([line("info", wrap_up=2.0)], [operator("anna", "1001", info=1)]), linked=False)
    tell = house.engine.handle
    tell(f.SwitchSeen((), (), {Device("1001"): f.PhoneState.IDLE}), T0)
    tell(f.OperatorLoggedIn(OperatorId("anna"), "x"), T0)
    tell(f.OperatorReady(OperatorId("anna"), "x"), T0)
    now = T0
    for n in range(20_000):
        now += 13.0
        tell(f.Tick(), now)
        id = CallId(f"c{n}")
        step = tell(f.CallQueued(id, LineId("info"), now), now)
        [offer] = [c.offer for c in step.commands if hasattr(c, "offer")]
        tell(f.OfferRinging(id, OfferId(offer)), now + 0.1)
        tell(f.OfferAnswered(id, OfferId(offer), now + 2), now + 2)
        tell(f.CallGone(id, now + 9), now + 9)
    state = house.engine._state
    assert len(state.calls) == 0
    assert len(state._timers) < 50
    assert len(state.ended) == 10_000


def test_a_call_is_never_put_through_while_it_is_not_known_where_it_is() -> None:
    house = House(TWO)
    house.on_duty("anna")
    house.call("a")
    offer = house.last_offer()
    house.tell(f.OfferNotSent(A, offer.offer))
    house.on_duty("bram")
    assert len(house.offers()) == 1
    house.wait(0.3)
    house.tell(f.CallFound(A, W.OVERFLOW))
    assert house.call_state("a") is CallState.OVERFLOWING, "a Redirect of before was carried out after all"
    house.tell(f.OverflowAnswered(A, house.now))
    assert house.outcome("a") == "overflow_answered"


def test_an_offer_that_was_never_tried_costs_nobody_his_turn() -> None:
    """The link is silent already, and each offer is refused before it goes out. When it is back, whoever came first is
    served first: nothing is under way for him of which the switch would have to be asked."""
    house = House(TWO)
    house.on_duty("anna")
    house.call("a")
    house.tell(f.OfferNotSent(A, house.last_offer().offer, tried=False))
    house.tell(f.LinkLost("no sign of life"))
    house.wait(0.3)
    waits = {"arrived_at": house.now, "entered_at": house.now}
    house.link(seen("a", W.WAIT), seen("b", W.WAIT, **waits))
    assert [call for call, _ in house.offers()] == ["a", "a"]
    assert house.call_state("a") is CallState.OFFERED


def test_refuse_to_the_partner_is_a_command_about_a_line() -> None:
    house = House(policy([line("info", when_unstaffed=OverflowTo.PARTNER)], [operator("anna", "1001", info=1)]))
    house.call("a")
    assert Deflect(A, LineId("info"), OverflowTo.PARTNER) in house.commands


# --- Found by the honest switch of test_model.py ----------------------------------------------------------------------


def test_a_redirect_that_is_refused_at_once_is_not_tried_again_at_once() -> None:
    house = House(ONE)
    house.on_duty("anna")
    house.call("a")
    offer = house.last_offer()
    house.ring(offer)
    house.wait(18.1)
    assert house.commands.count(Withdraw(A, offer.offer)) == 1
    for _ in range(10):
        # Asterisk refuses, the adapter says where he is instead.
        house.tell(f.CallFound(A, W.RING, offer.offer))
    assert house.commands.count(Withdraw(A, offer.offer)) == 1, "or the two would play ping-pong at wire speed"
    house.wait(0.3)
    house.tell(f.CallFound(A, W.RING, offer.offer))
    assert house.commands.count(Withdraw(A, offer.offer)) == 2


def test_an_operator_who_is_removed_in_mid_call_cannot_come_back_to_his_old_desk() -> None:
    house = House(TWO)
    house.on_duty("bram")
    house.call("a")
    house.answer(house.last_offer())
    house.tell(f.PolicyChanged(policy([line("info")], [operator("anna", "1002", info=1)])))
    house.on_duty("bram")
    house.hang_up("a")
    house.wait(6)
    assert house.state_of("bram") is OperatorState.LOGGED_OUT
    assert house.of(CallAnswered)[0].operator == "bram", "his call stays his"


def test_two_operators_who_change_desks_are_rung_at_their_new_ones() -> None:
    house = House(TWO)
    house.on_duty("anna", "bram")
    house.tell(
        f.PolicyChanged(policy([line("info")], [operator("anna", "1002", info=1), operator("bram", "1001", info=2)]))
    )
    house.call("a")
    assert house.offers() == []
    house.phone("1001", f.PhoneState.BUSY)
    house.phone("1002", f.PhoneState.IDLE)
    assert (house.last_offer().operator, house.last_offer().device) == ("anna", "1002")
    assert house.state_of("bram") is OperatorState.ON_OTHER_CALL


def test_who_was_served_unseen_and_is_about_to_leave_waited_until_his_answer() -> None:
    house = House(ONE, linked=False)
    house.wait(60)
    house.link(seen("a", W.AFTER, device=Device("1001"), answered_at=T0 + 12))
    [answered] = house.of(CallAnswered)
    assert (answered.waited, answered.operator, answered.fallback) == (12, "anna", True)
    assert [(e.waited, e.seen) for e in house.of(OutcomeCounted)] == [(12, False)]


def test_the_partners_answer_counts_from_when_it_was_given() -> None:
    house = partner_city()
    house.call("a")
    house.wait(40)
    house.tell(f.OverflowAnswered(A, house.now - 3))
    assert [e.waited for e in house.of(OutcomeCounted)] == [37]


def test_a_ring_at_a_phone_that_is_no_operators_any_more_may_end_by_itself() -> None:
    house = House(ONE)
    house.on_duty("anna")
    house.link(seen("a", W.RING, device=Device("1009"), offer=OfferId(7), dialled=True))
    assert house.offers() == [], "he is not torn away from a phone that rings"
    house.wait(0.3)
    house.tell(f.CallFound(A, W.RING, OfferId(7)))
    house.wait(1.0)
    house.tell(f.CallFound(A, W.WAIT))
    assert house.offers() == [("a", "anna")]


def test_the_answer_to_an_offer_of_before_the_restart_counts() -> None:
    house = House(TWO, linked=False)
    house.engine = Engine(TWO, first_offer=1000)
    house.link(seen("a", W.WAIT))
    house.tell(f.OfferAnswered(A, OfferId(7), T0 + 3))
    assert house.outcome("a") == "answered"
    house.hang_up("a")
    assert len(house.of(OutcomeCounted)) == 1


def test_where_a_caller_talks_by_grace_of_the_fallback_is_told_by_the_fallback() -> None:
    house = House(ONE)
    house.link(seen("a", W.FALLBACK))
    house.on_duty("anna")
    house.tell(f.OfferNotSent(A, house.last_offer().offer))
    house.wait(0.3)
    house.tell(f.CallFound(A, W.TALK))
    house.tell(f.FallbackAnswered(A, Device("1001"), house.now))
    assert [e.operator for e in house.of(CallAnswered)] == ["anna"]
    assert house.state_of("anna") is OperatorState.IN_CALL


# --- Promises at the worst moment ------------------------------------------------------------------------------------


def test_a_promise_that_is_told_again_while_its_claim_hangs_is_due_still_when_the_claim_fails() -> None:
    house = Centre("anna", "bram", "cato")
    house.due(due())
    house.due(due())  # a look at the clock, while the database takes its time over the claim
    house.tell(f.CallbackNotClaimed(CallbackId("p"), house.attempt))
    house.wait(31)
    assert len(house.sent(ClaimCallback)) == 2, "the keeper has nothing new to tell: nobody else will remember it"


def test_a_promise_that_only_the_keeper_knows_is_told_in_the_events_when_he_hears_of_it() -> None:
    house = again(seen("a", W.BOOK))
    plan = CallbackPlan(None, (), T0 + 9000, existing=Window(T0 + 300, T0 + 600), callback=CallbackId("p"))
    house.tell(f.CallbackPlanned(A, plan))
    assert house.outcome("a") == "callback_accepted"
    [promised] = house.of(CallbackPromised)
    assert (promised.callback, promised.start, promised.deadline) == ("p", T0 + 300, T0 + 9000)


def test_a_call_back_that_comes_after_the_look_at_the_switch_is_ended_before_the_citizen_is_rung() -> None:
    house = begun()
    attempt = house.attempt
    house.tell(f.LinkLost("x"))
    house.link()  # the Originate is still on its way
    house.tell(f.AttemptRinging(attempt))
    assert EndCallBack(attempt) in house.commands


def test_what_the_switch_has_called_over_is_not_taken_up_again_because_its_channel_still_lives() -> None:
    house = begun()
    house.ends(Result.OPERATOR)
    house.link(attempts=(f.AttemptSeen(house.attempt, CallbackId("p"), LineId("info"), Device("1001"), Stage.CLAIMED),))
    house.wait(20)
    assert house.results() == [Result.OPERATOR] and house.state_of("anna") is OperatorState.AVAILABLE


def test_of_an_attempt_that_an_engine_before_us_gave_up_the_citizen_is_not_rung() -> None:
    house = Centre("anna", "bram", "cato")
    house.engine = Engine(house.settings, first_offer=20)
    house.link()
    house.tell(f.AttemptRinging(OfferId(18)))
    assert house.sent(EndCallBack) == [EndCallBack(OfferId(18))]
