"""What SIPp wrote down, turned into figures."""

import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec


class Stamp(msgspec.Struct, frozen=True):
    """One line of a SIPp log: ``<date> <time> <seconds since the epoch> <what> <words>``."""

    at: float
    """Seconds since the epoch, to the microsecond."""
    what: str
    words: tuple[str, ...]


def read_log(text: str) -> list[Stamp]:
    """The stamps of a SIPp log, in order of time. A last line cut short by the end of SIPp is left out."""
    whole = text[: text.rfind("\n") + 1]
    return sorted(map(_stamp, whole.splitlines()), key=lambda stamp: stamp.at)


def _stamp(line: str) -> Stamp:
    words = line.split()
    if len(words) < 4:
        raise ValueError(f"no line of a SIPp log: {line!r}")
    return Stamp(float(words[2]), words[3], tuple(words[4:]))


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


_NEVER: Final = math.inf


class Story:
    """What callers and operators lived through, joined by the caller's number.

    Args:
        callers: stamps ``ack <number>`` and ``end <number>`` of the callers' SIPp.
        operators: stamps ``invite``, ``up`` and ``bye``, each ``<device> <number>``, of the operators' SIPp.
    """

    def __init__(self, callers: Iterable[Stamp], operators: Iterable[Stamp]) -> None:
        self.acks: dict[str, float] = {stamp.words[0]: stamp.at for stamp in callers if stamp.what == "ack"}
        """Caller -> when he sent the ACK that made the call."""
        self.invites: dict[str, float] = {}
        """Caller -> when a phone first got the INVITE for him."""
        self.ups: list[float] = []
        """When operators were connected."""
        self.byes: dict[str, list[float]] = defaultdict(list)
        self._invited: dict[str, list[float]] = defaultdict(list)
        for stamp in operators:
            device, caller = stamp.words
            match stamp.what:
                case "invite":
                    self.invites.setdefault(caller, stamp.at)
                    self._invited[device].append(stamp.at)
                case "up":
                    self.ups.append(stamp.at)
                case "bye":
                    self.byes[device].append(stamp.at)
                case what:
                    raise ValueError(f"operators do not write {what!r}")
        self._acked = sorted(self.acks.values())
        self._offered = sorted(at for caller, at in self.invites.items() if caller in self.acks)

    def offered(self, window: Window) -> int:
        """Calls that came in."""
        return sum(at in window for at in self._acked)

    def connected(self, window: Window) -> int:
        """Calls that an operator answered."""
        return sum(at in window for at in self.ups)

    def entry_to_invite(self, window: Window) -> list[float]:
        """Seconds from a caller's ACK to the first INVITE for him at a phone, of the callers who came in the window."""
        return [self.invites[who] - at for who, at in self.acks.items() if at in window and who in self.invites]

    def without_operator(self, window: Window) -> int:
        """Callers of the window for whom no phone ever rang."""
        return sum(at in window and who not in self.invites for who, at in self.acks.items())

    def free_to_invite(self, window: Window) -> list[float]:
        """Seconds from an operator's BYE to the next INVITE at his phone, where a caller was waiting at the BYE."""
        return [
            self._next_invite(device, at) - at
            for device, byes in self.byes.items()
            for at in byes
            if at in window and self.waiting(at) > 0 and self._next_invite(device, at) < _NEVER
        ]

    def waiting(self, at: float) -> int:
        """Callers for whom no phone had rung yet."""
        return bisect_left(self._acked, at) - bisect_left(self._offered, at)

    def _next_invite(self, device: str, at: float) -> float:
        invited = self._invited[device]
        place = bisect_left(invited, at)
        return invited[place] if place < len(invited) else _NEVER


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
