"""The promises to call back as people see them: the list, one promise with its story, and what a person does about it.

The worklist (:mod:`acd.callbacks.worklist`) tells these, the pages and the command line show them.
"""

from enum import StrEnum
from typing import Final

import msgspec

from acd.model.callback import AttemptResult, CallbackState, Window
from acd.model.ids import CallbackId, LineId, OperatorId
from acd.model.mendable import Mendable

LONGEST_NOTE: Final = 500
"""Characters that a person may write beside what he does."""


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
    """Its moment is now: ``operator`` calls if he is available, else whoever has time."""
    MOVE = "move"
    """Another moment, ``moment``."""
    NO_ANSWER = "no_answer"
    """He called himself; nobody answered. Counts as an attempt."""
    WRONG_NUMBER = "wrong_number"
    """He called himself; it is somebody else's number: nothing more can be done."""
    DONE = "done"
    """He spoke with the citizen."""
    CANCEL = "cancel"
    """The citizen no longer wants it, as ``note`` tells."""
    HAND_OVER = "hand_over"
    """The automation leaves it alone; ``to`` deals with it, as ``note`` tells. Also from one person to another."""


class Deed(msgspec.Struct, frozen=True):
    """What was done, by whom."""

    act: Act
    by: str
    """Name of the account, or the user at the terminal."""
    at: float
    """Seconds since the epoch, as all moments here."""
    operator: OperatorId | None = None
    """Who he is in ``queues.yaml``."""
    moment: float | None = None
    to: str = ""
    """Empty = he himself."""
    note: str = ""
    """In his words; kept in the log, so nothing about the citizen belongs there."""


class WorkRow(msgspec.Struct, frozen=True):
    """One promise, as the list shows it."""

    callback: CallbackId
    version: int
    """Rises with every step of the promise's life: who acts on an older one is told that something has changed."""
    line: LineId
    number: str
    """E.164; empty = erased."""
    state: CallbackState
    promised_at: float
    window: Window
    deadline: float
    attempts: int = 0
    """In which the citizen's phone was rung."""
    last_result: AttemptResult | None = None
    last_at: float | None = None
    owner: str = ""
    """Who dealt with it last, or is calling now."""
    reason: str = ""
    """Why it was handed over, settled or cancelled: a :class:`~acd.model.promise.Because`, a result, or who did."""


class WorkAttempt(msgspec.Struct, frozen=True):
    at: float
    operator: OperatorId | None
    result: AttemptResult | None
    """None = under way."""


class Recorded(StrEnum):
    """Steps in a promise's life that no person at a desk made."""

    PROMISED = "promised"
    MOVED = "moved"
    """To another moment: by the citizen, after an attempt, or back because nobody was told of the move."""
    HANDED_OVER = "handed_over"
    SETTLED = "settled"
    CANCELLED = "cancelled"


class WorkStep(msgspec.Struct, frozen=True):
    """One line of the promise's history."""

    at: float
    by: str
    """Account or user; ``caller``: the citizen; ``system``: the rules."""
    what: str
    """An :class:`Act`, or a :class:`Recorded`."""
    note: str = ""
    moment: float | None = None
    """From when on he is to be called since this step, if that is another moment than before."""


class Dossier(msgspec.Struct, frozen=True):
    """All of one promise. Attempts and history: the latest first."""

    row: WorkRow
    attempts: tuple[WorkAttempt, ...] = ()
    history: tuple[WorkStep, ...] = ()


class CannotAct(Mendable):
    """{why}. Nothing has changed."""


class WrongMoment(CannotAct):
    """{moment} is over, or citizens of that line are not called then."""


class WorkChanged(CannotAct):
    """Somebody, or the engine, was first: the promise is no longer as it was seen."""
