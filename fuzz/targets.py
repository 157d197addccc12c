"""One target a parser: bytes in, and whatever they are, the outcome is one that is foreseen. What must hold besides is
asserted. A target is pure: the same bytes do the same, so an input that was found is a regression test."""

import asyncio
import io
import json
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import httpx

from acd.asterisk.cel import NotALine, read_line, told_by
from acd.asterisk.clock import SwitchClock
from acd.asterisk.events import EventReader, Forged
from acd.asterisk.frames import Frame, FrameParser, ProtocolError, UnsafeValue, encode_action
from acd.asterisk.resync import read_attempts, read_devices, read_note, read_spies, read_status
from acd.asterisk.tracker import Tracker
from acd.asterisk.values import Unreadable
from acd.callbacks.number import dialable
from acd.config import ConfigError, parse
from acd.config.roster import read_roster
from acd.config.source import Source
from acd.figures.periods import BadPeriod, Grain, moment, number_of
from acd.hooks.post import is_public
from acd.hooks.signing import BadSecret, read_secret
from acd.ivr.catalogue import load_catalogue
from acd.ivr.check import check_graph
from acd.ivr.faults import FlowError
from acd.ivr.names import Known
from acd.ivr.reader import FlowReader
from acd.ivr.site import SiteError, load_site
from acd.ivr.switch import BadSetting, Site, switch_config
from acd.model.account import Role
from acd.model.facts import Fact
from acd.model.ids import Device, LineId
from acd.model.phones import PhoneAccess
from acd.records.backup_file import BadBackup, End, Head, Part, read_parts
from acd.records.entries import unseal
from acd.records.spill import Spill
from acd.web.oidc import NoRole, NotProven, Oidc, OidcSettings, ProviderAway
from acd.web.phone import reach
from acd.web.shell import FIRST, inside
from acd.web.sip_proxy import by_person

Target = Callable[[bytes], None]

_NONCE: Final = "f00d"


# --- What Asterisk says, and callers through it: SIP headers, digits -------------------------------------------------


def ami(data: bytes) -> None:
    """A session's bytes, cut anywhere: the same frames, and each of them understood, refused or forged."""
    cut, stream = (data[0] % 7 + 1 if data else 1), data[1:]
    whole = list(_frames([stream]))
    pieces = list(_frames(stream[at : at + cut] for at in range(0, len(stream), cut)))
    assert [frame.pairs for frame in pieces] == [frame.pairs for frame in whole], "the cuts of TCP show"
    facts: list[Fact] = []
    clock = SwitchClock()
    tracker, reader = Tracker(facts.append, clock), EventReader(_NONCE)
    for frame in whole:
        try:
            event = reader.read(frame)
        except (Forged, Unreadable):
            continue
        if event is not None:
            tracker.take(event)
    for read in (lambda: read_status(whole, clock), lambda: read_attempts(whole, clock), lambda: read_spies(whole)):
        with suppress(Forged, Unreadable):
            read()
    read_devices(whole)


def _frames(pieces: Any) -> Iterator[Frame]:
    parser = FrameParser(banner=False)
    try:
        for piece in pieces:
            parser.receive(piece)
            while (frame := parser.next()) is not None:
                yield frame
    except ProtocolError:
        return


def notes(data: bytes) -> None:
    """What the dialplan kept of calls that ended unheard; callers' numbers are in it."""
    text = data.decode("utf-8", "replace")
    seen = read_note(text, SwitchClock())
    assert seen is None or text.count("|") == 12


def cel(data: bytes) -> None:
    """Asterisk's own record of the calls: each line is one of ours, of something else, or damaged and said to be."""
    lines = []
    for text in data.decode("utf-8", "replace").splitlines(keepends=True):
        with suppress(NotALine):
            lines.append(read_line(text))
    told = told_by(line for line in lines if line is not None)
    assert all(call.call == id and call.last_at > 0 for id, call in told.items())


def actions(data: bytes) -> None:
    """Whatever a value is: one action of as many lines as it has headers, or none at all."""
    text = data.decode("utf-8", "surrogateescape")
    try:
        sent = encode_action((("Action", "Setvar"), ("Variable", "ACD_X"), ("Value", text)), "1-1")
    except UnsafeValue:
        return
    assert sent.count(b"\n") == sent.count(b"\r") == 5 and sent.endswith(b"\r\n\r\n"), "a second action"


def numbers(data: bytes) -> None:
    """A caller id, or digits that were keyed: a Belgian number that is no premium one, or none."""
    text = data.decode("utf-8", "replace")
    number = dialable(text)
    assert number is None or (re.fullmatch(r"\+32[0-9]{8,9}", number, re.ASCII) and not number.startswith("+3290"))
    access = PhoneAccess(transfer=("+32",), refused=("+3290",))
    to = reach(text, {LineId("gentinfo"): None}, access)
    assert to is None or re.fullmatch(r"gentinfo|[0-9]{3,5}|\+32(?!90)[0-9]{6,13}", to, re.ASCII), to


# --- Files of the city -----------------------------------------------------------------------------------------------


def queues(data: bytes) -> None:
    """``queues.yaml``: a city, or its faults; and what is written for Asterisk stays in its place."""
    try:
        city = parse(data)
    except ConfigError as error:
        if not error.faults:
            raise AssertionError("an error without a fault") from None
        return
    secrets = {operator.device: "a-password" for operator in city.policy.operators.values()}
    site = Site(ami_secret="a-long-secret", phone_secrets=secrets, trunk_hosts=("192.0.2.1",))
    try:
        files = switch_config(city.policy, site, {})
    except BadSetting:
        return
    for text in files.values():
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]|^#|SHELL\(|System\(", text, re.MULTILINE), "out of its place"


