"""What the dialplan says of the survey after a conversation."""

import re
from collections.abc import Callable, Mapping
from typing import Final

from acd.asterisk.frames import Frame
from acd.asterisk.values import WORD, AmiEvent, call, matched, moment, timestamp
from acd.model.ids import CallId

_SENT: Final = re.compile(r"[01]", re.ASCII)
_SCORE: Final = re.compile(r"[1-9]|10", re.ASCII)


class SurveyBegun(AmiEvent, frozen=True, gc=False):
    """``AcdSurveyBegun``."""

    call: CallId
    begun: float
    sent: bool


class SurveyScore(AmiEvent, frozen=True, gc=False):
    """``AcdSurvey``."""

    call: CallId
    question: str
    score: int
    given: float


def _begun(frame: Frame) -> AmiEvent:
    return SurveyBegun(timestamp(frame), call(frame), moment(frame, "Begun"), matched(_SENT, frame, "Sent") == "1")


def _score(frame: Frame) -> AmiEvent:
    question, score = matched(WORD, frame, "Question"), int(matched(_SCORE, frame, "Score"))
    return SurveyScore(timestamp(frame), call(frame), question, score, moment(frame, "Given"))


SURVEY_EVENTS: Final[Mapping[str, Callable[[Frame], AmiEvent | None]]] = {
    "AcdSurveyBegun": _begun,
    "AcdSurvey": _score,
}
