"""Citizens and operators with the production engine between them, at levels A and B."""

import asyncio
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from statistics import mean, pstdev, pvariance

import pytest

from acd.engine.core import Engine
from acd.model import facts as f
from acd.model.events import CallAnswered, CallEnded, CallStarted, Event, OfferEnded, OutcomeCounted
from acd.model.ids import LineId, OperatorId
from acd.model.outcome import Outcome
from acd.model.policy import Policy
from acd.runtime.driver import Driver
from sim.calls import Call
from sim.citizens import Caller, Crowd, Demand, Manner
from sim.dialogue import Offered
from sim.draws import constant, exponential, lognormal, uniform
from sim.happenings import Silent
from sim.heap_driver import HeapDriver
from sim.kernel import Kernel, Scheduler
from sim.loop_time import LoopTime, VirtualLoop
from sim.operators import NEVER, Desk, Style
from sim.pbx import SimPbx
from sim.switch import MEASURED, SimSwitch
from tests.contract.sim_stage import policy as small_policy

START = 1_800_000_000.0
DEMAND = {LineId("gentinfo"): Demand(90.0), LineId("sportlijn"): Demand(30.0), LineId("lez"): Demand(15.0)}
STYLES = (Style(ignores=0.2, rejects=0.2), Style(), NEVER)


@dataclass
class Day:
    """People on a switch; what an operator presses becomes a fact."""

    policy: Policy
    time: Scheduler
    seed: object = 1
    demand: dict[LineId, Demand] = field(default_factory=lambda: dict(DEMAND))
    styles: Sequence[Style] = STYLES
    events: list[Event] = field(default_factory=list)
    tell: Callable[[f.Fact], None] = lambda fact: None

    def __post_init__(self) -> None:
        self.switch = SimSwitch.of(self.policy, self.time, timing=MEASURED, stale_after=None)
        self.pbx = SimPbx(self.switch)
        self.engine = Engine(self.policy)
        self.crowd = Crowd(self.switch, self.demand, self.seed)

    def open(self) -> None:
        reasons = self.policy.reasons
        for operator, style in zip(self.policy.operators.values(), self.styles, strict=True):
            rng = Random(f"{self.seed}/{operator.id}")
            Desk(self.switch, operator, style, reasons=reasons, click=self.click, rng=rng).start(after=1.0)
        self.crowd.start()

    def click(self, operator: OperatorId, button: str, reason: str) -> None:
        facts: dict[str, f.Fact] = {
            "login": f.OperatorLoggedIn(operator, "op"),
            "logout": f.OperatorLoggedOut(operator, "op"),
            "ready": f.OperatorReady(operator, "op"),
            "pause": f.OperatorNotReady(operator, "op", reason),
        }
        self.tell(facts[button])

    def listen(self, events: Sequence[Event]) -> None:
        self.events += events


def level_a(day: Day, hours: float) -> list[Event]:
    assert isinstance(day.time, Kernel)
    driver = HeapDriver(day.engine, day.pbx, day.time, day.listen)
    day.tell = driver.tell
    driver.start()
    day.open()
    day.time.run_until(START + hours * 3600)
    return day.events


def level_b(hours: float) -> list[Event]:
    """The same under the production driver, on an event loop whose time is virtual."""

    class Nowhere:
        def write(self, events: Sequence[Event]) -> None: ...

        async def flush(self) -> None: ...

    async def run() -> list[Event]:
        loop = asyncio.get_running_loop()
        time = LoopTime(loop)
        day = Day(small_policy(), time)
        driver = Driver(day.engine, day.pbx, Nowhere(), time.now, [day.listen])
        day.tell = driver.tell
        day.open()
        task = asyncio.create_task(driver.run())
        await asyncio.sleep(hours * 3600)
        told = list(day.events)
        time.close()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return told

    with asyncio.Runner(loop_factory=lambda: VirtualLoop(START)) as runner:
        return runner.run(run())


def test_the_same_seed_gives_the_same_events() -> None:
    first = level_a(Day(small_policy(), Kernel(START)), 3)
    assert first == level_a(Day(small_policy(), Kernel(START)), 3)
    assert first != level_a(Day(small_policy(), Kernel(START), seed=2), 3)
    kinds = Counter(type(event) for event in first)
    assert kinds[CallAnswered] > 50
    assert kinds[OfferEnded] > 50


def test_the_heap_and_the_event_loop_give_the_same_events() -> None:
    """Levels A and B: not one event more, less, elsewhere or at another moment."""
    assert level_b(3) == level_a(Day(small_policy(), Kernel(START)), 3)


