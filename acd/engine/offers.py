"""What becomes of an offer, and of a caller who was sent away.

"Redirect successful" means queued, not done, so only the dialplan's own words are believed. An offer whose number is
not the one under way is stale and changes nothing, with one exception: an offer that was given up for lack of word
may still come true, and then the truth of the switch wins. So does its word that a caller is back with the music.
"""

from typing import Final

from acd.engine import attempts, bookings, callbacks, callers, desks
from acd.engine.callers import IN_LINE, ON_OFFER
from acd.engine.people import Call, Desk
from acd.engine.settle import attach
from acd.engine.state import State, TimerKind
from acd.model.call import CallMove, CallState
from acd.model.commands import AskCall, Deflect, Withdraw
from acd.model.events import CallAnswered, CallReturned, OfferEnded, OperatorRang
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
    OverflowAnswered,
    OverflowFailed,
    TalkEnded,
)
from acd.model.ids import CallId, OfferId
from acd.model.operator import AT_WORK, OperatorMove
from acd.model.outcome import Outcome
from acd.model.policy import OverflowTo
from acd.routing.estimate import calibrate

WITH_MUSIC: Final = (CallWhereabouts.WAIT, CallWhereabouts.FALLBACK, CallWhereabouts.OFFER)
"""Waiting, be it in the dialogue of the offer to be called back."""

NOT_MOVED: Final = (*WITH_MUSIC, CallWhereabouts.BOOK)
"""The Redirect is yet to come, or was lost."""

IN_LINE_OR_AWAY: Final = (*IN_LINE, CallState.OVERFLOWING)

_RECHECK: Final = 0.25
"""Seconds between a refused Redirect and the question where the caller is: a hang-up is reported within this."""

_PATIENCE: Final = 2
"""How often the switch must say "he still waits" before a silent offer is given up: the first answer may overtake a
Redirect that an overloaded switch has yet to carry out."""


_OFFERED: Final = CallState.OFFERED
_RINGING: Final = CallState.RINGING
_TALKING: Final = CallState.TALKING
_EXPECT_RINGING: Final = TimerKind.EXPECT_RINGING
_GIVE_UP_OFFER: Final = TimerKind.GIVE_UP_OFFER
_RING: Final = OperatorMove.RING
_ANSWER: Final = OperatorMove.ANSWER
_ANSWERED: Final = Outcome.ANSWERED

# Compiled code looks the name of a foreign class up at each use, but not a constant.
_RANG: Final = OperatorRang
_CALL_ANSWERED: Final = CallAnswered


def under_way(state: State, call_id: CallId, offer: OfferId) -> Call | None:
    """The call, if exactly this offer is under way for it."""
    call = state.calls.get(call_id)
    if call is None or call.offer != offer:
        return None
    return call if call.state in ON_OFFER else None


def dialled(state: State, fact: OfferDialled) -> None:
    call = under_way(state, fact.call, fact.offer)
    if call is None:
        revive(state, fact.call, fact.offer)
    elif call.state is _OFFERED:
        expect_ringing(state, call)


def expect_ringing(state: State, call: Call) -> None:
    """The switch has the offer; from now on the phone has its time to say that it rings."""
    if not call.dialled:
        call.dialled = True
        state.set_timer(state.now + state.policy.ringing_timeout, _EXPECT_RINGING, call)


def ringing(state: State, fact: OfferRinging) -> None:
    call = under_way(state, fact.call, fact.offer)
    if call is None:
        revive(state, fact.call, fact.offer)
    elif call.state is _OFFERED:
        assert call.operator is not None
        ring(state, call, call.operator)


def ring(state: State, call: Call, desk: Desk) -> None:
    """The phone rings, whatever we believed of the caller until now."""
    assert call.line is not None
    call.dialled = True
    state.put_call(call, _RINGING)
    attach(call, desk)
    state.move_desk(desk, _RING)
    state.events.append(_RANG(state.now, call.id, desk.id, call.offer))
    watch_ring(state, call)


