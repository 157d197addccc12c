"""Asterisk's configuration as far as it follows from the city's settings: lines, phones, trunk, engine's account.

The hand-written files in ``dialplan/`` include what is written here. Everything that reaches a file went through a
check for what would break out of its place: Asterisk's configuration has no quoting, a line end or a ``;`` in a name
would be a setting of its own.
"""

import hashlib
import math
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Final

import msgspec

from acd.ivr.browser_phone import TEMPLATE, http_config
from acd.ivr.guard import guard_dialplan
from acd.ivr.outbound import DialFormat, dialled_dialplan, emergency_dialplan, outbound_dialplan
from acd.model.ids import Device, LineId
from acd.model.mendable import Mendable
from acd.model.outside import Outside
from acd.model.policy import Line, Operator, OverflowTo, PhoneKind, Policy

HEADER: Final = "; Written by acd from the city's settings. Changes made here are lost.\n"

EVENTS: Final = (
    "FullyBooted",
    "Shutdown",
    "DialBegin",
    "DialState",
    "Hangup",
    "ContactStatus",
    "BlindTransfer",
    "AttendedTransfer",
    "Hold",
    "Unhold",
)
"""The events that the engine needs besides its own UserEvents, the states of the phones and what becomes of its own
Originates. Everything else stays in Asterisk: one call makes 617 events otherwise."""


SURVEY_DRAW: Final = 10_000
"""The dialplan draws a whole number from 1 to this; up to the line's share of it a caller is asked."""


class BadSetting(Mendable, ValueError):
    """{where}: {value!r} cannot stand in Asterisk's configuration: {why}."""

    def __init__(self, where: str, value: str, why: str) -> None:
        super().__init__(f"{where}: {value!r} cannot stand in Asterisk's configuration: {why}")


_FOLDER: Final = r"/[A-Za-z0-9/._-]{1,200}"


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """What the city's switch is connected to. Durations are seconds."""

    ami_secret: str
    phone_secrets: Mapping[Device, str]
    """SIP password of each operator's phone."""
    trunk_hosts: tuple[str, ...]
    """Addresses or networks of the carrier. SIP from anywhere else that is not a registered phone is refused."""
    trunk_contact: str | None = None
    """Where calls to the partner and calls back go: ``sip:carrier.example:5060``. None = no outgoing calls."""
    outbound_format: DialFormat = DialFormat.E164
    country: str = "32"
    """Code of the own country."""
    ami_user: str = "acd"
    ami_port: int = 5038
    ami_tls_bind: str | None = None
    """Where an engine on another host finds AMI, over TLS only: ``192.0.2.10:5039``. None = nowhere."""
    ami_tls_certificate: str = "/etc/asterisk/keys/ami.pem"
    """For the name by which the engine knows this host; the chain below it in the same file."""
    ami_tls_key: str = "/etc/asterisk/keys/ami.key"
    ami_engines: tuple[str, ...] = ()
    """Addresses from which an engine may log in besides this very host."""
    sip_bind: str = "0.0.0.0:5060"
    server: str = ""
    """Name of this server when it is one of several: ``systemname`` in its ``asterisk.conf``. Empty = it is alone."""
    peers: Mapping[str, str] = {}
    """The other servers: name -> address and port of its SIP, ``192.0.2.12:5060``."""
    http_port: int = 8088
    """Of Asterisk's HTTP server on the loopback, for the phones in browsers."""
    languages: tuple[str, ...] = ("nl", "en", "fr")
    """The operator's phone shows the line's name in the first of these that the line has."""
    rtp_timeout: int = 30
    """A call without sound for so long is dead: a laptop that was closed, a caller who lost his signal. 0 = never."""
    recordings: str = "/var/spool/asterisk/acd"
    """Folder on this host into which conversations are recorded, where a line says so."""
    qualify: int = 10
    """How often a phone is asked whether it still lives; 0 = never."""


def switch_config(
    policy: Policy, site: Site, partners: Mapping[LineId, str], numbers: Mapping[LineId, str] | None = None
) -> dict[str, str]:
    """The generated part of Asterisk's configuration: file name -> text.

    Args:
        partners: number of the partner contact centre of a line, dialled through the trunk: ``+`` and digits.
        numbers: number of a line, as the trunk delivers it; a citizen who is called back sees it. A line without one
            shows the first of them.

    Raises:
        BadSetting: a value would change the meaning of the file, or a phone has no password.
    """
    return {
        "acd-lines.conf": HEADER + _lines(policy, site, partners, numbers or {}),
        "acd-outbound.conf": HEADER + _outbound(policy.outside, site),
        "acd-queues.conf": HEADER + "\n".join(_queue(line, policy) for line in policy.lines.values()),
        "acd-pjsip.conf": HEADER + _pjsip(policy, site),
        "acd-http.conf": HEADER + http_config(site.http_port, enabled=any(map(in_browser, policy.operators.values()))),
        "acd-manager.conf": HEADER + _manager(site),
    }


