"""A line has no more places while the engine is away than otherwise: the excess hears so and is counted."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import pytest

from acd.config import load
from sim.lab import RINGS, Lab
from sim.lab.service import LabService
from tests.e2e.conftest import records, until

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(120)]

NUMBER: Final = "3292103010"
CITY: Final = f"""\
city: Volstad
defaults:
  hours: {{mon-sun: 24h}}
  public_holidays: false
  city_closing_days: false
  ring_time: 20s
  wrap_up: 0
  short_abandon: 1s
  announcements: {{first: 0}}
lines:
  info: {{names: {{nl: Info}}, dids: [{NUMBER}], calls_per_day: 300, capacity: 2}}
operators:
  anna: {{name: Anna, device: 1001, lines: {{info: 1}}}}
reasons:
  lunch: {{nl: Lunch}}
"""
PLAN: Final = f"""\
[acd-public]
exten => {NUMBER},1,Gosub(acd-arrive,s,1({NUMBER},nl))
 same => n,Set(ACD_STATE=menu)
 same => n,Goto(acd-queue,info,1)
"""


@pytest.fixture
def queues(tmp_path: Path) -> Path:
    file = tmp_path / "city.yaml"
    file.write_text(CITY)
    return file


@pytest.fixture
def full_lab(queues: Path) -> Iterator[Lab]:
    with Lab(load(queues).policy, dialplan=PLAN) as lab:
        yield lab


async def test_the_excess_is_refused_and_counted_and_whoever_was_let_in_stays(
    full_lab: Lab, queues: Path, tmp_path: Path
) -> None:
    lab = full_lab
    async with (
        LabService(lab, queues, tmp_path / "state") as service,
        AsyncExitStack() as stack,
        lab.phone("1001", RINGS) as phone,
    ):
        await service.operator("anna", "login", "ready")
        citizens = [await stack.enter_async_context(lab.citizen(f"+3247100000{n}")) for n in range(5)]
        rung = citizens[0].call(NUMBER)
        await until(lambda: bool(phone.calls), 30, "Anna's phone rings")
        inside = [citizen.call(NUMBER) for citizen in citizens[1:3]]
        await until(lambda: all(call.answered.is_set() for call in inside), 30, "two wait")
        service.kill()
        await until(lambda: sum(c.app == "Queue" for c in lab.channels()) == 2, 30, "they are in Queue()")

        phone.calls[0].reject(603)
        excess = [citizen.call(NUMBER) for citizen in citizens[3:]]
        await asyncio.gather(*(asyncio.wait_for(call.ended.wait(), 30) for call in excess))
        await asyncio.sleep(2.5)
        assert not any(call.ended.is_set() for call in (rung, *inside)), "nobody who was let in is sent away"

        await service.start()
        expected = 3 * [(None, "info")] + 2 * [("refused", "info")]

        async def told() -> bool:
            outcomes = {row.number: (row.outcome, row.line) for row in await records(service)}
            return [outcomes.get(citizen.user) for citizen in citizens] == expected

        await until(told, 20, "three are recorded as waiting, two as refused")
        for call in (rung, *inside):
            await call.hang_up()
