"""A small world around the keeper in which everything may die: engines that know only what they were told, a switch
that goes on without them, and a store that fails before or after it has done what it was asked."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec

from acd.callbacks.keeper import Keeper
from acd.callbacks.moments import may_call
from acd.config import load
from acd.config.city import CallbackTerms, City
from acd.model import commands as do
from acd.model import facts
from acd.model.callback import AttemptResult, AttemptStage, CallbackState, DueCallback, Window
from acd.model.facts import AttemptStored, Fact
from acd.model.history import HALF_HOUR
from acd.model.ids import CallbackId, CallId, LineId, OfferId, OperatorId
from acd.model.promise import Promise
from acd.ports import PromiseStore, StoreAway
from tests.callbacks.promises import LINE, MONDAY, OPERATOR

TERMS = CallbackTerms()


def _city() -> City:
    city = load(Path(__file__).parents[2] / "queues.yaml")
    line = msgspec.structs.replace(city.lines[LINE], callback=TERMS)
    return msgspec.structs.replace(city, lines={**city.lines, LINE: line})


CITY = _city()


class EarlyPlanner:
    """Promises the next half-hours in which the line's citizens may be called, however many there are already."""

    def slots(self, line: LineId, now: float, deadline: float, taken: Any) -> tuple[Window, ...]:
        free = (at for at in half_hours(now, deadline) if may_call(CITY, line, at))
        return tuple(Window(at, at + HALF_HOUR) for at, _ in zip(free, range(3), strict=False))


