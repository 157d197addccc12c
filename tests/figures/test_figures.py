"""The figures that cities publish come out, on SQLite and on PostgreSQL."""

import pytest

from acd.figures.periods import Grain
from acd.figures.report import Dimension, Report
from acd.figures.sheets import table
from acd.figures.table import NORMS
from acd.model import events as ev
from acd.model.events import Event
from acd.model.facts import TransferHow
from acd.model.ids import CallId, LineId, OperatorId
from acd.model.operator import OperatorState
from acd.model.outcome import Outcome
from tests.figures.ledger import at, call, limits, reported, write
from tests.records.histories import change
from tests.records.places import Place

A, B, SHORT = Outcome.ANSWERED, Outcome.ABANDONED, Outcome.ABANDONED_SHORT
DAY = (at("2027-03-01T00:00"), at("2027-03-02T00:00"))


def value(report: Report, key: str) -> float | None:
    found = report.total.values[key].value
    return None if found is None else round(found, 3)


def worked_example() -> list[Event]:
    """85 answered of which 70 in time, 15 abandoned of which 10 in time, those short."""
    begin = at("2027-03-01T10:00")
    waits = [(A, 12.0)] * 70 + [(A, 45.0)] * 15 + [(SHORT, 6.0)] * 10 + [(B, 70.0)] * 5
    return [event for n, (outcome, waited) in enumerate(waits) for event in call(outcome, waited, begin + n)]


async def test_the_worked_example_of_the_definitions(place: Place) -> None:
    await write(place, worked_example())
    keys = ["reachability", "service_level", "app_queue_sl", "app_queue_sl2", "answered_in_time"]
    report = await reported(place, keys, *DAY)
    assert {key: value(report, key) for key in keys} == {
        "reachability": 0.85,
        "service_level": 0.778,
        "app_queue_sl": 0.824,
        "app_queue_sl2": 0.80,
        "answered_in_time": 0.70,
    }
    service_level = report.total.values["service_level"]
    assert (service_level.part, service_level.of, service_level.weak) == (70, 90, False)


async def test_the_row_of_gents_wallboard(place: Place) -> None:
    """Answered 447, 72, 24, 9, 24, 26, 17 with reachability 97, 100, 100, 90, 100, 100, 100 %."""
    shown = {
        "gentinfo": (447, 12, 97),
        "sportlijn": (72, 0, 100),
        "lez": (24, 0, 100),
        "bjb": (9, 1, 90),
        "toerisme": (24, 0, 100),
        "nachtopvang": (26, 0, 100),
        "toeleiders": (17, 0, 100),
    }
    begin = at("2027-03-01T09:00")
    for line, (answered, abandoned, _) in shown.items():
        outcomes = [A] * answered + [B] * abandoned
        await write(place, [e for n, o in enumerate(outcomes) for e in call(o, 20.0, begin + n, line)])
    report = await reported(place, ["answered", "abandoned", "reachability"], *DAY, by=[Dimension.LINE])
    rows = {row.line: row.values for row in report.rows}
    assert {
        line: (values["answered"].value, values["abandoned"].value, round(100 * (values["reachability"].value or 0)))
        for line, values in rows.items()
    } == shown
    assert [line for line, values in rows.items() if values["reachability"].weak] == []
    assert rows["bjb"]["reachability"].of == 10


async def test_several_norms_of_the_same_day_side_by_side(sqlite: Place) -> None:
    await write(sqlite, worked_example())
    report = await reported(sqlite, [norm.figure for norm in NORMS], *DAY)
    assert {meaning.key: value(report, meaning.key) for meaning in report.figures} == {
        "reachability": 0.85,
        "reached": 0.85,
        "offer_compliance": None,
        "service_level@30": 0.778,
        "strict_answer_rate": 0.85,
        "app_queue_sl@30": 0.824,
        "app_queue_sl2@30": 0.80,
    }


async def test_another_limit_of_short_abandons_changes_the_past(sqlite: Place) -> None:
    await write(sqlite, worked_example())
    before = await reported(sqlite, ["abandoned_short", "service_level"], *DAY)
    after = await reported(sqlite, ["abandoned_short", "service_level"], *DAY, under=limits(short=6.0))
    assert [value(before, "abandoned_short"), value(after, "abandoned_short")] == [10, 0]
    assert [value(before, "service_level"), value(after, "service_level")] == [0.778, 0.70]
    assert after.limits["short_abandon"]["gentinfo"] == 6.0


async def test_where_no_line_offers_callbacks_nobody_is_owed_an_offer(place: Place) -> None:
    await write(place, call(A, 200.0, at("2027-03-01T10:00")))
    report = await reported(place, ["offer_compliance", "answered"], *DAY, under=limits(offer=None))
    assert (report.total.values["offer_compliance"].of, value(report, "answered")) == (0, 1)


