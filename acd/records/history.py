"""What the past weeks were like, by half-hour: the records' part in planning."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any, Final

from sqlalchemy import RowMapping, Select, func, select

from acd.model.history import HALF_HOUR, History
from acd.model.ids import LineId, OperatorId
from acd.model.operator import OperatorState
from acd.records import tables
from acd.records.floor import floor

ENOUGH_CALLS: Final = 30
"""Talks on a line from which its mean is known."""

Query = Callable[[Select[Any]], Awaitable[Sequence[RowMapping]]]

_call, _event, _state = tables.call.c, tables.event.c, tables.operator_state.c
_talked = tables.talk.c


async def read_history(rows: Query, since: float, until: float) -> History:
    """What happened from ``since`` to before ``until``, seconds since the epoch. Callers in a line are counted on the
    line that they joined last."""
    arrivals: dict[LineId, dict[int, int]] = defaultdict(dict)
    for row in await rows(_arrivals(since, until)):
        arrivals[row["line"]][int(row["half_hour"]) * HALF_HOUR] = row["calls"]
    return History(
        arrivals=dict(arrivals),
        logged_in=await _logged_in(rows, since, until),
        talk={row["line"]: float(row["talk"]) for row in await rows(_talk(since, until))},
    )


def _arrivals(since: float, until: float) -> Select[Any]:
    # A line is joined after the call began: the index on arrived_at bounds the search.
    half_hour = floor(_call.entered_at / HALF_HOUR).label("half_hour")
    return (
        select(_call.line, half_hour, func.count().label("calls"))
        .where(_call.arrived_at >= since, _call.arrived_at < until, _call.entered_at < until, _call.line.is_not(None))
        .group_by(_call.line, half_hour)
    )


def _talk(since: float, until: float) -> Select[Any]:
    """Each operator's part of a call that is passed on is a talk of its own, and counts when it is over."""
    talk = _talked.ended_at - _talked.began_at
    return (
        select(_talked.line, func.avg(talk).label("talk"))
        .where(_talked.began_at >= since, _talked.began_at < until, _talked.call.is_not(None), talk >= 0)
        .group_by(_talked.line)
        .having(func.count() >= ENOUGH_CALLS)
    )


async def _logged_in(rows: Query, since: float, until: float) -> dict[OperatorId, dict[int, float]]:
    """Each operator from his first change of state on, less the spans in which he was logged out. What he was before
    that change is not looked up: the window is weeks, and he logs in daily."""
    first = await rows(select(func.min(_event.seq).label("seq")).where(_event.at >= since, _event.at < until))
    if first[0]["seq"] is None:
        return {}
    # State rows are numbered like the ledger: its index on time bounds the search.
    changes = select(_state.operator).where(_state.seq >= first[0]["seq"], _state.began_at < until)
    began = await rows(changes.add_columns(func.min(_state.began_at).label("at")).group_by(_state.operator))
    out = await rows(
        changes.add_columns(_state.began_at, _state.ended_at)
        .where(_state.state == OperatorState.LOGGED_OUT.value)
        .order_by(_state.began_at)
    )
    breaks: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for row in out:
        breaks[row["operator"]].append((row["began_at"], until if row["ended_at"] is None else row["ended_at"]))
    return {
        OperatorId(row["operator"]): _by_half_hour(_between(row["at"], breaks[row["operator"]], until)) for row in began
    }


def _between(begin: float, breaks: Sequence[tuple[float, float]], end: float) -> Iterator[tuple[float, float]]:
    """The spans from ``begin`` to ``end`` without the breaks, which are in order."""
    for start, stop in breaks:
        if start > begin:
            yield begin, min(start, end)
        begin = max(begin, stop)
    if begin < end:
        yield begin, end


def _by_half_hour(spans: Iterator[tuple[float, float]]) -> dict[int, float]:
    parts: dict[int, float] = defaultdict(float)
    for start, end in spans:
        half_hour = int(start // HALF_HOUR) * HALF_HOUR
        while half_hour < end:
            seconds = min(end, half_hour + HALF_HOUR) - max(start, half_hour)
            if seconds > 0:
                parts[half_hour] += seconds / HALF_HOUR
            half_hour += HALF_HOUR
    return dict(parts)
