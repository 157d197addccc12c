from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.config import Threshold, Thresholds
from acd.engine.board import BoardLine, BoardOperator
from acd.engine.callers import IN_LINE
from acd.engine.tally import Tally
from acd.model.call import CallState
from acd.model.ids import LineId
from acd.model.operator import OperatorState
from acd.model.promise import CallbackCounts
from acd.web.snapshot import (
    Level,
    LineRow,
    Share,
    Snapshot,
    only,
    share,
    snapshot,
    without_people,
    worst_first,
)
from acd.web.texts import Lang, percent
from tests.web.city import NOON, board, caller, line, operator, tally


def one_row(of: BoardLine, counts: Tally | None = None) -> LineRow:
    return snapshot(board([of]), counts or Tally()).lines[0]


@pytest.mark.parametrize(
    ("answered", "abandoned", "shown"),
    [
        (447, 12, "97 %"),
        (72, 0, "100 %"),
        (24, 0, "100 %"),
        (9, 1, "90 %"),
        (26, 0, "100 %"),
        (17, 0, "100 %"),
    ],
)
def test_reachability_of_the_moment_that_gent_published(answered: int, abandoned: int, shown: str) -> None:
    row = one_row(line(), tally({"gentinfo": (answered, 0, abandoned, 0)}))
    assert row.reachability.value is not None
    assert percent(Lang.NL, row.reachability.value).replace("\N{NARROW NO-BREAK SPACE}", " ") == shown
    assert (row.reachability.part, row.reachability.of) == (answered, answered + abandoned)


def test_worked_example_of_the_figures_page() -> None:
    row = one_row(line(), tally({"gentinfo": (85, 70, 5, 10)}))
    assert (row.answered, row.abandoned) == (85, 15)
    assert row.reachability.value == pytest.approx(0.850)
    assert row.service_level.value == pytest.approx(0.778, abs=0.0005)
    assert (row.service_level.part, row.service_level.of) == (70, 90)


def test_without_calls_there_is_no_percentage_and_no_alarm() -> None:
    row = one_row(line())
    assert row.reachability == Share(0, 0, None, True, "A / (A + B)", 0.95, Threshold(0.95, 0.90), Level.OK)
    assert row.service_level.value is None


def test_looking_does_not_change_the_tally() -> None:
    counts = Tally()
    snapshot(board([line()]), counts)
    assert counts.lines == {}


@pytest.mark.parametrize(
    ("part", "of", "weak", "level"),
    [
        (95, 100, False, Level.OK),
        (94, 100, False, Level.WARN),
        (90, 100, False, Level.WARN),
        (89, 100, False, Level.ALARM),
        (9, 10, False, Level.WARN),
        (0, 10, False, Level.ALARM),
        (0, 9, True, Level.OK),
    ],
)
def test_share_against_its_thresholds(part: int, of: int, weak: bool, level: Level) -> None:
    result = share(part, of, "A / B", 0.95, Threshold(amber=0.95, red=0.90))
    assert (result.weak, result.level) == (weak, level)


@pytest.mark.parametrize(
    ("wait", "level"),
    [(None, Level.OK), (59.9, Level.OK), (60.0, Level.WARN), (149.9, Level.WARN), (150.0, Level.ALARM)],
)
def test_longest_wait_against_its_thresholds(wait: float | None, level: Level) -> None:
    row = one_row(line(waiting=1, longest_wait=wait, available=1, logged_in=1))
    assert row.wait_level is row.level is level


@pytest.mark.parametrize(("waiting", "level"), [(0, Level.OK), (2, Level.OK), (3, Level.WARN), (6, Level.ALARM)])
def test_how_many_wait_against_its_thresholds(waiting: int, level: Level) -> None:
    row = one_row(line(waiting=waiting, longest_wait=5.0 if waiting else None, available=1, logged_in=1))
    assert row.waiting_level is row.level is level


