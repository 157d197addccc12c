"""``queues.yaml`` -> :class:`City`, or one :class:`ConfigError` with every fault of the file.

The checks run side by side: what cannot be read, what pydantic finds in each value, and what does not fit together.
The last look at the raw values, so that a typing error in one line does not hide that another has no operator.
"""

import os
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path as FilePath
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from acd.config.build import build
from acd.config.city import City, FrozenDict, Interval
from acd.config.faults import ConfigError, Fault, Path, did_you_mean, dotted, message, shown
from acd.config.fields import DAYS, duration
from acd.config.roster import Roster, read_roster
from acd.config.schema import PRESETS, USUAL_PRESET, CityBlock, keys_at
from acd.config.source import UNREADABLE, Source
from acd.config.syntax import MAX_BYTES
from acd.model.facts import OfferFailure
from acd.model.outside import Outside
from acd.model.policy import SURVEY, OverflowTo

Raw = Mapping[str, Any]


def load(path: str | os.PathLike[str]) -> City:
    """Read the city's settings.

    Raises:
        ConfigError: the file cannot be read or has faults; all of them.
    """
    file = os.fspath(path)
    try:
        with FilePath(path).open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError([Fault(file, 1, "", f"cannot be read: {error.strerror}")]) from error
    return parse(content, file)


def parse(content: bytes, file: str = "queues.yaml") -> City:
    """The settings in ``content``; ``file`` is its name in messages.

    Raises:
        ConfigError: ``content`` has faults; all of them.
    """
    source = Source(content, file)
    if source.data is UNREADABLE:
        raise ConfigError(source.faults)
    document = _with_defaults(source.data)
    block = _validated(document, source)
    _check_lines(document, source)
    _check_operators(document, source)
    _check_shifts(document, source)
    _check_reasons(document, source)
    _check_webhooks(document, source)
    _check_mailings(document, source)
    _check_subjects(document, source)
    _check_outside(document, source)
    if block is not None:
        _check_double_shifts(block, source)
    roster = _roster(document, source)
    if source.faults or block is None:
        raise ConfigError(source.faults)
    return build(block, source, roster)


# --- Defaults -------------------------------------------------------------------------------------------------------


def _with_defaults(data: Any) -> Any:
    """The document with each line completed from ``defaults``."""
    if not isinstance(data, dict) or not isinstance(data.get("lines"), dict):
        return data
    defaults = _block(data, "defaults")
    lines = {id: _completed(defaults, line) if isinstance(line, dict) else line for id, line in data["lines"].items()}
    return {**data, "lines": lines}


def _completed(defaults: Raw, own: Raw) -> Raw:
    """A line with its defaults: of two that say the same in two ways, the line's own way counts."""
    if "calls_per_year" in own:
        defaults = {key: value for key, value in defaults.items() if key != "calls_per_day"}
    given = _preset(own)
    if given:
        ours = {key: value for key, value in _block(defaults, "callback").items() if key not in given}
        defaults = {**defaults, "callback": ours}
    line = _merged(defaults, own)
    if isinstance(line.get("callback"), dict):
        line = {**line, "callback": {"preset": USUAL_PRESET, **line["callback"]}}
        line["callback"] = {**_preset(line), **line["callback"]}
    return line


def _preset(line: Raw) -> Raw:
    """What the preset of its callback sets; nothing when it names none."""
    return PRESETS.get(str(_block(line, "callback").get("preset")), {})


def _merged(defaults: Raw, own: Raw) -> Raw:
    """``own`` wins; blocks are merged key by key, hours and questions are not: a line's own week is the whole week."""
    both = {**defaults, **own}
    for key in defaults.keys() & own.keys() - {"hours", "calling_hours", "questions"}:
        if isinstance(defaults[key], dict) and isinstance(own[key], dict):
            both[key] = _merged(defaults[key], own[key])
    return both


