"""The live side of the desk: what the engine says of each operator, whose page is open, and which contact is in hand.

Pushed is what changed, to those whom it concerns: 500 open desks cost nothing while nothing happens to them, but for a
sign of life every few seconds. What must be written of a contact is written in order and tried again until it is.
"""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from typing import Final, Protocol

import msgspec
import structlog

from acd.config.city import City
from acd.engine.board import BoardDesk
from acd.model.account import AuditEntry
from acd.model.contact import (
    Contact,
    ContactId,
    Draft,
    NoSuchContact,
    contact_of_attempt,
    contact_of_call,
)
from acd.model.events import Event, LinkCameUp, LinkWentDown, PolicyLoaded
from acd.model.facts import Fact, PageLost, PageOpened
from acd.model.ids import CallbackId, CallId, LineId, OperatorId
from acd.model.mendable import Mendable
from acd.model.operator import OperatorState
from acd.web.desk.books import ContactBook
from acd.web.desk.today import Today
from acd.web.worklist import Worklist

BEAT: Final = 3.0
"""Seconds between two signs of life to a page, at most."""
MIN_GAP: Final = 0.1
"""Seconds between two pictures, at least."""
RECENT: Final = 1800.0
"""Seconds for which the last contact stays on the page of an operator who has no other."""
AGAIN: Final = (0.2, 1.0, 5.0)
"""Seconds before what could not be written is tried again; the last one from then on."""
LAST_WRITES: Final = 1.0
"""Seconds that the end waits for what is still to be written."""

_ALL: Final = (LinkWentDown, LinkCameUp, PolicyLoaded)
"""Events that change every page."""

log = structlog.get_logger(__name__)


class Floor(Protocol):
    """The engine, as the desk sees it."""

    def desk(self, operator: OperatorId) -> BoardDesk | None:
        """All that this operator's page shows of him; None = there is no such operator."""

    def tell(self, fact: Fact) -> None: ...


ScreenPop = Callable[[LineId, CallId, str | None, str], str | None]
"""Line, call, number and language -> address of the citizen in the city's own system; None = the line has none."""