def test_nobody_is_lost_in_a_long_day() -> None:
    day = Day(small_policy(), Kernel(START))
    level_a(day, 24)
    day.crowd.stop()
    assert isinstance(day.time, Kernel)
    day.time.run_until(day.time.now() + 2 * 3600)
    started = [event.call for event in day.events if isinstance(event, CallStarted)]
    counted = Counter(event.call for event in day.events if isinstance(event, OutcomeCounted))
    ended = Counter(event.call for event in day.events if isinstance(event, CallEnded))
    assert len(started) == day.crowd.calls > 3000
    assert counted == ended == Counter(started)
    assert day.switch.calls == {}
    outcomes = Counter(event.outcome for event in day.events if isinstance(event, OutcomeCounted))
    assert set(outcomes) == {
        *(Outcome.ANSWERED, Outcome.ABANDONED, Outcome.ABANDONED_SHORT),
        *(Outcome.LEFT_MENU, Outcome.INFORMED),
    }


def test_two_policies_see_the_same_citizens() -> None:
    """Whatever the operators do: the same people call at the same moments and choose the same lines."""
    days = [Day(small_policy(), Kernel(START), styles=styles) for styles in (STYLES, (Style(),) * 3)]
    arrivals = []
    for day in days:
        events = level_a(day, 2)
        arrivals.append([(e.arrived_at, e.number) for e in events if isinstance(e, CallStarted)])
    assert days[0].events != days[1].events
    assert arrivals[0] == arrivals[1]


def test_calls_arrive_as_a_poisson_process() -> None:
    day = Day(small_policy(), Kernel(START), demand={LineId("lez"): Demand(3600.0)})
    events = level_a(day, 3)
    moments = [event.arrived_at for event in events if isinstance(event, CallStarted)]
    per_minute = Counter(int((at - START) // 60) for at in moments)
    counts = [per_minute[minute] for minute in range(180)]
    # 60 a minute: the mean of 180 has a standard deviation of 0.58, and variance equals mean.
    assert mean(counts) == pytest.approx(60, abs=2.5)
    assert pvariance(counts) == pytest.approx(60, rel=0.45)


def test_patience_ends_a_wait() -> None:
    manner = Manner(menu=constant(5.0), patience=constant(20.0), leaves_menu=0.0, informed=0.0)
    day = Day(small_policy(), Kernel(START), demand={LineId("lez"): Demand(60.0, manner)}, styles=(NEVER,) * 3)
    level_a(day, 1)
    waits = [event.waited for event in day.events if isinstance(event, OutcomeCounted)]
    assert len(waits) > 30
    assert all(wait == pytest.approx(20.0, abs=0.01) for wait in waits)


def test_draws() -> None:
    rng = Random(1)
    many = range(20_000)
    assert mean(exponential(180.0)(rng) for _ in many) == pytest.approx(180, rel=0.03)
    talks = [lognormal(240.0, 0.6)(rng) for _ in many]
    assert mean(talks) == pytest.approx(240, rel=0.03)
    logs = [math.log(talk) for talk in talks]
    assert pstdev(logs) == pytest.approx(0.6, rel=0.03)
    spread = [uniform(3.0, 8.0)(rng) for _ in many]
    assert 3.0 <= min(spread) < 3.1 < 7.9 < max(spread) <= 8.0


# --- The offer to be called back -------------------------------------------------------------------------------------


class Ear(Silent):
    """What the dialogue came to."""

    def __init__(self) -> None:
        self.said: list[int | str] = []

    def callback_wanted(self, call: Call, choice: int, keyed: str) -> None:
        self.said.append(choice)

    def callback_declined(self, call: Call) -> None:
        self.said.append("no")


@pytest.mark.parametrize(
    ("accepts", "asks_soon", "slots", "said"),
    [(1.0, 1.0, 3, [0]), (1.0, 0.0, 3, [1]), (1.0, 1.0, 0, [0]), (1.0, 0.0, 0, [0]), (0.0, 1.0, 3, ["no"])],
)
def test_who_hears_the_offer_says_what_he_wants(
    accepts: float, asks_soon: float, slots: int, said: list[int | str]
) -> None:
    kernel, ear = Kernel(START), Ear()
    switch = SimSwitch.of(small_policy(), kernel, timing=MEASURED, stale_after=None)
    switch.session_opened()
    switch.out = ear
    manner = Manner(
        menu=constant(1.0),
        patience=constant(1000.0),
        leaves_menu=0.0,
        informed=0.0,
        accepts=accepts,
        asks_soon=asks_soon,
    )
    Caller(switch, next(iter(switch.queues)), manner, Random(1))
    kernel.run_until(START + 30)
    [call] = switch.calls.values()
    switch.offer_callback(call, Offered(slots, number=True))
    kernel.run_until(START + 120)
    assert ear.said == said
