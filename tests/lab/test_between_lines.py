"""A move that reaches a caller between two lines of the dialplan."""

import asyncio
import random
import time

import pytest

from acd.ivr.switch import frame_files
from sim.lab import Lab, Phone
from tests.ivr.dialplan_text import read
from tests.lab.stub import Stub

pytestmark = pytest.mark.asterisk

GENTINFO = "092101010"
NOWHERE = "1009"
"""A phone that is not registered: the call to it fails at once, and he waits again."""
REFUSED = 0.6
"""Seconds after which a caller who is refused is hung up on."""


async def test_a_caller_who_is_moved_between_two_lines_is_not_hung_up(lab: Lab, engine: Stub) -> None:
    """Without the strip on which moves land, three of six callers were hung up on within so many."""
    chance = random.Random(1)

    async def moved_about(citizen: Phone, index: int) -> None:
        number = f"+3247000{index:04d}"
        call = citizen.call(GENTINFO, from_header=f"<sip:{number}@{citizen.host}>")
        id = await engine.arrival(number)
        for turn in range(1500):
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
        await asyncio.gather(*(moved_about(citizen, index) for index in range(6)))


def test_moves_land_at_every_priority_that_a_caller_may_have() -> None:
    """Of all extensions that are written by hand, and one more: it may be the next line at which he goes on."""
    texts = [text for name, text in frame_files().items() if name.startswith("acd")]
    plan = read("".join(sorted(texts, key=lambda text: "[acd-landing]" not in text)))
    [landing] = plan.pop("acd-landing").values()
    assert plan.pop("acd-to-connect").keys() == plan.pop("acd-to-deflect").keys() == {"_[0-9a-z]!"}
    assert {step.args for step in landing} == {"on"}
    assert len(landing) > max(len(steps) for context in plan.values() for steps in context.values())
