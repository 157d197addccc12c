"""A recorded day beside the same day replayed: what was measured, and what the engine makes of the same calls."""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
from rich.table import Table

from acd.model.ids import LineId
from sim.model.figures import Counts, Figures
from sim.model.setup import Setup
from sim.model.statistics import Estimate
from sim.recorded import Experience, measured
from sim.results import FIGURES, shown, summary

COMPARED: Final = ("entered", "reachability", "service_level", "asa")
AS_IT_WAS: Final = {"nl": "gemeten", "en": "measured", "fr": "mesuré"}
_LINE: Final = {"nl": "lijn", "en": "line", "fr": "ligne"}
_ALL: Final = {"nl": "alle lijnen", "en": "all lines", "fr": "toutes les lignes"}


class Beside(msgspec.Struct, frozen=True):
    """One line, or all of them (None)."""

    line: LineId | None
    measured: dict[str, float | None]
    simulated: dict[str, Estimate | None]


def beside(calls: Iterable[Experience], runs: Sequence[Figures], setup: Setup) -> list[Beside]:
    """Both, all lines together first."""
    was = measured(calls, {id: line.target_wait for id, line in setup.policy.lines.items()})
    total = Counts.sum(was.values()) if was else Counts()
    found = summary(runs, setup)
    return [
        Beside(
            row.line,
            _figures(total if row.line is None else was.get(row.line, Counts())),
            {key: row.values[key] for key in COMPARED},
        )
        for row in found.lines
    ]


def _figures(counts: Counts) -> dict[str, float | None]:
    values = (counts.entered, counts.reachability, counts.service_level, counts.speed_of_answer)
    return dict(zip(COMPARED, values, strict=True))


def beside_table(found: Iterable[Beside], language: str) -> Table:
    """Each figure twice: as it was, and simulated."""
    figures = [figure for figure in FIGURES if figure.key in COMPARED]
    table = Table(box=None, pad_edge=False)
    table.add_column(_LINE[language])
    for figure in figures:
        table.add_column(f"{figure.names[language]} {AS_IT_WAS[language]}", justify="right")
        table.add_column(figure.names[language], justify="right")
    for row in found:
        cells = []
        for figure in figures:
            was = row.measured[figure.key]
            cells.append(shown(None if was is None else Estimate(was, float("inf"), 1), figure.unit))
            cells.append(shown(row.simulated[figure.key], figure.unit))
        table.add_row(row.line or _ALL[language], *cells, style="bold" if row.line is None else "")
    return table
