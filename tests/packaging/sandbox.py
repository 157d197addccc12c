"""Runs a command as systemd would run it under a unit: usage (as root): sandbox.py UNIT [COMMAND ...]

No systemd runs where the tests do. What the unit says is read from the unit itself, and done with the same means of the
kernel: mounts, a namespace of users, seccomp. A setting that is not known here ends it, so that a new one cannot be
forgotten. Standard library alone: it runs on the machine on which the package has just been installed.
"""

import ctypes
import errno
import os
import pwd
import shlex
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

LIBC = ctypes.CDLL(None, use_errno=True)
DONE_HERE = {
    *("User", "Group", "EnvironmentFile", "ExecStart", "StateDirectory", "StateDirectoryMode", "UMask"),
    *("ReadWritePaths", "NoNewPrivileges", "CapabilityBoundingSet", "AmbientCapabilities", "ProtectSystem"),
    *("ProtectHome", "PrivateTmp", "PrivateDevices", "PrivateUsers", "PrivateIPC", "ProtectProc", "ProcSubset"),
    *("RestrictAddressFamilies", "RestrictNamespaces", "MemoryDenyWriteExecute"),
    *("SystemCallFilter", "SystemCallErrorNumber"),
}
NOT_OF_THE_SANDBOX = {
    *("Type", "NotifyAccess", "WatchdogSec", "WatchdogSignal", "ExecReload", "Restart", "RestartSec"),
    *("TimeoutStopSec", "TimeoutStartSec"),
}
NEEDS_A_RIGHT_THAT_IS_GONE = {
    *("ProtectClock", "ProtectHostname", "ProtectKernelLogs", "ProtectKernelModules", "ProtectKernelTunables"),
    *("ProtectControlGroups", "RestrictRealtime", "RestrictSUIDSGID", "LockPersonality", "RemoveIPC"),
    "SystemCallArchitectures",
}
"""Without capabilities, and with the filter of system calls, little of it could be done anyway; scored, not run."""

Unit = dict[str, list[str]]


def read_unit(path: Path) -> Unit:
    """The settings of its service; a setting that stands twice has both."""
    found: Unit = {}
    section = ""
    for line in path.read_text("utf-8").splitlines():
        if line.startswith("["):
            section = line
        elif section == "[Service]" and "=" in line and not line.startswith(("#", ";")):
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
    unknown = found.keys() - DONE_HERE - NOT_OF_THE_SANDBOX - NEEDS_A_RIGHT_THAT_IS_GONE
    if unknown:
        sys.exit(f"{path}: {', '.join(sorted(unknown))}: not known to {Path(__file__).name}")
    return found


def on(unit: Unit, name: str, value: str = "yes") -> bool:
    return unit.get(name, [""])[-1] == value


def check(result: int, what: str) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


# --- The tree --------------------------------------------------------------------------------------------------------


def mount(source: str, target: str, kind: str = "", flags: int = 0, options: str = "") -> None:
    check(LIBC.mount(source.encode(), target.encode(), kind.encode(), flags, options.encode()), f"mount {target}")


BIND, REC, RDONLY = 0x1000, 0x4000, 0x1


def writable(path: str, yes: bool, *, deep: bool = True) -> None:
    """mount_setattr(2), of all mounts below as well."""
    flag = ctypes.c_uint64(RDONLY)
    attributes = (ctypes.c_uint64 * 4)(0 if yes else flag.value, flag.value if yes else 0, 0, 0)
    at, recursive = -100, 0x8000 if deep else 0
    check(LIBC.syscall(442, at, path.encode(), recursive, attributes, ctypes.sizeof(attributes)), f"setattr {path}")


