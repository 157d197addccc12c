"""Files with secrets are for their owner and their group: others are refused, and none is made so."""

import os
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from acd.bootstrap.hooks import secret_of
from acd.bootstrap.settings import Settings
from acd.bootstrap.tools import build_dialplan
from acd.config.private import OpenToAll, make_private
from acd.hooks.signing import BadSecret, new_secret
from acd.ivr.site import SiteError, load_site
from acd.model.hook import Hook
from acd.records import upgrade
from acd.records.database import connect


@pytest.fixture(autouse=True)
def _careless() -> object:
    """Whoever starts it may have any umask."""
    before = os.umask(0)
    yield
    os.umask(before)


def open_to_all(path: Path) -> list[Path]:
    return [file for file in path.rglob("*") if file.is_file() and file.stat().st_mode & stat.S_IRWXO]


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o602, 0o601, 0o666])
def test_a_secret_that_everybody_may_read_is_refused_with_its_mend(tmp_path: Path, mode: int) -> None:
    secret = tmp_path / "ami.secret"
    secret.write_text("not-a-real-one")
    secret.chmod(mode)
    with pytest.raises(OpenToAll, match=f"chmod o= {secret}"):
        Settings(ami_secret_file=secret).ami()
    oidc = {"oidc_issuer": "https://id.example", "oidc_client": "acd", "oidc_roles": {"x": "admin"}}
    with pytest.raises(OpenToAll, match="chmod o="):
        Settings.model_validate({**oidc, "oidc_secret_file": secret}).oidc()
    with pytest.raises(OpenToAll, match="chmod o="):
        load_site(secret, [])
    with pytest.raises(BadSecret, match="chmod o="):
        secret_of(tmp_path, Hook("crm", "https://x.example", frozenset(), secret_file=secret.name))


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o400])
def test_owner_and_group_may(tmp_path: Path, mode: int) -> None:
    secret = tmp_path / "ami.secret"
    secret.write_text("not-a-real-one\n")
    secret.chmod(mode)
    assert Settings(ami_secret_file=secret).ami().secret == "not-a-real-one"
    (tmp_path / "crm").write_text(new_secret())
    (tmp_path / "crm").chmod(mode)
    assert secret_of(tmp_path, Hook("crm", "https://x.example", frozenset(), secret_file="crm"))


async def test_the_database_and_its_log_are_for_their_owner(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/acd.db"
    await upgrade(url)
    engine = connect(url)
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE x (y)"))
        assert (tmp_path / "acd.db-wal").exists()
        assert open_to_all(tmp_path) == []
    await engine.dispose()
    (tmp_path / "acd.db").chmod(0o644)
    again = connect(url)
    async with again.begin() as connection:
        await connection.execute(text("CREATE TABLE z (y)"))
        assert open_to_all(tmp_path) == []
    await again.dispose()


def test_nothing_that_is_written_for_asterisk_is_open_to_all(tmp_path: Path) -> None:
    settings = Settings(state=tmp_path / "state")
    for _ in range(2):
        assert len(build_dialplan(settings, tmp_path / "asterisk", None)) > 10
        assert open_to_all(tmp_path) == []
        for file in (tmp_path / "asterisk").iterdir():
            file.chmod(0o644)


def test_a_file_keeps_its_group(tmp_path: Path) -> None:
    path = tmp_path / "x"
    make_private(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o664)
    make_private(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o660


def test_a_lock_of_this_process_outlives_a_look_at_the_file(tmp_path: Path) -> None:
    """A process that closes a file loses all its locks on it: another one must still be kept out."""
    path = tmp_path / "records.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as ours:
        ours.execute("CREATE TABLE call (id)")
        ours.execute("BEGIN IMMEDIATE")
        make_private(path)
        other = f"import sqlite3; sqlite3.connect({str(path)!r}, timeout=0).execute('INSERT INTO call VALUES (1)')"
        done = subprocess.run([sys.executable, "-c", other], capture_output=True, text=True, check=False)
    assert "database is locked" in done.stderr


def test_octets_that_are_no_utf_8_are_told_and_not_written_back_as_something_else(tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    path.write_bytes(b"trunk_hosts: []\n# caf\xe9\n")
    path.chmod(0o600)
    with pytest.raises(SiteError, match=r"site\.yaml: line 2 is not UTF-8"):
        load_site(path, [])
    assert path.read_bytes() == b"trunk_hosts: []\n# caf\xe9\n"
