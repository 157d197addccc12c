"""Small cities for the tests of planning, and moments on the clock of Brussels."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from acd.config import CallbackTerms, City, Interval, Shift, load
from acd.config.city import FrozenDict, Week
from acd.model.ids import Device, LineId, OperatorId
from acd.model.policy import CallbackRule, Operator
from acd.model.zone import ZONE
from tests.config.samples import INFO, SHIPPED, SMALL, SPORT, city

GENT = load(SHIPPED)
GENTINFO = LineId("gentinfo")
OFFICE = Interval(9 * 60, 17 * 60)
OFFICE_WEEK: Week = ((OFFICE,),) * 5 + ((), ())
BASE = city(SMALL)

__all__ = ["BASE", "GENT", "GENTINFO", "INFO", "OFFICE", "OFFICE_WEEK", "SPORT", "at", "shown", "small_city", "utc"]


def at(text: str, fold: int = 0) -> float:
    """``2027-03-01 10:00`` in Brussels."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE, fold=fold).timestamp()


def utc(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def shown(moment: float) -> str:
    return datetime.fromtimestamp(moment, ZONE).strftime("%Y-%m-%d %H:%M")


def small_city(
    hours: Week = OFFICE_WEEK,
    *,
    terms: CallbackTerms | None = None,
    calls: Mapping[LineId, float] | None = None,
    skills: Mapping[str, Sequence[LineId]] | None = None,
    shifts: Sequence[Shift] | None = None,
    handle_time: float = 240.0,
) -> City:
    """Two lines, ``info`` and ``sport``, both of which call back; Belgian holidays and 11 July are closed. One operator
    for info, always at work, unless told otherwise."""
    calls = {INFO: 40.0, SPORT: 40.0} | dict(calls or {})
    skills = {"an": (INFO,)} if skills is None else skills
    if shifts is None:
        shifts = [Shift(tuple(map(OperatorId, skills)), tuple(range(7)), (Interval(0, 24 * 60),))]
    lines = {
        id: msgspec.structs.replace(line, callback=CallbackRule(), calls_per_day=calls[id], handle_time=handle_time)
        for id, line in BASE.policy.lines.items()
    }
    operators = {
        OperatorId(id): Operator(OperatorId(id), id, Device(str(n)), FrozenDict(dict.fromkeys(his, 1)))
        for n, (id, his) in enumerate(skills.items())
    }
    replace = msgspec.structs.replace
    return replace(
        BASE,
        policy=replace(BASE.policy, lines=FrozenDict(lines), operators=FrozenDict(operators)),
        lines=FrozenDict(
            {id: replace(line, hours=hours, callback=terms or CallbackTerms()) for id, line in BASE.lines.items()}
        ),
        shifts=tuple(shifts),
    )
