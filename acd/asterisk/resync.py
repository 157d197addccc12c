"""What there is in the switch, read from the answers to a few questions. Pure: frames in, facts out.

All that a restart needs is on the callers' channels, and one ``Status`` with ``Variables`` returns it for all of them.
Traps: an unset variable comes back as the text ``(null)``; operators' legs are in the list too, without our variables;
a list is no snapshot, so what happens during it is told by events after it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec

from acd.asterisk.actions import PEER, Action
from acd.asterisk.clock import SwitchClock
from acd.asterisk.events import Forged, device_of
from acd.asterisk.frames import Frame
from acd.asterisk.promise_events import attempt_of
from acd.asterisk.spy_events import spy_of
from acd.model.callback import AttemptStage
from acd.model.facts import AttemptSeen, CallMissed, CallSeen, CallWhereabouts, RecordingSeen
from acd.model.ids import CallbackId, CallId, Device, LineId, OfferId
from acd.model.supervision import SpySeen

_VARIABLES: Final = (
    "ACD_STATE",
    "ACD_ARRIVED",
    "ACD_DID",
    "ACD_NUM",
    "ACD_PATH",
    "ACD_LINE",
    "ACD_T0",
    "ACD_OFFER",
    "ACD_DEVICE",
    "ACD_UP",
    "ACD_CB_ATTEMPT",
    "ACD_CB_ID",
    "ACD_CB_FIRST",
    "ACD_CB_DECLINED",
    "ACD_RECORDING",
    "ACD_RECORDING_OF",
    "ACD_REC_PAUSED",
)
IN_QUEUE: Final[Action] = (("Action", "Status"), ("Variables", "ACD_STATE"))
STATUS: Final[Action] = (("Action", "Status"), ("Variables", ",".join(_VARIABLES)))
DEVICES: Final[Action] = (("Action", "DeviceStateList"),)

NOTE: Final = ("call", "STATE", "ARRIVED", "DID", "NUM", "lang", "PATH", "LINE", "T0", "OFFER", "DEVICE", "UP", "gone")
"""The parts of what the dialplan notes of a call, in their order."""
_CHANNEL: Final = re.compile(r"PJSIP/(\w+)-[0-9a-f]+", re.ASCII)
_TO_SERVER: Final = re.compile(rf"PJSIP/{PEER}\w+-[0-9a-f]+", re.ASCII)
_CALLING_BACK: Final = "cb-"
"""``ACD_STATE`` of a channel that belongs to an attempt to call back begins so."""
_ASKED: Final = "cb-after"
"""The attempt is over; the citizen is asked how it was."""
_UP: Final = "6"
_RINGING: Final = "5"
"""``ChannelState`` of a leg whose phone said that it rings."""


class SeenCall(msgspec.Struct, frozen=True):
    """A caller found alive, and the channels of the operators' legs in his call."""

    seen: CallSeen
    legs: tuple[tuple[str, bool], ...]
    """Uniqueid, and whether the phone rings or has answered."""


def read_status(frames: Iterable[Frame], clock: SwitchClock) -> list[SeenCall]:
    """The callers in the answer to :data:`STATUS`.

    Args:
        clock: of this Asterisk; now is the moment of arrival of a call on which it cannot be read.

    Raises:
        Forged: a channel's entry lacks what each has, or has it twice.
    """
    rows = [_Row(frame) for frame in frames if frame.event == "Status"]
    return [_seen_call(row, rows, clock) for row in rows if row.is_caller]


def read_queue(frames: Iterable[Frame]) -> set[CallId]:
    """Who waits in Asterisk's own Queue(), in the answer to :data:`IN_QUEUE`."""
    rows = (_Row(frame) for frame in frames if frame.event == "Status")
    return {CallId(row.id) for row in rows if row.variables.get("ACD_STATE") == CallWhereabouts.FALLBACK}


class SeenAttempt(msgspec.Struct, frozen=True):
    """An attempt to call back, found alive."""

    seen: AttemptSeen
    operator_first: bool
    leg: str | None
    """Uniqueid of the operator's channel, if he has picked up."""


_STAGES: Final = {
    "cb-taken": AttemptStage.TAKEN,
    "cb-dial": AttemptStage.DIALLED,
    "cb-talk": AttemptStage.TALKING,
}


def read_attempts(frames: Iterable[Frame], clock: SwitchClock) -> list[SeenAttempt]:
    """The attempts in the answer to :data:`STATUS`: each is the channel that bears its number."""
    rows = [_Row(frame) for frame in frames if frame.event == "Status"]
    return [found for row in rows if (found := _seen_attempt(row, rows, clock)) is not None]


def _seen_attempt(row: "_Row", rows: "list[_Row]", clock: SwitchClock) -> SeenAttempt | None:
    attempt, state = attempt_of(row.id), row.variables.get("ACD_STATE", "")
    if attempt is None or not state.startswith(_CALLING_BACK) or state == _ASKED:
        return None
    operator_first = row.variables.get("ACD_CB_FIRST") != "citizen"
    first_step = AttemptStage.RINGING if row.rings and operator_first else AttemptStage.CLAIMED
    seen = AttemptSeen(
        attempt=attempt,
        callback=CallbackId(row.variables.get("ACD_CB_ID", "")),
        line=LineId(row.variables.get("ACD_LINE", "")),
        device=Device(row.variables.get("ACD_DEVICE", "")),
        stage=_STAGES.get(state, first_step),
        answered_at=_moment(row.id, row.variables, "UP", clock),
        tape=_tape(row, rows, clock),
    )
    legs = (other.id for other in rows if other.linked == row.linked and other.device == seen.device and other.up)
    return SeenAttempt(seen, operator_first, next(legs, None))


