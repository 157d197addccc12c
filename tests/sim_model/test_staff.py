"""The smallest staffing: as many as the exact formulas say, with the skills that there are, and not one more."""

import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from acd.model.ids import LineId, OperatorId
from sim.cli import app
from sim.formulas import erlang_a
from sim.model.setup import SLOT, Break, Setup, Shift, Staff
from sim.model.staffing import Do, moves
from sim.staff import OutOfReach, smallest
from sim.staff.paper import conclusion, refusal, staffing
from sim.staff.plan import Cell, rostered, skill_groups, with_plan
from sim.staff.search import Answer
from sim.staff.tally import Block, Pair, Ratio, observe
from sim.staff.targets import FEW, SURE, Target, confidence, joined, with_targets
from tests.sim_model.house import HOUR, callers, line, operators, policy, world

MONDAY = date(2026, 10, 5)
TALK, PATIENCE = 180.0, 120.0


def exact(per_hour: float) -> int:
    """The fewest operators of one line that reach 95 % answered and 80 % within 20 s in the long run."""
    return next(
        n
        for n in range(1, 100)
        if (found := erlang_a(n, per_hour, TALK, PATIENCE, 20)).abandons <= 0.05 and found.in_time >= 0.8
    )


def one_line(per_hour: float, staff: int, hours: float = 2) -> Setup:
    one = policy([line("a")], operators(staff, {"a": 1}))
    return replace(world(one, {"a": callers(per_hour, TALK, PATIENCE, hours)}), first_day=MONDAY)


@pytest.fixture(scope="module")
def sixty() -> Answer:
    """Sixty calls an hour from midnight to two, and nobody but Erlang to say how many that takes."""
    return smallest(one_line(60, 12), 1, 40, cores=1)


def test_one_line_needs_what_the_exact_formula_says(sixty: Answer) -> None:
    """To the operator, but that the day begins with an empty line, and that a target must be met for certain."""
    need = exact(60)
    counts = [len(sixty.plan[0, slot]) for slot in range(4)]
    assert need - 1 <= counts[0] <= need + 1
    assert all(need <= count <= need + 1 for count in counts[1:])
    assert staffing(sixty).met


def test_what_other_days_do_not_confirm_is_named_with_the_reason(sixty: Answer) -> None:
    assert not sixty.unmet
    block, line = next(iter(sixty.targets.blocks)), next(iter(sixty.targets.lines))
    strict = replace(
        sixty.targets,
        blocks={**sixty.targets.blocks, block: Target(0.999, 0.8)},
        lines={**sixty.targets.lines, line: Target(0.999, 0.8)},
    )
    found = staffing(replace(sixty, targets=strict, unmet={block: False, line: True}))
    assert not found.met
    _, of_block, of_line = conclusion(found, "en").splitlines()
    assert of_block.startswith("  mon 00:00-00:30: reachability 9") and "(target 100 %)" in of_block
    assert "there are others yet" in of_block
    assert of_line.startswith("  mon a: reachability 9")
    assert of_line.endswith("; all who can help here are at work already")


def test_nobody_can_be_missed(sixty: Answer) -> None:
    for cell in sixty.plan:
        fewer = {**sixty.plan, cell: frozenset(sorted(sixty.plan[cell])[1:])}
        seen = observe(with_plan(sixty.setup, fewer), list(sixty.targets.blocks), range(1, 41))
        blocks = {block: confidence(seen.blocks[block], target) for block, target in sixty.targets.blocks.items()}
        lines = {key: confidence(seen.lines[key], target) for key, target in sixty.targets.lines.items()}
        assert min(*blocks.values(), *lines.values()) < SURE


def test_the_same_seed_gives_the_same_answer_on_any_number_of_cores() -> None:
    setup = one_line(20, 5, 1)
    assert staffing(smallest(setup, 3, 20, cores=1)) == staffing(smallest(setup, 3, 20, cores=2))


def test_too_few_operators_is_said_and_where() -> None:
    with pytest.raises(OutOfReach) as fault:
        smallest(one_line(60, 3), 1, 30, cores=1)
    told = refusal(fault.value, "en")
    assert "not even with all 3 operators at work all day" in told
    assert "mon 00:00-00:30: reachability " in told and "(target 95 %)" in told
    assert "mon a: " in told


def test_each_open_line_has_an_operator_and_a_rare_skill_is_used() -> None:
    lines = [line("a"), line("b")]
    staff = [*operators(8, {"a": 1}, "a"), *operators(2, {"a": 2, "b": 1}, "b"), *operators(2, {"b": 1}, "c")]
    demand = {"a": callers(40, TALK, PATIENCE, 1), "b": callers(6, TALK, PATIENCE, 1)}
    setup = replace(world(policy(lines, staff), demand), first_day=MONDAY)
    answer = smallest(setup, 1, 40, cores=1)
    for operators_at_work in answer.plan.values():
        served = {name for id in operators_at_work for name in setup.policy.operators[id].lines}
        assert served == {"a", "b"}
    found = staffing(answer)
    assert {(group.lines, group.now) for group in found.half_hours[0].groups} >= {(("a",), 8), (("a", "b"), 2)}
    assert sum(group.needed for group in found.half_hours[0].groups) == found.half_hours[0].needed < 12


