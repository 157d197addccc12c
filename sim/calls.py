"""A citizen's channel in the simulated switch, and the citizen himself."""

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from acd.model.facts import CalledBack, CallMissed, CallSeen
from acd.model.facts import CallWhereabouts as At
from acd.model.ids import CallId, Device, LineId, OfferId
from acd.model.policy import OverflowTo
from sim.phones import Leg, LegState

if TYPE_CHECKING:
    from sim.dialogue import Offered, Question, Script
    from sim.kernel import Timer


class Citizen(Protocol):
    """Whoever calls."""

    def connected(self, call: "Call") -> None:
        """Somebody answered: an operator or the partner."""

    def asked(self, call: "Call") -> None:
        """He hears a question of the offer to be called back, and may press a key."""

    def gone(self, call: "Call") -> None:
        """The call is over, whoever hung up."""


class Passive:
    """A caller who does nothing by himself."""

    def connected(self, call: "Call") -> None: ...

    def asked(self, call: "Call") -> None: ...

    def gone(self, call: "Call") -> None: ...


PASSIVE: Final = Passive()


@dataclass(frozen=True, slots=True)
class ToOperator:
    """``acd-connect``."""

    offer: OfferId
    device: Device
    ring_time: float


@dataclass(frozen=True, slots=True)
class ToMusic:
    """``acd-wait``."""


@dataclass(frozen=True, slots=True)
class ToDeflect:
    """``acd-deflect``."""

    line: LineId
    to: OverflowTo


@dataclass(frozen=True, slots=True)
class ToSecondLine:
    """``acd-second-line``: a line, an internal number or an E.164 number."""

    to: str


@dataclass(frozen=True, slots=True)
class ToNowhere:
    """A context or extension that does not exist: Asterisk accepts it, then drops the caller."""

    context: str
    exten: str


Target = ToOperator | ToMusic | ToDeflect | ToSecondLine | ToNowhere
"""Where a Redirect moves a caller."""


def address(target: Target) -> tuple[str, str]:
    """Context and extension of a Redirect. Dial() takes whole seconds: the ring time is rounded up."""
    match target:
        case ToOperator():
            return "acd-connect", f"{target.offer}*{target.device}*{math.ceil(target.ring_time)}"
        case ToMusic():
            return "acd-wait", "s"
        case ToDeflect():
            return "acd-deflect", f"{target.to}*{target.line}"
        case ToSecondLine():
            return "acd-second-line", target.to
        case ToNowhere():
            return target.context, target.exten


@dataclass(slots=True, eq=False)
class Call:
    """A caller's channel with the variables on it."""

    id: CallId
    seq: int
    did: str
    number: str | None
    arrived_at: float
    language: str = "nl"
    citizen: Citizen = PASSIVE

    where: At = At.MENU
    path: str = ""
    line: LineId | None = None
    entered_at: float | None = None
    offer: OfferId | None = None
    device: Device | None = None
    up_at: float | None = None
    say: str = ""
    crisis_heard: str = ""
    heard: list[str] = field(default_factory=list)
    """Announcements and crisis messages played to him."""
    variables: dict[str, str] = field(default_factory=dict)
    """Whatever else was set on the channel."""

    offered: "Offered | None" = None
    """An offer to be called back that the waiting loop has still to find."""
    script: "Script | None" = None
    """The dialogue that he is in."""
    question: "Question | None" = None
    keyed: str = ""
    """Keys since the question."""
    booked: bool | None = None
    """``ACD_CB_ANSWER``; None = there is no answer."""
    declined_at: float | None = None
    """``ACD_CB_DECLINED``."""

    context: str = "acd-public"
    exten: str = ""
    leg: Leg | None = None
    through: Leg | None = None
    """The way to a citizen who did not call but was called back, and joined the line."""
    back: CalledBack | None = None
    """A citizen who was called back and is asked how it was: no caller, only his answers are told."""
    loop_from: float = 0.0
    """The waiting loop turns every 2 s from here on."""
    timer: "Timer | None" = None
    """What the dialplan does next by itself: a turn of the loop that has something to do, the end of a message."""
    pending: Target | None = None
    """A Redirect that was accepted and not carried out."""
    menu_told: bool = False
    """``AcdMenuEnded`` was sent."""
    dying: bool = False
    cause: int = 0
    tech: int | None = None

    @property
    def answers_as(self) -> CallId:
        """By what his answers are known."""
        return self.id if self.back is None else CallId(f"acd-cb-{self.back.attempt}")

    @property
    def talking(self) -> bool:
        """Bridged with an operator."""
        return self.where is At.TALK and self.leg is not None and self.leg.state is LegState.UP

    def plan(self, timer: "Timer | None") -> None:
        """Put what the dialplan does next in the place of what was planned before."""
        if self.timer is not None:
            self.timer.cancel()
        self.timer = timer

    def seen(self) -> CallSeen:
        """What the variables on the channel tell of it."""
        where = self.where
        dialled = where in (At.RING, At.TALK) and self.leg is not None
        if where is At.TALK and not dialled:
            where = At.AFTER
        return CallSeen(
            call=self.id,
            where=where,
            arrived_at=self.arrived_at,
            did=self.did,
            number=self.number,
            language=self.language,
            path=self.path,
            line=self.line,
            entered_at=self.entered_at,
            offer=self.offer,
            device=self.device,
            answered_at=self.up_at,
            dialled=dialled,
            declined_at=self.declined_at,
        )

    def note(self, gone_at: float) -> CallMissed:
        """What the hangup handler writes down when perhaps nobody listens."""
        return CallMissed(msgspec.structs.replace(self.seen(), dialled=False, declined_at=None), gone_at)
