"""Takes the engine's place: the same facts in, the same commands and events out."""

from collections.abc import Callable, Iterable
from heapq import heappop, heappush
from random import Random
from typing import Any

from acd.engine import callers, desks
from acd.engine.core import CALL_TIMERS, HANDLERS, Handler, Step
from acd.engine.people import Call, Desk
from acd.engine.settle import make_offer
from acd.engine.state import ENGINE, State, Timed, TimerKind
from acd.model import events as e
from acd.model import facts as f
from acd.model.call import CallMove, CallState
from acd.model.commands import Announce
from acd.model.facts import OfferFailure
from acd.model.ids import CallId, LineId, OperatorId
from acd.model.operator import OperatorMove, OperatorState, Wish
from acd.model.policy import OverflowTo, Policy
from sim.app_queue.queue import Entry, Member, Queue
from sim.app_queue.settings import AS_GENERATED, Settings, in_whole_seconds

LINE_RULE = "app_queue"
_IN_VAIN = (OfferFailure.RING_NO_ANSWER, OfferFailure.LOST, None)
"""Ends a try; whatever else a phone does is followed by the next member."""
_OPERATOR_ACTIONS = (f.OperatorLoggedIn, f.OperatorLoggedOut, f.OperatorReady, f.OperatorNotReady)
_NEVER_TOLD = (f.PolicyChanged, f.Restored, f.LinkLost)
"""No reload, and no link that could break: Asterisk is one with its queues."""


def _queues(state: State, settings: Settings) -> Iterable[Queue]:
    """One a line, with its operators in the order of the configuration."""
    random = Random(settings.seed)
    for line in state.policy.lines.values():
        yield Queue(line, [desk for desk in state.desks.values() if line.id in desk.config.lines], settings, random)


