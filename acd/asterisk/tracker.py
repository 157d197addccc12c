"""Who is who among the channels: typed events in, facts out, in the order in which Asterisk spoke.

A caller is known by the ``Uniqueid`` of his channel, an operator's leg by its own, which ``DialBegin`` names. Names of
channels, bridges and ``Local`` channels are never looked at: a hold, a transfer or a three-way talk moves callers
between bridges, and a caller who leaves one may speak on in the next. A talk is over when the operator's *leg* is gone,
or when the dialplan says so (``AcdAfter``), whichever comes first, once.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

from acd.asterisk import events as e
from acd.asterisk import promise_events as p
from acd.asterisk import recorded_events as r
from acd.asterisk import survey_events as s
from acd.asterisk.clock import SwitchClock
from acd.asterisk.values import AmiEvent
from acd.model.facts import (
    CallArrived,
    CallbackCancelled,
    CallbackDeclined,
    CallbackHeard,
    CallbackWanted,
    CallGone,
    CallQueued,
    CallSeen,
    CallWhereabouts,
    ColleagueAnswered,
    Fact,
    FallbackAnswered,
    MenuEnded,
    OfferAnswered,
    OfferDialled,
    OfferFailed,
    OfferFailure,
    OfferRinging,
    OutsideRefused,
    OverflowAnswered,
    OverflowFailed,
    RecordingBegan,
    RecordingOver,
    SurveyAnswered,
    SurveyStarted,
    TalkEnded,
    TalkHeld,
    TalkResumed,
    TalkTransferred,
    TransferHow,
)
from acd.model.ids import CallId, Device, LineId, OfferId

AT_ONCE: Final = 0.3
"""Seconds. A talk that the dialplan takes for none (``acd-dropped``) is shorter; its end is told by the dialplan."""


def why_failed(dial_status: str, cause: int, *, rang: bool) -> OfferFailure:
    """What ``AcdNoConnect`` says about the operator's phone.

    Args:
        dial_status: ``DIALSTATUS``. 486 gives BUSY; 480 and a phone that rang to the end both give NOANSWER; 603 and a
            phone that is not registered both give CHANUNAVAIL; 503 gives CONGESTION.
            CANCEL: we took the caller back.
        cause: ITU-T Q.850: 19 for 480, 21 for 603, 3 for no contact, 0 when Dial()'s own time ran out.
        rang: the phone had said that it rings.
    """
    match dial_status, cause:
        case "BUSY", _:
            return OfferFailure.BUSY
        case ("NOANSWER", 19) | ("CHANUNAVAIL", 21):
            return OfferFailure.REJECTED
        case "NOANSWER", _:
            return OfferFailure.RING_NO_ANSWER if rang else OfferFailure.DEAD
        case "CHANUNAVAIL", 3 | 20:
            return OfferFailure.UNREACHABLE
        case "CANCEL", _:
            return OfferFailure.LOST
        case _:
            return OfferFailure.FAULT


class Leg:
    """An operator's leg: rung for one caller, perhaps talking with him."""

    __slots__ = ("answered", "call", "channel", "held", "offer", "over", "rang", "up")

    def __init__(self, channel: str, call: CallId, offer: OfferId | None) -> None:
        self.channel = channel
        """Its Uniqueid."""
        self.call = call
        self.offer = offer
        """None = rung by Asterisk's own Queue()."""
        self.rang = False
        self.answered = False
        self.up = 0.0
        """Asterisk's moment of the answer; 0: it was found answered."""
        self.held = False
        self.over = False
        """The end of the talk has been told."""


class Caller:
    """A caller's channel."""

    __slots__ = ("gone", "leg", "queued")

    def __init__(self) -> None:
        self.leg: Leg | None = None
        """The operator's leg rung last."""
        self.queued: tuple[LineId, float] | None = None
        """Line and moment of joining it, as told last."""
        self.gone = False


