"""Many screens at once: how long from an event to the last screen, what it costs, and whether the engine notices.

    python -m bench.web                                   100 wallboards, 10 changes/s: a minute
    python -m bench.web --desks 500 --desk /desk/events   with 500 operators' pages as well

One process holds engine, hub and web server in one event loop, as the service does; another holds the screens. The same
changes are made twice, first without a screen, so that the ratio says what the screens cost the engine. A change is due
at a fixed moment: what holds up the loop shows as lateness. A path that the application does not have is said, not
counted.
"""

import argparse
import asyncio
import base64
import gc
import json
import sys
import tempfile
import time
from bisect import bisect_left
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import itsdangerous
import msgspec

from acd.bootstrap.phones import EnginePhones
from acd.config import load
from acd.engine.board import BoardDesk
from acd.engine.core import Engine
from acd.engine.tally import Tally
from acd.model.account import Account, AuditAction, AuditEntry, Role
from acd.model.ids import OperatorId
from acd.model.phones import PhoneAccess
from acd.model.policy import Policy
from acd.records import AccountStore, ContactStore, upgrade
from acd.web.app import create_app
from acd.web.desk import Office
from acd.web.door import Door
from acd.web.hub import Hub
from acd.web.server import WebServer
from acd.web.snapshot import snapshot
from bench.city import write_city
from bench.engine import Bench, offers
from bench.figures import Spread, number, ratio, spread, table
from bench.machine import load as machine_load
from bench.machine import processor_time
from bench.report import aim

LINES: Final = 8
OPERATORS: Final = 500
AIM: Final = 1000.0
"""Milliseconds from an event to a screen, for the worst of 99 in 100."""
SETTLE: Final = 3.0
"""Seconds between the last screen's opening and the first change that counts."""
SECRET: Final = "of the bench"


class Phase(msgspec.Struct):
    """What the process with the engine saw."""

    events: list[float]
    """Moments of the changes, seconds since the epoch."""
    whose: list[list[str]]
    """Whose desk each of them changed."""
    late: list[float]
    """Milliseconds from the moment at which a change was due to its decision being made."""
    decision: list[float]
    """Milliseconds of the engine alone."""
    cpu: float
    """Processors that the whole process used."""


# --- The process with the engine --------------------------------------------------------------------------------------


class Host(Bench):
    """Calls that come, are offered, answered and ended, one step of one call at a time, on the machine's clock."""

    def __init__(self, policy: Policy) -> None:
        self.office: Office | None = None
        self.touched: set[str] = set()
        super().__init__(policy)
        self._lines = list(policy.lines)
        self._steps = self._life()

    def desk(self, operator: OperatorId) -> BoardDesk | None:
        return self.engine.desk(operator)

    def tell(self, fact: Any) -> Any:
        self.now = time.time()
        begin = time.perf_counter_ns()
        step = self.engine.handle(fact, self.now)
        self.spent.append((time.perf_counter_ns() - begin) / 1e6)
        self.touched |= {whose for event in step.events if (whose := getattr(event, "operator", None)) is not None}
        if self.office is not None:
            self.office.listen(step.events)
        return step

    def step(self) -> None:
        next(self._steps)

    def _life(self) -> Iterator[None]:
        for nth in range(10**9):
            made = list(offers(self.queue(nth, self._lines[nth % LINES])))
            yield
            for offer in made:
                self.connect(offer)
                yield
                self.end(offer)
                yield


async def host(folder: Path, rate: float, seconds: float, desks: int) -> None:
    """Serve, and make changes each time that a line comes in; tell what was seen as a line of JSON."""
    policy = write_city(folder / "queues.yaml", OPERATORS, LINES)
    run, tally = Host(policy), Tally()
    for operator in policy.operators:
        run.ready(operator)
    engine: Engine = run.engine
    hub = Hub(lambda: snapshot(engine.board(time.time()), tally))
    url = f"sqlite:///{folder}/acd.db"
    await upgrade(url)
    store = AccountStore(url)
    door = Door(store, secret=SECRET, secure=False)
    city = load(folder / "queues.yaml")
    contacts = ContactStore(url)
    office = run.office = Office(run, contacts, lambda: city, clock=time.time)
    phones = EnginePhones(lambda: policy, engine.desk, lambda: engine.board(time.time()), run.tell, PhoneAccess)
    app = create_app(hub, door=door, office=office, requests=contacts, telephony=phones, notes=contacts)
    server = WebServer(app, hub, port=0)
    await server.start()
    gc.collect()
    gc.freeze()
    who = list(policy.operators)[:desks]
    _say({"url": server.url, "who": who, "cookies": await cookies(store, door, policy, desks)})
    commands = await _lines_in()
    while await commands.readline():
        _say(msgspec.to_builtins(await _changes(run, hub, rate, seconds)))
    await server.stop()
    await office.written()
    await contacts.close()
    await store.close()


