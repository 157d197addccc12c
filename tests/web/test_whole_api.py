"""The whole described API on a running server, asked by each role what schemathesis thinks of: nothing breaks, and what
is answered is as described."""

import asyncio
import os
import re
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from acd.model.account import Role, Scope
from acd.web.server import WebServer
from tests.web.floors import busy_floor
from tests.web.house import LINK, NOW, PASSWORD, WHO, House, csrf_in, opened
from tests.web.promises import busy_day

KEY = "key"
ROLES = ["nobody", *Role, KEY]
NEVER_ENDS = {("GET", path) for path in ("/events", "/floor/events", "/desk/events")}
CHANGES_WHO_ASKS = {("POST", "/logout"), ("GET", "/kiosk/{link}"), ("POST", "/login"), ("POST", "/password")}
"""Tried by hand in the tests of the way in."""
EXAMPLES = int(os.environ.get("ACD_API_EXAMPLES", "6"))
"""Of each operation; the long form (``.ci/run-long``) asks more."""
CHECKS = [not_a_server_error, response_schema_conformance, content_type_conformance]


class Site:
    """A house with its server, in a thread and a loop of its own."""

    def __init__(self, folder: Path) -> None:
        self.url = self.key = ""
        self.description: dict[str, Any] = {}
        self._folder = folder
        self._loop = asyncio.new_event_loop()
        self._ready, self._stop = threading.Event(), asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=[self._run()])

    async def _run(self) -> None:
        async with opened(self._folder, busy_day(NOW), names=["*"], calls=True, floor=busy_floor(NOW)) as house:
            self.key = await house.key("all", *Scope)
            server = WebServer(house.app, house.hub, port=0)
            await server.start()
            self.url, self.description = server.url, described(house)
            self._ready.set()
            await self._stop.wait()
            await server.stop()

    def __enter__(self) -> "Site":
        self._thread.start()
        assert self._ready.wait(60)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(30)
        self._loop.close()


def described(house: House) -> dict[str, Any]:
    description: dict[str, Any] = house.app.openapi()
    for method, path in NEVER_ENDS | CHANGES_WHO_ASKS:
        del description["paths"][path][method.lower()]
    return description


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with Site(tmp_path_factory.mktemp("site")) as site:
        yield site


def credentials(site: Site, who: str) -> dict[str, str]:
    """Header lines with which this role asks. ``nobody`` comes under the city's name: who sits here is somebody."""
    host = {"Host": "acd.stad.example"}
    if who == "nobody":
        return host
    if who == KEY:
        return {**host, "Authorization": f"Bearer {site.key}"}
    with httpx.Client(base_url=site.url, headers={**host, "Accept": "text/html"}) as browser:
        if who == Role.WALLBOARD:
            browser.get(f"/kiosk/{LINK}")
            return {**host, "Cookie": f"acd={browser.cookies['acd']}"}
        csrf = csrf_in(browser.get("/login").text)
        browser.post("/login", data={"csrf": csrf, "name": WHO[Role(who)], "password": PASSWORD})
        csrf = browser.get("/api/me").json()["csrf"]
        return {**host, "Cookie": f"acd={browser.cookies['acd']}", "X-CSRF-Token": csrf}


@pytest.mark.timeout(100 * EXAMPLES)
@pytest.mark.parametrize("who", ROLES)
def test_nothing_breaks_and_answers_are_as_described(site: Site, who: str) -> None:
    headers = credentials(site, who)
    schema = schemathesis.openapi.from_dict(site.description)
    schema.config.update(base_url=site.url)
    answers: Counter[tuple[str, int]] = Counter()
    for result in schema.get_all_operations():
        operation = result.ok()  # type: ignore[union-attr]

        @seed(7)
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        )
        @given(case=operation.as_strategy())
        def ask(case: schemathesis.Case[Any]) -> None:
            told = case.call_and_validate(headers=headers, checks=CHECKS, allow_redirects=False, timeout=30)
            answers[case.path, told.status_code // 100] += 1

        ask()
    assert answers.total() > 80
    # It was really this role that asked: it got in where it may.
    assert (answers["/api/snapshot", 2] > 0) is (who != "nobody")
    assert (answers["/api/callbacks", 2] > 0) is (who not in ("nobody", Role.WALLBOARD))
    assert (answers["/api/accounts", 2] > 0) is (who == Role.ADMIN)


BODIES = [b'{"to": "\xff\xfe"}', b"\xff", b"", b"[" * 5000, b'"' + b"\\u0000" * 40 + b'"', b"1e999999"]


def test_a_body_that_is_no_json_is_refused_and_breaks_nothing(site: Site) -> None:
    headers = credentials(site, Role.ADMIN) | {"Content-Type": "application/json"}
    asked = 0
    with httpx.Client(base_url=site.url, headers=headers) as client:
        for path, operations in site.description["paths"].items():
            for method, operation in operations.items():
                kinds = operation.get("requestBody", {}).get("content", {})
                for body in BODIES if "application/json" in kinds else ():
                    answer = client.request(method, re.sub(r"\{\w+\}", "x", path), content=body)
                    assert 400 <= answer.status_code < 500, (method, path, body[:20], answer.status_code)
                    asked += 1
    assert asked > 60
