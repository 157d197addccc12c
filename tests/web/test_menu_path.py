"""The way through the menu, wherever a page shows it: called in the reader's language, and escaped."""

import io
import re
import zipfile
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path

import httpx
import pytest

from acd.model import events as ev
from acd.model.account import Role
from acd.model.ids import CallId, LineId
from acd.model.menu import Menus
from acd.records import Ledger
from tests.web.exchange import MARIE
from tests.web.house import NOW, House, csrf_in, opened, signed_in

DID = "3292101010"
PATH = "start>belasting>verdwenen_stap"
MENUS = Menus(
    {DID: "gentinfo"},
    {
        "gentinfo": {
            "start": {"nl": "Hoofdmenu", "en": "Main menu", "fr": "Menu principal"},
            "belasting": {"nl": "Belasting <b>&amp;</b> taks"},
        }
    },
)
SAID = {
    "nl": "Hoofdmenu › Belasting <b>&amp;</b> taks › verdwenen_stap",
    "en": "Main menu › Belasting <b>&amp;</b> taks › verdwenen_stap",
    "fr": "Menu principal › Belasting <b>&amp;</b> taks › verdwenen_stap",
}
"""The tax has no name in English or French, and one node is in no menu any more."""


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with opened(tmp_path, calls=True) as house:
        house.menus = MENUS
        yield house


async def one_call(house: House) -> None:
    at, call = NOW - 3600, CallId("17.1")
    async with Ledger(house.url, key=b"key") as ledger:
        ledger.write(
            [ev.CallStarted(at, call, DID, MARIE, at), ev.CallEnteredLine(at, call, LineId("gentinfo"), at, "nl", PATH)]
        )
        await ledger.caught_up()


def way_in(page: str) -> str:
    """As the desk shows it; a tag in it would be one."""
    found = re.search(r'<dd class="path">(.*?)</dd>', page)
    assert found
    assert "<" not in found[1]
    return unescape(found[1])


@pytest.mark.parametrize("lang", SAID)
async def test_the_desk_calls_the_nodes_as_the_operator_does(house: House, lang: str) -> None:
    house.exchange.link()
    house.exchange.on_duty("an")
    house.exchange.rings_and_is_answered("17.1", path=PATH)
    async with signed_in(house, Role.OPERATOR) as browser:
        assert way_in((await browser.get(f"/desk?lang={lang}")).text) == SAID[lang]
        # The menu is that of the number called; of a number that is none of ours nobody knows the names.
        house.menus = Menus({"3290000000": "gentinfo"}, MENUS.captions)
        assert way_in((await browser.get("/desk")).text) == PATH.replace(">", " › ")


async def test_the_story_of_a_call_does_so_and_the_records_keep_the_ids(house: House) -> None:
    await one_call(house)
    async with signed_in(house, Role.SUPERVISOR) as browser:
        for lang, said in SAID.items():
            page = (await browser.get(f"/calls/17.1?lang={lang}")).text
            assert said in [unescape(one) for one in re.findall(r"<dd>([^<]*)</dd>", page)]
        assert (await browser.get("/api/calls/17.1")).json()["call"]["path"] == PATH


async def test_so_does_the_file_for_the_citizen(house: House) -> None:
    await one_call(house)
    async with signed_in(house, Role.ADMIN) as browser:
        page = await _file(browser)
        assert SAID["fr"] in [unescape(one) for one in re.findall(r"<td>([^<]*)</td>", page)]


async def _file(browser: httpx.AsyncClient) -> str:
    csrf = csrf_in((await browser.get("/privacy?lang=fr")).text)
    answer = await browser.post("/privacy/export", data={"csrf": csrf, "number": MARIE})
    return zipfile.ZipFile(io.BytesIO(answer.content)).read("citizen.html").decode()
