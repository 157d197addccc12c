"""Which moments a caller can be promised: calm half-hours with operators' time behind them.

For each half-hour in which the line's citizens may be called:

1. **Load**: the calls that the forecast expects on every line, times their handle time, are laid on the operators at
   work so that nobody is busier than he must be. What an operator has left is his idle time; he has it once, however
   many lines he serves.
2. **Calm**: the operators of the line are busy for at most ``occupancy`` (0.75) of their time, in this half-hour and in
   the next. So the half-hour before closing, or before a lunch in which nobody calls, is never promised: what runs late
   would have nowhere to go.
3. **Capacity**: of an operator's idle time each line may promise its part, by the load of the lines that he serves; and
   of that only ``share`` (0.5), over the handle time. What does not make a whole call is carried to the next calm
   half-hour of the day. What is promised already goes off.

Of the half-hours that are left a caller hears three: the earliest, then the earliest of another part of the day. None
begins in the next few minutes, or ends after the deadline. When only moments are left after which nobody could be tried
again, none is offered: "as soon as it is calm" then keeps more promises.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Final

import msgspec

from acd.callbacks.days import calling_spans, days, local, part_of, terms
from acd.callbacks.forecast import Forecast, half_hour, slot_of
from acd.callbacks.moments import second_chance
from acd.callbacks.outlook import outlook
from acd.callbacks.roster import Presence, Roster
from acd.config.city import City
from acd.model.callback import Window
from acd.model.history import HALF_HOUR, History, Outlook
from acd.model.ids import LineId, OperatorId

LEAD: Final = 15 * 60.0
"""Seconds from now to the first moment that is promised: who is called back at once may as well wait."""
OFFERED: Final = 3
"""Moments that a caller hears at most."""

_ROUNDS: Final = 5
"""Of evening out the load between lines that share operators."""


class HalfHour(msgspec.Struct, frozen=True):
    """One half-hour of a line, as planned."""

    start: float
    """Seconds since the epoch."""
    calls: float
    """Callers expected on the line."""
    operators: float
    """Operators of the line at work; a half one has a break."""
    occupancy: float
    """The part of these operators' time that goes to calls, of whatever line. 1.0 when nobody is there."""
    calm: bool
    capacity: int
    """Calls back that may be promised in it."""