def arrange_tree(unit: Unit) -> None:
    """What may be written, and what may be seen."""
    keep = [f"/var/lib/{name}" for name in " ".join(unit.get("StateDirectory", [])).split()]
    for path in " ".join(unit.get("ReadWritePaths", [])).split():
        if os.path.exists(path.removeprefix("-")):
            keep.append(path.removeprefix("-"))
        elif not path.startswith("-"):
            sys.exit(f"ReadWritePaths={path}: there is none")
    if on(unit, "ProtectSystem", "strict"):
        for path in keep:
            mount(path, path, flags=BIND | REC)
        writable("/", False)
        for path in [*keep, "/proc", "/dev"]:
            writable(path, True)
    if on(unit, "ProtectHome"):
        for path in ("/home", "/root", "/run/user"):
            if os.path.isdir(path):
                mount("tmpfs", path, "tmpfs", RDONLY, "mode=000")
    if on(unit, "PrivateTmp"):
        for path in ("/tmp", "/var/tmp"):
            mount("tmpfs", path, "tmpfs", 0, "mode=1777")
    if on(unit, "PrivateDevices"):
        few_devices()
    options = [
        *(["hidepid=invisible"] if on(unit, "ProtectProc", "invisible") else []),
        *(["subset=pid"] if on(unit, "ProcSubset", "pid") else []),
    ]
    mount("proc", "/proc", "proc", 0, ",".join(options))


def few_devices() -> None:
    mount("tmpfs", "/mnt", "tmpfs", 0, "mode=755")
    for name in ("null", "zero", "full", "random", "urandom", "tty"):
        Path("/mnt", name).touch()
        mount(f"/dev/{name}", f"/mnt/{name}", flags=BIND)
    for name, to in {"fd": "/proc/self/fd", "stdin": "fd/0", "stdout": "fd/1", "stderr": "fd/2"}.items():
        os.symlink(to, f"/mnt/{name}")
    mount("/mnt", "/dev", flags=BIND | REC)


# --- The user --------------------------------------------------------------------------------------------------------


def become(unit: Unit) -> None:
    """The unit's user, in a namespace that knows of him and root alone, with no right and no way to one."""
    user = pwd.getpwnam(unit["User"][-1])
    for name in " ".join(unit.get("StateDirectory", [])).split():
        os.makedirs(f"/var/lib/{name}", exist_ok=True)
    os.umask(int(unit.get("UMask", ["0022"])[-1], 8))
    os.initgroups(user.pw_name, user.pw_gid)
    os.setresgid(user.pw_gid, user.pw_gid, user.pw_gid)
    ready, mapped = os.pipe(), os.pipe()
    helper = os.fork()
    if helper == 0:
        os.close(ready[1])
        os.read(ready[0], 1)
        for kind, own in (("uid", user.pw_uid), ("gid", user.pw_gid)):
            Path(f"/proc/{os.getppid()}/{kind}_map").write_text(f"0 0 1\n{own} {own} 1\n")
        os.write(mapped[1], b"x")
        os._exit(0)
    if on(unit, "PrivateUsers"):
        # Root's right to map both is the helper's; of the service's own it must not depend.
        check(LIBC.unshare(0x10000000), "unshare users")
        os.write(ready[1], b"x")
        os.read(mapped[0], 1)
    os.waitpid(helper, 0) if on(unit, "PrivateUsers") else os.kill(helper, 9)
    if unit.get("CapabilityBoundingSet", [""])[-1] == "":
        for capability in range(64):
            LIBC.prctl(24, capability, 0, 0, 0)
    os.setresuid(user.pw_uid, user.pw_uid, user.pw_uid)
    for end in (*ready, *mapped):
        os.close(end)
    check(LIBC.prctl(38, 1, 0, 0, 0), "no new privileges")


def environment(unit: Unit) -> dict[str, str]:
    user = pwd.getpwnam(unit["User"][-1])
    known = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": user.pw_dir, "USER": user.pw_name, "LANG": "C.UTF-8"}
    if "NOTIFY_SOCKET" in os.environ:
        known["NOTIFY_SOCKET"] = os.environ["NOTIFY_SOCKET"]
    for file in unit.get("EnvironmentFile", []):
        for line in Path(file).read_text("utf-8").splitlines():
            if "=" in line and not line.startswith("#"):
                name, _, value = line.partition("=")
                known[name] = "".join(shlex.split(value))
    return known


# --- The calls -------------------------------------------------------------------------------------------------------

SECCOMP_ALLOW, SECCOMP_ERRNO = 0x7FFF0000, 0x00050000
NOT_EQUAL, EQUAL, MASKED_EQUAL = 1, 4, 7


