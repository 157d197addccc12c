"""The city's settings: ``queues.yaml`` -> frozen typed objects, or every fault of the file with its line."""

from acd.config.changes import describe_changes
from acd.config.city import (
    CallbackTerms,
    City,
    CityLine,
    ClosingDays,
    Duty,
    Interval,
    Names,
    Shift,
    Threshold,
    Thresholds,
    YearlyClosingDay,
)
from acd.config.faults import ConfigError, Fault
from acd.config.loader import load, parse
from acd.config.schema import json_schema
from acd.config.screen_pop import screen_pop
from acd.model.zone import ZONE

__all__ = [
    "ZONE",
    "CallbackTerms",
    "City",
    "CityLine",
    "ClosingDays",
    "ConfigError",
    "Duty",
    "Fault",
    "Interval",
    "Names",
    "Shift",
    "Threshold",
    "Thresholds",
    "YearlyClosingDay",
    "describe_changes",
    "json_schema",
    "load",
    "parse",
    "screen_pop",
]
