"""At the border: every text comes back exactly, and what no database can hold stops nobody."""

import math
from typing import Any, cast

import msgspec
import pytest
from hypothesis import given

from acd.model import events as ev
from acd.model.events import Event
from acd.model.ids import CallId, LineId, OfferId, OperatorId
from acd.model.outcome import Outcome
from acd.records import Archive, rebuild, tables
from acd.records.entries import UNREADABLE, seal
from tests.records.histories import LINE, NUMBER, WHY, any_event, waiting
from tests.records.places import Place

HOSTILE = [
    "'); DROP TABLE event; --",
    '" OR 1=1 --',
    "%s %(call)s :call ? $1 {0} \\",
    "a'b\"c`d;e\nf\rg\tj/*k*/",
    "${SYSTEM(reboot)},@*^&",
    "<script>alert(1)</script>",
    "Zoë Ÿ € 😀 \u202eabc \u0301 \ufffe",
    "x" * 5000,
]
UNFIT = ["a\0b", "\ud800", "x\udfffy", "\udcff"]


def hostile_events(text: str, n: int) -> list[Event]:
    """``text`` in every field that is text, in every kind of event that has any."""
    call, line, operator = CallId(text), LineId(text), OperatorId(text)
    why = msgspec.structs.replace(WHY, line_rule=text, operator_rule=text)
    at = 100.0 + n
    return [
        ev.CallStarted(at, call, text, text, at),
        ev.CallEnteredLine(at, call, line, at, text, text),
        ev.CallOffered(at, call, line, operator, OfferId(n + 1), why),
        ev.CallAnswered(at, call, line, operator, at, 1.0),
        ev.CallDeflected(at, call, line, cast("Any", "refuse"), text),
        ev.OutcomeCounted(at, call, line, Outcome.ANSWERED, 1.0),
        ev.OperatorChanged(at, operator, cast("Any", "ringing"), cast("Any", "in_call"), text, text, line),
        ev.OperatorWished(at, operator, cast("Any", "not_ready"), text, text),
        ev.PhoneReported(at, cast("Any", text), operator, True),
        ev.LinkWentDown(at, text),
        ev.LinkCameUp(at, 0, 0),
        ev.CrisisChanged(at, text, text),
        ev.DrainChanged(at, True, text),
        ev.MoveRefused(at, text, text),
    ]


async def test_hostile_text_comes_back_exactly_from_every_field(place: Place) -> None:
    written = [event for n, text in enumerate(HOSTILE) for event in hostile_events(text, n)]
    await place.write(written)

    assert await place.events() == written
    archive = Archive(place.url)
    for text in HOSTILE:
        (row,) = await archive.calls(operator=text)
        assert {row.call, row.did, row.number, row.language, row.path, row.line, row.operator} == {text}
        assert await archive.calls(line=text, operator=text, outcome=Outcome.ANSWERED) == [row]
        assert [event for event in written if getattr(event, "call", None) == text] == await archive.call_story(text)
    restored = await archive.restored()
    assert {(operator.operator, operator.reason) for operator in restored.operators} == {(t, t) for t in HOSTILE}
    assert restored.crisis == HOSTILE[-1]
    await archive.close()


@given(event=any_event)
def test_an_event_is_the_same_after_sealing_and_unsealing(event: Event) -> None:
    assert seal(event).event() == event


@pytest.mark.parametrize("text", UNFIT)
async def test_text_that_no_database_holds_is_mended_and_the_others_pass(place: Place, text: str) -> None:
    written = hostile_events(text, 1)
    await place.write(waiting("17.1", 50.0)[0], written, waiting("17.2", 900.0)[0])

    mended = "".join("\N{REPLACEMENT CHARACTER}" if c == "\0" or "\ud800" <= c <= "\udfff" else c for c in text)
    assert await place.events() == [*waiting("17.1", 50.0)[0], *hostile_events(mended, 1), *waiting("17.2", 900.0)[0]]
    assert await place.rows(tables.anomaly) == []


