"""Who called again: citizens by how often they called, by the keyed hash of their number; nobody is named."""

from collections import Counter
from collections.abc import Mapping
from typing import Final

import msgspec

from acd.figures.report import Gap, Report, Value
from acd.figures.table import FIGURES

MOST: Final = 5
"""Calls of one citizen from which on they are put together."""
FIGURE: Final = "called_again"
AGAIN: Final = f"{FIGURES[FIGURE].formula} (version {FIGURES[FIGURE].version})"
CALLERS: Final = "citizens by the number of their calls in this time, each once; withheld numbers left out (version 1)"


class LineRepeats(msgspec.Struct, frozen=True):
    """Answered calls after which the citizen called the same line again."""

    line: str | None
    """None = of all lines together."""
    again: int
    of: int
    value: float | None
    """0 to 1; None = there is nothing to divide by."""
    weak: bool
    """Of fewer than 10."""


class RepeatReport(msgspec.Struct, frozen=True, kw_only=True):
    """The calls that came in some time, seconds since the epoch."""

    since: float
    until: float
    lines: tuple[LineRepeats, ...]
    together: LineRepeats
    citizens: Mapping[int, int]
    """Calls -> how many citizens called so often; the last one is of so many and more."""
    calls: int
    """Of these citizens."""
    unknown: int
    """Calls of no known citizen: withheld, or erased."""
    gap: float = 0.0
    """Seconds of this time in which nothing could be seen: counts are a lower bound."""
    gaps: tuple[Gap, ...] = ()
    """Those that overlap."""
    again_is: str = AGAIN
    citizens_is: str = CALLERS

    @property
    def rows(self) -> tuple[LineRepeats, ...]:
        """By line, and last all of them together."""
        return (*self.lines, self.together)


def called(calls: int) -> str:
    """How often: ``3``, and ``5+`` for the last."""
    return f"{calls}+" if calls == MOST else str(calls)


def repeat_report(report: Report, often: Mapping[int, int], unknown: int) -> RepeatReport:
    """
    Args:
        report: the figure by line.
        often: calls -> citizens who called so often.
        unknown: calls of nobody known.
    """
    citizens: Counter[int] = Counter(dict.fromkeys(range(1, MOST + 1), 0))
    for calls, count in often.items():
        citizens[min(calls, MOST)] += count
    rows = [(row.line, row.values[FIGURE]) for row in report.rows if FIGURE in row.values]
    return RepeatReport(
        since=report.since,
        until=report.until,
        lines=tuple(_again(line, value) for line, value in rows if value.of),
        together=_again(None, report.total.values[FIGURE]),
        citizens=dict(citizens),
        calls=sum(calls * count for calls, count in often.items()),
        unknown=unknown,
        gap=report.total.gap,
        gaps=report.gaps,
    )


def _again(line: str | None, value: Value) -> LineRepeats:
    return LineRepeats(line, round(value.part), round(value.of), value.value, value.weak)
