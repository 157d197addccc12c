"""The full simulated switch in the place of the lean one: channels, legs, contacts and all."""

import math
from collections import Counter

import msgspec

from acd.model import commands as c
from acd.model.facts import CallWhereabouts as At
from acd.model.facts import Fact, SwitchSeen
from acd.model.ids import LineId
from acd.model.outcome import Outcome
from sim.calls import Call
from sim.kernel import Kernel, Timer
from sim.model.deferral import BUSY_TONE
from sim.model.demand import Caller
from sim.model.draws import stream
from sim.model.setup import Setup
from sim.model.switch import Lost, Tell
from sim.pbx import SimPbx
from sim.phones import RINGS, Habit, Leg, LegKind
from sim.switch import INSTANT, SimSwitch

UNSERVED = (At.WAIT, At.OFFER, At.RING, At.OVERFLOW)
IN_LINE = (At.WAIT, At.OFFER, At.BOOK, At.RING)
PHONE = "+32470000000"
"""Of every citizen: the dialplan would not dial the number that the lean keeper gives them all."""
CLEAR_VOICE = 1.0
"""Seconds of a greeting that no machine speaks."""


class FullSwitch:
    """Implements :class:`sim.model.switch.Switch`."""

    def __init__(self, kernel: Kernel, setup: Setup, seed: int, tell: Tell, lost: Lost) -> None:
        self.kernel, self.lost, self.tell = kernel, lost, tell
        self.switch = SimSwitch.of(setup.policy, kernel, timing=INSTANT, stale_after=None)
        self.switch.partner = self
        for phone in self.switch.phones.values():
            phone.hands = self
        self.pbx = SimPbx(self.switch)
        self.pbx.connect(self._hear)
        self.behaviour = setup.behaviour
        devices = [operator.device for operator in setup.policy.operators.values()]
        self.random = {device: stream(seed, "phone", device) for device in devices}
        self.answer = {d: setup.behaviour.answer.sampler(random) for d, random in self.random.items()}
        self.partner_random = stream(seed, "partner")
        self.partner_answer = setup.behaviour.partner_answer.sampler(self.partner_random)
        self.callers: dict[str, Caller] = {}

    @property
    def waiting(self) -> Counter[LineId]:
        calls = self.switch.calls.values()
        return Counter(call.line for call in calls if call.line is not None and call.where in IN_LINE)

    def _hear(self, fact: Fact) -> None:
        # The world has said so already.
        if not isinstance(fact, SwitchSeen):
            self.tell(fact)

    def send(self, commands: list[c.Command]) -> None:
        for command in commands:
            self.pbx.send(command)

    def work(self) -> None:
        """All is on the kernel."""

    # --- Citizens -------------------------------------------------------------------------------------------------

    def arrive(self, caller: Caller, in_time: bool = True) -> None:
        call = self.switch.arrive("", citizen=self)
        self.callers[call.id] = caller
        self.kernel.call_at(self.kernel.now() + caller.menu, self._choose if in_time else self._closed, call, caller)

    def _choose(self, call: Call, caller: Caller) -> None:
        if caller.patience < math.inf:
            self.kernel.call_at(self.kernel.now() + caller.patience, self._tired, call, caller)
        self.switch.choose(call, caller.line)

    def _closed(self, call: Call, caller: Caller) -> None:
        self.switch.end_menu(call, Outcome.CLOSED, caller.line)

    def _tired(self, call: Call, caller: Caller) -> None:
        if not call.dying and call.where in UNSERVED:
            self.switch.hang_up(call)
            self.lost(caller, self.kernel.now())

    def connected(self, call: Call) -> None:
        self.kernel.call_at(self.kernel.now() + self.callers[call.id].talk, self.switch.hang_up, call)

    def asked(self, call: Call) -> None:
        """Nobody is offered to be called back here."""

    def gone(self, call: Call) -> None:
        if call.where is At.REFUSED:
            self.lost(self.callers[call.id], self.kernel.now())

    # --- Whoever is rung ------------------------------------------------------------------------------------------

    def invited(self, leg: Leg) -> Habit:
        assert leg.call is not None
        caller = self.callers[leg.call.id]
        if leg.device not in self.random:
            after = self.partner_answer()
            answers = self.partner_random.random() < self.behaviour.partner_answers
        else:
            after, luck = caller.answer, caller.luck
            if luck < 0:
                after, luck = self.answer[leg.device](), self.random[leg.device].random()
            caller.luck = -1.0
            answers = luck >= self.behaviour.no_answer
        return Habit(after=after) if answers else RINGS

    def parted(self, leg: Leg) -> None:
        """Nobody here remembers."""


