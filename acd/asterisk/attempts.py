"""The attempts to call back that this session knows: typed events in, facts out; each ends once.

The dialplan tells the end of whatever it has begun (``AcdCbEnd``). Three things it cannot tell: that the operator's
phone never answered (``OriginateResponse``; why, stands in the ``Hangup`` of that channel, which comes before or after
it, and not at all when nothing was dialled), that a channel died before the dialplan had a word in it (its ``Hangup``),
and that we hung up what was not there yet: then it is hung up as soon as it is.

``OriginateResponse`` takes a shorter way through Asterisk than the others and overtakes them. With the citizen first
the dialplan ends the leg that the Originate waits for, so its failure says nothing by itself: the word comes before the
``Hangup`` of that leg, and where there never was a leg, never.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

from acd.asterisk import promise_events as p
from acd.asterisk.clock import SwitchClock
from acd.asterisk.events import ChannelOver, LegRings
from acd.asterisk.resync import SeenAttempt
from acd.asterisk.values import AmiEvent
from acd.model.callback import AttemptResult, AttemptStage
from acd.model.facts import (
    AttemptEnded,
    AttemptRinging,
    AttemptTaken,
    CitizenAnswered,
    CitizenDialled,
    Fact,
    OfferFailure,
)
from acd.model.ids import OfferId

RANG_IN_VAIN: Final = 3
"""``Reason`` of an Originate that rang until its time was over."""
WORD_PATIENCE: Final = 2.0
"""Seconds from the failure of an Originate with the citizen first until it is certain that no leg of it ever was."""
MOST_REMEMBERED: Final = 1000
"""Ended attempts of which the end is known, so that it can be told again."""

_R = AttemptResult


def attempt_result(status: str, cause: int, sip: int) -> AttemptResult:
    """What ``AcdCbEnd`` says.

    Args:
        status: ``DIALSTATUS`` of the citizen's leg, or the dialplan's own word: MACHINE, NOTALLOWED, NOOPERATOR (the
            citizen answered first and nobody took him), OPERATOR (the operator hung up before the citizen was rung).
        cause: ITU-T Q.850.
        sip: the carrier's last SIP answer; 0 = none. 403 and 401 are the carrier's refusal, not the citizen's, although
            Asterisk gives them the same cause as 603.
    """
    own = _OWN_WORDS.get(status)
    if own is not None:
        return own
    return _BY_SIP.get(sip) or _BY_CAUSE.get(cause if sip not in _CARRIERS_REFUSAL else 0) or _by_status(status, sip)


def _by_status(status: str, sip: int) -> AttemptResult:
    if status == "BUSY":
        return _R.BUSY
    return _R.NO_ANSWER if status == "NOANSWER" and sip < 300 else _R.FAULT


_OWN_WORDS: Final = {
    "ANSWER": _R.CONNECTED,
    "MACHINE": _R.MACHINE,
    "NOTALLOWED": _R.WRONG_NUMBER,
    "TOOMANY": _R.FAULT,
    "NOOPERATOR": _R.ABORTED,
    "CANCEL": _R.ABORTED,
    "OPERATOR": _R.OPERATOR,
}
_BY_SIP: Final = {
    **dict.fromkeys((404, 410, 484, 604), _R.WRONG_NUMBER),
    **dict.fromkeys((603, 607, 608), _R.REFUSED),
    **dict.fromkeys((486, 600), _R.BUSY),
    **dict.fromkeys((408, 480), _R.NO_ANSWER),
}
_CARRIERS_REFUSAL: Final = (401, 403, 407)
_BY_CAUSE: Final = {
    1: _R.WRONG_NUMBER,
    28: _R.WRONG_NUMBER,
    17: _R.BUSY,
    18: _R.NO_ANSWER,
    19: _R.NO_ANSWER,
    21: _R.REFUSED,
}


def why_operator(reason: int, cause: int, *, rang: bool) -> OfferFailure:
    """Why the operator's phone did not connect. Reason 0 is all but a phone that rang in vain; the cause of one that
    did is the same as that of a 480."""
    if reason == RANG_IN_VAIN:
        return OfferFailure.RING_NO_ANSWER if rang else OfferFailure.DEAD
    match cause:
        case 17:
            return OfferFailure.BUSY
        case 19 | 21:
            return OfferFailure.REJECTED
        case 3 | 20:
            return OfferFailure.UNREACHABLE
        case _:
            return OfferFailure.FAULT


class Attempt:
    """One attempt of which the end has not been told."""

    __slots__ = ("begun", "failed", "failed_at", "leg", "operator_first", "over", "rang", "stage", "unwanted")

    def __init__(
        self, operator_first: bool, stage: AttemptStage = AttemptStage.CLAIMED, leg: str | None = None
    ) -> None:
        self.operator_first = operator_first
        self.stage = stage
        self.leg = leg
        """Uniqueid of the operator's channel, once he has picked up."""
        self.begun = stage is not AttemptStage.CLAIMED
        """The first leg's channel was seen."""
        self.rang = self.begun
        self.failed: int | None = None
        """Reason of the Originate's failure."""
        self.failed_at = 0.0
        """When that was told, our clock."""
        self.over: ChannelOver | None = None
        """The first leg is gone."""
        self.unwanted = False
        """We want it hung up."""


