"""Several servers as one switch: :class:`~acd.ports.Pbx` over one ``Pbx`` for each of them.

A call lives on the server at which it came in, to its end; the server's name stands before its id
(:func:`~acd.model.ids.server_of`). A phone is registered at one of them, whichever it likes. So a caller and the
operator who serves him may be at two servers: then the caller's own dials the phone through the other (``via``).

A server that is lost takes nothing with it but its calls and its phones: these are told to be out of sight, the rest
goes on. After :data:`GIVEN_UP_AFTER` seconds it is taken for dead.
"""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

import msgspec
import structlog

from acd.asterisk.calling_back import not_called
from acd.asterisk.pausing import unchanged
from acd.model import commands as c
from acd.model import facts as f
from acd.model.facts import PhoneState
from acd.model.ids import CallId, Device, OfferId, ServerId, SpyId, server_of
from acd.model.supervision import SpyEnd, SpySeen
from acd.ports import Inbox, Pbx

log = structlog.get_logger("acd.asterisk")

GIVEN_UP_AFTER: Final = 10.0
"""Seconds. An Asterisk that was only started anew is back by then, and shows what it still has; until then an operator
who spoke through a dead one waits."""

OfCall = (
    c.Withdraw
    | c.Announce
    | c.Deflect
    | c.AskCall
    | c.OfferCallback
    | c.AnswerBooking
    | c.Reroute
    | c.HangUpTalk
    | c.SendOn
)
"""Commands for the server of the call."""


