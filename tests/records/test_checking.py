"""What an auditor sees of a ledger that somebody has been at, and what is made of one that is not whole."""

import hashlib
import json
from functools import partial
from itertools import product

import pytest
import structlog
from sqlalchemy import text

from acd.model.callback import AttemptResult, AttemptStage
from acd.model.ids import CallbackId, CallId, OfferId, OperatorId
from acd.model.promise import Note, at_once, handed_over
from acd.records import CallbackStore, rebuild, retell, tables, upgrade
from acd.records.checking import LedgerIncomplete, check, numbers
from acd.records.database import connect, writing
from acd.records.entries import seal
from acd.records.writing import append
from tests.callbacks.promises import MONDAY, promise
from tests.figures.ledger import at
from tests.figures.test_promise import promising
from tests.records.histories import abandoned, answered
from tests.records.places import Place

LOST = "17.2"
MORNING, NEXT_DAY = at("2027-03-01T09:00"), at("2027-03-02T09:00")


async def two_days(place: Place) -> None:
    await place.write(*answered("17.1", MORNING, offer=1), *answered("17.2", MORNING + 600, offer=2))
    await place.write(*answered("17.3", NEXT_DAY, offer=3))


async def in_spite_of_the_triggers(place: Place, statement: str) -> None:
    engine = connect(place.url)
    try:
        async with engine.begin() as connection:
            for table, what in product(("event", "callback_log"), ("update", "delete", "change", "removal")):
                on = "" if place.url.startswith("sqlite") else f" ON {table}"
                await connection.execute(text(f"DROP TRIGGER IF EXISTS {table}_no_{what}{on}"))
            await connection.execute(text(statement))
    finally:
        await engine.dispose()


TRIED = OfferId(7)


async def some_promises(place: Place) -> None:
    """The second one was tried once, and somebody has it now."""
    store = CallbackStore(place.url)
    try:
        await store.book(promise("17.1"), "+32470000001")
        given = await store.book(promise(LOST), "+32470000002")
        assert await store.claim(given.callback, TRIED, OperatorId("an"), given.start_at)
        for n, stage in enumerate((AttemptStage.RINGING, AttemptStage.DIALLED)):
            await store.note_attempt(TRIED, stage, given.start_at + 5 * n)
        await store.end_attempt(TRIED, AttemptResult.NO_ANSWER, given.start_at + 60, at_once)
        await store.change(
            CallbackId(LOST), partial(handed_over, at=MONDAY, why="lost"), Note(MONDAY, "coach", "hand over")
        )
        # Nobody was told of this one.
        await store.book(promise("17.3"), "+32470000003")
        await store.withdraw(CallId("17.3"), 0.0, MONDAY)
    finally:
        await store.close()


async def kept(place: Place) -> list[list[dict[str, object]]]:
    return [await place.rows(table) for table in (tables.callback, tables.attempt)]


@pytest.mark.parametrize(
    "tampered",
    [
        f"UPDATE callback SET reached_at = deadline - 60, state = 'reached', why = NULL WHERE callback = '{LOST}'",
        f"UPDATE attempt SET dialled_at = NULL WHERE attempt = {TRIED}",
        f"DELETE FROM attempt WHERE attempt = {TRIED}",
        "DELETE FROM callback",
    ],
)
async def test_promises_are_made_anew_from_their_log(place: Place, tampered: str) -> None:
    await some_promises(place)
    before = await kept(place)
    assert await retell(place.url) == 0
    await place.execute(tampered)
    assert not (await check(place.url)).sound
    assert await retell(place.url) > 0
    assert (await check(place.url)).sound
    if "DELETE FROM callback" in tampered:
        # No log has a citizen's number.
        before[0] = [row | {"number": None} for row in before[0]]
    assert await kept(place) == before


async def test_of_a_log_that_has_lost_its_end_nothing_is_made(place: Place) -> None:
    """Else a promise that was kept would be owed once more."""
    await some_promises(place)
    before = await kept(place)
    await in_spite_of_the_triggers(place, f"DELETE FROM callback_log WHERE callback = '{LOST}' AND step > 3")
    assert (await check(place.url)).promises == (LOST,)
    assert await retell(place.url) == 0
    assert await kept(place) == before


