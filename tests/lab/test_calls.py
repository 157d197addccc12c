"""The frame on the real Asterisk, moved by the smallest engine there can be."""

import asyncio
import contextlib
import time

import pytest

from acd.asterisk.clock import SwitchClock
from acd.asterisk.resync import read_note
from acd.model.facts import CallWhereabouts
from sim.lab import DEAD, RINGS, Habit, Lab, Phone
from sim.lab.sound import heard, linear
from sim.lab.stalls import unless_stalled
from tests.lab.conftest import PROMPTS
from tests.lab.stub import NONCE, PATIENCE, Stub, until

pytestmark = pytest.mark.asterisk

GENTINFO = "092101010"
SPORTLIJN = "092101011"
TURN = 100
"""Packets of sound between two looks of a waiting call: 2 s. A busy machine sends fewer."""


def floor_ms(moment: float) -> float:
    """As Asterisk tells it."""
    return moment - 0.001


async def test_a_caller_reaches_an_operator_and_each_step_is_told(lab: Lab, engine: Stub) -> None:
    async with lab.phone("1001", Habit(after=0.5)) as phone, lab.citizen("+32470000101") as citizen:
        began = time.time()
        call = citizen.call(GENTINFO)
        id = await engine.arrival("+32470000101")
        arrived, queued = await engine.event("AcdArrived", Uniqueid=id), await engine.event("AcdQueued", Uniqueid=id)
        assert arrived["Nonce"] == queued["Nonce"] == NONCE
        assert (arrived["Did"], arrived["Num"]) == (GENTINFO, "+32470000101")
        assert began <= float(arrived["Arrived"]) <= float(queued["T0"]) <= time.time()
        assert queued["Arrived"] == arrived["Arrived"]
        assert (queued["Line"], queued["Did"], queued["Lang"], queued["Path"]) == ("gentinfo", GENTINFO, "nl", "")
        assert await engine.state(id) == "wait"
        assert await engine.getvar("ACD_T0", Channel=id) == queued["T0"]

        await engine.offer(id, 7, "1001")
        ringing = await engine.event("DialState", Uniqueid=id, DialStatus="RINGING")
        assert await engine.state(id) == "ring"
        up = await engine.event("AcdUp", Offer="7")
        assert up["Linkedid"] == id
        assert ringing["DestUniqueid"] == up["Uniqueid"]
        picked_up = phone.calls[0].answered_at
        assert picked_up is not None
        assert floor_ms(picked_up) <= float(up["Up"]) <= time.time()
        shown = [await engine.getvar(name, Channel=id) for name in ("ACD_STATE", "ACD_DEVICE", "ACD_OFFER", "ACD_UP")]
        assert shown == ["talk", "1001", "7", up["Up"]]
        assert phone.calls[0].invite.get("from").startswith('"Gentinfo" <sip:+32470000101@')

        await phone.calls[0].hang_up()
        await engine.event("AcdAfter", Offer="7", Uniqueid=id)
        gone = await engine.event("AcdGone", Uniqueid=id)
        await asyncio.wait_for(call.ended.wait(), PATIENCE)
        assert gone["State"] == "after"
        hung_up = phone.calls[0].ended_at
        assert hung_up is not None
        assert floor_ms(hung_up) <= float(gone["Gone"]) <= time.time()
        # For an engine that has heard nothing of all that.
        note = read_note(gone["Note"], SwitchClock())
        assert note is not None
        known = note.seen
        assert (known.call, known.where, known.offer, known.device) == (id, CallWhereabouts.AFTER, 7, "1001")
        assert (known.line, known.answered_at, note.gone_at) == ("gentinfo", float(up["Up"]), float(gone["Gone"]))
    assert [name for name in engine.names(id) if name.startswith("Acd")] == [
        "AcdArrived",
        "AcdQueued",
        "AcdUp",
        "AcdAfter",
        "AcdGone",
    ]


async def test_a_call_costs_few_events(lab: Lab, engine: Stub) -> None:
    async with lab.phone("1001", Habit(after=0.1)) as phone, lab.citizen("+32470000102") as citizen:
        await engine.event("DeviceStateChange", Device="PJSIP/1001", State="NOT_INUSE")
        first, octets = len(engine.events), engine.bytes
        call = citizen.call(GENTINFO)
        id = await engine.arrival("+32470000102")
        await asyncio.sleep(5)
        await engine.offer(id, 8, "1001")
        await engine.event("AcdUp", Offer="8")
        await call.hang_up()
        await engine.event("DeviceStateChange", first, Device="PJSIP/1001", State="NOT_INUSE")
        await asyncio.wait_for(phone.calls[0].ended.wait(), PATIENCE)
        events, octets = len(engine.events) - first, engine.bytes - octets
    assert engine.names(id).count("Hangup") == 2
    # Of the 617 events and 186 kB that Asterisk makes of such a call.
    assert events <= 12
    assert octets < 5500


