"""Happenings as AMI events, with the headers and in the order of a real Asterisk 22."""

import uuid
from collections.abc import Callable, Iterable
from typing import Final

from acd.model.facts import CallWhereabouts as At
from acd.model.ids import LineId
from acd.model.outcome import Outcome
from sim.ami_wire import Pair
from sim.calling_back import LOCAL, Attempt
from sim.calls import Call
from sim.happenings import Recorded
from sim.phones import Leg, LegKind, LegState, Phone, Verdict
from sim.switch import SimSwitch

TRUNK: Final = "acd-trunk"
SPY_PREFIX: Final = "acd-spy-"
"""How the channel of a supervisor who listens in is called."""
Tell = Callable[[str, str, list[Pair]], None]
"""Takes the event class, the event's name and its headers."""

_STATES: Final = {LegState.DOWN: ("0", "Down"), LegState.RINGING: ("5", "Ringing"), LegState.UP: ("6", "Up")}
_CAUSES: Final = {
    0: "Unknown",
    3: "No route to destination",
    16: "Normal Clearing",
    17: "User busy",
    19: "User alerting, no answer",
    21: "Call Rejected",
    34: "Circuit/channel congestion",
}
_UNKNOWN: Final = "<unknown>"
_PRIORITIES: Final = {"acd-wait": "3", "acd-connect": "6", "acd-after": "2", "acd-deflect": "3", "acd-fallback": "5"}


