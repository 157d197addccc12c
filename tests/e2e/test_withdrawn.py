"""The engine gives up ringing twenty phones that do not say that they ring, and each is picked up at another moment of
that: nobody is taken out of a talk, each caller has one operator, and the records say who it was."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import pytest

from sim.faults.wire import Wire
from sim.lab import Call, Habit, Lab, Phone
from sim.lab.service import LabService
from tests.e2e.conftest import all_ended, until
from tests.e2e.test_return import (
    CALLERS,
    NUMBER,
    PHONES,
    SLOW,
    all_speak,
    caller,
    ended_talks,
    picks_up,
    queues,
    returning,
    up,
)

__all__ = ["queues", "returning"]

pytestmark = [pytest.mark.alone, pytest.mark.asterisk, pytest.mark.timeout(180)]

SILENT: Final = 3.0
"""Seconds after which the engine takes back whom it has offered to a phone that does not say that it rings."""
AROUND: Final = (-0.1, 0.4)
"""Seconds before and after that in which the phones are picked up."""
ROUNDS: Final = 4
"""At most: on a machine that stands still in that half second all may be picked up on one side of it."""


async def test_whoever_picks_up_as_he_is_given_up_keeps_his_caller(
    returning: Lab, queues: Path, tmp_path: Path
) -> None:
    for number in range(ROUNDS):
        in_time = await a_round(returning, queues, tmp_path / f"state-{number}")
        if 0 < in_time < CALLERS:
            return
    pytest.fail("in no round some were picked up before, some after they were given up")


async def a_round(lab: Lab, queues: Path, state: Path) -> int:
    """How many were picked up before they were given up. Whatever their number, nobody loses his caller."""
    async with (
        Wire(lab.slot.next_port(), lab.ami_port) as wire,
        LabService(lab, queues, state, {"ACD_AMI_PORT": str(wire.port)}) as service,
        AsyncExitStack() as stack,
    ):
        phones = [await stack.enter_async_context(lab.phone(str(1001 + n))) for n in range(PHONES)]
        for n in range(PHONES):
            await service.operator(f"o{n}", "login", "ready")
        wire.slow(SLOW)
        callers = [await stack.enter_async_context(lab.citizen(f"+324711{n:05}")) for n in range(CALLERS)]
        first, last = AROUND
        moments = iter([SILENT + first + (last - first) * n / CALLERS for n in range(CALLERS)])
        offers: dict[str, Call] = {}
        at_desk = [asyncio.create_task(works(phone, moments, offers)) for phone in phones]
        calls = [caller.call(NUMBER) for caller in callers]
        await until(lambda: all_speak(lab, phones), 30, "everybody has an operator")
        await asyncio.sleep(0.5)
        for task in at_desk:
            task.cancel()
        await asyncio.gather(*at_desk, return_exceptions=True)

        assert ended_talks(lab, phones) == [], "nobody was taken out of a talk"
        spoke = {(caller(ring), f"o{int(phone.user) - 1001}") for phone in phones for ring in phone.calls if up(ring)}
        assert len({number for number, _ in spoke}) == len(spoke) == CALLERS, "each with one"
        in_time = sum(map(up, offers.values()))
        for call in calls:
            await call.hang_up()
        assert {(row.number, row.operator) for row in await all_ended(service, CALLERS)} == spoke
    return in_time


async def works(phone: Phone, moments: Iterator[float], offers: dict[str, Call]) -> None:
    """Who is offered a caller as the first says nothing, and picks up at the next of ``moments``: seconds from his own
    INVITE. Everybody else answers at once. ``offers``: the first ring of each caller, by his number."""
    ring = await phone.incoming.get()
    phone.habit = Habit(after=0.05, alone=True)
    if offers.setdefault(caller(ring), ring) is ring:
        await picks_up(ring, ring.invited_at + next(moments) - time.time())
    else:
        ring.ring()
        ring.answer()
