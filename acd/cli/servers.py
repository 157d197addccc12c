"""Several Asterisk servers under one engine: look at them, and take one out of work for maintenance."""

import time
from typing import Annotated

import typer
from rich.table import Table

from acd.cli.terminal import err, fail, out, request

group = typer.Typer()
server = typer.Typer(no_args_is_help=True, help="Asterisk servers, when there are several.")
group.add_typer(server, name="server")

Which = Annotated[str, typer.Argument(help="Its name in ACD_SERVERS.")]


@server.command("list")
def server_list() -> None:
    """All servers: the link to each, its calls, and whether it takes new ones."""
    table = Table("server", "link", "calls", "new calls", "reason")
    for one in request("servers")["servers"]:
        taken = "none: drained" if one["drained"] else "taken"
        table.add_row(one["server"], one["link"], str(one["calls"]), taken, one["reason"])
    out.print(table)


@server.command("drain")
def server_drain(
    which: Which,
    off: Annotated[bool, typer.Option("--off", help="Let it take new calls again.")] = False,
    patience: Annotated[float, typer.Option(help="Seconds to wait for its last caller.")] = 3600.0,
) -> None:
    """Maintenance of one server: new calls go to the others, those on it are served to their end."""
    request("server_drain", server=which, on=not off)
    if off:
        out.print(f"{which} takes new calls")
        return
    until = time.monotonic() + patience
    while (left := calls_on(which)) and time.monotonic() < until:
        err.print(f"{left} call(s) left on {which}")
        time.sleep(2)
    if left:
        fail(f"{left} call(s) are still on {which} after {patience:.0f} s; it takes no new ones")
    out.print(f"nobody is left on {which}")


def calls_on(which: str) -> int:
    return sum(one["calls"] for one in request("servers")["servers"] if one["server"] == which)
