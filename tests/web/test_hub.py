import asyncio
from collections.abc import AsyncGenerator, AsyncIterator

import pytest

from acd.engine.tally import Tally
from acd.web.hub import Hub, HubFull
from acd.web.snapshot import Snapshot, snapshot
from tests.web.city import NOON, board, line

GAP, BEAT = 0.02, 0.1


class Engine:
    """Something that changes, and counts how often it is looked at."""

    def __init__(self) -> None:
        self.waiting = 0
        self.looks = 0
        self.ready = True
        self.broken = False

    def look(self) -> Snapshot | None:
        self.looks += 1
        if self.broken:
            raise RuntimeError("planted")
        lines = [line(waiting=self.waiting, longest_wait=1.0 if self.waiting else None)]
        return snapshot(board(lines, at=NOON + self.looks), Tally()) if self.ready else None


class Renderer:
    def __init__(self) -> None:
        self.renders = 0

    def __call__(self, picture: Snapshot | None) -> str:
        self.renders += 1
        return "<p>loading</p>" if picture is None else f"<p>\n{picture.totals.waiting} waiting</p>"


@pytest.fixture
def engine() -> Engine:
    return Engine()


@pytest.fixture
def render() -> Renderer:
    return Renderer()


@pytest.fixture
async def hub(engine: Engine) -> AsyncIterator[Hub]:
    hub = Hub(engine.look, max_clients=4, min_gap=GAP, beat=BEAT)
    yield hub
    hub.close()


async def read(stream: AsyncGenerator[bytes, None]) -> str:
    return (await asyncio.wait_for(anext(stream), 5)).decode()


async def read_until(stream: AsyncGenerator[bytes, None], wanted: str) -> list[str]:
    messages = [await read(stream)]
    while wanted not in messages[-1]:
        messages.append(await read(stream))
    return messages


async def test_a_page_gets_the_present_picture_at_once(hub: Hub, engine: Engine, render: Renderer) -> None:
    engine.waiting = 3
    stream = hub.stream("nl", render)
    assert await read(stream) == f"id: {NOON + 1:.3f}\ndata: <p>\ndata: 3 waiting</p>\n\n"
    await stream.aclose()


async def test_a_burst_is_a_few_pictures_and_the_last_is_the_truth(hub: Hub, engine: Engine, render: Renderer) -> None:
    stream = hub.stream("nl", render)
    await read(stream)
    for _ in range(500):
        engine.waiting += 1
        hub.changed()
        await asyncio.sleep(0)
    messages = await read_until(stream, "500 waiting")
    assert len(messages) < 20
    assert engine.looks < 30
    await stream.aclose()


async def test_a_page_that_does_not_read_misses_pictures_and_nothing_waits_for_it(
    hub: Hub, engine: Engine, render: Renderer
) -> None:
    slow, fast = hub.stream("nl", render), hub.stream("nl", render)
    await read(slow)
    for engine.waiting in range(1, 11):
        hub.changed()
        await read_until(fast, f"{engine.waiting} waiting")
    assert "10 waiting" in await read(slow)
    await slow.aclose()
    await fast.aclose()


async def test_while_nobody_watches_the_engine_is_left_alone(hub: Hub, engine: Engine, render: Renderer) -> None:
    for _ in range(100):
        hub.changed()
    await asyncio.sleep(3 * BEAT)
    assert engine.looks == 0
    stream = hub.stream("nl", render)
    await read(stream)
    await stream.aclose()
    looks = engine.looks
    hub.changed()
    await asyncio.sleep(3 * BEAT)
    assert (engine.looks, hub.clients) == (looks, 0)


async def test_the_first_page_after_a_pause_sees_no_old_picture(hub: Hub, engine: Engine, render: Renderer) -> None:
    for engine.waiting in (1, 2, 3):
        stream = hub.stream("nl", render)
        assert f"{engine.waiting} waiting" in await read(stream)
        await stream.aclose()


async def test_one_picture_for_all_pages_with_the_same_view(hub: Hub, engine: Engine) -> None:
    dutch, french = Renderer(), Renderer()
    streams = [hub.stream("nl", dutch), hub.stream("nl", dutch), hub.stream("nl", dutch), hub.stream("fr", french)]
    for stream in streams:
        await read(stream)
    assert (dutch.renders, french.renders) == (1, 1)
    for stream in streams:
        await stream.aclose()


async def test_a_quiet_night_still_gives_signs_of_life(hub: Hub, render: Renderer) -> None:
    stream = hub.stream("nl", render)
    await read(stream)
    beats = [await read(stream) for _ in range(3)]
    assert beats == [f"event: beat\nid: {NOON + n:.3f}\ndata:\n\n" for n in (2, 3, 4)]
    await stream.aclose()


async def test_before_the_engine_is_ready_the_page_says_so(hub: Hub, engine: Engine, render: Renderer) -> None:
    engine.ready = False
    stream = hub.stream("nl", render)
    assert await read(stream) == "id: 0\ndata: <p>loading</p>\n\n"
    engine.ready = True
    assert "0 waiting" in (await read_until(stream, "waiting"))[-1]
    await stream.aclose()


async def test_when_no_picture_can_be_made_none_is_sent_and_it_recovers(
    hub: Hub, engine: Engine, render: Renderer
) -> None:
    stream = hub.stream("nl", render)
    await read(stream)
    engine.broken = True
    reading = asyncio.create_task(read(stream))
    await asyncio.sleep(3 * BEAT)
    assert not reading.done()
    engine.broken = False
    assert "event: beat" in await reading
    await stream.aclose()


async def test_closing_ends_every_stream(hub: Hub, render: Renderer) -> None:
    streams = [hub.stream("nl", render), hub.stream("fr", render)]
    for stream in streams:
        await read(stream)
    reading = [asyncio.create_task(anext(stream, b"end")) for stream in streams]
    await asyncio.sleep(0)
    hub.close()
    assert [await asyncio.wait_for(one, 1) for one in reading] == [b"end", b"end"]
    assert hub.clients == 0


async def test_a_stream_opened_after_closing_ends_at_once(hub: Hub, render: Renderer) -> None:
    hub.close()
    assert [message async for message in hub.stream("nl", render)] == []


async def test_there_is_a_limit_to_the_pages(hub: Hub, render: Renderer) -> None:
    streams = [hub.stream("nl", render) for _ in range(4)]
    for stream in streams:
        await read(stream)
    with pytest.raises(HubFull, match="4 pages are open already"):
        hub.stream("nl", render)
    await streams.pop().aclose()
    streams.append(hub.stream("nl", render))
    await read(streams[-1])
    for stream in streams:
        await stream.aclose()


async def test_text_with_line_ends_cannot_forge_a_message(hub: Hub) -> None:
    stream = hub.stream("nl", lambda _: "a\r\nevent: beat\rid: 9\n\ndata: b")
    message = await read(stream)
    assert all(part.startswith(("id: ", "data: ")) for part in message.strip().split("\n"))
    assert "\r" not in message
    await stream.aclose()
