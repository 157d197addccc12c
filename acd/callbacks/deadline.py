"""The latest moment of a promise: working days of the line."""

from datetime import datetime, time, timedelta

from acd.config.calendar import HORIZON, closed_dates
from acd.config.city import CallbackTerms, City
from acd.model.ids import LineId
from acd.model.zone import ZONE


def deadline(city: City, line: LineId, promised_at: float) -> float:
    """The end of the last working day, seconds since the epoch.

    Raises:
        KeyError: there is no such line.
        LookupError: the line has no such working day ahead.
    """
    of = city.lines[line]
    day, left = datetime.fromtimestamp(promised_at, ZONE).date(), (of.callback or CallbackTerms()).working_days
    for _ in range(HORIZON):
        day += timedelta(1)
        intervals = of.hours[day.weekday()]
        if not intervals or closed_dates(city, line, day, day):
            continue
        left -= 1
        if left == 0:
            midnight = datetime.combine(day, time(), ZONE)
            return (midnight + timedelta(minutes=intervals[-1].end)).timestamp()
    raise LookupError(f"{line} has no working day ahead")
