"""A backup at the command line, and everything as it was."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from acd.cli import app
from acd.model.account import Account, AuditAction, AuditEntry, Role
from acd.records import AccountStore, tables, upgrade
from acd.records.migrating import newest, revision_at
from tests.cli.answering import Answering
from tests.records.histories import abandoned, answered
from tests.records.places import Place

FILES = {
    "web.secret": b"w" * 32,
    "citizen.secret": b"c" * 32,
    "site.yaml": b"trunk_hosts: [192.0.2.1]\n",
    "events.spill.7": b'["run",1,[]]\n',
}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    return at_work(tmp_path / "state", monkeypatch)


def at_work(state: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """From now on ``acd`` works on that folder, with a database in it."""
    state.mkdir()
    monkeypatch.setenv("ACD_STATE", str(state))
    place = Place(f"sqlite:///{state}/acd.db", state / "spill")
    asyncio.run(upgrade(place.url))
    return place


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(words))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, " ".join(result.output.split())


def contents(place: Place) -> tuple[object, ...]:
    return (
        asyncio.run(place.projection()),
        asyncio.run(place.rows(tables.event)),
        asyncio.run(place.rows(tables.caller)),
    )


def test_what_is_restored_is_what_was_there(place: Place, tmp_path: Path) -> None:
    for name, content in FILES.items():
        (tmp_path / "state" / name).write_bytes(content)
    asyncio.run(place.write(*answered("17.1", 1000.0), *abandoned("17.2", 2000.0)))
    before, backup = contents(place), tmp_path / "acd.backup"
    code, said = run("backup", str(backup))
    assert (code, backup.stat().st_mode & 0o777) == (0, 0o600), said

    asyncio.run(place.write(*answered("17.3", 3000.0)))
    (tmp_path / "state/web.secret").write_bytes(b"another")
    (tmp_path / "state/site.yaml").unlink()
    code, said = run("restore", str(backup))
    assert code == 1 and "has data in it already" in said
    assert len(asyncio.run(place.rows(tables.call))) == 3

    code, said = run("restore", str(backup), "--overwrite")
    assert code == 0, said
    assert contents(place) == before
    for name, content in FILES.items():
        assert (tmp_path / "state" / name).read_bytes() == content
        assert (tmp_path / "state" / name).stat().st_mode & 0o077 == 0


def test_a_new_machine_gets_all_of_it(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, content in FILES.items():
        (tmp_path / "state" / name).write_bytes(content)
    asyncio.run(place.write(*answered("17.1", 1000.0)))
    before, backup = contents(place), tmp_path / "acd.backup"
    assert run("backup", str(backup))[0] == 0
    new = at_work(tmp_path / "new", monkeypatch)
    (tmp_path / "new/citizen.secret").write_bytes(b"made at its first start")
    code, said = run("restore", str(backup))
    assert code == 0
    assert "citizen.secret is another than in the backup" in said
    assert contents(new) == before
    assert (tmp_path / "new/events.spill.7").read_bytes() == FILES["events.spill.7"]


def test_what_is_cut_off_is_no_backup(place: Place, tmp_path: Path) -> None:
    asyncio.run(place.write(*answered("17.1", 1000.0)))
    backup = tmp_path / "acd.backup"
    assert run("backup", str(backup))[0] == 0
    backup.write_bytes(backup.read_bytes()[:-30])
    code, said = run("restore", str(backup), "--overwrite")
    assert code == 1 and "is no whole backup" in said
    assert len(asyncio.run(place.rows(tables.call))) == 1


def test_nothing_is_restored_or_taken_back_while_the_service_runs(place: Place, tmp_path: Path) -> None:
    asyncio.run(place.write(*answered("17.1", 1000.0)))
    before, backup = contents(place), tmp_path / "acd.backup"
    assert run("backup", str(backup))[0] == 0

    async def status(_: Mapping[str, Any]) -> dict[str, Any]:
        return {"linked": True}

    with Answering(tmp_path / "state/control.sock", {"status": status}):
        for words in (["restore", str(backup), "--overwrite"], ["downgrade", "0023", "--lose"]):
            code, said = run(*words)
            assert (code, said) == (1, "the service is running here; stop it first")
    assert contents(place) == before
    assert asyncio.run(revision_at(place.url)) == newest()


def test_the_way_back_to_an_older_version_says_what_it_has_no_place_for(place: Place) -> None:
    async def sign_up() -> None:
        store = AccountStore(place.url)
        account = Account("an", Role.OPERATOR, 1000.0)
        await store.add(account, None, None, AuditEntry(1000.0, "test", "", AuditAction.ACCOUNT_ADDED, "an"))
        await store.close()

    asyncio.run(place.write(*answered("17.1", 1000.0), *abandoned("17.2", 2000.0)))
    asyncio.run(sign_up())
    before = contents(place)
    code, said = run("downgrade", "0023")
    assert (code, said) == (0, "the database is at revision 0023 now; lost: nothing")

    code, said = run("downgrade", "0002")
    assert code == 1 and "account (1 rows)" in said, said
    assert asyncio.run(revision_at(place.url)) == "0023", "nothing was changed"

    code, said = run("downgrade", "0002", "--lose")
    assert code == 0 and "account (1 rows)" in said
    assert asyncio.run(revision_at(place.url)) == "0002"

    # The newer version again: what comes of the ledger is as it was.
    asyncio.run(upgrade(place.url))
    assert run("records", "rebuild")[0] == 0
    assert contents(place)[:2] == before[:2]
    code, said = run("downgrade", "4711")
    assert code == 1 and "4711" in said
