"""What the engine wants, as AMI actions. Pure text; nothing here knows a socket.

Every name that goes out is matched against what it may be, and :func:`~acd.asterisk.frames.encode_action` refuses
control characters besides. Parameters of an offer ride in ``Exten``, so one action does it all, and ``Priority`` is a
label, so that Asterisk refuses a context that it does not have instead of hanging up the caller.
"""

import math
import re
from typing import Final

from acd.asterisk.frames import UnsafeValue
from acd.asterisk.moments import said_deadline, said_number, said_promise, said_window
from acd.asterisk.promise_events import PREFIX
from acd.asterisk.spy_events import SPY_PREFIX
from acd.model.commands import (
    Announce,
    AnswerBooking,
    CallBack,
    Deflect,
    Offer,
    OfferCallback,
    Reroute,
    SendOn,
    SetAllowed,
    SetCrisis,
    SetDraining,
    SetLineOpen,
    Spy,
    Withdraw,
)
from acd.model.ids import CallId, LineId, OfferId, ServerId, SpyId
from acd.model.policy import OverflowTo

Action = tuple[tuple[str, str], ...]

_CHANNEL: Final = re.compile(r"[\w.@-]{1,150}", re.ASCII)
_WORD: Final = re.compile(r"\w{1,80}", re.ASCII)
_PROMPT: Final = re.compile(r"[\w/-]{1,80}", re.ASCII)
_NUMBER: Final = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)
_SECOND_LINE: Final = re.compile(r"[a-z][a-z0-9_]{0,79}|[0-9]{3,5}|\+[1-9][0-9]{7,14}", re.ASCII)
_LANGUAGE: Final = re.compile(r"[a-z]{2}", re.ASCII)

PEER: Final = "acd-peer-"
"""An endpoint of this name and a server's leads to that server."""
LAST_POSITION: Final = 20
"""Positions beyond this one are all "many": see the prompt catalogue."""
MOST_SLOTS: Final = 3
BEFORE_OPERATOR: Final = 15
"""Seconds more than his phone rings that a citizen who is called first may take: to be told from a machine, say."""


def redirect(call: CallId, context: str, exten: str) -> Action:
    """Move a channel. ``Success`` means queued, not done: believe only what the dialplan says afterwards."""
    channel = _checked(_CHANNEL, "call", call)
    where = (("Context", context), ("Exten", exten), ("Priority", "start"))
    return (("Action", "Redirect"), ("Channel", channel), *where)


def offer(command: Offer) -> Action:
    """To the operator's phone. Dial() takes whole seconds: the ring time is rounded up."""
    device = _checked(_WORD, "device", command.device)
    exten = f"{int(command.offer)}*{device}*{max(1, math.ceil(command.ring_time))}"
    if command.via is not None:
        exten += f"*{_checked(_WORD, 'server', command.via)}"
    return redirect(command.call, "acd-to-connect", exten)


def withdraw(command: Withdraw) -> Action:
    """Out of Dial(), by a key (``acd-withdrawn``): an operator who has picked up by then keeps his caller."""
    return press(command.call)


def deflect(command: Deflect) -> Action:
    """To the partner or to the refusal.

    Raises:
        UnsafeValue: a line is no name, or the caller should wait (there is nowhere to move him to).
    """
    if command.to is OverflowTo.WAIT:
        raise UnsafeValue("to", "a caller who waits is not moved")
    return redirect(command.call, "acd-to-deflect", f"{command.to.value}*{_checked(_WORD, 'line', command.line)}")


def hang_up(leg: str) -> Action:
    return (("Action", "Hangup"), ("Channel", _checked(_CHANNEL, "leg", leg)), ("Cause", "16"))


def send_on(command: SendOn) -> Action:
    """Where a REFER of the operator's phone would lead as well; the dialplan says what there is."""
    return redirect(command.call, "acd-second-line", _checked(_SECOND_LINE, "target", command.to))


def pause_recording(channel: str, *, on: bool) -> Action:
    """What MixMonitor() writes of this channel is silence, or sound again."""
    state = (("Direction", "both"), ("State", "1" if on else "0"))
    return (("Action", "MixMonitorMute"), ("Channel", _checked(_CHANNEL, "channel", channel)), *state)


def press(call: CallId) -> Action:
    """A key that no telephone has, as if the caller pressed it. It leads out of Asterisk's own Queue()
    (``acd-fetched``) and out of an offer (``acd-withdrawn``), but not out of a talk: there it is one sound, where a
    Redirect would end it."""
    channel = _checked(_CHANNEL, "call", call)
    return (("Action", "PlayDTMF"), ("Channel", channel), ("Digit", "D"), ("Receive", "true"))


