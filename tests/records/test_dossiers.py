"""What is kept about one citizen: found whole, told whole, erased whole, and never while somebody owes him a call."""

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError

from acd.model.account import AuditAction, AuditEntry
from acd.model.callback import CallbackState
from acd.model.citizen import Held, StillBusy, StillOwed
from acd.model.contact import (
    Contact,
    ContactChanged,
    ContactId,
    Draft,
    How,
    Request,
    RequestId,
    RequestState,
    TransferNote,
)
from acd.model.events import CallStarted, CallTransferred, Event, SurveyAnswered
from acd.model.facts import TransferHow
from acd.model.ids import CallbackId, CallId, LineId, OfferId, OperatorId
from acd.model.promise import Note, cancelled
from acd.records import CallbackStore, CitizenBook, ContactStore, Ledger, rebuild, tables, upgrade
from acd.records.database import connect
from tests.callbacks.promises import AN, BO, promise
from tests.records.histories import LINE, answered
from tests.records.places import Place

KEY = b"a key of the test"
FORMS = (AN, AN[1:], f"0{AN[3:]}")
AT = 1_792_000_000.0
LATE = AT + 30 * 86_400.0
ENTRY = AuditEntry(LATE, "ada", "10.0.0.1", AuditAction.CITIZEN_ERASED)
AN_ID = ContactId("17.1~an")
SECRET = "de buren maken ruzie"


@pytest.fixture
async def book(place: Place) -> AsyncIterator[CitizenBook]:
    """An has called twice, once by a trunk that leaves the country out; Bo once. An is owed a call by us and by a
    colleague."""
    await fill(place)
    book = CitizenBook(place.url, KEY, lambda: ["crm"])
    yield book
    await book.close()


async def fill(place: Place) -> None:
    async with Ledger(place.url, place.spill, key=KEY) as ledger:
        for n, (call, number) in enumerate((("17.1", AN), ("17.2", f"0{AN[3:]}"), ("17.3", BO))):
            for step in answered(call, AT + n * 1000, offer=n + 1):
                ledger.write([_from(event, number) for event in step])
        await ledger.caught_up()
    contacts, promises = ContactStore(place.url), CallbackStore(place.url)
    try:
        draft = Draft(name="An Claes", note=SECRET, subjects=("afval",), settled=True)
        for call, number in (("17.1", AN), ("17.3", BO)):
            id = ContactId(f"{call}~an")
            await contacts.begin(
                Contact(
                    id,
                    OperatorId("an"),
                    LineId("gentinfo"),
                    AT,
                    call=CallId(call),
                    number=number,
                    ended_at=AT + 60,
                )
            )
            await contacts.save(id, OperatorId("an"), draft, 0, None)
            await contacts.leave(TransferNote(CallId(call), OperatorId("an"), "lez", How.BLIND, SECRET, AT))
            asked = Request(
                RequestId(f"r{call}"), version=1, state=RequestState.OPEN,
                by="an", line=LineId("gentinfo"), to="team", question=SECRET, number=number,
                deadline=AT + 9, made_at=AT, name="An Claes", contact=id,
            )  # fmt: skip
            await contacts.make(asked, msgspec.structs.replace(ENTRY, action=AuditAction.REQUEST_MADE, about=id))
        await promises.book(promise("17.1", at=AT), AN)
    finally:
        await contacts.close()
        await promises.close()
    engine = connect(place.url)
    row = {"attempts": 1, "kind": "call.ended", "at": AT, "data": "{}", "delivered_at": AT}
    try:
        async with engine.begin() as connection:
            told = [{"hook": hook, "news": "e9", "call": "17.1", **row} for hook in ("crm", "board")]
            await connection.execute(insert(tables.delivery), told)
    finally:
        await engine.dispose()


def _from(event: Event, number: str) -> Event:
    return msgspec.structs.replace(event, number=number) if isinstance(event, CallStarted) else event