async def test_a_call_that_is_passed_on_stays_that_of_who_answered_it(sqlite: Place) -> None:
    """Anna answers twelve calls and passes all of them to Bert, who answers one himself."""
    anna, bert, line = OperatorId("an"), OperatorId("bert"), LineId("gentinfo")
    begin = at("2027-03-01T10:00")
    for n in range(12):
        arrived = begin + 300 * n
        told = call(A, 20.0, arrived, talk=100.0)
        id, passed = told[0].call, arrived + 65  # type: ignore[attr-defined]
        talk = [
            ev.CallTransferred(passed, id, line, anna, "201", TransferHow.BLIND),
            ev.TalkFinished(passed, id, anna, passed),
            ev.CallPickedUp(passed + 5, id, line, bert, passed + 5),
        ]
        await write(sqlite, [*told[:-1], *talk, told[-1]])
    his = call(A, 8.0, begin + 7200)
    his[2] = ev.CallAnswered(begin + 7213, his[0].call, line, bert, begin + 7213, 8.0)  # type: ignore[attr-defined]
    await write(sqlite, his)
    keys = ["answered", "asa", "fcr_not_passed_on", "handled", "mean_talk"]
    report = await reported(sqlite, keys, *DAY, by=[Dimension.OPERATOR])
    found = {row.operator: {key: (row.values[key].part, row.values[key].of) for key in keys} for row in report.rows}
    assert found == {
        "an": {
            "answered": (12, 12),
            "asa": (240, 12),
            "fcr_not_passed_on": (0, 12),
            "handled": (12, 12),
            "mean_talk": (480, 12),
        },
        "bert": {
            "answered": (1, 1),
            "asa": (8, 1),
            "fcr_not_passed_on": (1, 1),
            "handled": (13, 13),
            "mean_talk": (12 * 55 + 60, 13),
        },
    }


async def test_a_file_leaves_empty_what_cannot_be_told(sqlite: Place) -> None:
    """A promise is nobody's in particular; a line without one has none."""
    await write(sqlite, call(A, 5.0, DAY[0]))
    keys = ["answered", "promises", "kept_promise"]
    his, total = table(await reported(sqlite, keys, *DAY, by=[Dimension.OPERATOR]))
    assert his[1:] == [None, "an", 0.0, 1, None, None, None, None]
    assert total[1:] == [None, None, 0.0, 1, 0, None, 0, 0]
    line, _ = table(await reported(sqlite, keys, *DAY, by=[Dimension.LINE]))
    assert line[1:] == ["gentinfo", None, 0.0, 1, 0, None, None, None]


async def test_few_calls_are_marked_as_weak(sqlite: Place) -> None:
    await write(sqlite, [event for n in range(9) for event in call(A, 5.0, at("2027-03-01T10:00") + n)])
    nine = (await reported(sqlite, ["reachability"], *DAY)).total.values["reachability"]
    await write(sqlite, call(A, 5.0, at("2027-03-01T11:00")))
    ten = (await reported(sqlite, ["reachability"], *DAY)).total.values["reachability"]
    assert (nine.weak, ten.weak) == (True, False)


async def test_nothing_at_all_is_no_percentage(place: Place) -> None:
    report = await reported(place, ["offered", "reachability", "asa", "occupancy", "citizen_reachability"], *DAY)
    assert report.rows == ()
    assert {key: found.value for key, found in report.total.values.items()} == {
        "offered": 0,
        "reachability": None,
        "asa": None,
        "occupancy": None,
        "citizen_reachability": None,
    }


# --- Days and nights -------------------------------------------------------------------------------------------------


async def test_a_call_that_talks_past_midnight_belongs_to_the_day_of_its_arrival(place: Place) -> None:
    await write(place, call(A, 20.0, at("2027-03-01T23:59:50"), talk=600.0))
    await write(place, call(A, 20.0, at("2027-03-02T00:00"), talk=600.0))
    report = await reported(place, ["offered"], DAY[0], at("2027-03-03T00:00"), grain=Grain.DAY)
    assert [(row.period, row.values["offered"].value) for row in report.rows] == [("2027-03-01", 1), ("2027-03-02", 1)]


@pytest.mark.parametrize(
    ("day", "hours"), [("2027-03-27", 24), ("2027-03-28", 23), ("2027-10-31", 25)], ids=["plain", "spring", "autumn"]
)
async def test_days_of_23_and_25_hours_are_whole_days(place: Place, day: str, hours: int) -> None:
    begin = at(f"{day}T00:00")
    calls = [event for hour in range(hours) for event in call(A, 5.0, begin + hour * 3600 + 1800)]
    await write(place, calls)
    await write(place, call(A, 5.0, begin - 1))
    await write(place, call(A, 5.0, begin + hours * 3600))
    until = begin + hours * 3600
    by_day = await reported(place, ["offered"], begin - 3600, until + 3600, grain=Grain.DAY)
    assert {row.period: row.values["offered"].value for row in by_day.rows}[day] == hours
    by_hour = await reported(place, ["offered"], begin, until, grain=Grain.MINUTES_60)
    assert [row.values["offered"].value for row in by_hour.rows] == [1] * hours
    assert len({row.period for row in by_hour.rows}) == hours