def build_mark(files: Mapping[str, str]) -> str:
    """A file that says which files Asterisk has loaded: by a global, anybody who may ask learns whether it is these."""
    digest = hashlib.sha256()
    for name, text in sorted(files.items()):
        digest.update(f"{name}\0{text}\0".encode())
    return f"{HEADER}[globals](+)\nACD_BUILD={digest.hexdigest()[:16]}\n"


def frame_files() -> dict[str, str]:
    """The hand-written files that Asterisk loads: file name -> text.

    Raises:
        FileNotFoundError: they were not installed.
    """
    packaged = Path(__file__).parent.parent / "dialplan"
    folder = packaged if packaged.is_dir() else Path(__file__).parents[2] / "dialplan"
    if not (folder / "acd.conf").exists():
        raise FileNotFoundError(f"the dialplan's hand-written files are not in {folder}")
    return {path.name: path.read_text("utf-8") for path in sorted(folder.glob("*.conf"))}


def in_browser(operator: Operator) -> bool:
    return operator.phone is PhoneKind.BROWSER


def new_secrets(names: Iterable[Device], known: Mapping[Device, str]) -> dict[Device, str]:
    """A password for every phone: the known one, or a new one of 120 bits."""
    return {name: known.get(name) or secrets.token_urlsafe(15) for name in names}


# --- Lines ---------------------------------------------------------------------------------------------------------


def _lines(policy: Policy, site: Site, partners: Mapping[LineId, str], numbers: Mapping[LineId, str]) -> str:
    """Globals of the dialplan, and contexts. ``(+)`` adds to the section that ``extensions.conf`` opened."""
    language = next(iter(site.languages), "nl")
    out = [
        "[globals](+)",
        f"ACD_AMI_USER={_word('ami_user', site.ami_user)}",
        f"ACD_LANGUAGE={_word('languages', language)}",
        f"ACD_PEERS={'&'.join(_word('peers', name) for name in site.peers)}",
    ]
    for line in policy.lines.values():
        name = _name(line, site.languages)
        out.append(f"ACD_NAME_{_word('line', line.id)}={name}")
        out.append(f"ACD_CB_TITLE_{line.id}={_CALL_BACK.get(language, _CALL_BACK['en'])} {name}")
        if number := numbers.get(line.id) or next(iter(numbers.values()), ""):
            out.append(f"ACD_NUMBER_{line.id}={_shown(line.id, number, site)}")
        full = "" if line.when_full is OverflowTo.WAIT else f"{line.when_full.value}*{line.id}"
        out.append(f"ACD_FULL_{line.id}={full}")
        out += _survey(line)
        share = 0 if line.recording is None else line.recording.share
        out.append(f"ACD_REC_{line.id}={round(share * SURVEY_DRAW)}")
    if shown := next(iter(numbers.values()), ""):
        out.append(f"ACD_NUMBER={_shown(next(iter(numbers)), shown, site)}")
    out += _unchangeable(site, partners)
    return "\n".join(out) + "\n"


def _unchangeable(site: Site, partners: Mapping[LineId, str]) -> Iterator[str]:
    """What whoever may set globals over AMI must not change: where a line's overflow is dialled, and what MixMonitor()
    is told, which would run a program for him. He enters at any line, so what it reads of variables is filtered there.
    """
    yield "[acd-partner]"
    for line, number in partners.items():
        target = _match(f"partner of {line}", number, r"\+?[0-9]{2,20}", "not a number")
        yield f"exten => {_word('line', line)},1,Return(PJSIP/{target}@acd-trunk)"
    yield "exten => _[a-z].,1,Return()"
    folder = _match("recordings", site.recordings, _FOLDER, "not the path of a folder")
    yield "[acd-record-begin]"
    yield f"exten => s,1,MixMonitor({folder}/${{FILTER(A-Za-z0-9.\\x2d_,${{ACD_RECORDING}})}}.wav,b)"
    yield " same => n,Return()"


def _survey(line: Line) -> Iterator[str]:
    """Of a line that asks nobody too, but empty: Asterisk keeps its globals over a reload."""
    rule = line.survey
    asked = () if rule is None else rule.questions.items()
    questions = (f"{_word('question', id)}*{_prompt('prompt', question.prompt)}" for id, question in asked)
    yield f"ACD_SURVEY_{line.id}={'&'.join(questions)}"
    yield f"ACD_SURVEY_SHARE_{line.id}={0 if rule is None else round(rule.share * SURVEY_DRAW)}"