async def cookies(store: AccountStore, door: Door, policy: Policy, count: int) -> list[str]:
    """Of operators who have signed in."""
    signer, made = itsdangerous.TimestampSigner(SECRET), []
    for who in list(policy.operators)[:count]:
        account = Account(who, Role.OPERATOR, time.time(), OperatorId(who))
        await store.add(account, None, None, AuditEntry(time.time(), "bench", "", AuditAction.ACCOUNT_ADDED, who))
        token = await door.enter_as(account, "127.0.0.1")
        made.append(signer.sign(packed({"token": token})).decode())
    return made


def packed(session: dict[str, str]) -> bytes:
    return base64.b64encode(json.dumps(session).encode())


async def _changes(run: Host, hub: Hub, rate: float, seconds: float) -> Phase:
    events, late, decision, whose = [], [], [], []
    cpu, start = time.process_time(), time.time()
    for nth in range(int(rate * seconds)):
        due = start + nth / rate
        await asyncio.sleep(max(0.0, due - time.time()))
        run.take_times()
        run.touched.clear()
        run.step()
        decision.append(sum(run.take_times()))
        late.append((time.time() - due) * 1e3)
        events.append(run.now)
        whose.append(sorted(run.touched))
        hub.changed()
    return Phase(events, whose, late, decision, (time.process_time() - cpu) / (time.time() - start))


def _say(what: Any) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


async def _lines_in() -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    return reader


# --- The screens ------------------------------------------------------------------------------------------------------


class Screen:
    """One open page: which picture it had when."""

    def __init__(self) -> None:
        self.pictures: list[tuple[float, float]] = []
        """Moment of the picture, and when it was here; both seconds since the epoch."""
        self.bytes = 0
        self.status = 0

    async def look(self, url: str, path: str, cookie: str = "") -> None:
        parts = urlsplit(url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port, limit=2**20)
        more = f"Cookie: acd={cookie}\r\n" if cookie else ""
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\n{more}\r\n".encode())
        try:
            self.status = int((await reader.readline()).split()[1])
            moment: float | None = None
            while self.status == 200 and (line := await reader.readline()):
                self.bytes += len(line)
                if line.startswith(b"id: "):
                    moment = float(line[4:])
                elif line == b"\n" and moment is not None:
                    self.pictures.append((moment, time.time()))
                    moment = None
        finally:
            writer.close()

    def delays(self, events: list[float]) -> Iterator[float]:
        """Milliseconds from each event to the first picture that has it in it."""
        moments = [moment for moment, _ in self.pictures]
        for at in events:
            first = bisect_left(moments, at - 0.0005)  # the moment travels with three decimals
            if first < len(moments):
                yield (self.pictures[first][1] - at) * 1e3


class Found(msgspec.Struct):
    """The figures of one run."""

    boards: int
    desks: int
    shown: Spread | None
    """On a wallboard."""
    own: Spread | None
    """On the desk that it is about."""
    missed: int
    """Events that some screen never showed."""
    kilobytes: float
    """A second, to all screens."""
    cpu_alone: float
    cpu: float
    decision_alone: Spread | None
    decision: Spread | None
    late_alone: Spread | None
    late: Spread | None
    load: float


async def measure(boards: int, desks: int, desk: str, rate: float, seconds: float) -> Found:
    with tempfile.TemporaryDirectory(prefix="acd-bench-") as folder:
        command = [sys.executable, "-m", "bench.web", "--host", folder, "--rate", str(rate), "--seconds", str(seconds)]
        command += ["--desks", str(desks)]
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=2**24
        )
        try:
            return await _measured(process, boards, desk, seconds)
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()


