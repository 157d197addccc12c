"""A promise to call back as it is kept, and the steps of its life as pure functions: what changes, and what may not.

Every store takes these steps inside one transaction on the row as it is then; so memory, SQLite and PostgreSQL agree.
No step knows the citizen's number: it lies beside the promise, and only who must ring him asks for it.
"""

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import Any, Final

import msgspec

from acd.model.callback import (
    OWED,
    AttemptResult,
    AttemptStage,
    CallbackMove,
    CallbackState,
    Window,
    next_callback_state,
)
from acd.model.ids import CallbackId, CallId, LineId, OfferId, OperatorId

CALLER: Final = "caller"
"""Who did it: the citizen himself, on the phone."""
SYSTEM: Final = "system"
"""Who did it: the rules."""

BOOK: Final = "book"
WITHDRAW: Final = "withdraw"
"""What the log calls a promise that nobody was told of, and that is undone."""

DUE_SOON: Final = 7200.0
"""Seconds before its deadline from which a promise that is still owed is an alarm."""

STAGES: Final = tuple(AttemptStage)


class Because(StrEnum):
    """Why a promise is handed over or settled, besides the results that say it themselves."""

    ATTEMPTS = "attempts"
    """The citizen's phone was rung as often as the line allows."""
    NO_MOMENT = "no_moment"
    """No other moment is left before the deadline."""
    LINE_GONE = "line_gone"
    """There is no such line any more."""
    PERSON = "person"
    """Somebody wants to deal with it himself."""
    GOT_THROUGH = "got_through"
    """The citizen was answered on the line meanwhile."""


RUNG: Final = frozenset(AttemptResult) - {AttemptResult.OPERATOR, AttemptResult.WRONG_NUMBER, AttemptResult.UNKNOWN}
"""Results that say by themselves that the citizen's phone was rung. A number that is none, or may not be called, is
found out without a ring; where the network had to say so, the stage of the attempt tells that it was dialled."""


class Promise(msgspec.Struct, frozen=True, kw_only=True):
    """One promise to call a citizen back. Times are seconds since the epoch."""

    callback: CallbackId
    line: LineId
    call: CallId
    """In which it was given, or moved last by the citizen."""
    language: str
    promised_at: float
    start_at: float
    """From here to ``end_at`` he is to be called."""
    end_at: float
    deadline: float
    state: CallbackState = CallbackState.OPEN
    step: int = 1
    """Number of its last change."""
    attempt: OfferId | None = None
    """The one under way."""
    attempts: int = 0
    """Those in which the citizen's phone was rung."""
    result: AttemptResult | None = None
    """Of the last attempt."""
    tried_at: float | None = None
    """End of the last attempt."""
    why: str | None = None
    """Reason of the state that it is in: why handed over, settled or cancelled."""
    owner: str | None = None
    """The person who dealt with it last; None = the automation has it, or nobody yet."""
    operator: OperatorId | None = None
    """He asked to call now: if he is available, he is the one who calls."""
    reached_at: float | None = None
    closed_at: float | None = None
    """No longer owed from here on."""

    @property
    def window(self) -> Window:
        return Window(self.start_at, self.end_at)


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt to keep a promise. Times are seconds since the epoch."""

    attempt: OfferId
    callback: CallbackId
    line: LineId
    operator: OperatorId
    source: str
    """The run of the engine whose attempt it is."""
    claimed_at: float
    stage: AttemptStage = AttemptStage.CLAIMED
    dialled_at: float | None = None
    """The citizen's phone was rung from here on."""
    answered_at: float | None = None
    ended_at: float | None = None
    result: AttemptResult | None = None


class Claimed(msgspec.Struct, frozen=True):
    """A promise that is now ours for one attempt."""

    promise: Promise
    number: str
    """E.164."""

    def __repr__(self) -> str:
        return f"Claimed({self.promise!r})"


class Rung(msgspec.Struct, frozen=True):
    """Calls back in which the citizen's phone was rung."""

    calls: int
    seconds: float
    """Of conversation, in those that are over."""


