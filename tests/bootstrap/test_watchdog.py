"""systemd hears that the engine has begun and that its event loop turns, and nothing when it stands still."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from acd.bootstrap.watchdog import Systemd, heard_by
from tests.bootstrap.test_service import ROOT


@pytest.fixture
def listening(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ours:
        ours.bind(str(tmp_path / "notify"))
        ours.settimeout(60)
        yield ours


def heard_until(ours: socket.socket, word: bytes) -> list[bytes]:
    """What is said, up to that word."""
    found = [ours.recv(100)]
    while found[-1] != word:
        found.append(ours.recv(100))
    return found


def test_it_says_that_it_lives_until_it_is_frozen_and_again_when_it_goes_on(
    listening: socket.socket, tmp_path: Path
) -> None:
    environment = {
        "NOTIFY_SOCKET": str(listening.getsockname()),
        "WATCHDOG_USEC": "400000",
        "ACD_QUEUES": str(ROOT / "queues.yaml"),
        "ACD_FLOWS": str(ROOT / "ivr_flows"),
        "ACD_STATE": str(tmp_path / "state"),
        "ACD_AMI_PORT": "1",
        "ACD_AMI_SECRET": "not-a-real-one",
        "ACD_WEB_PORT": "0",
    }
    service = subprocess.Popen(
        [sys.executable, "-m", "acd", "run"], env=os.environ | environment, stderr=subprocess.DEVNULL
    )
    try:
        assert heard_until(listening, b"READY=1") == [b"READY=1"]
        for _ in range(5):
            heard_until(listening, b"WATCHDOG=1")
        service.send_signal(signal.SIGSTOP)
        listening.settimeout(1.0)
        with pytest.raises(TimeoutError):
            heard_until(listening, b"what was said before, and nothing more")
        listening.settimeout(60)
        service.send_signal(signal.SIGCONT)
        heard_until(listening, b"WATCHDOG=1")
        service.terminate()
        heard_until(listening, b"STOPPING=1")
        assert service.wait(30) == 0
    finally:
        service.kill()
        service.wait()


async def test_an_event_loop_that_stands_still_says_nothing(listening: socket.socket) -> None:
    environment = {"NOTIFY_SOCKET": str(listening.getsockname()), "WATCHDOG_USEC": "40000"}
    listening.setblocking(False)
    loop = asyncio.get_running_loop()
    async with heard_by(Systemd(environment)):
        assert await loop.sock_recv(listening, 100) == b"READY=1"
        assert await loop.sock_recv(listening, 100) == b"WATCHDOG=1"
        busy = time.monotonic() + 0.2
        while time.monotonic() < busy:
            pass
        with pytest.raises(BlockingIOError):
            listening.recv(100)
        assert await loop.sock_recv(listening, 100) == b"WATCHDOG=1"


@pytest.mark.parametrize(
    "environment",
    [{}, {"WATCHDOG_USEC": "1000"}, {"NOTIFY_SOCKET": "/nowhere", "WATCHDOG_USEC": "1000"}, {"WATCHDOG_USEC": "x"}],
)
async def test_without_systemd_nothing_fails(environment: dict[str, str]) -> None:
    async with heard_by(Systemd(environment)):
        await asyncio.sleep(0)


def test_a_watchdog_that_is_another_processes_is_not_ours() -> None:
    assert Systemd({"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"}).patience == 0
    assert Systemd({"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": str(os.getpid())}).patience == 1.0


def test_an_abstract_address_is_known() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ours:
        ours.bind(f"\0acd-{os.getpid()}")
        ours.settimeout(10)
        Systemd({"NOTIFY_SOCKET": f"@acd-{os.getpid()}"}).say("READY=1")
        assert ours.recv(100) == b"READY=1"
