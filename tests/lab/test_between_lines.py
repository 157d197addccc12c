"""A move that reaches a caller between two lines of the dialplan."""

import asyncio
import random
import time

import pytest

from sim.lab import Lab, Phone
from tests.lab.stub import Stub

pytestmark = pytest.mark.asterisk

GENTINFO = "092101010"
NOWHERE = "1009"
"""A phone that is not registered: the call to it fails at once, and he waits again."""
REFUSED = 0.6
"""Seconds after which a caller who is refused is hung up on."""


async def test_a_caller_who_is_moved_between_two_lines_is_not_hung_up(lab: Lab, engine: Stub) -> None:
    """Without the ``i`` at which a lost move goes on, two callers of twelve were hung up on within 1,500 moves each."""
    chance = random.Random(1)

    async def moved_about(citizen: Phone, index: int) -> None:
        number = f"+3247000{index:04d}"
        call = citizen.call(GENTINFO, from_header=f"<sip:{number}@{citizen.host}>")
        id = await engine.arrival(number)
        for turn in range(3000):
            offer = ("acd-to-connect", f"{10_000 * index + turn}*{NOWHERE}*1")
            since = time.monotonic()
            answer = await engine.redirect(id, *(offer if turn % 2 else ("acd-to-deflect", "refuse*gentinfo")))
            # A move that finds the one before it not carried out yet is refused, and costs nothing.
            assert answer["Response"] == "Success" or answer["Message"] == "Redirect failed, channel not up.", turn
            await asyncio.sleep(chance.random() * 0.003)
            if time.monotonic() - since > REFUSED / 2:
                return  # On a machine that stands still he hears the refusal to its end.
        assert not call.ended.is_set()
        await call.hang_up()

    async with lab.citizen("+32470000777") as citizen:
        await asyncio.gather(*(moved_about(citizen, index) for index in range(12)))
