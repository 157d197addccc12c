"""What can be observed in the simulated switch, in the order in which Asterisk would say it.

A front-end is an :class:`Observer`: ``sim.pbx`` makes facts of it, ``sim.ami_server`` AMI events. One method a
happening, so that the type checker sees to it that each is rendered and none is invented.
"""

from typing import Protocol

from acd.model.ids import CallId, LineId, OfferId
from acd.model.outcome import Outcome
from sim.calling_back import Attempt
from sim.calls import Call
from sim.phones import Leg, Phone, Verdict

Recorded = tuple[CallId | None, OfferId | None]
"""Whose conversation: of a call, or of an attempt to call back."""


class Observer(Protocol):
    """Told of each happening at the moment it happens; what he does to the switch in return takes
    effect later, and be it in the same instant."""

    # --- the dialplan's own words ---

    def arrived(self, call: Call) -> None:
        """``AcdArrived``."""

    def menu_ended(self, call: Call, outcome: Outcome) -> None:
        """``AcdMenuEnded``."""

    def queued(self, call: Call) -> None:
        """``AcdQueued``."""

    def up(self, call: Call, leg: Leg) -> None:
        """``AcdUp``, ``AcdFallbackUp`` or ``AcdOverflowUp``, on the leg that answered."""

    def not_connected(self, call: Call, leg: Leg | None, verdict: Verdict) -> None:
        """``AcdNoConnect``. ``leg`` None: nothing was dialled."""

    def after(self, call: Call) -> None:
        """``AcdAfter``."""

    def sent_on(self, call: Call, to: str) -> None:
        """``AcdAfter`` of a caller who is passed on."""

    def colleague_up(self, call: Call, leg: Leg) -> None:
        """``AcdColleagueUp``, on the leg that answered."""

    def overflow_failed(self, call: Call) -> None:
        """``AcdOverflowFailed``."""

    def gone(self, call: Call, at: float) -> None:
        """``AcdGone``."""

    def callback_heard(self, call: Call, at: float) -> None:
        """``AcdCbHeard``."""

    def callback_declined(self, call: Call) -> None:
        """``AcdCbDeclined``."""

    def callback_wanted(self, call: Call, choice: int, keyed: str) -> None:
        """``AcdCbWanted``."""

    def callback_cancelled(self, call: Call) -> None:
        """``AcdCbCancelled``."""

    def attempt_taken(self, attempt: Attempt, at: float) -> None:
        """``AcdCbTaken``."""

    def attempt_dialled(self, attempt: Attempt) -> None:
        """``AcdCbDialled``."""

    def attempt_up(self, attempt: Attempt, at: float) -> None:
        """``AcdCbUp``."""

    def attempt_ended(self, attempt: Attempt, at: float) -> None:
        """``AcdCbEnd``."""

    def spy_begun(self, leg: Leg, at: float) -> None:
        """``AcdSpyBegun``, on the supervisor's channel."""

    def survey_begun(self, call: Call, at: float, sent: bool) -> None:
        """``AcdSurveyBegun``."""

    def survey_score(self, call: Call, question: str, score: int, at: float) -> None:
        """``AcdSurvey``."""

    def recording(self, leg: Leg, of: Recorded, line: LineId, at: float, paused: bool) -> None:
        """``AcdRecording``, on the leg that answered. ``paused``: that of the talk before was."""

    def recorded(self, leg: Leg, of: Recorded, at: float) -> None:
        """``AcdRecorded``."""

    # --- Asterisk's ---

    def dial_begun(self, leg: Leg) -> None: ...

    def rang(self, leg: Leg) -> None:
        """``DialState`` RINGING."""

    def dial_ended(self, leg: Leg, status: str) -> None: ...

    def bridged(self, call: Call, leg: Leg) -> None:
        """Both are in one bridge: ``BridgeEnter`` twice."""

    def caller_left_bridge(self, call: Call, leg: Leg, last: bool) -> None:
        """``last``: the bridge is empty now."""

    def leg_left_bridge(self, call: Call, leg: Leg, last: bool) -> None: ...

    def caller_hangs_up(self, call: Call) -> None:
        """``HangupRequest`` of the caller: BYE came from his side."""

    def leg_hangs_up(self, leg: Leg, verdict: Verdict | None) -> None:
        """``HangupRequest`` of the leg. ``verdict``: it was never up."""

    def caller_over(self, call: Call) -> None:
        """``Hangup`` of the caller."""

    def leg_over(self, leg: Leg, cause: int, tech: int | None) -> None:
        """``Hangup`` of the leg."""

    def held(self, leg: Leg) -> None:
        """The phone has put its other end on hold."""

    def unheld(self, leg: Leg) -> None: ...

    def put_through(self, call: Call, leg: Leg, colleague: Leg) -> None:
        """``leg`` has joined its caller with the colleague's leg, and is about to end."""

    def originated(self, leg: Leg, reason: int) -> None:
        """``OriginateResponse``: 4 answered, 3 rang in vain, 0 anything else."""

    def device_changed(self, phone: Phone) -> None: ...

    def contact_changed(self, phone: Phone) -> None: ...


