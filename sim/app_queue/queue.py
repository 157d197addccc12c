"""One queue: who stands in it, whose turn it is, and in which order its members are tried.

Names are those of ``app_queue``: ``rrpos``, ``lastcall``, ``holdtime``. ``second`` is Asterisk's clock: whole seconds
since the epoch.
"""

import math
from collections.abc import Sequence
from random import Random
from typing import Final

from acd.engine.people import Call, Desk
from acd.model.facts import OfferFailure
from acd.model.operator import OperatorState, rest
from acd.model.policy import Line
from sim.app_queue.settings import Settings, Strategy

RECHECK: Final = 1.0
"""Seconds between two looks of a caller in the holding pen."""
_AVAILABLE: Final = OperatorState.AVAILABLE
_WRAP_UP: Final = OperatorState.WRAP_UP
_PENALTY: Final = 1_000_000
_ROUND: Final = 1000
"""Whose turn is over comes so much later; a metric modulo this is a member's position."""
_SAME_MOMENT: Final = 1e-6


class Member:
    """An operator, as one queue knows him."""

    __slots__ = ("calls", "desk", "lastcall", "lastqueue", "penalty", "position")

    def __init__(self, desk: Desk, penalty: int, position: int) -> None:
        self.desk = desk
        self.penalty = penalty
        self.position = position
        self.calls = 0
        self.lastcall = 0
        """The second in which his last call ended; 0 = he had none."""
        self.lastqueue: Queue | None = None
        """The queue of that call."""

    @property
    def free(self) -> bool:
        """Not paused, and his phone is not in use: Asterisk asks the phone, it knows of no other work."""
        desk = self.desk
        if desk.state is _WRAP_UP:
            return rest(desk.wish, desk.phone) is _AVAILABLE
        return desk.state is _AVAILABLE

    def rested(self, queue: "Queue", second: int) -> bool:
        """His wrap-up is over, by the rule of the queue that called him last."""
        return second - self.lastcall >= (self.lastqueue or queue).wrapuptime


class Entry:
    """A caller in the queue: a thread that looks, sleeps, and looks again."""

    __slots__ = ("call", "how", "linpos", "linwrapped", "looks_at", "number", "pending", "queue", "start", "untried")

    def __init__(self, queue: "Queue", call: Call, number: int, now: float) -> None:
        self.queue = queue
        self.call = call
        self.number = number
        self.start = int(now)
        self.looks_at = now
        """From then on he looks once every :data:`RECHECK` seconds."""
        self.pending = False
        """A phone rings for him."""
        self.how: OfferFailure | None = None
        """What became of the last phone that rang for him."""
        self.untried: list[tuple[int, int, Member]] = []
        """Members whom the try under way has not come to yet, the next one last."""
        self.linpos = 0
        self.linwrapped = False

    def next_look(self, now: float) -> float:
        """When he next looks whether it is his turn, now included."""
        return self.looks_at + RECHECK * max(0, math.ceil((now - self.looks_at) / RECHECK - _SAME_MOMENT))


class Queue:
    """The queue of a line.

    Args:
        line: its settings, in whole seconds.
        members: operators of the line, in the order of the configuration.
        settings: of all queues.
        random: for the strategy of that name.
    """

    def __init__(self, line: Line, members: Sequence[Desk], settings: Settings, random: Random) -> None:
        self.line = line.id
        self.weight = line.priority
        self.wrapuptime = int(line.wrap_up)
        self.members = [Member(desk, desk.level(line.id) - 1, n) for n, desk in enumerate(members)]
        self.entries: list[Entry] = []
        """In order of joining; whoever is rung for stays until he is answered."""
        self.holdtime = 0
        """What callers hear as their wait: the mean of the answered, smoothed. Seconds."""
        self.plan = 0
        """Counts the changes; a look that was planned before the last one is stale."""
        self._over = 0
        self._settings = settings
        self._random = random
        self._rrpos = 0
        self._wrapped = False

    # --- Turns --------------------------------------------------------------------------------------------------------

    def available(self, second: int, limit: int | None = None) -> int:
        """Members who could be rung, by this queue's own wrap-up, whatever the queue of their last call says.

        Not more than one without ``autofill``, and not more than ``limit``.
        """
        limit = limit if self._settings.autofill else 1
        count = 0
        for member in self.members:
            if member.free and (not member.lastcall or second - self.wrapuptime >= member.lastcall):
                count += 1
                if count == limit:
                    break
        return count

    def in_turn(self, second: int) -> list[Entry]:
        """Callers who will try to ring when they look next."""
        entries = self.entries if self._settings.autofill else self.entries[:1]
        waiting = [entry for entry in entries if not entry.pending]
        return waiting[: self.available(second, len(waiting))] if waiting else []

    # --- Whom to ring -------------------------------------------------------------------------------------------------

    def begin(self, entry: Entry, second: int) -> None:
        """A try begins: all members in the order in which they will be tried.

        Equals: the last configured first. In Asterisk it is the last by the hash of the phone's name, which for phones
        numbered in sequence is nearly always the same.
        """
        entry.pending = True
        found = [(self._metric(member, entry, second), -member.position, member) for member in self.members]
        found.sort(key=lambda each: each[:2], reverse=True)
        entry.untried = found

    def _metric(self, member: Member, entry: Entry, second: int) -> int:
        """The lowest is tried first."""
        metric = _PENALTY * member.penalty
        match self._settings.strategy:
            case Strategy.RRMEMORY:
                self._wrapped |= member.position > self._rrpos
                metric += member.position + (_ROUND if member.position < self._rrpos else 0)
            case Strategy.LINEAR:
                entry.linwrapped |= member.position > entry.linpos
                metric += member.position + (_ROUND if member.position < entry.linpos else 0)
            case Strategy.LEASTRECENT:
                metric += _PENALTY - (second - member.lastcall) if member.lastcall else 0
            case Strategy.FEWESTCALLS:
                metric += member.calls
            case Strategy.RANDOM:
                metric += self._random.randrange(_ROUND)
        return metric

    def end(self, entry: Entry) -> None:
        """A try is over, answered or not: the next one begins with the best of those whom this one did not reach."""
        entry.pending = False
        strategy = self._settings.strategy
        if strategy is Strategy.RRMEMORY:
            self._rrpos = _following(entry, self._rrpos, self._wrapped)
            self._wrapped = False
        elif strategy is Strategy.LINEAR:
            entry.linpos = _following(entry, entry.linpos, entry.linwrapped)
            entry.linwrapped = False
        entry.untried = []

    # --- Who has left -------------------------------------------------------------------------------------------------

    def answered(self, entry: Entry, second: int) -> None:
        """He was connected: h = floor((3 h + w) / 4)."""
        waited = second - entry.start
        self.holdtime = (3 * self.holdtime + waited) // 4 if self._over else waited
        self.leave(entry)

    def abandoned(self, entry: Entry) -> None:
        """He hung up or was sent elsewhere."""
        self._over += 1
        self.leave(entry)

    def leave(self, entry: Entry) -> None:
        if entry.pending:
            self.end(entry)
        self.entries.remove(entry)

    def talked(self, member: Member, second: int, called: "Queue") -> None:
        """A call of the queue ``called`` is over for a member of this one."""
        member.lastcall, member.lastqueue = second, called
        member.calls += 1
        self._over += called is self


def _following(entry: Entry, position: int, wrapped: bool) -> int:
    if entry.untried:
        return entry.untried[-1][0] % _ROUND
    return 0 if wrapped else position + 1
