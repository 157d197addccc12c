"""How long the machine itself stood still: for tests of a promise in seconds, on a machine that others use too.

A product that promises two seconds cannot keep them while the machine gives nobody the processor. A thread sleeps again
and again for a moment; by how much it comes late from that is what the machine took.
"""

import threading
import time
from collections.abc import Awaitable, Callable
from typing import Final, Self

EVERY: Final = 0.01
"""Seconds between two looks at the clock."""
ATTEMPTS: Final = 3
STALLED: Final = 0.2
"""Seconds of standing still at a stretch that explain a failure: many short waits are a busy machine's every day."""


class Stalls:
    """Measures while it is entered; may be asked within and afterwards.

    Args:
        now: the clock of the moments that are asked for; seconds.
        sleep: waits so many seconds.
    """

    def __init__(self, now: Callable[[], float] = time.time, sleep: Callable[[float], object] = time.sleep) -> None:
        self._now, self._sleep = now, sleep
        self._late: list[tuple[float, float]] = []
        """When it should have woken, and when it did."""
        self._due: float | None = None
        self._turn = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._measure, name="stalls", daemon=True)

    def __enter__(self) -> Self:
        self._due = self._now() + EVERY
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._due = None

    def between(self, begin: float, end: float) -> float:
        """Seconds of that interval in which the machine stood still; what was not measured counts as none."""
        return sum(max(0.0, min(end, woke) - max(begin, due)) for due, woke in self._seen())

    def longest(self) -> float:
        """Seconds for which it stood still at a stretch, at most."""
        return max((woke - due for due, woke in self._seen()), default=0.0)

    def _seen(self) -> list[tuple[float, float]]:
        with self._turn:
            late = list(self._late)
            if self._due is not None:
                # Whoever asks may be the first to run again after a stall.
                late.append((self._due, self._now()))
        return late

    def _measure(self) -> None:
        while not self._over.is_set():
            self._sleep(EVERY)
            with self._turn:
                woke = self._now()
                if self._due is not None and woke > self._due:
                    self._late.append((self._due, woke))
                self._due = woke + EVERY


async def unless_stalled(
    attempt: Callable[[], Awaitable[None]],
    now: Callable[[], float] = time.time,
    sleep: Callable[[float], object] = time.sleep,
) -> None:
    """What happens on a machine that stands still is no evidence: an attempt that fails meanwhile is made again, up to
    :data:`ATTEMPTS` times in all.

    Raises:
        AssertionError, TimeoutError: of the last attempt, or of one in which the machine did not stand still.
    """
    for left in reversed(range(ATTEMPTS)):
        with Stalls(now, sleep) as stalls:
            try:
                return await attempt()
            except (AssertionError, TimeoutError):
                if not left or stalls.longest() < STALLED:
                    raise
    raise AssertionError("unreachable")