class Silent:
    """Tells nobody: the base of observers that render only some happenings."""

    def arrived(self, call: Call) -> None: ...

    def menu_ended(self, call: Call, outcome: Outcome) -> None: ...

    def queued(self, call: Call) -> None: ...

    def up(self, call: Call, leg: Leg) -> None: ...

    def not_connected(self, call: Call, leg: Leg | None, verdict: Verdict) -> None: ...

    def after(self, call: Call) -> None: ...

    def sent_on(self, call: Call, to: str) -> None: ...

    def colleague_up(self, call: Call, leg: Leg) -> None: ...

    def held(self, leg: Leg) -> None: ...

    def unheld(self, leg: Leg) -> None: ...

    def put_through(self, call: Call, leg: Leg, colleague: Leg) -> None: ...

    def overflow_failed(self, call: Call) -> None: ...

    def gone(self, call: Call, at: float) -> None: ...

    def dial_begun(self, leg: Leg) -> None: ...

    def rang(self, leg: Leg) -> None: ...

    def dial_ended(self, leg: Leg, status: str) -> None: ...

    def bridged(self, call: Call, leg: Leg) -> None: ...

    def caller_left_bridge(self, call: Call, leg: Leg, last: bool) -> None: ...

    def leg_left_bridge(self, call: Call, leg: Leg, last: bool) -> None: ...

    def caller_hangs_up(self, call: Call) -> None: ...

    def leg_hangs_up(self, leg: Leg, verdict: Verdict | None) -> None: ...

    def caller_over(self, call: Call) -> None: ...

    def leg_over(self, leg: Leg, cause: int, tech: int | None) -> None: ...

    def originated(self, leg: Leg, reason: int) -> None: ...

    def device_changed(self, phone: Phone) -> None: ...

    def contact_changed(self, phone: Phone) -> None: ...

    def callback_heard(self, call: Call, at: float) -> None: ...

    def callback_declined(self, call: Call) -> None: ...

    def callback_wanted(self, call: Call, choice: int, keyed: str) -> None: ...

    def callback_cancelled(self, call: Call) -> None: ...

    def attempt_taken(self, attempt: Attempt, at: float) -> None: ...

    def attempt_dialled(self, attempt: Attempt) -> None: ...

    def attempt_up(self, attempt: Attempt, at: float) -> None: ...

    def attempt_ended(self, attempt: Attempt, at: float) -> None: ...

    def spy_begun(self, leg: Leg, at: float) -> None: ...

    def survey_begun(self, call: Call, at: float, sent: bool) -> None: ...

    def survey_score(self, call: Call, question: str, score: int, at: float) -> None: ...

    def recording(self, leg: Leg, of: Recorded, line: LineId, at: float, paused: bool) -> None: ...

    def recorded(self, leg: Leg, of: Recorded, at: float) -> None: ...
