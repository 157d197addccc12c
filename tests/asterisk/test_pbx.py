"""What the engine is told and what it can have done, through the socket of a tiny Asterisk."""

import asyncio

import pytest

from acd.asterisk.actions import prompts
from acd.model import commands as c
from acd.model import facts as f
from acd.model.ids import CallId, Device, LineId, OfferId, OperatorId
from acd.model.outcome import Outcome
from acd.model.policy import OverflowTo
from tests.asterisk.conftest import Desk
from tests.asterisk.fake import FakeAsterisk, channel

CALL = CallId("1.1")
W = f.CallWhereabouts


def offer(number: int = 7, call: CallId = CALL, ring_time: float = 15.0) -> c.Offer:
    return c.Offer(call, OfferId(number), OperatorId("an"), Device("1001"), ring_time)


def dial_begin(fake: FakeAsterisk, number: int = 7, call: str = "1.1", leg: str = "1.2") -> None:
    where = (("Context", "acd-connect"), ("Exten", f"{number}*1001*15"))
    dest = (("DestChannel", "PJSIP/1001-2"), ("DestUniqueid", leg), ("DestLinkedid", call))
    fake.event("DialBegin", *where, *dest, call=call)


def up(fake: FakeAsterisk, number: int = 7, call: str = "1.1", leg: str = "1.2") -> None:
    fake.user_event("AcdUp", ("Offer", str(number)), ("Up", "1020.5"), call=leg, linked=call)


# --- The look ------------------------------------------------------------------------------------------------------


async def test_all_that_is_in_the_switch_is_told_once(desk: Desk, fake: FakeAsterisk) -> None:
    common = {
        "arrived": "990.250",
        "did": "3292101010",
        "num": "+3291",
        "path": "a>b",
        "line": "gentinfo",
        "t0": "1000.5",
    }
    fake.channels = [
        channel("1.1", state="wait", cb_declined="1155.125", **common),
        channel("1.2", state="ring", offer="7", device="1001", **common),
        channel("1.3", linked="1.2", name="PJSIP/1001-00000003", channelstate="5"),
        channel("1.4", state="talk", offer="8", device="1002", up="1020.5", **common),
        channel("1.5", linked="1.4", name="PJSIP/1002-00000005"),
        channel("1.6", state="menu", arrived="1001", did="3292101010"),
        channel("1.7", state="talk", offer="9", device="1002", up="1020.5", **common),
        channel("1.8", linked="1.7", name="PJSIP/9007-00000008"),
        channel("1.9", state="fallback", **common),
        channel("2.0", linked="1.9", name="PJSIP/1001-00000009"),
        channel("2.1", name="PJSIP/1003-0000000a"),
        channel("2.2", state="thirdparty"),
    ]
    fake.devices = {"PJSIP/1001": "RINGING", "PJSIP/1002": "INUSE", "PJSIP/1003": "NOT_INUSE", "Queue:acd-x": "INUSE"}
    fake.keeps = True
    await desk.start()
    (seen,) = desk.seen
    calls = {call.call: call for call in seen.calls}
    assert list(calls) == ["1.1", "1.2", "1.4", "1.6", "1.7", "1.9", "2.2"]
    assert calls[CallId("1.1")] == f.CallSeen(
        call=CALL,
        where=W.WAIT,
        arrived_at=990.25,
        did="3292101010",
        number="+3291",
        language="fr",
        path="a>b",
        line=LineId("gentinfo"),
        entered_at=1000.5,
        declined_at=1155.125,
    )
    ring, talk = calls[CallId("1.2")], calls[CallId("1.4")]
    assert (ring.where, ring.offer, ring.device, ring.dialled) == (W.RING, 7, "1001", True)
    assert (talk.where, talk.offer, talk.device, talk.dialled, talk.answered_at) == (W.TALK, 8, "1002", True, 1020.5)
    assert (calls[CallId("1.6")].where, calls[CallId("1.6")].entered_at) == (W.MENU, None)
    assert calls[CallId("1.7")].where is W.AFTER, "his operator passed him on"
    assert (calls[CallId("1.9")].where, calls[CallId("1.9")].declined_at) == (W.FALLBACK, None)
    assert calls[CallId("2.2")].where is W.MENU
    assert seen.phones == {Device("1001"): f.PhoneState.BUSY, Device("1002"): f.PhoneState.BUSY}
    assert len(desk.facts) == 1