def test_each_line_has_its_own_colours() -> None:
    strict = Thresholds(
        waiting=Threshold(1, 2),
        longest_wait=Threshold(10, 20),
        reachability=Threshold(0.99, 0.98),
        service_level=Threshold(0.9, 0.5),
    )
    lines = [line(key, waiting=1, longest_wait=15, available=1, logged_in=1) for key in ("gentinfo", "bjb")]
    counts = tally({"gentinfo": (97, 60, 3, 0), "bjb": (97, 60, 3, 0)})
    usual, own = snapshot(board(lines), counts, thresholds={LineId("bjb"): strict}).lines
    assert (usual.waiting_level, usual.wait_level, usual.level) == (Level.OK, Level.OK, Level.OK)
    assert (own.waiting_level, own.wait_level, own.level) == (Level.WARN, Level.WARN, Level.WARN)
    assert (usual.reachability.level, own.reachability.level) == (Level.OK, Level.ALARM)
    assert (usual.service_level.level, own.service_level.level) == (Level.ALARM, Level.WARN)


def test_nobody_waiting_is_never_a_colour() -> None:
    always = Thresholds(waiting=Threshold(0, 0), longest_wait=Threshold(0, 0))
    [row] = snapshot(board([line()]), Tally(), thresholds={LineId("gentinfo"): always}).lines
    assert row.level is Level.OK


def test_wrap_up_and_pause_are_counted_on_each_line_that_an_operator_serves() -> None:
    def serving(state: OperatorState, *lines: str) -> BoardOperator:
        return msgspec.structs.replace(operator("_".join(lines) + state, state), lines=tuple(map(LineId, lines)))

    people = [
        serving(OperatorState.WRAP_UP, "gentinfo", "bjb"),
        serving(OperatorState.NOT_READY, "bjb"),
        serving(OperatorState.NOT_READY, "bjb", "gentinfo"),
    ]
    picture = snapshot(board([line(), line("bjb")], people), Tally())
    assert [(row.wrap_up, row.not_ready) for row in picture.lines] == [(1, 1), (1, 2)]
    shown = only(picture, [LineId("gentinfo")])
    assert [row.line for row in shown.lines] == ["gentinfo"]
    assert (shown.totals.staff.wrap_up, shown.totals.staff.not_ready, len(shown.operators)) == (1, 1, 2)


def test_the_calls_of_now_are_as_many_as_the_figures_say() -> None:
    calls = [
        caller("a", "gentinfo", 30),
        caller("b", "gentinfo", 31, state=CallState.RINGING),
        caller("c", "bjb", 90, state=CallState.TALKING),
        caller("d", "bjb", 90, state=CallState.AFTER),
        caller("e", "bjb", 90, state=CallState.OVERFLOWING),
    ]
    lines = [line(waiting=2, longest_wait=31), line("bjb", talking=1)]
    picture = snapshot(board(lines, calls=calls), Tally())
    assert [(one.call, one.talking) for one in picture.calls] == [("a", False), ("b", False), ("c", True)]
    assert [one.call for one in only(picture, [LineId("bjb")]).calls] == ["c"]
    assert without_people(picture).calls == ()


@pytest.mark.parametrize(
    ("waiting", "available", "logged_in", "level"),
    [
        (0, 0, 0, Level.OK),
        (0, 0, 4, Level.OK),
        (2, 1, 4, Level.OK),
        (2, 0, 4, Level.WARN),
        (2, 0, 0, Level.ALARM),
    ],
)
def test_nobody_free_matters_when_somebody_waits(waiting: int, available: int, logged_in: int, level: Level) -> None:
    row = one_row(line(waiting=waiting, longest_wait=5, available=available, logged_in=logged_in))
    assert row.staff_level is row.level is level


def test_a_bad_morning_does_not_colour_the_line() -> None:
    row = one_row(line(available=2, logged_in=2), tally({"gentinfo": (50, 10, 50, 0)}))
    assert row.reachability.level is row.service_level.level is Level.ALARM
    assert row.level is Level.OK


def test_late_are_those_not_yet_connected_past_the_target_of_their_line() -> None:
    calls = [
        caller("a", "gentinfo", 30),
        caller("b", "gentinfo", 31),
        caller("c", "gentinfo", 90, state=CallState.RINGING),
        caller("d", "gentinfo", 90, state=CallState.TALKING),
        caller("e", "sportlijn", 31),
    ]
    lines = [line(waiting=3, longest_wait=90), line("sportlijn", waiting=1, longest_wait=31, target_wait=45)]
    picture = snapshot(board(lines, calls=calls), Tally())
    assert [row.late for row in picture.lines] == [2, 0]
    assert picture.totals.late == 2


