"""Work in order, by one task, on a database that may be away.

What has an answer is answered in time, whatever the database does: once its patience is over the answer is no, and what
may have been written all the same is undone before anything else is done. What must not be lost is tried until it is
done. What is left at the end stands as it is in the database, in whole steps.
"""

import asyncio
import traceback
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

import structlog
from structlog.contextvars import bound_contextvars, get_contextvars

from acd.model.commands import BOOKING_PATIENCE
from acd.model.facts import Fact
from acd.ports import StoreAway

PATIENCE: Final = BOOKING_PATIENCE - 0.5
"""Seconds after which what has no answer yet is answered no."""
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 1.0
"""Seconds between attempts while the database is away; doubled each time."""
STOP_PATIENCE: Final = 8.0
"""Seconds that :meth:`Jobs.stop` takes at most."""

Work = Callable[["Job"], Awaitable[None]]

log = structlog.get_logger()


class Job:
    """One thing to do.

    Args:
        work: does it, and answers.
        refusal: the answer when it cannot be done in time; None = it has no answer.
        undo: takes back what it may have written although it was refused.
        must: it is tried until it is done.
    """

    def __init__(
        self,
        work: Work,
        *,
        refusal: Fact | None = None,
        undo: Callable[[], Awaitable[None]] | None = None,
        must: bool = False,
    ) -> None:
        self.work = work
        self.refusal = refusal
        self.undo = undo
        self.must = must
        self.begun = False
        self.answered = False
        self.late = False
        """Refused, because its time was over."""
        self.timer: asyncio.TimerHandle | None = None
        self.about = get_contextvars()
        """Whom it is about, for the log: the call or the promise that is being handled when it is asked for."""


class Jobs:
    """The queue and its one task.

    Args:
        tell: where answers go.
        away: the database does not answer; called at each failure.
        back: it answers again.
    """

    def __init__(self, tell: Callable[[Fact], None], away: Callable[[], None], back: Callable[[], None]) -> None:
        self._tell = tell
        self._away = away
        self._back = back
        self._queue: asyncio.Queue[Job | None] = asyncio.Queue()
        self._at_work: Job | None = None
        self._task: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()
        self._trouble = False

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="promises")

    async def stop(self) -> None:
        """Do what is in the queue, as far as the database lets us, and answer all that has an answer."""
        if self._task is None:
            return
        self._stopping.set()
        self._queue.put_nowait(None)
        await asyncio.wait([self._task], timeout=STOP_PATIENCE)
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        for job in self._left():
            self._refuse(job)

    def _left(self) -> list[Job]:
        """What there was no time for."""
        left = [self._at_work] if self._at_work else []
        while not self._queue.empty():
            if job := self._queue.get_nowait():
                left.append(job)
        if left:
            log.error("callback.left_undone", jobs=len(left))
        return left

    def ask(self, work: Work, refusal: Fact, undo: Callable[[], Awaitable[None]] | None = None) -> None:
        """Something that has an answer, in time."""
        job = Job(work, refusal=refusal, undo=undo)
        job.timer = asyncio.get_running_loop().call_later(PATIENCE, self._refuse, job)
        self._queue.put_nowait(job)

    def later(self, work: Work, *, must: bool = False) -> None:
        """Something that has no answer; ``must``: until it is done."""
        self._queue.put_nowait(Job(work, must=must))

    def answer(self, job: Job, fact: Fact) -> None:
        """The one answer: what comes later is not told any more."""
        if job.answered:
            return
        job.answered = True
        if job.timer is not None:
            job.timer.cancel()
        self._tell(fact)

    def _refuse(self, job: Job) -> None:
        if job.refusal is not None and not job.answered:
            job.late = True
            self.answer(job, job.refusal)

    async def _run(self) -> None:
        """Until all is done that was asked for before the end, and what follows from that."""
        while (job := await self._queue.get()) is not None or not self._queue.empty():
            if job is None:
                self._queue.put_nowait(None)
                continue
            self._at_work = job
            with bound_contextvars(**job.about):
                await self._carry_out(job)
            self._at_work = None

    async def _carry_out(self, job: Job) -> None:
        """Until it is done, or is no longer to be done."""
        pause = FIRST_PAUSE
        while not await self._done(job):
            if self._stopping.is_set():
                # One more, to undo what was refused.
                self._refuse(job)
                if not await self._done(job):
                    log.error("callback.left_undone", jobs=1)
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._stopping.wait()
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _done(self, job: Job) -> bool:
        """Try it. False: the database is away, and it is worth another attempt."""
        try:
            await self._try(job)
        except StoreAway as away:
            self._failed(away)
            return job.refusal is None and not job.must
        except Exception as error:
            # Its text may hold what was to be written.
            at = traceback.extract_tb(error.__traceback__)[-1]
            log.error("callback.failed", error=type(error).__name__, at=f"{at.filename}:{at.lineno}")
            self._refuse(job)
            return True
        self._recovered()
        return True

    async def _try(self, job: Job) -> None:
        if not job.late:
            job.begun = True
            await job.work(job)
        # It may have become late meanwhile.
        if job.late and job.begun and job.undo is not None:
            await job.undo()

    def _failed(self, away: StoreAway) -> None:
        if not self._trouble:
            log.error("callback.store_away", why=str(away))
        self._trouble = True
        self._away()

    def _recovered(self) -> None:
        if self._trouble:
            log.info("callback.store_back")
            self._trouble = False
            self._back()
