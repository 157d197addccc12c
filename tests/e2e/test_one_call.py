"""Single calls through the whole product: number, menu, line, operator, records; and what a supervisor switches."""

import asyncio
import os
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from acd.config import City
from acd.records import CallRow
from sim.lab import Habit, Lab, Phone
from sim.lab.service import LabService
from sim.lab.stalls import Stalls
from tests.e2e.conftest import HERE, QUEUES, SPEAKS, compiled, records, until

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(120)]
ANSWERS = Habit(after=0.1)
EXPECTED = (
    "acd/",  # No prompts are rendered here: a missing sound costs the caller that sentence and nothing more.
    "invalid URI",  # A phone that is not registered.
    "create outgoing session",
    "Invalid interface or queue",  # A new skill: the fallback queue knows it after "acd dialplan build".
)


@pytest.fixture(scope="module")
def menus(city: City, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The city's own, but that a caller who presses nothing stays in the menu."""
    folder = tmp_path_factory.mktemp("patient")
    shutil.copytree(HERE / "flows", folder / "flows")
    main = folder / "flows/gentinfo.yaml"
    main.write_text(main.read_text().replace("timeout: 3\n", "timeout: 60\n"))
    return compiled(city, folder / "flows", folder / "compiled")


@pytest.fixture(scope="module")
def lab(city: City, menus: str) -> Iterator[Lab]:
    with Lab(city.policy, dialplan=menus) as lab:
        yield lab
        assert lab.complaints(EXPECTED) == []


@pytest.fixture
async def service(lab: Lab, tmp_path: Path) -> AsyncIterator[LabService]:
    queues = tmp_path / "queues.yaml"
    shutil.copy(QUEUES, queues)
    async with LabService(lab, queues, tmp_path / "state") as service:
        yield service
    await until(lambda: lab.channels() == [], 20, "no channel is left")


async def menu_asks(lab: Lab) -> None:
    await until(lambda: any(channel.app == "Read" for channel in lab.channels()), 20, "the menu asks")


async def answers(phone: Phone, why: str) -> None:
    """Its first call."""
    await until(lambda: phone.calls != [] and phone.calls[0].answered_at is not None, 20, why)


async def waits(service: LabService) -> None:
    await is_(service, "waiting", 1)


async def is_(service: LabService, what: str, count: int) -> None:
    """So many calls are waiting, or talking."""

    async def so() -> bool:
        return bool((await service.ask("status"))[what] == count)

    await until(so, 20, f"{count} {what}")


async def only_call(service: LabService, number: str) -> CallRow:
    """The one call of this caller, once it has ended."""
    found: list[CallRow] = []

    async def ended() -> bool:
        found[:] = [row for row in await records(service) if row.number == number and row.ended_at is not None]
        return bool(found)

    await until(ended, 20, f"the call of {number} is recorded as ended")
    [row] = found
    return row


async def test_a_menu_choice_leads_to_an_operator_with_that_skill(lab: Lab, service: LabService) -> None:
    async with (
        lab.phone("1003", ANSWERS) as cato,
        lab.phone("1001", ANSWERS) as anna,
        lab.citizen("+3291110001") as him,
    ):
        await service.operator("cato", "login", "ready")
        await service.operator("anna", "login", "ready")
        call = him.call("3292101010")
        await menu_asks(lab)
        await call.digit("2")
        await answers(cato, "cato serves the LEZ-lijn")
        assert anna.calls == []
        await asyncio.sleep(SPEAKS)
        await call.hang_up()
        row = await only_call(service, "+3291110001")
    assert (row.outcome, row.line, row.operator, row.did) == ("answered", "lez", "cato", "3292101010")
    assert row.path is not None
    assert "kies" in row.path.split(">"), "the path through the menu is kept"


@pytest.mark.parametrize(
    ("number", "did", "does", "outcome"),
    [
        ("+3291110002", "3292101019", None, "closed"),
        ("+3291110003", "3292101010", "hangs up", "left_menu"),
        ("+3291110004", "3292101010", "9", "informed"),
        ("+3291110005", "3292101011", "hangs up", "abandoned_short"),
    ],
)
async def test_a_call_that_reaches_nobody_leaves_a_record_too(
    lab: Lab, service: LabService, number: str, did: str, does: str | None, outcome: str
) -> None:
    async with lab.citizen(number) as him:
        call = him.call(did)
        if outcome in ("left_menu", "informed"):
            await menu_asks(lab)
        elif outcome == "abandoned_short":
            await waits(service)
        if does == "hangs up":
            await asyncio.sleep(0.5)
            await call.hang_up()
        elif does is not None:
            await call.digit(does)
        row = await only_call(service, number)
    assert row.outcome == outcome


async def test_who_is_not_ready_is_not_rung_and_ready_takes_the_waiting_caller(lab: Lab, service: LabService) -> None:
    async with lab.phone("1002", ANSWERS) as bram, lab.citizen("+3291110006") as him:
        await service.operator("bram", "login")
        await service.operator("bram", "ready", "pause", reason="lunch")
        placed, call = time.time(), him.call("3292101011")
        await waits(service)
        seen = time.time()
        await asyncio.sleep(1.0)
        assert bram.calls == []
        ready = time.time()
        await service.operator("bram", "ready")
        await answers(bram, "bram is rung")
        await is_(service, "talking", 1)
        answered = time.time()
        await asyncio.sleep(SPEAKS)
        await call.hang_up()
        row = await only_call(service, "+3291110006")
    assert row.outcome == "answered"
    assert row.waited is not None
    assert ready - seen <= row.waited <= answered - placed


async def test_a_reload_brings_a_new_skill_without_a_restart(lab: Lab, service: LabService, tmp_path: Path) -> None:
    async with lab.phone("1001", ANSWERS) as anna, lab.citizen("+3291110007") as him:
        await service.operator("anna", "login", "ready")
        call = him.call("3292101011")
        await waits(service)
        await asyncio.sleep(0.5)
        assert anna.calls == [], "anna does not serve the Sportlijn"
        queues = tmp_path / "queues.yaml"
        queues.write_text(
            queues.read_text().replace(
                "device: 1001, lines: {gentinfo: 1}", "device: 1001, lines: {gentinfo: 1, sportlijn: 1}"
            )
        )
        answer = await service.ask("reload")
        assert any("anna" in change for change in answer["changes"])
        await answers(anna, "anna has learnt it")
        await asyncio.sleep(SPEAKS)
        await call.hang_up()
        await only_call(service, "+3291110007")


async def test_draining_refuses_new_callers_and_serves_those_inside(lab: Lab, service: LabService) -> None:
    async with AsyncExitStack() as stack:
        bram = await stack.enter_async_context(lab.phone("1002", ANSWERS))
        inside, late = [await stack.enter_async_context(lab.citizen(f"+329111001{n}")) for n in range(2)]
        waiting = inside.call("3292101011")
        await waits(service)
        command = [sys.executable, "-m", "acd", "drain", "--then", f"{sys.executable} -c pass", "--patience", "30"]
        drain = await asyncio.create_subprocess_exec(
            *command,
            env=os.environ | {"ACD_STATE": str(service.state)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

        async def draining() -> bool:
            return bool((await service.ask("status"))["draining"])

        await until(draining, 20, "new callers are refused")
        refused = late.call("3292101011")
        await asyncio.wait_for(refused.ended.wait(), 20)
        await service.operator("bram", "login", "ready")
        await answers(bram, "who was inside is served")
        await asyncio.sleep(SPEAKS)
        await waiting.hang_up()
        output, _ = await asyncio.wait_for(drain.communicate(), 30)
        assert drain.returncode == 0, output
        assert b"new callers are taken" in output
        assert not await draining()
        assert (await only_call(service, "+3291110010")).outcome == "answered"
        assert (await only_call(service, "+3291110011")).outcome == "refused"


async def test_a_frozen_engine_is_noticed_and_takes_over_again_when_it_thaws(lab: Lab, service: LabService) -> None:
    async with lab.phone("1002", Habit(after=0.1, talk=1.0)) as bram, lab.citizen("+3291110012") as him:
        await service.operator("bram", "login", "ready")
        with Stalls() as stalls:
            service.freeze()
            frozen_at = time.time()
            first = him.call("3292101011")
            await answers(bram, "the fallback serves him")
            took = time.time() - frozen_at - stalls.between(frozen_at, time.time())
        assert took < 9.0
        await asyncio.wait_for(first.ended.wait(), 20)
        service.thaw()
        await until(service.linked, 20, "it has woken up")
        second = him.call("3292101011")
        await until(lambda: len(bram.calls) == 2 and bram.calls[1].answered_at is not None, 20, "the engine is back")
        await asyncio.wait_for(second.ended.wait(), 20)

        async def both() -> bool:
            return [row.outcome for row in await records(service)] == ["answered", "answered"]

        await until(both, 20, "both are recorded as answered")
        rows = await records(service)
        assert [row.fallback for row in rows] == [True, False]


async def test_why_it_went_there_can_be_read(lab: Lab, service: LabService) -> None:
    async with lab.phone("1002", ANSWERS) as bram, lab.citizen("+3291110013") as him:
        await service.operator("bram", "login", "ready")
        call = him.call("3292101011")
        await answers(bram, "bram serves him")
        await asyncio.sleep(SPEAKS)
        await call.hang_up()
        row = await only_call(service, "+3291110013")
    done = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "acd",
        "calls",
        row.call,
        env=os.environ | {"ACD_STATE": str(service.state)},
        stdout=subprocess.PIPE,
    )
    story, _ = await done.communicate()
    assert b"bram: the only idle operator of the line" in story
