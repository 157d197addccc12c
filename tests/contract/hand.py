"""The engine's hand on a switch: what all stages have in common, whatever they are made of."""

import asyncio
from abc import ABC, abstractmethod

from acd.model import commands as c
from acd.model import facts as f
from acd.ports import Pbx

_LINK_PATIENCE = 60.0
"""Seconds for the link to come up; a real Asterisk may have to boot first."""


class Hand(ABC):
    """An engine that does nothing of its own accord: it beats, listens and sends what it is told to."""

    def __init__(self) -> None:
        self.facts: list[f.Fact] = []
        self._pbx: Pbx | None = None
        self._beating: asyncio.Task[None] | None = None

    @abstractmethod
    def _new_pbx(self) -> Pbx:
        """A fresh engine's way to the switch."""

    async def connect(self) -> None:
        mark = len(self.facts)
        self._pbx = self._new_pbx()
        await self._pbx.start(self.facts.append)
        self._beating = asyncio.create_task(self._beat(self._pbx))
        await self._until_linked(mark)

    async def disconnect(self) -> None:
        self.freeze()
        if self._pbx is not None:
            await self._pbx.stop()
            self._pbx = None
        await self._session_over()

    def freeze(self) -> None:
        if self._beating is not None:
            self._beating.cancel()

    def send(self, command: c.Command) -> None:
        assert self._pbx is not None
        self._pbx.send(command)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def _session_over(self) -> None:
        """Return when the switch has noticed that the engine is gone."""
        await self.sleep(0.01)

    async def _until_linked(self, mark: int) -> None:
        """Return when a ``SwitchSeen`` was told after the first ``mark`` facts."""
        async with asyncio.timeout(_LINK_PATIENCE):
            while not any(isinstance(fact, f.SwitchSeen) for fact in self.facts[mark:]):
                await self.sleep(0.01)

    async def _beat(self, pbx: Pbx) -> None:
        while True:
            pbx.heartbeat()
            await asyncio.sleep(2)
