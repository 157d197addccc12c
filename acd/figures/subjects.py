"""What conversations were about: the subjects that operators marked, by line, and whether the question was settled."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from acd.figures.report import WEAK_BELOW, Gap
from acd.model.ids import LineId

SETTLED: Final = "conversations noted as settled / conversations noted as settled or as not settled (version 1)"
SHARE: Final = (
    "conversations with the subject / conversations of the line; one with two subjects is in both (version 1)"
)


class Conversations(msgspec.Struct, frozen=True):
    """So many conversations of one kind."""

    line: LineId
    subjects: tuple[str, ...]
    settled: bool | None
    """None = the operator did not say."""
    count: int


class ContactFact(msgspec.Struct, frozen=True):
    """One conversation, without what tells who the citizen was."""

    contact: str
    began_at: float
    line: str
    operator: str
    call: str | None
    """None = a call back."""
    settled: bool | None


class SubjectRow(msgspec.Struct, frozen=True, kw_only=True):
    """The conversations of one line about one subject."""

    line: LineId
    subject: str | None
    """Id in queues.yaml; None = none was marked."""
    count: int
    yes: int
    """Noted as settled."""
    no: int
    """Noted as not settled; of the rest nothing was noted."""
    settled: float | None
    """Share of those of which it was noted, 0 to 1; None = of none."""
    share: float
    """Of all conversations of the line, 0 to 1."""
    weak: bool
    """The settled share is of fewer than 10."""


class SubjectReport(msgspec.Struct, frozen=True, kw_only=True):
    """All conversations that began in some time, seconds since the epoch."""

    since: float
    until: float
    rows: tuple[SubjectRow, ...]
    """By line; the subject that is heard most first, and last those without one."""
    conversations: Mapping[LineId, int]
    gap: float = 0.0
    """Seconds of this time in which nothing could be seen: counts are a lower bound."""
    gaps: tuple[Gap, ...] = ()
    """Those that overlap."""
    settled_is: str = SETTLED
    share_is: str = SHARE


def subject_rows(counted: Iterable[Conversations]) -> tuple[tuple[SubjectRow, ...], dict[LineId, int]]:
    """The rows, and how many conversations each line had."""
    said: dict[tuple[LineId, str | None], Counter[bool | None]] = {}
    lines: Counter[LineId] = Counter()
    for some in counted:
        lines[some.line] += some.count
        for subject in dict.fromkeys(some.subjects) or (None,):
            said.setdefault((some.line, subject), Counter())[some.settled] += some.count
    rows = [_row(line, subject, answers, lines[line]) for (line, subject), answers in said.items()]
    rows.sort(key=lambda row: (row.line, row.subject is None, -row.count, row.subject or ""))
    return tuple(rows), dict(lines)


def _row(line: LineId, subject: str | None, answers: Counter[bool | None], of: int) -> SubjectRow:
    yes, no, count = answers[True], answers[False], answers.total()
    return SubjectRow(
        line=line,
        subject=subject,
        count=count,
        yes=yes,
        no=no,
        settled=yes / (yes + no) if yes + no else None,
        share=count / of,
        weak=yes + no < WEAK_BELOW,
    )
