"""Scenario files, changes to them, and the command line."""

import json
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner

from acd.config import ConfigError, Interval
from acd.model.ids import LineId, OperatorId
from acd.model.policy import OperatorRule, QueueRule
from sim.app_queue import AppQueue, Settings, Strategy
from sim.changes import BadChange, changed, next_skills
from sim.cli import app
from sim.model.demand import Callers, expected_calls
from sim.model.draws import Exponential, Lognormal, Weibull
from sim.model.replications import replicate
from sim.model.setup import midnight
from sim.policies import POLICIES, policy_name
from sim.results import summary
from sim.scenario import find, read, shipped
from sim.study import best_skills, compare

SMALL = """
title: {nl: Klein}
city: city.yaml
first_day: 2026-10-05
calls: {total: 200, redial: 0.2}
callers:
  patience: {weibull: {mean: 2m, shape: 0.8}}
lines:
  lez: {talk: {exponential: 6m}, profile: {"09:00": 1, "10:00": 3}, factor: 2}
staff:
  shifts:
    - operators: [an, bart]
      hours: {mon-fri: "09:00-12:00, 13:00-17:00"}
      breaks: [{at: 10:30, lasts: 10m}]
      stagger: 10m
      groups: 2
"""
CITY = """
city: Stad
defaults: {hours: {mon-fri: 09:00-17:00}, handle_time: 200, wrap_up: 20}
lines:
  info: {names: {nl: Info}, calls_per_day: 90}
  lez: {names: {nl: LEZ}, calls_per_day: 30}
operators:
  an: {name: An, device: 1, lines: {info: 1}}
  bart: {name: Bart, device: 2, lines: {info: 2, lez: 1}}
reasons: {pauze: {nl: Pauze}}
"""


@pytest.fixture
def small(tmp_path: Path) -> Path:
    (tmp_path / "city.yaml").write_text(CITY)
    (tmp_path / "small.yaml").write_text(SMALL)
    return tmp_path / "small.yaml"


def test_a_scenario_says_who_calls_and_who_works(small: Path) -> None:
    setup = read(small).setup
    info, lez = (setup.demand.lines[LineId(id)] for id in ("info", "lez"))
    assert (info.talk, lez.talk) == (Lognormal(180.0, 0.8), Exponential(360.0))
    assert info.patience == lez.patience == Weibull(120.0, 0.8)
    assert lez.profile[18:24] == (1, 1, 3, 3, 3, 3) and lez.profile[:18] == (0.0,) * 18
    assert lez.calls_per_day / info.calls_per_day == pytest.approx(60 / 90)
    assert expected_calls(setup) == pytest.approx(200)
    found = [(s.operators, s.start / 3600, s.end / 3600, [b.start / 60 for b in s.breaks]) for s in setup.staff.shifts]
    assert found == [(("an",), 9, 12, [630]), (("an",), 13, 17, []), (("bart",), 9, 12, [640]), (("bart",), 13, 17, [])]
    assert setup.hours(LineId("info"), setup.first_day) == (Interval(540, 1020),)


@pytest.mark.parametrize(
    ("was", "becomes", "says"),
    [
        ("calls: {total", "calls: {totaal", "small.yaml:5: calls.totaal: unknown key; did you mean 'total'?"),
        ("total: 200", "total: many", "small.yaml:5: calls.total: must be a number, not 'many'"),
        ("redial: 0.2", "redial: 20", "small.yaml:5: calls.redial: is a share from 0 to 1: write 20 % as 0.2"),
        ("mean: 2m", "mean: soon", "small.yaml:7: callers.patience.weibull.mean: must be seconds (30) or a duration"),
        ("{weibull: {mean: 2m, shape: 0.8}}", "{constant: 1, exponential: 1}", ":7: callers.patience: needs one of"),
        ("lez: {", "lezz: {", "small.yaml:9: lines.lezz: the city has no such line; did you mean 'lez'?"),
        ("[an, bart]", "[an, bert]", "'bert' is no operator of the city; did you mean 'bart'?"),
        ('"10:00"', '"10:15"', "small.yaml:9: lines.lez.profile.10:15: must be a half-hour such as 09:00 or 13:30"),
        ("city: city.yaml", "city: town.yaml", "town.yaml:1: cannot be read: No such file or directory"),
        ("lasts: 10m", "lasts: 10m, reason: slaap", "'slaap' is no reason of the city"),
    ],
)  # fmt: skip
def test_faults_name_file_line_and_field(small: Path, was: str, becomes: str, says: str) -> None:
    assert was in SMALL
    small.write_text(SMALL.replace(was, becomes))
    with pytest.raises(ConfigError) as fault:
        read(small)
    assert says in str(fault.value)
    assert len(fault.value.faults) == 1