def _tape(of: "_Row", rows: "list[_Row]", clock: SwitchClock) -> RecordingSeen | None:
    """The recording of this channel's conversation: it is made on another one, and named there."""
    for row in rows:
        if row.variables.get("ACD_RECORDING_OF") == of.id and "ACD_RECORDING" in row.variables:
            paused_at = _moment(of.id, {**of.variables, **row.variables}, "REC_PAUSED", clock)
            return RecordingSeen(row.variables["ACD_RECORDING"], paused_at)
    return None


def read_spies(frames: Iterable[Frame]) -> list[SpySeen]:
    """The supervisors' phones in the answer to :data:`STATUS`: each is the channel that bears its number."""
    rows = (_Row(frame) for frame in frames if frame.event == "Status")
    return [SpySeen(spy, row.up) for row in rows if (spy := spy_of(row.id)) is not None]


class _Row:
    """One channel."""

    def __init__(self, frame: Frame) -> None:
        for name in ("Channel", "Uniqueid", "Linkedid"):
            if len(frame.all(name)) != 1:
                raise Forged("Status", f"it has not exactly one {name}")
        self.id = frame.get("Uniqueid")
        self.linked = frame.get("Linkedid")
        self.language = frame.get("Language")
        self.rings = frame.get("ChannelState") == _RINGING
        self.up = frame.get("ChannelState") == _UP
        named = _CHANNEL.fullmatch(frame.get("Channel"))
        self.device = Device(named[1]) if named else None
        self.leads_on = _TO_SERVER.fullmatch(frame.get("Channel")) is not None
        """To a phone at another server; which one, the caller's channel says."""
        self.variables = dict(_variables(frame))

    @property
    def is_caller(self) -> bool:
        state = self.variables.get("ACD_STATE", "")
        return bool(state) and not state.startswith(_CALLING_BACK)


def _variables(frame: Frame) -> Iterator[tuple[str, str]]:
    for text in frame.all("Variable"):
        name, _, value = text.partition("=")
        if value not in ("", "(null)"):
            yield name, value


def _seen_call(row: _Row, rows: list[_Row], clock: SwitchClock) -> SeenCall:
    others = [other for other in rows if other is not row and other.linked == row.linked]
    seen = _call_seen(row.id, row.variables, row.language, clock)
    legs = [leg for leg in others if leg.device == seen.device or leg.leads_on] if seen.device is not None else []
    dialled = bool(legs) and seen.where in (CallWhereabouts.RING, CallWhereabouts.TALK)
    where = seen.where
    if where is CallWhereabouts.TALK and not dialled:
        # His operator's leg is gone: the operator passed him on to somebody, with whom he speaks.
        where = CallWhereabouts.AFTER
    tape = _tape(row, rows, clock) if where is CallWhereabouts.TALK else None
    seen = msgspec.structs.replace(seen, where=where, dialled=dialled, tape=tape)
    return SeenCall(seen, tuple((leg.id, leg.rings) for leg in legs) if dialled else ())


def _call_seen(id: str, variables: dict[str, str], language: str, clock: SwitchClock) -> CallSeen:
    line, offer, device = variables.get("ACD_LINE"), variables.get("ACD_OFFER", ""), variables.get("ACD_DEVICE")
    arrived_at, entered_at = _moment(id, variables, "ARRIVED", clock), _moment(id, variables, "T0", clock)
    return CallSeen(
        call=CallId(id),
        where=whereabouts(variables.get("ACD_STATE", "")),
        arrived_at=arrived_at or entered_at or clock.now(),
        did=variables.get("ACD_DID", ""),
        number=variables.get("ACD_NUM"),
        language=language or "nl",
        path=variables.get("ACD_PATH", ""),
        line=None if line is None else LineId(line),
        entered_at=entered_at,
        offer=OfferId(int(offer)) if offer.isdecimal() else None,
        device=None if device is None else Device(device),
        answered_at=_moment(id, variables, "UP", clock),
        declined_at=_moment(id, variables, "CB_DECLINED", clock),
    )


def _moment(owner: str, variables: Mapping[str, str], name: str, clock: SwitchClock) -> float | None:
    try:
        return clock.stays(owner, float(variables[f"ACD_{name}"]))
    except (KeyError, ValueError):
        return None


def whereabouts(state: str) -> CallWhereabouts:
    """``ACD_STATE`` in our words. Whatever the dialplan of this site added counts as the menu, where nothing is
    offered and nobody is lost."""
    try:
        return CallWhereabouts(state)
    except ValueError:
        return CallWhereabouts.MENU


def read_note(text: str, clock: SwitchClock) -> CallMissed | None:
    """A note that the dialplan kept of a call that ended unheard; None when it is no such note."""
    parts = text.split("|")
    if len(parts) != len(NOTE) or not parts[0]:
        return None
    variables = {f"ACD_{name}": value for name, value in zip(NOTE, parts, strict=True) if value}
    seen = _call_seen(parts[0], variables, parts[NOTE.index("lang")], clock)
    try:
        gone_at = clock.ours(float(parts[-1]))
    except ValueError:
        gone_at = clock.now()
    return CallMissed(seen, gone_at)


def read_devices(frames: Iterable[Frame]) -> dict[Device, str]:
    """Device state by phone, from the answer to :data:`DEVICES`."""
    states = ((device_of(frame.get("Device")), frame.get("State")) for frame in frames)
    return {device: state for device, state in states if device is not None}