class Compare(ctypes.Structure):
    """``struct scmp_arg_cmp``."""

    _fields_ = [("arg", ctypes.c_uint), ("op", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64)]


class Filter:
    """One filter of system calls, by libseccomp as systemd makes its own."""

    def __init__(self, otherwise: int) -> None:
        self._lib = ctypes.CDLL("libseccomp.so.2", use_errno=True)
        self._lib.seccomp_init.restype = ctypes.c_void_p
        self._context = ctypes.c_void_p(self._lib.seccomp_init(otherwise))

    def rule(self, action: int, call: str, *where: tuple[int, int, int, int]) -> None:
        number = self._lib.seccomp_syscall_resolve_name(call.encode())
        if number < 0:
            return  # Another architecture's.
        compared = (Compare * max(1, len(where)))(*(Compare(*one) for one in where))
        result = self._lib.seccomp_rule_add_array(self._context, action, number, len(where), compared)
        if result != 0:
            raise OSError(-result, f"seccomp {call}: {os.strerror(-result)}")

    def load(self) -> None:
        result = self._lib.seccomp_load(self._context)
        if result != 0:
            raise OSError(-result, f"seccomp: {os.strerror(-result)}")


def calls_of(names: Iterable[str]) -> set[str]:
    """With those of the groups, as this systemd knows them."""
    found: set[str] = set()
    for name in names:
        if name.startswith("@"):
            said = subprocess.run(
                ["systemd-analyze", "--no-pager", "syscall-filter", name], capture_output=True, text=True, check=True
            ).stdout
            lines = [line.strip() for line in said.splitlines()[1:]]
            found |= calls_of([line for line in lines if line and not line.startswith("#")])
        else:
            found.add(name)
    return found


def filters(unit: Unit) -> list[Filter]:
    refused = SECCOMP_ERRNO | getattr(errno, unit.get("SystemCallErrorNumber", ["EPERM"])[-1])
    allowed: set[str] = set()
    for line in unit.get("SystemCallFilter", []):
        if line.startswith("~"):
            allowed -= calls_of(line[1:].split())
        else:
            allowed |= calls_of(line.split())
    made = []
    if allowed:
        whole = Filter(refused)
        for call in sorted(allowed | calls_of(["@default"]) | {"execve"}):
            whole.rule(SECCOMP_ALLOW, call)
        made.append(whole)
    more = Filter(SECCOMP_ALLOW)
    if on(unit, "MemoryDenyWriteExecute"):
        more.rule(SECCOMP_ERRNO | errno.EPERM, "mmap", (2, MASKED_EQUAL, 6, 6))
        for call in ("mprotect", "pkey_mprotect"):
            more.rule(SECCOMP_ERRNO | errno.EPERM, call, (2, MASKED_EQUAL, 4, 4))
    if on(unit, "RestrictNamespaces"):
        for call in ("unshare", "setns"):
            more.rule(SECCOMP_ERRNO | errno.EPERM, call)
        more.rule(SECCOMP_ERRNO | errno.ENOSYS, "clone3")
    families = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10}
    if "RestrictAddressFamilies" in unit:
        let = {families[name] for name in " ".join(unit["RestrictAddressFamilies"]).split()}
        for family in set(range(46)) - let:
            more.rule(SECCOMP_ERRNO | errno.EAFNOSUPPORT, "socket", (0, EQUAL, family, 0))
    # The list last: after it there is no way to load another.
    return [more, *made]


def main() -> None:
    unit, command = read_unit(Path(sys.argv[1])), sys.argv[2:]
    known, made = environment(unit), filters(unit)
    words = command or shlex.split(unit["ExecStart"][-1])
    flags = 0x20000 | (0x08000000 if on(unit, "PrivateIPC") else 0)
    check(LIBC.unshare(flags), "unshare mounts")
    mount("none", "/", flags=REC | (1 << 18))
    arrange_tree(unit)
    os.chdir("/")
    become(unit)
    for one in made:
        one.load()
    os.execvpe(words[0], words, known)


if __name__ == "__main__":
    main()
