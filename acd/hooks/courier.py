"""The courier: makes deliveries of what has happened, brings each until it is taken, gives up after a day and a half.

Each hook has a task of its own, so a receiver that is slow or away holds up nobody else. Within a hook deliveries go
one after the other, in the order in which things happened; when one fails, the others go on after a pause, and it comes
again later. A restart in between repeats at most the one that was under way: receivers know it by its id.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final, Protocol

import msgspec
import structlog

from acd.hooks.post import Answer, NotSent, Post
from acd.hooks.signing import signed
from acd.model.events import Event
from acd.model.hook import TEST, Delivery, Hook
from acd.model.mendable import Mendable
from acd.ports import Clock

PAUSES: Final = (5.0, 30.0, 120.0, 600.0, 1800.0, 3600.0, 7200.0, 14_400.0, 28_800.0, 43_200.0, 43_200.0)
"""Seconds from one attempt to the next; after the last one it is given up: about 40 hours, so a night and a day."""
LONGEST_WISH: Final = 3600.0
"""Seconds that a receiver may ask us to wait."""
GONE: Final = 410
"""HTTP: it will never take this. No further attempt."""
STUMBLE: Final = 60.0
"""Seconds that a hook rests at most after failures in a row, doubled each time from 1."""
LINGER: Final = 0.2
"""Seconds between the news and the look for it: the ledger needs some to be written."""
LOOK: Final = 5.0
"""Seconds between two looks when nobody says that there is news."""
AT_ONCE: Final = 50
KEEP_TAKEN: Final = 14 * 86_400.0
KEEP: Final = 90 * 86_400.0
"""Seconds that deliveries are kept: for who must find out what was sent, and those that nobody took."""

log = structlog.get_logger()


class Outbox(Protocol):
    """Where deliveries are kept. An outbox that cannot be reached raises ``Mendable``."""

    async def begin(self, hooks: Collection[str], at: float) -> None: ...
    async def gather(self, hooks: Mapping[str, Hook]) -> bool: ...
    async def due(self, hook: str, now: float, limit: int) -> list[Delivery]: ...
    async def next_at(self, hook: str) -> float | None: ...
    async def number(self, delivery: Delivery) -> str | None: ...
    async def taken(self, delivery: Delivery, at: float, status: int) -> None: ...
    async def failed(
        self, delivery: Delivery, at: float, again_at: float | None, status: int | None, error: str
    ) -> None: ...
    async def forget(self, taken_before: float, any_before: float) -> int: ...


class Courier:
    """Brings news to the city's programs.

    Args:
        outbox: where deliveries are kept. Closed by whoever opened it.
        hooks: as the settings are at the moment, by name.
        secret: the key of a hook. Raises ``Mendable`` when there is none: then its deliveries wait.
        post: brings one request.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        outbox: Outbox,
        hooks: Callable[[], Mapping[str, Hook]],
        secret: Callable[[Hook], bytes],
        post: Post,
        clock: Clock,
    ) -> None:
        self._outbox = outbox
        self._hooks = hooks
        self._secret = secret
        self._post = post
        self._clock = clock
        self._news = asyncio.Event()
        self._made: dict[str, asyncio.Event] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._begun: frozenset[str] | None = None

    def listen(self, events: Sequence[Event]) -> None:
        """Hear that something has happened. Costs nothing: what it was is read from the records later."""
        self._news.set()

    def look(self) -> None:
        """Something was asked for from outside: other settings, or a delivery once more."""
        self._news.set()
        self._wake()

    async def run(self) -> None:
        """Make and bring deliveries until cancelled."""
        try:
            while True:
                self._news.clear()
                await self.gather()
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK):
                        await self._news.wait()
                    await asyncio.sleep(LINGER)
        finally:
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def gather(self) -> None:
        """Make deliveries of all that has happened, and let each hook look for its own."""
        try:
            hooks = dict(self._hooks())
            if self._begun != frozenset(hooks):
                await self._outbox.begin(hooks, self._clock())
                await self._outbox.forget(self._clock() - KEEP_TAKEN, self._clock() - KEEP)
                self._begun = frozenset(hooks)
                self._attend(hooks)
            while await self._outbox.gather(hooks):
                self._wake()
        except Exception as error:
            # Whatever it is: the calls go on, and what happened is still in the records.
            log.warning("hooks.waiting", why=str(error), exc_info=not isinstance(error, Mendable))

    def _wake(self) -> None:
        for made in self._made.values():
            made.set()

    def _attend(self, hooks: Mapping[str, Hook]) -> None:
        """One task a hook."""
        for name in self._tasks.keys() - hooks.keys():
            self._tasks.pop(name).cancel()
            del self._made[name]
        for name in hooks.keys() - self._tasks.keys():
            self._made[name] = asyncio.Event()
            self._tasks[name] = asyncio.create_task(self._serve(name), name=f"webhook {name}")

    async def _serve(self, name: str) -> None:
        stumbles = 0
        while True:
            made = self._made[name]
            made.clear()
            try:
                went_well = await self.bring(name)
                wait = await self._wait(name)
            except Exception as error:
                went_well, wait = False, LOOK
                log.warning("hooks.not_brought", hook=name, why=str(error), exc_info=not isinstance(error, Mendable))
            stumbles = 0 if went_well else stumbles + 1
            if stumbles:
                # A receiver in trouble is not asked more often because there is much to tell.
                await asyncio.sleep(min(2.0 ** (stumbles - 1), STUMBLE))
            else:
                with suppress(TimeoutError):
                    async with asyncio.timeout(wait):
                        await made.wait()

    async def _wait(self, name: str) -> float:
        """Seconds until the next delivery of this hook is due."""
        next_at = await self._outbox.next_at(name)
        return 2 * LOOK if next_at is None else min(max(0.0, next_at - self._clock()), 2 * LOOK)

    async def bring(self, name: str) -> bool:
        """Bring what is due to this hook. False: it failed, and the rest must wait a little.

        Raises:
            Mendable: the records cannot be reached, or there is no secret.
        """
        while (hook := self._hooks().get(name)) is not None:
            due = await self._outbox.due(name, self._clock(), AT_ONCE)
            if not due:
                break
            key = self._secret(hook)
            for delivery in due:
                if not await self._attempt(hook, key, delivery):
                    return False
        return True

    async def _attempt(self, hook: Hook, key: bytes, delivery: Delivery) -> bool:
        number = await self._outbox.number(delivery) if hook.personal else None
        answer, error = await attempt(self._post, hook, key, delivery, number=number, now=self._clock())
        now = self._clock()
        if answer is not None and answer.status // 100 == 2:
            await self._outbox.taken(delivery, now, answer.status)
            return True
        again_at = next_attempt(delivery.attempts, now, answer)
        await self._outbox.failed(delivery, now, again_at, answer.status if answer else None, error)
        log.warning("hooks.failed", hook=hook.name, news=delivery.news, why=error, again_at=again_at)
        return False


