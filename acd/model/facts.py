"""Facts: what the engine is told. Each is frozen; ``handle(fact, now)`` matches on the type.

Times named ``..._at`` are seconds since the epoch on *our* clock; the adapter has already removed any offset between
our clock and Asterisk's.
"""

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from acd.model.callback import AttemptResult, AttemptStage, CallbackPlan, DueCallback, Window
from acd.model.ids import CallbackId, CallId, Device, LineId, OfferId, OperatorId, ServerId, SpyId
from acd.model.outcome import Outcome
from acd.model.outside import Limit
from acd.model.policy import Policy
from acd.model.supervision import LinesStored, LineStored, SpyEnd, SpyMode, SpySeen, SpyStored


class Fact(msgspec.Struct, frozen=True, gc=False):
    """Base of all facts."""


# --- The caller, as the switch reports him -------------------------------------------------------------------------


class CallArrived(Fact, frozen=True):
    """A citizen's call was answered by the menu."""

    call: CallId
    arrived_at: float
    did: str
    """The city's number that was called: digits, as the trunk delivers it."""
    number: str | None
    """The caller's number, E.164 with ``+`` where the trunk gives it so; None = withheld."""


class MenuEnded(Fact, frozen=True):
    """The menu itself settled the call: ``closed``, ``informed``, or ``refused`` during maintenance."""

    call: CallId
    outcome: Outcome
    line: LineId | None = None


class CallQueued(Fact, frozen=True):
    """The caller made his last menu choice and waits on a line, with music."""

    call: CallId
    line: LineId
    entered_at: float
    """When he joined the line. Kept on his channel, so it survives our restart."""
    number: str | None = None
    language: str = "nl"
    did: str = ""
    path: str = ""
    """Menu nodes passed, joined by ``>``."""
    arrived_at: float | None = None


class CallGone(Fact, frozen=True):
    """The caller's channel ended, whoever hung up."""

    call: CallId
    gone_at: float
    overflowing: bool = False
    """He was at the partner's, where nobody had answered yet."""


# --- An offer, as the switch reports it ----------------------------------------------------------------------------


class OfferFailure(StrEnum):
    """Why an offer came to nothing while the caller stayed."""

    RING_NO_ANSWER = "ring_no_answer"
    """The phone rang until the ring time was over."""
    BUSY = "busy"
    """486: the phone is busy outside our control."""
    REJECTED = "rejected"
    """603 or 480: the operator pressed reject or do-not-disturb."""
    UNREACHABLE = "unreachable"
    """Not registered, or marked unreachable by qualify."""
    DEAD = "dead"
    """Registered, but the phone never said that it rings."""
    FAULT = "fault"
    """Any other failure of the phone or the network."""
    LOST = "lost"
    """The switch never carried it out; the operator is not to blame."""


class OfferDialled(Fact, frozen=True):
    """The switch sent the INVITE to the operator's phone."""

    call: CallId
    offer: OfferId


class OfferRinging(Fact, frozen=True):
    """The operator's phone rings."""

    call: CallId
    offer: OfferId


class OfferAnswered(Fact, frozen=True):
    """The operator picked up."""

    call: CallId
    offer: OfferId
    answered_at: float


class OfferFailed(Fact, frozen=True):
    """Nobody was connected; the caller is back with the music."""

    call: CallId
    offer: OfferId
    how: OfferFailure


class OfferNotSent(Fact, frozen=True):
    """The switch refused the Redirect: the caller is hanging up, or was elsewhere. The operator was not rung."""

    call: CallId
    offer: OfferId
    tried: bool = True
    """False: it never left us, so nothing of it can come true."""


class TalkEnded(Fact, frozen=True):
    """The operator's leg is gone. The caller may still be on the line (transfer, survey)."""

    call: CallId
    ended_at: float


class FallbackAnswered(Fact, frozen=True):
    """A phone answered a caller whom the switch's own Queue() was still ringing for when the engine came back."""

    call: CallId
    device: Device
    answered_at: float


class OverflowAnswered(Fact, frozen=True):
    """The partner contact centre answered."""

    call: CallId
    answered_at: float


