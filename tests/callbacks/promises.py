"""Promises to test with. Numbers are those of the Belgian regulator for plays and films."""

from acd.model.callback import AttemptResult, Window
from acd.model.ids import CallbackId, CallId, LineId, OfferId, OperatorId
from acd.model.promise import Again, Follow, GiveUp, Promise

AN, BO = "+32470000001", "+32470000002"
LINE, OTHER = LineId("gentinfo"), LineId("sportlijn")
OPERATOR = OperatorId("an_peeters")
MONDAY = 1_792_393_200.0
"""Monday 19 October 2026, 09:00 in Brussels."""
HOUR = 3600.0
SOON, LATER = Window(MONDAY + HOUR, MONDAY + 1.5 * HOUR), Window(MONDAY + 5 * HOUR, MONDAY + 5.5 * HOUR)
DEADLINE = MONDAY + 56 * HOUR


def promise(call: str = "17.1", *, line: LineId = LINE, window: Window = SOON, at: float = MONDAY) -> Promise:
    return Promise(
        callback=CallbackId(call),
        line=line,
        call=CallId(call),
        language="nl",
        promised_at=at,
        start_at=window.start,
        end_at=window.end,
        deadline=DEADLINE,
    )


def attempt(number: int) -> OfferId:
    return OfferId(number)


def again(promise: Promise, result: AttemptResult, at: float) -> Follow:
    return Again(LATER)


def give_up(promise: Promise, result: AttemptResult, at: float) -> Follow:
    return GiveUp(result)


def kept(promise: Promise, result: AttemptResult, at: float) -> Follow:
    return None
