"""The life of an operator: one enum and one table.

Three things decide his state: what he wants (:class:`Wish`), what his phone can do (``PhoneState``) and the work in
hand. While he works (RESERVED to WRAP_UP) the first two are only noted; when the work is over he comes to *rest*, and
:func:`rest` says where. So an operator can never hang in "busy": his resting state is derived, not remembered.
Only AVAILABLE may be offered a call.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from acd.model.call import IllegalMove
from acd.model.facts import PhoneState


class OperatorState(StrEnum):
    LOGGED_OUT = "logged_out"
    NOT_READY = "not_ready"
    AVAILABLE = "available"
    RESERVED = "reserved"
    """An offer is under way; his phone has not said that it rings."""
    RINGING = "ringing"
    IN_CALL = "in_call"
    WRAP_UP = "wrap_up"
    ON_OTHER_CALL = "on_other_call"
    """He would be available, but his phone is in use for something that is not ours."""
    UNREACHABLE = "unreachable"
    """He would be available, but his phone is not registered or does not respond."""


class Wish(StrEnum):
    """What the operator wants, whatever he is doing."""

    OUT = "out"
    NOT_READY = "not_ready"
    READY = "ready"


class OperatorMove(StrEnum):
    OFFER = "offer"
    RING = "ring"
    ANSWER = "answer"
    OFFER_ENDED = "offer_ended"
    TALK_ENDED = "talk_ended"
    WRAP_UP_ENDED = "wrap_up_ended"
    REVIEW = "review"
    """Wish or phone changed."""


REST: Final = None
"""Table entry: go where :func:`rest` says."""

_S, _M = OperatorState, OperatorMove
RESTING: Final = (_S.LOGGED_OUT, _S.NOT_READY, _S.AVAILABLE, _S.ON_OTHER_CALL, _S.UNREACHABLE)
"""No work of ours in hand."""

AT_WORK: Final = (_S.RESERVED, _S.RINGING, _S.IN_CALL, _S.WRAP_UP)

OPERATOR_MOVES: Final[Mapping[tuple[OperatorState, OperatorMove], OperatorState | None]] = MappingProxyType(
    {
        (_S.AVAILABLE, _M.OFFER): _S.RESERVED,
        (_S.RESERVED, _M.RING): _S.RINGING,
        (_S.RESERVED, _M.ANSWER): _S.IN_CALL,
        (_S.RESERVED, _M.OFFER_ENDED): REST,
        (_S.RINGING, _M.ANSWER): _S.IN_CALL,
        (_S.RINGING, _M.OFFER_ENDED): REST,
        (_S.IN_CALL, _M.TALK_ENDED): _S.WRAP_UP,
        (_S.WRAP_UP, _M.WRAP_UP_ENDED): REST,
        **{(state, _M.REVIEW): REST for state in RESTING},
        **{(state, _M.REVIEW): state for state in AT_WORK},
        # Work found in the switch at our return, or given by its own Queue() while we were away.
        **{(state, _M.RING): _S.RINGING for state in RESTING},
        **{(state, _M.ANSWER): _S.IN_CALL for state in (*RESTING, _S.WRAP_UP)},
    }
)


# By state and then by move: no pair has to be made and hashed for each of the many moves of a call.
_MOVES_FROM: Final[dict[OperatorState, dict[OperatorMove, OperatorState | None]]] = {
    state: {} for state in OperatorState
}
for (_state, _move), _to in OPERATOR_MOVES.items():
    _MOVES_FROM[_state][_move] = _to

_W, _P = Wish, PhoneState
_REST: Final[dict[Wish, dict[PhoneState, OperatorState]]] = {
    _W.OUT: dict.fromkeys(PhoneState, _S.LOGGED_OUT),
    _W.NOT_READY: dict.fromkeys(PhoneState, _S.NOT_READY),
    _W.READY: {_P.IDLE: _S.AVAILABLE, _P.BUSY: _S.ON_OTHER_CALL, _P.UNREACHABLE: _S.UNREACHABLE},
}


def rest(wish: Wish, phone: PhoneState) -> OperatorState:
    """The state of an operator who has no work in hand."""
    return _REST[wish][phone]


def next_operator_state(
    operator: str, state: OperatorState, move: OperatorMove, wish: Wish, phone: PhoneState
) -> OperatorState:
    """Where ``move`` leads from ``state``.

    Raises:
        IllegalMove: the table has no such move.
    """
    try:
        to = _MOVES_FROM[state][move]
    except KeyError:
        raise IllegalMove("operator", operator, move, state) from None
    return rest(wish, phone) if to is None else to
