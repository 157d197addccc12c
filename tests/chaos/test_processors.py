"""Who had the processors meanwhile (:mod:`sim.faults.processors`), on an invented ``/proc``."""

import time
from pathlib import Path

import pytest

from sim.faults.processors import TICK, Processors


def test_each_look_tells_what_was_since_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "time", lambda: now)
    _machine(tmp_path, stolen=7)
    _process(tmp_path, 10, "asterisk", 500, 100)
    _process(tmp_path, 11, "a) (name 3", 40, 2)
    looks = Processors(tmp_path)

    now = 1002.0
    _machine(tmp_path, stolen=7 + TICK)
    _process(tmp_path, 10, "asterisk again", 500 + TICK, 100 + TICK // 2)
    _process(tmp_path, 12, "grep", TICK, 0)
    (tmp_path / "11/stat").unlink()
    shares = looks.look()

    assert shares.stolen == pytest.approx(0.5)
    assert shares.used == pytest.approx({"asterisk again/10": 0.75, "grep/12": 0.5})
    assert str(shares) == "1002.000 in 2.00 s: stolen 0.50; asterisk again/10 0.75, grep/12 0.50"

    now = 1003.0
    assert looks.look().stolen == 0.0


def _machine(proc: Path, stolen: int) -> None:
    (proc / "stat").write_text(f"cpu  6474094 298853 1406386 6842129 73563 0 80742 {stolen} 0 0\ncpu0 1 2 3\n")


def _process(proc: Path, pid: int, name: str, user: int, system: int) -> None:
    (proc / str(pid)).mkdir(exist_ok=True)
    (proc / str(pid) / "stat").write_text(f"{pid} ({name}) S 1 1 1 0 -1 4194560 9 8 7 6 {user} {system} 0 0 20 0\n")
