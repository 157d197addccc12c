"""Events -> rows: a pure fold, the same for live writing and for a rebuild from the ledger.

A :class:`Picture` holds the rows that a run of entries touches. The writer fills it with what the database has of them
(:func:`keys_of` says what that is), folds the entries in, and writes back what changed. An entry that contradicts an
earlier one changes nothing and leaves an anomaly: the first outcome of a call wins, the first start, the first end.
"""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec

from acd.figures.periods import Grain, day_within, half_hour_within, raw
from acd.figures.report import NOT_RUNNING
from acd.model import events as ev
from acd.model.events import Event
from acd.model.facts import CallWhereabouts
from acd.model.operator import OperatorState, Wish
from acd.model.outcome import Outcome
from acd.model.policy import OverflowTo
from acd.model.supervision import SpyEnd, SpyMode
from acd.records.entries import Entry

ANSWERED: Final = "answered"
CALLER_LEFT: Final = "caller_left"

MOVED: Final = "moved"
GONE: Final = "gone"
RETURNED: Final = "returned"

PROJECTION_VERSION: Final = "9"
"""Raise it when the same ledger gives other rows: the next start then makes the projection anew."""

CRISIS: Final = "crisis"
DRAINING: Final = "draining"
PAGE: Final = "page:"
"""Before the operator's name: his page is open."""


Place = tuple[str, float, int | None, Outcome | None]


class Row(msgspec.Struct, kw_only=True):
    """One row of a table; the fields are its columns, the first one its key."""


class CallRecord(Row):
    call: str
    arrived_at: float
    did: str | None = None
    language: str | None = None
    path: str | None = None
    line: str | None = None
    entered_at: float | None = None
    operator: str | None = None
    answered_at: float | None = None
    talk_ended_at: float | None = None
    ended_at: float | None = None
    last_offer: int | None = None
    offers: int = 0
    fallback: bool = False
    callback_heard_at: float | None = None
    callback_waited: float | None = None
    callback: str | None = None
    transferred_at: float | None = None
    repaired_at: float | None = None
    outcome: Outcome | None = None
    outcome_at: float | None = None
    outcome_line: str | None = None
    waited: float | None = None
    counted_line: str | None = None
    day: int | None = None
    answered_by: str | None = None
    first_answered_at: float | None = None

    def decide(self, outcome: "OutcomeRecord") -> None:
        """Its one outcome stands here once more: who counts calls need not join a second table."""
        self.outcome, self.outcome_at = outcome.outcome, outcome.at
        self.outcome_line, self.waited = outcome.line, outcome.waited

    def answer(self, operator: str | None, at: float) -> None:
        """He speaks with the caller from now on. Whoever did so first keeps the call in the figures."""
        self.operator, self.answered_at = operator, at
        if self.first_answered_at is None:
            self.answered_by, self.first_answered_at = operator, at

    def answered_unseen(self, operator: str | None, at: float, until: float | None) -> None:
        """A conversation that is told afterwards: it may have been before all that were seen, or after them."""
        if self.answered_at is None or self.answered_at < at:
            self.operator, self.answered_at, self.talk_ended_at = operator, at, until
        if self.first_answered_at is None or at < self.first_answered_at:
            self.answered_by, self.first_answered_at = operator, at

    def derive(self) -> None:
        """What follows from the other columns, after each change of them."""
        self.counted_line = self.line if self.outcome_line is None else self.outcome_line
        self.day = raw(Grain.DAY, self.arrived_at)

    @property
    def place(self) -> "Place":
        """What stands beside the citizen who called: line, arrival, its day, and outcome."""
        return self.counted_line or "", self.arrived_at, self.day, self.outcome


class OutcomeRecord(Row):
    call: str
    at: float
    line: str | None
    outcome: Outcome
    waited: float | None
    seen: bool


class OfferRecord(Row):
    offer: int
    call: str
    operator: str
    at: float
    rang_at: float | None = None
    ended_at: float | None = None
    how: str | None = None
    why: str | None = None


class WaitRecord(Row):
    """From joining a line to the answer, or to whatever else ended it. Who is moved by hand waits from his old moment
    on."""

    seq: int
    call: str
    line: str
    began_at: float
    ended_at: float | None = None
    how: str | None = None


class TalkRecord(Row):
    """Operator and citizen speak, and what the operator does about it afterwards."""

    seq: int
    call: str | None
    line: str
    operator: str | None
    began_at: float
    callback: str | None = None
    attempt: int | None = None
    ended_at: float | None = None
    held: float = 0.0
    held_at: float | None = None
    wrap_up_at: float | None = None
    wrapped_up_at: float | None = None
    fallback: bool = False
    day: int | None = None
    told_later: bool = False
    """By Asterisk's own record: what its operator wraps up later is another one."""

    def __post_init__(self) -> None:
        if self.day is None:
            self.day = raw(Grain.DAY, self.began_at)