class Tracker:
    """The translation of one session.

    Args:
        tell: takes each fact.
        clock: of this Asterisk.
    """

    def __init__(self, tell: Callable[[Fact], None], clock: SwitchClock) -> None:
        self._tell = tell
        self._clock = clock
        self._callers: dict[CallId, Caller] = {}
        self._legs: dict[str, Leg] = {}

    def adopt(self, seen: CallSeen, legs: Iterable[tuple[str, bool]]) -> None:
        """Know a call that was found alive, with the channels of the operators' legs dialled for it (and whether each
        rings). Tells nothing: the finder does."""
        caller = self._callers[seen.call] = Caller()
        if seen.line is not None and seen.entered_at is not None:
            caller.queued = (seen.line, seen.entered_at)
        if seen.where not in (CallWhereabouts.RING, CallWhereabouts.TALK):
            return
        for channel, rings in legs:
            caller.leg = leg = self._legs[channel] = Leg(channel, seen.call, seen.offer)
            leg.answered = seen.where is CallWhereabouts.TALK
            leg.rang = rings or leg.answered

    def talking(self, call: CallId) -> bool:
        """This caller and an operator speak, as far as Asterisk has told."""
        return self.talking_leg(call) is not None

    def talking_leg(self, call: CallId) -> str | None:
        """Uniqueid of the phone with which this caller speaks."""
        caller = self._callers.get(call)
        leg = None if caller is None else caller.leg
        return leg.channel if leg is not None and leg.answered and not leg.over else None

    def operators_leg(self, call: CallId) -> str | None:
        """The channel of the operator who speaks with this caller; None = nobody does."""
        caller = self._callers.get(call)
        if caller is None or caller.leg is None or not caller.leg.answered or caller.leg.over:
            return None
        return next((channel for channel, leg in self._legs.items() if leg is caller.leg), None)

    def take(self, event: AmiEvent) -> None:
        """Take in one event and tell what follows from it."""
        handler = _HANDLERS.get(type(event))
        if handler is not None:
            handler(self, event)

    def _caller(self, call: CallId) -> Caller:
        caller = self._callers.get(call)
        if caller is None:
            caller = self._callers[call] = Caller()
        return caller

    # --- The caller -----------------------------------------------------------------------------------------------

    def _arrived(self, event: e.Arrived) -> None:
        self._caller(event.call)
        arrived_at = self._clock.stays(event.call, event.arrived)
        self._tell(CallArrived(event.call, arrived_at, event.did, event.number or None))

    def _menu_over(self, event: e.MenuOver) -> None:
        self._tell(MenuEnded(event.call, event.outcome, event.line))

    def _queued(self, event: e.Queued) -> None:
        """Told again with the same moment it is no news, unless he has talked meanwhile: a Redirect took him out of
        that talk, which is over even if the operator's leg is not gone yet."""
        caller, joined = self._caller(event.call), (event.line, self._clock.stays(event.call, event.t0))
        if caller.leg is not None and caller.leg.answered:
            self._end_talk(caller.leg, event.at)
        elif caller.queued == joined:
            return
        caller.queued = joined
        arrived_at = None if event.arrived is None else self._clock.stays(event.call, event.arrived)
        self._tell(
            CallQueued(
                call=event.call,
                line=event.line,
                entered_at=joined[1],
                number=event.number or None,
                language=event.language,
                did=event.did,
                path=event.path,
                arrived_at=arrived_at,
            )
        )

    def _gone(self, event: e.Gone) -> None:
        self._end(event.call, event.gone, overflowing=event.state == CallWhereabouts.OVERFLOW)

    def _end(self, call: CallId, at: float, *, overflowing: bool) -> None:
        caller = self._caller(call)
        if not caller.gone:
            caller.gone = True
            if caller.leg is not None and caller.leg.channel not in self._legs:
                self._end_talk(caller.leg, at)
            self._tell(CallGone(call, self._clock.ours(at), overflowing))

    def _channel_over(self, event: e.ChannelOver) -> None:
        leg = self._legs.pop(event.channel, None)
        if leg is not None:
            # Perhaps a phone that took its answer back: the dialplan of the caller says so, if he is still here.
            caller = self._callers.get(leg.call)
            if event.at - leg.up > AT_ONCE or caller is None or caller.gone:
                self._end_talk(leg, event.at)
            return
        call = CallId(event.channel)
        caller = self._callers.get(call)
        if caller is not None:
            self._end(call, event.at, overflowing=False)
            del self._callers[call]

    # --- Offers ---------------------------------------------------------------------------------------------------

    def _dial_begun(self, event: e.DialBegun) -> None:
        leg = self._legs[event.leg] = Leg(event.leg, event.call, event.offer)
        self._caller(event.call).leg = leg
        self._tell(OfferDialled(event.call, event.offer))

    def _leg_rings(self, event: e.LegRings) -> None:
        leg = self._legs.get(event.leg)
        if leg is not None and leg.offer is not None and not leg.rang:
            leg.rang = True
            self._tell(OfferRinging(leg.call, leg.offer))

    def _leg_up(self, event: e.LegUp) -> None:
        leg = self._leg(event.leg, event.call, event.offer)
        if not leg.answered:
            leg.answered, leg.up = True, event.up
            self._tell(OfferAnswered(leg.call, event.offer, self._clock.stays(event.call, event.up)))

    def _fallback_up(self, event: e.FallbackUp) -> None:
        leg = self._leg(event.leg, event.call, None)
        if not leg.answered:
            leg.answered = True
            self._tell(FallbackAnswered(event.call, event.device, self._clock.stays(event.call, event.up)))

    def _leg(self, channel: str, call: CallId, offer: OfferId | None) -> Leg:
        leg = self._legs.get(channel)
        if leg is None:
            leg = self._legs[channel] = Leg(channel, call, offer)
            self._caller(call).leg = leg
        return leg

    def _not_connected(self, event: e.NotConnected) -> None:
        caller = self._caller(event.call)
        if caller.leg is not None and caller.leg.answered:
            # The phone took its answer back at once: he waits again, and will say so.
            self._end_talk(caller.leg, event.at)
            caller.queued = None
        rang = caller.leg is not None and caller.leg.offer == event.offer and caller.leg.rang
        how = why_failed(event.dial_status, event.cause, rang=rang)
        caller.leg = None
        self._tell(OfferFailed(event.call, event.offer, how))

    def _after(self, event: e.After) -> None:
        leg = self._caller(event.call).leg
        if leg is not None:
            self._end_talk(leg, event.at)
        if event.to is not None:
            self._tell(TalkTransferred(event.call, self._clock.ours(event.at), event.to, TransferHow.BLIND))

    def _end_talk(self, leg: Leg, at: float) -> None:
        if leg.answered and not leg.over:
            leg.over = True
            self._tell(TalkEnded(leg.call, self._clock.ours(at)))

    # --- Hold and transfer ----------------------------------------------------------------------------------------

    def _held(self, event: e.Held) -> None:
        leg = self._legs.get(event.leg)
        if leg is not None and leg.answered and not leg.over and not leg.held:
            leg.held = True
            self._tell(TalkHeld(leg.call, self._clock.ours(event.at)))

    def _unheld(self, event: e.Unheld) -> None:
        """Asterisk says so too of a phone that passes its caller on, held or not."""
        leg = self._legs.get(event.leg)
        if leg is not None and leg.held and not leg.over:
            leg.held = False
            self._tell(TalkResumed(leg.call, self._clock.ours(event.at)))

    def _put_through(self, event: e.PutThrough) -> None:
        """One of the two legs is of a call of ours; who is at the other end of the other is the colleague."""
        for (own, _), (_, there), name in (
            (event.sides[0], event.sides[1], event.channels[1]),
            (event.sides[1], event.sides[0], event.channels[0]),
        ):
            leg = self._legs.get(own)
            if leg is None or not leg.answered or leg.over:
                continue
            self._end_talk(leg, event.at)
            at, device = self._clock.ours(event.at), e.phone_of(name)
            self._tell(TalkTransferred(leg.call, at, device or "", TransferHow.CONSULT))
            if device is not None:
                self._colleague(leg.call, there, device, at)
            return

    def _colleague_up(self, event: e.ColleagueUp) -> None:
        self._colleague(event.call, event.leg, event.device, self._clock.stays(event.call, event.up))

    def _colleague(self, call: CallId, channel: str, device: Device, at: float) -> None:
        leg = self._leg(channel, call, None)
        self._caller(call).leg = leg
        leg.answered = leg.rang = True
        self._tell(ColleagueAnswered(call, device, at))

    # --- The partner ----------------------------------------------------------------------------------------------

    def _partner_up(self, event: e.PartnerUp) -> None:
        self._tell(OverflowAnswered(event.call, self._clock.stays(event.call, event.up)))

    def _partner_failed(self, event: e.PartnerFailed) -> None:
        self._tell(OverflowFailed(event.call))

    # --- Calls to numbers outside -----------------------------------------------------------------------------------

    def _call_refused(self, event: e.CallRefused) -> None:
        self._tell(OutsideRefused(event.why, event.device))

    # --- The offer to be called back ------------------------------------------------------------------------------

    def _offer_heard(self, event: p.OfferHeard) -> None:
        self._tell(CallbackHeard(event.call, self._clock.ours(event.heard)))

    def _offer_declined(self, event: p.OfferDeclined) -> None:
        self._tell(CallbackDeclined(event.call))

    def _wanted(self, event: p.Wanted) -> None:
        self._tell(CallbackWanted(event.call, event.choice, event.keyed or None))

    def _cancelled(self, event: p.Cancelled) -> None:
        self._tell(CallbackCancelled(event.call))

    # --- The survey -----------------------------------------------------------------------------------------------

    def _survey_begun(self, event: s.SurveyBegun) -> None:
        self._tell(SurveyStarted(event.call, self._clock.ours(event.begun), event.sent, event.back))

    def _score(self, event: s.SurveyScore) -> None:
        self._tell(SurveyAnswered(event.call, event.question, event.score, self._clock.ours(event.given), event.back))

    # --- Recordings -----------------------------------------------------------------------------------------------

    def _recording_begun(self, event: r.RecordingBegun) -> None:
        begun = self._clock.ours(event.begun)
        self._tell(RecordingBegan(event.recording, event.call, event.attempt, event.line, begun, event.paused))

    def _recording_ended(self, event: r.RecordingEnded) -> None:
        self._tell(RecordingOver(event.recording, event.call, event.attempt, self._clock.ours(event.ended)))


