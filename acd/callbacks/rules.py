"""What follows an attempt to call back, and how a person deals with a promise. Pure, but for the city's settings."""

import msgspec

from acd.callbacks.moments import retry
from acd.config.city import CallbackTerms, City
from acd.model.call import IllegalMove
from acd.model.callback import AttemptResult, CallbackState
from acd.model.promise import Again, Because, Follow, GiveUp, Promise, handed_over, rescheduled

_R = AttemptResult


def follow(city: City, promise: Promise, result: AttemptResult, at: float) -> Follow:
    """The rule for each result. ``promise``: with the attempt that ended at ``at`` already counted."""
    match result:
        case _R.CONNECTED:
            return None
        case _R.OPERATOR:
            return Again(promise.window)
        case _R.WRONG_NUMBER | _R.REFUSED | _R.UNKNOWN:
            # Never silently redialled.
            return GiveUp(result.value)
        case _:
            return _another_moment(city, promise, at)


def _another_moment(city: City, promise: Promise, at: float) -> Follow:
    line = city.lines.get(promise.line)
    if line is None:
        return GiveUp(Because.LINE_GONE.value)
    # A line that no longer defers callers keeps what it promised before, on the usual terms.
    if promise.attempts >= (line.callback or CallbackTerms()).attempts:
        return GiveUp(Because.ATTEMPTS.value)
    window = retry(city, promise.line, at, promise.deadline)
    return GiveUp(Because.NO_MOMENT.value) if window is None else Again(window)


def tried_by_hand(city: City, promise: Promise, at: float, by: str) -> Promise:
    """A person rang the citizen, who did not answer: it counts like an attempt.

    Raises:
        IllegalMove: an attempt is under way, or he is no longer owed.
    """
    if promise.state not in (CallbackState.OPEN, CallbackState.HANDED_OVER):
        raise IllegalMove("callback", promise.callback, "no_answer", promise.state)
    result = AttemptResult.NO_ANSWER
    promise = msgspec.structs.replace(promise, attempts=promise.attempts + 1, result=result, tried_at=at, owner=by)
    match follow(city, promise, result, at):
        case Again(window):
            return rescheduled(promise, at, window)
        case GiveUp(why) if promise.state is CallbackState.OPEN:
            return handed_over(promise, at, why)
        case GiveUp(why):
            return msgspec.structs.replace(promise, why=why)
        case None:
            raise AssertionError("nobody was reached")


def taken_over(promise: Promise, at: float, owner: str) -> Promise:
    """A person deals with it; also in another's place.

    Raises:
        IllegalMove: he is no longer owed.
    """
    if promise.state is CallbackState.HANDED_OVER:
        return msgspec.structs.replace(promise, owner=owner)
    return handed_over(promise, at, Because.PERSON.value, owner=owner)