def test_a_recorded_day(small: Path, tmp_path: Path) -> None:
    small.write_text(SMALL.replace("total: 200,", "recorded: day.csv,"))
    (tmp_path / "day.csv").write_text("time,line,talk,patience\n09:00:01.5,lez,60,\n09:10,info,,30\n")
    setup = read(small).setup
    found = list(Callers(setup, 1).of_day(0, setup.first_day, 0.0))
    assert [(c.arrives_at, c.line) for c in found] == [(32401.5, "lez"), (33000.0, "info")]
    assert (found[0].talk, found[1].patience) == (60.0, 30.0)
    (tmp_path / "day.csv").write_text("time,line\n09:00:01,lezz\n25:00,info\nx,info\n")
    with pytest.raises(ConfigError) as fault:
        read(small)
    assert [f"{f.line} {f.message}" for f in fault.value.faults] == [
        "2 'lezz' is no line of the city; did you mean 'lez'?",
        "3 time must be such as 09:15:30, not '25:00'",
        "4 time must be such as 09:15:30, not 'x'",
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("time\n09:00\n", "day.csv:1: has no column line"),
        ("time,line\n", "day.csv:1: has no calls"),
        ("time,line,day\n09:00,info,1\n", "day.csv:2: day must be a whole number below the 1 days of the scenario"),
        ("time,line,day\n09:00,info,0.5\n", "day.csv:2: day must be a whole number"),
        ("time,line,talk\n09:00,info,-3\n", "day.csv:2: talk must be a number of seconds, not '-3'"),
        ("time,line,menu\n09:00,info,soon\n", "day.csv:2: menu must be a number of seconds, not 'soon'"),
        ("time,line\n09:00," + "x" * 200_000 + "\n", "day.csv:2: is no CSV: field larger than field limit"),
    ],
)
def test_faults_of_a_recorded_day(small: Path, tmp_path: Path, text: str, says: str) -> None:
    small.write_text(SMALL.replace("total: 200,", "recorded: day.csv,"))
    (tmp_path / "day.csv").write_text(text)
    with pytest.raises(ConfigError) as fault:
        read(small)
    assert says in str(fault.value)


def test_what_is_known_of_a_recorded_call_is_kept(small: Path, tmp_path: Path) -> None:
    small.write_text(SMALL.replace("total: 200,", "recorded: day.csv,"))
    (tmp_path / "day.csv").write_text("time,line,menu,outlasted\n" + "09:00,info,7,400\n" * 50)
    setup = read(small).setup
    found = list(Callers(setup, 1).of_day(0, setup.first_day, 0.0))
    assert {caller.menu for caller in found} == {7.0}
    assert min(caller.patience for caller in found) > 400
    assert len({caller.patience for caller in found}) == 50


@pytest.mark.parametrize("name", shipped())
def test_shipped_scenarios_are_sound(name: str) -> None:
    scenario = read(find(name))
    assert scenario.title.keys() == {"nl", "en", "fr"}
    assert scenario.about["nl"] and scenario.about["en"] != scenario.about["nl"]
    served = {line for s in scenario.setup.staff.shifts for o in s.operators
              for line in scenario.setup.policy.operators[o].lines}  # fmt: skip
    assert served == set(scenario.setup.policy.lines)


@pytest.mark.parametrize(("name", "calls"), [("year_gentinfo", 106_314), ("year_groningen", 325_600)])
def test_years_have_their_calls(name: str, calls: int) -> None:
    assert expected_calls(read(find(name)).setup) == pytest.approx(calls)


def test_unknown_scenario() -> None:
    with pytest.raises(ConfigError, match="no such scenario; did you mean 'normal_day'"):
        find("normal_dag")


def test_changes(small: Path) -> None:
    setup = read(small).setup
    assert changed(setup, "learn an lez").policy.operators[OperatorId("an")].lines == {"info": 1, "lez": 2}
    more = changed(setup, "extra mon 10:00-12:00 info,lez")
    assert more.policy.operators[OperatorId("extra_1")].lines == {"info": 1, "lez": 1}
    assert (more.staff.shifts[-1].start, more.staff.shifts[-1].weekdays) == (36000.0, (0,))
    assert all("bart" not in shift.operators for shift in changed(setup, "without bart").staff.shifts)
    busier = changed(setup, "calls 1.5 lez").demand.lines
    assert busier[LineId("lez")].calls_per_day == pytest.approx(1.5 * setup.demand.lines[LineId("lez")].calls_per_day)
    assert busier[LineId("info")] == setup.demand.lines[LineId("info")]
    routing = changed(setup, "rule longest_waiting longest_idle").policy.routing
    assert (routing.queue_rule, routing.operator_rule) == (QueueRule.LONGEST_WAITING, OperatorRule.LONGEST_IDLE)
    assert next_skills(setup) == ["learn an lez"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("lern an lez", "unknown change 'lern'; did you mean 'learn'?"),
        ("learn an", "has 1 words after 'learn', not 2"),
        ("learn ann lez", "there is no operator 'ann'"),
        ("learn bart lez", "bart has lez already"),
        ("extra mon 10-12 info", "must be hours such as 09:00-17:00"),
        ("extra someday 10:00-12:00 info", "must be a day or days"),
        ("calls lots", "the factor must be a number from 0 to 100, not 'lots'"),
        ("rule best best", "there is no queue rule 'best'; known: fixed_queue_ratio, longest_waiting"),
        ("policy asterix-queue", "there is no policy 'asterix-queue'; did you mean 'asterisk-queue'?"),
        ("policy longest_waiting", "known: fixed_queue_ratio/least_skilled"),
        ("learn an lez + without bert", "there is no operator 'bert'; did you mean 'bart'?; known: an, bart"),
    ],
)
def test_bad_changes(small: Path, words: str, says: str) -> None:
    with pytest.raises(BadChange) as fault:
        changed(read(small).setup, words)
    assert says in str(fault.value)


