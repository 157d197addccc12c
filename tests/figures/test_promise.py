"""The figures of the 150-second promise, on cases worked out by hand."""

from functools import partial

import pytest

from acd.figures.report import Dimension, Report
from acd.figures.table import PROMISE
from acd.model import events as ev
from acd.model.callback import AttemptResult, AttemptStage
from acd.model.events import Event
from acd.model.ids import CallbackId, CallId, OfferId, OperatorId
from acd.model.outcome import Outcome
from acd.model.promise import Note, Promise, settled
from acd.records import CallbackStore
from tests.callbacks.promises import DEADLINE, LATER, LINE, MONDAY, kept, promise
from tests.figures.ledger import call, reported, write
from tests.records.places import Place

AN, BO, CEM = "+32470000001", "+32470000002", "+32470000003"
SPAN = (MONDAY - 3600, MONDAY + 36_000)


def parts(report: Report) -> dict[str, tuple[float, float]]:
    return {key: (value.part, value.of) for key, value in report.total.values.items()}


def promising(wanted: Promise, callback: str, waited: float = 30.0) -> list[Event]:
    """The call in which he is promised this, or in which his promise is moved."""
    id, line, at = wanted.call, wanted.line, wanted.promised_at
    times = wanted.start_at, wanted.end_at, wanted.deadline
    return [
        ev.CallStarted(at - waited, id, "3292101010", None, at - waited),
        ev.CallEnteredLine(at - waited, id, line, at - waited, "nl", "welkom"),
        ev.CallbackPromised(at, id, line, CallbackId(callback), *times),
        ev.OutcomeCounted(at, id, line, Outcome.CALLBACK_ACCEPTED, waited),
        ev.CallEnded(at + 5, id, at + 5),
    ]


async def reach(store: CallbackStore, callback: str, at: float, attempt: int = 1) -> None:
    assert await store.claim(CallbackId(callback), OfferId(attempt), OperatorId("an"), at - 20)
    await store.note_attempt(OfferId(attempt), AttemptStage.TALKING, at)
    await store.end_attempt(OfferId(attempt), AttemptResult.CONNECTED, at + 60, kept)


async def test_a_promise_that_is_moved_is_one_promise_of_two_calls(place: Place) -> None:
    """He calls again and moves it, and is reached in time; another one hung up."""
    store = CallbackStore(place.url)
    first, again = promise("17.1"), promise("17.2", window=LATER, at=MONDAY + 600)
    assert (await store.book(first, AN)).callback == "17.1"
    assert (await store.book(again, AN)).callback == "17.1"
    await write(place, [*promising(first, "17.1"), *promising(again, "17.1")])
    await write(place, call(Outcome.ABANDONED, 50.0, MONDAY))
    await reach(store, "17.1", LATER.start + 20)
    await store.close()
    report = await reported(place, PROMISE, *SPAN, now=DEADLINE, by=[Dimension.LINE])
    assert parts(report) == {
        "promises": (1, 1),
        "kept_promise": (1, 1),
        "offer_compliance": (0, 0),
        "reached": (2, 3),
    }
    [row] = report.rows
    assert (row.line, row.values) == (LINE, report.total.values)


async def test_a_promise_counts_as_kept_up_to_its_deadline_and_only_when_that_has_passed(sqlite: Place) -> None:
    store = CallbackStore(sqlite.url)
    for n, number in enumerate((AN, BO, CEM), 1):
        await store.book(promise(f"17.{n}"), number)
    await reach(store, "17.1", DEADLINE)
    await reach(store, "17.2", DEADLINE + 1, 2)
    # Who got through by himself was not called back.
    await store.change(CallbackId("17.3"), partial(settled, at=MONDAY, why="got_through"), Note(MONDAY, "", "close"))
    await store.close()
    before = parts(await reported(sqlite, PROMISE, *SPAN, now=DEADLINE - 1))
    assert (before["promises"], before["kept_promise"]) == ((3, 3), (0, 0))
    assert parts(await reported(sqlite, PROMISE, *SPAN, now=DEADLINE))["kept_promise"] == (1, 3)


@pytest.mark.parametrize(
    ("waited", "heard", "outcome", "counted"),
    [
        (149.9, None, Outcome.ANSWERED, (0, 0)),
        (150.0, 150.0, Outcome.ANSWERED, (1, 1)),
        (300.0, 154.9, Outcome.ANSWERED, (1, 1)),
        (300.0, 155.0, Outcome.ANSWERED, (0, 1)),
        (300.0, 12.0, Outcome.ANSWERED, (1, 1)),
        (200.0, None, Outcome.ABANDONED, (0, 1)),
        # On the next line, after his outcome.
        (300.0, 400.0, Outcome.ANSWERED, (0, 1)),
        (None, None, Outcome.CLOSED, (0, 0)),
    ],
)
async def test_compliance_looks_at_those_who_still_wait_at_150_s(
    sqlite: Place, waited: float | None, heard: float | None, outcome: Outcome, counted: tuple[int, int]
) -> None:
    events = call(outcome, waited, MONDAY)
    if heard is not None:
        id = CallId(events[0].call)  # type: ignore[attr-defined]
        on_that_line = heard if heard < 300 else 20.0
        events.insert(-1, ev.CallbackOffered(MONDAY + 5 + heard, id, LINE, MONDAY + 5 + heard, on_that_line, False))
    await write(sqlite, events)
    assert parts(await reported(sqlite, PROMISE, *SPAN))["offer_compliance"] == counted


@pytest.mark.parametrize(("seconds", "counted"), [(154.9, (0, 0)), (155.0, (0, 1))])
async def test_who_waits_now_counts_when_the_offer_should_have_been_heard(
    sqlite: Place, seconds: float, counted: tuple[int, int]
) -> None:
    await write(sqlite, call(None, 0.0, MONDAY))
    report = await reported(sqlite, PROMISE, *SPAN, now=MONDAY + 5 + seconds)
    assert parts(report)["offer_compliance"] == counted


async def test_reached_adds_those_who_were_called_in_time(sqlite: Place) -> None:
    outcomes = [Outcome.ANSWERED] * 8 + [Outcome.ABANDONED] + [Outcome.ABANDONED_SHORT] * 2 + [Outcome.CLOSED] * 4
    for n, outcome in enumerate(outcomes):
        await write(sqlite, call(outcome, None if outcome is Outcome.CLOSED else 5.0, MONDAY + n))
    store = CallbackStore(sqlite.url)
    for n, number in enumerate((AN, BO, CEM), 1):
        given = promise(f"17.{n}")
        await store.book(given, number)
        await write(sqlite, promising(given, f"17.{n}"))
    await reach(store, "17.1", MONDAY + 7200)
    await reach(store, "17.2", DEADLINE + 1, 2)
    await store.close()
    assert parts(await reported(sqlite, PROMISE, *SPAN, now=DEADLINE + 60))["reached"] == (9, 14)
