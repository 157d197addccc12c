"""Gaps, repaired from what Asterisk itself wrote down."""

import time
from datetime import date
from typing import Annotated, Any, Final

import typer

from acd.cli.terminal import carry_out, err, fail, out, settings
from acd.runtime.control import ServiceNotRunning, ask

group = typer.Typer()

WEEK: Final = 7 * 86_400.0


@group.command()
def repair(
    first: Annotated[str | None, typer.Argument(help="The first day, 2027-03-01; default: the last week.")] = None,
    last: Annotated[str | None, typer.Argument(help="The last day; default: the same.")] = None,
) -> None:
    """Read in Asterisk's own record (ACD_CEL) what was not seen of the calls in the gaps of these days. The service
    does so by itself after each gap. Twice is the same as once."""
    answer = carry_out(_repair(*_bounds(first, last)))
    unread = answer.get("unread", [])  # Left out by a service of an older version.
    for line in (*unread, *answer["bad"]):
        err.print(line)
    out.print(f"{answer['calls']} calls repaired in {answer['gaps']} gaps")
    if unread:
        fail("not every server's record could be read; what the others tell was repaired")
    if answer["bad"]:
        fail(f"{len(answer['bad'])} lines could not be read; every other line was")


async def _repair(since: float, until: float) -> dict[str, Any]:
    """By the service; by ourselves when none runs."""
    try:
        return await ask(settings().socket, "repair", since=since, until=until)
    except ServiceNotRunning:
        from acd.bootstrap.repair import repair_alone

        return await repair_alone(settings(), since, until)


def _bounds(first: str | None, last: str | None) -> tuple[float, float]:
    """Seconds since the epoch."""
    from acd.records import day_bounds

    if first is None:
        return time.time() - WEEK, time.time()
    try:
        begin, end = date.fromisoformat(first), date.fromisoformat(last or first)
    except ValueError:
        fail(f"{first!r} {last or ''}: a date looks like 2027-03-01")
    return day_bounds(begin)[0], day_bounds(end)[1]
