"""A PostgreSQL server of our own, gone afterwards."""

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

import psycopg

from sim.lab.asterisk import LabError


class Cluster:
    """A private PostgreSQL server on 127.0.0.1; anybody may log in as ``acd``.

    Args:
        folder: an empty folder of its own.
        port: of a :class:`~sim.lab.slots.Slot`. A port that is free now may be taken for somebody's outgoing connection
            before the server, which is stopped and started again, has it.
    """

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, port
        self.bin = _find_binaries()
        self._databases = 0
        if os.geteuid() == 0:
            # PostgreSQL refuses to run as root.
            user = pwd.getpwnam("postgres" if _has_user("postgres") else "nobody")
            os.chown(folder, user.pw_uid, user.pw_gid)
            self._as = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
        else:
            self._as = []

    def initialise(self) -> None:
        self._run("initdb", "-D", self._data, "-U", "acd", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")

    def start(self) -> None:
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        self._run("pg_ctl", "-D", self._data, "-w", "-l", f"{self.folder}/log", "-o", options, "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-D", self._data, "-w", "-m", "immediate", "stop")

    @property
    def pid(self) -> int:
        """The server's process, parent of those that serve its sessions."""
        return int(Path(f"{self._data}/postmaster.pid").read_text().split()[0])

    def url(self, database: str) -> str:
        return f"postgresql://acd@127.0.0.1:{self.port}/{database}"

    def execute(self, statement: str, database: str = "postgres") -> None:
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(statement.encode())

    def new_database(self) -> str:
        self._databases += 1
        name = f"t{self._databases}"
        self.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    @property
    def _data(self) -> str:
        return f"{self.folder}/data"

    def _run(self, program: str, *arguments: str) -> None:
        command = [*self._as, str(self.bin / program), *arguments]
        # Not a pipe: the server would inherit it and keep it open.
        with tempfile.TemporaryFile() as output:
            done = subprocess.run(command, stdout=output, stderr=output, cwd="/", check=False)
            if done.returncode:
                output.seek(0)
                raise LabError(f"{program} failed: {output.read().decode(errors='replace')}")


def _find_binaries() -> Path:
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (folder / "initdb").exists():
            return folder
    found = shutil.which("initdb")
    if found is None:
        raise LabError("PostgreSQL's server programs are missing: install the Debian package postgresql")
    return Path(found).resolve().parent


def _has_user(name: str) -> bool:
    return any(entry.pw_name == name for entry in pwd.getpwall())
