"""The cluster alone: which server a command goes to, what of its facts the engine hears, and when a server is dead."""

import asyncio
from collections.abc import Callable
from typing import Any

from acd.asterisk.cluster import GIVEN_UP_AFTER, Cluster
from acd.model import commands as c
from acd.model import facts as f
from acd.model.callback import AttemptResult, AttemptStage
from acd.model.facts import CallWhereabouts, PhoneState
from acd.model.ids import CallbackId, CallId, Device, LineId, OfferId, OperatorId, ServerId, SpyId
from acd.model.supervision import SpyEnd, SpyMode, SpySeen
from acd.ports import Inbox
from sim.loop_time import VirtualLoop

A, B = ServerId("a"), ServerId("b")
HERE, THERE = Device("1001"), Device("1003")
IDLE, BUSY, UNREACHABLE = PhoneState.IDLE, PhoneState.BUSY, PhoneState.UNREACHABLE


class Part:
    """One server: it keeps what it was told to do."""

    def __init__(self) -> None:
        self.sent: list[c.Command] = []
        self.beats = 0
        self.tell: Inbox = lambda fact: None

    async def start(self, inbox: Inbox) -> None:
        self.tell = inbox

    async def stop(self) -> None:
        self.tell = lambda fact: None

    def send(self, command: c.Command) -> None:
        self.sent.append(command)

    def heartbeat(self) -> None:
        self.beats += 1


class Scene:
    def __init__(self, loop: VirtualLoop) -> None:
        self.a, self.b = Part(), Part()
        self.cluster = Cluster({A: self.a, B: self.b}, loop.time)
        self.facts: list[f.Fact] = []

    def link(self, **seen: Any) -> None:
        """Both are there; one phone is registered at each."""
        self.a.tell(f.SwitchSeen((), (), {HERE: IDLE, THERE: UNREACHABLE}))
        self.b.tell(f.SwitchSeen((), (), {HERE: UNREACHABLE, THERE: IDLE}, **seen))

    def of(self, kind: type) -> list[Any]:
        return [fact for fact in self.facts if isinstance(fact, kind)]


def on(act: Callable[[Scene], Any], *, linked: bool = True) -> Scene:
    """Play it in virtual time; what the act returns is awaited."""
    loop = VirtualLoop()

    async def go() -> Scene:
        scene = Scene(loop)
        await scene.cluster.start(scene.facts.append)
        if linked:
            scene.link()
        waits = act(scene)
        if waits is not None:
            await waits
        await asyncio.sleep(0)
        await scene.cluster.stop()
        return scene

    try:
        return loop.run_until_complete(go())
    finally:
        loop.close()


def offer(call: str, device: Device) -> c.Offer:
    return c.Offer(CallId(call), OfferId(7), OperatorId("an"), device, 15.0)


def call_back(device: Device) -> c.CallBack:
    who = OfferId(9), CallbackId("b-1.1"), LineId("info"), "+3291234567", "nl", OperatorId("an"), device
    return c.CallBack(*who, 10.0, 30.0, operator_first=True, machine_detection=False)


def spy(call: str | None, attempt: int | None, device: Device) -> c.Spy:
    whom = None if call is None else CallId(call), None if attempt is None else OfferId(attempt)
    return c.Spy(SpyId(5), *whom, device, SpyMode.LISTEN, "An", 20.0)


def test_a_command_goes_to_the_server_of_the_call_and_dials_through_that_of_the_phone() -> None:
    def act(scene: Scene) -> None:
        for command in (offer("a-1.1", HERE), offer("a-1.1", THERE), c.AskCall(CallId("b-1.1"))):
            scene.cluster.send(command)

    scene = on(act)
    assert [command.via for command in scene.a.sent if isinstance(command, c.Offer)] == [None, B]
    assert scene.b.sent == [c.AskCall(CallId("b-1.1"))]


def test_a_phone_at_both_is_rung_by_the_server_of_the_call() -> None:
    def act(scene: Scene) -> None:
        scene.a.tell(f.PhoneChanged(THERE, IDLE))
        scene.cluster.send(offer("a-1.1", THERE))
        scene.cluster.send(offer("b-1.1", THERE))

    scene = on(act)
    assert [command.via for command in [*scene.a.sent, *scene.b.sent]] == [None, None]  # type: ignore[attr-defined]


def test_what_concerns_nobody_in_particular_goes_to_all() -> None:
    def act(scene: Scene) -> None:
        scene.cluster.heartbeat()
        scene.cluster.send(c.SetCrisis("crisis-storm"))
        scene.cluster.send(c.SetAllowed(HERE, (LineId("info"),), allowed=True))

    scene = on(act)
    assert scene.a.sent == scene.b.sent
    assert len(scene.a.sent) == 2
    assert (scene.a.beats, scene.b.beats) == (1, 1)


def test_a_call_of_a_server_that_is_none_of_ours_is_gone() -> None:
    def act(scene: Scene) -> None:
        scene.cluster.send(offer("1.1", HERE))
        scene.cluster.send(c.AskCall(CallId("c-1.1")))

    scene = on(act)
    assert scene.of(f.OfferNotSent) == [f.OfferNotSent(CallId("1.1"), OfferId(7), tried=False)]
    assert scene.of(f.CallFound) == [f.CallFound(CallId("c-1.1"), None)]


def test_a_call_back_is_made_by_the_server_of_the_phone_and_ended_there() -> None:
    def act(scene: Scene) -> None:
        scene.cluster.send(call_back(THERE))
        scene.cluster.send(c.EndCallBack(OfferId(9)))
        scene.cluster.send(spy(None, 9, HERE))

    scene = on(act)
    assert scene.a.sent == []
    kinds = [type(command) for command in scene.b.sent]
    assert kinds == [c.CallBack, c.EndCallBack, c.Spy]
    assert scene.b.sent[2].via == A  # type: ignore[attr-defined]


