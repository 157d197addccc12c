"""The life of a call: one enum and one table.

A call is in the menu until the caller made his last choice, then waits; offers come and go while he waits, and he
keeps his place. Whoever is connected is TALKING; what follows the operator's hang-up (a survey, a transfer) is AFTER.
A move that is not in the table raises :class:`IllegalMove` and changes nothing.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class IllegalMove(Exception):
    """{thing} {id} cannot do {trigger} in state {state}."""

    def __init__(self, thing: str, id: str, trigger: str, state: str) -> None:
        super().__init__(f"{thing} {id} cannot do {trigger} in state {state}")


class CallState(StrEnum):
    MENU = "menu"
    WAITING = "waiting"
    OFFERED = "offered"
    """A Redirect to an operator was sent; his phone has not said that it rings."""
    RINGING = "ringing"
    CHECKING = "checking"
    """The switch did not do as told; it is asked where the caller is. No offer until it has answered."""
    TALKING = "talking"
    BOOKING = "booking"
    """He has accepted to be called back; the promise is being written. No offer until it is known whether it stands."""
    OVERFLOWING = "overflowing"
    """At the partner's, not answered yet."""
    AFTER = "after"
    """Served, sent away or informed; the channel still lives."""
    ENDED = "ended"


class CallMove(StrEnum):
    QUEUE = "queue"
    OFFER = "offer"
    RING = "ring"
    ANSWER = "answer"
    OFFER_FAILED = "offer_failed"
    FOUND = "found"
    """He is with the music after all."""
    BOOK_FAILED = "book_failed"
    """No promise could be written: he keeps his place."""
    OVERFLOW = "overflow"
    OVERFLOW_FAILED = "overflow_failed"
    SETTLE = "settle"
    """The caller needs no operator any more: served, informed, refused or answered by the partner."""
    END = "end"


_S, _M = CallState, CallMove

CALL_MOVES: Final[Mapping[tuple[CallState, CallMove], CallState]] = MappingProxyType(
    {
        (_S.MENU, _M.QUEUE): _S.WAITING,
        (_S.MENU, _M.SETTLE): _S.AFTER,
        (_S.WAITING, _M.OFFER): _S.OFFERED,
        (_S.WAITING, _M.OVERFLOW): _S.OVERFLOWING,
        (_S.WAITING, _M.SETTLE): _S.AFTER,
        (_S.BOOKING, _M.BOOK_FAILED): _S.WAITING,
        (_S.BOOKING, _M.SETTLE): _S.AFTER,
        # Asterisk's own Queue() connected the caller while we were away.
        (_S.WAITING, _M.ANSWER): _S.TALKING,
        (_S.OFFERED, _M.RING): _S.RINGING,
        (_S.OFFERED, _M.ANSWER): _S.TALKING,
        (_S.OFFERED, _M.OFFER_FAILED): _S.WAITING,
        (_S.CHECKING, _M.ANSWER): _S.TALKING,
        (_S.CHECKING, _M.FOUND): _S.WAITING,
        (_S.RINGING, _M.ANSWER): _S.TALKING,
        (_S.RINGING, _M.OFFER_FAILED): _S.WAITING,
        (_S.OVERFLOWING, _M.OVERFLOW_FAILED): _S.WAITING,
        (_S.OVERFLOWING, _M.SETTLE): _S.AFTER,
        (_S.TALKING, _M.SETTLE): _S.AFTER,
        # A caller whom the operator sends on to another line waits again.
        (_S.AFTER, _M.QUEUE): _S.WAITING,
        **{(state, _M.END): _S.ENDED for state in CallState if state is not _S.ENDED},
    }
)

# By state and then by move: no pair has to be made and hashed for each of the many moves of a call.
_MOVES_FROM: Final[dict[CallState, dict[CallMove, CallState]]] = {state: {} for state in CallState}
for (_state, _move), _to in CALL_MOVES.items():
    _MOVES_FROM[_state][_move] = _to


def next_call_state(call: str, state: CallState, move: CallMove) -> CallState:
    """Where ``move`` leads from ``state``.

    Raises:
        IllegalMove: the table has no such move.
    """
    try:
        return _MOVES_FROM[state][move]
    except KeyError:
        raise IllegalMove("call", call, move, state) from None
