"""What every store of promises must do, be it memory, SQLite or PostgreSQL: whole steps, once, and by one alone."""

import asyncio
from functools import partial

import pytest
from sqlalchemy.exc import DBAPIError

from acd.model.call import IllegalMove
from acd.model.callback import AttemptResult, AttemptStage, CallbackState
from acd.model.ids import CallbackId, CallId, OfferId
from acd.model.promise import NoSuchCallback, Note, Promise, Rung, cancelled, handed_over, reached, rescheduled, settled
from acd.ports import PromiseStore
from acd.records.callbacks import CallbackStore
from tests.callbacks.conftest import Opener
from tests.callbacks.promises import (
    AN,
    BO,
    DEADLINE,
    HOUR,
    LATER,
    LINE,
    MONDAY,
    OPERATOR,
    OTHER,
    SOON,
    again,
    attempt,
    give_up,
    kept,
    promise,
)
from tests.records.places import Place

ID, CALL = CallbackId("17.1"), CallId("17.1")
DUE = SOON.start
NOTE = Note(DUE, "coach", "test")


async def look(store: PromiseStore) -> Promise:
    found = await store.promise(ID)
    assert found is not None
    return found


async def claim(store: PromiseStore, number: int = 1, at: float = DUE) -> Promise:
    got = await store.claim(ID, attempt(number), OPERATOR, at)
    assert got is not None
    return got.promise


# --- Booking ---------------------------------------------------------------------------------------------------------


async def test_a_promise_is_there_as_it_was_given(store: PromiseStore) -> None:
    given = await store.book(promise(), AN)
    assert given == promise()
    assert await store.promise(ID) == given
    assert await store.owed() == [given]
    assert await store.owed_to(AN, LINE) == given
    assert await store.owed_to(AN, OTHER) is None
    assert await store.booked_by(CALL) == given
    assert await store.numbers([ID, CallbackId("99")]) == {ID: AN}


async def test_a_call_that_asks_twice_has_one_promise(store: PromiseStore) -> None:
    first = await store.book(promise(), AN)
    assert await store.book(promise(window=LATER), AN) == first
    assert await store.promises() == [first]


async def test_who_is_owed_a_call_moves_it_and_is_not_owed_a_second(store: PromiseStore) -> None:
    await store.book(promise(), AN)
    moved = await store.book(promise("17.2", window=LATER, at=MONDAY + HOUR), AN)
    assert (moved.callback, moved.call, moved.window, moved.promised_at) == (ID, "17.2", LATER, MONDAY)
    assert await store.owed() == [moved]
    # The other line owes him one of its own, and so it is with another citizen.
    await store.book(promise("17.3", line=OTHER), AN)
    await store.book(promise("17.4"), BO)
    assert len(await store.owed()) == 3


async def test_what_is_being_kept_at_this_moment_is_not_moved(store: PromiseStore) -> None:
    await store.book(promise(), AN)
    await claim(store)
    with pytest.raises(IllegalMove):
        await store.book(promise("17.2", window=LATER), AN)
    assert (await look(store)).window == SOON


async def test_after_a_kept_promise_another_may_be_given(store: PromiseStore) -> None:
    await store.book(promise(), AN)
    await store.change(ID, partial(reached, at=DUE), NOTE)
    again = await store.book(promise("17.2"), AN)
    assert await store.owed() == [again]


async def test_a_promise_that_nobody_was_told_of_is_undone(store: PromiseStore) -> None:
    await store.book(promise(), AN)
    await store.withdraw(CALL, MONDAY, MONDAY + 5)
    await store.withdraw(CALL, MONDAY, MONDAY + 6)
    assert await store.promise(ID) is None
    assert [(c.what, c.new is None) for c in await store.changes(ID)] == [("book", False), ("withdraw", True)]
    # He waits on, and accepts the next offer.
    assert (await store.book(promise(window=LATER), AN)).window == LATER
    assert [c.step for c in await store.changes(ID)] == [1, 2, 3]


