"""The simulated telephone switch: Asterisk 22 with our dialplan, as far as an engine can tell.

Citizens' calls live here as they do in ``dialplan/acd.conf``: menu, waiting loop, offer, talk, refusal, partner, and
Asterisk's own queue while no engine is there. What it keeps of Asterisk, because engines have stumbled over it:

- a Redirect that was accepted is carried out a moment later; until then a second one is refused ("channel not up"), and
  a caller who hangs up meanwhile is simply gone;
- an announcement, the crisis message and the fallback are noticed when the waiting loop turns, every 2 s;
- ``AcdUp`` comes before ``DialEnd``, ``AcdGone`` before ``Hangup``, the device's ``NOT_INUSE`` after it;
- a phone that unregisters while it rings goes on ringing; one without a contact fails at once and is never dialled;
- moments on channels are kept with three decimals.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import count
from typing import Final, Self

from acd.model.facts import CallMissed
from acd.model.facts import CallWhereabouts as At
from acd.model.ids import CallId, Device, LineId
from acd.model.outcome import Outcome
from acd.model.policy import OverflowTo, Policy, RecordingRule, SurveyRule
from sim.calling_back import CallingBack
from sim.calls import PASSIVE, Call, Citizen, Target, ToDeflect, ToMusic, ToNowhere, ToOperator, ToSecondLine, address
from sim.connecting import Connecting
from sim.dialling import Dialling
from sim.dialogue import Dialogues, Offered
from sim.fallback import Fallback, Queue
from sim.happenings import Observer, Silent
from sim.kernel import Scheduler
from sim.passing_on import PassingOn
from sim.phones import ANSWERS, Always, Contact, Hands, Leg, LegKind, LegState, Phone, Verdict
from sim.recording import Recorder
from sim.spying import Spying
from sim.survey import Surveys
from sim.waiting import WaitingRoom


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Delays inside the switch, in seconds."""

    redirect: float = 0.003
    """From an accepted Redirect to its effect; measured 3.4 ms (p50) to DialBegin, on a quiet machine."""
    hangup: float = 0.001
    """From the caller's BYE to AcdGone."""
    after: float = 0.002
    """From AcdAfter to the end of the caller's channel."""
    prompt: float = 3.0
    """Length of one spoken prompt."""
    message: float = 8.0
    """Length of a message that ends a call: closed, full, maintenance."""


MEASURED: Final = Timing()
INSTANT: Final = Timing(redirect=0.0, hangup=0.0, after=0.0)
"""For years of calls, where milliseconds only cost."""


class Refusal(StrEnum):
    """Why a Redirect is not even tried, in Asterisk's words."""

    NO_CHANNEL = "Channel does not exist: {channel}"
    NOT_UP = "Redirect failed, channel not up."


