"""Which numbers outside we call, and how often: so that nobody can have the city pay for his calls (toll fraud).

Numbers and their beginnings are E.164 with ``+``. Of an allowed and a refused beginning the longer one counts, as in
Asterisk's dialplan, which looks again at every call.
"""

from collections.abc import Iterable
from enum import StrEnum

import msgspec


class Limit(StrEnum):
    """What would be exceeded by one more call."""

    NOT_ALLOWED = "not_allowed"
    """The number is none that may be called."""
    PER_NUMBER = "per_number"
    PER_OPERATOR = "per_operator"
    CALLS = "calls"
    """Of this day."""
    MINUTES = "minutes"
    """Of this day."""
    BUSY = "busy"
    """It could not be counted."""


class Outside(msgspec.Struct, frozen=True):
    """Calls that we make: calls back, and those of operators to numbers outside."""

    callbacks: tuple[str, ...] = ("+32",)
    """Beginnings of the numbers that are called back. Empty = nobody is."""
    transfers: tuple[str, ...] = ()
    """Beginnings of the numbers that an operator may dial, and send his caller to. Empty = nobody outside."""
    refused: tuple[str, ...] = ("+3290", "+3270", "+3277")
    """And of these not: Belgian numbers that cost whoever calls them more than a call."""
    emergency: tuple[str, ...] = ("112", "101")
    """Short numbers that an operator may always dial, and send his caller to: nothing limits them."""
    per_number: int = 10
    """Calls to one number in an hour."""
    per_operator: int = 60
    """Calls of one operator in an hour."""
    calls: int = 500
    """In a day."""
    minutes: int = 2000
    """Of conversation, in a day."""

    def may_call_back(self, number: str) -> bool:
        return _longest(number, self.callbacks) > _longest(number, self.refused)

    def may_transfer(self, number: str) -> bool:
        return _longest(number, self.transfers) > _longest(number, self.refused)


def _longest(number: str, prefixes: Iterable[str]) -> int:
    return max((len(prefix) for prefix in prefixes if number.startswith(prefix)), default=0)
