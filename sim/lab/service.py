"""The product itself beside the lab's Asterisk: ``acd run`` as a process of its own, that can be killed and frozen."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from acd.bootstrap.phones import write_access
from acd.runtime.control import ControlError, ask
from sim.lab.asterisk import Lab

START_TIMEOUT: Final = 60.0
STOP_TIMEOUT: Final = 60.0
"""Seconds."""


class ServiceFailed(RuntimeError):
    """The service ended by itself: {its last words}."""

    def __init__(self, words: str) -> None:
        super().__init__(f"the service ended by itself: {words}")


class LabService:
    """``acd run`` on a :class:`~sim.lab.asterisk.Lab`.

    Args:
        lab: a started Asterisk.
        queues: the city's file; it must be the one that the lab was configured from.
        state: folder for the database, the control socket and the log.
        environment: further ``ACD_...`` settings.
        prefix: a program, with its arguments, that becomes the service: ``unshare --mount``.
        patience: seconds that a start may take.
    """

    def __init__(
        self,
        lab: Lab,
        queues: Path,
        state: Path,
        environment: dict[str, str] | None = None,
        *,
        prefix: Sequence[str] = (),
        patience: float = START_TIMEOUT,
    ) -> None:
        self._patience = patience
        self.lab = lab
        self.state = state
        self.log_file = state / "service.log"
        self._environment = {
            "ACD_QUEUES": str(queues),
            "ACD_STATE": str(state),
            "ACD_AMI_PORT": str(lab.ami_port),
            "ACD_AMI_USER": lab.ami_user,
            "ACD_AMI_SECRET": lab.ami_secret,
            "ACD_WEB_PORT": "0",
            "ACD_CEL": str(lab.cel),
            "ACD_RECORDINGS": str(lab.recordings),
        } | (environment or {})
        self._prefix = prefix
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """Settings with which a command speaks to it."""
        return os.environ | self._environment

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def database(self) -> str:
        return self._environment.get("ACD_DATABASE") or f"sqlite:///{self.state / 'acd.db'}"

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            # Nothing of it is left behind.
            if self._process is not None:
                self.kill()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Start, and wait until it leads, the link to Asterisk is up and its pages are open.

        Raises:
            ServiceFailed: it ended instead.
            TimeoutError: it has not come up in time.
        """
        if self._process is None and not (self.state / "acd.db").exists():
            # Records that begin now: the calls that this Asterisk had before are no gap in them.
            self.lab.cel.unlink(missing_ok=True)
        await self.begin(self.open)

    async def stand_by(self) -> None:
        """Start, and wait until it could take over from another that leads; raises as :meth:`start`."""
        await self.begin(self.ready)

    async def begin(self, begun: Callable[[], Awaitable[bool]]) -> None:
        """Start, and wait until that is so; raises as :meth:`start`."""
        self.state.mkdir(parents=True, exist_ok=True)
        write_access(self.state, self.lab.policy, self.lab.site)
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                [*self._prefix, sys.executable, "-m", "acd", "run", "--log-json"],
                env=os.environ | self._environment,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )
        async with asyncio.timeout(self._patience):
            while not await begun():
                if self._process.poll() is not None:
                    raise ServiceFailed(self.log()[-2000:])
                await asyncio.sleep(0.02)

    async def open(self) -> bool:
        """It has Asterisk, and its pages can be asked for."""
        status = await self.status()
        return bool(status.get("linked") and status.get("web"))

    async def linked(self) -> bool:
        return bool((await self.status()).get("linked"))

    async def ready(self) -> bool:
        """It stands by, and could take over now."""
        return bool((await self.status()).get("ready"))

    async def status(self) -> dict[str, Any]:
        """Empty while it does not answer."""
        try:
            return await self.ask("status")
        except ControlError:
            return {}

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def ended(self) -> int | None:
        """What it ended with; None = it runs."""
        assert self._process is not None
        return self._process.poll()

    async def ask(self, do: str, **details: Any) -> dict[str, Any]:
        """A request over the control socket. Raises ControlError when it is refused."""
        return await ask(self.state / "control.sock", do, **details)

    async def operator(self, id: str, *actions: str, **details: str) -> None:
        """``login``, ``ready``, ``pause`` (with ``reason``), ``logout``, one after the other."""
        for action in actions:
            await self.ask("operator", operator=id, action=action, by="lab", **details)

    def kill(self) -> None:
        """``kill -9``: it has no chance to say or save anything."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def end(self) -> None:
        """Nothing of it is left, whatever became of it."""
        if self.runs:
            self.thaw()
            self.kill()

    def freeze(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    async def stop(self) -> None:
        """End in good order.

        Raises:
            ServiceFailed: it ended with an error, or had done so before.
        """
        if self._process is None or self._process.returncode == -signal.SIGKILL:
            return
        self._process.terminate()
        try:
            await asyncio.to_thread(self._process.wait, STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            self.kill()
            raise ServiceFailed(f"not by itself, it had to be killed; {self.log()[-2000:]}") from None
        if self._process.returncode:
            raise ServiceFailed(self.log()[-2000:])

    def log(self) -> str:
        return self.log_file.read_text("utf-8", "replace") if self.log_file.exists() else ""