HABITS = {
    "busy": (Habit(486), "BUSY", "17"),
    "do not disturb": (Habit(480), "NOANSWER", "19"),
    "rejected": (Habit(603), "CHANUNAVAIL", "21"),
    "fault": (Habit(503), "CONGESTION", "34"),
    "forwarded elsewhere": (Habit(302), "BUSY", None),
    "no answer": (RINGS, "NOANSWER", "0"),
    "dead": (DEAD, "NOANSWER", "0"),
    "not registered": (None, "CHANUNAVAIL", "3"),
}


async def test_every_way_in_which_a_phone_declines_is_told_apart(lab: Lab, engine: Stub) -> None:
    """The table of the documentation, with an earlier failure before each: no cause may be left over from it."""
    await asyncio.gather(*(_decline(lab, engine, index) for index in range(len(HABITS))))


async def _decline(lab: Lab, engine: Stub, index: int) -> None:
    name = list(HABITS)[index]
    habit, status, cause = HABITS[name]
    device, number, offer = str(1001 + index), f"+3247000020{index}", 100 + 2 * index
    async with contextlib.AsyncExitStack() as stack:
        phone = await stack.enter_async_context(lab.phone(device, Habit(480, after=0.1)))
        citizen = await stack.enter_async_context(lab.citizen(number))
        citizen.call(GENTINFO)
        id = await engine.arrival(number)
        await engine.offer(id, offer, device, 3)
        await engine.event("AcdNoConnect", Offer=str(offer), Uniqueid=id, Nonce=NONCE)
        if habit is None:
            await phone.unregister()
        else:
            phone.habit = habit
        await engine.offer(id, offer + 1, device, 3)
        failed = await engine.event("AcdNoConnect", Offer=str(offer + 1), Uniqueid=id)
        assert (name, failed["DialStatus"]) == (name, status)
        assert cause is None or (name, failed["Cause"]) == (name, cause)
        rang = [e for e in engine.events if e["Event"] == "DialState" and e["Uniqueid"] == id]
        assert (name, len(rang)) == (name, 1 if name in ("dead", "not registered") else 2)
        assert (name, await engine.state(id)) == (name, "wait")


async def test_a_phone_that_answers_and_drops_at_once_does_not_cost_the_caller_his_place(
    lab: Lab, engine: Stub
) -> None:
    numbers = iter(("+32470000119", "+32470000120", "+32470000121"))

    async def attempt() -> None:
        # Asterisk must hear of both within a tenth of a second.
        async with lab.phone("1001", Habit(after=0.1, talk=0)), lab.citizen(number := next(numbers)) as citizen:
            call = citizen.call(GENTINFO)
            id = await engine.arrival(number)
            queued = await engine.event("AcdQueued", Uniqueid=id)
            first = len(engine.events)
            await engine.offer(id, 9, "1001")
            failed = await engine.event("AcdNoConnect", first, Offer="9")
            assert failed["DialStatus"] == "DROPPED"
            again = await engine.event("AcdQueued", engine.events.index(failed), Uniqueid=id)
            assert again["T0"] == queued["T0"]
            assert await engine.state(id) == "wait"
            assert not call.ended.is_set()
            await call.hang_up()

    await unless_stalled(attempt)


async def test_a_phone_that_unregisters_while_it_rings_rings_on_to_the_end(lab: Lab, engine: Stub) -> None:
    async with lab.phone("1001", RINGS) as phone, lab.citizen("+32470000103") as citizen:
        citizen.call(GENTINFO)
        id = await engine.arrival("+32470000103")
        await engine.offer(id, 20, "1001", 2)
        await engine.event("DialState", Uniqueid=id, DialStatus="RINGING")
        await phone.unregister()
        await engine.event("ContactStatus", ContactStatus="Removed", AOR="1001")
        failed = await engine.event("AcdNoConnect", Offer="20")
        assert (failed["DialStatus"], failed["Cause"]) == ("NOANSWER", "0")