async def test_who_waits_in_queue_is_fetched_before_anything_is_told(desk: Desk, fake: FakeAsterisk) -> None:
    fake.channels = [channel("1.1", state="fallback", line="gentinfo", t0="1000.5"), channel("1.2", state="wait")]
    await desk.start()
    assert [call.where for call in desk.seen[0].calls] == [W.WAIT, W.WAIT]
    (fetched,) = fake.sent("PlayDTMF")
    assert (fetched["Channel"], fetched["Receive"]) == ("1.1", "true")
    beat = [action.get("Variable") == "ACD_HB" and action["Value"] != "0" for action in fake.actions]
    assert beat.index(True) < fake.names().index("Status"), "from then on nobody goes in any more"


async def test_no_redirect_for_whom_queue_does_not_let_go(desk: Desk, fake: FakeAsterisk) -> None:
    fake.channels = [channel("1.1", state="fallback", line="gentinfo", t0="1000.5")]
    fake.variables["1.1", "ACD_STATE"] = "fallback"
    fake.keeps = True
    await desk.start()
    assert desk.seen[0].calls[0].where is W.FALLBACK
    desk.pbx.send(offer())
    await desk.until(lambda: desk.of(f.OfferNotSent))
    desk.pbx.send(c.AskCall(CALL))
    await desk.until(lambda: desk.of(f.CallFound))
    assert fake.sent("Redirect") == []
    assert len(fake.sent("PlayDTMF")) == 2, "he is fetched again"
    fake.variables["1.1", "ACD_STATE"] = "wait"
    desk.pbx.send(c.AskCall(CALL))
    await desk.until(lambda: len(desk.of(f.CallFound)) == 2)
    desk.pbx.send(offer(8))
    await desk.until(lambda: fake.sent("Redirect"))


async def test_who_has_given_no_sign_of_life_moves_nobody(desk: Desk, fake: FakeAsterisk) -> None:
    """Asterisk may have given the caller an operator meanwhile: a look at him first."""
    fake.channels = [channel("1.1", state="wait", line="gentinfo", t0="1000.5")]
    await desk.start()
    loop = asyncio.get_running_loop()
    true_time = loop.time
    loop.time = lambda: true_time() + 4.5  # type: ignore[method-assign]
    try:
        desk.pbx.send(offer())
        await desk.until(lambda: len(desk.seen) == 2)
    finally:
        loop.time = true_time  # type: ignore[method-assign]
    assert desk.of(f.OfferNotSent) == [f.OfferNotSent(CALL, OfferId(7), tried=False)]
    assert fake.sent("Redirect") == []
    assert len(desk.of(f.LinkLost)) == 1


async def test_a_nonce_is_set_by_the_first_and_kept_by_all_later(desk: Desk, fake: FakeAsterisk) -> None:
    await desk.start()
    nonce = fake.variables["", "ACD_NONCE"]
    assert len(nonce) == 32
    assert desk.seen[0].rebooted
    fake.cut()
    await desk.until(lambda: len(desk.seen) == 2)
    assert fake.variables["", "ACD_NONCE"] == nonce
    assert not desk.seen[1].rebooted


async def test_events_from_before_the_nonce_are_excused_for_a_while_only(desk: Desk, fake: FakeAsterisk) -> None:
    await desk.start(audit_every=0.2)
    early = (("UserEvent", "AcdQueued"), ("Nonce", ""), ("Line", "gentinfo"), ("T0", "1000.0"))
    fake.event("UserEvent", *early)
    await desk.until(lambda: len(fake.sent("DeviceStateList")) == 2)
    assert desk.pbx.counters.forged == 0
    fake.event("UserEvent", *early)
    await desk.until(lambda: desk.pbx.counters.forged)
    assert desk.of(f.CallQueued) == []


async def test_notes_of_unseen_calls_are_told_and_cleared(desk: Desk, fake: FakeAsterisk) -> None:
    note = "3.1|talk|990.250|3292101010|+3291|en|a>b|gentinfo|1000.500|8|1002|1020.500|1100.750"
    fake.variables |= {
        ("", "ACD_UNSEEN_COUNT"): "3",
        ("", "ACD_UNSEEN_1"): note,
        ("", "ACD_UNSEEN_2"): "3.2|menu|995.000||||||||||999.000",
        ("", "ACD_UNSEEN_3"): "rubbish",
    }
    await desk.start()
    first, second = desk.seen[0].missed
    assert first == f.CallMissed(
        f.CallSeen(
            call=CallId("3.1"),
            where=W.TALK,
            arrived_at=990.25,
            did="3292101010",
            number="+3291",
            language="en",
            path="a>b",
            line=LineId("gentinfo"),
            entered_at=1000.5,
            offer=OfferId(8),
            device=Device("1002"),
            answered_at=1020.5,
        ),
        1100.75,
    )
    assert (second.seen.where, second.seen.line, second.seen.number, second.gone_at) == (W.MENU, None, None, 999.0)
    await desk.until(lambda: fake.variables["", "ACD_UNSEEN_COUNT"] == "")
    fake.cut()
    await desk.until(lambda: len(desk.seen) == 2)
    assert desk.seen[1].missed == ()
    assert fake.variables["", "ACD_UNSEEN_1"] == fake.variables["", "ACD_UNSEEN_COUNT"] == ""


