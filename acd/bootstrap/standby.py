"""From the start of the process until it leads: on PostgreSQL by standing by, on SQLite by a lock on its file.

An engine that stands by is warm: its modules are loaded, its settings are read, it has a connection to the database and
a session with Asterisk, and shows who leads. It writes nothing but that it lives, and what it could not write when it
was deposed (:mod:`acd.bootstrap.late`).
"""

import asyncio
import fcntl
import os
import socket
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import structlog

from acd.asterisk import Watch
from acd.bootstrap.late import LateWord, set_foreign_aside
from acd.bootstrap.servers import accounts
from acd.bootstrap.settings import Settings
from acd.config import load
from acd.leadership import Campaign
from acd.model.leadership import Deposed, Engine, Term
from acd.records import PostgresLead, fenced, file_of
from acd.records.migrating import known_revisions
from acd.runtime.control import ControlError, ControlServer, Handler
from acd.web.hub import Hub
from acd.web.server import WebServer
from acd.web.standby import StandingBy, create_standby_app

log = structlog.get_logger()


class Lead:
    """This engine leads; by what right, and until when.

    Args:
        url: the database as the leader writes to it.
        term: None = there can be no other engine.
    """

    def __init__(self, url: str, term: Term | None = None, campaign: Campaign | None = None) -> None:
        self.url = url
        self.term = term
        self._campaign = campaign
        self._holding: asyncio.Task[str] | None = None

    def hold(self, linked: Callable[[], bool | None]) -> None:
        """Say from now on that we lead, also while the records are prepared, which may take minutes.

        Args:
            linked: whether Asterisk answers us; None = it was not asked yet.
        """
        if self._campaign is not None:
            self._campaign.sees_switch = linked
            self._holding = asyncio.create_task(self._campaign.hold(), name="lead")

    async def lost(self) -> None:
        """As long as we lead.

        Raises:
            Deposed: we do so no longer.
        """
        if self._holding is None:
            await asyncio.get_running_loop().create_future()
            return
        raise Deposed(await asyncio.shield(self._holding))

    async def release(self) -> None:
        """Let another have it."""
        if self._holding is not None:
            self._holding.cancel()
            await asyncio.gather(self._holding, return_exceptions=True)
        if self._campaign is not None:
            await self._campaign.release()

    @property
    def heir(self) -> str | None:
        """The name of an engine that could take over now."""
        return None if self._campaign is None else self._campaign.heir


async def take_the_lead(settings: Settings, stack: AsyncExitStack) -> Lead:
    """Return when this engine leads. What it holds for that is given back by ``stack``.

    Raises:
        DatabaseUnusable: the address of the database is wrong.
        ControlError: another engine runs on the same files.
        OSError: the web port is taken.
    """
    url = settings.database_url
    if (file := file_of(url)) is not None:
        stack.enter_context(alone(file))
        return Lead(url)
    me = Engine(uuid.uuid4().hex[:12], settings.engine or socket.gethostname(), settings.engine_url, False)
    store = PostgresLead(url, me.instance)
    async with AsyncExitStack() as meanwhile:
        watches = [Watch(account) for account in accounts(settings).values()]
        for watch in watches:
            await watch.start()
            meanwhile.push_async_callback(watch.stop)
        # One of several is enough, as it is for a leader.
        campaign = Campaign(store, me, lambda: any(watch.sees_switch for watch in watches), known_revisions())
        stack.push_async_callback(campaign.release)
        waiting = Waiting(settings, campaign, me)
        await waiting.open(meanwhile)
        await meanwhile.enter_async_context(_meanwhile(_late_word(settings, campaign, me).run()))
        log.info("standing by", engine=me.name, web=waiting.web_url)
        term = await campaign.win()
    return Lead(fenced(url, me.instance, term.number), term, campaign)


def _late_word(settings: Settings, campaign: Campaign, me: Engine) -> LateWord:
    """What we could not write when we led is told while another leads, who has Asterisk."""

    def another_sees() -> bool:
        seen, leader = campaign.seen, campaign.leader
        if seen is None or not seen.locked or leader is None or leader.instance == me.instance:
            return False
        if leader.sees_switch:
            set_foreign_aside(settings, seen.term)
        return leader.sees_switch

    return LateWord(settings, settings.database_url, lambda: load(settings.queues), another_sees)


@asynccontextmanager
async def _meanwhile(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """It is done beside, and has ended afterwards."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


class Waiting:
    """The pages and the control socket of an engine that stands by."""

    def __init__(self, settings: Settings, campaign: Campaign, me: Engine) -> None:
        self._settings, self._campaign, self._me = settings, campaign, me
        self.web_url = ""

    async def open(self, stack: AsyncExitStack) -> None:
        settings = self._settings
        control = ControlServer(settings.socket, _Refusing({"status": self._status}, self._refuse))
        await control.start()
        stack.push_async_callback(control.stop)
        app = create_standby_app(self.shown, settings.web_names)
        hub = Hub(lambda: None)
        server = WebServer(app, hub, settings.web_host, settings.web_port, proxies=settings.web_proxies)
        await server.start()
        stack.push_async_callback(server.stop)
        self.web_url = server.url

    def shown(self) -> StandingBy:
        campaign, leader = self._campaign, self._campaign.leader
        return StandingBy(
            name=self._me.name,
            leader=None if leader is None else leader.name,
            leader_url="" if leader is None else leader.url,
            database=campaign.seen is not None,
            sees_switch=bool(campaign.sees_switch()),
            newer_schema=campaign.newer_schema,
            term=0 if campaign.seen is None else campaign.seen.term,
        )

    async def _status(self, _: Any) -> dict[str, Any]:
        shown = self.shown()
        return {
            "role": "standby",
            "ready": shown.ready,
            "why": shown.why,
            "leader": shown.leader,
            "leader_web": shown.leader_url,
            "linked": False,
            "web": self.web_url,
        }

    async def _refuse(self, _: Any) -> dict[str, Any]:
        shown = self.shown()
        raise ControlError(f"this engine stands by; {shown.leader or 'no engine'} leads")


class _Refusing(Mapping[str, Handler]):
    """Handlers, and one for all other requests."""

    def __init__(self, known: Mapping[str, Handler], other: Handler) -> None:
        self._known, self._other = known, other

    def __getitem__(self, name: str) -> Handler:
        return self._known.get(name, self._other)

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


@contextmanager
def alone(database: Path) -> Iterator[None]:
    """Nobody else runs on this SQLite file for as long as the process lives, frozen or not.

    Raises:
        ControlError: somebody does.
    """
    lock = database.with_name(f"{database.name}.lock")
    handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise ControlError(
            f"another engine runs on {database}: with SQLite there can be one; for two, give both the same PostgreSQL"
        ) from None
    try:
        yield
    finally:
        os.close(handle)
