"""A citizen who is forgotten on request takes nothing of the figures with him, and leaves nothing of himself behind."""

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from acd.figures.periods import Grain
from acd.figures.report import Dimension, Query, Report
from acd.model.account import AuditAction, AuditEntry
from acd.model.citizen import Erasure
from acd.model.events import CallEnded, CallStarted
from acd.records import CitizenBook, FigureBook, rebuild, tables, upgrade
from acd.records.database import connect
from acd.records.ledger import citizen_of
from sim.lab.postgres import Cluster
from tests.figures.days import DAY, LIMITS, NUMBERS, Day, days
from tests.figures.test_against_naive import REFS, fill
from tests.records.places import Place

KEY = b"key"
NAME, NOTE = "Jan Janssens", "belt over de dood van zijn moeder"
CITIZENS = [number for number in NUMBERS if number]


@pytest.fixture(scope="module")
def template() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "template.db"
        asyncio.run(upgrade(f"sqlite:///{path}"))
        yield path


def forms(number: str) -> tuple[str, ...]:
    return (number, number[1:], f"0{number[3:]}")


def over(day: Day) -> Day:
    """The same with all callers gone: whoever is on the line is not erased."""
    gone = {event.call for event in day.events if isinstance(event, CallEnded)}
    calls = {event.call for event in day.events if isinstance(event, CallStarted)}
    at = day.begin + 20 * DAY
    return day._replace(events=[*day.events, *(CallEnded(at, call, at) for call in sorted(calls - gone))])


async def write_about(url: str, day: Day) -> None:
    """Operators have written of every conversation; the promises hold the number they were given for."""
    engine = connect(url)
    try:
        async with engine.begin() as connection:
            numbers = {row.call: row.number for row in await connection.execute(select(tables.caller))}
            for call, number in numbers.items():
                written = {"number": number, "name": NAME, "note": f"{NOTE} {number}"}
                await connection.execute(update(tables.contact).where(tables.contact.c.call == call).values(written))
                his = update(tables.callback).where(tables.callback.c.callback == call)
                await connection.execute(his.values(number=number))
            await connection.execute(update(tables.contact).values(ended_at=day.begin + 20 * DAY))
    finally:
        await engine.dispose()


async def everything(url: str) -> dict[str, list[dict[str, Any]]]:
    place = Place(url, Path("none"))
    return {table.name: await place.rows(table) for table in tables.metadata.sorted_tables}


async def reports(url: str, day: Day, grain: Grain) -> list[Report]:
    book = FigureBook(url)
    try:
        return [
            await book.report(
                Query(
                    since=day.begin,
                    until=day.begin + 9 * DAY,
                    now=day.begin + 8 * DAY,
                    figures=REFS,
                    grain=grain,
                    by=by,
                    limits=LIMITS,
                )
            )
            for by in ((), (Dimension.LINE,), (Dimension.OPERATOR,))
        ]
    finally:
        await book.close()


async def erase(url: str, number: str, now: float) -> Erasure:
    book = CitizenBook(url, KEY)
    try:
        entry = AuditEntry(now, "ada", "", AuditAction.CITIZEN_ERASED)
        return await book.erase(forms(number), entry, cancel=False)
    finally:
        await book.close()


async def check(url: str, day: Day, grain: Grain, gone: list[str], known_by_hash: bool) -> None:
    day = over(day)
    await fill(url, day)
    await write_about(url, day)
    if known_by_hash:
        await Place(url, Path("none")).execute("DELETE FROM caller")
    figures, before = await reports(url, day, grain), await everything(url)
    now = day.begin + 30 * DAY
    done = [await erase(url, number, now) for number in gone]
    assert await reports(url, day, grain) == figures
    after = await everything(url)
    for table in tables.PROJECTION:
        assert after[table.name] == before[table.name], table.name
    text = str(after)
    assert not any(form in text for number in gone for form in (number, number[3:]))
    his = {row["call"] for row in before["citizen"] if row["citizen"] in {_hash(number) for number in gone}}
    for row, old in zip(after["contact"], before["contact"], strict=True):
        kept = {**old, "number": None, "name": "", "note": "", "version": old["version"] + 1}
        assert row == (kept if row["call"] in his else old)
    # Whoever he was, his calls are still one citizen's, and no two strangers became one.
    pairs = {(old["citizen"], new["citizen"]) for old, new in zip(before["citizen"], after["citizen"], strict=True)}
    assert len(pairs) == len({old for old, _ in pairs}) == len({new for _, new in pairs})
    assert {new for old, new in pairs} & {_hash(number) for number in gone} == set()
    assert sum(one.calls for one in done) == len(his)
    lines = [row for row in after["audit"] if row["action"] == AuditAction.CITIZEN_ERASED]
    assert len(lines) == len({row["about"] for row in lines}) == len(gone)
    assert await rebuild(url) == len(before["event"])
    assert await everything(url) == after


def _hash(number: str) -> str:
    return citizen_of(number, KEY)


@given(
    day=days(),
    grain=st.sampled_from(Grain),
    gone=st.lists(st.sampled_from(CITIZENS), min_size=1, max_size=3, unique=True),
    known_by_hash=st.booleans(),
)
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_all_figures_are_as_before_and_nothing_of_him_is_left(
    template: Path, day: Day, grain: Grain, gone: list[str], known_by_hash: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "acd.db"
        shutil.copy(template, path)
        asyncio.run(check(f"sqlite:///{path}", day, grain, gone, known_by_hash))


@pytest.mark.postgresql
@given(day=days(), gone=st.lists(st.sampled_from(CITIZENS), min_size=1, max_size=3, unique=True), known=st.booleans())
@settings(max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_so_on_postgresql(cluster: Cluster, day: Day, gone: list[str], known: bool) -> None:
    url = cluster.new_database()
    asyncio.run(upgrade(url))
    asyncio.run(check(url, day, Grain.DAY, gone, known))
