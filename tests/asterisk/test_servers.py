"""One of several servers, over AMI: it must bear its name, and a phone may be at another."""

import asyncio

import pytest

from acd.model import commands as c
from acd.model import facts as f
from acd.model.facts import CallWhereabouts as W
from acd.model.ids import CallId, Device, OfferId, OperatorId, ServerId, SpyId
from acd.model.supervision import SpyMode
from tests.asterisk.conftest import Desk
from tests.asterisk.fake import FakeAsterisk, channel

B = ServerId("b")


async def test_a_server_that_does_not_bear_its_name_is_not_used(desk: Desk, fake: FakeAsterisk) -> None:
    """Its calls could be taken for those of another."""
    fake.variables["", "SYSTEMNAME"] = "b"
    await desk.begin(server="a")
    await desk.until(lambda: "systemname" in desk.pbx.link_reason)
    assert desk.pbx.link_reason == "its systemname in asterisk.conf is 'b', and should be 'a'"
    assert not desk.facts
    fake.variables["", "SYSTEMNAME"] = "a"
    await desk.until(lambda: desk.seen)


async def test_a_single_server_may_have_any_name(desk: Desk, fake: FakeAsterisk) -> None:
    fake.variables["", "SYSTEMNAME"] = "pbx.gent"
    await desk.start()
    assert "SYSTEMNAME" not in [action.get("Variable") for action in fake.actions]


async def test_a_phone_at_another_server_is_dialled_through_it(desk: Desk, fake: FakeAsterisk) -> None:
    await desk.start()
    desk.pbx.send(c.Offer(CallId("a-1.1"), OfferId(7), OperatorId("an"), Device("1001"), 15.0, via=B))
    await desk.answered()
    [sent] = fake.sent("Redirect")
    assert sent["Exten"] == "7*1001*15*b"
    where = (("Context", "acd-connect"), ("Exten", "7*1001*15*b"))
    leg = (("DestChannel", "PJSIP/acd-peer-b-2"), ("DestUniqueid", "a-1.2"), ("DestLinkedid", "a-1.1"))
    fake.event("DialBegin", *where, *leg, call="a-1.1")
    fake.event("DialState", *leg, ("DialStatus", "RINGING"), call="a-1.1")
    fake.user_event("AcdUp", ("Offer", "7"), ("Up", "1020.5"), call="a-1.2", linked="a-1.1")
    await desk.until(lambda: desk.of(f.OfferAnswered))
    kinds = [type(fact) for fact in desk.facts[1:]]
    assert kinds == [f.OfferDialled, f.OfferRinging, f.OfferAnswered]


@pytest.mark.parametrize("via", ["b;", "b*", "", "b@c"])
async def test_no_name_that_is_none_leaves_the_house(desk: Desk, fake: FakeAsterisk, via: str) -> None:
    await desk.start()
    desk.pbx.send(c.Offer(CallId("a-1.1"), OfferId(7), OperatorId("an"), Device("1001"), 15.0, via=ServerId(via)))
    await desk.until(lambda: desk.of(f.OfferNotSent))
    assert fake.sent("Redirect") == []


async def test_a_supervisors_phone_at_another_server_is_rung_there(desk: Desk, fake: FakeAsterisk) -> None:
    fake.channels = [
        channel("a-1.1", state="talk", offer="8", device="1002", up="1020.5", line="info", t0="1000.5"),
        channel("a-1.2", linked="a-1.1", name="PJSIP/acd-peer-b-00000005"),
    ]
    await desk.start()
    [call] = desk.seen[0].calls
    assert (call.where, call.dialled, call.device) == (W.TALK, True, "1002"), "the leg to the other server is his"
    desk.pbx.send(c.Spy(SpyId(3), CallId("a-1.1"), None, Device("1009"), SpyMode.LISTEN, "An", 20.0, via=B))
    await desk.answered()
    [sent] = fake.sent("Originate")
    assert sent["Channel"] == "PJSIP/1009@acd-peer-b"
    fake.event("Hangup", ("Cause", "16"), call="a-1.2", linked="a-1.1")
    await desk.until(lambda: desk.of(f.TalkEnded))


async def test_new_calls_are_turned_away_until_it_is_told_otherwise(desk: Desk, fake: FakeAsterisk) -> None:
    fake.variables["", "SYSTEMNAME"] = "a"
    fake.variables["", "ACD_ELSEWHERE"] = "1"
    await desk.start(server="a")
    assert desk.pbx.turned_away, "an engine before us has drained it"
    assert desk.pbx.turn_away(on=False)
    await desk.answered()
    assert fake.variables["", "ACD_ELSEWHERE"] == ""
    assert not desk.pbx.turned_away
    await desk.pbx.stop()
    await asyncio.sleep(0)
    assert not desk.pbx.turn_away(on=True), "without a link it cannot be told"
