"""What a supervisor does: moves a waiting call, lends an operator, opens or closes a line, listens in.

Each deed is first looked at (:func:`objection`), so that a page can say why it cannot be done; whoever does it all the
same changes nothing. A caller is moved only while he waits with the music and nothing is on its way to him: his line is
a variable on his channel, so he hears nothing of it, and no Redirect can cross another one.
"""

from collections.abc import Callable
from typing import Any, Final

from acd.engine.callers import ON_OFFER
from acd.engine.people import Call, Desk, Lent, Spying
from acd.engine.promise import Proposal
from acd.engine.state import ENGINE, State, TimerKind
from acd.model import facts as f
from acd.model.call import CallState
from acd.model.commands import EndSpy, Reroute, SetLineOpen, Spy
from acd.model.events import (
    CallRerouted,
    LineOverridden,
    MoveRefused,
    OperatorLinesChanged,
    SpyEnded,
    SpyStarted,
)
from acd.model.facts import PhoneState
from acd.model.ids import SpyId
from acd.model.operator import AT_WORK, OperatorState, Wish
from acd.model.policy import Line
from acd.model.supervision import LinesStored, LineStored, Objection, SpyEnd, SpySeen, SpyStored

SPY_RINGS: Final = 20.0
"""Seconds that the supervisor's phone rings."""

_O = Objection


# --- May it be done? -------------------------------------------------------------------------------------------------


def objection(state: State, fact: f.Fact) -> Objection | None:
    """Why this cannot be done now; None = it can. Facts that nobody asks about have no objection."""
    look = _OBJECTIONS.get(type(fact))
    return None if look is None else look(state, fact)


def _to_move(state: State, fact: f.CallMoved) -> Objection | None:
    call = state.calls.get(fact.call)
    if call is None:
        return _O.NO_CALL
    if fact.line not in state.policy.lines:
        return _O.NO_LINE
    if not state.linked:
        return _O.NO_LINK
    where = _where(state, call)
    if where is None and call.line is not None and call.line.id == fact.line:
        return _O.SAME_LINE
    return where


def _where(state: State, call: Call) -> Objection | None:
    """Why a caller in this state is not moved."""
    if call.state in ON_OFFER:
        return _O.RINGS
    match call.state:
        case CallState.WAITING:
            return _O.IN_DIALOGUE if _deferring(state, call) else None
        case CallState.BOOKING:
            return _O.IN_DIALOGUE
        case CallState.CHECKING:
            return _O.IN_DOUBT
        case CallState.TALKING:
            return _O.TALKS
        case _:
            return _O.NOT_WAITING


def _deferring(state: State, call: Call) -> bool:
    """Between the question to the keeper and the end of the dialogue all that is said to him is about this line."""
    proposal = call.proposal
    if call.id in state.bookings:
        return True
    return proposal is not None and (proposal.asked or proposal.sent or proposal.promise is not None)


def _to_lend(state: State, fact: f.OperatorLinesSet) -> Objection | None:
    if fact.operator not in state.policy.operators:
        return _O.NO_OPERATOR
    if fact.lines is None:
        return _O.NOT_CHANGED if state.desks[fact.operator].lent is None else None
    if not fact.lines:
        return _O.NO_LINES
    return None if set(fact.lines) <= state.policy.lines.keys() else _O.NO_LINE


def _to_switch(state: State, fact: f.LineSwitched) -> Objection | None:
    return None if fact.line in state.policy.lines else _O.NO_LINE


def _to_set(state: State, fact: f.OperatorAction) -> Objection | None:
    if fact.operator not in state.policy.operators:
        return _O.NO_OPERATOR
    if isinstance(fact, f.OperatorNotReady) and fact.reason not in state.policy.reasons:
        return _O.NO_REASON
    logs = isinstance(fact, f.OperatorLoggedIn | f.OperatorLoggedOut)
    return _O.NOT_LOGGED_IN if not logs and state.desks[fact.operator].wish is Wish.OUT else None


