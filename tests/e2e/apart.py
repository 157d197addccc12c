"""A machine apart: a network namespace in which an engine runs, with one cable to Asterisk and one to the database.
Either can be pulled: whatever is sent then is lost without a word, as when a switch in the rack dies."""

import asyncio
import subprocess
from collections.abc import Iterable
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

HOST: Final = "10.213.{cable}.1"
INSIDE: Final = "10.213.{cable}.2"


class Cable:
    """One way to a server on this host's loopback.

    Args:
        port: of the server; inside it is found at ``address`` and the same port.
    """

    def __init__(self, number: int, port: int) -> None:
        self.address = HOST.format(cable=number)
        self.port = port
        self.name = f"acdh{number}"
        self._number = number
        self._tasks: set[asyncio.Task[None]] = set()

    async def lay(self, namespace: str) -> None:
        inside = f"acdi{self._number}"
        _ip("link", "add", self.name, "type", "veth", "peer", "name", inside, "netns", namespace)
        _ip("addr", "add", f"{self.address}/24", "dev", self.name)
        _ip("-n", namespace, "addr", "add", f"{INSIDE.format(cable=self._number)}/24", "dev", inside)
        _ip("link", "set", self.name, "up")
        _ip("-n", namespace, "link", "set", inside, "up")
        self._server = await asyncio.start_server(self._opened, self.address, self.port)

    async def take_away(self) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        _ip("link", "del", self.name, check=False)

    def pull(self) -> None:
        _ip("link", "set", self.name, "down")

    def plug_in(self) -> None:
        _ip("link", "set", self.name, "up")

    async def _opened(self, engine: asyncio.StreamReader, to_engine: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            server, to_server = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            to_engine.transport.abort()
            return
        ways = [asyncio.ensure_future(_pass_on(engine, to_server)), asyncio.ensure_future(_pass_on(server, to_engine))]
        try:
            with suppress(asyncio.CancelledError):
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            for writer in (to_server, to_engine):
                writer.transport.abort()


async def _pass_on(source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError, TimeoutError, OSError):
        while data := await source.read(65536):
            to.write(data)


class Apart:
    """The namespace, and its cables. Needs root."""

    def __init__(self, name: str, cables: Iterable[Cable]) -> None:
        self.name = name
        self.within = ("ip", "netns", "exec", name)
        self._cables = tuple(cables)

    async def __aenter__(self) -> Self:
        _ip("netns", "del", self.name, check=False)
        _ip("netns", "add", self.name)
        _ip("-n", self.name, "link", "set", "lo", "up")
        for cable in self._cables:
            _ip("link", "del", cable.name, check=False)
            await cable.lay(self.name)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for cable in self._cables:
            await cable.take_away()
        _ip("netns", "del", self.name, check=False)


def _ip(*words: str, check: bool = True) -> None:
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    if check and done.returncode:
        raise OSError(f"ip {' '.join(words)}: {done.stderr.strip()}")
