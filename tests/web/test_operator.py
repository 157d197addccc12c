"""The operator's desk: who sees what, what is kept of what he types, and the trace of it."""

import asyncio
import html
import re
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from acd.callbacks.number import every_form
from acd.config.city import Supervision
from acd.model import facts as f
from acd.model.account import Account, AuditAction, AuditEntry, Role
from acd.model.commands import PauseRecording, Spy
from acd.model.contact import Contact, ContactId, How, TransferNote
from acd.model.ids import CallId, Device, LineId, OperatorId
from acd.model.mendable import Mendable
from acd.model.operator import OperatorState, Wish
from acd.model.supervision import SpyEnd, SpyMode
from acd.web.phone import PhoneView, Targets
from tests.web.earlier import LICENCE, history
from tests.web.exchange import CITY, MARIE
from tests.web.house import DIGEST, NOW, House, added, opened, sign_in, signed_in
from tests.web.promises import busy_day

AN = OperatorId("an")
JSON = {"Accept": "application/json"}


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with opened(tmp_path, busy_day(NOW)) as house:
        house.exchange.link()
        yield house


@pytest.fixture
async def olga(house: House) -> AsyncIterator["Desk"]:
    async with signed_in(house, Role.OPERATOR) as browser:
        yield Desk(browser, house)


class Desk:
    """The pages and the API as the page of an operator uses them."""

    def __init__(self, browser: httpx.AsyncClient, house: House) -> None:
        self.browser = browser
        self.house = house

    async def page(self) -> str:
        answer = await self.browser.get("/desk")
        assert answer.status_code == 200
        return answer.text

    async def post(self, path: str, body: Mapping[str, Any]) -> httpx.Response:
        csrf = (await self.browser.get("/api/me")).json()["csrf"]
        return await self.browser.post(path, json=body, headers={"X-CSRF-Token": csrf, **JSON})

    async def say(self, do: str, reason: str = "") -> httpx.Response:
        return await self.post("/api/desk/state", {"do": do, "reason": reason})

    async def save(self, contact: str, version: int, **draft: Any) -> httpx.Response:
        return await self.post(f"/api/desk/contacts/{contact}", {"version": version, "draft": draft})

    async def trace(self, action: AuditAction) -> list[tuple[str, str]]:
        """By whom, and about what; the latest first."""
        return [(who, about) for who, did, about in await self.house.audit() if did == action]


# --- His own state ---------------------------------------------------------------------------------------------------


async def test_signing_in_is_not_work_yet_and_offers_to_begin(olga: Desk, house: House) -> None:
    page = await olga.page()
    assert "Niet aan het werk" in page and 'data-do="login"' in page
    assert (await olga.say("login")).json()["state"] == "not_ready"
    assert (await olga.say("ready")).json()["state"] == "available"
    assert (await olga.say("not_ready", "lunch")).json()["reason"] == "lunch"
    assert (await olga.say("logout")).json()["state"] == "logged_out"
    assert [about for who, about in await olga.trace(AuditAction.DESK_STATE)] == ["an"] * 4
    assert "Niet aan het werk" in await olga.page()


async def test_the_next_state_is_chosen_during_the_call(olga: Desk, house: House) -> None:
    house.exchange.on_duty("an")
    house.exchange.rings_and_is_answered("17.1")
    assert (await olga.say("not_ready", "pauze")).json()["state"] == "in_call"
    assert "Hierna: Pauze" in await olga.page()
    house.exchange.hang_up("17.1")
    assert (await olga.say("finish")).json()["state"] == "not_ready"


async def test_an_unknown_reason_or_deed_changes_nothing(olga: Desk, house: House) -> None:
    house.exchange.on_duty("an")
    assert (await olga.say("not_ready", "geen zin")).status_code == 422
    assert (await olga.say("fly")).status_code == 422
    assert (await olga.post("/api/desk/state", {"do": "ready", "operator": "bo"})).status_code == 422
    desk = house.exchange.desk(AN)
    assert desk is not None and desk.state is OperatorState.AVAILABLE


async def _away(entry: AuditEntry) -> None:
    raise Mendable("the database is away")


