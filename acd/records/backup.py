"""A whole database in one file, and back: between SQLite and PostgreSQL too.

The file is gzipped lines of JSON: a head, then for each table its name and columns and a line for each row, then what
else was given along, then an end with all counts. Without its end it is no backup. It is read in one transaction, so it
is of one moment, and nobody waits for it: on SQLite readers never hold up the writer, on PostgreSQL it sees a snapshot.
"""

import base64
import gzip
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

from alembic import command
from alembic.util import CommandError
from sqlalchemy import Connection, Table, func, insert, select, text
from sqlalchemy.exc import SQLAlchemyError

from acd.model.mendable import Mendable
from acd.records.backup_file import FORMAT, BadBackup, End, FileKept, Head, Part, RowOf, TableBegins, opened
from acd.records.contents import VIEWS_MADE, drop_views, forget_made, is_empty, refuse_in_use, revision_of, tables_of
from acd.records.database import DatabaseUnusable, alembic_config, connect, snapshots, writing
from acd.records.schema import upgrade

AT_ONCE: Final = 1000
"""Rows that are read or written in one go."""


class HasData(Mendable):
    """The database has data in it already."""

    def __init__(self, url: str) -> None:
        super().__init__(f"database {url} has data in it already; with --overwrite it is replaced")


async def back_up(url: str, to: Path, files: Mapping[str, bytes], at: float) -> dict[str, int]:
    """Write a backup; the running service does not notice. Whole or not at all, readable by its owner alone.

    Args:
        files: what else goes along: name -> content.
        at: now, seconds since the epoch.

    Returns:
        Rows by table.

    Raises:
        DatabaseUnusable: it cannot be read, or is not ours.
        OSError: the file cannot be written.
    """
    engine = snapshots(url)
    try:
        async with engine.begin() as connection:
            with _fresh(to) as file:
                return await connection.run_sync(_write, file, files, at)
    except SQLAlchemyError as error:
        raise DatabaseUnusable(str(engine.url), str(getattr(error, "orig", error))) from error
    finally:
        await engine.dispose()


@contextmanager
def _fresh(path: Path) -> Iterator[IO[str]]:
    fresh = path.with_name(f".{path.name}.new")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as raw:
            with gzip.open(raw, "wt", compresslevel=3, encoding="utf-8") as file:
                yield file
            raw.flush()
            os.fsync(raw.fileno())
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def _write(connection: Connection, file: IO[str], files: Mapping[str, bytes], at: float) -> dict[str, int]:
    revision = revision_of(connection)
    if revision is None:
        raise DatabaseUnusable(str(connection.engine.url), "there are no tables of ours in it")
    _line(file, {"format": FORMAT, "revision": revision, "at": at})
    counts = {table.name: _write_table(connection, file, table) for table in tables_of(connection)}
    for name, content in files.items():
        _line(file, {"file": name, "data": base64.b64encode(content).decode()})
    _line(file, {"end": counts})
    return counts


def _write_table(connection: Connection, file: IO[str], table: Table) -> int:
    _line(file, {"table": table.name, "columns": [column.name for column in table.columns]})
    count = 0
    for row in connection.execution_options(yield_per=AT_ONCE).execute(select(table)):
        _line(file, list(row))
        count += 1
    return count


def _line(file: IO[str], value: object) -> None:
    file.write(json.dumps(value, ensure_ascii=False) + "\n")


async def restore(url: str, backup: Path, *, overwrite: bool = False) -> tuple[dict[str, int], dict[str, bytes]]:
    """Make the database as it was, in one transaction, and bring it up to date.

    Args:
        overwrite: what is there now is lost.

    Returns:
        Rows by table, and the files that went along.

    Raises:
        BadBackup: it is none, it is damaged or not whole, or it was made by a newer version; nothing was changed.
        InUse: the service runs on it, here or on another host.
        HasData: and ``overwrite`` was not said.
        DatabaseUnusable: it cannot be reached or changed.
        OSError: the backup cannot be read.
    """
    engine = connect(url)
    try:
        async with writing(engine) as connection:
            await connection.run_sync(refuse_in_use)
            if not overwrite and not await connection.run_sync(is_empty):
                raise HasData(str(engine.url))
            found = await connection.run_sync(_read, backup)
    except SQLAlchemyError as error:
        raise DatabaseUnusable(str(engine.url), str(getattr(error, "orig", error))) from error
    finally:
        await engine.dispose()
    await upgrade(url)
    return found


def _read(connection: Connection, backup: Path) -> tuple[dict[str, int], dict[str, bytes]]:
    try:
        with opened(backup) as parts:
            for part in parts:
                if isinstance(part, Head):
                    _make_tables(connection, backup, part.revision)
                    return _read_tables(connection, backup, parts)
    except (ValueError, OverflowError) as error:
        # Half a character, a number that no column holds.
        raise BadBackup(backup, str(error)) from None
    raise BadBackup(backup, "it is empty")


def _make_tables(connection: Connection, backup: Path, revision: str) -> None:
    """Empty ones, as they were when the backup was made."""
    config = alembic_config(connection)
    try:
        drop_views(connection)
        if revision_of(connection) is not None:
            command.downgrade(config, "base")
        command.upgrade(config, revision)
    except CommandError as error:
        raise BadBackup(backup, f"this version does not know revision {revision} ({error})") from None


def _read_tables(
    connection: Connection, backup: Path, parts: Iterator[Part]
) -> tuple[dict[str, int], dict[str, bytes]]:
    tables = {table.name: table for table in tables_of(connection)}
    counts: dict[str, int] = {}
    files: dict[str, bytes] = {}
    rows: list[Mapping[str, Any]] = []
    table: Table | None = None
    for part in parts:
        if rows and table is not None and (not isinstance(part, RowOf) or len(rows) == AT_ONCE):
            connection.execute(insert(table), rows)
            counts[table.name] += len(rows)
            rows = []
        match part:
            case RowOf(values=values):
                rows.append(values)
            case TableBegins(name=name, columns=columns):
                table = tables.get(name)
                if table is None or not set(columns) <= set(table.columns.keys()):
                    raise BadBackup(backup, f"there is no table {name} with these columns: {', '.join(columns)}")
                counts.setdefault(name, 0)
            case FileKept(name=name, content=content):
                files[name] = content
            case End(counts=wanted):
                _verify(connection, backup, tables, wanted)
                _go_on_counting(connection, tables)
                forget_made(connection, VIEWS_MADE)
                return counts, files
            case Head():
                pass
    raise BadBackup(backup, "its end is missing")


def _verify(connection: Connection, backup: Path, tables: Mapping[str, Table], wanted: Mapping[str, int]) -> None:
    of = {name: tables[name] for name in wanted if name in tables}
    found = {name: connection.scalar(select(func.count()).select_from(table)) for name, table in of.items()}
    if wrong := [name for name, count in wanted.items() if found.get(name) != count]:
        raise BadBackup(backup, f"rows are missing of: {', '.join(wrong)}")


def _go_on_counting(connection: Connection, tables: Mapping[str, Table]) -> None:
    """PostgreSQL's counters know nothing of rows that brought their numbers along."""
    if connection.dialect.name != "postgresql":
        return
    counter = text("SELECT pg_get_serial_sequence(:table, :column)")
    for table in tables.values():
        for column in table.primary_key:
            name = connection.scalar(counter, {"table": f'"{table.name}"', "column": column.name})
            if name is not None:
                highest = select(func.max(column)).scalar_subquery()
                connection.execute(select(func.setval(name, func.coalesce(highest, 1))))
