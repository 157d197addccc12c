"""A SIP phone in Python, for tests that need one phone to do one thing at one moment: an operator's phone that rings,
rejects, holds or transfers, or a citizen's that calls. For load there is SIPp.

It speaks over UDP on a loss-free network: it repeats a request until it hears something, and nothing more.
"""

import asyncio
import re
import socket
import struct
import time
from collections.abc import Iterable
from typing import Any, Final, Self

from sim.lab.call import Call, Habit, SipFailure
from sim.lab.sip import Message, digest, reply, sdp, tag_of, token, uri_of

REPEAT: Final = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds between two sendings of a request that nobody answers (RFC 3261, timer A)."""


class Sound(asyncio.DatagramProtocol):
    """Keeps the sound that comes in: (seconds since the epoch, A-law octets)."""

    def __init__(self) -> None:
        self.packets: list[tuple[float, bytes]] = []

    def datagram_received(self, data: bytes, addr: object) -> None:
        if len(data) > 12 and data[1] & 0x7F == 8:
            self.packets.append((time.time(), data[12:]))


class Phone(asyncio.DatagramProtocol):
    """A phone with one address. ``async with`` opens it, registers it if it has a password, and hangs up at the end.

    Args:
        server: Asterisk's SIP address and port.
        user: name of its endpoint, or a citizen's number.
        password: SIP password; None = never registers (a citizen behind the trunk).
        host: own address; it decides whether Asterisk takes it for the trunk.
        habit: what it does with calls by itself; None = they wait in ``incoming`` for the test.
        port: own port; 0 = any.
    """

    def __init__(
        self,
        server: tuple[str, int],
        user: str,
        password: str | None = None,
        *,
        host: str = "127.0.0.1",
        habit: Habit | None = None,
        port: int = 0,
    ) -> None:
        self.server, self.user, self.password, self.host, self.habit = server, user, password, host, habit
        self.port = port
        self.calls: list[Call] = []
        self.incoming: asyncio.Queue[Call] = asyncio.Queue()
        self.sound = Sound()
        self.failures: list[BaseException] = []
        """Errors in what the phone did by itself; raised when it is closed."""
        self._register_id, self._register_cseq, self._registered = token(), 0, False
        self._answers: dict[tuple[str, str], asyncio.Queue[Message]] = {}
        self._acks: dict[tuple[str, str], bytes] = {}
        self._said: dict[tuple[str, str], bytes] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._voices: dict[str, asyncio.Task[Any]] = {}
        """What is said now, by Call-ID."""

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._wire, _ = await loop.create_datagram_endpoint(lambda: self, (self.host, self.port), family=socket.AF_INET)
        self.port = self._wire.get_extra_info("sockname")[1]
        self._rtp, _ = await loop.create_datagram_endpoint(lambda: self.sound, (self.host, 0), family=socket.AF_INET)
        if self.password is not None:
            await self.register()
        return self

    async def __aexit__(self, *_: object) -> None:
        try:
            for call in self.calls:
                if not call.ended.is_set() and (call.outgoing or call.answered_at):
                    await call.hang_up()
            if self._registered:
                await self.unregister()
        finally:
            self.vanish()
        if self.failures:
            raise self.failures[0]

    def vanish(self) -> None:
        """Be gone at once, without a word to anybody: an unplugged phone."""
        self._registered = False
        for task in self._tasks:
            task.cancel()
        self._wire.close()
        self._rtp.close()

    def sdp(self, direction: str = "sendrecv") -> str:
        return sdp(self.host, self._rtp.get_extra_info("sockname")[1], direction)

    # --- Registration --------------------------------------------------------------------------------------------

    async def register(self, expires: int = 120) -> None:
        """Tell Asterisk where we are. Raises SipFailure when it refuses."""
        own = f"<sip:{self.user}@{self.server[0]}>"
        self._register_cseq += 1
        head = [
            ("From", f"{own};tag={token()}"),
            ("To", own),
            ("Call-ID", self._register_id),
            ("Contact", f"{self._contact()};expires={expires}"),
        ]
        answer = await self._ask("REGISTER", f"sip:{self.server[0]}:{self.server[1]}", head, self._register_cseq)
        self._register_cseq += 1
        if answer.code != 200:
            raise SipFailure(answer.first)
        self._registered = expires > 0

    async def unregister(self) -> None:
        """Tell Asterisk that we cannot be reached any more."""
        await self.register(0)

    # --- Calling -------------------------------------------------------------------------------------------------

    def call(self, number: str, *, from_header: str | None = None, headers: Iterable[tuple[str, str]] = ()) -> Call:
        """Send an INVITE; what comes of it is seen on the call.

        Args:
            number: user part of the request URI, sent as it is.
            from_header: From without its tag, instead of our own number.
            headers: further headers.
        """
        uri = f"sip:{number}@{self.server[0]}:{self.server[1]}"
        own = from_header or f"<sip:{self.user}@{self.host}>"
        call_id = token()
        invite = Message("", (), "")
        call = Call(self, invite, call_id, True, f"{own};tag={token()}", f"<{uri}>", uri, time.time())
        self.calls.append(call)
        self._spawn(self._call(call, list(headers)))
        return call

    async def _call(self, call: Call, extra: list[tuple[str, str]]) -> None:
        head = [("From", call.local), ("To", call.remote), ("Call-ID", call.call_id), ("Contact", self._contact())]
        try:
            answer = await self._ask("INVITE", call.target, head + extra, call.cseq, body=self.sdp(), call=call)
            if answer.code >= 300:
                call.heard(answer)
        except SipFailure:
            call.over(by_us=False)

    def cancel(self, call: Call) -> None:
        """CANCEL goes the way of its INVITE, with the same branch."""
        sent = call.invite
        kept = [
            (name, value) for name, value in sent.headers if name in ("Via", "From", "To", "Call-ID", "Max-Forwards")
        ]
        cancel = Message(sent.first.replace("INVITE", "CANCEL", 1), (*kept, ("CSeq", f"{call.cseq} CANCEL")))
        self._send(cancel.encode())

    async def within(self, call: Call, method: str, headers: Iterable[tuple[str, str]] = (), body: str = "") -> Message:
        """A request within the dialog. Raises SipFailure unless it is accepted."""
        call.cseq += 1
        head = [("From", call.local), ("To", call.remote), ("Call-ID", call.call_id), ("Contact", self._contact())]
        answer = await self._ask(method, call.target, [*head, *headers], call.cseq, body=body, call=call)
        if answer.code >= 300 and not (method == "BYE" and answer.code == 481):
            raise SipFailure(f"{method}: {answer.first}")
        return answer

    # --- The wire ------------------------------------------------------------------------------------------------

    def _contact(self) -> str:
        return f"<sip:{self.user}@{self.host}:{self.port}>"

    def _send(self, data: bytes) -> None:
        self._wire.sendto(data, self.server)

    async def _ask(
        self,
        method: str,
        uri: str,
        head: list[tuple[str, str]],
        cseq: int,
        *,
        body: str = "",
        call: Call | None = None,
    ) -> Message:
        """Send a request, once more with credentials if asked for, and return the final answer."""
        answer = await self._transact(self._request(method, uri, head, cseq, body), call)
        if answer.code in (401, 407) and self.password is not None:
            kind, header = ("WWW-Authenticate", "Authorization") if answer.code == 401 else _PROXY
            proof = digest(answer.get(kind.lower()), method, uri, self.user, self.password)
            if call is not None:
                cseq = call.cseq = call.cseq + 1
            again = self._request(method, uri, [*head, (header, proof)], cseq if call else cseq + 1, body)
            answer = await self._transact(again, call)
        return answer

    def _request(self, method: str, uri: str, head: list[tuple[str, str]], cseq: int, body: str) -> Message:
        via = f"SIP/2.0/UDP {self.host}:{self.port};branch=z9hG4bK{token()};rport"
        more = [("Via", via), ("Max-Forwards", "70"), ("CSeq", f"{cseq} {method}")]
        if body.startswith("v=0"):
            more.append(("Content-Type", "application/sdp"))
        return Message(f"{method} {uri} SIP/2.0", (*more, *head), body)

    async def _transact(self, request: Message, call: Call | None) -> Message:
        answers = self._answers[request.key] = asyncio.Queue()
        is_invite = request.method == "INVITE"
        first = is_invite and call is not None and call.answered_at is None
        if first and call is not None:
            call.invite = request
            call.sent.set()
        data = request.encode()
        try:
            answer = await self._first(data, answers)
            while answer.code < 200:
                if first and call is not None:
                    call.heard(answer)
                answer = await answers.get()
        finally:
            del self._answers[request.key]
        if is_invite:
            self._acknowledge(request, answer)
        if first and call is not None and answer.code < 300:
            call.heard(answer)
        return answer

    async def _first(self, data: bytes, answers: "asyncio.Queue[Message]") -> Message:
        for pause in REPEAT:
            self._send(data)
            try:
                return await asyncio.wait_for(answers.get(), pause)
            except TimeoutError:
                continue
        raise SipFailure("no answer")

    def _acknowledge(self, invite: Message, answer: Message) -> None:
        """ACK: with the INVITE's own branch after a refusal, as a transaction of its own after a 2xx."""
        good = answer.code < 300
        via = f"SIP/2.0/UDP {self.host}:{self.port};branch=z9hG4bK{token()};rport" if good else invite.get("via")
        uri = uri_of(answer.get("contact")) if good else invite.first.split(" ")[1]
        cseq = f"{invite.get('cseq').split()[0]} ACK"
        head = (
            ("Via", via),
            ("Max-Forwards", "70"),
            ("From", invite.get("from")),
            ("To", answer.get("to")),
            ("Call-ID", invite.get("call-id")),
            ("CSeq", cseq),
        )
        data = self._acks[invite.key] = Message(f"ACK {uri} SIP/2.0", head).encode()
        self._send(data)

    def respond(self, call: Call, code: int, body: str = "") -> None:
        """Answer the INVITE that made ``call``."""
        self._reply(call.invite, code, to_tag=tag_of(call.local), body=body)

    def _reply(self, request: Message, code: int, *, to_tag: str = "", body: str = "") -> None:
        extra = [("Contact", self._contact())]
        if body:
            extra.append(("Content-Type", "application/sdp"))
        answer = reply(request, code, to_tag=to_tag or token(), extra=extra, body=body).encode()
        self._said[request.key] = answer
        self._send(answer)

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        try:
            message = Message.parse(data)
        except ValueError:
            return
        if not message.is_response:
            self._requested(message)
        elif message.key in self._answers:
            self._answers[message.key].put_nowait(message)
        elif message.key in self._acks and message.code >= 200:
            self._send(self._acks[message.key])

    def _requested(self, request: Message) -> None:
        said = self._said.get(request.key)
        if said is not None:
            self._send(said)
            return
        call = next((call for call in self.calls if call.call_id == request.get("call-id")), None)
        match request.method:
            case "ACK":
                pass
            case "INVITE" if call is None:
                self._rung(request)
            case "INVITE" if not tag_of(request.get("to")):
                pass  # Repeated, as we said nothing yet: a dead phone goes on saying nothing.
            case "INVITE" | "UPDATE":
                self._reply(request, 200, body=self.sdp() if request.body else "")
            case "CANCEL" if call is not None:
                self._reply(request, 200)
                self._reply(call.invite, 487, to_tag=tag_of(call.local))
                call.over(code=487, by_us=False)
            case "BYE" if call is not None:
                self._reply(request, 200)
                call.over(by_us=False)
            case "NOTIFY" if call is not None:
                call.notified.append(request.body)
                self._reply(request, 200)
            case "BYE" | "CANCEL":
                self._reply(request, 481)
            case _:
                self._reply(request, 200)

    def _rung(self, invite: Message) -> None:
        local = f"{invite.get('to')};tag={token()}"
        target = uri_of(invite.get("contact"))
        call = Call(self, invite, invite.get("call-id"), False, local, invite.get("from"), target, time.time())
        call.media = invite.body
        self.calls.append(call)
        if self.habit is None:
            self.incoming.put_nowait(call)
        else:
            self._spawn(self._act(call, self.habit))

    async def _act(self, call: Call, habit: Habit) -> None:
        if habit.ring:
            call.ring()
        if habit.code is None:
            return
        await asyncio.sleep(habit.after)
        while habit.alone and (first := self._speaks()) is not None and not call.ended.is_set():
            await first.ended.wait()
            await asyncio.sleep(habit.after)
        if call.ended.is_set():
            return
        if habit.code >= 300:
            call.reject(habit.code)
            return
        call.answer()
        if habit.voice:
            self.speak(call, HUM, habit.voice)
        if habit.talk is not None:
            await asyncio.sleep(habit.talk)
            await call.hang_up(at_once=True)

    def _speaks(self) -> Call | None:
        """The call that is up here."""
        up = (call for call in self.calls if call.answered_at is not None and not call.ended.is_set())
        return next(up, None)

    def speak(self, call: Call, packet: bytes, seconds: float) -> None:
        """Say the same 20 ms of A-law again and again to the other side.

        Until the call ends, the time in seconds is over, or something else is said in this call.
        """
        if (before := self._voices.get(call.call_id)) is not None:
            before.cancel()
        self._voices[call.call_id] = self._spawn(self._speak(call, packet, seconds))

    async def _speak(self, call: Call, packet: bytes, seconds: float) -> None:
        body = call.media
        host = re.search(r"c=IN IP4 ([\d.]+)", body)
        port = re.search(r"m=audio (\d+)", body)
        if host is None or port is None:
            raise SipFailure("no place to speak to")
        clock = asyncio.get_running_loop().time
        # Numbered by the clock: what is said next goes on in the same stream, and a late turn is made good.
        first = int(clock() * 50)
        for number in range(first, first + int(seconds * 50)):
            await asyncio.sleep(number / 50 - clock())
            if call.ended.is_set():
                return
            header = struct.pack("!BBHII", 0x80, 8, number & 0xFFFF, number * 160 & 0xFFFFFFFF, 0x5EED)
            self._rtp.sendto(header + packet, (host[1], int(port[1])))

    def _spawn(self, work: Any) -> "asyncio.Task[Any]":
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: "asyncio.Task[Any]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.failures.append(error)


HUM: Final = bytes((0xA0, 0xB0, 0xA0, 0x20, 0x30, 0x20)) * 26 + bytes((0xA0, 0xB0, 0xA0, 0x20))
"""20 ms of a loud hum in A-law: to whoever listens for a voice, it is one."""
_PROXY: Final = ("Proxy-Authenticate", "Proxy-Authorization")
