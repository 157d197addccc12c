"""What the pages must know of the switch so that an operator can telephone with his browser, or send his caller on."""

from collections.abc import Mapping

import msgspec

from acd.model.ids import Device


class PhoneAccess(msgspec.Struct, frozen=True):
    """Written with the rest of Asterisk's configuration, and as secret as that. Nothing here may be logged."""

    websocket: str = ""
    """Where Asterisk takes SIP of browsers; empty = nowhere."""
    secrets: Mapping[Device, str] = {}
    """SIP password of each browser phone."""
    transfer: tuple[str, ...] = ()
    """Prefixes of numbers outside that an operator may call and send his caller to: ``+32``."""
    refused: tuple[str, ...] = ()
    """And of these not."""
    country: str = "32"

    def __repr__(self) -> str:
        return f"PhoneAccess({self.websocket!r}, {len(self.secrets)} phones)"
