"""One file of ``ivr_flows`` -> a :class:`Flow`: what each node says and where it leads.

Written for whoever edits the menus at the city. A node is a block in which one word says what it is::

    choose:
      menu: menu-gentinfo
      keys:
        1: queue sportlijn
        2: opening_hours
      otherwise: queue gentinfo
      captions: {nl: Hoofdmenu, en: Main menu, fr: Menu principal}

``captions`` is what people read where the way of a call is shown; without it they read the node's name.

Where a node's name is expected, a step may stand instead, which saves a node: ``queue <line>``, ``info <prompt>``,
``closed <prompt>``, ``transfer <destination>``, ``hangup <prompt>`` or just ``hangup``. A step *is* a node: a block of
one field.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from acd.config.faults import Path, did_you_mean, shown
from acd.config.source import UNREADABLE, Source
from acd.ivr.fields import NOWHERE, Fields
from acd.ivr.names import Known, Names
from acd.ivr.nodes import (
    NODE_ID,
    START,
    Closed,
    Crisis,
    Flow,
    Hangup,
    Hours,
    Info,
    Language,
    Menu,
    Node,
    Play,
    Queue,
    Ref,
    Transfer,
)

NAME_RULE: Final = "small letters and digits, words joined by '_', 2 to 32 characters"
A_NODE: Final = "a node, or a step such as 'queue <line>'"
A_PROMPT: Final = "a prompt of the catalogue"
INVALID_KEY, GOODBYE, CLOSED, HOLIDAY = "invalid-key", "goodbye", "closed", "holiday"
"""Prompts that are played although no flow names them."""

LONGEST_EXTENSION: Final = 79
"""Characters; Asterisk's ``AST_MAX_EXTENSION`` counts one more for the end."""

TIMEOUT, REPEATS, LANGUAGE_REPEATS, RING = 5.0, 2, 1, 30
STEPS: Final = ("queue", "info", "closed", "transfer", "hangup")
_STEP: Final = re.compile(rf"(?:({'|'.join(STEPS)}) +([a-z0-9_-]+)|(hangup))")


