"""``python -m acd.bootstrap.told FILE SINCE``: reads Asterisk's own record and writes down what it tells, for the
service that has started it (:func:`acd.bootstrap.repair.read_beside`)."""

import sys
from pathlib import Path
from typing import Any, Final

import msgspec

from acd.asterisk.cel import read_told
from acd.bootstrap.background import LESS, give_way
from acd.model.told import Told

UNREADABLE: Final = b"!"
"""What is written instead: this, and why."""


def encoded(told: Told) -> bytes:
    return msgspec.msgpack.encode(told, enc_hook=str)


def decoded(written: bytes) -> Told:
    """
    Raises:
        OSError: the record could not be read.
        msgspec.MsgspecError: that was written by something else.
    """
    if written.startswith(UNREADABLE):
        raise OSError(written.removeprefix(UNREADABLE).decode("utf-8", "replace"))
    return msgspec.msgpack.decode(written, type=Told, dec_hook=_path)


def _path(kind: type[Any], value: Any) -> Any:
    return kind(value)


def main(file: str, since: str) -> None:
    give_way(LESS)
    try:
        written = encoded(read_told(Path(file), float(since)))
    except OSError as error:
        written = UNREADABLE + f"{error.filename or file}: {error.strerror or error}".encode()
    sys.stdout.buffer.write(written)


if __name__ == "__main__":
    main(*sys.argv[1:])
