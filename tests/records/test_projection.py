"""What the tables say about the calls, and that they say the same when made anew from the ledger."""

import asyncio
import math
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from operator import itemgetter
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Table, insert
from sqlalchemy.exc import DBAPIError, IntegrityError

from acd.model import events as ev
from acd.model.events import Why
from acd.model.facts import CallWhereabouts, OfferFailure
from acd.model.ids import CallbackId, CallId, LineId, OfferId, OperatorId
from acd.model.operator import OperatorState
from acd.model.outcome import Outcome
from acd.model.policy import OverflowTo
from acd.records import rebuild, tables, upgrade
from acd.records.database import connect
from acd.records.entries import seal
from acd.records.projection import STEPS, Picture
from acd.records.writing import TABLES, Batch, store
from tests.records.histories import (
    KINDS,
    LINE,
    WHY,
    Step,
    abandoned,
    answered,
    any_history,
    change,
    flat,
    missed,
    moved,
    overflowed,
    passed_on,
    waiting,
)
from tests.records.places import Place

NOT_PROJECTED = {
    ev.PhoneReported,
    ev.PolicyLoaded,
    ev.WrapUpLengthened,
    ev.MoveRefused,
    ev.OutsideRefused,
    ev.AttemptStarted,
    ev.RecordingPaused,
    ev.RecordingResumed,
    ev.RecordingUnchanged,
    ev.ToldLate,
}


def test_every_event_is_projected_or_is_named_as_not() -> None:
    assert set(STEPS) | NOT_PROJECTED == set(KINDS)
    assert not set(STEPS) & NOT_PROJECTED


async def test_an_answered_call_from_its_arrival_to_its_end(place: Place) -> None:
    await place.write(*answered("17.1", 1000.0, operator="an", offer=7))

    assert await place.rows(tables.call) == [
        {
            "call": "17.1",
            "did": "3292101010",
            "language": "nl",
            "path": "welkom>taal",
            "line": "gentinfo",
            "arrived_at": 1000.0,
            "entered_at": 1010.0,
            "operator": "an",
            "answered_at": 1035.0,
            "talk_ended_at": 1135.0,
            "ended_at": 1135.0,
            "last_offer": 7,
            "offers": 1,
            "fallback": False,
            "callback_heard_at": None,
            "callback_waited": None,
            "callback": None,
            "transferred_at": None,
            "repaired_at": None,
            "outcome": "answered",
            "outcome_at": 1035.0,
            "outcome_line": "gentinfo",
            "waited": 25.0,
            "counted_line": "gentinfo",
            "day": 0,
            "answered_by": "an",
            "first_answered_at": 1035.0,
        }
    ]
    assert await place.rows(tables.outcome) == [
        {"call": "17.1", "at": 1035.0, "line": "gentinfo", "outcome": "answered", "waited": 25.0, "seen": True}
    ]
    (offer,) = await place.rows(tables.offer)
    assert msgspec.json.decode(offer.pop("why"), type=Why) == WHY
    assert offer == {
        "offer": 7,
        "call": "17.1",
        "operator": "an",
        "at": 1030.0,
        "rang_at": 1031.0,
        "ended_at": 1035.0,
        "how": "answered",
    }
    states = await place.rows(tables.operator_state)
    assert [(row["state"], row["began_at"], row["ended_at"]) for row in states] == [
        ("reserved", 1030.0, 1031.0),
        ("ringing", 1031.0, 1035.0),
        ("in_call", 1035.0, 1135.0),
        ("wrap_up", 1135.0, 1165.0),
        ("available", 1165.0, None),
    ]
    assert await place.rows(tables.anomaly) == []


async def test_a_call_that_becomes_a_promise(place: Place) -> None:
    call, promised = CallId("17.1"), CallbackId("17.1")
    await place.write(
        [ev.CallStarted(0.0, call, "3292101010", None, 0.0)],
        [ev.CallEnteredLine(10.0, call, LINE, 10.0, "nl", "welkom")],
        [ev.CallbackOffered(161.0, call, LINE, 161.0, 151.0, False)],
        [ev.CallbackTurnedDown(170.0, call, LINE)],
        [ev.CallbackOffered(470.0, call, LINE, 470.0, 460.0, False)],
        [ev.CallbackPromised(490.0, call, LINE, promised, 90000.0, 91800.0, 180000.0)],
        [ev.OutcomeCounted(490.0, call, LINE, Outcome.CALLBACK_ACCEPTED, 480.0)],
    )
    (row,) = await place.rows(tables.call)
    assert (row["callback_heard_at"], row["callback_waited"], row["callback"]) == (161.0, 151.0, "17.1")
    (outcome,) = await place.rows(tables.outcome)
    assert (outcome["outcome"], outcome["waited"]) == ("callback_accepted", 480.0)


