"""What the desk needs of the records. All methods raise ``Mendable`` when they cannot be read or written."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from acd.model.account import AuditEntry
from acd.model.contact import (
    Contact,
    ContactId,
    Draft,
    Request,
    RequestAct,
    RequestId,
    RequestKind,
    RequestStep,
)
from acd.model.ids import LineId, OperatorId


class ContactBook(Protocol):
    async def begin(self, contact: Contact) -> None:
        """The operator has picked up; told again, it is the same contact."""

    async def end(self, contact: ContactId, at: float) -> None: ...

    async def save(
        self, contact: ContactId, operator: OperatorId, draft: Draft, version: int, entry: AuditEntry | None
    ) -> Contact:
        """Keep what was typed over the draft with that version.

        Raises:
            NoSuchContact: there is none of that operator.
            ContactChanged: somebody typed elsewhere meanwhile.
        """

    async def contact(self, contact: ContactId, operator: OperatorId) -> Contact | None: ...

    async def latest(self, operator: OperatorId, since: float, limit: int) -> Sequence[Contact]: ...

    async def earlier(self, number: str, before: float, limit: int) -> Sequence[Contact]: ...

    async def settled(self, operator: OperatorId, since: float) -> tuple[int, int]:
        """Of his contacts since then: settled, and said whether settled."""


class RequestBook(Protocol):
    async def make(self, request: Request, entry: AuditEntry) -> Request:
        """Register it; sent again under the same id, it is there once."""

    async def act(
        self, request: RequestId, version: int, act: RequestAct, *, to: str, note: str, entry: AuditEntry
    ) -> Request:
        """
        Raises:
            RequestChanged: it is no longer at ``version``, or over.
        """

    async def requests(
        self, kind: RequestKind, who: str, line: LineId | None, now: float, limit: int
    ) -> Sequence[Request]: ...

    async def request_counts(self, who: str, now: float) -> Mapping[RequestKind, int]: ...

    async def request(self, request: RequestId) -> tuple[Request, Sequence[RequestStep]] | None: ...
