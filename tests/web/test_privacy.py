"""A citizen's data as an admin sees it: how much there is, the file for him, and that he is forgotten."""

import io
import json
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from acd.model.account import Role
from acd.model.contact import Contact, ContactId, Draft
from acd.model.events import RecordingFinished, RecordingStarted
from acd.model.ids import CallId, LineId, OperatorId
from acd.records import Ledger
from tests.records.histories import NUMBER, answered
from tests.web.house import NOW, WHO, House, csrf_in, opened, sign_in

TYPED = "0470 12 34 56"
NOTE = "wil <b>niet</b> meer bellen"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with opened(tmp_path) as house:
        await one_call(house)
        yield house


async def one_call(house: House) -> None:
    """A citizen called yesterday, and an operator wrote of it."""
    at = NOW - 86_400
    async with Ledger(house.url, key=b"key") as ledger:
        for step in answered("17.1", at, line=LineId("sportlijn")):
            ledger.write(step)
        await ledger.caught_up()
    id = ContactId("17.1~an")
    contact = Contact(
        id, OperatorId("an"), LineId("sportlijn"), at, call=CallId("17.1"), number=NUMBER, ended_at=at + 100
    )
    await house.contacts.begin(contact)
    await house.contacts.save(id, OperatorId("an"), Draft(name="Jan", note=NOTE), 0, None)


async def ask(browser: httpx.AsyncClient, to: str, **fields: str) -> httpx.Response:
    csrf = csrf_in((await browser.get("/privacy")).text)
    return await browser.post(to, data={"csrf": csrf, **fields})


async def test_the_page_tells_how_much_there_is_and_not_what(house: House) -> None:
    async with house.browser() as browser:
        await sign_in(browser, WHO[Role.ADMIN])
        found = await ask(browser, "/privacy", number=TYPED)
        assert found.status_code == 200
        assert "+32 470 12 34 56" in found.text
        assert "Jan" not in found.text.replace("Janssens", "")
        assert NOTE not in found.text
        assert "niet</b>" not in found.text
        wrong = await ask(browser, "/privacy", number="geen nummer")
        assert wrong.status_code == 422
        assert "Dat is geen telefoonnummer." in wrong.text
        nothing = await ask(browser, "/privacy", number="+33612345678")
        assert "wordt niets bewaard" in nothing.text
    seen = [entry for entry in await house.audit() if entry[1] == "citizen_seen"]
    assert len(seen) == 2
    assert all(about.startswith("citizen ") for _, _, about in seen)


async def test_his_file_is_for_him(house: House) -> None:
    async with house.browser() as browser:
        await sign_in(browser, WHO[Role.ADMIN])
        answer = await ask(browser, "/privacy/export", number=TYPED)
        assert answer.headers["content-type"] == "application/zip"
        assert (await ask(browser, "/privacy/export", number="x")).status_code == 422
    parts = zipfile.ZipFile(io.BytesIO(answer.content))
    told: dict[str, Any] = json.loads(parts.read("citizen.json"))
    assert told["number"] == NUMBER
    assert told["calls"][0]["arrived_at"] == "2023-11-20T12:00:00+01:00"
    assert told["contacts"][0] | {"name": "Jan", "note": NOTE} == told["contacts"][0]
    assert "operator" not in str(told)
    page = parts.read("citizen.html").decode()
    assert "wil &lt;b&gt;niet&lt;/b&gt; meer bellen" in page
    assert "Sportlijn" in page
    assert "href" not in page
    assert "src" not in page
    assert ("ada", "citizen_exported") in [entry[:2] for entry in await house.audit()]


async def test_he_is_forgotten_only_when_the_number_is_typed_again(house: House) -> None:
    async with house.browser() as browser:
        await sign_in(browser, WHO[Role.ADMIN])
        for again in ("", "+32470123457", "x"):
            refused = await ask(browser, "/privacy/erase", number=NUMBER, again=again)
            assert refused.status_code == 409
            assert "Er is niets gewist" in refused.text
        assert (await house.citizens.file((NUMBER,))).contacts[0].name == "Jan"
        done = await ask(browser, "/privacy/erase", number=NUMBER, again=TYPED)
        assert done.status_code == 200
        assert "De burger is vergeten" in done.text
        assert "+32 470" not in done.text
    assert not (await house.citizens.held((NUMBER,), NOW)).anything
    assert "citizen_erased" in [action for _, action, _ in await house.audit()]


async def test_whose_recordings_cannot_be_deleted_is_not_half_erased(house: House) -> None:
    at, name = NOW - 86_400, "17.1-17.2"
    async with Ledger(house.url, key=b"key") as ledger:
        ledger.write([RecordingStarted(at, name, CallId("17.1"), None, LineId("sportlijn"), OperatorId("an"), at)])
        ledger.write([RecordingFinished(at + 60, name, CallId("17.1"), None, at + 60)])
        await ledger.caught_up()
    folder = Path(house.url.removeprefix("sqlite:///")).parent / "recordings"
    async with house.browser() as browser:
        await sign_in(browser, WHO[Role.ADMIN])
        page = await ask(browser, "/privacy/erase", number=TYPED, again=TYPED)
        assert (page.status_code, "zijn opnames kunnen niet verwijderd worden" in page.text) == (409, True)
        csrf = {"X-CSRF-Token": (await browser.get("/api/me")).json()["csrf"]}
        refused = await browser.post("/api/citizens/erase", json={"number": TYPED}, headers=csrf)
        assert (refused.status_code, name in refused.json()["detail"]) == (409, True)
        assert (await house.citizens.held((NUMBER,), NOW)).contacts == 1
        folder.mkdir()
        (folder / f"{name}.wav").write_bytes(b"RIFF")
        done = await browser.post("/api/citizens/erase", json={"number": TYPED}, headers=csrf)
        assert (done.json()["contacts"], done.json()["recordings"]) == (1, 1)
    assert list(folder.iterdir()) == []


async def test_the_api_does_the_same(house: House) -> None:
    async with house.browser() as browser:
        await sign_in(browser, WHO[Role.ADMIN])
        csrf = {"X-CSRF-Token": (await browser.get("/api/me")).json()["csrf"]}
        held = await browser.post("/api/citizens/held", json={"number": TYPED}, headers=csrf)
        assert (held.json()["calls"], held.json()["contacts"], held.json()["busy"]) == (1, 1, False)
        assert (await browser.post("/api/citizens/held", json={"number": "x"}, headers=csrf)).status_code == 422
        file = await browser.post("/api/citizens/export", json={"number": TYPED}, headers=csrf)
        assert zipfile.ZipFile(io.BytesIO(file.content)).testzip() is None
        house.now = NOW - 86_400 + 200
        busy = await browser.post("/api/citizens/erase", json={"number": TYPED}, headers=csrf)
        assert busy.status_code == 409
        house.now = NOW
        done = await browser.post("/api/citizens/erase", json={"number": TYPED}, headers=csrf)
        assert (done.json()["numbers"], done.json()["contacts"]) == (1, 1)


async def test_nobody_but_an_admin_looks_a_citizen_up(house: House) -> None:
    for role in (Role.OPERATOR, Role.SUPERVISOR):
        async with house.browser() as browser:
            await sign_in(browser, WHO[role])
            assert (await browser.get("/privacy")).status_code == 403
