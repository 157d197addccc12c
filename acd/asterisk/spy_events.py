"""What is said of a supervisor's phone that was put into a conversation."""

import re
from collections.abc import Callable, Mapping
from typing import Final

from acd.asterisk.frames import Frame
from acd.asterisk.values import AmiEvent, moment, timestamp, whole
from acd.model.ids import SpyId

SPY_PREFIX: Final = "acd-spy-"
"""The channel of a supervisor's phone is ``acd-spy-<number>``."""

_CHANNEL: Final = re.compile(rf"{SPY_PREFIX}(\d{{1,18}})", re.ASCII)


class SpyBegun(AmiEvent, frozen=True, gc=False):
    """``AcdSpyBegun``: he hears them."""

    spy: SpyId
    begun: float


class SpyOriginated(AmiEvent, frozen=True, gc=False):
    """``OriginateResponse``."""

    spy: SpyId
    success: bool


def spy_of(channel: str) -> SpyId | None:
    """The number whose channel has this Uniqueid."""
    parts = _CHANNEL.fullmatch(channel)
    return None if parts is None else SpyId(int(parts[1]))


def spy_originated(frame: Frame) -> AmiEvent | None:
    spy = spy_of(frame.get("Uniqueid"))
    return None if spy is None else SpyOriginated(timestamp(frame), spy, frame.get("Response") == "Success")


def _begun(frame: Frame) -> AmiEvent:
    return SpyBegun(timestamp(frame), SpyId(whole(frame, "Spy")), moment(frame, "Begun"))


SPY_EVENTS: Final[Mapping[str, Callable[[Frame], AmiEvent]]] = {"AcdSpyBegun": _begun}