class AmiVoice:
    """Implements :class:`~sim.happenings.Observer`.

    Args:
        tell: takes each event, in order.
    """

    def __init__(self, switch: SimSwitch, tell: Tell) -> None:
        self._switch = switch
        self._tell = tell

    # --- the dialplan's own words ---

    def arrived(self, call: Call) -> None:
        if len(self._switch.calls) == 1:
            self._device(TRUNK, "INUSE")
        said = [("Did", call.did), ("Num", call.number or ""), ("Arrived", moment(call.arrived_at))]
        self._say(caller(call, "acd-arrive"), "AcdArrived", said)

    def menu_ended(self, call: Call, outcome: Outcome) -> None:
        self._say(caller(call), "AcdMenuEnded", [("Outcome", outcome.value), ("Line", call.line or "")])

    def queued(self, call: Call) -> None:
        said = [
            ("Line", call.line or ""),
            ("T0", moment(call.entered_at)),
            ("Num", call.number or ""),
            ("Lang", call.language),
            ("Path", call.path),
            ("Did", call.did),
            ("Arrived", moment(call.arrived_at)),
        ]
        self._say(caller(call, "acd-queue", call.line), "AcdQueued", said)

    def up(self, call: Call, leg: Leg) -> None:
        up = ("Up", moment(call.up_at))
        if leg.kind is LegKind.PARTNER:
            self._say(outgoing(leg, "acd-overflow-up"), "AcdOverflowUp", [up])
        elif leg.offer is None:
            self._say(outgoing(leg, "acd-fallback-up"), "AcdFallbackUp", [("Device", leg.device), up])
        else:
            self._say(outgoing(leg, "acd-up"), "AcdUp", [("Offer", str(leg.offer)), up])

    def not_connected(self, call: Call, leg: Leg | None, verdict: Verdict) -> None:
        said = [("Offer", offer(call)), ("DialStatus", verdict.dial_status), ("Cause", str(verdict.cause))]
        self._say(caller(call), "AcdNoConnect", said)

    def after(self, call: Call) -> None:
        self._say(caller(call, "acd-after"), "AcdAfter", [("Offer", offer(call))])

    def sent_on(self, call: Call, to: str) -> None:
        self._say(caller(call, "acd-sent-on"), "AcdAfter", [("Offer", offer(call)), ("To", to)])

    def colleague_up(self, call: Call, leg: Leg) -> None:
        said = [("Device", leg.device), ("Up", moment(self._switch.stamp()))]
        self._say(outgoing(leg, "acd-colleague-up"), "AcdColleagueUp", said)

    def overflow_failed(self, call: Call) -> None:
        self._say(caller(call), "AcdOverflowFailed", [])

    def gone(self, call: Call, at: float) -> None:
        self._say(caller(call, "acd-gone", "s"), "AcdGone", [("State", call.where.value), ("Gone", moment(at))])

    def _say(self, channel: list[Pair], name: str, fields: list[Pair]) -> None:
        nonce = ("Nonce", self._switch.globals.get("ACD_NONCE", ""))
        self._tell("user", "UserEvent", [*channel, ("UserEvent", name), nonce, *fields])

    def callback_heard(self, call: Call, at: float) -> None:
        self._say(caller(call, "acd-offer"), "AcdCbHeard", [("Heard", moment(at))])

    def callback_declined(self, call: Call) -> None:
        self._say(caller(call, "acd-offer"), "AcdCbDeclined", [])

    def callback_wanted(self, call: Call, choice: int, keyed: str) -> None:
        self._say(caller(call, "acd-offer"), "AcdCbWanted", [("Choice", str(choice)), ("Num", keyed)])

    def callback_cancelled(self, call: Call) -> None:
        self._say(caller(call, "acd-offer"), "AcdCbCancelled", [])

    def attempt_taken(self, attempt: Attempt, at: float) -> None:
        self._attempt(attempt, attempt.operator or attempt.leg, "AcdCbTaken", [("Up", moment(at))])

    def attempt_dialled(self, attempt: Attempt) -> None:
        self._attempt(attempt, attempt.leg, "AcdCbDialled", [])

    def attempt_up(self, attempt: Attempt, at: float) -> None:
        self._attempt(attempt, attempt.operator or attempt.citizen, "AcdCbUp", [("Up", moment(at))])

    def attempt_ended(self, attempt: Attempt, at: float) -> None:
        cause, sip = str(attempt.cause or ""), str(attempt.sip or "")
        said = [("Status", attempt.status), ("Cause", cause), ("Sip", sip), ("Gone", moment(at))]
        self._attempt(attempt, attempt.leg, "AcdCbEnd", said)

    def survey_begun(self, call: Call, at: float, sent: bool) -> None:
        said = [("Begun", moment(at)), ("Sent", str(int(sent))), *spoke(call)]
        self._say(caller(call, "acd-survey"), "AcdSurveyBegun", said)

    def survey_score(self, call: Call, question: str, score: int, at: float) -> None:
        said = [("Question", question), ("Score", str(score)), ("Given", moment(at)), *spoke(call)]
        self._say(caller(call, "acd-survey"), "AcdSurvey", said)

    def spy_begun(self, leg: Leg, at: float) -> None:
        number = leg.uid.removeprefix(SPY_PREFIX)
        self._say(outgoing(leg, "acd-spy"), "AcdSpyBegun", [("Spy", number), ("Begun", moment(at))])

    def recording(self, leg: Leg, of: Recorded, line: LineId, at: float, paused: bool) -> None:
        said = [("Recording", leg.recording), *whose(of), ("Line", line), ("Begun", moment(at))]
        said.append(("Paused", str(int(paused))))
        self._say(outgoing(leg, "acd-record"), "AcdRecording", said)

    def recorded(self, leg: Leg, of: Recorded, at: float) -> None:
        said = [("Recording", leg.recording), *whose(of), ("Ended", moment(at))]
        self._say(outgoing(leg, "acd-recorded"), "AcdRecorded", said)

    def _attempt(self, attempt: Attempt, leg: Leg | None, name: str, fields: list[Pair]) -> None:
        assert leg is not None
        self._say(outgoing(leg, "acd-callback"), name, [("Attempt", str(attempt.id)), *fields])

    # --- Asterisk's ---

    def dial_begun(self, leg: Leg) -> None:
        dialled = leg.device if leg.kind is not LegKind.FALLBACK else f"PJSIP/{leg.device}"
        self._call("DialBegin", [*caller_of(leg), *destination(leg), ("DialString", dialled)])

    def rang(self, leg: Leg) -> None:
        self._call("DialState", [*caller_of(leg), *destination(leg), ("DialStatus", "RINGING")])

    def dial_ended(self, leg: Leg, status: str) -> None:
        self._call("DialEnd", [*caller_of(leg), *destination(leg), ("DialStatus", status)])

    def bridged(self, call: Call, leg: Leg) -> None:
        self._call("BridgeEnter", [*bridge(leg, 1), *outgoing(leg)])
        self._call("BridgeEnter", [*bridge(leg, 2), *caller(call)])

    def caller_left_bridge(self, call: Call, leg: Leg, last: bool) -> None:
        self._call("BridgeLeave", [*bridge(leg, 0 if last else 1), *caller(call)])

    def leg_left_bridge(self, call: Call, leg: Leg, last: bool) -> None:
        self._call("BridgeLeave", [*bridge(leg, 0 if last else 1), *outgoing(leg)])

    def caller_hangs_up(self, call: Call) -> None:
        self._call("HangupRequest", [*caller(call), *causes(call.cause, call.tech)])

    def leg_hangs_up(self, leg: Leg, verdict: Verdict | None) -> None:
        why = causes(16, None) if verdict is None else causes(verdict.cause, verdict.tech)
        self._call("HangupRequest", [*outgoing(leg), *why])

    def caller_over(self, call: Call) -> None:
        self._call("Hangup", [*caller(call), *over(call.cause, call.tech)])
        if not self._switch.calls:
            self._device(TRUNK, "NOT_INUSE")

    def leg_over(self, leg: Leg, cause: int, tech: int | None) -> None:
        self._call("Hangup", [*outgoing(leg), *over(cause, tech)])

    def held(self, leg: Leg) -> None:
        self._call("Hold", [*outgoing(leg), ("MusicClass", "acd")])

    def unheld(self, leg: Leg) -> None:
        self._call("Unhold", outgoing(leg))

    def put_through(self, call: Call, leg: Leg, colleague: Leg) -> None:
        consulted = [("SecondTransfererChannel", channel_name(leg)), ("SecondTransfererUniqueid", f"{leg.uid}9")]
        own = outgoing(leg, prefix="OrigTransferer")
        there = [(f"Transferee{name}", value) for name, value in caller(call)]
        target = outgoing(colleague, prefix="TransferTarget")
        self._call("AttendedTransfer", [("Result", "Success"), *own, *consulted, *there, *target])

    def originated(self, leg: Leg, reason: int) -> None:
        """The server knows who asked for it."""

    def device_changed(self, phone: Phone) -> None:
        self._device(phone.device, phone.shown)

    def contact_changed(self, phone: Phone) -> None:
        status = [
            ("URI", f"sip:{phone.device}@127.0.0.1:5060"),
            ("ContactStatus", phone.contact.value),
            ("AOR", phone.device),
            ("EndpointName", phone.device),
            ("RoundtripUsec", "0"),
        ]
        self._tell("system", "ContactStatus", status)

    def _call(self, name: str, headers: list[Pair]) -> None:
        self._tell("call", name, headers)

    def _device(self, device: str, state: str) -> None:
        self._tell("call", "DeviceStateChange", [("Device", f"PJSIP/{device}"), ("State", state)])


