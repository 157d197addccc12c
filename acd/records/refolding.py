"""The projection made anew beside an engine that serves: an upgrade with new rules holds up nobody.

The ledger is folded into a database of its own, a file that is thrown away at the end. Then all rows are compared with
those of the projection, as both are after one and the same event, and what differs is mended, some rows at a time.
Each time nobody else writes, and the ledger's last event is folded in first. What is written meanwhile is folded onto
rows of old and of new rules, and what comes of that may be wrong once more: so all is compared again, until nothing
differs. From that event on right rules have been folded onto right rows. :func:`is_folded` says whether it is so.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Select, Table, delete, event, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from acd.model.mendable import Mendable
from acd.records import tables
from acd.records.contents import revision_of
from acd.records.database import connect, snapshots, writing
from acd.records.projection import PROJECTION_VERSION, Place
from acd.records.writing import TABLES, note_version, place_citizens, project, runs_after, upsert

AT_A_TIME: Final = 500
"""Rows for which nobody else writes: a tenth of a second, or less."""
PAUSE: Final = 0.1
"""Seconds in between, for those who wait to write."""

ROUNDS: Final = 20
"""Of mending: two or three are enough, unless somebody goes on writing by other rules."""

Values = dict[str, Any]


class Superseded(Mendable):
    """Another version has changed the database meanwhile, or goes on writing."""

    def __init__(self) -> None:
        super().__init__("another version has changed the database meanwhile: the records are folded by its rules")


async def is_folded(url: str) -> bool:
    """Whether all rows are of the rules of this version.

    Raises:
        SQLAlchemyError, OSError: the database cannot be asked.
    """
    engine = connect(url, readonly=True)
    try:
        async with engine.connect() as connection:
            return await _made(connection) == PROJECTION_VERSION
    finally:
        await engine.dispose()


async def fold_beside(url: str, folder: Path, pause: float = PAUSE) -> int:
    """Make the projection anew. Broken off, it is begun again from the start.

    Args:
        folder: for the file that is thrown away; about as large as the records without the ledger.

    Returns:
        How many ledger entries were folded.

    Raises:
        Superseded: another version works on the database now.
        DatabaseUnusable: the address is wrong.
        SQLAlchemyError, OSError: the database, or the disk, did not take it.
    """
    engine, reader = connect(url), snapshots(url)
    try:
        async with _aside(folder) as aside:
            return await _Refolding(engine, reader, aside, pause).run()
    finally:
        await reader.dispose()
        await engine.dispose()


class _Refolding:
    """One of them.

    Args:
        engine: the database.
        reader: the same, for looks that hold up nobody.
        aside: where the ledger is folded.
    """

    def __init__(self, engine: AsyncEngine, reader: AsyncEngine, aside: AsyncConnection, pause: float) -> None:
        self._engine = engine
        self._reader = reader
        self._aside = aside
        self._pause = pause
        self._folded = 0
        self._revision: str | None = None

    async def run(self) -> int:
        async with self._reader.connect() as connection:
            self._revision = await connection.run_sync(revision_of)
        await self._read_up()
        for _ in range(ROUNDS):
            wrong = await self._wrong()
            if not wrong:
                break
            for table, keys in wrong.items():
                for some in range(0, len(keys), AT_A_TIME):
                    await self._mend(table, keys[some : some + AT_A_TIME])
                    await asyncio.sleep(self._pause)
        else:
            raise Superseded
        await self._read_up()
        async with writing(self._engine) as connection:
            await self._catch_up(connection)
            await note_version(connection)
        return self._folded

    async def _read_up(self) -> None:
        """Almost to the last event: what is left to be done while nobody else can write is little."""
        more = True
        while more:
            # A look of its own each time: SQLite cannot shorten its log under a long one.
            async with self._reader.connect() as connection:
                more = await self._fold_some(connection)

    async def _fold_some(self, connection: AsyncConnection) -> bool:
        """False: there is no more of it."""
        runs = await runs_after(connection, self._folded)
        for seq, entries in runs:
            await project(self._aside, seq, entries, ledger=connection)
            self._folded = seq + len(entries) - 1
        await self._aside.commit()
        return bool(runs)

    async def _catch_up(self, connection: AsyncConnection) -> None:
        """To the last event; nobody writes another one meanwhile.

        Raises:
            Superseded: the tables are those of another version.
        """
        if await connection.run_sync(revision_of) != self._revision or await _made(connection) == PROJECTION_VERSION:
            raise Superseded
        while await self._fold_some(connection):
            pass

    async def _wrong(self) -> dict[Table, list[Any]]:
        """Keys of the rows that differ from what they should be, or are missing, or too many: all of one moment."""
        async with self._reader.connect() as connection:
            while await self._fold_some(connection):
                pass
            found = {table: await self._wrong_of(connection, table) for table in TABLES.values()}
            return {table: keys for table, keys in found.items() if keys}

    async def _wrong_of(self, connection: AsyncConnection, table: Table) -> list[Any]:
        [key] = table.primary_key
        gone: list[Any] = []
        wrong: list[Any] = []
        async for there in _parts(connection, table):
            wanted = _by_key(await _rows(self._aside, table, key.in_(_of(there, key))), key)
            gone += [of for of in _of(there, key) if of not in wanted]
            found = {row[key.name] for row in there if wanted.get(row[key.name], row) != row}
            if table is tables.call:
                found |= {call for call, *_ in await _misplaced(connection, wanted)}
            wrong += sorted(found)
        async for wanted_rows in _parts(self._aside, table):
            keys = _of(wanted_rows, key)
            there_keys = set((await connection.scalars(select(key).where(key.in_(keys)))).all())
            wrong += [of for of in keys if of not in there_keys]
        # First what is too many: an operator has one state that lasts.
        return gone + wrong

    async def _mend(self, table: Table, keys: Sequence[Any]) -> None:
        """These rows become what they should be by now, or go."""
        [key] = table.primary_key
        await self._read_up()
        async with writing(self._engine) as connection:
            await self._catch_up(connection)
            there = _by_key(await _rows(connection, table, key.in_(keys)), key)
            wanted = _by_key(await _rows(self._aside, table, key.in_(keys)), key)
            gone = there.keys() - wanted.keys()
            if gone:
                await connection.execute(delete(table).where(key.in_(gone)))
            changed = [row for of, row in wanted.items() if there.get(of) != row]
            if changed:
                await connection.execute(upsert(table, connection.dialect.name), changed)
            if table is tables.call:
                await place_citizens(connection, await _misplaced(connection, wanted))


@asynccontextmanager
async def _aside(folder: Path) -> AsyncIterator[AsyncConnection]:
    """A database that nobody else sees. Its file has no name any more: whatever happens to us, it is gone with us."""
    async with AsyncExitStack() as stack:
        with TemporaryDirectory(prefix="fold-", dir=folder) as place:
            engine = _file(Path(place) / "projection.db")
            stack.push_async_callback(engine.dispose)
            connection = await stack.enter_async_context(engine.connect())
            await connection.run_sync(tables.metadata.create_all)
            await connection.commit()
        yield connection


def _file(path: Path) -> AsyncEngine:
    """Fast, and of no use to anybody when it is broken off."""
    engine = create_async_engine(f"sqlite+aiosqlite:///{path}")

    @event.listens_for(engine.sync_engine, "connect")
    def opened(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=OFF")
        cursor.execute("PRAGMA synchronous=OFF")
        cursor.close()

    return engine


async def _made(connection: AsyncConnection) -> str | None:
    version = tables.version.c
    return await connection.scalar(select(version.value).where(version.name == "projection"))


async def _parts(connection: AsyncConnection, table: Table) -> AsyncIterator[Sequence[Values]]:
    [key] = table.primary_key
    query = select(table).order_by(key).limit(AT_A_TIME)
    part = await _all(connection, query)
    while part:
        yield part
        part = await _all(connection, query.where(key > part[-1][key.name]))


async def _rows(connection: AsyncConnection, table: Table, where: ColumnElement[bool]) -> Sequence[Values]:
    return await _all(connection, select(table).where(where))


async def _all(connection: AsyncConnection, query: Select[Any]) -> Sequence[Values]:
    return [dict(row) for row in (await connection.execute(query)).mappings()]


def _by_key(rows: Sequence[Values], key: Column[Any]) -> dict[Any, Values]:
    return {row[key.name]: row for row in rows}


def _of(rows: Sequence[Values], key: Column[Any]) -> list[Any]:
    return [row[key.name] for row in rows]


async def _misplaced(connection: AsyncConnection, calls: Mapping[str, Values]) -> Sequence[tuple[str, *Place]]:
    """Those with something else beside their citizen than line, arrival and outcome; and what it should be."""
    citizen, found = tables.citizen, []
    for row in await connection.execute(select(citizen).where(citizen.c.call.in_(list(calls)))):
        call = calls[row.call]
        place = (call["counted_line"] or "", call["arrived_at"], call["day"], call["outcome"])
        if (row.line, row.arrived_at, row.day, row.outcome) != place:
            found.append((row.call, *place))
    return found
