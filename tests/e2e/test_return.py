"""The engine comes back while Asterisk's own Queue() rings for twenty callers, and each phone is picked up at another
moment of that return: nobody is fetched out of a talk, each has one operator, and the records say who it was."""

import asyncio
import csv
from collections.abc import Iterable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import pytest

from acd.config import load
from acd.ivr.switch import frame_files
from sim.faults.wire import Wire
from sim.lab import RINGS, Call, Habit, Lab, Phone
from sim.lab.service import LabService
from sim.lab.sip import uri_of
from tests.e2e.conftest import all_ended, until

pytestmark = [pytest.mark.alone, pytest.mark.asterisk, pytest.mark.timeout(180)]

CALLERS: Final = 20
PHONES: Final = 2 * CALLERS
"""So that the engine finds an operator for everybody for whom Queue() rings another."""
SLOW: Final = 0.05
"""Seconds that each byte takes between engine and Asterisk: the engine acts upon what was so long ago."""
LAST: Final = 0.5
"""Seconds from the engine's first question to the last phone that is picked up."""
NUMBER: Final = "3292103010"
CITY: Final = f"""\
city: Terugstad
defaults:
  hours: {{mon-sun: 24h}}
  public_holidays: false
  city_closing_days: false
  ring_time: 20s
  wrap_up: 0
  announcements: {{first: 0}}
lines:
  info: {{names: {{nl: Info}}, dids: [{NUMBER}], calls_per_day: 300}}
reasons:
  lunch: {{nl: Lunch}}
operators:
"""
BRIDGES: Final = "bridges.csv"
RECORD: Final = {
    "cel.conf": "[general]\nenable=yes\nevents=USER_DEFINED,BRIDGE_ENTER\n",
    "cel_custom.conf": frame_files()["cel_custom.conf"] + f"{BRIDGES} => ${{eventtime}},${{eventtype}},${{channame}}\n",
}
"""Asterisk writes down as well whom it lets speak, and when."""


@pytest.fixture
def queues(tmp_path: Path) -> Path:
    file = tmp_path / "city.yaml"
    operators = (f"  o{n}: {{name: O{n}, device: {1001 + n}, lines: {{info: 1}}}}\n" for n in range(PHONES))
    file.write_text(CITY + "".join(operators))
    return file


@pytest.fixture
def returning(queues: Path) -> Iterator[Lab]:
    plan = f"[acd-public]\nexten => {NUMBER},1,Gosub(acd-arrive,s,1({NUMBER},nl))\n same => n,Goto(acd-queue,info,1)\n"
    with Lab(load(queues).policy, dialplan=plan, files=RECORD) as lab:
        yield lab


def up(ring: Call) -> bool:
    return ring.answered_at is not None and not ring.ended.is_set()


def all_speak(lab: Lab, phones: Iterable[Phone]) -> bool:
    """By the account of the phones and of Asterisk: each caller with one operator, and no other phone is rung."""
    if sum(up(ring) for phone in phones for ring in phone.calls) != CALLERS:
        return False
    channels = lab.channels()
    return len(channels) == 2 * CALLERS and all(channel.bridge for channel in channels)


def ended_talks(lab: Lab, phones: Iterable[Phone]) -> list[Call]:
    """Rings that are over and in which somebody spoke: Asterisk joined the two. Whoever picks up as the ring ends has
    not spoken, however late he learns that he is alone."""
    joined: dict[str, list[float]] = {}
    for at, what, channel in csv.reader((lab.cel.parent / BRIDGES).read_text().splitlines()):
        if what == "BRIDGE_ENTER":
            joined.setdefault(channel.removeprefix("PJSIP/").partition("-")[0], []).append(float(at))
    return [
        ring
        for phone in phones
        for ring in phone.calls
        if ring.answered_at is not None and ring.ended_at is not None
        if any(ring.invited_at <= at <= ring.ended_at for at in joined.get(phone.user, ()))
    ]


def caller(ring: Call) -> str:
    return uri_of(ring.invite.get("from")).partition(":")[2].partition("@")[0]


async def picks_up(ring: Call, after: float) -> None:
    await asyncio.sleep(after)
    if not ring.ended.is_set():
        ring.answer()


async def test_whoever_is_picked_up_as_the_engine_comes_back_is_not_fetched_out_of_it(
    returning: Lab, queues: Path, tmp_path: Path
) -> None:
    lab = returning
    async with (
        Wire(lab.slot.next_port(), lab.ami_port) as wire,
        LabService(lab, queues, tmp_path / "state", {"ACD_AMI_PORT": str(wire.port)}) as service,
        AsyncExitStack() as stack,
    ):
        phones = [await stack.enter_async_context(lab.phone(str(1001 + n), RINGS)) for n in range(PHONES)]
        for n in range(PHONES):
            await service.operator(f"o{n}", "login", "ready")
        await wire.cut()
        callers = [await stack.enter_async_context(lab.citizen(f"+324711{n:05}")) for n in range(CALLERS)]
        calls = [caller.call(NUMBER) for caller in callers]
        await until(lambda: sum(bool(phone.calls) for phone in phones) == CALLERS, 30, "Queue() rings for everybody")
        rung = [phone for phone in phones if phone.calls]
        for phone in phones:
            phone.habit = Habit(after=0.05, alone=True)

        back = asyncio.Event()
        wire.overhears = lambda data: back.set() if b"Action: Status" in data else None
        await wire.mend()
        wire.slow(SLOW)
        await asyncio.wait_for(back.wait(), 30)
        await asyncio.gather(*(picks_up(phone.calls[0], LAST * n / CALLERS) for n, phone in enumerate(rung)))
        await until(lambda: all_speak(lab, phones), 30, "everybody has an operator")
        await asyncio.sleep(0.5)

        assert ended_talks(lab, phones) == [], "nobody was fetched out of a talk"
        assert [phone.user for phone in phones if sum(not ring.ended.is_set() for ring in phone.calls) > 1] == []
        spoke = {(caller(ring), f"o{int(phone.user) - 1001}") for phone in phones for ring in phone.calls if up(ring)}
        assert len({number for number, _ in spoke}) == CALLERS, "each with one"
        for call in calls:
            await call.hang_up()
        assert {(row.number, row.operator) for row in await all_ended(service, CALLERS)} == spoke
