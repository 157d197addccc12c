"""Variables and dialplan functions of the simulated switch, as AMI's Getvar, Setvar and Status see them."""

import re
from collections.abc import Callable
from typing import Final

from acd.model.facts import CallMissed
from acd.model.ids import Device, LineId, OfferId
from sim.ami_events import moment
from sim.calling_back import Attempt
from sim.calls import Call
from sim.dialogue import Offered
from sim.switch import SimSwitch

_MEMBER: Final = re.compile(r"QUEUE_MEMBER\((?:acd-(\w+))?,paused,PJSIP/(\w+)\)", re.ASCII)
"""Without the queue's name all queues of the phone are meant."""
_NOTE: Final = re.compile(r"ACD_UNSEEN_(\d+)")
_GLOBAL: Final = re.compile(r"GLOBAL\((\w+)\)", re.ASCII)

_ON_CHANNEL: Final[dict[str, Callable[[Call], str | None]]] = {
    "ACD_STATE": lambda call: call.where.value,
    "ACD_ARRIVED": lambda call: moment(call.arrived_at),
    "ACD_T0": lambda call: moment(call.entered_at) or None,
    "ACD_UP": lambda call: moment(call.up_at) or None,
    "ACD_DID": lambda call: call.did,
    "ACD_NUM": lambda call: call.number or "",
    "ACD_LINE": lambda call: call.line,
    "ACD_PATH": lambda call: call.path,
    "ACD_OFFER": lambda call: None if call.offer is None else str(call.offer),
    "ACD_DEVICE": lambda call: call.device,
    "ACD_SAY": lambda call: call.say,
    "ACD_CB_DECLINED": lambda call: moment(call.declined_at) or None,
    "ACD_CRISIS_HEARD": lambda call: call.crisis_heard or None,
    "CHANNEL(language)": lambda call: call.language,
    "CHANNEL(state)": lambda call: "Up",
    "UNIQUEID": lambda call: call.id,
}


def read(call: Call, name: str) -> str | None:
    """A variable of a channel; None = not set."""
    if name in call.variables:
        return call.variables[name]
    known = _ON_CHANNEL.get(name)
    return None if known is None else known(call)


def read_attempt(attempt: Attempt, name: str) -> str | None:
    """A variable of the first leg of an attempt to call back; None = not set."""
    known = _ON_ATTEMPT.get(name)
    return None if known is None else known(attempt)


_ON_ATTEMPT: Final[dict[str, Callable[[Attempt], str | None]]] = {
    "ACD_STATE": lambda attempt: attempt.state,
    "ACD_CB_ATTEMPT": lambda attempt: str(attempt.id),
    "ACD_CB_ID": lambda attempt: attempt.callback,
    "ACD_CB_FIRST": lambda attempt: "operator" if attempt.operator_first else "citizen",
    "ACD_LINE": lambda attempt: attempt.line,
    "ACD_DEVICE": lambda attempt: attempt.device,
    "ACD_NUM": lambda attempt: attempt.number,
    "ACD_UP": lambda attempt: moment(attempt.up_at) or None,
}


def write(switch: SimSwitch, call: Call, name: str, value: str) -> None:
    """Set a variable of a channel. Of ours, ``ACD_SAY``, ``ACD_CB`` and ``ACD_CB_ANSWER`` make the dialplan do
    something."""
    if name == "ACD_LINE":
        switch.reroute(call, LineId(value))
    elif name == "ACD_SAY":
        switch.set_say(call, value)
    elif name == "ACD_CB" and value:
        slots = sum(bool(call.variables.get(f"ACD_CB_SLOT_{n}")) for n in (1, 2, 3))
        switch.offer_callback(call, Offered(slots, bool(call.variables.get("ACD_CB_NUM")), value == "existing"))
    elif name == "ACD_CB_ANSWER" and value:
        switch.dialogues.answer(call, value == "yes")
    elif name == "ACD_DEVICE":
        call.device = Device(value) if value else None
    elif name == "ACD_OFFER":
        call.offer = OfferId(int(value)) if value else None
    else:
        call.variables[name.lstrip("_")] = value


def read_global(switch: SimSwitch, name: str) -> str:
    """A global variable or a function; empty if there is none."""
    for pattern, reader in _READERS:
        if (parts := pattern.fullmatch(name)) is not None:
            return reader(switch, parts)
    parts = _GLOBAL.fullmatch(name)
    return switch.globals.get(name if parts is None else parts[1], "")


def _one_note(switch: SimSwitch, parts: re.Match[str]) -> str:
    number = int(parts[1])
    return note(switch.notes[number - 1]) if 1 <= number <= len(switch.notes) else ""


def _member_paused(switch: SimSwitch, parts: re.Match[str]) -> str:
    lines = _queues_of(switch, parts)
    return str(int(bool(lines) and all((line, Device(parts[2])) in switch.paused for line in lines)))


def _device_state(switch: SimSwitch, parts: re.Match[str]) -> str:
    phone = switch.phones.get(Device(parts[1]))
    return "INVALID" if phone is None else phone.shown


_READERS: Final[tuple[tuple[re.Pattern[str], Callable[[SimSwitch, re.Match[str]], str]], ...]] = (
    (re.compile("EPOCH"), lambda switch, parts: str(int(switch.time.now()))),
    (re.compile("ACD_UNSEEN_COUNT"), lambda switch, parts: str(len(switch.notes)) if switch.notes else ""),
    (_NOTE, _one_note),
    (_MEMBER, _member_paused),
    (re.compile(r"AMI_CLIENT\(\w+,sessions\)"), lambda switch, parts: str(switch.sessions)),
    (re.compile(r"DEVICE_STATE\(PJSIP/(\w+)\)"), _device_state),
)


def write_global(switch: SimSwitch, name: str, value: str) -> bool:
    """Set a global variable or a function. False: the function would not have it."""
    if name.startswith("QUEUE_MEMBER("):
        return _pause_member(switch, name, value)
    if name == "ACD_UNSEEN_COUNT":
        # The notes themselves are written one by one; without the count nobody finds them.
        switch.notes.clear()
    elif _NOTE.fullmatch(name) is None:
        parts = _GLOBAL.fullmatch(name)
        switch.set_global(name if parts is None else parts[1], value)
    return True


def _pause_member(switch: SimSwitch, name: str, value: str) -> bool:
    parts = _MEMBER.fullmatch(name)
    if parts is None:
        return False
    lines = _queues_of(switch, parts)
    switch.allow(Device(parts[2]), lines, value in ("", "0", "false", "no"))
    return bool(lines)


def _queues_of(switch: SimSwitch, parts: re.Match[str]) -> list[LineId]:
    named, device = parts[1], Device(parts[2])
    return [line for line, queue in switch.queues.items() if device in queue.members and named in (None, line)]


def note(missed: CallMissed) -> str:
    """``ACD_UNSEEN_<n>``: what the hangup handler wrote down."""
    seen = missed.seen
    return "|".join(
        (
            seen.call,
            seen.where.value,
            moment(seen.arrived_at),
            seen.did,
            seen.number or "",
            seen.language,
            seen.path,
            seen.line or "",
            moment(seen.entered_at),
            "" if seen.offer is None else str(seen.offer),
            seen.device or "",
            moment(seen.answered_at),
            moment(missed.gone_at),
        )
    )
