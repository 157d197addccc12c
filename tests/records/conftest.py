"""Databases for the tests: a SQLite file, and a PostgreSQL server of our own that is gone afterwards."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from acd.records import upgrade
from sim.lab.asterisk import cache_folder
from sim.lab.postgres import Cluster
from sim.lab.slots import Slot
from tests.records.places import Place


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    folder, slot = Path(tempfile.mkdtemp(prefix="acd-postgresql-", dir="/tmp")), Slot(cache_folder() / "lab")
    try:
        server = Cluster(folder, slot.port(0))
        server.initialise()
        server.start()
        yield server
        server.stop()
    finally:
        shutil.rmtree(folder)
        slot.release()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """An empty, migrated database of either kind."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/acd.db"
    else:
        url = request.getfixturevalue("cluster").new_database()
    await upgrade(url)
    return Place(url, tmp_path / "spill.jsonl")


@pytest.fixture
async def sqlite(tmp_path: Path) -> Place:
    url = f"sqlite:///{tmp_path}/acd.db"
    await upgrade(url)
    return Place(url, tmp_path / "spill.jsonl")
