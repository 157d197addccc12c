"""Phones in browsers in Asterisk's configuration, and the numbers outside that operators may dial."""

import re

import msgspec
import pytest

from acd.ivr.switch import BadSetting
from acd.model.ids import OperatorId
from acd.model.policy import PhoneKind, Policy
from tests.ivr.test_outbound import outside
from tests.lab.test_switch_config import policy, site, written

CARRIER = "sip:carrier.example:5060"


def one_in_browser() -> Policy:
    plain = policy()
    an = msgspec.structs.replace(plain.operators[OperatorId("an")], phone=PhoneKind.BROWSER)
    return msgspec.structs.replace(plain, operators={**plain.operators, OperatorId("an"): an})


def test_only_who_telephones_with_his_browser_gets_such_an_endpoint() -> None:
    files = written(one_in_browser(), site(http_port=8099))
    assert "[1001](acd-browser)" in files["acd-pjsip.conf"]
    assert "[1002](acd-phone)" in files["acd-pjsip.conf"]
    assert {"enabled=yes", "bindaddr=127.0.0.1", "bindport=8099"} <= set(files["acd-http.conf"].splitlines())


def test_without_any_the_web_server_of_asterisk_stays_off() -> None:
    files = written(policy(), site())
    assert "webrtc" not in files["acd-pjsip.conf"]
    assert "enabled=no" in files["acd-http.conf"].splitlines()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.0/8"])
def test_the_trunk_may_not_come_from_where_browsers_come_from(host: str) -> None:
    with pytest.raises(BadSetting, match="trunk_hosts"):
        written(one_in_browser(), site(trunk_hosts=(host,)))
    written(policy(), site(trunk_hosts=(host,)))


def leads_to(text: str, context: str, number: str) -> str:
    """What a number that an operator dials leads to in this context; empty = refused before anybody has moved."""
    part = text.partition(f"[{context}]\n")[2].partition("\n[")[0]
    for pattern, where in re.findall(r"exten => _(\S+),1\(start\),Goto\((\S+),1\)", part):
        if re.fullmatch(re.escape(pattern).replace("X", "[0-9]").replace("Z", "[1-9]"), number):
            skipped = re.search(r"\$\{EXTEN(?::(\d+))?\}", where)
            assert skipped
            return str(where.replace(skipped[0], number[int(skipped[1] or 0) :]))
    return ""


@pytest.mark.parametrize("written_as", ["+3292101010", "003292101010", "092101010"])
def test_an_allowed_number_outside_is_one_number_however_it_is_written(written_as: str) -> None:
    text = written(outside(transfers=("+32",)), site(trunk_contact=CARRIER))["acd-outbound.conf"]
    number = "+3292101010"
    assert leads_to(text, "acd-second-line-outside", written_as) == f"acd-second-line,outside*{number}"
    assert leads_to(text, "acd-phones-outside", written_as) == f"acd-phones-dial,outside*{number}"


@pytest.mark.parametrize(
    "number", ["+19005550100", "0019005550100", "+31201234567", "112", "+32", "+32x", "outside*+1"]
)
def test_any_other_leads_nowhere(number: str) -> None:
    text = written(outside(transfers=("+32",)), site(trunk_contact=CARRIER))["acd-outbound.conf"]
    assert leads_to(text, "acd-second-line-outside", number) == ""


def test_what_is_refused_is_refused_at_the_second_look() -> None:
    text = written(outside(transfers=("+32",)), site(trunk_contact=CARRIER))["acd-outbound.conf"]
    check = text.partition("[acd-transfer-out]\n")[2].partition("\n[")[0]
    assert "exten => _+32XXXXXX,1,Return(PJSIP/${EXTEN}@acd-trunk)" in check
    assert "exten => _+3290XXXX,1,Return()" in check


def test_by_default_nobody_outside_can_be_dialled() -> None:
    text = written(policy(), site(trunk_contact=CARRIER))["acd-outbound.conf"]
    assert leads_to(text, "acd-second-line-outside", "+3292101010") == ""
