"""The service's log: lines for a person, or JSON for machines; without anything about citizens; never in the way.

Each line has what it is about (``call``, ``operator``, ``callback``, ``attempt``): whoever handles a fact says so once
(:mod:`acd.runtime.driver`), and all that is logged on the way bears it. Numbers that slip in, in the words of a
library, are left out here. A reader of the log that stands still (a full pipe) holds no caller up: a thread of its own
writes.
"""

import atexit
import logging
import os
import queue
import re
import sys
import threading
from collections.abc import Mapping
from io import UnsupportedOperation
from typing import Any, Final, TextIO, cast

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

STDERR: Final = 2
MOST_LINES: Final = 10_000
"""Lines that wait for a reader that stands still; what is more is counted and lost."""
LAST_WORDS: Final = 2.0
"""Seconds that the end of the process waits for the reader."""

_NUMBER: Final = re.compile(r"\+\d{6,15}|(?<![\w.])0\d{7,14}(?!\w)|(?<![\w.])[1-9]\d{10,14}(?!\w|\.\d)")
"""A telephone number: international with ``+`` or without, national with its 0. Asterisk's ids of calls (ten digits and
a dot) are none."""
_ADDRESS: Final = re.compile(r"(?<![\w/:.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
"""Of e-mail; not of a database or a telephone (``postgresql://acd@host``, ``sip:1001@host``)."""
_ROW: Final = re.compile(r"DETAIL:.*")
"""With it PostgreSQL shows the row that it refuses, whole."""


def configure_log(json: bool = False) -> None:
    """Log to stderr from now on, what libraries have to say included (warnings and worse).

    Args:
        json: JSON lines; otherwise lines for a person, in colour on a terminal.
    """
    try:
        outlet = Outlet(sys.stderr.fileno())
    except UnsupportedOperation:  # Somebody reads along.
        outlet = Outlet(STDERR)
    common: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        discreet,
    ]
    renderer: Processor = (
        structlog.processors.JSONRenderer()
        if json
        else structlog.dev.ConsoleRenderer(
            colors=os.isatty(2), exception_formatter=structlog.dev.plain_traceback, pad_event_to=0
        )
    )
    structlog.configure(
        processors=[*common, renderer], logger_factory=structlog.WriteLoggerFactory(file=cast("TextIO", outlet))
    )
    of_libraries = logging.StreamHandler(outlet)
    of_libraries.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
            foreign_pre_chain=common,
        )
    )
    logging.basicConfig(handlers=[of_libraries], level=logging.WARNING, force=True)


def discreet(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Leave telephone numbers and addresses of e-mail out, and the rows that a database shows with its refusal."""
    return {name: _discreet(value) for name, value in event.items()}


def _discreet(value: Any) -> Any:
    match value:
        case str():
            return _ROW.sub("DETAIL: [left out]", _ADDRESS.sub("[address]", _NUMBER.sub("[number]", value)))
        case Mapping():
            return {key: _discreet(one) for key, one in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_discreet(one) for one in value]
        case None | bool() | int() | float():
            return value
        case _:
            return _discreet(str(value))


class Outlet:
    """A file that takes each line at once, and writes in a thread of its own. Only as much of a file as loggers need.

    Args:
        to: file descriptor. Not a Python file: its lock would be held by a write that never ends.
        most: lines that may wait.
    """

    def __init__(self, to: int, most: int = MOST_LINES) -> None:
        self._to = to
        self._lines: queue.Queue[str | None] = queue.Queue(most)
        self._lost = 0
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()
        atexit.register(self.close)

    def write(self, text: str) -> int:
        try:
            self._lines.put_nowait(text)
        except queue.Full:
            self._lost += 1
        return len(text)

    def flush(self) -> None:
        """Nothing is kept back."""

    def close(self) -> None:
        """Write what is there, if the reader takes it now."""
        atexit.unregister(self.close)
        try:
            self._lines.put(None, timeout=LAST_WORDS)
        except queue.Full:
            return
        self._thread.join(LAST_WORDS)

    def _run(self) -> None:
        while (text := self._lines.get()) is not None:
            lost, self._lost = self._lost, 0
            self._put(f"{text}[{lost} lines of the log are lost: nobody took them]\n" if lost else text)

    def _put(self, text: str) -> None:
        data = memoryview(text.encode("utf-8", "backslashreplace"))
        try:
            while data:
                data = data[os.write(self._to, data) :]
        except OSError:
            # Nobody reads any more; there is no other place to say so.
            self._lost += 1
