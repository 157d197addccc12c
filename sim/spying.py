"""A supervisor's phone in an operator's conversation (``acd-spy``).

Nobody can hear here who hears whom; what matters is that it begins when he picks up, and ends when one of them is gone.
"""

from typing import TYPE_CHECKING

from acd.model.ids import Device
from sim.dialling import Dialling
from sim.phones import Leg, LegKind, LegState, Verdict

if TYPE_CHECKING:
    from sim.switch import SimSwitch


class Spying:
    """All of them."""

    def __init__(self, switch: "SimSwitch", dialling: Dialling) -> None:
        self._switch = switch
        self._dialling = dialling

    def begin(self, uid: str, device: Device, on: str, ring_time: float) -> bool:
        """The Originate. False: nothing is dialled, for want of a contact or because this id lives already.

        Args:
            on: channel of the operator's leg.
        """
        switch, phone = self._switch, self._switch.phones.get(device)
        if phone is None or not phone.reachable or uid in switch.originated:
            return False
        leg = switch.new_leg(LegKind.ORIGINATED, device, uid=uid)
        leg.exten, leg.spied = "spy", on
        switch.originated[uid] = leg
        self._dialling.begin(leg, ring_time, self._answered, self._failed)
        return True

    def legs(self) -> list[Leg]:
        """The supervisors' channels."""
        return [leg for leg in self._switch.originated.values() if leg.spied]

    def left(self, over: Leg) -> None:
        """A channel is gone, and with it whoever listened to it."""
        for leg in self.legs():
            if leg.spied == over.uid and leg.spying:
                self._switch.drop_originated(leg)

    def _answered(self, leg: Leg) -> None:
        out = self._switch.out
        out.originated(leg, 4)
        out.dial_ended(leg, "ANSWER")
        if self._lives(leg.spied):
            leg.spying = True
            out.spy_begun(leg, self._switch.stamp())
        else:
            self._switch.drop_originated(leg)

    def _failed(self, leg: Leg, why: Verdict) -> None:
        self._switch.originated.pop(leg.uid, None)
        self._switch.out.originated(leg, 0 if why.cause else 3)

    def _lives(self, uid: str) -> bool:
        legs = [call.leg for call in self._switch.calls.values() if call.leg is not None]
        return any(leg.uid == uid and leg.state is LegState.UP for leg in (*legs, *self._switch.originated.values()))
