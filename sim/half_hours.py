"""Replications -> the half-hours of the mean day, and how long those who were answered had waited."""

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Final

import msgspec

from acd.model.ids import OperatorId
from sim.model.figures import Counts, Figures, LineFigures
from sim.model.setup import SLOT, SLOTS
from sim.model.statistics import Estimate, estimate, ratio_of_sums

CLASSES: Final = (0, 10, 20, 30, 60, 90, 150, 300)
"""Seconds at which a class of waits begins; the last is open."""


class HalfHour(msgspec.Struct, frozen=True):
    """Those who joined a line in one half-hour. Counts are per day, shares are of all days together."""

    start: str
    """``09:30``."""
    n: int
    """Answered or abandoned, in all replications together."""
    entered: Estimate
    answered: Estimate
    abandoned: Estimate
    reachability: Estimate | None
    service_level: Estimate | None
    asa: Estimate | None
    """Seconds."""
    on_duty: Estimate
    """Operators with this line, available or at work."""


class WaitClass(msgspec.Struct, frozen=True):
    """Answered callers who had waited from ``least`` to less than ``below`` seconds; None = and more."""

    least: int
    below: int | None
    share: Estimate
    """Of all who were answered."""
    n: int
    """In all replications together."""


def half_hours(
    runs: Sequence[Figures], lines: Sequence[LineFigures], who: Iterable[OperatorId], days: int
) -> list[HalfHour]:
    """From the first half-hour in which anybody called or worked to the last.

    Args:
        runs: the replications.
        lines: of each of them, the line.
        who: the operators with this line.
        days: of each replication.
    """
    duty = [_on_duty(run, who, days) for run in runs]
    busy = [n for n in range(SLOTS) if any(line.slots[n].entered for line in lines) or any(seen[n] for seen in duty)]
    return [
        _half_hour(n, [line.slots[n] for line in lines], [seen[n] for seen in duty], days)
        for n in (range(busy[0], busy[-1] + 1) if busy else ())
    ]


def _on_duty(run: Figures, who: Iterable[OperatorId], days: int) -> list[float]:
    """Operators, by half-hour."""
    known = [run.duty[id] for id in who if id in run.duty]
    return [sum(seconds[n] for seconds in known) / SLOT / days for n in range(SLOTS)]


def _half_hour(n: int, counts: Sequence[Counts], duty: Sequence[float], days: int) -> HalfHour:
    def mean(of: Callable[[Counts], int]) -> Estimate:
        return _sure(estimate(of(count) / days for count in counts))

    answered = [count.answered for count in counts]
    ended = [count.answered + count.abandoned for count in counts]
    return HalfHour(
        start=f"{n // 2:02}:{n % 2 * 30:02}",
        n=sum(ended),
        entered=mean(lambda c: c.entered),
        answered=mean(lambda c: c.answered),
        abandoned=mean(lambda c: c.abandoned),
        reachability=ratio_of_sums(answered, ended),
        service_level=ratio_of_sums([c.in_time for c in counts], [c.answered + c.abandoned - c.short for c in counts]),
        asa=ratio_of_sums([c.wait_of_answered for c in counts], answered),
        on_duty=_sure(estimate(duty)),
    )


def _sure(found: Estimate | None) -> Estimate:
    assert found is not None
    return found


def wait_classes(lines: Sequence[LineFigures]) -> list[WaitClass]:
    """How long those who were answered had waited; empty when nobody was."""
    answered = [sum(line.waits) for line in lines]
    found = []
    for least, below in pairwise((*CLASSES, None)):
        assert least is not None
        counts = [sum(line.waits[least:below]) for line in lines]
        share = ratio_of_sums(counts, answered)
        if share is not None:
            found.append(WaitClass(least, below, share, sum(counts)))
    return found
