"""The switch of level A: commands into facts in the order in which :mod:`sim.switch` says them with ``INSTANT`` timing
(a test holds the two against each other), without channels, legs or anything that takes milliseconds."""

import math
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from acd.model import commands as c
from acd.model.facts import (
    CallArrived,
    CallFound,
    CallGone,
    CallQueued,
    Fact,
    MenuEnded,
    OfferAnswered,
    OfferDialled,
    OfferFailed,
    OfferFailure,
    OfferRinging,
    OverflowAnswered,
    OverflowFailed,
    PhoneChanged,
    PhoneState,
    TalkEnded,
)
from acd.model.facts import CallWhereabouts as At
from acd.model.ids import CallId, Device, LineId, OperatorId
from acd.model.outcome import Outcome
from acd.model.policy import OverflowTo
from sim.kernel import Kernel
from sim.model.deferral import Deferred
from sim.model.demand import Caller
from sim.model.draws import stream
from sim.model.setup import Setup

MESSAGE: Final = 8.0
"""Seconds of a message that ends a call."""
PROMPT: Final = 3.0
"""Seconds of the announcement before the partner is rung."""
PARTNER_RING_TIME: Final = 60.0

# Python 3.11 takes its time over finding the member of an enum: those that every call needs are found once.
_WAIT: Final = At.WAIT
_RING: Final = At.RING
_TALK: Final = At.TALK
_AFTER: Final = At.AFTER
_OVERFLOW: Final = At.OVERFLOW
_IDLE: Final = PhoneState.IDLE
_BUSY: Final = PhoneState.BUSY

# Compiled code looks the name of a foreign class up at each use, but not a constant.
_OFFER: Final = c.Offer
_ARRIVED: Final = CallArrived
_QUEUED: Final = CallQueued
_GONE: Final = CallGone
_DIALLED: Final = OfferDialled
_RINGING: Final = OfferRinging
_ANSWERED: Final = OfferAnswered
_TALK_ENDED: Final = TalkEnded
_PHONE: Final = PhoneChanged

WITH_MUSIC: Final = (At.WAIT, At.OFFER)

Tell = Callable[[Fact], None]
Lost = Callable[[Caller, float], None]


class Switch(Protocol):
    """What a world needs of its switch."""

    @property
    def waiting(self) -> Mapping[LineId, int]:
        """Callers of each line who are waiting or for whom a phone rings."""

    def arrive(self, caller: Caller, in_time: bool = True) -> None:
        """A call comes in. ``in_time``: the line will be open when he chooses it."""

    def send(self, commands: list[c.Command]) -> None:
        """Take commands in; :meth:`work` carries them out."""

    def work(self) -> None:
        """Carry out what was asked, and what was asked on hearing of it."""