async def test_all_of_his_is_found_and_nobody_elses(book: CitizenBook) -> None:
    held = await book.held(FORMS, LATE)
    assert (held.calls, held.numbers, held.contacts, held.promises, held.requests) == (2, 2, 1, 1, 1)
    assert (held.passed, held.owed_promises, held.owed_requests, held.told) == (1, 1, 1, ("crm",))
    assert held.first_at == AT
    assert not held.busy
    assert await book.held(("+32470999999",), LATE) == Held()


async def test_his_scores_are_found_also_of_a_call_back(book: CitizenBook, place: Place) -> None:
    info, an, back = LineId("gentinfo"), OperatorId("an"), CallId("acd-cb-7")
    spoke = ((CallId("17.1"), None), (back, OfferId(7)), (CallId("acd-cb-8"), OfferId(8)))
    await place.write([SurveyAnswered(AT, call, info, an, "courtesy", 8, AT, attempt) for call, attempt in spoke])
    [his] = await place.rows(tables.callback)
    for attempt, callback in ((7, his["callback"]), (8, "another")):
        await place.execute(
            "INSERT INTO attempt (attempt, callback, line, operator, source, stage, claimed_at) "
            f"VALUES ({attempt}, '{callback}', 'gentinfo', 'an', 'run', 'talking', {AT})"
        )
    assert (await book.held(FORMS, LATE)).scores == 2
    assert len((await book.file(FORMS)).scores) == 2
    assert back in await book.calls(FORMS)


async def test_also_when_only_the_hash_is_left(book: CitizenBook, place: Place) -> None:
    for statement in ("DELETE FROM caller", "UPDATE contact SET number=NULL", "UPDATE request SET number=''"):
        await place.execute(statement)
    held = await book.held(FORMS, LATE)
    assert (held.calls, held.numbers, held.contacts, held.requests) == (2, 0, 1, 1)


async def test_his_file_holds_what_was_written_of_him(book: CitizenBook) -> None:
    file = await book.file(FORMS)
    assert [call.number for call in file.calls] == [AN, f"0{AN[3:]}"]
    assert [call.outcome for call in file.calls] == ["answered", "answered"]
    [contact], [request], [note] = file.contacts, file.requests, file.notes
    assert (contact.name, contact.note, contact.subjects) == ("An Claes", SECRET, ("afval",))
    assert (request.question, request.state, note.note) == (SECRET, "open", SECRET)
    assert [one.number for one in file.promises] == [AN]
    assert [one.program for one in file.deliveries] == ["crm"]
    assert [look.action for look in file.looks] == ["request_made"]


async def test_who_is_still_owed_a_call_is_called_first(book: CitizenBook, place: Place) -> None:
    before = await place.rows(tables.caller)
    with pytest.raises(StillOwed) as refused:
        await book.erase(FORMS, ENTRY, cancel=False)
    assert (refused.value.promises, refused.value.requests) == (1, 1)
    assert await place.rows(tables.caller) == before


async def test_or_it_is_cancelled_with_the_erasure(book: CitizenBook, place: Place) -> None:
    done = await book.erase(FORMS, ENTRY, cancel=True)
    assert (done.numbers, done.cancelled, done.told) == (2, 2, ("crm",))
    [row] = await place.rows(tables.callback)
    assert (row["state"], row["why"], row["number"], row["owner"]) == ("cancelled", "erased_on_request", None, "ada")
    assert [row["what"] for row in await place.rows(tables.callback_log)] == ["book", "cancel"]
    his, bos = await place.rows(tables.request)
    assert (his["state"], his["question"], his["number"], his["closed_at"]) == ("cancelled", "", "", LATE)
    assert (bos["state"], bos["question"], bos["number"]) == ("open", SECRET, BO)
    assert [row["what"] for row in await place.rows(tables.request_log)] == ["made", "cancel", "made"]
    assert {row["call"] for row in await place.rows(tables.transfer_note)} == {"17.3"}
    assert not (await book.held(FORMS, LATE)).anything
    [line] = [row for row in await place.rows(tables.audit) if row["action"] == AuditAction.CITIZEN_ERASED]
    assert (line["who"], line["address"]) == ("ada", "10.0.0.1")
    assert line["about"] == book.mark(AN)
    assert AN[3:] not in str(line)
    again = await book.erase(FORMS, ENTRY, cancel=True)
    assert (again.numbers, again.calls, again.contacts) == (0, 0, 0)