def watch_ring(state: State, call: Call) -> None:
    assert call.line is not None
    give_up_at = state.now + call.line.ring_time + state.policy.offer_margin
    state.set_timer(give_up_at, _GIVE_UP_OFFER, call)


def revive(state: State, call_id: CallId, offer: OfferId) -> None:
    """An offer that was given up comes true after all: the caller is at that phone now, even if he talked before."""
    call = state.calls.get(call_id)
    if call is None or call.state not in (CallState.WAITING, CallState.TALKING, CallState.AFTER, CallState.BOOKING):
        return
    desk = call.lost.get(offer)
    if desk is None:
        return
    let_go(state, call)
    if desk.state in AT_WORK:
        # He was given another caller meanwhile: one ring at a time, so this one comes back to the music.
        withdraw(state, call, offer)
        doubt(state, call)
    else:
        call.offer = offer
        ring(state, call, call.lost.pop(offer))


def answered(state: State, fact: OfferAnswered) -> None:
    call = state.calls.get(fact.call)
    if call is None:
        return
    offer = fact.offer
    if call.state in ON_OFFER and call.offer == offer:
        connect(state, call, call.operator, fact.answered_at, offer)
    elif offer in call.lost or offer < state.first_offer:
        # Given up, or given out before our start.
        connect(state, call, call.lost.pop(offer, None), fact.answered_at, offer)


def fallback_answered(state: State, fact: FallbackAnswered) -> None:
    call = state.calls.get(fact.call)
    if call is not None:
        connect(state, call, state.by_device.get(fact.device), fact.answered_at, None)


def connect(state: State, call: Call, desk: Desk | None, answered_at: float, offer: OfferId | None) -> None:
    """Operator and caller speak: the outcome counts now.

    The switch says so, and it is the truth: whatever we had in mind for either of them gives way.

    Args:
        desk: None = with a phone that is no operator's.
        offer: None = Asterisk's own Queue() connected them.
    """
    if call.line is None or (call.state is _TALKING and call.operator is desk):
        return
    if call.state is _TALKING or (call.operator is not None and call.operator is not desk):
        let_go(state, call)
    if desk is not None and desk.call is not None and desk.call is not call:
        desk = take_away(state, desk)
    if desk is not None and desk.attempt is not None:
        desk = attempts.give_way(state, desk)
    waited = max(0.0, answered_at - call.entered_at)
    call.answered_at, call.offer = answered_at, offer or call.offer
    state.put_call(call, _TALKING)
    operator = call.served_by = None if desk is None else desk.id
    state.events.append(_CALL_ANSWERED(state.now, call.id, call.line.id, operator, answered_at, waited, offer is None))
    callers.count(state, call, _ANSWERED, at=answered_at)
    if desk is not None:
        attach(call, desk)
        state.move_desk(desk, _ANSWER)
    lane = state.lanes.get(call.line.id)
    if lane is not None and call.predicted is not None:
        lane.calibration = calibrate(lane.calibration, call.predicted / lane.calibration, waited)


def take_away(state: State, desk: Desk) -> Desk | None:
    """The operator speaks with another caller than we gave him: that one is fetched back. None if he speaks with two;
    then the first is his."""
    assert desk.call is not None
    if desk.call.state not in ON_OFFER:
        return None
    fetch_back(state, desk.call, OfferFailure.LOST)
    return desk


def failed(state: State, fact: OfferFailed) -> None:
    call = under_way(state, fact.call, fact.offer)
    if call is not None:
        drop_offer(state, call, fact.how)
        state.move_call(call, CallMove.OFFER_FAILED)
        return
    call = state.calls.get(fact.call)
    if call is None:
        return
    if call.offer == fact.offer and call.state in (CallState.TALKING, CallState.AFTER):
        answer_taken_back(state, call, fact.how)
        return
    if call.lost.pop(fact.offer, None) is None:
        return
    if call.state is CallState.OVERFLOWING:
        doubt(state, call)
    elif call.state is CallState.CHECKING:
        state.move_call(call, CallMove.FOUND)
    else:
        back_with_music(state, call)


