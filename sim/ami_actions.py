"""What each AMI action does to the simulated switch, and what Asterisk 22 answers, word for word.

Permission to act needs any of an action's classes. Texts and precedence of errors were recorded from Asterisk 22.10.1.
"""

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from acd.model.ids import CallbackId, CallId, Device, LineId, OfferId
from acd.model.policy import OverflowTo
from sim import ami_variables
from sim.ami_events import application, bridge_id, caller, channel_name, outgoing, owner
from sim.ami_wire import Pair, Request
from sim.calling_back import Attempt
from sim.calls import Call, Target, ToDeflect, ToMusic, ToNowhere, ToOperator, ToSecondLine
from sim.phones import Leg
from sim.recording import PAUSED

if TYPE_CHECKING:
    from sim.ami_server import AmiServer
    from sim.ami_session import Session

_OFFER: Final = re.compile(r"(\d+)\*(\w+)\*(\d+)", re.ASCII)
_DEFLECT: Final = re.compile(r"(partner|refuse)\*(\w+)", re.ASCII)
_LABEL: Final = "start"


class ActionError(Exception):
    """Asterisk answers ``Response: Error`` with {message}."""

    def __init__(self, message: str, *more: Pair) -> None:
        super().__init__(message)
        self.message = message
        self.more = more


class Action:
    """One action under way."""

    def __init__(self, server: "AmiServer", session: "Session", request: Request) -> None:
        self.server = server
        self.switch = server.switch
        self.session = session
        self.request = request
        self.id = request.get("ActionID")

    def need(self, name: str, message: str) -> str:
        """A header that must be there.

        Raises:
            ActionError: it is not.
        """
        value = self.request.get(name)
        if not value:
            raise ActionError(message)
        return value

    def succeed(self, *pairs: Pair) -> None:
        self.session.answer("Success", self.id, pairs)

    def list(self, intro: str, name: str, items: list[tuple[str, list[Pair]]], last_id: bool = False) -> None:
        """A list: its start, its items as events, its end. Nothing else comes in between."""
        self.succeed(("EventList", "start"), ("Message", intro))
        mine = [("ActionID", self.id)] if self.id else []
        for event, pairs in items:
            body = [*pairs, *mine] if last_id else [*mine, *pairs]
            self.session.send([("Event", event), *body])
        size = str(len(items))
        end = [("Event", name), *mine, ("EventList", "Complete"), ("ListItems", size)]
        self.session.send([*end, ("Items", size)] if name == "StatusComplete" else end)

    def call(self, name: str) -> Call | None:
        """A caller's channel by its Uniqueid or its name."""
        found = self.switch.calls.get(CallId(name))
        if found is None and name.startswith("PJSIP/"):
            return next((call for call in self.switch.calls.values() if channel_name(call) == name), None)
        return found


# --- Session -------------------------------------------------------------------------------------------------------


def ping(do: Action) -> None:
    do.succeed(("Ping", "Pong"), ("Timestamp", f"{do.switch.time.now():.6f}"))


def events(do: Action) -> None:
    mask = do.need("EventMask", "Invalid event mask")
    on = do.session.mask(mask)
    do.succeed(("Events", "On" if on else "Off"))


def command(do: Action) -> None:
    text = do.need("Command", "No command provided")
    if text.strip() != "core show uptime":
        output = f"No such command '{text}' (type 'core show help {text}' for other possible commands)"
        raise ActionError("Command output follows", ("Output", output))
    seconds = int(do.switch.time.now() - do.switch.booted_at)
    do.succeed(("Message", "Command output follows"), ("Output", f"System uptime: {seconds} seconds"))


def user_event(do: Action) -> None:
    lines = do.request.others("Action", "UserEvent")
    headers = [(name, value.lstrip()) for name, _, value in (line.partition(":") for line in lines)]
    do.succeed(("Message", "Event Sent"))
    do.server.tell("user", "UserEvent", [("UserEvent", do.request.get("UserEvent")), *headers])


# --- Variables -----------------------------------------------------------------------------------------------------


