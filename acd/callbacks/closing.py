"""When a line closes today."""

from datetime import datetime, time, timedelta

from acd.config.calendar import is_open
from acd.config.city import City
from acd.model.ids import LineId
from acd.model.zone import ZONE

CLOSING_SOON = 1800.0
"""Seconds before closing time from which callers should hear what today cannot serve."""


def closes_soon(city: City, line: LineId, now: float) -> float | None:
    """When the line closes, seconds since the epoch, if that is soon; None = it is closed, or stays open for longer. A
    break at noon closes it too: who waits then waits in vain."""
    local = datetime.fromtimestamp(now, ZONE)
    if not is_open(city, line, local):
        return None
    for interval in city.lines[line].hours[local.weekday()]:
        # By the wall clock, as Asterisk opens and closes.
        end = datetime.combine(
            local.date() + timedelta(interval.end // 1440), time(*divmod(interval.end % 1440, 60)), ZONE
        )
        closes_at = end.timestamp()
        if now < closes_at <= now + CLOSING_SOON and not is_open(city, line, end):
            return closes_at
    return None
