"""The service: its parts, and the order in which they start and end. First of all it must lead; it may have to stand by
for that (:mod:`acd.bootstrap.standby`).

Start: the records first (a promise that cannot be kept in them may not be given), then what they remember goes to the
engine, then the switch is connected. End: the switch is let go, then the records are brought to safety. The callers do
not notice either.
"""

import asyncio
import gc
import os
import signal
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager, suppress
from functools import partial
from typing import Any, Final

import msgspec
import structlog

from acd.asterisk import Fence
from acd.bootstrap.background import LEAST, give_way
from acd.bootstrap.callbacks import CallbackDesk
from acd.bootstrap.day import Day
from acd.bootstrap.doctor import wanted
from acd.bootstrap.entrance import FIRST, citizen_key, cookie_secret, first_admin, over_tls
from acd.bootstrap.event_log import log_events
from acd.bootstrap.floor import FloorControl, LiveFloor, SpyLog
from acd.bootstrap.health import Readiness
from acd.bootstrap.hooks import HookDesk, secret_of
from acd.bootstrap.housekeeping import Housekeeping
from acd.bootstrap.late import LateWord, note_term, set_foreign_aside
from acd.bootstrap.mail import ReportMail, newest
from acd.bootstrap.menus import read_menus
from acd.bootstrap.phones import FILE, AccessFile, EnginePhones
from acd.bootstrap.planning import make_planner
from acd.bootstrap.privacy import PrivacyDesk, personal
from acd.bootstrap.recordings import Recordings
from acd.bootstrap.refold import Refold
from acd.bootstrap.repair import GapRepair, Repairer
from acd.bootstrap.reports import ReportViews, names_of
from acd.bootstrap.servers import ALONE, ServerControl, Servers
from acd.bootstrap.settings import Settings
from acd.bootstrap.standby import take_the_lead
from acd.bootstrap.tape_watch import TapeWatch
from acd.bootstrap.watchdog import Systemd, heard_by
from acd.callbacks.keeper import Keeper
from acd.callbacks.worklist import Worklist
from acd.config import City, ConfigError, describe_changes, load, screen_pop
from acd.engine.board import BoardDesk
from acd.engine.core import Engine
from acd.figures.limits import Limits
from acd.hooks.courier import Courier
from acd.hooks.post import HttpPost
from acd.ivr import FlowError, load_catalogue
from acd.mail.courier import MailCourier
from acd.mail.smtp import Smtp
from acd.metrics import Metrics, Now
from acd.model import facts
from acd.model.events import CallRepaired, Event, LinkCameUp, LinkWentDown
from acd.model.history import HALF_HOUR
from acd.model.ids import CallId, Device, LineId, OperatorId, ServerId
from acd.model.leadership import Deposed
from acd.model.menu import Menus
from acd.ports import Clock, Pbx
from acd.records import (
    AccountStore,
    Archive,
    CallbackStore,
    CitizenBook,
    ContactStore,
    DatabaseUnusable,
    FigureBook,
    HookStore,
    KeyStore,
    Ledger,
    MailStore,
    day_bounds,
    day_of,
    store_lines,
    upgrade,
)
from acd.records.probe import Probe
from acd.records.recordings import RecordingBook
from acd.runtime.control import ControlError, ControlServer, Handler
from acd.runtime.driver import Driver, steady_clock
from acd.web.app import create_app
from acd.web.curve import Curve, curve
from acd.web.desk import Office
from acd.web.door import Door
from acd.web.hub import Hub
from acd.web.openness import Openness
from acd.web.reports_api import Reports
from acd.web.server import WebServer
from acd.web.snapshot import Snapshot, snapshot

OFFERS_SKIPPED: Final = 1000
"""Offer numbers left out after a restart: more than a killed engine can have given out unrecorded."""

LAST_MOMENTS: Final = 5.0
"""Seconds in which an engine that was deposed may end in good order."""
PAGES_WAIT: Final = 2.0
"""Seconds that the day's counts, and with them the pages, of an engine that takes over wait for Asterisk."""
DAY_WAIT: Final = 10.0
"""Seconds that the pages wait for the day's counts: a database that is away may keep them longer."""
LAST_WRITES: Final = 1.0
"""Seconds in which what happened last comes into the database before another engine reads it."""
TEMPORARY: Final = 75
"""The process's answer when it ends because it was deposed (``EX_TEMPFAIL``): started again, it stands by."""

