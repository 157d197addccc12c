"""``acd drain --then COMMAND``: whatever becomes of the command, new callers are taken again."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from acd.cli import app, service
from tests.cli.answering import Answering


class Desk:
    """A service that notes who asked what."""

    def __init__(self) -> None:
        self.draining: list[bool] = []
        self.calls = [2, 1]
        self.door: Answering

    async def status(self, _: Mapping[str, Any]) -> dict[str, Any]:
        return {"calls": self.calls.pop(0) if self.calls else 0, "linked": True}

    async def drain(self, request: Mapping[str, Any]) -> dict[str, Any]:
        self.draining.append(request["on"])
        return {}


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setenv("ACD_STATE", str(tmp_path))
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    desk = Desk()
    with Answering(tmp_path / "control.sock", {"status": desk.status, "drain": desk.drain}) as desk.door:
        yield desk


def drain(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["drain", *words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def test_the_command_is_run_when_nobody_is_left(desk: Desk, tmp_path: Path) -> None:
    code, said = drain("--then", f"touch {tmp_path / 'done'}")
    assert code == 0, said
    assert (tmp_path / "done").exists()
    assert desk.draining == [True, False]


@pytest.mark.parametrize("command", ["no-such-command-here -x", "", "echo 'half a quote"])
def test_a_command_that_cannot_be_run_refuses_nobody(desk: Desk, command: str) -> None:
    code, said = drain("--then", command)
    assert code == 1
    assert "--then" in said
    assert desk.draining == []


def test_a_command_that_fails_keeps_nobody_out(desk: Desk) -> None:
    code, said = drain("--then", "false")
    assert code == 0
    assert "false ended with 1" in said
    assert desk.draining == [True, False]


def test_a_restart_of_the_service_itself_is_waited_for(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The service is away when the command ends, and refuses callers when it is back: it remembers."""
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 5:
            desk.door.start()

    def restart(*_: Any, **__: Any) -> Any:
        desk.door.stop()
        monkeypatch.setattr("time.sleep", sleep)
        return type("Done", (), {"returncode": 0})

    monkeypatch.setattr("subprocess.run", restart)
    code, said = drain("--then", "true")
    assert code == 0, said
    assert desk.draining == [True, False]


def test_a_service_that_does_not_come_back_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "RESTART_TAKES", 0.0)

    def kill(*_: Any, **__: Any) -> Any:
        desk.door.stop()
        return type("Done", (), {"returncode": 0})

    monkeypatch.setattr("subprocess.run", kill)
    code, said = drain("--then", "true")
    assert code == 1
    assert "new callers are still refused" in said
