"""The figures of the 150-second promise, on cases worked out by hand."""

from datetime import date
from functools import partial

from acd.model import events as ev
from acd.model.callback import AttemptResult, AttemptStage
from acd.model.ids import CallbackId, CallId, LineId, OfferId, OperatorId
from acd.model.outcome import Outcome
from acd.model.promise import Note, Promise, reached, settled
from acd.records import Archive, CallbackStore, promise_figures
from acd.records.figures import Figure, Waited, compliance, kept_promise
from acd.records.figures import reached as reached_figure
from tests.callbacks.promises import DEADLINE, LINE, MONDAY, SOON, kept, promise
from tests.records.places import Place

LIMITS = {LINE: 150.0}


def given(n: int, reached_at: float | None = None) -> Promise:
    one = promise(f"17.{n}")
    return one if reached_at is None else reached(one, reached_at)


def test_kept_promise_counts_only_what_has_fallen_due() -> None:
    promises = [given(1, MONDAY + 10), given(2, DEADLINE), given(3, DEADLINE + 1), given(4)]
    assert kept_promise(promises, DEADLINE - 1).of == 0
    figure = kept_promise(promises, DEADLINE)
    assert (figure.part, figure.of, figure.value, figure.weak) == (2, 4, 0.5, True)


def test_who_got_through_by_himself_is_not_counted_as_called_back() -> None:
    assert kept_promise([settled(given(1), MONDAY, "got_through")], DEADLINE).part == 0


def waited(seconds: float | None, heard: float | None, outcome: Outcome | None = Outcome.ANSWERED) -> Waited:
    at = None if outcome is None else 1000.0 + (seconds or 0.0)
    heard_at = None if heard is None else 1000.0 + heard
    return Waited(CallId("1"), LINE, 1000.0, outcome, at, seconds, heard_at, heard)


def test_compliance_looks_at_those_who_still_wait_at_150_s() -> None:
    calls = [
        waited(149.9, None),  # served before
        waited(150.0, 150.0),
        waited(300.0, 154.9),
        waited(300.0, 155.0),  # too late
        waited(300.0, 12.0),  # early
        waited(200.0, None, Outcome.ABANDONED),
        waited(None, None, Outcome.CLOSED),
        Waited(CallId("2"), LineId("no_callbacks"), 0.0, Outcome.ANSWERED, 900.0, 900.0, None, None),
    ]
    figure = compliance(calls, 2000.0, LIMITS)
    assert (figure.part, figure.of) == (3, 5)


def test_who_waits_now_counts_when_the_offer_should_have_been_heard() -> None:
    assert compliance([waited(None, None, None)], 1154.9, LIMITS).of == 0
    assert compliance([waited(None, None, None)], 1155.0, LIMITS) == Figure(0, 1, compliance([], 0.0, {}).formula)


def test_an_offer_on_the_next_line_does_not_mend_the_first() -> None:
    late = Waited(CallId("1"), LINE, 5000.0, Outcome.ANSWERED, 1300.0, 300.0, 5020.0, 20.0)
    assert compliance([late], 9000.0, LIMITS).part == 0


def test_reached_adds_those_who_were_called_in_time() -> None:
    outcomes = {Outcome.ANSWERED: 85, Outcome.ABANDONED: 5, Outcome.ABANDONED_SHORT: 10, Outcome.CLOSED: 40}
    promises = [given(1, MONDAY + 10), given(2, DEADLINE + 1), given(3)]
    figure = reached_figure(outcomes, promises)
    assert (figure.part, figure.of) == (86, 103)
    assert reached_figure({}, []).value is None


async def test_the_tables_give_the_figures(place: Place) -> None:
    call, operator = CallId("17.1"), OperatorId("an")
    await place.write(
        [ev.CallStarted(0.0, call, "3292101010", None, 0.0)],
        [ev.CallEnteredLine(10.0, call, LINE, 10.0, "nl", "welkom")],
        [ev.CallbackOffered(161.0, call, LINE, 161.0, 151.0, False)],
        [ev.OutcomeCounted(200.0, call, LINE, Outcome.CALLBACK_ACCEPTED, 190.0)],
    )
    store, archive = CallbackStore(place.url), Archive(place.url)
    await store.book(promise(), "+32470000001")
    assert await store.claim(CallbackId("17.1"), OfferId(1), operator, SOON.start)
    await store.note_attempt(OfferId(1), AttemptStage.TALKING, SOON.start + 20)
    await store.end_attempt(OfferId(1), AttemptResult.CONNECTED, SOON.start + 90, kept)
    await store.book(promise("17.2"), "+32470000002")
    note = Note(MONDAY, "coach", "close")
    await store.change(CallbackId("17.2"), partial(settled, at=MONDAY, why="test"), note)

    assert compliance(await archive.waits(since=0.0, until=1e9), 1e9, LIMITS).value == 1.0
    promises = await store.promises()
    assert (kept_promise(promises, DEADLINE).part, kept_promise(promises, DEADLINE).of) == (1, 2)
    outcomes = (await archive.outcomes()).outcomes
    assert (reached_figure(outcomes, promises).part, reached_figure(outcomes, promises).of) == (1, 2)

    other = LineId("other")
    days = date(1970, 1, 1), date(2100, 1, 1)
    found = await promise_figures(archive, store, LIMITS | {other: 150.0}, days, DEADLINE)
    assert list(found.lines) == [LINE, other]
    one = found.lines[LINE]
    assert one == found.together
    assert [(share.part, share.of) for share in (one.kept, one.compliance, one.reached)] == [(1, 2), (1, 1), (1, 2)]
    nothing = found.lines[other]
    assert [share.of for share in (nothing.kept, nothing.compliance, nothing.reached)] == [0, 0, 0]
    left = await promise_figures(archive, store, {}, days, DEADLINE)
    assert (list(left.lines), left.lines[LINE].kept.of) == ([LINE], 2), "also of a line that has given it up"
    await store.close()
    await archive.close()
