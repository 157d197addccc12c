"""What Asterisk itself wrote down of a call. It has seen every call, also while the engine could not."""

from pathlib import Path

import msgspec

from acd.model.facts import CallWhereabouts
from acd.model.ids import CallId, Device, LineId


class CallTold(msgspec.Struct, kw_only=True):
    """One call, as its lines tell it. Moments are on Asterisk's clock, seconds since the epoch."""

    call: CallId
    where: CallWhereabouts = CallWhereabouts.MENU
    """Where he was last."""
    arrived_at: float | None = None
    did: str = ""
    language: str = "nl"
    path: str = ""
    line: LineId | None = None
    """Until he spoke with somebody the last one that he joined; from then on that one."""
    entered_at: float | None = None
    answered_at: float | None = None
    """By the first who spoke with him: an operator, or the partner."""
    device: Device | None = None
    """The first operator's phone."""
    fallback: bool = False
    """No offer of the engine's: Asterisk's own ``Queue()`` put him through."""
    partner: bool = False
    talk_ended_at: float | None = None
    """He joined a line again afterwards; None = the talk lasted until the end of the call."""
    gone_at: float | None = None
    """None = nothing tells of its end: Asterisk died with it, or it lives."""
    last_at: float
    """The last line of it."""


class BadLine(msgspec.Struct, frozen=True):
    """A line of Asterisk's own record that cannot be read. The call of which it tells may be told by other lines."""

    file: Path
    number: int
    why: str

    def __str__(self) -> str:
        return f"{self.file}:{self.number}: {self.why}"


class Told(msgspec.Struct, frozen=True):
    """All that was read."""

    calls: dict[CallId, CallTold]
    bad: tuple[BadLine, ...] = ()
    files: int = 0
    """0 = there was nothing to read."""
