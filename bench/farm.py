"""SIPp as citizens and operators: the same farm for both sides."""

import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

from bench.figures import Stamp, Story, read_log
from sim.lab.asterisk import TRUNK_HOST

PHONE_HOST: Final = "127.0.0.1"
SCENARIOS: Final = Path(__file__).parent / "scenarios"
REGISTER_TIMEOUT: Final = 20


class FarmError(RuntimeError):
    """SIPp did not do what it should; the message carries what it said."""


class Farm:
    """Operators' phones and callers of one phase. A context manager: it ends them, calls or not.

    Args:
        folder: an empty folder for scenarios and logs.
        sip_port: Asterisk's, on 127.0.0.1.
        ports: two SIP ports (phones, callers) and two free ranges for sound, none of them in use.
    """

    def __init__(self, folder: Path, sip_port: int, ports: Sequence[int]) -> None:
        self._folder = folder
        self._target = f"127.0.0.1:{sip_port}"
        self._phones_port, self._callers_port, self._phones_sound, self._callers_sound = ports
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._running.values():
            process.kill()
            process.wait()

    @property
    def pids(self) -> dict[str, int]:
        """The SIPp processes that run, by what they play."""
        return {name: process.pid for name, process in self._running.items()}

    def register(self, passwords: Mapping[str, str]) -> None:
        """Register a phone for each device. Good for 300 s.

        Raises:
            FarmError: not all were let in.
        """
        rows = (f"{name};[authentication username={name} password={secret}]" for name, secret in passwords.items())
        (self._folder / "phones.csv").write_text("SEQUENTIAL\n" + "\n".join(rows) + "\n")
        process = self._start(
            "register", "register.xml", PHONE_HOST, self._phones_port, self._phones_sound,
            "-inf", "phones.csv", "-r", "200", "-m", str(len(passwords)),
        )  # fmt: skip
        with suppress(subprocess.TimeoutExpired):
            process.wait(REGISTER_TIMEOUT)
        del self._running["register"]
        if process.poll() != 0:
            process.kill()
            process.wait()
            raise FarmError(f"the phones could not register:\n{self.errors()}")

    def operators(self, ring: float, talk: float) -> None:
        """Let the phones answer: each rings, is picked up, speaks and hangs up.

        Args:
            ring: seconds.
            talk: seconds on average; evenly spread over a quarter less to a quarter more, or operators would fall into
                step with whoever polls.
        """
        text = (SCENARIOS / "operator.xml").read_text()
        for mark, seconds in (("RING_MS", ring), ("LEAST_MS", 0.75 * talk), ("MOST_MS", 1.25 * talk)):
            text = text.replace(mark, str(round(seconds * 1000)))
        (self._folder / "operator.xml").write_text(text)
        self._start("operators", self._folder / "operator.xml", PHONE_HOST, self._phones_port, self._phones_sound)
        time.sleep(0.3)

    def callers(self, number: str, rate: int, count: int = 1_000_000) -> None:
        """Let ``count`` citizens call, evenly spaced, ``rate`` a second, for as long as the farm lives."""
        self._start(
            "callers", "caller.xml", TRUNK_HOST, self._callers_port, self._callers_sound,
            "-s", number, "-r", str(rate), "-l", "5000", "-m", str(count),
        )  # fmt: skip

    def check(self) -> None:
        """Raises FarmError when one of the SIPp processes has ended."""
        for name, process in self._running.items():
            if process.poll() is not None:
                raise FarmError(f"SIPp's {name} ended with code {process.returncode}:\n{self.errors()}")

    def errors(self) -> str:
        """The end of what the SIPp processes complained of."""
        return "".join(file.read_text("utf-8", "replace")[-2000:] for file in sorted(self._folder.glob("*.err")))

    def story(self) -> Story:
        """What has been written down so far."""
        return Story(self._log("callers"), self._log("operators"))

    def _log(self, name: str) -> list[Stamp]:
        file = self._folder / f"{name}.log"
        return read_log(file.read_text()) if file.exists() else []

    def _start(
        self, name: str, scenario: str | Path, host: str, port: int, sound: int, *more: str
    ) -> subprocess.Popen[bytes]:
        command = [
            "sipp",
            self._target,
            "-sf",
            str(SCENARIOS / scenario),
            "-i",
            host,
            "-p",
            str(port),
            "-mp",
            str(sound),
        ]
        # Without -timer_resol its pauses are rounded to 10 ms.
        command += ["-nostdin", "-timer_resol", "1", "-trace_err", "-error_file", f"{name}.err"]
        command += ["-trace_logs", "-log_file", f"{name}.log", *more]
        with (self._folder / f"{name}.screen").open("wb") as screen:
            process = subprocess.Popen(
                command, cwd=self._folder, stdin=subprocess.DEVNULL, stdout=screen, stderr=screen
            )
        self._running[name] = process
        return process
