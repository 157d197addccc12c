"""``queues.yaml`` -> :class:`City`, or one :class:`ConfigError` with every fault of the file.

The checks run side by side: what cannot be read, what pydantic finds in each value, and what does not fit together.
The last look at the raw values, so that a typing error in one line does not hide that another has no operator.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path as FilePath
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from acd.config.build import build
from acd.config.city import City
from acd.config.faults import ConfigError, Fault, Path, did_you_mean, dotted, message, shown
from acd.config.fields import duration
from acd.config.schema import CityBlock, keys_at
from acd.config.source import UNREADABLE, Source
from acd.config.syntax import MAX_BYTES
from acd.model.facts import OfferFailure
from acd.model.policy import OverflowTo

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
    _check_reasons(document, source)
    if source.faults or block is None:
        raise ConfigError(source.faults)
    return build(block, source)


# --- Defaults -------------------------------------------------------------------------------------------------------


def _with_defaults(data: Any) -> Any:
    """The document with each line completed from ``defaults``."""
    if not isinstance(data, dict) or not isinstance(data.get("lines"), dict):
        return data
    defaults = _block(data, "defaults")
    lines = {id: _merged(defaults, line) if isinstance(line, dict) else line for id, line in data["lines"].items()}
    return {**data, "lines": lines}


def _merged(defaults: Raw, own: Raw) -> Raw:
    """``own`` wins; blocks are merged key by key, opening hours are not: a line's own week is the whole week."""
    both = {**defaults, **own}
    for key in defaults.keys() & own.keys() - {"hours"}:
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
        if "hours" not in line and not source.unreadable(("defaults",)):
            source.missing((*path, "hours"), "opening hours are missing, here and in 'defaults'")
        _check_partner(path, line, source)
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


def _check_reasons(document: Any, source: Source) -> None:
    for id in _block(document, "reasons").keys() & set(OfferFailure):
        source.fault(("reasons", id), f"'{id}' is set by the system itself: use another id")


def _block(raw: Any, key: str) -> Raw:
    value = raw.get(key) if isinstance(raw, dict) else None
    return value if isinstance(value, dict) else {}


def _blocks(raw: Any, key: str) -> Iterator[tuple[str, Raw]]:
    return ((id, value) for id, value in _block(raw, key).items() if isinstance(value, dict))


def _list(raw: Raw, key: str) -> list[Any]:
    value = raw.get(key)
    return value if isinstance(value, list) else []
