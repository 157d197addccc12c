"""A small honest switch to drive the engine with: callers, phones, Redirects that come late, are refused or get lost.

It keeps the truth (who spoke with whom, who left when) and tells facts as the adapter does: in order, but perhaps late,
and not at all while the link is down. What must never happen to a caller or a phone is judged here, from the truth.
"""

import heapq
import math
from collections import deque
from collections.abc import Callable, Iterable
from enum import StrEnum
from itertools import count
from typing import Final

from acd.engine.core import Engine
from acd.engine.state import ENGINE
from acd.model import commands as c
from acd.model import facts as f
from acd.model.call import CallState
from acd.model.callback import CallbackPlan
from acd.model.events import Event, OperatorWished
from acd.model.facts import CallWhereabouts as W
from acd.model.facts import OfferFailure, PhoneState
from acd.model.ids import CallId, Device, LineId, OfferId
from acd.model.operator import Wish
from acd.model.outcome import Outcome
from acd.model.policy import OverflowTo, Policy
from acd.records.entries import seal
from acd.records.projection import Picture
from tests.engine.house import T0, check_indexes, check_pairs
from tests.engine.keeper_model import Book, Keeper
from tests.engine.promise_switch import TURN, CallingBack, Dialogue, Try

RINGS_AFTER: Final = 0.1
PICKS_UP: Final = 2.0
TALKS: Final = 8.0
PARTNER_RINGS: Final = 20.0
MESSAGE: Final = 8.0
AUDIT: Final = 60.0
LINGER: Final = 0.05
"""Seconds of events that a killed process has not stored yet."""
NOTICED: Final = 6.0
"""Seconds after which the dialplan takes a silent engine for dead."""
STALE: Final = 6.0
"""Seconds of silence after which the adapter gives a session up."""

IN_LINE: Final = (W.WAIT, W.RING, W.FALLBACK, W.OFFER, W.BOOK, W.BOOKED)


class Fate(StrEnum):
    """What becomes of a Redirect."""

    PROMPT = "prompt"
    LATE = "late"
    VERY_LATE = "very_late"
    TOO_LATE = "too_late"
    """Later than the engine's patience: it may have rung that phone for somebody else."""
    REFUSED = "refused"
    LOST = "lost"


LATENESS: Final = {Fate.LATE: 0.3, Fate.VERY_LATE: 1.7, Fate.TOO_LATE: 2.6}


class Link(StrEnum):
    UP = "up"
    CUT = "cut"
    """Nothing comes through either way, and neither side has noticed."""
    DOWN = "down"


class Leg:
    def __init__(self, caller: "Caller", device: Device, offer: OfferId | None) -> None:
        self.caller = caller
        self.device = device
        self.offer = offer
        """None = rung by the switch's own Queue()."""
        self.in_time = False
        """The engine's, and carried out while it could reckon with it."""
        self.rings = False
        self.up = False


class Caller:
    def __init__(self, id: CallId, now: float, number: str | None) -> None:
        self.id = id
        self.number = number
        self.arrived_at = now
        self.where = W.MENU
        self.gone_at: float | None = None
        self.line: LineId | None = None
        self.entered_at: float | None = None
        self.offer: OfferId | None = None
        self.device: Device | None = None
        self.answered_at: float | None = None
        self.leg: Leg | None = None
        self.moves: list[Callable[[], None]] = []
        """Redirects that were accepted and not carried out yet."""
        self.truth: tuple[Outcome, float | None] | None = None
        """How it truly ended for him, and after how many seconds of waiting."""
        self.unknowable = False
        """Something that decides his outcome happened unseen and left no trace."""
        self.plan: CallbackPlan | None = None
        """``ACD_CB`` and what goes with it."""
        self.heard: CallbackPlan | None = None
        """What he is being asked about."""
        self.answer: bool | None = None
        """``ACD_CB_ANSWER``."""
        self.declined_at: float | None = None
        """``ACD_CB_DECLINED``."""
        self.step: object = None
        """Of the dialogue; what was to follow an earlier one does not."""
        self.willing = False
        """He accepts, when he has said nothing before."""
        self.accepted_at: float | None = None
        self.reminded = False
        """He was told of a promise that stood before this call."""
        self.confirmed = False
        """He heard that his promise stands."""


