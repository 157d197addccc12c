"""AMI as Asterisk reads and writes it, without I/O: bytes in, requests out; headers in, bytes out.

The limits and their error texts were measured with Asterisk 22.10.1: a line may have 1024 bytes with its line break, a
message 128 lines; both CRLF and LF end a line; an empty message is an error of its own.
"""

from collections.abc import Iterable, Iterator
from typing import Final

BANNER: Final = b"Asterisk Call Manager/11.0.0\r\n"
MAX_LINE: Final = 1024
MAX_LINES: Final = 128

TOO_LONG: Final = "Failed to parse message: line too long"
TOO_MANY: Final = "Too many lines in message or allocation failure"

Pair = tuple[str, str]


class Request:
    """One message from a client."""

    __slots__ = ("fault", "lines")

    def __init__(self, lines: list[str], fault: str | None = None) -> None:
        self.lines = lines
        self.fault = fault
        """Why it cannot be read; its ActionID may be known all the same."""

    def get(self, name: str) -> str:
        """First header of that name, in any case; empty if there is none. Only blanks before the value are cut."""
        return next(self.all(name), "")

    def all(self, name: str) -> Iterator[str]:
        """Every value of a header that may be repeated."""
        prefix = name.lower() + ":"
        return (line[len(prefix) :].lstrip() for line in self.lines if line.lower().startswith(prefix))

    def others(self, *names: str) -> list[str]:
        """All lines but those of these headers, as they came."""
        prefixes = tuple(name.lower() + ":" for name in names)
        return [line for line in self.lines if not line.lower().startswith(prefixes)]


class RequestParser:
    """Cuts a client's bytes into requests; how they were chunked makes no difference."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._lines: list[str] = []
        self._count = 0
        self._fault: str | None = None

    def receive(self, data: bytes) -> Iterator[Request]:
        """Take in bytes; yields each request that they complete."""
        self._buffer += data
        while (line := self._next_line()) is not None:
            if line:
                self._add(line)
            else:
                yield self._finish()

    def _next_line(self) -> str | None:
        while True:
            end = self._buffer.find(b"\n", 0, MAX_LINE)
            if end >= 0:
                line = bytes(self._buffer[: end - (end > 0 and self._buffer[end - 1] == 0x0D)])
                del self._buffer[: end + 1]
                return line.decode("utf-8", "surrogateescape")
            if len(self._buffer) < MAX_LINE:
                return None
            # The last byte stays: it may be the CR of a CRLF.
            del self._buffer[: MAX_LINE - 1]
            self._fault = TOO_LONG

    def _add(self, line: str) -> None:
        self._count += 1
        if self._count > MAX_LINES:
            self._fault = TOO_MANY
        else:
            self._lines.append(line)

    def _finish(self) -> Request:
        request = Request(self._lines, self._fault)
        self._lines, self._count, self._fault = [], 0, None
        return request


def message(pairs: Iterable[Pair]) -> bytes:
    """Headers as one message."""
    return ("".join(f"{name}: {value}\r\n" for name, value in pairs) + "\r\n").encode("utf-8", "surrogateescape")
