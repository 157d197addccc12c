"""The engine's journal: takes events without ever waiting, and one background task brings them to the database.

``write`` only appends to a queue in memory. The task gathers what comes within :data:`LINGER` and stores it as one
transaction. When the database takes nothing, the queue goes to a file next to it (:mod:`acd.records.spill`) at each
failed attempt, so memory stays small and a kill in the middle of an outage loses nothing; when the database is back,
the file goes first, then the queue: the order holds. Each entry carries its place in this run of the engine, and the
database keeps a receipt of the last place stored, so nothing is stored twice when a commit's answer was lost.

A process killed outright loses what came in the last :data:`LINGER` or is in the transaction under way. Nobody's call
hangs on that: the channel's variables tell the restarted engine about every call that is alive, its answer included.
"""

import asyncio
import hashlib
import time
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import msgspec
import structlog

from acd.model.events import Event
from acd.records.database import DatabaseUnusable, connect, parse_url, sqlite_path
from acd.records.entries import Entry, seal
from acd.records.spill import Spill
from acd.records.writing import Batch, store_or_blame

log = structlog.get_logger()

LINGER: Final = 0.05
"""Seconds during which events gather to share a transaction, which costs far more than an event. ``flush`` cuts it
short."""

BATCH: Final = 200
"""Entries after which a transaction is not kept waiting for more. Bounds how long the event loop is held: some ms."""

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
"""Seconds between attempts while the database is in trouble; doubled each time."""


class Health(msgspec.Struct, frozen=True):
    """How the records are doing."""

    behind: int
    """Events that are not in the database yet."""
    spilled: int
    """Those of them that are safe in the spill file."""
    last_error: str | None
    """Why the database takes nothing at present; None: it does."""


class EventsUnsafe(Exception):
    """{count} events are neither in the database nor in {spill}: {why}."""

    def __init__(self, count: int, spill: Path, why: str) -> None:
        super().__init__(f"{count} events are neither in the database nor in {spill}: {why}")


