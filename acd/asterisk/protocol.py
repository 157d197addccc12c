"""The socket's side of an AMI session: panoramisk's protocol with its reading, matching and writing replaced.

Why, is told at the head of :mod:`acd.asterisk.session`.
"""

import asyncio
import secrets
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import structlog
from panoramisk.ami_protocol import AMIProtocol  # type: ignore[import-untyped]

from acd.asterisk.actions import Action
from acd.asterisk.events import Forged
from acd.asterisk.frames import Frame, FrameParser, ProtocolError, encode_action

if TYPE_CHECKING:
    from acd.asterisk.session import AmiSession

log = structlog.get_logger("acd.asterisk")

Then = Callable[[list[Frame] | None], None]
"""Takes the answer: one response, or a response and the items of its list. None = the session ended without one."""

MAX_LIST: Final = 20_000
"""Frames in one answer."""
ARRIVES_WITHIN: Final = 2.0
"""Seconds in which the other host must have what we sent; later it never gets it, and the connection is over. Of the
Redirects that arrive when a broken network is whole again, some would find callers whom Asterisk has connected."""
MAX_UNSENT: Final = 1024 * 1024
"""Bytes that Asterisk has not read yet."""


class Asked:
    """An action on its way and the answer so far."""

    __slots__ = ("frames", "name", "then", "timer")

    def __init__(self, name: str, then: Then, timer: asyncio.TimerHandle) -> None:
        self.name = name
        self.then = then
        self.timer = timer
        self.frames: list[Frame] = []

    def takes(self, frame: Frame) -> bool:
        """Whether this frame belongs to the answer. An event does only inside a list that was announced: an
        ``OriginateResponse`` carries our ActionID too, and a ``Response`` header besides."""
        if frame.event:
            return bool(self.frames) and self.frames[0].get("EventList") == "start"
        return not self.frames

    @property
    def complete(self) -> bool:
        first, last = self.frames[0], self.frames[-1]
        return first.get("EventList") != "start" or last.get("EventList") in ("Complete", "cancelled")


class AmiProtocol(AMIProtocol):  # type: ignore[misc]
    """The socket's side. Each frame is handled in the call in which its last byte arrived, in order."""

    def __init__(self, session: "AmiSession") -> None:
        self._session = session
        self._parser = FrameParser()
        self._asked: dict[str, Asked] = {}
        # Unguessable, so that no text from outside can pass for an answer to us.
        self._prefix = secrets.token_hex(8)
        self._count = 0
        self.closed = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.factory = self._session
        wire = transport.get_extra_info("socket")
        if wire is not None:
            wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(1000 * ARRIVES_WITHIN))

    def data_received(self, data: bytes) -> None:
        session = self._session
        session.heard(data, boundary=self._parser.pending == 0)
        self._parser.receive(data)
        try:
            while not self.closed and (frame := self._parser.next()) is not None:
                session.counters.frames += 1
                self.handle_message(frame)
        except Forged as error:
            session.forged(error)
        except ProtocolError as error:
            session.end(str(error))

    def handle_message(self, frame: Frame) -> None:
        asked = self._asked.get(frame.get("ActionID"))
        if asked is not None and asked.takes(frame):
            self._take_answer(frame.get("ActionID"), asked, frame)
        elif frame.event or not frame.whole:
            self._session.dispatch(frame)
        else:
            # Late, or to an action whose ActionID Asterisk could not read.
            log.warning("AMI answer to nothing", message=frame.message)

    def _take_answer(self, action_id: str, asked: Asked, frame: Frame) -> None:
        asked.frames.append(frame)
        if len(asked.frames) > MAX_LIST:
            self._session.end(f"more than {MAX_LIST} frames in the answer to {asked.name}")
        elif asked.complete:
            del self._asked[action_id]
            asked.timer.cancel()
            self._session.answered(asked.then, asked.frames)

    def send(self, data: Any, as_list: bool | None = None) -> "asyncio.Future[list[Frame] | None]":
        """panoramisk's way in, used for its Login: headers as a mapping, the answer as a future."""
        future: asyncio.Future[list[Frame] | None] = asyncio.get_running_loop().create_future()
        self.ask(tuple(data.items()), lambda frames: None if future.done() else future.set_result(frames))
        return future

    def ask(self, action: Action, then: Then, within: float | None = None) -> None:
        """Write one action.

        Raises:
            UnsafeValue: it must not be sent; nothing was.
        """
        session = self._session
        self._count += 1
        action_id = f"{self._prefix}-{self._count}"
        data = encode_action(action, action_id)
        if self.closed:
            session.answered(then, None)
            return
        wait = session.settings.action_timeout if within is None else within
        timer = session.loop.call_later(wait, self._no_answer, action_id, wait)
        self._asked[action_id] = Asked(action[0][1], then, timer)
        session.said(action, data)
        self.transport.write(data)
        if self.transport.get_write_buffer_size() > MAX_UNSENT:
            session.end("Asterisk does not read what we send")

    def _no_answer(self, action_id: str, wait: float) -> None:
        asked = self._asked.pop(action_id)
        self._session.counters.unanswered += 1
        self._session.end(f"no answer to {asked.name} within {wait:g} s")
        self._session.answered(asked.then, None)

    def connection_lost(self, exc: Exception | None) -> None:
        self._session.end("Asterisk closed the connection" if exc is None else f"connection lost: {exc}")

    def close(self) -> None:
        """At once: what has not left by now never will."""
        if self.closed:
            return
        self.closed = True
        self.transport.abort()
        asked, self._asked = self._asked, {}
        for one in asked.values():
            one.timer.cancel()
            self._session.answered(one.then, None)
