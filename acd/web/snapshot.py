"""What the wallboard shows at one moment: a pure fold of the engine's board and today's tally.

Figures of *now* (waiting, longest wait, available) decide the level of a line: on these somebody can act. Figures of
*today* (reachability, service level) carry a level of their own and do not colour the line, or a bad morning would
leave it red all afternoon.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import msgspec

from acd.config import Threshold, Thresholds
from acd.engine.board import Board, BoardLine, BoardOperator
from acd.engine.tally import LineCounts, Tally
from acd.model.call import CallState
from acd.model.ids import CallId, LineId, OperatorId
from acd.model.operator import OperatorState
from acd.model.outcome import Outcome
from acd.model.promise import CallbackCounts

WEAK_BELOW: Final = 10
"""A percentage over fewer calls than this is marked weak and raises no alarm."""

REACHABILITY: Final = "A / (A + B)"
SERVICE_LEVEL: Final = "A_t / (A + B - s)"
AS_USUAL: Final = Thresholds()

_IN_LINE: Final = frozenset({CallState.WAITING, CallState.CHECKING, CallState.OFFERED, CallState.RINGING})


class Level(StrEnum):
    """How much attention a figure asks for."""

    OK = "ok"
    WARN = "warn"
    ALARM = "alarm"

    @property
    def rank(self) -> int:
        return list(Level).index(self)


def worst(levels: Iterable[Level]) -> Level:
    return max(levels, key=lambda level: level.rank, default=Level.OK)


class Share(msgspec.Struct, frozen=True):
    """A percentage that can be checked: what was divided by what."""

    part: int
    of: int
    value: float | None
    """``part / of``, 0 to 1; None while ``of`` is 0."""
    weak: bool
    """Fewer than :data:`WEAK_BELOW` calls: shown, but no ground for an alarm."""
    formula: str
    """A answered, B abandoned (short ones included), s abandoned short, A_t answered within the target."""
    target: float
    colours: Threshold
    """Below which it is a warning, and below which an alarm."""
    level: Level


def share(part: int, of: int, formula: str, target: float, colours: Threshold) -> Share:
    value = part / of if of else None
    weak = of < WEAK_BELOW
    level = Level.OK if weak else below(part / of, colours)
    return Share(part, of, value, weak, formula, target, colours, level)


def below(value: float, colours: Threshold) -> Level:
    """Of a figure of which less is worse. Rounded, because 0.3 * 3 is not 0.9 in binary."""
    if round(value - colours.red, 9) < 0:
        return Level.ALARM
    return Level.WARN if round(value - colours.amber, 9) < 0 else Level.OK


def above(value: float, colours: Threshold) -> Level:
    """Of a figure of which more is worse."""
    if value >= colours.red:
        return Level.ALARM
    return Level.WARN if value >= colours.amber else Level.OK


def callback_level(counts: CallbackCounts) -> Level:
    if counts.overdue:
        return Level.ALARM
    return Level.WARN if counts.due_soon else Level.OK


class LineRow(msgspec.Struct, frozen=True):
    """One line of the wallboard."""

    line: LineId
    names: Mapping[str, str]
    """By language: nl, en, fr."""
    waiting: int
    late: int
    """Of those waiting: longer than ``target_wait``."""
    longest_wait: float | None
    """Seconds at the moment of the snapshot; None = nobody waits."""
    answered: int
    abandoned: int
    """Short abandons included."""
    reachability: Share
    service_level: Share
    available: int
    logged_in: int
    in_call: int
    """Calls; the callers whom the operators of other lines help are among them."""
    wrap_up: int
    """Operators who serve this line; one who serves several is counted on each."""
    not_ready: int
    callbacks: CallbackCounts
    target_wait: float
    thresholds: Thresholds
    waiting_level: Level
    wait_level: Level
    staff_level: Level
    callback_level: Level
    level: Level
    """The worst of the figures of now."""
    switched: bool | None = None
    """A supervisor has opened (True) or closed (False) it against its hours; None = it follows them."""
    switched_at: float | None = None
    """Seconds since the epoch."""


class Staff(msgspec.Struct, frozen=True):
    """Operators by what they are doing; each is counted once."""

    available: int = 0
    busy: int = 0
    """Being offered a call, ringing or talking."""
    wrap_up: int = 0
    not_ready: int = 0
    away: int = 0
    """Phone unreachable, or in use for something else."""

    @property
    def logged_in(self) -> int:
        return self.available + self.busy + self.wrap_up + self.not_ready + self.away


class Totals(msgspec.Struct, frozen=True):
    """All lines together."""

    waiting: int
    late: int
    longest_wait: float | None
    longest_line: LineId | None
    """The line on which the longest waiting caller waits."""
    answered: int
    abandoned: int
    in_call: int
    reachability: Share
    service_level: Share
    staff: Staff
    callbacks: CallbackCounts
    target_wait: float | None
    """Seconds; None when the lines have different targets."""
    waiting_level: Level
    wait_level: Level
    staff_level: Level
    callback_level: Level


class OperatorRow(msgspec.Struct, frozen=True):
    """One operator. Personal data: not for pages without an account."""

    operator: OperatorId
    name: str
    state: OperatorState
    reason: str | None
    since: float
    """Seconds since the epoch."""
    line: LineId | None
    lines: tuple[LineId, ...] = ()
    """Those that he serves."""


class CallerRow(msgspec.Struct, frozen=True):
    """One call that is on a line at this moment."""

    call: CallId
    line: LineId
    talking: bool
    """False: he waits."""


class Snapshot(msgspec.Struct, frozen=True):
    at: float
    """Seconds since the epoch."""
    linked: bool
    link_lost_at: float | None
    """Seconds since the epoch; None while the link to the switch is up, or when nobody knows."""
    crisis: str | None
    draining: bool
    lines: tuple[LineRow, ...]
    totals: Totals
    operators: tuple[OperatorRow, ...]
    calls: tuple[CallerRow, ...] = ()
    """Those behind the figures of now."""
    unseen: float = 0.0
    """Seconds of today in which nothing could be seen: the figures of today are a lower bound."""


def snapshot(
    board: Board,
    tally: Tally,
    *,
    link_lost_at: float | None = None,
    callbacks: Mapping[LineId, CallbackCounts] = MappingProxyType({}),
    thresholds: Mapping[LineId, Thresholds] = MappingProxyType({}),
    unseen: float = 0.0,
) -> Snapshot:
    """The wallboard of this moment. Reads its arguments, changes none."""
    late = _late(board)
    doing = _doing_by_line(board.operators)
    lines = tuple(
        _row(
            line,
            tally.lines.get(line.line) or LineCounts(),  # not ``tally.of``: that would add the line to the tally
            late=min(late[line.line], line.waiting),
            doing=doing[line.line],
            callbacks=callbacks.get(line.line, CallbackCounts()),
            thresholds=thresholds.get(line.line, AS_USUAL),
        )
        for line in board.lines
    )
    operators = tuple(_operator(operator) for operator in board.operators)
    return Snapshot(
        at=board.at,
        linked=board.linked,
        link_lost_at=None if board.linked else link_lost_at,
        crisis=board.crisis,
        draining=board.draining,
        lines=lines,
        totals=_totals(lines, operators),
        operators=operators,
        calls=tuple(_callers(board)),
        unseen=unseen,
    )


def without_people(whole: Snapshot) -> Snapshot:
    """The same without anything about persons or single calls, for readers without an account."""
    return msgspec.structs.replace(whole, operators=(), calls=())


def only(whole: Snapshot, lines: Collection[LineId]) -> Snapshot:
    """The same of some lines alone, with totals over these and the operators who serve them. Nothing = all lines."""
    if not lines:
        return whole
    rows = tuple(row for row in whole.lines if row.line in lines)
    operators = tuple(row for row in whole.operators if not set(lines).isdisjoint(row.lines))
    calls = tuple(row for row in whole.calls if row.line in lines)
    return msgspec.structs.replace(whole, lines=rows, totals=_totals(rows, operators), operators=operators, calls=calls)


def worst_first(lines: Iterable[LineRow]) -> list[LineRow]:
    """Lines in alarm first. Equals keep their configured order, so that rows do not dance with every second waited."""
    return sorted(lines, key=lambda row: (-row.level.rank, -_today_level(row).rank))


def _today_level(row: LineRow) -> Level:
    return worst((row.reachability.level, row.service_level.level))


def _late(board: Board) -> Counter[LineId]:
    """Callers waiting longer than the target of their line."""
    targets = {line.line: line.target_wait for line in board.lines}
    return Counter(
        call.line
        for call in board.calls
        if call.state in _IN_LINE
        and call.line in targets
        and call.entered_at is not None
        and board.at - call.entered_at > targets[call.line]
    )


def _row(
    line: BoardLine,
    counts: LineCounts,
    *,
    late: int,
    doing: Counter[OperatorState],
    callbacks: CallbackCounts,
    thresholds: Thresholds,
) -> LineRow:
    lost, either = counts.outcomes[Outcome.ABANDONED], counts.answered + counts.abandoned
    waiting = above(line.waiting, thresholds.waiting) if line.waiting else Level.OK
    wait = Level.OK if line.longest_wait is None else above(line.longest_wait, thresholds.longest_wait)
    staff = _staff_level(line.waiting, line.available, line.logged_in)
    owed = callback_level(callbacks)
    return LineRow(
        line=line.line,
        names=line.names,
        waiting=line.waiting,
        late=late,
        longest_wait=line.longest_wait,
        answered=counts.answered,
        abandoned=counts.abandoned,
        reachability=share(counts.answered, either, REACHABILITY, line.target_reachability, thresholds.reachability),
        service_level=share(
            counts.answered_in_target,
            counts.answered + lost,
            SERVICE_LEVEL,
            line.target_share,
            thresholds.service_level,
        ),
        available=line.available,
        logged_in=line.logged_in,
        in_call=line.talking,
        wrap_up=doing[OperatorState.WRAP_UP],
        not_ready=doing[OperatorState.NOT_READY],
        callbacks=callbacks,
        target_wait=line.target_wait,
        thresholds=thresholds,
        waiting_level=waiting,
        wait_level=wait,
        staff_level=staff,
        callback_level=owed,
        level=worst((waiting, wait, staff, owed)),
        switched=None if line.switched is None else line.switched.open,
        switched_at=None if line.switched is None else line.switched.at,
    )


def _doing_by_line(operators: Iterable[BoardOperator]) -> defaultdict[LineId, Counter[OperatorState]]:
    doing: defaultdict[LineId, Counter[OperatorState]] = defaultdict(Counter)
    for operator in operators:
        for line in operator.lines:
            doing[line][operator.state] += 1
    return doing


def _callers(board: Board) -> Iterator[CallerRow]:
    for call in board.calls:
        talking = call.state is CallState.TALKING
        if call.line is not None and (talking or call.state in _IN_LINE):
            yield CallerRow(call.call, call.line, talking)


def _staff_level(waiting: int, available: int, logged_in: int) -> Level:
    """Nobody free is ordinary in a busy hour; it matters when somebody waits, most when nobody is there at all."""
    if not waiting or available:
        return Level.OK
    return Level.WARN if logged_in else Level.ALARM


def _totals(lines: tuple[LineRow, ...], operators: Iterable[OperatorRow]) -> Totals:
    oldest = max(lines, key=lambda row: -1.0 if row.longest_wait is None else row.longest_wait, default=None)
    waits = {row.target_wait for row in lines}
    staff = _staff(operators)
    callbacks = sum((row.callbacks for row in lines), CallbackCounts())
    waiting = sum(row.waiting for row in lines)
    someone_waits = oldest is not None and oldest.longest_wait is not None
    return Totals(
        waiting=waiting,
        late=sum(row.late for row in lines),
        longest_wait=oldest.longest_wait if oldest else None,
        longest_line=oldest.line if oldest and someone_waits else None,
        answered=sum(row.answered for row in lines),
        abandoned=sum(row.abandoned for row in lines),
        in_call=sum(row.in_call for row in lines),
        reachability=_total_share([row.reachability for row in lines], REACHABILITY),
        service_level=_total_share([row.service_level for row in lines], SERVICE_LEVEL),
        staff=staff,
        callbacks=callbacks,
        target_wait=waits.pop() if len(waits) == 1 else None,
        waiting_level=worst(row.waiting_level for row in lines),
        wait_level=worst(row.wait_level for row in lines),
        staff_level=_staff_level(waiting, staff.available, staff.logged_in),
        callback_level=callback_level(callbacks),
    )


def _total_share(shares: list[Share], formula: str) -> Share:
    """All lines together. Target and colours are the means of the lines' own, each weighing as many calls as it had: a
    total meets them when the lines, taken together, lost no more calls than their own targets allow."""
    of = sum(one.of for one in shares)

    def mean(of_line: Callable[[Share], float]) -> float:
        weights = [(of_line(one), one.of if of else 1) for one in shares]
        weight = sum(n for _, n in weights)
        return round(sum(value * n for value, n in weights) / weight, 9) if weight else 0.0

    target = mean(lambda one: one.target)
    colours = Threshold(mean(lambda one: one.colours.amber), mean(lambda one: one.colours.red))
    return share(sum(one.part for one in shares), of, formula, target, colours)


_DOING: Final[Mapping[OperatorState, str]] = {
    OperatorState.AVAILABLE: "available",
    OperatorState.RESERVED: "busy",
    OperatorState.RINGING: "busy",
    OperatorState.IN_CALL: "busy",
    OperatorState.WRAP_UP: "wrap_up",
    OperatorState.NOT_READY: "not_ready",
    OperatorState.ON_OTHER_CALL: "away",
    OperatorState.UNREACHABLE: "away",
}


def _staff(operators: Iterable[OperatorRow]) -> Staff:
    counts = dict.fromkeys(_DOING.values(), 0)
    for operator in operators:
        if operator.state in _DOING:
            counts[_DOING[operator.state]] += 1
    return Staff(**counts)


def _operator(operator: BoardOperator) -> OperatorRow:
    return OperatorRow(
        operator.operator,
        operator.name,
        operator.state,
        operator.reason,
        operator.since,
        operator.line,
        operator.lines,
    )
