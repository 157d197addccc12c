"""The simulated switch at domain height: facts in the inbox, commands into the switch (levels A and B).

What becomes which fact is decided here anew, not borrowed from ``acd.asterisk``: the contract tests compare the two.
"""

import math
import re
from collections.abc import Callable
from typing import Final

import msgspec

from acd.model import commands as c
from acd.model.callback import AttemptResult, AttemptStage
from acd.model.facts import (
    AttemptEnded,
    AttemptRinging,
    AttemptSeen,
    AttemptTaken,
    CallArrived,
    CallbackCancelled,
    CallbackDeclined,
    CallbackHeard,
    CallbackWanted,
    CallFound,
    CallGone,
    CallQueued,
    CallSeen,
    CitizenAnswered,
    CitizenDialled,
    ColleagueAnswered,
    Fact,
    FallbackAnswered,
    LinkLost,
    MenuEnded,
    OfferAnswered,
    OfferDialled,
    OfferFailed,
    OfferFailure,
    OfferNotSent,
    OfferRinging,
    OverflowAnswered,
    OverflowFailed,
    PhoneChanged,
    PhoneState,
    RecordingBegan,
    RecordingOver,
    RecordingPaused,
    RecordingResumed,
    RecordingUnchanged,
    SpyBegan,
    SpyOver,
    SurveyAnswered,
    SurveyStarted,
    SwitchSeen,
    TalkEnded,
    TalkHeld,
    TalkResumed,
    TalkTransferred,
    TransferHow,
)
from acd.model.facts import CallWhereabouts as At
from acd.model.ids import CallId, Device, LineId, OfferId, SpyId
from acd.model.outcome import Outcome
from acd.model.supervision import SpyEnd, SpySeen
from acd.ports import Inbox
from sim.calling_back import Attempt
from sim.calls import Call, Target, ToDeflect, ToOperator, ToSecondLine
from sim.dialogue import Offered
from sim.happenings import Recorded, Silent
from sim.phones import Leg, LegKind, LegState, Phone, Verdict
from sim.switch import SimSwitch

_NONCE: Final = "sim"
SPY_PREFIX: Final = "acd-spy-"
_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)
ANSWERED: Final = 4
"""Reason of an Originate that succeeded."""
Move = c.Offer | c.Deflect


