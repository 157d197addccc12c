"""Callers, an honest keeper (quick, slow or dead) and citizens who are called back, at random: what they live through.

Whoever waits may accept or decline, operators pick up or not, citizens are reached or not. Judged at the end: one
outcome a call, no promise unknown, no citizen rung by two attempts at once.
"""

import heapq
from collections import Counter
from itertools import count
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from acd.model import commands as c
from acd.model import facts as f
from acd.model.callback import AttemptResult, CallbackPlan, DueCallback, Window
from acd.model.events import CallbackPromised, OutcomeCounted
from acd.model.ids import CallbackId, CallId, LineId, OfferId
from acd.model.outcome import Outcome
from acd.model.policy import CallbackRule
from tests.engine.house import House, line, operator, policy

CITY = policy(
    [line("info", wrap_up=5.0, callback=CallbackRule(after=30.0, early_when=0.0, reserve=1))],
    [operator("anna", "1001", info=1), operator("bram", "1002", info=1)],
)


class Day:
    def __init__(self, seed: int, keeper: str) -> None:
        self.random, self.keeper, self.house = Random(seed), keeper, House(CITY)
        self.agenda: list[tuple[float, int, f.Fact]] = []
        self.number, self.read = count(), 0
        self.promised: dict[CallbackId, str] = {}
        self.owed: set[CallbackId] = set()
        self.under_way: dict[OfferId, CallbackId] = {}
        self.house.on_duty("anna", "bram")

    def later(self, seconds: float, fact: f.Fact) -> None:
        heapq.heappush(self.agenda, (self.house.now + seconds, next(self.number), fact))

    def run(self) -> None:
        for n in range(12):
            self.later(self.random.uniform(0, 200), f.CallQueued(CallId(f"c{n}"), LineId("info"), self.house.now + n))
        until = self.house.now + 1500
        while self.house.now < until:
            self.react()
            due = self.house.engine.due() or until
            at = min(due, self.agenda[0][0] if self.agenda else until, until)
            self.house.now = max(self.house.now, at)
            if self.agenda and self.agenda[0][0] <= self.house.now:
                self.house.tell(heapq.heappop(self.agenda)[2])
            else:
                self.house.tell(f.Tick())

    def react(self) -> None:
        while self.read < len(self.house.commands):
            self.read += 1
            self.answer(self.house.commands[self.read - 1])

    def answer(self, command: c.Command) -> None:
        now, random = self.house.now, self.random
        slow = {"quick": 0.01, "slow": 4.0, "dead": 30.0}[self.keeper]
        window = Window(now + 300, now + 600)
        match command:
            case c.Offer():
                self.later(0.1, f.OfferRinging(command.call, command.offer))
                self.later(2.0, f.OfferAnswered(command.call, command.offer, now + 2))
                self.later(random.uniform(20, 90), f.CallGone(command.call, now + 20))
            case c.PlanCallback():
                self.later(min(slow, 4.0), f.CallbackPlanned(command.call, CallbackPlan(None, (window,), now + 9000)))
            case c.OfferCallback():
                self.later(1.0, f.CallbackHeard(command.call, now + 1))
                says = random.choice([f.CallbackWanted(command.call, 1), f.CallbackDeclined(command.call)])
                self.later(6.0, says)
                if random.random() < 0.3:
                    self.later(8.0, f.CallGone(command.call, now + 8))
            case c.BookCallback():
                id = CallbackId(command.call)
                if random.random() < 0.2:
                    self.later(slow, f.CallbackNotBooked(command.call, "x"))
                    return
                self.promised[id] = command.call
                self.owed.add(id)
                self.later(slow, f.CallbackBooked(command.call, id, window, now + 9000))
                self.tell_due(40.0)
            case c.AnswerBooking() if command.window is not None:
                self.later(2.0, f.CallGone(command.call, now + 2))
            case c.ClaimCallback():
                if command.callback in self.owed and command.callback not in self.under_way.values():
                    self.under_way[command.attempt] = command.callback
                    self.later(slow, f.CallbackClaimed(command.callback, command.attempt, "+3291", "nl"))
                else:
                    self.later(slow, f.CallbackNotClaimed(command.callback, command.attempt))
            case c.CallBack():
                assert self.under_way[command.attempt] == command.callback, "rung without a claim"
                self.later(0.1, f.AttemptRinging(command.attempt))
                self.later(2.0, f.AttemptTaken(command.attempt, now + 2))
                self.later(2.1, f.CitizenDialled(command.attempt))
                result = random.choice([AttemptResult.CONNECTED, AttemptResult.BUSY])
                if result is AttemptResult.CONNECTED:
                    self.later(9.0, f.CitizenAnswered(command.attempt, now + 9))
                self.later(20.0, f.AttemptEnded(command.attempt, result, now + 20))
            case c.EndAttempt():
                callback = self.under_way.pop(command.attempt, None)
                if callback is not None and command.result is not AttemptResult.OPERATOR:
                    self.owed.discard(callback)
                self.tell_due(5.0)
            case _:
                pass

    def tell_due(self, seconds: float) -> None:
        window = Window(self.house.now, self.house.now + 600)
        due = (DueCallback(id, LineId("info"), window, self.house.now + 9000) for id in sorted(self.owed))
        self.later(seconds, f.CallbacksDue(tuple(due)))


@given(st.integers(0, 2**32), st.sampled_from(["quick", "slow", "dead"]))
@settings(max_examples=25)
def test_every_call_has_one_outcome_and_every_promise_is_known_and_called_once_at_a_time(
    seed: int, keeper: str
) -> None:
    day = Day(seed, keeper)
    day.run()
    outcomes = {event.call: event.outcome for event in day.house.of(OutcomeCounted)}
    assert Counter(event.call for event in day.house.of(OutcomeCounted)).most_common(1)[0][1] == 1
    assert {event.call for event in day.house.of(CallbackPromised)} == set(day.promised.values())
    for call, outcome in outcomes.items():
        if outcome is Outcome.CALLBACK_ACCEPTED:
            assert call in day.promised.values()
    attempts = Counter(command.attempt for command in day.house.sent(c.EndAttempt))
    assert set(attempts.values()) <= {1}
    assert set(day.under_way) <= set(day.house.engine._state.attempts), "no claim is left without an end"