# --- Headers -------------------------------------------------------------------------------------------------------


def moment(at: float | None) -> str:
    """Seconds since the epoch with three decimals, as the dialplan writes them; empty = never."""
    return "" if at is None else f"{at:.3f}"


def offer(call: Call) -> str:
    return "" if call.offer is None else str(call.offer)


def channel_name(thing: Call | Leg) -> str:
    if isinstance(thing, Call):
        return local_name(thing.seq) if thing.through is not None else f"PJSIP/{TRUNK}-{thing.seq:08x}"
    if thing.kind is LegKind.LOCAL:
        return local_name(thing.seq)
    outside = thing.kind in (LegKind.PARTNER, LegKind.CITIZEN) or thing.device.startswith("+")
    device = TRUNK if outside else thing.device
    return f"PJSIP/{device}-{thing.seq:08x}"


def local_name(seq: int) -> str:
    """The near end of a Local channel."""
    return f"Local/{LOCAL}-{seq:08x};1"


def caller(call: Call, context: str = "", exten: str | None = None) -> list[Pair]:
    """The caller's channel."""
    context = context or call.context
    return [
        ("Channel", channel_name(call)),
        ("ChannelState", "6"),
        ("ChannelStateDesc", "Up"),
        ("CallerIDNum", call.number or _UNKNOWN),
        ("CallerIDName", _UNKNOWN),
        ("ConnectedLineNum", _UNKNOWN),
        ("ConnectedLineName", _UNKNOWN),
        ("Language", call.language),
        ("AccountCode", ""),
        ("Context", context),
        ("Exten", (call.exten or "s") if exten is None else exten),
        ("Priority", _PRIORITIES.get(context, "1")),
        ("Uniqueid", call.id),
        ("Linkedid", call.id),
    ]


