"""The views for reports of others: as documented, the same on both databases, and nameless."""

import re
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import insert, text

from acd.model import events as ev
from acd.model.ids import CallId, LineId, OperatorId
from acd.model.outcome import Outcome
from acd.model.policy import Line
from acd.records import Ledger, store_lines, upgrade
from acd.records.database import connect
from acd.records.exporting import NoSuchView, read_view, view_named
from acd.records.tables import callback, metadata
from acd.records.views import VIEWS, dictionary
from sim.lab.postgres import Cluster
from tests.figures.ledger import at, call
from tests.records.histories import NUMBER, answered, missed
from tests.records.places import Place

DOCS = Path(__file__).parents[2] / "docs" / "sql-views.md"
COLUMNS = {
    "report_call": "call day arrived arrived_at did language menu_path line entered_at outcome outcome_now "
    "wait_seconds answered_in_target operator answered_at ended_at talks talk_seconds hold_seconds "
    "wrap_up_seconds offers callback callback_offer_wait fallback inferred in_gap citizen passed_on "
    "repaired answered_by",
    "report_day": "day line offered answered answered_in_target abandoned abandoned_short callback_accepted "
    "overflow_answered overflow_lost closed left_menu informed refused switch_failure undecided "
    "answered_wait_seconds gap_seconds",
    "report_talk": "talk day began began_at call callback line operator ended_at talk_seconds hold_seconds "
    "wrap_up_seconds fallback in_gap",
    "report_hold": "hold day began began_at talk call line operator ended_at hold_seconds in_gap",
    "report_overflow": "overflow day began began_at call line because answered_at ended_at how in_gap",
    "report_wait": "wait day began began_at call line ended_at wait_seconds how in_gap",
    "report_ring": "offer day offered offered_at call operator ring_seconds how in_gap",
    "report_operator_state": "state day began began_at operator what reason line ended_at seconds set_by in_gap",
    "report_callback": "callback day promised promised_at line call deadline deadline_at state attempts reached_at "
    "kept closed_at why in_gap",
    "report_survey": "survey day began began_at call line operator sent answers in_gap",
    "report_survey_answer": "answer day given given_at call line operator question score",
    "report_conversation": "conversation day began began_at ended_at call callback line operator language subjects "
    "settled in_gap",
    "report_gap": "gap began began_at ended ended_at reason repaired_calls",
    "report_event": "event day happened happened_at switch_at kind call line operator",
    "report_line": "line place name_nl name_en name_fr short_abandon_seconds target_wait_seconds target_share "
    "target_reachability callback_after_seconds",
}
"""What reports of others are built on: new columns are written down behind these, and none may go or move."""


async def rows(place: Place, name: str) -> list[dict[str, Any]]:
    view = view_named(name)
    columns = [column.name for column in view.columns]
    return [
        {name: str(cell) if hasattr(cell, "isoformat") else cell for name, cell in zip(columns, row, strict=True)}
        async for row in read_view(place.url, view, 0.0, 4e9)
    ]


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_no_column_has_gone_or_moved(view: Any) -> None:
    assert [column.name for column in view.columns] == COLUMNS[view.name].split()


async def test_every_view_has_the_columns_and_types_that_the_dictionary_tells(place: Place) -> None:
    await place.write(*answered("17.1", at("2027-03-01T10:00")), *missed("17.2", at("2027-03-01T11:00"), "an", 2))
    texts: dict[str, type | tuple[type, ...]] = dict.fromkeys(("text", "date", "timestamp"), str)
    kinds = texts | {"integer": int, "real": (int, float)}
    for view in VIEWS:
        for row in await rows(place, view.name):
            for column in view.columns:
                assert row[column.name] is None or isinstance(row[column.name], kinds[column.kind]), column.name


