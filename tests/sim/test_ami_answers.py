"""What the simulated AMI answers, word for word as Asterisk 22.10.1 did when it was asked the same."""

import asyncio
import hashlib

import pytest

from acd.asterisk.frames import FrameParser
from sim.phones import RINGS, Always, Contact, Habit
from tests.sim.test_against_traces import TRACES
from tests.sim.wire import ENGINE, FULL, LINE, PHONES, House, Wire, house, in_virtual_time

UNKNOWN = "Invalid/unknown command: {}. Use Action: ListCommands to show available commands."
MEMBER = "Variable: QUEUE_MEMBER(acd-gentinfo,paused,PJSIP/1001)"

ANSWERS = [
    ("Foo: bar", "Error", "Missing action in request"),
    ("Action: ", "Error", "Missing action in request"),
    ("Action", "Error", "Missing action in request"),
    ("Action: NoSuchAction", "Error", UNKNOWN.format("NoSuchAction")),
    ("nocolon|Action: Ping", "Success", ""),
    ("ACTION: ping", "Success", ""),
    ("Action:   Ping", "Success", ""),
    ("Action: Getvar", "Error", "No variable specified"),
    ("Action: Getvar|Variable: NOPE", "Success", ""),
    ("Action: Getvar|Channel: PJSIP/none-1|Variable: X", "Error", "No such channel"),
    ("Action: Setvar", "Error", "No variable specified"),
    ("Action: Setvar|Variable: X|Value: 7", "Success", "Variable Set"),
    ("Action: Setvar|Variable: X", "Success", "Variable Set"),
    ("Action: Setvar|Channel: 1.2|Variable: X|Value: 7", "Error", "No such channel"),
    (f"Action: Setvar|{MEMBER}|Value: 1", "Success", "Variable Set"),
    ("Action: Setvar|Variable: QUEUE_MEMBER(acd-gentinfo,paused,PJSIP/9)|Value: 1", "Error", "Variable not set"),
    ("Action: Setvar|Variable: QUEUE_MEMBER(nope,paused,PJSIP/1001)|Value: 1", "Error", "Variable not set"),
    ("Action: Setvar|Variable: QUEUE_MEMBER(acd-nope,paused,PJSIP/1001)|Value: 1", "Error", "Variable not set"),
    ("Action: Redirect", "Error", "Channel not specified"),
    ("Action: Redirect|Channel: x", "Error", "Context not specified"),
    ("Action: Redirect|Channel: x|Context: c", "Error", "Exten not specified"),
    ("Action: Redirect|Channel: x|Context: c|Exten: s", "Error", "Priority not specified"),
    ("Action: Redirect|Channel: x|Context: c|Exten: s|Priority: start", "Error", "Priority is invalid"),
    ("Action: Redirect|Channel: x|Context: acd-wait|Exten: s|Priority: nolabel", "Error", "Priority is invalid"),
    ("Action: Redirect|Channel: x|Context: acd-wait|Exten: zz|Priority: start", "Error", "Priority is invalid"),
    ("Action: Redirect|Channel: x|Context: acd-wait|Exten: s|Priority: start", "Error", "Channel does not exist: x"),
    ("Action: Redirect|Channel: x|Context: nowhere|Exten: s|Priority: 1", "Error", "Channel does not exist: x"),
    ("Action: Hangup", "Error", "No channel specified"),
    ("Action: Hangup|Channel: 1.2", "Error", "No such channel"),
    ("Action: Status|Channel: 1.2", "Error", "No such channel"),
    ("Action: Status", "Success", "Channel status will follow"),
    ("Action: CoreShowChannels", "Success", "Channels will follow"),
    ("Action: DeviceStateList", "Success", "Device State Changes will follow"),
    ("Action: UserEvent|UserEvent: Hello|Foo: bar", "Success", "Event Sent"),
    ("Action: Originate", "Error", "Channel not specified"),
    ("Action: Originate|Channel: PJSIP/1001", "Error", "Originate with 'Exten' requires 'Context' and 'Priority'"),
    ("Action: Originate|Channel: PJSIP|Context: c|Exten: s|Priority: 1", "Error", "Invalid channel"),
    ("Action: Originate|Channel: PJSIP/1|Context: c|Exten: s|Priority: x", "Error", "Invalid priority"),
    ("Action: Originate|Channel: PJSIP/1|Context: c|Exten: s|Priority: 1|Timeout: abc", "Error", "Invalid timeout"),
    ("Action: Originate|Channel: PJSIP/9|Context: c|Exten: s|Priority: 1", "Error", "Originate failed"),
    ("Action: Events", "Error", "Invalid event mask"),
    ("Action: Events|EventMask: bogus", "Success", ""),
    ("Action: Command", "Error", "No command provided"),
    ("Action: Command|Command: nosuchcommand", "Error", "Command output follows"),
    ("Action: Login|Username: full|Secret: full", "Success", "Already authenticated"),
    ("Action: Challenge|AuthType: SHA", "Error", "Must specify AuthType"),
    ("Action: Logoff", "Goodbye", "Thanks for all the fish."),
]


