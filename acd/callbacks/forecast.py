"""How many callers join a line in a half-hour to come: profile x level.

**Profile**: the mean of the past weeks at that weekday and half-hour, over the days on which the line was open.
**Level**: how busy the days are lately against that profile, an exponentially weighted mean (weight 0.4) of actual over
expected, day after day. On a public series of half-hourly calls this was the best of the rules tried, two working days
ahead, before Prophet and MSTL + ETS; at a city's size most of what error remains is chance that no rule can foresee.

Days on which the line is closed (holidays, closing days) teach nothing and get nothing, and days without any records
teach nothing. A **small line** is counted by its share of all lines at that weekday and part of the day: in its own
half-hours are too few calls to see a shape. The weeks that are missing to four are taken from a usual profile, with the
volume that the city gave (``calls_per_day``) or, after five days, with that of the records.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache
from typing import Final

import msgspec

from acd.callbacks.days import Part, local, opening_spans, part_at
from acd.config.city import City, Interval, Week
from acd.model.history import HALF_HOUR, History
from acd.model.ids import LineId

WEEKS: Final = 8
"""Weeks of records that make the profile."""
ENOUGH_WEEKS: Final = 4
"""With fewer, a usual profile stands in for those that are missing."""
ENOUGH_DAYS: Final = 5
"""From so many days of records on, that profile has their volume; before, the one that was given."""
LEVEL_WEIGHT: Final = 0.4
SMALL: Final = 40.0
"""Calls a day below which a line is small."""
DAY_SLOTS: Final = 48

_BY_HOUR: Final = {8: 0.9, 9: 1.15, 10: 1.3, 11: 1.2, 12: 0.8, 13: 0.95, 14: 1.1, 15: 1.0, 16: 0.75, 17: 0.6, 18: 0.5}
_OTHER_HOURS: Final = 0.5
_BY_WEEKDAY: Final = (1.2, 1.05, 0.95, 0.95, 0.85, 0.6, 0.5)
"""The usual profile of a city's lines: Monday and ten o'clock are the peaks."""

Profile = tuple[tuple[float, ...], ...]
"""Calls by weekday (Monday first) and half-hour of the day."""


class _Model(msgspec.Struct, frozen=True):
    profile: Profile
    level: float


def slot_of(at: float) -> int:
    """The half-hour of the day, 0 to 47, as the clock shows it."""
    moment = local(at)
    return moment.hour * 2 + moment.minute // 30


class Forecast:
    """What the city's settings and the past weeks say about the days to come.

    Args:
        now: seconds since the epoch; today teaches nothing yet.
    """

    def __init__(self, city: City, history: History, now: float) -> None:
        self._city = city
        today = local(now).date()
        counts = {line: _by_day(history.arrivals.get(line, {}), today) for line in city.lines}
        recorded = _recorded(counts.values())
        open_days = {line: [day for day in recorded if opening_spans(city, line, day)] for line in city.lines}
        own = {line: _own(city, line, counts[line], open_days[line]) for line in city.lines}
        self._models = _with_small_ones(city, own, _whole(own, counts, recorded))

    def calls(self, line: LineId, day: date, slot: int) -> float:
        """Callers expected in the half-hour ``slot`` (0 to 47) of ``day``; 0 when the line is closed then.

        Raises:
            KeyError: there is no such line.
        """
        model = self._models[line]
        if not opening_spans(self._city, line, day):
            return 0.0
        weekday = day.weekday()
        open_part = _open_part(self._city.lines[line].hours, weekday, slot)
        return model.level * model.profile[weekday][slot] if open_part else 0.0

    def level(self, line: LineId) -> float:
        """How busy the line is lately: 1.0 = as in its profile."""
        return self._models[line].level


def _by_day(counts: Mapping[int, int], today: date) -> dict[date, Counter[int]]:
    """Calls by date and half-hour of the day, up to yesterday."""
    days: dict[date, Counter[int]] = defaultdict(Counter)
    for start, calls in counts.items():
        day = local(start).date()
        if day < today:
            days[day][slot_of(start)] += calls
    return days


def _recorded(counts: Iterable[Mapping[date, Counter[int]]]) -> list[date]:
    """The dates that have records, in order; the first one may have begun in the middle of the day."""
    return sorted({day for days in counts for day in days})[1:]


def _own(city: City, line: LineId, counts: Mapping[date, Counter[int]], open_days: list[date]) -> _Model:
    """A line by its own records, completed from the volume given."""
    usual = usual_profile(city.lines[line].hours, city.policy.lines[line].calls_per_day)
    expected = sum(sum(usual[day.weekday()]) for day in open_days)
    if len(open_days) >= ENOUGH_DAYS and expected:
        scale = sum(sum(counts.get(day, {}).values()) for day in open_days) / expected
        usual = tuple(tuple(scale * calls for calls in of_day) for of_day in usual)
    profile = _profile(counts, open_days, usual)
    return _Model(profile, _level(profile, counts, open_days))


def _profile(counts: Mapping[date, Counter[int]], open_days: list[date], usual: Profile) -> Profile:
    weeks = Counter(day.weekday() for day in open_days)
    sums = [[0] * DAY_SLOTS for _ in usual]
    for day in open_days:
        for slot, calls in counts.get(day, {}).items():
            sums[day.weekday()][slot] += calls
    return tuple(
        tuple(
            (seen + max(0, ENOUGH_WEEKS - weeks[weekday]) * given) / max(ENOUGH_WEEKS, weeks[weekday])
            for seen, given in zip(sums[weekday], usual[weekday], strict=True)
        )
        for weekday in range(7)
    )


def _level(profile: Profile, counts: Mapping[date, Counter[int]], open_days: list[date]) -> float:
    level, expected = 1.0, [sum(of_day) for of_day in profile]
    for day in open_days:
        if expected[day.weekday()] > 0:
            actual = sum(counts.get(day, {}).values()) / expected[day.weekday()]
            level += LEVEL_WEIGHT * (actual - level)
    return level


def _whole(
    own: Mapping[LineId, _Model], counts: Mapping[LineId, Mapping[date, Counter[int]]], recorded: list[date]
) -> _Model:
    """All lines as one. On a day that all but one are closed, its level is the level of that one."""
    profile = tuple(
        tuple(sum(model.profile[weekday][slot] for model in own.values()) for slot in range(DAY_SLOTS))
        for weekday in range(7)
    )
    level = 1.0
    for day in recorded:
        lines = [line for line in own if day in counts[line]]
        expected = sum(sum(own[line].profile[day.weekday()]) for line in lines)
        actual = sum(sum(counts[line][day].values()) for line in lines)
        if expected > 0:
            level += LEVEL_WEIGHT * (actual / expected - level)
    return _Model(profile, level)


def _with_small_ones(city: City, own: Mapping[LineId, _Model], whole: _Model) -> dict[LineId, _Model]:
    models = dict(own)
    for line, model in own.items():
        open_days = [sum(of_day) for of_day in model.profile if sum(of_day) > 0]
        if open_days and sum(open_days) / len(open_days) < SMALL:
            models[line] = _Model(_as_share(model.profile, whole.profile, city.lines[line].hours), whole.level)
    return models


def _as_share(profile: Profile, whole: Profile, hours: Week) -> Profile:
    """The line's calls of a weekday and part of the day, spread as those of all lines together."""
    return tuple(tuple(_spread(profile[weekday], whole[weekday], hours, weekday)) for weekday in range(7))


