"""What Asterisk says while calls live: frames become typed events, and forgeries are told from the real thing.

The tripwire. Text that a caller sends can end up inside an AMI event; a line break in it would cut that event in two
and let the rest pass for events of its own. The trunk's configuration closes this door; here is the alarm behind it:

- a message must begin as every message of Asterisk does (the tail of a cut one does not);
- an event must have the headers which its type always has (the head of a cut one has not), each of them once;
- the dialplan's own ``Acd...`` events must carry the secret of this boot, ``ACD_NONCE``.

Whatever fails is :class:`Forged`: the session is dropped and the switch is read anew.
"""

import re
from collections.abc import Callable
from typing import Final

from acd.asterisk.frames import Frame
from acd.asterisk.promise_events import PROMISE_EVENTS, Begun, attempt_of, originated
from acd.asterisk.recorded_events import RECORDED_EVENTS
from acd.asterisk.spy_events import SPY_EVENTS, spy_originated
from acd.asterisk.survey_events import SURVEY_EVENTS
from acd.asterisk.values import ID, WORD, AmiEvent, call, matched, moment, number, offer, timestamp, whole
from acd.model.ids import CallId, Device, LineId, OfferId
from acd.model.mendable import Mendable
from acd.model.outcome import Outcome
from acd.model.outside import Limit


class Forged(Mendable):
    """{what} was not written by Asterisk or by our dialplan: {why}."""

    def __init__(self, what: str, why: str) -> None:
        super().__init__(f"{what} was not written by Asterisk or by our dialplan: {why}.")


class Arrived(AmiEvent, frozen=True, gc=False):
    """``AcdArrived``: the menu answered a caller."""

    call: CallId
    arrived: float
    did: str
    number: str


class MenuOver(AmiEvent, frozen=True, gc=False):
    """``AcdMenuEnded``."""

    call: CallId
    outcome: Outcome
    line: LineId | None


class Queued(AmiEvent, frozen=True, gc=False):
    """``AcdQueued``: a caller joined a line."""

    call: CallId
    line: LineId
    t0: float
    number: str
    language: str
    path: str
    did: str
    arrived: float | None


class DialBegun(AmiEvent, frozen=True, gc=False):
    """``DialBegin`` of an offer: the INVITE to the operator's phone."""

    call: CallId
    leg: str
    offer: OfferId


class LegRings(AmiEvent, frozen=True, gc=False):
    """``DialState``: the phone says that it rings, or sends early media of its own, which only a living phone does."""

    leg: str


class LegUp(AmiEvent, frozen=True, gc=False):
    """``AcdUp``: the operator picked up. The caller is ``Call``; of a dialplan of before, the leg's ``Linkedid``."""

    call: CallId
    leg: str
    offer: OfferId
    up: float


class NotConnected(AmiEvent, frozen=True, gc=False):
    """``AcdNoConnect``: Dial() came back without an answer."""

    call: CallId
    offer: OfferId
    dial_status: str
    cause: int


class After(AmiEvent, frozen=True, gc=False):
    """``AcdAfter``: the operator's part is over, the caller is still on the line."""

    call: CallId
    to: str | None = None
    """He was sent on: to this line or number."""


class Held(AmiEvent, frozen=True, gc=False):
    """``Hold``: of any channel; an operator's leg is meant."""

    leg: str


class Unheld(AmiEvent, frozen=True, gc=False):
    """``Unhold``."""

    leg: str


class PutThrough(AmiEvent, frozen=True, gc=False):
    """``AttendedTransfer``: a phone has joined the two with whom it spoke. Of each side: own leg, and who is there."""

    sides: tuple[tuple[str, str], tuple[str, str]]
    channels: tuple[str, str]
    """Names of those who are there."""


class ColleagueUp(AmiEvent, frozen=True, gc=False):
    """``AcdColleagueUp``: the phone to which a caller was sent has answered."""

    call: CallId
    leg: str
    device: Device
    up: float


