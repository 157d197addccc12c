"""The databases that the product's records are in: each with what can break it, and what it says when it is asked."""

import asyncio
import os
import sqlite3
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    AsyncExitStack,
    asynccontextmanager,
    closing,
    contextmanager,
    suppress,
)
from pathlib import Path
from typing import Any, Final

import psycopg

from sim.faults.wire import Wire
from sim.lab.asterisk import LabError
from sim.lab.postgres import Cluster
from sim.lab.slots import Slot


class Database(ABC):
    """On a disk of its own.

    Args:
        disk: where that is.
        slot: for ports.
    """

    url: str
    """By which the engine finds it."""
    locks: str
    """The statement after which nobody else can write."""

    def __init__(self, disk: Path, slot: Slot) -> None:
        self.disk = disk
        self._slot = slot

    @abstractmethod
    async def open(self, stack: AsyncExitStack) -> None:
        """Make it; ``stack`` takes it away."""

    @abstractmethod
    def full(self) -> AbstractAsyncContextManager[None]:
        """Its disk is, meanwhile."""

    @abstractmethod
    def unwritable(self) -> AbstractAsyncContextManager[None]:
        """Nothing can be written to it meanwhile, as the engine sees it."""

    @abstractmethod
    def _connected(self) -> AbstractContextManager[Any]:
        """A connection of its own. What goes wrong with it is a LabError."""

    def lock(self, seconds: float) -> None:
        """Nobody else can write for so long."""
        with self._connected() as connection:
            connection.execute(self.locks)
            time.sleep(seconds)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What it answers."""
        with self._connected() as connection:
            found: list[tuple[Any, ...]] = connection.execute(query).fetchall()
            return found


class PostgreSQL(Database):
    """The engine speaks with it over a wire that can be cut and slow."""

    locks = 'LOCK TABLE event, "call", outcome IN ACCESS EXCLUSIVE MODE'

    async def open(self, stack: AsyncExitStack) -> None:
        self.cluster = Cluster(self.disk, self._slot.port(0))
        await asyncio.to_thread(self.cluster.initialise)
        await asyncio.to_thread(self.cluster.start)
        stack.callback(self._end)
        self._own = self.cluster.new_database()
        self.wire = await stack.enter_async_context(Wire(self._slot.next_port(), self.cluster.port))
        self.url = self._own.replace(f":{self.cluster.port}/", f":{self.wire.port}/")

    @asynccontextmanager
    async def full(self) -> AsyncIterator[None]:
        with filled(self.disk):
            yield
        # A server that could not write its log has ended.
        with suppress(LabError):
            await asyncio.to_thread(self.cluster.start)

    @asynccontextmanager
    async def unwritable(self) -> AsyncIterator[None]:
        await self.wire.cut()
        yield
        await self.wire.mend()

    @contextmanager
    def _connected(self) -> Iterator[psycopg.Connection]:
        try:
            with psycopg.connect(self._own) as connection:
                yield connection
        except psycopg.Error as error:
            raise LabError(f"the database: {error}") from error

    def _end(self) -> None:
        with suppress(LabError):
            self.cluster.stop()


class SQLite(Database):
    """One file."""

    locks = "BEGIN EXCLUSIVE"

    async def open(self, stack: AsyncExitStack) -> None:
        self._file = self.disk / "acd.db"
        self.url = f"sqlite:///{self._file}"

    @asynccontextmanager
    async def full(self) -> AsyncIterator[None]:
        """What its log has of the disk would do for some seconds more: that is given back first."""
        for _ in range(10):
            await asyncio.to_thread(self.rows, "PRAGMA wal_checkpoint(TRUNCATE)")
            with filled(self.disk):
                if not await asyncio.to_thread(self._takes_more):
                    yield
                    return
        raise LabError("the disk is full, and the database can still be written")

    def unwritable(self) -> AbstractAsyncContextManager[None]:
        return self.full()

    def _takes_more(self) -> bool:
        """Whether some pages more could be written; they are not."""
        with self._connected() as connection:
            # Nothing is kept in memory, so that it goes to the disk before it counts.
            connection.execute("PRAGMA cache_size = 1")
            connection.execute("BEGIN IMMEDIATE")
            try:
                connection.execute("CREATE TABLE probe (what BLOB)")
                connection.execute("INSERT INTO probe VALUES (zeroblob(262144))")
            except sqlite3.OperationalError as error:
                if "full" not in str(error):
                    raise
                return False
            finally:
                with suppress(sqlite3.OperationalError):
                    # A disk that is full may have ended it already.
                    connection.execute("ROLLBACK")
            return True

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self._file, timeout=30.0, isolation_level=None)) as connection:
                yield connection
        except sqlite3.Error as error:
            raise LabError(f"the database: {error}") from error


DATABASES: Final[dict[str, type[Database]]] = {"postgresql": PostgreSQL, "sqlite": SQLite}
"""By the name that the command takes."""


@contextmanager
def filled(disk: Path) -> Iterator[None]:
    """Not a byte can be written there."""
    ballast = disk / "ballast"
    file = os.open(ballast, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        with suppress(OSError):
            while os.write(file, b"\0" * 65536):
                pass
        yield
    finally:
        os.close(file)
        ballast.unlink()
