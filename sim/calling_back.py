"""A citizen is called back (``acd-callback``): the operator's phone first, then his; or his first.

``acd-cb-<attempt>`` is the operator's leg; when it ends, however it ends, the end of the attempt is told just before.
Citizen first, it is the near end of a Local channel, whose far end dials him; until he has answered the far end tells
what came of it, and nothing is told when the near end is hung up. If the operator does not take him, he joins the line.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from acd.model.facts import CalledBack
from acd.model.facts import CallWhereabouts as At
from acd.model.ids import CallbackId, CallId, Device, LineId, OfferId
from sim.calls import Call
from sim.dialling import Dialling
from sim.phones import Leg, LegKind, LegState, Verdict
from sim.recording import PAUSED

if TYPE_CHECKING:
    from sim.switch import SimSwitch

BRIEFING: Final = 1.5
"""Seconds of a prompt that the operator hears: what this call is, or why it came to nothing."""
LISTENING: Final = 3.5
"""Seconds until AMD gives up on somebody who says nothing."""
PAUSE: Final = 0.7
"""Silence after a greeting, by which a citizen is known."""
LONG_GREETING: Final = 2.0
"""Whoever speaks on for so long is a machine."""
ALLOWED: Final = "+32"
REFUSED: Final = "+3290"
LOCAL: Final = Device("dial@acd-callback")
"""What an Originate with the citizen first calls."""


@dataclass(slots=True, eq=False)
class Attempt:
    """One attempt with the variables on its first leg."""

    id: OfferId
    callback: CallbackId
    line: LineId
    device: Device
    number: str
    ring_time: float
    ring_citizen: float
    machine_detection: bool = False
    language: str = "nl"
    operator_first: bool = True

    state: str = "cb-ring"
    status: str = ""
    cause: int = 0
    sip: int = 0
    up_at: float | None = None
    rec_paused: str = ""
    """Since when the operator has paused the recording, on the citizen's channel."""
    leg: Leg | None = None
    """The first one."""
    citizen: Leg | None = None
    operator: Leg | None = None
    """The operator's, when it is not the first."""

    @property
    def uid(self) -> str:
        return f"acd-cb-{self.id}"


