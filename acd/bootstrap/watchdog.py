"""What systemd hears of us (``Type=notify``, ``WatchdogSec``): that we have begun, that the event loop turns, and that
we end.

Whoever stands still does not end by himself: only who started him can do that, and start him anew. The word comes from
the event loop itself, so that it fails when that does.
"""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Final

OFTEN: Final = 4
"""Words within the time after which systemd ends us: a machine that is merely slow misses one, or two."""


class Systemd:
    """The socket that systemd listens to; without one nothing is said.

    Args:
        environment: ``NOTIFY_SOCKET``, ``WATCHDOG_USEC`` and ``WATCHDOG_PID``, as sd_notify(3) and
            sd_watchdog_enabled(3) have them.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        # "@" stands for the zero byte of an abstract address.
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        microseconds = environment.get("WATCHDOG_USEC", "")
        ours = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        self.patience = int(microseconds) / 1e6 if ours and microseconds.isdecimal() else 0.0
        """Seconds of silence after which systemd ends us; 0 = it does not."""

    def say(self, word: str) -> None:
        """Never waits, and never fails: it is told again soon."""
        if self._address:
            with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as link:
                link.sendto(word.encode(), self._address)


@asynccontextmanager
async def heard_by(systemd: Systemd) -> AsyncIterator[None]:
    """Within it the event loop says that it turns. It has begun when it can stand by or prepare its records, which may
    take minutes: nobody ends it for that."""
    systemd.say("READY=1")
    turning = asyncio.create_task(_turn(systemd), name="watchdog")
    try:
        yield
    finally:
        turning.cancel()
        await asyncio.gather(turning, return_exceptions=True)
        systemd.say("STOPPING=1")


async def _turn(systemd: Systemd) -> None:
    while systemd.patience > 0:
        systemd.say("WATCHDOG=1")
        await asyncio.sleep(systemd.patience / OFTEN)
