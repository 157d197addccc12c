"""The frame loads without a word of complaint, and the lab leaves nothing behind."""

import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sim.lab import Lab, LabError
from sim.lab.slots import Slot
from tests.lab.stub import stub

pytestmark = pytest.mark.asterisk


def test_the_frame_loads_without_a_complaint(lab: Lab) -> None:
    with Lab() as own:
        assert own.complaints() == []
        for name in ("arrive", "queue", "wait", "connect", "deflect", "fallback", "gone"):
            context = f"acd-{name}"
            assert f"[ Context '{context}'" in own.cli(f"dialplan show {context}")
        assert own.sip_port != lab.sip_port, "labs live side by side"
        own.cli("dialplan reload")
        assert own.complaints() == []


def test_every_application_and_function_of_the_frame_is_there(lab: Lab) -> None:
    """Asterisk looks them up at run time only: a module left out would cost calls, not the start."""
    code = [row for row in (lab.folder / "etc/acd.conf").read_text().splitlines() if re.match(r"exten| same", row)]
    applications = {found[1] for row in code if (found := re.search(r"(?:\d|n)(?:\(\w+\))?,([A-Z]\w+)\(", row))}
    functions = {name for row in code for name in re.findall(r"([A-Z_]{3,})\(", row)}
    assert {"Dial", "Queue", "UserEvent", "Playback"} <= applications
    assert {"AMI_CLIENT", "STRFTIME", "LOCK", "CUT"} <= functions
    assert applications <= set(re.findall(r"^ *(\w+):", lab.cli("core show applications"), re.MULTILINE))
    assert functions <= set(re.findall(r"^ *(\w+)  ", lab.cli("core show functions"), re.MULTILINE))


async def test_the_engines_account_can_do_what_it_must_and_no_more(lab: Lab) -> None:
    async with stub(lab) as engine:
        assert (await engine.action(Action="Command", Command="core stop now"))["Response"] == "Error"
        assert (await engine.action(Action="ModuleLoad", LoadType="reload"))["Response"] == "Error"
        assert (await engine.action(Action="GetConfig", Filename="manager.conf"))["Response"] == "Error"
        assert (await engine.action(Action="DBGet", Family="a", Key="b"))["Response"] == "Error"
        assert (await engine.action(Action="QueuePause", Interface="PJSIP/1001", Paused="true"))["Response"] == "Error"
        for name in ("AST_CONFIG(manager.conf,acd,secret)", "ENV(PATH)", "SHELL(id)", "FILE(/etc/passwd)", "DB(a/b)"):
            assert await engine.getvar(name) == "", name
        assert abs(float(await engine.getvar("EPOCH")) - time.time()) < 2
        with pytest.raises(PermissionError, match="Already In Use"):
            async with stub(lab, attempts=1):
                pass


@pytest.mark.parametrize("ending", ["return", "raise", "SIGTERM", "SIGKILL"])
def test_nothing_is_left_behind(ending: str, tmp_path: Path) -> None:
    """Whatever ends the process that started Asterisk."""
    script = (
        "import os, sys, time\nfrom sim.lab import Lab\nwith Lab() as lab:\n"
        "    print(lab.pid, lab.folder, flush=True)\n"
        f"    {'pass' if ending == 'return' else 'raise SystemExit(3)' if ending == 'raise' else 'time.sleep(60)'}\n"
    )
    mounts = Path("/proc/self/mounts").read_text()
    root = Path(__file__).parents[2]
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=root) as process:
        assert process.stdout is not None
        pid, folder = process.stdout.readline().split()
        if ending.startswith("SIG"):
            process.send_signal(signal.Signals[ending])
        process.wait(20)
    for _ in range(50):
        if not Path(f"/proc/{pid}").exists():
            break
        time.sleep(0.1)
    assert not Path(f"/proc/{pid}").exists()
    assert Path("/proc/self/mounts").read_text() == mounts
    if not ending.startswith("SIG"):
        assert not Path(folder).exists()


def test_the_files_of_a_killed_predecessor_are_wiped(lab: Lab) -> None:
    with Lab() as own:
        left = own.folder / "etc/left-behind.conf"
        left.write_text("x")
        own.stop()
        own.start()
        assert not left.exists()


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ports at which no other lab listens."""
    monkeypatch.setattr("sim.lab.slots._FIRST_PORT", 31000)


def test_a_slot_in_which_a_server_still_listens_is_passed_over(tmp_path: Path, elsewhere: None) -> None:
    with socket.create_server(("127.0.0.1", 31000)):
        passed_over = Slot(tmp_path)
    assert passed_over.number == 1
    assert Slot(tmp_path).number == 0


def test_a_slot_that_is_taken_is_not_given_out_twice(tmp_path: Path, elsewhere: None) -> None:
    first, second = Slot(tmp_path), Slot(tmp_path)
    assert (first.number, second.number) == (0, 1)
    first.release()
    assert Slot(tmp_path).number == 0


def test_a_missing_root_folder_is_named_with_its_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACD_CACHE", str(tmp_path))
    with pytest.raises(LabError, match="scripts/install-asterisk"):
        Lab()


def test_a_configuration_that_kills_asterisk_shows_why(tmp_path: Path) -> None:
    with (
        pytest.raises(LabError, match="no-such-module"),
        Lab(files={"modules.conf": "[modules]\nautoload=no\nrequire = no-such-module.so\n"}),
    ):
        pass
