"""What the running service needs besides the switch, looked at when somebody asks, and at most once a second."""

import asyncio
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from acd.bootstrap.refold import Refold
from acd.bootstrap.settings import Settings
from acd.config import ConfigError, load
from acd.model.ids import ServerId
from acd.records.probe import DatabaseState, Probe
from acd.web.health import Check, CheckState

FRESH: Final = 1.0
"""Seconds that an answer holds: who asks a thousand times writes no thousand times."""
SCARCE, NOTHING_LEFT = 500 * 2**20, 20 * 2**20
"""Bytes free where the database and what it does not take are kept: somebody should look; there is hardly any."""

_SAID: Final = {
    DatabaseState.LOCKED: "somebody else's transaction does not end",
    DatabaseState.FULL: "there is no space left",
    DatabaseState.READ_ONLY: "it may only be read",
    DatabaseState.UNPREPARED: "its tables are missing",
    DatabaseState.DAMAGED: "the file is damaged",
    DatabaseState.AWAY: "it cannot be reached",
}


class Readiness:
    """The checks for ``/readyz``.

    Args:
        probe: asks the database; closed with them.
        refold: knows whether the records are of today's rules.
        servers: of several Asterisk servers: whether there is a link to each.
    """

    def __init__(
        self,
        settings: Settings,
        probe: Probe,
        refold: Refold,
        servers: Callable[[], Mapping[ServerId, bool]],
    ) -> None:
        self._settings = settings
        self._probe = probe
        self._refold = refold
        self._servers = servers
        self._asking: asyncio.Task[Sequence[Check]] | None = None
        self._asked_at = 0.0
        self._queues: tuple[tuple[int, int], Check] | None = None

    async def __call__(self) -> Sequence[Check]:
        now = asyncio.get_running_loop().time()
        if self._asking is None or (self._asking.done() and now - self._asked_at > FRESH):
            self._asking, self._asked_at = asyncio.create_task(self._look(), name="readiness"), now
        # One who goes away does not take the answer from the others.
        return await asyncio.shield(self._asking)

    async def close(self) -> None:
        if self._asking is not None:
            await asyncio.wait([self._asking])
        await self._probe.close()

    async def _look(self) -> Sequence[Check]:
        state = await self._probe.state()
        database = Check("database")
        if state is not DatabaseState.WRITABLE:
            database = Check("database", CheckState.FAULT, f"{state.value}: {_SAID[state]}")
        settings = self._settings
        found = [
            database,
            self._refold.check(),
            await asyncio.to_thread(self._settled),
            await asyncio.to_thread(disk, settings.state),
        ]
        if servers := self._servers():
            found.append(reached(servers))
        if settings.recordings is not None:
            found.append(await asyncio.to_thread(erasable, settings.recordings))
        return found

    def _settled(self) -> Check:
        """Whether the file would be taken if the service started now. It works on with what it read last."""
        try:
            seen = self._settings.queues.stat()
            mark = (seen.st_mtime_ns, seen.st_size)
            if self._queues is None or self._queues[0] != mark:
                self._queues = (mark, _checked(self._settings.queues))
        except OSError:
            return Check("settings", CheckState.WARNING, "queues.yaml cannot be read; the old settings hold")
        return self._queues[1]


def _checked(queues: Path) -> Check:
    try:
        load(queues)
    except ConfigError as error:
        faults = f"queues.yaml has {len(error.faults)} fault(s); the old settings hold (acd check)"
        return Check("settings", CheckState.WARNING, faults)
    return Check("settings")


def disk(folder: Path) -> Check:
    """Whether there is space for what is recorded."""
    try:
        free = shutil.disk_usage(folder).free
    except OSError:
        return Check("disk", CheckState.FAULT, "the state folder cannot be reached")
    left = f"{free // 2**20} MB left in the state folder"
    if free < NOTHING_LEFT:
        return Check("disk", CheckState.FAULT, left)
    return Check("disk", CheckState.WARNING, left) if free < SCARCE else Check("disk")


def reached(servers: Mapping[ServerId, bool]) -> Check:
    """Whether there is a link to each of several servers. One that is away takes only its own calls with it, so that it
    is no fault of the whole; without any the switch is one."""
    away = [name for name, up in servers.items() if not up]
    return Check("servers", CheckState.WARNING, f"no link to {', '.join(away)}") if away else Check("servers")


def erasable(folder: Path) -> Check:
    """Whether recordings can be deleted when their time is over: the folder is Asterisk's, and a sandbox may hold us
    off from it."""
    if os.access(folder, os.W_OK | os.X_OK):
        return Check("recordings")
    return Check("recordings", CheckState.WARNING, "no recording can be deleted: no right to write in their folder")
