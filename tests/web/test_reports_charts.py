"""What the charts and tables of a report are made of."""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.figures.report import Meaning, StateTime, Value, read_ref
from acd.figures.states import state_rows, together
from acd.figures.table import FIGURES, HUNG_UP
from acd.figures.waits import WAITS, wait_rows, waited
from acd.model.operator import OperatorState
from acd.web.reports import charts
from acd.web.reports.charts import Bar, scale
from acd.web.reports.formulas import FORMULAS
from acd.web.reports.words import Words
from acd.web.texts import Lang

COUNTS = st.dictionaries(
    st.tuples(st.integers(0, 200), st.sampled_from(["answered", "abandoned", "abandoned_short", "callback_accepted"])),
    st.integers(1, 50),
)


@given(st.floats(0.01, 1e7))
def test_a_scale_begins_at_nothing_has_even_steps_and_reaches_the_most(most: float) -> None:
    lines = scale(most)
    steps = [after - before for before, after in pairwise(lines)]
    assert lines[0] == 0 and lines[-1] >= most * (1 - 1e-4)
    assert max(steps) - min(steps) < 1e-4 and len(lines) <= 5


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500), st.integers(0, 50)), min_size=1, max_size=60))
def test_bars_are_as_high_as_their_numbers_and_stay_inside(values: list[tuple[int, int, int]]) -> None:
    kinds = ("answered", "abandoned", "other")
    chart = charts.columns([Bar(str(n), dict(zip(kinds, v, strict=True))) for n, v in enumerate(values)])
    top = float(chart.up[-1].text.replace(",", ""))
    full = chart.up[0].y - chart.up[-1].y
    for kind, numbers in zip(kinds, zip(*values, strict=True), strict=True):
        heights = [box.height for box in chart.boxes if box.kind == kind]
        assert heights == pytest.approx([full * n / top for n in numbers if n], abs=0.2)
    for box in chart.boxes:
        assert box.x >= 0 and box.x + box.width <= chart.width and box.y >= 0 and box.y + box.height <= chart.height


def test_a_bar_of_which_part_was_not_seen_is_marked() -> None:
    chart = charts.columns([Bar("1", {"answered": 3.0}, gap=True), Bar("2", {"answered": 4.0})])
    assert [mark.text for mark in chart.gaps] == ["?"]
    assert abs(chart.gaps[0].x - chart.across[0].x) < 1


def test_the_busiest_cell_of_a_heat_map_is_the_darkest_and_an_empty_one_has_no_tone() -> None:
    chart = charts.heat([("ma", [0, 10, 3]), ("di", [2, 0, 5])], ["9:00", "9:30", "10:00"])
    assert [box.kind for box in chart.boxes] == ["tone-0", "tone-5", "tone-2", "tone-1", "tone-0", "tone-3"]
    assert [number.text for number in chart.numbers] == ["10", "3", "2", "5"]
    assert chart.peak == "ma 9:30: 10"


@given(COUNTS)
def test_every_call_is_in_one_piece_of_the_waits_and_waited_there(counted: dict[tuple[int, str], int]) -> None:
    rows = wait_rows(counted)
    assert sum(row.answered + row.abandoned + row.other for row in rows) == sum(counted.values())
    for row in rows:
        inside = {key: n for key, n in counted.items() if row.since <= key[0] * 10 < (row.until or 1e9)}
        assert row.answered == sum(n for (_, outcome), n in inside.items() if outcome == "answered")
        assert row.still == sum(n for (step, _), n in counted.items() if step * 10 >= row.since)
        assert (row.hung_up.part, row.hung_up.of) == (row.abandoned, row.still)


def test_the_last_piece_of_the_waits_has_no_end() -> None:
    rows = wait_rows({(500, "answered"): 2})
    assert (waited(rows[0]), waited(rows[-1]), rows[-1].figure) == ("0–10", f"{WAITS[-1]}+", "reachability")
    assert rows[0].figure == "answered_in_time@10"
    assert wait_rows({}) == ()


def test_time_of_operators_adds_up_and_leaves_out_who_is_not_there() -> None:
    def spent(operator: str, state: OperatorState, seconds: float) -> StateTime:
        return StateTime(number=0, period="", operator=operator, state=state, reason=None, seconds=seconds)

    state = OperatorState
    rows = state_rows(
        [
            spent("bo", state.IN_CALL, 60.0),
            spent("an", state.RESERVED, 2.0),
            spent("an", state.RINGING, 5.0),
            spent("an", state.LOGGED_OUT, 9000.0),
        ]
    )
    assert [(row.who, row.total) for row in rows] == [("an", 7.0), ("bo", 60.0)]
    assert rows[0].states[state.RINGING] == 7.0
    assert together(rows).total == 67.0


def value(part: float, of: float) -> Value:
    return Value.made(FIGURES["reachability"], part, of)


def test_differences_are_said_with_their_sign_and_unit() -> None:
    words = Words(Lang.NL)
    said = words.change(value(95, 100), value(930, 1000), "share").replace("\N{NO-BREAK SPACE}", " ")
    assert said == "+2,0 %-punt"
    assert words.change(value(93, 100), value(95, 100), "share").startswith("\N{MINUS SIGN}2,0")
    assert words.change(value(93, 100), value(0, 0), "share") == "–"
    assert Words(Lang.EN).change(value(930, 1000), value(93, 100), "share").startswith("±0.0")


def test_the_worked_example_is_written_as_in_the_definitions() -> None:
    """85 answered of which 70 in time, 15 abandoned of which 10 at once."""
    shares = [(85, 100), (70, 90), (70, 85), (80, 100), (70, 100)]
    assert [Words(Lang.EN).share(part / of) for part, of in shares] == ["85.0%", "77.8%", "82.4%", "80.0%", "70.0%"]


def test_every_formula_with_words_in_it_has_them_in_all_languages() -> None:
    with_words = {key for key, figure in FIGURES.items() if re.search(r"[a-z]{3}", figure.formula)}
    assert set(FORMULAS) == with_words | {HUNG_UP}
    assert all(written.nl and written.fr for written in FORMULAS.values())


@pytest.mark.parametrize("key", sorted(FORMULAS.keys() - {HUNG_UP}))
def test_a_translated_formula_is_that_of_the_version_that_is_counted(key: str) -> None:
    """Whoever raises the version of a figure looks at its translations, and says so there."""
    assert FORMULAS[key].version == FIGURES[key].version


def test_the_head_says_which_formula_has_which_version() -> None:
    meanings = [Meaning.of(read_ref(key)) for key in ("reachability", "fcr_not_passed_on", "asa")]
    assert Words(Lang.NL).versions(meanings) == "1; Niet doorgegeven: 3"
    assert Words(Lang.NL).versions(meanings[1:2]) == "3"
