"""Keys of programs: what each opens, how it is made and revoked, and the trace of it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from acd.model.account import Role, Scope
from acd.web.access import ACCESS
from tests.web.house import NOW, House, opened, post, signed_in
from tests.web.promises import busy_day
from tests.web.test_access import NAMED

SHOWN = "acd_"
CITY = "acd.stad.example"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with opened(tmp_path, busy_day(NOW)) as house:
        yield house


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}", "Accept": "application/json"}


MAY = {
    Scope.FIGURES: {("GET", path) for path in ("/api/snapshot", "/api/curve", "/metrics", "/openapi.json")},
    Scope.REPORTS: {
        ("GET", f"/api/reports{rest}")
        for rest in (
            *("", ".csv", ".xlsx", "/figures", "/states", "/waits", "/survey", "/subjects", "/repeats"),
            *("/{about}.csv", "/{about}.xlsx", "/behind", "/rows/{view}"),
        )
    },
    Scope.CALLBACKS: {("GET", "/api/callbacks"), ("GET", "/api/callbacks/{callback}")},
    Scope.NUMBERS: set(),
}
"""Written out once more, by hand. Nothing that changes anything, and no page."""


MONITORS = ("/healthz", "/livez", "/readyz")
"""Anybody's, and not in order here."""


async def test_a_key_opens_its_own_and_nothing_else(house: House) -> None:
    """Every route with every kind of key, and with those that are none."""
    kinds = [{Scope.FIGURES}, {Scope.REPORTS}, {Scope.CALLBACKS}, {Scope.CALLBACKS, Scope.NUMBERS}, set(Scope)]
    keys = {frozenset(kind): await house.key(f"k{n}", *kind) for n, kind in enumerate(kinds)}
    async with house.browser(CITY) as client:
        for (method, path), access in ACCESS.items():
            if path in ("/events", "/login", "/kiosk/{link}", "/login/city", "/login/city/back", "/sip", *MONITORS):
                continue
            asked = path.format(**NAMED) + ("?of=answered" if path.endswith("/behind") else "")
            for scopes, key in keys.items():
                answer = await client.request(method, asked, headers=bearer(key))
                may = any((method, path) in MAY[scope] for scope in scopes)
                assert answer.status_code == (200 if may else 403), (method, path, scopes)
                assert may == (access.scope in scopes)
            for wrong in ("", "x", "acd_x", next(iter(keys.values()))[:-1], "é"):
                answer = await client.request(method, asked, headers=[(b"authorization", f"Bearer {wrong}".encode())])
                assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer"), (method, path)


async def test_a_key_is_nobody_else_whoever_sends_it(house: House) -> None:
    key = await house.key("bi", Scope.FIGURES)
    async with signed_in(house, Role.ADMIN) as browser:
        # Neither the session of the browser nor its place counts beside it.
        assert (await browser.get("/api/accounts", headers=bearer(key))).status_code == 403
        assert (await browser.get("/api/snapshot", headers=bearer("acd_wrong"))).status_code == 401
        assert (await browser.get("/api/accounts")).status_code == 200
        # A password that a server in front asked for is none of our business.
        assert (await browser.get("/api/accounts", headers={"Authorization": "Basic eDp5"})).status_code == 200


async def test_a_program_that_reads_reports_leaves_its_name(house: House) -> None:
    key = await house.key("power-bi", Scope.REPORTS)
    async with house.browser(CITY) as client:
        rows = await client.get("/api/reports/rows/call?from=2026-11-01&to=2026-11-30&format=csv", headers=bearer(key))
    assert rows.status_code == 200 and "+32" not in rows.text
    assert ("key:power-bi", "records_exported", "") in await house.audit()


async def test_whole_numbers_only_with_leave_and_never_without_a_trace(house: House) -> None:
    plain, whole = await house.key("list", Scope.CALLBACKS), await house.key("crm", Scope.CALLBACKS, Scope.NUMBERS)
    async with house.browser(CITY) as client:
        masked = (await client.get("/api/callbacks/due", headers=bearer(plain))).json()["row"]["number"]
        number = (await client.get("/api/callbacks/due", headers=bearer(whole))).json()["row"]["number"]
        assert masked.startswith("•••") and number.startswith("+") and number.endswith(masked[-3:])
        rows = (await client.get("/api/callbacks", headers=bearer(whole))).json()["rows"]
        assert all(row["number"].startswith("•••") for row in rows if row["number"])
    assert (await house.audit())[:3] == [
        ("key:crm", "callbacks_seen", ""),
        ("key:crm", "number_seen", "due"),
        ("key:list", "callback_seen", "due"),
    ]


async def test_made_shown_once_used_and_revoked(house: House) -> None:
    async with signed_in(house, Role.ADMIN) as browser, house.browser(CITY) as program:
        made = await post(browser, "/keys", "/keys", name="Rapport-BI", scope_figures="1", days="30")
        assert made.status_code == 200
        key = made.text.partition('class="secret">')[2].partition("<")[0]
        assert key.startswith(SHOWN) and key not in (await browser.get("/keys")).text
        assert key not in str([vars_of(one) for one in await house.keys.keys()])
        assert (await program.get("/api/snapshot", headers=bearer(key))).status_code == 200
        [one] = await house.keys.keys()
        assert (one.name, one.created_by, one.used_at) == ("rapport-bi", "ada", house.now)
        house.now += 30 * 86_400 - 1
        assert (await program.get("/api/snapshot", headers=bearer(key))).status_code == 200
        house.now += 1
        assert (await program.get("/api/snapshot", headers=bearer(key))).status_code == 401
    second = await house.key("second", Scope.FIGURES)
    async with signed_in(house, Role.ADMIN) as browser, house.browser(CITY) as program:
        assert (await program.get("/api/snapshot", headers=bearer(second))).status_code == 200
        assert (await post(browser, "/keys", "/keys/second")).status_code == 303
        assert (await program.get("/api/snapshot", headers=bearer(second))).status_code == 401
        assert "De sleutel is ingetrokken" in (await browser.get("/keys")).text
        assert (await post(browser, "/keys", "/keys/second")).status_code == 404
        # The audit log tells keys apart by their names: one that was is not made again.
        assert (await post(browser, "/keys", "/keys", name="second", scope_figures="1")).status_code == 409
    audit = await house.audit()
    assert ("ada", "key_added", "rapport-bi") in audit and ("ada", "key_revoked", "second") in audit


def vars_of(one: object) -> dict[str, object]:
    return {name: getattr(one, name) for name in one.__struct_fields__}  # type: ignore[attr-defined]


async def test_what_no_key_can_be_is_told(house: House) -> None:
    good = {"name": "bi", "scope_figures": "1", "days": "30"}
    async with signed_in(house, Role.ADMIN) as browser:
        for fault in (
            {"name": ""},
            {"name": "a b"},
            {"name": "x" * 41},
            {"days": "0"},
            {"days": "4000"},
            {"days": "-1"},
            {"days": "1e3"},
            {"days": "²"},
            {"scope_figures": ""},
            {"scope_figures": "", "scope_numbers": "1"},
        ):
            answer = await post(browser, "/keys", "/keys", **good | fault)
            assert (answer.status_code, "Een sleutel heeft een naam" in answer.text) == (422, True), fault
    assert await house.keys.keys() == []
