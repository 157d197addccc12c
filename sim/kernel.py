"""Virtual time: timers in order, and a clock that jumps from one to the next.

Same start, same calls, same order, on any machine: timers due at the same moment fire in the order in which they were
set. No asyncio, no threads, no real clock.
"""

from bisect import bisect_left
from collections.abc import Callable
from typing import Final, Protocol

# Compiled code looks the name of a foreign function up at each use, but not a constant.
_place: Final = bisect_left


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
        self._timers: list[Timer] = []
        """The next one stands last: to take it moves no other. For the tens of timers of a contact centre this takes
        half the time of a heap, which compares more often, and tuples instead of numbers; for hundreds as much, beyond
        that more."""
        self._moments: list[float] = []
        """When each of them is due, negative: so the list is in order for ``bisect``."""
        self._sweep_at = self.SWEEP
        self.fired = 0
        """Timers fired so far."""

    def now(self) -> float:
        return self._now

    def call_at(self, at: float, fn: Callable[..., object], *args: object) -> Timer:
        timer = Timer(max(at, self._now), fn, args)
        if len(self._timers) >= self._sweep_at:
            self._sweep()
        # Before those of the same moment: it fires after them.
        place = _place(self._moments, -timer.at)
        self._moments.insert(place, -timer.at)
        self._timers.insert(place, timer)
        return timer

    def next_at(self) -> float | None:
        """When the next timer is due; None = nothing is planned."""
        timers = self._timers
        while timers:
            timer = timers[-1]
            if timer.fn is not None:
                return timer.at
            timers.pop()
            self._moments.pop()
        return None

    def run_until(self, until: float) -> None:
        """Fire all that is due up to and at ``until``, then let it be ``until``."""
        timers = self._timers
        while timers and timers[-1].at <= until:
            timer = timers.pop()
            self._moments.pop()
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
        # Most timers of a long run are cancelled (patience, ring time): without this the list would only grow.
        self._timers[:] = [timer for timer in self._timers if timer.fn is not None]
        self._moments[:] = [-timer.at for timer in self._timers]
        self._sweep_at = max(self.SWEEP, 2 * len(self._timers))