class AppQueue:
    """Asterisk's own ``Queue()`` as a router, see :mod:`sim.app_queue`.

    Looks of callers whose turn it is not change nothing, so they are not carried out: the next look that counts is
    planned anew whenever a queue or one of its members has changed.

    Args:
        policy: the city's settings.
        settings: what ``queues.conf`` says of all queues.
    """

    def __init__(self, policy: Policy, settings: Settings = AS_GENERATED) -> None:
        self.policy = policy
        self._settings = settings
        self._state = state = State(in_whole_seconds(policy), 1)
        self._queues = {queue.line: queue for queue in _queues(state, settings)}
        self._of: dict[OperatorId, list[tuple[Queue, Member]]] = {id: [] for id in state.desks}
        for queue in self._queues.values():
            for member in queue.members:
                self._of[member.desk.id].append((queue, member))
        self._wrapuptimes = {id: {queue.wrapuptime for queue, _ in of} - {0} for id, of in self._of.items()}
        self._entries: dict[CallId, Entry] = {}
        self._talking: dict[CallId, Queue] = {}
        self._agenda: list[tuple[float, int, Entry | Desk, int]] = []
        self._number = 0
        self._changed: dict[LineId, Queue] = {}
        self._taken_in = 0
        self._handlers: dict[type[f.Fact], Handler] = {
            **{fact: handler for fact, handler in HANDLERS.items() if fact not in _NEVER_TOLD},
            **dict.fromkeys(_OPERATOR_ACTIONS, self._operator_acts),
            f.PhoneChanged: self._phone_changes,
            f.OfferFailed: self._offer_failed,
        }
        self._timers = {**CALL_TIMERS, TimerKind.ANNOUNCE: self._announce}
        self._fold: dict[type[e.Event], Callable[[Any], None]] = {
            e.CallAnswered: self._answered,
            e.CallDeflected: self._left,
            e.CallEnded: self._left,
            e.OfferEnded: self._offer_ended,
            e.TalkFinished: self._talked,
            e.OperatorChanged: self._operator_changed,
        }

    def handle(self, fact: f.Fact, now: float) -> Step:
        """Take in one fact.

        Args:
            fact: what happened in the switch or at an operator's desk.
            now: seconds since the epoch; a value before the previous one counts as the previous one.
        """
        state = self._state
        state.now = max(state.now, now)
        state.commands, state.events = [], []
        self._taken_in = 0
        while (timer := state.pop_due(state.now)) is not None:
            self._run_timer(*timer)
            self._settle()
        if type(fact) is not f.Tick:
            self._handlers[type(fact)](state, fact)
        self._settle()
        return Step(state.commands, state.events)

    def due(self) -> float | None:
        """When a ``Tick`` is wanted, seconds since the epoch; None = nothing is pending."""
        timer, look = self._state.due(), self._next_on_agenda()
        if timer is None or look is None:
            return look if timer is None else timer
        return min(timer, look)

    def _run_timer(self, _at: float, kind: TimerKind, what: Timed) -> None:
        if isinstance(what, Call):
            self._timers[kind](self._state, what)
        elif kind is TimerKind.WRAP_UP_ENDS and isinstance(what, Desk):
            desks.end_wrap_up(self._state, what, ENGINE)
        elif isinstance(what, Desk):
            desks.back_by_itself(self._state, what)

    # --- From facts to looks ------------------------------------------------------------------------------------------

    def _settle(self) -> None:
        """Let all looks happen that are due, until nothing more follows from them."""
        now = self._state.now
        while True:
            self._take_in()
            if self._changed:
                self._plan()
            due = self._next_on_agenda()
            if due is None or due > now:
                return
            what = heappop(self._agenda)[2]
            if isinstance(what, Desk):
                self._touch(what)
            else:
                self._look(what)

    def _take_in(self) -> None:
        """What the events of this step mean for the queues."""
        state, fold = self._state, self._fold
        events = state.events
        while self._taken_in < len(events):
            event = events[self._taken_in]
            self._taken_in += 1
            take = fold.get(type(event))
            if take is not None:
                take(event)
        if state.joined:
            joined, state.joined = state.joined, []
            for call in joined:
                if call.state is CallState.WAITING:
                    self._waits(call)

    def _plan(self) -> None:
        """The next look that counts, of each queue in which something changed."""
        now = self._state.now
        for queue in self._changed.values():
            queue.plan += 1
            looks = [(entry.next_look(now), entry.number, entry) for entry in self._who_would_act(queue)]
            if looks:
                at, _, entry = min(looks, key=lambda look: look[:2])
                self._put(at, entry, queue.plan)
        self._changed.clear()

    def _who_would_act(self, queue: Queue) -> Iterable[Entry]:
        if self._settings.leave_when_empty and not self._state.lanes[queue.line].logged_in:
            return (entry for entry in queue.entries if not entry.pending)
        return queue.in_turn(int(self._state.now))

    def _touch(self, desk: Desk | None) -> None:
        """Something about this operator changed."""
        if desk is not None:
            for queue, _ in self._of[desk.id]:
                if queue.entries:
                    self._changed[queue.line] = queue

    def _put(self, at: float, what: Entry | Desk, plan: int) -> None:
        self._number += 1
        heappush(self._agenda, (at, self._number, what, plan))

    def _next_on_agenda(self) -> float | None:
        agenda = self._agenda
        while agenda:
            at, _, what, plan = agenda[0]
            if isinstance(what, Desk) or what.queue.plan == plan:
                return at
            heappop(agenda)
        return None

    # --- A caller's thread --------------------------------------------------------------------------------------------

    def _waits(self, call: Call) -> None:
        """He joins his queue, or a phone has failed that rang for him."""
        assert call.line is not None
        entry = self._entries.get(call.id)
        if entry is None:
            queue = self._queues[call.line.id]
            self._number += 1
            entry = self._entries[call.id] = Entry(queue, call, self._number, self._state.now)
            queue.entries.append(entry)
            self._changed[queue.line] = queue
        elif entry.how in _IN_VAIN:
            self._give_up(entry)
        else:
            self._ring_next(entry)
        if call.state is CallState.WAITING:
            self._arm(call)

    def _look(self, entry: Entry) -> None:
        """He looks, and acts: he leaves an empty queue, or it is his turn to ring."""
        state, queue, call = self._state, entry.queue, entry.call
        self._changed[queue.line] = queue
        if self._settings.leave_when_empty and not state.lanes[queue.line].logged_in:
            assert call.line is not None
            to = call.line.when_unstaffed
            callers.deflect(state, call, OverflowTo.REFUSE if to is OverflowTo.WAIT else to, "unstaffed")
            return
        queue.begin(entry, int(state.now))
        self._ring_next(entry)

    def _ring_next(self, entry: Entry) -> None:
        """The best member who may be rung; nobody: sleep."""
        while entry.untried:
            member = entry.untried.pop()[2]
            if self._may_ring(entry.queue, member):
                self._ring(entry, member.desk)
                return
        self._give_up(entry)

    def _may_ring(self, queue: Queue, member: Member) -> bool:
        second = int(self._state.now)
        return member.free and member.rested(queue, second) and not self._outweighed(queue, member, second)

    def _outweighed(self, queue: Queue, member: Member, second: int) -> bool:
        """A heavier queue has as many callers as free members, and he is one of them."""
        return any(
            other.weight > queue.weight and other.entries and len(other.entries) >= other.available(second)
            for other, _ in self._of[member.desk.id]
        )

    def _ring(self, entry: Entry, desk: Desk) -> None:
        state = self._state
        reasons = self._why(entry, desk)
        if desk.state is OperatorState.WRAP_UP:
            desks.end_wrap_up(state, desk, ENGINE)
        make_offer(state, entry.call, desk, reasons)

    def _give_up(self, entry: Entry) -> None:
        """The try is over; he keeps his place and sleeps."""
        entry.queue.end(entry)
        entry.looks_at = self._state.now + self._settings.sleep
        self._changed[entry.queue.line] = entry.queue

    def _why(self, entry: Entry, desk: Desk) -> e.Why:
        state, queue = self._state, entry.queue
        waited = state.now - entry.call.entered_at
        waiting = len(state.lanes[queue.line].waiting)
        return e.Why(
            line_rule=LINE_RULE,
            waited=waited,
            aged=waited,
            waiting=waiting,
            queue_share=waiting / state.total_waiting,
            line_share=0.0,
            operator_rule=self._settings.strategy.value,
            level=desk.level(queue.line),
            skills=desk.skills,
            idle=state.now - desk.since,
            candidates=queue.available(int(state.now)),
        )

    # --- What the events mean -----------------------------------------------------------------------------------------

    def _answered(self, event: e.CallAnswered) -> None:
        entry = self._entries.pop(event.call, None)
        if entry is not None:
            entry.queue.answered(entry, int(event.at))
            self._talking[event.call] = self._changed[entry.queue.line] = entry.queue

    def _left(self, event: e.CallDeflected | e.CallEnded) -> None:
        entry = self._entries.pop(event.call, None)
        if entry is not None:
            entry.queue.abandoned(entry)
            self._changed[entry.queue.line] = entry.queue

    def _offer_ended(self, event: e.OfferEnded) -> None:
        entry = self._entries.get(event.call)
        if entry is not None:
            entry.how = event.how

    def _talked(self, event: e.TalkFinished) -> None:
        """The operator's wrap-up begins: on whole seconds, and for each queue by its own rule."""
        called = self._talking.pop(event.call, None)
        if event.operator is None or called is None:
            return
        second, desk = int(event.at), self._state.desks[event.operator]
        for queue, member in self._of[desk.id]:
            if self._settings.shared_lastcall or queue is called:
                queue.talked(member, second, called)
        if desk.state is OperatorState.WRAP_UP:
            self._state.set_timer(second + called.wrapuptime, TimerKind.WRAP_UP_ENDS, desk)
        for wrapuptime in self._wrapuptimes[desk.id]:
            if wrapuptime != called.wrapuptime:
                self._put(second + wrapuptime, desk, 0)

    def _operator_changed(self, event: e.OperatorChanged) -> None:
        self._touch(self._state.desks[event.operator])

    # --- What is told to the queues beside the events -----------------------------------------------------------------

    def _operator_acts(self, state: State, fact: f.OperatorAction) -> None:
        HANDLERS[type(fact)](state, fact)
        self._touch(state.desks.get(fact.operator))

    def _phone_changes(self, state: State, fact: f.PhoneChanged) -> None:
        desks.phone_changed(state, fact)
        self._touch(state.by_device.get(fact.device))

    def _offer_failed(self, state: State, fact: f.OfferFailed) -> None:
        """Unlike the engine, Asterisk draws no conclusion about the operator."""
        call = state.calls.get(fact.call)
        if call is None or call.offer != fact.offer or call.state not in callers.ON_OFFER:
            return
        desk = call.operator
        assert desk is not None
        call.operator = None
        state.events.append(e.OfferEnded(state.now, call.id, desk.id, call.offer, fact.how))
        if self._settings.autopause and desk.wish is Wish.READY:
            desks.wish(state, desk, Wish.NOT_READY, fact.how.value, ENGINE)
        desks.free(state, desk, OperatorMove.OFFER_ENDED)
        state.move_call(call, CallMove.OFFER_FAILED)

    # --- While waiting ------------------------------------------------------------------------------------------------

    def _arm(self, call: Call) -> None:
        """When he is sent to the partner, and when he hears something."""
        assert call.line is not None
        state, line = self._state, call.line
        if line.overflow_after > 0 and not call.overflowed:
            state.set_timer(max(state.now, call.entered_at + line.overflow_after), TimerKind.OVERFLOW, call)
        if line.announcements.first > 0:
            self._arm_announcement(call)

    def _arm_announcement(self, call: Call) -> None:
        assert call.line is not None
        wanted = call.line.announcements
        at = callers.next_moment(call.entered_at, wanted.first, wanted.every, self._state.now)
        if at is not None:
            self._state.set_timer(at, TimerKind.ANNOUNCE, call)

    def _announce(self, state: State, call: Call) -> None:
        """Position, and the queue's hold time less the time waited, to the minute: past the mean it rises again."""
        assert call.line is not None
        entry, wanted = self._entries[call.id], call.line.announcements
        minutes = abs(entry.queue.holdtime + 30 - (int(state.now) - entry.start)) // 60
        position = entry.queue.entries.index(entry) + 1 if wanted.position else None
        wait = (minutes, minutes) if wanted.wait and minutes else None
        if position is not None or wait is not None:
            state.commands.append(Announce(call.id, position, wait))
            state.events.append(e.CallAnnounced(state.now, call.id, position, wait))
        self._arm_announcement(call)
