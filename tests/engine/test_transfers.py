"""Hold, and callers who are passed on: one call, one outcome, and each operator his own wrap-up."""

import msgspec
import pytest

from acd.model import commands as c
from acd.model import events as ev
from acd.model import facts as f
from acd.model.ids import CallId, Device, LineId, OfferId, OperatorId
from acd.model.operator import OperatorState
from acd.model.outside import Limit, Outside
from tests.engine.house import House

A = CallId("a")
ANNA, BRAM = OperatorId("anna"), OperatorId("bram")


def talking() -> House:
    """Anna speaks with A, and Bram is logged in."""
    house = House()
    for who in (ANNA, BRAM):
        house.tell(f.OperatorLoggedIn(who, who))
    house.tell(f.OperatorReady(ANNA, ANNA))
    house.tell(f.CallArrived(A, house.now, "092101010", "+32470000001"))
    house.tell(f.CallQueued(A, LineId("info"), house.now))
    [offer] = [one for one in house.commands if isinstance(one, c.Offer)]
    house.now += 2
    house.tell(f.OfferAnswered(A, offer.offer, house.now))
    return house


def allowing(outside: Outside) -> House:
    house = talking()
    house.tell(f.PolicyChanged(msgspec.structs.replace(house.settings, outside=outside)))
    return house


def state(house: House, who: OperatorId) -> OperatorState:
    return next(one.state for one in house.engine.board(house.now).operators if one.operator == who)


def of(house: House, kind: type[ev.Event]) -> list[ev.Event]:
    return [one for one in house.events if type(one) is kind]


def passed_on(house: House, to: str, how: f.TransferHow = f.TransferHow.BLIND) -> None:
    house.tell(f.TalkEnded(A, house.now))
    house.tell(f.TalkTransferred(A, house.now, to, how))


def test_hold_is_told_once_and_ends_with_the_talk_at_the_latest() -> None:
    house = talking()
    house.tell(f.TalkHeld(A, house.now))
    house.tell(f.TalkHeld(A, house.now))
    assert house.engine.board(house.now).calls[0].held_since == house.now
    house.now += 30
    house.tell(f.TalkEnded(A, house.now))
    house.tell(f.TalkResumed(A, house.now))
    assert [type(one) for one in house.events if isinstance(one, ev.CallHeld | ev.CallResumed | ev.TalkFinished)] == [
        ev.CallHeld,
        ev.CallResumed,
        ev.TalkFinished,
    ]
    [resumed] = of(house, ev.CallResumed)
    assert isinstance(resumed, ev.CallResumed)
    assert (resumed.held, resumed.operator) == (30, ANNA)


def test_hold_of_nobody_changes_nothing() -> None:
    house = House()
    house.tell(f.TalkHeld(A, house.now))
    house.tell(f.TalkResumed(A, house.now))
    house.tell(f.TalkTransferred(A, house.now, "sport", f.TransferHow.BLIND))
    house.tell(f.ColleagueAnswered(A, Device("1002"), house.now))
    assert of(house, ev.CallHeld) == of(house, ev.CallTransferred) == of(house, ev.CallPickedUp) == []


def test_a_colleague_takes_over_and_wraps_up_and_the_call_counts_once() -> None:
    house = talking()
    passed_on(house, "1002")
    assert state(house, ANNA) is OperatorState.WRAP_UP
    house.now += 3
    house.tell(f.ColleagueAnswered(A, Device("1002"), house.now))
    assert state(house, BRAM) is OperatorState.IN_CALL
    house.now += 60
    house.tell(f.TalkEnded(A, house.now))
    assert state(house, BRAM) is OperatorState.WRAP_UP
    house.tell(f.CallGone(A, house.now))
    assert len(of(house, ev.CallAnswered)) == len(of(house, ev.OutcomeCounted)) == 1
    [passed] = of(house, ev.CallTransferred)
    assert isinstance(passed, ev.CallTransferred)
    assert (passed.operator, passed.to) == (ANNA, "1002")
    finished = [one.operator for one in house.events if isinstance(one, ev.TalkFinished)]
    assert finished == [ANNA, BRAM]


