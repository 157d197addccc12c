"""The service's log: what happened can be followed by the call's id, and nobody can be recognised in it."""

import asyncio
import json
import logging
import os
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import structlog

from acd.bootstrap.event_log import TOLD, _shape
from acd.bootstrap.log import Outlet, configure_log, discreet
from acd.model import events as e
from acd.model.contact import Contact, ContactId, Draft
from acd.model.ids import LineId, OperatorId
from sim.demo import DemoSwitch, Pages
from tests.bootstrap.test_service import calls_recorded, running, switch

__all__ = ["switch"]

NUMBER: Final = "+32470999888"
NOTE, NAME = "Vraagt naar zijn vergunning in de Kortrijksestraat", "Godelieve Vandersteene"
ALIKE = {"name", "by", "reason", "language", "path", "did", "number", "to", "message", "what", "why", "lines"}


@pytest.fixture
def lines() -> Iterator[list[dict[str, Any]]]:
    """All that is logged, as it is before anything is left out: the sources themselves are to be discreet."""
    found: list[dict[str, Any]] = []

    def keep(_logger: object, _method: str, event: Any) -> Any:
        found.append(dict(event))
        raise structlog.DropEvent

    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, structlog.processors.format_exc_info, keep]
    )
    yield found
    structlog.reset_defaults()


async def said(lines: list[dict[str, Any]], *events: str) -> None:
    """Wait until each of them has been logged."""
    while not set(events) <= {line["event"] for line in lines}:  # noqa: ASYNC110
        await asyncio.sleep(0.05)


async def test_nobody_is_recognised_in_the_log_of_a_bad_day(
    switch: DemoSwitch, tmp_path: Path, lines: list[dict[str, Any]]
) -> None:
    """Calls are served, the database is locked, a note cannot be kept, the link is lost: much to say, of no citizen."""
    async with running(switch, tmp_path / "state") as service:
        switch.staff(Pages(service.settings.socket))
        async with asyncio.timeout(60):
            await calls_recorded(service, "answered", 4)
        other = sqlite3.connect(tmp_path / "state/acd.db", isolation_level=None, timeout=10, check_same_thread=False)
        await asyncio.to_thread(other.execute, "BEGIN IMMEDIATE")
        id, an, gentinfo = ContactId("1.1~an"), OperatorId("an_peeters"), LineId("gentinfo")
        contact = Contact(id, an, gentinfo, 1.0, number=NUMBER, draft=Draft(NAME, NOTE))
        service.office._keep(contact, lambda: service.contacts.begin(contact))
        async with asyncio.timeout(30):
            await said(lines, "records.database_down", "contact.not_kept")
        await asyncio.to_thread(other.execute, "ROLLBACK")
        switch.disconnect()
        async with asyncio.timeout(30):
            await said(lines, "link.went_down", "link.came_up")
        async with asyncio.timeout(30):
            await calls_recorded(service, "answered", 6)
        numbers = {number for (number,) in other.execute("SELECT number FROM caller")}
        other.close()
    text = json.dumps(lines, default=str, ensure_ascii=False)
    assert len(numbers) >= 6
    for number in (*numbers, NUMBER):
        assert number[-9:] not in text
    assert NOTE not in text
    assert NAME not in text


async def test_the_story_of_a_call_can_be_followed_by_its_id(
    switch: DemoSwitch, tmp_path: Path, lines: list[dict[str, Any]]
) -> None:
    async with running(switch, tmp_path / "state") as service:
        switch.staff(Pages(service.settings.socket))
        async with asyncio.timeout(60):
            # Who called while the switch was not yet seen was served by the switch itself.
            while STORY not in stories(lines):  # noqa: ASYNC110
                await asyncio.sleep(0.1)


STORY: Final = ["call.started", "call.entered_line", "call.offered", "operator.rang", "call.answered"]


def stories(lines: list[dict[str, Any]]) -> list[list[str]]:
    """Of each call the steps that count here."""
    calls = dict.fromkeys(line["call"] for line in lines if "call" in line)
    return [[line["event"] for line in lines if line.get("call") == call and line["event"] in STORY] for call in calls]