async def test_a_move_that_nobody_was_told_of_is_undone(store: PromiseStore) -> None:
    await store.book(promise(), AN)
    await store.book(promise("17.2", window=LATER), AN)
    await store.withdraw(CallId("17.2"), MONDAY, MONDAY + 5)
    assert ((await look(store)).window, (await look(store)).call) == (SOON, "17.1")


async def test_what_he_was_told_of_before_stays_when_the_same_call_books_in_vain(store: PromiseStore) -> None:
    """The engine died between promise and word, the next one told him; he asked for another moment, and that failed."""
    booked = await store.book(promise(), AN)
    assert await store.book(promise(window=LATER), AN) == booked
    await store.withdraw(CALL, booked.promised_at + 1, MONDAY + 60)
    assert await look(store) == booked


async def test_what_has_been_taken_up_meanwhile_is_not_undone(store: PromiseStore) -> None:
    await store.book(promise(), AN)
    await claim(store)
    await store.withdraw(CALL, MONDAY, DUE + 5)
    assert (await look(store)).state is CallbackState.CLAIMED


# --- Attempts --------------------------------------------------------------------------------------------------------


async def test_of_two_who_claim_at_once_one_has_it(open_store: Opener) -> None:
    one, other = open_store(), open_store()
    for n in range(12):
        await one.book(promise(f"18.{n}"), f"+3247000010{n}")
    claims = [
        store.claim(CallbackId(f"18.{n}"), OfferId(100 * i + n), OPERATOR, DUE)
        for n in range(12)
        for i, store in enumerate((one, other), 1)
    ]
    got = await asyncio.gather(*claims)
    for n in range(12):
        assert sum(claimed is not None for claimed in got[2 * n : 2 * n + 2]) == 1
        assert len(await one.attempts(CallbackId(f"18.{n}"))) == 1


async def test_two_engines_that_give_the_same_number_do_not_share_an_attempt(open_store: Opener) -> None:
    one, other = open_store(), open_store()
    await one.book(promise(), AN)
    await one.book(promise("17.2"), BO)
    got = await asyncio.gather(
        one.claim(ID, attempt(7), OPERATOR, DUE),
        other.claim(ID, attempt(7), OPERATOR, DUE),
        other.claim(CallbackId("17.2"), attempt(7), OPERATOR, DUE),
    )
    assert sum(claimed is not None for claimed in got) == 1


async def test_who_asks_again_because_he_heard_nothing_still_has_it(open_store: Opener) -> None:
    one, other = open_store(), open_store()
    await one.book(promise(), AN)
    first = await one.claim(ID, attempt(1), OPERATOR, DUE)
    assert await one.claim(ID, attempt(1), OPERATOR, DUE) == first
    assert await other.claim(ID, attempt(1), OPERATOR, DUE) is None
    assert first is not None
    assert (first.number, first.promise.attempt, AN in repr(first)) == (AN, 1, False)


async def test_nothing_is_claimed_before_its_moment(store: PromiseStore) -> None:
    await store.book(promise(), AN)
    assert await store.claim(ID, attempt(1), OPERATOR, DUE - 1) is None
    assert await store.claim(CallbackId("nobody"), attempt(1), OPERATOR, DUE) is None
    assert await store.attempts(ID) == []


async def test_an_attempt_from_the_claim_to_the_talk(store: PromiseStore) -> None:
    await store.book(promise(), AN)
    await claim(store)
    for stage, at in zip(list(AttemptStage)[1:], (1.0, 5.0, 6.0, 20.0), strict=True):
        await store.note_attempt(attempt(1), stage, DUE + at)
        await store.note_attempt(attempt(1), AttemptStage.RINGING, DUE + at)
    spoken = await look(store)
    assert (spoken.state, spoken.reached_at, spoken.attempts) == (CallbackState.REACHED, DUE + 20, 1)
    await store.end_attempt(attempt(1), AttemptResult.CONNECTED, DUE + 300, kept)
    (made,) = await store.attempts(ID)
    assert (made.dialled_at, made.answered_at, made.ended_at, made.result) == (
        DUE + 6,
        DUE + 20,
        DUE + 300,
        "connected",
    )
    assert (await look(store)).reached_at == DUE + 20
    assert await store.owed() == []


