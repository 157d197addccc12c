"""The latest moment of a promise: working days of the line."""

from datetime import datetime, time, timedelta

from acd.config.calendar import HORIZON, closed_dates
from acd.config.city import City
from acd.model.ids import LineId
from acd.model.zone import ZONE


def deadline(city: City, line: LineId, promised_at: float) -> float:
    """The end of the last working day, seconds since the epoch.

    Raises:
        KeyError: there is no such line.
        ValueError: the line calls nobody back, or has no such working day ahead.
    """
    of = city.lines[line]
    if of.callback is None:
        raise ValueError(f"{line} calls nobody back")
    day, left = datetime.fromtimestamp(promised_at, ZONE).date(), of.callback.working_days
    for _ in range(HORIZON):
        day += timedelta(1)
        intervals = of.hours[day.weekday()]
        if not intervals or closed_dates(city, line, day, day):
            continue
        left -= 1
        if left == 0:
            midnight = datetime.combine(day, time(), ZONE)
            return (midnight + timedelta(minutes=intervals[-1].end)).timestamp()
    raise ValueError(f"{line} has no working day ahead")
