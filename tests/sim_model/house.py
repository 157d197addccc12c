"""Small worlds whose figures are known exactly: no ring time, no wrap-up, nobody announces anything."""

from collections.abc import Callable, Mapping, Sequence

from acd.model.ids import Device, LineId, OperatorId
from acd.model.policy import Announcements, Line, Operator, OperatorRule, Policy, QueueRule, Routing
from sim.model.draws import NEVER, Draw, Exponential
from sim.model.figures import Counts, Figures
from sim.model.replications import replicate
from sim.model.setup import Demand, LineDemand, Setup, Shift, Staff
from sim.model.statistics import Estimate, estimate

HOUR = 3600.0
FIRST_COME = Routing(queue_rule=QueueRule.LONGEST_WAITING, operator_rule=OperatorRule.LONGEST_IDLE)


def line(id: str, target: float = 20.0) -> Line:
    quiet = Announcements(first=0)
    return Line(LineId(id), {"nl": id}, target_wait=target, wrap_up=0.0, capacity=10**6, announcements=quiet)


def operators(count: int, skills: Mapping[str, int], prefix: str = "o") -> list[Operator]:
    lines = {LineId(id): level for id, level in skills.items()}
    return [Operator(OperatorId(f"{prefix}{n}"), "", Device(f"{prefix}{n}"), lines) for n in range(count)]


def policy(lines: Sequence[Line], staff: Sequence[Operator], routing: Routing = FIRST_COME) -> Policy:
    return Policy({line.id: line for line in lines}, {operator.id: operator for operator in staff}, routing=routing)


def all_day(policy: Policy) -> Staff:
    """Everybody works, and stays for those who still wait at the end."""
    return Staff(shifts=(Shift(operators=tuple(policy.operators)),), stays=2 * HOUR)


def callers(per_hour: float, talk: float, patience: float | None, hours: float) -> LineDemand:
    """Poisson arrivals for so many hours from midnight on."""
    until = round(hours * 2)
    tired: Draw = NEVER if patience is None else Exponential(patience)
    profile = (1.0,) * until + (0.0,) * (48 - until)
    return LineDemand(calls_per_day=per_hour * hours, profile=profile, talk=Exponential(talk), patience=tired)


def world(policy: Policy, demand: Mapping[str, LineDemand], warm_up: float = 0.0) -> Setup:
    lines = {LineId(id): line for id, line in demand.items()}
    return Setup(policy=policy, demand=Demand(lines=lines), staff=all_day(policy), warm_up=warm_up)


def twenty(setup: Setup, seed: int = 1) -> list[Figures]:
    return [replicate(setup, seed + n) for n in range(20)]


def share(runs: Sequence[Figures], of: Callable[[Counts], float], line: str | None = None) -> Estimate:
    """The mean per caller of something that is counted, of one line or of all."""
    totals = [(run.all_lines if line is None else run.lines[LineId(line)]).total for run in runs]
    found = estimate(of(total) / total.entered for total in totals)
    assert found is not None
    return found
