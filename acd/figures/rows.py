"""The rows that figures count. Times are seconds since the epoch, durations seconds."""

from enum import StrEnum

import msgspec


class Population(StrEnum):
    """What a figure counts, and by which moment a row belongs to a period."""

    CALLS = "calls"
    """By arrival."""
    TALKS = "talks"
    """By begin. A call that was passed on has several; one that was called back is among them."""
    PROMISES = "promises"
    """By the moment at which they were given."""
    CITIZENS = "citizens"
    """Citizens by day (and period, and line) of their calls: who called twice on a day counts once, whose number is
    withheld or erased not at all."""
    TIME = "time"
    """Seconds of operators' states, each second in the period in which it passed."""


class CallFact(msgspec.Struct, frozen=True, kw_only=True):
    """One call of one citizen."""

    call: str
    arrived_at: float
    line: str | None = None
    """The line of the outcome; without one the line joined last."""
    operator: str | None = None
    """The first one who spoke with the caller: what becomes of the call is told of him, whoever takes it over."""
    entered_at: float | None = None
    """Joined the line that he joined last."""
    answered_at: float | None = None
    """Of the last talk."""
    ended_at: float | None = None
    transferred_at: float | None = None
    """An operator passed the caller on, for the first time."""
    requested_at: float | None = None
    """An operator noted that a colleague is to call him back, for the first time."""
    outcome: str | None = None
    outcome_at: float | None = None
    waited: float | None = None
    """In the queue, up to the outcome."""
    callback_heard_at: float | None = None
    callback_waited: float | None = None
    promise_reached_at: float | None = None
    """Of the promise that was given in this call."""
    promise_deadline: float | None = None
    settled: str | None = None
    """``yes`` or ``no``, as the operator noted it; of several who did, the one who began to speak last. None = nobody
    said."""
    citizen: str | None = None
    """Keyed hash of the number."""
    next_at: float | None = None
    """Arrival of the same citizen's next call on the same line."""


class TalkFact(msgspec.Struct, frozen=True, kw_only=True):
    """Operator and citizen spoke."""

    talk: int
    began_at: float
    call: str | None = None
    callback: str | None = None
    line: str
    operator: str | None = None
    ended_at: float | None = None
    seconds: float | None = None
    """Hold included; None = they speak still."""
    held: float = 0.0
    wrap_up: float = 0.0
    handled: float | None = None
    """Talk, hold and wrap-up."""


class PromiseFact(msgspec.Struct, frozen=True, kw_only=True):
    """A promise to call a citizen back."""

    callback: str
    call: str
    line: str
    promised_at: float
    deadline: float
    reached_at: float | None = None