def _inherited(path: Path, source: Source) -> bool:
    """Whether the line at ``path`` got this value from the defaults, where its fault is told once."""
    in_line = path[:1] == ("lines",) and len(path) > 2
    return in_line and not source.has(path) and source.has(("defaults", *path[2:]))


# --- Each value -----------------------------------------------------------------------------------------------------


def _validated(document: Any, source: Source) -> CityBlock | None:
    try:
        return CityBlock.model_validate(document)
    except ValidationError as invalid:
        for error in invalid.errors(include_url=False):
            _note(error, source)
    return None


def _note(error: ErrorDetails, source: Source) -> None:
    path = error["loc"][:-1] if error["loc"][-1:] == ("[key]",) else error["loc"]
    if path and isinstance(path[-1], int) and not source.has(path):
        path = path[:-1]
    if error["input"] is UNREADABLE or source.unreadable(path) or _inherited(path, source):
        return
    note = source.missing if error["type"] == "missing" or error["input"] is None else source.fault
    note(path, message(error, keys_at(path)))


# --- What must fit together -----------------------------------------------------------------------------------------


def _check_lines(document: Any, source: Source) -> None:
    dids: dict[str, Path] = {}
    for id, line in _blocks(document, "lines"):
        path = ("lines", id)
        if id == SURVEY:
            source.fault(path, f"{id!r} is where operators send callers to be asked for scores: use another id")
        if "hours" not in line and not source.unreadable(("defaults",)):
            source.missing((*path, "hours"), "opening hours are missing, here and in 'defaults'")
        _check_partner(path, line, source)
        if "calls_per_day" in line and "calls_per_year" in line:
            source.fault((*path, "calls_per_year"), "give calls_per_day or calls_per_year, not both")
        for n, did in enumerate(_list(line, "dids")):
            taken = dids.setdefault(str(did), (*path, "dids", n))
            if taken != (*path, "dids", n) and isinstance(did, str | int):
                source.fault((*path, "dids", n), f"{shown(did)} is a number of {dotted(taken[:2])} already")


def _check_partner(path: Path, line: Raw, source: Source) -> None:
    if "partner" in line:
        return
    for key in ("when_full", "when_unstaffed"):
        if line.get(key) == OverflowTo.PARTNER:
            source.missing((*path, key), "sends callers to the partner, but the line has no 'partner' number")
    if duration(line.get("overflow_after")):
        source.missing((*path, "overflow_after"), "sends callers to the partner, but the line has no 'partner' number")


def _check_operators(document: Any, source: Source) -> None:
    lines = _block(document, "lines")
    devices: dict[str, str] = {}
    for id, operator in _blocks(document, "operators"):
        path = ("operators", id)
        for line in _block(operator, "lines"):
            if lines and line not in lines:
                source.missing((*path, "lines", line), "there is no such line" + did_you_mean(line, lines))
        device = operator.get("device")
        if isinstance(device, str | int) and (first := devices.setdefault(str(device), id)) != id:
            source.fault((*path, "device"), f"{shown(device)} is the device of operators.{shown(first)} already")


def _check_shifts(document: Any, source: Source) -> None:
    """Whom a shift names is an operator."""
    known = _block(document, "operators")
    shifts = _list(document, "shifts") if isinstance(document, dict) else []
    for n, raw in enumerate(shifts):
        for m, operator in enumerate(_list(raw, "operators") if isinstance(raw, dict) else ()):
            path = ("shifts", n, "operators", m)
            if known and isinstance(operator, str) and operator not in known:
                source.missing(path, f"there is no operator {shown(operator)!r}" + did_you_mean(operator, known))


def _check_double_shifts(block: CityBlock, source: Source) -> None:
    """Nobody works twice at once."""
    works: dict[tuple[str, int], list[tuple[Interval, int]]] = {}
    for n, shift in enumerate(block.shifts):
        for m, operator in enumerate(shift.operators):
            for day, hours in product(shift.days, shift.hours):
                taken = works.setdefault((operator, day), [])
                for other, by in taken:
                    if by != n and other.start < hours.end and hours.start < other.end:
                        says = f"works {DAYS[day]} {other} by shifts[{by}] already"
                        source.fault(("shifts", n, "operators", m), f"{operator} {says}")
                taken.append((hours, n))


