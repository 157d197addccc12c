"""Which calls are behind a figure, as conditions over the tables ``call`` and ``outcome``.

A figure and its list say the same when both read these conditions as ``acd.engine.tally`` and
``acd.engine.half_hours`` count: an outcome on its own line, at its own moment; who joined, on the line joined last.
"""

from typing import Any, Final

from sqlalchemy import ColumnElement, and_, func, or_

from acd.model.calls import CallsWanted, CountedBy
from acd.records import tables

_call, _outcome = tables.call.c, tables.outcome.c
_MOMENTS: Final[dict[CountedBy, ColumnElement[Any]]] = {
    CountedBy.ARRIVED: _call.arrived_at,
    CountedBy.JOINED: _call.entered_at,
    CountedBy.DECIDED: _outcome.at,
}
_LINES: Final[dict[CountedBy, ColumnElement[Any]]] = {
    CountedBy.ARRIVED: func.coalesce(_outcome.line, _call.line),
    CountedBy.JOINED: _call.line,
    CountedBy.DECIDED: _outcome.line,
}
LONGEST_CALL: Final = 24 * 3600.0
"""Seconds. Whoever joined or was decided in some span had arrived at most this long before it: the index on
``arrived_at`` bounds the search."""
SKEW: Final = 3600.0
"""Seconds by which the switch's clock may be ahead of ours."""


def behind(wanted: CallsWanted) -> list[ColumnElement[bool]]:
    """Conditions over ``call`` with its ``outcome`` beside it, if it has one."""
    if wanted.calls is not None:
        return [_call.call.in_(wanted.calls)]
    moment, line = _MOMENTS[wanted.by], _LINES[wanted.by]
    conditions = [
        moment >= wanted.since,
        moment < wanted.until,
        _call.arrived_at >= wanted.since - LONGEST_CALL,
        _call.arrived_at < wanted.until + SKEW,
    ]
    if wanted.lines:
        conditions.append(line.in_(wanted.lines))
    if wanted.outcomes:
        conditions.append(_outcome.outcome.in_([outcome.value for outcome in wanted.outcomes]))
    if wanted.within is not None:
        limits = wanted.within.items()
        conditions.append(or_(*(and_(_outcome.line == id, _outcome.waited <= limit) for id, limit in limits)))
    return conditions
