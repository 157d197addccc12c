"""One day as it was to be expected: the forecast beside the mean of the same weekday in the past weeks.

The mean is over the past dates with that weekday on which there are records at all and the line was open, as the
forecast's profile is; it is of the records alone, though, whatever volume the settings gave.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from acd.callbacks.days import local, opening_spans, spans
from acd.callbacks.forecast import DAY_SLOTS, WEEKS, Forecast, half_hour, slot_of
from acd.config.city import City, Interval
from acd.model.history import HALF_HOUR, Outlook
from acd.model.ids import LineId

Arrivals = Mapping[LineId, Mapping[int, int]]


def outlook(city: City, forecast: Forecast, arrivals: Arrivals, day: date) -> dict[LineId, Outlook]:
    """``day`` on each line. Half-hours are real ones: a day has 46 to 50 of them."""
    recorded = {local(start).date() for of_line in arrivals.values() for start in of_line}
    # The first date of the records may have begun in its middle.
    usable = recorded - {min(recorded, default=day)}
    past = [one for week in range(1, WEEKS + 1) if (one := day - timedelta(7 * week)) in usable]
    found = {}
    for line in city.lines:
        days = [one for one in past if opening_spans(city, line, one)]
        slots = _mean(arrivals.get(line, {}), days)
        found[line] = Outlook(
            expected={start: forecast.calls(line, day, slot_of(start)) for start in _open(city, line, day)},
            usual={start: slots[slot_of(start)] for start in _half_hours(day)} if days else {},
            weeks=len(days),
        )
    return found


def _mean(arrivals: Mapping[int, int], days: list[date]) -> Mapping[int, float]:
    """Callers by half-hour of the day, on the mean of these days."""
    seen: Counter[int] = Counter()
    for start in (start for day in days for start in _half_hours(day)):
        seen[slot_of(start)] += arrivals.get(start, 0)
    return {slot: seen[slot] / len(days) for slot in range(DAY_SLOTS)} if days else {}


def _open(city: City, line: LineId, day: date) -> Iterator[int]:
    """The half-hours of the day in which the line is open, also for a part."""
    hours = opening_spans(city, line, day)
    for start in _half_hours(day):
        if any(span.start < start + HALF_HOUR and start < span.end for span in hours):
            yield start


def _half_hours(day: date) -> Iterator[int]:
    """The begin of each half-hour of the day, in order, seconds since the epoch."""
    [whole] = spans((Interval(0, 24 * 60),), day)
    yield from range(half_hour(whole.start), half_hour(whole.end), HALF_HOUR)
