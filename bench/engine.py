"""The engine alone: how long a decision takes, what a call costs, how much memory the whole service needs.

    python -m bench.engine              decisions and calls: half a minute
    python -m bench.engine --memory     the service as well, with 1,000 callers on a real Asterisk: a minute and a half

The second needs root, Asterisk, SIPp and iproute2.
"""

import argparse
import gc
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import msgspec

from acd.engine.core import Engine, Step
from acd.model import facts as f
from acd.model.commands import Offer
from acd.model.ids import CallId, LineId, OperatorId
from acd.model.policy import Policy
from bench.city import NUMBER, waiting_lab, write_city
from bench.figures import Spread, number, spread, table
from bench.machine import memory
from bench.report import aim
from bench.service import Service
from sim.lab.asterisk import LabError
from sim.lab.sipp import Farm

LINES: Final = 8
OPERATORS: Final = 500
WAITING: Final = 1000
DECISIONS: Final = 20_000
CALLS: Final = 10_000

AIM_DECISION: Final = 1.0
"""Milliseconds, for the worst of 99 in 100."""
AIM_MEMORY: Final = 150.0
"""MB."""
_START: Final = 1_800_000_000.0


class Bench:
    """An engine with a clock in the hand and a stop-watch around ``handle``."""

    def __init__(self, policy: Policy) -> None:
        self.engine = Engine(policy)
        self.now = _START
        self.spent: list[float] = []
        """Milliseconds of each fact."""
        phones = {operator.device: f.PhoneState.IDLE for operator in policy.operators.values()}
        self.tell(f.SwitchSeen((), (), phones))

    def tell(self, fact: f.Fact) -> Step:
        self.now += 0.001
        begin = time.perf_counter_ns()
        step = self.engine.handle(fact, self.now)
        self.spent.append((time.perf_counter_ns() - begin) / 1e6)
        return step

    def ready(self, operator: OperatorId) -> Step:
        self.tell(f.OperatorLoggedIn(operator, "bench"))
        return self.tell(f.OperatorReady(operator, "bench"))

    def queue(self, nth: int, line: LineId) -> Step:
        call = CallId(f"{nth}.{nth}")
        self.tell(f.CallArrived(call, self.now, NUMBER, "+32470000000"))
        return self.tell(f.CallQueued(call, line, self.now, "+32470000000", "nl", NUMBER, "menu>info", self.now))

    def connect(self, offer: Offer) -> None:
        """From the INVITE to the operator's answer."""
        self.tell(f.OfferDialled(offer.call, offer.offer))
        self.tell(f.PhoneChanged(offer.device, f.PhoneState.BUSY))
        self.tell(f.OfferRinging(offer.call, offer.offer))
        self.tell(f.OfferAnswered(offer.call, offer.offer, self.now))

    def end(self, offer: Offer) -> Step:
        """The operator hangs up, then the caller is gone. What follows the phone's coming free is the answer."""
        self.tell(f.TalkEnded(offer.call, self.now))
        self.tell(f.CallGone(offer.call, self.now))
        return self.tell(f.PhoneChanged(offer.device, f.PhoneState.IDLE))

    def take_times(self) -> list[float]:
        """The times since the last question."""
        spent, self.spent = self.spent, []
        return spent


def offers(step: Step) -> Iterator[Offer]:
    yield from (command for command in step.commands if isinstance(command, Offer))


def freed(policy: Policy) -> tuple[list[float], list[float]]:
    """Everybody talks and 1,000 callers wait; an operator comes free, another caller joins, again and again.

    Returns:
        Milliseconds of the decision alone, and of everything that a call's life brings the engine.
    """
    bench = Bench(policy)
    lines = list(policy.lines)
    for operator in policy.operators:
        bench.ready(operator)
    talking: list[Offer] = []
    for nth in range(OPERATORS + WAITING):
        for offer in offers(bench.queue(nth, lines[nth % LINES])):
            bench.connect(offer)
            talking.append(offer)
    bench.take_times()
    decisions, lives = [], []
    for nth in range(DECISIONS):
        bench.queue(OPERATORS + WAITING + nth, lines[nth % LINES])
        [offer] = offers(bench.end(talking.pop(0)))
        decisions.append(bench.spent[-1])
        bench.connect(offer)
        talking.append(offer)
        lives.append(sum(bench.take_times()))
    return decisions, lives