class Planner:
    """The moments of the days to come. Made anew each half-hour; a day is worked out when it is first asked for.

    Args:
        now: seconds since the epoch.
    """

    def __init__(self, city: City, history: History, now: float) -> None:
        self._city = city
        self._talk = history.talk
        self._forecast = Forecast(city, history, now)
        self._roster = Roster(city, history, now)
        self._arrivals = history.arrivals
        self._outlooks: dict[date, Mapping[LineId, Outlook]] = {}
        self._plans: dict[date, Mapping[LineId, Sequence[HalfHour]]] = {}

    def slots(self, line: LineId, now: float, deadline: float, taken: Mapping[float, int]) -> tuple[Window, ...]:
        """The moments that a caller can be promised: three at most, the earliest first, none alike.

        Args:
            deadline: seconds since the epoch; a moment ends before it.
            taken: how many moments of this line are promised, or offered to somebody who has not chosen yet, by their
                begin. One that begins within a half-hour counts to it.

        Raises:
            KeyError: there is no such line.
        """
        if self._city.lines[line].callback is None:
            return ()
        used: Counter[int] = Counter()
        for start, promises in taken.items():
            used[half_hour(start)] += promises
        free = [
            Window(half.start, half.start + HALF_HOUR)
            for half in self._half_hours(line, now, deadline)
            if half.start >= now + LEAD
            and half.start + HALF_HOUR <= deadline
            and half.capacity > used[half_hour(half.start)]
        ]
        if free and self._better_soon(line, now, free[0].start, deadline):
            return ()
        return _spread(free)

    def _better_soon(self, line: LineId, now: float, first: float, deadline: float) -> bool:
        """Only last moments are free, and called as soon as it is calm he may still be tried again."""
        city = self._city
        return (
            second_chance(city, line, first, deadline) is None and second_chance(city, line, now, deadline) is not None
        )

    def capacity(self, line: LineId, start: float) -> int:
        """How many calls back of this line may be promised in the half-hour that begins at ``start``."""
        plan = self.day(local(start).date()).get(line, ())
        return next((half.capacity for half in plan if half.start == start), 0)

    def expected_calls(self, now: float) -> dict[LineId, float]:
        """Callers expected on each line in the half-hour of ``now``."""
        day, slot = local(now).date(), slot_of(now)
        return {line: self._forecast.calls(line, day, slot) for line in self._city.lines}

    def outlook(self, now: float) -> Mapping[LineId, Outlook]:
        """What the day of ``now`` is expected to bring on each line, and what its weekday brought before."""
        day = local(now).date()
        if day not in self._outlooks:
            self._outlooks = {day: outlook(self._city, self._forecast, self._arrivals, day)}
        return self._outlooks[day]

    def prepare(self, now: float, deadline: float) -> None:
        """Work out the days until then, so that nobody waits for it."""
        for day in days(now, deadline):
            self.day(day)

    def day(self, day: date) -> Mapping[LineId, Sequence[HalfHour]]:
        """One day of each line that calls back: the half-hours in which it may, in order."""
        if day not in self._plans:
            self._plans[day] = self._plan(day)
        return self._plans[day]

    def _half_hours(self, line: LineId, now: float, deadline: float) -> Iterator[HalfHour]:
        for day in days(now, deadline):
            yield from self.day(day).get(line, ())

    # --- One day ------------------------------------------------------------------------------------------------------

    def _plan(self, day: date) -> dict[LineId, list[HalfHour]]:
        starts = {line: _starts(self._city, line, day) for line in self._city.lines if self._calls_back(line)}
        pictures = {
            start: self._picture(day, slot_of(start), starts, start) for start in sorted(set().union(*starts.values()))
        }
        return {line: self._of_line(line, own, pictures) for line, own in starts.items()}

    def _calls_back(self, line: LineId) -> bool:
        return self._city.lines[line].callback is not None

    def _handle_time(self, line: LineId) -> float:
        """Seconds that one call takes an operator."""
        settings = self._city.policy.lines[line]
        talk = self._talk.get(line)
        return settings.handle_time if talk is None else talk + settings.wrap_up

    def _picture(self, day: date, slot: int, starts: Mapping[LineId, Sequence[float]], start: float) -> "_Picture":
        calls = {line: self._forecast.calls(line, day, slot) for line in self._city.lines}
        work = {line: expected * self._handle_time(line) for line, expected in calls.items()}
        present = self._roster.at_work(day, slot)
        lines = {who: tuple(self._city.policy.operators[who].lines) for who in present}
        busy = spread_load(present, lines, work)
        idle = {who: max(0.0, part * HALF_HOUR - busy[who]) for who, part in present.items()}
        promising = {line for line, own in starts.items() if start in own}
        return _Picture(calls, present, idle, lines, _parts(lines, work, promising))

    def _of_line(self, line: LineId, starts: Sequence[float], pictures: Mapping[float, "_Picture"]) -> list[HalfHour]:
        limit, share = terms(self._city, line).occupancy, terms(self._city, line).share
        occupancy = {start: pictures[start].occupancy(line) for start in starts}
        carried, planned = 0.0, []
        for start in starts:
            calm = occupancy[start] <= limit and occupancy.get(start + HALF_HOUR, 1.0) <= limit
            carried += calm * share * pictures[start].idle_for(line) / self._handle_time(line)
            capacity = int(carried + 1e-6) if calm else 0
            carried -= capacity
            operators = pictures[start].operators(line)
            planned.append(HalfHour(start, pictures[start].calls[line], operators, occupancy[start], calm, capacity))
        return planned


