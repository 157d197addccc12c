"""What every report shows: what was simulated, and the figures by line."""

from collections.abc import Mapping, Sequence

from acd.model.ids import LineId
from sim.report import charts
from sim.report.in_words import in_words, policy_words
from sim.report.page import Advice, Cell, Chart, Section, Table, Tone, figure
from sim.report.shortage import Verdict, judge_lines
from sim.report.texts import Language, text
from sim.report.wording import amount, date_words, half_width, named, number
from sim.results import FIGURES, HOUSE, LINE, Figure, HouseFigure, Row, Summary, Unit
from sim.scenario import Scenario

TONES = {Verdict.MET: Tone.GOOD, Verdict.MISSED: Tone.BAD, Verdict.OPEN: Tone.OPEN}


def facts(language: Language, found: Summary, scenario: Scenario, changes: Sequence[str] = ()) -> list[tuple[str, str]]:
    """What was simulated."""
    replications = (text(language, "replications"), str(found.replications))
    return facts_of(
        language, scenario, changes, replications, (text(language, "policy"), policy_words(language, found.policy))
    )


def facts_of(
    language: Language, scenario: Scenario, changes: Sequence[str], *more: tuple[str, str]
) -> list[tuple[str, str]]:
    """The period, what more there is to say, and what was different."""
    first, days = scenario.setup.first_day, scenario.setup.counted_days
    words = date_words(language, first.weekday(), first.day, first.month, first.year)
    period = text(language, "one_day", day=words)
    if days > 1:
        period = text(language, "days_from", days=days, day=words)
    rows = [(text(language, "period"), period), *more]
    if changes:
        said = "; ".join(in_words(language, words, scenario.setup) for words in changes)
        rows.append((text(language, "changes"), said))
    return rows


def about(language: Language, scenario: Scenario) -> list[str]:
    return [scenario.about[language]] if scenario.about else []


def notes(language: Language, found: Summary, *more: str) -> list[str]:
    """How the figures came about."""
    engine = "method_queue" if found.policy.startswith("asterisk-queue") else "method_engine"
    return [text(language, key) for key in (engine, *more, "method_certain", "method_letters")]


def one_replication(language: Language) -> Advice:
    """Without an interval nothing is certain."""
    detail = (text(language, "one_replication_detail"),)
    return Advice(Tone.OPEN, text(language, "one_replication"), detail)


def name_of(language: Language, row: Row) -> str:
    return named(language, row.names, row.line or "")


def lines_section(language: Language, found: Summary, title: str = "lines") -> Section:
    """The figures by line, with formula, n and interval."""
    heads = [LINE[language], "n", *(figure.names[language] for figure in FIGURES)]
    verdicts = {one.row.line: one.figures for one in judge_lines(found)}
    rows = [_line_cells(language, row, verdicts.get(row.line, {})) for row in found.lines]
    values = {**found.total.values, **found.house}
    shown: Sequence[Figure | HouseFigure] = (*found.figures, *HOUSE)
    figures = [one for one in found.figures if one not in FIGURES]
    formulas = [
        [
            Cell(one.names[language]),
            Cell(text(language, f"formula_{one.key}")),
            figure(language, values[one.key], one.unit),
            Cell(_n(language, found.total, one.key)),
        ]
        for one in shown
    ]
    return Section(
        text(language, title),
        text(language, "lines_lead"),
        [_reach_chart(language, found, verdicts)],
        [
            Table(text(language, "lines"), heads, rows, strong=(0,)),
            *([_promises(language, found, figures)] if figures else []),
            Table(
                text(language, "house"),
                [text(language, "figure"), text(language, "formula"), text(language, "all"), "n"],
                formulas,
            ),
        ],
    )


def _promises(language: Language, found: Summary, figures: Sequence[Figure]) -> Table:
    heads = [LINE[language], *(one.names[language] for one in figures)]
    rows = [
        [Cell(name_of(language, row)), *(figure(language, row.values[f.key], f.unit, n=row.n[f.key]) for f in figures)]
        for row in found.lines
    ]
    return Table(text(language, "promises"), heads, rows, strong=(0,))


def _n(language: Language, row: Row, key: str) -> str:
    return number(language, row.n[key], 0) if key in row.n else ""


def _line_cells(language: Language, row: Row, verdicts: Mapping[str, Verdict]) -> list[Cell]:
    bad = {key for key, verdict in verdicts.items() if verdict is Verdict.MISSED}
    cells = [
        figure(
            language, row.values[one.key], one.unit, n=row.n[one.key], tone=Tone.BAD if one.key in bad else Tone.PLAIN
        )
        for one in FIGURES
    ]
    return [Cell(name_of(language, row)), Cell(_n(language, row, "entered")), *cells]


def _reach_chart(language: Language, found: Summary, verdicts: Mapping[LineId | None, Mapping[str, Verdict]]) -> Chart:
    marks = []
    for row in found.lines:
        value = row.values["reachability"]
        if value is not None:
            known = verdicts.get(row.line)
            tone = Tone.PLAIN if known is None else TONES[known["reachability"]]
            shown = f"{amount(language, value.mean, Unit.SHARE)} {half_width(language, value, Unit.SHARE)}"
            target = None if row.targets is None else row.targets.reachability
            marks.append(charts.Mark(name_of(language, row), value, tone, shown, target))
    return charts.forest(
        text(language, "reach_chart"), marks, lambda share: amount(language, share, Unit.SHARE), zero=False
    )
