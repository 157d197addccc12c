import json
import re
from collections.abc import AsyncIterator
from html import unescape

import httpx
import msgspec
import pytest
from fastapi import FastAPI

from acd.engine.board import Board
from acd.engine.tally import Tally
from acd.model.operator import OperatorState
from acd.web.app import create_app
from acd.web.health import PATHS, Check, CheckState
from acd.web.hub import Hub
from acd.web.pages import STATIC
from acd.web.snapshot import Snapshot, snapshot
from tests.web.city import NAMES, NOON, board, line, operator, tally


def client_of(app: FastAPI, host: str = "localhost") -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=f"http://{host}")


def showing(picture: Snapshot | None) -> FastAPI:
    return create_app(Hub(lambda: picture))


def city_board(*, linked: bool = True) -> Board:
    lines = [line(key, available=2, logged_in=3) for key in NAMES]
    lines[1] = line("sportlijn", waiting=2, longest_wait=72, logged_in=3)
    people = [operator("an", OperatorState.NOT_READY, name="An Peeters", reason="lunch")]
    return board(lines, people, linked=linked)


COUNTS = tally({"gentinfo": (447, 381, 9, 3), "bjb": (9, 7, 1, 0), "toerisme": (4, 4, 0, 0)})


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(showing(snapshot(city_board(), COUNTS))) as client:
        yield client


