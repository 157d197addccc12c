"""The report of ``sim replay``: a day as it was measured, and what the engine makes of the same calls."""

import math
from collections.abc import Sequence
from datetime import date

from sim.model.statistics import Estimate
from sim.replay import AS_IT_WAS, COMPARED, Beside
from sim.report.common import about, facts, lines_section, notes
from sim.report.page import Advice, Cell, Report, Section, Table, Tone, figure
from sim.report.texts import Language, text
from sim.report.wording import amount, date_words, half_width, named
from sim.results import BY_KEY, LINE, Summary, Unit
from sim.scenario import Scenario

JUDGED = ("reachability", "service_level")


def report_of_replay(
    rows: Sequence[Beside],
    found: Summary,
    scenario: Scenario,
    language: Language,
    day: date,
    *,
    given: str,
    changes: Sequence[str] = (),
) -> Report:
    """What would have become of a day.

    Args:
        rows: measured and simulated, all lines first.
        found: all that is simulated.
        scenario: the city.
        language: the reader's.
        day: which day it was.
        given: the scenario as it was named on the command line.
        changes: what was different.
    """
    return Report(
        title=f"{text(language, 'replay')} {date_words(language, day.weekday(), day.day, day.month, day.year)}",
        about=[named(language, scenario.title, given), *about(language, scenario)],
        facts=facts(language, found, scenario, changes)[1:],
        advice=advice(language, rows[0]),
        sections=[_beside(language, rows, found), lines_section(language, found)],
        notes=notes(language, found, "method_replay"),
    )


def advice(language: Language, total: Beside) -> list[Advice]:
    """Of each share whether the replay certainly differs from what was measured."""
    return [_advice(language, key, total) for key in JUDGED if total.simulated[key] is not None]


def _advice(language: Language, key: str, total: Beside) -> Advice:
    was, now = total.measured[key], total.simulated[key]
    assert now is not None
    name = BY_KEY[key].names[language]
    said = f"{amount(language, now.mean, Unit.SHARE)} {half_width(language, now, Unit.SHARE)}".strip()
    if was is None:
        return Advice(Tone.PLAIN, f"{name}: {said}", (text(language, "not_measured"),))
    known = {"figure": name, "now": said, "was": amount(language, was, Unit.SHARE)}
    strict = now.among(len(JUDGED))
    # One replay of a day on which nothing is left to chance has no interval: it is what it is.
    certain = not math.isinf(strict.half) and not strict.covers(was)
    if not certain:
        return Advice(Tone.OPEN, text(language, "replay_same", **known), (text(language, "replay_same_detail"),))
    better = now.mean > was
    tone, key = (Tone.GOOD, "replay_better") if better else (Tone.BAD, "replay_worse")
    return Advice(tone, text(language, key, **known), (text(language, "replay_certain_detail"),))


def _beside(language: Language, rows: Sequence[Beside], found: Summary) -> Section:
    heads = [LINE[language]]
    for key in COMPARED:
        heads += [f"{BY_KEY[key].names[language]} {AS_IT_WAS[language]}", BY_KEY[key].names[language]]
    names = {row.line: named(language, row.names, row.line or "") for row in found.lines}
    cells = []
    for row in rows:
        said = [Cell(names[row.line])]
        for key in COMPARED:
            was = row.measured[key]
            said.append(figure(language, None if was is None else Estimate(was, math.inf, 1), BY_KEY[key].unit))
            said.append(figure(language, row.simulated[key], BY_KEY[key].unit))
        cells.append(said)
    title = text(language, "beside")
    return Section(title, text(language, "beside_lead"), (), (Table(title, heads, cells, strong=(0,)),))
