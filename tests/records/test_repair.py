"""What Asterisk's own record tells of calls that nobody saw: told once, and counted once."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.model import events as ev
from acd.model.events import Event
from acd.model.facts import CallWhereabouts as W
from acd.model.ids import CallId, Device, LineId, OperatorId
from acd.model.outcome import Outcome
from acd.model.told import CallTold, TalkTold
from acd.records import rebuild, tables
from acd.records.repair import Blind, Desks, KnownCall, RepairBook, overlapping, repaired
from tests.figures.ledger import reported
from tests.records.histories import LINE, NUMBER, answered, flat
from tests.records.places import Place

DESKS = Desks({Device("1001"): OperatorId("an")}, {LINE: 10.0})
OFFSET = 5.0
"""Asterisk's clock is 5 s behind ours."""


def told(call: str = "17.9", **fields: object) -> CallTold:
    """Came in at 1000 and joined the line at 1002, by Asterisk's clock."""
    known = {"arrived_at": 1000.0, "did": "092", "line": LINE, "entered_at": 1002.0, "where": W.WAIT, "gone_at": 1030.0}
    all_of_it: dict[str, Any] = known | fields
    device, up = all_of_it.pop("device", None), all_of_it.pop("answered_at", None)
    fallback, partner = all_of_it.pop("fallback", False), all_of_it.pop("partner", False)
    one = CallTold(call=CallId(call), last_at=1030.0, **all_of_it)
    if up is not None:
        one.talks.append(TalkTold(one.line, one.entered_at, up, device, fallback, partner))
    return one


def found(one: CallTold, known: KnownCall | None = None) -> ev.CallRepaired | None:
    """The one thing to be told of it."""
    events = repaired(one, known, DESKS, OFFSET, 2000.0)
    assert len(events) <= 1
    return events[0] if events else None


@pytest.mark.parametrize(
    ("fields", "outcome", "waited"),
    [
        ({}, Outcome.ABANDONED, 28.0),
        ({"gone_at": 1006.0}, Outcome.ABANDONED_SHORT, 4.0),
        ({"answered_at": 1010.0, "device": Device("1001"), "where": W.TALK, "fallback": True}, Outcome.ANSWERED, 8.0),
        ({"answered_at": 1010.0, "device": Device("9"), "where": W.AFTER}, Outcome.ANSWERED, 8.0),
        ({"answered_at": 1010.0, "where": W.PARTNER, "partner": True}, Outcome.OVERFLOW_ANSWERED, 8.0),
        ({"where": W.OVERFLOW}, Outcome.OVERFLOW_LOST, 28.0),
        ({"where": W.CLOSED, "line": None, "entered_at": None}, Outcome.CLOSED, None),
        ({"where": W.INFORMED, "line": None, "entered_at": None}, Outcome.INFORMED, None),
        ({"where": W.REFUSED}, Outcome.REFUSED, 28.0),
        ({"where": W.MENU, "line": None, "entered_at": None}, Outcome.LEFT_MENU, None),
        ({"gone_at": None}, Outcome.SWITCH_FAILURE, 28.0),
        ({"gone_at": None, "answered_at": 1010.0, "where": W.TALK}, Outcome.ANSWERED, 8.0),
    ],
)
def test_the_one_outcome_of_a_call_that_only_asterisk_saw(
    fields: dict[str, Any], outcome: Outcome, waited: float | None
) -> None:
    event = found(told(**fields))
    assert event is not None
    assert (event.outcome, event.waited, event.known, event.before) == (outcome, waited, False, None)


async def test_a_call_that_only_asterisk_saw_is_one_call_with_one_outcome(place: Place) -> None:
    event = found(told(answered_at=1010.0, device=Device("1001"), where=W.TALK, fallback=True))
    assert event is not None
    await place.write(gap(990.0, 1100.0))
    await place.write([event])
    (call,) = await place.rows(tables.call)
    wanted = {"call": "17.9", "arrived_at": 1005.0, "entered_at": 1007.0, "answered_at": 1015.0, "ended_at": 1035.0}
    assert {key: call[key] for key in wanted} == wanted
    assert (call["operator"], call["fallback"], call["repaired_at"]) == ("an", True, 2000.0)
    (outcome,) = await place.rows(tables.outcome)
    assert (outcome["outcome"], outcome["waited"], outcome["seen"]) == ("answered", 8.0, False)
    (wait,) = await place.rows(tables.wait)
    assert (wait["began_at"], wait["ended_at"], wait["how"]) == (1007.0, 1015.0, "answered")
    (talk,) = await place.rows(tables.talk)
    assert (talk["operator"], talk["began_at"], talk["ended_at"], talk["fallback"]) == ("an", 1015.0, 1035.0, True)
    report = await reported(place, ["offered", "answered"], since=0.0, until=5000.0)
    assert (report.total.values["offered"].value, report.total.values["answered"].value) == (1, 1)
    assert [one.repaired for one in report.gaps] == [1]


