"""The product with everything around it that can be broken: Asterisk, its AMI and its clock, the engine, the database
and its disk, the phones of operators, and callers at a steady rate."""

import asyncio
import compileall
import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

import acd
from acd.config import ZONE, City, load
from acd.ivr import dialplan, load_catalogue, load_flows
from acd.ivr.catalogue import NEEDED
from acd.model.ids import LineId
from acd.runtime.control import ControlError
from sim.faults.clock import EngineClock, SwitchClock
from sim.faults.database import DATABASES, PostgreSQL
from sim.faults.evidence import (
    AttemptRow,
    Caller,
    CallRow,
    Desk,
    Evidence,
    Hearing,
    Incident,
    PromiseRow,
    Ring,
    take,
)
from sim.faults.processors import Processors, Shares
from sim.faults.wire import Wire
from sim.lab.asterisk import Lab, LabError, cache_folder
from sim.lab.call import Call, Habit, SipFailure
from sim.lab.phone import Phone
from sim.lab.service import LabService, ServiceFailed
from sim.lab.sip import uri_of
from sim.lab.sipp import Farm
from sim.lab.slots import Slot
from sim.lab.sound import heard, tone

HERE: Final = Path(__file__).parent
QUEUES: Final = HERE / "city.yaml"
PROMPTS: Final = HERE.parents[1] / "ivr_flows/prompts"

FULL_TONE: Final = 1000
"""Hertz of the message that the line is full, which lasts :data:`FULL_SECONDS`: a caller who hears it can tell."""
FULL_SECONDS: Final = 1.5
START_PATIENCE: Final = 120.0
"""Seconds that the engine may take to start, on a machine that has much else to do."""
RESTART_AFTER: Final = 0.5
"""Seconds, as in ``packaging/acd.service``."""
GONE_WITHIN: Final = 2.0
"""Seconds until Asterisk serves by itself, when the engine is gone."""
TAKEN_OVER_WITHIN: Final = 3.0
"""Seconds until another engine leads, when one stands by."""
REGISTER_EVERY: Final = 40.0
"""Seconds; a registration holds for 120."""
QUESTION: Final = 2.0
"""Seconds of the first question of the dialogue about a call back."""
DROPS: Final = "1013"
"""The phone that answers and drops at once."""
STORM: Final = "storm"
_DISK: Final = {"database": "400m", "state": "48m"}


class Stream(NamedTuple):
    """Callers who do the same, at a steady rate."""

    prefix: str
    line: str
    did: str
    rate: float
    """A second."""
    hold: float
    """Seconds after which he hangs up, served or not."""
    keys: tuple[tuple[float, str], ...] = ()


STREAMS: Final = {
    "info": Stream("+324711", "info", "3292103010", 0.75, 90.0),
    "sport": Stream("+324712", "sport", "3292103011", 0.3, 90.0),
    "hasty": Stream("+324713", "info", "3292103010", 0.1, 4.0),
    # He says yes to his number, and to "as soon as it is calm".
    "terug": Stream("+324714", "terug", "3292103012", 0.4, 60.0, ((8.5, "1"), (1.2, "1"), (1.2, "3"))),
    "storm": Stream("+324715", STORM, "3292103013", 0.15, 60.0),
}
FLOOD: Final = "+324716"
FLOOD_DID: Final = STREAMS[STORM].did
LISTENER: Final = "+324717"
OWN_DIGITS: Final = 5
"""That many follow the prefix: a number of a mobile phone, that can be called back."""


