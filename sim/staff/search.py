"""The search. Everybody at work shows what can be reached at all. From the first guess on, one operator more where a
target is missed; then one fewer wherever the targets are met without him; and at last the proof, on other callers.

One fewer is tried in many half-hours at once, so far from each other that they do not feel each other. That more
operators never make it worse is taken for granted: who could not be missed once is not tried again.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from acd.model.ids import LineId, OperatorId
from sim.model.replications import CORES
from sim.model.setup import Setup
from sim.staff.plan import Cell, Plan, Skills, open_lines, rostered, skill_groups, with_plan
from sim.staff.start import by_merit, first_guess
from sim.staff.tally import Block, Observe, OfLine, Pair, Tally, observers
from sim.staff.targets import SURE, Target, Targets, confidence, targets_of

DAYS: Final = 50
"""Simulated days of each weekday with which a plan is judged."""
GLANCE: Final = 5
"""One of so many of them shows who calls when."""
HOPELESS: Final = 0.05
"""Confidence below which a target is plainly missed."""
LIKELY: Final = 0.5
"""Confidence that is enough in the proof."""
FELT: Final = 1
"""Half-hours after a half-hour that can feel what happened in it."""
FAR_OFF: Final = 0.1
"""Who misses a target by so much needs two more at once."""
FEW_AT_ONCE: Final = 0.2
"""Where a line narrowly misses its target, it gets one more in so many of its half-hours at once; else in more."""
ROUNDS: Final = 25
"""At most so many times something is added."""
PROOFS: Final = 12
"""At most so many times other callers show that something is missing yet."""

Progress = Callable[[int, int], None]
Place = Block | OfLine
"""Where a target holds."""
Draft = dict[Cell, frozenset[OperatorId]]


class OutOfReach(Exception):
    """The targets cannot be met with the operators that there are, all of them at work all the time.

    Args:
        missed: where, and what is reached there.
        setup: what was simulated.
    """

    def __init__(self, missed: Mapping[Place, tuple[Pair, Target]], setup: Setup) -> None:
        super().__init__(f"the targets cannot be met with all {len(setup.policy.operators)} operators at work")
        self.missed = missed
        self.setup = setup


@dataclass(frozen=True)
class Answer:
    """The smallest staffing, and what it reaches on callers that the search has not seen."""

    setup: Setup
    plan: Plan
    now: Plan
    groups: Mapping[Skills, tuple[OperatorId, ...]]
    targets: Targets
    tally: Tally
    """Of the proof."""
    unmet: Mapping[Place, bool]
    """Where the proof does not confirm the targets. True: all who can help are at work there, so it cannot be met."""


def smallest(
    setup: Setup, seed: int, days: int = DAYS, *, cores: int = CORES, progress: Progress = lambda done, total: None
) -> Answer:
    """How many operators each half-hour needs at least.

    Args:
        setup: its lines with their targets, its callers and its operators; who is rostered is preferred.
        seed: of the first replication.
        days: simulated days of each weekday; the proof takes twice as many.
        cores: processes at work.
        progress: is told how many replications are done, and of how many.

    Raises:
        OutOfReach: even everybody together is not enough.
    """
    weekdays = {day.weekday() for day in setup.dates}
    count = max(2, math.ceil(days * len(weekdays) / setup.days))
    with observers(cores) as observe:
        return _Search(setup, seed, count, observe, progress).answer()


class _Search:
    def __init__(self, setup: Setup, seed: int, count: int, observe: Observe, progress: Progress) -> None:
        self._setup = setup
        self._seed = seed
        self._count = count
        self._observe = observe
        self._progress = progress
        self._done = 0
        self._now = rostered(setup)
        self._groups = skill_groups(setup)
        self._group_of = {id: skills for skills, members in self._groups.items() for id in members}
        self._plan: Draft = {}

    def answer(self) -> Answer:
        seeds = range(self._seed, self._seed + self._count)
        best = self._everybody(seeds)
        self._plan = first_guess(self._setup, self._targets, best, self._now)
        tally = self._enlarge(self._see(self._plan, seeds), seeds)
        self._tighten(tally, seeds, self._plan)
        tally = self._prove(seeds.stop)
        unmet = {place: not self._helpers(place, tally) for place, sure in self._sure(tally) if sure < LIKELY}
        return Answer(self._setup, self._plan, self._now, self._groups, self._targets, tally, unmet)

    def _see(self, plan: Plan, seeds: Sequence[int], blocks: Iterable[Block] | None = None) -> Tally:
        judged = list(self._targets.blocks if blocks is None else blocks)
        tally = self._observe(with_plan(self._setup, plan), judged, seeds)
        self._done += len(seeds)
        self._progress(self._done, max(30 * self._count, self._done + 2 * self._count))
        return tally

    def _everybody(self, seeds: range) -> Tally:
        """All who can help are at work: what has to be met where, and whether it can be."""
        open_now = open_lines(self._setup)
        everybody = frozenset(self._group_of)
        # Once to see who calls when, which decides what is judged together; once more to judge it.
        first = self._see(dict.fromkeys(open_now, everybody), seeds[: max(2, self._count // GLANCE)], ())
        self._targets = targets_of(self._setup, open_now, first)
        plan = {
            cell: frozenset(id for id in everybody if not lines.isdisjoint(self._group_of[id]))
            for cell, lines in ((cell, frozenset(lines)) for cell, lines in self._targets.lines_of.items())
        }
        best = self._see(plan, seeds)
        # Where everybody together leaves a doubt, nobody can be asked for more certainty than half of theirs.
        self._enough = {place: SURE if sure >= SURE else sure / 2 for place, sure in self._sure(best)}
        missed = {place: self._of(best, place) for place, sure in self._sure(best) if sure < HOPELESS}
        if missed:
            raise OutOfReach(missed, self._setup)
        return best

    # --- Judging --------------------------------------------------------------------------------------------------

    def _of(self, tally: Tally, place: Place) -> tuple[Pair, Target]:
        if isinstance(place, Block):
            return tally.blocks[place], self._targets.blocks[place]
        return tally.lines[place], self._targets.lines[place]

    def _sure(self, tally: Tally) -> Iterator[tuple[Place, float]]:
        """With which confidence each target is met."""
        places: list[Place] = [*self._targets.blocks, *self._targets.lines]
        for place in places:
            yield place, confidence(*self._of(tally, place))

    def _met(self, tally: Tally, places: Iterable[Place]) -> bool:
        return all(confidence(*self._of(tally, place)) >= self._enough[place] for place in places)

    # --- One more -------------------------------------------------------------------------------------------------

    def _enlarge(self, tally: Tally, seeds: Sequence[int]) -> Tally:
        """Until all targets are met."""
        for _ in range(ROUNDS):
            missed = [place for place, sure in self._sure(tally) if sure < self._enough[place]]
            if not [cell for place in missed for cell in self._add(place, tally)]:
                break
            tally = self._see(self._plan, seeds)
        return tally

    def _add(self, place: Place, tally: Tally) -> list[Cell]:
        """More operators where it helps this target most; the half-hours that got one."""
        pair, target = self._of(tally, place)
        if isinstance(place, Block):
            cells = self._cells(place)
            cells.sort(key=lambda cell: -sum(self._hurt(tally, cell).values()))
            far = pair.reachability.mean < target.reachability - FAR_OFF
            return [cell for _ in range(2 if far else 1) for cell in self._add_first(cells, tally)]
        line = place.line
        cells = [cell for cell in self._cells(place) if self._others(cell, {line: 1.0})]
        cells.sort(key=lambda cell: -self._hurt(tally, cell).get(line, 0.0))
        part = max(FEW_AT_ONCE, LIKELY - confidence(pair, target))
        return [cell for cell in cells[: math.ceil(len(cells) * part)] if self._join(cell, {line: 1.0})]

    def _cells(self, place: Place) -> list[Cell]:
        """The half-hours of which this target speaks."""
        if isinstance(place, Block):
            return [cell for cell, block in self._targets.block_of.items() if block == place and cell in self._plan]
        lines_of = self._targets.lines_of
        return [cell for cell, lines in lines_of.items() if cell[0] == place.weekday and place.line in lines]

    def _helpers(self, place: Place, tally: Tally) -> bool:
        """Somebody is left who could help there."""
        return any(
            self._others(cell, self._hurt(tally, cell) if isinstance(place, Block) else {place.line: 1.0})
            for cell in self._cells(place)
        )

    def _add_first(self, cells: Iterable[Cell], tally: Tally) -> list[Cell]:
        """In the first half-hour in which somebody is left who can help."""
        return next(([cell] for cell in cells if self._join(cell, self._hurt(tally, cell))), [])

    def _join(self, cell: Cell, calls: Mapping[LineId, float]) -> bool:
        others = self._others(cell, calls)
        if others:
            self._plan[cell] |= {others[0]}
        return bool(others)

    def _others(self, cell: Cell, calls: Mapping[LineId, float]) -> list[OperatorId]:
        """Who is not at work and could help with these calls, the best first."""
        return by_merit(self._setup, calls, self._plan[cell], self._now.get(cell, frozenset()))

    def _hurt(self, tally: Tally, cell: Cell) -> dict[LineId, float]:
        """Calls of each line that were lost or answered late."""
        seen = tally.cells.get(cell, {})
        return {
            line: calls.lost + calls.answered - calls.in_time
            for line, calls in seen.items()
            if line in self._targets.lines_of[cell]
        }

    # --- One fewer ------------------------------------------------------------------------------------------------

    def _tighten(self, tally: Tally, seeds: Sequence[int], cells: Iterable[Cell]) -> None:
        """Take away whoever is not needed. ``tally`` is what the plan reaches with these seeds."""
        untried = {cell: self._order(cell) for cell in cells}
        while batch := self._batch(untried):
            fewer = self._see(self._plan | {cell: self._plan[cell] - {id} for cell, id in batch.items()}, seeds)
            for cell, id in batch.items():
                after = tally.with_part(fewer, self._felt(cell))
                if self._met(after, self._judges(cell)):
                    tally = after
                    self._plan[cell] -= {id}
                else:
                    # Nor can anybody be missed who serves all that he serves, and more.
                    needed = set(untried[cell][0])
                    untried[cell] = [skills for skills in untried[cell] if not needed.issubset(skills)]

    def _order(self, cell: Cell) -> list[Skills]:
        """Skill groups at work, those first whom one would miss least: with few lines, and not rostered."""
        now = self._now.get(cell, frozenset())
        groups = {self._group_of[id] for id in self._plan[cell]}
        needless = {self._group_of[id] for id in self._plan[cell] - now}
        return sorted(groups, key=lambda skills: (len(skills), skills not in needless, skills))

    def _batch(self, untried: Mapping[Cell, list[Skills]]) -> dict[Cell, OperatorId]:
        """Who is sent home where, in half-hours that do not feel each other; those first that have most to try."""
        batch: dict[Cell, OperatorId] = {}
        felt: set[Cell] = set()
        for cell in sorted(untried, key=lambda cell: (-len(untried[cell]), cell)):
            if felt.isdisjoint(self._felt(cell)) and (id := self._next(cell, untried[cell])) is not None:
                batch[cell] = id
                felt.update(self._felt(cell))
        return batch

    def _next(self, cell: Cell, untried: list[Skills]) -> OperatorId | None:
        now = self._now.get(cell, frozenset())
        while untried:
            members = [id for id in self._plan[cell] if self._group_of[id] == untried[0]]
            if members and self._covered(cell, untried[0], len(members)):
                levels = self._setup.policy.operators
                return max(members, key=lambda id: (id not in now, sum(levels[id].lines.values()), id))
            untried.pop(0)
        return None

    def _covered(self, cell: Cell, skills: Skills, members: int) -> bool:
        """Each open line keeps an operator when one of these leaves."""
        if members > 1:
            return True
        others = {line for id in self._plan[cell] if self._group_of[id] != skills for line in self._group_of[id]}
        return all(line in others for line in self._targets.lines_of[cell])

    def _felt(self, cell: Cell) -> list[Cell]:
        """Where one feels what happens in this half-hour."""
        weekday, slot = cell
        return [(weekday, n) for n in range(slot, slot + FELT + 1)]

    def _judges(self, cell: Cell) -> Iterator[Place]:
        """The targets that may be missed for it."""
        block_of = self._targets.block_of
        yield from {block_of[felt]: None for felt in self._felt(cell) if felt in block_of}
        yield from (key for key in self._targets.lines if key.weekday == cell[0])

    # --- The proof ------------------------------------------------------------------------------------------------

    def _prove(self, seed: int) -> Tally:
        """The plan on other callers; where it misses a target after all, it gets one more, until others yet confirm it
        or nobody is left who could help."""
        count = 2 * self._count
        self._enough = dict.fromkeys(self._enough, LIKELY)
        tally = self._see(self._plan, range(seed, seed + count))
        for n in range(1, PROOFS):
            missed = [place for place, sure in self._sure(tally) if sure < LIKELY]
            if not [cell for place in missed for cell in self._add(place, tally)]:
                break
            tally = self._see(self._plan, range(seed + n * count, seed + (n + 1) * count))
        return tally