def words(html: str) -> str:
    """What a reader sees, without tags."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", html)))


def row(html: str, key: str) -> str:
    found = re.search(rf'<tr id="line-{key}".*?</tr>', html, re.DOTALL)
    assert found
    return words(found[0])


async def test_the_page_is_complete_before_any_script_runs(client: httpx.AsyncClient) -> None:
    page = (await client.get("/")).text
    assert '<html lang="nl"' in page
    assert "Gentinfo 0 – niemand wacht 447 12 97 % 447 / 459 " in row(page, "gentinfo")
    assert "90 % 9 / 10 · doel 95 %" in row(page, "bjb")
    assert "100 % * (weinig oproepen)" in row(page, "toerisme")
    assert "– nog geen oproepen" in row(page, "lez_lijn")
    assert "Let op wacht ≥ 60 s · niemand vrij" in row(page, "sportlijn")
    assert "1:12" in row(page, "sportlijn")


@pytest.mark.parametrize(("lang", "expected"), [("nl", "Wachtend"), ("en", "Waiting"), ("fr", "En attente")])
async def test_three_languages(client: httpx.AsyncClient, lang: str, expected: str) -> None:
    page = (await client.get("/", params={"lang": lang})).text
    assert f'<html lang="{lang}"' in page
    assert expected in words(page)
    assert NAMES["nachtopvang"][lang] in words(page)


async def test_worst_first_by_the_address(client: httpx.AsyncClient) -> None:
    fixed = re.findall(r'<tr id="line-(\w+)"', (await client.get("/")).text)
    worst = re.findall(r'<tr id="line-(\w+)"', (await client.get("/?order=worst")).text)
    assert fixed == list(NAMES)
    assert worst[:2] == ["sportlijn", "bjb"]
    assert worst[2:] == [key for key in NAMES if key not in ("sportlijn", "bjb")]


async def test_links_keep_the_rest_of_the_address(client: httpx.AsyncClient) -> None:
    page = (await client.get("/?lang=fr&order=worst&theme=dark")).text
    assert 'href="/?order=worst&amp;theme=dark"' in page  # to Dutch
    assert 'href="/?lang=fr&amp;theme=dark"' in page  # to the fixed order
    assert 'hx-sse:connect="/events?lang=fr&amp;order=worst' in page
    assert '<html lang="fr" data-theme="dark"' in page


@pytest.mark.parametrize("query", ["lang=de", "order=best", "theme=pink"])
async def test_an_unknown_choice_is_named(client: httpx.AsyncClient, query: str) -> None:
    answer = await client.get(f"/?{query}")
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["query", query.split("=", 1)[0]]


@pytest.mark.parametrize("path", ["/", "/api/snapshot", "/readyz", "/static/wallboard.js", "/nowhere", "/?lang=de"])
async def test_headers_on_every_answer(client: httpx.AsyncClient, path: str) -> None:
    headers = (await client.get(path)).headers
    csp = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert csp["default-src"] == csp["base-uri"] == csp["frame-ancestors"] == "'none'"
    assert csp["script-src"] == csp["style-src"] == csp["connect-src"] == "'self'"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-frame-options"] == "DENY"
    assert headers["cache-control"] == "no-store"


async def test_the_page_has_nothing_inline_and_nothing_from_elsewhere(client: httpx.AsyncClient) -> None:
    page = (await client.get("/")).text
    assert re.findall(r"<style|style=|\son\w+=|javascript:|<script(?![^>]* src=)", page) == []
    assert re.findall(r'(?:src|href|action)="(?!/|#)[^"]*', page) == []


async def test_built_files_may_be_kept_for_ever(client: httpx.AsyncClient) -> None:
    page = (await client.get("/")).text
    files = re.findall(r'(?:src|href)="(/static/[^"]+)"', page)
    assert {file.split("?")[0].rpartition("/")[2] for file in files} == {
        "wallboard.js",
        "wallboard.css",
        "htmx.js",
        "icon.svg",
    }
    for file in files:
        answer = await client.get(file)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


def test_built_files_name_no_other_host() -> None:
    for file in STATIC.glob("*.css"):
        assert re.findall(r"https?://|url\(\s*[\"']?//", file.read_text()) == []


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.2", ""])
async def test_a_foreign_host_name_gets_nothing(host: str) -> None:
    async with client_of(showing(snapshot(city_board(), COUNTS))) as client:
        answer = await client.get("/api/snapshot", headers={"Host": host})
    assert answer.status_code == 400
    assert "gentinfo" not in answer.text


@pytest.mark.parametrize("host", ["localhost", "localhost:8080", "127.0.0.1:8080", "[::1]:8080"])
async def test_loopback_names_are_ours(client: httpx.AsyncClient, host: str) -> None:
    assert (await client.get("/", headers={"Host": host})).status_code == 200


async def test_a_city_gives_its_own_names() -> None:
    app = create_app(Hub(lambda: None), hosts=["wallboard.stad.example"])
    async with client_of(app, "wallboard.stad.example") as client:
        assert (await client.get("/readyz")).status_code == 503
    async with client_of(app, "localhost") as client:
        assert (await client.get("/api/snapshot")).status_code == 400


@pytest.mark.parametrize("host", ["10.0.0.5", "10.0.0.5:8080", "acd-a", ""])
async def test_a_monitor_may_ask_by_address_for_health_and_nothing_else(client: httpx.AsyncClient, host: str) -> None:
    answers = {path: (await client.get(path, headers={"Host": host})).status_code for path in PATHS}
    assert answers == {"/livez": 200, "/readyz": 200, "/healthz": 200}
    for path in ("/", "/metrics", "/login", "/livez/", "/readyz/../metrics"):
        assert (await client.get(path, headers={"Host": host})).status_code == 400


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }}",
    "</td></tr></table><h1>x",
    "a\r\ndata: <b>x</b>",
    "\u2028<b>",
    "&lt;b&gt;",
]


def named(text: str) -> FastAPI:
    lines = [line("bad", names={"nl": text}, waiting=1, longest_wait=99)]
    people = [operator("x", OperatorState.AVAILABLE, name=text, reason=text)]
    return showing(snapshot(board(lines, people, crisis=text), Tally()))


@pytest.mark.parametrize("text", HOSTILE)
async def test_names_from_outside_stay_text(text: str) -> None:
    async with client_of(named(text)) as client:
        page = (await client.get("/")).text
    async with client_of(named("ok")) as client:
        plain = (await client.get("/")).text
    assert tags(page) == tags(plain)
    assert "49" not in row(page, "bad")


def tags(html: str) -> list[str]:
    return re.findall(r"</?[a-zA-Z][^>\s]*", html)


async def test_api_gives_the_figures_and_no_people(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/snapshot")
    picture = msgspec.json.decode(answer.content, type=Snapshot)
    assert answer.headers["content-type"] == "application/json"
    assert picture.lines == snapshot(city_board(), COUNTS).lines
    assert picture.operators == ()
    assert "Peeters" not in answer.text


async def test_page_shows_no_people(client: httpx.AsyncClient) -> None:
    page = (await client.get("/")).text
    assert "Peeters" not in page
    assert "lunch" not in page


@pytest.mark.parametrize(
    ("picture", "behind", "status", "code"),
    [
        (snapshot(city_board(), COUNTS), 0, "ok", 200),
        (snapshot(city_board(), COUNTS), 1000, "ok", 200),
        (snapshot(city_board(), COUNTS), 1001, "degraded", 503),
        (snapshot(city_board(linked=False), COUNTS, link_lost_at=NOON - 9), 0, "degraded", 503),
        (None, 0, "starting", 503),
    ],
)
async def test_health(picture: Snapshot | None, behind: int, status: str, code: int) -> None:
    async with client_of(create_app(Hub(lambda: picture), ledger_behind=lambda: behind)) as client:
        answer = await client.get("/readyz")
    health = answer.json()
    assert (health["status"], answer.status_code, health["ledger_behind"]) == (status, code, behind)
    assert health["linked"] == (picture is not None and picture.linked)
    assert health["link_lost_at"] == (picture and picture.link_lost_at)


@pytest.mark.parametrize(("state", "code"), [("ok", 200), ("warning", 200), ("fault", 503)])
async def test_a_check_that_is_a_fault_makes_it_unready_and_says_why(state: str, code: int) -> None:
    async def checks() -> list[Check]:
        return [Check("database", CheckState(state), "locked")]

    picture = snapshot(city_board(), COUNTS)
    async with client_of(create_app(Hub(lambda: picture), checks=checks)) as client:
        answer, alive = await client.get("/readyz"), await client.get("/livez")
    assert answer.status_code == code
    assert {"name": "database", "state": state, "why": "locked"} in answer.json()["checks"]
    assert (alive.status_code, alive.json()) == (200, {"status": "alive"})


async def test_before_the_engine_is_ready() -> None:
    async with client_of(showing(None)) as client:
        assert "De cijfers komen eraan" in (await client.get("/")).text
        assert (await client.get("/api/snapshot")).status_code == 503


async def test_a_city_without_lines() -> None:
    async with client_of(showing(snapshot(board(), Tally()))) as client:
        assert "Er zijn nog geen lijnen" in (await client.get("/")).text


async def test_banners_of_link_crisis_and_maintenance() -> None:
    down = board([line()], linked=False, crisis="storm", draining=True)
    async with client_of(showing(snapshot(down, Tally(), link_lost_at=NOON - 61))) as client:
        seen = words((await client.get("/")).text)
    assert "Geen verbinding met de telefooncentrale sinds 11:58:59" in seen
    assert "De crisisboodschap staat aan: storm" in seen
    assert "Onderhoud" in seen


@pytest.mark.parametrize(
    ("lang", "told"),
    [
        ("nl", "Vandaag 12\xa0min niet gezien: de aantallen van vandaag zijn een ondergrens."),
        ("en", "12\xa0min of today not seen: today’s counts are a lower bound."),
        ("fr", "Aujourd’hui, 12\xa0min non vus : les nombres du jour sont un minimum."),
    ],
)
async def test_figures_of_a_day_in_which_something_was_not_seen_say_so(lang: str, told: str) -> None:
    async with client_of(showing(snapshot(city_board(), COUNTS, unseen=725.0))) as client:
        assert told.replace("\xa0", " ") in words((await client.get(f"/?lang={lang}")).text)
        assert (await client.get("/api/snapshot")).json()["unseen"] == 725.0
    async with client_of(showing(snapshot(city_board(), COUNTS, unseen=3.0))) as client:
        assert "Vandaag minder dan 1 min niet gezien" in words((await client.get("/")).text)
    async with client_of(showing(snapshot(city_board(), COUNTS))) as client:
        assert "niet gezien" not in words((await client.get("/")).text)


async def test_the_description_of_the_api_is_complete(client: httpx.AsyncClient) -> None:
    description = (await client.get("/openapi.json")).json()
    assert {"/", "/events", "/api/snapshot", "/readyz"} <= description["paths"].keys()
    references = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(description)))
    assert {"Snapshot", "Health", "Share"} <= references
    assert references <= description["components"]["schemas"].keys()


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
async def test_no_page_that_would_load_from_elsewhere(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 404


@pytest.mark.parametrize("path", ["/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static/"])
async def test_only_built_files_are_served(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 404


async def test_when_too_many_pages_are_open_the_next_is_told() -> None:
    async with client_of(create_app(Hub(lambda: None, max_clients=0))) as client:
        answer = await client.get("/events")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "10"
    assert answer.json() == {"detail": "0 pages are open already"}
