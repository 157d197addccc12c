"""The report of ``sim run``: which lines and half-hours miss their targets, by how much, and what to try."""

import shlex
from collections.abc import Sequence
from typing import Final

from sim.model.setup import Setup
from sim.report import charts
from sim.report.common import about, facts, lines_section, name_of, notes, one_replication
from sim.report.page import Advice, Cell, Report, Section, Table, Tone, figure
from sim.report.shortage import (
    LineVerdict,
    Period,
    Verdict,
    end_of,
    judge_lines,
    looked_at,
    misses,
    periods,
    target_of,
)
from sim.report.texts import Language, text
from sim.report.wording import amount, named, number, points
from sim.results import BY_KEY, HALF_HOURS, Row, Summary, Unit
from sim.scenario import Scenario

MOST_PERIODS: Final = 3
"""So many are named, those that miss the most calls."""
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LONG: Final = 150
"""Seconds, of the charter."""


def report_of_run(
    found: Summary, scenario: Scenario, language: Language, *, given: str, changes: Sequence[str] = ()
) -> Report:
    """What a simulated day says.

    Args:
        found: its figures.
        scenario: what was simulated, before the changes.
        language: the reader's.
        given: the scenario as it was named on the command line.
        changes: what was different.
    """
    return Report(
        title=named(language, scenario.title, given),
        about=about(language, scenario),
        facts=facts(language, found, scenario, changes),
        advice=advice(language, found, scenario.setup, given, changes),
        sections=[
            lines_section(language, found),
            _pinch(language, found),
            _day(language, found),
            _waits(language, found),
        ],
        notes=notes(language, found),
    )


# --- What to do -----------------------------------------------------------------------------------------------------


def advice(language: Language, found: Summary, setup: Setup, given: str, changes: Sequence[str] = ()) -> list[Advice]:
    """First what is certainly wrong, the worst first; then what is not certain, then what is well."""
    if found.replications < 2:
        return [one_replication(language)]
    verdicts = judge_lines(found)
    by_verdict = {v: [one for one in verdicts if one.verdict is v] for v in Verdict}
    missed, unsure, met = (by_verdict[v] for v in (Verdict.MISSED, Verdict.OPEN, Verdict.MET))
    if met and not missed and not unsure:
        return [Advice(Tone.GOOD, text(language, "all_met"), (text(language, "all_met_detail"),))]
    many = looked_at(found)
    said = []
    for one in missed:
        when = periods(one.row, many)
        to_try = command(one.row, when, setup, given, changes)
        said.append(_miss(language, one, when, to_try))
    if unsure:
        detail = text(language, "undecided_detail", more=found.replications * 4)
        said.append(Advice(Tone.OPEN, text(language, "undecided", lines=_names(language, unsure)), (detail,)))
    if met:
        detail = text(language, "met_detail")
        said.append(Advice(Tone.GOOD, text(language, "met", lines=_names(language, met)), (detail,)))
    return said


def _names(language: Language, verdicts: Sequence[LineVerdict]) -> str:
    return ", ".join(name_of(language, one.row) for one in verdicts)


def _miss(language: Language, one: LineVerdict, found: Sequence[Period], to_try: str) -> Advice:
    row, line = one.row, name_of(language, one.row)
    missed = [key for key, verdict in one.figures.items() if verdict is Verdict.MISSED]
    if len(missed) > 1:
        headline = text(language, "line_misses_both", line=line)
    else:
        headline = text(language, "line_misses", line=line, what=_target(language, row, missed[0]))
    detail = [_short(language, one, key) for key in missed]
    if found:
        worst = sorted(found, key=lambda period: period.short, reverse=True)[:MOST_PERIODS]
        said = ", ".join(_period(language, period) for period in sorted(worst, key=lambda period: period.start))
        detail.append(text(language, "when_short", periods=said))
    else:
        detail.append(text(language, "no_period"))
    return Advice(Tone.BAD, headline, detail, to_try)


def _target(language: Language, row: Row, key: str) -> str:
    assert row.targets is not None
    share = _whole(language, target_of(row, key))
    if key == "reachability":
        return text(language, "reach_target", target=share)
    return text(language, "level_target", target=share, wait=f"{row.targets.wait:g}")


def _whole(language: Language, share: float) -> str:
    digits = 0 if round(share * 100, 6) % 1 == 0 else 1
    return f"{number(language, share * 100, digits)} %"


def _short(language: Language, one: LineVerdict, key: str) -> str:
    row, value = one.row, one.row.values[key]
    assert value is not None and row.targets is not None
    target = target_of(row, key)
    known = {
        "value": amount(language, value.mean, Unit.SHARE),
        "target": _whole(language, target),
        "short": points(language, target - value.mean),
    }
    if key == "reachability":
        return text(language, "reach_short", calls=number(language, one.calls_short), **known)
    return text(language, "level_short", wait=f"{row.targets.wait:g}", **known)


