"""The floor as API: what is answered in words, what is refused, and what the audit log says."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from acd.model import facts as f
from acd.model.account import Role
from acd.model.commands import EndSpy, Reroute, SetCrisis, SetLineOpen, Spy
from acd.model.ids import CallId, LineId, OperatorId
from tests.web.floors import Floors, busy_floor
from tests.web.house import NOW, House, opened, signed_in


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with opened(tmp_path, floor=busy_floor(NOW)) as house:
        yield house


@pytest.fixture
async def sven(house: House) -> AsyncIterator[httpx.AsyncClient]:
    async with signed_in(house, Role.SUPERVISOR) as browser:
        browser.headers["X-CSRF-Token"] = (await browser.get("/api/me")).json()["csrf"]
        yield browser


def floor_of(house: House) -> Floors:
    assert house.floor is not None
    return house.floor


async def does(browser: httpx.AsyncClient, deed: str, lang: str = "nl", **body: Any) -> tuple[int, str]:
    """Status, and what was said."""
    answer = await browser.post(f"/api/floor/{deed}?lang={lang}", json=body)
    told = answer.json()
    return answer.status_code, told.get("said") or told["detail"]


WAITING = "1700564310.0"


async def test_who_listens_sees_that_the_recording_is_paused(house: House, sven: httpx.AsyncClient) -> None:
    floor, chloe = floor_of(house), OperatorId("chloe_dubois")
    [call] = [one.call for one in floor.engine.board(NOW).operators if one.operator == chloe]
    assert call is not None
    floor.fact(f.RecordingBegan(f"{call}-1.1", call, None, LineId("gentinfo"), NOW))
    assert "Opname gepauzeerd" not in (await sven.get("/floor")).text
    floor.fact(f.OperatorPausesRecording(chloe, "chloe", on=True))
    floor.fact(f.RecordingPaused(f"{call}-1.1", call, None, NOW))
    row = (await sven.get("/floor?lang=en")).text.split('id="operator-chloe_dubois"')[1].split("</tr>")[0]
    assert "sven whispers" in row and "Recording paused" in row


async def test_what_comes_of_each_deed_is_said_in_words(house: House, sven: httpx.AsyncClient) -> None:
    floor = floor_of(house)
    assert await does(sven, "state", operator="geert_willems", state="not_ready", reason="overleg") == (
        200,
        "Geert Willems is nu niet klaar: Overleg.",
    )
    assert await does(sven, "state", operator="an_peeters", state="not_ready", reason="overleg") == (
        200,
        "An Peeters is na dit gesprek niet klaar: Overleg.",
    )
    assert await does(sven, "state", operator="joke_vermeulen", state="login") == (
        200,
        "Joke Vermeulen is aangemeld, nog niet klaar.",
    )
    assert await does(sven, "lines", lang="en", operator="joke_vermeulen", lines=["bjb", "gentinfo"]) == (
        200,
        "Joke Vermeulen takes calls until midnight of: Book your visit, Gentinfo.",
    )
    assert await does(sven, "lines", operator="joke_vermeulen", lines=None) == (
        200,
        "Joke Vermeulen heeft weer de gewone lijnen.",
    )
    assert await does(sven, "move", call=WAITING, line="sportlijn") == (
        200,
        "De beller wacht nu op Sportlijn, op plaats 1.",
    )
    assert Reroute(CallId(WAITING), LineId("sportlijn")) in floor.commands
    assert await does(sven, "line", lang="fr", line="lez", open=False) == (
        200,
        "Zone de basses émissions ne prend plus de nouveaux appels. Ceux qui attendent (1) restent.",
    )
    assert SetLineOpen(LineId("lez"), open=False) in floor.commands
    assert await does(sven, "crisis", message="crisis-storm") == (200, "De crisisboodschap staat aan: crisis-storm.")
    assert SetCrisis("crisis-storm") in floor.commands
    assert await does(sven, "crisis", message=None) == (200, "De crisisboodschap staat uit.")
    [(who, action, about), *_] = [entry for entry in await house.audit() if entry[1] == "operator_set"][::-1]
    assert (who, action, about) == ("sven", "operator_set", "geert_willems")
    done = [action for _, action, _ in await house.audit()]
    assert {"operator_lines", "call_moved", "line_switched", "crisis_switched"} <= set(done)


async def test_moved_to_where_somebody_is_free_he_rings_there(sven: httpx.AsyncClient) -> None:
    status, said = await does(sven, "move", call=WAITING, line="bjb")
    assert (status, said) == (200, "De beller is verplaatst naar BoekJeBezoeklijn en gaat daar al over.")


@pytest.mark.parametrize(
    ("deed", "body", "status", "detail"),
    [
        ("move", {"call": "1700564300.1", "line": "lez"}, 409, "Deze oproep gaat al over bij een operator."),
        ("move", {"call": "1.1", "line": "lez"}, 409, "Deze beller is er niet meer."),
        ("move", {"call": WAITING, "line": "nowhere"}, 422, "Deze lijn bestaat niet."),
        ("move", {"call": "1700564310.1", "line": "lez"}, 409, "De beller hoort net het aanbod"),
        ("state", {"operator": "nobody", "state": "ready"}, 422, "Deze operator bestaat niet."),
        ("state", {"operator": "joke_vermeulen", "state": "ready"}, 409, "Deze operator is niet aangemeld."),
        ("state", {"operator": "an_peeters", "state": "not_ready", "reason": "moe"}, 422, "Kies een reden"),
        ("state", {"operator": "an_peeters", "state": "asleep"}, 422, "Invalid enum value 'asleep'"),
        ("state", {"operator": "an_peeters"}, 422, "missing required field `state`"),
        ("state", {"operator": "an_peeters", "state": "ready", "wages": 1}, 422, "unknown field `wages`"),
        ("lines", {"operator": "an_peeters", "lines": []}, 422, "Kies minstens één lijn."),
        ("lines", {"operator": "an_peeters", "lines": None}, 409, "Dit zijn al de gewone lijnen."),
        ("line", {"line": "nowhere", "open": True}, 422, "Deze lijn bestaat niet."),
        ("crisis", {"message": "crisis-x\r\nAction: Originate"}, 422, "Deze crisisboodschap bestaat niet."),
        ("listen", {"operator": "an_peeters", "mode": "listen"}, 422, "Kies een toestel"),
        ("listen", {"operator": "karel_smet", "mode": "listen", "device": "1012"}, 409, "Deze operator is niet meer"),
        ("listen", {"operator": "an_peeters", "mode": "listen", "device": "1001"}, 422, "Op dit toestel wordt dat"),
        ("listen", {"operator": "an_peeters", "mode": "listen", "device": "1002"}, 409, "Dit toestel is bezet."),
        ("stop", {"spy": 4711}, 409, "Er wordt al niet meer meegeluisterd."),
    ],
)
async def test_what_cannot_be_done_says_why_and_changes_nothing(
    house: House, sven: httpx.AsyncClient, deed: str, body: dict[str, Any], status: int, detail: str
) -> None:
    before, sent = floor_of(house).board(), len(floor_of(house).commands)
    answer = await does(sven, deed, **body)
    assert answer[0] == status
    assert detail in answer[1]
    assert floor_of(house).board() == before
    assert len(floor_of(house).commands) == sent


async def test_listening_rings_the_own_phone_and_is_written_down_before(house: House, sven: httpx.AsyncClient) -> None:
    floor = floor_of(house)
    account = await house.store.accounts()
    assert [one.operator for one in account if one.name == "sven"] == [None]
    status, said = await does(sven, "listen", operator="an_peeters", mode="barge", device="1012")
    assert (status, said) == (200, "Toestel 1012 gaat over. Neem op: An Peeters en de burger horen jou.")
    command = floor.commands[-1]
    assert isinstance(command, Spy)
    assert ("sven", "spy_asked", "an_peeters") in await house.audit()
    assert await does(sven, "stop", spy=int(command.spy)) == (200, "Het meeluisteren stopt.")
    assert floor.commands[-1] == EndSpy(command.spy)


async def test_the_api_shows_who_waits_with_masked_numbers_and_is_written_down(
    house: House, sven: httpx.AsyncClient
) -> None:
    text = (await sven.get("/api/floor")).text
    assert "+32470112233" not in text
    seen = json.loads(text)
    assert [call["number"] for call in seen["calls"]] == ["••• 012", "••• 233", "••• 455", None, "••• 766", "••• 344"]
    assert ("sven", "floor_seen", "") in await house.audit()
    page = (await sven.get("/floor")).text
    assert "+32470112233" not in page
    assert "Karel Smet" in page


async def test_an_administrator_sees_the_floor_and_has_no_ear_in_it(house: House) -> None:
    async with signed_in(house, Role.ADMIN) as browser:
        page = (await browser.get("/floor")).text
        assert 'data-do="state"' in page
        assert 'data-do="listen"' not in page
        assert 'data-now="stop"' not in page


async def test_names_with_signs_of_html_stay_text(house: House, sven: httpx.AsyncClient) -> None:
    floor_of(house).fact(f.OperatorNotReady(OperatorId("geert_willems"), '<script>alert(1)</script>"', "lunch"))
    page = (await sven.get("/floor")).text
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


async def test_without_an_engine_the_page_says_so_and_nothing_can_be_done(tmp_path: Path) -> None:
    async with opened(tmp_path) as house, signed_in(house, Role.SUPERVISOR) as browser:
        page = await browser.get("/floor")
        assert page.status_code == 200
        assert "De cijfers komen eraan" in page.text
        browser.headers["X-CSRF-Token"] = (await browser.get("/api/me")).json()["csrf"]
        assert (await does(browser, "stop", spy=1))[0] == 503
