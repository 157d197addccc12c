"""What the judge knows: what the telephones themselves noted, what the database says, and when which fault was there.

All moments are seconds since the epoch by the true clock.
"""

from dataclasses import dataclass, field
from typing import Final

from sim.lab.sipp import Stories

SERVED_WITHIN: Final = 1.0
"""Seconds that a caller may wait beside a free operator when nothing is broken, or is whole again."""


@dataclass(frozen=True)
class Incident:
    """A fault, from its first moment until what was broken is back."""

    kind: str
    began: float
    over: float
    within: float
    """Seconds in which whoever waits beside a free operator must be served while it lasts."""
    calls_lost: bool = False
    """Asterisk itself ended, and every call with it."""
    devices: tuple[str, ...] = ()
    """Phones that are out of order through it."""
    clocks: bool = False
    """Clocks were wrong: what the records say of the moment is not compared."""
    out: tuple[tuple[float, float], ...] = ()
    """When these phones were out of order; nothing: all the time."""
    back: float | None = None
    """From here on the engine was on its way back: whoever waits then may be left to it for a second more."""

    @property
    def switch_serves(self) -> bool:
        """Those who wait go over into the switch's own queue meanwhile, and come back."""
        return self.within > SERVED_WITHIN


@dataclass(frozen=True)
class Caller:
    """A citizen who calls, by his own telephone."""

    number: str
    called: float
    up: float | None
    """The switch answered; None: never."""
    ended: float | None
    by_himself: bool


@dataclass(frozen=True)
class Ring:
    """One ring at one phone, by that phone."""

    number: str
    """Caller's."""
    device: str
    invited: float
    answered: float | None
    ended: float | None
    by_phone: bool
    """This phone ended it."""


@dataclass(frozen=True)
class CallRow:
    """A call as the database has it."""

    number: str
    line: str | None
    outcome: str | None
    answered_at: float | None
    ended_at: float | None
    device: str | None
    """Of the operator who spoke with him last."""
    arrived_at: float | None = None
    not_promised_at: float | None = None
    """He wanted to be called back, and the engine gave that up then, by its own clock."""


@dataclass(frozen=True)
class AttemptRow:
    """A call back as the database has it."""

    number: str
    dialled_at: float | None
    ended_at: float | None


@dataclass(frozen=True)
class PromiseRow:
    """A promise to call back as the database has it."""

    number: str
    state: str
    why: str | None
    end_at: float
    deadline: float


@dataclass(frozen=True)
class Hearing:
    """A caller who listened: for how many seconds he heard the message that the line is full."""

    number: str
    full: float


@dataclass(frozen=True)
class Desk:
    """An operator's phone, and when he was there to be rung."""

    device: str
    lines: frozenset[str]
    present: tuple[tuple[float, float], ...]


@dataclass
class Evidence:
    """One run."""

    lines: dict[str, str]
    """Line of the callers whose number begins so."""
    capacity: dict[str, int]
    promising: dict[str, float]
    """Lines that offer to call back, and the seconds after which their callers begin to accept: from then on they are
    served no more, so that their waiting is not judged."""
    ended: float
    callers: list[Caller] = field(default_factory=list)
    rings: list[Ring] = field(default_factory=list)
    """At operators' phones."""
    called_back: list[Ring] = field(default_factory=list)
    """At citizens' phones."""
    desks: list[Desk] = field(default_factory=list)
    incidents: list[Incident] = field(default_factory=list)
    heard: list[Hearing] = field(default_factory=list)
    calls: list[CallRow] = field(default_factory=list)
    promises: list[PromiseRow] = field(default_factory=list)
    attempts: list[AttemptRow] = field(default_factory=list)

    def line_of(self, number: str) -> str:
        return next(line for prefix, line in self.lines.items() if number.startswith(prefix))


OPERATORS: Final = 4
"""Digits of an operator's internal number; a citizen's has more."""


def take(evidence: Evidence, stories: Stories) -> None:
    """What SIPp's own logs say."""
    for number, called in stories.placed.items():
        story = stories.citizens.get(number)
        up, ended, own = (story.up, story.ended, story.hung_up_himself) if story else (None, None, False)
        evidence.callers.append(Caller(number, called, up, ended, own))
    for ring in stories.rings:
        if len(ring.device) > OPERATORS:
            evidence.called_back.append(
                Ring(ring.number, ring.device, ring.invited, ring.answered, ring.ended, ring.by_phone)
            )
