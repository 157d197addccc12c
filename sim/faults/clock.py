"""A clock that can be stepped, for one process alone: libfaketime (Debian's ``libfaketime``), told by a file.

The monotonic clock goes on as ever, as it does when somebody sets a machine's clock.
"""

import shutil
from pathlib import Path
from typing import Final

from sim.lab.asterisk import LabError

_PLACES: Final = "*/faketime/libfaketimeMT.so.1"
_LOOK_EVERY: Final = 1
"""Seconds after which a process sees that its clock was stepped."""


class SteppedClock:
    """The clock of a process that is started with :attr:`environment`.

    Args:
        folder: for the library and the file, as we see it.
        inside: the same folder as the process sees it.

    Raises:
        LabError: the library is not installed.
    """

    def __init__(self, folder: Path, inside: Path | None = None) -> None:
        found = next(Path("/usr/lib").glob(_PLACES), None)
        if found is None:
            raise LabError("stepping a clock needs the Debian package libfaketime")
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(found, folder / "libfaketime.so")
        self._file = folder / "clock"
        self.step(0)
        at = inside or folder
        self.environment = {
            "LD_PRELOAD": str(at / "libfaketime.so"),
            "FAKETIME_TIMESTAMP_FILE": str(at / "clock"),
            "FAKETIME_CACHE_DURATION": str(_LOOK_EVERY),
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def step(self, seconds: int) -> None:
        """From now on the clock is so far ahead of the true one."""
        fresh = self._file.with_suffix(".new")
        fresh.write_text(f"{seconds:+d}s\n")
        fresh.replace(self._file)
