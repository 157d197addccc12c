"""Citizens' numbers go by the clock: all that are old enough, no other, and nothing else with them."""

import asyncio
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, insert, select

from acd.figures.report import Query, read_refs
from acd.model.callback import CallbackState
from acd.model.ids import CallbackId, CallId, LineId
from acd.model.promise import Note, settled
from acd.records import (
    Archive,
    Before,
    CallbackStore,
    DatabaseUnusable,
    FigureBook,
    Ledger,
    erase_citizens,
    erase_names,
    erase_notes,
    erase_numbers,
    erasure,
    tables,
    upgrade,
)
from acd.records.database import connect
from tests.callbacks.promises import AN, BO, promise
from tests.records.histories import abandoned
from tests.records.places import Place

OLD, NEW = 1_700_000_000.0, 1_700_500_000.0
LIMIT = 1_700_200_000.0
MOMENTS = st.sampled_from([OLD, LIMIT, NEW + 99])


async def numbers(archive: Archive) -> dict[str, str | None]:
    return {row.call: row.number for row in await archive.calls()}


async def test_who_called_long_ago_has_no_number_any_more(place: Place) -> None:
    await place.write(*abandoned("17.1", OLD), *abandoned("17.2", NEW))
    archive = Archive(place.url)
    try:
        before = await numbers(archive)
        assert None not in before.values()
        erased = await erase_numbers(place.url, Before(LIMIT))
        assert (erased.callers, erased.callbacks) == (1, 0)
        assert await numbers(archive) == {"17.1": None, "17.2": before["17.2"]}
        assert next(event.at for event in await archive.call_story("17.1")) == OLD
        assert (await erase_numbers(place.url, Before(LIMIT))).callers == 0
    finally:
        await archive.close()


async def test_a_promise_keeps_its_number_as_long_as_it_is_owed(place: Place) -> None:
    store = CallbackStore(place.url)
    try:
        for call, number in (("17.1", AN), ("17.2", BO), ("17.3", "+32470000003")):
            await store.book(promise(call, at=OLD), number)
        for call, at in (("17.2", LIMIT - 1), ("17.3", LIMIT)):
            await store.change(CallbackId(call), partial(settled, at=at, why="test"), Note(at, "coach", "done"))
        assert (await erase_numbers(place.url, Before(LIMIT))).callbacks == 1
        ids = [CallbackId(f"17.{n}") for n in (1, 2, 3)]
        assert await store.numbers(ids) == {"17.1": AN, "17.3": "+32470000003"}
        gone = await store.promise(ids[1])
        assert gone is not None and gone.state is CallbackState.SETTLED
        # He may be promised another call, which has his number.
        await store.book(msgspec.structs.replace(promise("17.4"), call=CallId("17.4")), BO)
    finally:
        await store.close()


async def test_a_citizen_is_known_again_for_his_own_term_only(place: Place) -> None:
    async with Ledger(place.url, place.spill, key=b"a key of the test") as ledger:
        ledger.write(abandoned("17.1", OLD)[0])
        ledger.write(abandoned("17.2", NEW)[0])
        await ledger.caught_up()
    await erase_numbers(place.url, Before(NEW + 1))
    assert len({row["citizen"] for row in await place.rows(tables.citizen)}) == 1
    assert await erase_citizens(place.url, Before(LIMIT)) == 1
    assert [row["call"] for row in await place.rows(tables.citizen)] == ["17.2"]
    assert await erase_citizens(place.url, Before(LIMIT)) == 0
    assert len(await place.rows(tables.call)) == 2


async def test_what_a_person_wrote_of_a_promise_goes_with_the_notes(place: Place) -> None:
    store = CallbackStore(place.url)
    try:
        for call, at in (("17.1", LIMIT - 1), ("17.2", LIMIT)):
            await store.book(promise(call, at=OLD), f"{AN}{call[-1]}")
            step = partial(settled, at=at, why="got_through")
            await store.change(CallbackId(call), step, Note(at, "coach", "done", "haar buur nam op"))
    finally:
        await store.close()
    await erase_notes(place.url, Before(LIMIT))
    whys = {(row["callback"], row["why"]) for row in await place.rows(tables.callback_log) if row["by"] == "coach"}
    assert whys == {("17.1", None), ("17.2", "haar buur nam op")}


async def test_a_name_may_go_before_the_note_beside_it(place: Place) -> None:
    engine = connect(place.url)
    try:
        async with engine.begin() as connection:
            rows = [_contact(f"17.{n}", LineId("gentinfo"), at) for n, at in enumerate((OLD, NEW))]
            await connection.execute(insert(tables.contact), rows)
    finally:
        await engine.dispose()
    assert (await erase_names(place.url, Before(LIMIT))).contacts == 1
    kept = {row["call"]: (row["note"], row["name"]) for row in await place.rows(tables.contact)}
    assert kept == {"17.0": ("Zijn pas is zoek.", ""), "17.1": ("Zijn pas is zoek.", "Jan")}
    # Of a line with a term of its own.
    assert (await erase_names(place.url, Before(LIMIT, {LineId("gentinfo"): NEW + 1}))).contacts == 1