class _Picture(msgspec.Struct, frozen=True):
    """All lines and operators in one half-hour."""

    calls: Mapping[LineId, float]
    present: Presence
    idle: Mapping[OperatorId, float]
    """Seconds."""
    lines: Mapping[OperatorId, Sequence[LineId]]
    parts: Mapping[OperatorId, Mapping[LineId, float]]
    """The part of his idle time that each line may promise; together 1."""

    def operators(self, line: LineId) -> float:
        return sum(part for who, part in self.present.items() if line in self.lines[who])

    def occupancy(self, line: LineId) -> float:
        there = self.operators(line) * HALF_HOUR
        idle = sum(seconds for who, seconds in self.idle.items() if line in self.lines[who])
        return 1.0 - idle / there if there else 1.0

    def idle_for(self, line: LineId) -> float:
        """Seconds of idle time that are this line's own."""
        return sum(self.idle[who] * parts.get(line, 0.0) for who, parts in self.parts.items())


def spread_load(
    present: Presence, lines: Mapping[OperatorId, Sequence[LineId]], work: Mapping[LineId, float]
) -> dict[OperatorId, float]:
    """Seconds of work for each operator when the lines' work is laid on them as evenly as their skills allow: nobody
    could be less busy without making somebody busier who is busier already. It may come to more than he has.

    Each line in turn pours its work on its operators, who fill up from the least busy on; a few times over, because
    what one line pours changes what the next one finds.
    """
    mine = {line: [who for who in present if line in lines[who]] for line in work}
    poured: dict[LineId, dict[OperatorId, float]] = {line: {} for line in work}
    busy = dict.fromkeys(present, 0.0)
    for _ in range(_ROUNDS):
        for line, operators in mine.items():
            for who, seconds in poured[line].items():
                busy[who] -= seconds
            poured[line] = _pour(work[line], operators, busy, present)
            for who, seconds in poured[line].items():
                busy[who] += seconds
    return busy


def _pour(
    work: float, operators: Sequence[OperatorId], busy: Mapping[OperatorId, float], present: Presence
) -> dict[OperatorId, float]:
    """Fill up the least busy first, until all work is laid: everybody who gets some ends equally busy."""
    filled: list[OperatorId] = []
    load = room = 0.0
    level = 0.0
    for who in sorted(operators, key=lambda who: busy[who] / present[who]):
        if filled and level <= busy[who] / present[who]:
            break
        filled.append(who)
        load, room = load + busy[who], room + present[who]
        level = (load + work) / room
    return {who: level * present[who] - busy[who] for who in filled}


def _parts(
    lines: Mapping[OperatorId, Sequence[LineId]], work: Mapping[LineId, float], promising: set[LineId]
) -> dict[OperatorId, dict[LineId, float]]:
    """How each operator's idle time is parted among the lines that call back then: by their load."""
    parts: dict[OperatorId, dict[LineId, float]] = {}
    for who, his in lines.items():
        sharing = [line for line in his if line in promising]
        whole = sum(work[line] for line in sharing)
        parts[who] = {line: work[line] / whole if whole else 1 / len(sharing) for line in sharing}
    return parts


def _starts(city: City, line: LineId, day: date) -> list[float]:
    """The half-hours that lie wholly within the calling hours."""
    found = []
    for span in calling_spans(city, line, day):
        start = float(half_hour(span.start + HALF_HOUR - 1))
        while start + HALF_HOUR <= span.end:
            found.append(start)
            start += HALF_HOUR
    return found


def _spread(free: Iterable[Window]) -> tuple[Window, ...]:
    """The earliest of each part of a day; when those are too few, the earliest of the rest."""
    by_part: dict[tuple[date, str], list[Window]] = defaultdict(list)
    for window in free:
        by_part[local(window.start).date(), part_of(window.start)].append(window)
    firsts = [windows[0] for windows in by_part.values()][:OFFERED]
    rest = sorted((window for windows in by_part.values() for window in windows[1:]), key=lambda w: w.start)
    return tuple(sorted([*firsts, *rest[: OFFERED - len(firsts)]], key=lambda window: window.start))
