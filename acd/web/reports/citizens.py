"""The page about citizens: what they called about, who called again, and how they scored the conversation."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Final, TypeVar

import msgspec

from acd.figures.repeats import FIGURE, RepeatReport, called, repeat_report
from acd.figures.report import WEAK_BELOW, Dimension, Report, Value
from acd.figures.subjects import SubjectReport, SubjectRow
from acd.figures.survey import SurveyReport, SurveyResult
from acd.figures.table import FIGURES
from acd.model.ids import LineId
from acd.web.reports import charts
from acd.web.reports.asked import Asked
from acd.web.reports.charts import Bar, Chart
from acd.web.reports.shown import all_done
from acd.web.reports.words import Words
from acd.web.reports_api import CityNames, Desk, Wanted

T = TypeVar("T")

BARS: Final = 12
"""Subjects of the chart; the table has all."""
BEST_SCORE: Final = 10.0
_SHARE: Final = FIGURES[FIGURE]


class Citizens(msgspec.Struct, frozen=True, kw_only=True):
    """Everything on the page."""

    total: Report
    """The figures under whose head it stands, and the gaps."""
    total_then: Report | None
    """The same of the time that it is compared with."""
    subjects: SubjectReport
    subjects_then: Mapping[tuple[LineId, str | None], SubjectRow] | None
    """None = compared with nothing."""
    subjects_chart: Chart
    repeats: RepeatReport
    repeats_then: RepeatReport | None
    often_chart: Chart
    again_chart: Chart
    survey: SurveyReport
    survey_then: Mapping[tuple[LineId, str], SurveyResult] | None
    survey_chart: Chart
    names: CityNames

    @property
    def empty(self) -> bool:
        return not (self.subjects.rows or self.repeats.calls or self.repeats.unknown or self.asked)

    @property
    def asked(self) -> int:
        """Callers for whom a survey began."""
        return sum(self.survey.sent.values()) + sum(self.survey.sampled.values())

    def again_then(self, line: str | None) -> Value | None:
        """The share that called again in the other time."""
        rows = () if self.repeats_then is None else self.repeats_then.rows
        return next((again(row.again, row.of) for row in rows if row.line == line), None)


class CitizenMaker:
    """Asks the records what the page needs."""

    def __init__(self, desk: Desk, asked: Asked, words: Words) -> None:
        self._desk = desk
        self._asked = asked
        self._words = words
        self._names = desk.plugged.names()

    async def citizens(self) -> Citizens:
        start = asyncio.create_task
        # All at once: how many are counted at a time is the book's to say.
        again, often = start(self._both(self._again)), start(self._both(self._desk.how_often))
        about, scores = start(self._both(self._desk.subjects)), start(self._both(self._desk.survey))
        await all_done(again, often, about, scores)
        (total, total_then), (subjects, subjects_then) = again.result(), about.result()
        survey, survey_then = scores.result()
        often_now, often_then = often.result()
        repeats = repeat_report(total, *often_now)
        return Citizens(
            total=total,
            total_then=total_then,
            subjects=subjects,
            subjects_then=None
            if subjects_then is None
            else {(row.line, row.subject): row for row in subjects_then.rows},
            subjects_chart=self._subjects_chart(subjects.rows),
            repeats=repeats,
            repeats_then=None if total_then is None or often_then is None else repeat_report(total_then, *often_then),
            often_chart=self._often_chart(repeats),
            again_chart=self._again_chart(repeats),
            survey=survey,
            survey_then=None if survey_then is None else {(one.line, one.question): one for one in survey_then.results},
            survey_chart=self._survey_chart(survey.results),
            names=self._names,
        )

    async def _again(self, wanted: Wanted) -> Report:
        """By line; its total is the page's."""
        by_line = msgspec.structs.replace(wanted, by=(Dimension.LINE,))
        return await self._desk.plugged.book.report(self._desk.query(by_line))

    async def _both(self, ask: Callable[[Wanted], Awaitable[T]]) -> tuple[T, T | None]:
        now, base = self._asked.wanted((FIGURE,)), self._asked.base
        return await ask(now), None if base is None else await ask(self._asked.wanted((FIGURE,), span=base))

    # --- Charts

    def _subjects_chart(self, rows: Iterable[SubjectRow]) -> Chart:
        """The subjects of all lines together that are heard most."""
        found: dict[str | None, Counter[str]] = {}
        for row in rows:
            kinds = {"kept": row.yes, "broken": row.no, "open": row.count - row.yes - row.no}
            found.setdefault(row.subject, Counter()).update(kinds)
        most = sorted(found.items(), key=lambda item: (item[0] is None, -item[1].total()))[:BARS]
        bars = []
        for subject, counts in most:
            name = self._words.subject(subject, self._names)
            values = {kind: float(counts[kind]) for kind in ("kept", "broken", "open")}
            bars.append(Bar(charts.shortened(name), values, f"{name}: {self._words.number(counts.total())}"))
        return charts.rows(bars)

    def _often_chart(self, repeats: RepeatReport) -> Chart:
        bars = []
        for calls, citizens in sorted(repeats.citizens.items()):
            often = called(calls)
            bars.append(Bar(often, {"answered": float(citizens)}, f"{often}: {self._words.number(citizens)}"))
        return charts.columns(bars)

    def _again_chart(self, repeats: RepeatReport) -> Chart:
        bars = []
        for row in repeats.lines:
            name = self._desk.line_name(row.line or "", self._words.lang)
            share = row.value or 0.0
            values = {"abandoned": 100 * share}
            bars.append(Bar(charts.shortened(name), values, f"{name}: {self._words.share(share)}"))
        return charts.rows(bars, unit="%")

    def _survey_chart(self, results: Sequence[SurveyResult]) -> Chart:
        bars = []
        for one in results:
            name = self._words.question(one.line, one.question, self._names)
            told = f"{self._desk.line_name(one.line, self._words.lang)}, {name}: {self._words.number(one.mean, 1)}"
            bars.append(Bar(charts.shortened(name), {"answered": one.mean}, told))
        return charts.rows(bars, most=BEST_SCORE)


def again(part: int, of: int) -> Value:
    return Value.made(_SHARE, part, of)


def settled(row: SubjectRow) -> Value:
    return share(row.yes, row.yes + row.no)


def share(part: int, of: int) -> Value:
    """A part of a whole, with its n."""
    return Value(part, of, part / of if of else None, of < WEAK_BELOW)
