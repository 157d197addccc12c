"""Starts a real Asterisk 22 with the product's dialplan, on ports of its own, and takes it away again.

Asterisk runs in the root folder that ``scripts/install-asterisk`` makes. It gets a mount namespace of its own, in which
``/proc`` and ``/dev`` are mounted, and dies with the process that started it: nothing is left behind, not even after
``kill -9`` of a test run. Needs root.
"""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple, Self

from acd.ivr.switch import Site, frame_files, new_secrets, switch_config
from acd.model.ids import Device, LineId
from acd.model.policy import Policy
from sim.lab.call import Habit
from sim.lab.phone import Phone
from sim.lab.settings import lab_policy
from sim.lab.slots import Slot

BOOT_TIMEOUT: Final = 30.0
STOP_TIMEOUT: Final = 5.0

TRUNK_HOST: Final = "127.0.0.2"
"""Where citizens call from: the carrier's address. Phones use 127.0.0.1."""
PARTNER_HOST: Final = "127.0.0.3"
"""Where calls to the partner contact centre go."""
NUMBERS: Final = {
    "gentinfo": "092101010",
    "sportlijn": "092101011",
    "lez": "092101012",
    "toerisme": "092101014",
    "opname": "092101013",
}
"""The lab's own numbers, unless a test brings its own dialplan."""


_DEFAULTS: Final = {
    **dict.fromkeys(("ccss.conf", "features.conf", "queuerules.conf", "udptl.conf"), "[general]\n"),
    "acl.conf": "",
    "indications.conf": "[general]\ncountry=be\n\n[be]\ndescription=Belgium\nringcadence=1000,3000\n"
    "dial=425\nbusy=425/500,0/500\nring=425/1000,0/3000\ncongestion=425/167,0/167\n",
    "pjproject.conf": "",
}
"""Files that a packaged Asterisk brings along, with nothing in them that matters here."""
_ALWAYS_IGNORED: Final = ("registered during operation. Enable PJSIP_SAFE_MODULE",)
"""PJSIP says so, now and then, of a module that Asterisk loads while it boots: before any call can be there."""
_COLOUR: Final = re.compile(r"\x1b\[[0-9;]*m")


class LabError(RuntimeError):
    """The lab cannot do what was asked; the message says what is missing."""


class Channel(NamedTuple):
    """One line of ``core show channels concise``."""

    name: str
    context: str
    exten: str
    state: str
    app: str
    data: str
    uniqueid: str
    bridge: str
    """Id of the bridge in which it talks; empty = in none."""


def cache_folder() -> Path:
    """Where ``scripts/install-asterisk`` puts what it fetched."""
    default = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "acd"
    return Path(os.environ.get("ACD_CACHE") or default)


