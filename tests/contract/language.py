"""What a scenario of the contract is made of: a stage, the steps that are taken on it, and the story that the facts
must tell."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from acd.model import commands as c
from acd.model import facts as f
from acd.model.facts import CallWhereabouts as At
from acd.model.ids import CallId
from acd.model.policy import OverflowTo
from acd.model.supervision import SpyMode
from sim.phones import ANSWERS, Habit

CALLED: Final = "the citizen"
"""Who is a caller although he never called: he was called back, and sent on."""
LINES: Final = ("gentinfo", "sportlijn", "lez", "toerisme", "opname")
PHONES: Final = ("1001", "1002", "1003")
"""All of them serve all of :data:`LINES`."""


class Stage(Protocol):
    """A switch with an engine's hand on it. All phones of the scenario are registered, no others are."""

    facts: list[f.Fact]
    """Told since the stage was set, in order."""

    async def call(self, line: str) -> CallId:
        """A citizen calls and joins ``line``. Returns when the switch has told so, if somebody listens."""

    async def hang_up(self, call: CallId) -> None:
        """The citizen hangs up."""

    async def press(self, call: CallId | None, keys: str) -> None:
        """The citizen (None: he who was called back) presses these keys, one after the other, as fast as one does."""

    async def pick_up(self, device: str) -> None: ...

    async def put_down(self, device: str) -> None:
        """The operator hangs up; while it rings: presses reject (603)."""

    async def send_on(self, device: str, to: str) -> None:
        """The operator at ``device`` sends his caller to another line or to a colleague (SIP REFER)."""

    async def hold(self, device: str, on: bool) -> None:
        """The operator at ``device`` puts his caller on hold, or takes him back."""

    async def put_through(self, device: str, to: str) -> None:
        """The operator at ``device`` calls a colleague, who answers, and joins him with his caller."""

    async def register(self, device: str) -> None: ...

    async def unregister(self, device: str) -> None: ...

    async def connect(self) -> None:
        """A fresh engine connects. Returns when it was told what is in the switch."""

    async def disconnect(self) -> None:
        """The engine dies."""

    def freeze(self) -> None:
        """Its routing loop stops: no heartbeat any more. The session lives."""

    async def cut_off(self) -> None:
        """The connection breaks. Returns when the same engine is connected again."""

    async def restart(self) -> None:
        """The switch is killed and started again. Returns when the link is up."""

    def send(self, command: c.Command) -> None: ...

    async def where(self, call: CallId) -> At | None:
        """Where the caller is, as somebody sees who stands beside the switch; None = not there any more."""

    async def rings(self, device: str) -> bool:
        """Whether this phone (or the ``partner``'s, which is also the phone of a citizen who is called back) rings."""

    async def sleep(self, seconds: float) -> None: ...


@dataclass(frozen=True)
class Calls:
    who: str
    line: str = "gentinfo"


@dataclass(frozen=True)
class HangsUp:
    who: str


@dataclass(frozen=True)
class Offers:
    who: str
    offer: int
    device: str
    ring_time: float = 20.0
    """Longer than any machine stands still; a scenario about its end has a shorter one."""


@dataclass(frozen=True)
class Withdraws:
    who: str
    offer: int


@dataclass(frozen=True)
class Announces:
    who: str


@dataclass(frozen=True)
class Deflects:
    who: str
    to: OverflowTo
    line: str = "gentinfo"


@dataclass(frozen=True)
class Asks:
    who: str


@dataclass(frozen=True)
class OffersCallback:
    who: str
    slots: int = 2
    number: str | None = "+32470000001"
    existing: bool = False


@dataclass(frozen=True)
class AnswersBooking:
    who: str
    booked: bool = True


@dataclass(frozen=True)
class Presses:
    who: str
    """``partner``: the citizen who was called back."""
    keys: str


@dataclass(frozen=True)
class CallsBack:
    attempt: int
    device: str
    number: str = "+32470000002"
    operator_first: bool = True
    machine_detection: bool = False
    ring_time: float = 20.0
    ring_citizen: float = 20.0
    line: str = "gentinfo"


