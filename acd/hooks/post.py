"""One request to a program of the city, to an address that was looked at first.

The name is resolved here, every address that it has is looked at, and the connection goes to one of those and no other:
a name that points elsewhere a moment later leads nowhere. The certificate is that of the name all the same. Redirects
are not followed, and what a receiver writes back is not read: only how it answered.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Mapping, Sequence
from typing import Final, Protocol

import httpx
import msgspec

TIMEOUT: Final = 10.0
"""Seconds for the whole of one attempt."""


class Answer(msgspec.Struct, frozen=True):
    status: int
    retry_after: float | None = None
    """Seconds after which the receiver wants to be asked again."""


class NotSent(Exception):
    """{why the request did not come to an answer}."""


class Post(Protocol):
    """Brings one request."""

    async def __call__(self, url: str, headers: Mapping[str, str], body: bytes, *, private: bool) -> Answer:
        """
        Raises:
            NotSent: there was no answer, or the address may not be asked.
        """


class HttpPost:
    """Implements :class:`Post` over HTTP/1.1, one connection a request: a few a second are the most that there are.

    Args:
        context: whom TLS believes; default: whom this machine believes.
    """

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self._context = context or ssl.create_default_context()

    async def __call__(self, url: str, headers: Mapping[str, str], body: bytes, *, private: bool) -> Answer:
        try:
            async with asyncio.timeout(TIMEOUT):
                return await self._send(httpx.URL(url), headers, body, private)
        except TimeoutError:
            raise NotSent(f"no answer within {TIMEOUT:.0f} s") from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise NotSent(str(error) or type(error).__name__) from None

    async def _send(self, url: httpx.URL, headers: Mapping[str, str], body: bytes, private: bool) -> Answer:
        name = url.raw_host.decode("ascii")
        address = (await resolve(name, url.port or (443 if url.scheme == "https" else 80), private))[0]
        content = {**headers, "host": url.netloc.decode("ascii"), "content-type": "application/json"}
        transport = httpx.AsyncHTTPTransport(verify=self._context, retries=0)
        async with httpx.AsyncClient(transport=transport, trust_env=False, timeout=TIMEOUT) as client:
            request = client.build_request(
                "POST",
                url.copy_with(host=address),
                headers={**content, "user-agent": "acd-webhook", "connection": "close"},
                content=body,
                extensions={"sni_hostname": name},
            )
            answer = await client.send(request, stream=True, follow_redirects=False)
            try:
                return Answer(answer.status_code, _seconds(answer.headers.get("retry-after")))
            finally:
                await answer.aclose()


async def resolve(host: str, port: int, private: bool) -> Sequence[str]:
    """The addresses of ``host``, each of which may be asked.

    Raises:
        NotSent: there are none, or one of them is not of the public network and ``private`` is false.
    """
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise NotSent(f"{host} has no address: {error.strerror}") from None
    addresses = [str(entry[4][0]) for entry in found]
    for address in addresses:
        if not private and not is_public(address):
            raise NotSent(f"{host} is {address}, which is not of the public network: 'private: true' allows it")
    if not addresses:
        raise NotSent(f"{host} has no address")
    return addresses


def is_public(address: str) -> bool:
    """Whether this is an address of the public network: not this machine, not a network of one's own, no group."""
    try:
        ip = ipaddress.ip_address(address.split("%", maxsplit=1)[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        # What leads to an IPv4 address is as public as that one is.
        inside = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inside is None and ip in _NAT64:
            inside = ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)
        if inside is not None:
            return is_public(str(inside))
    return ip.is_global and not ip.is_multicast


_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")


def _seconds(retry_after: str | None) -> float | None:
    """A date is not worth the reading: then our own pause counts."""
    return float(retry_after) if retry_after and retry_after.isascii() and retry_after.isdigit() else None