async def test_the_hour_that_comes_twice(place: Place) -> None:
    for fold in (0, 1):
        await write(place, call(A, 5.0, at("2027-10-31T02:30", fold)))
    since, until = at("2027-10-31T00:00"), at("2027-11-01T00:00")
    timeline = await reported(place, ["offered"], since, until, grain=Grain.MINUTES_30)
    assert [row.period for row in timeline.rows] == ["2027-10-31T02:30+02:00", "2027-10-31T02:30+01:00"]
    of_the_day = await reported(place, ["offered"], since, until, grain=Grain.HOUR)
    assert [(row.period, row.values["offered"].value) for row in of_the_day.rows] == [("02", 2)]


async def test_weeks_months_and_weekdays(place: Place) -> None:
    for day in ("2026-12-31", "2027-01-03", "2027-01-04", "2027-01-11"):
        await write(place, call(A, 5.0, at(f"{day}T10:15")))
    found = {}
    for grain in (Grain.WEEK, Grain.MONTH, Grain.WEEKDAY, Grain.SLOT):
        report = await reported(place, ["offered"], at("2026-12-01T00:00"), at("2027-02-01T00:00"), grain=grain)
        found[grain] = {row.period: row.values["offered"].value for row in report.rows}
    assert found == {
        Grain.WEEK: {"2026-W53": 2, "2027-W01": 1, "2027-W02": 1},
        Grain.MONTH: {"2026-12": 1, "2027-01": 3},
        Grain.WEEKDAY: {"1": 2, "4": 1, "7": 1},
        Grain.SLOT: {"1 10:00": 2, "4 10:00": 1, "7 10:00": 1},
    }


async def test_a_call_over_closing_time_counts_and_one_after_it_is_closed(sqlite: Place) -> None:
    """Who came in before five is answered after five; who comes after five finds the line closed."""
    await write(sqlite, call(A, 120.0, at("2027-03-01T16:59:30")))
    await write(sqlite, call(Outcome.CLOSED, None, at("2027-03-01T17:00:01")))
    report = await reported(sqlite, ["offered", "answered", "closed", "strict_answer_rate", "reachability"], *DAY)
    assert [value(report, key) for key in ("offered", "answered", "closed")] == [2, 1, 1]
    assert [value(report, key) for key in ("strict_answer_rate", "reachability")] == [1.0, 1.0]


async def test_a_clock_that_is_set_back_takes_nobodys_time_away(place: Place) -> None:
    """The engine is restarted on a machine whose clock went back by an hour, while they speak."""
    begin, id = at("2027-03-01T10:00"), CallId("17.1")
    await write(place, call(A, 10.0, begin)[:-1])
    story = [
        ev.CallAnswered(begin, id, LineId("gentinfo"), OperatorId("an"), begin, 10.0),
        ev.TalkFinished(begin - 3500, id, OperatorId("an"), begin - 3500),
    ]
    await write(place, story)
    await write(place, [change(begin, "an", OperatorState.AVAILABLE, OperatorState.IN_CALL)])
    await write(place, [change(begin - 3500, "an", OperatorState.IN_CALL, OperatorState.AVAILABLE)])
    report = await reported(place, ["aht", "occupancy"], *DAY, now=begin)
    assert (report.total.values["aht"].part, report.total.values["aht"].of) == (0.0, 1)
    assert report.total.values["occupancy"].part == 0.0


# --- Gaps ------------------------------------------------------------------------------------------------------------


async def test_figures_over_a_time_without_sight_are_marked(place: Place) -> None:
    begin = at("2027-03-01T09:00")
    await write(place, [ev.LinkCameUp(at("2027-02-28T08:00"), 0, 0)])
    await write(place, call(A, 10.0, begin))
    await write(place, [ev.LinkWentDown(begin + 1700, "EOF"), ev.LinkCameUp(begin + 2000, 1, 0)])
    await write(place, call(A, 10.0, begin + 2400))
    report = await reported(place, ["offered"], *DAY, grain=Grain.MINUTES_30)
    assert [(row.period[11:16], row.gap) for row in report.rows] == [("09:00", 100.0), ("09:30", 200.0)]
    assert report.total.gap == 300.0
    assert [(gap.began_at, gap.ended_at, gap.reason) for gap in report.gaps] == [(begin + 1700, begin + 2000, "EOF")]


async def test_a_gap_that_lasts_is_marked_up_to_now(sqlite: Place) -> None:
    noon = at("2027-03-01T12:00")
    await write(sqlite, [ev.LinkCameUp(at("2027-02-28T08:00"), 0, 0)])
    await write(sqlite, call(A, 10.0, at("2027-03-01T09:00")))
    await write(sqlite, [ev.LinkWentDown(noon, "timeout")])
    report = await reported(sqlite, ["offered"], *DAY, now=noon + 60)
    assert report.total.gap == 60.0
