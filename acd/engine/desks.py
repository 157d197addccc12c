"""What operators and their phones do. A desk is an operator at work."""

from typing import Final

from acd.engine.people import Absence, Desk
from acd.engine.state import AT_LIMIT, ENGINE, State, TimerKind
from acd.model.commands import SetAllowed
from acd.model.events import MoveRefused, OperatorWished, PhoneReported
from acd.model.facts import (
    OfferFailure,
    OperatorAction,
    OperatorLoggedIn,
    OperatorLoggedOut,
    OperatorNotReady,
    OperatorReady,
    PhoneChanged,
    PhoneState,
)
from acd.model.operator import AT_WORK, OperatorMove, OperatorState, Wish
from acd.model.policy import OfferRule, OfferRules

LOGIN_REASON = "login"
"""Reason of an operator who has logged in and not yet said that he is ready."""

_READY: Final = Wish.READY
_UNREACHABLE: Final = PhoneState.UNREACHABLE
_REVIEW: Final = OperatorMove.REVIEW
_TALK_ENDED: Final = OperatorMove.TALK_ENDED
_WRAP_UP_ENDED: Final = OperatorMove.WRAP_UP_ENDED


def logged_in(state: State, fact: OperatorLoggedIn) -> None:
    desk = find(state, fact)
    if desk is not None and desk.wish is Wish.OUT:
        wish(state, desk, Wish.NOT_READY, LOGIN_REASON, fact.by)


def logged_out(state: State, fact: OperatorLoggedOut) -> None:
    desk = find(state, fact)
    if desk is not None and desk.wish is not Wish.OUT:
        desk.misses.clear()
        wish(state, desk, Wish.OUT, None, fact.by)


def ready(state: State, fact: OperatorReady) -> None:
    """He wants calls: earlier missed rings are forgiven, a wrap-up ends."""
    desk = find_logged_in(state, fact)
    if desk is None:
        return
    desk.misses.clear()
    if desk.wish is not Wish.READY:
        wish(state, desk, Wish.READY, None, fact.by)
    if desk.state is OperatorState.WRAP_UP:
        end_wrap_up(state, desk, fact.by)


def not_ready(state: State, fact: OperatorNotReady) -> None:
    desk = find_logged_in(state, fact)
    if desk is None:
        return
    if fact.reason not in state.policy.reasons:
        known = ", ".join(state.policy.reasons)
        state.events.append(MoveRefused(state.now, f"operator {desk.id} not ready", f"reason must be one of: {known}"))
        return
    wish(state, desk, Wish.NOT_READY, fact.reason, fact.by)


def find(state: State, fact: OperatorAction) -> Desk | None:
    if fact.operator in state.policy.operators:
        return state.desks[fact.operator]
    # Also one who is removed and still finishes his work: his phone may be somebody else's already.
    state.events.append(MoveRefused(state.now, f"operator {fact.operator}", "no such operator"))
    return None


def find_logged_in(state: State, fact: OperatorAction) -> Desk | None:
    desk = find(state, fact)
    if desk is not None and desk.wish is Wish.OUT:
        state.events.append(MoveRefused(state.now, f"operator {desk.id}", "not logged in"))
        return None
    return desk


def wish(state: State, desk: Desk, wanted: Wish, reason: str | None, by: str) -> None:
    """Note the wish, and tell the switch whether its own queue may ring this phone while we are away."""
    was_allowed = desk.wish is _READY
    state.events.append(OperatorWished(state.now, desk.id, wanted, reason, by))
    state.set_wish(desk, wanted, reason, by)
    if was_allowed is not (wanted is Wish.READY):
        tell_allowed(state, desk)


def tell_allowed(state: State, desk: Desk) -> None:
    if state.linked:
        # Its own queues are made from the settings: what a supervisor lent for now they do not know.
        own = state.policy.operators.get(desk.id, desk.config)
        lines = tuple(own.lines)
        state.commands.append(SetAllowed(desk.config.device, lines, desk.wish is Wish.READY))


# --- Work ----------------------------------------------------------------------------------------------------------


def free(state: State, desk: Desk, move: OperatorMove) -> None:
    """The work in hand is over; the operator comes to rest."""
    desk.call = desk.attempt = None
    desk.line = None
    state.move_desk(desk, move)


def wrap_up(state: State, desk: Desk, seconds: float) -> None:
    """After a conversation: time to finish notes, none when the line gives none."""
    desk.call = desk.attempt = None
    desk.misses.clear()
    desk.wrap_up_ends, desk.extended = state.now + seconds, False
    state.move_desk(desk, _TALK_ENDED)
    if seconds > 0:
        state.set_timer(desk.wrap_up_ends, TimerKind.WRAP_UP_ENDS, desk)
    else:
        end_wrap_up(state, desk, ENGINE)


