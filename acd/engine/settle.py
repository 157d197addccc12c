"""The one call site of routing: offer until nothing more can be offered; who is idle then may call somebody back."""

from typing import Final

from acd.engine import attempts
from acd.engine.people import Call, Desk, Lane
from acd.engine.state import State, TimerKind
from acd.model.call import CallMove
from acd.model.commands import Offer
from acd.model.events import CallOffered, Why
from acd.model.operator import OperatorMove
from acd.routing.choice import LineView, choose_line, choose_operator

_OFFER_CALL: Final = CallMove.OFFER
_OFFER_DESK: Final = OperatorMove.OFFER
_CONFIRM_OFFER: Final = TimerKind.CONFIRM_OFFER

# Compiled code looks the name of a foreign class up at each use, but not a constant.
_OFFER: Final = Offer
_OFFERED: Final = CallOffered
_WHY: Final = Why


def settle(state: State) -> None:
    """First everybody who waits, then those who were promised a call."""
    serve_waiting(state)
    if state.linked:
        while state.attempts and state.total_waiting and attempts.give_back(state):
            serve_waiting(state)
        if state.dues.by_line:
            attempts.start_due(state)


def serve_waiting(state: State) -> None:
    """Make offers until no waiting caller stands beside an available operator of his line (a fixed point)."""
    while state.unsettled and state.linked:
        views = [view(state, lane) for lane in state.lanes.values() if lane.waiting and lane.idle]
        if not views:
            state.unsettled = False
            return
        chosen, line_rule = choose_line(views, state.total_waiting, state.routing)
        lane = state.lanes[chosen.line]
        candidates = len(lane.idle)
        desk = choose_operator(lane.idle.values(), chosen.line, state.routing.operator_rule)
        make_offer(state, lane.waiting[0][2], desk, why(state, chosen, line_rule, desk, candidates))


def view(state: State, lane: Lane) -> LineView:
    """The line as the choice sees it."""
    entered_at, _, head = lane.waiting[0]
    assert head.line is not None
    waited = state.now - entered_at
    aged = waited + head.line.priority * state.routing.priority_step
    return LineView(lane.line.id, len(lane.waiting), waited, aged, lane.share)


def why(state: State, line: LineView, line_rule: str, desk: Desk, candidates: int) -> Why:
    """The explanation that is kept with the offer."""
    return _WHY(
        line_rule=line_rule,
        waited=line.waited,
        aged=line.aged,
        waiting=line.waiting,
        queue_share=line.waiting / state.total_waiting,
        line_share=line.share,
        operator_rule="only_operator" if candidates == 1 else state.routing.operator_rule,
        level=desk.level(line.line),
        skills=desk.skills,
        idle=state.now - desk.since,
        candidates=candidates,
    )


def make_offer(state: State, call: Call, desk: Desk, reasons: Why) -> None:
    """Reserve the operator first, then tell the switch."""
    assert call.line is not None
    offer = state.next_offer()
    state.move_call(call, _OFFER_CALL)
    attach(call, desk)
    state.move_desk(desk, _OFFER_DESK)
    call.offer, call.dialled, call.unheard = offer, False, 0
    ring_time = call.line.ring_time
    call.give_up_at = state.now + ring_time + state.policy.offer_margin
    state.events.append(_OFFERED(state.now, call.id, call.line.id, desk.id, offer, reasons))
    state.commands.append(_OFFER(call.id, offer, desk.id, desk.config.device, ring_time))
    state.set_timer(state.now + state.policy.confirm_timeout, _CONFIRM_OFFER, call)


def attach(call: Call, desk: Desk) -> None:
    """From here on these two belong together."""
    call.operator, desk.call = desk, call
    desk.line = call.line.id if call.line else None
