"""The lines of what is said to be a backup: each is known for what it is, or named with its number."""

import base64
import gzip
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from acd.model.mendable import Mendable

FORMAT: Final = "acd backup 1"


class BadBackup(Mendable):
    """{path} is no whole backup: {why}."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path} is no whole backup: {why}")


class Head(msgspec.Struct, frozen=True):
    revision: str
    """Of the tables, when it was made."""


class TableBegins(msgspec.Struct, frozen=True):
    name: str
    columns: tuple[str, ...]


class RowOf(msgspec.Struct, frozen=True):
    """Of the table that began last."""

    values: Mapping[str, Any]


class FileKept(msgspec.Struct, frozen=True):
    name: str
    content: bytes


class End(msgspec.Struct, frozen=True):
    counts: Mapping[str, int]
    """Rows by table."""


Part = Head | TableBegins | RowOf | FileKept | End


@contextmanager
def opened(backup: Path) -> Iterator[Iterator[Part]]:
    """What is in a backup.

    Raises:
        BadBackup: it is none, or damaged; also while it is read.
        OSError: it cannot be read.
    """
    with gzip.open(backup, "rt", encoding="utf-8") as file:
        yield read_parts(file, backup)


def read_parts(lines: Iterable[str], backup: Path) -> Iterator[Part]:
    """From the head to the end.

    Args:
        backup: for the errors.

    Raises:
        BadBackup: a line is none of a backup, there is no end, or the file cannot be unpacked.
    """
    columns: tuple[str, ...] | None = None
    number = 0
    try:
        numbered = enumerate(lines, 1)
        for number, line in numbered:
            part = _part(json.loads(line), columns)
            if isinstance(part, Head) != (number == 1):
                raise ValueError("it does not begin like one" if number == 1 else "a second head")
            # Only who has read the file to its end knows whether its sum is right.
            if isinstance(part, End) and next(numbered, None) is not None:
                raise ValueError("something follows the end")
            yield part
            if isinstance(part, End):
                return
            if isinstance(part, TableBegins):
                columns = part.columns
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise BadBackup(backup, f"it cannot be unpacked after line {number}: {error}") from None
    except (ValueError, RecursionError) as error:
        # What is not UTF-8, too.
        raise BadBackup(backup, f"line {number}: {error}") from None
    raise BadBackup(backup, "its end is missing")


def _part(line: Any, columns: tuple[str, ...] | None) -> Part:
    """
    Raises:
        ValueError: it is none.
    """
    match line:
        case {"format": str(format), "revision": str(revision)} if format == FORMAT:
            return Head(revision)
        case {"table": str(name), "columns": [*names]} if all(isinstance(one, str) for one in names):
            return TableBegins(name, tuple(names))
        case [*values] if columns is not None and len(values) == len(columns):
            return RowOf(dict(zip(columns, values, strict=True)))
        case {"file": str(name), "data": str(data)}:
            return FileKept(name, base64.b64decode(data, validate=True))
        case {"end": dict(counts)} if all(type(count) is int for count in counts.values()):
            return End(counts)
        case _:
            raise ValueError("it is none of a backup")