async def test_a_call_as_a_view_tells_it(place: Place) -> None:
    await place.write(*answered("17.1", at("2027-03-28T01:59:50"), operator="an"))
    await store_lines(place.url, [Line(LineId("gentinfo"), {"nl": "Gentinfo"}, target_wait=20.0)])
    (row,) = await rows(place, "report_call")
    told = {
        key: row[key] for key in ("call", "day", "arrived", "line", "outcome", "wait_seconds", "answered_in_target")
    }
    assert told == {
        "call": "17.1",
        "day": "2027-03-28",
        "arrived": "2027-03-28 01:59:50",
        "line": "gentinfo",
        "outcome": "answered",
        "wait_seconds": 25.0,
        "answered_in_target": 0,
    }
    assert (row["talk_seconds"], row["wrap_up_seconds"], row["talks"]) == (100.0, 30.0, 1)
    (talk,) = await rows(place, "report_talk")
    # 35 s later the clock has been put forward by an hour.
    assert (talk["began"], talk["talk_seconds"]) == ("2027-03-28 03:00:25", 100.0)


async def test_todays_limit_of_short_abandons_holds_for_the_past(place: Place) -> None:
    await place.write(call(Outcome.ABANDONED, 12.0, at("2027-03-01T10:00")))
    assert [row["outcome_now"] for row in await rows(place, "report_call")] == ["abandoned"]
    await store_lines(place.url, [Line(LineId("gentinfo"), {"nl": "Gentinfo"}, short_abandon=15.0)])
    assert [row["outcome_now"] for row in await rows(place, "report_call")] == ["abandoned_short"]
    (day,) = await rows(place, "report_day")
    assert (day["day"], day["offered"], day["abandoned"], day["abandoned_short"]) == ("2027-03-01", 1, 1, 1)


async def test_what_could_not_be_seen_is_marked_by_day_and_row(place: Place) -> None:
    """A link lost over midnight of the night in which the clock is put back: 10 minutes of one day, 3 hours (on the
    clock two) of the next."""
    down, up = at("2027-10-30T23:50"), at("2027-10-31T02:00") + 3600
    await place.write(
        [ev.LinkCameUp(at("2027-10-29T00:00"), 0, 0)],
        *answered("17.1", at("2027-10-29T10:00"), operator="an"),
        *answered("17.2", down - 65, operator="an"),
        [ev.LinkWentDown(down, "lost")],
        [ev.LinkCameUp(up, 0, 0)],
        *answered("17.3", up + 60, operator="an"),
    )
    days = {row["day"]: row["gap_seconds"] for row in await rows(place, "report_day")}
    assert days == {"2027-10-29": 0.0, "2027-10-30": 600.0, "2027-10-31": 3 * 3600.0}
    # The second caller spoke as the link was lost, and his operator wrapped up.
    assert {row["call"]: row["in_gap"] for row in await rows(place, "report_talk")} == {"17.1": 0, "17.2": 1, "17.3": 0}
    assert {row["call"]: row["in_gap"] for row in await rows(place, "report_wait")} == {"17.1": 0, "17.2": 0, "17.3": 0}
    marked = [(row["what"], row["began_at"]) for row in await rows(place, "report_operator_state") if row["in_gap"]]
    assert all(began < up for _, began in marked) and marked


async def test_scores_that_may_not_have_been_heard_are_marked(place: Place) -> None:
    """Of a caller until he hung up, of a citizen who was called back for five minutes."""
    noon = at("2027-03-01T12:00")
    line, an = LineId("gentinfo"), OperatorId("an")
    begins = {"17.1": -66.0, "acd-cb-1": -310.0, "acd-cb-2": -290.0, "acd-cb-3": 70.0}
    await place.write(
        [ev.LinkCameUp(noon - 7200, 0, 0)],
        *answered("17.1", noon - 200, operator="an"),
        [ev.SurveyStarted(noon + when, CallId(id), line, an, noon + when, False) for id, when in begins.items()],
        [ev.LinkWentDown(noon, "lost")],
        [ev.LinkCameUp(noon + 60, 0, 0)],
    )
    marks = {row["call"]: row["in_gap"] for row in await rows(place, "report_survey")}
    assert marks == {"17.1": 0, "acd-cb-1": 0, "acd-cb-2": 1, "acd-cb-3": 0}


