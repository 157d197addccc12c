"""The whole product on a real Asterisk: menus compiled, service started, phones of operators and citizens."""

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

import pytest

from acd.config import ZONE, City, load
from acd.ivr import dialplan, load_catalogue, load_flows
from acd.records import Archive, CallRow
from sim.lab import Lab
from sim.lab.service import LabService
from sim.lab.sound import tone

HERE = Path(__file__).parent
QUEUES = HERE / "city.yaml"
PROMPTS = HERE.parents[1] / "ivr_flows/prompts"

SPEAKS: Final = 0.3
"""Seconds of a talk: who hangs up in the instant in which the phone is picked up has given up."""


@pytest.fixture(scope="session")
def city() -> City:
    return load(QUEUES)


@pytest.fixture(scope="session")
def menus(city: City, tmp_path_factory: pytest.TempPathFactory) -> str:
    return compiled(city, HERE / "flows", tmp_path_factory.mktemp("flows"))


def compiled(city: City, menus: Path, folder: Path) -> str:
    """The dialplan of a small city's menus, spoken with the product's own prompts. ``folder``: an empty one."""
    shutil.copytree(menus, folder, dirs_exist_ok=True)
    shutil.copytree(PROMPTS, folder / "prompts")
    flows = load_flows(folder, city.lines, load_catalogue(folder / "prompts"))
    return dialplan(flows, city, datetime.now(ZONE).date())


@contextmanager
def sounding(city: City, menus: Path, folder: Path, tones: Mapping[str, float], hertz: int = 660) -> Iterator[Lab]:
    """A small city's Asterisk with tones in place of prompts. ``tones``: how many seconds each prompt lasts."""
    for prompt, seconds in tones.items():
        tone(folder / "sounds/nl/acd" / f"{prompt}.wav", hertz, seconds)
    with Lab(city.policy, dialplan=compiled(city, menus, folder / "flows"), sounds=folder / "sounds") as lab:
        yield lab


@pytest.fixture
def lab(city: City, menus: str) -> Iterator[Lab]:
    with Lab(city.policy, dialplan=menus) as lab:
        yield lab


@pytest.fixture
async def service(lab: Lab, tmp_path: Path) -> AsyncIterator[LabService]:
    async with LabService(lab, QUEUES, tmp_path / "state") as service:
        yield service


@pytest.fixture(autouse=True)
def nobody_is_named_in_the_log(tmp_path: Path) -> Iterator[None]:
    """Whatever the story: no number and no word about a citizen that the records hold stands in a log."""
    yield
    for log in tmp_path.rglob("service.log"):
        said = log.read_text("utf-8", "replace")
        database = log.with_name("acd.db")
        for words in personal(database) if database.exists() else ():
            assert words not in said


def personal(file: Path) -> set[str]:
    """The numbers (without what may stand before them) and the longer words of people in a database."""
    found: set[str] = set()
    with closing(sqlite3.connect(file)) as database:
        for table in ("caller", "callback", "contact", "request"):
            found |= {number[-9:] for (number,) in database.execute(f"SELECT number FROM {table}") if number}
        for table, column in (
            ("contact", "name"),
            ("contact", "note"),
            ("request", "question"),
            ("request_log", "note"),
        ):
            found |= {words for (words,) in database.execute(f"SELECT {column} FROM {table}") if len(words or "") > 5}
    return found


async def until(what: Callable[[], bool | Awaitable[bool]], seconds: float, why: str) -> None:
    """Wait until ``what`` holds; fail after ``seconds`` saying ``why``."""
    try:
        async with asyncio.timeout(seconds):
            while True:
                answer = what()
                if answer if isinstance(answer, bool) else await answer:
                    return
                await asyncio.sleep(0.02)
    except TimeoutError:
        pytest.fail(f"not within {seconds} s: {why}")


async def records(service: LabService) -> list[CallRow]:
    """All calls as recorded, oldest first."""
    archive = Archive(service.database)
    try:
        return (await archive.calls(limit=10_000))[::-1]
    finally:
        await archive.close()


async def all_ended(service: LabService, count: int) -> list[CallRow]:
    """So many calls, once all of them are over, oldest first."""
    rows: list[CallRow] = []

    async def ended() -> bool:
        rows[:] = await records(service)
        return len(rows) == count and all(row.ended_at is not None and row.outcome is not None for row in rows)

    try:
        await until(ended, 30, f"{count} calls are recorded as ended, each with an outcome")
    except pytest.fail.Exception:
        pytest.fail(
            f"{count} calls are not recorded as ended, each with an outcome, within 30 s: {rows}\n{service.log()}"
        )
    return rows