def end_wrap_up(state: State, desk: Desk, by: str) -> None:
    desk.line = None
    state.move_desk(desk, _WRAP_UP_ENDED, by)


def after_failed_offer(state: State, desk: Desk, how: OfferFailure) -> None:
    """Each way of not answering has its own rule; then the operator comes to rest."""
    if how in (OfferFailure.UNREACHABLE, OfferFailure.DEAD):
        report_phone(state, desk, PhoneState.UNREACHABLE)
    rule = rule_for(state.policy.offers, how)
    if rule is not None and desk.wish is Wish.READY:
        hold_off(state, desk, how, rule)
    free(state, desk, OperatorMove.OFFER_ENDED)
    come_back(state, desk, rule)


def after_taken_back(state: State, desk: Desk, how: OfferFailure) -> None:
    """His phone answered and hung up at once: there is nothing to wrap up. Should he have got the next caller already,
    he keeps him."""
    rule = rule_for(state.policy.offers, how)
    if rule is not None and desk.wish is Wish.READY:
        hold_off(state, desk, how, rule)
    if desk.state is OperatorState.WRAP_UP:
        end_wrap_up(state, desk, ENGINE)
        come_back(state, desk, rule)
    elif desk.state not in AT_WORK:
        state.move_desk(desk, _REVIEW)
        come_back(state, desk, rule)


def come_back(state: State, desk: Desk, rule: OfferRule | None) -> None:
    if desk.back_by_itself and rule is not None and rule.back_after is not None:
        state.set_timer(state.now + rule.back_after, TimerKind.BACK_BY_ITSELF, desk)


def rule_for(rules: OfferRules, how: OfferFailure) -> OfferRule | None:
    """None: the operator is not to blame, or his phone's own state says it all."""
    match how:
        case OfferFailure.RING_NO_ANSWER:
            return rules.ring_no_answer
        case OfferFailure.BUSY:
            return rules.busy
        case OfferFailure.REJECTED:
            return rules.rejected
        case OfferFailure.FAULT:
            return rules.fault
        case OfferFailure.UNREACHABLE | OfferFailure.DEAD | OfferFailure.LOST:
            return None


def hold_off(state: State, desk: Desk, how: OfferFailure, rule: OfferRule) -> None:
    """Make him not ready for what happened; by the rule he comes back by himself or not."""
    missed = desk.misses[how] = desk.misses.get(how, 0) + 1
    at_limit = bool(rule.limit) and missed >= rule.limit
    wish(state, desk, Wish.NOT_READY, how.value, AT_LIMIT if at_limit else ENGINE)
    desk.back_by_itself = rule.back_after is not None and not at_limit


def resume_hold_off(state: State, desk: Desk, since: float) -> None:
    """After a restart: who was made not ready for a failed offer comes back as he would have."""
    if desk.by != ENGINE or desk.reason not in set(OfferFailure):
        return
    rule = rule_for(state.policy.offers, OfferFailure(desk.reason))
    if rule is not None and rule.back_after is not None:
        desk.back_by_itself = True
        state.set_timer(max(state.now, since + rule.back_after), TimerKind.BACK_BY_ITSELF, desk)


def back_by_itself(state: State, desk: Desk) -> None:
    if desk.back_by_itself:
        wish(state, desk, Wish.READY, None, ENGINE)


# --- Phones --------------------------------------------------------------------------------------------------------


def phone_changed(state: State, fact: PhoneChanged) -> None:
    desk = state.by_device.get(fact.device)
    if desk is not None:
        report_phone(state, desk, fact.state)
        if desk.state not in AT_WORK:
            state.move_desk(desk, _REVIEW)


def report_phone(state: State, desk: Desk, phone: PhoneState) -> None:
    """Note what the phone can do; the caller decides whether the operator comes to rest now."""
    was, desk.phone = desk.phone, phone
    reachable = phone is not _UNREACHABLE
    if reachable is (was is _UNREACHABLE):
        state.events.append(PhoneReported(state.now, desk.config.device, desk.id, reachable))
        if reachable:
            back(desk.phone_gone)
        elif desk.page is not None:
            # Who works at his phone alone would not see that he has to say again that he is ready.
            gone(state, desk.phone_gone)


def gone(state: State, absence: Absence) -> None:
    """It may be back in a moment; when it is not, he is no longer ready."""
    absence.token += 1
    state.set_timer(state.now + state.policy.desk.grace, TimerKind.ABSENT_TOO_LONG, absence)


def back(absence: Absence) -> None:
    absence.token += 1
