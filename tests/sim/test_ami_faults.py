"""Faults on demand, seen by a bare client and borne by the adapter that speaks to the real Asterisk."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from acd.asterisk import AmiSettings, AsteriskPbx
from acd.model import commands as c
from acd.model import facts as f
from acd.model.ids import OfferId, OperatorId
from sim.calls import Call
from tests.sim.wire import ENGINE, FULL, LINE, PHONES, House, house, in_virtual_time


class Engine:
    """The real adapter, with somebody who keeps the heartbeat."""

    def __init__(self, place: House) -> None:
        self.place = place
        self.facts: list[f.Fact] = []
        settings = AmiSettings(port=place.server.port, secret=ENGINE.secret)
        self.pbx = AsteriskPbx(settings, lambda: PHONES, clock=asyncio.get_running_loop().time)

    async def beat(self) -> None:
        while True:
            self.pbx.heartbeat()
            await asyncio.sleep(2)

    def links(self) -> list[str]:
        """Ups and downs of the link."""
        return [type(fact).__name__ for fact in self.facts if isinstance(fact, f.SwitchSeen | f.LinkLost)]

    def call(self) -> Call:
        call = self.place.switch.arrive("092101010", "+3290000001")
        self.place.switch.choose(call, LINE)
        return call

    def seen(self) -> f.SwitchSeen:
        return [fact for fact in self.facts if isinstance(fact, f.SwitchSeen)][-1]

    def of(self, call: Call) -> list[str]:
        return [type(fact).__name__ for fact in self.facts if getattr(fact, "call", None) == call.id]


@asynccontextmanager
async def engine() -> AsyncIterator[Engine]:
    async with house() as place:
        it = Engine(place)
        await it.pbx.start(it.facts.append)
        beat = asyncio.create_task(it.beat())
        await asyncio.sleep(1)
        assert it.links() == ["SwitchSeen"]
        try:
            yield it
        finally:
            beat.cancel()
            await it.pbx.stop()


def with_engine(work: Callable[[Engine], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        async with engine() as it:
            return await work(it)

    return in_virtual_time(run)


def test_everything_comes_late() -> None:
    async def work(it: Engine) -> None:
        it.place.server.delay = 0.5
        call = it.call()
        await asyncio.sleep(0.4)
        assert it.of(call) == []
        await asyncio.sleep(0.2)
        assert it.of(call) == ["CallArrived", "CallQueued"]

    with_engine(work)


def test_so_late_that_the_adapter_drops_the_session_and_looks_anew() -> None:
    async def work(it: Engine) -> None:
        call = it.call()
        await asyncio.sleep(0.1)
        it.place.server.delay = 3.0
        it.place.switch.use_elsewhere(PHONES[0], True)
        await asyncio.sleep(3.5)
        it.place.server.delay = 0.0
        await asyncio.sleep(10)
        assert it.links() == ["SwitchSeen", "LinkLost", "SwitchSeen"]
        assert [seen.call for seen in it.seen().calls] == [call.id]
        assert it.seen().phones[PHONES[0]] is f.PhoneState.BUSY

    with_engine(work)


def test_a_half_open_connection_is_noticed() -> None:
    async def work(it: Engine) -> None:
        it.place.server.go_half_open()
        call = it.call()
        await asyncio.sleep(15)
        assert it.links() == ["SwitchSeen", "LinkLost", "SwitchSeen"]
        assert [seen.call for seen in it.seen().calls] == [call.id]

    with_engine(work)


def test_the_connection_breaks_in_the_middle_of_a_message() -> None:
    async def work(it: Engine) -> None:
        it.place.server.cut_in_mid_frame()
        call = it.call()
        await asyncio.sleep(5)
        assert it.links() == ["SwitchSeen", "LinkLost", "SwitchSeen"]
        assert [seen.call for seen in it.seen().calls] == [call.id]

    with_engine(work)


def test_half_a_message_is_written_and_no_more() -> None:
    async def work() -> None:
        async with house() as place:
            wire = await place.user()
            place.server.cut_in_mid_frame()
            place.switch.arrive("092101010")
            await asyncio.sleep(0.1)
            assert wire.closed
            assert b"Event: DeviceStateChange" in wire.raw
            assert not wire.raw.endswith(b"\r\n\r\n")

    in_virtual_time(work)


def test_asterisk_is_killed_and_comes_back() -> None:
    async def work(it: Engine) -> None:
        call = it.call()
        await asyncio.sleep(0.1)
        await it.place.server.restart(downtime=2.0, booting=1.0)
        await asyncio.sleep(10)
        assert it.links() == ["SwitchSeen", "LinkLost", "SwitchSeen"]
        assert it.seen().rebooted
        assert it.seen().calls == ()
        assert it.of(call) == ["CallArrived", "CallQueued"]
        after = it.call()
        await asyncio.sleep(0.1)
        assert it.of(after) == ["CallArrived", "CallQueued"]

    with_engine(work)


def test_a_clean_shutdown_says_goodbye() -> None:
    async def work() -> list[str]:
        async with house() as place:
            wire = await place.user(ENGINE)
            await place.server.restart(cleanly=True)
            assert wire.closed
            return [frame.event for frame in wire.frames[-1:]]

    assert in_virtual_time(work) == ["Shutdown"]


def test_fully_booted_comes_after_the_login() -> None:
    async def work() -> None:
        async with house() as place:
            await place.server.restart(downtime=0.5, booting=2.0)
            wire = await place.wire()
            await wire.login(FULL)
            assert [frame.event for frame in wire.frames] == [""]
            await asyncio.sleep(2)
            assert [frame.event for frame in wire.frames] == ["", "FullyBooted"]

    in_virtual_time(work)


def test_shutting_down_refuses_every_action() -> None:
    async def work() -> None:
        async with house() as place:
            wire = await place.user()
            place.server.stop_gracefully()
            for action in ("Ping", "Status", "DeviceStateList"):
                assert (await wire.answer(f"Action: {action}")).message == "Asterisk is shutting down"

    in_virtual_time(work)


def test_a_refused_redirect_becomes_an_offer_not_sent() -> None:
    async def work(it: Engine) -> None:
        call = it.call()
        await asyncio.sleep(0.1)
        it.place.server.refuse_next("Redirect", "Redirect failed, channel not up.")
        for offer in (1, 2):
            it.pbx.send(c.Offer(call.id, OfferId(offer), OperatorId("op"), PHONES[0], 10.0))
            await asyncio.sleep(1)
        assert it.of(call)[2:] == ["OfferNotSent", "OfferDialled", "OfferRinging", "OfferAnswered"]

    with_engine(work)


def test_a_lost_event_is_made_good_by_others_or_by_the_audit() -> None:
    async def work(it: Engine) -> None:
        call = it.call()
        await asyncio.sleep(0.1)
        # Only the nightmare of an adapter: Asterisk was never seen to lose one on a living session.
        it.place.server.drop_next("UserEvent")
        it.place.switch.hang_up(call)
        await asyncio.sleep(0.1)
        assert it.of(call) == ["CallArrived", "CallQueued", "CallGone"]
        it.place.server.drop_next("DeviceStateChange")
        it.place.switch.use_elsewhere(PHONES[0], True)
        await asyncio.sleep(1)
        assert not any(isinstance(fact, f.PhoneChanged) for fact in it.facts)
        await asyncio.sleep(61)
        # The audit tells of every phone, changed or not.
        assert {fact.device: fact.state for fact in it.facts if isinstance(fact, f.PhoneChanged)} == {
            **dict.fromkeys(PHONES, f.PhoneState.IDLE),
            PHONES[0]: f.PhoneState.BUSY,
        }

    with_engine(work)


def test_events_out_of_order() -> None:
    async def work() -> list[str]:
        async with house() as place:
            place.keep_engine_alive()
            wire = await place.user(ENGINE)
            place.server.reorder_next(2)
            call = place.switch.arrive("092101010")
            place.switch.choose(call, LINE)
            place.switch.drop(call)
            await asyncio.sleep(0.1)
            return [frame.get("UserEvent") or frame.event for frame in wire.frames[2:]]

    assert in_virtual_time(work) == ["AcdQueued", "AcdArrived", "AcdGone", "Hangup"]


def test_a_slow_reader_is_cut_off_and_the_others_are_not() -> None:
    async def work() -> None:
        async with house(send_buffer=4096) as place:
            quick = await place.user(ENGINE)
            reader, writer = await asyncio.open_connection("127.0.0.1", place.server.port, limit=1024)
            writer.write(f"Action: Login\r\nUsername: full\r\nSecret: {FULL.secret}\r\n\r\n".encode())
            await asyncio.sleep(0.1)
            assert len(place.server.sessions) == 2
            for _ in range(40_000):
                place.switch.drop(place.switch.arrive("092101010"))
                if len(place.server.sessions) == 1:
                    break
                await asyncio.sleep(0.001)
            assert [session.account for session in place.server.sessions] == [ENGINE]
            # What had left before is still there to be read; then the end comes, in the middle of a message.
            backlog = b""
            try:
                while data := await reader.read(65536):
                    backlog += data
            except ConnectionError:
                pass
            assert len(backlog) > 1000
            assert not quick.closed
            writer.close()

    in_virtual_time(work)


def test_kicked_out() -> None:
    async def work(it: Engine) -> None:
        it.place.server.disconnect()
        await asyncio.sleep(5)
        assert it.links() == ["SwitchSeen", "LinkLost", "SwitchSeen"]

    with_engine(work)
