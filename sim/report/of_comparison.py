"""The report of ``sim compare`` and ``sim skills``: what each change brings, to whom, and what to do."""

import math
from collections.abc import Iterator, Sequence
from typing import Final

from sim.model.setup import Setup
from sim.model.statistics import Estimate
from sim.report import charts
from sim.report.common import about, facts, lines_section, notes, one_replication
from sim.report.in_words import in_words, is_measure
from sim.report.page import Advice, Cell, Chart, Report, Section, Table, Tone, figure, gain
from sim.report.texts import Language, text
from sim.report.wording import amount, half_width, named, number
from sim.results import BY_KEY, HALF_HOURS, LINE, Summary, Unit
from sim.scenario import Scenario
from sim.study import Comparison, Difference, Gain, LineGain

MEASURES: Final = {"answered": 1, "reachability": 1, "service_level": 1, "asa": -1}
"""What a change is judged by, and whether more of it is better."""
WITH_CALLBACKS: Final = {"spoken": 1, "reached": 1, "service_level": 1, "asa": -1, "broken": -1}
"""The same where citizens are called back: who is, was not answered, and yet not lost."""
PROMISED: Final = ("reached", "kept", "broken")
LIVE: Final = ("reachability", "service_level", "asa")
UNITS: Final = {"answered": Unit.COUNT, **{key: figure.unit for key, figure in BY_KEY.items()}}
DRAWN: Final = 3
"""Changes whose half-hours are drawn, the first ones."""


def report_of_comparison(found: Comparison, scenario: Scenario, language: Language, *, given: str) -> Report:
    """What the changes bring.

    Args:
        found: the scenario as it is and changed.
        scenario: as it is.
        language: the reader's.
        given: the scenario as it was named on the command line.
    """
    setup = scenario.setup
    return Report(
        title=f"{text(language, 'what_if')} {named(language, scenario.title, given)}",
        about=about(language, scenario),
        facts=facts(language, found.before, scenario),
        advice=advice(language, found.changes, setup),
        sections=[
            _differences(language, found.changes, setup),
            *_promises(language, found, setup),
            _by_line(language, found.changes, setup),
            _lost(language, found, setup),
            lines_section(language, found.before, "now"),
        ],
        notes=notes(language, found.before, *(["method_callbacks"] if _deferring(found.changes) else [])),
    )


def report_of_skills(found: Sequence[Difference], scenario: Scenario, language: Language) -> Report:
    """Who should learn which line."""
    setup = scenario.setup
    title = f"{text(language, 'skills')} {named(language, scenario.title, '')}"
    if not found:
        return Report(title, about(language, scenario), [], _no_skill(language), [], [])
    after = found[0].after
    return Report(
        title=title,
        about=about(language, scenario),
        facts=facts(language, after, scenario),
        advice=_skill_advice(language, found, setup),
        sections=[_differences(language, found, setup), _by_line(language, found, setup)],
        notes=notes(language, after, "method_skills"),
    )


# --- What to do -----------------------------------------------------------------------------------------------------


def _deferring(found: Sequence[Gain]) -> bool:
    return any(one.deferring for one in found)


def measures(deferring: bool) -> dict[str, int]:
    """By what a change is judged, and whether more of it is better."""
    return WITH_CALLBACKS if deferring else MEASURES


def signs(found: Gain, among: int) -> dict[str, int]:
    """The measures that certainly become better (1) or worse (-1)."""
    judged = measures(found.deferring)
    values = {key: _among(getattr(found, key), among) for key in judged}
    return {
        key: better if value.mean > 0 else -better
        for key, better in judged.items()
        if (value := values[key]) is not None and value.certain
    }


def _people(found: Gain) -> Estimate | None:
    """Citizens spoken with; where nobody is called back, they are the calls answered."""
    return found.spoken if found.deferring else found.answered


def _among(value: Estimate | None, many: int) -> Estimate | None:
    return None if value is None else value.among(many)


def losers(found: Difference) -> list[LineGain]:
    """Lines of which certainly fewer callers speak with anybody."""
    key = "spoken" if found.deferring else "answered"
    return [line for line in found.lines if signs(line, len(found.lines)).get(key) == -1]


def advice(language: Language, found: Sequence[Difference], setup: Setup) -> list[Advice]:
    """One for each change, those that help the most first."""
    if all(one.after.replications < 2 for one in found):
        return [one_replication(language)]
    return [_advice(language, one, len(found), setup) for one in sorted(found, key=_rank)]


def _rank(one: Difference) -> tuple[bool, float]:
    """What one may do before what may happen; what brings the most first."""
    people = _people(one)
    return not is_measure(one.change), math.inf if people is None else -people.mean


