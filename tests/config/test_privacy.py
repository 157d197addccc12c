"""Terms of privacy in queues.yaml: of all lines, of one, and what a reload says of them."""

import json
from typing import Any

import pytest

from acd.config import City, ConfigError
from acd.config.changes import describe_changes
from acd.config.loader import parse
from acd.model.ids import LineId
from acd.model.policy import Terms


def city(all_lines: Any = None, own: Any = None) -> City:
    first = {"names": {"nl": "Gentinfo"}} | ({} if own is None else {"privacy": own})
    defaults = {"hours": {"mon-fri": "09:00-17:00"}} | ({} if all_lines is None else {"privacy": all_lines})
    lines = {"gentinfo": first, "shelter": {"names": {"nl": "Opvang"}}}
    block = {"city": "Gent", "defaults": defaults, "lines": lines, "reasons": {"lunch": {"nl": "Lunch"}}}
    return parse(json.dumps(block, indent=1).encode())


def test_a_line_keeps_as_all_do_where_it_says_nothing() -> None:
    lines = city({"notes": 30}, {"numbers": "14 days"}).policy.lines
    assert lines[LineId("gentinfo")].privacy == Terms(numbers=14, notes=30)
    assert lines[LineId("shelter")].privacy == Terms(notes=30)
    assert city().policy.lines[LineId("gentinfo")].privacy == Terms()


@pytest.mark.parametrize("days", [0, -1, "for ever", 3651])
def test_a_term_that_is_none_is_a_fault(days: Any) -> None:
    with pytest.raises(ConfigError) as found:
        city(own={"numbers": days})
    assert [fault.path for fault in found.value.faults] == ["lines.gentinfo.privacy.numbers"]


def test_a_reload_says_what_changes() -> None:
    [said] = describe_changes(city(own={"numbers": 14}), city(own={"numbers": 30}))
    assert said == "line gentinfo: privacy.numbers 14 -> 30"
