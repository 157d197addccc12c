"""The calls behind each figure of the wallboard, and the story of one call: as pages for supervisors, as API for
programs.

A figure and its list agree: a list asks the records for what the counts of the day count, by the same rule. Lists show
the last digits of a number; whoever opens one call and may see its number is written down before it is shown.
"""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import msgspec
from fastapi import Depends, FastAPI, HTTPException, Query, Request
from fastapi.responses import HTMLResponse, Response

from acd.model.account import AuditAction
from acd.model.calls import CallBook, CallRow, CallsWanted, CountedBy
from acd.model.events import AnyEvent, CallStarted, Event
from acd.model.history import HALF_HOUR
from acd.model.ids import LineId
from acd.model.outcome import Outcome
from acd.model.recording import Reason
from acd.web.access import VisitorOf
from acd.web.answers import answer, described
from acd.web.door import Door, Visitor
from acd.web.hub import Hub
from acd.web.recordings import Recordings, shown
from acd.web.shell import Shell
from acd.web.snapshot import REACHABILITY, SERVICE_LEVEL
from acd.web.story import tell_story
from acd.web.worklist import masked, readable

PAGE: Final = 200
"""Calls at once."""
FURTHEST: Final = 1_000_000
"""Calls that can be skipped."""
LATEST: Final = 10_000_000_000
"""Seconds since the epoch: nobody asks for what comes after."""


class What(StrEnum):
    """Which calls: those behind a figure, or those with one outcome."""

    ALL = "all"
    WAITING = "waiting"
    IN_CALL = "in_call"
    ANSWERED = "answered"
    ABANDONED = "abandoned"
    """Short ones included, as on the wallboard."""
    REACHABILITY = "reachability"
    SERVICE_LEVEL = "service_level"
    IN_TARGET = "in_target"
    JOINED = "joined"
    ABANDONED_SHORT = "abandoned_short"
    CALLBACK_ACCEPTED = "callback_accepted"
    OVERFLOW_ANSWERED = "overflow_answered"
    OVERFLOW_LOST = "overflow_lost"
    CLOSED = "closed"
    LEFT_MENU = "left_menu"
    INFORMED = "informed"
    REFUSED = "refused"
    SWITCH_FAILURE = "switch_failure"


_A, _B, _S = Outcome.ANSWERED, Outcome.ABANDONED, Outcome.ABANDONED_SHORT
OUTCOMES: Final[Mapping[What, tuple[Outcome, ...]]] = {
    What.ANSWERED: (_A,),
    What.ABANDONED: (_B, _S),
    What.REACHABILITY: (_A, _B, _S),
    What.SERVICE_LEVEL: (_A, _B),
    What.IN_TARGET: (_A,),
}
"""Of the figures; every other one that is an outcome's name is that outcome."""
FORMULAS: Final = {
    What.REACHABILITY: (What.ANSWERED, REACHABILITY),
    What.SERVICE_LEVEL: (What.IN_TARGET, SERVICE_LEVEL),
}
"""The percentages: what stands above the line, and the whole formula."""
NOW: Final = (What.WAITING, What.IN_CALL)


class Search(msgspec.Struct, frozen=True):
    """What the address asks for."""

    what: What = What.ALL
    lines: tuple[LineId, ...] = ()
    """Empty = all."""
    day: date | None = None
    """None = today."""
    half: int | None = None
    """Begin of the half-hour, seconds since the epoch; None = the whole day."""
    skip: int = 0

    def href(self, **other: Any) -> str:
        """The address of the same list, with something else in it."""
        to = msgspec.structs.replace(self, **{"skip": 0, **other})
        query = {"what": to.what, "line": list(to.lines), "day": to.day, "half": to.half, "skip": to.skip}
        return f"/calls?{urlencode({key: value for key, value in query.items() if value}, doseq=True)}"

    def __str__(self) -> str:
        parts = (self.what, *self.lines, self.day or "", self.half or "")
        return " ".join(str(part) for part in parts if part)


