"""Sixty calls over four lines to eight operators, with every kind of ending; SIPp's own logs are the judge.

Some operators never answer, some are busy, one unregisters while his phone rings. Some callers hang up while they wait,
while it rings, and at the very moment of the Redirect.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Set
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Final

import pytest

from acd.asterisk.cel import read_told
from acd.config import City
from acd.model.ids import CallId, Device, LineId
from acd.records import CallRow
from sim.lab import RINGS, Lab, Phone
from sim.lab.service import LabService
from sim.lab.sip import uri_of
from sim.lab.sipp import Farm, RingStory, Stories
from tests.e2e.conftest import all_ended, until

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(240)]

GENTINFO, SPORT, LEZ, NIGHT = "3292101010", "3292101011", "3292101012", "3292101013"
OPERATORS: Final = ("anna", "bram", "cato", "dirk", "elif", "faas", "greet", "hamza")

GROUPS: Final[tuple[tuple[str, str, int, float | None, str | None], ...]] = (
    # name, number called, callers, seconds until they hang up, menu key
    ("talk_info", GENTINFO, 14, None, "0"),
    ("talk_sport", SPORT, 9, None, None),
    ("talk_lez", LEZ, 6, None, None),
    ("talk_night", NIGHT, 5, None, None),
    ("menu_sport", GENTINFO, 4, None, "1"),
    ("ringing", NIGHT, 4, 0.15, None),
    ("waiting", LEZ, 6, 0.9, None),
    ("redirect_1", SPORT, 3, 0.001, None),
    ("redirect_2", SPORT, 3, 0.003, None),
    ("redirect_3", LEZ, 3, 0.005, None),
    ("redirect_4", NIGHT, 3, 0.008, None),
)
LINES: Final = {GENTINFO: "gentinfo", SPORT: "sportlijn", LEZ: "lez", NIGHT: "nachtopvang"}
CUT_OFF: Final = 0.002
"""Seconds: Asterisk's moments are cut off after the thousandth."""
AT_ONCE: Final = 0.05
"""Seconds: who hangs up so soon after the answer may be gone before the switch has put him on a line."""
BY_KEY: Final = {"0": "gentinfo", "1": "sportlijn", None: None}


def prefix(group: int) -> str:
    return f"+32471{group:02}"


def line_of(number: str) -> str:
    """The line that this caller asked for."""
    _, did, _, _, key = GROUPS[int(number[6:8])]
    return BY_KEY[key] or LINES[did]


async def test_every_call_ends_in_the_outcome_that_sipp_saw(
    lab: Lab, service: LabService, city: City, tmp_path: Path
) -> None:
    with Farm(lab, tmp_path / "sipp") as farm:
        await open_for_business(lab, service, farm)
        assert sum(group[2] for group in GROUPS) == 60
        async with unplugged_while_it_rings(lab) as phone:
            for index, (name, did, count, hold, key) in enumerate(GROUPS):
                keys = [] if key is None else [(0.5, key)]
                farm.citizens(name, did, prefix=prefix(index), count=count, rate=3, hold=hold, keys=keys)
            names = [group[0] for group in GROUPS]
            await until(lambda: farm.done(*names), 150, "all sixty calls are over")
            farm.wait(*names, seconds=1)
        await until(lambda: lab.channels() == [], 30, "no channel is left in Asterisk")
        rows = await all_ended(service, 60)
        stories = farm.stories()
    unplugged = rings_of(phone)
    stories.rings += unplugged
    the_same_counts(rows, stories)
    the_same_ends(rows, stories, lab)
    no_phone_rings_twice_at_once(stories.rings)
    only_skilled_operators_ring(stories.rings, city)
    assert unplugged, "the phone that unregisters while it rings was rung"
    kinds = Counter(row.outcome for row in rows)
    assert kinds["answered"] >= 38  # type: ignore[index]
    assert kinds["abandoned_short"] >= 12  # type: ignore[index]


