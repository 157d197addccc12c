"""The figures of the comparison: that they are counted as they are named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.figures import Story, Window, percentile, ratio, spread, table
from bench.machine import connection_bytes, memory, processor_time
from bench.phase import OURS, THEIRS, Load, Result
from bench.report import aim, show, summary
from sim.lab.sipp import CitizenStory, RingStory, Stories


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0.01, 1.0))
def test_a_percentile_is_a_value_that_was_seen_and_enough_are_not_above_it(values: list[float], share: float) -> None:
    found = percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-6
    assert sum(value < found for value in values) < share * len(values) + 1e-6


def test_percentiles_of_a_hundred() -> None:
    values = [float(n) for n in range(100, 0, -1)]
    found = spread(values)
    assert found is not None
    assert (found.p50, found.p90, found.p99, found.worst, found.mean, found.n) == (50, 90, 99, 100, 50.5, 100)
    assert spread([]) is None
    with pytest.raises(ValueError, match="no values"):
        percentile([], 0.5)


def test_nothing_is_compared_with_what_was_not_measured() -> None:
    assert ratio(6.0, 2.0) == 3.0
    assert ratio(None, 2.0) is ratio(6.0, None) is ratio(6.0, 0.0) is None
    assert (aim(3.0, 3.0), aim(3.1, 3.0), aim(None, 3.0)) == ("<= 3: met", "<= 3: MISSED", "-")


STORIES = Stories(
    {
        "early": CitizenStory("early", 9.0),
        "first": CitizenStory("first", 10.0),
        "second": CitizenStory("second", 10.5),
        "third": CitizenStory("third", 11.0),
        "late": CitizenStory("late", 20.0),
    },
    [
        RingStory("early", "1001", 9.1, 9.3, 10.2),
        RingStory("first", "1001", 10.25, 10.4, 12.0),
        # Nobody answered the second caller at first; his wait ends with the first phone that rang for him.
        RingStory("second", "1002", 10.7),
        RingStory("second", "1003", 13.0, 13.1, 14.0),
    ],
)
WINDOW = Window(10.0, 15.0)


def test_only_callers_of_the_window_count_and_their_first_ring() -> None:
    story = Story(STORIES)
    assert story.offered(WINDOW) == 3
    assert story.connected(WINDOW) == 2
    assert sorted(story.entry_to_invite(WINDOW)) == pytest.approx([0.2, 0.25])
    assert story.without_operator(WINDOW) == 1
    assert story.without_operator(Window(15.0, 30.0)) == 1


def test_a_freed_operator_loses_time_only_while_somebody_waits() -> None:
    story = Story(STORIES)
    assert story.waiting(10.2) == 1
    assert story.free_to_invite(WINDOW) == pytest.approx([0.05])
    # Nobody waits when the operator comes free at 10.2, if the caller of 10.0 is not there.
    stories = Stories({"early": STORIES.citizens["early"]}, STORIES.rings[:2])
    assert Story(stories).free_to_invite(WINDOW) == []


def test_what_operators_can_carry() -> None:
    load = Load(operators=50, rate=30, talk=2.0, warm_up=0.0, steady=10.0)
    assert load.limit == pytest.approx(10 * sum(1 / (0.2 + 2.0 * share) for share in (0.8, 0.9, 1.0, 1.1, 1.2)))
    assert load.overload
    assert not Load(operators=50, rate=20, talk=2.0, warm_up=0.0, steady=10.0).overload


def result(side: str, *, connected: int, cpu: float, times: list[float]) -> Result:
    ours = side == OURS
    return Result(
        side=side,
        load=Load(operators=50, rate=20, talk=0.4, warm_up=0.0, steady=10.0),
        offered=connected,
        connected=connected,
        seconds=10.0,
        without_operator=0,
        entry_to_invite=times,
        free_to_invite=[],
        asterisk_cpu=cpu,
        engine_cpu=cpu if ours else None,
        ami_received=5000.0 if ours else None,
        ami_sent=100.0 if ours else None,
        engine_memory=100.0 if ours else None,
        others=0.0,
        steal=0.0,
        load_average=0.0,
    )


def test_rounds_are_put_together_call_by_call() -> None:
    rounds = [
        result(OURS, connected=100, cpu=4.0, times=[1.0] * 100),
        result(OURS, connected=300, cpu=8.0, times=[5.0] * 300),
    ]
    side = summary(rounds)
    assert (side.connected, side.asterisk_cpu, side.engine_cpu) == (20.0, 7.0, 7.0)
    assert side.entry_to_invite is not None
    assert (side.entry_to_invite.n, side.entry_to_invite.mean) == (400, 4.0)
    assert summary([result(THEIRS, connected=10, cpu=1.0, times=[])]).engine_cpu is None


def test_the_report_names_the_ratio_and_whether_the_aim_was_met() -> None:
    ours = summary([result(OURS, connected=100, cpu=4.0, times=[9.0] * 100)])
    theirs = summary([result(THEIRS, connected=100, cpu=2.0, times=[2.0] * 100)])
    load = Load(operators=50, rate=20, talk=0.4, warm_up=0.0, steady=10.0)
    text = show([(load, {OURS: ours, THEIRS: theirs})])
    assert "4.50" in text
    assert "MISSED" in text
    assert "-" in show([(load, {OURS: ours})])


def test_a_table_keeps_its_columns() -> None:
    assert table(["load", "ms"], [["a", "10.0"], ["long name", "1.0"]]).splitlines() == [
        "load         ms",
        "---------------",
        "a          10.0",
        "long name   1.0",
    ]


def test_the_machine_can_be_read() -> None:
    assert processor_time(1) >= 0
    with pytest.raises(FileNotFoundError):
        processor_time(2**22 + 1)
    now, most = memory(1)
    assert 0 < now <= most
    assert connection_bytes(1) == (0, 0)
