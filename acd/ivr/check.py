"""What can be wrong with a flow although each of its nodes is right: where they lead.

A menu is a graph, and a caller must not be lost in it. Two things are refused:

- a node that no caller can reach;
- a ring of *silent* ways, taken although nobody presses a key. A telephone left off the hook, or a machine, would go
  round in it for ever and hold a channel of the trunk. That a caller who presses keys may go back to a menu is right.

A node without any way out needs no check of its own: whatever does not end the menu has a silent way on, so those ways
must close to a ring somewhere behind it.
"""

from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches

from acd.config.faults import did_you_mean, shown
from acd.config.source import Source
from acd.ivr.nodes import START, Flow, Node, Ref

Graph = Mapping[str, Collection[str]]
"""Node -> the nodes it leads to."""


def check_graph(flow: Flow, unreadable: Collection[str], source: Source) -> None:
    """Note every fault of the flow's graph in ``source``.

    ``unreadable`` nodes are there, but nobody knows where they lead: what may depend on them is not judged.
    """
    known = flow.nodes.keys() | set(unreadable)
    _note_unknown(flow, known, source)
    ways = {id: _ways(node, known, silent_only=False) for id, node in flow.nodes.items()}
    silent = {id: _ways(node, known, silent_only=True) for id, node in flow.nodes.items()}
    for ring in rings(silent):
        names = " > ".join((*ring, ring[0]))
        _note(flow.nodes[ring[0]], f"goes round for ever when the caller presses nothing: {names}", source)
    if not unreadable and START in flow.nodes:
        for id in flow.nodes.keys() - reached(ways, START):
            _note(flow.nodes[id], f"is never reached from {START!r}", source)


def reached(ways: Graph, start: str) -> set[str]:
    """The nodes that can be reached from ``start``, itself included."""
    seen: set[str] = set()
    todo = [start]
    while todo:
        id = todo.pop()
        if id not in seen and id in ways:
            seen.add(id)
            todo.extend(ways[id])
    return seen


def rings(ways: Graph) -> Iterator[list[str]]:
    """A ring of each knot of nodes that can all reach one another: a shortest one through the knot's first node."""
    after = {id: reached(ways, id) for id in ways}
    told: set[str] = set()
    for id in ways:
        knot = {other for other in after[id] if id in after[other]}
        if id not in told and any(target in knot for target in ways[id]):
            told |= knot
            yield _ring(ways, id, knot)


def _ring(ways: Graph, start: str, knot: Collection[str]) -> list[str]:
    before: dict[str, str] = {}
    layer = [start]
    while start not in before:
        following = {target: id for id in layer for target in ways[id] if target in knot and target not in before}
        before |= following
        layer = list(following)
    ring: list[str] = []
    id = before[start]
    while id != start:
        ring.append(id)
        id = before[id]
    return [start, *reversed(ring)]


def _ways(node: Node, known: Collection[str], *, silent_only: bool) -> list[str]:
    """Where the node leads. A misspelt name leads where it was meant to, so that it is told once and not again as a
    node that nobody reaches; one that nothing comes near leads out of the flow."""
    refs = (edge.to for edge in node.edges() if edge.silent or not silent_only)
    return [_meant(ref, known) for ref in refs]


def _meant(ref: Ref, known: Collection[str]) -> str:
    if ref.name in known or not ref:
        return ref.name
    return next(iter(get_close_matches(ref.name, known, n=1)), "")


def _note_unknown(flow: Flow, known: Collection[str], source: Source) -> None:
    written = [id for id in known if "__" not in id]
    for node in flow.nodes.values():
        for ref in {edge.to for edge in node.edges() if edge.to and edge.to.name not in known}:
            hint = did_you_mean(ref.name, written)
            source.fault(("nodes", node.id), f"there is no node {shown(ref.name)!r}{hint}", line=ref.at)


def _note(node: Node, message: str, source: Source) -> None:
    source.fault(("nodes", node.id), message, line=node.at)