async def test_many_go_in_small_steps(place: Place) -> None:
    engine = connect(place.url)
    rows = [{"call": f"17.{n}", "at": OLD + n, "number": AN} for n in range(2 * erasure.BATCH + 3)]
    try:
        async with engine.begin() as connection:
            await connection.execute(insert(tables.caller), rows)
        assert (await erase_numbers(place.url, Before(OLD + len(rows) - 1))).callers == len(rows) - 1
        async with engine.connect() as connection:
            assert await connection.scalar(select(func.count()).select_from(tables.caller)) == 1
    finally:
        await engine.dispose()


async def test_no_trace_is_left_in_the_file(tmp_path: Path) -> None:
    """SQLite would leave the bytes where they were until something else needs the place."""
    url, number = f"sqlite:///{tmp_path}/acd.db", "+32470998877"
    await upgrade(url)
    engine = connect(url)
    try:
        async with engine.begin() as connection:
            await connection.execute(insert(tables.caller), [{"call": "17.1", "at": OLD, "number": number}])
    finally:
        await engine.dispose()
    assert in_a_file(tmp_path, number)
    await erase_numbers(url, Before(NEW))
    assert not in_a_file(tmp_path, number)


def in_a_file(folder: Path, text: str) -> bool:
    return any(text.encode() in file.read_bytes() for file in folder.iterdir())


async def test_a_database_that_is_away_is_told(tmp_path: Path) -> None:
    (tmp_path / "acd.db").write_bytes(b"no database")
    with pytest.raises(DatabaseUnusable):
        await erase_numbers(f"sqlite:///{tmp_path}/acd.db", Before(NEW))


@given(
    own=st.dictionaries(
        st.sampled_from([LineId("gentinfo"), LineId("sportlijn")]), st.sampled_from([OLD, LIMIT, NEW + 99])
    ),
    general=st.sampled_from([OLD, LIMIT, NEW + 99]),
)
@settings(max_examples=12)
def test_each_line_has_its_own_term_and_the_totals_stay(own: dict[LineId, float], general: float) -> None:
    with TemporaryDirectory() as folder:
        asyncio.run(erased_by_line(Path(folder), Before(general, own)))


async def erased_by_line(folder: Path, before: Before) -> None:
    url = f"sqlite:///{folder}/acd.db"
    await upgrade(url)
    await erased_in(Place(url, folder / "spill"), before)


async def test_and_so_on_either_database(place: Place) -> None:
    await erased_in(place, Before(LIMIT, {LineId("gentinfo"): OLD, LineId("sportlijn"): NEW + 99}))


async def erased_in(place: Place, before: Before) -> None:
    """Two calls of each line with a note of each, one of them long ago, and one that never joined a line."""
    calls = {f"{line}.{at:.0f}": (LineId(line), at) for line in ("gentinfo", "sportlijn", "other") for at in (OLD, NEW)}
    async with Ledger(place.url, place.spill, key=b"a key of the test") as ledger:
        for call, (line, at) in calls.items():
            for step in abandoned(call, at):
                ledger.write([msgspec.structs.replace(e, line=line) if hasattr(e, "line") else e for e in step])
        await ledger.caught_up()
    notes = [_contact(call, line, at) for call, (line, at) in calls.items()]
    engine = connect(place.url)
    try:
        async with engine.begin() as connection:
            await connection.execute(insert(tables.contact), notes)
    finally:
        await engine.dispose()
    archive, book = Archive(place.url), FigureBook(place.url)
    try:
        query = Query(since=OLD - 9, until=NEW + 999, now=NEW + 999, figures=read_refs(["offered", "abandoned"]))
        total = await book.report(query)
        over = {call for call, (line, at) in calls.items() if at < before.lines.get(line, before.all)}
        await erase_numbers(place.url, before)
        assert {call for call, number in (await numbers(archive)).items() if number is None} == over
        await erase_notes(place.url, before)
        kept = {row["call"]: (row["note"], row["name"]) for row in await place.rows(tables.contact)}
        assert {call for call, words in kept.items() if words == ("", "")} == over
        assert {words for call, words in kept.items() if call not in over} <= {("Zijn pas is zoek.", "Jan")}
        await erase_citizens(place.url, before)
        assert await book.report(query) == total
    finally:
        await archive.close()
        await book.close()


def _contact(call: str, line: LineId, at: float) -> dict[str, object]:
    told = {"note": "Zijn pas is zoek.", "name": "Jan", "subjects": "[]", "language": "nl", "version": 1}
    return {"contact": f"{call}~an", "operator": "an", "line": line, "call": call, "began_at": at} | told