_CALL_BACK: Final = {"nl": "Terugbellen", "en": "Call back", "fr": "Rappeler"}
"""What the operator's phone shows before the line's name, when it rings for a call back."""


def _shown(line: LineId, number: str, site: Site) -> str:
    """A number as a citizen's phone should show it: with ``+`` when it has the country's code."""
    _match(f"number of {line}", number, r"\+?[0-9]{2,20}", "not a number")
    return f"+{number}" if number.startswith(site.country) else number


def _outbound(outside: Outside, site: Site) -> str:
    """Without a way out nothing is allowed."""
    if site.trunk_contact is None:
        outside = msgspec.structs.replace(outside, callbacks=(), transfers=(), emergency=())
    for where in ("callbacks", "transfers", "refused"):
        for prefix in getattr(outside, where):
            _match(f"outside.{where}", prefix, r"\+[1-9][0-9]{0,11}", "not the beginning of a number: + and digits")
    for number in outside.emergency:
        _match("outside.emergency", number, r"[1-9][0-9]{2,4}", "no short number")
    country = _match("country", site.country, r"[1-9][0-9]{0,2}", "no country code")
    form, refused, sent = site.outbound_format, outside.refused, outside.transfers
    contexts = (
        outbound_dialplan("acd-outbound", outside.callbacks, refused, country, form),
        outbound_dialplan("acd-transfer-out", sent, refused, country, form),
        dialled_dialplan("acd-second-line-outside", "acd-second-line", sent, country),
        dialled_dialplan("acd-phones-outside", "acd-phones-dial", sent, country),
        emergency_dialplan("acd-emergency", outside.emergency),
        guard_dialplan(outside),
    )
    return "\n".join(line for context in contexts for line in context) + "\n"


def _name(line: Line, languages: Iterable[str]) -> str:
    """The line's name for the operator's display. A display name is no place for dialplan's own signs."""
    name = next((line.names[language] for language in languages if language in line.names), line.id)
    return _display(name)


def _display(name: str) -> str:
    return re.sub(r"[^\w .,'&/+-]", " ", name).strip()


def _queue(line: Line, policy: Policy) -> str:
    """The fallback queue of a line. The lowest level that is free is rung first; within it they take turns."""
    levels: dict[Device, int] = {}
    for operator in policy.operators.values():
        if line.id in operator.lines:
            level = operator.lines[line.id]
            levels[operator.device] = min(level, levels.get(operator.device, level))
    members = (f"member = PJSIP/{_word('device', device)},{level - 1}" for device, level in levels.items())
    settings = {
        "strategy": "rrmemory",
        "musicclass": "acd",
        # Where the key leads by which the engine fetches who waits.
        "context": "acd-fetched",
        "timeout": max(1, math.ceil(line.ring_time)),
        # The time after which a caller looks up whether the engine is back cuts no ring short.
        "timeoutpriority": "conf",
        "retry": 1,
        "wrapuptime": round(line.wrap_up),
        "servicelevel": round(line.target_wait),
        "weight": line.priority,
        "maxlen": line.capacity if line.when_full is not OverflowTo.WAIT else 0,
        "ringinuse": "no",
        "setinterfacevar": "yes",
        # Whoever was let in stays in, also while nobody is logged in.
        "joinempty": "yes",
        "leavewhenempty": "no",
        "announce-frequency": 0,
        "announce-holdtime": "no",
        "announce-position": "no",
        "periodic-announce-frequency": 0,
    }
    lines = (f"[acd-{_word('line', line.id)}]", *(f"{key}={value}" for key, value in settings.items()), *members)
    return "\n".join(lines) + "\n"


# --- SIP -----------------------------------------------------------------------------------------------------------

