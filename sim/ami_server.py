"""The simulated switch behind a socket that speaks AMI (level C, and the demo), with faults on demand."""

import asyncio
from collections import Counter, deque
from collections.abc import Iterable
from itertools import count
from typing import Final

from sim.ami_actions import Action, ActionError
from sim.ami_events import AmiVoice, channel_name
from sim.ami_session import Account, Session
from sim.ami_wire import Pair, message
from sim.phones import Leg, LegKind
from sim.switch import SimSwitch

SHUTTING_DOWN: Final = "Asterisk is shutting down"


class AmiServer:
    """AMI of one simulated switch.

    Args:
        accounts: who may log in.
        engine: name of the account whose sessions the dialplan counts (``ACD_AMI_USER``).
        send_buffer: bytes of the kernel's send buffer; 0 = as the system has it.
    """

    def __init__(
        self, switch: SimSwitch, accounts: Iterable[Account], engine: str = "acd", send_buffer: int = 0
    ) -> None:
        self.switch = switch
        self.accounts = {account.name: account for account in accounts}
        self.engine = engine
        self.send_buffer = send_buffer
        self.sessions: list[Session] = []
        self.logged_in: Counter[str] = Counter()
        self.originates: dict[str, tuple[Action, bool]] = {}
        """By ChannelId: who asked, and whether he waits for the outcome."""
        self.delay = 0.0
        """Seconds by which everything written comes late."""
        self.booted_at = 0.0
        """On the loop's clock: when FullyBooted is said after a restart."""
        self.shutting_down = False
        self.down = False
        self.port = 0
        self._host = ""
        self._listener: asyncio.Server | None = None
        self._numbers = count(1)
        self._refusals: deque[tuple[str, str]] = deque()
        self._drops: Counter[str] = Counter()
        self._held: list[bytes] = []
        self._hold = 0
        self._cut = False
        self._voice = _Voice(self)
        switch.out = self._voice

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Listen. Returns the port; 0 takes a free one."""
        self._host = host
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(lambda: Session(self), host, port or self.port)
        self.port = int(self._listener.sockets[0].getsockname()[1])
        return self.port

    async def stop(self) -> None:
        """End all sessions and listen no more. The calls in the switch go on, unheard."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        for session in list(self.sessions):
            session.abort()
        await asyncio.sleep(0)

    def number(self) -> int:
        """A number never used before."""
        return next(self._numbers)

    def check(self, action: str) -> None:
        """Refuse an action, if that was asked for or Asterisk is on its way out.

        Raises:
            ActionError: the answer.
        """
        if self.shutting_down:
            raise ActionError(SHUTTING_DOWN)
        if self._refusals and self._refusals[0][0] == action:
            raise ActionError(self._refusals.popleft()[1])

    def tell(self, kind: str, name: str, headers: list[Pair]) -> None:
        """An event, to every session that hears such."""
        if not self.sessions:
            return
        if self._drops[name]:
            self._drops[name] -= 1
            return
        hearers = [session for session in self.sessions if session.hears(kind, name, headers)]
        if hearers:
            stamp = f"{self.switch.time.now():.6f}"
            data = message([("Event", name), ("Privilege", f"{kind},all"), ("Timestamp", stamp), *headers])
            self._distribute(hearers, data)

    def _distribute(self, hearers: list[Session], data: bytes) -> None:
        chunks = [data]
        if self._hold:
            self._held.append(data)
            if len(self._held) < self._hold:
                return
            chunks, self._held, self._hold = self._held[::-1], [], 0
        for session in hearers:
            for chunk in chunks:
                session.write(chunk[: len(chunk) // 2] if self._cut else chunk)
            if self._cut:
                session.close()
        self._cut = False

    def originate_ended(self, uid: str, channel: str, reason: int) -> None:
        """Tell the outcome of an Originate: 4 answered, 3 rang in vain, 0 anything else."""
        asked = self.originates.pop(uid, None)
        if asked is None:
            return
        do, waits = asked
        if waits and reason == 4:
            do.succeed(("Message", "Originate successfully queued"))
        elif waits:
            do.session.answer("Error", do.id, [("Message", "Originate failed")])
        else:
            self.tell("call", "OriginateResponse", _originate_response(do, uid, channel, reason))

    # --- Faults on demand -----------------------------------------------------------------------------------------

    def refuse_next(self, action: str, text: str) -> None:
        """Answer the next such action with this error. The oldest refusal must be used up first."""
        self._refusals.append((action.lower(), text))

    def drop_next(self, event: str, number: int = 1) -> None:
        """Lose the next events of this name."""
        self._drops[event] += number

    def reorder_next(self, number: int) -> None:
        """Keep the next events back, and write them last first."""
        self._hold = number

    def cut_in_mid_frame(self) -> None:
        """Write half of the next event, then close: what a reader who was too slow sees."""
        self._cut = True

    def go_half_open(self) -> None:
        """The network is gone without a word: the sessions that are open read and write nothing any more."""
        for session in self.sessions:
            session.silent = True

    def disconnect(self) -> None:
        """Kick every session."""
        for session in list(self.sessions):
            session.abort()

    def stop_gracefully(self) -> None:
        """``core stop gracefully``: every action is refused from now on, calls go on."""
        self.shutting_down = True

    async def restart(self, *, cleanly: bool = False, downtime: float = 1.0, booting: float = 0.5) -> None:
        """Asterisk dies with all its calls and comes back.

        Args:
            cleanly: say Shutdown first; otherwise it is killed.
            downtime: seconds without a listener.
            booting: seconds from the first possible login to FullyBooted.
        """
        if cleanly:
            self.tell("system", "Shutdown", [("Shutdown", "Cleanly"), ("Restart", "True")])
        if self._listener is not None:
            self._listener.close()
        self.down = True
        for session in list(self.sessions):
            session.close()
        self.switch.restart()
        self.down = self.shutting_down = False
        self.originates.clear()
        await asyncio.sleep(downtime)
        self.booted_at = asyncio.get_running_loop().time() + booting
        await self.start(self._host, self.port)


class _Voice(AmiVoice):
    """The switch's voice, on this server's sessions."""

    def __init__(self, server: AmiServer) -> None:
        super().__init__(server.switch, server.tell)
        self._server = server

    def originated(self, leg: Leg, reason: int) -> None:
        asked_for = f"Local/{leg.device}/n" if leg.kind is LegKind.LOCAL else f"PJSIP/{leg.device}"
        channel = channel_name(leg) if reason == 4 else asked_for
        self._server.originate_ended(leg.uid, channel, reason)


def _originate_response(do: Action, uid: str, channel: str, reason: int) -> list[Pair]:
    request = do.request
    return [
        *([("ActionID", do.id)] if do.id else []),
        ("Response", "Success" if reason == 4 else "Failure"),
        ("Channel", channel),
        ("Context", request.get("Context")),
        ("Exten", request.get("Exten")),
        ("Reason", str(reason)),
        ("Uniqueid", uid),
        ("CallerIDNum", "<unknown>"),
        ("CallerIDName", "<unknown>"),
    ]
