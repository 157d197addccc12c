"""How long callers waited: the distribution, and abandonment by wait."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from acd.figures.report import Report, Value
from acd.figures.sheets import Cell, Sheet, gap_notes, span_notes
from acd.figures.table import FIGURES, hung_up
from acd.model.outcome import Outcome

STEP: Final = 10.0
"""Seconds: as finely as waits are counted."""
WAITS: Final = (0, 10, 20, 30, 60, 90, 120, 150, 180, 240, 300, 600)
"""Where the pieces of the waiting-time distribution begin, seconds; the last has no end."""
BY_WAIT: Final = tuple(f"answered_in_time@{seconds}" for seconds in WAITS[1:])
"""Answered by the end of each of these pieces."""


class WaitRow(msgspec.Struct, frozen=True):
    """Callers who waited so long, and what became of them."""

    since: int
    until: int | None
    """Seconds, outside; None = and longer."""
    answered: int
    abandoned: int
    other: int
    still: int
    """Were still waiting at its begin."""
    figure: str
    """Of those who were answered by its end, of all who were answered or hung up."""
    hung_up: Value
    """Hung up in it, of those who still waited at its begin."""

    @property
    def behind(self) -> str:
        """The figure of these calls, as :func:`acd.figures.report.read_ref` reads it."""
        return hung_up(self.since, self.until).id


def waited(row: WaitRow) -> str:
    return f"{row.since}+" if row.until is None else f"{row.since}–{row.until}"


_ANSWERED: Final = (Outcome.ANSWERED,)
_ABANDONED: Final = (Outcome.ABANDONED, Outcome.ABANDONED_SHORT)


def wait_rows(counted: Mapping[tuple[int, str], int]) -> tuple[WaitRow, ...]:
    """The waiting-time distribution, and abandonment by wait: what became of those who waited so long, and which part
    of those who still waited then hung up. Up to the last piece in which there is anybody.

    Args:
        counted: calls by piece of :data:`STEP` seconds and outcome.
    """
    decided: dict[int, list[int]] = defaultdict(lambda: [0, 0, 0])
    for (step, outcome), calls in counted.items():
        kind = 0 if outcome in _ANSWERED else 1 if outcome in _ABANDONED else 2
        decided[_piece(step * STEP)][kind] += calls
    if not decided:
        return ()
    still = sum(map(sum, decided.values()))
    rows = []
    for place in range(max(decided) + 1):
        answered, abandoned, other = decided.get(place, (0, 0, 0))
        until = WAITS[place + 1] if place + 1 < len(WAITS) else None
        figure = "reachability" if until is None else f"answered_in_time@{until}"
        hung_up = Value.made(FIGURES["reachability"], abandoned, still)
        rows.append(WaitRow(WAITS[place], until, answered, abandoned, other, still, figure, hung_up))
        still -= answered + abandoned + other
    return tuple(rows)


def _piece(seconds: float) -> int:
    return max(place for place, begin in enumerate(WAITS) if begin <= seconds)


def wait_sheet(rows: Sequence[WaitRow], report: Report) -> Sheet:
    """
    Args:
        report: of the same calls, with the figures of these rows.
    """
    columns = ["waited_from", "waited_until", "answered", "abandoned", "other", "still_waiting"]
    columns += ["answered_by_then", "answered_by_then_of", "hung_up"]
    return Sheet(columns, _cells(rows, report), _notes(report), {"answered_by_then", "hung_up"})


def _cells(rows: Sequence[WaitRow], report: Report) -> Iterator[list[Cell]]:
    for row in rows:
        by_then = report.total.values.get(row.figure)
        share, of = (None, None) if by_then is None else (by_then.value, round(by_then.of))
        yield [row.since, row.until, row.answered, row.abandoned, row.other, row.still, share, of, row.hung_up.value]


def _notes(report: Report) -> Iterator[list[Cell]]:
    yield from span_notes(report.since, report.until)
    yield ["answered_by_then", "A_t / (A + B), t = waited_until"]
    yield ["hung_up", "abandoned / still_waiting: hung up in it, of those who still waited when it began"]
    yield from gap_notes(report.gaps)
