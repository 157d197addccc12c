"""The promise to call back on the honest switch: the dialogue (``acd-offer``) and the call back (``acd-callback``)."""

from collections import deque
from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from acd.model import commands as c
from acd.model import facts as f
from acd.model.callback import AttemptResult, AttemptStage
from acd.model.facts import CallWhereabouts as W
from acd.model.facts import OfferFailure
from acd.model.ids import CallId, OfferId
from acd.model.outcome import Outcome

if TYPE_CHECKING:
    from tests.engine.switch_model import Caller, Fate, ModelSwitch, Phone

TURN: Final = 2.0
"""Seconds of a turn of the waiting loop."""
SILENT: Final = 4.0
"""Seconds after which he has made up his mind."""
SENTENCE: Final = 1.5
ANSWER: Final = 7.0
"""Seconds that he waits to hear whether his promise stands."""
CONFIRMED: Final = 6.0
"""Seconds of the confirmation."""
LATENESS: Final = {"late": 0.3, "very_late": 1.7, "too_late": 9.0}

_R, _G = AttemptResult, AttemptStage


class Dialogue:
    def __init__(self, switch: "ModelSwitch") -> None:
        self.switch = switch

    def look(self, caller: "Caller") -> None:
        """A turn of the waiting loop."""
        if caller.where is not W.WAIT or caller.gone_at is not None:
            return
        if caller.answer is True:
            self._confirm(caller)
        elif caller.plan is not None and not self.switch.away():
            self._begin(caller)

    def _begin(self, caller: "Caller") -> None:
        assert caller.plan is not None
        caller.heard, caller.plan, caller.answer = caller.plan, None, None
        caller.where = W.OFFER
        decides = self.accepts if caller.willing else self.declines
        self._then(caller, SILENT, lambda: decides(caller))
        self.switch.tell(f.CallbackHeard(caller.id, self.switch.now))

    def _then(self, caller: "Caller", seconds: float, act: Callable[[], None]) -> None:
        """He hears on; a Redirect or a hangup ends it."""
        step = caller.step = object()

        def go_on() -> None:
            if caller.step is step and caller.gone_at is None:
                act()

        self.switch.at(seconds, go_on)

    def speaking_to(self) -> list["Caller"]:
        """Those who hear a question."""
        return [caller for caller in self.switch.at_place(W.OFFER) if caller.heard is not None]

    def declines(self, caller: "Caller") -> None:
        caller.heard = None
        if not self.switch.away():
            caller.declined_at = self.switch.now
        self._then(caller, SENTENCE, lambda: self._wait_on(caller))
        self.switch.tell(f.CallbackDeclined(caller.id))

    def cancels(self, caller: "Caller") -> None:
        """Only who is owed a call already can."""
        caller.heard, caller.declined_at = None, self.switch.now
        self._then(caller, SENTENCE, lambda: self._wait_on(caller))
        self.switch.tell(f.CallbackCancelled(caller.id))

    def accepts(self, caller: "Caller", choice: int = 0, *, keyed: bool = False) -> None:
        assert caller.heard is not None
        if self.switch.away():
            self.declines(caller)
            return
        number = f"+329000{caller.id[1:]}" if keyed or caller.heard.number is None else None
        caller.heard = caller.answer = None
        caller.where, caller.accepted_at = W.BOOK, self.switch.now
        self._then(caller, ANSWER, lambda: self._not_booked(caller))
        self.switch.tell(f.CallbackWanted(caller.id, choice, number))

    def answer(self, command: c.AnswerBooking) -> None:
        """``ACD_CB_ANSWER``."""
        caller = self.switch.callers.get(command.call)
        if caller is None:
            return
        if command.window is not None:
            # One of an earlier call is his too.
            caller.reminded |= self.switch.book.knows(caller.number)
            promised = caller.id in self.switch.book.promised_to or caller.reminded
            assert promised, f"{caller.id} is to hear that a promise stands that nobody has written down"
        caller.answer = command.window is not None
        if caller.where is W.BOOK:
            self._then(caller, 0.25, lambda: (self._confirm if caller.answer else self._not_booked)(caller))
        else:
            self.switch.at(TURN, lambda: self.look(caller))

    def _confirm(self, caller: "Caller") -> None:
        caller.where, caller.answer, caller.confirmed = W.BOOKED, None, True
        self.switch._settled(caller, Outcome.CALLBACK_ACCEPTED)
        self._then(caller, CONFIRMED, lambda: self.switch.hang_up(caller))

    def _not_booked(self, caller: "Caller") -> None:
        caller.answer = None
        self._wait_on(caller)

    def _wait_on(self, caller: "Caller") -> None:
        caller.step, caller.where = None, W.WAIT
        self.switch._turn(caller)


