"""Whether a recording that has begun is written at all: Asterisk says that it is, also when its disk is full."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

import structlog

from acd.bootstrap.recordings import Recordings
from acd.model.events import Event, RecordingStarted
from acd.model.facts import RecordingMissing

WRITTEN_WITHIN: Final = 2.0
"""Seconds from its begin, after which its head must be in the file. Looked at once: what a shared folder has answered
it may go on to answer for a while."""

log = structlog.get_logger("acd.recordings")


class TapeWatch:
    """Looks after each recording that begins.

    Args:
        tell: takes the fact that nothing is written of one.
        after: seconds from its begin.
    """

    def __init__(
        self, recordings: Recordings, tell: Callable[[RecordingMissing], None], after: float = WRITTEN_WITHIN
    ) -> None:
        self._recordings = recordings
        self._tell = tell
        self._after = after
        self.looks: set[asyncio.Task[None]] = set()
        """Those to come."""

    def listen(self, events: Sequence[Event]) -> None:
        """A listener of the driver's."""
        for event in events:
            if isinstance(event, RecordingStarted):
                look = asyncio.get_running_loop().create_task(self._look(event))
                self.looks.add(look)
                look.add_done_callback(self.looks.discard)

    async def stop(self) -> None:
        looks = tuple(self.looks)
        for look in looks:
            look.cancel()
        await asyncio.gather(*looks, return_exceptions=True)

    async def _look(self, begun: RecordingStarted) -> None:
        await asyncio.sleep(self._after)
        try:
            unwritten = await asyncio.to_thread(self._recordings.unwritten, begun.recording)
        except OSError as error:
            log.warning("recordings.not_seen", recording=begun.recording, why=str(error))
            return
        # One that was over at once, or deleted meanwhile, is no longer looked for: the engine knows which are made.
        if unwritten:
            log.error("recordings.unwritten", recording=begun.recording)
            self._tell(RecordingMissing(begun.recording, begun.call, begun.attempt))
