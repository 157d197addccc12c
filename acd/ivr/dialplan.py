"""Checked flows -> Asterisk's dialplan: a context for each flow, an extension for each node.

A node ends in a ``Goto`` or a ``Hangup`` whatever happens in it. Two applications play sound here, and both go on when
a file is missing: ``Playback`` (sets ``PLAYBACKSTATUS``), and ``Read`` by the frame's ``acd-ask``, which takes a key
during the prompt. ``BackGround`` is not used: it ends the call when a file is missing.

Only names that the checks let through stand in the text: no free text of a file gets here.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from typing import Any, Final

from acd.config.city import City
from acd.ivr.hours import hours_dialplan
from acd.ivr.nodes import (
    START,
    Ask,
    Closed,
    Crisis,
    Destination,
    Flow,
    Flows,
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
from acd.ivr.reader import GOODBYE
from acd.ivr.switch import HEADER

PATH_LENGTH: Final = 200
"""Most characters of ``ACD_PATH``; whoever goes round in a menu for long is not followed to the end."""

AT_ONCE: Final = 0.1
"""Seconds to wait for a key after a recorded answer, before the caller counts as informed."""

WRONG_KEYS: Final = 2
"""So often a message that is no question is played again after a key that leads nowhere."""

_FRAME: Final = f"""\
; Gosub(acd-flow-pass,s,1(<node>)): the caller passes a node.
[acd-flow-pass]
exten => s,1,Set(ACD_STATE=menu)
 same => n,Set(ACD_LINE=)
 same => n,GotoIf($[${{LEN(${{ACD_PATH}})}} + ${{LEN(${{ARG1}})}} >= {PATH_LENGTH}]?full)
 same => n,Set(ACD_PATH=${{IF($["${{ACD_PATH}}" = ""]?${{ARG1}}:${{ACD_PATH}}>${{ARG1}})}})
 same => n(full),Return()

; On the leg of a transfer, at the moment of answer: the menu has settled the call.
[acd-flow-up]
exten => s,1,Set(MASTER_CHANNEL(ACD_STATE)=informed)
 same => n,Return()

; Hangup handler, before that of the frame. Only now is it sure that the caller does not return to the menu.
[acd-flow-gone]
exten => s,1,GotoIf($["${{ACD_STATE}}" = "informed" | "${{ACD_STATE}}" = "closed"]?ended)
 same => n,Return()
 same => n(ended),UserEvent(AcdMenuEnded,Nonce: ${{GLOBAL(ACD_NONCE)}},Outcome: ${{ACD_STATE}},Line: ${{ACD_LINE}})
 same => n,Return()
