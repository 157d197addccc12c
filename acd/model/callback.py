"""The life of a promise to call back, and of one attempt to keep it: enums and one table.

A promise is OPEN until an engine has claimed it for one attempt; then it is reached, or open again for a later moment,
or handed over to a person. It ends only as REACHED, SETTLED or CANCELLED: what the automation gives up lies on the
supervisor's list until somebody has dealt with it, so nothing is ever silently dropped. While it is CLAIMED nobody else
can claim it: the citizen cannot be rung twice for one attempt.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import msgspec

from acd.model.call import IllegalMove
from acd.model.ids import CallbackId, LineId, OperatorId


class CallbackState(StrEnum):
    OPEN = "open"
    """Promised; waits for its moment."""
    CLAIMED = "claimed"
    """One attempt is under way."""
    HANDED_OVER = "handed_over"
    """The automation gave up, with a reason: a person must deal with it."""
    REACHED = "reached"
    """Operator and citizen spoke, in an attempt or in a call that a person made."""
    SETTLED = "settled"
    """No longer owed: the citizen got through by himself meanwhile, or a person closed it."""
    CANCELLED = "cancelled"
    """Withdrawn by the citizen."""


class CallbackMove(StrEnum):
    CLAIM = "claim"
    REACH = "reach"
    RETRY = "retry"
    """The attempt came to nothing; there is another moment before the deadline."""
    HAND_OVER = "hand_over"
    RESCHEDULE = "reschedule"
    """Another moment, by the citizen or by a person."""
    SETTLE = "settle"
    CANCEL = "cancel"


_S, _M = CallbackState, CallbackMove
OWED: Final = (_S.OPEN, _S.CLAIMED, _S.HANDED_OVER)
"""The citizen is still to be called."""

CALLBACK_MOVES: Final[Mapping[tuple[CallbackState, CallbackMove], CallbackState]] = MappingProxyType(
    {
        (_S.OPEN, _M.CLAIM): _S.CLAIMED,
        (_S.CLAIMED, _M.REACH): _S.REACHED,
        (_S.CLAIMED, _M.RETRY): _S.OPEN,
        (_S.CLAIMED, _M.HAND_OVER): _S.HANDED_OVER,
        (_S.OPEN, _M.HAND_OVER): _S.HANDED_OVER,
        **{(state, _M.RESCHEDULE): _S.OPEN for state in (_S.OPEN, _S.HANDED_OVER)},
        **{(state, _M.REACH): _S.REACHED for state in (_S.OPEN, _S.HANDED_OVER)},
        # Also during an attempt: the citizen got through by himself while the operator's phone rang for him.
        **{(state, _M.SETTLE): _S.SETTLED for state in OWED},
        **{(state, _M.CANCEL): _S.CANCELLED for state in (_S.OPEN, _S.HANDED_OVER)},
    }
)


def next_callback_state(callback: str, state: CallbackState, move: CallbackMove) -> CallbackState:
    """Where ``move`` leads from ``state``.

    Raises:
        IllegalMove: the table has no such move.
    """
    try:
        return CALLBACK_MOVES[state, move]
    except KeyError:
        raise IllegalMove("callback", callback, move, state) from None


class AttemptStage(StrEnum):
    """How far an attempt has come. It is written down before the next step is taken."""

    CLAIMED = "claimed"
    """Written; the switch may or may not have been told."""
    RINGING = "ringing"
    """The operator's phone rings."""
    TAKEN = "taken"
    """The operator has picked up."""
    DIALLED = "dialled"
    """The citizen's phone is being rung."""
    TALKING = "talking"


class AttemptResult(StrEnum):
    """How an attempt ended."""

    CONNECTED = "connected"
    """Operator and citizen spoke."""
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    MACHINE = "machine"
    """An answering machine picked up."""
    WRONG_NUMBER = "wrong_number"
    """The network knows no such number, or somebody else lives there."""
    REFUSED = "refused"
    """The citizen declined the call."""
    FAULT = "fault"
    """The network could not carry the call."""
    OPERATOR = "operator"
    """The operator did not take it, or hung up before the citizen's phone was rung: the citizen has heard nothing."""
    ABORTED = "aborted"
    """The operator hung up while the citizen's phone rang."""
    UNKNOWN = "unknown"
    """Nobody saw how it ended."""


class Window(msgspec.Struct, frozen=True):
    """From ``start`` to ``end``, seconds since the epoch: when the citizen is to be called."""

    start: float
    end: float


class CallbackPlan(msgspec.Struct, frozen=True):
    """What one caller can be promised."""

    number: str | None
    """E.164 with ``+``, checked by the numbering plan; None = he must key in one."""
    slots: tuple[Window, ...]
    """Calm moments with capacity behind them, the earliest first, three at most. Empty: only "as soon as it is calm"
    can be promised."""
    deadline: float
    """The latest moment, seconds since the epoch."""
    existing: Window | None = None
    """He is owed a call on this line already, then."""
    callback: CallbackId | None = None
    """The promise that he is owed."""


class DueCallback(msgspec.Struct, frozen=True):
    """A promise whose moment has come."""

    callback: CallbackId
    line: LineId
    window: Window
    deadline: float
    attempts: int = 0
    """Attempts so far in which the citizen's phone was rung."""
    operator: OperatorId | None = None
    """He asked to call now: if he is available, he is the one who calls, and at once."""