@pytest.mark.parametrize(("action", "response", "text"), ANSWERS, ids=[action for action, _, _ in ANSWERS])
def test_answer(action: str, response: str, text: str) -> None:
    async def work() -> None:
        async with house() as place:
            wire = await place.user()
            answer = await wire.answer(*action.split("|"), "ActionID: 42")
            assert answer.pairs[:2] == [("Response", response), ("ActionID", "42")]
            assert answer.message == text

    in_virtual_time(work)


def test_banner_and_login() -> None:
    async def work() -> None:
        async with house() as place:
            wire = await place.wire()
            assert wire.raw == b"Asterisk Call Manager/11.0.0\r\n"
            assert (await wire.answer("Action: Ping", "ActionID: 1")).message == "Permission denied"
            await wire.login(FULL, "ActionID: 2")
            assert wire.frames[1].pairs == [
                ("Response", "Success"),
                ("ActionID", "2"),
                ("Message", "Authentication accepted"),
            ]
            assert [name for name, _ in wire.frames[2].pairs] == [
                *("Event", "Privilege", "Uptime", "LastReload", "Status")
            ]

    in_virtual_time(work)


@pytest.mark.parametrize("lines", [("Username: full", "Secret: wrong"), ("Username: nobody", "Secret: x"), ()])
def test_a_wrong_secret_costs_a_second_and_the_connection(lines: tuple[str, ...]) -> None:
    async def work() -> None:
        async with house() as place:
            wire = await place.wire()
            assert await wire.ask("Action: Login", "ActionID: 3", *lines, wait=0.99) == []
            await asyncio.sleep(0.1)
            assert wire.frames[0].pairs == [
                ("Response", "Error"),
                ("ActionID", "3"),
                ("Message", "Authentication failed"),
            ]
            assert wire.closed

    in_virtual_time(work)


def test_challenge() -> None:
    async def work() -> None:
        async with house() as place:
            wire = await place.wire()
            challenge = (await wire.answer("Action: Challenge", "AuthType: MD5")).get("Challenge")
            key = hashlib.md5((challenge + FULL.secret).encode()).hexdigest()
            answer = await wire.answer("Action: Login", "AuthType: MD5", "Username: full", f"Key: {key}")
            assert answer.message == "Authentication accepted"

    in_virtual_time(work)


def test_the_engines_account_is_a_lock() -> None:
    async def work() -> None:
        async with house() as place:
            first = await place.user(ENGINE)
            assert place.switch.sessions == 1
            second = await place.wire()
            await second.login(ENGINE)
            await asyncio.sleep(1)
            assert second.frames[0].message == "Login Already In Use"
            assert second.closed
            await first.close()
            await place.user(ENGINE)
            assert place.switch.sessions == 1

    in_virtual_time(work)


def test_the_engines_account_may_not_do_everything() -> None:
    async def work() -> None:
        async with house() as place:
            wire = await place.user(ENGINE)
            denied = await wire.answer("Action: Command", "Command: core show uptime")
            unknown = await wire.answer("Action: NoSuch")
            assert (denied.message, unknown.message) == ("Permission denied", UNKNOWN.format("NoSuch"))
            assert (await wire.answer("Action: Getvar", "Variable: EPOCH")).success

    in_virtual_time(work)


# --- Framing -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("length", "messages"),
    [
        (1022, [""]),
        (1023, ["Failed to parse message: line too long", "Missing action in request"]),
        (1024, ["Failed to parse message: line too long"]),
        (5000, ["Failed to parse message: line too long"]),
    ],
)
def test_a_line_may_have_1024_bytes_with_its_end(length: int, messages: list[str]) -> None:
    async def work() -> None:
        async with house() as place:
            wire = await place.user()
            frames = await wire.ask("Action: Ping", "ActionID: 7", "Foo: " + "x" * (length - 5))
            assert [frame.message for frame in frames] == messages
            assert frames[0].get("ActionID") == "7"

    in_virtual_time(work)


@pytest.mark.parametrize(("first", "last"), [(True, False), (False, True)])
def test_a_message_may_have_128_lines(first: bool, last: bool) -> None:
    async def work() -> None:
        async with house() as place:
            wire = await place.user()
            for extra, success, id in ((126, True, "7"), (127, False, "7" if first else "")):
                lines = ["ActionID: 7"] * first + ["Foo: z"] * extra + ["ActionID: 7"] * last
                answer = await wire.answer("Action: Ping", *lines)
                assert (answer.success, answer.get("ActionID")) == (success, id)
            assert answer.message == "Too many lines in message or allocation failure"

    in_virtual_time(work)