async def test_notes_are_not_cleared_before_they_are_told_and_not_told_twice(desk: Desk, fake: FakeAsterisk) -> None:
    note = "|".join(["3.1", "wait", "990", "", "", "nl", "", "gentinfo", "1000", "", "", "", "1010.5"])
    notes = {("", "ACD_UNSEEN_COUNT"): "1", ("", "ACD_UNSEEN_1"): note}
    fake.variables |= notes
    fake.before["DeviceStateList"] = fake.cut
    await desk.start()
    assert [missed.seen.call for missed in desk.seen[0].missed] == ["3.1"]
    await desk.until(lambda: fake.variables["", "ACD_UNSEEN_COUNT"] == "")
    fake.variables |= notes
    fake.cut()
    await desk.until(lambda: len(desk.seen) == 2)
    assert desk.seen[1].missed == ()


async def test_many_notes_are_read_to_the_last(desk: Desk, fake: FakeAsterisk) -> None:
    fake.variables["", "ACD_UNSEEN_COUNT"] = "10250"
    for n in range(1, 10_001):
        fake.variables["", f"ACD_UNSEEN_{n}"] = f"9.{n}|wait|990|||nl||gentinfo|1000||||1010"
    await desk.start()
    assert [note.seen.call for note in desk.seen[0].missed] == [f"9.{n}" for n in range(1, 10_001)]
    await desk.until(lambda: fake.variables["", "ACD_UNSEEN_COUNT"] == "")
    assert not any(value for (_, name), value in fake.variables.items() if name.startswith("ACD_UNSEEN"))


async def test_a_call_whose_end_was_told_is_not_missed_as_well(desk: Desk, fake: FakeAsterisk) -> None:
    await desk.start()
    fake.user_event("AcdGone", ("State", "wait"), ("Gone", "1010.5"), call="3.1")
    await desk.until(lambda: desk.of(f.CallGone))
    fake.variables |= {("", "ACD_UNSEEN_COUNT"): "1", ("", "ACD_UNSEEN_1"): "3.1|wait|990|||||||||1010.5|1010.5"}
    fake.cut()
    await desk.until(lambda: len(desk.seen) == 2)
    assert desk.seen[1].missed == ()


async def test_an_end_during_the_look_tells_all_that_the_channel_knew(desk: Desk, fake: FakeAsterisk) -> None:
    """He was answered while nobody listened: his end alone would make him one who gave up."""
    note = "3.1|talk|990.250|3292101010|+3291|nl|start|gentinfo|1000.500|8|1002|1020.500|1040.000"
    fake.variables |= {("", "ACD_NONCE"): "abc", ("", "ACD_UNSEEN_COUNT"): "1", ("", "ACD_UNSEEN_1"): note}
    fake.channels = [channel("3.1", state="talk", line="gentinfo", t0="1000.500")]

    def ends() -> None:
        fake.user_event("AcdGone", ("State", "talk"), ("Gone", "1040.000"), ("Note", note), call="3.1")
        # This look comes to nothing.
        fake.before["DeviceStateList"] = fake.hang_up

    fake.before["Status"] = ends
    await desk.start()
    [told] = [told for seen in desk.seen for told in seen.missed]
    assert (told.seen.call, told.seen.device, told.seen.answered_at, told.gone_at) == ("3.1", "1002", 1020.5, 1040.0)
    assert desk.seen[0].calls == ()
    assert desk.of(f.CallGone) == []


async def test_the_dialplan_hears_a_heartbeat_before_the_notes_are_read(desk: Desk, fake: FakeAsterisk) -> None:
    """From then on it keeps no notes, so none is written between the reading and the clearing."""
    await desk.start()
    names = [(action["Action"], action.get("Variable", "")) for action in fake.actions]
    assert names.index(("Setvar", "ACD_HB")) < names.index(("Getvar", "ACD_UNSEEN_COUNT"))


