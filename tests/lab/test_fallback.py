"""The engine is away: killed, frozen, or never there. Asterisk serves the callers by itself."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterator

import pytest

from acd.model.ids import LineId
from sim.lab import RINGS, Call, Habit, Lab, Phone, lab_policy
from sim.lab.stalls import Stalls, unless_stalled
from tests.lab.conftest import KNOWN_COMPLAINTS
from tests.lab.stub import PATIENCE, Stub, stub, unheard, until

pytestmark = [pytest.mark.alone, pytest.mark.asterisk]

GENTINFO = "092101010"
HEARTBEAT = 1.0
"""Seconds between two heartbeats of the stub; ACD_HB has whole seconds, so it is up to one more second old."""


@pytest.fixture(scope="module")
def own_lab() -> Iterator[Lab]:
    """An Asterisk that no engine has ever logged in to."""
    with Lab(lab_policy(wrap_up=0.0)) as lab:
        yield lab
        assert not lab.complaints(KNOWN_COMPLAINTS)


@pytest.fixture
async def switch(own_lab: Lab) -> AsyncIterator[Lab]:
    """The same, restarted before each test: no engine, no heartbeat, no notes."""
    own_lab.restart()
    yield own_lab
    await until(lambda: not own_lab.channels(), "a channel is left in Asterisk")


@contextlib.asynccontextmanager
async def waiting(lab: Lab, engine: Stub | None, count: int) -> AsyncIterator[list[tuple[str, Phone, Call]]]:
    """So many callers, in order of arrival: number, phone, call."""
    async with contextlib.AsyncExitStack() as stack:
        callers = []
        for index in range(count):
            number = f"+3247100000{index}"
            phone = await stack.enter_async_context(lab.citizen(number))
            call = phone.call(GENTINFO)
            await asyncio.wait_for(call.answered.wait(), PATIENCE)
            if engine is not None:
                await engine.arrival(number)
            # QUEUE_PRIO counts whole seconds.
            await asyncio.sleep(1.05)
            callers.append((number, phone, call))
        yield callers


async def rung(phone: Phone, count: int) -> list[Call]:
    """The calls of a phone, when there are so many."""
    await until(lambda: len(phone.calls) >= count, f"too few calls came to {phone.user}")
    return phone.calls


def number_of(call: Call) -> str:
    return call.invite.get("from").split("sip:")[1].split("@")[0]


async def notes(lab: Lab, count: int) -> list[list[str]]:
    names = [f"ACD_UNSEEN_{n}" for n in range(1, count + 1)]
    await until(lambda: lab.globals().keys() >= {*names}, f"there are less than {count} notes")
    known = lab.globals()
    assert known["ACD_UNSEEN_COUNT"] == str(count)
    return [known[name].split("|") for name in names]


async def test_without_an_engine_from_boot_on_callers_are_served_and_noted(switch: Lab) -> None:
    async with switch.phone("1001", Habit(after=0.2)) as phone, switch.citizen("+32471000000") as citizen:
        call = citizen.call(GENTINFO)
        with Stalls() as stalls:
            (served,) = await rung(phone, 1)
            assert call.answered_at is not None
            stood = stalls.between(call.invited_at, served.invited_at)
        assert served.invited_at - call.answered_at == pytest.approx(2.0, abs=0.5 + stood)
        assert served.invite.get("from").startswith('"Gentinfo" <sip:+32471000000@')
        await asyncio.wait_for(served.answered.wait(), PATIENCE)
        (channel,) = [channel.name for channel in switch.channels() if "trunk" in channel.name]
        await until(lambda: switch.variable(channel, "ACD_STATE") == "talk")
        assert switch.variable(channel, "ACD_DEVICE") == "1001"
        assert switch.variable(channel, "ACD_OFFER") == ""
        up = switch.variable(channel, "ACD_UP")
        await served.hang_up()
        await asyncio.wait_for(call.ended.wait(), PATIENCE)
    (note,) = await notes(switch, 1)
    id, state, arrived, did, number, language, path, line, t0, offer, device, noted_up, gone = note
    assert (state, did, number, language, path, line) == ("after", GENTINFO, "+32471000000", "nl", "", "gentinfo")
    assert (offer, device, noted_up) == ("", "1001", up)
    assert id
    moments = [call.invited_at - 0.001, *map(float, (arrived, t0, up, gone))]
    assert moments == sorted(moments)
    assert served.ended_at is not None
    assert served.ended_at - 0.001 <= float(gone) <= time.time()


async def test_a_phone_rings_its_time_although_the_caller_is_looked_up_every_ten_seconds(switch: Lab) -> None:
    ring_time = lab_policy().lines[LineId("gentinfo")].ring_time
    async with waiting(switch, None, 1) as callers, switch.phone("1001", RINGS) as phone:
        with Stalls() as stalls:
            (ring,) = await rung(phone, 1)
            await asyncio.wait_for(ring.ended.wait(), ring_time + PATIENCE)
            assert ring.ended_at is not None
            stood = stalls.between(ring.invited_at - 1, ring.ended_at)
        # He has been in Queue() for 10 s in the middle of it; the line's ring time is 15 s.
        assert ring.ended_at - ring.invited_at == pytest.approx(ring_time, abs=0.7 + stood)
        assert ring.code == 487
        again = await rung(phone, 2)
        assert number_of(again[1]) == callers[0][0]


async def test_a_killed_engine_is_noticed_within_two_seconds_and_the_order_of_arrival_holds(switch: Lab) -> None:
    # Whose turn ends first is rung first: so that it is the first caller's, they must have come when they should.
    await unless_stalled(lambda: _killed(switch))


async def _killed(switch: Lab) -> None:
    async with stub(switch) as engine, waiting(switch, engine, 3) as callers, switch.phone("1001", RINGS) as phone:
        await asyncio.sleep(0.5)
        assert phone.calls == [], "while the engine lives, nobody is rung without it"
        phone.habit = Habit(after=0.1, talk=0.3)
        with Stalls() as stalls:
            killed = time.time()
            engine.kill()
            calls = await rung(phone, 3)
            stood = stalls.between(killed, calls[0].invited_at)
        assert calls[0].invited_at - killed < 2.3 + stood
        assert [number_of(call) for call in calls] == [number for number, _, _ in callers]
        await asyncio.wait_for(asyncio.gather(*(call.ended.wait() for _, _, call in callers)), PATIENCE)


async def test_a_frozen_engine_is_noticed_within_eight_seconds(switch: Lab) -> None:
    async with stub(switch) as engine, waiting(switch, engine, 1), switch.phone("1001", RINGS) as phone:
        await asyncio.sleep(2)
        assert phone.calls == []
        with Stalls() as stalls:
            engine.beating = False
            last = float(await engine.getvar("ACD_HB"))
            (call,) = await rung(phone, 1)
            stood = stalls.between(last, call.invited_at)
        # Older than 6 s in whole seconds, and up to one turn of the waiting loop.
        assert 6 < call.invited_at - last < 9.2 + stood
        assert call.invited_at - engine.beat_at < 8.3 + stood
        # Fallen asleep, not dead: what Asterisk did meanwhile is told when it wakes up.
        call.answer()
        up = await engine.event("AcdFallbackUp", Device="1001")
        assert call.answered_at is not None
        assert call.answered_at - 0.001 <= float(up["Up"]) <= time.time()
        await call.hang_up()


async def test_operators_who_are_not_available_are_not_rung(switch: Lab) -> None:
    async with switch.phone("1001", RINGS) as away, switch.phone("1002", RINGS) as ready:
        async with stub(switch) as engine:
            # Without a channel and for all queues at once, on the least-privilege account.
            answer = await engine.setvar("QUEUE_MEMBER(,paused,PJSIP/1001)", "1")
            assert answer["Response"] == "Success"
        async with waiting(switch, None, 2) as callers:
            (first,) = await rung(ready, 1)
            await asyncio.sleep(1.5)
            assert away.calls == []
            assert number_of(first) == callers[0][0]
            async with stub(switch) as engine:
                await engine.setvar("QUEUE_MEMBER(,paused,PJSIP/1001)", "0")
                assert number_of((await rung(away, 1))[0]) == callers[1][0]


async def test_an_engine_that_comes_back_takes_the_waiting_over_while_queue_rings_for_them(switch: Lab) -> None:
    async with (
        switch.phone("1001", RINGS) as first,
        waiting(switch, None, 1) as callers,
        switch.phone("1002", Habit(after=0.2)) as second,
    ):
        call = callers[0][2]
        (caller,) = [channel.name for channel in switch.channels() if "trunk" in channel.name]
        joined = switch.variable(caller, "ACD_T0")
        assert call.invited_at - 0.001 <= float(joined) <= time.time()
        (ringing,) = await rung(first, 1)
        async with stub(switch) as engine:
            (channel,) = [channel for channel in switch.channels() if "trunk" in channel.name]
            assert await engine.state(channel.uniqueid) == "fallback"
            assert await engine.getvar("ACD_T0", Channel=channel.uniqueid) == joined
            await engine.offer(channel.uniqueid, 70, "1002")
            await engine.event("AcdUp", Offer="70", Linkedid=channel.uniqueid)
            await asyncio.wait_for(ringing.ended.wait(), PATIENCE)
            assert ringing.code == 487
            assert not call.ended.is_set()
            assert await engine.state(channel.uniqueid) == "talk"
            await second.calls[0].hang_up()
            await engine.event("AcdGone", Uniqueid=channel.uniqueid)


async def test_twenty_callers_who_hang_up_at_once_leave_twenty_notes(switch: Lab) -> None:
    async with contextlib.AsyncExitStack() as stack:
        phones = [await stack.enter_async_context(switch.citizen(f"+324720000{index:02d}")) for index in range(20)]
        calls = [phone.call(GENTINFO) for phone in phones]
        await until(lambda: all(phone.sound.packets for phone in phones), "they do not all hear the music")
        await asyncio.gather(*(call.hang_up() for call in calls))
    kept = await notes(switch, 20)
    assert {note[4] for note in kept} == {f"+324720000{index:02d}" for index in range(20)}
    # Who has waited for 2 s until all were there is in Asterisk's own queue.
    assert {note[1] for note in kept} <= {"wait", "fallback"}


async def test_notes_are_bounded_but_all_are_counted(switch: Lab) -> None:
    async with stub(switch) as engine:
        await engine.setvar("ACD_UNSEEN_COUNT", "9999")
    await unheard(switch)
    async with switch.citizen("+32471000000") as citizen:
        for _ in range(2):
            call = citizen.call(GENTINFO)
            await asyncio.wait_for(call.answered.wait(), PATIENCE)
            await call.hang_up()
    await until(lambda: switch.globals()["ACD_UNSEEN_COUNT"] == "10001")
    known = switch.globals()
    assert [name for name in known if name.startswith("ACD_UNSEEN_1")] == ["ACD_UNSEEN_10000"]


async def test_without_any_music_the_loop_does_not_spin_and_the_caller_is_served() -> None:
    """A site whose music folder is empty."""
    with Lab(files={"musiconhold.conf": "[acd]\nmode=files\ndirectory=/nowhere\n"}) as lab:
        async with stub(lab) as engine, lab.phone("1001", Habit(after=0.1)), lab.citizen("+32471000000") as citizen:
            call = citizen.call(GENTINFO)
            id = await engine.arrival("+32471000000")
            await asyncio.sleep(4.5)
            assert len([line for line in lab.complaints() if "music" in line.lower()]) <= 3
            await engine.offer(id, 80, "1001")
            await engine.event("AcdUp", Offer="80")
            await call.hang_up()
            await engine.quiet(lab)
