"""What a leader had seen and could not write before it was deposed: in the ledger afterwards, once, and at odds with
nothing that is known since."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from acd.model import events as ev
from acd.model.events import Event
from acd.model.ids import CallId, LineId, OperatorId
from acd.model.outcome import Outcome
from acd.records import Late, deliver, late, rebuild, tables
from acd.records.database import DatabaseUnusable
from acd.records.entries import seal
from acd.records.spill import Spill
from acd.records.writing import Batch, store_or_blame
from tests.records.histories import LINE, NUMBER, Step, abandoned, answered, flat, waiting
from tests.records.places import Place

AN = OperatorId("an")
NOW = 5000.0
OFFSET = 5.0
"""Asterisk's clock is 5 s behind ours."""


@pytest.fixture
def aside(tmp_path: Path) -> Path:
    return tmp_path / "events.spill.17"


def spilt(file: Path, *steps: Sequence[Event], source: str = "old leader") -> None:
    """The old leader's file. ``source``: which of his runs."""
    spill, position = Spill(file), 0
    spill.open()
    for step in steps:
        entries = [seal(event) for event in step]
        for entry in entries:
            entry.switch_at = entry.at - OFFSET
        position += len(entries)
        spill.append([Batch(source, position, entries)])


def taken_over(at: float, calls: int = 0) -> Step:
    """By another engine, who sees all of Asterisk from then on."""
    return [ev.LinkCameUp(at, calls, 0)]


def is_there(file: Path) -> bool:
    return file.exists()


async def brought(place: Place, file: Path) -> Late | None:
    return await deliver(place.url, file, {LINE: 10.0}, NOW)


async def call_of(place: Place, call: str) -> dict[str, Any]:
    return next(row for row in await place.rows(tables.call) if row["call"] == call)


async def outcomes(place: Place) -> dict[str, tuple[str, bool]]:
    return {row["call"]: (row["outcome"], bool(row["seen"])) for row in await place.rows(tables.outcome)}


async def sound(place: Place) -> None:
    """The ledger alone gives the same rows again, and nothing contradicts anything."""
    before = await place.projection()
    assert before["anomaly"] == []
    await rebuild(place.url)
    assert await place.projection() == before


async def test_a_call_that_only_the_deposed_leader_saw_is_one_call_as_he_saw_it(place: Place, aside: Path) -> None:
    spilt(aside, *answered("17.1", 1000.0, operator="an", offer=7))
    await place.write(taken_over(1200.0))
    assert await brought(place, aside) == Late(len(flat(answered("17.1", 1000.0, "an", 7))), 1)
    row = await call_of(place, "17.1")
    wanted = {"did": "3292101010", "line": LINE, "operator": "an", "arrived_at": 1000.0, "entered_at": 1010.0}
    wanted |= {"answered_at": 1035.0, "talk_ended_at": 1135.0, "ended_at": 1135.0, "waited": 25.0, "repaired_at": NOW}
    assert {name: row[name] for name in wanted} == wanted
    assert await outcomes(place) == {"17.1": ("answered", False)}
    [talk] = await place.rows(tables.talk)
    assert (talk["operator"], talk["began_at"], talk["ended_at"]) == ("an", 1035.0, 1135.0)
    [number] = await place.rows(tables.caller)
    assert (number["call"], number["number"]) == ("17.1", NUMBER), "it is erased by its day, as any other"
    assert not is_there(aside)
    await sound(place)


async def test_every_event_is_kept_as_it_was_with_its_own_clocks(sqlite: Place, aside: Path) -> None:
    told = flat(abandoned("17.1", 1000.0))
    spilt(aside, told)
    await sqlite.write(taken_over(1200.0))
    await brought(sqlite, aside)
    kept = [event for event in await sqlite.events() if isinstance(event, ev.ToldLate)]
    assert [(event.at, event.what) for event in kept] == [(event.at, type(event).__name__) for event in told]
    assert all(NUMBER not in event.told for event in kept)
    rows = [row for row in await sqlite.rows(tables.event) if row["type"] == "ToldLate"]
    assert all(row["switch_at"] == row["at"] - OFFSET for row in rows)


