"""What the dialplan says of recorded conversations; :mod:`acd.asterisk.recording` records the AMI session."""

from collections.abc import Callable, Mapping
from typing import Final

from acd.asterisk.frames import Frame
from acd.asterisk.promise_events import attempt_of
from acd.asterisk.values import ID, WORD, AmiEvent, call, matched, moment, timestamp
from acd.model.ids import CallId, LineId, OfferId


class RecordingBegun(AmiEvent, frozen=True, gc=False):
    """``AcdRecording``."""

    recording: str
    call: CallId | None
    attempt: OfferId | None
    line: LineId
    begun: float
    paused: bool
    """That of the talk before was, and this one should be."""


class RecordingEnded(AmiEvent, frozen=True, gc=False):
    """``AcdRecorded``."""

    recording: str
    call: CallId | None
    attempt: OfferId | None
    ended: float


def _begun(frame: Frame) -> AmiEvent:
    line = LineId(matched(WORD, frame, "Line"))
    begun, paused = moment(frame, "Begun"), frame.get("Paused") == "1"
    return RecordingBegun(timestamp(frame), matched(ID, frame, "Recording"), *_of(frame), line, begun, paused)


def _ended(frame: Frame) -> AmiEvent:
    return RecordingEnded(timestamp(frame), matched(ID, frame, "Recording"), *_of(frame), moment(frame, "Ended"))


def _of(frame: Frame) -> tuple[CallId | None, OfferId | None]:
    """A citizen who was called first, and is sent on, is a caller whose channel is named after the attempt: only its
    ``Attempt`` says that it is the attempt's."""
    attempt = attempt_of(frame.get("Of"))
    ours = frame.get("Attempt") != "" if "Attempt" in frame.headers else attempt is not None
    return (None, attempt) if ours else (call(frame, "Of"), None)


RECORDED_EVENTS: Final[Mapping[str, Callable[[Frame], AmiEvent]]] = {
    "AcdRecording": _begun,
    "AcdRecorded": _ended,
}
