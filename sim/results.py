"""Replications -> the figures that people read, each with its confidence interval; as a table, JSON and CSV."""

import csv
import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import msgspec
from rich.table import Table

from acd.model.ids import LineId
from acd.model.outcome import Outcome
from sim.model.figures import Figures, LineFigures
from sim.model.statistics import Estimate, difference, estimate

Names = dict[str, str]


class Unit(StrEnum):
    SHARE = "share"
    SECONDS = "seconds"
    COUNT = "count"


@dataclass(frozen=True)
class Figure:
    """One figure of a line, or of all lines."""

    key: str
    names: Names
    unit: Unit
    formula: str
    of: Callable[[LineFigures], float | None]
    more_is_better: bool = True


@dataclass(frozen=True)
class HouseFigure:
    """One figure of the whole contact centre."""

    key: str
    names: Names
    unit: Unit
    formula: str
    of: Callable[[Figures], float | None]


def _lost(line: LineFigures) -> float:
    return line.total.abandoned


FIGURES: Final = (
    Figure("entered", {"nl": "oproepen", "en": "calls"}, Unit.COUNT, "joined the line", lambda f: f.total.entered),
    Figure(
        "reachability",
        {"nl": "bereikbaarheid", "en": "reachability"},
        Unit.SHARE,
        "A / (A + B)",
        lambda f: f.total.reachability,
    ),
    Figure(
        "service_level",
        {"nl": "op tijd", "en": "in time"},
        Unit.SHARE,
        "A within target / (A + B - s)",
        lambda f: f.total.service_level,
    ),
    Figure(
        "asa",
        {"nl": "gem. wachttijd", "en": "mean wait"},
        Unit.SECONDS,
        "sum of waits of answered / A",
        lambda f: f.total.speed_of_answer,
        more_is_better=False,
    ),
    Figure(
        "wait_90",
        {"nl": "90 % binnen", "en": "90 % within"},
        Unit.SECONDS,
        "90 % quantile of the waits of answered",
        lambda f: f.wait_quantile(0.9),
        more_is_better=False,
    ),
    Figure(
        "abandoned",
        {"nl": "opgehangen", "en": "hung up"},
        Unit.COUNT,
        "B = abandoned + abandoned_short",
        _lost,
        more_is_better=False,
    ),
    Figure(
        "over_150",
        {"nl": "> 150 s", "en": "> 150 s"},
        Unit.SHARE,
        "waited longer than 150 s / joined",
        lambda f: f.total.long_share,
        more_is_better=False,
    ),
)
HOUSE: Final = (
    HouseFigure(
        "reached",
        {"nl": "bereikt", "en": "reached"},
        Unit.SHARE,
        "(A + callbacks reached in time) / (A + B + callbacks accepted)",
        lambda f: f.reached,
    ),
    HouseFigure(
        "promised",
        {"nl": "terugbelafspraken", "en": "callbacks accepted"},
        Unit.COUNT,
        "outcome callback_accepted",
        lambda f: f.all_promises.accepted,
    ),
    HouseFigure(
        "kept",
        {"nl": "gehouden afspraken", "en": "kept promises"},
        Unit.SHARE,
        "reached before the deadline / accepted whose deadline has passed",
        lambda f: f.all_promises.kept_share,
    ),
    HouseFigure(
        "broken",
        {"nl": "gebroken afspraken", "en": "broken promises"},
        Unit.COUNT,
        "accepted whose deadline has passed, not reached before it",
        lambda f: f.all_promises.broken,
    ),
    HouseFigure("offered", {"nl": "oproepen", "en": "calls"}, Unit.COUNT, "all calls", lambda f: f.offered),
    HouseFigure(
        "helped",
        {"nl": "burgers geholpen", "en": "citizens helped"},
        Unit.SHARE,
        "citizens helped / citizens who called",
        lambda f: f.helped,
    ),
    HouseFigure(
        "occupancy",
        {"nl": "bezettingsgraad", "en": "occupancy"},
        Unit.SHARE,
        "(talk + ring + wrap-up) / (that + available)",
        lambda f: f.occupancy(),
    ),
    HouseFigure(
        "aht",
        {"nl": "afhandeltijd", "en": "handle time"},
        Unit.SECONDS,
        "(talk + wrap-up) / handled",
        lambda f: f.handle_time,
    ),
    HouseFigure(
        "closed",
        {"nl": "gesloten", "en": "closed"},
        Unit.COUNT,
        "outcome closed",
        lambda f: f.no_line[Outcome.CLOSED],
    ),
    HouseFigure(
        "refused",
        {"nl": "geweigerd", "en": "refused"},
        Unit.COUNT,
        "outcome refused",
        lambda f: sum(line.outcomes[Outcome.REFUSED] for line in f.lines.values()),
    ),
)
BY_KEY: Final = {figure.key: figure for figure in FIGURES}


