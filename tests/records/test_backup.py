"""A backup is of one moment, whole, and can be restored on either database; nothing is replaced by mistake."""

import asyncio
import gzip
import json
from pathlib import Path

import pytest

from acd.model.account import Account, AuditAction, AuditEntry, Role
from acd.model.leadership import Engine
from acd.records import AccountStore, Archive, CallbackStore, PostgresLead, upgrade
from acd.records.backup import HasData, back_up, restore
from acd.records.backup_file import BadBackup
from acd.records.contents import DERIVED, InUse
from acd.records.migrating import go_back
from sim.lab.postgres import Cluster
from tests.callbacks.promises import AN, promise
from tests.records.filling import Dump, dump, fill
from tests.records.histories import abandoned, answered, waiting
from tests.records.places import Place
from tests.records.test_migrating import empty, run

__all__ = ["empty"]


async def lived_in(place: Place) -> None:
    """Calls, one of them waiting, an account, a promise, and something in every other table."""
    await place.write(*answered("17.1", 1000.0), *abandoned("18.1", 2000.0), *waiting("19.1", 3000.0))
    accounts = AccountStore(place.url)
    entry = AuditEntry(1.0, "cli:jan", "", AuditAction.ACCOUNT_ADDED, "marie")
    await accounts.add(Account("marie", Role.SUPERVISOR, 1.0), "geheim", None, entry)
    await accounts.close()
    store = CallbackStore(place.url)
    await store.book(promise(), AN)
    await store.close()
    await run(place.url, lambda connection: fill(connection, spare=DERIVED))


def without_version(found: Dump) -> Dump:
    """Each kind of database has its own text of the views."""
    return {name: rows for name, rows in found.items() if name != "version"}


async def test_everything_is_there_again_on_either_database(place: Place, empty: str, tmp_path: Path) -> None:
    await lived_in(place)
    before, file = await run(place.url, dump), tmp_path / "acd.backup"
    counts = await back_up(place.url, file, {"web.secret": b"\x00geheim\n"}, 1.0)
    assert counts["event"] == len(before["event"])
    assert file.stat().st_mode & 0o077 == 0
    found, files = await restore(empty, file)
    assert (found, files) == (counts, {"web.secret": b"\x00geheim\n"})
    assert without_version(await run(empty, dump)) == without_version(before)
    archive, store = Archive(empty), CallbackStore(empty)
    assert [one.callback for one in await store.owed()] == [promise().callback]
    assert [call.call for call in (await archive.restored()).calls] == ["19.1"]
    await archive.close()
    await store.close()
    # And it goes on from there: with numbers that are not taken yet.
    await Place(empty, tmp_path / "spill2").write(*abandoned("20.1", 4000.0))
    accounts = AccountStore(empty)
    entry = AuditEntry(2.0, "cli:jan", "", AuditAction.ACCOUNT_ADDED, "piet")
    await accounts.add(Account("piet", Role.SUPERVISOR, 2.0), "geheim", None, entry)
    await accounts.close()


async def test_it_is_of_one_moment_while_calls_go_on(place: Place, empty: str, tmp_path: Path) -> None:
    """Ledger and projection are written together, and are together in the backup."""

    async def calls() -> None:
        for n in range(8):
            await place.write(*answered(f"{n}.1", 1000.0 + n, offer=n + 1))

    at_work = asyncio.create_task(calls())
    while not at_work.done():
        await asyncio.sleep(0.05)
        await back_up(place.url, tmp_path / "acd.backup", {}, 1.0)
    await at_work
    await restore(empty, tmp_path / "acd.backup")
    there = Place(empty, tmp_path / "spill2")
    before = await there.projection()
    await there.execute("DELETE FROM version WHERE name = 'projection'")
    await upgrade(empty)
    assert await there.projection() == before


async def test_data_is_not_replaced_unless_that_is_said(place: Place, tmp_path: Path) -> None:
    await place.write(*answered("17.1", 1000.0))
    await back_up(place.url, tmp_path / "acd.backup", {}, 1.0)
    await place.write(*abandoned("18.1", 2000.0))
    before = await run(place.url, dump)
    with pytest.raises(HasData, match="--overwrite"):
        await restore(place.url, tmp_path / "acd.backup")
    assert await run(place.url, dump) == before
    await restore(place.url, tmp_path / "acd.backup", overwrite=True)
    assert len(await place.ledger_types()) < len(before["event"])


