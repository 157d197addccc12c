"""What the machine says of itself: processor time, memory, bytes on a connection. Linux only."""

import os
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

TICK: Final = 1 / os.sysconf("SC_CLK_TCK")
"""Seconds; the unit in which the kernel counts processor time."""


class Reading(msgspec.Struct, frozen=True):
    """One look at the clocks of the machine. All but ``at`` only grow; seconds and bytes."""

    at: float
    """Seconds since the epoch."""
    busy: float
    """Processor time of the whole machine."""
    steal: float
    """Time that the host gave to others."""
    processes: Mapping[str, float]
    """Name -> processor time, user and system, with all threads."""
    ours: float
    """Processor time of all that takes part in the comparison: this process and those it has started."""
    received: int
    """Bytes that the engine received over AMI."""
    sent: int
    """Bytes that the engine sent over AMI."""


def read(processes: Mapping[str, int], ami_port: int | None) -> Reading:
    """Look now.

    Args:
        processes: name -> process id.
        ami_port: Asterisk's AMI port; None = no engine.
    """
    busy, steal = _machine()
    received, sent = (0, 0) if ami_port is None else connection_bytes(ami_port)
    spent = {name: processor_time(pid) for name, pid in processes.items()}
    ours = sum(map(processor_time, [os.getpid(), *children()]))
    return Reading(time.time(), busy, steal, spent, ours, received, sent)


def _machine() -> tuple[float, float]:
    first = Path("/proc/stat").read_text().split("\n", 1)[0]
    user, nice, system, _, _, irq, soft, steal, *_ = (int(word) * TICK for word in first.split()[1:])
    return user + nice + system + irq + soft, steal


def processor_time(pid: int) -> float:
    """Seconds of user and system time that a process has used.

    Raises:
        FileNotFoundError: there is no such process.
    """
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) * TICK


def memory(pid: int) -> tuple[float, float]:
    """Resident memory of a process, now and at its highest, in MB of 1,000,000 bytes."""
    rows = (row.partition(":") for row in Path(f"/proc/{pid}/status").read_text().splitlines())
    found = {name: value for name, _, value in rows if name in ("VmRSS", "VmHWM")}
    now, most = (int(found[name].split()[0]) * 1024 / 1e6 for name in ("VmRSS", "VmHWM"))
    return now, most


def connection_bytes(port: int) -> tuple[int, int]:
    """Bytes received and sent by whoever is connected to a local TCP port, as the kernel counts them."""
    command = ["ss", "-tinH", "state", "established", f"dport = :{port}"]
    answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return _sum(answer, "bytes_received:"), _sum(answer, "bytes_sent:")


def _sum(text: str, mark: str) -> int:
    return sum(int(word.removeprefix(mark)) for word in text.split() if word.startswith(mark))


def load() -> float:
    """Processes that wanted to run, averaged over the last minute."""
    return os.getloadavg()[0]


def others(before: Reading, after: Reading) -> float:
    """Processor time, in processors, that went to processes which take no part in the comparison."""
    return max(0.0, (after.busy - before.busy) - (after.ours - before.ours)) / (after.at - before.at)


def children() -> list[int]:
    """The processes that this one has started: Asterisk, the service, SIPp."""
    return [int(pid) for file in Path("/proc/self/task").glob("*/children") for pid in file.read_text().split()]