async def test_an_offer_tells_how_it_ended(sqlite: Place) -> None:
    left = CallId("17.9")
    await sqlite.write(
        *missed("17.1", 1000.0, "an", 1),
        [ev.CallOffered(2000.0, left, LINE, OperatorId("bo"), OfferId(2), WHY)],
        [ev.OfferEnded(2004.0, left, OperatorId("bo"), OfferId(2), None)],
        [ev.CallOffered(3000.0, left, LINE, OperatorId("bo"), OfferId(3), WHY)],
    )
    assert [(row["offer"], row["how"], row["ended_at"]) for row in await sqlite.rows(tables.offer)] == [
        (1, OfferFailure.RING_NO_ANSWER.value, 1035.0),
        (2, "caller_left", 2004.0),
        (3, None, None),
    ]


async def test_an_offer_given_up_as_lost_that_comes_true_counts_as_answered(sqlite: Place) -> None:
    call, an, offer = CallId("17.1"), OperatorId("an"), OfferId(1)
    await sqlite.write(
        [ev.CallOffered(10.0, call, LINE, an, offer, WHY)],
        [ev.OfferEnded(14.0, call, an, offer, OfferFailure.LOST)],
        [ev.CallAnswered(15.0, call, LINE, an, 14.5, 4.5)],
    )
    (row,) = await sqlite.rows(tables.offer)
    assert (row["how"], row["ended_at"]) == ("answered", 14.5)


async def test_a_caller_sent_on_to_another_line_stays_one_call_with_its_first_outcome(sqlite: Place) -> None:
    call, bo = CallId("17.1"), OperatorId("bo")
    story = answered("17.1", 1000.0)[:5]
    await sqlite.write(
        *story,
        [ev.TalkFinished(1100.0, call, OperatorId("an"), 1100.0)],
        [ev.CallEnteredLine(1101.0, call, LINE, 1101.0, "nl", "welkom")],
        [ev.CallOffered(1110.0, call, LINE, bo, OfferId(2), WHY)],
        [ev.CallAnswered(1115.0, call, LINE, bo, 1115.0, 14.0)],
        [ev.CallEnded(1200.0, call, 1200.0)],
    )
    (row,) = await sqlite.rows(tables.call)
    assert (row["operator"], row["entered_at"], row["talk_ended_at"], row["offers"]) == ("bo", 1101.0, None, 2)
    (outcome,) = await sqlite.rows(tables.outcome)
    assert outcome["at"] == 1035.0


async def test_a_caller_passed_on_to_a_colleague_is_one_call_with_two_talks(place: Place) -> None:
    await place.write(*passed_on("17.1", 1000.0))
    (call,) = await place.rows(tables.call)
    assert (call["operator"], call["answered_at"], call["transferred_at"]) == ("bo", 1095.0, 1095.0)
    (outcome,) = await place.rows(tables.outcome)
    assert (outcome["outcome"], outcome["at"], outcome["waited"]) == ("answered", 1035.0, 25.0)
    talks = await place.rows(tables.talk)
    assert [(t["operator"], t["began_at"], t["ended_at"], t["held"], t["held_at"]) for t in talks] == [
        ("an", 1035.0, 1095.0, 20.0, None),
        ("bo", 1095.0, 1155.0, 0.0, None),
    ]
    (hold,) = await place.rows(tables.hold)
    assert (hold["talk"], hold["began_at"], hold["ended_at"]) == (talks[0]["seq"], 1075.0, 1095.0)
    assert [t["wrapped_up_at"] - t["wrap_up_at"] for t in talks] == [10.0, 30.0]


async def test_a_hold_that_nobody_ends_is_over_with_the_talk(sqlite: Place) -> None:
    call, an = CallId("17.1"), OperatorId("an")
    holds = [ev.CallHeld(1050.0, call, an, 1050.0), ev.CallHeld(1060.0, call, an, 1060.0)]
    await sqlite.write(*answered("17.1", 1000.0)[:5], holds, [ev.CallEnded(1080.0, call, 1080.0)])
    (talk,) = await sqlite.rows(tables.talk)
    assert (talk["ended_at"], talk["held"]) == (1080.0, 30.0)
    assert await spans(sqlite, tables.hold) == [(1050.0, 1080.0)]