class Office:
    """
    Args:
        floor: the engine.
        book: where contacts are kept.
        city: the settings of this moment.
        worklist: the promises to call back; None = no line gives any.
        screen_pop: where the city's own system shows the citizen.
        clock: seconds since the epoch.
        today: each operator's own figures; somebody else tells them what happens.
    """

    def __init__(
        self,
        floor: Floor,
        book: ContactBook,
        city: Callable[[], City],
        *,
        clock: Callable[[], float],
        worklist: Worklist | None = None,
        screen_pop: ScreenPop = lambda line, call, number, language: None,
        today: Today | None = None,
        beat: float = BEAT,
    ) -> None:
        self.floor: Final = floor
        self.book: Final = book
        self.city: Final = city
        self.clock: Final = clock
        self.worklist: Final = worklist
        self.screen_pop: Final = screen_pop
        self.today: Final = today or Today()
        self._beat = beat
        self._in_hand: dict[OperatorId, Contact] = {}
        self._last: dict[OperatorId, Contact] = {}
        self._pages: Counter[OperatorId] = Counter()
        self._seats: dict[OperatorId, set[asyncio.Event]] = {}
        self._jobs: deque[tuple[Contact, Callable[[], Awaitable[None]]]] = deque()
        self._writer: asyncio.Task[None] | None = None
        self._closed = False

    # --- What happens -------------------------------------------------------------------------------------------------

    def listen(self, events: Sequence[Event]) -> None:
        """Call it after every step of the engine."""
        if any(isinstance(event, _ALL) for event in events):
            self._wake(self._seats)
        touched = {operator for event in events if (operator := getattr(event, "operator", None)) is not None}
        for operator in touched:
            self._follow(operator)
        self._wake(touched)

    def _follow(self, operator: OperatorId) -> None:
        """Begin and end contacts as the operator picks up and hangs up."""
        desk = self.floor.desk(operator)
        now = None if desk is None else self._contact(desk)
        before = self._in_hand.get(operator)
        if before is not None and (now is None or now.contact != before.contact):
            del self._in_hand[operator]
            ended_at = self.clock()
            self._last[operator] = msgspec.structs.replace(self._last.get(operator, before), ended_at=ended_at)
            self._keep(before, lambda: self.book.end(before.contact, ended_at))
        if now is not None and (before is None or now.contact != before.contact):
            self._in_hand[operator] = self._last[operator] = now
            self._keep(now, lambda: self._begin(now))

    def _contact(self, desk: BoardDesk) -> Contact | None:
        """The conversation that is going on at this desk."""
        if desk.state is not OperatorState.IN_CALL:
            return None
        if desk.call is not None:
            call = desk.call
            return Contact(
                contact=contact_of_call(call.call, desk.operator),
                operator=desk.operator,
                line=call.line,
                began_at=call.answered_at or self.clock(),
                call=call.call,
                number=call.number,
                language=call.language,
            )
        if desk.attempt is not None:
            return Contact(
                contact=contact_of_attempt(desk.attempt.attempt, desk.operator),
                operator=desk.operator,
                line=desk.attempt.line,
                began_at=self.clock(),
                callback=desk.attempt.callback,
            )
        return None

    async def _begin(self, contact: Contact) -> None:
        if contact.callback is not None and contact.number is None:
            contact = msgspec.structs.replace(contact, number=await self._number(contact.callback))
            if self._last.get(contact.operator, contact).contact == contact.contact:
                self._last[contact.operator] = contact
        await self.book.begin(contact)

    async def _number(self, callback: CallbackId) -> str | None:
        dossier = None if self.worklist is None else await self.worklist.one(callback)
        return None if dossier is None else dossier.row.number or None

    # --- What is written ----------------------------------------------------------------------------------------------

    def _keep(self, contact: Contact, job: Callable[[], Awaitable[None]]) -> None:
        self._jobs.append((contact, job))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.get_running_loop().create_task(self._write(), name="contacts")

    async def _write(self) -> None:
        tries = 0
        while self._jobs:
            contact, job = self._jobs[0]
            # Not those of whoever was being handled when this task began.
            about = {"call": contact.call, "callback": contact.callback, "operator": contact.operator}
            told = log.bind(**{name: id for name, id in about.items() if id is not None})
            try:
                await job()
            except Mendable as error:
                told.warning("contact.not_kept", why=str(error))
                await asyncio.sleep(AGAIN[min(tries, len(AGAIN) - 1)])
                tries += 1
            except Exception:
                # What no repetition mends is left out, or nothing after it would ever be written.
                told.exception("contact.lost")
                self._jobs.popleft()
            else:
                self._jobs.popleft()
                tries = 0

    async def written(self) -> None:
        """Return when all that has happened up to now is in the records."""
        if self._writer is not None:
            await self._writer

    async def finish(self) -> None:
        """Write down what has happened, as far as the records can be reached within :data:`LAST_WRITES` seconds."""
        if self._writer is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._writer, LAST_WRITES)

    async def save(
        self, contact: ContactId, operator: OperatorId, draft: Draft, version: int, entry: AuditEntry | None
    ) -> Contact:
        """Keep what was typed.

        Raises:
            NoSuchContact: there is none of that operator.
            ContactChanged: somebody typed elsewhere meanwhile.
            Mendable: the records cannot be written.
        """
        try:
            return await self.book.save(contact, operator, draft, version, entry)
        except NoSuchContact:
            known = self._last.get(operator)
            if known is None or known.contact != contact:
                raise
            # He types faster than the records are told that he has picked up.
            await self._begin(known)
            return await self.book.save(contact, operator, draft, version, entry)

    # --- What is in hand ----------------------------------------------------------------------------------------------

    def in_hand(self, operator: OperatorId) -> Contact | None:
        """The conversation that is going on."""
        return self._in_hand.get(operator)

    def last(self, operator: OperatorId) -> Contact | None:
        """The last conversation since our start, without what was written of it."""
        return self._last.get(operator)

    async def contact(self, operator: OperatorId) -> Contact | None:
        """What he writes on: the conversation that goes on, or the last one for a while."""
        known = self._last.get(operator)
        if known is None:
            recent = await self.book.latest(operator, self.clock() - RECENT, 1)
            return recent[0] if recent else None
        return await self.one(known.contact, operator)

    async def one(self, contact: ContactId, operator: OperatorId) -> Contact | None:
        """One of his."""
        kept = await self.book.contact(contact, operator)
        known = self._last.get(operator)
        return kept or (known if known is not None and known.contact == contact else None)

    # --- Open pages ---------------------------------------------------------------------------------------------------

    @property
    def pages(self) -> int:
        return sum(self._pages.values())

    def changed(self, operator: OperatorId) -> None:
        """His page shows something else from now on."""
        self._wake((operator,))

    def close(self) -> None:
        """End all streams, so that the web server can stop. There is no way back."""
        self._closed = True
        self._wake(self._seats)

    def _wake(self, operators: Iterable[OperatorId]) -> None:
        for operator in operators:
            for seat in self._seats.get(operator, ()):
                seat.set()

    async def stream(
        self,
        operator: OperatorId,
        render: Callable[[], Awaitable[str]],
        *,
        doubtful: Callable[[], bool] = lambda: False,
    ) -> AsyncGenerator[bytes, None]:
        """What one page shows as Server-Sent Events, whenever it changes; a sign of life when it does not. ``id`` is
        our clock at that moment, seconds since the epoch. While the picture is ``doubtful`` it is made again with each
        sign of life."""
        changed = asyncio.Event()
        self._join(operator, changed)
        try:
            shown = None
            while not self._closed:
                changed.clear()
                html = await render()
                yield self._beat_message() if html == shown else self._message(html)
                shown = html
                await asyncio.sleep(MIN_GAP)
                while not await self._happens(changed) and not doubtful():
                    yield self._beat_message()
        finally:
            self._leave(operator, changed)

    async def _happens(self, changed: asyncio.Event) -> bool:
        """Whether something changes before the next sign of life is due."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._beat - MIN_GAP):
                await changed.wait()
        return changed.is_set()

    def _join(self, operator: OperatorId, seat: asyncio.Event) -> None:
        self._seats.setdefault(operator, set()).add(seat)
        self._pages[operator] += 1
        if self._pages[operator] == 1:
            self.floor.tell(PageOpened(operator))

    def _leave(self, operator: OperatorId, seat: asyncio.Event) -> None:
        self._seats[operator].discard(seat)
        self._pages[operator] -= 1
        if not self._pages[operator]:
            del self._pages[operator], self._seats[operator]
            # A server that stops takes no page away: they are back as soon as it is.
            if not self._closed:
                self.floor.tell(PageLost(operator))

    def _message(self, html: str) -> bytes:
        data = "\n".join(f"data: {line}" for line in html.splitlines())
        return f"id: {self.clock():.3f}\n{data}\n\n".encode()

    def _beat_message(self) -> bytes:
        return f"event: beat\nid: {self.clock():.3f}\ndata:\n\n".encode()
