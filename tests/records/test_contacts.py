"""What operators write, and their requests for colleagues: kept as it was typed, never overwritten, erased in time."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import text

from acd.model import events as ev
from acd.model.account import AuditAction, AuditEntry
from acd.model.contact import (
    Contact,
    ContactChanged,
    ContactId,
    Draft,
    How,
    NoSuchContact,
    Request,
    RequestAct,
    RequestChanged,
    RequestId,
    RequestKind,
    RequestState,
    TransferNote,
)
from acd.model.ids import CallId, LineId, OperatorId
from acd.records import (
    AccountStore,
    Archive,
    Before,
    ContactStore,
    DatabaseUnusable,
    erase_notes,
    erase_numbers,
    tables,
    upgrade,
)
from tests.records.places import Place
from tests.records.test_erasure import in_a_file

AN, BO = OperatorId("an"), OperatorId("bo")
MARIE = "+32470123456"
T0 = 1_700_000_000.0
DRAFT = Draft("Marie", "Rijbewijs klaar?", ("rijbewijs", "afspraak"), True)


def contact(call: str = "17.1", operator: OperatorId = AN, at: float = T0, number: str | None = MARIE) -> Contact:
    return Contact(ContactId(f"{call}~{operator}"), operator, LineId("info"), at, call=CallId(call), number=number)


def entry(action: AuditAction, about: str = "", who: str = "olga", at: float = T0) -> AuditEntry:
    return AuditEntry(at, who, "10.0.0.1", action, about)


def request(id: str = "r1", at: float = T0, deadline: float = T0 + 86_400) -> Request:
    return Request(
        request=RequestId(id),
        version=1,
        state=RequestState.OPEN,
        made_at=at,
        by="olga",
        line=LineId("info"),
        to="Dienst Wegen",
        question="Wanneer?",
        number=MARIE,
        deadline=deadline,
        name="Marie",
    )


@pytest.fixture
async def store(place: Place) -> AsyncIterator[ContactStore]:
    store = ContactStore(place.url)
    yield store
    await store.close()


# --- Contacts --------------------------------------------------------------------------------------------------------


async def test_what_is_typed_comes_back(store: ContactStore) -> None:
    await store.begin(contact())
    kept = await store.save(contact().contact, AN, DRAFT, 0, None)
    assert (kept.draft, kept.version) == (DRAFT, 1)
    assert await store.contact(contact().contact, AN) == kept
    assert await store.contact(contact().contact, BO) is None


async def test_told_again_of_the_same_contact_nothing_is_lost(store: ContactStore) -> None:
    """As after a restart in the middle of a call."""
    await store.begin(contact())
    await store.save(contact().contact, AN, DRAFT, 0, None)
    await store.end(contact().contact, T0 + 60)
    await store.begin(contact(at=T0 + 90, number=None))
    kept = await store.contact(contact().contact, AN)
    assert kept is not None
    assert (kept.draft, kept.number, kept.began_at, kept.ended_at) == (DRAFT, MARIE, T0, None)


async def test_typed_over_an_older_draft_nothing_is_overwritten(store: ContactStore) -> None:
    await store.begin(contact())
    first = await store.save(contact().contact, AN, Draft(note="a"), 0, None)
    with pytest.raises(ContactChanged) as changed:
        await store.save(contact().contact, AN, Draft(note="b"), 0, None)
    assert changed.value.now == first
    assert await store.save(contact().contact, AN, Draft(note="a"), 0, None) == first, "sent twice"
    with pytest.raises(NoSuchContact):
        await store.save(contact().contact, BO, Draft(note="c"), 1, None)


async def test_of_many_at_once_one_wins_and_the_others_are_told(store: ContactStore) -> None:
    await store.begin(contact())
    saves = [store.save(contact().contact, AN, Draft(note=str(n)), 0, None) for n in range(8)]
    results = await asyncio.gather(*saves, return_exceptions=True)
    assert sum(isinstance(result, Contact) for result in results) == 1
    assert sum(isinstance(result, ContactChanged) for result in results) == 7


async def test_a_trace_is_written_with_the_change_or_not_at_all(store: ContactStore, place: Place) -> None:
    book = AccountStore(place.url)
    await store.begin(contact())
    trace = entry(AuditAction.CONTACT_WRITTEN, "17.1~an")
    await store.save(contact().contact, AN, Draft(note="a"), 0, trace)
    with pytest.raises(ContactChanged):
        await store.save(contact().contact, AN, Draft(note="b"), 0, trace)
    assert await book.log(before=T0 + 1, limit=10) == [trace]
    await book.close()


async def test_earlier_contacts_of_a_citizen_the_latest_first(store: ContactStore) -> None:
    for n, operator in enumerate((AN, BO, AN)):
        await store.begin(contact(f"17.{n}", operator, T0 + n))
    await store.begin(contact("17.9", AN, T0, number="+3292101010"))
    await store.begin(contact("17.8", AN, T0, number=None))
    earlier = await store.earlier(MARIE, T0 + 2, 10)
    assert [one.contact for one in earlier] == ["17.1~bo", "17.0~an"]
    assert [one.contact for one in await store.latest(AN, T0, 2)] == ["17.2~an", "17.0~an"]


async def test_settled_counts_those_of_which_it_was_said(store: ContactStore) -> None:
    for n, settled in enumerate((True, True, False, None)):
        await store.begin(contact(f"17.{n}", at=T0 + n))
        await store.save(ContactId(f"17.{n}~an"), AN, Draft(note="x", settled=settled), 0, None)
    assert await store.settled(AN, T0) == (2, 3)
    assert await store.settled(AN, T0 + 1) == (1, 2)
    assert await store.settled(BO, T0) == (0, 0)


# --- Requests --------------------------------------------------------------------------------------------------------


async def test_a_request_sent_twice_is_there_once(store: ContactStore, place: Place) -> None:
    for _ in range(2):
        assert await store.make(request(), entry(AuditAction.REQUEST_MADE, "r1")) == request()
    assert len(await place.rows(tables.request)) == len(await place.rows(tables.audit)) == 1


async def test_two_who_take_it_at_once_one_has_it(store: ContactStore) -> None:
    await store.make(request(), entry(AuditAction.REQUEST_MADE, "r1"))

    async def take(who: str) -> Request:
        trace = entry(AuditAction.REQUEST_TAKEN, "r1", who)
        return await store.act(RequestId("r1"), 1, RequestAct.TAKE, to="", note="", entry=trace)

    results = await asyncio.gather(*(take(who) for who in ("otto", "sven", "olga")), return_exceptions=True)
    [winner] = [result for result in results if isinstance(result, Request)]
    assert sum(isinstance(result, RequestChanged) for result in results) == 2
    found = await store.request(RequestId("r1"))
    assert found is not None and found[0] == winner and found[0].state is RequestState.TAKEN


async def test_the_lists_show_each_request_where_it_belongs(store: ContactStore) -> None:
    now = T0 + 3600
    await store.make(request("late", deadline=now), entry(AuditAction.REQUEST_MADE, "late"))
    await store.make(request("open"), entry(AuditAction.REQUEST_MADE, "open"))
    await store.make(request("over"), entry(AuditAction.REQUEST_MADE, "over"))
    done = entry(AuditAction.REQUEST_DONE, "over", "sven", now)
    await store.act(RequestId("over"), 1, RequestAct.DONE, to="", note="gebeld", entry=done)

    async def ids(kind: RequestKind, who: str = "sven") -> list[str]:
        return [one.request for one in await store.requests(kind, who, None, now, 10)]

    assert await ids(RequestKind.OPEN) == ["late", "open"]
    assert await ids(RequestKind.OVERDUE) == ["late"]
    assert await ids(RequestKind.CLOSED) == ["over"]
    assert await ids(RequestKind.MINE) == [] and await ids(RequestKind.MINE, "olga") == ["late", "open"]
    counts = await store.request_counts("olga", now)
    assert counts == {RequestKind.OPEN: 2, RequestKind.MINE: 2, RequestKind.OVERDUE: 1}


# --- Erasure ---------------------------------------------------------------------------------------------------------


async def test_numbers_and_notes_each_have_their_own_term(store: ContactStore) -> None:
    await store.begin(contact("17.1", at=T0))
    await store.begin(contact("17.2", at=T0 + 1000))
    for id in ("17.1~an", "17.2~an"):
        await store.save(ContactId(id), AN, DRAFT, 0, None)
    for id in ("r1", "r2", "r3"):
        await store.make(request(id), entry(AuditAction.REQUEST_MADE, id))
    for id, at in (("r1", T0 + 1), ("r2", T0 + 1000)):
        trace = entry(AuditAction.REQUEST_DONE, id, at=at)
        await store.act(RequestId(id), 1, RequestAct.DONE, to="", note="gebeld met Marie", entry=trace)
    url = str(store._engine.url.render_as_string(hide_password=False)).replace("+aiosqlite", "").replace("+psycopg", "")

    numbers = await erase_numbers(url, Before(T0 + 500))
    assert (numbers.contacts, numbers.requests) == (1, 1)
    old = await store.contact(ContactId("17.1~an"), AN)
    assert old is not None and (old.number, old.draft) == (None, DRAFT)
    assert await store.earlier(MARIE, T0 + 5000, 10) == [await store.contact(ContactId("17.2~an"), AN)]

    notes = await erase_notes(url, Before(T0 + 500))
    assert (notes.contacts, notes.requests) == (1, 1)
    old = await store.contact(ContactId("17.1~an"), AN)
    assert old is not None and old.draft == Draft(subjects=DRAFT.subjects, settled=True), "what is counted stays"
    new = await store.contact(ContactId("17.2~an"), AN)
    assert new is not None and (new.number, new.draft) == (MARIE, DRAFT)
    for id, erased in (("r1", True), ("r2", False), ("r3", False)):
        found = await store.request(RequestId(id))
        assert found is not None
        texts = {found[0].question, found[0].name, found[0].number, *(step.note for step in found[1])}
        assert (texts == {""}) is erased, id
    assert await erase_notes(url, Before(T0 + 500)) == msgspec.structs.replace(notes, contacts=0, requests=0)


async def test_no_trace_of_a_note_is_left_in_the_file(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/acd.db"
    await upgrade(url)
    store = ContactStore(url)
    await store.begin(contact())
    await store.save(contact().contact, AN, Draft(note="heel persoonlijk", name="Zoë Van Onbekend"), 0, None)
    await store.close()
    assert in_a_file(tmp_path, "heel persoonlijk")
    await erase_notes(url, Before(T0 + 1))
    assert not in_a_file(tmp_path, "heel persoonlijk") and not in_a_file(tmp_path, "Zoë Van Onbekend")


async def test_a_fault_of_the_database_tells_nothing_of_the_note(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/acd.db"
    await upgrade(url)
    store = ContactStore(url)
    await store.begin(contact())
    async with store._engine.begin() as connection:
        await connection.execute(text("ALTER TABLE contact DROP COLUMN note"))
    with pytest.raises(DatabaseUnusable) as told:
        await store.save(contact().contact, AN, Draft(note="heel persoonlijk"), 0, None)
    assert "persoonlijk" not in str(told.value)
    await store.close()


# --- Pages that were open --------------------------------------------------------------------------------------------


async def test_whose_page_was_open_is_known_after_a_restart(place: Place) -> None:
    await place.write(
        [ev.PageChanged(T0, AN, True), ev.PageChanged(T0, BO, True)],
        [ev.PageChanged(T0 + 1, BO, False)],
    )
    archive = Archive(place.url)
    assert (await archive.restored()).pages == (AN,)
    await archive.close()


# --- What goes along with a caller -----------------------------------------------------------------------------------


def along(call: str, to: str, text: str = "wil het nieuwe formulier", at: float = T0) -> TransferNote:
    return TransferNote(CallId(call), AN, to, How.BLIND, text, at)


async def test_what_goes_along_is_there_after_a_restart_and_the_last_one_counts(
    place: Place, store: ContactStore
) -> None:
    await store.leave(along("17.1", "1002"))
    await store.leave(along("17.2", "1002", at=T0 + 1))
    await store.leave(along("17.1", "sportlijn", "liever daar", T0 + 2))
    again = ContactStore(place.url)
    try:
        assert await again.of(CallId("17.1")) == along("17.1", "sportlijn", "liever daar", T0 + 2)
        assert await again.of(CallId("17.3")) is None
        assert await again.sent_to("1002", T0) == along("17.2", "1002", at=T0 + 1)
        assert await again.sent_to("1002", T0 + 1.5) is None
    finally:
        await again.close()


async def test_what_went_along_is_erased_with_the_other_notes(place: Place, store: ContactStore) -> None:
    await store.leave(along("17.1", "1002"))
    await store.leave(along("17.2", "1002", at=T0 + 100))
    assert (await erase_notes(place.url, Before(T0 + 100))).passed == 1
    assert await store.of(CallId("17.1")) is None
    assert await store.of(CallId("17.2")) is not None
