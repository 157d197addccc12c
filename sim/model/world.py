"""One replication: the production engine, a switch, callers and operators under one clock."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Final, Protocol

import msgspec

from acd.engine.core import Engine, Step
from acd.model.events import CallAnswered, Event, OfferEnded
from acd.model.facts import (
    Fact,
    OfferFailed,
    OfferFailure,
    OperatorLoggedIn,
    OperatorLoggedOut,
    OperatorNotReady,
    OperatorReady,
    PhoneState,
    SwitchSeen,
    Tick,
)
from acd.model.ids import LineId, OperatorId
from acd.model.policy import Policy
from sim.app_queue import AppQueue
from sim.kernel import Kernel
from sim.model.demand import Caller, Callers
from sim.model.keeper import LeanKeeper
from sim.model.setup import Setup, midnight
from sim.model.staffing import Do, Move, moves
from sim.model.switch import LeanSwitch, Lost, Switch, Tell

DAY: Final = 86400.0
STILL_WAITING: Final = 15.0
"""Seconds after which an operator at the end of his shift looks again whether anybody waits."""
_TICK: Final = Tick()
_FAILED: Final = OfferFailed
_next: Final = next


def never_deferring(policy: Policy) -> Policy:
    """The policy without any offer to be called back."""
    lines = {id: msgspec.structs.replace(line, callback=None) for id, line in policy.lines.items()}
    return msgspec.structs.replace(policy, lines=lines)


class Router(Protocol):
    """What decides: the production engine, or a model of another."""

    def handle(self, fact: Fact, now: float) -> Step: ...
    def due(self) -> float | None: ...


def router_of(setup: Setup) -> Callable[[Policy], Router]:
    """Who decides in this setup."""
    return Engine if setup.app_queue is None else partial(AppQueue, settings=setup.app_queue)


Listener = Callable[[list[Event]], None]


class World:
    """Runs one seed of a setup.

    Args:
        setup: what is simulated.
        seed: the same seed gives the same callers, and with the same setup the same events.
        listen: is told the events of each step.
        router: makes the router from the policy; None = the one that the setup names.
        switch_of: makes the switch; the lean one has a twin in the tests that is the full simulated switch.
    """

    def __init__(
        self,
        setup: Setup,
        seed: int,
        listen: Listener,
        *,
        router: Callable[[Policy], Router] | None = None,
        switch_of: Callable[[Kernel, Setup, int, Tell, Lost], Switch] = LeanSwitch,
    ) -> None:
        if setup.deferral is None:
            setup = replace(setup, policy=never_deferring(setup.policy))
        self.setup = setup
        self.router = (router or router_of(setup))(setup.policy)
        self._handle = self.router.handle
        self._seed = seed
        self._listen = listen
        self._kernel = Kernel(midnight(setup.first_day))
        self._callers = Callers(setup, seed)
        self._switch = switch_of(self._kernel, setup, seed, self._tell, self._lost)
        self._midnight = self._now = self._kernel.now()
        self.keeper: LeanKeeper | None = None
        if setup.deferral is not None and setup.city is not None:
            self.keeper = LeanKeeper(self._kernel, setup, self._tell)
        self.begin_day: Callable[[float], None] = lambda midnight: None
        """Is told the midnight (seconds since the epoch) at which each day begins."""
        self._hours: dict[LineId, list[tuple[float, float]]] = {}
        self._absent = set(setup.policy.operators)
        """Not at work, or in a pause."""
        self._silent: set[OperatorId] = set()
        """Whose last call rang in vain."""
        self.citizens = 0
        """Calls of the counted days that are nobody's second try, until now."""
        self._counted_today = True

    def run(self) -> None:
        """From the first midnight until the last call of the last day is over."""
        phones = {operator.device: PhoneState.IDLE for operator in self.setup.policy.operators.values()}
        self._tell(SwitchSeen((), (), phones))
        for number in range(self.setup.days):
            self._begin_day(number)
            self._until(self._midnight + DAY)
        self._until(self._midnight + 2 * DAY)

    def _until(self, until: float) -> None:
        """Let happen what is due, switch before engine, in order of time."""
        kernel, switch, due_of = self._kernel, self._switch, self.router.due
        while True:
            at, due = kernel.next_at(), due_of()
            if due is not None and (at is None or due < at):
                if due >= until:
                    break
                kernel.skip_to(due)
                self._now = due
                self._tell(_TICK)
            elif at is None or at >= until:
                break
            else:
                self._now = at
                kernel.run_until(at)
            switch.work()
            while self.keeper is not None and self.keeper.work():
                switch.work()

    def _tell(self, fact: Fact) -> None:
        step = self._handle(fact, self._now)
        events, commands, keeper = step.events, step.commands, self.keeper
        if events:
            self._listen(events)
            if keeper is not None:
                keeper.listen(events)
            if self._silent or type(fact) is _FAILED:
                self._watch(events)
        if commands:
            self._switch.send(commands)
            if keeper is not None:
                keeper.send(commands)

    # --- Days -----------------------------------------------------------------------------------------------------

    def _begin_day(self, number: int) -> None:
        setup, day = self.setup, self.setup.dates[number]
        self._midnight = start = midnight(day)
        self.begin_day(start)
        if self.keeper is not None:
            self.keeper.begin_day(start)
        self._hours = {
            line: [(start + i.start * 60, start + i.end * 60) for i in setup.hours(line, day)]
            for line in setup.policy.lines
        }
        for move in moves(setup, self._seed, number, day):
            self._kernel.call_at(start + move.at, self._move, move)
        self._counted_today = number < setup.counted_days
        self._plan_next(self._callers.of_day(number, day, start))

    def _plan_next(self, today: Iterator[Caller]) -> None:
        caller = _next(today, None)
        if caller is not None:
            self._kernel.call_at(caller.arrives_at, self._arrive, caller, today)

    def _arrive(self, caller: Caller, today: Iterator[Caller]) -> None:
        self.citizens += self._counted_today
        self._plan_next(today)
        self._enter(caller)

    def _enter(self, caller: Caller) -> None:
        chooses_at = self._kernel.now() + caller.menu
        self._switch.arrive(caller, self._open(caller.line, chooses_at))

    def _open(self, line: LineId, at: float) -> bool:
        return any(start <= at < end for start, end in self._hours[line])

    def _lost(self, caller: Caller, at: float) -> None:
        """Hung up without having been served: perhaps he calls again, if the line will still be open."""
        again = self._callers.again(caller, at)
        if again is not None and self._open(again.line, again.arrives_at):
            self._kernel.call_at(again.arrives_at, self._enter, again)

    # --- Operators ------------------------------------------------------------------------------------------------

    def _move(self, move: Move) -> None:
        operator = move.operator
        match move.do:
            case Do.COME:
                self._absent.discard(operator)
                self._tell(OperatorLoggedIn(operator, operator))
                self._tell(OperatorReady(operator, operator))
            case Do.PAUSE:
                self._absent.add(operator)
                self._tell(OperatorNotReady(operator, operator, move.reason))
            case Do.RETURN:
                self._absent.discard(operator)
                self._tell(OperatorReady(operator, operator))
            case Do.LEAVE:
                self._absent.add(operator)
                self._leave(operator, self._kernel.now() + self.setup.staff.stays)

    def _leave(self, operator: OperatorId, at_last: float) -> None:
        """Home, unless callers of his lines still wait; or he is back at work already."""
        if operator not in self._absent:
            return
        now = self._kernel.now()
        waiting = self._switch.waiting
        if now < at_last and any(waiting.get(line) for line in self.setup.policy.operators[operator].lines):
            self._kernel.call_at(min(at_last, now + STILL_WAITING), self._leave, operator, at_last)
        else:
            self._tell(OperatorLoggedOut(operator, operator))

    def _watch(self, events: list[Event]) -> None:
        """Whose phone rang in vain comes back to it after a while."""
        for event in events:
            if type(event) is OfferEnded and event.how is OfferFailure.RING_NO_ANSWER:
                self._silent.add(event.operator)
                at = self._kernel.now() + self.setup.behaviour.notice
                self._kernel.call_at(at, self._notice, event.operator)
            elif type(event) is CallAnswered and event.operator is not None:
                self._silent.discard(event.operator)

    def _notice(self, operator: OperatorId) -> None:
        """He sees the missed call, and says that he is there."""
        if operator not in self._absent and operator in self._silent:
            self._silent.discard(operator)
            self._tell(OperatorReady(operator, operator))
