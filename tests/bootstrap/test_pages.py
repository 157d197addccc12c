"""The pages of the running service, by a clock that goes on: whoever follows every link finds a page."""

import asyncio
import base64
import json
import re
import time
from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime
from html import unescape
from pathlib import Path
from typing import Final
from urllib.parse import urljoin, urlsplit

import httpx
import itsdangerous
import pytest

from acd.bootstrap.entrance import cookie_secret
from acd.bootstrap.service import Service
from acd.config import ZONE, load
from acd.model.account import Account, AuditAction, AuditEntry, Role
from acd.model.ids import OperatorId
from acd.web.door import Door
from sim.demo import DemoSwitch, Pages, demo_switch
from tests.bootstrap.test_service import ROOT, calls_recorded, running

LINK: Final = re.compile(r'<a\b[^>]*\bhref="([^"]+)"')
EACH: Final = 3
"""So many addresses that differ in what they ask are followed of each page; of a single call or promise likewise."""


@pytest.fixture
async def switch() -> AsyncIterator[DemoSwitch]:
    """A busy city: about a call a second."""
    switch = await demo_switch(load(ROOT / "queues.yaml").policy, pace=4.0, seed=3)
    yield switch
    await switch.stop()


REPORTS: Final = {"/reports", "/reports/operators", "/reports/citizens", "/reports/calls"}


@pytest.mark.parametrize(
    ("role", "there"),
    [
        (Role.SUPERVISOR, {"/", "/calls", "/floor", "/callbacks", "/audit", *REPORTS}),
        (Role.ADMIN, {"/", "/accounts", "/keys", "/webhooks", "/audit", "/privacy", "/docs"}),
        (Role.OPERATOR, {"/", "/desk", "/callbacks"}),
    ],
)
async def test_every_link_leads_to_a_page(switch: DemoSwitch, tmp_path: Path, role: Role, there: set[str]) -> None:
    async with running(switch, tmp_path / "state") as service:
        switch.staff(Pages(service.settings.socket))
        async with asyncio.timeout(60):
            await calls_recorded(service, "answered", 3)
        async with httpx.AsyncClient(
            base_url=service.web_url, cookies={"acd": await _cookie(service, role)}, follow_redirects=True, timeout=60
        ) as browser:
            today = f"{datetime.now(ZONE):%Y-%m-%d}"
            pieces = [f"/reports?grain=15min&from={today}&to={today}"] if role is Role.SUPERVISOR else []
            seen = await _walk(browser, ["/", *pieces])
    assert there <= seen


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


async def _cookie(service: Service, role: Role) -> str:
    """Of somebody who has signed in."""
    operator = OperatorId("an_peeters") if role is Role.OPERATOR else None
    account = Account("sven", role, time.time(), operator=operator)
    await service.accounts.add(
        account, None, None, AuditEntry(time.time(), "test", "", AuditAction.ACCOUNT_ADDED, account.name)
    )
    secret = cookie_secret(service.settings.state)
    door = Door(service.accounts, secret=secret, secure=False, clock=time.time, keys=service.keys)
    session = {"token": await door.enter_as(account, "127.0.0.1")}
    return itsdangerous.TimestampSigner(secret).sign(base64.b64encode(json.dumps(session).encode())).decode()
