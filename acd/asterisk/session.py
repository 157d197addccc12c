"""One AMI session: panoramisk, hardened.

panoramisk opens the socket, logs in and keeps the ping going; its classes are the base here. What it does with bytes,
answers and failures is replaced, because of what it was seen to do (each has its regression test):

- it decodes each TCP chunk for itself, so characters cut in two are lost, and so are trailing empty headers:
  :mod:`~acd.asterisk.frames` reads the bytes here;
- it keeps actions without an answer and sends them again after a reconnect, so that a citizen is called twice: a
  session here connects once and is never used again, so nothing can ever be sent twice;
- it checks neither pings nor answers, so a half-open connection goes unseen: silence, or one action without an answer,
  ends the session here;
- it takes whatever has an ActionID for the answer, also ``OriginateResponse``, which is an event;
- an exception in a handler closes its connection, a line break in a value becomes a second action, a wrong secret is
  neither told nor tried again, and ``close()`` does not stop a reconnect.
"""

import asyncio
import ssl
from collections.abc import Callable, Iterable
from typing import Any, Final

import structlog
from panoramisk.manager import Manager  # type: ignore[import-untyped]

from acd.asterisk.actions import NOBODY_THERE, Action
from acd.asterisk.clock import SAME_CLOCK, SwitchClock
from acd.asterisk.counters import Counters
from acd.asterisk.events import Forged
from acd.asterisk.frames import Frame
from acd.asterisk.protocol import AmiProtocol, Then
from acd.asterisk.recording import Recorder
from acd.asterisk.settings import AmiSettings
from acd.asterisk.values import timestamp

log = structlog.get_logger("acd.asterisk")

_SHUTTING_DOWN: Final = "Asterisk is shutting down"
"""The answer to everything, Login and Ping included, while it waits for the last call to end."""
_LATE_FOR: Final = 1.0
"""Seconds in which what piled up is read, for the records, before the session is dropped."""
_TOO_LATE: Final = 60.0
"""Seconds by which nothing can be late: Asterisk's clock was set."""
_SLOW_PONG: Final = 0.25
"""Seconds. A ping that took longer tells too little about the other clock."""


