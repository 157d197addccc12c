"""The stage of the real thing: Asterisk 22 with the product's dialplan, the product's adapter, and SIP phones in the
hands of citizens, operators and the partner."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, replace
from types import TracebackType
from typing import Final, Self, TypeVar

from acd.asterisk import AsteriskPbx
from acd.asterisk.counters import Counters
from acd.model import commands as c
from acd.model import facts as f
from acd.model.facts import CallWhereabouts as At
from acd.model.ids import CallId, Device, LineId
from acd.ports import Pbx
from sim.lab import Call, Habit, Lab
from sim.lab.asterisk import NUMBERS, Channel
from sim.lab.sip import Message
from sim.phones import Habit as Manners
from tests.contract.hand import Hand
from tests.contract.language import LINES, PHONES, Scenario
from tests.lab.stub import patient

T = TypeVar("T")

PATIENCE: Final = 30.0
"""Seconds that may pass until what comes at once has come: the machine may be busy with other things."""
KEY_GAP: Final = 0.4
"""Seconds between two keys: each takes 0.16 s, and the question after it begins a moment later."""
HEEDS: Final = ("Read", "Dial", "Queue", "Wait")
"""Where Asterisk takes a key, or keeps it for the next question; one that comes while it says something is lost."""
PARTNER: Final = "partner"
TRUNK: Final = "PJSIP/acd-trunk-"
"""How the channels of the trunk are called."""
EXPLAINED: Final = (
    "Could not create dialog to invalid URI",  # A phone that is not registered
    "Failed to create outgoing session",  # is to be rung.
    "res_musiconhold.c: Failed to write frame",  # A caller hung up as the music began.
)
"""Complaints of Asterisk that belong to a scenario."""


class RealStage(Hand):
    """Implements :class:`~tests.contract.language.Stage`.

    Args:
        lab: a started Asterisk, with the lab's own numbers.
    """

    _citizens = 0
    """Over all stages: no two scenarios have the same caller."""

    def __init__(self, scenario: Scenario, lab: Lab) -> None:
        super().__init__()
        self.lab = lab
        self._phones = {device: lab.phone(device, _habit(habit)) for device, habit in scenario.phones.items()}
        self._phones[PARTNER] = lab.partner(_habit(scenario.partner))
        self._callers: dict[CallId, Call] = {}
        self._closing = AsyncExitStack()
        self._counters: list[Counters] = []
        self._complaints = len(lab.complaints(EXPLAINED))
        self._restarted = False
        """Asterisk knows registrations from before its death, and holds on to them when the phone has gone."""

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self.disconnect)
            await self.connect()
            await self._reset()
            for phone in self._phones.values():
                await stack.enter_async_context(phone)
            await self._phones_are(f.PhoneState.IDLE)
            self._closing = stack.pop_all()
        self.facts.clear()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Everybody hangs up, and Asterisk is left as it was found.

        Raises:
            AssertionError: a channel is left of the scenario, or Asterisk or the adapter complains.
        """
        async with self._closing:
            for call in self._callers.values():
                await call.hang_up()
            if error is None:
                await self._until(self._empty, "every channel ends")
        if self._restarted:
            await asyncio.to_thread(self.lab.forget_registrations)
        if error is None:
            assert self.lab.complaints(EXPLAINED)[self._complaints :] == []
            assert not any(counters.handler_errors or counters.forged for counters in self._counters)

    # --- Stage ----------------------------------------------------------------------------------------------------

    async def call(self, line: str) -> CallId:
        RealStage._citizens += 1
        number = f"+32470{RealStage._citizens:06}"
        mark, before = len(self.facts), await self._channels(TRUNK)
        citizen = await self._closing.enter_async_context(self.lab.citizen(number))
        call = citizen.call(NUMBERS[line])
        id = await (self._new_in_switch(before) if self._pbx is None else self._told_of(number, mark))
        self._callers[id] = call
        return id

    async def hang_up(self, call: CallId) -> None:
        await self._callers[call].hang_up()

    async def press(self, call: CallId | None, keys: str) -> None:
        async def heeded() -> bool:
            # Whoever was called back first hears the questions through a channel that was joined to his.
            channels = await self._channels("" if call is None else TRUNK)
            return any(channel.app in HEEDS and call in (None, channel.uniqueid) for channel in channels)

        phone = self._phones[PARTNER].calls[-1] if call is None else self._callers[call]
        for key in keys:
            await self._until(heeded, f"a key counts for {call or PARTNER}")
            await phone.digit(key)
            await asyncio.sleep(KEY_GAP)

    async def pick_up(self, device: str) -> None:
        self._phones[device].calls[-1].answer()

    async def put_down(self, device: str) -> None:
        call = self._phones[device].calls[-1]
        if call.answered.is_set():
            await call.hang_up()
        else:
            call.reject(603)

    async def hold(self, device: str, on: bool) -> None:
        await self._phones[device].calls[-1].hold(on)

    async def put_through(self, device: str, to: str) -> None:
        async def bridged() -> bool:
            return sum(bool(channel.bridge) for channel in await self._channels(f"PJSIP/{device}-")) == 2

        phone = self._phones[device]
        call, consulted = phone.calls[-1], phone.call(to)
        await self._until(bridged, f"{device} talks with both")
        await call.refer(to, consulted)
        await asyncio.wait_for(consulted.ended.wait(), PATIENCE)
        await call.hang_up()

    async def send_on(self, device: str, to: str) -> None:
        async def bridged() -> bool:
            return any(channel.bridge for channel in await self._channels(f"PJSIP/{device}-"))

        async def done() -> bool:
            return any("200" in note for note in call.notified)

        call = self._phones[device].calls[-1]
        # Between the answer and the bridge Asterisk refuses a REFER.
        await self._until(bridged, f"{device} talks")
        await call.refer(to)
        await self._until(done, "the REFER is carried out")
        # Asterisk leaves it to the phone to hang up.
        await call.hang_up()

    async def register(self, device: str) -> None:
        await self._phones[device].register()

    async def unregister(self, device: str) -> None:
        await self._phones[device].unregister()

    async def cut_off(self) -> None:
        mark = len(self.facts)
        (session,) = await self._sessions()
        await self._cli(f"manager kick session {session}")
        await self._until_linked(mark)

    async def restart(self) -> None:
        mark, self._restarted = len(self.facts), True
        await asyncio.to_thread(self.lab.kill)
        await asyncio.to_thread(self.lab.resume)
        await self._until_linked(mark)

    async def where(self, call: CallId) -> At | None:
        for channel in await self._channels(TRUNK):
            if channel.uniqueid == call:
                state = await asyncio.to_thread(self.lab.variable, channel.name, "ACD_STATE")
                return At(state) if state else None
        return None

    async def rings(self, device: str) -> bool:
        """The phone rings, and Asterisk's device state says so too."""
        rings = any(call.ringing.is_set() and not call.final.is_set() for call in self._phones[device].calls)
        return rings and (device == PARTNER or "(Ringing)" in await self._as_member(device))

    def invite(self, device: str) -> Message:
        """How a phone was called last."""
        return self._phones[device].calls[-1].invite

    # --- The engine's hand ----------------------------------------------------------------------------------------

    def _new_pbx(self) -> Pbx:
        """The adapter as the service has it, but more patient."""
        settings = replace(patient(self.lab, PATIENCE), retry_in_use=0.1)
        pbx = AsteriskPbx(settings, lambda: map(Device, PHONES))
        self._counters.append(pbx.counters)
        return pbx

    async def _session_over(self) -> None:
        async def unheard() -> bool:
            return not await self._sessions()

        await self._until(unheard, "Asterisk notices that the engine is gone")

    async def _reset(self) -> None:
        """Nothing is left of the scenarios before this one."""
        await self._until(self._empty, "every channel ends")
        await self._phones_are(f.PhoneState.UNREACHABLE)
        self.send(c.SetCrisis(None))
        self.send(c.SetDraining(False))
        for line in LINES:
            self.send(c.SetLineOpen(LineId(line), None))
        for device in PHONES:
            self.send(c.SetAllowed(Device(device), tuple(map(LineId, LINES)), True))

    async def _phones_are(self, state: f.PhoneState) -> None:
        """The phones of this scenario are told to be so, and all others to be out of reach. Asterisk's device states
        lag behind its phones, by more than 0.1 s on a busy machine."""
        wanted = {Device(device): state if device in self._phones else f.PhoneState.UNREACHABLE for device in PHONES}

        async def told() -> bool:
            return self._shown() == wanted

        await self._until(told, f"the phones are {state}")

    def _shown(self) -> Mapping[Device, f.PhoneState]:
        """The phones as told."""
        shown: dict[Device, f.PhoneState] = {}
        for fact in self.facts:
            match fact:
                case f.SwitchSeen():
                    shown |= fact.phones
                case f.PhoneChanged():
                    shown[fact.device] = fact.state
                case _:
                    pass
        return shown

    # --- Beside the switch ----------------------------------------------------------------------------------------

    async def _cli(self, command: str) -> str:
        return await asyncio.to_thread(self.lab.cli, command)

    async def _as_member(self, device: str) -> str:
        """What Asterisk's own queues know of a phone. All lines have the same members."""
        rows = (await self._cli(f"queue show acd-{LINES[0]}")).splitlines()
        return next(row for row in rows if f"PJSIP/{device} " in row)

    async def _sessions(self) -> list[str]:
        """The file descriptors of the engine's sessions: that is what Asterisk calls them by."""
        rows = [row.split() for row in (await self._cli("manager show connected")).splitlines()]
        return [row[4] for row in rows if row[:1] == [self.lab.ami_user]]

    async def _channels(self, prefix: str = "") -> list[Channel]:
        """Those that are called so: of the trunk, of a phone."""
        channels = await asyncio.to_thread(self.lab.channels)
        return [channel for channel in channels if channel.name.startswith(prefix)]

    async def _empty(self) -> bool:
        return not await self._channels()

    async def _new_in_switch(self, before: Sequence[Channel]) -> CallId:
        """The caller who was not there before."""
        known = {channel.uniqueid for channel in before}

        async def new() -> list[str]:
            return [channel.uniqueid for channel in await self._channels(TRUNK) if channel.uniqueid not in known]

        return CallId((await self._until(new, "a channel for the caller"))[0])

    async def _told_of(self, number: str, mark: int) -> CallId:
        """The caller with that number, when he has joined his line or was turned away."""

        async def told() -> list[CallId]:
            facts = self.facts[mark:]
            mine = {fact.call for fact in facts if isinstance(fact, f.CallArrived) and fact.number == number}
            return [fact.call for fact in facts if isinstance(fact, f.CallQueued | f.MenuEnded) and fact.call in mine]

        return (await self._until(told, f"{number} has come"))[0]

    async def _until(self, look: Callable[[], Awaitable[T]], what: str) -> T:
        """What is seen at the first look at which there is something."""
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while not (seen := await look()):
            assert asyncio.get_running_loop().time() < deadline, f"not within {PATIENCE:g} s: {what}"
            await asyncio.sleep(0.02)
        return seen


def _habit(manners: Manners) -> Habit:
    return Habit(**asdict(manners))