class HoldRecord(Row):
    """Part of a talk in which the citizen hears music; :attr:`TalkRecord.held` is the sum of them."""

    seq: int
    talk: int
    began_at: float
    ended_at: float | None = None


class OverflowRecord(Row):
    """A caller is at the partner's, who answers, or does not."""

    seq: int
    call: str
    line: str
    because: str
    began_at: float
    answered_at: float | None = None
    ended_at: float | None = None
    how: str | None = None

    def end(self, at: float, how: str) -> None:
        self.ended_at, self.how = max(at, self.began_at), how if self.answered_at is None else ANSWERED


class StateRecord(Row):
    seq: int
    operator: str
    state: OperatorState
    reason: str | None
    line: str | None
    began_at: float
    by: str
    ended_at: float | None = None
    talk: int | None = None
    day: int | None = None
    half_hour: int | None = None

    def end(self, at: float) -> None:
        self.ended_at = at
        self.day, self.half_hour = day_within(self.began_at, at), half_hour_within(self.began_at, at)


class WishRecord(Row):
    operator: str
    wish: Wish
    reason: str | None
    since: float
    by: str


class GapRecord(Row):
    seq: int
    began_at: float | None
    reason: str
    ended_at: float | None = None


class SettingRecord(Row):
    name: str
    value: str | None
    at: float
    by: str


class LineRecord(Row):
    line: str
    open: bool | None
    at: float
    by: str


class LinesRecord(Row):
    operator: str
    lines: str | None
    until: float
    at: float
    by: str


class SpyRecord(Row):
    spy: int
    operator: str
    mode: SpyMode
    by: str
    call: str | None = None
    attempt: int | None = None
    device: str | None = None
    started_at: float | None = None
    ended_at: float | None = None
    how: SpyEnd | None = None


class SurveyRecord(Row):
    seq: int
    call: str
    line: str
    operator: str | None
    at: float
    sent: bool


class ScoreRecord(Row):
    seq: int
    call: str
    line: str
    operator: str | None
    question: str
    score: int
    at: float


class RecordingRecord(Row):
    recording: str
    call: str | None
    attempt: int | None
    line: str
    operator: str | None
    began_at: float
    ended_at: float | None = None


class AnomalyRecord(Row):
    seq: int
    at: float
    call: str | None
    what: str


class Keys(msgspec.Struct):
    """What a run of events may touch."""

    calls: set[str] = msgspec.field(default_factory=set)
    outcomes: set[str] = msgspec.field(default_factory=set)
    offers: set[int] = msgspec.field(default_factory=set)
    operators: set[str] = msgspec.field(default_factory=set)
    spies: set[int] = msgspec.field(default_factory=set)
    speakers: set[str] = msgspec.field(default_factory=set)
    """Operators who begin to wrap up: their last talk is needed."""
    attempts: set[int] = msgspec.field(default_factory=set)
    recordings: set[str] = msgspec.field(default_factory=set)
    repaired: set[str] = msgspec.field(default_factory=set)
    """Calls told by Asterisk's own record: all their waits and talks are needed."""
    gap: bool = False


