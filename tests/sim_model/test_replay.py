"""Days that were: replayed from the product's own records, and learnt from."""

import asyncio
import json
from datetime import date
from pathlib import Path
from random import Random

import pytest
from typer.testing import CliRunner

from acd.config import ConfigError
from acd.model.events import CallEnteredLine, CallStarted, Event, OperatorChanged, OutcomeCounted, TalkFinished
from acd.model.ids import LineId, OperatorId
from acd.model.operator import OperatorState
from acd.model.outcome import Outcome
from acd.records import DatabaseUnusable, Ledger, upgrade
from sim.cli import app
from sim.model.demand import Caller, Callers
from sim.model.draws import Exponential, Survival
from sim.model.replications import replicate
from sim.model.setup import Break, midnight
from sim.model.world import World
from sim.recorded import BadDay, read_days
from sim.recorded_roster import roster
from sim.scenario import read, replay
from tests.sim_model.house import HOUR
from tests.sim_model.test_scenario import CITY, SMALL

MONDAY = date(2026, 10, 5)


async def keep(url: str, events: list[Event]) -> None:
    await upgrade(url)
    async with Ledger(url) as ledger:
        ledger.write(events)
        await ledger.caught_up()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scenario of two days, and the product's records of one run of it."""
    folder = tmp_path_factory.mktemp("replay")
    (folder / "city.yaml").write_text(CITY)
    (folder / "small.yaml").write_text(SMALL.replace("calls: {", "days: 2\ncalls: {"))
    events: list[Event] = []
    World(read(folder / "small.yaml").setup, 7, events.extend).run()
    asyncio.run(keep(f"sqlite:///{folder}/acd.db", events))
    return folder


@pytest.fixture(scope="module")
def url(place: Path) -> str:
    return f"sqlite:///{place}/acd.db"


def events_of(place: Path) -> list[Event]:
    events: list[Event] = []
    World(read(place / "small.yaml").setup, 7, events.extend).run()
    return events


def replayed(place: Path, url: str, seed: int = 1) -> list[Caller]:
    setup, _ = replay(read(place / "small.yaml").setup, url, MONDAY)
    return [c for n, day in enumerate(setup.dates) for c in Callers(setup, seed).of_day(n, day, midnight(day))]


def test_the_same_calls_come_at_the_same_moments_for_the_same_lines(place: Path, url: str) -> None:
    was = events_of(place)
    lines = {e.call: e.line for e in was if isinstance(e, OutcomeCounted)}
    arrived = [(round(e.arrived_at, 3), lines[e.call]) for e in was if isinstance(e, CallStarted)]
    found = [(round(c.arrives_at, 3), c.line) for c in replayed(place, url)]
    assert found == sorted(arrived) and len(found) > 200


def test_what_is_known_of_a_caller_is_what_he_brings_along(place: Path, url: str) -> None:
    was = events_of(place)
    outcomes = [e for e in was if isinstance(e, OutcomeCounted)]
    by_arrival = {round(e.arrived_at, 3): e.call for e in was if isinstance(e, CallStarted)}
    entered = {e.call: e.entered_at for e in was if isinstance(e, CallEnteredLine)}
    answered = {e.call: e for e in outcomes if e.outcome is Outcome.ANSWERED}
    gave_up = {e.call: e for e in outcomes if e.outcome in (Outcome.ABANDONED, Outcome.ABANDONED_SHORT)}
    talked = {e.call: e.ended_at - answered[e.call].at for e in was if isinstance(e, TalkFinished)}
    for caller in replayed(place, url):
        call = by_arrival[round(caller.arrives_at, 3)]
        assert caller.arrives_at + caller.menu == pytest.approx(entered[call], abs=0.002)
        if call in gave_up:
            assert caller.patience == pytest.approx(gave_up[call].waited, abs=0.002)
        else:
            assert caller.patience > (answered[call].waited or 0.0)
            assert caller.talk == pytest.approx(talked[call], abs=0.01)
    assert len(answered) > 50 and len(gave_up) > 50


def test_a_replay_gives_identical_figures_each_time_and_invents_no_calls(place: Path, url: str) -> None:
    setups = [replay(read(place / "small.yaml").setup, url, MONDAY) for _ in range(2)]
    first, second = (replicate(setup, 3) for setup, _ in setups)
    assert first == second
    assert setups[0][0].demand.redial > 0
    assert first.offered == len(setups[0][1])


