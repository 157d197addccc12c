"""A read-only picture of the engine at one moment: what the wallboard and the command line show."""

import msgspec

from acd.model.call import CallState
from acd.model.ids import CallbackId, CallId, LineId, OfferId, OperatorId
from acd.model.operator import OperatorState


class BoardLine(msgspec.Struct, frozen=True):
    line: LineId
    names: dict[str, str]
    waiting: int
    longest_wait: float | None
    """Seconds that the oldest call now waiting has been in the queue; None = nobody waits."""
    talking: int
    available: int
    """Operators with this line who are logged in, not paused, not in wrap-up, not on a call, phone reachable."""
    logged_in: int
    target_reachability: float
    target_wait: float
    target_share: float
    in_dialogue: int = 0
    """Of those who wait: callers who hear the offer to be called back at this moment."""
    callbacks_due: int = 0
    """Promises whose moment has come and for which no operator had time yet."""
    calling_back: int = 0
    """Attempts to call back that are under way."""


class BoardOperator(msgspec.Struct, frozen=True):
    operator: OperatorId
    name: str
    device: str
    state: OperatorState
    reason: str | None
    since: float
    """Seconds since the epoch."""
    line: LineId | None
    call: CallId | None
    callback: CallbackId | None = None
    """The promise that he is keeping at this moment; then ``call`` is None."""
    attempt: OfferId | None = None
    reachable: bool = True
    """His phone."""


class BoardCall(msgspec.Struct, frozen=True):
    call: CallId
    state: CallState
    line: LineId | None
    entered_at: float | None
    operator: OperatorId | None
    held_since: float | None = None
    """The operator has put him on hold."""


class Board(msgspec.Struct, frozen=True):
    at: float
    linked: bool
    """False: the link to the switch is down and the figures are stale."""
    crisis: str | None
    draining: bool
    lines: tuple[BoardLine, ...]
    operators: tuple[BoardOperator, ...]
    calls: tuple[BoardCall, ...]
