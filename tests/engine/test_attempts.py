"""The call back, as operator and citizen live through it."""

import pytest

from acd.engine.dues import reserve
from acd.model import facts as f
from acd.model.callback import AttemptResult as Result
from acd.model.callback import AttemptStage as Stage
from acd.model.callback import DueCallback, Window
from acd.model.commands import CallBack, ClaimCallback, EndAttempt, EndCallBack, NoteAttempt
from acd.model.events import AttemptFinished, AttemptStarted, CitizenReached
from acd.model.facts import OfferFailure, PhoneState
from acd.model.ids import CallbackId, CallId, Device, LineId, OfferId, OperatorId
from acd.model.operator import OperatorState
from acd.model.policy import CallbackRule, Policy
from tests.engine.house import T0, House, line, operator, policy
from tests.engine.test_restart import seen

HOUR = 3600.0


def city(rule: CallbackRule | None = None) -> Policy:
    return policy(
        [line("info", callback=rule or CallbackRule()), line("sport", callback=rule or CallbackRule(), wrap_up=0.0)],
        [operator(name, device, info=1) for name, device in (("anna", "1001"), ("bram", "1002"), ("cato", "1003"))]
        + [operator("dirk", "1004", sport=1)],
    )


def due(
    callback: str = "p", on: str = "info", left: float = 24 * HOUR, now: float = T0, by: str | None = None
) -> DueCallback:
    who = None if by is None else OperatorId(by)
    return DueCallback(CallbackId(callback), LineId(on), Window(now - 60, now + 1740), now + left, operator=who)


class Centre(House):
    """Promises are due; words for what keeper and switch say of the last attempt."""

    def __init__(self, *on_duty: str, rule: CallbackRule | None = None) -> None:
        super().__init__(city(rule))
        self.on_duty(*on_duty)

    def due(self, *promises: DueCallback) -> None:
        self.tell(f.CallbacksDue(promises))

    @property
    def attempt(self) -> OfferId:
        return self.sent(ClaimCallback)[-1].attempt

    def claim(self) -> None:
        last = self.sent(ClaimCallback)[-1]
        self.tell(f.CallbackClaimed(last.callback, last.attempt, "+3291234567", "nl"))

    def rings(self) -> None:
        self.phone(self.sent(CallBack)[-1].device, PhoneState.BUSY)
        self.tell(f.AttemptRinging(self.attempt))

    def takes(self) -> None:
        self.tell(f.AttemptTaken(self.attempt, self.now))

    def dials(self) -> None:
        self.tell(f.CitizenDialled(self.attempt))

    def speaks(self) -> None:
        self.tell(f.CitizenAnswered(self.attempt, self.now))

    def ends(self, result: Result, failure: OfferFailure | None = None) -> None:
        self.phone(self.sent(CallBack)[-1].device, PhoneState.IDLE)
        self.tell(f.AttemptEnded(self.attempt, result, self.now, failure))

    def results(self) -> list[Result]:
        return [c.result for c in self.sent(EndAttempt)]


def begun(*on_duty: str, left: float = 24 * HOUR, rule: CallbackRule | None = None) -> Centre:
    """The call of a claimed attempt has gone to the switch."""
    house = Centre(*(on_duty or ("anna", "bram", "cato")), rule=rule)
    house.due(due(left=left))
    house.claim()
    return house


# --- When, and by whom ---------------------------------------------------------------------------------------------


def test_a_promise_is_kept_when_enough_others_stay_idle() -> None:
    house = Centre("anna", "bram", "cato")
    house.due(due())
    [claim] = house.sent(ClaimCallback)
    assert (claim.callback, claim.operator) == ("p", "anna")
    assert house.state_of("anna") is OperatorState.RESERVED
    assert house.sent(CallBack) == [], "nobody is rung before the claim is written"


def test_not_while_the_reserve_would_fall_short() -> None:
    house = Centre("anna", "bram", "cato")
    house.call("a")
    house.due(due())
    house.wait(60)
    assert house.sent(ClaimCallback) == []


def test_it_comes_when_the_others_are_back() -> None:
    house = Centre("anna", "bram", "cato")
    house.call("a")
    house.due(due())
    offer = house.last_offer()
    house.ring(offer)
    house.answer(offer)
    house.hang_up("a")
    house.phone(offer.device, PhoneState.IDLE)
    house.wait(30.1)
    assert len(house.sent(ClaimCallback)) == 1


