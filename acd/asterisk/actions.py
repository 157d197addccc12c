"""What the engine wants, as AMI actions. Pure text; nothing here knows a socket.

Every name that goes out is matched against what it may be, and :func:`~acd.asterisk.frames.encode_action` refuses
control characters besides. Parameters of an offer ride in ``Exten``, so one action does it all, and ``Priority`` is a
label, so that Asterisk refuses a target that does not exist instead of hanging up the caller.
"""

import math
import re
from typing import Final

from acd.asterisk.frames import UnsafeValue
from acd.model.commands import Announce, Deflect, Offer, SetAllowed, SetCrisis, SetDraining, Withdraw
from acd.model.ids import CallId
from acd.model.policy import OverflowTo

Action = tuple[tuple[str, str], ...]

_CHANNEL: Final = re.compile(r"[\w.@-]{1,150}", re.ASCII)
_WORD: Final = re.compile(r"\w{1,80}", re.ASCII)
_PROMPT: Final = re.compile(r"[\w/-]{1,80}", re.ASCII)

LAST_POSITION: Final = 20
"""Positions beyond this one are all "many": see the prompt catalogue."""


def redirect(call: CallId, context: str, exten: str) -> Action:
    """Move a channel. ``Success`` means queued, not done: believe only what the dialplan says afterwards."""
    channel = _checked(_CHANNEL, "call", call)
    where = (("Context", context), ("Exten", exten), ("Priority", "start"))
    return (("Action", "Redirect"), ("Channel", channel), *where)


def offer(command: Offer) -> Action:
    """To the operator's phone. Dial() takes whole seconds: the ring time is rounded up."""
    device = _checked(_WORD, "device", command.device)
    exten = f"{int(command.offer)}*{device}*{max(1, math.ceil(command.ring_time))}"
    return redirect(command.call, "acd-connect", exten)


def withdraw(command: Withdraw) -> Action:
    return redirect(command.call, "acd-wait", "s")


def deflect(command: Deflect) -> Action:
    """To the partner or to the refusal.

    Raises:
        UnsafeValue: a line is no name, or the caller should wait (there is nowhere to move him to).
    """
    if command.to is OverflowTo.WAIT:
        raise UnsafeValue("to", "a caller who waits is not moved")
    return redirect(command.call, "acd-deflect", f"{command.to.value}*{_checked(_WORD, 'line', command.line)}")


def setvar(name: str, value: str, call: CallId | None = None) -> Action:
    """Set a variable of a channel; without a call a global one, or a dialplan function."""
    channel = () if call is None else (("Channel", _checked(_CHANNEL, "call", call)),)
    return (("Action", "Setvar"), *channel, ("Variable", name), ("Value", value))


def getvar(name: str, call: CallId | None = None) -> Action:
    channel = () if call is None else (("Channel", _checked(_CHANNEL, "call", call)),)
    return (("Action", "Getvar"), *channel, ("Variable", name))


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


def _checked(pattern: re.Pattern[str], name: str, value: str) -> str:
    if pattern.fullmatch(value) is None:
        raise UnsafeValue(name, f"{value!r} is no name of a {name}")
    return value
