"""A promise on the real Asterisk when something dies: the engine at its five worst moments, Asterisk itself, and the
database. No promise is lost, no citizen is rung twice for one attempt, who talks goes on talking, and an end that
nobody saw lies on the human list with its reason."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import pytest

from acd.model.callback import AttemptResult, AttemptStage, CallbackState
from acd.records import upgrade
from sim.lab import Call, Lab, Phone
from sim.lab.service import LabService
from tests.e2e.conftest import all_ended, until
from tests.e2e.gate import Gate
from tests.e2e.promises import QUEUES, Kept, owe, promise_of, promises, short_spoken

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(120)]

DESK = "1001"
HIM = "+32470600001"
QUIET = 1.0
"""Seconds for which no engine runs, or in which nothing more may happen."""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with short_spoken(tmp_path_factory.mktemp("lab")) as lab:
        yield lab


class Stage:
    """The service, behind a gate; the operator's phone and the citizen's, in the hands of the test."""

    def __init__(self, lab: Lab, service: LabService, gate: Gate, desk: Phone, home: Phone) -> None:
        self.lab, self.service, self.gate, self.desk, self.home = lab, service, gate, desk, home

    def shows(self, state: str) -> bool:
        """Whether a caller is there in this state."""
        return any(self.lab.variable(channel.name, "ACD_STATE") == state for channel in self.lab.channels())

    def knows(self, variable: str) -> bool:
        """Whether this is set of a caller."""
        return any(self.lab.variable(channel.name, variable) for channel in self.lab.channels())

    async def owed(self) -> None:
        """A citizen is owed a call, now; the operator is ready."""
        await upgrade(self.service.database)
        await owe(self.service, HIM, time.time())
        await self.service.start()
        await self.service.operator("anna", "login", "ready")

    async def desk_rings(self) -> Call:
        """The operator's phone rings, and that is written down."""
        call = await asyncio.wait_for(self.desk.incoming.get(), 20)
        call.ring()
        await self.reaches(AttemptStage.RINGING)
        return call

    async def home_rings(self) -> tuple[Call, Call]:
        """The operator has picked up, and the citizen's phone rings."""
        at_desk = await self.desk_rings()
        at_desk.answer()
        at_home = await asyncio.wait_for(self.home.incoming.get(), 20)
        at_home.ring()
        await self.reaches(AttemptStage.DIALLED)
        return at_desk, at_home

    async def they_talk(self) -> tuple[Call, Call]:
        at_desk, at_home = await self.home_rings()
        at_home.answer()
        await self.reaches(AttemptStage.TALKING)
        return at_desk, at_home

    async def reaches(self, stage: AttemptStage) -> None:
        async def there() -> bool:
            return (await promise_of(self.service)).attempts[-1].stage is stage

        await until(there, 20, f"the attempt is {stage}")

    async def dies(self) -> None:
        """``kill -9``, and for a while there is no engine."""
        self.service.kill()
        await asyncio.sleep(QUIET)

    async def is_over(self) -> Kept:
        """The only promise, when its only attempt has ended, and all phones are silent. Each was rung once at most."""

        async def ended() -> bool:
            kept = await promise_of(self.service)
            return kept.promise.state is not CallbackState.CLAIMED and all(a.ended_at for a in kept.attempts)

        await until(ended, 30, "the attempt has ended")
        await until(lambda: self.lab.channels() == [], 20, "no channel is left in Asterisk")
        await asyncio.sleep(QUIET)
        assert self.lab.channels() == [], "nobody is rung again"
        kept = await promise_of(self.service)
        assert len(kept.attempts) == 1
        assert len(self.home.calls) == len(kept.rung)
        assert len(self.desk.calls) <= 1
        return kept

    async def lies_on_the_list(self, kept: Kept, why: str) -> None:
        """A person finds it there, with the reason."""
        assert (kept.promise.state, kept.promise.why) == (CallbackState.HANDED_OVER, why)
        [shown] = (await self.service.ask("callbacks"))["callbacks"]
        assert (shown["state"], shown["reason"]) == ("handed_over", why)


@pytest.fixture
async def stage(lab: Lab, tmp_path: Path) -> AsyncIterator[Stage]:
    async with AsyncExitStack() as stack:
        gate = await stack.enter_async_context(Gate(lab.slot.next_port(), lab.ami_port))
        service = LabService(lab, QUEUES, tmp_path, {"ACD_AMI_PORT": str(gate.port)})
        stack.push_async_callback(service.stop)
        desk = await stack.enter_async_context(lab.phone(DESK))
        home = await stack.enter_async_context(lab.partner())
        yield Stage(lab, service, gate, desk, home)
    await until(lambda: lab.channels() == [], 20, "no channel is left in Asterisk")


# --- The engine dies ----------------------------------------------------------------------------------------------


