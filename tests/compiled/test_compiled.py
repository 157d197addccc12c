"""The compiled modules (scripts/compile) do what their sources do: the same tests, run on them."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from acd.compiled import refuse_stale

ROOT = Path(__file__).parents[2]
NEEDED = ("acd", "sim", "bench", "tests", "scripts", "ivr_flows", "pyproject.toml", "constraints.txt", "queues.yaml")
ROOMS = ("tests/engine", "tests/routing", "tests/sim_model")


def run(*command: str, cwd: Path) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


@pytest.mark.compiler
@pytest.mark.timeout(1200)
def test_the_same_tests_pass_on_compiled_modules(tmp_path: Path) -> None:
    for name in NEEDED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("*.so", "node_modules"))
        else:
            shutil.copy2(ROOT / name, tmp_path / name)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    # This environment as it is: a copy that lives for a test must not install itself into it.
    (tmp_path / "scripts/environment").write_text("#!/bin/sh\n")
    run("scripts/compile", cwd=tmp_path)
    python = str(tmp_path / ".venv/bin/python")
    modules = "import acd.engine.core, sim.model.world; print(acd.engine.core.__file__, sim.model.world.__file__)"
    core, world = run(python, "-c", modules, cwd=tmp_path).split()
    assert Path(core).parent == tmp_path / "acd/engine" and core.endswith(".so")
    assert Path(world).parent == tmp_path / "sim/model" and world.endswith(".so")
    run(python, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *ROOMS, cwd=tmp_path)


def test_what_was_compiled_from_other_sources_is_not_imported(tmp_path: Path) -> None:
    source, module = tmp_path / "core.py", tmp_path / "core.cpython-311-x86_64-linux-gnu.so"
    source.touch()
    module.touch()
    now = time.time()
    os.utime(source, (now, now))
    os.utime(module, (now + 1, now + 1))
    refuse_stale(tmp_path)
    os.utime(source, (now + 2, now + 2))
    with pytest.raises(ImportError, match=r"core\.py has changed since it was compiled"):
        refuse_stale(tmp_path)
