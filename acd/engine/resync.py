"""After a start, a restart or a broken link: the switch says what there is, and the engine makes itself agree.

Nothing the switch shows is doubted. What we believed and it does not show has ended while we could not see; the call
gets the outcome that its last known state implies, marked as not seen.
"""

import msgspec

from acd.engine import attempts, bookings, callbacks, callers, desks, offers, presence, supervisor
from acd.engine.people import Call, Desk
from acd.engine.promise import Proposal
from acd.engine.settle import attach
from acd.engine.state import State, TimerKind
from acd.engine.tape import seen_tape
from acd.model.call import CallState
from acd.model.commands import Reroute, SetCrisis, SetDraining
from acd.model.events import (
    CallAdopted,
    CallAnswered,
    CrisisChanged,
    DrainChanged,
    LinkCameUp,
    LinkWentDown,
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
    LoadForecast,
    PhoneState,
    PolicyChanged,
    Restored,
    ServerGone,
    ServerLost,
    SpyOver,
    SwitchSeen,
)
from acd.model.ids import LineId, server_of
from acd.model.operator import AT_WORK, OperatorMove, Wish
from acd.model.outcome import Outcome
from acd.model.supervision import SpyEnd

RESTART = "restart"
"""Who did it, when the records said so at our start."""

RELOAD = "reload"
"""Who did it, when the settings do not name him any more."""

_SAME_MOMENT = 1.0
"""Seconds. A moment told twice may differ by what was measured of the other clock meanwhile."""

_W = CallWhereabouts

_SETTLED: dict[CallWhereabouts, Outcome] = {
    _W.CLOSED: Outcome.CLOSED,
    _W.INFORMED: Outcome.INFORMED,
    _W.REFUSED: Outcome.REFUSED,
    _W.PARTNER: Outcome.OVERFLOW_ANSWERED,
    _W.AFTER: Outcome.ANSWERED,
    _W.BOOKED: Outcome.CALLBACK_ACCEPTED,
}


def link_lost(state: State, fact: LinkLost) -> None:
    if state.linked:
        state.linked = False
        begin_gap(state, fact.reason)


def begin_gap(state: State, reason: str) -> None:
    """One gap, however many servers are missing."""
    if state.watching:
        state.watching = False
        state.events.append(LinkWentDown(state.now, reason))


def end_gap(state: State, calls: int, missed: int) -> None:
    state.watching = True
    state.events.append(LinkCameUp(state.now, calls, missed))


def restored(state: State, fact: Restored) -> None:
    """What the records knew: wishes of operators, calls still open, the crisis message."""
    for stored in fact.operators:
        desk = state.desks.get(stored.operator)
        if desk is not None and stored.logged_in:
            wanted = Wish.READY if stored.reason is None else Wish.NOT_READY
            state.set_wish(desk, wanted, stored.reason, RESTART)
            desk.by = stored.by or RESTART
            desks.resume_hold_off(state, desk, stored.since)
    for known in fact.calls:
        call = state.calls[known.call] = Call(known.call, known.arrived_at)
        call.outcome, call.answered_at, call.unseen = known.outcome, known.answered_at, True
        if known.line and known.entered_at is not None:
            # Not WAITING: nothing is offered before the switch has shown him.
            call.line, call.entered_at = state.line(known.line), known.entered_at
            call.proposal = None if call.line.callback is None else Proposal()
            call.state = CallState.CHECKING
        bookings.restored(state, call, known)
    attempts.restored(state, fact.attempts)
    state.switched = {switched.line: switched for switched in fact.switched}
    for lines in fact.lines:
        supervisor.restored_lines(state, lines)
    for spy in fact.spies:
        supervisor.restored_spy(state, spy)
    presence.restored(state, fact.pages)
    state.crisis, state.draining = fact.crisis, fact.draining


