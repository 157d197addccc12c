"""The keeper of the promises of level A: the product's own planner, rules and steps, in virtual time and without a
database. What the product's keeper does between two transactions, this one does in no time."""

from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from acd.callbacks.closing import closes_soon
from acd.callbacks.days import terms
from acd.callbacks.deadline import deadline
from acd.callbacks.moments import as_soon_as_calm, may_call
from acd.callbacks.rules import follow
from acd.callbacks.slots import Planner
from acd.config import Interval
from acd.config.city import Shift as Roster
from acd.model import commands as c
from acd.model.callback import AttemptResult, CallbackPlan, CallbackState, DueCallback, Window
from acd.model.events import CallEnteredLine, Event
from acd.model.facts import (
    CallbackBooked,
    CallbackClaimed,
    CallbackNotClaimed,
    CallbackPlanned,
    CallbacksDue,
    Fact,
    LineClosing,
)
from acd.model.history import HALF_HOUR, History
from acd.model.ids import CallbackId, CallId, LineId, OfferId
from acd.model.promise import Attempt, Follow, Promise, claimed, ended, noted
from sim.kernel import Kernel
from sim.model.figures import Promises
from sim.model.setup import Setup, Shift, Staff

LOOK: Final = 30.0
"""Seconds between two looks at what is due."""
MEMORY: Final = 8 * 7 * 86400.0
"""Seconds of the past that the forecast learns from."""
NUMBER: Final = "+3290000000"
"""Nobody is rung in a simulation."""


