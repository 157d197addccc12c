"""Eight callers and three operators on a real Asterisk, and the same by hand in virtual time: who is rung when.

The moments were chosen so that the order hangs on no difference of less than 50 ms.
"""

import asyncio
import math
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from typing import NamedTuple

import pytest

from acd.model.commands import Offer
from acd.model.policy import Policy
from sim.lab import RINGS, Call, Habit, Lab, Phone
from sim.lab.stalls import unless_stalled
from tests.sim_app_queue.hall import Hall, Hand, Rung, city, line

pytestmark = [pytest.mark.alone, pytest.mark.asterisk]

NUMBERS = {"gentinfo": "092101010", "sportlijn": "092101011"}
DIALPLAN = "[acd-public]\n" + "".join(
    f"exten => {number},1,Gosub(acd-number,s,1)\n"
    " same => n,Answer(,i)\n"
    f" same => n,Queue(acd-{id},cI)\n"
    " same => n,Hangup()\n"
    for id, number in NUMBERS.items()
)
Arrivals = Sequence[tuple[float, str]]
"""Seconds after a whole second of the clock, and the line."""


def two_lines(wrap_up: float, ring_time: float, priority: int) -> Policy:
    """Two lines that share two operators, one of whom is second choice on the first line."""
    return city(
        line("gentinfo", wrap_up=wrap_up, ring_time=ring_time),
        line("sportlijn", wrap_up=wrap_up, ring_time=ring_time, priority=priority),
        op1001={"gentinfo": 1, "sportlijn": 1},
        op1002={"gentinfo": 1},
        op1003={"gentinfo": 2, "sportlijn": 1},
    )


def habit_of(hand: Hand) -> Habit:
    return RINGS if hand.answers_after is None else Habit(after=hand.answers_after, talk=hand.talks)


class Seen(NamedTuple):
    """What happened on Asterisk; moments are seconds after the whole second of the start."""

    joined: list[float]
    rung: list[Rung]
    hands: dict[tuple[str, str], Hand]
    """What became of the call of a caller at an operator who answered it."""


class Same(Hall):
    """Who answers does so as fast, and speaks as long, as at the phones of Asterisk."""

    def __init__(self, policy: Policy, hands: Mapping[str, Hand], seen: Seen) -> None:
        self._seen = seen.hands
        super().__init__(policy, hands=hands)

    def hand(self, offer: Offer) -> Hand:
        return self._seen.get((offer.call, offer.operator)) or super().hand(offer)


async def on_asterisk(policy: Policy, hands: Mapping[str, Hand], arrivals: Arrivals, rings: int) -> Seen:
    habits = {id: habit_of(hand) for id, hand in hands.items()}
    async with AsyncExitStack() as stack:
        lab = stack.enter_context(Lab(policy, dialplan=DIALPLAN))
        phones = [await stack.enter_async_context(lab.phone(device, habit)) for device, habit in habits.items()]
        citizens = [await stack.enter_async_context(lab.citizen(f"+3247{n}")) for n in range(len(arrivals))]
        start = math.ceil(time.time() + 0.5)
        calls = []
        for citizen, (at, id) in zip(citizens, arrivals, strict=True):
            await asyncio.sleep(start + at - time.time())
            calls.append(citizen.call(NUMBERS[id]))
        while len(rung := rings_of(phones, start)) < rings:
            assert time.time() < start + 40, rung
            await asyncio.sleep(0.1)
        joined = [call.answered_at - start for call in calls if call.answered_at]
        return Seen(joined, rung, hands_of(phones))


def hands_of(phones: Sequence[Phone]) -> dict[tuple[str, str], Hand]:
    return {
        (caller_of(call), phone.user): Hand(call.answered_at - call.invited_at, call.ended_at - call.answered_at)
        for phone in phones
        for call in phone.calls
        if call.answered_at is not None and call.ended_at is not None
    }


def caller_of(call: Call) -> str:
    """Callers are named by the order of their arrival."""
    return call.invite.get("from").split("sip:+3247")[1].split("@")[0]


def rings_of(phones: Sequence[Phone], start: float) -> list[Rung]:
    """In order of time."""
    return sorted(
        Rung(call.invited_at - start, caller_of(call), phone.user) for phone in phones for call in phone.calls
    )


async def assert_agree(policy: Policy, hands: Mapping[str, Hand], arrivals: Arrivals, rings: int) -> None:
    async def attempt() -> None:
        seen = await on_asterisk(policy, hands, arrivals, rings)
        hall = Same(policy, hands, seen)
        for n, (at, (_, id)) in enumerate(zip(seen.joined, arrivals, strict=True)):
            hall.call(at, str(n), id)
        model = hall.run(60)
        assert [(ring.caller, ring.operator) for ring in seen.rung] == [(ring.caller, ring.operator) for ring in model]
        assert [ring.at for ring in seen.rung] == pytest.approx([ring.at for ring in model], abs=0.25)

    await unless_stalled(attempt)


# Moments at which nobody is served first by less than SIP takes: with each up to 0.15 s later, and each phone up
# to 0.1 s slower, the model still tells the same story.


async def test_wrap_up_penalties_and_two_queues() -> None:
    hands = {"op1001": Hand(0.2, 3.2), "op1002": Hand(0.2, 3.75), "op1003": Hand(0.2, 4.4)}
    gentinfo = [(at, "gentinfo") for at in (0.2, 1.6, 3.65, 5.3, 5.5, 5.7)]
    arrivals = sorted([*gentinfo, (3.85, "sportlijn"), (4.25, "sportlijn")])
    await assert_agree(two_lines(wrap_up=2.0, ring_time=10.0, priority=0), hands, arrivals, rings=8)


async def test_weight_and_a_phone_that_nobody_answers() -> None:
    hands = {"op1001": Hand(0.2, 2.6), "op1002": Hand(None), "op1003": Hand(0.2, 3.5)}
    gentinfo = [(at, "gentinfo") for at in (0.25, 2.15, 3.35, 3.8, 4.45)]
    arrivals = sorted([*gentinfo, *((at, "sportlijn") for at in (0.95, 1.8, 2.95))])
    await assert_agree(two_lines(wrap_up=0.0, ring_time=2.0, priority=1), hands, arrivals, rings=12)
