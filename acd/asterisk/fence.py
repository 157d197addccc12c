"""The fence between two engines, at Asterisk: a leader who was deposed while frozen or cut off can say nothing more.

Three things hold together (docs/high-availability.md):

- Asterisk lets the engine's account log in once (``allowmultiplelogin=no``): who has logged in is alone, and whoever
  was there before is gone for good, with all that he had still to say.
- A new leader ends the session of the one before by the dialplan (``acd-fence``), through an account that may only
  begin calls. The dialplan does it for a term that is at least as high as the highest it has seen, and for no other.
- An engine that has logged in reads that highest term before anything else. If it is not its own, it is deposed.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Final, NoReturn

import structlog

from acd.asterisk.actions import getvar, setvar
from acd.asterisk.counters import Counters
from acd.asterisk.frames import Frame
from acd.asterisk.link import Link
from acd.asterisk.session import AmiSession, SessionEnded
from acd.asterisk.settings import AmiSettings

log = structlog.get_logger("acd.asterisk")

PATIENCE: Final = 3.0
"""Seconds within which the dialplan has ended the session of before, or has not."""
PING_EVERY: Final = 0.2
"""Seconds between two signs of life that one of two engines asks of Asterisk."""
FRESH: Final = 0.8
"""Seconds without one after which it can be that Asterisk is out of reach. The session goes on for a while: this only
decides which of two engines leads."""


def standby_account(settings: AmiSettings) -> AmiSettings:
    """The account beside the engine's own: it may log in any number of times, and do nothing but begin a call."""
    return replace(
        settings, user=f"{settings.user}_standby", classes="system", record=None, ping_every=PING_EVERY, silence=1.5
    )


class Fence:
    """What a leader does before each of its sessions, and first in it.

    Args:
        term: the one in which it leads.
        deposed: called when Asterisk has seen a higher one.
    """

    def __init__(self, term: int, deposed: Callable[[], None]) -> None:
        self.term = term
        self._deposed = deposed
        self._over = False

    async def clear(self, settings: AmiSettings) -> None:
        """End the session of whoever led before; also one of our own that is dead without Asterisk's knowing it. When
        it does not work, the login will tell: it is refused while that session lives.

        Raises:
            SessionEnded: we are deposed.
        """
        if self._over:
            # No attempt any more, however often the link is tried.
            raise SessionEnded("this engine leads no longer")
        session = AmiSession(standby_account(settings), lambda frame: None, Counters())
        try:
            await session.open()
            channel = (("Channel", f"Local/{self.term:d}@acd-fence/n"), ("Timeout", str(int(1000 * PATIENCE))))
            words = (("Action", "Originate"), *channel, ("Application", "Wait"), ("Data", "0.01"))
            [answer] = await session.ask(words, PATIENCE + 1)
            if not answer.success:
                log.warning("the session of before was not ended", message=answer.message)
        except SessionEnded as ended:
            log.warning("the session of before was not ended", reason=ended.reason)
        finally:
            session.close()

    async def register(self, session: AmiSession) -> None:
        """The first words of each session.

        Raises:
            SessionEnded: we are deposed.
        """
        highest = (await session.ask(getvar("ACD_TERM")))[0].get("Value")
        if highest.isdecimal() and int(highest) > self.term:
            self._over = True
            self._deposed()
            raise SessionEnded("this engine leads no longer")
        if highest != str(self.term):
            await session.ask(setvar("ACD_TERM", str(self.term)))


class Watch:
    """A standby's session with Asterisk: it tells whether this engine could lead."""

    def __init__(self, settings: AmiSettings) -> None:
        self._session: AmiSession | None = None
        account = replace(standby_account(settings), retry_most=1.0, retry_refused=5.0, connect_timeout=2.0)
        self._link = Link(account, self._serve, _ignore, Counters())
        self._task: asyncio.Task[NoReturn] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._link.run(), name="asterisk watch")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            self._task = None

    async def _serve(self, session: AmiSession) -> NoReturn:
        try:
            self._session = None if session.draining else session
            session.on_draining = self._lost
            while True:
                await session.until_ended(60.0)
        finally:
            self._lost()

    @property
    def sees_switch(self) -> bool:
        """Asterisk answers now."""
        return self._session is not None and self._session.silent < FRESH

    def _lost(self) -> None:
        self._session = None


def _ignore(frame: Frame) -> None:
    """A standby looks on; what happens in Asterisk is the leader's to hear."""
