"""A recording of which nothing is written is found out, whatever Asterisk says of it."""

import asyncio
from pathlib import Path

import pytest

from acd.bootstrap.recordings import Recordings
from acd.bootstrap.tape_watch import TapeWatch
from acd.model import events as ev
from acd.model import facts as f
from acd.model.ids import CallId, LineId
from acd.records.recordings import RecordingBook

A = CallId("a")


async def found(state: Path, folder: Path | None, *names: str) -> list[f.RecordingMissing]:
    """What the watch tells of these, a moment after they began."""
    (state / "acd.db").touch()
    book = RecordingBook(f"sqlite:///{state}/acd.db")
    told: list[f.RecordingMissing] = []
    watch = TapeWatch(Recordings(book, folder, lambda: pytest.fail("of no use here"), lambda: 0.0), told.append, 0.0)
    try:
        watch.listen([ev.RecordingStarted(0.0, name, A, None, LineId("info"), None, 0.0) for name in names])
        await asyncio.gather(*watch.looks)
    finally:
        await watch.stop()
        await book.close()
    return told


async def test_what_has_no_file_or_an_empty_one_is_not_recorded(tmp_path: Path) -> None:
    (tmp_path / "a-1.wav").write_bytes(b"RIFF")
    (tmp_path / "a-2.wav").touch()
    told = await found(tmp_path, tmp_path, "a-1", "a-2", "a-3")
    assert sorted(told, key=lambda one: one.recording) == [f.RecordingMissing(name, A, None) for name in ("a-2", "a-3")]


@pytest.mark.parametrize("there", [False, True])
async def test_where_the_folder_is_not_seen_asterisk_is_believed(tmp_path: Path, there: bool) -> None:
    assert await found(tmp_path, tmp_path / "elsewhere" if there else None, "a-1") == []
