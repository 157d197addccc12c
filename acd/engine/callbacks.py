"""The offer to be called back: when a waiting caller hears it, and what becomes of his answer.

While the dialogue plays he waits like anybody else, so the offer costs him nothing: an operator who comes free takes
him out of it. What follows when he accepts: :mod:`acd.engine.bookings`.
"""

from collections.abc import Callable
from math import inf
from typing import Final

from acd.engine import callers
from acd.engine.callers import IN_LINE
from acd.engine.people import Call
from acd.engine.promise import Proposal
from acd.engine.state import State, TimerKind
from acd.model.call import CallState
from acd.model.commands import (
    CancelCallback,
    DropPlan,
    OfferCallback,
    PlanCallback,
)
from acd.model.events import CallbackOffered, CallbackTurnedDown
from acd.model.facts import (
    CallbackCancelled,
    CallbackDeclined,
    CallbackHeard,
    CallbackPlanned,
    CallWhereabouts,
    LineClosing,
)
from acd.model.policy import CallbackRule

AHEAD: Final = 5.0
"""Seconds before the offer at which the plan is asked for. No announcement begins from then on: it would still be
played when the offer should begin."""

_LOOK_AGAIN: Final = 30.0
"""Seconds between two looks whether the wait has become a long one."""

_PLAN_AGAIN: Final = 60.0
"""Seconds after which the keeper is asked again when nothing could be promised."""

_UNHEARD: Final = 10.0
"""Seconds that a plan may lie on the channel: a turn of the waiting loop, and what is being said to him just then."""

_DIALOGUE: Final = 60.0
"""Seconds that the dialogue takes at most."""

_HOLD: Final = 2.0
"""Seconds by which an announcement or an overflow waits for the dialogue to end, again and again."""

Act = Callable[[State, Call], None]
"""What a timer does."""


def proposal_of(call: Call) -> Proposal:
    """The proposal of a caller who is in the dialogue, also on a line that has given up its rule since."""
    if call.proposal is None:
        call.proposal = Proposal()
    return call.proposal


# --- When ----------------------------------------------------------------------------------------------------------


def arm(state: State) -> None:
    """Look at the calls that began to wait in this step and still do."""
    for call in state.joined:
        if call.proposal is not None and call.state is CallState.WAITING:
            back_in_line(state, call, call.proposal)


def back_in_line(state: State, call: Call, proposal: Proposal) -> None:
    """He waits (again). Whom an operator's offer took out of the dialogue hears it anew; so does who had not begun to
    hear it: the dialplan takes it back as it dials (``acd-connect``)."""
    proposal.wake_at = None
    broken = (proposal.heard or (proposal.sent and call.dialled)) and not proposal.unbroken
    proposal.unbroken = False
    proposal.wanted = None
    if broken:
        proposal.sent = proposal.heard = False
        proposal.offer_at = state.now
    plan_ahead(state, call, proposal)


def wake(state: State, call: Call) -> None:
    proposal = call.proposal
    if proposal is not None and proposal.wake_at is not None and state.now >= proposal.wake_at:
        proposal.wake_at = None
        plan_ahead(state, call, proposal)


def plan_ahead(state: State, call: Call, proposal: Proposal) -> None:
    """Do what is due for this waiting caller, or set the timer for it."""
    assert call.line is not None
    rule = call.line.callback
    if proposal.asked or proposal.sent or call.id in state.bookings or not state.linked:
        return
    if proposal.plan is not None:
        if state.now >= proposal.offer_at:
            offer(state, call, proposal)
        else:
            look_at(state, call, proposal, proposal.offer_at)
    elif rule is not None:
        at, look_again = moment(state, call, proposal, rule)
        if state.now >= at - AHEAD:
            ask(state, call, proposal, at)
        else:
            look_at(state, call, proposal, min(at - AHEAD, look_again))