log = structlog.get_logger()


class Service:
    """The running product: one engine on one switch, with its records and pages.

    Args:
        settings: where everything is.
        pbx: another switch than the Asterisk of the settings.
        clock: another clock than the machine's.
    """

    def __init__(self, settings: Settings, *, pbx: Pbx | None = None, clock: Clock | None = None) -> None:
        self.settings = settings
        self.clock = clock or steady_clock()
        self.city: City = load(settings.queues)
        self.day = Day({id: line.target_wait for id, line in self.city.policy.lines.items()})
        self.menus = Menus()
        self.web_url = ""
        self.first_password: str | None = None
        """One-time password of the admin, when this start has made him."""
        self._pbx = pbx
        self._servers: Servers | None = None
        self._link_lost_at: float | None = None
        self._linked_once = False
        self._started = False
        self._stop = asyncio.Event()
        self._plan_now = asyncio.Event()
        self._first_link = asyncio.Event()
        self._deposed = asyncio.Event()
        self._deposed_why = ""

    def greeting(self) -> list[str]:
        """What the person who started it must know."""
        sign_in = f"sign in at {self.web_url}/login"
        if self.first_password is not None:
            sign_in += f" as {FIRST} with the one-time password {self.first_password}"
        return [f"wallboard at {self.web_url}", sign_in]

    async def run(self, ready: Callable[["Service"], None] = lambda service: None) -> None:
        """Serve until :meth:`stop` or a signal.

        Args:
            ready: called once pages and control socket answer.

        Raises:
            DatabaseUnusable: the records cannot be reached at the start.
            ControlError: another service runs in the same state folder, or on the same SQLite file.
            OSError: the web port is taken.
            Deposed: another engine leads since; started again, this one stands by.
        """
        self.settings.state.mkdir(parents=True, exist_ok=True)
        async with AsyncExitStack() as stack:
            stack.enter_context(_signals(self))
            await stack.enter_async_context(heard_by(Systemd(os.environ)))
            await self._until_stopped(self._lead(stack))
            if not self._stop.is_set():
                await self._until_stopped(self._start(stack), self.lead.lost())
            if self._started:
                await self._work(stack, ready)

    async def _work(self, stack: AsyncExitStack, ready: Callable[["Service"], None]) -> None:
        work = (
            self.driver.run(),
            self._count_day(),
            self._turn_days(),
            self._plan_anew(),
            self.courier.run(),
            self.gap_repair.run(),
            self.mail.run(),
            self.refold.run(),
            LateWord(self.settings, self.lead.url, lambda: self.city, lambda: self._sees_all).run(),
        )
        try:
            await self._until_stopped(*work, self._show(stack, ready), self.lead.lost(), self._fenced_off())
        except Deposed:
            # Whatever this engine could still write is refused: it need not be waited for, and whoever leads may be on
            # the same processors.
            give_way(LEAST)
            asyncio.get_running_loop().call_later(LAST_MOMENTS, _end_at_once)
            await self.ledger.put_aside()
            raise
        finally:
            await self._hand_on()

    async def _hand_on(self) -> None:
        """Whoever stands by need not wait for the end of our pages."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_WRITES):
                await self.ledger.caught_up()
        await self.lead.release()

    async def _count_day(self) -> None:
        """What was of today before the start. Whoever takes over has the callers first."""
        if self.lead.term is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(PAGES_WAIT):
                    await self._first_link.wait()
        await self.day.recall(self.archive)
        self.hub.changed()
        await asyncio.get_running_loop().create_future()

    async def _show(self, stack: AsyncExitStack, ready: Callable[["Service"], None]) -> None:
        """The pages: making them takes a while, and they tell of the whole day."""
        with suppress(TimeoutError):
            async with asyncio.timeout(DAY_WAIT):
                await self.day.known.wait()
        await self._open_web(stack)
        stack.enter_context(_settled_memory())
        ready(self)
        await asyncio.get_running_loop().create_future()

    async def _lead(self, stack: AsyncExitStack) -> None:
        self.lead = await take_the_lead(self.settings, stack)
        stack.push_async_callback(self.lead.release)
        self.lead.hold(self._linked)

    async def _fenced_off(self) -> None:
        """Until Asterisk tells that another engine has led since, or we hand the lead on.

        Raises:
            Deposed: that is so.
        """
        await self._deposed.wait()
        raise Deposed(self._deposed_why)

    def _give_up(self, why: str) -> None:
        self._deposed_why = why
        self._deposed.set()

    def _linked(self) -> bool | None:
        if self._servers is None:
            return None
        return any(link.answers for link in self._servers.links.values())

    @property
    def _sees_all(self) -> bool:
        return self._linked_once and self._link_lost_at is None

    async def _start(self, stack: AsyncExitStack) -> None:
        url = self.lead.url
        if self.lead.term is not None:
            set_foreign_aside(self.settings, self.lead.term.previous)
            note_term(self.settings, self.lead.term.number)
        await upgrade(url)
        self.refold = Refold(self.settings, url)
        await store_lines(url, self.city.policy.lines.values())
        ledger = Ledger(
            url,
            self.settings.spill,
            key=citizen_key(self.settings.state),
            switch_offset=self._switch_offset,
        )
        self.ledger = await stack.enter_async_context(ledger)
        await self.ledger.caught_up()
        self.accounts = AccountStore(url)
        stack.push_async_callback(self.accounts.close)
        self.keys = KeyStore(url)
        stack.push_async_callback(self.keys.close)
        self.first_password = await first_admin(self.accounts, self.clock())
        self.archive = Archive(url)
        stack.push_async_callback(self.archive.close)
        restored, first_offer = await self._remember()
        self.hub = Hub(self._snapshot)
        await self._keep_promises(stack)
        self.engine = Engine(self.city.policy, first_offer=first_offer)
        self.metrics = Metrics(self._measured(), self.city.lines)
        spy_log = SpyLog(self.accounts)
        stack.push_async_callback(spy_log.close)
        self._tell_others(stack)
        self._mail_reports(stack)
        self.contacts = ContactStore(url)
        stack.push_async_callback(self.contacts.close)
        tapes = RecordingBook(url)
        stack.push_async_callback(tapes.close)
        self.recordings = Recordings(tapes, self.settings.recordings, lambda: self.city, self.clock)
        tape_watch = TapeWatch(self.recordings, self._unwritten)
        stack.push_async_callback(tape_watch.stop)
        self.office = self._open_office()
        stack.push_async_callback(self.office.finish)
        listeners = [
            *(self._listen, self.keeper.listen, self.metrics.listen),
            *(spy_log.listen, self.courier.listen, self.office.listen, tape_watch.listen),
            *((log_events,) if self.settings.log_events else ()),
        ]
        self.driver = Driver(self.engine, self._switch(), self.ledger, self.clock, listeners, promises=self.keeper)
        await self._repair_gaps(stack)
        self.floor = LiveFloor(self.driver, self.ledger, lambda: self.city, self.clock, self.settings.flows / "prompts")
        # Before anybody can say what he wants now.
        self.driver.tell(restored)
        control = ControlServer(self.settings.socket, self._handlers())
        await control.start()
        stack.push_async_callback(control.stop)
        settings = self.settings
        nights = Housekeeping(
            url,
            self.clock,
            keep=settings.terms,
            spill=settings.spill,
            record=settings.record,
            recordings=self.recordings,
            terms=lambda: {id: line.privacy for id, line in self.city.policy.lines.items()},
        )
        nights.start()
        stack.push_async_callback(nights.stop)
        self._started = True

    async def _until_stopped(self, *work: Coroutine[Any, Any, None]) -> None:
        """Until one of them is done, or we are told to stop.

        Raises:
            Exception: whatever one of them raised.
        """
        tasks = [asyncio.create_task(coroutine) for coroutine in (*work, self._stopped())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _stopped(self) -> None:
        await self._stop.wait()

    def stop(self) -> None:
        """End in good order; the callers stay where they are."""
        self._stop.set()

    def reload(self) -> list[str]:
        """Read ``queues.yaml`` again. A waiting call keeps the line settings it entered with.

        Raises:
            ConfigError: the file has faults; the old settings stay.
        """
        if not self._started:
            return []
        city = load(self.settings.queues)
        changes = describe_changes(self.city, city)
        self.city = city
        self.day.tally.target_wait = {id: line.target_wait for id, line in city.policy.lines.items()}
        self.driver.tell(facts.PolicyChanged(city.policy))
        self._plan_now.set()
        self.keeper.look()
        self.courier.look()
        self.mail.look()
        if self._servers is not None:
            # A phone that the file names for the first time is looked at now, not at the next audit.
            self._servers.audit()
        log.info("settings loaded again", changes=changes)
        return changes

    # --- Parts -------------------------------------------------------------------------------------------------

    def _switch(self) -> Pbx:
        if self._pbx is not None:
            return self._pbx
        term = self.lead.term
        fence = (
            None if term is None else Fence(term.number, partial(self._give_up, "Asterisk has heard of a later leader"))
        )
        self._servers = Servers(self.settings, self._devices, self.clock, fence)
        return self._servers.switch

    def _switch_offset(self) -> float | None:
        return None if self._servers is None else self._servers.clock_offset

    def _devices(self) -> list[Device]:
        return [operator.device for operator in self.engine.policy.operators.values()]

    async def _remember(self) -> tuple[facts.Restored, int]:
        """What the records know of now."""
        midnight, _ = day_bounds(day_of(self.clock()))
        await self.day.begin(self.archive, midnight)
        return await self.archive.restored(), await self.archive.highest_offer() + OFFERS_SKIPPED

    async def _keep_promises(self, stack: AsyncExitStack) -> None:
        self.promises = store = CallbackStore(self.lead.url)
        stack.push_async_callback(store.close)
        self.planner = await make_planner(self.city, self.archive, self.clock())
        self.keeper = Keeper(
            store,
            lambda: self.city,
            self.planner,
            self.clock,
            changed=self.hub.changed,
            callers=await self.archive.open_callers(),
        )
        self.worklist = Worklist(store, lambda: self.city, self.keeper.look)

    async def _repair_gaps(self, stack: AsyncExitStack) -> None:
        """What only Asterisk has seen is told when we see again."""
        settings = self.settings
        repairer = Repairer(self.lead.url, settings.cel, lambda: self.city, self.clock)
        stack.push_async_callback(repairer.close)
        self.gap_repair = GapRepair(repairer, self.ledger, self.clock, self._repaired)

    def _repaired(self, events: Sequence[Event]) -> None:
        """Counts of the day are of today's calls only, however late they are told."""
        midnight, _ = day_bounds(day_of(self.clock()))
        self.day.listen(event for event in events if isinstance(event, CallRepaired) and event.arrived_at >= midnight)
        self.metrics.listen(events)
        self.hub.changed()

    def _tell_others(self, stack: AsyncExitStack) -> None:
        """The city's programs hear what happens."""
        self.outbox = HookStore(self.lead.url)
        stack.push_async_callback(self.outbox.close)
        secret = partial(secret_of, self.settings.queues.parent)
        self.courier = Courier(self.outbox, lambda: self.city.webhooks, secret, HttpPost(), self.clock)

    def _unwritten(self, fact: facts.RecordingMissing) -> None:
        self.driver.tell(fact)

    async def _plan_anew(self) -> None:
        """Each half-hour, and when the settings have changed, the moments that can be promised and the callers to be
        expected are worked out from what the records know by then."""
        while True:
            self.driver.tell(facts.LoadForecast(self.planner.expected_calls(self.clock())))
            with suppress(TimeoutError):
                async with asyncio.timeout(HALF_HOUR - self.clock() % HALF_HOUR):
                    await self._plan_now.wait()
            self._plan_now.clear()
            await self._read_menus()
            await self._note_lines()
            self.planner = self.keeper.planner = await make_planner(self.city, self.archive, self.clock())

    def _open_office(self) -> Office:
        return Office(
            _Floor(self),
            self.contacts,
            lambda: self.city,
            clock=self.clock,
            worklist=self.worklist,
            screen_pop=self._screen_pop,
            today=self.day.own,
        )

    def _screen_pop(self, line: LineId, call: CallId, number: str | None, language: str) -> str | None:
        known = self.city.lines.get(line)
        return None if known is None else screen_pop(known, call, number=number, language=language)

    async def _read_menus(self) -> None:
        """The menus themselves are Asterisk's; the pages say what their nodes are called."""
        self.menus = await asyncio.to_thread(read_menus, self.settings.flows, self.city)

    async def _note_lines(self) -> None:
        """Reports of others go by today's settings, too; they can wait until the database is back."""
        try:
            await store_lines(self.lead.url, self.city.policy.lines.values())
        except DatabaseUnusable as error:
            log.warning("lines.not_noted", why=str(error))

    async def _open_web(self, stack: AsyncExitStack) -> None:
        settings = self.settings
        citizens = CitizenBook(self.lead.url, citizen_key(settings.state), lambda: personal(self.city))
        stack.push_async_callback(citizens.close)
        door = Door(
            self.accounts,
            secret=cookie_secret(settings.state),
            secure=over_tls(settings.web_names),
            clock=self.clock,
            keys=self.keys,
        )
        desk = HookDesk(
            self.outbox,
            lambda: self.city.webhooks,
            settings.queues.parent,
            HttpPost(),
            clock=self.clock,
            look=self.courier.look,
        )
        await self._read_menus()
        probe = Probe(settings.database_url)
        checks = Readiness(settings, probe, self.refold, self._servers_up)
        stack.push_async_callback(checks.close)
        # A second of work, beside which the callers go on.
        app = await asyncio.to_thread(
            create_app,
            self.hub,
            hosts=settings.web_names,
            ledger_behind=lambda: self.ledger.health.behind,
            checks=checks,
            door=door,
            worklist=self.worklist,
            exposition=self.metrics.exposition,
            calls=self.archive,
            curve_of=self._curve,
            floor=self.floor,
            openness=Openness(desk, settings.oidc()),
            office=self.office,
            requests=self.contacts,
            telephony=EnginePhones(
                lambda: self.engine.policy,
                self.engine.desk,
                lambda: self.engine.board(self.clock()),
                self.driver.tell,
                AccessFile(settings.state / FILE),
            ),
            notes=self.contacts,
            citizens=PrivacyDesk(citizens, lambda: self.city, self.clock, self.recordings, lambda: self.menus),
            recordings=self.recordings,
            reports=self._reports,
            menus=lambda: self.menus,
        )
        server = WebServer(app, self.hub, settings.web_host, settings.web_port, proxies=settings.web_proxies)
        await server.start()
        stack.push_async_callback(server.stop)
        self.web_url = server.url

    def _mail_reports(self, stack: AsyncExitStack) -> None:
        """The figures of the pages, and those reports that are mailed by the clock."""
        url = self.lead.url
        book, store = FigureBook(url), MailStore(url)
        stack.push_async_callback(book.close)
        self._reports = Reports(
            book,
            ReportViews(url),
            self._limits,
            self.city.name,
            lambda: names_of(self.city),
            lambda: newest(store, self.city.mailings),
            lambda: self.refold.needed,
        )
        stack.push_async_callback(store.close)
        desk = ReportMail(lambda: self.city, self.settings.queues.parent, self._reports, self.clock)
        self.mail = MailCourier(store, desk, Smtp(), self.clock)

    def _limits(self) -> Limits:
        return Limits.of_lines(self.city.policy.lines.values())

    def _listen(self, events: Sequence[Event]) -> None:
        self.day.listen(events)
        for event in events:
            if isinstance(event, LinkWentDown):
                self._link_lost_at = event.at
            elif isinstance(event, LinkCameUp):
                self._link_lost_at, self._linked_once = None, True
                self._first_link.set()
                self.gap_repair.look()
        self.hub.changed()

    def _in_sight(self) -> bool:
        """The switch has been seen, and the day is known: before, there is nothing to show."""
        return self._linked_once and self.day.known.is_set()

    def _snapshot(self) -> Snapshot | None:
        if not self._in_sight():
            return None
        board = self.engine.board(self.clock())
        return snapshot(
            board,
            self.day.tally,
            link_lost_at=self._link_lost_at,
            callbacks=self.keeper.counts,
            thresholds={id: line.thresholds for id, line in self.city.lines.items()},
            unseen=self._unseen_today(),
        )

    def _unseen_today(self) -> float:
        """Seconds."""
        now = self.clock()
        midnight, _ = day_bounds(day_of(now))
        return self.day.unseen.seconds(midnight, now)

    def _curve(self, lines: Sequence[LineId]) -> Curve | None:
        if not self._in_sight():
            return None
        now = self.clock()
        midnight, _ = day_bounds(day_of(now))
        return curve(
            self.day.tally.half_hours, self.planner.outlook(now), lines or tuple(self.city.lines), now, midnight
        )

    def _servers_up(self) -> Mapping[ServerId, bool]:
        return {} if self._servers is None else self._servers.up

    def _measured(self) -> Now:
        return Now(
            board=lambda: self.engine.board(self.clock()) if self._in_sight() else None,
            tally=self.day.tally,
            callbacks=lambda: self.keeper.counts,
            behind=lambda: self.ledger.health.behind,
            lag=lambda: self.ledger.lag,
            pages=lambda: self.hub.clients,
            unseen=self._unseen_today,
            heir=lambda: self.lead.heir,
            servers=self._servers_up,
            takeovers=0 if self.lead.term is None else self.lead.term.takeovers,
        )

    async def _turn_days(self) -> None:
        """At local midnight the counts of the day begin anew."""
        while True:
            _, midnight = day_bounds(day_of(self.clock()))
            await asyncio.sleep(max(0.0, midnight - self.clock()))
            if self.clock() >= midnight:
                self.day.turn(midnight)
                self.hub.changed()

    # --- Control -----------------------------------------------------------------------------------------------

    def _handlers(self) -> dict[str, Handler]:
        return {
            "status": self._status,
            "operator": self._operator,
            "drain": self._drain,
            "crisis": self._crisis,
            "handover": self._hand_over,
            "reload": self._reload,
            "look": self._look,
            **CallbackDesk(self.worklist, self.accounts.write, self.clock).handlers(),
            **FloorControl(self.floor).handlers(),
            **ServerControl(lambda: {} if self._servers is None else self._servers.links, self.floor.board).handlers(),
            **self.gap_repair.handlers(),
        }

    async def _status(self, _: Any) -> dict[str, Any]:
        board = self.engine.board(self.clock())
        waiting = sum(line.waiting for line in board.lines)
        talking = sum(line.talking for line in board.lines)
        operators = [
            {"operator": o.operator, "name": o.name, "state": o.state.value, "reason": o.reason, "since": o.since}
            for o in board.operators
        ]
        return {
            "role": "leader",
            "standby": self.lead.heir,
            "linked": board.linked,
            "draining": board.draining,
            "crisis": board.crisis,
            "calls": len(board.calls),
            "waiting": waiting,
            "talking": talking,
            "behind": self.ledger.health.behind,
            "web": self.web_url,
            "operators": operators,
        }

    async def _operator(self, request: Any) -> dict[str, Any]:
        id, by = OperatorId(str(_field(request, "operator"))), str(_field(request, "by"))
        action: facts.OperatorAction
        match _field(request, "action"):
            case "login":
                action = facts.OperatorLoggedIn(id, by)
            case "logout":
                action = facts.OperatorLoggedOut(id, by)
            case "ready":
                action = facts.OperatorReady(id, by)
            case "pause":
                action = facts.OperatorNotReady(id, by, str(request.get("reason", "")))
            case other:
                raise ControlError(f"no operator can {other!r}: login, logout, ready or pause")
        self._check_operator(action)
        self.driver.tell(action)
        [shown] = [o for o in self.engine.board(self.clock()).operators if o.operator == id]
        return {"operator": id, "state": shown.state.value, "reason": shown.reason}

    def _check_operator(self, action: facts.OperatorAction) -> None:
        policy = self.engine.policy
        if action.operator not in policy.operators:
            known = ", ".join(sorted(policy.operators))
            raise ControlError(f"there is no operator {action.operator!r}; there are: {known}")
        if isinstance(action, facts.OperatorNotReady) and action.reason not in policy.reasons:
            raise ControlError(f"{action.reason!r} is no reason; there are: {', '.join(policy.reasons)}")
        states = {o.operator: o.state.value for o in self.engine.board(self.clock()).operators}
        logs = isinstance(action, facts.OperatorLoggedIn | facts.OperatorLoggedOut)
        if states[action.operator] == "logged_out" and not logs:
            raise ControlError(f"{action.operator} is not logged in")

    async def _drain(self, request: Any) -> dict[str, Any]:
        on = _field(request, "on")
        if not isinstance(on, bool):
            raise ControlError("'on' is true or false")
        self.driver.tell(facts.DrainSwitched(on, str(_field(request, "by"))))
        return {"draining": on}

    async def _hand_over(self, request: Any) -> dict[str, Any]:
        heir = self.lead.heir
        if heir is None:
            raise ControlError("there is no engine standing by that could take over")
        log.warning("the lead is handed over", to=heir, by=str(_field(request, "by")))
        # After the answer.
        asyncio.get_running_loop().call_later(0.05, self._give_up, f"it was handed over to {heir}")
        return {"heir": heir}

    async def _crisis(self, request: Any) -> dict[str, Any]:
        message, by = _field(request, "message"), str(_field(request, "by"))
        if message is not None:
            message = str(message)
            await asyncio.to_thread(self._check_prompt, message)
        self.driver.tell(facts.CrisisSwitched(message, by))
        return {"crisis": message}

    def _check_prompt(self, id: str) -> None:
        """A message that nobody recorded would be silence, and whoever switched it on would not know."""
        try:
            texts = load_catalogue(self.settings.flows / "prompts").texts
        except FlowError as error:
            raise ControlError(str(error)) from None
        if missing := [language for language, prompts in texts.items() if id not in prompts]:
            known = ", ".join(sorted({id for prompts in texts.values() for id in prompts if id.startswith("crisis")}))
            raise ControlError(f"there is no prompt {id!r} in {', '.join(missing)}; crisis messages: {known}")

    async def _look(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """At Asterisk, or at one of several, for ``acd doctor``."""
        links = {} if self._servers is None else self._servers.links
        link = links.get(ServerId(str(request.get("server", ALONE))))
        return {"seen": None if link is None else msgspec.to_builtins(await link.look(wanted(self.city)))}

    async def _reload(self, _: Any) -> dict[str, Any]:
        try:
            return {"changes": self.reload()}
        except ConfigError as error:
            raise ControlError(str(error)) from None


class _Floor:
    """The engine, as the desks see it: it is not there yet when they are made."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def desk(self, operator: OperatorId) -> BoardDesk | None:
        return self._service.engine.desk(operator)

    def tell(self, fact: facts.Fact) -> None:
        self._service.driver.tell(fact)


def _field(request: Mapping[str, Any], name: str) -> Any:
    """What every request of this kind says.

    Raises:
        ControlError: it does not say it.
    """
    if name not in request:
        raise ControlError(f"the request does not say {name!r}")
    return request[name]


def _end_at_once() -> None:
    log.critical("the end took too long; ended at once")
    os._exit(TEMPORARY)


@contextmanager
def _settled_memory() -> Iterator[None]:
    """What is loaded by now stays to the end: the garbage collector need not walk through it. Without this it does so
    every few hundred calls, and for 0.1 to 0.25 s nobody is put through."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


class _signals:  # noqa: N801 - a context manager, used as one
    """SIGTERM and SIGINT end the service, SIGHUP reads the settings again. From the first moment to the last: who
    presses twice does not cut short the saving of the records."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def __enter__(self) -> None:
        loop = asyncio.get_running_loop()
        with suppress(ValueError, RuntimeError):  # not in the main thread: whoever runs us there stops us himself
            loop.add_signal_handler(signal.SIGTERM, self._service.stop)
            loop.add_signal_handler(signal.SIGINT, self._service.stop)
            loop.add_signal_handler(signal.SIGHUP, self._reload)

    def __exit__(self, *_: object) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.remove_signal_handler(number)

    def _reload(self) -> None:
        try:
            self._service.reload()
        except ConfigError as error:
            log.error("settings not loaded: the old ones stay", faults=str(error))
