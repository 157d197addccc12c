"""The border of the records: an event becomes a ledger entry, and back.

What passes :func:`seal` can be stored by any database: texts without NUL and without lone surrogates, finite numbers,
whole numbers within 64 bits, types as declared. What cannot be mended is kept as an *unreadable* entry, which tells all
that could be saved of it; so one bad event never holds up the others.
"""

import re
import time
from collections.abc import Sequence
from contextlib import suppress
from math import isfinite
from typing import Any, Final

import msgspec

from acd.model.contact import OUTSIDE
from acd.model.events import AnyEvent, CallStarted, CallTransferred, Event

UNREADABLE: Final = "Unreadable"
"""``type`` of a ledger row that is no event."""

_encode = msgspec.json.Encoder().encode
_decoder: msgspec.json.Decoder[Event] = msgspec.json.Decoder(AnyEvent)
_LIMIT = 2**63
_UNFIT = re.compile("[\0\ud800-\udfff]")


class Entry(msgspec.Struct, array_like=True, gc=False):
    """One ledger row that has no number yet."""

    at: float
    type: str
    call: str | None
    line: str | None
    operator: str | None
    data: str
    number: str | None = None
    """The caller's number, which is not in ``data``."""
    switch_at: float | None = None
    """The same moment on Asterisk's clock; None = there was no link."""
    citizen: str | None = None
    """Keyed hash of the number; None = no number, or no key."""

    def event(self) -> Event | None:
        """The event; None when this is unreadable."""
        return unseal(self.data, self.number)


def seal(event: Event) -> Entry:
    """Make ``event`` fit to be stored. Never raises."""
    try:
        with suppress(Exception):
            return _sealed(event)
        return _sealed(_mended(event))
    except Exception as error:
        return unreadable(event, error)


def unseal(data: str, number: str | None = None) -> Event | None:
    """The event that ``data`` holds, with the caller's number put back; None when it holds none."""
    try:
        event = _decoder.decode(data)
    except msgspec.MsgspecError:
        return None
    if number is not None and isinstance(event, CallStarted):
        return msgspec.structs.replace(event, number=number)
    return event


def unreadable(what: object, error: Exception) -> Entry:
    """The entry for something that cannot be stored as an event."""
    at = getattr(what, "at", None)
    sane = isinstance(at, float) and isfinite(at)
    shown = what if isinstance(what, str) else _shown(what)
    data = {"type": UNREADABLE, "error": _clean(repr(error)), "was": _clean(shown)}
    return Entry(at if sane and at is not None else time.time(), UNREADABLE, None, None, None, _encode(data).decode())


def _shown(what: object) -> str:
    """All of ``what`` but the caller's number."""
    try:
        if isinstance(what, CallStarted):
            what = msgspec.structs.replace(what, number=None)
        return repr(what)
    except Exception:
        return type(what).__name__


def _sealed(event: Event) -> Entry:
    """Raises: anything, when the event is not fit."""
    number = None
    if isinstance(event, CallStarted):
        number = event.number
        event = msgspec.structs.replace(event, number=None)
    elif isinstance(event, CallTransferred) and event.to.startswith(OUTSIDE):
        event = msgspec.structs.replace(event, to=OUTSIDE)
    data = _encode(event)
    if _decoder.decode(data) != event:
        raise ValueError("does not survive its own JSON")
    if b"\\u0000" in data or (number is not None and _clean(number) != number):
        raise ValueError("text with NUL or surrogates")
    offer = getattr(event, "offer", 0)
    if not -_LIMIT <= offer < _LIMIT:
        raise ValueError("number beyond 64 bits")
    return Entry(
        float(event.at),
        type(event).__name__,
        getattr(event, "call", None),
        getattr(event, "line", None),
        getattr(event, "operator", None),
        data.decode(),
        number,
    )


def _mended(event: Event) -> Event:
    """The same with its texts cleaned and impossible optional numbers left out."""
    return msgspec.structs.replace(event, **{name: _mend(getattr(event, name)) for name in event.__struct_fields__})


def _mend(value: Any) -> Any:
    if type(value) is str:
        return _clean(value)
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, msgspec.Struct):
        return type(value)(**{name: _mend(getattr(value, name)) for name in value.__struct_fields__})
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return tuple(_mend(item) for item in value)
    return value


def _clean(text: str) -> str:
    r"""Without NUL, which PostgreSQL cannot hold, and without lone surrogates, which are no text: U+FFFD instead."""
    return _UNFIT.sub("\N{REPLACEMENT CHARACTER}", text)
