"""Backup, restore and the way back to an older version, as an administrator asks for them: the database, and what of
the state folder cannot be made again."""

import os
from pathlib import Path
from typing import Final

import msgspec

from acd.bootstrap.late import late_files, set_aside
from acd.bootstrap.phones import FILE as PHONES
from acd.bootstrap.settings import Settings
from acd.records.backup import back_up, restore
from acd.records.migrating import go_back
from acd.runtime.control import ControlError, ServiceNotRunning, ask

KEPT: Final = ("web.secret", "citizen.secret", "ami.secret", "site.yaml", PHONES)
"""Passwords and keys; with another ``citizen.secret`` nobody would be known who calls again."""


class Restored(msgspec.Struct, frozen=True):
    rows: int
    files: tuple[str, ...]
    """Written to the state folder."""
    kept: tuple[str, ...]
    """There already, with another content: left as they are."""


async def make_backup(settings: Settings, to: Path, now: float) -> int:
    """Write a backup, and say how many rows it has. The service may run.

    Raises:
        DatabaseUnusable: it cannot be read.
        OSError: a file cannot be read or written.
    """
    paths = (*(settings.state / name for name in KEPT), settings.spill, *late_files(settings))
    files = {path.name: path.read_bytes() for path in paths if path.exists()}
    return sum((await back_up(settings.database_url, to, files, now)).values())


async def restore_backup(settings: Settings, backup: Path, *, overwrite: bool) -> Restored:
    """Make database and state folder as they were.

    Raises:
        ControlError: the service runs.
        Mendable: the backup is none, or there is data already.
        OSError: a file cannot be read or written.
    """
    await _not_running(settings)
    settings.state.mkdir(parents=True, exist_ok=True, mode=0o750)
    rows, files = await restore(settings.database_url, backup, overwrite=overwrite)
    written, kept = [], []
    for name, content in files.items():
        if name not in (*KEPT, settings.spill.name) and not set_aside(settings, name):
            continue
        path = settings.state / name
        if path.exists() and not overwrite:
            if path.read_bytes() != content:
                kept.append(name)
            continue
        _write(path, content)
        written.append(name)
    return Restored(sum(rows.values()), tuple(written), tuple(kept))


async def downgrade(settings: Settings, revision: str, *, lose: bool) -> list[str]:
    """Bring the schema back, and say what was lost.

    Raises:
        ControlError: the service runs.
        Mendable: it cannot be done, or something would be lost.
    """
    await _not_running(settings)
    return await go_back(settings.database_url, revision, lose=lose)


async def _not_running(settings: Settings) -> None:
    try:
        await ask(settings.socket, "status")
    except ServiceNotRunning:
        return
    raise ControlError("the service is running here; stop it first")


def _write(path: Path, content: bytes) -> None:
    """Readable by its owner alone."""
    fresh = path.with_name(f".{path.name}.new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
    fresh.replace(path)
