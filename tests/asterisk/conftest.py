"""A tiny Asterisk and an adapter on it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from typing import Any, TypeVar

import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict

from acd.asterisk import AmiSettings, AsteriskPbx
from acd.model import facts as f
from acd.model.ids import Device
from sim.loop_time import VirtualLoop
from tests.asterisk.fake import FakeAsterisk, fake_asterisk

T = TypeVar("T")

PATIENCE = 20.0
"""Seconds that a test waits for what should come at once."""


class Desk:
    """The adapter under test, and the facts that it has told. It is patient: a machine that stands still for some
    seconds must not look like an Asterisk that does. What is about its patience says how long it is."""

    def __init__(self, fake: FakeAsterisk) -> None:
        self.fake = fake
        self.facts: list[f.Fact] = []
        self.devices = [Device("1001"), Device("1002")]
        self.settings = AmiSettings(
            port=fake.port,
            secret=fake.secret,
            action_timeout=PATIENCE,
            list_timeout=PATIENCE,
            silence=PATIENCE,
            stale_after=PATIENCE,
            ping_every=0.05,
            retry_first=0.01,
            retry_most=0.05,
            retry_in_use=0.02,
            retry_refused=0.05,
        )
        self.pbx: AsteriskPbx

    async def start(self, **settings: Any) -> "Desk":
        """Start, and wait for the first ``SwitchSeen``."""
        await self.begin(**settings)
        await self.until(lambda: self.seen)
        return self

    async def begin(self, **settings: Any) -> "Desk":
        """Start, and wait for nothing."""
        self.settings = replace(self.settings, **settings)
        self.pbx = AsteriskPbx(self.settings, lambda: self.devices)
        await self.pbx.start(self.facts.append)
        return self

    @property
    def seen(self) -> list[f.SwitchSeen]:
        return self.of(f.SwitchSeen)

    def of(self, kind: type[T]) -> list[T]:
        return [fact for fact in self.facts if isinstance(fact, kind)]

    async def until(self, condition: Callable[[], Any]) -> None:
        """Let the loop run until the condition holds."""
        async with asyncio.timeout(PATIENCE):
            while not condition():  # noqa: ASYNC110
                await asyncio.sleep(0.001)

    async def answered(self) -> None:
        """Let everything sent so far be carried out, and told."""
        count = self.fake.names().count("Ping")
        await self.until(lambda: self.fake.names().count("Ping") >= count + 2)


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[EventDict]]:
    """What was logged."""
    with capture_logs() as entries:
        yield entries


@pytest.fixture
async def fake() -> AsyncIterator[FakeAsterisk]:
    async with fake_asterisk() as server:
        yield server


@pytest.fixture
async def desk(fake: FakeAsterisk) -> AsyncIterator[Desk]:
    desk = Desk(fake)
    yield desk
    await desk.pbx.stop()


def in_virtual_time(story: Callable[[Desk, FakeAsterisk], Awaitable[None]]) -> None:
    """Run a story in which waiting takes no time, and how long it was is exact: ``loop.time()`` tells."""

    async def told() -> None:
        async with fake_asterisk() as fake:
            desk = Desk(fake)
            try:
                await story(desk, fake)
            finally:
                await desk.pbx.stop()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(told())
