"""YAML text -> plain values and the line of each; whatever is unreadable is noted, and reading goes on behind it.

ruamel.yaml scans and parses; the values are made here, from a small part of YAML 1.2: text, whole and decimal numbers,
``true`` and ``false``, lists and blocks. So ``nl: no`` is text, ``9:00`` is no base-60 number, ``2026-12-24`` no date
and ``0900`` no octal; tags, anchors and merge keys are refused, which leaves nothing to expand or to construct.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, StreamMark, YAMLError
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

MAX_BYTES: Final = 512 * 1024
"""A city with 500 operators needs about 60 kB."""
MAX_DEPTH: Final = 10

UNREADABLE: Final = object()
"""Stands for a value whose fault has been told already."""

_INTEGER: Final = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_DECIMAL: Final = re.compile(r"-?(0|[1-9][0-9]{0,17})\.[0-9]{1,17}")
_WORDS: Final = {"true": True, "false": False, "null": None, "~": None, "": None}
_HEAD: Final = re.compile(r"( *)([A-Za-z0-9_-]+) *:( |$)")
# ruamel counts these as line breaks or refuses them; in this file they are always an accident.
_STRAY: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


class Unreadable(Exception):
    """{message}, at a line counted from 0."""

    def __init__(self, line: int, message: str) -> None:
        self.line = line
        super().__init__(message)


class Source:
    """One reading of the file. ``data`` is what it says, ``faults`` what could not be read."""

    def __init__(self, content: bytes, file: str) -> None:
        self.file = file
        self.faults: list[Fault] = []
        self._lines: dict[Path, int] = {}
        self._unreadable: set[Path] = set()
        self._masked: set[int] = set()
        self.data: Any = UNREADABLE
        try:
            self._read(_decoded(content))
        except Unreadable as error:
            self.fault((), str(error), line=error.line + 1)

    def fault(self, path: Path, message: str, *, line: int | None = None) -> None:
        """Note a fault at ``path``, in its line or else in that of the block around it."""
        self.faults.append(Fault(self.file, self.line(path) if line is None else line, dotted(path), message))

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

    def _read(self, text: str) -> None:
        lines = text.splitlines()
        try:
            self.data = self._document(text)
        except Unreadable as error:
            self._start_again()
            if not (blocks := _broken_blocks(lines)):
                raise
            self._mask(lines, blocks, error)
            self.data = self._document("\n".join(lines))

    def _start_again(self) -> None:
        self.faults.clear()
        self._lines.clear()
        self._unreadable.clear()

    def _mask(self, lines: list[str], blocks: list[tuple[int, int, Unreadable]], whole: Unreadable) -> None:
        """Leave only the head of each broken block, so that the rest of the file can be read."""
        for first, end, error in blocks:
            head = _HEAD.match(lines[first])
            if head is None:
                raise whole
            self._masked.add(first)
            lines[first:end] = [head[1] + head[2] + ":", *[""] * (end - first - 1)]
            self.faults.append(Fault(self.file, error.line + 1, head[2], str(error)))

    def _document(self, text: str) -> Any:
        events = _events(text)
        data: Any = UNREADABLE
        for event in events:
            if isinstance(event, DocumentStartEvent) and data is not UNREADABLE:
                raise Unreadable(event.start_mark.line, "a second document begins here: the file holds one")
            if isinstance(event, NodeEvent):
                data = self._value(event, events, ())
        if data is UNREADABLE and not self._unreadable:
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
        if line in self._masked and len(path) <= 2:
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
            values[str(path[0])] = second | first
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


def _decoded(content: bytes) -> str:
    if len(content) > MAX_BYTES:
        raise Unreadable(0, f"the file is too large: more than {MAX_BYTES // 1024} kB")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start)
        byte = content[error.start]
        raise Unreadable(line, f"is not UTF-8 (byte 0x{byte:02X}): save the file as UTF-8") from None
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if stray := _STRAY.search(text):
        line = text.count("\n", 0, stray.start())
        raise Unreadable(line, f"contains the invisible character U+{ord(stray[0]):04X}")
    return text


def _events(text: str) -> Iterator[Event]:
    """The parser's events, with every way in which it can fail made one.

    ruamel.yaml lets ``OverflowError`` and ``ValueError`` out for an escape such as ``"\\UFFFFFFFF"``.
    """
    depth = line = 0
    try:
        for event in YAML(typ="safe", pure=True).parse(text):
            line = event.start_mark.line
            depth += isinstance(event, MappingStartEvent | SequenceStartEvent)
            depth -= isinstance(event, MappingEndEvent | SequenceEndEvent)
            if depth > MAX_DEPTH:
                raise Unreadable(line, "blocks are nested too deep")
            yield event
    except MarkedYAMLError as error:
        raise _plainly(error) from None
    except (YAMLError, ValueError, OverflowError, IndexError, AttributeError, AssertionError) as error:
        raise Unreadable(line, f"cannot be read as YAML ({shown(error)})") from None


_SYNTAX: Final = (
    ("found unexpected end of stream", "a quote is opened here and never closed"),
    ("cannot start any token", "'{char}' cannot stand here; text that begins with it needs quotes"),
    ("mapping values are not allowed here", "a ':' too many: text with ': ' in it needs quotes"),
    ("could not find expected ':'", "a ':' is missing after the key"),
    ("did not find expected <document start>", "this cannot stand here"),
    ("expected <block end>", "this is indented differently from the lines around it, or a ',' or a quote is misplaced"),
    ("but found '<stream end>'", "this is never finished"),
)


def _plainly(error: MarkedYAMLError) -> Unreadable:
    problem, context = error.problem or "", error.context or ""
    at: StreamMark | None = error.problem_mark or error.context_mark
    began: StreamMark | None = error.context_mark
    if "flow" in context and began is not None:
        bracket = "[" if "sequence" in context else "{"
        return Unreadable(began.line, f"a '{bracket}' is opened here and not closed, or a ',' is missing")
    if "'\\t'" in problem and at is not None:
        return Unreadable(at.line, "a tab: indent with spaces")
    if "end of stream" in problem or "stream end" in problem:
        at = began or at
    char = problem.split("'")[1] if problem.count("'") > 1 else ""
    says = next((words for key, words in _SYNTAX if key in problem), f"cannot be read as YAML ({shown(problem)})")
    return Unreadable(at.line if at is not None else 0, says.format(char=char))


def _broken_blocks(lines: Sequence[str]) -> list[tuple[int, int, Unreadable]]:
    """The smallest blocks of one or two levels that cannot be read by themselves, as first line, end and why."""
    broken = []
    for first, end in _blocks(lines, 0, len(lines)):
        if (error := _broken(lines, first, end)) is None:
            continue
        entries = [(a, b, _broken(lines, a, b)) for a, b in _blocks(lines, first + 1, end)]
        inner = [(a, b, why) for a, b, why in entries if why is not None and _HEAD.match(lines[a])]
        broken += inner or [(first, end, error)]
    return broken


def _broken(lines: Sequence[str], first: int, end: int) -> Unreadable | None:
    try:
        for _ in _events("\n".join(lines[first:end])):
            pass
    except Unreadable as error:
        return Unreadable(first + error.line, str(error))
    return None


def _blocks(lines: Sequence[str], first: int, end: int) -> list[tuple[int, int]]:
    """Cut ``lines[first:end]`` where a line is indented no more than the first one; comments do not count."""
    indents = [(n, len(lines[n]) - len(lines[n].lstrip(" "))) for n in range(first, end) if _says_something(lines[n])]
    starts = [n for n, indent in indents if indent <= indents[0][1]]
    return list(pairwise([*starts, end]))


def _says_something(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith(("#", "%", "---"))