def test_longest_wait_of_all_names_its_line() -> None:
    lines = [line(waiting=1, longest_wait=5), line("sportlijn", waiting=1, longest_wait=25), line("bjb")]
    totals = snapshot(board(lines), Tally()).totals
    assert (totals.longest_wait, totals.longest_line) == (25, "sportlijn")


def test_nobody_waiting_names_no_line() -> None:
    totals = snapshot(board([line(), line("bjb")]), Tally()).totals
    assert (totals.longest_wait, totals.longest_line) == (None, None)


def test_operators_are_counted_once_whatever_their_number_of_lines() -> None:
    states = {
        "an": OperatorState.AVAILABLE,
        "bo": OperatorState.RESERVED,
        "cas": OperatorState.RINGING,
        "dina": OperatorState.IN_CALL,
        "els": OperatorState.WRAP_UP,
        "fons": OperatorState.NOT_READY,
        "gina": OperatorState.UNREACHABLE,
        "hugo": OperatorState.ON_OTHER_CALL,
        "ida": OperatorState.LOGGED_OUT,
    }
    lines = [line(key, available=1, logged_in=8) for key in ("gentinfo", "sportlijn")]
    staff = snapshot(board(lines, [operator(key, state) for key, state in states.items()]), Tally()).totals.staff
    assert (staff.available, staff.busy, staff.wrap_up, staff.not_ready, staff.away) == (1, 3, 1, 1, 2)
    assert staff.logged_in == 8


@pytest.mark.parametrize("state", [state for state in OperatorState if state is not OperatorState.LOGGED_OUT])
def test_whoever_is_logged_in_is_counted(state: OperatorState) -> None:
    assert snapshot(board([line()], [operator("an", state)]), Tally()).totals.staff.logged_in == 1


def test_what_the_engine_counts_as_waiting_can_be_late() -> None:
    for state in IN_LINE:
        calls = [caller("a", "gentinfo", 31, state=state)]
        assert snapshot(board([line(waiting=1, longest_wait=31)], calls=calls), Tally()).totals.late == 1


def test_target_of_the_total_weighs_each_line_by_its_calls() -> None:
    lines = [line(target_reachability=0.95), line("bjb", target_reachability=0.75)]
    totals = snapshot(board(lines), tally({"gentinfo": (300, 0, 0, 0), "bjb": (80, 0, 20, 0)})).totals
    assert totals.reachability.target == pytest.approx(0.90)
    assert totals.reachability.value == pytest.approx(0.95)


def test_an_empty_city() -> None:
    picture = snapshot(board(), Tally())
    assert (picture.lines, picture.totals.waiting, picture.totals.reachability.value) == ((), 0, None)


COUNT = st.integers(0, 2000)


@st.composite
def board_lines(draw: st.DrawFn) -> list[BoardLine]:
    waits = draw(st.lists(st.one_of(st.none(), st.floats(0, 4000)), max_size=6))
    return [
        line(
            f"line_{n}",
            waiting=0 if wait is None else draw(st.integers(1, 60)),
            longest_wait=wait,
            talking=draw(COUNT),
            available=draw(COUNT),
            logged_in=draw(COUNT),
            target_reachability=draw(st.floats(0, 1)),
        )
        for n, wait in enumerate(waits)
    ]


@st.composite
def pictures(draw: st.DrawFn) -> Snapshot:
    lines = draw(board_lines())
    counts = {one.line: draw(st.tuples(COUNT, COUNT, COUNT, COUNT)) for one in lines if draw(st.booleans())}
    return snapshot(board(lines), tally({key: (a, min(a, t), b, s) for key, (a, t, b, s) in counts.items()}))