@dataclass(frozen=True)
class EndsCallBack:
    attempt: int
    by_operator: bool = False
    """From his page."""


@dataclass(frozen=True)
class Reroutes:
    who: str
    line: str


@dataclass(frozen=True)
class Spies:
    """A supervisor wants to hear the operator who speaks with this caller."""

    who: str
    spy: int
    device: str
    mode: SpyMode = SpyMode.LISTEN


@dataclass(frozen=True)
class EndsSpy:
    spy: int


@dataclass(frozen=True)
class IsOn:
    """The look at the switch that was told last shows the caller on this line."""

    who: str
    line: str


@dataclass(frozen=True)
class Commands:
    command: c.Command


@dataclass(frozen=True)
class PicksUp:
    device: str


@dataclass(frozen=True)
class PutsDown:
    device: str


@dataclass(frozen=True)
class SendsOn:
    device: str
    to: str


@dataclass(frozen=True)
class Holds:
    device: str
    on: bool = True


@dataclass(frozen=True)
class PutsThrough:
    device: str
    to: str


@dataclass(frozen=True)
class Pauses:
    """The recording of this caller's conversation, or of ``attempt <n>``; off = it goes on."""

    who: str
    on: bool = True


@dataclass(frozen=True)
class EndsTalk:
    who: str


@dataclass(frozen=True)
class PassesOn:
    who: str
    to: str


@dataclass(frozen=True)
class Registers:
    device: str


@dataclass(frozen=True)
class Unregisters:
    device: str


@dataclass(frozen=True)
class Connects: ...


@dataclass(frozen=True)
class Disconnects: ...


@dataclass(frozen=True)
class Freezes: ...


@dataclass(frozen=True)
class IsCutOff: ...


@dataclass(frozen=True)
class Restarts: ...


@dataclass(frozen=True)
class Waits:
    seconds: float


@dataclass(frozen=True)
class Until:
    """Wait until this was told of him (or of a phone, or of the link)."""

    who: str
    word: str
    within: float = 30.0
    times: int = 1
    """So often in all."""


@dataclass(frozen=True)
class IsAt:
    """Wait until the caller is there (None = gone), whoever is told of it."""

    who: str
    where: At | None
    within: float = 30.0


@dataclass(frozen=True)
class Rings:
    """Wait until this phone (or the ``partner``'s) rings, whoever is told of it."""

    device: str
    within: float = 30.0


Step = (
    Calls
    | HangsUp
    | Offers
    | Withdraws
    | Announces
    | Deflects
    | Asks
    | OffersCallback
    | AnswersBooking
    | Presses
    | CallsBack
    | EndsCallBack
    | Reroutes
    | Spies
    | EndsSpy
    | IsOn
    | Commands
    | PicksUp
    | PutsDown
    | SendsOn
    | Holds
    | PutsThrough
    | Pauses
    | EndsTalk
    | PassesOn
    | Registers
    | Unregisters
    | Connects
    | Disconnects
    | Freezes
    | IsCutOff
    | Restarts
    | Waits
    | Until
    | IsAt
    | Rings
)


Commanding = (
    Offers
    | Withdraws
    | Announces
    | Deflects
    | Asks
    | OffersCallback
    | AnswersBooking
    | CallsBack
    | EndsCallBack
    | Reroutes
    | Spies
    | EndsSpy
    | Pauses
    | EndsTalk
    | PassesOn
    | Commands
)
"""The steps in which the engine tells the switch to do something."""


class Either(frozenset[str]):
    """These words, in any order."""


@dataclass(frozen=True)
class Scenario:
    name: str
    steps: Sequence[Step]
    story: Mapping[str, Sequence[str | Either]]
    """Caller, phone, ``attempt <n>``, ``spy <n>`` or ``link`` -> what was told of him. Of whoever is not named nothing
    is told."""
    phones: Mapping[str, Habit] = field(default_factory=dict)
    partner: Habit = ANSWERS
    """How whoever is called through the trunk answers: the partner contact centre, or a citizen who is called back."""