async def test_what_happened_before_the_list_is_in_the_list_and_what_came_after_is_told_after(
    desk: Desk, fake: FakeAsterisk
) -> None:
    fake.variables["", "ACD_NONCE"] = "abc"

    def before_status() -> None:
        fake.queued(call="1.1", t0=999.0)
        dial_begin(fake, call="1.1")
        fake.user_event("AcdGone", ("State", "wait"), ("Gone", "1010.5"), call="0.9")
        fake.device("PJSIP/1001", "INUSE")

    def before_devices() -> None:
        fake.queued(call="1.2", t0=1001.0)
        fake.device("PJSIP/1002", "INUSE")

    fake.channels = [channel("1.1", state="wait", line="gentinfo", t0="1000.000"), channel("0.9", state="wait")]
    fake.devices = {"PJSIP/1001": "NOT_INUSE", "PJSIP/1002": "NOT_INUSE"}
    fake.before = {"Status": before_status, "DeviceStateList": before_devices}
    await desk.start()
    await desk.until(lambda: desk.of(f.CallQueued))
    gone, seen, queued = desk.facts
    assert gone == f.CallGone(CallId("0.9"), 1010.5), "known exactly, though no list shows it"
    assert isinstance(seen, f.SwitchSeen)
    assert [call.call for call in seen.calls] == ["1.1"], "not the one who is gone"
    assert set(seen.phones.values()) == {f.PhoneState.IDLE}
    assert isinstance(queued, f.CallQueued)
    assert queued.call == "1.2"


async def test_a_talk_found_at_the_start_ends_like_any_other(desk: Desk, fake: FakeAsterisk) -> None:
    fake.channels = [
        channel("1.4", state="talk", offer="8", device="1002", line="gentinfo", t0="1000.5"),
        channel("1.5", linked="1.4", name="PJSIP/1002-00000005"),
    ]
    await desk.start()
    fake.event("Hangup", ("Cause", "16"), call="1.5", linked="1.4")
    fake.event("Hangup", ("Cause", "16"), call="1.4")
    await desk.until(lambda: desk.of(f.CallGone))
    assert [type(fact) for fact in desk.facts] == [f.SwitchSeen, f.TalkEnded, f.CallGone]


async def test_a_phone_found_ringing_can_be_answered_or_fail(desk: Desk, fake: FakeAsterisk) -> None:
    fake.channels = [
        channel("1.1", state="ring", offer="7", device="1001", line="gentinfo", t0="1000.5"),
        channel("1.2", linked="1.1", name="PJSIP/1001-00000002", channelstate="5"),
        channel("1.3", state="ring", offer="8", device="1002", line="gentinfo", t0="1000.6"),
        channel("1.4", linked="1.3", name="PJSIP/1002-00000004", channelstate="5"),
    ]
    await desk.start()
    up(fake)
    fake.user_event("AcdNoConnect", ("Offer", "8"), ("DialStatus", "NOANSWER"), ("Cause", "0"), call="1.3")
    await desk.until(lambda: desk.of(f.OfferFailed))
    assert desk.of(f.OfferAnswered) == [f.OfferAnswered(CALL, OfferId(7), 1020.5)]
    assert desk.of(f.OfferFailed) == [f.OfferFailed(CallId("1.3"), OfferId(8), f.OfferFailure.RING_NO_ANSWER)]


# --- Calls ---------------------------------------------------------------------------------------------------------


async def test_a_call_from_the_first_word_to_the_last(desk: Desk, fake: FakeAsterisk) -> None:
    await desk.start()
    fake.user_event("AcdArrived", ("Did", "3292101010"), ("Num", ""), ("Arrived", "990.250"))
    fake.user_event(
        "AcdQueued",
        *(("Line", "gentinfo"), ("T0", "1000.500"), ("Num", "+3291"), ("Lang", "en"), ("Path", "a>b")),
        *(("Did", "3292101010"), ("Arrived", "990.250")),
    )
    dial_begin(fake)
    fake.event("DialState", ("DestUniqueid", "1.2"), ("DialStatus", "PROCEEDING"))
    fake.event("DialState", ("DestUniqueid", "1.2"), ("DialStatus", "RINGING"))
    fake.event("DialState", ("DestUniqueid", "1.2"), ("DialStatus", "PROGRESS"))
    up(fake)
    fake.user_event("AcdAfter", ("Offer", "7"))
    fake.event("Hangup", ("Cause", "16"), call="1.2", linked="1.1")
    fake.user_event("AcdGone", ("State", "after"), ("Gone", "1100.750"))
    fake.event("Hangup", ("Cause", "16"))
    await desk.until(lambda: desk.of(f.CallGone))
    await desk.answered()
    talk_ended = desk.of(f.TalkEnded)[0].ended_at
    assert desk.facts[1:] == [
        f.CallArrived(CALL, 990.25, "3292101010", None),
        f.CallQueued(CALL, LineId("gentinfo"), 1000.5, "+3291", "en", "3292101010", "a>b", 990.25),
        f.OfferDialled(CALL, OfferId(7)),
        f.OfferRinging(CALL, OfferId(7)),
        f.OfferAnswered(CALL, OfferId(7), 1020.5),
        f.TalkEnded(CALL, talk_ended),
        f.CallGone(CALL, 1100.75),
    ]


