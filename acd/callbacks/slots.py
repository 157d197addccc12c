"""Calm moments with capacity behind them."""

from collections.abc import Mapping

from acd.callbacks.moments import half_hours, may_call
from acd.config.city import City
from acd.model.callback import Window
from acd.model.ids import LineId
from acd.model.promise import HALF_HOUR


class Planner:
    """Implements :class:`acd.ports.SlotPlanner`."""

    def __init__(self, city: City, history: object, now: float) -> None:
        self._city = city

    def slots(self, line: LineId, now: float, deadline: float, taken: Mapping[float, int]) -> tuple[Window, ...]:
        free = (at for at in half_hours(now, deadline) if may_call(self._city, line, at) and not taken.get(at))
        return tuple(Window(at, at + HALF_HOUR) for at, _ in zip(free, range(3), strict=False))