def look_at(state: State, call: Call, proposal: Proposal, at: float) -> None:
    if at < inf:
        proposal.wake_at = at
        state.set_timer(at, TimerKind.CALLBACK, call)


def moment(state: State, call: Call, proposal: Proposal, rule: CallbackRule) -> tuple[float, float]:
    """When he is to hear the offer, as far as can be said now, and when to look again whether it should be earlier."""
    if proposal.untold:
        return state.now, inf
    at = max(call.entered_at + rule.after, proposal.not_before)
    early = max(call.entered_at + rule.early_after, proposal.not_before)
    if early >= at:
        return at, inf
    if state.now < early - AHEAD:
        return at, early - AHEAD
    if hopeless(state, call, rule):
        return max(state.now, early), inf
    return at, state.now + _LOOK_AGAIN


def hopeless(state: State, call: Call, rule: CallbackRule) -> bool:
    """A long wait lies before him, or the line closes before he can be served, or nobody is there to serve him."""
    assert call.line is not None
    closes_at = state.lanes[call.line.id].closes_at
    if rule.early_when <= 0 and closes_at is None:
        return False
    expected = callers.expected_wait(state, call)
    if expected is None:
        return True
    served_at = state.now + expected
    long = rule.early_when > 0 and served_at - call.entered_at > rule.early_when
    return long or (closes_at is not None and served_at > closes_at)


def line_closing(state: State, fact: LineClosing) -> None:
    lane = state.lanes.get(fact.line)
    if lane is None:
        return
    lane.closes_at = fact.closes_at
    for _, _, call in lane.waiting:
        if call.proposal is not None:
            plan_ahead(state, call, call.proposal)


# --- The plan ------------------------------------------------------------------------------------------------------


def ask(state: State, call: Call, proposal: Proposal, offer_at: float) -> None:
    assert call.line is not None
    proposal.asked, proposal.offer_at = True, offer_at
    state.commands.append(PlanCallback(call.id, call.line.id, call.number, call.language))


def planned(state: State, fact: CallbackPlanned) -> None:
    call = state.calls.get(fact.call)
    proposal = None if call is None else call.proposal
    if call is None or proposal is None:
        refuse_plan(state, fact, None)
        return
    unasked, proposal.asked = not proposal.asked, False
    owed = fact.plan is not None and fact.plan.existing is not None
    if fact.plan is None:
        if call.state is CallState.WAITING and not unasked:
            look_at(state, call, proposal, state.now + _PLAN_AGAIN)
    elif proposal.heard and call.state is CallState.WAITING:
        pass  # He hears the one before.
    elif call.state is not CallState.WAITING or (unasked and (not owed or state.now < proposal.not_before)):
        refuse_plan(state, fact, proposal)
    else:
        proposal.plan, proposal.sent = fact.plan, False
        if owed:
            proposal.offer_at = state.now
        plan_ahead(state, call, proposal)


def refuse_plan(state: State, fact: CallbackPlanned, proposal: Proposal | None) -> None:
    """It came when he needed none; the keeper keeps one for each caller, so an earlier one goes with it."""
    if fact.plan is not None:
        state.commands.append(DropPlan(fact.call))
    if proposal is not None:
        proposal.plan, proposal.sent, proposal.heard = None, False, False


def offer(state: State, call: Call, proposal: Proposal) -> None:
    assert proposal.plan is not None
    proposal.sent, proposal.heard = True, False
    proposal.quiet_until = state.now + _UNHEARD
    state.commands.append(OfferCallback(call.id, proposal.plan))


# --- The dialogue --------------------------------------------------------------------------------------------------


def listens(call: Call) -> bool:
    """He hears the offer at this moment."""
    return call.state is CallState.WAITING and call.proposal is not None and call.proposal.heard


