"""The phone in the browser: a citizen with SIPp, the real Asterisk, the whole service, and an operator's Chromium."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack
from itertools import accumulate, pairwise
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
from sim.lab.sound import RATE
from sim.lab.stalls import Stalls
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
    # It comes back at the same address.
    port = {"ACD_WEB_PORT": str(lab.slot.next_port())}
    async with LabService(lab, QUEUES, tmp_path / "state", port) as service:
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


async def told(service: LabService, kind: type[Event]) -> None:
    """Wait until the ledger has something of this kind."""

    async def there() -> bool:
        archive = Archive(service.database)
        try:
            return any([isinstance(one, kind) async for one in archive.events_since(0.0)])
        finally:
            await archive.close()

    await until(there, 15, f"the ledger has {kind.__name__}")


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


async def in_state(service: LabService, operator: str, state: str, seconds: float = 15) -> None:
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

        await anna.state("ringing")
        await anna.sees("line", "Gentinfo")
        await anna.sees("number", "329111001")
        await anna.press("Enter")
        await anna.state("talking")
        await in_state(service, "anna", "in_call")
        page, switch = await anna.packets(), heard(lab)

        async def both_ways() -> bool:
            page_later, switch_later = await anna.packets(), heard(lab)
            counts = [page_later[way] - page[way] for way in ("sent", "received")]
            for name in ("acd-trunk", "1001"):
                counts += grown(switch, switch_later, name)
            return all(count > 2 * HEARD for count in counts)

        await until(both_ways, 15, "both speak to each other, through page and switch")

        holds = time.time()
        await anna.press("h")
        await anna.state("held")
        await told(service, ev.CallHeld)
        held, before = time.time(), heard(lab)
        await until(lambda: grown(before, heard(lab), "acd-trunk")[1] > HEARD, 15, "the caller hears music")
        resumes = time.time()
        await anna.press("h")
        await anna.state("talking")
        await told(service, ev.CallResumed)
        speaks = time.time()

        await anna.pass_on("Sport", "Wil weten wanneer het zwembad opent")
        await anna.state("idle")
        await in_state(service, "anna", "wrap_up")
        await until(lambda: bool(bram.calls) and bram.calls[0].answered_at is not None, 15, "bram gets him")
        await in_state(service, "bram", "in_call")
        await in_state(service, "anna", "available", 20)
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
    assert resumes - held <= resumed.held <= speaks - holds


class Keys(Sound):
    """Keeps what is heard, and the keys that are pressed (RFC 4733)."""

    def __init__(self) -> None:
        super().__init__()
        self.pressed: dict[int, str] = {}
        """By the moment at which each began, on the sender's clock."""
        self.stamps: list[int] = []
        """Of each packet of sound: the moment at which it begins, on the sender's clock."""

    def datagram_received(self, data: bytes, addr: object) -> None:
        if len(data) >= 16 and data[1] & 0x7F == 101:
            self.pressed[int.from_bytes(data[4:8])] = "0123456789*#"[data[12]]
        super().datagram_received(data, addr)
        if len(self.packets) > len(self.stamps):
            self.stamps.append(int.from_bytes(data[4:8]))


