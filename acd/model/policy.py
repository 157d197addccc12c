"""The city's settings as the engine uses them: frozen, so that a waiting call can keep the policy it entered with.

``acd.config`` builds these from ``queues.yaml``; nothing else does, except tests and the simulator.
All durations are seconds.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec

from acd.model.ids import Device, LineId, OperatorId
from acd.model.outside import Outside


class QueueRule(StrEnum):
    """Which waiting call a freed operator serves."""

    FIXED_QUEUE_RATIO = "fixed_queue_ratio"
    LONGEST_WAITING = "longest_waiting"


class OperatorRule(StrEnum):
    """Which idle operator serves a call."""

    LEAST_SKILLED = "least_skilled"
    LONGEST_IDLE = "longest_idle"


class OverflowTo(StrEnum):
    """What happens to a caller whom the line cannot take."""

    WAIT = "wait"
    """He waits all the same."""
    REFUSE = "refuse"
    """He hears that the line is full (or unstaffed) and is asked to call later."""
    PARTNER = "partner"
    """He is sent to the external partner contact centre."""


class Announcements(msgspec.Struct, frozen=True):
    """When a waiting caller hears his position and his expected wait."""

    first: float = 20.0
    """Seconds after joining the line; 0 switches announcements off."""
    every: float = 60.0
    """Seconds between further announcements; 0 = only the first."""
    position: bool = True
    wait: bool = True


class CallbackRule(msgspec.Struct, frozen=True):
    """When a waiting caller is offered to be called back, and how the call back is made."""

    after: float = 150.0
    """Seconds of waiting, counted from joining the line, at which the offer begins."""
    early_after: float = 10.0
    """Seconds in the queue at which it begins already, when the wait is going to be long."""
    early_when: float = 90.0
    """Expected wait (seconds, counted from joining) beyond which the offer comes early; 0 = never early."""
    again_after: float = 300.0
    """Seconds after a declined offer before it is made again; 0 = never again."""
    reserve: int = 2
    """So many other operators of the line stay idle when one calls back; fewer as the deadline nears."""
    operator_first: bool = True
    """The operator's phone rings first, then the citizen's. False: the citizen first."""
    ring_citizen: float = 30.0
    """Seconds that the citizen's phone rings."""
    machine_detection: bool = True
    """Listen for an answering machine; costs the citizen up to 2 s of silence."""


SURVEY: Final = "survey"
"""Where the dialplan asks a caller for scores: he is sent there like to a line, so no line may have this id."""


class SurveyQuestion(msgspec.Struct, frozen=True):
    """A question that a caller answers with a score from 1 to 10."""

    prompt: str
    """Prompt id of what he hears."""
    names: Mapping[str, str]
    """What reports call it, by language."""


class SurveyRule(msgspec.Struct, frozen=True):
    """What callers of a line are asked after their conversation."""

    questions: Mapping[str, SurveyQuestion]
    """By question id, in the order in which they are asked; one to five."""
    share: float = 0.0
    """Part of the callers who are asked when the operator has hung up first, 0 to 1; besides those whom he sends."""


class Terms(msgspec.Struct, frozen=True):
    """How many days a line keeps what is known of its callers; None = as all lines (``ACD_KEEP_...``)."""

    numbers: int | None = None
    names: int | None = None
    """None = with the notes, which is also the latest."""
    notes: int | None = None
    """What operators wrote, names and notes."""
    citizens: int | None = None
    """The keyed hash by which a citizen who calls again is known."""


class RecordingRule(msgspec.Struct, frozen=True):
    """Which conversations of a line are recorded. The caller is told before, and may refuse."""

    keep: int
    """Days until a recording is deleted."""
    share: float = 1.0
    """Part of the callers who are asked, 0 to 1."""


