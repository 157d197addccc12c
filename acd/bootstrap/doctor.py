"""``acd doctor``: looks at all that the service stands on, and says of each fault how it is mended."""

import re
import socket
import stat
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Any, Final

import msgspec

from acd.asterisk.fence import standby_account
from acd.asterisk.look import LoginRefused, Seen, SessionEnded, Wanted, look_once
from acd.asterisk.session import AmiSession
from acd.asterisk.settings import AmiSettings
from acd.bootstrap.backup import KEPT
from acd.bootstrap.health import disk
from acd.bootstrap.late import late_files
from acd.bootstrap.servers import accounts
from acd.bootstrap.settings import Settings
from acd.bootstrap.tools import asterisk_files, check
from acd.config import ZONE, City, load
from acd.ivr import load_catalogue
from acd.ivr.switch import frame_files
from acd.model.mendable import Mendable
from acd.records import DatabaseUnusable
from acd.records.database import open_to_listeners, parse_url, sqlite_path
from acd.records.leadership import file_of
from acd.records.migrating import newest, revision_at
from acd.records.probe import DatabaseState, Probe
from acd.runtime.control import ControlError, ServiceNotRunning, ask
from acd.web.health import CheckState

SETTINGS: Final = Path("/etc/acd/acd.env")
"""As ``packaging/acd.service`` has it; the address of a database may have a password in it."""
OLDEST: Final = (22, 10, 1)
"""Asterisks before it have known holes in AMI and SIP."""
CLOCKS_DIFFER: Final = 1.0
"""Seconds; hosts kept by NTP differ by less than a tenth."""
PATIENCE: Final = 3.0
"""Seconds for an answer over the network."""


class State(StrEnum):
    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"
    UNSEEN = "unseen"
    """It cannot be seen from here."""


class Finding(msgspec.Struct, frozen=True):
    name: str
    state: State
    what: str
    mend: str = ""
    """What to do; empty when it is in order."""


class Places(msgspec.Struct, frozen=True):
    """Where Asterisk keeps its files, when it is on this machine."""

    config: Path = Path("/etc/asterisk")
    sounds: Path = Path("/usr/share/asterisk/sounds")


async def examine(settings: Settings, places: Places) -> list[Finding]:
    """All findings, good and bad."""
    return [finding async for finding in _findings(settings, places)]


async def _findings(settings: Settings, places: Places) -> AsyncIterator[Finding]:
    city: City | None = None
    report = check(settings)
    for fault in report.faults:
        yield Finding("settings", State.FAULT, fault, "correct the file; acd check tells all its faults")
    if not report.faults:
        yield Finding("settings", State.OK, report.summary)
        city = load(settings.queues)
    for finding in (*_modes(settings), _space(settings), *_late(settings), *_call_records(settings)):
        yield finding
    async for finding in _database(settings.database_url):
        yield finding
    running, role = await _service(settings)
    yield running
    if city is not None:
        for finding in (*_files(settings, places.config), *_sounds(settings, places.sounds)):
            yield finding
        for finding in await _asterisk(settings, city, role):
            yield finding
    yield _name_resolves()


# --- This machine ----------------------------------------------------------------------------------------------------


def _modes(settings: Settings) -> Iterator[Finding]:
    """There are passwords in them, and names and numbers of people."""
    secret = [settings.state / name for name in KEPT] + [settings.spill, *late_files(settings), settings.queues]
    path = sqlite_path(parse_url(settings.database_url)) if settings.database_url.startswith("sqlite") else None
    secret += [file for file in (path, settings.ami_secret_file, SETTINGS) if file is not None]
    if settings.recordings is not None:
        # One tells of all: they are written with one mask.
        secret += islice((file for file in settings.recordings.glob("*") if file.is_file()), 1)
    open_to_all = [file for file in dict.fromkeys(secret) if file.exists() and file.stat().st_mode & stat.S_IROTH]
    shut = [file for file in open_to_all if _reachable(file)]
    for file in shut:
        yield Finding("modes", State.FAULT, f"anybody on this machine can read {file}", f"chmod o= {file}")
    if not shut:
        yield Finding("modes", State.OK, "only the service and its group read what is secret")


