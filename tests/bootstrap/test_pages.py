"""The pages of the running service, by a clock that goes on: a supervisor who follows every link finds a page."""

import asyncio
import base64
import json
import re
import time
from collections import Counter
from datetime import datetime
from html import unescape
from pathlib import Path
from typing import Final
from urllib.parse import urljoin, urlsplit

import httpx
import itsdangerous

from acd.bootstrap.entrance import cookie_secret
from acd.bootstrap.service import Service
from acd.config import ZONE
from acd.model.account import Account, AuditAction, AuditEntry, Role
from acd.web.door import Door
from sim.demo import DemoSwitch, Pages
from tests.bootstrap.test_service import calls_recorded, running, switch

__all__ = ["switch"]

LINK: Final = re.compile(r'<a\b[^>]*\bhref="([^"]+)"')
EACH: Final = 3
"""So many addresses that differ in what they ask are followed of each page; of a single call or promise likewise."""


async def test_every_link_leads_to_a_page(switch: DemoSwitch, tmp_path: Path) -> None:
    async with running(switch, tmp_path / "state") as service:
        switch.staff(Pages(service.settings.socket))
        async with asyncio.timeout(60):
            await calls_recorded(service, "answered", 5)
        async with httpx.AsyncClient(
            base_url=service.web_url, cookies={"acd": await _supervisor(service)}, follow_redirects=True, timeout=60
        ) as browser:
            today = f"{datetime.now(ZONE):%Y-%m-%d}"
            seen = await _walk(browser, ["/", "/reports", f"/reports?grain=15min&from={today}&to={today}"])
    assert {"/", "/reports", "/reports/operators", "/reports/citizens", "/reports/calls", "/calls", "/floor"} <= seen
    assert {"/callbacks", "/audit"} <= seen


async def _walk(browser: httpx.AsyncClient, begin: list[str]) -> set[str]:
    """Follow what can be followed; returns the paths that were seen."""
    todo, known, paths = list(begin), set(begin), Counter[str]()
    while todo:
        address = todo.pop(0)
        path = urlsplit(address).path
        paths[_kind(path)] += 1
        if paths[_kind(path)] > EACH:
            continue
        answer = await browser.get(address)
        assert answer.status_code == 200, f"{address}: {answer.status_code}"
        if "html" in answer.headers["content-type"]:
            for link in map(unescape, LINK.findall(answer.text)):
                found = urlsplit(urljoin(str(answer.url), link))
                next_one = f"{found.path}?{found.query}" if found.query else found.path
                if found.netloc == answer.url.netloc.decode() and next_one not in known:
                    known.add(next_one)
                    todo.append(next_one)
    return set(paths)


def _kind(path: str) -> str:
    """Pages of single calls, promises and operators are of one kind."""
    return re.sub(r"/[^/]*\d[^/]*", "/*", path)


async def _supervisor(service: Service) -> str:
    """The cookie of one who has signed in."""
    account = Account("sven", Role.SUPERVISOR, time.time())
    await service.accounts.add(
        account, None, None, AuditEntry(time.time(), "test", "", AuditAction.ACCOUNT_ADDED, "sven")
    )
    secret = cookie_secret(service.settings.state)
    door = Door(service.accounts, secret=secret, secure=False, clock=time.time, keys=service.keys)
    session = {"token": await door.enter_as(account, "127.0.0.1")}
    return itsdangerous.TimestampSigner(secret).sign(base64.b64encode(json.dumps(session).encode())).decode()