class DialogueSwitch(FullSwitch):
    """The same with the real dialogue of the offer to be called back: question by question, key by key, and the call
    back leg by leg. The citizens decide as those of the lean model do, by the same draws."""

    def __init__(self, kernel: Kernel, setup: Setup, seed: int, tell: Tell, lost: Lost) -> None:
        super().__init__(kernel, setup, seed, tell, lost)
        assert setup.deferral is not None
        self.habits, self.seed = setup.deferral, seed
        self.switch.public = self
        self.keys: dict[str, str] = {}
        """What is still to be pressed in the dialogue under way."""
        self.slots: dict[str, int] = {}
        """Moments that each is offered."""
        self.staying: set[str] = set()
        """Who has made up his mind to accept does not hang up any more."""
        self.presses: dict[str, Timer] = {}

    def send(self, commands: list[c.Command]) -> None:
        own = [command for command in commands if not isinstance(command, c.PromiseCommand)]
        for command in own:
            if isinstance(command, c.CallBack):
                command = msgspec.structs.replace(command, number=PHONE)  # noqa: PLW2901
            elif isinstance(command, c.OfferCallback):
                self.keys.pop(command.call, None)
                self.slots[command.call] = len(command.plan.slots)
            super().send([command])

    def asked(self, call: Call) -> None:
        """One question. Two keys and a moment: yes, that is my number, the first moment or as soon as it is calm."""
        if call.id not in self.keys:
            self._decide(call)
        key, self.keys[call.id] = self.keys[call.id][:1], self.keys[call.id][1:]
        seconds = self.habits.refusal if key == "2" else self.habits.dialogue / 3
        if (before := self.presses.get(call.id)) is not None:
            before.cancel()
        self.presses[call.id] = self.kernel.call_at(self.kernel.now() + seconds, self.switch.press, call, key)

    def _decide(self, call: Call) -> None:
        caller = self.callers[call.id]
        luck = stream(self.seed, "offer", caller.line, caller.arrives_at)
        if luck.random() >= self.habits.accept:
            self.keys[call.id] = "2"
            return
        self.staying.add(call.id)
        chosen = "1" if not self.slots[call.id] or luck.random() >= self.habits.soon else "3"
        self.keys[call.id] = "11" + chosen

    def _tired(self, call: Call, caller: Caller) -> None:
        if call.id not in self.staying:
            super()._tired(call, caller)

    def invited(self, leg: Leg) -> Habit:
        if leg.attempt is None:
            return super().invited(leg)
        if leg.kind is not LegKind.CITIZEN:
            after, luck = self.answer[leg.device](), self.random[leg.device].random()
            return Habit(after=after) if luck >= self.behaviour.no_answer else RINGS
        attempt = leg.attempt
        random = stream(self.seed, "called", attempt.callback, attempt.id)
        drawn = random.random()
        if drawn < self.habits.engaged:
            return Habit(code=486, after=BUSY_TONE)
        if drawn >= self.habits.engaged + self.habits.picks_up:
            return RINGS
        rings = min(self.habits.rings.sampler(random)(), attempt.ring_citizen - 1)
        return Habit(after=rings, voice=CLEAR_VOICE, talk=self.callers[attempt.callback].talk)
