"""Who worked when on a day that was, from the product's own records: as shifts with breaks."""

import asyncio
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from acd.model.events import OperatorChanged
from acd.model.ids import OperatorId
from acd.model.operator import OperatorState
from acd.records import Archive, day_bounds
from sim.model.setup import Break, Shift, Staff, midnight

_AWAY: Final = (OperatorState.NOT_READY, OperatorState.UNREACHABLE)
_DAY: Final = 86400.0


@dataclass
class _Day:
    """One operator's day so far; seconds since midnight."""

    came: float | None = None
    left_off: float | None = None
    """Since when he is away."""
    reason: str = ""
    shifts: list[tuple[float, float, tuple[Break, ...]]] = field(default_factory=list)
    breaks: list[Break] = field(default_factory=list)

    def becomes(self, at: float, state: OperatorState, reason: str) -> None:
        if self.left_off is not None and state not in _AWAY:
            self.breaks.append(Break(self.left_off, at - self.left_off, self.reason))
            self.left_off = None
        if state is OperatorState.LOGGED_OUT:
            self._goes(at)
            return
        if self.came is None:
            self.came = at
        if state in _AWAY and self.left_off is None:
            self.left_off, self.reason = at, reason

    def ends(self) -> None:
        """Midnight."""
        self.becomes(_DAY, OperatorState.LOGGED_OUT, "")

    def _goes(self, at: float) -> None:
        if self.came is not None and at > self.came:
            self.shifts.append((self.came, at, tuple(self.breaks)))
        self.came, self.breaks = None, []


def roster(database: str, day: date, operators: Collection[OperatorId], reasons: Collection[str]) -> Staff:
    """Who was logged in, and when he was not ready or his phone was lost. Nothing is left to chance: illness, no-shows
    and short pauses are in it as they were.

    Args:
        database: the records.
        day: the day, as the city counts days.
        operators: those whom the city has; others are left out.
        reasons: why one may be not ready; any other becomes the first of these.

    Raises:
        DatabaseUnusable: the records cannot be read.
    """
    found: dict[OperatorId, _Day] = {}
    usual = next(iter(reasons), "")
    start = midnight(day)
    for event in asyncio.run(_changes(database, day)):
        if event.operator in operators:
            his = found.setdefault(event.operator, _Day())
            if not his.shifts and his.came is None and event.before is not OperatorState.LOGGED_OUT:
                his.becomes(0.0, event.before, usual)
            reason = event.reason if event.reason in reasons else usual
            his.becomes(max(0.0, event.at - start), event.state, reason or usual)
    return Staff(shifts=tuple(shift for id, his in sorted(found.items()) for shift in _shifts(id, his, day)))


def _shifts(id: OperatorId, day: _Day, date: date) -> Iterator[Shift]:
    day.ends()
    for start, end, breaks in day.shifts:
        yield Shift(operators=(id,), weekdays=(date.weekday(),), start=start, end=end, breaks=breaks)


async def _changes(database: str, day: date) -> list[OperatorChanged]:
    since, until = day_bounds(day)
    archive = Archive(database)
    found = []
    try:
        async for event in archive.events_since(since):
            if event.at >= until:
                break
            if isinstance(event, OperatorChanged):
                found.append(event)
    finally:
        await archive.close()
    return found
