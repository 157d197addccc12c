"""What has to be met where: in each half-hour the targets of the lines together, and on each line the targets of the
day. A half-hour with few calls says nothing by itself: it is judged together with its neighbours."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Final

import msgspec

from acd.model.ids import LineId
from sim.model.setup import Setup
from sim.staff.plan import Cell
from sim.staff.tally import Block, OfLine, Pair, Ratio, Tally

FEW: Final = 8.0
"""Calls a day below which half-hours are judged together."""
SURE: Final = 0.95
"""Confidence with which a target must be met."""
_NORMAL: Final = NormalDist()


class Target(msgspec.Struct, frozen=True):
    """Shares, 0 to 1."""

    reachability: float
    service_level: float


@dataclass(frozen=True)
class Targets:
    """All that has to be met."""

    blocks: Mapping[Block, Target]
    lines: Mapping[OfLine, Target]
    """Of the whole day."""
    block_of: Mapping[Cell, Block]
    lines_of: Mapping[Cell, tuple[LineId, ...]]
    """The lines that are open and called: each must have an operator."""


def with_targets(setup: Setup, reachability: float | None, share: float | None, within: float | None) -> Setup:
    """The same, with these targets on every line; None = each line's own.

    Args:
        setup: whose lines have targets.
        reachability: answered / (answered + hung up), 0 to 1.
        share: answered in time, 0 to 1.
        within: seconds that count as in time.
    """
    given = {"target_reachability": reachability, "target_share": share, "target_wait": within}
    wanted = {name: value for name, value in given.items() if value is not None}
    lines = {id: msgspec.structs.replace(line, **wanted) for id, line in setup.policy.lines.items()}
    return replace(setup, policy=msgspec.structs.replace(setup.policy, lines=lines))


def targets_of(setup: Setup, open_lines: Mapping[Cell, tuple[LineId, ...]], tally: Tally) -> Targets:
    """The targets of the setup's lines, on the calls that a first simulation has seen.

    A half-hour has the mean target of its callers: each weighs as that of his line.
    """
    own = {id: Target(line.target_reachability, line.target_share) for id, line in setup.policy.lines.items()}
    called = {
        cell: tuple(line for line in lines if line in tally.cells.get(cell, {})) for cell, lines in open_lines.items()
    }
    called = {cell: lines for cell, lines in called.items() if lines}
    calls = {
        cell: sum(tally.cells[cell][line].entered for line in lines) / tally.days[cell[0]]
        for cell, lines in called.items()
    }
    blocks = joined(calls)
    return Targets(
        blocks={block: _mean(block, own, called, tally) for block in blocks},
        lines={key: own[key.line] for key, pair in tally.lines.items() if pair.reachability.whole},
        block_of={(b.weekday, slot): b for b in blocks for slot in range(b.first, b.last + 1)},
        lines_of=called,
    )


def joined(calls: Mapping[Cell, float]) -> list[Block]:
    """Half-hours put together until each block has enough calls a day; what is left at the end of a run of half-hours
    joins the block before."""
    blocks: list[Block] = []
    weekday, first, last, total = -1, 0, -2, 0.0
    for (day, slot), expected in [*sorted(calls.items()), ((99, 0), 0.0)]:
        if (day, slot) != (weekday, last + 1):
            _end_run(blocks, Block(weekday, first, last), total)
            weekday, first, total = day, slot, 0.0
        last, total = slot, total + expected
        if total >= FEW:
            blocks.append(Block(weekday, first, last))
            first, total = slot + 1, 0.0
    return blocks


def _end_run(blocks: list[Block], rest: Block, calls: float) -> None:
    if rest.last < rest.first or not calls:
        return
    if blocks and (blocks[-1].weekday, blocks[-1].last) == (rest.weekday, rest.first - 1):
        blocks[-1] = blocks[-1]._replace(last=rest.last)
    else:
        blocks.append(rest)


def _mean(block: Block, own: Mapping[LineId, Target], called: Mapping[Cell, Sequence[LineId]], tally: Tally) -> Target:
    weekday, first, last = block
    weights = [
        (tally.cells[weekday, slot][line].entered, own[line])
        for slot in range(first, last + 1)
        for line in called.get((weekday, slot), ())
    ]
    total = sum(weight for weight, _ in weights)
    return Target(
        sum(weight * target.reachability for weight, target in weights) / total,
        sum(weight * target.service_level for weight, target in weights) / total,
    )


def confidence(pair: Pair, target: Target) -> float:
    """That both targets are met, 0 to 1: the smaller of the two one-sided confidences."""
    return min(_sure(pair.reachability, target.reachability), _sure(pair.service_level, target.service_level))


def _sure(seen: Ratio, target: float) -> float:
    if not seen.whole:
        return 1.0
    # Never more certain than so many independent calls would make us: few calls without a loss prove little.
    error = max(seen.error, math.sqrt(target * (1 - target) / seen.whole))
    if not error:
        return float(seen.mean >= target)
    return _NORMAL.cdf((seen.mean - target) / error)
