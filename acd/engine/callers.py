"""What callers do: arrive, choose a line, wait, hear announcements, are sent on, hang up."""

from typing import Final

from acd.engine import desks
from acd.engine.people import Call, Lane
from acd.engine.promise import Proposal
from acd.engine.state import State, TimerKind
from acd.model.call import CallMove, CallState
from acd.model.commands import Announce, Deflect
from acd.model.events import (
    CallAnnounced,
    CallDeflected,
    CallEnded,
    CallEnteredLine,
    CallResumed,
    CallStarted,
    OfferEnded,
    OutcomeCounted,
    TalkFinished,
)
from acd.model.facts import CallArrived, CallGone, CallQueued, CallSeen, MenuEnded
from acd.model.ids import CallId, LineId, server_of
from acd.model.operator import OperatorMove
from acd.model.outcome import Outcome
from acd.model.policy import Line, OverflowTo
from acd.routing.estimate import never_rising, predict, wait_range

ON_OFFER: Final = (CallState.OFFERED, CallState.RINGING)
IN_LINE: Final = (CallState.WAITING, CallState.CHECKING, *ON_OFFER)
MAY_QUEUE: Final = (CallState.MENU, CallState.TALKING, CallState.AFTER)

_TALKING: Final = CallState.TALKING
_ENDED: Final = CallState.ENDED
_WAITING: Final = CallState.WAITING
_QUEUE: Final = CallMove.QUEUE
_WAIT: Final = OverflowTo.WAIT

# Compiled code looks the name of a foreign class up at each use, but not a constant.
_STARTED: Final = CallStarted
_ENTERED: Final = CallEnteredLine
_COUNTED: Final = OutcomeCounted
_FINISHED: Final = TalkFinished
_CALL_ENDED: Final = CallEnded

_JUST_JOINED: Final = 1.0
"""Seconds. Who has waited longer when we first see him teaches nothing about our predictions."""


def arrived(state: State, fact: CallArrived) -> None:
    if fact.call not in state.calls:
        begin(state, fact.call, fact.arrived_at, fact.did, fact.number)


def begin(state: State, id: CallId, arrived_at: float, did: str, number: str | None) -> Call | None:
    """A call that is not known, or no longer; None: what is said is late, he has gone.

    Who arrives after that end is somebody else: Asterisk gives an id again when its clock is set back and it is started
    anew (second and count of channels since its start). He is served like anybody; the records have one outcome for an
    id, that of the first.
    """
    if id in state.ended and arrived_at <= state.ended_at[id]:
        return None
    call = start(state, id, arrived_at, did, number)
    call.outcome = state.recall_ended(id)
    return call


def start(state: State, id: CallId, arrived_at: float, did: str, number: str | None) -> Call:
    call = state.calls[id] = Call(id, arrived_at)
    call.did, call.number = did, number
    # What had piled up there is read late: it still tells who came.
    call.unseen = bool(state.blind) and server_of(id) in state.blind
    state.events.append(_STARTED(state.now, id, did, number, arrived_at))
    return call


def menu_ended(state: State, fact: MenuEnded) -> None:
    """The outcome counts now; the channel lives until the message is over."""
    call = state.calls.get(fact.call)
    if call is None or call.state is not CallState.MENU:
        return
    count(state, call, fact.outcome, line=fact.line)
    state.move_call(call, CallMove.SETTLE)


def queued(state: State, fact: CallQueued) -> None:
    """A caller joins a line. Said twice, it counts once."""
    call = state.calls.get(fact.call)
    if call is None:
        arrived_at = fact.entered_at if fact.arrived_at is None else fact.arrived_at
        call = begin(state, fact.call, arrived_at, fact.did, fact.number)
    if call is None or call.state not in MAY_QUEUE:
        return
    line = state.line(fact.line)
    if call.state is _TALKING:
        # The operator sent him on to this line.
        release_talk(state, call, state.now)
        state.move_call(call, CallMove.SETTLE)
    join(state, call, line, fact)
    if state.reaches(call):
        welcome(state, call, line)
    else:
        call.unwelcomed = True
        state.move_call(call, _QUEUE)