async def test_a_promise_that_was_owed_while_nothing_could_be_seen_is_marked(place: Place) -> None:
    noon = at("2027-03-01T12:00")
    up = ev.LinkCameUp(noon - 7200, 0, 0), ev.LinkCameUp(noon + 60, 0, 0)
    await place.write([up[0], ev.LinkWentDown(noon, "lost"), up[1]])
    engine = connect(place.url)
    try:
        async with engine.begin() as connection:
            for name, promised, closed in (("a", -900, -60), ("b", -900, 900), ("c", 61, None)):
                row: dict[str, Any] = {"promised_at": noon + promised, "closed_at": closed and noon + closed}
                row |= {"start_at": noon, "end_at": noon, "deadline": noon, "callback": name, "line": "gentinfo"}
                row |= {"call": name, "language": "nl", "state": "open", "step": 1, "attempts": 0}
                await connection.execute(insert(callback), row)
    finally:
        await engine.dispose()
    assert {row["callback"]: row["in_gap"] for row in await rows(place, "report_callback")} == {"a": 0, "b": 1, "c": 0}


async def test_no_view_tells_a_number(place: Place) -> None:
    async with place.ledger() as ledger:
        for step in answered("17.1", at("2027-03-01T10:00")):
            ledger.write(step)
        await ledger.caught_up()
    for view in VIEWS:
        assert NUMBER not in str(await rows(place, view.name))


async def test_the_ledger_as_a_view_tells_it(place: Place) -> None:
    offset: list[float | None] = [None, 2.5]
    for began, switch in zip((at("2027-03-28T01:59:50"), at("2027-03-29T10:00")), offset, strict=True):
        async with Ledger(place.url, place.spill, switch_offset=lambda switch=switch: switch) as ledger:  # type: ignore[misc]
            ledger.write(missed("17.1", began, "an", 2)[0])
            await ledger.caught_up()
    told = await rows(place, "report_event")
    assert [row["event"] for row in told] == list(range(1, len(told) + 1))
    assert {key: told[0][key] for key in ("day", "happened", "switch_at", "kind", "call")} == {
        "day": "2027-03-28",
        "happened": "2027-03-28 01:59:50",
        "switch_at": None,
        "kind": "CallStarted",
        "call": "17.1",
    }
    assert told[-1]["switch_at"] == told[-1]["happened_at"] - 2.5


def test_the_documentation_is_the_dictionary() -> None:
    """Made anew by: acd records views."""
    assert DOCS.read_text("utf-8").endswith(dictionary())


@pytest.mark.postgresql
async def test_what_was_granted_on_a_view_is_kept_when_its_text_changes(place: Place) -> None:
    if not place.url.startswith("postgresql"):
        return
    engine = connect(place.url)
    try:
        async with engine.begin() as connection:
            await connection.execute(text("GRANT SELECT ON report_call TO PUBLIC"))
            await connection.execute(text("UPDATE version SET value = 'older' WHERE name = 'views'"))
        await upgrade(place.url)
        async with engine.connect() as connection:
            granted = text("SELECT count(*) FROM information_schema.role_table_grants WHERE grantee = 'PUBLIC'")
            assert await connection.scalar(granted)
    finally:
        await engine.dispose()


@pytest.mark.postgresql
async def test_the_account_of_the_documentation_reads_the_views_and_nothing_else(cluster: Cluster) -> None:
    url = cluster.new_database()
    await upgrade(url)
    [role, grant] = re.findall(r"^    (CREATE ROLE .*?;|GRANT .*?;)$", DOCS.read_text(), re.M | re.S)
    name = f"reports{cluster.port}"
    with psycopg.connect(url, autocommit=True) as owner:
        for statement in (role, grant):
            owner.execute(statement.replace("reports", name).encode())
    try:
        with psycopg.connect(url.replace("acd@", f"{name}@"), autocommit=True) as reports:
            for view in VIEWS:
                assert reports.execute(f"SELECT count(*) FROM {view.name}".encode()).fetchone() is not None
            for table in metadata.tables:
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    reports.execute(f'SELECT 1 FROM "{table}"'.encode())
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reports.execute(b"DELETE FROM report_gap")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reports.execute(b"CREATE TABLE mine (n int)")
    finally:
        cluster.execute(f"DROP OWNED BY {name}; DROP ROLE {name}", url.rpartition("/")[2])


def test_a_view_that_is_not_there_is_told() -> None:
    with pytest.raises(NoSuchView, match="there is no view 'account'; there are: report_call"):
        view_named("account")