BROKEN: list[object] = [
    ev.CallEnded(math.nan, CallId("17.9"), 1.0),
    ev.CallEnded(1.0, CallId("17.9"), math.inf),
    ev.CallEnded(cast("Any", "now"), CallId("17.9"), 1.0),
    ev.CallEnded(1.0, cast("Any", None), 1.0),
    ev.CallEnded(1.0, cast("Any", b"17.9"), 1.0),
    ev.CallEnded(1.0, cast("Any", object()), 1.0),
    ev.CallStarted(1.0, CallId("17.9"), "did", cast("Any", 32470123456), 1.0),
    ev.OperatorRang(1.0, CallId("17.9"), OperatorId("an"), OfferId(2**63)),
    ev.OperatorRang(1.0, CallId("17.9"), OperatorId("an"), cast("Any", True)),
    ev.OutcomeCounted(1.0, CallId("17.9"), LINE, cast("Any", "no such outcome"), 1.0),
    "not an event",
    None,
]


async def test_events_that_cannot_be_mended_are_kept_as_unreadable_and_stop_nobody(place: Place) -> None:
    good = [event for n in range(len(BROKEN)) for event in waiting(f"17.{n}", 50.0)[0]]
    await place.write(*([event, cast("Event", broken)] for event, broken in zip(good, BROKEN, strict=True)))

    assert await place.ledger_types() == ["CallStarted", UNREADABLE] * len(BROKEN)
    assert await place.events() == good
    assert [row["seq"] for row in await place.rows(tables.anomaly)] == [2 * n for n in range(1, len(BROKEN) + 1)]
    live = await place.projection()
    await rebuild(place.url)
    assert await place.projection() == live


async def test_what_is_unreadable_still_tells_what_it_was(sqlite: Place) -> None:
    await sqlite.write([ev.OutcomeCounted(7.0, CallId("17.9"), LINE, cast("Any", "unheard-of"), 1.0)])
    (row,) = await sqlite.rows(tables.event)
    assert row["at"] == 7.0
    assert "17.9" in row["data"]
    assert "unheard-of" in row["data"]


async def test_an_impossible_wait_is_left_out_and_the_outcome_kept(sqlite: Place) -> None:
    await sqlite.write([ev.OutcomeCounted(7.0, CallId("17.9"), LINE, Outcome.ABANDONED, math.nan)])
    (row,) = await sqlite.rows(tables.outcome)
    assert (row["outcome"], row["waited"]) == ("abandoned", None)


# --- The caller's number -------------------------------------------------------------------------------------------


async def test_the_number_is_in_one_place_only(place: Place) -> None:
    await place.write(
        *waiting("17.1", 50.0), [ev.CallStarted(51.0, CallId("17.2"), "did", cast("Any", 3247012345), 1.0)]
    )
    everything = {table.name: await place.rows(table) for table in tables.metadata.sorted_tables}
    assert [name for name, rows in everything.items() if "3247012345" in repr(rows)] == ["caller"]
    assert everything["caller"] == [{"call": "17.1", "at": 50.0, "number": NUMBER}]


async def test_an_erased_number_leaves_all_else_as_it_was(place: Place) -> None:
    await place.write(*waiting("17.1", 50.0), *waiting("17.2", 5000.0))
    await place.execute("DELETE FROM caller WHERE at < 1000")
    await rebuild(place.url)

    archive = Archive(place.url)
    numbers = {row.call: row.number for row in await archive.calls()}
    assert numbers == {"17.1": None, "17.2": NUMBER}
    assert await archive.call_story("17.1") == [event for step in waiting("17.1", 50.0, number=None) for event in step]
    await archive.close()


async def test_a_number_learned_later_is_that_of_the_call(sqlite: Place) -> None:
    call = CallId("17.1")
    await sqlite.write([ev.CallStarted(1.0, call, "d", None, 1.0)], [ev.CallStarted(2.0, call, "d", NUMBER, 1.0)])
    assert [getattr(event, "number", None) for event in await sqlite.events()] == [NUMBER, NUMBER]