class SimSwitch:
    """One switch.

    Args:
        time: clock and appointments; seconds since the epoch.
        phones: every phone there is.
        queues: the fallback queue of each line.
        surveys: of each line that asks its callers something after the conversation.
        recordings: of each line that records its conversations.
        stale_after: a heartbeat older than this, in seconds, means that the engine is away; None = a session is enough
            (for simulations without a heartbeat).
    """

    def __init__(
        self,
        time: Scheduler,
        phones: Iterable[Device],
        queues: Mapping[LineId, Queue],
        *,
        timing: Timing = MEASURED,
        surveys: Mapping[LineId, SurveyRule] | None = None,
        recordings: Mapping[LineId, RecordingRule] | None = None,
        stale_after: float | None = 6.0,
    ) -> None:
        self.time = time
        self.timing = timing
        self.queues = queues
        self.phones: dict[Device, Phone] = {device: Phone(device) for device in phones}
        self.partner: Hands = Always(ANSWERS)
        self.public: Hands = Always(ANSWERS)
        """Citizens who are called back."""
        self.out: Observer = Silent()
        self.prefix = ""
        """Before the id of each channel: ``systemname`` and a dash, of one of several servers."""
        self.calls: dict[CallId, Call] = {}
        self.originated: dict[str, Leg] = {}
        """Legs without a caller, by Uniqueid."""
        self._stale_after = stale_after
        self._numbers = count()
        self._dialling = Dialling(self)
        self.connecting = Connecting(self, self._dialling)
        self.dialogues = Dialogues(self)
        self.surveys = Surveys(self, surveys or {})
        self.recorder = Recorder(self, recordings or {})
        self.passing_on = PassingOn(self, self._dialling)
        self.calling_back = CallingBack(self, self._dialling)
        self.spying = Spying(self, self._dialling)
        self._boot()

    @classmethod
    def of(cls, policy: Policy, time: Scheduler, *, timing: Timing = MEASURED, stale_after: float | None = 6.0) -> Self:
        """A switch with the lines and the phones of a city."""
        phones = [operator.device for operator in policy.operators.values()]
        queues = {line.id: Queue.of(line, policy) for line in policy.lines.values()}
        surveys = {line.id: line.survey for line in policy.lines.values() if line.survey is not None}
        recordings = {line.id: line.recording for line in policy.lines.values() if line.recording is not None}
        return cls(time, phones, queues, timing=timing, surveys=surveys, recordings=recordings, stale_after=stale_after)

    def _boot(self) -> None:
        self.booted_at = self.time.now()
        self.globals: dict[str, str] = {}
        self.notes: list[CallMissed] = []
        self.recorder.forget()
        self.paused: set[tuple[LineId, Device]] = set()
        """Phones that the fallback queue of a line may not ring."""
        self.sessions = 0
        """AMI sessions of the engine's account."""
        self.fallback = Fallback(self)
        self.waiting = WaitingRoom(self, self._stale_after)

    # --- Citizens -------------------------------------------------------------------------------------------------

    def arrive(self, did: str, number: str | None = None, language: str = "nl", citizen: Citizen = PASSIVE) -> Call:
        """A citizen's call comes in and is answered by the menu; or by the maintenance message."""
        seq, now = next(self._numbers), self.stamp()
        call = Call(CallId(f"{self.prefix}{int(now)}.{seq}"), seq, did, number, now, language, citizen)
        self.calls[call.id] = call
        self.out.arrived(call)
        if self.globals.get("ACD_DRAIN") == "1":
            self._last_words(call, At.REFUSED)
            self.out.menu_ended(call, Outcome.REFUSED)
        return call

    def choose(self, call: Call, line: LineId, path: str = "") -> None:
        """The caller made his last menu choice and joins a line, out of a menu or of what it tells him. Nothing happens
        to one who is hanging up."""
        if not call.dying and call.where in (At.MENU, At.CLOSED, At.INFORMED):
            call.path = path
            if call.where is At.MENU and self.globals.get(f"ACD_OPEN_{line}") == "closed":
                self._shut(call, line)
            else:
                self.join(call, line)

    def end_menu(self, call: Call, outcome: Outcome, line: LineId | None = None) -> None:
        """The menu itself settles the call, ``closed`` or ``informed``: a message, then Hangup(). It is told when he
        leaves: until then a key may lead him on."""
        if not call.dying and call.where is At.MENU:
            call.line = line
            self._last_words(call, At(outcome.value))

    def hang_up(self, call: Call) -> None:
        """BYE from the caller's side."""
        if call.dying:
            return
        call.dying = True
        self.out.caller_hangs_up(call)
        if self.timing.hangup:
            self.time.call_at(self.time.now() + self.timing.hangup, self._gone, call)
        else:
            self._gone(call)

    def drop(self, call: Call) -> None:
        """The switch itself hangs up on the caller: Hangup() in the dialplan, or the AMI action."""
        if not call.dying:
            call.dying = True
            self._gone(call)

    def press(self, call: Call, key: str) -> None:
        """The caller presses a key of his telephone."""
        if key == "D":
            self.take_back(call)
        self.dialogues.press(call, key)

    # --- Phones ---------------------------------------------------------------------------------------------------

    def hang_up_phone(self, device: Device) -> None:
        """Whoever sits there puts the receiver down; on a ringing phone he presses reject (603)."""
        leg = self.phones[device].leg
        if leg is None:
            return
        if leg.state is LegState.UP:
            self.connecting.hang_up(leg)
        else:
            self._dialling.final(leg, 603)

    def pick_up(self, device: Device) -> None:
        """Whoever sits there answers, whatever his habit."""
        leg = self.phones[device].leg
        if leg is not None and leg.state is not LegState.UP:
            self._dialling.final(leg, 200)

    def send_on(self, device: Device, to: str) -> None:
        """The operator sends his caller to another line, or to a colleague, by SIP REFER."""
        leg = self.phones[device].leg
        if leg is not None:
            self.passing_on.send(leg, to)

    def register(self, device: Device, contact: Contact = Contact.NON_QUALIFIED) -> None:
        """The phone registers, or qualify finds it again (``Contact.REACHABLE``)."""
        self._contact(self.phones[device], contact)

    def unregister(self, device: Device, contact: Contact = Contact.REMOVED) -> None:
        """The phone unregisters, or does not answer qualify any more (``Contact.UNREACHABLE``)."""
        self._contact(self.phones[device], contact)

    def use_elsewhere(self, device: Device, busy: bool) -> None:
        """The phone's owner makes, or ends, a call of his own."""
        phone = self.phones[device]
        phone.elsewhere = busy
        self.show(phone)

    def _contact(self, phone: Phone, contact: Contact) -> None:
        if phone.contact is not contact:
            phone.contact = contact
            self.out.contact_changed(phone)
            self.show(phone)

    def show(self, phone: Phone) -> None:
        """Tell the phone's device state if it is another than before."""
        state = phone.device_state()
        if state != phone.shown:
            phone.shown = state
            self.out.device_changed(phone)

    # --- The engine's hand ----------------------------------------------------------------------------------------

    def redirect(self, id: CallId, target: Target) -> Refusal | None:
        """Move a caller. None = accepted: it will be done in a moment, if the caller still lives then."""
        call = self.calls.get(id)
        if call is None:
            return Refusal.NO_CHANNEL
        if call.dying or call.pending is not None:
            return Refusal.NOT_UP
        call.pending = target
        self.time.call_at(self.time.now() + self.timing.redirect, self._move, call, target)
        return None

    def take_back(self, call: Call) -> None:
        """The key of the engine: out of Asterisk's own queue (``acd-fetched``) and out of an offer (``acd-withdrawn``),
        unless he has an operator."""
        if call.dying:
            return
        if call.where is At.FALLBACK:
            self.fallback.leave(call)
            self.connecting.leave(call)
            self.waiting.enter(call)
        elif call.where is At.RING:
            self.connecting.withdraw(call)

    def reroute(self, call: Call, line: LineId) -> None:
        """``ACD_LINE``: he waits on another line, and hears nothing of it."""
        call.line = line

    def set_say(self, call: Call, prompts: str) -> None:
        """``ACD_SAY``: prompts joined by ``&``, played at the next turn of his waiting loop."""
        call.say = prompts
        self.waiting.wake(call)

    def offer_callback(self, call: Call, offered: Offered) -> None:
        """``ACD_CB`` and what belongs to it: he hears the offer at the next turn of his waiting loop."""
        call.offered = offered
        self.waiting.wake(call)

    def set_global(self, name: str, value: str) -> None:
        """A global variable; the heartbeat and the crisis message have consequences."""
        self.globals[name] = value
        if name == "ACD_CRISIS" and value:
            self.waiting.wake_all()
        elif name == "ACD_HB":
            self.waiting.heartbeat()

    def allow(self, device: Device, lines: Iterable[LineId], allowed: bool) -> None:
        """Whether the fallback queues of these lines may ring this phone."""
        change = self.paused.discard if allowed else self.paused.add
        for line in lines:
            change((line, device))

    def session_opened(self) -> None:
        """The engine has logged in."""
        self.sessions += 1

    def session_closed(self) -> None:
        """One of its sessions has ended."""
        self.sessions -= 1
        if not self.sessions:
            self.waiting.wake_all()

    def originate(self, uid: str, device: Device, exten: str, ring_time: float) -> bool:
        """Ring a phone without a caller. False: it cannot be dialled, or this id lives already."""
        phone = self.phones.get(device)
        if phone is None or not phone.reachable or uid in self.originated or uid in self.calls:
            return False
        leg = self.new_leg(LegKind.ORIGINATED, device, uid=uid)
        leg.exten = exten
        self.originated[leg.uid] = leg
        self._dialling.begin(leg, ring_time, self._originate_up, self._originate_failed)
        return True

    def drop_originated(self, leg: Leg) -> None:
        """Hangup of a leg that has no caller."""
        self.originated.pop(leg.uid, None)
        if leg.attempt is not None:
            self.calling_back.dropped(leg.attempt)
        else:
            self._dialling.end(leg)

    def _originate_up(self, leg: Leg) -> None:
        self.out.originated(leg, 4)
        self.out.dial_ended(leg, "ANSWER")
        if leg.habit.talk is not None:
            leg.timer = self.time.call_at(self.time.now() + leg.habit.talk, self.connecting.hang_up, leg)

    def _originate_failed(self, leg: Leg, why: Verdict) -> None:
        self.originated.pop(leg.uid, None)
        self.out.originated(leg, 0 if why.cause else 3)

    def restart(self) -> None:
        """Asterisk is killed and comes back: every call is dead, and everything in its memory is gone. The lines of
        callers and phones fall silent."""
        self.waiting.close()
        self.fallback.close()
        calls, self.calls = list(self.calls.values()), {}
        theirs = [leg for call in calls for leg in (call.leg, call.through) if leg is not None]
        legs, self.originated = [*self.originated.values(), *theirs], {}
        for call in calls:
            call.dying = True
            call.plan(None)
        for leg in (*legs, *self.calling_back.forget()):
            self._dialling.forget(leg)
        self._boot()
        for call in calls:
            call.citizen.gone(call)

    # --- The life of a call ---------------------------------------------------------------------------------------

    def stamp(self) -> float:
        """Now, as STRFTIME(,,%s.%3q) writes it: the milliseconds are cut off."""
        return math.floor(self.time.now() * 1000) / 1000

    def new_leg(self, kind: LegKind, device: Device, call: Call | None = None, uid: str = "") -> Leg:
        """An outgoing channel, before its INVITE."""
        seq, now = next(self._numbers), self.time.now()
        return Leg(seq, uid or f"{self.prefix}{int(now)}.{seq}", kind, device, now, call)

    def drop_after(self, call: Call, seconds: float) -> None:
        """The dialplan hangs up on the caller when this much time has passed."""
        call.plan(self.time.call_at(self.time.now() + seconds, self.drop, call))

    def join_after(self, call: Call, line: LineId, seconds: float) -> None:
        """A channel that was no caller's becomes one, hears a message of this length, and joins a line."""
        self.calls[call.id] = call
        call.plan(self.time.call_at(self.time.now() + seconds, self.join, call, line))

    def join(self, call: Call, line: LineId) -> None:
        """``acd-queue``."""
        call.line = line
        call.entered_at, call.declined_at = self.stamp(), None
        self._queue(call)

    def _shut(self, call: Call, line: LineId) -> None:
        """A supervisor has closed the line."""
        call.line = line
        self._last_words(call, At.CLOSED)
        call.menu_told = True
        self.out.menu_ended(call, Outcome.CLOSED)

    def _queue(self, call: Call) -> None:
        """``acd-queue``, label ``again``: he keeps the moment at which he joined."""
        call.offer = call.device = call.up_at = None
        call.where = At.WAIT
        self.out.queued(call)
        self.waiting.enter(call)

    def _last_words(self, call: Call, where: At) -> None:
        """A message, then Hangup()."""
        call.where = where
        self.drop_after(call, self.timing.message)

    def _move(self, call: Call, target: Target) -> None:
        """Carry a Redirect out."""
        if call.dying:
            return
        call.pending = None
        call.plan(None)
        call.script = call.question = None
        self.fallback.leave(call)
        call.context, call.exten = address(target)
        if isinstance(target, ToSecondLine):
            if call.leg is not None:
                self.passing_on.send(call.leg, target.to)
            return
        self.connecting.leave(call)
        match target:
            case ToOperator():
                self.connecting.offer(call, target)
            case ToMusic() if call.where is At.TALK:
                self._queue(call)
            case ToMusic():
                self.waiting.enter(call)
            case ToDeflect(to=OverflowTo.PARTNER):
                call.where = At.OVERFLOW
                call.plan(self.time.call_at(self.time.now() + self.timing.prompt, self.connecting.ring_partner, call))
            case ToDeflect():
                self._last_words(call, At.REFUSED)
            case ToNowhere():
                self.drop(call)

    def _gone(self, call: Call) -> None:
        """The hangup handler runs, and the channel goes with all that hangs on it."""
        if self.calls.pop(call.id, None) is None:
            self.calling_back.gone(call)
            return
        self.fallback.leave(call)
        call.plan(None)
        leg = call.leg
        if leg is None:
            self._hangup_handler(call)
            self.out.caller_over(call)
        elif leg.state is LegState.UP:
            self.out.caller_left_bridge(call, leg, False)
            self._hangup_handler(call)
            self.out.leg_left_bridge(call, leg, True)
            self.out.caller_over(call)
            self._dialling.end(leg)
        else:
            self._dialling.cancel(leg)
            self._hangup_handler(call)
            self._dialling.end(leg)
            self.out.caller_over(call)
        call.leg = None
        if call.through is not None:
            self._dialling.end(call.through)
        call.citizen.gone(call)

    def _hangup_handler(self, call: Call) -> None:
        """``acd-flow-gone`` and ``acd-gone``: tell it, and keep a note when perhaps nobody hears."""
        at = self.stamp()
        if call.where in (At.CLOSED, At.INFORMED) and not call.menu_told:
            self.out.menu_ended(call, Outcome(call.where.value))
        self.out.gone(call, at)
        if self.waiting.engine_away:
            self.notes.append(call.note(at))
