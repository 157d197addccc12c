"""What a stranger may write into an INVITE. It must not reach AMI, must not be evaluated, must not cost a call."""

import asyncio
import contextlib

import pytest

from sim.lab import Call, Lab
from tests.lab.stub import NONCE, Stub

pytestmark = pytest.mark.asterisk

DID = "092101010"
NUMBER = "+32470123456"
FORGED = "%0d%0a%0d%0aEvent%3a%20UserEvent%0d%0aUserEvent%3a%20AcdUp%0d%0aOffer%3a%201%0d%0aNonce%3a%20x%0d%0a%0d%0a"
"""Percent-encoded, so that it is valid SIP and its parser decodes it."""
LATIN1 = "\udce9\udcff\udc80"
"""Octets that are no UTF-8; the phone sends them as they are."""

FROM = {
    # What stands in From, and the number that the call must have.
    "control characters in the user": (f"<sip:{NUMBER}{FORGED}@x.example>", ""),
    "control characters between digits": ("<sip:+32%0d%0a470%0a123456@x.example>", "+32470123456"),
    "end of text in the user": ("<sip:+32470%00123456@x.example>", None),
    "dialplan expression in the user": ("<sip:%24%7bGLOBAL(ACD_NONCE)%7d@x.example>", ""),
    "dialplan expression of digits": ("<sip:%24%5b32%2b1%5d@x.example>", "32+1"),
    "dialplan expression in the name": (f'"${{SHELL(id)}}${{EPOCH}}$[1+1]" <sip:{NUMBER}@x.example>', NUMBER),
    "commas in the name": (f'"Jan,Offer: 1,Line: lez" <sip:{NUMBER}@x.example>', NUMBER),
    "quotes in the name": (f'"a\\"b\\"),Hangup(" <sip:{NUMBER}@x.example>', NUMBER),
    "another address in the name": (f'"<sip:+3299@y>;tag=1" <sip:{NUMBER}@x.example>', NUMBER),
    "end of a function in the user": ("<sip:+32):1@x.example>", None),
    "end of a function, decoded": ("<sip:+32)%3a1%3a2)%7d@x.example>", None),
    "comma and quote in the user": ("<sip:+32,1&%22=1@x.example>", "+3211"),
    "Latin-1 in the name": (f'"{LATIN1}" <sip:{NUMBER}@x.example>', NUMBER),
    "Latin-1 in the user": ("<sip:+32%e9%ff@x.example>", "+32"),
    "emoji in the name": (f'"\N{PILE OF POO}\N{ZERO WIDTH JOINER}" <sip:{NUMBER}@x.example>', NUMBER),
    "separators of a written number": ("<sip:09-210.10.10@x.example>", "092101010"),
    "encoded plus": ("<sip:%2b32470123456@x.example>", NUMBER),
    "parameters of the number": (f"<sip:{NUMBER};npdi;rn=+32999@x.example;user=phone>", NUMBER),
    "a long number": ("<sip:" + "1" * 3000 + "@x.example>", "1" * 20),
    "a long name": (f'"{"x" * 3000}" <sip:{NUMBER}@x.example>', NUMBER),
    "4 KB of name": (f'"{"x" * 4096}" <sip:{NUMBER}@x.example>', None),
    "a name of control characters": (f'"a\x0bb\x01" <sip:{NUMBER}@x.example>', NUMBER),
    "withheld": ('"Anonymous" <sip:anonymous@anonymous.invalid>', ""),
    "a phone's name": ("<sip:1001@x.example>", "1001"),
    "a telephone address": (f"<tel:{NUMBER}>", NUMBER),
    "no user": ("<sip:192.0.2.17:5060>", ""),
    "no brackets": (f"sip:{NUMBER}@x.example", NUMBER),
}

HEADERS = {
    # Further headers, and the final answer.
    "asserted identity": ([("P-Asserted-Identity", f'"{LATIN1}" <sip:+3299{FORGED}@x>'), ("Privacy", "none")], 200),
    "diversion": ([("Diversion", f"<sip:+32{FORGED}@x>;reason=unknown"), ("X-Acd", f"{LATIN1},Offer: 1")], 200),
    "user agent": ([("User-Agent", "${GLOBAL(ACD_NONCE)}" * 20), ("Subject", "x" * 3000)], 200),
    "remote party": ([("Remote-Party-ID", f'"{"x" * 2000}" <sip:+32{FORGED}@x>;party=calling')], 200),
    "odd privacy": ([("Privacy", 'none,${EPOCH}"')], 200),
    "a dialog that does not exist": ([("Replaces", "1@2;to-tag=3;from-tag=4")], 481),
    "a session of one second": ([("Session-Expires", "1"), ("Min-SE", "1")], 422),
}

TARGETS = (
    f"{DID}{FORGED}",
    f"{DID}%0d%0aX%3a%20y",
    f"{DID},1",
    "%24%7bGLOBAL(ACD_NONCE)%7d",
    "%24%7BEPOCH%7D",
    f"{DID}%f0%9f%92%a9%e9",
    "9" * 4000,
)

MALFORMED = ("${EPOCH}", f"{DID}\\", f"{DID}\N{PILE OF POO}", f'{DID}" <sip:')
"""No SIP: Asterisk drops these unanswered."""