async def test_an_attempt_that_nobody_made_is_named(place: Place) -> None:
    await some_promises(place)
    row = f"'{LOST}', 'gentinfo', 'an', 'x', 'claimed', 1.0"
    await place.execute(
        f"INSERT INTO attempt (attempt, callback, line, operator, source, stage, claimed_at) VALUES (99, {row})"
    )
    assert (await check(place.url)).promises == (LOST,)


async def test_a_row_that_may_not_stand_beside_the_others_holds_up_none_of_them(place: Place) -> None:
    """He has booked again meanwhile, for nobody knew of the first promise."""
    await some_promises(place)
    await place.execute("UPDATE callback SET state = 'reached', closed_at = 1.0 WHERE callback = '17.1'")
    store = CallbackStore(place.url)
    try:
        await store.book(promise("17.9"), "+32470000001")
    finally:
        await store.close()
    await place.execute(f"UPDATE attempt SET dialled_at = NULL WHERE attempt = {TRIED}")
    assert await retell(place.url) == 1
    assert (await check(place.url)).promises == ("17.1",)


async def test_a_promise_that_was_withdrawn_is_taken_out_again(place: Place) -> None:
    await some_promises(place)
    before = await kept(place)
    await place.execute("UPDATE callback SET callback = '17.3' WHERE callback = '17.1'")
    assert (await check(place.url)).promises == ("17.1", "17.3")
    assert await retell(place.url) == 2
    assert [row["callback"] for row in (await kept(place))[0]] == [row["callback"] for row in before[0]]


async def test_an_attempt_of_which_an_older_version_told_too_little_stays_as_it_is(place: Place) -> None:
    await some_promises(place)
    await in_spite_of_the_triggers(place, "UPDATE callback_log SET tried = NULL")
    await place.execute(f"UPDATE attempt SET dialled_at = NULL WHERE attempt = {TRIED}")
    before = await kept(place)
    assert (await check(place.url)).sound
    assert await retell(place.url) == 0
    assert await kept(place) == before


@pytest.mark.parametrize(
    "tampered",
    [
        f"UPDATE callback SET reached_at = deadline - 60, state = 'reached', why = NULL WHERE callback = '{LOST}'",
        f"UPDATE callback SET deadline = deadline + 86400 WHERE callback = '{LOST}'",
        f"DELETE FROM callback WHERE callback = '{LOST}'",
        f"DELETE FROM callback_log WHERE callback = '{LOST}'",
        f"DELETE FROM callback_log WHERE callback = '{LOST}' AND step = 1",
        f"UPDATE attempt SET result = 'busy' WHERE attempt = {TRIED}",
        f"DELETE FROM attempt WHERE attempt = {TRIED}",
        f"UPDATE callback_log SET tried = 'x' WHERE callback = '{LOST}' AND step = 3",
        f"UPDATE callback_log SET new = 'x' WHERE callback = '{LOST}'",
        f"UPDATE callback_log SET new = '[]' WHERE callback = '{LOST}'",
        f"UPDATE callback_log SET new = '{{\"kept\": true}}' WHERE callback = '{LOST}' AND step = 2",
    ],
)
async def test_a_promise_that_is_not_what_its_log_says_is_named(place: Place, tampered: str) -> None:
    await some_promises(place)
    checked = await check(place.url)
    assert (checked.promises, checked.sound) == ((), True)
    await in_spite_of_the_triggers(place, tampered)
    checked = await check(place.url)
    assert (checked.promises, checked.sound) == ((LOST,), False)
    if "callback_log" in tampered:
        before = await kept(place)
        assert await retell(place.url) == 0, "what a log with a hole says may be wrong"
        assert await kept(place) == before


async def test_a_promise_that_was_taken_out_with_its_log_is_known_from_the_ledger(place: Place) -> None:
    given = promise(LOST)
    await place.write(promising(given, LOST))
    assert (await check(place.url)).promises == (LOST,)
    store = CallbackStore(place.url)
    try:
        await store.book(given, "+32470000002")
    finally:
        await store.close()
    assert (await check(place.url)).promises == ()