class FallbackUp(AmiEvent, frozen=True, gc=False):
    """``AcdFallbackUp``: Asterisk's own Queue() connected the caller."""

    call: CallId
    leg: str
    device: Device
    up: float


class PartnerUp(AmiEvent, frozen=True, gc=False):
    """``AcdOverflowUp``."""

    call: CallId
    up: float


class PartnerFailed(AmiEvent, frozen=True, gc=False):
    """``AcdOverflowFailed``."""

    call: CallId


class Gone(AmiEvent, frozen=True, gc=False):
    """``AcdGone``, from the hangup handler."""

    call: CallId
    state: str
    gone: float
    note: str = ""
    """All that the channel knew, as the dialplan notes it when nobody listens."""


class ChannelOver(AmiEvent, frozen=True, gc=False):
    """``Hangup``: some channel is no more."""

    channel: str
    cause: int = 0
    """ITU-T Q.850."""
    sip: int = 0
    """The phone's last SIP answer; 0 = none."""


class CallRefused(AmiEvent, frozen=True, gc=False):
    """``AcdOutsideRefused``: a call to a number outside that would be one too many."""

    why: Limit
    device: Device


class DeviceState(AmiEvent, frozen=True, gc=False):
    """``DeviceStateChange`` of a PJSIP endpoint."""

    device: Device
    state: str


_CHANNEL: Final = ("Channel", "Uniqueid", "Linkedid")
_ALWAYS: Final[dict[str, tuple[str, ...]]] = {
    "UserEvent": (*_CHANNEL, "UserEvent"),
    "DialBegin": ("DestChannel", "DestUniqueid", "DestLinkedid"),
    "DialState": ("DestUniqueid", "DialStatus"),
    "Hangup": (*_CHANNEL, "Cause"),
    "OriginateResponse": ("Response", "Uniqueid"),
    "DeviceStateChange": ("Device", "State"),
    "Hold": _CHANNEL,
    "Unhold": _CHANNEL,
    "AttendedTransfer": ("Result", "OrigTransfererUniqueid", "SecondTransfererUniqueid"),
}
"""The events that we read, and the headers that each of them always has."""

EVENTS_READ: Final = (*_ALWAYS, "FullyBooted", "Shutdown")
"""What must pass the account's ``eventfilter``; everything else is only a burden."""

_DEVICE: Final = re.compile(r"PJSIP/(\w{1,80})", re.ASCII)
_PHONE_CHANNEL: Final = re.compile(r"PJSIP/(?!acd-)(\w{1,80})-[0-9a-f]+", re.ASCII)
_LIMIT: Final = re.compile("|".join(Limit))
_OUTCOME: Final = re.compile("|".join(Outcome))
_OFFER: Final = re.compile(r"(\d{1,18})\*\w{1,80}\*\d{1,4}(\*\w{1,80})?", re.ASCII)


class EventReader:
    """Frames to typed events.

    Args:
        nonce: what the dialplan's own events must carry; None = not checked (replay of an old recording).
        young: the nonce was set just now, so events from before may carry none. They are passed over, not believed:
            whatever they tell is also on the channels, which are read after it was set.
    """

    def __init__(self, nonce: str | None = None, *, young: bool = False) -> None:
        self.young = young
        self._nonce = nonce

    def read(self, frame: Frame) -> AmiEvent | None:
        """The typed event; None when it is none of ours.

        Raises:
            Forged: see the head of this file.
            Unreadable: our own dialplan wrote something that cannot be.
        """
        if not frame.whole:
            raise Forged(repr(frame), "it does not begin with Event or Response")
        event = frame.event
        headers = frame.headers
        always = _ALWAYS.get(event)
        if always is None:
            # A TestEvent (of builds with the test framework) names its headers as it likes.
            if "Channel" in headers and "Uniqueid" not in headers and event != "TestEvent":
                raise Forged(event, "it has a Channel and no Uniqueid")
            return None
        for name in always:
            if name not in headers:
                raise Forged(event, f"it has no {name}")
        if frame.repeats:
            _check_repeats(frame)
        return self._read_user_event(frame) if event == "UserEvent" else _READERS[event](frame)

    def _read_user_event(self, frame: Frame) -> AmiEvent | None:
        name = frame.headers["UserEvent"]
        if not name.startswith("Acd"):
            return None
        if self._nonce is not None and frame.get("Nonce") != self._nonce:
            if self.young and not frame.get("Nonce"):
                return None
            raise Forged(name, "its Nonce is not that of this boot")
        reader = _USER_EVENTS.get(name)
        return None if reader is None else reader(frame)


