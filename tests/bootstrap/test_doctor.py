"""What a look at Asterisk means, fault by fault."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from acd.asterisk.look import Seen
from acd.bootstrap import doctor
from acd.bootstrap.doctor import Finding, Places, State, examine, judged
from acd.bootstrap.settings import Settings
from acd.config import ZONE
from acd.records import upgrade
from tests.records.places import Place

HERE = f"{datetime.now(ZONE):%z}"


def seen(**other: Any) -> Seen:
    phones = (("acd-trunk", "alaw,ulaw"), ("1001", "g722"))
    return Seen(
        **{
            "version": "22.10.1",
            "build": "abc",
            "timezone": HERE,
            "offset": 0.0,
            "missing_modules": (),
            "missing_queues": (),
            "phones": phones,
            "allowed": (),
            **other,
        }
    )


def test_in_order_there_is_no_fault() -> None:
    assert {finding.state for finding in judged(seen(), "abc")} == {State.OK}


@pytest.mark.parametrize(
    ("wrong", "name", "said"),
    [
        ({"version": "22.9.0"}, "version", "known holes"),
        ({"version": "Asterisk 20.15.0~dfsg"}, "version", "20.15.0"),
        ({"build": "xyz"}, "dialplan", "another dialplan"),
        ({"build": ""}, "dialplan", "not loaded"),
        ({"offset": 61.0}, "clock", "61.0 s behind"),
        ({"offset": -61.0}, "clock", "61.0 s ahead"),
        ({"timezone": "+0500"}, "timezone", "UTC+0500"),
        ({"missing_modules": ("app_queue.so",)}, "modules", "app_queue.so"),
        ({"dangerous_modules": ("app_exec.so",)}, "modules barred", "app_exec.so"),
        ({"missing_queues": ("acd-lez",)}, "queues", "acd-lez"),
        ({"phones": (("1001", ""),)}, "phones", "1001"),
        ({"phones": (("1001", "gsm"),)}, "codecs", "1001"),
        ({"allowed": ("Command",)}, "AMI rights", "Command"),
    ],
)
def test_each_fault_has_its_name_and_its_mend(wrong: dict[str, Any], name: str, said: str) -> None:
    faults = [finding for finding in judged(seen(**wrong), "abc") if finding.state is State.FAULT]
    assert [finding.name for finding in faults] == [name]
    assert said in faults[0].what
    assert faults[0].mend


def test_what_cannot_be_seen_is_no_fault_and_not_called_in_order() -> None:
    unseen = {finding.name for finding in judged(seen(version=""), "") if finding.state is State.UNSEEN}
    assert unseen == {"version", "dialplan"}


async def found(state: Path, url: str = "", **more: Any) -> dict[str, Finding]:
    settings = Settings(
        state=state, ami_secret=SecretStr("secret"), database=url or f"sqlite:///{state}/acd.db", ami_port=1, **more
    )
    return {finding.name: finding for finding in await examine(settings, Places(state, state))}


async def test_a_schema_of_another_version_is_told_with_its_mend(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/acd.db"
    await upgrade(url)
    assert (await found(tmp_path, url))["schema"].state is State.OK
    place = Place(url, tmp_path / "spill")
    await place.execute("UPDATE alembic_version SET version_num = '9999'")
    newer = (await found(tmp_path, url))["schema"]
    assert newer.state is State.FAULT and "newer version" in newer.what and "acd downgrade" in newer.mend
    await place.execute("UPDATE alembic_version SET version_num = '0001'")
    assert (await found(tmp_path, url))["schema"].state is State.WARNING


async def test_a_database_to_which_others_can_listen_is_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path}/acd.db"
    await upgrade(url)
    assert "database link" not in await found(tmp_path, url)
    monkeypatch.setattr(doctor, "open_to_listeners", lambda _: "db.stad.example")
    told = (await found(tmp_path, url))["database link"]
    assert told.state is State.FAULT and "db.stad.example" in told.what and "verify-full" in told.mend


async def test_events_that_are_not_in_the_database_yet_are_told(tmp_path: Path) -> None:
    assert "late events" not in await found(tmp_path)
    (tmp_path / "events.spill.7").touch()
    told = (await found(tmp_path))["late events"]
    assert told.state is State.WARNING and "events.spill.7" in told.what


async def test_a_state_folder_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    assert (await found(tmp_path))["disk"].state is State.OK
    assert (await found(tmp_path / "gone", f"sqlite:///{tmp_path}/acd.db"))["disk"].state is State.FAULT


async def test_a_host_whose_own_name_nobody_knows_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "nowhere.invalid")

    def unknown(*_: Any, **__: Any) -> None:
        raise OSError("unknown")

    monkeypatch.setattr("socket.getaddrinfo", unknown)
    told = (await found(tmp_path))["host name"]
    assert told.state is State.FAULT and "/etc/hosts" in told.mend


async def test_gaps_need_asterisks_own_record(tmp_path: Path) -> None:
    file = tmp_path / "acd.csv"

    async def told(*cel: Path) -> State:
        record = (await found(tmp_path, cel=cel))["call record"]
        assert bool(record.mend) is (record.state is not State.OK)
        return record.state

    assert await told() is State.WARNING
    assert await told(file) is State.WARNING
    file.write_text("")
    assert await told(file) is State.OK
    assert await told(file / "beyond") is State.FAULT


async def test_a_recording_that_anybody_can_hear_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_reachable", lambda _: True)
    tape = tmp_path / "tapes/17.1-17.2.wav"
    tape.parent.mkdir()
    tape.touch(0o644)

    async def modes() -> Finding:
        return (await found(tmp_path, queues=tmp_path / "none.yaml", recordings=tape.parent))["modes"]

    told = await modes()
    assert told.state is State.FAULT and str(tape) in told.what
    tape.chmod(0o640)
    assert (await modes()).state is State.OK
