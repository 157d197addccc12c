"""The faults: each breaks one thing for some seconds, mends it, and notes when it was broken."""

import asyncio
import random
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sim.faults.clock import SteppedClock
from sim.faults.database import filled
from sim.faults.evidence import Incident
from sim.faults.laboratory import DROPS, GONE_WITHIN, STORM, TAKEN_OVER_WITHIN, Laboratory, until
from sim.lab.service import LabService

KILLED_WITHIN: Final = GONE_WITHIN
FROZEN_WITHIN: Final = 8.0
"""Seconds until Asterisk serves by itself: the engine is gone, or there and does nothing."""
UNHARMED_WITHIN: Final = 1.0
"""Seconds: what is broken has nothing to do with who is served."""
NOBODY: Final = float("inf")
"""Nothing can be served: Asterisk itself is away."""

Fault = Callable[[Laboratory, random.Random], Awaitable[None]]


class _Note:
    """What is going to be an :class:`Incident`."""

    def __init__(self, kind: str, within: float) -> None:
        self.kind, self.within, self.began = kind, within, time.time()
        self.calls_lost = self.clocks = False
        self.devices: tuple[str, ...] = ()
        self.out: tuple[tuple[float, float], ...] = ()
        self.over: float | None = None
        self.back: float | None = None


@contextmanager
def _incident(lab: Laboratory, kind: str, within: float) -> Iterator[_Note]:
    note = _Note(kind, within)
    try:
        yield note
    finally:
        over = note.over or time.time()
        lost, devices, clocks = note.calls_lost, note.devices, note.clocks
        lab.note(Incident(kind, note.began, over, within, lost, devices, clocks, note.out, note.back))


async def engine_killed(lab: Laboratory, chance: random.Random) -> None:
    with _incident(lab, "engine killed", KILLED_WITHIN) as note:
        lab.engine_is_wanted = False
        lab.service.kill()
        try:
            await asyncio.sleep(chance.uniform(3, 6))
            note.back = time.time()
            await lab.service.start()
        finally:
            lab.engine_is_wanted = True


async def engine_frozen(lab: Laboratory, chance: random.Random) -> None:
    with _incident(lab, "engine frozen", FROZEN_WITHIN):
        lab.service.freeze()
        await asyncio.sleep(chance.uniform(9, 12))
        lab.service.thaw()
        await asyncio.sleep(0.3)
        await lab.linked()


async def engine_taken_over(lab: Laboratory, chance: random.Random) -> None:
    """A second engine stands by, and takes over from the one that leads: killed, frozen, or asked to hand over. If that
    one steps down by itself before, there is nothing left to do."""
    led, heir = lab.service, next(engine for engine in lab.engines if engine is not lab.service)
    await heir.begin(lambda: _is_there(heir))
    await until(lambda: _expects(led), 30.0)
    if led.ended is not None or await heir.linked():
        # Noted when the one that led has ended.
        await until(lambda: _leads(lab, heir), 60.0)
        return
    how = chance.choice(("kill", "freeze", "hand over"))
    with _incident(lab, "engine taken over", TAKEN_OVER_WITHIN):
        lab.engine_is_wanted = False
        try:
            match how:
                case "kill":
                    led.kill()
                case "freeze":
                    led.freeze()
                case _:
                    await led.ask("handover", by="lab")
            await until(heir.linked, 60.0)
            lab.service = heir
        finally:
            lab.engine_is_wanted = True
    if how == "freeze":
        await asyncio.sleep(chance.uniform(2, 4))
        led.thaw()
    await until(lambda: _has_ended(led), 30.0)


async def _leads(lab: Laboratory, heir: LabService) -> bool:
    return lab.service is heir and await heir.linked()


async def _is_there(heir: LabService) -> bool:
    """It could take over, or has done so."""
    return await heir.ready() or await heir.linked()


async def _expects(leader: LabService) -> bool:
    """It knows who could take over, or leads no more."""
    return leader.ended is not None or (await leader.status()).get("standby") is not None