class Picture:
    """Rows known, and those among them that have changed.

    Before the first entry it needs what :class:`Keys` names: those calls with their last offers, open waits and open
    talks with the hold that is their last one (of those that are repaired all talks), open visits to the partner,
    outcomes, offers, the operators' open states with the talk that is
    wrapped up and their last talk, the open gap and when the switch last gave a sign of life.
    """

    def __init__(self) -> None:
        self.calls: dict[str, CallRecord] = {}
        self.placed: dict[str, Place] = {}
        """:attr:`CallRecord.place` of those that the database has, as it has them."""
        self.outcomes: dict[str, OutcomeRecord] = {}
        self.offers: dict[int, OfferRecord] = {}
        self.states: dict[str, StateRecord] = {}
        """Open interval of each operator."""
        self.spies: dict[int, SpyRecord] = {}
        self.recordings: dict[str, RecordingRecord] = {}
        self.waits: dict[str, WaitRecord] = {}
        """Open one of each call."""
        self.past_waits: dict[int, WaitRecord] = {}
        """Also closed ones, of calls that are repaired."""
        self.corrected: set[str] = set()
        """Calls whose inferred outcome turned out to be another one."""
        self.talks: dict[int, TalkRecord] = {}
        self.speaking: dict[str | int, int] = {}
        """Number of the open talk of each call and of each attempt to call back."""
        self.spoke: dict[str, int] = {}
        """Number of each operator's last talk."""
        self.holds: dict[int, HoldRecord] = {}
        """The hold that a talk is in, or ended in, by its number."""
        self.overflows: dict[str, OverflowRecord] = {}
        """Open one of each call; of those that are repaired the last one."""
        self.gap: GapRecord | None = None
        self.sign_of_life: float | None = None
        self.changed: dict[tuple[type[Row], object], Row] = {}

    def fold(self, seq: int, entry: Entry) -> None:
        """Take in the ledger entry with number ``seq``."""
        event = entry.event()
        if event is None:
            self.change(AnomalyRecord(seq=seq, at=entry.at, call=None, what="unreadable"))
            return
        step = STEPS.get(type(event))
        anomaly = step(self, seq, event) if step else None
        touched = None if entry.call is None else self.calls.get(entry.call)
        if touched is not None:
            touched.derive()
        if anomaly:
            self.change(AnomalyRecord(seq=seq, at=event.at, call=getattr(event, "call", None), what=anomaly))
        if is_sign_of_life(entry):
            self.sign_of_life = entry.at

    def change(self, row: Row) -> None:
        self.changed[type(row), getattr(row, row.__struct_fields__[0])] = row

    def changes(self, kind: type[Row]) -> list[Row]:
        """Rows of one table to be written, in the order in which they were first touched."""
        return [row for (of, _), row in self.changed.items() if of is kind]

    def call(self, id: str, at: float) -> CallRecord:
        """The row of a call, about to change. A call whose start was not seen arrived when it was first heard of."""
        row = self.calls.get(id)
        if row is None:
            row = self.calls[id] = CallRecord(call=id, arrived_at=at)
        self.change(row)
        return row


def is_sign_of_life(entry: Entry) -> bool:
    """Whether this was seen in the switch, so that we were watching at that moment."""
    return (entry.call is not None and entry.type not in NOT_THEN) or entry.type in SIGNS_OF_LIFE


AFTERWARDS: Final = "CallRepaired"
"""Of a call, and yet not seen: read in Asterisk's own record."""

NOT_THEN: Final = (AFTERWARDS, "ToldLate")
"""Of calls, and written long after it happened."""

SIGNS_OF_LIFE: Final = ("LinkCameUp", "PhoneReported")


_NUMBERED: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        **dict.fromkeys(("CitizenReached", "AttemptFinished"), ("attempt", "attempts")),
        **dict.fromkeys(("CallOffered", "OperatorRang", "OfferEnded"), ("offer", "offers")),
        **dict.fromkeys(("SpyStarted", "SpyEnded"), ("spy", "spies")),
        "RecordingFinished": ("recording", "recordings"),
    }
)
"""Events that change a row known by a number: the event's field, and the keys among which it belongs."""


def keys_of(entries: Iterable[Entry]) -> Keys:
    """What a :class:`Picture` must know before these entries are folded in."""
    keys = Keys()
    for entry in entries:
        if entry.call is not None:
            keys.calls.add(entry.call)
            if entry.type in ("OutcomeCounted", AFTERWARDS):
                keys.outcomes.add(entry.call)
            if entry.type == AFTERWARDS:
                keys.repaired.add(entry.call)
        if entry.type == "OperatorChanged" and entry.operator is not None:
            keys.operators.add(entry.operator)
            keys.speakers.add(entry.operator)
        elif entry.type in ("LinkWentDown", "LinkCameUp"):
            keys.gap = True
        elif entry.type in _NUMBERED:
            field, among = _NUMBERED[entry.type]
            number = getattr(entry.event(), field, None)
            if number is not None:
                getattr(keys, among).add(number)
    return keys


# --- One function an event; it returns the anomaly, if there is one ------------------------------------------------


def _started(picture: Picture, seq: int, event: ev.CallStarted) -> str | None:
    row = picture.call(event.call, event.at)
    if row.did is not None:
        return "started twice"
    row.did, row.arrived_at = event.did, event.arrived_at
    return None


def _entered(picture: Picture, seq: int, event: ev.CallEnteredLine) -> None:
    row = picture.call(event.call, event.at)
    row.line, row.entered_at = event.line, event.entered_at
    row.language, row.path = event.language, event.path
    _end_wait(picture, event.call, event.entered_at, MOVED)
    wait = WaitRecord(seq=seq, call=event.call, line=event.line, began_at=event.entered_at)
    picture.waits[event.call] = wait
    picture.change(wait)


