"""Moments of the promise to call back, as the prompts that say them.

The same prompts in the same order say it in Dutch, English and French: "morgen, dinsdag, tussen tien uur en half elf",
"tomorrow, Tuesday, between ten a.m. and ten thirty a.m.". Times are on the clock of Brussels, to the quarter of an
hour.
"""

from datetime import datetime, timedelta
from typing import Final

from acd.model.callback import Window
from acd.model.zone import ZONE

_QUARTER: Final = timedelta(minutes=15)
_DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS: Final = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)


def said_window(window: Window, now: float) -> list[str]:
    """When he will be called: the day, between then and then. The end is rounded up, so that what he hears is no less
    than what he was promised."""
    start, end = _local(window.start), _local(window.end)
    if end != _quarter(end):
        end = _quarter(end) + _QUARTER
    return [*_day(start, now), "acd/cb-between", _time(start), "acd/cb-and", _time(end)]


def said_deadline(deadline: float, now: float) -> list[str]:
    """The latest moment, rounded down: what he hears is a promise."""
    at = _local(deadline)
    return ["acd/cb-latest", *_day(at, now), "acd/cb-at", _time(at)]


def said_promise(window: Window, deadline: float, now: float) -> list[str]:
    """What is confirmed: a moment, or "as soon as it is calm" when the window leaves all the time; and the latest."""
    moment = ["acd/cb-calm"] if window.end >= deadline else said_window(window, now)
    return [*moment, *said_deadline(deadline, now)]


def said_number(number: str) -> list[str]:
    """A number digit by digit, as it would be dialled in Belgium: 0 for +32, 00 for every other +."""
    national = f"0{number[3:]}" if number.startswith("+32") else number.replace("+", "00", 1)
    return [f"acd/number-{digit}" for digit in national]


def _local(at: float) -> datetime:
    return datetime.fromtimestamp(at, ZONE)


def _day(at: datetime, now: float) -> list[str]:
    """Today, tomorrow and the day after by name; then the weekday, from a week on with its date."""
    days = (at.date() - _local(now).date()).days
    weekday = f"acd/day-{_DAYS[at.weekday()]}"
    match days:
        case 0:
            return ["acd/cb-today"]
        case 1:
            return ["acd/cb-tomorrow", weekday]
        case 2:
            return ["acd/cb-day-after", weekday]
        case 3 | 4 | 5 | 6:
            return [weekday]
        case _:
            return [weekday, f"acd/date-{at.day}", f"acd/month-{_MONTHS[at.month - 1]}"]


def _time(at: datetime) -> str:
    return f"acd/clock-{_quarter(at):%H%M}"


def _quarter(at: datetime) -> datetime:
    return at.replace(minute=at.minute // 15 * 15, second=0, microsecond=0)
