"""Figures over days, and the ledger and tables that they come from."""

import json
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.table import Table

from acd.cli.terminal import carry_out, clock, out, plainly, row_dict, settings
from acd.figures.periods import Grain
from acd.figures.report import Dimension
from acd.figures.survey import SCORES
from acd.model.zone import ZONE

if TYPE_CHECKING:
    from acd.figures.report import Query, Report, Value
    from acd.figures.survey import SurveyReport


group = typer.Typer()
records = typer.Typer(no_args_is_help=True, help="The ledger, and the tables made from it.")
group.add_typer(records, name="records")

FirstDay = Annotated[str | None, typer.Argument(help="The first day, 2027-03-01, or a moment, 2027-03-01T09:30.")]
LastDay = Annotated[str | None, typer.Argument(help="The last day, or the moment at which it ends.")]


@group.command()
def report(
    first: FirstDay = None,
    last: LastDay = None,
    figure: Annotated[list[str] | None, typer.Option(help="An id of --list, or id@seconds; several times.")] = None,
    grain: Annotated[Grain, typer.Option(help="Cut into these periods.")] = Grain.TOTAL,
    by: Annotated[list[Dimension] | None, typer.Option(help="Told apart by line, operator or both.")] = None,
    line: Annotated[list[str] | None, typer.Option(help="Only this line; several times.")] = None,
    who: Annotated[list[str] | None, typer.Option("--operator", help="Only this operator; several times.")] = None,
    norms: Annotated[bool, typer.Option(help="The norms of several cities side by side, for the same calls.")] = False,
    behind: Annotated[str | None, typer.Option(help="The calls behind this figure, one JSON object a line.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="Of --behind, at most so many.")] = 1000,
    to: Annotated[Path | None, typer.Option(help="Write a .csv or .xlsx instead.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The report as JSON.")] = False,
    list_all: Annotated[bool, typer.Option("--list", help="All figures and their formulas.")] = False,
    survey: Annotated[bool, typer.Option(help="Instead: what callers answered after the conversation.")] = False,
) -> None:
    """The figures of some days (default: today), each with its formula and what stands behind it."""
    from acd.bootstrap import reports
    from acd.figures.catalogue import catalogue
    from acd.figures.report import read_ref

    if list_all:
        sys.stdout.write(catalogue())
        return
    today = f"{datetime.now(ZONE):%Y-%m-%d}"
    start = first or today
    if survey:
        scores = carry_out(reports.survey_report(settings(), start, last or start[:10]))
        if as_json:
            sys.stdout.write(msgspec.json.encode(scores).decode() + "\n")
        else:
            show_survey(scores)
        return
    with plainly():
        chosen = [ref.key for _, ref in reports.norm_refs()] if norms else figure or []
        query = reports.asked(
            settings(),
            start,
            last or start[:10],
            time.time(),
            figures=chosen,
            grain=grain,
            by=by or [],
            lines=line or [],
            operators=who or [],
        )
        ref = None if behind is None else read_ref(behind)
    if ref is not None:
        for found in carry_out(reports.rows_behind(settings(), query, ref, limit)):
            sys.stdout.write(json.dumps(row_dict(found.fact) | {"counts": found.counts}) + "\n")
        return
    made = carry_out(reports.make_report(settings(), query))
    if to is not None:
        with plainly():
            reports.write_report(made, to)
        out.print(f"{len(made.rows)} rows in {to}")
    elif as_json:
        sys.stdout.write(msgspec.json.encode(made).decode() + "\n")
    else:
        show_report(made, query)


def show_report(made: "Report", query: "Query") -> None:
    """A table, and under it the formulas and the times in which nothing could be seen."""
    table = Table(query.grain.value, *(by.value for by in query.by), *(meaning.key for meaning in made.figures))
    told_apart = bool(query.by) or query.grain is not Grain.TOTAL
    for row in (*(made.rows if told_apart else ()), made.total):
        names = [getattr(row, by.value) or "" for by in query.by]
        period = ("total" if row is made.total else row.period) + (" *" if row.gap else "")
        table.add_row(period, *names, *(shown(row.values.get(meaning.key), meaning.unit) for meaning in made.figures))
    out.print(table)
    for meaning in made.figures:
        out.print(f"{meaning.key}: {meaning.nl} = {meaning.formula} (version {meaning.version})")
    for gap in made.gaps:
        began = "the begin" if gap.began_at is None else clock(gap.began_at)
        ended = "now" if gap.ended_at is None else clock(gap.ended_at)
        repaired = f"; {gap.repaired} calls repaired from Asterisk's own record" if gap.repaired else ""
        out.print(f"* nothing could be seen from {began} to {ended} ({gap.reason}): counts are a lower bound{repaired}")


def show_survey(made: "SurveyReport") -> None:
    """By line and question; ``!`` = of fewer than 10 scores."""
    table = Table("line", "question", "n", "mean", "response", *map(str, SCORES))
    for one in made.results:
        weak = " !" if one.weak else ""
        response = "-" if one.response is None else f"{one.response:.1%} ({one.n}/{one.asked})"
        table.add_row(one.line, one.question, f"{one.n}{weak}", f"{one.mean:.2f}", response, *map(str, one.counts))
    out.print(table)
    for line in sorted(made.sent.keys() | made.sampled.keys()):
        out.print(
            f"{line}: asked {made.sampled.get(line, 0)} of the sample, {made.sent.get(line, 0)} sent by operators"
        )
    out.print(f"mean = {made.mean_is}")
    out.print(f"response = {made.response_is}")


def shown(value: "Value | None", unit: str) -> str:
    """``97.4 % (447/459)``; ``!`` = of fewer than 10."""
    if value is None or value.value is None:
        return "-"
    weak = " !" if value.weak else ""
    match unit:
        case "count":
            return f"{value.value:.0f}"
        case "share":
            return f"{value.value:.1%} ({value.part:.0f}/{value.of:.0f}){weak}"
        case _:
            return f"{value.value:.1f} s ({value.of:.0f}){weak}"


@records.command("rebuild")
def records_rebuild() -> None:
    """Make all tables anew from the ledger. The same ledger gives the same rows."""
    from acd.bootstrap.reports import make_anew

    out.print(f"made anew from {carry_out(make_anew(settings()))} events")


@records.command("export")
def records_export(
    view: Annotated[str, typer.Argument(help="One of 'acd records views', with or without report_ before it.")],
    to: Annotated[Path, typer.Argument(help="A .csv, .xlsx or .parquet.")],
    first: FirstDay = None,
    last: LastDay = None,
) -> None:
    """Write the rows of a view to a file; without days all of them."""
    from acd.bootstrap.reports import export_view

    bounds = (first or "2000-01-01", last or (first[:10] if first else "2099-12-31"))
    out.print(f"{carry_out(export_view(settings(), view, *bounds, to))} rows in {to}")


@records.command("views")
def records_views() -> None:
    """The views for Power BI and others, with every column, its type and its unit."""
    from acd.records.views import dictionary

    sys.stdout.write(dictionary())
