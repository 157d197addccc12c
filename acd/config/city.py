"""The city as loaded: frozen. ``policy`` is what the engine needs, the rest is for the dialplan and the pages."""

from collections.abc import Mapping
from datetime import date
from typing import Final, NoReturn, TypeVar

import msgspec

from acd.config.faults import Fault
from acd.model.hook import Hook
from acd.model.ids import LineId, OperatorId
from acd.model.mailing import Mailing, MailServer
from acd.model.policy import Policy

DAY_MINUTES: Final = 24 * 60

K = TypeVar("K")
V = TypeVar("V")


class FrozenDict(dict[K, V]):
    """A dict that cannot change. Unlike ``MappingProxyType`` it can be copied, pickled and encoded as JSON."""

    def _refuse(self, *args: object, **kwargs: object) -> NoReturn:
        raise TypeError("settings do not change: load the file again")

    __setitem__ = __delitem__ = __ior__ = clear = pop = popitem = setdefault = update = _refuse

    def __deepcopy__(self, memo: object) -> "FrozenDict[K, V]":
        return self

    def __reduce__(self) -> tuple[type, tuple[dict[K, V]]]:
        return type(self), (dict(self),)


Names = Mapping[str, str]
"""Text by language: ``nl``, ``en`` and ``fr`` are always there."""


class Interval(msgspec.Struct, frozen=True, order=True):
    """Part of a day, in minutes since local midnight. ``end`` is exclusive; 1440 = midnight at the end of the day."""

    start: int
    end: int

    def __str__(self) -> str:
        return f"{_clock(self.start)}-{_clock(self.end)}"


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


Week = tuple[tuple[Interval, ...], ...]
"""Seven days, Monday first; each its intervals in order, without overlap."""


class ClosingDays(msgspec.Struct, frozen=True):
    """The city is closed from ``first`` to ``last``, both included."""

    names: Names
    first: date
    last: date

    def covers(self, day: date) -> bool:
        return self.first <= day <= self.last

    def __str__(self) -> str:
        dates = f"{self.first}" if self.first == self.last else f"{self.first} to {self.last}"
        return f"{dates} ({self.names['nl']})"


class YearlyClosingDay(msgspec.Struct, frozen=True):
    """The city is closed on this day of every year."""

    names: Names
    month: int
    day: int

    def covers(self, day: date) -> bool:
        return (day.month, day.day) == (self.month, self.day)

    def __str__(self) -> str:
        return f"every {self.day}/{self.month} ({self.names['nl']})"


ClosingDay = ClosingDays | YearlyClosingDay


class Threshold(msgspec.Struct, frozen=True):
    """From ``amber`` on a figure on the wallboard is amber, from ``red`` on red.

    From there upwards where more is worse (waiting, longest wait); below it where less is worse (the shares).
    """

    amber: float
    red: float


class Thresholds(msgspec.Struct, frozen=True):
    """When the figures of a line change colour. 150 s is the limit of the Belgian customer-service charter."""

    waiting: Threshold = Threshold(amber=3, red=6)
    """Callers."""
    longest_wait: Threshold = Threshold(amber=60, red=150)
    """Seconds."""
    reachability: Threshold = Threshold(amber=0.95, red=0.90)
    """Share, 0 to 1."""
    service_level: Threshold = Threshold(amber=0.80, red=0.70)
    """Share, 0 to 1."""


class CallbackTerms(msgspec.Struct, frozen=True):
    """What a line promises to those whom it calls back; the engine's part is ``Line.callback``."""

    working_days: int = 2
    """The call comes before the end of this many working days after the day of the promise. 1 = the Belgian charter."""
    calling_hours: Week | None = None
    """When citizens may be called; None = the hours of the line."""
    attempts: int = 3
    """At most so many in which the citizen's phone rings."""
    gap: float = 7200.0
    """Seconds between two of them, at least."""
    occupancy: float = 0.75
    """A half-hour is calm when its forecast occupancy, and that of the next, is at most this."""
    share: float = 0.5
    """Part of the operators' idle time that may be promised away."""


class Shift(msgspec.Struct, frozen=True):
    """Operators who work every week on the same days and hours."""

    operators: tuple[OperatorId, ...]
    days: tuple[int, ...]
    """Monday = 0."""
    hours: tuple[Interval, ...]
    """In order, without overlap."""
    breaks: tuple[Interval, ...] = ()


class Duty(msgspec.Struct, frozen=True):
    """One operator's work on one date, as the planner's CSV has it."""

    day: date
    operator: OperatorId
    hours: Interval
    breaks: tuple[Interval, ...] = ()


class CityLine(msgspec.Struct, frozen=True):
    """What the dialplan and the pages need of a line; the engine's part is in ``City.policy.lines``."""

    id: LineId
    dids: tuple[str, ...]
    """The line's own numbers, as the trunk delivers them; empty = reached through a menu only."""
    number: str
    """The number as citizens know it, for the pages; may be empty."""
    flow: str | None
    """The flow that answers the line's own numbers; None = the one that names this line under ``answers``."""
    greeting: str | None
    """Prompt id."""
    partner: str | None
    """Number of the external partner contact centre."""
    hours: Week
    public_holidays: bool
    """Closed on Belgian public holidays."""
    city_closing_days: bool
    """Closed on the closing days of the city."""
    closing_days: tuple[ClosingDay, ...]
    """Its own, besides those of the city."""
    thresholds: Thresholds
    subjects: Mapping[str, Names] = FrozenDict()
    """Its own, besides those of the city, in the order of the file."""
    callback: CallbackTerms | None = None
    """None = this line never defers a caller."""
    screen_pop: str | None = None
    """Address with placeholders (:mod:`acd.config.screen_pop`) that opens the city's own page about a caller."""


class Supervision(msgspec.Struct, frozen=True):
    """What an operator is told of the supervisors."""

    visible: bool = True
    """He sees on his desk that somebody listens to his call."""


class City(msgspec.Struct, frozen=True):
    """All of ``queues.yaml``."""

    name: str
    policy: Policy
    lines: Mapping[LineId, CityLine]
    """In the order of the file."""
    reasons: Mapping[str, Names]
    """Reasons for not ready, in the order of the file."""
    closing_days: tuple[ClosingDay, ...]
    subjects: Mapping[str, Names] = FrozenDict()
    """What a call may be about on every line, in the order of the file."""
    shifts: tuple[Shift, ...] = ()
    """Who works when, on the dates that ``roster`` does not know."""
    roster: Mapping[date, tuple[Duty, ...]] = FrozenDict()
    """The planner's roster by date. A date that stands in it is wholly given by it."""
    supervision: Supervision = Supervision()
    warnings: tuple[Fault, ...] = ()
    """What is allowed but odd."""
    webhooks: Mapping[str, Hook] = FrozenDict()
    """Programs that are told what happens, by name."""
    mail: MailServer | None = None
    """None = no report is mailed."""
    mailings: Mapping[str, Mailing] = FrozenDict()
    """Reports that are mailed by the clock, by name."""
