"""After a restart: every waiting and talking call is found again, with its true entry time."""

import pytest

from acd.model import facts as f
from acd.model.call import CallState
from acd.model.commands import SetAllowed, SetCrisis, SetDraining
from acd.model.events import CallAnswered, OperatorWished, OutcomeCounted
from acd.model.facts import CallWhereabouts as W
from acd.model.ids import CallId, Device, LineId, OfferId, OperatorId
from acd.model.operator import OperatorState, Wish
from acd.model.outcome import Outcome
from tests.engine.house import T0, House


def seen(id: str, where: W, **details: object) -> f.CallSeen:
    known: dict[str, object] = {"arrived_at": T0 - 100, "line": LineId("info"), "entered_at": T0 - 60} | details
    return f.CallSeen(CallId(id), where, **known)  # type: ignore[arg-type]


def restarted(*operators: str, calls: tuple[f.CallStored, ...] = ()) -> House:
    house = House(linked=False)
    ready = tuple(f.OperatorStored(OperatorId(o), True, None, T0 - 3600) for o in operators)
    house.tell(f.Restored(ready, calls))
    return house


def test_waiting_calls_keep_their_place_and_their_waiting_time() -> None:
    house = restarted("anna")
    assert house.offers() == [], "nothing before the switch has spoken"
    house.link(seen("young", W.WAIT, entered_at=T0 - 20), seen("old", W.FALLBACK, entered_at=T0 - 90))
    assert house.offers() == [("old", "anna")]
    offer = house.last_offer()
    house.ring(offer)
    house.answer(offer)
    [answered] = house.of(CallAnswered)
    assert answered.waited == 90


@pytest.mark.parametrize(("missed", "comes_back"), [(1, True), (2, False)])
def test_who_has_missed_too_many_calls_is_not_made_ready_by_a_restart(missed: int, comes_back: bool) -> None:
    """Two in a row, and he stays not ready until he says otherwise."""
    house = House()
    house.on_duty("anna")
    house.call("a")
    for _ in range(missed):
        offer = house.last_offer()
        house.ring(offer)
        house.wait(15)
        house.fail(offer, f.OfferFailure.RING_NO_ANSWER)
        if missed == 2:
            house.wait(11)
    wished = house.of(OperatorWished)[-1]
    assert wished.wish is Wish.NOT_READY
    again = House(linked=False)
    stored = f.OperatorStored(OperatorId("anna"), True, wished.reason, wished.at, wished.by)
    again.tell(f.Restored((stored,), ()))
    again.link()
    again.wait(60)
    assert (again.state_of("anna") is OperatorState.AVAILABLE) is comes_back


def test_who_talks_goes_on_talking_and_is_not_rung() -> None:
    stored = f.CallStored(CallId("a"), T0 - 100, LineId("info"), T0 - 60, Outcome.ANSWERED, OperatorId("anna"), T0 - 50)
    house = restarted("anna", calls=(stored,))
    house.link(seen("a", W.TALK, device=Device("1001"), offer=OfferId(7), answered_at=T0 - 50), seen("b", W.WAIT))
    assert house.state_of("anna") is OperatorState.IN_CALL
    assert house.offers() == []
    assert house.of(OutcomeCounted) == [], "his answer was counted before the restart"
    house.hang_up("a")
    house.wait(30.1)
    assert house.offers() == [("b", "anna")]


def test_a_call_that_the_fallback_connected_counts_as_answered_with_its_true_wait() -> None:
    waiting = f.CallStored(CallId("a"), T0 - 100, LineId("info"), T0 - 60, None)
    house = restarted("anna", calls=(waiting,))
    house.link(seen("a", W.TALK, device=Device("1001"), answered_at=T0 - 10))
    [answered] = house.of(CallAnswered)
    assert (answered.operator, answered.waited, answered.fallback) == ("anna", 50, True)
    assert house.state_of("anna") is OperatorState.IN_CALL


def test_a_ring_of_before_the_restart_goes_on_and_no_second_phone_rings() -> None:
    house = restarted("anna", "bram")
    house.link(seen("a", W.RING, device=Device("1001"), offer=OfferId(41)))
    assert house.state_of("anna") is OperatorState.RINGING
    assert house.offers() == []
    house.tell(f.OfferAnswered(CallId("a"), OfferId(41), house.now))
    assert house.state_of("anna") is OperatorState.IN_CALL


def test_a_call_that_ended_unseen_gets_the_outcome_of_its_note() -> None:
    waiting = f.CallStored(CallId("a"), T0 - 100, LineId("info"), T0 - 60, None)
    house = restarted("anna", calls=(waiting,))
    served = seen("b", W.TALK, device=Device("1001"), answered_at=T0 - 50)
    house.link(missed=(f.CallMissed(seen("a", W.FALLBACK), T0 - 30), f.CallMissed(served, T0 - 5)))
    counted = {e.call: (e.outcome, e.waited, e.seen) for e in house.of(OutcomeCounted)}
    assert counted == {"a": (Outcome.ABANDONED, 30, False), "b": (Outcome.ANSWERED, 10, False)}
    assert house.state_of("anna") is OperatorState.AVAILABLE, "his call is long over"


@pytest.mark.parametrize(("rebooted", "outcome"), [(True, Outcome.SWITCH_FAILURE), (False, Outcome.ABANDONED)])
def test_a_call_without_any_trace_is_closed_and_marked_as_not_seen(rebooted: bool, outcome: Outcome) -> None:
    house = restarted(calls=(f.CallStored(CallId("a"), T0 - 100, LineId("info"), T0 - 60, None),))
    house.link(rebooted=rebooted)
    [counted] = house.of(OutcomeCounted)
    assert (counted.outcome, counted.seen) == (outcome, False)


def test_operators_come_back_as_they_were() -> None:
    house = House(linked=False)
    paused = f.OperatorStored(OperatorId("bram"), True, "lunch", T0)
    house.tell(f.Restored((f.OperatorStored(OperatorId("anna"), True, None, T0), paused), ()))
    assert house.state_of("anna") is OperatorState.UNREACHABLE, "no word of his phone yet"
    house.link()
    states = {o.operator: (o.state, o.reason) for o in house.engine.board(house.now).operators}
    assert states[OperatorId("anna")] == (OperatorState.AVAILABLE, None)
    assert states[OperatorId("bram")] == (OperatorState.NOT_READY, "lunch")
    assert states[OperatorId("cato")] == (OperatorState.LOGGED_OUT, None)
    allowed = {c.device: c.allowed for c in house.commands if isinstance(c, SetAllowed)}
    assert allowed == {"1001": True, "1002": False, "1003": False}


def test_what_was_switched_before_the_restart_is_still_switched() -> None:
    house = House(linked=False)
    house.tell(f.Restored((), (), crisis="crisis-storm", draining=True))
    house.link()
    assert SetCrisis("crisis-storm") in house.commands
    assert SetDraining(True) in house.commands


def test_an_offer_in_flight_when_the_link_broke_is_never_doubled() -> None:
    house = House()
    house.on_duty("anna", "bram")
    house.call("a")
    offer = house.last_offer()
    house.tell(f.LinkLost("cut"))
    house.link(seen("a", W.WAIT))
    assert len(house.offers()) == 1, "the Redirect may still be on its way"
    house.wait(0.3)
    house.tell(f.CallFound(CallId("a"), W.RING, offer.offer))
    house.tell(f.OfferAnswered(CallId("a"), offer.offer, house.now))
    assert house.call_state("a") is CallState.TALKING
    assert house.state_of("anna") is OperatorState.IN_CALL
    assert len(house.offers()) == 1
