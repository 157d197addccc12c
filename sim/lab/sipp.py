"""SIPp as citizens and operators: load, and a judge that knows nothing of acd.

Each SIPp process writes a line a happening, with its own clock: ``<time> <what> <caller's number> [<device>]``. What
callers and phones lived through is read back from these lines alone.
"""

import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, Self, get_args

from acd.model.ids import Device
from sim.lab.asterisk import PARTNER_HOST, TRUNK_HOST, Lab
from sim.lab.phone import HUM

PHONE_HOST: Final = "127.0.0.1"
SCENARIOS: Final = Path(__file__).parent / "sipp_scenarios"
REGISTER_TIMEOUT: Final = 20
FOREVER_MS: Final = 3_600_000
Manner = Literal["BUSY", "REFUSES", "UNKNOWN", "SILENT", "MACHINE"]
"""How a citizen's phone meets a call: engaged, declined, no such number, rings in vain, a machine answers."""
MANNERS: Final = get_args(Manner)
MACHINE_SPEAKS: Final = 6 * 50
"""Packets of 20 ms."""


class SippFailed(RuntimeError):
    """SIPp did not do what it should: {what it said}."""


@dataclass
class CitizenStory:
    """What one caller lived through; moments are seconds since the epoch."""

    number: str
    up: float
    """The switch answered: the menu, or the waiting music."""
    ended: float | None = None
    hung_up_himself: bool = False


@dataclass
class RingStory:
    """One ring at one phone."""

    number: str
    """Caller."""
    device: str
    invited: float
    answered: float | None = None
    ended: float | None = None
    by_phone: bool = False
    """A citizen who was called, and hung up himself."""


@dataclass
class Stories:
    citizens: dict[str, CitizenStory] = field(default_factory=dict)
    rings: list[RingStory] = field(default_factory=list)
    placed: dict[str, float] = field(default_factory=dict)
    """When each caller's INVITE went out, answered or not."""


