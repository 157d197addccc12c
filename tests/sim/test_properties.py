"""Whatever citizens, operators and an engine do, in any order: the switch loses nobody and tells nothing twice.

The same random acts are staged at both heights, as facts and through AMI with the real adapter, and must tell the same.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from acd.asterisk import AmiSettings, AsteriskPbx
from acd.model import commands as c
from acd.model import facts as f
from acd.model.facts import CallWhereabouts as At
from acd.model.ids import CallId, Device, OfferId, OperatorId
from acd.model.outcome import Outcome
from acd.model.policy import OverflowTo
from acd.ports import Pbx
from acd.runtime.driver import HEARTBEAT_EVERY
from sim.calls import Call
from sim.kernel import Kernel
from sim.pbx import SimPbx
from sim.phones import Always, Habit, LegState
from sim.switch import INSTANT, SimSwitch
from tests.contract.sim_stage import policy
from tests.sim.wire import ENGINE, LINE, PHONES, House, in_virtual_time

DEVICES = PHONES[:3]
HABITS = [
    Habit(code=code, after=after, ring=ring, talk=talk)
    for code, after, ring, talk in (
        (200, 0.4, True, None),
        (200, 0.0, False, 1.5),
        (200, 0.2, True, 0.0),
        (486, 0.1, True, None),
        (603, 0.3, True, None),
        (480, 0.0, False, None),
        (503, 0.2, False, None),
        (None, 0.0, True, None),
        (None, 0.0, False, None),
    )
]
PAUSES = st.sampled_from([0.0, 0.0005, 0.002, 0.1, 0.7, 2.5, 6.0])

Act = tuple[str, int, int]
OF_CALLS = (
    "choose",
    "choose",
    "offer",
    "offer",
    "offer",
    "settle",
    "hang up",
    "withdraw",
    "announce",
    "deflect",
    "ask",
)


@dataclass
class World:
    """One switch, the hand of an engine, and what was told."""

    switch: SimSwitch
    pbx: Pbx
    facts: list[f.Fact]
    calls: list[Call]
    offers: int = 0

    def act(self, act: Act) -> None:
        kind, who, what = act
        device = DEVICES[what % len(DEVICES)]
        if kind in _WITH_PHONE:
            _WITH_PHONE[kind](self.switch, device, what)
        elif kind in ("arrive", "call"):
            self.calls.append(self.switch.arrive("092101010", f"+3290{len(self.calls):07}"))
            if kind == "call":
                self.switch.choose(self.calls[-1], LINE)
        elif kind == "crisis":
            self.pbx.send(c.SetCrisis(f"crisis-{what}" if what % 2 else None))
        elif kind == "beat":
            self.pbx.heartbeat()
        elif self.calls:
            self._with_call(kind, self.calls[-1 - who % len(self.calls)], device, what)

    def _with_call(self, kind: str, call: Call, device: Device, what: int) -> None:
        match kind:
            case "choose":
                self.switch.choose(call, LINE)
            case "settle":
                self.switch.end_menu(call, Outcome.INFORMED)
            case "hang up":
                self.switch.hang_up(call)
            case "offer" if call.where is not At.MENU:
                self.offers += 1
                self.pbx.send(c.Offer(call.id, OfferId(self.offers), OperatorId("op"), device, 1.0 + what % 3))
            case "withdraw" if call.offer is not None:
                self.pbx.send(c.Withdraw(call.id, call.offer))
            case "announce":
                self.pbx.send(c.Announce(call.id, what, None))
            case "deflect" if call.where is At.WAIT:
                self.pbx.send(c.Deflect(call.id, LINE, OverflowTo.PARTNER if what % 2 else OverflowTo.REFUSE))
            case "ask":
                self.pbx.send(c.AskCall(call.id))
            case _:
                pass


_WITH_PHONE: dict[str, Callable[[SimSwitch, Device, int], Any]] = {
    "habit": lambda switch, device, what: _learn(switch, device, HABITS[what % len(HABITS)]),
    "pick up": lambda switch, device, what: switch.pick_up(device),
    "put down": lambda switch, device, what: switch.hang_up_phone(device),
    "unregister": lambda switch, device, what: switch.unregister(device),
    "register": lambda switch, device, what: switch.register(device),
    "own call": lambda switch, device, what: switch.use_elsewhere(device, not switch.phones[device].elsewhere),
    "send on": lambda switch, device, what: switch.send_on(device, LINE),
}


def _learn(switch: SimSwitch, device: Device, habit: Habit) -> None:
    switch.phones[device].hands = Always(habit)


@st.composite
def acts(draw: st.DrawFn) -> list[tuple[float, Act]]:
    """Acts with the pause before each."""
    kinds = st.sampled_from(("call",) * 5 + OF_CALLS * 2 + ("arrive", "crisis", "beat", "habit", *_WITH_PHONE))
    act = st.tuples(kinds, st.integers(0, 5), st.integers(0, 20))
    return draw(st.lists(st.tuples(PAUSES, act), min_size=20, max_size=60))


def check_switch(switch: SimSwitch) -> None:
    """At every moment: a phone and a caller agree on who is with whom, and nobody is in two places."""
    for call in switch.calls.values():
        if call.leg is not None:
            assert call.leg.call is call
        assert (call.where in (At.RING, At.TALK)) <= (call.leg is not None)
        assert (call in switch.fallback.callers) == (call.where is At.FALLBACK)
    for phone in switch.phones.values():
        leg = phone.leg
        if leg is not None and leg.call is not None:
            assert leg.call.leg is leg
            assert leg.call.id in switch.calls
            assert leg.state is not LegState.UP or leg.call.where in (At.TALK, At.RING)
    legs = Counter(call.leg.device for call in switch.calls.values() if call.leg and call.leg.state is LegState.UP)
    assert all(number == 1 or device == "partner" for device, number in legs.items())


def check_facts(facts: Sequence[f.Fact], calls: Sequence[Call]) -> None:
    """Over the whole story: each call arrives once and ends once, each offer has one ending, each talk too."""
    ends = Counter(fact.call for fact in facts if isinstance(fact, f.CallGone))
    assert ends == Counter(call.id for call in calls)
    arrivals = Counter(fact.call for fact in facts if isinstance(fact, f.CallArrived))
    assert arrivals == ends
    endings = Counter(
        fact.offer for fact in facts if isinstance(fact, f.OfferAnswered | f.OfferFailed | f.OfferNotSent)
    )
    assert not {offer for offer, number in endings.items() if number > 1}
    talks = Counter(fact.call for fact in facts if isinstance(fact, f.TalkEnded))
    answers = Counter(fact.call for fact in facts if isinstance(fact, f.OfferAnswered | f.FallbackAnswered))
    assert talks == answers
    _check_order(facts)


def _check_order(facts: Sequence[f.Fact]) -> None:
    gone: set[CallId] = set()
    dialled: set[OfferId] = set()
    states: dict[Device, f.PhoneState] = {}
    for fact in facts:
        match fact:
            case f.CallGone():
                gone.add(fact.call)
            case f.OfferDialled():
                assert fact.call not in gone
                dialled.add(fact.offer)
            case f.OfferRinging() | f.OfferAnswered():
                assert fact.call not in gone
                assert fact.offer in dialled
            case f.PhoneChanged():
                assert states.get(fact.device) is not fact.state, "no change"
                states[fact.device] = fact.state
            case _:
                pass


@given(acts())
@settings(max_examples=300)
def test_any_order_of_acts(script: list[tuple[float, Act]]) -> None:
    time = Kernel(1_800_000_000.0)
    switch = SimSwitch.of(policy(), time, timing=INSTANT)
    facts: list[f.Fact] = []
    pbx = SimPbx(switch)
    pbx.connect(facts.append)
    time.run_until(time.now())
    world = World(switch, pbx, facts, [])
    for pause, act in script:
        time.run_until(time.now() + pause)
        check_switch(switch)
        world.act(act)
        check_switch(switch)
    _send_everybody_home(switch)
    time.run_until(time.now() + 300)
    assert switch.calls == {}
    assert all(phone.leg is None for phone in switch.phones.values())
    check_facts(facts, world.calls)


@given(acts())
@settings(max_examples=60)
def test_both_heights_tell_the_same(script: list[tuple[float, Act]]) -> None:
    assert _stage(script, over_ami=True) == _stage(script, over_ami=False)


def _stage(script: list[tuple[float, Act]], *, over_ami: bool) -> dict[str, list[f.Fact]]:
    """What is told of each call and each phone, in order."""

    async def work() -> list[f.Fact]:
        place = House()
        loop = asyncio.get_running_loop()
        facts: list[f.Fact] = []
        pbx: Pbx
        if over_ami:
            await place.server.start()
            # No audit meanwhile: it tells of every phone, changed or not, and here only changes are compared.
            settings = AmiSettings(port=place.server.port, secret=ENGINE.secret, audit_every=3600)
            pbx = AsteriskPbx(settings, lambda: PHONES, clock=loop.time)
        else:
            pbx = SimPbx(place.switch)
        await pbx.start(facts.append)
        beating = asyncio.create_task(_beat(pbx))
        await asyncio.sleep(0.5)
        world = World(place.switch, pbx, facts, [])
        for pause, act in script:
            # A moment for what was said to arrive: what races for milliseconds may end either way.
            await asyncio.sleep(pause + 0.02)
            world.act(act)
        await asyncio.sleep(0.02)
        _send_everybody_home(place.switch)
        await asyncio.sleep(300)
        beating.cancel()
        await pbx.stop()
        await place.close()
        check_facts(facts, world.calls)
        return facts

    told: dict[str, list[f.Fact]] = {}
    for fact in in_virtual_time(work):
        subject: str = getattr(fact, "call", "") or getattr(fact, "device", "link")
        told.setdefault(subject, []).append(_without_moments(fact))
    return told


async def _beat(pbx: Pbx) -> None:
    """As the driver does."""
    while True:
        pbx.heartbeat()
        await asyncio.sleep(HEARTBEAT_EVERY)


def _without_moments(fact: f.Fact) -> f.Fact:
    """The end of a talk has no moment of the dialplan's own: the adapter takes the event's, to the microsecond."""
    return msgspec.structs.replace(fact, ended_at=0.0) if isinstance(fact, f.TalkEnded | f.TalkTransferred) else fact


def _send_everybody_home(switch: SimSwitch) -> None:
    for call in list(switch.calls.values()):
        switch.hang_up(call)
