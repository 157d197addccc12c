"""What callers experienced, by half-hour and line, summed over simulated days. All sums are of whole numbers, so the
order in which days come in makes no difference."""

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, NamedTuple

import msgspec

from acd.model.events import Event, OutcomeCounted
from acd.model.ids import LineId
from acd.model.outcome import Outcome
from sim.model.setup import SLOT, SLOTS, Setup
from sim.model.world import World
from sim.staff.plan import Cell

_LOST: Final = (Outcome.ABANDONED, Outcome.ABANDONED_SHORT)


class Block(NamedTuple):
    """Half-hours of a weekday that are judged together."""

    weekday: int
    first: int
    last: int


class OfLine(NamedTuple):
    """A line on a weekday."""

    weekday: int
    line: LineId


class Seen(msgspec.Struct):
    """Callers of one line in one half-hour."""

    entered: int = 0
    answered: int = 0
    lost: int = 0
    """Hung up, short ones included."""
    in_time: int = 0
    short: int = 0

    def add(self, other: "Seen") -> None:
        self.entered += other.entered
        self.answered += other.answered
        self.lost += other.lost
        self.in_time += other.in_time
        self.short += other.short


_NOBODY: Final = Seen()


class Ratio(msgspec.Struct):
    """Sum and squares of a part and its whole over days, which are independent of each other."""

    days: int = 0
    part: int = 0
    whole: int = 0
    part2: int = 0
    both: int = 0
    whole2: int = 0

    def take(self, part: int, whole: int) -> None:
        """One more day."""
        self.days += 1
        self.part += part
        self.whole += whole
        self.part2 += part * part
        self.both += part * whole
        self.whole2 += whole * whole

    def add(self, other: "Ratio") -> None:
        for name in self.__struct_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    @property
    def mean(self) -> float:
        """1 where nobody called."""
        return self.part / self.whole if self.whole else 1.0

    @property
    def error(self) -> float:
        """Standard error of the mean: days differ, and the calls of one day are not independent."""
        if not self.whole or self.days < 2:
            return 0.0
        mean = self.mean
        squares = max(0.0, self.part2 - 2 * mean * self.both + mean * mean * self.whole2)
        return float((squares * self.days / (self.days - 1)) ** 0.5 / self.whole)


def _reached(seen: Sequence[Seen]) -> tuple[int, int]:
    """A, A + B."""
    answered = sum(calls.answered for calls in seen)
    return answered, answered + sum(calls.lost for calls in seen)


def _served(seen: Sequence[Seen]) -> tuple[int, int]:
    """A in time, A + B - s."""
    counted = sum(calls.answered + calls.lost - calls.short for calls in seen)
    return sum(calls.in_time for calls in seen), counted


class Pair(msgspec.Struct):
    """The two targets: answered of answered and lost; in time of those, but for the short ones."""

    reachability: Ratio
    service_level: Ratio

    @classmethod
    def empty(cls) -> "Pair":
        return cls(Ratio(), Ratio())

    def take(self, seen: Sequence[Seen]) -> None:
        self.reachability.take(*_reached(seen))
        self.service_level.take(*_served(seen))

    def moved(self, before: Sequence[Seen], after: Sequence[Seen]) -> "Pair":
        """With other callers in the place of some."""
        found = []
        for ratio, count in ((self.reachability, _reached), (self.service_level, _served)):
            (part, whole), (less_part, less_whole) = count(after), count(before)
            moved = (ratio.part + part - less_part, ratio.whole + whole - less_whole)
            found.append(msgspec.structs.replace(ratio, part=moved[0], whole=moved[1]))
        return Pair(*found)

    def add(self, other: "Pair") -> None:
        self.reachability.add(other.reachability)
        self.service_level.add(other.service_level)


