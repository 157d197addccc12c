"""When a citizen may be called, and when it is calm."""

from collections.abc import Iterator
from datetime import datetime

from acd.config.calendar import closed_dates
from acd.config.city import CallbackTerms, City
from acd.model.callback import Window
from acd.model.ids import LineId
from acd.model.promise import HALF_HOUR
from acd.model.zone import ZONE

NOON = 13
"""Hour at which the other part of the day begins."""


def may_call(city: City, line: LineId, at: float) -> bool:
    """Whether a citizen of this line may be called at ``at``."""
    of = city.lines[line]
    local = datetime.fromtimestamp(at, ZONE)
    if closed_dates(city, line, local.date(), local.date()):
        return False
    minute = local.hour * 60 + local.minute
    week = (of.callback or CallbackTerms()).calling_hours or of.hours
    return any(interval.start <= minute < interval.end for interval in week[local.weekday()])


def as_soon_as_calm(city: City, line: LineId, now: float, deadline: float) -> Window:
    """The first moment from ``now`` on at which he may be called."""
    if may_call(city, line, now):
        return Window(now, deadline)
    start = next((at for at in half_hours(now, deadline) if may_call(city, line, at)), now)
    return Window(start, deadline)


def retry(city: City, line: LineId, ended_at: float, deadline: float) -> Window | None:
    """After an attempt that came to nothing: later, in another part of the day, before the deadline."""
    terms = city.lines[line].callback or CallbackTerms()
    for at in half_hours(ended_at + terms.gap, deadline):
        if _part(at) != _part(ended_at) and may_call(city, line, at):
            return Window(at, at + HALF_HOUR)
    return None


def half_hours(after: float, before: float) -> Iterator[float]:
    at = -(-after // HALF_HOUR) * HALF_HOUR
    while at + HALF_HOUR <= before:
        yield at
        at += HALF_HOUR


def _part(at: float) -> tuple[int, bool]:
    local = datetime.fromtimestamp(at, ZONE)
    return local.toordinal(), local.hour >= NOON
