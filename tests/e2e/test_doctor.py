"""``acd doctor`` on the real Asterisk: in order it finds nothing, and each fault that is made it finds by its name."""

import asyncio
import json
import shutil
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner

from acd.bootstrap.settings import Settings
from acd.bootstrap.tools import asterisk_files, build_dialplan
from acd.cli import app
from acd.config import load
from acd.ivr import load_catalogue
from acd.records import upgrade
from sim.lab import Lab
from sim.lab.postgres import Cluster
from sim.lab.service import LabService
from tests.e2e.conftest import HERE, PROMPTS, QUEUES
from tests.records.conftest import cluster

__all__ = ["cluster"]

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(180)]


class Ward:
    """A lab whose Asterisk has loaded just what ``acd dialplan build`` writes, and a service's settings for it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.state = folder, folder / "state"
        self.state.mkdir(mode=0o750)
        self.queues, self.flows = folder / "queues.yaml", folder / "flows"
        shutil.copy(QUEUES, self.queues)
        self.queues.chmod(0o640)
        shutil.copytree(HERE / "flows", self.flows)
        shutil.copytree(PROMPTS, self.flows / "prompts")
        self.lab = Lab(load(QUEUES).policy)
        with (self.state / "site.yaml").open("w") as file:
            YAML(typ="safe", pure=True).dump(msgspec.to_builtins(self.lab.site), file)
        (self.state / "site.yaml").chmod(0o600)
        self.settings = Settings(
            queues=self.queues,
            flows=self.flows,
            state=self.state,
            ami_port=self.lab.ami_port,
            ami_secret_file=self.state / "ami.secret",
            web_port=self.lab.slot.next_port(),
        )
        build_dialplan(self.settings, folder / "built")
        self.lab._files |= asterisk_files(self.settings, self.state / "site.yaml")
        self.etc, self.sounds = self.lab.folder / "etc", folder / "sounds"
        for language, texts in load_catalogue(self.flows / "prompts").texts.items():
            (self.sounds / language / "acd").mkdir(parents=True)
            for id in texts:
                (self.sounds / language / "acd" / f"{id}.alaw").touch()

    def faults(self, **environment: str) -> dict[str, str]:
        """What it finds: name -> what; without what cannot be seen and what is a warning."""
        names = {
            **{
                name: str(getattr(self.settings, name)) for name in ("queues", "flows", "state", "ami_port", "web_port")
            },
            "ami_secret_file": str(self.settings.ami_secret_file),
        }
        variables = {f"ACD_{name.upper()}": value for name, value in (names | environment).items()}
        words = ["doctor", "--json", "--asterisk", str(self.etc), "--sounds", str(self.sounds)]
        result = CliRunner().invoke(app, words, env=variables)
        found = [json.loads(line) for line in result.stdout.splitlines()]
        assert {"settings", "disk", "AMI"} <= {one["name"] for one in found}, result.output
        faults = {one["name"]: one["what"] for one in found if one["state"] == "fault"}
        assert result.exit_code == (1 if faults else 0), result.output
        assert all(one["mend"] for one in found if one["state"] == "fault")
        return faults


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ward]:
    ward = Ward(tmp_path_factory.mktemp("ward"))
    with ward.lab:
        yield ward


def test_in_order_it_finds_nothing(ward: Ward) -> None:
    assert ward.faults() == {}


async def test_a_running_service_is_asked_for_what_only_it_may_ask(ward: Ward) -> None:
    async with LabService(ward.lab, ward.queues, ward.state, {"ACD_FLOWS": str(ward.flows)}):
        assert await asyncio.to_thread(ward.faults) == {}


def test_wrong_password_and_wrong_port(ward: Ward, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("something-else")
    (tmp_path / "secret").chmod(0o600)
    assert "is refused" in ward.faults(ami_secret_file=str(tmp_path / "secret"))["AMI"]
    assert "no connection" in ward.faults(ami_port=str(ward.lab.slot.next_port()))["AMI"]


def test_files_of_asterisk_that_are_other_or_open_to_all(ward: Ward) -> None:
    file = ward.etc / "acd-queues.conf"
    right = file.read_text()
    file.write_text(right + "; by hand\n")
    assert "acd-queues.conf" in ward.faults()["dialplan files"]
    file.write_text(right)
    assert ward.faults() == {}


def test_a_prompt_without_a_sound(ward: Ward) -> None:
    sound = ward.sounds / "fr/acd/closed.alaw"
    sound.unlink()
    assert ward.faults() == {"sounds": f"1 of {_prompts(ward)} prompts have no sound in fr: closed"}
    sound.touch()


def _prompts(ward: Ward) -> int:
    return len(load_catalogue(ward.flows / "prompts").texts["fr"])


def test_settings_that_asterisk_has_not_loaded(ward: Ward) -> None:
    right = ward.queues.read_text()
    ward.queues.write_text(right.replace("device: 1001,", "device: 1099,"))
    faults = ward.faults()
    assert {"dialplan", "dialplan files", "phones"} <= faults.keys()
    assert "1099" in faults["phones"]
    ward.queues.write_text(right)


def test_a_module_that_is_not_loaded(ward: Ward) -> None:
    ward.lab.cli("module unload func_rand.so")
    assert ward.faults() == {"modules": "not loaded: func_rand.so"}
    ward.lab.cli("module load func_rand.so")


def test_a_module_that_must_not_be_there(ward: Ward) -> None:
    """One that runs whatever application a value names."""
    ward.lab.cli("module load app_exec.so")
    assert "app_exec.so" in ward.faults()["modules barred"]
    ward.lab.cli("module unload app_exec.so")
    assert ward.faults() == {}


def test_an_account_that_may_do_too_much(ward: Ward) -> None:
    file = ward.etc / "acd-manager.conf"
    right = file.read_text()
    file.write_text(right.replace("write=call,originate", "write=call,originate,system,command"))
    ward.lab.cli("manager reload")
    faults = ward.faults()
    assert "Command" in faults["AMI rights"]
    file.write_text(right)
    ward.lab.cli("manager reload")
    assert ward.faults() == {}


def test_the_database(ward: Ward) -> None:
    file = ward.state / "acd.db"
    asyncio.run(upgrade(f"sqlite:///{file}"))
    file.chmod(0o600)
    assert ward.faults() == {}
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert ward.faults() == {"database": "the database is locked"}
    assert "away" in ward.faults(database="postgresql://acd@127.0.0.1:1/acd")["database"]
    assert "not supported" in ward.faults(database="mysql://acd@127.0.0.1/acd")["database"]


@pytest.mark.postgresql
async def test_two_engines(ward: Ward, cluster: Cluster, tmp_path: Path) -> None:
    shared = {"ACD_DATABASE": cluster.new_database(), "ACD_FLOWS": str(ward.flows)}
    for name in "ab":
        (tmp_path / name).mkdir(mode=0o750)
        shutil.copy2(ward.state / "site.yaml", tmp_path / name)
    a = LabService(ward.lab, ward.queues, tmp_path / "a", {**shared, "ACD_ENGINE": "a"})
    b = LabService(ward.lab, ward.queues, tmp_path / "b", {**shared, "ACD_ENGINE": "b"})
    try:
        await a.start()
        await b.stand_by()
        for engine in (a, b):
            faults = await asyncio.to_thread(ward.faults, state=str(engine.state), database=shared["ACD_DATABASE"])
            assert faults == {}
        file = ward.etc / "acd-manager.conf"
        right = file.read_text()
        file.write_text(right.replace("_standby]", "_other]"))
        ward.lab.cli("manager reload")
        faults = await asyncio.to_thread(ward.faults, state=str(a.state), database=shared["ACD_DATABASE"])
        assert "cannot log in" in faults["AMI standby"]
        file.write_text(right)
        ward.lab.cli("manager reload")
    finally:
        a.end()
        b.end()


def test_secrets_that_anybody_can_read(ward: Ward) -> None:
    ward.queues.chmod(0o644)
    above = [folder for folder in ward.queues.parents if not folder.stat().st_mode & 0o001]
    before = [folder.stat().st_mode for folder in above]
    for folder in above:
        folder.chmod(0o755)
    assert "queues.yaml" in ward.faults()["modes"]
    for folder, mode in zip(above, before, strict=True):
        folder.chmod(mode & 0o7777)
    ward.queues.chmod(0o640)


def test_a_web_port_that_is_taken(ward: Ward) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert ward.faults(web_port=str(port)) == {"service": f"its web port {port} is taken: Address already in use"}