class OverflowFailed(Fact, frozen=True):
    """The partner did not answer; the caller is back with the music and keeps his place."""

    call: CallId


class CallWhereabouts(StrEnum):
    """Where a caller's channel is, in the words that the dialplan keeps on it (``ACD_STATE``)."""

    MENU = "menu"
    CLOSED = "closed"
    INFORMED = "informed"
    WAIT = "wait"
    RING = "ring"
    TALK = "talk"
    AFTER = "after"
    OVERFLOW = "overflow"
    PARTNER = "partner"
    """Talking with the partner contact centre."""
    REFUSED = "refused"
    FALLBACK = "fallback"
    """Waiting in Asterisk's own Queue()."""
    OFFER = "offer"
    """Waiting, and hearing the offer to be called back. An operator who comes free takes him at once."""
    BOOK = "book"
    """He has accepted and waits for the word that the promise stands."""
    BOOKED = "booked"
    """He hears that it is confirmed."""


class CallFound(Fact, frozen=True):
    """Answer to :class:`~acd.model.commands.AskCall`. ``where`` is None when there is no such channel."""

    call: CallId
    where: CallWhereabouts | None
    offer: OfferId | None = None


# --- The offer to be called back, as the switch and the keeper of the promises report it ----------------------------


class CallbackHeard(Fact, frozen=True):
    """The caller begins to hear the offer."""

    call: CallId
    heard_at: float


class CallbackDeclined(Fact, frozen=True):
    """He said no, or nothing: he waits on, at his place."""

    call: CallId


class CallbackWanted(Fact, frozen=True):
    """He accepted one of the moments that were offered."""

    call: CallId
    choice: int
    """1 = the first slot of his plan, and so on; 0 = as soon as it is calm."""
    number: str | None = None
    """Digits that he keyed in; None = the number of his plan."""


class CallbackCancelled(Fact, frozen=True):
    """He does not want to be called any more (he had been promised so in an earlier call)."""

    call: CallId


class CallbackPlanned(Fact, frozen=True):
    """Answer to :class:`~acd.model.commands.PlanCallback`; also told unasked of a caller who is owed a call already."""

    call: CallId
    plan: CallbackPlan | None
    """None = nothing can be promised."""


class CallbackBooked(Fact, frozen=True):
    """The promise is in the database."""

    call: CallId
    callback: CallbackId
    window: Window
    deadline: float


class CallbackNotBooked(Fact, frozen=True):
    """No promise was made, and none will be: the number is no number, or the database is away."""

    call: CallId
    why: str


class CallbacksDue(Fact, frozen=True):
    """All promises whose moment has come, the most urgent first. Replaces what was told before."""

    callbacks: tuple[DueCallback, ...]


class CallbackClaimed(Fact, frozen=True):
    """The attempt is written down: now, and only now, somebody may be rung for it."""

    callback: CallbackId
    attempt: OfferId
    number: str
    """E.164."""
    language: str


class CallbackNotClaimed(Fact, frozen=True):
    """Somebody else has it, or it is no longer owed, or the database is away: nobody may be rung."""

    callback: CallbackId
    attempt: OfferId


class LineClosing(Fact, frozen=True):
    """The line closes soon: whoever cannot be served today should hear the offer. None = that is over."""

    line: LineId
    closes_at: float | None


class AttemptFact(Fact, frozen=True):
    """Base of what the switch reports of an attempt."""

    attempt: OfferId


class AttemptRinging(AttemptFact, frozen=True):
    """The operator's phone rings."""


class AttemptTaken(AttemptFact, frozen=True):
    """The operator picked up."""

    taken_at: float


class CitizenDialled(AttemptFact, frozen=True):
    """The citizen's phone is being rung from now on."""


class CitizenAnswered(AttemptFact, frozen=True):
    """Operator and citizen speak; no machine picked up."""

    answered_at: float


class AttemptEnded(AttemptFact, frozen=True):
    """The attempt, or the talk that it led to, is over."""

    result: AttemptResult
    ended_at: float
    failure: OfferFailure | None = None
    """With ``operator``: why his phone did not connect; None = he hung up."""


# --- Phones and operators ------------------------------------------------------------------------------------------