class SimPbx(Silent):
    """Implements :class:`~acd.ports.Pbx`. One engine at a time may be connected to a switch."""

    def __init__(self, switch: SimSwitch) -> None:
        self.switch = switch
        self.linked = False
        self.refuse_next = 0
        """So many Redirects to come are refused as "channel not up"."""
        self._inbox: Inbox = lambda fact: None
        self._phones: dict[Device, PhoneState] = {}
        self._gone: set[CallId] = set()
        """Ends that were told although a note is kept of them as well."""
        self._talking: set[CallId] = set()
        """Answered, and the end of the talk not told."""
        self._begun: set[OfferId] = set()
        """Attempts to call back that were begun, or found alive, on this link."""
        self._unwanted: set[OfferId] = set()

    # --- Pbx ------------------------------------------------------------------------------------------------------

    async def start(self, inbox: Inbox) -> None:
        self.connect(inbox)

    async def stop(self) -> None:
        self.disconnect()

    def connect(self, inbox: Inbox) -> None:
        """:meth:`start` without asyncio: the inbox hears of the switch in the same instant, after what is happening."""
        self._inbox = inbox
        self.switch.time.call_at(self.switch.time.now(), self._link_up)

    def disconnect(self) -> None:
        """:meth:`stop` without asyncio."""
        self._inbox = lambda fact: None
        self.cut("stopped")

    def heartbeat(self) -> None:
        if self.linked:
            self.switch.set_global("ACD_HB", str(int(self.switch.time.now())))

    def send(self, command: c.Command) -> None:
        if not self.linked:
            self._not_sent(command)
            return
        match command:
            case c.Offer() | c.Deflect():
                self._move(command)
            case c.Withdraw():
                self._withdraw(command)
            case c.Announce():
                self._announce(command)
            case c.AskCall():
                self._later(self._found, command.call)
            case c.SetCrisis():
                self.switch.set_global("ACD_CRISIS", command.message or "")
            case c.SetDraining():
                self.switch.set_global("ACD_DRAIN", "1" if command.on else "")
            case c.SetAllowed():
                self.switch.allow(command.device, command.lines, command.allowed)
            case c.HangUpTalk() | c.SendOn() | c.PauseRecording():
                self._in_talk(command)
            case _:
                self._promise(command)

    # --- Faults on demand -----------------------------------------------------------------------------------------

    def cut(self, reason: str) -> None:
        """The link breaks. The calls in the switch go on; what happens from now on goes unheard."""
        if self.linked:
            self.linked = False
            self.switch.out = Silent()
            self.switch.session_closed()
            self._inbox(LinkLost(reason))

    def mend(self) -> None:
        """The link comes back."""
        self._link_up()

    def restart(self) -> None:
        """The switch dies and comes back at once, with the link."""
        self.cut("Asterisk has shut down")
        self.switch.restart()
        self.mend()

    # --- The link -------------------------------------------------------------------------------------------------

    def _link_up(self) -> None:
        switch = self.switch
        if self.linked:
            return
        rebooted = not switch.globals.get("ACD_NONCE")
        switch.globals["ACD_NONCE"] = _NONCE
        self.linked = True
        switch.session_opened()
        self.heartbeat()
        for call in switch.fallback.callers:
            switch.take_back(call)
        switch.out = self
        notes, switch.notes = switch.notes, []
        self._phones = {phone.device: folded(phone) for phone in switch.phones.values()}
        calls = tuple(self._seen(call) for call in switch.calls.values() if call.id not in self._gone)
        missed = tuple(note for note in notes if note.seen.call not in self._gone)
        self._gone.clear()
        self._talking = {call.call for call in calls if call.where is At.TALK}
        alive = switch.calling_back.attempts.values()
        self._begun = {attempt.id for attempt in alive}
        self._unwanted.clear()
        attempts = tuple(
            msgspec.structs.replace(seen(attempt), tape=switch.recorder.seen((None, attempt.id))) for attempt in alive
        )
        self._inbox(SwitchSeen(calls, missed, dict(self._phones), rebooted, attempts, self._spies()))

    def _seen(self, call: Call) -> CallSeen:
        found = call.seen()
        tape = self.switch.recorder.seen((call.id, None)) if found.where is At.TALK else None
        return msgspec.structs.replace(found, tape=tape)

    def _later(self, fn: Callable[..., None], *args: object) -> None:
        self.switch.time.call_at(self.switch.time.now(), fn, *args)

    def _move(self, command: Move) -> None:
        """One Redirect; never for a caller who talks, because it would hang up his operator."""
        call = self.switch.calls.get(command.call)
        refused = self.refuse_next > 0 or (call is not None and call.talking)
        self.refuse_next -= self.refuse_next > 0
        if refused or self.switch.redirect(command.call, target(command)) is not None:
            self._not_sent(command)

    def _withdraw(self, command: c.Withdraw) -> None:
        """By a key, which does nothing to one who talks by the time it comes."""
        call = self.switch.calls.get(command.call)
        if call is None or call.talking:
            self._not_sent(command)
        else:
            self._later(self.switch.take_back, call)

    def _in_talk(self, command: c.HangUpTalk | c.SendOn | c.PauseRecording) -> None:
        if isinstance(command, c.PauseRecording):
            self._later(self._pause, command)
            return
        call = self.switch.calls.get(command.call)
        if call is None or call.leg is None or not call.talking:
            return
        if isinstance(command, c.HangUpTalk):
            self._later(self.switch.hang_up_phone, call.leg.device)
        elif self.switch.passing_on.leads_somewhere(command.to):
            self.switch.redirect(call.id, ToSecondLine(command.to))

    def _pause(self, command: c.PauseRecording) -> None:
        leg, now = self.switch.recorder.made.get(command.recording), self.switch.time.now()
        if leg is None:
            self._tell(RecordingUnchanged(command.recording, command.call, command.attempt))
            return
        self.switch.recorder.mute(leg, on=command.on)
        self.switch.recorder.note(leg, f"{now:.3f}" if command.on else "")
        changed = RecordingPaused if command.on else RecordingResumed
        self._tell(changed(command.recording, command.call, command.attempt, now))

    def _announce(self, command: c.Announce) -> None:
        call = self.switch.calls.get(command.call)
        if call is not None:
            self.switch.set_say(call, "&".join(prompts(command)))

    def _not_sent(self, command: c.Command) -> None:
        if isinstance(command, c.Offer):
            self._later(self._tell, OfferNotSent(command.call, command.offer))
        elif isinstance(command, c.CallBack):
            self._later(self._inbox, self._operators_end(command.attempt, OfferFailure.LOST))
        elif isinstance(command, c.PauseRecording):
            self._later(self._inbox, RecordingUnchanged(command.recording, command.call, command.attempt))
        elif self.linked and isinstance(command, Move | c.Withdraw):
            self._later(self._found, command.call)

    def _found(self, id: CallId) -> None:
        call = self.switch.calls.get(id)
        if call is None:
            self._tell(CallFound(id, None))
        else:
            self._tell(CallFound(id, call.where, call.offer if call.where in (At.RING, At.TALK) else None))

    def _tell(self, fact: Fact) -> None:
        if self.linked or isinstance(fact, OfferNotSent):
            self._inbox(fact)

    # --- Happenings -----------------------------------------------------------------------------------------------

    def arrived(self, call: Call) -> None:
        self._inbox(CallArrived(call.id, call.arrived_at, call.did, call.number))

    def menu_ended(self, call: Call, outcome: Outcome) -> None:
        self._inbox(MenuEnded(call.id, outcome, call.line))

    def queued(self, call: Call) -> None:
        assert call.line is not None
        assert call.entered_at is not None
        line, at = call.line, call.entered_at
        self._inbox(CallQueued(call.id, line, at, call.number, call.language, call.did, call.path, call.arrived_at))

    def gone(self, call: Call, at: float) -> None:
        if self.switch.waiting.engine_away:
            self._gone.add(call.id)
        self._inbox(CallGone(call.id, at, call.where is At.OVERFLOW))

    def dial_begun(self, leg: Leg) -> None:
        if leg.call is not None and leg.offer is not None:
            self._inbox(OfferDialled(leg.call.id, leg.offer))

    def rang(self, leg: Leg) -> None:
        if leg.attempt is not None and leg.kind is LegKind.ORIGINATED:
            self._inbox(AttemptRinging(leg.attempt.id))
        if leg.call is not None and leg.offer is not None:
            self._inbox(OfferRinging(leg.call.id, leg.offer))

    def up(self, call: Call, leg: Leg) -> None:
        assert call.up_at is not None
        if leg.kind is LegKind.PARTNER:
            self._inbox(OverflowAnswered(call.id, call.up_at))
            return
        self._talking.add(call.id)
        if leg.offer is None:
            self._inbox(FallbackAnswered(call.id, leg.device, call.up_at))
        else:
            self._inbox(OfferAnswered(call.id, leg.offer, call.up_at))

    def not_connected(self, call: Call, leg: Leg | None, verdict: Verdict) -> None:
        assert call.offer is not None
        self._inbox(OfferFailed(call.id, call.offer, failure(leg, verdict)))

    def after(self, call: Call) -> None:
        self._end_talk(call)

    def sent_on(self, call: Call, to: str) -> None:
        self._end_talk(call)
        self._inbox(TalkTransferred(call.id, self.switch.time.now(), to, TransferHow.BLIND))

    def colleague_up(self, call: Call, leg: Leg) -> None:
        self._talking.add(call.id)
        self._inbox(ColleagueAnswered(call.id, leg.device, self.switch.stamp()))

    def held(self, leg: Leg) -> None:
        if leg.call is not None:
            self._inbox(TalkHeld(leg.call.id, self.switch.time.now()))

    def unheld(self, leg: Leg) -> None:
        if leg.call is not None:
            self._inbox(TalkResumed(leg.call.id, self.switch.time.now()))

    def put_through(self, call: Call, leg: Leg, colleague: Leg) -> None:
        now = self.switch.time.now()
        self._end_talk(call)
        self._talking.add(call.id)
        self._inbox(TalkTransferred(call.id, now, colleague.device, TransferHow.CONSULT))
        self._inbox(ColleagueAnswered(call.id, colleague.device, now))

    def survey_begun(self, call: Call, at: float, sent: bool) -> None:
        self._inbox(SurveyStarted(call.answers_as, at, sent, call.back))

    def recording(self, leg: Leg, of: Recorded, line: LineId, at: float, paused: bool) -> None:
        self._inbox(RecordingBegan(leg.recording, *of, line, at, paused))

    def recorded(self, leg: Leg, of: Recorded, at: float) -> None:
        self._inbox(RecordingOver(leg.recording, *of, at))

    def survey_score(self, call: Call, question: str, score: int, at: float) -> None:
        self._inbox(SurveyAnswered(call.answers_as, question, score, at, call.back))

    def overflow_failed(self, call: Call) -> None:
        self._inbox(OverflowFailed(call.id))

    def leg_over(self, leg: Leg, cause: int, tech: int | None) -> None:
        """However the talk ended: it ends with the operator's leg at the latest. A citizen who is called first is given
        up without a word of the dialplan."""
        if leg.kind is LegKind.LOCAL and leg.attempt is not None and not leg.attempt.status:
            self._inbox(AttemptEnded(leg.attempt.id, AttemptResult.ABORTED, self.switch.time.now()))
        if leg.spied:
            up = SpyEnd.OVER if leg.spying else SpyEnd.FAILED
            how = up if leg.state is LegState.UP else SpyEnd.NOT_ANSWERED
            self._inbox(SpyOver(_spy_of(leg), self.switch.time.now(), how))
        if leg.call is not None and leg.state is LegState.UP and leg.call.leg in (None, leg):
            self._end_talk(leg.call)

    def _end_talk(self, call: Call) -> None:
        if call.id in self._talking:
            self._talking.remove(call.id)
            self._inbox(TalkEnded(call.id, self.switch.time.now()))

    # --- The promise to call back ---------------------------------------------------------------------------------

    def _promise(self, command: c.Command) -> None:
        match command:
            case c.OfferCallback() | c.AnswerBooking():
                self._dialogue(command)
            case c.CallBack():
                self._call_back(command)
            case c.EndCallBack():
                self._later(self._end_call_back, command.attempt, command.by_operator)
            case _:
                self._supervise(command)

    # --- What a supervisor does -----------------------------------------------------------------------------------

    def _supervise(self, command: c.Command) -> None:
        match command:
            case c.Reroute():
                call = self.switch.calls.get(command.call)
                if call is not None:
                    self.switch.reroute(call, command.line)
            case c.SetLineOpen():
                word = {None: "", True: "open", False: "closed"}[command.open]
                self.switch.set_global(f"ACD_OPEN_{command.line}", word)
            case c.Spy():
                self._later(self._spy, command)
            case c.EndSpy():
                self._later(self._end_spy, command.spy)
            case _:
                raise TypeError(f"no such command: {command!r}")

    def _spy(self, command: c.Spy) -> None:
        leg = self._operators_leg(command)
        if leg is None:
            self._tell(SpyOver(command.spy, self.switch.time.now(), SpyEnd.FAILED))
            return
        uid, ring_time = f"{SPY_PREFIX}{command.spy}", max(1, math.ceil(command.ring_time))
        if not self.switch.spying.begin(uid, command.device, leg.uid, ring_time):
            self._tell(SpyOver(command.spy, self.switch.time.now(), SpyEnd.NOT_ANSWERED))

    def _operators_leg(self, command: c.Spy) -> Leg | None:
        if command.call is not None:
            call = self.switch.calls.get(command.call)
            return call.leg if call is not None and call.talking else None
        attempt = None if command.attempt is None else self.switch.calling_back.attempts.get(command.attempt)
        return None if attempt is None else attempt.leg

    def _end_spy(self, spy: SpyId) -> None:
        leg = self.switch.originated.get(f"{SPY_PREFIX}{spy}")
        if leg is None:
            self._tell(SpyOver(spy, self.switch.time.now(), SpyEnd.OVER))
        else:
            self.switch.drop_originated(leg)

    def _spies(self) -> tuple[SpySeen, ...]:
        return tuple(SpySeen(_spy_of(leg), leg.state is LegState.UP) for leg in self.switch.spying.legs())

    def spy_begun(self, leg: Leg, at: float) -> None:
        self._inbox(SpyBegan(_spy_of(leg), at))

    def _dialogue(self, command: c.OfferCallback | c.AnswerBooking) -> None:
        call = self.switch.calls.get(command.call)
        if call is None:
            return
        if isinstance(command, c.AnswerBooking):
            self.switch.dialogues.answer(call, command.window is not None)
        else:
            plan = command.plan
            offered = Offered(len(plan.slots), plan.number is not None, plan.existing is not None)
            self.switch.offer_callback(call, offered)

    def _call_back(self, command: c.CallBack) -> None:
        """Never twice. A number that is none is for a person to look at."""
        if command.attempt in self._begun:
            return
        if not _E164.fullmatch(command.number):
            self._later(self._tell, AttemptEnded(command.attempt, AttemptResult.WRONG_NUMBER, self.switch.time.now()))
            return
        self._begun.add(command.attempt)
        self._later(self._originate, command)

    def _originate(self, command: c.CallBack) -> None:
        attempt = Attempt(
            id=command.attempt,
            callback=command.callback,
            line=command.line,
            device=command.device,
            number=command.number,
            ring_time=max(1, math.ceil(command.ring_time)),
            ring_citizen=max(1, math.ceil(command.ring_citizen)),
            machine_detection=command.machine_detection,
            language=command.language,
            operator_first=command.operator_first,
        )
        if not self.switch.calling_back.begin(attempt):
            failure = OfferFailure.UNREACHABLE if command.operator_first else OfferFailure.LOST
            self._tell(self._operators_end(command.attempt, failure))

    def _end_call_back(self, id: OfferId, by_operator: bool) -> None:
        attempt = self.switch.calling_back.attempts.get(id)
        if by_operator and attempt is not None and attempt.state == "cb-talk":
            self.switch.calling_back.left(attempt)
        elif attempt is not None and attempt.leg is not None:
            self._unwanted.add(id)
            self.switch.drop_originated(attempt.leg)
        elif id not in self._begun:
            self._tell(AttemptEnded(id, AttemptResult.UNKNOWN, self.switch.time.now()))

    def _operators_end(self, attempt: OfferId, failure: OfferFailure | None) -> AttemptEnded:
        return AttemptEnded(attempt, AttemptResult.OPERATOR, self.switch.time.now(), failure)

    def originated(self, leg: Leg, reason: int) -> None:
        """Only the failure of an operator's phone is news: the dialplan tells the rest, and of a supervisor's phone its
        end."""
        if reason == ANSWERED or leg.attempt is None or leg.kind is LegKind.LOCAL:
            return
        if leg.attempt.id in self._unwanted:
            failure = None if leg.state is LegState.RINGING else OfferFailure.DEAD
        else:
            failure = operators_failure(leg, leg.attempt.status, reason)
        self._inbox(self._operators_end(leg.attempt.id, failure))

    def callback_heard(self, call: Call, at: float) -> None:
        self._inbox(CallbackHeard(call.id, at))

    def callback_declined(self, call: Call) -> None:
        self._inbox(CallbackDeclined(call.id))

    def callback_wanted(self, call: Call, choice: int, keyed: str) -> None:
        self._inbox(CallbackWanted(call.id, choice, keyed or None))

    def callback_cancelled(self, call: Call) -> None:
        self._inbox(CallbackCancelled(call.id))

    def attempt_taken(self, attempt: Attempt, at: float) -> None:
        self._inbox(AttemptTaken(attempt.id, at))

    def attempt_dialled(self, attempt: Attempt) -> None:
        self._inbox(CitizenDialled(attempt.id))

    def attempt_up(self, attempt: Attempt, at: float) -> None:
        self._inbox(CitizenAnswered(attempt.id, at))

    def attempt_ended(self, attempt: Attempt, at: float) -> None:
        self._inbox(AttemptEnded(attempt.id, result(attempt), at))

    def device_changed(self, phone: Phone) -> None:
        state = folded(phone)
        if self._phones.get(phone.device) is not state:
            self._phones[phone.device] = state
            self._inbox(PhoneChanged(phone.device, state))


