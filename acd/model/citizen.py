"""What is kept about one citizen, as he may see it and have it erased. Times are seconds since the epoch.

A citizen is known by a telephone number alone: who shares one shares what is found. Who he is, the city finds out
before it looks. Names of staff are left out of what he gets: they are other people's data.
"""

from typing import Final

import msgspec

from acd.model.mendable import Mendable

ON_REQUEST: Final = "erased_on_request"
"""Why a promise is cancelled that was still owed to whoever asked to be forgotten."""


class NotANumber(Mendable):
    """{what was typed} is not a telephone number."""

    def __init__(self, typed: str) -> None:
        super().__init__(f"{typed!r} is not a telephone number: type it as +32470123456, or as 0470 12 34 56")


class StillBusy(Mendable):
    """Nothing is erased of a citizen with whom somebody is busy at this very moment."""

    def __init__(self) -> None:
        super().__init__(
            "he is on the line, is being called, or the note on his call is being written: try again later"
        )


class StillOwed(Mendable):
    """The city still owes him a call: it is made first, or cancelled with the erasure."""

    def __init__(self, promises: int, requests: int) -> None:
        super().__init__(
            f"he is still owed {promises} callbacks and {requests} requests to colleagues: "
            "keep them first, or have them cancelled with the erasure"
        )
        self.promises = promises
        self.requests = requests


class Held(msgspec.Struct, frozen=True):
    """How much is kept about him."""

    calls: int = 0
    numbers: int = 0
    """Of these calls: his number is still beside them; the others are known by its keyed hash alone."""
    contacts: int = 0
    """Conversations of which an operator wrote something, or could have."""
    promises: int = 0
    requests: int = 0
    passed: int = 0
    """Notes that went along when he was passed on."""
    scores: int = 0
    recordings: int = 0
    told: tuple[str, ...] = ()
    """Programs of the city that get citizens' numbers, and were told of a call or promise of his lately."""
    owed_promises: int = 0
    owed_requests: int = 0
    busy: bool = False
    """On the line, being called, or the note on his call is being written."""
    first_at: float | None = None
    """The oldest and the newest of it."""
    last_at: float | None = None

    @property
    def anything(self) -> bool:
        return any((self.calls, self.contacts, self.promises, self.requests, self.passed, self.recordings))

    @property
    def owed(self) -> bool:
        return bool(self.owed_promises or self.owed_requests)

    def check_erasure(self, *, cancel: bool) -> None:
        """Whether he may be erased now.

        Args:
            cancel: cancel also what he is still owed.

        Raises:
            StillBusy: not at this moment.
            StillOwed: he is owed a call, and ``cancel`` is not set.
        """
        if self.busy:
            raise StillBusy
        if self.owed and not cancel:
            raise StillOwed(self.owed_promises, self.owed_requests)


class Erasure(msgspec.Struct, frozen=True):
    """What was erased of him. What stays counts in the figures and says nothing about whom."""

    numbers: int
    contacts: int
    requests: int
    promises: int
    passed: int
    calls: int
    """That no longer tell that they came from the same citizen as his next call."""
    cancelled: int = 0
    """Promises and requests that were still owed to him."""
    recordings: int = 0
    told: tuple[str, ...] = ()
    """Programs that have had his number: the city tells them (GDPR, article 19)."""


class FiledCall(msgspec.Struct, frozen=True):
    call: str
    arrived_at: float
    ended_at: float | None
    number: str | None
    """None = erased before; he is known by its keyed hash."""
    did: str | None
    line: str | None
    language: str | None
    path: str | None
    """Menu nodes passed."""
    outcome: str | None
    waited: float | None
    answered_at: float | None
    talk_ended_at: float | None


class FiledContact(msgspec.Struct, frozen=True):
    began_at: float
    ended_at: float | None
    line: str
    number: str | None
    name: str
    note: str
    subjects: tuple[str, ...]
    settled: bool | None


class FiledPromise(msgspec.Struct, frozen=True):
    promised_at: float
    line: str
    number: str | None
    start_at: float
    end_at: float
    deadline: float
    state: str
    attempts: int
    reached_at: float | None
    closed_at: float | None
    notes: tuple[str, ...]
    """What people wrote of it."""


class FiledRequest(msgspec.Struct, frozen=True):
    made_at: float
    line: str
    number: str
    name: str
    question: str
    deadline: float
    state: str
    closed_at: float | None
    notes: tuple[str, ...]


class FiledNote(msgspec.Struct, frozen=True):
    """What went along when he was passed on."""

    at: float
    note: str


class FiledScore(msgspec.Struct, frozen=True):
    at: float
    line: str
    question: str
    score: int


class FiledDelivery(msgspec.Struct, frozen=True):
    """What a program of the city was told of him."""

    at: float
    program: str
    kind: str


class FiledLook(msgspec.Struct, frozen=True):
    """Somebody looked at his data, or changed it."""

    at: float
    action: str


class CitizenFile(msgspec.Struct, frozen=True):
    """All that is kept about him."""

    calls: tuple[FiledCall, ...] = ()
    contacts: tuple[FiledContact, ...] = ()
    promises: tuple[FiledPromise, ...] = ()
    requests: tuple[FiledRequest, ...] = ()
    notes: tuple[FiledNote, ...] = ()
    scores: tuple[FiledScore, ...] = ()
    deliveries: tuple[FiledDelivery, ...] = ()
    looks: tuple[FiledLook, ...] = ()
