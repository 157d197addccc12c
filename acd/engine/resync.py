"""After a start, a restart or a broken link: the switch says what there is, and the engine makes itself agree.

Nothing the switch shows is doubted. What we believed and it does not show has ended while we could not see; the call
gets the outcome that its last known state implies, marked as not seen.
"""

from acd.engine import callers, desks, offers
from acd.engine.settle import attach
from acd.engine.state import Call, Desk, State, TimerKind
from acd.model.call import CallState
from acd.model.commands import SetCrisis, SetDraining
from acd.model.events import (
    CallAdopted,
    CallAnswered,
    CrisisChanged,
    DrainChanged,
    LinkCameUp,
    LinkWentDown,
    OperatorRang,
    PolicyLoaded,
    TalkFinished,
)
from acd.model.facts import (
    CallMissed,
    CallSeen,
    CallWhereabouts,
    CrisisSwitched,
    DrainSwitched,
    LinkLost,
    OfferFailure,
    PhoneState,
    PolicyChanged,
    Restored,
    SwitchSeen,
)
from acd.model.operator import AT_WORK, OperatorMove, Wish
from acd.model.outcome import Outcome

RESTART = "restart"
"""Who did it, when the records said so at our start."""

_W = CallWhereabouts

_SETTLED: dict[CallWhereabouts, Outcome] = {
    _W.CLOSED: Outcome.CLOSED,
    _W.INFORMED: Outcome.INFORMED,
    _W.REFUSED: Outcome.REFUSED,
    _W.PARTNER: Outcome.OVERFLOW_ANSWERED,
    _W.AFTER: Outcome.ANSWERED,
}


def link_lost(state: State, fact: LinkLost) -> None:
    if state.linked:
        state.linked = False
        state.events.append(LinkWentDown(state.now, fact.reason))


def restored(state: State, fact: Restored) -> None:
    """What the records knew: wishes of operators, calls still open, the crisis message."""
    for stored in fact.operators:
        desk = state.desks.get(stored.operator)
        if desk is not None and stored.logged_in:
            wanted = Wish.READY if stored.reason is None else Wish.NOT_READY
            state.set_wish(desk, wanted, stored.reason, RESTART)
            desks.resume_hold_off(state, desk, stored.since)
    for known in fact.calls:
        call = state.calls[known.call] = Call(known.call, known.arrived_at)
        call.outcome, call.answered_at = known.outcome, known.answered_at
        line = state.policy.lines.get(known.line) if known.line else None
        if line is not None and known.entered_at is not None:
            # Not WAITING: nothing is offered before the switch has shown him.
            call.line, call.entered_at = line, known.entered_at
            call.state = CallState.CHECKING
    state.crisis, state.draining = fact.crisis, fact.draining


def switch_seen(state: State, fact: SwitchSeen) -> None:
    state.linked = True
    state.events.append(LinkCameUp(state.now, len(fact.calls), len(fact.missed)))
    for desk in state.desks.values():
        desks.report_phone(state, desk, fact.phones.get(desk.config.device, PhoneState.UNREACHABLE))
    for note in fact.missed:
        missed(state, note)
    alive = {seen.call for seen in fact.calls}
    for call in [call for id, call in state.calls.items() if id not in alive]:
        vanished(state, call, fact.rebooted)
    for seen in fact.calls:
        adopt(state, seen)
    for desk in state.desks.values():
        if desk.state not in AT_WORK:
            state.move_desk(desk, OperatorMove.REVIEW)
        desks.tell_allowed(state, desk)
    state.commands.append(SetCrisis(state.crisis))
    state.commands.append(SetDraining(state.draining))
    state.unsettled = True


def vanished(state: State, call: Call, rebooted: bool) -> None:
    """He is not in the switch any more and left no note."""
    if rebooted:
        callers.count(state, call, Outcome.SWITCH_FAILURE, seen=False)
    callers.end(state, call, state.now, seen=False)


def missed(state: State, note: CallMissed) -> None:
    """A call that ended while nobody listened: the dialplan's note says how. The operator's day goes on untouched."""
    seen = note.seen
    if seen.call in state.ended:
        return
    call = known_or_new(state, seen)
    on_line = take_line(state, call, seen)
    if call.outcome is None and on_line and seen.answered_at is not None:
        assert call.line is not None
        desk = state.by_device.get(seen.device) if seen.device else None
        waited = max(0.0, seen.answered_at - call.entered_at)
        operator = None if desk is None else desk.id
        line = call.line.id
        state.events.append(
            CallAnswered(state.now, call.id, line, operator, seen.answered_at, waited, fallback=not seen.offer)
        )
        callers.count(state, call, Outcome.ANSWERED, at=seen.answered_at, seen=False)
        state.events.append(TalkFinished(state.now, call.id, operator, note.gone_at))
    elif seen.where in _SETTLED:
        callers.count(state, call, _SETTLED[seen.where], at=note.gone_at, seen=False)
    callers.end(state, call, note.gone_at, seen=False)


