"""What the floor page shows at one moment: a pure fold of the engine's board and the city's settings."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

import msgspec

from acd.config.calendar import is_open
from acd.config.city import City
from acd.engine.board import Board, BoardCall, BoardLine, BoardOperator, BoardSpy, BoardTape
from acd.model.call import CallState
from acd.model.facts import PhoneState
from acd.model.ids import CallId, Device, LineId, OperatorId
from acd.model.operator import AT_WORK, OperatorState
from acd.model.supervision import LineStored
from acd.web.snapshot import Level
from acd.web.worklist import masked

WAITS: Final = (CallState.WAITING, CallState.CHECKING, CallState.OFFERED, CallState.RINGING, CallState.BOOKING)
"""Still in the line, whatever is being done about him."""


class FloorLine(msgspec.Struct, frozen=True):
    """One line, and whether it takes new callers."""

    line: LineId
    names: Mapping[str, str]
    waiting: int
    longest_wait: float | None
    """Seconds."""
    talking: int
    available: int
    logged_in: int
    by_hours: bool
    """Its opening hours say that it is open now."""
    switched: LineStored | None
    """What a supervisor said instead."""
    level: Level

    @property
    def open(self) -> bool:
        return self.by_hours if self.switched is None else self.switched.open


class FloorCall(msgspec.Struct, frozen=True):
    """One caller who waits."""

    call: CallId
    line: LineId
    number: str | None
    """Its last digits; None = withheld."""
    entered_at: float
    """Seconds since the epoch."""
    state: CallState
    listens: bool
    """He hears the offer to be called back."""
    operator: OperatorId | None
    """At whose phone his call rings."""
    level: Level

    @property
    def movable(self) -> bool:
        """As far as can be seen from here: the engine has the last word."""
        return self.state is CallState.WAITING and not self.listens


class FloorOperator(msgspec.Struct, frozen=True):
    """One operator."""

    operator: OperatorId
    name: str
    device: Device
    state: OperatorState
    reason: str | None
    since: float
    """Seconds since the epoch."""
    by: str
    line: LineId | None
    """Of the call in hand."""
    call: CallId | None
    talks: bool
    """One can listen in."""
    lines: tuple[LineId, ...]
    lent_by: str | None
    lent_until: float | None
    spies: tuple[BoardSpy, ...]
    tape: BoardTape | None
    """The recording of his conversation."""


class FloorView(msgspec.Struct, frozen=True):
    """All of it. Personal data: for supervisors."""

    at: float
    linked: bool
    crisis: str | None
    draining: bool
    lines: tuple[FloorLine, ...]
    calls: tuple[FloorCall, ...]
    """Who has waited longest comes first."""
    operators: tuple[FloorOperator, ...]
    """As in the settings; who is logged out comes last."""
    phones: tuple[Device, ...]
    """On which a supervisor could listen at this moment."""


def floor_view(board: Board, city: City) -> FloorView:
    """The floor of this moment. Reads its arguments, changes none."""
    waits = {line.line: line.target_wait for line in board.lines}
    queue = [call for call in board.calls if call.state in WAITS and call.line is not None]
    oldest = sorted(queue, key=lambda call: (call.entered_at or 0.0, call.call))
    people = sorted(board.operators, key=lambda one: one.state is OperatorState.LOGGED_OUT)
    return FloorView(
        at=board.at,
        linked=board.linked,
        crisis=board.crisis,
        draining=board.draining,
        lines=tuple(_line(line, city, board.at) for line in board.lines if line.line in city.lines),
        calls=tuple(_call(call, board.at, waits) for call in oldest),
        operators=tuple(_operator(one, board) for one in people),
        phones=_free_phones(board),
    )


def _line(line: BoardLine, city: City, at: float) -> FloorLine:
    return FloorLine(
        line=line.line,
        names=line.names,
        waiting=line.waiting,
        longest_wait=line.longest_wait,
        talking=line.talking,
        available=line.available,
        logged_in=line.logged_in,
        by_hours=is_open(city, line.line, datetime.fromtimestamp(at, UTC)),
        switched=line.switched,
        level=_wait_level(line.longest_wait, line.target_wait),
    )


def _call(call: BoardCall, at: float, waits: Mapping[LineId, float]) -> FloorCall:
    assert call.line is not None
    entered_at = call.entered_at or at
    return FloorCall(
        call=call.call,
        line=call.line,
        number=None if call.number is None else masked(call.number),
        entered_at=entered_at,
        state=call.state,
        listens=call.listens or call.state is CallState.BOOKING,
        operator=call.operator,
        level=_wait_level(at - entered_at, waits.get(call.line, 30.0)),
    )


def _wait_level(wait: float | None, target: float) -> Level:
    """As on the wallboard: past the target a warning, past twice the target an alarm."""
    if wait is None or wait <= target:
        return Level.OK
    return Level.WARN if wait <= 2 * target else Level.ALARM


def _operator(one: BoardOperator, board: Board) -> FloorOperator:
    return FloorOperator(
        operator=one.operator,
        name=one.name,
        device=Device(one.device),
        state=one.state,
        reason=one.reason if one.state is OperatorState.NOT_READY else None,
        since=one.since,
        by=one.by,
        line=one.line,
        call=one.call,
        talks=one.state is OperatorState.IN_CALL,
        lines=one.lines,
        lent_by=one.lent_by,
        lent_until=one.lent_until,
        spies=tuple(spy for spy in board.spies if spy.operator == one.operator),
        tape=one.tape if one.state is OperatorState.IN_CALL else None,
    )


def _free_phones(board: Board) -> tuple[Device, ...]:
    """Registered, and nobody speaks or is rung on it."""
    users = Counter(spy.device for spy in board.spies)
    working = (*AT_WORK, OperatorState.UNREACHABLE)
    return tuple(
        Device(one.device)
        for one in board.operators
        if one.phone is PhoneState.IDLE and one.state not in working and not users[Device(one.device)]
    )
