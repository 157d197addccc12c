"""What all stores of records share: two pools of connections, and one way of saying that the database is away."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from acd.records.database import DatabaseUnusable, connect, said, writing


class Store:
    """All methods raise :class:`~acd.records.database.DatabaseUnusable` when the database cannot be read or written."""

    def __init__(self, url: str) -> None:
        self._engine = connect(url)
        self._reader = connect(url, readonly=True)

    async def close(self) -> None:
        await self._engine.dispose()
        await self._reader.dispose()

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[AsyncConnection]:
        try:
            async with self._reader.connect() as connection:
                yield connection
        except (SQLAlchemyError, OSError) as error:
            raise self._unusable(error) from None

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[AsyncConnection]:
        """A transaction in which nobody else writes; all of it is kept, or nothing."""
        try:
            async with writing(self._engine) as connection:
                yield connection
        except (SQLAlchemyError, OSError) as error:
            raise self._unusable(error) from None

    def _unusable(self, error: Exception) -> DatabaseUnusable:
        return DatabaseUnusable(str(self._engine.url), said(error))
