"""The figures for programs and for the report pages: definitions, reports, the rows behind each figure, whole views.

Addresses say all: ``/api/reports?from=2027-03-01&to=2027-03-31&grain=day&by=line&figure=reachability&figure=asa``.
Long answers are streamed, a row a line, so that years of calls go through little memory. What tells about persons
(operators, single calls) is written down in the audit log.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Literal, Protocol

import msgspec
from fastapi import Depends, FastAPI, HTTPException, Query
from fastapi.responses import Response, StreamingResponse
from pydantic import StringConstraints

from acd.figures import report as asked
from acd.figures.citizen_sheets import repeat_sheet, subject_sheet, survey_sheet
from acd.figures.limits import Limits
from acd.figures.periods import MINUTES, BadPeriod, Grain, moment, number_of
from acd.figures.repeats import RepeatReport
from acd.figures.report import (
    Behind,
    CountsNoRows,
    Dimension,
    Gap,
    Meaning,
    Ref,
    Report,
    StateTime,
    UnknownFigure,
    read_ref,
    read_refs,
)
from acd.figures.sheets import Sheet, csv_line, report_sheet, sheet_csv, sheet_xlsx
from acd.figures.states import Interval
from acd.figures.subjects import ContactFact, SubjectReport
from acd.figures.survey import AnswerFact, SurveyReport
from acd.figures.table import FIGURES, NORMS
from acd.model.account import AuditAction
from acd.model.mailing import Mail, Mailing
from acd.model.policy import Line
from acd.model.zone import ZONE
from acd.web.access import VisitorOf
from acd.web.answers import answer, described
from acd.web.door import Door, Visitor

LONGEST_TIMELINE: Final = 400 * 86_400.0
"""Seconds that may be cut into minutes at once."""
_CSV: Final = "text/csv; charset=utf-8"
_XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_LINES: Final = "application/x-ndjson"


class Book(Protocol):
    """Where the figures are counted. All raise ``Mendable`` when the records cannot be read."""

    async def report(self, query: asked.Query) -> Report: ...
    async def reports(self, queries: Sequence[asked.Query]) -> list[Report]: ...
    def behind(
        self,
        query: asked.Query,
        ref: Ref,
        *,
        number: int | None = ...,
        only_part: bool = ...,
        skip: int = ...,
        most: int | None = ...,
    ) -> AsyncIterator[Behind]: ...
    async def states(self, query: asked.Query) -> list[StateTime]: ...
    async def waits(self, query: asked.Query, width: float = ...) -> dict[tuple[int, str], int]: ...
    async def gaps(self, query: asked.Query) -> list[Gap]: ...
    async def survey(self, query: asked.Query) -> SurveyReport: ...
    async def answers(
        self, query: asked.Query, question: str, *, given: bool, score: int | None, skip: int, most: int
    ) -> tuple[list[AnswerFact], int]: ...
    async def intervals(
        self, query: asked.Query, states: Sequence[str], *, skip: int, most: int
    ) -> tuple[list[Interval], int]: ...
    async def subjects(self, query: asked.Query) -> SubjectReport: ...
    def about(self, query: asked.Query, subject: str | None) -> AsyncIterator[ContactFact]: ...
    async def repeats(self, query: asked.Query) -> RepeatReport: ...
    async def how_often(self, query: asked.Query) -> tuple[dict[int, int], int]: ...


class Views(Protocol):
    """The views that ``docs/sql-views.md`` describes."""

    def columns(self, name: str) -> list[str] | None:
        """None = there is no such view."""

    def rows(self, name: str, since: float, until: float) -> AsyncIterator[tuple[Any, ...]]: ...


Names = Mapping[str, str]
"""By language."""


class CityNames(msgspec.Struct, frozen=True):
    """How the city calls what its figures are told apart by; what it calls no more goes by its id."""

    subjects: Mapping[str, Names] = {}
    questions: Mapping[tuple[str, str], Names] = {}
    """Of surveys, by line and question."""
    lines: Mapping[str, Names] = {}
    reasons: Mapping[str, Names] = {}
    """Why operators are not ready."""

    @classmethod
    def of_lines(
        cls, lines: Iterable[Line], subjects: Mapping[str, Names], reasons: Mapping[str, Names]
    ) -> "CityNames":
        """
        Args:
            lines: as the settings have them.
            subjects: of the city and of all its lines.
        """
        lines = tuple(lines)
        rules = [(str(line.id), line.survey.questions) for line in lines if line.survey is not None]
        questions = {(line, id): question.names for line, asked in rules for id, question in asked.items()}
        return cls(subjects, questions, {line.id: line.names for line in lines}, reasons)


class Reports(msgspec.Struct, frozen=True):
    """What is plugged in."""

    book: Book
    views: Views
    limits: Callable[[], Limits]
    city: str = ""
    """What the head of a printed report calls it."""
    names: Callable[[], "CityNames"] = CityNames
    mails: Callable[[], Awaitable[Sequence[tuple[Mailing, Mail | None]]]] | None = None
    """Every mailed report and its newest mail; None = none can be sent."""
    folding: Callable[[], bool] = lambda: False
    """Whether there are rows of older rules beside those of today's."""