_PJSIP_FRAME: Final = """
[global]
type=global
user_agent=acd
; The trunk is known by its address before anybody's From is looked at.
endpoint_identifier_order=ip,username
; RFC 3966 parameters are no part of the number called.
ignore_uri_user_options=yes
; A registration that ran out is noticed within this many seconds, not 30.
contact_expiration_check_interval=5

[acd-udp]
type=transport
protocol=udp
bind={bind}

[acd-trunk]
type=endpoint
transport=acd-udp
context=acd-public
disallow=all
allow=alaw,ulaw
dtmf_mode=auto_info
direct_media=no
; What the caller says of himself in From must not become CallerID: it would stand in AMI's headers, unescaped. The
; dialplan reads From itself and keeps digits only.
callerid=line <0>
trust_id_inbound=no
trust_id_outbound=no
; A number that is not exactly one of ours is 404, not "tell me more".
allow_overlap=no
allow_transfer=no
allow_subscribe=no
notify_early_inuse_ringing=no
moh_suggest=acd
rtp_timeout={rtp_timeout}
rtp_timeout_hold=3600
{aors}
[acd-trunk]
type=identify
endpoint=acd-trunk
{matches}

[acd-phone](!)
type=endpoint
transport=acd-udp
context=acd-phones
disallow=all
allow=alaw,ulaw,g722
dtmf_mode=auto_info
direct_media=no
; Phones at home sit behind a router.
rewrite_contact=yes
rtp_symmetric=yes
force_rport=yes
trust_id_inbound=no
; Blind transfer by REFER; the dialplan limits where to.
allow_transfer=yes
allow_subscribe=no
moh_suggest=acd
rtp_timeout={rtp_timeout}
rtp_timeout_hold=3600

[acd-phone-aor](!)
type=aor
max_contacts=1
; A phone that comes back from another address replaces itself.
remove_existing=yes
minimum_expiration=30
default_expiration=120
maximum_expiration=300
qualify_frequency={qualify}
qualify_timeout=2.0
"""

_TRUNK_AOR: Final = """aors=acd-trunk

[acd-trunk]
type=aor
contact={contact}
"""


def _pjsip(policy: Policy, site: Site) -> str:
    contact = site.trunk_contact and _match("trunk_contact", site.trunk_contact, r"sip:[\w.:@+-]+", "not a SIP address")
    frame = _PJSIP_FRAME.format(
        bind=_match("sip_bind", site.sip_bind, r"[\w.:\[\]]+", "not an address"),
        rtp_timeout=site.rtp_timeout,
        qualify=site.qualify,
        aors=_TRUNK_AOR.format(contact=contact) if contact else "",
        matches="\n".join(f"match={_network('trunk_hosts', host)}" for host in site.trunk_hosts),
    )
    browsers = ""
    if any(map(in_browser, policy.operators.values())):
        browsers = TEMPLATE
        for host in site.trunk_hosts:
            # Whoever comes from the trunk's address is the trunk, and is asked for no password.
            if ip_address("127.0.0.1") in ip_network(_network("trunk_hosts", host)):
                raise BadSetting("trunk_hosts", host, "phones in browsers come from there: name the carrier's own")
    return frame + _peers(site) + browsers + "".join(_phone(operator, site) for operator in _by_device(policy))


_PEER_FRAME: Final = """
[acd-peer](!)
type=endpoint
transport=acd-udp
; A phone of this server, and nothing else.
context=acd-peer
disallow=all
allow=alaw,ulaw
dtmf_mode=rfc4733
direct_media=no
; Line and number as the other server shows them to its own phones.
trust_id_inbound=yes
; An operator who sends his caller on: the caller's own server does it.
allow_transfer=yes
allow_subscribe=no
moh_suggest=acd
; The caller hears the music of his own server, and that server hears that he is held.
moh_passthrough=yes
rtp_timeout={rtp_timeout}
rtp_timeout_hold=3600

[acd-peer-aor](!)
type=aor
qualify_frequency=5
qualify_timeout=2.0
"""
_PEER: Final = """
[{name}](acd-peer)
aors={name}

[{name}](acd-peer-aor)
contact=sip:{address}

[{name}]
type=identify
endpoint={name}
match={host}
"""


def _peers(site: Site) -> str:
    """Trunks to the other servers. Each is known by its address: a phone must not come from there."""
    if not site.peers:
        return ""
    out = [_PEER_FRAME.format(rtp_timeout=site.rtp_timeout)]
    for name, address in site.peers.items():
        if name == site.server:
            raise BadSetting("peers", name, "that is this server itself")
        _match(f"peer {name}", address, r"[0-9.]+:[0-9]{1,5}", "not an address and port, as 192.0.2.12:5060")
        host = _network(f"peer {name}", address.rsplit(":", 1)[0])
        out.append(_PEER.format(name=f"acd-peer-{_word('peers', name)}", address=address, host=host))
    return "".join(out)


def _by_device(policy: Policy) -> Iterator[Operator]:
    """One operator for each phone: two operators on shifts may share a desk."""
    yield from {operator.device: operator for operator in policy.operators.values()}.values()


