"""Commands: what the engine wants the switch, or the keeper of the promises, to do. Sending one never waits; its result
comes back as a fact."""

import msgspec

from acd.model.callback import AttemptResult, AttemptStage, CallbackPlan, Window
from acd.model.ids import CallbackId, CallId, Device, LineId, OfferId, OperatorId, ServerId, SpyId
from acd.model.policy import OverflowTo
from acd.model.supervision import SpyMode


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
    via: ServerId | None = None
    """The other server at which the phone is registered, when it is not that of the call. The engine does not know."""


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


# --- The offer to be called back, and the call back: to the switch ---------------------------------------------------


class OfferCallback(Command, frozen=True):
    """Let a waiting caller hear the offer to be called back, without moving him: the waiting loop picks it up. Answered
    by ``CallbackHeard``, then ``CallbackDeclined``, ``CallbackWanted`` or ``CallbackCancelled``."""

    call: CallId
    plan: CallbackPlan


class AnswerBooking(Command, frozen=True):
    """Tell a caller who accepted that the promise stands (he hears moment and deadline, and the call ends), or that it
    could not be made (he hears so, and waits on at his place)."""

    call: CallId
    window: Window | None
    """None = no promise was made."""
    deadline: float


class CallBack(Command, frozen=True):
    """Make the call of a claimed attempt."""

    attempt: OfferId
    callback: CallbackId
    line: LineId
    number: str
    """E.164."""
    language: str
    operator: OperatorId
    device: Device
    ring_time: float
    """Seconds that the operator's phone rings."""
    ring_citizen: float
    """Seconds that the citizen's phone rings."""
    operator_first: bool
    machine_detection: bool


class EndCallBack(Command, frozen=True):
    """Hang up whatever there is of an attempt. Answered by ``AttemptEnded``, also when there is nothing."""

    attempt: OfferId
    by_operator: bool = False
    """He hangs up: a citizen with whom he speaks is left as by his phone, and may still be asked how it was."""


# --- To the keeper of the promises -----------------------------------------------------------------------------------


class PromiseCommand(Command, frozen=True):
    """Base of what goes to the keeper (:class:`~acd.ports.Promises`), not to the switch."""


class PlanCallback(PromiseCommand, frozen=True):
    """What can this caller be promised? Answered by ``CallbackPlanned``, with ``existing`` when he is owed a call on
    this line already, be it by a promise of this very call: so a new engine learns what the one before it did not hear.
    What the plan names is kept for him until he has chosen or :class:`DropPlan` is sent."""

    call: CallId
    line: LineId
    number: str | None
    language: str


class DropPlan(PromiseCommand, frozen=True):
    """He declined, was served or hung up: others may have those moments."""

    call: CallId


class BookCallback(PromiseCommand, frozen=True):
    """Write the promise that this caller accepted; or move the one that he is owed already. Answered by exactly one
    ``CallbackBooked`` or ``CallbackNotBooked``, within ``BOOKING_PATIENCE`` seconds."""

    call: CallId
    line: LineId
    choice: int
    number: str | None
    """As in ``CallbackWanted``."""


class CancelCallback(PromiseCommand, frozen=True):
    """The caller withdraws the promise that he was given on this line."""

    call: CallId
    line: LineId


class ClaimCallback(PromiseCommand, frozen=True):
    """Take the promise for one attempt, and write the attempt. Answered by ``CallbackClaimed`` or
    ``CallbackNotClaimed``."""

    callback: CallbackId
    attempt: OfferId
    operator: OperatorId


class NoteAttempt(PromiseCommand, frozen=True):
    """The attempt has come so far."""

    attempt: OfferId
    stage: AttemptStage
    at: float


class EndAttempt(PromiseCommand, frozen=True):
    """The attempt is over; the keeper's rules say what becomes of the promise. Of an attempt that was never claimed, or
    is over already, it says nothing new."""

    attempt: OfferId
    result: AttemptResult
    at: float


BOOKING_PATIENCE = 5.0
"""Seconds within which a booking is made or refused; the dialplan waits a little longer than this."""


# --- What a supervisor does: to the switch ---------------------------------------------------------------------------


class Reroute(Command, frozen=True):
    """Write another line on the channel of a caller who waits. He is not moved: the music plays on."""

    call: CallId
    line: LineId


class SetLineOpen(Command, frozen=True):
    """Let the dialplan take a line for open or closed whatever its hours say; None = by its hours."""

    line: LineId
    open: bool | None


class Spy(Command, frozen=True):
    """Ring a supervisor's phone and put him into a conversation. Answered by ``SpyBegan`` and ``SpyOver``, or by
    ``SpyOver`` alone."""

    spy: SpyId
    call: CallId | None
    """The caller with whom the operator speaks; None = a citizen whom he called back."""
    attempt: OfferId | None
    """The attempt to call back."""
    device: Device
    """The supervisor's phone."""
    mode: SpyMode
    shown: str
    """The operator's name, on the supervisor's phone."""
    ring_time: float
    """Seconds."""
    via: ServerId | None = None
    """As in :class:`Offer`."""


class EndSpy(Command, frozen=True):
    """Hang up the supervisor's phone, ringing or not. Answered by ``SpyOver``, also when there is nothing."""

    spy: SpyId


# --- A conversation, to the switch -----------------------------------------------------------------------------------


class HangUpTalk(Command, frozen=True):
    """End the operator's part of this conversation; the caller's goes with it. Moot when they speak no more."""

    call: CallId


class PauseRecording(Command, frozen=True):
    """Let a recording hold silence from now on, or what is said again. Answered by ``RecordingPaused``,
    ``RecordingResumed`` or ``RecordingUnchanged``."""

    recording: str
    """Name of its file, without the ending."""
    call: CallId | None
    """Whose conversation it is; None = of a citizen who is called back."""
    attempt: OfferId | None
    on: bool
    """True = silence."""


class SendOn(Command, frozen=True):
    """Send a caller who speaks with an operator on to a line, a colleague, a number outside or the survey, and end the
    operator's part. Moot when they speak no more; where the dialplan has no such place, they speak on."""

    call: CallId
    to: str
