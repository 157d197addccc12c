"""Recordings: the switch makes them by itself, here they get their line in the ledger."""

from acd.engine.state import State
from acd.model import events as ev
from acd.model.facts import RecordingBegan, RecordingOver
from acd.model.ids import OperatorId


def began(state: State, fact: RecordingBegan) -> None:
    event = ev.RecordingStarted(
        state.now, fact.recording, fact.call, fact.attempt, fact.line, _operator(state, fact), fact.began_at
    )
    state.events.append(event)


def over(state: State, fact: RecordingOver) -> None:
    state.events.append(ev.RecordingFinished(state.now, fact.recording, fact.call, fact.attempt, fact.ended_at))


def _operator(state: State, fact: RecordingBegan) -> OperatorId | None:
    if fact.attempt is not None:
        attempt = state.attempts.get(fact.attempt)
        return None if attempt is None or attempt.desk is None else attempt.desk.id
    call = None if fact.call is None else state.calls.get(fact.call)
    return None if call is None else call.served_by
