"""Replications -> the figures that people read, each with its confidence interval; as a table, JSON and CSV."""

import csv
import io
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import msgspec
from rich.table import Table

from acd.model.ids import LineId, OperatorId
from acd.model.outcome import Outcome
from acd.model.policy import Line
from sim.half_hours import HalfHour, WaitClass, half_hours, wait_classes
from sim.model.figures import Figures, LineFigures
from sim.model.setup import Setup
from sim.model.statistics import Estimate, difference, estimate
from sim.policies import policy_name

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
    n: Callable[[LineFigures], int]
    """The calls on which it rests."""
    more_is_better: bool = True


@dataclass(frozen=True)
class HouseFigure:
    """One figure of the whole contact centre."""

    key: str
    names: Names
    unit: Unit
    formula: str
    of: Callable[[Figures], float | None]


def _names(nl: str, en: str, fr: str) -> Names:
    return {"nl": nl, "en": en, "fr": fr}


def _entered(figures: LineFigures) -> int:
    return figures.total.entered


def _accepted(figures: LineFigures) -> int:
    return figures.promises.accepted


def _fallen_due(figures: LineFigures) -> int:
    return figures.promises.fallen_due


FIGURES: Final = (
    Figure(
        "entered",
        _names("oproepen", "calls", "appels"),
        Unit.COUNT,
        "joined the line",
        lambda f: f.total.entered,
        _entered,
    ),
    Figure(
        "reachability",
        _names("bereikbaarheid", "reachability", "joignabilité"),
        Unit.SHARE,
        "A / (A + B)",
        lambda f: f.total.reachability,
        lambda f: f.total.answered + f.total.abandoned,
    ),
    Figure(
        "service_level",
        _names("op tijd", "in time", "à temps"),
        Unit.SHARE,
        "A within target / (A + B - s)",
        lambda f: f.total.service_level,
        lambda f: f.total.answered + f.total.abandoned - f.total.short,
    ),
    Figure(
        "asa",
        _names("gem. wachttijd", "mean wait", "attente moy."),
        Unit.SECONDS,
        "sum of waits of answered / A",
        lambda f: f.total.speed_of_answer,
        lambda f: f.total.answered,
        more_is_better=False,
    ),
    Figure(
        "wait_90",
        _names("90 % binnen", "90 % within", "90 % en"),
        Unit.SECONDS,
        "90 % quantile of the waits of answered",
        lambda f: f.wait_quantile(0.9),
        lambda f: f.total.answered,
        more_is_better=False,
    ),
    Figure(
        "abandoned",
        _names("opgehangen", "hung up", "raccrochés"),
        Unit.COUNT,
        "B = abandoned + abandoned_short",
        lambda f: f.total.abandoned,
        _entered,
        more_is_better=False,
    ),
    Figure(
        "over_150",
        _names("> 150 s", "> 150 s", "> 150 s"),
        Unit.SHARE,
        "waited longer than 150 s / joined",
        lambda f: f.total.long_share,
        _entered,
        more_is_better=False,
    ),
)
PROMISES: Final = (
    Figure(
        "spoken",
        _names("gesproken", "spoken with", "entendus"),
        Unit.COUNT,
        "A + callbacks reached before the deadline",
        lambda f: f.spoken,
        _entered,
    ),
    Figure(
        "reached",
        _names("bereikt", "reached", "joints"),
        Unit.SHARE,
        "(A + callbacks reached before the deadline) / (A + B + callbacks accepted)",
        lambda f: f.reached,
        lambda f: f.total.answered + f.total.abandoned + f.promises.accepted,
    ),
    Figure(
        "promised",
        _names("afspraken", "callbacks accepted", "rappels acceptés"),
        Unit.COUNT,
        "outcome callback_accepted",
        lambda f: f.promises.accepted,
        _accepted,
    ),
    Figure(
        "kept",
        _names("gehouden", "kept", "tenus"),
        Unit.SHARE,
        "reached before the deadline / accepted whose deadline has passed",
        lambda f: f.promises.kept_share,
        _fallen_due,
    ),
    Figure(
        "unanswered",
        _names("nam nooit op", "never picked up", "jamais décroché"),
        Unit.COUNT,
        "not kept, though the citizen was rung as often as the line allows",
        lambda f: f.promises.unanswered,
        _fallen_due,
        more_is_better=False,
    ),
    Figure(
        "broken",
        _names("gebroken", "broken", "rompus"),
        Unit.COUNT,
        "not kept, and the citizen was rung less often than the line allows, or never",
        lambda f: f.promises.broken,
        _fallen_due,
        more_is_better=False,
    ),
)
"""Of a line, or of all, where citizens are called back. What waits is not lost: these count beside the live figures."""
HOUSE: Final = (
    HouseFigure("offered", _names("oproepen", "calls", "appels"), Unit.COUNT, "all calls", lambda f: f.offered),
    HouseFigure(
        "helped",
        _names("burgers geholpen", "citizens helped", "citoyens aidés"),
        Unit.SHARE,
        "citizens helped / citizens who called",
        lambda f: f.helped,
    ),
    HouseFigure(
        "occupancy",
        _names("bezettingsgraad", "occupancy", "taux d’occupation"),
        Unit.SHARE,
        "(talk + ring + wrap-up) / (that + available)",
        lambda f: f.occupancy(),
    ),
    HouseFigure(
        "aht",
        _names("afhandeltijd", "handle time", "durée de traitement"),
        Unit.SECONDS,
        "(talk + wrap-up) / handled",
        lambda f: f.handle_time,
    ),
    HouseFigure(
        "closed",
        _names("gesloten", "closed", "fermé"),
        Unit.COUNT,
        "outcome closed",
        lambda f: f.no_line[Outcome.CLOSED],
    ),
    HouseFigure(
        "refused",
        _names("geweigerd", "refused", "refusés"),
        Unit.COUNT,
        "outcome refused",
        lambda f: sum(line.outcomes[Outcome.REFUSED] for line in f.lines.values()),
    ),
)
HALF_HOURS: Final = {
    "entered": Unit.COUNT,
    "answered": Unit.COUNT,
    "abandoned": Unit.COUNT,
    "reachability": Unit.SHARE,
    "service_level": Unit.SHARE,
    "asa": Unit.SECONDS,
    "on_duty": Unit.COUNT,
}
"""Fields of a :class:`~sim.half_hours.HalfHour`."""
LINE: Final = _names("lijn", "line", "ligne")
ALL_LINES: Final = _names("alle lijnen", "all lines", "toutes les lignes")
BY_KEY: Final = {figure.key: figure for figure in (*FIGURES, *PROMISES)}


