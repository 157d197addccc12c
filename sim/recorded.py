"""Days that were: the calls of a CSV, or of the product's own records, to be replayed; and how long callers talked and
waited in them, to draw from."""

import asyncio
import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Final

import msgspec

from acd.config import City
from acd.config.faults import did_you_mean, shown
from acd.model.ids import LineId
from acd.model.outcome import Outcome
from acd.records import Archive, CallRow, day_bounds, day_of
from sim.model.draws import Draw, Empirical, Survival
from sim.model.figures import Counts
from sim.model.setup import Recorded, midnight
from sim.model.switch import MESSAGE

MOST: Final = 5_000_000
"""Calls that are read at once: a city's years."""
ENOUGH: Final = 30
"""Talks, or callers who gave up, below which a line is taken to be like all lines together."""

_GAVE_UP: Final = (Outcome.ABANDONED, Outcome.ABANDONED_SHORT, Outcome.OVERFLOW_LOST)
_HEARD: Final = (Outcome.CLOSED, Outcome.REFUSED)
_SERVED: Final = (Outcome.ANSWERED, Outcome.OVERFLOW_ANSWERED)


class BadDay(ValueError):
    """A day that cannot be replayed: each fault with its row, 0 = the whole."""

    def __init__(self, faults: Sequence[tuple[int, str]]) -> None:
        super().__init__("; ".join(says for _, says in faults))
        self.faults = faults


# --- A CSV ----------------------------------------------------------------------------------------------------------


def from_csv(text: str, city: City, days: int) -> tuple[Recorded, ...]:
    """The calls of a CSV with the columns ``time`` (HH:MM:SS) and ``line``, and perhaps ``day`` (0 = the first) and,
    in seconds, ``menu``, ``talk``, ``patience``, or ``outlasted``: he waited so long without hanging up.

    Args:
        text: of the file.
        city: its lines.
        days: how many days the scenario has.

    Raises:
        BadDay: with all faults.
    """
    rows = csv.DictReader(io.StringIO(text))
    if missing := {"time", "line"} - set(rows.fieldnames or ()):
        raise BadDay([(1, f"has no column {', '.join(sorted(missing))}")])
    calls, faults = [], []
    try:
        for row in rows:
            try:
                calls.append(_call(row, city, days))
            except ValueError as error:
                faults.append((rows.line_num, str(error)))
    except csv.Error as error:
        faults.append((rows.line_num + 1, f"is no CSV: {error}"))
    if not calls and not faults:
        faults.append((1, "has no calls"))
    if faults:
        raise BadDay(faults)
    return tuple(calls)


def _call(row: Mapping[str, str], city: City, days: int) -> Recorded:
    line = row["line"] or ""
    if line not in city.lines:
        raise ValueError(f"'{shown(line)}' is no line of the city{did_you_mean(line, city.lines)}")
    day, *times = (_number(row, name) for name in ("day", "talk", "patience", "menu", "outlasted"))
    if day is not None and not (day < days and day == int(day)):
        raise ValueError(f"day must be a whole number below the {days} days of the scenario, not '{shown(row['day'])}'")
    return Recorded(int(day or 0), _moment(row["time"] or ""), LineId(line), *times)


def _moment(text: str) -> float:
    parts = text.split(":")
    try:
        numbers = [float(part) for part in parts]
    except ValueError:
        numbers = []
    if len(numbers) not in (2, 3) or not all(0 <= n < limit for n, limit in zip(numbers, (24, 60, 60), strict=False)):
        raise ValueError(f"time must be such as 09:15:30, not '{shown(text)}'")
    return sum(number * unit for number, unit in zip(numbers, (3600, 60, 1), strict=False))


def _number(row: Mapping[str, str], name: str) -> float | None:
    text = row.get(name)
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < 1e6:
        raise ValueError(f"{name} must be a number of seconds, not '{shown(text)}'")
    return number


# --- The records ----------------------------------------------------------------------------------------------------


class Experience(msgspec.Struct, frozen=True):
    """What happened to a call: enough to replay it, and to learn from it. Times are seconds."""

    line: LineId
    arrived_at: float
    """Since the epoch."""
    outcome: Outcome
    menu: float | None
    waited: float | None
    """In the queue; None = never joined it."""
    talk: float | None


