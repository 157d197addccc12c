"""Telephones: what they do with an INVITE, and what Asterisk makes of their answers."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from acd.model.ids import CallId, Device, OfferId

if TYPE_CHECKING:
    from sim.calling_back import Attempt
    from sim.calls import Call
    from sim.kernel import Timer


@dataclass(frozen=True, slots=True)
class Habit:
    """What a phone does by itself with a call that comes in."""

    code: int | None = 200
    """Final SIP answer; None = never."""
    after: float = 0.2
    """Seconds from the INVITE to the final answer."""
    ring: bool = True
    """Says 180 at once. A phone that neither rings nor answers is dead: it says nothing at all."""
    talk: float | None = None
    """Hangs up after so many seconds of talk; None = leaves that to the other side."""
    voice: float = 0.0
    """Speaks so many seconds from the answer on: a citizen says his name, a machine speaks longer."""


ANSWERS: Final = Habit()
RINGS: Final = Habit(code=None)
"""Rings and is not picked up."""
BUSY: Final = Habit(code=486, after=0.02, ring=False)
REJECTS: Final = Habit(code=603)
DND: Final = Habit(code=480, after=0.02, ring=False)
"""Do not disturb."""
BROKEN: Final = Habit(code=503, after=0.02, ring=False)
DEAD: Final = Habit(code=None, ring=False)


class Verdict(NamedTuple):
    """What Asterisk says of a leg that came to nothing."""

    dial_end: str
    """``DialStatus`` of the event DialEnd."""
    dial_status: str
    """The variable ``DIALSTATUS``. The two differ for 603."""
    cause: int
    """``HANGUPCAUSE``, ITU-T Q.850."""
    tech: int | None
    """``TechCause`` of the leg: the SIP code."""
    callers_tech: int | None
    """``TechCause`` that the caller's own hangup shows afterwards."""


VERDICTS: Final[dict[int, Verdict]] = {
    404: Verdict("CHANUNAVAIL", "CHANUNAVAIL", 1, 404, 404),
    480: Verdict("NOANSWER", "NOANSWER", 19, 480, 480),
    486: Verdict("BUSY", "BUSY", 17, 486, 486),
    503: Verdict("CONGESTION", "CONGESTION", 34, 503, 503),
    603: Verdict("NOANSWER", "CHANUNAVAIL", 21, 603, 403),
}
"""By SIP code, as recorded with Asterisk 22.10."""
NO_ANSWER: Final = Verdict("NOANSWER", "NOANSWER", 0, None, None)
"""Dial()'s own time ran out."""
WITHDRAWN: Final = Verdict("CANCEL", "CANCEL", 0, None, None)
"""The caller was taken back by the engine."""
NOWHERE: Final = Verdict("CHANUNAVAIL", "CHANUNAVAIL", 3, None, 404)
"""No contact: not registered, or qualify found it unreachable. Nothing is dialled."""


def verdict(code: int) -> Verdict:
    """A SIP code that was not recorded counts as 503 does: the phone or the network is at fault."""
    return VERDICTS.get(code) or Verdict("CONGESTION", "CONGESTION", 34, code, code)


class LegKind(StrEnum):
    OFFER = "offer"
    """Rung by acd-connect."""
    FALLBACK = "fallback"
    """Rung by Queue()."""
    PARTNER = "partner"
    """The partner contact centre."""
    ORIGINATED = "originated"
    """Rung by an AMI Originate; there is no caller."""
    COLLEAGUE = "colleague"
    """Rung by acd-second-line: a caller is passed on."""
    CITIZEN = "citizen"
    """A citizen who is called back."""
    LOCAL = "local"
    """The end of a Local channel that waits until a citizen who is called first has answered."""
    RESERVED = "reserved"
    """The operator's phone, when the citizen was called first."""


class LegState(StrEnum):
    DOWN = "down"
    RINGING = "ringing"
    UP = "up"


@dataclass(slots=True, eq=False)
class Leg:
    """One outgoing channel, from INVITE to hangup."""

    seq: int
    uid: str
    kind: LegKind
    device: Device
    started_at: float
    call: "Call | None" = None
    offer: OfferId | None = None
    attempt: "Attempt | None" = None
    """The attempt to call back to which it belongs."""
    spied: str = ""
    """Channel of the operator's leg to which a supervisor listens on this one; empty = it is no supervisor's."""
    spying: bool = False
    """He hears them."""
    recording: str = ""
    """Name of the recording that is made on it; empty = none is."""
    muted: bool = False
    """What is written of it is silence."""
    recorded_of: "tuple[CallId | None, OfferId | None]" = (None, None)
    exten: str = ""
    """What was dialled to get here; Asterisk shows it on the leg."""
    state: LegState = LegState.DOWN
    held: bool = False
    """It has put its other end on hold."""
    habit: Habit = ANSWERS
    timer: "Timer | None" = None
    answered: "Callable[[Leg], None] | None" = None
    """What follows an answer."""
    failed: "Callable[[Leg, Verdict], None] | None" = None
    """What follows the end of an attempt."""


class Hands(Protocol):
    """Whoever sits at a phone."""

    def invited(self, leg: Leg) -> Habit:
        """The phone is called: what will be done?"""

    def parted(self, leg: Leg) -> None:
        """The leg has ended, answered or not."""


class Always:
    """Hands that always do the same."""

    def __init__(self, habit: Habit) -> None:
        self.habit = habit

    def invited(self, leg: Leg) -> Habit:
        return self.habit

    def parted(self, leg: Leg) -> None:
        """Nothing follows."""


class Contact(StrEnum):
    """Status of a phone's registered address, as the event ContactStatus says it."""

    NON_QUALIFIED = "NonQualified"
    REACHABLE = "Reachable"
    UNREACHABLE = "Unreachable"
    REMOVED = "Removed"


class Phone:
    """A PJSIP endpoint and its telephone."""

    __slots__ = ("contact", "device", "elsewhere", "free_at", "hands", "leg", "rung_at", "shown")

    def __init__(self, device: Device, hands: Hands | None = None) -> None:
        self.device = device
        self.hands: Hands = hands or Always(ANSWERS)
        self.contact = Contact.NON_QUALIFIED
        self.leg: Leg | None = None
        self.elsewhere = False
        """In a call that is not ours."""
        self.rung_at = 0.0
        """When Queue() rang it last."""
        self.free_at = 0.0
        """When the last call that Queue() gave it ended."""
        self.shown = self.device_state()
        """Device state as last told."""

    @property
    def reachable(self) -> bool:
        return self.contact in (Contact.NON_QUALIFIED, Contact.REACHABLE)

    @property
    def free(self) -> bool:
        """Asterisk's own Queue() would ring it."""
        return self.reachable and self.leg is None and not self.elsewhere

    def device_state(self) -> str:
        """What Asterisk derives from channels and contacts. While a channel lives the contact does not count: a phone
        that unregisters while it rings goes on RINGING."""
        leg = self.leg
        if self.elsewhere or (leg is not None and leg.state is LegState.UP):
            return "INUSE"
        if leg is not None and leg.state is LegState.RINGING:
            return "RINGING"
        return "NOT_INUSE" if self.reachable else "UNAVAILABLE"

    def invited(self, leg: Leg) -> Habit:
        """One call at a time: the second one gets 486."""
        return BUSY if self.elsewhere or self.leg is not None else self.hands.invited(leg)
