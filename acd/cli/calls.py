"""The calls of the records, and the story of each."""

import json
import sys
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from acd.cli.terminal import carry_out, clock, fail, out, row_dict, settings
from acd.model.events import CallOffered, Event
from acd.model.outcome import Outcome
from acd.runtime.control import ControlError

if TYPE_CHECKING:
    from acd.records import Archive


group = typer.Typer()


@group.command()
def calls(
    call: Annotated[
        str | None, typer.Argument(help="One call: its whole story, and why it went where it went.")
    ] = None,
    line: Annotated[str | None, typer.Option(help="Only this line.")] = None,
    outcome: Annotated[Outcome | None, typer.Option(help="Only with this outcome.")] = None,
    who: Annotated[str | None, typer.Option("--operator", help="Only those who spoke with him.")] = None,
    day: Annotated[str | None, typer.Option(help="Only this day, 2027-03-01.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000)] = 30,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """The calls, newest first; or the story of one."""
    from acd.records import day_bounds

    bounds: tuple[float | None, float | None] = (None, None)
    if day is not None:
        try:
            bounds = day_bounds(date.fromisoformat(day))
        except ValueError:
            fail(f"--day {day!r}: a date looks like 2027-03-01")
    if call is not None:
        carry_out(tell_story(call, as_json))
    else:
        carry_out(list_calls(line, outcome, who, bounds, limit, as_json))


async def list_calls(
    line: str | None,
    outcome: Outcome | None,
    who: str | None,
    bounds: tuple[float | None, float | None],
    limit: int,
    as_json: bool,
) -> None:
    """With the last digits of the numbers: of a whole one it is written down who saw it (``acd citizen``)."""
    from acd.web.worklist import masked

    archive = open_archive()
    try:
        rows = await archive.calls(
            line=line, outcome=outcome, operator=who, since=bounds[0], until=bounds[1], limit=limit
        )
    finally:
        await archive.close()
    if as_json:
        for row in rows:
            sys.stdout.write(json.dumps(row_dict(row) | {"number": masked(row.number or "")}) + "\n")
        return
    table = Table("call", "arrived", "line", "number", "outcome", "waited", "operator")
    for row in rows:
        waited = "" if row.waited is None else f"{row.waited:.0f} s"
        what = row.outcome.value if row.outcome else "open"
        table.add_row(
            row.call, clock(row.arrived_at), row.line or "", masked(row.number or ""), what, waited, row.operator or ""
        )
    out.print(table)


def open_archive() -> "Archive":
    from acd.records import Archive

    return Archive(settings().database_url)


async def tell_story(call: str, as_json: bool) -> None:
    archive = open_archive()
    try:
        events = await archive.call_story(call)
    finally:
        await archive.close()
    if not events:
        raise ControlError(f"no call {call!r} in the records")
    for event in events:
        out.print(f"{clock(event.at, fine=True)}  {words(event)}")
        if isinstance(event, CallOffered) and not as_json:
            out.print(f"{'':14}{explain(event)}")


def words(event: Event) -> str:
    """An event on one line."""
    details = [
        f"{field}={value}"
        for field in event.__struct_fields__
        if field not in ("at", "call", "why") and (value := getattr(event, field)) not in (None, "")
    ]
    return f"{type(event).__name__} {' '.join(details)}"


LINE_RULES = {
    "only_line": "no other line had both a caller and an idle operator",
    "guard": "its first caller had waited longest, beyond the limit that goes before everything",
    "fixed_queue_ratio": "its queue most exceeded its share of all who wait",
    "longest_waiting": "its first caller had waited longest",
}
OPERATOR_RULES = {
    "only_operator": "the only idle operator of the line",
    "least_skilled": "the idle operator with the fewest lines: the others are kept for lines that only they serve",
    "longest_idle": "the operator who had been idle longest",
}


def explain(offered: CallOffered) -> str:
    """In a sentence, why this call went to this operator."""
    why = offered.why
    return (
        f"{offered.line}: {LINE_RULES[why.line_rule]} (waited {why.waited:.1f} s, {why.waiting} waiting, "
        f"{why.queue_share:.0%} of the queue against a share of {why.line_share:.0%}); "
        f"{offered.operator}: {OPERATOR_RULES[why.operator_rule]} "
        f"({why.candidates} idle, level {why.level}, {why.skills} lines, idle {why.idle:.1f} s)"
    )