class LeanKeeper:
    """Plans, promises and tells what is due.

    Args:
        kernel: the clock.
        setup: must have a city.
        tell: the engine's inbox; it must not call back.
    """

    def __init__(self, kernel: Kernel, setup: Setup, tell: Callable[[Fact], None]) -> None:
        assert setup.city is not None
        self._kernel = kernel
        self._tell = tell
        self._city = msgspec.structs.replace(setup.city, policy=setup.policy, shifts=rosters(setup.staff), roster={})
        self._arrivals: dict[LineId, Counter[int]] = {id: Counter() for id in setup.policy.lines}
        self._planner = Planner(self._city, History(), kernel.now())
        self._plans: dict[CallId, tuple[LineId, CallbackPlan]] = {}
        self.promises: dict[CallbackId, Promise] = {}
        """Those that are still to be called by the engine."""
        self.attempts: dict[OfferId, Attempt] = {}
        self.closed: list[Promise] = []
        """Reached, or handed over to a person: of those nobody here takes care."""
        self._due: tuple[DueCallback, ...] = ()
        self._todo: deque[c.PromiseCommand] = deque()
        self._looking = False
        self._closing: dict[LineId, float | None] = {}

    def listen(self, events: Sequence[Event]) -> None:
        """Callers of today teach the forecast of tomorrow."""
        for event in events:
            if type(event) is CallEnteredLine:
                self._arrivals[event.line][int(event.entered_at // HALF_HOUR) * HALF_HOUR] += 1

    def begin_day(self, midnight: float) -> None:
        """Forecast and roster are made anew."""
        for counts in self._arrivals.values():
            for start in [start for start in counts if start < midnight - MEMORY]:
                del counts[start]
        self._planner = Planner(self._city, History(arrivals=self._arrivals), midnight)
        for hour in range(2 * 24):
            self._kernel.call_at(midnight + hour * HALF_HOUR, self._look_at_hours)

    def _look_at_hours(self) -> None:
        """Which lines close within the next half-hour."""
        for line in self._arrivals:
            closes_at = closes_soon(self._city, line, self._kernel.now())
            if closes_at != self._closing.get(line):
                self._closing[line] = closes_at
                self._tell(LineClosing(line, closes_at))

    # --- Commands -------------------------------------------------------------------------------------------------

    def send(self, commands: Sequence[c.Command]) -> None:
        """Take in those that are for the keeper; :meth:`work` answers them."""
        self._todo.extend(command for command in commands if isinstance(command, c.PromiseCommand))

    def work(self) -> bool:
        """Answer what was asked, and what was asked on hearing of it. True: there was something."""
        worked = bool(self._todo)
        while self._todo:
            command = self._todo.popleft()
            _ANSWERS[type(command)](self, command)
        return worked

    def _plan(self, command: c.PlanCallback) -> None:
        now = self._kernel.now()
        by = deadline(self._city, command.line, now)
        slots = self._planner.slots(command.line, now, by, self._taken(command.line))
        plan = CallbackPlan(NUMBER, slots, by)
        self._plans[command.call] = (command.line, plan)
        self._tell(CallbackPlanned(command.call, plan))

    def _taken(self, line: LineId) -> Mapping[float, int]:
        """What is promised, and what is being offered to somebody."""
        taken = Counter(p.start_at for p in self.promises.values() if p.line == line and p.state is CallbackState.OPEN)
        for of, plan in self._plans.values():
            if of == line:
                taken.update(slot.start for slot in plan.slots)
        return taken

    def _drop(self, command: c.DropPlan) -> None:
        self._plans.pop(command.call, None)

    def _book(self, command: c.BookCallback) -> None:
        now = self._kernel.now()
        _, plan = self._plans.pop(command.call)
        window = self._window(command, plan, now)
        id = CallbackId(command.call)
        self.promises[id] = Promise(
            callback=id,
            line=command.line,
            call=command.call,
            language="nl",
            promised_at=now,
            start_at=window.start,
            end_at=window.end,
            deadline=plan.deadline,
        )
        self._tell(CallbackBooked(command.call, id, window, plan.deadline))
        self._look_on()

    def _window(self, command: c.BookCallback, plan: CallbackPlan, now: float) -> Window:
        if 1 <= command.choice <= len(plan.slots):
            return plan.slots[command.choice - 1]
        return as_soon_as_calm(self._city, command.line, now, plan.deadline)

    def _cancel(self, command: c.CancelCallback) -> None:
        raise AssertionError("no citizen of this simulation cancels")

    def _claim(self, command: c.ClaimCallback) -> None:
        now, promise = self._kernel.now(), self.promises[command.callback]
        if promise.state is not CallbackState.OPEN:
            self._tell(CallbackNotClaimed(command.callback, command.attempt))
            return
        self.promises[command.callback] = claimed(promise, command.attempt, now)
        self.attempts[command.attempt] = Attempt(
            attempt=command.attempt,
            callback=command.callback,
            line=promise.line,
            operator=command.operator,
            source="sim",
            claimed_at=now,
        )
        self._tell(CallbackClaimed(command.callback, command.attempt, NUMBER, promise.language))

    def _note(self, command: c.NoteAttempt) -> None:
        attempt = self.attempts[command.attempt]
        promise = self.promises[attempt.callback]
        self.promises[attempt.callback], self.attempts[attempt.attempt] = noted(
            promise, attempt, command.stage, command.at
        )

    def _end(self, command: c.EndAttempt) -> None:
        attempt = self.attempts[command.attempt]
        promise = self.promises[attempt.callback]
        self.promises[attempt.callback], self.attempts[attempt.attempt] = ended(
            promise, attempt, command.result, command.at, self._follow
        )
        promise = self.promises[attempt.callback]
        if promise.state not in (CallbackState.OPEN, CallbackState.CLAIMED):
            del self.promises[promise.callback], self.attempts[attempt.attempt]
            self.closed.append(promise)
        self._tell_due()
        self._look_on()

    def result(self, since: float, until: float) -> dict[LineId, Promises]:
        """How the promises that were given between these moments fared up to now."""
        now, found = self._kernel.now(), {line: Promises() for line in self._arrivals}
        for promise in (*self.closed, *self.promises.values()):
            if not since <= promise.promised_at < until:
                continue
            figures = found[promise.line]
            in_time = promise.reached_at is not None and promise.reached_at <= promise.deadline
            fallen_due = promise.deadline <= now
            figures.accepted += 1
            figures.reached += promise.reached_at is not None
            figures.in_time += in_time
            figures.fallen_due += fallen_due
            figures.kept += in_time and fallen_due
            tried = promise.attempts >= terms(self._city, promise.line).attempts
            figures.unanswered += fallen_due and not in_time and tried
        return found

    def _follow(self, promise: Promise, result: AttemptResult, at: float) -> Follow:
        return follow(self._city, promise, result, at)

    # --- What is due ----------------------------------------------------------------------------------------------

    def _look_on(self) -> None:
        """Look regularly, as long as anything is open."""
        if not self._looking:
            self._looking = True
            self._kernel.call_at(self._kernel.now() + LOOK, self._look)

    def _look(self) -> None:
        self._looking = False
        self._tell_due()
        if self.promises:
            self._look_on()

    def _tell_due(self) -> None:
        now = self._kernel.now()
        open_ones = [p for p in self.promises.values() if p.state is CallbackState.OPEN and p.start_at <= now]
        due = tuple(
            DueCallback(p.callback, p.line, p.window, p.deadline, p.attempts)
            for p in sorted(open_ones, key=lambda p: (p.deadline, p.start_at, p.callback))
            if may_call(self._city, p.line, now)
        )
        if due != self._due:
            self._due = due
            self._tell(CallbacksDue(due))


_ANSWERS: Final[dict[type[c.PromiseCommand], Callable[[LeanKeeper, Any], None]]] = {
    c.PlanCallback: LeanKeeper._plan,
    c.DropPlan: LeanKeeper._drop,
    c.BookCallback: LeanKeeper._book,
    c.CancelCallback: LeanKeeper._cancel,
    c.ClaimCallback: LeanKeeper._claim,
    c.NoteAttempt: LeanKeeper._note,
    c.EndAttempt: LeanKeeper._end,
}


def rosters(staff: Staff) -> tuple[Roster, ...]:
    """The simulated shifts as the planner of the product knows them."""
    return tuple(
        Roster(
            operators=shift.operators,
            days=shift.weekdays,
            hours=(_interval(shift.start, shift.end),),
            breaks=_breaks(shift),
        )
        for shift in staff.shifts
    )


def _breaks(shift: Shift) -> tuple[Interval, ...]:
    return tuple(_interval(pause.start, min(pause.start + pause.seconds, shift.end)) for pause in shift.breaks)


def _interval(start: float, end: float) -> Interval:
    return Interval(int(start // 60), int(end // 60))
