"""Files that hold passwords or citizens' data: nobody but their owner and their group reads them."""

import os
import stat
from pathlib import Path

from acd.model.mendable import Mendable


class OpenToAll(Mendable):
    """{path} holds a secret, and everybody on this machine may read it."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} holds a secret, and everybody on this machine may read it: chmod o= {path}")


def read_private(path: Path) -> str:
    """The text of a file with a secret, without blanks around it.

    Raises:
        OpenToAll: everybody may read it, or write to it; what it says is not believed any more.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_mode & stat.S_IRWXO:
            raise OpenToAll(path)
        return file.read().decode("utf-8", "replace").strip()


def make_private(path: Path) -> None:
    """A file that only owner and group may read, from its first byte on; one that is there loses what others may.

    A file that is there is never opened: closing it would free the locks that SQLite holds on it in this process
    (https://www.sqlite.org/howtocorrupt.html, section 2.2), and another process could write into our transaction.

    Raises:
        OSError: it can neither be made nor changed.
    """
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & stat.S_IRWXO:
            path.chmod(mode & ~stat.S_IRWXO)