class Note(msgspec.Struct, frozen=True):
    """What the log keeps of a change besides old and new."""

    at: float
    by: str
    """A user, an operator, ``caller`` or ``system``."""
    what: str
    """A ``CallbackMove``, an ``AttemptStage``, an ``Act``, ``ended``, ``book`` or ``withdraw``."""
    why: str | None = None
    attempt: OfferId | None = None


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the log."""

    callback: CallbackId
    step: int
    at: float
    by: str
    what: str
    why: str | None
    attempt: OfferId | None
    old: Mapping[str, Any] | None
    """The fields that changed, before; None = there was no promise."""
    new: Mapping[str, Any] | None
    """The same afterwards; None = there is none any more."""


class CallbackCounts(msgspec.Struct, frozen=True):
    """How the promises of a line stand now."""

    open: int = 0
    """Citizens still to be called."""
    due: int = 0
    """Of those: their moment has come, and an attempt has not."""
    due_soon: int = 0
    """Of the open ones: the deadline is within :data:`DUE_SOON`."""
    overdue: int = 0
    """Of the open ones: the deadline has passed. The promise is broken."""
    handed_over: int = 0
    """Of the open ones: a person must deal with it."""

    def __add__(self, other: "CallbackCounts") -> "CallbackCounts":
        fields = self.__struct_fields__
        return CallbackCounts(*(getattr(self, field) + getattr(other, field) for field in fields))


class Again(msgspec.Struct, frozen=True):
    """After an attempt: there is another moment."""

    window: Window


class GiveUp(msgspec.Struct, frozen=True):
    """After an attempt: a person must deal with it."""

    why: str


Follow = Again | GiveUp | None
"""What follows an attempt; None = the promise is kept."""

Decide = Callable[[Promise, AttemptResult, float], Follow]
"""The rules: told the promise with the attempt already counted, its result and the moment of its end."""

Step = Callable[[Promise], Promise]


def at_once(promise: Promise, result: AttemptResult, at: float) -> Follow:
    """The rule after an attempt of which the citizen has noticed nothing."""
    return Again(promise.window)


class NoSuchCallback(LookupError):
    """There is no promise {callback}."""

    def __init__(self, callback: str) -> None:
        super().__init__(f"there is no promise {callback}")


def move(promise: Promise, by: CallbackMove, at: float, **changes: Any) -> Promise:
    """The promise after a move of the table.

    Raises:
        IllegalMove: it cannot do that now.
    """
    state = next_callback_state(promise.callback, promise.state, by)
    closed = at if state not in OWED else None
    return msgspec.structs.replace(promise, state=state, closed_at=closed, **changes)


# --- Steps: each raises IllegalMove when the promise cannot do that now ----------------------------------------------


def rescheduled(promise: Promise, at: float, window: Window, **changes: Any) -> Promise:
    changes = {"why": None, "operator": None, **changes}
    return move(promise, CallbackMove.RESCHEDULE, at, start_at=window.start, end_at=window.end, **changes)


def settled(promise: Promise, at: float, why: str, **changes: Any) -> Promise:
    return move(promise, CallbackMove.SETTLE, at, why=why, attempt=None, **changes)


def cancelled(promise: Promise, at: float, why: str, **changes: Any) -> Promise:
    return move(promise, CallbackMove.CANCEL, at, why=why, **changes)


def handed_over(promise: Promise, at: float, why: str, **changes: Any) -> Promise:
    return move(promise, CallbackMove.HAND_OVER, at, why=why, attempt=None, **changes)


def reached(promise: Promise, at: float, **changes: Any) -> Promise:
    return move(promise, CallbackMove.REACH, at, why=None, attempt=None, reached_at=at, **changes)


def claimed(promise: Promise, attempt: OfferId, at: float) -> Promise:
    return move(promise, CallbackMove.CLAIM, at, attempt=attempt)


def noted(promise: Promise, attempt: Attempt, stage: AttemptStage, at: float) -> tuple[Promise, Attempt]:
    """The attempt has come so far. What is said late or twice changes nothing."""
    if attempt.ended_at is not None or STAGES.index(stage) <= STAGES.index(attempt.stage):
        return promise, attempt
    attempt = msgspec.structs.replace(attempt, stage=stage)
    if STAGES.index(stage) >= STAGES.index(AttemptStage.DIALLED):
        promise, attempt = _rung(promise, attempt, at)
    if stage is AttemptStage.TALKING:
        attempt = msgspec.structs.replace(attempt, answered_at=at)
        if _holds(promise, attempt):
            promise = reached(promise, at)
    return promise, attempt


def ended(
    promise: Promise, attempt: Attempt, result: AttemptResult, at: float, decide: Decide
) -> tuple[Promise, Attempt]:
    """The attempt is over. A promise that was settled meanwhile stays so; what is said twice changes nothing."""
    if attempt.ended_at is not None:
        return promise, attempt
    if result is AttemptResult.OPERATOR and attempt.dialled_at is not None:
        # The citizen's phone rang after all: he is not rung again at once.
        result = AttemptResult.ABORTED
    if result in RUNG:
        promise, attempt = _rung(promise, attempt, at)
    attempt = msgspec.structs.replace(attempt, ended_at=at, result=result)
    held = _holds(promise, attempt)
    promise = msgspec.structs.replace(promise, result=result, tried_at=at)
    if not held:
        return promise, attempt
    match decide(promise, result, at):
        case Again(window):
            span = {"start_at": window.start, "end_at": window.end}
            return move(promise, CallbackMove.RETRY, at, attempt=None, operator=None, **span), attempt
        case GiveUp(why):
            return handed_over(promise, at, why), attempt
        case None:
            return reached(promise, attempt.answered_at or at), attempt


def _holds(promise: Promise, attempt: Attempt) -> bool:
    return promise.state is CallbackState.CLAIMED and promise.attempt == attempt.attempt


def _rung(promise: Promise, attempt: Attempt, at: float) -> tuple[Promise, Attempt]:
    """Counted once an attempt, when it is first known that the citizen's phone was rung."""
    if attempt.dialled_at is not None:
        return promise, attempt
    attempt = msgspec.structs.replace(attempt, dialled_at=at)
    return msgspec.structs.replace(promise, attempts=promise.attempts + 1), attempt