async def test_whoever_was_taken_to_have_hung_up_was_served_by_the_fallback(place: Place) -> None:
    """We came back, he was gone, and no note told of him: abandoned, so it seemed."""
    await place.write(known_waiting(), gap(1010.0, 1100.0), vanished(1100.0))
    one = told(answered_at=1010.0, device=Device("1001"), where=W.TALK)
    event = await repaired_in(place, one)
    assert event is not None
    assert (event.before, event.outcome) == (Outcome.ABANDONED, Outcome.ANSWERED)
    await place.write([event])
    (outcome,) = await place.rows(tables.outcome)
    assert (outcome["outcome"], outcome["waited"]) == ("answered", 8.0)
    (call,) = await place.rows(tables.call)
    assert (call["outcome"], call["waited"], call["outcome_at"]) == ("answered", 8.0, outcome["at"]), "counted by"
    (wait,) = await place.rows(tables.wait)
    assert (wait["ended_at"], wait["how"]) == (1015.0, "answered")
    (talk,) = await place.rows(tables.talk)
    assert (talk["began_at"], talk["ended_at"]) == (1015.0, 1035.0)
    assert await repaired_in(place, one) is None, "told once, there is nothing left to tell"
    assert await place.rows(tables.anomaly) == []


async def test_a_talk_did_not_last_until_we_came_back(place: Place) -> None:
    await place.write(*answered("17.9", 1000.0)[:-2])
    await place.write(gap(1050.0, 1300.0), [ev.CallEnded(1300.0, CallId("17.9"), 1300.0)])
    event = await repaired_in(place, told(answered_at=1030.0, where=W.TALK, gone_at=1095.0, entered_at=1005.0))
    assert event is not None
    assert event.answered_at is None, "he was seen to be answered: that stands"
    await place.write([event])
    (talk,) = await place.rows(tables.talk)
    assert (talk["began_at"], talk["ended_at"]) == (1035.0, 1100.0)
    (outcome,) = await place.rows(tables.outcome)
    assert (outcome["outcome"], outcome["waited"], outcome["seen"]) == ("answered", 25.0, True)


async def test_a_call_that_the_engine_knows_is_never_told_again(place: Place) -> None:
    await place.write(*answered("17.9", 1000.0))
    same = told(arrived_at=995.0, entered_at=1005.0, answered_at=1030.0, gone_at=1130.0, where=W.TALK)
    assert await repaired_in(place, same) is None
    await place.write(flat([[ev.CallStarted(1500.0, CallId("18.1"), "092", NUMBER, 1500.0)]]))
    assert await repaired_in(place, told("18.1")) is None, "he is still on the line"


async def test_even_said_twice_it_counts_once_and_a_rebuild_agrees(place: Place) -> None:
    event = found(told())
    assert event is not None
    steps: list[list[Event]] = [known_waiting("17.8"), gap(1010.0, 1100.0), vanished(1100.0, "17.8")]
    corrected = await after(place, steps, told("17.8", answered_at=1010.0, where=W.TALK))
    await place.write([event], [corrected], [event])
    before = await place.projection()
    assert len(before["call"]) == len(before["outcome"]) == 2
    await rebuild(place.url)
    assert await place.projection() == before
    (gap_row,) = await place.rows(tables.gap)
    assert gap_row["ended_at"] == 1100.0


@given(
    gone=st.floats(1003, 1500), up=st.none() | st.floats(1002, 1003), seen=st.booleans(), ended=st.floats(1003, 1500)
)
def test_what_was_told_leaves_nothing_to_tell(gone: float, up: float | None, seen: bool, ended: float) -> None:
    one = told(gone_at=gone, answered_at=up, where=W.WAIT if up is None else W.TALK)
    known = KnownCall(one.call, 1005.0, ended + OFFSET, Outcome.ABANDONED, seen, 20.0)
    event = found(one, known)
    if event is None:
        return
    assert not seen or event.outcome is Outcome.ABANDONED
    talks = () if event.answered_at is None else (event.answered_at,)
    after = KnownCall(one.call, 1005.0, event.gone_at, event.outcome, seen, event.waited, talks)
    assert found(one, after) is None


def test_a_wait_that_is_known_stays_when_nothing_more_is_told_of_it() -> None:
    one = told(answered_at=1010.0, device=Device("1001"), where=W.AFTER, line=None, entered_at=None)
    known = KnownCall(one.call, 1005.0, 1030.0 + OFFSET, Outcome.ANSWERED, False, 7.3, (1015.0,))
    assert found(one, known) is None
    other_end = found(one, msgspec.structs.replace(known, ended_at=1050.0))
    assert other_end is not None and other_end.waited == 7.3