def switch_seen(state: State, fact: SwitchSeen) -> None:
    state.linked = True
    if fact.server is None:
        state.blind.clear()
    else:
        state.blind.discard(fact.server)
    if fact.server is None or (fact.whole and not state.watching):
        end_gap(state, len(fact.calls), len(fact.missed))
    for desk in state.desks.values():
        desks.report_phone(state, desk, fact.phones.get(desk.config.device, PhoneState.UNREACHABLE))
        if fact.rebooted:
            # It has forgotten all phones: they come back one by one, and nobody is to blame for the time that takes.
            desks.back(desk.phone_gone)
    attempts.part(state, {seen.attempt for seen in fact.attempts}, fact.server, whole=fact.whole)
    for note in fact.missed:
        missed(state, note)
    alive = {seen.call for seen in fact.calls}
    for call in [call for id, call in state.calls.items() if id not in alive and would_show(call, fact)]:
        vanished(state, call, fact.rebooted)
    adopt_all(state, fact.calls)
    for attempt in fact.attempts:
        attempts.adopt(state, attempt)
    review(state)
    state.commands.append(SetCrisis(state.crisis))
    state.commands.append(SetDraining(state.draining))
    supervisor.tell_lines(state)
    supervisor.seen_spies(state, fact.spies)
    state.unsettled = True


def would_show(call: Call, fact: SwitchSeen | ServerGone) -> bool:
    """If this call still lived, it would be among those that this look has shown."""
    if fact.server is None or server_of(call.id) == fact.server:
        return True
    return fact.whole and call.unseen


def vanished(state: State, call: Call, rebooted: bool) -> None:
    """He is not in the switch any more and left no note."""
    overflowing = call.state is CallState.OVERFLOWING
    bookings.leave(state, call, state.now, overflowing=overflowing, seen=False, rebooted=rebooted)


def missed(state: State, note: CallMissed) -> None:
    """A call that ended while nobody listened: the dialplan's note says how."""
    seen = note.seen
    if seen.call in state.ended:
        return
    call = known_or_new(state, seen)
    on_line = take_line(state, call, seen)
    if on_line and seen.answered_at is not None and seen.where is not _W.PARTNER:
        talked(state, call, seen, seen.answered_at, note.gone_at)
    elif seen.where in _SETTLED:
        settle_unseen(state, call, seen, note.gone_at)
    elif on_line and seen.where is _W.BOOK:
        bookings.seen_booking(state, call)
    bookings.leave(state, call, note.gone_at, overflowing=seen.where is _W.OVERFLOW, seen=False)


def talked(state: State, call: Call, seen: CallSeen, answered_at: float, ended_at: float) -> None:
    """A talk that began and ended unseen. The operator's day goes on untouched."""
    if call.outcome is not None:
        return
    offers.let_go(state, call)
    assert call.line is not None
    desk = state.by_device.get(seen.device) if seen.device else None
    operator, waited = None if desk is None else desk.id, max(0.0, answered_at - call.entered_at)
    line, fallback = call.line.id, not seen.offer
    state.events.append(CallAnswered(state.now, call.id, line, operator, answered_at, waited, fallback))
    callers.count(state, call, Outcome.ANSWERED, at=answered_at, seen=False)
    state.events.append(TalkFinished(state.now, call.id, operator, ended_at))


def settle_unseen(state: State, call: Call, seen: CallSeen, at: float) -> None:
    """What the place where he was found, or from where he left, says of his outcome."""
    partner = seen.where is _W.PARTNER and seen.answered_at is not None
    callers.count(state, call, _SETTLED[seen.where], at=seen.answered_at if partner else at, seen=False, line=seen.line)


def known_or_new(state: State, seen: CallSeen) -> Call:
    call = state.calls.get(seen.call)
    if call is None:
        call = callers.start(state, seen.call, seen.arrived_at, seen.did, seen.number)
        call.outcome = state.recall_ended(seen.call)
        return call
    call.unseen = False
    call.did, call.number = call.did or seen.did, call.number or seen.number
    return call


def part(state: State, seen: CallSeen) -> None:
    """Our offer or conversation of before, if the switch shows another or none."""
    call = state.calls.get(seen.call)
    if call is None or call.operator is None:
        return
    same_offer = seen.offer is not None and seen.offer == call.offer
    same_phone = seen.device is None or seen.device == call.operator.config.device
    rings = seen.where is _W.RING and call.state in callers.ON_OFFER and same_offer
    talks = seen.where is _W.TALK and (same_offer or same_phone)
    if not (rings or talks):
        offers.let_go(state, call)


