"""Engine and Asterisk both die: what happened meanwhile stands in Asterisk's own record alone."""

import asyncio
import subprocess
import sys
from contextlib import AsyncExitStack

import pytest

from sim.lab import Habit, Lab
from sim.lab.service import LabService
from tests.e2e.conftest import all_ended, records, until

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(240)]

SPORT = "3292101011"


async def test_calls_that_only_asterisk_saw_are_in_the_figures(lab: Lab, service: LabService) -> None:
    async with AsyncExitStack() as stack:
        citizens = await stack.enter_async_context(lab.citizen())
        phone = await stack.enter_async_context(lab.phone("1002", Habit(after=0.1)))
        await service.operator("bram", "login", "ready")
        seen = citizens.call(SPORT)
        await until(lambda: any(call.answered_at for call in phone.calls), 15, "the first is served by the engine")
        await seen.hang_up()
        await all_ended(service, 1)

        service.kill()
        served = citizens.call(SPORT)
        await until(lambda: sum(call.answered_at is not None for call in phone.calls) == 2, 15, "the fallback serves")
        impatient = citizens.call(SPORT)
        await asyncio.sleep(3)
        await impatient.hang_up()
        await served.hang_up()
        await until(lambda: lab.channels() == [], 10, "both are gone")
        phone.habit = None  # He leaves his desk.
        cut_off = citizens.call(SPORT)
        await asyncio.wait_for(cut_off.answered.wait(), 10)
        await asyncio.sleep(0.5)
        lab.kill()
        cut_off.over(by_us=False)
        for ring in phone.calls:
            ring.over(by_us=False)
        lab.resume()
        await phone.register()
        await service.start()

        rows = await all_ended(service, 4)
        assert [row.outcome for row in rows] == ["answered", "answered", "abandoned_short", "switch_failure"]
        assert (rows[1].operator, rows[1].fallback, rows[1].seen) == ("bram", True, False)
        assert served.answered_at is not None and served.ended_at is not None
        assert rows[1].ended_at == pytest.approx(served.ended_at, abs=1.0)
        assert rows[2].ended_at == pytest.approx(impatient.ended_at, abs=1.0)
        await again(service, "0 calls repaired in 2 gaps")
        assert await records(service) == rows


async def again(service: LabService, says: str) -> None:
    """``acd repair`` as a person gives it."""
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "acd", "repair"],
        env=service.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout.strip()) == (0, says), done.stderr
