"""Several labs side by side on one machine: each takes a numbered slot with ports of its own.

A slot is a locked file. The lock falls with the process that holds it, however it ends, so a slot can never be lost,
and whoever takes it next may wipe what a killed predecessor left behind. A server that outlives it (PostgreSQL's makes
itself independent) keeps the slot's first port: such a slot is passed over.
"""

import fcntl
import os
import socket
from pathlib import Path
from typing import Final

SLOTS: Final = 32
_FIRST_PORT: Final = 21000
_STEP: Final = 100
"""Ports a slot; all of them below the range from which Linux takes ports for outgoing connections."""


class Slot:
    """A numbered place, held until :meth:`release`.

    Raises:
        RuntimeError: all slots are taken.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(SLOTS):
            file = os.open(folder / f"slot-{number}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(file)
                continue
            self.number = number
            if _is_taken(self.port(0)):
                os.close(file)
                continue
            self._file = file
            self._next = self.port(10)
            return
        raise RuntimeError(f"all {SLOTS} slots below {folder} are taken")

    def port(self, offset: int) -> int:
        return _FIRST_PORT + self.number * _STEP + offset

    def next_port(self) -> int:
        """A port that this slot has not given out lately: for SIPp and for servers of a test."""
        port = self._next
        self._next = self.port(10) if port == self.port(_STEP - 1) else port + 1
        return port

    def release(self) -> None:
        os.close(self._file)


def _is_taken(port: int) -> bool:
    """Somebody listens there."""
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0