def test_chunks_make_no_difference_and_lf_ends_a_line() -> None:
    async def work() -> None:
        async with house() as place:
            wire = await place.user()
            mark = len(wire.frames)
            for byte in b"Action: Ping\r\nActionID: a\r\n\r\nAction: Ping\nActionID: b\n\n\r\n":
                wire.writer.write(bytes([byte]))
                await asyncio.sleep(0.001)
            await asyncio.sleep(0.05)
            answers = [(frame.get("ActionID"), frame.message) for frame in wire.frames[mark:]]
            assert answers == [("a", ""), ("b", ""), ("", "Missing action in request")]

    in_virtual_time(work)


# --- Lists, variables, Originate -----------------------------------------------------------------------------------


async def busy_house(place: House) -> Wire:
    """One waits, one talks with 1001, 1002 is lost."""
    place.keep_engine_alive()
    place.switch.phones[PHONES[0]].hands = Always(Habit(after=0.1))
    for number in ("+3290000001", None):
        call = place.switch.arrive("092101010", number)
        place.switch.choose(call, LINE, "hoofd>1")
    wire = await place.user()
    where = ("Context: acd-connect", "Exten: 1*1001*10", "Priority: start")
    await wire.ask("Action: Redirect", f"Channel: {call.id}", *where, wait=1)
    place.switch.unregister(PHONES[1], Contact.UNREACHABLE)
    return wire


def test_status_with_variables_like_trace_45() -> None:
    async def work() -> None:
        async with house() as place:
            wire = await busy_house(place)
            frames = await wire.ask("Action: Status", "ActionID: s", "Variables: ACD_STATE,ACD_NUM,ACD_OFFER,ACD_T0")
            start, *rows, end = [frame for frame in frames if frame.get("ActionID") == "s"]
            assert start.pairs[2:] == [("EventList", "start"), ("Message", "Channel status will follow")]
            assert end.pairs == [
                ("Event", "StatusComplete"),
                ("ActionID", "s"),
                ("EventList", "Complete"),
                ("ListItems", "3"),
                ("Items", "3"),
            ]
            waiting, talking, leg = rows
            assert [name for name, _ in waiting.pairs if name != "Variable"] == recorded_status_headers()
            t0 = [f"ACD_T0={call.entered_at:.3f}" for call in place.switch.calls.values()]
            assert waiting.all("Variable") == ["ACD_STATE=wait", "ACD_NUM=+3290000001", "ACD_OFFER=(null)", t0[0]]
            assert talking.all("Variable") == ["ACD_STATE=talk", "ACD_NUM=", "ACD_OFFER=1", t0[1]]
            assert leg.all("Variable") == [f"{name}=(null)" for name in ("ACD_STATE", "ACD_NUM", "ACD_OFFER", "ACD_T0")]
            assert leg.get("Linkedid") == talking.get("Uniqueid")
            assert (leg.get("BridgeID"), leg.get("Application")) == (talking.get("BridgeID"), "AppDial")

    in_virtual_time(work)


def recorded_status_headers() -> list[str]:
    parser = FrameParser()
    parser.receive((TRACES / "45-resync-lists.full.recv").read_bytes())
    while (frame := parser.next()) is not None:
        if frame.event == "Status":
            return [name for name, _ in frame.pairs if name != "Variable"]
    raise AssertionError("the trace has no Status")


def test_device_state_list() -> None:
    async def work() -> None:
        async with house() as place:
            wire = await busy_house(place)
            frames = [f for f in await wire.ask("Action: DeviceStateList", "ActionID: d") if f.get("ActionID") == "d"]
            states = {frame.get("Device"): frame.get("State") for frame in frames[1:-1]}
            assert states["PJSIP/1001"] == "INUSE"
            assert states["PJSIP/1002"] == "UNAVAILABLE"
            assert states["PJSIP/1003"] == "NOT_INUSE"
            assert frames[1].pairs[1] == ("ActionID", "d")
            assert frames[-1].get("ListItems") == str(len(frames) - 2)

    in_virtual_time(work)