def read_days(database: str, first: date, last: date) -> list[Experience]:
    """The calls of these days that chose a line, in order of arrival. Those still on the line are left out, and those
    that hung up in the menu: nobody knows what they came for.

    Args:
        database: ``sqlite:///acd.db`` or ``postgresql://user@host/name``; it is only read.
        first: the first day, as the city counts days.
        last: the last one.

    Raises:
        DatabaseUnusable: it cannot be read.
    """
    since, until = day_bounds(first, last)
    rows = asyncio.run(_rows(database, since, until))
    found = [_experience(row, row.line, row.outcome) for row in rows if row.line and row.outcome]
    return sorted(found, key=lambda call: call.arrived_at)


async def _rows(database: str, since: float, until: float) -> list[CallRow]:
    archive = Archive(database)
    try:
        return await archive.calls(since=since, until=until, limit=MOST)
    finally:
        await archive.close()


def _experience(row: CallRow, line: LineId, outcome: Outcome) -> Experience:
    entered_at = None if row.outcome_at is None or row.waited is None else row.outcome_at - row.waited
    if entered_at is None and outcome in _HEARD and row.outcome_at is not None:
        # The menu tells of such a caller when the message is over.
        entered_at = row.outcome_at - MESSAGE
    menu = None if entered_at is None else max(0.0, entered_at - row.arrived_at)
    talk = None
    if outcome is Outcome.ANSWERED and row.answered_at is not None and row.talk_ended_at is not None:
        talk = max(0.0, row.talk_ended_at - row.answered_at)
    elif outcome is Outcome.OVERFLOW_ANSWERED and row.outcome_at is not None and row.ended_at is not None:
        talk = max(0.0, row.ended_at - row.outcome_at)
    return Experience(line, row.arrived_at, outcome, menu, row.waited, talk)


def replayed(calls: Iterable[Experience], first: date) -> tuple[Recorded, ...]:
    """The same calls again: who gave up has the patience that he had, of the others it is known to be longer than
    they waited."""
    found = []
    for call in calls:
        day = day_of(call.arrived_at)
        gave_up = call.outcome in _GAVE_UP
        found.append(
            Recorded(
                day=(day - first).days,
                at=call.arrived_at - midnight(day),
                line=call.line,
                talk=call.talk,
                patience=call.waited if gave_up else None,
                menu=call.menu,
                outlasted=None if gave_up else call.waited,
            )
        )
    return tuple(found)


def measured(calls: Iterable[Experience], target_waits: Mapping[LineId, float]) -> dict[LineId, Counts]:
    """The figures of the day as it was, by line."""
    found: dict[LineId, Counts] = {}
    for call in calls:
        if call.waited is None:
            continue
        counts = found.setdefault(call.line, Counts())
        in_time = call.waited <= target_waits.get(call.line, 0.0)
        counts.entered += 1
        counts.wait_of_all += call.waited
        if call.outcome is Outcome.ANSWERED:
            counts.answered += 1
            counts.wait_of_answered += call.waited
            counts.in_time += in_time
        elif call.outcome in (Outcome.ABANDONED, Outcome.ABANDONED_SHORT):
            counts.abandoned += 1
            counts.short += call.outcome is Outcome.ABANDONED_SHORT
            counts.lost_in_time += in_time
    return found


# --- What callers are like ------------------------------------------------------------------------------------------


def talks(calls: Sequence[Experience], line: LineId) -> Draw | None:
    """Talk times as they were; None = too few are known, of this line and of all."""
    return _of_line(calls, line, _talks)


def patience(calls: Sequence[Experience], line: LineId) -> Draw | None:
    """Patience as it was, as far as it can be known; None = too few gave up, on this line and on all."""
    return _of_line(calls, line, _patience)


def _of_line(
    calls: Sequence[Experience], line: LineId, draw: Callable[[Sequence[Experience]], Draw | None]
) -> Draw | None:
    return draw([call for call in calls if call.line == line]) or draw(calls)


def _talks(calls: Sequence[Experience]) -> Draw | None:
    known = [call.talk for call in calls if call.talk is not None and call.outcome in _SERVED]
    return Empirical(tuple(known)) if len(known) >= ENOUGH else None


def _patience(calls: Sequence[Experience]) -> Draw | None:
    waits = [(call.waited, call.outcome in _GAVE_UP) for call in calls if call.waited is not None]
    return Survival(tuple(waits)) if sum(gave_up for _, gave_up in waits) >= ENOUGH else None
