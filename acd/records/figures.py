"""The figures of the 150-second promise: pure functions over rows of the tables, each with what it divides by what."""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from acd.model.ids import CallId, LineId
from acd.model.outcome import Outcome
from acd.model.promise import Promise

WEAK_BELOW: Final = 10
"""A share of fewer than this is marked as weak."""
LIMIT: Final = 150.0
"""Seconds of waiting at which the offer begins, unless the line says otherwise."""
GRACE: Final = 5.0
"""Seconds within which an offer that is due counts as made in time."""

KEPT: Final = "reached before the deadline / accepted, deadline passed"
COMPLIANCE: Final = "heard the offer begin before the limit + 5 s / still waiting at the limit"
REACHED: Final = "(A + callbacks reached in time) / (A + B + callbacks accepted)"


class Figure(msgspec.Struct, frozen=True):
    """A share that can be checked."""

    part: int
    of: int
    formula: str

    @property
    def value(self) -> float | None:
        """0 to 1; None while there is nothing to divide by."""
        return self.part / self.of if self.of else None

    @property
    def weak(self) -> bool:
        return self.of < WEAK_BELOW


class Waited(msgspec.Struct, frozen=True):
    """What became of one call on its line. Times are seconds since the epoch."""

    call: CallId
    line: LineId
    entered_at: float | None
    outcome: Outcome | None
    outcome_at: float | None
    waited: float | None
    """Seconds in the queue up to the outcome; None = undecided, or never joined a line."""
    callback_heard_at: float | None
    callback_waited: float | None
    """Seconds in the queue when the offer began."""


def kept_promise(promises: Iterable[Promise], now: float) -> Figure:
    """Callbacks reached before their deadline / callbacks accepted whose deadline has passed.

    What citizens withdrew, and who got through by himself, is accepted and not reached: it is in the lower half alone.
    """
    passed = [promise for promise in promises if promise.deadline <= now]
    return Figure(sum(map(_in_time, passed)), len(passed), KEPT)


def compliance(calls: Iterable[Waited], now: float, limits: Mapping[LineId, float]) -> Figure:
    """Of those still waiting at the line's limit (150 s): how many heard the offer begin before 5 s more.

    Those who wait now count once these 5 s are over. An offer that came early counts as heard.

    Args:
        limits: seconds, of each line that offers to call back; calls of the others are left out.
    """
    of = [call for call in calls if call.line in limits and _waited(call, now, limits[call.line])]
    return Figure(sum(_heard(call, limits[call.line]) for call in of), len(of), COMPLIANCE)


def reached(outcomes: Mapping[Outcome, int], promises: Iterable[Promise]) -> Figure:
    """(A + callbacks reached in time) / (A + B + callbacks accepted); A answered, B abandoned, short ones included.

    Args:
        outcomes: of the calls of some time.
        promises: that were given in it.
    """
    given = list(promises)
    answered = outcomes.get(Outcome.ANSWERED, 0)
    abandoned = outcomes.get(Outcome.ABANDONED, 0) + outcomes.get(Outcome.ABANDONED_SHORT, 0)
    return Figure(answered + sum(map(_in_time, given)), answered + abandoned + len(given), REACHED)


def _in_time(promise: Promise) -> bool:
    return promise.reached_at is not None and promise.reached_at <= promise.deadline


def _waited(call: Waited, now: float, limit: float) -> bool:
    if call.outcome is not None:
        return call.waited is not None and call.waited >= limit
    return call.entered_at is not None and now - call.entered_at >= limit + GRACE


def _heard(call: Waited, limit: float) -> bool:
    """Not an offer that came on another line, after this call was decided."""
    if call.callback_waited is None or call.callback_heard_at is None:
        return False
    decided = call.outcome_at is not None and call.callback_heard_at > call.outcome_at
    return call.callback_waited < limit + GRACE and not decided
