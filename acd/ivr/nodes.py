"""What a menu is made of. One class for each kind of node; each knows where the call can go next.

``at`` is always a line in the flow's file, so that the checks can name the place.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from acd.model.menu import Captions

NODE_ID: Final = re.compile(r"(?!.{33})[a-z][a-z0-9]+(_[a-z0-9]+)*")
"""Flows, nodes and destinations. Two characters or more, because Asterisk gives ``h``, ``i``, ``s`` and ``t`` a meaning
of their own; no dash, because Asterisk ignores dashes when it looks up an extension (``a-b`` would be ``ab``)."""

PROMPT_ID: Final = re.compile(r"(?!.{49})[a-z][a-z0-9]*(-[a-z0-9]+)*")
LANGUAGE: Final = re.compile(r"[a-z]{2}")
CAPTION_LANGUAGES: Final = ("nl", "en", "fr")
"""Those of the pages."""
LONGEST_CAPTION: Final = 60
"""Characters."""
KEYS: Final = "0123456789*#"
START: Final = "start"
"""The node where every flow begins."""


class Ref(msgspec.Struct, frozen=True):
    """A name written in a file: of a node, a prompt, a line or a destination. Empty = unreadable."""

    name: str
    at: int

    def __bool__(self) -> bool:
        return bool(self.name)


class Edge(msgspec.Struct, frozen=True):
    """A way from a node to the next."""

    to: Ref
    silent: bool
    """The call goes this way although the caller presses nothing."""


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a flow: one extension in the dialplan."""

    id: str
    at: int
    captions: Captions = {}
    """What people call it where its way is shown; empty = its id."""

    def edges(self) -> Iterator[Edge]:
        """Where the call may go next, in the order of the file."""
        yield from ()


class Play(Node, frozen=True, kw_only=True):
    """A greeting or other spoken text; the flow goes on after it."""

    prompts: tuple[Ref, ...]
    then: Ref

    def edges(self) -> Iterator[Edge]:
        yield Edge(self.then, silent=True)


class Crisis(Node, frozen=True, kw_only=True):
    """Plays the crisis message, if one is on and the caller has not heard it."""

    then: Ref

    def edges(self) -> Iterator[Edge]:
        yield Edge(self.then, silent=True)


class Hours(Node, frozen=True, kw_only=True):
    """Parts the ways by the opening hours and closing days of a line."""

    line: Ref
    open: Ref
    closed: Ref
    holiday: Ref

    def edges(self) -> Iterator[Edge]:
        for to in (self.open, self.closed, self.holiday):
            yield Edge(to, silent=True)


class Ask(Node, frozen=True, kw_only=True):
    """What all nodes have in common that wait for one key."""

    prompts: tuple[Ref, ...]
    timeout: float
    """Seconds to wait for a key after the prompt has ended."""
    keys: Mapping[str, Ref]
    """Telephone key -> where it leads (or, of a language node, the language)."""


class Language(Ask, frozen=True, kw_only=True):
    """The caller chooses a language; each prompt is heard in every language on offer. Who does not choose keeps the
    language he has."""

    repeats: int
    then: Ref

    def edges(self) -> Iterator[Edge]:
        yield Edge(self.then, silent=True)


class Menu(Ask, frozen=True, kw_only=True):
    """The caller chooses what he calls for."""

    repeats: int
    """How often the question is put again after no key or a wrong one."""
    on_timeout: Ref
    on_invalid: Ref

    def edges(self) -> Iterator[Edge]:
        yield from (Edge(to, silent=False) for to in self.keys.values())
        yield Edge(self.on_timeout, silent=True)
        yield Edge(self.on_invalid, silent=False)


class Info(Ask, frozen=True, kw_only=True):
    """A recorded answer. Who hears it to its end and then leaves is *informed*; a key may lead elsewhere."""

    def edges(self) -> Iterator[Edge]:
        yield from (Edge(to, silent=False) for to in self.keys.values())


class Closed(Ask, frozen=True, kw_only=True):
    """The line is closed and says so. Whoever leaves here, early or late, called in vain: *closed*. A key may lead
    elsewhere, to a line that has hours of its own."""

    line: Ref | None
    """None = the first line that the flow answers."""

    def edges(self) -> Iterator[Edge]:
        yield from (Edge(to, silent=False) for to in self.keys.values())


class Queue(Node, frozen=True, kw_only=True):
    """The caller joins a line."""

    line: Ref


class Transfer(Node, frozen=True, kw_only=True):
    """The caller is connected to a fixed number outside the lines; if nobody answers there, the flow goes on."""

    to: Ref
    ring: int
    """Seconds to let it ring."""
    then: Ref

    def edges(self) -> Iterator[Edge]:
        yield Edge(self.then, silent=True)


class Hangup(Node, frozen=True, kw_only=True):
    """The city ends the call, with a last word if one is given."""

    prompts: tuple[Ref, ...] = ()


class Flow(msgspec.Struct, frozen=True):
    """One file of ``ivr_flows``: what the callers of certain lines hear first."""

    id: str
    file: str
    answers: tuple[Ref, ...]
    """Lines whose numbers this flow answers."""
    languages: tuple[Ref, ...]
    """The first is the caller's language until he chooses."""
    nodes: Mapping[str, Node]


class Destination(msgspec.Struct, frozen=True):
    """Where a menu may transfer a caller."""

    digits: str
    outside: bool
    """Dialled through the trunk; otherwise a phone of the city."""


class Flows(msgspec.Struct, frozen=True):
    """All flows of the city, checked."""

    flows: Mapping[str, Flow]
    destinations: Mapping[str, Destination]
    numbers: Mapping[str, str]
    """Number called, as the trunk delivers it -> flow."""
