"""What is asked of the figures, and what is answered."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

import msgspec

from acd.figures.limits import Limits
from acd.figures.periods import Grain, label, pieces
from acd.figures.rows import CallFact, Population, PromiseFact, TalkFact
from acd.figures.table import DASHBOARD, FIGURES, HUNG_UP, Figure, Kind, hung_up
from acd.figures.terms import Term, bound
from acd.model.mendable import Mendable

WEAK_BELOW: Final = 10
"""A share or mean of fewer than this is marked as weak."""


class Dimension(StrEnum):
    """By what figures are told apart, besides the period."""

    LINE = "line"
    OPERATOR = "operator"


class UnknownFigure(Mendable):
    """There is no figure {ref}."""

    def __init__(self, ref: str) -> None:
        super().__init__(f"there is no figure {ref!r}; there are: {', '.join(FIGURES)}, some of them with @seconds")


class CountsNoRows(Mendable):
    """Behind the figure {ref} there are no single rows: it counts time, or citizens."""

    def __init__(self, ref: str) -> None:
        super().__init__(f"behind the figure {ref} there are no single rows: it counts time, or citizens")


class Ref(msgspec.Struct, frozen=True):
    """A figure, and the seconds that take the place of its lines' own limit."""

    figure: Figure
    seconds: float | None = None

    @property
    def key(self) -> str:
        """``service_level@30``; as :func:`read_ref` reads it."""
        return self.figure.id if self.seconds is None else f"{self.figure.id}@{self.seconds:g}"

    @property
    def part(self) -> Term:
        return self._bound(self.figure.part)

    @property
    def of(self) -> Term:
        return self._bound(self.figure.of)

    def _bound(self, term: Term) -> Term:
        return term if self.seconds is None else bound(term, self.figure.limit, self.seconds)


def read_ref(text: str) -> Ref:
    """A figure by its id, or by ``id@seconds``.

    Raises:
        UnknownFigure: there is none, or it knows no seconds.
    """
    id, at, seconds = text.partition("@")
    if id == HUNG_UP:
        return _hung_up(text, seconds)
    figure = FIGURES.get(id)
    if figure is None:
        raise UnknownFigure(text)
    if not at:
        return Ref(figure)
    try:
        value = float(seconds)
    except ValueError:
        raise UnknownFigure(text) from None
    if not figure.limit or not 0 <= value < 1e6:
        raise UnknownFigure(text)
    return Ref(figure, value)


def _hung_up(text: str, seconds: str) -> Ref:
    """``hung_up@30-60``, and ``hung_up@600`` without an end."""
    first, to, last = seconds.partition("-")
    try:
        since, until = float(first), float(last) if to else None
    except ValueError:
        raise UnknownFigure(text) from None
    if not 0 <= since < (1e6 if until is None else until) <= 1e6:
        raise UnknownFigure(text)
    return Ref(hung_up(since, until))


def read_refs(texts: Iterable[str]) -> tuple[Ref, ...]:
    """Several of them, each once; none = those of :data:`~acd.figures.table.DASHBOARD`."""
    return tuple(dict.fromkeys(map(read_ref, tuple(texts) or DASHBOARD)))


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked: these figures, of this time, cut so. Times are seconds since the epoch."""

    since: float
    until: float
    """Outside."""
    now: float
    """The moment for which the figures are made: what is due, and how long those who wait have waited."""
    figures: tuple[Ref, ...]
    grain: Grain = Grain.TOTAL
    by: tuple[Dimension, ...] = ()
    lines: tuple[str, ...] = ()
    """Only these; empty = all."""
    operators: tuple[str, ...] = ()
    limits: Limits = Limits()


class Value(msgspec.Struct, frozen=True):
    """One figure with what stands behind it."""

    part: float
    """Above the line: calls, or seconds. Of a count the same as ``of``, of ``longest`` the seconds."""
    of: float
    """Below the line: how many, or seconds of operators' time."""
    value: float | None
    """None = there is nothing to divide by."""
    weak: bool = False
    """Of fewer than 10."""

    @classmethod
    def made(cls, figure: Figure, part: float, of: float) -> "Value":
        match figure.kind:
            case Kind.COUNT:
                return cls(of, of, of)
            case Kind.LONGEST:
                return cls(part, of, part if of else None)
            case _:
                few = figure.population is not Population.TIME and of < WEAK_BELOW
                return cls(part, of, part / of if of else None, few)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of one period, line and operator."""

    number: int
    """Of the period, in its order."""
    period: str
    """As :func:`acd.figures.periods.label` calls it."""
    line: str | None = None
    operator: str | None = None
    values: Mapping[str, Value]
    """By :attr:`Ref.key`; a figure that cannot be told apart so is missing."""
    gap: float = 0.0
    """Seconds of the period in which nothing could be seen: counts are a lower bound."""


class Meaning(msgspec.Struct, frozen=True, kw_only=True):
    """How a figure of a report came about."""

    key: str
    nl: str
    en: str
    fr: str
    formula: str
    version: int
    unit: str
    population: str
    seconds: float | None = None

    @classmethod
    def of(cls, ref: Ref) -> "Meaning":
        figure = ref.figure
        return cls(
            key=ref.key,
            nl=figure.nl,
            en=figure.en,
            fr=figure.fr,
            formula=figure.formula if ref.seconds is None else f"{figure.formula}, t = {ref.seconds:g} s",
            version=figure.version,
            unit=figure.unit.value,
            population=figure.population.value,
            seconds=ref.seconds,
        )


NOT_RUNNING: Final = "not running"
"""Reason of a gap that is inferred: a link came up that had not gone down. Otherwise it is what the link said."""


class Gap(msgspec.Struct, frozen=True):
    """A time in which nothing could be seen."""

    began_at: float | None
    """None = nothing was seen before."""
    ended_at: float | None
    """None = it lasts."""
    reason: str
    repaired: int = 0
    """Calls of which Asterisk's own record has told what was not seen."""

    @property
    def not_running(self) -> bool:
        return self.reason == NOT_RUNNING


def unseen(gaps: Iterable[Gap], query: Query, grain: Grain = Grain.TOTAL) -> dict[int, float]:
    """Seconds without sight by period; of the whole time by default."""
    seconds: dict[int, float] = defaultdict(float)
    for gap in gaps:
        began = query.since if gap.began_at is None else max(gap.began_at, query.since)
        ended = min(query.now if gap.ended_at is None else gap.ended_at, query.until)
        for number, part in pieces(grain, began, ended):
            seconds[number] += part
    return seconds


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The answer. Rows are in order of period, line and operator; those without anything to count are left out."""

    since: float
    until: float
    made_at: float
    grain: Grain
    figures: tuple[Meaning, ...]
    untold: tuple[str, ...] = ()
    """Of them those that cannot be told apart so: that a row has none of them says nothing."""
    limits: Mapping[str, Mapping[str, float | None]]
    """By which settings of the lines it was counted: today's."""
    rows: tuple[Row, ...]
    total: Row
    gaps: tuple[Gap, ...]
    """Those that overlap."""


Fact = CallFact | TalkFact | PromiseFact


class Behind(msgspec.Struct, frozen=True):
    """One row behind a figure."""

    fact: Fact
    counts: bool
    """It is above the line, too."""


class StateTime(msgspec.Struct, frozen=True, kw_only=True):
    """How long an operator was in a state in one period."""

    number: int
    period: str
    operator: str
    state: str
    reason: str | None
    seconds: float


def total_row(values: Mapping[str, Value], gap: float) -> Row:
    return Row(number=0, period=label(Grain.TOTAL, 0), values=values, gap=gap)
