"""The threat model names a test for each attack: it must be there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_every_attack_has_a_test_that_exists() -> None:
    rows = [row for row in (ROOT / "docs/threat-model.md").read_text("utf-8").splitlines() if row.startswith("| ")]
    named = [re.findall(r"`(test_\w+)`", row) for row in rows[1:]]
    assert len(named) > 20
    assert [row for row, tests in zip(rows[1:], named, strict=True) if not tests] == []
    text = "\n".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    there = set(re.findall(r"^(?:async )?def (test_\w+)", text, re.MULTILINE))
    assert {test for tests in named for test in tests} <= there
