"""The calls behind a figure are those that the counts of the day counted, in either database."""

from collections.abc import AsyncIterator

import pytest

from acd.engine.tally import Tally
from acd.model import events as ev
from acd.model.calls import CallsWanted, CountedBy
from acd.model.ids import CallId, LineId
from acd.model.outcome import Outcome
from acd.records import Archive
from tests.records.histories import LINE, abandoned, answered, closed, flat, missed, moved, waiting
from tests.records.places import Place

SPORT = LineId("sportlijn")
T0 = 1_700_553_600.0
"""Nine o'clock; a half-hour begins."""
STORIES = [
    answered("17.1", T0),
    answered("17.2", T0 + 1770, offer=2),  # joins in the first half-hour, is answered in the second
    answered("17.3", T0 + 900, offer=3, line=SPORT),
    abandoned("17.4", T0 + 60),
    abandoned("17.5", T0 + 3590),  # arrives before ten, gives up after
    missed("17.6", T0 + 100, "an", 4),
    closed("17.7", T0 + 200),
    waiting("17.8", T0 + 3000),
    moved("17.10", T0 + 1780, LINE, SPORT),  # joins in the first half-hour, is moved in the second
]
COUNTED = {Outcome.ANSWERED: (Outcome.ANSWERED,), Outcome.ABANDONED: (Outcome.ABANDONED, Outcome.ABANDONED_SHORT)}


@pytest.fixture
async def archive(place: Place) -> AsyncIterator[Archive]:
    for story in STORIES:
        await place.write(*story)
    reader = Archive(place.url)
    yield reader
    await reader.close()


async def ids(archive: Archive, wanted: CallsWanted) -> set[str]:
    """The list; that its rows are as many as the count says is part of every question."""
    rows = await archive.listed(wanted, limit=100)
    assert sum((await archive.counted(wanted)).values()) == len(rows)
    return {row.call for row in rows}


async def test_an_outcome_is_counted_on_its_line_at_its_moment(archive: Archive) -> None:
    hour = CallsWanted(T0, T0 + 3600)
    assert await ids(archive, hour) == {"17.1", "17.2", "17.3", "17.4", "17.6", "17.7", "17.10"}
    given_up = CallsWanted(T0 + 3600, T0 + 7200, outcomes=(Outcome.ABANDONED,))
    assert await ids(archive, given_up) == {"17.5"}
    assert await ids(archive, CallsWanted(T0, T0 + 3600, lines=(SPORT,))) == {"17.3", "17.10"}


async def test_lists_agree_with_the_tally(archive: Archive) -> None:
    counts = Tally({LINE: 25.0, SPORT: 24.0})
    for story in STORIES:
        counts.apply(flat(story))
    for line in (LINE, SPORT):
        of = counts.lines[line]
        whole = CallsWanted(T0 - 3600, T0 + 7200, lines=(line,))
        for outcome, together in COUNTED.items():
            wanted = CallsWanted(whole.since, whole.until, lines=(line,), outcomes=together)
            assert len(await ids(archive, wanted)) == sum(of.outcomes[one] for one in together), outcome
        within = CallsWanted(
            whole.since, whole.until, lines=(line,), outcomes=(Outcome.ANSWERED,), within=counts.target_wait
        )
        assert len(await ids(archive, within)) == of.answered_in_target
    assert counts.lines[LINE].answered_in_target == 2 and counts.lines[SPORT].answered_in_target == 0


async def test_who_joined_is_counted_in_his_half_hour_as_the_curve_does(archive: Archive) -> None:
    counts = Tally()
    for story in STORIES:
        counts.apply(flat(story))
    for line in (LINE, SPORT):
        for start, joined in counts.half_hours.joined(line).items():
            wanted = CallsWanted(start, start + 1800, by=CountedBy.JOINED, lines=(line,))
            assert len(await ids(archive, wanted)) == joined
        for start, taken in counts.half_hours.answered(line).items():
            wanted = CallsWanted(start, start + 1800, lines=(line,), outcomes=(Outcome.ANSWERED,))
            assert len(await ids(archive, wanted)) == taken
    history = await archive.history(T0 - 3600, T0 + 7200)
    assert {line: dict(of) for line, of in history.arrivals.items()} == {
        line: dict(counts.half_hours.joined(line)) for line in (LINE, SPORT)
    }


async def test_those_who_are_there_now_are_asked_for_by_name(archive: Archive) -> None:
    wanted = CallsWanted(0, 0, calls=(CallId("17.8"), CallId("17.4"), CallId("none")))
    assert await ids(archive, wanted) == {"17.8", "17.4"}
    assert (await archive.counted(wanted))[None] == 1
    assert await ids(archive, CallsWanted(0, 0, calls=())) == set()


async def test_all_that_arrived_and_page_by_page(archive: Archive) -> None:
    wanted = CallsWanted(T0, T0 + 3600, by=CountedBy.ARRIVED)
    everybody = [row.call for row in await archive.listed(wanted, limit=100)]
    assert len(everybody) == len(STORIES)
    pages = [row.call for skip in (0, 3, 6) for row in await archive.listed(wanted, limit=3, skip=skip)]
    assert pages == everybody


async def test_a_caller_who_waited_past_midnight_is_of_the_day_of_his_outcome(place: Place, archive: Archive) -> None:
    late = flat(waiting("17.9", T0 + 50_000))
    end = T0 + 50_000 + 5 * 3600
    await place.write([*late, ev.OutcomeCounted(end, CallId("17.9"), LINE, Outcome.ABANDONED, 5 * 3600.0 - 10)])
    midnight = T0 + 15 * 3600
    assert await ids(archive, CallsWanted(midnight, midnight + 86_400)) == {"17.9"}
