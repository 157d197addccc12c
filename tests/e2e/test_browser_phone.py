"""The phone in the browser: a citizen with SIPp, the real Asterisk, the whole service, and an operator's Chromium."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from acd.config import City, load
from acd.model import events as ev
from acd.model.events import Event
from acd.records import Archive, CallRow
from sim.lab import Habit, Lab, Phone
from sim.lab.asterisk import TRUNK_HOST
from sim.lab.phone import Sound
from sim.lab.service import LabService
from sim.lab.sipp import Farm
from tests.e2e.conftest import SPEAKS, all_ended, until
from tests.e2e.desk_page import DeskPage, accounts, chromium

pytestmark = [pytest.mark.alone, pytest.mark.asterisk, pytest.mark.browser, pytest.mark.timeout(150)]

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
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = str(probe.getsockname()[1])
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


class Keys(Sound):
    """Keeps what is heard, and the keys that are pressed (RFC 4733)."""

    def __init__(self) -> None:
        super().__init__()
        self.pressed: dict[int, str] = {}
        """By the moment at which each began, on the sender's clock."""

    def datagram_received(self, data: bytes, addr: object) -> None:
        if len(data) >= 16 and data[1] & 0x7F == 101:
            self.pressed[int.from_bytes(data[4:8])] = "0123456789*#"[data[12]]
        super().datagram_received(data, addr)


class Listener(Phone):
    """A citizen who hears how long it is silent, and which keys are pressed at the other end."""

    def __init__(self, lab: Lab, number: str) -> None:
        super().__init__(("127.0.0.1", lab.sip_port), number, host=TRUNK_HOST)
        self.sound = self.ear = Keys()

    @property
    def keys(self) -> str:
        return "".join(self.ear.pressed.values())

    def longest_silence(self, since: int) -> float:
        """Seconds between two packets of sound, at most, from the packet with that number on."""
        times = [at for at, _ in self.sound.packets[since:]]
        return max((after - before for before, after in pairwise(times)), default=float("inf"))


async def answered(page: DeskPage) -> None:
    await page.state("ringing", 5)
    await page.press("Enter")
    await page.state("talking")


async def test_sound_goes_on_while_the_web_server_is_killed_and_the_phone_comes_back(
    lab: Lab, service: LabService, browser: Browser, url: str
) -> None:
    async with DeskPage(browser, url, "anna") as anna, Listener(lab, "+3291110002") as him:
        await service.operator("anna", "login", "ready")
        call = him.call(GENTINFO)
        await answered(anna)
        await asyncio.sleep(1)
        heard_before, page_before = len(him.sound.packets), await anna.packets()
        service.kill()
        await anna.sees("status", "Verbinden", 10)
        await asyncio.sleep(2)
        await service.start()
        await anna.sees("status", "Klaar", 20)
        await asyncio.sleep(1)
        assert not call.ended.is_set()
        assert him.longest_silence(heard_before) < 0.5, "the caller heard the operator all the time"
        assert (await anna.packets())["sent"] - page_before["sent"] > 4 * HEARD
        await in_state(service, "anna", "in_call")
        await anna.press("h")
        await anna.state("held")
        await anna.press("h")
        await anna.state("talking")
        await call.hang_up()
        await anna.state("idle", 5)
        [row] = await all_ended(service, 1)
    assert (row.outcome, row.operator) == ("answered", "anna")


async def test_keys_reach_the_caller_and_a_muted_microphone_does_not(
    lab: Lab, service: LabService, browser: Browser, url: str
) -> None:
    async with DeskPage(browser, url, "anna") as anna, Listener(lab, "+3291110003") as him:
        await service.operator("anna", "login", "ready")
        him.call(GENTINFO)
        await answered(anna)
        await anna.press("k", "4", "2", "#", "Escape")
        await until(lambda: him.keys == "42#", 5, "the caller's telephone shows the keys")
        await anna.press("m")
        await expect(anna.part("mute")).to_have_attribute("aria-pressed", "true")
        await asyncio.sleep(0.5)
        muted = len(him.sound.packets)
        await asyncio.sleep(1.5)
        silence = {octet for _, packet in him.sound.packets[muted:] for octet in packet}
        assert silence <= {0xD5, 0x55}, "A-law's zero, and nothing but that"
        assert len(him.sound.packets) - muted > HEARD, "but the phone lives"
        await anna.press("m", "x")
        await anna.state("idle")
        await until(him.calls[0].ended.is_set, 5, "the caller's call ends")


