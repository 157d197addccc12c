"""The same virtual world on asyncio: under a loop whose clock jumps (level B, tests), or in real time (the demo)."""

import asyncio
import math
import selectors
import time
from collections.abc import Callable

from sim.kernel import Kernel, Timer


class LoopTime:
    """A :class:`~sim.kernel.Scheduler` driven by an asyncio loop.

    Timers wait in a :class:`~sim.kernel.Kernel` and not in the loop, which keeps no order among timers of the same
    moment: so the world goes the same way here as without asyncio.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, epoch: float | None = None) -> None:
        """``epoch``: what the clock shows now, seconds since 1970; None = the loop's own time is taken for it."""
        self._loop = loop
        self._offset = 0.0 if epoch is None else epoch - loop.time()
        self._kernel = Kernel(self._wall())
        self._running = False
        self._closed = False
        self._armed_for = 0.0
        self._handle: asyncio.TimerHandle | None = None

    @classmethod
    def real(cls, loop: asyncio.AbstractEventLoop) -> "LoopTime":
        """Follows the clock on the wall from now on."""
        return cls(loop, time.time())

    def now(self) -> float:
        if not self._running:
            self._kernel.skip_to(self._wall())
        return self._kernel.now()

    def call_at(self, at: float, fn: Callable[..., object], *args: object) -> Timer:
        timer = self._kernel.call_at(at, fn, *args)
        if not self._running and (self._handle is None or timer.at < self._armed_for):
            self._arm()
        return timer

    def close(self) -> None:
        """Fire nothing any more."""
        self._closed = True
        self._disarm()

    def _wall(self) -> float:
        return self._offset + self._loop.time()

    def _arm(self) -> None:
        self._disarm()
        at = self._kernel.next_at()
        if at is not None and not self._closed:
            self._armed_for = at
            self._handle = self._loop.call_at(at - self._offset, self._run)

    def _disarm(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _run(self) -> None:
        self._handle = None
        self._running = True
        try:
            self._kernel.run_until(self._wall())
        finally:
            self._running = False
            self._arm()


class _JumpingSelector(selectors.SelectSelector):
    """Where a loop would sleep, its clock jumps instead. Sockets on the loopback need no time: what was written by
    one end can be read by the other at once."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout is None:
            return super().select(None)
        if not ready and timeout:
            self.now += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An asyncio loop in which waiting takes no time. Its ``time()`` is seconds since the epoch."""

    def __init__(self, start: float = 1_800_000_000.0) -> None:
        self._jumping = _JumpingSelector()
        self._jumping.now = start
        super().__init__(self._jumping)
        # The loop's own guess is finer than a float can tell at this size: a timer due now would never be due.
        self._clock_resolution = math.ulp(start)

    def time(self) -> float:
        return self._jumping.now
