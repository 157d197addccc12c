"""Uvicorn inside our own event loop: signals stay with the process, and stopping does not wait for open pages."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator, Sequence
from typing import Final

import uvicorn
from fastapi import FastAPI

from acd.web.hub import Hub
from acd.web.sip_proxy import LARGEST_WORD

STUCK: Final = 30_000
"""Milliseconds after which the kernel drops a client that takes nothing: gone without a word, or frozen."""
GRACE: Final = 2
"""Seconds that answers under way may take once the server stops."""


class WebServer:
    """Serves an application made by :func:`acd.web.app.create_app` around ``hub``.

    ``port`` 0 takes a free one; ``url`` says which. ``proxies`` are the addresses of web servers in front: what they
    say about for whom they ask is believed.
    """

    def __init__(
        self,
        app: FastAPI,
        hub: Hub,
        host: str = "127.0.0.1",
        port: int = 8080,
        *,
        stuck: int = STUCK,
        proxies: Sequence[str] = (),
    ) -> None:
        self._hub = hub
        self._host, self._port = host, port
        self._stuck = stuck
        self._task: asyncio.Task[None] | None = None
        config = uvicorn.Config(
            app,
            http="h11",
            ws="websockets-sansio",
            ws_max_size=LARGEST_WORD,
            ws_per_message_deflate=False,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=bool(proxies),
            forwarded_allow_ips=list(proxies),
            timeout_graceful_shutdown=GRACE,
        )
        self._server = _Server(config)

    @property
    def url(self) -> str:
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    async def start(self) -> None:
        """Listen. Returns when the first request can come.

        Raises:
            OSError: the address is taken, or not ours.
        """
        listener = self._listen()
        self._port = listener.getsockname()[1]
        self._task = asyncio.create_task(self._server.serve([listener]), name="web server")
        await self._server.listening.wait()

    async def stop(self) -> None:
        """End all streams, finish the answers under way, close."""
        if self._task is None:
            return
        self._hub.close()
        self._server.should_exit = True
        await self._task
        self._task = None

    def _listen(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            # Accepted connections inherit it. It also covers a peer that keeps its window shut, which no keep-alive
            # would ever notice (tcp(7), TCP_USER_TIMEOUT).
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, self._stuck)
            listener.bind((self._host, self._port))
            # Two processes can bind at the same moment; only one can listen.
            listener.listen()
        except OSError as error:
            listener.close()
            raise OSError(error.errno, f"cannot listen on {self.url}: {error.strerror}") from None
        return listener


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()
