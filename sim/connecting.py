"""An offer, a talk, the partner: everything in which a caller has somebody at the other end, or nearly."""

from typing import TYPE_CHECKING, Final

from acd.model.facts import CallWhereabouts as At
from acd.model.ids import Device
from sim.calls import Call, ToOperator
from sim.dialling import Dialling
from sim.phones import NOWHERE, WITHDRAWN, Leg, LegKind, LegState, Verdict

if TYPE_CHECKING:
    from sim.switch import SimSwitch

PARTNER: Final = Device("partner")
PARTNER_RING_TIME: Final = 60.0
"""Seconds."""


class Connecting:
    """``acd-connect``, ``acd-up``, ``acd-after``, ``acd-deflect`` and the members' end of Queue()."""

    def __init__(self, switch: "SimSwitch", dialling: Dialling) -> None:
        self._switch = switch
        self._dialling = dialling

    def offer(self, call: Call, to: ToOperator) -> None:
        """Ring the operator's phone; without a contact nothing is dialled."""
        call.where, call.offered = At.RING, None
        call.offer, call.device = to.offer, to.device
        phone = self._switch.phones.get(to.device)
        if phone is None or not phone.reachable:
            self._not_connected(call, None, NOWHERE)
            return
        leg = call.leg = self._switch.new_leg(LegKind.OFFER, to.device, call)
        leg.offer, leg.exten = to.offer, call.exten
        self._dialling.begin(leg, to.ring_time, self._talk, self._offer_failed)

    def ring_member(self, call: Call, device: Device, ring_time: float) -> None:
        """Queue() rings one of its members."""
        leg = call.leg = self._switch.new_leg(LegKind.FALLBACK, device, call)
        leg.exten = "s"
        self._dialling.begin(leg, ring_time, self._talk, self._member_failed)

    def ring_partner(self, call: Call) -> None:
        """Dial() to the partner contact centre."""
        call.timer = None
        leg = call.leg = self._switch.new_leg(LegKind.PARTNER, PARTNER, call)
        self._dialling.begin(leg, PARTNER_RING_TIME, self._talk, self._partner_failed)

    def leave(self, call: Call) -> None:
        """The caller is pulled out by a Redirect. An operator who speaks with him is hung up on."""
        leg, call.leg = call.leg, None
        if leg is None:
            return
        if leg.state is LegState.UP:
            self._switch.out.caller_left_bridge(call, leg, False)
            self._switch.out.leg_left_bridge(call, leg, True)
        else:
            self._dialling.cancel(leg)
        self._dialling.end(leg)

    def withdraw(self, call: Call) -> None:
        """The engine gives up ringing for him."""
        leg = call.leg
        self.leave(call)
        self._not_connected(call, leg, WITHDRAWN)

    def hang_up(self, leg: Leg) -> None:
        """The operator (or the partner) puts the receiver down first; the dialplan then ends the call."""
        out, call = self._switch.out, leg.call
        if call is not None and call.dying:
            return
        out.leg_hangs_up(leg, None)
        if leg.attempt is not None:
            self._switch.calling_back.left(leg.attempt)
            return
        if call is None:
            self._switch.originated.pop(leg.uid, None)
        else:
            call.leg = None
            out.leg_left_bridge(call, leg, False)
            out.caller_left_bridge(call, leg, True)
            if leg.kind is LegKind.PARTNER:
                self._switch.drop_after(call, self._switch.timing.after)
            else:
                call.where = At.AFTER
                call.context, call.exten = "acd-after", "s"
                out.after(call)
                self._switch.surveys.after(call)
        self._dialling.end(leg)

    def hand_over(self, leg: Leg, to: str | None) -> Call | None:
        """The operator sends his caller elsewhere: the caller leaves the bridge, the operator's part ends. ``to`` None:
        to nobody else, he is asked how it was. None: there is nobody to send."""
        if leg.attempt is not None:
            return self._switch.calling_back.hand_over(leg.attempt)
        call = leg.call
        if call is None or not call.talking or call.dying:
            return None
        call.leg = None
        self._switch.out.caller_left_bridge(call, leg, False)
        call.where = At.AFTER
        if to is None:
            self._switch.out.after(call)
        else:
            self._switch.out.sent_on(call, to)
        self._switch.out.leg_left_bridge(call, leg, True)
        self._dialling.end(leg)
        return call

    def _talk(self, leg: Leg) -> None:
        """The leg answered: the U() subroutine on it speaks first, then both are bridged."""
        call, switch = leg.call, self._switch
        assert call is not None
        switch.fallback.leave(call)
        call.up_at = switch.stamp()
        call.where = At.PARTNER if leg.kind is LegKind.PARTNER else At.TALK
        call.cause, call.tech = 16, None
        if leg.kind is LegKind.FALLBACK:
            call.device = leg.device
        switch.out.up(call, leg)
        if leg.kind is LegKind.OFFER:
            switch.recorder.begin(leg, call.line, (call.id, None))
        switch.out.dial_ended(leg, "ANSWER")
        switch.out.bridged(call, leg)
        if leg.habit.talk is not None:
            leg.timer = switch.time.call_at(switch.time.now() + leg.habit.talk, self.hang_up, leg)
        call.citizen.connected(call)

    def _offer_failed(self, leg: Leg, why: Verdict) -> None:
        assert leg.call is not None
        leg.call.leg = None
        self._not_connected(leg.call, leg, why)

    def _not_connected(self, call: Call, leg: Leg | None, why: Verdict) -> None:
        call.where = At.WAIT
        call.cause, call.tech = why.cause, why.callers_tech
        self._switch.out.not_connected(call, leg, why)
        self._switch.waiting.enter(call)

    def _member_failed(self, leg: Leg, why: Verdict) -> None:
        assert leg.call is not None
        leg.call.leg = None

    def _partner_failed(self, leg: Leg, why: Verdict) -> None:
        call = leg.call
        assert call is not None
        call.leg = None
        call.where = At.WAIT
        self._switch.out.overflow_failed(call)
        self._switch.waiting.enter(call)
