"""The report of ``sim staff``: who is missing when, who may be spared, and how certain that is."""

from collections.abc import Iterator, Sequence
from itertools import groupby

import msgspec

from sim.model.setup import Setup
from sim.report import charts
from sim.report.common import about, facts_of
from sim.report.page import Advice, Cell, Report, Section, Table, Tone
from sim.report.texts import Language, text
from sim.report.wording import amount, named, number, weekdays
from sim.results import Unit
from sim.scenario import Scenario
from sim.staff.paper import HEADS, LINE_HEADS, HalfHour, Reached, Share, Staffing, proof, sure, unmet, who
from sim.staff.targets import SURE

_HALF_HOUR = 0.5
"""Hours."""


class Gap(msgspec.Struct, frozen=True):
    """Half-hours in a row with the same gap."""

    weekday: int
    start: str
    end: str
    count: int
    """Operators; below 0: to spare."""
    who: str

    @property
    def hours(self) -> float:
        """Operator hours."""
        return abs(self.count) * (_clock(self.end) - _clock(self.start))


def report_of_staff(
    found: Staffing, scenario: Scenario, setup: Setup, language: Language, *, given: str, changes: Sequence[str] = ()
) -> Report:
    """What the smallest staffing asks of the roster.

    Args:
        found: the staffing.
        scenario: as it was, before the changes.
        setup: what was staffed.
        language: the reader's.
        given: the scenario as it was named on the command line.
        changes: what was different.
    """
    return Report(
        title=f"{text(language, 'staffing')} {named(language, scenario.title, given)}",
        about=about(language, scenario),
        facts=facts_of(language, scenario, changes, (text(language, "proof_days"), str(found.days))),
        advice=advice(language, found, setup),
        sections=[_of_day(language, found, setup, day) for day in sorted({one.weekday for one in found.half_hours})],
        notes=[text(language, key) for key in ("method_engine", "method_staff", "method_confidence")],
    )


def advice(language: Language, found: Staffing, setup: Setup) -> list[Advice]:
    """Where operators are missing, the most hours first; then where there are too many, then how sure that is."""
    runs = list(gaps(found, setup, language))
    short = sorted((one for one in runs if one.count > 0), key=lambda one: -one.hours)
    spare = [one for one in runs if one.count < 0]
    said = [
        Advice(
            Tone.BAD,
            text(language, "roster_more", count=one.count, when=_when(language, one)),
            (text(language, "gap_who", who=one.who),),
        )
        for one in short
    ]
    if not short:
        said.append(Advice(Tone.GOOD, text(language, "roster_enough"), (text(language, "roster_enough_detail"),)))
    if spare:
        when = "; ".join(f"{_when(language, one)} ({number(language, -one.count, 0)})" for one in spare)
        hours = number(language, sum(one.hours for one in spare))
        detail = (text(language, "roster_spare_detail", when=when),)
        said.append(Advice(Tone.PLAIN, text(language, "roster_spare", hours=hours), detail))
    now, needed = (number(language, hours) for hours in (found.hours_now, found.hours_needed))
    total = text(language, "hours_total", now=now, needed=needed)
    tone = Tone.BAD if not found.met else Tone.OPEN if found.doubtful else Tone.GOOD
    return [*said, Advice(tone, total, (proof(found, language), *unmet(found, language)))]


def gaps(found: Staffing, setup: Setup, language: Language) -> Iterator[Gap]:
    """Half-hours in a row that miss, or can spare, as many of the same operators."""
    key = lambda pair: (pair[1].weekday, pair[1].gap, who(pair[1].groups, setup, language), pair[0])  # noqa: E731
    numbered = [(_clock(one.time) * 2 - n, one) for n, one in enumerate(found.half_hours)]
    for _, run in groupby(numbered, key):
        halves = [one for _, one in run]
        if halves[0].gap:
            yield _gap(halves, who(halves[0].groups, setup, language))


def _gap(halves: Sequence[HalfHour], names: str) -> Gap:
    first, last = halves[0], halves[-1]
    minutes = round((_clock(last.time) + _HALF_HOUR) * 60)
    return Gap(first.weekday, first.time, f"{minutes // 60:02}:{minutes % 60:02}", first.gap, names)


def _clock(time: str) -> float:
    hours, minutes = time.split(":")
    return int(hours) + int(minutes) / 60


def _when(language: Language, one: Gap) -> str:
    hours = text(language, "hours", first=one.start, last=one.end)
    return f"{weekdays(language, [one.weekday])} {hours}"


def _of_day(language: Language, found: Staffing, setup: Setup, weekday: int) -> Section:
    halves = [one for one in found.half_hours if one.weekday == weekday]
    title = weekdays(language, [weekday])
    title = title[0].upper() + title[1:]
    panel = charts.Panel(
        text(language, "staff_panel"),
        [
            charts.Series(text(language, "rostered"), "before", [one.now for one in halves]),
            charts.Series(text(language, "needed"), "after", [one.needed for one in halves]),
        ],
        beside=True,
    )
    lines = [one for one in found.lines if one.weekday == weekday]
    by_line = [
        [
            Cell(named(language, setup.policy.lines[one.line].names, one.line)),
            Cell(number(language, one.calls), value=one.calls),
            *_reached(language, one.reached),
        ]
        for one in lines
    ]
    chart = charts.day(title, [one.time for one in halves], [panel])
    tables = (
        Table(
            f"{title}: {text(language, 'by_half_hour')}", HEADS[language], [_row(language, setup, h) for h in halves]
        ),
        Table(f"{title}: {text(language, 'lines')}", LINE_HEADS[language], by_line),
    )
    return Section(title, text(language, "staff_lead"), (chart,), tables)


def _row(language: Language, setup: Setup, one: HalfHour) -> list[Cell]:
    tone = Tone.BAD if one.gap > 0 else Tone.PLAIN
    return [
        Cell(one.time),
        Cell(number(language, one.calls), value=one.calls),
        Cell(str(one.now), value=one.now),
        Cell(str(one.needed), value=one.needed),
        Cell(number(language, one.gap, 0, signed=True), value=one.gap, tone=tone),
        Cell(who(one.groups, setup, language)),
        *_reached(language, one.reached),
    ]


def _reached(language: Language, reached: Reached) -> Iterator[Cell]:
    for share in (reached.reachability, reached.service_level):
        yield _share(language, share)
    tone = Tone.PLAIN if reached.confidence >= SURE else Tone.OPEN
    yield Cell(sure(reached.confidence), value=reached.confidence, tone=tone)


def _share(language: Language, share: Share | None) -> Cell:
    if share is None:
        return Cell("–")
    return Cell(amount(language, share.mean, Unit.SHARE), f"± {number(language, share.half * 100)}", share.mean)
