"""What ``acd report`` says of citizens: their scores, what they called about, and who called again."""

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from rich.table import Table

from acd.cli.delivery import deliver
from acd.cli.terminal import carry_out, out, settings, show_gaps

if TYPE_CHECKING:
    from acd.figures.repeats import RepeatReport
    from acd.figures.report import Query
    from acd.figures.sheets import Sheet
    from acd.figures.subjects import SubjectReport
    from acd.figures.survey import SurveyReport


T = TypeVar("T", "SurveyReport", "SubjectReport", "RepeatReport")


class About(StrEnum):
    SURVEY = "survey"
    SUBJECTS = "subjects"
    REPEATS = "repeats"


def tell(about: About, query: "Query", to: Path | None, *, as_json: bool) -> None:
    """Show it, write it to a file, or say it as JSON."""
    from acd.bootstrap import reports
    from acd.figures import citizen_sheets as sheets

    match about:
        case About.SURVEY:
            scores = carry_out(reports.survey_report(settings(), query))
            _say(scores, sheets.survey_sheet(scores), show_survey, to, as_json)
        case About.SUBJECTS:
            subjects = carry_out(reports.subject_report(settings(), query))
            _say(subjects, sheets.subject_sheet(subjects), show_subjects, to, as_json)
        case About.REPEATS:
            repeats = carry_out(reports.repeat_report(settings(), query))
            _say(repeats, sheets.repeat_sheet(repeats), show_repeats, to, as_json)


def _say(made: T, sheet: "Sheet", show: Callable[[T], None], to: Path | None, as_json: bool) -> None:
    def all_of_it() -> None:
        show(made)
        show_gaps(made.gaps)

    deliver(sheet, made, to, as_json=as_json, show=all_of_it)


def show_survey(made: "SurveyReport") -> None:
    """By line and question; ``!`` = of fewer than 10 scores."""
    from acd.figures.survey import SCORES

    table = Table("line", "question", "n", "mean", "response", *map(str, SCORES))
    for one in made.results:
        response = share(one.n, one.asked, weak=False)
        table.add_row(
            one.line, one.question, f"{one.n}{mark(one.weak)}", f"{one.mean:.2f}", response, *map(str, one.counts)
        )
    out.print(table)
    for line in sorted(made.sent.keys() | made.sampled.keys()):
        out.print(
            f"{line}: asked {made.sampled.get(line, 0)} of the sample, {made.sent.get(line, 0)} sent by operators"
        )
    out.print(f"mean = {made.mean_is}")
    out.print(f"response = {made.response_is}")


def show_subjects(made: "SubjectReport") -> None:
    """By line and subject; ``!`` = of fewer than 10."""
    table = Table("line", "subject", "conversations", "of the line", "settled")
    for row in made.rows:
        settled = share(row.yes, row.yes + row.no, weak=row.weak)
        of_line = share(row.count, made.conversations[row.line], weak=False)
        table.add_row(row.line, row.subject or "(none)", str(row.count), of_line, settled)
    out.print(table)
    out.print(f"of the line = {made.share_is}")
    out.print(f"settled = {made.settled_is}")


def show_repeats(made: "RepeatReport") -> None:
    """By line, and the citizens by the number of their calls; ``!`` = of fewer than 10."""
    from acd.figures.repeats import called

    table = Table("line", "called again")
    for row in made.rows:
        table.add_row(row.line or "(all)", share(row.again, row.of, weak=row.weak))
    out.print(table)
    often = Table("calls", "citizens")
    for calls, citizens in sorted(made.citizens.items()):
        often.add_row(called(calls), str(citizens))
    out.print(often)
    out.print(f"calls of no known citizen: {made.unknown}")
    out.print(f"called again = {made.again_is}")
    out.print(f"citizens = {made.citizens_is}")


def share(part: int, of: int, *, weak: bool) -> str:
    """``97.4% (447/459)``."""
    return f"{part / of:.1%} ({part}/{of}){mark(weak)}" if of else "-"


def mark(weak: bool) -> str:
    return " !" if weak else ""
