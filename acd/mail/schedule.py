"""When a report is due, and of which days: always whole periods that are over, on the clock of Brussels."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Final

from acd.model.mailing import Cadence, Mailing
from acd.model.zone import ZONE

MOST: Final = 31
"""Mails of one mailing that are caught up after a time in which the service was away; older ones are left out."""


def due_at(mailing: Mailing, first: date) -> float:
    """When the report of the period that begins on that day is to be sent, seconds since the epoch."""
    day = last_day(mailing.when, first) + timedelta(1)
    hour, minute = divmod(mailing.at // 60, 60)
    return datetime.combine(day, time(hour, minute), ZONE).timestamp()


def last_day(when: Cadence, first: date) -> date:
    """The last day of the period."""
    match when:
        case Cadence.DAILY:
            return first
        case Cadence.WEEKLY:
            return first + timedelta(6)
        case Cadence.MONTHLY:
            return (first + timedelta(31)).replace(day=1) - timedelta(1)


def latest(mailing: Mailing, now: float) -> date:
    """The first day of the last period whose report is due by now."""
    today = datetime.fromtimestamp(now, ZONE).date()
    first = _before(mailing.when, _begin(mailing.when, today))
    return first if due_at(mailing, first) <= now else _before(mailing.when, first)


def missing(mailing: Mailing, known: date, now: float) -> Iterator[date]:
    """The periods after ``known`` whose reports are due by now, the earliest first."""
    found: list[date] = []
    first = latest(mailing, now)
    while first > known and len(found) < MOST:
        found.append(first)
        first = _before(mailing.when, first)
    return reversed(found)


def _begin(when: Cadence, day: date) -> date:
    match when:
        case Cadence.DAILY:
            return day
        case Cadence.WEEKLY:
            return day - timedelta(day.weekday())
        case Cadence.MONTHLY:
            return day.replace(day=1)


def _before(when: Cadence, first: date) -> date:
    return _begin(when, first - timedelta(1))
