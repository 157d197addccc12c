"""A database under test, and what can be looked up in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Table, select, text

from acd.model.events import Event
from acd.records import Archive, Ledger
from acd.records.database import connect
from acd.records.tables import PROJECTION, event


@dataclass
class Place:
    url: str
    spill: Path

    def ledger(self) -> Ledger:
        return Ledger(self.url, self.spill)

    async def write(self, *steps: Sequence[Event], key: bytes | None = None) -> None:
        """Write these steps, and wait until they are in the database. ``key``: citizens are known again by it."""
        async with Ledger(self.url, self.spill, key=key) as ledger:
            for step in steps:
                ledger.write(step)
            await ledger.caught_up()

    async def rows(self, table: Table) -> list[dict[str, Any]]:
        engine = connect(self.url, readonly=True)
        try:
            async with engine.connect() as connection:
                order = list(table.primary_key)
                found = await connection.execute(select(table).order_by(*order))
                return [dict(row) for row in found.mappings()]
        finally:
            await engine.dispose()

    async def projection(self) -> dict[str, list[dict[str, Any]]]:
        """All that a rebuild makes."""
        return {table.name: await self.rows(table) for table in PROJECTION}

    async def ledger_types(self) -> list[str]:
        return [row["type"] for row in await self.rows(event)]

    async def execute(self, statement: str) -> None:
        engine = connect(self.url)
        try:
            async with engine.begin() as connection:
                await connection.execute(text(statement))
        finally:
            await engine.dispose()

    async def events(self, since: float = 0.0) -> list[Event]:
        archive = Archive(self.url)
        try:
            return [found async for found in archive.events_since(since)]
        finally:
            await archive.close()