def _advice(language: Language, one: Difference, among: int, setup: Setup) -> Advice:
    certain, lost = signs(one, among), losers(one)
    change = in_words(language, one.change, setup)
    if not certain:
        return Advice(
            Tone.OPEN,
            text(language, "unknown", change=change),
            [_at_most(language, one, among), *_cost(language, lost)],
        )
    kind, tone = _verdict(set(certain.values()), one.change, bool(lost))
    said = ", ".join(_certain(language, key, getattr(one, key)) for key in certain)
    detail = [f"{said[0].upper()}{said[1:]}.", *_cost(language, lost)]
    return Advice(tone, text(language, kind, change=change), detail)


def _verdict(directions: set[int], change: str, at_a_cost: bool) -> tuple[str, Tone]:
    """Only what certainly helps, and certainly harms nobody, is something to do."""
    if not is_measure(change):
        return "if", Tone.BAD if -1 in directions else Tone.PLAIN
    if directions == {1} and not at_a_cost:
        return "do", Tone.GOOD
    return ("do_not", Tone.BAD) if directions == {-1} else ("weigh", Tone.OPEN)


def _certain(language: Language, key: str, value: Estimate) -> str:
    if key in ("answered", "spoken"):
        more = text(language, "more" if value.mean > 0 else "fewer")
        return text(language, f"{key}_gain", value=number(language, abs(value.mean)), more=more)
    name = BY_KEY[key].names[language]
    return text(language, "gain", figure=name, value=amount(language, value.mean, UNITS[key], signed=True))


def _at_most(language: Language, one: Difference, among: int) -> str:
    value = _among(_people(one), among)
    assert value is not None
    low, high = (number(language, end, signed=True) for end in (value.low, value.high))
    return text(language, "at_most_spoken" if one.deferring else "at_most", low=low, high=high)


def _cost(language: Language, lost: Sequence[LineGain]) -> list[str]:
    if not lost:
        return []
    said = ", ".join(
        text(
            language,
            "line_gain",
            line=named(language, line.names, line.line),
            value=number(language, people.mean, signed=True),
        )
        for line in lost
        if (people := _people(line)) is not None
    )
    return [text(language, "at_the_cost", lines=said)]


def _skill_advice(language: Language, found: Sequence[Difference], setup: Setup) -> list[Advice]:
    """Those that are certain; if none is, that is the answer."""
    said = advice(language, found, setup)
    if found[0].after.replications < 2:
        return said
    certain = [one for one in said if one.tone is not Tone.OPEN or not one.headline.startswith(_unknown(language))]
    return certain or _no_skill(language)


def _unknown(language: Language) -> str:
    return text(language, "unknown", change="")


def _no_skill(language: Language) -> list[Advice]:
    return [Advice(Tone.OPEN, text(language, "nothing_to_learn"), (text(language, "nothing_to_learn_detail"),))]


# --- Figures --------------------------------------------------------------------------------------------------------


def _tone(found: Gain, key: str, among: int) -> Tone:
    return {1: Tone.GOOD, -1: Tone.BAD}.get(signs(found, among).get(key, 0), Tone.OPEN)


def _differences(language: Language, found: Sequence[Difference], setup: Setup) -> Section:
    many = len(found)
    names = [_numbered(language, n, one, setup) for n, one in enumerate(found)]
    judged = measures(_deferring(found))
    heads = [text(language, "change"), *(_name(language, key) for key in judged)]
    rows = [
        [Cell(name), *(gain(language, getattr(one, key), UNITS[key], _shown(one, key, many)) for key in judged)]
        for name, one in zip(names, found, strict=True)
    ]
    return Section(
        text(language, "differences"),
        text(language, "differences_lead"),
        [_forest(language, f"forest_{key}", key, names, found) for key in list(judged)[:2]],
        [Table(text(language, "differences"), heads, rows)],
    )


def _promises(language: Language, found: Comparison, setup: Setup) -> list[Section]:
    """What becomes of those who do not wait: as it is and after each change, and the difference."""
    if not _deferring(found.changes):
        return []
    heads = [text(language, "change")]
    for key in PROMISED:
        heads += [_name(language, key), text(language, "difference")]
    rows = [[Cell(text(language, "as_is")), *_kept(language, found.before, None, 1)]]
    live_rows = [[Cell(text(language, "as_is")), *_live(language, found.before, None)]]
    for n, one in enumerate(found.changes):
        name = Cell(_numbered(language, n, one, setup))
        rows.append([name, *_kept(language, one.after, one, len(found.changes))])
        live_rows.append([name, *_live(language, one.after, one)])
    title = text(language, "promises")
    live_heads = [text(language, "change"), _name(language, "promised")]
    for key in LIVE:
        live_heads += [_name(language, key), text(language, "difference")]
    return [
        Section(
            title,
            text(language, "promises_lead"),
            (),
            (Table(title, heads, rows), Table(text(language, "live"), live_heads, live_rows)),
        )
    ]


