"""Somebody who answers at the control socket, as a service that runs does."""

import asyncio
import threading
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any, Self

from acd.runtime.control import ControlServer, Handler


class Answering:
    """In a thread of its own: the command under test has this one. ``with`` starts it; it may go and come back."""

    def __init__(self, path: Path, handlers: Mapping[str, Handler]) -> None:
        self._loop = asyncio.new_event_loop()
        self._server = ControlServer(path, handlers)
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def start(self) -> None:
        self._wait(self._server.start())

    def stop(self) -> None:
        self._wait(self._server.stop())

    def _wait(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(5)
