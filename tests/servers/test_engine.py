"""What the engine makes of a server that is out of sight, and of one that is given up."""

from acd.model import facts as f
from acd.model.call import CallState
from acd.model.callback import AttemptResult, AttemptStage, DueCallback, Window
from acd.model.commands import CallBack, EndAttempt, EndCallBack, Offer
from acd.model.events import AttemptFinished, LinkCameUp, LinkWentDown
from acd.model.facts import CallWhereabouts as At
from acd.model.facts import PhoneState
from acd.model.ids import CallbackId, CallId, Device, LineId, OfferId, OperatorId, ServerId
from acd.model.operator import OperatorState
from acd.model.outcome import Outcome
from acd.model.policy import CallbackRule
from tests.engine.house import House, line, operator, policy

A, B = ServerId("a"), ServerId("b")
PHONES = {Device("1001"): PhoneState.IDLE, Device("1002"): PhoneState.IDLE}


def two_servers(*, linked: bool = True) -> House:
    city = policy(
        [line("info", callback=CallbackRule(after=600.0))],
        [operator("anna", "1001", info=1), operator("bram", "1002", info=1)],
    )
    house = House(city, linked=False)
    if linked:
        seen(house, A)
        seen(house, B)
    return house


def seen(house: House, server: ServerId, *calls: f.CallSeen, whole: bool = True, **more: object) -> None:
    house.tell(f.SwitchSeen(calls, (), PHONES, server=server, whole=whole, **more))  # type: ignore[arg-type]


def stored(id: str, operator: str | None = None) -> f.CallStored:
    return f.CallStored(CallId(id), 1.0, LineId("info"), 2.0, None, operator and OperatorId(operator))  # type: ignore[arg-type]


def test_each_look_settles_the_calls_of_its_own_server() -> None:
    house = two_servers(linked=False)
    house.tell(f.Restored((), (stored("a-1.1"), stored("b-1.1"), stored("1.1"))))
    seen(house, A, whole=False)
    assert house.outcome("a-1.1") is not None
    assert house.call_state("b-1.1") is CallState.CHECKING, "its server has not been seen yet"
    seen(house, B, f.CallSeen(CallId("b-1.1"), At.WAIT, 1.0, line=LineId("info"), entered_at=2.0))
    assert house.call_state("b-1.1") is CallState.WAITING
    assert house.outcome("1.1") is not None, "of a server that is none of ours, once all have been seen"


def test_a_caller_out_of_sight_is_not_offered_and_the_next_one_is() -> None:
    house = two_servers()
    house.call("b-1.1")
    house.call("a-1.2")
    house.tell(f.ServerLost(B, "EOF"))
    house.on_duty("anna", "bram")
    assert house.offers() == [("a-1.2", "anna")] or house.offers() == [("a-1.2", "bram")]
    house.wait(60.0)
    assert {command.call for command in house.sent(Offer)} == {"a-1.2"}
    seen(house, B, f.CallSeen(CallId("b-1.1"), At.WAIT, 1.0, line=LineId("info"), entered_at=2.0))
    assert house.offers()[-1][0] == "b-1.1", "back in sight he is served"


def test_nothing_is_done_for_who_comes_to_a_server_that_is_read_late() -> None:
    """What had piled up there when it was given up is read to its end."""
    house = two_servers()
    house.on_duty("anna", "bram")
    house.tell(f.ServerLost(B, "events arrive late"))
    house.call("b-1.1")
    house.call("a-1.2")
    house.wait(60.0)
    assert {command.call for command in house.sent(Offer)} == {"a-1.2"}
    seen(house, B, f.CallSeen(CallId("b-1.1"), At.WAIT, 1.0, line=LineId("info"), entered_at=2.0))
    assert house.offers()[-1][0] == "b-1.1"
    house.call("b-1.3")
    assert house.offers()[-1][0] == "b-1.3", "in sight again"