def outgoing(leg: Leg, subroutine: str = "", prefix: str = "") -> list[Pair]:
    """A leg's channel. Once it is up its extension is empty, except inside the subroutine that runs at the answer."""
    state, described = _STATES[leg.state]
    number = None if leg.call is None else leg.call.number
    up = leg.state is LegState.UP
    pairs = [
        ("Channel", channel_name(leg)),
        ("ChannelState", state),
        ("ChannelStateDesc", described),
        ("CallerIDNum", leg.exten or _UNKNOWN),
        ("CallerIDName", _UNKNOWN),
        ("ConnectedLineNum", number or _UNKNOWN),
        ("ConnectedLineName", _UNKNOWN),
        ("Language", "nl" if leg.call is None else leg.call.language),
        ("AccountCode", ""),
        ("Context", subroutine or "acd-second-line"),
        ("Exten", "s" if subroutine else "" if up else leg.exten),
        ("Priority", "3" if subroutine else "1"),
        ("Uniqueid", leg.uid),
        ("Linkedid", linked(leg)),
    ]
    return [(prefix + name, value) for name, value in pairs] if prefix else pairs


def linked(leg: Leg) -> str:
    """The channel with which the call began."""
    if leg.attempt is not None:
        return leg.attempt.uid
    return leg.uid if leg.call is None else leg.call.id


def destination(leg: Leg) -> list[Pair]:
    return outgoing(leg, prefix="Dest")


def caller_of(leg: Leg) -> list[Pair]:
    """An Originate dials for nobody."""
    if leg.kind in (LegKind.CITIZEN, LegKind.RESERVED) and leg.attempt is not None and leg.attempt.leg is not None:
        return outgoing(leg.attempt.leg, "acd-callback")
    return [] if leg.call is None else caller(leg.call)


def bridge_id(leg: Leg) -> str:
    return str(uuid.UUID(int=leg.seq + 1, version=4))


def bridge(leg: Leg, channels: int) -> list[Pair]:
    return [
        ("BridgeUniqueid", bridge_id(leg)),
        ("BridgeType", "basic"),
        ("BridgeTechnology", "simple_bridge"),
        ("BridgeCreator", _UNKNOWN),
        ("BridgeName", _UNKNOWN),
        ("BridgeNumChannels", str(channels)),
        ("BridgeVideoSourceMode", "none"),
    ]


def causes(cause: int, tech: int | None) -> Iterable[Pair]:
    """Cause 0 is not shown in a HangupRequest."""
    if cause:
        yield "Cause", str(cause)
    if tech is not None:
        yield "TechCause", str(tech)


def over(cause: int, tech: int | None) -> Iterable[Pair]:
    yield "Cause", str(cause)
    yield "Cause-txt", _CAUSES.get(cause, "Unknown")
    if tech is not None:
        yield "TechCause", str(tech)


def application(call: Call) -> tuple[str, str]:
    """What the caller's channel runs at this moment."""
    match call.where:
        case At.WAIT:
            return "Wait", "2"
        case At.RING | At.TALK | At.PARTNER if call.leg is not None and call.leg.kind is not LegKind.FALLBACK:
            return "Dial", f"PJSIP/{call.leg.device}"
        case At.FALLBACK | At.TALK:
            return "Queue", f"acd-{call.line}"
        case _:
            return "Playback", "acd"


def spoke(call: Call) -> list[Pair]:
    """What the survey tells of a conversation that is no call's."""
    back = call.back
    attempt, device = ("", "") if back is None else (str(back.attempt), back.device)
    return [("Attempt", attempt), ("Line", call.line or ""), ("Device", device)]


def owner(of: Recorded) -> str:
    """Whose a recording is, as its name begins."""
    call, attempt = of
    return call if call is not None else f"acd-cb-{attempt}"


def whose(of: Recorded) -> list[Pair]:
    _, attempt = of
    return [("Of", owner(of)), ("Attempt", "" if attempt is None else str(attempt))]