class FlowReader:
    """Reads one flow; notes its faults in ``source``."""

    def __init__(self, source: Source, id: str, known: Known) -> None:
        self.source = source
        self.unreadable: set[str] = set()
        """Nodes that are there, but whose text makes no sense."""
        self._id = id
        self._names = Names(source, known)
        self._languages: tuple[Ref, ...] = ()
        self._nodes: dict[str, Node] = {}

    def flow(self) -> Flow:
        answers: tuple[Ref, ...] = ()
        if self.source.data is not UNREADABLE:
            fields = Fields(self.source, (), self.source.data)
            if "name" in fields:
                fields.name("name", "a name for people")
            lines = fields.names("answers", "the lines whose callers come in here")
            answers = tuple(line for line in lines if self._names.line(line, ("answers",)))
            self._read_languages(fields)
            self._read_nodes(fields)
            fields.finish("a flow")
        steps = {id: node for id, node in self._nodes.items() if "__" in id}
        nodes = {id: node for id, node in self._nodes.items() if id not in steps}
        return Flow(self._id, self.source.file, answers, self._languages, nodes | steps)

    def _read_languages(self, fields: Fields) -> None:
        refs = fields.names("languages", "nl, en or fr")
        self._languages = tuple(ref for ref in refs if self._names.language(ref, ("languages",)))

    def _read_nodes(self, fields: Fields) -> None:
        nodes = fields.take("nodes", "what the caller goes through")
        if nodes is UNREADABLE:
            return
        block = Fields(self.source, ("nodes",), nodes)
        if isinstance(nodes, dict):
            for id, values in nodes.items():
                self._read_node(id, values)
        if START not in block:
            block.fault("", f"there is no node {START!r}, where the call begins")

    def _read_node(self, id: str, values: Any) -> None:
        fields = Fields(self.source, ("nodes", id), values)
        if id in STEPS:
            fields.fault("", "cannot be the name of a node: the word is a step")
        elif not NODE_ID.fullmatch(id):
            fields.fault("", f"cannot be the name of a node: {NAME_RULE}")
        kind = self._kind(fields, values) if isinstance(values, dict) else None
        if kind is None:
            self.unreadable.add(id)
            return
        node = _KINDS[kind](self, id, fields)
        self._nodes[id] = msgspec.structs.replace(node, captions=fields.captions("captions"))
        fields.finish(f"a node of the kind {kind!r}")

    def _kind(self, fields: Fields, values: Mapping[str, Any]) -> str | None:
        # "closed" is also the name of a branch of an hours node.
        kinds = [kind for kind in _KINDS if kind in values and not (kind == CLOSED and "hours" in values)]
        if len(kinds) == 1:
            return kinds[0]
        if kinds:
            fields.fault("", f"does more than one thing: {', '.join(kinds)}; make each a node of its own")
            return None
        hint = next(filter(None, (did_you_mean(name, _KINDS) for name in values)), "")
        fields.fault("", f"does not say what it does: {', '.join(_KINDS)}{hint}")
        return None

    # --- One method a kind --------------------------------------------------------------------------------------------

    def _play(self, id: str, fields: Fields) -> Node:
        return Play(id=id, at=fields.at, prompts=self._prompts(fields, "play"), then=self._target(fields, "then"))

    def _crisis(self, id: str, fields: Fields) -> Node:
        if (word := fields.name("crisis", "the word 'play'")) and word.name != "play":
            fields.fault("crisis", "must be the word 'play': which message is on, is decided while calls come in")
        return Crisis(id=id, at=fields.at, then=self._target(fields, "then"))

    def _hours(self, id: str, fields: Fields) -> Node:
        line = self._line(fields, "hours")
        return Hours(
            id=id,
            at=fields.at,
            line=line,
            open=self._target(fields, "open"),
            closed=self._branch(fields, CLOSED, line),
            holiday=self._branch(fields, HOLIDAY, line),
        )

    def _language(self, id: str, fields: Fields) -> Node:
        keys = fields.keys("keys", "a language")
        offered = {ref.name for ref in self._languages}
        for key, ref in keys.items():
            self._names.language(ref, (*fields.path, "keys", key), offered)
        prompts = fields.names("language", A_PROMPT)
        self._names.prompts(prompts, (*fields.path, "language"), {ref.name for ref in keys.values()} & offered)
        self._own_prompts(fields, INVALID_KEY)
        return Language(
            id=id,
            at=fields.at,
            keys=keys,
            prompts=prompts,
            timeout=self._timeout(fields),
            repeats=self._repeats(fields, LANGUAGE_REPEATS),
            then=self._target(fields, "then"),
        )

    def _menu(self, id: str, fields: Fields) -> Node:
        both = self._target(fields, "otherwise") if "otherwise" in fields else None
        return Menu(
            id=id,
            at=fields.at,
            prompts=self._prompts(fields, "menu"),
            keys=self._keys(fields),
            timeout=self._timeout(fields),
            repeats=self._repeats(fields, REPEATS),
            on_timeout=self._without_choice(fields, "on_timeout", both),
            on_invalid=self._without_choice(fields, "on_invalid", both),
        )

    def _info(self, id: str, fields: Fields) -> Node:
        self._own_prompts(fields, GOODBYE)
        return Info(
            id=id,
            at=fields.at,
            prompts=self._prompts(fields, "info"),
            keys=self._keys(fields) if "keys" in fields else {},
            timeout=self._timeout(fields),
        )

    def _closed(self, id: str, fields: Fields) -> Node:
        line = self._line(fields, "line") if "line" in fields else None
        return Closed(
            id=id,
            at=fields.at,
            prompts=self._prompts(fields, CLOSED),
            keys=self._keys(fields) if "keys" in fields else {},
            timeout=self._timeout(fields),
            line=line,
        )

    def _queue(self, id: str, fields: Fields) -> Node:
        return Queue(id=id, at=fields.at, line=self._line(fields, "queue"))

    def _transfer(self, id: str, fields: Fields) -> Node:
        to = fields.name("transfer", "a destination")
        self._names.destination(to, (*fields.path, "transfer"))
        then = self._target(fields, "then") if "then" in fields else self._go("hangup", fields.path)
        ring = int(fields.number("ring", RING, 5, 180, "seconds"))
        return Transfer(id=id, at=fields.at, to=to, ring=ring, then=then)

    def _hangup(self, id: str, fields: Fields) -> Node:
        prompts = () if fields.empty("hangup") else self._prompts(fields, "hangup")
        return Hangup(id=id, at=fields.at, prompts=prompts)

    # --- Parts of a node ----------------------------------------------------------------------------------------------

    def _timeout(self, fields: Fields) -> float:
        return fields.number("timeout", TIMEOUT, 1, 60, "seconds")

    def _repeats(self, fields: Fields, default: int) -> int:
        repeats = fields.number("repeats", default, 0, 9, "times")
        if repeats != int(repeats):
            fields.fault("repeats", f"must be a whole number, not {repeats}")
        return int(repeats)

    def _line(self, fields: Fields, name: str) -> Ref:
        line = fields.name(name, "the id of a line")
        return line if self._names.line(line, (*fields.path, name)) else NOWHERE

    def _prompts(self, fields: Fields, name: str) -> tuple[Ref, ...]:
        prompts = fields.names(name, A_PROMPT)
        self._names.prompts(prompts, (*fields.path, name), (ref.name for ref in self._languages))
        return prompts

    def _own_prompts(self, fields: Fields, *ids: str) -> None:
        refs = [Ref(id, fields.at) for id in ids]
        self._names.prompts(refs, fields.path, (ref.name for ref in self._languages))

    def _keys(self, fields: Fields) -> dict[str, Ref]:
        self._own_prompts(fields, INVALID_KEY)
        keys = fields.keys("keys", A_NODE)
        return {key: self._go(ref.name, (*fields.path, "keys", key)) for key, ref in keys.items()}

    def _target(self, fields: Fields, name: str) -> Ref:
        return self._go(fields.name(name, A_NODE).name, (*fields.path, name))

    def _without_choice(self, fields: Fields, name: str, both: Ref | None) -> Ref:
        if name in fields:
            return self._target(fields, name)
        if both is None:
            fields.fault(name, "is missing: where to go then; 'otherwise' covers both no key and a wrong one")
        return both or NOWHERE

    def _branch(self, fields: Fields, name: str, line: Ref) -> Ref:
        """A branch of an hours node. When it is not written, the caller hears the standard message."""
        text = fields.name(name, A_NODE).name if name in fields else f"{CLOSED} {name}"
        return self._go(text, (*fields.path, name), closed_line=line)

    def _go(self, text: str, path: Path, closed_line: Ref = NOWHERE) -> Ref:
        """Where ``text`` leads: to a node, or to a step, which becomes a node named after what it does."""
        at = self.source.line(path)
        if not text or (NODE_ID.fullmatch(text) and text not in STEPS):
            return Ref(text, at)
        step = _STEP.fullmatch(text)
        if step is None:
            self.source.fault(path, f"{shown(text)!r} is neither a node nor a step such as 'queue <line>'")
            return NOWHERE
        kind, argument = step[1] or step[3], step[2]
        values = {kind: argument}
        if kind == CLOSED and closed_line:
            values["line"] = closed_line.name
        id = "__".join(filter(None, (kind, argument, values.get("line")))).replace("-", "_")
        if len(id) > LONGEST_EXTENSION:
            self.source.fault(path, f"{shown(text)!r} is too long for a step: make it a node of its own")
        node = _KINDS[kind](self, id, Fields(self.source, path, values))
        self._nodes.setdefault(id, node)
        return Ref(id, at)


_KINDS: Final[Mapping[str, Callable[[FlowReader, str, Fields], Node]]] = {
    "play": FlowReader._play,
    "hours": FlowReader._hours,
    "language": FlowReader._language,
    "menu": FlowReader._menu,
    "info": FlowReader._info,
    "queue": FlowReader._queue,
    "crisis": FlowReader._crisis,
    "transfer": FlowReader._transfer,
    "closed": FlowReader._closed,
    "hangup": FlowReader._hangup,
}
