"""Whoever has an AMI password enters the dialplan at any line, with variables of his own: no line runs a program for
him.

Each line with a ``${}`` in it is entered in three ways on the real Asterisk: by the engine's account with Redirect and
with Originate, and by the standby's with Originate. What the line reads is poisoned on the channel and as a global.
"""

import asyncio
import os
import re
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pytest

from acd.asterisk.actions import Action
from acd.asterisk.counters import Counters
from acd.asterisk.fence import standby_account
from acd.asterisk.session import AmiSession
from acd.ivr import dialplan
from acd.model.ids import LineId
from sim.lab import Habit, Lab
from tests.ivr.menus import menu_city, menu_flows
from tests.lab.stub import PATIENCE, patient, stub, unheard, until

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(300)]

POISONS = {
    "an application": '1?System(touch {trace} #)" : "(.*)" | "0',
    "a shell's quotes": "';touch {trace};'$(touch {trace})`touch {trace}`",
    "another argument": "x,b,touch {trace} #",
    "a function": '${{SHELL(touch {trace})}}" | SHELL(touch {trace}) | "',
}
"""What a value may hide: what ``ExecIf()`` would run; commands; further arguments of the application; a call of a
function, which an expression carries out."""

BESIDE = """
; A caller who hears nothing for three seconds.
[test-idle]
exten => s,1,Answer()
 same => n,Wait(3)
 same => n,Hangup()
; What the test must notice: without it, it might look for its traces in the wrong place.
[test-control]
exten => s,1,System(touch ${ASTLOGDIR}/was-control-${FILTER(a-z,${WAY})})
"""
CONTROL = "test-control"


class Line(NamedTuple):
    """One priority of the dialplan as Asterisk shows it."""

    context: str
    exten: str
    """A number that the extension's pattern takes."""
    priority: str
    text: str

    @property
    def names(self) -> set[str]:
        """The variables that it reads."""
        read = set(re.findall(r"\$\{(?:[A-Z_]+\()?(\w+)", self.text))
        return {*read, *(f"{name}{self.exten}" for name in read if name.endswith("_"))} - {"WAY"}


def lines_of(lab: Lab) -> Iterator[Line]:
    """Each line that reads a variable, once: of two that say the same the first."""
    shown = re.sub(r"\n +(?=\[|\d+\.)", "\n", lab.cli("dialplan show"))
    context = extension = ""
    seen: set[str] = set()
    for row in shown.splitlines():
        if found := re.match(r"\[ Context '([^']+)'", row):
            context = found[1]
        if found := re.match(r"  '([^']+)' =>", row):
            extension = found[1]
        found = re.search(r"(\d+)\. (\w+\(.*\))  *\[", row)
        if found and "${" in found[2] and found[2] not in seen:
            seen.add(found[2])
            yield Line(context, example(extension), found[1], found[2])


def example(extension: str) -> str:
    """A number that a pattern takes: ``_[a-z]X.`` takes ``a111``."""
    if not extension.startswith("_"):
        return extension
    parts = re.sub(r"\[(.)[^]]*\]", r"\1", extension[1:])
    return parts.replace("X", "1").replace("Z", "2").replace(".", "11").replace("!", "")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """With menus of every kind."""
    city = menu_city()
    menus = dialplan(menu_flows(tmp_path_factory.mktemp("flows"), city), city, date(2026, 11, 26))
    with Lab(dialplan=menus + BESIDE, partners={LineId("gentinfo"): "+3290000000"}) as lab:
        yield lab


@pytest.fixture
def traces(lab: Lab) -> Iterator[Path]:
    """Where a program that was run has left its trace."""
    folder = lab.folder / "log"
    yield folder
    for trace in folder.glob("was*"):
        trace.unlink()


@asynccontextmanager
async def opened(lab: Lab, *, standby: bool) -> AsyncIterator[AmiSession]:
    settings = patient(lab)
    session = AmiSession(standby_account(settings) if standby else settings, lambda frame: None, Counters())
    await session.open()
    try:
        yield session
    finally:
        session.close()