def getvar(do: Action) -> None:
    name = do.need("Variable", "No variable specified")
    channel = do.request.get("Channel")
    if not channel:
        value = ami_variables.read_global(do.switch, name)
    elif (call := do.call(channel)) is not None:
        value = ami_variables.read(call, name) or ""
    elif (leg := _leg(do, channel)) is not None:
        value = leg.state.value.title() if name == "CHANNEL(state)" else ""
    else:
        raise ActionError("No such channel")
    do.succeed(("Variable", name), ("Value", value))


def setvar(do: Action) -> None:
    name, value = do.need("Variable", "No variable specified"), do.request.get("Value")
    channel = do.request.get("Channel")
    if not channel:
        if not ami_variables.write_global(do.switch, name, value):
            raise ActionError("Variable not set")
    elif (call := do.call(channel)) is not None:
        ami_variables.write(do.switch, call, name, value)
    elif (leg := _leg(do, channel)) is None:
        raise ActionError("No such channel")
    elif name == PAUSED and leg.attempt is not None:
        leg.attempt.rec_paused = value
    do.succeed(("Message", "Variable Set"))


# --- Channels ------------------------------------------------------------------------------------------------------


def redirect(do: Action) -> None:
    name = do.need("Channel", "Channel not specified")
    context = do.need("Context", "Context not specified")
    exten = do.need("Exten", "Exten not specified")
    priority = do.need("Priority", "Priority not specified")
    target = _target(do, context, exten)
    if not priority.isdecimal() and (priority != _LABEL or isinstance(target, ToNowhere)):
        raise ActionError("Priority is invalid")
    call = do.call(name)
    refusal = do.switch.redirect(CallId(name) if call is None else call.id, target)
    if refusal is not None:
        raise ActionError(refusal.value.format(channel=name))
    do.succeed(("Message", "Redirect successful"))


def _target(do: Action, context: str, exten: str) -> Target:
    if context == "acd-wait" and exten == "s":
        return ToMusic()
    if context in ("acd-to-connect", "acd-connect") and (parts := _OFFER.fullmatch(exten)):
        return ToOperator(OfferId(int(parts[1])), Device(parts[2]), float(parts[3]))
    if context in ("acd-to-deflect", "acd-deflect") and (parts := _DEFLECT.fullmatch(exten)):
        return ToDeflect(LineId(parts[2]), OverflowTo(parts[1]))
    if context == "acd-second-line" and do.switch.passing_on.leads_somewhere(exten):
        return ToSecondLine(exten)
    return ToNowhere(context, exten)


def play_dtmf(do: Action) -> None:
    """Only the key by which an engine takes a caller back, as if he pressed it, leads anywhere."""
    name = do.need("Channel", "Channel not specified")
    digit = do.need("Digit", "No digit specified")
    call = do.call(name)
    if call is None and _leg(do, name) is None:
        raise ActionError("Channel not found")
    do.succeed(("Message", "DTMF successfully queued"))
    if call is not None and digit == "D" and do.request.get("Receive") == "true":
        do.switch.take_back(call)


def hangup(do: Action) -> None:
    name = do.need("Channel", "No channel specified")
    call, leg = do.call(name), _leg(do, name)
    if call is None and leg is None:
        raise ActionError("No such channel")
    do.succeed(("Message", "Channel Hungup"))
    if call is not None:
        do.switch.drop(call)
    elif leg is not None and leg.attempt is not None and leg is leg.attempt.operator:
        do.switch.calling_back.left(leg.attempt)
    elif leg is not None and leg.call is None:
        do.switch.drop_originated(leg)
    elif leg is not None:
        do.switch.hang_up_phone(leg.device)


def mix_monitor_mute(do: Action) -> None:
    name = do.need("Channel", "Channel not specified")
    state = do.need("State", "State not specified")
    call, leg = do.call(name), _leg(do, name)
    if call is None and leg is None:
        raise ActionError("Could not locate channel")
    if leg is None or not leg.recording:
        raise ActionError("Cannot set mute flag")
    do.switch.recorder.mute(leg, on=state == "1")
    do.succeed(("Message", "MixMonitor mute flag set"))


