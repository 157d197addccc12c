"""What stands in the headers of an event: moments, numbers, ids. Whatever does not make sense is not guessed at."""

import math
import re
from typing import Final

import msgspec

from acd.asterisk.frames import Frame
from acd.model.ids import CallId, OfferId


class AmiEvent(msgspec.Struct, frozen=True, gc=False):
    """Base of all events. Every moment is Asterisk's clock, seconds since the epoch."""

    at: float


class Unreadable(ValueError):
    """{event}: header {header} has the value {value}, which makes no sense."""

    def __init__(self, event: str, header: str, value: str) -> None:
        super().__init__(f"{event}: header {header} has the value {value!r}, which makes no sense.")


ID: Final = re.compile(r"[\w.@-]{1,150}", re.ASCII)
WORD: Final = re.compile(r"\w{1,80}", re.ASCII)


def timestamp(frame: Frame) -> float:
    """When Asterisk wrote the event; 0 without ``timestampevents=yes``.

    Raises:
        Unreadable: not a number.
    """
    return number(frame, "Timestamp") if "Timestamp" in frame.headers else 0.0


def number(frame: Frame, name: str) -> float:
    value = frame.get(name)
    try:
        read = float(value)
    except ValueError:
        read = math.nan
    if not math.isfinite(read):
        raise Unreadable(frame.get("UserEvent") or frame.event, name, value)
    return read


def whole(frame: Frame, name: str) -> int:
    """0 when there is none."""
    return int(number(frame, name)) if frame.get(name) else 0


def moment(frame: Frame, name: str) -> float:
    """A moment that the dialplan wrote down; if it could not, the moment of the event itself."""
    return number(frame, name) if frame.get(name) else timestamp(frame)


def matched(pattern: re.Pattern[str], frame: Frame, name: str) -> str:
    value = frame.get(name)
    if pattern.fullmatch(value) is None:
        raise Unreadable(frame.get("UserEvent") or frame.event, name, value)
    return value


def call(frame: Frame, name: str = "Uniqueid") -> CallId:
    return CallId(matched(ID, frame, name))


def offer(frame: Frame, name: str = "Offer") -> OfferId:
    return OfferId(int(number(frame, name)))
