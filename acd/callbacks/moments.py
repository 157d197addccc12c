"""When a citizen may be called, at first and again."""

from collections.abc import Iterator
from typing import Final

from acd.callbacks.days import Part, by_part, calling, calling_spans, local, part_of, terms
from acd.config.city import City
from acd.model.callback import Window
from acd.model.ids import LineId

USEFUL: Final = 15 * 60.0
"""Seconds. A shorter rest of a day or of the time until the deadline is no second chance."""


def may_call(city: City, line: LineId, at: float) -> bool:
    """Whether the line's citizens may be called at this moment: within its calling hours, on a day that it is open.

    Raises:
        KeyError: there is no such line.
    """
    return any(span.start <= at < span.end for span in calling_spans(city, line, local(at).date()))


def as_soon_as_calm(city: City, line: LineId, now: float, deadline: float) -> Window:
    """From the first moment at which he may be called until the deadline. Which moment of it is calm shows itself: the
    engine calls when operators are idle.

    Without calling hours before the deadline it is the time until then.
    """
    first = next(calling(city, line, now, deadline), None)
    return Window(first.start if first else min(now, deadline), deadline)


def retry(city: City, line: LineId, ended_at: float, deadline: float) -> Window | None:
    """The next moment after an attempt that nobody picked up: at least the line's ``gap`` later, within calling hours.
    A :func:`second_chance` if there is one, else the rest of the day. None = there is no moment before the deadline.

    Args:
        ended_at: seconds since the epoch.
    """
    rest = (window for _, window in _later(city, line, ended_at, deadline))
    return second_chance(city, line, ended_at, deadline) or next(rest, None)


def second_chance(city: City, line: LineId, ended_at: float, deadline: float) -> Window | None:
    """The next moment after an attempt at which he may well be reached: the first in another part of the day (before
    noon, before 18:00, evening); if there is none before the deadline, the first on another day."""
    part, day = part_of(ended_at), local(ended_at).date()
    later = list(_later(city, line, ended_at, deadline))
    elsewhere = (window for found, window in later if found is not part)
    other_day = (window for _, window in later if local(window.start).date() != day)
    return next(elsewhere, None) or next(other_day, None)


def _later(city: City, line: LineId, ended_at: float, deadline: float) -> Iterator[tuple[Part, Window]]:
    """What is left, part by part."""
    for span in calling(city, line, ended_at + terms(city, line).gap, deadline):
        yield from (found for found in by_part(span) if found[1].end - found[1].start >= USEFUL)
