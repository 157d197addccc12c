"""Work that looks back is done by a process of its own, which leaves the processor to those who call.

A thread would not do: it holds the interpreter while those who call wait for it, some hundredths of a second for each
event of theirs on a busy machine.
"""

import asyncio
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

LEAST: Final = 19
"""See nice(1): the processor only when nobody else wants it."""
LESS: Final = 5
"""A quarter of what others get beside it: for what somebody waits for."""


class Failed(Exception):
    """The process came to nothing: {what it said}."""


def give_way(by: int) -> None:
    """Said by such a process of itself. Where a sandbox forbids even that, it works all the same."""
    with suppress(PermissionError):
        os.nice(by)


async def run(*arguments: str, settings: Mapping[str, str] | None = None) -> bytes:
    """``python`` with these arguments and the modules of this process; what it wrote.

    Args:
        settings: of its environment, besides ours.

    Raises:
        Failed: it ended with an error, or could not be started.
    """
    # Installed by the package, we are found by a path that /usr/bin/acd has put there.
    modules = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    try:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, *arguments),
            env=os.environ | modules | dict(settings or {}),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    except OSError as error:
        raise Failed(str(error)) from error
    try:
        written, said = await process.communicate()
    except asyncio.CancelledError:
        with suppress(ProcessLookupError):
            process.kill()
        raise
    if process.returncode:
        raise Failed(said.decode("utf-8", "replace")[-500:].strip())
    return written