def welcome(state: State, call: Call, line: Line) -> None:
    """Let him wait, or send him away, as the line has it."""
    to, because = may_wait(line, state.lane(line))
    state.move_call(call, _QUEUE)
    # Whom an operator has sent on is not turned away: he has his outcome, no list would show it.
    if to is not _WAIT and (to is OverflowTo.PARTNER or call.outcome is None):
        deflect(state, call, to, because)


def may_wait(line: Line, lane: Lane) -> tuple[OverflowTo, str]:
    """Whether the line can take one more caller; if not, what it does with him, and why."""
    if len(lane.waiting) >= line.capacity and line.when_full is not _WAIT:
        return line.when_full, "full"
    if lane.logged_in == 0:
        return line.when_unstaffed, "unstaffed"
    return _WAIT, ""


def join(state: State, call: Call, line: Line, where: CallQueued | CallSeen) -> None:
    """Note the line, its settings of this moment, and when he joined it."""
    at, language, path = where.entered_at, where.language, where.path
    entered_at = state.now if at is None else at
    state.drop_plan(call)
    call.proposal = None if line.callback is None else Proposal()
    call.line, call.entered_at = line, entered_at
    call.language, call.path = language, path
    call.predicted, call.announced, call.overflowed, call.rerouted = None, None, False, False
    call.unwelcomed = False
    state.events.append(_ENTERED(state.now, call.id, line.id, entered_at, language, path))


def deflect(state: State, call: Call, to: OverflowTo, because: str) -> None:
    """Send a waiting caller to the partner, or to the message that asks to call later."""
    assert call.line is not None
    state.events.append(CallDeflected(state.now, call.id, call.line.id, to, because))
    if to is OverflowTo.PARTNER:
        call.overflowed = True
        state.move_call(call, CallMove.OVERFLOW)
    else:
        count(state, call, Outcome.REFUSED)
        state.move_call(call, CallMove.SETTLE)
    call.moved_at = state.now
    state.commands.append(Deflect(call.id, call.line.id, to))
    state.set_timer(state.now + state.policy.confirm_timeout, TimerKind.CHECK_CALL, call)


def gone(state: State, fact: CallGone) -> None:
    call = state.calls.get(fact.call)
    if call is not None:
        end(state, call, fact.gone_at, overflowing=fact.overflowing)


def end(state: State, call: Call, gone_at: float, *, overflowing: bool, seen: bool = True) -> None:
    """The caller's channel is over: settle its outcome and let the operator go.

    Args:
        overflowing: he was at the partner's, where nobody had answered yet.
    """
    if call.outcome is None:
        count(state, call, outcome_of_hangup(call, gone_at, overflowing), at=gone_at, seen=seen)
    was = call.state
    state.put_call(call, _ENDED)
    if was in ON_OFFER:
        release_offer(state, call)
    elif was is _TALKING:
        release_talk(state, call, gone_at)
    state.events.append(_CALL_ENDED(state.now, call.id, gone_at))
    state.forget_call(call)


def outcome_of_hangup(call: Call, gone_at: float, overflowing: bool) -> Outcome:
    """How a call counts whose caller left before anything else settled it."""
    if overflowing:
        return Outcome.OVERFLOW_LOST
    if call.line is None:
        return Outcome.LEFT_MENU
    short = gone_at - call.entered_at < call.line.short_abandon
    return Outcome.ABANDONED_SHORT if short else Outcome.ABANDONED


def count(
    state: State,
    call: Call,
    outcome: Outcome,
    *,
    at: float | None = None,
    seen: bool = True,
    line: LineId | None = None,
) -> None:
    """Count the one outcome of this call; a second one is never counted.

    Args:
        line: the line of a caller who never joined one, if it is known which he wanted.
    """
    if call.outcome is not None:
        return
    call.outcome = outcome
    moment = state.now if at is None else at
    waited = max(0.0, moment - call.entered_at) if call.line else None
    state.events.append(_COUNTED(state.now, call.id, call.line.id if call.line else line, outcome, waited, seen))


def release_offer(state: State, call: Call) -> None:
    """The caller left an offer by himself; the operator is free and not to blame."""
    desk = call.operator
    assert desk is not None
    state.events.append(OfferEnded(state.now, call.id, desk.id, call.offer, None))
    desks.free(state, desk, OperatorMove.OFFER_ENDED)
    call.operator = None


