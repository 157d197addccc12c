"""The keeper of the promises: does what the engine says, in order, and tells it what is due.

An attempt's end, a cancellation and a citizen who got through are tried until they are in the database; all else is
answered in time, with no if need be (:mod:`acd.callbacks.jobs`). A process that dies in the middle leaves whole steps
behind, of which the next one reads what is still owed and which attempts have no end.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Final

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from acd.callbacks.closing import closes_soon
from acd.callbacks.jobs import Job, Jobs
from acd.callbacks.moments import may_call
from acd.callbacks.number import dialable
from acd.callbacks.plans import HELD, Plan, Plans, draw_up
from acd.callbacks.rules import follow
from acd.config.city import City
from acd.model import commands as do
from acd.model import events as ev
from acd.model import facts
from acd.model.call import IllegalMove
from acd.model.callback import OWED, AttemptResult, CallbackMove, CallbackState, DueCallback
from acd.model.events import Event
from acd.model.facts import Fact
from acd.model.ids import CallbackId, CallId, LineId, OfferId
from acd.model.promise import CALLER, DUE_SOON, Because, CallbackCounts, Note, Promise, cancelled, counts, settled
from acd.model.zone import ZONE
from acd.ports import Clock, Inbox, PromiseStore, SlotPlanner

TICK: Final = 5
"""Seconds between two looks at the clock: nothing comes due later than this."""
FORSAKEN: Final = 900.0
"""Seconds. No attempt that somebody looks after takes so long until they speak: an engine that died beside us has left
it, and a person must find out whether the citizen was rung."""
_HOUR: Final = 3600.0
log = structlog.get_logger()


class Keeper:
    """Implements :class:`acd.ports.Promises`.

    Args:
        store: where the promises are. Closed by whoever opened it.
        city: the settings as they are at the moment.
        planner: finds calm moments.
        clock: seconds since the epoch.
        changed: called when :attr:`counts` may have changed.
        callers: numbers of those who were on the line before we came.
    """

    def __init__(
        self,
        store: PromiseStore,
        city: Callable[[], City],
        planner: SlotPlanner,
        clock: Clock,
        *,
        changed: Callable[[], None] = lambda: None,
        callers: Mapping[CallId, str] | None = None,
    ) -> None:
        self.planner = planner
        self.counts: Mapping[LineId, CallbackCounts] = {}
        """How the promises of each line stand; lines without any are left out."""
        self._store = store
        self._city = city
        self._clock = clock
        self._changed = changed
        self._numbers = {call: number for call, text in (callers or {}).items() if (number := self._dialable(text))}
        self._plans = Plans()
        self._jobs = Jobs(self._tell, self._in_trouble, self.look)
        self._inbox: Inbox | None = None
        self._ticks = AsyncIOScheduler(timezone=ZONE)
        self._looking = False
        """A look at what is due waits in the queue."""
        self._due: tuple[DueCallback, ...] | None = ()
        """What the engine was told last; None = it must be told again."""
        self._closing: dict[LineId, float] = {}
        self._claimed: dict[OfferId, float] = {}
        """Since when each attempt that holds a promise has been seen."""
        self._was_spent = False
        self._alarmed: set[tuple[CallbackId, str]] = set()

    # --- ports.Promises -----------------------------------------------------------------------------------------------

    async def start(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._jobs.start()
        self._ticks.add_job(self.tick, "interval", seconds=TICK, coalesce=True, max_instances=1)
        self._ticks.start()
        await self.tick()

    async def stop(self) -> None:
        if self._ticks.running:
            self._ticks.shutdown(wait=False)
        await self._jobs.stop()

    def send(self, command: do.PromiseCommand) -> None:
        match command:
            case do.PlanCallback(call=call):
                self._jobs.ask(partial(self._plan, command), facts.CallbackPlanned(call, None))
            case do.DropPlan(call=call):
                self._jobs.later(partial(self._drop, call))
            case do.BookCallback(call=call):
                # What he was told, even if he hangs up meanwhile and the plan is dropped.
                work = partial(self._book, command, self._plans.get(call))
                undo = partial(self._undo_booking, call, self._clock())
                self._jobs.ask(work, facts.CallbackNotBooked(call, "database"), undo)
            case do.CancelCallback(call=call):
                work = partial(self._cancel, command, self._number_of(call))
                self._jobs.later(work, must=True)
            case do.ClaimCallback(callback=callback, attempt=attempt):
                self._due = None
                undo = partial(self._undo_claim, command)
                self._jobs.ask(partial(self._claim, command), facts.CallbackNotClaimed(callback, attempt), undo)
            case do.NoteAttempt():
                self._jobs.later(partial(self._note, command), must=True)
            case do.EndAttempt():
                self._jobs.later(partial(self._end, command), must=True)
            case _:
                log.error("callback.unknown_command", command=type(command).__name__)

    # --- What happens on the lines ------------------------------------------------------------------------------------

    def listen(self, events: Sequence[Event]) -> None:
        """Hear what has happened: who calls, who joins a line where he is owed a call, who is answered there."""
        for event in events:
            match event:
                case ev.CallStarted(call=call, number=text):
                    if number := self._dialable(text):
                        self._numbers[call] = number
                case ev.CallEnteredLine(call=call):
                    if (number := self._number_of(call)) and self._calls_back(event.line):
                        self._jobs.later(partial(self._remind, event, number))
                case ev.CallAnswered(call=call):
                    work = partial(self._got_through, event, self._number_of(call))
                    self._jobs.later(work, must=True)
                case ev.CallEnded(call=call):
                    self._numbers.pop(call, None)
                    self._jobs.later(partial(self._drop, call))
                case _:
                    pass

    def _dialable(self, text: str | None) -> str | None:
        """The number in E.164, if the city would call it."""
        number = dialable(text)
        return number if number is not None and self._city().policy.outside.may_call_back(number) else None

    def _number_of(self, call: CallId) -> str | None:
        plan = self._plans.get(call)
        return self._numbers.get(call) or (plan.told.number if plan else None)

    def _calls_back(self, line: LineId) -> bool:
        of = self._city().lines.get(line)
        return of is not None and of.callback is not None

    # --- The clock ----------------------------------------------------------------------------------------------------

    async def tick(self) -> None:
        """See what has come due, which line closes, and what is about to be broken."""
        now = self._clock()
        self._plans.lapse(now)
        self._tell_closing(now)
        self.look()

    def look(self) -> None:
        """Something has changed: tell what is due now."""
        if not self._looking:
            self._looking = True
            self._jobs.later(self._look)

    def _tell_closing(self, now: float) -> None:
        city = self._city()
        lines = [line for line in city.lines if self._calls_back(line)]
        closing = {line: at for line in lines if (at := closes_soon(city, line, now)) is not None}
        for line in {*closing, *self._closing}:
            if closing.get(line) != self._closing.get(line):
                self._tell(facts.LineClosing(line, closing.get(line)))
        self._closing = closing

    async def _look(self, _: Job) -> None:
        self._looking = False
        owed, now, city = await self._store.owed(), self._clock(), self._city()
        due = [
            DueCallback(p.callback, p.line, p.window, p.deadline, p.attempts, p.operator)
            for p in owed
            if p.state is CallbackState.OPEN
            and p.start_at <= now
            and p.line in city.lines
            and may_call(city, p.line, now)
        ]
        if due:
            # Whose number is lost cannot be called: he is left to a person, and holds up no operator.
            numbers = await self._store.numbers([one.callback for one in due])
            due = [one for one in due if one.callback in numbers]
        if due and await self._spent(now):
            due = []
        # Whom a person wants to call now comes before all others.
        self._tell_due(tuple(sorted(due, key=lambda one: one.operator is None)))
        self._alarm(owed, now)
        await self._end_forsaken(owed, now)
        self.counts = counts(owed, now)
        self._changed()

    async def _spent(self, now: float) -> bool:
        """Today's calls or minutes are used up: nobody is called back before tomorrow, or before the limits of
        ``outside`` are set higher. An ordinary day is far from them, so that it happens is an alarm."""
        outside = self._city().policy.outside
        midnight = datetime.fromtimestamp(now, ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
        rung = await self._store.rung(midnight.timestamp())
        spent = rung.calls >= outside.calls or rung.seconds >= 60 * outside.minutes
        if spent and not self._was_spent:
            log.error("callback.limit_of_the_day", alarm=True, calls=rung.calls, minutes=round(rung.seconds / 60))
        self._was_spent = spent
        return spent

    async def _end_forsaken(self, owed: Sequence[Promise], now: float) -> None:
        held = {p.attempt for p in owed if p.state is CallbackState.CLAIMED and p.attempt is not None}
        self._claimed = {attempt: self._claimed.get(attempt, now) for attempt in held}
        for attempt, since in self._claimed.items():
            if now - since >= FORSAKEN:
                log.warning("callback.forsaken", attempt=attempt)
                await self._store.end_attempt(attempt, AttemptResult.UNKNOWN, now, partial(follow, self._city()))
                self.look()

    def _tell_due(self, due: tuple[DueCallback, ...]) -> None:
        if due != self._due:
            self._due = due
            self._tell(facts.CallbacksDue(due))

    def _alarm(self, owed: Sequence[Promise], now: float) -> None:
        """Each promise in danger, and each that is broken, is told to the log once."""
        alarms = set()
        for promise in owed:
            if promise.deadline <= now + DUE_SOON:
                alarms.add((promise.callback, "broken" if promise.deadline <= now else "due_soon"))
        for callback, what in sorted(alarms - self._alarmed):
            log.warning(f"callback.{what}", callback=callback)
        self._alarmed = alarms

    # --- Words --------------------------------------------------------------------------------------------------------

    def _tell(self, fact: Fact) -> None:
        if isinstance(fact, facts.CallbackNotClaimed):
            # For the engine it is not due any more; at the next look it hears what is.
            self._due = None
        if self._inbox is not None:
            self._inbox(fact)

    def _in_trouble(self) -> None:
        """Nobody is rung on what we cannot read any more."""
        self._tell_due(())

    # --- Jobs ---------------------------------------------------------------------------------------------------------

    async def _plan(self, command: do.PlanCallback, job: Job) -> None:
        number = self._dialable(command.number)
        if number is not None:
            self._numbers[command.call] = number
        await self._draw_up(command.call, command.line, command.language, number)
        plan = self._plans.get(command.call)
        self._jobs.answer(job, facts.CallbackPlanned(command.call, plan.told if plan else None))
        if job.late:
            self._plans.drop(command.call)

    async def _remind(self, event: ev.CallEnteredLine, number: str, _: Job) -> None:
        if await self._store.owed_to(number, event.line) is None:
            return
        await self._draw_up(event.call, event.line, event.language, number)
        plan = self._plans.get(event.call)
        if plan is not None and plan.told.existing is not None:
            self._tell(facts.CallbackPlanned(event.call, plan.told))

    async def _draw_up(self, call: CallId, line: LineId, language: str, number: str | None) -> None:
        """Hold for him what he can be promised."""
        self._plans.drop(call)
        if not self._calls_back(line):
            return
        owed = await self._owed_to(call, line, number)
        taken = self._plans.taken(line, await self._store.taken(line), but=call)
        now = self._clock()
        if told := draw_up(self._city(), self.planner, line, number=number, owed=owed, taken=taken, now=now):
            self._plans.hold(call, Plan(line, language, told, now + HELD))

    async def _drop(self, call: CallId, _: Job) -> None:
        self._plans.drop(call)

    async def _book(self, command: do.BookCallback, plan: Plan | None, job: Job) -> None:
        call, now = command.call, self._clock()
        if plan is None or plan.line != command.line:
            return await self._booked_before(call, job)
        number = plan.told.number if command.number is None else self._dialable(command.number)
        if number is None:
            return self._jobs.answer(job, facts.CallbackNotBooked(call, "no_number"))
        window = plan.window(self._city(), command.choice, now)
        if window is None:
            return self._jobs.answer(job, facts.CallbackNotBooked(call, "no_such_choice"))
        wanted = Promise(
            callback=CallbackId(call),
            line=plan.line,
            call=call,
            language=plan.language,
            promised_at=now,
            start_at=window.start,
            end_at=window.end,
            deadline=plan.told.deadline,
        )
        try:
            booked = await self._store.book(wanted, number)
        except IllegalMove:
            return self._jobs.answer(job, facts.CallbackNotBooked(call, "being_called"))
        self._tell_booked(call, booked, job)
        return None

    async def _booked_before(self, call: CallId, job: Job) -> None:
        """Nothing is held for him; but it may be that he was promised a call before we were started anew."""
        before = await self._store.booked_by(call)
        if before is None:
            self._jobs.answer(job, facts.CallbackNotBooked(call, "no_plan"))
        else:
            self._tell_booked(call, before, job)

    def _tell_booked(self, call: CallId, promise: Promise, job: Job) -> None:
        self._plans.drop(call)
        if promise.state in OWED:
            self._jobs.answer(job, facts.CallbackBooked(call, promise.callback, promise.window, promise.deadline))
        else:
            self._jobs.answer(job, facts.CallbackNotBooked(call, "over"))
        self.look()

    async def _undo_booking(self, call: CallId, asked_at: float) -> None:
        await self._store.withdraw(call, asked_at, self._clock())
        self.look()

    async def _owed_to(self, call: CallId, line: LineId, number: str | None) -> Promise | None:
        """What this caller is owed on that line: by this call, also to a number that he keyed in, or by another one."""
        by_call = await self._store.booked_by(call)
        if by_call is not None and by_call.line == line and by_call.state in OWED:
            return by_call
        return None if number is None else await self._store.owed_to(number, line)

    async def _cancel(self, command: do.CancelCallback, number: str | None, _: Job) -> None:
        owed = await self._owed_to(command.call, command.line, number)
        if owed is not None:
            now = self._clock()
            await self._change(owed, partial(cancelled, at=now, why=CALLER), Note(now, CALLER, CallbackMove.CANCEL))

    async def _got_through(self, event: ev.CallAnswered, number: str | None, _: Job) -> None:
        owed = await self._owed_to(event.call, event.line, number)
        if owed is not None:
            why = Because.GOT_THROUGH.value
            note = Note(event.answered_at, CALLER, CallbackMove.SETTLE, why)
            await self._change(owed, partial(settled, at=event.answered_at, why=why), note)

    async def _change(self, promise: Promise, step: Callable[[Promise], Promise], note: Note) -> None:
        try:
            await self._store.change(promise.callback, step, note)
        except IllegalMove as illegal:
            # It has gone another way meanwhile.
            log.info("callback.refused", why=str(illegal))
        self.look()

    async def _claim(self, command: do.ClaimCallback, job: Job) -> None:
        now = self._clock()
        got = await self._store.claim(command.callback, command.attempt, command.operator, now)
        refused = None if got is None else await self._refused(got.number, now)
        if refused is not None:
            log.error("callback.refused_to_call", alarm=True, callback=command.callback, result=refused)
            await self._store.end_attempt(command.attempt, refused, now, partial(follow, self._city()))
        if got is None or refused is not None:
            self._jobs.answer(job, facts.CallbackNotClaimed(command.callback, command.attempt))
        else:
            told = facts.CallbackClaimed(command.callback, command.attempt, got.number, got.promise.language)
            self._jobs.answer(job, told)
        self.look()

    async def _refused(self, number: str, now: float) -> AttemptResult | None:
        """What becomes of an attempt that must not be made: to a number that is none of those we call, also when it was
        promised before or written into the database by hand; or to one that was called often within the hour."""
        if self._dialable(number) != number:
            return AttemptResult.WRONG_NUMBER
        rung = await self._store.rung(now - _HOUR, number)
        return AttemptResult.FAULT if rung.calls >= self._city().policy.outside.per_number else None

    async def _undo_claim(self, command: do.ClaimCallback) -> None:
        await self._store.release(command.attempt, self._clock())
        self.look()

    async def _note(self, command: do.NoteAttempt, _: Job) -> None:
        await self._store.note_attempt(command.attempt, command.stage, command.at)
        self.look()

    async def _end(self, command: do.EndAttempt, _: Job) -> None:
        self._due = None
        await self._store.end_attempt(command.attempt, command.result, command.at, partial(follow, self._city()))
        self.look()
