"""The product as it runs in a city: ``acd run``, a process of its own, with its records."""

import asyncio
import os
import subprocess
import sys
import threading
import time
import urllib.request
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from typing import Any, Final, Self

from acd.runtime.control import ServiceNotRunning, ask
from sim.lab import Lab

START_TIMEOUT: Final = 30.0


class ServiceError(RuntimeError):
    """The service did not come up or did not do what was asked; the message carries its log."""


class Service:
    """A context manager: inside it the service is linked to the lab's Asterisk.

    Args:
        folder: an empty folder for its state; ``queues`` is read from there by name.
        queues: the city's settings.
        lab: a running Asterisk.
    """

    def __init__(self, folder: Path, queues: Path, lab: Lab) -> None:
        self._socket = folder / "control.sock"
        self._log = folder / "acd.log"
        self._environment = {
            **os.environ,
            "ACD_QUEUES": str(queues),
            "ACD_STATE": str(folder),
            "ACD_AMI_PORT": str(lab.ami_port),
            "ACD_AMI_USER": lab.ami_user,
            "ACD_AMI_SECRET": lab.ami_secret,
            "ACD_WEB_PORT": "0",
        }

    def __enter__(self) -> Self:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "acd", "run", "--log-json"],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            self._wait(lambda status: status["linked"], "linked to Asterisk")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    @property
    def pid(self) -> int:
        return self._process.pid

    def status(self) -> dict[str, Any]:
        """What ``acd status`` knows."""
        return asyncio.run(ask(self._socket, "status"))

    def watch(self) -> None:
        """Open a wallboard, as there is one in every contact centre, and look at it until the service ends."""
        stream = urllib.request.urlopen(f"{self.status()['web'].rstrip('/')}/events", timeout=START_TIMEOUT)
        threading.Thread(target=_look, args=(stream,), daemon=True).start()

    def ready(self, operators: list[str], *, available: bool = True) -> None:
        """Log the operators in and make them ready.

        Args:
            available: wait until each of them is available.
        """
        asyncio.run(self._log_in(operators))
        if available:
            self._wait(
                lambda status: all(shown["state"] == "available" for shown in status["operators"]),
                "all operators available",
            )

    async def _log_in(self, operators: list[str]) -> None:
        for operator in operators:
            for action in ("login", "ready"):
                await ask(self._socket, "operator", operator=operator, action=action, by="bench")

    def _wait(self, wanted: Any, what: str) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise ServiceError(f"acd run ended with code {self._process.returncode}:\n{self.log()}")
            try:
                if wanted(self.status()):
                    return
            except ServiceNotRunning:
                pass
            time.sleep(0.1)
        raise ServiceError(f"not {what} within {START_TIMEOUT:.0f} s:\n{self.log()}")

    def log(self) -> str:
        """The end of what it wrote."""
        return self._log.read_text("utf-8", "replace")[-3000:]


def _look(stream: Any) -> None:
    with suppress(OSError, HTTPException), stream:
        while stream.readline():
            pass
