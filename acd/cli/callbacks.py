"""Promises to call citizens back."""

import json
import sys
import time
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from acd.cli.terminal import carry_out, clock, fail, minute, out, plainly, request, settings, whoami, window
from acd.model.zone import ZONE

if TYPE_CHECKING:
    from acd.figures.report import Meaning, Value

group = typer.Typer()
callbacks = typer.Typer(help="Promises to call citizens back.")
group.add_typer(callbacks, name="callbacks")

Which = Annotated[str, typer.Argument(help="The promise, as the list names it.")]
Why = Annotated[str | None, typer.Option(help="In your words, for the log; nothing about the citizen.")]


@callbacks.callback(invoke_without_command=True)
def callbacks_list(
    context: typer.Context,
    closed: Annotated[int | None, typer.Option(min=1, max=10_000, help="So many that are no longer owed.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Citizens who are to be called back, the most urgent first; or what is done about one of them."""
    if context.invoked_subcommand is not None:
        return
    found = request("callbacks", closed=closed)["callbacks"]
    if as_json:
        for promise in found:
            sys.stdout.write(json.dumps(promise) + "\n")
        return
    table = Table(
        "callback", "line", "number", "state", "window", "deadline", "attempts", "last result", "owner", "why"
    )
    for p in found:
        late = " late" if closed is None and p["deadline"] <= time.time() else ""
        moments = (window(p["window"]), minute(p["deadline"]) + late)
        who = (p["last_result"] or "", p["owner"], p["reason"])
        table.add_row(p["callback"], p["line"], p["number"], p["state"], *moments, str(p["attempts"]), *who)
    out.print(table)


@callbacks.command()
def show(callback: Which) -> None:
    """The whole story of one promise, and the number to call."""
    story = request("callback", callback=callback, by=whoami())
    p = story["row"]
    reason = f" ({p['reason']})" if p["reason"] else ""
    out.print(f"{p['callback']}  {p['line']}  {p['state']}{reason}  {p['number'] or 'number erased'}")
    out.print(f"{window(p['window'])}, at the latest {minute(p['deadline'])}")
    for a in reversed(story["attempts"]):
        out.print(f"{clock(a['at'])}  attempt by {a['operator']}: {a['result'] or 'under way'}")
    for step in reversed(story["history"]):
        moment = f", from {minute(step['moment'])}" if step["moment"] else ""
        note = f" ({step['note']})" if step["note"] else ""
        out.print(f"{clock(step['at'])}  {step['by']}: {step['what']}{note}{moment}")


def act_on(callback: str, action: str, **details: Any) -> None:
    p = request("callback_act", callback=callback, action=action, by=whoami(), **details)
    owed = f", {window(p['window'])}" if p["state"] == "open" else ""
    out.print(f"{p['callback']}: {p['state']}{owed}")


@callbacks.command("call-now")
def call_now(callback: Which, why: Why = None) -> None:
    """Its moment is now: the next operator who has time calls."""
    act_on(callback, "call_now", why=why)


@callbacks.command()
def move(
    callback: Which,
    to: Annotated[datetime, typer.Argument(help="2027-03-01T14:30, Brussels time.", formats=["%Y-%m-%dT%H:%M"])],
    why: Why = None,
) -> None:
    """Another moment."""
    act_on(callback, "move", at=to.replace(tzinfo=ZONE).timestamp(), why=why)


@callbacks.command("no-answer")
def no_answer(callback: Which, why: Why = None) -> None:
    """You rang the citizen, in vain: it counts as an attempt."""
    act_on(callback, "no_answer", why=why)


@callbacks.command("wrong-number")
def wrong_number(callback: Which, why: Why = None) -> None:
    """The number is not the citizen's: nothing more can be done."""
    act_on(callback, "wrong_number", why=why)


@callbacks.command()
def done(callback: Which, why: Why = None) -> None:
    """You spoke with the citizen."""
    act_on(callback, "done", why=why)


@callbacks.command("hand-over")
def hand_over(
    callback: Which,
    to: Annotated[str | None, typer.Option(help="Who deals with it; default: you.")] = None,
    why: Why = None,
) -> None:
    """The automation leaves it to a person."""
    act_on(callback, "hand_over", to=to, why=why)


@callbacks.command()
def cancel(callback: Which, why: Why = None) -> None:
    """The citizen does not want it any more."""
    act_on(callback, "cancel", why=why)


@callbacks.command()
def figures(
    first: Annotated[str, typer.Argument(help="The first day, 2027-03-01.")],
    last: Annotated[str | None, typer.Argument(help="The last day; default: the same.")] = None,
) -> None:
    """How the promise of the 150 seconds was kept on these days, with formula and numbers."""
    from acd.bootstrap.reports import asked, make_report
    from acd.figures.table import PROMISE

    try:
        days = date.fromisoformat(first).isoformat(), date.fromisoformat(last or first).isoformat()
    except ValueError:
        fail(f"{first!r} {last or ''}: a date looks like 2027-03-01")
    with plainly():
        query = asked(settings(), *days, time.time(), figures=PROMISE)
    report = carry_out(make_report(settings(), query))
    for meaning in report.figures:
        out.print(f"{meaning.en:22} {_told(report.total.values[meaning.key], meaning)} (version {meaning.version})")
    if report.total.gap:
        out.print(f"for {report.total.gap:.0f} s nothing could be seen: the counts are a lower bound")


def _told(value: "Value", meaning: "Meaning") -> str:
    if meaning.unit == "count":
        return f"{value.of:7.0f}  {meaning.formula}"
    share = "-" if value.value is None else f"{value.value:.1%}"
    weak = " (weak: few)" if value.of and value.weak else ""
    return f"{share:>7}  {value.part:.0f} of {value.of:.0f}{weak}  {meaning.formula}"