async def _has_ended(engine: LabService) -> bool:
    return engine.ended is not None


async def ami_cut(lab: Laboratory, chance: random.Random) -> None:
    with _incident(lab, "AMI cut", KILLED_WITHIN):
        await lab.ami.cut()
        await asyncio.sleep(chance.uniform(3, 6))
        await lab.ami.mend()
        await lab.linked()


async def ami_half_open(lab: Laboratory, chance: random.Random) -> None:
    with _incident(lab, "AMI half open", FROZEN_WITHIN):
        lab.ami.swallow()
        await asyncio.sleep(chance.uniform(9, 12))
        await lab.ami.mend()
        await lab.linked()


async def ami_slow(lab: Laboratory, chance: random.Random) -> None:
    with _incident(lab, "AMI slow", FROZEN_WITHIN):
        lab.ami.slow(chance.choice((0.3, 3.0)))
        await asyncio.sleep(chance.uniform(9, 12))
        await lab.ami.mend()
        await asyncio.sleep(0.3)
        await lab.linked()


async def asterisk_restarted(lab: Laboratory, chance: random.Random) -> None:
    with _incident(lab, "Asterisk restarted", NOBODY) as note:
        note.calls_lost = True
        await asyncio.to_thread(chance.choice((lab.lab.stop, lab.lab.kill)))
        await asyncio.sleep(chance.uniform(0, 2))
        await asyncio.to_thread(lab.lab.resume)
        await lab.register(sorted(lab.phones))
        await lab.linked()
        await asyncio.sleep(0.5)


async def database_locked(lab: Laboratory, chance: random.Random) -> None:
    with _incident(lab, "database locked", UNHARMED_WITHIN):
        await asyncio.to_thread(lab.database.lock, chance.uniform(5, 8))


async def database_slow(lab: Laboratory, chance: random.Random) -> None:
    with _incident(lab, "database slow", UNHARMED_WITHIN):
        lab.postgresql.wire.slow(0.3)
        await asyncio.sleep(chance.uniform(5, 8))
        await lab.postgresql.wire.mend()


async def database_gone(lab: Laboratory, chance: random.Random) -> None:
    with _incident(lab, "database gone", UNHARMED_WITHIN):
        await asyncio.to_thread(lab.postgresql.cluster.stop)
        await asyncio.sleep(chance.uniform(5, 8))
        await asyncio.to_thread(lab.postgresql.cluster.start)


async def database_full(lab: Laboratory, chance: random.Random) -> None:
    with _incident(lab, "database full", UNHARMED_WITHIN):
        async with lab.database.full():
            await asyncio.sleep(chance.uniform(5, 8))


async def disk_full(lab: Laboratory, chance: random.Random) -> None:
    """Nothing can be written to the database, and the disk is full on which events are put aside meanwhile."""
    with _incident(lab, "disk full", UNHARMED_WITHIN), filled(lab.folder / "state"):
        async with lab.database.unwritable():
            await asyncio.sleep(chance.uniform(5, 8))


async def engine_clock_stepped(lab: Laboratory, chance: random.Random) -> None:
    await _step("engine's clock stepped", [lab.engine_clock], lab, chance)


async def switch_clock_stepped(lab: Laboratory, chance: random.Random) -> None:
    """Of Asterisk's machine, which may be the engine's as well. Asterisk forgets the phones whose registration has run
    out by the new time: until they register again there is nobody whom it could ring."""
    both: list[SteppedClock] = [lab.switch_clock, lab.engine_clock]
    await _step("Asterisk's clock stepped", chance.choice((both[:1], both)), lab, chance, forgets=True)