class PhoneState(StrEnum):
    """What a phone can do, folded from Asterisk's device state and contact status."""

    IDLE = "idle"
    BUSY = "busy"
    """Ringing, in a call or holding one."""
    UNREACHABLE = "unreachable"


class PhoneChanged(Fact, frozen=True):
    """The state of an operator's phone, said when it changes and at each audit."""

    device: Device
    state: PhoneState


class OperatorAction(Fact, frozen=True):
    """Base of what a person (or the system for him) sets. ``by`` is who did it: an operator id, a user, ``system``."""

    operator: OperatorId
    by: str


class OperatorLoggedIn(OperatorAction, frozen=True):
    """Logs in, not ready yet."""


class OperatorLoggedOut(OperatorAction, frozen=True):
    """Logs out; a call in hand is finished first."""


class OperatorReady(OperatorAction, frozen=True):
    """Wants calls. During a call: wants calls after it. During wrap-up: ends the wrap-up."""


class OperatorNotReady(OperatorAction, frozen=True):
    """Wants no calls, for a reason."""

    reason: str


# --- The operator's desk ---------------------------------------------------------------------------------------------


class WrapUpExtended(OperatorAction, frozen=True):
    """He needs more time for his notes: once, by the city's ``desk.wrap_up_extension``."""


class WrapUpFinished(OperatorAction, frozen=True):
    """His notes are done before the time is over. He comes to rest where he wanted to, ready or not."""


class PageOpened(Fact, frozen=True):
    """The operator's page is connected. Told again, it says nothing new."""

    operator: OperatorId


class PageLost(Fact, frozen=True):
    """The last of his pages is gone: closed, crashed, asleep, or without a network."""

    operator: OperatorId


# --- The link, the settings, the clock -----------------------------------------------------------------------------


class RecordingSeen(msgspec.Struct, frozen=True):
    """A recording, found being made."""

    recording: str
    paused_at: float | None


class CallSeen(msgspec.Struct, frozen=True):
    """One caller's channel, found alive in the switch, rebuilt from the variables on it."""

    call: CallId
    where: CallWhereabouts
    arrived_at: float
    did: str = ""
    number: str | None = None
    language: str = "nl"
    path: str = ""
    line: LineId | None = None
    entered_at: float | None = None
    offer: OfferId | None = None
    device: Device | None = None
    """The operator's phone in this call, while ringing or talking."""
    answered_at: float | None = None
    dialled: bool = False
    """The operator's leg exists: his phone rings or he talks."""
    declined_at: float | None = None
    """When he left the offer to be called back without a promise; None = he has not, on this line."""
    tape: RecordingSeen | None = None
    """Of his conversation."""


class CallMissed(msgspec.Struct, frozen=True):
    """A call that ended while nobody was listening; the dialplan kept a note of it."""

    seen: CallSeen
    gone_at: float


class AttemptSeen(msgspec.Struct, frozen=True):
    """An attempt to call back, found alive in the switch."""

    attempt: OfferId
    callback: CallbackId
    line: LineId
    device: Device
    stage: AttemptStage
    answered_at: float | None = None
    tape: RecordingSeen | None = None


class SwitchSeen(Fact, frozen=True):
    """The link is up and this is all there is in the switch. Sent once after every (re)connect."""

    calls: tuple[CallSeen, ...]
    missed: tuple[CallMissed, ...]
    phones: Mapping[Device, PhoneState]
    rebooted: bool = False
    """The switch has started anew since any engine last saw it: every call it had then is dead."""
    attempts: tuple[AttemptSeen, ...] = ()
    spies: tuple[SpySeen, ...] = ()
    server: ServerId | None = None
    """Of several servers, the one that was looked at: calls and attempts at others are not in here. Phones and spies
    are those of all. None = there is one server alone."""
    whole: bool = True
    """No other server is missing, or each one that is was given up: what nobody has seen by now is no more."""


class LinkLost(Fact, frozen=True):
    """The link to the switch is gone. Nothing can be offered until :class:`SwitchSeen`."""

    reason: str


class OperatorStored(msgspec.Struct, frozen=True):
    """An operator's own choice, as the records kept it over a restart."""

    operator: OperatorId
    logged_in: bool
    reason: str | None
    """Reason for not ready; None = ready."""
    since: float
    by: str = ""
    """Who said so."""


