"""Promises in memory: the twin of the database's store, for the simulator and for tests. It obeys the same suite."""

import uuid
from collections import Counter
from collections.abc import Collection
from typing import Final

import msgspec

from acd.model import promise as steps
from acd.model.callback import OWED, AttemptResult, AttemptStage, CallbackMove, CallbackState
from acd.model.history import HALF_HOUR
from acd.model.ids import CallbackId, CallId, LineId, OfferId, OperatorId
from acd.model.promise import (
    BOOK,
    CALLER,
    SYSTEM,
    WITHDRAW,
    Attempt,
    Change,
    Claimed,
    Decide,
    Note,
    Promise,
    Rung,
    Step,
)

FOR_EVER: Final = float("inf")


class Shelf:
    """What a database would hold. It outlives the stores that look at it."""

    def __init__(self) -> None:
        self.promises: dict[CallbackId, Promise] = {}
        self.numbers: dict[CallbackId, str] = {}
        self.attempts: dict[OfferId, Attempt] = {}
        self.log: list[Change] = []


class MemoryStore:
    """Implements :class:`acd.ports.PromiseStore`. No step waits for anything, so each is whole."""

    def __init__(self, shelf: Shelf | None = None) -> None:
        self._shelf = shelf or Shelf()
        self._source = uuid.uuid4().hex

    async def close(self) -> None:
        return None

    # --- The caller's part --------------------------------------------------------------------------------------------

    async def book(self, promise: Promise, number: str) -> Promise:
        if before := self._booked(promise.call):
            return before
        note = Note(promise.promised_at, CALLER, BOOK)
        if owed := self._owed_to(number, promise.line):
            return self._write(owed, steps.rebooked(owed, promise), note)
        earlier = [entry.step for entry in self._shelf.log if entry.callback == promise.callback]
        promise = msgspec.structs.replace(promise, step=max(earlier, default=0) + 1)
        self._shelf.promises[promise.callback] = promise
        self._shelf.numbers[promise.callback] = number
        self._shelf.log.append(steps.change(None, promise, note))
        return promise

    async def withdraw(self, call: CallId, since: float, at: float) -> None:
        promise = next((p for p in self._shelf.promises.values() if p.call == call), None)
        if promise is None:
            return
        last = (await self.changes(promise.callback))[-1]
        before, note = steps.unbooked(promise, last, since), Note(at, SYSTEM, WITHDRAW, "nobody was told of it")
        if before is None:
            del self._shelf.promises[promise.callback], self._shelf.numbers[promise.callback]
            self._shelf.log.append(steps.change(promise, None, note))
        elif before != promise:
            self._write(promise, before, note)

    # --- Attempts -----------------------------------------------------------------------------------------------------

    async def claim(self, callback: CallbackId, attempt: OfferId, operator: OperatorId, at: float) -> Claimed | None:
        old, number = self._shelf.promises.get(callback), self._shelf.numbers.get(callback)
        if old is None or number is None:
            return None
        if made := self._shelf.attempts.get(attempt):
            ours = made.source == self._source and old.attempt == made.attempt
            return Claimed(old, number) if ours else None
        if old.state is not CallbackState.OPEN or old.start_at > at:
            return None
        self._shelf.attempts[attempt] = Attempt(
            attempt=attempt,
            callback=callback,
            line=old.line,
            operator=operator,
            source=self._source,
            claimed_at=at,
        )
        note = Note(at, SYSTEM, CallbackMove.CLAIM, attempt=attempt)
        return Claimed(self._write(old, steps.claimed(old, attempt, at), note), number)

    async def release(self, attempt: OfferId, at: float) -> None:
        found = self._shelf.attempts.get(attempt)
        if found is not None and found.source == self._source:
            await self.end_attempt(attempt, AttemptResult.OPERATOR, at, steps.at_once)

    async def note_attempt(self, attempt: OfferId, stage: AttemptStage, at: float) -> None:
        found = self._shelf.attempts.get(attempt)
        if found is None:
            return
        old = self._shelf.promises[found.callback]
        new, after = steps.noted(old, found, stage, at)
        if after != found:
            self._shelf.attempts[attempt] = after
            self._write(old, new, Note(at, SYSTEM, stage, attempt=attempt))

    async def end_attempt(self, attempt: OfferId, result: AttemptResult, at: float, decide: Decide) -> Promise | None:
        found = self._shelf.attempts.get(attempt)
        if found is None or found.ended_at is not None:
            return None
        old = self._shelf.promises[found.callback]
        new, self._shelf.attempts[attempt] = steps.ended(old, found, result, at, decide)
        return self._write(old, new, Note(at, SYSTEM, "ended", result, attempt))

    # --- Whoever else changes it --------------------------------------------------------------------------------------

    async def change(self, callback: CallbackId, step: Step, note: Note) -> Promise:
        old = self._shelf.promises.get(callback)
        if old is None:
            raise steps.NoSuchCallback(callback)
        return self._write(old, step(old), note)

    # --- Reads --------------------------------------------------------------------------------------------------------

    async def owed_to(self, number: str, line: LineId) -> Promise | None:
        return self._owed_to(number, line)

    async def booked_by(self, call: CallId) -> Promise | None:
        return self._booked(call)

    async def owed(self) -> list[Promise]:
        owed = [p for p in self._shelf.promises.values() if p.state in OWED]
        return sorted(owed, key=lambda p: (p.deadline, p.callback))

    async def taken(self, line: LineId) -> dict[float, int]:
        mine = (p for p in self._shelf.promises.values() if p.line == line and p.state is CallbackState.OPEN)
        return dict(Counter(p.start_at // HALF_HOUR * HALF_HOUR for p in mine))

    async def promises(self, *, since: float = 0.0, until: float = FOR_EVER, limit: int = 1000) -> list[Promise]:
        given = [p for p in self._shelf.promises.values() if since <= p.promised_at < until]
        return sorted(given, key=lambda p: (p.promised_at, p.callback), reverse=True)[:limit]

    async def promise(self, callback: CallbackId) -> Promise | None:
        return self._shelf.promises.get(callback)

    async def attempts(self, callback: CallbackId) -> list[Attempt]:
        his = [a for a in self._shelf.attempts.values() if a.callback == callback]
        return sorted(his, key=lambda a: (a.claimed_at, a.attempt))

    async def rung(self, since: float, number: str | None = None) -> Rung:
        numbers = self._shelf.numbers
        rung = [
            attempt
            for attempt in self._shelf.attempts.values()
            if attempt.dialled_at is not None
            and attempt.dialled_at >= since
            and number in (None, numbers.get(attempt.callback))
        ]
        talks = (a.ended_at - a.answered_at for a in rung if a.ended_at is not None and a.answered_at is not None)
        return Rung(len(rung), sum(talks))

    async def changes(self, callback: CallbackId) -> list[Change]:
        return [entry for entry in self._shelf.log if entry.callback == callback]

    async def closed(self, line: LineId | None, limit: int) -> list[Promise]:
        over = [(p.closed_at, p) for p in self._shelf.promises.values() if p.closed_at and line in (None, p.line)]
        latest = sorted(over, key=lambda one: (one[0], one[1].callback), reverse=True)
        return [promise for _, promise in latest[:limit]]

    async def numbers(self, callbacks: Collection[CallbackId]) -> dict[CallbackId, str]:
        return {id: number for id in callbacks if (number := self._shelf.numbers.get(id))}

    # --- Inside -------------------------------------------------------------------------------------------------------

    def _booked(self, call: CallId) -> Promise | None:
        return next((p for p in self._shelf.promises.values() if call in (p.call, p.callback)), None)

    def _owed_to(self, number: str, line: LineId) -> Promise | None:
        owed = (p for p in self._shelf.promises.values() if p.line == line and p.state in OWED)
        return next((p for p in owed if self._shelf.numbers.get(p.callback) == number), None)

    def _write(self, old: Promise, new: Promise, note: Note) -> Promise:
        new = steps.next_step(old, new)
        self._shelf.promises[new.callback] = new
        self._shelf.log.append(steps.change(old, new, note))
        return new
