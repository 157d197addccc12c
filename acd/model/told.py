"""What Asterisk itself wrote down of a call. It has seen every call, also while the engine could not."""

from pathlib import Path

import msgspec

from acd.model.facts import CallWhereabouts
from acd.model.ids import CallId, Device, LineId, OperatorId
from acd.model.outcome import Outcome


class TalkTold(msgspec.Struct):
    """Somebody spoke with him. Moments are on Asterisk's clock."""

    line: LineId | None
    """On which he had waited; None = it is not told."""
    entered_at: float | None
    answered_at: float
    device: Device | None
    fallback: bool
    """No offer of the engine's: Asterisk's own ``Queue()`` put him through."""
    partner: bool
    """It was the partner."""
    ended_at: float | None = None
    """Another talk or wait began; None = it lasted until the end of the call."""
    operator: OperatorId | None = None
    """Whose phone it was, when that is told by name."""


class Counted(msgspec.Struct, frozen=True):
    """How an engine that had seen the call has counted it."""

    at: float
    outcome: Outcome
    waited: float | None
    """Seconds in the queue; None = never joined a line."""


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
    """The one that he joined last."""
    entered_at: float | None = None
    talks: list[TalkTold] = msgspec.field(default_factory=list)
    """The first one is what counts."""
    gone_at: float | None = None
    """None = nothing tells of its end: Asterisk died with it, or it lives."""
    last_at: float
    """The last line of it."""
    counted: Counted | None = None
    """None = nobody has: it follows from the rest."""


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