class Listener(Phone):
    """A citizen who hears how long it is silent, and which keys are pressed at the other end."""

    def __init__(self, lab: Lab, number: str) -> None:
        super().__init__(("127.0.0.1", lab.sip_port), number, host=TRUNK_HOST)
        self.sound = self.ear = Keys()

    @property
    def keys(self) -> str:
        return "".join(self.ear.pressed.values())

    async def hears(self, packets: int) -> None:
        """Wait until so many more packets of sound have come."""
        heard = len(self.sound.packets)
        await until(lambda: len(self.sound.packets) >= heard + packets, 15, f"{packets} more packets of sound")

    def silent(self, since: int) -> bool:
        """From the packet with that number on: A-law's zero, and nothing but that."""
        return {octet for _, packet in self.sound.packets[since:] for octet in packet} <= {0xD5, 0x55}

    def silence(self, since: int, stalls: Stalls) -> float:
        """Seconds without sound, from the packet with that number on.

        Sound that comes late was heard all the same: behind it the delay falls again. What is lost is missing on the
        sender's clock; what was never sent leaves all that follows later than it was. What the machine took is not
        counted.
        """
        packets, stamps = self.ear.packets[since:], self.ear.stamps[since:]
        steps = [(after - before) % 2**32 / RATE for before, after in pairwise(stamps)]
        delays = [at - moment for (at, _), moment in zip(packets, accumulate(steps, initial=0.0), strict=True)]
        before, after = accumulate(delays, min), [*accumulate(reversed(delays), min)][::-1]
        grown = max(later - earlier for earlier, later in zip(before, after, strict=True))
        return max(*steps, grown - stalls.between(packets[0][0], packets[-1][0]))


async def answered(page: DeskPage) -> None:
    await page.state("ringing")
    await page.press("Enter")
    await page.state("talking")


async def test_sound_goes_on_while_the_web_server_is_killed_and_the_phone_comes_back(
    lab: Lab, service: LabService, browser: Browser, url: str
) -> None:
    async with DeskPage(browser, url, "anna") as anna, Listener(lab, "+3291110002") as him:
        await service.operator("anna", "login", "ready")
        call = him.call(GENTINFO)
        await answered(anna)
        await him.hears(HEARD)
        heard_before, page_before = len(him.sound.packets), await anna.packets()
        with Stalls() as stalls:
            service.kill()
            await anna.sees("status", "Verbinden")
            await him.hears(4 * HEARD)
            await service.start()
            await anna.sees("status", "Klaar", 30)
            await him.hears(2 * HEARD)
        assert not call.ended.is_set()
        assert him.silence(heard_before, stalls) < 0.5, "the caller heard the operator all the time"
        assert (await anna.packets())["sent"] - page_before["sent"] > 4 * HEARD
        await in_state(service, "anna", "in_call")
        await anna.press("h")
        await anna.state("held")
        await anna.press("h")
        await anna.state("talking")
        await call.hang_up()
        await anna.state("idle")
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
        await until(lambda: him.keys == "42#", 15, "the caller's telephone shows the keys")
        await anna.press("m")
        await expect(anna.part("mute")).to_have_attribute("aria-pressed", "true")
        # What was said before is still under way; the microphone beeps twice a second.
        await until(lambda: him.silent(len(him.sound.packets) - 2 * HEARD), 15, "a second of silence")
        muted = len(him.sound.packets)
        await him.hears(3 * HEARD)
        assert him.silent(muted), "the phone lives, and says nothing"
        await anna.press("m", "x")
        await anna.state("idle")
        await until(him.calls[0].ended.is_set, 15, "the caller's call ends")


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
        heard_before = len(him.sound.packets)
        await until(lambda: len(him.sound.packets) - heard_before > HEARD, 15, "he hears dina")
        await dina.press("x")
        await until(call.ended.is_set, 15, "the call is over")
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
        await until(phone.calls[0].ended.is_set, 15, "his own phone is free")
        await anna.press("x")
        await until(call.ended.is_set, 15, "the call is over")
        await in_state(service, "bram", "available", 20)
        second = him.call(SPORTLIJN)
        await bram.state("talking")
        await asyncio.sleep(SPEAKS)
        await bram.press("x")
        await until(second.ended.is_set, 15, "the operator has hung up")
        await all_ended(service, 2)


async def test_of_two_windows_the_newer_has_the_phone(
    lab: Lab, service: LabService, browser: Browser, url: str
) -> None:
    async with DeskPage(browser, url, "anna") as first:
        async with DeskPage(browser, url, "anna"):
            await first.sees("status", "ander venster")
        await first.part("again").click()
        await first.sees("status", "Klaar")
