"""What the fuzzing begins with: the real thing, and every input that has ever broken a target."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
NAMES: Final = (
    *("ami", "notes", "cel", "actions", "numbers"),
    *("queues", "flow", "prompts", "site", "roster", "spill", "backup"),
    *("web", "oidc"),
)
"""Of the targets."""
CORPUS: Final = Path(__file__).parent / "corpus"


def found(target: str) -> Iterator[bytes]:
    """Inputs that broke it once."""
    folder = CORPUS / target
    yield from (path.read_bytes() for path in sorted(folder.glob("*")) if path.is_file())


def seeds(target: str) -> Iterator[bytes]:
    """Good inputs, then those that broke it once."""
    yield from _GOOD.get(target, ())
    match target:
        case "ami":
            for trace in sorted((ROOT / "tests/traces").glob("*.engine.recv"))[::8]:
                yield b"\x06" + trace.read_bytes()[:4000]
        case "queues":
            yield (ROOT / "queues.yaml").read_bytes()[:4000]
        case "flow":
            yield from (path.read_bytes()[:4000] for path in sorted((ROOT / "ivr_flows").glob("*.yaml")))
        case "prompts":
            yield (ROOT / "ivr_flows/prompts/fr.yaml").read_bytes()[:4000]
        case _:
            pass
    yield from found(target)


_SMALL: Final = b"""city: Gent
lines:
  gentinfo: {names: {nl: Info}, dids: [3292101010], hours: {mon-fri: 09:00-17:00}}
operators:
  an_peeters: {name: An, device: 1001, lines: {gentinfo: 1}}
reasons:
  pauze: {nl: Pauze}
outside: {callbacks: ['+32'], transfers: [], emergency: [112]}
"""

_CHANNEL: Final = b"Channel: PJSIP/acd-trunk-1\r\nUniqueid: 17.1\r\nLinkedid: 17.1\r\nTimestamp: 1.5\r\n"
_EVENTS: Final = b"".join(
    b"Event: UserEvent\r\n" + _CHANNEL + b"UserEvent: " + words.replace(b"|", b"\r\n") + b"\r\nNonce: f00d\r\n\r\n"
    for words in (
        b"AcdArrived|Arrived: 1.0|Did: 3292101010|Num: +32470000001",
        b"AcdQueued|Line: gentinfo|T0: 1.0|Num: +32470000001|Lang: nl|Path: |Did: 32",
        b"AcdMenuEnded|Outcome: closed|Line: gentinfo",
        b"AcdUp|Offer: 7|Up: 1.0",
        b"AcdCbWanted|Choice: 1|Num: 0470000001",
        b"AcdCbEnd|Attempt: 7|Status: BUSY|Cause: 17|Sip: 486|Gone: 2.0",
        b"AcdSurvey|Question: wait|Score: 7|Given: 1.0",
        b"AcdOutsideRefused|Why: calls|Phone: 1001",
        b"AcdGone|State: wait|Gone: 2.0",
    )
)

_STEP: Final = (
    b'["run",%d,[[1.0,"CallStarted","17.1",null,null,"{}","+3247",1.0,null],[2.0,"CallEnded","17.1",null,null,"{}"]]]\n'
)

_GOOD: Final[dict[str, tuple[bytes, ...]]] = {
    "ami": (b"\x00" + _EVENTS,),
    "notes": (b"17.1|wait|1000.5|3292101010|+32470000001|nl|welkom|gentinfo|1001.2||||1003.4",),
    "cel": (
        b'"1000.5","AcdArrived","{""extra"":""17.1|menu|1000.5|32|||nl||||||""}"\n'
        b'"1001.5","AcdQueued","{""extra"":""17.1|wait|1000.5|32||nl|welkom|gentinfo|1001.2||||""}"\n'
        b'"1003.5","AcdUp","{""extra"":""17.1|talk||||||||7|1001|1003.4|""}"\n'
        b'"1004.5","AcdGone","{""extra"":""17.1|after|1000.5|32||nl||gentinfo|1001.2|7|1001|1003.4|1004.4""}"\n',
    ),
    "spill": (_STEP % 2 + _STEP % 4 + _STEP % 6,),
    "backup": (
        b'{"format": "acd backup 1", "revision": "0023", "at": 1.0}\n'
        b'{"table": "event", "columns": ["seq", "at", "type"]}\n[1, 1.0, "CallStarted"]\n[2, 2.0, "CallEnded"]\n'
        b'{"file": "web.secret", "data": "QUJD"}\n{"end": {"event": 2}}\n',
    ),
    "actions": (b"acd/position-3&acd/wait-2-5",),
    "numbers": (b"+32 470 12 34 56", b"0032470123456", b"09/210.10.10", b"0900 12 345", b"anonymous", b"gentinfo"),
    "queues": (_SMALL,),
    "site": (b"trunk_hosts: [192.0.2.1]\ntrunk_contact: sip:carrier.example\nphone_secrets: {1001: a-password}\n",),
    "roster": (b"date,operator,start,end,breaks\n2027-03-01,an_peeters,09:00,17:00,12:00-12:30\n",),
    "web": (
        b"/desk?x=1",
        b"//evil.example",
        b"2027-03-01T09:30",
        b"2027-W09",
        b"127.0.0.1",
        b"SIP/2.0 200 OK\r\nCSeq: 1 INVITE",
        b'{"type":"CallStarted","at":1.0,"call":"17.1"}',
        b"whsec_" + b"QUJD" * 8,
    ),
    "oidc": (
        b'\x00{"issuer":"https://id.example","authorization_endpoint":"https://id.example/a"}',
        b'\x01{"id_token":"e30.e30.x","access_token":"x"}',
        b"\x01eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.",
        b'\x02{"keys":[{"kty":"oct","k":"QUJD","kid":"1"}]}',
    ),
}