@pytest.mark.parametrize("dialled", [False, True])
async def test_a_number_that_is_none_was_rung_only_if_it_was_dialled(store: PromiseStore, dialled: bool) -> None:
    await store.book(promise(), AN)
    await claim(store)
    if dialled:
        await store.note_attempt(attempt(1), AttemptStage.DIALLED, DUE + 6)
    ended = await store.end_attempt(attempt(1), AttemptResult.WRONG_NUMBER, DUE + 9, give_up)
    assert ended is not None
    (made,) = await store.attempts(ID)
    assert (ended.state, ended.attempts) == (CallbackState.HANDED_OVER, int(dialled))
    assert (made.result, made.dialled_at) == (AttemptResult.WRONG_NUMBER, DUE + 6 if dialled else None)


async def test_an_attempt_ends_once(store: PromiseStore) -> None:
    await store.book(promise(), AN)
    await claim(store)
    ended = await store.end_attempt(attempt(1), AttemptResult.BUSY, DUE + 9, again)
    assert ended is not None
    assert (ended.state, ended.window, ended.attempts, ended.attempt) == (CallbackState.OPEN, LATER, 1, None)
    assert await store.end_attempt(attempt(1), AttemptResult.UNKNOWN, DUE + 10, give_up) is None
    await store.note_attempt(attempt(1), AttemptStage.TALKING, DUE + 11)
    assert await look(store) == ended


async def test_an_operator_who_rang_the_citizen_after_all_counts(store: PromiseStore) -> None:
    await store.book(promise(), AN)
    await claim(store)
    await store.note_attempt(attempt(1), AttemptStage.DIALLED, DUE + 5)
    await store.end_attempt(attempt(1), AttemptResult.OPERATOR, DUE + 9, again)
    (made,) = await store.attempts(ID)
    assert (made.result, (await look(store)).attempts) == (AttemptResult.ABORTED, 1)


async def test_who_got_through_by_himself_is_not_owed_again_when_the_attempt_ends(store: PromiseStore) -> None:
    await store.book(promise(), AN)
    await claim(store)
    await store.change(ID, partial(settled, at=DUE + 3, why="got through"), NOTE)
    await store.note_attempt(attempt(1), AttemptStage.DIALLED, DUE + 4)
    await store.note_attempt(attempt(1), AttemptStage.TALKING, DUE + 5)
    await store.end_attempt(attempt(1), AttemptResult.NO_ANSWER, DUE + 9, again)
    after = await look(store)
    assert (after.state, after.closed_at, after.why) == (CallbackState.SETTLED, DUE + 3, "got through")
    assert await store.owed() == []


async def test_a_claim_that_nobody_was_told_of_is_given_back_by_who_made_it_alone(open_store: Opener) -> None:
    one, other = open_store(), open_store()
    await one.book(promise(), AN)
    await claim(one)
    await other.release(attempt(1), DUE + 5)
    assert (await look(one)).state is CallbackState.CLAIMED
    await one.release(attempt(1), DUE + 5)
    await one.release(attempt(2), DUE + 5)
    after = await look(one)
    assert (after.state, after.attempts, after.window) == (CallbackState.OPEN, 0, SOON)
    assert await other.claim(ID, attempt(3), OPERATOR, DUE + 6) is not None


# --- People ----------------------------------------------------------------------------------------------------------


async def test_an_illegal_move_changes_nothing_and_says_so(store: PromiseStore) -> None:
    await store.book(promise(), AN)
    await claim(store)
    before = await look(store)
    with pytest.raises(IllegalMove, match="cannot do cancel in state claimed"):
        await store.change(ID, partial(cancelled, at=DUE, why="caller"), NOTE)
    with pytest.raises(NoSuchCallback, match="nobody"):
        await store.change(CallbackId("nobody"), partial(cancelled, at=DUE, why="caller"), NOTE)
    assert await look(store) == before
    assert [c.what for c in await store.changes(ID)] == ["book", "claim"]


