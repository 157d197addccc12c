"""Hold, and what becomes of a caller whom an operator passes on: ``acd-second-line``, ``acd-colleague-up``."""

import re
from typing import TYPE_CHECKING, Final

from acd.model.facts import CallWhereabouts as At
from acd.model.ids import Device, LineId
from acd.model.policy import SURVEY
from sim.calls import Call
from sim.dialling import Dialling
from sim.phones import Leg as PhoneLeg
from sim.phones import LegKind, LegState, Verdict

if TYPE_CHECKING:
    from sim.switch import SimSwitch

_PLACE: Final = re.compile(r"[a-z]\w+|\d{3,5}", re.ASCII)
COLLEAGUE_RING_TIME: Final = 30.0
"""Seconds."""


class PassingOn:
    """Of the callers of one switch."""

    def __init__(self, switch: "SimSwitch", dialling: Dialling) -> None:
        self._switch = switch
        self._dialling = dialling
        self.outside = False
        """Numbers outside may be called."""

    def leads_somewhere(self, to: str) -> bool:
        """Whether the dialplan has such a place at all. Any name may be a line's."""
        return self.outside if to.startswith("+") else bool(_PLACE.fullmatch(to))

    def hold(self, device: Device, on: bool) -> None:
        """The operator puts his caller on hold, or takes him back."""
        leg = self._talking(device)
        if leg is not None and on and not leg.held:
            leg.held = True
            self._switch.out.held(leg)
        elif leg is not None and not on:
            self._end_hold(leg)

    def put_through(self, device: Device, to: Device) -> None:
        """The operator has spoken with a colleague first, and now joins the two (REFER with Replaces)."""
        leg, phone = self._talking(device), self._switch.phones[to]
        if leg is None or leg.call is None or not phone.free:
            return
        self._end_hold(leg)
        call = leg.call
        call.leg = other = self._switch.new_leg(LegKind.COLLEAGUE, to, call)
        phone.leg, other.state = other, LegState.UP
        call.device, call.offer = to, None
        self._switch.out.put_through(call, leg, other)
        self._switch.show(phone)
        self._dialling.end(leg)

    def send(self, leg: PhoneLeg, to: str) -> None:
        """The operator's part ends, and his caller, or the citizen whom he called back, goes where he was sent."""
        self._end_hold(leg)
        asked = to == SURVEY
        if asked and leg.attempt is not None and leg.attempt.state == "cb-talk":
            self._switch.calling_back.after(leg.attempt, sent=True)
            return
        call = self._switch.connecting.hand_over(leg, None if asked else to)
        if call is None:
            return
        call.context, call.exten = "acd-second-line", to
        if asked:
            self._switch.surveys.after(call, sent=True)
        else:
            self._arrive(call, to)

    def _arrive(self, call: Call, to: str) -> None:
        """Where there is nothing of the kind, he waits on his line."""
        line, device = LineId(to), Device(to)
        phone = self._switch.phones.get(device)
        if line in self._switch.queues:
            self._switch.join(call, line)
        elif to.startswith("+") or (phone is not None and phone.reachable):
            leg = call.leg = self._switch.new_leg(LegKind.COLLEAGUE, device, call)
            leg.exten = to
            self._dialling.begin(leg, COLLEAGUE_RING_TIME, self._up, self._not_up)
        else:
            self._back(call)

    def _end_hold(self, leg: PhoneLeg) -> None:
        """Also at the moment at which its caller is passed on."""
        if leg.held:
            leg.held = False
            self._switch.out.unheld(leg)

    def _talking(self, device: Device) -> PhoneLeg | None:
        leg = self._switch.phones[device].leg
        return leg if leg is not None and leg.call is not None and leg.call.talking else None

    def _up(self, leg: PhoneLeg) -> None:
        call, switch = leg.call, self._switch
        assert call is not None
        if leg.device in switch.phones:
            call.where, call.device, call.offer = At.TALK, leg.device, None
            switch.out.colleague_up(call, leg)
        switch.out.dial_ended(leg, "ANSWER")
        switch.out.bridged(call, leg)
        if leg.habit.talk is not None:
            leg.timer = switch.time.call_at(switch.time.now() + leg.habit.talk, switch.connecting.hang_up, leg)

    def _not_up(self, leg: PhoneLeg, why: Verdict) -> None:
        assert leg.call is not None
        leg.call.leg = None
        self._back(leg.call)

    def _back(self, call: Call) -> None:
        assert call.line is not None
        self._switch.join(call, call.line)