def test_who_is_rostered_is_preferred() -> None:
    setup = one_line(20, 6, 1)
    now = Staff(shifts=(Shift(operators=(OperatorId("o4"), OperatorId("o5")), end=HOUR),), stays=2 * HOUR)
    answer = smallest(replace(setup, staff=now), 1, 30, cores=1)
    assert all({"o4", "o5"} <= team for team in answer.plan.values())
    assert [one.gap for one in staffing(answer).half_hours] == [len(team) - 2 for team in answer.plan.values()]


# --- Plans ----------------------------------------------------------------------------------------------------------


def test_rostered_is_who_works_more_than_half_of_a_half_hour() -> None:
    setup = one_line(1, 2)
    lunch = (Break(11.75 * HOUR, 2700.0), Break(15 * HOUR, 600.0))
    shift = Shift(operators=(OperatorId("o0"),), weekdays=(0, 1), start=9 * HOUR, end=17 * HOUR, breaks=lunch)
    late = Shift(operators=(OperatorId("o1"),), weekdays=(0,), start=16.75 * HOUR - 60, end=17 * HOUR)
    found = rostered(replace(setup, staff=Staff(shifts=(shift, late))))
    assert [slot for day, slot in sorted(found) if day == 1] == [*range(18, 23), *range(25, 34)]
    assert found[0, 33] == {"o0", "o1"} and found[1, 33] == {"o0"}


@given(st.dictionaries(st.tuples(st.sampled_from([0, 3]), st.integers(0, 47)), st.sets(st.sampled_from("xyz"))))
@settings(max_examples=50)
def test_a_roster_has_each_operator_at_work_when_the_plan_says_so(plan: dict[Cell, set[str]]) -> None:
    setup = replace(world(policy([line("a")], operators(1, {"a": 1})), {"a": callers(1, 1, None, 24)}), days=7)
    ids = [OperatorId(name) for name in "xyz"]
    people = {id: operators(1, {"a": 1}, id)[0] for id in ids}
    setup = replace(setup, first_day=MONDAY, policy=policy([line("a")], list(people.values())))
    wanted = {cell: frozenset(OperatorId(f"{name}0") for name in team) for cell, team in plan.items()}
    roster = with_plan(setup, wanted)
    for number, day in enumerate(setup.dates):
        at_work: dict[int, set[str]] = {slot: set() for slot in range(48)}
        since: dict[str, float] = {}
        for move in moves(roster, 1, number, day):
            if move.do in (Do.COME, Do.RETURN):
                since[move.operator] = move.at
            elif move.operator in since:
                for slot in range(round(since.pop(move.operator) / SLOT), round(move.at / SLOT)):
                    at_work[slot].add(move.operator)
        assert at_work == {slot: wanted.get((day.weekday(), slot), set()) for slot in range(48)}


def test_skill_groups_go_by_lines_whatever_the_level() -> None:
    staff = [*operators(2, {"a": 1}, "a"), *operators(1, {"b": 2, "a": 1}, "b"), *operators(1, {"a": 3, "b": 1}, "c")]
    found = skill_groups(world(policy([line("a"), line("b")], staff), {}))
    assert found == {("a",): ("a0", "a1"), ("a", "b"): ("b0", "c0")}


# --- Targets --------------------------------------------------------------------------------------------------------


def test_half_hours_with_few_calls_are_judged_together() -> None:
    calls = {(0, 18): FEW, (0, 19): FEW / 2, (0, 20): FEW / 2, (0, 21): 1.0, (0, 30): 1.0, (2, 18): 9 * FEW}
    assert joined(calls) == [Block(0, 18, 18), Block(0, 19, 21), Block(0, 30, 30), Block(2, 18, 18)]


def ratio(days: int, part: int, whole: int) -> Ratio:
    found = Ratio()
    for _ in range(days):
        found.take(part, whole)
    return found


def test_few_calls_without_a_loss_prove_little() -> None:
    target = Target(0.95, 0.8)

    def sure(days: int, part: int, whole: int) -> float:
        return confidence(Pair(ratio(days, part, whole), ratio(days, whole, whole)), target)

    assert sure(10, 1, 1) < SURE < sure(100, 1, 1)
    assert sure(100, 95, 100) == pytest.approx(0.5)
    assert sure(100, 90, 100) < 0.01


