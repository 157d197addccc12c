"""Virtual time: a heap of timers and a clock that jumps from one to the next.

Same start, same calls, same order, on any machine: timers due at the same moment fire in the order in which they were
set. No asyncio, no threads, no real clock.
"""

from collections.abc import Callable
from heapq import heapify, heappop, heappush
from itertools import count
from typing import Final, Protocol

# Compiled code looks the name of a foreign function up at each use, but not a constant.
_push: Final = heappush
_pop: Final = heappop


class Timer:
    """One appointment. Firing or cancelling it frees what it held."""

    __slots__ = ("args", "at", "fn")

    def __init__(self, at: float, fn: Callable[..., object], args: tuple[object, ...]) -> None:
        self.at = at
        self.fn: Callable[..., object] | None = fn
        self.args = args

    def cancel(self) -> None:
        """Do not fire. Harmless on a timer that has fired or was cancelled."""
        self.fn = None
        self.args = ()


class Scheduler(Protocol):
    """Where the simulated world gets its time from: :class:`Kernel`, or asyncio by way of ``sim.loop_time``."""

    def now(self) -> float:
        """Seconds since the epoch."""

    def call_at(self, at: float, fn: Callable[..., object], *args: object) -> Timer:
        """Call ``fn(*args)`` at ``at`` (seconds since the epoch); a moment in the past means as soon as possible."""


class Kernel:
    """The event loop of a simulation."""

    SWEEP = 4096
    """Below this many timers, cancelled ones are left to come up by themselves."""

    def __init__(self, start: float = 0.0) -> None:
        self._now = start
        self._heap: list[tuple[float, int, Timer]] = []
        self._at_once: list[Timer] = []
        """Those that were due when they were set, in order. Many are (a menu that nobody hears, a phone that is picked
        up at once), and a heap is dear. They come after those of the heap with the same moment, which were set before
        that moment had come."""
        self._next_number = count().__next__
        self._sweep_at = self.SWEEP
        self.fired = 0
        """Timers fired so far."""

    def now(self) -> float:
        return self._now

    def call_at(self, at: float, fn: Callable[..., object], *args: object) -> Timer:
        if at <= self._now:
            timer = Timer(self._now, fn, args)
            self._at_once.append(timer)
            return timer
        timer = Timer(at, fn, args)
        heap = self._heap
        _push(heap, (at, self._next_number(), timer))
        if len(heap) > self._sweep_at:
            self._sweep()
        return timer

    def next_at(self) -> float | None:
        """When the next timer is due; None = nothing is planned."""
        heap, at_once = self._heap, self._at_once
        while at_once and at_once[0].fn is None:
            del at_once[0]
        while heap and heap[0][2].fn is None:
            _pop(heap)
        at = heap[0][0] if heap else None
        if at_once and (at is None or at_once[0].at < at):
            return at_once[0].at
        return at

    def run_until(self, until: float) -> None:
        """Fire all that is due up to and at ``until``, then let it be ``until``."""
        heap, at_once = self._heap, self._at_once
        while True:
            if at_once and at_once[0].at <= until and (not heap or at_once[0].at < heap[0][0]):
                timer = at_once.pop(0)
            elif heap and heap[0][0] <= until:
                timer = _pop(heap)[2]
            else:
                break
            fn = timer.fn
            if fn is not None:
                self._now = max(self._now, timer.at)
                timer.fn = None
                self.fired += 1
                fn(*timer.args)
        self._now = max(self._now, until)

    def skip_to(self, moment: float) -> None:
        """Let it be ``moment``, if it is not later already; what was due until then fires late."""
        self._now = max(self._now, moment)

    def run(self) -> None:
        """Fire everything, until nothing is planned any more."""
        while (at := self.next_at()) is not None:
            self.run_until(at)

    def _sweep(self) -> None:
        # Most timers of a long run are cancelled (patience, ring time): without this the heap would only grow.
        self._heap[:] = [entry for entry in self._heap if entry[2].fn is not None]
        heapify(self._heap)
        self._sweep_at = max(self.SWEEP, 2 * len(self._heap))