_HANDLERS: Final[dict[type[AmiEvent], Callable[[Tracker, Any], None]]] = {
    e.Arrived: Tracker._arrived,
    e.MenuOver: Tracker._menu_over,
    e.Queued: Tracker._queued,
    e.DialBegun: Tracker._dial_begun,
    e.LegRings: Tracker._leg_rings,
    e.LegUp: Tracker._leg_up,
    e.NotConnected: Tracker._not_connected,
    e.After: Tracker._after,
    e.Held: Tracker._held,
    e.Unheld: Tracker._unheld,
    e.PutThrough: Tracker._put_through,
    e.ColleagueUp: Tracker._colleague_up,
    e.FallbackUp: Tracker._fallback_up,
    e.PartnerUp: Tracker._partner_up,
    e.PartnerFailed: Tracker._partner_failed,
    e.Gone: Tracker._gone,
    e.ChannelOver: Tracker._channel_over,
    e.CallRefused: Tracker._call_refused,
    p.OfferHeard: Tracker._offer_heard,
    p.OfferDeclined: Tracker._offer_declined,
    p.Wanted: Tracker._wanted,
    p.Cancelled: Tracker._cancelled,
    s.SurveyBegun: Tracker._survey_begun,
    s.SurveyScore: Tracker._score,
    r.RecordingBegun: Tracker._recording_begun,
    r.RecordingEnded: Tracker._recording_ended,
}
