"""What planning asks the records: arrivals, logged-in operators and talk, by half-hour, on both databases."""

from collections.abc import AsyncIterator

import pytest

from acd.model import events as ev
from acd.model.history import History
from acd.model.ids import CallId, LineId, OperatorId
from acd.model.operator import OperatorState as S
from acd.model.outcome import Outcome
from acd.records import Archive
from acd.records.history import ENOUGH_CALLS
from tests.records.histories import LINE, abandoned, answered, change, closed, waiting
from tests.records.places import Place

SPORT = LineId("sportlijn")
AN, BO = OperatorId("an"), OperatorId("bo")
HOUR = 3600.0
BEGIN = 1000 * HOUR
"""A full hour."""


@pytest.fixture
async def archive(place: Place) -> AsyncIterator[Archive]:
    reader = Archive(place.url)
    yield reader
    await reader.close()


async def test_callers_are_counted_in_the_half_hour_in_which_they_joined_the_line(
    place: Place, archive: Archive
) -> None:
    """Each joins 10 s after his call began."""
    await place.write(
        *abandoned("1", BEGIN - 10),
        *abandoned("2", BEGIN + 1789),
        *abandoned("3", BEGIN + 1790),
        *answered("4", BEGIN + 1850),
        *answered("5", BEGIN + 3600, "bo", 2, SPORT),
        *closed("6", BEGIN + 3700),
        *waiting("7", BEGIN + 9000, SPORT),
    )
    history = await archive.history(BEGIN - 600, BEGIN + 3 * HOUR)
    assert history.arrivals == {
        LINE: {int(BEGIN): 2, int(BEGIN + 1800): 2},
        SPORT: {int(BEGIN + 3600): 1, int(BEGIN + 9000): 1},
    }
    within = await archive.history(BEGIN, BEGIN + 9000)
    assert within.arrivals == {LINE: {int(BEGIN): 1, int(BEGIN + 1800): 2}, SPORT: {int(BEGIN + 3600): 1}}


async def test_empty_records_are_an_empty_history(archive: Archive) -> None:
    assert await archive.history(0.0, BEGIN) == History()


async def test_who_was_logged_in_and_for_which_part_of_the_half_hour(place: Place, archive: Archive) -> None:
    await place.write(
        [change(BEGIN + 900, "an", S.LOGGED_OUT, S.NOT_READY), change(BEGIN + 900, "bo", S.LOGGED_OUT, S.AVAILABLE)],
        [change(BEGIN + 1000, "an", S.NOT_READY, S.AVAILABLE), change(BEGIN + 1200, "an", S.AVAILABLE, S.IN_CALL)],
        [change(BEGIN + 4500, "an", S.IN_CALL, S.LOGGED_OUT)],
        [change(BEGIN + 5400, "an", S.LOGGED_OUT, S.AVAILABLE)],
        [change(BEGIN + 6300, "bo", S.AVAILABLE, S.LOGGED_OUT)],
    )
    history = await archive.history(BEGIN, BEGIN + 2 * HOUR)
    assert history.logged_in == {
        AN: {int(BEGIN): 0.5, int(BEGIN + 1800): 1.0, int(BEGIN + 3600): 0.5, int(BEGIN + 5400): 1.0},
        BO: {int(BEGIN): 0.5, int(BEGIN + 1800): 1.0, int(BEGIN + 3600): 1.0, int(BEGIN + 5400): 0.5},
    }


async def test_who_has_logged_out_before_the_window_is_not_there(place: Place, archive: Archive) -> None:
    await place.write(
        [change(BEGIN - 7200, "an", S.LOGGED_OUT, S.AVAILABLE)],
        [change(BEGIN - 3600, "an", S.AVAILABLE, S.LOGGED_OUT)],
        [change(BEGIN, "bo", S.LOGGED_OUT, S.AVAILABLE)],
    )
    assert await archive.history(BEGIN, BEGIN + 1800) == History(logged_in={BO: {int(BEGIN): 1.0}})


async def test_the_mean_talk_is_known_from_thirty_calls_on(place: Place, archive: Archive) -> None:
    """Each talks for 100 s."""
    for n in range(30):
        await place.write(*answered(f"g{n}", BEGIN + 200 * n, "an", n + 1))
    for n in range(29):
        await place.write(*answered(f"s{n}", BEGIN + 200 * n, "bo", n + 31, SPORT))
    assert (await archive.history(BEGIN, BEGIN + 7 * HOUR)).talk == {LINE: pytest.approx(100.0)}


async def test_each_part_of_a_call_that_is_passed_on_is_a_talk_of_its_own_line(place: Place, archive: Archive) -> None:
    """An speaks 100 s on her line, then bo 40 s on another."""
    for n in range(ENOUGH_CALLS):
        at, call = BEGIN + 200 * n, CallId(f"9.{n}")
        await place.write(
            [
                ev.CallStarted(at, call, "3292101010", None, at),
                ev.CallEnteredLine(at, call, LINE, at, "nl", ""),
                ev.CallAnswered(at + 5, call, LINE, AN, at + 5, 5.0),
                ev.OutcomeCounted(at + 5, call, LINE, Outcome.ANSWERED, 5.0),
                ev.TalkFinished(at + 105, call, AN, at + 105),
                ev.CallEnteredLine(at + 105, call, SPORT, at + 105, "nl", ""),
                ev.CallAnswered(at + 110, call, SPORT, BO, at + 110, 5.0),
                ev.TalkFinished(at + 150, call, BO, at + 150),
                ev.CallEnded(at + 151, call, at + 151),
            ]
        )
    assert (await archive.history(BEGIN, BEGIN + 3 * HOUR)).talk == {LINE: 100.0, SPORT: 40.0}
