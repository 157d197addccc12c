"""A clock that can be stepped, for one process alone.

The monotonic clock goes on as ever, as it does when somebody sets a machine's clock.
"""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final, Protocol

from sim.lab.asterisk import LabError

_LIBFAKETIME: Final = "*/faketime/libfaketimeMT.so.1"
_LOOK_EVERY: Final = 1
"""Seconds after which Asterisk sees that its clock was stepped."""


class SteppedClock(Protocol):
    """The clock of a process that is started with this environment."""

    environment: dict[str, str]

    def step(self, seconds: int) -> None:
        """From now on the clock is so far ahead of the true one."""


class EngineClock:
    """Of an engine, by a library of ours (``clock.c``): Python's threads wait by the monotonic clock.

    With libfaketime 0.9.10, told to leave that one alone, each wait of theirs for the interpreter returns at once. A
    take-over, 2.5 s of work, then took 8 s of 1.35 processors.

    Args:
        folder: for the library and the file.

    Raises:
        LabError: the library cannot be built.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        library = folder / "clock.so"
        source = Path(__file__).with_suffix(".c")
        build = ("cc", "-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-o", str(library), str(source), "-ldl")
        try:
            subprocess.run(build, check=True, capture_output=True, text=True)
        except OSError as error:
            raise LabError(f"stepping a clock needs a C compiler: {error}") from error
        except subprocess.CalledProcessError as error:
            raise LabError(f"clock.c cannot be built: {error.stderr}") from error
        self._file = folder / "ahead"
        self._file.write_bytes(bytes(8))
        self.environment = {"LD_PRELOAD": str(library), "ACD_CLOCK_AHEAD": str(self._file)}

    def step(self, seconds: int) -> None:
        """From now on the clock is so far ahead of the true one."""
        file = os.open(self._file, os.O_WRONLY)
        try:
            os.pwrite(file, seconds.to_bytes(8, "little", signed=True), 0)
        finally:
            os.close(file)


class SwitchClock:
    """Of an Asterisk, by libfaketime (Debian's ``libfaketime``): its threads wait by the clock that is stepped.

    Args:
        folder: for the library and the file, as we see it.
        inside: the same folder as the process sees it.

    Raises:
        LabError: the library is not installed.
    """

    def __init__(self, folder: Path, inside: Path) -> None:
        found = next(Path("/usr/lib").glob(_LIBFAKETIME), None)
        if found is None:
            raise LabError("stepping the clock of Asterisk needs the Debian package libfaketime")
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(found, folder / "libfaketime.so")
        self._file = folder / "clock"
        self.step(0)
        self.environment = {
            "LD_PRELOAD": str(inside / "libfaketime.so"),
            "FAKETIME_TIMESTAMP_FILE": str(inside / "clock"),
            "FAKETIME_CACHE_DURATION": str(_LOOK_EVERY),
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def step(self, seconds: int) -> None:
        """From now on the clock is so far ahead of the true one."""
        fresh = self._file.with_suffix(".new")
        fresh.write_text(f"{seconds:+d}s\n")
        fresh.replace(self._file)
