"""The product on the real Asterisk with everything around it failing, one thing after the other, and the verdict.

Each thing but one is broken once; ``.ci/run-long`` goes on for half an hour, and then breaks some of a product with
SQLite (docs/faults.md).
"""

import os
import sys
from collections.abc import Collection
from pathlib import Path

import pytest

from sim.faults.database import DATABASES
from sim.faults.kinds import FAULTS
from sim.faults.run import Verdict, report, run

SOAK = float(os.environ.get("ACD_SOAK_MINUTES", "0"))
SEED = 1
FLAT = 5.0
"""Megabytes that the engine which led last may hold more at its end than after the first quarter of its time."""

SHORT = [name for name in FAULTS if name != "switch-clock"]
"""Once each in every run; half a minute of Asterisk's clock is left to the soak."""
OF_A_FILE = ("kill", "stop", "cut", "asterisk", "db-locked", "db-full", "disk-full", "flood")
"""What is tried of a product whose database is a file; the rest has nothing to do with it."""

pytestmark = [pytest.mark.alone, pytest.mark.asterisk, pytest.mark.postgresql, pytest.mark.timeout(900 + SOAK * 90)]


@pytest.mark.parametrize("database", DATABASES if SOAK else ["postgresql"])
async def test_no_promise_is_broken_whatever_fails(
    database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if database == "sqlite":
        verdict = await run(OF_A_FILE, database=database, seed=SEED, gap=(2.0, 4.0), into=tmp_path / "kept")
        judge(verdict, OF_A_FILE, capsys)
    elif SOAK:
        verdict = await run(minutes=SOAK, seed=SEED, into=tmp_path / "kept")
        judge(verdict, FAULTS, capsys)
        assert verdict.quarters[-1] - verdict.quarters[1] < FLAT
    else:
        judge(await run(SHORT, seed=SEED, gap=(2.0, 4.0), into=tmp_path / "kept"), SHORT, capsys)


def judge(verdict: Verdict, faults: Collection[str], capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        sys.stderr.write(f"\n{report(verdict)}\n")
    enough_has_happened(verdict, faults)
    assert (verdict.ends, verdict.stumbles) == ([], [])
    assert [f"{broken.promise}: {broken.what}" for broken in verdict.broken] == []


def enough_has_happened(verdict: Verdict, faults: Collection[str]) -> None:
    """A run in which nobody calls, or nothing fails, would break no promise either."""
    evidence = verdict.evidence
    assert len(verdict.faults) == len(faults)
    assert verdict.answered > 100
    assert any(row.outcome == "refused" for row in evidence.calls)
    assert any(hearing.full for hearing in evidence.heard)
    assert any(row.dialled_at is not None for row in evidence.attempts)