def known_or_new(state: State, seen: CallSeen) -> Call:
    call = state.calls.get(seen.call)
    if call is None:
        call = callers.start(state, seen.call, seen.arrived_at, seen.did, seen.number)
        call.outcome = state.ended.pop(seen.call, None)
        return call
    call.did, call.number = call.did or seen.did, call.number or seen.number
    return call


def adopt(state: State, seen: CallSeen) -> None:
    """Make our idea of this call agree with what the switch shows."""
    call = known_or_new(state, seen)
    state.events.append(CallAdopted(state.now, call.id, seen.where))
    if not take_line(state, call, seen):
        settle_in_menu(state, call, seen)
        return
    desk = state.by_device.get(seen.device) if seen.device else None
    match seen.where:
        case _W.TALK:
            adopt_talk(state, call, desk, seen)
        case _W.RING if desk is not None and seen.offer:
            adopt_ring(state, call, desk, seen)
        case _W.WAIT | _W.FALLBACK | _W.RING:
            adopt_wait(state, call)
        case _W.OVERFLOW:
            if call.state is not CallState.OVERFLOWING:
                let_go(state, call)
                call.overflowed = True
                state.put_call(call, CallState.OVERFLOWING)
        case _W.MENU:
            let_go(state, call)
            state.put_call(call, CallState.MENU)
            call.line = None
        case _:
            let_go(state, call)
            settle_in_menu(state, call, seen)


def take_line(state: State, call: Call, seen: CallSeen) -> bool:
    """Put the call on the line that its channel names. False when it has none (still in the menu)."""
    if call.line is not None:
        return True
    line = state.policy.lines.get(seen.line) if seen.line else None
    if line is None or seen.entered_at is None:
        return False
    callers.join(state, call, line, seen)
    return True


def settle_in_menu(state: State, call: Call, seen: CallSeen) -> None:
    """Not in any queue: in the menu, or already settled and only the channel lives."""
    outcome = _SETTLED.get(seen.where)
    if outcome is not None and call.state is not CallState.AFTER:
        callers.count(state, call, outcome)
        state.put_call(call, CallState.AFTER)


def let_go(state: State, call: Call) -> None:
    """Our offer or conversation is no more; the operator is free."""
    if call.state in callers.ON_OFFER:
        offers.drop_offer(state, call, OfferFailure.LOST)
    elif call.state is CallState.TALKING:
        callers.release_talk(state, call, state.now)


def adopt_wait(state: State, call: Call) -> None:
    if call.state in callers.ON_OFFER:
        # The Redirect of before may still be on its way: no other offer before the switch has answered.
        assert call.operator is not None
        lost = (call.offer, call.operator)
        let_go(state, call)
        call.lost_offer = lost
        offers.doubt(state, call)
    elif call.state is not CallState.WAITING:
        let_go(state, call)
        state.put_call(call, CallState.WAITING)


def adopt_ring(state: State, call: Call, desk: Desk, seen: CallSeen) -> None:
    if call.state in callers.ON_OFFER and call.offer == seen.offer:
        call.dialled = True
        return
    let_go(state, call)
    if desk.call is not None or desk.state in AT_WORK:
        adopt_wait(state, call)
        return
    assert seen.offer is not None and call.line is not None
    call.offer, call.dialled = seen.offer, True
    state.put_call(call, CallState.RINGING)
    attach(call, desk)
    state.move_desk(desk, OperatorMove.RING)
    state.events.append(OperatorRang(state.now, call.id, desk.id, call.offer))
    give_up_at = state.now + call.line.ring_time + state.policy.offer_margin
    state.set_timer(give_up_at, TimerKind.GIVE_UP_OFFER, call)


def adopt_talk(state: State, call: Call, desk: Desk | None, seen: CallSeen) -> None:
    """Talking: with the operator of an offer of ours, or with one whom Asterisk's own Queue() rang."""
    if call.state is CallState.TALKING and (call.operator is desk or desk is None):
        return
    answered_at = seen.answered_at if seen.answered_at is not None else state.now
    if call.outcome is None:
        if call.state not in callers.IN_LINE:
            state.put_call(call, CallState.CHECKING)
        offers.connect(state, call, desk, answered_at, fallback=not seen.offer)
        return
    let_go(state, call)
    call.answered_at = call.answered_at or answered_at
    state.put_call(call, CallState.TALKING)
    if desk is not None and desk.call is None:
        attach(call, desk)
        state.move_desk(desk, OperatorMove.ANSWER)


# --- Settings ------------------------------------------------------------------------------------------------------


def policy_changed(state: State, fact: PolicyChanged) -> None:
    state.adopt_policy(fact.policy)
    state.events.append(PolicyLoaded(state.now, len(fact.policy.lines), len(fact.policy.operators)))
    for desk in state.desks.values():
        desks.tell_allowed(state, desk)


def crisis_switched(state: State, fact: CrisisSwitched) -> None:
    state.crisis = fact.message
    state.events.append(CrisisChanged(state.now, fact.message, fact.by))
    if state.linked:
        state.commands.append(SetCrisis(fact.message))


def drain_switched(state: State, fact: DrainSwitched) -> None:
    state.draining = fact.on
    state.events.append(DrainChanged(state.now, fact.on, fact.by))
    if state.linked:
        state.commands.append(SetDraining(fact.on))
