"""The choice "which waiting call goes to which idle operator".

Why these rules: over 8 lines and 20 operators, fixed queue ratio with a guard at 90 s and the least-skilled idle
operator kept as many callers as any rule tried, with the best worst line and a quarter fewer waits over 150 s;
longest idle alone was the worst of all where operators share lines. Holding a capable idle operator back always cost
answers, so nothing here ever does: level orders the idle, it does not exclude them.

Two steps. First the call: among the lines that have both a caller and an idle operator, the head of one line. Then the
operator: the best of the idle ones with that line. Every tie ends in an id, so the same facts give the same choice.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final, TypeVar

from acd.model.ids import LineId, OperatorId
from acd.model.policy import OperatorRule, QueueRule, Routing


class LineView:
    """One line at the moment of choice; only lines with a caller and an idle operator are shown. No struct: a plain
    object is made and read faster when compiled.

    Args:
        line: its name.
        waiting: callers who wait.
        waited: seconds that the head of the line has waited.
        aged: the same with the line's priority steps added.
        share: p_k: the part of all waiting callers that this line may have, 0 to 1.
    """

    __slots__ = ("aged", "line", "share", "waited", "waiting")

    def __init__(self, line: LineId, waiting: int, waited: float, aged: float, share: float) -> None:
        self.line = line
        self.waiting = waiting
        self.waited = waited
        self.aged = aged
        self.share = share


class Candidate:
    """What the choice needs to know of an operator. A base class and no protocol, for the same reason.

    Args:
        id: his name.
        levels: the lines that he serves, and his level on each.
        since: since when he is idle, seconds since the epoch.
    """

    __slots__ = ("id", "levels", "since", "skills")

    def __init__(self, id: OperatorId, levels: Mapping[LineId, int], since: float) -> None:
        self.id = id
        self.levels = levels
        self.skills = len(levels)
        """Lines that count for how skilled he is."""
        self.since = since

    def level(self, line: LineId) -> int:
        return self.levels[line]


_LONGEST_IDLE: Final = OperatorRule.LONGEST_IDLE

T = TypeVar("T", bound=Candidate)


def shares(weights: Iterable[tuple[LineId, float]]) -> dict[LineId, float]:
    """p_k of the fixed queue ratio: weight (forecast arrivals x target wait) over the sum of weights.

    Source: Gurvich and Whitt, Operations Research 58(2), 2010.
    """
    known = dict(weights)
    total = sum(known.values())
    if total <= 0:
        return dict.fromkeys(known, 1 / len(known)) if known else {}
    return {line: weight / total for line, weight in known.items()}


def choose_line(lines: Sequence[LineView], total_waiting: int, routing: Routing) -> tuple[LineView, str]:
    """The line whose head is served next, and the name of the rule that decided.

    Args:
        lines: at least one.
        total_waiting: callers waiting on all lines, also on those without an idle operator.
    """
    if len(lines) == 1:
        return lines[0], "only_line"
    oldest = max(lines, key=lambda view: (view.aged, view.line))
    if routing.queue_rule is QueueRule.LONGEST_WAITING:
        return oldest, "longest_waiting"
    if oldest.aged >= routing.guard:
        return oldest, "guard"
    return max(lines, key=lambda v: (v.waiting - v.share * total_waiting, v.aged, v.line)), "fixed_queue_ratio"


def choose_operator(idle: Collection[T], line: LineId, rule: OperatorRule) -> T:
    """The idle operator who takes a call of ``line``: best level first, then the rule, then the smallest id."""
    candidates = iter(idle)
    best = next(candidates)
    level = best.level(line)
    for one in candidates:
        his = one.level(line)
        if his < level or (his == level and _goes_before(one, best, rule)):
            best, level = one, his
    return best


def _goes_before(one: Candidate, other: Candidate, rule: OperatorRule) -> bool:
    """Of two with the same level."""
    if rule is not _LONGEST_IDLE and one.skills != other.skills:
        return one.skills < other.skills
    if one.since != other.since:
        return one.since < other.since
    return one.id < other.id
