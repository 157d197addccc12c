"""Recorded conversations: which there are, and why somebody hears one. Times are seconds since the epoch."""

from enum import StrEnum

import msgspec

from acd.model.ids import CallId, LineId, OfferId, OperatorId
from acd.model.mendable import Mendable


class Recording(msgspec.Struct, frozen=True):
    """What the records say of one."""

    recording: str
    """Name of its file, without the ending."""
    call: CallId | None
    """None = a call back."""
    attempt: OfferId | None
    line: LineId
    operator: OperatorId | None
    began_at: float
    ended_at: float | None
    """None = it is being made, or its end was not seen."""
    gone_at: float | None = None
    """Its file was deleted."""
    why: str | None = None
    """``expired`` or ``erased``."""


class Reason(StrEnum):
    """Why somebody hears one. Words of ours and no text: the audit log holds nothing about citizens."""

    COACHING = "coaching"
    COMPLAINT = "complaint"
    INCIDENT = "incident"
    """Threats, or something that went wrong."""
    CITIZEN = "citizen"
    """He asks for it himself."""


class NotErased(Mendable):
    """Recordings of a citizen cannot be deleted, so nothing else of him is erased: {names}."""

    def __init__(self, names: list[str], why: str) -> None:
        super().__init__(f"nothing of him is erased: his recordings cannot be deleted ({why}): {', '.join(names)}")


class Reconciled(msgspec.Struct, frozen=True):
    """Records and files, compared."""

    whole: int
    """Recordings with their file."""
    missing: tuple[str, ...]
    """In the records, and nobody deleted the file."""
    stray: tuple[str, ...]
    """Files of which the records know nothing."""

    @property
    def in_order(self) -> bool:
        return not self.missing and not self.stray