def _spy_of(leg: Leg) -> SpyId:
    return SpyId(int(leg.uid.removeprefix(SPY_PREFIX)))


def target(command: Move) -> Target:
    """Where the caller should go. Dial() takes whole seconds of ring time."""
    match command:
        case c.Offer():
            return ToOperator(command.offer, command.device, max(1, math.ceil(command.ring_time)))
        case c.Deflect():
            return ToDeflect(command.line, command.to)


def prompts(command: c.Announce) -> list[str]:
    """Ids of what the caller hears."""
    said = []
    if command.position is not None:
        said.append(f"acd/position-{command.position if 1 <= command.position <= 20 else 'many'}")
    if command.wait is not None:
        least, most = command.wait
        said.append(f"acd/wait-{least}-{'more' if most is None else most}")
    return said


def folded(phone: Phone) -> PhoneState:
    """Device state as the engine sees it."""
    match phone.device_state():
        case "NOT_INUSE":
            return PhoneState.IDLE
        case "UNAVAILABLE":
            return PhoneState.UNREACHABLE
        case _:
            return PhoneState.BUSY


def failure(leg: Leg | None, verdict: Verdict) -> OfferFailure:
    """What the dialplan's word means; see "How a call flows"."""
    match verdict.dial_status, verdict.cause:
        case "BUSY", _:
            return OfferFailure.BUSY
        case ("NOANSWER", 19) | ("CHANUNAVAIL", 21):
            return OfferFailure.REJECTED
        case "NOANSWER", _:
            rang = leg is not None and leg.state is LegState.RINGING
            return OfferFailure.RING_NO_ANSWER if rang else OfferFailure.DEAD
        case "CHANUNAVAIL", 3:
            return OfferFailure.UNREACHABLE
        case "CANCEL", _:
            return OfferFailure.LOST
        case _:
            return OfferFailure.FAULT