def test_with_the_same_operators_a_replay_comes_near_to_what_was(place: Path, url: str) -> None:
    """What is drawn anew (who lets it ring, and the patience of those who were served) moves it a little."""
    words = ["replay", str(place / "small.yaml"), "--records", url, "--day", "2026-10-05", "-n", "3", "--cores", "1"]
    told = CliRunner().invoke(app, [*words, "--json"])
    assert told.exit_code == 0, told.output
    row = json.loads(told.stdout)[0]
    assert row["line"] is None and row["measured"]["entered"] == row["simulated"]["entered"]["mean"]
    assert row["simulated"]["reachability"]["mean"] == pytest.approx(row["measured"]["reachability"], abs=0.06)


def test_who_worked_when_comes_from_the_records_too(place: Path, url: str) -> None:
    setup = read(place / "small.yaml").setup
    found = roster(url, MONDAY, setup.policy.operators, ["pauze"])
    planned = {("an", 9.0): 10.5, ("an", 13.0): None, ("bart", 9.0): 10.0 + 40 / 60, ("bart", 13.0): None}
    assert {(s.operators[0], s.start / HOUR) for s in found.shifts} == set(planned)
    for shift in found.shifts:
        pause = planned[shift.operators[0], shift.start / HOUR]
        wanted = [] if pause is None else [pytest.approx(pause, abs=0.1)]
        assert [b.start / HOUR for b in shift.breaks if b.seconds > 60] == wanted
        # He stays until the last caller is served, a quarter of an hour at most; and finishes the call in hand.
        assert shift.end / HOUR == pytest.approx(12.0 if shift.start < 12 * HOUR else 17.0, abs=0.7)


def test_an_operator_who_never_logged_out_worked_until_midnight(tmp_path: Path) -> None:
    at, who, s = midnight(MONDAY), OperatorId("an"), OperatorState
    url = f"sqlite:///{tmp_path}/acd.db"
    story: list[Event] = [
        OperatorChanged(at + 8 * HOUR, who, s.AVAILABLE, s.NOT_READY, "lunch", "an"),
        OperatorChanged(at + 9 * HOUR, who, s.NOT_READY, s.AVAILABLE, None, "an"),
        OperatorChanged(at + 10 * HOUR, OperatorId("gone"), s.LOGGED_OUT, s.AVAILABLE, None, "gone"),
        OperatorChanged(at + 26 * HOUR, who, s.AVAILABLE, s.LOGGED_OUT, None, "an"),
    ]
    asyncio.run(keep(url, story))
    (shift,) = roster(url, MONDAY, [who], ["pauze", "lunch"]).shifts
    assert (shift.start, shift.end) == (0.0, 24 * HOUR)
    assert shift.breaks == (Break(8 * HOUR, HOUR, "lunch"),)


def test_the_command_shows_both(place: Path, url: str) -> None:
    words = ["replay", str(place / "small.yaml"), "--records", url, "--day", "2026-10-06", "-n", "2", "--cores", "1"]
    found = CliRunner().invoke(app, words)
    assert found.exit_code == 0, found.output
    assert "gemeten" in found.output and "alle lijnen" in found.output


@pytest.mark.parametrize(
    ("records", "day", "says"),
    [
        ("sqlite:////nowhere/acd.db", "2026-10-05", "there is no folder /nowhere"),
        ("oracle://x/y", "2026-10-05", "oracle is not supported"),
        ("{url}", "2025-01-01", "no call that chose a line was recorded on 2025-01-01"),
    ],
)
def test_what_cannot_be_replayed_is_told(place: Path, url: str, records: str, day: str, says: str) -> None:
    words = ["replay", str(place / "small.yaml"), "--records", records.format(url=url), "--day", day]
    found = CliRunner().invoke(app, words)
    assert found.exit_code == 1
    assert says in found.output and "Traceback" not in found.output


