"""The figures of both sides as tables for a terminal."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from bench.figures import Spread, number, ratio, spread, table
from bench.phase import OURS, THEIRS, Load, Result

AIM_ENTRY: Final = 3.0
"""(a) p99 of entry -> INVITE: at most so many times that of Queue()."""
AIM_FREE: Final = 1 / 20
"""(b) operator free -> next INVITE: at most this part of what Queue() needs, on average."""


class Side(msgspec.Struct, frozen=True):
    """All rounds of one side under one load. Times in milliseconds."""

    offered: float
    """Calls a second."""
    connected: float
    """Calls a second."""
    without_operator: int
    """Callers for whom no phone rang: in overload they still wait at the end, otherwise there must be none."""
    entry_to_invite: Spread | None
    free_to_invite: Spread | None
    asterisk_cpu: float
    engine_cpu: float | None
    ami_received: float | None
    ami_sent: float | None
    engine_memory: float | None
    others: float


def summary(results: Sequence[Result]) -> Side:
    """The rounds of one side under one load, all calls together."""
    seconds = sum(result.seconds for result in results)
    connected = sum(result.connected for result in results)

    def per_call(name: str) -> float | None:
        values = [(getattr(result, name), result.connected) for result in results]
        return None if values[0][0] is None else float(sum(value * weight for value, weight in values) / connected)

    return Side(
        offered=sum(result.offered for result in results) / seconds,
        connected=connected / seconds,
        without_operator=sum(result.without_operator for result in results),
        entry_to_invite=spread([value for result in results for value in result.entry_to_invite]),
        free_to_invite=spread([value for result in results for value in result.free_to_invite]),
        asterisk_cpu=per_call("asterisk_cpu") or 0.0,
        engine_cpu=per_call("engine_cpu"),
        ami_received=per_call("ami_received"),
        ami_sent=per_call("ami_sent"),
        engine_memory=max(result.engine_memory or 0.0 for result in results) or None,
        others=sum(result.others * result.seconds for result in results) / seconds,
    )


Pair = tuple[Load, Mapping[str, Side]]
"""A load, and what each side made of it."""


def line(result: Result) -> str:
    """One phase, for who watches the run."""
    entry, free = spread(result.entry_to_invite), spread(result.free_to_invite)
    text = f"{result.side:8} {_load(result.load)} calls/s: {result.connected / result.seconds:.1f}/s connected"
    if entry and not result.load.overload:
        text += f", entry {entry.p50:.1f} / {entry.p99:.1f} / {entry.worst:.0f} ms"
    if free and result.load.overload:
        text += f", free {free.mean:.1f} / {free.p99:.1f} ms"
    return text + f", others {result.others:.1f}"


def show(pairs: Sequence[Pair]) -> str:
    idle = [pair for pair in pairs if not pair[0].overload]
    overload = [pair for pair in pairs if pair[0].overload]
    parts = []
    if idle:
        parts += ["(a) Operators idle: caller's ACK -> operator's INVITE, ms", _idle(idle)]
    if overload:
        parts += ["(b) Callers waiting: operator's BYE -> next INVITE at his phone, ms", _overloaded(overload)]
    return "\n\n".join([*parts, "(c) Cost of a call", _cost(pairs)])


_LOAD: Final = "operators calls/s"


def _load(load: Load) -> str:
    return f"{load.operators:9} {load.rate:7}"


def _idle(pairs: Sequence[Pair]) -> str:
    head = [_LOAD, "acd n", "p50", "p99", "worst", "Queue() n", "p50", "p99", "worst", "ratio p50", "p99", "aim"]
    rows = []
    for load, sides in pairs:
        ours, theirs = _entry(sides.get(OURS)), _entry(sides.get(THEIRS))
        p50, p99 = (ratio(_at(ours, name), _at(theirs, name)) for name in ("p50", "p99"))
        rows.append([_load(load), *_times(ours), *_times(theirs), number(p50, 2), number(p99, 2), aim(p99, AIM_ENTRY)])
    forgotten = [
        f"{name}: no phone rang for {side.without_operator} callers ({load.operators} operators, {load.rate} calls/s)"
        for load, sides in pairs
        for name, side in sides.items()
        if side.without_operator
    ]
    return "\n".join([table(head, rows), *forgotten])


def _entry(side: Side | None) -> Spread | None:
    return side.entry_to_invite if side else None


def _free(side: Side | None) -> Spread | None:
    return side.free_to_invite if side else None


def _at(times: Spread | None, name: str) -> float | None:
    return float(getattr(times, name)) if times else None


def _times(times: Spread | None) -> list[str]:
    return [str(times.n if times else 0), *(number(_at(times, name)) for name in ("p50", "p99", "worst"))]


def _overloaded(pairs: Sequence[Pair]) -> str:
    head = [_LOAD, "side", "n", "p50", "p99", "worst", "mean", "carried/s", "of the limit"]
    rows = [
        [
            _load(load),
            name,
            *_times(side.free_to_invite),
            number(_at(side.free_to_invite, "mean")),
            number(side.connected, 2),
            f"{side.connected / load.limit:.1%}",
        ]
        for load, sides in pairs
        for name, side in sides.items()
    ]
    return "\n".join([table(head, rows), *(_compared(sides) for _, sides in pairs)])


def _compared(sides: Mapping[str, Side]) -> str:
    ours, theirs = _free(sides.get(OURS)), _free(sides.get(THEIRS))
    mean, p50, p99 = (ratio(_at(ours, name), _at(theirs, name)) for name in ("mean", "p50", "p99"))
    carried = ratio(*(sides[name].connected if name in sides else None for name in (OURS, THEIRS)))
    return (
        f"ratio: mean {number(mean, 3)} ({aim(mean, AIM_FREE)}), p50 {number(p50, 3)}, p99 {number(p99, 3)}; "
        f"calls carried {number(carried, 3)}"
    )


def _cost(pairs: Sequence[Pair]) -> str:
    head = [_LOAD, "engine CPU ms", "Asterisk CPU ms", "under Queue()", "ratio", "with engine"]
    head += ["AMI bytes in", "out", "engine MB", "others"]
    return table(head, [[_load(load), *_costs(sides.get(OURS), sides.get(THEIRS))] for load, sides in pairs])


def _costs(ours: Side | None, theirs: Side | None) -> list[str]:
    engine, switch = (ours.engine_cpu, ours.asterisk_cpu) if ours else (None, None)
    other = theirs.asterisk_cpu if theirs else None
    together = switch + engine if switch is not None and engine is not None else None
    busy = "/".join(number(side.others) for side in (ours, theirs) if side)
    times = [number(engine), number(switch), number(other), number(ratio(switch, other), 2)]
    times.append(number(ratio(together, other), 2))
    link = [ours.ami_received, ours.ami_sent, ours.engine_memory] if ours else [None] * 3
    return [*times, *(number(value, 0) for value in link), busy]


def aim(value: float | None, most: float) -> str:
    """Whether an aim was met."""
    return "-" if value is None else f"<= {most:g}: {'met' if value <= most else 'MISSED'}"
