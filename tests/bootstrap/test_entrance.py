"""The first admin, the secret of the cookies, and accounts from the terminal."""

import re
import sqlite3
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from acd.bootstrap.entrance import cookie_secret, over_tls
from acd.bootstrap.people import add
from acd.bootstrap.settings import Settings
from acd.cli import app
from acd.config import load
from acd.model.account import AccountError, Role
from sim.demo import demo_switch
from tests.bootstrap.test_service import ROOT, running


def test_the_secret_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    secret = cookie_secret(tmp_path)
    path = tmp_path / "web.secret"
    assert len(secret) >= 43
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)
    assert cookie_secret(tmp_path) == secret
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_text("")  # the power went while it was being made
    assert len(cookie_secret(tmp_path)) >= 43
    assert cookie_secret(tmp_path) != secret


@pytest.mark.parametrize(
    ("names", "tls"),
    [
        (("localhost", "127.0.0.1", "::1"), False),
        (("localhost", "acd.stad.example"), True),
        (("10.0.0.1",), True),
        (("*",), True),
    ],
)
def test_every_name_but_this_machines_own_means_tls(names: tuple[str, ...], tls: bool) -> None:
    assert over_tls(names) is tls


async def test_the_first_start_says_a_password_once_and_it_opens_the_door(tmp_path: Path) -> None:
    switch = await demo_switch(load(ROOT / "queues.yaml").policy, pace=1.0, seed=3)
    try:
        async with running(switch, tmp_path / "state") as service:
            wallboard, sign_in = service.greeting()
            said = re.fullmatch(r"sign in at (.*)/login as admin with the one-time password ([a-z2-9-]{19})", sign_in)
            assert said and wallboard == f"wallboard at {said[1]}"
            async with httpx.AsyncClient(base_url=service.web_url, headers={"Accept": "text/html"}) as browser:
                csrf = re.search(r'name="csrf" value="([^"]+)"', (await browser.get("/login")).text)
                assert csrf
                fields = {"csrf": csrf[1], "name": "admin", "password": said[2]}
                assert (await browser.post("/login", data=fields)).status_code == 303
                assert (await browser.get("/accounts")).headers["location"] == "/password"
        async with running(switch, tmp_path / "state") as service:
            assert "password" not in " ".join(service.greeting())
    finally:
        await switch.stop()


async def test_an_account_made_before_the_first_start_does_not_cost_the_admin(tmp_path: Path) -> None:
    settings = Settings(state=tmp_path / "state", ami_secret=SecretStr("x"), ami_secret_file=None)
    await add(settings, "cli:root", "marie", Role.OPERATOR, None)
    with pytest.raises(AccountError, match="without spaces"):
        await add(settings, "cli:root", "a b", Role.OPERATOR, None)
    switch = await demo_switch(load(ROOT / "queues.yaml").policy, pace=1.0, seed=3)
    try:
        async with running(switch, tmp_path / "state") as service:
            assert service.first_password
    finally:
        await switch.stop()


def test_accounts_at_the_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACD_STATE", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")

    def acd(*words: str) -> str:
        result = CliRunner().invoke(app, ["user", *words])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return f"{result.exit_code} {result.output}"

    assert re.match(r"0 one-time password of marie: [a-z2-9-]{19}\n", acd("add", "Marie", "--operator", "marie_claes"))
    assert "1 there is an account 'marie' already" in acd("add", "marie")
    assert re.match(r"0 link of hall, .*: /kiosk/[\w-]{43}\n", acd("add", "hall", "wallboard"))
    assert acd("add", "ada", "admin").startswith("0 ")
    assert acd("role", "marie", "supervisor") == "0 marie: supervisor\n"
    assert acd("disable", "marie") == "0 marie: closed\n"
    assert re.search(r"marie +│ supervisor +│ +│ closed", acd("list"))
    assert acd("disable", "marie", "--enable") == "0 marie: open\n"
    assert "1 'ada' is the last admin" in acd("disable", "ada")
    assert acd("passwd", "marie").startswith("0 one-time password of marie: ")
    assert "1 there is no account 'nobody'" in acd("passwd", "nobody")
    audit = sqlite3.connect(tmp_path / "acd.db").execute("SELECT who, action, about FROM audit ORDER BY seq").fetchall()
    assert [(action, about) for _, action, about in audit] == [
        ("account_added", "marie"),
        ("account_added", "hall"),
        ("account_added", "ada"),
        ("account_role", "marie"),
        ("account_disabled", "marie"),
        ("account_enabled", "marie"),
        ("account_password", "marie"),
    ]
    assert all(who.startswith("cli:") for who, _, _ in audit)
