"""The worklist: what it shows to whom, what can be done, and the trace of it."""

import re
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path

import httpx
import msgspec
import pytest

from acd.model.account import Role
from acd.model.callback import CallbackState, Window
from acd.model.events import LinkCameUp, LinkWentDown
from acd.model.ids import CallbackId, LineId
from acd.model.outcome import Outcome
from acd.model.promise import CallbackCounts
from acd.model.worklist import Act
from acd.records import CallbackStore, DatabaseUnusable
from acd.web.snapshot import Level
from acd.web.worklist import level, masked, readable
from tests.callbacks.promises import promise
from tests.figures.ledger import call
from tests.figures.test_promise import promising, reach
from tests.records.places import Place
from tests.web.house import NOW, House, opened, post, signed_in
from tests.web.promises import Promises, busy_day, dossier

BROKEN = "+32470555812"
NOTES = {Act.CANCEL: {"note": "belde zelf"}, Act.HAND_OVER: {"note": "tweede lijn", "to": "sven"}}
MOMENT = {"moment": "2023-11-22T10:30"}


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with opened(tmp_path, busy_day(NOW)) as house:
        yield house


def words(html: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", html)))


def row(html: str, key: str) -> str:
    found = re.search(rf'<tr id="callback-{key}".*?</tr>', html, re.DOTALL)
    assert found
    return words(found[0])


def keys(html: str) -> list[str]:
    return re.findall(r'<tr id="callback-(\w+)"', html)


async def test_the_list_shows_the_most_urgent_first_with_all_that_counts(house: House) -> None:
    async with signed_in(house, Role.OPERATOR) as browser:
        page = (await browser.get("/callbacks")).text
    assert keys(page) == ["broken", "handed", "claimed", "due", "soon", "wrong", "later"]
    assert "Alarm: 1 u 06 te laat vandaag 10:54 Gentinfo" in row(page, "broken").replace("\u00a0", " ")
    assert "2 geen antwoord vandaag 10:00 Open" in row(page, "broken")
    assert "Overgedragen 3 pogingen, geen moment meer" in row(page, "handed")
    assert "Wordt nu gebeld Bij An Peeters" in row(page, "claimed")
    assert "wo 22" not in row(page, "due") and "morgen" in row(page, "due")
    assert "1 belofte gebroken" in words(page)
    assert "1 belofte loopt binnen 2 uur af" in words(page)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("kind=due", ["broken", "due"]),
        ("kind=broken", ["broken"]),
        ("kind=handed_over", ["handed", "wrong"]),
        ("kind=closed", ["reached"]),
        ("line=bjb", ["wrong"]),
        ("kind=broken&line=bjb", []),
        ("line=nowhere", []),
    ],
)
async def test_filters_by_the_address(house: House, query: str, expected: list[str]) -> None:
    async with signed_in(house, Role.SUPERVISOR) as browser:
        for path in ("/callbacks", "/callbacks/rows"):
            assert keys((await browser.get(f"{path}?{query}")).text) == expected
        rows = (await browser.get(f"/api/callbacks?{query}")).json()["rows"]
        assert [one["callback"] for one in rows] == expected


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.SUPERVISOR, Role.ADMIN])
async def test_a_list_never_shows_a_whole_number(house: House, role: Role) -> None:
    async with signed_in(house, role) as browser:
        for path in ("/callbacks", "/callbacks/rows", "/api/callbacks"):
            said = (await browser.get(path)).text
            assert "812" in said
            assert "555812" not in said and "555 812" not in said


async def test_who_opens_a_promise_sees_the_number_and_is_written_down_first(house: House) -> None:
    async with signed_in(house, Role.OPERATOR) as browser:
        page = (await browser.get("/callbacks/broken")).text
        assert f'href="tel:{BROKEN}"' in page
        assert "+32 470 55 58 12" in page
        assert (await browser.get("/api/callbacks/broken")).json()["row"]["number"] == BROKEN
    assert (await house.audit())[:2] == [("olga", "number_seen", "broken")] * 2


