"""Connections and schema: SQLite by default, PostgreSQL (psycopg 3) for those who have one.

SQLite runs in WAL mode, so readers never hold up the writer, with ``synchronous=FULL``. NORMAL would survive a killed
process too, but may lose the last commits with the power; the writer commits batches, so FULL costs one fsync a batch.
On PostgreSQL every write transaction takes the same advisory lock: two starters do not migrate at once, and two
writers number their entries one after the other. On SQLite ``BEGIN IMMEDIATE`` does the same.
"""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import URL, Connection, event, func, make_url, select
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from acd.config.private import make_private
from acd.model.mendable import Mendable

WRITE_LOCK: Final = 0x616364
"""Number of the advisory lock on PostgreSQL: "acd"."""

BUSY_TIMEOUT: Final = 5.0
"""Seconds that SQLite waits for somebody else's lock."""

APPLICATION: Final = "application_name"
"""Parameter of an address: the name under which the database knows our connections."""
TERM: Final = "acd_term"
"""Parameter of an address: the term in which its transactions may write (:mod:`acd.records.leadership`)."""

POSTGRESQL: Final = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
    APPLICATION: "acd",
}
"""libpq's settings: a server that vanished without a word is noticed within about 10 s."""


class DatabaseUnusable(Mendable):
    """Database {url} cannot be used: {why}."""

    def __init__(self, url: str, why: str) -> None:
        super().__init__(f"database {url} cannot be used: {why}")


def said(error: Exception) -> str:
    """What the database said, in a line: without the statement and its values, among which numbers, notes and digests
    may be."""
    lines = str(getattr(error, "orig", None) or "").splitlines()
    return lines[0] if lines else type(error).__name__