async def test_a_hold_ends_with_a_talk_that_was_over_before_we_came_back(sqlite: Place) -> None:
    """Asterisk tells afterwards that he was gone at 1065."""
    call, an = CallId("17.1"), OperatorId("an")
    holds = [
        ev.CallHeld(1045.0, call, an, 1045.0),
        ev.CallResumed(1050.0, call, an, 1050.0, 5.0),
        ev.CallHeld(1060.0, call, an, 1060.0),
    ]
    await sqlite.write(*answered("17.1", 1000.0)[:5], holds, [ev.CallEnded(1080.0, call, 1080.0)])
    told = ev.CallRepaired(
        at=1100.0, call=call, known=True, counts=True, did="", arrived_at=1000.0, language="nl", path="", line=LINE,
        entered_at=1010.0, operator=None, answered_at=None, talk_ended_at=None, fallback=False, gone_at=1065.0,
        outcome=Outcome.ANSWERED, before=Outcome.ANSWERED, waited=10.0, switch_gone_at=1065.0,
    )  # fmt: skip
    await sqlite.write([told])
    (talk,) = await sqlite.rows(tables.talk)
    assert (talk["ended_at"], talk["held"]) == (1065.0, 10.0)
    assert await spans(sqlite, tables.hold) == [(1045.0, 1050.0), (1060.0, 1065.0)]


async def spans(place: Place, table: Table) -> list[tuple[float, float | None]]:
    return [(row["began_at"], row["ended_at"]) for row in await place.rows(table)]


VISIT = ("call", "because", "began_at", "answered_at", "ended_at", "how")


async def visits(place: Place) -> list[tuple[object, ...]]:
    return [tuple(row[name] for name in VISIT[2:]) for row in await place.rows(tables.overflow)]


def repaired(call: str, outcome: Outcome, gone_at: float, waited: float) -> ev.CallRepaired:
    return ev.CallRepaired(
        at=1300.0, call=CallId(call), known=True, counts=True, did="", arrived_at=1000.0, language="nl", path="",
        line=LINE, entered_at=1010.0, operator=None, answered_at=None, talk_ended_at=None, fallback=False,
        gone_at=gone_at, outcome=outcome, before=None, waited=waited, switch_gone_at=gone_at,
    )  # fmt: skip


@pytest.mark.parametrize("in_one", [True, False])
async def test_what_the_partner_answered_while_nobody_saw_it_is_told_with_its_moment(
    sqlite: Place, in_one: bool
) -> None:
    call, partner = CallId("17.1"), OverflowTo.PARTNER
    steps: list[Step] = [*waiting("17.1", 1000.0), [ev.CallDeflected(1040.0, call, LINE, partner, "waited")]]
    steps += [
        [ev.OutcomeCounted(1300.0, call, LINE, Outcome.OVERFLOW_LOST, 200.0, seen=False)],
        [ev.CallEnded(1300.0, call, 1250.0)],
        [repaired("17.1", Outcome.OVERFLOW_ANSWERED, 1200.0, 40.0)],
    ]
    await sqlite.write(*([flat(steps)] if in_one else steps))
    assert await visits(sqlite) == [(1040.0, 1050.0, 1200.0, "answered")]


async def test_an_answer_seen_afterwards_is_of_its_own_moment(sqlite: Place) -> None:
    call = CallId("17.1")
    await sqlite.write(
        *waiting("17.1", 1000.0),
        [ev.CallDeflected(1040.0, call, LINE, OverflowTo.PARTNER, "waited")],
        [ev.OutcomeCounted(1300.0, call, LINE, Outcome.OVERFLOW_ANSWERED, 40.0, seen=False)],
        [ev.CallEnded(1300.0, call, 1100.0)],
    )
    assert await visits(sqlite) == [(1040.0, 1050.0, 1100.0, "answered")]


async def test_whoever_came_back_from_the_partner_unseen_is_there_no_more(sqlite: Place) -> None:
    call = CallId("17.1")
    gone_there = [ev.CallDeflected(1040.0, call, LINE, OverflowTo.PARTNER, "waited")]
    found = [ev.CallAdopted(1060.0, call, CallWhereabouts.OVERFLOW)]
    await sqlite.write(*waiting("17.1", 1000.0), gone_there, found)
    assert await visits(sqlite) == [(1040.0, None, None, None)]
    await sqlite.write([ev.CallAdopted(1080.0, call, CallWhereabouts.WAIT)], [ev.CallEnded(1200.0, call, 1200.0)])
    assert await visits(sqlite) == [(1040.0, None, 1080.0, "returned")]