async def _step(
    kind: str, clocks: list[SteppedClock], lab: Laboratory, chance: random.Random, *, forgets: bool = False
) -> None:
    """Minutes forward or back, and back again."""
    minutes = chance.choice((-10, -3, 3, 10))
    with _incident(lab, kind, FROZEN_WITHIN if forgets else UNHARMED_WITHIN) as note:
        note.clocks = True
        for step in (60 * minutes, 0):
            began = time.time()
            for clock in clocks:
                clock.step(step)
            if forgets:
                await asyncio.sleep(chance.uniform(2, 4))
                await lab.register(sorted(lab.phones))
                await lab.linked()
                await lab.everybody_ready()
                note.devices = tuple(sorted(lab.phones))
                note.out += ((began, time.time()),)
            await asyncio.sleep(chance.uniform(9, 11))
        await lab.linked()


async def phones_unregister(lab: Laboratory, chance: random.Random) -> None:
    gone = chance.sample(["1001", "1002", "1003", "1004"], 3)
    with _incident(lab, "phones unregister", UNHARMED_WITHIN) as note:
        note.devices = tuple(gone)
        lab.unplugged.update(gone)
        for device in gone:
            await lab.phones[device].unregister()
            await asyncio.sleep(0.7)
        await asyncio.sleep(chance.uniform(2, 4))
        lab.unplugged.clear()
        await lab.register(gone)


async def flood(lab: Laboratory, chance: random.Random) -> None:
    """Ten times as many as the line has places, within three seconds."""
    callers = 10 * lab.city.policy.lines[next(id for id in lab.city.policy.lines if id == STORM)].capacity
    with _incident(lab, "flood of calls", UNHARMED_WITHIN):
        lab.flood(callers, rate=20)
        await asyncio.sleep(2.0)
        for _ in range(2):
            await lab.listen()
            await asyncio.sleep(0.5)
        await asyncio.sleep(chance.uniform(3, 5))


async def device_drops(lab: Laboratory, chance: random.Random) -> None:
    """A phone that answers and hangs up at once comes to work."""
    operator = next(o.id for o in lab.city.policy.operators.values() if o.device == DROPS)
    with _incident(lab, "device answers and drops", UNHARMED_WITHIN):
        await lab.service.operator(operator, "login", "ready")
        await asyncio.sleep(chance.uniform(7, 10))
        await lab.service.operator(operator, "logout")


async def dns_gone(lab: Laboratory, chance: random.Random) -> None:
    """No name server answers: neither to Asterisk nor to the engine."""
    nobody = lab.folder / "resolv.conf"
    nobody.write_text("nameserver 127.0.0.253\n")
    places = {lab.lab.pid: lab.lab.root / "etc/resolv.conf", lab.service.pid: Path("/etc/resolv.conf")}
    with _incident(lab, "DNS gone", UNHARMED_WITHIN):
        for pid, file in places.items():
            _within(pid, "mount", "--bind", str(nobody), str(file))
        await asyncio.sleep(chance.uniform(6, 9))
        for pid, file in places.items():
            _within(pid, "umount", str(file))


FAULTS: Final[dict[str, Fault]] = {
    "kill": engine_killed,
    "stop": engine_frozen,
    "take-over": engine_taken_over,
    "cut": ami_cut,
    "half-open": ami_half_open,
    "slow": ami_slow,
    "asterisk": asterisk_restarted,
    "db-locked": database_locked,
    "db-slow": database_slow,
    "db-gone": database_gone,
    "db-full": database_full,
    "disk-full": disk_full,
    "clock": engine_clock_stepped,
    "switch-clock": switch_clock_stepped,
    "unregister": phones_unregister,
    "flood": flood,
    "drop": device_drops,
    "dns": dns_gone,
}
"""Every fault, by the name that the command takes."""
NEEDS_POSTGRESQL: Final = frozenset({"take-over", "db-slow", "db-gone"})
"""A file has no server that could be slow or away, and belongs to one engine."""


def faults_of(database: str) -> tuple[str, ...]:
    """Those that can befall a product with this database."""
    return tuple(name for name in FAULTS if database == "postgresql" or name not in NEEDS_POSTGRESQL)


def _within(pid: int, *command: str) -> None:
    """Run it where this process sees its files."""
    subprocess.run(["nsenter", "-t", str(pid), "-m", *command], check=True)
