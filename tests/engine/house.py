"""A small city to test the engine with: short words for facts, and the rules that must hold after every step."""

from collections import Counter
from typing import Any, TypeVar

from acd.engine.callers import ON_OFFER
from acd.engine.core import Engine, Step
from acd.engine.state import State
from acd.model import facts as f
from acd.model.call import CallState
from acd.model.commands import Command, Offer
from acd.model.events import CallEnded, CallStarted, Event, OutcomeCounted
from acd.model.ids import CallId, Device, LineId, OfferId, OperatorId
from acd.model.operator import AT_WORK, OperatorState, Wish
from acd.model.policy import Line, Operator, Policy

C = TypeVar("C", bound=Command)

T0 = 1_800_000_000.0
"""A Friday in 2027; the engine does not care."""


def line(id: str, **settings: Any) -> Line:
    return Line(id=LineId(id), names={"nl": id.title()}, **settings)


def operator(id: str, device: str, **levels: int) -> Operator:
    return Operator(
        id=OperatorId(id), name=id.title(), device=Device(device), lines={LineId(k): v for k, v in levels.items()}
    )


def policy(lines: list[Line], operators: list[Operator], **settings: Any) -> Policy:
    return Policy(lines={n.id: n for n in lines}, operators={o.id: o for o in operators}, **settings)


def small_city(**settings: Any) -> Policy:
    return policy(
        [line("info", calls_per_day=100.0), line("sport", calls_per_day=20.0, wrap_up=10.0)],
        [
            operator("anna", "1001", info=1),
            operator("bram", "1002", info=1, sport=1),
            operator("cato", "1003", sport=2),
        ],
        **settings,
    )


class House:
    """An engine with a clock in the hand, and all that it ever said."""

    def __init__(self, settings: Policy | None = None, *, linked: bool = True) -> None:
        self.settings = settings or small_city()
        self.engine = Engine(self.settings)
        self.now = T0
        self.commands: list[Command] = []
        self.steps: list[tuple[f.Fact, list[Command]]] = []
        self.events: list[Event] = []
        if linked:
            self.link()

    def link(
        self,
        *calls: f.CallSeen,
        missed: tuple[f.CallMissed, ...] = (),
        rebooted: bool = False,
        attempts: tuple[f.AttemptSeen, ...] = (),
    ) -> Step:
        phones = {o.device: f.PhoneState.IDLE for o in self.settings.operators.values()}
        return self.tell(f.SwitchSeen(calls, missed, phones, rebooted, attempts))

    def tell(self, fact: f.Fact) -> Step:
        step = self.engine.handle(fact, self.now)
        self.commands += step.commands
        self.steps.append((fact, step.commands))
        self.events += step.events
        check_invariants(self.engine, self.events)
        return step

    def wait(self, seconds: float) -> list[Event]:
        """Let time pass, with a tick at each moment the engine asked for."""
        until, mark = self.now + seconds, len(self.events)
        while (due := self.engine.due()) is not None and due <= until:
            self.now = max(self.now, due)
            self.tell(f.Tick())
        self.now = until
        return self.events[mark:]

    # --- words -------------------------------------------------------------------------------------------------

    def on_duty(self, *operators: str) -> None:
        for name in operators:
            self.tell(f.OperatorLoggedIn(OperatorId(name), "test"))
            self.tell(f.OperatorReady(OperatorId(name), "test"))

    def call(self, id: str, line: str = "info", entered_at: float | None = None) -> Step:
        self.tell(f.CallArrived(CallId(id), self.now, "3292101010", "+3291234567"))
        return self.tell(f.CallQueued(CallId(id), LineId(line), self.now if entered_at is None else entered_at))

    def last_offer(self) -> Offer:
        return [c for c in self.commands if isinstance(c, Offer)][-1]

    def offers(self) -> list[tuple[str, str]]:
        """Call and operator of each offer ever made, in order."""
        return [(c.call, c.operator) for c in self.commands if isinstance(c, Offer)]

    def ring(self, offer: Offer) -> None:
        self.tell(f.OfferDialled(offer.call, offer.offer))
        self.phone(offer.device, f.PhoneState.BUSY)
        self.tell(f.OfferRinging(offer.call, offer.offer))

    def answer(self, offer: Offer) -> Step:
        return self.tell(f.OfferAnswered(offer.call, offer.offer, self.now))

    def fail(self, offer: Offer, how: f.OfferFailure) -> Step:
        step = self.tell(f.OfferFailed(offer.call, offer.offer, how))
        self.phone(offer.device, f.PhoneState.IDLE)
        return step

    def phone(self, device: str, state: f.PhoneState) -> Step:
        return self.tell(f.PhoneChanged(Device(device), state))

    def hang_up(self, id: str, *, overflowing: bool = False) -> Step:
        return self.tell(f.CallGone(CallId(id), self.now, overflowing))

    def operator_hangs_up(self, id: str) -> Step:
        return self.tell(f.TalkEnded(CallId(id), self.now))

    def sent(self, kind: type[C]) -> list[C]:
        """Commands of this kind, in order."""
        return [c for c in self.commands if isinstance(c, kind)]

    def state_of(self, operator: str) -> OperatorState:
        return self.engine._state.desks[OperatorId(operator)].state

    def call_state(self, id: str) -> CallState:
        return self.engine._state.calls[CallId(id)].state

    def outcome(self, id: str) -> str | None:
        found = [e.outcome.value for e in self.events if isinstance(e, OutcomeCounted) and e.call == id]
        return found[0] if found else None

    def of(self, kind: type[Event]) -> list[Any]:
        return [e for e in self.events if isinstance(e, kind)]


