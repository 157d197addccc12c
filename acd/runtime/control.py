"""The control socket: how the command line speaks with the running service.

A Unix socket that only the service's own user may open (mode 0600). One request, one answer, each a line of JSON; the
file permission is the whole of the access control, so nothing here may ever be offered over the network.
"""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import structlog

from acd.model.mendable import Mendable

MAX_LINE: Final = 64 * 1024
"""Bytes of one request or answer of ordinary size; a longer request is refused."""

PATIENCE: Final = 10.0
"""Seconds that somebody who connected may take to put his request."""

LAST_ANSWERS: Final = 1.0
"""Seconds in which a request that is being answered is finished at the end."""
LONGEST_NAME: Final = 107
"""Bytes of a Unix socket's path (unix(7))."""

Answer = dict[str, Any]
Handler = Callable[[Mapping[str, Any]], Awaitable[Answer]]

log = structlog.get_logger()


class ControlError(Mendable):
    """{what went wrong}, for the person at the command line."""


class ServiceNotRunning(ControlError):
    """The service is not running here: nothing answers at {path}."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"the service is not running here: nothing answers at {path}")


class ControlServer:
    """Answers requests ``{"do": name, ...}`` by the handler of that name."""

    def __init__(self, path: Path, handlers: Mapping[str, Handler]) -> None:
        self._path = path
        self._handlers = handlers
        self._server: asyncio.Server | None = None
        self._answering: set[asyncio.Task[Answer]] = set()

    async def start(self) -> None:
        """Open the socket.

        Raises:
            ControlError: another service answers there, or no socket can have that name.
            OSError: somebody else's is there.
        """
        if len(os.fsencode(self._path)) > LONGEST_NAME:
            raise ControlError(f"{self._path}: too long a name for a socket; choose a shorter state folder")
        if await _answers(self._path):
            raise ControlError(f"another service is running: it answers at {self._path}")
        self._path.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(self._serve, self._path, limit=MAX_LINE)
        finally:
            os.umask(before)

    async def stop(self) -> None:
        """Take no more requests; what is being done is finished, in :data:`LAST_ANSWERS` seconds."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._path.unlink(missing_ok=True)
        if self._answering:
            _, late = await asyncio.wait(self._answering, timeout=LAST_ANSWERS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(ConnectionError):
                writer.write(json.dumps(await self._told(reader)).encode() + b"\n")
                await writer.drain()
        finally:
            writer.close()

    async def _told(self, reader: asyncio.StreamReader) -> Answer:
        """The answer to what comes in."""
        try:
            async with asyncio.timeout(PATIENCE):
                line = await reader.readline()
        except TimeoutError:
            return {"error": f"no request within {PATIENCE:g} s"}
        except ValueError:
            return {"error": f"a request may have {MAX_LINE} bytes"}
        answering = asyncio.create_task(self._answer(line), name="control request")
        self._answering.add(answering)
        answering.add_done_callback(self._answering.discard)
        return await answering

    async def _answer(self, line: bytes) -> Answer:
        try:
            request = json.loads(line)
            handler = self._handlers[request["do"]]
        except (ValueError, KeyError, TypeError, RecursionError):
            return {"error": f"no such request: {line[:100].decode(errors='replace')!r}"}
        try:
            return await handler(request)
        except ControlError as error:
            return {"error": str(error)}
        except Exception:
            log.exception("a control request failed", do=request["do"])
            return {"error": "the service could not do that; its log says why"}


async def _answers(path: Path) -> bool:
    try:
        _, writer = await asyncio.open_unix_connection(path)
    except (FileNotFoundError, ConnectionRefusedError):
        return False
    writer.close()
    return True


async def ask(path: Path, do: str, **details: Any) -> Answer:
    """Put one request to the running service.

    Raises:
        ServiceNotRunning: nobody answers.
        ControlError: the service says why not.
        OSError: it is another user's.
    """
    try:
        reader, writer = await asyncio.open_unix_connection(path, limit=16 * 1024 * 1024)
    except (FileNotFoundError, ConnectionRefusedError):
        raise ServiceNotRunning(path) from None
    try:
        writer.write(json.dumps({"do": do, **details}).encode() + b"\n")
        await writer.drain()
        line = await reader.readline()
    except ConnectionError:
        line = b""
    finally:
        writer.close()
    if not line.endswith(b"\n"):
        raise ControlError("the service ended without an answer")
    answer: Answer = json.loads(line)
    if "error" in answer:
        raise ControlError(answer["error"])
    return answer
