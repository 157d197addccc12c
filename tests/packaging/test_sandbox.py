"""The unit's sandbox, as systemd itself judges it."""

import re
import subprocess
from pathlib import Path

UNIT = Path(__file__).parents[2] / "packaging/acd.service"


def judged(unit: Path) -> float:
    """0 = nothing can be reached from the service, 10 = everything."""
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(unit)]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", said.stdout)
    assert found, said.stdout + said.stderr
    return float(found[1])


def test_little_of_the_machine_can_be_reached_from_the_service(tmp_path: Path) -> None:
    assert judged(UNIT) <= 1.5
    plain = tmp_path / "acd.service"
    plain.write_text("[Service]\nExecStart=/usr/bin/acd run\n")
    assert judged(plain) > 9