def test_of_an_event_only_ids_states_and_counts_are_told() -> None:
    """A new field is told only when somebody has thought about it; of what is free text none is."""
    assert not TOLD & ALIKE


@pytest.mark.parametrize("number", ["+32470123456", "0470123456", "32470123456", "092101010", "0032470123456"])
def test_a_number_in_the_words_of_a_library_is_left_out(number: str) -> None:
    said = discreet(
        None, "info", {"event": "x", "error": f"cannot reach PJSIP/{number}@trunk: {number}.", "n": [number]}
    )
    assert number[1:] not in str(said)


def test_an_address_of_e_mail_is_left_out() -> None:
    said = discreet(None, "info", {"event": "x", "why": "an.peeters+acd@stad.example: 550 unknown", "n": ["b@c.be"]})
    assert said == {"event": "x", "why": "[address]: 550 unknown", "n": ["[address]"]}


@pytest.mark.parametrize(
    "text",
    [
        "1795638340.54",
        "acd-cb-17",
        "2026-11-26T02:10:04.123456Z",
        "port 5038",
        "9f86d081884c7d659a2feaa0c55ad015",
        "0.25",
        "postgresql://acd@127.0.0.1/acd",
        "postgresql+psycopg://acd:***@db.stad.example/acd",
        "sip:1001@192.0.2.1",
        "PJSIP/1001@acd-peer-b.example",
    ],
)
def test_ids_and_times_stay(text: str) -> None:
    assert discreet(None, "info", {"event": text})["event"] == text


def test_the_row_that_a_database_refuses_is_left_out() -> None:
    words = f'new row violates check "c"\nDETAIL:  Failing row contains (7, {NAME}, {NOTE}).'
    said = discreet(None, "error", {"event": "x", "exception": words})["exception"]
    assert said == 'new row violates check "c"\nDETAIL: [left out]'


def test_json_lines_of_ours_and_of_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    before = logging.root.handlers[:], logging.root.level
    with os.fdopen(reading) as log, os.fdopen(writing, "w") as stderr:
        monkeypatch.setattr("sys.stderr", stderr)
        try:
            configure_log(json=True)
            with structlog.contextvars.bound_contextvars(call="17.1"):
                structlog.get_logger().info("call.offered", operator="an", waited=1.5)
            logging.getLogger("some.library").warning("no answer from %s", "+32470123456")
            first, second = json.loads(log.readline()), json.loads(log.readline())
        finally:
            logging.root.handlers[:], _ = before
            logging.root.setLevel(before[1])
            structlog.reset_defaults()
    assert first.pop("timestamp")
    assert first == {"event": "call.offered", "call": "17.1", "operator": "an", "waited": 1.5, "level": "info"}
    assert (second["event"], second["level"]) == ("no answer from [number]", "warning")


def test_a_reader_that_stands_still_holds_nobody_up_and_hears_what_was_lost() -> None:
    reading, writing = os.pipe()
    outlet, done = Outlet(writing, most=50), threading.Event()

    def write() -> None:
        for n in range(5000):
            outlet.write(f"line {n} {'x' * 100}\n")
        done.set()

    threading.Thread(target=write, daemon=True).start()
    assert done.wait(10), "the pipe is full, and the writer waits for it"
    with os.fdopen(reading) as log:
        found: list[str] = []
        reader = threading.Thread(target=lambda: found.extend(log))
        reader.start()
        outlet.close()
        os.close(writing)
        reader.join(10)
    assert found[0].startswith("line 0 ")
    assert any("lines of the log are lost" in line for line in found)
    assert len(found) < 5000


def test_every_kind_of_event_has_a_name_of_its_own() -> None:
    kinds = e.Event.__subclasses__()
    assert len({_shape(kind)[0] for kind in kinds}) == len(kinds)
    assert _shape(e.CallEnteredLine) == ("call.entered_line", ("call", "line"))
