"""How the service starts and ends when something is wrong: one clear error, and nothing left behind."""

import asyncio
import signal
import socket
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from acd.bootstrap import service as module
from acd.bootstrap.service import Service
from acd.bootstrap.settings import SettingMissing, Settings
from acd.model import facts as f
from acd.model.commands import Command
from acd.model.ids import OperatorId
from acd.ports import Inbox
from acd.records import upgrade
from acd.runtime.control import ControlError, ask

ROOT = Path(__file__).parents[2]


class NoSwitch:
    """A switch that is never reached."""

    def __init__(self) -> None:
        self.stopped = False

    async def start(self, inbox: Inbox) -> None:
        self.inbox = inbox

    async def stop(self) -> None:
        self.stopped = True

    def send(self, command: Command) -> None:
        pass

    def heartbeat(self) -> None:
        pass


def settings(state: Path, **other: Any) -> Settings:
    given: dict[str, Any] = {
        "queues": ROOT / "queues.yaml",
        "flows": ROOT / "ivr_flows",
        "state": state,
        "web_port": 0,
        "ami_secret": SecretStr("x"),
        "ami_secret_file": None,
    }
    return Settings(**(given | other))


async def started(service: Service) -> "asyncio.Task[None]":
    opened = asyncio.Event()
    task = asyncio.create_task(service.run(lambda _: opened.set()))
    waiting = asyncio.create_task(opened.wait())
    await asyncio.wait([task, waiting], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    return task


def left_behind(state: Path) -> bool:
    return (state / "control.sock").exists()


async def test_a_taken_port_is_told_and_the_socket_is_gone(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        service = Service(settings(tmp_path, web_port=taken.getsockname()[1]), pbx=NoSwitch())
        with pytest.raises(OSError, match="cannot listen"):
            await service.run()
    assert not left_behind(tmp_path)


async def test_a_missing_secret_is_told_before_anything_answers(tmp_path: Path) -> None:
    with pytest.raises(SettingMissing, match="ACD_AMI_SECRET_FILE"):
        await Service(settings(tmp_path, ami_secret=None)).run()
    assert not left_behind(tmp_path)


@pytest.mark.parametrize("content", [b"", b"\n \n", b"\xff\xfe\x00", b"two\nlines"])
def test_a_file_that_holds_no_password_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "secret").write_bytes(content)
    (tmp_path / "secret").chmod(0o600)
    with pytest.raises(SettingMissing, match=str(tmp_path / "secret")):
        settings(tmp_path, ami_secret_file=tmp_path / "secret").ami()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_during_a_start_that_hangs_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    begun = asyncio.Event()

    async def hangs(url: str) -> None:
        begun.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(module, "upgrade", hangs)
    task = asyncio.create_task(Service(settings(tmp_path), pbx=NoSwitch()).run())
    await begun.wait()
    signal.raise_signal(number)
    await asyncio.wait_for(task, 5)
    assert not left_behind(tmp_path)


async def test_a_reload_that_is_asked_for_during_the_start_does_no_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:

    async def asked(url: str) -> None:
        signal.raise_signal(signal.SIGHUP)
        await asyncio.sleep(0)
        await upgrade(url)

    monkeypatch.setattr(module, "upgrade", asked)
    service = Service(settings(tmp_path), pbx=NoSwitch())
    task = await started(service)
    assert not task.done()
    service.stop()
    await asyncio.wait_for(task, 5)


async def test_an_engine_that_fails_ends_the_service_and_saves_the_records(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    class Nonsense(f.Fact, frozen=True):
        pass

    switch = NoSwitch()
    service = Service(settings(tmp_path), pbx=switch)
    task = await started(service)
    await ask(service.settings.socket, "operator", operator="an_peeters", action="login", by="test")
    service.driver.tell(Nonsense())
    with pytest.raises(KeyError):
        await asyncio.wait_for(task, 5)
    assert switch.stopped
    assert not left_behind(tmp_path)
    again = Service(settings(tmp_path), pbx=NoSwitch())
    task = await started(again)
    states = {o.operator: o.state.value for o in again.engine.board(again.clock()).operators}
    assert states[OperatorId("an_peeters")] == "not_ready"
    again.stop()
    await asyncio.wait_for(task, 5)


@pytest.mark.parametrize(
    ("do", "details", "words"),
    [
        ("operator", {}, "does not say 'operator'"),
        ("operator", {"operator": "an_peeters", "by": "x"}, "does not say 'action'"),
        ("operator", {"operator": "an_peeters", "by": "x", "action": "dance"}, "no operator can 'dance'"),
        ("drain", {"by": "x"}, "does not say 'on'"),
        ("drain", {"by": "x", "on": "false"}, "true or false"),
        ("crisis", {"by": "x", "message": "crisis-strom"}, "no prompt 'crisis-strom' in .*crisis-storm"),
        ("crisis", {"by": "x", "message": "../../etc/passwd"}, "no prompt"),
    ],
)
async def test_a_request_that_makes_no_sense_changes_nothing_and_is_told_why(
    tmp_path: Path, do: str, details: dict[str, Any], words: str
) -> None:
    service = Service(settings(tmp_path), pbx=NoSwitch())
    task = await started(service)
    before = await ask(service.settings.socket, "status")
    with pytest.raises(ControlError, match=words):
        await ask(service.settings.socket, do, **details)
    assert await ask(service.settings.socket, "status") == before
    assert (await ask(service.settings.socket, "crisis", message="crisis-storm", by="x"))["crisis"] == "crisis-storm"
    service.stop()
    await asyncio.wait_for(task, 5)