def _end_wait(picture: Picture, call: str, at: float, how: str) -> None:
    wait = picture.waits.pop(call, None)
    if wait is not None:
        wait.ended_at, wait.how = at, how
        picture.change(wait)


def _begin_talk(picture: Picture, of: str | int, talk: TalkRecord) -> None:
    """Who spoke with the citizen before does so no longer."""
    _end_talk(picture, of, talk.began_at)
    picture.talks[talk.seq] = talk
    picture.speaking[of] = talk.seq
    if talk.operator is not None:
        picture.spoke[talk.operator] = talk.seq
    picture.change(talk)


def _end_talk(picture: Picture, of: str | int, at: float) -> None:
    seq = picture.speaking.pop(of, None)
    if seq is not None:
        talk = picture.talks[seq]
        held_at = talk.held_at
        _end_hold(picture, talk, at)
        # A repair may find that the talk, and with it this hold, was over before.
        talk.ended_at, talk.held_at = at, held_at
        picture.change(talk)


def _end_hold(picture: Picture, talk: TalkRecord, at: float) -> None:
    """The hold is part of the talk: it ends with it at the latest, and its length is noted beside it."""
    if talk.held_at is not None:
        over = max(at, talk.held_at)
        talk.held += over - talk.held_at
        talk.held_at = None
        _hold_ended(picture, talk, over)


def _hold_ended(picture: Picture, talk: TalkRecord, at: float) -> None:
    """Its row is missing only while rows of older rules are made anew (:mod:`acd.records.refolding`)."""
    hold = picture.holds.get(talk.seq)
    if hold is not None:
        hold.ended_at = at
        picture.change(hold)


def _offered(picture: Picture, seq: int, event: ev.CallOffered) -> str | None:
    if event.offer in picture.offers:
        return "offer number used twice"
    call = picture.call(event.call, event.at)
    _end_overflow(picture, event.call, event.at, RETURNED)
    call.last_offer = event.offer
    call.offers += 1
    _offer(picture, event).why = msgspec.json.encode(event.why).decode()
    return None


def _offer(picture: Picture, event: ev.CallOffered | ev.OperatorRang | ev.OfferEnded) -> OfferRecord:
    """The row of an offer, about to change. One whose begin was not seen began when it was first heard of."""
    row = picture.offers.get(event.offer)
    if row is None:
        row = OfferRecord(offer=event.offer, call=event.call, operator=event.operator, at=event.at)
        picture.offers[event.offer] = row
        picture.call(event.call, event.at).last_offer = event.offer
    picture.change(row)
    return row


def _belongs(picture: Picture, event: ev.OperatorRang | ev.OfferEnded) -> bool:
    known = picture.offers.get(event.offer)
    return known is None or known.call == event.call


def _rang(picture: Picture, seq: int, event: ev.OperatorRang) -> str | None:
    if not _belongs(picture, event):
        return "offer of another call"
    _offer(picture, event).rang_at = event.at
    return None


def _offer_ended(picture: Picture, seq: int, event: ev.OfferEnded) -> str | None:
    if not _belongs(picture, event):
        return "offer of another call"
    row = _offer(picture, event)
    if row.ended_at is not None:
        return "offer ended twice"
    row.ended_at = event.at
    row.how = CALLER_LEFT if event.how is None else event.how.value
    return None


def _answered(picture: Picture, seq: int, event: ev.CallAnswered) -> None:
    call = picture.call(event.call, event.at)
    _end_overflow(picture, event.call, event.answered_at, RETURNED)
    call.line, call.talk_ended_at = event.line, None
    call.answer(event.operator, event.answered_at)
    call.fallback |= event.fallback
    _end_wait(picture, event.call, event.answered_at, ANSWERED)
    talk = TalkRecord(
        seq=seq,
        call=event.call,
        line=event.line,
        operator=event.operator,
        began_at=event.answered_at,
        fallback=event.fallback,
    )
    _begin_talk(picture, event.call, talk)
    offer = None if call.last_offer is None else picture.offers.get(call.last_offer)
    if offer is not None and offer.operator == event.operator and offer.how != ANSWERED:
        # Also one that was given up as lost: the switch says that it came true.
        offer.how, offer.ended_at = ANSWERED, event.answered_at
        picture.change(offer)


