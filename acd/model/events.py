"""Events: what has happened, in the past tense. The journal is the spring: records, metrics and the wallboard are
folds over these. ``at`` is seconds since the epoch on our clock, the ``now`` of the fact that caused it."""

import msgspec

from acd.model.callback import AttemptResult
from acd.model.facts import CallWhereabouts, OfferFailure, TransferHow
from acd.model.ids import CallbackId, CallId, Device, LineId, OfferId, OperatorId, SpyId
from acd.model.operator import OperatorState, Wish
from acd.model.outcome import Outcome
from acd.model.outside import Limit
from acd.model.policy import OverflowTo
from acd.model.supervision import SpyEnd, SpyMode


class Event(msgspec.Struct, frozen=True, tag=True, gc=False):
    """Base of all events. ``tag=True``: each carries its class name as ``type`` when encoded."""

    at: float


class CallStarted(Event, frozen=True):
    """A citizen's call came in."""

    call: CallId
    did: str
    number: str | None
    arrived_at: float


class CallEnteredLine(Event, frozen=True):
    """The caller waits on a line."""

    call: CallId
    line: LineId
    entered_at: float
    language: str
    path: str


class Why(msgspec.Struct, frozen=True, gc=False):
    """Why this call went to this operator: what the two rules saw at the moment of choice."""

    line_rule: str
    """``only_line``, ``guard``, ``fixed_queue_ratio`` or ``longest_waiting``."""
    waited: float
    """Seconds in the queue."""
    aged: float
    """The same with the line's priority steps added."""
    waiting: int
    """Callers waiting on this line at that moment, this one included."""
    queue_share: float
    """Share of all callers waiting on eligible lines who wait on this one, 0 to 1."""
    line_share: float
    """The share that the fixed queue ratio grants the line, 0 to 1."""
    operator_rule: str
    """``only_operator``, ``least_skilled`` or ``longest_idle``."""
    level: int
    skills: int
    """Lines that the chosen operator serves."""
    idle: float
    """Seconds that he had been idle."""
    candidates: int
    """Idle operators with this line at that moment."""


class CallOffered(Event, frozen=True):
    """An operator was reserved and the switch was told to ring him."""

    call: CallId
    line: LineId
    operator: OperatorId
    offer: OfferId
    why: Why


class OperatorRang(Event, frozen=True):
    """The operator's phone rings."""

    call: CallId
    operator: OperatorId
    offer: OfferId


class OfferEnded(Event, frozen=True):
    """An offer came to nothing. ``how`` None = the caller hung up or was taken elsewhere first."""

    call: CallId
    operator: OperatorId
    offer: OfferId
    how: OfferFailure | None


class CallAnswered(Event, frozen=True):
    """An operator and the caller speak. ``operator`` None = Asterisk's fallback connected a phone we do not know."""

    call: CallId
    line: LineId
    operator: OperatorId | None
    answered_at: float
    waited: float
    """Seconds from joining the line to the answer, ringing included."""
    fallback: bool = False
    """Connected by Asterisk's own Queue() while the engine was away."""


class CallAnnounced(Event, frozen=True):
    """A waiting caller heard (or was about to hear) his position and expected wait."""

    call: CallId
    position: int | None
    wait: tuple[int, int | None] | None


class CallDeflected(Event, frozen=True):
    """The line could not take the caller."""

    call: CallId
    line: LineId
    to: OverflowTo
    because: str
    """``full``, ``unstaffed`` or ``waited``."""


class CallReturned(Event, frozen=True):
    """The partner did not answer; the caller waits again at his old place."""

    call: CallId


class CallbackOffered(Event, frozen=True):
    """The caller begins to hear the offer to be called back."""

    call: CallId
    line: LineId
    heard_at: float
    waited: float
    """Seconds in the queue."""
    early: bool
    """Before the line's limit, because a long wait was expected or the line closes."""


class CallbackTurnedDown(Event, frozen=True):
    """He stays and waits."""

    call: CallId
    line: LineId


class CallbackPromised(Event, frozen=True):
    """The promise is in the database. ``start`` and ``end``: when he is to be called, seconds since the epoch."""

    call: CallId
    line: LineId
    callback: CallbackId
    start: float
    end: float
    deadline: float


class CallbackImpossible(Event, frozen=True):
    """He accepted, and no promise could be made: he keeps his place."""

    call: CallId
    line: LineId
    why: str


class AttemptStarted(Event, frozen=True):
    """The promise is claimed and an operator reserved; his phone is about to ring."""

    callback: CallbackId
    attempt: OfferId
    line: LineId
    operator: OperatorId


class CitizenReached(Event, frozen=True):
    """Operator and citizen speak: the promise is kept."""

    callback: CallbackId
    attempt: OfferId
    line: LineId
    operator: OperatorId | None
    answered_at: float


class AttemptFinished(Event, frozen=True):
    """The attempt is over, and with it any talk that it led to."""

    callback: CallbackId
    attempt: OfferId
    line: LineId
    operator: OperatorId | None
    result: AttemptResult
    ended_at: float


