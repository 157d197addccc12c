"""Commands: what the engine wants the switch to do. Sending one never waits; its result comes back as a fact."""

import msgspec

from acd.model.ids import CallId, Device, LineId, OfferId, OperatorId
from acd.model.policy import OverflowTo


class Command(msgspec.Struct, frozen=True, gc=False):
    """Base of all commands."""


class Offer(Command, frozen=True):
    """Move the waiting caller to the operator's phone and ring it."""

    call: CallId
    offer: OfferId
    operator: OperatorId
    device: Device
    ring_time: float
    """Seconds."""


class Withdraw(Command, frozen=True):
    """Take the caller out of a ringing offer, back to the music."""

    call: CallId
    offer: OfferId


class Announce(Command, frozen=True):
    """Let a waiting caller hear his position and/or his expected wait, in his language, without moving him."""

    call: CallId
    position: int | None
    """1 = next to be served."""
    wait: tuple[int, int | None] | None
    """Expected wait in whole minutes, from and to; None as upper end = "or more"."""


class Deflect(Command, frozen=True):
    """Move a caller whom the line cannot take: to the partner, or to the message that asks to call later."""

    call: CallId
    line: LineId
    to: OverflowTo


class AskCall(Command, frozen=True):
    """Find out where a caller is. Answered by :class:`~acd.model.facts.CallFound`."""

    call: CallId


class SetCrisis(Command, frozen=True):
    """Switch the crisis message on (prompt id) or off, for new callers and for those already waiting."""

    message: str | None


class SetDraining(Command, frozen=True):
    """Let the dialplan refuse new callers (maintenance), or take them again."""

    on: bool


class SetAllowed(Command, frozen=True):
    """Tell the switch's own fallback queue whether it may ring this phone while the engine is away."""

    device: Device
    lines: tuple[LineId, ...]
    allowed: bool