# --- Booking, and what undoes it --------------------------------------------------------------------------------------


def rebooked(promise: Promise, wanted: Promise) -> Promise:
    """The one that he is owed already, moved to what he wants now."""
    return rescheduled(promise, wanted.promised_at, wanted.window, deadline=wanted.deadline, call=wanted.call)


def unbooked(promise: Promise, last: Change, since: float) -> Promise | None:
    """The promise as it was before its last change, if that was a booking of ``since`` or later. None = there was none
    before it."""
    if last.what != BOOK or last.step != promise.step or last.at < since:
        return promise
    if last.old is None:
        return None
    return msgspec.convert({**msgspec.to_builtins(promise), **last.old}, Promise)


# --- Log and counts --------------------------------------------------------------------------------------------------


def next_step(old: Promise, new: Promise) -> Promise:
    """``new`` with the number of this change."""
    return msgspec.structs.replace(new, step=old.step + 1)


def change(old: Promise | None, new: Promise | None, note: Note) -> Change:
    """The entry of the log for this change. One of both is there; without ``new`` the promise is withdrawn."""
    before, after = _fields(old), _fields(new)
    if before is not None and after is not None:
        differing = [name for name in after if after[name] != before[name] and name != "step"]
        before, after = ({name: of[name] for name in differing} for of in (before, after))
    if new is not None:
        callback, step = new.callback, new.step
    else:
        assert old is not None
        callback, step = old.callback, old.step + 1
    return Change(
        callback=callback,
        step=step,
        at=note.at,
        by=note.by,
        what=note.what,
        why=note.why,
        attempt=note.attempt,
        old=before,
        new=after,
    )


def _fields(promise: Promise | None) -> dict[str, Any] | None:
    return None if promise is None else msgspec.to_builtins(promise)


def counts(owed: Iterable[Promise], now: float) -> dict[LineId, CallbackCounts]:
    """How the promises that are still owed stand, by line."""
    lines: dict[LineId, list[Promise]] = {}
    for promise in owed:
        lines.setdefault(promise.line, []).append(promise)
    return {line: _counted(promises, now) for line, promises in lines.items()}


def _counted(owed: list[Promise], now: float) -> CallbackCounts:
    return CallbackCounts(
        open=len(owed),
        due=sum(p.state is CallbackState.OPEN and p.start_at <= now for p in owed),
        due_soon=sum(now < p.deadline <= now + DUE_SOON for p in owed),
        overdue=sum(p.deadline <= now for p in owed),
        handed_over=sum(p.state is CallbackState.HANDED_OVER for p in owed),
    )
