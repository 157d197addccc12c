"""Two real Asterisk servers under one engine, with a real Kamailio in front of them."""

import asyncio
import json
import re
import shutil
import sys
import time
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from acd.config import City
from acd.model.ids import CallId, server_of
from acd.records import Archive, CallRow
from sim.lab import Habit, Lab, Phone
from sim.lab.call import Call
from sim.lab.proxy import PROXY_HOST, Kamailio, introduce
from sim.lab.service import LabService
from sim.lab.sip import uri_of
from sim.lab.sipp import Farm
from sim.lab.stalls import Stalls
from tests.e2e.conftest import HERE, PROMPTS, QUEUES, all_ended, records, until

pytestmark = [pytest.mark.alone, pytest.mark.asterisk, pytest.mark.timeout(240)]

SPORT = "3292101011"
"""Leads straight to the line of bram (1002), dirk (1004) and faas (1006)."""
ANSWERS = Habit(after=0.1)
ANSWERED = 5.0
"""Seconds after which a caller is answered, also if his server has just died."""


@pytest.fixture(scope="module")
def labs(city: City, menus: str) -> Iterator[tuple[Lab, Lab]]:
    trunk = (PROXY_HOST, "127.0.0.2")
    a = Lab(city.policy, dialplan=menus, server="a", host="127.0.0.11", trunk_hosts=trunk, qualify=2)
    b = Lab(city.policy, dialplan=menus, server="b", host="127.0.0.12", trunk_hosts=trunk, qualify=2)
    introduce(a, b)
    with a, b:
        yield a, b


@pytest.fixture
def a(labs: tuple[Lab, Lab]) -> Lab:
    return labs[0]


@pytest.fixture
def b(labs: tuple[Lab, Lab]) -> Lab:
    return labs[1]


@pytest.fixture(scope="module")
def front(labs: tuple[Lab, Lab], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kamailio]:
    with Kamailio(labs, tmp_path_factory.mktemp("kamailio")) as front:
        yield front


@pytest.fixture
async def service(a: Lab, b: Lab, tmp_path: Path) -> AsyncIterator[LabService]:
    servers = json.dumps({lab.server: f"127.0.0.1:{lab.ami_port}" for lab in (a, b)})
    # The servers live on over the tests: the calls of one test are no gap in the records of the next.
    settings = {"ACD_SERVERS": servers, "ACD_CEL": str(tmp_path / "none.csv")}
    async with LabService(a, QUEUES, tmp_path / "state", settings) as service:
        await until(lambda: all_live(service), 30, "both servers are seen")
        yield service
    for lab in (a, b):
        await until(lambda lab=lab: lab.channels() == [], 20, f"no channel is left on {lab.server}")  # type: ignore[misc]


async def all_live(service: LabService) -> bool:
    return all(one["link"] == "live" for one in (await service.ask("servers"))["servers"])


async def said_of_servers(service: LabService) -> tuple[str, str]:
    """What a monitor is told of them all: state and why."""
    url = (await service.ask("status"))["web"]
    async with httpx.AsyncClient() as monitor:
        checks = (await monitor.get(f"{url}/readyz")).json()["checks"]
    [(state, why)] = [(check["state"], check["why"]) for check in checks if check["name"] == "servers"]
    return state, why


async def state_of(service: LabService, operator: str) -> str:
    found: list[dict[str, Any]] = (await service.ask("status"))["operators"]
    return next(str(one["state"]) for one in found if one["operator"] == operator)


async def is_(service: LabService, operator: str, state: str) -> None:
    async def so() -> bool:
        return await state_of(service, operator) == state

    await until(so, 20, f"{operator} is {state}")


async def waiting(service: LabService, count: int) -> None:
    async def so() -> bool:
        return bool((await service.ask("status"))["waiting"] == count)

    await until(so, 20, f"{count} wait")


async def talks(phone: Phone, number: str) -> Call:
    """This phone's call with that citizen, once it is answered."""
    await until(lambda: bool(with_(phone, number)), 20, f"{phone.user} speaks with {number}")
    return with_(phone, number)[-1]


def with_(phone: Phone, number: str) -> list[Call]:
    return [call for call in phone.calls if caller(call) == number and call.answered_at and not call.ended.is_set()]


def caller(call: Call) -> str:
    return uri_of(call.remote).removeprefix("sip:").split("@")[0]


def refuses(lab: Lab) -> bool:
    """It tells the proxy to take new calls elsewhere."""
    return lab.globals().get("ACD_ELSEWHERE") == "1"


