"""Periods, numbers and differences of a report, as people read them."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Final

from acd.figures.periods import MINUTES, Grain, date_of
from acd.figures.report import Meaning, Value
from acd.figures.rows import Population
from acd.figures.table import HUNG_UP, Norm, Unit
from acd.model.operator import OperatorState
from acd.model.zone import ZONE
from acd.web.reports.asked import Span
from acd.web.reports.formulas import CITIZENS, FORMULAS
from acd.web.reports_api import CityNames
from acd.web.texts import Lang, duration, reason_name, text

NOTHING: Final = "–"
_NARROW: Final = "\N{NARROW NO-BREAK SPACE}"
_MINUS: Final = "\N{MINUS SIGN}"


class Words:
    """In one language."""

    def __init__(self, lang: Lang) -> None:
        self.lang: Final = lang

    def text(self, key: str, **values: object) -> str:
        return text(self.lang, key, **values)

    # --- Numbers

    def number(self, value: float, digits: int = 0) -> str:
        """``12 345,6``."""
        written = f"{value:,.{digits}f}"
        if self.lang is Lang.EN:
            return written
        return written.replace(",", _NARROW).replace(".", ",")

    def share(self, value: float) -> str:
        """To one digit: reports compare periods."""
        return f"{self.number(100 * value, 1)}{'' if self.lang is Lang.EN else _NARROW}%"

    def amount(self, value: Value | None, unit: str) -> str:
        if value is None:
            return self.number(0) if unit == Unit.COUNT.value else NOTHING
        if value.value is None:
            return NOTHING
        match unit:
            case Unit.SHARE.value:
                return self.share(value.value)
            case Unit.SECONDS.value:
                return duration(value.value)
            case _:
                return self.number(value.value)

    def made_of(self, value: Value | None, meaning: Meaning) -> str:
        """What a share divides by what, and of how many a mean is."""
        if value is None or meaning.unit == Unit.COUNT.value:
            return ""
        if meaning.population == Population.TIME.value:
            return f"{self.number(value.part / 3600, 1)} / {self.hours(value.of)}"
        if meaning.unit == Unit.SECONDS.value:
            return f"n = {self.number(value.of)}"
        return f"{self.number(value.part)} / {self.number(value.of)}"

    def hours(self, seconds: float) -> str:
        """``12,5 u``."""
        return self.text("report_hours", n=self.number(seconds / 3600, 1))

    def change(self, now: Value | None, then: Value | None, unit: str) -> str:
        """How much more than in the period it is compared with: percentage points, seconds, or percents."""
        before = 0.0 if then is None and unit == Unit.COUNT.value else None if then is None else then.value
        after = 0.0 if now is None and unit == Unit.COUNT.value else None if now is None else now.value
        if before is None or after is None:
            return NOTHING
        match unit:
            case Unit.SHARE.value:
                return self.text("report_points", n=self._signed(100 * (after - before), 1))
            case Unit.SECONDS.value:
                return self.text("report_seconds", n=self._signed(after - before, 0))
            case _:
                if not before:
                    return self._signed(after - before, 0)
                return f"{self._signed(100 * (after - before) / before, 1)}{_NARROW}%"

    def _signed(self, value: float, digits: int) -> str:
        shown = self.number(abs(value), digits)
        if not any(digit in shown for digit in "123456789"):
            return f"±{shown}"
        return f"{'+' if value > 0 else _MINUS}{shown}"

    # --- Names

    def name(self, meaning: Meaning) -> str:
        """Of a figure; one that says its seconds says them."""
        name: str = getattr(meaning, self.lang.value)
        return name if meaning.seconds is None else f"{name}, {meaning.seconds:g}{_NARROW}s"

    def norm(self, norm: Norm) -> str:
        named: str = getattr(norm, self.lang.value)
        return named

    def subject(self, subject: str | None, names: CityNames) -> str:
        return self.text("report_no_subject") if subject is None else self._named(names.subjects.get(subject), subject)

    def question(self, line: str, question: str, names: CityNames) -> str:
        return self._named(names.questions.get((line, question)), question)

    def reason(self, reason: str, names: CityNames) -> str:
        return reason_name(names.reasons, self.lang, reason)

    def _named(self, names: Mapping[str, str] | None, id: str) -> str:
        names = names or {}
        return names.get(self.lang.value) or names.get(Lang.NL.value) or id

    def counted_as(self, key: str, written: str) -> str:
        """How something that is no figure of the table is counted; in English as the count itself says."""
        return CITIZENS[key].get(self.lang.value, written)

    def versions(self, meanings: Iterable[Meaning]) -> str:
        """Of the formulas: that of most of them, and by name those that have another."""
        found: dict[int, list[str]] = {}
        for meaning in meanings:
            found.setdefault(meaning.version, []).append(self.name(meaning))
        most, *others = sorted(found, key=lambda version: (-len(found[version]), version))
        named = (f"{', '.join(found[version])}: {version}" for version in sorted(others))
        return "; ".join((str(most), *named))

    def states(self, states: Iterable[OperatorState]) -> list[tuple[str, str]]:
        """For the key of a chart."""
        return [(state.value, self.text(f"is_{state}")) for state in states]

    def formula(self, meaning: Meaning) -> str:
        """As the table of figures has it, in the reader's language, with a real minus and small letters below."""
        id, _, seconds = meaning.key.partition("@")
        translated = FORMULAS.get(id)
        if translated is None or self.lang is Lang.EN:
            written = meaning.formula
        else:
            written = translated.nl if self.lang is Lang.NL else translated.fr
            written = f"{written}, t = {seconds} s" if seconds and id != HUNG_UP else written
        for plain, fine in (("A_t", "Aₜ"), ("B_t", "Bₜ"), (" - ", f" {_MINUS} ")):
            written = written.replace(plain, fine)
        return written

    # --- Periods

    def day(self, day: date) -> str:
        """``24 november 2026``."""
        return f"{day.day} {self.text(f'report_month_{day.month}')} {day.year}"

    def moment(self, at: datetime) -> str:
        return f"{self.day(at.date())}, {at:%H:%M}"

    def span(self, span: Span) -> str:
        first, last = self.day(span.first), self.day(span.last)
        return first if span.first == span.last else f"{first} – {last}"

    def period(self, grain: Grain, number: int) -> str:
        if grain in MINUTES:
            at = datetime.fromtimestamp(number, ZONE)
            return f"{self._short_day(at.date())} {at:%H:%M}"
        match grain:
            case Grain.WEEKDAY:
                return self.text(f"day_{number}")
            case Grain.HOUR:
                return self.text("report_hour", n=number)
            case Grain.WEEK:
                year, week, _ = date_of(number).isocalendar()
                return self.text("report_week", n=week, year=year)
            case Grain.MONTH:
                day = date_of(number)
                return f"{self.text(f'report_month_{day.month}')} {day.year}"
            case _:
                return self._short_day(date_of(number))

    def brief(self, grain: Grain, number: int) -> str:
        """Under a bar, where there is little room."""
        if grain in MINUTES:
            return f"{datetime.fromtimestamp(number, ZONE):%H:%M}"
        match grain:
            case Grain.WEEKDAY:
                return self.text(f"weekday_{number}")
            case Grain.HOUR:
                return str(number)
            case Grain.WEEK:
                return self.text("report_week_brief", n=date_of(number).isocalendar().week)
            case Grain.MONTH:
                day = date_of(number)
                return f"{day.month}/{day:%y}"
            case _:
                day = date_of(number)
                return f"{day.day}/{day.month}"

    def _short_day(self, day: date) -> str:
        return f"{self.text(f'weekday_{day.weekday()}')} {day.day}/{day.month}/{day.year}"