def test_days_that_differ_widen_the_error() -> None:
    calm, wild = ratio(20, 90, 100), Ratio()
    for n in range(20):
        wild.take(80 if n % 2 else 100, 100)
    assert calm.mean == wild.mean and calm.error == 0.0
    assert wild.error == pytest.approx(0.1 * (20 / 19) ** 0.5 / 20**0.5)


def test_targets_may_be_given() -> None:
    setup = with_targets(one_line(1, 1), 0.9, None, 45)
    own = setup.policy.lines[LineId("a")]
    assert (own.target_reachability, own.target_share, own.target_wait) == (0.9, 0.8, 45)


# --- The command ----------------------------------------------------------------------------------------------------

CITY = """
city: Stad
defaults: {hours: {mon-fri: 09:00-11:00}, handle_time: 200, wrap_up: 20}
lines:
  info: {names: {nl: Info}, calls_per_day: 60}
  lez: {names: {nl: LEZ}, calls_per_day: 20}
operators:
  an: {name: An, device: 1, lines: {info: 1}}
  bart: {name: Bart, device: 2, lines: {info: 2, lez: 1}}
  chris: {name: Chris, device: 3, lines: {info: 1}}
  dirk: {name: Dirk, device: 4, lines: {info: 1, lez: 1}}
  els: {name: Els, device: 5, lines: {info: 1, lez: 1}}
  fien: {name: Fien, device: 6, lines: {info: 1, lez: 1}}
reasons: {pauze: {nl: Pauze}}
"""
TOWN = """
title: {nl: Stadje, en: Town}
city: city.yaml
first_day: 2026-10-05
callers: {patience: {exponential: 4m}}
staff: {shifts: [{operators: [an, bart], hours: {mon-fri: "09:00-11:00"}}]}
phones: {answer: {constant: 1s}}
"""


@pytest.fixture
def command(tmp_path: Path) -> Callable[..., str]:
    (tmp_path / "city.yaml").write_text(CITY)
    (tmp_path / "town.yaml").write_text(TOWN)

    def run(*words: str, code: int = 0) -> str:
        found = CliRunner().invoke(app, ["staff", str(tmp_path / "town.yaml"), "--days", "15", "--cores", "1", *words])
        assert found.exit_code == code, found.output
        return found.output

    return run


def test_the_table_says_who_is_needed_beside_who_is_there(command: Callable[..., str]) -> None:
    told = command()
    assert "ma tijd" in told and "nodig" in told and "zekerheid" in told
    (ten,) = (row for row in told.splitlines() if row.startswith("10:00"))
    assert " +" in ten and ("info" in ten)
    assert "medewerker-uren: 4 → " in told


def test_json_and_csv_tell_the_same(command: Callable[..., str]) -> None:
    found = json.loads(command("--json", "-l", "en"))
    rows = list(csv.DictReader(io.StringIO(command("--csv"))))
    assert len(found["half_hours"]) == 4 and {line["line"] for line in found["lines"]} == {"info", "lez"}
    assert sum(one["needed"] for one in found["half_hours"]) == sum(int(row["needed"]) for row in rows)
    assert sum(one["now"] for one in found["half_hours"]) == sum(int(row["now"]) for row in rows) == 8
    assert {row["lines"] for row in rows} <= {"info", "info+lez"}


def test_a_milder_target_needs_fewer(command: Callable[..., str]) -> None:
    strict, mild = (
        json.loads(command("--json", *words))["hours_needed"]
        for words in ((), ("--reachability", "0.7", "--share", "0.3", "--within", "60"))
    )
    assert mild < strict


def test_out_of_reach_is_an_error(command: Callable[..., str]) -> None:
    told = command("-c", "calls 5", code=1)
    assert told.startswith("De doelen zijn niet haalbaar, ook niet met alle 6 medewerkers")
    assert "ma lez: " in told


@pytest.mark.parametrize(
    ("language", "says"),
    [("nl", "Wie is wanneer nodig?"), ("en", "Who is needed when?"), ("fr", "Qui faut-il, et quand ?")],
)
def test_the_report_tells_the_gaps_of_the_json(
    command: Callable[..., str], tmp_path: Path, language: str, says: str
) -> None:
    file = tmp_path / "staff.html"
    command("--html", str(file), "-l", language)
    found = json.loads(command("--json"))
    html = file.read_text()
    assert says in html and "<script" not in html
    for one in found["half_hours"]:
        assert f">{one['time']}<" in html
    missing = [one for one in found["half_hours"] if one["needed"] > one["now"]]
    assert missing and html.count('td class="bad') == len(missing)


def test_the_command_speaks_french(command: Callable[..., str]) -> None:
    told = command("-l", "fr")
    assert "lu heure" in told and "requis" in told and "heures d’agent: 4 → " in told
    assert command("-c", "calls 5", "-l", "fr", code=1).startswith("Les objectifs sont hors de portée")
