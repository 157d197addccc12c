"""Today's callers by half-hour: a fold over the events, beside the counts of the day."""

from collections import Counter
from collections.abc import Mapping
from typing import Final

from acd.model.events import CallAnswered, CallEnded, CallEnteredLine, CallRerouted, Event, OutcomeCounted
from acd.model.history import HALF_HOUR
from acd.model.ids import CallId, LineId
from acd.model.outcome import Outcome

NOTHING: Final[Mapping[int, int]] = {}


class HalfHours:
    """Callers by line and half-hour; a half-hour is named by its begin, seconds since the epoch.

    ``joined`` counts as the records do, and so as the forecast does: a caller on the line that he joined last, in the
    half-hour in which he joined it. ``answered`` counts the outcome in the half-hour in which it happened, so that the
    half-hours of a day add up to the day's count.
    """

    def __init__(self) -> None:
        self._joined: dict[LineId, Counter[int]] = {}
        self._answered: dict[LineId, Counter[int]] = {}
        self._place: dict[CallId, tuple[LineId, int]] = {}
        """Where each call that is still open was counted as joined."""

    def apply(self, event: Event) -> None:
        match event:
            case CallEnteredLine():
                self._place_at(event.call, event.line, half_hour(event.entered_at))
            case CallAnswered() | CallRerouted() if event.call in self._place:
                # Moved by hand on the way: he counts once, where he is, from the moment at which he joined.
                self._place_at(event.call, event.line, self._place[event.call][1])
            case OutcomeCounted() if event.outcome is Outcome.ANSWERED and event.line is not None:
                self._answered.setdefault(event.line, Counter())[half_hour(event.at)] += 1
            case CallEnded():
                self._place.pop(event.call, None)
            case _:
                pass

    def joined(self, line: LineId) -> Mapping[int, int]:
        return self._joined.get(line, NOTHING)

    def answered(self, line: LineId) -> Mapping[int, int]:
        return self._answered.get(line, NOTHING)

    def counts(self, call: CallId) -> bool:
        """Whether this call is still open and joined a line since the last :meth:`reset`."""
        return call in self._place

    def reset(self) -> None:
        """A new day begins."""
        self._joined.clear()
        self._answered.clear()
        self._place.clear()

    def _place_at(self, call: CallId, line: LineId, start: int) -> None:
        before = self._place.get(call)
        if before == (line, start):
            return
        if before is not None:
            self._joined[before[0]][before[1]] -= 1
        self._joined.setdefault(line, Counter())[start] += 1
        self._place[call] = line, start


def half_hour(at: float) -> int:
    """The begin of the half-hour in which ``at`` lies, seconds since the epoch."""
    return int(at // HALF_HOUR) * HALF_HOUR
