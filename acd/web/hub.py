"""Live push: one conflating hub for all open pages.

A page gets pictures, not messages: when much happens it gets the newest picture at most four times a second, and a
page that cannot keep up simply misses pictures. So nothing ever queues up for a slow client, and the cost of a change
does not depend on who is watching.

A picture goes out at least once a second also when nothing happened. That is the heartbeat: a script in a page cannot
see SSE comments, and without a sign of life it could not tell a quiet night from a dead line. When the picture is the
same as the last, only its moment is sent.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Hashable
from contextlib import suppress
from typing import Final, NamedTuple

import structlog

from acd.web.snapshot import Snapshot

MIN_GAP: Final = 0.25
"""Seconds between two pictures, at least."""
BEAT: Final = 1.0
"""Seconds between two signs of life, at most."""

MOST_PICTURES: Final = 64
"""Views of which a picture is kept; beyond, those that nobody looked at in this turn are let go."""

Render = Callable[[Snapshot | None], str]

log = structlog.get_logger(__name__)


class HubFull(Exception):
    """{limit} pages are open already."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"{limit} pages are open already")


class _Picture(NamedTuple):
    turn: int
    html: str
    message: bytes


class Hub:
    """Pictures for every open page. All methods belong to the thread of one event loop.

    ``source`` makes the snapshot of this moment, or None while there is none yet. For the pages it is called at most
    four times a second, and not at all while nobody watches.
    """

    def __init__(
        self,
        source: Callable[[], Snapshot | None],
        *,
        max_clients: int = 1000,
        min_gap: float = MIN_GAP,
        beat: float = BEAT,
    ) -> None:
        self.snapshot: Final = source
        self._max_clients = max_clients
        self._min_gap = min_gap
        self._beat = beat
        self._clients = 0
        self._closed = False
        self._pump: asyncio.Task[None] | None = None
        self._dirty = asyncio.Event()
        self._turned = asyncio.Event()
        self._turn = 0
        self._latest: Snapshot | None = None
        self._pictures: dict[Hashable, _Picture] = {}
        self._closing: list[Callable[[], None]] = []

    @property
    def clients(self) -> int:
        return self._clients

    def changed(self) -> None:
        """Something that a page shows may have changed. Costs nothing: call it after every step of the engine."""
        self._dirty.set()

    def when_closed(self, close: Callable[[], None]) -> None:
        """``close`` ends other streams, which the web server would wait for as well."""
        self._closing.append(close)

    def close(self) -> None:
        """End all streams, so that the web server can stop. There is no way back."""
        self._closed = True
        for close in self._closing:
            close()
        self._turned.set()
        self._stop_pump()

    def stream(self, view: Hashable, render: Render) -> AsyncGenerator[bytes, None]:
        """The pictures of one page as Server-Sent Events, from now until the page leaves or the hub closes. ``id`` is
        the moment of the snapshot in seconds since the epoch, 0 = there is none yet.

        Pages with an equal ``view`` (language, order) share one picture: ``render`` makes it once per turn.

        Raises:
            HubFull: too many pages are open.
        """
        if self._clients >= self._max_clients:
            raise HubFull(self._max_clients)
        return self._stream(view, render)

    async def _stream(self, view: Hashable, render: Render) -> AsyncGenerator[bytes, None]:
        self._join()
        try:
            seen, shown = 0, None
            while not self._closed:
                if self._turn == seen:
                    await self._turned.wait()
                    continue
                seen = self._turn
                picture = self._picture(view, render)
                yield self._beat_message() if picture.html == shown else picture.message
                shown = picture.html
        finally:
            self._leave()

    def _join(self) -> None:
        self._clients += 1
        if self._pump is None and not self._closed:
            self._turn = 0
            self._pictures.clear()
            self._refresh()
            self._pump = asyncio.create_task(self._run(), name="wallboard hub")

    def _leave(self) -> None:
        self._clients -= 1
        if not self._clients:
            self._stop_pump()

    def _stop_pump(self) -> None:
        if self._pump is not None:
            self._pump.cancel()
            self._pump = None

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._min_gap)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._beat - self._min_gap):
                    await self._dirty.wait()
            self._refresh()

    def _refresh(self) -> None:
        self._dirty.clear()
        try:
            self._latest = self.snapshot()
        except Exception:
            # No picture goes out, so every page says that it is stale: the truth.
            log.exception("snapshot_failed")
            return
        self._turn += 1
        turned, self._turned = self._turned, asyncio.Event()
        turned.set()

    def _picture(self, view: Hashable, render: Render) -> _Picture:
        picture = self._pictures.get(view)
        if picture is None or picture.turn != self._turn:
            html = render(self._latest)
            message = f"id: {self._moment()}\n{_data(html)}\n\n".encode()
            if len(self._pictures) >= MOST_PICTURES:
                self._pictures = {key: one for key, one in self._pictures.items() if one.turn == self._turn}
            picture = self._pictures[view] = _Picture(self._turn, html, message)
        return picture

    def _beat_message(self) -> bytes:
        return f"event: beat\nid: {self._moment()}\ndata:\n\n".encode()

    def _moment(self) -> str:
        return f"{self._latest.at:.3f}" if self._latest else "0"


def _data(text: str) -> str:
    """Several lines travel as several ``data`` fields; a bare CR would end a field as well."""
    return "\n".join(f"data: {line}" for line in text.splitlines())