def test_fewer_are_held_back_as_the_deadline_nears() -> None:
    house = Centre("anna", "bram", "cato")
    for id in ("a", "b"):
        house.call(id)
    for offer in [c for c in house.commands if type(c).__name__ == "Offer"]:
        house.answer(offer)  # type: ignore[arg-type]
    house.due(due(left=5 * HOUR))
    house.wait(4 * HOUR - 1)
    assert house.sent(ClaimCallback) == []
    house.wait(2)
    assert len(house.sent(ClaimCallback)) == 1, "the only idle one, in the last hour"


@pytest.mark.parametrize(
    ("left", "on_duty", "held_back"),
    [(30 * HOUR, 9, 2), (30 * HOUR, 2, 1), (30 * HOUR, 1, 0), (3 * HOUR, 9, 1), (0.5 * HOUR, 9, 0), (-HOUR, 9, 0)],
)
def test_the_reserve(left: float, on_duty: int, held_back: int) -> None:
    assert reserve(CallbackRule(reserve=2), left, on_duty) == held_back


def test_who_is_alone_on_his_line_keeps_its_promises() -> None:
    house = Centre("dirk")
    house.due(due(on="sport"))
    assert [c.operator for c in house.sent(ClaimCallback)] == ["dirk"]


def test_the_most_urgent_first_and_no_more_than_can_be_spared() -> None:
    house = Centre("anna", "bram", "cato", "dirk")
    house.due(due("first"), due("second"), due("third", on="sport"))
    assert [c.callback for c in house.sent(ClaimCallback)] == ["first", "third"]


def test_the_operator_is_chosen_by_the_rule_of_live_calls() -> None:
    house = Centre("cato", "bram", "anna")
    house.wait(5)
    house.due(due())
    assert house.sent(ClaimCallback)[0].operator == "anna"


def short_of_one() -> Centre:
    """Two are idle, so that one would have to be held back."""
    house = Centre("anna", "bram", "cato", "dirk")
    house.call("a")
    return house


def test_who_asks_to_call_now_is_rung_at_once_whatever_the_reserve() -> None:
    house = short_of_one()
    house.due(due())
    assert house.sent(ClaimCallback) == []
    house.due(due(by="bram"))
    assert [claim.operator for claim in house.sent(ClaimCallback)] == ["bram"]


@pytest.mark.parametrize("by", ["anna", "dirk", "nobody"])
def test_who_asks_to_call_now_and_is_not_available_leaves_it_to_whoever_has_time(by: str) -> None:
    house = short_of_one()
    house.due(due(by=by))
    assert house.sent(ClaimCallback) == []
    house.due(due(by=by, left=HOUR))
    assert [claim.operator for claim in house.sent(ClaimCallback)] == ["bram"]


def test_a_caller_who_waits_comes_first() -> None:
    house = House(city())
    house.call("a")
    house.tell(f.CallbacksDue((due(left=60.0),)))
    house.on_duty("anna")
    assert house.offers() == [("a", "anna")]
    assert house.sent(ClaimCallback) == []


def test_a_caller_who_is_being_asked_after_comes_first_too() -> None:
    house = Centre("anna")
    house.call("a")
    house.due(due(left=60.0))
    offer = house.last_offer()
    house.tell(f.OfferNotSent(CallId("a"), offer.offer))
    assert house.state_of("anna") is OperatorState.AVAILABLE
    assert house.sent(ClaimCallback) == []
    house.tell(f.CallFound(CallId("a"), f.CallWhereabouts.WAIT))
    assert house.offers() == [("a", "anna"), ("a", "anna")]


def test_who_is_needed_before_the_claim_is_answered_is_given_back_at_once() -> None:
    """A slow database makes nobody wait beside an operator."""
    house = Centre("anna")
    house.due(due(left=60.0))
    assert house.state_of("anna") is OperatorState.RESERVED
    house.call("a")
    assert house.results() == [Result.OPERATOR]
    assert house.offers() == [("a", "anna")]
    house.claim()
    assert house.sent(CallBack) == []
    assert house.results() == [Result.OPERATOR]


def test_no_more_are_given_back_than_are_needed() -> None:
    house = Centre("anna", "bram", "cato", rule=CallbackRule(reserve=0))
    house.due(due("p"), due("q"), due("r"))
    claims = house.sent(ClaimCallback)
    assert [claim.callback for claim in claims] == ["p", "q", "r"]
    house.call("a")
    assert [end.attempt for end in house.sent(EndAttempt)] == [claims[-1].attempt], "the least urgent one"
    assert house.offers() == [("a", str(claims[-1].operator))]


