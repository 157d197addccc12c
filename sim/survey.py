"""The survey after a conversation: ``acd-survey-drawn``, ``acd-survey`` and ``acd-survey-ask``."""

import random
from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING, Final

from acd.model.ids import LineId
from acd.model.policy import SurveyRule
from sim.calls import Call
from sim.dialogue import Question, Script

if TYPE_CHECKING:
    from sim.switch import SimSwitch

SECOND_KEY: Final = 1.5
"""Seconds within which a 0 after a 1 makes it ten."""


class Surveys:
    """Of one switch.

    Args:
        rules: of each line that asks something.
    """

    def __init__(self, switch: "SimSwitch", rules: Mapping[LineId, SurveyRule]) -> None:
        self._switch = switch
        self._rules = rules
        self._rng = random.Random(0)

    def after(self, call: Call, *, sent: bool = False) -> None:
        """His operator has left him: he is asked, or the call ends. ``sent``: the operator wants him to be asked."""
        if self.draws(call.line, sent=sent):
            self.ask(call, sent=sent)
        else:
            self._switch.drop_after(call, self._switch.timing.after)

    def draws(self, line: LineId | None, *, sent: bool = False) -> bool:
        """Whether a citizen of this line is asked."""
        rule = None if line is None else self._rules.get(line)
        return rule is not None and not self._switch.waiting.engine_away and (sent or self._rng.random() < rule.share)

    def ask(self, call: Call, *, sent: bool) -> None:
        """Each question in turn; then the call ends."""
        assert call.line is not None
        self._switch.out.survey_begun(call, self._switch.stamp(), sent)
        self._switch.dialogues.tell(call, self._script(call, self._rules[call.line]))

    def _script(self, call: Call, rule: SurveyRule) -> Script:
        for question in rule.questions:
            if self._switch.waiting.engine_away:
                break
            score = yield from self._score()
            if score is not None:
                self._switch.out.survey_score(call, question, score, self._switch.stamp())
        self._switch.drop_after(call, self._switch.timing.prompt)

    def _score(self) -> Generator[Question, str, int | None]:
        """None: he skips the question."""
        for _ in range(2):
            key = yield Question()
            if key == "*":
                return None
            second = (yield Question(SECOND_KEY, spoken=False)) if key == "1" else ""
            if (score := score_of(key, second)) is not None:
                return score
        return None


def score_of(key: str, second: str) -> int | None:
    """What one key says, or a 1 and what came right after it; None = no score."""
    if key == "0" or (key, second) == ("1", "0"):
        return 10
    return int(key) if key.isdecimal() and second in ("", "#") else None
