"""Today's callers by half-hour."""

from acd.engine.half_hours import HalfHours
from acd.engine.tally import Tally
from acd.model import events as ev
from acd.model.ids import CallId, LineId, OperatorId
from acd.model.outcome import Outcome

NINE = 1_700_553_600
INFO, SPORT, AN = LineId("info"), LineId("sport"), OperatorId("an")


def joined(call: str, at: float, line: LineId = INFO) -> ev.CallEnteredLine:
    return ev.CallEnteredLine(at, CallId(call), line, at, "nl", "")


def taken(call: str, at: float, line: LineId = INFO) -> list[ev.Event]:
    id = CallId(call)
    return [ev.CallAnswered(at, id, line, AN, at, 5.0), ev.OutcomeCounted(at, id, line, Outcome.ANSWERED, 5.0)]


def fold(*events: ev.Event) -> HalfHours:
    found = HalfHours()
    for event in events:
        found.apply(event)
    return found


def test_a_caller_is_counted_where_he_joined_and_where_he_was_answered() -> None:
    found = fold(joined("1", NINE), joined("2", NINE + 1799.9), joined("3", NINE + 1800), *taken("2", NINE + 1810))
    assert found.joined(INFO) == {NINE: 2, NINE + 1800: 1}
    assert found.answered(INFO) == {NINE + 1800: 1}


def test_who_joins_another_line_is_counted_there_and_no_longer_here() -> None:
    found = fold(joined("1", NINE), joined("1", NINE + 1800, SPORT))
    assert not +found.joined(INFO)  # type: ignore[operator]
    assert found.joined(SPORT) == {NINE + 1800: 1}


def test_who_is_answered_on_another_line_was_a_caller_of_that_line() -> None:
    found = fold(joined("1", NINE), *taken("1", NINE + 9, SPORT))
    assert found.joined(INFO)[NINE] == 0
    assert found.joined(SPORT) == {NINE: 1}


def test_who_is_moved_while_he_waits_counts_once_where_he_is() -> None:
    moved = ev.CallRerouted(NINE + 1900, CallId("1"), SPORT, INFO, "coach")
    found = fold(joined("1", NINE), moved, *taken("1", NINE + 1910, SPORT))
    assert not +found.joined(INFO)  # type: ignore[operator]
    assert found.joined(SPORT) == {NINE: 1}
    counts = Tally()
    counts.apply([joined("1", NINE), moved, *taken("1", NINE + 1910, SPORT)])
    assert [(counts.of(line).entered, counts.of(line).answered) for line in (INFO, SPORT)] == [(0, 0), (1, 1)]


def test_who_joined_yesterday_and_is_moved_today_joined_no_line_today() -> None:
    counts = Tally()
    counts.apply([joined("1", NINE)])
    counts.reset()
    counts.apply([ev.CallRerouted(NINE + 9, CallId("1"), SPORT, INFO, "coach")])
    assert [counts.of(line).entered for line in (INFO, SPORT)] == [0, 0]


def test_joining_twice_is_joining_once() -> None:
    assert fold(joined("1", NINE), joined("1", NINE)).joined(INFO) == {NINE: 1}


def test_a_call_that_is_over_is_forgotten_but_stays_counted() -> None:
    found = fold(joined("1", NINE), ev.CallEnded(NINE + 9, CallId("1"), NINE + 9), joined("1", NINE + 1800))
    assert found.joined(INFO) == {NINE: 1, NINE + 1800: 1}


def test_the_half_hours_of_the_day_begin_anew_with_its_counts() -> None:
    counts = Tally()
    counts.apply([joined("1", NINE), *taken("1", NINE + 9)])
    assert counts.half_hours.answered(INFO) == {NINE: 1}
    counts.reset()
    assert (counts.half_hours.joined(INFO), counts.half_hours.answered(INFO)) == ({}, {})