def setvar(name: str, value: str, call: CallId | None = None) -> Action:
    """Set a variable of a channel; without a call a global one, or a dialplan function."""
    channel = () if call is None else (("Channel", _checked(_CHANNEL, "call", call)),)
    return (("Action", "Setvar"), *channel, ("Variable", name), ("Value", value))


NOBODY_THERE: Final = setvar("ACD_HB", "0")
"""No heartbeat: the dialplan serves by itself and keeps its notes, until the next one."""


def getvar(name: str, call: CallId | None = None) -> Action:
    channel = () if call is None else (("Channel", _checked(_CHANNEL, "call", call)),)
    return (("Action", "Getvar"), *channel, ("Variable", name))


def word(command: Announce | Reroute | SetCrisis | SetDraining) -> Action:
    """What is said to the dialplan in passing: a variable that it will read."""
    match command:
        case Announce():
            return announce(command)
        case Reroute():
            return reroute(command)
        case SetCrisis():
            return set_crisis(command)
        case SetDraining():
            return set_draining(command)


def setting(command: SetAllowed | SetLineOpen) -> Action:
    """One of the many that are set anew with each session."""
    return set_allowed(command) if isinstance(command, SetAllowed) else set_line_open(command)


def announce(command: Announce) -> Action:
    """The waiting loop plays it at its next turn."""
    return setvar("ACD_SAY", "&".join(prompts(command)), command.call)


def prompts(command: Announce) -> list[str]:
    """Ids of the prompts to play: ``acd/position-3``, ``acd/wait-2-5``, ``acd/wait-10-more``."""
    said = []
    if command.position is not None:
        place = str(command.position) if 1 <= command.position <= LAST_POSITION else "many"
        said.append(f"acd/position-{place}")
    if command.wait is not None:
        least, most = command.wait
        said.append(f"acd/wait-{int(least)}-{'more' if most is None else int(most)}")
    return said


def set_crisis(command: SetCrisis) -> Action:
    message = "" if command.message is None else _checked(_PROMPT, "message", command.message)
    return setvar("ACD_CRISIS", message)


def set_draining(command: SetDraining) -> Action:
    return setvar("ACD_DRAIN", "1" if command.on else "")


def set_allowed(command: SetAllowed) -> Action:
    """Pause the phone in the fallback queues, or unpause it. The empty queue name means all of which it is a member,
    and those are its lines."""
    device = _checked(_WORD, "device", command.device)
    return setvar(f"QUEUE_MEMBER(,paused,PJSIP/{device})", "0" if command.allowed else "1")


# --- The promise to call back ----------------------------------------------------------------------------------------


def offer_callback(command: OfferCallback, now: float) -> list[Action]:
    """What the dialogue needs, and last of all the word that begins it.

    Args:
        now: our clock; "tomorrow" is counted from here.
    """
    plan = command.plan
    number = "" if plan.number is None else _sound(said_number(_checked(_NUMBER, "number", plan.number)))
    slots = [_sound(said_window(slot, now)) for slot in plan.slots[:MOST_SLOTS]]
    values = {
        "ACD_CB_NUM": number,
        **{f"ACD_CB_SLOT_{n}": slot for n, slot in enumerate([*slots, *[""] * (MOST_SLOTS - len(slots))], start=1)},
        "ACD_CB_LATEST": _sound(said_deadline(plan.deadline, now)),
        "ACD_CB_SAY": "" if plan.existing is None else _sound(said_window(plan.existing, now)),
        "ACD_CB": "offer" if plan.existing is None else "existing",
    }
    return [setvar(name, value, command.call) for name, value in values.items()]


def answer_booking(command: AnswerBooking, now: float) -> list[Action]:
    if command.window is None:
        return [setvar("ACD_CB_ANSWER", "no", command.call)]
    said = _sound(said_promise(command.window, command.deadline, now))
    return [setvar("ACD_CB_SAY", said, command.call), setvar("ACD_CB_ANSWER", "yes", command.call)]


def title(line: LineId) -> Action:
    """Asks what the operator's phone shall show."""
    return getvar(f"ACD_CB_TITLE_{_checked(_WORD, 'line', line)}")


