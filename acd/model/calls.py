"""Calls as lists show them, and what a list is asked for."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol

import msgspec

from acd.model.events import Event
from acd.model.ids import CallId, LineId, OperatorId
from acd.model.outcome import Outcome


class CallRow(msgspec.Struct, frozen=True):
    """One call, as lists show it. Times are seconds since the epoch, ``waited`` is seconds."""

    call: CallId
    did: str | None
    number: str | None
    """The caller's; None = withheld, or erased."""
    language: str | None
    path: str | None
    line: LineId | None
    """The line of the outcome; without one the line that the call joined last."""
    arrived_at: float
    entered_at: float | None
    outcome: Outcome | None
    outcome_at: float | None
    waited: float | None
    seen: bool | None
    """False: the outcome was inferred afterwards."""
    operator: OperatorId | None
    """The last one who spoke with the caller."""
    answered_at: float | None
    talk_ended_at: float | None
    ended_at: float | None
    offers: int
    fallback: bool
    """Asterisk's own Queue() connected it."""


class CountedBy(StrEnum):
    """What puts a call into a span of time: each figure has its own."""

    ARRIVED = "arrived"
    """It came in then."""
    JOINED = "joined"
    """It joined its line then."""
    DECIDED = "decided"
    """Its outcome was counted then, as the counts of the day have it."""


class CallsWanted(msgspec.Struct, frozen=True):
    """The calls behind one figure. Times are seconds since the epoch."""

    since: float
    until: float
    by: CountedBy = CountedBy.DECIDED
    lines: tuple[LineId, ...] = ()
    """Empty = all, also those that chose none."""
    outcomes: tuple[Outcome, ...] = ()
    """Empty = any, or none yet."""
    within: Mapping[LineId, float] | None = None
    """Only those whose wait was at most this many seconds, by line; None = whatever their wait."""
    calls: tuple[CallId, ...] | None = None
    """These and no others, whenever they were."""


class CallBook(Protocol):
    """Where the calls of the past are looked up. All methods raise ``Mendable`` when they cannot be."""

    async def listed(self, wanted: CallsWanted, *, limit: int, skip: int = 0) -> list[CallRow]:
        """The calls behind a figure, the latest first."""

    async def counted(self, wanted: CallsWanted) -> dict[Outcome | None, int]:
        """How many there are in all, by outcome; None = no outcome yet."""

    async def call_story(self, call: str) -> list[Event]:
        """All events of one call, in their order; none = there is no such call."""
