"""Today's counts after a start (:class:`acd.bootstrap.day.Day`): the callers first, and nothing counted twice."""

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest

from acd.bootstrap import day as room
from acd.bootstrap.day import Day
from acd.model import events as ev
from acd.model.events import Event
from acd.model.ids import LineId, OperatorId
from acd.records import Archive, DatabaseUnusable, day_bounds, upgrade
from tests.records.histories import LINE, abandoned, answered, flat
from tests.records.places import Place

MIDNIGHT, NEXT = day_bounds(date(2026, 11, 26))


@pytest.fixture
async def sqlite(tmp_path: Path) -> Place:
    await upgrade(f"sqlite:///{tmp_path}/acd.db")
    return Place(f"sqlite:///{tmp_path}/acd.db", tmp_path / "spill.jsonl")


@pytest.fixture
async def archive(sqlite: Place) -> AsyncIterator[Archive]:
    reader = Archive(sqlite.url)
    yield reader
    await reader.close()


def counts(day: Day) -> tuple[int, int, int, int]:
    of = day.tally.of(LINE)
    return day.tally.offered, of.answered, of.abandoned, day.own.of(OperatorId("an")).answered


async def test_what_happens_while_the_day_is_read_is_counted_after_it_and_once(sqlite: Place, archive: Archive) -> None:
    begun = answered("17.2", MIDNIGHT + 200.0, "an", 2)
    half = flat(begun)[: len(flat(begun)) // 2]
    await sqlite.write(*answered("17.1", MIDNIGHT + 100.0, "an", 1), half)
    day = Day({LineId("gentinfo"): 30.0})
    await day.begin(archive, MIDNIGHT)

    # The engine serves already, and the ledger has it before the day is read.
    meanwhile = flat(begun)[len(half) :] + flat(abandoned("17.3", MIDNIGHT + 300.0))
    day.listen(meanwhile)
    await sqlite.write(meanwhile)
    assert counts(day) == (0, 0, 0, 0)
    await day.recall(archive)
    assert counts(day) == (3, 2, 1, 2)

    day.listen(flat(answered("17.4", MIDNIGHT + 400.0, "an", 3)))
    assert counts(day) == (4, 3, 1, 3)


async def test_a_database_that_is_away_is_asked_again_and_nothing_counts_twice(
    sqlite: Place, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sqlite.write(*(step for n in range(3) for step in answered(f"17.{n}", MIDNIGHT + n, "an", n + 1)))
    monkeypatch.setattr(room, "AGAIN", 0.0)
    away = [True, True, False]
    read = archive.events_since

    async def breaks_in_the_middle(at: float, until: int | None = None) -> AsyncIterator[Event]:
        gone = away.pop(0)
        async for event in read(at, until):
            yield event
            if gone and isinstance(event, ev.OutcomeCounted):
                raise DatabaseUnusable("sqlite:///", "away")

    monkeypatch.setattr(archive, "events_since", breaks_in_the_middle)
    day = Day({})
    await day.begin(archive, MIDNIGHT)
    await day.recall(archive)
    assert away == [] and counts(day) == (3, 3, 0, 3)


async def test_the_times_without_sight_are_those_of_the_records(sqlite: Place, archive: Archive) -> None:
    await sqlite.write([ev.LinkCameUp(MIDNIGHT + 10.0, 0, 0), ev.LinkWentDown(MIDNIGHT + 50.0, "cut")])
    day = Day({})
    await day.begin(archive, MIDNIGHT)
    day.listen([ev.LinkCameUp(MIDNIGHT + 80.0, 0, 0)])
    await sqlite.write([ev.LinkCameUp(MIDNIGHT + 80.0, 0, 0)])
    await day.recall(archive)
    assert day.unseen.seconds(MIDNIGHT + 20.0, NEXT) == 30.0


async def test_a_new_day_begins_at_nothing(sqlite: Place, archive: Archive) -> None:
    await sqlite.write(*answered("17.1", MIDNIGHT + 100.0, "an", 1))
    day = Day({})
    await day.begin(archive, MIDNIGHT)
    await day.recall(archive)
    day.turn(NEXT)
    assert counts(day) == (0, 0, 0, 0)


async def test_a_midnight_before_the_day_is_known_leaves_the_new_day_alone(
    sqlite: Place, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sqlite.write(*(step for n in range(3) for step in answered(f"17.{n}", MIDNIGHT + n, "an", n + 1)))
    day = Day({})
    await day.begin(archive, MIDNIGHT)
    read = archive.events_since

    async def midnight_in_the_middle(at: float, until: int | None = None) -> AsyncIterator[Event]:
        async for event in read(at, until):
            yield event
            if isinstance(event, ev.OutcomeCounted) and not day.known.is_set() and day.tally.of(LINE).answered:
                day.turn(NEXT)
                day.listen(flat(answered("18.1", NEXT + 5.0, "an", 9)))

    monkeypatch.setattr(archive, "events_since", midnight_in_the_middle)
    day.listen(flat(abandoned("17.9", MIDNIGHT + 300.0)))
    await day.recall(archive)
    assert counts(day) == (1, 1, 0, 1)
