"""The database as this version of the code wants it: the schema, the projection and the views.

A projection that was folded by older rules is made anew from the ledger, when that takes no more than a moment; else it
stays for :mod:`acd.records.refolding`. Views of another text are replaced, and keep what was granted on them.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import delete, func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from acd.model.zone import ZONE
from acd.records import tables
from acd.records.checking import holes_in, numbers
from acd.records.contents import VIEWS_MADE
from acd.records.database import migrate
from acd.records.projection import PROJECTION_VERSION
from acd.records.views import VIEWS, definition, fingerprint
from acd.records.writing import project_anew

FIRST_YEAR, LAST_YEAR = 2000, 2060
"""Whose summer times the views on SQLite know."""

AT_ONCE: Final = 20_000
"""Events that are folded in a second or two."""

_PROJECTION: Final = "projection"

log = structlog.get_logger()


async def upgrade(url: str) -> None:
    """Bring the database up to date, or make it. Does nothing when it is; several may do so at once.

    Raises:
        DatabaseUnusable: the address is wrong, or the database cannot be reached or changed.
    """
    await migrate(url, _afterwards)


async def _afterwards(connection: AsyncConnection) -> None:
    made = {row.name: row.value for row in await connection.execute(select(tables.version))}
    if made.get(_PROJECTION) != PROJECTION_VERSION:
        if holes := await holes_in(connection):
            # Citizens call: the service starts all the same.
            log.error("records.ledger_incomplete", missing=numbers(holes))
        events = await connection.scalar(select(func.max(tables.event.c.seq))) or 0
        if events <= AT_ONCE:
            await project_anew(connection)
        if events:
            log.info("records.rules_changed", version=PROJECTION_VERSION, events=events, folded=events <= AT_ONCE)
    text_of_views = fingerprint(connection.dialect.name)
    if made.get(VIEWS_MADE) != text_of_views:
        await _make_views(connection)
        await connection.execute(delete(tables.version).where(tables.version.c.name == VIEWS_MADE))
        await connection.execute(insert(tables.version), [{"name": VIEWS_MADE, "value": text_of_views}])


async def _make_views(connection: AsyncConnection) -> None:
    await connection.execute(delete(tables.clock_change))
    await connection.execute(insert(tables.clock_change), clock_changes())
    for view in VIEWS:
        if connection.dialect.name == "sqlite":
            await connection.execute(text(f"DROP VIEW IF EXISTS {view.name}"))
        await connection.exec_driver_sql(definition(view, connection.dialect.name))


def clock_changes() -> list[dict[str, float | int]]:
    """When the clock of Brussels changes, and to what."""
    first, last = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC), datetime(LAST_YEAR, 12, 31, tzinfo=UTC)
    changes = [{"from_at": 0.0, "ahead": _ahead(first)}]
    for day in range((last - first).days):
        begin = first + timedelta(days=day)
        if _ahead(begin) != _ahead(begin + timedelta(days=1)):
            hours = (begin + timedelta(hours=hour) for hour in range(25))
            change = next(hour for hour in hours if _ahead(hour) != _ahead(begin))
            changes.append({"from_at": change.timestamp(), "ahead": _ahead(change)})
    return changes


def _ahead(moment: datetime) -> int:
    offset = moment.astimezone(ZONE).utcoffset()
    assert offset is not None
    return int(offset.total_seconds())
