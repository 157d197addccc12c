"""What Asterisk loads and plays, made from the configuration; and a recorded session of it, read again."""

from pathlib import Path
from typing import Annotated

import typer

from acd.cli.terminal import out, plainly, settings

group = typer.Typer()
dialplan = typer.Typer(no_args_is_help=True, help="Asterisk's part.")
prompts = typer.Typer(no_args_is_help=True, help="Spoken texts.")
group.add_typer(dialplan, name="dialplan")
group.add_typer(prompts, name="prompts")


@dialplan.command("build")
def dialplan_build(
    to: Annotated[Path, typer.Option(help="Folder for the files.")] = Path("var/asterisk"),
    site: Annotated[Path | None, typer.Option(help="YAML with trunk, secrets and addresses; made when absent.")] = None,
) -> None:
    """Write what Asterisk loads: the hand-written frame and everything that follows from queues.yaml and the menus."""
    from acd.bootstrap.tools import build_dialplan

    with plainly():
        written = build_dialplan(settings(), to, site)
    out.print(f"{len(written)} files in {to}")


@prompts.command("build")
def prompts_build(
    to: Annotated[Path, typer.Option(help="Folder of Asterisk's sounds.")] = Path("var/sounds"),
    recordings: Annotated[Path | None, typer.Option(help="Recorded files <lang>/<id>.wav; they win.")] = None,
    speaker: Annotated[str | None, typer.Option(help="Command with {voice}, {text}, {out}; default espeak-ng.")] = None,
) -> None:
    """Render the spoken texts of the catalogue in all languages. Unchanged ones are left alone."""
    from acd.bootstrap.tools import render_prompts

    with plainly():
        report = render_prompts(settings(), to, recordings, speaker)
    out.print(str(report))
    if report.failures:
        raise typer.Exit(1)


@group.command()
def replay(trace: Annotated[Path, typer.Argument(help="A recorded AMI session: NAME.recv.", exists=True)]) -> None:
    """Say what the engine would be told by a recorded AMI session, fact by fact."""
    from acd.bootstrap.tools import recorded_facts

    with plainly():
        for t, fact in recorded_facts(trace):
            out.print(f"{t:10.3f}  {fact}")