@pytest.mark.parametrize(
    ("outcome", "line", "expected"),
    [
        ("closed", "gentinfo", f.MenuEnded(CALL, Outcome.CLOSED, LineId("gentinfo"))),
        ("informed", "", f.MenuEnded(CALL, Outcome.INFORMED, None)),
    ],
)
async def test_the_menu_settles_a_call(
    desk: Desk, fake: FakeAsterisk, outcome: str, line: str, expected: f.MenuEnded
) -> None:
    await desk.start()
    fake.user_event("AcdMenuEnded", ("Outcome", outcome), ("Line", line))
    await desk.until(lambda: desk.of(f.MenuEnded))
    assert desk.facts[1:] == [expected]


async def test_a_caller_whom_the_operator_sends_on_waits_again(desk: Desk, fake: FakeAsterisk) -> None:
    """By SIP REFER: the operator's leg stays until his phone says goodbye, and must not end the next talk."""
    await desk.start()
    fake.queued(t0=1000.0)
    dial_begin(fake)
    up(fake)
    fake.user_event("AcdAfter", ("Offer", "7"))
    fake.queued(t0=1100.0)
    dial_begin(fake, 8, leg="1.3")
    up(fake, 8, leg="1.3")
    fake.event("Hangup", ("Cause", "16"), call="1.2", linked="1.1")
    fake.event("Hangup", ("Cause", "16"), call="1.3", linked="1.1")
    await desk.until(lambda: len(desk.of(f.TalkEnded)) == 2)
    kinds = [type(fact).__name__ for fact in desk.facts[1:]]
    talk = ["CallQueued", "OfferDialled", "OfferAnswered", "TalkEnded"]
    assert kinds == talk * 2


async def test_a_caller_who_is_withdrawn_from_a_talk_waits_again(desk: Desk, fake: FakeAsterisk) -> None:
    """The operator picked up while the offer was being withdrawn; his leg is gone only afterwards."""
    await desk.start()
    fake.queued(t0=1000.0)
    dial_begin(fake)
    up(fake)
    fake.queued(t0=1000.0)
    fake.event("Hangup", ("Cause", "16"), call="1.2", linked="1.1")
    await desk.until(lambda: len(desk.of(f.CallQueued)) == 2)
    await desk.answered()
    kinds = [type(fact).__name__ for fact in desk.facts[1:]]
    assert kinds == ["CallQueued", "OfferDialled", "OfferAnswered", "TalkEnded", "CallQueued"]


async def test_the_partner_answers_or_not(desk: Desk, fake: FakeAsterisk) -> None:
    await desk.start()
    fake.user_event("AcdOverflowUp", ("Up", "1030.5"), call="1.9", linked="1.1")
    fake.user_event("AcdOverflowFailed", call="2.1")
    fake.user_event("AcdGone", ("State", "overflow"), ("Gone", "1040.5"), call="3.1")
    await desk.until(lambda: desk.of(f.CallGone))
    assert desk.facts[1:] == [
        f.OverflowAnswered(CALL, 1030.5),
        f.OverflowFailed(CallId("2.1")),
        f.CallGone(CallId("3.1"), 1040.5, overflowing=True),
    ]


async def test_the_fallback_connects_and_its_talk_ends(desk: Desk, fake: FakeAsterisk) -> None:
    await desk.start()
    fake.user_event("AcdFallbackUp", ("Device", "1002"), ("Up", "1030.5"), call="1.9", linked="1.1")
    fake.event("Hangup", ("Cause", "16"), call="1.9", linked="1.1")
    await desk.until(lambda: desk.of(f.TalkEnded))
    assert desk.facts[1] == f.FallbackAnswered(CALL, Device("1002"), 1030.5)


