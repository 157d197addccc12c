"""Who may do what: every route, role by role."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from acd.model.account import Role
from acd.web.access import ACCESS, SOCKET, RouteWithoutAccess, check_guarded, routes
from acd.web.app import create_app
from acd.web.hub import Hub
from tests.web.house import LINK, NOW, House, opened, signed_in
from tests.web.promises import busy_day

NOBODY, LOCAL = "nobody", "local"
WALL, OPER, SUPER, ADMIN = Role.WALLBOARD, Role.OPERATOR, Role.SUPERVISOR, Role.ADMIN
EVERYBODY: set[str] = {NOBODY, LOCAL, WALL, OPER, SUPER, ADMIN}
FIGURES: set[str] = {LOCAL, WALL, OPER, SUPER, ADMIN}
PEOPLE: set[str] = {OPER, SUPER, ADMIN}

MAY: Mapping[tuple[str, str], set[str]] = {
    ("GET", "/"): FIGURES,
    ("GET", "/events"): FIGURES,
    ("GET", "/api/snapshot"): FIGURES,
    ("GET", "/api/curve"): FIGURES,
    ("GET", "/openapi.json"): FIGURES,
    ("GET", "/livez"): EVERYBODY,
    ("GET", "/readyz"): EVERYBODY,
    ("GET", "/healthz"): EVERYBODY,
    ("GET", "/metrics"): FIGURES,
    ("GET", "/login"): EVERYBODY,
    ("POST", "/login"): EVERYBODY,
    ("GET", "/kiosk/{link}"): EVERYBODY,
    ("POST", "/logout"): PEOPLE,
    ("GET", "/password"): PEOPLE,
    ("POST", "/password"): PEOPLE,
    ("GET", "/api/me"): PEOPLE,
    ("GET", "/callbacks"): PEOPLE,
    ("GET", "/callbacks/rows"): PEOPLE,
    ("GET", "/callbacks/figures"): PEOPLE,
    ("GET", "/callbacks/{callback}"): PEOPLE,
    ("POST", "/callbacks/{callback}"): PEOPLE,
    ("GET", "/api/callbacks"): PEOPLE,
    ("GET", "/api/callbacks/{callback}"): PEOPLE,
    ("POST", "/api/callbacks/{callback}"): PEOPLE,
    ("GET", "/calls"): {SUPER, ADMIN},
    ("GET", "/calls/{call}"): {SUPER, ADMIN},
    ("GET", "/api/calls"): {SUPER, ADMIN},
    ("POST", "/calls/{call}/listen"): {SUPER},
    ("GET", "/recordings/{recording}"): {SUPER},
    ("GET", "/api/calls/{call}"): {SUPER, ADMIN},
    ("GET", "/floor"): {SUPER, ADMIN},
    ("GET", "/floor/events"): {SUPER, ADMIN},
    ("GET", "/api/floor"): {SUPER, ADMIN},
    ("POST", "/api/floor/state"): {SUPER, ADMIN},
    ("POST", "/api/floor/lines"): {SUPER, ADMIN},
    ("POST", "/api/floor/move"): {SUPER, ADMIN},
    ("POST", "/api/floor/line"): {SUPER, ADMIN},
    ("POST", "/api/floor/crisis"): {SUPER, ADMIN},
    ("POST", "/api/floor/listen"): {SUPER},
    ("POST", "/api/floor/stop"): {SUPER},
    ("GET", "/desk"): PEOPLE,
    ("GET", "/desk/events"): PEOPLE,
    ("GET", "/desk/form"): PEOPLE,
    ("GET", "/desk/side"): PEOPLE,
    ("GET", "/api/desk"): PEOPLE,
    ("POST", "/api/desk/state"): PEOPLE,
    ("GET", "/api/desk/contacts/{contact}"): PEOPLE,
    ("POST", "/api/desk/contacts/{contact}"): PEOPLE,
    ("GET", "/requests"): PEOPLE,
    ("GET", "/requests/rows"): PEOPLE,
    ("GET", "/requests/{request}"): PEOPLE,
    ("POST", "/requests/{request}"): PEOPLE,
    ("GET", "/api/desk/requests"): PEOPLE,
    ("POST", "/api/desk/requests"): PEOPLE,
    ("GET", "/api/desk/requests/{request}"): PEOPLE,
    ("POST", "/api/desk/requests/{request}"): PEOPLE,
    ("GET", "/audit"): {SUPER, ADMIN},
    ("GET", "/api/audit"): {SUPER, ADMIN},
    ("GET", "/api/reports/figures"): PEOPLE,
    ("GET", "/api/reports"): {SUPER, ADMIN},
    ("GET", "/api/reports.csv"): {SUPER, ADMIN},
    ("GET", "/api/reports.xlsx"): {SUPER, ADMIN},
    ("GET", "/api/reports/states"): {SUPER, ADMIN},
    ("GET", "/api/reports/waits"): {SUPER, ADMIN},
    ("GET", "/api/reports/survey"): {SUPER, ADMIN},
    ("GET", "/api/reports/subjects"): {SUPER, ADMIN},
    ("GET", "/api/reports/repeats"): {SUPER, ADMIN},
    ("GET", "/api/reports/{about}.csv"): {SUPER, ADMIN},
    ("GET", "/api/reports/{about}.xlsx"): {SUPER, ADMIN},
    ("GET", "/api/reports/behind"): {SUPER, ADMIN},
    ("GET", "/api/reports/rows/{view}"): {SUPER, ADMIN},
    ("GET", "/reports"): {SUPER, ADMIN},
    ("GET", "/reports/operators"): {SUPER, ADMIN},
    ("GET", "/reports/citizens"): {SUPER, ADMIN},
    ("GET", "/reports/conversations"): {SUPER, ADMIN},
    ("GET", "/reports/answers"): {SUPER, ADMIN},
    ("GET", "/reports/states"): {SUPER, ADMIN},
    ("GET", "/reports/calls"): {SUPER, ADMIN},
    ("GET", "/accounts"): {ADMIN},
    ("POST", "/accounts"): {ADMIN},
    ("POST", "/accounts/{name}"): {ADMIN},
    ("GET", "/api/accounts"): {ADMIN},
    ("GET", "/privacy"): {ADMIN},
    ("POST", "/privacy"): {ADMIN},
    ("POST", "/privacy/export"): {ADMIN},
    ("POST", "/privacy/erase"): {ADMIN},
    ("POST", "/api/citizens/held"): {ADMIN},
    ("POST", "/api/citizens/export"): {ADMIN},
    ("POST", "/api/citizens/erase"): {ADMIN},
    ("GET", "/keys"): {ADMIN},
    ("POST", "/keys"): {ADMIN},
    ("POST", "/keys/{name}"): {ADMIN},
    ("GET", "/webhooks"): {ADMIN},
    ("POST", "/webhooks/{name}"): {ADMIN},
    ("GET", "/docs"): PEOPLE,
    ("GET", "/login/city"): EVERYBODY,
    ("GET", "/login/city/back"): EVERYBODY,
    # Here the operator alone is somebody who takes calls.
    ("GET", "/desk/phone"): {OPER},
    ("GET", "/api/phone"): {OPER},
    ("POST", "/api/phone/card"): {OPER},
    ("POST", "/api/phone/hangup"): {OPER},
    ("POST", "/api/phone/transfer"): {OPER},
    ("POST", "/api/phone/survey"): {OPER},
    (SOCKET, "/sip"): {OPER},
}
"""Written out once more, by hand: what the city was promised."""
NAMED = {
    "callback": "due",
    "call": "17.1",
    "name": "olga",
    "link": LINK,
    "contact": "17.1~an",
    "request": "none",
    "view": "call",
    "about": "survey",
    "recording": "none-1",
}
"""What stands in an address."""


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with opened(tmp_path, busy_day(NOW)) as house:
        yield house


async def visitor(house: House, who: str) -> AsyncIterator[httpx.AsyncClient]:
    if who in (NOBODY, LOCAL):
        async with house.browser("acd.stad.example" if who == NOBODY else "localhost") as browser:
            yield browser
    else:
        # Under the city's name: nothing may be open to them only because they sit here.
        async with signed_in(house, Role(who), "acd.stad.example") as browser:
            yield browser


def test_every_route_is_in_the_table_and_every_promise_has_a_route(tmp_path: Path, house: House) -> None:
    assert set(routes(house.app)) == set(MAY) == set(ACCESS)


async def test_a_forgotten_route_keeps_the_application_from_starting(house: House) -> None:
    @house.app.get("/forgotten")
    async def forgotten() -> str:
        return "open"

    with pytest.raises(RouteWithoutAccess, match="GET /forgotten"):
        check_guarded(house.app)
    async with signed_in(house, ADMIN) as browser:
        assert (await browser.get("/forgotten")).status_code == 500


def test_so_does_a_forgotten_application() -> None:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.mount("/inside", FastAPI())
    with pytest.raises(RouteWithoutAccess, match="/inside"):
        check_guarded(app)


@pytest.mark.parametrize("who", sorted(EVERYBODY))
async def test_each_role_gets_its_routes_and_no_other(house: House, who: str) -> None:
    async for browser in visitor(house, who):
        for (method, path), may in MAY.items():
            if path in ("/events", "/desk/events", "/floor/events", "/logout", "/login", "/kiosk/{link}", "/sip"):
                continue  # tried below: they do not end, or change who is there
            asked = path.format(**NAMED)
            answer = await browser.request(method, asked, headers={"Accept": "application/json"})
            refused = answer.status_code == 401 or (answer.status_code == 403 and "form" not in answer.text)
            assert refused is (who not in may), (method, path, answer.status_code)
            if method == "POST":
                # Whoever may, must still show the form's token.
                assert answer.status_code in (401, 403), (method, path)


@pytest.mark.parametrize("who", sorted(EVERYBODY))
async def test_the_stream_and_the_way_in(house: House, who: str) -> None:
    async for browser in visitor(house, who):
        assert (await browser.get("/login")).status_code == 200
        house.hub.close()  # a stream ends at once
        answer = await browser.get("/events", headers={"Accept": "text/event-stream"})
        assert answer.status_code == (200 if who in MAY["GET", "/events"] else 401)
        out = await browser.post("/logout", headers={"Accept": "application/json"})
        assert out.status_code == (401 if who in (NOBODY, LOCAL) else 403)


async def test_what_came_through_a_proxy_is_not_local(house: House) -> None:
    async with house.browser() as browser:
        assert (await browser.get("/")).status_code == 200
        for header in ("X-Forwarded-For", "Forwarded", "Via"):
            assert (await browser.get("/", headers={header: "10.1.2.3"})).status_code == 303
    async with house.browser(address="10.1.2.3") as browser:
        assert (await browser.get("/")).status_code == 303


async def test_a_page_sends_to_the_form_and_back_and_nowhere_else(house: House) -> None:
    async with house.browser() as browser:
        answer = await browser.get("/callbacks?kind=broken&line=bjb")
        assert answer.headers["location"] == "/login?next=/callbacks%3Fkind%3Dbroken%26line%3Dbjb"
        assert (await browser.get("/api/callbacks")).status_code == 401
        assert (await browser.get("/callbacks/rows", headers={"HX-Request": "true"})).status_code == 401


async def test_without_accounts_there_are_only_the_figures_on_this_machine() -> None:
    app = create_app(Hub(lambda: None), hosts=["localhost", "acd.stad.example"])
    monitors = {"/healthz", "/livez", "/readyz"}
    figures = {"/", "/events", "/api/snapshot", "/api/curve", "/openapi.json", "/metrics", *monitors}
    assert {path for _, path in routes(app)} == figures
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://acd.stad.example") as browser:
        assert (await browser.get("/")).status_code == 401
        assert (await browser.get("/healthz")).status_code == 503