def check_invariants(engine: Engine, events: list[Event]) -> None:
    """What may never be otherwise, whatever the facts were."""
    state = engine._state
    check_pairs(state)
    check_indexes(state)
    if state.linked:
        for lane in state.lanes.values():
            assert not (lane.waiting and lane.idle), f"{lane.line.id}: a caller waits beside an available operator"
    check_outcomes(state, events)


def check_pairs(state: State) -> None:
    """One operator for a caller, one caller for an operator, and both agree."""
    for call in state.calls.values():
        if call.operator is not None:
            assert call.operator.call is call
            assert call.state in (*ON_OFFER, CallState.TALKING)
        if call.state in ON_OFFER:
            assert call.operator is not None
    for desk in state.desks.values():
        assert desk.call is None or desk.attempt is None, f"{desk.id} has a call and a call back in hand"
        if desk.state in (OperatorState.RESERVED, OperatorState.RINGING, OperatorState.IN_CALL):
            if desk.attempt is not None:
                assert desk.attempt.desk is desk
                assert state.attempts[desk.attempt.id] is desk.attempt
            else:
                assert desk.call is not None
                assert desk.call.operator is desk
        else:
            assert desk.call is None and desk.attempt is None
    for attempt in state.attempts.values():
        assert attempt.desk is None or attempt.desk.attempt is attempt
    assert len({attempt.callback for attempt in state.attempts.values()}) == len(state.attempts)


def check_indexes(state: State) -> None:
    waiting = [c for c in state.calls.values() if c.state is CallState.WAITING]
    assert state.total_waiting == len(waiting) == sum(len(lane.waiting) for lane in state.lanes.values())
    for id, lane in state.lanes.items():
        assert lane.waiting == sorted(lane.waiting, key=lambda entry: entry[:2])
        assert {entry[1] for entry in lane.waiting} == {c.id for c in waiting if c.line and c.line.id == id}
        skilled = [d for d in state.desks.values() if id in d.config.lines]
        assert set(lane.idle) == {d.id for d in skilled if d.state is OperatorState.AVAILABLE}
        assert lane.on_duty == sum(d.on_duty for d in skilled)
        assert lane.logged_in == sum(d.wish is not Wish.OUT for d in skilled)
    for desk in state.desks.values():
        if desk.state not in AT_WORK and desk.wish is Wish.READY:
            assert desk.state in (OperatorState.AVAILABLE, OperatorState.ON_OTHER_CALL, OperatorState.UNREACHABLE)


def check_outcomes(state: State, events: list[Event]) -> None:
    """Offered = sum of outcomes + still open; no call has two."""
    counted = Counter(e.call for e in events if isinstance(e, OutcomeCounted))
    assert all(n == 1 for n in counted.values())
    started = {e.call for e in events if isinstance(e, CallStarted)}
    for id in {e.call for e in events if isinstance(e, CallEnded)} & started:
        assert counted[id] == 1
    assert started - set(counted) == {c.id for c in state.calls.values() if c.outcome is None} & started


__all__ = ["T0", "CallId", "House", "LineId", "OfferId", "line", "operator", "policy", "small_city"]