class CallStored(msgspec.Struct, frozen=True):
    """A call that the records hold as open."""

    call: CallId
    arrived_at: float
    line: LineId | None
    entered_at: float | None
    outcome: Outcome | None
    """Already counted, although the caller was still on the line."""
    operator: OperatorId | None = None
    answered_at: float | None = None
    promise: CallbackBooked | None = None
    """In the records of the promises it stands; that it was told and counted is not known."""
    promise_in_ledger: bool = False
    """The one before us has written ``CallbackPromised`` as well."""


class AttemptStored(msgspec.Struct, frozen=True):
    """An attempt without an end in the records."""

    attempt: OfferId
    callback: CallbackId
    line: LineId
    operator: OperatorId
    stage: AttemptStage


class Restored(Fact, frozen=True):
    """What the records knew at our start. Sent once, before the first :class:`SwitchSeen`."""

    operators: tuple[OperatorStored, ...]
    calls: tuple[CallStored, ...]
    crisis: str | None = None
    draining: bool = False
    attempts: tuple[AttemptStored, ...] = ()
    lines: tuple[LinesStored, ...] = ()
    switched: tuple[LineStored, ...] = ()
    spies: tuple[SpyStored, ...] = ()
    pages: tuple[OperatorId, ...] = ()
    """Operators whose page was open."""


class PolicyChanged(Fact, frozen=True):
    """``queues.yaml`` was loaded again. Waiting calls keep the line settings they entered with."""

    policy: Policy


class LoadForecast(Fact, frozen=True):
    """Callers expected on each line in this half-hour: the weights of the fixed queue ratio. Told each half-hour; until
    then, and for a city with a line that it does not know, the calls of a day count."""

    calls: Mapping[LineId, float]


class CrisisSwitched(Fact, frozen=True):
    """A supervisor switched the crisis message on (its prompt id) or off (None)."""

    message: str | None
    by: str


class DrainSwitched(Fact, frozen=True):
    """Maintenance: take no new callers (``on``), or take them again. Those inside are served."""

    on: bool
    by: str


class Tick(Fact, frozen=True):
    """Time has passed: whatever was due at or before ``now`` happens."""


# --- Several servers -------------------------------------------------------------------------------------------------


class ServerLost(Fact, frozen=True):
    """The link to one of several servers is gone. Its calls may go on; nothing can be done for them, or known of them,
    until its :class:`SwitchSeen`. The other servers' calls go on as before."""

    server: ServerId
    reason: str
    phones: tuple[Device, ...] = ()
    """Which cannot be reached now: they are registered there. Nobody is to blame for that."""
    attempts: tuple[OfferId, ...] = ()
    """Attempts to call back that were made there."""
    spies: tuple[SpyId, ...] = ()


class ServerGone(Fact, frozen=True):
    """A server has not come back for so long that it is taken for dead, and all its calls with it."""

    server: ServerId
    whole: bool
    """As in :class:`SwitchSeen`."""


# --- What a supervisor does ------------------------------------------------------------------------------------------


class CallMoved(Fact, frozen=True):
    """A waiting caller is to wait on another line; he keeps the moment at which he began to wait."""

    call: CallId
    line: LineId
    by: str


class OperatorLinesSet(Fact, frozen=True):
    """An operator serves these lines for now, or (None) those of the settings again."""

    operator: OperatorId
    lines: tuple[LineId, ...] | None
    by: str
    until: float = 0.0
    """With lines: when it ends by itself, seconds since the epoch."""


class LineSwitched(Fact, frozen=True):
    """A line is to be open (True) or closed (False) whatever its hours say, or to follow its hours again (None)."""

    line: LineId
    open: bool | None
    by: str


class SpyWanted(Fact, frozen=True):
    """Ring this phone and put whoever picks it up into the conversation that the operator has now."""

    operator: OperatorId
    device: Device
    mode: SpyMode
    by: str


class SpyUnwanted(Fact, frozen=True):
    """Hang that phone up."""

    spy: SpyId
    by: str


