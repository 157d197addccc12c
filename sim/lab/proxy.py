"""A real Kamailio in front of several labs, with the configuration that the product brings along."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Self

from sim.lab.asterisk import TRUNK_HOST, Lab, LabError

SAMPLES: Final = Path(__file__).parents[2] / "packaging/kamailio"
PROXY_HOST: Final = "127.0.0.4"
"""Where the carrier's calls go: the city's one address."""
START_TIMEOUT: Final = 10.0


class Kamailio:
    """A context manager: it starts, and ends with the block.

    Args:
        labs: the servers; started or not.
        folder: for its files and its log.
    """

    def __init__(self, labs: Iterable[Lab], folder: Path) -> None:
        self._labs = tuple(labs)
        self._folder = folder
        self.address = PROXY_HOST, self._labs[0].slot.next_port()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        if shutil.which("kamailio") is None:
            raise LabError("no kamailio: apt-get install kamailio")
        self._folder.mkdir(parents=True, exist_ok=True)
        # The path of a Unix socket is short.
        self._run = Path(tempfile.mkdtemp(prefix="acd-kamailio-"))
        self._write()
        command = ["kamailio", "-DD", "-E", "-f", str(self._folder / "kamailio.cfg"), "-Y", str(self._run)]
        with self.log_file.open("wb") as log:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            self._wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        shutil.rmtree(self._run, ignore_errors=True)

    @property
    def log_file(self) -> Path:
        return self._folder / "kamailio.log"

    def ask(self, *command: str) -> str:
        """What ``kamcmd`` answers."""
        control = f"unix:{self._run / 'kamailio_ctl'}"
        done = subprocess.run(["kamcmd", "-s", control, *command], capture_output=True, text=True, check=False)
        return done.stdout + done.stderr

    def takes(self, lab: Lab) -> bool:
        """New calls may go to this server."""
        state = ""
        for line in self.ask("dispatcher.list").splitlines():
            name, _, value = line.strip().partition(": ")
            if name == "URI":
                uri = value
            elif name == "FLAGS" and uri == self._uri(lab):
                state = value
        return state.startswith("A")

    def _uri(self, lab: Lab) -> str:
        return f"sip:{lab.host}:{lab.sip_port}"

    def _write(self) -> None:
        host, port = self.address
        text = (SAMPLES / "kamailio.cfg").read_text("utf-8")
        for sample, ours in (
            ("udp:192.0.2.10:5060", f"udp:{host}:{port}"),
            ("/etc/kamailio/", f"{self._folder}/"),
            (
                'loadmodule "ctl.so"\n',
                f'loadmodule "ctl.so"\nmodparam("ctl", "binrpc", "unix:{self._run}/kamailio_ctl")\n',
            ),
        ):
            if sample not in text:
                raise LabError(f"{sample!r} is not in kamailio.cfg")
            text = text.replace(sample, ours)
        (self._folder / "kamailio.cfg").write_text(text, "utf-8")
        servers = "".join(f"1 {self._uri(lab)}\n" for lab in self._labs)
        (self._folder / "dispatcher.list").write_text(servers, "utf-8")
        (self._folder / "address.list").write_text(f"1 {TRUNK_HOST} 32\n", "utf-8")

    def _wait(self) -> None:
        """Until it answers for itself."""
        until = time.monotonic() + START_TIMEOUT
        while time.monotonic() < until:
            assert self._process is not None
            if self._process.poll() is not None:
                break
            if "URI" in self.ask("dispatcher.list"):
                return
            time.sleep(0.05)
        raise LabError(f"Kamailio did not start:\n{self.log_file.read_text('utf-8', 'replace')[-3000:]}")


def introduce(*labs: Lab) -> None:
    """Make each know the others, and let a phone be at home at any of them; before they are started."""
    for lab in labs:
        lab.peers = {other.server: f"{other.host}:{other.sip_port}" for other in labs if other is not lab}
        lab.phone_secrets = labs[0].phone_secrets
