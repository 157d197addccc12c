"""The survey after a conversation: who may be sent to it, and what callers answer."""

from acd.engine import desks, transfers
from acd.engine.state import State
from acd.model import events as ev
from acd.model.call import CallState
from acd.model.commands import SendOn
from acd.model.facts import OperatorSendsToSurvey, SurveyAnswered, SurveyStarted
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
    call = state.calls.get(fact.call)
    if call is None or call.line is None:
        return
    event = ev.SurveyStarted(state.now, call.id, call.line.id, call.served_by, fact.started_at, fact.sent)
    state.events.append(event)


def answered(state: State, fact: SurveyAnswered) -> None:
    call = state.calls.get(fact.call)
    if call is None or call.line is None:
        return
    state.events.append(
        ev.SurveyAnswered(state.now, call.id, call.line.id, call.served_by, fact.question, fact.score, fact.answered_at)
    )