def test_a_call_back_to_a_phone_that_is_nowhere_is_not_made() -> None:
    def act(scene: Scene) -> None:
        scene.cluster.send(call_back(Device("1009")))

    [ended] = on(act).of(f.AttemptEnded)
    assert (ended.result, ended.failure) == (AttemptResult.OPERATOR, f.OfferFailure.LOST)


def test_whom_nobody_can_listen_to_is_not_listened_to() -> None:
    def act(scene: Scene) -> None:
        scene.cluster.send(spy("c-1.1", None, HERE))
        scene.cluster.send(spy(None, 77, HERE))

    assert [fact.how for fact in on(act).of(f.SpyOver)] == [SpyEnd.FAILED, SpyEnd.FAILED]


def test_the_looks_tell_the_phones_of_all_and_when_nobody_is_missing() -> None:
    first, second = on(lambda scene: None).of(f.SwitchSeen)
    assert (first.server, first.whole, first.phones) == (A, False, {HERE: IDLE, THERE: UNREACHABLE})
    assert (second.server, second.whole, second.phones) == (B, True, {HERE: IDLE, THERE: IDLE})


def test_busy_at_one_is_busy() -> None:
    def act(scene: Scene) -> None:
        scene.a.tell(f.PhoneChanged(THERE, BUSY))
        scene.a.tell(f.PhoneChanged(THERE, UNREACHABLE))

    assert [fact.state for fact in on(act).of(f.PhoneChanged)] == [BUSY, IDLE]


def test_a_call_under_another_name_is_not_routed() -> None:
    """Both servers with the same systemname would mix their calls up."""

    def act(scene: Scene) -> None:
        seen = f.CallSeen(CallId("a-1.1"), CallWhereabouts.WAIT, 1.0)
        scene.b.tell(f.SwitchSeen((seen,), (), {}))

    assert on(act).of(f.SwitchSeen)[-1].calls == ()


def test_a_server_lost_says_what_is_out_of_sight_and_is_given_up_once() -> None:
    async def act(scene: Scene) -> None:
        scene.cluster.send(call_back(THERE))
        scene.b.tell(f.LinkLost("EOF"))
        await asyncio.sleep(GIVEN_UP_AFTER + 1)

    scene = on(act)
    assert scene.of(f.LinkLost) == []
    assert scene.of(f.ServerLost) == [f.ServerLost(B, "EOF", (THERE,), (OfferId(9),), ())]
    assert scene.of(f.ServerGone) == [f.ServerGone(B, whole=True)]


def test_a_server_that_is_back_in_time_is_not_given_up_and_knows_its_own_again() -> None:
    async def act(scene: Scene) -> None:
        scene.cluster.send(call_back(THERE))
        scene.b.tell(f.LinkLost("EOF"))
        await asyncio.sleep(GIVEN_UP_AFTER - 1)
        alive = f.AttemptSeen(OfferId(9), CallbackId("b-1.1"), LineId("info"), THERE, AttemptStage.TALKING)
        scene.b.tell(f.SwitchSeen((), (), {THERE: BUSY}, attempts=(alive,), spies=(SpySeen(SpyId(5), began=True),)))
        await asyncio.sleep(GIVEN_UP_AFTER + 1)
        scene.cluster.send(c.EndCallBack(OfferId(9)))
        scene.cluster.send(c.EndSpy(SpyId(5)))

    scene = on(act)
    assert scene.of(f.ServerGone) == []
    assert [type(command) for command in scene.b.sent] == [c.CallBack, c.EndCallBack, c.EndSpy]
    assert scene.a.sent == []


def test_the_spies_of_the_other_server_go_on() -> None:
    def act(scene: Scene) -> None:
        scene.cluster.send(spy("a-1.1", None, HERE))
        scene.a.tell(f.SpyBegan(SpyId(5), 1.0))
        scene.b.tell(f.LinkLost("EOF"))
        scene.b.tell(f.SwitchSeen((), (), {}))

    scene = on(act)
    assert scene.of(f.ServerLost)[0].spies == ()
    assert scene.of(f.SwitchSeen)[-1].spies == (SpySeen(SpyId(5), began=True),)


def test_when_all_are_lost_it_is_our_own_network_and_nobody_is_given_up() -> None:
    async def act(scene: Scene) -> None:
        scene.a.tell(f.LinkLost("timeout"))
        scene.b.tell(f.LinkLost("timeout"))
        await asyncio.sleep(5 * GIVEN_UP_AFTER)
        assert scene.of(f.ServerGone) == []
        scene.a.tell(f.SwitchSeen((), (), {HERE: IDLE}))
        await asyncio.sleep(GIVEN_UP_AFTER + 1)

    scene = on(act)
    assert [type(fact) for fact in scene.facts[2:]] == [
        f.ServerLost,
        f.ServerLost,
        f.LinkLost,
        f.SwitchSeen,
        f.ServerGone,
    ]
    assert scene.of(f.SwitchSeen)[-1].whole is False


def test_a_server_that_never_came_is_given_up_so_that_its_calls_of_before_are_settled() -> None:
    async def act(scene: Scene) -> None:
        scene.a.tell(f.SwitchSeen((), (), {HERE: IDLE}))
        await asyncio.sleep(GIVEN_UP_AFTER + 1)

    assert on(act, linked=False).of(f.ServerGone) == [f.ServerGone(B, whole=True)]
