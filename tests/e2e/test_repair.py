"""Engine and Asterisk both die: what happened meanwhile stands in Asterisk's own record alone."""

import asyncio
import subprocess
import sys
import time
from contextlib import AsyncExitStack

import pytest

from sim.lab import Habit, Lab
from sim.lab.service import LabService
from tests.e2e.conftest import all_ended, records, until
from tests.e2e.test_sixty_calls import CUT_OFF

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(240)]

SPORT = "3292101011"


async def test_calls_that_only_asterisk_saw_are_in_the_figures(lab: Lab, service: LabService) -> None:
    async with AsyncExitStack() as stack:
        citizens = await stack.enter_async_context(lab.citizen())
        phone = await stack.enter_async_context(lab.phone("1002", Habit(after=0.1)))
        await service.operator("bram", "login", "ready")
        seen = citizens.call(SPORT)
        await until(lambda: any(call.answered_at for call in phone.calls), 30, "the first is served by the engine")
        await seen.hang_up()
        await all_ended(service, 1)

        service.kill()
        served = citizens.call(SPORT)
        await until(lambda: sum(call.answered_at is not None for call in phone.calls) == 2, 30, "the fallback serves")
        impatient = citizens.call(SPORT)
        await until(lambda: sum(c.app == "Queue" for c in lab.channels()) == 2, 30, "the other waits for the fallback")
        await impatient.hang_up()
        await served.hang_up()
        await until(lambda: lab.channels() == [], 20, "both are gone")
        gone = time.time()
        phone.habit = None  # He leaves his desk.
        cut_off = citizens.call(SPORT)
        await asyncio.wait_for(cut_off.answered.wait(), 30)
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
        for row, call in ((rows[1], served), (rows[2], impatient)):
            assert row.ended_at is not None and call.ended_at is not None
            assert call.ended_at - CUT_OFF <= row.ended_at <= gone
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