async def test_each_visit_to_the_partner_is_told(place: Place) -> None:
    """Nobody answers him there at first, and he is sent again; the second one hangs up, the third one is lost from
    sight, and Asterisk tells when he was gone."""
    second, third = CallId("17.2"), CallId("17.3")
    partner = OverflowTo.PARTNER
    await place.write(
        *overflowed("17.1", 1000.0),
        *waiting("17.2", 1000.0),
        [ev.CallDeflected(1050.0, second, LINE, partner, "full")],
        [ev.OutcomeCounted(1055.0, second, LINE, Outcome.OVERFLOW_LOST, 45.0), ev.CallEnded(1055.0, second, 1055.0)],
        [ev.CallDeflected(1060.0, CallId("17.4"), LINE, OverflowTo.REFUSE, "full")],
        *waiting("17.3", 1000.0),
        [ev.CallDeflected(1080.0, third, LINE, partner, "unstaffed")],
    )
    await place.write([repaired("17.3", Outcome.OVERFLOW_LOST, 1090.0, 80.0)])
    assert [tuple(row[name] for name in VISIT) for row in await place.rows(tables.overflow)] == [
        ("17.1", "waited", 1040.0, None, 1070.0, "returned"),
        ("17.1", "waited", 1100.0, 1110.0, 1200.0, "answered"),
        ("17.2", "full", 1050.0, None, 1055.0, "gone"),
        ("17.3", "unstaffed", 1080.0, None, 1090.0, "gone"),
    ]


async def test_a_caller_moved_by_hand_waits_on_the_new_line_from_his_old_moment_on(place: Place) -> None:
    await place.write(*moved("17.1", 1000.0, LINE, LineId("sportlijn")))
    waits = [(w["line"], w["began_at"], w["ended_at"], w["how"]) for w in await place.rows(tables.wait)]
    assert waits == [("gentinfo", 1010.0, 1030.0, "moved"), ("sportlijn", 1010.0, 1060.0, "abandoned")]
    (call,) = await place.rows(tables.call)
    assert (call["line"], call["entered_at"]) == ("sportlijn", 1010.0)


async def test_times_without_sight_of_the_switch(sqlite: Place) -> None:
    await sqlite.write(
        [ev.LinkCameUp(100.0, 0, 0)],
        *abandoned("17.1", 200.0),
        [ev.LinkWentDown(300.0, "EOF")],
        [ev.LinkCameUp(303.0, 4, 1)],
        # The engine is killed; after its restart it says so much before it sees the switch.
        [ev.PhoneReported(400.0, "1001", OperatorId("an"), True)],  # type: ignore[arg-type]
        [ev.PolicyLoaded(500.0, 8, 20), change(500.0, "an", OperatorState.LOGGED_OUT, OperatorState.UNREACHABLE)],
        [ev.LinkCameUp(501.0, 0, 0)],
        [ev.LinkWentDown(600.0, "timeout")],
    )
    gaps = [(row["began_at"], row["ended_at"], row["reason"]) for row in await sqlite.rows(tables.gap)]
    assert gaps == [
        (None, 100.0, "not running"),
        (300.0, 303.0, "EOF"),
        (400.0, 501.0, "not running"),
        (600.0, None, "timeout"),
    ]


async def test_settings_keep_their_last_value(sqlite: Place) -> None:
    await sqlite.write(
        [ev.CrisisChanged(1.0, "storm", "coach"), ev.DrainChanged(1.0, True, "coach")],
        [ev.CrisisChanged(2.0, None, "coach2"), ev.DrainChanged(3.0, False, "coach")],
        [ev.CrisisChanged(4.0, "flood", "coach")],
    )
    assert await sqlite.rows(tables.setting) == [
        {"name": "crisis", "value": "flood", "at": 4.0, "by": "coach"},
        {"name": "draining", "value": None, "at": 3.0, "by": "coach"},
    ]


# --- One outcome a call --------------------------------------------------------------------------------------------


async def test_of_two_outcomes_the_first_wins_and_the_second_is_on_record(place: Place) -> None:
    call = CallId("17.1")
    second = ev.OutcomeCounted(1040.0, call, LINE, Outcome.ABANDONED, 30.0)
    await place.write(*answered("17.1", 1000.0)[:5], [second])
    await place.write([second])

    assert [row["outcome"] for row in await place.rows(tables.outcome)] == ["answered"]
    anomalies = await place.rows(tables.anomaly)
    assert [(row["call"], row["what"]) for row in anomalies] == [("17.1", "second outcome: abandoned")] * 2
    assert [event for event in await place.events() if event == second] == [second, second]