def _outcome(picture: Picture, seq: int, event: ev.OutcomeCounted) -> str | None:
    call = picture.call(event.call, event.at)
    if event.call in picture.outcomes:
        return f"second outcome: {event.outcome}"
    row = picture.outcomes[event.call] = OutcomeRecord(
        call=event.call, at=event.at, line=event.line, outcome=event.outcome, waited=event.waited, seen=event.seen
    )
    call.decide(row)
    picture.change(row)
    there = picture.overflows.get(event.call)
    if there is not None and there.ended_at is None and event.outcome is Outcome.OVERFLOW_ANSWERED:
        there.answered_at = _partner_answered(call.entered_at, event.waited, event.at)
        picture.change(there)
    if event.outcome is not Outcome.ANSWERED:
        _end_wait(picture, event.call, event.at, event.outcome.value)
    return None


def _deflected(picture: Picture, seq: int, event: ev.CallDeflected) -> None:
    picture.call(event.call, event.at)
    if event.to is OverflowTo.PARTNER:
        _end_overflow(picture, event.call, event.at, RETURNED)
        row = OverflowRecord(seq=seq, call=event.call, line=event.line, because=event.because, began_at=event.at)
        picture.overflows[event.call] = row
        picture.change(row)


def _returned(picture: Picture, seq: int, event: ev.CallReturned) -> None:
    picture.call(event.call, event.at)
    _end_overflow(picture, event.call, event.at, RETURNED)


def _adopted(picture: Picture, seq: int, event: ev.CallAdopted) -> None:
    """Who was at the partner's may have come back while nobody saw it."""
    picture.call(event.call, event.at)
    if event.where not in (CallWhereabouts.OVERFLOW, CallWhereabouts.PARTNER):
        _end_overflow(picture, event.call, event.at, RETURNED)


def _end_overflow(picture: Picture, call: str, at: float, how: str) -> None:
    row = picture.overflows.get(call)
    if row is not None and row.ended_at is None:
        row.end(at, how)
        picture.change(row)


def _repair_overflow(picture: Picture, event: ev.CallRepaired) -> None:
    """A visit that was taken to last until we came back, or of whose answer nothing was known."""
    row = picture.overflows.get(event.call)
    if row is None or row.how == RETURNED:
        return
    if event.outcome is Outcome.OVERFLOW_ANSWERED and row.answered_at is None:
        row.answered_at = _partner_answered(event.entered_at, event.waited, event.gone_at)
    row.end(event.gone_at if row.ended_at is None else min(row.ended_at, event.gone_at), GONE)
    picture.change(row)


def _partner_answered(entered_at: float | None, waited: float | None, at: float) -> float:
    """Known afterwards, too: so long after he joined the line."""
    return at if entered_at is None or waited is None else entered_at + waited


def _callback_offered(picture: Picture, seq: int, event: ev.CallbackOffered) -> None:
    call = picture.call(event.call, event.at)
    if call.callback_heard_at is None:
        call.callback_heard_at, call.callback_waited = event.heard_at, event.waited


def _callback_promised(picture: Picture, seq: int, event: ev.CallbackPromised) -> None:
    picture.call(event.call, event.at).callback = event.callback


def _talk_finished(picture: Picture, seq: int, event: ev.TalkFinished) -> None:
    picture.call(event.call, event.at).talk_ended_at = event.ended_at
    _end_talk(picture, event.call, event.ended_at)


def _citizen_reached(picture: Picture, seq: int, event: ev.CitizenReached) -> None:
    talk = TalkRecord(
        seq=seq,
        call=None,
        line=event.line,
        operator=event.operator,
        began_at=event.answered_at,
        callback=event.callback,
        attempt=event.attempt,
    )
    _begin_talk(picture, event.attempt, talk)


def _attempt_finished(picture: Picture, seq: int, event: ev.AttemptFinished) -> None:
    _end_talk(picture, event.attempt, event.ended_at)


def _picked_up(picture: Picture, seq: int, event: ev.CallPickedUp) -> None:
    """A talk of the colleague's own, in the same call with its one outcome."""
    call = picture.call(event.call, event.at)
    call.talk_ended_at = None
    if event.operator is not None:
        call.operator, call.answered_at = event.operator, event.answered_at
    talk = TalkRecord(seq=seq, call=event.call, line=event.line, operator=event.operator, began_at=event.answered_at)
    _begin_talk(picture, event.call, talk)


def _held(picture: Picture, seq: int, event: ev.CallHeld) -> None:
    talk = _open_talk(picture, event.call, event.at)
    if talk is not None and talk.held_at is None:
        talk.held_at = event.held_at
        hold = picture.holds[talk.seq] = HoldRecord(seq=seq, talk=talk.seq, began_at=event.held_at)
        picture.change(hold)


def _resumed(picture: Picture, seq: int, event: ev.CallResumed) -> None:
    talk = _open_talk(picture, event.call, event.at)
    if talk is not None:
        _end_hold(picture, talk, event.resumed_at)


