"""A report as a letter: what is mailed to a council or a head of service, complete without a page or a script."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

import msgspec

from acd.figures.citizen_sheets import repeat_sheet, subject_sheet, survey_sheet
from acd.figures.periods import Grain, midnight
from acd.figures.repeats import called
from acd.figures.report import Dimension, Query, Report, read_refs, unseen
from acd.figures.sheets import Sheet, report_sheet, sheet_csv, sheet_xlsx
from acd.figures.table import DASHBOARD, NORMS
from acd.model.mailing import Attach, Cadence, Content, Mailing
from acd.web.pages import Pages
from acd.web.reports import citizens
from acd.web.reports.asked import Span
from acd.web.reports.words import Words
from acd.web.reports_api import Reports
from acd.web.texts import Lang
from acd.web.when import When

MAIN: Final = (*DASHBOARD, "reached", "kept_promise")
BY_LINE: Final = ("offered", "answered", "abandoned", "reachability", "service_level", "asa")
_NORMS: Final = tuple(norm.figure for norm in NORMS)


class Written(msgspec.Struct, frozen=True):
    """A letter, and its files by name."""

    subject: str
    text: str
    html: str
    files: Mapping[str, bytes]


class Writer:
    """Asks the records what a letter tells, and writes it.

    Args:
        reports: what is plugged in.
        pages: renders.
        clock: seconds since the epoch.
    """

    def __init__(self, reports: Reports, pages: Pages, clock: Callable[[], float]) -> None:
        self._reports = reports
        self._pages = pages
        self._clock = clock

    async def write(self, mailing: Mailing, span: Span) -> Written:
        """
        Raises:
            DatabaseUnusable: the records cannot be read.
        """
        words, before = Words(Lang(mailing.language)), _before(mailing.when, span)
        names: dict[str, Any] = {"mailing": mailing, "span": span, "before": before, "words": words}
        sheets: dict[str, Sheet] = {}
        if Content.FIGURES in mailing.contents:
            names |= await self._figures(mailing, span, before)
            by_day = await self._report(mailing, span, BY_LINE, Grain.DAY, Dimension.LINE)
            sheets[Content.FIGURES] = report_sheet(by_day)
        book, query = self._reports.book, self._query(mailing, span, ("called_again",))
        names["gaps"] = await book.gaps(query)
        names["gap"] = unseen(names["gaps"], query).get(0, 0.0)
        earlier = self._query(mailing, before, ())
        names["gap_before"] = unseen(await book.gaps(earlier), earlier).get(0, 0.0)
        if Content.SUBJECTS in mailing.contents:
            names["subjects"] = await book.subjects(query)
            sheets[Content.SUBJECTS] = subject_sheet(names["subjects"])
        if Content.REPEATS in mailing.contents:
            names["repeats"] = await book.repeats(query)
            sheets[Content.REPEATS] = repeat_sheet(names["repeats"])
        if Content.SURVEY in mailing.contents:
            names["survey"] = await book.survey(query)
            sheets[Content.SURVEY] = survey_sheet(names["survey"])
        return self._written(mailing, span, names, sheets)

    def _written(self, mailing: Mailing, span: Span, names: dict[str, Any], sheets: Mapping[str, Sheet]) -> Written:
        words: Words = names["words"]
        subject = f"{self._reports.city}: {words.text(f'mail_{mailing.when}')}, {words.span(span)}"
        names |= {"city": self._reports.city, "city_names": self._reports.names(), "subject": subject}
        names |= {"citizens": citizens, "called": called, "Content": Content, "norms": NORMS, "main": MAIN}
        names["by_line_keys"], names["line_name"] = BY_LINE, self._line_name(words)
        names["when"] = When(words.lang, self._pages.zone, self._clock())
        names["made_at"] = words.moment(datetime.fromtimestamp(self._clock(), self._pages.zone))
        html = self._pages.page("mail.html", words.lang, **names)
        stem = f"{mailing.name}-{span.first.isoformat()}"
        files: dict[str, bytes] = {}
        for attach in mailing.attach:
            match attach:
                case Attach.HTML:
                    files[f"{stem}.html"] = html.encode()
                case Attach.CSV:
                    files |= {f"{stem}-{key}.csv": _csv(sheet) for key, sheet in sheets.items()}
                case Attach.XLSX:
                    files |= {f"{stem}-{key}.xlsx": sheet_xlsx(sheet) for key, sheet in sheets.items()}
        return Written(subject, words.text("mail_plain", subject=subject), html, files)

    async def _figures(self, mailing: Mailing, span: Span, before: Span) -> dict[str, Any]:
        keys = tuple(dict.fromkeys((*MAIN, *_NORMS)))
        return {
            "total": await self._report(mailing, span, keys),
            "then": await self._report(mailing, before, keys),
            "by_line": await self._report(mailing, span, BY_LINE, Grain.TOTAL, Dimension.LINE),
        }

    async def _report(
        self, mailing: Mailing, span: Span, keys: tuple[str, ...], grain: Grain = Grain.TOTAL, *by: Dimension
    ) -> Report:
        query = msgspec.structs.replace(self._query(mailing, span, keys), grain=grain, by=by)
        return await self._reports.book.report(query)

    def _query(self, mailing: Mailing, span: Span, keys: tuple[str, ...]) -> Query:
        return Query(
            since=midnight(span.first),
            until=midnight(span.last + timedelta(1)),
            now=self._clock(),
            figures=read_refs(keys),
            lines=mailing.lines,
            limits=self._reports.limits(),
        )

    def _line_name(self, words: Words) -> Callable[[str | None], str]:
        names = self._reports.names().lines

        def name(line: str | None) -> str:
            if line is None:
                return words.text("report_no_line")
            of_line = names.get(line, {})
            return of_line.get(words.lang.value) or of_line.get("nl") or line

        return name


def _csv(sheet: Sheet) -> bytes:
    # With a mark of its encoding: spreadsheets open it as it is.
    return "".join(sheet_csv(sheet)).encode("utf-8-sig")


def _before(when: Cadence, span: Span) -> Span:
    """The period that it is compared with: the month before, the same weekdays a week before, the day a week before."""
    if when is Cadence.MONTHLY:
        last = span.first - timedelta(1)
        return Span(last.replace(day=1), last)
    return Span(_week_before(span.first), _week_before(span.last))


def _week_before(day: date) -> date:
    return day - timedelta(7)