async def test_the_database_itself_refuses_a_second_outcome(place: Place) -> None:
    await place.write(*answered("17.1", 1000.0))
    engine = connect(place.url)
    row = {"call": "17.1", "at": 1.0, "line": None, "outcome": "abandoned", "waited": None, "seen": True}
    try:
        with pytest.raises(IntegrityError):
            async with engine.begin() as connection:
                await connection.execute(insert(tables.outcome), row)
    finally:
        await engine.dispose()


async def test_contradictions_change_nothing_and_are_on_record(sqlite: Place) -> None:
    call, other, an = CallId("17.1"), CallId("17.2"), OperatorId("an")
    await sqlite.write(
        *answered("17.1", 1000.0, offer=1),
        [ev.CallStarted(2000.0, call, "other", None, 2000.0)],
        [ev.CallEnded(2001.0, call, 2001.0)],
        [ev.CallOffered(2002.0, other, LINE, an, OfferId(1), WHY)],
        [ev.OperatorRang(2003.0, other, an, OfferId(1))],
        [ev.OfferEnded(2004.0, other, an, OfferId(1), None)],
        [ev.OfferEnded(2005.0, call, an, OfferId(1), None)],
        [ev.LinkWentDown(2006.0, "EOF"), ev.LinkWentDown(2007.0, "EOF")],
    )
    assert [row["what"] for row in await sqlite.rows(tables.anomaly)] == [
        "started twice",
        "ended twice",
        "offer number used twice",
        "offer of another call",
        "offer of another call",
        "offer ended twice",
        "link down twice",
    ]
    (row,) = await sqlite.rows(tables.call)
    assert (row["did"], row["arrived_at"], row["ended_at"]) == ("3292101010", 1000.0, 1135.0)
    (offer,) = await sqlite.rows(tables.offer)
    assert (offer["call"], offer["how"]) == ("17.1", "answered")


@pytest.mark.parametrize("statement", ["UPDATE event SET at = 0", "DELETE FROM event"])
async def test_the_ledger_is_append_only(place: Place, statement: str) -> None:
    await place.write(*abandoned("17.1", 1000.0))
    with pytest.raises(DBAPIError, match="append-only"):
        await place.execute(statement)
    assert len(await place.events()) == 4


# --- Made anew -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def template() -> Iterator[Path]:
    """A migrated SQLite file to copy."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "template.db"
        asyncio.run(upgrade(f"sqlite:///{path}"))
        yield path


def folded_in_memory(history: list[Step]) -> dict[str, list[dict[str, Any]]]:
    """The projection of one long fold that never saw a database."""
    picture = Picture()
    for seq, event in enumerate(flat(history), 1):
        picture.fold(seq, seal(event))
    rows = {}
    for kind, table in TABLES.items():
        (key,) = table.primary_key
        rows[table.name] = sorted(map(msgspec.to_builtins, picture.changes(kind)), key=itemgetter(key.name))
    return rows


@given(history=any_history, sizes=st.lists(st.integers(1, 6), min_size=1, max_size=5))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_batch_by_batch_or_rebuilt_or_in_memory_the_rows_are_the_same(
    template: Path, history: list[Step], sizes: list[int]
) -> None:
    asyncio.run(compare(template, history, sizes))


async def compare(template: Path, history: list[Step], sizes: list[int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "acd.db"
        shutil.copy(template, path)
        place = Place(f"sqlite:///{path}", Path(folder) / "spill")
        await store_in_pieces(place, history, sizes)
        live = await place.projection()
        assert await rebuild(place.url) == len(flat(history))
        assert await place.projection() == live
    assert folded_in_memory(history) == live
    outcomes = {row["call"]: row for row in live["outcome"]}
    check_outcomes(history, {call: row["outcome"] for call, row in outcomes.items()})
    for row in live["call"]:
        check_what_counting_goes_by(row, outcomes.get(row["call"]))
    for row in live["operator_state"]:
        within = None if row["ended_at"] is None or row["ended_at"] < row["began_at"] else half_hour(row["began_at"])
        assert row["half_hour"] == (within if within is not None and half_hour(row["ended_at"]) == within else None)
    assert all(EPOCH + timedelta(days=row["day"]) == local_day(row["began_at"]) for row in live["talk"])


@pytest.mark.parametrize("sizes", [[1], [100]])
def test_what_is_wrapped_up_is_not_the_conversation_that_was_told_later(template: Path, sizes: list[int]) -> None:
    """Asterisk's own record tells of an earlier one, while its operator speaks with the next citizen."""
    told = ev.CallRepaired(
        1050.0,
        call=CallId("17.9"),
        known=False,
        counts=True,
        did="3292101010",
        arrived_at=900.0,
        language="nl",
        path="",
        line=LINE,
        entered_at=900.0,
        operator=OperatorId("an"),
        answered_at=910.0,
        talk_ended_at=950.0,
        fallback=True,
        gone_at=950.0,
        outcome=Outcome.ANSWERED,
        before=None,
        waited=10.0,
        switch_gone_at=950.0,
    )
    story = answered("17.1", 1000.0)
    spoken = next(n for n, step in enumerate(story) if any(isinstance(event, ev.CallAnswered) for event in step))
    history: list[Step] = [*story[: spoken + 1], [told], *story[spoken + 1 :]]
    asyncio.run(compare(template, history, sizes))
    wrapped = {row["call"]: row["wrap_up_at"] for row in folded_in_memory(history)["talk"]}
    assert wrapped["17.1"] is not None
    assert wrapped["17.9"] is None


