"""Who is on duty in a half-hour: by the planner's file, by the shifts, or by who was there in the past weeks."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from typing import Final

from acd.callbacks.days import local, opening_spans
from acd.callbacks.forecast import overlap, slot_of
from acd.config.city import City, Interval
from acd.model.history import History
from acd.model.ids import LineId, OperatorId

WEEKS: Final = 4
"""The past weeks that tell who is usually there: rosters change faster than callers do."""
_WEEK_SECONDS: Final = 7 * 86_400

Presence = Mapping[OperatorId, float]
"""The part of a half-hour for which an operator is at work, above 0 to 1; who is not there is left out."""


class Roster:
    """Everybody's hours. On the dates that the planner's file names it counts, on all others the shifts; without
    shifts, who was logged in at that weekday and half-hour.

    Args:
        now: seconds since the epoch; today teaches nothing yet.
    """

    def __init__(self, city: City, history: History, now: float) -> None:
        self._city = city
        self._usual = {} if city.shifts else _usual(city, history, now)

    def at_work(self, day: date, slot: int) -> Presence:
        """Everybody who is at work in the half-hour ``slot`` (0 to 47) of ``day``, on whatever line."""
        known = self._city.policy.operators
        if day in self._city.roster:
            parts = ((duty.operator, _worked((duty.hours,), duty.breaks, slot)) for duty in self._city.roster[day])
        elif self._city.shifts:
            shifts = [shift for shift in self._city.shifts if day.weekday() in shift.days]
            parts = ((who, _worked(shift.hours, shift.breaks, slot)) for shift in shifts for who in shift.operators)
        else:
            usual = self._usual.get((day.weekday(), slot), {})
            return {operator: part for operator, part in usual.items() if operator in known}
        present: dict[OperatorId, float] = defaultdict(float)
        for operator, part in parts:
            if part > 0 and operator in known:
                present[operator] = min(1.0, present[operator] + part)
        return present

    def on_duty(self, line: LineId, day: date, slot: int) -> Presence:
        """Those of them who have the line; nobody on a day that it is closed.

        Raises:
            KeyError: there is no such line.
        """
        if not opening_spans(self._city, line, day):
            return {}
        operators = self._city.policy.operators
        return {who: part for who, part in self.at_work(day, slot).items() if line in operators[who].lines}


def _worked(hours: tuple[Interval, ...], breaks: tuple[Interval, ...], slot: int) -> float:
    return overlap(hours, slot) - overlap(breaks, slot)


def _usual(city: City, history: History, now: float) -> dict[tuple[int, int], dict[OperatorId, float]]:
    """By weekday and half-hour: the part for which each was logged in, the mean of the days that any line was open."""
    today, since = local(now).date(), now - WEEKS * _WEEK_SECONDS
    sums: dict[tuple[int, int], dict[OperatorId, float]] = defaultdict(lambda: defaultdict(float))
    dates: dict[int, set[date]] = defaultdict(set)
    open_on: dict[date, bool] = {}
    for operator, half_hours in history.logged_in.items():
        for start, part in half_hours.items():
            day = local(start).date()
            if start < since or day >= today:
                continue
            if day not in open_on:
                open_on[day] = any(opening_spans(city, line, day) for line in city.lines)
            if open_on[day]:
                dates[day.weekday()].add(day)
                sums[day.weekday(), slot_of(start)][operator] += part
    return {
        (weekday, slot): {operator: part / len(dates[weekday]) for operator, part in by_operator.items()}
        for (weekday, slot), by_operator in sums.items()
    }
