"""The simulated switch does the same as a real Asterisk 22 did, and says the same over AMI.

Each case plays a recorded session again: same caller, same phone, same moments. Then the events are compared one by
one, in order, with the values that matter and the names of all headers. Known differences, each allowed for here:

1. Device states come from another thread of Asterisk, at no fixed place among the other events: each device is compared
   by itself.
2. The recorded dialplan said ``AcdEnqueue`` at each return to the waiting loop, ours says ``AcdQueued`` once; ours also
   says ``AcdArrived``. ``tests/asterisk/dialect.py`` puts the rest into our words.
3. Asterisk promises no order between ``AcdNoConnect`` and the ``Hangup`` of the failed leg (seen both ways round); the
   simulated switch always says ``AcdNoConnect`` first.
4. Where the recorded dialplan moved callers on to a survey or an announcement, ours has none: those events are not
   compared.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from acd.asterisk.frames import Frame, FrameParser
from acd.model.ids import Device
from sim.ami_session import Account
from sim.calls import Call, ToMusic
from sim.phones import BROKEN, BUSY, DEAD, DND, RINGS, Always, Contact, Habit
from tests.asterisk.dialect import rewrite
from tests.sim.wire import LINE, House, Wire, house, in_virtual_time

TRACES = Path(__file__).parents[1] / "traces"
RECORDED = Account(
    name="acd",
    secret="as recorded",
    read=frozenset({"call", "user", "system"}),
    events=frozenset(
        {
            *("UserEvent", "DeviceStateChange", "ContactStatus", "DialBegin", "DialState", "DialEnd"),
            *("BridgeEnter", "BridgeLeave", "HangupRequest", "Hangup", "FullyBooted"),
        }
    ),
)
VALUES = {
    "UserEvent": ("UserEvent", "Uniqueid", "Linkedid", "Offer", "DialStatus", "Cause", "State"),
    "DialBegin": ("Context", "Exten", "Uniqueid", "DestUniqueid", "DestLinkedid", "DialString"),
    "DialState": ("DestUniqueid", "DialStatus"),
    "DialEnd": ("Uniqueid", "DestUniqueid", "DialStatus"),
    "BridgeEnter": ("Uniqueid", "BridgeNumChannels"),
    "BridgeLeave": ("Uniqueid", "BridgeNumChannels"),
    "HangupRequest": ("Uniqueid", "ChannelStateDesc", "Cause", "TechCause"),
    "Hangup": ("Uniqueid", "Linkedid", "ChannelStateDesc", "Cause", "Cause-txt", "TechCause"),
    "ContactStatus": ("ContactStatus", "AOR", "EndpointName"),
}
"""What is compared of each event: all that the adapter reads, and what helps to see a fault."""
NOT_THERE = {"AcdArrived": 2, "AcdCsat": 4}
"""UserEvents of one dialplan only -> number of the difference."""
UNCOMPARED = {("AcdGone", "Cause"), ("AcdAfter", "Offer")}
"""Fields of one dialplan only (difference 2)."""


@dataclass
class Case:
    trace: str
    phone: str
    habit: Habit
    offered: float | None
    """Seconds from joining the line to the Redirect; None = no offer."""
    leaves: float
    """Seconds from joining the line to the caller's BYE."""
    before: Callable[[House], None] = lambda place: None
    moves: list[tuple[float, Callable[[House, Call], None]]] = field(default_factory=list)
    """What else happens, and when."""


def withdraw(place: House, call: Call) -> None:
    assert place.switch.redirect(call.id, ToMusic()) is None


CASES = [
    Case("01-abandon", "1001", RINGS, None, 3.207),
    Case("02-connect-caller-hangs-up", "1001", Habit(after=0.306), 0.502, 4.005),
    Case("03-connect-operator-hangs-up-survey", "1001", Habit(after=0.306, talk=2.003), 0.502, 9.0),
    Case("04-operator-busy-486", "1002", Habit(code=486, after=0.305), 0.002, 5.007),
    Case("05-operator-no-answer", "1003", RINGS, 0.002, 14.006),
    Case("06-operator-503", "1004", Habit(code=503, after=0.208), 0.002, 5.006),
    Case("07-operator-480", "1004", Habit(code=480, after=0.212), 0.002, 5.015),
    Case("08-operator-603", "1004", Habit(code=603, after=0.206), 0.002, 5.012),
    Case(
        "09-operator-unregistered",
        "1005",
        RINGS,
        0.002,
        3.007,
        before=lambda place: place.switch.unregister(Device("1005")),
    ),
    Case(
        "10-operator-qualify-unreachable",
        "1006",
        RINGS,
        0.002,
        3.012,
        before=lambda place: place.switch.unregister(Device("1006"), Contact.UNREACHABLE),
    ),
    Case("11-operator-phone-dead-no-qualify", "1004", DEAD, 0.002, 14.006),
    Case("12-redirect-after-hangup", "1001", RINGS, None, 1.507),
    Case("14-redirect-while-ringing", "1003", RINGS, 0.002, 8.009, moves=[(1.005, withdraw)]),
    Case(
        "40-unregister-mid-ring",
        "1005",
        RINGS,
        0.002,
        14.006,
        moves=[(1.123, lambda place, call: place.switch.unregister(Device("1005")))],
    ),
    Case("46-caller-hangs-up-while-ringing", "1003", RINGS, 0.502, 3.506),
]
assert BUSY.ring is DND.ring is BROKEN.ring is False  # The recorded phones rang before they refused.


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.trace)
def test_same_events_in_the_same_order(case: Case) -> None:
    recorded, simulated = read_trace(case.trace), play(case)
    assert story(simulated) == story(recorded, NOT_ORDERED.get(case.trace, ()))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.trace)
