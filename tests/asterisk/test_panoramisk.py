"""What plain panoramisk does: the reasons for the hardening in ``acd/asterisk/session.py``.

When one of these fails after an upgrade, the trap was closed there, and something here may become simpler. That our own
link does not fall into any of them is shown in ``test_link.py``, ``test_frames.py`` and ``test_pbx.py``.
"""

import asyncio
import copy
import time
from collections.abc import Callable
from typing import Any

import pytest
from panoramisk.actions import Action  # type: ignore[import-untyped]
from panoramisk.ami_protocol import AMIProtocol  # type: ignore[import-untyped]
from panoramisk.manager import Manager  # type: ignore[import-untyped]
from panoramisk.message import Message  # type: ignore[import-untyped]

from tests.asterisk.conftest import PATIENCE
from tests.asterisk.fake import FakeAsterisk


async def until(holds: Callable[[], Any], otherwise: str = "it did not happen") -> None:
    """Let the loop run until it holds. Raises AssertionError."""
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, otherwise
        await asyncio.sleep(0.001)


class Factory:
    """Takes what the protocol dispatches."""

    save_stream = None

    def __init__(self) -> None:
        self.events: list[Any] = []

    def dispatch(self, event: Any) -> None:
        self.events.append(event)


class Transport:
    def write(self, data: bytes) -> None:
        pass


def protocol() -> tuple[Any, Factory]:
    plain, factory = AMIProtocol(), Factory()
    plain.connection_made(Transport())
    plain.factory, plain.encoding, plain.version = factory, "utf8", "11.0.0"
    return plain, factory


def test_a_character_cut_in_two_is_lost() -> None:
    plain, factory = protocol()
    data = "Event: X\r\nName: Zoë\r\n\r\n".encode()
    cut = data.index(0xC3) + 1
    plain.data_received(data[:cut])
    plain.data_received(data[cut:])
    assert factory.events[0]["Name"] == "Zo"


def test_an_empty_header_at_the_end_is_lost_and_reads_as_empty_all_the_same() -> None:
    plain, factory = protocol()
    plain.data_received(b"Event: X\r\nExten: \r\n\r\n")
    assert "Exten" not in factory.events[0]
    assert factory.events[0].exten == factory.events[0].never_there == ""


def test_a_failure_loses_its_last_header() -> None:
    assert "Message" not in Message.from_line("Response: Failure\r\nActionID: 7\r\nMessage: no")


async def test_a_line_break_in_a_value_becomes_a_second_action() -> None:
    text = str(Action({"Action": "Setvar", "Value": "x\r\n\r\nAction: Hangup"}))
    assert text.count("\r\n\r\n") == 2


def test_a_message_cannot_be_copied() -> None:
    with pytest.raises(RecursionError):
        copy.copy(Message({"Event": "X"}))


async def test_an_exception_in_a_handler_reaches_the_event_loop_which_closes_the_connection() -> None:
    plain, factory = protocol()
    factory.dispatch = lambda event: 1 / 0  # type: ignore[assignment]
    with pytest.raises(ZeroDivisionError):
        plain.data_received(b"Event: X\r\n\r\n")


async def test_an_originate_response_is_taken_for_the_answer() -> None:
    plain, factory = protocol()
    future = plain.send({"Action": "Originate", "Async": "true"})
    (id,) = set(plain.responses)
    plain.data_received(f"Event: OriginateResponse\r\nActionID: {id}\r\nResponse: Failure\r\n\r\n".encode())
    assert factory.events == []
    assert future.result().event == "OriginateResponse"


async def test_an_action_without_an_answer_is_sent_again_after_a_reconnect(fake: FakeAsterisk) -> None:
    fake.silent_to = {"Originate"}
    fake.before["Originate"] = fake.cut
    manager = Manager(
        loop=asyncio.get_running_loop(), port=fake.port, username="acd", secret=fake.secret, reconnect_timeout=0
    )
    await manager.connect()
    await until(lambda: manager.authenticated)
    manager.send_action({"Action": "Originate", "Channel": "PJSIP/citizen"})
    await until(lambda: len(fake.sent("Originate")) == 2, "the citizen is not called twice")
    manager.connection_lost = lambda exc: None
    manager.close()
    await asyncio.sleep(0)


async def test_close_does_not_stop_a_reconnect_under_way(fake: FakeAsterisk) -> None:
    manager = Manager(
        loop=asyncio.get_running_loop(), port=fake.port, username="acd", secret=fake.secret, reconnect_timeout=0
    )
    await manager.connect()
    await until(lambda: manager.authenticated)
    manager.protocol.transport.abort()
    await asyncio.sleep(0)
    manager.close()
    await until(lambda: fake.sessions == 2, "it does not reconnect")
    manager.connection_lost = lambda exc: None
    manager.close()
    await asyncio.sleep(0)