def originate(do: Action) -> None:
    channel = do.need("Channel", "Channel not specified")
    request = do.request
    priority, timeout = request.get("Priority"), request.get("Timeout") or "30000"
    if priority and not priority.isdecimal() and priority != _LABEL:
        raise ActionError("Invalid priority")
    if not timeout.isdecimal():
        raise ActionError("Invalid timeout")
    tech, _, device = channel.partition("/")
    if not device:
        raise ActionError("Invalid channel")
    if not request.get("Application") and not (request.get("Context") and priority):
        raise ActionError("Originate with 'Exten' requires 'Context' and 'Priority'")
    uid = request.get("ChannelId") or f"originate-{do.server.number()}"
    wait = request.get("Async").lower() not in ("true", "yes", "1", "on", "t", "y")
    do.server.originates[uid] = (do, wait)
    if not wait:
        do.succeed(("Message", "Originate successfully queued"))
    if not _begun(do, uid, tech, device, int(timeout) / 1000):
        do.server.originate_ended(uid, channel, 0)


def _begun(do: Action, uid: str, tech: str, device: str, ring_time: float) -> bool:
    """Whether something is dialled. ``ring_time``: seconds that the first leg is rung."""
    request, exten = do.request, do.request.get("Exten")
    match request.get("Context"):
        case "acd-callback":
            return (tech, exten) in _CALLS_BACK and do.switch.calling_back.begin(_attempt(request, ring_time))
        case "acd-spy":
            on = _variables(request).get("ACD_SPY_ON", "")
            return tech == "PJSIP" and do.switch.spying.begin(uid, Device(device), on, ring_time)
        case _:
            return tech == "PJSIP" and do.switch.originate(uid, Device(device), exten, ring_time)


_CALLS_BACK: Final = (("PJSIP", "operator"), ("Local", "citizen"))


def _variables(request: Request) -> dict[str, str]:
    return dict(text.partition("=")[::2] for text in request.all("Variable"))


def _attempt(request: Request, timeout: float) -> Attempt:
    """``timeout``: seconds that the first leg is rung."""
    variables = _variables(request)
    operator_first = variables["ACD_CB_FIRST"] == "operator"
    return Attempt(
        id=OfferId(int(variables["ACD_CB_ATTEMPT"])),
        callback=CallbackId(variables["ACD_CB_ID"]),
        line=LineId(variables["ACD_LINE"]),
        device=Device(variables["ACD_DEVICE"]),
        number=variables["ACD_NUM"],
        ring_time=timeout if operator_first else float(variables["ACD_CB_RING_OPERATOR"]),
        ring_citizen=float(variables["ACD_CB_RING"]),
        machine_detection=variables["ACD_CB_AMD"] == "1",
        language=variables["ACD_CB_LANG"],
        operator_first=operator_first,
    )


# --- Lists ---------------------------------------------------------------------------------------------------------


def status(do: Action) -> None:
    names = [name for name in do.request.get("Variables").split(",") if name]
    name = do.request.get("Channel")
    calls: list[Call | Leg] = list(_channels(do))
    if name:
        calls = [thing for thing in calls if name in (_uid(thing), channel_name(thing))]
        if not calls:
            raise ActionError("No such channel")
    items = [("Status", _status(do, thing, names)) for thing in calls]
    do.list("Channel status will follow", "StatusComplete", items, last_id=True)


def _status(do: Action, thing: Call | Leg, names: list[str]) -> list[Pair]:
    call = thing if isinstance(thing, Call) else None
    channel = caller(thing) if isinstance(thing, Call) else outgoing(thing)
    app, data = application(thing) if isinstance(thing, Call) else ("AppDial", "(Outgoing Line)")
    since = thing.arrived_at if isinstance(thing, Call) else thing.started_at
    values = ((name, _variable(thing, name)) for name in names)
    return [
        ("Privilege", "Call"),
        *channel,
        ("Type", "PJSIP"),
        ("DNID", "" if call is None else call.did),
        ("EffectiveConnectedLineNum", "<unknown>"),
        ("EffectiveConnectedLineName", "<unknown>"),
        ("TimeToHangup", "0"),
        ("BridgeID", _bridge(thing)),
        ("Application", app),
        ("Data", data),
        ("Nativeformats", "(alaw)"),
        ("Readformat", "alaw"),
        ("Readtrans", ""),
        ("Writeformat", "alaw"),
        ("Writetrans", ""),
        ("Callgroup", "0"),
        ("Pickupgroup", "0"),
        ("Seconds", str(int(do.switch.time.now() - since))),
        *(("Variable", f"{name}={'(null)' if value is None else value}") for name, value in values),
    ]


