"""The independent count, short: SIPp, Asterisk's own records and ours agree call by call, though the engine dies twice
and Asterisk at the end.

The long form, of 500 calls: ``python -m sim count FOLDER``.
"""

import sqlite3
from pathlib import Path

import pytest

from sim.count.callers import plans
from sim.count.run import count
from tests.e2e.conftest import PROMPTS

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(300)]

CALLS, RATE = 80, 1.6


async def test_three_accounts_of_the_same_calls_agree(tmp_path: Path) -> None:
    verdict, measured = await count(tmp_path, PROMPTS, CALLS, RATE, print)
    assert [str(one) for one in verdict.differences] == []
    assert verdict.calls == len(plans(CALLS))
    assert len(measured.killed) == 2
    assert verdict.gaps >= 2
    assert verdict.outcomes["switch_failure"] >= 3, "who waited as Asterisk died"
    kinds = {"answered", "abandoned", "abandoned_short", "left_menu", "informed", "closed", "overflow_lost"}
    assert kinds <= verdict.outcomes.keys()
    with sqlite3.connect(tmp_path / "state/acd.db") as connection:
        [scores] = connection.execute("SELECT count(*) FROM survey_answer").fetchone()
    assert scores, "somebody was heard as he gave a score"