def answer_taken_back(state: State, call: Call, how: OfferFailure) -> None:
    """The phone answered and hung up at once. The switch says by itself that the caller waits again; the next one is
    not for that phone."""
    if call.state is CallState.TALKING:
        callers.release_talk(state, call, state.now)
        state.move_call(call, CallMove.SETTLE)
    desk = None if call.served_by is None else state.desks.get(call.served_by)
    if desk is not None:
        desks.after_taken_back(state, desk, how)


def overflow_answered(state: State, fact: OverflowAnswered) -> None:
    call = state.calls.get(fact.call)
    if call is not None and call.state in IN_LINE_OR_AWAY:
        let_go(state, call)
        callers.count(state, call, Outcome.OVERFLOW_ANSWERED, at=fact.answered_at)
        state.put_call(call, CallState.AFTER)


def overflow_failed(state: State, fact: OverflowFailed) -> None:
    """Nobody at the partner's: he waits again, at his old place, and is not sent away twice."""
    call = state.calls.get(fact.call)
    if call is not None:
        call.overflowed = True
        if call.state is CallState.OVERFLOWING:
            state.events.append(CallReturned(state.now, call.id))
        back_with_music(state, call)


def back_with_music(state: State, call: Call) -> None:
    """The switch says that the caller waits, who in our eyes was elsewhere: a late Redirect took him away from there.
    When something is under way for him, or he was refused, he is asked after anyway."""
    elsewhere = call.state in (CallState.TALKING, CallState.AFTER, CallState.OVERFLOWING)
    if elsewhere and call.line is not None and call.outcome is not Outcome.REFUSED:
        let_go(state, call)
        state.put_call(call, CallState.WAITING)


def let_go(state: State, call: Call) -> None:
    """Our offer or conversation is no more; the operator is free, and where the caller is must be said by others."""
    if call.state in ON_OFFER:
        drop_offer(state, call, OfferFailure.LOST)
        state.put_call(call, CallState.CHECKING)
    elif call.state is CallState.TALKING:
        callers.release_talk(state, call, state.now)
        state.put_call(call, CallState.AFTER)


def drop_offer(state: State, call: Call, how: OfferFailure) -> None:
    """End the offer under way; the caller's state is the business of whoever calls this."""
    desk = call.operator
    assert desk is not None
    call.operator = None
    if how in (OfferFailure.LOST, OfferFailure.DEAD):
        call.lost[call.offer] = desk
    state.events.append(OfferEnded(state.now, call.id, desk.id, call.offer, how))
    desks.after_failed_offer(state, desk, how)


def not_sent(state: State, fact: OfferNotSent) -> None:
    """The caller is hanging up, or another Redirect still holds him: free the operator, then ask. What was never tried
    cannot come true: when the link is back, he waits like all the others, not behind a question."""
    call = under_way(state, fact.call, fact.offer)
    if call is None or call.state is not CallState.OFFERED:
        return
    drop_offer(state, call, OfferFailure.LOST)
    if not fact.tried:
        del call.lost[fact.offer]
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
    if call.dialled:
        return
    bound(state, call)
    if state.reaches(call):
        check(state, call)
        state.set_timer(state.now + state.policy.confirm_timeout, TimerKind.CONFIRM_OFFER, call)


def bound(state: State, call: Call) -> None:
    """Let the offer end by itself, whatever else becomes of it. Set only when an offer is in doubt: few ever are."""
    state.set_timer(max(state.now, call.give_up_at), _GIVE_UP_OFFER, call)


def dead(state: State, call: Call) -> None:
    """The phone was dialled and does not ring. Bring the caller back, keep him off that phone."""
    if state.reaches(call):
        fetch_back(state, call, OfferFailure.DEAD)
    else:
        bound(state, call)


def give_up(state: State, call: Call) -> None:
    """The offer has outlived every limit."""
    if state.reaches(call):
        fetch_back(state, call, OfferFailure.LOST)


def fetch_back(state: State, call: Call, how: OfferFailure) -> None:
    """End an offer from our side. The caller must be back before anybody else is rung for him."""
    withdraw(state, call, call.offer)
    drop_offer(state, call, how)
    doubt(state, call)


