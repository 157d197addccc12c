"""Each operator's own figures of today: a fold over the events. Nobody sees a colleague's, and nothing is ranked."""

from collections.abc import Iterable

import msgspec

from acd.model.callback import AttemptResult
from acd.model.events import (
    AttemptFinished,
    CallAnswered,
    CallPickedUp,
    CitizenReached,
    Event,
    OperatorChanged,
    TalkFinished,
)
from acd.model.ids import OperatorId
from acd.model.operator import OperatorState


class OwnFigures(msgspec.Struct):
    """One operator since midnight. Sums are seconds, beside how many they are of."""

    answered: int = 0
    """Calls that he answered, those called back and those passed on to him included."""
    talks: int = 0
    talked: float = 0.0
    """Of conversations that are over."""
    wrap_ups: int = 0
    wrapped_up: float = 0.0

    @property
    def mean_talk(self) -> float | None:
        return self.talked / self.talks if self.talks else None

    @property
    def mean_wrap_up(self) -> float | None:
        return self.wrapped_up / self.wrap_ups if self.wrap_ups else None


class Today:
    """Figures of all operators since the last :meth:`reset`."""

    def __init__(self) -> None:
        self._figures: dict[OperatorId, OwnFigures] = {}
        self._talks: dict[OperatorId, float] = {}
        self._wraps: dict[OperatorId, float] = {}

    def of(self, operator: OperatorId) -> OwnFigures:
        return self._figures.get(operator) or OwnFigures()

    def reset(self) -> None:
        """A new day begins; what goes on counts where it ends."""
        self._figures.clear()

    def apply(self, events: Iterable[Event]) -> None:
        for event in events:
            match event:
                case CallAnswered() | CitizenReached() | CallPickedUp():
                    self._answered(event.operator, event.answered_at)
                case TalkFinished():
                    self._talked(event.operator, event.ended_at)
                case AttemptFinished(result=AttemptResult.CONNECTED):
                    self._talked(event.operator, event.ended_at)
                case OperatorChanged():
                    self._wrapped_up(event)
                case _:
                    pass

    def _answered(self, operator: OperatorId | None, at: float) -> None:
        if operator is not None:
            self._talks[operator] = at
            self._mine(operator).answered += 1

    def _talked(self, operator: OperatorId | None, at: float) -> None:
        began = None if operator is None else self._talks.pop(operator, None)
        if operator is not None and began is not None:
            mine = self._mine(operator)
            mine.talks += 1
            mine.talked += max(0.0, at - began)

    def _wrapped_up(self, event: OperatorChanged) -> None:
        if event.state is OperatorState.WRAP_UP:
            self._wraps[event.operator] = event.at
        elif event.before is OperatorState.WRAP_UP:
            began = self._wraps.pop(event.operator, None)
            if began is not None:
                mine = self._mine(event.operator)
                mine.wrap_ups += 1
                mine.wrapped_up += event.at - began

    def _mine(self, operator: OperatorId) -> OwnFigures:
        return self._figures.setdefault(operator, OwnFigures())