class Habit(StrEnum):
    """What a citizen does when he is called back."""

    ANSWERS = "answers"
    BUSY = "busy"
    AWAY = "away"
    MACHINE = "machine"
    REFUSES = "refuses"


RESULTS: Final = {Habit.BUSY: _R.BUSY, Habit.AWAY: _R.NO_ANSWER, Habit.MACHINE: _R.MACHINE, Habit.REFUSES: _R.REFUSED}


class Try:
    """One attempt on the switch."""

    def __init__(self, command: c.CallBack, phone: "Phone", now: float) -> None:
        self.command, self.phone = command, phone
        self.id = command.attempt
        self.begun_at = now
        self.stage = _G.CLAIMED
        self.in_time = False
        self.given_up = False
        """When it came at last, it was written down as over."""
        self.rings = self.up = self.over = False
        """The operator's leg."""
        self.answered_at: float | None = None


class CallingBack:
    def __init__(self, switch: "ModelSwitch") -> None:
        self.switch = switch
        self.alive: dict[OfferId, Try] = {}
        self.rung: dict[OfferId, int] = {}
        """How often the citizen's phone rang for it."""
        self.fates: deque[Fate] = deque()
        self.habits: deque[Habit] = deque()
        self.asked: set[OfferId] = set()
        self.on_their_way: set[OfferId] = set()
        self.unwanted: set[OfferId] = set()
        self.ended: dict[OfferId, f.AttemptEnded] = {}
        """What this session knows to have ended."""

    # --- Commands -----------------------------------------------------------------------------------------------------

    def begin(self, command: c.CallBack) -> None:
        id, written = command.attempt, self.switch.book.attempts.get(command.attempt)
        assert written is not None and written.result is None, f"{id}: nobody may be rung for what is not claimed"
        assert id not in self.asked, f"{id} is begun twice"
        self.asked.add(id)
        fate = self.fates.popleft() if self.fates else "prompt"
        if fate == "refused":
            self._tell_end(id, _R.OPERATOR, OfferFailure.LOST)
        elif fate == "lost":
            self.on_their_way.add(id)
        elif fate == "prompt":
            self._originate(command, self.switch.now)
        else:
            self.on_their_way.add(id)
            sent_at = self.switch.now
            self.switch.at(LATENESS[fate], lambda: self._originate(command, sent_at))

    def end(self, id: OfferId) -> None:
        if id in self.alive:
            self._hang_up(self.alive[id], ours=True)
        elif id in self.ended:
            self.switch.tell(self.ended[id])
        elif id in self.on_their_way:
            self.unwanted.add(id)
        else:
            self._tell_end(id, _R.UNKNOWN)

    def new_session(self) -> None:
        """The adapter has forgotten what it was told of the one before."""
        self.ended.clear()
        self.unwanted.clear()
        self.on_their_way.clear()

    def seen(self) -> tuple[f.AttemptSeen, ...]:
        return tuple(
            f.AttemptSeen(t.id, t.command.callback, t.command.line, t.phone.device, t.stage, t.answered_at)
            for t in self.alive.values()
        )

    def forget(self) -> None:
        for tried in self.alive.values():
            tried.over = True
            tried.phone.attempt = None
        self.alive.clear()

    # --- What becomes of it -------------------------------------------------------------------------------------------

    def _originate(self, command: c.CallBack, sent_at: float) -> None:
        switch, phone = self.switch, self.switch.phones[command.device]
        self.on_their_way.discard(command.attempt)
        tried = Try(command, phone, switch.now)
        tried.in_time = switch.now - sent_at <= LATENESS["very_late"] and sent_at > switch.linked_at
        if command.operator_first and not phone.registered:
            self._tell_end(tried.id, _R.OPERATOR, OfferFailure.UNREACHABLE)
        elif command.operator_first and not phone.is_free():
            assert not (tried.in_time and phone.rung_in_time()), f"{phone.device} is rung twice at once"
            self._tell_end(tried.id, _R.OPERATOR, OfferFailure.BUSY)
        else:
            self._no_other(tried)
            tried.given_up = switch.book.attempts[tried.id].result is not None
            self.alive[tried.id] = tried
            if command.operator_first:
                self._ring_operator(tried)
            else:
                self._dial(tried)
            if tried.id in self.unwanted:
                self._hang_up(tried, ours=True)

    def _no_other(self, tried: Try) -> None:
        """Of a promise whose attempt has an unknown end only the citizen himself makes another one possible."""
        attempt = self.switch.book.attempts[tried.id]
        others = [a for a in self.switch.book.attempts.values() if a is not attempt and a.promise is attempt.promise]
        assert all(other.result not in (None, _R.UNKNOWN) for other in others), f"{tried.id}: two for one promise"

    def _ring_operator(self, tried: Try) -> None:
        tried.phone.attempt = tried
        self.switch.at(0.1, lambda: self.ring(tried))
        self.switch.at(tried.command.ring_time, lambda: self._rang_in_vain(tried))

    def ring(self, tried: Try) -> None:
        phone = tried.phone
        if tried.over or tried.rings or phone.attempt is not tried or phone.dead:
            return
        tried.rings = True
        if tried.command.operator_first:
            tried.stage = _G.RINGING
            self.switch.tell(f.AttemptRinging(tried.id))
        self.switch.show(phone)
        if phone.picked_up_after is not None:
            self.switch.at(phone.picked_up_after, lambda: self.pick_up(tried))

    def _rang_in_vain(self, tried: Try) -> None:
        if not tried.over and not tried.up:
            self.reject(tried, OfferFailure.RING_NO_ANSWER if tried.rings else OfferFailure.DEAD)

    def reject(self, tried: Try, how: OfferFailure) -> None:
        """The operator's phone did not connect."""
        if tried.command.operator_first:
            self._over(tried, _R.OPERATOR, how)
        else:
            self._over(tried, _R.ABORTED)
            self._to_the_line(tried)

    def pick_up(self, tried: Try) -> None:
        if tried.over or tried.up or not tried.rings:
            return
        tried.up = True
        if tried.command.operator_first:
            tried.stage = _G.TAKEN
            self.switch.tell(f.AttemptTaken(tried.id, self.switch.now))
            self.switch.show(tried.phone)
            self.switch.at(SENTENCE, lambda: None if tried.over else self._dial(tried))
        else:
            self._speak(tried, f.AttemptTaken(tried.id, self.switch.now))
            self.switch.show(tried.phone)

    def _dial(self, tried: Try) -> None:
        tried.stage = _G.DIALLED
        told = self.switch.is_up() and max(self.switch.linked_at, self.switch.stalled_until) < tried.begun_at
        ended = tried.command.operator_first and tried.given_up and told
        assert not ended, f"{tried.id}: the citizen is rung for what was given up"
        self.rung[tried.id] = self.rung.get(tried.id, 0) + 1
        assert self.rung[tried.id] == 1, f"{tried.id}: the citizen is rung a second time"
        self.switch.tell(f.CitizenDialled(tried.id))
        habit = self.habits.popleft() if self.habits else Habit.ANSWERS
        seconds = tried.command.ring_citizen if habit is Habit.AWAY else 2.0
        self.switch.at(seconds, lambda: None if tried.over else self._citizen(tried, habit))

    def _citizen(self, tried: Try, habit: Habit) -> None:
        phone = tried.phone
        if habit is not Habit.ANSWERS:
            self.switch.at(SENTENCE, lambda: self._over(tried, RESULTS[habit]))
        elif tried.command.operator_first:
            self._speak(tried)
        elif not phone.registered or not phone.is_free():
            self._over(tried, _R.ABORTED)
            self._to_the_line(tried)
        else:
            self._ring_operator(tried)

    def _speak(self, tried: Try, *facts: f.Fact) -> None:
        tried.stage, tried.answered_at = _G.TALKING, self.switch.now
        self.switch.tell(*facts, f.CitizenAnswered(tried.id, self.switch.now))
        self.switch.at(8.0, lambda: self._over(tried, _R.CONNECTED))

    def _to_the_line(self, tried: Try) -> None:
        """The citizen is there and the operator is not: he waits on the line."""
        self.switch.joins(CallId(f"acd-cb-{tried.id}"), tried.command.line, tried.command.number)

    def hang_up(self, tried: Try, *, citizen: bool) -> None:
        """Either of them."""
        if citizen and tried.stage is _G.DIALLED and tried.command.operator_first:
            self._over(tried, _R.REFUSED)
        else:
            self._hang_up(tried)

    def _hang_up(self, tried: Try, *, ours: bool = False) -> None:
        match tried.stage:
            case _G.TALKING:
                self._over(tried, _R.CONNECTED)
            case _G.DIALLED:
                self._over(tried, _R.ABORTED)
            case _G.TAKEN:
                self._over(tried, _R.OPERATOR)
            case _:
                how = OfferFailure.REJECTED if not ours else None if tried.rings else OfferFailure.DEAD
                self._over(tried, _R.OPERATOR, how)

    def _over(self, tried: Try, result: AttemptResult, failure: OfferFailure | None = None) -> None:
        if tried.over:
            return
        tried.over = True
        del self.alive[tried.id]
        if tried.phone.attempt is tried:
            tried.phone.attempt = None
        self._tell_end(tried.id, result, failure)
        self.switch.show(tried.phone)

    def _tell_end(self, id: OfferId, result: AttemptResult, failure: OfferFailure | None = None) -> None:
        fact = f.AttemptEnded(id, result, self.switch.now, failure)
        if self.switch.is_up():
            self.ended[id] = fact
        self.switch.tell(fact)