class Laboratory:
    """Everything, running. ``async with`` starts it and takes it away.

    Args:
        rate: times the callers of :data:`STREAMS`.
        keep: a folder for the logs of the engine, Asterisk and SIPp, and the ledger, to look into afterwards.
        database: one of :data:`~sim.faults.database.DATABASES`.
    """

    def __init__(self, rate: float = 1.0, keep: Path | None = None, database: str = "postgresql") -> None:
        self.rate = rate
        self._kind = database
        self._keep = keep
        self.city: City = load(QUEUES)
        self.incidents: list[Incident] = []
        self.phones: dict[str, Phone] = {}
        self.memory: list[tuple[float, int, int]] = []
        """(moment, process, resident kB) of the engine."""
        self.shares: list[Shares] = []
        """Who had the processors, second by second."""
        self.listeners: list[tuple[str, Phone, Call]] = []
        self.ends: list[str] = []
        """Of the engine, which nobody asked for: what it ended with, and its last words."""
        self.engine_is_wanted = True
        self.service: LabService
        """The engine that leads."""
        self.unplugged: set[str] = set()
        """Phones that do not register anew for now."""
        self._floods = 0
        self._processors = Processors()
        self._present: dict[str, list[tuple[float, float]]] = {}

    # --- Start and end -------------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        self._stack = stack = AsyncExitStack()
        try:
            await self._start(stack)
        except BaseException:
            self._put_aside()
            await stack.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._put_aside()
        await self._stack.aclose()

    async def _start(self, stack: AsyncExitStack) -> None:
        # As it is where it is installed: an engine that compiles itself at each start is away for seconds longer.
        await asyncio.to_thread(compileall.compile_dir, Path(acd.__file__).parent, quiet=1)
        self.folder = Path(tempfile.mkdtemp(prefix="acd-faults-"))
        stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
        self.folder.chmod(0o755)
        for name, size in _DISK.items():
            _mount(self.folder / name, size)
            stack.callback(_unmount, self.folder / name)
        slot = Slot(cache_folder() / "lab")
        stack.callback(slot.release)
        self.database = DATABASES[self._kind](self.folder / "database", slot)
        await self.database.open(stack)
        self.lab = stack.enter_context(self._lab(stack))
        self.ami = await stack.enter_async_context(Wire(self.lab.slot.next_port(), self.lab.ami_port))
        self.engine_clock = EngineClock(self.folder / "clock")
        self.engines = [self._engine(name) for name in ("a", "b")]
        self.service = self.engines[0]
        stack.push_async_callback(self._end_engines)
        await self.service.start()
        stack.push_async_callback(self._leave)
        self._minding = asyncio.create_task(self._mind())
        self.farm = stack.enter_context(Farm(self.lab, self.folder / "sipp"))
        stack.push_async_callback(self._unplug)
        await self._open_desks()

    def _engine(self, name: str) -> LabService:
        """One of the two that may lead; what they hash and sign with is the same."""
        state = self.folder / "state" / name
        state.mkdir()
        for secret in ("citizen.secret", "web.secret"):
            (state / secret).write_text("the same for both engines of the pair\n", "ascii")
        engine = LabService(
            self.lab,
            QUEUES,
            state,
            {
                "ACD_ENGINE": name,
                "ACD_AMI_PORT": str(self.ami.port),
                "ACD_DATABASE": self.database.url,
                **self.engine_clock.environment,
            },
            prefix=("unshare", "--mount"),
            patience=START_PATIENCE,
        )
        # The log does not lie on the disk that is going to be full.
        engine.log_file = self.folder / "service.log"
        return engine

    def _lab(self, stack: AsyncExitStack) -> Lab:
        menus = self.folder / "flows"
        shutil.copytree(HERE / "flows", menus)
        shutil.copytree(PROMPTS, menus / "prompts")
        flows = load_flows(menus, self.city.lines, load_catalogue(menus / "prompts"))
        for name in NEEDED:
            seconds = {"full": FULL_SECONDS, "cb-offer": QUESTION}.get(name, 0.1)
            tone(self.folder / f"sounds/nl/acd/{name}.wav", FULL_TONE if name == "full" else 660, seconds)
        plan = dialplan(flows, self.city, datetime.now(ZONE).date())
        lab = Lab(self.city.policy, dialplan=plan, sounds=self.folder / "sounds")
        clock = lab.root / "tmp" / f"acd-clock-{lab.slot.number}"
        stack.callback(shutil.rmtree, clock, ignore_errors=True)
        self.switch_clock = SwitchClock(clock, Path("/") / clock.relative_to(lab.root))
        lab.environment.update(self.switch_clock.environment)
        # SIPp takes a password that begins with 0x for a number.
        lab.phone_secrets = {device: f"p{secret}" for device, secret in lab.phone_secrets.items()}
        return lab

    async def _mind(self) -> None:
        """What systemd does with the product (``Restart=always``): the engine that has ended by itself is started. If
        another one stood by, that one leads."""
        while True:
            await asyncio.sleep(RESTART_AFTER)
            code = self.service.ended
            if code is None or not self.engine_is_wanted:
                continue
            began = time.time()
            self.ends.append(f"code {code}: {self.service.log()[-2000:]}")
            heir = next((engine for engine in self.engines if engine is not self.service and engine.runs), None)
            with suppress(ServiceFailed, TimeoutError):
                if heir is None:
                    await self.service.start()
                else:
                    self.service = heir
                    await until(partial(_decided, heir), START_PATIENCE)
            within = GONE_WITHIN if heir is None else TAKEN_OVER_WITHIN
            self.note(Incident("engine ended by itself", began - RESTART_AFTER, time.time(), within))

    async def _leave(self) -> None:
        self._minding.cancel()
        await asyncio.gather(self._minding, return_exceptions=True)

    async def end_engine(self) -> None:
        """In good order, at the end of the run."""
        await self._leave()
        await self.service.stop()

    async def _open_desks(self) -> None:
        for number, operator in enumerate(self.city.policy.operators.values()):
            habit = Habit(after=0.3 + 0.1 * (number % 5), talk=3.0 + number * 7 % 5, alone=True)
            if operator.device == DROPS:
                habit = Habit(after=0.1, talk=0.0)
            phone = self.phones[operator.device] = self.lab.phone(operator.device, habit)
            await phone.__aenter__()
            if operator.device != DROPS:
                await self.service.operator(operator.id, "login", "ready")
                self._present[operator.device] = [(time.time(), 0.0)]

        self._registering = asyncio.create_task(self._register_again())

    async def _register_again(self) -> None:
        """As phones do, before their registration runs out."""
        while True:
            await asyncio.sleep(REGISTER_EVERY)
            await self.register(sorted(self.phones.keys() - self.unplugged))

    async def register(self, devices: list[str]) -> None:
        """Let these phones register; who is not heard does so again later."""
        for device in devices:
            with suppress(SipFailure):
                await self.phones[device].register()

    async def _unplug(self) -> None:
        self._registering.cancel()
        for phone in (*self.phones.values(), *(phone for _, phone, _ in self.listeners)):
            phone.vanish()

    async def _end_engines(self) -> None:
        for engine in self.engines:
            with suppress(Exception):
                await engine.stop()

    # --- Callers -------------------------------------------------------------------------------------------------

    def open_lines(self) -> None:
        """From now on citizens call."""
        self.farm.called("citizens", {}, ring=0.4, talk=1.5)
        for name, stream in STREAMS.items():
            self.farm.citizens(
                name,
                stream.did,
                prefix=stream.prefix,
                count=100_000,
                rate=stream.rate * self.rate,
                hold=stream.hold,
                keys=stream.keys,
                digits=OWN_DIGITS,
            )

    def flood(self, callers: int, rate: float) -> str:
        """So many more call the storm line. Returns the name of the group."""
        self._floods += 1
        name = f"flood{self._floods}"
        self.farm.citizens(
            name,
            FLOOD_DID,
            prefix=f"{FLOOD}{self._floods:03}",
            count=callers,
            rate=rate,
            hold=STREAMS[STORM].hold,
            digits=2,
        )
        return name

    async def listen(self) -> None:
        """One more calls the storm line, and hears what he is told."""
        number = f"{LISTENER}{len(self.listeners):0{OWN_DIGITS}}"
        phone = self.lab.citizen(number)
        await phone.__aenter__()
        self.listeners.append((number, phone, phone.call(FLOOD_DID)))

    async def close_lines(self, patience: float) -> None:
        """Nobody calls any more; whoever is here is served, and whoever is owed a call is called."""
        groups = [*STREAMS, *(f"flood{number + 1}" for number in range(self._floods))]
        self.farm.last_call(*(name for name in STREAMS if not self.farm.done(name)))

        async def nobody_left() -> bool:
            return self.farm.done(*groups) and not await self._calls_back()

        with suppress(TimeoutError):
            await until(nobody_left, patience)
        await asyncio.sleep(1.0)

    async def _calls_back(self) -> bool:
        rows = await asyncio.to_thread(
            self.database.rows, "SELECT count(*) FROM callback WHERE state IN ('open', 'claimed')"
        )
        return bool(rows[0][0])

    @property
    def postgresql(self) -> PostgreSQL:
        """
        Raises:
            LabError: the records are in another database.
        """
        if not isinstance(self.database, PostgreSQL):
            raise LabError("this fault needs PostgreSQL")
        return self.database

    # --- Faults use ------------------------------------------------------------------------------------------------

    async def linked(self, seconds: float = 60.0) -> None:
        """Until the engine says that it speaks with Asterisk.

        Raises:
            TimeoutError: it does not.
        """

        async def is_linked() -> bool:
            with suppress(ControlError, TimeoutError):
                async with asyncio.timeout(1.0):
                    return bool((await self.service.ask("status"))["linked"])
            return False

        await until(is_linked, seconds)

    async def everybody_ready(self) -> None:
        """What people do after a fault: whoever was made not ready says that he is there."""
        for operator in self.city.policy.operators.values():
            if operator.device != DROPS:
                await self.service.operator(operator.id, "ready")

    def note(self, incident: Incident) -> None:
        self.incidents.append(incident)

    def weigh(self) -> None:
        """Note the engine's memory."""
        with suppress(OSError):
            status = Path(f"/proc/{self.service.pid}/status").read_text()
            # A process that has just ended has none.
            resident = [line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")]
            self.memory += [(time.time(), self.service.pid, int(kilobytes)) for kilobytes in resident]

    def look_at_processors(self) -> None:
        """Note who had them since the last look."""
        self.shares.append(self._processors.look())

    # --- Evidence ------------------------------------------------------------------------------------------------

    def evidence(self, ended: float) -> Evidence:
        """What telephones and database say. ``ended``: the moment of the end."""
        lines = {stream.prefix: stream.line for stream in STREAMS.values()} | {FLOOD: STORM, LISTENER: STORM}
        evidence = Evidence(
            lines=lines,
            capacity={STORM: self.city.policy.lines[LineId(STORM)].capacity},
            promising={stream.line: stream.keys[0][0] for stream in STREAMS.values() if stream.keys},
            ended=ended,
            incidents=list(self.incidents),
        )
        take(evidence, self.farm.stories())
        for device, phone in self.phones.items():
            evidence.rings += [_ring(device, call) for call in phone.calls if not call.outgoing]
        for operator in self.city.policy.operators.values():
            present = tuple((begin, end or ended) for begin, end in self._present.get(operator.device, []))
            evidence.desks.append(Desk(operator.device, frozenset(operator.lines), present))
        for number, phone, call in self.listeners:
            evidence.callers.append(_listener(number, call))
            evidence.heard.append(Hearing(number, heard((data for _, data in phone.sound.packets), FULL_TONE)))
        self._read_database(evidence)
        self._put_aside()
        return evidence

    def _put_aside(self) -> None:
        """What tells afterwards how it went; also of a run that came to a bad end, whatever is missing of it then."""
        if self._keep is None:
            return
        self._keep.mkdir(parents=True, exist_ok=True)
        log = self.lab.folder / "log" if hasattr(self, "lab") else self.folder
        for file in (
            *self.folder.glob("service.log"),
            *self.folder.glob("sipp/*.log"),
            *log.glob("messages"),
            *log.glob("cel-custom/acd.csv"),
        ):
            shutil.copy(file, self._keep / file.name)
        (self._keep / "processors.txt").write_text("".join(f"{shares}\n" for shares in self.shares))
        with suppress(LabError, AttributeError):
            rows = self.database.rows("SELECT seq, at, type, data FROM event ORDER BY seq")
            (self._keep / "ledger.txt").write_text("".join(f"{' '.join(map(str, row))}\n" for row in rows))

    def _read_database(self, evidence: Evidence) -> None:
        devices = {str(o.id): str(o.device) for o in self.city.policy.operators.values()}
        impossible = self.database.rows("SELECT at, data FROM event WHERE type = 'CallbackImpossible' ORDER BY seq")
        not_promised = {json.loads(data)["call"]: at for at, data in impossible}  # The last one of each.
        for call, number, line, outcome, answered, gone, operator, arrived in self.database.rows(
            "SELECT c.\"call\", coalesce(p.number, ''), c.line, o.outcome, c.answered_at, c.ended_at, c.operator, "
            "c.arrived_at "
            'FROM call c LEFT JOIN caller p ON p."call" = c."call" LEFT JOIN outcome o ON o."call" = c."call"'
        ):
            of_operator = line, outcome, answered, gone, devices.get(operator)
            evidence.calls.append(CallRow(number, *of_operator, arrived, not_promised.get(call)))
        evidence.promises += [
            PromiseRow(*row) for row in self.database.rows("SELECT number, state, why, end_at, deadline FROM callback")
        ]
        evidence.attempts += [
            AttemptRow(*row)
            for row in self.database.rows(
                "SELECT c.number, a.dialled_at, a.ended_at FROM attempt a JOIN callback c ON c.callback = a.callback"
            )
        ]


async def until(what: Callable[[], Awaitable[bool]], seconds: float) -> None:
    """Wait until it holds. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while True:
            if await what():
                return
            await asyncio.sleep(0.1)


async def _decided(heir: LabService) -> bool:
    """It leads, or has ended, too."""
    return not heir.runs or await heir.linked()


def _ring(device: str, call: Call) -> Ring:
    number = uri_of(call.remote).removeprefix("sip:").split("@")[0]
    return Ring(number, device, call.invited_at, call.answered_at, call.ended_at, bool(call.ended_by_us))


def _listener(number: str, call: Call) -> Caller:
    return Caller(number, call.invited_at, call.answered_at, call.ended_at, bool(call.ended_by_us))


def _mount(folder: Path, size: str) -> None:
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "acd-faults", str(folder)], check=True)


def _unmount(folder: Path) -> None:
    subprocess.run(["umount", "-l", str(folder)], check=False)
