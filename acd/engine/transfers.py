"""What happens to a conversation before it ends: hold, and passing the caller on; and what an operator does about it
from a page.

A caller who is passed on stays the one call that he is, with the one outcome that he has. To a line: he waits there,
and is answered anew. To a colleague: he speaks, and the colleague wraps up after it as after any other call.
"""

from typing import Final

from acd.engine import callers, desks, offers
from acd.engine.people import Call, Desk
from acd.engine.settle import attach
from acd.engine.state import State
from acd.model.call import CallMove, CallState
from acd.model.commands import EndCallBack, HangUpTalk, SendOn
from acd.model.events import CallHeld, CallPickedUp, CallTransferred, MoveRefused, OutsideRefused
from acd.model.facts import (
    ColleagueAnswered,
    OperatorHangsUp,
    OperatorSendsOn,
    TalkHeld,
    TalkResumed,
    TalkTransferred,
)
from acd.model.facts import OutsideRefused as Refused
from acd.model.operator import OperatorMove
from acd.model.outside import Limit

_TALKING: Final = CallState.TALKING
_HOUR: Final = 3600.0


def held(state: State, fact: TalkHeld) -> None:
    call = state.calls.get(fact.call)
    if call is not None and call.state is _TALKING and call.held_since is None:
        call.held_since = fact.held_at
        operator = None if call.operator is None else call.operator.id
        state.events.append(CallHeld(state.now, call.id, operator, fact.held_at))


def resumed(state: State, fact: TalkResumed) -> None:
    call = state.calls.get(fact.call)
    if call is not None:
        callers.end_hold(state, call, fact.resumed_at)


def transferred(state: State, fact: TalkTransferred) -> None:
    """The operator's part is over; also when the end of his leg was told first."""
    call = state.calls.get(fact.call)
    if call is None or call.line is None:
        return
    state.events.append(CallTransferred(state.now, call.id, call.line.id, call.served_by, fact.to, fact.how))
    if call.state is _TALKING:
        callers.release_talk(state, call, fact.ended_at)
        state.move_call(call, CallMove.SETTLE)


def picked_up(state: State, fact: ColleagueAnswered) -> None:
    """A colleague speaks with a caller who was sent to him."""
    call = state.calls.get(fact.call)
    if call is None or call.line is None:
        return
    desk = state.by_device.get(fact.device)
    if call.state is _TALKING and call.operator is not desk:
        offers.let_go(state, call)
    if call.state is not CallState.AFTER or call.outcome is None:
        return
    free = None if desk is None or desk.call is not None or desk.attempt is not None else desk
    operator = None if free is None else free.id
    state.events.append(CallPickedUp(state.now, call.id, call.line.id, operator, fact.answered_at))
    if free is not None:
        _take(state, call, free, fact.answered_at)


def _take(state: State, call: Call, desk: Desk, answered_at: float) -> None:
    call.answered_at, call.served_by = answered_at, desk.id
    state.put_call(call, _TALKING)
    attach(call, desk)
    state.move_desk(desk, OperatorMove.ANSWER)


def hangs_up(state: State, fact: OperatorHangsUp) -> None:
    desk = desks.find(state, fact)
    if desk is None:
        return
    if desk.call is not None and desk.call.state is _TALKING:
        state.commands.append(HangUpTalk(desk.call.id))
    elif desk.attempt is not None:
        state.commands.append(EndCallBack(desk.attempt.id, by_operator=True))
    else:
        nobody(state, desk)


def sends_on(state: State, fact: OperatorSendsOn) -> None:
    desk = desks.find(state, fact)
    if desk is None:
        return
    if desk.call is None or desk.call.state is not _TALKING:
        nobody(state, desk)
    elif limit := _beyond(state, desk, fact.to):
        state.events.append(OutsideRefused(state.now, limit, desk.id))
    else:
        state.commands.append(SendOn(desk.call.id, fact.to))


def _beyond(state: State, desk: Desk, to: str) -> Limit | None:
    """The limit that keeps him from sending a caller there; whoever may go is counted. The dialplan counts too, the
    calls that he makes by his phone alone included, and over our restarts."""
    if not to.startswith("+"):
        return None
    if not state.policy.outside.may_transfer(to):
        return Limit.NOT_ALLOWED
    desk.sent_out = [at for at in desk.sent_out if at > state.now - _HOUR]
    if len(desk.sent_out) >= state.policy.outside.per_operator:
        return Limit.PER_OPERATOR
    desk.sent_out.append(state.now)
    return None


def refused(state: State, fact: Refused) -> None:
    desk = state.by_device.get(fact.device)
    state.events.append(OutsideRefused(state.now, fact.why, None if desk is None else desk.id))


def nobody(state: State, desk: Desk) -> None:
    """Tell that there is no caller with whom something could be done."""
    state.events.append(MoveRefused(state.now, f"call of operator {desk.id}", "he speaks with nobody"))