def test_a_caller_of_another_line_takes_nobody_from_a_promise() -> None:
    house = Centre("anna")
    house.due(due(left=60.0))
    house.call("a", "sport")
    assert house.results() == []


def test_what_is_told_replaces_what_was_told_before() -> None:
    house = Centre()
    house.due(due("p"), due("q"))
    house.due(due("q"))
    assert house.engine.board(house.now).lines[0].callbacks_due == 1
    house.on_duty("anna")
    assert [c.callback for c in house.sent(ClaimCallback)] == ["q"]


def test_one_promise_has_one_attempt_however_often_it_is_told() -> None:
    house = Centre("anna", "bram", "cato")
    for _ in range(3):
        house.due(due(left=60.0))
    assert len(house.sent(ClaimCallback)) == 1


def test_without_a_link_nothing_begins() -> None:
    house = Centre("anna", "bram", "cato")
    house.tell(f.LinkLost("cut"))
    house.due(due())
    assert house.sent(ClaimCallback) == []
    house.link()
    assert len(house.sent(ClaimCallback)) == 1


# --- The claim -----------------------------------------------------------------------------------------------------


def test_the_call_goes_to_the_switch_when_the_claim_is_written() -> None:
    house = begun()
    [call] = house.sent(CallBack)
    assert (call.number, call.device, call.operator_first, call.ring_time) == ("+3291234567", "1001", True, 15.0)
    assert len(house.of(AttemptStarted)) == 1
    shown = next(o for o in house.engine.board(house.now).operators if o.operator == "anna")
    assert (shown.callback, shown.attempt) == ("p", call.attempt)
    assert house.engine.board(house.now).lines[0].calling_back == 1


@pytest.mark.parametrize(
    "away",
    [
        f.OperatorNotReady(OperatorId("anna"), "anna", "lunch"),
        f.OperatorLoggedOut(OperatorId("anna"), "anna"),
        f.PhoneChanged(Device("1001"), PhoneState.BUSY),
    ],
)
def test_who_is_no_longer_available_when_the_claim_is_written_is_not_rung(away: f.Fact) -> None:
    house = Centre("anna", "bram", "cato")
    house.due(due(by="anna"))
    house.tell(away)
    house.claim()
    assert house.sent(CallBack) == []
    assert house.results() == [Result.OPERATOR], "nobody was rung: it is open again"
    assert house.state_of("anna") is not OperatorState.RESERVED


def test_what_somebody_else_has_claimed_rings_nobody() -> None:
    house = Centre("anna")
    house.due(due())
    house.tell(f.CallbackNotClaimed(CallbackId("p"), house.attempt))
    assert house.state_of("anna") is OperatorState.AVAILABLE
    assert house.sent(CallBack) == []
    assert house.of(AttemptStarted) == []


def test_a_claim_without_an_answer_is_given_back() -> None:
    house = Centre("anna")
    house.due(due())
    house.wait(6.1)
    assert house.state_of("anna") is OperatorState.AVAILABLE
    assert house.results() == [Result.OPERATOR]
    house.claim()
    assert house.sent(CallBack) == []


def test_a_claim_that_is_answered_without_a_link_is_given_back() -> None:
    house = Centre("anna")
    house.due(due())
    house.tell(f.LinkLost("cut"))
    house.claim()
    assert house.sent(CallBack) == []
    assert house.results() == [Result.OPERATOR]


# --- The call ------------------------------------------------------------------------------------------------------


def test_a_promise_is_kept() -> None:
    house = begun()
    house.rings()
    assert house.state_of("anna") is OperatorState.RINGING
    house.wait(4)
    house.takes()
    assert house.state_of("anna") is OperatorState.IN_CALL
    house.dials()
    house.wait(8)
    house.speaks()
    assert [e.answered_at for e in house.of(CitizenReached)] == [T0 + 12]
    house.wait(100)
    house.ends(Result.CONNECTED)
    assert [c.stage for c in house.sent(NoteAttempt)] == [Stage.RINGING, Stage.TAKEN, Stage.DIALLED, Stage.TALKING]
    assert house.sent(EndAttempt) == [EndAttempt(house.attempt, Result.CONNECTED, house.now)]
    assert [(e.result, e.operator) for e in house.of(AttemptFinished)] == [(Result.CONNECTED, "anna")]
    assert house.state_of("anna") is OperatorState.WRAP_UP
    house.wait(30.1)
    assert house.state_of("anna") is OperatorState.AVAILABLE


