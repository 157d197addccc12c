"""What becomes of an offer.

"Redirect successful" means queued, not done, so only the dialplan's own words are believed. An offer whose number is
not the one under way is stale and changes nothing, with one exception: an offer that was given up for lack of word
may still come true, and then the truth of the switch wins.
"""

from acd.engine import callers, desks
from acd.engine.callers import IN_LINE, ON_OFFER
from acd.engine.settle import attach
from acd.engine.state import Call, Desk, State, TimerKind
from acd.model.call import CallMove, CallState
from acd.model.commands import AskCall, Deflect, Withdraw
from acd.model.events import CallAnswered, OfferEnded, OperatorRang
from acd.model.facts import (
    CallFound,
    CallWhereabouts,
    FallbackAnswered,
    OfferAnswered,
    OfferDialled,
    OfferFailed,
    OfferFailure,
    OfferNotSent,
    OfferRinging,
    TalkEnded,
)
from acd.model.ids import CallId, OfferId
from acd.model.operator import AT_WORK, OperatorMove
from acd.model.outcome import Outcome
from acd.model.policy import OverflowTo
from acd.routing.estimate import calibrate

_RECHECK = 0.25
"""Seconds between a refused Redirect and the question where the caller is: a hang-up is reported within this."""

_PATIENCE = 2
"""How often the switch must say "he still waits" before a silent offer is given up: the first answer may overtake a
Redirect that an overloaded switch has yet to carry out."""


def under_way(state: State, call_id: CallId, offer: OfferId) -> Call | None:
    """The call, if exactly this offer is under way for it."""
    call = state.calls.get(call_id)
    if call is None or call.offer != offer:
        return None
    return call if call.state in ON_OFFER else None


def dialled(state: State, fact: OfferDialled) -> None:
    call = under_way(state, fact.call, fact.offer) or revive(state, fact.call, fact.offer)
    if call is not None:
        call.dialled = True


def ringing(state: State, fact: OfferRinging) -> None:
    call = under_way(state, fact.call, fact.offer) or revive(state, fact.call, fact.offer)
    if call is None or call.state is not CallState.OFFERED:
        return
    desk = call.operator
    assert desk is not None and call.line is not None
    state.move_call(call, CallMove.RING)
    state.move_desk(desk, OperatorMove.RING)
    state.events.append(OperatorRang(state.now, call.id, desk.id, call.offer))
    give_up_at = state.now + call.line.ring_time + state.policy.offer_margin
    state.set_timer(give_up_at, TimerKind.GIVE_UP_OFFER, call)


def revive(state: State, call_id: CallId, offer: OfferId) -> Call | None:
    """An offer that was given up comes true after all: the caller is at that phone now."""
    call = state.calls.get(call_id)
    if call is None or call.lost_offer is None or call.lost_offer[0] != offer:
        return None
    desk = call.lost_offer[1]
    if call.state is not CallState.WAITING:
        return None
    call.offer, call.lost_offer = offer, None
    if desk.state in AT_WORK:
        # He was given another caller meanwhile: one ring at a time, so this one comes back to the music.
        state.commands.append(Withdraw(call.id, offer))
        doubt(state, call)
        return None
    state.put_call(call, CallState.OFFERED)
    attach(call, desk)
    state.move_desk(desk, OperatorMove.RING)
    state.put_call(call, CallState.RINGING)
    state.set_timer(state.now + state.policy.confirm_timeout, TimerKind.GIVE_UP_OFFER, call)
    return call


def answered(state: State, fact: OfferAnswered) -> None:
    call = under_way(state, fact.call, fact.offer)
    if call is None:
        lost = state.calls.get(fact.call)
        if lost is None or lost.lost_offer is None or lost.lost_offer[0] != fact.offer:
            return
        connect(state, lost, lost.lost_offer[1], fact.answered_at)
    else:
        connect(state, call, call.operator, fact.answered_at)


def fallback_answered(state: State, fact: FallbackAnswered) -> None:
    call = state.calls.get(fact.call)
    if call is not None and call.state in IN_LINE:
        connect(state, call, state.by_device.get(fact.device), fact.answered_at, fallback=True)


def connect(state: State, call: Call, desk: Desk | None, answered_at: float, fallback: bool = False) -> None:
    """Operator and caller speak: the outcome counts now.

    The switch says so, and it is the truth: whatever we had in mind for either of them gives way.
    """
    if call.state not in IN_LINE:
        return
    if call.operator is not None and call.operator is not desk:
        drop_offer(state, call, OfferFailure.LOST)
    if desk is not None and desk.call is not None and desk.call is not call:
        desk = None
    assert call.line is not None
    waited = max(0.0, answered_at - call.entered_at)
    call.answered_at = answered_at
    state.move_call(call, CallMove.ANSWER)
    call.lost_offer = None
    operator = None if desk is None else desk.id
    state.events.append(CallAnswered(state.now, call.id, call.line.id, operator, answered_at, waited, fallback))
    callers.count(state, call, Outcome.ANSWERED, at=answered_at)
    if desk is not None:
        attach(call, desk)
        state.move_desk(desk, OperatorMove.ANSWER)
    lane = state.lanes.get(call.line.id)
    if lane is not None and call.predicted is not None:
        lane.calibration = calibrate(lane.calibration, call.predicted / lane.calibration, waited)


