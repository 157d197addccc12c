"""What the engine remembers between two facts, and the only functions that change it.

Everything is indexed twice: by name, and by what the choice needs (who waits on a line, who is idle for it). Both
indexes change in the same function as the state itself, so they cannot drift apart.
"""

from bisect import bisect_left, insort
from collections.abc import Mapping
from enum import IntEnum
from heapq import heappop, heappush
from itertools import islice
from typing import Final

import msgspec

from acd.engine.people import Absence, Call, Desk, Lane, Lent, Spying
from acd.engine.promise import Attempt, Dues
from acd.model.call import CallMove, CallState, next_call_state
from acd.model.commands import Command, DropPlan
from acd.model.events import Event, OperatorChanged
from acd.model.facts import PhoneState
from acd.model.ids import CallId, Device, LineId, OfferId, OperatorId, ServerId, SpyId
from acd.model.operator import RESTING, OperatorMove, OperatorState, Wish, next_operator_state
from acd.model.outcome import Outcome
from acd.model.policy import Line, Operator, Policy
from acd.model.supervision import LineStored
from acd.routing.choice import shares
from acd.routing.estimate import overlaps

ENDED_REMEMBERED: Final = 10_000
"""Ended calls kept in mind: more than any switch can have left unsaid over a broken link."""

_FORGOTTEN_TOGETHER: Final = 1000
"""So many of them at a time: each alone would be as dear as all together."""

LENT_LEVEL: Final = 2
"""Level of an operator on a line that a supervisor gave him: those whose own line it is come first among the idle."""

ENGINE: Final = "engine"
"""Who did it, when it followed from a call."""
AT_LIMIT: Final = "engine at limit"
"""Who made an operator not ready that has missed too many calls: until he says otherwise."""

# Python 3.11 takes its time over finding the member of an enum: those that every call needs are found once, here and
# in the other modules of the engine.
_WAITING: Final = CallState.WAITING
_CHECKING: Final = CallState.CHECKING
_AVAILABLE: Final = OperatorState.AVAILABLE
_NOT_READY: Final = OperatorState.NOT_READY
_UNREACHABLE: Final = OperatorState.UNREACHABLE
_READY: Final = Wish.READY

# Compiled code looks the name of a foreign function or class up at each use, but not a constant.
_push: Final = heappush
_pop: Final = heappop
_bisect: Final = bisect_left
_insort: Final = insort
_CHANGED: Final = OperatorChanged


class TimerKind(IntEnum):
    WRAP_UP_ENDS = 1
    BACK_BY_ITSELF = 2
    CONFIRM_OFFER = 3
    EXPECT_RINGING = 4
    GIVE_UP_OFFER = 5
    ANNOUNCE = 6
    OVERFLOW = 7
    CHECK_CALL = 8
    CALLBACK = 9
    BOOKING_OVERDUE = 10
    ATTEMPT_SILENT = 11
    LOOK_AT_DUES = 12
    LINES_OVER = 13
    ABSENT_TOO_LONG = 14


Timed = Call | Desk | Attempt | Dues | Lent | Absence
"""What a timer can be set for."""

PLAN_KEPT: Final = (
    CallState.WAITING,
    CallState.OFFERED,
    CallState.RINGING,
    CallState.CHECKING,
    CallState.BOOKING,
)
"""While he is so, he may still need the plan that the keeper made for him."""