def _open_talk(picture: Picture, call: str, at: float) -> TalkRecord | None:
    """The talk of a call that is under way, about to change."""
    picture.call(call, at)
    seq = picture.speaking.get(call)
    if seq is None:
        return None
    talk = picture.talks[seq]
    picture.change(talk)
    return talk


def _transferred(picture: Picture, seq: int, event: ev.CallTransferred) -> None:
    call = picture.call(event.call, event.at)
    if call.transferred_at is None:
        call.transferred_at = event.at


def _ended(picture: Picture, seq: int, event: ev.CallEnded) -> str | None:
    call = picture.call(event.call, event.at)
    if call.ended_at is not None:
        return "ended twice"
    call.ended_at = event.gone_at
    _end_wait(picture, event.call, event.gone_at, GONE)
    _end_talk(picture, event.call, event.gone_at)
    _end_overflow(picture, event.call, event.gone_at, GONE)
    _end_offer(picture, call, event.gone_at)
    return None


def _end_offer(picture: Picture, call: CallRecord, at: float) -> None:
    """Made by an engine that died with it: whoever came after it does not know of it."""
    offer = None if call.last_offer is None else picture.offers.get(call.last_offer)
    if offer is not None and offer.ended_at is None:
        offer.ended_at, offer.how = at, CALLER_LEFT
        picture.change(offer)


def _heard_of(picture: Picture, seq: int, event: Any) -> None:
    """Tells nothing that a row keeps; but a call that was heard of has a row."""
    picture.call(event.call, event.at)


def _operator_changed(picture: Picture, seq: int, event: ev.OperatorChanged) -> None:
    before = picture.states.get(event.operator)
    if before is not None:
        before.end(event.at)
        picture.change(before)
        wrapped = _wrap_up(picture, before.talk)
        if wrapped is not None:
            wrapped.wrapped_up_at = event.at
    talk = picture.spoke.get(event.operator) if event.state is OperatorState.WRAP_UP else None
    begun = _wrap_up(picture, talk)
    if begun is not None:
        begun.wrap_up_at, begun.wrapped_up_at = event.at, None
    row = picture.states[event.operator] = StateRecord(
        seq=seq,
        operator=event.operator,
        state=event.state,
        reason=event.reason,
        line=event.line,
        began_at=event.at,
        by=event.by,
        talk=talk,
    )
    picture.change(row)


def _wrap_up(picture: Picture, talk: int | None) -> TalkRecord | None:
    """The talk that an operator wraps up, about to change. While rows of older rules are made anew, it can be one that
    is no longer there, or not yet (:mod:`acd.records.refolding`)."""
    row = None if talk is None else picture.talks.get(talk)
    if row is not None:
        picture.change(row)
    return row


def _operator_wished(picture: Picture, seq: int, event: ev.OperatorWished) -> None:
    row = WishRecord(operator=event.operator, wish=event.wish, reason=event.reason, since=event.at, by=event.by)
    picture.change(row)


def _link_down(picture: Picture, seq: int, event: ev.LinkWentDown) -> str | None:
    if picture.gap is not None:
        return "link down twice"
    picture.gap = GapRecord(seq=seq, began_at=event.at, reason=event.reason)
    picture.change(picture.gap)
    return None


def _link_up(picture: Picture, seq: int, event: ev.LinkCameUp) -> None:
    """A link that comes up without having gone down: we were not running. Since the last sign of life nothing proves
    that we watched."""
    row = picture.gap or GapRecord(seq=seq, began_at=picture.sign_of_life, reason=NOT_RUNNING)
    row.ended_at = event.at
    picture.gap = None
    picture.change(row)


def _crisis(picture: Picture, seq: int, event: ev.CrisisChanged) -> None:
    picture.change(SettingRecord(name=CRISIS, value=event.message, at=event.at, by=event.by))


def _drain(picture: Picture, seq: int, event: ev.DrainChanged) -> None:
    picture.change(SettingRecord(name=DRAINING, value="on" if event.on else None, at=event.at, by=event.by))


# --- What Asterisk itself tells afterwards ---------------------------------------------------------------------------