async def test_each_day_has_the_digest_of_all_up_to_its_end(place: Place) -> None:
    await two_days(place)
    checked = await check(place.url)
    assert (checked.holes, checked.cut_off) == ((), 0)
    digest, told = hashlib.sha256(), {}
    for event in await place.rows(tables.event):
        keys = ("seq", "at", "type", "call", "line", "operator", "data", "switch_at")
        line = json.dumps([event[key] for key in keys], ensure_ascii=False, separators=(",", ":"))
        digest.update(line.encode() + b"\n")
        told["2027-03-01" if event["at"] < NEXT_DAY - 3600 else "2027-03-02"] = event["seq"], digest.hexdigest()
    assert {str(part.day): (part.last, part.digest) for part in checked.stretches} == told
    first, second = checked.stretches
    assert (first.first, second.first, second.last) == (1, first.last + 1, first.events + second.events)


async def test_what_is_said_of_a_day_that_is_over_stays(place: Place) -> None:
    await two_days(place)
    before = (await check(place.url)).stretches
    await place.write(*abandoned("17.4", NEXT_DAY + 600), *abandoned("17.5", NEXT_DAY + 86_400))
    after = (await check(place.url)).stretches
    assert (after[0], len(after)) == (before[0], 3)
    assert after[1].digest != before[1].digest, "that day was not over"


async def test_a_hole_is_named_and_nothing_is_made_of_such_a_ledger_unasked(place: Place) -> None:
    await two_days(place)
    whole = await place.projection()
    events = len(await place.rows(tables.event))
    await in_spite_of_the_triggers(place, "DELETE FROM event WHERE seq BETWEEN 3 AND 5 OR seq = 7")
    assert (await check(place.url)).holes == ((3, 5), (7, 7))
    with pytest.raises(LedgerIncomplete, match="missing from the ledger: 3-5, 7; nothing was changed"):
        await rebuild(place.url)
    assert await place.projection() == whole
    assert await rebuild(place.url, incomplete=True) == events - 4
    made = await place.projection()
    for table in ("call", "talk", "outcome"):
        assert [row for row in made[table] if row["call"] != "17.1"] == whole[table][1:], table
    assert not any("twice" in row["what"] for row in made["anomaly"]), "no event counts twice"


async def test_a_service_starts_on_a_ledger_with_a_hole_and_says_so(sqlite: Place) -> None:
    await two_days(sqlite)
    await in_spite_of_the_triggers(sqlite, "DELETE FROM event WHERE seq = 2")
    await sqlite.execute("UPDATE version SET value = 'older' WHERE name = 'projection'")
    with structlog.testing.capture_logs() as logs:
        await upgrade(sqlite.url)
    assert [log["missing"] for log in logs if log["event"] == "records.ledger_incomplete"] == ["2"]
    assert len(await sqlite.rows(tables.call)) == 3


async def test_what_was_taken_from_the_end_is_missed_also_when_calls_go_on(place: Place) -> None:
    await two_days(place)
    last = len(await place.rows(tables.event))
    await in_spite_of_the_triggers(place, f"DELETE FROM event WHERE seq > {last - 2}")
    assert ((await check(place.url)).holes, (await check(place.url)).cut_off) == ((), 2)
    await place.write(*abandoned("17.4", NEXT_DAY + 600))
    assert (await check(place.url)).cut_off == 2


async def test_also_what_follows_from_the_ledger_itself_is_missed(place: Place) -> None:
    await two_days(place)
    engine = connect(place.url)
    try:
        for n in range(2):
            async with writing(engine) as connection:
                await append(connection, [seal(event) for event in abandoned(f"18.{n}", NEXT_DAY + 60)[0]])
    finally:
        await engine.dispose()
    last = len(await place.rows(tables.event))
    await in_spite_of_the_triggers(place, f"DELETE FROM event WHERE seq = {last}")
    assert (await check(place.url)).cut_off == 1


async def test_a_change_of_the_past_shows_from_that_day_on(place: Place) -> None:
    await two_days(place)
    before = (await check(place.url)).stretches
    await in_spite_of_the_triggers(place, f"UPDATE event SET line = 'sportlijn' WHERE seq = {before[1].first}")
    after = (await check(place.url)).stretches
    assert after[0] == before[0]
    assert after[1].digest != before[1].digest


async def test_an_empty_ledger_is_whole(place: Place) -> None:
    checked = await check(place.url)
    assert (checked.stretches, checked.holes, checked.cut_off) == ((), (), 0)
    assert await rebuild(place.url) == 0


def test_of_many_holes_the_first_are_told() -> None:
    assert numbers([(n, n) for n in range(2, 30, 2)]) == "2, 4, 6, 8, 10, 12, 14, 16, 18, 20 and 4 more"
