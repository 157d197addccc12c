"""What the address of a report asks for. It can be kept, sent on and opened again: it says all."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Annotated, Any, Final
from urllib.parse import urlencode

import msgspec
from fastapi import Query

from acd.figures.periods import MINUTES, Grain
from acd.figures.report import Dimension
from acd.figures.rows import Population
from acd.figures.table import FIGURES
from acd.web.reports_api import Texts, Wanted

USUAL: Final = 28
"""Days that are shown when none are asked for, today included."""
LONGEST: Final = 3 * 366
"""Days of one report."""
MOST_PIECES: Final = {Grain.MINUTES_60: 14, Grain.MINUTES_30: 7, Grain.MINUTES_15: 3}
"""Days that may be cut into pieces of so many minutes: more would be a table that nobody reads."""
GRAINS: Final = (Grain.DAY, Grain.WEEKDAY, Grain.WEEK, Grain.MONTH, Grain.HOUR, *MOST_PIECES)
"""Into which the chart of the calls can be cut."""


class Span(msgspec.Struct, frozen=True):
    """From the first day to the last, both inside."""

    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def before(self) -> "Span":
        """As many days, right before; of whole weeks that is the same weekdays."""
        return Span(self.first - timedelta(self.days), self.first - timedelta(1))

    @property
    def year_before(self) -> "Span":
        """52 weeks earlier: the same weekdays."""
        return Span(self.first - timedelta(364), self.last - timedelta(364))


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One report."""

    span: Span
    grain: Grain = Grain.DAY
    lines: tuple[str, ...] = ()
    """Empty = all."""
    base: Span | None = None
    """With which it is compared."""

    def wanted(
        self,
        figures: Sequence[str],
        grain: Grain = Grain.TOTAL,
        by: tuple[Dimension, ...] = (),
        span: Span | None = None,
        operators: tuple[str, ...] = (),
    ) -> Wanted:
        span = span or self.span
        return Wanted(span.first.isoformat(), span.last.isoformat(), grain, by, self.lines, operators, tuple(figures))

    def _query(self, **other: Any) -> dict[str, Any]:
        query: dict[str, Any] = {"from": self.span.first, "to": self.span.last, "grain": self.grain.value}
        query |= {"line": list(self.lines), **other}
        return {key: value for key, value in query.items() if value not in (None, "", [])}

    def href(self, path: str = "/reports", span: Span | None = None, base: Span | None = None) -> str:
        """The same report on another page, of another time, or compared with another. A time that is too long for these
        pieces is cut by day."""
        base, span = base or self.base, span or self.span
        compared = {} if base is None else {"base_from": base.first, "base_to": base.last}
        grain = Grain.DAY if too_long(span, self.grain) else self.grain
        other = {"from": span.first, "to": span.last, "grain": grain.value}
        return f"{path}?{urlencode(self._query(**other, **compared), doseq=True)}"

    def file(self, kind: str, figures: Sequence[str], by: Sequence[str] = ()) -> str:
        """The address of the same figures as a file."""
        query = self._query(by=list(by), figure=list(figures))
        return f"/api/reports.{kind}?{urlencode(query, doseq=True)}"

    def about(self, kind: str, about: str) -> str:
        """The address of subjects, repeat callers or scores as a file."""
        query = {key: value for key, value in self._query().items() if key != "grain"}
        return f"/api/reports/{about}.{kind}?{urlencode(query, doseq=True)}"

    def conversations(self, line: str, subject: str | None, *, noted: bool = False) -> str:
        """The address of the conversations about a subject; ``noted`` = those with a note whether it was settled."""
        query = {"from": self.span.first, "to": self.span.last, "line": line, "subject": subject or ""}
        query |= {"noted": "true"} if noted else {}
        return f"/reports/conversations?{urlencode(query)}"

    def behind(  # noqa: PLR0917 - templates say them in this order
        self,
        of: str,
        grain: Grain = Grain.TOTAL,
        period: str = "",
        line: str | None = None,
        operator: str | None = None,
        span: Span | None = None,
    ) -> str:
        """The address of the calls behind a figure; of one of time, the address of the operators' states."""
        if of in FIGURES and FIGURES[of].population is Population.TIME:
            return self.states(of=of, operator=operator, span=span)
        span = span or self.span
        query = self._query(of=of, period=period, grain=grain.value, operator=operator)
        query |= {"from": span.first, "to": span.last} | ({"line": [line]} if line else {})
        return f"/reports/calls?{urlencode(query, doseq=True)}"

    def states(self, of: str = "", state: str = "", operator: str | None = None, span: Span | None = None) -> str:
        """The address of the times of operators in a state, or of those behind a figure."""
        span = span or self.span
        query = {"from": span.first, "to": span.last, "of": of, "state": state, "operator": operator}
        return f"/reports/states?{urlencode({key: value for key, value in query.items() if value})}"

    def answers(self, line: str, question: str, *, given: bool = False, score: int | None = None) -> str:
        """The address of those who were asked on a line, with their scores for a question."""
        query = {"from": self.span.first, "to": self.span.last, "line": line, "question": question, "score": score}
        query |= {"given": "true"} if given else {}
        return f"/reports/answers?{urlencode({key: value for key, value in query.items() if value})}"


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """As it was typed."""

    first: str = ""
    last: str = ""
    grain: str = ""
    lines: tuple[str, ...] = ()
    base_first: str = ""
    base_last: str = ""


DayOf = Annotated[str, Query(max_length=10)]


def address_of(  # noqa: PLR0917 - FastAPI gives them by name
    first: Annotated[str, Query(alias="from", max_length=10)] = "",
    last: Annotated[str, Query(alias="to", max_length=10)] = "",
    grain: Annotated[str, Query(max_length=8)] = "",
    line: Texts = [],  # noqa: B006 - FastAPI copies it
    base_from: DayOf = "",
    base_to: DayOf = "",
) -> Address:
    lines = tuple(dict.fromkeys(one[:100] for one in line if one and one.isprintable()))
    return Address(first=first, last=last, grain=grain, lines=lines, base_first=base_from, base_last=base_to)


class Unclear(Exception):
    """The address asks for what cannot be; ``key`` is the text that says so, with ``values`` for its gaps."""

    def __init__(self, key: str, **values: int) -> None:
        super().__init__(key)
        self.key = key
        self.values = values


def read(address: Address, today: date) -> Asked:
    """
    Raises:
        Unclear: there are no such days, or too many of them.
    """
    grain = Grain(address.grain) if address.grain in GRAINS else Grain.DAY
    span = _span(address.first, address.last, today)
    base = None
    if address.base_first or address.base_last:
        base = _span(address.base_first, address.base_last or address.base_first, today)
    if too_long(span, grain):
        raise Unclear("report_pieces_long", minutes=MINUTES[grain] // 60, days=MOST_PIECES[grain])
    return Asked(span=span, grain=grain, lines=address.lines, base=base)


def too_long(span: Span, grain: Grain) -> bool:
    """To be cut into such pieces."""
    return span.days > MOST_PIECES.get(grain, span.days)


def usual(today: date) -> Span:
    return Span(today - timedelta(USUAL - 1), today)


def _span(first: str, last: str, today: date) -> Span:
    try:
        until = date.fromisoformat(last) if last else today
        since = date.fromisoformat(first) if first else until - timedelta(USUAL - 1)
    except (ValueError, OverflowError):
        raise Unclear("report_days_wrong") from None
    if not (date(2000, 1, 1) <= since <= until <= today) or (until - since).days >= LONGEST:
        raise Unclear("report_days_wrong")
    return Span(since, until)