async def _measured(process: asyncio.subprocess.Process, boards: int, desk: str, seconds: float) -> Found:
    hello = await _heard(process)
    alone = msgspec.convert(await _asked(process), Phase)
    screens = [Screen() for _ in range(boards)]
    pages = [Screen() for _ in hello["cookies"]]
    tasks = [asyncio.create_task(screen.look(hello["url"], "/events")) for screen in screens]
    tasks += [
        asyncio.create_task(page.look(hello["url"], desk, cookie))
        for page, cookie in zip(pages, hello["cookies"], strict=True)
    ]
    await asyncio.sleep(SETTLE)
    before = sum(screen.bytes for screen in [*screens, *pages])
    spent = processor_time(process.pid)
    crowded = msgspec.convert(await _asked(process), Phase)
    spent = processor_time(process.pid) - spent
    sent = sum(screen.bytes for screen in [*screens, *pages]) - before
    await asyncio.sleep(1.5)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    if wrong := {page.status for page in pages} - {200}:
        print(f"{desk} answers {', '.join(map(str, sorted(wrong)))}: these pages are not counted")
    delays = [list(screen.delays(crowded.events)) for screen in screens]
    # A desk is told of its own changes only.
    own = {
        who: [at for at, whose in zip(crowded.events, crowded.whose, strict=True) if who in whose]
        for who in hello["who"]
    }
    told = [list(page.delays(own[who])) for page, who in zip(pages, hello["who"], strict=True)]
    return Found(
        boards,
        sum(page.status == 200 for page in pages),
        spread([delay for some in delays for delay in some]),
        spread([delay for some in told for delay in some]),
        sum(len(crowded.events) - len(some) for some in delays)
        + sum(len(own[who]) - len(some) for who, some in zip(hello["who"], told, strict=True)),
        sent / seconds / 1e3,
        alone.cpu,
        spent / seconds,
        spread(alone.decision),
        spread(crowded.decision),
        spread(alone.late),
        spread(crowded.late),
        machine_load(),
    )


async def _asked(process: asyncio.subprocess.Process) -> Any:
    assert process.stdin
    process.stdin.write(b"go\n")
    return await _heard(process)


async def _heard(process: asyncio.subprocess.Process) -> Any:
    assert process.stdout
    line = await process.stdout.readline()
    if not line:
        raise SystemExit("the process with the engine ended")
    return json.loads(line)


def show(found: Found, rate: float) -> str:
    rows = [
        ("event to wallboard", None, found.shown),
        ("event to its own desk", None, found.own),
        ("decision of the engine", found.decision_alone, found.decision),
        ("due to decided", found.late_alone, found.late),
    ]
    lines = [
        [name, *(number(s.p50 if s else None, 2) for s in (alone, crowded)),
         *(number(s.p99 if s else None, 2) for s in (alone, crowded)),
         number(ratio(crowded.mean if crowded else None, alone.mean if alone else None), 2)]
        for name, alone, crowded in rows
    ]  # fmt: skip
    head = ["ms", "p50 alone", "p50", "p99 alone", "p99", "ratio of means"]
    p99 = max((each.p99 for each in (found.shown, found.own) if each), default=None)
    return "\n".join(
        [
            f"{found.boards} wallboards, {found.desks} operators' pages, {rate:g} changes/s; load {found.load:.1f}",
            table(head, lines),
            f"event to screen p99 {number(p99)} ms: {aim(p99, AIM) if p99 is not None else 'not measured'}; "
            f"{found.missed} not shown",
            f"processors used: {found.cpu:.2f}, without screens {found.cpu_alone:.2f}: "
            f"the web part {found.cpu - found.cpu_alone:.2f}; {found.kilobytes:.0f} kB/s sent",
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--boards", type=int, default=100)
    parser.add_argument("--desks", type=int, default=0, help=f"operators' pages, at most {OPERATORS}")
    parser.add_argument("--desk", default="/desk/events", help="the stream of an operator's page")
    parser.add_argument("--rate", type=float, default=10.0, help="changes a second")
    parser.add_argument("--seconds", type=float, default=20.0, help="of each of both phases")
    parser.add_argument("--json", type=Path, default=Path("var/bench/web.json"), help="where figures go")
    parser.add_argument("--host", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.host:
        asyncio.run(host(options.host, options.rate, options.seconds, options.desks))
        return
    found = asyncio.run(measure(options.boards, options.desks, options.desk, options.rate, options.seconds))
    print(show(found, options.rate))
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_bytes(msgspec.json.format(msgspec.json.encode(found)) + b"\n")


if __name__ == "__main__":
    main()
