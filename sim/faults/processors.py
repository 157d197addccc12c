"""Who had the machine's processors, second by second: a promise in seconds that was broken while somebody else had them
says nothing about the product. Not for the judge; for who reads what he named."""

import os
import time
from collections import Counter
from pathlib import Path
from typing import Final, NamedTuple

PROC: Final = Path("/proc")
TICK: Final = os.sysconf("SC_CLK_TCK")
STEAL: Final = 8
"""Column of ``cpu`` in /proc/stat: what the host gave to other machines (proc(5))."""


class Shares(NamedTuple):
    """Since the look before."""

    at: float
    """Moment of this look; seconds since the epoch."""
    seconds: float
    stolen: float
    """Processors that the host gave to others, while somebody here wanted them."""
    used: Counter[str]
    """Processors, by the name of the program and its process; those that ended meanwhile are not in it."""

    def __str__(self) -> str:
        most = ", ".join(f"{name} {share:.2f}" for name, share in self.used.most_common(8) if share >= 0.01)
        return f"{self.at:.3f} in {self.seconds:.2f} s: stolen {self.stolen:.2f}; {most}"


class Processors:
    """Looks at ``/proc``; each look tells what was since the one before."""

    def __init__(self, proc: Path = PROC) -> None:
        self._proc = proc
        self._at = time.time()
        self._stolen, self._of = self._stolen_ticks(), self._ticks()

    def look(self) -> Shares:
        """What was since the last one."""
        at, stolen, of = time.time(), self._stolen_ticks(), self._ticks()
        ticks = max(at - self._at, 1 / TICK) * TICK
        new = "", 0
        used = Counter({f"{name}/{pid}": (now - self._of.get(pid, new)[1]) / ticks for pid, (name, now) in of.items()})
        shares = Shares(at, at - self._at, (stolen - self._stolen) / ticks, used)
        self._at, self._stolen, self._of = at, stolen, of
        return shares

    def _stolen_ticks(self) -> int:
        return int((self._proc / "stat").read_text().split(maxsplit=STEAL + 1)[STEAL])

    def _ticks(self) -> dict[str, tuple[str, int]]:
        """What each process is called, and what it has had; a kernel's worker changes its name with its work."""
        of: dict[str, tuple[str, int]] = {}
        for process in self._proc.glob("[0-9]*"):
            try:
                stat = (process / "stat").read_text("utf-8", "replace")
            except OSError:  # It has ended.
                continue
            # A name may hold spaces and parentheses, its last one ends it.
            name, rest = stat.split("(", 1)[1].rsplit(")", 1)
            # utime and stime are 14th and 15th of all, of which two are before the rest.
            of[process.name] = name, sum(map(int, rest.split()[11:13]))
        return of