class Tally(msgspec.Struct):
    """Sums over days."""

    cells: dict[Cell, dict[LineId, Seen]]
    blocks: dict[Block, Pair]
    lines: dict[OfLine, Pair]
    days: dict[int, int]
    """How many of each weekday."""

    @classmethod
    def empty(cls) -> "Tally":
        return cls({}, {}, {}, {})

    def add(self, other: "Tally") -> None:
        for cell, lines in other.cells.items():
            mine = self.cells.setdefault(cell, {})
            for line, seen in lines.items():
                mine.setdefault(line, Seen()).add(seen)
        for block, pair in other.blocks.items():
            self.blocks.setdefault(block, Pair.empty()).add(pair)
        for key, pair in other.lines.items():
            self.lines.setdefault(key, Pair.empty()).add(pair)
        for weekday, days in other.days.items():
            self.days[weekday] = self.days.get(weekday, 0) + days

    def with_part(self, other: "Tally", cells: Sequence[Cell]) -> "Tally":
        """The same, but with what ``other`` saw in these half-hours, on the same callers.

        The squares stay as they were: one operator changes them little.
        """
        here = [cell for cell in cells if cell in self.cells]
        lines, blocks = dict(self.lines), dict(self.blocks)
        for key, pair in self.lines.items():
            mine, theirs = (
                [tally.cells[cell].get(key.line, _NOBODY) for cell in here if cell[0] == key.weekday]
                for tally in (self, other)
            )
            lines[key] = pair.moved(mine, theirs)
        for block, pair in self.blocks.items():
            if within := [cell for cell in here if cell[0] == block.weekday and block.first <= cell[1] <= block.last]:
                mine, theirs = (
                    [seen for cell in within for seen in tally.cells[cell].values()] for tally in (self, other)
                )
                blocks[block] = pair.moved(mine, theirs)
        return Tally(self.cells | {cell: other.cells[cell] for cell in here}, blocks, lines, self.days)

    def take(self, weekday: int, day: Sequence[Sequence[Seen]], lines: Sequence[LineId], blocks: list[Block]) -> None:
        """One day: half-hours, and in each the lines."""
        self.days[weekday] = self.days.get(weekday, 0) + 1
        for slot, row in enumerate(day):
            mine = self.cells.setdefault((weekday, slot), {})
            for line, seen in zip(lines, row, strict=True):
                if seen.entered:
                    mine.setdefault(line, Seen()).add(seen)
        for block in blocks:
            within = [seen for row in day[block.first : block.last + 1] for seen in row]
            self.blocks.setdefault(block, Pair.empty()).take(within)
        for n, line in enumerate(lines):
            self.lines.setdefault(OfLine(weekday, line), Pair.empty()).take([row[n] for row in day])


class _Days:
    """The fold over the events of one replication."""

    def __init__(self, setup: Setup, blocks: Sequence[Block]) -> None:
        self.tally = Tally.empty()
        self._setup = setup
        self._lines = list(setup.policy.lines)
        self._place = {line: n for n, line in enumerate(self._lines)}
        self._target = {id: line.target_wait for id, line in setup.policy.lines.items()}
        self._blocks = {weekday: [b for b in blocks if b.weekday == weekday] for weekday in range(7)}
        self._open: list[tuple[float, int, list[list[Seen]]]] = []
        """Midnight, weekday and counts of yesterday and today: who waits at midnight counts for yesterday."""
        self._number = 0

    def begin(self, midnight: float) -> None:
        day = self._setup.dates[self._number]
        self._number += 1
        if len(self._open) == 2:
            self._close()
        self._open.append((midnight, day.weekday(), [[Seen() for _ in self._lines] for _ in range(SLOTS)]))

    def end(self) -> Tally:
        while self._open:
            self._close()
        return self.tally

    def listen(self, events: Sequence[Event]) -> None:
        for event in events:
            if type(event) is OutcomeCounted and event.line is not None and event.waited is not None:
                self._count(event, event.line, event.waited)

    def _count(self, event: OutcomeCounted, line: LineId, waited: float) -> None:
        entered_at, outcome = event.at - waited, event.outcome
        midnight, _, day = self._open[-1] if entered_at >= self._open[-1][0] else self._open[0]
        slot = min(SLOTS - 1, max(0, int((entered_at - midnight) // SLOT)))
        seen = day[slot][self._place[line]]
        seen.entered += 1
        if outcome is Outcome.ANSWERED:
            seen.answered += 1
            seen.in_time += waited <= self._target[line]
        elif outcome in _LOST:
            seen.lost += 1
            seen.short += outcome is Outcome.ABANDONED_SHORT

    def _close(self) -> None:
        _, weekday, day = self._open.pop(0)
        self.tally.take(weekday, day, self._lines, self._blocks[weekday])


def observe(setup: Setup, blocks: Sequence[Block], seeds: Sequence[int]) -> Tally:
    """Simulate these seeds, one after the other."""
    total = Tally.empty()
    for seed in seeds:
        days = _Days(setup, blocks)
        world = World(setup, seed, days.listen)
        world.begin_day = days.begin
        world.run()
        total.add(days.end())
    return total


Observe = Callable[[Setup, Sequence[Block], Sequence[int]], Tally]
_Job = tuple[Setup, Sequence[Block], Sequence[int]]
_PARTS: Final = 4
"""Parts of the seeds that each process gets: so that none waits long for the last."""


@contextmanager
def observers(cores: int) -> Iterator[Observe]:
    """Simulates many seeds over all cores; the processes stay for the next question."""
    if cores <= 1:
        yield observe
        return
    with multiprocessing.get_context("spawn").Pool(cores) as pool:

        def all_together(setup: Setup, blocks: Sequence[Block], seeds: Sequence[int]) -> Tally:
            parts = min(len(seeds), cores * _PARTS)
            jobs: list[_Job] = [(setup, blocks, seeds[n::parts]) for n in range(parts)]
            total = Tally.empty()
            for tally in pool.imap(_observe, jobs):
                total.add(tally)
            return total

        yield all_together


def _observe(job: _Job) -> Tally:
    return observe(*job)
