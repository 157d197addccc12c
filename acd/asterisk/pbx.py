"""The real Asterisk, as the engine sees it: :class:`~acd.ports.Pbx` over AMI.

Each session begins with a look at all there is (``SwitchSeen``); only then do events count, and commands go out.
While the look lasts, events are kept back. What happened before a list was written is already in the list, so those
events are dropped when it arrives; those that came after it are told after it.
"""

import asyncio
import secrets
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Final, NoReturn

import structlog

from acd.asterisk import actions, pausing
from acd.asterisk.actions import Action, getvar, setvar
from acd.asterisk.calling_back import CallingBack, PromiseMove, not_called
from acd.asterisk.clock import SwitchClock
from acd.asterisk.counters import Counters
from acd.asterisk.events import DeviceState, EventReader, Forged, Gone
from acd.asterisk.fence import FRESH, PING_EVERY, Fence
from acd.asterisk.frames import Frame, UnsafeValue
from acd.asterisk.link import Link, LinkState
from acd.asterisk.look import Seen, Wanted, look
from acd.asterisk.phones import Phones
from acd.asterisk.protocol import ARRIVES_WITHIN, Then
from acd.asterisk.resync import (
    DEVICES,
    IN_QUEUE,
    STATUS,
    SeenAttempt,
    SeenCall,
    read_attempts,
    read_devices,
    read_note,
    read_queue,
    read_spies,
    read_status,
    whereabouts,
)
from acd.asterisk.session import AmiSession, SessionEnded
from acd.asterisk.settings import AmiSettings
from acd.asterisk.spying import Spying, SpyMove
from acd.asterisk.tracker import Tracker
from acd.asterisk.values import AmiEvent
from acd.model import commands as c
from acd.model.facts import (
    CallFound,
    CallGone,
    CallMissed,
    CallWhereabouts,
    ColleagueAnswered,
    Fact,
    LinkLost,
    OfferNotSent,
    PhoneChanged,
    PhoneState,
    SpyOver,
    SwitchSeen,
)
from acd.model.ids import CallId, Device, OfferId
from acd.model.supervision import SpyEnd, SpySeen
from acd.ports import Inbox

log = structlog.get_logger("acd.asterisk")

MAX_KEPT_BACK: Final = 50_000
"""Events during the look at what there is; more, and the look starts anew."""
_NOTES_AT_ONCE: Final = 500
_AT_ONCE: Final = 20
"""Small settings on their way at one time (fallback queues, notes to clear): an offer never waits behind more."""
_LEASE: Final = 6.0 - ARRIVES_WITHIN
"""Seconds. Who waits is moved only as long after a sign of life that Asterisk has taken: after 6 s without one it may
give him an operator itself. The rest is for the way there."""
_FETCHED_WITHIN: Final = 1.0
"""Seconds for those who wait in Queue() to come out of it."""
_LOOK_AGAIN: Final = 0.02
_ENDS: Final = ("AcdGone", "AcdCbEnd")
"""Events that tell of what no list shows any more."""
TURN_AWAY: Final = "ACD_ELSEWHERE"
MAX_NOTES: Final = 10_000
"""Notes that the dialplan keeps at most; also the number of calls of which we know that their end was told, so that a
note about them is not counted a second time."""


