"""The projection made anew beside an engine that serves: an upgrade with new rules holds up nobody.

The ledger is folded into a database of its own, a file that is thrown away at the end. Then the projection takes its
rows over, some at a time. Each time nobody else writes, and the ledger's last event is folded in first: so what is
taken over is what the new rules make of the whole ledger, and what is written later is folded on top of it. Until the
end there are rows of old and of new rules beside each other; :func:`is_folded` says so.
"""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from sqlalchemy import Column, Table, delete, event, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from acd.model.mendable import Mendable
from acd.records import tables
from acd.records.contents import revision_of
from acd.records.database import connect, writing
from acd.records.projection import PROJECTION_VERSION
from acd.records.writing import TABLES, note_version, place_citizens, project, runs_after, upsert

AT_A_TIME: Final = 500
"""Rows for which nobody else writes: a tenth of a second, or less."""
PAUSE: Final = 0.1
"""Seconds in between, for those who wait to write."""

Values = dict[str, Any]


class Superseded(Mendable):
    """Another version has changed the database meanwhile."""

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
    engine, reader = connect(url), connect(url, readonly=True)
    try:
        with TemporaryDirectory(prefix="fold-", dir=folder) as place:
            aside = _file(Path(place) / "projection.db")
            try:
                async with aside.connect() as connection:
                    return await _Refolding(engine, reader, connection, pause).run()
            finally:
                await aside.dispose()
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
        await self._aside.run_sync(tables.metadata.create_all)
        more = True
        while more:
            async with self._reader.connect() as connection:
                more = await self._fold_some(connection)
        # What the old rules took for a contradiction goes last: until then there may be more of it.
        for table in sorted(TABLES.values(), key=lambda table: table is tables.anomaly):
            await self._compare(table)
            await self._add(table)
        async with writing(self._engine) as connection:
            await self._catch_up(connection)
            await note_version(connection)
        return self._folded

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

    async def _compare(self, table: Table) -> None:
        """Each row that there is becomes what it should be, or goes."""
        [key] = table.primary_key
        last = None
        while True:
            async with writing(self._engine) as connection:
                await self._catch_up(connection)
                after = () if last is None else (key > last,)
                there = await _rows(connection, table, *after, order=key)
                if not there:
                    return
                wanted = {row[key.name]: row for row in await _rows(self._aside, table, key.in_(_of(there, key)))}
                gone = [of for of in _of(there, key) if of not in wanted]
                if gone:
                    await connection.execute(delete(table).where(key.in_(gone)))
                changed = [wanted[row[key.name]] for row in there if wanted.get(row[key.name], row) != row]
                if changed:
                    await connection.execute(upsert(table, connection.dialect.name), changed)
                if table is tables.call:
                    await _place(connection, wanted)
            last = there[-1][key.name]
            await asyncio.sleep(self._pause)

    async def _add(self, table: Table) -> None:
        """Rows that the old rules did not make."""
        [key] = table.primary_key
        last = None
        while True:
            after = () if last is None else (key > last,)
            part = await _rows(self._aside, table, *after, order=key)
            if not part:
                return
            async with self._reader.connect() as connection:
                missing = set(_of(part, key)) - set(await _keys(connection, key, _of(part, key)))
            if missing:
                async with writing(self._engine) as connection:
                    await self._catch_up(connection)
                    rows = await _rows(self._aside, table, key.in_(missing))
                    there = set(await _keys(connection, key, missing))
                    new = [row for row in rows if row[key.name] not in there]
                    if new:
                        await connection.execute(insert(table), new)
                await asyncio.sleep(self._pause)
            last = part[-1][key.name]


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


async def _rows(
    connection: AsyncConnection, table: Table, *where: Any, order: Column[Any] | None = None
) -> Sequence[Values]:
    query = select(table).where(*where)
    if order is not None:
        query = query.order_by(order).limit(AT_A_TIME)
    return [dict(row) for row in (await connection.execute(query)).mappings()]


async def _keys(connection: AsyncConnection, key: Column[Any], of: Any) -> Sequence[Any]:
    return (await connection.scalars(select(key).where(key.in_(of)))).all()


def _of(rows: Sequence[Values], key: Column[Any]) -> list[Any]:
    return [row[key.name] for row in rows]


async def _place(connection: AsyncConnection, calls: Mapping[str, Values]) -> None:
    """Line, arrival and outcome of a call stand beside the citizen, too."""
    citizen, moved = tables.citizen, []
    for row in await connection.execute(select(citizen).where(citizen.c.call.in_(list(calls)))):
        call = calls[row.call]
        place = (call["counted_line"] or "", call["arrived_at"], call["day"], call["outcome"])
        if (row.line, row.arrived_at, row.day, row.outcome) != place:
            moved.append((row.call, *place))
    await place_citizens(connection, moved)