class LeanSwitch:
    """Callers and phones.

    Args:
        kernel: the clock.
        setup: behaviour of people.
        seed: of this replication.
        tell: the engine's inbox; it must not call back.
        lost: is told who hung up without having been served.
    """

    def __init__(self, kernel: Kernel, setup: Setup, seed: int, tell: Tell, lost: Lost) -> None:
        self._kernel = kernel
        self._tell = tell
        self._lost = lost
        self._behaviour = setup.behaviour
        self._no_answer: float = setup.behaviour.no_answer
        self._speed: Mapping[OperatorId, float] = setup.behaviour.speed
        self._operators = {operator.device: operator.id for operator in setup.policy.operators.values()}
        self._random = {device: stream(seed, "phone", device) for device in self._operators}
        self._answer = {d: setup.behaviour.answer.sampler(random) for d, random in self._random.items()}
        self._partner = stream(seed, "partner")
        self._partner_answer = setup.behaviour.partner_answer.sampler(self._partner)
        self._calls: dict[CallId, Caller] = {}
        self._todo: deque[c.Command] = deque()
        self._number = 0
        self._deferred = setup.deferral and Deferred(kernel, setup.deferral, seed, tell, self._operator_answers)
        self._waiting: dict[LineId, int] = dict.fromkeys(setup.policy.lines, 0)

    @property
    def waiting(self) -> Mapping[LineId, int]:
        return self._waiting

    # --- Callers --------------------------------------------------------------------------------------------------

    def arrive(self, caller: Caller, in_time: bool = True) -> None:
        """A call comes in. ``in_time``: the line will be open when he chooses it."""
        kernel = self._kernel
        now = kernel.now()
        at = math.floor(now * 1000) / 1000
        caller.id = CallId(f"{int(now)}.{self._number}")
        self._number += 1
        self._calls[caller.id] = caller
        self._tell(_ARRIVED(caller.id, at, "", None))
        kernel.call_at(now + caller.menu, self.choose if in_time else self.closed, caller)

    def choose(self, caller: Caller) -> None:
        """He joins his line."""
        now = self._kernel.now()
        caller.entered_at = at = math.floor(now * 1000) / 1000
        caller.where = _WAIT
        if caller.patience < math.inf:
            caller.timer = self._kernel.call_at(now + caller.patience, self._tired, caller)
        self._waiting[caller.line] += 1
        self._tell(_QUEUED(caller.id, caller.line, at))

    def closed(self, caller: Caller) -> None:
        """He chose a line that has closed meanwhile: a message, and when it is over he is told of and gone."""
        caller.where = At.CLOSED
        self._kernel.call_at(self._kernel.now() + MESSAGE, self._heard_closed, caller)

    def _heard_closed(self, caller: Caller) -> None:
        self._tell(MenuEnded(caller.id, Outcome.CLOSED, caller.line))
        self._gone(caller)

    def _tired(self, caller: Caller) -> None:
        """His patience is over: he hangs up."""
        caller.timer = None
        ringing = caller.where is _RING
        if ringing or caller.where in WITH_MUSIC:
            self._waiting[caller.line] -= 1
        overflowing = caller.where is _OVERFLOW
        caller.where = _AFTER
        self._gone(caller, overflowing)
        if ringing:
            self._tell(_PHONE(caller.device, _IDLE))
        self._lost(caller, self._kernel.now())

    def _gone(self, caller: Caller, overflowing: bool = False) -> None:
        del self._calls[caller.id]
        self._tell(_GONE(caller.id, math.floor(self._kernel.now() * 1000) / 1000, overflowing))

    def _last_words(self, caller: Caller, where: At) -> None:
        self._calm(caller)
        caller.where = where
        self._kernel.call_at(self._kernel.now() + MESSAGE, self._gone, caller)

    def _calm(self, caller: Caller) -> None:
        """He has what he came for, or nothing to wait for any more."""
        if caller.timer is not None:
            caller.timer.cancel()
            caller.timer = None

    # --- Commands -------------------------------------------------------------------------------------------------

    def send(self, commands: list[c.Command]) -> None:
        """Take commands in; :meth:`work` carries them out."""
        self._todo.extend(commands)

    def work(self) -> None:
        """Carry out what was asked, and what was asked on hearing of it."""
        todo = self._todo
        while todo:
            command: Any = todo.popleft()  # mypy cannot tell from a constant what kind of command it is.
            if type(command) is _OFFER:
                self._offer(command)
            elif type(command) is c.Deflect:
                self._deflect(command)
            elif type(command) is c.AskCall:
                self._find(command.call)
            elif type(command) is c.Withdraw:
                raise AssertionError("nothing hangs in this switch: there is nothing to withdraw")
            elif self._deferred:
                self._defer(self._deferred, command)

    def _defer(self, deferred: Deferred, command: c.Command) -> None:
        match command:
            case c.OfferCallback() if (caller := self._calls.get(command.call)) is not None:
                deferred.offer(caller, command)
            case c.AnswerBooking() if (caller := self._calls.get(command.call)) is not None:
                if deferred.answered(caller, command):
                    self._waiting[caller.line] -= 1
                    self._last_words(caller, At.BOOKED)
                elif caller.where is At.WAIT and caller.timer is not None:
                    # He did not hang up while he was told; now his patience goes on.
                    caller.timer = self._kernel.call_at(caller.timer.at, self._tired, caller)
            case c.CallBack():
                deferred.call(command)
            case c.EndCallBack():
                deferred.hang_up(command.attempt)
            case _:
                pass

    def _operator_answers(self, device: Device) -> tuple[float, bool]:
        return self._answer[device](), self._random[device].random() >= self._no_answer

    def _find(self, id: CallId) -> None:
        caller = self._calls.get(id)
        if caller is None:
            self._tell(CallFound(id, None))
        else:
            self._tell(CallFound(id, caller.where, caller.offer if caller.where in (_RING, _TALK) else None))

    def _offer(self, command: c.Offer) -> None:
        caller = self._calls.get(command.call)
        if caller is None or caller.where not in WITH_MUSIC:
            return
        call, offer, device = caller.id, command.offer, command.device
        caller.where, caller.offer, caller.device = _RING, offer, device
        self._tell(_DIALLED(call, offer))
        self._tell(_RINGING(call, offer))
        self._tell(_PHONE(device, _BUSY))
        kernel = self._kernel
        after, luck = caller.answer, caller.luck
        if luck < 0:
            after, luck = self._answer[device](), self._random[device].random()
        caller.luck = -1.0
        limit = math.ceil(command.ring_time)
        if luck < self._no_answer or after >= limit:
            kernel.call_at(kernel.now() + limit, self._rang_in_vain, caller, offer)
        else:
            kernel.call_at(kernel.now() + after, self._answered, caller, offer)

    def _rang_in_vain(self, caller: Caller, offer: int) -> None:
        if caller.where is not _RING or caller.offer != offer:
            return
        caller.where = _WAIT
        self._tell(OfferFailed(caller.id, caller.offer, OfferFailure.RING_NO_ANSWER))
        self._tell(_PHONE(caller.device, _IDLE))

    def _answered(self, caller: Caller, offer: int) -> None:
        if caller.where is not _RING or caller.offer != offer:
            return
        now = self._kernel.now()
        caller.where = _TALK
        self._calm(caller)
        self._waiting[caller.line] -= 1
        self._tell(_ANSWERED(caller.id, caller.offer, math.floor(now * 1000) / 1000))
        talk = caller.talk
        if self._speed:
            talk *= self._speed.get(self._operators[caller.device], 1.0)
        self._kernel.call_at(now + talk, self._talked, caller)

    def _talked(self, caller: Caller) -> None:
        """All is said; the caller hangs up first."""
        self._gone(caller)
        self._tell(_TALK_ENDED(caller.id, self._kernel.now()))
        self._tell(_PHONE(caller.device, _IDLE))

    # --- Elsewhere ------------------------------------------------------------------------------------------------

    def _deflect(self, command: c.Deflect) -> None:
        caller = self._calls.get(command.call)
        if caller is None or caller.where not in WITH_MUSIC:
            return
        self._waiting[caller.line] -= 1
        if command.to is OverflowTo.PARTNER:
            caller.where = At.OVERFLOW
            self._kernel.call_at(self._kernel.now() + PROMPT, self._ring_partner, caller)
        else:
            self._last_words(caller, At.REFUSED)
            self._lost(caller, self._kernel.now() + MESSAGE)

    def _ring_partner(self, caller: Caller) -> None:
        if caller.where is not At.OVERFLOW:
            return
        after = self._partner_answer()
        answers = self._partner.random() < self._behaviour.partner_answers and after < PARTNER_RING_TIME
        now = self._kernel.now()
        if answers:
            self._kernel.call_at(now + after, self._partner_answered, caller)
        else:
            self._kernel.call_at(now + PARTNER_RING_TIME, self._partner_failed, caller)

    def _partner_answered(self, caller: Caller) -> None:
        if caller.where is At.OVERFLOW:
            now = self._kernel.now()
            caller.where = At.PARTNER
            self._calm(caller)
            self._tell(OverflowAnswered(caller.id, math.floor(now * 1000) / 1000))
            self._kernel.call_at(now + caller.talk, self._gone, caller)

    def _partner_failed(self, caller: Caller) -> None:
        if caller.where is At.OVERFLOW:
            caller.where = _WAIT
            self._waiting[caller.line] += 1
            self._tell(OverflowFailed(caller.id))
