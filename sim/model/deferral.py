"""What citizens do with the offer to be called back, and with the phone that rings for it: the part of level A's switch
in which they are. Dialogue, ring and talk take as long as :class:`~sim.model.setup.Deferral` says."""

import math
from collections.abc import Callable
from typing import Final

from acd.model import commands as c
from acd.model.callback import AttemptResult
from acd.model.facts import (
    AttemptEnded,
    AttemptRinging,
    AttemptTaken,
    CallbackDeclined,
    CallbackHeard,
    CallbackWanted,
    CitizenAnswered,
    CitizenDialled,
    Fact,
    OfferFailure,
    PhoneChanged,
    PhoneState,
)
from acd.model.facts import CallWhereabouts as At
from acd.model.ids import CallbackId, Device, OfferId
from sim.kernel import Kernel
from sim.model.demand import Caller
from sim.model.draws import stream
from sim.model.setup import Deferral

TURN: Final = 1.0
"""Seconds until the waiting loop picks the offer up; its turns take 2 s."""
BUSY_TONE: Final = 3.0
"""Seconds until a busy phone has said so."""

Answers = Callable[[Device], tuple[float, bool]]
"""Seconds until the operator picks up his phone, and whether he does."""


class Deferred:
    """Callers in the dialogue, and citizens who are called back.

    Args:
        kernel: the clock.
        habits: of the citizens.
        seed: of this replication.
        tell: the engine's inbox.
        operator: what an operator does with a ringing phone.
    """

    def __init__(
        self, kernel: Kernel, habits: Deferral, seed: int, tell: Callable[[Fact], None], operator: Answers
    ) -> None:
        self._kernel = kernel
        self._habits = habits
        self._seed = seed
        self._tell = tell
        self._operator = operator
        self._promised: dict[CallbackId, Caller] = {}
        """Who waits for our call."""
        self._ended: set[OfferId] = set()

    # --- The dialogue ---------------------------------------------------------------------------------------------

    def offer(self, caller: Caller, command: c.OfferCallback) -> None:
        self._later(TURN, self._hear, caller, len(command.plan.slots))

    def _hear(self, caller: Caller, slots: int) -> None:
        if caller.where is not At.WAIT:
            return
        caller.where = At.OFFER
        self._tell(CallbackHeard(caller.id, self._moment()))
        luck = stream(self._seed, "offer", caller.line, caller.arrives_at)
        if luck.random() >= self._habits.accept:
            self._later(self._habits.refusal, self._decline, caller)
            return
        # Who is going to accept does not hang up in the middle of it.
        if caller.timer is not None:
            caller.timer.cancel()
        choice = 1 if slots and luck.random() >= self._habits.soon else 0
        self._later(self._habits.dialogue, self._accept, caller, choice)

    def _decline(self, caller: Caller) -> None:
        if caller.where is At.OFFER:
            caller.where = At.WAIT
            self._tell(CallbackDeclined(caller.id))

    def _accept(self, caller: Caller, choice: int) -> None:
        if caller.where is At.OFFER:
            caller.where = At.BOOK
            self._tell(CallbackWanted(caller.id, choice))

    def answered(self, caller: Caller, command: c.AnswerBooking) -> bool:
        """He hears whether the promise stands. True: it does, and he has nothing to wait for any more."""
        if caller.where is not At.BOOK:
            return False
        if command.window is None:
            caller.where = At.WAIT
            return False
        self._promised[CallbackId(caller.id)] = caller
        return True

    # --- The call back --------------------------------------------------------------------------------------------

    def call(self, command: c.CallBack) -> None:
        """The operator's phone rings, then the citizen's."""
        self._tell(AttemptRinging(command.attempt))
        self._tell(PhoneChanged(command.device, PhoneState.BUSY))
        after, picks_up = self._operator(command.device)
        if picks_up and after < command.ring_time:
            self._later(after, self._taken, command)
        else:
            failure = OfferFailure.RING_NO_ANSWER
            self._later(command.ring_time, self._end, command, AttemptResult.OPERATOR, failure)

    def _taken(self, command: c.CallBack) -> None:
        if command.attempt in self._ended:
            return
        self._tell(AttemptTaken(command.attempt, self._moment()))
        self._tell(CitizenDialled(command.attempt))
        habits, luck = self._habits, stream(self._seed, "called", command.callback, command.attempt)
        draw = luck.random()
        if draw < habits.engaged:
            self._later(BUSY_TONE, self._end, command, AttemptResult.BUSY)
        elif draw < habits.engaged + habits.picks_up:
            rings = min(habits.rings.sampler(luck)(), command.ring_citizen - 1)
            self._later(rings, self._reached, command)
        else:
            self._later(command.ring_citizen, self._end, command, AttemptResult.NO_ANSWER)

    def _reached(self, command: c.CallBack) -> None:
        if command.attempt in self._ended:
            return
        self._tell(CitizenAnswered(command.attempt, self._moment()))
        citizen = self._promised.pop(command.callback, None)
        self._later(0.0 if citizen is None else citizen.talk, self._end, command, AttemptResult.CONNECTED)

    def hang_up(self, attempt: OfferId) -> None:
        """The engine ends an attempt of which it has heard nothing: in this switch none hangs."""
        raise AssertionError(f"nothing hangs in this switch: attempt {attempt}")

    def _end(self, command: c.CallBack, result: AttemptResult, failure: OfferFailure | None = None) -> None:
        if command.attempt in self._ended:
            return
        self._ended.add(command.attempt)
        self._tell(AttemptEnded(command.attempt, result, self._moment(), failure))
        self._tell(PhoneChanged(command.device, PhoneState.IDLE))

    def _later(self, seconds: float, fn: Callable[..., object], *args: object) -> None:
        self._kernel.call_at(self._kernel.now() + seconds, fn, *args)

    def _moment(self) -> float:
        return math.floor(self._kernel.now() * 1000) / 1000