async def test_an_operator_who_calls_a_colleague_is_no_offer(desk: Desk, fake: FakeAsterisk) -> None:
    await desk.start()
    dest = (("DestChannel", "PJSIP/1002-2"), ("DestUniqueid", "5.2"), ("DestLinkedid", "5.1"))
    fake.event("DialBegin", ("Context", "acd-phones"), ("Exten", "1002"), *dest, call="5.1")
    fake.event("DialBegin", ("Context", "acd-fallback"), ("Exten", "s"), *dest, call="5.1")
    fake.event("DialState", ("DestUniqueid", "5.2"), ("DialStatus", "RINGING"), call="5.1")
    fake.event("Hangup", ("Cause", "16"), call="5.2", linked="5.1")
    fake.event("Hangup", ("Cause", "16"), call="5.1")
    await desk.answered()
    assert len(desk.facts) == 1


# --- Phones --------------------------------------------------------------------------------------------------------


async def test_phones_are_told_when_they_change_and_strangers_are_not(desk: Desk, fake: FakeAsterisk) -> None:
    fake.devices = {"PJSIP/1001": "NOT_INUSE"}
    await desk.start()
    assert desk.seen[0].phones == {"1001": f.PhoneState.IDLE, "1002": f.PhoneState.UNREACHABLE}
    for state in ("RINGING", "INUSE", "ONHOLD", "NOT_INUSE", "UNAVAILABLE", "INVALID", "NOT_INUSE"):
        fake.device("PJSIP/1001", state)
        fake.device("PJSIP/9999", state)
        fake.device("Queue:acd-gentinfo", state)
    await desk.until(lambda: len(desk.of(f.PhoneChanged)) == 4)
    await desk.answered()
    states = [fact.state for fact in desk.of(f.PhoneChanged)]
    assert states == [f.PhoneState.BUSY, f.PhoneState.IDLE, f.PhoneState.UNREACHABLE, f.PhoneState.IDLE]
    assert {fact.device for fact in desk.of(f.PhoneChanged)} == {"1001"}


async def test_an_audit_sets_right_what_was_never_told(desk: Desk, fake: FakeAsterisk) -> None:
    fake.devices = {"PJSIP/1001": "INUSE", "PJSIP/1002": "NOT_INUSE"}
    await desk.start(audit_every=0.05)
    fake.devices["PJSIP/1001"] = "NOT_INUSE"
    await desk.until(lambda: f.PhoneChanged(Device("1001"), f.PhoneState.IDLE) in desk.facts)
    assert desk.pbx.counters.phone_corrections == 1


async def test_an_audit_says_how_each_phone_is_also_if_that_is_no_news(desk: Desk, fake: FakeAsterisk) -> None:
    """The engine may think otherwise: a phone that did not ring is dead to it until somebody says that it is there."""
    fake.devices = {"PJSIP/1001": "NOT_INUSE", "PJSIP/1002": "INUSE"}
    await desk.start()
    desk.pbx.audit()
    await desk.until(lambda: len(desk.of(f.PhoneChanged)) == 2)
    assert {fact.device: fact.state.value for fact in desk.of(f.PhoneChanged)} == {"1001": "idle", "1002": "busy"}
    assert desk.pbx.counters.phone_corrections == 0


async def test_a_phone_that_comes_with_new_settings_is_told_at_the_next_audit(desk: Desk, fake: FakeAsterisk) -> None:
    fake.devices = {"PJSIP/1001": "NOT_INUSE", "PJSIP/1003": "INUSE"}
    await desk.start()
    desk.devices = [Device("1001"), Device("1003")]
    desk.pbx.audit()
    await desk.until(lambda: len(desk.of(f.PhoneChanged)) == 2)
    fake.device("PJSIP/1002", "NOT_INUSE")
    await desk.answered()
    assert {fact.device: fact.state.value for fact in desk.of(f.PhoneChanged)} == {"1001": "idle", "1003": "busy"}


# --- Commands ------------------------------------------------------------------------------------------------------


