"""``ivr_flows`` -> :class:`Flows`, or one :class:`FlowError` with every fault of all its files."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from acd.config.city import City, CityLine
from acd.config.faults import Fault, did_you_mean
from acd.config.source import UNREADABLE, Source
from acd.ivr.catalogue import Catalogue, read_source
from acd.ivr.check import check_graph
from acd.ivr.faults import FlowError
from acd.ivr.fields import Fields, said
from acd.ivr.names import Known
from acd.ivr.nodes import NODE_ID, Destination, Flow, Flows, Node, Queue
from acd.ivr.reader import NAME_RULE, FlowReader
from acd.model.ids import LineId
from acd.model.menu import Captions, Menus

DESTINATIONS: Final = "destinations.yaml"
"""The one file that is no flow: names of numbers to which a menu may transfer."""

QUEUES: Final = "queues.yaml"
_LINE_ID: Final = re.compile(r"[a-z][a-z0-9_]+")
"""A line is an extension: one with ``_`` in front would be a pattern, and single letters have meanings of their own."""


def load_flows(directory: Path, lines: Mapping[LineId, CityLine], prompts: Catalogue) -> Flows:
    """Read and check all flows of the city.

    Args:
        directory: ``ivr_flows``: a file a flow, and ``destinations.yaml``.
        lines: the lines of the city, as ``queues.yaml`` has them.
        prompts: the prompts there are.

    Raises:
        FlowError: faults, all of them: in the files, in what they lead to, and numbers that nobody would answer.
    """
    sources: list[Source] = []
    destinations = _destinations(directory / DESTINATIONS, sources)
    known = Known(lines.keys(), destinations.keys(), prompts.texts)
    paths = [path for path in sorted(directory.glob("*.yaml")) if path.name != DESTINATIONS]
    flows = {path.stem: _flow(path, known, sources) for path in paths}
    faults = [fault for source in sources for fault in source.faults]
    answering = _answering(flows.values(), lines, faults)
    faults += _line_faults(directory, flows, lines, answering, prompts)
    if faults:
        raise FlowError(faults)
    numbers = {did: answering[line.id] for line in lines.values() for did in line.dids}
    return Flows(flows, destinations, numbers)


def load_captions(directory: Path, city: City) -> Menus:
    """What the nodes of all flows are called, also of flows with faults: who looks at a call is not the one who mends
    the menus. A node in which callers wait is called as its line is, unless it has a caption of its own.

    Raises:
        OSError: the folder cannot be read.
    """
    known = Known(city.lines.keys(), (), {})
    paths = [path for path in sorted(directory.iterdir()) if path.suffix == ".yaml" and path.name != DESTINATIONS]
    flows = [FlowReader(read_source(path), path.stem, known).flow() for path in paths]
    answering = _answering(flows, city.lines, [])
    captions = {flow.id: {node.id: _captions(node, city) for node in flow.nodes.values()} for flow in flows}
    numbers = {did: answering[line.id] for line in city.lines.values() for did in line.dids if line.id in answering}
    return Menus(numbers, captions)


def _captions(node: Node, city: City) -> Captions:
    if node.captions or not isinstance(node, Queue):
        return node.captions
    line = city.policy.lines.get(LineId(node.line.name))
    return {} if line is None else line.names


def _flow(path: Path, known: Known, sources: list[Source]) -> Flow:
    source = read_source(path)
    sources.append(source)
    if not NODE_ID.fullmatch(path.stem):
        source.fault((), f"the file's name becomes the name of the flow: {NAME_RULE}, then .yaml")
    reader = FlowReader(source, path.stem, known)
    flow = reader.flow()
    check_graph(flow, reader.unreadable, source)
    return flow


# --- Destinations ---------------------------------------------------------------------------------------------------


def _destinations(path: Path, sources: list[Source]) -> dict[str, Destination]:
    """``name: {number: 3292666111}`` (through the trunk) or ``name: {extension: 4001}`` (a phone of the city)."""
    if not path.exists():
        return {}
    source = read_source(path)
    sources.append(source)
    if source.data is UNREADABLE:
        return {}
    if not isinstance(source.data, dict):
        source.fault((), f"must be blocks of 'name:', not {said(source.data)}")
        return {}
    return {name: _destination(source, name, values) for name, values in source.data.items()}


def _destination(source: Source, name: str, values: Any) -> Destination:
    fields = Fields(source, (name,), values)
    if not NODE_ID.fullmatch(name):
        fields.fault("", f"cannot be the name of a destination: {NAME_RULE}")
    outside = "number" in fields
    field, least, most = ("number", 3, 15) if outside else ("extension", 2, 10)
    digits = fields.name(field, "a number, digits only").name
    if digits and not (digits.isascii() and digits.isdigit() and least <= len(digits) <= most):
        fields.fault(field, f"must be {least} to {most} digits and nothing else, not {said(digits)}")
    fields.finish("a destination: give 'number' or 'extension'")
    return Destination(digits, outside=outside)


# --- Who answers what -----------------------------------------------------------------------------------------------


def _answering(flows: Iterable[Flow], lines: Mapping[LineId, CityLine], faults: list[Fault]) -> dict[str, str]:
    """Line -> the flow that answers it: the one ``queues.yaml`` names, else the one that names the line."""
    answering: dict[str, str] = {line.id: line.flow for line in lines.values() if line.flow}
    for flow in flows:
        for ref in flow.answers:
            first = answering.setdefault(ref.name, flow.id)
            if first != flow.id:
                message = f"line {ref.name!r} is answered by flow {first!r} already"
                faults.append(Fault(flow.file, ref.at, "answers", message))
    return answering


def _line_faults(
    directory: Path,
    flows: Mapping[str, Flow],
    lines: Mapping[LineId, CityLine],
    answering: Mapping[str, str],
    prompts: Catalogue,
) -> Iterable[Fault]:
    for line in lines.values():
        if not _LINE_ID.fullmatch(line.id):
            yield Fault(
                QUEUES, 1, f"lines.{line.id}", "a line's id begins with a letter and has two characters or more"
            )
        where = f"lines.{line.id}"
        flow = answering.get(line.id)
        if line.dids and flow is None:
            numbers = ", ".join(line.dids)
            yield Fault(str(directory), 1, "", f"no flow answers {numbers}: name line {line.id!r} under 'answers'")
        elif flow is not None and flow not in flows:
            yield Fault(QUEUES, 1, f"{where}.flow", f"there is no flow {flow!r}{did_you_mean(flow, flows)}")
        for language, texts in prompts.texts.items():
            if line.greeting and line.greeting not in texts:
                yield Fault(QUEUES, 1, f"{where}.greeting", f"prompt {line.greeting!r} is missing in {language}.yaml")