@pytest.mark.parametrize(
    "harm", ["cut", "short", "rows", "revision", "other", "bits", "table", "column", "end", "row", "sum", "half"]
)
async def test_of_a_backup_that_is_not_whole_nothing_is_taken(place: Place, tmp_path: Path, harm: str) -> None:
    await place.write(*answered("17.1", 1000.0))
    file = tmp_path / "acd.backup"
    await back_up(place.url, file, {}, 1.0)
    lines = gzip.decompress(file.read_bytes()).decode().splitlines()
    match harm:
        case "cut":
            file.write_bytes(file.read_bytes()[:-40])
        case "short":
            file.write_bytes(gzip.compress("\n".join(lines[:-1]).encode()))
        case "rows":
            del lines[next(n for n, line in enumerate(lines) if '"table": "event"' in line) + 1]
            file.write_bytes(gzip.compress("\n".join(lines).encode()))
        case "revision":
            head = json.loads(lines[0]) | {"revision": "9999"}
            file.write_bytes(gzip.compress("\n".join([json.dumps(head), *lines[1:]]).encode()))
        case "bits":
            data = file.read_bytes()
            file.write_bytes(data[:200] + bytes(64) + data[264:])
        case "sum":
            data = file.read_bytes()
            file.write_bytes(data[:-8] + bytes(4) + data[-4:])
        case "table" | "column" | "end" | "row" | "half":
            old, new = {
                "table": ('"table": "event"', '"table": "no_such"'),
                "column": ('"columns": ["seq"', '"columns": ["no_such"'),
                "end": ('{"end": {', '{"end": {"no_such": 1, '),
                "row": ('"CallStarted"', '"CallStarted", 1'),
                "half": ('"CallStarted"', '"\\ud800"'),
            }[harm]
            text = "\n".join(lines)
            assert old in text
            file.write_bytes(gzip.compress(text.replace(old, new, 1).encode()))
        case _:
            file.write_text("No backup at all.")
    before = await run(place.url, dump)
    with pytest.raises(BadBackup, match=r"acd\.backup is no whole backup"):
        await restore(place.url, file, overwrite=True)
    assert await run(place.url, dump) == before


async def test_one_of_an_older_version_is_brought_up_to_date(sqlite: Place, empty: str, tmp_path: Path) -> None:
    await sqlite.write(*answered("17.1", 1000.0))
    right = await sqlite.projection()
    await go_back(sqlite.url, "0007", lose=True)
    await back_up(sqlite.url, tmp_path / "acd.backup", {}, 1.0)
    await restore(empty, tmp_path / "acd.backup")
    assert await Place(empty, tmp_path / "spill2").projection() == right


@pytest.mark.postgresql
async def test_a_database_that_the_service_works_on_is_not_replaced(cluster: Cluster, tmp_path: Path) -> None:
    url = cluster.new_database()
    await upgrade(url)
    await back_up(url, tmp_path / "acd.backup", {}, 1.0)
    accounts = AccountStore(url)
    await accounts.accounts()
    with pytest.raises(InUse, match="stop it first"):
        await restore(url, tmp_path / "acd.backup", overwrite=True)
    with pytest.raises(InUse, match="stop it first"):
        await go_back(url, "0016")
    await accounts.close()


@pytest.mark.postgresql
async def test_nor_is_one_beside_an_engine_of_another_host_changed(cluster: Cluster, tmp_path: Path) -> None:
    """Its connections have names of their own."""
    url = cluster.new_database()
    await upgrade(url)
    await back_up(url, tmp_path / "acd.backup", {}, 1.0)
    leader, me = PostgresLead(url, "elsewhere"), Engine("elsewhere", "a", "", True)
    await leader.beat(me)
    for change in (restore(url, tmp_path / "acd.backup", overwrite=True), go_back(url, "0016")):
        with pytest.raises(InUse, match="stop it first, on every host"):
            await change
    await leader.release()
    assert await go_back(url, "0016") == []