EPOCH = date(1970, 1, 1)


def half_hour(at: float) -> int:
    return math.floor(at / 1800)


def local_day(at: float) -> date:
    return datetime.fromtimestamp(at, ZoneInfo("Europe/Brussels")).date()


def check_outcomes(history: list[Step], found: dict[str, str]) -> None:
    """One outcome a call: the first that was counted; Asterisk's own record may tell of another."""
    counted: dict[str, str] = {}
    repaired: dict[str, set[str]] = defaultdict(set)
    for event in flat(history):
        if isinstance(event, ev.OutcomeCounted):
            counted.setdefault(event.call, event.outcome.value)
        elif isinstance(event, ev.CallRepaired) and event.counts:
            repaired[event.call].add(event.outcome.value)
    for call in counted.keys() | found.keys():
        may_be = repaired[call] | {counted[call]} if call in counted else repaired[call]
        assert found[call] in may_be


def check_what_counting_goes_by(call: dict[str, Any], outcome: dict[str, Any] | None) -> None:
    """What stands beside a call is what a look at its outcome and at the calendar would give."""
    outcome = outcome or dict.fromkeys(("outcome", "at", "line", "waited"))
    assert [call[name] for name in ("outcome", "outcome_at", "outcome_line", "waited")] == [
        outcome[name] for name in ("outcome", "at", "line", "waited")
    ]
    assert call["counted_line"] == (call["line"] if outcome["line"] is None else outcome["line"])
    assert EPOCH + timedelta(days=call["day"]) == local_day(call["arrived_at"])


async def store_in_pieces(place: Place, history: list[Step], sizes: list[int], run: str = "run") -> None:
    engine = connect(place.url)
    entries = [seal(event) for event in flat(history)]
    position, turn = 0, 0
    try:
        while position < len(entries):
            part = entries[position : position + sizes[turn % len(sizes)]]
            position, turn = position + len(part), turn + 1
            await store(engine, Batch(run, position, part))
    finally:
        await engine.dispose()


async def test_a_ledger_row_that_nobody_understands_any_more_stops_no_rebuild(place: Place) -> None:
    story = answered("17.1", 1000.0)
    await place.write(*story)
    seq = len(flat(story)) + 1
    await place.execute(
        "INSERT INTO event (seq, at, type, call, data) "
        f"""VALUES ({seq}, 2000, 'CallOffered', '17.1', '{{"type": "CallOffered", "of": "old"}}')"""
    )
    before = await place.projection()
    assert await rebuild(place.url) == seq
    after = await place.projection()
    assert [row["what"] for row in after.pop("anomaly")] == ["unreadable"]
    assert before.pop("anomaly") == []
    assert after == before
    assert await place.events() == flat(story)


async def test_rebuilt_on_postgresql_too(place: Place) -> None:
    history = [step for n in range(40) for step in answered(f"17.{n}", 1000.0 + n, f"op{n % 5}", n + 1)]
    await place.write(*history)
    live = await place.projection()
    assert await rebuild(place.url) == len(flat(history))
    assert await place.projection() == live
    assert len(live["call"]) == 40
