"""What SIPp wrote down, turned into figures."""

import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import msgspec

from sim.lab.sipp import RingStory, Stories


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least ``share`` of all values do not exceed (nearest rank: a value that was seen).

    Args:
        share: 0 < share <= 1.

    Raises:
        ValueError: there are no values.
    """
    if not values:
        raise ValueError("no values, no percentile")
    return sorted(values)[max(0, math.ceil(share * len(values) - 1e-9) - 1)]


class Spread(msgspec.Struct, frozen=True):
    """How values lie; in the unit of the values."""

    n: int
    mean: float
    p50: float
    p90: float
    p99: float
    worst: float


def spread(values: Sequence[float]) -> Spread | None:
    """None when there are no values."""
    if not values:
        return None
    p50, p90, p99 = (percentile(values, share) for share in (0.50, 0.90, 0.99))
    return Spread(len(values), sum(values) / len(values), p50, p90, p99, max(values))


def ratio(ours: float | None, theirs: float | None) -> float | None:
    """``ours / theirs``; None when one of them was not measured or theirs is 0."""
    return ours / theirs if ours is not None and theirs else None


@dataclass(frozen=True)
class Window:
    """The steady part of a phase, seconds since the epoch; warm-up and end are outside."""

    start: float
    end: float

    @property
    def seconds(self) -> float:
        return self.end - self.start

    def __contains__(self, at: float) -> bool:
        return self.start <= at < self.end


class Story:
    """What callers and operators lived through, as SIPp wrote it down."""

    def __init__(self, stories: Stories) -> None:
        self._entered = {citizen.number: citizen.up for citizen in stories.citizens.values()}
        self._rings = sorted(stories.rings, key=lambda ring: ring.invited)
        self._invited: dict[str, float] = {}
        """Caller -> when a phone first rang for him."""
        self._phones: dict[str, list[RingStory]] = defaultdict(list)
        for ring in self._rings:
            self._invited.setdefault(ring.number, ring.invited)
            self._phones[ring.device].append(ring)
        self._entries = sorted(self._entered.values())
        self._served = sorted(at for number, at in self._invited.items() if number in self._entered)

    def offered(self, window: Window) -> int:
        """Calls that came in."""
        return sum(at in window for at in self._entries)

    def connected(self, window: Window) -> int:
        """Calls that an operator answered."""
        return sum(ring.answered is not None and ring.answered in window for ring in self._rings)

    def entry_to_invite(self, window: Window) -> list[float]:
        """Seconds from a caller's ACK to the first INVITE for him at a phone, of the callers who came in the window."""
        callers = ((number, at) for number, at in self._entered.items() if at in window)
        return [self._invited[number] - at for number, at in callers if number in self._invited]

    def without_operator(self, window: Window) -> int:
        """Callers of the window for whom no phone ever rang."""
        return sum(at in window and number not in self._invited for number, at in self._entered.items())

    def free_to_invite(self, window: Window) -> list[float]:
        """Seconds from an operator's BYE to the next INVITE at his phone, where a caller was waiting at the BYE."""
        return [
            after.invited - before.ended
            for rings in self._phones.values()
            for before, after in pairwise(rings)
            if before.ended is not None and before.ended in window and self.waiting(before.ended) > 0
        ]

    def waiting(self, at: float) -> int:
        """Callers for whom no phone had rung yet."""
        return bisect_left(self._entries, at) - bisect_left(self._served, at)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Columns of text: the first flush left, figures flush right."""
    all_rows = [list(head), *map(list, rows)]
    widths = [max(len(row[i]) for row in all_rows) for i in range(len(head))]
    lines = [
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in all_rows
    ]
    return "\n".join([lines[0], "-" * (sum(widths) + 2 * (len(widths) - 1)), *lines[1:]])


def number(value: float | None, digits: int = 1) -> str:
    """For a table; ``-`` when nothing was measured."""
    return "-" if value is None else f"{value:.{digits}f}"
