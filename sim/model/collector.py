"""The fold of the engine's events into :class:`~sim.model.figures.Figures`, while they happen.

It hears every event, so it counts in plain objects of its own (``scripts/compile`` makes structs in C of them) and
turns them into figures at the end.
"""

import math
from collections import Counter
from typing import Any, Final

from acd.model.events import CallStarted, CitizenReached, Event, OperatorChanged, OutcomeCounted
from acd.model.operator import OperatorState
from acd.model.outcome import Outcome
from acd.model.policy import Line, Policy
from sim.model.figures import LONG, LONGEST, ON_DUTY, Counts, Figures, LineFigures, Promises
from sim.model.setup import SLOT, SLOTS

# Compiled code looks the name of a foreign class up at each use, but not a constant.
_CHANGED: Final = OperatorChanged
_COUNTED: Final = OutcomeCounted
_STARTED: Final = CallStarted
_REACHED: Final = CitizenReached
_ANSWERED: Final = Outcome.ANSWERED
_ABANDONED: Final = Outcome.ABANDONED
_SHORT: Final = Outcome.ABANDONED_SHORT
_ON_DUTY: Final = ON_DUTY


class _Slot:
    """:class:`~sim.model.figures.Counts` in the making."""

    __slots__ = (
        "abandoned",
        "answered",
        "entered",
        "in_time",
        "long",
        "lost_in_time",
        "short",
        "wait_of_all",
        "wait_of_answered",
        "waited",
    )

    def __init__(self) -> None:
        self.entered = self.answered = self.in_time = self.abandoned = 0
        self.short = self.lost_in_time = self.waited = self.long = 0
        self.wait_of_answered = self.wait_of_all = 0.0

    def counts(self) -> Counts:
        return Counts(
            entered=self.entered,
            answered=self.answered,
            in_time=self.in_time,
            abandoned=self.abandoned,
            short=self.short,
            lost_in_time=self.lost_in_time,
            waited=self.waited,
            long=self.long,
            wait_of_answered=self.wait_of_answered,
            wait_of_all=self.wait_of_all,
        )


class _OfLine:
    """One line."""

    __slots__ = ("outcomes", "slots", "target", "waits")

    def __init__(self, line: Line) -> None:
        self.target: float = line.target_wait
        self.slots = [_Slot() for _ in range(SLOTS)]
        self.outcomes: dict[str, int] = {}
        self.waits = [0] * (LONGEST + 1)

    def figures(self) -> LineFigures:
        return LineFigures([slot.counts() for slot in self.slots], Counter(self.outcomes), self.waits, Promises())


class _OfOperator:
    """One operator. Times are seconds, moments seconds since the epoch."""

    __slots__ = ("changed", "duty", "duty_since", "on_duty", "times")

    def __init__(self) -> None:
        self.changed = 0.0
        self.times: dict[OperatorState, float] = dict.fromkeys(OperatorState, 0.0)
        self.duty = [0.0] * SLOTS
        self.duty_since = 0.0
        self.on_duty = False


class Collector:
    """The fold.

    Args:
        policy: for the targets of the lines.
        since: calls that came before (seconds since the epoch) are not counted.
        until: nor are those that came then or later.
    """

    def __init__(self, policy: Policy, since: float = 0.0, until: float = math.inf) -> None:
        self.midnight = 0.0
        """Seconds since the epoch at which the day began."""
        self._since = since
        self._until = until
        self._called_back = 0
        self._offered = 0
        self._no_line: dict[str, int] = {}
        self._lines = {id: _OfLine(line) for id, line in policy.lines.items()}
        self._operators = {id: _OfOperator() for id in policy.operators}

    def listen(self, events: list[Event]) -> None:
        event: Any  # mypy cannot tell from a constant what kind of event it is.
        for event in events:
            kind = type(event)
            if kind is _CHANGED:
                self._operator_changed(event)
            elif kind is _COUNTED:
                self._counted(event)
            elif kind is _STARTED:
                self._started(event)
            elif kind is _REACHED:
                self._called_back += self._since <= event.at < self._until

    def result(self, citizens: int) -> Figures:
        lines = {id: line.figures() for id, line in self._lines.items()}
        times = {id: operator.times for id, operator in self._operators.items()}
        duty = {id: operator.duty for id, operator in self._operators.items()}
        return Figures(self._offered, citizens, lines, times, Counter(self._no_line), duty, self._called_back)

    def _started(self, event: CallStarted) -> None:
        if self._since <= event.arrived_at < self._until:
            self._offered += 1

    def _counted(self, event: OutcomeCounted) -> None:
        line, outcome, waited = event.line, event.outcome, event.waited
        entered_at = event.at - (waited or 0.0)
        if not self._since <= entered_at < self._until:
            return
        if line is None or waited is None:
            self._no_line[outcome] = self._no_line.get(outcome, 0) + 1
            return
        figures = self._lines[line]
        figures.outcomes[outcome] = figures.outcomes.get(outcome, 0) + 1
        slot = figures.slots[int((entered_at - self.midnight) // SLOT) % SLOTS]
        slot.entered += 1
        slot.wait_of_all += waited
        if waited > 0:
            slot.waited += 1
            slot.long += waited > LONG
        in_time = waited <= figures.target
        if outcome is _ANSWERED:
            slot.answered += 1
            slot.wait_of_answered += waited
            slot.in_time += in_time
            figures.waits[min(int(waited), LONGEST)] += 1
        elif outcome is _ABANDONED or outcome is _SHORT:
            slot.abandoned += 1
            slot.short += outcome is _SHORT
            slot.lost_in_time += in_time

    def _operator_changed(self, event: OperatorChanged) -> None:
        operator, at = self._operators[event.operator], min(event.at, self._until)
        since = max(operator.changed, self._since)
        if at > since:
            operator.times[event.before] += at - since
        operator.changed = at
        # Only who comes or goes costs anything here, not who takes a call.
        on_duty = event.state in _ON_DUTY
        if on_duty is not operator.on_duty:
            operator.on_duty = on_duty
            if on_duty:
                operator.duty_since = at
            else:
                self._off_duty(operator, at)

    def _off_duty(self, operator: _OfOperator, at: float) -> None:
        """Spread his time on duty over the half-hours."""
        slots, midnight = operator.duty, self.midnight
        since = max(operator.duty_since, self._since)
        while since < at:
            slot = int((since - midnight) // SLOT)
            until = min(at, midnight + (slot + 1) * SLOT)
            slots[slot % SLOTS] += until - since
            since = until
