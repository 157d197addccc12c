"""Where entries go while the database takes none: a file of JSON lines next to it, written in order and forced to disk.

One line a step of the engine, so that a step is never halved. A line torn by a crash was never promised to anybody and
is cut off. The file goes away when all of it is in the database.
"""

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
import structlog

from acd.records.writing import Batch

log = structlog.get_logger()

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Batch).decode
_DAMAGED: Final = (msgspec.MsgspecError, UnicodeDecodeError)


class Spill:
    """The file; every method blocks on the disk."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.pending = 0
        """Entries that are here and, as far as is known, not yet in the database."""
        self._read_to = 0
        self._end = 0
        self._damaged = False

    @property
    def waiting(self) -> bool:
        """Whether there is anything to be read."""
        return self._read_to < self._end

    def open(self) -> None:
        """Look what an earlier run left."""
        if not self.path.exists():
            return
        whole = 0
        with self.path.open("r+b") as file:
            for line in file:
                if line.endswith(b"\n"):
                    whole += len(line)
                    self.pending += _count(line)
            file.truncate(whole)
        self._end = whole

    def append(self, batches: Sequence[Batch]) -> None:
        """Add ``batches``; on return they are on the disk.

        Raises:
            OSError: they are not, and the file is as before.
        """
        lines = b"".join(_encode(batch) + b"\n" for batch in batches)
        new = not self.path.exists()
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT, 0o600)
        with open(descriptor, "wb", buffering=0) as file:
            # Also cuts off what a failed attempt may have left.
            file.truncate(self._end)
            file.seek(self._end)
            written = file.write(lines)
            if written != len(lines):
                raise OSError(f"{self.path}: wrote {written} of {len(lines)} bytes")
            os.fsync(descriptor)
        if new:
            _force_name(self.path.parent)
        self._end += len(lines)
        self.pending += sum(len(batch.entries) for batch in batches)

    def read(self, limit: int) -> tuple[Batch, int] | None:
        """The oldest entries, about ``limit`` of them, and the mark to give to :meth:`done`; None when there are none.

        Raises:
            OSError: the file cannot be read.
        """
        if not self.waiting:
            return None
        batch, mark = None, self._read_to
        with self.path.open("rb") as file:
            file.seek(mark)
            while mark < self._end and (batch is None or len(batch.entries) < limit):
                line = file.readline()
                more = self._decoded(line, mark)
                if more is not None and batch is not None and more.source != batch.source:
                    break
                batch = _joined(batch, more)
                mark += len(line)
        if batch is None:
            self.done(mark, 0)
            return None
        return batch, mark

    def all(self, limit: int) -> tuple[list[Batch], int]:
        """All that is in the file, about ``limit`` entries of one run together, and the mark of its end.

        Raises:
            OSError: the file cannot be read.
        """
        batches: list[Batch] = []
        mark = 0
        if self._end:
            with self.path.open("rb") as file:
                while mark < self._end:
                    line = file.readline()
                    more = self._decoded(line, mark)
                    mark += len(line)
                    last = batches[-1] if batches else None
                    if more is None:
                        continue
                    if last is not None and last.source == more.source and len(last.entries) < limit:
                        batches[-1] = Batch(more.source, more.position, last.entries + more.entries)
                    else:
                        batches.append(more)
        return batches, mark

    def _decoded(self, line: bytes, at: int) -> Batch | None:
        try:
            return _decode(line)
        except _DAMAGED as error:
            log.error("records.spill_damaged", file=str(self.path), byte=at, error=str(error))
            self._damaged = True
            return None

    def done(self, mark: int, entries: int) -> None:
        """So far all is in the database. A file with lines that could not be read is kept aside for a person."""
        self._read_to = mark
        self.pending -= entries
        if self._end and mark >= self._end:
            if self._damaged:
                self.path.rename(self.path.with_name(f"{self.path.name}.{time.time_ns()}.damaged"))
            else:
                self.path.unlink()
            self._read_to = self._end = self.pending = 0
            self._damaged = False


def erase_damaged(path: Path, before: float) -> int:
    """Delete the files that were kept aside before then, beside the spill file at ``path``; returns how many.

    Args:
        before: seconds since the epoch.

    Raises:
        OSError: one cannot be deleted.
    """
    old = [file for file in path.parent.glob(f"{path.name}.*.damaged") if file.stat().st_mtime < before]
    for file in old:
        log.warning("records.damaged_spill_erased", file=str(file))
        file.unlink()
    return len(old)


def _force_name(folder: Path) -> None:
    """A new file is safe when its folder is, too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _joined(batch: Batch | None, more: Batch | None) -> Batch | None:
    if batch is None or more is None:
        return batch or more
    return Batch(batch.source, more.position, batch.entries + more.entries)


def _count(line: bytes) -> int:
    try:
        return len(_decode(line).entries)
    except _DAMAGED:
        return 0