class Lab:
    """A real Asterisk. Use it as a context manager; ``start`` waits until Asterisk is fully booted.

    It belongs to no event loop: its methods block for some milliseconds (``cli``) or seconds (``start``, ``stop``).

    Args:
        policy: lines and operators; the lab's small city by default.
        dialplan: added to the frame in place of the lab's own numbers: ``acd-public`` and what it leads to.
        files: configuration files that replace or join those of the product: name -> text.
        partners: partner's number of a line.
        qualify: seconds between two questions whether a phone lives; 0 = never.
        rtp_timeout: seconds; 0, as the lab's phones send no sound.
        sounds: a folder with the ``acd`` prompts, ``<language>/acd/<id>.<format>``.
        environment: of Asterisk's process, paths as seen from inside the root folder.
        server: its ``systemname``, when it is one of several.
        host: its own address for SIP.
        trunk_hosts: whom it takes for the trunk.
    """

    def __init__(
        self,
        policy: Policy | None = None,
        *,
        dialplan: str | None = None,
        files: Mapping[str, str] | None = None,
        partners: Mapping[LineId, str] | None = None,
        qualify: int = 0,
        rtp_timeout: int = 0,
        sounds: Path | None = None,
        environment: Mapping[str, str] | None = None,
        server: str = "",
        host: str = "127.0.0.1",
        trunk_hosts: tuple[str, ...] = (TRUNK_HOST,),
    ) -> None:
        self.server, self.host = server, host
        self.peers: dict[str, str] = {}
        """Address and port of the other servers; to be set before :meth:`start`."""
        self._trunk_hosts = trunk_hosts
        self.root = cache_folder() / "asterisk-22"
        if os.geteuid() != 0:
            raise LabError("the lab needs root: Asterisk runs in a root folder of its own (chroot)")
        if not (self.root / ".complete").exists() and not (self.root / "usr/sbin/asterisk").exists():
            raise LabError(f"no Asterisk in {self.root}: run scripts/install-asterisk first")
        self.policy = policy or lab_policy()
        self.slot = Slot(cache_folder() / "lab")
        self.ami_port = self.slot.port(0)
        self.sip_port = self.slot.port(1)
        self.http_port = self.slot.port(2)
        self.ami_user = "acd"
        self.ami_secret = "lab-ami-secret"  # noqa: S105
        self.phone_secrets = new_secrets({operator.device for operator in self.policy.operators.values()}, {})
        self._partners = partners or {}
        self._dialplan = _numbers(self.policy) if dialplan is None else dialplan
        self._files = dict(files or {})
        self._qualify = qualify
        self._rtp_timeout = rtp_timeout
        self._sounds = sounds
        self.environment = dict(environment or {})
        self._process: subprocess.Popen[bytes] | None = None
        # Asterisk dies with the thread that started it, not with the process: so it is one that lives as long as we do,
        # whatever thread asks.
        self._starter = ThreadPoolExecutor(1, "lab")
        self._inside = Path(f"/tmp/acd-lab-{self.slot.number}")  # noqa: S108
        self.folder = self.root / self._inside.relative_to("/")
        """Where its files are, seen from outside the root folder: ``etc``, ``log``, ``run``, ``data``."""

    @property
    def pid(self) -> int:
        """Asterisk's process. Raises LabError when it does not run."""
        if self._process is None or self._process.poll() is not None:
            raise LabError("Asterisk does not run")
        return self._process.pid

    @property
    def cel(self) -> Path:
        """What it writes down of each call."""
        return self.folder / "log/cel-custom/acd.csv"

    @property
    def site(self) -> Site:
        return Site(
            ami_user=self.ami_user,
            ami_secret=self.ami_secret,
            ami_port=self.ami_port,
            sip_bind=f"{self.host}:{self.sip_port}",
            server=self.server,
            peers=self.peers,
            http_port=self.http_port,
            phone_secrets=self.phone_secrets,
            trunk_hosts=self._trunk_hosts,
            trunk_contact=f"sip:{PARTNER_HOST}:{self.sip_port}",
            rtp_timeout=self._rtp_timeout,
            qualify=self._qualify,
            recordings=f"{self._inside}/spool/acd",
        )

    @property
    def recordings(self) -> Path:
        """Folder with the conversations that it records."""
        return self.folder / "spool/acd"

    # --- Start and stop ------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Write the configuration anew and start Asterisk; return when it is fully booted.

        Raises:
            LabError: it died or was not ready in 30 s; the message carries its log.
        """
        shutil.rmtree(self.folder, ignore_errors=True)
        self._write()
        self.resume()

    def resume(self) -> None:
        """Start Asterisk with the files that are there: after :meth:`stop` or :meth:`kill`, as a machine would."""
        if self._process is not None and self._process.poll() is None:
            raise LabError("Asterisk runs already")
        (self.folder / "run/asterisk.ctl").unlink(missing_ok=True)
        with (self.folder / "log/console").open("ab") as console:
            self._process = self._starter.submit(
                subprocess.Popen, self._command(), stdin=subprocess.DEVNULL, stdout=console, stderr=console, cwd="/"
            ).result()
        self._wait_for_boot()

    def restart(self) -> None:
        """Stop and start again: every call is lost, every global forgotten."""
        self.stop()
        self.resume()

    def stop(self) -> None:
        """Let Asterisk end now, calls or not; kill it if it does not."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """What a power cut does."""
        self._end(signal.SIGKILL)

    def forget_registrations(self) -> None:
        """Start again with an empty database of Asterisk's own: no phone is registered until it says so anew."""
        self.stop()
        for file in (self.folder / "lib").glob("astdb.sqlite3*"):
            file.unlink()
        self.resume()

    def close(self) -> None:
        """Stop, remove the files and give the slot back. Safe to call twice."""
        try:
            self.stop()
        finally:
            self._starter.shutdown()
            shutil.rmtree(self.folder, ignore_errors=True)
            with contextlib.suppress(OSError):
                self.slot.release()

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(how)
        try:
            self._process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _command(self) -> list[str]:
        root = self.root
        mount = f"mount -t proc proc '{root}/proc' && mount --rbind /dev '{root}/dev'"
        # exec all the way: the process that Popen knows is Asterisk itself.
        settings = "".join(f" '{name}={value}'" for name, value in self.environment.items())
        asterisk = f"asterisk -f -C '{self._inside}/etc/asterisk.conf'"
        inside = f"exec setpriv --pdeathsig KILL chroot '{root}' env{settings} {asterisk}"
        return ["unshare", "--mount", "sh", "-c", f"{mount} && umask 0027 && {inside}"]

    def _wait_for_boot(self) -> None:
        deadline = time.monotonic() + BOOT_TIMEOUT
        while time.monotonic() < deadline:
            assert self._process is not None
            if self._process.poll() is not None:
                raise LabError(f"Asterisk ended with code {self._process.returncode} while it booted:\n{self._tail()}")
            if (self.folder / "run/asterisk.ctl").exists() and "fully booted" in self._ask("core waitfullybooted"):
                return
            time.sleep(0.05)
        raise LabError(f"Asterisk was not ready within {BOOT_TIMEOUT:.0f} s:\n{self._tail()}")

    # --- Files ---------------------------------------------------------------------------------------------------

    def _write(self) -> None:
        etc = self.folder / "etc"
        for name in ("etc", "log/cel-custom", "log/cdr-custom", "run", "spool/acd", "lib", "cache"):
            (self.folder / name).mkdir(parents=True)
        files = {
            **_DEFAULTS,
            **frame_files(),
            **switch_config(self.policy, self.site, self._partners, {LineId(id): n for id, n in NUMBERS.items()}),
            "acd-flows.conf": self._dialplan,
            "asterisk.conf": self._asterisk_conf(),
            **self._files,
        }
        for name, text in files.items():
            (etc / name).write_text(text, "utf-8")
        self._share_sounds()
        self._name_host()

    def _name_host(self) -> None:
        """A browser's call looks the host's own name up, as a packaged Asterisk can; without, it looks for ever."""
        hosts, name = self.root / "etc/hosts", socket.gethostname()
        if not hosts.exists() or name not in hosts.read_text("utf-8").split():
            fresh = hosts.with_name(f"hosts.{self.slot.number}")
            fresh.write_text(f"127.0.0.1 localhost {name}\n", "utf-8")
            fresh.replace(hosts)

    def _share_sounds(self) -> None:
        """Asterisk's own sounds and music, and the prompts of the test beside them."""
        share = Path("/usr/share/asterisk")
        data = self.folder / "data"
        (data / "sounds").mkdir(parents=True)
        for name in ("documentation", "moh", "rest-api"):
            (data / name).symlink_to(share / name)
        if self._sounds is not None:
            shutil.copytree(self._sounds, data / "sounds", dirs_exist_ok=True)
        if not (data / "sounds/en").exists():
            (data / "sounds/en").symlink_to(share / "sounds/en")

    def _asterisk_conf(self) -> str:
        at = self._inside
        modules = next((self.root / "usr/lib").glob("*/asterisk/modules"))
        return (
            f"[directories]\nastetcdir => {at}/etc\nastmoddir => /{modules.relative_to(self.root)}\n"
            f"astvarlibdir => {at}/lib\nastdbdir => {at}/lib\nastkeydir => {at}/lib\nastdatadir => {at}/data\n"
            f"astagidir => {at}/lib\nastspooldir => {at}/spool\nastrundir => {at}/run\nastlogdir => {at}/log\n"
            f"astsbindir => /usr/sbin\nastcachedir => {at}/cache\n\n"
            f"[options]\nlive_dangerously=no\n{f'systemname={self.server}' if self.server else ''}\n"
        )

    # --- Phones --------------------------------------------------------------------------------------------------

    def citizen(self, number: str = "+32470000001") -> Phone:
        """A citizen's phone behind the trunk. Open it with ``async with``, then ``call(...)``."""
        return Phone((self.host, self.sip_port), number, host=TRUNK_HOST)

    def phone(self, device: str, habit: Habit | None = None) -> Phone:
        """An operator's phone. ``async with`` registers it."""
        return Phone((self.host, self.sip_port), device, self.phone_secrets[Device(device)], habit=habit)

    def partner(self, habit: Habit | None = None) -> Phone:
        """The partner contact centre, behind the trunk."""
        return Phone((self.host, self.sip_port), "partner", host=PARTNER_HOST, port=self.sip_port, habit=habit)

    # --- Looking inside ------------------------------------------------------------------------------------------

    def cli(self, command: str) -> str:
        """What Asterisk's console answers to ``command``. Takes about 20 ms.

        Raises:
            LabError: Asterisk does not run.
        """
        _ = self.pid
        return self._ask(command)

    def console(self, command: str) -> list[str]:
        """The words that give ``command`` to Asterisk's console."""
        return ["chroot", str(self.root), "asterisk", "-C", f"{self._inside}/etc/asterisk.conf", "-rx", command]

    def _ask(self, command: str) -> str:
        result = subprocess.run(self.console(command), capture_output=True, timeout=BOOT_TIMEOUT, check=False)
        return _COLOUR.sub("", result.stdout.decode("utf-8", "replace"))

    def log(self) -> str:
        """Every notice, warning and error since the start."""
        file = self.folder / "log/messages"
        return file.read_text("utf-8", "replace") if file.exists() else ""

    def complaints(self, ignore: Iterable[str] = ()) -> list[str]:
        """The warnings and errors of the log, without those that contain one of ``ignore``."""
        ignored = (*_ALWAYS_IGNORED, *ignore)
        return [
            line
            for line in self.log().splitlines()
            if ("WARNING" in line or "ERROR" in line) and not any(part in line for part in ignored)
        ]

    def _tail(self) -> str:
        console = self.folder / "log/console"
        text = (console.read_text("utf-8", "replace") if console.exists() else "") + self.log()
        return text[-3000:]

    def channels(self) -> list[Channel]:
        """All channels that Asterisk has at this moment."""
        rows = (line.split("!") for line in self.cli("core show channels concise").splitlines() if line.count("!") > 10)
        return [Channel(row[0], row[1], row[2], row[4], row[5], row[6], row[13], row[12]) for row in rows]

    def variable(self, channel: str, name: str) -> str:
        """A channel's variable or a function of it, as ``CHANNEL(language)``; empty when it is not set."""
        answer = self.cli(f"core show channel {channel}")
        prefix = f"{name}="
        return next((line[len(prefix) :] for line in answer.splitlines() if line.startswith(prefix)), "")

    def globals(self) -> dict[str, str]:
        """The dialplan's global variables."""
        pairs = (line.strip().partition("=") for line in self.cli("dialplan show globals").splitlines())
        return {name: value for name, mark, value in pairs if mark}


def _numbers(policy: Policy) -> str:
    """A menu-less dialplan: each line's number leads straight to the line."""
    rows = ["[acd-public]"]
    for index, line in enumerate(policy.lines):
        number = NUMBERS.get(line, f"0921011{index:02d}")
        rows += [f"exten => {number},1,Gosub(acd-arrive,s,1({number},nl))", f" same => n,Goto(acd-queue,{line},1)"]
    return "\n".join(rows) + "\n"
