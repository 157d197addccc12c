"""What the pages need to know of the promises to call back, and how they show one.

Whoever plugs the promises in fulfils :class:`Worklist`.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, Protocol

import phonenumbers

from acd.model.account import AuditAction
from acd.model.callback import OWED, CallbackState
from acd.model.ids import CallbackId, LineId
from acd.model.promise import DUE_SOON, CallbackCounts
from acd.model.worklist import Act, Deed, Dossier, Kind, WorkRow
from acd.web.snapshot import Level

ACTABLE: Final = (CallbackState.OPEN, CallbackState.HANDED_OVER)
"""While an attempt is under way nobody else touches the promise."""

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
            WrongMoment: the citizen cannot be called then.
        """


def level(row: WorkRow, now: float) -> Level:
    """How much attention a promise asks for."""
    if row.state not in OWED:
        return Level.OK
    if row.deadline <= now:
        return Level.ALARM
    return Level.WARN if row.deadline - now <= DUE_SOON else Level.OK


def masked(number: str) -> str:
    """The last three digits: enough to tell two rows apart, too few to call. One that is erased stays empty."""
    if not number:
        return ""
    return f"••• {number[-3:]}" if len(number) > 5 else "•••"


def readable(number: str) -> str:
    """As one reads it: +32 470 12 34 56."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