async def test_the_operator_consults_a_colleague_comes_back_and_puts_the_caller_through(
    lab: Lab, service: LabService, browser: Browser, url: str
) -> None:
    async with (
        DeskPage(browser, url, "anna") as anna,
        DeskPage(browser, url, "dina") as dina,
        lab.citizen("+3291110004") as him,
    ):
        await service.operator("anna", "login", "ready")
        await service.operator("dina", "login")
        call = him.call(GENTINFO)
        await answered(anna)
        await anna.pass_on("Dina", "Vraagt naar zijn dossier", consult=True)
        await anna.state("held")
        await dina.state("ringing")
        await dina.sees("number", "1001")
        await dina.press("Enter")
        await anna.sees("aside-what", "In gesprek")
        await anna.part("aside").get_by_text("Terug naar de beller").click()
        await dina.state("idle")
        await anna.state("talking")

        await anna.pass_on("Dina", "Vraagt naar zijn dossier", consult=True)
        await answered(dina)
        await anna.sees("aside-what", "In gesprek")
        await anna.part("complete").click()
        await anna.state("idle")
        await in_state(service, "anna", "wrap_up")
        await in_state(service, "dina", "in_call")
        await dina.state("talking")
        await dina.sees("note-text", "Vraagt naar zijn dossier")
        before = len(him.sound.packets)
        await asyncio.sleep(1)
        assert len(him.sound.packets) - before > HEARD, "he hears dina"
        await dina.press("x")
        await until(call.ended.is_set, 5, "the call is over")
        await in_state(service, "dina", "wrap_up")
        [row] = await all_ended(service, 1)
        happened = await story(service, row)
    [passed] = [one for one in happened if isinstance(one, ev.CallTransferred)]
    assert (passed.operator, passed.to, passed.how) == ("anna", "1004", "consult")
    [taken] = [one for one in happened if isinstance(one, ev.CallPickedUp)]
    assert taken.operator == "dina"
    assert [one.operator for one in happened if isinstance(one, ev.TalkFinished)] == ["anna", "dina"]


async def test_an_operator_with_a_sip_phone_sends_on_and_hangs_up_from_the_page(
    lab: Lab, service: LabService, browser: Browser, url: str
) -> None:
    async with (
        lab.phone("1002", ANSWERS) as phone,
        DeskPage(browser, url, "anna") as anna,
        DeskPage(browser, url, "bram") as bram,
        lab.citizen("+3291110005") as him,
    ):
        await service.operator("bram", "login", "ready")
        call = him.call(SPORTLIJN)
        await bram.state("talking")
        await expect(bram.part("hold")).to_be_hidden()
        await bram.pass_on("09 000 00 00")
        await bram.sees("trouble-text", "Daarheen kun je niet")
        await bram.press("Escape")
        await bram.pass_on("Anna", "Voor Gentinfo")
        await anna.state("ringing")
        await anna.sees("note-text", "Voor Gentinfo")
        await anna.press("Enter")
        await anna.state("talking")
        await until(phone.calls[0].ended.is_set, 5, "his own phone is free")
        await anna.press("x")
        await until(call.ended.is_set, 5, "the call is over")
        await in_state(service, "bram", "available", 10)
        second = him.call(SPORTLIJN)
        await bram.state("talking")
        await asyncio.sleep(SPEAKS)
        await bram.press("x")
        await until(second.ended.is_set, 5, "the operator has hung up")
        await all_ended(service, 2)


async def test_of_two_windows_the_newer_has_the_phone(
    lab: Lab, service: LabService, browser: Browser, url: str
) -> None:
    async with DeskPage(browser, url, "anna") as first:
        async with DeskPage(browser, url, "anna"):
            await first.sees("status", "ander venster")
        await first.part("again").click()
        await first.sees("status", "Klaar", 10)
