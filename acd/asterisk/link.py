"""Keeping a session alive: connect, serve, and when it ends connect again, slower and slower."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import NoReturn

import structlog

from acd.asterisk.clock import SwitchClock
from acd.asterisk.counters import Counters
from acd.asterisk.frames import Frame
from acd.asterisk.recording import Recorder
from acd.asterisk.session import AmiSession, LoginRefused, SessionEnded
from acd.asterisk.settings import AmiSettings

log = structlog.get_logger("acd.asterisk")

_RANDOM = random.SystemRandom()


class LinkState(StrEnum):
    CONNECTING = "connecting"
    """No session yet, or none any more; it is being tried."""
    REFUSED = "refused"
    """Wrong user or secret: somebody must mend the settings. Tried again, slowly."""
    SYNCING = "syncing"
    """Logged in; what is in the switch is being read."""
    LIVE = "live"
    DRAINING = "draining"
    """Asterisk is shutting down: calls go on, nothing can be asked of it."""


class Backoff:
    """How long to wait before the next attempt: twice as long after each that came to nothing, less up to half at
    random, so that two engines do not try in step. A session that held for a while starts it anew.

    Args:
        first, most: seconds.
        fraction: a random number from 0 to 1.
    """

    def __init__(self, first: float, most: float, fraction: Callable[[], float] = _RANDOM.random) -> None:
        self._first = first
        self._most = most
        self._next = first
        self._fraction = fraction

    def pause(self, lived: float) -> float:
        """Seconds to wait after a session of ``lived`` seconds."""
        if lived > 2 * self._most:
            self._next = self._first
        pause = self._next * (1 - self._fraction() / 2)
        self._next = min(self._most, self._next * 2)
        return pause


class Link:
    """Opens one session after the other, never two at once.

    Args:
        serve: is given each open session and returns only by raising
            :class:`~acd.asterisk.session.SessionEnded`.
        on_event: takes each event of each session.
        before: done before each session is opened; it may raise what opening raises.
    """

    def __init__(
        self,
        settings: AmiSettings,
        serve: Callable[[AmiSession], Awaitable[NoReturn]],
        on_event: Callable[[Frame], None],
        counters: Counters,
        clock: SwitchClock | None = None,
        *,
        before: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self.state = LinkState.CONNECTING
        self.reason = ""
        """Why there is no session."""
        self._settings = settings
        self._serve = serve
        self._on_event = on_event
        self._counters = counters
        self._clock = clock or SwitchClock()
        self._before = before
        self._backoff = Backoff(settings.retry_first, settings.retry_most)

    async def run(self) -> NoReturn:
        """Until cancelled."""
        while True:
            pause = await self._one_session()
            await asyncio.sleep(pause)

    async def _one_session(self) -> float:
        """Open a session and serve it to its end. Returns the seconds to wait before the next."""
        loop = asyncio.get_running_loop()
        opened_at = loop.time()
        session = AmiSession(self._settings, self._on_event, self._counters, self._recorder(), self._clock)
        try:
            if self._before is not None:
                await self._before()
            await session.open()
            self.state = LinkState.SYNCING
            await self._serve(session)
        except LoginRefused as refused:
            self._counters.refused_logins += 1
            self._note(LinkState.CONNECTING if refused.in_use else LinkState.REFUSED, refused.reason)
            return self._settings.retry_in_use if refused.in_use else self._settings.retry_refused
        except SessionEnded as ended:
            self._note(LinkState.CONNECTING, ended.reason)
            return self._backoff.pause(loop.time() - opened_at)
        except Exception as error:
            # A fault of ours must not leave the city without its engine for good.
            self._counters.handler_errors += 1
            log.exception("the AMI session failed")
            self._note(LinkState.CONNECTING, repr(error))
            return self._backoff.pause(loop.time() - opened_at)
        finally:
            session.close()

    def _note(self, state: LinkState, reason: str) -> None:
        self.state, self.reason = state, reason
        level = log.error if state is LinkState.REFUSED else log.warning
        level("no link to Asterisk", host=self._settings.host, port=self._settings.port, reason=reason)

    def _recorder(self) -> Recorder | None:
        settings = self._settings
        if settings.record is None:
            return None
        return Recorder(settings.record, settings.record_bytes, settings.record_files, self._clock.now)
