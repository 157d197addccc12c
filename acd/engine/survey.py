"""The survey after a conversation: who may be sent to it, and what callers answer."""

from acd.engine import desks, transfers
from acd.engine.state import State
from acd.model import events as ev
from acd.model.call import CallState
from acd.model.commands import SendOn
from acd.model.facts import OperatorSendsToSurvey, SurveyAnswered, SurveyStarted
from acd.model.ids import LineId, OfferId, OperatorId
from acd.model.policy import SURVEY


def sends(state: State, fact: OperatorSendsToSurvey) -> None:
    """Not on a line that asks nobody; by the settings of now, for they name the questions that the dialplan has."""
    desk = desks.find(state, fact)
    if desk is None:
        return
    call = desk.call
    if call is None or call.state is not CallState.TALKING or call.line is None:
        transfers.nobody(state, desk)
        return
    line = state.policy.lines.get(call.line.id)
    if line is None or line.survey is None:
        state.events.append(ev.MoveRefused(state.now, f"survey of call {call.id}", "its line asks nobody"))
    else:
        state.commands.append(SendOn(call.id, SURVEY))


def started(state: State, fact: SurveyStarted) -> None:
    spoke = _conversation(state, fact)
    if spoke is not None:
        line, operator, attempt = spoke
        event = ev.SurveyStarted(state.now, fact.call, line, operator, fact.started_at, fact.sent, attempt)
        state.events.append(event)


def answered(state: State, fact: SurveyAnswered) -> None:
    spoke = _conversation(state, fact)
    if spoke is not None:
        line, operator, attempt = spoke
        given = fact.question, fact.score, fact.answered_at
        state.events.append(ev.SurveyAnswered(state.now, fact.call, line, operator, *given, attempt))


def _conversation(
    state: State, fact: SurveyStarted | SurveyAnswered
) -> tuple[LineId, OperatorId | None, OfferId | None] | None:
    """What the citizen is asked about; None = nothing that is known. An attempt to call back is over by now."""
    if fact.back is not None:
        desk = state.by_device.get(fact.back.device)
        return fact.back.line, None if desk is None else desk.id, fact.back.attempt
    call = state.calls.get(fact.call)
    return None if call is None or call.line is None else (call.line.id, call.served_by, None)
