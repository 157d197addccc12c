"""YAML text -> plain values and the line of each; whatever is unreadable is noted, and reading goes on behind it.

ruamel.yaml scans and parses; the values are made here, from a small part of YAML 1.2: text, whole and decimal numbers,
``true`` and ``false``, lists and blocks. So ``nl: no`` is text, ``9:00`` is no base-60 number, ``2026-12-24`` no date
and ``0900`` no octal; tags, anchors and merge keys are refused, which leaves nothing to expand or to construct.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from acd.config.faults import Fault, Path, dotted, shown
from acd.config.syntax import HEAD, Broken, Unreadable, broken_blocks, decoded, parse_events

UNREADABLE: Final = object()
"""Stands for a value whose fault has been told already."""

_INTEGER: Final = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_DECIMAL: Final = re.compile(r"-?(0|[1-9][0-9]{0,17})\.[0-9]{1,17}")
_WORDS: Final = {"true": True, "false": False, "null": None, "~": None, "": None}


class Source:
    """One reading of the file. ``data`` is what it says, ``faults`` what could not be read."""

    def __init__(self, content: bytes, file: str) -> None:
        self.file = file
        self.faults: list[Fault] = []
        self._lines: dict[Path, int] = {}
        self._unreadable: set[Path] = set()
        self._masked: set[int] = set()
        self._gaps = False
        self.data: Any = UNREADABLE
        try:
            text, strays = decoded(content)
            self._read(text, [Fault(file, stray.line + 1, "", str(stray)) for stray in strays])
        except Unreadable as error:
            self.fault((), str(error), line=error.line + 1)

    def fault(self, path: Path, message: str, *, line: int | None = None) -> None:
        """Note a fault at ``path``, in its line or else in that of the block around it."""
        self.faults.append(Fault(self.file, self.line(path) if line is None else line, dotted(path), message))

    def missing(self, path: Path, message: str) -> None:
        """Note that something is not there; unless blocks were left out whole, for then it may be in one of them."""
        if not self._gaps:
            self.fault(path, message)

    def line(self, path: Path) -> int:
        """The line of ``path``, counted from 1; that of the nearest block around it when it is not in the file."""
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path, 1)

    def has(self, path: Path) -> bool:
        return path in self._lines

    def unreadable(self, path: Path) -> bool:
        """Whether ``path`` is, or lies in, something unreadable: its fault has been told."""
        return any(path[:length] in self._unreadable for length in range(len(path) + 1))

    def _read(self, text: str, strays: list[Fault]) -> None:
        lines = text.split("\n")
        self.faults += strays
        try:
            self.data = self._document(text)
        except Unreadable:
            self._start_again(strays)
            if not (blocks := broken_blocks(lines)):
                raise
            self._mask(lines, blocks)
            self.data = self._document("\n".join(lines))

    def _start_again(self, strays: list[Fault]) -> None:
        self.faults = [*strays]
        self._lines.clear()
        self._unreadable.clear()

    def _mask(self, lines: list[str], blocks: list[Broken]) -> None:
        """Leave only the head of each broken block, if it has one, so that the rest of the file can be read."""
        for block in blocks:
            head = HEAD.match(lines[block.first])
            lines[block.first : block.end] = [head[0] if head else "", *[""] * (block.end - block.first - 1)]
            self._masked.add(block.first)
            self._gaps = self._gaps or head is None
            self.fault(block.path, str(block.error), line=block.error.line + 1)

    def _document(self, text: str) -> Any:
        events = parse_events(text)
        data: Any = UNREADABLE
        for event in events:
            if isinstance(event, DocumentStartEvent) and data is not UNREADABLE:
                self.fault((), "a second document begins here: the file holds one", line=event.start_mark.line + 1)
                return data
            if isinstance(event, NodeEvent):
                data = self._value(event, events, ())
        if data in (None, UNREADABLE) and not self.faults:
            raise Unreadable(0, "the file is empty")
        return data

    def _value(self, event: Event, events: Iterator[Event], path: Path) -> Any:
        line = event.start_mark.line
        self._lines.setdefault(path, line + 1)
        if isinstance(event, AliasEvent):
            return self._refuse(path, "aliases (*) are not supported: write the value out", line)
        if getattr(event, "anchor", None) is not None:
            self.fault(path, "anchors (&) are not supported: use 'defaults'", line=line + 1)
        value = self._untagged(event, events, path)
        if getattr(event, "tag", None) is not None:
            return self._refuse(path, "tags (!) are not supported", line)
        return value

    def _untagged(self, event: Event, events: Iterator[Event], path: Path) -> Any:
        match event:
            case MappingStartEvent():
                return self._mapping(events, path)
            case SequenceStartEvent():
                return self._sequence(events, path)
            case ScalarEvent():
                return self._scalar(event, path)
            case _:
                raise Unreadable(event.start_mark.line, "cannot be read")

    def _refuse(self, path: Path, message: str, line: int) -> Any:
        self.fault(path, message, line=line + 1)
        self._unreadable.add(path)
        return UNREADABLE

    def _sequence(self, events: Iterator[Event], path: Path) -> list[Any]:
        values: list[Any] = []
        while not isinstance(event := next(events), SequenceEndEvent):
            values.append(self._value(event, events, (*path, len(values))))
        return values

    def _mapping(self, events: Iterator[Event], path: Path) -> dict[str, Any]:
        values: dict[str, Any] = {}
        while not isinstance(event := next(events), MappingEndEvent):
            key = self._key(event, events, path)
            if key is None:
                Source._skip(next(events), events)
            elif key not in values:
                values[key] = self._entry(event, events, (*path, key))
            else:
                self._twice(values, event, events, (*path, key))
        return values

    def _entry(self, key: Event, events: Iterator[Event], path: Path) -> Any:
        line = key.start_mark.line
        self._lines[path] = line + 1
        value = self._value(next(events), events, path)
        if line in self._masked:
            self._unreadable.add(path)
            return UNREADABLE
        return value

    def _twice(self, values: dict[str, Any], key: Event, events: Iterator[Event], path: Path) -> None:
        """The first of two entries counts. Of a section of the file both do, for the sake of its other faults."""
        self.fault(path, f"is written twice; first in line {self._lines[path]}", line=key.start_mark.line + 1)
        event = next(events)
        if len(path) == 1 and isinstance(event, MappingStartEvent) and isinstance(values[str(path[0])], dict):
            first, second = values[str(path[0])], self._mapping(events, path)
            for name in first.keys() & second.keys():
                self.fault((*path, name), "is written twice")
            values[str(path[0])] = first | second
        else:
            Source._skip(event, events)

    def _key(self, event: Event, events: Iterator[Event], path: Path) -> str | None:
        line = event.start_mark.line + 1
        if not isinstance(event, ScalarEvent) or event.tag is not None or event.anchor is not None:
            self.fault(path, "a key must be a plain word", line=line)
            Source._skip(event, events)
            return None
        key = str(event.value)
        if key == "<<" and event.style is None:
            self.fault(path, "merge keys (<<) are not supported: use 'defaults'", line=line)
            return None
        if not key or not key.isprintable():
            self.fault(path, f"'{shown(key)}' cannot be a key", line=line)
            return None
        return key

    @staticmethod
    def _skip(event: Event, events: Iterator[Event]) -> None:
        depth = 0
        while True:
            depth += isinstance(event, MappingStartEvent | SequenceStartEvent)
            depth -= isinstance(event, MappingEndEvent | SequenceEndEvent)
            if depth == 0:
                return
            event = next(events)

    def _scalar(self, event: ScalarEvent, path: Path) -> Any:
        text = str(event.value)
        if not text.isprintable():
            strange = next(char for char in text if not char.isprintable())
            what = "a line break" if strange == "\n" else f"an invisible character (U+{ord(strange):04X})"
            return self._refuse(path, f"contains {what}", event.start_mark.line)
        return text if event.style is not None else _plain(text)


def _plain(text: str) -> Any:
    """A value without quotes. Numbers that JSON would not know (0900, 1e3, 0x1F, .nan) stay text."""
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _DECIMAL.fullmatch(text) else text