def call_back(command: CallBack, shown: str) -> Action:
    """One Originate; all that the dialplan needs is on the channel from the beginning.

    Args:
        shown: on the operator's phone, beside the citizen's number.

    Raises:
        UnsafeValue: a name, or the number, is none.
    """
    device = _checked(_WORD, "device", command.device)
    number = _checked(_NUMBER, "number", command.number)
    first = "operator" if command.operator_first else "citizen"
    ring, ring_citizen = max(1, math.ceil(command.ring_time)), max(1, math.ceil(command.ring_citizen))
    variables = {
        "ACD_CB_ATTEMPT": str(int(command.attempt)),
        "ACD_CB_ID": _checked(_CHANNEL, "callback", command.callback),
        "ACD_STATE": "cb-ring",
        "ACD_LINE": _checked(_WORD, "line", command.line),
        "ACD_DEVICE": device,
        "ACD_NUM": number,
        "ACD_CB_LANG": _checked(_LANGUAGE, "language", command.language),
        "ACD_CB_FIRST": first,
        "ACD_CB_RING": str(ring_citizen),
        "ACD_CB_RING_OPERATOR": str(ring),
        "ACD_CB_AMD": "1" if command.machine_detection else "",
    }
    channel = first_leg(command.attempt)
    # A Local channel has two ends with an id each.
    ids = (
        (("ChannelId", channel),)
        if command.operator_first
        else (("ChannelId", channel), ("OtherChannelId", f"{channel}-dial"))
    )
    return (
        ("Action", "Originate"),
        ("Channel", f"PJSIP/{device}" if command.operator_first else "Local/dial@acd-callback/n"),
        ("Context", "acd-callback"),
        ("Exten", first),
        ("Priority", "start"),
        ("Timeout", str(1000 * (ring if command.operator_first else ring_citizen + BEFORE_OPERATOR))),
        ("CallerID", f'"{_NOT_SHOWN.sub(" ", shown)}" <{number}>'),
        ("Async", "true"),
        *ids,
        *(("Variable", f"{name}={value}") for name, value in variables.items()),
    )


def end_call_back(attempt: OfferId) -> Action:
    return (("Action", "Hangup"), ("Channel", first_leg(attempt)))


def first_leg(attempt: OfferId) -> str:
    return f"{PREFIX}{int(attempt)}"


_NOT_SHOWN: Final = re.compile(r"[^\w .,'&/+-]")
"""What cannot stand in a display name."""


# --- What a supervisor does ------------------------------------------------------------------------------------------


def reroute(command: Reroute) -> Action:
    """Whatever moves him from now on looks at the variable: the fallback too."""
    return setvar("ACD_LINE", _checked(_WORD, "line", command.line), command.call)


def set_line_open(command: SetLineOpen) -> Action:
    value = {None: "", True: "open", False: "closed"}[command.open]
    return setvar(f"ACD_OPEN_{_checked(_WORD, 'line', command.line)}", value)


def spy(command: Spy, on: str) -> Action:
    """One Originate, to the supervisor's own phone.

    Args:
        on: channel of the operator's leg.

    Raises:
        UnsafeValue: a name is none.
    """
    device = _checked(_WORD, "device", command.device)
    variables = {"ACD_SPY": str(int(command.spy)), "ACD_SPY_ON": _checked(_CHANNEL, "channel", on)}
    return (
        ("Action", "Originate"),
        ("Channel", f"PJSIP/{device}" if command.via is None else f"PJSIP/{device}@{peer(command.via)}"),
        ("Context", "acd-spy"),
        ("Exten", command.mode.value),
        ("Priority", "start"),
        ("Timeout", str(1000 * max(1, math.ceil(command.ring_time)))),
        ("CallerID", f'"{_NOT_SHOWN.sub(" ", command.shown)}" <{device}>'),
        ("Async", "true"),
        ("ChannelId", spying_channel(command.spy)),
        *(("Variable", f"{name}={value}") for name, value in variables.items()),
    )


def peer(server: ServerId) -> str:
    """The endpoint through which another server of ours is dialled."""
    return f"{PEER}{_checked(_WORD, 'server', server)}"


def end_spy(spy: SpyId) -> Action:
    return (("Action", "Hangup"), ("Channel", spying_channel(spy)))


def spying_channel(spy: SpyId) -> str:
    return f"{SPY_PREFIX}{int(spy)}"


def _sound(prompts: list[str]) -> str:
    return "&".join(prompts)


def _checked(pattern: re.Pattern[str], name: str, value: str) -> str:
    if pattern.fullmatch(value) is None:
        raise UnsafeValue(name, f"{value!r} is no name of a {name}")
    return value