def idle(policy: Policy) -> list[float]:
    """500 operators are idle; a caller joins. Milliseconds of the decision."""
    bench = Bench(policy)
    lines = list(policy.lines)
    for operator in policy.operators:
        bench.ready(operator)
    bench.take_times()
    decisions = []
    for nth in range(DECISIONS):
        [offer] = offers(bench.queue(nth, lines[nth % LINES]))
        decisions.append(bench.take_times()[-1])
        bench.connect(offer)
        bench.end(offer)
    return decisions


def flood(policy: Policy) -> float:
    """1,000 callers wait, nobody is on duty; all 500 phones come free in one fact. Milliseconds of that fact."""
    bench = Bench(policy)
    for operator in policy.operators:
        bench.ready(operator)
    bench.tell(f.LinkLost("bench"))
    for nth in range(WAITING):
        bench.queue(nth, list(policy.lines)[nth % LINES])
    phones = {operator.device: f.PhoneState.IDLE for operator in policy.operators.values()}
    seen = tuple(_seen(bench, nth, list(policy.lines)[nth % LINES]) for nth in range(WAITING))
    bench.take_times()
    made = len(list(offers(bench.tell(f.SwitchSeen(seen, (), phones)))))
    assert made == OPERATORS, made
    return bench.take_times()[-1]


def _seen(bench: Bench, nth: int, line: LineId) -> f.CallSeen:
    where = f.CallWhereabouts.WAIT
    return f.CallSeen(CallId(f"{nth}.{nth}"), where, bench.now, line=line, entered_at=bench.now)


class Memory(msgspec.Struct, frozen=True):
    """The service's resident memory, MB."""

    waiting: int
    operators: int
    started: float
    now: float
    most: float


def measure_memory() -> Memory:
    """``acd run`` with 1,000 callers waiting on a real Asterisk, 500 operators logged in, and a wallboard open."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="acd-bench-")))
        policy = write_city(folder / "queues.yaml", OPERATORS, LINES)
        lab = stack.enter_context(waiting_lab(policy))
        (folder / "state").mkdir()
        farm = stack.enter_context(Farm(lab, folder / "sipp"))
        service = stack.enter_context(Service(folder / "state", folder / "queues.yaml", lab))
        started = memory(service.pid)[0]
        # Without a phone nobody can be rung, so that the callers stay.
        service.ready(list(policy.operators), available=False)
        service.watch()
        farm.citizens("callers", NUMBER, prefix="+3247", count=WAITING, rate=50)
        waiting = _until_waiting(service)
        time.sleep(10)
        now, most = memory(service.pid)
        return Memory(waiting, OPERATORS, started, now, most)


def _until_waiting(service: Service) -> int:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        waiting = int(service.status()["waiting"])
        if waiting >= WAITING:
            return waiting
        time.sleep(0.5)
    raise SystemExit(f"only {waiting} callers came to wait:\n{service.log()}")


def show(rows: list[tuple[str, Spread]]) -> str:
    head = ["ms", "n", "mean", "p50", "p99", "worst", "aim"]
    return table(
        head,
        [
            [name, str(s.n), number(s.mean, 3), number(s.p50, 3), number(s.p99, 3), number(s.worst, 3),
             aim(s.p99, AIM_DECISION)]
            for name, s in rows
        ],
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--memory", action="store_true", help="also the service's memory, on a real Asterisk")
    parser.add_argument("--json", type=Path, default=Path("var/bench/engine.json"), help="where figures go")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        policy = write_city(Path(folder) / "queues.yaml", OPERATORS, LINES)
    # As the service does.
    gc.collect()
    gc.freeze()
    decisions, lives = freed(policy)
    found = {"operator comes free": spread(decisions), "caller joins, 500 idle": spread(idle(policy))}
    figures: dict[str, object] = {**found, "life": spread(lives), "flood_ms": flood(policy)}
    print(f"One decision: {LINES} lines, {OPERATORS} operators, {WAITING} callers waiting")
    print(show([(name, s) for name, s in found.items() if s]))
    whole = spread(lives)
    if whole:
        print(f"\nA call's whole life, all its facts: {whole.mean * 1000:.0f} us, p99 {whole.p99 * 1000:.0f} us")
    print(f"{OPERATORS} offers at once after a reconnect: {figures['flood_ms']:.0f} ms")
    if options.memory:
        try:
            used = measure_memory()
        except LabError as error:
            raise SystemExit(str(error)) from None
        figures["memory"] = used
        print(
            f"The service with {used.waiting} callers waiting and {used.operators} operators: {used.now:.0f} MB, "
            f"at most {used.most:.0f} MB ({aim(used.most, AIM_MEMORY)}); {used.started:.0f} MB when started"
        )
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_bytes(msgspec.json.format(msgspec.json.encode(figures)) + b"\n")


if __name__ == "__main__":
    main()
