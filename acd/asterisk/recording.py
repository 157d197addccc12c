"""Raw recordings of AMI sessions: what came and went, byte by byte and to the microsecond.

A recording is three files with one name: ``.recv`` and ``.sent`` hold the bytes as they were (secrets masked), and
each line of ``.idx.jsonl`` says of one read or write at which second (``t``, since the start of the file), in which
direction (``dir``, ``<`` received, ``>`` sent) and where in its file (``off``, ``len``).
"""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

import structlog

from acd.asterisk.actions import Action
from acd.model.mendable import Mendable

log = structlog.get_logger("acd.asterisk")

_SUFFIXES: Final = (".recv", ".sent", ".idx.jsonl")
_MASK: Final = b"****"
_LONGEST: Final = 86_400.0
"""Seconds after which the next recording begins: what lies in one is of one day, and can be erased by the clock."""


class Recorder:
    """Records one session, from its first byte. A recording that has grown to its bound, or is a day old, is closed
    between two messages and the next begins; of all recordings in the folder only the newest are kept, so the folder
    cannot grow without bound. When it cannot be written to, the recording stops: a full disk must not keep citizens
    waiting.

    Args:
        folder: made when missing, readable by its owner only.
        most_bytes: at which the next recording begins.
        most_files: recordings kept.
    """

    def __init__(
        self,
        folder: Path,
        most_bytes: int = 64 * 1024 * 1024,
        most_files: int = 8,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._folder = folder
        self._most_bytes = most_bytes
        self._most_files = most_files
        self._clock = clock
        self._files: list[BinaryIO] = []
        self._sizes = [0, 0]
        self._begun = 0.0
        self._stopped = False

    def received(self, data: bytes, *, boundary: bool) -> None:
        """Note bytes read. ``boundary``: a new message begins with them."""
        full = sum(self._sizes) >= self._most_bytes or self._clock() - self._begun >= _LONGEST
        if boundary and full:
            self._close_files()
        self._note(0, data)

    def sent(self, action: Action, data: bytes) -> None:
        """Note an action, without what nobody may read."""
        for name, value in action:
            if name in ("Secret", "Key"):
                data = data.replace(f"{name}: {value}".encode(), f"{name}: ".encode() + _MASK)
        self._note(1, data)

    def close(self) -> None:
        """Record no more."""
        self._stopped = True
        self._close_files()

    def _close_files(self) -> None:
        for file in self._files:
            file.close()
        self._files = []

    def _begin(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._begun = self._clock()
        stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(self._begun))
        name = f"ami-{stamp}-{int(self._begun % 1 * 1e6):06d}"
        self._sizes = [0, 0]
        self._files = [(self._folder / f"{name}{suffix}").open("ab", buffering=0) for suffix in _SUFFIXES]
        for file in sorted(self._folder.glob("ami-*.recv"))[: -self._most_files]:
            for suffix in _SUFFIXES:
                file.with_name(file.name.removesuffix(".recv") + suffix).unlink(missing_ok=True)

    def _note(self, which: int, data: bytes) -> None:
        if self._stopped:
            return
        try:
            if not self._files:
                self._begin()
            t = round(self._clock() - self._begun, 6)
            line = {"t": t, "dir": "<>"[which], "off": self._sizes[which], "len": len(data)}
            self._files[which].write(data)
            self._files[2].write(json.dumps(line).encode() + b"\n")
            self._sizes[which] += len(data)
        except OSError as error:
            log.error("the AMI session is not recorded any more", error=str(error))
            self.close()


def erase_recordings(folder: Path, before: float) -> int:
    """Delete the recordings of which the last byte was written before then, also of several servers; returns how many.

    Args:
        before: seconds since the epoch.

    Raises:
        OSError: one cannot be deleted.
    """
    old = [file for file in folder.rglob("ami-*.recv") if file.stat().st_mtime < before]
    for file in old:
        for suffix in _SUFFIXES:
            file.with_name(file.name.removesuffix(".recv") + suffix).unlink(missing_ok=True)
    return len(old)


class Piece(NamedTuple):
    """One read or write of a session."""

    t: float
    """Seconds since its start."""
    received: bool
    data: bytes


class BadRecording(Mendable, ValueError):
    """{file}, line {line}: {why}."""

    def __init__(self, file: Path, line: int, why: str) -> None:
        super().__init__(f"{file}, line {line}: {why}.")


def read_recording(recv: Path) -> Iterator[Piece]:
    """The pieces of a recording, in order.

    Args:
        recv: its ``.recv`` file, or the common name of its files.

    Raises:
        OSError: a file is missing.
        BadRecording: a line of the index does not fit.
    """
    name = recv.name.removesuffix(".recv")
    received, sent = (recv.with_name(name + suffix).read_bytes() for suffix in _SUFFIXES[:2])
    index = recv.with_name(name + _SUFFIXES[2])
    with index.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            yield _piece(index, number, line, received, sent)


def _piece(index: Path, number: int, line: str, received: bytes, sent: bytes) -> Piece:
    try:
        entry: dict[str, Any] = json.loads(line)
        data = {"<": received, ">": sent}[entry["dir"]]
        start, length = int(entry["off"]), int(entry["len"])
        piece = Piece(float(entry["t"]), entry["dir"] == "<", data[start : start + length])
    except (ValueError, KeyError, TypeError) as error:
        raise BadRecording(index, number, f"no entry of an index ({error})") from error
    if start < 0 or len(piece.data) != length:
        raise BadRecording(index, number, "it points outside its file")
    return piece