def parse_url(url: str) -> URL:
    """The address with the driver that we use.

    Raises:
        DatabaseUnusable: no address, or a database other than SQLite (in a file) or PostgreSQL.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise DatabaseUnusable(repr(url), "not an address like sqlite:///acd.db or postgresql://host/name") from None
    match parsed.get_backend_name():
        case "sqlite":
            path = sqlite_path(parsed)
            if path is None:
                raise DatabaseUnusable(str(parsed), "SQLite must be in a file")
            if not path.absolute().parent.is_dir():
                raise DatabaseUnusable(str(parsed), f"there is no folder {path.absolute().parent}")
            return parsed.set(drivername="sqlite+aiosqlite")
        case "postgresql":
            return parsed.set(drivername="postgresql+psycopg")
        case other:
            raise DatabaseUnusable(str(parsed), f"{other} is not supported, only sqlite and postgresql are")


def open_to_listeners(url: str) -> str | None:
    """The database's host, when the way there is open: PostgreSQL on another host, and libpq is not told to see
    whether it is the right one (``sslmode=verify-full`` in the address or in ``PGSSLMODE``). By itself it goes
    on without encryption when the server offers none (libpq's documentation, "SSL Support").

    Raises:
        DatabaseUnusable: no address that we know.
    """
    parsed = parse_url(url)
    host = str(parsed.host or parsed.query.get("host") or "")
    here = host.startswith(("/", "127.")) or host in ("", "localhost", "::1")
    mode = parsed.query.get("sslmode") or os.environ.get("PGSSLMODE")
    return None if here or mode == "verify-full" else host


def sqlite_path(url: URL) -> Path | None:
    """The file of a SQLite database; None for any other."""
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return None
    return Path(url.database)


def connect(url: str, *, readonly: bool = False, busy: float = BUSY_TIMEOUT) -> AsyncEngine:
    """A pool of connections; nothing is opened yet. With ``readonly`` the database itself refuses to write; ``busy``:
    seconds that SQLite waits for somebody else's lock.

    Raises:
        DatabaseUnusable: the address is not one that we know, or there is no such file to read.
    """
    parsed = parse_url(url)
    path = sqlite_path(parsed)
    if path is not None:
        if readonly and not path.exists():
            raise DatabaseUnusable(str(parsed), "there is no such file")
        engine = create_async_engine(parsed, connect_args={"timeout": busy}, hide_parameters=True)
        _prepare_sqlite(engine, None if readonly else path)
        return engine
    term = parsed.query.get(TERM)
    named = POSTGRESQL | {name: parsed.query[name] for name in (APPLICATION,) if name in parsed.query}
    plain = parsed.difference_update_query((TERM, APPLICATION))
    engine = create_async_engine(plain, connect_args=named, pool_pre_ping=readonly, hide_parameters=True)
    if readonly:
        return engine.execution_options(postgresql_readonly=True)
    if term is not None:
        _check_term(engine, int(str(term)))
    return engine


class NotLeading(SQLAlchemyError):
    """Nothing was written: term {term} is over, another engine leads."""

    def __init__(self, term: int) -> None:
        super().__init__(f"nothing was written: term {term} is over, another engine leads")


def _check_term(engine: AsyncEngine, term: int) -> None:
    """Each transaction begins with a look at the term, and holds it: no new one begins before it has ended."""

    @event.listens_for(engine.sync_engine, "begin")
    def begun(connection: Connection) -> None:
        if connection.exec_driver_sql(f"SELECT FROM acd_lead WHERE term = {term:d} FOR KEY SHARE").first() is None:
            raise NotLeading(term)


def _prepare_sqlite(engine: AsyncEngine, path: Path | None) -> None:
    """Transactions begin when we say so (the driver's own habit would leave DDL and reads outside of them).

    Args:
        path: the file that may be written to; None = it is only read.
    """

    @event.listens_for(engine.sync_engine, "connect")
    def opened(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        if path is not None:
            # Before the write-ahead log is made, which gets the mode of the file.
            make_private(path)
        cursor = connection.cursor()
        if path is None:
            cursor.execute("PRAGMA query_only=ON")
        else:
            cursor.execute("PRAGMA journal_mode=WAL")
            cursor.execute("PRAGMA synchronous=FULL")
            # What is erased is overwritten, not only forgotten.
            cursor.execute("PRAGMA secure_delete=ON")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begun(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN" if path is None else "BEGIN IMMEDIATE")


def snapshots(url: str) -> AsyncEngine:
    """Only for reading, and each transaction sees the database as it is when it begins, whatever is written meanwhile.
    SQLite's always do.

    Raises:
        DatabaseUnusable: see :func:`connect`.
    """
    engine = connect(url, readonly=True)
    return (
        engine.execution_options(isolation_level="REPEATABLE READ") if engine.dialect.name == "postgresql" else engine
    )


@asynccontextmanager
async def writing(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A transaction in which nobody else writes; all of it is kept, or nothing."""
    async with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            await connection.execute(select(func.pg_advisory_xact_lock(WRITE_LOCK)))
        yield connection


async def migrate(url: str, afterwards: Callable[[AsyncConnection], Awaitable[None]]) -> None:
    """Bring the schema up to date, or make it, and do what follows from that, in one transaction.

    Raises:
        DatabaseUnusable: the address is wrong, or the database cannot be reached or changed.
    """
    engine = connect(url)
    try:
        async with writing(engine) as connection:
            await connection.run_sync(_migrate)
            await afterwards(connection)
    except (SQLAlchemyError, OSError) as error:
        raise DatabaseUnusable(str(engine.url), str(getattr(error, "orig", error))) from error
    finally:
        await engine.dispose()


def _migrate(connection: Connection) -> None:
    try:
        command.upgrade(alembic_config(connection), "head")
    except CommandError as error:
        why = f"it has the schema of a newer version: install that one ({error})"
        raise DatabaseUnusable(str(connection.engine.url), why) from None


def alembic_config(connection: Connection) -> Config:
    """Alembic's settings, with the migrations of this package and ``connection`` to run them on."""
    config = Config()
    config.set_main_option("script_location", "acd.records:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
