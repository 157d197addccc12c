"""Days and parts of days on the wall clock of Brussels, as spans of seconds since the epoch.

A span is found by cutting the day at every edge that the wall clock can have (starts and ends of the intervals, both
hours of a repeated one, the change of the clock) and asking what the clock shows in between. So hours that the clock
skips are never open, and hours that it repeats are open twice, as in :mod:`acd.config.calendar`.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise
from typing import Final

from acd.config.calendar import closed_dates
from acd.config.city import CallbackTerms, City, Interval
from acd.model.callback import Window
from acd.model.ids import LineId
from acd.model.zone import ZONE

NOON: Final = 12 * 60
EVENING: Final = 18 * 60
"""Minutes since midnight."""

_CLOCK_CHANGE: Final = time(1, 0)
"""UTC (directive 2000/84/EC)."""


class Part(StrEnum):
    """Part of a day. Who does not pick up in one is tried in another."""

    MORNING = "morning"
    """Before noon."""
    AFTERNOON = "afternoon"
    """Until 18:00."""
    EVENING = "evening"


_PARTS: Final = (Interval(0, NOON), Interval(NOON, EVENING), Interval(EVENING, 24 * 60))


def local(at: float) -> datetime:
    """Brussels time."""
    return datetime.fromtimestamp(at, ZONE)


def part_of(at: float) -> Part:
    return part_at(minute_of(at))


def part_at(minute: int) -> Part:
    """The part of the day in which a minute since midnight lies."""
    if minute < NOON:
        return Part.MORNING
    return Part.AFTERNOON if minute < EVENING else Part.EVENING


def minute_of(at: float) -> int:
    """Minutes since midnight, as the clock shows them."""
    moment = local(at)
    return moment.hour * 60 + moment.minute


@lru_cache(maxsize=4096)
def spans(intervals: tuple[Interval, ...], day: date) -> tuple[Window, ...]:
    """When the clock shows one of these intervals on this day, in order; those that touch are one."""
    minutes = {0, 24 * 60, *(edge for interval in intervals for edge in (interval.start, interval.end))}
    edges = {_moment(day, minute, fold) for minute in minutes for fold in (0, 1)}
    edges.add(datetime.combine(day, _CLOCK_CHANGE, UTC).timestamp())
    first, last = _moment(day, 0), _moment(day, 24 * 60)
    found: list[Window] = []
    for start, end in pairwise(sorted(edge for edge in edges if first <= edge <= last)):
        shown = minute_of((start + end) / 2)
        if any(interval.start <= shown < interval.end for interval in intervals):
            joins = bool(found) and found[-1].end == start
            found.append(Window(found.pop().start if joins else start, end))
    return tuple(found)


def _moment(day: date, minute: int, fold: int = 0) -> float:
    wall = datetime.combine(day, time()) + timedelta(minutes=minute)
    return wall.replace(tzinfo=ZONE, fold=fold).timestamp()


def terms(city: City, line: LineId) -> CallbackTerms:
    """What the line promises. A line that no longer defers callers keeps what it promised before, on the usual terms.

    Raises:
        KeyError: there is no such line.
    """
    return city.lines[line].callback or CallbackTerms()


def opening_spans(city: City, line: LineId, day: date) -> tuple[Window, ...]:
    """When the line is open on this day; empty on holidays and closing days."""
    if closed_dates(city, line, day, day):
        return ()
    return spans(city.lines[line].hours[day.weekday()], day)


def calling_spans(city: City, line: LineId, day: date) -> tuple[Window, ...]:
    """When the line's citizens may be called on this day; never when the line is closed all day."""
    hours = terms(city, line).calling_hours
    if hours is None:
        return opening_spans(city, line, day)
    return spans(hours[day.weekday()], day) if opening_spans(city, line, day) else ()


def calling(city: City, line: LineId, since: float, until: float) -> Iterator[Window]:
    """The spans of :func:`calling_spans` as far as they lie between two moments, in order."""
    for day in days(since, until):
        for span in calling_spans(city, line, day):
            start, end = max(span.start, since), min(span.end, until)
            if start < end:
                yield Window(start, end)


def days(since: float, until: float) -> Iterator[date]:
    """The dates from one moment to another, both included."""
    first, last = local(since).date(), local(until).date()
    return (first + timedelta(ahead) for ahead in range((last - first).days + 1))


def by_part(span: Window) -> Iterator[tuple[Part, Window]]:
    """The span cut at noon and at 18:00; it lies within one day."""
    day = local(span.start).date()
    for interval, part in zip(_PARTS, Part, strict=True):
        for piece in spans((interval,), day):
            start, end = max(piece.start, span.start), min(piece.end, span.end)
            if start < end:
                yield part, Window(start, end)