async def test_who_may_not_see_the_number_gets_its_end(house: House) -> None:
    async with signed_in(house, Role.ADMIN) as browser:
        page = (await browser.get("/callbacks/broken")).text
        answer = (await browser.get("/api/callbacks/broken")).text
    for said in (page, answer):
        assert "812" in said and "55812" not in said and "55 58" not in said and "tel:" not in said
    assert (await house.audit())[:2] == [("ada", "callback_seen", "broken")] * 2


async def test_no_trace_no_number(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async with signed_in(house, Role.OPERATOR) as browser:

        async def full(*_: object) -> None:
            raise OSError("no space left")

        monkeypatch.setattr(house.store, "write", full)
        answer = await browser.get("/callbacks/broken")
        assert answer.status_code == 500
        assert "555" not in answer.text


async def test_a_list_that_refreshes_itself_is_written_down_once(house: House) -> None:
    async with signed_in(house, Role.OPERATOR) as browser:
        await browser.get("/callbacks?kind=due&line=bjb")
        for _ in range(3):
            await browser.get("/callbacks/rows?kind=due&line=bjb")
    seen = [one for one in await house.store.log(before=1e12, limit=50) if one.action == "callbacks_seen"]
    assert [(one.who, one.detail) for one in seen] == [("olga", "due bjb")]


@pytest.mark.parametrize("act", list(Act))
async def test_every_deed_is_done_once_told_and_written_down(house: House, act: Act) -> None:
    assert house.promises
    async with signed_in(house, Role.OPERATOR) as browser:
        fields = {"act": act.value, "version": "1", **NOTES.get(act, {}), **(MOMENT if act is Act.MOVE else {})}
        first = await post(browser, "/callbacks/due", "/callbacks/due", **fields)
        assert (first.status_code, first.headers["location"]) == (303, "/callbacks")
        assert 'class="banner good"' in (await browser.get("/callbacks")).text
        # The same form again, or that of somebody who saw it as it was.
        again = await post(browser, "/callbacks/soon", "/callbacks/due", **fields)
        assert again.status_code == 409
        assert "Iemand was je voor" in again.text
    [(callback, deed)] = house.promises.deeds
    assert (callback, deed.act, deed.by, deed.operator, deed.at) == ("due", act, "olga", "an", NOW)
    assert deed.note == NOTES.get(act, {}).get("note", "")
    assert deed.moment == (NOW + 81_000 if act is Act.MOVE else None)  # 10:30 in Gent
    named = {Act.CANCEL: "cancelled", Act.HAND_OVER: "handed_over", Act.MOVE: "moved"}.get(act, act.value)
    assert ("olga", f"callback_{named}", "due") in await house.audit()


@pytest.mark.parametrize(
    ("fields", "code", "said"),
    [
        ({"act": "cancel"}, 422, "Schrijf erbij waarom"),
        ({"act": "cancel", "note": "  "}, 422, "Schrijf erbij waarom"),
        ({"act": "done", "note": "x" * 501}, 422, "te lang"),
        ({"act": "move"}, 422, "Kies een moment"),
        ({"act": "move", "moment": "2023-11-21T11:59"}, 422, "Kies een moment"),
        ({"act": "move", "moment": "2024-02-01T10:00"}, 422, "Kies een moment"),
        ({"act": "move", "moment": "2023-12-05T10:00"}, 422, "niet gebeld"),
        ({"act": "move", "moment": "soon"}, 422, "Kies een moment"),
        ({"act": "hand_over", "note": "x", "to": "eve"}, 422, "Kies een collega"),
        ({"act": "hand_over", "note": "x", "to": "hall"}, 422, "Kies een collega"),
        ({"act": "explode"}, 422, "niet gelukt"),
        ({"act": "done", "version": "-1"}, 422, "niet gelukt"),
        ({"act": "done", "version": "9" * 30}, 409, "Iemand was je voor"),
    ],
)
async def test_what_cannot_be_done_is_told_and_does_nothing(
    house: House, fields: dict[str, str], code: int, said: str
) -> None:
    assert house.promises
    async with signed_in(house, Role.OPERATOR) as browser:
        answer = await post(browser, "/callbacks/due", "/callbacks/due", **{"version": "1", **fields})
        assert answer.status_code == code
        assert said in answer.text
    assert house.promises.deeds == []


async def test_during_an_attempt_and_after_the_end_there_is_nothing_to_press(house: House) -> None:
    async with signed_in(house, Role.OPERATOR) as browser:
        for key in ("claimed", "reached"):
            page = (await browser.get(f"/callbacks/{key}")).text
            assert "Hier valt nu niets te doen" in page
            assert "<dialog" not in page


async def test_the_api_does_the_same(house: House) -> None:
    assert house.promises
    async with signed_in(house, Role.SUPERVISOR) as browser:
        browser.headers["X-CSRF-Token"] = (await browser.get("/api/me")).json()["csrf"]

        async def act(callback: str = "due", **body: object) -> httpx.Response:
            return await browser.post(f"/api/callbacks/{callback}", json=body)

        assert (await act(act="done", version=1)).status_code == 204
        assert (await act(act="done", version=1)).status_code == 409
        assert (await act(act="cancel", version=2)).json() == {"detail": "note_missing"}
        assert "version" in (await act(act="done")).json()["detail"]
        assert (await act("nobody", act="done", version=1)).status_code == 409
        assert (await browser.get("/api/callbacks/nobody")).status_code == 404
        counts = (await browser.get("/api/callbacks")).json()["counts"]
        assert counts["gentinfo"] == {"open": 3, "due": 1, "due_soon": 0, "overdue": 1, "handed_over": 0}
    assert [deed.by for _, deed in house.promises.deeds] == ["sven"]


HOSTILE = ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7 * 7 }}", "javascript:alert(1)"]