def test_two_changes_at_once(small: Path) -> None:
    setup = read(small).setup
    both = changed(setup, "learn an lez + policy longest_waiting/longest_idle")
    assert both == changed(changed(setup, "learn an lez"), "rule longest_waiting longest_idle")


@pytest.mark.parametrize("name", POLICIES)
def test_every_policy_can_be_named(small: Path, name: str) -> None:
    found = changed(read(small).setup, f"policy {name}")
    assert policy_name(found) in (name, f"{name}/rrmemory")


def test_queue_meets_the_very_same_calls(small: Path) -> None:
    setup = read(small).setup
    found = replicate(changed(setup, "policy asterisk-queue/leastrecent"), 3)
    assert found == replicate(setup, 3, partial(AppQueue, settings=Settings(strategy=Strategy.LEASTRECENT)))
    ours = replicate(setup, 3)
    assert (found.citizens, ours.citizens) == (ours.citizens, found.citizens) and found != ours


def test_operators_on_duty_by_half_hour(small: Path) -> None:
    """Breaks of ten minutes at 10:30 and 10:40, and nobody from 12 to 13."""
    setup = changed(read(small).setup, "calls 0")
    duty = {half.start: half.on_duty.mean for half in summary([replicate(setup, 1)], setup).total.half_hours}
    assert duty["09:00"] == 2.0 and duty["10:30"] == pytest.approx(2 - 20 / 30)
    assert duty["12:00"] == 0.0 and duty["16:30"] == 2.0 and "17:00" not in duty


def test_nothing_changed_is_no_difference(small: Path) -> None:
    _, (same,) = compare(read(small).setup, ["calls 1"], 3, 1, cores=1)
    for found in (same.answered, same.reachability, same.service_level, same.asa):
        assert found is not None and (found.mean, found.half) == (0.0, 0.0)


def test_one_operator_more_answers_more(small: Path) -> None:
    _, (more, fewer) = compare(read(small).setup, ["extra mon-fri 09:00-17:00 info,lez", "without an"], 6, 1, cores=1)
    assert more.answered is not None and more.answered.certain and more.answered.mean > 20
    assert fewer.answered is not None and fewer.answered.certain and fewer.answered.mean < -20


def test_the_best_next_skill(small: Path) -> None:
    (best,) = best_skills(read(small).setup, 4, 1, cores=1)
    assert best.change == "learn an lez"


def test_the_day_is_the_same_from_midnight_to_midnight(small: Path) -> None:
    setup = read(small).setup
    assert midnight(setup.first_day) == 1791151200.0  # 5 October 2026, 00:00 in Brussels


def test_command_line(small: Path) -> None:
    cli = CliRunner()
    shown = cli.invoke(app, ["run", str(small), "-n", "3", "--cores", "1"])
    assert shown.exit_code == 0 and "Klein" in shown.output and "alle lijnen" in shown.output
    told = cli.invoke(app, ["run", str(small), "-n", "2", "--cores", "1", "--json", "-c", "without an"])
    assert json.loads(told.stdout)["replications"] == 2
    again = [cli.invoke(app, ["run", str(small), "-n", "2", "--cores", "1", "--csv"]).stdout for _ in range(2)]
    assert again[0] == again[1] and again[0].startswith("line,figure")
    paired = cli.invoke(app, ["compare", str(small), "-n", "3", "--cores", "1", "-c", "learn an lez", "-l", "en"])
    assert paired.exit_code == 0 and "learn an lez" in paired.output


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["run", "nowhere"], "no such scenario"),
        (["run", "normal_day", "-c", "learn nobody lez"], "there is no operator 'nobody'"),
        (["compare", "normal_day"], "name at least one --change or --policy"),
        (["run", "normal_day", "-p", "queue"], "there is no policy 'queue'"),
    ],
)
def test_command_line_faults(words: list[str], says: str) -> None:
    found = CliRunner().invoke(app, words)
    assert found.exit_code == 1
    assert says in found.output
    assert "Traceback" not in found.output