async def test_the_log_holds_every_change_with_old_and_new_and_no_number(store: PromiseStore) -> None:
    await store.book(promise(), AN)
    await store.change(ID, partial(handed_over, at=DUE, why="unknown"), Note(DUE, "system", "hand_over", "unknown"))
    await store.change(ID, partial(rescheduled, at=DUE, window=LATER, owner="coach"), Note(DUE + 1, "coach", "move"))
    log = await store.changes(ID)
    assert [(c.step, c.by, c.what) for c in log] == [
        (1, "caller", "book"),
        (2, "system", "hand_over"),
        (3, "coach", "move"),
    ]
    assert log[0].old is None
    assert (log[1].old, log[1].new) == ({"state": "open", "why": None}, {"state": "handed_over", "why": "unknown"})
    assert (log[2].old or {})["start_at"] == SOON.start
    assert (log[2].new or {})["owner"] == "coach"
    assert AN not in repr(log)
    assert AN[1:] not in repr(await look(store))


async def test_promises_are_counted_by_the_half_hour_in_which_they_begin(store: PromiseStore) -> None:
    for n, window in enumerate((SOON, SOON, LATER)):
        await store.book(promise(f"18.{n}", window=window), f"+3247000020{n}")
    await store.book(promise("18.9", line=OTHER), AN)
    await store.change(CallbackId("18.2"), partial(settled, at=DUE, why="test"), NOTE)
    assert await store.taken(LINE) == {SOON.start: 2}


async def test_the_most_urgent_comes_first(store: PromiseStore) -> None:
    for n, at in enumerate((3.0, 1.0, 2.0)):
        late = promise(f"18.{n}", at=MONDAY + at)
        await store.book(late, f"+3247000030{n}")
        await store.change(late.callback, partial(rescheduled, at=DUE, window=SOON, deadline=DEADLINE + at), NOTE)
    assert [p.callback for p in await store.owed()] == ["18.1", "18.2", "18.0"]
    assert [p.callback for p in await store.promises(since=MONDAY + 2)] == ["18.0", "18.2"]
    assert [p.callback for p in await store.promises(until=MONDAY + 3, limit=1)] == ["18.2"]


# --- The database itself ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("statement", ["UPDATE callback_log SET at = 0", "DELETE FROM callback_log"])
async def test_the_log_is_append_only(place: Place, statement: str) -> None:
    store = CallbackStore(place.url)
    await store.book(promise(), AN)
    with pytest.raises(DBAPIError, match="append-only"):
        await place.execute(statement)
    assert len(await store.changes(ID)) == 1
    await store.close()


async def test_the_database_itself_refuses_a_second_promise_to_one_citizen(place: Place) -> None:
    store = CallbackStore(place.url)
    await store.book(promise(), AN)
    columns = "line, language, number, promised_at, start_at, end_at, deadline, state, attempts, step"
    with pytest.raises(DBAPIError):
        await place.execute(
            f"INSERT INTO callback (callback, call, {columns}) SELECT 'x', 'x', {columns} FROM callback"
        )
    await store.close()


# --- How much was called ----------------------------------------------------------------------------------------------


async def test_what_was_rung_is_counted_of_all_and_of_one_number(store: PromiseStore) -> None:
    await store.book(promise(), AN)
    await store.book(promise("17.2"), BO)
    for number, id, at in ((1, ID, DUE), (2, CallbackId("17.2"), DUE + 100)):
        assert await store.claim(id, attempt(number), OPERATOR, at)
        await store.note_attempt(attempt(number), AttemptStage.DIALLED, at)
    assert await store.rung(DUE) == Rung(2, 0.0)
    await store.note_attempt(attempt(1), AttemptStage.TALKING, DUE + 10)
    await store.end_attempt(attempt(1), AttemptResult.CONNECTED, DUE + 70, kept)
    assert await store.rung(DUE) == Rung(2, 60.0)
    assert await store.rung(DUE, AN) == Rung(1, 60.0)
    assert await store.rung(DUE + 1) == Rung(1, 0.0)
    assert await store.rung(DUE + 101) == await store.rung(DUE, "+32470000099") == Rung(0, 0.0)