async def test_a_withdrawn_offer_stops_ringing_and_the_caller_waits(lab: Lab, engine: Stub) -> None:
    async with lab.phone("1001", RINGS) as phone, lab.citizen("+32470000104") as citizen:
        citizen.call(GENTINFO)
        id = await engine.arrival("+32470000104")
        await engine.offer(id, 21, "1001")
        await engine.event("DialState", Uniqueid=id, DialStatus="RINGING")
        await engine.redirect(id, "acd-wait", "s")
        await asyncio.wait_for(phone.calls[0].ended.wait(), PATIENCE)
        assert phone.calls[0].code == 487
        await engine.comes_to(id, "wait")
        assert "AcdNoConnect" not in engine.names(id)


async def test_an_operator_who_picks_up_while_the_offer_is_withdrawn_does_not_lose_the_caller(
    lab: Lab, engine: Stub
) -> None:
    async with lab.phone("1001", Habit(after=0.1)) as phone, lab.citizen("+32470000116") as citizen:
        citizen.call(GENTINFO)
        id = await engine.arrival("+32470000116")
        joined = await engine.getvar("ACD_T0", Channel=id)
        await engine.offer(id, 22, "1001")
        await engine.event("AcdUp", Offer="22")
        first = len(engine.events)
        await engine.redirect(id, "acd-wait", "s")
        again = await engine.event("AcdQueued", first, Uniqueid=id, Line="gentinfo", T0=joined)
        assert again["Num"] == "+32470000116"
        await asyncio.wait_for(phone.calls[0].ended.wait(), PATIENCE)
        assert [await engine.state(id), await engine.getvar("ACD_UP", Channel=id)] == ["wait", ""]
        await engine.offer(id, 23, "1001")
        await engine.event("AcdUp", Offer="23")


async def test_callers_who_hang_up_are_told_with_where_they_were(lab: Lab, engine: Stub) -> None:
    async def hang_up_in(state: str, index: int) -> None:
        device, number = str(1001 + index), f"+3247000030{index}"
        habit = RINGS if state == "ring" else Habit(after=0.1)
        async with lab.phone(device, habit) as phone, lab.citizen(number) as citizen:
            call = citizen.call(GENTINFO)
            id = await engine.arrival(number)
            if state != "wait":
                await engine.offer(id, 30 + index, device)
                await engine.event("DialState" if state == "ring" else "AcdUp", Linkedid=id)
            await call.hang_up()
            gone = await engine.event("AcdGone", Uniqueid=id)
            assert gone["State"] == state
            assert "AcdAfter" not in engine.names(id)
            if state != "wait":
                await asyncio.wait_for(phone.calls[0].ended.wait(), PATIENCE)

    await asyncio.gather(*(hang_up_in(state, index) for index, state in enumerate(("wait", "ring", "talk"))))


async def test_whoever_hangs_up_at_once_has_been_here_all_the_same(lab: Lab, engine: Stub) -> None:
    async def call(index: int) -> None:
        async with lab.citizen(f"+324700004{index:02d}") as citizen:
            call = citizen.call(GENTINFO)
            if index % 2:
                await asyncio.wait_for(call.answered.wait(), PATIENCE)
            else:
                await asyncio.sleep(index * 0.0005)
            await call.hang_up()

    await asyncio.gather(*(call(index) for index in range(30)))
    await engine.quiet(lab)

    def told(name: str) -> list[str]:
        return sorted(e["Uniqueid"] for e in engine.events if name == e.get("UserEvent", e["Event"]))

    await until(lambda: told("AcdGone") == told("AcdArrived") and len(told("Hangup")) >= len(told("AcdGone")))
    # Whoever was answered is among them; who hung up before may have come too early even to arrive.
    assert len(told("AcdArrived")) >= 15


async def test_a_waiting_caller_hears_announcement_and_crisis_message_and_keeps_his_place(
    lab: Lab, engine: Stub
) -> None:
    async with lab.citizen("+32470000105") as citizen:
        citizen.call(GENTINFO)
        id = await engine.arrival("+32470000105")
        joined = await engine.getvar("ACD_T0", Channel=id)
        await engine.setvar("ACD_SAY", "acd/position-1", Channel=id)
        await engine.setvar("ACD_CRISIS", "crisis-storm")
        try:
            both = (PROMPTS["crisis-storm"], PROMPTS["position-1"])
            await until(lambda: all(heard(sound(citizen), hertz) > 0.4 for hertz in both), "he does not hear both")
            assert await engine.getvar("ACD_SAY", Channel=id) == ""
            assert await engine.getvar("ACD_CRISIS_HEARD", Channel=id) == "crisis-storm"
            told = len(sound(citizen))
            await until(lambda: len(sound(citizen)) > told + 1.2 * TURN, "the music does not go on")
        finally:
            await engine.setvar("ACD_CRISIS", "")
        packets = sound(citizen)
        # Once each: a message that is heard again and again drives callers away.
        for hertz in both:
            assert 0.4 < heard(packets, hertz) < 0.7
        first, second = sorted([n for n, packet in enumerate(packets) if heard([packet], hertz)] for hertz in both)
        music = packets[first[-1] + 1 : second[0]]
        assert sum(max(linear(packet)) > 100 for packet in music) > 0.5 * TURN, "music in between"
        assert await engine.getvar("ACD_T0", Channel=id) == joined
        assert await engine.state(id) == "wait"


