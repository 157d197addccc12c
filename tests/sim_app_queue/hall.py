"""A few callers and phones by hand, in virtual time: each does what the test says, at the moment it says.

Phones ring and are answered as their habit is; nothing takes time of its own.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeVar

from acd.engine.core import Engine
from acd.model import facts as f
from acd.model.commands import Deflect, Offer
from acd.model.events import CallAnswered, CallOffered, Event
from acd.model.ids import CallId, Device, LineId, OperatorId
from acd.model.policy import Announcements, Line, Operator, Policy
from sim.app_queue import AppQueue, Settings
from sim.kernel import Kernel

SomeEvent = TypeVar("SomeEvent", bound=Event)

START = 1_790_000_000.0
"""A whole second, as Asterisk's wrap-up counts them. Times below are seconds after it."""


class Hand(NamedTuple):
    """What whoever sits at a phone does with a call. Seconds."""

    answers_after: float | None = 0.0
    """None: lets it ring."""
    talks: float = 100.0
    refuses: f.OfferFailure | None = None


class Rung(NamedTuple):
    at: float
    caller: str
    operator: str


def line(id: str = "a", **settings: object) -> Line:
    usual = {"wrap_up": 0.0, "ring_time": 10.0, "announcements": Announcements(first=0)}
    return Line(LineId(id), {"nl": id}, **(usual | settings))  # type: ignore[arg-type]


def city(*lines: Line, **operators: Mapping[str, int] | int) -> Policy:
    """Operators with their lines and levels; a number alone is the level of the first line."""
    skills = {id: {lines[0].id: known} if isinstance(known, int) else known for id, known in operators.items()}
    people = [Operator(OperatorId(o), "", Device(o), dict(known)) for o, known in skills.items()]  # type: ignore[arg-type]
    return Policy({line.id: line for line in lines}, {operator.id: operator for operator in people})


class Hall:
    """One router, its callers and its operators; all operators are there and ready from the start."""

    def __init__(
        self,
        policy: Policy,
        settings: Settings | None = None,
        hands: Mapping[str, Hand] | None = None,
        router: Callable[[Policy], AppQueue | Engine] | None = None,
        start: float = START,
    ) -> None:
        self.router = router(policy) if router else AppQueue(policy, settings or Settings())
        self.hands = dict(hands or {})
        self.events: list[Event] = []
        self.deflected: list[tuple[float, str]] = []
        self._start = start
        self._kernel = Kernel(start)
        self._at_phone: dict[CallId, Offer] = {}
        phones = {operator.device: f.PhoneState.IDLE for operator in policy.operators.values()}
        self.tell(f.SwitchSeen((), (), phones))
        for id in policy.operators:
            self.tell(f.OperatorLoggedIn(id, id))
            self.tell(f.OperatorReady(id, id))

    # --- What happens -------------------------------------------------------------------------------------------------

    def at(self, moment: float, fact: f.Fact) -> None:
        self._kernel.call_at(self._start + moment, self.tell, fact)

    def call(self, moment: float, caller: str, line: str = "a") -> None:
        self._kernel.call_at(self._start + moment, self._join, CallId(caller), LineId(line))

    def hang_up(self, moment: float, caller: str) -> None:
        self._kernel.call_at(self._start + moment, self._gone, CallId(caller))

    def run(self, until: float) -> list[Rung]:
        """Let all happen up to that moment; who was rung so far."""
        end = self._start + until
        while True:
            at, due = self._kernel.next_at(), self.router.due()
            if due is not None and due <= end and (at is None or due < at):
                self._kernel.skip_to(due)
                self.tell(f.Tick())
            elif at is not None and at <= end:
                self._kernel.run_until(at)
            else:
                break
        self._kernel.run_until(end)
        return self.rung

    @property
    def rung(self) -> list[Rung]:
        return [Rung(round(e.at - self._start, 3), e.call, e.operator) for e in self.of(CallOffered)]

    @property
    def answered(self) -> dict[str, float]:
        return {event.call: round(event.answered_at - self._start, 3) for event in self.of(CallAnswered)}

    def of(self, kind: type[SomeEvent]) -> list[SomeEvent]:
        return [event for event in self.events if isinstance(event, kind)]

    # --- Who does what ------------------------------------------------------------------------------------------------

    def hand(self, offer: Offer) -> Hand:
        """What becomes of this offer."""
        return self.hands.get(offer.operator, Hand())

    def tell(self, fact: f.Fact) -> None:
        now = self._kernel.now()
        step = self.router.handle(fact, now)
        self.events += step.events
        for command in step.commands:
            if isinstance(command, Offer):
                self._kernel.call_at(now, self._ring, command)
            elif isinstance(command, Deflect):
                self.deflected.append((round(now - self._start, 3), command.call))

    def _join(self, caller: CallId, line: LineId) -> None:
        self.tell(f.CallQueued(caller, line, self._kernel.now()))

    def _ring(self, offer: Offer) -> None:
        hand, now = self.hand(offer), self._kernel.now()
        if hand.refuses is not None:
            self._kernel.call_at(now + (hand.answers_after or 0.0), self._failed, offer, hand.refuses)
            return
        self._at_phone[offer.call] = offer
        self.tell(f.OfferDialled(offer.call, offer.offer))
        self.tell(f.OfferRinging(offer.call, offer.offer))
        self.tell(f.PhoneChanged(offer.device, f.PhoneState.BUSY))
        if hand.answers_after is None or hand.answers_after >= offer.ring_time:
            self._kernel.call_at(now + offer.ring_time, self._failed, offer, f.OfferFailure.RING_NO_ANSWER)
        else:
            self._kernel.call_at(now + hand.answers_after, self._answer, offer, hand.talks)

    def _failed(self, offer: Offer, how: f.OfferFailure) -> None:
        if how is not f.OfferFailure.RING_NO_ANSWER or self._at_phone.pop(offer.call, None) == offer:
            self.tell(f.OfferFailed(offer.call, offer.offer, how))
            self.tell(f.PhoneChanged(offer.device, f.PhoneState.IDLE))

    def _answer(self, offer: Offer, talks: float) -> None:
        if self._at_phone.get(offer.call) == offer:
            now = self._kernel.now()
            self.tell(f.OfferAnswered(offer.call, offer.offer, now))
            self._kernel.call_at(now + talks, self._gone, offer.call)

    def _gone(self, caller: CallId) -> None:
        self.tell(f.CallGone(caller, self._kernel.now()))
        offer = self._at_phone.pop(caller, None)
        if offer is not None:
            self.tell(f.PhoneChanged(offer.device, f.PhoneState.IDLE))
