"""After an upgrade with new rules a process of its own folds the records; whoever asks hears so meanwhile."""

import asyncio
from pathlib import Path

import pytest

from acd.bootstrap import refold
from acd.bootstrap.refold import Refold
from acd.bootstrap.settings import Settings
from acd.records import rebuild, upgrade
from acd.records.refolding import is_folded
from acd.web.health import CheckState
from tests.records.histories import answered
from tests.records.places import Place
from tests.records.test_refolding import grow_old


@pytest.fixture
async def place(tmp_path: Path) -> Place:
    place = Place(f"sqlite:///{tmp_path}/acd.db", tmp_path / "spill")
    await upgrade(place.url)
    await place.write(*(step for n in range(5) for step in answered(f"17.{n}", 1000.0 + n, "an", n + 1)))
    return place


async def until_over(folding: Refold) -> None:
    while folding.needed or not await is_folded(folding._url):  # noqa: ASYNC110
        await asyncio.sleep(0.05)


async def test_records_of_older_rules_are_folded_by_another_process(place: Place, tmp_path: Path) -> None:
    wanted = await place.projection()
    await grow_old(place)
    folding = Refold(Settings(state=tmp_path, database=place.url), place.url)
    running = asyncio.create_task(folding.run())
    async with asyncio.timeout(60):
        while not folding.needed:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        assert folding.check().state is CheckState.WARNING
        await until_over(folding)
    assert folding.check().state is CheckState.OK
    assert await place.projection() == wanted
    assert not running.done()
    running.cancel()
    await asyncio.wait([running])


async def test_what_comes_to_nothing_is_tried_again(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder for what is thrown away is not there at first."""
    monkeypatch.setattr(refold, "AGAIN", 0.05)
    await grow_old(place)
    folding = Refold(Settings(state=tmp_path / "away", database=place.url), place.url)
    tried = 0
    fold = folding._fold

    async def counted() -> None:
        nonlocal tried
        tried += 1
        if tried == 2:
            (tmp_path / "away").mkdir()
        await fold()

    monkeypatch.setattr(folding, "_fold", counted)
    running = asyncio.create_task(folding.run())
    async with asyncio.timeout(90):
        while tried < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        await until_over(folding)
    assert tried == 2
    running.cancel()
    await asyncio.wait([running])
    assert await rebuild(place.url) > 0
