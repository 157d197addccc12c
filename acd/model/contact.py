"""What an operator writes of a contact with a citizen, and the requests that he leaves for a colleague.

A **contact** is one conversation of one operator: a call that he answered, or a call back. A **transfer note** goes
along with a caller who is passed on. A **request** ("terugbelvraag") asks a colleague or a team of the
second line, who could not be reached, to call the citizen.
"""

from enum import StrEnum
from typing import Final, NewType

import msgspec

from acd.model.ids import CallbackId, CallId, LineId, OfferId, OperatorId
from acd.model.mendable import Mendable

ContactId = NewType("ContactId", str)
"""The call, or ``cb`` and the number of the attempt, then ``~`` and the operator: told twice, it is the same."""

RequestId = NewType("RequestId", str)

OUTSIDE: Final = "+"
"""To whom a caller was passed on who was sent to a number outside, in the ledger and the audit log: both are for good,
and hold no number."""
LONGEST_NOTE: Final = 4000
"""Characters of a contact's note."""
LONGEST_NAME: Final = 100
LONGEST_QUESTION: Final = 1000
MOST_SUBJECTS: Final = 12


def contact_of_call(call: CallId, operator: OperatorId) -> ContactId:
    return ContactId(f"{call}~{operator}")


def contact_of_attempt(attempt: OfferId, operator: OperatorId) -> ContactId:
    return ContactId(f"cb{attempt}~{operator}")


class Draft(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the operator types, as it is kept while he types."""

    name: str = ""
    """The citizen's, if he gave it."""
    note: str = ""
    subjects: tuple[str, ...] = ()
    """Ids of the city's or the line's."""
    settled: bool | None = None
    """The question is answered for good; None = not said yet."""


class Contact(msgspec.Struct, frozen=True):
    """One conversation of one operator. Times are seconds since the epoch."""

    contact: ContactId
    operator: OperatorId
    line: LineId
    began_at: float
    call: CallId | None = None
    callback: CallbackId | None = None
    number: str | None = None
    """E.164; None = withheld, or erased."""
    language: str = "nl"
    ended_at: float | None = None
    """The conversation is over."""
    draft: Draft = Draft()
    version: int = 0
    """Rises with each draft that is kept; 0 = nothing was written."""


class ContactChanged(Mendable):
    """It was written elsewhere meanwhile: ``now`` is what is kept."""

    def __init__(self, now: Contact) -> None:
        super().__init__("it was written elsewhere meanwhile")
        self.now = now


class NoSuchContact(Mendable):
    """There is no such contact, or it is somebody else's."""


class How(StrEnum):
    """How a caller is passed on."""

    BLIND = "blind"
    CONSULT = "consult"
    """He speaks with the colleague first."""


class TransferNote(msgspec.Struct, frozen=True):
    """What an operator sends along with his caller: whoever gets him reads it."""

    call: CallId
    by: OperatorId
    to: str
    """Line, internal number, or E.164 number."""
    how: How
    note: str
    at: float
    """Seconds since the epoch."""


# --- Requests -----------------------------------------------------------------------------------------------------


class RequestState(StrEnum):
    OPEN = "open"
    """Nobody has taken it yet."""
    TAKEN = "taken"
    DONE = "done"
    CANCELLED = "cancelled"


OPEN_REQUESTS: Final = (RequestState.OPEN, RequestState.TAKEN)


class RequestAct(StrEnum):
    TAKE = "take"
    """Whoever does this calls the citizen; also when a colleague had it."""
    HAND_OVER = "hand_over"
    """Another colleague or team, ``to``; it waits there until somebody takes it."""
    DONE = "done"
    CANCEL = "cancel"
    """It needs no call any more, as ``note`` tells."""


REQUEST_MOVES: Final = {
    RequestAct.TAKE: RequestState.TAKEN,
    RequestAct.HAND_OVER: RequestState.OPEN,
    RequestAct.DONE: RequestState.DONE,
    RequestAct.CANCEL: RequestState.CANCELLED,
}
"""From an open or taken one; the others are over."""


class Request(msgspec.Struct, frozen=True):
    """A question for a colleague or a team."""

    request: RequestId
    version: int
    state: RequestState
    made_at: float
    by: str
    """Name of the account that made it."""
    line: LineId
    to: str
    """The colleague or team who is to call."""
    question: str
    number: str
    """E.164; empty = erased."""
    deadline: float
    name: str = ""
    contact: ContactId | None = None
    owner: str = ""
    """Account that has taken it."""
    closed_at: float | None = None


class RequestStep(msgspec.Struct, frozen=True):
    """One line of its history."""

    at: float
    by: str
    what: str
    """``made`` or a :class:`RequestAct`."""
    to: str = ""
    note: str = ""


class RequestKind(StrEnum):
    """Which requests the list shows."""

    OPEN = "open"
    MINE = "mine"
    OVERDUE = "overdue"
    CLOSED = "closed"


class RequestChanged(Mendable):
    """Somebody was first: it is no longer as it was seen."""
