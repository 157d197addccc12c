"""The service itself: run it, look at it, take it out of work for maintenance."""

import asyncio
import shlex
import shutil
import subprocess
import sys
import time
from typing import Annotated

import typer

from acd.cli.floor import show_operators
from acd.cli.terminal import carry_out, err, fail, out, plainly, request, said, settings, whoami
from acd.model.leadership import Deposed
from acd.model.mendable import Mendable
from acd.runtime.control import ask

group = typer.Typer()

THREADS_TURN = 0.0005
"""Seconds that a thread which computes (a repair that reads Asterisk's record, a report) may keep the engine's from its
turn; Python's own 0.005 add up, for there is a turn at each packet."""
RESTART_TAKES = 120.0
"""Seconds that a restart of the service or of Asterisk may take, until it has the other again."""


@group.command()
def run(log_json: Annotated[bool | None, typer.Option(help="Log as JSON lines, or for a person.")] = None) -> None:
    """Run the service until it is told to stop. Settings come from ACD_... variables and from queues.yaml.

    Of several on one PostgreSQL one leads and the others stand by. One that is deposed ends with 75: started again, it
    stands by.
    """
    from acd.bootstrap.log import configure_log
    from acd.bootstrap.service import TEMPORARY, Service

    chosen = settings()
    configure_log(chosen.log_json if log_json is None else log_json)
    sys.setswitchinterval(THREADS_TURN)

    def ready(service: Service) -> None:
        err.print("\n".join(service.greeting()))

    async def serve() -> None:
        await Service(chosen).run(ready)

    try:
        carry_out(serve())
    except Deposed as error:
        fail(str(error), TEMPORARY)


@group.command()
def check() -> None:
    """Check queues.yaml, the menus and the prompts; every fault with its file and line."""
    from acd.bootstrap.tools import check as check_files

    with plainly():
        report = check_files(settings())
    for line in report.faults:
        err.print(line)
    for line in report.warnings:
        err.print(f"{line} (warning)")
    if report.faults:
        fail(f"{len(report.faults)} fault(s)")
    out.print(report.summary)


@group.command()
def status() -> None:
    """The link, the calls and the operators of the running service."""
    answer = request("status")
    if answer["role"] == "standby":
        ready = "could take over now" if answer["ready"] else f"could not take over now: {answer['why']}"
        out.print(f"stands by ({ready}); {answer['leader'] or 'no engine'} leads {answer['leader_web']}".rstrip())
        return
    for key in ("role", "standby", "linked", "draining", "crisis", "calls", "waiting", "talking", "behind", "web"):
        out.print(f"{key:9} {answer[key]}")
    show_operators(answer)


@group.command()
def reload() -> None:
    """Let the service read queues.yaml again. Waiting calls keep the settings they entered with."""
    changes = request("reload")["changes"]
    out.print("\n".join(changes) if changes else "nothing has changed")


@group.command()
def crisis(
    message: Annotated[str, typer.Argument(help="Prompt id of the message, or 'off'.")],
) -> None:
    """Switch the crisis message on or off: heard by new callers and by those already waiting."""
    answer = request("crisis", message=None if message == "off" else message, by=whoami())
    out.print(f"crisis message: {answer['crisis'] or 'off'}")


@group.command()
def handover() -> None:
    """Let the engine that stands by lead from now on, e.g. before an upgrade: no caller notices. This one ends; started
    again (systemd does so), it stands by."""
    out.print(f"{request('handover', by=whoami())['heir']} leads from now on")


@group.command()
def drain(
    off: Annotated[bool, typer.Option("--off", help="Take new callers again.")] = False,
    then: Annotated[
        str | None,
        typer.Option(help="Command to run when nobody is left, e.g. a restart; then callers are taken again."),
    ] = None,
    patience: Annotated[float, typer.Option(help="Seconds to wait for the last caller.")] = 3600.0,
) -> None:
    """Maintenance: new callers hear so, those inside are served, and when nobody is left the command is run."""
    command = None if then is None else executable(then)
    request("drain", on=not off, by=whoami())
    if off:
        out.print("new callers are taken")
        return
    until = time.monotonic() + patience
    while (left := request("status")["calls"]) and time.monotonic() < until:
        err.print(f"{left} call(s) left")
        time.sleep(2)
    if left:
        fail(f"{left} call(s) are still there after {patience:.0f} s; new callers are still refused (acd drain --off)")
    out.print("nobody is left")
    if command is not None:
        run_and_return(command)


def executable(command: str) -> list[str]:
    """The words of a command, looked at before anybody is refused for its sake."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        fail(f"--then {command!r}: {error}")
    if not words or shutil.which(words[0]) is None:
        fail(f"--then {command!r}: there is no such command")
    return words


def run_and_return(command: list[str]) -> None:
    """The maintenance itself. Callers are taken again whatever came of it, also by a service that it started anew."""
    try:
        code = subprocess.run(command, check=False).returncode  # noqa: S603 - the administrator's own words
        if code:
            err.print(f"{shlex.join(command)} ended with {code}")
    except OSError as error:
        err.print(f"{shlex.join(command)}: {said(error)}")
    until = time.monotonic() + RESTART_TAKES
    while not linked() and time.monotonic() < until:
        time.sleep(1)
    try:
        asyncio.run(ask(settings().socket, "drain", on=False, by=whoami()))
    except (Mendable, OSError) as error:
        fail(f"{said(error)}; new callers are still refused (acd drain --off)")
    out.print("new callers are taken")


def linked() -> bool:
    """The service runs and has its switch."""
    try:
        return bool(asyncio.run(ask(settings().socket, "status"))["linked"])
    except (Mendable, OSError):
        return False
