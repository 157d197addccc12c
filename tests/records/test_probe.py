"""The database is asked by writing: what hinders that is said, and nothing is changed by asking."""

import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from acd.records import upgrade
from acd.records.probe import DatabaseState, Probe, _state
from sim.lab.postgres import Cluster
from tests.records.places import Place


async def state(url: str) -> DatabaseState:
    probe = Probe(url)
    try:
        return await probe.state()
    finally:
        await probe.close()


async def test_asking_changes_nothing(place: Place) -> None:
    before = await place.projection()
    assert await state(place.url) is DatabaseState.WRITABLE
    assert await place.projection() == before


async def test_a_lock_is_noticed_and_its_end(sqlite: Place) -> None:
    probe = Probe(sqlite.url)
    with closing(sqlite3.connect(sqlite.url.removeprefix("sqlite:///"), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert await probe.state() is DatabaseState.LOCKED
        other.execute("ROLLBACK")
        assert await probe.state() is DatabaseState.WRITABLE
    await probe.close()


def test_a_full_one_is_known_by_what_sqlite_says(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "full.db", isolation_level=None)) as database:
        database.execute("CREATE TABLE t (x)")
        database.execute("PRAGMA max_page_count = 4")
        with pytest.raises(sqlite3.OperationalError) as refusal:
            database.execute("INSERT INTO t VALUES (zeroblob(100000))")
    assert _state(str(refusal.value)) is DatabaseState.FULL


async def test_one_without_our_tables(tmp_path: Path) -> None:
    assert await state(f"sqlite:///{tmp_path}/new.db") is DatabaseState.UNPREPARED


async def test_one_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "acd.db").write_text("Not a database at all, but a text of some length.\n" * 40)
    assert await state(f"sqlite:///{tmp_path}/acd.db") is DatabaseState.DAMAGED


async def test_a_server_that_is_not_there() -> None:
    assert await state("postgresql://acd@127.0.0.1:1/acd") is DatabaseState.AWAY


@pytest.mark.postgresql
async def test_postgresql_locked_and_read_only(cluster: Cluster) -> None:
    url = cluster.new_database()
    assert await state(url) is DatabaseState.UNPREPARED
    await upgrade(url)
    probe = Probe(url)
    other = await psycopg.AsyncConnection.connect(url)
    async with other:
        await other.execute("LOCK TABLE version IN ACCESS EXCLUSIVE MODE")
        assert await probe.state() is DatabaseState.LOCKED
        await other.rollback()
    assert await probe.state() is DatabaseState.WRITABLE
    await probe.close()
    name = url.rpartition("/")[2]
    cluster.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    assert await state(url) is DatabaseState.READ_ONLY
