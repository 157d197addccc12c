"""Opening hours in the dialplan, so that a closed line stays closed while the engine is away.

``Gosub(acd-hours,<line>,1(<seconds since the epoch>))`` returns ``open``, ``closed`` or ``holiday``; the last stands
for public holidays and closing days alike. The rules are those of :func:`acd.config.calendar.opening`. Before them
comes the word of a supervisor, the global ``ACD_OPEN_<line>``: ``open``, ``closed``, or empty.

The wall clock of Brussels is read as one number, weekday and time: 11659 is Monday 16:59, so an interval is two
comparisons, and one that lasts until midnight ends at 12400. A closed date is an extension of its own: an exact match
comes before the pattern of all other days (Asterisk looks up exact extensions first).
"""

from collections.abc import Iterator
from datetime import date
from typing import Final

from acd.config.calendar import closed_dates
from acd.config.city import City, CityLine, Interval
from acd.model.zone import ZONE

YEARS: Final = 3
"""Closed dates are written for this year and the next two: build the dialplan anew once a year."""


def hours_dialplan(city: City, today: date) -> Iterator[str]:
    """Lines of dialplan: ``acd-hours`` and a context for each line of the city."""
    yield "[acd-hours]"
    for id in city.lines:
        yield f'exten => {id},1,GotoIf($["${{GLOBAL(ACD_OPEN_{id})}}" != ""]?forced)'
        yield f" same => n,Set(LOCAL(now)=${{STRFTIME(${{ARG1}},{ZONE.key},%u%H%M)}})"
        yield f" same => n,Goto(acd-hours-{id},${{STRFTIME(${{ARG1}},{ZONE.key},%Y%m%d)}},1)"
        yield f" same => n(forced),Return(${{GLOBAL(ACD_OPEN_{id})}})"
    for line in city.lines.values():
        yield ""
        yield from _line(city, line, today.year)


def _line(city: City, line: CityLine, year: int) -> Iterator[str]:
    yield f"[acd-hours-{line.id}]"
    for closed in closed_dates(city, line.id, date(year, 1, 1), date(year + YEARS - 1, 12, 31)):
        yield f"exten => {closed.day:%Y%m%d},1,Return(holiday)"
    yield "exten => _XXXXXXXX,1,NoOp()"
    for weekday, intervals in enumerate(line.hours, start=1):
        for interval in intervals:
            yield f" same => n,GotoIf($[{_within(weekday, interval)}]?open)"
    yield " same => n,Return(closed)"
    yield " same => n(open),Return(open)"


def _within(weekday: int, interval: Interval) -> str:
    return f"${{now}} >= {_moment(weekday, interval.start)} & ${{now}} < {_moment(weekday, interval.end)}"


def _moment(weekday: int, minutes: int) -> str:
    """``weekday``: Monday is 1, as ``%u`` counts."""
    return f"{weekday}{minutes // 60:02}{minutes % 60:02}"
