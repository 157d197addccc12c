"""The floor: operators, lines, and callers who wait."""

from typing import Annotated, Any

import typer
from rich.table import Table

from acd.cli.terminal import clock, fail, out, request, whoami

group = typer.Typer()
operator = typer.Typer(no_args_is_help=True, help="Operators: who takes calls now.")
line = typer.Typer(no_args_is_help=True, help="Lines: open or closed against their hours.")
call = typer.Typer(no_args_is_help=True, help="Callers who wait.")
group.add_typer(operator, name="operator")
group.add_typer(line, name="line")
group.add_typer(call, name="call")

# --- Operators -------------------------------------------------------------------------------------------------------

Who = Annotated[str, typer.Argument(help="Operator id of queues.yaml.")]


def act(who: str, action: str, **details: Any) -> None:
    answer = request("operator", operator=who, action=action, by=whoami(), **details)
    reason = f" ({answer['reason']})" if answer["reason"] else ""
    out.print(f"{answer['operator']}: {answer['state']}{reason}")


@operator.command()
def login(who: Who) -> None:
    """Log in, not ready yet."""
    act(who, "login")


@operator.command()
def logout(who: Who) -> None:
    """Log out; a call in hand is finished first."""
    act(who, "logout")


@operator.command()
def ready(who: Who) -> None:
    """Take calls."""
    act(who, "ready")


@operator.command()
def pause(
    who: Who, reason: Annotated[str, typer.Argument(help="One of the reasons of queues.yaml.")] = "pauze"
) -> None:
    """Take no calls, for a reason."""
    act(who, "pause", reason=reason)


@operator.command("list")
def operator_list() -> None:
    """All operators and what they are doing."""
    show_operators(request("status"))


def show_operators(answer: dict[str, Any]) -> None:
    table = Table("operator", "name", "state", "reason", "since")
    for o in answer["operators"]:
        table.add_row(o["operator"], o["name"], o["state"], o["reason"] or "", clock(o["since"]))
    out.print(table)


@operator.command("lines")
def operator_lines(
    who: Who,
    lines: Annotated[list[str] | None, typer.Argument(help="Line ids: what he serves until midnight.")] = None,
    back: Annotated[bool, typer.Option("--back", help="Those of queues.yaml again.")] = False,
) -> None:
    """Let an operator serve other lines for now: until it is taken back, or until midnight."""
    if back is bool(lines):
        fail("say which lines, or --back")
    out.print(request("floor_lines", operator=who, lines=None if back else lines, by=whoami())["said"])


# --- Lines and callers -----------------------------------------------------------------------------------------------

Line = Annotated[str, typer.Argument(help="Line id of queues.yaml.")]


@line.command("open")
def line_open(which: Line) -> None:
    """Take new callers whatever the hours say, until "acd line auto"."""
    out.print(request("floor_line", line=which, open=True, by=whoami())["said"])


@line.command("close")
def line_close(which: Line) -> None:
    """Take no new callers whatever the hours say, until "acd line auto"; who waits is served."""
    out.print(request("floor_line", line=which, open=False, by=whoami())["said"])


@line.command("auto")
def line_auto(which: Line) -> None:
    """Follow the opening hours again."""
    out.print(request("floor_line", line=which, open=None, by=whoami())["said"])


@line.command("list")
def line_list() -> None:
    """All lines: open or closed, by whom, and who waits."""
    table = Table("line", "open", "because", "since", "waiting", "available", "logged in")
    for one in request("floor")["lines"]:
        by, since = ("hours", "") if one["switched"] is None else (one["switched"]["by"], clock(one["switched"]["at"]))
        numbers = (str(one[key]) for key in ("waiting", "available", "logged_in"))
        table.add_row(one["line"], "open" if one["open"] else "closed", by, since, *numbers)
    out.print(table)


@call.command("list")
def call_list() -> None:
    """Callers who wait, longest first."""
    found = request("floor")
    table = Table("call", "line", "number", "waits", "state")
    for one in found["calls"]:
        waits = f"{found['at'] - one['entered_at']:.0f} s"
        table.add_row(one["call"], one["line"], one["number"] or "withheld", waits, one["state"])
    out.print(table)


@call.command("move")
def call_move(which: Annotated[str, typer.Argument(help="The call, as the list names it.")], to: Line) -> None:
    """Let a waiting caller wait on another line; he keeps the moment at which he began to wait."""
    out.print(request("floor_move", call=which, line=to, by=whoami())["said"])