def withdraw(state: State, call: Call, offer: OfferId) -> None:
    if may_move(state, call):
        state.commands.append(Withdraw(call.id, offer))


def may_move(state: State, call: Call) -> bool:
    """Not twice in a moment: a Redirect that was refused just now would be refused again, as fast as the wire can."""
    if state.now - call.moved_at < _RECHECK:
        return False
    call.moved_at = state.now
    return True


def doubt(state: State, call: Call) -> None:
    """No offer for this caller until the switch has said where he is."""
    state.put_call(call, CallState.CHECKING)
    state.set_timer(state.now + _RECHECK, TimerKind.CHECK_CALL, call)


def check(state: State, call: Call) -> None:
    """Ask the switch where this caller is, until something is known."""
    if not state.reaches(call):
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
        overflowing = call.state is CallState.OVERFLOWING
        bookings.leave(state, call, state.now, overflowing=overflowing, seen=False)
        return
    callbacks.found(call, fact.where)
    match call.state:
        case CallState.CHECKING:
            checked(state, call, fact)
        case CallState.OFFERED if fact.where in NOT_MOVED:
            still_waiting(state, call, fact.where)
        case CallState.OFFERED if fact.where is CallWhereabouts.RING and fact.offer == call.offer:
            expect_ringing(state, call)
        case CallState.OVERFLOWING:
            check_deflected(state, call, fact)
        case CallState.AFTER if call.outcome is Outcome.REFUSED:
            check_deflected(state, call, fact)
        case CallState.AFTER if call.proposal is not None and call.proposal.promise is not None:
            check_confirmed(state, call, fact)
        case _:
            pass


def checked(state: State, call: Call, fact: CallFound) -> None:
    """Asked about a caller who may be anywhere: he waits, or still sits in an offer that was withdrawn, or talks."""
    match fact.where:
        case CallWhereabouts.WAIT | CallWhereabouts.FALLBACK | CallWhereabouts.OFFER:
            state.move_call(call, CallMove.FOUND)
        case CallWhereabouts.BOOK:
            bookings.seen_booking(state, call)
        case CallWhereabouts.RING if fact.offer is not None and fact.offer in call.lost:
            withdraw(state, call, fact.offer)
        case CallWhereabouts.TALK if fact.offer is not None:
            # Without an offer it was the fallback, which tells by itself whose phone it is.
            connect(state, call, call.lost.pop(fact.offer, None), state.now, fact.offer)
        case CallWhereabouts.OVERFLOW:
            call.overflowed = True
            state.put_call(call, CallState.OVERFLOWING)
        case _:
            pass


def check_deflected(state: State, call: Call, fact: CallFound) -> None:
    """Sent away a moment ago: if he still waits, the Redirect was lost on the way and is given again; not so if an
    offer of before is what became of him."""
    assert call.line is not None
    if fact.where in NOT_MOVED:
        to = OverflowTo.PARTNER if call.state is CallState.OVERFLOWING else OverflowTo.REFUSE
        if may_move(state, call):
            state.commands.append(Deflect(call.id, call.line.id, to))
    elif fact.where is CallWhereabouts.RING and fact.offer in call.lost:
        doubt(state, call)
    else:
        call.token += 1


def check_confirmed(state: State, call: Call, fact: CallFound) -> None:
    """Told a moment ago that his promise stands: if he had given up waiting for it, he waits again, at his place."""
    if fact.where in WITH_MUSIC:
        assert call.proposal is not None
        call.proposal.untold = True
        state.put_call(call, CallState.WAITING)
    elif fact.where is not CallWhereabouts.BOOK:
        call.token += 1


def still_waiting(state: State, call: Call, where: CallWhereabouts) -> None:
    """The switch was told to move him and has not. Asked often enough, the offer is given up."""
    call.unheard += 1
    if call.dialled or call.unheard < _PATIENCE:
        return
    drop_offer(state, call, OfferFailure.LOST)
    state.move_call(call, CallMove.OFFER_FAILED)
    if where is CallWhereabouts.BOOK:
        bookings.seen_booking(state, call)
