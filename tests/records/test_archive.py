"""What the records answer: at the start of the engine, and to people."""

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest

from acd.engine.tally import Tally
from acd.model import events as ev
from acd.model.events import Event
from acd.model.facts import CallbackBooked, CallStored, CallWhereabouts, OperatorStored
from acd.model.ids import CallbackId, CallId, LineId, OfferId, OperatorId
from acd.model.operator import OperatorState, Wish
from acd.model.outcome import Outcome
from acd.records import Archive, CallbackStore, DatabaseUnusable, day_bounds
from tests.callbacks.promises import AN, BO, DEADLINE, SOON, promise
from tests.records.histories import LINE, NUMBER, WHY, abandoned, answered, change, closed, flat, missed, waiting
from tests.records.places import Place

_S = OperatorState
SPORT = LineId("sportlijn")


@pytest.fixture
async def archive(place: Place) -> AsyncIterator[Archive]:
    reader = Archive(place.url)
    yield reader
    await reader.close()


# --- At the start of the engine ------------------------------------------------------------------------------------


async def test_an_empty_archive_restores_nothing(archive: Archive) -> None:
    restored = await archive.restored()
    assert (restored.operators, restored.calls, restored.crisis) == ((), (), None)
    assert await archive.highest_offer() == 0
    assert [event async for event in archive.events_since(0.0)] == []


def wished(at: float, operator: str, wish: Wish, reason: str | None = None) -> ev.OperatorWished:
    return ev.OperatorWished(at, OperatorId(operator), wish, reason, operator)


async def test_what_operators_wanted_comes_back_whatever_they_were_doing(place: Place, archive: Archive) -> None:
    await place.write(
        [wished(10.0, "an", Wish.NOT_READY, "login"), wished(11.0, "an", Wish.READY)],
        [change(20.0, "an", _S.AVAILABLE, _S.IN_CALL), change(30.0, "an", _S.IN_CALL, _S.UNREACHABLE)],
        [wished(12.0, "bo", Wish.READY), change(12.0, "bo", _S.NOT_READY, _S.IN_CALL)],
        [wished(40.0, "bo", Wish.NOT_READY, "lunch")],
        [wished(13.0, "cy", Wish.READY), wished(50.0, "cy", Wish.OUT)],
        [wished(14.0, "di", Wish.NOT_READY)],
    )
    assert (await archive.restored()).operators == (
        OperatorStored(OperatorId("an"), True, None, 11.0, "an"),
        OperatorStored(OperatorId("bo"), True, "lunch", 40.0, "bo"),
        OperatorStored(OperatorId("cy"), False, None, 50.0, "cy"),
        OperatorStored(OperatorId("di"), True, "", 14.0, "di"),
    )


async def test_open_calls_come_back_with_what_was_known_of_them(place: Place, archive: Archive) -> None:
    await place.write(
        *answered("17.1", 1000.0, "an", 1)[:5],
        *waiting("17.2", 2000.0),
        *abandoned("17.3", 3000.0),
        *closed("17.4", 4000.0)[:2],
        [ev.CallAdopted(5000.0, CallId("17.5"), CallWhereabouts.MENU)],
        [ev.CrisisChanged(6000.0, "storm", "coach")],
    )
    restored = await archive.restored()
    an = OperatorId("an")
    assert restored.calls == (
        CallStored(CallId("17.1"), 1000.0, LINE, 1010.0, Outcome.ANSWERED, an, 1035.0),
        CallStored(CallId("17.2"), 2000.0, LINE, 2010.0, None),
        CallStored(CallId("17.4"), 4000.0, None, None, Outcome.CLOSED),
        CallStored(CallId("17.5"), 5000.0, None, None, None),
    )
    assert restored.crisis == "storm"