def search_of(
    what: What = What.ALL,
    line: Annotated[list[str] | None, Query(max_length=100)] = None,
    day: Annotated[str, Query(max_length=10)] = "",
    half: Annotated[str, Query(max_length=12)] = "",
    skip: Annotated[int, Query(ge=0, le=FURTHEST)] = 0,
) -> Search:
    """What the address asks for; a day or half-hour that is none counts for nothing."""
    lines = tuple(LineId(one[:100]) for one in line or () if one and one.isprintable())
    start = int(half) if half.isdecimal() else 0
    return Search(what, lines, _day(day), start if 0 < start < LATEST else None, skip)


SearchOf = Annotated[Search, Depends(search_of)]


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if 1971 <= found.year <= 9000 else None


class CallsPage(msgspec.Struct, frozen=True):
    """Some of the calls behind a figure, the latest first, with masked numbers."""

    rows: tuple[CallRow, ...]
    of: int
    """How many there are in all."""
    part: int | None
    """Of a percentage: how many of them stand above the line."""
    formula: str | None
    """A answered, B abandoned (short ones included), s abandoned short, A_t answered within the target."""


class CallStory(msgspec.Struct, frozen=True):
    """One call with everything that happened to it."""

    call: CallRow
    events: tuple[AnyEvent, ...]


class Files:
    """Looks up calls, and leaves the trace of it."""

    def __init__(self, book: CallBook, hub: Hub, door: Door, zone: ZoneInfo) -> None:
        self._book = book
        self._hub = hub
        self._door = door
        self._zone = zone

    def today(self) -> date:
        return datetime.fromtimestamp(self._door.clock(), self._zone).date()

    async def list(self, visitor: Visitor, search: Search) -> CallsPage:
        await self._door.book.write(visitor.entry(self._door.clock(), AuditAction.CALLS_SEEN, detail=str(search)))
        wanted = self._wanted(search)
        found = await self._book.listed(wanted, limit=PAGE, skip=search.skip)
        of = sum((await self._book.counted(wanted)).values())
        above, formula = FORMULAS.get(search.what, (None, None))
        part = None
        if above is not None:
            counted = await self._book.counted(self._wanted(msgspec.structs.replace(search, what=above)))
            part = sum(counted.values())
        return CallsPage(tuple(_masked(row) for row in found), of, part, formula)

    async def one(self, visitor: Visitor, call: str) -> CallStory | None:
        """One call, with its number for those who may see it. Written down first: no trace, no number."""
        if not call.isprintable():
            return None
        events = await self._book.call_story(call)
        rows = await self._book.listed(CallsWanted(0, 0, calls=(call,)), limit=1)  # type: ignore[arg-type]
        if not rows:
            return None
        action = AuditAction.CALL_NUMBER_SEEN if visitor.sees_numbers else AuditAction.CALL_SEEN
        await self._door.book.write(visitor.entry(self._door.clock(), action, call))
        if visitor.sees_numbers:
            return CallStory(rows[0], tuple(events))  # type: ignore[arg-type]
        return CallStory(_masked(rows[0]), tuple(_without_number(event) for event in events))  # type: ignore[misc]

    def _wanted(self, search: Search) -> CallsWanted:
        since, until = self._span(search)
        if search.what in NOW:
            return CallsWanted(since, until, calls=self._calls_now(search))
        return CallsWanted(
            since,
            until,
            by=_counted_by(search.what),
            lines=search.lines,
            outcomes=_outcomes(search.what),
            within=self._targets() if search.what is What.IN_TARGET else None,
        )

    def _span(self, search: Search) -> tuple[float, float]:
        if search.half is not None:
            return search.half, search.half + HALF_HOUR
        day = search.day or self.today()
        return _midnight(day, self._zone), _midnight(day + timedelta(1), self._zone)

    def _calls_now(self, search: Search) -> tuple[Any, ...]:
        now = self._hub.snapshot()
        talking = search.what is What.IN_CALL
        rows = () if now is None else now.calls
        return tuple(row.call for row in rows if row.talking is talking and (row.line in (search.lines or (row.line,))))

    def _targets(self) -> dict[LineId, float]:
        now = self._hub.snapshot()
        return {} if now is None else {row.line: row.target_wait for row in now.lines}