def adopt_all(state: State, calls: tuple[CallSeen, ...]) -> None:
    """Make our idea of these calls agree with what the switch shows. Whoever joined when nothing could be done for him
    is taken by his line now, or is not, in order of arrival."""
    # First every pair parts that is none any more: whoever is free then may be found in another.
    for seen in calls:
        part(state, seen)
    late: list[Call] = []
    for seen in calls:
        newcomer = adopt(state, seen)
        if newcomer is not None:
            late.append(newcomer)
    # None of them takes a place from the other before he is asked.
    for call in late:
        state.put_call(call, CallState.MENU)
    for call in sorted(late, key=lambda call: (call.entered_at, call.id)):
        assert call.line is not None
        callers.welcome(state, call, call.line)


def adopt(state: State, seen: CallSeen) -> Call | None:
    """Make our idea of this call agree with what the switch shows; the call, if his line has yet to be asked whether it
    takes him."""
    call = known_or_new(state, seen)
    unwelcomed, call.unwelcomed = call.unwelcomed, False
    state.events.append(CallAdopted(state.now, call.id, seen.where))
    call.tape = seen_tape(call.tape, seen.tape)
    if not take_line(state, call, seen):
        settle_in_menu(state, call, seen)
        return None
    desk = call.operator or (state.by_device.get(seen.device) if seen.device else None)
    match seen.where:
        case _W.TALK:
            adopt_talk(state, call, desk, seen)
        case _W.RING:
            adopt_ring(state, call, desk, seen)
        case _W.WAIT | _W.FALLBACK | _W.OFFER:
            adopt_wait(state, call, seen.where)
            # Asterisk's own queue has counted the line's places already.
            late = unwelcomed and seen.where is not _W.FALLBACK and call.state is CallState.WAITING
            return call if late else None
        case _W.BOOK:
            bookings.seen_booking(state, call)
        case _W.OVERFLOW:
            if call.state is not CallState.OVERFLOWING:
                call.overflowed = True
                state.put_call(call, CallState.OVERFLOWING)
        case _W.MENU:
            state.put_call(call, CallState.MENU)
            call.line = None
        case _:
            settle_in_menu(state, call, seen)
    return None


def take_line(state: State, call: Call, seen: CallSeen) -> bool:
    """Put the call on the line that its channel names. False when it has none (still in the menu)."""
    if seen.line is None or seen.entered_at is None:
        return call.line is not None
    if seen.entered_at > state.now + _SAME_MOMENT:
        # Asterisk's clock was set back since he joined: what we know is better, and else he joins now.
        known = call.line is not None and call.line.id == seen.line
        entered_at = call.entered_at if known else state.now
        return take_line(state, call, msgspec.structs.replace(seen, entered_at=entered_at))
    if call.line is not None and call.line.id != seen.line and abs(seen.entered_at - call.entered_at) < _SAME_MOMENT:
        rerouted(state, call, seen.line)
    elif call.line is None or call.line.id != seen.line or seen.entered_at > call.entered_at + _SAME_MOMENT:
        # Joined unseen, perhaps because an operator sent him on.
        offers.let_go(state, call)
        if call.state is CallState.WAITING:
            state.put_call(call, CallState.CHECKING)
        callers.join(state, call, state.line(seen.line), seen)
    else:
        # The records of before our start do not say them.
        call.language, call.path = seen.language, seen.path
    callbacks.seen_declined(call, seen.declined_at)
    return True


def rerouted(state: State, call: Call, seen: LineId) -> None:
    """He joined when we think, on another line than we think: somebody moved him, and one of us has not heard of it. If
    we did it, the switch is told again; else an engine before us did, and died before it was written down."""
    assert call.line is not None
    if not call.rerouted:
        supervisor.to_line(state, call, state.line(seen), RESTART)
    elif state.linked:
        state.commands.append(Reroute(call.id, call.line.id))


def settle_in_menu(state: State, call: Call, seen: CallSeen) -> None:
    """Not in any queue: in the menu, or already settled and only the channel lives."""
    if seen.where not in _SETTLED or call.state is CallState.AFTER:
        return
    if seen.where is _W.AFTER and seen.answered_at is not None and call.line is not None:
        talked(state, call, seen, seen.answered_at, state.now)
    settle_unseen(state, call, seen, state.now)
    state.put_call(call, CallState.AFTER)