class CallingBack:
    """All attempts under way."""

    def __init__(self, switch: "SimSwitch", dialling: Dialling) -> None:
        self._switch = switch
        self._dialling = dialling
        self.attempts: dict[OfferId, Attempt] = {}
        self.asked: dict[CallId, Call] = {}
        """Citizens who have been called back, and hear the survey."""

    def begin(self, attempt: Attempt) -> bool:
        """The Originate. False: nothing is dialled, for want of a contact or because this id lives already."""
        switch, phone = self._switch, self._switch.phones.get(attempt.device)
        if attempt.uid in switch.originated or attempt.uid in switch.calls:
            return False
        if attempt.operator_first and (phone is None or not phone.reachable):
            return False
        self.attempts[attempt.id] = attempt
        kind, device = (LegKind.ORIGINATED, attempt.device) if attempt.operator_first else (LegKind.LOCAL, LOCAL)
        leg = attempt.leg = switch.new_leg(kind, device, uid=attempt.uid)
        leg.attempt, leg.exten = attempt, "operator" if attempt.operator_first else "dial"
        switch.originated[leg.uid] = leg
        if attempt.operator_first:
            self._dialling.begin(leg, attempt.ring_time, self._taken, self._not_taken)
        else:
            switch.out.dial_begun(leg)
            self._dial(attempt)
        return True

    def dropped(self, attempt: Attempt) -> None:
        """The engine hangs up the first leg: the operator's, or the citizen's."""
        leg = attempt.leg
        if leg is None:
            return
        if attempt.operator_first and attempt.state == "cb-talk":
            self.after(attempt)
        elif leg.state is LegState.UP:
            self._end(attempt, {"cb-taken": "OPERATOR", "cb-talk": "ANSWER"}.get(attempt.state, "CANCEL"))
        else:
            self.attempts.pop(attempt.id, None)
            self._switch.originated.pop(leg.uid, None)
            attempt.leg = None
            self._drop_others(attempt)
            self._switch.out.originated(leg, 0)
            self._dialling.end(leg)

    def left(self, attempt: Attempt) -> None:
        """The operator hangs up."""
        if attempt.state == "cb-talk":
            self.after(attempt)
        else:
            self.dropped(attempt)

    def after(self, attempt: Attempt, *, sent: bool = False) -> None:
        """``acd-callback-after``: the operator has left the citizen, who is asked, or the call ends."""
        asked = self._switch.surveys.draws(attempt.line, sent=sent)
        call = self.hand_over(attempt) if asked else None
        if call is None:
            self._end(attempt, "ANSWER")
            return
        call.back = CalledBack(attempt.id, attempt.line, attempt.device)
        self.asked[call.id] = self._switch.calls.pop(call.id)
        self._switch.surveys.ask(call, sent=sent)

    def gone(self, call: Call) -> None:
        """Who was asked hangs up, or is hung up on."""
        if self.asked.pop(call.id, None) is not None:
            call.plan(None)
            self._switch.out.caller_over(call)
            if call.through is not None:
                self._dialling.end(call.through)

    def citizen_answers(self, attempt: Attempt) -> None:
        """Whatever his habit."""
        if attempt.citizen is not None and attempt.citizen.state is not LegState.UP:
            self._dialling.final(attempt.citizen, 200)

    def citizen_hangs_up(self, attempt: Attempt) -> None:
        """While it rings he declines."""
        if attempt.citizen is None:
            return
        if attempt.citizen.state is LegState.UP:
            self._switch.out.leg_hangs_up(attempt.citizen, None)
            self._end(attempt, "ANSWER" if attempt.state == "cb-talk" else "CANCEL")
        else:
            self._dialling.final(attempt.citizen, 603)

    def hand_over(self, attempt: Attempt) -> Call | None:
        """The operator sends him on: he is a caller like any other from now on, and the attempt is over with the talk.
        None: they do not talk."""
        citizen, first, switch = attempt.citizen, attempt.leg, self._switch
        if attempt.state != "cb-talk" or citizen is None or first is None:
            return None
        channel = citizen if attempt.operator_first else first
        call = Call(CallId(channel.uid), channel.seq, "", attempt.number, switch.stamp(), attempt.language)
        call.where, call.line, attempt.citizen = At.AFTER, attempt.line, None
        switch.calls[call.id] = call
        if attempt.rec_paused:
            call.variables[PAUSED] = attempt.rec_paused
        if attempt.operator_first:
            switch.recorder.end(citizen)
            self._end(attempt, "ANSWER")
            return call
        call.through, attempt.status = citizen, "ANSWER"
        del self.attempts[attempt.id], switch.originated[first.uid]
        switch.out.attempt_ended(attempt, switch.stamp())
        attempt.leg = None
        self._drop_others(attempt)
        return call

    def forget(self) -> list[Leg]:
        """Asterisk is dead."""
        attempts, self.attempts = list(self.attempts.values()), {}
        for call in self.asked.values():
            call.plan(None)
        self.asked.clear()
        return [leg for attempt in attempts for leg in (attempt.citizen, attempt.operator) if leg is not None]

    # --- Step by step ---------------------------------------------------------------------------------------------

    def _taken(self, leg: Leg) -> None:
        attempt, switch = leg.attempt, self._switch
        assert attempt is not None
        switch.out.originated(leg, 4)
        switch.out.dial_ended(leg, "ANSWER")
        attempt.state = "cb-taken"
        switch.out.attempt_taken(attempt, switch.stamp())
        leg.timer = switch.time.call_at(switch.time.now() + BRIEFING, self._dial, attempt)

    def _not_taken(self, leg: Leg, why: Verdict) -> None:
        attempt = leg.attempt
        assert attempt is not None
        attempt.leg = None
        self.attempts.pop(attempt.id, None)
        self._switch.originated.pop(leg.uid, None)
        attempt.status = why.dial_status
        self._switch.out.originated(leg, 0 if why.cause else 3)

    def _dial(self, attempt: Attempt) -> None:
        assert attempt.leg is not None
        if not attempt.number.startswith(ALLOWED) or attempt.number.startswith(REFUSED):
            self._explain(attempt, "NOTALLOWED")
            return
        attempt.state = "cb-dial"
        self._switch.out.attempt_dialled(attempt)
        leg = attempt.citizen = self._switch.new_leg(LegKind.CITIZEN, Device(attempt.number))
        leg.attempt, leg.exten = attempt, "dial"
        self._dialling.begin(leg, attempt.ring_citizen, self._answered, self._failed)

    def _answered(self, leg: Leg) -> None:
        attempt, time = leg.attempt, self._switch.time
        assert attempt is not None
        if not attempt.machine_detection:
            self._up(attempt)
        elif leg.habit.voice >= LONG_GREETING:
            leg.timer = time.call_at(time.now() + LONG_GREETING, self._machine, attempt)
        else:
            listened = leg.habit.voice + PAUSE if leg.habit.voice else LISTENING
            leg.timer = time.call_at(time.now() + listened, self._up, attempt)

    def _up(self, attempt: Attempt) -> None:
        """A citizen it is, and no machine."""
        leg, switch = attempt.citizen, self._switch
        assert leg is not None
        if not attempt.operator_first:
            switch.out.dial_ended(leg, "ANSWER")
            self._ring_operator(attempt)
            return
        attempt.state, attempt.up_at = "cb-talk", switch.stamp()
        switch.out.attempt_up(attempt, attempt.up_at)
        switch.recorder.begin(leg, attempt.line, (None, attempt.id))
        switch.out.dial_ended(leg, "ANSWER")
        self._talk(attempt, leg)

    def _talk(self, attempt: Attempt, citizen: Leg) -> None:
        if citizen.habit.talk is not None:
            time = self._switch.time
            citizen.timer = time.call_at(time.now() + citizen.habit.talk, self.citizen_hangs_up, attempt)

    def _machine(self, attempt: Attempt) -> None:
        leg, attempt.citizen = attempt.citizen, None
        assert leg is not None
        self._switch.out.dial_ended(leg, "CONTINUE")
        self._dialling.end(leg)
        self._explain(attempt, "MACHINE")

    def _failed(self, leg: Leg, why: Verdict) -> None:
        attempt = leg.attempt
        assert attempt is not None
        attempt.citizen = None
        attempt.cause, attempt.sip = why.cause, why.tech or 0
        self._explain(attempt, why.dial_status)

    def _explain(self, attempt: Attempt, status: str) -> None:
        """The operator hears why, and the call ends; where there is none yet it ends at once."""
        if not attempt.operator_first:
            self._end(attempt, status)
            return
        attempt.status = status
        time = self._switch.time
        assert attempt.leg is not None
        attempt.leg.timer = time.call_at(time.now() + BRIEFING, self._end, attempt, status)

    def _end(self, attempt: Attempt, status: str) -> None:
        """The first leg ends, and with it everything."""
        attempt.status = attempt.status or status
        leg, switch = attempt.leg, self._switch
        self.attempts.pop(attempt.id, None)
        self._drop_others(attempt)
        switch.out.attempt_ended(attempt, switch.stamp())
        if leg is not None:
            attempt.leg = None
            switch.originated.pop(leg.uid, None)
            if leg.state is not LegState.UP:
                switch.out.originated(leg, 0)
            self._dialling.end(leg)

    def _drop_others(self, attempt: Attempt) -> None:
        """The legs that the first one had dialled."""
        legs, attempt.citizen, attempt.operator = (attempt.citizen, attempt.operator), None, None
        for leg in legs:
            if leg is not None:
                if leg.state is not LegState.UP:
                    self._dialling.cancel(leg)
                self._dialling.end(leg)

    # --- The citizen has answered first ---------------------------------------------------------------------------

    def _ring_operator(self, attempt: Attempt) -> None:
        first, switch = attempt.leg, self._switch
        assert first is not None
        first.state = LegState.UP
        switch.out.originated(first, 4)
        switch.out.dial_ended(first, "ANSWER")
        phone = switch.phones.get(attempt.device)
        if phone is None or not phone.reachable:
            self._join(attempt)
            return
        leg = attempt.operator = switch.new_leg(LegKind.RESERVED, attempt.device)
        leg.attempt, leg.exten = attempt, "citizen"
        self._dialling.begin(leg, attempt.ring_time, self._met, self._not_met)

    def _met(self, leg: Leg) -> None:
        attempt, switch = leg.attempt, self._switch
        assert attempt is not None
        attempt.state, attempt.up_at = "cb-talk", switch.stamp()
        switch.out.attempt_taken(attempt, attempt.up_at)
        switch.out.attempt_up(attempt, attempt.up_at)
        switch.recorder.begin(leg, attempt.line, (None, attempt.id))
        switch.out.dial_ended(leg, "ANSWER")
        if attempt.citizen is not None:
            self._talk(attempt, attempt.citizen)

    def _not_met(self, leg: Leg, why: Verdict) -> None:
        assert leg.attempt is not None
        leg.attempt.operator = None
        self._join(leg.attempt)

    def _join(self, attempt: Attempt) -> None:
        """Nobody takes him: from now on he is a caller like any other, and only then is the attempt over."""
        leg, switch = attempt.leg, self._switch
        assert leg is not None
        del self.attempts[attempt.id], switch.originated[leg.uid]
        call = Call(CallId(leg.uid), leg.seq, "", attempt.number, switch.stamp(), attempt.language)
        call.through, attempt.citizen = attempt.citizen, None
        attempt.status = "NOOPERATOR"
        switch.out.attempt_ended(attempt, switch.stamp())
        attempt.leg = None
        switch.join_after(call, attempt.line, switch.timing.prompt)
