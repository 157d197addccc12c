"""What the pages tell of today: folds over the events since midnight.

After a start the callers come first. What the records know of the day, some ten thousand events by the evening, is read
while the engine serves already; what happens meanwhile is counted after it, in its order.
"""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Final

import structlog

from acd.engine.tally import Tally
from acd.engine.unseen import Unseen
from acd.model.events import CallRepaired, Event
from acd.model.ids import LineId
from acd.records import Archive, DatabaseUnusable
from acd.web.desk.today import Today

AGAIN: Final = 1.0
"""Seconds until a database that was away is asked again."""

log = structlog.get_logger()


class Day:
    """The counts of today.

    Args:
        target_wait: seconds in which each line's callers are to be answered.
    """

    def __init__(self, target_wait: Mapping[LineId, float]) -> None:
        self.tally = Tally(dict(target_wait))
        self.own = Today()
        """Of each operator."""
        self.unseen = Unseen()
        self.known = asyncio.Event()
        """The events of before are counted."""
        self._since = 0.0
        self._newest = 0
        self._gaps: list[tuple[float | None, float | None]] = []
        self._meanwhile: list[Event] = []

    async def begin(self, archive: Archive, midnight: float) -> None:
        """Before anything happens: what the records hold is to be counted, and nothing that comes in from now on.

        Raises:
            DatabaseUnusable: the records cannot be read.
        """
        self._since, self._newest = midnight, await archive.newest()
        self._gaps = await archive.gaps_since(midnight)

    async def recall(self, archive: Archive) -> None:
        """Count what the records held at the begin; returns when that is done, however long the database is away."""
        while not self.known.is_set():
            try:
                async for event in archive.events_since(self._since, until=self._newest):
                    self._recall(event)
            except DatabaseUnusable as error:
                log.warning("the counts of today wait for the database", error=str(error))
                self._reset()
                await asyncio.sleep(AGAIN)
            else:
                self.unseen.recall(self._gaps)
                self.known.set()
                self._apply(self._meanwhile)
                self._meanwhile.clear()

    def listen(self, events: Iterable[Event]) -> None:
        """Call it after every step of the engine."""
        if self.known.is_set():
            self._apply(events)
        else:
            self._meanwhile += events

    def turn(self, midnight: float) -> None:
        """A new day begins; ``midnight`` in seconds since the epoch. Nothing of before counts, known yet or not."""
        self._since = midnight
        self._meanwhile = [event for event in self._meanwhile if event.at >= midnight]
        self._reset()
        self.unseen.forget(midnight)

    def _recall(self, event: Event) -> None:
        """A new day may have begun since the reading did; and a call of another day, repaired today, counts there."""
        if (event.arrived_at if isinstance(event, CallRepaired) else event.at) >= self._since:
            self._apply([event])

    def _apply(self, events: Iterable[Event]) -> None:
        events = list(events)
        self.tally.apply(events)
        self.own.apply(events)
        self.unseen.apply(events)

    def _reset(self) -> None:
        self.tally.reset()
        self.own.reset()
