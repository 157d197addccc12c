"""A TCP wire that can be cut, swallow all that passes, or be slow: between the engine and what it speaks with."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self


class Wire:
    """Passes everything on, until told otherwise.

    Args:
        port: where the engine finds it.
        to: the port behind it, on this machine.
    """

    def __init__(self, port: int, to: int) -> None:
        self.port = port
        self._to = to
        self._tasks: set[asyncio.Task[None]] = set()
        self._delay = 0.0
        self._is_cut = False
        self._passes = asyncio.Event()
        self._passes.set()
        self.overhears: Callable[[bytes], None] = lambda data: None
        """Told what the engine says, as it says it."""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._opened, "127.0.0.1", self.port)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        await self._end_all()

    async def cut(self) -> None:
        """Both sides see the end of each connection; nobody gets through to the other side."""
        self._is_cut = True
        await self._end_all()

    def swallow(self) -> None:
        """Half open: connections stay, and are taken, but not a byte arrives any more."""
        self._passes.clear()

    def slow(self, seconds: float) -> None:
        """Each byte takes so long."""
        self._delay = seconds

    async def mend(self) -> None:
        """Passes everything on again. Connections from which bytes were swallowed end: what was lost was acknowledged
        to nobody, and the next packet of either side is answered with a reset."""
        swallowed = not self._passes.is_set()
        self._is_cut, self._delay = False, 0.0
        if swallowed:
            await self._end_all()
        self._passes.set()

    async def _end_all(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _opened(self, near: asyncio.StreamReader, to_near: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        writers = [to_near]
        try:
            if self._is_cut:
                return
            await self._passes.wait()
            far, to_far = await asyncio.open_connection("127.0.0.1", self._to)
            writers.append(to_far)
            ways = [
                asyncio.ensure_future(self._carry(near, to_far, self.overhears)),
                asyncio.ensure_future(self._carry(far, to_near)),
            ]
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
        except (ConnectionError, asyncio.CancelledError):
            pass  # The other side is away, or the wire was cut: the near side sees that its connection ends.
        finally:
            for writer in writers:
                writer.transport.abort()

    async def _carry(
        self, source: asyncio.StreamReader, to: asyncio.StreamWriter, overhears: Callable[[bytes], None] | None = None
    ) -> None:
        """Bytes keep their order and their distance, also when they take long."""
        loop = asyncio.get_running_loop()
        on_the_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

        async def arrive() -> None:
            while True:
                due, data = await on_the_way.get()
                if not data:
                    return
                await asyncio.sleep(max(0.0, due - loop.time()))
                await self._passes.wait()
                if not to.is_closing():
                    to.write(data)

        arriving = asyncio.ensure_future(arrive())
        try:
            with suppress(ConnectionError):
                while data := await source.read(65536):
                    if overhears is not None:
                        overhears(data)
                    on_the_way.put_nowait((loop.time() + self._delay, data))
            # The end of a connection is not seen through a wire that swallows.
            on_the_way.put_nowait((loop.time(), b""))
            await arriving
            await self._passes.wait()
        finally:
            arriving.cancel()
            await asyncio.gather(arriving, return_exceptions=True)