class Farm:
    """SIPp processes around one lab. A context manager: it ends them, calls or not.

    Args:
        lab: a started Asterisk.
        folder: for scenarios and logs.
        front: a proxy in front of the lab, which citizens call instead: host and port.
    """

    def __init__(self, lab: Lab, folder: Path, front: tuple[str, int] | None = None) -> None:
        self._lab = lab
        self.folder = self._folder = folder
        self._front = front or (lab.host, lab.sip_port)
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._running.values():
            process.kill()
            process.wait()

    def operators(
        self,
        name: str,
        secrets: Mapping[Device, str],
        *,
        ring: float | None,
        talk: float | None,
        refuse: str | None = None,
        patient_with: str = "^$",
    ) -> None:
        """Register phones and let them do the same with every call.

        Args:
            name: of this group of phones, unique in the farm.
            secrets: device -> SIP password.
            ring: seconds until they answer or refuse; None = never.
            talk: seconds after which they hang up; None = the caller does.
            refuse: final answer instead of 200, as ``486 Busy Here``.
            patient_with: pattern of ``From``: with these callers they never hang up by themselves.

        Raises:
            SippFailed: a phone was not let in.
        """
        port = self._ports()
        self._register(name, secrets, port)
        text = (SCENARIOS / "operator.xml").read_text()
        if refuse is not None:
            text = text.replace("  <!-- REFUSE -->\n", (SCENARIOS / "refuse.xml").read_text().replace("CODE", refuse))
        text = text.replace("RING_MS", _ms(ring)).replace("TALK_MS", _ms(talk)).replace("PATIENT", patient_with)
        self._start(name, text, PHONE_HOST, port)
        time.sleep(0.2)

    def called(self, name: str, manners: Mapping[Manner, str], *, ring: float, talk: float) -> None:
        """The phones of all citizens behind the trunk: who is not told otherwise answers.

        Args:
            name: unique in the farm.
            manners: pattern of the numbers (POSIX, of ``To``) that meet a call so.
            ring: seconds until they answer, or decline.
            talk: seconds after which they hang up.
        """
        text = (SCENARIOS / "called.xml").read_text()
        for manner in MANNERS:
            text = text.replace(f'"{manner}"', f'"{manners.get(manner, "^$")}"')
        text = text.replace("RING_MS", _ms(ring)).replace("TALK_MS", _ms(talk)).replace("VOICE", f"{name}.alaw")
        (self._folder / f"{name}.alaw").write_bytes(HUM * MACHINE_SPEAKS)
        self._start(name, text, PARTNER_HOST, self._lab.sip_port, media=self._ports())
        time.sleep(0.2)

    def citizens(
        self,
        name: str,
        did: str,
        *,
        prefix: str,
        count: int,
        rate: float,
        hold: float | None = None,
        keys: Sequence[tuple[float, str]] = (),
        voice: bool = False,
        digits: int | None = None,
    ) -> None:
        """Let ``count`` citizens call, ``rate`` a second.

        Args:
            name: of this group of callers, unique in the farm.
            did: the city's number.
            prefix: their numbers begin so; SIPp appends the number of the call.
            digits: how many of them the number of the call has; None = as many as it needs.
            hold: seconds after which they hang up; None = they leave it to the other side.
            voice: they hum as long as they are on the line; otherwise they make no sound.
            keys: what they press, each with the seconds that pass before: since the switch answered, or since the last.
        """
        text = (SCENARIOS / "citizen.xml").read_text()
        digit = (SCENARIOS / "digit.xml").read_text()
        pressed = (
            digit.replace("KEY", key).replace("AFTER_MS", _ms(after)).replace("NUMBER", str(number))
            for number, (after, key) in enumerate(keys, start=2)
        )
        text = text.replace("  <!-- DIGITS -->\n", "".join(pressed))
        numbers = []
        if digits is not None:
            rows = "".join(f"{number:0{digits}}\n" for number in range(count))
            (self._folder / f"{name}.csv").write_text(f"SEQUENTIAL\n{rows}")
            text = text.replace("PREFIX[call_number]", "PREFIX[field0]")
            numbers = ["-inf", f"{name}.csv"]
        text = text.replace("HOLD_MS", _ms(hold)).replace("PREFIX", prefix)
        if voice:
            (self._folder / f"{name}.alaw").write_bytes(HUM * 50)
            hum = f'  <nop><action><exec rtp_stream="{name}.alaw,-1,8"/></action></nop>\n'
            text = text.replace("  <!-- VOICE -->\n", hum)
        period = 1000 if rate >= 1 else round(1000 / rate)
        # -l: by itself SIPp holds callers back as soon as three seconds' worth of them are in a call.
        self._start(
            name, text, TRUNK_HOST, self._ports(),
            "-s", did, "-m", str(count), "-l", str(count), "-r", str(max(1, round(rate))), "-rp", str(period), *numbers,
        )  # fmt: skip

    def wait(self, *names: str, seconds: float) -> None:
        """Until these groups of citizens have ended their calls.

        Raises:
            SippFailed: a call went another way than the scenario, or they are not through in time.
        """
        until = time.monotonic() + seconds
        for name in names:
            try:
                code = self._running[name].wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                raise SippFailed(f"{name} not through in {seconds} s\n{self.errors()}") from None
            if code != 0:
                raise SippFailed(f"{name} ended with {code}\n{self.errors()}")

    def last_call(self, *names: str) -> None:
        """From these groups nobody calls any more; who is in a call goes on."""
        for name in names:
            self._running[name].send_signal(signal.SIGUSR1)

    def done(self, *names: str) -> bool:
        """Whether these groups have ended."""
        return all(self._running[name].poll() is not None for name in names)

    def errors(self) -> str:
        """The end of what the SIPp processes complained of."""
        files = sorted([*self._folder.glob("*.err"), *self._folder.glob("*.screen")])
        return "\n".join(f"{file.name}: {file.read_text('utf-8', 'replace')[-1500:]}" for file in files)

    def stories(self) -> Stories:
        """What everybody lived through so far."""
        stories = Stories()
        whole = (text[: text.rfind("\n") + 1] for text in (f.read_text() for f in self._folder.glob("*.log")))
        lines = [line.split() for text in whole for line in text.splitlines()]
        # SIPp's [timestamp] is date, time and seconds since the epoch.
        for _, _, at, what, *words in sorted(lines, key=lambda line: float(line[2])):
            _tell(stories, float(at), what, words)
        return stories

    # --- Processes -----------------------------------------------------------------------------------------------

    def _ports(self) -> int:
        """A SIP port; the next three are for sound."""
        while True:
            port = self._lab.slot.next_port()
            for _ in range(3):
                self._lab.slot.next_port()
            if _is_free(port):
                return port

    def _register(self, name: str, secrets: Mapping[Device, str], port: int) -> None:
        rows = (f"{device};[authentication username={device} password={word}]" for device, word in secrets.items())
        (self._folder / f"{name}.csv").write_text("SEQUENTIAL\n" + "\n".join(rows) + "\n")
        text = (SCENARIOS / "register.xml").read_text()
        more = ("-inf", f"{name}.csv", "-r", "100", "-m", str(len(secrets)))
        process = self._start(f"{name}-register", text, PHONE_HOST, port, *more)
        with suppress(subprocess.TimeoutExpired):
            process.wait(REGISTER_TIMEOUT)
        if process.poll() != 0:
            raise SippFailed(f"the phones of {name} could not register\n{self.errors()}")

    def _start(
        self, name: str, scenario: str, host: str, port: int, *more: str, media: int | None = None
    ) -> subprocess.Popen[bytes]:
        file = self._folder / f"{name}.xml"
        file.write_text(scenario)
        called, port_there = self._front if host == TRUNK_HOST else (self._lab.host, self._lab.sip_port)
        command = ["sipp", f"{called}:{port_there}", "-sf", file.name, "-i", host, "-p", str(port)]
        # Without -timer_resol its pauses are rounded to 10 ms.
        command += [
            "-mp",
            str(media or port + 1),
            "-nostdin",
            "-timer_resol",
            "1",
            "-trace_err",
            "-error_file",
            f"{name}.err",
        ]
        command += ["-trace_logs", "-log_file", f"{name}.log", *more]
        with (self._folder / f"{name}.screen").open("wb") as screen:
            process = subprocess.Popen(
                command, cwd=self._folder, stdin=subprocess.DEVNULL, stdout=screen, stderr=screen
            )
        self._running[name] = process
        return process


def _is_free(port: int) -> bool:
    """Whether nobody holds it; a SIPp whose farm was killed outright may live on for a while."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True


def _ms(seconds: float | None) -> str:
    return str(FOREVER_MS if seconds is None else round(seconds * 1000))


def _tell(stories: Stories, at: float, what: str, words: list[str]) -> None:
    number = words[0]
    if what == "call":
        stories.placed[number] = at
    elif what == "up" and len(words) == 1:
        stories.citizens[number] = CitizenStory(number, at)
    elif what in ("own", "other"):
        citizen = stories.citizens[number]
        citizen.ended, citizen.hung_up_himself = at, what == "own"
    elif what == "invite":
        stories.rings.append(RingStory(number, words[1], at))
    else:
        ring = next(r for r in reversed(stories.rings) if (r.number, r.device) == (number, words[1]))
        if what == "up":
            ring.answered = at
        else:
            ring.ended, ring.by_phone = at, what == "bye"
