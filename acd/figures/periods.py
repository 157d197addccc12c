"""Time as the clocks of Brussels cut it: days of 23, 24 and 25 hours, and the hour that comes twice in autumn.

Pieces of the timeline (15, 30, 60 minutes) are cut in UTC, which is also where the clocks show :00, :15, :30 and :45;
the repeated hour of autumn is two pieces, and the missing one of spring none. What is longer is cut by the local day.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Final

from acd.model.mendable import Mendable
from acd.model.zone import ZONE

DAY: Final = 86_400
FIRST_YEAR, LAST_YEAR = 2000, 2099
"""Of what is asked."""
_EPOCH: Final = date(1970, 1, 1)
_WEEKDAY_OF_EPOCH: Final = 3
"""It was a Thursday; Monday = 0."""


class Grain(StrEnum):
    """Into which periods figures are cut."""

    TOTAL = "total"
    MINUTES_15 = "15min"
    MINUTES_30 = "30min"
    MINUTES_60 = "60min"
    DAY = "day"
    WEEK = "week"
    """ISO, from Monday on."""
    MONTH = "month"
    HOUR = "hour"
    """Of the day, 0 to 23: all days together. The repeated hour of autumn counts with the first."""
    WEEKDAY = "weekday"
    """1 = Monday to 7 = Sunday, all weeks together."""
    SLOT = "slot"
    """Weekday and half-hour, for a heat map: ``1 09:30``."""


DAYS: Final = (Grain.TOTAL, Grain.DAY, Grain.WEEK, Grain.MONTH, Grain.WEEKDAY)
"""Pieces that are made of whole days."""
MINUTES: Final = {Grain.MINUTES_15: 900, Grain.MINUTES_30: 1800, Grain.MINUTES_60: 3600}
"""Seconds of a piece of the timeline."""


class BadPeriod(Mendable):
    """{text} is no period: a day looks like 2027-03-01, a moment like 2027-03-01T09:30."""

    def __init__(self, text: str) -> None:
        super().__init__(f"{text!r} is no period: a day looks like 2027-03-01, a moment like 2027-03-01T09:30")


def moment(text: str, *, end: bool = False) -> float:
    """A day or a moment of this century on the wall clock of Brussels, or with its own offset, as seconds since the
    epoch.

    Args:
        end: the text ends a period: a day counts to its last second.

    Raises:
        BadPeriod: it is neither.
    """
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise BadPeriod(text) from None
    if not FIRST_YEAR <= at.year <= LAST_YEAR:
        raise BadPeriod(text)
    if len(text) == len("2027-03-01"):
        return midnight(at.date() + timedelta(days=1) if end else at.date())
    return (at if at.tzinfo else at.replace(tzinfo=ZONE)).timestamp()


def midnight(day: date) -> float:
    """The begin of the day in Brussels, seconds since the epoch."""
    return datetime.combine(day, time(), ZONE).timestamp()


def ahead(at: float) -> int:
    """Seconds that the clock of Brussels is ahead of UTC at that moment."""
    offset = datetime.fromtimestamp(at, ZONE).utcoffset()
    assert offset is not None
    return int(offset.total_seconds())


def clock_changes(since: float, until: float) -> list[tuple[float, int]]:
    """From when on the clock of Brussels is how far ahead of UTC; the first one holds from ``since`` on."""
    changes = [(since, ahead(since))]
    hour = since // 3600 * 3600
    while hour < until:
        if ahead(hour + DAY) == changes[-1][1]:
            hour += DAY
            continue
        while ahead(hour) == changes[-1][1]:
            hour += 3600
        if hour < until:
            changes.append((hour, ahead(hour)))
    return changes


# --- Raw numbers: what the database groups by ----------------------------------------------------------------------


def raw(grain: Grain, at: float) -> int:
    """The number of the piece in which ``at`` lies. Weeks and months are counted by day, and put together by
    :func:`bucket`."""
    if grain is Grain.TOTAL:
        return 0
    if grain in MINUTES:
        return int(at // MINUTES[grain]) * MINUTES[grain]
    local = at + ahead(at)
    day = int(local // DAY)
    match grain:
        case Grain.HOUR:
            return int(local // 3600) - 24 * day
        case Grain.WEEKDAY:
            return (day + _WEEKDAY_OF_EPOCH) % 7
        case Grain.SLOT:
            return (day + _WEEKDAY_OF_EPOCH) % 7 * 48 + int(local // 1800) - 48 * day
        case _:
            return day


def bucket(grain: Grain, number: int) -> int:
    """The number of the whole piece: the Monday of the week, the first of the month."""
    match grain:
        case Grain.WEEK:
            return number - (number + _WEEKDAY_OF_EPOCH) % 7
        case Grain.MONTH:
            return (date_of(number).replace(day=1) - _EPOCH).days
        case _:
            return number


def coarser(grain: Grain, day: int) -> int:
    """The number of the week, month or weekday in which the day with that number lies."""
    return (day + _WEEKDAY_OF_EPOCH) % 7 if grain is Grain.WEEKDAY else bucket(grain, day)


def date_of(number: int) -> date:
    """The day with that number; 1 January 1970 = 0."""
    return _EPOCH + timedelta(days=number)


def day_within(began_at: float, ended_at: float) -> int | None:
    """The number of the day in which a whole span lies; None = it lies in more than one, or ends before it begins."""
    day = raw(Grain.DAY, began_at)
    return day if began_at <= ended_at and raw(Grain.DAY, ended_at) == day else None


HALF_HOUR: Final = 1800
"""Seconds. The clocks of Brussels are whole hours ahead of UTC, so theirs begin with those of UTC."""


def half_hour_within(began_at: float, ended_at: float) -> int | None:
    """The number of the half-hour, from 1970 on in UTC, in which a whole span lies; None = as for a day."""
    half_hour = int(began_at // HALF_HOUR)
    return half_hour if began_at <= ended_at and int(ended_at // HALF_HOUR) == half_hour else None


def of_day(grain: Grain, day: int) -> int:
    """The number of the piece in which a whole day lies. Of a day and longer pieces only."""
    match grain:
        case Grain.TOTAL:
            return 0
        case Grain.WEEKDAY:
            return (day + _WEEKDAY_OF_EPOCH) % 7
        case _:
            return bucket(grain, day)


def label(grain: Grain, number: int) -> str:  # noqa: PLR0911 - one for each
    """How the piece is called: ``2027-03-01T09:30+01:00``, ``2027-03-01``, ``2027-W09``, ``2027-03``, ``09``, ``1``."""
    if grain in MINUTES:
        return datetime.fromtimestamp(number, ZONE).isoformat(timespec="minutes")
    match grain:
        case Grain.TOTAL:
            return ""
        case Grain.HOUR:
            return f"{number:02}"
        case Grain.WEEKDAY:
            return str(number + 1)
        case Grain.SLOT:
            weekday, half_hour = divmod(number, 48)
            return f"{weekday + 1} {half_hour // 2:02}:{half_hour % 2 * 30:02}"
        case Grain.WEEK:
            year, week, _ = date_of(number).isocalendar()
            return f"{year}-W{week:02}"
        case Grain.MONTH:
            return f"{date_of(number):%Y-%m}"
        case _:
            return date_of(number).isoformat()


def number_of(grain: Grain, text: str) -> int:
    """The piece that :func:`label` calls so.

    Raises:
        BadPeriod: there is none.
    """
    try:
        number = _number(grain, text)
        known = label(grain, number) == text
    except (ValueError, IndexError, OverflowError):
        raise BadPeriod(text) from None
    if not known:
        raise BadPeriod(text)
    return number


def _number(grain: Grain, text: str) -> int:  # noqa: PLR0911 - one for each
    if grain in MINUTES:
        return int(datetime.fromisoformat(text).timestamp())
    match grain:
        case Grain.TOTAL:
            return 0
        case Grain.HOUR:
            return int(text)
        case Grain.WEEKDAY:
            return int(text) - 1
        case Grain.SLOT:
            return (int(text[0]) - 1) * 48 + int(text[2:4]) * 2 + int(text[5:]) // 30
        case Grain.WEEK:
            return (date.fromisocalendar(int(text[:4]), int(text[6:]), 1) - _EPOCH).days
        case Grain.MONTH:
            return (date.fromisoformat(f"{text}-01") - _EPOCH).days
        case _:
            return (date.fromisoformat(text) - _EPOCH).days


def days_of(grain: Grain, number: int) -> tuple[int, int]:
    """The first and the last day of a week or a month."""
    if grain is Grain.WEEK:
        return number, number + 6
    following = (date_of(number) + timedelta(days=31)).replace(day=1)
    return number, (following - _EPOCH).days - 1


def numbers(grain: Grain, since: float, until: float) -> list[int]:  # noqa: PLR0911 - one for each
    """All pieces of a period, those without anything in them too, in their order."""
    if until <= since:
        return []
    if grain in MINUTES:
        step = MINUTES[grain]
        return list(range(raw(grain, since), int(-(-until // step)) * step, step))
    match grain:
        case Grain.TOTAL:
            return [0]
        case Grain.HOUR:
            return list(range(24))
        case Grain.WEEKDAY:
            return list(range(7))
        case Grain.SLOT:
            return list(range(7 * 48))
        case _:
            last = raw(Grain.DAY, _just_before(until))
            return sorted({bucket(grain, day) for day in range(raw(Grain.DAY, since), last + 1)})


def _just_before(until: float) -> float:
    # A day has no moment at its end: the next begins there.
    return until - 1e-3


def pieces(grain: Grain, began_at: float, ended_at: float) -> Iterator[tuple[int, float]]:
    """How many seconds of a span lie in which piece, whole pieces numbered as by :func:`bucket`."""
    at = began_at
    while at < ended_at:
        end = min(ended_at, _next_cut(grain, at))
        yield bucket(grain, raw(grain, at)), end - at
        at = end


def _next_cut(grain: Grain, at: float) -> float:
    """The next moment at which another piece may begin."""
    if grain is Grain.TOTAL:
        return float("inf")
    if grain in MINUTES:
        return (at // MINUTES[grain] + 1) * MINUTES[grain]
    if grain in (Grain.HOUR, Grain.SLOT):
        return (at // 1800 + 1) * 1800
    day = datetime.fromtimestamp(at, ZONE).date()
    match grain:
        case Grain.WEEK:
            return midnight(day + timedelta(days=7 - day.weekday()))
        case Grain.MONTH:
            return midnight((day.replace(day=1) + timedelta(days=31)).replace(day=1))
        case _:
            return midnight(day + timedelta(days=1))


def utc(at: float) -> str:
    """A moment as ISO 8601 in UTC."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