async def test_wherever_his_writing_broke_off_the_call_ends_as_it_ended(place: Place, aside: Path) -> None:
    """The one who took over found him gone, and took him for one who had hung up when it looked."""
    cuts = range(1, len(answered("17.1", 1000.0)))
    for cut in cuts:
        id = CallId(f"17.{cut}")
        story = answered(id, 1000.0, operator=f"op{cut}", offer=cut)
        await place.write(*story[:cut])
        spilt(aside, *story[cut:], source=f"leader {cut}")
        found_gone: Step = [ev.CallEnded(1200.0, id, 1200.0)]
        counted = any(isinstance(event, ev.OutcomeCounted) for event in flat(story[:cut]))
        if not counted:
            lost = ev.OutcomeCounted(1200.0, id, LINE if cut > 1 else None, Outcome.ABANDONED, 190.0, seen=False)
            found_gone.insert(0, lost)
        over = any(isinstance(event, ev.CallEnded) for event in flat(story[:cut]))
        await place.write([*([] if over else found_gone), *taken_over(1200.0)])
    await brought(place, aside)
    for row in await place.rows(tables.call):
        assert (row["outcome"], row["waited"]) == ("answered", 25.0)
        assert row["operator"] == row["call"].replace("17.", "op")
        assert row["ended_at"] == 1135.0
    assert [(one["began_at"], one["ended_at"]) for one in await place.rows(tables.talk)] == [(1035.0, 1135.0)] * len(
        cuts
    )
    assert len(await outcomes(place)) == len(cuts)
    await sound(place)


async def test_what_the_new_leader_has_seen_stands(sqlite: Place, aside: Path) -> None:
    """A caller who waited on, and was put through by the one who took over."""
    call, op = CallId("17.1"), OperatorId("bo")
    await sqlite.write(waiting("17.1", 1000.0)[0])
    spilt(aside, waiting("17.1", 1000.0)[1], [ev.CallAnnounced(1020.0, call, 1, None)])
    await sqlite.write(
        [ev.CallEnteredLine(1030.0, call, LINE, 1010.0, "nl", "welkom>taal"), *taken_over(1030.0, 1)],
        [ev.CallAnswered(1050.0, call, LINE, op, 1050.0, 40.0)],
        [ev.OutcomeCounted(1050.0, call, LINE, Outcome.ANSWERED, 40.0)],
    )
    before = await sqlite.projection()
    assert await brought(sqlite, aside) == Late(2, 0)
    assert await sqlite.projection() == before, "he speaks on, and nothing is changed"
    await sqlite.write([ev.TalkFinished(1100.0, call, op, 1100.0), ev.CallEnded(1100.0, call, 1100.0)])
    assert await outcomes(sqlite) == {"17.1": ("answered", True)}
    await sound(sqlite)


async def test_of_whom_nothing_more_was_heard_the_last_word_is_the_end(sqlite: Place, aside: Path) -> None:
    spilt(aside, *waiting("17.1", 1000.0))
    await sqlite.write(taken_over(1200.0))
    await brought(sqlite, aside)
    row = await call_of(sqlite, "17.1")
    assert (row["outcome"], row["ended_at"]) == ("abandoned_short", 1010.0)
    await sound(sqlite)


async def test_what_somebody_wanted_then_is_not_done_any_more(sqlite: Place, aside: Path) -> None:
    spilt(aside, [ev.CrisisChanged(1000.0, "flood", "sup"), ev.DrainChanged(1001.0, True, "sup")])
    await sqlite.write([*taken_over(1200.0), ev.CrisisChanged(1250.0, None, "sup")])
    before = await sqlite.projection()
    assert await brought(sqlite, aside) == Late(2, 0)
    assert await sqlite.projection() == before


async def test_scores_and_recordings_are_told_as_they_were(sqlite: Place, aside: Path) -> None:
    call, sport = CallId("17.1"), LineId(LINE)
    await sqlite.write(*answered("17.1", 1000.0, operator="an", offer=7))
    spilt(
        aside,
        [
            ev.RecordingStarted(1036.0, "r-1", call, None, sport, AN, 1036.0),
            ev.RecordingFinished(1135.0, "r-1", call, None, 1135.0),
            ev.SurveyStarted(1136.0, call, sport, AN, 1136.0, True),
            ev.SurveyAnswered(1140.0, call, sport, AN, "score", 9, 1140.0),
        ],
    )
    await sqlite.write(taken_over(1200.0))
    await brought(sqlite, aside)
    [made] = await sqlite.rows(tables.recording)
    assert (made["recording"], made["began_at"], made["ended_at"]) == ("r-1", 1036.0, 1135.0)
    assert [row["score"] for row in await sqlite.rows(tables.survey_answer)] == [9]
    assert len(await sqlite.rows(tables.survey)) == 1
    await sound(sqlite)


