"""The audit of dependencies never takes silence for safety, and no password lies among the files."""

import runpy
import subprocess
from datetime import date
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
AUDIT = runpy.run_path(str(ROOT / "scripts/audit"))
HOLE = {"name": "x", "version": "1", "vulns": [{"id": "PYSEC-1", "aliases": ["CVE-2"]}]}
CLEAN = {"name": "y", "version": "1", "vulns": []}
UNKNOWN = {"name": "z", "skip_reason": "not found on PyPI"}


@pytest.mark.parametrize(
    ("found", "let_pass", "code"),
    [
        ([CLEAN], set(), 0),
        ([CLEAN, HOLE], set(), 1),
        ([CLEAN, HOLE], {"PYSEC-1"}, 0),
        ([HOLE], {"CVE-2"}, 0),
        ([UNKNOWN, CLEAN], set(), 3),
        ([UNKNOWN, HOLE], set(), 1),
    ],
)
def test_silence_is_not_taken_for_safety(found: list[Any], let_pass: set[str], code: int) -> None:
    assert AUDIT["judged"](found, let_pass) == code


def test_a_hole_in_what_the_pages_are_built_of_has_its_name() -> None:
    hole = {"source": 1, "name": "x", "url": "https://github.com/advisories/GHSA-aaaa-bbbb-cccc", "range": "<2"}
    through = {"name": "y", "range": "*", "via": ["x"]}
    packages = [AUDIT["as_found"]({"name": "x", "range": "<2", "via": [hole]}), AUDIT["as_found"](through)]
    assert AUDIT["judged"](packages, set()) == 1
    assert AUDIT["judged"](packages, {"GHSA-aaaa-bbbb-cccc"}) == 0


def test_what_is_let_pass_counts_again_after_its_day(tmp_path: Path) -> None:
    file = tmp_path / "allowed.toml"
    file.write_text('[[advisory]]\nid = "PYSEC-1"\nreason = "not used"\nuntil = 2027-06-30\n')
    assert AUDIT["allowed"](file, date(2027, 6, 30)) == {"PYSEC-1"}
    assert AUDIT["allowed"](file, date(2027, 7, 1)) == set()
    assert AUDIT["allowed"](ROOT / "scripts/audit-allowed.toml", date(2027, 1, 1)) == set()


SECRETS = "|".join(
    (
        "-----BEGIN [A-Z ]*PRIVATE" + " KEY-----",
        "AKIA[0-9A-Z]{16}",
        "gh[pousr]_[A-Za-z0-9]{36}",
        "github_pat_[A-Za-z0-9_]{40}",
        "glpat-[A-Za-z0-9_-]{20}",
        "xox[abprs]-[A-Za-z0-9-]{10}",
        "sk_live_[A-Za-z0-9]{20}",
        "pypi-AgE[A-Za-z0-9_-]{20}",
    )
)


def test_no_key_or_token_lies_among_the_files() -> None:
    command = ["git", "grep", "-lIE", "-e", SECRETS, "--", ".", ":!acd/web/static"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (said.returncode, said.stdout) == (1, ""), said.stdout + said.stderr
