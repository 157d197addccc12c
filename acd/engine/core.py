"""``handle(fact, now) -> commands + events``: the whole engine behind one door.

A fact changes one call or one operator; then :func:`~acd.engine.settle.settle` offers until nothing more can be
offered. So no event can be forgotten that should have led to an offer: routing looks at the state, not at the event.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from acd.engine import (
    attempts,
    bookings,
    callbacks,
    callers,
    desks,
    dues,
    offers,
    presence,
    recordings,
    resync,
    supervisor,
    survey,
    transfers,
)
from acd.engine.board import Board, BoardCall, BoardDesk, BoardLine, BoardOperator, board_desk, board_spy, desk_tape
from acd.engine.people import Absence, Call, Desk, Lent
from acd.engine.promise import Attempt
from acd.engine.settle import settle
from acd.engine.state import ENGINE, State, Timed, TimerKind
from acd.model import facts as f
from acd.model.call import CallState
from acd.model.commands import Command
from acd.model.events import Event
from acd.model.ids import LineId, OperatorId
from acd.model.policy import Policy
from acd.model.supervision import Objection


class Step:
    """What followed from one fact, in order. No struct: a plain object is made and read faster when compiled."""

    __slots__ = ("commands", "events")

    def __init__(self, commands: list[Command], events: list[Event]) -> None:
        self.commands = commands
        self.events = events


Handler = Callable[[State, Any], None]

_TICK: Final = f.Tick

HANDLERS: Final[dict[type[f.Fact], Handler]] = {
    f.CallArrived: callers.arrived,
    f.MenuEnded: callers.menu_ended,
    f.CallQueued: callers.queued,
    f.CallGone: bookings.gone,
    f.OverflowAnswered: offers.overflow_answered,
    f.OverflowFailed: offers.overflow_failed,
    f.OfferDialled: offers.dialled,
    f.OfferRinging: offers.ringing,
    f.OfferAnswered: offers.answered,
    f.OfferFailed: offers.failed,
    f.OfferNotSent: offers.not_sent,
    f.TalkEnded: offers.talk_ended,
    f.FallbackAnswered: offers.fallback_answered,
    f.CallFound: offers.found,
    f.CallbackHeard: callbacks.heard,
    f.CallbackDeclined: callbacks.declined,
    f.CallbackWanted: bookings.wanted,
    f.CallbackCancelled: callbacks.cancelled,
    f.CallbackPlanned: bookings.planned,
    f.CallbackBooked: bookings.booked,
    f.CallbackNotBooked: bookings.not_booked,
    f.LineClosing: callbacks.line_closing,
    f.CallbacksDue: dues.told,
    f.CallbackClaimed: attempts.claimed,
    f.CallbackNotClaimed: attempts.not_claimed,
    f.AttemptRinging: attempts.ringing,
    f.AttemptTaken: attempts.taken,
    f.CitizenDialled: attempts.dialled,
    f.CitizenAnswered: attempts.answered,
    f.AttemptEnded: attempts.ended,
    f.PhoneChanged: desks.phone_changed,
    f.OperatorLoggedIn: desks.logged_in,
    f.OperatorLoggedOut: desks.logged_out,
    f.OperatorReady: desks.ready,
    f.OperatorNotReady: desks.not_ready,
    f.WrapUpExtended: presence.wrap_up_extended,
    f.WrapUpFinished: presence.wrap_up_finished,
    f.PageOpened: presence.page_opened,
    f.PageLost: presence.page_lost,
    f.SwitchSeen: resync.switch_seen,
    f.LinkLost: resync.link_lost,
    f.ServerLost: resync.server_lost,
    f.ServerGone: resync.server_gone,
    f.Restored: resync.restored,
    f.PolicyChanged: resync.policy_changed,
    f.LoadForecast: resync.load_forecast,
    f.CrisisSwitched: resync.crisis_switched,
    f.DrainSwitched: resync.drain_switched,
    f.CallMoved: supervisor.move_call,
    f.OperatorLinesSet: supervisor.set_lines,
    f.LineSwitched: supervisor.switch_line,
    f.SpyWanted: supervisor.spy,
    f.SpyUnwanted: supervisor.stop_spying,
    f.SpyBegan: supervisor.spy_began,
    f.SpyOver: supervisor.spy_over,
    f.TalkHeld: transfers.held,
    f.TalkResumed: transfers.resumed,
    f.TalkTransferred: transfers.transferred,
    f.ColleagueAnswered: transfers.picked_up,
    f.OutsideRefused: transfers.refused,
    f.OperatorHangsUp: transfers.hangs_up,
    f.OperatorSendsOn: transfers.sends_on,
    f.OperatorSendsToSurvey: survey.sends,
    f.SurveyStarted: survey.started,
    f.SurveyAnswered: survey.answered,
    f.RecordingBegan: recordings.began,
    f.RecordingOver: recordings.over,
    f.RecordingMissing: recordings.missing,
    f.RecordingPaused: recordings.paused,
    f.RecordingResumed: recordings.resumed,
    f.RecordingUnchanged: recordings.unchanged,
    f.OperatorPausesRecording: recordings.pauses,
}

CALL_TIMERS: dict[TimerKind, Callable[[State, Call], None]] = {
    TimerKind.CONFIRM_OFFER: offers.confirm,
    TimerKind.EXPECT_RINGING: offers.dead,
    TimerKind.GIVE_UP_OFFER: offers.give_up,
    TimerKind.CHECK_CALL: offers.check,
    TimerKind.ANNOUNCE: callbacks.announce,
    TimerKind.OVERFLOW: callbacks.overflow,
    TimerKind.CALLBACK: callbacks.wake,
    TimerKind.BOOKING_OVERDUE: bookings.overdue,
}


class Engine:
    """Calls, operators and lines; a pure function of the facts it was told and the moments at which it was told them.

    Args:
        policy: the city's settings.
        first_offer: number of the first offer; after a restart it must exceed every earlier one.
    """

    def __init__(self, policy: Policy, *, first_offer: int = 1) -> None:
        self._state = State(policy, first_offer)

    def handle(self, fact: f.Fact, now: float) -> Step:
        """Take in one fact.

        Args:
            fact: what happened.
            now: seconds since the epoch; a value before the previous one counts as the previous one.
        """
        state = self._state
        state.now = max(state.now, now)
        state.commands, state.events = [], []
        if type(fact) is _TICK:
            self._run_timers()
        else:
            HANDLERS[type(fact)](state, fact)
            if state.unsettled or state.dues.by_line:
                settle(state)
        if state.joined:
            callbacks.arm(state)
            callers.arm(state)
        return Step(state.commands, state.events)

    def _run_timers(self) -> None:
        """Whatever is due. Only when told that time has passed: after a pause of our own process, what the switch has
        said meanwhile must be heard before we lose patience over it."""
        while (timer := self._state.pop_due(self._state.now)) is not None:
            self._run_timer(*timer)
            settle(self._state)

    def _run_timer(self, _at: float, kind: TimerKind, what: Timed) -> None:
        if isinstance(what, Call):
            CALL_TIMERS[kind](self._state, what)
        elif isinstance(what, Desk):
            if kind is TimerKind.WRAP_UP_ENDS:
                desks.end_wrap_up(self._state, what, ENGINE)
            else:
                desks.back_by_itself(self._state, what)
        elif isinstance(what, Attempt):
            attempts.silent(self._state, what)
        elif isinstance(what, Lent):
            supervisor.lines_over(self._state, what)
        elif isinstance(what, Absence):
            presence.too_long(self._state, what)
        else:
            dues.watch(self._state)

    def due(self) -> float | None:
        """When the engine next wants a ``Tick``, seconds since the epoch; None = nothing is pending."""
        return self._state.due()

    @property
    def policy(self) -> Policy:
        return self._state.policy

    def objection(self, fact: f.Fact) -> Objection | None:
        """Why a person cannot do this now; None = he can. Reads only."""
        return supervisor.objection(self._state, fact)

    def desk(self, operator: OperatorId) -> BoardDesk | None:
        """All that this operator's page shows of him and of the call in hand. None = there is no such operator."""
        desk = self._state.desks.get(operator)
        return None if desk is None else board_desk(self._state, desk)

    def board(self, now: float) -> Board:
        """A picture of this moment. Reads only."""
        state = self._state
        oldest: dict[LineId, float] = {}
        waiting: Counter[LineId] = Counter()
        talking: Counter[LineId] = Counter()
        listening: Counter[LineId] = Counter()
        for call in state.calls.values():
            if call.line is None:
                continue
            id = call.line.id
            if call.state in callers.IN_LINE:
                waiting[id] += 1
                oldest[id] = min(call.entered_at, oldest.get(id, call.entered_at))
                listening[id] += callbacks.listens(call)
            elif call.state is CallState.TALKING:
                talking[id] += 1
        calling_back = Counter(attempt.line.id for attempt in state.attempts.values())
        begun = dues.under_way(state)
        return Board(
            at=now,
            linked=state.linked,
            crisis=state.crisis,
            draining=state.draining,
            lines=tuple(
                BoardLine(
                    line=id,
                    names=dict(lane.line.names),
                    waiting=waiting[id],
                    longest_wait=max(0.0, now - oldest[id]) if id in oldest else None,
                    talking=talking[id],
                    available=len(lane.idle),
                    logged_in=lane.logged_in,
                    target_reachability=lane.line.target_reachability,
                    target_wait=lane.line.target_wait,
                    target_share=lane.line.target_share,
                    in_dialogue=listening[id],
                    callbacks_due=sum(due.callback not in begun for _, due in state.dues.by_line.get(id, ())),
                    calling_back=calling_back[id],
                    switched=state.switched.get(id),
                )
                for id, lane in state.lanes.items()
            ),
            operators=tuple(_board_operator(desk) for desk in state.desks.values()),
            spies=tuple(board_spy(spy) for spy in state.spies.values()),
            calls=tuple(_board_call(call) for call in state.calls.values()),
        )


def _board_operator(desk: Desk) -> BoardOperator:
    return BoardOperator(
        operator=desk.id,
        name=desk.config.name,
        device=desk.config.device,
        state=desk.state,
        reason=desk.reason,
        since=desk.since,
        line=desk.line,
        call=None if desk.call is None else desk.call.id,
        callback=None if desk.attempt is None else desk.attempt.callback,
        attempt=None if desk.attempt is None else desk.attempt.id,
        by=desk.by,
        phone=desk.phone,
        lines=tuple(desk.config.lines),
        lent_by=None if desk.lent is None else desk.lent.by,
        lent_until=None if desk.lent is None else desk.lent.until,
        tape=desk_tape(desk),
    )


def _board_call(call: Call) -> BoardCall:
    return BoardCall(
        call=call.id,
        state=call.state,
        line=None if call.line is None else call.line.id,
        entered_at=call.entered_at if call.line is not None else None,
        operator=None if call.operator is None else call.operator.id,
        number=call.number,
        language=call.language,
        listens=callbacks.listens(call),
        held_since=call.held_since,
    )