async def accepts(stage: Stage, him: Phone) -> Call:
    """He calls, hears the offer, and says yes to his number and to "as soon as it is calm", but for the last key."""
    call = him.call("3292102010")
    await until(lambda: stage.shows("offer"), 30, "he hears the offer")
    for variable, question in (("ACD_CB_TRIES", "his number"), ("ACD_CB_KEYS", "the moment")):
        await call.digit("1")
        await until(partial(stage.knows, variable), 20, f"he is asked for {question}")
    return call


async def test_between_the_promise_and_the_word_that_it_stands(stage: Stage) -> None:
    async with stage.lab.citizen(HIM) as him:
        await stage.service.start()
        call = await accepts(stage, him)
        stage.gate.hold(b"ACD_CB_ANSWER")
        await call.digit("3")
        await asyncio.wait_for(stage.gate.held.wait(), 20)
        given = await promise_of(stage.service)
        await stage.dies()
        assert not call.ended.is_set(), "he waits for the word"
        await stage.service.start()
        # When the engine is back within 7 s he hears that it stands; otherwise he waits, and hears what he is owed.
        await until(lambda: call.ended.is_set() or stage.shows("offer"), 30, "he hears of his promise")
        if call.ended.is_set():
            assert call.ended_by_us is False
        else:
            await call.digit("1")
            await asyncio.sleep(QUIET)
            await call.hang_up()
        await all_ended(stage.service, 1)
    assert (await promise_of(stage.service)).changes == given.changes, "he was promised one call, once"
    await stage.service.operator("anna", "login", "ready")
    at_desk, at_home = await stage.they_talk()
    await at_home.hang_up()
    await asyncio.wait_for(at_desk.ended.wait(), 20)
    assert (await stage.is_over()).promise.state is CallbackState.REACHED


async def test_between_the_claim_and_the_call(stage: Stage) -> None:
    stage.gate.hold(b"Action: Originate")
    await stage.owed()
    await asyncio.wait_for(stage.gate.held.wait(), 20)
    assert (await promise_of(stage.service)).promise.state is CallbackState.CLAIMED
    await stage.dies()
    await stage.service.start()
    kept = await stage.is_over()
    assert (stage.desk.calls, stage.home.calls) == ([], [])
    assert kept.results == [AttemptResult.UNKNOWN]
    await stage.lies_on_the_list(kept, "unknown")


async def test_while_the_operators_phone_rings(stage: Stage) -> None:
    await stage.owed()
    at_desk = await stage.desk_rings()
    await stage.dies()
    assert not at_desk.ended.is_set(), "it rings on"
    await stage.service.start()
    at_desk.answer()
    at_home = await asyncio.wait_for(stage.home.incoming.get(), 20)
    at_home.answer()
    await stage.reaches(AttemptStage.TALKING)
    await at_home.hang_up()
    kept = await stage.is_over()
    assert (kept.promise.state, kept.results) == (CallbackState.REACHED, [AttemptResult.CONNECTED])


async def test_while_the_citizens_phone_rings(stage: Stage) -> None:
    await stage.owed()
    _, at_home = await stage.home_rings()
    await stage.dies()
    assert not at_home.ended.is_set(), "it rings on"
    await stage.service.start()
    at_home.answer()
    await stage.reaches(AttemptStage.TALKING)
    await at_home.hang_up()
    kept = await stage.is_over()
    assert (kept.promise.state, kept.results) == (CallbackState.REACHED, [AttemptResult.CONNECTED])


async def test_while_the_citizens_phone_rings_and_he_does_not_take_it(stage: Stage) -> None:
    await stage.owed()
    at_desk, at_home = await stage.home_rings()
    stage.service.kill()
    at_home.reject(486)
    await asyncio.wait_for(at_desk.ended.wait(), 20)
    await stage.service.start()
    kept = await stage.is_over()
    assert kept.results == [AttemptResult.UNKNOWN]
    assert kept.promise.attempts == 1, "his phone was rung"
    await stage.lies_on_the_list(kept, "unknown")


async def test_while_they_talk(stage: Stage) -> None:
    await stage.owed()
    at_desk, at_home = await stage.they_talk()
    await stage.dies()
    await stage.service.start()
    await asyncio.sleep(QUIET)
    assert not at_desk.ended.is_set() and not at_home.ended.is_set(), "they talk on"
    [anna] = (await stage.service.ask("status"))["operators"]
    assert anna["state"] == "in_call"
    await at_desk.hang_up()
    kept = await stage.is_over()
    assert (kept.promise.state, kept.results) == (CallbackState.REACHED, [AttemptResult.CONNECTED])


async def test_they_talk_and_hang_up_while_no_engine_runs(stage: Stage) -> None:
    await stage.owed()
    _, at_home = await stage.they_talk()
    stage.service.kill()
    await at_home.hang_up()
    await stage.service.start()
    kept = await stage.is_over()
    assert (kept.promise.state, kept.results) == (CallbackState.REACHED, [AttemptResult.CONNECTED])


