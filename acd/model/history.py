"""What the past weeks were like, as planning needs it."""

from collections.abc import Mapping
from typing import Final

import msgspec

from acd.model.ids import LineId, OperatorId

HALF_HOUR: Final = 1800
"""Seconds. Half-hours begin at multiples of it since the epoch, which is also when the clocks of Brussels show :00 or
:30."""


class History(msgspec.Struct, frozen=True):
    """Counts by half-hour; its key is its begin, seconds since the epoch. What is 0 is left out."""

    arrivals: Mapping[LineId, Mapping[int, int]] = {}
    """Callers who joined the line."""
    logged_in: Mapping[OperatorId, Mapping[int, float]] = {}
    """The part of the half-hour in which he was logged in, 0 to 1."""
    talk: Mapping[LineId, float] = {}
    """Mean seconds of talk, of lines with enough calls to know."""


class Outlook(msgspec.Struct, frozen=True):
    """What one day of a line was to be expected to bring, by half-hour."""

    expected: Mapping[int, float] = {}
    """By the forecast. Only the half-hours in which the line is open are in it."""
    usual: Mapping[int, float] = {}
    """The mean of the same weekday in the past weeks."""
    weeks: int = 0
    """Over how many of them. 0 = there are no records yet, and ``usual`` says nothing."""
