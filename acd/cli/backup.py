"""Backup, restore, and the way back to an older version."""

import time
from pathlib import Path
from typing import Annotated

import typer

from acd.cli.terminal import carry_out, err, out, settings

group = typer.Typer()


@group.command()
def backup(to: Annotated[Path, typer.Argument(help="The file to write, e.g. acd-2027-03-01.backup.")]) -> None:
    """Write the database and the keys of the state folder to one file; the service goes on meanwhile. There is
    personal data in it, and passwords: keep it no longer than the numbers themselves."""
    from acd.bootstrap.backup import make_backup

    rows = carry_out(make_backup(settings(), to, time.time()))
    out.print(f"{rows} rows in {to}")


@group.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A file that 'acd backup' wrote, on SQLite or on PostgreSQL.")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="What is in the database now is lost.")] = False,
) -> None:
    """Make database and keys as they were when the backup was made. The service must be stopped."""
    from acd.bootstrap.backup import restore_backup

    restored = carry_out(restore_backup(settings(), file, overwrite=overwrite))
    out.print(f"{restored.rows} rows restored; {', '.join(restored.files) or 'no files'} written")
    for name in restored.kept:
        err.print(f"{name} is another than in the backup: it was left as it is (--overwrite takes the backup's)")


@group.command()
def downgrade(
    revision: Annotated[str, typer.Argument(help="The older version's, e.g. 0010; its notes of the release say it.")],
    lose: Annotated[bool, typer.Option("--lose", help="Also what the older version has no place for.")] = False,
) -> None:
    """Bring the database back to an older revision, before the older version is installed. The service must be
    stopped; make a backup first."""
    from acd.bootstrap import backup as work

    lost = carry_out(work.downgrade(settings(), revision, lose=lose))
    out.print(f"the database is at revision {revision} now; lost: {', '.join(lost) or 'nothing'}")
