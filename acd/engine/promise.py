"""What the engine remembers of promises to call back: the offer to one caller, one attempt, and what is due."""

from typing import TYPE_CHECKING

import msgspec

from acd.engine.tape import Tape
from acd.model.callback import AttemptStage, CallbackPlan, DueCallback
from acd.model.facts import CallbackBooked, CallbackWanted, OfferFailure
from acd.model.ids import CallbackId, LineId, OfferId, OperatorId, ServerId
from acd.model.policy import CallbackRule, Line

if TYPE_CHECKING:
    from acd.engine.people import Desk


class Left(msgspec.Struct, frozen=True):
    """A caller hung up while his promise was being written."""

    at: float
    seen: bool
    rebooted: bool
    overflowing: bool


class Proposal:
    """The offer to be called back, as far as it has come with one caller on one line."""

    __slots__ = (
        "asked",
        "heard",
        "left",
        "not_before",
        "offer_at",
        "plan",
        "promise",
        "quiet_until",
        "sent",
        "unbroken",
        "untold",
        "wake_at",
        "wanted",
    )

    def __init__(self) -> None:
        self.asked = False
        """The keeper was asked for a plan and has not answered."""
        self.plan: CallbackPlan | None = None
        """Kept for him by the keeper until we say that it is not needed."""
        self.offer_at = 0.0
        """When he is to hear of the plan that was asked for."""
        self.sent = False
        """The plan is on his channel."""
        self.heard = False
        """He is in the dialogue, unless an operator's offer took him out of it."""
        self.unbroken = False
        """That offer never reached him, so he is in it still."""
        self.quiet_until = 0.0
        """Nothing else is said to him before."""
        self.not_before = 0.0
        """He has declined: no other offer until then."""
        self.wake_at: float | None = None
        """The timer that counts; an earlier one is superseded."""
        self.wanted: CallbackWanted | None = None
        """He accepted while an operator's offer was under way, which may still come to nothing."""
        self.promise: CallbackBooked | None = None
        """The promise of this call stands."""
        self.untold = False
        """It stands, and he was told that it does not."""
        self.left: Left | None = None


class Attempt:
    """One try to keep a promise."""

    __slots__ = (
        "callback",
        "desk",
        "ending",
        "failure",
        "id",
        "line",
        "operator",
        "rule",
        "server",
        "stage",
        "tape",
        "token",
        "unseen",
    )

    def __init__(self, id: OfferId, callback: CallbackId, line: Line, operator: OperatorId | None) -> None:
        self.id = id
        self.callback = callback
        self.line = line
        self.rule = line.callback or CallbackRule()
        """A promise is kept also when the line has given up the rule since."""
        self.operator = operator
        self.desk: Desk | None = None
        """None = in our eyes nobody has it in hand: seen at a phone whose operator has other work."""
        self.stage: AttemptStage | None = None
        """None = not claimed yet: nobody may be rung."""
        self.failure: OfferFailure | None = None
        """What we had to assume of his phone."""
        self.tape: Tape | None = None
        """The recording of the talk; None = nothing is recorded."""
        self.ending = False
        """The switch was told to hang up."""
        self.unseen = False
        """Its server cannot be seen, or we do not know yet which one it is."""
        self.server: ServerId | None = None
        """Of one that is unseen, as far as it was told."""
        self.token = 0
        """Counts the steps; a timer set before the last one is stale."""


class Dues:
    """The promises whose moment has come, and when to look at them again."""

    __slots__ = ("by_line", "resting", "token")

    def __init__(self) -> None:
        self.by_line: dict[LineId, list[tuple[int, DueCallback]]] = {}
        """Each with its rank: 0 = the most urgent of all."""
        self.resting: dict[CallbackId, float] = {}
        """A try came to nothing before the citizen was rung: no other until then."""
        self.token = 0
