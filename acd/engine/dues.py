"""The promises whose moment has come: which is kept next, by whom, and how many operators stay idle meanwhile."""

from typing import Final

from acd.engine.people import Desk, Lane
from acd.engine.state import State, TimerKind
from acd.model.call import CallState
from acd.model.callback import DueCallback
from acd.model.facts import CallbacksDue
from acd.model.ids import CallbackId, LineId
from acd.model.policy import CallbackRule
from acd.routing.choice import choose_operator

AGAIN_AFTER: Final = 30.0
"""Seconds before a promise is tried again of which the citizen has heard nothing yet."""

LAST_HOUR: Final = 3600.0
"""Seconds before the deadline from which no operator is held back any more."""

LAST_HOURS: Final = 4 * LAST_HOUR
"""Seconds before the deadline from which half as many are held back."""


def told(state: State, fact: CallbacksDue) -> None:
    """Also of a promise that is just being claimed: should that fail, it is due still."""
    dues = state.dues
    dues.by_line.clear()
    for rank, due in enumerate(fact.callbacks):
        dues.by_line.setdefault(due.line, []).append((rank, due))
    dues.resting = {id: at for id, at in dues.resting.items() if at > state.now}
    watch(state)


def watch(state: State) -> None:
    """Look again when a rest is over, or when a deadline comes so near that fewer operators are held back."""
    dues = state.dues
    dues.token += 1
    moments = [at for at in dues.resting.values() if at > state.now]
    for queue in dues.by_line.values():
        for _, due in queue:
            moments += [at for at in (due.deadline - LAST_HOURS, due.deadline - LAST_HOUR) if at > state.now]
    if moments:
        state.set_timer(min(moments), TimerKind.LOOK_AT_DUES, dues)


def rest(state: State, callback: CallbackId) -> None:
    """The promise is not tried again at once, whenever it is told to be due."""
    state.dues.resting[callback] = state.now + AGAIN_AFTER
    watch(state)


def claimed(state: State, line: LineId, callback: CallbackId) -> None:
    """It is ours. Whether it is due again after this attempt, the keeper will say."""
    queue = state.dues.by_line.get(line, [])
    queue[:] = [entry for entry in queue if entry[1].callback != callback]
    if not queue:
        state.dues.by_line.pop(line, None)


def under_way(state: State) -> set[CallbackId]:
    return {attempt.callback for attempt in state.attempts.values()}


def most_urgent(state: State) -> tuple[DueCallback, Lane, Desk] | None:
    """The first promise for which an operator can be spared, and the operator; None = there is none now."""
    best: tuple[int, DueCallback, Lane] | None = None
    begun = under_way(state)
    for line, queue in state.dues.by_line.items():
        lane = state.lanes.get(line)
        if lane is None or not lane.idle:
            continue
        for rank, due in queue:
            if best is not None and rank > best[0]:
                break
            if due.callback not in begun and may_begin(state, lane, due):
                best = rank, due, lane
                break
    if best is None:
        return None
    _, due, lane = best
    desk = asked_for(lane, due) or choose_operator(lane.idle.values(), due.line, state.policy.routing.operator_rule)
    # A caller after whom the switch is just being asked may need him in a moment.
    doubtful = (call.line for call in state.calls.values() if call.state is CallState.CHECKING)
    wanted = any(line is not None and line.id in desk.config.lines for line in doubtful)
    return None if wanted else (due, lane, desk)


def may_begin(state: State, lane: Lane, due: DueCallback) -> bool:
    """It rests no more, and enough others stay idle; who asked to call now is not held back."""
    if state.dues.resting.get(due.callback, 0.0) > state.now:
        return False
    if asked_for(lane, due) is not None:
        return True
    rule = lane.line.callback or CallbackRule()
    return len(lane.idle) - 1 >= reserve(rule, due.deadline - state.now, lane.on_duty)


def asked_for(lane: Lane, due: DueCallback) -> Desk | None:
    """The operator who asked to call now; None = nobody did, or he is not available: then whoever has time calls."""
    return None if due.operator is None else lane.idle.get(due.operator)


def reserve(rule: CallbackRule, left: float, on_duty: int) -> int:
    """How many others of the line stay idle: fewer as the deadline nears, and never more than there are.

    Args:
        left: seconds until the deadline.
        on_duty: operators of the line who take calls, busy or not.
    """
    if left <= LAST_HOUR:
        return 0
    wanted = rule.reserve if left > LAST_HOURS else (rule.reserve + 1) // 2
    return max(0, min(wanted, on_duty - 1))
