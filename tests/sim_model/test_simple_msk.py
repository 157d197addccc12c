"""SimpleMSK, a published model of three kinds of calls and two groups (ContactCenters, Université de Montréal): a day
of three periods of two hours, rosters that change with the period, one random factor a day. Handling time and patience
depend on the period in which the caller came: so each kind has one line a period here, served by the same people.

Published means per day, over 1000 days: 4297.305 served (95 % interval 4270.150 to 4324.460), 910.335 abandoned
(876.133 to 944.537), service level at 20 s 0.501 (0.494 to 0.509), occupancy of group 0 0.881.
"""

from itertools import pairwise

import pytest

from acd.model.ids import LineId, OperatorId
from sim.model.draws import Exponential
from sim.model.figures import Counts
from sim.model.replications import replicate
from sim.model.setup import Demand, LineDemand, Setup, Shift, Staff
from sim.model.statistics import Estimate, estimate
from tests.sim_model.house import HOUR, line, operators, policy

PERIOD = 2 * HOUR
LAST_CALL = 3 * PERIOD + 600
RATES = ((4.2, 5.3, 3.2), (5.1, 4.3, 4.8), (6.3, 5.2, 4.8))
"""Calls a minute by kind and period."""
SERVICE = (0.5, 0.6, 0.4)
PATIENCE = (0.3, 0.4, 0.2)
"""Rates per minute, by the period of the arrival."""
GROUPS = (12, 18, 9), (15, 20, 11)
SKILLS = {"t0": 1, "t1": 1}, {"t1": 2, "t2": 1}
"""Level by kind: those of the first group are asked first for the second kind."""
EXPECTED = 120 * sum(map(sum, RATES))
"""Calls a day."""


def kind(n: int, period: int) -> LineDemand:
    profile = (0.0,) * 4 * period + (1.0,) * 4 + (0.0,) * (44 - 4 * period)
    talk, patience = Exponential(60 / SERVICE[period]), Exponential(60 / PATIENCE[period])
    return LineDemand(calls_per_day=120 * RATES[n][period], profile=profile, talk=talk, patience=patience)


def roster() -> tuple[Shift, ...]:
    """The n-th of a group works while the group has more than n; after the last period until the last call is over."""
    shifts = []
    for group, sizes in enumerate(GROUPS):
        for n in range(max(sizes)):
            on = [size > n for size in sizes]
            edges = [p for p, (a, b) in enumerate(pairwise([False, *on, False])) if a is not b]
            who = (OperatorId(f"g{group}_{n}"),)
            shifts += [
                Shift(operators=who, start=a * PERIOD, end=b * PERIOD if b < 3 else LAST_CALL)
                for a, b in zip(edges[::2], edges[1::2], strict=True)
            ]
    return tuple(shifts)


def simple_msk() -> Setup:
    ids = {(n, p): f"t{n}p{p}" for n in range(3) for p in range(3)}
    skills = [{f"{kind}p{p}": level for kind, level in group.items() for p in range(3)} for group in SKILLS]
    staff = [o for g, sizes in enumerate(GROUPS) for o in operators(max(sizes), skills[g], prefix=f"g{g}_")]
    demand = Demand(lines={LineId(id): kind(n, p) for (n, p), id in ids.items()}, day_shape=28.7)
    return Setup(policy=policy([line(id) for id in ids.values()], staff), demand=demand, staff=Staff(shifts=roster()))


def adjusted(values: list[float], offered: list[int]) -> Estimate:
    """The mean per day, freed of the luck with the number of calls, whose expectation is known (control variate)."""
    mean, calls = sum(values) / len(values), sum(offered) / len(offered)
    slope = sum((v - mean) * (o - calls) for v, o in zip(values, offered, strict=True)) / sum(
        (o - calls) ** 2 for o in offered
    )
    found = estimate(v - slope * (o - EXPECTED) for v, o in zip(values, offered, strict=True))
    assert found is not None
    return found


def overlap(found: Estimate, low: float, high: float) -> bool:
    return found.low <= high and low <= found.high


def in_time(totals: list[Counts], offered: list[int]) -> Estimate:
    """Service level of all days together: the ratio of two means, and the error of its linear approximation."""
    served = sum(t.in_time for t in totals) / len(totals)
    counted = [t.answered + t.abandoned - t.lost_in_time for t in totals]
    mean = sum(counted) / len(counted)
    level = served / mean
    off = adjusted([(t.in_time - level * n) / mean for t, n in zip(totals, counted, strict=True)], offered)
    return Estimate(level + off.mean, off.half, off.n)


def test_published_figures() -> None:
    runs = [replicate(simple_msk(), seed) for seed in range(40)]
    totals = [run.all_lines.total for run in runs]
    offered = [run.offered for run in runs]
    assert overlap(adjusted([t.answered for t in totals], offered), 4270.150, 4324.460)
    assert overlap(adjusted([t.abandoned for t in totals], offered), 876.133, 944.537)
    assert overlap(in_time(totals, offered), 0.494, 0.509)
    group = [id for id in runs[0].operators if id.startswith("g0")]
    assert adjusted([run.occupancy(group) or 0 for run in runs], offered).mean == pytest.approx(0.881, abs=0.01)