def test_a_phone_that_rings_for_a_caller_out_of_sight_is_not_called_dead() -> None:
    house = two_servers()
    house.on_duty("anna")
    house.call("b-1.1")
    house.tell(f.OfferDialled(CallId("b-1.1"), house.last_offer().offer))
    house.tell(f.ServerLost(B, "EOF"))
    house.wait(30.0)
    assert house.state_of("anna") is OperatorState.RESERVED, "what became of the ring is not known"
    house.tell(f.ServerGone(B, whole=True))
    assert house.state_of("anna") is OperatorState.AVAILABLE
    assert house.outcome("b-1.1") == Outcome.SWITCH_FAILURE


def test_operators_whose_phone_is_there_are_not_to_blame() -> None:
    house = two_servers()
    house.on_duty("anna", "bram")
    house.tell(f.PageOpened(OperatorId("anna")))
    house.tell(f.ServerLost(B, "EOF", phones=(Device("1001"),)))
    assert house.state_of("anna") is OperatorState.UNREACHABLE
    assert house.state_of("bram") is OperatorState.AVAILABLE
    house.wait(600.0)
    house.tell(f.PhoneChanged(Device("1001"), PhoneState.IDLE))
    assert house.state_of("anna") is OperatorState.AVAILABLE, "he need not say again that he is ready"


def test_one_gap_from_the_first_server_lost_to_the_last_one_back() -> None:
    house = two_servers()
    house.tell(f.ServerLost(A, "EOF"))
    house.tell(f.ServerLost(B, "EOF"))
    house.tell(f.LinkLost("EOF"))
    seen(house, A, whole=False)
    seen(house, B)
    seen(house, B)
    gaps = [type(event) for event in house.events if isinstance(event, LinkWentDown | LinkCameUp)]
    assert gaps == [LinkCameUp, LinkWentDown, LinkCameUp]


def talking_back(house: House) -> OfferId:
    """An attempt to call back, as far as the operator's phone."""
    house.on_duty("anna", "bram")
    due = DueCallback(CallbackId("a-0.1"), LineId("info"), Window(house.now, house.now + 1800), house.now + 3600)
    house.tell(f.CallbacksDue((due,)))
    attempt = next(attempt for attempt in house.engine._state.attempts)
    house.tell(f.CallbackClaimed(CallbackId("a-0.1"), attempt, "+3291234567", "nl"))
    assert house.sent(CallBack)
    house.tell(f.AttemptRinging(attempt))
    return attempt


def test_an_attempt_out_of_sight_is_neither_ended_nor_tried_again_before_it_is_known_or_given_up() -> None:
    house = two_servers()
    attempt = talking_back(house)
    house.tell(f.ServerLost(B, "EOF", attempts=(attempt,)))
    house.wait(120.0)
    assert not house.sent(EndAttempt)
    assert not house.sent(EndCallBack)
    seen(house, A, whole=False)  # The look at the other server says nothing of it.
    assert not house.sent(EndAttempt)
    house.tell(f.ServerGone(B, whole=True))
    [ended] = house.sent(EndAttempt)
    assert ended.result is AttemptResult.UNKNOWN


def test_an_attempt_at_a_server_in_sight_is_not_touched_by_the_look_at_another() -> None:
    house = two_servers()
    attempt = talking_back(house)
    house.tell(f.ServerLost(B, "EOF"))
    seen(house, B)
    assert not house.of(AttemptFinished)
    assert attempt in house.engine._state.attempts


def test_an_attempt_of_before_our_start_waits_for_the_look_that_shows_it() -> None:
    house = two_servers(linked=False)
    before = f.AttemptStored(OfferId(5), CallbackId("a-0.1"), LineId("info"), OperatorId("anna"), AttemptStage.TALKING)
    house.tell(f.Restored((), (), attempts=(before,)))
    seen(house, A, whole=False)
    assert not house.sent(EndAttempt)
    alive = f.AttemptSeen(OfferId(5), CallbackId("a-0.1"), LineId("info"), Device("1001"), AttemptStage.TALKING)
    seen(house, B, attempts=(alive,))
    assert not house.sent(EndAttempt)
    assert house.state_of("anna") is OperatorState.IN_CALL
