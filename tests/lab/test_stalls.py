"""The meter of stalls, with a clock and a sleep by hand."""

import contextlib
import queue
import threading
from collections.abc import Iterator

import pytest

from sim.lab.stalls import ATTEMPTS, EVERY, Stalls, unless_stalled

START = 1000.0


class Machine:
    """Its clock moves only while the meter sleeps, or when the test says so."""

    def __init__(self) -> None:
        self.clock = START
        self._asleep: queue.Queue[None] = queue.Queue()
        self._late: queue.Queue[float] = queue.Queue()
        self._over = threading.Event()

    def sleep(self, seconds: float) -> None:
        if self._over.is_set():
            return
        self._asleep.put(None)
        self.clock += seconds + self._late.get()

    def wake(self, *late: float) -> None:
        """Let the meter wake so many times, each so many seconds too late, and fall asleep again."""
        for seconds in late:
            self._asleep.get()
            self._late.put(seconds)
        self._asleep.get()
        self._asleep.put(None)

    def end(self) -> None:
        """Let the meter wake, and never sleep again."""
        self._over.set()
        self._late.put(0.0)

    @contextlib.contextmanager
    def meter(self) -> Iterator[Stalls]:
        with Stalls(lambda: self.clock, self.sleep) as stalls:
            try:
                yield stalls
            finally:
                self.end()


def seconds(wanted: float) -> object:
    return pytest.approx(wanted, abs=1e-6)


def test_what_it_comes_late_is_what_the_machine_took() -> None:
    machine = Machine()
    with machine.meter() as stalls:
        machine.wake(0.0, 0.0, 0.7, 0.0, 0.2)
        end = machine.clock
        assert stalls.between(START, end) == seconds(0.9)
    assert stalls.between(START, end) == seconds(0.9), "and after it has stopped"


def test_only_the_part_within_the_interval_counts() -> None:
    machine = Machine()
    with machine.meter() as stalls:
        machine.wake(0.5)
        begin = START + EVERY
        assert stalls.between(begin + 0.1, begin + 0.3) == seconds(0.2)
        assert stalls.between(begin - 5, begin + 0.1) == seconds(0.1)
        assert stalls.between(begin + 0.5, begin + 9) == seconds(0.0)


def test_a_quiet_machine_has_no_stalls() -> None:
    machine = Machine()
    with machine.meter() as stalls:
        machine.wake(*[0.0] * 100)
        assert stalls.between(START, machine.clock) == seconds(0.0)


def test_a_stall_that_is_not_over_counts_so_far() -> None:
    """Who asks may run again before the meter does."""
    machine = Machine()
    with machine.meter() as stalls:
        machine.wake(0.0)
        machine.clock += EVERY + 0.4
        assert stalls.between(START, machine.clock) == seconds(0.4)


@pytest.mark.parametrize(
    ("late", "fails", "made"),
    [(0.0, True, 1), (0.1, True, 1), (0.5, True, ATTEMPTS), (0.5, False, 1)],
    ids=["quiet", "busy", "stalled", "good"],
)
async def test_only_what_fails_on_a_machine_that_stands_still_is_tried_again(
    late: float, fails: bool, made: int
) -> None:
    clock, slept, attempts = [START], threading.Event(), 0

    def sleep(seconds: float) -> None:
        clock[0] += seconds + late
        slept.set()

    async def attempt() -> None:
        nonlocal attempts
        attempts += 1
        slept.clear()
        slept.wait()
        assert not fails

    with pytest.raises(AssertionError) if fails else contextlib.nullcontext():
        await unless_stalled(attempt, lambda: clock[0], sleep)
    assert attempts == made
