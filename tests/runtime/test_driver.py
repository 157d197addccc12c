"""The driver: facts in order, the journal first, timers on time; an engine that fails ends the service."""

import asyncio
from collections.abc import Sequence

import pytest

from acd.engine.core import Engine
from acd.model import facts as f
from acd.model.callback import AttemptResult, CallbackPlan
from acd.model.commands import Command, EndAttempt, Offer, OfferCallback, PlanCallback, PromiseCommand
from acd.model.events import CallEnded, Event, OperatorChanged
from acd.model.ids import CallbackId, CallId, LineId, OfferId, OperatorId
from acd.model.policy import CallbackRule, Policy
from acd.ports import Inbox
from acd.runtime.driver import HEARTBEAT_EVERY, Driver
from sim.loop_time import VirtualLoop
from tests.engine.house import line, policy, small_city


class Switch:
    """Answers every offer at once, from inside ``send``: the driver must not handle it before its turn."""

    def __init__(self) -> None:
        self.sent: list[Command] = []
        self.beats: list[float] = []
        self.inbox: Inbox = lambda fact: None
        self.stopped = False

    async def start(self, inbox: Inbox) -> None:
        self.inbox = inbox

    async def stop(self) -> None:
        self.stopped = True

    def send(self, command: Command) -> None:
        self.sent.append(command)
        if isinstance(command, Offer):
            self.inbox(f.OfferNotSent(command.call, command.offer))

    def heartbeat(self) -> None:
        self.beats.append(asyncio.get_running_loop().time())


class Paper:
    def __init__(self) -> None:
        self.events: list[Event] = []

    def write(self, events: Sequence[Event]) -> None:
        self.events += events

    async def flush(self) -> None:
        pass


class Keeper:
    """Answers every plan at once, from inside ``send``."""

    def __init__(self, switch: Switch) -> None:
        self.switch = switch
        self.asked: list[PromiseCommand] = []
        self.inbox: Inbox = lambda fact: None
        self.stopped = self.stopped_after_the_switch = False

    async def start(self, inbox: Inbox) -> None:
        self.inbox = inbox

    async def stop(self) -> None:
        self.stopped, self.stopped_after_the_switch = True, self.switch.stopped

    def send(self, command: PromiseCommand) -> None:
        self.asked.append(command)
        if isinstance(command, PlanCallback):
            self.inbox(f.CallbackPlanned(command.call, PLAN))


class Stage:
    def __init__(self, loop: VirtualLoop, policy: Policy | None = None, *, keeps: bool = False) -> None:
        self.loop, self.switch, self.paper = loop, Switch(), Paper()
        self.keeper = Keeper(self.switch)
        self.heard: list[int] = []
        self.engine = Engine(policy or small_city())
        self.driver = Driver(
            self.engine,
            self.switch,
            self.paper,
            loop.time,
            [self.listen],
            promises=self.keeper if keeps else None,
        )

    def listen(self, events: Sequence[Event]) -> None:
        assert self.paper.events[-len(events) :] == list(events), "the journal is told first"
        self.heard.append(len(events))

    async def run_for(self, seconds: float, *told: f.Fact) -> None:
        task = asyncio.create_task(self.driver.run())
        await asyncio.sleep(0)
        phones = {o.device: f.PhoneState.IDLE for o in self.engine.policy.operators.values()}
        self.driver.tell(f.SwitchSeen((), (), phones))
        for fact in told:
            self.driver.tell(fact)
        done, _ = await asyncio.wait([task], timeout=seconds)
        if done:
            task.result()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def on_stage(seconds: float, *told: f.Fact, policy: Policy | None = None, keeps: bool = False) -> Stage:
    loop = VirtualLoop()
    try:
        stage = Stage(loop, policy, keeps=keeps)
        loop.run_until_complete(stage.run_for(seconds, *told))
        return stage
    finally:
        loop.close()


ANNA = OperatorId("anna")
ON_DUTY = (f.OperatorLoggedIn(ANNA, "x"), f.OperatorReady(ANNA, "x"))
CALL = f.CallQueued(CallId("a"), LineId("info"), 1_800_000_000.0)


PLAN = CallbackPlan(None, (), 1_800_000_000.0)
DEFERS = policy([line("info", callback=CallbackRule(after=8.0))], [])


def test_an_answer_from_inside_send_waits_its_turn() -> None:
    stage = on_stage(0.1, *ON_DUTY, CALL)
    changes = [e.state.value for e in stage.paper.events if isinstance(e, OperatorChanged) and e.operator == ANNA]
    assert changes[-2:] == ["reserved", "available"]


def test_timers_of_the_engine_run_without_any_fact() -> None:
    stage = on_stage(1.0, *ON_DUTY, CALL)
    asked = [type(c).__name__ for c in stage.switch.sent]
    assert "AskCall" in asked, "a refused Redirect is asked after a quarter of a second later"


