"""Menus as graphs: the checks against the plainest possible oracle, and that whatever compiles leads somewhere."""

import tempfile
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from acd.ivr import FlowError, dialplan, load_flows
from acd.ivr.switch import frame_files
from tests.ivr.city import prompts, small_city
from tests.ivr.dialplan_text import has, jumps, read

CITY = small_city()
FRAME = read(frame_files()["acd.conf"])
TODAY = date(2026, 11, 22)

Nodes = dict[str, dict[str, Any]]


def _names(size: int) -> list[str]:
    return ["start", *(f"node{number}" for number in range(1, size))]


@st.composite
def graphs(draw: st.DrawFn, forward: bool = False) -> Nodes:
    """The nodes of a flow. ``forward``: silent ways lead only to later nodes, so that there is no ring."""
    names = _names(draw(st.integers(1, 9)))
    nodes: Nodes = {}
    for place, name in enumerate(names):
        later = names[place + 1 :] if forward else names
        silent = st.sampled_from([*later, "hangup", "queue gentinfo", "info answer", "closed closed"])
        pressed = st.sampled_from([*names, "queue sportlijn", "hangup goodbye", "transfer police"])
        nodes[name] = draw(_node(silent, pressed))
    return nodes


def _node(silent: st.SearchStrategy[str], pressed: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, Any]]:
    keys = st.dictionaries(st.sampled_from("0123456789*#"), pressed, min_size=1, max_size=4)
    ask = {"timeout": st.integers(1, 60), "repeats": st.integers(0, 9)}
    return st.one_of(
        st.fixed_dictionaries({"play": st.sampled_from(["hello", ["hello", "answer"]]), "then": silent}),
        st.fixed_dictionaries({"crisis": st.just("play"), "then": silent}),
        st.fixed_dictionaries(
            {"hours": st.sampled_from(["gentinfo", "sportlijn"]), "open": silent},
            optional={"closed": silent, "holiday": silent},
        ),
        st.fixed_dictionaries(
            {"language": st.just("language"), "keys": st.just({"1": "nl", "2": "en"}), "then": silent}, optional=ask
        ),
        st.fixed_dictionaries(
            {"menu": st.just("choose"), "keys": keys, "on_timeout": silent, "on_invalid": pressed}, optional=ask
        ),
        st.fixed_dictionaries({"info": st.just("answer")}, optional={"keys": keys}),
        st.fixed_dictionaries({"closed": st.just("closed")}, optional={"keys": keys, "line": st.just("sportlijn")}),
        st.fixed_dictionaries({"transfer": st.just("police")}, optional={"then": silent}),
        st.fixed_dictionaries({"queue": st.just("gentinfo")}),
        st.fixed_dictionaries({"hangup": st.just("goodbye")}),
    )


def _load(nodes: Nodes) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        yaml = YAML(typ="safe", pure=True)
        flow = {"answers": "gentinfo", "languages": ["nl", "en"], "nodes": nodes}
        with (Path(folder) / "main.yaml").open("w") as file:
            yaml.dump(flow, file)
        (Path(folder) / "destinations.yaml").write_text("police: {number: 3292666111}\n")
        return load_flows(Path(folder), CITY.lines, prompts())


def _ways(nodes: Nodes, *fields: str) -> dict[str, set[str]]:
    """Node -> nodes, as the file says it."""
    ways = {}
    for name, node in nodes.items():
        targets = [node.get(field) for field in fields if field not in ("closed",) or "hours" in node]
        if "keys" in fields and "language" not in node:
            targets += node.get("keys", {}).values()
        ways[name] = {target for target in targets if isinstance(target, str) and target in nodes}
    return ways


def _closure(ways: dict[str, set[str]]) -> dict[str, set[str]]:
    """Who can get where in one step or more: repeated until nothing is new."""
    reach = {name: set(targets) for name, targets in ways.items()}
    for _ in ways:
        for name in ways:
            reach[name] |= {far for near in reach[name] for far in reach[near]}
    return reach


SILENT = ("then", "open", "closed", "holiday", "on_timeout")


@settings(max_examples=150)
@given(graphs())
def test_rings_and_unreachable_nodes_are_found_as_a_plain_search_finds_them(nodes: Nodes) -> None:
    try:
        _load(nodes)
        faults: tuple[Any, ...] = ()
    except FlowError as error:
        faults = error.faults
    told_lost = {f.path.removeprefix("nodes.") for f in faults if "never reached" in f.message} & nodes.keys()
    everywhere = _closure(_ways(nodes, *SILENT, "on_invalid", "keys"))
    assert told_lost == nodes.keys() - everywhere["start"] - {"start"}

    silently = _closure(_ways(nodes, *SILENT))
    in_ring = {name for name in nodes if name in silently[name]}
    told = [f.message.partition("nothing: ")[2].split(" > ") for f in faults if "goes round" in f.message]
    assert bool(told) == bool(in_ring)
    for ring in told:
        assert ring[0] == ring[-1]
        assert all(b in _ways(nodes, *SILENT)[a] for a, b in pairwise(ring))
    # Each knot of rings is told once.
    knots = {
        frozenset(other for other in in_ring if other in silently[name] and name in silently[other]) for name in in_ring
    }
    assert {frozenset(k for k in knots if set(ring) <= k) for ring in told} == {frozenset([k]) for k in knots}
    assert len(told) == len(knots)
    assert len(faults) == len(told) + sum("never reached" in f.message for f in faults), "no other faults"


def _only_reached(nodes: Nodes) -> Nodes:
    reach = _closure(_ways(nodes, *SILENT, "on_invalid", "keys"))["start"] | {"start"}
    return {name: node for name, node in nodes.items() if name in reach}


@settings(max_examples=80)
@given(graphs(forward=True))
def test_whatever_compiles_leads_somewhere_and_never_runs_into_the_next_node(nodes: Nodes) -> None:
    flows = _load(_only_reached(nodes))
    plan = read(dialplan(flows, CITY, TODAY))
    everything = FRAME | plan
    assert not FRAME.keys() & plan.keys()
    for context, extens in plan.items():
        for exten, steps in extens.items():
            assert steps[-1].app in {"Goto", "Hangup", "Return"}
            assert len(exten) < 80
            for target in jumps(everything, context, exten):
                assert has(everything, *target), f"{context},{exten} jumps to {target}"
    assert set(_only_reached(nodes)) <= plan["acd-flow-main"].keys()
