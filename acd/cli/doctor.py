"""Looks at all that the service stands on."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from acd.cli.terminal import carry_out, err, out, settings

group = typer.Typer()


@group.command()
def doctor(
    asterisk: Annotated[Path, typer.Option(help="Asterisk's settings, if it is here.")] = Path("/etc/asterisk"),
    sounds: Annotated[Path, typer.Option(help="Its sounds.")] = Path("/usr/share/asterisk/sounds"),
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a finding.")] = False,
) -> None:
    """Look for faults in settings, files, database, network and Asterisk; each with its mend. Ends with 1 if there is
    one."""
    from acd.bootstrap.doctor import Places, State, as_dict, examine

    found = carry_out(examine(settings(), Places(asterisk, sounds)))
    for finding in found:
        if as_json:
            sys.stdout.write(json.dumps(as_dict(finding), ensure_ascii=False) + "\n")
            continue
        out.print(f"{finding.state:8} {finding.name}: {finding.what}")
        if finding.mend:
            out.print(f"{'':8} -> {finding.mend}")
    faults = sum(finding.state is State.FAULT for finding in found)
    if faults:
        err.print(f"{faults} fault(s)")
        raise typer.Exit(1)
