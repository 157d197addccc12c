"""The two rules of the choice, each with a case that a supervisor would argue about."""

from hypothesis import given
from hypothesis import strategies as st

from acd.model.ids import LineId, OperatorId
from acd.model.policy import OperatorRule, QueueRule, Routing
from acd.routing.choice import Candidate, LineView, choose_line, choose_operator, shares
from acd.routing.estimate import calibrate, never_rising, overlaps, predict, wait_range

INFO, SPORT = LineId("info"), LineId("sport")


def idle(id: str, skills: int = 1, since: float = 0.0, level: int = 1) -> Candidate:
    others = {LineId(f"other{n}"): 1 for n in range(1, skills)}
    return Candidate(OperatorId(id), {INFO: level} | others, since)


def view(line: LineId, waiting: int, waited: float, share: float, aged: float | None = None) -> LineView:
    return LineView(line, waiting, waited, waited if aged is None else aged, share)


def test_the_line_that_most_exceeds_its_share_is_served() -> None:
    # Info may have 80 % of the queue and has 6 of 10: sport, with 4 of 10 against 20 %, is over its share.
    lines = [view(INFO, 6, 50.0, 0.8), view(SPORT, 4, 20.0, 0.2)]
    chosen, rule = choose_line(lines, 10, Routing())
    assert (chosen.line, rule) == (SPORT, "fixed_queue_ratio")


def test_a_call_past_the_guard_goes_before_everything() -> None:
    lines = [view(INFO, 6, 90.0, 0.8), view(SPORT, 4, 20.0, 0.2)]
    chosen, rule = choose_line(lines, 10, Routing())
    assert (chosen.line, rule) == (INFO, "guard")


def test_priority_counts_as_seconds_waited_so_that_nobody_starves() -> None:
    # Three steps of 30 s: the night shelter is past the guard at once, until somebody else has truly waited longer.
    night = view(SPORT, 1, 1.0, 0.5, aged=91.0)
    assert choose_line([view(INFO, 5, 60.0, 0.5), night], 6, Routing())[0].line == SPORT
    assert choose_line([view(INFO, 5, 95.0, 0.5), night], 6, Routing())[0].line == INFO


def test_longest_waiting_by_setting() -> None:
    lines = [view(INFO, 6, 50.0, 0.8), view(SPORT, 4, 20.0, 0.2)]
    chosen, rule = choose_line(lines, 10, Routing(queue_rule=QueueRule.LONGEST_WAITING))
    assert (chosen.line, rule) == (INFO, "longest_waiting")


def test_the_least_skilled_idle_operator_takes_the_call_and_ties_are_ordered() -> None:
    anna, bram, cato = idle("anna", 3, since=10), idle("bram", 1, since=30), idle("cato", 1, since=20)
    assert choose_operator([anna, bram, cato], INFO, OperatorRule.LEAST_SKILLED) is cato
    assert choose_operator([anna, bram, cato], INFO, OperatorRule.LONGEST_IDLE) is anna
    twin = idle("aaaa", 1, since=20)
    assert choose_operator([cato, twin], INFO, OperatorRule.LEAST_SKILLED) is twin


def test_a_better_level_comes_first_among_the_idle() -> None:
    first, second = idle("zoe", 5, level=1), idle("anna", 1, level=2)
    for rule in OperatorRule:
        assert choose_operator([second, first], INFO, rule) is first


def test_shares_are_weights_over_their_sum() -> None:
    assert shares([(INFO, 300.0), (SPORT, 100.0)]) == {INFO: 0.75, SPORT: 0.25}
    assert shares([(INFO, 0.0), (SPORT, 0.0)]) == {INFO: 0.5, SPORT: 0.5}
    assert shares([]) == {}


@given(st.permutations([idle("a", 2, 5.0), idle("b", 1, 7.0), idle("c", 1, 7.0, level=2), idle("d", 1, 7.0)]))
def test_the_choice_does_not_depend_on_the_order_of_asking(candidates: list[Candidate]) -> None:
    assert choose_operator(candidates, INFO, OperatorRule.LEAST_SKILLED).id == "b"


def test_overlap_is_the_share_of_the_other_lines_operators_who_also_serve_mine() -> None:
    overlap = overlaps([[INFO], [INFO, SPORT], [SPORT], [SPORT]])
    assert overlap[INFO] == {SPORT: 1 / 3}
    assert overlap[SPORT] == {INFO: 1 / 2}


def test_expected_wait() -> None:
    # Two ahead and himself, half of sport's four compete: 5 calls of 240 s over 10 operators.
    assert predict(2, {SPORT: 4}, {SPORT: 0.5}, 10, 240.0) == 120.0
    assert predict(0, {}, {}, 0, 240.0) is None


def test_the_range_holds_the_estimate_with_a_margin() -> None:
    assert wait_range(0) == (0, 1)
    assert wait_range(47) == (0, 1)
    assert wait_range(49) == (1, 2)
    assert wait_range(120) == (2, 5)
    assert wait_range(3600) == (15, None)


@given(st.floats(0, 1e5), st.floats(0, 1e5), st.floats(0, 1e5))
def test_an_announced_wait_never_rises(previous: float, elapsed: float, fresh: float) -> None:
    said = never_rising(previous, elapsed, fresh)
    assert 0 <= said <= max(0.0, previous - elapsed)
    assert said <= fresh


@given(st.floats(0.2, 5), st.floats(0, 1e4), st.floats(0, 1e6))
def test_calibration_stays_in_bounds_and_moves_towards_the_truth(
    factor: float, predicted: float, actual: float
) -> None:
    new = calibrate(factor, predicted, actual)
    assert 0.2 - 1e-9 <= new <= 5 + 1e-9
    if predicted > 0 and 0.2 <= actual / predicted <= 5:
        assert abs(new - actual / predicted) <= abs(factor - actual / predicted) + 1e-9