@pytest.mark.parametrize("text", HOSTILE)
async def test_what_citizens_and_colleagues_write_stays_text(house: House, text: str) -> None:
    assert house.promises
    bad = dossier("bad", NOW, line=text, number=text, state=CallbackState.HANDED_OVER, owner=text, reason=text)
    house.promises.dossiers[CallbackId("bad")] = bad
    async with signed_in(house, Role.OPERATOR) as browser:
        await post(browser, "/callbacks/due", "/callbacks/due", act="no_answer", version="1", note=text)
        pages = [(await browser.get(path)).text for path in ("/callbacks", "/callbacks/bad", "/callbacks/due")]
    for page in pages:
        assert "<script>alert" not in page and "<img" not in page.replace('<img class="logo"', "")
        assert "49" not in words(page)
        assert 'href="javascript' not in page


async def test_empty_broken_and_missing_are_told(house: House, tmp_path: Path) -> None:
    assert house.promises
    async with signed_in(house, Role.OPERATOR) as browser:
        assert (await browser.get("/callbacks/nobody")).status_code == 404
        house.promises.away = True
        answer = await browser.get("/callbacks")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert "De gegevens zijn even onbereikbaar" in answer.text
        assert (await browser.get("/api/callbacks")).json() == {"detail": "the records cannot be reached"}
        house.promises.away = False
        house.promises.dossiers.clear()
        assert "Niemand wacht op een telefoontje" in (await browser.get("/callbacks")).text
        assert "Niets in deze lijst" in (await browser.get("/callbacks?kind=due")).text


async def test_a_city_without_callbacks_is_told_how(tmp_path: Path) -> None:
    async with opened(tmp_path) as house, signed_in(house, Role.OPERATOR) as browser:
        assert "Terugbellen is niet ingericht" in (await browser.get("/callbacks")).text
        assert (await browser.get("/api/callbacks")).status_code == 404


