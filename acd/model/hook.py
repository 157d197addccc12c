"""What is told to other programs of the city: kinds of news, to whom they go, and how far each delivery has come.

News is at least once and usually in order: it names what happened by an id that is the same in every repetition.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

import msgspec

from acd.model.callback import CallbackState
from acd.model.ids import CallbackId, CallId, LineId
from acd.model.mendable import Mendable
from acd.model.promise import BOOK, Change


class NewsKind(StrEnum):
    """What a hook can ask for. The values are part of the contract: a new one may come, none may change."""

    CALL_OFFERED = "call.offered"
    """An operator's phone is about to ring for a caller."""
    CALL_ANSWERED = "call.answered"
    CALL_ENDED = "call.ended"
    """The caller's channel is gone; with the outcome of the call."""
    CALLBACK_PROMISED = "callback.promised"
    """A promise was given, or moved by the citizen."""
    CALLBACK_REACHED = "callback.reached"
    """Kept: operator and citizen spoke."""
    CALLBACK_GIVEN_UP = "callback.given_up"
    """The automation gave up: a person must deal with it."""
    CALLBACK_SETTLED = "callback.settled"
    """No longer owed: the citizen got through by himself, or a person closed it."""
    CALLBACK_CANCELLED = "callback.cancelled"
    OPERATOR_CHANGED = "operator.changed"
    """Says about an operator only: for hooks that get personal data."""


TEST: Final = "test"
"""Kind of the news that an administrator sends to see whether it arrives."""


class Hook(msgspec.Struct, frozen=True):
    """A program that is told what happens, as ``queues.yaml`` names it."""

    name: str
    url: str
    kinds: frozenset[NewsKind]
    secret_file: str | None = None
    """Beside ``queues.yaml``; either this or ``secret_env``."""
    secret_env: str | None = None
    """Name of the environment variable that holds the secret."""
    lines: frozenset[LineId] = frozenset()
    """Empty = all, and calls that never joined one."""
    personal: bool = False
    """The citizen's number and the operator's id go along."""
    private: bool = False
    """Its address may be one of the city's own network or of this machine."""

    def wants(self, news: "News") -> bool:
        if news.kind not in self.kinds:
            return False
        # An operator's state is about all of his lines.
        return not self.lines or news.line in self.lines or news.kind is NewsKind.OPERATOR_CHANGED


class News(msgspec.Struct, frozen=True):
    """One thing that happened, before it is known who wants to hear it."""

    id: str
    """The same in every repetition, to every hook."""
    kind: NewsKind
    at: float
    """Seconds since the epoch."""
    line: LineId | None
    data: Mapping[str, Any]
    """Without the citizen's number, which is looked up at the moment of sending: it may be erased meanwhile."""
    call: CallId | None = None
    callback: CallbackId | None = None


class Delivery(msgspec.Struct, frozen=True):
    """News on its way to one hook. Times are seconds since the epoch."""

    hook: str
    news: str
    """Its id."""
    kind: str
    at: float
    data: str
    """JSON."""
    call: str | None = None
    callback: str | None = None
    attempts: int = 0
    next_at: float | None = None
    """None = nothing more is tried: it was taken, or given up."""
    delivered_at: float | None = None
    dead_at: float | None = None
    """Given up: it lies there until an administrator sends it again."""
    status: int | None = None
    """What the receiver answered last, as HTTP numbers it; None = nothing."""
    error: str | None = None


class HookState(msgspec.Struct, frozen=True):
    """How the deliveries to one hook stand."""

    pending: int = 0
    dead: int = 0
    delivered_at: float | None = None
    """The last one."""
    error: str | None = None
    """Of the last one that failed and is still to be taken."""


class HookRow(msgspec.Struct, frozen=True):
    """A hook as lists show it."""

    hook: Hook
    state: HookState
    fault: str = ""
    """Why nothing can be sent to it; empty = something can."""


class HookError(Mendable):
    """{what cannot be done with a webhook, and why}."""


PERSONAL: Final = frozenset({"operator"})
"""Keys of :attr:`News.data` that tell who an employee is."""

_BY_STATE: Final = {
    CallbackState.REACHED: NewsKind.CALLBACK_REACHED,
    CallbackState.HANDED_OVER: NewsKind.CALLBACK_GIVEN_UP,
    CallbackState.SETTLED: NewsKind.CALLBACK_SETTLED,
    CallbackState.CANCELLED: NewsKind.CALLBACK_CANCELLED,
}


def callback_kind(entry: Change) -> NewsKind | None:
    """What a line of a promise's log means to other programs; None = nothing."""
    if entry.what == BOOK:
        return NewsKind.CALLBACK_PROMISED
    if entry.new is None:
        return NewsKind.CALLBACK_CANCELLED
    state = entry.new.get("state")
    return None if state is None else _BY_STATE.get(CallbackState(state))