def flow(data: bytes) -> None:
    """A menu: a flow, or its faults."""
    source = Source(data, "flow.yaml")
    known = Known({"gentinfo"}, {"partner"}, {"nl": {"welcome"}, "en": {"welcome"}, "fr": {"welcome"}})
    reader = FlowReader(source, "flow", known)
    check_graph(reader.flow(), reader.unreadable, source)


def site(data: bytes) -> None:
    """``site.yaml``: a site, or one fault with the file's name."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "site.yaml"
        path.write_bytes(data)
        path.chmod(0o600)
        try:
            load_site(path, [Device("1001")])
        except SiteError as error:
            if "site.yaml" not in str(error):
                raise AssertionError("the file is not named") from None


def roster(data: bytes) -> None:
    """The planner's CSV: duties of operators that there are, or faults with their lines."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "roster.csv"
        path.write_bytes(data)
        days, faults = read_roster(path, ["an_peeters"])
    assert all(fault.line >= 1 for fault in faults)
    assert all(duty.operator == "an_peeters" for duties in days.values() for duty in duties)


def prompts(data: bytes) -> None:
    """What callers hear: texts by name, or faults with their lines."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "nl.yaml").write_bytes(data)
        try:
            texts = load_catalogue(Path(folder)).texts["nl"]
        except FlowError as error:
            if any(fault.line < 1 for fault in error.faults):
                raise AssertionError("a fault without a line") from None
        else:
            assert all(re.fullmatch(r"[a-z0-9][a-z0-9-]*", name, re.ASCII) for name in texts)


def spill(data: bytes) -> None:
    """What was put aside for the database: each whole line is read, or kept aside for a person; the rest is cut off."""
    with tempfile.TemporaryDirectory() as folder:
        file = Spill(Path(folder) / "spill")
        file.path.write_bytes(data)
        file.open()
        promised = file.pending
        _, mark = file.all(1000)
        read = 0
        while file.waiting and (found := file.read(100)) is not None:
            batch, mark = found
            file.done(mark, len(batch.entries))
            read += len(batch.entries)
        assert (read, file.waiting) == (promised, False)
        whole = data[: data.rfind(b"\n") + 1]
        kept = [path.read_bytes() for path in Path(folder).glob("*.damaged")]
        assert kept in ([], [whole])


def backup(data: bytes) -> None:
    """What is said to be a backup, unpacked: parts of one, the head first and the end last, or a line that is named."""
    path = Path("acd.backup")
    parts: list[Part] = []
    try:
        parts.extend(read_parts(io.TextIOWrapper(io.BytesIO(data), encoding="utf-8"), path))
    except BadBackup as error:
        if "acd.backup" not in str(error):
            raise AssertionError("the file is not named") from None
    else:
        assert isinstance(parts[0], Head) and isinstance(parts[-1], End)


# --- The web ---------------------------------------------------------------------------------------------------------


def web(data: bytes) -> None:
    """What a browser or a program sends: pages to open next, periods, SIP of a phone in the page, addresses."""
    text = data.decode("utf-8", "replace")
    next = inside(text)
    assert next == FIRST or re.match(r"/(?![/\\])", next), next
    by_person(text)
    by_person(data)
    for end in (False, True):
        with suppress(BadPeriod):
            moment(text, end=end)
    for grain in Grain:
        with suppress(BadPeriod):
            number_of(grain, text)
    is_public(text)
    unseal(text)
    with suppress(BadSecret):
        read_secret("crm", text)


ISSUER: Final = "https://id.example"
_ENDPOINTS: Final = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/auth",
    "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": f"{ISSUER}/keys",
    "userinfo_endpoint": f"{ISSUER}/who",
}


def oidc(data: bytes) -> None:
    """What the city's provider answers, or whoever has its address: nobody gets in by it."""
    which, said = (data[0] % 4 if data else 0), data[1:]

    def answer(request: httpx.Request) -> httpx.Response:
        step = ["/.well-known/openid-configuration", "/token", "/keys", "/who"].index(request.url.path)
        if step == which:
            return httpx.Response(200, content=said)
        told = [_ENDPOINTS, {"id_token": said.decode("utf-8", "replace"), "access_token": "x"}, {"keys": []}, {}]
        return httpx.Response(200, content=json.dumps(told[step]))

    settings = OidcSettings(ISSUER, "acd", roles={"desk": Role.OPERATOR})
    asyncio.run(_nobody_gets_in(Oidc(settings, clock=lambda: 1.0, transport=httpx.MockTransport(answer))))


async def _nobody_gets_in(provider: Oidc) -> None:
    try:
        _, pending = await provider.begin("https://acd.example/login/city/back", "/desk")
        await provider.finish(pending, "", {"state": pending.state, "code": "c"})
    except (ProviderAway, NotProven, NoRole):
        return
    raise AssertionError("somebody got in without a signature")


TARGETS: Final[dict[str, Target]] = {
    target.__name__: target
    for target in (
        *(ami, notes, cel, actions, numbers),
        *(queues, flow, prompts, site, roster, spill, backup),
        *(web, oidc),
    )
}