def failed(state: State, fact: OfferFailed) -> None:
    call = under_way(state, fact.call, fact.offer)
    if call is not None:
        drop_offer(state, call, fact.how)
        state.move_call(call, CallMove.OFFER_FAILED)


def drop_offer(state: State, call: Call, how: OfferFailure) -> None:
    """End the offer under way; the caller's state is the business of whoever calls this."""
    desk = call.operator
    assert desk is not None
    call.operator = None
    state.events.append(OfferEnded(state.now, call.id, desk.id, call.offer, how))
    desks.after_failed_offer(state, desk, how)


def not_sent(state: State, fact: OfferNotSent) -> None:
    """The caller is hanging up, or another Redirect still holds him: free the operator, then ask."""
    call = under_way(state, fact.call, fact.offer)
    if call is None or call.state is not CallState.OFFERED:
        return
    drop_offer(state, call, OfferFailure.LOST)
    doubt(state, call)


def talk_ended(state: State, fact: TalkEnded) -> None:
    call = state.calls.get(fact.call)
    if call is None or call.state is not CallState.TALKING:
        return
    callers.release_talk(state, call, fact.ended_at)
    state.move_call(call, CallMove.SETTLE)


# --- Silence -------------------------------------------------------------------------------------------------------


def confirm(state: State, call: Call) -> None:
    """No word about the offer yet: ask where the caller is, and look again."""
    if not call.dialled and state.linked:
        check(state, call)
        state.set_timer(state.now + state.policy.confirm_timeout, TimerKind.CONFIRM_OFFER, call)


def expect_ringing(state: State, call: Call) -> None:
    """The phone was dialled and does not ring: it is dead. Bring the caller back, keep him off that phone."""
    if call.dialled and state.linked:
        give_up(state, call, OfferFailure.DEAD)


def give_up(state: State, call: Call, how: OfferFailure = OfferFailure.LOST) -> None:
    """The offer has outlived every limit. The caller is fetched back before anybody else is rung for him."""
    if not state.linked:
        return
    assert call.operator is not None
    desk, offer = call.operator, call.offer
    state.commands.append(Withdraw(call.id, offer))
    drop_offer(state, call, how)
    call.lost_offer = (offer, desk)
    doubt(state, call)


def doubt(state: State, call: Call) -> None:
    """No offer for this caller until the switch has said where he is."""
    state.move_call(call, CallMove.DOUBT)
    state.set_timer(state.now + _RECHECK, TimerKind.CHECK_CALL, call)


def check(state: State, call: Call) -> None:
    """Ask the switch where this caller is, until something is known."""
    if not state.linked:
        return
    state.commands.append(AskCall(call.id))
    if call.state is not CallState.OFFERED:
        state.set_timer(state.now + state.policy.confirm_timeout, TimerKind.CHECK_CALL, call)


def found(state: State, fact: CallFound) -> None:
    """The answer to "where is he?"."""
    call = state.calls.get(fact.call)
    if call is None:
        return
    if fact.where is None:
        callers.end(state, call, state.now, seen=False)
        return
    match call.state:
        case CallState.CHECKING:
            checked(state, call, fact)
        case CallState.OFFERED if fact.where is CallWhereabouts.WAIT:
            still_waiting(state, call)
        case CallState.OFFERED if fact.where is CallWhereabouts.RING and fact.offer == call.offer:
            call.dialled = True
        case CallState.OVERFLOWING:
            check_deflected(state, call, fact.where)
        case CallState.AFTER if call.outcome is Outcome.REFUSED:
            check_deflected(state, call, fact.where)
        case _:
            pass


def checked(state: State, call: Call, fact: CallFound) -> None:
    """Asked about a caller who may be anywhere: he waits, or still sits in an offer that was withdrawn, or talks."""
    lost = call.lost_offer
    match fact.where:
        case CallWhereabouts.WAIT | CallWhereabouts.FALLBACK:
            state.move_call(call, CallMove.FOUND)
        case CallWhereabouts.RING if lost is not None and fact.offer == lost[0]:
            state.commands.append(Withdraw(call.id, lost[0]))
        case CallWhereabouts.TALK:
            connect(state, call, lost[1] if lost is not None and fact.offer == lost[0] else None, state.now)
        case _:
            pass


def check_deflected(state: State, call: Call, where: CallWhereabouts) -> None:
    """Sent away a moment ago: if he still waits, the Redirect was lost on the way and is given again."""
    if where is not CallWhereabouts.WAIT:
        call.token += 1
        return
    assert call.line is not None
    to = OverflowTo.PARTNER if call.state is CallState.OVERFLOWING else OverflowTo.REFUSE
    state.commands.append(Deflect(call.id, call.line.id, to))


def still_waiting(state: State, call: Call) -> None:
    """The switch was told to move him and has not. Asked often enough, the offer is given up."""
    call.unheard += 1
    if call.dialled or call.unheard < _PATIENCE:
        return
    desk = call.operator
    assert desk is not None
    drop_offer(state, call, OfferFailure.LOST)
    call.lost_offer = (call.offer, desk)
    state.move_call(call, CallMove.OFFER_FAILED)
