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
cp "$4" $1/root/root/sandbox.py
cd $1/root
# Not chroot: within one nobody may make a namespace of users, as the unit's sandbox does.
pivot_root . mnt
umount -l /mnt
exec sh -e /root/inside
"""
IN_ITS_SANDBOX = """
dpkg -i /root/acd.deb
groupadd -f acd-recordings
usermod -aG acd-recordings acd
install -d -m 2770 -g acd-recordings /var/spool/asterisk/acd
install -m 640 -g acd-recordings /dev/null /var/spool/asterisk/acd/17.1-1.wav
touch -d '2 days ago' /var/spool/asterisk/acd/17.1-1.wav
printf secret >/var/lib/acd/ami.secret
chown acd:acd /var/lib/acd/ami.secret
chmod 600 /var/lib/acd/ami.secret
printf 'ACD_RECORDINGS=/var/spool/asterisk/acd\nACD_WEB_PORT=0\nACD_AMI_PORT=1\n' >>/etc/acd/acd.env
echo seen >/tmp/of-others
within() { /usr/bin/python3 -I /root/sandbox.py /lib/systemd/system/acd.service "$@"; }

/usr/bin/python3 -I /root/sandbox.py /lib/systemd/system/acd.service 2>/root/log &
service=$!
trap 'kill $service; cat /root/log' EXIT
until page=$(sed -n 's/^wallboard at //p' /root/log) && [ -n "$page" ]; do kill -0 $service; sleep 0.1; done
/usr/bin/python3 -I -c "
import json, urllib.error, urllib.request
print('livez', urllib.request.urlopen('$page/livez').status)
try: urllib.request.urlopen('$page/readyz')
except urllib.error.HTTPError as answer: health = json.load(answer)
for check in health['checks']: print('check', check['name'], check['state'])
"
n=0; while [ -e /var/spool/asterisk/acd/17.1-1.wav ] && [ $n -lt 300 ]; do sleep 0.1; n=$((n + 1)); done
ls /var/spool/asterisk/acd/17.1-1.wav || echo deleted
within /usr/bin/acd backup /var/lib/acd/now.backup
stat -c '%n %U:%G %a' /var/lib/acd/now.backup
within /usr/bin/python3 -I -c "
import mmap, os, socket
for place in ('/', '/etc/acd', '/usr/lib/acd', '/var/lib', '/var/log', '/var/spool/asterisk', '/home', '/dev', '/proc'):
    try: open(place + '/mine', 'w'); print(place, 'can be written')
    except OSError: pass
print('of others' if os.path.exists('/tmp/of-others') else 'private /tmp')
for name, do in {
    'executable memory': lambda: mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC),
    'netlink': lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW),
    'chroot': lambda: os.chroot('/'),
    'priority': lambda: os.nice(-1),
    'processors': lambda: os.sched_setaffinity(0, {0}),
}.items():
    try: do(); print('within', name)
    except OSError as refused: print('refused', name)
"
within /usr/bin/python3 -I -c "
import asyncio, sys
sys.path.insert(0, '/usr/lib/acd')
from acd.bootstrap import background
least = 'import os; from acd.bootstrap.background import give_way; give_way(19); print(os.nice(0))'
print('beside', asyncio.run(background.run('-c', least)).decode())
"
trap 'cat /root/log' EXIT
kill $service
wait $service
echo ended in order
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
as acd records export call /var/lib/acd/none.parquet 2027-01-01 2027-12-31 || true
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


@pytest.fixture(scope="module")
def deb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("deb")
    run("packaging/build-deb", str(folder), environment={"ACD_PYTHON": sys.executable})
    [package] = folder.glob("acd_*.deb")
    return package


def on_a_clean_machine(deb: Path, script: str, folder: Path) -> list[str]:
    """What the script says there."""
    outside, inside, place = folder / "outside", folder / "inside", folder / "machine"
    outside.write_text(ON_A_CLEAN_MACHINE)
    inside.write_text(script)
    place.mkdir()
    sandbox = Path(__file__).with_name("sandbox.py")
    return run("unshare", "--mount", "sh", *map(str, (outside, place, deb, inside, sandbox))).splitlines()


def test_the_service_does_its_work_in_the_sandbox_of_its_unit_and_can_do_nothing_else(
    deb: Path, tmp_path: Path
) -> None:
    said = on_a_clean_machine(deb, IN_ITS_SANDBOX, tmp_path)
    text = "\n".join(said)
    assert "livez 200" in said and "check database ok" in said and "check recordings ok" in said, text
    assert "deleted" in said, text
    assert "/var/lib/acd/now.backup acd:acd 600" in said, text
    assert not [line for line in said if line.endswith("can be written") or line.startswith("within")], text
    assert "private /tmp" in said
    assert {line for line in said if line.startswith("refused ")} == {
        "refused executable memory",
        "refused netlink",
        "refused chroot",
        "refused priority",
        "refused processors",
    }, text
    assert "beside 19" in said, "a process that gives way finds the program, and may do so"
    assert "ended in order" in said, text


def test_the_debian_package_installs_upgrades_and_goes_and_leaves_the_records(deb: Path, tmp_path: Path) -> None:
    said = on_a_clean_machine(deb, INSIDE, tmp_path)
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
