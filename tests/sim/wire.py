"""A bare AMI client for tests: it sends what it is told and keeps what it hears."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from acd.asterisk.frames import Frame, FrameParser
from acd.model.ids import Device, LineId
from sim.ami_server import AmiServer
from sim.ami_session import Account
from sim.fallback import Queue
from sim.loop_time import LoopTime, VirtualLoop
from sim.switch import SimSwitch

LINE = LineId("gentinfo")
PHONES = [Device(str(number)) for number in range(1001, 1007)]
FULL = Account(name="full", secret="full secret")
ENGINE = Account.engine("engine secret")


class Wire:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.frames: list[Frame] = []
        self.raw = b""
        self.closed = False
        self._parser = FrameParser()
        self._task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        try:
            while data := await self.reader.read(65536):
                self.raw += data
                self._parser.receive(data)
                while (frame := self._parser.next()) is not None:
                    self.frames.append(frame)
        except ConnectionError:
            pass
        self.closed = True

    def send(self, *lines: str) -> None:
        """One action: its headers as lines."""
        self.writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())

    async def ask(self, *lines: str, wait: float = 0.05) -> list[Frame]:
        """What comes within ``wait`` seconds after an action."""
        mark = len(self.frames)
        self.send(*lines)
        await asyncio.sleep(wait)
        return self.frames[mark:]

    async def answer(self, *lines: str, wait: float = 0.05) -> Frame:
        """The response to an action."""
        return next(frame for frame in await self.ask(*lines, wait=wait) if not frame.event)

    async def login(self, account: Account, *more: str) -> None:
        await self.ask("Action: Login", f"Username: {account.name}", f"Secret: {account.secret}", *more)

    async def close(self) -> None:
        self.writer.close()
        await self._task


class House:
    """A switch with six phones and a line, behind AMI."""

    def __init__(self, send_buffer: int = 0) -> None:
        self.switch = SimSwitch(LoopTime(asyncio.get_running_loop()), PHONES, {LINE: Queue(dict.fromkeys(PHONES, 0))})
        self.server = AmiServer(self.switch, [FULL, ENGINE], send_buffer=send_buffer)
        self._wires: list[Wire] = []

    def keep_engine_alive(self) -> None:
        """No fallback: as if an engine were there all the time."""
        self.switch.session_opened()
        self.switch.set_global("ACD_HB", "4000000000")

    async def wire(self) -> Wire:
        wire = Wire(*await asyncio.open_connection("127.0.0.1", self.server.port))
        self._wires.append(wire)
        await asyncio.sleep(0.01)
        return wire

    async def user(self, account: Account = FULL) -> Wire:
        """A connection that is logged in."""
        wire = await self.wire()
        await wire.login(account)
        assert wire.frames[0].success, wire.frames
        return wire

    async def close(self) -> None:
        await self.server.stop()
        for wire in self._wires:
            await wire.close()


@asynccontextmanager
async def house(send_buffer: int = 0) -> AsyncIterator[House]:
    place = House(send_buffer)
    await place.server.start()
    try:
        yield place
    finally:
        await place.close()


def in_virtual_time(work: Callable[[], Awaitable[Any]]) -> Any:
    """Run a coroutine function where waiting takes no time."""

    async def run() -> Any:
        return await work()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(run())
