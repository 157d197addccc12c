"""The SIP of a phone in a page: a WebSocket of ours, and behind it one to Asterisk on the loopback.

Words pass unread. What they may bring about is decided by Asterisk, which asks the phone for its password, and by the
guard before this route. Sound does not come this way: whatever happens to the web server, a conversation goes on.

Nothing queues up here. Each side is read only as fast as the other takes; whoever takes nothing for a while is let go.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

import structlog
from fastapi import WebSocket
from starlette.websockets import WebSocketDisconnect
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from acd.model.ids import OperatorId

SIP: Final = "sip"
LARGEST_WORD: Final = 64 * 1024
"""Bytes of one SIP message."""
PATIENCE: Final = 10.0
"""Seconds for one word to be taken by either side, and for Asterisk to answer the door."""
WATCH_EVERY: Final = 15.0
"""Seconds between two looks at whether the session still counts."""

# Why a connection ends, for the page to tell the operator; 4000 and up are ours to give a meaning.
NO_SWITCH: Final = 1013
"""Try again later."""
ELSEWHERE: Final = 4001
"""He has opened his phone in another page. This one must not take it back by itself."""
SIGNED_OUT: Final = 4003

BY_PERSON: Final = ("INVITE", "BYE", "CANCEL", "REFER", "INFO")
"""Requests that a phone makes only because somebody does something with it."""

log = structlog.get_logger(__name__)


class SipProxy:
    """All phones in pages. Of one operator only the newest lives."""

    def __init__(self) -> None:
        self._open: dict[OperatorId, asyncio.Future[int]] = {}

    @property
    def phones(self) -> int:
        return len(self._open)

    async def serve(
        self, browser: WebSocket, operator: OperatorId, url: str, counts: Callable[[bool], Awaitable[bool]]
    ) -> None:
        """From the page's request until either side ends.

        Args:
            url: Asterisk's WebSocket.
            counts: whether the session still counts; it is told if a person did something since it was last asked.
        """
        if SIP not in browser.scope["subprotocols"]:
            await browser.close(1002)
            return
        await browser.accept(SIP)
        over: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        before, self._open[operator] = self._open.get(operator), over
        if before is not None and not before.done():
            before.set_result(ELSEWHERE)
        try:
            await self._serve(_Pair(browser, operator, over), url, counts)
        finally:
            if self._open.get(operator) is over:
                del self._open[operator]

    async def _serve(self, pair: "_Pair", url: str, counts: Callable[[bool], Awaitable[bool]]) -> None:
        try:
            switch = await connect(
                url,
                subprotocols=[Subprotocol(SIP)],
                compression=None,
                proxy=None,
                open_timeout=PATIENCE,
                close_timeout=1.0,
                # The page is asked for signs of life, and Asterisk asks the phone in it.
                ping_interval=None,
                max_size=LARGEST_WORD,
                max_queue=8,
                write_limit=LARGEST_WORD,
                logger=None,
            )
        except (OSError, TimeoutError, WebSocketException) as error:
            log.warning("phone_has_no_switch", operator=pair.operator, error=str(error))
            await _close(pair.browser, NO_SWITCH)
            return
        async with switch:
            code = await pair.talk(switch, counts)
        log.info("phone_closed", operator=pair.operator, code=code)
        await _close(pair.browser, code)


class _Pair:
    """A page and its connection to the switch."""

    def __init__(self, browser: WebSocket, operator: OperatorId, over: "asyncio.Future[int]") -> None:
        self.browser = browser
        self.operator = operator
        self.over = over
        self._touched = False

    async def talk(self, switch: ClientConnection, counts: Callable[[bool], Awaitable[bool]]) -> int:
        """Pass on words both ways until it ends; the code with which it does."""
        log.info("phone_opened", operator=self.operator)
        work = {
            asyncio.ensure_future(task)
            for task in (self._from_page(switch), self._from_switch(switch), self._watch(counts))
        }
        done, waiting = await asyncio.wait({*work, self.over}, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting - {self.over}:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)
        return self.over.result() if self.over in done else done.pop().result()

    async def _from_page(self, switch: ClientConnection) -> int:
        with suppress(WebSocketException, WebSocketDisconnect, TimeoutError):
            while True:
                word = await self.browser.receive()
                if word["type"] == "websocket.disconnect":
                    return 1000
                text: str | bytes = word.get("text") or word.get("bytes") or ""
                self._touched |= by_person(text)
                async with asyncio.timeout(PATIENCE):
                    await switch.send(text)
        return NO_SWITCH

    async def _from_switch(self, switch: ClientConnection) -> int:
        with suppress(WebSocketException, WebSocketDisconnect, TimeoutError):
            while True:
                word = await switch.recv()
                async with asyncio.timeout(PATIENCE):
                    await (self.browser.send_text(word) if isinstance(word, str) else self.browser.send_bytes(word))
        return NO_SWITCH

    async def _watch(self, counts: Callable[[bool], Awaitable[bool]]) -> int:
        while True:
            await asyncio.sleep(WATCH_EVERY)
            touched, self._touched = self._touched, False
            if not await counts(touched):
                return SIGNED_OUT


def by_person(word: str | bytes) -> bool:
    """Whether this SIP message shows that somebody sits at the phone: he called, answered, hung up, pressed a key."""
    text = word if isinstance(word, str) else word.decode("utf-8", "replace")
    start, _, rest = text.partition("\r\n")
    if start.startswith("SIP/2.0 200"):
        return any(line.lower().startswith("cseq:") and line.endswith("INVITE") for line in rest.split("\r\n"))
    return start.startswith(BY_PERSON)


async def _close(browser: WebSocket, code: int) -> None:
    """The page may be gone already."""
    with suppress(RuntimeError, WebSocketDisconnect):
        await browser.close(code)