async def test_who_wants_a_break_has_it_while_the_records_are_away(
    olga: Desk, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.exchange.on_duty("an")
    csrf = (await olga.browser.get("/api/me")).json()["csrf"]

    monkeypatch.setattr(house.store, "write", _away)
    answer = await olga.browser.post(
        "/api/desk/state", json={"do": "not_ready", "reason": "pauze"}, headers={"X-CSRF-Token": csrf}
    )
    assert (answer.status_code, answer.json()["state"]) == (200, "not_ready")


# --- The call --------------------------------------------------------------------------------------------------------


async def test_the_pop_tells_who_calls_and_is_written_down(olga: Desk, house: House) -> None:
    await history(house.contacts, MARIE, NOW)
    house.exchange.on_duty("an")
    house.exchange.call("17.1", language="fr", waited=74.0)
    house.exchange.ring()
    page = await olga.page()
    for shown in ("+32 470 12 34 56", "Marie De Wilde", "Gentinfo", "Frans", "rijbewijs", LICENCE, "Bo Claes"):
        assert shown in page, shown
    assert f'data-since="{NOW - 74:.3f}"' in page
    await olga.page()
    assert await olga.trace(AuditAction.CALL_SHOWN) == [("olga", "17.1")]


async def test_nobody_sees_the_call_of_another(olga: Desk, house: House) -> None:
    house.exchange.on_duty("bo")
    house.exchange.rings_and_is_answered("17.1")
    await house.office.written()
    assert "470" not in await olga.page()
    assert (await olga.browser.get("/api/desk/contacts/17.1~bo")).status_code == 404
    assert (await olga.save("17.1~bo", 0, note="van mij")).status_code == 404
    assert "470" not in (await olga.browser.get("/desk/form?contact=17.1~bo")).text
    assert await olga.trace(AuditAction.CALL_SHOWN) == []


async def test_who_may_not_see_numbers_sees_the_last_digits(house: House) -> None:
    """An administrator who also takes calls."""
    await house.store.set_role("ada", Role.ADMIN, AN, AuditEntry(NOW, "cli", "", AuditAction.ACCOUNT_ROLE, "ada"))
    house.exchange.on_duty("an")
    house.exchange.rings_and_is_answered("17.1")
    await house.office.written()
    async with signed_in(house, Role.ADMIN) as browser:
        page = await Desk(browser, house).page()
        assert "••• 456" in page and "470 12" not in page and MARIE not in page


async def test_without_the_records_the_call_is_shown_and_the_number_is_not(
    olga: Desk, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.exchange.on_duty("an")
    house.exchange.rings_and_is_answered("17.1")
    await house.office.written()

    async def away(entry: AuditEntry) -> None:
        raise Mendable("the database is away")

    monkeypatch.setattr(house.store, "write", away)
    page = await olga.page()
    assert "In gesprek" in page and "nu niet op te vragen" in page and "470" not in page


async def test_a_withheld_number_has_no_history(olga: Desk, house: House) -> None:
    house.exchange.on_duty("an")
    house.exchange.call("17.1", number=None)
    house.exchange.ring()
    page = await olga.page()
    assert "Nummer afgeschermd" in page and "geen geschiedenis" in page


async def test_a_call_back_pops_with_its_promise(olga: Desk, house: House) -> None:
    house.exchange.on_duty("an")
    attempt = house.exchange.call_back("due", "+31201234567", "gentinfo")
    page = await olga.page()
    assert "Terugbelbelofte" in page and "+31 20 123 4567" in page and "Poging 1" in page
    house.exchange.tell(f.AttemptTaken(attempt, NOW))
    await house.office.written()
    [contact] = await house.contacts.latest(AN, 0.0, 5)
    assert (contact.callback, contact.number) == ("due", "+31201234567")
    assert "Je belt terug" in await olga.page()


async def test_the_citys_own_system_is_one_click_away_for_lines_that_have_one(olga: Desk, house: House) -> None:
    house.exchange.on_duty("an")
    house.exchange.call("17.1")
    house.exchange.ring()
    assert "crm.example" not in await olga.page()
    house.exchange.hang_up("17.1")
    house.exchange.call("17.2", line="sportlijn")
    offer = house.exchange.ring()
    page = 'href="https://crm.example/?n=+32470123456&amp;l=nl"'
    assert page in await olga.page()
    house.exchange.answer(offer)
    house.exchange.hang_up("17.2")
    assert page in await olga.page(), "also while he writes it down"


async def test_who_may_not_see_the_number_does_not_find_it_in_that_link(house: House) -> None:
    await house.store.set_role("ada", Role.ADMIN, AN, AuditEntry(NOW, "cli", "", AuditAction.ACCOUNT_ROLE, "ada"))
    house.exchange.on_duty("an")
    house.exchange.call("17.1", line="sportlijn")
    house.exchange.ring()
    async with signed_in(house, Role.ADMIN) as browser:
        page = await Desk(browser, house).page()
    assert 'href="https://crm.example/?n=None&amp;l=nl"' in page and "470" not in page


# --- Who listens, and what comes along -------------------------------------------------------------------------------


async def test_he_sees_who_listens_for_as_long_as_it_lasts(olga: Desk, house: House) -> None:
    house.exchange.on_duty("an")
    house.exchange.rings_and_is_answered("17.1")
    house.exchange.tell(f.SpyWanted(AN, Device("1002"), SpyMode.LISTEN, "sven"))
    [spy] = [command.spy for command in house.exchange.commands if isinstance(command, Spy)]
    assert "sven" not in await olga.page(), "his phone only rings"
    house.exchange.tell(f.SpyBegan(spy, NOW))
    assert "sven luistert mee" in await olga.page()
    assert (await olga.browser.get("/api/desk")).json()["desk"]["spies"][0]["by"] == "sven"
    house.exchange.city = msgspec.structs.replace(CITY, supervision=Supervision(visible=False))
    assert "sven" not in await olga.page(), "the settings say that he is not told"
    assert (await olga.browser.get("/api/desk")).json()["desk"]["spies"] == []
    house.exchange.city = CITY
    house.exchange.tell(f.SpyOver(spy, NOW, SpyEnd.OVER))
    assert "sven" not in await olga.page()


async def test_what_came_along_with_the_caller_is_shown_as_it_rings_and_survives_a_restart(
    olga: Desk, house: House
) -> None:
    house.exchange.on_duty("an")
    note = TransferNote(CallId("17.1"), OperatorId("bo"), "sportlijn", How.BLIND, "wil <b>nu</b> een antwoord", NOW)
    await house.contacts.leave(note)
    house.open()
    house.exchange.call("17.1", line="sportlijn")
    house.exchange.ring()
    async with signed_in(house, Role.OPERATOR) as browser:
        page = await Desk(browser, house).page()
        seen = (await browser.get("/api/phone")).json()
    assert "Bo Claes geeft mee:" in page and "wil &lt;b&gt;nu&lt;/b&gt; een antwoord" in page
    assert seen["talk"]["note"]["by"] == "bo"


async def test_a_phone_that_is_not_in_the_page_is_pushed_and_the_floor_is_not(olga: Desk, house: House) -> None:
    house.exchange.on_duty("an")
    house.exchange.rings_and_is_answered("17.1")
    house.exchange.tell(f.TalkHeld(CallId("17.1"), NOW - 3))
    page = await olga.page()
    found = re.search(r'data-view="([^"]*)"', page)
    assert found and 'data-kind="sip"' in page
    view = msgspec.json.decode(html.unescape(found[1]), type=PhoneView)
    assert view.talk is not None and (view.talk.call, view.talk.held_since) == ("17.1", NOW - 3)
    assert view.targets == Targets({}, (), ())


# --- What he types ---------------------------------------------------------------------------------------------------


async def test_what_is_typed_is_kept_and_comes_back(olga: Desk, house: House) -> None:
    house.exchange.on_duty("an")
    house.exchange.rings_and_is_answered("17.1")
    first = await olga.save("17.1~an", 0, note="Rijbewijs")
    assert (first.status_code, first.json()["version"]) == (200, 1)
    draft = {"note": "Rijbewijs klaar?", "subjects": ["rijbewijs"], "settled": True, "name": "Marie"}
    assert (await olga.save("17.1~an", 1, **draft)).json()["version"] == 2
    page = await olga.page()
    assert "Rijbewijs klaar?</textarea>" in page and 'value="Marie"' in page
    assert re.search(r'value="rijbewijs" checked', page) and re.search(r'value="true" checked', page)
    assert await olga.trace(AuditAction.CONTACT_WRITTEN) == [("olga", "17.1~an")], "once for the whole call"


async def test_two_pages_do_not_overwrite_each_other(olga: Desk, house: House) -> None:
    house.exchange.on_duty("an")
    house.exchange.rings_and_is_answered("17.1")
    assert (await olga.save("17.1~an", 0, note="hier getypt")).status_code == 200
    other = await olga.save("17.1~an", 0, note="daar getypt")
    assert (other.status_code, other.json()["draft"]["note"], other.json()["version"]) == (409, "hier getypt", 1)
    again = await olga.save("17.1~an", 0, note="hier getypt")
    assert (again.status_code, again.json()["version"]) == (200, 1), "the same, sent again because the answer was lost"


async def test_a_correction_afterwards_is_written_down_each_time(olga: Desk, house: House) -> None:
    house.exchange.on_duty("an")
    house.exchange.rings_and_is_answered("17.1")
    await olga.save("17.1~an", 0, note="eerst")
    house.exchange.hang_up("17.1")
    await olga.save("17.1~an", 1, note="in nawerk")
    assert len(await olga.trace(AuditAction.CONTACT_WRITTEN)) == 1
    await olga.say("finish")
    await olga.save("17.1~an", 2, note="later")
    assert len(await olga.trace(AuditAction.CONTACT_WRITTEN)) == 2


async def test_nonsense_is_refused(olga: Desk, house: House) -> None:
    house.exchange.on_duty("an")
    house.exchange.rings_and_is_answered("17.1")
    for draft in (
        {"note": "x" * 4001},
        {"subjects": ["no_such"]},
        {"settled": "maybe"},
        {"colour": "red"},
        {"name": 5},
    ):
        assert (await olga.save("17.1~an", 0, **draft)).status_code == 422, draft


async def test_markup_in_a_note_stays_text(olga: Desk, house: House) -> None:
    evil = "</textarea><script>alert(1)</script>"
    house.exchange.on_duty("an")
    house.exchange.rings_and_is_answered("17.1")
    await olga.save("17.1~an", 0, note=evil, name='"><b>')
    house.exchange.hang_up("17.1")
    await olga.say("finish")
    house.exchange.rings_and_is_answered("17.2")
    page = await olga.page()
    assert "<script>alert" not in page and "&lt;/textarea&gt;" in page and "<b>" not in page.split("kept_empty")[0][-9:]


async def test_after_a_restart_the_call_and_its_note_are_still_there(olga: Desk, house: House) -> None:
    house.exchange.on_duty("an")
    offer = None
    house.exchange.call("17.1")
    offer = house.exchange.ring()
    house.exchange.answer(offer)
    await olga.save("17.1~an", 0, note="halverwege")
    house.exchange = type(house.exchange)(lambda: house.now, first_offer=1000)
    house.open()
    seen = f.CallSeen(
        CallId("17.1"),
        f.CallWhereabouts.TALK,
        NOW,
        number=MARIE,
        line=LineId("gentinfo"),
        entered_at=NOW,
        offer=offer.offer,
        device=offer.device,
        answered_at=NOW,
        dialled=True,
    )
    async with signed_in(house, Role.OPERATOR) as browser:
        desk = Desk(browser, house)
        assert "halverwege</textarea>" in await desk.page(), "before the switch is seen"
        house.exchange.link(seen)
        await house.office.written()
        page = await desk.page()
        assert "In gesprek" in page and "halverwege</textarea>" in page and 'data-contact="17.1~an"' in page
        assert (await desk.save("17.1~an", 1, note="halverwege en verder")).status_code == 200
        contact = await house.contacts.contact(ContactId("17.1~an"), AN)
        assert contact is not None and contact.ended_at is None


async def test_the_records_learn_of_a_contact_although_they_were_away(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, tries = house.contacts.begin, 0

    async def late(contact: Contact) -> None:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise Mendable("the database is away")
        await kept(contact)

    monkeypatch.setattr(house.contacts, "begin", late)
    house.exchange.on_duty("an")
    house.exchange.rings_and_is_answered("17.1")
    house.exchange.hang_up("17.1")
    await house.office.written()
    [contact] = await house.contacts.latest(AN, 0.0, 5)
    assert tries == 2 and contact.ended_at == NOW


async def test_own_figures_of_today_and_nobody_elses(olga: Desk, house: House) -> None:
    house.exchange.on_duty("an")
    for call, talk, settled in (("17.1", 100.0, True), ("17.2", 200.0, False), ("17.3", 60.0, None)):
        house.exchange.rings_and_is_answered(call)
        await olga.save(f"{call}~an", 0, note="…", settled=settled)
        house.now += talk
        house.exchange.hang_up(call)
        house.now += 20.0
        await olga.say("finish")
    side = (await olga.browser.get("/desk/side")).text
    assert re.search(r"Beantwoord</dt><dd>3<", side)
    assert re.search(r"2:00 <small>n = 3", side) and re.search(r"0:20 <small>n = 3", side)
    assert "50\N{NARROW NO-BREAK SPACE}%" in side and "1 / 2" in side


# --- The recording ----------------------------------------------------------------------------------------------------


async def test_of_a_conversation_that_is_not_written_he_sees_so_and_pauses_nothing(olga: Desk, house: House) -> None:
    house.exchange.on_duty("an")
    house.exchange.rings_and_is_answered("17.1")
    call = CallId("17.1")
    house.exchange.tell(f.RecordingBegan("17.1-17.2", call, None, LineId("gentinfo"), NOW))
    house.exchange.tell(f.RecordingMissing("17.1-17.2", call, None))
    page = await olga.page()
    assert "Er wordt niet opgenomen" in page and "Wordt opgenomen" not in page and 'id="do-tape"' not in page
    assert "Nothing is recorded" in (await olga.browser.get("/desk?lang=en")).text
    assert "Rien n’est enregistré" in (await olga.browser.get("/desk?lang=fr")).text
    await olga.say("pause_recording")
    assert not any(isinstance(one, PauseRecording) for one in house.exchange.commands)


async def test_he_pauses_the_recording_and_sees_what_the_exchange_made_of_it(olga: Desk, house: House) -> None:
    house.exchange.on_duty("an")
    house.exchange.rings_and_is_answered("17.1")
    assert 'id="do-tape"' not in await olga.page()
    call = CallId("17.1")
    house.exchange.tell(f.RecordingBegan("17.1-17.2", call, None, LineId("gentinfo"), NOW))
    page = await olga.page()
    assert 'data-do="pause_recording" aria-keyshortcuts="Shift+F6"' in page and "Wordt opgenomen" in page
    assert (await olga.say("pause_recording")).json()["call"]["tape"] == {
        "paused_at": None,
        "refused": False,
        "missing": False,
    }
    assert house.exchange.commands[-1] == PauseRecording("17.1-17.2", call, None, on=True)
    house.exchange.tell(f.RecordingUnchanged("17.1-17.2", call, None))
    assert "niet gepauzeerd: ze loopt door" in await olga.page()
    house.exchange.tell(f.RecordingPaused("17.1-17.2", call, None, NOW))
    page = await olga.page()
    assert "loopt door" not in page and "Opname gepauzeerd" in page and "Opname hervatten" in page
    french = (await olga.browser.get("/desk?lang=fr")).text
    assert "Enregistrement en pause" in french and "Reprendre l’enregistrement" in french
    await olga.say("resume_recording")
    assert house.exchange.commands[-1] == PauseRecording("17.1-17.2", call, None, on=False)
    assert await olga.trace(AuditAction.RECORDING_PAUSED) == [("olga", "17.1")]
    assert await olga.trace(AuditAction.RECORDING_RESUMED) == [("olga", "17.1")]
    house.exchange.tell(f.RecordingOver("17.1-17.2", call, None, NOW))
    assert 'id="do-tape"' not in await olga.page()


async def test_the_recording_is_paused_while_the_records_are_away(
    olga: Desk, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.exchange.on_duty("an")
    house.exchange.rings_and_is_answered("17.1")
    house.exchange.tell(f.RecordingBegan("17.1-17.2", CallId("17.1"), None, LineId("gentinfo"), NOW))
    csrf = (await olga.browser.get("/api/me")).json()["csrf"]
    monkeypatch.setattr(house.store, "write", _away)
    body = {"do": "pause_recording", "reason": ""}
    answer = await olga.browser.post("/api/desk/state", json=body, headers={"X-CSRF-Token": csrf, **JSON})
    assert answer.status_code == 200
    assert isinstance(house.exchange.commands[-1], PauseRecording)


# --- The stream ------------------------------------------------------------------------------------------------------


async def first_messages(house: House, olga: Desk, n: int) -> list[str]:
    found: list[str] = []
    render_count = 0

    async def render() -> str:
        nonlocal render_count
        render_count += 1
        desk = house.exchange.desk(AN)
        assert desk is not None
        return f"<p>{desk.state}</p>"

    stream = house.office.stream(AN, render)
    async for message in stream:
        found.append(message.decode())
        if len(found) == n:
            break
        house.exchange.on_duty("an")
    await stream.aclose()
    return found


async def test_a_page_gets_what_changed_and_its_going_is_noticed(olga: Desk, house: House) -> None:
    before, after = await first_messages(house, olga, 2)
    assert "logged_out" in before and "available" in after
    desk = house.exchange.desk(AN)
    assert desk is not None and desk.wish is Wish.READY
    house.now += 31
    house.exchange.tick()
    desk = house.exchange.desk(AN)
    assert desk is not None and (desk.wish, desk.reason) == (Wish.NOT_READY, "page_lost")


async def test_what_happens_to_one_wakes_nobody_else(house: House) -> None:
    shown = {"an": 0, "bo": 0}
    turns: asyncio.Queue[str] = asyncio.Queue()

    async def watch(id: str) -> None:
        async def render() -> str:
            shown[id] += 1
            turns.put_nowait(id)
            return str(shown[id])

        async for _ in house.office.stream(OperatorId(id), render):
            pass

    tasks = [asyncio.create_task(watch(id)) for id in shown]
    assert {await turns.get(), await turns.get()} == {"an", "bo"}
    house.exchange.on_duty("an")
    assert await turns.get() == "an"
    assert shown == {"an": 2, "bo": 1}
    house.office.close()
    await asyncio.gather(*tasks)


# --- Requests for colleagues -----------------------------------------------------------------------------------------

ID = "0f8fad5b-d9cb-469f-a165-70867728950e"


def question(**other: str) -> dict[str, str]:
    return {
        "id": ID,
        "to": "Dienst Wegen",
        "question": "Wanneer wordt de put in de Veldstraat gevuld?",
        "deadline": "2023-11-22T17:00",
        **other,
    }


async def test_a_request_is_registered_taken_handed_over_and_done(olga: Desk, house: House) -> None:
    house.exchange.on_duty("an")
    house.exchange.rings_and_is_answered("17.1")
    await house.office.written()
    for _ in range(2):
        made = await olga.post("/api/desk/requests", question(contact="17.1~an"))
        assert (made.status_code, made.json()["number"], made.json()["line"]) == (201, "••• 456", "gentinfo")
    [only] = (await olga.browser.get("/api/desk/requests")).json()
    assert (only["question"], only["name"]) == ("", ""), "sent twice, asked once; and a list tells no questions"
    listed = (await olga.browser.get("/requests")).text
    assert "Dienst Wegen" in listed and "••• 456" in listed and "Veldstraat" not in listed
    one = (await olga.browser.get(f"/requests/{ID}")).text
    assert "+32 470 12 34 56" in one and "Veldstraat" in one
    async with signed_in(house, Role.SUPERVISOR) as browser:
        sven = Desk(browser, house)
        path = f"/api/desk/requests/{ID}"
        line = {"number": "09 210 10 10", "line": "gentinfo"}
        other = await sven.post("/api/desk/requests", question(question="Van wie is dit?", **line))
        assert other.status_code == 409 and "Veldstraat" not in other.text, "an id is no way to read what others asked"
        assert (await sven.post("/api/desk/requests", question(**line))).status_code == 409
        taken = await sven.post(path, {"act": "take", "version": 1})
        assert (taken.json()["state"], taken.json()["owner"]) == ("taken", "sven")
        assert (await olga.post(path, {"act": "done", "version": 1})).status_code == 409
        passed = await sven.post(path, {"act": "hand_over", "version": 2, "to": "Dienst Groen", "note": "hun put"})
        assert (passed.json()["state"], passed.json()["owner"], passed.json()["to"]) == ("open", "", "Dienst Groen")
        assert (await sven.post(path, {"act": "done", "version": 3})).json()["state"] == "done"
        assert (await sven.post(path, {"act": "take", "version": 4})).status_code == 409
    dossier = (await olga.browser.get(f"/api/desk/requests/{ID}")).json()
    assert [(step["what"], step["by"]) for step in dossier["history"]] == [
        ("done", "sven"), ("hand_over", "sven"), ("take", "sven"), ("made", "olga"),
    ]  # fmt: skip
    trace = [(who, did) for who, did, about in await house.audit() if about == ID]
    assert trace[::-1] == [
        ("olga", "request_made"), ("olga", "request_seen"), ("sven", "request_taken"),
        ("sven", "request_handed_over"), ("sven", "request_done"), ("olga", "request_seen"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"to": " "}, "request_missing"),
        ({"question": ""}, "request_missing"),
        ({"id": "1"}, "request_missing"),
        ({"deadline": "2023-11-20T17:00"}, "request_moment_wrong"),
        ({"deadline": "soon"}, "request_moment_wrong"),
        ({"number": "ring me"}, "request_number_wrong"),
        ({"contact": ""}, "request_number_missing"),
        ({"contact": "17.9~bo"}, "request_number_missing"),
        ({"contact": "", "number": "092101010"}, "request_line_missing"),
        ({"question": "x" * 1001}, "request_long"),
    ],
)
async def test_what_is_missing_in_a_request_is_said(olga: Desk, house: House, other: dict[str, str], why: str) -> None:
    house.exchange.on_duty("an")
    house.exchange.rings_and_is_answered("17.1")
    await house.office.written()
    answer = await olga.post("/api/desk/requests", question(**({"contact": "17.1~an"} | other)))
    assert (answer.status_code, answer.json()["detail"]) == (422, why)
    assert (await olga.browser.get("/api/desk/requests")).json() == []


@pytest.mark.parametrize("typed", ["+32 (0)9 210 10 10", "09 210 10 10", "0032 9 210 10 10"])
async def test_a_citizen_is_found_by_his_number_however_a_colleague_typed_it(
    olga: Desk, house: House, typed: str
) -> None:
    await olga.post("/api/desk/requests", question(number=typed, line="gentinfo"))
    assert (await house.citizens.held(every_form("092101010") or (), house.now)).requests == 1


@pytest.mark.parametrize("path", ["/requests/%00", "/callbacks/a%00b"])
async def test_a_nul_is_refused(olga: Desk, path: str) -> None:
    """PostgreSQL keeps none: that was an error of ours before."""
    assert (await olga.browser.get(path)).status_code == 404
    answer = await olga.post("/api/desk/requests", question(number="1700", line="gentinfo", name="a\0b"))
    assert (answer.status_code, answer.json()["detail"]) == (422, "a NUL is no text")
    signed = await olga.browser.post("/login", data={"name": "a\0b", "password": "x"})
    assert signed.status_code == 400


async def test_overdue_requests_are_seen(olga: Desk, house: House) -> None:
    await olga.post("/api/desk/requests", question(number="09 210 10 10", line="gentinfo"))
    assert (await olga.browser.get("/api/desk/requests?kind=overdue")).json() == []
    house.now += 2 * 86_400
    async with signed_in(house, Role.SUPERVISOR) as browser:
        [late] = (await browser.get("/api/desk/requests?kind=overdue")).json()
        assert (late["request"], late["by"]) == (ID, "olga")
        assert (
            "1 te laat" in (await browser.get("/requests")).text
            or 'data-level="alarm"' in (await browser.get("/requests")).text
        )


async def test_who_may_not_see_numbers_does_not_see_that_of_a_request(olga: Desk, house: House) -> None:
    await olga.post("/api/desk/requests", question(number="09 210 10 10", line="gentinfo"))
    async with signed_in(house, Role.ADMIN) as browser:
        page = (await browser.get(f"/requests/{ID}")).text
        assert "••• 010" in page and "092101010" not in page


# --- No desk ---------------------------------------------------------------------------------------------------------


async def test_an_account_without_an_operator_has_no_desk_but_the_lists(house: House) -> None:
    async with signed_in(house, Role.SUPERVISOR) as browser:
        answer = await browser.get("/desk")
        assert (answer.status_code, "geen werkplek" in answer.text) == (409, True)
        assert (await browser.get("/api/desk", headers=JSON)).status_code == 409
        assert (await browser.get("/requests")).status_code == 200


async def test_an_operator_whom_the_settings_do_not_name_has_none_either(house: House) -> None:
    await house.store.add(Account("otto", Role.OPERATOR, NOW, OperatorId("gone")), DIGEST, None, added("otto"))
    async with house.browser() as browser:
        await sign_in(browser, "otto")
        assert (await browser.get("/desk")).status_code == 409
