"""Who calls, who works, and the lines on which they meet: what the engine remembers of each.

Only :class:`~acd.engine.state.State` changes what is indexed there: a call's or an operator's state, a line's lists.
"""

from typing import Final

import msgspec

from acd.engine.promise import Attempt, Proposal
from acd.engine.tape import Tape
from acd.model.call import CallState
from acd.model.facts import PhoneState
from acd.model.ids import CallId, Device, LineId, OfferId, OperatorId, SpyId
from acd.model.operator import OperatorState, Wish
from acd.model.outcome import Outcome
from acd.model.policy import Line, Operator
from acd.model.supervision import SpyMode
from acd.routing.choice import Candidate

PAGE_LOST: Final = "page_lost"
PHONE_LOST: Final = "phone_lost"
"""Reasons for not ready that the system gives."""

_UNREACHABLE: Final = OperatorState.UNREACHABLE
_READY: Final = Wish.READY


class Call:
    """A caller, from the first ring to the end of his channel."""

    __slots__ = (
        "announced",
        "answered_at",
        "arrived_at",
        "dialled",
        "did",
        "entered_at",
        "give_up_at",
        "held_since",
        "id",
        "language",
        "line",
        "lost",
        "moved_at",
        "number",
        "offer",
        "operator",
        "outcome",
        "overflowed",
        "path",
        "predicted",
        "proposal",
        "rerouted",
        "served_by",
        "state",
        "tape",
        "token",
        "unheard",
        "unseen",
        "unwelcomed",
    )

    def __init__(self, id: CallId, arrived_at: float) -> None:
        self.id = id
        self.state = CallState.MENU
        self.arrived_at = arrived_at
        self.did = ""
        self.number: str | None = None
        self.language = "nl"
        self.path = ""
        self.line: Line | None = None
        """The settings of the line as they were when he joined it."""
        self.entered_at = 0.0
        self.offer = OfferId(0)
        self.give_up_at = 0.0
        """When this offer has outlived every limit."""
        self.operator: Desk | None = None
        self.served_by: OperatorId | None = None
        """Who spoke with him last, or does."""
        self.held_since: float | None = None
        self.tape: Tape | None = None
        """The recording of his conversation; None = nothing is recorded."""
        self.lost: dict[OfferId, Desk] = {}
        """Offers that were given up without word from the switch: each may still come true."""
        self.moved_at = 0.0
        """When the switch was last told to fetch him back or to send him away."""
        self.dialled = False
        """The switch has confirmed the offer under way."""
        self.unheard = 0
        """How often the switch, asked about this offer, has said that the caller still waits."""
        self.answered_at: float | None = None
        self.outcome: Outcome | None = None
        self.overflowed = False
        self.announced: tuple[int | None, float | None, float] | None = None
        """Position, seconds and moment of the last announcement: neither figure ever rises."""
        self.predicted: float | None = None
        self.proposal: Proposal | None = None
        """How far it is with the offer to be called back; None = his line never defers anybody."""
        self.rerouted = False
        """A supervisor moved him to this line, and we told the switch so."""
        self.unseen = False
        """His server cannot be seen: nothing is done for him until it shows him."""
        self.unwelcomed = False
        """He joined the line when nothing could be done for him: whether it takes him has yet to be asked."""
        self.token = 0
        """Counts the moves; a timer set before the last move is stale."""


class Absence:
    """One thing that an operator cannot work without, his page or his phone, and since when it may be gone. What he
    does meanwhile does not touch its timer."""

    __slots__ = ("desk", "reason", "token")

    def __init__(self, desk: "Desk", reason: str) -> None:
        self.desk = desk
        self.reason = reason
        """Of the operator who is no longer ready because of it."""
        self.token = 0


class Desk(Candidate):
    """An operator at work: his configuration, his wish, his phone and the call in hand."""

    __slots__ = (
        "attempt",
        "back_by_itself",
        "by",
        "call",
        "config",
        "extended",
        "lanes",
        "lent",
        "line",
        "misses",
        "page",
        "page_gone",
        "phone",
        "phone_gone",
        "reason",
        "sent_out",
        "state",
        "token",
        "wish",
        "wrap_up_ends",
    )

    def __init__(self, config: Operator, now: float) -> None:
        super().__init__(config.id, config.lines, now)
        self.config = config
        """With the lines that he serves now; ``levels`` are its lines, read for each choice."""
        self.lent: Lent | None = None
        """A supervisor gave him other lines for now."""
        self.lanes: list[Lane] = []
        """Those of his lines; kept by :meth:`State.reindex`."""
        self.state = OperatorState.LOGGED_OUT
        self.wish = Wish.OUT
        self.reason: str | None = None
        self.by = ""
        """Who set the wish."""
        self.back_by_itself = False
        """The engine made him not ready after a failed offer and will make him ready again."""
        self.sent_out: list[float] = []
        """When he has sent callers to numbers outside, in the past hour."""
        self.phone = PhoneState.UNREACHABLE
        self.call: Call | None = None
        self.attempt: Attempt | None = None
        """The call back in hand; never beside a call."""
        self.line: LineId | None = None
        self.misses: dict[str, int] = {}
        """Failed offers in a row, by kind."""
        self.wrap_up_ends: float | None = None
        self.extended = False
        """He has prolonged this wrap-up."""
        self.page: bool | None = None
        """His page is connected; None = he works without it."""
        self.page_gone = Absence(self, PAGE_LOST)
        self.phone_gone = Absence(self, PHONE_LOST)
        self.token = 0

    @property
    def on_duty(self) -> bool:
        """Takes calls, now or when the work in hand is done."""
        return self.wish is _READY and self.state is not _UNREACHABLE


class Lent:
    """The lines that a supervisor gave an operator for now."""

    __slots__ = ("at", "by", "desk", "lines", "token", "until")

    def __init__(self, desk: Desk, lines: tuple[LineId, ...], until: float, at: float, by: str) -> None:
        self.desk = desk
        self.lines = lines
        self.until = until
        self.at = at
        self.by = by
        self.token = 0
        """Another value than that of the timer: it counts no more."""


class Spying(msgspec.Struct):
    """A supervisor's phone that rings for an operator's conversation, or is in it."""

    id: SpyId
    operator: OperatorId
    device: Device
    mode: SpyMode
    by: str
    call: CallId | None
    attempt: OfferId | None
    began_at: float | None = None
    """None = his phone rings."""


class Lane:
    """One line's callers, in order of joining, and its operators."""

    __slots__ = ("calibration", "closes_at", "handle_time", "idle", "line", "logged_in", "on_duty", "share", "waiting")

    def __init__(self, line: Line) -> None:
        self.line = line
        self.share = 0.0
        self.waiting: list[tuple[float, CallId, Call]] = []
        self.idle: dict[OperatorId, Desk] = {}
        self.on_duty = 0
        self.logged_in = 0
        self.handle_time = line.handle_time
        self.calibration = 1.0
        self.closes_at: float | None = None
        """It closes soon, then."""
