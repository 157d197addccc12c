"""The smallest engine there can be, over a bare socket: enough to move callers and to hear what the dialplan says."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

from acd.asterisk.settings import AmiSettings
from sim.lab import Lab

Frame = dict[str, str]

NONCE = "a1b2c3"
PATIENCE = 15.0
"""Seconds that a test waits for what should come at once: the machine may be busy."""


def patient(lab: Lab, patience: float = PATIENCE) -> AmiSettings:
    """The engine's account, more patient than the service: not the machine's load is tested.

    Args:
        patience: seconds that Asterisk may be silent or late.
    """
    return AmiSettings(
        port=lab.ami_port,
        user=lab.ami_user,
        secret=lab.ami_secret,
        action_timeout=patience,
        list_timeout=patience,
        silence=patience,
        stale_after=patience,
    )


class Stub:
    """Logs in on the engine's account, keeps the heartbeat and every event that comes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._answers: asyncio.Queue[Frame] = asyncio.Queue()
        self._changed = asyncio.Event()
        self._turn = asyncio.Lock()
        self.events: list[Frame] = []
        self.bytes = 0
        self.beating = True
        self.beat_at = 0.0
        self.logged_in = asyncio.Event()

    def kill(self) -> None:
        """Be gone at once, as after ``kill -9``."""
        self._writer.transport.abort()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._read())
            group.create_task(self._beat())

    async def _beat(self) -> None:
        await self.logged_in.wait()
        while True:
            if self.beating:
                self.beat_at = time.time()
                await self.setvar("ACD_HB", str(int(time.time())))
            await asyncio.sleep(1)

    async def _read(self) -> None:
        while True:
            raw = await self._reader.readuntil(b"\r\n\r\n")
            frame = parse(raw)
            if "Response" in frame and "Event" not in frame:
                self._answers.put_nowait(frame)
            elif "Event" in frame:
                self.bytes += len(raw)
                self.events.append(frame)
                self._changed.set()

    async def action(self, **fields: str) -> Frame:
        """Actions run strictly one after another, so the next answer is ours."""
        async with self._turn:
            self._writer.write(("".join(f"{key}: {value}\r\n" for key, value in fields.items()) + "\r\n").encode())
            return await asyncio.wait_for(self._answers.get(), PATIENCE)

    async def setvar(self, name: str, value: str, **more: str) -> Frame:
        return await self.action(Action="Setvar", Variable=name, Value=value, **more)

    async def getvar(self, name: str, **more: str) -> str:
        return (await self.action(Action="Getvar", Variable=name, **more)).get("Value", "")

    async def redirect(self, channel: str, context: str, exten: str) -> Frame:
        return await self.action(Action="Redirect", Channel=channel, Context=context, Exten=exten, Priority="start")

    async def event(self, wanted: str, after: int = 0, within: float = PATIENCE, **fields: str) -> Frame:
        """The first event (or UserEvent) of that name with these fields, from number ``after`` on."""
        async with asyncio.timeout(within):
            while True:
                for frame in self.events[after:]:
                    name = frame.get("UserEvent", frame["Event"])
                    if name == wanted and all(frame.get(key) == value for key, value in fields.items()):
                        return frame
                self._changed.clear()
                await self._changed.wait()

    async def arrival(self, number: str) -> str:
        """The Uniqueid of the caller with that number, when he waits on a line."""
        return (await self.event("AcdQueued", Num=number))["Uniqueid"]

    async def state(self, call: str) -> str:
        return await self.getvar("ACD_STATE", Channel=call)

    async def comes_to(self, call: str, state: str) -> None:
        """Until the caller is there. Raises TimeoutError."""
        async with asyncio.timeout(PATIENCE):
            while await self.state(call) != state:  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    async def offer(self, call: str, offer: int, device: str, ring: int = 10) -> None:
        """Move a caller to a phone."""
        answer = await self.redirect(call, "acd-to-connect", f"{offer}*{device}*{ring}")
        assert answer["Response"] == "Success", answer

    async def quiet(self, lab: Lab) -> None:
        """Until every channel has ended."""
        await until(lambda: not lab.channels(), "a channel is left in Asterisk")

    def names(self, channel: str) -> list[str]:
        """What was said about one call, in order."""
        return [
            e.get("UserEvent", e["Event"]) for e in self.events if channel in (e.get("Uniqueid"), e.get("Linkedid"))
        ]


async def until(holds: Callable[[], Any], otherwise: str = "it did not happen") -> None:
    """Ask again and again until it holds. Raises AssertionError."""
    end = time.monotonic() + PATIENCE
    while not await asyncio.to_thread(holds):
        assert time.monotonic() < end, f"{otherwise}, after {PATIENCE:g} s"
        await asyncio.sleep(0.05)


async def unheard(lab: Lab) -> None:
    """Until Asterisk has noticed that the engine's session is gone: what ends before that leaves no note."""
    await until(lambda: lab.ami_user not in lab.cli("manager show connected"), "the session is still there")


def parse(raw: bytes) -> Frame:
    rows = raw.decode("utf-8", "surrogateescape").split("\r\n")
    return {name: value for name, mark, value in (row.partition(": ") for row in rows) if mark or name.endswith(":")}


@contextlib.asynccontextmanager
async def stub(lab: Lab, attempts: int = 3) -> AsyncIterator[Stub]:
    """An engine that is logged in and beats once a second.

    Raises:
        PermissionError: Asterisk refuses the login; it needs a moment to notice that a predecessor is gone.
    """
    engine, work = await _log_in(lab, attempts)
    try:
        yield engine
    finally:
        work.cancel()
        with contextlib.suppress(asyncio.CancelledError, ExceptionGroup):
            await work
        engine.kill()


async def _log_in(lab: Lab, attempts: int) -> tuple[Stub, "asyncio.Task[None]"]:
    reader, writer = await asyncio.open_connection("127.0.0.1", lab.ami_port)
    await reader.readline()
    engine = Stub(reader, writer)
    work = asyncio.create_task(engine.run())
    answer = await engine.action(Action="Login", Username=lab.ami_user, Secret=lab.ami_secret)
    if answer["Response"] == "Success":
        await engine.event("FullyBooted")
        engine.logged_in.set()
        return engine, work
    work.cancel()
    engine.kill()
    if attempts > 1:
        return await _log_in(lab, attempts - 1)
    raise PermissionError(answer["Message"])
