"""The worked example of the figures: 85 answered (70 in time), 15 abandoned (10 in time, and those short)."""

import pytest

from acd.engine.tally import Tally
from acd.model.events import CallAnswered, CallStarted, Event, OutcomeCounted
from acd.model.ids import CallId, LineId, OperatorId
from acd.model.outcome import Outcome

INFO = LineId("info")


def answered(n: int, waited: float) -> list[Event]:
    events: list[Event] = []
    for i in range(n):
        call = CallId(f"a{waited}-{i}")
        events.append(CallStarted(0.0, call, "", None, 0.0))
        events.append(CallAnswered(0.0, call, INFO, OperatorId("anna"), 0.0, waited))
        events.append(OutcomeCounted(0.0, call, INFO, Outcome.ANSWERED, waited))
    return events


def lost(n: int, outcome: Outcome) -> list[Event]:
    return [OutcomeCounted(0.0, CallId(f"{outcome}{i}"), INFO, outcome, 1.0) for i in range(n)]


def test_worked_example() -> None:
    tally = Tally({INFO: 30.0})
    tally.apply(answered(70, 29.9) + answered(15, 31.0))
    tally.apply(lost(10, Outcome.ABANDONED_SHORT) + lost(5, Outcome.ABANDONED))
    counts = tally.of(INFO)
    assert (counts.answered, counts.abandoned) == (85, 15)
    assert counts.reachability == pytest.approx(0.85)
    assert counts.service_level == pytest.approx(70 / 90)
    assert tally.offered == 85


def test_nothing_yet_is_not_a_percentage() -> None:
    counts = Tally().of(INFO)
    assert counts.reachability is None
    assert counts.service_level is None


def test_a_new_day_begins_at_zero() -> None:
    tally = Tally()
    tally.apply(answered(3, 1.0))
    tally.reset()
    assert (tally.offered, tally.of(INFO).answered) == (0, 0)