class State:
    """The engine's memory and its two outboxes."""

    def __init__(self, policy: Policy, first_offer: int) -> None:
        self.now = 0.0
        self.linked = False
        """At least one server can be seen."""
        self.watching = False
        """All of them can: no gap in the records is open."""
        self.blind: set[ServerId] = set()
        """Of several servers those that cannot be seen."""
        self.crisis: str | None = None
        self.draining = False
        self.commands: list[Command] = []
        self.events: list[Event] = []
        self.calls: dict[CallId, Call] = {}
        self.ended: dict[CallId, Outcome] = {}
        """The last calls that ended: whatever is still said of them is late and counts no more."""
        self.ended_at: dict[CallId, float] = {}
        """When that was told. Beside the outcome: the collector of garbage would walk through pairs."""
        self.desks: dict[OperatorId, Desk] = {}
        self.by_device: dict[Device, Desk] = {}
        self.lanes: dict[LineId, Lane] = {}
        self.total_waiting = 0
        self.unsettled = False
        """Something changed that may allow an offer."""
        self.joined: list[Call] = []
        """Calls that began to wait in this step; their timers are set when they still wait at its end."""
        self.bookings: dict[CallId, LineId] = {}
        """Promises that are being written: the keeper has not answered. Also of callers who are gone."""
        self.dues = Dues()
        self.attempts: dict[OfferId, Attempt] = {}
        self.given_up: set[OfferId] = set()
        """Attempts that ended without a word of the switch: if they are alive after all, they must not go on."""
        self.switched: dict[LineId, LineStored] = {}
        """Lines that are open or closed whatever their hours say."""
        self.spies: dict[SpyId, Spying] = {}
        self.forecast: Mapping[LineId, float] = {}
        """Callers expected on each line in this half-hour; empty until it is told."""
        self.first_offer = self._next_offer = first_offer
        self._timers: list[tuple[float, int, TimerKind, Timed, int]] = []
        self._timer_count = 0
        self.policy = policy
        self.adopt_policy(policy)

    # --- Settings ---------------------------------------------------------------------------------------------

    def line(self, id: LineId) -> Line:
        """The settings of a line. One that they do not know (the dialplan is newer, or older) has the defaults and no
        operators, until the settings are loaded again: its callers are seen and kept, whatever it is."""
        return self.policy.lines.get(id) or Line(id, {})

    def lane(self, line: Line) -> Lane:
        lane = self.lanes.get(line.id)
        if lane is None:
            lane = self.lanes[line.id] = Lane(line)
        return lane

    def adopt_policy(self, policy: Policy) -> None:
        """Take new settings. Calls keep the ``Line`` they entered with; operators at work finish it."""
        self.policy, self.routing = policy, policy.routing
        for line in policy.lines.values():
            lane = self.lanes.get(line.id)
            if lane is None:
                self.lanes[line.id] = Lane(line)
            else:
                lane.line = line
        used = {call.line.id for call in self.calls.values() if call.line is not None}
        for id in self.lanes.keys() - policy.lines.keys() - used:
            del self.lanes[id]
        self._adopt_operators(policy)
        self.set_shares()
        self._index_lines()

    def adopt_lines(self, desk: Desk) -> None:
        """A supervisor gave this operator other lines, or took them back."""
        self._adopt(desk, self.policy.operators[desk.id])
        self._index_lines()

    def _adopt(self, desk: Desk, config: Operator) -> None:
        now = self._with_lent_lines(config, desk)
        desk.config = self._with_old_lines(now, desk.config)
        desk.levels, desk.skills = desk.config.lines, len(now.lines)

    def _index_lines(self) -> None:
        """Who serves what is other than it was."""
        self.overlap = overlaps(self.desks[id].config.lines for id in self.policy.operators)
        self.reindex()

    def set_shares(self) -> None:
        """p_k of each line, by the calls that this half-hour is expected to bring."""
        lines = self.policy.lines
        known = lines.keys() <= self.forecast.keys()
        calls = self.forecast if known else {line.id: line.calls_per_day for line in lines.values()}
        for lane in self.lanes.values():
            lane.share = 0.0
        for id, share in shares((line.id, calls[line.id] * line.target_wait) for line in lines.values()).items():
            self.lanes[id].share = share

    def _adopt_operators(self, policy: Policy) -> None:
        for config in policy.operators.values():
            desk = self.desks.get(config.id)
            if desk is None:
                self.desks[config.id] = Desk(config, self.now)
            else:
                if desk.config.device != config.device:
                    desk.phone = PhoneState.UNREACHABLE
                self._adopt(desk, config)
        for desk in [desk for id, desk in self.desks.items() if id not in policy.operators]:
            # Who is at work finishes it; the next load forgets him.
            if desk.state in RESTING:
                desk.token += 1
                desk.page_gone.token += 1
                desk.phone_gone.token += 1
                del self.desks[desk.id]
        # His phone may be somebody else's by then.
        self.by_device = {desk.config.device: desk for desk in self.desks.values()}
        self.by_device |= {config.device: self.desks[config.id] for config in policy.operators.values()}

    def _with_lent_lines(self, config: Operator, desk: Desk) -> Operator:
        """What a supervisor gave him comes before the settings, as far as those lines are still there."""
        lent = () if desk.lent is None else desk.lent.lines
        lines = {id: config.lines.get(id, LENT_LEVEL) for id in lent if id in self.policy.lines}
        return msgspec.structs.replace(config, lines=lines) if lines else config

    def _with_old_lines(self, config: Operator, before: Operator) -> Operator:
        """Callers of a line that is no more are still served by those who served it."""
        left = {id: level for id, level in before.lines.items() if id in self.lanes and id not in self.policy.lines}
        return msgspec.structs.replace(config, lines={**config.lines, **left}) if left else config

    def reindex(self) -> None:
        """Count idle, on-duty and logged-in operators by line anew."""
        for lane in self.lanes.values():
            lane.idle.clear()
            lane.on_duty = lane.logged_in = 0
        for desk in self.desks.values():
            desk.lanes = [self.lanes[id] for id in desk.config.lines if id in self.lanes]
            for lane in desk.lanes:
                lane.on_duty += desk.on_duty
                lane.logged_in += desk.wish is not Wish.OUT
                if desk.state is OperatorState.AVAILABLE:
                    lane.idle[desk.id] = desk
        self.unsettled = True

    # --- Calls ------------------------------------------------------------------------------------------------

    def move_call(self, call: Call, move: CallMove) -> None:
        """Make one move of the table, and keep the waiting list in step.

        Raises:
            IllegalMove: the table has no such move; nothing has changed.
        """
        self.put_call(call, next_call_state(call.id, call.state, move))

    def put_call(self, call: Call, state: CallState) -> None:
        """Set the state that the switch showed us, whatever ours was."""
        if call.state is _WAITING:
            self._leave_lane(call)
        if state is _WAITING and call.unseen:
            # Nothing is offered to him before his server has shown him.
            state = _CHECKING
        call.state = state
        call.token += 1
        if call.proposal is not None and state not in PLAN_KEPT:
            self.drop_plan(call)
        if state is _WAITING:
            self._join_lane(call)

    def reaches(self, call: Call) -> bool:
        """Something can be done for him."""
        return self.linked and not call.unseen

    def _join_lane(self, call: Call) -> None:
        assert call.line is not None
        _insort(self.lane(call.line).waiting, (call.entered_at, call.id, call))
        self.joined.append(call)
        self.total_waiting += 1
        self.unsettled = True

    def _leave_lane(self, call: Call) -> None:
        assert call.line is not None
        del self.lanes[call.line.id].waiting[self.place(call)]
        self.total_waiting -= 1

    def place(self, call: Call) -> int:
        """Callers before this one on his line; he must be waiting."""
        assert call.line is not None
        waiting = self.lanes[call.line.id].waiting
        # Most often asked of who is served next, or has just come.
        if waiting[0][2] is call:
            return 0
        if waiting[-1][2] is call:
            return len(waiting) - 1
        return _bisect(waiting, (call.entered_at, call.id))

    def drop_plan(self, call: Call) -> None:
        """Let the keeper give to others what it kept for this caller."""
        proposal = call.proposal
        if proposal is not None and proposal.plan is not None:
            self.commands.append(DropPlan(call.id))
            proposal.plan, proposal.sent, proposal.heard = None, False, False

    def forget_call(self, call: Call) -> None:
        """The call has ended, with its outcome."""
        assert call.outcome is not None
        del self.calls[call.id]
        self.ended[call.id], self.ended_at[call.id] = call.outcome, self.now
        if len(self.ended) >= ENDED_REMEMBERED + _FORGOTTEN_TOGETHER:
            for oldest in list(islice(self.ended, _FORGOTTEN_TOGETHER)):
                del self.ended[oldest], self.ended_at[oldest]

    def recall_ended(self, id: CallId) -> Outcome | None:
        """The outcome of a call that is alive after all; None: it had not ended."""
        self.ended_at.pop(id, None)
        return self.ended.pop(id, None)

    def next_offer(self) -> OfferId:
        offer = self._next_offer
        self._next_offer = offer + 1
        return OfferId(offer)

    def given_out(self, offer: OfferId) -> bool:
        """By us, or by an engine before us."""
        return offer < self._next_offer

    # --- Operators --------------------------------------------------------------------------------------------

    def move_desk(self, desk: Desk, move: OperatorMove, by: str = ENGINE) -> None:
        """Make one move of the table, and keep the indexes in step.

        Raises:
            IllegalMove: the table has no such move; nothing has changed.
        """
        state = next_operator_state(desk.id, desk.state, move, desk.wish, desk.phone)
        if state is not desk.state:
            self._put_desk(desk, state, by)

    def _put_desk(self, desk: Desk, state: OperatorState, by: str) -> None:
        before = desk.state
        duty = (before is _UNREACHABLE) - (state is _UNREACHABLE) if desk.wish is _READY else 0
        desk.state = state
        desk.since = self.now
        desk.token += 1
        if duty or before is _AVAILABLE or state is _AVAILABLE:
            self._index_desk(desk, before, duty)
        reason = desk.reason if state is _NOT_READY else None
        self.events.append(_CHANGED(self.now, desk.id, before, state, reason, by, desk.line))

    def _index_desk(self, desk: Desk, before: OperatorState, duty: int) -> None:
        for lane in desk.lanes:
            lane.on_duty += duty
            if desk.state is _AVAILABLE:
                lane.idle[desk.id] = desk
            elif before is _AVAILABLE:
                del lane.idle[desk.id]
        if desk.state is _AVAILABLE:
            self.unsettled = True

    def set_wish(self, desk: Desk, wish: Wish, reason: str | None, by: str) -> None:
        """Note what the operator wants; he comes to rest accordingly, now or when his work is done."""
        duty, logged_in = desk.on_duty, desk.wish is not Wish.OUT
        new_reason = desk.wish is Wish.NOT_READY and wish is Wish.NOT_READY and reason != desk.reason
        desk.wish, desk.reason, desk.by, desk.back_by_itself = wish, reason, by, False
        change, logins = desk.on_duty - duty, (wish is not Wish.OUT) - logged_in
        if change or logins:
            for lane in desk.lanes:
                lane.on_duty += change
                lane.logged_in += logins
        if new_reason and desk.state is OperatorState.NOT_READY:
            self._put_desk(desk, OperatorState.NOT_READY, by)
        else:
            self.move_desk(desk, OperatorMove.REVIEW, by)

    # --- Timers -----------------------------------------------------------------------------------------------

    def set_timer(self, at: float, kind: TimerKind, what: Timed) -> None:
        """Due at ``at``, unless ``what`` has moved by then."""
        self._timer_count += 1
        _push(self._timers, (at, self._timer_count, kind, what, what.token))

    def due(self) -> float | None:
        """When the next timer is due; None = nothing is."""
        timers = self._timers
        while timers:
            at, _, _, what, token = timers[0]
            if what.token == token:
                return at
            _pop(timers)
        return None

    def pop_due(self, now: float) -> tuple[float, TimerKind, Timed] | None:
        """Take the next timer that is due at or before ``now``."""
        timers = self._timers
        while timers and timers[0][0] <= now:
            at, _, kind, what, token = _pop(timers)
            if what.token == token:
                return at, kind, what
        return None