async def command(service: LabService, *words: str, **settings: str) -> tuple[int | None, str]:
    """``acd`` with these words, beside the service: how it ended, and what it said."""
    begun = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "acd", *words, env=service.environment | settings, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await begun.communicate()
    return begun.returncode, said.decode()


async def row_of(service: LabService, number: str) -> CallRow:
    found: list[CallRow] = []

    async def ended() -> bool:
        found[:] = [row for row in await records(service) if row.number == number and row.ended_at is not None]
        return bool(found)

    await until(ended, 30, f"the call of {number} is recorded as ended")
    [row] = found
    return row


async def test_callers_of_both_servers_are_served_in_the_order_in_which_they_came(
    a: Lab, b: Lab, front: Kamailio, service: LabService, tmp_path: Path
) -> None:
    """One operator, whose phone is at b."""
    names = [f"caller-{number}" for number in range(1, 9)]
    with Farm(a, tmp_path / "sipp", front.address) as farm:
        async with b.phone("1004", Habit(after=0.05, talk=0.2)) as dirk:
            for number, name in enumerate(names, 1):
                farm.citizens(name, SPORT, prefix=f"+3247{number}", count=1, rate=1)
                await waiting(service, number)
            await service.operator("dirk", "login", "ready")
            await until(lambda: farm.done(*names), 60, "all eight were served")
            farm.wait(*names, seconds=1)
    rows = sorted(await records(service), key=lambda row: row.arrived_at)
    assert [row.outcome for row in rows] == ["answered"] * 8
    assert {server_of(CallId(row.call)) for row in rows} == {"a", "b"}, "the proxy uses both"
    assert [caller(call) for call in dirk.calls] == [row.number for row in rows], "in order, each rung once"
    for one, two in zip(dirk.calls, dirk.calls[1:], strict=False):
        assert one.ended_at is not None
        assert one.ended_at <= two.invited_at, "one ring at a time"


async def test_an_operator_at_the_other_server_holds_and_passes_on_as_at_his_own(
    a: Lab, b: Lab, service: LabService
) -> None:
    async with a.citizen("+3291110001") as him, b.phone("1004", ANSWERS) as dirk, a.phone("1002", ANSWERS) as bram:
        await service.operator("dirk", "login", "ready")
        him.call(SPORT)
        with_dirk = await talks(dirk, "+3291110001")
        await is_(service, "dirk", "in_call")
        await with_dirk.hold()
        await until(lambda: held(service), 20, "the hold is known")
        await with_dirk.hold(on=False)
        # A new engine finds them speaking, although the phone is at another server than the call.
        service.kill()
        await service.start()
        await until(lambda: all_live(service), 30, "both servers are seen")
        await is_(service, "dirk", "in_call")
        await with_dirk.refer("1002")
        with_bram = await talks(bram, "+3291110001")
        await is_(service, "dirk", "available")
        await service.operator("dirk", "pause", reason="lunch")
        # And back over to b, by a phone of a.
        await with_bram.refer("1004")
        await until(lambda: len(dirk.calls) == 2 and dirk.calls[1].answered_at is not None, 20, "dirk has him again")
        await dirk.calls[1].hang_up()
        row = await row_of(service, "+3291110001")
    assert (row.outcome, row.operator) == ("answered", "dirk")


async def held(service: LabService) -> bool:
    archive = Archive(service.database)
    try:
        return "CallHeld" in [type(event).__name__ async for event in archive.events_since(0.0)]
    finally:
        await archive.close()


FAILURES = (
    (Habit(after=0.1, code=486), "busy"),
    (Habit(after=0.1, code=603), "rejected"),
    (Habit(after=0.1, code=480), "rejected"),
    (Habit(after=0.1, code=503), "fault"),
    (Habit(ring=False, code=None), None),
)


async def test_a_phone_at_the_other_server_fails_for_its_own_reason(a: Lab, b: Lab, service: LabService) -> None:
    """And the next takes the caller, of whom the first one's phone is free."""
    async with a.citizen("+3291110002") as him, b.phone("1004") as dirk, a.phone("1002", ANSWERS) as bram:
        await service.operator("dirk", "login", "ready")
        await service.operator("bram", "login")
        for habit, reason in FAILURES:
            dirk.habit = habit
            rung = len(dirk.calls)
            await service.operator("dirk", "ready")
            call = him.call(SPORT)
            await until(lambda rung=rung: len(dirk.calls) == rung + 1, 20, "dirk is rung")  # type: ignore[misc]
            await is_(service, "dirk", "unreachable" if reason is None else "not_ready")
            assert await reason_of(service, "dirk") == reason
            await service.operator("bram", "ready")
            await talks(bram, "+3291110002")
            await service.operator("bram", "pause", reason="lunch")
            await call.hang_up()
            await is_(service, "bram", "not_ready")


