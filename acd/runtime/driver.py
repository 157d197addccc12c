"""The only place where the engine meets the event loop, the switch and the keeper of the promises.

Facts are handled at once, in the order in which they come, one after the other: what the switch tells us is answered in
the same turn of the loop. Whatever goes wrong inside the engine ends the process: callers then are Asterisk's, and a
fresh engine reads everything anew. An engine that limps on with a state nobody understands would be worse.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import cache
from typing import Final

import structlog
from structlog.contextvars import bound_contextvars

from acd.engine.core import Engine
from acd.model.callback import AttemptResult
from acd.model.commands import Command, EndAttempt, PromiseCommand
from acd.model.events import Event
from acd.model.facts import CallbackClaimed, Fact, Tick
from acd.ports import Clock, Journal, Pbx, Promises

HEARTBEAT_EVERY: Final = 2.0
"""Seconds. The dialplan takes the engine for dead after 6."""

Listener = Callable[[Sequence[Event]], None]

log = structlog.get_logger()


def steady_clock() -> Clock:
    """Seconds since the epoch that only ever go forward, whatever is done to the machine's clock meanwhile."""
    offset = time.time() - time.monotonic()
    return lambda: offset + time.monotonic()


class Driver:
    """Runs one engine against one switch.

    Args:
        engine: decides.
        pbx: carries.
        journal: is told every event before anybody else.
        clock: seconds since the epoch, never going back.
        listeners: are told every event after the journal. They only look on: what one raises is logged, and routing
            goes on without it.
        promises: keeps the promises to call back. None = nobody does: what is asked of the keeper is answered by
            nobody, so no caller hears the offer.
    """

    def __init__(
        self,
        engine: Engine,
        pbx: Pbx,
        journal: Journal,
        clock: Clock,
        listeners: Sequence[Listener] = (),
        *,
        promises: Promises | None = None,
    ) -> None:
        self.engine = engine
        self._pbx = pbx
        self._journal = journal
        self._clock = clock
        self._listeners = listeners
        self._promises = promises
        self._inbox: deque[Fact] = deque()
        self._busy = False
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at: float | None = None
        self._failed: asyncio.Future[None] | None = None

    def tell(self, fact: Fact) -> None:
        """Hand a fact to the engine. Facts told while another is handled wait their turn; once the engine has failed or
        was stopped, there is nobody to hand them to."""
        if self._failed is not None and self._failed.done():
            self._give_back(fact)
            return
        self._inbox.append(fact)
        if self._busy:
            return
        self._busy = True
        try:
            while self._inbox:
                self._step(self._inbox.popleft())
        except Exception as error:
            self._inbox.clear()
            self._fail(error)
            return
        finally:
            self._busy = False
        self._arm()

    def _give_back(self, fact: Fact) -> None:
        """A promise that was claimed when nobody was there any more to ring for it: it is due again, for whoever comes
        next. Left as it is, nobody would know whether the citizen was rung, and a person had to find out."""
        if isinstance(fact, CallbackClaimed) and self._promises is not None:
            self._promises.send(EndAttempt(fact.attempt, AttemptResult.OPERATOR, self._clock()))

    async def run(self, first: Sequence[Fact] = ()) -> None:
        """Drive until cancelled.

        Args:
            first: told to the engine before the switch is connected (what the records knew).

        Raises:
            Exception: whatever the engine raised; the process should end.
        """
        self._failed = asyncio.get_running_loop().create_future()
        for fact in first:
            self.tell(fact)
        if self._promises is None:
            await self._drive(self._failed)
            return
        await self._promises.start(self.tell)
        try:
            await self._drive(self._failed)
        finally:
            # The last: what was asked of it is still written down.
            await self._promises.stop()

    async def _drive(self, failed: asyncio.Future[None]) -> None:
        await self._pbx.start(self.tell)
        beat = asyncio.create_task(self._beat(), name="heartbeat")
        try:
            await failed
        finally:
            beat.cancel()
            self._disarm()
            await self._pbx.stop()

    def _step(self, fact: Fact) -> None:
        with bound_contextvars(**_about(fact)):
            self._take(fact)

    def _take(self, fact: Fact) -> None:
        step = self.engine.handle(fact, self._clock())
        if step.events:
            self._journal.write(step.events)
        self._send(step.commands)
        if step.events:
            for listener in self._listeners:
                self._show(listener, step.events)

    def _show(self, listener: Listener, events: Sequence[Event]) -> None:
        try:
            listener(events)
        except Exception:
            log.exception("a listener failed; routing goes on")

    def _send(self, commands: Sequence[Command]) -> None:
        for command in commands:
            if not isinstance(command, PromiseCommand):
                self._pbx.send(command)
            elif self._promises is not None:
                self._promises.send(command)

    def _fail(self, error: Exception) -> None:
        log.critical("the engine failed; Asterisk serves the callers until it is back", exc_info=error)
        if self._failed is None:
            raise error
        if not self._failed.done():
            self._failed.set_exception(error)

    async def _beat(self) -> None:
        """Says that routing is alive: it beats only when a tick went through the engine. When it cannot beat, Asterisk
        soon serves the callers beside us: that is a failure, too."""
        assert self._failed is not None
        while not self._failed.done():
            self.tell(Tick())
            if not self._failed.done():
                try:
                    self._pbx.heartbeat()
                except Exception as error:
                    self._fail(error)
            await asyncio.sleep(HEARTBEAT_EVERY)

    def _arm(self) -> None:
        """Wake up when the engine's next timer is due."""
        due = self.engine.due()
        if due == self._timer_at:
            return
        self._disarm()
        if due is not None:
            delay = max(0.0, due - self._clock())
            self._timer_at = due
            self._timer = asyncio.get_running_loop().call_later(delay, self._tick)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._timer_at = None, None

    def _tick(self) -> None:
        self._timer, self._timer_at = None, None
        self.tell(Tick())


_SUBJECTS: Final = ("call", "operator", "callback", "attempt")


def _about(fact: Fact) -> dict[str, object]:
    """Whom a fact is about: what is logged while it is handled says so."""
    return {name: value for name in _subjects(type(fact)) if (value := getattr(fact, name)) is not None}


@cache
def _subjects(kind: type[Fact]) -> tuple[str, ...]:
    return tuple(name for name in _SUBJECTS if name in kind.__struct_fields__)