"""


def dialplan(flows: Flows, city: City, today: date) -> str:
    """The text of ``acd-flows.conf``: numbers, menus and opening hours.

    The same input gives the same text. ``today``: closed dates are written for its year and the next two.
    """
    lines = [HEADER, *_public(flows), "", _FRAME]
    for flow in flows.flows.values():
        writer = _FlowWriter(flow, flows.destinations, {id: line.greeting for id, line in city.lines.items()})
        lines += [*writer.context(), ""]
    lines += hours_dialplan(city, today)
    return "\n".join(lines) + "\n"


def _public(flows: Flows) -> Iterator[str]:
    """Exact numbers only: Asterisk answers 404 to any other before there is a channel."""
    yield "[acd-public]"
    for number, id in sorted(flows.numbers.items()):
        language = flows.flows[id].languages[0].name
        yield f"exten => {number},1,Gosub(acd-arrive,s,1({number},{language}))"
        yield " same => n,Set(CHANNEL(hangup_handler_push)=acd-flow-gone,s,1)"
        yield f" same => n,Goto(acd-flow-{id},{START},1)"


class _FlowWriter:
    """Writes the extensions of one flow. A step is an application without ``same => n,``; it may have a label."""

    def __init__(
        self, flow: Flow, destinations: Mapping[str, Destination], greetings: Mapping[Any, str | None]
    ) -> None:
        self._flow = flow
        self._destinations = destinations
        self._greetings = greetings
        self._line = flow.answers[0].name if flow.answers else ""

    def context(self) -> Iterator[str]:
        yield f"[acd-flow-{self._flow.id}]"
        for node in self._flow.nodes.values():
            yield f"exten => {node.id},1,Gosub(acd-flow-pass,s,1({node.id}))"
            yield from (f" same => n{step}" for step in _WRITERS[type(node)](self, node))

    def play(self, node: Play) -> Iterator[str]:
        yield _playback(node.prompts)
        yield _goto(node.then)

    def crisis(self, node: Crisis) -> Iterator[str]:
        yield ",Gosub(acd-crisis,s,1)"
        yield _goto(node.then)

    def hours(self, node: Hours) -> Iterator[str]:
        yield f",Gosub(acd-hours,{node.line.name},1(${{EPOCH}}))"
        yield _when("open", node.open)
        yield _when("holiday", node.holiday)
        yield _goto(node.closed)

    def language(self, node: Language) -> Iterator[str]:
        # Asterisk looks for nl/acd/x below the caller's language first and then as it stands.
        languages = (ref.name for ref in node.keys.values())
        files = "&".join(f"{language}/{_file(prompt)}" for language in languages for prompt in node.prompts)
        yield _choose(node, files, node.timeout, node.repeats)
        for key, language in node.keys.items():
            chosen = f'${{IF($["${{GOSUB_RETVAL}}" = "{key}"]?{language.name}:${{CHANNEL(language)}})}}'
            yield f",Set(CHANNEL(language)={chosen})"
        yield _goto(node.then)

    def menu(self, node: Menu) -> Iterator[str]:
        yield _choose(node, _files(node.prompts), node.timeout, node.repeats)
        yield from (_when(key, to) for key, to in node.keys.items())
        yield _when("timeout", node.on_timeout)
        yield _goto(node.on_invalid)

    def info(self, node: Info) -> Iterator[str]:
        if not node.keys:
            yield _playback(node.prompts)
            yield from self._settled("informed", None)
        else:
            yield _choose(node, _files(node.prompts), AT_ONCE, WRONG_KEYS, ",once")
            yield ',GotoIf($["${GOSUB_RETVAL}" = "invalid"]?bye)'
            yield ',GotoIf($["${GOSUB_RETVAL}" != "timeout"]?chosen)'
            yield from self._settled("informed", None)
            yield f",Gosub(acd-ask,s,1(,{node.timeout:g}))"
            yield "(chosen),NoOp()"
            yield from (_when(key, to) for key, to in node.keys.items())
        yield f"(bye),Playback(acd/{GOODBYE})"
        yield ",Hangup()"

    def closed(self, node: Closed) -> Iterator[str]:
        yield from self._settled("closed", node.line)
        if node.keys:
            yield _choose(node, _files(node.prompts), node.timeout, WRONG_KEYS, ",once")
            yield from (_when(key, to) for key, to in node.keys.items())
        else:
            yield _playback(node.prompts)
        yield ",Hangup()"

    def queue(self, node: Queue) -> Iterator[str]:
        if greeting := self._greetings.get(node.line.name):
            yield f",Playback(acd/{greeting})"
        yield f",Goto(acd-queue,{node.line.name},1)"

    def transfer(self, node: Transfer) -> Iterator[str]:
        to = self._destinations[node.to.name]
        phone = f"PJSIP/{to.digits}@acd-trunk" if to.outside else f"PJSIP/{to.digits}"
        yield f",Set(ACD_LINE={self._line})"
        yield f",Dial({phone},{node.ring},m(acd)gIU(acd-flow-up))"
        yield ',GotoIf($["${DIALSTATUS}" = "ANSWER"]?over)'
        yield _goto(node.then)
        yield "(over),Hangup()"

    def hangup(self, node: Hangup) -> Iterator[str]:
        if node.prompts:
            yield _playback(node.prompts)
        yield ",Hangup()"

    def _settled(self, state: str, line: Ref | None) -> Iterator[str]:
        yield f",Set(ACD_LINE={line.name if line else self._line})"
        yield f",Set(ACD_STATE={state})"


def _file(prompt: Ref) -> str:
    return f"acd/{prompt.name}"


def _files(prompts: Iterable[Ref]) -> str:
    return "&".join(map(_file, prompts))


def _playback(prompts: Iterable[Ref]) -> str:
    return f",Playback({_files(prompts)})"


def _choose(node: Ask, files: str, seconds: float, repeats: int, once: str = "") -> str:
    return f",Gosub(acd-choose,s,1({files},{seconds:g},{repeats},{''.join(node.keys)}{once}))"


def _when(result: str, to: Ref) -> str:
    return f',GotoIf($["${{GOSUB_RETVAL}}" = "{result}"]?{to.name},1)'


def _goto(to: Ref) -> str:
    return f",Goto({to.name},1)"


_WRITERS: Final[Mapping[type[Node], Callable[[_FlowWriter, Any], Iterator[str]]]] = {
    Play: _FlowWriter.play,
    Crisis: _FlowWriter.crisis,
    Hours: _FlowWriter.hours,
    Language: _FlowWriter.language,
    Menu: _FlowWriter.menu,
    Info: _FlowWriter.info,
    Closed: _FlowWriter.closed,
    Queue: _FlowWriter.queue,
    Transfer: _FlowWriter.transfer,
    Hangup: _FlowWriter.hangup,
}