def test_same_device_states(case: Case) -> None:
    recorded, simulated = devices(read_trace(case.trace)), devices(play(case))
    assert simulated[case.phone] == recorded[case.phone]


def test_same_headers() -> None:
    """The names of all headers of each event, in order."""
    recorded: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    simulated: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for case in CASES:
        for frames, names in ((original(case.trace), recorded), (play(case), simulated)):
            for frame in frames:
                if frame.event in VALUES or frame.event == "DeviceStateChange":
                    names[frame.event].add(header_names(frame))
    assert simulated == recorded


def test_redirect_of_a_caller_who_is_gone_is_refused_in_the_same_words() -> None:
    async def work() -> list[str]:
        async with house() as place:
            wire = await place.user()
            call = place.switch.arrive("092101010")
            place.switch.drop(call)
            where = ("Context: acd-connect", "Exten: 1*1001*10", "Priority: 1")
            names = (call.id, f"PJSIP/acd-trunk-{call.seq:08x}")
            answers = [await wire.answer("Action: Redirect", f"Channel: {name}", *where) for name in names]
            return [answer.message.replace(name, "<name>") for answer, name in zip(answers, names, strict=True)]

    # Trace 12: "Channel does not exist: 1795301399.19", "Channel does not exist: PJSIP/trunk-00000013".
    assert in_virtual_time(work) == ["Channel does not exist: <name>"] * 2


# --- Playing and reading -------------------------------------------------------------------------------------------


def play(case: Case) -> list[Frame]:
    """The case on the simulated switch: everything that a session of the engine's account hears."""

    async def work() -> list[Frame]:
        async with house() as place:
            place.server.accounts[RECORDED.name] = RECORDED
            place.keep_engine_alive()
            case.before(place)
            if case.trace.startswith("40"):
                place.switch.unregister(Device(case.phone))
            wire = await place.user(RECORDED)
            if case.trace.startswith("40"):
                place.switch.register(Device(case.phone))
            await act(case, place, wire)
            return [frame for frame in wire.frames if frame.event]

    frames: list[Frame] = in_virtual_time(work)
    return frames


async def act(case: Case, place: House, wire: Wire) -> None:
    switch, time = place.switch, place.switch.time
    switch.phones[Device(case.phone)].hands = Always(case.habit)
    call = switch.arrive("100", "+37061234567")
    switch.choose(call, LINE)
    start = time.now()
    if case.offered is not None:
        exten = f"1*{case.phone}*10"
        redirect = ("Action: Redirect", f"Channel: {call.id}", "Context: acd-connect", f"Exten: {exten}")
        time.call_at(start + case.offered, wire.send, *redirect, "Priority: start")
    for at, move in case.moves:
        time.call_at(start + at, move, place, call)
    time.call_at(start + case.leaves, switch.hang_up, call)
    await asyncio.sleep(case.leaves + 1)


def original(name: str) -> list[Frame]:
    """The recorded events, as they came."""
    parser = FrameParser()
    parser.receive((TRACES / f"{name}.engine.recv").read_bytes())
    frames = []
    while (frame := parser.next()) is not None:
        if frame.event:
            frames.append(frame)
    return frames


def read_trace(name: str) -> list[Frame]:
    """The recorded events in the words of our dialplan, its other phones left out."""
    return [ours for frame in original(name) if frame.get("AOR", "1005") == "1005" for ours in rewrite(frame)]


NOT_ORDERED = {
    "11-operator-phone-dead-no-qualify": ("AcdNoConnect", "Hangup"),
}
"""Difference 3: here Asterisk happened to say Hangup first."""


def story(frames: Iterable[Frame], swap: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """What happened, with channels named by the part they play."""
    parts: dict[str, str] = {}
    told: list[tuple[str, ...]] = []
    queued = False
    for frame in frames:
        name = frame.get("UserEvent")
        again = name == "AcdQueued" and queued
        queued = queued or name == "AcdQueued"
        if frame.event in VALUES and not again and name not in NOT_THERE:
            values = (parts_of(parts, frame, header) for header in VALUES[frame.event])
            told.append((frame.event, *values))
    if swap:
        after = next(n for n, line in enumerate(told) if swap[0] in line)
        told[after - 1], told[after] = told[after], told[after - 1]
    return told


def parts_of(parts: dict[str, str], frame: Frame, header: str) -> str:
    value = frame.get(header)
    if header.endswith(("Uniqueid", "Linkedid")):
        return parts.setdefault(value, "caller" if not parts else f"leg {len(parts)}")
    return "" if (frame.get("UserEvent"), header) in UNCOMPARED else value


def devices(frames: Iterable[Frame]) -> dict[str, list[str]]:
    states: dict[str, list[str]] = defaultdict(list)
    for frame in frames:
        if frame.event == "DeviceStateChange":
            states[frame.get("Device").removeprefix("PJSIP/")].append(frame.get("State"))
    return states


def header_names(frame: Frame) -> tuple[str, ...]:
    """Of a UserEvent only Asterisk's own: the rest is the dialplan's."""
    names = [name for name, _ in frame.pairs]
    return tuple(names[: names.index("UserEvent") + 1] if frame.event == "UserEvent" else names)
