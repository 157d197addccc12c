"""Plans: what each caller can be promised, and what is kept for him until he has chosen."""

from collections import Counter
from collections.abc import Mapping
from typing import Final

import msgspec

from acd.callbacks.deadline import deadline
from acd.callbacks.moments import as_soon_as_calm
from acd.config.city import City
from acd.model.callback import CallbackPlan, CallbackState, Window
from acd.model.history import HALF_HOUR
from acd.model.ids import CallId, LineId
from acd.model.promise import Promise
from acd.ports import SlotPlanner

HELD: Final = 900.0
"""Seconds after which a plan lapses: who has not chosen by then has hung up unseen."""


class Plan(msgspec.Struct, frozen=True):
    """What one caller was told that he can be promised."""

    line: LineId
    language: str
    told: CallbackPlan
    until: float
    """When it lapses, seconds since the epoch."""

    def window(self, city: City, choice: int, now: float) -> Window | None:
        """The moment that he chose; None = there is no such choice."""
        if choice == 0:
            return as_soon_as_calm(city, self.line, now, self.told.deadline)
        slots = self.told.slots
        return slots[choice - 1] if 0 < choice <= len(slots) else None


class Plans:
    """All plans that are held."""

    def __init__(self) -> None:
        self._plans: dict[CallId, Plan] = {}

    def get(self, call: CallId) -> Plan | None:
        return self._plans.get(call)

    def hold(self, call: CallId, plan: Plan) -> None:
        self._plans[call] = plan

    def drop(self, call: CallId) -> None:
        self._plans.pop(call, None)

    def lapse(self, now: float) -> None:
        self._plans = {call: plan for call, plan in self._plans.items() if plan.until > now}

    def taken(self, line: LineId, promised: Mapping[float, int], but: CallId) -> Mapping[float, int]:
        """Promises at each half-hour, those included that may still be given to others than ``but``."""
        taken = Counter(dict(promised))
        for call, plan in self._plans.items():
            if call != but and plan.line == line:
                taken.update(slot.start // HALF_HOUR * HALF_HOUR for slot in plan.told.slots)
        return taken


def draw_up(
    city: City,
    planner: SlotPlanner,
    line: LineId,
    *,
    number: str | None,
    owed: Promise | None,
    taken: Mapping[float, int],
    now: float,
) -> CallbackPlan | None:
    """What this caller can be promised now; None = the line calls nobody back, or has no working day ahead.

    Who moves a promise keeps its deadline, as long as that lies ahead.
    """
    of = city.lines.get(line)
    if of is None or of.callback is None:
        return None
    try:
        latest = owed.deadline if owed is not None and owed.deadline > now else deadline(city, line, now)
    except LookupError:
        return None
    return CallbackPlan(
        number=number,
        slots=planner.slots(line, now, latest, taken),
        deadline=latest,
        existing=None if owed is None else _standing(owed, now),
        callback=None if owed is None else owed.callback,
    )


def _standing(owed: Promise, now: float) -> Window | None:
    """When he is to be called; None = his promise is broken, so that a new moment is all that can be told him."""
    if owed.state is not CallbackState.HANDED_OVER and owed.end_at > now:
        return owed.window
    return Window(now, owed.deadline) if owed.deadline > now else None