def seen(attempt: Attempt) -> AttemptSeen:
    """An attempt as the variables on its first leg tell of it."""
    stage = {"cb-taken": AttemptStage.TAKEN, "cb-dial": AttemptStage.DIALLED, "cb-talk": AttemptStage.TALKING}.get(
        attempt.state
    )
    if stage is None:
        rings = attempt.leg is not None and attempt.leg.state is LegState.RINGING
        stage = AttemptStage.RINGING if rings else AttemptStage.CLAIMED
    return AttemptSeen(attempt.id, attempt.callback, attempt.line, attempt.device, stage, attempt.up_at)


def result(attempt: Attempt) -> AttemptResult:
    """What the end of the dialplan's attempt means; see "How a promise is kept"."""
    silent = attempt.status == "NOANSWER" and attempt.sip in (0, 480)
    by_status = AttemptResult.NO_ANSWER if silent else _RESULTS.get(attempt.status, AttemptResult.FAULT)
    return _BY_SIP.get(attempt.sip, by_status)


_RESULTS: Final = {
    "ANSWER": AttemptResult.CONNECTED,
    "OPERATOR": AttemptResult.OPERATOR,
    "CANCEL": AttemptResult.ABORTED,
    "NOOPERATOR": AttemptResult.ABORTED,
    "MACHINE": AttemptResult.MACHINE,
    "NOTALLOWED": AttemptResult.WRONG_NUMBER,
    "BUSY": AttemptResult.BUSY,
}
_BY_SIP: Final = {
    **dict.fromkeys((404, 484, 604), AttemptResult.WRONG_NUMBER),
    603: AttemptResult.REFUSED,
}


def operators_failure(leg: Leg, status: str, reason: int) -> OfferFailure:
    """Why the operator's phone was not picked up."""
    match status, reason == 0:
        case "BUSY", _:
            return OfferFailure.BUSY
        case ("CHANUNAVAIL", _) | ("NOANSWER", True):
            return OfferFailure.REJECTED
        case "NOANSWER", _:
            return OfferFailure.RING_NO_ANSWER if leg.state is LegState.RINGING else OfferFailure.DEAD
        case _:
            return OfferFailure.FAULT