def test_a_phone_that_is_nobodys_or_a_busy_colleagues_leaves_the_caller_in_peace() -> None:
    for device in ("9999", "1001"):
        house = talking()
        passed_on(house, device)
        house.tell(f.CallQueued(CallId("b"), LineId("info"), house.now))
        house.tell(f.OperatorReady(ANNA, ANNA))
        house.tell(f.ColleagueAnswered(A, Device(device), house.now))
        [taken] = of(house, ev.CallPickedUp)
        assert isinstance(taken, ev.CallPickedUp)
        assert taken.operator is None
        house.tell(f.CallGone(A, house.now))
        assert len([one for one in of(house, ev.OutcomeCounted) if getattr(one, "call", "") == A]) == 1


def test_the_caller_of_a_colleague_who_took_over_unheard_is_his() -> None:
    """The word that the first talk is over was lost."""
    house = talking()
    house.tell(f.ColleagueAnswered(A, Device("1002"), house.now))
    assert (state(house, ANNA), state(house, BRAM)) == (OperatorState.WRAP_UP, OperatorState.IN_CALL)


def test_from_a_page_an_operator_ends_and_passes_on_only_his_own_talk() -> None:
    house = talking()
    house.tell(f.OperatorSendsOn(BRAM, "bram", "sport"))
    house.tell(f.OperatorHangsUp(BRAM, "bram"))
    assert len(of(house, ev.MoveRefused)) == 2
    house.tell(f.OperatorSendsOn(ANNA, "anna", "sport"))
    house.tell(f.OperatorHangsUp(ANNA, "anna"))
    assert house.commands[-2:] == [c.SendOn(A, "sport"), c.HangUpTalk(A)]


@pytest.mark.parametrize("to", ["+19005550100", "+31201234567", "+3290012345"])
def test_no_caller_is_sent_to_a_number_that_is_not_allowed(to: str) -> None:
    house = allowing(Outside(transfers=("+32",)))
    house.tell(f.OperatorSendsOn(ANNA, "anna", to))
    assert house.sent(c.SendOn) == []
    assert house.events[-1] == ev.OutsideRefused(house.now, Limit.NOT_ALLOWED, ANNA)


def test_an_operator_sends_callers_outside_so_often_in_an_hour_and_no_more() -> None:
    house = allowing(Outside(transfers=("+32",), per_operator=2))
    for _ in range(3):
        house.tell(f.OperatorSendsOn(ANNA, "anna", "+3292101010"))
    assert len(house.sent(c.SendOn)) == 2
    assert house.events[-1] == ev.OutsideRefused(house.now, Limit.PER_OPERATOR, ANNA)
    house.tell(f.OperatorSendsOn(ANNA, "anna", "112"))
    assert house.sent(c.SendOn)[-1].to == "112"
    house.now += 3601
    house.tell(f.OperatorSendsOn(ANNA, "anna", "+3292101010"))
    assert len(house.sent(c.SendOn)) == 4


def test_what_the_switch_refused_is_told_with_the_operator_whose_phone_it_was() -> None:
    house = talking()
    house.tell(f.OutsideRefused(Limit.CALLS, Device("1001")))
    house.tell(f.OutsideRefused(Limit.CALLS, Device("9999")))
    assert [one.operator for one in house.events[-2:] if isinstance(one, ev.OutsideRefused)] == [ANNA, None]


def test_who_was_sent_on_to_a_line_is_offered_there_and_still_counts_once() -> None:
    house = talking()
    passed_on(house, "sport")
    house.tell(f.CallQueued(A, LineId("sport"), house.now))
    house.tell(f.OperatorReady(BRAM, BRAM))
    offer = house.commands[-1]
    assert isinstance(offer, c.Offer)
    house.tell(f.OfferAnswered(A, OfferId(offer.offer), house.now))
    house.tell(f.CallGone(A, house.now))
    assert len(of(house, ev.OutcomeCounted)) == 1