def _check_repeats(frame: Frame) -> None:
    names = [name for name, _ in frame.pairs if name != "ChanVariable"]
    for name in names:
        if names.count(name) > 1:
            raise Forged(frame.event, f"it has {name} more than once")


# --- Readers -------------------------------------------------------------------------------------------------------


def _arrived(frame: Frame) -> AmiEvent:
    return Arrived(timestamp(frame), call(frame), moment(frame, "Arrived"), frame.get("Did"), frame.get("Num"))


def _menu_over(frame: Frame) -> AmiEvent:
    line = LineId(matched(WORD, frame, "Line")) if frame.get("Line") else None
    outcome = Outcome(matched(_OUTCOME, frame, "Outcome"))
    return MenuOver(timestamp(frame), call(frame), outcome, line)


def _queued(frame: Frame) -> AmiEvent:
    return Queued(
        timestamp(frame),
        call(frame),
        LineId(matched(WORD, frame, "Line")),
        moment(frame, "T0"),
        frame.get("Num"),
        frame.get("Lang") or frame.get("Language"),
        frame.get("Path"),
        frame.get("Did"),
        number(frame, "Arrived") if frame.get("Arrived") else None,
    )


def _whose(frame: Frame) -> CallId:
    """The caller of a leg that answered: who was called back and sent on is not its ``Linkedid``."""
    return call(frame, "Call" if "Call" in frame.headers else "Linkedid")


def _leg_up(frame: Frame) -> AmiEvent:
    leg = matched(ID, frame, "Uniqueid")
    return LegUp(timestamp(frame), _whose(frame), leg, offer(frame), moment(frame, "Up"))


def _not_connected(frame: Frame) -> AmiEvent:
    return NotConnected(timestamp(frame), call(frame), offer(frame), frame.get("DialStatus"), whole(frame, "Cause"))


def _after(frame: Frame) -> AmiEvent:
    return After(timestamp(frame), call(frame), frame.get("To") if "To" in frame.headers else None)


def _held(frame: Frame) -> AmiEvent:
    return Held(timestamp(frame), matched(ID, frame, "Uniqueid"))


def _unheld(frame: Frame) -> AmiEvent:
    return Unheld(timestamp(frame), matched(ID, frame, "Uniqueid"))


def _put_through(frame: Frame) -> AmiEvent | None:
    """None where it failed, or where more than two are on either side: then nobody is named."""
    if frame.get("Result") != "Success" or "TransfereeUniqueid" not in frame.headers:
        return None
    if "TransferTargetUniqueid" not in frame.headers:
        return None
    own = (matched(ID, frame, "OrigTransfererUniqueid"), matched(ID, frame, "SecondTransfererUniqueid"))
    there = (matched(ID, frame, "TransfereeUniqueid"), matched(ID, frame, "TransferTargetUniqueid"))
    names = (frame.get("TransfereeChannel"), frame.get("TransferTargetChannel"))
    return PutThrough(timestamp(frame), ((own[0], there[0]), (own[1], there[1])), names)


def _colleague_up(frame: Frame) -> AmiEvent:
    leg, device = matched(ID, frame, "Uniqueid"), Device(matched(WORD, frame, "Device"))
    return ColleagueUp(timestamp(frame), _whose(frame), leg, device, moment(frame, "Up"))


