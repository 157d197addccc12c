"""The operator at his page: time for notes, the next state, and what a lost page or phone means."""

from acd.engine.people import PAGE_LOST, PHONE_LOST
from acd.model import facts as f
from acd.model.events import MoveRefused, OperatorWished, PageChanged, WrapUpLengthened
from acd.model.ids import CallId, OperatorId
from acd.model.operator import OperatorState, Wish
from acd.model.policy import DeskRule
from tests.engine.house import House, line, operator, policy, small_city

ANNA = OperatorId("anna")
GRACE = DeskRule().grace
EXTENSION = DeskRule().wrap_up_extension
WRAP_UP = 30.0


def alone(**settings: object) -> House:
    """Anna has the only line, so that nobody else takes her calls."""
    return House(policy([line("info", wrap_up=WRAP_UP)], [operator("anna", "1001", info=1)], **settings))


def talking(house: House, id: str = "1") -> None:
    house.call(id)
    offer = house.last_offer()
    house.ring(offer)
    house.answer(offer)


def hangs_up(house: House, id: str = "1") -> None:
    house.phone("1001", f.PhoneState.IDLE)
    house.hang_up(id)


def wishes(house: House) -> list[tuple[Wish, str | None, str]]:
    return [(event.wish, event.reason, event.by) for event in house.of(OperatorWished)]


# --- Time for notes ------------------------------------------------------------------------------------------------


def test_the_wrap_up_is_prolonged_once_and_ends_then() -> None:
    house = alone()
    house.on_duty("anna")
    talking(house)
    hangs_up(house)
    ends = house.now + WRAP_UP
    house.wait(WRAP_UP - 1)
    house.tell(f.WrapUpExtended(ANNA, "anna"))
    assert [event.until for event in house.of(WrapUpLengthened)] == [ends + EXTENSION]
    desk = house.engine.desk(ANNA)
    assert desk is not None and desk.wrap_up_ends == ends + EXTENSION and not desk.may_extend
    house.tell(f.WrapUpExtended(ANNA, "anna"))
    assert len(house.of(WrapUpLengthened)) == 1 and len(house.of(MoveRefused)) == 1
    house.wait(EXTENSION)
    assert house.state_of("anna") is OperatorState.WRAP_UP
    house.wait(1)
    assert house.state_of("anna") is OperatorState.AVAILABLE


def test_after_the_next_call_it_can_be_prolonged_again() -> None:
    house = alone()
    house.on_duty("anna")
    for id in ("1", "2"):
        talking(house, id)
        hangs_up(house, id)
        house.tell(f.WrapUpExtended(ANNA, "anna"))
        house.tell(f.OperatorReady(ANNA, "anna"))
    assert len(house.of(WrapUpLengthened)) == 2


def test_a_city_may_grant_no_extension() -> None:
    house = alone(desk=DeskRule(wrap_up_extension=0.0))
    house.on_duty("anna")
    talking(house)
    hangs_up(house)
    desk = house.engine.desk(ANNA)
    assert desk is not None and not desk.may_extend
    house.tell(f.WrapUpExtended(ANNA, "anna"))
    house.wait(WRAP_UP)
    assert house.state_of("anna") is OperatorState.AVAILABLE


def test_nobody_prolongs_or_ends_what_he_is_not_in() -> None:
    house = alone()
    house.on_duty("anna")
    talking(house)
    house.tell(f.WrapUpExtended(ANNA, "anna"))
    house.tell(f.WrapUpFinished(ANNA, "anna"))
    assert house.state_of("anna") is OperatorState.IN_CALL and len(house.of(MoveRefused)) == 2


def test_notes_that_are_done_lead_to_the_state_chosen_during_the_call() -> None:
    for wanted, expected in (
        (f.OperatorNotReady(ANNA, "anna", "pauze"), OperatorState.NOT_READY),
        (f.OperatorReady(ANNA, "anna"), OperatorState.AVAILABLE),
        (f.OperatorLoggedOut(ANNA, "anna"), OperatorState.LOGGED_OUT),
    ):
        house = alone()
        house.on_duty("anna")
        talking(house)
        house.tell(wanted)
        assert house.state_of("anna") is OperatorState.IN_CALL
        hangs_up(house)
        assert house.state_of("anna") is OperatorState.WRAP_UP
        house.tell(f.WrapUpFinished(ANNA, "anna"))
        assert house.state_of("anna") is expected


# --- The page ------------------------------------------------------------------------------------------------------


def test_a_page_gone_for_the_grace_makes_him_not_ready() -> None:
    house = alone()
    house.tell(f.PageOpened(ANNA))
    house.on_duty("anna")
    house.tell(f.PageLost(ANNA))
    house.wait(GRACE - 0.1)
    assert house.state_of("anna") is OperatorState.AVAILABLE
    house.wait(0.1)
    assert house.state_of("anna") is OperatorState.NOT_READY
    assert wishes(house)[-1] == (Wish.NOT_READY, PAGE_LOST, "system")


def test_a_page_that_loads_again_costs_nothing() -> None:
    house = alone()
    house.tell(f.PageOpened(ANNA))
    house.on_duty("anna")
    for _ in range(5):
        house.tell(f.PageLost(ANNA))
        house.wait(GRACE - 1)
        house.tell(f.PageOpened(ANNA))
        house.wait(GRACE)
    assert house.state_of("anna") is OperatorState.AVAILABLE


def test_who_works_without_a_page_is_not_asked_for_one() -> None:
    house = alone()
    house.on_duty("anna")
    house.tell(f.PageLost(ANNA))
    house.wait(10 * GRACE)
    assert house.state_of("anna") is OperatorState.AVAILABLE and not house.of(PageChanged)


