"""The projection made anew beside an engine that writes: in the end each row is what today's rules make of it all."""

import asyncio
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from acd.model.events import OperatorChanged
from acd.model.operator import OperatorState
from acd.records import refolding, schema, tables, upgrade
from acd.records.database import connect
from acd.records.entries import UNREADABLE
from acd.records.projection import PROJECTION_VERSION
from acd.records.refolding import Superseded, fold_beside, is_folded
from tests.records.histories import Step, abandoned, answered, any_history, flat, passed_on
from tests.records.places import Place
from tests.records.test_projection import folded_in_memory, store_in_pieces

OLD = (
    "UPDATE version SET value = '1' WHERE name = 'projection'",
    "UPDATE call SET answered_by = NULL, first_answered_at = NULL, day = NULL, counted_line = 'elsewhere'",
    "UPDATE outcome SET waited = 1000000.5",
    "UPDATE citizen SET line = 'elsewhere', day = NULL",
    "DELETE FROM wait",
    "DELETE FROM talk WHERE ended_at IS NOT NULL",
    "INSERT INTO anomaly (seq, at, what) VALUES (999999, 1.0, 'second_end')",
)
"""What older rules have made of the same ledger."""


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refolding, "AT_A_TIME", 3)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "acd.db"
    asyncio.run(upgrade(f"sqlite:///{path}"))
    connection = connect(f"sqlite:///{path}")
    asyncio.run(connection.dispose())
    return path


async def grow_old(place: Place) -> None:
    for statement in OLD:
        await place.execute(statement)


@given(history=any_history, cut=st.floats(0, 1), sizes=st.lists(st.integers(1, 6), min_size=1, max_size=5))
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_whatever_is_written_meanwhile_the_rows_are_those_of_todays_rules(
    template: Path, history: list[Step], cut: float, sizes: list[int]
) -> None:
    asyncio.run(fold_and_write(template, history, round(cut * len(history)), sizes))


async def fold_and_write(template: Path, history: list[Step], cut: int, sizes: list[int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "acd.db"
        shutil.copy(template, path)
        place = Place(f"sqlite:///{path}", Path(folder) / "spill")
        await store_in_pieces(place, history[:cut], sizes)
        await grow_old(place)
        written = asyncio.create_task(store_in_pieces(place, history[cut:], sizes, run="later"))
        await fold_beside(place.url, Path(folder), pause=0.0)
        await written
        assert await place.projection() == folded_in_memory(history)
        assert await is_folded(place.url)
        assert not [name for name in os.listdir(folder) if name.startswith("fold-")]


async def test_calls_go_on_being_recorded_meanwhile_on_each_database(place: Place, tmp_path: Path) -> None:
    def some(first: int) -> list[Step]:
        return [
            step
            for n in range(first, first + 12)
            for step in (
                *answered(f"17.{n}", 1000.0 + n, f"op{n % 5}", n + 1),
                *passed_on(f"18.{n}", 1000.0 + n, "an", "bo", n + 501),
                *abandoned(f"19.{n}", 1000.0 + n),
            )
        ]

    await place.write(*some(0), key=b"k" * 32)
    await grow_old(place)
    assert not await is_folded(place.url)
    folding = asyncio.create_task(fold_beside(place.url, tmp_path, pause=0.0))
    await place.write(*some(100), key=b"k" * 32)
    await folding
    assert await is_folded(place.url)
    assert await place.projection() == folded_in_memory([*some(0), *some(100)])
    calls = {row["call"]: row for row in await place.rows(tables.call)}
    for row in await place.rows(tables.citizen):
        call = calls[row["call"]]
        wanted = (call["counted_line"] or "", call["arrived_at"], call["day"], call["outcome"])
        assert (row["line"], row["arrived_at"], row["day"], row["outcome"]) == wanted


async def test_who_ends_wrapping_up_a_talk_of_older_rules_is_recorded(sqlite: Place, tmp_path: Path) -> None:
    """Its row is gone already, or not there yet, when what he does next is written."""
    *story, over = answered("17.1", 1000.0, "an", 1)
    assert any(isinstance(event, OperatorChanged) and event.before is OperatorState.WRAP_UP for event in over)
    await sqlite.write(*story)
    await sqlite.execute("UPDATE version SET value = '1' WHERE name = 'projection'")
    await sqlite.execute("DELETE FROM talk")
    await sqlite.write(over)
    assert UNREADABLE not in await sqlite.ledger_types()
    await fold_beside(sqlite.url, tmp_path, pause=0.0)
    assert await sqlite.projection() == folded_in_memory([*story, over])


async def test_one_that_is_broken_off_leaves_nothing_behind_and_is_begun_again(
    sqlite: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = [*answered("17.1", 1000.0, "an", 1), *passed_on("17.2", 1010.0, "bo", "an", 2)]
    await sqlite.write(*story)
    await grow_old(sqlite)
    mend, left = refolding._Refolding._mend, 4

    async def killed(self: Any, table: Any, keys: Any) -> None:
        nonlocal left
        left -= 1
        assert not [name for name in os.listdir(tmp_path) if name.startswith("fold-")], "a kill would leave it"
        if not left:
            raise OSError("killed")
        await mend(self, table, keys)

    with monkeypatch.context() as patched:
        patched.setattr(refolding._Refolding, "_mend", killed)
        with pytest.raises(OSError, match="killed"):
            await fold_beside(sqlite.url, tmp_path, pause=0.0)
    assert not await is_folded(sqlite.url)
    assert await sqlite.projection() != folded_in_memory(story)
    await fold_beside(sqlite.url, tmp_path, pause=0.0)
    assert await is_folded(sqlite.url)
    assert await sqlite.projection() == folded_in_memory(story)


async def test_of_two_that_fold_the_second_gives_way(sqlite: Place, tmp_path: Path) -> None:
    await sqlite.write(*answered("17.1", 1000.0))
    with pytest.raises(Superseded):
        await fold_beside(sqlite.url, tmp_path, pause=0.0)


async def test_a_version_that_changes_the_tables_meanwhile_is_left_alone(
    sqlite: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sqlite.write(*answered("17.1", 1000.0))
    await grow_old(sqlite)
    mend = refolding._Refolding._mend

    async def changed(self: Any, table: Any, keys: Any) -> None:
        await sqlite.execute("UPDATE alembic_version SET version_num = '9999'")
        await mend(self, table, keys)

    monkeypatch.setattr(refolding._Refolding, "_mend", changed)
    before = await sqlite.projection()
    with pytest.raises(Superseded):
        await fold_beside(sqlite.url, tmp_path, pause=0.0)
    assert await sqlite.projection() == before


async def test_an_upgrade_folds_a_short_ledger_at_once_and_leaves_a_long_one(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = [step for n in range(4) for step in answered(f"17.{n}", 1000.0 + n, "an", n + 1)]
    await place.write(*story)
    await grow_old(place)
    old = await place.projection()
    monkeypatch.setattr(schema, "AT_ONCE", 10)
    with capture_logs() as logs:
        await upgrade(place.url)
    assert await place.projection() == old
    assert not await is_folded(place.url)
    assert [(log["events"], log["folded"]) for log in logs if log["event"] == "records.rules_changed"] == [
        (len(flat(story)), False)
    ]
    monkeypatch.setattr(schema, "AT_ONCE", 1000)
    await upgrade(place.url)
    assert await place.projection() == folded_in_memory(story)
    [made] = [row["value"] for row in await place.rows(tables.version) if row["name"] == "projection"]
    assert made == PROJECTION_VERSION