class Line(msgspec.Struct, frozen=True):
    """A line ("lijn"): one queue of callers with one promise."""

    id: LineId
    names: Mapping[str, str]
    """Display name by language: nl, en, fr."""
    priority: int = 0
    """0 (ordinary) to 9. Each step counts as ``Routing.priority_step`` seconds waited."""
    target_wait: float = 30.0
    """Service level: seconds within which ``target_share`` of the callers should be answered."""
    target_share: float = 0.80
    target_reachability: float = 0.95
    short_abandon: float = 10.0
    """t0: a caller who hangs up before this is ``abandoned_short``."""
    wrap_up: float = 30.0
    ring_time: float = 15.0
    capacity: int = 50
    """Most callers waiting at once."""
    when_full: OverflowTo = OverflowTo.REFUSE
    when_unstaffed: OverflowTo = OverflowTo.WAIT
    """Nobody with this line is logged in."""
    overflow_after: float = 0.0
    """Seconds of waiting after which the caller is sent to the partner; 0 = never."""
    calls_per_day: float = 1.0
    """Forecast arrivals, the weight of the line in the fixed queue ratio."""
    handle_time: float = 240.0
    """Expected talk + wrap-up of one call, until own calls have taught better."""
    announcements: Announcements = Announcements()
    callback: CallbackRule | None = None
    """None = this line never defers a caller."""
    survey: SurveyRule | None = None
    """None = its callers are never asked."""
    recording: RecordingRule | None = None
    """None = its conversations are never recorded."""
    privacy: Terms = Terms()


class PhoneKind(StrEnum):
    """What an operator telephones with."""

    SIP = "sip"
    """A phone on his desk, or a program, that speaks SIP."""
    BROWSER = "browser"
    """The page itself: WebRTC, over the web server."""


class Operator(msgspec.Struct, frozen=True):
    """An operator as configured: who he is, what he can, where his phone is."""

    id: OperatorId
    name: str
    device: Device
    lines: Mapping[LineId, int]
    """Line -> level; 1 = first choice for that line, higher numbers come later among the idle."""
    phone: PhoneKind = PhoneKind.SIP


class OfferRule(msgspec.Struct, frozen=True):
    """What becomes of an operator after an offer that failed in one particular way."""

    back_after: float | None
    """Seconds until he is available again by himself; None = until he says so."""
    limit: int = 0
    """From the n-th failure of this kind in a row on he stays not ready until he says otherwise; 0 = no limit."""


class OfferRules(msgspec.Struct, frozen=True):
    """A rule for each way in which a phone can decline."""

    ring_no_answer: OfferRule = OfferRule(back_after=10.0, limit=2)
    busy: OfferRule = OfferRule(back_after=15.0)
    rejected: OfferRule = OfferRule(back_after=None)
    fault: OfferRule = OfferRule(back_after=30.0, limit=3)


class DeskRule(msgspec.Struct, frozen=True):
    """How patient we are with those who work at the operator's page."""

    grace: float = 30.0
    """Seconds after which an operator whose page or phone is gone is no longer ready."""
    wrap_up_extension: float = 60.0
    """Seconds by which he may prolong his time for notes, once; 0 = not at all."""


class Routing(msgspec.Struct, frozen=True):
    """Settings of the choice "who gets whom"."""

    queue_rule: QueueRule = QueueRule.FIXED_QUEUE_RATIO
    operator_rule: OperatorRule = OperatorRule.LEAST_SKILLED
    guard: float = 90.0
    """A call past this goes first, oldest first. Counted with priority steps added."""
    priority_step: float = 30.0
    """One step of line priority counts as this many seconds waited (priority aging)."""


class Policy(msgspec.Struct, frozen=True):
    """All settings of the engine. A reload makes a new one."""

    lines: Mapping[LineId, Line]
    operators: Mapping[OperatorId, Operator]
    reasons: tuple[str, ...] = ("pauze", "lunch", "opleiding")
    """Reasons for not ready that an operator may choose."""
    routing: Routing = Routing()
    offers: OfferRules = OfferRules()
    desk: DeskRule = DeskRule()
    outside: Outside = Outside()
    confirm_timeout: float = 1.0
    """The switch must confirm an offer within this, or it is asked what became of the call."""
    ringing_timeout: float = 3.0
    """A phone that does not say it rings within this is dead."""
    offer_margin: float = 3.0
    """Seconds after the ring time at which an offer without any ending is given up."""
