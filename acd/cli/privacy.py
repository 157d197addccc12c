"""A citizen asks what is kept about him, or to be forgotten."""

import os
import time
from io import BytesIO
from pathlib import Path
from typing import Annotated, Any

import typer

from acd.cli.terminal import carry_out, minute, out, plainly, row_dict, settings, whoami
from acd.model.account import AuditAction, AuditEntry

group = typer.Typer()
citizen = typer.Typer(no_args_is_help=True, help="What is kept about one citizen: told to him, or erased.")
group.add_typer(citizen, name="citizen")

recordings = typer.Typer(no_args_is_help=True, help="Recorded conversations.")
group.add_typer(recordings, name="recordings")

Number = Annotated[str, typer.Argument(help="His number, as +32470123456 or 0470123456.")]


@citizen.command("show")
def citizen_show(number: Number) -> None:
    """How much is kept about him."""

    async def look(desk: Any) -> Any:
        return await desk.held(number, _entry(AuditAction.CITIZEN_SEEN))

    held = _with_desk(look)
    if not held.anything:
        out.print("nothing is kept about this number")
        return
    for name, value in row_dict(held).items():
        if value:
            out.print(f"{name.replace('_', ' '):16} {_shown(name, value)}")


def _shown(name: str, value: Any) -> str:
    if name in ("first_at", "last_at"):
        return minute(value)
    return ", ".join(value) if isinstance(value, tuple) else str(value)


@citizen.command("export")
def citizen_export(
    number: Number,
    to: Annotated[Path, typer.Argument(help="The zip to write.")],
    lang: Annotated[str, typer.Option(help="nl, en or fr: language of the page in it.")] = "nl",
) -> None:
    """Everything that is kept about him, as a zip for him."""
    from acd.web.texts import Lang

    if lang not in list(Lang):
        raise typer.BadParameter("nl, en or fr", param_hint="--lang")
    file = BytesIO()

    async def export(desk: Any) -> None:
        await desk.export(number, _entry(AuditAction.CITIZEN_EXPORTED), Lang(lang), file)

    _with_desk(export)
    with plainly(), open(to, "xb", opener=_private) as zipped:
        zipped.write(file.getvalue())
    out.print(f"{to}: give it to him, then delete it")


@citizen.command("erase")
def citizen_erase(
    number: Number,
    cancel: Annotated[bool, typer.Option("--cancel", help="Cancel also the calls that he is still owed.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Erase who he was, for good. Figures stay as they are."""
    if not yes:
        typer.confirm("Erase his number, name, notes and recordings for good?", abort=True)

    async def erase(desk: Any) -> Any:
        return await desk.erase(number, _entry(AuditAction.CITIZEN_ERASED), cancel=cancel)

    done = _with_desk(erase)
    gone = {name: value for name, value in row_dict(done).items() if value and name != "told"}
    out.print("erased: " + (", ".join(f"{value} {name}" for name, value in gone.items()) or "nothing was kept"))
    if done.told:
        out.print(f"have him erased also where his number was sent: {', '.join(done.told)}")


@recordings.command("check")
def recordings_check() -> None:
    """Compare the records with the files: each without the other is named, and makes the command fail."""
    from acd.bootstrap.privacy import compare_recordings

    found = carry_out(compare_recordings(settings(), time.time))
    out.print(f"{found.whole} recordings with their file")
    for name in found.missing:
        out.print(f"no file: {name}")
    for name in found.stray:
        out.print(f"not in the records: {name}")
    if not found.in_order:
        raise typer.Exit(1)


def _with_desk(work: Any) -> Any:
    from acd.bootstrap.privacy import open_privacy

    async def do() -> Any:
        async with open_privacy(settings(), time.time) as desk:
            return await work(desk)

    return carry_out(do())


def _entry(action: AuditAction) -> AuditEntry:
    return AuditEntry(time.time(), whoami(), "", action)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