def _reachable(file: Path) -> bool:
    """Whether others may pass through all folders above it."""
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in file.resolve().parents)


def _space(settings: Settings) -> Finding:
    found = disk(settings.state)
    if found.state is CheckState.OK:
        return Finding("disk", State.OK, "there is space in the state folder")
    state = State.FAULT if found.state is CheckState.FAULT else State.WARNING
    return Finding(
        "disk", state, found.why, f"make the folder {settings.state}, or space in it, for the service's user"
    )


def _late(settings: Settings) -> Iterator[Finding]:
    """What this engine could not write before another took the lead from it."""
    for file in late_files(settings):
        what = f"{file.name} in the state folder holds events of an earlier term that are not in the database yet"
        mend = "keep it, and let the engine run: it brings them in as soon as whoever leads has had Asterisk for 15 s"
        yield Finding("late events", State.WARNING, what, mend)


def _call_records(settings: Settings) -> Iterator[Finding]:
    """What each Asterisk itself writes down of each call, from which gaps are repaired."""
    named, servers = len(settings.cel), max(1, len(settings.servers))
    if named < servers:
        files = f"the files of {named} of {servers} servers" if named else "no file"
        what = f"ACD_CEL names {files}: calls that only Asterisk has seen stay out of the figures"
        mend = "set it to the file that cel_custom.conf has (docs/install.md, What Asterisk writes down)"
        yield Finding("call record", State.WARNING, what, mend)
    yield from map(_call_record, settings.cel)


def _call_record(cel: Path) -> Finding:
    try:
        with cel.open("rb"):
            return Finding("call record", State.OK, f"{cel} can be read")
    except FileNotFoundError:
        what = f"there is no {cel}: Asterisk has written down no call yet, or does so elsewhere"
        return Finding("call record", State.WARNING, what, "make its folder, for Asterisk's user to write in")
    except OSError as error:
        mend = "make the service's user a member of the file's group"
        return Finding("call record", State.FAULT, f"{cel} cannot be read: {error.strerror}", mend)


def _name_resolves() -> Finding:
    name = socket.gethostname()
    try:
        socket.getaddrinfo(name, None)
    except OSError:
        mend = f"write '127.0.1.1 {name}' into /etc/hosts, also on Asterisk's host: it looks the name up for each call"
        return Finding("host name", State.FAULT, f"the host's own name {name} cannot be resolved", mend)
    return Finding("host name", State.OK, f"{name} is resolved")


_DATABASE_MENDS: Final = {
    DatabaseState.LOCKED: "end the program that holds a transaction open on it",
    DatabaseState.FULL: "make space on its disk",
    DatabaseState.READ_ONLY: "give the service's user the right to write it, and its folder",
    DatabaseState.DAMAGED: "put the file aside and restore the last backup (acd restore)",
    DatabaseState.AWAY: "start the database server, or correct ACD_DATABASE",
}


async def _database(url: str) -> AsyncIterator[Finding]:
    try:
        path = file_of(url)
        if path is not None and not path.exists():
            yield Finding("database", State.OK, "there is none yet: the first start makes it")
            return
        probe = Probe(url)
    except DatabaseUnusable as error:
        yield Finding("database", State.FAULT, str(error), "correct ACD_DATABASE")
        return
    try:
        state = await probe.state()
    finally:
        await probe.close()
    if state is DatabaseState.UNPREPARED:
        yield Finding("database", State.OK, "it is empty: the first start makes the tables")
        return
    if state is not DatabaseState.WRITABLE:
        yield Finding("database", State.FAULT, f"the database is {state}", _DATABASE_MENDS[state])
        return
    yield Finding("database", State.OK, "it can be reached and written")
    if (host := open_to_listeners(url)) is not None:
        what = f"whoever listens on the way to {host} may read citizens' numbers, or answer in its place"
        mend = "write '?sslmode=verify-full&sslrootcert=/etc/acd/database-ca.pem' behind ACD_DATABASE"
        yield Finding("database link", State.FAULT, what, mend)
    there, wanted = await revision_at(url), newest()
    if there == wanted:
        yield Finding("schema", State.OK, f"revision {there}")
    elif there is not None and there > wanted:
        mend = "install the newer version again, and go back with 'acd downgrade' before the older one comes"
        yield Finding("schema", State.FAULT, f"revision {there} was made by a newer version than this", mend)
    else:
        yield Finding(
            "schema", State.WARNING, f"revision {there}, not yet {wanted}", "the next start brings it up to date"
        )


