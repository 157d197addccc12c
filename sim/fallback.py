"""Asterisk's own Queue(), which serves the callers while no engine is there.

As documented and measured: it polls. Once a second (``retry=1``) each waiting caller, in the order of ``QUEUE_PRIO``
(the second in which he joined the line), tries the free member with the lowest penalty, among equals in turn
(``strategy=rrmemory``). Nobody is woken when a phone becomes free.

Every 10 s the dialplan takes a caller out and looks up whether the engine is back; if it is not, he goes in again, at
his place. A phone that rings for him then rings on (``timeoutpriority=conf``), and he is looked up after it.
"""

from bisect import insort
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from acd.model.facts import CallWhereabouts as At
from acd.model.ids import CallId, Device
from acd.model.policy import Line, Policy
from sim.calls import Call
from sim.phones import Phone

if TYPE_CHECKING:
    from sim.kernel import Timer
    from sim.switch import SimSwitch

POLL: Final = 1.0
"""Seconds."""
LOOK_UP: Final = 10.0
"""Seconds that a caller is in Queue() at one time."""


@dataclass(frozen=True, slots=True)
class Queue:
    """The fallback queue of a line, as ``acd-queues.conf`` has it. Times are seconds."""

    members: Mapping[Device, int]
    """Phone -> penalty; the lowest is tried first."""
    ring_time: float = 15.0
    wrap_up: float = 0.0

    @classmethod
    def of(cls, line: Line, policy: Policy) -> Self:
        """The queue that is generated for this line."""
        members = {o.device: o.lines[line.id] - 1 for o in policy.operators.values() if line.id in o.lines}
        return cls(members, round(line.ring_time), round(line.wrap_up))


class Fallback:
    """The queues of one switch."""

    def __init__(self, switch: "SimSwitch") -> None:
        self._switch = switch
        self._callers: list[Call] = []
        self._until: dict[CallId, float] = {}
        """When each is looked up."""
        self._timer: Timer | None = None

    @property
    def callers(self) -> tuple[Call, ...]:
        """Those who wait here, next to be served first."""
        return tuple(self._callers)

    def enter(self, call: Call) -> None:
        """A caller whose waiting loop found the engine away."""
        call.where = At.FALLBACK
        call.context, call.exten = "acd-fallback", "s"
        call.offer = call.offered = None
        self._join(call)
        if self._timer is None:
            self._timer = self._switch.time.call_at(self._switch.time.now(), self._poll)

    def leave(self, call: Call) -> None:
        """He is served, hangs up or is taken out. Harmless for whoever is not here."""
        if call.where is At.FALLBACK:
            self._callers.remove(call)
            del self._until[call.id]

    def _join(self, call: Call) -> None:
        insort(self._callers, call, key=_priority)
        self._until[call.id] = self._switch.time.now() + LOOK_UP

    def close(self) -> None:
        """Asterisk is dead."""
        if self._timer is not None:
            self._timer.cancel()

    def _poll(self) -> None:
        self._timer = None
        now = self._switch.time.now()
        for call in self.callers:
            if call.leg is not None or call.dying:
                continue
            if now >= self._until[call.id]:
                self._look_up(call)
            if call.where is At.FALLBACK:
                self._try(call, now)
        if self._callers:
            self._timer = self._switch.time.call_at(now + POLL, self._poll)

    def _look_up(self, call: Call) -> None:
        """His time in Queue() is over: in again, or back to the music, where the engine has something to say to him."""
        self.leave(call)
        if self._switch.waiting.engine_away:
            self._join(call)
        else:
            self._switch.waiting.enter(call)

    def _try(self, call: Call, now: float) -> None:
        queue = self._switch.queues.get(call.line) if call.line else None
        phone = None if queue is None else self._member(queue, call, now)
        if queue is not None and phone is not None:
            phone.rung_at = now
            self._switch.connecting.ring_member(call, phone.device, queue.ring_time)

    def _member(self, queue: Queue, call: Call, now: float) -> Phone | None:
        def may(phone: Phone) -> bool:
            rested = now >= phone.free_at + queue.wrap_up
            return phone.free and rested and (call.line, phone.device) not in self._switch.paused

        def turn(phone: Phone) -> tuple[int, float]:
            return queue.members[phone.device], phone.rung_at

        phones = (self._switch.phones[device] for device in queue.members)
        return min(filter(may, phones), key=turn, default=None)


def _priority(call: Call) -> int:
    """The higher QUEUE_PRIO, the sooner; among equals whoever joined the queue first."""
    return int(call.entered_at or 0)
