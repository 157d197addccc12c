"""The demo as a user starts it: a switch in a process of its own, and people who keep the wallboard alive."""

import asyncio
import re
import sys
from datetime import datetime
from pathlib import Path

from acd.asterisk import AmiSettings, AsteriskPbx
from acd.config import load
from acd.config.calendar import is_open
from acd.model import facts as f
from acd.model.policy import Policy
from acd.model.zone import ZONE
from sim.demo import RUSH_SHARE, demand, demo_switch
from sim.demo_city import demo_queues

ROOT = Path(__file__).parents[2]


def city() -> Policy:
    return load(ROOT / "queues.yaml").policy


def test_demand_follows_the_forecast_and_keeps_the_operators_busy() -> None:
    policy = city()
    for pace in (0.5, 1.0, 2.0):
        wanted = demand(policy, pace)
        total = sum(line.per_hour for line in wanted.values()) / (1 - RUSH_SHARE)
        assert abs(total - 900 * pace) < 1e-6
        busiest = max(wanted, key=lambda line: wanted[line].per_hour)
        assert busiest == max(policy.lines.values(), key=lambda line: line.calls_per_day).id


def test_the_demo_shows_the_given_city_at_every_hour_and_offers_a_call_back_soon(tmp_path: Path) -> None:
    given, shown = load(ROOT / "queues.yaml"), load(demo_queues(ROOT / "queues.yaml", tmp_path / "state"))
    assert shown.lines.keys() == given.lines.keys()
    assert shown.policy.operators == given.policy.operators
    sunday_night = datetime(2027, 12, 26, 3, 0, tzinfo=ZONE)
    for id, line in shown.policy.lines.items():
        assert is_open(shown, id, sunday_night)
        assert (line.callback is None) == (given.policy.lines[id].callback is None)
        assert line.callback is None or line.callback.after == 20.0


async def test_a_switch_in_the_same_process() -> None:
    facts: list[f.Fact] = []
    policy = city()
    server = await demo_switch(policy, seed=3, pace=200.0)
    pressed: list[tuple[str, str]] = []
    server.staff(lambda operator, button, reason: pressed.append((operator, button)))
    devices = [operator.device for operator in policy.operators.values()]
    pbx = AsteriskPbx(AmiSettings(port=server.port, secret=server.secret), lambda: devices)
    await pbx.start(facts.append)
    async with asyncio.timeout(20):
        while sum(isinstance(fact, f.CallArrived) for fact in facts) < 10 or len(pressed) < 2:
            pbx.heartbeat()
            await asyncio.sleep(0.1)
    await pbx.stop()
    await server.stop()
    assert isinstance(facts[0], f.SwitchSeen)
    assert set(facts[0].phones) == set(devices)
    first = next(iter(policy.operators))
    assert pressed[:2] == [(first, "login"), (first, "ready")]


async def test_a_switch_of_its_own() -> None:
    command = [sys.executable, "-m", "sim.demo", "--ami-port", "0", "--secret", "spoken aloud", "--pace", "100"]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        line = (await asyncio.wait_for(process.stdout.readline(), 60)).decode()
        said = re.fullmatch(r"AMI port (\d+), user acd, secret spoken aloud\n", line)
        assert said is not None, line
        reader, writer = await asyncio.open_connection("127.0.0.1", int(said[1]))
        writer.write(b"Action: Login\r\nUsername: acd\r\nSecret: spoken aloud\r\n\r\n")
        async with asyncio.timeout(20):
            await reader.readuntil(b"Authentication accepted\r\n\r\n")
            await reader.readuntil(b"UserEvent: AcdQueued\r\n")
        writer.close()
    finally:
        process.terminate()
        await process.wait()
