"""When a line is open: opening hours, closing days of line and city, Belgian public holidays.

Pure functions of the city and a moment. Everything is read on the wall clock of Europe/Brussels, as Asterisk's
``GotoIfTime`` does: an interval from 02:15 to 02:45 is open twice in the night that the clock goes back, and never in
the night that it goes forward.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Final

import holidays
import msgspec

from acd.config.city import City, CityLine, FrozenDict, Names
from acd.model.ids import LineId
from acd.model.zone import ZONE

HORIZON: Final = 400
"""Days that :func:`next_opening` looks ahead."""
_CLOCK_CHANGE: Final = time(1, 0)
"""UTC. The clocks of the European Union change at this time of the day (directive 2000/84/EC)."""
_LANGUAGES: Final = {"nl": "nl", "en": "en_US", "fr": "fr"}


class Because(StrEnum):
    """Why a line is open or closed."""

    OPEN = "open"
    HOURS = "hours"
    """Outside the opening hours of that weekday."""
    CLOSING_DAY = "closing_day"
    """A closing day of the city or of the line."""
    HOLIDAY = "holiday"
    """A Belgian public holiday."""


class Opening(msgspec.Struct, frozen=True):
    """Whether a line is open at one moment, and why."""

    open: bool
    because: Because
    names: Names = FrozenDict()
    """Name of the holiday or closing day by language (nl, en, fr); empty otherwise."""


class ClosedDate(msgspec.Struct, frozen=True):
    """A day on which a line stays closed, whatever its hours."""

    day: date
    because: Because
    names: Names


def is_open(city: City, line: LineId, at: datetime) -> bool:
    """Whether the line is open at ``at`` (any time zone).

    Raises:
        KeyError: there is no such line.
        ValueError: ``at`` has no time zone.
    """
    return opening(city, line, at).open


def opening(city: City, line: LineId, at: datetime) -> Opening:
    """Whether the line is open at ``at``, and why. The end of an interval is closed: at 17:00:00 nobody answers.

    Raises: as :func:`is_open`.
    """
    if at.tzinfo is None:
        raise ValueError(f"{at} has no time zone")
    local, of = at.astimezone(ZONE), city.lines[line]
    if closed := _closure(city, of, local.date()):
        return Opening(False, closed.because, closed.names)
    minute = local.hour * 60 + local.minute
    if any(interval.start <= minute < interval.end for interval in of.hours[local.weekday()]):
        return Opening(True, Because.OPEN)
    return Opening(False, Because.HOURS)


def next_opening(city: City, line: LineId, at: datetime) -> datetime | None:
    """The first moment from ``at`` on at which the line is open, in Brussels time; ``at`` itself when it is open then.
    None = not within :data:`HORIZON` days.

    Raises: as :func:`is_open`.
    """
    if is_open(city, line, at):
        return at.astimezone(ZONE)
    # Compared in UTC: in one zone Python compares the wall clock, to which the repeated hour is one.
    at, today = at.astimezone(UTC), at.astimezone(ZONE).date()
    for ahead in range(HORIZON):
        moments = _possible_openings(city.lines[line], today + timedelta(ahead))
        if first := min((m for m in moments if m >= at and is_open(city, line, m)), default=None):
            return first.astimezone(ZONE)
    return None


def closed_dates(city: City, line: LineId, first: date, last: date) -> tuple[ClosedDate, ...]:
    """The holidays and closing days of the line from ``first`` to ``last``, both included; weekdays do not count.

    Raises:
        KeyError: there is no such line.
    """
    of = city.lines[line]
    dates = (first + timedelta(ahead) for ahead in range((last - first).days + 1))
    return tuple(closed for day in dates if (closed := _closure(city, of, day)))


def _closure(city: City, line: CityLine, day: date) -> ClosedDate | None:
    """The city's own words come before those of the holiday calendar."""
    for closing in (*line.closing_days, *(city.closing_days if line.city_closing_days else ())):
        if closing.covers(day):
            return ClosedDate(day, Because.CLOSING_DAY, closing.names)
    names = public_holidays(day.year).get(day) if line.public_holidays else None
    return ClosedDate(day, Because.HOLIDAY, names) if names else None


def _possible_openings(line: CityLine, day: date) -> Iterator[datetime]:
    """The starts of the day's intervals, each twice for a repeated hour, and the change of the clock. In UTC."""
    for interval in line.hours[day.weekday()]:
        start = datetime.combine(day, time(*divmod(interval.start, 60)), ZONE)
        yield from (start.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    yield datetime.combine(day, _CLOCK_CHANGE, UTC)


@lru_cache(maxsize=32)
def public_holidays(year: int) -> Mapping[date, Names]:
    """Belgian public holidays, with their names by language."""
    by_language = {
        ours: holidays.country_holidays("BE", years=year, language=code) for ours, code in _LANGUAGES.items()
    }
    days = sorted(by_language["nl"])
    names = {day: {language: by_language[language][day] for language in _LANGUAGES} for day in days}
    return FrozenDict({day: FrozenDict(names[day]) for day in days})