def _repaired(picture: Picture, seq: int, event: ev.CallRepaired) -> str | None:
    """All that is told of the call; what was seen of it as it happened stands."""
    call = picture.call(event.call, event.arrived_at)
    if event.known is False and call.did is not None and call.repaired_at is None:
        return "repaired, but known"
    call.repaired_at, call.ended_at = event.at, event.gone_at
    if call.did is None:
        call.did, call.arrived_at = event.did, event.arrived_at
        call.language, call.path = event.language, event.path
    _repair_overflow(picture, event)
    _repair_wait(picture, seq, event, call)
    _repair_talk(picture, seq, event, call)
    outcome = picture.outcomes.get(event.call)
    if event.counts and (outcome is None or not outcome.seen):
        if outcome is not None:
            picture.corrected.add(event.call)
        at = event.gone_at if event.answered_at is None else event.answered_at
        row = picture.outcomes[event.call] = OutcomeRecord(
            call=event.call, at=at, line=event.line, outcome=event.outcome, waited=event.waited, seen=False
        )
        call.decide(row)
        picture.change(row)
    return None


_SAME_WAIT: Final = 1.0
"""Seconds. The moment of joining a line, told twice, may differ by what was measured of the other clock meanwhile."""


def _repair_wait(picture: Picture, seq: int, event: ev.CallRepaired, call: CallRecord) -> None:
    """The wait that ended unseen, or of which nothing was known."""
    waits = {row.seq: row for row in picture.changes(WaitRecord) if isinstance(row, WaitRecord)}
    mine = [row for row in {**picture.past_waits, **waits}.values() if row.call == event.call]
    if event.line is None or event.entered_at is None:
        return
    same = [row for row in mine if abs(row.began_at - event.entered_at) < _SAME_WAIT]
    last = max(same, key=lambda row: row.seq, default=None)
    if last is None:
        if call.entered_at is None or call.entered_at < event.entered_at:
            call.line, call.entered_at = event.line, event.entered_at
        last = WaitRecord(seq=seq, call=event.call, line=event.line, began_at=event.entered_at)
    elif event.answered_at is None and last.how == ANSWERED:
        return
    if picture.waits.get(event.call) is last:
        del picture.waits[event.call]
    picture.past_waits[last.seq] = last
    last.ended_at = event.gone_at if event.answered_at is None else event.answered_at
    last.how = event.outcome.value if event.answered_at is None else ANSWERED
    picture.change(last)


def _repair_talk(picture: Picture, seq: int, event: ev.CallRepaired, call: CallRecord) -> None:
    """A talk of which nothing was known; or the end of the last one, which was taken to last until we came back."""
    if event.answered_at is not None and event.line is not None:
        call.answered_unseen(event.operator, event.answered_at, event.talk_ended_at)
        call.fallback |= event.fallback
        talk = TalkRecord(
            seq=seq,
            call=event.call,
            line=event.line,
            operator=event.operator,
            began_at=event.answered_at,
            ended_at=event.talk_ended_at,
            fallback=event.fallback,
            told_later=True,
        )
        picture.talks[seq] = talk
        picture.change(talk)
        return
    mine = [row for row in picture.talks.values() if row.call == event.call]
    last = max(mine, key=lambda row: row.seq, default=None)
    if last is not None and last.ended_at is not None and last.ended_at > event.gone_at:
        ended_at = max(last.began_at, event.gone_at)
        if last.held_at is not None:
            held_until = max(last.held_at, ended_at)
            last.held -= max(0.0, last.ended_at - held_until)
            _hold_ended(picture, last, held_until)
        last.ended_at = call.talk_ended_at = ended_at
        picture.change(last)


# --- What supervisors do ---------------------------------------------------------------------------------------------


def _rerouted(picture: Picture, seq: int, event: ev.CallRerouted) -> None:
    """He waits on the new line as if he had joined it when he joined the old one."""
    picture.call(event.call, event.at).line = event.line
    before = picture.waits.get(event.call)
    if before is not None:
        _end_wait(picture, event.call, event.at, MOVED)
        wait = WaitRecord(seq=seq, call=event.call, line=event.line, began_at=before.began_at)
        picture.waits[event.call] = wait
        picture.change(wait)


def _lines_changed(picture: Picture, seq: int, event: ev.OperatorLinesChanged) -> None:
    lines = None if event.lines is None else ",".join(event.lines)
    row = LinesRecord(operator=event.operator, lines=lines, until=event.until, at=event.at, by=event.by)
    picture.change(row)


def _line_overridden(picture: Picture, seq: int, event: ev.LineOverridden) -> None:
    picture.change(LineRecord(line=event.line, open=event.open, at=event.at, by=event.by))


def _spy_started(picture: Picture, seq: int, event: ev.SpyStarted) -> str | None:
    if event.call is not None:
        picture.call(event.call, event.at)
    if event.spy in picture.spies:
        return "listening in started twice"
    row = picture.spies[event.spy] = SpyRecord(
        spy=event.spy,
        operator=event.operator,
        mode=event.mode,
        by=event.by,
        call=event.call,
        attempt=event.attempt,
        device=event.device,
        started_at=event.at,
    )
    picture.change(row)
    return None