async def reason_of(service: LabService, operator: str) -> str | None:
    found: list[dict[str, Any]] = (await service.ask("status"))["operators"]
    reason: str | None = next(one["reason"] for one in found if one["operator"] == operator)
    return reason


async def test_a_server_that_dies_takes_its_own_calls_only_and_comes_back(
    a: Lab, b: Lab, front: Kamailio, service: LabService, tmp_path: Path
) -> None:
    async with (
        a.citizen("+3291110011") as one,
        a.citizen("+3291110012") as two,
        b.citizen("+3291110013") as three,
        b.citizen("+3291110014") as four,
        a.phone("1002", ANSWERS) as bram,
    ):
        dirk = await b.phone("1004", ANSWERS).__aenter__()
        await service.operator("bram", "login", "ready")
        talk = one.call(SPORT)
        with_bram = await talks(bram, "+3291110011")
        await service.operator("dirk", "login", "ready")
        lost = three.call(SPORT)
        await talks(dirk, "+3291110013")
        waits, lost_too = two.call(SPORT), four.call(SPORT)
        await waiting(service, 2)

        b.kill()
        killed = time.time()
        await is_(service, "dirk", "in_call")  # Whether his talk is over nobody knows yet.
        assert (await service.ask("status"))["linked"]
        with Farm(a, tmp_path / "sipp", front.address) as farm, Stalls() as stalls:
            # The proxy has not noticed, or has: the carrier's callers hear nothing of it.
            farm.citizens("late", SPORT, prefix="+32472", count=3, rate=2, hold=4.0)
            await until(lambda: len(farm.stories().citizens) == 3, 30, "every caller is answered, by a")
            farm.wait("late", seconds=30)
            stories = farm.stories()
        for number, placed in stories.placed.items():
            up = stories.citizens[number].up
            assert up - placed - stalls.between(placed, up) < ANSWERED, "nobody waits long for the other server"
        assert not talk.ended.is_set(), "they speak on"
        assert not waits.ended.is_set(), "he waits on"
        await with_bram.hang_up()
        served = await talks(bram, "+3291110012")
        assert served.invited_at > killed
        state, why = await said_of_servers(service)
        assert state == "warning", "it works, and somebody should look"
        assert b.server in why

        dirk.vanish()
        b.resume()
        await until(lambda: all_live(service), 30, "b is seen again")
        assert await said_of_servers(service) == ("ok", "")
        await until(lambda: front.takes(b), 30, "the proxy sends calls to b again")
        for call in (lost, lost_too):
            call.over(by_us=False)  # Their server forgot them; no word of it came.
        async with b.phone("1004", ANSWERS) as dirk, b.citizen("+3291110015") as five:
            await is_(service, "dirk", "available")
            freed = time.time()
            new = five.call(SPORT)
            await talks(dirk, "+3291110015")
            assert not waits.ended.is_set()
            await new.hang_up()
        await served.hang_up()
        rows = {number: await row_of(service, number) for number in NUMBERS}
    outcomes = {number: (rows[number].outcome, rows[number].operator) for number in NUMBERS}
    assert outcomes == {
        "+3291110011": ("answered", "bram"),
        "+3291110012": ("answered", "bram"),
        "+3291110013": ("answered", "dirk"),
        "+3291110014": ("switch_failure", None),
        "+3291110015": ("answered", "dirk"),
    }
    for number in ("+3291110013", "+3291110014"):
        ended = rows[number].ended_at
        assert ended is not None
        assert killed < ended < freed
    assert {server_of(CallId(row.call)) for row in await records(service) if row.number.startswith("+32472")} == {"a"}  # type: ignore[union-attr]


NUMBERS = [f"+329111001{n}" for n in range(1, 6)]