@pytest.mark.parametrize(
    ("language", "says"),
    [("nl", "Gemeten en gesimuleerd"), ("en", "Measured and simulated"), ("fr", "Mesuré et simulé")],
)
def test_the_report_shows_what_was_beside_what_would_be(place: Path, url: str, language: str, says: str) -> None:
    file = place / "replay.html"
    words = ["replay", str(place / "small.yaml"), "--records", url, "--day", "2026-10-05", "-n", "3", "--cores", "1"]
    found = CliRunner().invoke(app, [*words, "--json", "--html", str(file), "-l", language])
    assert found.exit_code == 0, found.output
    total = json.loads(found.stdout)[0]
    html = file.read_text()
    assert says in html
    for value in (total["measured"]["reachability"], total["simulated"]["reachability"]["mean"]):
        assert f'<data value="{value}">' in html


def test_lines_that_the_city_does_not_have(place: Path, url: str) -> None:
    (place / "other.yaml").write_text(CITY.replace("lez", "zone"))
    (place / "moved.yaml").write_text(SMALL.replace("city.yaml", "other.yaml").replace("lez", "zone"))
    with pytest.raises(BadDay, match="calls were recorded on lez, which the city does not have"):
        replay(read(place / "moved.yaml").setup, url, MONDAY)


def scenario(place: Path, calls: str, more: str = "") -> Path:
    file = place / "records.yaml"
    file.write_text(SMALL.replace("total: 200,", calls) + more)
    return file


def test_a_scenario_may_name_the_records(place: Path, url: str) -> None:
    setup = read(scenario(place, f"records: {{database: '{url}', day: 2026-10-06}},")).setup
    tuesday = read_days(url, date(2026, 10, 6), date(2026, 10, 6))
    assert setup.demand.recorded is not None and len(setup.demand.recorded) == len(tuesday) > 50
    assert {call.day for call in setup.demand.recorded} == {0}


@pytest.mark.parametrize(
    ("calls", "more", "says"),
    [
        ("records: {database: 'mysql://x/y'},", "", "calls.records.database: must be an address such as sqlite:///"),
        ("records: {database: 'sqlite:///gone.db'},", "", "there is no such file"),
        ("recorded: day.csv, records: {database: 'sqlite:///x.db'},", "", "cannot stand beside 'recorded'"),
        ("", "measured: {database: 'sqlite:///x.db', first: 2026-10-06}", "measured.last: is missing"),
    ],
)
def test_faults_of_a_scenario_with_records(place: Path, calls: str, more: str, says: str) -> None:
    with pytest.raises(ConfigError) as fault:
        read(scenario(place, calls, more))
    assert says in str(fault.value)


def test_talk_and_patience_from_the_records(place: Path, url: str) -> None:
    more = f"measured: {{database: '{url}', first: 2026-10-05, last: 2026-10-06}}"
    demand = read(scenario(place, "total: 200,", more)).setup.demand.lines
    info, lez = demand[LineId("info")], demand[LineId("lez")]
    calls = read_days(url, MONDAY, date(2026, 10, 6))
    known = [call.talk for call in calls if call.line == "info" and call.talk is not None]
    assert info.talk.mean == pytest.approx(sum(known) / len(known))
    assert lez.talk == Exponential(360.0)  # the scenario says so itself


def test_a_database_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "acd.db").write_bytes(b"not a database at all" * 100)
    with pytest.raises(DatabaseUnusable, match="not a database"):
        read_days(f"sqlite:///{tmp_path}/acd.db", MONDAY, MONDAY)


def test_patience_is_found_behind_those_who_were_served() -> None:
    """Half of the callers are served before their patience is over: the mean of those who gave up would be far too
    short, and that of all waits too."""
    random = Random(1)
    waits = []
    for _ in range(20_000):
        patience, served = random.expovariate(1 / 120), random.expovariate(1 / 120)
        waits.append((min(patience, served), patience < served))
    found = Survival(tuple(waits))
    assert found.mean == pytest.approx(120, rel=0.05)
    sample = found.sampler(Random(2))
    drawn = [sample() for _ in range(20_000)]
    assert sum(drawn) / len(drawn) == pytest.approx(120, rel=0.05)
    assert sum(seconds > 120 for seconds in drawn) / len(drawn) == pytest.approx(0.368, abs=0.015)


def test_everybody_gave_up_is_the_plain_distribution() -> None:
    found = Survival(((10.0, True), (20.0, True), (60.0, True)))
    sample = found.sampler(Random(3))
    assert found.mean == pytest.approx(30.0)
    assert {sample() for _ in range(200)} == {10.0, 20.0, 60.0}
    with pytest.raises(ValueError, match="nobody gave up"):
        Survival(((10.0, False),))