def _spy_ended(picture: Picture, seq: int, event: ev.SpyEnded) -> str | None:
    if event.call is not None:
        picture.call(event.call, event.at)
    row = picture.spies.get(event.spy)
    if row is None:
        row = picture.spies[event.spy] = SpyRecord(
            spy=event.spy, operator=event.operator, mode=event.mode, by=event.by, call=event.call
        )
    elif row.ended_at is not None:
        return "listening in ended twice"
    row.ended_at, row.how = event.at, event.how
    picture.change(row)
    return None


def _recording_started(picture: Picture, seq: int, event: ev.RecordingStarted) -> None:
    row = RecordingRecord(
        recording=event.recording,
        call=event.call,
        attempt=event.attempt,
        line=event.line,
        operator=event.operator,
        began_at=event.started_at,
    )
    picture.recordings[event.recording] = row
    picture.change(row)


def _recording_finished(picture: Picture, seq: int, event: ev.RecordingFinished) -> str | None:
    row = picture.recordings.get(event.recording)
    if row is None:
        return "recording without a begin"
    row.ended_at = event.ended_at
    picture.change(row)
    return None


def _survey_started(picture: Picture, seq: int, event: ev.SurveyStarted) -> None:
    if event.attempt is None:
        picture.call(event.call, event.at)
    row = SurveyRecord(
        seq=seq, call=event.call, line=event.line, operator=event.operator, at=event.started_at, sent=event.sent
    )
    picture.change(row)


def _survey_answered(picture: Picture, seq: int, event: ev.SurveyAnswered) -> None:
    if event.attempt is None:
        picture.call(event.call, event.at)
    row = ScoreRecord(
        seq=seq,
        call=event.call,
        line=event.line,
        operator=event.operator,
        question=event.question,
        score=event.score,
        at=event.answered_at,
    )
    picture.change(row)


def _page(picture: Picture, seq: int, event: ev.PageChanged) -> None:
    value = "open" if event.open else None
    picture.change(SettingRecord(name=f"{PAGE}{event.operator}", value=value, at=event.at, by=event.operator))


STEPS: Final[Mapping[type[Event], Callable[[Picture, int, Any], str | None]]] = MappingProxyType(
    {
        ev.CallStarted: _started,
        ev.CallEnteredLine: _entered,
        ev.CallOffered: _offered,
        ev.OperatorRang: _rang,
        ev.OfferEnded: _offer_ended,
        ev.CallAnswered: _answered,
        ev.CallAnnounced: _heard_of,
        ev.CallDeflected: _deflected,
        ev.CallReturned: _returned,
        ev.CallbackOffered: _callback_offered,
        ev.CallbackTurnedDown: _heard_of,
        ev.CallbackPromised: _callback_promised,
        ev.CallbackImpossible: _heard_of,
        ev.CitizenReached: _citizen_reached,
        ev.AttemptFinished: _attempt_finished,
        ev.OutcomeCounted: _outcome,
        ev.TalkFinished: _talk_finished,
        ev.CallEnded: _ended,
        ev.CallAdopted: _adopted,
        ev.OperatorChanged: _operator_changed,
        ev.OperatorWished: _operator_wished,
        ev.LinkWentDown: _link_down,
        ev.LinkCameUp: _link_up,
        ev.CrisisChanged: _crisis,
        ev.DrainChanged: _drain,
        ev.CallRerouted: _rerouted,
        ev.OperatorLinesChanged: _lines_changed,
        ev.LineOverridden: _line_overridden,
        ev.SpyStarted: _spy_started,
        ev.SpyEnded: _spy_ended,
        ev.PageChanged: _page,
        ev.CallHeld: _held,
        ev.CallResumed: _resumed,
        ev.CallTransferred: _transferred,
        ev.CallPickedUp: _picked_up,
        ev.SurveyStarted: _survey_started,
        ev.SurveyAnswered: _survey_answered,
        ev.RecordingStarted: _recording_started,
        ev.RecordingFinished: _recording_finished,
        ev.CallRepaired: _repaired,
    }
)
"""What each event does to the rows. Those not named are kept in the ledger alone: ``PhoneReported``, ``PolicyLoaded``,
``MoveRefused``, ``OutsideRefused``, ``WrapUpLengthened``, ``RecordingPaused``, ``RecordingResumed``,
``RecordingUnchanged``, ``ToldLate``, and ``AttemptStarted``, which the tables of the promises hold
already."""
