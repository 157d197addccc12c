"""Recordings: the switch makes them by itself, here they get their line in the ledger, and an operator pauses them."""

from acd.engine import desks, transfers
from acd.engine.people import Call
from acd.engine.promise import Attempt
from acd.engine.state import ENGINE, State
from acd.engine.tape import Tape
from acd.model import events as ev
from acd.model.commands import PauseRecording
from acd.model.facts import (
    OperatorPausesRecording,
    RecordingBegan,
    RecordingMissing,
    RecordingOver,
    RecordingPaused,
    RecordingResumed,
    RecordingUnchanged,
)
from acd.model.ids import CallId, OfferId, OperatorId

_OfTape = RecordingBegan | RecordingOver | RecordingPaused | RecordingResumed | RecordingUnchanged | RecordingMissing


def began(state: State, fact: RecordingBegan) -> None:
    event = ev.RecordingStarted(
        state.now, fact.recording, fact.call, fact.attempt, fact.line, _operator(state, fact), fact.began_at
    )
    state.events.append(event)
    talk = _talk(state, fact)
    if talk is not None:
        talk.tape = tape = Tape(fact.recording)
        if fact.paused:
            _want(state, talk, tape, on=True, by=ENGINE)


def over(state: State, fact: RecordingOver) -> None:
    state.events.append(ev.RecordingFinished(state.now, fact.recording, fact.call, fact.attempt, fact.ended_at))
    talk = _talk(state, fact)
    if talk is not None and _tape(talk, fact) is not None:
        talk.tape = None


def pauses(state: State, fact: OperatorPausesRecording) -> None:
    desk = desks.find(state, fact)
    if desk is None:
        return
    talk = desk.call or desk.attempt
    if talk is None:
        transfers.nobody(state, desk)
    elif talk.tape is None or talk.tape.missing:
        state.events.append(ev.MoveRefused(state.now, f"recording of operator {desk.id}", "nothing is recorded"))
    elif (talk.tape.paused_at is not None) is not fact.on:
        _want(state, talk, talk.tape, on=fact.on, by=fact.by)


def missing(state: State, fact: RecordingMissing) -> None:
    """The operator sees that there is nothing to be paused."""
    tape = _tape(_talk(state, fact), fact)
    if tape is not None:
        tape.missing, tape.refused = True, False


def _want(state: State, talk: Call | Attempt, tape: Tape, *, on: bool, by: str) -> None:
    tape.asked_by, tape.refused = by, False
    call, attempt = (talk.id, None) if isinstance(talk, Call) else (None, talk.id)
    if state.linked:
        state.commands.append(PauseRecording(tape.recording, call, attempt, on))
    else:
        _refused(state, talk, tape, call, attempt)


def paused(state: State, fact: RecordingPaused) -> None:
    talk = _talk(state, fact)
    tape = _tape(talk, fact)
    if tape is not None and tape.paused_at is None and not tape.missing:
        tape.paused_at, tape.refused = fact.paused_at, False
        of = fact.recording, fact.call, fact.attempt, _operator(state, fact)
        state.events.append(ev.RecordingPaused(state.now, *of, tape.asked_by, fact.paused_at))


def resumed(state: State, fact: RecordingResumed) -> None:
    talk = _talk(state, fact)
    tape = _tape(talk, fact)
    if tape is not None and tape.paused_at is not None:
        lasted = max(0.0, fact.resumed_at - tape.paused_at)
        tape.paused_at, tape.refused = None, False
        of = fact.recording, fact.call, fact.attempt, _operator(state, fact)
        state.events.append(ev.RecordingResumed(state.now, *of, tape.asked_by, fact.resumed_at, lasted))


def unchanged(state: State, fact: RecordingUnchanged) -> None:
    talk = _talk(state, fact)
    tape = _tape(talk, fact)
    if talk is not None and tape is not None:
        _refused(state, talk, tape, fact.call, fact.attempt)


def _refused(state: State, talk: Call | Attempt, tape: Tape, call: CallId | None, attempt: OfferId | None) -> None:
    """The operator sees it, until it is over or he tries again."""
    tape.refused = True
    operator = talk.served_by if isinstance(talk, Call) else talk.operator
    runs = tape.paused_at is None
    event = ev.RecordingUnchanged(state.now, tape.recording, call, attempt, operator, tape.asked_by, runs)
    state.events.append(event)


def _talk(state: State, fact: _OfTape) -> Call | Attempt | None:
    if fact.attempt is not None:
        return state.attempts.get(fact.attempt)
    return None if fact.call is None else state.calls.get(fact.call)


def _tape(talk: Call | Attempt | None, fact: _OfTape) -> Tape | None:
    """That of which the fact speaks, if it is still being made."""
    tape = None if talk is None else talk.tape
    return tape if tape is not None and tape.recording == fact.recording else None


def _operator(state: State, fact: _OfTape) -> OperatorId | None:
    talk = _talk(state, fact)
    if isinstance(talk, Attempt):
        return None if talk.desk is None else talk.desk.id
    return None if talk is None else talk.served_by
