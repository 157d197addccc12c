"""The files of recorded conversations: found, compared with the records, and deleted when their time is over.

Asterisk writes them, we read and delete them: the folder is shared. A name is checked before it becomes a path.
"""

import asyncio
import re
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Final

from acd.config import City
from acd.model.recording import NotErased, Reconciled, Recording
from acd.ports import Clock
from acd.records.recordings import RecordingBook

DAY: Final = 86_400.0
SETTLING: Final = 300.0
"""Seconds in which a file and its line in the records may come one after the other."""
LONGEST: Final = 3650
"""Days, the longest term that a line may have."""

_NAME: Final = re.compile(r"[\w@][\w.@-]{1,199}", re.ASCII)


class Recordings:
    """Implements :class:`acd.web.recordings.Recordings`.

    Args:
        folder: where Asterisk puts the files, as this host sees it; None = it is not shared with us.
    """

    def __init__(self, book: RecordingBook, folder: Path | None, city: Callable[[], City], clock: Clock) -> None:
        self._book = book
        self._folder = folder
        self._city = city
        self._clock = clock

    def path(self, recording: str) -> Path | None:
        """Its file; None = there is none, or nothing is in it: the disk was full as it began."""
        if self._folder is None or not _NAME.fullmatch(recording):
            return None
        path = self._folder / f"{recording}.wav"
        return path if path.is_file() and not path.is_symlink() and path.stat().st_size > 0 else None

    def unwritten(self, recording: str) -> bool:
        """Sure that nothing is written of one that is being made; False where we do not see the folder."""
        return self._seen() and self.path(recording) is None

    async def of_call(self, call: str) -> list[Recording]:
        return await self._book.of_call(call)

    async def one(self, recording: str) -> Recording | None:
        return await self._book.one(recording)

    async def expire(self) -> int:
        """Delete those whose time is over, and files that nobody knows once every term is over; how many.

        Raises:
            DatabaseUnusable: the records cannot be reached.
            OSError: a file cannot be deleted.
        """
        if self._folder is None:
            return 0
        now = self._clock()
        rules = {line.id: line.recording for line in self._city().policy.lines.values()}
        terms = {id: rule.keep for id, rule in rules.items() if rule is not None}
        # Of a line that records no longer: by the longest term that there is, and without one at once.
        longest = max(terms.values(), default=0)
        over = await self._book.expired({id: now - days * DAY for id, days in terms.items()}, now - longest * DAY)
        names = [one.recording for one in over]
        await asyncio.to_thread(self._delete, names)
        await self._book.note_gone(names, now, "expired")
        known = {one.recording for one in await self._book.standing()}
        strays = await asyncio.to_thread(self._strays, known, now - max(longest * DAY, SETTLING))
        await asyncio.to_thread(self._delete, strays)
        return len(names) + len(strays)

    async def reconcile(self) -> Reconciled:
        """Which recordings have no file, and which files no recording."""
        now = self._clock()
        standing = {one.recording: one for one in await self._book.standing()}
        there = await asyncio.to_thread(lambda: {name: self.path(name) is not None for name in standing})
        settled = [name for name, one in standing.items() if one.began_at < now - SETTLING or one.ended_at is not None]
        missing = tuple(name for name in settled if not there[name])
        strays = await asyncio.to_thread(self._strays, set(standing), now - SETTLING)
        return Reconciled(sum(there.values()), missing, tuple(sorted(strays)))

    async def files_of(self, owners: Collection[str]) -> list[Path]:
        """Files of these calls and attempts, also those of which the records know nothing."""
        return await asyncio.to_thread(self._files_of, owners)

    async def erase(self, owners: Collection[str]) -> int:
        """Delete the recordings of these calls and attempts; how many.

        Raises:
            NotErased: a file cannot be deleted, or looked for.
        """
        known = [one.recording for one in await self._book.of(owners)]
        if known and not await asyncio.to_thread(self._seen):
            raise NotErased(sorted(known), "the folder with the recordings is not there")
        files = [path.stem for path in await self.files_of(owners)]
        try:
            await asyncio.to_thread(self._delete, files)
        except OSError as error:
            raise NotErased(sorted(files), error.strerror or str(error)) from None
        await self._book.note_gone(known, self._clock(), "erased")
        return len({*known, *files})

    def _files_of(self, owners: Collection[str]) -> list[Path]:
        return [path for path in self._files() if path.stem.rpartition("-")[0] in owners]

    def _seen(self) -> bool:
        return self._folder is not None and self._folder.is_dir()

    def _files(self) -> Iterable[Path]:
        if self._folder is None or not self._folder.is_dir():
            return ()
        return sorted(self._folder.glob("*.wav"))

    def _strays(self, known: Collection[str], before: float) -> list[str]:
        return [path.stem for path in self._files() if path.stem not in known and path.stat().st_mtime < before]

    def _delete(self, recordings: Iterable[str]) -> None:
        assert self._folder is not None or not recordings
        for name in recordings:
            if self._folder is not None and _NAME.fullmatch(name):
                (self._folder / f"{name}.wav").unlink(missing_ok=True)
