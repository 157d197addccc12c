"""The stages made of software: the simulated switch at domain height, and behind AMI with the real adapter."""

import asyncio
from collections.abc import Mapping
from typing import Protocol, Self

from acd.asterisk import AmiSettings, AsteriskPbx
from acd.model.facts import CallWhereabouts as At
from acd.model.ids import CallId, Device, LineId, OperatorId
from acd.model.policy import Line, Operator, Policy
from acd.ports import Pbx
from sim.ami_server import AmiServer
from sim.ami_session import Account
from sim.calling_back import Attempt
from sim.loop_time import LoopTime
from sim.pbx import SimPbx
from sim.phones import Always, Contact, Habit, LegState
from sim.switch import SimSwitch
from tests.contract.hand import Hand
from tests.contract.language import LINES, PHONES, Scenario
from tests.contract.recorded import RECORDINGS
from tests.contract.surveyed import SURVEYS

_SECRET = "no secret at all"


def policy() -> Policy:
    """Five lines, and three operators who serve them all."""
    ids = [LineId(id) for id in LINES]
    lines = {id: Line(id=id, names={"nl": id}, survey=SURVEYS.get(id), recording=RECORDINGS.get(id)) for id in ids}
    operators = {
        OperatorId(f"op{device}"): Operator(
            id=OperatorId(f"op{device}"), name=device, device=Device(device), lines=dict.fromkeys(lines, 1)
        )
        for device in PHONES
    }
    return Policy(lines=lines, operators=operators)


class Front(Protocol):
    """How an engine gets at the switch."""

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    def pbx(self) -> Pbx: ...

    async def cut_off(self) -> None: ...

    async def restart(self) -> None: ...


class Direct:
    """Facts and commands, no bytes."""

    def __init__(self, switch: SimSwitch) -> None:
        self._switch = switch
        self._pbx = SimPbx(switch)

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    def pbx(self) -> Pbx:
        self._pbx = SimPbx(self._switch)
        return self._pbx

    async def cut_off(self) -> None:
        self._pbx.cut("cut off")
        self._pbx.mend()

    async def restart(self) -> None:
        self._pbx.restart()


class OverAmi:
    """Through the simulated AMI server and the adapter that speaks to the real Asterisk."""

    def __init__(self, switch: SimSwitch) -> None:
        self.server = AmiServer(switch, [Account.engine(_SECRET)])

    async def open(self) -> None:
        await self.server.start()

    async def close(self) -> None:
        await self.server.stop()

    def pbx(self) -> Pbx:
        settings = AmiSettings(port=self.server.port, secret=_SECRET)
        return AsteriskPbx(settings, lambda: map(Device, PHONES), clock=asyncio.get_running_loop().time)

    async def cut_off(self) -> None:
        self.server.disconnect()

    async def restart(self) -> None:
        await self.server.restart()


class SimStage(Hand):
    """Implements :class:`~tests.contract.language.Stage`."""

    def __init__(self, scenario: Scenario, front: type[Direct] | type[OverAmi]) -> None:
        super().__init__()
        self.switch = SimSwitch.of(policy(), LoopTime(asyncio.get_running_loop()))
        self._front: Front = front(self.switch)
        self._set(scenario.phones, scenario.partner)

    def _set(self, phones: Mapping[str, Habit], partner: Habit) -> None:
        self.switch.partner = self.switch.public = Always(partner)
        for device in PHONES:
            phone = self.switch.phones[Device(device)]
            if device in phones:
                phone.hands = Always(phones[device])
            else:
                self.switch.unregister(phone.device)

    async def __aenter__(self) -> Self:
        await self._front.open()
        await self.connect()
        self.facts.clear()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.disconnect()
        await self._front.close()

    # --- Stage ----------------------------------------------------------------------------------------------------

    async def call(self, line: str) -> CallId:
        call = self.switch.arrive("092101010", "+32470000001")
        await self.sleep(0.1)
        self.switch.choose(call, LineId(line))
        await self.sleep(0.1)
        return call.id

    async def hang_up(self, call: CallId) -> None:
        self.switch.hang_up(self.switch.calls[call])

    async def press(self, call: CallId | None, keys: str) -> None:
        [asked] = self.switch.calling_back.asked.values() if call is None else [self.switch.calls[call]]
        for key in keys:
            self.switch.press(asked, key)
            await self.sleep(0.4)

    async def pick_up(self, device: str) -> None:
        attempt = self._called() if device == "partner" else None
        if attempt is None:
            self.switch.pick_up(Device(device))
        else:
            self.switch.calling_back.citizen_answers(attempt)

    async def put_down(self, device: str) -> None:
        attempt = self._called() if device == "partner" else None
        called = *self.switch.calls.values(), *self.switch.calling_back.asked.values()
        joined = next((call for call in called if not call.did), None)
        if attempt is not None:
            self.switch.calling_back.citizen_hangs_up(attempt)
        elif device == "partner" and joined is not None:
            self.switch.hang_up(joined)
        else:
            self.switch.hang_up_phone(Device(device))

    def _called(self) -> Attempt | None:
        """The citizen who is called back: to whom the partner's phone belongs as well."""
        return next((a for a in self.switch.calling_back.attempts.values() if a.citizen is not None), None)

    async def send_on(self, device: str, to: str) -> None:
        self.switch.send_on(Device(device), to)

    async def hold(self, device: str, on: bool) -> None:
        self.switch.passing_on.hold(Device(device), on)

    async def put_through(self, device: str, to: str) -> None:
        self.switch.passing_on.put_through(Device(device), Device(to))

    async def register(self, device: str) -> None:
        self.switch.register(Device(device), Contact.NON_QUALIFIED)

    async def unregister(self, device: str) -> None:
        self.switch.unregister(Device(device))

    async def cut_off(self) -> None:
        mark = len(self.facts)
        await self._front.cut_off()
        await self._until_linked(mark)

    async def restart(self) -> None:
        mark = len(self.facts)
        await self._front.restart()
        await self._until_linked(mark)

    async def where(self, call: CallId) -> At | None:
        found = self.switch.calls.get(call)
        return None if found is None else found.where

    async def rings(self, device: str) -> bool:
        called = self._called() if device == "partner" else None
        if called is not None and called.citizen is not None:
            return called.citizen.state is LegState.RINGING
        legs = [call.leg for call in self.switch.calls.values()]
        return any(leg is not None and leg.device == device and leg.state is LegState.RINGING for leg in legs)

    def _new_pbx(self) -> Pbx:
        return self._front.pbx()


def waiting(stage: SimStage) -> list[CallId]:
    """Who hears music."""
    return [call.id for call in stage.switch.calls.values() if call.where is At.WAIT]