def heard(state: State, fact: CallbackHeard) -> None:
    call = state.calls.get(fact.call)
    if call is None or call.line is None or call.state not in IN_LINE:
        return
    proposal = proposal_of(call)
    proposal.sent = proposal.heard = True
    proposal.untold = False
    proposal.quiet_until = state.now + _DIALOGUE
    waited = max(0.0, fact.heard_at - call.entered_at)
    rule = call.line.callback
    early = rule is not None and waited < rule.after
    state.events.append(CallbackOffered(state.now, call.id, call.line.id, fact.heard_at, waited, early))


def found(call: Call, where: CallWhereabouts) -> None:
    """Asked where he is, the switch says it. Whom it finds in the dialogue need not hear it anew."""
    if where is CallWhereabouts.OFFER and call.proposal is not None:
        call.proposal.sent = call.proposal.heard = call.proposal.unbroken = True


def declined(state: State, fact: CallbackDeclined) -> None:
    """He stays and waits. Also a caller who keeps the promise that he has."""
    call = state.calls.get(fact.call)
    if call is None or call.line is None or call.state not in IN_LINE:
        return
    state.events.append(CallbackTurnedDown(state.now, call.id, call.line.id))
    dialogue_over(state, call)


def cancelled(state: State, fact: CallbackCancelled) -> None:
    """He wants no call any more, wherever he is by now; he waits on."""
    call = state.calls.get(fact.call)
    if call is None or call.line is None:
        return
    state.commands.append(CancelCallback(call.id, call.line.id))
    if call.proposal is not None:
        call.proposal.promise, call.proposal.untold = None, False
        dialogue_over(state, call)


def dialogue_over(state: State, call: Call) -> None:
    proposal = proposal_of(call)
    state.drop_plan(call)
    hear_again_after(state, call, proposal)
    if call.state is CallState.WAITING:
        plan_ahead(state, call, proposal)


def hear_again_after(state: State, call: Call, proposal: Proposal) -> None:
    proposal.sent = proposal.heard = False
    proposal.quiet_until = 0.0
    proposal.not_before = again_from(call, state.now)


def again_from(call: Call, declined_at: float) -> float:
    rule = None if call.line is None else call.line.callback
    again_after = 0.0 if rule is None else rule.again_after
    return declined_at + again_after if again_after > 0 else inf


def unless_he_listens(kind: TimerKind, act: Act) -> Act:
    """Whatever else is said or done to a waiting caller leaves the dialogue in peace and comes after it."""

    def run(state: State, call: Call) -> None:
        if quiet(state, call):
            state.set_timer(state.now + _HOLD, kind, call)
        else:
            act(state, call)

    return run


announce: Final[Act] = unless_he_listens(TimerKind.ANNOUNCE, callers.announce)
overflow: Final[Act] = unless_he_listens(TimerKind.OVERFLOW, callers.overflow)


def quiet(state: State, call: Call) -> bool:
    """The dialogue plays, or begins in a moment."""
    proposal = call.proposal
    if proposal is None or not state.linked:
        return False
    if proposal.sent:
        return state.now < proposal.quiet_until
    return (proposal.asked or proposal.plan is not None) and state.now < proposal.offer_at + _UNHEARD


# --- After a gap ---------------------------------------------------------------------------------------------------


def seen_waiting(state: State, call: Call) -> None:
    """Found with the music: a dialogue of before is over, and a plan that he has not begun to hear may be lost."""
    proposal = call.proposal
    if proposal is not None:
        if proposal.heard:
            state.drop_plan(call)
            hear_again_after(state, call, proposal)
        proposal.sent = False


def seen_declined(call: Call, declined_at: float | None) -> None:
    """He has heard it before, perhaps from an engine before us."""
    if declined_at is not None and call.proposal is not None:
        call.proposal.not_before = max(call.proposal.not_before, again_from(call, declined_at))


def seen_listening(state: State, call: Call) -> None:
    proposal_of(call).quiet_until = state.now + _DIALOGUE
    found(call, CallWhereabouts.OFFER)
