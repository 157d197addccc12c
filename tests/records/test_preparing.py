"""An engine that takes over and has to prepare the records first, which may take minutes, keeps the lead meanwhile."""

import asyncio
from pathlib import Path

import pytest
from pydantic import SecretStr

from acd.bootstrap import service as module
from acd.bootstrap.service import Service
from acd.bootstrap.settings import Settings
from acd.leadership import LEASE, Campaign
from acd.model.leadership import Engine
from acd.records import PostgresLead, upgrade
from acd.records.migrating import known_revisions
from sim.demo import DemoSwitch
from sim.lab.postgres import Cluster
from tests.bootstrap.test_service import ROOT, switch

__all__ = ["switch"]

pytestmark = pytest.mark.postgresql


async def test_who_prepares_the_records_is_not_ousted_by_the_next_who_would_begin_anew(
    switch: DemoSwitch, cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = cluster.new_database()
    begun, prepared = asyncio.Event(), asyncio.Event()

    async def slow(address: str) -> None:
        begun.set()
        await prepared.wait()
        await upgrade(address)

    monkeypatch.setattr(module, "upgrade", slow)
    settings = Settings(
        queues=ROOT / "queues.yaml",
        state=tmp_path / "a",
        database=url,
        engine="a",
        ami_port=switch.port,
        ami_secret=SecretStr(switch.secret),
        ami_secret_file=None,
        web_port=0,
    )
    service = Service(settings)
    first = asyncio.create_task(service.run())
    async with asyncio.timeout(30):
        await begun.wait()
    store = PostgresLead(url, "of-b")
    other = Campaign(store, Engine("of-b", "b", "", True), lambda: True, known_revisions())
    second = asyncio.create_task(other.win())
    done, _ = await asyncio.wait({first, second}, timeout=2 * LEASE)
    assert not done, "it says that it lives while it prepares them"
    prepared.set()
    service.stop()
    await asyncio.wait_for(first, 20)
    assert (await asyncio.wait_for(second, 20)).number
    await store.release()