class Definition(msgspec.Struct, frozen=True):
    """One figure, as the table of figures has it."""

    meaning: Meaning
    seconds: bool
    """May be asked for as ``id@seconds``."""


class NormShown(msgspec.Struct, frozen=True):
    """A figure as somebody promises it."""

    id: str
    nl: str
    en: str
    fr: str
    figure: str
    target: float | None
    """0 to 1; null = none was promised."""


class Definitions(msgspec.Struct, frozen=True):
    figures: list[Definition]
    norms: list[NormShown]


class Waits(msgspec.Struct, frozen=True):
    """So many calls waited at least ``from_seconds``, and less than ``width`` more, and ended so."""

    from_seconds: float
    width: float
    outcome: str
    calls: int


PLAIN: Final = r"^[^\x00-\x1f\x7f]*$"
"""What an id in queues.yaml may be, and every database can take."""
Texts = Annotated[list[Annotated[str, StringConstraints(pattern=PLAIN)]], Query(max_length=60)]


class Wanted(msgspec.Struct, frozen=True):
    """What an address asks for."""

    first: str
    last: str
    grain: Grain
    by: tuple[Dimension, ...]
    lines: tuple[str, ...]
    operators: tuple[str, ...]
    figures: tuple[str, ...]

    @property
    def about_operators(self) -> bool:
        return Dimension.OPERATOR in self.by or bool(self.operators)

    def __str__(self) -> str:
        parts = (self.grain.value, *self.by, *self.lines, *self.operators, *self.figures)
        return " ".join((f"{self.first}..{self.last}", *parts))


def wanted(  # noqa: PLR0917 - FastAPI gives them by name
    first: Annotated[str, Query(alias="from", max_length=32)] = "",
    last: Annotated[str, Query(alias="to", max_length=32)] = "",
    grain: Grain = Grain.TOTAL,
    by: Annotated[list[Dimension], Query(max_length=2)] = [],  # noqa: B006 - FastAPI copies it
    line: Texts = [],  # noqa: B006
    operator: Texts = [],  # noqa: B006
    figure: Texts = [],  # noqa: B006
) -> Wanted:
    """``from`` and ``to``: days, or moments on the clock of Brussels; without them today."""
    return Wanted(first, last, grain, tuple(dict.fromkeys(by)), tuple(line), tuple(operator), tuple(figure))


WantedOf = Annotated[Wanted, Depends(wanted)]


class Desk:
    """Turns addresses into questions, and notes who asked about persons."""

    def __init__(self, door: Door, reports: Reports | None) -> None:
        self._door = door
        self._reports = reports

    @property
    def plugged(self) -> Reports:
        if self._reports is None:
            raise HTTPException(404, "there are no reports here")
        return self._reports

    def now(self) -> float:
        """Seconds since the epoch. Whatever is asked together is asked of one moment."""
        return self._door.clock()

    def query(self, wanted: Wanted) -> asked.Query:
        since, until = self.bounds(wanted.first, wanted.last)
        if wanted.grain in MINUTES and until - since > LONGEST_TIMELINE:
            raise HTTPException(422, "that is too long a time to be cut into minutes")
        return asked.Query(
            since=since,
            until=until,
            now=self.now(),
            figures=self._read(read_refs, wanted.figures),
            grain=wanted.grain,
            by=wanted.by,
            lines=wanted.lines,
            operators=wanted.operators,
            limits=self.plugged.limits(),
        )

    def bounds(self, first: str, last: str) -> tuple[float, float]:
        today = f"{datetime.fromtimestamp(self._door.clock(), ZONE):%Y-%m-%d}"
        since = self._read(moment, first or today)
        until: float = self._read(lambda text: moment(text, end=True), last or (first or today)[:10])
        if until <= since:
            raise HTTPException(422, "it ends before it begins")
        return since, until

    def ref(self, text: str) -> Ref:
        found: Ref = self._read(read_ref, text)
        return found

    def number(self, grain: Grain, period: str) -> int:
        found: int = self._read(lambda text: number_of(grain, text), period)
        return found

    @staticmethod
    def _read(how: Callable[[Any], Any], text: Any) -> Any:
        try:
            return how(text)
        except (BadPeriod, UnknownFigure) as error:
            raise HTTPException(422, str(error)) from None

    async def note(self, visitor: Visitor, action: AuditAction, what: str) -> None:
        await self._door.book.write(visitor.entry(self._door.clock(), action, detail=what[:500]))

    async def report(self, visitor: Visitor, wanted: Wanted) -> Report:
        made = await self.plugged.book.report(self.query(wanted))
        if wanted.about_operators:
            await self.note(visitor, AuditAction.REPORT_OPERATORS_SEEN, str(wanted))
        return made

    def line_name(self, line: str, lang: str) -> str:
        names = self.plugged.names().lines.get(line, {})
        return names.get(lang) or names.get("nl") or line

    async def survey(self, wanted: Wanted) -> SurveyReport:
        return await self.plugged.book.survey(self.query(wanted))

    async def subjects(self, wanted: Wanted) -> SubjectReport:
        return await self.plugged.book.subjects(self.query(wanted))

    async def how_often(self, wanted: Wanted) -> tuple[dict[int, int], int]:
        """Calls -> citizens who called so often; and the calls of nobody known."""
        return await self.plugged.book.how_often(self.query(wanted))

    async def repeats(self, wanted: Wanted) -> RepeatReport:
        return await self.plugged.book.repeats(self.query(wanted))


