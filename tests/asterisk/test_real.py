"""The adapter on the real Asterisk 22 with the product's dialplan: what no imitation can show."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from typing import Any, TypeVar

import pytest

from acd.asterisk import AmiSettings, AsteriskPbx
from acd.asterisk.events import EVENTS_READ
from acd.asterisk.link import LinkState
from acd.ivr.switch import EVENTS
from acd.model import commands as c
from acd.model import facts as f
from acd.model.ids import CallId, Device, LineId, OfferId, OperatorId
from acd.model.policy import OverflowTo
from sim.lab import DEAD, RINGS, Habit, Lab
from tests.lab.stub import patient, unheard, until
from tests.lab.test_hostile import FROM

pytestmark = pytest.mark.asterisk

T = TypeVar("T")
W = f.CallWhereabouts
GENTINFO = "092101010"
NUMBER = "+32470000301"


PATIENCE = 20.0
"""Seconds that may pass until what comes at once has come."""


class Ear:
    """The adapter on the lab, its heart beating, and all that it told."""

    def __init__(self, lab: Lab, devices: tuple[str, ...] = ("1001", "1002")) -> None:
        settings = replace(patient(lab, PATIENCE), ping_every=0.2, retry_in_use=0.05)
        self.pbx = AsteriskPbx(settings, lambda: [Device(device) for device in devices])
        self.facts: list[f.Fact] = []
        self._beat: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Ear":
        await self.pbx.start(self.facts.append)
        await self.until(lambda: self.of(f.SwitchSeen))
        self._beat = asyncio.create_task(self._beating())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._beat is not None
        self._beat.cancel()
        await self.pbx.stop()

    async def _beating(self) -> None:
        while True:
            self.pbx.heartbeat()
            await asyncio.sleep(1)

    def of(self, kind: type[T], call: str | None = None) -> list[T]:
        return [fact for fact in self.facts if isinstance(fact, kind) and call in (None, getattr(fact, "call", None))]

    async def until(self, condition: Callable[[], Any], within: float = PATIENCE) -> None:
        async with asyncio.timeout(within):
            while not condition():  # noqa: ASYNC110
                await asyncio.sleep(0.002)

    async def fact(self, kind: type[T], call: str | None = None, within: float = PATIENCE) -> T:
        await self.until(lambda: self.of(kind, call), within)
        return self.of(kind, call)[-1]

    async def finds(self, found: f.CallFound) -> None:
        """He is there, as soon as the dialplan has taken him there."""
        async with asyncio.timeout(PATIENCE):
            while True:
                self.facts.clear()
                self.pbx.send(c.AskCall(found.call))
                if await self.fact(f.CallFound) == found:
                    return

    def offer(self, call: CallId, number: int, device: str = "1001", ring_time: float = 10.0) -> None:
        self.pbx.send(c.Offer(call, OfferId(number), OperatorId("an"), Device(device), ring_time))

    def story(self, call: str) -> list[str]:
        return [type(fact).__name__ for fact in self.facts if getattr(fact, "call", None) == call]


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab() as lab:
        yield lab


@pytest.fixture
async def ear(lab: Lab) -> AsyncIterator[Ear]:
    async with Ear(lab) as ear:
        yield ear
        await ear.until(lambda: not lab.channels())
        assert ear.pbx.counters.handler_errors == ear.pbx.counters.forged == 0


async def test_a_call_through_every_step(lab: Lab, ear: Ear) -> None:
    async with lab.phone("1001", Habit(after=0.3)) as phone, lab.citizen(NUMBER) as citizen:
        await ear.until(lambda: f.PhoneChanged(Device("1001"), f.PhoneState.IDLE) in ear.facts)
        began = time.time()
        citizen.call(GENTINFO)
        queued = await ear.fact(f.CallQueued)
        call = queued.call
        assert began <= (queued.arrived_at or 0) <= queued.entered_at <= time.time()
        assert (queued.line, queued.number, queued.did, queued.language) == ("gentinfo", NUMBER, GENTINFO, "nl")
        ear.offer(call, 7)
        answered = await ear.fact(f.OfferAnswered)
        picked_up = phone.calls[0].answered_at
        assert picked_up is not None
        assert picked_up - 0.001 <= answered.answered_at <= time.time()
        await phone.calls[0].hang_up()
        gone = await ear.fact(f.CallGone, call)
        hung_up = phone.calls[0].ended_at
        assert hung_up is not None
        assert hung_up - 0.001 <= gone.gone_at <= time.time()
        await ear.until(lambda: ear.of(f.PhoneChanged)[-1].state is f.PhoneState.IDLE)
    assert ear.story(call) == [
        "CallArrived",
        "CallQueued",
        "OfferDialled",
        "OfferRinging",
        "OfferAnswered",
        "TalkEnded",
        "CallGone",
    ]


FAILURES = {
    "busy": (Habit(486), f.OfferFailure.BUSY),
    "do not disturb": (Habit(480), f.OfferFailure.REJECTED),
    "rejected": (Habit(603), f.OfferFailure.REJECTED),
    "fault": (Habit(503), f.OfferFailure.FAULT),
    "no answer": (RINGS, f.OfferFailure.RING_NO_ANSWER),
    "dead": (DEAD, f.OfferFailure.DEAD),
    "not registered": (None, f.OfferFailure.UNREACHABLE),
}


async def test_every_failure_of_a_phone_has_its_name(lab: Lab, ear: Ear) -> None:
    async with lab.phone("1001") as phone, lab.citizen(NUMBER) as citizen:
        call = citizen.call(GENTINFO)
        id = (await ear.fact(f.CallQueued)).call
        for number, (name, (habit, how)) in enumerate(FAILURES.items(), 1):
            if habit is None:
                await phone.unregister()
            phone.habit = habit
            ear.offer(id, number, ring_time=2.0 if habit in (RINGS, DEAD) else 20.0)
            await ear.until(lambda: len(ear.of(f.OfferFailed)) == number)  # noqa: B023
            assert (name, ear.of(f.OfferFailed)[-1]) == (name, f.OfferFailed(id, OfferId(number), how))
        await call.hang_up()
        await ear.fact(f.CallGone, id)
    assert len(ear.of(f.CallQueued)) == 1


async def test_withdraw_brings_the_caller_back_and_the_phone_to_rest(lab: Lab, ear: Ear) -> None:
    async with lab.phone("1001", RINGS) as phone, lab.citizen(NUMBER) as citizen:
        call = citizen.call(GENTINFO)
        id = (await ear.fact(f.CallQueued)).call
        ear.offer(id, 7)
        await ear.fact(f.OfferRinging)
        ear.pbx.send(c.AskCall(id))
        assert await ear.fact(f.CallFound) == f.CallFound(id, W.RING, OfferId(7))
        ear.pbx.send(c.Withdraw(id, OfferId(7)))
        await asyncio.wait_for(phone.calls[0].ended.wait(), PATIENCE)
        await ear.finds(f.CallFound(id, W.WAIT))
        phone.habit = Habit()
        ear.offer(id, 8)
        await ear.fact(f.OfferAnswered)
        await call.hang_up()
        await ear.fact(f.TalkEnded)
    ear.facts.clear()
    ear.pbx.send(c.AskCall(id))
    assert await ear.fact(f.CallFound) == f.CallFound(id, None)
    ear.offer(id, 9)
    assert await ear.fact(f.OfferNotSent) == f.OfferNotSent(id, OfferId(9))


async def test_settings_reach_the_dialplan(lab: Lab, ear: Ear) -> None:
    begun = time.time()
    ear.pbx.send(c.SetCrisis("crisis-storm"))
    ear.pbx.send(c.SetDraining(True))
    lines = (LineId("gentinfo"), LineId("sportlijn"), LineId("lez"))
    ear.pbx.send(c.SetAllowed(Device("1001"), lines, allowed=False))
    await ear.until(lambda: lab.globals().get("ACD_CRISIS") == "crisis-storm")
    assert lab.globals()["ACD_DRAIN"] == "1"
    await ear.until(lambda: int(begun) <= int(lab.globals()["ACD_HB"]) <= time.time())

    def paused(line: str) -> bool:
        (member,) = [row for row in lab.cli(f"queue show acd-{line}").splitlines() if "PJSIP/1001" in row]
        return "(paused" in member

    await ear.until(lambda: paused("lez"))
    assert [paused(line) for line in lines] == [True] * 3
    ear.pbx.send(c.SetAllowed(Device("1001"), lines, allowed=True))
    await ear.until(lambda: not paused("lez"))
    assert [paused(line) for line in lines] == [False] * 3
    ear.pbx.send(c.SetCrisis(None))
    ear.pbx.send(c.SetDraining(False))
    await ear.until(lambda: not lab.globals().get("ACD_CRISIS") and not lab.globals().get("ACD_DRAIN"))


async def test_an_announcement_and_a_deflection(lab: Lab, ear: Ear) -> None:
    async with lab.citizen(NUMBER) as citizen:
        call = citizen.call(GENTINFO)
        id = (await ear.fact(f.CallQueued)).call
        ear.pbx.send(c.Announce(id, 3, (2, 5)))
        await ear.until(lambda: lab.variable(lab.channels()[0].name, "saying") == "acd/position-3&acd/wait-2-5")
        ear.pbx.send(c.Deflect(id, LineId("gentinfo"), OverflowTo.REFUSE))
        await asyncio.wait_for(call.ended.wait(), PATIENCE)
        await ear.fact(f.CallGone, id)


async def test_the_device_state_follows_the_contacts_of_a_phone_at_once(lab: Lab, ear: Ear) -> None:
    """Why contacts are not looked at: of two addresses the second counts, and one lost in mid-call counts after it."""
    settings = lab.folder / "etc/acd-pjsip.conf"
    ours = settings.read_text()
    settings.write_text(ours.replace("max_contacts=1", "max_contacts=2").replace("remove_existing=yes", ""))
    lab.cli("module reload res_pjsip.so")

    def told() -> list[str]:
        return [fact.state for fact in ear.of(f.PhoneChanged)]

    async with lab.phone("1001", Habit()) as phone, lab.citizen(NUMBER) as citizen:
        await ear.until(lambda: told() == ["idle"])
        async with lab.phone("1001"):
            assert lab.cli("pjsip show contacts").count("1001/sip:") == 2
        assert lab.cli("pjsip show contacts").count("1001/sip:") == 1
        await asyncio.sleep(0.2)
        assert told() == ["idle"]
        call = citizen.call(GENTINFO)
        ear.offer((await ear.fact(f.CallQueued)).call, 7)
        await ear.fact(f.OfferAnswered)
        await ear.until(lambda: told() == ["idle", "busy"])
        await phone.unregister()
        assert told() == ["idle", "busy"]
        await call.hang_up()
        await ear.until(lambda: told() == ["idle", "busy", "unreachable"])
    settings.write_text(ours)
    lab.cli("module reload res_pjsip.so")


async def test_a_restarted_engine_finds_all_with_their_true_entry_time(lab: Lab) -> None:
    async with (
        lab.phone("1001", Habit()) as phone,
        lab.phone("1002", RINGS),
        lab.citizen() as talker,
        lab.citizen() as ringer,
        lab.citizen() as waiter,
    ):
        async with Ear(lab) as first:
            talk = talker.call(GENTINFO)
            one = await first.fact(f.CallQueued)
            ring = ringer.call(GENTINFO)
            await first.until(lambda: len(first.of(f.CallQueued)) == 2)
            two = first.of(f.CallQueued)[1]
            wait = waiter.call(GENTINFO)
            await first.until(lambda: len(first.of(f.CallQueued)) == 3)
            three = first.of(f.CallQueued)[2]
            first.offer(one.call, 7)
            first.offer(two.call, 8, "1002", 20.0)
            answered = await first.fact(f.OfferAnswered)
            await first.fact(f.OfferRinging, two.call)
        async with Ear(lab) as second:
            (seen,) = second.of(f.SwitchSeen)
            assert not seen.rebooted
            found = {call.call: call for call in seen.calls}
            assert found[one.call] == f.CallSeen(
                call=one.call,
                where=W.TALK,
                arrived_at=one.arrived_at or 0,
                did=GENTINFO,
                number=one.number,
                line=one.line,
                entered_at=one.entered_at,
                offer=OfferId(7),
                device=Device("1001"),
                answered_at=answered.answered_at,
                dialled=True,
            )
            two_seen, three_seen = found[two.call], found[three.call]
            assert (two_seen.where, two_seen.offer, two_seen.device, two_seen.dialled) == (W.RING, 8, "1002", True)
            assert two_seen.entered_at == two.entered_at
            assert (three_seen.where, three_seen.entered_at, three_seen.offer) == (W.WAIT, three.entered_at, None)
            assert seen.phones == {Device("1001"): f.PhoneState.BUSY, Device("1002"): f.PhoneState.BUSY}
            await phone.calls[0].hang_up()
            await second.fact(f.TalkEnded, one.call)
            await asyncio.gather(talk.hang_up(), ring.hang_up(), wait.hang_up())
            for call in found:
                await second.fact(f.CallGone, call)


async def test_calls_of_an_absent_engine_leave_notes(lab: Lab) -> None:
    await unheard(lab)
    before = lab.globals().get("ACD_UNSEEN_COUNT")
    async with lab.citizen("+32470000399") as citizen:
        call = citizen.call(GENTINFO)
        await asyncio.wait_for(call.answered.wait(), PATIENCE)
        await until(lambda: [channel.context for channel in lab.channels()] == ["acd-wait"])
        await call.hang_up()
    await until(lambda: lab.channels() == [] and lab.globals().get("ACD_UNSEEN_COUNT") != before)
    async with Ear(lab) as ear:
        (note,) = [note for note in ear.of(f.SwitchSeen)[0].missed if note.seen.number == "+32470000399"]
        assert note.seen.line == "gentinfo"
        # Who waits for 2 s without an engine is in Asterisk's own queue.
        assert note.seen.where in (W.WAIT, W.FALLBACK)
        assert (note.seen.entered_at or 0) < note.gone_at <= time.time()
    async with Ear(lab) as ear:
        assert ear.of(f.SwitchSeen)[0].missed == ()


async def test_a_kicked_session_comes_back_and_a_second_engine_waits(lab: Lab, ear: Ear) -> None:
    second = Ear(lab)
    await second.pbx.start(second.facts.append)
    await ear.until(lambda: second.pbx.counters.refused_logins >= 2)
    assert second.pbx.link_state is LinkState.CONNECTING
    assert "in use" in second.pbx.link_reason.lower()
    await second.pbx.stop()
    (row,) = [row for row in lab.cli("manager show connected").splitlines() if row.split()[:1] == [lab.ami_user]]
    lab.cli(f"manager kick session {row.split()[4]}")
    await ear.until(lambda: len(ear.of(f.SwitchSeen)) == 2)
    assert len(ear.of(f.LinkLost)) == 1
    assert not ear.of(f.SwitchSeen)[1].rebooted


async def test_a_wrong_secret_is_said_in_words(lab: Lab) -> None:
    facts: list[f.Fact] = []
    settings = AmiSettings(port=lab.ami_port, user=lab.ami_user, secret="wrong-wrong")
    pbx = AsteriskPbx(settings, list)
    await pbx.start(facts.append)
    async with asyncio.timeout(PATIENCE):
        while pbx.link_state is not LinkState.REFUSED:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert pbx.link_reason == "Asterisk refused the login: Authentication failed"
    await pbx.stop()
    assert facts == []


async def test_a_restarted_asterisk_is_noticed_as_such() -> None:
    with Lab() as lab:
        async with Ear(lab) as ear:
            assert ear.of(f.SwitchSeen)[0].rebooted
            await asyncio.to_thread(lab.restart)
            await ear.until(lambda: len(ear.of(f.SwitchSeen)) == 2)
            assert ear.of(f.SwitchSeen)[1].rebooted
            assert len(ear.of(f.LinkLost)) == 1


async def test_a_graceful_shutdown_drains_and_can_be_called_off(lab: Lab, ear: Ear) -> None:
    async with lab.citizen() as citizen:
        call = citizen.call(GENTINFO)
        id = (await ear.fact(f.CallQueued)).call
        stopping = asyncio.create_task(asyncio.to_thread(lab.cli, "core stop gracefully"))
        assert (await ear.fact(f.LinkLost)).reason == "Asterisk is shutting down"
        assert ear.pbx.link_state is LinkState.DRAINING
        await asyncio.to_thread(lab.cli, "core abort shutdown")
        await stopping
        await ear.until(lambda: len(ear.of(f.SwitchSeen)) == 2)
        assert [seen.call for seen in ear.of(f.SwitchSeen)[1].calls] == [id]
        await call.hang_up()
        await ear.fact(f.CallGone, id)


async def test_hostile_callers_forge_nothing_and_cost_no_call(lab: Lab, ear: Ear) -> None:
    for name, (header, number) in FROM.items():
        ear.facts.clear()
        async with lab.citizen() as citizen:
            call = citizen.call(GENTINFO, from_header=header)
            queued = await ear.fact(f.CallQueued)
            assert number is None or (name, queued.number) == (name, number or None)
            assert (queued.line, queued.did, queued.language, queued.path) == ("gentinfo", GENTINFO, "nl", "")
            await asyncio.wait_for(call.answered.wait(), PATIENCE)
            await call.hang_up()
            await ear.fact(f.CallGone, queued.call)
        assert (name, ear.story(queued.call)) == (name, ["CallArrived", "CallQueued", "CallGone"])
        assert len(ear.facts) == 3
    assert ear.pbx.counters.sessions == 1


async def test_what_a_call_costs(lab: Lab, ear: Ear) -> None:
    async with lab.phone("1001", Habit(after=0.2)) as phone, lab.citizen(NUMBER) as citizen:
        await ear.until(lambda: ear.of(f.PhoneChanged))
        frames, octets = ear.pbx.counters.frames, ear.pbx.counters.bytes
        call = citizen.call(GENTINFO)
        ear.offer((await ear.fact(f.CallQueued)).call, 7)
        await ear.fact(f.OfferAnswered)
        await call.hang_up()
        await ear.fact(f.TalkEnded)
        await ear.until(lambda: ear.of(f.PhoneChanged)[-1].state is f.PhoneState.IDLE)
        frames, octets = ear.pbx.counters.frames - frames, ear.pbx.counters.bytes - octets
        print(f"a call: {frames} messages, {octets} bytes")  # noqa: T201
        await asyncio.wait_for(phone.calls[0].ended.wait(), PATIENCE)
    assert frames < 25
    assert octets < 8000


def test_the_account_lets_through_all_that_is_read() -> None:
    assert set(EVENTS_READ) <= {*EVENTS, "UserEvent", "DeviceStateChange", "OriginateResponse"}
