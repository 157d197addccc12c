"""The compiled menus on the real Asterisk: what callers hear, press and become."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import date
from itertools import count
from pathlib import Path

import pytest

from acd.config import load
from acd.ivr import dialplan, load_catalogue, load_flows
from sim.lab import Call, Habit, Lab, Phone
from sim.lab.asterisk import TRUNK_HOST
from sim.lab.sound import heard
from sim.lab.stalls import unless_stalled
from tests.ivr.menus import LONG, TONES, menu_city, menu_flows, record, until
from tests.lab.stub import NONCE, PATIENCE, Stub, stub

pytestmark = pytest.mark.asterisk

ROOT = Path(__file__).parents[2]
NUMBERS = count()
"""Of callers: no two have the same."""
GENTINFO, NIGHT = "3292101010", "3292101013"
MISSING = ("unrecorded", "does not exist in any format", "Playback failed")
"""What Asterisk says of the prompt that nobody recorded."""


@pytest.fixture(scope="module")
def menus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    city = menu_city()
    flows = menu_flows(tmp_path_factory.mktemp("flows"), city)
    text = dialplan(flows, city, date.today())
    with Lab(city.policy, dialplan=text, sounds=record(tmp_path_factory.mktemp("sounds"))) as lab:
        yield lab
        assert not lab.complaints((*MISSING, "Could not create dialog", "Failed to create outgoing"))


@pytest.fixture
async def engine(menus: Lab) -> AsyncIterator[Stub]:
    """A stub engine. Nothing may be left of the calls."""
    async with stub(menus) as engine:
        await engine.setvar("ACD_NONCE", NONCE)
        await engine.setvar("ACD_CRISIS", "")
        yield engine
        await engine.quiet(menus)


class Caller:
    """A citizen with a call in the menu."""

    def __init__(self, phone: Phone, call: Call, engine: Stub) -> None:
        self.phone, self.call, self._engine = phone, call, engine
        self.id = ""

    async def press(self, *digits: str) -> None:
        for digit in digits:
            await self.call.digit(digit)

    async def hears(self, prompt: str, since: float = 0.0, within: float = PATIENCE) -> float:
        """Wait for a tenth of a second of the prompt; the moment of it."""
        hertz = TONES[prompt][0]
        async with asyncio.timeout(within):
            while True:
                packets = [(at, sound) for at, sound in self.phone.sound.packets if at >= since]
                if heard([sound for _, sound in packets], hertz) >= 0.1:
                    return packets[-1][0]
                await asyncio.sleep(0.02)

    def heard(self, prompt: str, since: float = 0.0) -> float:
        """Seconds of the prompt so far."""
        return heard([sound for at, sound in self.phone.sound.packets if at >= since], TONES[prompt][0])

    async def event(self, name: str) -> dict[str, str]:
        return await self._engine.event(name, Uniqueid=self.id)

    async def comes_to(self, state: str) -> None:
        await self._engine.comes_to(self.id, state)

    async def variable(self, name: str) -> str:
        return await self._engine.getvar(name, Channel=self.id)

    def told(self) -> list[str]:
        return [name for name in self._engine.names(self.id) if name.startswith("Acd")]


@asynccontextmanager
async def calling(menus: Lab, engine: Stub, did: str = GENTINFO) -> AsyncIterator[Caller]:
    number = f"+32470{next(NUMBERS):06}"
    async with menus.citizen(number) as phone:
        caller = Caller(phone, phone.call(did), engine)
        caller.id = (await engine.event("AcdArrived", Num=number))["Uniqueid"]
        yield caller


@pytest.fixture
async def caller(menus: Lab, engine: Stub, request: pytest.FixtureRequest) -> AsyncIterator[Caller]:
    async with calling(menus, engine, getattr(request, "param", GENTINFO)) as caller:
        yield caller


def in_time(walk: Callable[[Caller], Awaitable[None]]) -> Callable[[Lab, Stub], Awaitable[None]]:
    """A walk whose keys must come within about a second, as the menu waits no longer: not while the machine stands
    still."""

    async def walked(menus: Lab, engine: Stub) -> None:
        async def attempt() -> None:
            async with calling(menus, engine) as caller:
                await walk(caller)

        await unless_stalled(attempt)

    return walked


@in_time
async def test_a_caller_chooses_language_and_line(caller: Caller) -> None:
    await caller.hears("language")
    await caller.press("2")
    await caller.hears("choose")
    await caller.press("1")
    queued = await caller.event("AcdQueued")
    assert (queued["Line"], queued["Lang"], queued["Did"]) == ("gentinfo", "fr", GENTINFO)
    assert queued["Path"] == "start>tongue>alarm>times>choose>queue__gentinfo"
    assert caller.heard("choose") < LONG / 2, "the key does not wait for the end of the prompt"
    await caller.call.hang_up()
    assert (await caller.event("AcdGone"))["State"] == "wait"
    assert caller.told() == ["AcdArrived", "AcdQueued", "AcdGone"]


@in_time
async def test_who_knows_the_menu_dials_ahead(caller: Caller) -> None:
    await caller.hears("language")
    await caller.press("2", "2", "*", "1")
    queued = await caller.event("AcdQueued")
    assert (queued["Line"], queued["Lang"]) == ("gentinfo", "fr")
    assert queued["Path"].endswith(">choose>other>choose>queue__gentinfo")


async def test_who_presses_nothing_is_asked_again_and_then_goes_on(caller: Caller) -> None:
    queued = await caller.event("AcdQueued")
    assert (queued["Line"], queued["Lang"]) == ("sportlijn", "nl")
    # A busy machine sends less sound than there is.
    assert 1.5 < caller.heard("choose") / TONES["choose"][1] < 2.2
    assert 1.5 < caller.heard("language") / TONES["language"][1] < 2.7, "once in each language"
    assert caller.heard("invalid-key") == 0


async def test_a_wrong_key_is_told_and_the_second_one_ends_it(caller: Caller) -> None:
    await caller.hears("choose")
    await caller.press("9")
    again = await caller.hears("invalid-key")
    await caller.hears("choose", since=again)
    await caller.press("*")
    await caller.hears("goodbye")
    await asyncio.wait_for(caller.call.ended.wait(), PATIENCE)
    assert caller.call.ended_by_us is False
    assert (await caller.event("AcdGone"))["State"] == "menu"
    assert caller.told() == ["AcdArrived", "AcdGone"]


async def test_the_hash_key_is_a_key_like_any_other(caller: Caller) -> None:
    await caller.hears("choose")
    await caller.press("#")
    await caller.hears("goodbye")
    await asyncio.wait_for(caller.call.ended.wait(), PATIENCE)
    assert caller.heard("invalid-key") == 0


async def test_who_hears_the_answer_to_its_end_and_leaves_is_informed(caller: Caller) -> None:
    await caller.hears("choose")
    await caller.press("3")
    await caller.hears("answer")
    await caller.comes_to("informed")
    assert caller.heard("answer") > 0.8 * TONES["answer"][1]
    await caller.call.hang_up()
    ended = await caller.event("AcdMenuEnded")
    assert (ended["Nonce"], ended["Outcome"], ended["Line"]) == (NONCE, "informed", "gentinfo")
    assert (await caller.event("AcdGone"))["State"] == "informed"
    assert caller.told() == ["AcdArrived", "AcdMenuEnded", "AcdGone"]


@in_time
async def test_who_stays_on_the_line_after_the_answer_hears_goodbye(caller: Caller) -> None:
    await caller.hears("choose")
    await caller.press("2")
    await caller.hears("other")
    await caller.press("1")
    await caller.hears("goodbye")
    await asyncio.wait_for(caller.call.ended.wait(), PATIENCE)
    assert (await caller.event("AcdMenuEnded"))["Outcome"] == "informed"


@in_time
async def test_who_leaves_before_the_end_of_the_answer_left_the_menu(caller: Caller) -> None:
    await caller.hears("choose")
    await caller.press("3")
    await caller.hears("answer")
    await caller.call.hang_up()
    assert (await caller.event("AcdGone"))["State"] == "menu"
    assert caller.told() == ["AcdArrived", "AcdGone"]


async def test_a_wrong_key_during_an_answer_plays_it_again(caller: Caller) -> None:
    await caller.hears("choose")
    await caller.press("3")
    await caller.hears("answer")
    await caller.press("8")
    again = await caller.hears("invalid-key")
    await caller.hears("answer", since=again)
    await caller.hears("goodbye")
    assert (await caller.event("AcdMenuEnded"))["Outcome"] == "informed"


@pytest.mark.parametrize("after", [False, True], ids=["during", "after"])
async def test_who_goes_back_from_an_answer_is_not_informed(caller: Caller, after: bool) -> None:
    await caller.hears("choose")
    await caller.press("3")
    at = await caller.hears("answer")
    if after:
        await caller.comes_to("informed")
    await caller.press("*")
    await caller.hears("choose", since=at)
    assert await caller.variable("ACD_STATE") == "menu"
    await caller.press("1")
    await caller.event("AcdQueued")
    await caller.call.hang_up()
    await caller.event("AcdGone")
    assert caller.told() == ["AcdArrived", "AcdQueued", "AcdGone"]


async def test_a_prompt_that_nobody_recorded_costs_the_caller_nothing_else(caller: Caller) -> None:
    await caller.hears("choose")
    await caller.press("4")
    await asyncio.sleep(1)  # Without a sound file the menu still waits its 6 s.
    await caller.press("1")
    queued = await caller.event("AcdQueued")
    assert queued["Path"].endswith(">silent>mute>queue__gentinfo")


@pytest.mark.parametrize("caller", [NIGHT], indirect=True)
async def test_a_closed_line_says_so_and_is_recorded(caller: Caller) -> None:
    await caller.hears("closed")
    await asyncio.wait_for(caller.call.ended.wait(), PATIENCE)
    ended, gone = await caller.event("AcdMenuEnded"), await caller.event("AcdGone")
    assert (ended["Outcome"], ended["Line"], gone["State"]) == ("closed", "night", "closed")
    assert caller.told() == ["AcdArrived", "AcdMenuEnded", "AcdGone"]


@pytest.mark.parametrize("caller", [NIGHT], indirect=True)
async def test_who_hangs_up_during_the_closed_message_called_in_vain_all_the_same(caller: Caller) -> None:
    await caller.hears("closed")
    await caller.call.hang_up()
    assert (await caller.event("AcdMenuEnded"))["Outcome"] == "closed"


async def test_a_closed_line_may_lead_to_an_open_one(caller: Caller) -> None:
    await caller.hears("choose")
    await caller.press("6")
    await caller.hears("closed")
    assert await caller.variable("ACD_STATE") == "closed"
    await caller.press("1")
    assert (await caller.event("AcdQueued"))["Line"] == "gentinfo"
    await caller.call.hang_up()
    await caller.event("AcdGone")
    assert "AcdMenuEnded" not in caller.told()


async def test_the_crisis_message_is_heard_once(menus: Lab, engine: Stub) -> None:
    await engine.setvar("ACD_CRISIS", "crisis-storm")
    async with menus.citizen("+32470999001") as phone:
        caller = Caller(phone, phone.call(GENTINFO), engine)
        caller.id = (await engine.event("AcdArrived", Num="+32470999001"))["Uniqueid"]
        await caller.hears("crisis-storm")
        await caller.hears("choose")
        await caller.press("1")
        await caller.event("AcdQueued")
        told = len(phone.sound.packets)
        await until(lambda: len(phone.sound.packets) > told + 120)  # One turn of the waiting loop.
        assert 0.5 < caller.heard("crisis-storm") / TONES["crisis-storm"][1] < 1.3
    await engine.setvar("ACD_CRISIS", "")


async def test_a_transfer_that_is_answered_settles_the_call(menus: Lab, caller: Caller) -> None:
    async with menus.phone("1001", Habit(after=0.2)) as helpdesk:
        await caller.hears("choose")
        await caller.press("7")
        await until(lambda: bool(helpdesk.calls and helpdesk.calls[0].answered_at))
        await caller.comes_to("informed")
        await helpdesk.calls[0].hang_up()
        await asyncio.wait_for(caller.call.ended.wait(), PATIENCE)
        assert (await caller.event("AcdMenuEnded"))["Outcome"] == "informed"


@pytest.mark.parametrize("code", [486, 603])
async def test_a_transfer_that_nobody_takes_goes_on(menus: Lab, caller: Caller, code: int) -> None:
    async with menus.phone("1001", Habit(code=code)):
        await caller.hears("choose")
        await caller.press("7")
        assert (await caller.event("AcdQueued"))["Line"] == "sportlijn"
        await caller.call.hang_up()
        await caller.event("AcdGone")
        assert "AcdMenuEnded" not in caller.told()


async def test_a_transfer_without_a_trunk_goes_on(caller: Caller) -> None:
    await caller.hears("choose")
    await caller.press("5")
    assert (await caller.event("AcdQueued"))["Line"] == "sportlijn"


async def test_however_long_he_goes_round_the_path_is_bounded(caller: Caller) -> None:
    await caller.hears("choose")
    await caller.press("2", *"0" * 60)
    queued = await caller.event("AcdQueued")
    assert len(queued["Path"]) <= 200
    assert queued["Path"].startswith("start>tongue>alarm>times>choose>other>other>other>")


async def test_who_hangs_up_at_any_moment_leaves_nothing_behind(menus: Lab, engine: Stub) -> None:
    async def one(number: int) -> None:
        async with menus.citizen(f"+3247088{number:04}") as phone:
            call = phone.call(GENTINFO)
            await asyncio.wait_for(call.answered.wait(), PATIENCE)
            await asyncio.sleep(number * 0.15)
            await call.hang_up()

    await asyncio.gather(*(one(number) for number in range(25)))
    await engine.quiet(menus)
    await until(lambda: [frame.get("UserEvent") for frame in engine.events].count("AcdGone") == 25)


async def test_twenty_sipp_callers_walk_the_menu_side_by_side(menus: Lab, engine: Stub, tmp_path: Path) -> None:
    """SIPp's stack is none of ours, and sends its digits as SIP INFO; at moments of its own, whatever it hears."""
    await unless_stalled(lambda: _walked_by_sipp(menus, engine, tmp_path))


