"""``kill -9`` of the engine with ten callers waiting and four talking: nobody is cut off, nobody loses his place."""

import asyncio
import json
import time
from contextlib import AsyncExitStack
from datetime import datetime

import pytest

from acd.records import CallRow
from sim.lab import Call, Habit, Lab, Phone
from sim.lab.service import LabService
from sim.lab.stalls import Stalls
from tests.e2e.conftest import records, until

pytestmark = [pytest.mark.alone, pytest.mark.asterisk, pytest.mark.timeout(180)]

GENTINFO = ("anna", "bram", "cato", "faas")
DEVICES = ("1001", "1002", "1003", "1006")


class Scene:
    """Four operators in a call each, ten callers waiting on Gentinfo."""

    def __init__(self, lab: Lab, service: LabService) -> None:
        self.lab, self.service = lab, service
        self.talking: list[Call] = []
        self.waiting: list[Call] = []
        self.entered: dict[str, float] = {}
        self.phones: list[Phone] = []

    async def set(self, stack: AsyncExitStack, citizens: Phone) -> None:
        for name, device in zip(GENTINFO, DEVICES, strict=True):
            self.phones.append(await stack.enter_async_context(self.lab.phone(device, Habit(after=0.1))))
            await self.service.operator(name, "login", "ready")
        for _ in GENTINFO:
            self.talking.append(citizens.call("3292101010"))
        await until(lambda: sum(p.calls != [] for p in self.phones) == 4, 30, "four operators answer")
        for _ in range(10):
            self.waiting.append(citizens.call("3292101010"))
            await asyncio.sleep(0.2)
        await until(self.all_wait, 30, "four talk and ten wait")

    async def all_wait(self) -> bool:
        status = await self.service.ask("status")
        return bool((status["talking"], status["waiting"]) == (4, 10))

    def all_in_queue(self) -> bool:
        return sum(channel.app == "Queue" for channel in self.lab.channels()) == len(self.waiting)

    def alive(self) -> int:
        return sum(not call.ended.is_set() for call in (*self.talking, *self.waiting))

    def answered(self) -> int:
        """Calls that the operators' phones have answered so far."""
        return sum(call.answered_at is not None for phone in self.phones for call in phone.calls)


@pytest.fixture
async def scene(lab: Lab, service: LabService) -> Scene:
    return Scene(lab, service)


async def test_a_killed_engine_cuts_nobody_off_and_its_successor_finds_everybody(scene: Scene) -> None:
    async with AsyncExitStack() as stack:
        citizens = await stack.enter_async_context(scene.lab.citizen())
        await scene.set(stack, citizens)
        entered = {row.call: row.entered_at for row in await records(scene.service)}
        with Stalls() as stalls:
            scene.service.kill()
            killed_at = time.time()
            await until(scene.all_in_queue, 30, "Asterisk serves those who wait by itself")
            now = time.time()
            assert now - killed_at - stalls.between(killed_at, now) < 3
            assert scene.alive() == 14, "all are still there while no engine runs"

            await scene.service.start()
            status = await scene.service.ask("status")
            assert (status["talking"], status["waiting"]) == (4, 10)
            linked, now = link_up(scene.service), time.time()
            assert now - linked - stalls.between(linked, now) < 10

        # The operators hang up one after the other: the oldest caller is next, each time.
        for call in scene.talking:
            await call.hang_up()
        rows = await when_answered(scene, 8)
        served = [row for row in rows if row.answered_at and row.answered_at > killed_at]
        unserved_at_the_kill = [row for row in rows if row.answered_at is None or row.answered_at > killed_at]
        assert [row.call for row in served] == [row.call for row in unserved_at_the_kill[:4]]
        for row in served:
            assert row.entered_at == entered[row.call], "the entry time survived"
            assert row.waited == pytest.approx((row.answered_at or 0) - (row.entered_at or 0), abs=1.0)
        for call in scene.waiting:
            if not call.ended.is_set():
                await call.hang_up()
    await everything_ended(scene)


async def test_callers_are_served_by_the_fallback_in_order_while_no_engine_runs(scene: Scene) -> None:
    async with AsyncExitStack() as stack:
        citizens = await stack.enter_async_context(scene.lab.citizen())
        await scene.set(stack, citizens)
        scene.service.kill()
        for call in scene.talking:
            await call.hang_up()
        await until(lambda: scene.answered() == 8, 30, "the fallback serves four of those who waited")
        await scene.service.start()
        status = await scene.service.ask("status")
        assert (status["talking"], status["waiting"]) == (4, 6)
        rows = await when_answered(scene, 8)
        assert [row.outcome is not None for row in rows] == [True] * 8 + [False] * 6, "the oldest four were served"
        for row in rows[4:8]:
            assert row.fallback
            assert row.waited == pytest.approx((row.answered_at or 0) - (row.entered_at or 0), abs=1.0)
        for call in scene.waiting:
            if not call.ended.is_set():
                await call.hang_up()
    await everything_ended(scene)


def link_up(service: LabService) -> float:
    """When the engine that was started last had Asterisk: what went before is the start of a program."""
    told = next(line for line in reversed(service.log().splitlines()) if '"link.came_up"' in line)
    return datetime.fromisoformat(json.loads(told)["timestamp"]).timestamp()


async def when_answered(scene: Scene, number: int) -> list[CallRow]:
    """The records in order of joining the line, as soon as so many calls are answered in them."""

    async def recorded() -> bool:
        return sum(row.answered_at is not None for row in await records(scene.service)) >= number

    await until(recorded, 30, f"{number} calls are recorded as answered")
    return sorted(await records(scene.service), key=lambda row: row.entered_at or 0.0)


async def everything_ended(scene: Scene) -> None:
    await until(lambda: scene.lab.channels() == [], 20, "no channel is left in Asterisk")

    async def closed() -> bool:
        return all(row.ended_at is not None and row.outcome is not None for row in await records(scene.service))

    await until(closed, 20, "every call has ended in one outcome")
    assert len(await records(scene.service)) == 14
