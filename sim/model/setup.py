"""All that a simulation is told. Frozen, so that a variant is made with ``dataclasses.replace`` and nothing else
changes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Final

from acd.config import ZONE, City, Interval
from acd.config.calendar import closed_dates
from acd.config.city import DAY_MINUTES, FrozenDict
from acd.model.ids import LineId, OperatorId
from acd.model.policy import Policy
from sim.app_queue.settings import Settings
from sim.model.draws import AT_ONCE, NEVER, Constant, Draw, Exponential

SLOT: Final = 1800
"""Seconds of a half-hour."""
SLOTS: Final = 48
"""Half-hours of a day."""
FLAT: Final = (1.0,) * SLOTS
EVERY_DAY: Final = tuple(range(7))

USUAL_TALK: Final = Exponential(210.0)
SECOND_THOUGHTS: Final = Exponential(900.0)
SHORT_PAUSE: Final = Exponential(240.0)
PARTNER_RINGS: Final = Constant(15.0)
PICKS_UP: Final = Exponential(8.0)

WHOLE_DAY: Final = (Interval(0, DAY_MINUTES),)


@dataclass(frozen=True, kw_only=True)
class LineDemand:
    """Who calls one line, and what they are like. Times are seconds."""

    calls_per_day: float
    """Expected on an ordinary day of full opening."""
    profile: tuple[float, ...] = FLAT
    """Weight of each half-hour; only those in opening hours count."""
    talk: Draw = USUAL_TALK
    patience: Draw = NEVER
    """Time in the queue after which he hangs up."""
    menu: Draw = AT_ONCE
    """From the arrival to the choice of the line."""


@dataclass(frozen=True)
class Recorded:
    """A call of a recorded day. What was not recorded is drawn as for any other call of the line."""

    day: int
    """0 = the first day."""
    at: float
    """Seconds since local midnight."""
    line: LineId
    talk: float | None = None
    patience: float | None = None
    menu: float | None = None
    outlasted: float | None = None
    """He was served, or sent elsewhere, after so many seconds in the queue: his patience was longer."""


@dataclass(frozen=True, kw_only=True)
class Demand:
    """The calls of a city."""

    lines: Mapping[LineId, LineDemand]
    weekdays: tuple[float, ...] = (1.0,) * 7
    """Factor by day of the week, Monday first."""
    months: tuple[float, ...] = (1.0,) * 12
    day_shape: float | None = None
    """Good and bad days: all lines times one gamma factor a day with this shape and mean 1; None = 1."""
    redial: float = 0.0
    """Share of those who gave up (or heard that the line is full) who call again the same day."""
    redial_after: Draw = SECOND_THOUGHTS
    redials: int = 3
    """At most so many times."""
    recorded: tuple[Recorded, ...] | None = None
    """Replay these calls instead of drawing new ones. Second tries are among them: none are invented."""


@dataclass(frozen=True)
class Break:
    """Time off within a shift."""

    start: float
    """Seconds since local midnight."""
    seconds: float
    reason: str = "pauze"


@dataclass(frozen=True, kw_only=True)
class Shift:
    """Who works when."""

    operators: tuple[OperatorId, ...]
    weekdays: tuple[int, ...] = EVERY_DAY
    """Monday = 0."""
    start: float = 0.0
    """Seconds since local midnight."""
    end: float = 86400.0
    breaks: tuple[Break, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Staff:
    """The roster, and how far people keep to it."""

    shifts: tuple[Shift, ...]
    ill: float = 0.0
    """This share of all operators, to the nearest number, is away each day; who it is, is drawn."""
    no_show: float = 0.0
    """Chance that an operator does not come on a day of his roster."""
    pauses_per_hour: float = 0.0
    """Short pauses that nobody planned."""
    pause: Draw = SHORT_PAUSE
    pause_reason: str = "pauze"
    stays: float = 0.0
    """Seconds after his shift that an operator stays while callers of his lines still wait."""


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """What people and phones do with a call."""

    answer: Draw = AT_ONCE
    """From ringing to the answer."""
    no_answer: float = 0.0
    """Chance that an operator lets it ring."""
    notice: float = 60.0
    """Seconds after a missed ring at which he says that he is there."""
    speed: Mapping[OperatorId, float] = field(default_factory=FrozenDict)
    """Factor on the talk time of an operator's calls."""
    partner_answer: Draw = PARTNER_RINGS
    """From the partner's ringing to the answer."""
    partner_answers: float = 1.0
    """Share of calls that the partner answers."""


@dataclass(frozen=True, kw_only=True)
class Deferral:
    """What citizens do with the offer to be called back. Times are seconds."""

    accept: float = 0.5
    """Share of those who hear the offer who accept it."""
    soon: float = 0.3
    """Share of these who want the call as soon as it is calm; the others take the first moment that is offered."""
    refusal: float = 8.0
    """From the begin of the offer to a no."""
    dialogue: float = 30.0
    """From the begin of the offer to the acceptance."""
    picks_up: float = 0.75
    """Chance that a citizen answers our call."""
    engaged: float = 0.05
    """Chance that his phone is busy."""
    rings: Draw = PICKS_UP
    """Until he answers."""


@dataclass(frozen=True, kw_only=True)
class Special:
    """A day unlike the others."""

    calls: float = 1.0
    """So many times the calls."""
    ill: float | None = None
    """Instead of the roster's share of ill operators."""


@dataclass(frozen=True, kw_only=True)
class Setup:
    """One simulation, but for its seed."""

    policy: Policy
    demand: Demand
    staff: Staff
    behaviour: Behaviour = Behaviour()
    deferral: Deferral | None = None
    """None = nobody is offered to be called back, whatever the policy says."""
    special: Mapping[int, Special] = field(default_factory=FrozenDict)
    """Days unlike the others; 0 = the first day."""
    city: City | None = None
    """Opening hours and closing days; None = always open."""
    first_day: date = date(2026, 10, 5)
    days: int = 1
    warm_up: float = 0.0
    """Seconds at the start whose calls are not counted."""
    cool_down: int = 0
    """Days at the end whose calls are not counted: promises of the days before fall due in them."""
    app_queue: Settings | None = None
    """Asterisk's own ``Queue()`` routes; None = the production engine."""

    def hours(self, line: LineId, day: date) -> tuple[Interval, ...]:
        """When the line is open on that day."""
        if self.city is None:
            return WHOLE_DAY
        if closed_dates(self.city, line, day, day):
            return ()
        return self.city.lines[line].hours[day.weekday()]

    @property
    def dates(self) -> tuple[date, ...]:
        return tuple(self.first_day + timedelta(n) for n in range(self.days))

    @property
    def counted_days(self) -> int:
        """Days whose calls are counted, from the first on."""
        return self.days - self.cool_down

    @property
    def counted(self) -> tuple[float, float]:
        """From when until when calls are counted, seconds since the epoch."""
        return midnight(self.first_day) + self.warm_up, midnight(self.first_day + timedelta(self.counted_days))


def midnight(day: date) -> float:
    """Seconds since the epoch from which the wall clock of that day counts. Noon less twelve hours: so 9 o'clock is
    9 o'clock also on the days on which the clock changes."""
    return datetime.combine(day, time(12), ZONE).timestamp() - 43200.0
