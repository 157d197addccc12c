"""One request: only to addresses that may be asked, only to who can prove his name."""

import asyncio
import socket
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.hooks import post as module
from acd.hooks.post import HttpPost, NotSent, is_public
from tests.hooks.receiver import certified, receiver

INSIDE = [
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "192.0.0.1",
    "198.18.0.1",
    "240.0.0.1",
    "::1",
    "::",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a00:1",
    "2002:7f00:1::",
    "nonsense",
]


@pytest.mark.parametrize("address", INSIDE)
def test_addresses_inside(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["193.190.1.1", "8.8.8.8", "2001:4860:4860::8888", "::ffff:8.8.8.8"])
def test_addresses_of_the_public_network(address: str) -> None:
    assert is_public(address)


@given(st.ip_addresses(v=4))
def test_an_address_in_an_ipv6_wrapping_is_as_public_as_it_is(address: Any) -> None:
    assert is_public(f"::ffff:{address}") is is_public(str(address))
    assert is_public(f"64:ff9b::{address}") is is_public(str(address))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]"])
async def test_this_machine_is_not_asked_unless_allowed(host: str) -> None:
    async with receiver() as city:
        with pytest.raises(NotSent):
            await HttpPost()(f"http://{host}:{city.port}/", {}, b"{}", private=False)
        assert city.requests == []


async def test_a_request_arrives_as_it_was_made() -> None:
    async with receiver() as city:
        url = f"http://localhost:{city.port}/acd?a=b"
        answer = await HttpPost()(url, {"webhook-id": "e1"}, b'{"a": 1}', private=True)
        [(headers, body)] = city.requests
        assert answer.status == 200
        assert (headers["request"], headers["host"]) == ("POST /acd?a=b HTTP/1.1", f"localhost:{city.port}")
        assert (headers["webhook-id"], headers["content-type"], body) == ("e1", "application/json", b'{"a": 1}')


async def test_a_redirect_leads_nowhere() -> None:
    async with receiver(lambda n: (302, "Location: http://127.0.0.1:1/secret\r\n")) as city:
        answer = await HttpPost()(f"http://127.0.0.1:{city.port}/", {}, b"{}", private=True)
        assert (answer.status, len(city.requests)) == (302, 1)


async def test_a_wish_to_wait_is_heard() -> None:
    async with receiver(lambda n: (503, "Retry-After: 90\r\n")) as city:
        assert (await HttpPost()(f"http://127.0.0.1:{city.port}/", {}, b"", private=True)).retry_after == 90


async def test_one_that_never_answers_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TIMEOUT", 0.2)
    async with receiver() as city:
        city.hang = True
        with pytest.raises(NotSent, match="no answer within"):
            await HttpPost()(f"http://127.0.0.1:{city.port}/", {}, b"", private=True)


async def test_nobody_there_and_no_such_name() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(NotSent):
            await HttpPost()(f"http://127.0.0.1:{taken.getsockname()[1]}/", {}, b"", private=True)
    with pytest.raises(NotSent, match="has no address"):
        await HttpPost()("https://no-such-host.invalid/", {}, b"", private=True)


async def test_only_who_proves_his_name_is_told(tmp_path: Path) -> None:
    server, client = certified(tmp_path, "localhost")
    async with receiver(tls=server) as city:
        assert (await HttpPost(client)(f"https://localhost:{city.port}/", {}, b"", private=True)).status == 200
        # The right certificate of another name, and one of somebody whom nobody knows.
        for post, host in ((HttpPost(client), "127.0.0.1"), (HttpPost(), "localhost")):
            with pytest.raises(NotSent, match=r"(?i)certificate"):
                await post(f"https://{host}:{city.port}/", {}, b"secret", private=True)
        assert len(city.requests) == 1


async def test_a_name_that_points_elsewhere_a_moment_later_leads_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first answer of the name server is public, the second this machine: only the first is ever asked."""
    asked = iter(["193.190.1.1", "127.0.0.1"])
    loop = asyncio.get_running_loop()

    async def lookup(host: str, port: int, **_: object) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(asked), port))]

    monkeypatch.setattr(loop, "getaddrinfo", lookup)
    assert await module.resolve("rebind.example", 80, private=False) == ["193.190.1.1"]
    with pytest.raises(NotSent, match="not of the public network"):
        await module.resolve("rebind.example", 80, private=False)


async def test_the_connection_goes_to_the_address_that_was_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked again, the name server says one at which nobody is."""
    loop = asyncio.get_running_loop()
    asked, real = iter(["127.0.0.1"]), loop.getaddrinfo

    async def lookup(host: Any, port: int, **options: Any) -> list[Any]:
        if host not in ("rebind.example", b"rebind.example"):
            return await real(host, port, **options)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(asked, "127.0.0.9"), port))]

    async with receiver() as city:
        monkeypatch.setattr(loop, "getaddrinfo", lookup)
        answer = await HttpPost()(f"http://rebind.example:{city.port}/", {}, b"", private=True)
        assert (answer.status, len(city.requests)) == (200, 1)
