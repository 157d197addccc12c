"""Level A: the production engine on a simulated switch in virtual time, without asyncio."""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from acd.engine.core import Engine
from acd.model.events import Event
from acd.model.facts import Fact, Tick
from sim.kernel import Scheduler, Timer
from sim.pbx import SimPbx

_TICK: Final = Tick()


class HeapDriver:
    """Does for a heap what ``acd.runtime.driver`` does for an event loop: facts go through the engine one after the
    other in the order in which they are told, commands go to the switch, and the engine's own timers are kept.

    Args:
        listener: takes the events of each step.
    """

    def __init__(
        self, engine: Engine, pbx: SimPbx, time: Scheduler, listener: Callable[[Sequence[Event]], None]
    ) -> None:
        self.engine = engine
        self._pbx = pbx
        self._time = time
        self._listener = listener
        self._inbox: deque[Fact] = deque()
        self._busy = False
        self._timer: Timer | None = None

    def start(self) -> None:
        """Connect to the switch."""
        self._pbx.connect(self.tell)

    def tell(self, fact: Fact) -> None:
        """Hand a fact to the engine. Facts told while another is handled wait their turn."""
        self._inbox.append(fact)
        if self._busy:
            return
        self._busy = True
        try:
            while self._inbox:
                self._step(self._inbox.popleft())
        finally:
            self._busy = False
        self._arm()

    def _step(self, fact: Fact) -> None:
        step = self.engine.handle(fact, self._time.now())
        for command in step.commands:
            self._pbx.send(command)
        if step.events:
            self._listener(step.events)

    def _arm(self) -> None:
        due, timer = self.engine.due(), self._timer
        if timer is not None:
            if timer.fn is not None and timer.at == due:
                return
            timer.cancel()
        self._timer = None if due is None else self._time.call_at(due, self.tell, _TICK)
