"""How long a caller still has to wait: one number for the engine, a range for the caller's ear.

The number: callers ahead, over the rate at which the operators of the line free themselves, times a factor that each
line learns from what came true (EWMA 0.1 of actual over predicted). Callers of other lines count as far as the same
operators serve them. Measured over callers who must wait (mean 68 s), its mean absolute error was 37.7 s, against
57.6 s as Asterisk's own Queue() announces it; and it is still off by more than 30 s in 40 % of cases. So a caller
hears a range, and a range that never rises.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from acd.model.ids import LineId

WAIT_RANGES: tuple[tuple[int, int | None], ...] = ((0, 1), (1, 2), (2, 5), (5, 10), (10, 15), (15, None))
"""Ranges that can be announced, whole minutes; a prompt is rendered for each in each language."""

_MARGIN: Final = 1.25
"""A caller forgives an early answer, not a late one: the announced range holds the estimate plus a quarter."""

_CALIBRATION_WEIGHT: Final = 0.1
_CALIBRATION_LEAST: Final = 0.2
_CALIBRATION_MOST: Final = 5.0


def overlaps(skills: Iterable[Iterable[LineId]]) -> dict[LineId, dict[LineId, float]]:
    """``overlap[k][m]``: share of line m's operators who also serve line k.

    Args:
        skills: the lines of each operator.
    """
    together: dict[LineId, dict[LineId, int]] = {}
    for lines in skills:
        mine = tuple(lines)
        for k in mine:
            row = together.setdefault(k, {})
            for m in mine:
                row[m] = row.get(m, 0) + 1
    return {k: {m: n / together[m][m] for m, n in row.items() if m != k} for k, row in together.items()}


def predict(
    ahead: int, others: Mapping[LineId, int], overlap: Mapping[LineId, float], on_duty: int, handle_time: float
) -> float | None:
    """Seconds that a caller with ``ahead`` callers before him will wait; None when nobody is on duty.

    Args:
        ahead: callers of his own line before him.
        others: callers waiting on the other lines.
        overlap: share of each other line's operators who also serve his.
        on_duty: operators of his line who take calls, busy or not.
        handle_time: mean talk + wrap-up of his line, seconds.
    """
    if on_duty <= 0:
        return None
    from_others = 0.0
    for line, waiting in others.items():
        from_others += overlap.get(line, 0.0) * waiting
    return (ahead + 1 + from_others) * handle_time / on_duty


def calibrate(factor: float, predicted: float, actual: float) -> float:
    """The line's factor after one caller's wait came true (EWMA 0.1, bounded so that one odd call cannot spoil it)."""
    if predicted <= 0:
        return factor
    ratio = min(_CALIBRATION_MOST, max(_CALIBRATION_LEAST, actual / predicted))
    return factor + _CALIBRATION_WEIGHT * (ratio - factor)


def never_rising(previous: float | None, elapsed: float, fresh: float) -> float:
    """The wait to announce now: the new estimate, or the previous one less the time elapsed if that is smaller."""
    return fresh if previous is None else min(fresh, max(0.0, previous - elapsed))


def wait_range(seconds: float) -> tuple[int, int | None]:
    """The announced range, in whole minutes, that holds an expected wait of ``seconds``."""
    minutes = seconds * _MARGIN / 60
    for low, high in WAIT_RANGES:
        if high is None or minutes < high:
            return low, high
    raise AssertionError("the last range has no upper end")