class Ledger:
    """Implements :class:`acd.ports.Journal`. To be used inside one event loop, as a context.

    Args:
        url: ``sqlite:///file`` or ``postgresql://user@host/name``.
        spill: the file for events that the database does not take; default for SQLite: next to it.
        key: what the hash of a citizen's number is made with; without one nobody knows who called again.
        switch_offset: seconds to add to Asterisk's clock to get ours, as measured last; None = there is no link.

    Raises:
        DatabaseUnusable: the address is wrong, or PostgreSQL without ``spill``.
    """

    def __init__(
        self,
        url: str,
        spill: Path | None = None,
        *,
        key: bytes | None = None,
        switch_offset: Callable[[], float | None] = lambda: None,
    ) -> None:
        self._engine = connect(url)
        self._key = key
        self._switch_offset = switch_offset
        self._spill = Spill(spill or _beside(url))
        self._source = uuid.uuid4().hex
        self._queue: deque[Batch] = deque()
        self._taken = 0
        """Entries that this run has made; and how many of them are in the database, and in the spill file."""
        self._stored = 0
        self._put_aside = 0
        self._marks = deque([(0, time.monotonic())])
        """So many entries had been made then; of those after them none was made earlier."""
        self._error: str | None = None
        self._closing = False
        self._task: asyncio.Task[None] | None = None
        self._something = asyncio.Event()
        self._hurry = asyncio.Event()
        self._moved = asyncio.Event()
        self._one_at_the_file = asyncio.Lock()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def start(self) -> None:
        """Begin to store, first of all what an earlier run had to put aside. Does not need the database to be there.

        Raises:
            OSError: the spill file cannot be read.
        """
        await asyncio.to_thread(self._spill.open)
        self._task = asyncio.create_task(self._run(), name="records")

    async def close(self) -> None:
        """Store what is left, or put it aside when the database does not take it now.

        Raises:
            EventsUnsafe: neither was possible.
        """
        self._closing = True
        self._hurry.set()
        self._something.set()
        if self._task is not None:
            # Not awaited itself: a transaction under way must not be cancelled together with us.
            await asyncio.wait([self._task])
            self._task.result()
        await self._engine.dispose()
        if self._unsafe:
            raise EventsUnsafe(self._unsafe, self._spill.path, self._error or "closed before it was started")

    async def put_aside(self) -> None:
        """What is in memory goes to the spill file now, also what a transaction under way has: the database takes
        nothing more of ours, and may not even say so before we end."""
        await self._save_aside()

    def write(self, events: Sequence[Event]) -> None:
        """Take the events of one step; they will be stored together.

        Raises:
            RuntimeError: the ledger is closed.
        """
        if self._closing:
            raise RuntimeError("the ledger is closed")
        if not events:
            return
        self._mark()
        self._taken += len(events)
        self._queue.append(Batch(self._source, self._taken, self._entries(events)))
        self._something.set()
        if self._unsafe >= BATCH:
            self._hurry.set()

    def _entries(self, events: Sequence[Event]) -> list[Entry]:
        """With Asterisk's clock beside ours, and who it is without saying who."""
        entries, offset = [seal(event) for event in events], self._switch_offset()
        for entry in entries:
            if offset is not None:
                entry.switch_at = entry.at - offset
            if self._key is not None and entry.number is not None:
                entry.citizen = citizen_of(entry.number, self._key)
        return entries

    async def flush(self) -> None:
        """Return when everything written so far is safe on disk: in the database, or else in the spill file."""
        await self._until(lambda target: max(self._stored, self._put_aside) >= target)

    async def caught_up(self) -> None:
        """Return when everything written so far, and all that earlier runs had put aside, is in the database."""
        await self._until(lambda target: self._stored >= target and not self._spill.pending)

    @property
    def health(self) -> Health:
        return Health(self._spill.pending + self._unsafe, self._spill.pending, self._error)

    @property
    def lag(self) -> float:
        """Seconds for which the oldest event has not been in the database, to a second; 0: all are."""
        while len(self._marks) > 1 and self._marks[1][0] <= (self._stored or -1):
            self._marks.popleft()
        return time.monotonic() - self._marks[0][1] if self.health.behind else 0.0

    def _mark(self) -> None:
        now = time.monotonic()
        if not self.health.behind:
            self._marks.clear()
        if not self._marks or now - self._marks[-1][1] >= 1.0:
            self._marks.append((self._taken, now))

    @property
    def _unsafe(self) -> int:
        """Entries in memory only."""
        return self._taken - max(self._stored, self._put_aside)

    async def _until(self, reached: Callable[[int], bool]) -> None:
        target = self._taken
        self._hurry.set()
        while not reached(target):
            await self._moved.wait()

    # --- The background task ------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        pause = FIRST_PAUSE
        while not self._closing or self._has_work():
            try:
                await self._gather()
                await self._store_next()
            except Exception as error:
                self._failed(error)
                await self._save_aside()
                if self._closing:
                    return
                await self._rest(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
            else:
                self._recovered()
                pause = FIRST_PAUSE
            self._tell()

    def _has_work(self) -> bool:
        return bool(self._queue) or self._spill.waiting

    async def _gather(self) -> None:
        """Wait for something to store, and a little for more of it."""
        if not self._has_work() and not self._closing:
            self._something.clear()
            await self._something.wait()
        if not self._spill.waiting and self._unsafe < BATCH:
            await self._hurried(LINGER)
        self._hurry.clear()

    async def _hurried(self, seconds: float) -> bool:
        """Wait until somebody is in a hurry, at most so long. False: nobody was."""
        try:
            async with asyncio.timeout(seconds):
                await self._hurry.wait()
        except TimeoutError:
            return False
        return True

    async def _store_next(self) -> None:
        if self._spill.waiting:
            async with self._one_at_the_file:
                found = await asyncio.to_thread(self._spill.read, BATCH)
            if found is not None:
                batch, mark = found
                await store_or_blame(self._engine, batch)
                async with self._one_at_the_file:
                    await asyncio.to_thread(self._spill.done, mark, len(batch.entries))
                if batch.source == self._source:
                    self._stored = batch.position
        elif self._queue:
            batch = self._next_steps()
            await store_or_blame(self._engine, batch)
            self._let_go(batch.position)
            self._stored = batch.position

    def _next_steps(self) -> Batch:
        """The queue's first steps, as many as make a batch. They stay in the queue until stored."""
        entries, position = [], 0
        for step in self._queue:
            entries += step.entries
            position = step.position
            if len(entries) >= BATCH:
                break
        return Batch(self._source, position, entries)

    def _let_go(self, position: int) -> None:
        """So far the queue is safe."""
        while self._queue and self._queue[0].position <= position:
            self._queue.popleft()

    def _tell(self) -> None:
        """Wake those who wait for progress."""
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    # --- Trouble ------------------------------------------------------------------------------------------------------

    def _failed(self, error: Exception) -> None:
        text = " ".join(str(getattr(error, "orig", error)).split()) or repr(error)
        if self._error is None:
            log.error("records.database_down", error=text, events=self._unsafe)
        self._error = text

    def _recovered(self) -> None:
        if self._error is not None:
            log.info("records.database_back", behind=self.health.behind)
            self._error = None

    async def _save_aside(self) -> None:
        """Move the queue to the spill file. When that fails, too, it stays in memory."""
        async with self._one_at_the_file:
            steps = list(self._queue)
            if not steps:
                return
            try:
                await asyncio.to_thread(self._spill.append, steps)
            except OSError as error:
                log.error("records.spill_failed", file=str(self._spill.path), error=str(error), events=self._unsafe)
                return
            self._let_go(steps[-1].position)
            self._put_aside = steps[-1].position
        self._tell()

    async def _rest(self, seconds: float) -> None:
        """Leave the database alone for a while; what comes meanwhile is put aside as soon as somebody wants it safe."""
        end = asyncio.get_running_loop().time() + seconds
        while not self._closing and (left := end - asyncio.get_running_loop().time()) > 0:
            if await self._hurried(left):
                self._hurry.clear()
                await self._save_aside()


def citizen_of(number: str, key: bytes) -> str:
    """The same for the same number, and no way back to it without the key (at most 64 bytes)."""
    return hashlib.blake2b(number.encode(), key=key, digest_size=16).hexdigest()


def _beside(url: str) -> Path:
    """Where events go that a SQLite database does not take."""
    path = sqlite_path(parse_url(url))
    if path is None:
        raise DatabaseUnusable(str(parse_url(url)), "tell where to put events while the server is away (spill)")
    return path.with_name(path.name + ".spill.jsonl")
