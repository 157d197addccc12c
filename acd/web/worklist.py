"""What the pages need to know of the promises to call back, and what a person can do about one.

The records keep the promises and the keeper rules over their life: whoever plugs them in fulfils :class:`Worklist`.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Protocol

import msgspec
import phonenumbers

from acd.model.account import AuditAction
from acd.model.callback import AttemptResult, CallbackState, Window
from acd.model.ids import CallbackId, LineId, OperatorId
from acd.web.snapshot import DUE_SOON, CallbackCounts, Level

ACTABLE: Final = (CallbackState.OPEN, CallbackState.HANDED_OVER)
"""While an attempt is under way nobody else touches the promise."""


class Kind(StrEnum):
    """Which promises the list shows."""

    OPEN = "open"
    """All who are still to be called."""
    DUE = "due"
    """Their moment has come."""
    BROKEN = "broken"
    """Still to be called, past the deadline."""
    HANDED_OVER = "handed_over"
    CLOSED = "closed"
    """Reached, settled or cancelled; the latest first."""


class Act(StrEnum):
    """What a person does about a promise."""

    CALL_NOW = "call_now"
    """Let the engine call as soon as it can: by ``operator`` if given, else by whoever has time."""
    MOVE = "move"
    """Another moment, ``moment``."""
    NO_ANSWER = "no_answer"
    """He called himself; nobody answered. Counts as an attempt."""
    WRONG_NUMBER = "wrong_number"
    """He called himself; it is somebody else's number."""
    DONE = "done"
    """He spoke with the citizen."""
    CANCEL = "cancel"
    """The citizen no longer wants it, as ``note`` tells."""
    HAND_OVER = "hand_over"
    """The automation leaves it alone; ``to`` deals with it, as ``note`` tells. Also from one person to another."""


AUDITED: Final[Mapping[Act, AuditAction]] = MappingProxyType(
    {
        Act.CALL_NOW: AuditAction.CALLBACK_CALL_NOW,
        Act.MOVE: AuditAction.CALLBACK_MOVED,
        Act.NO_ANSWER: AuditAction.CALLBACK_NO_ANSWER,
        Act.WRONG_NUMBER: AuditAction.CALLBACK_WRONG_NUMBER,
        Act.DONE: AuditAction.CALLBACK_DONE,
        Act.CANCEL: AuditAction.CALLBACK_CANCELLED,
        Act.HAND_OVER: AuditAction.CALLBACK_HANDED_OVER,
    }
)


class Deed(msgspec.Struct, frozen=True):
    """What was done, by whom."""

    act: Act
    by: str
    """Name of the account."""
    at: float
    """Seconds since the epoch, as all moments here."""
    operator: OperatorId | None = None
    """Who the account is in ``queues.yaml``."""
    moment: float | None = None
    to: str = ""
    note: str = ""


class WorkRow(msgspec.Struct, frozen=True):
    """One promise, as the list shows it."""

    callback: CallbackId
    version: int
    """Rises with every step of the promise's life: who acts on an older one is told that something has changed."""
    line: LineId
    number: str
    """E.164."""
    state: CallbackState
    promised_at: float
    window: Window
    deadline: float
    attempts: int = 0
    """In which the citizen's phone was rung."""
    last_result: AttemptResult | None = None
    last_at: float | None = None
    owner: str = ""
    """Account or operator who deals with it, or is calling now."""
    reason: str = ""
    """Why it was handed over."""


class WorkAttempt(msgspec.Struct, frozen=True):
    at: float
    operator: OperatorId | None
    result: AttemptResult | None
    """None = under way."""


RECORDED: Final = ("promised", "moved", "handed_over", "reached", "settled", "cancelled")
"""Steps in a promise's life that no person at a desk made."""


class WorkStep(msgspec.Struct, frozen=True):
    """One line of the promise's history."""

    at: float
    by: str
    """Account, operator, ``citizen`` or ``acd``."""
    what: str
    """An :class:`Act`, or one of :data:`RECORDED`."""
    note: str = ""


class Dossier(msgspec.Struct, frozen=True):
    """All of one promise. Attempts and history: the latest first."""

    row: WorkRow
    attempts: tuple[WorkAttempt, ...] = ()
    history: tuple[WorkStep, ...] = ()


class WorkChanged(Exception):
    """Somebody, or the engine, was first: the promise is no longer as the page showed it."""


class Worklist(Protocol):
    """The promises. All methods raise ``Mendable`` when they cannot be read or written."""

    async def rows(self, kind: Kind, line: LineId | None, now: float, limit: int) -> Sequence[WorkRow]:
        """The most urgent first: by deadline, then by moment."""

    async def counts(self, now: float) -> Mapping[LineId, CallbackCounts]:
        """By line; a line without promises may be missing."""

    async def one(self, callback: CallbackId) -> Dossier | None:
        """None = there is no such promise."""

    async def act(self, callback: CallbackId, version: int, deed: Deed) -> None:
        """Do it and write down who did, in one transaction.

        Raises:
            WorkChanged: it is no longer at ``version``, or nothing can be done about it now.
        """


def level(row: WorkRow, now: float) -> Level:
    """How much attention a promise asks for."""
    if row.state not in (*ACTABLE, CallbackState.CLAIMED):
        return Level.OK
    if row.deadline <= now:
        return Level.ALARM
    return Level.WARN if row.deadline - now <= DUE_SOON else Level.OK


def masked(number: str) -> str:
    """The last three digits: enough to tell two rows apart, too few to call."""
    return f"••• {number[-3:]}" if len(number) > 5 else "•••"


def readable(number: str) -> str:
    """As one reads it: +32 470 12 34 56."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
