"""Asterisk is restarted at noon: who talks and who waits is served to the end, newcomers hear that there is
maintenance, and then callers are taken again."""

import asyncio
import shlex
import sys
from asyncio.subprocess import PIPE

import pytest

from acd.model.outcome import Outcome
from sim.lab import Habit, Lab, Phone
from sim.lab.service import LabService
from tests.e2e.conftest import SPEAKS, all_ended, until

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(180)]

NUMBER = "3292101010"


async def test_asterisk_is_restarted_when_the_last_caller_has_been_served(lab: Lab, service: LabService) -> None:
    async with lab.citizen() as citizens, lab.phone("1001", Habit(after=0.1)) as anna:
        await service.operator("anna", "login", "ready")
        talks = citizens.call(NUMBER)
        await serves(service, anna, 1, waiting=0)
        waits = citizens.call(NUMBER)
        await serves(service, anna, 1, waiting=1)

        since = started(lab)
        restart = shlex.join(lab.console("core restart now"))
        drain = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "acd", "drain", "--then", restart),
            env=service.environment,
            stdout=PIPE,
            stderr=PIPE,
        )
        await until(lambda: lab.globals().get("ACD_DRAIN") == "1", 20, "newcomers are refused from now on")
        comes = citizens.call(NUMBER)
        await asyncio.wait_for(comes.ended.wait(), 30)
        assert comes.answered_at is not None and comes.ended_by_us is False, "he hears why, and is hung up on"
        assert not talks.ended.is_set() and not waits.ended.is_set()

        await talks.hang_up()
        await serves(service, anna, 2, waiting=0)
        assert drain.returncode is None and not waits.ended.is_set(), "nothing is restarted while he talks"
        await waits.hang_up()

        said, complaints = await asyncio.wait_for(drain.communicate(), 60)
        assert drain.returncode == 0, complaints.decode()
        assert said.decode().splitlines() == ["nobody is left", "new callers are taken"]
        assert started(lab) != since, "Asterisk has been restarted"
        await service.operator("anna", "ready")
        again = citizens.call(NUMBER)
        await serves(service, anna, 3, waiting=0)
        await again.hang_up()
        rows = await all_ended(service, 4)
    assert [row.outcome for row in rows] == [Outcome.ANSWERED, Outcome.ANSWERED, Outcome.REFUSED, Outcome.ANSWERED]


def started(lab: Lab) -> str:
    """When Asterisk was, as its console says it."""
    return next(row for row in lab.cli("core show settings").splitlines() if "Startup time" in row)


async def serves(service: LabService, phone: Phone, nth: int, *, waiting: int) -> None:
    """The operator has picked up so many calls so far, and so many more callers wait."""

    async def so() -> bool:
        status = await service.status()
        seen = (status.get("talking"), status.get("waiting")) == (1, waiting)
        return seen and sum(call.answered_at is not None for call in phone.calls) == nth

    await until(so, 20, f"call {nth} is picked up, {waiting} wait")
    await asyncio.sleep(SPEAKS)
