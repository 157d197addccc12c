"""Counts of what happened: what is kept of a replication does not grow with its calls.

Formulas and names are those of the wallboard and the reports.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from acd.model.ids import LineId, OperatorId
from acd.model.operator import AT_WORK, OperatorState
from acd.model.outcome import Outcome
from sim.model.setup import SLOTS

LONG: Final = 150.0
"""Seconds: who waits longer is a broken promise of the Belgian customer-service charter."""
LONGEST: Final = 1200
"""Waits of so many seconds and more are one class."""

_BUSY: Final = (OperatorState.RESERVED, OperatorState.RINGING, OperatorState.IN_CALL, OperatorState.WRAP_UP)
_HANDLING: Final = (OperatorState.IN_CALL, OperatorState.WRAP_UP)
ON_DUTY: Final = frozenset({OperatorState.AVAILABLE, *AT_WORK})


class Counts(msgspec.Struct):
    """The callers who joined a line in one half-hour, or in many. Waits are seconds, from joining the line."""

    entered: int = 0
    answered: int = 0
    in_time: int = 0
    """Answered within the target of the line."""
    abandoned: int = 0
    """Short ones included."""
    short: int = 0
    """Abandoned before the short-abandon limit of the line."""
    lost_in_time: int = 0
    """Abandoned within the target of the line."""
    waited: int = 0
    """Not answered at once."""
    long: int = 0
    """Waited longer than :data:`LONG`, answered or not."""
    wait_of_answered: float = 0.0
    wait_of_all: float = 0.0

    @classmethod
    def sum(cls, parts: Iterable["Counts"]) -> "Counts":
        return cls(*map(sum, zip(*map(msgspec.structs.astuple, parts), strict=True)))

    @property
    def reachability(self) -> float | None:
        """A / (A + B)."""
        return ratio(self.answered, self.answered + self.abandoned)

    @property
    def service_level(self) -> float | None:
        """A_t / (A + B - s)."""
        return ratio(self.in_time, self.answered + self.abandoned - self.short)

    @property
    def queue_service_level(self) -> float | None:
        """A_t / (A + B after t), as contact-centre research counts it."""
        return ratio(self.in_time, self.answered + self.abandoned - self.lost_in_time)

    @property
    def speed_of_answer(self) -> float | None:
        """ASA, seconds."""
        return ratio(self.wait_of_answered, self.answered)

    @property
    def strict(self) -> float | None:
        """A / all that joined."""
        return ratio(self.answered, self.entered)

    @property
    def long_share(self) -> float | None:
        return ratio(self.long, self.entered)


class Promises(msgspec.Struct):
    """The promises to call back of one line, or of all."""

    accepted: int = 0
    reached: int = 0
    in_time: int = 0
    """Reached before the deadline."""
    fallen_due: int = 0
    """Accepted, and the deadline has passed."""
    kept: int = 0
    """Of those, reached before it."""
    unanswered: int = 0
    """Not kept, though the citizen's phone was rung as often as the line allows."""

    def add(self, other: "Promises") -> None:
        for name in self.__struct_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    @property
    def broken(self) -> int:
        """Not kept, and rung less often than the line allows, or never: what the contact centre owes."""
        return self.fallen_due - self.kept - self.unanswered

    @property
    def kept_share(self) -> float | None:
        """Reached before the deadline / accepted whose deadline has passed."""
        return ratio(self.kept, self.fallen_due)


