"""What the dialplan says of the promise to call back: the dialogue with a caller, and the attempts to keep it."""

import re
from collections.abc import Callable, Mapping
from typing import Final

from acd.asterisk.frames import Frame
from acd.asterisk.values import AmiEvent, call, matched, moment, offer, timestamp, whole
from acd.model.ids import CallId, OfferId

PREFIX: Final = "acd-cb-"
"""The channel of the leg that is called first for an attempt is ``acd-cb-<attempt>``: so a second Originate for it
fails while the first lives."""

_CHANNEL: Final = re.compile(rf"{PREFIX}(\d{{1,18}})", re.ASCII)
_CHOICE: Final = re.compile(r"[0-3]", re.ASCII)
_KEYED: Final = re.compile(r"[0-9]{0,20}", re.ASCII)


class OfferHeard(AmiEvent, frozen=True, gc=False):
    """``AcdCbHeard``."""

    call: CallId
    heard: float


class OfferDeclined(AmiEvent, frozen=True, gc=False):
    """``AcdCbDeclined``."""

    call: CallId


class Wanted(AmiEvent, frozen=True, gc=False):
    """``AcdCbWanted``."""

    call: CallId
    choice: int
    keyed: str


class Cancelled(AmiEvent, frozen=True, gc=False):
    """``AcdCbCancelled``."""

    call: CallId


class AttemptEvent(AmiEvent, frozen=True, gc=False):
    """Base of what is said of an attempt."""

    attempt: OfferId


class Begun(AttemptEvent, frozen=True, gc=False):
    """``DialBegin`` of an Originate: there is a channel, and an INVITE."""


class Originated(AttemptEvent, frozen=True, gc=False):
    """``OriginateResponse``. It has a ``Response`` header and is an event all the same."""

    success: bool
    reason: int
    """4 answered, 3 rang until its time was over, 0 anything else."""


class Taken(AttemptEvent, frozen=True, gc=False):
    """``AcdCbTaken``: the operator picked up."""

    leg: str
    """Uniqueid of his channel."""
    up: float


class Dialled(AttemptEvent, frozen=True, gc=False):
    """``AcdCbDialled``: the citizen's phone is rung from now on."""


class Met(AttemptEvent, frozen=True, gc=False):
    """``AcdCbUp``: operator and citizen speak."""

    up: float


class Ended(AttemptEvent, frozen=True, gc=False):
    """``AcdCbEnd``."""

    status: str
    cause: int
    """ITU-T Q.850."""
    sip: int
    """The last SIP answer of the citizen's leg; 0 = none."""
    gone: float


def attempt_of(channel: str) -> OfferId | None:
    """The attempt whose first leg has this Uniqueid."""
    parts = _CHANNEL.fullmatch(channel)
    return None if parts is None else OfferId(int(parts[1]))


def originated(frame: Frame) -> AmiEvent | None:
    attempt = attempt_of(frame.get("Uniqueid"))
    if attempt is None:
        return None
    return Originated(timestamp(frame), attempt, frame.get("Response") == "Success", whole(frame, "Reason"))


def _heard(frame: Frame) -> AmiEvent:
    return OfferHeard(timestamp(frame), call(frame), moment(frame, "Heard"))


def _declined(frame: Frame) -> AmiEvent:
    return OfferDeclined(timestamp(frame), call(frame))


def _wanted(frame: Frame) -> AmiEvent:
    choice, keyed = int(matched(_CHOICE, frame, "Choice")), matched(_KEYED, frame, "Num")
    return Wanted(timestamp(frame), call(frame), choice, keyed)


def _cancelled(frame: Frame) -> AmiEvent:
    return Cancelled(timestamp(frame), call(frame))


def _taken(frame: Frame) -> AmiEvent:
    return Taken(timestamp(frame), offer(frame, "Attempt"), call(frame), moment(frame, "Up"))


def _dialled(frame: Frame) -> AmiEvent:
    return Dialled(timestamp(frame), offer(frame, "Attempt"))


def _met(frame: Frame) -> AmiEvent:
    return Met(timestamp(frame), offer(frame, "Attempt"), moment(frame, "Up"))


def _ended(frame: Frame) -> AmiEvent:
    attempt, gone = offer(frame, "Attempt"), moment(frame, "Gone")
    return Ended(timestamp(frame), attempt, frame.get("Status"), whole(frame, "Cause"), whole(frame, "Sip"), gone)


PROMISE_EVENTS: Final[Mapping[str, Callable[[Frame], AmiEvent]]] = {
    "AcdCbHeard": _heard,
    "AcdCbDeclined": _declined,
    "AcdCbWanted": _wanted,
    "AcdCbCancelled": _cancelled,
    "AcdCbTaken": _taken,
    "AcdCbDialled": _dialled,
    "AcdCbUp": _met,
    "AcdCbEnd": _ended,
}
