"""The full simulated switch in the place of the lean one: channels, legs, contacts and all."""

import math
from collections import Counter

from acd.model import commands as c
from acd.model.facts import CallWhereabouts as At
from acd.model.facts import Fact, SwitchSeen
from acd.model.ids import LineId
from acd.model.outcome import Outcome
from sim.calls import Call
from sim.kernel import Kernel
from sim.model.demand import Caller
from sim.model.draws import stream
from sim.model.setup import Setup
from sim.model.switch import Lost, Tell
from sim.pbx import SimPbx
from sim.phones import RINGS, Habit, Leg
from sim.switch import INSTANT, SimSwitch

UNSERVED = (At.WAIT, At.RING, At.OVERFLOW)


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
        return Counter(call.line for call in calls if call.line is not None and call.where in (At.WAIT, At.RING))

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
