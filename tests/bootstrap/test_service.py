"""The whole service on the simulated switch, over a real socket: calls come in, the records and the pages know them."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from acd.bootstrap.service import Service
from acd.bootstrap.settings import Settings
from acd.config import load
from acd.records import Archive
from acd.runtime.control import ControlError, ask
from sim.demo import DemoSwitch, Pages, demo_switch

ROOT = Path(__file__).parents[2]


@pytest.fixture
async def switch() -> AsyncIterator[DemoSwitch]:
    switch = await demo_switch(load(ROOT / "queues.yaml").policy, pace=40.0, seed=3)
    yield switch
    await switch.stop()


@asynccontextmanager
async def running(switch: DemoSwitch, state: Path, queues: Path = ROOT / "queues.yaml") -> AsyncIterator[Service]:
    """The service, from its first answer to its orderly end."""
    settings = Settings(
        queues=queues,
        state=state,
        ami_port=switch.port,
        ami_secret=SecretStr(switch.secret),
        ami_secret_file=None,
        web_port=0,
    )
    service, opened = Service(settings), asyncio.Event()
    task = asyncio.create_task(service.run(lambda _: opened.set()))
    await asyncio.wait([task, asyncio.create_task(opened.wait())], return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        task.result()
    yield service
    service.stop()
    await asyncio.wait_for(task, 10)


async def calls_recorded(service: Service, outcome: str, atleast: int) -> int:
    archive = Archive(service.settings.database_url)
    try:
        while True:
            rows = await archive.calls(limit=1000)
            count = sum(row.outcome == outcome for row in rows)
            if count >= atleast:
                return count
            await asyncio.sleep(0.1)
    finally:
        await archive.close()


async def test_calls_are_served_recorded_and_shown(switch: DemoSwitch, tmp_path: Path) -> None:
    async with running(switch, tmp_path / "state") as service:
        switch.staff(Pages(service.settings.socket))
        async with asyncio.timeout(60):
            await calls_recorded(service, "answered", 5)
        async with httpx.AsyncClient(base_url=service.web_url) as client:
            shown = (await client.get("/api/snapshot")).json()
            assert shown["totals"]["answered"] >= 5
            assert (await client.get("/healthz")).json()["linked"] is True


async def test_a_restart_goes_on_with_the_counts_and_the_operators_of_before(
    switch: DemoSwitch, tmp_path: Path
) -> None:
    async with running(switch, tmp_path / "state") as service:
        await ask(service.settings.socket, "operator", operator="an_peeters", action="login", by="test")
        await ask(service.settings.socket, "operator", operator="an_peeters", action="pause", reason="lunch", by="test")
        switch.staff(Pages(service.settings.socket))
        async with asyncio.timeout(60):
            await calls_recorded(service, "answered", 3)
        before = service.day.tally.offered
    async with running(switch, tmp_path / "state") as service:
        assert service.day.tally.offered >= before
        status = await ask(service.settings.socket, "status")
        assert {o["operator"] for o in status["operators"] if o["state"] != "logged_out"}
        # Between the two nobody watched: the wallboard's figures of today say so, as the records do.
        async with asyncio.timeout(30):
            while len(gaps := await service.archive.gaps_since(0.0)) < 2:  # noqa: ASYNC110 - the ledger
                await asyncio.sleep(0.05)
        began, ended = gaps[-1]
        assert began is not None and ended is not None
        assert service.day.unseen.seconds(began, ended) == ended - began > 0


async def test_sigterm_ends_it_in_good_order(switch: DemoSwitch, tmp_path: Path) -> None:
    async with running(switch, tmp_path / "state"):
        signal.raise_signal(signal.SIGTERM)
    assert not (tmp_path / "state/control.sock").exists()


async def test_news_at_the_last_moment_does_not_keep_a_part_from_ending(switch: DemoSwitch, tmp_path: Path) -> None:
    """Told of news at the moment that it is to end, it ends; ``asyncio.wait_for`` would forget the end for the news."""
    async with running(switch, tmp_path / "state") as service:
        for run, news in ((service.gap_repair.run, service.gap_repair._look), (service._plan_anew, service._plan_now)):
            part = asyncio.create_task(run())
            await asyncio.sleep(0.1)
            news.set()
            part.cancel()
            await asyncio.wait([part], timeout=2)
            assert part.cancelled()


async def test_a_second_service_in_the_same_folder_is_refused(switch: DemoSwitch, tmp_path: Path) -> None:
    async with running(switch, tmp_path / "state"):
        with pytest.raises(ControlError, match=r"another engine runs on .*acd\.db"):
            async with running(switch, tmp_path / "state"):
                pass


@pytest.mark.parametrize(
    ("details", "words"),
    [
        ({"operator": "nobody", "action": "ready"}, "no operator 'nobody'"),
        ({"operator": "an_peeters", "action": "pause", "reason": "zin"}, "'zin' is no reason"),
        ({"operator": "bart_maes", "action": "ready"}, "not logged in"),
    ],
)
async def test_what_cannot_be_is_refused_with_the_reason(
    switch: DemoSwitch, tmp_path: Path, details: dict[str, str], words: str
) -> None:
    async with running(switch, tmp_path / "state") as service:
        with pytest.raises(ControlError, match=words):
            await ask(service.settings.socket, "operator", by="test", **details)


async def test_the_curve_and_the_calls_behind_the_figures_are_of_this_service(
    switch: DemoSwitch, tmp_path: Path
) -> None:
    async with running(switch, tmp_path) as service, httpx.AsyncClient(base_url=service.web_url) as browser:
        switch.staff(Pages(service.settings.socket))
        async with asyncio.timeout(60):
            await calls_recorded(service, "answered", 1)
        curve = (await browser.get("/api/curve")).json()
        answered = sum(point["answered"] or 0 for point in curve["points"])
        assert answered >= 1
        assert (await browser.get("/calls")).status_code == 401
        shown = (await browser.get("/api/snapshot")).json()
        assert shown["lines"][0]["thresholds"]["waiting"] == {"amber": 6.0, "red": 12.0}