class LineFigures(msgspec.Struct):
    """One line, or all of them."""

    slots: list[Counts]
    """By half-hour of the day in which the caller joined."""
    outcomes: Counter[str]
    waits: list[int]
    """Answered callers by whole seconds waited; the last class is open."""
    promises: Promises

    @classmethod
    def empty(cls) -> "LineFigures":
        return cls([Counts() for _ in range(SLOTS)], Counter(), [0] * (LONGEST + 1), Promises())

    def add(self, other: "LineFigures") -> None:
        self.slots = [Counts.sum(pair) for pair in zip(self.slots, other.slots, strict=True)]
        self.outcomes.update(other.outcomes)
        self.waits = [a + b for a, b in zip(self.waits, other.waits, strict=True)]
        self.promises.add(other.promises)

    @property
    def total(self) -> Counts:
        return Counts.sum(self.slots)

    @property
    def spoken(self) -> int:
        """Citizens who spoke with an operator: A + callbacks reached in time."""
        return self.total.answered + self.promises.in_time

    @property
    def reached(self) -> float | None:
        """(A + callbacks reached in time) / (A + B + callbacks accepted)."""
        total = self.total
        return ratio(self.spoken, total.answered + total.abandoned + self.promises.accepted)

    def wait_quantile(self, share: float) -> int | None:
        """Seconds within which ``share`` (0 to 1) of the answered callers were answered."""
        left = share * sum(self.waits)
        for second, count in enumerate(self.waits):
            left -= count
            if count and left <= 0:
                return second + 1
        return None


class Figures(msgspec.Struct):
    """All that is kept of one replication."""

    offered: int
    """Calls, also those that never joined a line."""
    citizens: int
    """The same without second tries."""
    lines: dict[LineId, LineFigures]
    operators: dict[OperatorId, dict[OperatorState, float]]
    """Seconds in each state."""
    no_line: Counter[str]
    """Outcomes of calls that never joined a line: closed, informed, left in the menu."""
    duty: dict[OperatorId, list[float]]
    """Seconds on duty, available or at work, by half-hour of the day."""
    called_back: int = 0
    """Citizens who were called and answered."""

    def add(self, other: "Figures") -> None:
        """Take in another replication, or another part of the same."""
        self.offered += other.offered
        self.citizens += other.citizens
        self.no_line.update(other.no_line)
        for line, figures in other.lines.items():
            self.lines.setdefault(line, LineFigures.empty()).add(figures)
        self.called_back += other.called_back
        for operator, times in other.operators.items():
            mine = self.operators.setdefault(operator, {})
            for state, seconds in times.items():
                mine[state] = mine.get(state, 0.0) + seconds
        for operator, slots in other.duty.items():
            known = self.duty.get(operator, [0.0] * SLOTS)
            self.duty[operator] = [a + b for a, b in zip(known, slots, strict=True)]

    def of(self, line: LineId | None) -> LineFigures:
        """One line; None = all of them."""
        return self.all_lines if line is None else self.lines[line]

    @property
    def all_lines(self) -> LineFigures:
        total = LineFigures.empty()
        for line in self.lines.values():
            total.add(line)
        return total

    def occupancy(self, operators: Iterable[OperatorId] | None = None) -> float | None:
        """(talk + ring + wrap-up) / (that + available); pauses are in neither."""
        chosen = list(self.operators if operators is None else operators)
        busy = sum((self._seconds(operator, _BUSY) for operator in chosen), 0.0)
        return ratio(
            busy, busy + sum((self._seconds(operator, (OperatorState.AVAILABLE,)) for operator in chosen), 0.0)
        )

    @property
    def handle_time(self) -> float | None:
        """AHT: (talk + wrap-up) / handled, seconds."""
        handled = sum(line.outcomes[Outcome.ANSWERED] for line in self.lines.values()) + self.called_back
        return ratio(sum((self._seconds(operator, _HANDLING) for operator in self.operators), 0.0), handled)

    @property
    def helped(self) -> float | None:
        """Citizens helped / citizens who called."""
        reached = (Outcome.ANSWERED, Outcome.OVERFLOW_ANSWERED)
        helped = sum(line.outcomes[o] for line in self.lines.values() for o in reached)
        return ratio(helped + sum(line.promises.reached for line in self.lines.values()), self.citizens)

    def _seconds(self, operator: OperatorId, states: Sequence[OperatorState]) -> float:
        times = self.operators.get(operator, {})
        return sum((times.get(state, 0.0) for state in states), 0.0)


def ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None