async def test_a_promise_that_was_not_counted_comes_back_with_its_call(place: Place, archive: Archive) -> None:
    await place.write(*waiting("17.1", 1000.0), *waiting("17.2", 1000.0), *abandoned("17.3", 1000.0))
    store = CallbackStore(place.url)
    try:
        for call, number in (("17.1", AN), ("17.3", BO)):
            await store.book(promise(call, line=LINE), number)
        [first, other] = (await archive.restored()).calls
        assert first.promise == CallbackBooked(CallId("17.1"), CallbackId("17.1"), SOON, DEADLINE)
        assert (first.outcome, other.promise) == (None, None)
        assert not first.promise_in_ledger
        await place.write(
            [ev.CallbackPromised(1090.0, CallId("17.1"), LINE, CallbackId("17.1"), SOON.start, SOON.end, DEADLINE)]
        )
        assert (await archive.restored()).calls[0].promise_in_ledger
        await store.withdraw(CallId("17.1"), 0.0, 1100.0)
        assert [call.promise for call in (await archive.restored()).calls] == [None, None]
    finally:
        await store.close()


async def test_the_highest_offer_number(place: Place, archive: Archive) -> None:
    await place.write(*missed("17.1", 1000.0, "an", 41), *missed("17.2", 1000.0, "bo", 7))
    assert await archive.highest_offer() == 41


async def test_events_since_a_moment_page_by_page(place: Place, archive: Archive) -> None:
    many: list[Event] = [ev.MoveRefused(float(n), str(n), "") for n in range(1, 2501)]
    late = ev.MoveRefused(1500.0, "a clock that went back", "")
    too_early = ev.MoveRefused(900.0, "a clock that went back further", "")
    await place.write(many, [too_early, late])
    assert [event async for event in archive.events_since(1001.0)] == [*many[1000:], late]
    assert [event async for event in archive.events_since(2500.5)] == []


async def test_todays_tally_comes_back(place: Place, archive: Archive) -> None:
    since, until = day_bounds(date(2025, 10, 26))
    yesterday = answered("17.1", since - 4000.0)
    today = [step for n in range(5) for step in answered(f"18.{n}", since + 1000.0 * n, "an", n + 2)]
    today += [*abandoned("18.8", until - 500.0), *closed("18.9", until - 100.0)]
    await place.write(*yesterday, *today)

    live, again = Tally(), Tally()
    live.apply(flat(today))
    again.apply([event async for event in archive.events_since(since)])
    assert (again.offered, again.lines) == (live.offered, live.lines)
    assert again.of(LINE).answered == 5


# --- For people ----------------------------------------------------------------------------------------------------


async def write_a_morning(place: Place) -> None:
    await place.write(
        *answered("17.1", 1000.0, "an", 1),
        *answered("17.2", 2000.0, "bo", 2, SPORT),
        *abandoned("17.3", 3000.0, SPORT),
        *missed("17.4", 4000.0, "an", 4),
        *closed("17.5", 5000.0),
        *waiting("17.6", 6000.0, SPORT, number=None),
    )


async def test_a_list_of_calls_shows_the_latest_first(place: Place, archive: Archive) -> None:
    await write_a_morning(place)
    rows = await archive.calls()
    assert [row.call for row in rows] == ["17.6", "17.5", "17.4", "17.3", "17.2", "17.1"]
    assert [row.call for row in await archive.calls(limit=2)] == ["17.6", "17.5"]
    first = rows[-1]
    assert (first.number, first.did, first.line, first.operator) == (NUMBER, "3292101010", "gentinfo", "an")
    assert (first.outcome, first.outcome_at, first.waited, first.seen) == (Outcome.ANSWERED, 1035.0, 25.0, True)
    assert (first.talk_ended_at, first.ended_at, first.offers, first.fallback) == (1135.0, 1135.0, 1, False)
    assert (rows[0].number, rows[0].outcome, rows[0].seen, rows[0].ended_at) == (None, None, None, None)


