"""AMI on the wire, without I/O: bytes in, frames out; headers in, bytes out.

A frame is some ``Name: value`` lines, each ended by CRLF, and an empty line. Asterisk writes values as they are: they
may be empty, hold ``: ``, a lone CR or LF, or bytes that are not UTF-8 (kept by ``surrogateescape``). Nothing here
grows without bound, and nothing but :class:`ProtocolError` is raised for whatever the other side sends.
"""

import re
from collections.abc import Iterable
from typing import Final

from acd.model.mendable import Mendable

_EOL: Final = b"\r\n"
_END: Final = b"\r\n\r\n"
_BANNER: Final = b"Asterisk Call Manager/"

MAX_FRAME: Final = 64 * 1024
"""Bytes. The largest frames that we ask for, ``Status`` with variables, have about 1.5 kB."""
MAX_BANNER: Final = 128
MAX_LINE: Final = 1024
"""Bytes of one line that Asterisk reads; a longer one makes it refuse the whole action (manager.c, ``inbuf``)."""
MAX_LINES: Final = 128

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


class ProtocolError(Mendable):
    """What came over the AMI socket is no AMI: {why}."""

    def __init__(self, why: str) -> None:
        super().__init__(f"What came over the AMI socket is no AMI: {why}.")


class UnsafeValue(ValueError):
    """{name} must not be sent to Asterisk: {why}."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"{name} must not be sent to Asterisk: {why}.")


class Frame:
    """One message from Asterisk. Header names are spelt as Asterisk spells them."""

    __slots__ = ("_lines", "headers")

    def __init__(self, raw: bytes) -> None:
        self._lines = raw.decode("utf-8", "surrogateescape").split("\r\n")
        self.headers: dict[str, str] = {name: value for name, _, value in [i.partition(": ") for i in self._lines]}
        """Of a repeated header the last value; see :meth:`all`."""

    @classmethod
    def of(cls, *pairs: tuple[str, str]) -> "Frame":
        """A frame with these headers."""
        return cls("\r\n".join(f"{name}: {value}" for name, value in pairs).encode("utf-8", "surrogateescape"))

    def get(self, name: str, default: str = "") -> str:
        return self.headers.get(name, default)

    @property
    def event(self) -> str:
        """Name of the event; empty for a response."""
        return self.headers.get("Event", "")

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """All headers in order, repeated ones too."""
        return [(name, value) for name, _, value in [line.partition(": ") for line in self._lines]]

    def all(self, name: str) -> list[str]:
        """Every value of a header that may be repeated (``Variable``, ``Output``)."""
        return [value for key, value in self.pairs if key == name]

    @property
    def repeats(self) -> bool:
        """Some header stands here more than once."""
        return len(self.headers) != len(self._lines)

    @property
    def whole(self) -> bool:
        """It begins as every message of Asterisk does. The tail of a frame that somebody cut in two does not."""
        return self._lines[0].startswith(("Event: ", "Response: "))

    @property
    def success(self) -> bool:
        return self.headers.get("Response") == "Success"

    @property
    def message(self) -> str:
        return self.headers.get("Message", "")

    def __repr__(self) -> str:
        return f"<Frame {self.pairs}>"


class FrameParser:
    """Cuts a byte stream into frames; how the stream was chunked makes no difference.

    Args:
        banner: the stream begins with Asterisk's greeting line.
        bound: bytes at which an unfinished frame is given up.
    """

    def __init__(self, *, banner: bool = True, bound: int = MAX_FRAME) -> None:
        self.version: str | None = None if banner else ""
        """Of AMI, as the greeting says; None until it has come."""
        self._bound = bound
        self._data = bytearray()
        self._start = 0
        self._searched = 0

    def receive(self, data: bytes) -> None:
        """Take in bytes from the socket; then call :meth:`next` until it returns None."""
        if self._start:
            del self._data[: self._start]
            self._searched -= self._start
            self._start = 0
        self._data += data

    def next(self) -> Frame | None:
        """The next whole frame; None = more bytes are needed.

        Raises:
            ProtocolError: no greeting of Asterisk, or a frame above the bound.
        """
        if self.version is None and not self._greeted():
            return None
        while (end := self._data.find(_END, max(self._start, self._searched - 3))) >= 0:
            raw = bytes(self._data[self._start : end])
            self._start = self._searched = end + len(_END)
            if len(raw) > self._bound:
                raise ProtocolError(f"a frame of more than {self._bound} bytes")
            # Some error responses are followed by a second empty line (seen after PJSIPShowContacts).
            if raw := raw.removeprefix(_EOL):
                return Frame(raw)
        self._searched = len(self._data)
        if self.pending > self._bound + len(_END):
            raise ProtocolError(f"a frame of more than {self._bound} bytes")
        return None

    @property
    def pending(self) -> int:
        """Bytes of a frame that has begun and not ended."""
        return len(self._data) - self._start

    def _greeted(self) -> bool:
        end = self._data.find(_EOL)
        length = end if end >= 0 else len(self._data) - 1
        if not _BANNER.startswith(self._data[: len(_BANNER)]) or length > MAX_BANNER:
            raise ProtocolError(f"it does not begin with {_BANNER.decode()!r}")
        if end < 0:
            return False
        self.version = bytes(self._data[len(_BANNER) : end]).decode("ascii", "replace")
        self._start = self._searched = end + len(_EOL)
        return True


def encode_action(headers: Iterable[tuple[str, str]], action_id: str) -> bytes:
    """One action, ready for the socket. The ActionID is the second line: an error found later still names it.

    Raises:
        UnsafeValue: a value holds a control character (CR or LF would begin a second action, and Asterisk accepts a
            bare LF), is no text, or the action is longer than Asterisk reads.
    """
    lines = [_line(name, value) for name, value in headers]
    lines.insert(1, _line("ActionID", action_id))
    if len(lines) > MAX_LINES:
        raise UnsafeValue(lines[0].decode(), f"more than {MAX_LINES} lines")
    return _EOL.join(lines) + _END


def _line(name: str, value: str) -> bytes:
    if _NAME.fullmatch(name) is None:
        raise UnsafeValue(repr(name), "not the name of a header")
    if _CONTROL.search(value) is not None:
        raise UnsafeValue(name, f"control character in {value!r}")
    try:
        line = f"{name}: {value}".encode()
    except UnicodeEncodeError as error:
        raise UnsafeValue(name, f"{value!r} is not Unicode text") from error
    if len(line) >= MAX_LINE:
        raise UnsafeValue(name, f"longer than {MAX_LINE} bytes")
    return line
