"""Operators' time by state."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from acd.figures.report import Report, StateTime
from acd.figures.sheets import Cell, Sheet, gap_notes, span_notes
from acd.model.operator import OperatorState

STATES: Final = (
    OperatorState.IN_CALL,
    OperatorState.RINGING,
    OperatorState.WRAP_UP,
    OperatorState.AVAILABLE,
    OperatorState.NOT_READY,
    OperatorState.ON_OTHER_CALL,
    OperatorState.UNREACHABLE,
)
"""In which time is shown; that an offer is on its way counts as ringing, and who is logged out is not there."""


class StateRow(msgspec.Struct, frozen=True):
    """Seconds by state; ``who`` None = all together."""

    who: str | None
    states: Mapping[OperatorState, float]

    @property
    def total(self) -> float:
        return sum(self.states.values())


class Interval(msgspec.Struct, frozen=True):
    """One time of one operator in one state."""

    seq: int
    """Ledger number of its begin."""
    operator: str
    state: OperatorState
    reason: str | None
    line: str | None
    began_at: float
    ended_at: float | None
    """None = it lasts."""


def state_rows(spent: Iterable[StateTime]) -> tuple[StateRow, ...]:
    """By operator, in the order of their ids."""
    found: dict[str, dict[OperatorState, float]] = defaultdict(lambda: dict.fromkeys(STATES, 0.0))
    for one in spent:
        state = OperatorState.RINGING if one.state == OperatorState.RESERVED else OperatorState(one.state)
        if state in STATES:
            found[one.operator][state] += one.seconds
    return tuple(StateRow(who, states) for who, states in sorted(found.items()))


def together(rows: Iterable[StateRow]) -> StateRow:
    rows = tuple(rows)
    return StateRow(None, {state: sum(row.states[state] for row in rows) for state in STATES})


def state_sheet(rows: Sequence[StateRow], report: Report) -> Sheet:
    """In seconds.

    Args:
        report: of the same time.
    """
    cells: list[list[Cell]] = [
        ["(all)" if row.who is None else row.who, *(round(seconds, 1) for seconds in row.states.values()), row.total]
        for row in rows
    ]
    return Sheet(["operator", *(state.value for state in STATES), "total"], cells, _notes(report))


def _notes(report: Report) -> Iterator[list[Cell]]:
    yield from span_notes(report.since, report.until)
    yield ["seconds; logged-out time is left out, and who is free is so for all his lines"]
    yield from gap_notes(report.gaps)
