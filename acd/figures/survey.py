"""What callers answered after the conversation: by line and question, scores from 1 to 10."""

from collections.abc import Mapping
from typing import Final

import msgspec

from acd.figures.report import WEAK_BELOW, Gap
from acd.model.ids import LineId

SCORES: Final = range(1, 11)
MEAN: Final = "sum of the scores / number of scores (version 1)"
RESPONSE: Final = "callers who gave a score to the question / callers of the line who were asked (version 1)"


class SurveyResult(msgspec.Struct, frozen=True, kw_only=True):
    """The scores of one question on one line."""

    line: LineId
    question: str
    """Id in queues.yaml."""
    counts: tuple[int, ...]
    """So many gave a 1, a 2, ... a 10."""
    n: int
    """Scores."""
    mean: float
    """1 to 10."""
    asked: int
    """Callers of the line for whom a survey began in this time."""
    response: float | None
    """Share of them who gave a score, 0 to 1; None = nobody was asked."""
    weak: bool
    """Of fewer than 10 scores."""


class SurveyReport(msgspec.Struct, frozen=True, kw_only=True):
    """All surveys that began in some time, seconds since the epoch."""

    since: float
    until: float
    results: tuple[SurveyResult, ...]
    sent: Mapping[LineId, int]
    """Callers asked because their operator sent them, by line: whom he chooses may be no fair sample."""
    sampled: Mapping[LineId, int]
    """Callers asked because they belong to the sample."""
    gap: float = 0.0
    """Seconds of this time in which nothing could be seen: counts are a lower bound."""
    gaps: tuple[Gap, ...] = ()
    """Those that overlap."""
    mean_is: str = MEAN
    response_is: str = RESPONSE


class AnswerFact(msgspec.Struct, frozen=True):
    """Who was asked, without what tells who he was, and the score that he gave to one question."""

    seq: int
    """Ledger number of the begin."""
    at: float
    line: str
    operator: str | None
    """Who spoke with him last; None = not known."""
    sent: bool
    """By his operator; False: he belongs to the sample."""
    call: str | None
    """None = he was called back."""
    score: int | None
    """1 to 10; None = none."""


def results(scores: Mapping[tuple[LineId, str, int], int], asked: Mapping[LineId, int]) -> tuple[SurveyResult, ...]:
    """By line and question, in the order of their ids.

    Args:
        scores: line, question and score -> how many gave it.
        asked: line -> how many were asked.
    """
    pairs = sorted({(line, question) for line, question, _ in scores})
    return tuple(_result(line, question, scores, asked.get(line, 0)) for line, question in pairs)


def _result(line: LineId, question: str, scores: Mapping[tuple[LineId, str, int], int], asked: int) -> SurveyResult:
    counts = tuple(scores.get((line, question, score), 0) for score in SCORES)
    n = sum(counts)
    return SurveyResult(
        line=line,
        question=question,
        counts=counts,
        n=n,
        mean=sum(score * count for score, count in zip(SCORES, counts, strict=True)) / n,
        asked=asked,
        response=n / asked if asked else None,
        weak=n < WEAK_BELOW,
    )