class SpyBegan(Fact, frozen=True):
    """The supervisor has picked up, and hears them."""

    spy: SpyId
    began_at: float


class SpyOver(Fact, frozen=True):
    """He hears them no more, or never did."""

    spy: SpyId
    ended_at: float
    how: SpyEnd


# --- Hold, transfer and survey, and what an operator does with his call from a page ---------------------------------


class TransferHow(StrEnum):
    """How a caller was passed on."""

    BLIND = "blind"
    """Sent there, whoever answers."""
    CONSULT = "consult"
    """Put through to a colleague with whom the operator had spoken first."""


class TalkHeld(Fact, frozen=True):
    """The operator has put the caller on hold: he hears music."""

    call: CallId
    held_at: float


class TalkResumed(Fact, frozen=True):
    """They speak again."""

    call: CallId
    resumed_at: float


class TalkTransferred(Fact, frozen=True):
    """The operator has passed his caller on. That his own part is over is told before, as ``TalkEnded``."""

    call: CallId
    ended_at: float
    to: str
    """A line, an internal number, or an E.164 number; empty = not known."""
    how: TransferHow


class ColleagueAnswered(Fact, frozen=True):
    """A caller who was passed on speaks with this phone from now on; be it that of an operator or of somebody else."""

    call: CallId
    device: Device
    answered_at: float


class CalledBack(msgspec.Struct, frozen=True):
    """With whom a citizen spoke who was called back: he has no call that the engine knows."""

    attempt: OfferId
    line: LineId
    device: Device


class SurveyStarted(Fact, frozen=True):
    """A caller whom his operator has left is asked for scores from now on."""

    call: CallId
    """Of a citizen who was called back: the first channel of the attempt."""
    started_at: float
    sent: bool
    """By his operator; False: he belongs to the sample."""
    back: CalledBack | None = None
    """None = he called himself."""


class SurveyAnswered(Fact, frozen=True):
    """He has given a score."""

    call: CallId
    question: str
    """Question id, as the dialplan had it from the settings."""
    score: int
    """1 to 10."""
    answered_at: float
    back: CalledBack | None = None


class RecordingBegan(Fact, frozen=True):
    """A conversation is recorded from now on: of a call, or of an attempt to call back."""

    recording: str
    """Name of its file, without the ending."""
    call: CallId | None
    attempt: OfferId | None
    line: LineId
    began_at: float
    paused: bool = False
    """It begins running, although that of the talk before it was paused when the caller was passed on."""


class RecordingOver(Fact, frozen=True):
    """The leg that was recorded is gone."""

    recording: str
    call: CallId | None
    attempt: OfferId | None
    ended_at: float


class RecordingPaused(Fact, frozen=True):
    """The switch writes silence from now on."""

    recording: str
    call: CallId | None
    attempt: OfferId | None
    paused_at: float


class RecordingResumed(Fact, frozen=True):
    """The switch writes what is said again."""

    recording: str
    call: CallId | None
    attempt: OfferId | None
    resumed_at: float


class RecordingUnchanged(Fact, frozen=True):
    """The switch did neither: what was so is so still."""

    recording: str
    call: CallId | None
    attempt: OfferId | None


class RecordingMissing(Fact, frozen=True):
    """Nothing is written of it, although the switch takes it for begun: it tells of a full disk, or of a folder that it
    may not write to, in its log alone, and takes a pause for done."""

    recording: str
    call: CallId | None
    attempt: OfferId | None


class OperatorPausesRecording(OperatorAction, frozen=True):
    """He pauses the recording of his conversation from a page, or lets it go on."""

    on: bool
    """True = paused."""


class OperatorSendsToSurvey(OperatorAction, frozen=True):
    """He sends his caller on to the survey, from a page."""


class OutsideRefused(Fact, frozen=True):
    """The switch did not make a call to a number outside: it would have been one too many."""

    why: Limit
    device: Device
    """The phone for which it was; empty = not known."""


class OperatorHangsUp(OperatorAction, frozen=True):
    """He ends his conversation from a page."""


class OperatorSendsOn(OperatorAction, frozen=True):
    """He sends his caller on from a page."""

    to: str
    """A line, an internal number, or an E.164 number."""