COMMANDS: list[tuple[c.Command, dict[str, str]]] = [
    (offer(), {"Channel": "1.1", "Context": "acd-to-connect", "Exten": "7*1001*15", "Priority": "start"}),
    (offer(ring_time=12.2), {"Exten": "7*1001*13"}),
    (offer(ring_time=0.0), {"Exten": "7*1001*1"}),
    (c.Withdraw(CALL, OfferId(7)), {"Action": "PlayDTMF", "Channel": "1.1", "Digit": "D", "Receive": "true"}),
    (
        c.Deflect(CALL, LineId("lez"), OverflowTo.PARTNER),
        {"Channel": "1.1", "Context": "acd-to-deflect", "Exten": "partner*lez", "Priority": "start"},
    ),
    (c.Deflect(CALL, LineId("lez"), OverflowTo.REFUSE), {"Exten": "refuse*lez"}),
    (c.Announce(CALL, 3, (2, 5)), {"Channel": "1.1", "Variable": "ACD_SAY", "Value": "acd/position-3&acd/wait-2-5"}),
    (c.SetCrisis("crisis_water"), {"Variable": "ACD_CRISIS", "Value": "crisis_water"}),
    (c.SetCrisis(None), {"Variable": "ACD_CRISIS", "Value": ""}),
    (c.SetDraining(True), {"Variable": "ACD_DRAIN", "Value": "1"}),
    (c.SetDraining(False), {"Variable": "ACD_DRAIN", "Value": ""}),
    (
        c.SetAllowed(Device("1001"), (LineId("lez"),), allowed=False),
        {"Variable": "QUEUE_MEMBER(,paused,PJSIP/1001)", "Value": "1"},
    ),
    (
        c.SetAllowed(Device("1001"), (LineId("lez"),), allowed=True),
        {"Variable": "QUEUE_MEMBER(,paused,PJSIP/1001)", "Value": "0"},
    ),
]


@pytest.mark.parametrize(("command", "expected"), COMMANDS, ids=[repr(command) for command, _ in COMMANDS])
async def test_a_command_becomes_one_action(
    desk: Desk, fake: FakeAsterisk, command: c.Command, expected: dict[str, str]
) -> None:
    await desk.start()
    before = len(fake.actions)
    desk.pbx.send(command)
    await desk.answered()
    (action,) = [action for action in fake.actions[before:] if action["Action"] != "Ping"]
    assert action["Action"] == expected.get("Action", "Redirect" if "Exten" in expected else "Setvar")
    assert {name: action.get(name) for name in expected} == expected
    assert "Channel" in action or "Exten" not in expected
    assert len(desk.facts) == 1


@pytest.mark.parametrize(
    ("position", "wait", "expected"),
    [
        (1, None, ["acd/position-1"]),
        (20, None, ["acd/position-20"]),
        (21, None, ["acd/position-many"]),
        (None, (10, None), ["acd/wait-10-more"]),
        (4, (0, 1), ["acd/position-4", "acd/wait-0-1"]),
    ],
)
def test_an_announcement_is_prompts(
    position: int | None, wait: tuple[int, int | None] | None, expected: list[str]
) -> None:
    assert prompts(c.Announce(CALL, position, wait)) == expected


HOSTILE: list[c.Command] = [
    offer(call=CallId("1.1\r\nAction: Originate")),
    offer(call=CallId("")),
    c.Offer(CALL, OfferId(7), OperatorId("an"), Device("1001&PJSIP/0900"), 15.0),
    c.Deflect(CALL, LineId("a,b"), OverflowTo.PARTNER),
    c.Deflect(CALL, LineId("lez"), OverflowTo.WAIT),
    c.SetCrisis("../../etc/passwd&x"),
    c.SetAllowed(Device("1001),x"), (LineId("lez"),), allowed=True),
    c.Announce(CallId("1.1\n"), 1, None),
    c.AskCall(CallId("SHELL(x)")),
]


@pytest.mark.parametrize("command", HOSTILE, ids=[repr(command) for command in HOSTILE])
async def test_a_name_that_is_none_never_leaves_the_house(desk: Desk, fake: FakeAsterisk, command: c.Command) -> None:
    await desk.start()
    before = len(fake.actions)
    desk.pbx.send(command)
    await desk.answered()
    assert {action["Action"] for action in fake.actions[before:]} == {"Ping"}
    assert len(desk.of(f.OfferNotSent)) == isinstance(command, c.Offer)


@pytest.mark.parametrize("message", ["Channel does not exist: 1.1", "Redirect failed, channel not up."])
async def test_a_refused_offer_is_told(desk: Desk, fake: FakeAsterisk, message: str) -> None:
    await desk.start()
    fake.redirect = message
    desk.pbx.send(offer())
    await desk.until(lambda: desk.of(f.OfferNotSent))
    assert desk.facts[1:] == [f.OfferNotSent(CALL, OfferId(7))]