def _to_spy(state: State, fact: f.SpyWanted) -> Objection | None:
    desk, own = state.desks.get(fact.operator), state.by_device.get(fact.device)
    if desk is None:
        return _O.NO_OPERATOR
    if own is None:
        return _O.NO_PHONE
    if not state.linked:
        return _O.NO_LINK
    if not _talks(desk):
        return _O.NOT_TALKING
    return _O.SAME_PHONE if own is desk else _phone(state, own)


def _talks(desk: Desk) -> bool:
    return desk.state is OperatorState.IN_CALL and (desk.call is not None or desk.attempt is not None)


def _phone(state: State, own: Desk) -> Objection | None:
    """The supervisor's phone is free."""
    if own.phone is PhoneState.UNREACHABLE:
        return _O.PHONE_AWAY
    spies = any(spy.device == own.config.device for spy in state.spies.values())
    working = own.state in AT_WORK and own.state is not OperatorState.WRAP_UP
    return _O.PHONE_BUSY if spies or working or own.phone is PhoneState.BUSY else None


def _to_stop(state: State, fact: f.SpyUnwanted) -> Objection | None:
    return None if fact.spy in state.spies else _O.NO_SPY


_OBJECTIONS: Final[dict[type[f.Fact], Callable[[State, Any], Objection | None]]] = {
    f.CallMoved: _to_move,
    f.OperatorLinesSet: _to_lend,
    f.LineSwitched: _to_switch,
    f.OperatorLoggedIn: _to_set,
    f.OperatorLoggedOut: _to_set,
    f.OperatorReady: _to_set,
    f.OperatorNotReady: _to_set,
    f.SpyWanted: _to_spy,
    f.SpyUnwanted: _to_stop,
}


def refused(state: State, fact: f.Fact, what: str) -> bool:
    """Whether there is an objection; then it is written down, and nothing changes."""
    why = objection(state, fact)
    if why is not None:
        state.events.append(MoveRefused(state.now, what, why.value))
    return why is not None


# --- A waiting call --------------------------------------------------------------------------------------------------


def move_call(state: State, fact: f.CallMoved) -> None:
    if refused(state, fact, f"call {fact.call} to line {fact.line}"):
        return
    call = state.calls[fact.call]
    to_line(state, call, state.line(fact.line), fact.by)
    call.rerouted = True
    state.commands.append(Reroute(call.id, fact.line))


def to_line(state: State, call: Call, line: Line, by: str) -> None:
    """He waits on this line from now on, at his old place in time. What was worked out for the old line counts no more,
    except that he does not hear the offer again at once which he has just declined."""
    assert call.line is not None
    before, declined = call.line.id, None if call.proposal is None else call.proposal.not_before
    was_waiting = call.state is CallState.WAITING
    state.drop_plan(call)
    if was_waiting:
        state.put_call(call, CallState.CHECKING)
    call.line, call.predicted, call.announced = line, None, None
    call.proposal = None if line.callback is None else Proposal()
    if call.proposal is not None and declined is not None:
        call.proposal.not_before = declined
    state.events.append(CallRerouted(state.now, call.id, line.id, before, by))
    if was_waiting:
        state.put_call(call, CallState.WAITING)


# --- An operator's lines ---------------------------------------------------------------------------------------------


def set_lines(state: State, fact: f.OperatorLinesSet) -> None:
    if refused(state, fact, f"lines of operator {fact.operator}"):
        return
    desk = state.desks[fact.operator]
    if fact.lines is None:
        take_back(state, desk, fact.by)
        return
    # In the order of the settings, each once.
    lines = tuple(id for id in state.policy.lines if id in fact.lines)
    lend(state, desk, Lent(desk, lines, fact.until, state.now, fact.by))
    state.events.append(OperatorLinesChanged(state.now, desk.id, lines, fact.until, fact.by))


def lend(state: State, desk: Desk, lent: Lent) -> None:
    """A call in hand is finished first: it has its line already."""
    if desk.lent is not None:
        desk.lent.token += 1
    desk.lent = lent
    state.set_timer(max(state.now, lent.until), TimerKind.LINES_OVER, lent)
    state.adopt_lines(desk)