class Phone:
    def __init__(self, device: Device) -> None:
        self.device = device
        self.registered = True
        self.dead = False
        """Registered, but it never rings."""
        self.in_use = False
        """For something that is not ours."""
        self.picked_up_after: float | None = PICKS_UP
        """Seconds; None = nobody sits there."""
        self.leg: Leg | None = None
        self.attempt: Try | None = None
        """It is rung, or in a talk, to keep a promise."""
        self.shown = PhoneState.IDLE

    def state(self) -> PhoneState:
        if self.in_use or any(leg is not None and (leg.rings or leg.up) for leg in (self.leg, self.attempt)):
            return PhoneState.BUSY
        return PhoneState.IDLE if self.registered else PhoneState.UNREACHABLE

    def is_free(self) -> bool:
        return self.leg is None and self.attempt is None and not self.in_use

    def rung_in_time(self) -> bool:
        """It rings for something that the engine wanted, and wants still."""
        return any(leg is not None and leg.rings and not leg.up and leg.in_time for leg in (self.leg, self.attempt))


class ModelSwitch:
    """The switch, the wire to the engine, and the engine with its journal."""

    def __init__(self, policy: Policy, devices: Iterable[Device]) -> None:
        self.policy = policy
        self.reloaded = False
        self.now = T0
        self.callers: dict[CallId, Caller] = {}
        self.past: list[Caller] = []
        self.turned_away: set[CallId] = set()
        """Callers whom the engine told the switch to refuse; it counts them so from that moment."""
        self.phones = {device: Phone(device) for device in devices}
        self.watched: set[Device] = set()
        """Phones of which the adapter tells: those of the operators at the last look or audit."""
        self.allowed: set[Device] = set()
        """Phones that the fallback queue may ring."""
        self.notes: list[f.CallMissed] = []
        self.link = Link.DOWN
        self.linked_at = 0.0
        self.unnoticed_until = 0.0
        """Until then the dialplan does not know that the engine is away."""
        self.fates: deque[Fate] = deque()
        self.wire: deque[f.Fact] = deque()
        self.stalled_until = 0.0
        self.paused = False
        """It is not the wire that stalls, it is the engine's process: nor does it hear the clock."""
        self.told_talking: set[CallId] = set()
        self.picture = Picture()
        self.journal: list[Event] = []
        self.commands: list[c.Command] = []
        self._seq = 0
        self._appointments: list[tuple[float, int, Callable[[], None]]] = []
        self._number = count(1)
        self._delivering = False
        self.dialogue = Dialogue(self)
        self.calling = CallingBack(self)
        self.book = Book()
        self.killed_at = -math.inf
        self.engine = Engine(policy)
        self.keeper = Keeper(self, self.book)
        self.step(f.Restored((), ()))
        self.relink()
        self._audit()

    # --- Time ---------------------------------------------------------------------------------------------------

    def at(self, seconds: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._appointments, (self.now + seconds, next(self._number), act))

    def advance(self, seconds: float) -> None:
        until = self.now + seconds
        for _ in range(100_000):
            due = self.engine.due()
            mine = self._appointments[0][0] if self._appointments else math.inf
            wire = self.stalled_until if self.wire else math.inf
            if due is None:
                due = math.inf
            elif self.paused:
                due = max(due, self.stalled_until)
            at = min(mine, wire, due)
            if at > until:
                break
            self.now = max(self.now, at)
            if mine <= self.now:
                heapq.heappop(self._appointments)[2]()
            elif wire <= self.now:
                self.deliver()
            else:
                self.step(f.Tick())
        else:
            raise AssertionError("the engine wants a tick again and again")
        self.now = until

    # --- The wire -----------------------------------------------------------------------------------------------

    def tell(self, *facts: f.Fact) -> None:
        if self.link is Link.UP:
            self.wire.extend(facts)
            self.deliver()

    def hear(self, fact: f.Fact) -> None:
        """From the keeper, who lives in the engine's process."""
        if self.paused and self.now < self.stalled_until:
            self.at(self.stalled_until - self.now, lambda: self.hear(fact))
        else:
            self.step(fact)

    def deliver(self) -> None:
        if self._delivering or self.now < self.stalled_until:
            return
        self._delivering = True
        try:
            while self.wire:
                self.step(self.wire.popleft())
        finally:
            self._delivering = False

    def step(self, fact: f.Fact) -> None:
        """One step of the engine: its events into the journal, its commands to the switch."""
        self._note_what_it_knows(fact)
        done = self.engine.handle(fact, self.now)
        for event in done.events:
            self._seq += 1
            self.picture.fold(self._seq, seal(event))
            self.journal.append(event)
            self._blames_rightly(event, fact)
        self.keeper.listen(done.events)
        state = self.engine._state
        check_pairs(state)
        check_indexes(state)
        if state.linked:
            for lane in state.lanes.values():
                assert not (lane.waiting and lane.idle), f"{lane.line.id}: a caller waits beside an available operator"
        for command in done.commands:
            self.commands.append(command)
            if isinstance(command, c.PromiseCommand):
                self.keeper.send(command)
            elif self.link is Link.UP:
                self._take(command)
        self.deliver()
        if self.link is Link.UP and not self.wire:
            self._compare()

    def _blames_rightly(self, event: Event, fact: f.Fact) -> None:
        """Only what his own phone did to an offer, or to a call back, is held against an operator."""
        if isinstance(event, OperatorWished) and event.by == ENGINE and event.wish is not Wish.READY:
            failure = fact.how if isinstance(fact, f.OfferFailed) else getattr(fact, "failure", None)
            assert event.reason == failure, f"{event} because of {fact}"

    def _compare(self) -> None:
        """What the engine was told of those who talk is what it believes."""
        for id in self.told_talking:
            call, leg = self.engine._state.calls[id], self.callers[id].leg
            assert call.state is CallState.TALKING, f"{id} talks, and it was told"
            if leg is not None and not self.reloaded:
                assert call.operator is not None and call.operator.config.device == leg.device

    def _note_what_it_knows(self, fact: f.Fact) -> None:
        match fact:
            case f.OfferAnswered() | f.FallbackAnswered():
                self.told_talking.add(fact.call)
            case f.TalkEnded() | f.CallQueued() | f.CallGone():
                self.told_talking.discard(fact.call)
            case f.SwitchSeen():
                self.told_talking = {seen.call for seen in fact.calls if seen.where is W.TALK}
            case _:
                pass

    def _take(self, command: c.Command) -> None:
        match command:
            case c.Offer():
                phone, seconds = self.phones[command.device], command.ring_time
                sent_at = self.now

                def connect(caller: Caller) -> None:
                    in_time = self.now - sent_at <= LATENESS[Fate.VERY_LATE] and sent_at > self.linked_at
                    self._connect(caller, command.offer, phone, seconds, in_time=in_time)

                self._redirect(command, connect)
            case c.Withdraw():
                self._redirect(command, self._press)
            case c.Deflect():
                if command.to is OverflowTo.REFUSE:
                    self.turned_away.add(command.call)
                self._redirect(command, lambda caller: self._send_away(caller, command.to))
            case c.AskCall():
                self._find(command.call)
            case c.OfferCallback():
                self._put_plan(command)
            case c.AnswerBooking():
                self.dialogue.answer(command)
            case c.CallBack():
                self.calling.begin(command)
            case c.EndCallBack():
                self.calling.end(command.attempt)
            case c.SetAllowed():
                (self.allowed.add if command.allowed else self.allowed.discard)(command.device)
            case c.Announce():
                assert command.position is None or command.position >= 1
            case _:
                pass

    def _put_plan(self, command: c.OfferCallback) -> None:
        caller = self.callers.get(command.call)
        if caller is not None:
            caller.plan = command.plan
            caller.reminded |= command.plan.existing is not None
            self.at(TURN, lambda: self.dialogue.look(caller))

    def _redirect(self, command: c.Offer | c.Withdraw | c.Deflect, do: Callable[[Caller], None]) -> None:
        id = command.call
        assert id not in self.told_talking, f"{command} for a caller of whom it was told that he talks"
        caller = self.callers.get(id)
        fate = self.fates.popleft() if self.fates else Fate.PROMPT
        if caller is None or fate is Fate.REFUSED:
            self._refuse(command)
            return

        def move() -> None:
            if move in caller.moves:
                caller.moves.remove(move)
                if caller.gone_at is None:
                    # A talk that begins and is broken unseen leaves no trace.
                    caller.unknowable |= caller.where is W.TALK and self.link is not Link.UP
                    do(caller)

        earlier = list(caller.moves)
        if fate is Fate.LOST:
            return
        if fate is Fate.PROMPT:
            # Those before it run first.
            for other in earlier:
                other()
        elif earlier:
            # Of two that were accepted only the second may run.
            caller.moves.clear()
        caller.moves.append(move)
        if fate is Fate.PROMPT:
            move()
        else:
            self.at(LATENESS[fate], move)

    def _refuse(self, command: c.Offer | c.Withdraw | c.Deflect) -> None:
        if isinstance(command, c.Offer):
            self.tell(f.OfferNotSent(command.call, command.offer))
        else:
            self._find(command.call)

    def _find(self, id: CallId) -> None:
        caller = self.callers.get(id)
        if caller is None:
            self.tell(f.CallFound(id, None))
        else:
            self.tell(f.CallFound(id, caller.where, caller.offer if caller.where in (W.RING, W.TALK) else None))

    # --- Callers ------------------------------------------------------------------------------------------------

    def arrive(self, number: str | None = None) -> Caller:
        id = CallId(f"c{next(self._number)}")
        caller = self.callers[id] = Caller(id, self.now, number)
        self.tell(f.CallArrived(id, self.now, "3292101010", number))
        return caller

    def joins(self, id: CallId, line: LineId, number: str) -> None:
        """Who was called back, and found no operator."""
        caller = self.callers[id] = Caller(id, self.now, number)
        self.choose(caller, line)

    def choose(self, caller: Caller, line: LineId) -> None:
        """He joins a line, from the menu or because the operator sent him on."""
        if caller.truth is not None and self.link is not Link.UP:
            caller.unknowable = True
        caller.line, caller.entered_at, caller.declined_at = line, self.now, None
        self._queued(caller)

    def _queued(self, caller: Caller) -> None:
        assert caller.line is not None and caller.entered_at is not None
        caller.offer = caller.device = caller.answered_at = None
        caller.where = W.WAIT
        joined = caller.id, caller.line, caller.entered_at, caller.number
        self.tell(f.CallQueued(*joined, arrived_at=caller.arrived_at))
        self._turn(caller)

    def closed(self, caller: Caller, line: LineId) -> None:
        caller.where, caller.line = W.CLOSED, line
        self._settled(caller, Outcome.CLOSED, waited=False)
        self.tell(f.MenuEnded(caller.id, Outcome.CLOSED, line))

    def hang_up(self, caller: Caller) -> None:
        if caller.gone_at is not None:
            return
        if caller.leg is not None and not caller.leg.up:
            # Dial() ends first, then the hangup handler of the caller runs.
            self._end_leg(caller, caller.leg)
        where, leg = caller.where, caller.leg
        caller.gone_at = self.now
        self._settled(caller, self._lost_as(caller, where))
        del self.callers[caller.id]
        self.past.append(caller)
        if self.link is not Link.UP:
            if self.now >= self.unnoticed_until:
                self.notes.append(f.CallMissed(self._seen(caller), self.now))
            else:
                caller.unknowable = True
        self.tell(f.CallGone(caller.id, self.now, where is W.OVERFLOW))
        self._end_leg(caller, leg)

    def _lost_as(self, caller: Caller, where: W) -> Outcome:
        if where is W.MENU:
            return Outcome.LEFT_MENU
        if where is W.OVERFLOW:
            return Outcome.OVERFLOW_LOST
        return Outcome.ABANDONED_SHORT if self.now - (caller.entered_at or 0.0) < 10.0 else Outcome.ABANDONED

    def _settled(self, caller: Caller, outcome: Outcome, *, waited: bool = True) -> None:
        if caller.truth is None:
            waits = waited and caller.entered_at is not None
            caller.truth = (outcome, self.now - (caller.entered_at or 0.0) if waits else None)

    def _end_leg(self, caller: Caller, leg: Leg | None, *facts: f.Fact) -> None:
        """The operator's leg is gone; ``facts`` come before the phone's own word."""
        if leg is None:
            self.tell(*facts)
            return
        if caller.leg is leg:
            caller.leg = None
        self.phones[leg.device].leg = None
        if leg.up and caller.gone_at is None:
            facts = (f.TalkEnded(caller.id, self.now), *facts)
        self.tell(*facts)
        self.show(self.phones[leg.device])

    # --- What Redirects do --------------------------------------------------------------------------------------

    def _connect(self, caller: Caller, offer: OfferId, phone: Phone, ring_time: float, *, in_time: bool) -> None:
        self._end_leg(caller, caller.leg)
        caller.step = caller.plan = caller.heard = None
        caller.where, caller.offer, caller.device = W.RING, offer, phone.device
        if not phone.registered:
            self.fail(caller, OfferFailure.UNREACHABLE)
            return
        if not phone.is_free():
            assert not (in_time and phone.rung_in_time()), f"{phone.device} is rung twice at once"
            self.fail(caller, OfferFailure.BUSY)
            return
        leg = caller.leg = phone.leg = Leg(caller, phone.device, offer)
        leg.in_time = in_time
        self.tell(f.OfferDialled(caller.id, offer))
        self.at(RINGS_AFTER, lambda: self.ring(leg))
        self.at(math.ceil(ring_time), lambda: self._rang_in_vain(leg))

    def ring(self, leg: Leg) -> None:
        phone = self.phones[leg.device]
        if phone.leg is leg and not leg.rings and not phone.dead:
            leg.rings = True
            if leg.offer is not None:
                self.tell(f.OfferRinging(leg.caller.id, leg.offer))
            self.show(phone)
            if phone.picked_up_after is not None:
                self.at(phone.picked_up_after, lambda: self.answer(leg))

    def _rang_in_vain(self, leg: Leg) -> None:
        if leg.caller.leg is leg and not leg.up:
            self.fail(leg.caller, OfferFailure.RING_NO_ANSWER if leg.rings else OfferFailure.DEAD)

    def fail(self, caller: Caller, how: OfferFailure) -> None:
        """The offer came to nothing: he is back with the music."""
        offer = caller.offer
        assert offer is not None and caller.where is W.RING
        caller.where = W.WAIT
        self._end_leg(caller, caller.leg, f.OfferFailed(caller.id, offer, how))
        self._turn(caller)

    def _press(self, caller: Caller) -> None:
        """The key by which an offer is withdrawn: it is heeded only while the phone rings."""
        if caller.where is W.RING:
            self.fail(caller, OfferFailure.LOST)

    def _send_away(self, caller: Caller, to: OverflowTo) -> None:
        self._end_leg(caller, caller.leg)
        caller.step = None
        if to is OverflowTo.PARTNER:
            caller.where = W.OVERFLOW
            self.at(PARTNER_RINGS, lambda: self.partner_fails(caller))
            return
        caller.where = W.REFUSED
        self._settled(caller, Outcome.REFUSED)
        self.at(MESSAGE, lambda: self._hang_up_from(caller, W.REFUSED))

    # --- People -------------------------------------------------------------------------------------------------

    def answer(self, leg: Leg) -> None:
        caller = leg.caller
        if caller.leg is not leg or leg.up:
            return
        leg.up = True
        caller.where, caller.answered_at, caller.device = W.TALK, self.now, leg.device
        self._settled(caller, Outcome.ANSWERED)
        if leg.offer is None:
            self.tell(f.FallbackAnswered(caller.id, leg.device, self.now))
        else:
            self.tell(f.OfferAnswered(caller.id, leg.offer, self.now))
        self.show(self.phones[leg.device])
        self.at(TALKS, lambda: self.operator_hangs_up(caller, leg))

    def operator_hangs_up(self, caller: Caller, leg: Leg) -> None:
        if caller.leg is leg and leg.up:
            caller.where = W.AFTER
            self._end_leg(caller, leg)
            self.at(0.002, lambda: self._hang_up_from(caller, W.AFTER))

    def _hang_up_from(self, caller: Caller, where: W) -> None:
        if caller.where is where:
            self.hang_up(caller)

    def transfer(self, caller: Caller, line: LineId) -> None:
        """SIP REFER to another line."""
        caller.where = W.AFTER
        self._end_leg(caller, caller.leg)
        self.choose(caller, line)

    def partner_answers(self, caller: Caller) -> None:
        if caller.where is W.OVERFLOW and caller.gone_at is None:
            caller.where, caller.answered_at = W.PARTNER, self.now
            self._settled(caller, Outcome.OVERFLOW_ANSWERED)
            self.tell(f.OverflowAnswered(caller.id, self.now))

    def partner_fails(self, caller: Caller) -> None:
        if caller.where is W.OVERFLOW and caller.gone_at is None:
            caller.where = W.WAIT
            self.tell(f.OverflowFailed(caller.id))
            self._turn(caller)

    def show(self, phone: Phone) -> None:
        """Asterisk says what the phone's state is when it has changed."""
        if phone.state() is not phone.shown:
            phone.shown = phone.state()
            if phone.device in self.watched:
                self.tell(f.PhoneChanged(phone.device, phone.shown))

    def _audit(self) -> None:
        self.at(AUDIT, self._audit)
        if self.link is Link.UP:
            for device in self._watch():
                self.tell(f.PhoneChanged(device, self.phones[device].shown))

    def _watch(self) -> list[Device]:
        devices = [operator.device for operator in self.policy.operators.values()]
        self.watched = set(devices)
        return devices

    def reload(self, policy: Policy) -> None:
        self.policy, self.reloaded = policy, True
        self.step(f.PolicyChanged(policy))

    # --- Without the engine -------------------------------------------------------------------------------------

    def _turn(self, caller: Caller) -> None:
        """The waiting loop: is the engine away, or has he something to hear?"""
        if caller.where is not W.WAIT or caller.gone_at is not None:
            return
        self.at(TURN, lambda: self.dialogue.look(caller))
        if self.away():
            caller.where, caller.plan = W.FALLBACK, None
        elif self.link is not Link.UP:
            self.at(self.unnoticed_until - self.now, lambda: self._turn(caller))

    def is_up(self) -> bool:
        return self.link is Link.UP

    def away(self) -> bool:
        """As far as the dialplan has noticed."""
        return self.link is not Link.UP and self.now >= self.unnoticed_until

    def queue_rings(self, caller: Caller, phone: Phone) -> None:
        """Asterisk's own Queue() rings a member."""
        leg = caller.leg = phone.leg = Leg(caller, phone.device, None)
        self.ring(leg)
        self.at(15.0, lambda: self._queue_rang_in_vain(leg))

    def _queue_rang_in_vain(self, leg: Leg) -> None:
        if leg.caller.leg is leg and not leg.up:
            self._end_leg(leg.caller, leg)

    # --- The link -----------------------------------------------------------------------------------------------

    def cut(self) -> None:
        """Facts and commands vanish; the adapter notices after a while."""
        self._blind(NOTICED)
        self.link = Link.CUT
        self.at(STALE, self._notice_cut)

    def _notice_cut(self) -> None:
        if self.link is Link.CUT:
            self.link = Link.DOWN
            self.step(f.LinkLost("silence"))

    def close(self) -> None:
        self._blind(0.0)
        self.link = Link.DOWN
        self.step(f.LinkLost("closed"))

    def _blind(self, unnoticed: float) -> None:
        lost = {getattr(fact, "call", None) for fact in self.wire}
        for caller in (*self.callers.values(), *self.past):
            caller.unknowable |= caller.id in lost and (caller.gone_at is not None or caller.truth is not None)
        self.wire.clear()
        self.stalled_until = 0.0
        self.unnoticed_until = self.now + unnoticed
        for caller in self.callers.values():
            self.at(unnoticed, lambda caller=caller: self._turn(caller))  # type: ignore[misc]

    def relink(self, *, rebooted: bool = False) -> None:
        if self.link is Link.CUT:
            self._notice_cut()
        self.link, self.linked_at = Link.UP, self.now
        self.calling.new_session()
        notes, self.notes = tuple(self.notes), []
        phones = {device: self.phones[device].shown for device in self._watch()}
        seen = tuple(self._seen(caller) for caller in self.callers.values())
        self.wire.append(f.SwitchSeen(seen, notes, phones, rebooted, self.calling.seen()))
        self.deliver()

    def _seen(self, caller: Caller) -> f.CallSeen:
        return f.CallSeen(
            call=caller.id,
            where=caller.where,
            arrived_at=caller.arrived_at,
            line=caller.line,
            number=caller.number,
            entered_at=caller.entered_at,
            offer=caller.offer,
            device=caller.device,
            answered_at=caller.answered_at,
            dialled=caller.leg is not None and caller.leg.offer is not None,
            declined_at=caller.declined_at,
        )

    def kill(self) -> None:
        """The engine is killed outright, and started again with what the records kept."""
        for caller in list(self.callers.values()):
            for move in list(caller.moves):
                # Nothing is on its way for longer than a start takes.
                self.at(0.4, move)
        self._blind(0.0)
        self.link = Link.DOWN
        self.told_talking.clear()
        stored = [event for event in self.journal if event.at <= self.now - LINGER]
        lost = {getattr(event, "call", None) for event in self.journal[len(stored) :]}
        for caller in (*self.callers.values(), *self.past):
            # Only the events that are lost now knew it, and his channel tells nothing any more.
            caller.unknowable |= caller.id in lost and (caller.gone_at is not None or caller.where in IN_LINE)
            # He hung up while his promise was being written, and the engine waited to hear what became of it.
            caller.unknowable |= caller.gone_at is not None and caller.id in self.engine._state.calls
        self.journal = stored
        self.picture = Picture()
        for seq, event in enumerate(self.journal):
            self.picture.fold(seq, seal(event))
        offers = [command.offer for command in self.commands if isinstance(command, c.Offer)]
        offers += [command.attempt for command in self.commands if isinstance(command, c.ClaimCallback)]
        self.engine = Engine(self.policy, first_offer=OfferId(max(offers, default=0) + 1))
        self.killed_at = self.now
        self.keeper.dead = True
        mode, self.keeper = self.keeper.mode, Keeper(self, self.book)
        self.keeper.mode = mode
        self.step(self._restored())

    def _restored(self) -> f.Restored:
        wishes = {event.operator: event for event in self.journal if isinstance(event, OperatorWished)}
        operators = tuple(
            f.OperatorStored(id, w.wish is not Wish.OUT, w.reason if w.wish is Wish.NOT_READY else None, w.at, w.by)
            for id, w in wishes.items()
        )
        outcomes = {id: row.outcome for id, row in self.picture.outcomes.items()}
        calls = tuple(
            f.CallStored(
                CallId(row.call),
                row.arrived_at,
                None if row.line is None else LineId(row.line),
                row.entered_at,
                outcomes.get(row.call),
            )
            for row in self.picture.calls.values()
            if row.ended_at is None
        )
        return f.Restored(operators, calls, attempts=tuple(self.book.under_way()))

    def reboot(self) -> None:
        """Asterisk is killed and starts again: no call is left, no note, no heartbeat."""
        if self.link is Link.UP:
            self.close()
        for caller in list(self.callers.values()):
            caller.gone_at = self.now
            known = self.engine._state.calls.get(caller.id)
            caller.unknowable |= known is None or (caller.truth is not None and known.outcome is None)
            caller.truth = caller.truth or (Outcome.SWITCH_FAILURE, None)
            caller.leg = None
            self.past.append(caller)
        for note in self.notes:
            next(caller for caller in self.past if caller.id == note.seen.call).unknowable = True
        self.callers.clear()
        self.calling.forget()
        self.notes.clear()
        self.unnoticed_until = self.now
        for phone in self.phones.values():
            phone.leg, phone.shown = None, PhoneState.IDLE
            phone.shown = phone.state()

    # --- To choose from -----------------------------------------------------------------------------------------

    def at_place(self, *places: W) -> list[Caller]:
        return [caller for caller in self.callers.values() if caller.where in places]

    def ringing(self) -> list[Leg]:
        return [phone.leg for phone in self.phones.values() if phone.leg is not None and not phone.leg.up]

    def free_members(self, caller: Caller) -> Iterable[Phone]:
        skilled = {o.device for o in self.policy.operators.values() if caller.line in o.lines}
        for device, phone in self.phones.items():
            if device in skilled & self.allowed and phone.registered and phone.state() is PhoneState.IDLE:
                yield phone