@pytest.mark.parametrize("result", [Result.BUSY, Result.NO_ANSWER, Result.MACHINE, Result.REFUSED, Result.ABORTED])
def test_when_the_citizen_is_not_reached_the_operator_is_free_at_once(result: Result) -> None:
    house = begun()
    house.rings()
    house.takes()
    house.dials()
    house.ends(result)
    assert house.results() == [result]
    assert house.state_of("anna") is OperatorState.AVAILABLE
    assert house.of(CitizenReached) == []


@pytest.mark.parametrize(
    ("failure", "state"),
    [
        (OfferFailure.RING_NO_ANSWER, OperatorState.NOT_READY),
        (OfferFailure.REJECTED, OperatorState.NOT_READY),
        (OfferFailure.UNREACHABLE, OperatorState.UNREACHABLE),
        (None, OperatorState.AVAILABLE),
    ],
)
def test_an_operator_who_does_not_pick_up_is_treated_as_for_a_live_call(
    failure: OfferFailure | None, state: OperatorState
) -> None:
    house = begun()
    house.rings()
    house.tell(f.AttemptEnded(house.attempt, Result.OPERATOR, house.now, failure))
    if failure is not OfferFailure.UNREACHABLE:
        house.phone("1001", PhoneState.IDLE)
    assert house.state_of("anna") is state
    assert house.results() == [Result.OPERATOR]


def test_after_an_operator_failed_the_promise_rests_a_little() -> None:
    house = begun("dirk", "anna", "bram", "cato")
    house.rings()
    house.ends(Result.OPERATOR, OfferFailure.BUSY)
    house.tell(f.OperatorReady(OperatorId("anna"), "x"))
    house.due(due())
    assert len(house.sent(ClaimCallback)) == 1
    house.wait(29)
    assert len(house.sent(ClaimCallback)) == 1
    house.wait(1.5)
    assert len(house.sent(ClaimCallback)) == 2


def test_with_the_citizen_first_the_operators_phone_rings_after_his() -> None:
    house = begun(rule=CallbackRule(operator_first=False))
    assert not house.sent(CallBack)[0].operator_first
    house.dials()
    assert house.state_of("anna") is OperatorState.RESERVED
    house.wait(30 + 10 + 10 + 14)  # The citizen's ring, a machine listened for, the question of the recording, hers.
    assert house.sent(EndCallBack) == [], "nothing is heard before she answers, and he may be on the line for long"
    house.takes()
    house.speaks()
    assert [c.stage for c in house.sent(NoteAttempt)] == [Stage.DIALLED, Stage.TALKING]
    assert house.sent(EndCallBack) == []
    assert len(house.of(CitizenReached)) == 1


# --- Silence -------------------------------------------------------------------------------------------------------


def test_a_phone_that_never_rings_is_dead() -> None:
    house = begun()
    house.wait(4.1)
    assert house.sent(EndCallBack) == [EndCallBack(house.attempt)]
    house.tell(f.AttemptEnded(house.attempt, Result.OPERATOR, house.now))
    assert house.state_of("anna") is OperatorState.UNREACHABLE


@pytest.mark.parametrize("steps", [[], ["rings"], ["rings", "takes"], ["rings", "takes", "dials"]])
def test_a_switch_that_says_nothing_more_ends_as_unknown(steps: list[str]) -> None:
    house = begun()
    for step in steps:
        getattr(house, step)()
    house.phone("1001", PhoneState.IDLE)
    house.wait(60)
    assert house.sent(EndCallBack) == [EndCallBack(house.attempt)]
    assert house.results() == [Result.UNKNOWN]
    assert house.state_of("anna") in (OperatorState.AVAILABLE, OperatorState.UNREACHABLE)


def test_a_talk_may_last() -> None:
    house = begun()
    for step in (house.rings, house.takes, house.dials, house.speaks):
        step()
    house.wait(3 * HOUR)
    assert house.sent(EndCallBack) == []
    assert house.state_of("anna") is OperatorState.IN_CALL


def test_what_was_given_up_and_rings_after_all_is_ended() -> None:
    house = begun()
    house.wait(10)
    assert house.results() == [Result.UNKNOWN]
    house.tell(f.AttemptRinging(house.attempt))
    assert len(house.sent(EndCallBack)) == 2
    assert house.results() == [Result.UNKNOWN]


