"""A planner from the city's settings and the records."""

import asyncio
from typing import Final

import structlog

from acd.callbacks.deadline import deadline
from acd.callbacks.forecast import WEEKS
from acd.callbacks.slots import Planner
from acd.config import City
from acd.model.history import History
from acd.records import Archive, DatabaseUnusable

_WEEK: Final = 7 * 86_400.0
_FIRST_DAY: Final = 86_400.0
"""The window begins in the middle of a day, which teaches nothing: one more."""

log = structlog.get_logger()


async def make_planner(city: City, archive: Archive, now: float) -> Planner:
    """The planner for the half-hour of ``now``. Without the records it plans by the settings alone: a forecast that is
    not refreshed is better than no moment at all."""
    try:
        history = await archive.history(now - WEEKS * _WEEK - _FIRST_DAY, now)
    except DatabaseUnusable as error:
        log.warning("planning.without_records", why=str(error))
        history = History()
    # A tenth of a second of arithmetic, beside which the engine must go on.
    return await asyncio.to_thread(_prepared, city, history, now)


def _prepared(city: City, history: History, now: float) -> Planner:
    planner = Planner(city, history, now)
    planner.prepare(now, max(_deadlines(city, now), default=now))
    planner.outlook(now)
    return planner


def _deadlines(city: City, now: float) -> list[float]:
    found = []
    for line in city.lines.values():
        try:
            found += [deadline(city, line.id, now)] if line.callback else []
        except LookupError:
            log.warning("planning.never_open", line=line.id)
    return found
