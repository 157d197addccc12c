"""The command line as a person meets it: what is wrong is said in a line, without a traceback."""

import asyncio
import time
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner

from acd.cli import app
from acd.cli.calls import explain
from acd.model.events import CallOffered, Why
from acd.model.ids import CallId, LineId, OfferId, OperatorId
from acd.records import Ledger, upgrade
from tests.records.histories import NUMBER, answered, flat

ROOT = Path(__file__).parents[2]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):  # type: ignore[no-untyped-def]
    """Runs ``acd`` with the shipped city and an empty state folder; gives exit code and all that was printed."""
    monkeypatch.setenv("ACD_QUEUES", str(ROOT / "queues.yaml"))
    monkeypatch.setenv("ACD_FLOWS", str(ROOT / "ivr_flows"))
    monkeypatch.setenv("ACD_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("COLUMNS", "200")

    def run(*words: str) -> tuple[int, str]:
        result = CliRunner().invoke(app, list(words))
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.exit_code, result.output

    yield run
    structlog.reset_defaults()


def test_check_says_what_there_is(run) -> None:  # type: ignore[no-untyped-def]
    code, said = run("check")
    assert code == 0
    assert "8 lines, 20 operators, 8 menus" in said


def test_check_tells_every_fault_with_its_line(run, monkeypatch, tmp_path) -> None:  # type: ignore[no-untyped-def]
    broken = tmp_path / "queues.yaml"
    text = (ROOT / "queues.yaml").read_text()
    broken.write_text(text.replace("guard: 90s", "gaurd: 90s").replace("device: 1002", "device: 1001"))
    monkeypatch.setenv("ACD_QUEUES", str(broken))
    code, said = run("check")
    assert code == 1
    assert "did you mean" in said
    assert said.count("queues.yaml:") >= 2


def test_dialplan_build_writes_files_with_passwords_for_their_owner_alone(run, tmp_path) -> None:  # type: ignore[no-untyped-def]
    code, said = run("dialplan", "build", "--to", str(tmp_path / "asterisk"))
    assert code == 0, said
    manager = tmp_path / "asterisk/acd-manager.conf"
    secret = (tmp_path / "state/ami.secret").read_text().strip()
    assert f"secret = {secret}" in manager.read_text() or f"secret={secret}" in manager.read_text()
    assert manager.stat().st_mode & 0o007 == 0
    assert (tmp_path / "state/site.yaml").stat().st_mode & 0o077 == 0
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "asterisk").iterdir()}
    run("dialplan", "build", "--to", str(tmp_path / "asterisk"))
    assert before == {path.name: path.stat().st_mtime_ns for path in (tmp_path / "asterisk").iterdir()}


def test_a_bad_site_is_told_by_its_file(run, tmp_path) -> None:  # type: ignore[no-untyped-def]
    site = tmp_path / "site.yaml"
    site.write_text("trunk_hosts: 3\n")
    site.chmod(0o640)
    code, said = run("dialplan", "build", "--to", str(tmp_path / "asterisk"), "--site", str(site))
    assert code == 1
    assert str(site) in said
    assert "trunk_hosts" in said


@pytest.mark.parametrize(
    "words",
    [("status",), ("operator", "ready", "an_peeters"), ("drain",), ("reload",), ("crisis", "off")],
)
def test_without_a_running_service_that_is_said(run, words: tuple[str, ...]) -> None:  # type: ignore[no-untyped-def]
    code, said = run(*words)
    assert code == 1
    assert "the service is not running here" in said


def test_run_without_a_secret_names_the_setting(run) -> None:  # type: ignore[no-untyped-def]
    code, said = run("run")
    assert code == 1
    assert "ACD_AMI_SECRET_FILE" in said


def test_a_wrong_date_or_an_unknown_database_is_said(run) -> None:  # type: ignore[no-untyped-def]
    assert run("calls", "--day", "gisteren") == (1, "--day 'gisteren': a date looks like 2027-03-01\n")
    code, said = run("calls")
    assert code == 1
    assert "acd.db" in said


def test_a_list_of_calls_shows_nobodys_whole_number(run, tmp_path) -> None:  # type: ignore[no-untyped-def]
    async def one_call() -> None:
        (tmp_path / "state").mkdir()
        url = f"sqlite:///{tmp_path}/state/acd.db"
        await upgrade(url)
        async with Ledger(url) as ledger:
            ledger.write(flat(answered("17.1", time.time() - 60)))
            await ledger.caught_up()

    asyncio.run(one_call())
    for words in (["calls"], ["calls", "--json"]):
        code, said = run(*words)
        assert code == 0 and "17.1" in said and "456" in said and NUMBER not in said, said


def test_replay_of_a_recorded_session(run) -> None:  # type: ignore[no-untyped-def]
    code, said = run("replay", str(ROOT / "tests/traces/41-register-expire.engine.recv"))
    assert code == 0, said
    assert "PhoneChanged" in said


def test_the_reason_for_a_choice_is_a_sentence() -> None:
    why = Why("guard", 102.0, 102.0, 6, 0.6, 0.8, "least_skilled", 1, 2, 14.0, 3)
    said = explain(CallOffered(0.0, CallId("a"), LineId("info"), OperatorId("anna"), OfferId(1), why))
    assert "had waited longest, beyond the limit" in said
    assert "3 idle" in said


def test_keys_are_made_once_and_revoked(run) -> None:  # type: ignore[no-untyped-def]
    code, said = run("key", "add", "Rapport-BI", "--scope", "figures", "--days", "30")
    assert (code, said.count("acd_")) == (0, 1)
    key = said.split()[-1]
    code, said = run("key", "list")
    assert "rapport-bi" in said and "open" in said and key not in said
    assert run("key", "add", "rapport-bi", "--scope", "figures")[0] == 1
    assert run("key", "add", "crm", "--scope", "numbers")[0] == 1
    assert run("key", "revoke", "rapport-bi")[0] == 0
    assert run("key", "revoke", "rapport-bi")[0] == 1
    assert "revoked" in run("key", "list")[1]


def test_webhooks_are_listed_with_what_is_wrong(run, monkeypatch, tmp_path) -> None:  # type: ignore[no-untyped-def]
    city = tmp_path / "queues.yaml"
    hook = "{url: 'https://127.0.0.1:9/acd', secret_file: crm.secret, events: [call.ended]}"
    city.write_text((ROOT / "queues.yaml").read_text() + f"webhooks:\n  crm: {hook}\n")
    monkeypatch.setenv("ACD_QUEUES", str(city))
    assert "crm.secret cannot be read" in run("webhooks")[1]
    code, secret = run("webhooks", "secret")
    (tmp_path / "crm.secret").write_text(secret)
    (tmp_path / "crm.secret").chmod(0o600)
    code, said = run("webhooks")
    assert (code, "crm.secret" in said, "call.ended" in said) == (0, False, True)
    # Its address is this very machine's, which its settings do not allow.
    code, said = run("webhooks", "test", "crm")
    assert (code, "not of the public network" in said) == (1, True)
    assert run("webhooks", "redeliver", "crm") == (0, "crm: 0 to be sent again\n")
    assert run("webhooks", "redeliver", "crm", "e9")[0] == 1
    assert "has no webhook 'bi'" in run("webhooks", "test", "bi")[1]
    assert run("webhooks", "dead")[0] == 0