def add_reports(app: FastAPI, door: Door, reports: Reports | None) -> None:
    desk = Desk(door, reports)
    _add_figures(app, desk)
    _add_citizens(app, desk)
    _add_rows(app, desk)


def _add_figures(app: FastAPI, desk: Desk) -> None:
    @app.get("/api/reports/figures", tags=["reports"], responses=described(Definitions, "All figures and norms"))
    async def definitions() -> Response:
        """What can be asked for: every figure with formula, version and unit; and the norms that use them."""
        figures = [Definition(Meaning.of(Ref(figure)), bool(figure.limit)) for figure in FIGURES.values()]
        norms = [NormShown(norm.id, norm.nl, norm.en, norm.fr, norm.figure, norm.target) for norm in NORMS]
        return answer(Definitions(figures, norms))

    @app.get("/api/reports", tags=["reports"], responses=described(Report, "The figures", 404, 422, 503))
    async def report(visitor: VisitorOf, wanted: WantedOf) -> Response:
        """Figures of any time, cut into periods, by line and by operator. Rows in which nothing was counted are left
        out; ``gap`` says for how many seconds of a period nothing could be seen."""
        return answer(await desk.report(visitor, wanted))

    @app.get("/api/reports.csv", tags=["reports"], response_class=StreamingResponse)
    async def as_csv(visitor: VisitorOf, wanted: WantedOf) -> Response:
        """The same as CSV, with formulas and gaps at the end."""
        return _file(report_sheet(await desk.report(visitor, wanted)), "report.csv")

    @app.get("/api/reports.xlsx", tags=["reports"], response_class=Response)
    async def as_xlsx(visitor: VisitorOf, wanted: WantedOf) -> Response:
        """The same as a workbook."""
        return _file(report_sheet(await desk.report(visitor, wanted)), "report.xlsx")

    @app.get("/api/reports/states", tags=["reports"], responses=described(list[StateTime], "Seconds", 404, 422, 503))
    async def states(visitor: VisitorOf, wanted: WantedOf) -> Response:
        """Operators' time by state."""
        found = await desk.plugged.book.states(desk.query(wanted))
        await desk.note(visitor, AuditAction.REPORT_OPERATORS_SEEN, f"states {wanted}")
        return answer(found)

    @app.get("/api/reports/waits", tags=["reports"], responses=described(list[Waits], "Calls", 404, 422, 503))
    async def waits(
        wanted: WantedOf, width: Annotated[float, Query(ge=1, le=3600, description="seconds")] = 10.0
    ) -> Response:
        """How long callers waited, and how it ended: a distribution, and abandonment by wait."""
        found = await desk.plugged.book.waits(desk.query(wanted), width)
        return answer([Waits(step * width, width, outcome, n) for (step, outcome), n in sorted(found.items())])