async def _walked_by_sipp(menus: Lab, engine: Stub, tmp_path: Path) -> None:
    engine.events.clear()
    port = menus.slot.next_port()
    sipp = await asyncio.create_subprocess_exec(
        *("sipp", f"127.0.0.1:{menus.sip_port}", "-sf", str(ROOT / "tests/ivr/walk.xml"), "-s", GENTINFO),
        *("-i", TRUNK_HOST, "-p", str(port), "-m", "20", "-r", "10", "-timeout", "30", "-nostdin", "-trace_err"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=tmp_path,
    )
    output, _ = await sipp.communicate()
    assert sipp.returncode == 0, output.decode()[-2000:]
    await engine.quiet(menus)
    queued = [frame for frame in engine.events if frame.get("UserEvent") == "AcdQueued"]
    assert len({frame["Uniqueid"] for frame in queued}) == 20
    said = {(frame["Line"], frame["Lang"], frame["Path"]) for frame in queued}
    assert said == {("gentinfo", "fr", "start>tongue>alarm>times>choose>other>choose>queue__gentinfo")}


async def test_the_menu_works_while_the_engine_is_away(menus: Lab) -> None:
    """Nobody is logged in: the caller walks the menu, and Asterisk's own queue takes him."""
    notes = int(menus.globals().get("ACD_UNSEEN_COUNT") or 0)
    async with menus.citizen("+32470777001") as phone:
        call = phone.call(GENTINFO)
        caller = Caller(phone, call, Stub.__new__(Stub))
        await caller.hears("choose")
        await call.digit("1")
        await until(lambda: any(channel.app == "Queue" for channel in menus.channels()))
        await call.hang_up()
    async with menus.citizen("+32470777002") as phone:
        call = phone.call(NIGHT)
        await asyncio.wait_for(call.ended.wait(), PATIENCE)
    await until(lambda: int(menus.globals().get("ACD_UNSEEN_COUNT") or 0) == notes + 2)
    kept = menus.globals()
    queued, closed = (kept[f"ACD_UNSEEN_{notes + n}"].split("|") for n in (1, 2))
    assert queued[1] == "fallback"
    assert queued[6:8] == ["start>tongue>alarm>times>choose>queue__gentinfo", "gentinfo"]
    assert (closed[1], closed[7]) == ("closed", "night")


def test_asterisk_loads_the_city_without_a_word_of_complaint() -> None:
    city = load(ROOT / "queues.yaml")
    flows = load_flows(ROOT / "ivr_flows", city.lines, load_catalogue(ROOT / "ivr_flows/prompts"))
    with Lab(city.policy, dialplan=dialplan(flows, city, date.today())) as lab:
        assert lab.complaints() == []
        shown = lab.cli("dialplan show")
        contexts = {line.split("'")[1] for line in shown.splitlines() if line.startswith("[ Context")}
        wanted = {f"acd-flow-{id}" for id in flows.flows} | {f"acd-hours-{id}" for id in city.lines}
        assert contexts >= wanted | {"acd-public", "acd-hours", "acd-flow-pass", "acd-flow-gone"}
        for id, flow in flows.flows.items():
            context = lab.cli(f"dialplan show acd-flow-{id}")
            assert all(f"'{node}' =>" in context for node in flow.nodes)
        assert "3292101010" in lab.cli("dialplan show acd-public")