class Attempts:
    """All of them.

    Args:
        tell: takes each fact.
        hang_up: hangs up the first leg of an attempt that nobody wants any more.
        clock: of this Asterisk.
    """

    def __init__(self, tell: Callable[[Fact], None], hang_up: Callable[[OfferId], None], clock: SwitchClock) -> None:
        self._clock = clock
        self._tell = tell
        self._hang_up = hang_up
        self._alive: dict[OfferId, Attempt] = {}
        self._ended: dict[OfferId, AttemptEnded] = {}

    def begin(self, attempt: OfferId, *, operator_first: bool) -> bool:
        """An Originate goes out. False: this attempt was begun before, and must not be begun again."""
        if attempt in self._alive or attempt in self._ended:
            return False
        self._alive[attempt] = Attempt(operator_first)
        return True

    def adopt(self, found: Iterable[SeenAttempt]) -> None:
        """Know those that were found alive. Tells nothing: the finder does."""
        for one in found:
            self._alive[one.seen.attempt] = attempt = Attempt(one.operator_first, one.seen.stage, one.leg)
            attempt.begun = True

    def talking_leg(self, attempt: OfferId) -> str | None:
        """Uniqueid of the operator's channel; None = he does not speak with the citizen."""
        found = self._alive.get(attempt)
        return found.leg if found is not None and found.stage is AttemptStage.TALKING else None

    def unwanted(self, attempt: OfferId) -> None:
        """The engine wants it ended: remember that, for whatever of it is still to come."""
        if attempt in self._alive:
            self._alive[attempt].unwanted = True

    def not_there(self, attempt: OfferId, at: float) -> None:
        """There is no such channel to hang up. One whose Originate is on its way will come, or fail."""
        if attempt in self._ended:
            self._tell(self._ended[attempt])
        elif attempt not in self._alive:
            self.end(attempt, AttemptResult.UNKNOWN, at)

    def end(self, attempt: OfferId, result: AttemptResult, at: float, failure: OfferFailure | None = None) -> None:
        """Tell the end, once. ``at``: our clock."""
        self._alive.pop(attempt, None)
        if attempt in self._ended:
            return
        fact = self._ended[attempt] = AttemptEnded(attempt, result, at, failure)
        if len(self._ended) > MOST_REMEMBERED:
            del self._ended[next(iter(self._ended))]
        self._tell(fact)

    def tick(self, now: float) -> None:
        """End what can have no leg any more. ``now``: our clock."""
        for attempt, found in tuple(self._alive.items()):
            waits = found.failed is not None and not found.operator_first and found.stage is AttemptStage.CLAIMED
            if waits and now - found.failed_at >= WORD_PATIENCE:
                self._not_carried_out(attempt, now)

    # --- Events ---------------------------------------------------------------------------------------------------

    def take(self, event: AmiEvent) -> None:
        """Take in one event and tell what follows from it. Harmless for events of other things."""
        match event:
            case p.AttemptEvent() if event.attempt not in self._ended:
                found = self._alive.setdefault(event.attempt, Attempt(operator_first=True))
                _HANDLERS[type(event)](self, found, event)
            case LegRings():
                self._rings(p.attempt_of(event.leg))
            case ChannelOver():
                self._channel_over(p.attempt_of(event.channel), event)
            case _:
                pass

    def _begun(self, found: Attempt, event: p.Begun) -> None:
        found.begun = True
        if found.unwanted:
            self._hang_up(event.attempt)

    def _rings(self, attempt: OfferId | None) -> None:
        found = None if attempt is None else self._alive.get(attempt)
        if attempt is not None and found is not None and found.operator_first and not found.rang:
            found.rang = True
            if found.stage is AttemptStage.CLAIMED:
                found.stage = AttemptStage.RINGING
                self._tell(AttemptRinging(attempt))

    def _taken(self, found: Attempt, event: p.Taken) -> None:
        found.leg = event.leg
        if found.stage in (AttemptStage.CLAIMED, AttemptStage.RINGING):
            found.stage = AttemptStage.TAKEN
        self._tell(AttemptTaken(event.attempt, self._clock.ours(event.up)))

    def _dialled(self, found: Attempt, event: p.Dialled) -> None:
        found.stage = AttemptStage.DIALLED
        self._tell(CitizenDialled(event.attempt))

    def _met(self, found: Attempt, event: p.Met) -> None:
        found.stage = AttemptStage.TALKING
        self._tell(CitizenAnswered(event.attempt, self._clock.ours(event.up)))

    def _ended_by_dialplan(self, found: Attempt, event: p.Ended) -> None:
        self.end(event.attempt, attempt_result(event.status, event.cause, event.sip), self._clock.ours(event.gone))

    def _originated(self, found: Attempt, event: p.Originated) -> None:
        if not event.success:
            found.failed, found.failed_at = event.reason, self._clock.ours(event.at)
            self._resolve(event.attempt, found, event.at)

    def _channel_over(self, attempt: OfferId | None, event: ChannelOver) -> None:
        found = None if attempt is None else self._alive.get(attempt)
        if attempt is not None and found is not None:
            found.over = event
            self._resolve(attempt, found, event.at)

    def _resolve(self, attempt: OfferId, found: Attempt, at: float) -> None:
        """The first leg failed, or is gone, and the dialplan has said nothing of an end."""
        over, now = found.over, self._clock.ours(at)
        match found.stage:
            case AttemptStage.TALKING if over is not None:
                self.end(attempt, AttemptResult.CONNECTED, now)
            case AttemptStage.DIALLED if over is not None:
                self.end(attempt, AttemptResult.ABORTED, now)
            case AttemptStage.TAKEN if over is not None:
                self.end(attempt, AttemptResult.OPERATOR, now)
            case AttemptStage.CLAIMED | AttemptStage.RINGING if found.failed is not None:
                self._not_taken(attempt, found, found.failed, now)
            case _:
                pass

    def _not_taken(self, attempt: OfferId, found: Attempt, reason: int, now: float) -> None:
        if not found.operator_first:
            if found.over is not None:
                self._not_carried_out(attempt, now)
        elif found.unwanted:
            self.end(attempt, AttemptResult.OPERATOR, now, None if found.rang else OfferFailure.DEAD)
        elif not found.begun:
            self.end(attempt, AttemptResult.OPERATOR, now, OfferFailure.UNREACHABLE)
        elif reason == RANG_IN_VAIN or found.over is not None:
            failure = why_operator(reason, 0 if found.over is None else found.over.cause, rang=found.rang)
            self.end(attempt, AttemptResult.OPERATOR, now, failure)

    def _not_carried_out(self, attempt: OfferId, now: float) -> None:
        """With the citizen first, and nobody was rung: it is the switch's fault."""
        self.end(attempt, AttemptResult.OPERATOR, now, OfferFailure.LOST)


_HANDLERS: Final[dict[type[p.AttemptEvent], Callable[[Attempts, Attempt, Any], None]]] = {
    p.Begun: Attempts._begun,
    p.Originated: Attempts._originated,
    p.Taken: Attempts._taken,
    p.Dialled: Attempts._dialled,
    p.Met: Attempts._met,
    p.Ended: Attempts._ended_by_dialplan,
}
