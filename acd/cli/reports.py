"""Figures over days, and the ledger and tables that they come from."""

import json
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from acd.cli.citizens import About, tell
from acd.cli.delivery import deliver
from acd.cli.more_figures import More, show_norms, tell_more
from acd.cli.terminal import carry_out, err, fail, out, plainly, row_dict, settings, show_gaps
from acd.figures.periods import Grain
from acd.figures.report import Dimension
from acd.model.zone import ZONE

if TYPE_CHECKING:
    from acd.figures.report import Query, Report, Value


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
    subjects: Annotated[bool, typer.Option(help="Instead: what the conversations were about, and if settled.")] = False,
    repeats: Annotated[bool, typer.Option(help="Instead: who called again within 7 days, and how often.")] = False,
    waits: Annotated[bool, typer.Option(help="Instead: how long callers waited, and abandonment by wait.")] = False,
    states: Annotated[
        bool, typer.Option(help="Instead: operators' time by state, in seconds; with --by operator of each.")
    ] = False,
    against: Annotated[
        str | None, typer.Option(metavar="FROM..TO", help="Beside the figures of another time, 2027-02-01..2027-02-28.")
    ] = None,
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
    more = {More.WAITS: waits, More.STATES: states, More.AGAINST: against is not None}
    instead = [kind for kind, wanted in zip(About, (survey, subjects, repeats), strict=True) if wanted]
    others = [kind for kind, wanted in more.items() if wanted]
    if len(instead) + len(others) > 1:
        fail("one of --survey, --subjects, --repeats, --waits, --states and --against")
    if instead:
        tell(instead[0], query, to, as_json=as_json)
        return
    if others:
        tell_more(others[0], query, to, against=against or "", as_json=as_json, norms=norms)
        return
    if ref is not None:
        rows = carry_out(reports.rows_behind(settings(), query, ref, limit + 1))
        for found in rows[:limit]:
            sys.stdout.write(json.dumps(row_dict(found.fact) | {"counts": found.counts}) + "\n")
        if len(rows) > limit:
            err.print(f"only the first {limit}: --limit tells more")
        return
    _tell(query, to, as_json=as_json, norms=norms)


def _tell(query: "Query", to: Path | None, *, as_json: bool, norms: bool) -> None:
    """Show the report, write it to a file, or say it as JSON."""
    from acd.bootstrap import reports
    from acd.figures.sheets import report_sheet

    made = carry_out(reports.make_report(settings(), query))

    def show() -> None:
        show_report(made, query)
        if norms:
            show_norms(made)

    deliver(report_sheet(made), made, to, as_json=as_json, show=show)


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
    show_gaps(made.gaps)


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
def records_rebuild(
    incomplete: Annotated[bool, typer.Option("--incomplete", help="Also when events are missing.")] = False,
    beside: Annotated[bool, typer.Option("--beside", help="Row by row, beside a service that serves.")] = False,
) -> None:
    """Make all tables anew from the ledger, and promises to call back from their log. The same ledger gives the same
    rows. Nobody can write meanwhile, but with ``--beside``: then there are old and new rows until it is done, and
    promises stay as they are. The service does that itself after an upgrade."""
    from acd.bootstrap.refold import fold_here
    from acd.bootstrap.reports import make_anew

    if beside:
        out.print(f"made anew from {carry_out(fold_here(settings()))} events")
        return
    events, mended = carry_out(make_anew(settings(), incomplete=incomplete))
    out.print(f"made anew from {events} events")
    if mended:
        out.print(f"{mended} promises or attempts to call back were not what their log says, and are again")


@records.command("check")
def records_check() -> None:
    """Whether events are missing from the ledger or promises are not what their log says, and by day the SHA-256 of all
    that was stored up to its end: keep it elsewhere. What it says of a day that is over never changes, unless the past
    was changed."""
    from acd.bootstrap.reports import check_ledger
    from acd.records.checking import MOST_NAMED, numbers

    checked = carry_out(check_ledger(settings()))
    for part in checked.stretches:
        out.print(f"{part.day}  {part.first}-{part.last}  {part.events} events  {part.digest}")
    if checked.holes:
        err.print(f"events are missing from the ledger: {numbers(checked.holes)}")
    if checked.cut_off:
        err.print(f"missing after the last number: {checked.cut_off}, taken out or lost in a spill file")
    for callback in checked.promises[:MOST_NAMED]:
        err.print(f"the promise to call back {callback} is not what its log says")
    if (more := len(checked.promises) - MOST_NAMED) > 0:
        err.print(f"and {more} promises more")
    if not checked.sound:
        raise typer.Exit(1)
    out.print("no event is missing, and each promise is what its log says")


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