def test_variables() -> None:
    async def work() -> None:
        async with house() as place:
            wire = await busy_house(place)
            call = next(iter(place.switch.calls.values()))

            async def get(name: str, *more: str) -> str:
                return (await wire.answer("Action: Getvar", f"Variable: {name}", *more)).get("Value")

            assert await get("EPOCH") == str(int(place.switch.time.now()))
            assert await get("ACD_STATE", f"Channel: {call.id}") == "wait"
            assert await get("CHANNEL(language)", f"Channel: PJSIP/acd-trunk-{call.seq:08x}") == "nl"
            await wire.ask("Action: Setvar", f"Channel: {call.id}", "Variable: MINE", "Value: a: b")
            assert await get("MINE", f"Channel: {call.id}") == "a: b"
            await wire.ask("Action: Setvar", "Variable: GLOBAL(ACD_X)", "Value: 8")
            assert await get("ACD_X") == "8"
            await wire.ask("Action: Setvar", MEMBER, "Value: 1")
            assert await get(MEMBER.removeprefix("Variable: ")) == "1"
            assert (LINE, PHONES[0]) in place.switch.paused

    in_virtual_time(work)


def test_setvar_then_redirect_in_one_write_are_carried_out_in_order() -> None:
    async def work() -> None:
        async with house() as place:
            wire = await busy_house(place)
            call = next(iter(place.switch.calls.values()))
            where = "Context: acd-wait\r\nExten: s\r\nPriority: start\r\n\r\n"
            redirect = f"Action: Redirect\r\nActionID: {{}}\r\nChannel: {call.id}\r\n{where}"
            mark = len(wire.frames)
            wire.writer.write((redirect.format(1) + redirect.format(2)).encode())
            await asyncio.sleep(0.05)
            answers = [frame.message for frame in wire.frames[mark:] if not frame.event]
            # One of the three outcomes of trace 13, and the one that an engine must be able to bear.
            assert answers == ["Redirect successful", "Redirect failed, channel not up."]

    in_virtual_time(work)


@pytest.mark.parametrize(
    ("device", "habit", "success", "reason", "names"),
    [
        ("1001", Habit(after=0.5), "Success", "4", ["DialBegin", "DialState", "OriginateResponse", "DialEnd"]),
        ("1001", RINGS, "Failure", "3", ["DialBegin", "DialState", "OriginateResponse", "Hangup"]),
        ("1009", RINGS, "Failure", "0", ["OriginateResponse"]),
    ],
    ids=["answered (30)", "no answer (33)", "unregistered (35)"],
)
def test_originate(device: str, habit: Habit, success: str, reason: str, names: list[str]) -> None:
    async def work() -> None:
        async with house() as place:
            place.switch.phones[PHONES[0]].hands = Always(habit)
            wire = await place.user()
            mark = len(wire.frames)
            lines = ("ActionID: o", "Async: true", "Context: c", "Exten: 0470", "Priority: 1", "Timeout: 5000")
            answer = await wire.answer("Action: Originate", f"Channel: PJSIP/{device}", "ChannelId: cb-1", *lines)
            assert answer.message == "Originate successfully queued"
            await asyncio.sleep(6)
            events = [frame for frame in wire.frames[mark:] if frame.event not in ("", "DeviceStateChange")]
            told = [frame.event for frame in events]
            assert told == names
            outcome = events[told.index("OriginateResponse")]
            assert (outcome.get("Response"), outcome.get("Reason")) == (success, reason)
            assert (outcome.get("ActionID"), outcome.get("Uniqueid")) == ("o", "cb-1")

    in_virtual_time(work)


def test_events_are_filtered_by_class_filter_and_mask() -> None:
    async def work() -> None:
        async with house() as place:
            full, engine = await place.user(), await place.user(ENGINE)
            place.switch.set_global("ACD_HB", "4000000000")
            call = place.switch.arrive("092101010", "+3290000001")
            place.switch.choose(call, LINE)
            place.switch.hang_up(call)
            await asyncio.sleep(0.1)
            heard = [frame.get("UserEvent") or frame.event for frame in engine.frames[2:]]
            assert heard == ["AcdArrived", "AcdQueued", "AcdGone", "Hangup"]
            everything = [frame.get("UserEvent") or frame.event for frame in full.frames[2:]]
            assert set(everything) - set(heard) == {"DeviceStateChange", "HangupRequest"}
            await full.ask("Action: Events", "EventMask: user")
            mark = len(full.frames)
            place.switch.drop(place.switch.arrive("092101010"))
            await asyncio.sleep(0.1)
            assert {frame.event for frame in full.frames[mark:]} == {"UserEvent"}

    in_virtual_time(work)


def test_user_event_from_a_client() -> None:
    async def work() -> None:
        async with house() as place:
            wire = await place.user()
            frames = await wire.ask("Action: UserEvent", "ActionID: u", "UserEvent: Hello", "Foo: bar", "Empty: ")
            event = next(frame for frame in frames if frame.event)
            assert event.pairs[3:] == [("UserEvent", "Hello"), ("ActionID", "u"), ("Foo", "bar"), ("Empty", "")]

    in_virtual_time(work)