async def test_a_page_that_is_still_open_does_not_write_him_back(book: CitizenBook, place: Place) -> None:
    contacts = ContactStore(place.url)
    try:
        await book.erase(FORMS, ENTRY, cancel=True)
        with pytest.raises(ContactChanged):
            await contacts.save(AN_ID, OperatorId("an"), Draft(note=f"{SECRET}!"), 1, None)
    finally:
        await contacts.close()


@pytest.mark.parametrize(
    "busy",
    [
        "UPDATE call SET ended_at=NULL WHERE call='17.2'",
        f"UPDATE contact SET ended_at={LATE - 100} WHERE call='17.1'",
        "UPDATE contact SET ended_at=NULL WHERE call='17.1'",
        "UPDATE callback SET state='claimed'",
    ],
)
async def test_nobody_is_erased_while_somebody_is_busy_with_him(book: CitizenBook, place: Place, busy: str) -> None:
    await place.execute(busy)
    with pytest.raises(StillBusy):
        await book.erase(FORMS, ENTRY, cancel=True)
    assert len(await place.rows(tables.caller)) == 3


async def test_what_a_person_wrote_of_a_promise_goes_and_the_rest_of_its_log_stays(
    book: CitizenBook, place: Place
) -> None:
    store = CallbackStore(place.url)
    try:
        await store.change(
            CallbackId("17.1"), partial(cancelled, at=AT, why="cancel"), Note(AT, "coach", "cancel", SECRET)
        )
    finally:
        await store.close()
    assert (await book.file(FORMS)).promises[0].notes == (SECRET,)
    before = await place.rows(tables.callback_log)
    await place.execute("UPDATE request SET state='done'")
    await book.erase(FORMS, ENTRY, cancel=False)
    assert await place.rows(tables.callback_log) == [before[0], {**before[1], "why": None}]
    [row] = await place.rows(tables.callback)
    assert row["state"] == CallbackState.CANCELLED
    for statement in ("UPDATE callback_log SET why='x'", "UPDATE callback_log SET at=1", "DELETE FROM callback_log"):
        with pytest.raises(DBAPIError):
            await place.execute(statement)


async def test_a_rebuild_brings_nothing_back(book: CitizenBook, place: Place) -> None:
    await book.erase(FORMS, ENTRY, cancel=True)
    before = await place.projection()
    await rebuild(place.url)
    assert await place.projection() == before
    assert len(await place.rows(tables.caller)) == 1


async def test_a_number_outside_to_which_a_caller_was_sent_is_not_in_the_ledger(place: Place) -> None:
    sent = CallTransferred(AT, CallId("17.1"), LINE, OperatorId("an"), AN, TransferHow.BLIND)
    await place.write([sent], [msgspec.structs.replace(sent, to="201")])
    assert [event.to for event in await place.events() if isinstance(event, CallTransferred)] == ["+", "201"]
    assert AN not in str(await place.rows(tables.event))


async def test_no_trace_is_left_in_the_files_while_others_have_them_open(tmp_path: Path) -> None:
    place = Place(f"sqlite:///{tmp_path}/acd.db", tmp_path / "spill")
    await upgrade(place.url)
    await fill(place)
    book, other = CitizenBook(place.url, KEY), connect(place.url)
    try:
        async with other.begin() as connection:
            await connection.execute(text("SELECT count(*) FROM event"))
        assert _in_a_file(tmp_path, AN[3:])
        await book.erase(FORMS, ENTRY, cancel=True)
        assert not _in_a_file(tmp_path, AN[3:])
    finally:
        await book.close()
        await other.dispose()


def _in_a_file(folder: Path, wanted: str) -> bool:
    return any(wanted.encode() in file.read_bytes() for file in folder.iterdir() if file.is_file())