def _period(language: Language, period: Period) -> str:
    hours = text(language, "hours", first=period.start, last=period.end)
    return f"{hours} ({amount(language, period.reachability, Unit.SHARE)})"


def command(row: Row, found: Sequence[Period], setup: Setup, given: str, changes: Sequence[str]) -> str:
    """What reckons whether one more operator helps, at the worst time, or all day if no time is the worst."""
    busy = [half for half in row.half_hours if half.entered.mean]
    if found:
        worst = max(found, key=lambda period: period.short)
        hours = f"{worst.start}-{worst.end}"
    else:
        hours = f"{busy[0].start}-{end_of(busy[-1])}"
    which = sorted({day.weekday() for day in setup.dates if row.line is not None and setup.hours(row.line, day)})
    when = DAYS[which[0]] if len(which) == 1 else f"{DAYS[which[0]]}-{DAYS[which[-1]]}"
    before = " + ".join(changes)
    more = f"extra {when} {hours} {row.line}"
    variants = [before, f"{before} + {more}"] if before else [more]
    words = " ".join(f"-c {shlex.quote(one)}" for one in variants)
    return f"python -m sim compare {shlex.quote(given)} {words}"


# --- Figures --------------------------------------------------------------------------------------------------------


def _pinch(language: Language, found: Summary) -> Section:
    """Reachability by line and half-hour."""
    many = looked_at(found)
    lines = [row for row in found.lines if row.line is not None]
    by_start = [{half.start: half for half in row.half_hours} for row in lines]
    rows = []
    for start in [half.start for half in found.total.half_hours]:
        cells = [Cell(start)]
        for row, halves in zip(lines, by_start, strict=True):
            half = halves.get(start)
            if half is None or half.reachability is None:
                cells.append(Cell("–"))
                continue
            tone = Tone.BAD if misses(row, half, many) else Tone.PLAIN
            shown = figure(language, half.reachability, Unit.SHARE, n=half.n, tone=tone)
            cells.append(Cell(shown.text, "", shown.value, shown.tone, shown.weak))
        rows.append(cells)
    heads = [text(language, "from_hour"), *(name_of(language, row) for row in lines)]
    table = Table(text(language, "pinch"), heads, rows)
    return Section(text(language, "pinch"), text(language, "pinch_lead"), (), (table,))


def _day(language: Language, found: Summary) -> Section:
    """Calls, operators and waits over the half-hours."""
    row = found.total
    halves = row.half_hours
    target = None if row.targets is None else row.targets.wait
    panels = [
        charts.Panel(
            text(language, "calls_panel"),
            [
                charts.Series(text(language, "answered"), "answered", [half.answered.mean for half in halves]),
                charts.Series(text(language, "lost"), "lost", [half.abandoned.mean for half in halves]),
            ],
        ),
        charts.Panel(text(language, "duty_panel"), [charts.Series("", "duty", [half.on_duty.mean for half in halves])]),
        charts.Panel(
            text(language, "wait_panel"),
            [charts.Series("", "wait", [None if half.asa is None else half.asa.mean for half in halves])],
            target=target,
            target_name=text(language, "target"),
        ),
    ]
    names = [BY_KEY[key].names[language] if key in BY_KEY else text(language, key) for key in HALF_HOURS]
    heads = [text(language, "from_hour"), *names, "n"]
    rows = [
        [Cell(half.start), *(figure(language, getattr(half, key), u, n=half.n) for key, u in HALF_HOURS.items()),
         Cell(number(language, half.n, 0))]
        for half in halves
    ]  # fmt: skip
    title = text(language, "day")
    chart = charts.day(title, [half.start for half in halves], panels)
    return Section(title, text(language, "day_lead"), (chart,), (Table(title, heads, rows),))


def _waits(language: Language, found: Summary) -> Section:
    """How long those who were answered had waited."""
    row = found.total
    quick = 30.0 if row.targets is None else row.targets.wait
    bars, cells = [], []
    for one in row.waits:
        label = f"> {one.least} s" if one.below is None else f"{one.least}–{one.below} s"
        style = "long" if one.least >= LONG else "quick" if one.below is not None and one.below <= quick else "slow"
        bars.append(charts.Bar(label, one.share.mean, amount(language, one.share.mean, Unit.SHARE), style))
        cells.append([Cell(label), figure(language, one.share, Unit.SHARE, n=one.n), Cell(number(language, one.n, 0))])
    title = text(language, "waits")
    heads = [text(language, "wait"), text(language, "share"), "n"]
    return Section(title, text(language, "waits_lead"), (charts.bars(title, bars),), (Table(title, heads, cells),))
