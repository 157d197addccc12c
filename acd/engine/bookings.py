"""He accepts to be called back: a promise that is written is known and counts, whatever becomes of him meanwhile."""

from typing import Final

from acd.engine import callbacks, callers
from acd.engine.callbacks import ask, hear_again_after, plan_ahead, proposal_of
from acd.engine.people import Call
from acd.engine.promise import Left, Proposal
from acd.engine.state import State, TimerKind
from acd.model.call import CallMove, CallState
from acd.model.commands import BOOKING_PATIENCE, AnswerBooking, BookCallback, CancelCallback, DropPlan
from acd.model.events import CallbackImpossible, CallbackPromised
from acd.model.facts import CallbackBooked, CallbackNotBooked, CallbackPlanned, CallbackWanted, CallGone, CallStored
from acd.model.ids import CallbackId, LineId
from acd.model.outcome import Outcome

NO_ANSWER = "no_answer"
"""Why no promise was made: the keeper never said whether it stands."""

_BOOKING_MARGIN: Final = 1.0
"""Seconds beyond ``BOOKING_PATIENCE`` at which a booking without an answer is given up; the dialplan waits longer."""

_CONFIRMING: Final = 3.0
"""Seconds after which the switch is asked whether the caller has heard that his promise stands."""


# --- The promise ---------------------------------------------------------------------------------------------------


def wanted(state: State, fact: CallbackWanted) -> None:
    """He accepted. A Redirect to an operator that is already under way wins; should it come to nothing, he is found
    where he waits for our word."""
    call = state.calls.get(fact.call)
    if call is None or call.line is None:
        return
    if call.state is CallState.WAITING:
        book(state, call, fact)
    elif call.state in (CallState.OFFERED, CallState.CHECKING):
        proposal_of(call).wanted = fact


def book(state: State, call: Call, choice: CallbackWanted) -> None:
    assert call.line is not None
    proposal = proposal_of(call)
    proposal.plan = proposal.wanted = None
    proposal.sent = proposal.heard = False
    state.bookings[call.id] = call.line.id
    state.commands.append(BookCallback(call.id, call.line.id, choice.choice, choice.number))
    await_booking(state, call)


def await_booking(state: State, call: Call) -> None:
    """No operator's offer for him until it is known whether the promise stands."""
    state.put_call(call, CallState.BOOKING)
    state.set_timer(state.now + BOOKING_PATIENCE + _BOOKING_MARGIN, TimerKind.BOOKING_OVERDUE, call)


def overdue(state: State, call: Call) -> None:
    """The keeper is silent. Should the promise stand after all, it is told when it is known."""
    no_promise(state, call, NO_ANSWER)


def booked(state: State, fact: CallbackBooked) -> None:
    """It is in the database: from here on it counts, whatever became of the caller."""
    call = state.calls.get(fact.call)
    line = state.bookings.pop(fact.call, None)
    if call is not None and line is None and call.line is not None and proposal_of(call).promise is None:
        line = call.line.id
    if line is None:
        return
    promised(state, fact, line)
    if call is None:
        return
    proposal = proposal_of(call)
    proposal.promise = fact
    if call.state is CallState.BOOKING:
        confirm(state, call, proposal)
    elif call.state is CallState.TALKING or (call.state is CallState.AFTER and call.answered_at is not None):
        # He has got through by himself meanwhile.
        proposal.promise = None
        state.commands.append(CancelCallback(call.id, line))
    else:
        proposal.untold = True
        if call.state is CallState.WAITING and not proposal.heard:
            state.drop_plan(call)
            plan_ahead(state, call, proposal)


def restored(state: State, call: Call, known: CallStored) -> None:
    """The one before us died between the promise and its word. If he still waits he is told, and if he has left, it
    counts. It is in the ledger once."""
    if known.promise is None or known.line is None:
        return
    proposal = proposal_of(call)
    proposal.promise, proposal.untold = known.promise, True
    if not known.promise_in_ledger:
        promised(state, known.promise, known.line)


def promised(state: State, fact: CallbackBooked, line: LineId) -> None:
    start, end = fact.window.start, fact.window.end
    state.events.append(CallbackPromised(state.now, fact.call, line, fact.callback, start, end, fact.deadline))


def confirm(state: State, call: Call, proposal: Proposal) -> None:
    """The promise stands: he hears so, and the call ends."""
    assert proposal.promise is not None
    if proposal.left is not None:
        close_left(state, call, proposal.left)
        return
    callers.count(state, call, Outcome.CALLBACK_ACCEPTED)
    state.commands.append(AnswerBooking(call.id, proposal.promise.window, proposal.promise.deadline))
    proposal.untold = False
    state.put_call(call, CallState.AFTER)
    state.set_timer(state.now + _CONFIRMING, TimerKind.CHECK_CALL, call)