class Row(msgspec.Struct, frozen=True):
    """The figures of one line; ``line`` None = all lines."""

    line: LineId | None
    values: dict[str, Estimate | None]


class Summary(msgspec.Struct, frozen=True):
    """What replications say."""

    replications: int
    days: int
    house: dict[str, Estimate | None]
    lines: list[Row]


def summary(runs: Sequence[Figures], days: int) -> Summary:
    """The mean of each figure over the replications. Counts are per day."""
    rows = [Row(None, _values([run.all_lines for run in runs], days))]
    rows += [Row(id, _values([run.lines[id] for run in runs], days)) for id in runs[0].lines]
    house = {figure.key: _mean([figure.of(run) for run in runs], figure.unit, days) for figure in HOUSE}
    return Summary(len(runs), days, house, rows)


def _values(lines: Sequence[LineFigures], days: int) -> dict[str, Estimate | None]:
    return {figure.key: _mean([figure.of(line) for line in lines], figure.unit, days) for figure in FIGURES}


def _mean(values: Sequence[float | None], unit: Unit, days: int) -> Estimate | None:
    return estimate(_per_day(values, unit, days))


def _per_day(values: Sequence[float | None], unit: Unit, days: int) -> list[float | None]:
    return [value if value is None or unit is not Unit.COUNT else value / days for value in values]


def change(key: str, after: Sequence[Figures], before: Sequence[Figures], days: int) -> Estimate | None:
    """What a change does to a figure of all lines, on the same calls."""
    figure = BY_KEY[key]
    pair = (_per_day([figure.of(run.all_lines) for run in runs], figure.unit, days) for runs in (after, before))
    return difference(*pair)


def answered_more(after: Sequence[Figures], before: Sequence[Figures], days: int) -> Estimate | None:
    """Citizens helped per day more, on the same callers."""
    pairs = zip(after, before, strict=True)
    return estimate((_answered(a) - _answered(b)) / days for a, b in pairs)


def _answered(run: Figures) -> int:
    return sum(line.outcomes[Outcome.ANSWERED] for line in run.lines.values())


# --- On paper -------------------------------------------------------------------------------------------------------


def shown(value: Estimate | None, unit: Unit, *, signed: bool = False) -> str:
    """``94.7 % ± 0.3``; signed, a difference of shares in points: ``+1.2 pt ± 0.4``."""
    if value is None:
        return "-"
    scale, digits, mark = {Unit.SHARE: (100, 1, " %"), Unit.SECONDS: (1, 1, " s"), Unit.COUNT: (1, 1, "")}[unit]
    plus = "+" if signed else ""
    mark = " pt" if signed and unit is Unit.SHARE else mark
    text = f"{value.mean * scale:{plus}.{digits}f}{mark}"
    return text if math.isinf(value.half) else f"{text} ± {value.half * scale:.{digits}f}"


def lines_table(found: Summary, language: str) -> Table:
    """A line of the city in each row."""
    table = Table(box=None, pad_edge=False)
    table.add_column({"nl": "lijn", "en": "line"}[language])
    for figure in FIGURES:
        table.add_column(figure.names[language], justify="right")
    for row in found.lines:
        name = row.line or {"nl": "alle lijnen", "en": "all lines"}[language]
        table.add_row(
            name,
            *(shown(row.values[figure.key], figure.unit) for figure in FIGURES),
            style="bold" if row.line is None else "",
        )
    return table


def as_json(found: Summary) -> bytes:
    """Every figure with its interval; infinite ones (a single replication) as null."""
    return msgspec.json.format(msgspec.json.encode(found), indent=2)


def as_csv(found: Summary) -> str:
    """One row for each line and figure."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(["line", "figure", "unit", "mean", "half_width_95", "replications", "formula"])
    for house in HOUSE:
        rows.writerow(["", house.key, house.unit, *_cells(found.house[house.key]), house.formula])
    for row in found.lines:
        for figure in FIGURES:
            rows.writerow([row.line or "all", figure.key, figure.unit, *_cells(row.values[figure.key]), figure.formula])
    return out.getvalue()


def _cells(value: Estimate | None) -> list[str]:
    if value is None:
        return ["", "", "0"]
    return [f"{value.mean:.6g}", "" if math.isinf(value.half) else f"{value.half:.6g}", str(value.n)]