async def test_maintenance_turns_new_callers_away_and_serves_those_inside(lab: Lab, engine: Stub) -> None:
    async with (
        lab.phone("1001", Habit(after=0.1)),
        lab.citizen("+32470000106") as early,
        lab.citizen("+32470000107") as late,
    ):
        early.call(GENTINFO)
        id = await engine.arrival("+32470000106")
        await engine.setvar("ACD_DRAIN", "1")
        try:
            call = late.call(GENTINFO)
            refused = await engine.event("AcdArrived", Num="+32470000107")
            gone = await engine.event("AcdGone", Uniqueid=refused["Uniqueid"])
        finally:
            await engine.setvar("ACD_DRAIN", "")
        await asyncio.wait_for(call.ended.wait(), PATIENCE)
        assert gone["State"] == "refused"
        await until(lambda: heard(sound(late), PROMPTS["maintenance"]) > 0.4)
        assert "AcdQueued" not in engine.names(refused["Uniqueid"])
        await engine.offer(id, 40, "1001")
        await engine.event("AcdUp", Offer="40")


async def test_a_full_line_sends_the_caller_away_or_to_the_partner(lab: Lab, engine: Stub) -> None:
    async with (
        lab.partner() as partner,
        lab.citizen("+32470000108") as refused,
        lab.citizen("+32470000109") as sent,
    ):
        refused.call(GENTINFO)
        id = await engine.arrival("+32470000108")
        await engine.redirect(id, "acd-deflect", "refuse*gentinfo")
        gone = await engine.event("AcdGone", Uniqueid=id)
        assert gone["State"] == "refused"
        await until(lambda: heard(sound(refused), PROMPTS["full"]) > 0.4)

        sent.call(GENTINFO)
        id = await engine.arrival("+32470000109")
        await engine.redirect(id, "acd-deflect", "partner*gentinfo")
        attempt = await asyncio.wait_for(partner.incoming.get(), PATIENCE)
        assert await engine.state(id) == "overflow"
        attempt.reject(486)
        await engine.event("AcdOverflowFailed", Uniqueid=id, Nonce=NONCE)
        assert await engine.state(id) == "wait"

        await engine.redirect(id, "acd-deflect", "partner*gentinfo")
        attempt = await asyncio.wait_for(partner.incoming.get(), PATIENCE)
        assert attempt.invite.first.startswith("INVITE sip:+3290000000@")
        attempt.answer()
        up = await engine.event("AcdOverflowUp", Linkedid=id)
        assert attempt.answered_at is not None
        assert floor_ms(attempt.answered_at) <= float(up["Up"]) <= time.time()
        assert await engine.state(id) == "partner"
        await attempt.hang_up()
        assert (await engine.event("AcdGone", Uniqueid=id))["State"] == "partner"


async def test_a_line_without_a_partner_keeps_its_callers(lab: Lab, engine: Stub) -> None:
    async with lab.citizen("+32470000110") as citizen:
        citizen.call(SPORTLIJN)
        id = await engine.arrival("+32470000110")
        await engine.redirect(id, "acd-deflect", "partner*sportlijn")
        await engine.event("AcdOverflowFailed", Uniqueid=id)
        assert await engine.state(id) == "wait"


async def _talking(lab: Lab, engine: Stub, offer: str) -> None:
    """Until a person could press a key: AcdUp comes a millisecond before the two are bridged."""
    up = await engine.event("AcdUp", Offer=offer)
    await until(lambda: any(channel.bridge for channel in lab.channels() if channel.uniqueid == up["Uniqueid"]))


def sound(phone: Phone) -> list[bytes]:
    """What its owner has heard so far."""
    return [packet for _, packet in phone.sound.packets]


