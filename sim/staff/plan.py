"""Who is at work in which half-hour of which weekday, and the roster that says so."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Final

from acd.model.ids import LineId, OperatorId
from sim.model.demand import open_shares
from sim.model.setup import SLOT, SLOTS, Break, Setup, Shift

Cell = tuple[int, int]
"""A weekday (Monday = 0) and a half-hour of it (0 = from midnight on)."""
Plan = Mapping[Cell, frozenset[OperatorId]]
Skills = tuple[LineId, ...]
"""The lines that all operators of a skill group serve, in the order of the city."""

_ELSEWHERE: Final = "pauze"


def skill_groups(setup: Setup) -> dict[Skills, tuple[OperatorId, ...]]:
    """All operators of the city by the lines that they serve, whatever the level."""
    groups: dict[Skills, list[OperatorId]] = {}
    for operator in setup.policy.operators.values():
        skills = tuple(line for line in setup.policy.lines if line in operator.lines)
        if skills:
            groups.setdefault(skills, []).append(operator.id)
    return {skills: tuple(members) for skills, members in groups.items()}


def open_lines(setup: Setup) -> dict[Cell, tuple[LineId, ...]]:
    """The lines that are open in each half-hour; half-hours in which none is are left out."""
    found: dict[Cell, dict[LineId, None]] = {}
    for day in setup.dates:
        for line in setup.policy.lines:
            for slot, share in enumerate(open_shares(setup.hours(line, day))):
                if share:
                    found.setdefault((day.weekday(), slot), {})[line] = None
    return {cell: tuple(lines) for cell, lines in sorted(found.items())}


def rostered(setup: Setup) -> Plan:
    """Who is at work now according to the roster: more than half of the half-hour, planned breaks left out."""
    present: dict[Cell, set[OperatorId]] = {}
    for shift in setup.staff.shifts:
        for slot in range(SLOTS):
            if _at_work(shift, slot * SLOT, (slot + 1) * SLOT) > SLOT / 2:
                for weekday in shift.weekdays:
                    present.setdefault((weekday, slot), set()).update(shift.operators)
    return {cell: frozenset(operators) for cell, operators in present.items()}


def _at_work(shift: Shift, start: float, end: float) -> float:
    def common(first: float, last: float) -> float:
        return max(0.0, min(last, end, shift.end) - max(first, start, shift.start))

    return common(start, end) - sum(common(pause.start, pause.start + pause.seconds) for pause in shift.breaks)


def with_plan(setup: Setup, plan: Plan) -> Setup:
    """The same city with this roster: no planned breaks but the half-hours off; illness, no-shows and unplanned
    pauses stay as they are.
    """
    hours: dict[tuple[OperatorId, int], list[int]] = {}
    for (weekday, slot), operators in plan.items():
        for operator in operators:
            hours.setdefault((operator, weekday), []).append(slot)
    shifts = tuple(_shift(operator, weekday, sorted(slots)) for (operator, weekday), slots in sorted(hours.items()))
    return replace(setup, staff=replace(setup.staff, shifts=shifts))


def _shift(operator: OperatorId, weekday: int, slots: list[int]) -> Shift:
    """One shift from the first half-hour to the last, with the others as breaks: so that whether he comes at all, and
    when he pauses, does not depend on a half-hour in the middle."""
    return Shift(
        operators=(operator,),
        weekdays=(weekday,),
        start=slots[0] * SLOT,
        end=(slots[-1] + 1) * SLOT,
        breaks=tuple(_gaps(slots)),
    )


def _gaps(slots: Iterable[int]) -> Iterator[Break]:
    for before, after in pairwise(slots):
        if after > before + 1:
            yield Break((before + 1) * SLOT, (after - before - 1) * SLOT, _ELSEWHERE)


def clock(slot: int) -> str:
    """``09:30``."""
    return f"{slot // 2:02}:{slot % 2 * 30:02}"
