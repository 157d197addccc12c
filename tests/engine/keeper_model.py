"""An honest keeper of promises: a book that outlives everything, and a process beside the engine that dies with it."""

from collections import deque
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from acd.model import commands as c
from acd.model import events as e
from acd.model import facts as f
from acd.model.callback import OWED, AttemptResult, AttemptStage, CallbackPlan, CallbackState, DueCallback, Window
from acd.model.ids import CallbackId, CallId, LineId, OfferId, OperatorId

if TYPE_CHECKING:
    from tests.engine.switch_model import ModelSwitch

PATIENCE: Final = 4.5
"""Seconds after which what has no answer yet is answered no."""
BEFORE: Final = 15.0
"""Seconds from the promise to its moment."""
LASTS: Final = 60.0
DEADLINE: Final = 20_000.0
LOOKS: Final = 5.0
RETRY: Final = 60.0
MOST_ATTEMPTS: Final = 3

_S, _R = CallbackState, AttemptResult


class Mode(StrEnum):
    QUICK = "quick"
    SLOW = "slow"
    LATE = "late"
    """It writes, and does not learn so before its patience is over: it says no, and takes back what it wrote."""
    REFUSING = "refusing"
    AWAY = "away"
    """The database does not answer."""


DELAYS: Final = {Mode.QUICK: (0.01, 0.02), Mode.REFUSING: (0.01, 0.02), Mode.SLOW: (1.5, 1.5), Mode.LATE: (0.5, 6.0)}
"""Seconds until it is written, and from then until it is known to be."""


class Promise:
    def __init__(
        self, id: CallbackId, call: CallId, line: LineId, number: str, window: Window, deadline: float
    ) -> None:
        self.id, self.call, self.line, self.number = id, call, line, number
        self.window, self.deadline = window, deadline
        self.state = _S.OPEN
        self.attempt: OfferId | None = None
        self.tries = 0


class Attempt:
    def __init__(self, id: OfferId, promise: Promise, operator: OperatorId) -> None:
        self.id, self.promise, self.operator = id, promise, operator
        self.stage = AttemptStage.CLAIMED
        self.result: AttemptResult | None = None


class Book:
    """What is in the database."""

    def __init__(self) -> None:
        self.promises: dict[CallbackId, Promise] = {}
        self.attempts: dict[OfferId, Attempt] = {}
        self.promised_to: set[CallId] = set()
        """Calls whose promise was written, and not taken back."""

    def knows(self, number: str | None) -> bool:
        return any(promise.number == number for promise in self.promises.values())

    def owed_to(self, call: CallId, line: LineId, number: str | None) -> Promise | None:
        for promise in self.promises.values():
            his = promise.call == call or (number is not None and promise.number == number)
            if his and promise.line == line and promise.state in OWED:
                return promise
        return None

    def owe(self, id: CallbackId, line: LineId, number: str, at: float) -> None:
        """A promise of an earlier day."""
        window = Window(at, at + LASTS)
        self.promises[id] = Promise(id, CallId(id), line, number, window, at + DEADLINE)

    def under_way(self) -> Iterable[f.AttemptStored]:
        for a in self.attempts.values():
            if a.result is None:
                yield f.AttemptStored(a.id, a.promise.id, a.promise.line, a.operator, a.stage)


class Job:
    def __init__(self, work: Callable[[], f.Fact | None], refusal: f.Fact | None, undo: Callable[[], None]) -> None:
        self.work, self.refusal, self.undo = work, refusal, undo
        self.must = False
        self.begun = self.answered = self.late = False


def nothing() -> None:
    pass