async def test_never_two_redirects_at_once_for_one_caller(desk: Desk, fake: FakeAsterisk) -> None:
    """Of two, any may win. The second is refused; another caller's is not."""
    await desk.start()
    fake.channels = [channel("1.1")]
    fake.variables["1.1", "ACD_STATE"] = "ring"
    fake.variables["1.1", "ACD_OFFER"] = "7"
    desk.pbx.send(offer(7))
    desk.pbx.send(offer(8))
    desk.pbx.send(c.Withdraw(CALL, OfferId(7)))
    desk.pbx.send(offer(9, CallId("2.2")))
    await desk.until(lambda: desk.of(f.OfferNotSent) and desk.of(f.CallFound))
    assert [action["Exten"] for action in fake.sent("Redirect")] == ["7*1001*15", "9*1001*15"]
    assert desk.of(f.OfferNotSent) == [f.OfferNotSent(CALL, OfferId(8))]
    assert desk.of(f.CallFound) == [f.CallFound(CALL, W.RING, OfferId(7))]
    desk.pbx.send(c.Withdraw(CALL, OfferId(7)))
    await desk.answered()
    assert len(fake.sent("PlayDTMF")) == 1, "the first was answered"


async def test_a_caller_who_talks_is_never_moved(desk: Desk, fake: FakeAsterisk) -> None:
    """A Redirect that crosses the operator's answer would hang up the operator."""
    await desk.start()
    fake.channels = [channel("1.1")]
    fake.variables["1.1", "ACD_STATE"] = "talk"
    fake.variables["1.1", "ACD_OFFER"] = "7"
    fake.queued()
    dial_begin(fake)
    up(fake)
    await desk.until(lambda: desk.of(f.OfferAnswered))
    desk.pbx.send(c.Withdraw(CALL, OfferId(7)))
    desk.pbx.send(offer(8))
    await desk.until(lambda: desk.of(f.CallFound) and desk.of(f.OfferNotSent))
    assert (fake.sent("Redirect"), fake.sent("PlayDTMF")) == ([], [])
    assert desk.of(f.CallFound) == [f.CallFound(CALL, W.TALK, OfferId(7))]


@pytest.mark.parametrize(
    ("state", "number", "expected"),
    [
        ("wait", "7", f.CallFound(CALL, W.WAIT)),
        ("ring", "7", f.CallFound(CALL, W.RING, OfferId(7))),
        ("talk", "", f.CallFound(CALL, W.TALK)),
        ("", "", f.CallFound(CALL, W.MENU)),
        (None, "", f.CallFound(CALL, None)),
    ],
)
async def test_where_is_he(
    desk: Desk, fake: FakeAsterisk, state: str | None, number: str, expected: f.CallFound
) -> None:
    await desk.start()
    if state is not None:
        fake.channels = [channel("1.1")]
        fake.variables |= {("1.1", "ACD_STATE"): state, ("1.1", "ACD_OFFER"): number}
    desk.pbx.send(c.AskCall(CALL))
    await desk.until(lambda: desk.of(f.CallFound))
    assert desk.facts[1:] == [expected]


async def test_an_offer_never_waits_behind_the_settings_of_the_fallback(desk: Desk, fake: FakeAsterisk) -> None:
    await desk.start()
    before = len(fake.actions)
    for n in range(500):
        desk.pbx.send(c.SetAllowed(Device(f"{n}"), (LineId("lez"),), allowed=True))
    desk.pbx.send(offer())
    await desk.until(lambda: len(fake.sent("Setvar")) >= 500)
    await desk.answered()
    names = [action["Action"] for action in fake.actions[before:]]
    assert names.index("Redirect") <= 20
    paused = [key for _, key in fake.variables if key.startswith("QUEUE_MEMBER")]
    assert len(paused) == 500


async def test_a_heartbeat_is_the_second_of_asterisks_clock(desk: Desk, fake: FakeAsterisk) -> None:
    await desk.start()
    desk.pbx.heartbeat()
    await desk.answered()
    assert abs(int(fake.variables["", "ACD_HB"]) - fake.clock()) < 5


async def test_nothing_from_send_or_heartbeat_blocks_or_raises_before_the_first_link(desk: Desk) -> None:
    await desk.begin(port=1)
    for command, _ in COMMANDS:
        desk.pbx.send(command)
    desk.pbx.heartbeat()
    desk.pbx.audit()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert [type(fact) for fact in desk.facts] == [f.OfferNotSent] * 3