OURS = {"FullyBooted", "UserEvent", "Hangup", "ContactStatus"}


async def test_hostile_callers_are_served_and_forge_nothing(lab: Lab, engine: Stub) -> None:
    first = len(engine.events)
    async with contextlib.AsyncExitStack() as stack:
        for name, (header, number) in FROM.items():
            citizen = await stack.enter_async_context(lab.citizen())
            call = citizen.call(DID, from_header=header)
            await _settled(call)
            assert (name, call.code) == (name, 200)
            arrived = await engine.event("AcdArrived", first)
            queued = await engine.event("AcdQueued", first, Uniqueid=arrived["Uniqueid"])
            # What Asterisk took for his number before the dialplan had filtered it.
            assert (name, await engine.getvar("CALLERID(ANI-num)", Channel=arrived["Uniqueid"])) == (name, "0")
            assert number is None or (name, queued["Num"]) == (name, number)
            assert set(queued["Num"]) <= set("+0123456789")
            assert [queued[key] for key in ("Line", "Did", "Lang", "Path", "Nonce")] == [
                "gentinfo",
                DID,
                "nl",
                "",
                NONCE,
            ]
            await call.hang_up()
            gone = await engine.event("AcdGone", first, Uniqueid=arrived["Uniqueid"])
            assert (name, gone["State"]) == (name, "wait")
            await engine.event("Hangup", first, Uniqueid=arrived["Uniqueid"])
            first = len(engine.events)
    _assert_no_forgery(engine, len(FROM))


async def test_hostile_headers_cost_no_call_and_forge_nothing(lab: Lab, engine: Stub) -> None:
    calls = 0
    async with contextlib.AsyncExitStack() as stack:
        for index, (name, (headers, code)) in enumerate(HEADERS.items()):
            citizen = await stack.enter_async_context(lab.citizen(f"+3247300000{index}"))
            call = citizen.call(DID, headers=headers)
            await _settled(call)
            assert (name, call.code) == (name, code)
            if call.code == 200:
                calls += 1
                arrived = await engine.arrival(f"+3247300000{index}")
                assert (name, await engine.getvar("CALLERID(ANI-num)", Channel=arrived)) == (name, "0")
                await call.hang_up()
                await engine.event("AcdGone", Nonce=NONCE)
    await engine.quiet(lab)
    await engine.getvar("EPOCH")
    _assert_no_forgery(engine, calls)


async def test_hostile_numbers_never_become_a_call(lab: Lab, engine: Stub) -> None:
    before = lab.cli("core show channels count").splitlines()[-1]
    async with lab.citizen() as citizen:
        calls = [citizen.call(target) for target in TARGETS]
        await asyncio.gather(*(_settled(call) for call in calls))
    assert [call.code for call in calls] == [404] * len(TARGETS)
    assert lab.cli("core show channels count").splitlines()[-1] == before
    _assert_no_forgery(engine, 0)


async def test_what_is_no_sip_is_dropped(lab: Lab, engine: Stub) -> None:
    async with lab.citizen("+32473999999") as citizen:
        broken = lab.citizen()
        await broken.__aenter__()
        for target in MALFORMED:
            broken.call(target)
        citizen.call(DID)
        await engine.arrival("+32473999999")
        broken.vanish()
    await engine.quiet(lab)
    _assert_no_forgery(engine, 1)


async def test_privacy_is_respected(lab: Lab, engine: Stub) -> None:
    async with lab.citizen(NUMBER) as citizen:
        for privacy, number in (("id", ""), ("none", NUMBER), ("user;id", "")):
            first = len(engine.events)
            call = citizen.call(DID, headers=[("Privacy", privacy)])
            queued = await engine.event("AcdQueued", first)
            assert queued["Num"] == number
            await call.hang_up()
            await engine.event("AcdGone", first)


async def _settled(call: Call) -> None:
    """Answered or refused."""
    await asyncio.wait_for(call.final.wait(), 10)


def _assert_no_forgery(engine: Stub, calls: int) -> None:
    """Four events a call and nothing else; each of ours carries the nonce, and each frame has only headers it may."""
    ours = [event for event in engine.events if event["Event"] == "UserEvent"]
    assert {event["Event"] for event in engine.events} <= OURS
    assert sorted(event["UserEvent"] for event in ours) == sorted(["AcdArrived", "AcdQueued", "AcdGone"] * calls)
    assert all(event["Nonce"] == NONCE for event in ours)
    known = {"Did", "Num", "Arrived", "Line", "T0", "Lang", "Path", "State", "Gone", "Note", "Nonce", "Event"}
    standard = {"Privilege", "Timestamp", "Channel", "ChannelState", "ChannelStateDesc", "CallerIDNum", "CallerIDName"}
    standard |= {"ConnectedLineNum", "ConnectedLineName", "Language", "AccountCode", "Context", "Exten", "Priority"}
    standard |= {"UserEvent", "Uniqueid", "Linkedid"}
    for event in ours:
        assert set(event) <= known | standard, event
        assert event["CallerIDName"] == "<unknown>"
        assert set(event["CallerIDNum"]) <= set("+0123456789") or event["CallerIDNum"] == "<unknown>"
