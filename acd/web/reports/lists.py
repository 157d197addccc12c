"""The addresses of what stands behind figures: calls, talks and promises, conversations, scores, operators' states."""

from typing import Annotated, Any, Final

from fastapi import FastAPI, HTTPException, Query, Request
from fastapi.responses import HTMLResponse, Response

from acd.figures.report import Meaning
from acd.figures.rows import Population
from acd.figures.states import STATES
from acd.model.account import AuditAction
from acd.model.operator import OperatorState
from acd.web.access import VisitorOf
from acd.web.reports.press import PAGE, Press
from acd.web.reports.words import Words
from acd.web.reports_api import PLAIN, WantedOf

_AS_RINGING: Final = (OperatorState.RINGING, OperatorState.RESERVED)
"""That an offer is on its way counts as ringing."""
FURTHEST: Final = 1_000_000
Skip = Annotated[int, Query(ge=0, le=FURTHEST)]


def add_report_lists(app: FastAPI, press: Press) -> None:
    @app.get("/reports/conversations", response_class=HTMLResponse, tags=["pages"])
    async def report_conversations(  # noqa: PLR0917 - FastAPI gives them by name
        request: Request,
        visitor: VisitorOf,
        wanted: WantedOf,
        subject: Annotated[str, Query(max_length=60, pattern=PLAIN)] = "",
        noted: bool = False,
        skip: Skip = 0,
    ) -> Response:
        """The conversations about a subject; without one those of which none was marked. ``noted``: only those of which
        it was noted whether that settled it."""
        question = press.desk.query(wanted)
        await press.desk.note(visitor, AuditAction.REPORT_CALLS_SEEN, f"subject {subject or '-'} {wanted}")
        facts, of = await press.about(question, subject or None, skip, noted=noted)
        names = {"subject": subject or None}
        return press.listed(request, "report_conversations.html", wanted, question, facts, of=of, skip=skip, **names)

    @app.get("/reports/calls", response_class=HTMLResponse, tags=["pages"])
    async def report_calls(  # noqa: PLR0917 - FastAPI gives them by name
        request: Request,
        visitor: VisitorOf,
        wanted: WantedOf,
        of: Annotated[str, Query(max_length=60)] = "offered",
        period: Annotated[str, Query(max_length=32)] = "",
        part: bool = False,
        skip: Skip = 0,
    ) -> Response:
        """The calls, talks or promises behind a figure."""
        question, ref = press.desk.query(wanted), press.desk.ref(of)
        number = press.desk.number(wanted.grain, period) if period else None
        await press.desk.note(visitor, AuditAction.REPORT_CALLS_SEEN, f"{of} {period} {wanted}")
        pile = await press.behind(question, ref, number, skip, part)
        words = Words(press.shell.lang(request))
        when = words.period(wanted.grain, number) if number is not None else ""
        names: dict[str, Any] = {"pile": pile, "meaning": Meaning.of(ref), "wanted": wanted, "step": PAGE}
        names |= {"period": when, "span": press.span_of(question)}
        return press.show(request, "report_calls.html", words, **names)

    @app.get("/reports/answers", response_class=HTMLResponse, tags=["pages"])
    async def report_answers(  # noqa: PLR0917 - FastAPI gives them by name
        request: Request,
        visitor: VisitorOf,
        wanted: WantedOf,
        question: Annotated[str, Query(min_length=1, max_length=60, pattern=PLAIN)],
        given: bool = False,
        score: Annotated[int | None, Query(ge=1, le=10)] = None,
        skip: Skip = 0,
    ) -> Response:
        """Who was asked, with his score for a question. ``given``: only who gave one; ``score``: only who gave this."""
        asked, book = press.desk.query(wanted), press.desk.plugged.book
        await press.desk.note(visitor, AuditAction.REPORT_CALLS_SEEN, f"survey {question} {score or ''} {wanted}")
        facts, of = await book.answers(asked, question, given=given, score=score, skip=skip, most=PAGE)
        names: dict[str, Any] = {"asked_for": question, "score": score}
        return press.listed(request, "report_answers.html", wanted, asked, facts, of=of, skip=skip, **names)

    @app.get("/reports/states", response_class=HTMLResponse, tags=["pages"])
    async def report_states(  # noqa: PLR0917 - FastAPI gives them by name
        request: Request,
        visitor: VisitorOf,
        wanted: WantedOf,
        of: Annotated[str, Query(max_length=60)] = "",
        state: OperatorState | None = None,
        skip: Skip = 0,
    ) -> Response:
        """The times of operators in a state, or of those behind a figure of their time."""
        asked, book = press.desk.query(wanted), press.desk.plugged.book
        figure = press.desk.ref(of).figure if of else None
        if figure is not None and figure.population is not Population.TIME:
            raise HTTPException(422, f"the figure {of} does not count operators' time")
        above, counted = figure.states if figure is not None else ((), _states_of(state))
        await press.desk.note(visitor, AuditAction.REPORT_OPERATORS_SEEN, f"states {of or state or '-'} {wanted}")
        facts, number = await book.intervals(asked, counted, skip=skip, most=PAGE)
        names: dict[str, Any] = {"state": state, "above": above}
        names["meaning"] = None if figure is None else Meaning.of(press.desk.ref(of))
        return press.listed(request, "report_states.html", wanted, asked, facts, of=number, skip=skip, **names)


def _states_of(state: OperatorState | None) -> tuple[OperatorState, ...]:
    """None = all that are shown."""
    if state is None:
        return (*STATES, OperatorState.RESERVED)
    return _AS_RINGING if state is OperatorState.RINGING else (state,)