async def test_nothing_is_told_while_a_server_is_out_of_sight_where_the_call_may_live(
    sqlite: Place, aside: Path
) -> None:
    spilt(aside, *abandoned("17.1", 1000.0))
    await sqlite.write(taken_over(1200.0), [ev.LinkWentDown(1300.0, "cut")])
    assert await brought(sqlite, aside) is None
    assert await sqlite.rows(tables.call) == []
    assert is_there(aside)
    await sqlite.write(taken_over(1400.0))
    assert await brought(sqlite, aside) is not None
    assert await outcomes(sqlite) == {"17.1": ("abandoned", False)}


async def test_whoever_is_killed_in_the_middle_begins_again_and_tells_nothing_twice(
    place: Place, aside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(late, "_CHUNK", 4)
    await place.write(taken_over(1200.0))
    for n, moment in enumerate(("_recordings", "store_or_blame", "second batch", "done"), 1):
        one, other = f"17.{n}", f"18.{n}"
        scores: Step = [ev.SurveyAnswered(1140.0, CallId(one), LINE, AN, "score", 9, 1140.0)]
        story = [*answered(one, 1000.0, operator="an", offer=n), *abandoned(other, 1000.0)]
        spilt(aside, *story, scores, source=moment)
        with monkeypatch.context() as broken:
            dies_at(moment, broken)
            with pytest.raises(Killed):
                await brought(place, aside)
        assert is_there(aside)
        await brought(place, aside)
        types = await place.ledger_types()
        assert types.count("ToldLate") == n * len(flat(story))
        assert (types.count("CallRepaired"), types.count("SurveyAnswered")) == (2 * n, n)
        known = await outcomes(place)
        assert (known[one], known[other], len(known)) == (("answered", False), ("abandoned", False), 2 * n)
        assert not is_there(aside)
    await sound(place)


class Killed(BaseException):
    """As by ``kill -9``."""


def dies_at(moment: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stored: list[Any] = []

    async def once(*args: Any) -> None:
        if stored:
            raise Killed
        stored.append(args)
        await store_or_blame(*args)

    match moment:
        case "done":
            monkeypatch.setattr(Spill, "done", _killed)
        case "second batch":
            monkeypatch.setattr(late, "store_or_blame", once)
        case _:
            monkeypatch.setattr(late, moment, _killed)


def _killed(*_: Any) -> None:
    raise Killed


async def test_what_had_come_through_before_is_not_told_again(sqlite: Place, aside: Path) -> None:
    """The answer to a commit was lost, so the file has it still."""
    story = abandoned("17.1", 1000.0)
    spilt(aside, *story)
    copy = aside.with_name("copy")
    spilt(copy, *story)
    await sqlite.write(taken_over(1200.0))
    await brought(sqlite, aside)
    count = len(await sqlite.ledger_types())
    assert await brought(sqlite, copy) == Late(len(flat(story)), 0)
    assert len(await sqlite.ledger_types()) == count
    await sound(sqlite)


async def test_a_damaged_line_is_kept_for_a_person_and_the_rest_is_told(sqlite: Place, aside: Path) -> None:
    spilt(aside, *abandoned("17.1", 1000.0))
    with aside.open("ab") as file:
        file.write(b"no JSON\n")
    await sqlite.write(taken_over(1200.0))
    await brought(sqlite, aside)
    assert await outcomes(sqlite) == {"17.1": ("abandoned", False)}
    assert not is_there(aside)
    [damaged] = aside.parent.glob("events.spill.*.damaged")
    assert damaged.read_bytes().endswith(b"no JSON\n")


async def test_without_the_database_the_file_stays(tmp_path: Path, aside: Path) -> None:
    spilt(aside, *abandoned("17.1", 1000.0))
    with pytest.raises(DatabaseUnusable):
        await deliver(f"sqlite:///{tmp_path}/not-made.db", aside, {}, NOW)
    assert is_there(aside)
