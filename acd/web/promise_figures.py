"""The figures of the 150-second promise as a page: each share with what it divides by what."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Annotated, Final, Protocol

from fastapi import FastAPI, Query, Request
from fastapi.responses import HTMLResponse, Response

from acd.model.ids import LineId
from acd.web.door import Door
from acd.web.hub import Hub
from acd.web.shell import Shell

USUAL: Final = 7
"""Days that are shown when none are asked for, today included."""
LONGEST: Final = 366
"""Days of one page."""


class Share(Protocol):
    """A percentage that can be checked."""

    @property
    def part(self) -> int: ...

    @property
    def of(self) -> int: ...

    @property
    def value(self) -> float | None: ...

    @property
    def weak(self) -> bool: ...


class OfPromises(Protocol):
    """What was promised in some time, and how it was kept."""

    @property
    def kept(self) -> Share: ...

    @property
    def compliance(self) -> Share: ...

    @property
    def reached(self) -> Share: ...


class ByLine(Protocol):
    """All lines together, and each by itself."""

    @property
    def together(self) -> OfPromises: ...

    @property
    def lines(self) -> Mapping[LineId, OfPromises]: ...


Figures = Callable[[date, date], Awaitable[ByLine]]
"""The figures of these days. Raises ``Mendable`` when they cannot be read."""
DayOf = Annotated[str, Query(max_length=10)]


def add_promise_figures(app: FastAPI, hub: Hub, door: Door, shell: Shell, figures: Figures | None) -> None:
    @app.get("/callbacks/figures", response_class=HTMLResponse, tags=["pages"])
    async def callback_figures(request: Request, first: DayOf = "", last: DayOf = "") -> Response:
        """How the promise of the 150 seconds was kept, by line."""
        today = datetime.fromtimestamp(door.clock(), shell.zone).date()
        days = _days(first, last, today)
        found = await figures(*days) if figures is not None and days is not None else None
        return shell.page(
            request,
            "callback_figures.html",
            200 if days else 422,
            fault="" if days else "figures_days_wrong",
            first=days[0].isoformat() if days else first,
            last=days[1].isoformat() if days else last,
            figures=found,
            line_names=_line_names(hub),
        )


def _days(first: str, last: str, today: date) -> tuple[date, date] | None:
    """None = no such days, or too many."""
    try:
        until = date.fromisoformat(last) if last else today
        since = date.fromisoformat(first) if first else until - timedelta(days=USUAL - 1)
    except (ValueError, OverflowError):
        return None
    return (since, until) if since <= until <= today and (until - since).days < LONGEST else None


def _line_names(hub: Hub) -> dict[LineId, Mapping[str, str]]:
    now = hub.snapshot()
    return {} if now is None else {row.line: row.names for row in now.lines}
