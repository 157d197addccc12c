"""Today's counts by line: a fold over the events, the same for live figures and for rebuilding them at a restart."""

from collections import Counter
from collections.abc import Iterable

import msgspec

from acd.engine.half_hours import HalfHours
from acd.model.events import CallEnteredLine, CallRepaired, CallRerouted, CallStarted, Event, OutcomeCounted
from acd.model.ids import LineId
from acd.model.outcome import Outcome


class LineCounts(msgspec.Struct):
    """Counts of one line. Formulas: see the figures page of the documentation."""

    entered: int = 0
    answered_in_target: int = 0
    outcomes: Counter[Outcome] = msgspec.field(default_factory=Counter)

    @property
    def answered(self) -> int:
        return self.outcomes[Outcome.ANSWERED]

    @property
    def abandoned(self) -> int:
        """Abandoned, short ones included."""
        return self.outcomes[Outcome.ABANDONED] + self.outcomes[Outcome.ABANDONED_SHORT]

    @property
    def reachability(self) -> float | None:
        """A / (A + B): answered over answered and abandoned; None while there is neither."""
        total = self.answered + self.abandoned
        return self.answered / total if total else None

    @property
    def service_level(self) -> float | None:
        """A_t / (A + B - s): answered within the line's target over answered and abandoned without short abandons."""
        total = self.answered + self.outcomes[Outcome.ABANDONED]
        return self.answered_in_target / total if total else None


class Tally:
    """Counts since the last :meth:`reset`."""

    def __init__(self, target_wait: dict[LineId, float] | None = None) -> None:
        self.offered = 0
        self.lines: dict[LineId | None, LineCounts] = {}
        self.target_wait = target_wait or {}
        self.half_hours = HalfHours()

    def apply(self, events: Iterable[Event]) -> None:
        for event in events:
            self.half_hours.apply(event)
            match event:
                case CallStarted():
                    self.offered += 1
                case CallEnteredLine():
                    self.of(event.line).entered += 1
                case CallRerouted() if self.half_hours.counts(event.call):
                    # He is one caller, and counts where he is; who joined before midnight counts yesterday.
                    self.of(event.before).entered -= 1
                    self.of(event.line).entered += 1
                case OutcomeCounted():
                    self._count(event)
                case CallRepaired():
                    self._repair(event)
                case _:
                    pass

    def _count(self, event: OutcomeCounted | CallRepaired) -> None:
        counts = self.of(event.line)
        counts.outcomes[event.outcome] += 1
        # By the one outcome of the call: who is sent on is answered twice, and counts once.
        if event.outcome is Outcome.ANSWERED and event.waited is not None and event.line is not None:
            counts.answered_in_target += event.waited <= self.target_wait.get(event.line, 30.0)

    def _repair(self, event: CallRepaired) -> None:
        """Answered is never taken back: only what was inferred may turn out to be something else."""
        if not event.known:
            self.offered += 1
            if event.line is not None:
                self.of(event.line).entered += 1
        if event.counts and event.before is not event.outcome:
            if event.before is not None:
                self.of(event.line).outcomes[event.before] -= 1
            self._count(event)

    def of(self, line: LineId | None) -> LineCounts:
        """The counts of ``line``; None collects calls that never chose one."""
        counts = self.lines.get(line)
        if counts is None:
            counts = self.lines[line] = LineCounts()
        return counts

    def reset(self) -> None:
        """A new day begins."""
        self.offered = 0
        self.lines.clear()
        self.half_hours.reset()