def _spread(own: tuple[float, ...], whole: tuple[float, ...], hours: Week, weekday: int) -> list[float]:
    mine: dict[Part, float] = defaultdict(float)
    all_lines: dict[Part, float] = defaultdict(float)
    weights = [_open_part(hours, weekday, slot) for slot in range(DAY_SLOTS)]
    for slot, weight in enumerate(weights):
        mine[_part(slot)] += own[slot] if weight else 0.0
        all_lines[_part(slot)] += whole[slot] * weight
    return [
        whole[slot] * weight * mine[_part(slot)] / all_lines[_part(slot)] if all_lines[_part(slot)] else 0.0
        for slot, weight in enumerate(weights)
    ]


def _part(slot: int) -> Part:
    return part_at(slot * 30)


def usual_profile(hours: Week, calls_per_day: float) -> Profile:
    """A usual week of a line with these opening hours, ``calls_per_day`` on the mean of its open days."""
    shape = [
        [
            weekday_weight * _BY_HOUR.get(slot // 2, _OTHER_HOURS) * _open_part(hours, weekday, slot)
            for slot in range(DAY_SLOTS)
        ]
        for weekday, weekday_weight in enumerate(_BY_WEEKDAY)
    ]
    open_days, total = sum(1 for of_day in shape if sum(of_day) > 0), sum(map(sum, shape))
    scale = calls_per_day * open_days / total if total else 0.0
    return tuple(tuple(weight * scale for weight in of_day) for of_day in shape)


@lru_cache(maxsize=4096)
def _open_part(hours: Week, weekday: int, slot: int) -> float:
    """The part of a half-hour in which the line is open, 0 to 1."""
    return overlap(hours[weekday], slot)


def overlap(intervals: Iterable[Interval], slot: int) -> float:
    """The part of the half-hour that these intervals cover, 0 to 1."""
    start, end = slot * 30, slot * 30 + 30
    return sum(max(0, min(of.end, end) - max(of.start, start)) for of in intervals) / 30


def half_hour(at: float) -> int:
    """The begin of the half-hour, seconds since the epoch."""
    return int(at // HALF_HOUR) * HALF_HOUR
