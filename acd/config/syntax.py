"""YAML text -> ruamel.yaml's events; and when that fails: where, in plain words, and which blocks are to blame."""

import re
from collections.abc import Iterator, Sequence
from itertools import islice, pairwise
from typing import Final, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, StreamMark, YAMLError
from ruamel.yaml.events import Event, MappingEndEvent, MappingStartEvent, SequenceEndEvent, SequenceStartEvent

from acd.config.faults import shown

MAX_BYTES: Final = 512 * 1024
"""A city with 500 operators needs about 60 kB."""
MAX_DEPTH: Final = 10
MAX_EVENTS: Final = 30_000
"""Values, and ends of blocks. The same city has 12,000; parsing takes about a second for each 20,000."""
MAX_STRAYS: Final = 10
"""As many are shown; a file of another kind has thousands."""

HEAD: Final = re.compile(r"( *)([A-Za-z0-9_-]+) *:( |$)")
"""A line that begins an entry: its indentation and its key."""
_NO_COLON: Final = re.compile(r" *[A-Za-z0-9_<>=][^:]*")
# ruamel counts these as line breaks or refuses them; in this file they are always an accident.
_STRAY: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


class Unreadable(Exception):
    """{message}, at a line counted from 0."""

    def __init__(self, line: int, message: str) -> None:
        self.line = line
        super().__init__(message)


def decoded(content: bytes) -> tuple[str, list[Unreadable]]:
    """The text, and what is wrong with its characters; U+FFFD stands for those, so that reading can go on.

    Raises:
        Unreadable: there is too much of it.
    """
    if len(content) > MAX_BYTES:
        raise Unreadable(0, f"the file is too large: more than {MAX_BYTES // 1024} kB")
    faults: list[Unreadable] = []
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        says = f"is not UTF-8 (byte 0x{content[error.start]:02X}): save the file as UTF-8"
        faults.append(Unreadable(content.count(b"\n", 0, error.start), says))
        text = content.decode("utf-8-sig", "replace")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    for stray in islice(_STRAY.finditer(text), MAX_STRAYS):
        line = text.count("\n", 0, stray.start())
        faults.append(Unreadable(line, f"contains the invisible character U+{ord(stray[0]):04X}"))
    return _STRAY.sub("\ufffd", text), faults


def parse_events(text: str) -> Iterator[Event]:
    """The parser's events, with every way in which it can fail made one.

    ruamel.yaml lets ``OverflowError`` and ``ValueError`` out for an escape such as ``"\\UFFFFFFFF"``.
    """
    depth = line = 0
    try:
        for count, event in enumerate(YAML(typ="safe", pure=True).parse(text)):
            line = event.start_mark.line
            depth += isinstance(event, MappingStartEvent | SequenceStartEvent)
            depth -= isinstance(event, MappingEndEvent | SequenceEndEvent)
            if depth > MAX_DEPTH:
                raise Unreadable(line, "blocks are nested too deep")
            if count > MAX_EVENTS:
                raise Unreadable(line, f"the file is too large: more than {MAX_EVENTS} values up to here")
            yield event
    except MarkedYAMLError as error:
        raise _plainly(error) from None
    except (YAMLError, ValueError, OverflowError, IndexError, AttributeError, AssertionError) as error:
        raise Unreadable(line, f"cannot be read as YAML ({shown(error)})") from None


_MISPLACED: Final = "this is indented differently from the lines around it, or a ',' or a quote is misplaced"
_SYNTAX: Final = (
    ("found unexpected end of stream", "a quote is opened here and never closed"),
    ("but found '<stream end>'", "this is never finished"),
    ("cannot start any token", "'{char}' cannot stand here; text that begins with it needs quotes"),
    ("expected the node content", "'{char}' cannot stand here; text that begins with it needs quotes"),
    ("mapping values are not allowed here", "a ':' too many: text with ': ' in it needs quotes"),
    ("could not find expected ':'", "a ':' is missing after the key"),
    ("expected '<document start>'", _MISPLACED),
    ("expected <block end>", _MISPLACED),
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
    return Unreadable(at.line if at is not None else 0, says.replace("{char}", char))


class Broken(NamedTuple):
    """A block that cannot be read by itself: lines ``first`` to before ``end``, counted from 0."""

    first: int
    end: int
    path: tuple[str, ...]
    error: Unreadable


def broken_blocks(lines: Sequence[str]) -> list[Broken]:
    """The smallest such blocks of one or two levels. A quote that is never closed spoils the whole file for a parser;
    indentation tells where it was meant to end."""
    broken = []
    for first, end in _blocks(lines, 0, len(lines)):
        if (error := _broken(lines, first, end)) is None:
            continue
        section = _keys(lines[first])
        entries = [Broken(a, b, section + _keys(lines[a]), why) for a, b, why in _entries(lines, first + 1, end)]
        broken += entries or [Broken(first, end, section, error)]
    return broken


def _entries(lines: Sequence[str], first: int, end: int) -> Iterator[tuple[int, int, Unreadable]]:
    for a, b in _blocks(lines, first, end):
        if error := _broken(lines, a, b):
            yield a, b, error


def _keys(line: str) -> tuple[str, ...]:
    head = HEAD.match(line)
    return (head[2],) if head else ()


def _broken(lines: Sequence[str], first: int, end: int) -> Unreadable | None:
    if _NO_COLON.fullmatch(lines[first]):
        return Unreadable(first, "a ':' is missing after the key")
    try:
        for _ in parse_events("\n".join(lines[first:end])):
            pass
    except Unreadable as error:
        return Unreadable(first + error.line, str(error))
    return None


def _blocks(lines: Sequence[str], first: int, end: int) -> list[tuple[int, int]]:
    """Cut ``lines[first:end]`` where a line is indented no more than the first one; comments do not count."""
    indents = [(n, _indent(lines[n])) for n in range(first, end) if _says_something(lines[n])]
    starts = [n for n, indent in indents if indent <= indents[0][1]]
    return list(pairwise([*starts, end]))


def _indent(line: str) -> int:
    """A tab is a fault, but one inside the block around it."""
    line = line.expandtabs()
    return len(line) - len(line.lstrip())


def _says_something(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith(("#", "%", "---"))