def test_an_operator_who_speaks_with_another_caller_is_not_rung_for_this() -> None:
    house = begun("anna")
    house.rings()
    house.call("a")
    house.tell(f.FallbackAnswered(CallId("a"), Device("1001"), house.now))
    assert house.state_of("anna") is OperatorState.IN_CALL
    assert house.sent(EndCallBack) == [EndCallBack(house.attempt)]
    house.tell(f.AttemptEnded(house.attempt, Result.OPERATOR, house.now))
    assert house.state_of("anna") is OperatorState.IN_CALL


# --- Restart and broken links --------------------------------------------------------------------------------------


def alive(stage: Stage, attempt: int = 7, device: str = "1001", answered_at: float | None = None) -> f.AttemptSeen:
    return f.AttemptSeen(OfferId(attempt), CallbackId("p"), LineId("info"), Device(device), stage, answered_at)


def restarted(stage: Stage) -> Centre:
    house = Centre.__new__(Centre)
    House.__init__(house, city(), linked=False)
    stored = f.AttemptStored(OfferId(7), CallbackId("p"), LineId("info"), OperatorId("anna"), stage)
    ready = tuple(f.OperatorStored(OperatorId(o), True, None, T0 - 60) for o in ("anna", "bram", "cato"))
    house.tell(f.Restored(ready, (), attempts=(stored,)))
    return house


@pytest.mark.parametrize("stage", list(Stage))
def test_an_attempt_that_is_not_alive_after_a_restart_goes_to_a_person(stage: Stage) -> None:
    house = restarted(stage)
    house.due(due())
    assert house.sent(ClaimCallback) == []
    house.link()
    result = Result.CONNECTED if stage is Stage.TALKING else Result.UNKNOWN
    assert house.sent(EndAttempt) == [EndAttempt(OfferId(7), result, house.now)]
    assert [(e.operator, e.result) for e in house.of(AttemptFinished)] == [("anna", result)]
    assert house.state_of("anna") is OperatorState.AVAILABLE


@pytest.mark.parametrize(
    ("stage", "state"),
    [
        (Stage.CLAIMED, OperatorState.RINGING),
        (Stage.RINGING, OperatorState.RINGING),
        (Stage.TAKEN, OperatorState.IN_CALL),
        (Stage.DIALLED, OperatorState.IN_CALL),
        (Stage.TALKING, OperatorState.IN_CALL),
    ],
)
def test_an_attempt_that_is_alive_after_a_restart_is_taken_over(stage: Stage, state: OperatorState) -> None:
    house = restarted(Stage.CLAIMED)
    house.link(attempts=(alive(stage, answered_at=T0 - 5),))
    assert house.state_of("anna") is state
    assert house.sent(EndAttempt) == []
    house.call("a")
    assert house.offers() == [("a", "bram")]
    house.tell(f.AttemptEnded(OfferId(7), Result.CONNECTED, house.now))
    assert house.results() == [Result.CONNECTED]
    assert [e.answered_at for e in house.of(CitizenReached)] == [T0 - 5 if stage is Stage.TALKING else T0]


def test_a_broken_link_does_not_end_an_attempt_that_goes_on() -> None:
    house = begun()
    house.rings()
    house.tell(f.LinkLost("cut"))
    house.wait(30)
    assert house.sent(EndAttempt) == []
    house.link(attempts=(alive(Stage.TALKING, house.attempt, answered_at=T0 + 10),))
    assert house.state_of("anna") is OperatorState.IN_CALL
    assert [e.answered_at for e in house.of(CitizenReached)] == [T0 + 10]


def test_an_attempt_that_ended_over_a_broken_link_is_unknown() -> None:
    house = begun()
    house.rings()
    house.tell(f.LinkLost("cut"))
    house.link()
    assert house.results() == [Result.UNKNOWN]
    assert house.state_of("anna") is OperatorState.AVAILABLE


def test_one_that_rings_where_a_caller_talks_is_ended() -> None:
    house = restarted(Stage.CLAIMED)
    talk = seen("a", f.CallWhereabouts.TALK, device=Device("1001"), offer=OfferId(3), answered_at=T0 - 5)
    house.link(talk, attempts=(alive(Stage.RINGING),))
    assert house.state_of("anna") is OperatorState.IN_CALL
    assert house.sent(EndCallBack) == [EndCallBack(OfferId(7))]


def test_a_claim_that_was_under_way_when_the_link_broke_is_no_end() -> None:
    house = Centre("anna")
    house.due(due())
    house.tell(f.LinkLost("cut"))
    house.link()
    house.claim()
    assert len(house.sent(CallBack)) == 1