class Keeper:
    """One process of it: does one thing after the other."""

    def __init__(self, switch: "ModelSwitch", book: Book) -> None:
        self.switch, self.book = switch, book
        self.dead = False
        self.mode = Mode.QUICK
        self.numbers = {caller.id: caller.number for caller in switch.callers.values()}
        self.plans: dict[CallId, tuple[LineId, CallbackPlan]] = {}
        self.jobs: deque[Job] = deque()
        self.busy = False
        self.told: tuple[DueCallback, ...] = ()
        self.at(0.0, self._tick)

    # --- In order ---------------------------------------------------------------------------------------------------

    def at(self, seconds: float, act: Callable[[], None]) -> None:
        self.switch.at(seconds, lambda: None if self.dead else act())

    def tell(self, fact: f.Fact) -> None:
        if not self.dead:
            self.switch.hear(fact)

    def ask(self, work: Callable[[], f.Fact | None], refusal: f.Fact, undo: Callable[[], None] = nothing) -> None:
        job = Job(work, refusal, undo)
        self.at(PATIENCE, lambda: self._refuse(job))
        self._put(job)

    def later(self, work: Callable[[], None], *, must: bool = False) -> None:
        job = Job(work, None, nothing)
        job.must = must
        self._put(job)

    def _put(self, job: Job) -> None:
        self.jobs.append(job)
        if not self.busy:
            self.busy = True
            self.at(0.0, self._next)

    def _refuse(self, job: Job) -> None:
        if not job.answered:
            job.answered = job.late = True
            assert job.refusal is not None
            self.tell(job.refusal)

    def _next(self) -> None:
        self.busy = bool(self.jobs)
        if self.jobs:
            job = self.jobs[0]
            self.at(0.0 if self.mode is Mode.AWAY else DELAYS[self.mode][0], lambda: self._write(job))

    def _write(self, job: Job) -> None:
        if self.mode is Mode.AWAY and not job.late:
            self._tell_due(())
            if job.must or job.refusal is not None:
                self.at(0.5, lambda: self._write(job))
                return
        elif not job.late:
            refuses = self.mode is Mode.REFUSING and job.refusal is not None
            job.begun = not refuses
            fact = job.refusal if refuses else job.work()
            self.at(DELAYS.get(self.mode, (0.0, 0.0))[1], lambda: self._written(job, fact))
            return
        self._over()

    def _written(self, job: Job, fact: f.Fact | None) -> None:
        if job.late and job.begun:
            job.undo()
        elif fact is not None and not job.answered:
            job.answered = True
            self.tell(fact)
        self._look()
        self._over()

    def _over(self) -> None:
        self.jobs.popleft()
        self._next()

    # --- What is due ------------------------------------------------------------------------------------------------

    def _tick(self) -> None:
        self.at(LOOKS, self._tick)
        self._look()

    def _look(self) -> None:
        if self.mode is Mode.AWAY:
            return
        now, lines = self.switch.now, self.switch.policy.lines
        owed = sorted(self.book.promises.values(), key=lambda p: (p.deadline, p.id))
        due = (p for p in owed if p.state is _S.OPEN and p.window.start <= now and p.line in lines)
        self._tell_due(tuple(DueCallback(p.id, p.line, p.window, p.deadline, p.tries) for p in due))

    def _tell_due(self, due: tuple[DueCallback, ...]) -> None:
        if due != self.told:
            self.told = due
            self.tell(f.CallbacksDue(due))

    # --- What the engine says -----------------------------------------------------------------------------------------

    def send(self, command: c.PromiseCommand) -> None:
        match command:
            case c.PlanCallback():
                self.ask(lambda: self._plan(command), f.CallbackPlanned(command.call, None))
            case c.DropPlan():
                self.later(lambda: self._drop(command.call))
            case c.BookCallback():
                plan = self.plans.get(command.call)
                refusal = f.CallbackNotBooked(command.call, "database")
                before = dict(self.book.promises)
                self.ask(lambda: self._book(command, plan), refusal, lambda: self._withdraw(command.call, before))
            case c.CancelCallback():
                self.later(lambda: self._move(command.call, command.line, _S.CANCELLED), must=True)
            case c.ClaimCallback():
                refused = f.CallbackNotClaimed(command.callback, command.attempt)
                self.ask(lambda: self._claim(command), refused, lambda: self._end(command.attempt, _R.OPERATOR))
            case c.NoteAttempt():
                self.later(lambda: self._note(command), must=True)
            case c.EndAttempt():
                self.later(lambda: self._end(command.attempt, command.result), must=True)
            case _:
                raise AssertionError(f"{command} is not for the keeper")

    def listen(self, events: Iterable[e.Event]) -> None:
        for event in events:
            match event:
                case e.CallStarted():
                    self.numbers[event.call] = event.number
                case e.CallEnteredLine():
                    self._remind_later(event.call, event.line)
                case e.CallAnswered():
                    self._settle_later(event.call, event.line)
                case e.CallEnded():
                    self._drop_later(event.call)
                case _:
                    pass

    def _remind_later(self, call: CallId, line: LineId) -> None:
        self.later(lambda: self._remind(call, line))

    def _settle_later(self, call: CallId, line: LineId) -> None:
        self.later(lambda: self._move(call, line, _S.SETTLED), must=True)

    def _drop_later(self, call: CallId) -> None:
        self.later(lambda: self._drop(call))

    def _draw_up(self, call: CallId, line: LineId) -> CallbackPlan | None:
        self._drop(call)
        of = self.switch.policy.lines.get(line)
        if of is None or of.callback is None:
            return None
        now, number = self.switch.now, self.numbers.get(call)
        owed = self.book.owed_to(call, line, number)
        slot = Window(now + BEFORE, now + BEFORE + LASTS)
        existing, callback = (None, None) if owed is None else (owed.window, owed.id)
        plan = CallbackPlan(number, (slot,), now + DEADLINE, existing, callback)
        self.plans[call] = line, plan
        return plan

    def _plan(self, command: c.PlanCallback) -> f.Fact:
        return f.CallbackPlanned(command.call, self._draw_up(command.call, command.line))

    def _remind(self, call: CallId, line: LineId) -> None:
        if (number := self.numbers.get(call)) and self.book.owed_to(call, line, number):
            plan = self._draw_up(call, line)
            if plan is not None:
                self.at(0.0, lambda: self.tell(f.CallbackPlanned(call, plan)))

    def _drop(self, call: CallId) -> None:
        self.plans.pop(call, None)

    def _book(self, command: c.BookCallback, plan: tuple[LineId, CallbackPlan] | None) -> f.Fact:
        call, now = command.call, self.switch.now
        before = next((p for p in self.book.promises.values() if p.call == call), None)
        if before is not None:
            if before.state in OWED:
                return f.CallbackBooked(call, before.id, before.window, before.deadline)
            return f.CallbackNotBooked(call, "over")
        if plan is None or plan[0] != command.line:
            return f.CallbackNotBooked(call, "no_plan")
        number = command.number or plan[1].number
        if number is None:
            return f.CallbackNotBooked(call, "no_number")
        owed = self.book.owed_to(call, command.line, number)
        window = plan[1].slots[0] if command.choice else Window(now + 1.0, now + LASTS)
        promise = Promise(CallbackId(call), call, command.line, number, window, plan[1].deadline)
        if owed is not None:
            if owed.state is _S.CLAIMED:
                return f.CallbackNotBooked(call, "being_called")
            # It is moved: what was tried before counts no more.
            promise.id = owed.id
        self.book.promises[promise.id] = promise
        self.book.promised_to.add(call)
        self._drop(call)
        return f.CallbackBooked(call, promise.id, promise.window, promise.deadline)

    def _withdraw(self, call: CallId, before: dict[CallbackId, Promise]) -> None:
        for id, promise in list(self.book.promises.items()):
            if promise.call == call and promise.state is _S.OPEN and promise is not before.get(id):
                self.book.promised_to.discard(call)
                if id in before:
                    self.book.promises[id] = before[id]
                else:
                    del self.book.promises[id]

    def _move(self, call: CallId, line: LineId, to: CallbackState) -> None:
        owed = self.book.owed_to(call, line, self.numbers.get(call))
        if owed is not None and (to is _S.SETTLED or owed.state is not _S.CLAIMED):
            owed.state = to

    def _claim(self, command: c.ClaimCallback) -> f.Fact:
        promise, now = self.book.promises.get(command.callback), self.switch.now
        if promise is None or promise.state is not _S.OPEN or promise.window.start > now:
            return f.CallbackNotClaimed(command.callback, command.attempt)
        assert command.attempt not in self.book.attempts
        promise.state, promise.attempt = _S.CLAIMED, command.attempt
        self.book.attempts[command.attempt] = Attempt(command.attempt, promise, command.operator)
        return f.CallbackClaimed(command.callback, command.attempt, promise.number, "nl")

    def _note(self, command: c.NoteAttempt) -> None:
        attempt = self.book.attempts.get(command.attempt)
        if attempt is not None and attempt.result is None:
            attempt.stage = command.stage
            if command.stage is AttemptStage.TALKING and attempt.promise.state is _S.CLAIMED:
                attempt.promise.state = _S.REACHED

    def _end(self, id: OfferId, result: AttemptResult) -> None:
        attempt, now = self.book.attempts.get(id), self.switch.now
        if attempt is None or attempt.result is not None:
            return
        if attempt.stage is AttemptStage.TALKING:
            result = _R.CONNECTED
        attempt.result = result
        promise = attempt.promise
        if promise.state is not _S.CLAIMED or promise.attempt != id:
            return
        if result is _R.CONNECTED:
            promise.state = _S.REACHED
        elif result is _R.OPERATOR:
            promise.state = _S.OPEN
        else:
            promise.tries += 1
            final = (_R.UNKNOWN, _R.WRONG_NUMBER, _R.REFUSED)
            over = result in final or promise.tries >= MOST_ATTEMPTS
            promise.state = _S.HANDED_OVER if over else _S.OPEN
            promise.window = Window(now + RETRY, now + RETRY + LASTS)
