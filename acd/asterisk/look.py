"""What can be learnt of an Asterisk with nothing but the engine's own account: by reading dialplan functions."""

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import msgspec

from acd.asterisk.actions import Action, getvar
from acd.asterisk.frames import Frame
from acd.asterisk.session import AmiSession, LoginRefused, SessionEnded
from acd.asterisk.settings import AmiSettings
from acd.model.zone import ZONE

AskAll = Callable[[Sequence[Action]], Awaitable[list[list[Frame]]]]

TOO_MUCH: Final = ("Command", "GetConfig", "UpdateConfig", "ModuleLoad", "Reload", "DBPut", "DialplanExtensionAdd")
"""Actions that the account must not be allowed."""


class Seen(msgspec.Struct, frozen=True):
    """Of one Asterisk. An empty text: it cannot be seen, or is not there."""

    version: str
    build: str
    """Digest of the generated files that it has loaded."""
    timezone: str
    """How far it takes the city's time to be ahead of UTC: ``+0100``."""
    offset: float
    """Seconds to add to its clock to get ours."""
    missing_modules: tuple[str, ...]
    missing_queues: tuple[str, ...]
    phones: tuple[tuple[str, str], ...]
    """Codecs of each endpoint, the trunk included; empty: there is no such endpoint."""
    allowed: tuple[str, ...]
    """Of :data:`TOO_MUCH`, what the account may do."""
    dangerous_modules: tuple[str, ...] = ()
    """What is loaded although it must not be."""


class Wanted(msgspec.Struct, frozen=True):
    """What a city needs of Asterisk."""

    modules: tuple[str, ...]
    barred: tuple[str, ...]
    """Modules that must not be loaded."""
    queues: tuple[str, ...]
    endpoints: tuple[str, ...]


async def look(ask_all: AskAll, offset: float, wanted: Wanted) -> Seen:
    """Ask it. ``offset``: of its clock, as measured.

    Raises:
        SessionEnded: there is no answer.
    """
    head = ["VERSION()", "ACD_BUILD", f"STRFTIME(,{ZONE.key},%z)", "IFMODULE(pbx_config.so)"]
    names = [
        *head,
        *(f"IFMODULE({name})" for name in (*wanted.modules, *wanted.barred)),
        *(f"QUEUE_EXISTS({name})" for name in wanted.queues),
        *(f"PJSIP_ENDPOINT({name},allow)" for name in wanted.endpoints),
    ]
    answers = await ask_all([getvar(name) for name in names])
    values = [frames[0].get("Value") for frames in answers]
    version, build, zone, sees_modules = values[: len(head)]
    rest = iter(values[len(head) :])
    loaded = [next(rest) for _ in wanted.modules]
    barred = [next(rest) for _ in wanted.barred]
    known = [next(rest) for _ in wanted.queues]
    codecs = [next(rest) for _ in wanted.endpoints]
    [commands] = await ask_all([(("Action", "ListCommands"),)])
    return Seen(
        version,
        build,
        zone,
        offset,
        # Without func_module.so nothing can be said of any.
        tuple(name for name, it in zip(wanted.modules, loaded, strict=True) if it != "1") if sees_modules else (),
        tuple(name for name, it in zip(wanted.queues, known, strict=True) if it != "1"),
        tuple(zip(wanted.endpoints, (re.sub(r"[()]", "", names) for names in codecs), strict=True)),
        tuple(name for name in TOO_MUCH if commands[0].get(name)),
        tuple(name for name, it in zip(wanted.barred, barred, strict=True) if it == "1"),
    )


async def look_once(settings: AmiSettings, wanted: Wanted) -> Seen:
    """Log in for this alone: while no engine is logged in.

    Raises:
        LoginRefused: wrong user or secret, or an engine is logged in.
        SessionEnded: it cannot be reached, or gives no answer.
    """
    session = AmiSession(settings, lambda event: None)
    try:
        await session.open()
        return await look(session.ask_all, session.offset or 0.0, wanted)
    finally:
        session.end("looked")


__all__ = ["LoginRefused", "Seen", "SessionEnded", "Wanted", "look", "look_once"]