def _add_citizens(app: FastAPI, desk: Desk) -> None:
    @app.get("/api/reports/survey", tags=["reports"], responses=described(SurveyReport, "Scores", 404, 422, 503))
    async def survey(wanted: WantedOf) -> Response:
        """What callers answered after the conversation, by line and question: of surveys that began in this time."""
        return answer(await desk.survey(wanted))

    @app.get("/api/reports/subjects", tags=["reports"], responses=described(SubjectReport, "Subjects", 404, 422, 503))
    async def subjects(wanted: WantedOf) -> Response:
        """What the conversations that began in this time were about, by line, and whether they settled it."""
        return answer(await desk.subjects(wanted))

    @app.get("/api/reports/repeats", tags=["reports"], responses=described(RepeatReport, "Who", 404, 422, 503))
    async def repeats(wanted: WantedOf) -> Response:
        """After how many answered calls the citizen called again, by line, and how many citizens called how often."""
        return answer(await desk.repeats(wanted))

    async def sheet(about: Literal["survey", "subjects", "repeats"], wanted: Wanted) -> Sheet:
        match about:
            case "survey":
                return survey_sheet(await desk.survey(wanted))
            case "subjects":
                return subject_sheet(await desk.subjects(wanted))
            case "repeats":
                return repeat_sheet(await desk.repeats(wanted))

    @app.get("/api/reports/{about}.csv", tags=["reports"], response_class=StreamingResponse)
    async def citizens_csv(about: Literal["survey", "subjects", "repeats"], wanted: WantedOf) -> Response:
        """The same as CSV, with formulas at the end."""
        return _file(await sheet(about, wanted), f"{about}.csv")

    @app.get("/api/reports/{about}.xlsx", tags=["reports"], response_class=Response)
    async def citizens_xlsx(about: Literal["survey", "subjects", "repeats"], wanted: WantedOf) -> Response:
        """The same as a workbook."""
        return _file(await sheet(about, wanted), f"{about}.xlsx")


def _add_rows(app: FastAPI, desk: Desk) -> None:
    @app.get("/api/reports/behind", tags=["reports"], response_class=StreamingResponse)
    async def behind(
        visitor: VisitorOf,
        wanted: WantedOf,
        of: Annotated[str, Query(max_length=60, description="the figure")],
        period: Annotated[str | None, Query(max_length=32, description="only this one, as the report calls it")] = None,
        part: Annotated[bool, Query(description="only those above the line")] = False,
    ) -> Response:
        """The rows behind a figure, one JSON object a line: exactly as many as its ``of`` says, or its ``part``.
        ``counts`` says whether a row stands above the line. No row tells a number."""
        query, ref = desk.query(wanted), desk.ref(of)
        number = None if period is None else desk.number(wanted.grain, period)
        found = desk.plugged.book.behind(query, ref, number=number, only_part=part)
        await desk.note(visitor, AuditAction.REPORT_CALLS_SEEN, f"{of} {period or ''} {wanted}")
        return await _streamed((msgspec.json.encode(row) + b"\n" async for row in found), _LINES)

    @app.get("/api/reports/rows/{view}", tags=["reports"], response_class=StreamingResponse)
    async def rows(
        visitor: VisitorOf,
        view: str,
        first: Annotated[str, Query(alias="from", max_length=32)] = "",
        last: Annotated[str, Query(alias="to", max_length=32)] = "",
        form: Annotated[Literal["ndjson", "csv"], Query(alias="format")] = "ndjson",
    ) -> Response:
        """All rows of a view (``call``, ``talk``, ``day``, ...) that belong to a time; columns as the documentation of
        the views has them."""
        columns = desk.plugged.views.columns(view)
        if columns is None:
            raise HTTPException(404, "there is no such view")
        since, until = desk.bounds(first, last)
        await desk.note(visitor, AuditAction.RECORDS_EXPORTED, f"{view} {first}..{last}")
        found = desk.plugged.views.rows(view, since, until)
        if form == "csv":
            return await _streamed(_csv(columns, found), _CSV, _named(f"{view}.csv"))
        lines = (msgspec.json.encode(dict(zip(columns, row, strict=True))) + b"\n" async for row in found)
        return await _streamed(lines, _LINES)


def _file(sheet: Sheet, name: str) -> Response:
    if name.endswith(".csv"):
        return StreamingResponse(sheet_csv(sheet), media_type=_CSV, headers=_named(name))
    return Response(sheet_xlsx(sheet), media_type=_XLSX, headers=_named(name))


async def _csv(columns: list[str], rows: AsyncIterator[tuple[Any, ...]]) -> AsyncIterator[bytes]:
    yield csv_line(columns).encode()
    async for row in rows:
        yield csv_line(row).encode()


async def _streamed(lines: AsyncIterator[bytes], kind: str, headers: Mapping[str, str] | None = None) -> Response:
    """The first line is fetched before anything is answered: what cannot be read is said, not cut off."""
    try:
        first = await anext(lines, b"")
    except CountsNoRows as error:
        raise HTTPException(422, str(error)) from None
    return StreamingResponse(_joined(first, lines), media_type=kind, headers=dict(headers or {}))


async def _joined(first: bytes, lines: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for line in lines:
        yield line


def _named(file: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{file}"'}
