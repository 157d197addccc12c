"""The first guess: as many operators as Erlang's formulas ask for if all served all lines, chosen so that each open
line has one; whoever is rostered now comes first."""

import math
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Final

from acd.model.ids import LineId, OperatorId
from sim.formulas import erlang_a, erlang_c
from sim.model.setup import Setup
from sim.staff.plan import Cell, Plan
from sim.staff.tally import Seen, Tally
from sim.staff.targets import Target, Targets

MOST: Final = 0.99
"""No formula is asked for a higher share."""


def first_guess(setup: Setup, targets: Targets, tally: Tally, now: Plan) -> dict[Cell, frozenset[OperatorId]]:
    """A plan for every half-hour in which somebody calls.

    Args:
        setup: its lines and operators.
        targets: what has to be met.
        tally: what callers experience with everybody at work.
        now: the roster as it is.
    """
    plan = {}
    for cell, lines in targets.lines_of.items():
        seen, days, block = tally.cells[cell], tally.days[cell[0]], targets.block_of[cell]
        calls = {line: seen[line] for line in lines if line in seen}
        target = _beside_the_unavoidable(targets.blocks[block], tally.blocks[block].reachability.mean)
        count = needed(setup, calls, days, target)
        plan[cell] = chosen(setup, lines, seen, count, now.get(cell, frozenset()))
    return plan


def _beside_the_unavoidable(target: Target, best: float) -> Target:
    """Some hang up while the first phone rings, whoever is at work: a formula without ringing must do better by so
    much."""
    return Target(round(min(MOST, target.reachability + 1 - best), 3), round(target.service_level, 3))


def needed(setup: Setup, seen: Mapping[LineId, Seen], days: int, target: Target) -> int:
    """Operators of a half-hour if all served all lines: no fewer can do, but for chance."""
    per_hour = sum(calls.entered for calls in seen.values()) / days * 2
    if not per_hour:
        return 1

    def mean(of: Mapping[LineId, float]) -> float:
        return sum(seen[line].entered * of[line] for line in seen) / days * 2 / per_hour

    lines = {id: (setup.policy.lines[id], setup.demand.lines[id]) for id in seen}
    rings = setup.behaviour.answer.mean
    work = mean({id: rings + demand.talk.mean + line.wrap_up for id, (line, demand) in lines.items()})
    patience = mean({id: demand.patience.mean for id, (_, demand) in lines.items()})
    within = mean({id: line.target_wait for id, (line, _) in lines.items()})
    return _operators(*(round(x, 1) for x in (per_hour, work, patience, within)), target)


@cache
def _operators(per_hour: float, work: float, patience: float, within: float, target: Target) -> int:
    load = per_hour / 3600 * work
    endless = math.isinf(patience)
    count = math.floor(load) + 1 if endless else max(1, math.ceil(load * target.reachability))
    while True:
        found = (
            erlang_c(count, per_hour, work, within) if endless else erlang_a(count, per_hour, work, patience, within)
        )
        if 1 - found.abandons >= target.reachability and found.in_time >= target.service_level:
            return count
        count += 1


def chosen(
    setup: Setup, lines: Iterable[LineId], seen: Mapping[LineId, Seen], count: int, now: frozenset[OperatorId]
) -> frozenset[OperatorId]:
    """``count`` operators, or as many as there are; more if the open lines ask for more."""
    team: set[OperatorId] = set()
    # The line that the fewest can serve chooses first.
    for line in sorted(lines, key=lambda line: (sum(line in o.lines for o in setup.policy.operators.values()), line)):
        if not any(line in setup.policy.operators[id].lines for id in team):
            team.update(by_merit(setup, {line: max(1, _calls(seen, line))}, team, now)[:1])
    calls = {line: _calls(seen, line) for line in lines}
    while len(team) < count and (others := by_merit(setup, calls, team, now)):
        team.add(others[0])
    return frozenset(team)


def _calls(seen: Mapping[LineId, Seen], line: LineId) -> int:
    return seen[line].entered if line in seen else 0


def by_merit(
    setup: Setup, calls: Mapping[LineId, float], team: Iterable[OperatorId], now: frozenset[OperatorId]
) -> list[OperatorId]:
    """Who else could help with these calls: those rostered now first, then whoever serves the most of them, as the
    first choice rather than as the last, and with the fewest lines beside."""
    already = set(team)

    def merit(id: OperatorId) -> tuple[object, ...]:
        skills = setup.policy.operators[id].lines
        served = [line for line in calls if line in skills]
        levels = sum(skills[line] for line in served)
        return (id not in now, -sum(calls[line] for line in served), levels, len(skills), id)

    able = [
        o.id
        for o in setup.policy.operators.values()
        if o.id not in already and any(calls[line] and line in o.lines for line in calls)
    ]
    return sorted(able, key=merit)