class Cluster:
    """Implements :class:`~acd.ports.Pbx`.

    Args:
        servers: each as a switch of its own, by its ``systemname``.
        clock: our clock, seconds since the epoch.
        patience: seconds after which a server out of sight is given up.
    """

    def __init__(
        self, servers: Mapping[ServerId, Pbx], clock: Callable[[], float], patience: float = GIVEN_UP_AFTER
    ) -> None:
        self._servers = servers
        self._clock = clock
        self._patience = patience
        self._inbox: Inbox = lambda fact: None
        self._linked: set[ServerId] = set()
        self._given_up: set[ServerId] = set()
        self._waiting_for: dict[ServerId, asyncio.TimerHandle] = {}
        self._phones: dict[ServerId, dict[Device, PhoneState]] = {name: {} for name in servers}
        """As each server that can be seen shows them."""
        self._attempts: dict[OfferId, ServerId] = {}
        self._spies: dict[SpyId, ServerId] = {}
        self._hearing: set[SpyId] = set()
        """Of these, those in which the supervisor has picked up."""

    # --- Pbx ------------------------------------------------------------------------------------------------------

    async def start(self, inbox: Inbox) -> None:
        self._inbox = inbox
        for name, server in self._servers.items():
            self._wait_for(name)
            await server.start(partial(self._heard, name))

    async def stop(self) -> None:
        self._inbox = lambda fact: None
        for timer in self._waiting_for.values():
            timer.cancel()
        self._waiting_for.clear()
        await asyncio.gather(*(server.stop() for server in self._servers.values()))

    def heartbeat(self) -> None:
        for server in self._servers.values():
            server.heartbeat()

    def send(self, command: c.Command) -> None:
        """To the server that it concerns; what concerns none in particular, to all. One that cannot be seen says so
        itself."""
        match command:
            case c.Offer():
                self._offer(command)
            case c.CallBack():
                self._call_back(command)
            case c.EndCallBack():
                self._to(self._attempts.get(command.attempt), command)
            case c.Spy():
                self._spy(command)
            case c.PauseRecording():
                self._pause(command)
            case c.EndSpy():
                self._to(self._spies.get(command.spy), command)
            case c.SetCrisis() | c.SetDraining() | c.SetAllowed() | c.SetLineOpen():
                self._to(None, command)
            case _ if isinstance(command, OfCall):
                self._of_call(command)
            case _:
                log.error("no server for this command", command=repr(command))

    # --- Commands -------------------------------------------------------------------------------------------------

    def _to(self, name: ServerId | None, command: c.Command) -> None:
        """None = to all."""
        for server in self._servers.values() if name is None else (self._servers[name],):
            server.send(command)

    def _of_call(self, command: OfCall) -> None:
        server = self._servers.get(server_of(command.call))
        if server is not None:
            server.send(command)
        elif isinstance(command, c.AskCall):
            # Of a server that is none of ours any more.
            self._later(f.CallFound(command.call, None))

    def _offer(self, command: c.Offer) -> None:
        server = server_of(command.call)
        if server in self._servers:
            self._servers[server].send(msgspec.structs.replace(command, via=self._via(server, command.device)))
        else:
            self._later(f.OfferNotSent(command.call, command.offer, tried=False))

    def _call_back(self, command: c.CallBack) -> None:
        """From the server of the operator's phone."""
        server = self._at(command.device)
        if server is None:
            self._later(not_called(command.attempt, self._clock(), fit=True))
        else:
            self._attempts[command.attempt] = server
            self._servers[server].send(command)

    def _spy(self, command: c.Spy) -> None:
        server = self._owner(command.call, command.attempt)
        if server is None:
            self._later(f.SpyOver(command.spy, self._clock(), SpyEnd.FAILED))
        else:
            self._spies[command.spy] = server
            self._servers[server].send(msgspec.structs.replace(command, via=self._via(server, command.device)))

    def _pause(self, command: c.PauseRecording) -> None:
        server = self._owner(command.call, command.attempt)
        if server is None:
            self._later(unchanged(command))
        else:
            self._servers[server].send(command)

    def _owner(self, call: CallId | None, attempt: OfferId | None) -> ServerId | None:
        """The server of a conversation; None = of none that there is."""
        if call is None:
            return None if attempt is None else self._attempts.get(attempt)
        server = server_of(call)
        return server if server in self._servers else None

    def _later(self, fact: f.Fact) -> None:
        """After whatever is being handled now."""
        asyncio.get_running_loop().call_soon(self._tell, fact)

    def _tell(self, fact: f.Fact) -> None:
        self._inbox(fact)

    # --- Phones ---------------------------------------------------------------------------------------------------

    def _phone(self, device: Device) -> PhoneState:
        """Busy at one server is busy; else it can be rung where it is registered."""
        states = {phones.get(device, PhoneState.UNREACHABLE) for phones in self._phones.values()}
        if PhoneState.BUSY in states:
            return PhoneState.BUSY
        return PhoneState.IDLE if PhoneState.IDLE in states else PhoneState.UNREACHABLE

    def _at(self, device: Device, rather: ServerId | None = None) -> ServerId | None:
        """Where this phone is registered; of two, the one that is asked for."""
        there = [
            name
            for name, phones in self._phones.items()
            if phones.get(device, PhoneState.UNREACHABLE) is not PhoneState.UNREACHABLE
        ]
        return rather if rather in there else next(iter(there), None)

    def _via(self, server: ServerId, device: Device) -> ServerId | None:
        at = self._at(device, server)
        return None if at == server else at

    # --- Facts ----------------------------------------------------------------------------------------------------

    def _heard(self, name: ServerId, fact: f.Fact) -> None:
        match fact:
            case f.SwitchSeen():
                self._seen(name, fact)
                return
            case f.LinkLost():
                self._lost(name, fact.reason)
                return
            case f.PhoneChanged():
                self._phones[name][fact.device] = fact.state
                fact = f.PhoneChanged(fact.device, self._phone(fact.device))
            case f.AttemptEnded():
                self._attempts.pop(fact.attempt, None)
            case f.SpyBegan():
                self._hearing.add(fact.spy)
            case f.SpyOver():
                self._spies.pop(fact.spy, None)
                self._hearing.discard(fact.spy)
            case _:
                pass
        self._tell(fact)

    def _seen(self, name: ServerId, fact: f.SwitchSeen) -> None:
        self._linked.add(name)
        self._given_up.discard(name)
        timer = self._waiting_for.pop(name, None)
        if timer is not None:
            timer.cancel()
        strange = [seen.call for seen in fact.calls if server_of(seen.call) != name]
        if strange:
            log.error("calls under another server's name are not routed", server=name, calls=strange[:10])
        self._phones[name] = dict(fact.phones)
        self._forget(self._attempts, name)
        self._attempts |= dict.fromkeys((seen.attempt for seen in fact.attempts), name)
        self._forget(self._spies, name)
        self._spies |= dict.fromkeys((seen.spy for seen in fact.spies), name)
        self._hearing = {spy for spy in self._hearing if spy in self._spies}
        self._hearing |= {seen.spy for seen in fact.spies if seen.began}
        devices = {device for phones in self._phones.values() for device in phones}
        self._tell(
            msgspec.structs.replace(
                fact,
                calls=tuple(seen for seen in fact.calls if server_of(seen.call) == name),
                phones={device: self._phone(device) for device in devices},
                spies=tuple(SpySeen(spy, spy in self._hearing) for spy in self._spies),
                server=name,
                whole=self._whole(),
            )
        )

    def _lost(self, name: ServerId, reason: str) -> None:
        self._linked.discard(name)
        before = {device: self._phone(device) for device in self._phones[name]}
        self._phones[name] = {}
        after = {device: self._phone(device) for device in before}
        away = tuple(d for d, state in after.items() if state is PhoneState.UNREACHABLE is not before[d])
        attempts = tuple(attempt for attempt, server in self._attempts.items() if server == name)
        spies = tuple(spy for spy, server in self._spies.items() if server == name)
        self._forget(self._spies, name)
        self._wait_for(name)
        log.warning("a server is out of sight", server=name, phones=len(away), reason=reason)
        self._tell(f.ServerLost(name, reason, away, attempts, spies))
        for device, state in after.items():
            if device not in away and state is not before[device]:
                self._tell(f.PhoneChanged(device, state))
        if not self._linked:
            self._tell(f.LinkLost(reason))

    def _wait_for(self, name: ServerId) -> None:
        loop = asyncio.get_running_loop()
        self._waiting_for[name] = loop.call_later(self._patience, self._give_up, name)

    def _give_up(self, name: ServerId) -> None:
        if not self._linked:
            # That all of them are dead is less likely than that our own network is.
            self._wait_for(name)
            return
        del self._waiting_for[name]
        self._given_up.add(name)
        self._forget(self._attempts, name)
        log.error("a server is taken for dead, and its calls for lost", server=name)
        self._tell(f.ServerGone(name, self._whole()))

    def _whole(self) -> bool:
        return bool(self._linked) and self._servers.keys() <= self._linked | self._given_up

    def _forget(self, known: dict[OfferId, ServerId] | dict[SpyId, ServerId], name: ServerId) -> None:
        for number in [number for number, server in known.items() if server == name]:
            del known[number]  # type: ignore[arg-type]