async def test_filters_narrow_the_list(place: Place, archive: Archive) -> None:
    await write_a_morning(place)

    async def ids(**filters: object) -> list[str]:
        return [row.call for row in await archive.calls(**filters)]  # type: ignore[arg-type]

    assert await ids(line="sportlijn") == ["17.6", "17.3", "17.2"]
    assert await ids(line="sportlijn", outcome=Outcome.ABANDONED) == ["17.3"]
    assert await ids(operator="an") == ["17.1"]
    assert await ids(open=True) == ["17.6"]
    assert await ids(open=False, line="gentinfo") == ["17.4", "17.1"]
    assert await ids(since=2000.0, until=4000.0) == ["17.3", "17.2"]
    assert await ids(line="nowhere") == []


async def test_a_call_that_was_sent_on_is_found_by_both_operators(place: Place, archive: Archive) -> None:
    call, bo = CallId("17.1"), OperatorId("bo")
    await place.write(
        *answered("17.1", 1000.0, "an", 1)[:5],
        [ev.CallEnteredLine(1101.0, call, SPORT, 1101.0, "nl", "welkom")],
        [ev.CallOffered(1110.0, call, SPORT, bo, OfferId(2), WHY)],
        [ev.CallAnswered(1115.0, call, SPORT, bo, 1115.0, 14.0)],
    )
    assert [row.call for row in await archive.calls(operator="an")] == ["17.1"]
    assert [row.call for row in await archive.calls(operator="bo")] == ["17.1"]
    # It counts where its outcome was counted.
    assert [row.call for row in await archive.calls(line="gentinfo")] == ["17.1"]
    assert await archive.calls(line="sportlijn") == []


async def test_the_story_of_a_call_tells_why_it_went_where_it_went(place: Place, archive: Archive) -> None:
    story, other = answered("17.1", 1000.0, "an", 1), missed("17.2", 1001.0, "bo", 2)
    await place.write(*(step for pair in zip(story, other, strict=False) for step in pair), *story[len(other) :])
    told = await archive.call_story("17.1")
    assert told == [event for event in flat(story) if not isinstance(event, ev.OperatorChanged)]
    (offer,) = [event for event in told if isinstance(event, ev.CallOffered)]
    assert offer.why == WHY
    assert await archive.call_story("17") == []


async def test_counts_and_lists_are_about_the_same_calls(place: Place, archive: Archive) -> None:
    await write_a_morning(place)
    counts = await archive.outcomes(line="sportlijn")
    assert (counts.offered, counts.undecided) == (3, 1)
    assert (counts.outcomes[Outcome.ANSWERED], counts.outcomes[Outcome.ABANDONED]) == (1, 1)
    everything = await archive.outcomes()
    assert {outcome: count for outcome, count in everything.outcomes.items() if count} == {
        Outcome.ANSWERED: 2,
        Outcome.ABANDONED: 2,
        Outcome.CLOSED: 1,
    }
    for since, until in ((None, None), (2000.0, 4001.0), (9000.0, None)):
        counts = await archive.outcomes(since=since, until=until)
        assert counts.offered == sum(counts.outcomes.values()) + counts.undecided
        assert counts.offered == len(await archive.calls(since=since, until=until))


async def test_the_archive_cannot_write(place: Place, archive: Archive) -> None:
    async with archive._engine.connect() as connection:
        with pytest.raises(Exception, match=r"readonly|read-only"):
            await connection.exec_driver_sql("INSERT INTO caller VALUES ('a', 1, 'b')")


def test_an_archive_that_is_not_there_is_told_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnusable, match="no such file"):
        Archive(f"sqlite:///{tmp_path}/acd.db")
    assert list(tmp_path.iterdir()) == []


async def test_a_database_of_something_else_is_told(tmp_path: Path) -> None:
    (tmp_path / "acd.db").touch()
    reader = Archive(f"sqlite:///{tmp_path}/acd.db")
    with pytest.raises(DatabaseUnusable, match="no such table"):
        await reader.calls()
    await reader.close()
