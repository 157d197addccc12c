"""Days as the city counts them: from midnight to midnight in Europe/Brussels, 23 to 25 hours long."""

from datetime import date, datetime, time, timedelta

from acd.model.zone import ZONE


def day_of(at: float) -> date:
    """The day in which ``at`` (seconds since the epoch) lies."""
    return datetime.fromtimestamp(at, ZONE).date()


def day_bounds(first: date, last: date | None = None) -> tuple[float, float]:
    """Seconds since the epoch of the begin of ``first`` and of the end of ``last`` (default: the same day).

    The end is the begin of the next day and lies outside, as ``since`` and ``until`` of the queries have it.
    """
    return _midnight(first), _midnight((last or first) + timedelta(days=1))


def _midnight(day: date) -> float:
    return datetime.combine(day, time(), ZONE).timestamp()
