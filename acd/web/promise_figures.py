"""The figures of the 150-second promise as a page: counted as those of the reports, and with the calls behind them."""

from datetime import date, datetime, timedelta
from typing import Annotated, Any, Final

import msgspec
from fastapi import FastAPI, Query, Request
from fastapi.responses import HTMLResponse, Response

from acd.figures.limits import OFFER_AFTER
from acd.figures.periods import Grain
from acd.figures.report import Dimension, Report, Row
from acd.figures.table import PROMISE
from acd.web.access import CHIEFS, VisitorOf
from acd.web.door import Door
from acd.web.hub import Hub
from acd.web.reports.asked import Asked, Span
from acd.web.reports.press import names_of
from acd.web.reports.words import Words
from acd.web.reports_api import Desk, Reports
from acd.web.shell import Shell

USUAL: Final = 7
"""Days that are shown when none are asked for, today included."""
LONGEST: Final = 366
"""Days of one page."""


DayOf = Annotated[str, Query(max_length=10)]


def add_promise_figures(app: FastAPI, hub: Hub, door: Door, shell: Shell, reports: Reports | None) -> None:
    desk = Desk(door, reports)

    @app.get("/callbacks/figures", response_class=HTMLResponse, tags=["pages"])
    async def callback_figures(request: Request, visitor: VisitorOf, first: DayOf = "", last: DayOf = "") -> Response:
        """How the promise of the 150 seconds was kept, by line."""
        today = datetime.fromtimestamp(door.clock(), shell.zone).date()
        span = _span(first, last, today)
        names: dict[str, Any] = {"first": first, "last": last, "report": None}
        if span is not None:
            names |= {"first": span.first.isoformat(), "last": span.last.isoformat()}
        if reports is not None and span is not None:
            asked = Asked(span=span)
            report = await reports.book.report(desk.query(asked.wanted(PROMISE, by=(Dimension.LINE,))))
            names |= {"asked": asked, "report": report, "rows": _rows(report), "words": Words(shell.lang(request))}
        return shell.page(
            request,
            "callback_figures.html",
            200 if span else 422,
            fault="" if span else "figures_days_wrong",
            # Whoever may not see single calls sees how many there are.
            opens=visitor.account is not None and visitor.account.role in CHIEFS,
            Grain=Grain,
            **names_of(hub),
            **names,
        )


def _span(first: str, last: str, today: date) -> Span | None:
    """None = no such days, or too many."""
    try:
        until = date.fromisoformat(last) if last else today
        since = date.fromisoformat(first) if first else until - timedelta(days=USUAL - 1)
    except (ValueError, OverflowError):
        return None
    return Span(since, until) if since <= until <= today and (until - since).days < LONGEST else None


def _rows(report: Report) -> list[Row]:
    """The lines that offer to call back, in the order of the settings, and those that have promised it."""
    found = {row.line: row for row in report.rows if row.line is not None}
    offering = [line for line, after in report.limits.get(OFFER_AFTER, {}).items() if after is not None]
    promised = [line for line, row in found.items() if "promises" in row.values]
    lines = dict.fromkeys((*offering, *promised))
    return [found.get(line) or msgspec.structs.replace(report.total, line=line, values={}) for line in lines]
