"""Who leads, on PostgreSQL: a session's advisory lock, and the term that every write of a leader is checked against.

The lock belongs to a connection, so it is free as soon as its holder is dead. It is not when he is frozen, or cut off
without a word: then the next leader ends his connections, all of them, which rolls back what they had under way. What
he tries to write when he wakes up is refused: each of his transactions begins with a look at the term (:func:`fenced`),
which it holds until it ends, so that no new term begins in the middle of it.

The two tables are not among the migrations: who may migrate is decided by them.
"""

import asyncio
from collections.abc import Awaitable
from pathlib import Path
from typing import Any, Final, TypeVar

from sqlalchemy import make_url, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from acd.model.leadership import Engine, Seen, Term
from acd.records.database import APPLICATION, POSTGRESQL, TERM, DatabaseUnusable, parse_url, sqlite_path

PATIENCE: Final = 1.0
"""Seconds that the database may take for an answer."""
OUSTING: Final = 3.0
"""Seconds that a claim may take: connections are ended, and a lock changes hands."""

_LOCK: Final = "6382436, 1"
"""The advisory lock: "acd" as a number, and 1. Others of ours are one number."""

_TABLES: Final = (
    """CREATE TABLE IF NOT EXISTS acd_lead (
        term bigint PRIMARY KEY, instance text, name text NOT NULL DEFAULT '', since timestamptz NOT NULL DEFAULT now(),
        takeovers integer NOT NULL DEFAULT 0)""",
    "INSERT INTO acd_lead (term) SELECT 0 WHERE NOT EXISTS (SELECT FROM acd_lead)",
    # Beats survive no crash of the server, and wait for no disk.
    """CREATE UNLOGGED TABLE IF NOT EXISTS acd_engine (
        instance text PRIMARY KEY, name text NOT NULL, url text NOT NULL, sees_switch boolean NOT NULL,
        beats bigint NOT NULL, beat_at timestamptz NOT NULL)""",
)
_BEAT: Final = text(
    """INSERT INTO acd_engine VALUES (:instance, :name, :url, :sees_switch, 1, clock_timestamp())
    ON CONFLICT (instance) DO UPDATE SET name = excluded.name, url = excluded.url,
        sees_switch = excluded.sees_switch, beats = acd_engine.beats + 1, beat_at = excluded.beat_at"""
)
_LEAD: Final = text(
    """SELECT term, instance, EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND classid = 6382436 AND objid = 1 AND objsubid = 2) AS locked,
        to_regclass('alembic_version') IS NOT NULL AS made FROM acd_lead"""
)
_SCHEMA: Final = text("SELECT version_num FROM alembic_version")
_ENGINES: Final = text(
    """SELECT instance, name, url, sees_switch, beats FROM acd_engine
    WHERE beat_at > clock_timestamp() - interval '1 hour' ORDER BY instance"""
)
_END: Final = text(
    """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE application_name = :application AND datname = current_database() AND pid <> pg_backend_pid()"""
)
_LEAVE: Final = text("DELETE FROM acd_engine WHERE instance = :instance")
_TRY: Final = text(f"SELECT pg_try_advisory_lock({_LOCK})")
_HELD: Final = text(
    """SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND pid = pg_backend_pid()
    AND classid = 6382436 AND objid = 1 AND objsubid = 2)"""
)
_OPEN: Final = text(
    # Never below the clock: a database that was restored from a backup gives out no number a second time.
    """UPDATE acd_lead SET term = greatest(term + 1, extract(epoch FROM clock_timestamp())::bigint), since = now(),
        takeovers = takeovers + (instance IS NOT NULL AND name <> :name)::int,
        instance = :instance, name = :name
    RETURNING term, takeovers"""
)

T = TypeVar("T")


def file_of(url: str) -> Path | None:
    """The file of a SQLite database, which is one engine's own; None = a PostgreSQL, which several may share.

    Raises:
        DatabaseUnusable: it is no address of a database.
    """
    return sqlite_path(parse_url(url))


def fenced(url: str, instance: str, term: int) -> str:
    """The address by which the leader of a term writes, and nobody else; see :func:`acd.records.database.connect`."""
    named = make_url(url).update_query_dict({APPLICATION: application(instance), TERM: str(term)})
    return named.render_as_string(hide_password=False)


def application(instance: str) -> str:
    """The name under which an engine's connections are known in the database."""
    return f"acd {instance}"