@pytest.mark.parametrize(("lang", "word"), [("en", "Callback list"), ("fr", "Liste de rappels")])
async def test_the_language_is_kept_from_page_to_page(house: House, lang: str, word: str) -> None:
    async with signed_in(house, Role.OPERATOR) as browser:
        assert word in (await browser.get(f"/callbacks?lang={lang}&theme=dark")).text
        page = (await browser.get("/callbacks/due")).text
        assert f'<html lang="{lang}" data-theme="dark"' in page
        assert "Terugbel" not in page.replace("Terugbellijst", "")


async def test_pages_have_nothing_inline_and_nothing_from_elsewhere(house: House) -> None:
    async with signed_in(house, Role.ADMIN) as browser:
        for path in ("/callbacks", "/callbacks/due", "/accounts", "/audit", "/password", "/login", "/nowhere"):
            answer = await browser.get(path)
            assert re.findall(r"<style|style=|\son\w+=|javascript:|<script(?![^>]* src=)", answer.text) == []
            assert re.findall(r'(?:src|href|action)="(?!/|#|tel:)[^"]*', answer.text) == []
            assert answer.headers["cache-control"] == "no-store"
            assert "script-src 'self'" in answer.headers["content-security-policy"]


# --- Accounts and audit log ------------------------------------------------------------------------------------------


async def test_an_admin_makes_changes_and_closes_accounts(house: House) -> None:
    async with signed_in(house, Role.ADMIN) as browser:
        made = await post(browser, "/accounts", "/accounts", name="Marie", role="operator", operator="marie_claes")
        secret = re.search(r'class="secret">([^<]+)', made.text)
        assert secret
        async with house.browser() as other:
            csrf = re.search(r'name="csrf" value="([^"]+)"', (await other.get("/login")).text)
            assert csrf
            fields = {"csrf": csrf[1], "name": "marie", "password": secret[1]}
            assert (await other.post("/login", data=fields)).status_code == 303
            assert (await other.get("/callbacks")).headers["location"] == "/password"
        assert (await post(browser, "/accounts", "/accounts", name="marie", role="admin")).status_code == 409
        assert (await post(browser, "/accounts", "/accounts", name="a b", role="admin")).status_code == 422
        assert (await post(browser, "/accounts", "/accounts/marie", do="role", role="supervisor")).status_code == 303
        assert (await post(browser, "/accounts", "/accounts/marie", do="disable")).status_code == 303
        assert (await post(browser, "/accounts", "/accounts/ada", do="disable")).status_code == 409
        assert (await post(browser, "/accounts", "/accounts/nobody", do="disable")).status_code == 404
        link = await post(browser, "/accounts", "/accounts/hall", do="password")
        assert re.search(r"http://localhost/kiosk/[\w-]{43}", link.text)
    about_marie = [what for who, what, about in await house.audit() if about == "marie" and who == "ada"]
    assert about_marie == ["account_disabled", "account_role", "account_added"]
    [marie] = [one for one in await house.store.accounts() if one.name == "marie"]
    assert (marie.role, marie.disabled_at) == (Role.SUPERVISOR, NOW)


async def test_looking_at_the_log_is_in_the_log_and_no_password_ever_is(house: House) -> None:
    async with signed_in(house, Role.SUPERVISOR) as browser:
        page = words((await browser.get("/audit?who=cli:test")).text)
        assert "cli:test account gemaakt hall" in page
        found = (await browser.get("/api/audit?action=audit_seen")).json()
        assert [(one["who"], one["detail"]) for one in found] == [("sven", "who=cli:test")]
        assert "Niets gevonden" in (await browser.get("/audit?about=nobody")).text
        assert "argon2" not in (await browser.get("/api/audit")).text


async def test_the_list_of_accounts_has_no_secret(house: House) -> None:
    async with signed_in(house, Role.ADMIN) as browser:
        said = (await browser.get("/api/accounts")).text
    assert '"name":"olga"' in said
    assert "argon2" not in said and "token" not in said and '"password"' not in said


