"""Operators: they pick up, do not pick up, reject, do their wrap-up, take a break, go home."""

from collections.abc import Callable
from random import Random

import msgspec

from acd.model.ids import OperatorId
from acd.model.policy import Operator
from sim.draws import Draw, exponential, uniform
from sim.kernel import Timer
from sim.phones import RINGS, Habit, Leg, LegState
from sim.switch import SimSwitch

Click = Callable[[OperatorId, str, str], None]
"""What an operator presses on his page: operator; ``login``, ``logout``, ``ready`` or ``pause``; reason of a pause."""


class Style(msgspec.Struct, frozen=True):
    """How an operator works. Shares are from 0 to 1."""

    answer: Draw = uniform(1.0, 5.0)
    """From the first ring to picking up."""
    ignores: float = 0.02
    """Share of the rings that nobody answers."""
    rejects: float = 0.01
    """Share of the rings that are rejected by a button."""
    wrap_up: Draw = uniform(5.0, 40.0)
    """After it he says that he is ready, if the line's own wrap-up has not ended before."""
    notices: Draw = uniform(15.0, 60.0)
    """After a ring that he missed or rejected he says that he is ready again."""
    works: Draw = exponential(2400.0)
    """From one break to the next."""
    rests: Draw = uniform(120.0, 600.0)


NEVER = Style(ignores=1.0, notices=uniform(60.0, 120.0))
"""He is logged in, and not at his desk."""


class Desk:
    """One operator at his phone and his page. Implements :class:`~sim.phones.Hands`.

    Args:
        reasons: of a break; he takes any of them.
        click: takes what he presses.
    """

    def __init__(
        self,
        switch: SimSwitch,
        operator: Operator,
        style: Style,
        *,
        reasons: tuple[str, ...],
        click: Click,
        rng: Random,
    ) -> None:
        self.operator = operator
        self._switch = switch
        self._style = style
        self._reasons = reasons
        self._click = click
        self._rng = rng
        self._resting = False
        self._timers: list[Timer] = []
        switch.phones[operator.device].hands = self

    def start(self, after: float = 0.0) -> None:
        """Come to work ``after`` so many seconds."""
        self._later(after, self._log_in)

    def stop(self) -> None:
        """Go home; a call in hand is finished first."""
        for timer in self._timers:
            timer.cancel()
        self._press("logout")

    # --- The phone ------------------------------------------------------------------------------------------------

    def invited(self, leg: Leg) -> Habit:
        drawn, after = self._rng.random(), self._style.answer(self._rng)
        if drawn < self._style.ignores:
            return RINGS
        if drawn < self._style.ignores + self._style.rejects:
            return Habit(code=603, after=after)
        return Habit(after=after)

    def parted(self, leg: Leg) -> None:
        served = leg.state is LegState.UP
        self._later((self._style.wrap_up if served else self._style.notices)(self._rng), self._ready)

    # --- The page -------------------------------------------------------------------------------------------------

    def _log_in(self) -> None:
        self._press("login")
        self._ready()
        self._later(self._style.works(self._rng), self._rest)

    def _ready(self) -> None:
        if not self._resting:
            self._press("ready")

    def _rest(self) -> None:
        self._resting = True
        self._press("pause", self._rng.choice(self._reasons))
        self._later(self._style.rests(self._rng), self._return)

    def _return(self) -> None:
        self._resting = False
        self._ready()
        self._later(self._style.works(self._rng), self._rest)

    def _press(self, button: str, reason: str = "") -> None:
        self._click(self.operator.id, button, reason)

    def _later(self, seconds: float, fn: Callable[[], None]) -> None:
        time = self._switch.time
        self._timers = [timer for timer in self._timers if timer.fn is not None]
        self._timers.append(time.call_at(time.now() + seconds, fn))