async def test_whoever_was_passed_on_unseen_spoke_with_two(place: Place) -> None:
    """The note told of the second conversation alone."""
    one = told(entered_at=1020.0, gone_at=1050.0, where=W.AFTER)
    one.talks = [
        TalkTold(LINE, 1002.0, 1010.0, Device("1001"), True, False, 1020.0),
        TalkTold(LineId("lez"), 1020.0, 1025.0, Device("9"), False, False),
    ]
    second = ev.CallAnswered(1100.0, one.call, LineId("lez"), None, 1030.0, 5.0, True)
    counted = ev.OutcomeCounted(1100.0, one.call, LineId("lez"), Outcome.ANSWERED, 5.0, seen=False)
    entered = ev.CallEnteredLine(1100.0, one.call, LineId("lez"), 1025.0, "nl", "")
    started = ev.CallStarted(1100.0, one.call, "092", NUMBER, 1005.0)
    await place.write(
        gap(1000.0, 1100.0),
        [started, entered, second, counted],
        [ev.TalkFinished(1100.0, one.call, None, 1055.0), ev.CallEnded(1100.0, one.call, 1055.0)],
    )
    event = await repaired_in(place, one)
    assert event is not None
    await place.write([event])
    talks = sorted(await place.rows(tables.talk), key=lambda row: row["began_at"])
    assert [(row["operator"], row["began_at"], row["ended_at"]) for row in talks] == [
        ("an", 1015.0, 1025.0),
        (None, 1030.0, 1055.0),
    ]
    (outcome,) = await place.rows(tables.outcome)
    assert (outcome["line"], outcome["outcome"], outcome["waited"]) == (LINE, "answered", 8.0)
    waits = sorted(await place.rows(tables.wait), key=lambda row: row["began_at"])
    assert [(row["line"], row["ended_at"], row["how"]) for row in waits] == [
        (LINE, 1015.0, "answered"),
        ("lez", 1030.0, "answered"),
    ]
    (call,) = await place.rows(tables.call)
    assert (call["operator"], call["answered_at"], call["line"]) == (None, 1030.0, "lez")
    assert await repaired_in(place, one) is None
    before = await place.projection()
    await rebuild(place.url)
    assert await place.projection() == before


def test_all_conversations_of_a_call_that_nobody_saw_are_told_and_it_counts_once() -> None:
    one = told(entered_at=1020.0, gone_at=1050.0, where=W.AFTER)
    one.talks = [
        TalkTold(LINE, 1002.0, 1010.0, Device("1001"), True, False, 1020.0),
        TalkTold(LineId("lez"), 1020.0, 1025.0, Device("9"), False, False),
    ]
    first, second = repaired(one, None, DESKS, OFFSET, 2000.0)
    assert (first.known, first.counts, second.known, second.counts) == (False, True, True, False)
    assert (first.waited, first.talk_ended_at, second.answered_at, second.talk_ended_at) == (
        8.0,
        1025.0,
        1030.0,
        1055.0,
    )


def test_only_calls_of_a_gap_are_looked_at() -> None:
    gap_of = Blind(1050.0, 1100.0)
    before, within, later = (told(gone_at=gone, arrived_at=gone - 20) for gone in (1030.0, 1070.0, 1130.0))
    assert overlapping([before, within, later], gap_of, OFFSET) == [within]


def known_waiting(call: str = "17.9") -> list[Event]:
    id = CallId(call)
    return [
        ev.CallStarted(1005.0, id, "092", NUMBER, 1005.0),
        ev.CallEnteredLine(1007.0, id, LINE, 1007.0, "nl", ""),
    ]


def gap(began: float, ended: float) -> list[Event]:
    return [ev.LinkWentDown(began, "silent"), ev.LinkCameUp(ended, 0, 0)]


def vanished(at: float, call: str = "17.9") -> list[Event]:
    id = CallId(call)
    counted = ev.OutcomeCounted(at, id, LINE, Outcome.ABANDONED, at - 1007.0, seen=False)
    return [counted, ev.CallEnded(at, id, at)]


async def after(place: Place, steps: list[list[Event]], one: CallTold) -> Event:
    await place.write(*steps)
    event = await repaired_in(place, one)
    assert event is not None
    return msgspec.structs.replace(event, line=LineId(str(LINE)))


async def repaired_in(place: Place, one: CallTold) -> ev.CallRepaired | None:
    book = RepairBook(place.url)
    try:
        known = await book.known([one.call])
    finally:
        await book.close()
    return found(one, known.get(one.call))