# --- Parts -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("deadline", "state", "expected"),
    [
        (-0.1, CallbackState.OPEN, Level.ALARM),
        (-0.1, CallbackState.CLAIMED, Level.ALARM),
        (0.0, CallbackState.HANDED_OVER, Level.ALARM),
        (2.0, CallbackState.OPEN, Level.WARN),
        (2.01, CallbackState.OPEN, Level.OK),
        (-9.0, CallbackState.REACHED, Level.OK),
        (-9.0, CallbackState.CANCELLED, Level.OK),
    ],
)
def test_when_a_promise_asks_for_attention(deadline: float, state: CallbackState, expected: Level) -> None:
    assert level(dossier("x", NOW, deadline=deadline, state=state).row, NOW) is expected


@pytest.mark.parametrize(
    ("number", "end", "whole"),
    [
        ("+32470123456", "••• 456", "+32 470 12 34 56"),
        ("+3292101010", "••• 010", "+32 9 210 10 10"),
        ("112", "•••", "112"),
        ("", "", ""),
    ],
)
def test_numbers(number: str, end: str, whole: str) -> None:
    assert (masked(number), readable(number)) == (end, whole)


async def test_a_promise_without_an_hour_is_for_as_soon_as_it_is_calm(house: House) -> None:
    assert house.promises
    calm = dossier("calm", NOW, state=CallbackState.CLAIMED, owner="an")
    window = Window(NOW - 600, calm.row.deadline)
    house.promises.dossiers[CallbackId("calm")] = msgspec.structs.replace(
        calm, row=msgspec.structs.replace(calm.row, window=window)
    )
    async with signed_in(house, Role.OPERATOR) as browser:
        shown = row((await browser.get("/callbacks")).text, "calm")
        assert "zodra het kalm is, vanaf vandaag 11:50" in shown
        assert "bezig" in shown and "nog niet gebeld" not in shown
        assert "zodra het kalm is" in (await browser.get("/callbacks/calm")).text


async def test_an_erased_number_is_said_to_be_so(house: House) -> None:
    assert house.promises
    house.promises.dossiers[CallbackId("old")] = dossier("old", NOW, number="", state=CallbackState.REACHED)
    async with signed_in(house, Role.OPERATOR) as browser:
        assert "nummer gewist" in row((await browser.get("/callbacks?kind=closed")).text, "old")
        page = (await browser.get("/callbacks/old")).text
        assert "nummer gewist" in page and "tel:" not in page


async def test_counts_add_up() -> None:
    counts = await busy_day(NOW).counts(NOW)
    assert counts[LineId("gentinfo")] == CallbackCounts(3, 1, 0, 1, 0)
    assert sum(counts.values(), CallbackCounts()) == CallbackCounts(7, 2, 1, 1, 2)
    assert await Promises().counts(NOW) == {}


async def test_what_the_rules_gave_up_is_told_at_the_top(house: House) -> None:
    async with signed_in(house, Role.SUPERVISOR) as browser:
        for path in ("/callbacks", "/callbacks/rows?kind=due"):
            said = words((await browser.get(path)).text)
            assert "2 beloften kunnen niet vanzelf gehouden worden" in said
    assert house.promises is not None
    del house.promises.dossiers[CallbackId("handed")]
    async with signed_in(house, Role.SUPERVISOR) as browser:
        assert "1 belofte kan niet vanzelf gehouden worden" in words((await browser.get("/callbacks")).text)


def figures_row(html: str, key: str) -> str:
    found = re.search(rf'<tr id="figures-{key}".*?</tr>', html, re.DOTALL)
    assert found
    return words(found[0]).replace("\N{NARROW NO-BREAK SPACE}", " ").strip()


