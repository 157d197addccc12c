"""One phase of the comparison: one side serves one load for some seconds, on an Asterisk of its own."""

import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import msgspec

from bench import machine
from bench.city import NUMBER, our_lab, their_lab, write_city
from bench.figures import Story, Window
from bench.service import Service
from sim.lab import Lab
from sim.lab.sipp import Farm

OURS: Final = "acd"
THEIRS: Final = "Queue()"
SIDES: Final = (OURS, THEIRS)

RING: Final = 0.2
"""Seconds that every phone rings."""
TALK_SHARES: Final = (0.8, 0.9, 1.0, 1.1, 1.2)
"""How long the operators of each group speak, of the mean."""
MANY: Final = 1_000_000
"""More callers than a phase lets come."""
_LAST_INVITES: Final = 1.5
"""Seconds after the window in which its last callers still get their operator."""


class Load(msgspec.Struct, frozen=True):
    """What comes at a side. Durations in seconds."""

    operators: int
    rate: int
    """Calls a second."""
    talk: float
    """From the operator's answer to his hanging up, on average."""
    warm_up: float
    """Left out of the figures."""
    steady: float

    @property
    def limit(self) -> float:
        """Calls a second that the operators could carry if no time were lost between two calls."""
        return sum(self.operators / len(TALK_SHARES) / (RING + self.talk * share) for share in TALK_SHARES)

    @property
    def overload(self) -> bool:
        return self.rate >= self.limit


class Result(msgspec.Struct, frozen=True):
    """One phase of one side. Times in milliseconds."""

    side: str
    load: Load
    offered: int
    connected: int
    seconds: float
    without_operator: int
    """Callers for whom no phone rang: in overload they still wait at the end."""
    entry_to_invite: list[float]
    free_to_invite: list[float]
    asterisk_cpu: float
    """Processor time of Asterisk for each call connected."""
    engine_cpu: float | None
    ami_received: float | None
    """Bytes that the engine read for each call connected."""
    ami_sent: float | None
    engine_memory: float | None
    """Highest resident memory of the service, MB."""
    others: float
    """Processors that were busy with processes outside the comparison."""
    steal: float
    load_average: float


class Spoilt(RuntimeError):
    """The phase did not measure what it should; the message says why."""


def run(side: str, load: Load, strategy: str) -> Result:
    """Start everything anew, let the load run, measure the steady part, take everything away.

    Raises:
        Spoilt: the callers stopped calling, or the engine's side was served by the fallback.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="acd-bench-")))
        policy = write_city(folder / "queues.yaml", load.operators)
        lab = stack.enter_context(our_lab(policy) if side == OURS else their_lab(policy, strategy))
        farm = stack.enter_context(Farm(lab, folder / "sipp"))
        _operators(farm, lab, load.talk)
        service = stack.enter_context(_service(folder, lab)) if side == OURS else None
        processes = {"asterisk": lab.pid, **({"engine": service.pid} if service else {})}
        _callers(farm, load.rate)
        time.sleep(load.warm_up)
        before = machine.read(processes, lab.ami_port if service else None)
        time.sleep(load.steady)
        after = machine.read(processes, lab.ami_port if service else None)
        time.sleep(_LAST_INVITES)
        _check(side, lab, farm)
        memory = machine.memory(service.pid)[1] if service else None
        return _result(side, load, farm, before, after, memory)


def _operators(farm: Farm, lab: Lab, talk: float) -> None:
    """Phones of five kinds, some of whom speak longer than others: else they would fall into step with who polls."""
    secrets = list(lab.phone_secrets.items())
    for kind, share in enumerate(TALK_SHARES):
        group = dict(secrets[kind :: len(TALK_SHARES)])
        farm.operators(f"operators{kind}", group, ring=RING, talk=talk * share)


def _callers(farm: Farm, rate: int) -> None:
    """Three streams of callers, each as even as a clock: together they come as irregularly as callers do."""
    first, second = round(0.4 * rate), round(0.35 * rate)
    for stream, share in enumerate((first, second, rate - first - second)):
        farm.citizens(f"callers{stream}", NUMBER, prefix=f"+324{stream}", count=MANY, rate=share)


@contextmanager
def _service(folder: Path, lab: Lab) -> Iterator[Service]:
    state = folder / "state"
    state.mkdir()
    with Service(state, folder / "queues.yaml", lab) as service:
        service.ready(list(lab.policy.operators))
        service.watch()
        yield service


def _check(side: str, lab: Lab, farm: Farm) -> None:
    """Each side must have served its callers itself, and the callers must have gone on calling."""
    if any(farm.done(f"callers{stream}") for stream in range(3)):
        raise Spoilt(f"the callers' SIPp has ended:\n{farm.errors()}")
    fallback = sum(map(int, re.findall(r"\bC:(\d+)", lab.cli("queue show")))) if side == OURS else 0
    if fallback:
        raise Spoilt(f"{fallback} calls were served by the fallback")


def _result(
    side: str, load: Load, farm: Farm, before: machine.Reading, after: machine.Reading, memory: float | None
) -> Result:
    window = Window(before.at, after.at)
    story = Story(farm.stories())
    connected = story.connected(window)
    if not connected:
        raise Spoilt(f"no call was connected:\n{farm.errors()}")
    spent = {name: (after.processes[name] - before.processes[name]) * 1000 / connected for name in before.processes}
    engine = spent.get("engine")
    return Result(
        side=side,
        load=load,
        offered=story.offered(window),
        connected=connected,
        seconds=window.seconds,
        without_operator=story.without_operator(window),
        entry_to_invite=[seconds * 1000 for seconds in story.entry_to_invite(window)],
        free_to_invite=[seconds * 1000 for seconds in story.free_to_invite(window)],
        asterisk_cpu=spent["asterisk"],
        engine_cpu=engine,
        ami_received=None if engine is None else (after.received - before.received) / connected,
        ami_sent=None if engine is None else (after.sent - before.sent) / connected,
        engine_memory=memory,
        others=machine.others(before, after),
        steal=(after.steal - before.steal) / window.seconds,
        load_average=machine.load(),
    )
