"""What the dialplan says of the survey after a conversation."""

import re
from collections.abc import Callable, Mapping
from typing import Final

from acd.asterisk.frames import Frame
from acd.asterisk.promise_events import PREFIX
from acd.asterisk.values import WORD, AmiEvent, call, matched, moment, offer, timestamp
from acd.model.facts import CalledBack
from acd.model.ids import CallId, Device, LineId

_SENT: Final = re.compile(r"[01]", re.ASCII)
_SCORE: Final = re.compile(r"[1-9]|10", re.ASCII)


class SurveyBegun(AmiEvent, frozen=True, gc=False):
    """``AcdSurveyBegun``."""

    call: CallId
    begun: float
    sent: bool
    back: CalledBack | None


class SurveyScore(AmiEvent, frozen=True, gc=False):
    """``AcdSurvey``."""

    call: CallId
    question: str
    score: int
    given: float
    back: CalledBack | None


def _begun(frame: Frame) -> AmiEvent:
    told, back = _of(frame)
    return SurveyBegun(timestamp(frame), told, moment(frame, "Begun"), matched(_SENT, frame, "Sent") == "1", back)


def _score(frame: Frame) -> AmiEvent:
    question, score = matched(WORD, frame, "Question"), int(matched(_SCORE, frame, "Score"))
    told, back = _of(frame)
    return SurveyScore(timestamp(frame), told, question, score, moment(frame, "Given"), back)


def _of(frame: Frame) -> tuple[CallId, CalledBack | None]:
    if not frame.get("Attempt"):
        return call(frame), None
    line, device = LineId(matched(WORD, frame, "Line")), Device(matched(WORD, frame, "Device"))
    attempt = offer(frame, "Attempt")
    return CallId(f"{PREFIX}{attempt}"), CalledBack(attempt, line, device)


SURVEY_EVENTS: Final[Mapping[str, Callable[[Frame], AmiEvent | None]]] = {
    "AcdSurveyBegun": _begun,
    "AcdSurvey": _score,
}
