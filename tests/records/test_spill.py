"""The file for bad times: whole lines, in order, whatever the disk does."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.model.events import MoveRefused
from acd.records.entries import seal
from acd.records.spill import Spill, erase_damaged
from acd.records.writing import Batch


def step(position: int, entries: int = 2, source: str = "run", text: str = "") -> Batch:
    return Batch(source, position, [seal(MoveRefused(1.0, f"{position}{text}", "")) for _ in range(entries)])


def read_all(spill: Spill, limit: int = 3) -> list[Batch]:
    found = []
    while (part := spill.read(limit)) is not None:
        batch, mark = part
        found.append(batch)
        spill.done(mark, len(batch.entries))
    return found


@contextmanager
def disk_of(size: int) -> Iterator[None]:
    """No file may grow beyond ``size`` bytes: the write stops in the middle, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_what_goes_in_comes_out_in_order_and_the_file_goes_away(tmp_path: Path) -> None:
    spill = Spill(tmp_path / "spill")
    spill.append([step(2), step(4)])
    spill.append([step(6)])
    assert (spill.pending, spill.waiting) == (6, True)
    assert [(batch.position, len(batch.entries)) for batch in read_all(spill)] == [(4, 4), (6, 2)]
    assert (spill.pending, spill.waiting) == (0, False)
    assert not spill.path.exists()


def test_what_is_added_during_the_reading_is_read_too(tmp_path: Path) -> None:
    spill = Spill(tmp_path / "spill")
    spill.append([step(2)])
    batch, mark = spill.read(10) or pytest.fail("nothing to read")
    spill.append([step(4)])
    spill.done(mark, len(batch.entries))
    assert [batch.position for batch in read_all(spill)] == [4]


def test_entries_of_different_runs_are_not_mixed(tmp_path: Path) -> None:
    spill = Spill(tmp_path / "spill")
    spill.append([step(2), step(1, 1, "later run"), step(2, 1, "later run")])
    assert [(b.source, b.position, len(b.entries)) for b in read_all(spill, 100)] == [
        ("run", 2, 2),
        ("later run", 2, 2),
    ]


def test_a_disk_that_fills_up_in_the_middle_of_a_line_spoils_nothing(tmp_path: Path) -> None:
    spill = Spill(tmp_path / "spill")
    spill.append([step(2)])
    size = spill.path.stat().st_size
    with disk_of(size + 50), pytest.raises(OSError, match=r"wrote 50 of|File too large"):
        spill.append([step(4, text="x" * 500)])
    assert spill.pending == 2
    spill.append([step(6)])
    assert [(batch.position, len(batch.entries)) for batch in read_all(spill, 100)] == [(6, 4)]


@given(cut=st.integers(min_value=1))
def test_a_crash_in_the_middle_of_a_line_costs_only_that_line(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    path = tmp_path_factory.mktemp("spill") / "spill"
    Spill(path).append([step(2), step(4)])
    whole = path.read_bytes()
    last = whole.index(b"\n") + 1
    path.write_bytes(whole[: last + cut % (len(whole) - last)])
    spill = Spill(path)
    spill.open()
    spill.append([step(6)])
    assert [entry.data for batch in read_all(spill) for entry in batch.entries] == [
        entry.data for batch in (step(2), step(6)) for entry in batch.entries
    ]


def test_a_line_that_cannot_be_read_is_left_out_and_the_file_kept_for_a_person(tmp_path: Path) -> None:
    path = tmp_path / "spill"
    Spill(path).append([step(2)])
    good = path.read_bytes()
    path.write_bytes(good + b'{"rubbish": 1}\n' + good.replace(b'"run",2', b'"run",4'))
    spill = Spill(path)
    spill.open()
    assert spill.pending == 4
    assert [batch.position for batch in read_all(spill, 100)] == [4]
    (kept,) = tmp_path.iterdir()
    assert kept.name.endswith(".damaged")
    assert b"rubbish" in kept.read_bytes()
    spill.append([step(9)])
    assert [batch.position for batch in read_all(spill)] == [9]


def test_a_file_of_rubbish_only_is_put_away(tmp_path: Path) -> None:
    (tmp_path / "spill").write_bytes(b"rubbish\n" * 5)
    spill = Spill(tmp_path / "spill")
    spill.open()
    assert spill.read(10) is None
    assert not spill.waiting
    assert not spill.path.exists()


def test_what_nobody_could_read_goes_when_it_is_old_and_what_is_still_to_be_read_stays(tmp_path: Path) -> None:
    path = tmp_path / "spill"
    names = ("spill", "spill.1.damaged", "spill.2.damaged", "other.1.damaged")
    for name, written in zip(names, (10.0, 10.0, 20.0, 10.0), strict=True):
        (tmp_path / name).write_bytes(b"")
        os.utime(tmp_path / name, (written, written))
    assert erase_damaged(path, 20.0) == 1
    assert {file.name for file in tmp_path.iterdir()} == {*names} - {"spill.1.damaged"}
