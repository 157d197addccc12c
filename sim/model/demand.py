"""Who calls when. Arrivals are a Poisson process whose rate changes by half-hour, weekday, month and day.

Each caller is born with all he will ever need: his menu time, his patience, his handling time, and his luck with the
phone that rings first. So two settings are tried on the same people.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from random import Random
from typing import Final

from acd.config import Interval
from acd.model.facts import CallWhereabouts as At
from acd.model.ids import CallId, Device, LineId, OfferId
from sim.kernel import Timer
from sim.model.draws import Exponential, Sampler, stream
from sim.model.setup import SLOT, SLOTS, LineDemand, Setup

ATTEMPTS: Final = 1000
"""Draws after which a condition is taken to be met hardly ever."""

Needs = tuple[float, float, float, float, float]
"""Menu time, patience, talk (seconds), luck with the first phone (0 to 1), its ring time (seconds)."""

_MENU: Final = At.MENU
_NO_CALL: Final = CallId("")
_NO_OFFER: Final = OfferId(0)
_NO_DEVICE: Final = Device("")


class Caller:
    """A citizen with a telephone at his ear."""

    __slots__ = (
        "answer",
        "arrives_at",
        "attempt",
        "device",
        "entered_at",
        "id",
        "line",
        "luck",
        "menu",
        "offer",
        "origin",
        "patience",
        "talk",
        "timer",
        "where",
    )

    def __init__(self, line: LineId, arrives_at: float, needs: Needs) -> None:
        """Luck is used up by the first phone, and negative from then on."""
        self.line = line
        self.arrives_at = arrives_at
        """Seconds since the epoch."""
        self.menu, self.patience, self.talk, self.luck, self.answer = needs
        self.attempt = 0
        self.origin = ""
        """Names the first call of a citizen who calls again."""
        self.id = _NO_CALL
        self.where = _MENU
        self.entered_at = 0.0
        self.offer = _NO_OFFER
        self.device = _NO_DEVICE
        self.timer: Timer | None = None
        """When he loses his patience; then when his talk ends."""


class _Birth:
    """Draws the callers of one line on one day, each need from a stream of its own."""

    __slots__ = ("_answer", "_luck", "_menu", "_patience", "_talk", "line")

    def __init__(self, setup: Setup, id: LineId, line: LineDemand, seed: int, number: int) -> None:
        name = (seed, id, number)
        self.line = id
        self._menu = line.menu.sampler(stream("menu", *name))
        self._patience = line.patience.sampler(stream("patience", *name))
        self._talk = line.talk.sampler(stream("talk", *name))
        self._luck = stream("luck", *name).random
        self._answer = setup.behaviour.answer.sampler(stream("answer", *name))

    def at(self, moment: float) -> Caller:
        """Who calls at that moment, seconds since the epoch."""
        return Caller(self.line, moment, (self._menu(), self._patience(), self._talk(), self._luck(), self._answer()))


class Callers:
    """The callers of one seed."""

    def __init__(self, setup: Setup, seed: int) -> None:
        self._setup = setup
        self._seed = seed
        self._profiles = {id: _normal(line, setup, id) for id, line in setup.demand.lines.items()}

    def of_day(self, number: int, day: date, midnight: float) -> Iterator[Caller]:
        """Those who call on one day, in order of arrival; each is born when he is asked for, so that no day full of
        callers lies in memory.

        Args:
            number: 0 = the first day.
            day: the date.
            midnight: seconds since the epoch.
        """
        if self._setup.demand.recorded is not None:
            yield from sorted(self._recorded(number, midnight), key=lambda caller: caller.arrives_at)
            return
        factor = self._day_factor(number, day)
        births = [_Birth(self._setup, id, line, self._seed, number) for id, line in self._setup.demand.lines.items()]
        moments: list[tuple[float, int]] = []
        for n, birth in enumerate(births):
            expected = self._expected(birth.line, day, factor)
            times = arrivals(stream("arrivals", self._seed, birth.line, number), expected)
            moments += [(midnight + at, n) for at in times]
        moments.sort()
        for at, n in moments:
            yield births[n].at(at)

    def again(self, caller: Caller, now: float) -> Caller | None:
        """The same citizen calls once more; None = he leaves it at that."""
        demand = self._setup.demand
        if not demand.redial or demand.recorded is not None or caller.attempt >= demand.redials:
            return None
        origin = caller.origin or f"{caller.line}/{caller.arrives_at!r}"
        random = stream(self._seed, "redial", origin, caller.attempt)
        if random.random() >= demand.redial:
            return None
        at = now + demand.redial_after.sampler(random)()
        fresh = self._born(caller.line, demand.lines[caller.line], at, random)
        fresh.talk, fresh.attempt, fresh.origin = caller.talk, caller.attempt + 1, origin
        return fresh

    def _day_factor(self, number: int, day: date) -> float:
        demand = self._setup.demand
        factor = demand.weekdays[day.weekday()] * demand.months[day.month - 1]
        if number in self._setup.special:
            factor *= self._setup.special[number].calls
        if demand.day_shape is not None:
            factor *= stream(self._seed, "day", number).gammavariate(demand.day_shape, 1 / demand.day_shape)
        return factor

    def _expected(self, id: LineId, day: date, factor: float) -> list[float]:
        """Calls by half-hour."""
        line = self._setup.demand.lines[id]
        return [
            line.calls_per_day * factor * weight * share
            for weight, share in zip(self._profiles[id], open_shares(self._setup.hours(id, day)), strict=True)
        ]

    def _born(self, id: LineId, line: LineDemand, at: float, random: Random) -> Caller:
        draws = (line.menu, line.patience, line.talk)
        menu, patience, talk = (draw.sampler(random)() for draw in draws)
        luck, answer = random.random(), self._setup.behaviour.answer.sampler(random)()
        return Caller(id, at, (menu, patience, talk, luck, answer))

    def _recorded(self, number: int, midnight: float) -> Iterator[Caller]:
        demand = self._setup.demand
        assert demand.recorded is not None
        for n, call in enumerate(demand.recorded):
            if call.day == number:
                line, random = demand.lines[call.line], stream(self._seed, "r", n)
                caller = self._born(call.line, line, midnight + call.at, random)
                caller.menu = caller.menu if call.menu is None else call.menu
                caller.talk = caller.talk if call.talk is None else call.talk
                if call.patience is not None:
                    caller.patience = call.patience
                elif call.outlasted is not None and caller.patience <= call.outlasted:
                    caller.patience = longer(line.patience.sampler(random), call.outlasted)
                yield caller


def longer(sample: Sampler, least: float) -> float:
    """A time that is longer than ``least`` seconds. When hardly any is, one that begins to count there."""
    for _ in range(ATTEMPTS):
        seconds = sample()
        if seconds > least:
            return seconds
    return least + sample()


def arrivals(random: Random, expected: Sequence[float]) -> Iterator[float]:
    """Seconds since midnight of a Poisson process with so many expected arrivals in each half-hour."""
    interval = Exponential(1.0).sampler(random)
    to_next = interval()
    for slot, mean in enumerate(expected):
        gone = 0.0
        while gone + to_next <= mean:
            gone += to_next
            yield (slot + gone / mean) * SLOT
            to_next = interval()
        to_next -= mean - gone


def open_shares(hours: Sequence[Interval]) -> list[float]:
    """How much of each half-hour of the day is open, 0 to 1."""
    minutes = SLOT // 60
    return [
        sum(max(0, min(i.end, (n + 1) * minutes) - max(i.start, n * minutes)) for i in hours) / minutes
        for n in range(SLOTS)
    ]


def _normal(line: LineDemand, setup: Setup, id: LineId) -> tuple[float, ...]:
    """The profile, scaled so that a day of the longest opening in the week brings ``calls_per_day``."""
    weeks = [open_shares(setup.city.lines[id].hours[n]) for n in range(7)] if setup.city else [[1.0] * SLOTS]
    total = max(sum((w * share for w, share in zip(line.profile, shares, strict=True)), 0.0) for shares in weeks)
    return tuple(weight / total for weight in line.profile) if total else (0.0,) * SLOTS


def expected_calls(setup: Setup) -> float:
    """Calls to be expected over all days, redials left out."""
    demand = setup.demand
    if demand.recorded is not None:
        return float(len(demand.recorded))
    total = 0.0
    for id, line in demand.lines.items():
        profile = _normal(line, setup, id)
        for day in setup.dates:
            shares = open_shares(setup.hours(id, day))
            factor = demand.weekdays[day.weekday()] * demand.months[day.month - 1]
            total += (
                line.calls_per_day * factor * sum((w * share for w, share in zip(profile, shares, strict=True)), 0.0)
            )
    return total