def _phone(operator: Operator, site: Site) -> str:
    device = _word("device", operator.device)
    secret = site.phone_secrets.get(operator.device)
    if not secret:
        raise BadSetting(f"operator {operator.id}", device, "this phone has no password")
    password = _match(f"password of {device}", secret, r"[^\s;\\]+", "spaces, ; and \\ have a meaning of their own")
    # device_state_busy_at stays unset: with it a ringing phone would be reported as busy.
    return f"""
[{device}]({"acd-browser" if in_browser(operator) else "acd-phone"})
auth={device}
aors={device}
callerid={_display(operator.name) or device} <{device}>

[{device}](acd-phone-aor)

[{device}]
type=auth
auth_type=userpass
username={device}
password={password}
"""


# --- AMI -----------------------------------------------------------------------------------------------------------

_MANAGER: Final = """
[general]
enabled=yes
webenabled=no
bindaddr=127.0.0.1
port={port}
displayconnects=no
{tls}timestampevents=yes
; The bulk of a call's events, unused here, are not even made: 5 to 12 % of Asterisk's CPU at 60 calls/s.
disabledevents=Newexten,VarSet,RTCPSent,RTCPReceived,MusicOnHoldStart,MusicOnHoldStop,TestEvent

[{user}]
secret={secret}
deny=0.0.0.0/0.0.0.0
permit=127.0.0.1/255.255.255.255
{permits}; Two engines must never lead at once: the second login is refused while the first lives.
allowmultiplelogin=no
; system: FullyBooted, Shutdown, ContactStatus.
read=call,user,system
; Never "system", "command" or "config" here: each of them is as good as root. Nor "reporting": all that the engine asks
; is in "call", and it would show the dialplan, Asterisk's database and the trunk's registrations.
write=call,originate
; Milliseconds that a slow reader may hold Asterisk's thread up before it is cut off.
writetimeout=1000
; Only what the engine needs comes over.
eventfilter(action(include),name(UserEvent),header(UserEvent),method(starts_with)) = Acd
eventfilter(action(include),name(DeviceStateChange),header(Device),method(starts_with)) = PJSIP/
eventfilter(action(exclude),name(DeviceStateChange),header(Device),method(exact)) = PJSIP/acd-trunk
eventfilter(action(include),name(OriginateResponse),header(Uniqueid),method(starts_with)) = acd-cb-
eventfilter(action(include),name(OriginateResponse),header(Uniqueid),method(starts_with)) = acd-spy-
{filters}

; An engine that takes over ends the session of the one before it (acd-fence). It may log in beside others, and the
; dialplan does not count its sessions.
[{user}_standby]
secret={secret}
deny=0.0.0.0/0.0.0.0
permit=127.0.0.1/255.255.255.255
{permits}read=system
write=originate
writetimeout=1000
eventfilter(action(include),name(FullyBooted)) =
eventfilter(action(include),name(Shutdown)) =
"""


def _manager(site: Site) -> str:
    return _MANAGER.format(
        user=_word("ami_user", site.ami_user),
        port=site.ami_port,
        secret=_match("ami_secret", site.ami_secret, r"[^\s;\\]{8,}", "8 signs or more, without spaces, ; and \\"),
        tls=_manager_tls(site),
        permits="".join(f"permit={_network('ami_engines', host)}\n" for host in site.ami_engines),
        filters="\n".join(f"eventfilter(action(include),name({name})) =" for name in EVENTS),
    )


_MANAGER_TLS: Final = """\
; Clear text stays on the loopback.
tlsenable=yes
tlsbindaddr={bind}
tlscertfile={certificate}
tlsprivatekey={key}
tlsdisablev1=yes
tlsdisablev11=yes
"""


def _manager_tls(site: Site) -> str:
    if site.ami_tls_bind is None:
        return ""
    return _MANAGER_TLS.format(
        bind=_match("ami_tls_bind", site.ami_tls_bind, r"[\w.:\[\]]+", "not an address"),
        certificate=_match("ami_tls_certificate", site.ami_tls_certificate, r"/[\w./-]+", "not the path of a file"),
        key=_match("ami_tls_key", site.ami_tls_key, r"/[\w./-]+", "not the path of a file"),
    )


# --- Checks --------------------------------------------------------------------------------------------------------


def _word(where: str, value: str) -> str:
    return _match(where, value, r"[A-Za-z0-9_]+", "letters, digits and _ only")


def _prompt(where: str, value: str) -> str:
    return _match(where, value, r"[a-z0-9_-]+", "lower-case letters, digits, _ and - only")


def _match(where: str, value: str, pattern: str, why: str) -> str:
    if not re.fullmatch(pattern, value, re.ASCII):
        raise BadSetting(where, value, why)
    return value


def _network(where: str, host: str) -> str:
    try:
        return str(ip_network(host, strict=False))
    except ValueError as fault:
        raise BadSetting(where, host, str(fault)) from None