class AsteriskPbx:
    """Implements :class:`~acd.ports.Pbx`.

    Args:
        settings: account and patience.
        devices: the phones that matter now; asked again at each look and audit.
        clock: our clock, seconds since the epoch.
        fence: keeps other engines out; None = there can be no other.
    """

    def __init__(
        self,
        settings: AmiSettings,
        devices: Callable[[], Iterable[Device]],
        clock: Callable[[], float] = time.time,
        fence: Fence | None = None,
    ) -> None:
        self.counters = Counters()
        self.turned_away = False
        """See :meth:`turn_away`."""
        self._settings = settings
        self._devices = devices
        self._clock = SwitchClock(clock)
        self._fence = fence
        before = None if fence is None else partial(fence.clear, settings)
        if fence is not None:
            settings = replace(settings, ping_every=min(PING_EVERY, settings.ping_every), retry_most=1.0)
        self._link = Link(settings, self._serve, self._on_frame, self.counters, self._clock, before=before)
        self._task: asyncio.Task[NoReturn] | None = None
        self._inbox: Inbox = lambda fact: None
        self._gone: dict[CallId, None] = {}
        self._session: AmiSession | None = None
        self._live = False
        self._linked = False
        self._ended_meanwhile: list[CallMissed] = []
        """Calls that ended while we looked, to be told with what was seen; should that look fail, with the next."""
        self._forget()

    def _forget(self) -> None:
        """A new session knows nothing of the one before."""
        self._reader = EventReader()
        self._tracker = Tracker(self._tell, self._clock)
        self._calling_back: CallingBack | None = None
        self._spying: Spying | None = None
        self._phones = Phones()
        self._told: dict[Device, PhoneState] = {}
        self._kept_back: list[Frame] = []
        self._moving: set[CallId] = set()
        self._in_queue: set[CallId] = set()
        """Who may wait in Asterisk's own Queue() still: no Redirect for him."""
        self._beaten_at = -_LEASE
        """When the last sign of life was sent that Asterisk has taken; of the loop's clock."""
        self._settings_to_send: deque[Action] = deque()
        self._settings_on_their_way = 0

    # --- Pbx ------------------------------------------------------------------------------------------------------

    async def start(self, inbox: Inbox) -> None:
        """Connect in the background and stay connected until :meth:`stop`."""
        self._inbox = inbox
        self._task = asyncio.create_task(self._link.run(), name="asterisk link")

    async def stop(self) -> None:
        """Disconnect. No fact is told any more; the calls in Asterisk go on."""
        self._inbox = lambda fact: None
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            self._task = None

    def send(self, command: c.Command) -> None:
        """Start carrying out ``command``; see :class:`~acd.ports.Pbx`."""
        if self._session is None or not self._linked:
            self._refuse(command, tried=False)
            return
        try:
            if isinstance(command, PromiseMove) and self._calling_back is not None:
                self._calling_back.carry_out(command)
            elif isinstance(command, SpyMove) and self._spying is not None:
                self._spying.carry_out(command)
            else:
                self._carry_out(self._session, command)
        except UnsafeValue as error:
            log.error("command not sent", command=type(command).__name__, error=str(error))
            self._refuse(command, fit=False, tried=False)

    def heartbeat(self) -> None:
        """Tell the dialplan, in Asterisk's own time, that the routing loop is alive."""
        if self._session is not None and self._linked:
            self._beat(self._session)
            if self._calling_back is not None:
                self._calling_back.attempts.tick(self._clock.now())

    # --- For those who watch over the link ------------------------------------------------------------------------

    @property
    def link_state(self) -> LinkState:
        return self._link.state

    @property
    def linked(self) -> bool:
        """There is a link to Asterisk, be it that it is shutting down."""
        return self.link_state in (LinkState.LIVE, LinkState.DRAINING)

    @property
    def answers(self) -> bool:
        """Asterisk answers now, be it that it is shutting down."""
        return self.linked and self._session is not None and self._session.silent < FRESH

    @property
    def link_reason(self) -> str:
        """Why there is no link, in words; empty when there never was a reason."""
        return self._link.reason

    async def look(self, wanted: Wanted) -> Seen | None:
        """What Asterisk is like; None = there is no link."""
        if self._session is None or not self._linked:
            return None
        try:
            return await look(self._session.ask_all, self._clock.offset, wanted)
        except SessionEnded:
            return None

    def audit(self) -> None:
        """Read the state of all phones and tell it, changed or not: no operator hangs in "busy" for ever, a phone that
        was found dead is tried again, and one that came with new settings is known. Done by itself once a minute."""
        if self._session is not None and self._linked:
            self._session.tell(DEVICES, self._audited, self._settings.list_timeout)

    def turn_away(self, on: bool) -> bool:
        """Let this server, one of several, take no new calls (or take them again): whoever sends them to it hears "not
        here", before anything is answered, and goes to the next. It forgets so when it is started anew. False: it
        cannot be told now."""
        if self._session is None or not self._linked:
            return False
        self._session.tell(setvar(TURN_AWAY, "1" if on else ""))
        self.turned_away = on
        return True

    @property
    def clock_offset(self) -> float | None:
        """Seconds to add to Asterisk's clock to get ours, as measured last; None = there is no link."""
        return self._clock.offset if self._linked else None

    # --- A session ------------------------------------------------------------------------------------------------

    async def _serve(self, session: AmiSession) -> NoReturn:
        self._session = session
        self._tracker = Tracker(self._tell, self._clock)
        self._calling_back = CallingBack(session, self._tell, self._clock)
        self._spying = Spying(session, self._tell, self._tracker, self._clock)
        session.on_draining = self._drain
        session.on_late = self._lose
        try:
            await self._look(session)
            while True:
                await session.until_ended(self._settings.audit_every)
                self._reader.young = False
                self.audit()
        except Forged as error:
            session.forged(error)
            raise SessionEnded(session.ended.result()) from error
        finally:
            session.end("closed by us")
            self._lose(session.ended.result())
            self._session, self._live = None, False
            self._forget()

    def _drain(self) -> None:
        """Nothing can be asked any more; events still come and are told."""
        self._link.state = LinkState.DRAINING
        self._lose("Asterisk is shutting down")

    def _lose(self, reason: str) -> None:
        if self._linked:
            self._linked = False
            self._tell(LinkLost(reason))

    async def _look(self, session: AmiSession) -> None:
        """Read all there is and tell it as one ``SwitchSeen``."""
        if self._fence is not None:
            await self._fence.register(session)
        if self._settings.server:
            await self._know_server(session)
        rebooted = await self._agree_on_nonce(session)
        # From now on the dialplan keeps no more notes, so those that are there can be read and cleared.
        self._beat(session)
        missed = await self._read_notes(session)
        await self._fetch_all(session)
        self._beat(session)
        status = session.asking(STATUS, self._settings.list_timeout, self._status_came)
        devices = session.asking(DEVICES, self._settings.list_timeout, self._devices_came)
        for answer in (await status, await devices):
            if not answer[0].success:
                raise SessionEnded(f"Asterisk does not tell what there is: {answer[0].message}")
        self._clock.forget_all_but({frame.get("Uniqueid") for frame in status.result()})
        calls = read_status(status.result(), self._clock)
        attempts = read_attempts(status.result(), self._clock)
        spies = tuple(read_spies(status.result()))
        self._go_live(session, calls, attempts, missed, spies, rebooted=rebooted)

    async def _fetch_all(self, session: AmiSession) -> None:
        """Before anybody is offered, Asterisk's own Queue() gives out nobody any more, and what it has begun is
        settled: since our sign of life nobody goes in, and whoever is in comes out, unless he has an operator."""
        asked: set[CallId] = set()
        until = session.loop.time() + _FETCHED_WITHIN
        while True:
            self._beat(session)
            self._in_queue = read_queue(await session.ask(IN_QUEUE, self._settings.list_timeout))
            if not self._in_queue or (asked and session.loop.time() > until):
                return
            for call in self._in_queue - asked:
                session.tell(actions.press(call))
            asked |= self._in_queue
            await session.until_ended(_LOOK_AGAIN)

    async def _know_server(self, session: AmiSession) -> None:
        """Without its own name before the ids of its calls, they could be taken for those of another server."""
        name, away = await session.ask_all([getvar("SYSTEMNAME"), getvar(TURN_AWAY)])
        if name[0].get("Value") != self._settings.server:
            raise SessionEnded(
                f"its systemname in asterisk.conf is {name[0].get('Value')!r}, and should be {self._settings.server!r}"
            )
        self.turned_away = away[0].get("Value") == "1"

    async def _agree_on_nonce(self, session: AmiSession) -> bool:
        """Take over the nonce of this boot of Asterisk, or set one. True if there was none: it has just booted."""
        nonce = (await session.ask(getvar("ACD_NONCE")))[0].get("Value")
        fresh = not nonce
        if fresh:
            nonce = secrets.token_hex(16)
            await session.ask(setvar("ACD_NONCE", nonce))
        self._reader = EventReader(nonce, young=fresh)
        return fresh

    async def _read_notes(self, session: AmiSession) -> tuple[CallMissed, ...]:
        """The dialplan's notes of calls that ended unheard. They are cleared only when they have been told."""
        value = (await session.ask(getvar("ACD_UNSEEN_COUNT")))[0].get("Value")
        names = [f"ACD_UNSEEN_{n}" for n in range(1, min(int(value), MAX_NOTES) + 1)] if value.isdecimal() else []
        notes: list[CallMissed | None] = []
        for start in range(0, len(names), _NOTES_AT_ONCE):
            answers = await session.ask_all([getvar(name) for name in names[start : start + _NOTES_AT_ONCE]])
            notes += [read_note(frames[0].get("Value"), self._clock) for frames in answers]
        if names:
            self._settings_to_send.extend(setvar(name, "") for name in (*names, "ACD_UNSEEN_COUNT"))
        return tuple(note for note in notes if note is not None and note.seen.call not in self._gone)

    def _status_came(self, frames: list[Frame] | None) -> None:
        """What was kept back of calls is already in the list; only the ends that no list shows remain."""
        for frame in self._kept_back:
            if frame.get("UserEvent") in _ENDS and (event := self._reader.read(frame)) is not None:
                self._over(event)
        self._kept_back = [frame for frame in self._kept_back if frame.event == "DeviceStateChange"]

    def _over(self, event: AmiEvent) -> None:
        """An end during the look. Perhaps nobody has heard that he was answered before: all that his channel knew is
        told, and not his end alone."""
        session = self._session
        note = None
        if isinstance(event, Gone) and session is not None:
            note = read_note(event.note, self._clock)
        if note is None or note.seen.call in self._gone:
            self._follow(event)
        else:
            self._ended_meanwhile.append(note)

    def _devices_came(self, frames: list[Frame] | None) -> None:
        self._kept_back = [frame for frame in self._kept_back if frame.event != "DeviceStateChange"]
        self._phones.listed(read_devices(frames or ()))

    def _go_live(
        self,
        session: AmiSession,
        calls: list[SeenCall],
        attempts: list[SeenAttempt],
        missed: tuple[CallMissed, ...],
        spies: tuple[SpySeen, ...],
        *,
        rebooted: bool,
    ) -> None:
        ended = {note.seen.call: note for note in (*missed, *self._ended_meanwhile)}
        missed, self._ended_meanwhile = tuple(ended.values()), []
        # A channel whose end was told a moment ago may still stand in the list.
        calls = [call for call in calls if call.seen.call not in self._gone and call.seen.call not in ended]
        for call in calls:
            self._tracker.adopt(call.seen, call.legs)
        if self._calling_back is not None:
            self._calling_back.attempts.adopt(attempts)
        if self._spying is not None:
            self._spying.adopt(spies)
        self._told = {device: self._phones[device] for device in self._devices()}
        self._live = self._linked = True
        self._clock.all_known()
        self._link.state = LinkState.LIVE
        self.counters.sessions += 1
        seen = tuple(call.seen for call in calls)
        log.info("link to Asterisk", calls=len(seen), missed=len(missed), phones=len(self._told), rebooted=rebooted)
        alive = tuple(attempt.seen for attempt in attempts)
        self._tell(SwitchSeen(seen, missed, self._told.copy(), rebooted, alive, spies))
        kept, self._kept_back = self._kept_back, []
        for frame in kept:
            self._take(frame)
        for note in missed:
            self._remember_gone(note.seen.call)
        self._send_settings(session)

    # --- Events ---------------------------------------------------------------------------------------------------

    def _on_frame(self, frame: Frame) -> None:
        if self._live:
            self._take(frame)
        elif self._session is not None:
            # Before the look nothing counts: whatever it was, the look will show it.
            self._kept_back.append(frame)
            if len(self._kept_back) > MAX_KEPT_BACK:
                self._session.end(f"more than {MAX_KEPT_BACK} events while looking at what there is")

    def _take(self, frame: Frame) -> None:
        event = self._reader.read(frame)
        if event is None:
            return
        if not isinstance(event, DeviceState):
            self._follow(event)
        elif self._phones.change(event.device, event.state) and event.device in self._told:
            self._tell_phone(event.device)

    def _follow(self, event: AmiEvent) -> None:
        self._tracker.take(event)
        if self._calling_back is not None:
            self._calling_back.attempts.take(event)
        if self._spying is not None:
            self._spying.take(event)

    def _tell_phone(self, device: Device) -> None:
        state = self._told[device] = self._phones[device]
        self._tell(PhoneChanged(device, state))

    def _tell(self, fact: Fact) -> None:
        self.counters.facts += 1
        if isinstance(fact, CallGone):
            self._moving.discard(fact.call)
            self._in_queue.discard(fact.call)
            self._remember_gone(fact.call)
        elif isinstance(fact, ColleagueAnswered) and self._session is not None:
            # After a put through no dialplan runs that could say so: the next engine must find him there.
            self._session.tell(setvar("ACD_DEVICE", fact.device, fact.call))
            self._session.tell(setvar("ACD_OFFER", "", fact.call))
        self._inbox(fact)

    def _remember_gone(self, call: CallId) -> None:
        self._clock.forget(call)
        self._gone[call] = None
        if len(self._gone) > MAX_NOTES:
            del self._gone[next(iter(self._gone))]

    def _audited(self, frames: list[Frame] | None) -> None:
        if frames is None or not frames[0].success:
            return
        self._phones.listed(read_devices(frames))
        told, self._told = self._told, {}
        for device in dict.fromkeys(self._devices()):
            self.counters.phone_corrections += device in told and told[device] is not self._phones[device]
            self._tell_phone(device)

    # --- Commands -------------------------------------------------------------------------------------------------

    def _carry_out(self, session: AmiSession, command: c.Command) -> None:
        match command:
            case c.Offer():
                self._move(session, command.call, command, actions.offer(command))
            case c.Withdraw():
                self._move(session, command.call, command, actions.withdraw(command))
            case c.Deflect():
                self._move(session, command.call, command, actions.deflect(command))
            case c.Announce() | c.Reroute() | c.SetCrisis() | c.SetDraining():
                session.tell(actions.word(command))
            case c.AskCall():
                self._ask_call(session, command.call)
            case c.HangUpTalk() | c.SendOn():
                self._in_talk(session, command)
            case c.PauseRecording():
                pausing.pause(session, command, self._tell, self._clock)
            case c.SetAllowed() | c.SetLineOpen():
                self._settings_to_send.append(actions.setting(command))
                self._send_settings(session)
            case _:
                raise UnsafeValue(type(command).__name__, "no such command")

    def _refuse(self, command: c.Command, *, fit: bool = True, tried: bool = True) -> None:
        """An offer, or a call back, that did not go out is told so, after whatever is being handled now.

        Args:
            fit: it could go out another time.
            tried: Asterisk, or a Redirect under way, stood against it.
        """
        later = asyncio.get_running_loop().call_soon
        if isinstance(command, c.Offer):
            later(self._tell, OfferNotSent(command.call, command.offer, tried))
        elif isinstance(command, c.CallBack):
            later(self._tell, not_called(command.attempt, self._clock.now(), fit=fit))
        elif isinstance(command, c.Spy):
            later(self._tell, SpyOver(command.spy, self._clock.now(), SpyEnd.FAILED))
        elif isinstance(command, c.PauseRecording):
            later(self._tell, pausing.unchanged(command))

    def _move(self, session: AmiSession, call: CallId, command: c.Command, action: Action) -> None:
        """One Redirect. Never a second one before the first is answered (of two, any may win), and never for a caller
        who talks (it would hang up the operator), or to whom Asterisk may give an operator meanwhile."""
        if session.loop.time() - self._beaten_at > _LEASE:
            # Later: the engine is in the middle of its thoughts.
            session.loop.call_soon(session.end, f"no sign of life of ours has reached Asterisk for {_LEASE:g} s")
            self._not_moved(session, command, call, tried=False)
            return
        if call in self._moving or call in self._in_queue or self._tracker.talking(call):
            self._not_moved(session, command, call)
            return

        def answered(frames: list[Frame] | None) -> None:
            self._moving.discard(call)
            # Without an answer nobody knows; the session is over, and the next look will tell.
            if frames is not None and not frames[0].success:
                log.info("Asterisk did not move the caller", call=call, message=frames[0].message)
                self._not_moved(session, command, call)

        session.tell(action, answered)
        self._moving.add(call)

    def _in_talk(self, session: AmiSession, command: c.HangUpTalk | c.SendOn) -> None:
        """Only for who speaks: of all others a Redirect of ours may be under way."""
        leg = self._tracker.talking_leg(command.call)
        if leg is None or command.call in self._moving:
            return
        if isinstance(command, c.HangUpTalk):
            session.tell(actions.hang_up(leg))
            return

        def answered(frames: list[Frame] | None) -> None:
            self._moving.discard(command.call)
            if frames is not None and not frames[0].success:
                log.info("Asterisk did not send the caller on", call=command.call, message=frames[0].message)

        session.tell(actions.send_on(command), answered)
        self._moving.add(command.call)

    def _not_moved(self, session: AmiSession, command: c.Command, call: CallId, *, tried: bool = True) -> None:
        if isinstance(command, c.Offer):
            self._refuse(command, tried=tried)
        else:
            self._ask_call(session, call)

    def _ask_call(self, session: AmiSession, call: CallId) -> None:
        """Both questions go out in one write, so the two answers are of one moment, near enough: an offer that belongs
        to another state is stale, and the engine compares its number."""
        answers: list[Frame] = []

        def answered(frames: list[Frame] | None) -> None:
            if frames is not None:
                answers.append(frames[0])
            if len(answers) == 2 and not session.draining:
                found = _call_found(call, *answers)
                self._in_queue.discard(call)
                if found.where is CallWhereabouts.FALLBACK:
                    self._in_queue.add(call)
                    session.tell(actions.press(call))
                self._tell(found)

        session.tell(getvar("ACD_STATE", call), answered)
        session.tell(getvar("ACD_OFFER", call), answered)

    def _send_settings(self, session: AmiSession) -> None:
        while self._settings_to_send and self._settings_on_their_way < _AT_ONCE:
            self._settings_on_their_way += 1
            session.tell(self._settings_to_send.popleft(), self._setting_sent(session))

    def _setting_sent(self, session: AmiSession) -> Then:
        def answered(frames: list[Frame] | None) -> None:
            if frames is None:
                return
            self._settings_on_their_way -= 1
            if not frames[0].success:
                log.warning("Asterisk did not take a setting", message=frames[0].message)
            self._send_settings(session)

        return answered

    def _beat(self, session: AmiSession) -> None:
        sent_at = session.loop.time()

        def answered(frames: list[Frame] | None) -> None:
            if frames is not None and frames[0].success:
                self._beaten_at = sent_at

        session.tell(setvar("ACD_HB", str(int(self._clock.theirs(self._clock.now())))), answered)


def _call_found(call: CallId, state: Frame, offer: Frame) -> CallFound:
    """``No such channel`` is an error; a channel that never came to us has an empty state."""
    if not state.success:
        return CallFound(call, None)
    where = whereabouts(state.get("Value"))
    number = offer.get("Value")
    on_offer = where in (CallWhereabouts.RING, CallWhereabouts.TALK) and number.isdecimal()
    return CallFound(call, where, OfferId(int(number)) if on_offer else None)