class PostgresLead:
    """Implements :class:`acd.ports.LeadStore`. One connection does it all, as the lock is its.

    Args:
        url: PostgreSQL's.
        instance: our own.
    """

    def __init__(self, url: str, instance: str) -> None:
        self._engine: AsyncEngine = create_async_engine(
            parse_url(url),
            connect_args=POSTGRESQL | {"application_name": f"{application(instance)} lead", "connect_timeout": 2},
            poolclass=NullPool,
            isolation_level="AUTOCOMMIT",
        )
        self._instance = instance
        self._connection: AsyncConnection | None = None
        self._left: set[asyncio.Task[Any]] = set()

    async def beat(self, me: Engine) -> Seen:
        return await self._within(PATIENCE, self._beat(me))

    async def claim(self, me: Engine, before: str | None, *, oust: bool) -> Term | None:
        return await self._within(OUSTING, self._claim(me, before, oust))

    async def take_back(self, me: Engine, term: int) -> None:
        await self._within(OUSTING, self._take_back(me, term))

    async def release(self) -> None:
        """Closing the connection gives the lock back. A leader without a row has not merely lost his connection: the
        next need not wait for him to come back."""
        connection, self._connection = self._connection, None
        for task in self._left:
            task.cancel()
        try:
            async with asyncio.timeout(PATIENCE):
                if connection is not None:
                    await connection.execute(_LEAVE, {"instance": self._instance})
                    await connection.execute(text("SELECT pg_advisory_unlock_all()"))
                    await connection.close()
                await self._engine.dispose()
        except (SQLAlchemyError, OSError, TimeoutError):
            # It is away; so is the lock, as soon as the server notices.
            return

    # --- Statements -----------------------------------------------------------------------------------------------

    async def _open(self) -> AsyncConnection:
        if self._connection is None:
            connection = await self._engine.connect()
            for statement in _TABLES:
                await connection.execute(text(statement))
            self._connection = connection
        return self._connection

    async def _beat(self, me: Engine) -> Seen:
        connection = await self._open()
        row = {"instance": me.instance, "name": me.name, "url": me.url, "sees_switch": me.sees_switch}
        await connection.execute(_BEAT, row)
        term, leader, locked, made = (await connection.execute(_LEAD)).one()
        engines = tuple(Engine(*found) for found in await connection.execute(_ENGINES))
        return Seen(term, leader, locked, engines, await connection.scalar(_SCHEMA) if made else None)

    async def _claim(self, me: Engine, before: str | None, oust: bool) -> Term | None:
        connection = await self._open()
        if before is not None and before != me.instance:
            if oust:
                await connection.execute(_END, {"application": f"{application(before)} lead"})
            elif not await connection.scalar(_TRY):
                return None
            # His other connections too: nothing of his is under way any more.
            await connection.execute(_END, {"application": application(before)})
        while not await connection.scalar(_HELD):
            if not await connection.scalar(_TRY):
                if not oust or await self._taken(connection, before):
                    return None
                await asyncio.sleep(0.02)
        return await self._begin(connection, me)

    async def _taken(self, connection: AsyncConnection, before: str | None) -> bool:
        """Somebody was faster."""
        return bool((await connection.execute(_LEAD)).one().instance != before)

    async def _begin(self, connection: AsyncConnection, me: Engine) -> Term:
        previous = await connection.scalar(text("SELECT term FROM acd_lead"))
        term, takeovers = (await connection.execute(_OPEN, {"instance": me.instance, "name": me.name})).one()
        await connection.execute(text("DELETE FROM acd_engine WHERE beat_at < now() - interval '1 hour'"))
        return Term(term, previous, takeovers)

    async def _take_back(self, me: Engine, term: int) -> None:
        connection = await self._open()
        while True:
            seen = (await connection.execute(_LEAD)).one()
            if seen.term != term or seen.instance != me.instance or await connection.scalar(_TRY):
                return
            # The server has not noticed yet that our own old connection is gone.
            await connection.execute(_END, {"application": f"{application(me.instance)} lead"})
            await asyncio.sleep(0.02)

    # --- Patience -------------------------------------------------------------------------------------------------

    async def _within(self, seconds: float, work: Awaitable[T]) -> T:
        """The answer, or the end of the connection: one that says nothing is not waited for, not even for its end."""
        task = asyncio.ensure_future(work)
        try:
            await asyncio.wait({task}, timeout=seconds)
        except asyncio.CancelledError:
            # Whoever stops us gives the lock back on this connection: let it come to rest.
            await asyncio.wait({task}, timeout=seconds)
            raise
        if task.done() and task.exception() is None:
            return task.result()
        self._drop(task)
        if not task.done():
            raise DatabaseUnusable(str(self._engine.url), f"no answer within {seconds:g} s")
        error = task.exception()
        if not isinstance(error, SQLAlchemyError | OSError):
            assert error is not None
            raise error
        raise DatabaseUnusable(str(self._engine.url), " ".join(str(getattr(error, "orig", error)).split())) from None

    def _drop(self, task: "asyncio.Future[Any]") -> None:
        connection, self._connection = self._connection, None
        left = asyncio.ensure_future(self._end(task, connection))
        self._left.add(left)
        left.add_done_callback(self._left.discard)

    async def _end(self, task: "asyncio.Future[Any]", connection: AsyncConnection | None) -> None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        if connection is not None:
            await asyncio.gather(connection.invalidate(), return_exceptions=True)
            await asyncio.gather(connection.close(), return_exceptions=True)
