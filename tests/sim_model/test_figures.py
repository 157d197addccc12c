"""Figures, statistics, and what is kept of a replication."""

import math
import random
import tracemalloc
from dataclasses import replace
from itertools import pairwise

import pytest

from acd.engine.core import Engine
from acd.model.events import OperatorChanged, OutcomeCounted
from acd.model.ids import CallId, LineId, OperatorId
from acd.model.operator import OperatorState as S
from acd.model.outcome import Outcome
from sim.model.collector import Collector
from sim.model.figures import Counts, LineFigures
from sim.model.replications import replicate, replications
from sim.model.setup import Setup, Staff
from sim.model.statistics import difference, estimate, ratio_of_sums, student_t
from sim.results import as_csv, as_json, summary
from tests.sim_model.house import callers, line, operators, policy, world
from tests.sim_model.test_switch import city


def test_the_worked_example() -> None:
    """85 answered, 70 of them in time; 15 hung up, 10 of them in time, and those ten short."""
    counts = Counts(entered=100, answered=85, in_time=70, abandoned=15, short=10, lost_in_time=10)
    assert counts.reachability == pytest.approx(0.850)
    assert counts.service_level == pytest.approx(70 / 90)
    assert counts.strict == pytest.approx(0.85)
    assert Counts().reachability is None


def test_calls_count_in_the_half_hour_in_which_they_joined() -> None:
    fold = Collector(policy([line("a")], operators(1, {"a": 1})))
    fold.midnight = 1000.0
    at = 1000.0 + 9 * 3600 + 1810
    fold.listen([OutcomeCounted(at, CallId("1"), LineId("a"), Outcome.ANSWERED, 20.0)])
    fold.listen([OutcomeCounted(at, CallId("2"), LineId("a"), Outcome.ABANDONED, 5.0)])
    fold.listen([OutcomeCounted(at, CallId("3"), None, Outcome.CLOSED, None)])
    found = fold.result(3)
    slots = found.lines[LineId("a")].slots
    assert (slots[18].answered, slots[18].in_time, slots[19].abandoned) == (1, 1, 1)
    assert sum(slot.entered for slot in slots) == 2
    assert found.no_line == {Outcome.CLOSED: 1}


def test_occupancy_leaves_pauses_out() -> None:
    fold = Collector(policy([line("a")], operators(1, {"a": 1})))
    who = OperatorId("o0")
    day = [S.LOGGED_OUT, S.AVAILABLE, S.RESERVED, S.RINGING, S.IN_CALL, S.WRAP_UP, S.NOT_READY, S.LOGGED_OUT]
    for at, (before, after) in zip((0, 100, 100, 110, 180, 200, 900), pairwise(day), strict=True):
        fold.listen([OperatorChanged(float(at), who, before, after, None, "engine")])
    fold.listen([OutcomeCounted(110.0, CallId("1"), LineId("a"), Outcome.ANSWERED, 20.0)])
    found = fold.result(1)
    assert found.occupancy() == pytest.approx(100 / 200)
    assert found.handle_time == pytest.approx(90.0)


def test_quantile_of_waits() -> None:
    figures = LineFigures.empty()
    figures.waits[0], figures.waits[30] = 9, 1
    assert figures.wait_quantile(0.9) == 1
    assert figures.wait_quantile(0.95) == 31
    assert LineFigures.empty().wait_quantile(0.9) is None


@pytest.mark.parametrize(
    ("freedom", "quantile"), [(1, 12.7062), (2, 4.30265), (4, 2.77645), (19, 2.09302), (99, 1.98422)]
)
def test_student(freedom: int, quantile: float) -> None:
    assert student_t(freedom) == pytest.approx(quantile, abs=2e-5)


def test_pairs_cancel_what_both_share() -> None:
    noise = [3.0, -8.0, 5.0, 0.0]
    found = difference([n + 1 for n in noise], noise)
    assert found is not None and (found.mean, found.half, found.certain) == (1.0, 0.0, True)
    alone = estimate([4.0, None])
    assert alone is not None and math.isinf(alone.half) and not alone.certain
    assert estimate([None]) is None


def test_a_share_of_few_calls_is_that_of_all_together() -> None:
    """One replication of one call that was lost is no half of a hundred that were answered."""
    found = ratio_of_sums([0, 99], [1, 99])
    assert found is not None and found.mean == pytest.approx(0.99)
    assert ratio_of_sums([0, 0], [0, 0]) is None


def test_of_many_that_are_looked_at_few_seem_certain_by_chance() -> None:
    """Twenty means of pure noise: in 5 of 100 such sets one at least seems to differ from 0."""
    dice = random.Random(2)
    sets = [[estimate([dice.gauss(0, 1) for _ in range(10)]) for _ in range(20)] for _ in range(400)]
    fooled = sum(any(one is not None and one.among(20).certain for one in found) for found in sets)
    assert fooled / 400 == pytest.approx(0.05, abs=0.03)


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    """95 of 100 intervals around 20 throws of a die hold 3.5."""
    die = random.Random(1)
    found = [estimate([float(die.randint(1, 6)) for _ in range(20)]) for _ in range(2000)]
    assert sum(one is not None and one.covers(3.5) for one in found) / 2000 == pytest.approx(0.95, abs=0.015)


def test_the_result_does_not_depend_on_the_cores() -> None:
    jobs = [(city(), seed, Engine) for seed in range(3)]
    assert list(replications(jobs, 1)) == list(replications(jobs, 2))


def test_memory_does_not_grow_with_the_days() -> None:
    """Beyond the calls that the engine itself remembers, which six of these days fill; kept records would double it."""
    day = world(policy([line("a")], operators(5, {"a": 1})), {"a": callers(250, 180, 1, 8)})
    day = replace(day, staff=Staff(shifts=()))
    assert peak(replace(day, days=14)) < 1.25 * peak(replace(day, days=7))


def peak(setup: Setup) -> int:
    """Bytes at most in use."""
    tracemalloc.start()
    replicate(setup, 2)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most


def test_summary_as_json_and_csv() -> None:
    found = summary([replicate(city(), seed) for seed in range(2)], city())
    assert b'"reachability"' in as_json(found)
    rows = as_csv(found).splitlines()
    assert rows[0].startswith("line,figure,unit,mean")
    assert any(row.startswith("a,reachability,share,0.") for row in rows)
    assert any(row.startswith("all,entered,count,") for row in rows)
