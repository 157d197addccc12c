"""Where a call back may go."""

import re
from typing import Any

import msgspec
import pytest

from acd.ivr.outbound import DialFormat, outbound_dialplan
from acd.ivr.switch import BadSetting
from acd.model.outside import Outside
from acd.model.policy import Policy
from tests.lab.test_switch_config import policy, site, written


def outside(**settings: Any) -> Policy:
    return msgspec.structs.replace(policy(), outside=Outside(**settings))


def returned(number: str, dial_format: DialFormat = DialFormat.E164) -> str:
    """What Asterisk would return: of the patterns that match, the most precise."""
    rows = outbound_dialplan("acd-outbound", ["+32", "+31"], ["+3290"], "32", dial_format)
    found = (re.fullmatch(r"exten => (\S+),1,Return\((.*)\)", row) for row in rows)
    matching = [(parts[1], parts[2]) for parts in found if parts and _matches(parts[1], number)]
    pattern, target = min(matching, key=lambda match: match[0].count("X") + 50 * match[0].endswith("."))
    assert pattern
    skipped = re.search(r"\$\{EXTEN(?::(\d+))?\}", target)
    return target if skipped is None else target.replace(skipped[0], number[int(skipped[1] or 0) :])


def _matches(pattern: str, number: str) -> bool:
    text = re.escape(pattern[1:]).replace("X", "[0-9]").replace(r"\[\+0\-9\]\.", "[+0-9].+")
    return re.fullmatch(text, number) is not None


@pytest.mark.parametrize(
    ("dial_format", "own", "abroad"),
    [
        (DialFormat.E164, "+32470123456", "+31201234567"),
        (DialFormat.INTERNATIONAL, "0032470123456", "0031201234567"),
        (DialFormat.NATIONAL, "0470123456", "0031201234567"),
    ],
)
def test_the_carrier_is_told_a_number_as_it_wants_it(dial_format: DialFormat, own: str, abroad: str) -> None:
    assert returned("+32470123456", dial_format) == f"PJSIP/{own}@acd-trunk"
    assert returned("+31201234567", dial_format) == f"PJSIP/{abroad}@acd-trunk"


@pytest.mark.parametrize(
    "number", ["+4912345678", "+3290012345", "+32900123456", "+32470", "0470123456", "++32470123456"]
)
def test_whatever_is_not_allowed_leads_nowhere(number: str) -> None:
    assert returned(number) == ""


def test_a_site_without_a_trunk_calls_nobody() -> None:
    assert "PJSIP" not in written(policy(), site())["acd-outbound.conf"]


@pytest.mark.parametrize("prefix", ["32", "+", "+32X", "+32,1,System(x)", "+32\nexten => _X.,1,Dial(x)", "_X."])
def test_a_prefix_that_is_none_is_refused(prefix: str) -> None:
    with pytest.raises(BadSetting):
        written(outside(callbacks=(prefix,)), site(trunk_contact="sip:carrier.example"))
