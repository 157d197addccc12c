"""A small city that calls back, on a real Asterisk, and what its records say of the promises."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from acd.config import load
from acd.ivr.catalogue import NEEDED
from acd.ivr.spoken import spoken
from acd.model.callback import OWED, AttemptResult, CallbackState, Window
from acd.model.ids import CallbackId, CallId, LineId
from acd.model.promise import Attempt, Change, Promise
from acd.records import CallbackStore
from sim.lab import Lab
from sim.lab.service import LabService
from tests.e2e.conftest import HERE, compiled, sounding

QUEUES: Final = HERE / "promise/city.yaml"
FLOWS: Final = HERE / "promise/flows"
QUESTION: Final = 6.0
"""Seconds that the first question takes: its key may come from its first word until 4 s after its last."""
EXPLAINED: Final = (
    "res_musiconhold.c: Failed to write frame",  # A caller hung up as the music began.
)
"""Complaints of Asterisk that belong to the stories here."""


@contextmanager
def short_spoken(folder: Path) -> Iterator[Lab]:
    """The city's Asterisk with prompts of a tenth of a second, but for the first question."""
    prompts = (*(id for id in NEEDED if id.startswith("cb-")), "invalid-key", "fallback", *spoken("nl"))
    tones = dict.fromkeys(prompts, 0.1) | {"cb-offer": QUESTION}
    with sounding(load(QUEUES), FLOWS, folder, tones) as lab:
        yield lab
        assert lab.complaints(EXPLAINED) == []


@contextmanager
def city_lab(folder: Path, sounds: Path) -> Iterator[Lab]:
    city = load(QUEUES)
    with Lab(city.policy, dialplan=compiled(city, FLOWS, folder / "flows"), sounds=sounds) as lab:
        yield lab


@dataclass(frozen=True)
class Kept:
    """All that the records know of one promise."""

    promise: Promise
    number: str
    attempts: list[Attempt] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)

    @property
    def rung(self) -> list[Attempt]:
        """Those in which the citizen's phone was rung."""
        return [attempt for attempt in self.attempts if attempt.dialled_at is not None]

    @property
    def results(self) -> list[AttemptResult | None]:
        return [attempt.result for attempt in self.attempts]


@asynccontextmanager
async def store_of(service: LabService) -> AsyncIterator[CallbackStore]:
    store = CallbackStore(service.database)
    try:
        yield store
    finally:
        await store.close()


async def promises(service: LabService) -> list[Kept]:
    """Every promise, given first first."""
    async with store_of(service) as store:
        return [
            Kept(
                promise,
                (await store.numbers([promise.callback])).get(promise.callback, ""),
                await store.attempts(promise.callback),
                await store.changes(promise.callback),
            )
            for promise in (await store.promises())[::-1]
        ]


async def promise_of(service: LabService) -> Kept:
    """The only one there is."""
    [kept] = await promises(service)
    return kept


async def owe(service: LabService, number: str, now: float, line: str = "terugbel") -> None:
    """Promise a call, the moment of which has come. The database is there."""
    call = f"{now - 3600:.0f}.1"
    wanted = Promise(
        callback=CallbackId(call),
        line=LineId(line),
        call=CallId(call),
        language="nl",
        promised_at=now - 3600,
        start_at=now - 1800,
        end_at=now + 1800,
        deadline=now + 86_400,
    )
    async with store_of(service) as store:
        await store.book(wanted, number)


def in_good_hands(promise: Promise) -> bool:
    """No longer owed; or it has a moment to come before its deadline, or a reason for which a person has it."""
    if promise.state not in OWED:
        return promise.closed_at is not None
    if promise.state is CallbackState.HANDED_OVER:
        return bool(promise.why)
    window = Window(promise.start_at, promise.end_at)
    return promise.state is CallbackState.OPEN and window.start < window.end <= promise.deadline