def not_booked(state: State, fact: CallbackNotBooked) -> None:
    state.bookings.pop(fact.call, None)
    call = state.calls.get(fact.call)
    if call is None:
        return
    if call.state is CallState.BOOKING:
        no_promise(state, call, fact.why)
    elif call.state is CallState.WAITING:
        plan_ahead(state, call, proposal_of(call))


def no_promise(state: State, call: Call, why: str) -> None:
    """He hears that it did not work, and waits on at his place."""
    assert call.line is not None
    proposal = proposal_of(call)
    state.events.append(CallbackImpossible(state.now, call.id, call.line.id, why))
    if proposal.left is not None:
        close_left(state, call, proposal.left)
        return
    state.commands.append(AnswerBooking(call.id, None, 0.0))
    hear_again_after(state, call, proposal)
    state.move_call(call, CallMove.BOOK_FAILED)


# --- He hangs up ---------------------------------------------------------------------------------------------------


def gone(state: State, fact: CallGone) -> None:
    call = state.calls.get(fact.call)
    if call is not None:
        leave(state, call, fact.gone_at, overflowing=fact.overflowing)


def leave(
    state: State, call: Call, gone_at: float, *, overflowing: bool, seen: bool = True, rebooted: bool = False
) -> None:
    """The caller's channel is over. While his promise is being written, the answer decides how he counts.

    Args:
        overflowing: he was at the partner's, where nobody had answered yet.
        seen: False = inferred afterwards.
        rebooted: the switch died.
    """
    if call.state is not CallState.BOOKING or call.outcome is not None:
        close(state, call, gone_at, overflowing=overflowing, seen=seen, rebooted=rebooted)
    elif proposal_of(call).left is None:
        proposal_of(call).left = Left(gone_at, seen, rebooted, overflowing)


def close_left(state: State, call: Call, left: Left) -> None:
    close(state, call, left.at, overflowing=left.overflowing, seen=left.seen, rebooted=left.rebooted)


def close(state: State, call: Call, gone_at: float, *, overflowing: bool, seen: bool, rebooted: bool) -> None:
    if call.proposal is not None and call.proposal.promise is not None:
        callers.count(state, call, Outcome.CALLBACK_ACCEPTED, at=gone_at, seen=seen)
    elif rebooted:
        callers.count(state, call, Outcome.SWITCH_FAILURE, seen=False)
    callers.end(state, call, gone_at, overflowing=overflowing, seen=seen)


# --- Somebody else must know ---------------------------------------------------------------------------------------


def seen_booking(state: State, call: Call) -> None:
    """He waits for the word that his promise stands, and we may not know of it."""
    proposal = proposal_of(call)
    if proposal.promise is not None:
        confirm(state, call, proposal)
    elif call.id in state.bookings:
        if call.state is not CallState.BOOKING:
            await_booking(state, call)
    elif proposal.wanted is not None:
        book(state, call, proposal.wanted)
    elif call.state is not CallState.BOOKING:
        find_out(state, call, proposal)


def find_out(state: State, call: Call, proposal: Proposal) -> None:
    """He accepted before our start, or unseen: only the keeper knows whether he is owed a call."""
    await_booking(state, call)
    if not proposal.asked:
        ask(state, call, proposal, state.now)


def planned(state: State, fact: CallbackPlanned) -> None:
    """A plan for a caller who waits, or the keeper's word whether one who waits for ours is owed a call."""
    call = state.calls.get(fact.call)
    if call is None or call.state is not CallState.BOOKING:
        callbacks.planned(state, fact)
    elif call.id not in state.bookings:
        found_out(state, call, proposal_of(call), fact)


def found_out(state: State, call: Call, proposal: Proposal, fact: CallbackPlanned) -> None:
    proposal.asked, plan = False, fact.plan
    if plan is not None and plan.existing is not None:
        assert call.line is not None
        of_call = plan.callback or CallbackId(call.id)
        proposal.promise = CallbackBooked(call.id, of_call, plan.existing, plan.deadline)
        promised(state, proposal.promise, call.line.id)
        state.commands.append(DropPlan(call.id))
        confirm(state, call, proposal)
        return
    proposal.plan, proposal.offer_at = plan, state.now
    no_promise(state, call, NO_ANSWER)
