"""The push over real sockets."""

import asyncio
import errno
import signal
import socket
import time
import tracemalloc
from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from acd.engine.tally import Tally
from acd.web.app import create_app
from acd.web.hub import Hub
from acd.web.server import WebServer
from acd.web.snapshot import Snapshot, snapshot
from sim.lab.stalls import Stalls
from tests.web.city import NOON, board, line


class City:
    """Waiting callers on one line, whose name can be made long."""

    def __init__(self) -> None:
        self.waiting = 0
        self.name = "Gentinfo"

    def look(self) -> Snapshot:
        lines = [line(names={"nl": self.name}, waiting=self.waiting, longest_wait=1.0)]
        return snapshot(board(lines, at=NOON + self.waiting), Tally())


@pytest.fixture
def city() -> City:
    return City()


@pytest.fixture
async def hub(city: City) -> Hub:
    return Hub(city.look, min_gap=0.01, beat=0.2)


@pytest.fixture
async def server(hub: Hub) -> AsyncIterator[WebServer]:
    server = WebServer(create_app(hub), hub, port=0, stuck=1000)
    await server.start()
    yield server
    await server.stop()


async def next_with(lines: AsyncIterator[str], text: str) -> str:
    async with asyncio.timeout(15):
        async for one in lines:
            if text in one:
                return one
    raise AssertionError(f"the stream ended without {text!r}")


async def until(condition: Callable[[], bool], seconds: float = 15) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - the kernel and uvicorn set no event of ours
            await asyncio.sleep(0.02)


async def frozen_client(server: WebServer) -> socket.socket:
    """Asks for the stream and never reads."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.setblocking(False)
    host, port = server.url.removeprefix("http://").split(":")
    loop = asyncio.get_running_loop()
    await loop.sock_connect(client, (host, int(port)))
    await loop.sock_sendall(client, b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return client


async def test_a_change_reaches_the_page(server: WebServer, hub: Hub, city: City) -> None:
    async with httpx.AsyncClient() as client, client.stream("GET", f"{server.url}/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert stream.headers["cache-control"] == "no-store"
        lines = stream.aiter_lines()
        await next_with(lines, '<p class="number">0</p>')
        city.waiting = 3
        hub.changed()
        await next_with(lines, f"id: {NOON + 3:.3f}")
        await next_with(lines, '<p class="number">3</p>')


async def test_pages_in_other_languages_and_orders(server: WebServer) -> None:
    async with (
        httpx.AsyncClient() as client,
        client.stream("GET", f"{server.url}/events?lang=fr&order=worst") as stream,
    ):
        await next_with(stream.aiter_lines(), "En attente")


async def test_the_server_notices_that_a_page_left(server: WebServer, hub: Hub) -> None:
    async with httpx.AsyncClient() as client:
        async with client.stream("GET", f"{server.url}/events") as stream:
            await next_with(stream.aiter_lines(), "Wachtend")
            assert hub.clients == 1
        await until(lambda: hub.clients == 0)


async def test_a_frozen_page_costs_little_and_does_not_hold_up_the_others(
    server: WebServer, hub: Hub, city: City
) -> None:
    city.name = "x" * 200_000
    frozen = await frozen_client(server)
    await until(lambda: hub.clients == 1)
    async with httpx.AsyncClient() as client, client.stream("GET", f"{server.url}/events") as stream:
        lines = stream.aiter_lines()
        tracemalloc.start()
        for city.waiting in range(1, 61):
            hub.changed()
            await next_with(lines, f'<p class="number">{city.waiting}</p>')
        grown, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    frozen.close()
    # 60 pictures of well over 400 kB each went to the page that reads.
    assert grown < 8_000_000


async def test_a_page_that_takes_nothing_is_dropped(server: WebServer, hub: Hub, city: City) -> None:
    city.name = "x" * 5_000_000
    frozen = await frozen_client(server)
    await until(lambda: hub.clients == 1)
    await until(lambda: hub.clients == 0, 15)
    frozen.close()


async def test_stopping_does_not_wait_for_open_pages(hub: Hub, city: City) -> None:
    server = WebServer(create_app(hub), hub, port=0)
    await server.start()
    async with httpx.AsyncClient() as client, client.stream("GET", f"{server.url}/events") as stream:
        lines = stream.aiter_lines()
        await next_with(lines, "Wachtend")
        begun = time.time()
        with Stalls() as stalls:
            await server.stop()
            ended = time.time()
        # Answers under way would be given two seconds.
        assert ended - begun - stalls.between(begun, ended) < 1
        assert [one async for one in lines][-1:] in ([], [""])


async def test_stopping_does_not_wait_for_a_frozen_page(hub: Hub, city: City) -> None:
    city.name = "x" * 5_000_000
    server = WebServer(create_app(hub), hub, port=0)
    await server.start()
    frozen = await frozen_client(server)
    await until(lambda: hub.clients == 1)
    async with asyncio.timeout(15):
        await server.stop()
    frozen.close()


async def test_stopping_twice_or_before_starting_is_no_error(hub: Hub) -> None:
    server = WebServer(create_app(hub), hub, port=0)
    await server.stop()
    await server.start()
    await server.stop()
    await server.stop()


async def test_a_taken_port_is_named(server: WebServer, hub: Hub) -> None:
    port = int(server.url.rpartition(":")[2])
    with pytest.raises(
        OSError, match=rf"cannot listen on http://127\.0\.0\.1:{port}: Address already in use"
    ) as failed:
        await WebServer(create_app(hub), hub, port=port).start()
    assert failed.value.errno == errno.EADDRINUSE


async def test_signals_stay_with_the_process(hub: Hub) -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    server = WebServer(create_app(hub), hub, port=0)
    await server.start()
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before
    await server.stop()