def _fallback_up(frame: Frame) -> AmiEvent:
    leg, device = matched(ID, frame, "Uniqueid"), Device(matched(WORD, frame, "Device"))
    return FallbackUp(timestamp(frame), _whose(frame), leg, device, moment(frame, "Up"))


def _partner_up(frame: Frame) -> AmiEvent:
    return PartnerUp(timestamp(frame), _whose(frame), moment(frame, "Up"))


def _partner_failed(frame: Frame) -> AmiEvent:
    return PartnerFailed(timestamp(frame), call(frame))


def _gone(frame: Frame) -> AmiEvent:
    return Gone(timestamp(frame), call(frame), frame.get("State"), moment(frame, "Gone"), frame.get("Note"))


def _dial_begun(frame: Frame) -> AmiEvent | None:
    """None for what is no offer: Queue() in the fallback, a transfer, an operator who calls a colleague."""
    attempt = attempt_of(frame.get("DestUniqueid"))
    if attempt is not None:
        return Begun(timestamp(frame), attempt)
    parts = _OFFER.fullmatch(frame.get("Exten"))
    if frame.get("Context") != "acd-connect" or parts is None:
        return None
    return DialBegun(timestamp(frame), call(frame), matched(ID, frame, "DestUniqueid"), OfferId(int(parts[1])))


def _leg_rings(frame: Frame) -> AmiEvent | None:
    if frame.get("DialStatus") not in ("RINGING", "PROGRESS"):
        return None
    return LegRings(timestamp(frame), frame.get("DestUniqueid"))


def _channel_over(frame: Frame) -> AmiEvent:
    sip = frame.get("TechCause")
    return ChannelOver(
        timestamp(frame), frame.get("Uniqueid"), whole(frame, "Cause"), int(sip) if sip.isdecimal() else 0
    )


def _call_refused(frame: Frame) -> AmiEvent:
    return CallRefused(timestamp(frame), Limit(matched(_LIMIT, frame, "Why")), Device(frame.get("Phone")))


def _device_state(frame: Frame) -> AmiEvent | None:
    device = device_of(frame.get("Device"))
    return None if device is None else DeviceState(timestamp(frame), device, frame.get("State"))


def _originated(frame: Frame) -> AmiEvent | None:
    return originated(frame) or spy_originated(frame)


def device_of(name: str) -> Device | None:
    """``1001`` for ``PJSIP/1001``; None for whatever is no PJSIP endpoint."""
    parts = _DEVICE.fullmatch(name)
    return None if parts is None else Device(parts[1])


def phone_of(channel: str) -> Device | None:
    """``1001`` for the channel ``PJSIP/1001-0000007a``; None for one of the trunk."""
    parts = _PHONE_CHANNEL.fullmatch(channel)
    return None if parts is None else Device(parts[1])


Reader = Callable[[Frame], AmiEvent | None]

_USER_EVENTS: Final[dict[str, Reader]] = {
    "AcdArrived": _arrived,
    "AcdMenuEnded": _menu_over,
    "AcdQueued": _queued,
    "AcdUp": _leg_up,
    "AcdNoConnect": _not_connected,
    "AcdAfter": _after,
    "AcdColleagueUp": _colleague_up,
    "AcdFallbackUp": _fallback_up,
    "AcdOverflowUp": _partner_up,
    "AcdOverflowFailed": _partner_failed,
    "AcdGone": _gone,
    "AcdOutsideRefused": _call_refused,
    **PROMISE_EVENTS,
    **SPY_EVENTS,
    **SURVEY_EVENTS,
    **RECORDED_EVENTS,
}
_READERS: Final[dict[str, Reader]] = {
    "DialBegin": _dial_begun,
    "DialState": _leg_rings,
    "Hangup": _channel_over,
    "OriginateResponse": _originated,
    "DeviceStateChange": _device_state,
    "Hold": _held,
    "Unhold": _unheld,
    "AttendedTransfer": _put_through,
}