def _counted_by(what: What) -> CountedBy:
    return {What.ALL: CountedBy.ARRIVED, What.JOINED: CountedBy.JOINED}.get(what, CountedBy.DECIDED)


def _outcomes(what: What) -> tuple[Outcome, ...]:
    if what in OUTCOMES:
        return OUTCOMES[what]
    return (Outcome(what.value),) if what.value in list(Outcome) else ()


def _midnight(day: date, zone: ZoneInfo) -> float:
    return datetime.combine(day, time(), zone).timestamp()


def _masked(row: CallRow) -> CallRow:
    return msgspec.structs.replace(row, number=masked(row.number or ""))


def _without_number(event: Event) -> Event:
    return msgspec.structs.replace(event, number=None) if isinstance(event, CallStarted) else event


def add_calls(
    app: FastAPI,
    hub: Hub,
    door: Door,
    shell: Shell,
    book: CallBook | None,
    *,
    recordings: Recordings | None = None,
) -> None:
    files = Files(book, hub, door, shell.zone) if book is not None else None
    _add_pages(
        app, hub, shell, files, lambda request, visitor, call: shown(request, visitor, recordings, call, door.clock())
    )
    _add_api(app, files)


# --- Pages -----------------------------------------------------------------------------------------------------------


def _add_pages(app: FastAPI, hub: Hub, shell: Shell, files: Files | None, recordings_of: Any) -> None:
    @app.get("/calls", response_class=HTMLResponse, tags=["pages"])
    async def calls(request: Request, visitor: VisitorOf, search: SearchOf) -> Response:
        """The calls behind a figure."""
        page = await files.list(visitor, search) if files else None
        return shell.page(
            request,
            "calls.html",
            search=search,
            page=page,
            step=PAGE,
            whats=list(What),
            now_figures=NOW,
            formulas=FORMULAS,
            half_hour=HALF_HOUR,
            day=search.day or (files.today() if files else None),
            **_names(hub),
        )

    @app.get("/calls/{call}", response_class=HTMLResponse, tags=["pages"])
    async def call(request: Request, visitor: VisitorOf, call: str) -> Response:
        """The story of one call, and why it went where it went."""
        story = await files.one(visitor, call) if files else None
        if story is None:
            return shell.fault(request, 404)
        names = _names(hub)
        return shell.page(
            request,
            "call.html",
            row=story.call,
            recordings=await recordings_of(request, visitor, call),
            reasons=list(Reason),
            number=readable(story.call.number or ""),
            steps=lambda lang, when: tell_story(story.events, lang, when, names["line_names"], names["people"]),
            **names,
        )


def _names(hub: Hub) -> dict[str, Any]:
    now = hub.snapshot()
    return {
        "line_names": {} if now is None else {row.line: row.names for row in now.lines},
        "people": {} if now is None else {row.operator: row.name for row in now.operators},
    }


# --- API -------------------------------------------------------------------------------------------------------------


def _add_api(app: FastAPI, files: Files | None) -> None:
    def kept() -> Files:
        if files is None:
            raise HTTPException(404, "no calls are kept")
        return files

    @app.get("/api/calls", tags=["api"], responses=described(CallsPage, "The latest first", 404))
    async def api_calls(visitor: VisitorOf, search: SearchOf) -> Response:
        """The calls behind a figure, with masked numbers: ``what`` names the figure or an outcome, ``day`` is a date,
        ``half`` the begin of a half-hour in seconds since the epoch. 200 at once; ``skip`` leaves out the latest."""
        return answer(await kept().list(visitor, search))

    @app.get("/api/calls/{call}", tags=["api"], responses=described(CallStory, "The call", 404))
    async def api_call(visitor: VisitorOf, call: str) -> Response:
        """One call with everything that happened to it. Who may see the number is written down."""
        story = await kept().one(visitor, call)
        if story is None:
            raise HTTPException(404, "there is no such call")
        return answer(story)
