"""Recordings in the records: begun and over, found from the call in which they were promised, gone in time."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from acd.bootstrap.recordings import SETTLING, Recordings
from acd.config import City, load
from acd.model import events as ev
from acd.model.ids import CallId, LineId, OfferId, OperatorId
from acd.model.policy import RecordingRule
from acd.model.recording import NotErased
from acd.records import rebuild, tables
from acd.records.recordings import RecordingBook
from tests.records.histories import LINE, answered
from tests.records.places import Place

AT, DAY = 1_700_000_000.0, 86_400.0
CALL, OTHER = "17.1-17.2", "17.3-17.4"


def made(recording: str, at: float, line: LineId = LINE, *, over: bool = True) -> list[list[ev.Event]]:
    of = recording.rpartition("-")[0]
    attempt = OfferId(int(of.removeprefix("acd-cb-"))) if of.startswith("acd-cb-") else None
    call = CallId(of) if attempt is None else None
    begun = ev.RecordingStarted(at, recording, call, attempt, line, OperatorId("an"), at)
    ended: list[ev.Event] = [ev.RecordingFinished(at + 60, recording, call, attempt, at + 60)] if over else []
    return [[begun], ended]


@pytest.fixture
def city() -> City:
    city = load(Path(__file__).parents[2] / "queues.yaml")
    lines = dict(city.policy.lines)
    lines[LINE] = msgspec.structs.replace(lines[LINE], recording=RecordingRule(30))
    return msgspec.structs.replace(city, policy=msgspec.structs.replace(city.policy, lines=lines))


@pytest.fixture
async def book(place: Place) -> AsyncIterator[RecordingBook]:
    book = RecordingBook(place.url)
    yield book
    await book.close()


def files(folder: Path, *names: str, at: float = AT) -> None:
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / f"{name}.wav").write_bytes(b"RIFF")
        os.utime(folder / f"{name}.wav", (at, at))


async def test_a_recording_is_one_row_and_a_rebuild_makes_it_again(place: Place, book: RecordingBook) -> None:
    await place.write(*answered("17.1", AT), *made(CALL, AT), *made("acd-cb-7-17.9", AT + 5, over=False))
    [one] = await book.of_call("17.1")
    assert (one.recording, one.line, one.operator, one.ended_at) == (CALL, LINE, "an", AT + 60)
    before = await place.projection()
    assert [row["attempt"] for row in before["recording"]] == [None, 7]
    await rebuild(place.url)
    assert await place.projection() == before


async def test_what_has_only_one_half_is_named(place: Place, book: RecordingBook, city: City, tmp_path: Path) -> None:
    await place.write(*made(CALL, AT), *made(OTHER, AT))
    files(tmp_path / "r", CALL, "18.1-18.2")
    recordings = Recordings(book, tmp_path / "r", lambda: city, lambda: AT + SETTLING + 1)
    found = await recordings.reconcile()
    assert (found.whole, found.missing, found.stray) == (1, (OTHER,), ("18.1-18.2",))
    assert not found.in_order


async def test_each_line_has_its_own_term_and_a_line_that_records_no_longer_has_the_longest(
    place: Place, book: RecordingBook, city: City, tmp_path: Path
) -> None:
    folder, now = tmp_path / "r", [AT + 29 * DAY]
    await place.write(*made(CALL, AT), *made(OTHER, AT, LineId("gone")))
    files(folder, CALL, OTHER, "18.1-18.2")
    recordings = Recordings(book, folder, lambda: city, lambda: now[0])
    assert await recordings.expire() == 0
    now[0] = AT + 31 * DAY
    assert await recordings.expire() == 3
    assert list(folder.iterdir()) == []
    assert {row["why"] for row in await place.rows(tables.recording_gone)} == {"expired"}
    assert await book.standing() == []


async def test_a_citizens_recordings_go_with_him_also_those_that_nobody_knew_of(
    place: Place, book: RecordingBook, city: City, tmp_path: Path
) -> None:
    folder = tmp_path / "r"
    await place.write(*made(CALL, AT), *made(OTHER, AT), *made("acd-cb-7-17.9", AT))
    files(folder, CALL, OTHER, "17.1-17.8", "acd-cb-7-17.9")
    recordings = Recordings(book, folder, lambda: city, lambda: AT + DAY)
    assert await recordings.erase({"17.1", "acd-cb-7"}) == 3
    assert [path.stem for path in folder.iterdir()] == [OTHER]
    assert {row["why"] for row in await place.rows(tables.recording_gone)} == {"erased"}


async def test_recordings_in_a_folder_that_is_not_there_are_not_called_erased(
    place: Place, book: RecordingBook, city: City, tmp_path: Path
) -> None:
    await place.write(*made(CALL, AT))
    for folder in (None, tmp_path / "unmounted"):
        with pytest.raises(NotErased, match=r"not there.*17\.1-17\.2"):
            await Recordings(book, folder, lambda: city, lambda: AT + DAY).erase({"17.1"})
        assert await Recordings(book, folder, lambda: city, lambda: AT + DAY).erase({"17.9"}) == 0
    assert await place.rows(tables.recording_gone) == []


@pytest.mark.parametrize("name", ["../acd", "a/b", "", ".hidden", "x" * 300, "a\nb"])
def test_a_name_from_outside_leads_nowhere(book: RecordingBook, city: City, tmp_path: Path, name: str) -> None:
    (tmp_path / "acd.wav").write_bytes(b"RIFF")
    (tmp_path / "r").mkdir()
    assert Recordings(book, tmp_path / "r", lambda: city, lambda: AT).path(name) is None
