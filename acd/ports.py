"""The sockets in the wall, cut at the height of the domain.

The driver holds an engine and talks to the world through these; tests and the simulator plug in their own.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from acd.model.commands import Command, PromiseCommand
from acd.model.events import Event
from acd.model.facts import Fact

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


class Journal(Protocol):
    """Where events go. ``write`` keeps them in order and never blocks the engine."""

    def write(self, events: Sequence[Event]) -> None:
        """Take the events of one step."""

    async def flush(self) -> None:
        """Return when everything written so far is safe on disk."""


class Clock(Protocol):
    """Seconds since the epoch, UTC."""

    def __call__(self) -> float: ...
