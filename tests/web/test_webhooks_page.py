"""Webhooks as an admin sees them, and the description of the API."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from acd.bootstrap.hooks import HookDesk
from acd.hooks.post import HttpPost
from acd.hooks.signing import new_secret
from acd.model.account import Role
from acd.model.hook import Hook, NewsKind
from acd.records import HookStore
from acd.web.openness import Openness
from tests.hooks.receiver import Receiver, receiver
from tests.records.histories import answered
from tests.records.places import Place
from tests.web.house import NOW, House, opened, post, signed_in

ENDED = frozenset({NewsKind.CALL_ENDED})


@pytest.fixture
async def city() -> AsyncIterator[Receiver]:
    async with receiver() as city:
        yield city


@pytest.fixture
async def house(tmp_path: Path, city: Receiver) -> AsyncIterator[House]:
    """With a hook of which one delivery was given up, and another that has no secret."""
    (tmp_path / "crm.secret").write_text(new_secret())
    (tmp_path / "crm.secret").chmod(0o600)
    hooks = {
        "crm": Hook("crm", f"http://127.0.0.1:{city.port}/<b>", ENDED, secret_file="crm.secret", private=True),
        "bi": Hook("bi", "https://bi.example/", ENDED, secret_file="bi.secret"),
    }
    async with opened(tmp_path) as house:
        url = f"sqlite:///{tmp_path}/acd.db"
        outbox = HookStore(url)
        await outbox.begin(hooks, 0.0)
        await Place(url, tmp_path / "spill").write(*answered("17.1", NOW - 900))
        await outbox.gather(hooks)
        [one] = await outbox.due("crm", NOW, 9)
        await outbox.failed(one, NOW, None, 500, "the receiver answered 500")
        house.open_to(Openness(HookDesk(outbox, lambda: hooks, tmp_path, HttpPost(), clock=lambda: house.now)))
        yield house
        await outbox.close()


async def test_what_was_given_up_is_shown_and_can_be_sent_again(house: House) -> None:
    async with signed_in(house, Role.ADMIN) as browser:
        page = (await browser.get("/webhooks")).text
        assert "the receiver answered 500" in page and "bi.secret cannot be read" in page
        assert "<b>" not in page.partition("<main")[2].replace("<b><span", "")
        answer = await post(browser, "/webhooks", "/webhooks/crm", do="redeliver")
        assert answer.status_code == 303
        page = (await browser.get("/webhooks")).text
        assert "Wordt nu opnieuw gestuurd" in page and "the receiver answered 500" not in page
    assert (await house.audit())[0] == ("ada", "hook_redelivered", "crm")


async def test_a_test_arrives_or_says_why_not(house: House, city: Receiver) -> None:
    async with signed_in(house, Role.ADMIN) as browser:
        assert (await post(browser, "/webhooks", "/webhooks/crm", do="test")).status_code == 303
        assert "De test is aangekomen" in (await browser.get("/webhooks")).text
        [(headers, body)] = city.requests
        assert json.loads(body)["type"] == "test" and headers["webhook-signature"].startswith("v1,")
        for name, says in (("bi", "bi.secret cannot be read"), ("nobody", "has no webhook")):
            answer = await post(browser, "/webhooks", f"/webhooks/{name}", do="test")
            assert (answer.status_code, says in answer.text) == (422, True)
        assert (await post(browser, "/webhooks", "/webhooks/crm", do="nonsense")).status_code == 422
        assert (await post(browser, "/webhooks", "/webhooks/crm", do="redeliver", news="e99")).status_code == 422


async def test_the_api_is_described_without_a_script_from_anywhere(house: House) -> None:
    async with signed_in(house, Role.OPERATOR) as browser:
        answer = await browser.get("/docs")
        description = (await browser.get("/openapi.json")).json()
    page = answer.text
    assert answer.status_code == 200
    assert {re.sub(r"\?.*", "", link) for link in re.findall(r'(?:src|href)="(?!#)([^"]+)"', page)} <= {
        "/",
        "/callbacks",
        "/desk",
        "/docs",
        "/openapi.json",
        "/password",
        "/requests",
        *(f"/static/{name}" for name in ("icon.svg", "desk.css", "desk.js", "htmx.js")),
    }
    for path, methods in description["paths"].items():
        for method, told in methods.items():
            described = f"<code>{method.upper()} {path}</code>" in page
            assert described is ("pages" not in told["tags"]), (method, path)
    for name in description["components"]["schemas"]:
        assert f'id="kind-{name}"' in page
    for target in re.findall(r'href="#([^"]+)"', page):
        assert f'id="{target}"' in page, target