@pytest.mark.parametrize("poison", POISONS)
async def test_no_line_of_the_dialplan_runs_a_program_for_who_enters_it(lab: Lab, traces: Path, poison: str) -> None:
    lines = sorted(lines_of(lab), key=lambda line: line.context == CONTROL)
    assert {"acd-fence", "acd-record-begin", "acd-ask", "acd-connect", "acd-to-connect", "acd-flow-main", CONTROL} <= {
        line.context for line in lines
    }

    def poisoned(trace: str) -> str:
        return POISONS[poison].format(trace=f"/{traces.relative_to(lab.root)}/was-{trace}")

    names = sorted({name for line in lines for name in line.names})
    # Each of them has its trace when it was carried out, and it is the last line.
    control = {f"was-control-{way}" for way in ("engine", "standby", "redirect")}
    async with opened(lab, standby=False) as engine, opened(lab, standby=True) as standby:
        await engine.ask_all([_setvar(name, poisoned("global")) for name in names])
        async with asyncio.TaskGroup() as group:
            group.create_task(_originate(engine, lines, poisoned, "engine"))
            group.create_task(_originate(standby, lines, poisoned, "standby"))
            group.create_task(_redirect(engine, lines, poisoned))
        await until(lambda: control <= ran(traces), "the line that is to leave a trace left none")
        await asyncio.to_thread(_end, lab)
        await engine.ask_all([_setvar(name, "") for name in names])
    await unheard(lab)
    assert [_told(trace, lines) for trace in sorted(ran(traces) - control)] == []


def ran(traces: Path) -> set[str]:
    return {name for name in os.listdir(traces) if name.startswith("was")}


def _end(lab: Lab) -> None:
    """Two seconds after the last has begun: a thousand calls, on a machine that may be busy."""
    time.sleep(2)
    end = time.monotonic() + 120
    while channels := lab.channels():
        assert time.monotonic() < end, f"left in Asterisk: {channels}"
        # One that began late has not heard it yet, and many a line lets nobody go by itself.
        lab.cli("channel request hangup all")
        time.sleep(0.5)


def _setvar(name: str, value: str) -> Action:
    return ("Action", "Setvar"), ("Variable", name), ("Value", value)


def _told(trace: str, lines: list[Line]) -> str:
    number = trace.rpartition("-")[2]
    return f"{trace}: {lines[int(number)]}" if number.isdecimal() else trace


async def _originate(session: AmiSession, lines: list[Line], poisoned: Callable[[str], str], way: str) -> None:
    for number, line in enumerate(lines):
        begin = _begin(line, poisoned(f"{way}-{number}"), way)
        await _done(session, (*begin, *_place(line), ("Async", "true")))


async def _redirect(session: AmiSession, lines: list[Line], poisoned: Callable[[str], str]) -> None:
    for number, line in enumerate(lines):
        begin = _begin(line, poisoned(f"redirect-{number}"), "redirect")
        # On a busy machine his three seconds can be over before he is sent.
        for attempt in range(5):
            id = f"test-{number}-{attempt}"
            await _done(session, (*begin, ("ChannelId", id), *_place(Line("test-idle", "s", "1", ""))))
            [answer] = await session.ask((("Action", "Redirect"), ("Channel", id), *_place(line)), PATIENCE)
            if answer.success:
                break
        assert answer.success, (line, answer.message)


def _begin(line: Line, value: str, way: str) -> Action:
    # Signs by which Asterisk would take a value apart.
    value = re.sub(r'([\\",()\[\]])', r"\\\1", value)
    variables = (("Variable", f"{name}={value}") for name in sorted(line.names))
    return ("Action", "Originate"), ("Channel", "Local/s@test-idle/n"), *variables, ("Variable", f"WAY={way}")


def _place(line: Line) -> Action:
    return ("Context", line.context), ("Exten", line.exten), ("Priority", line.priority)


async def _done(session: AmiSession, words: Action) -> None:
    [answer] = await session.ask(words, PATIENCE)
    assert answer.success, (words, answer.message)


async def test_no_key_begins_a_recording_whose_name_is_a_command(lab: Lab) -> None:
    """Asterisk's recording by a key in the middle of a talk (automixmon) is turned on by variables of the channel, and
    what stands in the name of its file after two commas is a command."""
    touched = {
        "FEATUREMAP(automixmon)": "9",
        "BRIDGE_FEATURES": "X",
        "TOUCH_MIXMONITOR": "x,b,id #",
    }
    async with stub(lab) as engine, lab.phone("1001", Habit()), lab.citizen("+32470000556") as citizen:
        call = citizen.call("3292101010")
        arrived = await engine.event("AcdArrived", Num="+32470000556")
        channel = arrived["Uniqueid"]
        for name, value in touched.items():
            await engine.setvar(name, value, Channel=channel)
        await engine.setvar("ACD_LINE", "gentinfo", Channel=channel)
        await engine.offer(channel, 5, "1001")
        await engine.event("AcdUp", Offer="5")
        await call.digit("9")
        await asyncio.sleep(1)
        started = await engine.getvar("TOUCH_MIXMONITOR_OUTPUT", Channel=channel)
        await call.hang_up()
        await engine.quiet(lab)
    assert started in ("", "(null)")
    assert not [*(lab.folder / "spool/monitor").glob("*")]