async def open_for_business(lab: Lab, service: LabService, farm: Farm) -> None:
    """All phones that SIPp plays, and all operators."""

    def secrets(*devices: str) -> dict[Device, str]:
        return {Device(device): lab.phone_secrets[Device(device)] for device in devices}

    farm.operators("answers", secrets("1001", "1002", "1003", "1005"), ring=0.3, talk=1.2)
    farm.operators("slow", secrets("1008"), ring=1.0, talk=2.0)
    farm.operators("never", secrets("1006"), ring=None, talk=None)
    farm.operators("busy", secrets("1007"), ring=0.02, talk=None, refuse="486 Busy Here")
    for operator in OPERATORS:
        await service.operator(operator, "login", "ready")


@asynccontextmanager
async def unplugged_while_it_rings(lab: Lab) -> AsyncIterator[Phone]:
    """Dirk's phone: unregisters at its first ring and never answers."""

    async def unplug() -> None:
        await phone.incoming.get()
        await phone.unregister()

    async with lab.phone("1004", RINGS) as phone:
        task = asyncio.create_task(unplug())
        yield phone
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def rings_of(phone: Phone) -> list[RingStory]:
    """The calls of a phone of the lab, told as SIPp tells them."""
    return [
        RingStory(
            uri_of(call.remote).removeprefix("sip:").split("@")[0], phone.user, call.invited_at, None, call.ended_at
        )
        for call in phone.calls
    ]


def the_same_counts(rows: list[CallRow], stories: Stories) -> None:
    """Call by call: who spoke with an operator by SIPp's account did so by ours, and with the same one."""
    by_number = {row.number: row for row in rows}
    assert by_number.keys() == stories.citizens.keys()
    answered = {ring.number: ring.device for ring in stories.rings if ring.answered is not None}
    differences: list[tuple[str, ...]] = []
    for number, citizen in stories.citizens.items():
        row = by_number[number]
        if number in answered:
            if row.outcome != "answered":
                differences.append((number, "answered", str(row.outcome)))
        elif row.outcome == "left_menu" and citizen.ended is not None and citizen.ended - citizen.up < AT_ONCE:
            assert row.line is None
        elif row.outcome not in ("abandoned", "abandoned_short"):
            differences.append((number, "abandoned", str(row.outcome)))
        if row.line is not None and row.line != line_of(number):
            differences.append((number, line_of(number), row.line))
    assert differences == []


def the_same_ends(rows: list[CallRow], stories: Stories, lab: Lab, promised: Set[str] = frozenset()) -> None:
    """Each call ended when Asterisk says so; after its caller had hung up, or before he heard that the other side had.
    ``promised``: their numbers; they, and who spoke with an operator, may hang up as the other side does."""
    told = read_told(lab.cel, 0.0).calls
    both = {ring.number for ring in stories.rings if ring.answered is not None} | promised
    for row in rows:
        citizen, by_asterisk = stories.citizens[str(row.number)], told[CallId(row.call)].gone_at
        assert row.ended_at is not None and citizen.ended is not None and by_asterisk is not None
        assert row.ended_at == pytest.approx(by_asterisk, abs=CUT_OFF)
        if not citizen.hung_up_himself:
            assert row.ended_at <= citizen.ended
        elif row.number not in both:
            assert citizen.ended <= row.ended_at + CUT_OFF


def no_phone_rings_twice_at_once(rings: list[RingStory]) -> None:
    for device in {ring.device for ring in rings}:
        mine = sorted((ring for ring in rings if ring.device == device), key=lambda ring: ring.invited)
        for first, second in pairwise(mine):
            if first.ended is not None:
                assert first.ended <= second.invited, f"{device} rang twice at once"


def only_skilled_operators_ring(rings: list[RingStory], city: City) -> None:
    operators = {operator.device: operator for operator in city.policy.operators.values()}
    for ring in rings:
        assert LineId(line_of(ring.number)) in operators[Device(ring.device)].lines
