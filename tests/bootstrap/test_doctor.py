"""What a look at Asterisk means, fault by fault."""

from datetime import datetime
from typing import Any

import pytest

from acd.asterisk.look import Seen
from acd.bootstrap.doctor import State, judged
from acd.config import ZONE

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
