"""Citizens: they call, walk through a menu, wait until their patience ends, speak, hang up.

All that a citizen will ever do is drawn at the moment he calls, from a generator of his line's own. So two policies, or
two stagings of the same day, see the same citizens.
"""

from collections.abc import Callable, Mapping
from random import Random

import msgspec

from acd.model.facts import CallWhereabouts as At
from acd.model.ids import LineId
from acd.model.outcome import Outcome
from sim.calls import Call
from sim.draws import Draw, exponential, lognormal, uniform
from sim.kernel import Timer
from sim.switch import SimSwitch


class Manner(msgspec.Struct, frozen=True):
    """How the citizens of a line behave. Shares are from 0 to 1."""

    menu: Draw = uniform(4.0, 12.0)
    """From the answer of the menu to the last choice in it."""
    patience: Draw = exponential(180.0)
    """Longest wait, from joining the line to the answer, ringing included."""
    talk: Draw = lognormal(210.0)
    leaves_menu: float = 0.03
    """Share of those who hang up in the menu."""
    informed: float = 0.04
    """Share of those whom the menu itself helps."""
    hangs_up_first: float = 0.7
    """Share of the talks that the citizen ends; the operator ends the others."""
    foreign: float = 0.1
    """Share of those who choose English."""
    accepts: float = 0.0
    """Share of those who accept to be called back when they hear the offer."""
    asks_soon: float = 0.8
    """Share of those who then want it as soon as it is calm; the others take the first moment that they hear."""
    presses: Draw = uniform(2.0, 5.0)
    """From a question of the dialogue to the key."""


class Caller:
    """One citizen, on the phone. Implements :class:`~sim.calls.Citizen`."""

    __slots__ = ("_fate", "_keys", "_line", "_patience", "_presses", "_switch", "_talk", "_talker", "_timer")

    def __init__(self, switch: SimSwitch, line: LineId, manner: Manner, rng: Random) -> None:
        self._switch = switch
        self._line = line
        self._timer: Timer | None = None
        menu = manner.menu(rng)
        self._fate = _fate(rng.random(), manner)
        self._patience = manner.patience(rng)
        self._talk = manner.talk(rng)
        self._talker = rng.random() < manner.hangs_up_first
        language = "en" if rng.random() < manner.foreign else "nl"
        self._keys, self._presses = "", 0.0
        if manner.accepts and rng.random() < manner.accepts:
            # Yes; that is my number; as soon as it is calm, or else the moment that is said.
            self._keys = "113" if rng.random() < manner.asks_soon else "11"
            self._presses = manner.presses(rng)
        number = f"+3247{rng.randrange(10**7):07}"
        call = switch.arrive("3292101010", number, language, self)
        if call.where is At.MENU:
            self._plan(menu, self._choose, call)

    def connected(self, call: Call) -> None:
        """Patience has nothing to say any more."""
        self._plan(self._talk, self._end_talk, call)

    def asked(self, call: Call) -> None:
        """Once he has said yes he stays until all is said."""
        if self._presses:
            key, self._keys = self._keys[:1] or "1", self._keys[1:]
            self._plan(self._presses, self._press, call, key)

    def gone(self, call: Call) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _choose(self, call: Call) -> None:
        match self._fate:
            case Outcome.LEFT_MENU:
                self._switch.hang_up(call)
            case Outcome.INFORMED:
                self._switch.end_menu(call, Outcome.INFORMED)
            case _:
                self._switch.choose(call, self._line, f"hoofd>{self._line}")
                self._plan(self._patience, self._give_up, call)

    def _give_up(self, call: Call) -> None:
        self._switch.hang_up(call)

    def _press(self, call: Call, key: str) -> None:
        self._plan(self._patience, self._give_up, call)
        self._switch.press(call, key)

    def _end_talk(self, call: Call) -> None:
        if self._talker or call.device is None or call.where is not At.TALK:
            self._switch.hang_up(call)
        else:
            self._switch.hang_up_phone(call.device)

    def _plan(self, seconds: float, fn: Callable[..., None], *details: object) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._switch.time.call_at(self._switch.time.now() + seconds, fn, *details)


def _fate(drawn: float, manner: Manner) -> Outcome | None:
    """Whether the menu is the end of it."""
    if drawn < manner.leaves_menu:
        return Outcome.LEFT_MENU
    return Outcome.INFORMED if drawn < manner.leaves_menu + manner.informed else None


class Demand(msgspec.Struct, frozen=True):
    """Who calls a line, and how often."""

    per_hour: float
    manner: Manner = Manner()


class Crowd:
    """All citizens: a Poisson process a line.

    Args:
        seed: anything with a fixed text; each line draws from a generator of its own.
    """

    def __init__(self, switch: SimSwitch, demand: Mapping[LineId, Demand], seed: object) -> None:
        self._switch = switch
        self._demand = {line: wanted for line, wanted in demand.items() if wanted.per_hour > 0}
        self._streams = {line: Random(f"{seed}/{line}") for line in self._demand}
        self._timers: dict[LineId, Timer] = {}
        self.calls = 0
        """Citizens who have called so far."""

    def start(self) -> None:
        for line in self._demand:
            self._expect(line)

    def stop(self) -> None:
        """Nobody calls any more; those on the phone go on."""
        for timer in self._timers.values():
            timer.cancel()

    def _expect(self, line: LineId) -> None:
        gap = exponential(3600 / self._demand[line].per_hour)(self._streams[line])
        time = self._switch.time
        self._timers[line] = time.call_at(time.now() + gap, self._arrive, line)

    def rush(self, callers: float, within: float) -> None:
        """About so many call at once, within so many seconds: over the lines as ever."""
        time, all_lines = self._switch.time, sum(wanted.per_hour for wanted in self._demand.values())
        for line, wanted in self._demand.items():
            rng, mean = self._streams[line], callers * wanted.per_hour / all_lines
            for _ in range(int(mean + rng.random())):
                time.call_at(time.now() + within * rng.random(), self._call, line)

    def _arrive(self, line: LineId) -> None:
        self._call(line)
        self._expect(line)

    def _call(self, line: LineId) -> None:
        self.calls += 1
        Caller(self._switch, line, self._demand[line].manner, self._streams[line])
