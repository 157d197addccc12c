"""The committed scripts and styles are what the sources make: a machine without Node runs what was reviewed."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from acd.web.pages import STATIC

FRONTEND = STATIC.parent / "frontend"


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.browser
def test_building_again_gives_the_committed_files_byte_for_byte(tmp_path: Path) -> None:
    npm = shutil.which("npm")
    assert npm, "Node and npm are needed to check the built files: apt-get install nodejs npm"
    shutil.copytree(FRONTEND, tmp_path / "frontend", ignore=shutil.ignore_patterns("node_modules"))
    (tmp_path / "static").mkdir()
    for command in (["ci"], ["run", "build"]):
        subprocess.run([npm, *command], cwd=tmp_path / "frontend", check=True, capture_output=True, timeout=110)
    assert files(tmp_path / "static") == files(STATIC)


def test_versions_are_exact_and_the_lock_names_no_host() -> None:
    package = json.loads((FRONTEND / "package.json").read_text())
    assert all(version[0].isdigit() for version in package["devDependencies"].values())
    lock = (FRONTEND / "package-lock.json").read_text()
    assert "resolved" not in lock
    assert "registry" not in lock


def test_what_the_wallboard_loads_stays_small() -> None:
    """With the chart in it."""
    loaded = ("wallboard.js", "wallboard.css", "htmx.js", "icon.svg", "inter-latin-wght-normal.woff2")
    assert sum(len(files(STATIC)[name]) for name in loaded) < 175_000


def test_a_phone_in_the_browser_stays_small() -> None:
    """A whole SIP phone; only the pages of operators load it."""
    assert len(files(STATIC)["phone.js"]) < 300_000
