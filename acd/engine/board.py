"""A read-only picture of the engine at one moment: what the wallboard and the command line show."""

from typing import TYPE_CHECKING

import msgspec

from acd.model.call import CallState
from acd.model.callback import AttemptStage
from acd.model.facts import PhoneState
from acd.model.ids import CallbackId, CallId, Device, LineId, OfferId, OperatorId, SpyId
from acd.model.operator import OperatorState, Wish
from acd.model.supervision import LineStored, SpyMode

if TYPE_CHECKING:
    from acd.engine.people import Call, Desk, Spying
    from acd.engine.promise import Attempt
    from acd.engine.state import State
    from acd.engine.tape import Tape


class BoardLine(msgspec.Struct, frozen=True):
    line: LineId
    names: dict[str, str]
    waiting: int
    longest_wait: float | None
    """Seconds that the oldest call now waiting has been in the queue; None = nobody waits."""
    talking: int
    available: int
    """Operators with this line who are logged in, not paused, not in wrap-up, not on a call, phone reachable."""
    logged_in: int
    target_reachability: float
    target_wait: float
    target_share: float
    in_dialogue: int = 0
    """Of those who wait: callers who hear the offer to be called back at this moment."""
    callbacks_due: int = 0
    """Promises whose moment has come and for which no operator had time yet."""
    calling_back: int = 0
    """Attempts to call back that are under way."""
    switched: LineStored | None = None
    """A supervisor has opened or closed it against its hours."""


class BoardTape(msgspec.Struct, frozen=True):
    """A recording that is being made."""

    paused_at: float | None
    """Seconds since the epoch; None = it runs."""
    refused: bool
    """The switch did not do what was asked of it last."""
    missing: bool = False
    """Nothing is written of it, and it cannot be paused."""


class BoardOperator(msgspec.Struct, frozen=True):
    operator: OperatorId
    name: str
    device: str
    state: OperatorState
    reason: str | None
    since: float
    """Seconds since the epoch."""
    line: LineId | None
    call: CallId | None
    callback: CallbackId | None = None
    """The promise that he is keeping at this moment; then ``call`` is None."""
    attempt: OfferId | None = None
    by: str = ""
    """Who said last that he is ready, not ready or logged out."""
    phone: PhoneState = PhoneState.UNREACHABLE
    lines: tuple[LineId, ...] = ()
    """That he serves now."""
    lent_by: str | None = None
    """Who gave him these lines for now; None = they are those of the settings."""
    lent_until: float | None = None
    tape: BoardTape | None = None
    """The recording of his conversation."""


class BoardCall(msgspec.Struct, frozen=True):
    call: CallId
    state: CallState
    line: LineId | None
    entered_at: float | None
    operator: OperatorId | None
    number: str | None = None
    language: str = "nl"
    listens: bool = False
    """He hears the offer to be called back."""
    held_since: float | None = None
    """The operator has put him on hold."""


class BoardSpy(msgspec.Struct, frozen=True):
    """A supervisor who listens in."""

    spy: SpyId
    operator: OperatorId
    device: Device
    """The supervisor's phone."""
    mode: SpyMode
    by: str
    began_at: float | None
    """None = his phone rings."""


class DeskCall(msgspec.Struct, frozen=True):
    """The call in hand of one operator, from the moment at which it is his."""

    call: CallId
    line: LineId
    number: str | None
    """None = withheld."""
    language: str
    path: str
    """Menu nodes passed, joined by ``>``."""
    entered_at: float
    answered_at: float | None
    held_since: float | None = None
    """On hold, seconds since the epoch."""
    survey: bool = False
    """His line asks its callers how it was."""
    did: str = ""
    """The number called: its menu is the one of ``path``."""
    tape: BoardTape | None = None


class DeskAttempt(msgspec.Struct, frozen=True):
    """The call back in hand of one operator."""

    attempt: OfferId
    callback: CallbackId
    line: LineId
    stage: AttemptStage | None
    """None = being claimed."""
    tape: BoardTape | None = None


class BoardDesk(msgspec.Struct, frozen=True):
    """One operator as his own page shows him. Times are seconds since the epoch."""

    operator: OperatorId
    name: str
    linked: bool
    """False: the link to the switch is down, and nothing of this is sure."""
    state: OperatorState
    wish: Wish
    """What becomes of him when the work in hand is done."""
    reason: str | None
    """Reason of the wish, when that is not ready."""
    since: float
    phone: PhoneState
    device: str
    lines: tuple[LineId, ...]
    call: DeskCall | None
    attempt: DeskAttempt | None
    wrap_up_ends: float | None
    may_extend: bool
    spies: tuple[BoardSpy, ...] = ()
    """Who hears his conversation at this moment."""


def board_desk(state: "State", desk: "Desk") -> BoardDesk:
    wraps_up = desk.state is OperatorState.WRAP_UP
    return BoardDesk(
        operator=desk.id,
        name=desk.config.name,
        linked=state.linked,
        state=desk.state,
        wish=desk.wish,
        reason=desk.reason,
        since=desk.since,
        phone=desk.phone,
        device=desk.config.device,
        lines=tuple(desk.config.lines),
        call=None if desk.call is None or desk.call.line is None else _call(desk.call, desk.call.line.id),
        attempt=None if desk.attempt is None else _attempt(desk.attempt),
        wrap_up_ends=desk.wrap_up_ends if wraps_up else None,
        may_extend=wraps_up and not desk.extended and state.policy.desk.wrap_up_extension > 0,
        spies=tuple(
            board_spy(spy) for spy in state.spies.values() if spy.operator == desk.id and spy.began_at is not None
        ),
    )


def _call(call: "Call", line: LineId) -> DeskCall:
    # Of a caller who is offered again, the answer is one of before.
    answered_at = call.answered_at if call.state is CallState.TALKING else None
    where = call.path, call.entered_at, answered_at, call.held_since
    survey = call.line is not None and call.line.survey is not None
    return DeskCall(
        call.id, line, call.number, call.language, *where, survey=survey, did=call.did, tape=board_tape(call.tape)
    )


def board_spy(spy: "Spying") -> BoardSpy:
    return BoardSpy(spy.id, spy.operator, spy.device, spy.mode, spy.by, spy.began_at)


def _attempt(attempt: "Attempt") -> DeskAttempt:
    tape = board_tape(attempt.tape)
    return DeskAttempt(attempt.id, attempt.callback, attempt.line.id, attempt.stage, tape)


def board_tape(tape: "Tape | None") -> BoardTape | None:
    return None if tape is None else BoardTape(tape.paused_at, tape.refused, tape.missing)


def desk_tape(desk: "Desk") -> BoardTape | None:
    talk = desk.call or desk.attempt
    return None if talk is None else board_tape(talk.tape)


class Board(msgspec.Struct, frozen=True):
    at: float
    linked: bool
    """False: the link to the switch is down and the figures are stale."""
    crisis: str | None
    draining: bool
    lines: tuple[BoardLine, ...]
    operators: tuple[BoardOperator, ...]
    calls: tuple[BoardCall, ...]
    spies: tuple[BoardSpy, ...] = ()