class OutcomeCounted(Event, frozen=True):
    """The one outcome of this call, at the moment it happened."""

    call: CallId
    line: LineId | None
    outcome: Outcome
    waited: float | None
    """Seconds in the queue up to this moment; None = never joined a line."""
    seen: bool = True
    """False: inferred afterwards, nobody was listening when it happened."""


class TalkFinished(Event, frozen=True):
    """The operator's part of the call is over."""

    call: CallId
    operator: OperatorId | None
    ended_at: float


class CallEnded(Event, frozen=True):
    """The caller's channel is gone."""

    call: CallId
    gone_at: float


class CallAdopted(Event, frozen=True):
    """After a restart or a broken link: the call was found alive in the switch."""

    call: CallId
    where: CallWhereabouts


class OperatorChanged(Event, frozen=True):
    """An operator's state changed. ``by``: who did it; ``engine`` when it followed from a call."""

    operator: OperatorId
    before: OperatorState
    state: OperatorState
    reason: str | None
    """Reason while NOT_READY: one of the city's, or an ``OfferFailure`` that the system set."""
    by: str
    line: LineId | None = None
    """The line of the call in hand."""


class OperatorWished(Event, frozen=True):
    """What an operator wants from now on, whatever he is doing: this, and not his state, outlives a restart."""

    operator: OperatorId
    wish: Wish
    reason: str | None
    """Reason for not ready."""
    by: str


class PhoneReported(Event, frozen=True):
    """An operator's phone became reachable or was lost."""

    device: Device
    operator: OperatorId
    reachable: bool


class WrapUpLengthened(Event, frozen=True):
    """He took the one extension of his time for notes, until ``until``."""

    operator: OperatorId
    until: float
    by: str


class PageChanged(Event, frozen=True):
    """The operator's page was connected, or the last of his pages was lost."""

    operator: OperatorId
    open: bool


class LinkWentDown(Event, frozen=True):
    """From here on nothing could be seen: a gap begins."""

    reason: str


class LinkCameUp(Event, frozen=True):
    """The gap is over; what was found counts from here."""

    calls: int
    missed: int


class CrisisChanged(Event, frozen=True):
    message: str | None
    by: str


class DrainChanged(Event, frozen=True):
    on: bool
    by: str


class PolicyLoaded(Event, frozen=True):
    lines: int
    operators: int


class MoveRefused(Event, frozen=True):
    """A person asked for something that cannot be, or names something unknown. Nothing changed."""

    what: str
    why: str


class OutsideRefused(Event, frozen=True):
    """A call to a number outside was not made: it is none that may be called, or would be one too many."""

    why: Limit
    operator: OperatorId | None


# --- What a supervisor does ------------------------------------------------------------------------------------------


class CallRerouted(Event, frozen=True):
    """A caller waits on another line from now on, at the place that his old moment of joining gives him there. ``by``:
    ``restart`` when it was only read from his channel."""

    call: CallId
    line: LineId
    before: LineId
    by: str


class OperatorLinesChanged(Event, frozen=True):
    """An operator serves other lines for now. ``lines`` None = those of the settings again. ``by`` is the engine when
    the time was over."""

    operator: OperatorId
    lines: tuple[LineId, ...] | None
    until: float
    """Seconds since the epoch; 0 = it is over."""
    by: str


class LineOverridden(Event, frozen=True):
    """A line is open or closed whatever its hours say; None = it follows them again."""

    line: LineId
    open: bool | None
    by: str


class SpyStarted(Event, frozen=True):
    """A supervisor hears an operator's conversation from now on."""

    spy: SpyId
    operator: OperatorId
    call: CallId | None
    """None = a call back."""
    attempt: OfferId | None
    device: Device
    mode: SpyMode
    by: str


class SpyEnded(Event, frozen=True):
    """He hears it no more; or never did, when there is no ``SpyStarted`` with this number."""

    spy: SpyId
    operator: OperatorId
    call: CallId | None
    mode: SpyMode
    by: str
    how: SpyEnd


# --- Hold and transfer -----------------------------------------------------------------------------------------------


class CallHeld(Event, frozen=True):
    """The caller hears music; it counts as handling time."""

    call: CallId
    operator: OperatorId | None
    held_at: float


class CallResumed(Event, frozen=True):
    """The hold is over: they speak again, or the conversation ended on hold."""

    call: CallId
    operator: OperatorId | None
    resumed_at: float
    held: float
    """Seconds."""


class CallTransferred(Event, frozen=True):
    """An operator has passed the caller on."""

    call: CallId
    line: LineId
    operator: OperatorId | None
    """Who passed him on."""
    to: str
    """A line, an internal number, or an E.164 number; empty = not known."""
    how: TransferHow


class CallPickedUp(Event, frozen=True):
    """A colleague speaks with a caller who was passed on to him. His own ``TalkFinished`` follows."""

    call: CallId
    line: LineId
    operator: OperatorId | None
    """None = a phone that is no operator's, or of one who is busy otherwise."""
    answered_at: float


# --- The survey after a conversation ---------------------------------------------------------------------------------