class Targets(msgspec.Struct, frozen=True):
    """What was promised."""

    reachability: float
    service_level: float
    wait: float
    """Seconds within which the share ``service_level`` should be answered."""


class Row(msgspec.Struct, frozen=True):
    """The figures of one line; ``line`` None = all lines."""

    line: LineId | None
    names: Mapping[str, str]
    targets: Targets | None
    """None: the lines have different ones."""
    values: dict[str, Estimate | None]
    n: dict[str, int]
    """Calls on which each figure rests, in all replications together."""
    half_hours: list[HalfHour]
    waits: list[WaitClass]


class Summary(msgspec.Struct, frozen=True):
    """What replications say."""

    replications: int
    days: int
    policy: str
    """Who decides who gets whom."""
    house: dict[str, Estimate | None]
    lines: list[Row]

    @property
    def total(self) -> Row:
        """All lines together."""
        return self.lines[0]

    @property
    def deferring(self) -> bool:
        """Somebody is called back."""
        return self.total.n.get("promised", 0) > 0

    @property
    def figures(self) -> tuple[Figure, ...]:
        """What there is to say of each line."""
        return (*FIGURES, *PROMISES) if self.deferring else FIGURES


def summary(runs: Sequence[Figures], setup: Setup) -> Summary:
    """The mean of each figure over the replications. Counts are per day."""
    days = setup.counted_days
    house = {figure.key: _mean([figure.of(run) for run in runs], figure.unit, days) for figure in HOUSE}
    rows = [_row(line, runs, setup) for line in (None, *setup.policy.lines.values())]
    return Summary(len(runs), days, policy_name(setup), house, rows)