def _variable(thing: Call | Leg, name: str) -> str | None:
    if isinstance(thing, Call):
        return ami_variables.read(thing, name)
    if thing.recording and name in _RECORDED:
        return _RECORDED[name](thing)
    first = thing.attempt is not None and thing is thing.attempt.leg
    return ami_variables.read_attempt(thing.attempt, name) if thing.attempt is not None and first else None


_RECORDED: Final[dict[str, Callable[[Leg], str | None]]] = {
    "ACD_RECORDING": lambda leg: leg.recording,
    "ACD_RECORDING_OF": lambda leg: owner(leg.recorded_of),
    PAUSED: lambda leg: (leg.attempt.rec_paused or None) if leg.attempt is not None else None,
}


def core_show_channels(do: Action) -> None:
    items = [("CoreShowChannel", _shown(do, thing)) for thing in _channels(do)]
    do.list("Channels will follow", "CoreShowChannelsComplete", items)


def _shown(do: Action, thing: Call | Leg) -> list[Pair]:
    app, data = application(thing) if isinstance(thing, Call) else ("AppDial", "(Outgoing Line)")
    since = thing.arrived_at if isinstance(thing, Call) else thing.started_at
    minutes, seconds = divmod(int(do.switch.time.now() - since), 60)
    return [
        *(caller(thing) if isinstance(thing, Call) else outgoing(thing)),
        ("Application", app),
        ("ApplicationData", data),
        ("Duration", f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"),
        ("BridgeId", _bridge(thing)),
    ]


def device_state_list(do: Action) -> None:
    states = [[("Device", f"PJSIP/{phone.device}"), ("State", phone.shown)] for phone in do.switch.phones.values()]
    trunk = [("Device", "PJSIP/acd-trunk"), ("State", "INUSE" if do.switch.calls else "NOT_INUSE")]
    items = [("DeviceStateChange", state) for state in (*states, trunk)]
    do.list("Device State Changes will follow", "DeviceStateListComplete", items)


def _channels(do: Action) -> Iterator[Call | Leg]:
    for call in do.switch.calls.values():
        yield call
        if call.leg is not None:
            yield call.leg
    for leg in do.switch.originated.values():
        yield leg
        if leg.attempt is not None:
            yield from (other for other in (leg.attempt.citizen, leg.attempt.operator) if other is not None)


def _leg(do: Action, name: str) -> Leg | None:
    legs = (thing for thing in _channels(do) if isinstance(thing, Leg))
    return next((leg for leg in legs if name in (leg.uid, channel_name(leg))), None)


def _uid(thing: Call | Leg) -> str:
    return thing.id if isinstance(thing, Call) else thing.uid


def _bridge(thing: Call | Leg) -> str:
    call = thing if isinstance(thing, Call) else thing.call
    return bridge_id(call.leg) if call is not None and call.leg is not None and call.up_at is not None else ""


# --- The table -----------------------------------------------------------------------------------------------------

ACTIONS: Final[dict[str, tuple[frozenset[str], Callable[[Action], None]]]] = {
    "ping": (frozenset(), ping),
    "events": (frozenset(), events),
    "command": (frozenset({"command"}), command),
    "userevent": (frozenset({"user"}), user_event),
    "getvar": (frozenset({"call", "reporting"}), getvar),
    "setvar": (frozenset({"call"}), setvar),
    "redirect": (frozenset({"call"}), redirect),
    "playdtmf": (frozenset({"call"}), play_dtmf),
    "hangup": (frozenset({"system", "call"}), hangup),
    "mixmonitormute": (frozenset({"system", "call"}), mix_monitor_mute),
    "originate": (frozenset({"originate"}), originate),
    "status": (frozenset({"system", "call", "reporting"}), status),
    "coreshowchannels": (frozenset({"system", "reporting"}), core_show_channels),
    "devicestatelist": (frozenset({"call", "reporting"}), device_state_list),
}
"""Name in lower case -> classes of which an account needs one (none = free to all), and what it does. Login, Challenge
and Logoff are the session's own."""