class SurveyStarted(Event, frozen=True):
    """A caller is asked for scores after his conversation. However many he gives, he counts as asked."""

    call: CallId
    """Of a citizen who was called back: the first channel of the attempt (``acd-cb-7``), which is no call."""
    line: LineId
    operator: OperatorId | None
    """Who spoke with him last; None = not known any more."""
    started_at: float
    sent: bool
    """By his operator; False: he belongs to the sample."""
    attempt: OfferId | None = None
    """By which he was called back; None = he called himself."""


class SurveyAnswered(Event, frozen=True):
    """He has given a score."""

    call: CallId
    line: LineId
    operator: OperatorId | None
    question: str
    score: int
    """1 to 10."""
    answered_at: float
    attempt: OfferId | None = None


# --- What Asterisk itself tells afterwards ---------------------------------------------------------------------------


class CallRepaired(Event, frozen=True, kw_only=True):
    """In a time in which we could not see, this call went another way than we thought, or we never knew of it:
    Asterisk's own record tells how. Each conversation of which we did not know has an event of its own; the call counts
    once."""

    call: CallId
    known: bool
    """Some of it had been seen, or was told by an event before; False: nothing."""
    counts: bool
    """It tells how the call counts; False: one more conversation of it."""
    did: str
    arrived_at: float
    language: str
    path: str
    line: LineId | None
    """None = he joined none."""
    entered_at: float | None
    operator: OperatorId | None
    """Who spoke with him; None = nobody, or a phone that we do not know."""
    answered_at: float | None
    """By an operator, in the conversation of which this tells; None = it tells of none."""
    talk_ended_at: float | None
    fallback: bool
    """Put through by Asterisk's own Queue()."""
    gone_at: float
    outcome: Outcome
    before: Outcome | None
    """What was counted so far; None = nothing."""
    waited: float | None
    """Seconds in the queue up to the outcome; None = never joined a line."""
    switch_gone_at: float
    """``gone_at`` on Asterisk's clock, as it stands in its record."""


# --- What a deposed engine tells afterwards --------------------------------------------------------------------------


class ToldLate(Event, frozen=True):
    """What an engine had seen and could not write down before another took the lead, told when that one had gone on
    long since. ``at`` is the moment of then. It is kept, and changes nothing that is known by now: what of it still
    counts is told again, as ``CallRepaired`` or as it was."""

    call: CallId | None
    line: LineId | None
    operator: OperatorId | None
    what: str
    """The event's name."""
    told: str
    """The event as the ledger would have kept it: JSON, without a number."""


# --- Recordings ------------------------------------------------------------------------------------------------------


class RecordingStarted(Event, frozen=True):
    """A conversation is recorded: of a call, or of an attempt to call back. The caller was told, and did not refuse."""

    recording: str
    """Name of its file, without the ending."""
    call: CallId | None
    attempt: OfferId | None
    line: LineId
    operator: OperatorId | None
    started_at: float


class RecordingFinished(Event, frozen=True):
    """It is over; the file is whole a moment later."""

    recording: str
    call: CallId | None
    attempt: OfferId | None
    ended_at: float


class RecordingPaused(Event, frozen=True):
    """Silence is written from now on; the moments in the file stay true."""

    recording: str
    call: CallId | None
    attempt: OfferId | None
    operator: OperatorId | None
    by: str
    paused_at: float


class RecordingResumed(Event, frozen=True):
    """What is said is written again."""

    recording: str
    call: CallId | None
    attempt: OfferId | None
    operator: OperatorId | None
    by: str
    resumed_at: float
    paused: float
    """Seconds."""


class RecordingUnchanged(Event, frozen=True):
    """The switch did not pause it, or did not let it go on, although somebody wanted that."""

    recording: str
    call: CallId | None
    attempt: OfferId | None
    operator: OperatorId | None
    by: str
    runs: bool
    """What is said is written."""


AnyEvent = (
    CallStarted
    | CallEnteredLine
    | CallOffered
    | OperatorRang
    | OfferEnded
    | CallAnswered
    | CallAnnounced
    | CallDeflected
    | CallReturned
    | CallbackOffered
    | CallbackTurnedDown
    | CallbackPromised
    | CallbackImpossible
    | AttemptStarted
    | CitizenReached
    | AttemptFinished
    | OutcomeCounted
    | TalkFinished
    | CallEnded
    | CallAdopted
    | OperatorChanged
    | OperatorWished
    | PhoneReported
    | WrapUpLengthened
    | PageChanged
    | LinkWentDown
    | LinkCameUp
    | CrisisChanged
    | DrainChanged
    | PolicyLoaded
    | MoveRefused
    | OutsideRefused
    | CallRerouted
    | OperatorLinesChanged
    | LineOverridden
    | SpyStarted
    | SpyEnded
    | CallHeld
    | CallResumed
    | CallTransferred
    | CallPickedUp
    | SurveyStarted
    | SurveyAnswered
    | RecordingStarted
    | RecordingFinished
    | RecordingPaused
    | RecordingResumed
    | RecordingUnchanged
    | CallRepaired
    | ToldLate
)
"""Closed union, for exhaustive matching and for decoding the ledger."""