# --- The engine is stopped in good order: at its upgrade --------------------------------------------------------


async def test_a_claim_that_is_being_written_at_the_stop_is_given_back(stage: Stage) -> None:
    """Nobody was rung: the next engine calls him, and no person has to find out."""
    await upgrade(stage.service.database)
    await owe(stage.service, HIM, time.time())
    await stage.service.start()
    await stage.service.operator("anna", "login")
    locked = sqlite3.connect(stage.service.state / "acd.db", isolation_level=None)
    locked.execute("BEGIN IMMEDIATE")
    await stage.service.operator("anna", "ready")
    await until(partial(is_reserved, stage.service), 20, "the promise is being claimed")
    stop = asyncio.create_task(stage.service.stop())
    await asyncio.sleep(QUIET / 2)
    locked.close()
    await stop
    kept = await promise_of(stage.service)
    assert kept.promise.state is CallbackState.OPEN
    # Nothing at all when the machine was so slow that the claim was too late to be begun.
    assert kept.results in ([AttemptResult.OPERATOR], [])
    assert (stage.desk.calls, stage.home.calls) == ([], [])
    await stage.service.start()
    _, at_home = await stage.they_talk()
    await at_home.hang_up()

    async def reached() -> bool:
        return (await promise_of(stage.service)).promise.state is CallbackState.REACHED

    await until(reached, 20, "the promise is kept")
    assert len(stage.home.calls) == 1


async def is_reserved(service: LabService) -> bool:
    return [one["state"] for one in (await service.ask("status"))["operators"]] == ["reserved"]


@pytest.mark.parametrize("moment", ["the operator's phone rings", "the citizen's phone rings"])
async def test_who_is_being_called_at_the_stop_is_taken_over_by_the_next_engine(stage: Stage, moment: str) -> None:
    await stage.owed()
    if moment == "the operator's phone rings":
        at_desk = await stage.desk_rings()
        await stage.service.stop()
        await stage.service.start()
        at_desk.answer()
        at_home = await asyncio.wait_for(stage.home.incoming.get(), 20)
    else:
        at_desk, at_home = await stage.home_rings()
        await stage.service.stop()
        assert not at_home.ended.is_set(), "it rings on"
        await stage.service.start()
    at_home.answer()
    await stage.reaches(AttemptStage.TALKING)
    await at_home.hang_up()
    kept = await stage.is_over()
    assert (kept.promise.state, kept.results) == (CallbackState.REACHED, [AttemptResult.CONNECTED])


# --- The database is away -----------------------------------------------------------------------------------------


async def test_without_a_database_nothing_is_promised_and_he_keeps_his_place(stage: Stage) -> None:
    async with stage.lab.citizen(HIM) as him:
        await stage.service.start()
        call = await accepts(stage, him)
        locked = sqlite3.connect(stage.service.state / "acd.db", isolation_level=None)
        locked.execute("BEGIN EXCLUSIVE")
        await call.digit("3")
        await until(lambda: stage.shows("wait"), 20, "he has heard that it did not work, and waits")
        assert not call.ended.is_set()
        # He is served as ever.
        await stage.service.operator("anna", "login", "ready")
        at_desk = await asyncio.wait_for(stage.desk.incoming.get(), 20)
        at_desk.ring()
        at_desk.answer()
        await asyncio.sleep(QUIET)
        locked.close()
        await call.hang_up()
        [row] = await all_ended(stage.service, 1)
    assert row.outcome == "answered"
    await asyncio.sleep(QUIET)
    assert await promises(stage.service) == [], "he was told no, so he is owed nothing"
    assert stage.home.calls == []


# --- Asterisk dies: the last tests on this one -------------------------------------------------------------------


async def asterisk_dies(stage: Stage) -> None:
    await asyncio.to_thread(stage.lab.kill)
    await asyncio.to_thread(stage.lab.resume)
    for call in (*stage.desk.calls, *stage.home.calls):
        call.over(by_us=False)
    await stage.desk.register()

    async def linked() -> bool:
        return bool((await stage.service.ask("status"))["linked"])

    await until(linked, 30, "the engine has found Asterisk again")


async def test_asterisk_dies_while_the_citizens_phone_rings(stage: Stage) -> None:
    await stage.owed()
    await stage.home_rings()
    await asterisk_dies(stage)
    kept = await stage.is_over()
    assert kept.results == [AttemptResult.UNKNOWN]
    await stage.lies_on_the_list(kept, "unknown")


async def test_asterisk_dies_while_they_talk(stage: Stage) -> None:
    await stage.owed()
    await stage.they_talk()
    await asterisk_dies(stage)
    kept = await stage.is_over()
    assert (kept.promise.state, kept.results) == (CallbackState.REACHED, [AttemptResult.CONNECTED])