async def test_an_operator_sends_his_caller_on(lab: Lab, engine: Stub) -> None:
    """By REFER, to another line and to a colleague; nowhere else."""
    async with (
        lab.phone("1001", Habit(after=0.1)) as phone,
        lab.phone("1002", Habit(after=0.1)) as colleague,
        lab.citizen("+32470000111") as citizen,
    ):
        citizen.call(GENTINFO)
        id = await engine.arrival("+32470000111")
        first = len(engine.events)
        await engine.offer(id, 50, "1001")
        await _talking(lab, engine, "50")
        await phone.calls[0].refer("00491234567")
        await until(lambda: any("404" in note for note in phone.calls[0].notified))
        assert await engine.state(id) == "talk"

        await phone.calls[0].refer("sportlijn")
        await engine.event("AcdAfter", Offer="50", Uniqueid=id)
        queued = await engine.event("AcdQueued", first, Uniqueid=id, Line="sportlijn")
        assert [queued["Num"], await engine.getvar("ACD_OFFER", Channel=id)] == ["+32470000111", ""]

        await engine.offer(id, 51, "1001")
        await _talking(lab, engine, "51")
        await phone.calls[1].refer("1002")
        await engine.event("AcdAfter", Offer="51", Uniqueid=id)
        assert (await engine.event("AcdColleagueUp"))["Device"] == "1002"
        await engine.comes_to(id, "talk")
        await colleague.calls[0].hang_up()
        assert (await engine.event("AcdGone", Uniqueid=id))["State"] == "after"


async def test_a_colleague_who_does_not_answer_costs_the_caller_nothing(lab: Lab, engine: Stub) -> None:
    async with (
        lab.phone("1001", Habit(after=0.1)) as phone,
        lab.phone("1002", Habit(486, after=0.1)),
        lab.citizen("+32470000112") as citizen,
    ):
        citizen.call(GENTINFO)
        id = await engine.arrival("+32470000112")
        await engine.offer(id, 52, "1001")
        await _talking(lab, engine, "52")
        first = len(engine.events)
        await phone.calls[0].refer("1002")
        await engine.event("AcdQueued", first, Uniqueid=id, Line="gentinfo")
        assert await engine.state(id) == "wait"


async def test_an_operator_holds_and_consults_and_hands_over(lab: Lab, engine: Stub) -> None:
    """Attended transfer by the phones alone: REFER with Replaces."""
    async with (
        lab.phone("1001", Habit(after=0.1)) as phone,
        lab.phone("1002", Habit(after=0.1)) as colleague,
        lab.citizen("+32470000113") as citizen,
    ):
        citizen.call(GENTINFO)
        id = await engine.arrival("+32470000113")
        await engine.offer(id, 53, "1001")
        await _talking(lab, engine, "53")
        conversation = phone.calls[0]
        await conversation.hold()
        await engine.event("Hold", Linkedid=id)
        consultation = phone.call("1002")
        await asyncio.wait_for(consultation.answered.wait(), PATIENCE)
        await conversation.refer("1002", replaces=consultation)
        await engine.event("AttendedTransfer")
        await conversation.hang_up()
        await asyncio.sleep(0.3)
        assert not citizen.calls[0].ended.is_set()
        assert not colleague.calls[0].ended.is_set()
        await colleague.calls[0].hang_up()
        await engine.event("AcdGone", Uniqueid=id)


async def test_a_number_that_is_not_ours_never_becomes_a_call(lab: Lab, engine: Stub) -> None:
    before = lab.cli("core show channels count").splitlines()[-1]
    async with lab.citizen("+32470000114") as citizen:
        calls = [citizen.call(number) for number in ("0921010", "0921010100", "s", "h", "gentinfo", "1001", "7*1001*9")]
        await asyncio.wait_for(asyncio.gather(*(call.ended.wait() for call in calls)), PATIENCE)
    assert [call.code for call in calls] == [404] * len(calls)
    assert lab.cli("core show channels count").splitlines()[-1] == before, "no channel was made"


async def test_a_stranger_is_refused(lab: Lab, engine: Stub) -> None:
    """Neither trunk nor phone: 401, whatever it dials."""
    stranger = lab.citizen("+32470000115")
    stranger.host = "127.0.0.9"
    async with stranger:
        call = stranger.call(GENTINFO)
        await asyncio.wait_for(call.ended.wait(), PATIENCE)
    assert call.code == 401


async def test_a_phone_may_dial_colleagues_and_nobody_else(lab: Lab, engine: Stub) -> None:
    async with lab.phone("1001") as phone:
        calls = [phone.call(number) for number in (GENTINFO, "0032470123456", "gentinfo", "12*1002*9", "s")]
        await asyncio.wait_for(asyncio.gather(*(call.ended.wait() for call in calls)), PATIENCE)
    assert [call.code for call in calls] == [404] * len(calls)
