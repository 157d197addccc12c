"""Never lost, never twice: engines die between any two steps and in the middle of a commit, two live at once, and the
database goes away at each step. Whatever happens, who was promised a call gets it from the automation or is on a
person's list, nobody is rung twice for one attempt, and an attempt of unknown end is not dialled again."""

import asyncio
import itertools
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from acd.callbacks import jobs
from acd.callbacks.memory import MemoryStore, Shelf
from acd.model.callback import AttemptResult, CallbackState
from acd.model.facts import AttemptStored
from acd.model.ids import CallbackId
from acd.ports import PromiseStore
from acd.records import Archive, CallbackStore, upgrade
from tests.callbacks.crashes import TERMS, Fault, World

_S, _R = CallbackState, AttemptResult
Action = tuple[Any, ...]
Opener = Callable[[], PromiseStore]
Attempts = Callable[[], Awaitable[Sequence[AttemptStored]]]

results = st.sampled_from([_R.CONNECTED, _R.BUSY, _R.NO_ANSWER, _R.OPERATOR, _R.WRONG_NUMBER, _R.MACHINE])
actions: st.SearchStrategy[Action] = st.one_of(
    st.just(("call",)),
    st.tuples(st.just("advance"), results),
    st.tuples(st.just("advance"), st.just(_R.CONNECTED)),
    st.tuples(st.just("time"), st.sampled_from([1.0, 1800.0, 3600.0, 4 * 3600.0])),
    st.tuples(st.just("kill"), st.integers(0, 1)),
    st.just(("start",)),
    st.tuples(st.just("fault"), st.sampled_from(Fault)),
)
scripts = st.lists(actions, min_size=4, max_size=24)

DUE: list[Action] = [("call",), ("time", 3600.0)]
"""A promise whose moment has come: it is claimed, and the switch is told."""
WORST: list[list[Action]] = [
    [("call",), ("fault", Fault.DIE_AFTER), ("time", 3600.0), ("start",)],  # between claim and CallBack
    [*DUE, ("kill", 0), ("advance", _R.BUSY), ("advance", _R.BUSY), ("advance", _R.BUSY), ("start",)],  # rung unseen
    [*DUE, *[("advance", _R.CONNECTED)] * 3, ("kill", 0), ("start",), *[("advance", _R.CONNECTED)] * 3],  # taken over
    [("fault", Fault.DIE_AFTER), ("call",), ("start",), ("time", 3600.0)],  # promised, and nobody was told
    [("fault", Fault.AWAY_AFTER), ("call",), ("time", 3600.0), ("advance", _R.BUSY)],  # a commit without an answer
    [("fault", Fault.SLOW), ("call",), ("time", 3600.0), ("advance", _R.BUSY)],  # written too late to be told
    [("call",), ("fault", Fault.SLOW), ("time", 3600.0), ("advance", _R.BUSY)],  # claimed too late
    [("call",), ("start",), ("time", 3600.0), *[("advance", _R.BUSY)] * 5],  # two engines
]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting is of no use here."""
    monkeypatch.setattr(jobs, "PATIENCE", 0.05)
    monkeypatch.setattr(jobs, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr(jobs, "LONGEST_PAUSE", 0.01)


numbers = itertools.count(1)


async def live(script: list[Action], open: Opener, open_attempts: Attempts) -> None:
    world = World(open, open_attempts, next(numbers))
    await world.start()
    for action in script:
        match action:
            case ("call",):
                world.citizen_calls()
            case ("advance", result):
                world.switch.advance(result)
            case ("time", seconds):
                # No phone rings for half an hour: as long as a call is being made, time goes on by little steps.
                world.now += 1.0 if world.switch.alive else seconds
                await world.tick()
            case ("kill", n) if n < len(world.processes):
                world.processes[n].dead = True
            case ("start",) if len(world.processes) < 2:
                await world.start()
            case ("fault", fault):
                world.faults.append(fault)
                continue
            case _:
                continue
        await world.settle()
    try:
        await judge(world)
    finally:
        await world.end()


async def judge(world: World) -> None:
    promises = await world.come_to_rest()
    store = world.processes[0].store
    for call, answers in world.answers.items():
        # Exactly one answer, from the process that was asked.
        assert len(answers) == 1
        (process, stands) = answers[0]
        promise = promises.get(CallbackId(call))
        if stands:
            assert promise is not None, "lost"
        elif process in world.processes:
            assert promise is None, "told no, and promised"
    assert all(p.state in (_S.REACHED, _S.HANDED_OVER) for p in promises.values())
    assert all(p.why for p in promises.values() if p.state is _S.HANDED_OVER)
    assert max(Counter(world.switch.told).values(), default=0) <= 1
    assert not await world.open_attempts()
    for callback, promise in promises.items():
        attempts = {a.attempt: a for a in await store.attempts(callback)}
        rings = world.switch.rings[callback]
        assert {attempt for _, attempt in rings} <= set(attempts), "rung without a claim"
        assert len(rings) == len({attempt for _, attempt in rings}), "rung twice for one attempt"
        assert all(later - earlier >= TERMS.gap for (earlier, _), (later, _) in itertools.pairwise(rings))
        unknown = [a.ended_at for a in attempts.values() if a.result is _R.UNKNOWN]
        assert not unknown or all(at <= min(u for u in unknown if u) for at, _ in rings), "redialled"
        assert len(rings) <= TERMS.attempts
        if not unknown:
            # Who was rung is counted by the note of it, or by how it ended. When the note is lost with its process, a
            # wrong number does not tell: he is handed over either way.
            untold = [a for a in attempts.values() if a.result is _R.WRONG_NUMBER and a.dialled_at is None]
            assert promise.attempts == len(rings) - len(untold)


def run(script: list[Action], open: Opener, open_attempts: Attempts) -> None:
    asyncio.run(asyncio.wait_for(live(script, open, open_attempts), 60))


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(script=scripts)
def test_in_memory(impatient: None, script: list[Action]) -> None:
    shelf = Shelf()

    async def still_open() -> list[AttemptStored]:
        return [
            AttemptStored(a.attempt, a.callback, a.line, a.operator, a.stage)
            for a in shelf.attempts.values()
            if a.ended_at is None
        ]

    run(script, lambda: MemoryStore(shelf), still_open)


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def database(request: pytest.FixtureRequest) -> Iterator[str]:
    fast = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(dir=fast) as folder:
        url = f"sqlite:///{folder}/acd.db"
        if request.param == "postgresql":
            url = request.getfixturevalue("cluster").new_database()
        asyncio.run(upgrade(url))
        yield url


def on(database: str, script: list[Action]) -> None:
    async def still_open() -> Sequence[AttemptStored]:
        archive = Archive(database)
        try:
            return (await archive.restored()).attempts
        finally:
            await archive.close()

    run(script, lambda: CallbackStore(database), still_open)


@pytest.mark.parametrize("script", WORST)
def test_the_worst_moments(impatient: None, database: str, script: list[Action]) -> None:
    on(database, script)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@example(script=WORST[0])
@given(script=scripts)
def test_in_a_database(impatient: None, database: str, script: list[Action]) -> None:
    on(database, script)


@pytest.mark.parametrize("script", WORST)
def test_the_worst_moments_in_memory(impatient: None, script: list[Action]) -> None:
    test_in_memory.hypothesis.inner_test(impatient, script)  # type: ignore[attr-defined]
