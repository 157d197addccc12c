"""What a lab's phone does with a call: one dialog, and the habits with which it meets one."""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Protocol

from sim.lab.sip import Message, tag_of, uri_of


@dataclass(frozen=True)
class Habit:
    """What a phone does by itself with a call that comes in."""

    code: int | None = 200
    """Final answer; None = never."""
    after: float = 0.2
    """Seconds from the INVITE to the final answer."""
    ring: bool = True
    """Says 180. A phone that neither rings nor answers is dead: it says nothing at all."""
    talk: float | None = None
    """Hangs up after so many seconds; None = leaves that to the other side."""
    alone: bool = False
    """One person, one ear: a second call rings on until the first is over, and is picked up then."""
    voice: float = 0.0
    """Speaks so many seconds from the answer on: a citizen says his name, a machine speaks longer."""


A_MOMENT: Final = 0.2
"""Seconds that an operator speaks at least."""
PATIENCE: Final = 15.0
"""Seconds within which a call that is given up is over."""
RINGS: Final = Habit(code=None)
DEAD: Final = Habit(code=None, ring=False)


class SipFailure(Exception):
    """A request was refused or not answered."""


class Line(Protocol):
    """What a call needs of its phone."""

    server: tuple[str, int]

    def sdp(self, direction: str = "sendrecv") -> str: ...

    def respond(self, call: "Call", code: int, body: str = "") -> None: ...

    def cancel(self, call: "Call") -> None: ...

    async def within(
        self, call: "Call", method: str, headers: Iterable[tuple[str, str]] = (), body: str = ""
    ) -> Message: ...


@dataclass(eq=False)
class Call:
    """One dialog of a phone, from INVITE to BYE. Moments are seconds since the epoch."""

    phone: Line
    invite: Message
    call_id: str
    outgoing: bool
    local: str
    """From or To header of our side, with tag."""
    remote: str
    target: str
    """Request URI of what we send within the dialog."""
    invited_at: float
    media: str = ""
    """SDP of the other side, as it was said first."""
    cseq: int = 1
    rang_at: float | None = None
    answered_at: float | None = None
    """Before our 200 was sent, or when that of the other side came."""
    ended_at: float | None = None
    """Before our last word was sent, or when that of the other side came."""
    code: int | None = None
    """Final status code of the INVITE."""
    ended_by_us: bool | None = None
    sent: asyncio.Event = field(default_factory=asyncio.Event)
    ringing: asyncio.Event = field(default_factory=asyncio.Event)
    final: asyncio.Event = field(default_factory=asyncio.Event)
    """Answered or over."""
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    notified: list[str] = field(default_factory=list)
    """Bodies of NOTIFY: how a transfer went."""

    # --- What the phone's user can do ----------------------------------------------------------------------------

    def ring(self) -> None:
        """Say that it rings."""
        self.phone.respond(self, 180)
        self.rang_at = time.time()
        self.ringing.set()

    def answer(self) -> None:
        """Pick up."""
        at = time.time()
        self.phone.respond(self, 200, body=self.phone.sdp())
        self._up(200, at)

    def reject(self, code: int = 486) -> None:
        """Decline: 486 busy, 603 decline, 480 do not disturb."""
        self.over(code=code, by_us=True)
        self.phone.respond(self, code)

    async def hang_up(self, *, at_once: bool = False) -> None:
        """End the call: BYE when it is up, CANCEL when it still rings at the other side, both when they cross.

        Args:
            at_once: a phone that drops what it has just picked up; a person takes a moment.
        """
        if not self.outgoing and self.answered_at is not None and not at_once:
            await asyncio.sleep(max(0.0, self.answered_at + A_MOMENT - time.time()))
        if self.outgoing and not self.answered.is_set() and not self.ended.is_set():
            await asyncio.wait_for(self.sent.wait(), PATIENCE)
            self.phone.cancel(self)
            await asyncio.wait_for(self.final.wait(), PATIENCE)
        if not self.ended.is_set():
            self.over(by_us=True)
            await self.phone.within(self, "BYE")

    async def hold(self, on: bool = True) -> None:
        """Put the other side on hold by re-INVITE, or take him back."""
        await self.phone.within(self, "INVITE", body=self.phone.sdp("sendonly" if on else "sendrecv"))

    async def refer(self, extension: str, replaces: "Call | None" = None) -> None:
        """Transfer the other side: blind to an extension, or to the party of a second call of ours."""
        server = f"{self.phone.server[0]}:{self.phone.server[1]}"
        to = f"<sip:{extension}@{server}>"
        if replaces is not None:
            tags = f"%3Bto-tag%3D{tag_of(replaces.remote)}%3Bfrom-tag%3D{tag_of(replaces.local)}"
            to = f"<sip:{extension}@{server}?Replaces={replaces.call_id}{tags}>"
        await self.phone.within(self, "REFER", [("Refer-To", to), ("Referred-By", f"<{uri_of(self.local)}>")])

    async def digit(self, digit: str) -> None:
        """Press a key, told by SIP INFO."""
        body = f"Signal={digit}\r\nDuration=160\r\n"
        await self.phone.within(self, "INFO", [("Content-Type", "application/dtmf-relay")], body)

    # --- What happens to it --------------------------------------------------------------------------------------

    def _up(self, code: int, at: float) -> None:
        self.code, self.answered_at = code, at
        self.answered.set()
        self.final.set()

    def over(self, *, code: int | None = None, by_us: bool) -> None:
        if not self.ended.is_set():
            self.code = self.code if code is None else code
            self.ended_at, self.ended_by_us = time.time(), by_us
            self.ended.set()
            self.final.set()

    def heard(self, answer: Message) -> None:
        """A response to our INVITE came."""
        if ";tag=" in answer.get("to"):
            self.remote = answer.get("to")
        if answer.code < 200:
            if answer.code >= 180:
                self.rang_at = self.rang_at or time.time()
                self.ringing.set()
        elif answer.code < 300:
            self.target, self.media = uri_of(answer.get("contact")), answer.body
            self._up(answer.code, time.time())
        else:
            self.over(code=answer.code, by_us=answer.code == 487)