class SessionEnded(Exception):
    """The AMI session is over: {reason}."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The AMI session is over: {reason}.")
        self.reason = reason


class LoginRefused(SessionEnded):
    """Asterisk refused the login: {message}."""

    def __init__(self, message: str) -> None:
        super().__init__(f"Asterisk refused the login: {message}")
        self.in_use = "in use" in message.lower()
        """The account is logged in already and may not be so twice (``allowmultiplelogin=no``)."""


class AmiSession(Manager):  # type: ignore[misc]
    """One session, from the TCP connect to its end. It is never used again.

    Args:
        on_event: takes each event, in the call in which it arrived. What it raises is logged and costs that event only,
            except :class:`~acd.asterisk.events.Forged`, which ends the session.
        clock: of this Asterisk; it is told what is measured.
    """

    def __init__(
        self,
        settings: AmiSettings,
        on_event: Callable[[Frame], None],
        counters: Counters | None = None,
        recorder: Recorder | None = None,
        clock: SwitchClock | None = None,
    ) -> None:
        super().__init__(
            loop=asyncio.get_running_loop(),
            host=settings.host,
            port=settings.port,
            username=settings.user,
            secret=settings.secret,
            events=settings.classes,
            protocol_factory=lambda: AmiProtocol(self),
            reconnect_timeout=0,
            ssl=settings.tls or False,
        )
        self.settings = settings
        self.counters = counters or Counters()
        self.ping_delay = self.ping_interval = settings.ping_every
        self.ended: asyncio.Future[str] = self.loop.create_future()
        """Done when the session is over; the reason."""
        self.offset: float | None = None
        """Seconds to add to Asterisk's clock to get ours; None until measured."""
        self.draining = False
        """Asterisk is shutting down: it answers nothing and connects nobody any more, but calls go on."""
        self.on_draining: Callable[[], None] = lambda: None
        self.on_late: Callable[[str], None] = lambda reason: None
        """Told the reason when events come late: what they tell is true, but nothing is to be done about it."""
        self._late = False
        self._on_event = on_event
        self._recorder = recorder
        self._clock = clock or SwitchClock()
        self._booted: asyncio.Future[None] = self.loop.create_future()
        self._heard_at = self.loop.time()

    # --- The life of a session ------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Connect, log in, wait until Asterisk is fully booted (before that, phones and calls are missing from its
        lists) and compare clocks.

        Raises:
            LoginRefused: wrong user or secret, or logged in elsewhere.
            SessionEnded: anything else went wrong.
        """
        where = f"{self.settings.host}:{self.settings.port}"
        try:
            async with asyncio.timeout(self.settings.connect_timeout):
                await self.connect()
        except TimeoutError:
            raise SessionEnded(f"no connection to {where} within {self.settings.connect_timeout:g} s") from None
        except ssl.SSLCertVerificationError as error:
            # It has not heard the password.
            raise SessionEnded(f"{where} cannot show that it is our Asterisk: {error.verify_message}") from None
        except ssl.SSLError as error:
            raise SessionEnded(f"no TLS with {where} (is it Asterisk's tlsbindaddr?): {error}") from None
        except OSError as error:
            raise SessionEnded(f"no connection to {where}: {error}") from error
        answer = await self._until(self.authenticated_future, self.settings.action_timeout, "answer to Login")
        if self.draining:
            raise SessionEnded(_SHUTTING_DOWN)
        if answer is None or not answer[0].success:
            raise LoginRefused(answer[0].message if answer else "no answer")
        self.authenticated = True
        await self._until(self._booted, self.settings.boot_timeout, "FullyBooted (the account needs read=system)")
        self._pong(self._clock.now(), await self.ask((("Action", "Ping"),)))

    async def _until(self, future: "asyncio.Future[Any]", within: float, what: str) -> Any:
        await asyncio.wait({future, self.ended}, timeout=within, return_when=asyncio.FIRST_COMPLETED)
        if self.ended.done():
            raise SessionEnded(self.ended.result())
        if not future.done():
            raise SessionEnded(f"no {what} within {within:g} s")
        return future.result()

    async def until_ended(self, within: float) -> None:
        """Return after ``within`` seconds if the session still lives.

        Raises:
            SessionEnded: as soon as it does not.
        """
        await asyncio.wait({self.ended}, timeout=within)
        if self.ended.done():
            raise SessionEnded(self.ended.result())

    def end(self, reason: str) -> None:
        """End the session, once; later reasons are consequences of the first."""
        if not self.ended.done():
            self.ended.set_result(reason)
        self.close()

    def forged(self, error: Forged) -> None:
        """Somebody wrote into our session: raise the alarm and end it."""
        self.counters.forged += 1
        log.error("forged AMI message", alarm=True, error=str(error))
        self.end(f"forged message: {error}")

    def close(self) -> None:
        if not self.ended.done():
            self.ended.set_result("closed by us")
        super().close()
        if self._recorder is not None:
            self._recorder.close()

    # --- What panoramisk calls ------------------------------------------------------------------------------------

    def connection_made(self, f: "asyncio.Task[Any]") -> None:
        """Log in, unless there is no connection: then whoever awaits it hears so."""
        if f.cancelled() or f.exception() is not None:
            return
        if self.ended.done():
            f.result()[0].abort()
            return
        super().connection_made(f)
        # In one go with Login: a session that has yet to look must not count as an engine that is there.
        self.tell(NOBODY_THERE)

    def login(self, future: "asyncio.Future[Any]") -> None:
        """:meth:`open` judges the answer."""

    async def send_awaiting_actions(self, *_: Any) -> None:
        """Nothing is ever sent again."""

    @property
    def silent(self) -> float:
        """Seconds since the last byte from Asterisk."""
        return float(self.loop.time() - self._heard_at)

    def ping(self) -> None:
        """Ask for a sign of life, unless there has been none for too long."""
        silent = self.silent
        if silent >= self.settings.silence:
            self.counters.silent += 1
            self.end(f"not a byte from Asterisk for {silent:.1f} s")
            return
        self.pinger = self.loop.call_later(self.ping_interval, self.ping)
        asked_at = self._clock.now()
        self.tell((("Action", "Ping"),), lambda frames: self._pong(asked_at, frames))

    def dispatch(self, event: Frame) -> None:
        """Take one event from the socket."""
        try:
            if event.event == "FullyBooted" and not self._booted.done():
                self._booted.set_result(None)
            elif event.event == "Shutdown":
                self.end("Asterisk has shut down")
            elif not self._stale(event):
                self._on_event(event)
        except Forged:
            raise
        except Exception:
            self.counters.handler_errors += 1
            # Not its values: there are numbers in them.
            log.exception("AMI event not understood", ami_event=event.event, call=event.get("Uniqueid"))

    def connection_lost(self, exc: Exception | None) -> None:
        """Not used: the protocol ends the session."""

    # --- Asking ---------------------------------------------------------------------------------------------------

    def tell(self, action: Action, then: Then | None = None, within: float | None = None) -> None:
        """Send an action; ``then`` takes the answer, in order among the events.

        Raises:
            UnsafeValue: it must not be sent; nothing was.
        """
        self.protocol.ask(action, then or _ignore, within)

    async def ask(self, action: Action, within: float | None = None) -> list[Frame]:
        """Send an action and wait for its answer.

        Raises:
            SessionEnded: there will be none.
        """
        return (await self.ask_all([action], within))[0]

    async def ask_all(self, actions: Iterable[Action], within: float | None = None) -> list[list[Frame]]:
        """Send actions in one go (Asterisk carries them out in order) and wait for all answers.

        Raises:
            SessionEnded: there will be none.
        """
        return [await answer for answer in [self.asking(action, within) for action in actions]]

    def asking(
        self, action: Action, within: float | None = None, first: Then | None = None
    ) -> "asyncio.Future[list[Frame]]":
        """Send an action; its answer as a future. ``first`` takes it before any later event is handled."""
        future: asyncio.Future[list[Frame]] = self.loop.create_future()

        def then(frames: list[Frame] | None) -> None:
            if future.done():
                return
            if frames is None:
                future.set_exception(SessionEnded(self.ended.result() if self.ended.done() else "no answer"))
                future.exception()  # Seen: whoever asked several things hears of the first.
                return
            future.set_result(frames)
            if first is not None:
                first(frames)

        self.tell(action, then, within)
        return future

    def answered(self, then: Then, frames: list[Frame] | None) -> None:
        """Hand an answer to whoever waits for it."""
        if frames is not None and frames[0].message == _SHUTTING_DOWN and not self.draining:
            self.draining = True
            log.warning("Asterisk is shutting down: it connects nobody any more")
            self.on_draining()
        try:
            then(frames)
        except Forged:
            raise
        except Exception:
            self.counters.handler_errors += 1
            log.exception("AMI answer not understood", message=frames and frames[0].message)

    # --- Clocks, liveness, recording --------------------------------------------------------------------------------

    def _pong(self, asked_at: float, frames: list[Frame] | None) -> None:
        if frames is None:
            return
        if self.draining and frames[0].success:
            self.end("the shutdown was called off")
            return
        now = self._clock.now()
        if "Timestamp" not in frames[0].headers or (self.offset is not None and now - asked_at > _SLOW_PONG):
            return
        told_at = timestamp(frames[0])
        offset, known = (asked_at + now) / 2 - told_at, self._clock.offset
        if self.offset is None and asked_at - told_at - SAME_CLOCK <= known <= now - told_at + SAME_CLOCK:
            # However long the answer took, it does not speak against what we know.
            offset = known
        if abs(offset) < SAME_CLOCK:
            offset = 0.0
        if self.offset is None or abs(offset - self.offset) > SAME_CLOCK:
            self._clock.measured(offset, anew=self.offset is None)
            self.offset = offset

    def _stale(self, event: Frame) -> bool:
        if self.offset is None or not event.event:
            return False
        if "Timestamp" not in event.headers:
            self.end("events come without a Timestamp (manager.conf needs timestampevents=yes)")
            return True
        lag = self._clock.now() - self.offset - timestamp(event)
        if abs(lag) <= self.settings.stale_after:
            return False
        if not 0 < lag <= _TOO_LATE:
            self.end(f"Asterisk's clock was set by {-lag:.0f} s")
            return True
        self._read_up(f"events arrive {lag:.1f} s late")
        return False

    def _read_up(self, reason: str) -> None:
        """We, or the network, stood still. What piled up meanwhile still tells which calls came, spoke and went, and no
        later look can; it ends where the answer to a ping stands. Then the session is dropped and all is read anew."""
        if self._late:
            return
        self._late = True
        self.counters.stale += 1
        self.on_late(reason)
        self.loop.call_later(_LATE_FOR, self.end, reason)
        self.tell((("Action", "Ping"),), lambda frames: self.end(reason))

    def heard(self, data: bytes, *, boundary: bool) -> None:
        """Note bytes from Asterisk, before they are read."""
        self._heard_at = self.loop.time()
        if self.offset is not None:
            self._clock.heard()
        self.counters.bytes += len(data)
        if self._recorder is not None:
            self._recorder.received(data, boundary=boundary)

    def said(self, action: Action, data: bytes) -> None:
        """Note an action, before it is written."""
        self.counters.actions += 1
        if self._recorder is not None:
            self._recorder.sent(action, data)


def _ignore(frames: list[Frame] | None) -> None:
    """For actions whose answer changes nothing."""