def test_a_call_in_hand_is_never_touched() -> None:
    house = alone()
    house.tell(f.PageOpened(ANNA))
    house.on_duty("anna")
    talking(house)
    house.tell(f.PageLost(ANNA))
    house.wait(3 * GRACE)
    assert house.state_of("anna") is OperatorState.IN_CALL
    hangs_up(house)
    house.wait(WRAP_UP)
    assert house.state_of("anna") is OperatorState.NOT_READY, "no other call for an empty chair"


def test_a_call_that_comes_meanwhile_does_not_stop_the_clock() -> None:
    house = alone()
    house.tell(f.PageOpened(ANNA))
    house.on_duty("anna")
    house.tell(f.PageLost(ANNA))
    house.wait(GRACE / 2)
    house.call("1")
    house.fail(house.last_offer(), f.OfferFailure.BUSY)
    house.wait(GRACE / 2)
    assert (house.state_of("anna"), wishes(house)[-1][1]) == (OperatorState.NOT_READY, PAGE_LOST)
    house.wait(100)
    assert house.state_of("anna") is OperatorState.NOT_READY, "he does not come back by himself"


def test_who_is_on_a_break_keeps_his_reason() -> None:
    house = alone()
    house.tell(f.PageOpened(ANNA))
    house.on_duty("anna")
    house.tell(f.OperatorNotReady(ANNA, "anna", "lunch"))
    house.tell(f.PageLost(ANNA))
    house.wait(2 * GRACE)
    assert wishes(house)[-1] == (Wish.NOT_READY, "lunch", "anna")


def test_back_at_his_page_he_says_himself_that_he_is_ready() -> None:
    house = alone()
    house.tell(f.PageOpened(ANNA))
    house.on_duty("anna")
    house.tell(f.PageLost(ANNA))
    house.wait(GRACE)
    house.tell(f.PageOpened(ANNA))
    assert house.state_of("anna") is OperatorState.NOT_READY
    house.tell(f.OperatorReady(ANNA, "anna"))
    house.wait(2 * GRACE)
    assert house.state_of("anna") is OperatorState.AVAILABLE


def test_after_a_restart_a_page_that_does_not_come_back_is_gone() -> None:
    stored = f.OperatorStored(ANNA, True, None, 0.0)
    for returns, expected in ((True, OperatorState.AVAILABLE), (False, OperatorState.NOT_READY)):
        house = House(small_city(), linked=False)
        house.tell(f.Restored((stored,), (), pages=(ANNA,)))
        house.link()
        house.wait(5)
        if returns:
            house.tell(f.PageOpened(ANNA))
        house.wait(GRACE)
        assert house.state_of("anna") is expected


# --- The phone -----------------------------------------------------------------------------------------------------


def test_a_phone_gone_for_the_grace_makes_who_works_at_the_page_not_ready() -> None:
    house = alone()
    house.tell(f.PageOpened(ANNA))
    house.on_duty("anna")
    house.phone("1001", f.PhoneState.UNREACHABLE)
    house.wait(GRACE - 0.1)
    assert house.state_of("anna") is OperatorState.UNREACHABLE
    house.wait(0.1)
    assert wishes(house)[-1] == (Wish.NOT_READY, PHONE_LOST, "system")
    house.phone("1001", f.PhoneState.IDLE)
    assert house.state_of("anna") is OperatorState.NOT_READY


def test_a_phone_that_hiccups_costs_nothing() -> None:
    house = alone()
    house.tell(f.PageOpened(ANNA))
    house.on_duty("anna")
    house.phone("1001", f.PhoneState.UNREACHABLE)
    house.wait(GRACE - 1)
    house.phone("1001", f.PhoneState.IDLE)
    house.wait(2 * GRACE)
    assert house.state_of("anna") is OperatorState.AVAILABLE


def test_without_a_page_he_is_available_again_when_his_phone_is() -> None:
    house = alone()
    house.on_duty("anna")
    house.phone("1001", f.PhoneState.UNREACHABLE)
    house.wait(10 * GRACE)
    house.phone("1001", f.PhoneState.IDLE)
    assert house.state_of("anna") is OperatorState.AVAILABLE


def test_nobody_is_blamed_for_a_switch_that_starts_anew_or_cannot_be_seen() -> None:
    house = alone()
    house.tell(f.PageOpened(ANNA))
    house.on_duty("anna")
    house.tell(f.LinkLost("test"))
    house.wait(3 * GRACE)
    house.tell(f.SwitchSeen((), (), {}, rebooted=True))
    house.wait(3 * GRACE)
    assert house.state_of("anna") is OperatorState.UNREACHABLE
    house.phone("1001", f.PhoneState.IDLE)
    assert house.state_of("anna") is OperatorState.AVAILABLE


def test_the_operator_whom_the_settings_drop_is_not_remembered() -> None:
    house = alone()
    house.tell(f.PageOpened(ANNA))
    house.on_duty("anna")
    house.tell(f.PageLost(ANNA))
    house.tell(f.PolicyChanged(policy([line("info")], [])))
    house.wait(2 * GRACE)
    assert house.engine.desk(ANNA) is None


def test_the_desk_shows_the_call_in_hand_and_no_other() -> None:
    house = alone()
    house.on_duty("anna")
    house.call("1")
    house.call("2")
    offer = house.last_offer()
    house.ring(offer)
    desk = house.engine.desk(ANNA)
    assert desk is not None and desk.call is not None
    assert (desk.call.call, desk.call.number, desk.call.answered_at) == (CallId("1"), "+3291234567", None)
    house.answer(offer)
    desk = house.engine.desk(ANNA)
    assert desk is not None and desk.call is not None and desk.call.answered_at == house.now
