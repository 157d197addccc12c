"""SIP messages as text: as much of RFC 3261 as a test phone on a loss-free network needs."""

import hashlib
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Self

REASONS: Final = {180: "Ringing", 200: "OK", 480: "Temporarily Unavailable", 486: "Busy Here", 603: "Decline"}
SHORT: Final = {"v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact", "l": "content-length"}


def token(size: int = 6) -> str:
    """A tag, branch or Call-ID nobody else has."""
    return secrets.token_hex(size)


@dataclass(frozen=True)
class Message:
    """A request or a response."""

    first: str
    """Request line or status line."""
    headers: tuple[tuple[str, str], ...]
    body: str = ""

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Raises ValueError when ``data`` is no SIP message."""
        head, _, body = data.decode("utf-8", "surrogateescape").partition("\r\n\r\n")
        first, *rows = head.split("\r\n")
        if "SIP/2.0" not in first:
            raise ValueError(f"not SIP: {first[:40]!r}")
        pairs = (row.partition(":") for row in rows)
        return cls(first, tuple((name.strip(), value.strip()) for name, _, value in pairs), body)

    def encode(self) -> bytes:
        rows = [self.first, *(f"{name}: {value}" for name, value in self.headers)]
        body = self.body.encode("utf-8", "surrogateescape")
        rows.append(f"Content-Length: {len(body)}")
        return "\r\n".join(rows).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + body

    @property
    def is_response(self) -> bool:
        return self.first.startswith("SIP/2.0 ")

    @property
    def code(self) -> int:
        """Status code of a response, 0 for a request."""
        return int(self.first.split(" ", 2)[1]) if self.is_response else 0

    @property
    def method(self) -> str:
        """Method of a request, or of the request that a response belongs to."""
        return self.get("cseq").split()[-1] if self.is_response else self.first.split(" ", 1)[0]

    @property
    def branch(self) -> str:
        """The branch of the topmost Via."""
        found = re.search(r"branch=([^;,\s]+)", self.get("via"))
        return found[1] if found else ""

    @property
    def key(self) -> tuple[str, str]:
        """What ties a response to its request (RFC 3261, 17.1.3): a CANCEL has the branch of its INVITE."""
        return self.branch, self.method

    def get(self, name: str) -> str:
        """The first header of that name, empty when there is none."""
        return next(iter(self.all(name)), "")

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if SHORT.get(key.lower(), key.lower()) == name]


def reply(
    request: Message, code: int, *, to_tag: str, extra: Iterable[tuple[str, str]] = (), body: str = ""
) -> Message:
    """A response with the headers that RFC 3261, 8.2.6.2 copies from the request."""
    to = request.get("to")
    if ";tag=" not in to and code != 100:
        to = f"{to};tag={to_tag}"
    copied = [("Via", via) for via in request.all("via")]
    copied += [("From", request.get("from")), ("To", to)]
    copied += [("Call-ID", request.get("call-id")), ("CSeq", request.get("cseq"))]
    return Message(f"SIP/2.0 {code} {REASONS.get(code, '-')}", (*copied, *extra), body)


def tag_of(header: str) -> str:
    found = re.search(r";tag=([^;\s]+)", header)
    return found[1] if found else ""


def uri_of(header: str) -> str:
    """The address in a From, To or Contact header."""
    found = re.search(r"<([^>]+)>", header)
    return found[1] if found else header.split(";", 1)[0].strip()


def sdp(host: str, port: int, direction: str = "sendrecv") -> str:
    """An offer or answer of G.711 A-law and RFC 4733 digits."""
    return (
        f"v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
        f"m=audio {port} RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
        f"a=fmtp:101 0-15\r\na={direction}\r\n"
    )


def digest(challenge: str, method: str, uri: str, user: str, password: str) -> str:
    """The Authorization header that answers a Digest challenge (RFC 2617, MD5).

    Raises:
        ValueError: the challenge asks for another algorithm.
    """
    asked: Mapping[str, str] = dict(re.findall(r'(\w+)="?([^",]*)"?', challenge))
    if asked.get("algorithm", "MD5").upper() != "MD5":
        raise ValueError(f"only MD5 is known here: {challenge}")
    secret, action = _md5(f"{user}:{asked['realm']}:{password}"), _md5(f"{method}:{uri}")
    count, client = "00000001", token()
    if "qop" in asked:
        answer = _md5(f"{secret}:{asked['nonce']}:{count}:{client}:auth:{action}")
        more = f', qop=auth, nc={count}, cnonce="{client}"'
    else:
        answer, more = _md5(f"{secret}:{asked['nonce']}:{action}"), ""
    if "opaque" in asked:
        more += f', opaque="{asked["opaque"]}"'
    return (
        f'Digest username="{user}", realm="{asked["realm"]}", nonce="{asked["nonce"]}", uri="{uri}", '
        f'response="{answer}", algorithm=MD5{more}'
    )


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
