"""The calls themselves: a real Asterisk that is killed at the end, SIPp as citizens and operators, the product as a
process that is killed on the way."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from acd.config import ZONE, City, load
from acd.figures.limits import Limits
from acd.figures.report import Query, read_refs
from acd.ivr import dialplan, load_catalogue, load_flows
from acd.ivr.switch import frame_files
from acd.model.ids import Device
from acd.records import FigureBook
from sim.count.callers import CUT_OFF, GROUPS, PATIENCE, counts, plans, prefix
from sim.count.judge import REPORTED, Setting, Verdict, judge, read_records
from sim.count.witnesses import CDR, read_cdr, read_sipp
from sim.lab import Lab, Phone
from sim.lab.service import LabService
from sim.lab.sip import uri_of
from sim.lab.sipp import Farm, RingStory, SippFailed

HERE: Final = Path(__file__).parent
QUEUES: Final = HERE / "city.yaml"
AWAY: Final = 4.0
"""Seconds between the death of the engine and the start of the next one."""
START_PATIENCE: Final = 120.0
"""Seconds that a start of the service may take on a machine that 500 callers keep busy."""
END: Final = 4e9
"""After all calls. Seconds since the epoch."""
PARTNER_NUMBER, DEAF_PARTNER_NUMBER = "3290000000", "3290000001"
"""The second one rings in vain."""

AMONG_WORDS: Final = 0.5
"""Seconds after which a conversation has begun for everybody."""

Say = Callable[[str], None]


class Measured(msgspec.Struct, frozen=True):
    """What it took."""

    seconds: float
    """From the first call to the last hang-up."""
    killed: tuple[float, ...]
    """Seconds after the first call."""


def switch(city: City, prompts: Path) -> Lab:
    """Asterisk with the city's menus, and with its own call detail records on."""
    flows = load_flows(HERE / "flows", city.lines, load_catalogue(prompts))
    columns = ",".join(f"${{CSV_QUOTE(${{CDR({name})}})}}" for name in CDR)
    modules = frame_files()["modules.conf"] + "\nload = func_cdr.so\nload = cdr_custom.so\n"
    return Lab(
        city.policy,
        dialplan=dialplan(flows, city, datetime.now(ZONE).date()),
        partners={id: line.partner for id, line in city.lines.items() if line.partner is not None},
        files={
            "modules.conf": modules,
            "cdr.conf": "[general]\nenable=yes\nunanswered=yes\n",
            "cdr_custom.conf": f"[mappings]\ncdr.csv => {columns}\n",
        },
    )


async def count(folder: Path, prompts: Path, calls: int, rate: float, say: Say) -> tuple[Verdict, Measured]:
    """Let so many citizens call, ``rate`` a second, kill the engine twice, at the end Asterisk with some more of them
    on the line, and judge.

    Args:
        folder: an empty one, for everything that was written; it stays.
        prompts: the catalogue of the spoken texts.

    Raises:
        LabError, SippFailed, ServiceFailed: the stage did not hold.
    """
    city = load(QUEUES)
    with switch(city, prompts) as lab, Farm(lab, folder / "sipp") as farm:
        async with LabService(lab, QUEUES, folder / "state", patience=START_PATIENCE) as service:
            await _open(lab, farm, service)
            measured = await _play((lab, farm, service), calls, rate, say)
            await _settled(service, lab)
            died_at = await _cut_off((lab, farm, service), say)
            await _settled(service, lab)
        (folder / "cdr.csv").write_bytes((lab.folder / "log/cdr-custom/cdr.csv").read_bytes())
        (folder / "cel.csv").write_bytes(lab.cel.read_bytes())
        (folder / "asterisk.log").write_text(lab.log())
    setting = setting_of(city, calls, died_at)
    heard, detailed = read_sipp(folder / "sipp"), read_cdr(folder / "cdr.csv")
    database = folder / "state/acd.db"
    told = await reported(database, Limits.of_lines(city.policy.lines.values()))
    return judge(heard, detailed, read_records(database, told), setting), measured


async def reported(database: Path, limits: Limits) -> dict[str, tuple[float, float]]:
    """The figures of all these calls, as our own reports tell them: above the line and below it."""
    query = Query(since=0.0, until=END, now=END, figures=read_refs(REPORTED), limits=limits)
    book = FigureBook(f"sqlite:///{database}")
    try:
        made, survey = await book.report(query), await book.survey(query)
    finally:
        await book.close()
    scores = (sum(one.mean * one.n for one in survey.results), sum(one.n for one in survey.results))
    return {name: (value.part, value.of) for name, value in made.total.values.items()} | {"scores": scores}


def setting_of(city: City, calls: int, died_at: float) -> Setting:
    return Setting(
        devices={id: operator.device for id, operator in city.policy.operators.items()},
        partners=frozenset({PARTNER_NUMBER, DEAF_PARTNER_NUMBER}),
        trunk="acd-trunk",
        short_abandon=city.policy.lines[next(iter(city.policy.lines))].short_abandon,
        plans=plans(calls),
        died_at=died_at,
    )