def take_back(state: State, desk: Desk, by: str) -> None:
    assert desk.lent is not None
    desk.lent.token += 1
    desk.lent = None
    state.adopt_lines(desk)
    state.events.append(OperatorLinesChanged(state.now, desk.id, None, 0.0, by))


def lines_over(state: State, lent: Lent) -> None:
    """The day is over."""
    take_back(state, lent.desk, ENGINE)


def restored_lines(state: State, stored: LinesStored) -> None:
    desk = state.desks.get(stored.operator)
    lines = tuple(id for id in stored.lines if id in state.policy.lines)
    if desk is not None and lines:
        lend(state, desk, Lent(desk, lines, stored.until, stored.at, stored.by))


# --- A line ----------------------------------------------------------------------------------------------------------


def switch_line(state: State, fact: f.LineSwitched) -> None:
    if refused(state, fact, f"line {fact.line}"):
        return
    if fact.open is None:
        state.switched.pop(fact.line, None)
    else:
        state.switched[fact.line] = LineStored(fact.line, fact.open, state.now, fact.by)
    state.events.append(LineOverridden(state.now, fact.line, fact.open, fact.by))
    if state.linked:
        state.commands.append(SetLineOpen(fact.line, fact.open))


def tell_lines(state: State) -> None:
    """A switch that was started anew knows nothing of it, and one that was not may know what holds no more."""
    for line in state.policy.lines:
        known = state.switched.get(line)
        state.commands.append(SetLineOpen(line, None if known is None else known.open))


# --- Listening in ----------------------------------------------------------------------------------------------------


def spy(state: State, fact: f.SpyWanted) -> None:
    if refused(state, fact, f"listening to operator {fact.operator}"):
        return
    desk = state.desks[fact.operator]
    call = None if desk.call is None else desk.call.id
    attempt = None if desk.attempt is None else desk.attempt.id
    id = SpyId(int(state.next_offer()))
    state.spies[id] = Spying(id, desk.id, fact.device, fact.mode, fact.by, call, attempt)
    state.commands.append(Spy(id, call, attempt, fact.device, fact.mode, desk.config.name, SPY_RINGS))


def stop_spying(state: State, fact: f.SpyUnwanted) -> None:
    if not refused(state, fact, f"ending the listening in {fact.spy}"):
        state.commands.append(EndSpy(fact.spy))


def spy_began(state: State, fact: f.SpyBegan) -> None:
    spying = state.spies.get(fact.spy)
    if spying is not None and spying.began_at is None:
        spying.began_at = fact.began_at
        whom = spying.operator, spying.call, spying.attempt
        state.events.append(SpyStarted(state.now, spying.id, *whom, spying.device, spying.mode, spying.by))


def spy_over(state: State, fact: f.SpyOver) -> None:
    spying = state.spies.pop(fact.spy, None)
    if spying is not None:
        end = spying.id, spying.operator, spying.call, spying.mode, spying.by
        state.events.append(SpyEnded(state.now, *end, fact.how))


def restored_spy(state: State, stored: SpyStored) -> None:
    who = stored.spy, stored.operator, stored.device, stored.mode, stored.by, stored.call, stored.attempt
    state.spies[stored.spy] = Spying(*who, stored.started_at)


def seen_spies(state: State, seen: tuple[SpySeen, ...]) -> None:
    """Whoever is not there any more has stopped. One of whom we know nothing is hung up: nobody is heard in secret."""
    there = {spy.spy: spy for spy in seen}
    for id in [id for id in state.spies if id not in there]:
        spy_over(state, f.SpyOver(id, state.now, SpyEnd.UNSEEN))
    for spy_there in seen:
        if spy_there.spy not in state.spies:
            state.commands.append(EndSpy(spy_there.spy))
        elif spy_there.began:
            spy_began(state, f.SpyBegan(spy_there.spy, state.now))