@pytest.fixture
async def promised(tmp_path: Path) -> AsyncIterator[House]:
    """Yesterday 12 calls of Gentinfo were answered and 2 promises given, of which one was kept, and one is not due."""
    async with opened(tmp_path, busy_day(NOW)) as house:
        place, store, day = Place(house.url, tmp_path / "spill"), CallbackStore(house.url), NOW - 24 * 3600
        for n in range(12):
            await place.write(call(Outcome.ANSWERED, 20.0, day + n))
        for n, (number, deadline) in enumerate((("+32470000001", NOW - 3600), ("+32470000002", NOW + 3600))):
            given = msgspec.structs.replace(
                promise(f"17.{n}"), promised_at=day, start_at=day, end_at=day + 1800, deadline=deadline
            )
            await store.book(given, number)
            await place.write(promising(given, given.callback))
        await reach(store, "17.0", day + 600)
        await store.close()
        yield house


async def test_the_figures_of_the_promise_show_what_they_are_made_of(promised: House) -> None:
    async with signed_in(promised, Role.SUPERVISOR) as browser:
        page = (await browser.get("/callbacks/figures")).text
        told = figures_row(page, "together")
        assert told == figures_row(page, "gentinfo").replace("Gentinfo", "Alle lijnen")
        assert "Alle lijnen 2 100,0 % – toon deze oproepen * (weinig oproepen) 1 / 1" in told
        assert told.endswith("92,9 % – toon deze oproepen 13 / 14")
        assert "terugbelafspraken waarvan dat moment voorbij is (Versie 1)" in words(page)
        for href, part, of in re.findall(r'<a href="(/reports/calls[^"]*)">.*?<small>(\d+) / (\d+)', page):
            rows = (await browser.get(unescape(href))).text
            assert (rows.count("✓ "), rows.count("✓ ") + rows.count("✗ ")) == (int(part), int(of)), href
        assert 'href="/reports/calls' in page
        before = (await browser.get("/callbacks/figures?first=2023-10-01&last=2023-10-31")).text
        assert figures_row(before, "together") == "Alle lijnen 0 – 0 / 0 – 0 / 0 – 0 / 0"
        overview = (await browser.get("/reports?from=2023-11-15&to=2023-11-21")).text
        assert "13 / 14" in words(overview), "the same as in the reports"


async def test_who_may_see_no_single_calls_sees_how_many_there_are(promised: House) -> None:
    async with signed_in(promised, Role.OPERATOR) as browser:
        page = (await browser.get("/callbacks/figures")).text
    assert figures_row(page, "together").endswith("92,9 % 13 / 14") and "/reports/calls" not in page


async def test_times_without_sight_are_marked_beside_the_promise(promised: House, tmp_path: Path) -> None:
    down, up = LinkWentDown(NOW - 7200, "lost"), LinkCameUp(NOW - 3600, 0, 0)
    await Place(promised.url, tmp_path / "spill").write([down, up])
    async with signed_in(promised, Role.OPERATOR) as browser:
        page = words((await browser.get("/callbacks/figures")).text)
        assert "van deze periode kon niets gezien worden" in page
        assert "Niet gezien" in page and "(geen verbinding met Asterisk: lost)" in page
        assert "kon niets gezien" not in (await browser.get("/callbacks/figures?first=2023-11-18&last=2023-11-19")).text


@pytest.mark.parametrize(
    "query",
    ["first=gisteren", "first=2023-11-03&last=2023-11-02", "last=2023-11-22", "first=2022-01-01", "first=0001-01-01"],
)
async def test_days_that_are_none_are_told_and_not_read(house: House, query: str) -> None:
    async with signed_in(house, Role.OPERATOR) as browser:
        answer = await browser.get(f"/callbacks/figures?{query}")
    assert answer.status_code == 422
    assert "Kies een eerste en een laatste dag" in words(answer.text)
    assert "figures-together" not in answer.text


async def test_without_the_records_there_are_no_figures(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: object) -> None:
        raise DatabaseUnusable(house.url, "away")

    monkeypatch.setattr(house.book, "report", away)
    async with signed_in(house, Role.OPERATOR) as browser:
        assert (await browser.get("/callbacks/figures")).status_code == 503