def adopt_wait(state: State, call: Call, where: CallWhereabouts) -> None:
    """He waits, at his old place. His timers begin anew: over a broken link they led to nothing."""
    if where is _W.OFFER:
        callbacks.seen_listening(state, call)
    else:
        callbacks.seen_waiting(state, call)
    if call.state is CallState.CHECKING and call.lost:
        # The Redirect of before may still be on its way: no other offer before the switch has answered.
        offers.doubt(state, call)
    elif call.outcome is Outcome.REFUSED:
        # The Redirect to the refusal is asked after, and given again.
        state.put_call(call, CallState.AFTER)
        state.set_timer(state.now, TimerKind.CHECK_CALL, call)
    else:
        state.put_call(call, CallState.WAITING)


def adopt_ring(state: State, call: Call, desk: Desk | None, seen: CallSeen) -> None:
    if desk is None or not seen.offer:
        # At a phone that is no operator's any more: let it ring.
        offers.doubt(state, call)
    elif call.state is CallState.RINGING:
        offers.watch_ring(state, call)
    elif call.operator is desk or desk.state not in AT_WORK:
        call.offer = seen.offer
        offers.ring(state, call, desk)
    else:
        # He has another caller: this one is fetched back.
        call.lost[seen.offer] = desk
        offers.doubt(state, call)


def adopt_talk(state: State, call: Call, desk: Desk | None, seen: CallSeen) -> None:
    """Talking: with the operator of an offer of ours, or with one whom Asterisk's own Queue() rang."""
    if call.state is CallState.TALKING:
        return
    answered_at = seen.answered_at if seen.answered_at is not None else state.now
    known = call.answered_at is not None and answered_at < call.answered_at + _SAME_MOMENT
    if call.outcome is None or not known:
        offers.connect(state, call, desk, answered_at, seen.offer)
        return
    state.put_call(call, CallState.TALKING)
    if desk is not None and desk.call is None and desk.attempt is None:
        call.served_by = desk.id
        attach(call, desk)
        state.move_desk(desk, OperatorMove.ANSWER)


# --- Several servers -----------------------------------------------------------------------------------------------


def server_lost(state: State, fact: ServerLost) -> None:
    """What was under way there stays as it is: a talk goes on, and an operator who was rung may still answer."""
    begin_gap(state, f"server {fact.server}: {fact.reason}")
    state.blind.add(fact.server)
    for call in state.calls.values():
        if server_of(call.id) == fact.server:
            call.unseen = True
            if call.state is CallState.WAITING:
                state.put_call(call, CallState.CHECKING)
    attempts.server_lost(state, fact.attempts, fact.server)
    for spy in fact.spies:
        supervisor.spy_over(state, SpyOver(spy, state.now, SpyEnd.UNSEEN))
    for device in fact.phones:
        desk = state.by_device.get(device)
        if desk is not None:
            desks.report_phone(state, desk, PhoneState.UNREACHABLE)
            desks.back(desk.phone_gone)
    review(state)


def server_gone(state: State, fact: ServerGone) -> None:
    """Its operators are free for others, and its calls count as lost. Should it show them after all, they are ours
    again, but each keeps the outcome that it has."""
    for call in [call for call in state.calls.values() if call.unseen and would_show(call, fact)]:
        vanished(state, call, rebooted=True)
    attempts.part(state, (), fact.server, whole=fact.whole)
    state.blind.discard(fact.server)
    if fact.whole and not state.watching:
        end_gap(state, 0, 0)


# --- Settings ------------------------------------------------------------------------------------------------------


def policy_changed(state: State, fact: PolicyChanged) -> None:
    for desk in state.desks.values():
        if desk.id not in fact.policy.operators and desk.wish is not Wish.OUT:
            desks.wish(state, desk, Wish.OUT, None, RELOAD)
        if desk.id not in fact.policy.operators and desk.lent is not None:
            supervisor.take_back(state, desk, RELOAD)
    state.adopt_policy(fact.policy)
    state.events.append(PolicyLoaded(state.now, len(fact.policy.lines), len(fact.policy.operators)))
    review(state)


def load_forecast(state: State, fact: LoadForecast) -> None:
    state.forecast = fact.calls
    state.set_shares()


def review(state: State) -> None:
    """Phones and settings may all be other than they were."""
    for desk in state.desks.values():
        if desk.state not in AT_WORK:
            state.move_desk(desk, OperatorMove.REVIEW)
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