def _row(line: Line | None, runs: Sequence[Figures], setup: Setup) -> Row:
    id = None if line is None else line.id
    lines = [run.of(id) for run in runs]
    days = setup.counted_days
    values = {key: _mean([f.of(figures) for figures in lines], f.unit, days) for key, f in BY_KEY.items()}
    return Row(
        line=id,
        names=ALL_LINES if line is None else line.names,
        targets=_targets(setup.policy.lines.values() if line is None else [line]),
        values=values,
        n={key: sum(map(figure.n, lines)) for key, figure in BY_KEY.items()},
        half_hours=half_hours(runs, lines, _who(setup, id), days),
        waits=wait_classes(lines),
    )


def _targets(lines: Iterable[Line]) -> Targets | None:
    known = {Targets(line.target_reachability, line.target_share, line.target_wait) for line in lines}
    return known.pop() if len(known) == 1 else None


def _who(setup: Setup, line: LineId | None) -> list[OperatorId]:
    return [id for id, operator in setup.policy.operators.items() if line is None or line in operator.lines]


def _mean(values: Sequence[float | None], unit: Unit, days: int) -> Estimate | None:
    return estimate(_per_day(values, unit, days))


def _per_day(values: Sequence[float | None], unit: Unit, days: int) -> list[float | None]:
    return [value if value is None or unit is not Unit.COUNT else value / days for value in values]


def change(key: str, after: Sequence[LineFigures], before: Sequence[LineFigures], days: int) -> Estimate | None:
    """What a change does to a figure of a line, or of all lines, on the same calls."""
    figure = BY_KEY[key]
    pair = (_per_day([figure.of(line) for line in lines], figure.unit, days) for lines in (after, before))
    return difference(*pair)


def answered_more(after: Sequence[LineFigures], before: Sequence[LineFigures], days: int) -> Estimate | None:
    """Calls answered per day more, on the same callers."""
    pairs = zip(after, before, strict=True)
    return estimate((a.outcomes[Outcome.ANSWERED] - b.outcomes[Outcome.ANSWERED]) / days for a, b in pairs)


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


def lines_tables(found: Summary, language: str) -> Iterator[Table]:
    """What callers experience, and the promises if there are any; a line of the city in each row."""
    yield _lines_table(found, FIGURES, language)
    if found.deferring:
        yield _lines_table(found, PROMISES, language)


def _lines_table(found: Summary, figures: Sequence[Figure], language: str) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column(LINE[language])
    for figure in figures:
        table.add_column(figure.names[language], justify="right")
    for row in found.lines:
        name = row.line or ALL_LINES[language]
        table.add_row(
            name,
            *(shown(row.values[figure.key], figure.unit) for figure in figures),
            style="bold" if row.line is None else "",
        )
    return table


def as_json(found: Summary) -> bytes:
    """Every figure with its interval; infinite ones (a single replication) as null."""
    return msgspec.json.format(msgspec.json.encode(found), indent=2)


def as_csv(found: Summary) -> str:
    """One row for each line and figure, then one for each half-hour of each line and figure."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(["line", "figure", "unit", "mean", "half_width_95", "replications", "n", "half_hour", "formula"])
    for house in HOUSE:
        rows.writerow(["", house.key, house.unit, *_cells(found.house[house.key]), "", "", house.formula])
    for row in found.lines:
        for figure in found.figures:
            known = _cells(row.values[figure.key])
            rows.writerow([row.line or "all", figure.key, figure.unit, *known, row.n[figure.key], "", figure.formula])
    for row in found.lines:
        for half in row.half_hours:
            for key, unit in HALF_HOURS.items():
                rows.writerow([row.line or "all", key, unit, *_cells(getattr(half, key)), half.n, half.start, ""])
    return out.getvalue()


def _cells(value: Estimate | None) -> list[str]:
    if value is None:
        return ["", "", "0"]
    return [f"{value.mean:.6g}", "" if math.isinf(value.half) else f"{value.half:.6g}", str(value.n)]
