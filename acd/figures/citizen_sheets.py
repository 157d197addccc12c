"""Subjects, repeat callers and survey scores as files."""

from collections.abc import Iterator
from typing import Final

from acd.figures.repeats import RepeatReport, called
from acd.figures.sheets import Cell, Sheet, gap_notes, span_notes
from acd.figures.subjects import SubjectReport
from acd.figures.survey import SCORES, SurveyReport

NONE: Final = "(none)"
"""In the place of a subject where none was marked."""
ALL: Final = "(all)"
GAP: Final = "gap_seconds"
"""As in the other files."""

About = SubjectReport | RepeatReport | SurveyReport


def subject_sheet(report: SubjectReport) -> Sheet:
    columns = ["line", "subject", "conversations", "of_line", "share", "settled_yes", "settled_no", "settled_not_said"]
    rows: list[list[Cell]] = [
        [
            *(row.line, NONE if row.subject is None else row.subject, row.count, report.conversations[row.line]),
            *(row.share, row.yes, row.no, row.count - row.yes - row.no, row.settled, _gap(report)),
        ]
        for row in report.rows
    ]
    notes = _notes(report, {"share": report.share_is, "settled": report.settled_is})
    return Sheet([*columns, "settled", GAP], rows, notes, {"share", "settled"})


def repeat_sheet(report: RepeatReport) -> Sheet:
    """The lines, and under them the citizens by the number of their calls."""
    columns = ["line", "answered", "called_again", "called_again_share", "calls", "citizens", GAP]
    rows: list[list[Cell]] = [
        [ALL if row.line is None else row.line, row.of, row.again, row.value, None, None, _gap(report)]
        for row in report.rows
    ]
    often: list[list[Cell]] = [
        [ALL, None, None, None, called(calls), citizens, _gap(report)]
        for calls, citizens in sorted(report.citizens.items())
    ]
    meanings = {"called_again_share": report.again_is, "citizens": report.citizens_is}
    notes: list[list[Cell]] = [*_notes(report, meanings)]
    notes.append(["calls of no known citizen", report.unknown])
    return Sheet(columns, [*rows, *often], notes, {"called_again_share"})


def survey_sheet(report: SurveyReport) -> Sheet:
    columns = ["line", "question", "scores", "mean", "asked", "response", *(f"score_{score}" for score in SCORES), GAP]
    rows: list[list[Cell]] = [
        [one.line, one.question, one.n, one.mean, one.asked, one.response, *one.counts, _gap(report)]
        for one in report.results
    ]
    meanings = {"mean": report.mean_is, "response": report.response_is}
    notes = [*_notes(report, meanings)]
    for line in sorted(report.sent.keys() | report.sampled.keys()):
        notes.append([f"asked on {line}", "of the sample", report.sampled.get(line, 0)])
        notes.append([f"asked on {line}", "sent by their operators", report.sent.get(line, 0)])
    return Sheet(columns, rows, notes, {"response"})


def _gap(report: About) -> float:
    """The same in each row: of the whole time."""
    return round(report.gap, 1)


def _notes(report: About, meanings: dict[str, str]) -> Iterator[list[Cell]]:
    yield from span_notes(report.since, report.until)
    for column, meaning in meanings.items():
        yield [column, meaning]
    yield from gap_notes(report.gaps)
