"""Each revision of the schema forward and back, with rows in all tables: nothing is lost that the other can hold."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from acd.records import upgrade
from acd.records.contents import DERIVED, revision_of
from acd.records.database import alembic_config
from acd.records.migrating import NoSuchRevision, WouldBeLost, go_back
from tests.records.filling import common, dump, fill
from tests.records.histories import answered
from tests.records.places import Place
from tests.records.test_schema import differences

T = TypeVar("T")

pytestmark = pytest.mark.timeout(240)
"""Looking at all tables again and again is slow on a machine with other work."""


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database in which there is nothing yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/empty.db"
    url: str = request.getfixturevalue("cluster").new_database()
    return url


async def run(url: str, work: Callable[[Connection], T]) -> T:
    """In one transaction, by a plain driver: looking at all tables is thousands of questions."""
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    try:
        with engine.begin() as connection:
            return work(connection)
    finally:
        engine.dispose()


async def test_every_revision_down_and_up_again_with_rows_in_all_tables(empty: str) -> None:
    def there_and_back(connection: Connection) -> None:
        config = alembic_config(connection)
        revisions = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()][::-1]
        for older, revision in zip(["base", *revisions], revisions, strict=False):
            command.upgrade(config, revision)
            fill(connection)
            full = dump(connection)
            assert all(full.values())
            command.downgrade(config, older)
            less = dump(connection)
            assert less == common(full, less), f"{revision} to {older}"
            command.upgrade(config, revision)
            again = dump(connection)
            assert common(again, less) == less, f"{older} to {revision} again"
            assert again.keys() == full.keys()
        assert differences(connection) == []

    await run(empty, there_and_back)
    await run(empty, lambda connection: command.downgrade(alembic_config(connection), "base"))
    assert await run(empty, dump) == {}
    await upgrade(empty)
    assert await run(empty, differences) == []


async def test_after_a_way_back_and_forth_the_ledger_still_takes_no_change(empty: str) -> None:
    def there_and_back(connection: Connection) -> None:
        config = alembic_config(connection)
        command.upgrade(config, "head")
        fill(connection)
        command.downgrade(config, "0003")
        command.upgrade(config, "head")

    await run(empty, there_and_back)
    for table in ("event", "callback_log", "audit"):
        with pytest.raises(SQLAlchemyError, match="append-only"):
            await run(empty, lambda connection, table=table: connection.execute(text(f"DELETE FROM {table}")))  # type: ignore[misc]


async def test_what_the_older_version_cannot_hold_is_said_before_it_is_lost(place: Place) -> None:
    await run(place.url, lambda connection: fill(connection, spare=DERIVED))
    before = await run(place.url, dump)
    with pytest.raises(WouldBeLost, match=r"transfer_note \(2 rows\)"):
        await go_back(place.url, "0009")
    assert await run(place.url, dump) == before
    assert "transfer_note (2 rows)" in await go_back(place.url, "0009", lose=True)
    assert await run(place.url, revision_of) == "0009"


async def test_the_way_back_loses_nothing_that_is_made_anew(place: Place) -> None:
    await place.write(*answered("17.1", 1000.0))
    before = await place.projection()
    assert await go_back(place.url, "0009") == []
    await upgrade(place.url)
    assert await place.projection() == before


@pytest.mark.parametrize("revision", ["9999", "nonsense", ""])
async def test_a_revision_that_is_none_is_said(sqlite: Place, revision: str) -> None:
    with pytest.raises(NoSuchRevision, match="0001"):
        await go_back(sqlite.url, revision)
