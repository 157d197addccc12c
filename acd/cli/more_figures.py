"""What ``acd report`` says besides a table of figures: waits, operators' time, two times side by side, norms met."""

from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from rich.table import Table

from acd.cli.delivery import deliver
from acd.cli.terminal import carry_out, fail, out, plainly, settings

if TYPE_CHECKING:
    from acd.figures.report import Query, Report
    from acd.figures.sheets import Sheet


class More(StrEnum):
    WAITS = "waits"
    STATES = "states"
    AGAINST = "against"


def tell_more(more: More, query: "Query", to: Path | None, *, against: str, as_json: bool, norms: bool) -> None:
    """Show it, write it to a file, or say it as JSON."""
    match more:
        case More.WAITS:
            _waits(query, to, as_json=as_json)
        case More.STATES:
            _states(query, to, as_json=as_json)
        case More.AGAINST:
            made = _against(query, against, to, as_json=as_json)
            if norms and to is None and not as_json:
                show_norms(made)


def _waits(query: "Query", to: Path | None, *, as_json: bool) -> None:
    """How long callers waited, and abandonment by wait."""
    from acd.bootstrap import reports
    from acd.figures.waits import wait_sheet

    rows, report = carry_out(reports.wait_report(settings(), query))
    sheet = wait_sheet(rows, report)
    deliver(sheet, rows, to, as_json=as_json, show=partial(_show, sheet))


def _states(query: "Query", to: Path | None, *, as_json: bool) -> None:
    """Operators' time by state."""
    from acd.bootstrap import reports
    from acd.figures.states import state_sheet

    rows, report = carry_out(reports.state_report(settings(), query))
    sheet = state_sheet(rows, report)
    deliver(sheet, rows, to, as_json=as_json, show=partial(_show, sheet))


def _against(query: "Query", against: str, to: Path | None, *, as_json: bool) -> "Report":
    """The figures of two times side by side; the first of them."""
    from acd.bootstrap import reports
    from acd.figures.periods import Grain, moment
    from acd.figures.sheets import compared_sheet

    first, _, last = against.partition("..")
    if query.by or query.grain is not Grain.TOTAL:
        fail("--against compares whole times: without --grain and --by")
    with plainly():
        then = msgspec.structs.replace(query, since=moment(first), until=moment(last or first, end=True))
    if then.until <= then.since:
        fail(f"--against {against}: it ends before it begins")
    made, before = (carry_out(reports.make_report(settings(), one)) for one in (query, then))
    sheet = compared_sheet(made, before)
    deliver(sheet, {"now": made, "then": before}, to, as_json=as_json, show=partial(_show, sheet))
    return made


def show_norms(made: "Report") -> None:
    """What each promises, and whether the whole time kept it."""
    from acd.figures.table import NORMS

    table = Table("norm", "figure", "target", "total", "met")
    for norm in NORMS:
        value = made.total.values.get(norm.figure)
        share = None if value is None else value.value
        met = "-" if share is None or norm.target is None else "met" if share >= norm.target else "missed"
        target = "-" if norm.target is None else f"{norm.target:.1%}"
        table.add_row(norm.en, norm.figure, target, "-" if share is None else f"{share:.1%}", met)
    out.print(table)


def _show(sheet: "Sheet") -> None:
    """As a table."""
    table = Table(*sheet.columns)
    for row in sheet.rows:
        table.add_row(*(_shown(cell, column in sheet.shares) for column, cell in zip(sheet.columns, row, strict=True)))
    out.print(table)
    for note in sheet.notes:
        out.print(": ".join(str(cell) for cell in note if cell not in (None, "")))


def _shown(cell: object, share: bool) -> str:
    if cell is None:
        return "-"
    if isinstance(cell, float):
        return f"{cell:.1%}" if share else f"{cell:.4f}".rstrip("0").rstrip(".")
    return str(cell)
