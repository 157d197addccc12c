"""The dialogue of the promise to call back (``acd-offer``): questions, keys, silence.

What he hears is told by a script that stops at each question and goes on with his answer. A Redirect or a hangup simply
ends it.
"""

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from acd.model.facts import CallWhereabouts as At
from sim.calls import Call

if TYPE_CHECKING:
    from sim.switch import SimSwitch

PATIENCE: Final = 5.0
"""Seconds of silence after a question."""
FIRST_PATIENCE: Final = 4.0
"""After the offer itself."""
POLL: Final = 0.25
"""Seconds between two looks whether the promise stands."""
BOOKING: Final = 7.0
"""Seconds that a caller waits to hear whether it stands."""
LONGEST: Final = 17
"""Keys of a number."""
ROUNDS: Final = 9


@dataclass(frozen=True, slots=True)
class Offered:
    """What the dialogue is about, as the variables on the channel have it."""

    slots: int
    number: bool
    """There is a number to read back."""
    existing: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """Waits for one key, or for a number that ends with ``#``."""

    patience: float = PATIENCE
    number: bool = False
    spoken: bool = True
    """A prompt is played first."""


Script = Generator[Question, str, None]


class _EngineAwayError(Exception):
    """No engine is there any more; he has declined nothing."""


class Dialogues:
    """All callers who hear the offer."""

    def __init__(self, switch: "SimSwitch") -> None:
        self._switch = switch

    def begin(self, call: Call) -> None:
        """Out of the waiting loop."""
        offered, call.offered = call.offered, None
        assert offered is not None
        call.where, call.booked = At.OFFER, None
        call.context, call.exten = "acd-offer", "s"
        self._switch.out.callback_heard(call, self._switch.stamp())
        self.tell(call, self._script(call, offered))

    def tell(self, call: Call, script: Script) -> None:
        """From its first question on."""
        call.script = script
        self._go_on(call, None)

    def press(self, call: Call, key: str) -> None:
        """A key of the caller's telephone. Out of the dialogue it is not listened to."""
        if call.script is None or call.question is None or call.dying or call.where not in (At.OFFER, At.AFTER):
            return
        if not call.question.number:
            self._go_on(call, key)
            return
        if key != "#":
            call.keyed += key
            self._listen(call, call.question.patience)
        if key == "#" or len(call.keyed) >= LONGEST:
            self._go_on(call, call.keyed)

    def answer(self, call: Call, booked: bool) -> None:
        """``ACD_CB_ANSWER``: who waits for it hears it at the next look; a late yes is found by the waiting loop."""
        call.booked = booked
        time = self._switch.time
        if call.where is At.BOOK:
            call.plan(time.call_at(time.now() + POLL, self._answered, call))
        else:
            self._switch.waiting.wake(call)

    def confirm(self, call: Call) -> None:
        """He hears that it stands, and the call ends."""
        call.where, call.booked = At.BOOKED, None
        self._switch.drop_after(call, self._switch.timing.message)

    def _go_on(self, call: Call, answer: str | None) -> None:
        assert call.script is not None
        try:
            call.question = next(call.script) if answer is None else call.script.send(answer)
        except StopIteration:
            call.question = None
        else:
            call.keyed = ""
            prompt = self._switch.timing.prompt if call.question.spoken else 0.0
            self._listen(call, prompt + call.question.patience)
            call.citizen.asked(call)

    def _listen(self, call: Call, seconds: float) -> None:
        time = self._switch.time
        call.plan(time.call_at(time.now() + seconds, self._silence, call))

    def _silence(self, call: Call) -> None:
        self._go_on(call, call.keyed)

    # --- The script -----------------------------------------------------------------------------------------------

    def _script(self, call: Call, offered: Offered) -> Script:
        try:
            yield from self._ask(call, offered)
        except _EngineAwayError:
            self._stay(call)

    def _ask(self, call: Call, offered: Offered) -> Script:
        if offered.existing:
            key = yield from self._choose("123")
            if key == "3":
                call.declined_at = self._switch.stamp()
                self._switch.out.callback_cancelled(call)
                self._wait_on(call)
                return
            if key != "2":
                self._decline(call)
                return
        elif (yield Question(FIRST_PATIENCE)) != "1":
            self._decline(call)
            return
        skipped = offered.existing and offered.number
        keyed = "" if skipped else (yield from self._number(offered))
        choice = None if keyed is None else (yield from self._moment(offered))
        if choice is None:
            self._decline(call)
        elif self._switch.waiting.engine_away:
            self._stay(call)
        else:
            self._want(call, choice, keyed or "")

    def _number(self, offered: Offered) -> Generator[Question, str, str | None]:
        """Empty = the one that was read to him; None = he gives up."""
        if offered.number:
            key = yield from self._choose("12")
            if key != "2":
                return "" if key == "1" else None
        for _ in range(2):
            keyed = yield Question(number=True)
            if not plausible(keyed):
                continue
            key = yield from self._choose("12")
            if key != "2":
                return keyed if key == "1" else None
        return None

    def _moment(self, offered: Offered) -> Generator[Question, str, int | None]:
        if not offered.slots:
            return 0 if (yield from self._choose("1")) == "1" else None
        keys = "123" if offered.slots > 1 else "13"
        for turn in range(ROUNDS):
            key = yield from self._choose(keys)
            if key != "2":
                return {"1": turn % offered.slots + 1, "3": 0}.get(key)
        return None

    def _choose(self, keys: str) -> Generator[Question, str, str]:
        """One of the keys; the question is asked twice. Empty: none.

        Raises:
            _EngineAwayError: there is nobody to make an appointment with.
        """
        for _ in range(2):
            if self._switch.waiting.engine_away:
                raise _EngineAwayError
            key = yield Question()
            if key and key in keys:
                return key
        return ""

    def _decline(self, call: Call) -> None:
        call.declined_at = self._switch.stamp()
        self._stay(call)

    def _stay(self, call: Call) -> None:
        self._switch.out.callback_declined(call)
        self._wait_on(call)

    def _wait_on(self, call: Call) -> None:
        call.script = call.question = None
        self._switch.waiting.enter(call)

    def _want(self, call: Call, choice: int, keyed: str) -> None:
        call.where, call.booked = At.BOOK, None
        time = self._switch.time
        call.plan(time.call_at(time.now() + BOOKING, self._answered, call))
        self._switch.out.callback_wanted(call, choice, keyed)

    def _answered(self, call: Call) -> None:
        if call.booked:
            self.confirm(call)
        else:
            if call.booked is False:
                call.declined_at = self._switch.stamp()
            call.booked = None
            self._switch.waiting.enter(call)


def plausible(keyed: str) -> bool:
    """The dialplan's rough look: the keeper's is the strict one."""
    if not keyed.isdecimal() or not keyed.startswith("0") or not 9 <= len(keyed) <= 16:
        return False
    return keyed[1] == "0" or len(keyed) <= 10
