"""Promises at the control socket and at the command line of the running service."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner

from acd.bootstrap.service import Service
from acd.cli import app
from acd.model.account import AuditAction
from acd.model.events import CallbackPromised, CallStarted, OutcomeCounted
from acd.model.ids import CallbackId, CallId
from acd.model.outcome import Outcome
from acd.records import CallbackStore, day_of
from acd.runtime.control import ControlError, ask
from tests.bootstrap.test_failures import NoSwitch, settings, started
from tests.callbacks.promises import AN, LINE, promise

DAY = 86_400.0


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    """Running, with one promise for tomorrow."""
    service = Service(settings(tmp_path), pbx=NoSwitch())
    task = await started(service)
    store, now = CallbackStore(service.settings.database_url), time.time()
    await store.book(
        msgspec.structs.replace(
            promise(), promised_at=now, start_at=now + DAY, end_at=now + DAY + 1800, deadline=now + 2 * DAY
        ),
        AN,
    )
    await store.close()
    yield service
    service.stop()
    await asyncio.wait_for(task, 10)


async def acd(service: Service, monkeypatch: pytest.MonkeyPatch, *words: str) -> tuple[int, str]:
    monkeypatch.setenv("ACD_STATE", str(service.settings.state))
    monkeypatch.setenv("COLUMNS", "200")
    # The runner takes all that this process prints for the command's: the service's log must not be among it.
    with capture_logs():
        result = await asyncio.to_thread(CliRunner().invoke, app, ["callbacks", *words])
    return result.exit_code, result.output


async def test_a_person_works_through_the_list(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    code, said = await acd(service, monkeypatch)
    assert code == 0 and "17.1" in said and "gentinfo" in said and f"••• {AN[-3:]}" in said
    assert AN not in said
    code, said = await acd(service, monkeypatch, "hand-over", "17.1", "--to", "bo", "--why", "he asked for Bo")
    assert (code, said) == (0, "17.1: handed_over\n")
    code, said = await acd(service, monkeypatch, "show", "17.1")
    assert code == 0 and AN in said and "hand_over (he asked for Bo)" in said and "caller: promised, from" in said
    seen = await service.accounts.log(about="17.1", action=AuditAction.NUMBER_SEEN, before=1e12, limit=9)
    assert seen and all(one.who.startswith("cli:") for one in seen), "whoever sees a number is written down"
    code, said = await acd(service, monkeypatch, "done", "17.1")
    assert (code, said) == (0, "17.1: reached\n")
    code, said = await acd(service, monkeypatch, "--json")
    assert (code, said) == (0, "")
    code, said = await acd(service, monkeypatch, "--json", "--closed", "5")
    assert json.loads(said)["owner"].startswith("cli:")
    code, said = await acd(service, monkeypatch, "done", "17.1")
    assert code == 1 and "cannot do reach in state reached" in said


@pytest.mark.parametrize(
    ("do", "details", "words"),
    [
        ("callback", {"callback": "nobody"}, "no promise nobody"),
        ("callback", {}, "no promise"),
        ("callback_act", {"callback": "17.1", "action": "explode", "by": "x"}, "'explode' is not a valid Act"),
        ("callback_act", {"callback": "17.1", "action": "done"}, "does not say who acts"),
        ("callback_act", {"callback": "17.1", "action": "move", "by": "x", "at": "soon"}, "could not convert"),
        ("callback_act", {"callback": "17.1", "action": "move", "by": "x", "at": 5.0}, "is over"),
    ],
)
async def test_what_makes_no_sense_is_told(service: Service, do: str, details: dict[str, str], words: str) -> None:
    with pytest.raises(ControlError, match=words):
        await ask(service.settings.socket, do, **details)


async def test_the_figures_of_the_promise_name_their_numbers_and_formula(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    today = day_of(time.time()).isoformat()
    code, said = await acd(service, monkeypatch, "figures", today)
    assert code == 0
    assert "Promises given               1  callbacks booked, one that is moved once (version 1)" in said
    assert "Kept promises                -  0 of 0  callbacks reached before" in said, "its deadline is still ahead"
    now, call = time.time(), CallId("17.1")
    accepted = OutcomeCounted(now, call, LINE, Outcome.CALLBACK_ACCEPTED, 30.0)
    given = CallbackPromised(now, call, LINE, CallbackId("17.1"), now + DAY, now + DAY + 1800, now + 2 * DAY)
    service.ledger.write([CallStarted(now, call, "3292101010", None, now), given, accepted])
    await service.ledger.flush()
    code, said = await acd(service, monkeypatch, "figures", today)
    assert code == 0 and "Reached                   0.0%  0 of 1 (weak: few)  (A + callbacks reached in time)" in said
    await acd(service, monkeypatch, "done", "17.1")
    code, said = await acd(service, monkeypatch, "figures", today)
    assert code == 0 and "Reached                 100.0%  1 of 1 (weak: few)" in said
    code, said = await acd(service, monkeypatch, "figures", "yesterday")
    assert code == 1 and "a date looks like 2027-03-01" in said
