"""The clock of a process that can be stepped (:mod:`sim.faults.clock`), in a real process."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sim.faults.clock import EngineClock

TELL = """
import sys, time, datetime
for _ in sys.stdin:
    now = time.time()
    others = time.time_ns() / 1e9, datetime.datetime.now().timestamp(), time.mktime(time.localtime())
    assert all(abs(now - other) < 2 for other in others), (now, others)
    print(now, time.monotonic(), flush=True)
"""


def test_a_step_is_seen_at_once_and_the_monotonic_clock_goes_on(tmp_path: Path) -> None:
    clock = EngineClock(tmp_path)
    with subprocess.Popen(
        [sys.executable, "-c", TELL],
        env=os.environ | clock.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        for ahead in (0, 180, -600, 0):
            clock.step(ahead)
            process.stdin.write("\n")
            process.stdin.flush()
            wall, monotonic = map(float, process.stdout.readline().split())
            assert wall - ahead == pytest.approx(time.time(), abs=30)
            assert monotonic == pytest.approx(time.monotonic(), abs=30)
