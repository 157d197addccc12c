"""What an engine could not write before it was deposed: set aside when another leads, told when he has settled."""

from pathlib import Path

import pytest

from acd.bootstrap.doctor import State, _late
from acd.bootstrap.late import SETTLED, LateWord, late_files, note_term, set_foreign_aside
from acd.bootstrap.settings import Settings
from acd.config import City, load
from acd.model.events import LinkCameUp, LinkWentDown
from acd.records import upgrade
from acd.records.entries import seal
from acd.records.spill import Spill
from acd.records.writing import Batch
from tests.bootstrap.test_failures import ROOT, settings
from tests.records.histories import abandoned
from tests.records.places import Place


@pytest.fixture(scope="module")
def city() -> City:
    return load(ROOT / "queues.yaml")


@pytest.fixture
def mine(tmp_path: Path) -> Settings:
    """An engine that led in term 7, and has left something."""
    mine = settings(tmp_path)
    note_term(mine, 7)
    spill = Spill(mine.spill)
    for position, step in enumerate(abandoned("17.1", 1000.0), 1):
        spill.append([Batch("run", position, [seal(step[0])])])
    return mine


def test_what_is_left_stays_to_be_stored_in_order_when_nobody_has_led_since(mine: Settings) -> None:
    set_foreign_aside(mine, 7)
    assert mine.spill.exists()
    assert late_files(mine) == []
    assert list(_late(mine)) == []


def test_it_is_set_aside_when_somebody_has_and_the_doctor_tells(mine: Settings) -> None:
    set_foreign_aside(mine, 8)
    mine.spill.with_name("events.spill.1700000000.damaged").touch()
    assert [file.name for file in late_files(mine)] == ["events.spill.7"]
    assert not mine.spill.exists()
    [finding] = _late(mine)
    assert finding.state is State.WARNING
    assert "events.spill.7" in finding.what


async def test_it_is_told_once_whoever_leads_has_had_asterisk_for_a_while(
    mine: Settings, city: City, tmp_path: Path
) -> None:
    place = Place(f"sqlite:///{tmp_path}/acd.db", tmp_path / "leaders.spill")
    await upgrade(place.url)
    await place.write([LinkCameUp(1200.0, 0, 0)])
    set_foreign_aside(mine, 8)
    sees = True
    word = LateWord(mine, place.url, lambda: city, lambda: sees)

    async def told(at: float) -> bool:
        await word.look(at)
        return "ToldLate" in await place.ledger_types()

    assert not await told(100.0)
    assert not await told(100.0 + SETTLED - 1)
    sees = False
    assert not await told(100.0 + SETTLED)
    sees = True
    assert not await told(200.0), "it begins anew"
    await place.write([LinkWentDown(1300.0, "cut")])
    assert not await told(200.0 + SETTLED), "a server is out of sight"
    assert len(late_files(mine)) == 1
    await place.write([LinkCameUp(1400.0, 0, 0)])
    assert await told(200.0 + SETTLED + 1)
    assert late_files(mine) == []
    count = len(await place.ledger_types())
    assert await told(200.0 + SETTLED + 2)
    assert len(await place.ledger_types()) == count


async def test_without_the_database_it_waits(mine: Settings, city: City, tmp_path: Path) -> None:
    set_foreign_aside(mine, 8)
    word = LateWord(mine, f"sqlite:///{tmp_path}/not-made.db", lambda: city, lambda: True)
    await word.look(0.0)
    await word.look(SETTLED)
    assert [file.name for file in late_files(mine)] == ["events.spill.7"]
