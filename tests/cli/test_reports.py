"""Reports and files at the command line."""

import asyncio
import csv
import io
import json
import sqlite3
import zipfile
from itertools import pairwise
from pathlib import Path

import duckdb
import pytest
import structlog
from typer.testing import CliRunner

from acd.cli import app
from acd.figures.table import FIGURES
from acd.model import events as ev
from acd.model.ids import OperatorId
from acd.model.operator import OperatorState
from acd.model.outcome import Outcome
from acd.records import upgrade
from tests.figures.ledger import at, call
from tests.records.places import Place

ROOT = Path(__file__).parents[2]
DAY = "2027-03-01"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):  # type: ignore[no-untyped-def]
    """Runs ``acd`` on the records of a morning: nine answered, three abandoned."""
    monkeypatch.setenv("ACD_QUEUES", str(ROOT / "queues.yaml"))
    monkeypatch.setenv("ACD_STATE", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")

    async def morning() -> None:
        url = f"sqlite:///{tmp_path}/acd.db"
        await upgrade(url)
        outcomes = [Outcome.ANSWERED] * 9 + [Outcome.ABANDONED] * 3
        begin = at(f"{DAY}T09:00")
        events = [event for n, o in enumerate(outcomes) for event in call(o, 20.0, begin + 600 * n)]
        await Place(url, tmp_path / "spill").write(events)

    asyncio.run(morning())

    def run(*words: str) -> tuple[int, str]:
        result = CliRunner().invoke(app, list(words))
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.exit_code, result.stdout + result.stderr

    yield run
    structlog.reset_defaults()


def test_a_report_says_figures_numbers_and_formulas(run) -> None:  # type: ignore[no-untyped-def]
    code, said = run("report", DAY, "--grain", "60min", "--figure", "reachability", "--figure", "offered")
    assert code == 0, said
    assert "75.0% (9/12)" in said and "100.0% (6/6) !" in said
    assert f"reachability: Bereikbaarheid = {FIGURES['reachability'].formula} (version 1)" in said


def test_the_norms_side_by_side(run) -> None:  # type: ignore[no-untyped-def]
    _, said = run("report", DAY, "--norms", "--json")
    values = json.loads(said)["total"]["values"]
    assert {key: value["value"] for key, value in values.items()} == {
        "reachability": 0.75,
        "reached": 0.75,
        "offer_compliance": None,
        "service_level@30": 0.75,
        "strict_answer_rate": 0.75,
        "app_queue_sl@30": 1.0,
        "app_queue_sl2@30": 1.0,
    }


def test_the_calls_behind_a_figure(run) -> None:  # type: ignore[no-untyped-def]
    _, said = run("report", DAY, "--behind", "reachability")
    rows = [json.loads(line) for line in said.splitlines()]
    assert (len(rows), sum(row["counts"] for row in rows)) == (12, 9)


def test_calls_that_are_left_out_are_said_to_be(run) -> None:  # type: ignore[no-untyped-def]
    _, said = run("report", DAY, "--behind", "reachability", "--limit", "11")
    *rows, told = said.splitlines()
    assert len(rows) == 11 and told == "only the first 11: --limit tells more"


def test_a_report_as_csv_and_as_a_workbook(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    run("report", DAY, "--by", "line", "--to", str(tmp_path / "day.csv"))
    rows = list(csv.reader(io.StringIO((tmp_path / "day.csv").read_text("utf-8-sig"))))
    assert dict(zip(rows[0], rows[1], strict=True))["reachability"] == "0.75"
    run("report", DAY, "--to", str(tmp_path / "day.xlsx"))
    for name in ("day.csv", "day.xlsx"):
        assert (tmp_path / name).stat().st_mode & 0o077 == 0, "there may be figures of single operators in it"
    with zipfile.ZipFile(tmp_path / "day.xlsx") as archive:
        assert b"<v>0.75</v>" in archive.read("xl/worksheets/sheet1.xml")


@pytest.mark.parametrize("suffix", ["csv", "xlsx", "parquet"])
def test_a_view_as_a_file(run, tmp_path: Path, suffix: str) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path / f"calls.{suffix}"
    code, said = run("records", "export", "call", str(file), DAY)
    assert (code, said.split()[0]) == (0, "12"), said
    if suffix == "parquet":
        relation = duckdb.sql(
            f"SELECT outcome, count(*), min(arrived), sum(wait_seconds) FROM '{file}' GROUP BY 1 ORDER BY 1"
        )
        assert relation is not None
        found = relation.fetchall()
        assert [(outcome, n, total) for outcome, n, _, total in found] == [
            ("abandoned", 3, 60.0),
            ("answered", 9, 180.0),
        ]
        assert str(found[1][2]) == "2027-03-01 09:00:00"


def test_citizens_as_tables_json_and_files(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    for about, formula in {
        "subjects": "conversations noted as settled",
        "repeats": "A whose citizen called that line again within 7 days",
        "survey": "sum of the scores / number of scores",
    }.items():
        code, said = run("report", DAY, f"--{about}")
        assert code == 0 and formula in said
        assert formula in run("report", DAY, f"--{about}", "--json")[1]
        run("report", DAY, f"--{about}", "--to", str(tmp_path / f"{about}.csv"))
        assert formula in (tmp_path / f"{about}.csv").read_text("utf-8-sig")
    assert "calls of no known citizen: 12" in run("report", DAY, "--repeats")[1]
    code, said = run("report", DAY, "--repeats", "--survey")
    assert code == 1 and "one of" in said


def test_waits_and_abandonment_by_wait_are_those_of_the_page(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """All twelve waited 20 s: three of the twelve who still waited then hung up."""
    rows = json.loads(run("report", DAY, "--waits", "--json")[1])
    assert [(row["since"], row["still"], row["answered"], row["abandoned"]) for row in rows] == [
        *((since, 12, 0, 0) for since in (0, 10)),
        (20, 12, 9, 3),
    ]
    code, said = run("report", DAY, "--waits")
    assert code == 0 and "25.0%" in said and "75.0%" in said and "hung up in it, of those who still waited" in said
    run("report", DAY, "--waits", "--to", str(tmp_path / "waits.csv"))
    assert (tmp_path / "waits.csv").read_text("utf-8-sig").splitlines()[3] == "20,30,9,3,0,12,0.75,12,0.25"


def test_operators_time_by_state_of_all_and_of_each(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    an, begin = OperatorId("an"), at(f"{DAY}T09:00")
    states = (OperatorState.LOGGED_OUT, OperatorState.AVAILABLE, OperatorState.IN_CALL, OperatorState.LOGGED_OUT)
    changed: list[ev.Event] = [
        ev.OperatorChanged(begin + 60 * n, an, before, now, None, "an")
        for n, (before, now) in enumerate(pairwise(states))
    ]
    asyncio.run(Place(f"sqlite:///{tmp_path}/acd.db", tmp_path / "spill").write(changed))
    [whole] = json.loads(run("report", DAY, "--states", "--json")[1])
    assert (whole["who"], whole["states"]["available"], whole["states"]["in_call"]) == (None, 60.0, 60.0)
    of_each = json.loads(run("report", DAY, "--states", "--by", "operator", "--json")[1])
    assert [row["who"] for row in of_each] == ["an", None]
    code, said = run("report", DAY, "--states", "--by", "operator")
    assert code == 0 and "(all)" in said and "logged-out time is left out" in said


def test_two_times_side_by_side(run) -> None:  # type: ignore[no-untyped-def]
    code, said = run("report", DAY, "--against", "2027-02-28", "--figure", "offered", "--figure", "reachability")
    assert code == 0 and "compared with" in said
    found = json.loads(
        run("report", f"{DAY}T09:00", f"{DAY}T10:29", "--against", f"{DAY}T10:30..{DAY}T12:00", "--json")[1]
    )
    assert found["now"]["total"]["values"]["reachability"]["value"] == 1.0
    assert found["then"]["total"]["values"]["reachability"]["value"] == 0.0
    assert run("report", DAY, "--against", "2027-03-02..2027-03-01")[0] == 1
    assert "without --grain" in run("report", DAY, "--against", "2027-02-28", "--grain", "day")[1]


def test_norms_say_what_they_promise_and_whether_it_was_kept(run) -> None:  # type: ignore[no-untyped-def]
    _, said = run("report", DAY, "--norms")
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in said.splitlines() if line.startswith("│")]
    assert ["Gent, wallboard", "reachability", "-", "75.0%", "-"] in rows, "nobody has published a target"
    assert ["Asterisk SL, 30 s", "app_queue_sl@30", "-", "100.0%", "-"] in rows
    assert ["Groningen: 95 % answered", "strict_answer_rate", "95.0%", "75.0%", "missed"] in rows
    assert ["1700: offer at 150 s", "offer_compliance", "100.0%", "-", "-"] in rows


@pytest.mark.parametrize("words", [(), ("--subjects",), ("--repeats",), ("--survey",), ("--waits",), ("--states",)])
def test_what_could_not_be_seen_is_told_under_every_table(run, tmp_path: Path, words: tuple[str, ...]) -> None:  # type: ignore[no-untyped-def]
    gone = at(f"{DAY}T11:00")
    lost: list[ev.Event] = [ev.LinkWentDown(gone, "closed"), ev.LinkCameUp(gone + 60, 0, 0)]
    asyncio.run(Place(f"sqlite:///{tmp_path}/acd.db", tmp_path / "spill").write(lost))
    _, said = run("report", DAY, *words)
    assert "lower bound" in said and "2027-03-01 11:00:00" in said and "2027-03-01 11:01:00" in said


def test_the_tables_made_anew_give_the_same_report(run) -> None:  # type: ignore[no-untyped-def]
    _, before = run("report", DAY, "--figure", "offered", "--figure", "aht")
    code, said = run("records", "rebuild")
    assert code == 0 and said == "made anew from 57 events\n"
    assert run("report", DAY, "--figure", "offered", "--figure", "aht")[1] == before


def test_an_auditor_checks_the_ledger(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    code, said = run("records", "check")
    assert code == 0 and said.endswith("no event is missing, and each promise is what its log says\n")
    [line] = said.splitlines()[:-1]
    assert line.startswith(f"{DAY}  1-57  57 events  ") and len(line.split()[-1]) == 64
    with sqlite3.connect(tmp_path / "acd.db") as database:
        database.execute("DROP TRIGGER event_no_delete")
        database.execute("DELETE FROM event WHERE seq IN (3, 4, 57)")
    database.close()
    code, said = run("records", "check")
    assert code == 1
    assert "missing from the ledger: 3-4\nmissing after the last number: 1, taken out" in said
    code, said = run("records", "rebuild")
    assert code == 1 and said == "events are missing from the ledger: 3-4; nothing was changed\n"
    assert run("records", "rebuild", "--incomplete") == (0, "made anew from 54 events\n")


def test_every_figure_is_listed_with_its_formula(run) -> None:  # type: ignore[no-untyped-def]
    _, said = run("report", "--list")
    assert all(id in said for id in FIGURES)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("report", "yesterday"), "'yesterday' is no period: a day looks like 2027-03-01"),
        (("report", "--figure", "luck"), "there is no figure 'luck'; there are: offered"),
        (("report", DAY, "--behind", "occupancy"), "behind the figure occupancy there are no single rows"),
        (("report", DAY, "--to", "day.pdf"), "day.pdf: a report is a .csv or an .xlsx, not .pdf"),
        (("records", "export", "account", "x.csv"), "there is no view 'account'"),
        (("records", "export", "call", "x.doc"), "x.doc: a view is written as .csv, .xlsx or .parquet"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(run, words: tuple[str, ...], told: str) -> None:  # type: ignore[no-untyped-def]
    code, said = run(*words)
    assert code == 1
    assert told in said
