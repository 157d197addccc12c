"""Until when a promise must be kept: the end of the line's last hours on the n-th working day after it.

A working day of a line is a day on which it is open: so Belgian holidays and the city's closing days do not count, nor
weekdays without hours. A line that opens on Saturdays has six working days a week and keeps its promises sooner.
The day of the promise never counts, at whatever hour it was given: with two working days, Friday 16:00, Saturday and
Sunday all lead to Tuesday 17:00.
"""

from datetime import timedelta
from typing import Final

from acd.callbacks.days import local, opening_spans, terms
from acd.config.city import City
from acd.model.ids import LineId

HORIZON: Final = 400
"""Days looked ahead."""


def deadline(city: City, line: LineId, promised_at: float) -> float:
    """The latest moment to call back, seconds since the epoch: the line closes for the day then.

    Args:
        promised_at: seconds since the epoch.

    Raises:
        KeyError: there is no such line.
        LookupError: it has too few working days within :data:`HORIZON` days, so nothing can be promised.
    """
    day, left = local(promised_at).date(), terms(city, line).working_days
    for ahead in range(1, HORIZON + 1):
        if hours := opening_spans(city, line, day + timedelta(ahead)):
            left -= 1
            if left == 0:
                return hours[-1].end
    raise LookupError(f"line {line} has no {terms(city, line).working_days} working days within {HORIZON} days")
