"""What the running service says of itself is true: with its link cut, its database locked, its settings broken."""

import asyncio
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import httpx
import pytest

from acd.bootstrap.health import disk, reached
from acd.model.ids import ServerId
from acd.web.health import CheckState
from sim.demo import DemoSwitch
from tests.bootstrap.test_service import ROOT, running, switch

__all__ = ["switch"]


async def states(client: httpx.AsyncClient) -> dict[str, str]:
    answer = await client.get("/readyz")
    health: dict[str, Any] = answer.json()
    found = {check["name"]: check["state"] for check in health["checks"]}
    assert answer.status_code == (503 if "fault" in found.values() else 200)
    return found


async def until(client: httpx.AsyncClient, **wanted: str) -> None:
    """Wait until these checks are so, and all others in order."""
    async with asyncio.timeout(15):
        while True:
            found = await states(client)
            if found == {name: wanted.get(name, "ok") for name in found}:
                return
            await asyncio.sleep(0.1)


async def test_it_says_what_is_wrong_and_when_it_is_over(switch: DemoSwitch, tmp_path: Path) -> None:
    queues = tmp_path / "queues.yaml"
    shutil.copy(ROOT / "queues.yaml", queues)
    async with (
        running(switch, tmp_path / "state", queues) as service,
        httpx.AsyncClient(base_url=service.web_url) as client,
    ):
        await until(client)
        assert set(await states(client)) == {"switch", "ledger", "database", "records", "settings", "disk"}

        other = sqlite3.connect(tmp_path / "state/acd.db", isolation_level=None, check_same_thread=False)
        await asyncio.to_thread(other.execute, "BEGIN IMMEDIATE")
        await until(client, database="fault")
        other.execute("ROLLBACK")
        other.close()
        await until(client)

        queues.write_text(queues.read_text().replace("guard: 90s", "gaurd: 90s"))
        await until(client, settings="warning")
        shutil.copy(ROOT / "queues.yaml", queues)
        await until(client)

        await switch.stop()
        await until(client, switch="fault")
        assert (await client.get("/livez")).status_code == 200


@pytest.mark.parametrize(
    ("free", "state"), [(10 * 2**30, CheckState.OK), (100 * 2**20, CheckState.WARNING), (2**20, CheckState.FAULT)]
)
def test_a_disk_that_fills_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, state: CheckState) -> None:
    usage = type("Usage", (), {"free": free})
    monkeypatch.setattr("shutil.disk_usage", lambda folder: usage)
    assert disk(tmp_path).state is state


def test_a_server_that_is_away_is_named() -> None:
    a, b, c = (ServerId(name) for name in "abc")
    assert reached({a: True, b: True}).state is CheckState.OK
    told = reached({a: False, b: True, c: False})
    assert (told.state, told.why) == (CheckState.WARNING, "no link to a, c")
