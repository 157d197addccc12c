"""The phone in the browser: a citizen with SIPp, the real Asterisk, the whole service, and an operator's Chromium."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from playwright.async_api import Browser

from acd.config import City, load
from acd.model import events as ev
from acd.model.events import Event
from acd.records import Archive, CallRow
from sim.lab import Habit, Lab
from sim.lab.service import LabService
from sim.lab.sipp import Farm
from tests.e2e.conftest import all_ended, until
from tests.e2e.desk_page import DeskPage, accounts, chromium

pytestmark = [pytest.mark.asterisk, pytest.mark.browser, pytest.mark.timeout(150)]

QUEUES = Path(__file__).parent / "phone/city.yaml"
GENTINFO, SPORTLIJN = "092101010", "092101011"
ANSWERS = Habit(after=0.1)
HEARD = 25
"""Packets of 20 ms within a second, at least, where sound flows: half of what is sent."""


@pytest.fixture(scope="module")
def small_city() -> City:
    return load(QUEUES)


@pytest.fixture(scope="module")
def lab(small_city: City) -> Iterator[Lab]:
    with Lab(small_city.policy, qualify=2) as lab:
        yield lab


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


@pytest.fixture
async def service(lab: Lab, tmp_path: Path) -> AsyncIterator[LabService]:
    port = str(lab.slot.next_port())
    async with LabService(lab, QUEUES, tmp_path / "state", {"ACD_WEB_PORT": port}) as service:
        await accounts(service, "anna", "dina", "bram")
        yield service
    await until(lambda: lab.channels() == [], 15, "no channel is left")


@pytest.fixture
async def url(service: LabService) -> str:
    return str((await service.ask("status"))["web"])


async def story(service: LabService, row: CallRow) -> list[Event]:
    archive = Archive(service.database)
    try:
        return await archive.call_story(row.call)
    finally:
        await archive.close()


def heard(lab: Lab) -> dict[str, tuple[int, int]]:
    """Packets that Asterisk has received from, and sent to, each endpoint."""
    rows = (row.split() for row in lab.cli("pjsip show channelstats").splitlines())
    found = {}
    for row in rows:
        name = next((word for word in row if re.fullmatch(r"[\w-]+-[0-9a-f]{8}", word)), None)
        if name is not None and "alaw" in row:
            numbers = row[row.index("alaw") + 1 :]
            found[name.rpartition("-")[0]] = (int(numbers[0]), int(numbers[4]))
    return found


def grown(before: Mapping[str, tuple[int, int]], after: Mapping[str, tuple[int, int]], name: str) -> tuple[int, int]:
    return after[name][0] - before[name][0], after[name][1] - before[name][1]


async def states(service: LabService) -> dict[str, str]:
    return {one["operator"]: one["state"] for one in (await service.ask("status"))["operators"]}


async def in_state(service: LabService, operator: str, state: str, seconds: float = 5) -> None:
    async def so() -> bool:
        return (await states(service))[operator] == state

    await until(so, seconds, f"{operator} is {state}")


async def test_a_call_is_answered_held_passed_on_and_wrapped_up_with_the_keyboard(
    lab: Lab, service: LabService, browser: Browser, url: str, tmp_path: Path
) -> None:
    async with AsyncExitStack() as stack:
        bram = await stack.enter_async_context(lab.phone("1002", ANSWERS))
        anna = await stack.enter_async_context(DeskPage(browser, url, "anna"))
        citizens = stack.enter_context(Farm(lab, tmp_path / "farm"))
        await service.operator("bram", "login", "ready")
        await service.operator("anna", "login", "ready")
        citizens.citizens("caller", GENTINFO, prefix="32911100", count=1, rate=1, hold=30, voice=True)

        await anna.state("ringing", 5)
        await anna.sees("line", "Gentinfo")
        await anna.sees("number", "329111001")
        await anna.press("Enter")
        await anna.state("talking")
        await in_state(service, "anna", "in_call")
        page, switch = await anna.packets(), heard(lab)
        await asyncio.sleep(2)
        page_later, switch_later = await anna.packets(), heard(lab)
        assert page_later["sent"] - page["sent"] > 2 * HEARD
        assert page_later["received"] - page["received"] > 2 * HEARD
        for name in ("acd-trunk", "1001"):
            assert min(grown(switch, switch_later, name)) > 2 * HEARD, (name, switch, switch_later)

        await anna.press("h")
        await anna.state("held")
        before = heard(lab)
        await asyncio.sleep(1.5)
        assert grown(before, heard(lab), "acd-trunk")[1] > HEARD, "the caller hears music"
        await anna.press("h")
        await anna.state("talking")

        await anna.pass_on("Sport", "Wil weten wanneer het zwembad opent")
        await anna.state("idle")
        await in_state(service, "anna", "wrap_up")
        await until(lambda: bool(bram.calls) and bram.calls[0].answered_at is not None, 10, "bram gets him")
        await in_state(service, "bram", "in_call")
        await in_state(service, "anna", "available", 10)
        await bram.calls[0].hang_up()
        [row] = await all_ended(service, 1)
        happened = await story(service, row)
    assert (row.outcome, row.line) == ("answered", "gentinfo"), "it counts where it was answered first"
    kinds = [type(one) for one in happened]
    assert kinds.count(ev.CallStarted) == kinds.count(ev.OutcomeCounted) == 1, "one call, counted once"
    assert kinds.count(ev.CallAnswered) == kinds.count(ev.TalkFinished) == 2, "with two legs"
    [passed] = [one for one in happened if isinstance(one, ev.CallTransferred)]
    assert (passed.operator, passed.to, passed.how) == ("anna", "sportlijn", "blind")
    [resumed] = [one for one in happened if isinstance(one, ev.CallResumed)]
    assert resumed.held == pytest.approx(1.5, abs=1.0)