def release_talk(state: State, call: Call, ended_at: float) -> None:
    """The conversation is over; the operator wraps up, counted from its end."""
    desk = call.operator
    assert call.line is not None
    end_hold(state, call, ended_at)
    call.operator = None
    state.events.append(_FINISHED(state.now, call.id, None if desk is None else desk.id, ended_at))
    learn_handle_time(state, call, call.line, ended_at)
    if desk is not None:
        desks.wrap_up(state, desk, ended_at + call.line.wrap_up - state.now)


def end_hold(state: State, call: Call, at: float) -> None:
    since, call.held_since = call.held_since, None
    if since is not None:
        operator = None if call.operator is None else call.operator.id
        state.events.append(CallResumed(state.now, call.id, operator, at, max(0.0, at - since)))


def learn_handle_time(state: State, call: Call, line: Line, ended_at: float) -> None:
    """Mean talk + wrap-up of the line, exponentially smoothed over about the last twenty calls."""
    lane = state.lanes.get(line.id)
    if lane is not None and call.answered_at is not None:
        lane.handle_time += 0.05 * (max(0.0, ended_at - call.answered_at) + line.wrap_up - lane.handle_time)


# --- While waiting -------------------------------------------------------------------------------------------------


def arm(state: State) -> None:
    """Set the timers of the calls that began to wait in this step and still do."""
    for call in state.joined:
        if call.state is _WAITING:
            arm_call(state, call)
    state.joined.clear()


def arm_call(state: State, call: Call) -> None:
    assert call.line is not None
    if call.predicted is None and state.now - call.entered_at < _JUST_JOINED:
        call.predicted = expected_wait(state, call)
    announcements = call.line.announcements
    if announcements.first > 0:
        at = next_moment(call.entered_at, announcements.first, announcements.every, state.now)
        if at is not None:
            state.set_timer(at, TimerKind.ANNOUNCE, call)
    if call.line.overflow_after > 0 and not call.overflowed:
        state.set_timer(max(state.now, call.entered_at + call.line.overflow_after), TimerKind.OVERFLOW, call)


def next_moment(start_at: float, first: float, every: float, now: float) -> float | None:
    """The first of ``start + first + k * every`` that lies after ``now``; None when there is none."""
    at = start_at + first
    if at > now:
        return at
    if every <= 0:
        return None
    turns = int((now - at) / every) + 1
    while at + every * turns <= now:  # The quotient may be rounded down: the same moment again would never end.
        turns += 1
    return at + every * turns


def expected_wait(state: State, call: Call) -> float | None:
    """Seconds that this waiting call still has to wait, by the line's own experience; None = nobody on duty."""
    assert call.line is not None
    id = call.line.id
    lane = state.lanes[id]
    others = {k: len(other.waiting) for k, other in state.lanes.items() if other.waiting and k != id}
    ahead = state.place(call)
    raw = predict(ahead, others, state.overlap.get(id, {}), lane.on_duty, lane.handle_time)
    return None if raw is None else raw * lane.calibration


def announce(state: State, call: Call) -> None:
    """Say position and expected wait. Neither figure ever rises: the new one or the old less the time elapsed."""
    if not state.linked:
        return  # Nobody would hear it. He begins to wait anew when the link is back.
    assert call.line is not None
    wanted = call.line.announcements
    position: int | None = state.place(call) + 1
    seconds = expected_wait(state, call)
    if call.announced is not None:
        old_position, old_seconds, old_at = call.announced
        if position is not None and old_position is not None:
            position = min(position, old_position)
        if seconds is None:
            seconds = old_seconds
        if seconds is not None:
            seconds = never_rising(old_seconds, state.now - old_at, seconds)
    call.announced = (position, seconds, state.now)
    said_position = position if wanted.position else None
    said_wait = wait_range(seconds) if wanted.wait and seconds is not None else None
    if said_position is not None or said_wait is not None:
        state.commands.append(Announce(call.id, said_position, said_wait))
        state.events.append(CallAnnounced(state.now, call.id, said_position, said_wait))
    at = next_moment(call.entered_at, wanted.first, wanted.every, state.now)
    if at is not None:
        state.set_timer(at, TimerKind.ANNOUNCE, call)


def overflow(state: State, call: Call) -> None:
    if state.linked:
        deflect(state, call, OverflowTo.PARTNER, "waited")