async def _service(settings: Settings) -> tuple[Finding, str | None]:
    """How it is, and its role; None = nobody answers."""
    try:
        status = await ask(settings.socket, "status")
    except ServiceNotRunning:
        return _port(settings), None
    except (ControlError, OSError) as error:
        mend = "run this as the service's user, or root"
        return Finding("service", State.FAULT, f"it does not answer: {error}", mend), None
    if status["role"] == "leader":
        heir = f", {status['standby']} could take over" if status["standby"] else ""
        return Finding("service", State.OK, f"it runs{heir}; pages at {status['web']}"), "leader"
    if status["ready"]:
        return Finding("service", State.OK, f"it stands by; {status['leader'] or 'nobody'} leads"), "standby"
    mend = "mend what is said of the database and of AMI"
    return Finding("service", State.FAULT, "it stands by, and could not take over", mend), "standby"


def _port(settings: Settings) -> Finding:
    """Of a service that does not run."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.web_host, settings.web_port))
        except OSError as error:
            mend = "end the other program, or choose another ACD_WEB_PORT"
            return Finding("service", State.FAULT, f"its web port {settings.web_port} is taken: {error.strerror}", mend)
    return Finding("service", State.WARNING, "it does not run", "systemctl start acd")


# --- Asterisk's files ------------------------------------------------------------------------------------------------

_BUILD: Final = "acd dialplan build --to /etc/asterisk, and asterisk -rx 'core reload'"


def _files(settings: Settings, folder: Path) -> Iterator[Finding]:
    if not folder.is_dir():
        yield Finding("dialplan files", State.UNSEEN, f"{folder} is not here: Asterisk is elsewhere (--asterisk)")
        return
    site = settings.state / "site.yaml"
    if not site.exists() and any(settings.state.glob("site-*.yaml")):
        what = f"which of several servers {folder} is of cannot be told; each is asked what it has loaded"
        yield Finding("dialplan files", State.UNSEEN, what)
        return
    if not site.exists():
        yield Finding("dialplan files", State.FAULT, f"there is no {site}", _BUILD)
        return
    try:
        wanted = asterisk_files(settings, site)
        wrong = [name for name, text in wanted.items() if _text(folder / name) != text]
    except PermissionError as error:
        yield Finding("dialplan files", State.UNSEEN, f"{error.filename} cannot be read: run this as root")
        return
    except (Mendable, OSError) as error:
        yield Finding("dialplan files", State.FAULT, str(error), "correct it, and build the dialplan again")
        return
    if wrong:
        what = f"in {folder} missing, or other than they would be written now: {', '.join(sorted(wrong))}"
        yield Finding("dialplan files", State.FAULT, what, _BUILD)
    else:
        yield Finding("dialplan files", State.OK, f"{len(wanted)} files in {folder} are as they would be written now")
    bare = [name for name in wanted if (folder / name).exists() and (folder / name).stat().st_mode & stat.S_IROTH]
    if bare and _reachable(folder / bare[0]):
        mend = f"chmod o= {folder}/*.conf"
        yield Finding("dialplan modes", State.FAULT, f"anybody can read {', '.join(sorted(bare))}", mend)


def _text(path: Path) -> str | None:
    return path.read_text("utf-8") if path.exists() else None


def _sounds(settings: Settings, folder: Path) -> Iterator[Finding]:
    if not folder.is_dir():
        yield Finding("sounds", State.UNSEEN, f"{folder} is not here: Asterisk is elsewhere (--sounds)")
        return
    for language, texts in load_catalogue(settings.flows / "prompts").texts.items():
        there = {path.stem for path in (folder / language / "acd").glob("*.*")}
        missing = sorted(set(texts) - there)
        if missing:
            shown = ", ".join(missing[:5]) + (" ..." if len(missing) > 5 else "")
            what = f"{len(missing)} of {len(texts)} prompts have no sound in {language}: {shown}"
            yield Finding("sounds", State.FAULT, what, f"acd prompts build --to {folder}")
        else:
            yield Finding("sounds", State.OK, f"{len(texts)} prompts in {language}")


# --- The running Asterisk --------------------------------------------------------------------------------------------


def wanted(city: City) -> Wanted:
    modules = frame_files()["modules.conf"]
    devices = dict.fromkeys(str(operator.device) for operator in city.policy.operators.values())
    return Wanted(
        modules=tuple(re.findall(r"^load = (\S+)", modules, re.MULTILINE)),
        barred=tuple(re.findall(r"^noload = (\S+)", modules, re.MULTILINE)),
        queues=tuple(f"acd-{line}" for line in city.policy.lines),
        endpoints=("acd-trunk", *devices),
    )


async def _asterisk(settings: Settings, city: City, role: str | None) -> list[Finding]:
    """Of several servers each is looked at, and named with what is found there."""
    found: list[Finding] = []
    for ami in accounts(settings).values():
        here = [await _standby_account(ami)] if _is_shared(settings.database_url) else []
        if role == "standby":
            here.append(Finding("AMI", State.UNSEEN, "another engine leads: ask on its host"))
        else:
            here += await _engine_account(settings, ami, city, running=role is not None)
        found += [msgspec.structs.replace(one, name=f"{one.name} {ami.server}".rstrip()) for one in here]
    return found


def _is_shared(url: str) -> bool:
    """Two engines may run on it. One whose address is wrong is told as a fault of the database."""
    try:
        return file_of(url) is None
    except DatabaseUnusable:
        return False


async def _standby_account(ami: AmiSettings) -> Finding:
    """Without it no engine takes over from another."""
    account = standby_account(ami)
    session = AmiSession(account, lambda event: None)
    try:
        await session.open()
    except SessionEnded as error:
        mend = "acd dialplan build, and a reload of Asterisk: it must know this account too"
        return Finding("AMI standby", State.FAULT, f"{account.user} cannot log in: {error.reason}", mend)
    finally:
        session.end("looked")
    return Finding("AMI standby", State.OK, f"{account.user} may log in, to take over from another engine")


async def _engine_account(settings: Settings, ami: AmiSettings, city: City, *, running: bool) -> list[Finding]:
    try:
        seen = await (_by_service(settings, ami) if running else look_once(ami, wanted(city)))
    except LoginRefused as error:
        if error.in_use:
            return [Finding("AMI", State.UNSEEN, "another engine is logged in: ask on its host")]
        mend = "ACD_AMI_USER and the secret must be those of manager.conf: acd dialplan build, and a reload of Asterisk"
        return [Finding("AMI", State.FAULT, f"{settings.ami_user} is refused: {error.reason}", mend)]
    except SessionEnded as error:
        where = "ACD_SERVERS" if ami.server else "ACD_AMI_HOST, ACD_AMI_PORT"
        mend = f"start Asterisk; AMI must listen on {ami.host}:{ami.port} ({where})"
        return [Finding("AMI", State.FAULT, error.reason, mend)]
    except (Mendable, OSError) as error:
        return [Finding("AMI", State.FAULT, str(error), "correct the settings of the AMI account")]
    return list(judged(seen, _build(settings, ami)))


async def _by_service(settings: Settings, ami: AmiSettings) -> Seen:
    """The account may be logged in once: whoever is, asks for us."""
    answer = await ask(settings.socket, "look", server=ami.server)
    if answer["seen"] is None:
        raise SessionEnded("the service has no link to Asterisk")
    return msgspec.convert(answer["seen"], Seen)


def _build(settings: Settings, ami: AmiSettings) -> str:
    """Digest of what would be written now; empty when that cannot be said."""
    site = settings.state / (f"site-{ami.server}.yaml" if ami.server else "site.yaml")
    try:
        text = asterisk_files(settings, site)["acd-build.conf"] if site.exists() else ""
    except (Mendable, OSError):
        return ""
    return text.strip().rpartition("=")[2]


def judged(seen: Seen, build: str) -> Iterator[Finding]:
    """What a look at Asterisk means.

    Args:
        build: digest of the files as they would be written now; empty = unknown.
    """
    yield Finding("AMI", State.OK, "the account is let in")
    yield _version(seen.version)
    yield _loaded(seen.build, build)
    if seen.missing_modules:
        what = f"not loaded: {', '.join(seen.missing_modules)}"
        yield Finding("modules", State.FAULT, what, "install them, use our modules.conf, and restart Asterisk")
    elif seen.version:
        yield Finding("modules", State.OK, "all of modules.conf are loaded")
    if seen.dangerous_modules:
        what = f"whoever has the AMI password could run programs or read secrets by {', '.join(seen.dangerous_modules)}"
        yield Finding("modules barred", State.FAULT, what, "use our modules.conf, and restart Asterisk")
    if seen.missing_queues:
        yield Finding("queues", State.FAULT, f"no fallback queue {', '.join(seen.missing_queues)}", _BUILD)
    yield from _phones(seen.phones)
    if abs(seen.offset) > CLOCKS_DIFFER:
        what = f"Asterisk's clock is {abs(seen.offset):.1f} s {'behind' if seen.offset > 0 else 'ahead of'} ours"
        yield Finding("clock", State.FAULT, what, "let NTP keep both hosts (timedatectl set-ntp true)")
    else:
        yield Finding("clock", State.OK, "both clocks agree")
    yield _zone(seen.timezone)
    if seen.allowed:
        what = f"the AMI account may do more than it needs: {', '.join(seen.allowed)}"
        yield Finding("AMI rights", State.FAULT, what, "use our manager.conf: write=call,originate and nothing else")
    else:
        yield Finding("AMI rights", State.OK, "the account may do no more than it needs")


def _version(version: str) -> Finding:
    found = re.search(r"(\d+)\.(\d+)\.(\d+)", version)
    if found is None:
        return Finding(
            "version", State.UNSEEN, "Asterisk does not say its version", "load func_version.so: our modules.conf"
        )
    if tuple(map(int, found.groups())) < OLDEST:
        least = ".".join(map(str, OLDEST))
        return Finding("version", State.FAULT, f"Asterisk {found[0]} has known holes", f"install {least} or newer")
    return Finding("version", State.OK, f"Asterisk {found[0]}")


def _loaded(there: str, wanted: str) -> Finding:
    if not wanted:
        what = "what it should be cannot be told: its site.yaml (of several servers: site-NAME.yaml) is not here"
        return Finding("dialplan", State.UNSEEN, what)
    if there == wanted:
        return Finding("dialplan", State.OK, "Asterisk has loaded what would be written now")
    what = "Asterisk has loaded another dialplan than would be written now" if there else "our dialplan is not loaded"
    return Finding("dialplan", State.FAULT, what, _BUILD)


def _phones(phones: Iterable[tuple[str, str]]) -> Iterator[Finding]:
    codecs: Mapping[str, str] = dict(phones)
    unknown = [name for name, allowed in codecs.items() if not allowed]
    deaf = [name for name, allowed in codecs.items() if allowed and not re.search("alaw|ulaw|g722|opus", allowed)]
    if unknown:
        yield Finding("phones", State.FAULT, f"Asterisk knows no endpoint {', '.join(unknown)}", _BUILD)
    if deaf:
        yield Finding(
            "codecs", State.FAULT, f"no codec of ours at {', '.join(deaf)}", "allow=alaw,ulaw; use our pjsip.conf"
        )
    if not unknown and not deaf:
        yield Finding("phones", State.OK, f"{len(codecs)} endpoints, each with a codec of ours")


def _zone(there: str) -> Finding:
    here = f"{datetime.now(ZONE):%z}"
    if there == here:
        return Finding("timezone", State.OK, f"Asterisk knows the time of {ZONE.key}")
    mend = "install tzdata on Asterisk's host (its container too), and restart Asterisk: opening hours go by it"
    what = f"Asterisk takes {ZONE.key} to be UTC{there or '?'}, and it is UTC{here}"
    return Finding("timezone", State.FAULT, what, mend)


def as_dict(finding: Finding) -> dict[str, Any]:
    return msgspec.to_builtins(finding)  # type: ignore[no-any-return]
