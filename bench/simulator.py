"""How fast is the simulator? ``python -m bench.simulator``

One line, twenty operators, callers who tire (M/M/20+M), 100,000 calls: as a plain SimPy model, as a Ciw model, and as
level A of the simulator, in which every call goes through the production engine by nine facts. One after the other in
one process, in CPU seconds, several rounds; the ratio is what counts, for it holds on any machine. Each model's share
of callers who gave up stands beside it, with the exact one. Before that, the years of Gentinfo (106,314 calls) and of
Groningen (325,600 calls, 8 lines, 20 operators), and whether the memory of the process grows while they pass.
"""

import argparse
import random
import resource
import statistics
import time
from collections.abc import Callable, Generator, Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import ciw  # type: ignore[import-untyped]
import simpy

from acd.model.ids import Device, LineId, OperatorId
from acd.model.policy import Announcements, Line, Operator, OperatorRule, Policy, QueueRule, Routing
from sim.formulas import erlang_a
from sim.model.draws import Exponential
from sim.model.replications import replicate
from sim.model.setup import Demand, LineDemand, Setup, Shift, Staff
from sim.scenario import find, read

WARM_UP = 90
"""Days after which what the engine remembers of ended calls is full."""

OPERATORS, PER_HOUR, TALK, PATIENCE = 20, 300.0, 240.0, 180.0


class Lap(NamedTuple):
    calls: int
    abandoned: int
    seconds: float
    """CPU time of this process."""


def with_simpy(calls: int, seed: int) -> tuple[int, int]:
    """Calls and how many of them gave up."""
    draw, env = random.Random(seed), simpy.Environment()
    operators = simpy.Resource(env, OPERATORS)
    abandoned = 0

    def caller() -> Generator[simpy.Event, Any, None]:
        nonlocal abandoned
        with operators.request() as turn:
            patience = env.timeout(draw.expovariate(1 / PATIENCE))
            yield turn | patience
            if turn.triggered:
                yield env.timeout(draw.expovariate(1 / TALK))
            else:
                abandoned += 1

    def arrivals() -> Generator[simpy.Event, Any, None]:
        for _ in range(calls):
            yield env.timeout(draw.expovariate(PER_HOUR / 3600))
            env.process(caller())

    env.process(arrivals())
    env.run()
    return calls, abandoned


def with_ciw(calls: int, seed: int) -> tuple[int, int]:
    """Calls and how many of them gave up."""
    ciw.seed(seed)
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(PER_HOUR / 3600)],
        service_distributions=[ciw.dists.Exponential(1 / TALK)],
        reneging_time_distributions=[ciw.dists.Exponential(1 / PATIENCE)],
        number_of_servers=[OPERATORS],
    )
    world = ciw.Simulation(network)
    world.simulate_until_max_customers(calls, method="Finish")
    records = world.get_all_records()
    return len(records), sum(record.record_type == "renege" for record in records)


def with_engine(calls: int, seed: int) -> tuple[int, int]:
    """Calls and how many of them gave up."""
    figures = replicate(one_line(calls), seed)
    return figures.offered, figures.all_lines.total.abandoned


def one_line(calls: int) -> Setup:
    """The same model, for the days that bring about so many calls: no ring time, no wrap-up, no announcements, first
    come first served."""
    id, quiet = LineId("a"), Announcements(first=0)
    line = Line(id, {"nl": "a"}, wrap_up=0.0, capacity=10**6, announcements=quiet)
    staff = [Operator(OperatorId(f"o{n}"), "", Device(f"o{n}"), {id: 1}) for n in range(OPERATORS)]
    routing = Routing(queue_rule=QueueRule.LONGEST_WAITING, operator_rule=OperatorRule.LONGEST_IDLE)
    policy = Policy({id: line}, {operator.id: operator for operator in staff}, routing=routing)
    days = max(1, round(calls / PER_HOUR / 24))
    callers = LineDemand(calls_per_day=PER_HOUR * 24, talk=Exponential(TALK), patience=Exponential(PATIENCE))
    roster = Staff(shifts=(Shift(operators=tuple(policy.operators)),), stays=3600)
    return Setup(policy=policy, demand=Demand(lines={id: callers}), staff=roster, days=days, first_day=date(2026, 6, 1))


MODELS: dict[str, Callable[[int, int], tuple[int, int]]] = {
    "SimPy": with_simpy,
    "Ciw": with_ciw,
    "acd engine": with_engine,
}


def lap(model: Callable[[int, int], tuple[int, int]], calls: int, seed: int) -> Lap:
    start = time.process_time()
    done, abandoned = model(calls, seed)
    return Lap(done, abandoned, time.process_time() - start)


def side_by_side(calls: int, rounds: int) -> None:
    """Every model in turn, round after round, so that a noisy machine disturbs all alike."""
    laps: dict[str, list[Lap]] = {name: [] for name in MODELS}
    for n in range(rounds):
        for name, model in MODELS.items():
            laps[name].append(lap(model, calls, n))
    exact = erlang_a(OPERATORS, PER_HOUR, TALK, PATIENCE).abandons
    print(f"M/M/{OPERATORS}+M, {calls} calls, median of {rounds}; exact share of callers who give up: {exact:.2%}")
    plain = rate(laps["SimPy"])
    for name, found in laps.items():
        gave_up = sum(one.abandoned for one in found) / sum(one.calls for one in found)
        speed = rate(found)
        print(f"  {name:<11} {speed:>9,.0f} calls/s  {speed / plain:5.2f} x SimPy  gave up {gave_up:.2%}")


def rate(laps: list[Lap]) -> float:
    """Calls per CPU second."""
    return statistics.median(one.calls / one.seconds for one in laps)


def a_year(name: str) -> None:
    setup = read(find(name)).setup
    memory: list[float] = []
    start = time.process_time()
    figures = replicate(setup, 1, each_day=lambda: memory.append(resident()))
    seconds = time.process_time() - start
    speed = figures.offered / seconds
    print(f"{name}: {figures.offered:,} calls in {seconds:.1f} s CPU, {speed:,.0f} calls/s")
    quarters = " ".join(f"{max(memory[n : n + 91]):.1f}" for n in range(0, 364, 91))
    grows = slope(memory[WARM_UP:]) * 30
    print(f"  memory: at most {quarters} MB in the quarters; from day {WARM_UP} on {grows:+.3f} MB in 30 days")


def resident() -> float:
    """Memory of this process now, MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def slope(values: Sequence[float]) -> float:
    """By how much they grow from one to the next (least squares)."""
    return statistics.linear_regression(range(len(values)), values).slope


def main() -> None:
    words = argparse.ArgumentParser(description="Calls per second: the production engine beside SimPy and Ciw.")
    words.add_argument("--calls", type=int, default=100_000)
    words.add_argument("--rounds", type=int, default=3)
    words.add_argument("--no-year", action="store_true", help="leave the years out")
    given = words.parse_args()
    # The year first: its memory would drown in that of the models that keep every record.
    if not given.no_year:
        a_year("year_gentinfo")
        a_year("year_groningen")
    side_by_side(given.calls, given.rounds)


if __name__ == "__main__":
    main()
