"""What is delivered works where nothing else of ours is: the wheel in a clean environment, the Debian package on a
clean machine (this one's files under an overlay, so that nothing of it stays)."""

import os
import site
import subprocess
import sys
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.timeout(900)

ON_A_CLEAN_MACHINE = """
set -e
mount -t tmpfs tmpfs $1
mkdir $1/up $1/work $1/root
mount -t overlay overlay -o lowerdir=/,upperdir=$1/up,workdir=$1/work $1/root
mount --rbind /proc $1/root/proc
mount --rbind /dev $1/root/dev
cp "$2" $1/root/root/acd.deb
cp "$3" $1/root/root/inside
exec chroot $1/root sh -e /root/inside
"""
INSIDE = """
dpkg -i /root/acd.deb
dpkg -V acd
stat -c '%n %U:%G %a' /etc/acd /etc/acd/acd.env /etc/acd/queues.yaml /etc/acd/ivr_flows /var/lib/acd \
    /lib/systemd/system/acd.service
cd /
set -a; . /etc/acd/acd.env; set +a
as() { setpriv --reuid acd --regid acd --init-groups "$@"; }
as acd check
as acd backup /var/lib/acd/none.backup || true
echo '# mine' >>/etc/acd/acd.env
dpkg -i /root/acd.deb
tail -1 /etc/acd/acd.env
touch /var/lib/acd/acd.db
dpkg -r acd
ls -d /usr/lib/acd /usr/bin/acd || true
dpkg -P acd
ls -d /etc/acd /var/lib/acd/acd.db || true
"""


def run(*command: str, environment: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "LC_ALL": "C.UTF-8"} | dict(environment or {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    return done.stdout


def test_the_wheel_has_all_it_needs_and_starts_in_a_clean_environment(tmp_path: Path) -> None:
    run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(tmp_path), ".")
    [wheel] = tmp_path.glob("acd-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    for needed in (
        "dialplan/acd.conf",
        "records/migrations/env.py",
        "config/queues.schema.json",
        "web/static/wallboard.js",
    ):
        assert f"acd/{needed}" in names
    assert not [name for name in names if "frontend" in name or name.endswith(".so")]

    clean = tmp_path / "clean"
    run(sys.executable, "-m", "venv", "--without-pip", str(clean))
    [packages] = (clean / "lib").glob("python*/site-packages")
    zipfile.ZipFile(wheel).extractall(packages)
    # The libraries alone: the links to this folder that are among them are not followed.
    (packages / "libraries.pth").write_text("\n".join(site.getsitepackages()))
    python = str(clean / "bin/python")
    where = run(python, "-I", "-c", "import acd; print(acd.__file__)")
    assert where.strip() == str(packages / "acd/__init__.py")
    settings = {
        "ACD_QUEUES": str(ROOT / "queues.yaml"),
        "ACD_FLOWS": str(ROOT / "ivr_flows"),
        "ACD_STATE": str(tmp_path / "state"),
        "ACD_AMI_PORT": "1",
        "ACD_AMI_SECRET": "not-a-real-one",
        "ACD_WEB_PORT": "0",
    }
    run(python, "-I", "-m", "acd", "dialplan", "build", "--to", str(tmp_path / "etc"), environment=settings)
    assert (tmp_path / "etc/acd.conf").exists()
    with (tmp_path / "log").open("wb") as log:
        service = subprocess.Popen(
            [python, "-I", "-m", "acd", "run"], cwd=tmp_path, env=os.environ | settings, stdout=log, stderr=log
        )
    try:
        url = _address(tmp_path / "log", service)
        for page in ("/livez", "/login", "/static/wallboard.js", "/openapi.json"):
            assert urlopen(url + page).status == 200
        with pytest.raises(HTTPError, match="503"):
            urlopen(url + "/readyz")
    finally:
        service.terminate()
        assert service.wait(30) == 0


def _address(log: Path, service: subprocess.Popen[bytes]) -> str:
    until = time.monotonic() + 120
    while time.monotonic() < until and service.poll() is None:
        for line in log.read_text().splitlines():
            if line.startswith("wallboard at "):
                return line.removeprefix("wallboard at ")
        time.sleep(0.1)
    pytest.fail(f"it did not start: {log.read_text()[-2000:]}")


def test_the_debian_package_installs_upgrades_and_goes_and_leaves_the_records(tmp_path: Path) -> None:
    run("packaging/build-deb", str(tmp_path), environment={"ACD_PYTHON": sys.executable})
    [deb] = tmp_path.glob("acd_*.deb")
    outside, inside, place = tmp_path / "outside", tmp_path / "inside", tmp_path / "machine"
    outside.write_text(ON_A_CLEAN_MACHINE)
    inside.write_text(INSIDE)
    place.mkdir()
    said = run("unshare", "--mount", "sh", str(outside), str(place), str(deb), str(inside)).splitlines()
    assert [line for line in said if line.startswith(("/etc/acd ", "/etc/acd/", "/var/lib/acd ", "/lib/systemd"))] == [
        "/etc/acd root:acd 750",
        "/etc/acd/acd.env root:acd 640",
        "/etc/acd/queues.yaml root:acd 640",
        "/etc/acd/ivr_flows root:acd 750",
        "/var/lib/acd acd:acd 750",
        "/lib/systemd/system/acd.service root:root 644",
    ]
    assert any("8 lines, 20 operators, 8 menus" in line for line in said)
    assert "# mine" in said, "what was changed in the settings outlives an upgrade"
    left = [line for line in said if "No such file" not in line]
    assert "/usr/lib/acd" not in left and "/usr/bin/acd" not in left and "/etc/acd" not in left
    assert left[-1] == "/var/lib/acd/acd.db"
