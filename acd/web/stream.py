"""Server-Sent Events: streams that end with their connection and with the session of whoever looks."""

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import Final

from fastapi import Request
from fastapi.responses import StreamingResponse
from starlette.types import Send

from acd.model.mendable import Mendable

SESSION_CHECK: Final = 15.0
"""Seconds between two looks at whether the session of an open page still counts."""


async def while_signed_in(request: Request, messages: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """The stream, until the session ends. A database that is away for a while ends nothing."""
    async with aclosing(messages):
        looked = time.monotonic()
        async for message in messages:
            yield message
            if time.monotonic() - looked < SESSION_CHECK:
                continue
            looked = time.monotonic()
            with suppress(Mendable):
                if await request.app.state.door.session(request.session["token"], person=False) is None:
                    return


class EventStream(StreamingResponse):
    """A stream whose generator ends together with the connection, not when the garbage is collected."""

    media_type = "text/event-stream"

    def __init__(self, messages: AsyncGenerator[bytes, None]) -> None:
        # The header keeps a proxy in front from collecting pictures.
        super().__init__(messages, headers={"X-Accel-Buffering": "no"})
        self._messages = messages

    async def stream_response(self, send: Send) -> None:
        async with aclosing(self._messages):
            await super().stream_response(send)
