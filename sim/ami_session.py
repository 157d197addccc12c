"""One AMI connection to the simulated switch, and the accounts that may open one.

Sessions behave as Asterisk's do: actions of one connection run strictly one after another, a wrong secret costs a
second and the connection, an account may be limited to one session, events are filtered by class and by the account's
filter, and a reader who is too slow is cut off, in the middle of a message if need be.
"""

import asyncio
import hashlib
import secrets
import socket
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from acd.ivr.switch import EVENTS
from sim.ami_actions import ACTIONS, Action, ActionError
from sim.ami_events import TRUNK
from sim.ami_wire import BANNER, Pair, Request, RequestParser, message

if TYPE_CHECKING:
    from sim.ami_server import AmiServer

ALL: Final = frozenset({"system", "call", "user", "reporting", "originate", "command", "security", "dialplan"})
PENALTY: Final = 1.0
"""Seconds that Asterisk waits before it refuses a login."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """A section of ``manager.conf``."""

    name: str
    secret: str = field(repr=False)
    read: frozenset[str] = ALL
    write: frozenset[str] = ALL
    events: frozenset[str] | None = None
    """Names that its event filter lets through; None = no filter."""
    several: bool = True
    """``allowmultiplelogin``."""
    write_timeout: float = 0.1
    """Seconds that a reader may keep Asterisk waiting."""

    @classmethod
    def engine(cls, secret: str, name: str = "acd", write_timeout: float = 1.0) -> "Account":
        """The account that ``acd dialplan build`` writes."""
        return cls(
            name=name,
            secret=secret,
            read=frozenset({"call", "user", "system"}),
            write=frozenset({"call", "originate", "reporting", "user"}),
            events=frozenset({"UserEvent", "DeviceStateChange", "OriginateResponse", *EVENTS}),
            several=False,
            write_timeout=write_timeout,
        )


class Session(asyncio.Protocol):
    """One connection."""

    def __init__(self, server: "AmiServer") -> None:
        self.server = server
        self.account: Account | None = None
        self._parser = RequestParser()
        self._requests: deque[Request] = deque()
        self._paused = False
        self._challenge = ""
        self._mask: frozenset[str] = ALL
        self._loop = asyncio.get_running_loop()
        self._stalled: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport | None = None
        self.silent = False
        """Half open: nothing is read or written any more, and nobody is told."""

    # --- The socket -----------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.set_write_buffer_limits(high=0)
        if self.server.send_buffer:
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self.server.send_buffer)
        self.server.sessions.append(self)
        self._write(BANNER)

    def data_received(self, data: bytes) -> None:
        if not self.silent:
            self._requests.extend(self._parser.receive(data))
            self._work()

    def connection_lost(self, exc: Exception | None) -> None:
        self._gone()

    def pause_writing(self) -> None:
        """The kernel takes no more: the client does not read."""
        if self.account is not None:
            self._stalled = self._loop.call_later(self.account.write_timeout, self.abort)

    def resume_writing(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def send(self, pairs: Iterable[Pair]) -> None:
        """One message to the client."""
        self.write(message(pairs))

    def write(self, data: bytes) -> None:
        """Bytes to the client, late if the server was told so."""
        if self.server.delay:
            self._loop.call_later(self.server.delay, self._write, data)
        else:
            self._write(data)

    def _write(self, data: bytes) -> None:
        if self._transport is not None and not self.silent and not self._transport.is_closing():
            self._transport.write(data)

    def close(self) -> None:
        """End the connection when everything written has left."""
        if self._transport is not None:
            self._transport.close()
        self._gone()

    def abort(self) -> None:
        """End the connection at once; what has not left is lost."""
        if self._transport is not None:
            self._transport.abort()
        self._gone()

    def _gone(self) -> None:
        self._requests.clear()
        self.resume_writing()
        if self in self.server.sessions:
            self.server.sessions.remove(self)
            self._leave_account()

    # --- Actions --------------------------------------------------------------------------------------------------

    def _work(self) -> None:
        while self._requests and not self._paused:
            self._carry_out(self._requests.popleft())

    def _carry_out(self, request: Request) -> None:
        try:
            self._dispatch(request)
        except ActionError as error:
            pairs = error.more or ()
            self.answer("Error", request.get("ActionID"), [("Message", error.message), *pairs])

    def _dispatch(self, request: Request) -> None:
        if request.fault is not None:
            raise ActionError(request.fault)
        name = request.get("Action").lower()
        if not name:
            raise ActionError("Missing action in request")
        if name in _SESSION_ACTIONS:
            _SESSION_ACTIONS[name](self, request)
            return
        if self.account is None:
            raise ActionError("Permission denied")
        known = ACTIONS.get(name)
        if known is None:
            unknown = f"Invalid/unknown command: {request.get('Action')}. Use Action: ListCommands to show available "
            raise ActionError(unknown + "commands.")
        classes, carry_out = known
        if classes and not classes & self.account.write:
            raise ActionError("Permission denied")
        self.server.check(name)
        carry_out(Action(self.server, self, request))

    def answer(self, response: str, action_id: str, pairs: Iterable[Pair] = ()) -> None:
        """The answer to an action. The ActionID stands second, if there was one."""
        mine = [("ActionID", action_id)] if action_id else []
        self.send([("Response", response), *mine, *pairs])

    def challenge(self, request: Request) -> None:
        if request.get("AuthType").upper() != "MD5":
            raise ActionError("Must specify AuthType")
        self._challenge = str(secrets.randbelow(900_000_000) + 100_000_000)
        self.answer("Success", request.get("ActionID"), [("Challenge", self._challenge)])

    def login(self, request: Request) -> None:
        if self.account is not None:
            self.answer("Success", request.get("ActionID"), [("Message", "Already authenticated")])
            return
        account = self.server.accounts.get(request.get("Username"))
        if account is None or not self._knows_secret(account, request):
            self._refuse(request, "Authentication failed")
        elif not account.several and self.server.logged_in[account.name]:
            self._refuse(request, "Login Already In Use")
        else:
            self._enter(account, request)

    def logoff(self, request: Request) -> None:
        goodbye = [("Message", "Thanks for all the fish.")]
        self.answer("Goodbye", request.get("ActionID"), goodbye)
        self.close()

    def _knows_secret(self, account: Account, request: Request) -> bool:
        if request.get("AuthType").upper() == "MD5":
            # AMI's own scheme; it is no protection, and not meant to be.
            digest = hashlib.md5((self._challenge + account.secret).encode(), usedforsecurity=False)
            return bool(self._challenge) and request.get("Key") == digest.hexdigest()
        return request.get("Secret") == account.secret

    def _refuse(self, request: Request, why: str) -> None:
        self._paused = True
        self._loop.call_later(PENALTY, self._refused, request.get("ActionID"), why)

    def _refused(self, action_id: str, why: str) -> None:
        self.answer("Error", action_id, [("Message", why)])
        self.close()

    def _enter(self, account: Account, request: Request) -> None:
        self.account = account
        self.server.logged_in[account.name] += 1
        if account.name == self.server.engine:
            self.server.switch.session_opened()
        if request.get("Events"):
            self.mask(request.get("Events"))
        self.answer("Success", request.get("ActionID"), [("Message", "Authentication accepted")])
        wait = self.server.booted_at - self._loop.time()
        if wait > 0:
            self._loop.call_later(wait, self._fully_booted)
        else:
            self._fully_booted()

    def _leave_account(self) -> None:
        if self.account is None:
            return
        name, self.account = self.account.name, None
        self.server.logged_in[name] -= 1
        if name == self.server.engine and not self.server.down:
            self.server.switch.session_closed()

    # --- Events ---------------------------------------------------------------------------------------------------

    def mask(self, text: str) -> bool:
        """``Events`` and ``EventMask``: on, off, or classes. Returns whether anything is left."""
        words = {word.strip() for word in text.lower().split(",")}
        if words & {"on", "all", "yes", "true", "1"}:
            self._mask = ALL
        else:
            self._mask = ALL & words
        return bool(self._mask)

    def hears(self, kind: str, name: str, pairs: list[Pair]) -> bool:
        """Whether this event passes the account's classes, its filter and the session's own mask."""
        account = self.account
        if account is None or kind not in account.read or kind not in self._mask:
            return False
        if account.events is None:
            return True
        return name in account.events and (name != "DeviceStateChange" or pairs[0][1] != f"PJSIP/{TRUNK}")

    def _fully_booted(self) -> None:
        uptime = str(int(self.server.switch.time.now() - self.server.switch.booted_at))
        pairs = [("Uptime", uptime), ("LastReload", uptime), ("Status", "Fully Booted")]
        if self.hears("system", "FullyBooted", pairs):
            self.send([("Event", "FullyBooted"), ("Privilege", "system,all"), *pairs])


_SESSION_ACTIONS: Final[dict[str, Callable[[Session, Request], None]]] = {
    "login": Session.login,
    "logoff": Session.logoff,
    "challenge": Session.challenge,
}