@given(pictures())
def test_totals_are_the_sums_of_the_lines(picture: Snapshot) -> None:
    rows, totals = picture.lines, picture.totals
    for field in ("waiting", "late", "answered", "abandoned", "in_call"):
        assert getattr(totals, field) == sum(getattr(row, field) for row in rows)
    for field in ("reachability", "service_level"):
        total: Share = getattr(totals, field)
        assert (total.part, total.of) == (
            sum(getattr(row, field).part for row in rows),
            sum(getattr(row, field).of for row in rows),
        )
        assert total.value is None or 0 <= total.value <= 1
    assert totals.longest_wait == max((row.longest_wait for row in rows if row.longest_wait is not None), default=None)


@given(pictures(), st.data())
def test_some_lines_alone_have_the_totals_of_these(picture: Snapshot, data: st.DataObject) -> None:
    assert only(picture, ()) == picture
    ids = [row.line for row in picture.lines]
    chosen = data.draw(st.lists(st.sampled_from(ids), unique=True)) if ids else []
    rows = [row for row in picture.lines if not chosen or row.line in chosen]
    shown = only(picture, chosen)
    assert list(shown.lines) == rows
    for field in ("waiting", "late", "answered", "abandoned", "in_call"):
        assert getattr(shown.totals, field) == sum(getattr(row, field) for row in rows)


@given(pictures())
def test_a_total_meets_its_target_when_all_lines_do(picture: Snapshot) -> None:
    shares = [row.reachability for row in picture.lines if row.reachability.of]
    if all(one.part / one.of >= one.target for one in shares):
        total = picture.totals.reachability
        assert total.value is None or total.value >= total.target - 1e-8


@given(pictures())
def test_worst_first_keeps_every_line_and_the_order_of_equals(picture: Snapshot) -> None:
    rows = worst_first(picture.lines)
    assert sorted(row.line for row in rows) == sorted(row.line for row in picture.lines)
    ranks = [row.level.rank for row in rows]
    assert ranks == sorted(ranks, reverse=True)
    place = {row.line: n for n, row in enumerate(picture.lines)}
    for before, after in pairwise(rows):
        same = (before.level, before.reachability.level, before.service_level.level) == (
            after.level,
            after.reachability.level,
            after.service_level.level,
        )
        assert not same or place[before.line] < place[after.line]


@given(pictures())
def test_json_and_back(picture: Snapshot) -> None:
    assert msgspec.json.decode(msgspec.json.encode(picture), type=Snapshot) == picture


def test_operators_are_kept_apart_from_what_everybody_may_see() -> None:
    whole = snapshot(
        board([line()], [operator("an", OperatorState.NOT_READY, name="An Peeters", reason="lunch")]), Tally()
    )
    assert [(one.name, one.reason, one.since) for one in whole.operators] == [("An Peeters", "lunch", NOON - 90)]
    shown = msgspec.json.encode(without_people(whole))
    assert b"Peeters" not in shown
    assert b"lunch" not in shown


def test_link_and_announcements_come_from_the_board() -> None:
    down = snapshot(board([line()], linked=False, crisis="storm", draining=True), Tally(), link_lost_at=NOON - 5)
    assert (down.linked, down.link_lost_at, down.crisis, down.draining) == (False, NOON - 5, "storm", True)
    assert snapshot(board([line()]), Tally(), link_lost_at=NOON - 5).link_lost_at is None


@pytest.mark.parametrize(
    ("owed", "level"),
    [
        (CallbackCounts(), Level.OK),
        (CallbackCounts(open=9, due=9, handed_over=9), Level.OK),
        (CallbackCounts(open=9, due_soon=1), Level.WARN),
        (CallbackCounts(open=9, due_soon=1, overdue=1), Level.ALARM),
    ],
)
def test_a_promise_that_runs_out_asks_for_attention_now(owed: CallbackCounts, level: Level) -> None:
    picture = snapshot(board([line(), line("bjb")]), Tally(), callbacks={LineId("bjb"): owed})
    calm, row = picture.lines
    assert (row.callbacks, row.callback_level, row.level) == (owed, level, level)
    assert (calm.callbacks, calm.level) == (CallbackCounts(), Level.OK)
    assert (picture.totals.callbacks, picture.totals.callback_level) == (owed, level)