def _roster(document: Any, source: Source) -> Roster:
    """The planner's roster; its faults are told with those of the file that names it."""
    name = document.get("roster") if isinstance(document, dict) else None
    operators = _block(document, "operators")
    if not isinstance(name, str) or not name.endswith(".csv") or FilePath(name).name != name:
        return FrozenDict()
    try:
        roster, faults = read_roster(FilePath(source.file).with_name(name), operators)
    except OSError as error:
        source.fault(("roster",), f"{shown(name)} cannot be read: {error.strerror}")
        return FrozenDict()
    source.faults += faults
    return roster


def _check_webhooks(document: Any, source: Source) -> None:
    """A line that a webhook names is there."""
    known = _block(document, "lines")
    for name, hook in _blocks(document, "webhooks"):
        for n, line in enumerate(_list(hook, "lines")):
            if known and isinstance(line, str) and line not in known:
                says = f"there is no line {shown(line)!r}" + did_you_mean(line, known)
                source.fault(("webhooks", name, "lines", n), says)


def _check_mailings(document: Any, source: Source) -> None:
    """A line that a mailed report names is there, and so is the server."""
    known = _block(document, "lines")
    for name, mailing in _blocks(document, "reports"):
        if not _block(document, "mail"):
            source.fault(("reports", name), "needs the mail server: a block 'mail' with host and sender")
        for n, line in enumerate(_list(mailing, "lines")):
            if known and isinstance(line, str) and line not in known:
                says = f"there is no line {shown(line)!r}" + did_you_mean(line, known)
                source.fault(("reports", name, "lines", n), says)


_SYSTEM_REASONS: Final = frozenset({*OfferFailure, "login", "page_lost", "phone_lost"})


def _check_outside(document: Any, source: Source) -> None:
    """A number cannot be both allowed and refused, nor a phone's own number be one for emergencies."""
    outside = _block(document, "outside")
    refused = _list(outside, "refused")
    for key in ("callbacks", "transfers"):
        for n, prefix in enumerate(_list(outside, key)):
            if prefix in refused:
                source.fault(("outside", key, n), f"{shown(prefix)} is under 'refused' too")
    emergency = {str(number) for number in outside.get("emergency", Outside().emergency) or ()}
    for id, operator in _blocks(document, "operators"):
        if (device := str(operator.get("device"))) in emergency:
            path = ("operators", id, "device")
            source.fault(path, f"{shown(device)} is an emergency number (outside.emergency): no phone can have it")


def _check_reasons(document: Any, source: Source) -> None:
    for id in _block(document, "reasons").keys() & _SYSTEM_REASONS:
        source.fault(("reasons", id), f"'{id}' is set by the system itself: use another id")


def _check_subjects(document: Any, source: Source) -> None:
    """A subject is counted under its id: one of the whole city cannot mean something else on a line."""
    city = _block(document, "subjects")
    for line, raw in _blocks(document, "lines"):
        for id in _block(raw, "subjects").keys() & city.keys():
            says = f"{shown(id)!r} is a subject of the whole city already: use another id, or leave it out here"
            source.fault(("lines", line, "subjects", id), says)


def _block(raw: Any, key: str) -> Raw:
    value = raw.get(key) if isinstance(raw, dict) else None
    return value if isinstance(value, dict) else {}


def _blocks(raw: Any, key: str) -> Iterator[tuple[str, Raw]]:
    return ((id, value) for id, value in _block(raw, key).items() if isinstance(value, dict))


def _list(raw: Raw, key: str) -> list[Any]:
    value = raw.get(key)
    return value if isinstance(value, list) else []