def _kept(language: Language, found: Summary, one: Gain | None, among: int) -> Iterator[Cell]:
    for key in PROMISED:
        yield figure(language, found.total.values[key], UNITS[key], n=found.total.n[key])
        if one is None:
            yield Cell("–")
        else:
            yield gain(language, getattr(one, key), UNITS[key], _shown(one, key, among))


def _live(language: Language, found: Summary, one: Gain | None) -> Iterator[Cell]:
    values = found.total.values
    yield figure(language, values["promised"], UNITS["promised"])
    for key in LIVE:
        yield figure(language, values[key], UNITS[key], n=found.total.n[key])
        yield Cell("–") if one is None else gain(language, getattr(one, key), UNITS[key])


def _shown(found: Gain, key: str, among: int) -> Tone:
    """In a table, what is not certain is plain."""
    tone = _tone(found, key, among)
    return Tone.PLAIN if tone is Tone.OPEN else tone


def _numbered(language: Language, n: int, one: Difference, setup: Setup) -> str:
    words = in_words(language, one.change, setup)
    return f"{n + 1}. {words[0].upper()}{words[1:]}"


def _column(language: Language, n: int, among: int) -> str:
    """Heads what one of so many changes brings."""
    return text(language, "with_change") if among == 1 else f"{n + 1}."


def _forest(language: Language, title: str, key: str, names: Sequence[str], found: Sequence[Difference]) -> Chart:
    """Of what one may do, if there is any: twice the calls would leave no room for the rest."""
    unit, marks = UNITS[key], []
    circumstances_only = not any(is_measure(one.change) for one in found)
    for name, one in zip(names, found, strict=True):
        value = getattr(one, key)
        if value is not None and (circumstances_only or is_measure(one.change)):
            shown = f"{amount(language, value.mean, unit, signed=True)} {half_width(language, value, unit)}"
            marks.append(charts.Mark(name, value, _tone(one, key, len(found)), shown))
    return charts.forest(text(language, title), marks, lambda at: amount(language, at, unit, signed=True), zero=True)


def _by_line(language: Language, found: Sequence[Difference], setup: Setup) -> Section:
    """Lines down, changes across."""
    heads = [LINE[language], *(_column(language, n, len(found)) for n in range(len(found)))]
    tables = []
    for key in list(measures(_deferring(found)))[:2]:
        title = _name(language, key)
        rows = [
            [Cell(named(language, line.names, line.line)), *(_line_gain(language, one, n, key) for one in found)]
            for n, line in enumerate(found[0].lines)
        ]
        tables.append(Table(title, heads, rows))
    return Section(text(language, "by_line"), text(language, "by_line_lead"), (), tables)


def _line_gain(language: Language, one: Difference, n: int, key: str) -> Cell:
    line = one.lines[n]
    return gain(language, getattr(line, key), UNITS[key], _shown(line, key, len(one.lines)))


def _name(language: Language, key: str) -> str:
    more = {"answered": "more_answered", "spoken": "more_spoken"}
    return text(language, more[key]) if key in more else BY_KEY[key].names[language]


def _lost(language: Language, found: Comparison, setup: Setup) -> Section:
    """Who hangs up, half-hour by half-hour."""
    before = found.before.total.half_hours
    drawn = found.changes[:DRAWN]
    after = [{half.start: half for half in one.after.total.half_hours} for one in drawn]
    starts = [half.start for half in before]
    was = [half.abandoned.mean for half in before]
    panels, heads, columns = [], [text(language, "from_hour"), text(language, "as_is")], []
    for n, (one, halves) in enumerate(zip(drawn, after, strict=True)):
        cells = [halves.get(start) for start in starts]
        values = [None if half is None else half.abandoned.mean for half in cells]
        head = _column(language, n, len(found.changes))
        panels.append(
            charts.Panel(
                _numbered(language, n, one, setup),
                [
                    charts.Series(text(language, "as_is"), "before", was),
                    charts.Series(head, "after", values),
                ],
                beside=True,
            )
        )
        heads.append(head)
        columns.append([None if half is None else half.abandoned for half in cells])
    rows = [
        [Cell(half.start), _count(language, half.abandoned), *(_count(language, column[n]) for column in columns)]
        for n, half in enumerate(before)
    ]
    title = text(language, "lost_by_hour")
    return Section(
        title, text(language, "lost_by_hour_lead"), (charts.day(title, starts, panels),), (Table(title, heads, rows),)
    )


def _count(language: Language, value: Estimate | None) -> Cell:
    if value is None:
        return Cell("–")
    unit = HALF_HOURS["abandoned"]
    return Cell(amount(language, value.mean, unit), half_width(language, value, unit), value.mean)
