"""The day as a curve: today's callers by half-hour against the forecast and the same weekday of the past weeks."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import msgspec

from acd.engine.half_hours import HalfHours, half_hour
from acd.model.history import HALF_HOUR, Outlook
from acd.model.ids import LineId

NOTHING: Final = Outlook()


class Point(msgspec.Struct, frozen=True):
    """One half-hour."""

    start: int
    """Seconds since the epoch."""
    joined: int | None
    """Callers who joined; None = it lies ahead."""
    answered: int | None
    """Calls answered in it, whenever their callers had joined."""
    expected: float
    """By the forecast."""
    usual: float | None
    """On the mean of the same weekday; None = there are no records of one."""


class Curve(msgspec.Struct, frozen=True):
    """One day of some lines together, from the first half-hour in which one of them is open, or was called, to the
    last."""

    at: float
    """Seconds since the epoch."""
    weeks: int
    """Over how many past weeks ``usual`` is the mean; of lines that differ in it, the most."""
    points: tuple[Point, ...]

    def so_far(self) -> "SoFar | None":
        """The half-hours that are over; None = there is none yet."""
        over = [point for point in self.points if point.start + HALF_HOUR <= self.at]
        if not over:
            return None
        joined = sum(point.joined or 0 for point in over)
        return SoFar(over[-1].start + HALF_HOUR, joined, sum(point.expected for point in over))


class SoFar(msgspec.Struct, frozen=True):
    """What the day has brought, and what it was expected to bring by then."""

    until: int
    """Seconds since the epoch."""
    joined: int
    expected: float


CurveOf = Callable[[Sequence[LineId]], Curve | None]
"""The curve of these lines (nothing = all), or None while there is none."""


def curve(
    today: HalfHours, outlooks: Mapping[LineId, Outlook], lines: Iterable[LineId], now: float, since: float
) -> Curve:
    """
    Args:
        since: begin of the day, seconds since the epoch: what joined before is of another day.
    """
    of = [(line, outlooks.get(line, NOTHING)) for line in lines]
    weeks = max((outlook.weeks for _, outlook in of), default=0)
    starts = {start for _, outlook in of for start in outlook.expected}
    for line, _ in of:
        starts |= {start for start, calls in today.joined(line).items() if calls and start >= since}
        starts |= {start for start, calls in today.answered(line).items() if calls and start >= since}
    if not starts:
        return Curve(now, weeks, ())
    current = half_hour(now)
    points = []
    for start in range(min(starts), max(starts) + 1, HALF_HOUR):
        begun = start <= current
        points.append(
            Point(
                start,
                sum(today.joined(line).get(start, 0) for line, _ in of) if begun else None,
                sum(today.answered(line).get(start, 0) for line, _ in of) if begun else None,
                round(sum(outlook.expected.get(start, 0.0) for _, outlook in of), 1),
                round(sum(outlook.usual.get(start, 0.0) for _, outlook in of), 1) if weeks else None,
            )
        )
    return Curve(now, weeks, tuple(points))