def test_it_beats_every_two_seconds_and_lets_the_switch_go_at_the_end() -> None:
    stage = on_stage(10.5)
    gaps = [b - a for a, b in zip(stage.switch.beats, stage.switch.beats[1:], strict=False)]
    assert len(stage.switch.beats) == 6
    assert gaps == pytest.approx([HEARTBEAT_EVERY] * 5)
    assert stage.switch.stopped


def test_an_engine_that_fails_ends_the_service_and_beats_no_more(capsys: pytest.CaptureFixture[str]) -> None:
    class Nonsense(f.Fact, frozen=True):
        pass

    with pytest.raises(KeyError):
        on_stage(10.0, Nonsense())


def test_a_call_that_ends_is_written_down() -> None:
    stage = on_stage(1.0, CALL, f.CallGone(CallId("a"), 1_800_000_001.0))
    assert [e.call for e in stage.paper.events if isinstance(e, CallEnded)] == ["a"]
    assert sum(stage.heard) == len(stage.paper.events)


class Nonsense(f.Fact, frozen=True):
    """No engine knows what to do with this."""


def test_after_a_failure_nothing_more_is_decided(capsys: pytest.CaptureFixture[str]) -> None:
    loop = VirtualLoop()
    stage = Stage(loop)
    with pytest.raises(KeyError):
        loop.run_until_complete(stage.run_for(10.0, *ON_DUTY, Nonsense(), CALL))
    loop.close()
    assert [c for c in stage.switch.sent if isinstance(c, Offer)] == []
    assert len(stage.switch.beats) <= 1


def test_who_only_looks_on_cannot_stop_the_routing(capsys: pytest.CaptureFixture[str]) -> None:
    class Blind(Stage):
        def listen(self, events: Sequence[Event]) -> None:
            raise ZeroDivisionError

    loop = VirtualLoop()
    stage = Blind(loop)
    loop.run_until_complete(stage.run_for(5.0, *ON_DUTY, CALL))
    loop.close()
    assert [c.call for c in stage.switch.sent if isinstance(c, Offer)][:1] == ["a"]
    assert len(stage.switch.beats) == 3
    assert "ZeroDivisionError" in "".join(capsys.readouterr())


def test_a_switch_that_takes_no_heartbeat_ends_the_service(capsys: pytest.CaptureFixture[str]) -> None:
    loop = VirtualLoop()
    stage = Stage(loop)

    def broken() -> None:
        raise ZeroDivisionError

    stage.switch.heartbeat = broken  # type: ignore[method-assign]
    with pytest.raises(ZeroDivisionError):
        loop.run_until_complete(stage.run_for(5.0))
    loop.close()
    assert stage.switch.stopped


def test_what_is_told_after_the_end_is_told_to_nobody() -> None:
    loop = VirtualLoop()
    stage = Stage(loop)
    loop.run_until_complete(stage.run_for(1.0))
    before = len(stage.paper.events)
    stage.driver.tell(CALL)
    loop.close()
    assert len(stage.paper.events) == before


def test_what_is_for_the_keeper_goes_to_the_keeper_and_his_answer_to_the_engine() -> None:
    stage = on_stage(30.0, CALL, policy=DEFERS, keeps=True)
    assert [type(c) for c in stage.keeper.asked] == [PlanCallback]
    assert [c.plan for c in stage.switch.sent if isinstance(c, OfferCallback)] == [PLAN]
    assert not [c for c in stage.switch.sent if isinstance(c, PromiseCommand)]


def test_the_keeper_is_let_go_last() -> None:
    stage = on_stage(1.0, keeps=True)
    assert stage.keeper.stopped_after_the_switch


def test_a_promise_that_is_claimed_after_the_end_is_given_back() -> None:
    """Nobody was rung for it."""
    loop = VirtualLoop()
    stage = Stage(loop, keeps=True)
    loop.run_until_complete(stage.run_for(1.0))
    stage.driver.tell(f.CallbackClaimed(CallbackId("17.1"), OfferId(7), "+32470000001", "nl"))
    given_back = EndAttempt(OfferId(7), AttemptResult.OPERATOR, loop.time())
    loop.close()
    assert stage.keeper.asked == [given_back]


def test_without_a_keeper_nothing_is_offered_and_all_else_goes_on() -> None:
    stage = on_stage(300.0, CALL, policy=DEFERS)
    assert not [c for c in stage.switch.sent if isinstance(c, OfferCallback | PromiseCommand)]
    assert "Announce" in {type(c).__name__ for c in stage.switch.sent}


def test_when_the_engine_fails_the_keeper_is_let_go_too(capsys: pytest.CaptureFixture[str]) -> None:
    loop = VirtualLoop()
    stage = Stage(loop, keeps=True)
    with pytest.raises(KeyError):
        loop.run_until_complete(stage.run_for(10.0, Nonsense()))
    loop.close()
    assert stage.keeper.stopped