def half_hours(after: float, before: float) -> Iterator[float]:
    at = -(-after // HALF_HOUR) * HALF_HOUR
    while at + HALF_HOUR <= before:
        yield at
        at += HALF_HOUR


class Fault(StrEnum):
    """What may go wrong with one step of the store."""

    DIE_BEFORE = "die_before"
    DIE_AFTER = "die_after"
    """Committed; the process dies before it hears so."""
    AWAY_BEFORE = "away_before"
    AWAY_AFTER = "away_after"
    """Committed, without an answer."""
    SLOW = "slow"
    """It takes longer than an answer may."""


class FaultyStore:
    """A store whose steps meet the faults that the world has in store, the first step the first one."""

    def __init__(self, store: PromiseStore, process: "Process") -> None:
        self._store = store
        self._process = process

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        work = getattr(self._store, name)

        async def step(*args: Any, **kwargs: Any) -> Any:
            fault = self._process.next_fault(name)
            if fault is Fault.DIE_BEFORE:
                await self._process.die()
            if fault is Fault.AWAY_BEFORE:
                raise StoreAway("test")
            done = await work(*args, **kwargs)
            if fault is Fault.DIE_AFTER:
                await self._process.die()
            if fault is Fault.AWAY_AFTER:
                raise StoreAway("test")
            if fault is Fault.SLOW:
                await asyncio.sleep(0.08)
            return done

        return step


WRITES = ("book", "withdraw", "claim", "release", "note_attempt", "end_attempt", "change")


class Switch:
    """Makes the calls that it is told to make, and goes on whatever becomes of the engines."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self.alive: dict[OfferId, tuple[CallbackId, AttemptStage]] = {}
        self.told: list[OfferId] = []
        self.rings: defaultdict[CallbackId, list[tuple[float, OfferId]]] = defaultdict(list)

    def call_back(self, attempt: OfferId, callback: CallbackId) -> None:
        self.told.append(attempt)
        if attempt not in self.alive:  # a second Originate with the same channel id fails
            self.alive[attempt] = callback, AttemptStage.CLAIMED

    def advance(self, result: AttemptResult) -> None:
        """One step of every call; ``result``: how those end that come to it now."""
        at = self._world.now
        for attempt, (callback, stage) in list(self.alive.items()):
            match stage:
                case AttemptStage.CLAIMED:
                    self._step(attempt, callback, AttemptStage.RINGING)
                case AttemptStage.RINGING if result is AttemptResult.OPERATOR:
                    self._end(attempt, result)
                case AttemptStage.RINGING:
                    self._step(attempt, callback, AttemptStage.TAKEN)
                case AttemptStage.TAKEN:
                    self.rings[callback].append((at, attempt))
                    self._step(attempt, callback, AttemptStage.DIALLED)
                case AttemptStage.DIALLED if result is AttemptResult.CONNECTED:
                    self._step(attempt, callback, AttemptStage.TALKING)
                case AttemptStage.DIALLED:
                    self._end(attempt, AttemptResult.ABORTED if result is AttemptResult.OPERATOR else result)
                case AttemptStage.TALKING:
                    self._end(attempt, AttemptResult.CONNECTED)

    def _step(self, attempt: OfferId, callback: CallbackId, stage: AttemptStage) -> None:
        self.alive[attempt] = callback, stage
        self._world.tell(do.NoteAttempt(attempt, stage, self._world.now))

    def _end(self, attempt: OfferId, result: AttemptResult) -> None:
        del self.alive[attempt]
        self._world.tell(do.EndAttempt(attempt, result, self._world.now))


class Process:
    """One run of the product: a keeper, and as much of an engine as asks it."""

    def __init__(self, world: "World", first_offer: int) -> None:
        self.world = world
        self.dead = False
        self.due: tuple[DueCallback, ...] = ()
        self._next = first_offer
        self._claiming: set[CallbackId] = set()
        self.store = world.open()
        self.keeper = Keeper(FaultyStore(self.store, self), lambda: CITY, EarlyPlanner(), world.clock)  # type: ignore[arg-type]

    async def start(self) -> None:
        stored = await self.world.open_attempts()
        await self.keeper.start(self.inbox)
        for attempt in stored:
            if attempt.attempt not in self.world.switch.alive:
                spoke = attempt.stage is AttemptStage.TALKING
                result = AttemptResult.CONNECTED if spoke else AttemptResult.UNKNOWN
                self.keeper.send(do.EndAttempt(attempt.attempt, result, self.world.now))

    def inbox(self, fact: Fact) -> None:
        if self.dead:
            return
        match fact:
            case facts.CallbackPlanned(call=call, plan=plan) if plan is not None:
                self.keeper.send(do.BookCallback(call, LINE, 1, None))
            case facts.CallbackBooked(call=call):
                self.world.answer(self, call, stands=True)
            case facts.CallbackNotBooked(call=call):
                self.world.answer(self, call, stands=False)
            case facts.CallbacksDue(callbacks=due):
                self.due = due
                self.claim()
            case facts.CallbackClaimed(callback=callback, attempt=attempt):
                self._claiming.discard(callback)
                self.world.switch.call_back(attempt, callback)
            case facts.CallbackNotClaimed(callback=callback):
                self._claiming.discard(callback)
            case _:
                pass

    def claim(self) -> None:
        for due in self.due:
            if due.callback not in self._claiming:
                self._claiming.add(due.callback)
                self._next += 1
                self.keeper.send(do.ClaimCallback(due.callback, OfferId(self._next), OperatorId(OPERATOR)))

    def next_fault(self, step: str) -> Fault | None:
        faults = self.world.faults
        if faults and (step in WRITES):
            return faults.pop(0)
        return None

    async def die(self) -> None:
        """From here on this process does nothing any more."""
        self.dead = True
        await asyncio.Event().wait()

    async def bury(self) -> None:
        """What the machine does with a dead process: its connections are closed, its memory is gone."""
        self.dead = True
        self.keeper._ticks.shutdown(wait=False)
        task = self.keeper._jobs._task
        assert task is not None
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        self.keeper._inbox = None
        await self.store.close()

    @property
    def idle(self) -> bool:
        jobs = self.keeper._jobs
        return self.dead or (jobs._queue.empty() and jobs._at_work is None)


class World:
    """Time, citizens, the switch, and the processes that live."""

    def __init__(
        self, open: Callable[[], PromiseStore], open_attempts: Callable[[], Awaitable[Sequence[AttemptStored]]], n: int
    ) -> None:
        self.open = open
        self.open_attempts = open_attempts
        self.now = MONDAY
        self.faults: list[Fault] = []
        self.switch = Switch(self)
        self.processes: list[Process] = []
        self.answers: defaultdict[CallId, list[tuple[Process, bool]]] = defaultdict(list)
        self._n = n
        self._calls = 0
        self._started = 0

    def clock(self) -> float:
        return self.now

    async def start(self) -> None:
        # The second of two engines at once does not know how far the first has counted.
        process = Process(self, self._n * 100_000 + self._started * 1000)
        self._started += 1
        self.processes.append(process)
        await process.start()

    async def bury_the_dead(self) -> None:
        for process in [p for p in self.processes if p.dead]:
            self.processes.remove(process)
            await process.bury()

    def tell(self, command: do.PromiseCommand) -> None:
        for process in self.processes:
            if not process.dead:
                process.keeper.send(command)

    def citizen_calls(self) -> None:
        """He waits, accepts, and hears what becomes of it."""
        living = [p for p in self.processes if not p.dead]
        if living:
            self._calls += 1
            call = CallId(f"{self._n}.{self._calls}")
            number = f"+3247{self._n % 10000:04}{self._calls:03}"
            living[-1].keeper.send(do.PlanCallback(call, LINE, number, "nl"))

    def answer(self, process: Process, call: CallId, *, stands: bool) -> None:
        self.answers[call].append((process, stands))

    async def settle(self) -> None:
        """Until every process that lives has done what it was told."""
        quiet = 0
        while quiet < 3:
            await asyncio.sleep(0.001)
            await self.bury_the_dead()
            quiet = quiet + 1 if all(p.idle for p in self.processes) else 0

    async def tick(self) -> None:
        for process in self.processes:
            await process.keeper.tick()
            process.claim()

    async def mine(self, store: PromiseStore) -> dict[CallbackId, Promise]:
        found = await store.promises(limit=10_000)
        return {p.callback: p for p in found if p.callback.startswith(f"{self._n}.")}

    async def come_to_rest(self) -> dict[CallbackId, Promise]:
        """Nothing fails any more, and time goes on until the automation has nothing left to do."""
        self.faults.clear()
        await self.settle()
        if not self.processes:
            await self.start()
        store = self.processes[0].store
        for _ in range(150):
            await self.settle()
            left = [p for p in (await self.mine(store)).values() if p.state in (_S.OPEN, _S.CLAIMED)]
            if not left and not self.switch.alive:
                break
            self.switch.advance(AttemptResult.NO_ANSWER)
            # Only when nobody is being called does time leap.
            self.now += 1.0 if self.switch.alive else 3600.0
            await self.settle()
            await self.tick()
        return await self.mine(store)

    async def end(self) -> None:
        for process in self.processes:
            await process.keeper.stop()
            await process.store.close()


_S = CallbackState
