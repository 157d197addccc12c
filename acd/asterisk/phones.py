"""What each phone can do, folded from Asterisk's device states.

Asterisk derives the state of a PJSIP endpoint from all its contacts: when the last one is removed, expires or no
longer answers OPTIONS, the device becomes UNAVAILABLE in the same millisecond; while a channel lives, only when that
has ended. So the device state is all there is to know, and a phone registered at two addresses is lost only with the
second.
"""

from collections.abc import Mapping
from typing import Final

from acd.model.facts import PhoneState
from acd.model.ids import Device

_BUSY: Final = frozenset({"INUSE", "RINGING", "RINGINUSE", "ONHOLD", "BUSY"})


def phone_state(device_state: str) -> PhoneState:
    """The state of a phone by the name that Asterisk gives its device state; UNAVAILABLE, INVALID, UNKNOWN and any
    name that we do not know are all unreachable."""
    if device_state == "NOT_INUSE":
        return PhoneState.IDLE
    return PhoneState.BUSY if device_state in _BUSY else PhoneState.UNREACHABLE


class Phones:
    """Every phone of the switch, whether an operator has it or not: one may get it at the next reload."""

    def __init__(self) -> None:
        self._states: dict[Device, PhoneState] = {}

    def __getitem__(self, device: Device) -> PhoneState:
        """A phone that Asterisk never named is unreachable."""
        return self._states.get(device, PhoneState.UNREACHABLE)

    def change(self, device: Device, device_state: str) -> bool:
        """Take in one device state. True if that changed what the phone can do."""
        before, now = self[device], phone_state(device_state)
        self._states[device] = now
        return now is not before

    def listed(self, device_states: Mapping[Device, str]) -> None:
        """Take in the full list in place of all that was known."""
        self._states = {device: phone_state(state) for device, state in device_states.items()}