async def _open(lab: Lab, farm: Farm, service: LabService) -> None:
    """All phones that SIPp plays, and all operators."""

    def secrets(*devices: str) -> dict[Device, str]:
        return {Device(device): lab.phone_secrets[Device(device)] for device in devices}

    farm.operators("answers", secrets("1001", "1002", "1003", "1004"), ring=0.3, talk=1.5)
    farm.operators("talks_on", secrets("1005", "1006", "1007"), ring=0.5, talk=2.5)
    farm.operators("never", secrets("1009"), ring=None, talk=None)
    farm.operators("busy", secrets("1010"), ring=0.02, talk=None, refuse="486 Busy Here")
    farm.called("partner", {"SILENT": DEAF_PARTNER_NUMBER}, ring=0.3, talk=2.0)
    for operator in ("anna", "bram", "cato", "dirk", "elif", "faas", "greet", "hamza", "ilse", "joris", "kaat"):
        await service.operator(operator, "login", "ready")
    await service.operator("kaat", "pause", reason="pauze")


async def _play(stage: tuple[Lab, Farm, LabService], calls: int, rate: float, say: Say) -> Measured:
    lab, farm, service = stage
    wanted = calls / rate
    names = [group.name for group in GROUPS]
    began = time.monotonic()
    async with _passes_on(lab, farm.folder), _willing(service):
        for index, (group, number) in enumerate(zip(GROUPS, counts(calls), strict=True)):
            farm.citizens(
                group.name, group.did, prefix=prefix(index), count=number, rate=number / wanted, hold=group.hold,
                keys=list(group.keys),
            )  # fmt: skip
        killed = []
        for part in (1 / 3, 2 / 3):
            await asyncio.sleep(max(0.0, part * wanted - (time.monotonic() - began)))
            service.kill()
            killed.append(time.monotonic() - began)
            say(f"engine killed after {killed[-1]:.0f} s, with {len(lab.channels())} channels in Asterisk")
            await asyncio.sleep(AWAY)
            await service.start()
        await _until_done(farm, names, wanted + 2 * PATIENCE + 60)
        return Measured(time.monotonic() - began, tuple(killed))


async def _cut_off(stage: tuple[Lab, Farm, LabService], say: Say) -> float:
    """Kill Asterisk while somebody waits and somebody speaks, and start it again; when it died."""
    lab, farm, service = stage
    for index, group in enumerate(CUT_OFF, len(GROUPS)):
        farm.citizens(group.name, group.did, prefix=prefix(index), count=group.share, rate=group.share, hold=group.hold)
    speaks = prefix(len(GROUPS) + 1)
    async with asyncio.timeout(PATIENCE):
        while not any(_speaks(ring, speaks) for ring in farm.stories().rings):  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    await asyncio.sleep(AMONG_WORDS)
    died_at = time.time()
    await asyncio.to_thread(lab.kill)
    say(f"Asterisk killed with {sum(group.share for group in CUT_OFF)} more on the line")
    await asyncio.to_thread(lab.resume)
    async with asyncio.timeout(PATIENCE):
        while not (await service.ask("status"))["linked"]:  # noqa: ASYNC110
            await asyncio.sleep(0.2)
    return died_at


def _speaks(ring: RingStory, numbers: str) -> bool:
    return ring.number.startswith(numbers) and ring.answered is not None and ring.ended is None


async def _until_done(farm: Farm, names: list[str], seconds: float) -> None:
    until = time.monotonic() + seconds
    while not farm.done(*names):
        if time.monotonic() > until:
            raise SippFailed(f"not through in {seconds:.0f} s\n{farm.errors()}")
        await asyncio.sleep(0.2)
    farm.wait(*names, seconds=1)


async def _settled(service: LabService, lab: Lab) -> None:
    """Nobody is on the line any more, and all of it is in the records."""
    async with asyncio.timeout(60):
        while lab.channels() or (status := await service.ask("status"))["calls"] or status["behind"]:  # noqa: ASYNC110
            await asyncio.sleep(0.2)
    # What was not seen is repaired when the link is back; of whoever was on the line then, now that he is gone.
    await asyncio.sleep(2)
    await service.ask("repair", since=0.0, until=time.time())


@asynccontextmanager
async def _willing(service: LabService) -> AsyncIterator[None]:
    """Those who are made not ready because they never answer say each time that they are ready again."""

    async def again() -> None:
        while True:
            await asyncio.sleep(4)
            with suppress(Exception):  # The engine may be away.
                for operator in ("ilse", "joris"):
                    await service.operator(operator, "ready")

    task = asyncio.create_task(again())
    try:
        yield
    finally:
        task.cancel()


@asynccontextmanager
async def _passes_on(lab: Lab, folder: Path) -> AsyncIterator[None]:
    """Hamza's phone: answers, and passes every caller on to the sports line; written down as SIPp does it."""
    with (folder / "hamza.log").open("w", buffering=1) as log:

        def tell(what: str, number: str) -> None:
            log.write(f"- - {time.time():.6f} {what} {number} 1008\n")

        async def serve(phone: Phone) -> None:
            while True:
                call = await phone.incoming.get()
                number = uri_of(call.remote).removeprefix("sip:").split("@")[0]
                tell("invite", number)
                call.ring()
                await asyncio.sleep(0.3)
                if call.ended.is_set():
                    continue
                call.answer()
                tell("up", number)
                await asyncio.sleep(0.7)
                if not call.ended.is_set():
                    with suppress(Exception):  # He hangs up at that very moment.
                        await call.refer("sport")
                    await asyncio.sleep(0.3)
                    await call.hang_up()

        async with lab.phone("1008") as phone:
            task = asyncio.create_task(serve(phone))
            try:
                yield
            finally:
                task.cancel()
