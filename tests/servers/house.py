"""Two simulated servers under one engine, with the production's driver and cluster, in virtual time.

A phone is registered at one of them, its home. The trunk between the two is a short one: both have the same telephones
in hand, and only the home tells of them.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from acd.asterisk.cluster import Cluster
from acd.engine.core import Engine
from acd.model import facts as f
from acd.model.call import CallState
from acd.model.commands import Command
from acd.model.events import CallOffered, Event, OutcomeCounted
from acd.model.facts import CallWhereabouts as At
from acd.model.facts import PhoneState
from acd.model.ids import CallId, Device, OperatorId, ServerId, server_of
from acd.model.outcome import Outcome
from acd.model.policy import Policy
from acd.ports import Inbox
from acd.runtime.driver import Driver
from sim.calls import Call
from sim.fallback import Queue
from sim.loop_time import LoopTime, VirtualLoop
from sim.pbx import SimPbx, folded
from sim.phones import Contact, Habit, Leg, LegKind, Phone
from sim.switch import SimSwitch
from tests.engine.house import check_indexes, check_pairs, line, operator, policy

LINE: Final = line("info", ring_time=5.0, wrap_up=1.0, short_abandon=0.0)
HOMES: Final = {Device("1001"): ServerId("a"), Device("1002"): ServerId("a"), Device("1003"): ServerId("b")}
OPERATORS: Final = {Device("1001"): "anna", Device("1002"): "bram", Device("1003"): "cato"}


def city() -> Policy:
    return policy([LINE], [operator(name, device, info=1) for device, name in OPERATORS.items()])


class Telephone(Phone):
    """One that notices when it is offered a second call."""

    def __init__(self, device: Device) -> None:
        super().__init__(device)
        self.rung_twice = False

    def invited(self, leg: Leg) -> Habit:
        self.rung_twice |= self.leg is not None and leg.kind is LegKind.OFFER
        return super().invited(leg)


class Server:
    """One of them; implements :class:`~acd.ports.Pbx`."""

    def __init__(self, name: str, place: "Place", time: LoopTime) -> None:
        self.name, self.place = ServerId(name), place
        members = {device: 0 for device, home in HOMES.items() if home == name}
        self.switch = SimSwitch(time, HOMES, {LINE.id: Queue(members, 5.0, 1.0)})
        self.switch.prefix = f"{name}-"
        self.switch.phones = dict(place.phones)
        self.pbx = SimPbx(self.switch)
        self.inbox: Inbox = lambda fact: None

    async def start(self, inbox: Inbox) -> None:
        self.inbox = inbox
        await self.pbx.start(self._heard)

    async def stop(self) -> None:
        await self.pbx.stop()

    def send(self, command: Command) -> None:
        self.pbx.send(command)

    def heartbeat(self) -> None:
        self.pbx.heartbeat()

    def _heard(self, fact: f.Fact) -> None:
        if isinstance(fact, f.PhoneChanged):
            self.place.servers[HOMES[fact.device]].tell_phone(fact)
        elif isinstance(fact, f.SwitchSeen):
            phones = {d: s if HOMES[d] == self.name else PhoneState.UNREACHABLE for d, s in fact.phones.items()}
            self.inbox(msgspec.structs.replace(fact, phones=phones))
        else:
            self.inbox(fact)

    def tell_phone(self, fact: f.PhoneChanged) -> None:
        if self.pbx.linked:
            self.inbox(fact)

    def show_phones(self) -> None:
        for device, home in HOMES.items():
            if home == self.name:
                self.tell_phone(f.PhoneChanged(device, folded(self.place.phones[device])))


class Place:
    """The whole of it. Whatever must never happen is judged here, at each step of the engine."""

    def __init__(self, loop: VirtualLoop) -> None:
        self.loop = loop
        self.phones = {device: Telephone(device) for device in HOMES}
        self.servers: dict[ServerId, Server] = {}
        time = LoopTime(loop)
        for name in ("a", "b"):
            self.servers[ServerId(name)] = Server(name, self, time)
        self.engine = Engine(city())
        self.cluster = Cluster(self.servers, loop.time)
        self.events: list[Event] = []
        self.driver = Driver(self.engine, self.cluster, self, loop.time, [self.listen])
        self.calls: list[Call] = []
        self.at_risk: set[CallId] = set()
        """Calls whose server was out of sight at some time."""

    # --- Journal and listener ---------------------------------------------------------------------------------------

    def write(self, events: Sequence[Event]) -> None:
        self.events += events
        state = self.engine._state
        for event in events:
            if isinstance(event, CallOffered):
                self._in_order(event)
        check_pairs(state)
        check_indexes(state)

    async def flush(self) -> None:
        pass

    def _in_order(self, event: CallOffered) -> None:
        """Whoever is offered came before everybody who waits, at whichever server."""
        calls = self.engine._state.calls
        chosen = calls[event.call]
        waiting = [(c.entered_at, c.id) for c in calls.values() if c.state is CallState.WAITING]
        assert all((chosen.entered_at, chosen.id) < other for other in waiting), f"{event.call} was not the first"
        assert self.servers[server_of(event.call)].pbx.linked, f"{event.call} is out of sight"

    def listen(self, events: Sequence[Event]) -> None:
        state = self.engine._state
        if state.linked:
            for lane in state.lanes.values():
                assert not (lane.waiting and lane.idle), "a caller waits beside an available operator"

    # --- Acts -------------------------------------------------------------------------------------------------------

    def ready(self) -> None:
        for name in OPERATORS.values():
            self.driver.tell(f.OperatorLoggedIn(OperatorId(name), "test"))
            self.driver.tell(f.OperatorReady(OperatorId(name), "test"))

    def call(self, server: str) -> Call | None:
        """A citizen calls; not at a dead server."""
        switch = self.servers[ServerId(server)].switch
        call = switch.arrive("3292101010", f"+3290{len(self.calls):07}")
        self.calls.append(call)
        switch.choose(call, LINE.id)
        if not self.servers[ServerId(server)].pbx.linked:
            self.at_risk.add(call.id)
        return call

    def cut(self, server: str) -> None:
        """The link to it breaks; its calls go on."""
        one = self.servers[ServerId(server)]
        if one.pbx.linked:
            self.at_risk |= set(one.switch.calls)
            one.pbx.cut("EOF")

    def kill(self, server: str) -> None:
        """It dies, with its calls, and its phones have nobody to speak through."""
        one = self.servers[ServerId(server)]
        self.at_risk |= set(one.switch.calls)
        one.pbx.cut("EOF")
        one.switch.restart()
        for device, home in HOMES.items():
            phone = self.phones[device]
            if home == one.name:
                leg = phone.leg
                if leg is not None and leg.call is not None:
                    self.servers[server_of(leg.call.id)].switch.hang_up_phone(device)
                phone.contact = Contact.REMOVED
        for other in self.servers.values():
            other.show_phones()

    def mend(self, server: str) -> None:
        """It is there again, and so are its phones."""
        one = self.servers[ServerId(server)]
        for device, home in HOMES.items():
            if home == one.name:
                self.phones[device].contact = Contact.REACHABLE
        one.pbx.mend()
        one.show_phones()

    # --- The end ----------------------------------------------------------------------------------------------------

    def outcomes(self) -> dict[CallId, Outcome]:
        counted = [event for event in self.events if isinstance(event, OutcomeCounted)]
        assert len({event.call for event in counted}) == len(counted), "no call is counted twice"
        return {event.call: event.outcome for event in counted}

    def talking(self, server: str) -> Iterable[Call]:
        return [call for call in self.servers[ServerId(server)].switch.calls.values() if call.where is At.TALK]
