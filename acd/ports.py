"""The sockets in the wall, cut at the height of the domain.

The driver holds an engine and talks to the world through these; tests and the simulator plug in their own.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

from acd.model.callback import AttemptResult, AttemptStage, Window
from acd.model.commands import Command, PromiseCommand
from acd.model.events import Event
from acd.model.facts import Fact
from acd.model.ids import CallbackId, CallId, LineId, OfferId, OperatorId
from acd.model.leadership import Engine, Seen, Term
from acd.model.mendable import Mendable
from acd.model.promise import Attempt, Change, Claimed, Decide, Note, Promise, Rung, Step

Inbox = Callable[[Fact], None]
"""Where an adapter drops its facts. Never blocks, never raises."""


class Pbx(Protocol):
    """A telephone switch: the real Asterisk behind AMI, or a simulated one."""

    async def start(self, inbox: Inbox) -> None:
        """Connect in the background and keep connected until :meth:`stop`. Each time the link comes up the inbox
        gets one ``SwitchSeen``; each time it goes down, one ``LinkLost``."""

    async def stop(self) -> None:
        """Disconnect and end all background work. The calls in the switch go on."""

    def send(self, command: Command) -> None:
        """Start carrying out ``command``. Never blocks, never raises: a command that cannot be sent comes back as a
        fact (``OfferNotSent``, ``CallFound``) or is moot because the link is lost."""

    def heartbeat(self) -> None:
        """Tell the switch that the routing loop is alive. Called by the driver at least every 2 s while the link is
        up; without it the switch serves callers by itself after 6 s."""


class Promises(Protocol):
    """The keeper of the promises to call back: plans moments, writes promises and attempts, and tells what is due.

    The engine decides when an operator has time and who he is; the keeper knows calendar, capacity and database. What
    it has told is in the database.
    """

    async def start(self, inbox: Inbox) -> None:
        """Begin to answer, and to tell what is due, until :meth:`stop`."""

    async def stop(self) -> None:
        """End all background work. What was asked for before is done first."""

    def send(self, command: PromiseCommand) -> None:
        """Start carrying out ``command``, in order. Never blocks, never raises: what cannot be done is answered so
        (``CallbackPlanned`` without a plan, ``CallbackNotBooked``, ``CallbackNotClaimed``)."""


class StoreAway(Mendable):
    """The promises cannot be read or written: {why}. A change that was under way may have come true or not."""

    def __init__(self, why: str) -> None:
        super().__init__(f"the promises cannot be read or written: {why}")


class PromiseStore(Protocol):
    """Where the promises are true: one transaction a step, all of it or nothing, also with several at once.

    All raise :class:`StoreAway` when the database does not do it; what asks for it again then does it once.
    """

    async def book(self, promise: Promise, number: str) -> Promise:
        """Write a new promise; or move the one that this number is owed on that line to this moment. A call that has
        booked already gets what it booked.

        Raises:
            IllegalMove: the one that he is owed is being kept at this very moment.
        """

    async def withdraw(self, call: CallId, since: float, at: float) -> None:
        """Undo what this call has booked, if it has: nobody was told that it stands. What it booked before ``since``
        (seconds since the epoch) stays: he was told of that."""

    async def claim(self, callback: CallbackId, attempt: OfferId, operator: OperatorId, at: float) -> Claimed | None:
        """Take the promise and write the attempt, if it is open and its moment has come; asked again for the same, it
        is still ours. None = it is not ours."""

    async def note_attempt(self, attempt: OfferId, stage: AttemptStage, at: float) -> None:
        """The attempt has come so far; said late or twice, nothing changes."""

    async def release(self, attempt: OfferId, at: float) -> None:
        """Give back what :meth:`claim` may have taken: nobody was told, and nobody was rung."""

    async def end_attempt(self, attempt: OfferId, result: AttemptResult, at: float, decide: Decide) -> Promise | None:
        """The attempt is over, and ``decide`` says what becomes of the promise. None = there is no such attempt, or it
        has ended already."""

    async def change(self, callback: CallbackId, step: Step, note: Note) -> Promise:
        """Take one step of :mod:`acd.model.promise`: reschedule, settle, cancel, hand over, reach.

        Raises:
            IllegalMove: it cannot do that now; nothing has changed.
            NoSuchCallback: there is none.
        """

    async def owed_to(self, number: str, line: LineId) -> Promise | None:
        """The one that this citizen is still owed on that line."""

    async def booked_by(self, call: CallId) -> Promise | None:
        """What this call has promised or moved."""

    async def owed(self) -> list[Promise]:
        """All that are still owed, the most urgent first."""

    async def taken(self, line: LineId) -> dict[float, int]:
        """Open promises of the line by the half-hour in which they begin."""

    async def promises(self, *, since: float = ..., until: float = ..., limit: int = ...) -> list[Promise]:
        """Those that were given in that time, the newest first."""

    async def promise(self, callback: CallbackId) -> Promise | None: ...

    async def attempts(self, callback: CallbackId) -> list[Attempt]:
        """All attempts to keep it, the earliest first."""

    async def rung(self, since: float, number: str | None = None) -> Rung:
        """How much was called back since then; with a number, that one alone."""

    async def changes(self, callback: CallbackId) -> list[Change]:
        """Its whole log."""

    async def closed(self, line: LineId | None, limit: int) -> list[Promise]:
        """Those that are no longer owed, closed last first. None = of all lines."""

    async def numbers(self, callbacks: Collection[CallbackId]) -> dict[CallbackId, str]:
        """The citizens' numbers, E.164: for those alone who must ring them. Those that are erased are missing."""

    async def close(self) -> None: ...


class SlotPlanner(Protocol):
    """Finds calm moments with capacity behind them."""

    def slots(self, line: LineId, now: float, deadline: float, taken: Mapping[float, int]) -> tuple[Window, ...]:
        """Three at most, the earliest first. ``taken``: promises already at the half-hour that starts then."""


class LeadStore(Protocol):
    """Where it is decided which of several engines leads. All raise a
    :class:`~acd.model.mendable.Mendable` when the database does not answer within a second."""

    async def beat(self, me: Engine) -> Seen:
        """Say that we live, and look."""

    async def claim(self, me: Engine, before: str | None, *, oust: bool) -> Term | None:
        """Take the lead in a new term. What the leader before us still has under way in the database is broken off, and
        what it writes from now on is refused. None = somebody else has it.

        Args:
            before: the instance that led.
            oust: take the lock from it; without, only a free one is taken.
        """

    async def take_back(self, me: Engine, term: int) -> None:
        """The connection that held the lock is gone: hold it again, if the term is still ours."""

    async def release(self) -> None:
        """Give the lead up: the next who looks has it."""


class Journal(Protocol):
    """Where events go. ``write`` keeps them in order and never blocks the engine."""

    def write(self, events: Sequence[Event]) -> None:
        """Take the events of one step."""

    async def flush(self) -> None:
        """Return when everything written so far is safe on disk."""


class Clock(Protocol):
    """Seconds since the epoch, UTC."""

    def __call__(self) -> float: ...
