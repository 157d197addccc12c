"""The engine gives up ringing twenty phones that do not say that they ring, and each is picked up at another moment of
that: nobody is taken out of a talk, each caller has one operator, and the records say who it was."""

import asyncio
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import pytest

from sim.faults.wire import Wire
from sim.lab import DEAD, Habit, Lab
from sim.lab.service import LabService
from tests.e2e.conftest import all_ended, until
from tests.e2e.test_return import (
    CALLERS,
    CROSSING,
    NUMBER,
    PHONES,
    SLOW,
    caller,
    length,
    picks_up,
    queues,
    returning,
    talks,
    up,
)

__all__ = ["queues", "returning"]

pytestmark = [pytest.mark.alone, pytest.mark.asterisk, pytest.mark.timeout(180)]

SILENT: Final = 3.0
"""Seconds after which the engine takes back whom it has offered to a phone that does not say that it rings."""
AROUND: Final = (-0.1, 0.4)
"""Seconds before and after that in which the phones are picked up."""


async def test_whoever_picks_up_as_he_is_given_up_keeps_his_caller(
    returning: Lab, queues: Path, tmp_path: Path
) -> None:
    lab = returning
    async with (
        Wire(lab.slot.next_port(), lab.ami_port) as wire,
        LabService(lab, queues, tmp_path / "state", {"ACD_AMI_PORT": str(wire.port)}) as service,
        AsyncExitStack() as stack,
    ):
        phones = [await stack.enter_async_context(lab.phone(str(1001 + n), DEAD)) for n in range(PHONES)]
        for n in range(PHONES):
            await service.operator(f"o{n}", "login", "ready")
        wire.slow(SLOW)
        callers = [await stack.enter_async_context(lab.citizen(f"+324711{n:05}")) for n in range(CALLERS)]
        calls = [caller.call(NUMBER) for caller in callers]
        await until(lambda: sum(bool(phone.calls) for phone in phones) == CALLERS, 2.5, "everybody is offered")
        rung = [phone.calls[0] for phone in phones if phone.calls]
        for phone in phones:
            phone.habit = Habit(after=0.05, alone=True)
        first, last = AROUND
        moments = [SILENT + first + (last - first) * n / CALLERS for n in range(CALLERS)]
        pairs, now = zip(rung, moments, strict=True), time.time()
        await asyncio.gather(*(picks_up(ring, ring.invited_at + moment - now) for ring, moment in pairs))
        await until(lambda: sum(map(talks, phones)) == CALLERS, 10, "everybody has an operator")
        await asyncio.sleep(0.5)

        assert 0 < sum(map(up, rung)) < CALLERS, "some were picked up before, some after they were given up"
        over = [ring for phone in phones for ring in phone.calls if ring.ended.is_set()]
        assert [ring for ring in over if length(ring) > CROSSING] == [], "nobody was taken out of a talk"
        spoke = {(caller(ring), f"o{int(phone.user) - 1001}") for phone in phones for ring in phone.calls if up(ring)}
        assert len({number for number, _ in spoke}) == len(spoke) == CALLERS, "each with one"
        for call in calls:
            await call.hang_up()
        assert {(row.number, row.operator) for row in await all_ended(service, CALLERS)} == spoke
