"""A gate on the wire between engine and Asterisk: it stops the engine's words at one of them, so that the engine can be
killed between what it has written down and what it does."""

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import Self

END = b"\r\n\r\n"


class Gate:
    """Passes everything on, until told to hold.

    Args:
        port: where the engine finds it.
        to: port of Asterisk's AMI.
    """

    def __init__(self, port: int, to: int) -> None:
        self.port = port
        self.held = asyncio.Event()
        """It stands before the gate, and all that the engine says after it."""
        self._to = to
        self._mark: bytes | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._opened, "127.0.0.1", self.port)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def hold(self, mark: bytes) -> None:
        """Nothing of this session passes from the next action on in which ``mark`` stands."""
        self._mark = mark
        self.held.clear()

    async def _opened(self, engine: asyncio.StreamReader, to_engine: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        asterisk, to_asterisk = await asyncio.open_connection("127.0.0.1", self._to)
        ways = [
            asyncio.ensure_future(self._actions(engine, to_asterisk)),
            asyncio.ensure_future(self._events(asterisk, to_engine)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            # A side that is gone is gone for the other one too.
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            for writer in (to_asterisk, to_engine):
                writer.transport.abort()

    async def _actions(self, engine: asyncio.StreamReader, to_asterisk: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                action = await engine.readuntil(END)
                if self._mark is not None and self._mark in action:
                    self._mark = None
                    self.held.set()
                    await engine.read(-1)
                    return
                to_asterisk.write(action)

    async def _events(self, asterisk: asyncio.StreamReader, to_engine: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await asterisk.read(65536):
                to_engine.write(data)
