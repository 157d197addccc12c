"""The production engine in virtual time gives the waiting times that the exact formulas give."""

from dataclasses import replace
from random import Random

import pytest

from acd.model.ids import LineId
from sim.formulas import Waiting, erlang_a, erlang_c
from sim.model.demand import arrivals
from sim.model.draws import stream
from sim.model.figures import Figures
from sim.model.replications import replicate
from sim.model.setup import Recorded
from tests.sim_model.house import HOUR, callers, line, operators, policy, share, twenty, world


def assert_agree(runs: list[Figures], exact: Waiting, of: str | None = None) -> None:
    """Each exact value lies in the 95 % interval of the replications."""
    assert share(runs, lambda c: c.waited, of).covers(exact.waits)
    assert share(runs, lambda c: c.abandoned, of).covers(exact.abandons)
    assert share(runs, lambda c: c.wait_of_all, of).covers(exact.mean_wait)
    assert share(runs, lambda c: c.in_time, of).covers(exact.in_time)


@pytest.mark.parametrize(
    ("staff", "per_hour", "talk", "patience", "target", "hours"),
    [(12, 252, 120, 60, 20, 10), (50, 2880, 60, 120, 20, 1), (20, 300, 240, 180, 30, 8)],
    ids="ABC",
)
def test_erlang_a(staff: int, per_hour: float, talk: float, patience: float, target: float, hours: float) -> None:
    one = policy([line("a", target)], operators(staff, {"a": 1}))
    setup = world(one, {"a": callers(per_hour, talk, patience, hours)}, warm_up=hours * HOUR / 8)
    assert_agree(twenty(setup), erlang_a(staff, per_hour, talk, patience, target))


def test_erlang_c() -> None:
    one = policy([line("a")], operators(12, {"a": 1}))
    runs = twenty(world(one, {"a": callers(252, 120, None, 10)}, warm_up=HOUR))
    assert_agree(runs, erlang_c(12, 252, 120, 20))


def settled(staff: int, load: float, random: Random) -> int:
    """How many calls there are in a line that has been open for ever (M/M/n)."""
    weights = [1.0]
    for k in range(1, 40 * staff):
        weights.append(weights[-1] * load / min(k, staff))
    return random.choices(range(len(weights)), weights)[0]


def test_erlang_c_under_heavy_load() -> None:
    """Set B, 96 % occupied: it takes hours to settle, so each replication begins in the state in which a line that
    was always open would be found, with calls whose end is as far off as that of new ones."""
    staff, per_hour, talk, hours = 50, 2880, 60, 1
    one = policy([line("a")], operators(staff, {"a": 1}))
    setup = world(one, {"a": callers(per_hour, talk, None, hours)}, warm_up=0.001)
    runs = []
    for seed in range(20):
        random = stream("set B", seed)
        found = [0.0] * settled(staff, per_hour / 3600 * talk, random)
        later = arrivals(random, [per_hour / 2] * 2 * hours)
        calls = tuple(Recorded(0, at, LineId("a")) for at in (*found, *later))
        runs.append(replicate(replace(setup, demand=replace(setup.demand, recorded=calls)), seed))
    assert_agree(runs, erlang_c(staff, per_hour, talk, 20))


THREE = {"a": (60.0, 180.0), "b": (90.0, 150.0), "c": (40.0, 240.0)}
"""Calls an hour and talk time of three lines."""


def test_one_skill_each_is_one_queue_a_line() -> None:
    staff = [o for n, id in zip((4, 4, 3), "abc", strict=True) for o in operators(n, {id: 1}, prefix=id)]
    demand = {id: callers(per_hour, talk, 120, 6) for id, (per_hour, talk) in THREE.items()}
    runs = twenty(world(policy([line(id) for id in "abc"], staff), demand, warm_up=HOUR / 2))
    for n, (id, (per_hour, talk)) in zip((4, 4, 3), THREE.items(), strict=True):
        assert_agree(runs, erlang_a(n, per_hour, talk, 120, 20), id)


def test_all_skills_is_one_queue_over_the_sum() -> None:
    lines = [line(id) for id in "abc"]
    staff = operators(10, dict.fromkeys("abc", 1))
    demand = {id: callers(per_hour, 180, 120, 6) for id, (per_hour, _) in THREE.items()}
    runs = twenty(world(policy(lines, staff), demand, warm_up=HOUR / 2))
    assert_agree(runs, erlang_a(10, sum(per_hour for per_hour, _ in THREE.values()), 180, 120, 20))
