"""The migrations make the tables that the code means, once, whoever comes first."""

import asyncio
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from acd.records import DatabaseUnusable, Ledger, upgrade
from acd.records.database import connect, open_to_listeners
from acd.records.tables import metadata
from sim.lab.postgres import Cluster
from tests.records.histories import abandoned, answered
from tests.records.places import Place


def differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
    return list(compare_metadata(context, metadata))


async def test_the_migrated_schema_is_the_one_in_the_code(place: Place) -> None:
    engine = connect(place.url)
    try:
        async with engine.connect() as connection:
            assert await connection.run_sync(differences) == []
    finally:
        await engine.dispose()


async def test_an_upgrade_keeps_what_is_there(place: Place) -> None:
    await place.write(*abandoned("17.1", 1000.0))
    before = await place.projection()
    await upgrade(place.url)
    assert await place.projection() == before


async def test_tables_that_were_folded_by_older_rules_are_made_anew(place: Place) -> None:
    await place.write(*answered("17.1", 1000.0))
    right = await place.projection()
    await place.execute("DELETE FROM talk")
    await place.execute("UPDATE version SET value = 'older' WHERE name = 'projection'")
    await upgrade(place.url)
    assert await place.projection() == right
    assert len(right["talk"]) == 1


async def test_several_starters_at_once_on_sqlite(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/new.db"
    await asyncio.gather(*(upgrade(url) for _ in range(6)))
    await Place(url, tmp_path / "spill").write(*abandoned("17.1", 1000.0))


@pytest.mark.postgresql
async def test_several_starters_at_once_on_postgresql(cluster: Cluster, tmp_path: Path) -> None:
    url = cluster.new_database()
    await asyncio.gather(*(upgrade(url) for _ in range(6)))
    await Place(url, tmp_path / "spill").write(*abandoned("17.1", 1000.0))


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("nonsense", "not an address"),
        ("mysql://host/acd", "mysql is not supported"),
        ("sqlite://", "must be in a file"),
        ("sqlite:///:memory:", "must be in a file"),
        ("sqlite:////no/such/folder/acd.db", "there is no folder /no/such/folder"),
        ("postgresql://acd:secret@127.0.0.1:1/acd", "onnection refused"),
    ],
)
async def test_an_address_that_cannot_be_used_is_told(url: str, told: str) -> None:
    with pytest.raises(DatabaseUnusable, match=told) as raised:
        await upgrade(url)
    assert "secret" not in str(raised.value)


async def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "acd.db").write_text("Not a database at all, but a text of some length.\n" * 40)
    with pytest.raises(DatabaseUnusable, match="not a database"):
        await upgrade(f"sqlite:///{tmp_path}/acd.db")


def test_postgresql_needs_to_know_where_events_go_while_it_is_away() -> None:
    with pytest.raises(DatabaseUnusable, match="spill"):
        Ledger("postgresql://acd@127.0.0.1/acd")


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("sqlite:///acd.db", None),
        ("postgresql:///acd", None),
        ("postgresql://acd@localhost/acd", None),
        ("postgresql://acd@127.0.0.1:5433/acd", None),
        ("postgresql://acd@/acd?host=/run/postgresql", None),
        ("postgresql://acd@db.stad.example/acd?sslmode=verify-full", None),
        ("postgresql://acd@db.stad.example/acd", "db.stad.example"),
        ("postgresql://acd@/acd?host=db.stad.example", "db.stad.example"),
        # Encrypted, to whoever answers.
        ("postgresql://acd@10.0.0.7/acd?sslmode=require", "10.0.0.7"),
    ],
)
def test_a_way_to_the_database_that_others_can_read_is_known(
    monkeypatch: pytest.MonkeyPatch, url: str, host: str | None
) -> None:
    monkeypatch.delenv("PGSSLMODE", raising=False)
    assert open_to_listeners(url) == host
    monkeypatch.setenv("PGSSLMODE", "verify-full")
    if "sslmode" not in url:
        assert open_to_listeners(url) is None