async def test_a_drained_server_finishes_its_calls_and_gets_no_new_ones(
    a: Lab, b: Lab, front: Kamailio, service: LabService, tmp_path: Path
) -> None:
    async with b.citizen("+3291110021") as him, b.phone("1004", ANSWERS) as dirk:
        await until(lambda: front.takes(b), 30, "the proxy sends calls to b")
        inside = him.call(SPORT)
        await waiting(service, 1)
        drained = asyncio.create_task(command(service, "server", "drain", "b"))
        await until(lambda: refuses(b), 20, "b takes no new calls")
        with Farm(a, tmp_path / "sipp", front.address) as farm:
            farm.citizens("drained", SPORT, prefix="+32473", count=4, rate=8, hold=1.0)
            farm.wait("drained", seconds=30)
            shown = {one["server"]: one for one in (await service.ask("servers"))["servers"]}
            assert (shown["b"]["drained"], shown["b"]["calls"]) == (True, 1)
            assert re.search(r"\bb\b.*\b1\b.*drained", (await command(service, "server", "list"))[1])
            assert not inside.ended.is_set() and not drained.done()
            await service.operator("dirk", "login", "ready")
            served = await talks(dirk, "+3291110021")
            await served.hang_up()
            assert (await drained)[0] == 0, "it waits for the last caller, and no longer"
            assert (await command(service, "server", "drain", "b", "--off"))[0] == 0
            await until(lambda: front.takes(b) and not refuses(b), 20, "b takes calls again")
            farm.citizens("again", SPORT, prefix="+32474", count=4, rate=8, hold=1.0)
            farm.wait("again", seconds=30)
        await service.operator("dirk", "logout")

    async def over() -> bool:
        return len(await records(service)) == 9

    await until(over, 20, "nine calls are recorded")
    at = {row.number: server_of(CallId(row.call)) for row in await records(service)}
    assert {server for number, server in at.items() if number and number.startswith("+32473")} == {"a"}
    assert {server for number, server in at.items() if number and number.startswith("+32474")} == {"a", "b"}


async def test_the_doctor_looks_at_each_server_with_and_without_a_service(service: LabService, tmp_path: Path) -> None:
    flows = tmp_path / "flows"
    shutil.copytree(HERE / "flows", flows)
    shutil.copytree(PROMPTS, flows / "prompts")

    async def states() -> dict[str, dict[str, str]]:
        _, said = await command(service, "doctor", "--json", ACD_FLOWS=str(flows))
        found = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
        named = {server: {} for server in "ab"}  # type: dict[str, dict[str, str]]
        for one in found:
            name, _, server = one["name"].rpartition(" ")
            if server in named:
                named[server][name] = one["state"]
        return named

    by_service = await states()
    assert by_service["a"] == by_service["b"]
    assert {"AMI", "version", "modules", "phones", "clock", "timezone", "AMI rights"} <= by_service["b"].keys()
    assert {by_service["b"][name] for name in ("AMI", "version", "clock", "AMI rights")} == {"ok"}
    await service.stop()
    assert await states() == by_service


async def test_without_the_engine_each_server_serves_its_callers_with_its_phones(
    a: Lab, b: Lab, service: LabService
) -> None:
    async with a.citizen("+3291110031") as one, b.citizen("+3291110032") as two:
        await service.operator("bram", "login", "ready")
        await service.operator("dirk", "login", "ready")
        one.call(SPORT)
        two.call(SPORT)
        await waiting(service, 2)
        service.kill()
        async with a.phone("1002", ANSWERS) as bram, b.phone("1004", ANSWERS) as dirk:
            with_bram = await talks(bram, "+3291110031")
            with_dirk = await talks(dirk, "+3291110032")
            await service.start()
            await until(lambda: all_live(service), 30, "both servers are seen")
            await with_bram.hang_up()
            await with_dirk.hang_up()
            rows = [await row_of(service, number) for number in ("+3291110031", "+3291110032")]
    assert [(row.outcome, row.operator) for row in rows] == [("answered", "bram"), ("answered", "dirk")]


async def test_what_only_the_servers_have_seen_is_told_by_the_record_of_each(a: Lab, b: Lab, tmp_path: Path) -> None:
    for lab in (a, b):
        lab.cel.unlink(missing_ok=True)
    servers = json.dumps({lab.server: f"127.0.0.1:{lab.ami_port}" for lab in (a, b)})
    settings = {"ACD_SERVERS": servers, "ACD_CEL": f"{a.cel}:{b.cel}"}
    async with LabService(a, QUEUES, tmp_path / "state", settings) as service:
        await until(lambda: all_live(service), 30, "both servers are seen")
        service.kill()
        for lab in (a, b):
            async with lab.citizen("+3291110041") as him:
                call = him.call(SPORT)
                await until(partial(waits_at, lab), 20, f"he waits at {lab.server}")
                await call.hang_up()
                await until(lambda lab=lab: lab.channels() == [], 20, "he is gone")  # type: ignore[misc]
            lab.restart()  # With it go the notes that it keeps for an engine that comes back.
        await service.start()
        rows = await all_ended(service, 2)
    assert {server_of(CallId(row.call)) for row in rows} == {"a", "b"}
    assert {(row.line, row.outcome) for row in rows} <= {("sportlijn", "abandoned"), ("sportlijn", "abandoned_short")}


def waits_at(lab: Lab) -> bool:
    return any(lab.variable(channel.name, "ACD_STATE") in ("wait", "fallback") for channel in lab.channels())