async def attempt(
    post: Post, hook: Hook, key: bytes, delivery: Delivery, *, number: str | None, now: float
) -> tuple[Answer | None, str]:
    """One request, and what came of it: the answer, if there was one, and in words what was wrong."""
    body = body_of(delivery, number, personal=hook.personal)
    try:
        answer = await post(hook.url, signed(key, delivery.news, now, body), body, private=hook.private)
    except NotSent as error:
        return None, str(error)[:300]
    return answer, "" if answer.status // 100 == 2 else f"the receiver answered {answer.status}"


def next_attempt(attempts: int, now: float, answer: Answer | None) -> float | None:
    """When it is tried again after this failure, the one after ``attempts`` others; None = never."""
    if attempts >= len(PAUSES) or (answer is not None and answer.status == GONE):
        return None
    wish = answer.retry_after if answer is not None and answer.retry_after is not None else 0.0
    return now + max(PAUSES[attempts], min(wish, LONGEST_WISH))


def body_of(delivery: Delivery, number: str | None, *, personal: bool) -> bytes:
    """What is sent: id, type, the moment of it in ISO 8601, and its data."""
    data: dict[str, Any] = msgspec.json.decode(delivery.data)
    if personal and (delivery.call or delivery.callback):
        data["number"] = number
    moment = datetime.fromtimestamp(delivery.at, UTC).isoformat(timespec="milliseconds")
    return msgspec.json.encode({"id": delivery.news, "type": delivery.kind, "timestamp": moment, "data": data})


def a_test(hook: Hook, id: str, at: float) -> Delivery:
    """What an administrator sends to see whether it arrives."""
    return Delivery(hook.name, id, TEST, at, msgspec.json.encode({"hook": hook.name}).decode())
