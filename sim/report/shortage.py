"""Which lines and half-hours miss their targets, and by how much: only what is certain counts as a miss.

Many lines and half-hours are looked at together, so each must be certain among all of them.
"""

from collections.abc import Iterator, Sequence
from enum import Enum
from typing import Final

import msgspec

from sim.half_hours import HalfHour
from sim.model.statistics import Estimate
from sim.report.page import WEAK_BELOW
from sim.results import Row, Summary

TARGETS: Final = ("reachability", "service_level")


class Verdict(Enum):
    """Of one figure against its target."""

    MET = "met"
    MISSED = "missed"
    OPEN = "open"


class LineVerdict(msgspec.Struct, frozen=True):
    """What can be said of one line."""

    row: Row
    figures: dict[str, Verdict]
    """By figure that has a target."""

    @property
    def verdict(self) -> Verdict:
        found = set(self.figures.values())
        if Verdict.MISSED in found:
            return Verdict.MISSED
        return Verdict.MET if found == {Verdict.MET} else Verdict.OPEN

    @property
    def calls_short(self) -> float:
        """Calls a day that would have to be answered besides to meet the reachability."""
        value, targets = self.row.values["reachability"], self.row.targets
        entered = self.row.values["entered"]
        if value is None or targets is None or entered is None:
            return 0.0
        ended = entered.mean * self.row.n["reachability"] / max(1, self.row.n["entered"])
        return max(0.0, targets.reachability - value.mean) * ended


class Period(msgspec.Struct, frozen=True):
    """Half-hours in a row that all certainly miss the reachability of the line."""

    start: str
    end: str
    reachability: float
    short: float
    """Calls a day that are missing to the target."""


def judge(value: Estimate | None, target: float, among: int, n: int) -> Verdict:
    """Of a share: certain only where it rests on enough calls and more than one replication."""
    if value is None or value.n < 2 or n < WEAK_BELOW:
        return Verdict.OPEN
    strict = value.among(among)
    if strict.high < target:
        return Verdict.MISSED
    return Verdict.MET if strict.low >= target else Verdict.OPEN


def judge_lines(found: Summary) -> list[LineVerdict]:
    """Every line with targets, the one that misses most calls first."""
    rows = [row for row in found.lines if row.line is not None and row.targets is not None]
    many = len(rows) * len(TARGETS)
    verdicts = [
        LineVerdict(row, {key: judge(row.values[key], target_of(row, key), many, row.n[key]) for key in TARGETS})
        for row in rows
    ]
    return sorted(verdicts, key=lambda one: one.calls_short, reverse=True)


def target_of(row: Row, key: str) -> float:
    """The target of a figure of :data:`TARGETS`."""
    assert row.targets is not None
    return row.targets.reachability if key == "reachability" else row.targets.service_level


def looked_at(found: Summary) -> int:
    """Half-hours of all lines that are judged together."""
    return sum(half.n >= WEAK_BELOW for row in found.lines if row.line is not None for half in row.half_hours)


def misses(row: Row, half: HalfHour, many: int) -> bool:
    """This half-hour certainly misses the reachability of the line."""
    if row.targets is None:
        return False
    return judge(half.reachability, row.targets.reachability, many, half.n) is Verdict.MISSED


def periods(row: Row, many: int) -> list[Period]:
    """When the line certainly misses its reachability, in order of time."""
    return [_period(row, run) for run in _runs([(half, misses(row, half, many)) for half in row.half_hours])]


def _runs(halves: Sequence[tuple[HalfHour, bool]]) -> Iterator[list[HalfHour]]:
    run: list[HalfHour] = []
    for half, missed in halves:
        if missed:
            run.append(half)
        elif run:
            yield run
            run = []
    if run:
        yield run


def _period(row: Row, halves: Sequence[HalfHour]) -> Period:
    answered = sum(half.answered.mean for half in halves)
    ended = answered + sum(half.abandoned.mean for half in halves)
    share = answered / ended
    return Period(halves[0].start, end_of(halves[-1]), share, (target_of(row, "reachability") - share) * ended)


def end_of(half: HalfHour) -> str:
    """``10:00`` of the half-hour from 09:30."""
    hours, minutes = map(int, half.start.split(":"))
    return f"{hours + (minutes + 30) // 60:02}:{(minutes + 30) % 60:02}"
