"""A planner from the city's settings and the records."""

from acd.callbacks.slots import Planner
from acd.config import City
from acd.records import Archive


async def make_planner(city: City, archive: Archive, now: float) -> Planner:
    """The planner for the half-hour of ``now``."""
    return Planner(city, None, now)
