"""The city's time zone."""

from typing import Final
from zoneinfo import ZoneInfo

ZONE: Final = ZoneInfo("Europe/Brussels")
"""All hours and dates of the city are in this zone."""
